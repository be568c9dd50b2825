"""``unisono model``: what kinds of things there are."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, progress
from unisono.errors import CallerError

if TYPE_CHECKING:
    from unisono.thing import Diagnostic, Model
    from unisono.thing.formats.files import Imported

__all__ = ["app"]

app = typer.Typer(help="Models: what a kind of thing can be and do.", no_args_is_help=True)

ModelId = Annotated[str, typer.Argument(metavar="ID", help="The model's id.")]
Format = Annotated[str, typer.Option("--format", help="The file's format; as a rule it is recognised.")]
Into = Annotated[str, typer.Option("--format", help="The format to write: unisono, or a maker's.")]
Overlays = Annotated[
    list[Path] | None,
    typer.Option(
        "--overlay",
        metavar="FILE",
        help="A VSS tree to lay over each FILE, or clusters of a Matter device type; several in order.",
    ),
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="A maker's files or our own; .gz too.")]

OWN_FORMAT = "unisono"
AUTO = "auto"

# what goes to the hub in one request; it takes 16 MB and 5,000 models
BULK_BYTES, BULK_MODELS = 6_000_000, 1000

# findings shown of one rule in one file: who wants all of them asks for --json
SHOWN = 3


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", code="bad_usage", field="FILE") from None


@hub_command(app, "list")
def list_models(
    hub: Hub, screen: Screen, q: Annotated[str | None, typer.Option("--q", help="Only with this in the id.")] = None
) -> None:
    """List models; built-in ones among them."""
    found = list(hub.items("/api/v1/models", q=q))
    rows = [{**each, "title": each["titles"].get("en") or each["id"]} for each in found]
    columns = {"id": "ID", "version": "VERSION", "title": "TITLE", "traits": "TRAITS", "built_in": "BUILT IN"}
    screen.rows(found if screen.as_json else rows, columns, empty="No models.")


@hub_command(app, "show")
def show_model(
    hub: Hub, screen: Screen, id: ModelId, version: Annotated[int | None, typer.Option(help="Which version.")] = None
) -> None:
    """Show what a model can be and do."""
    document = hub.get(f"/api/v1/models/{quote(id)}", version=version)
    if screen.as_json:
        screen.json(document)
        return
    screen.fields({key: document.get(key) for key in ("id", "version", "vendor", "kind", "titles")})
    rows: list[dict[str, Any]] = []
    for service in document.get("services", []):
        prefix = f"{service['key']}." if service.get("key") else ""
        for noun, members in (("property", "properties"), ("action", "actions"), ("event", "events")):
            for member in service.get(members, []):
                shown = {**member, "key": prefix + member["key"], "is": noun}
                shown["kind"] = member.get("schema", {}).get("kind")
                if noun == "property":
                    shown["access"] = member.get("access", ["read", "notify"])
                rows.append(shown)
    columns = {"key": "KEY", "is": "IS", "kind": "KIND", "unit": "UNIT", "access": "ACCESS", "trait": "TRAIT"}
    print()
    screen.rows(rows, columns, empty="It can do nothing.")


@app.command("check")
def check_files(
    files: Files,
    format: Format = AUTO,
    overlay: Overlays = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check model files without a hub: is what they say sound, and what is odd in them?"""
    screen = Screen(as_json=as_json)
    found = [(file, _models(file, format, overlay or ())) for file in files]
    if as_json:
        screen.json([_finding(file, each) for file, read in found for each in read.findings])
    else:
        for file, read in found:
            print(f"{file}: {_plural(len(read.models), 'sound model')} ({read.format or 'no known format'})")
        _show_findings(screen, found)
    if any(each.severity == "error" for _, read in found for each in read.findings):
        raise typer.Exit(1)


@hub_command(app, "import")
def import_files(hub: Hub, screen: Screen, files: Files, format: Format = AUTO, overlay: Overlays = None) -> None:
    """Add the models in files: those that are sound, each as it is or as the next version of itself."""
    rows: list[dict[str, Any]] = []
    found: list[tuple[Path, Imported]] = []
    with progress("Importing", len(files), unit="files") as advance:
        for file in files:
            read = _models(file, format, overlay or ())
            found.append((file, read))
            rows += [{"file": str(file), "format": read.format, **each} for each in _send(hub, read.models)]
            faults = [str(each) for each in read.findings if each.severity == "error"]
            rows += [{"file": str(file), "format": read.format, **_refused(None, fault)} for fault in faults]
            advance(1)
    if screen.as_json:
        screen.json(rows)
    else:
        _show_imported(screen, rows, found)
    if any(row["error"] for row in rows):
        note("What has an error was not added; the rest was.")
        raise typer.Exit(1)


