"""``unisono model``: what kinds of things there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, progress
from unisono.errors import CallerError, UnisonoError

__all__ = ["app"]

app = typer.Typer(help="Models: what a kind of thing can be and do.", no_args_is_help=True)

ModelId = Annotated[str, typer.Argument(metavar="ID", help="The model's id.")]
Format = Annotated[str, typer.Option("--format", help="The format; so far only Unisono's own.")]

OWN_FORMAT = "unisono"


def _require_own(format: str) -> None:
    if format != OWN_FORMAT:
        raise CallerError(
            f"The format {format!r} is not known", code="bad_usage", field="--format", expected=OWN_FORMAT
        )


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
def check_file(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    format: Format = OWN_FORMAT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a model file without a hub."""
    _require_own(format)
    from unisono.thing import check_model, load_model

    found = check_model(load_model(_read(file)))
    rows = [msgspec.structs.asdict(each) if isinstance(each, msgspec.Struct) else each._asdict() for each in found]
    columns = {key: key.upper() for key in (rows[0] if rows else {"severity": 0, "path": 0})}
    Screen(as_json=as_json).rows(rows, columns, empty=f"{file} is sound.")
    if any(row.get("severity") == "error" for row in rows):
        raise typer.Exit(1)


@hub_command(app, "import")
def import_files(
    hub: Hub,
    screen: Screen,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    format: Format = OWN_FORMAT,
) -> None:
    """Add the models in files. Each file stands for itself: those that are sound are added."""
    _require_own(format)
    rows: list[dict[str, Any]] = []
    failed = False
    with progress("Importing", len(files), unit="files") as advance:
        for file in files:
            try:
                document = msgspec.json.decode(_read(file))
                added = hub.post("/api/v1/models", document)
                rows.append({"file": str(file), "id": added["id"], "version": added.get("version", 1), "error": None})
            except msgspec.DecodeError as error:
                failed = True
                rows.append({"file": str(file), "id": None, "version": None, "error": str(error)})
            except UnisonoError as error:
                if error.code == "hub_unreachable":
                    raise
                failed = True
                rows.append({"file": str(file), "id": None, "version": None, "error": str(error)})
            advance(1)
    screen.rows(rows, {"file": "FILE", "id": "ID", "version": "VERSION", "error": "ERROR"}, empty="No files.")
    if failed:
        note("Files with an error were not added; the others were.")
        raise typer.Exit(1)


@hub_command(app, "export")
def export_model(
    hub: Hub,
    screen: Screen,
    id: ModelId,
    format: Format = OWN_FORMAT,
    version: Annotated[int | None, typer.Option(help="Which version.")] = None,
) -> None:
    """Print a model's document."""
    _require_own(format)
    screen.json(hub.get(f"/api/v1/models/{quote(id)}", version=version))


@hub_command(app, "remove")
def remove_model(
    hub: Hub, screen: Screen, id: ModelId, version: Annotated[int | None, typer.Option(help="Which version.")] = None
) -> None:
    """Remove a model, or one version of it, that no thing uses."""
    hub.delete(f"/api/v1/models/{quote(id)}", version=version)
    screen.done(f"{id} was removed", {"id": id})
