"""``unisono computed``: groups, counters, timers, meters and other things that are computed from things."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, show_value
from unisono.errors import CallerError, UnisonoError

__all__ = ["app", "read_definitions"]

app = typer.Typer(help="Computed things: groups, templates, counters, timers, meters, inputs...", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: one computed thing, or a list of them.")]
ThingId = Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")]


def read_definitions(path: Path) -> list[dict[str, Any]]:
    """The document or documents of a file. Raises CallerError ``bad_usage`` or ``bad_json``."""
    import yaml

    from unisono.thing.files import stranger_loader

    try:
        read = yaml.load(path.read_bytes(), Loader=stranger_loader())  # a safe loader
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", code="bad_usage", field="FILE") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        detail = getattr(error, "problem", None) or type(error).__name__
        raise CallerError(f"{path}: {detail}{where}", code="bad_json", expected="YAML or JSON") from None
    found = read if isinstance(read, list) else [read]
    if not found or not all(isinstance(each, dict) for each in found):
        raise CallerError(f"{path} says nothing", code="bad_json", expected="an object, or a list of them")
    return found


def _things(path: Path) -> list[dict[str, Any]]:
    """The things of a file: each with its id, its place and what it computes."""
    found = read_definitions(path)
    for number, each in enumerate(found):
        if not isinstance(each.get("computed"), dict) or "id" not in each:
            where = f"{path}, number {number + 1}" if len(found) > 1 else str(path)
            expected = "{id: ..., place: ..., computed: {kind: ..., ...}}"
            raise CallerError(f"{where} is no computed thing", code="bad_computed", expected=expected)
    return found


def _is_there(hub: Hub, id: str) -> bool:
    try:
        hub.get(f"/api/v1/things/{id}")
    except UnisonoError as error:
        if error.code != "not_found":
            raise
        return False
    return True


def _put(hub: Hub, thing: dict[str, Any]) -> str:
    """Add it, or change it where it is there; says which."""
    id = quote(str(thing["id"]), safe="")
    if _is_there(hub, id):
        hub.send("PATCH", f"/api/v1/things/{id}", body={key: value for key, value in thing.items() if key != "id"})
        return "changed"
    hub.post("/api/v1/things", thing)
    return "added"


@hub_command(app, "add")
def add_computed(hub: Hub, screen: Screen, file: File) -> None:
    """Add computed things, or change those that are there."""
    done = []
    try:
        for each in _things(file):
            done.append({"id": str(each["id"]), "kind": each["computed"].get("kind"), "was": ""})
            done[-1]["was"] = _put(hub, each)
    except UnisonoError as error:
        if done and not done[-1]["was"]:  # those before it are there: that is not to be guessed
            error.field = f"{done.pop()['id']}: {error.field}" if error.field else done.pop()["id"]
            if done:
                note(f"{', '.join(each['id'] for each in done)}: there; mend this one and add the file again")
        raise
    screen.rows(done, {"id": "ID", "kind": "KIND", "was": "WAS"}, empty="Nothing to add.")


@hub_command(app, "list")
def list_computed(
    hub: Hub, screen: Screen, place: Annotated[str | None, typer.Option(help="Only in this place and below.")] = None
) -> None:
    """List computed things with their values."""
    found = list(hub.items("/api/v1/things", place=place, computed="true"))
    rows = [
        {
            **each,
            "kind": (each["computed"] or {}).get("kind"),
            "values": " ".join(f"{key}={show_value(value['value'])}" for key, value in each["state"].items()),
        }
        for each in found
    ]
    columns = {"id": "ID", "name": "NAME", "kind": "KIND", "place": "PLACE", "values": "VALUES"}
    screen.rows(found if screen.as_json else rows, columns, empty="None. Add some: unisono computed add FILE")


@hub_command(app, "show")
def show_computed(hub: Hub, screen: Screen, id: ThingId) -> None:
    """Show what a thing is computed from, as a file that can be added again."""
    thing = hub.get(f"/api/v1/things/{quote(id, safe='')}")
    if thing["computed"] is None:
        raise CallerError(f"{id} is a device", code="bad_value", field="ID", expected="a computed thing")
    document = {key: thing[key] for key in ("id", "name", "place", "computed")}
    if screen.as_json:
        screen.json(document)
        return
    import yaml

    from unisono.thing.files import yaml_dumper

    print(yaml.dump(document, Dumper=yaml_dumper(), allow_unicode=True, sort_keys=False), end="")


@app.command("check")
def check_file(file: File, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check a file without a hub: shapes, bounds and expressions. Whether its things exist is seen when it is added."""
    from unisono.scene.computed import load_computed

    rows = []
    for each in _things(file):
        try:
            definition = load_computed(each["computed"])
        except CallerError as error:
            error.field = f"{each['id']}.computed" + (f".{error.field}" if error.field else "")
            raise
        rows.append({"id": each["id"], "kind": each["computed"]["kind"], "is": type(definition).__name__})
    screen = Screen(as_json=as_json)
    screen.rows(rows, {"id": "ID", "kind": "KIND"}, empty="Nothing to check.")