def _models(file: Path, format: str, overlays: Sequence[Path]) -> Imported:
    gc.disable()  # half a million objects that all stay: looking through them for waste takes a third of the time
    from unisono.thing.formats import find_format
    from unisono.thing.formats.files import read_models

    if format != AUTO:
        try:
            find_format(format)
        except CallerError as error:
            raise CallerError(error.detail, code="bad_usage", field="--format", expected=error.expected) from None
    texts = [_whole(each) for each in (file, *overlays)]
    return read_models(texts[0], format, texts[1:])


def _whole(file: Path) -> bytes:
    """A file with those that it includes; these lie beside it or below."""
    from unisono.thing.formats.files import include_files

    data = _read(file)
    folder = file.resolve().parent

    def fetch(name: str, of: str) -> bytes | None:
        for base in (folder / Path(of).parent, folder):
            path = (base / name).resolve()
            if path.is_relative_to(folder) and path.is_file():
                return _read(path)
        return None

    return include_files(data, fetch)


def _refused(id: str | None, why: str) -> dict[str, Any]:
    return {"id": id, "version": None, "state": "refused", "error": why}


def _send(hub: Hub, models: list[Model]) -> list[dict[str, Any]]:
    """Models to the hub, some hundred in a request."""
    from unisono.thing import dump_model

    rows: list[dict[str, Any]] = []
    batch: list[bytes] = []
    size = 0
    for model in [*models, None]:
        text = dump_model(model) if model is not None else b""
        if batch and (model is None or size + len(text) > BULK_BYTES or len(batch) >= BULK_MODELS):
            rows += hub.post("/api/v1/models/bulk", {"models": [msgspec.Raw(each) for each in batch]})["items"]
            batch, size = [], 0
        if model is not None:
            batch.append(text)
            size += len(text)
    return rows


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _finding(file: Path, finding: Diagnostic) -> dict[str, Any]:
    return {"file": str(file), **msgspec.structs.asdict(finding)}


def _show_imported(screen: Screen, rows: list[dict[str, Any]], found: list[tuple[Path, Imported]]) -> None:
    lines = []
    for file, read in found:
        states = [row["state"] for row in rows if row["file"] == str(file)]
        counted = {name: states.count(name) or None for name in ("added", "unchanged", "refused")}
        lines.append({"file": file.name, "format": read.format, **counted})
    columns = {"file": "FILE", "format": "FORMAT", "added": "ADDED", "unchanged": "UNCHANGED", "refused": "REFUSED"}
    screen.rows(lines, columns, empty="No files.")
    for row in rows:
        if row["error"]:
            note(f"{row['file']}: {row['id'] or ''}{': ' if row['id'] else ''}{row['error']}")
    _show_findings(screen, found)


def _show_findings(screen: Screen, found: list[tuple[Path, Imported]]) -> None:
    """What was odd, worst first, and of each rule in each file only the first few."""
    lines: list[dict[str, Any]] = []
    for file, read in found:
        by_rule: dict[tuple[str, str], list[Diagnostic]] = {}
        for each in read.findings:
            by_rule.setdefault((each.severity, each.rule), []).append(each)
        for (severity, rule), listed in by_rule.items():
            more = len(listed) - SHOWN
            lines += [
                {"file": file.name, "is": severity, "rule": rule, "where": each.path, "what": each.message}
                for each in listed[:SHOWN]
            ]
            if more > 0:
                lines.append({"file": file.name, "is": severity, "rule": rule, "what": f"and {more} more"})
            for each in listed if severity == "error" else ():
                note(f"{file}: {each}")
    if lines:
        lines.sort(key=lambda line: ("error", "warning", "info").index(line["is"]))
        print()
        columns = {"is": "IS", "file": "FILE", "rule": "RULE", "where": "WHERE", "what": "WHAT"}
        screen.rows(lines, columns, empty="")


@hub_command(app, "export")
def export_model(
    hub: Hub,
    screen: Screen,
    id: ModelId,
    format: Into = OWN_FORMAT,
    version: Annotated[int | None, typer.Option(help="Which version.")] = None,
) -> None:
    """Print a model's document, as ours or as a maker would write it."""
    document = hub.get(f"/api/v1/models/{quote(id)}", version=version)
    if format == OWN_FORMAT:
        screen.json(document)
        return
    from unisono.thing import load_model
    from unisono.thing.formats import find_format

    try:
        chosen = find_format(format)
    except CallerError as error:
        raise CallerError(error.detail, code="bad_usage", field="--format", expected=error.expected) from None
    sys.stdout.write(chosen.write(load_model(document)).decode())


@hub_command(app, "remove")
def remove_model(
    hub: Hub, screen: Screen, id: ModelId, version: Annotated[int | None, typer.Option(help="Which version.")] = None
) -> None:
    """Remove a model, or one version of it, that no thing uses."""
    hub.delete(f"/api/v1/models/{quote(id)}", version=version)
    screen.done(f"{id} was removed", {"id": id})
