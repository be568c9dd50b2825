"""``unisono thing import``: many things from a table, in pieces, with what became of each line."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, private_file, progress
from unisono.errors import CallerError

__all__ = ["register"]

# lines in one request: a second or so, so that progress is seen; with secrets that somebody chose (25 ms each) fewer
LINES = 2_000
LINES_WITH_SECRETS = 200
MOST_LINES = 10_000

# a table of a million lines; larger ones are for the API
MAX_BYTES = 256 * 1024 * 1024

# lines in error that are shown; --json shows all
SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the command to ``unisono thing``."""
    hub_command(app, "import")(import_things)


def import_things(
    hub: Hub,
    screen: Screen,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns: id, name, model, place, parent, secret...")
    ],
    place: Annotated[str | None, typer.Option(help="The place of lines that name none.")] = None,
    model: Annotated[str | None, typer.Option(help="The model of lines that name none.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each line.")] = False,
    secrets: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Where the new secrets go (mode 0600).")
    ] = None,
) -> None:
    """Add things from a table. Each line is taken whole or not at all; running it again adds only what is missing."""
    head, lines = _read(file)
    if not any(text.strip() for _number, text in lines):
        raise CallerError(
            f"{file} has no things",
            code="bad_usage",
            field="FILE",
            expected="a first line with the names of the columns, and a line for each thing",
        )
    if secrets is None and not dry_run and not screen.as_json:
        raise CallerError(
            "The new secrets are shown only once",
            code="bad_usage",
            field="--secrets",
            expected="a file for them: --secrets OUT.csv (or --json, or --dry-run)",
        )
    found: dict[int, dict[str, Any]] = {}
    size = MOST_LINES if dry_run else LINES_WITH_SECRETS if _has_secrets(head) else LINES
    query = {"dry_run": str(dry_run).lower(), "place": place, "model": model}
    with _Secrets(None if dry_run else secrets) as kept, progress("things", len(lines), unit="things") as advance:
        waiting = lines
        while waiting:
            for part in _pieces(waiting, size):
                # the lines before it stay empty, so that the hub counts as the file does
                body = head + b"\n" * (part[0][0] - 1 - head.count(b"\n")) + b"".join(text for _number, text in part)
                with hub.open("POST", "/api/v1/things/bulk", data=body, query=query, kind="text/csv") as answer:
                    rows = msgspec.json.decode(answer.read())["rows"]
                kept.write(rows)
                found.update((row["row"], row) for row in rows)
                advance(len(part))
            waiting = _orphans(waiting, found) if not dry_run else []
    rows = [found[number] for number in sorted(found)]
    _show(screen, rows, dry_run, secrets)
    if any(row["result"] == "error" for row in rows):
        raise typer.Exit(1)


def _orphans(sent: list[tuple[int, bytes]], found: dict[int, dict[str, Any]]) -> list[tuple[int, bytes]]:
    """Lines whose parent was not there yet, when it may be now: it stood in a later piece."""
    orphans = [line for line in sent if found.get(line[0], {}).get("error", {}).get("field") == "parent"]
    return orphans if len(orphans) < len(sent) and len(sent) > LINES_WITH_SECRETS else []


class _Secrets:
    """The file for secrets: opened before anything is added, written piece by piece."""

    def __init__(self, path: Path | None) -> None:
        self._file: Any = None
        if path is not None:
            self._file = private_file(path, "--secrets")
            # csv's own \r\n would end up in passwords that a shell cuts out of the file
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(["id", "secret"])

    def __enter__(self) -> _Secrets:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Keep the secrets of what was created, on disk before the next piece is sent."""
        if self._file is not None:
            self._writer.writerows([row["id"], row["secret"]] for row in rows if "secret" in row)
            self._file.flush()
            os.fsync(self._file.fileno())


def _read(path: Path) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The line with the columns, and each other line (from a quote to its end, maybe several) with its number."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CallerError(f"{path} has more than {MAX_BYTES >> 20} MB", code="bad_usage", field="FILE")
        data = path.read_bytes()
    except OSError as error:
        raise CallerError(f"{path} cannot be read: {error.strerror}", code="bad_usage", field="FILE") from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    whole = _records(data.removesuffix(b"\n").split(b"\n"))
    _number, head = next(whole, (1, b""))
    if head.lstrip(b"\xef\xbb\xbf").lower().startswith(b"sep="):
        _number, columns = next(whole, (2, b""))
        head += columns
    return head, list(whole)


def _records(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(lines):
        end = start + 1
        quotes = lines[start].count(b'"')
        while quotes % 2 and end < len(lines):
            quotes += lines[end].count(b'"')
            end += 1
        yield start + 1, b"\n".join(lines[start:end]) + b"\n"
        start = end


def _has_secrets(head: bytes) -> bool:
    return b"secret" in head.lower()


def _pieces(lines: list[tuple[int, bytes]], size: int) -> Iterator[list[tuple[int, bytes]]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


def _show(screen: Screen, rows: list[dict[str, Any]], dry_run: bool, secrets: Path | None) -> None:
    if screen.as_json:
        screen.json(rows)
        return
    wrong = [row for row in rows if row["result"] == "error"]
    table = [{"row": row["row"], "id": row["id"], **row["error"]} for row in wrong[:SHOWN]]
    if table:
        columns = {"row": "LINE", "id": "ID", "field": "FIELD", "detail": "WHY", "expected": "EXPECTED"}
        screen.rows(table, columns, empty="")
    if len(wrong) > SHOWN:
        note(f"and {len(wrong) - SHOWN} more in error (all: --json)")
    count = {result: sum(row["result"] == result for row in rows) for result in ("created", "exists", "error")}
    would = "would be " if dry_run else ""
    print(f"{count['created']} {would}created, {count['exists']} there already, {count['error']} in error")
    differing = [row for row in rows if row.get("differs")]
    if differing:
        note(f"{len(differing)} that are there differ from the table and stay so, such as {differing[0]['id']}")
    if secrets is not None and not dry_run:
        note(f"The secrets are in {secrets}, and nowhere else.")
