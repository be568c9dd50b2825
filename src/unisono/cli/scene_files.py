"""``unisono scene add``: scenes from files - one with all that is to be said about it, many with what became of each.

Knows files, and where in them a field is. What a scene may say is the hub's to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, progress
from unisono.errors import CallerError, UnisonoError

__all__ = [
    "Document",
    "documents_of",
    "in_file",
    "path_of",
    "read_file",
    "register",
    "send_text",
    "show_warnings",
]

YAML = "application/yaml"
#: Scenes of one request: a second or so, so that progress is seen; and the bytes of their text.
AT_ONCE = 500
MOST_BYTES = 4 * 1024 * 1024
#: Lines in error that are shown; --json shows all.
SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the command to ``unisono scene``."""
    hub_command(app, "add")(add_scenes)


def path_of(scene_id: str, *more: str) -> str:
    """Where the API keeps a scene."""
    return "/".join(("/api/v1/scenes", quote(scene_id, safe=""), *more))


def send_text(hub: Hub, method: str, path: str, text: bytes, **query: Any) -> Any:
    """The answer to a scene's text."""
    with hub.open(method, path, data=text, query=query, kind=YAML) as answer:
        return msgspec.json.decode(answer.read())


def read_file(path: Path) -> bytes:
    """Raises CallerError ``bad_usage``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", code="bad_usage", field="FILE") from None


def in_file(error: UnisonoError, path: Path, text: bytes) -> UnisonoError:
    """The error, saying where in the file it is: ``evening.yaml:6:7: then.1.wait.for_s``."""
    if error.field and error.code not in ("not_allowed", "exists"):
        for each in (error, *error.others):
            each.field = f"{_spot(Document(path, 1, text), each.field or '')}: {each.field or ''}".removesuffix(": ")
    elif error.code in ("bad_json", "bad_scene", "too_large"):
        error.field = str(path)
    return error


def show_warnings(scene: dict[str, Any], path: Path | None, text: bytes) -> None:
    """What is odd about a scene that was saved, on stderr."""
    _show_warnings(scene["warnings"], Document(path or Path(scene["id"]), 1, text))


class Document(NamedTuple):
    """One scene of a file: where it begins, and its text."""

    path: Path
    line: int
    text: bytes


def _spot(document: Document, field: str) -> str:
    """Where a field is: file, line and column."""
    from unisono.scene.text import find_field

    found = find_field(document.text, field)
    if found is None:
        return str(document.path) if document.line == 1 else f"{document.path}:{document.line}"
    return f"{document.path}:{document.line - 1 + found[0]}:{found[1]}"


def _show_warnings(warnings: Sequence[dict[str, Any]], document: Document) -> None:
    for each in warnings:
        expected = f"; expected {each['expected']}" if each.get("expected") else ""
        note(f"{each['severity']}: {_spot(document, each['path'])}: {each['path']}: {each['reason']}{expected}")


def add_scenes(
    hub: Hub,
    screen: Screen,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Save a new version of a scene that is there already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each.")] = False,
) -> None:
    """Add the scenes in files (YAML, several with --- between them, or JSON, an array too). Each scene stands for
    itself: one that is refused holds no other up."""
    documents = [document for path in files for document in documents_of(path)]
    if len(documents) == 1 and not dry_run:
        _add_one(hub, screen, documents[0], replace=replace)
        return
    rows: list[dict[str, Any]] = []
    with progress("scenes", len(documents), unit="scenes") as advance:
        for part in _pieces(documents):
            body = msgspec.json.encode([_text(document) for document in part])
            query = {"replace": str(replace).lower(), "dry_run": str(dry_run).lower()}
            with hub.open("POST", "/api/v1/scenes/bulk", data=body, query=query, kind="application/json") as answer:
                found = msgspec.json.decode(answer.read())["rows"]
            rows += [{**row, "row": len(rows) + row["row"], "file": str(part[row["row"]].path)} for row in found]
            advance(len(part))
    _show(screen, rows, documents, dry_run=dry_run)
    if any(row["result"] == "error" for row in rows):
        raise typer.Exit(1)


def _add_one(hub: Hub, screen: Screen, document: Document, *, replace: bool) -> None:
    try:
        saved = _save(hub, document.text, replace=replace)
    except UnisonoError as error:
        raise in_file(error, document.path, document.text) from None
    _show_warnings(saved["warnings"], document)
    if screen.as_json:
        screen.json(saved)
    else:
        print(f"{saved['id']} is saved, version {saved['version']}" + ("" if saved["enabled"] else ", disabled"))


def _save(hub: Hub, text: bytes, *, replace: bool) -> dict[str, Any]:
    try:
        saved: dict[str, Any] = send_text(hub, "POST", "/api/v1/scenes", text)
    except UnisonoError as error:
        if error.code != "exists":
            raise
        if not replace:
            error.mend = "To save a new version of it: unisono scene add --replace FILE"
            raise
        from unisono.scene.document import load_scene

        saved = send_text(hub, "PUT", path_of(load_scene(text).id), text)
    return saved


def documents_of(path: Path) -> list[Document]:
    """The scenes of a file; of one that cannot be told apart the whole is one, and the hub says what is wrong."""
    data = read_file(path)
    if data.lstrip().startswith(b"["):
        try:
            return [Document(path, 1, bytes(raw)) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
        except msgspec.DecodeError:
            return [Document(path, 1, data)]
    from unisono.scene.text import split_documents

    try:
        found = [Document(path, line, text.encode()) for line, text in split_documents(data.decode())]
    except UnicodeDecodeError:
        found = []
    return found if len(found) > 1 else [Document(path, 1, data)]


def _text(document: Document) -> str:
    try:
        return document.text.decode()
    except UnicodeDecodeError as error:
        raise CallerError(
            f"byte {error.start} of {document.path} is no UTF-8", code="bad_usage", field="FILE", expected="UTF-8"
        ) from None


def _pieces(documents: Sequence[Document]) -> Iterator[list[Document]]:
    part: list[Document] = []
    size = 0
    for document in documents:
        if part and (len(part) == AT_ONCE or size + len(document.text) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(document)
        size += len(document.text)
    if part:
        yield part


def _show(screen: Screen, rows: list[dict[str, Any]], documents: Sequence[Document], *, dry_run: bool) -> None:
    if screen.as_json:
        screen.json(rows)
        return
    wrong = [row for row in rows if row["result"] == "error"]
    for row in rows:
        _show_warnings(row.get("warnings", ()), documents[row["row"]])
    for row in wrong[:SHOWN]:
        for error in row["error"].get("errors") or [row["error"]]:
            where = _spot(documents[row["row"]], error.get("field") or "")
            field = f"{error['field']}: " if error.get("field") else ""
            expected = f"; expected {error['expected']}" if error.get("expected") else ""
            note(f"error: {where}: {field}{error['detail']}{expected}")
    if len(wrong) > SHOWN:
        note(f"and {len(wrong) - SHOWN} more in error (all: --json)")
    count = {result: sum(row["result"] == result for row in rows) for result in ("created", "replaced", "unchanged")}
    would = "would be " if dry_run else ""
    print(
        f"{count['created']} {would}created, {count['replaced']} {would}replaced, {count['unchanged']} unchanged, "
        f"{len(wrong)} in error"
    )
    if any(row["error"]["code"] == "exists" for row in wrong):
        note("To save new versions of those that are there: unisono scene add --replace FILE...")
