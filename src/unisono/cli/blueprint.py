"""``unisono scene blueprint``: scenes with blanks, and a scene made of one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, show_value
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Blueprints: scenes with blanks to fill in.", no_args_is_help=True)

PATH = "/api/v1/blueprints"
COLUMNS = {"id": "ID", "area": "AREA", "title": "TITLE", "inputs": "INPUTS"}
INPUTS = {"name": "INPUT", "type": "TYPE", "must": "MUST", "default": "DEFAULT", "title": "IS"}
#: Inputs that take several: their values may be given as words with commas.
LISTS = frozenset({"things", "people"})

BlueprintId = Annotated[str, typer.Argument(metavar="ID", help="The blueprint's id.")]


@hub_command(app, "list")
def list_blueprints(
    hub: Hub,
    screen: Screen,
    *,
    area: Annotated[
        str | None, typer.Option(help="Only of home, energy, security, care, car, cold_chain or line.")
    ] = None,
) -> None:
    """List blueprints."""
    found = hub.get(PATH, area=area)["items"]
    rows = [{**each, "title": each["title"]["en"], "inputs": list(each["inputs"])} for each in found]
    screen.rows(found if screen.as_json else rows, COLUMNS, empty="No blueprints.")


@hub_command(app, "show")
def show_blueprint(hub: Hub, screen: Screen, id: BlueprintId) -> None:
    """Show a blueprint and its blanks."""
    found = hub.get(f"{PATH}/{quote(id, safe='')}")
    if screen.as_json:
        screen.json(found)
        return
    print(f"{found['title']['en']}: {found['description']['en']}\n")
    rows = [
        {"name": name, "type": each["type"], "must": _must(each), "default": each.get("default"), "title": _en(each)}
        for name, each in found["inputs"].items()
    ]
    screen.rows(rows, INPUTS, empty="It has no blanks.")
    blanks = " ".join(f"{name}=..." for name, each in found["inputs"].items() if "default" not in each)
    note(f"\nunisono scene blueprint use {id} --id NEW_ID --place PLACE {blanks}")


def _en(blank: dict[str, Any]) -> str:
    return str(blank["title"].get("en", ""))


def _must(blank: dict[str, Any]) -> str:
    """What a value has to be, in a few words."""
    said = [f"{key} {show_value(blank[key])}" for key in ("kind", "trait", "unit", "min", "max") if key in blank]
    if blank.get("choices"):
        said.append(f"one of {show_value(blank['choices'])}")
    return ", ".join(said)


@hub_command(app, "use")
def use_blueprint(
    hub: Hub,
    screen: Screen,
    *,
    blueprint: Annotated[str, typer.Argument(metavar="BLUEPRINT", help="The blueprint's id.")],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="INPUT=VALUE...", help="Its blanks.")] = None,
    id: Annotated[str, typer.Option("--id", help="The new scene's id.")],
    place: Annotated[str, typer.Option(help="Where it belongs.")],
    name: Annotated[str | None, typer.Option(help="Its name; else the blueprint's.")] = None,
) -> None:
    """Make a scene of a blueprint: ``lamps=hall_lamp,desk_lamp after=120``. It is a scene like any other then."""
    path = f"{PATH}/{quote(blueprint, safe='')}"
    blanks = hub.get(path)["inputs"]
    body: dict[str, Any] = {"id": id, "place": place, "inputs": _read_inputs(inputs or [], blanks)}
    if name is not None:
        body["name"] = name
    saved = hub.post(f"{path}/scenes", body)
    for each in saved["warnings"]:
        note(f"{each['severity']}: {each['path']}: {each['reason']}")
    screen.done(f"{id} is saved, version {saved['version']}; look at it: unisono scene show {id}", saved)


def _read_inputs(words: list[str], blanks: dict[str, Any]) -> dict[str, Any]:
    """``NAME=VALUE`` words by the types of the blanks. Raises CallerError ``bad_usage``."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise CallerError(f"{word!r} says nothing", code="bad_usage", field="INPUT", expected="INPUT=VALUE")
        kind = blanks.get(name, {}).get("type")
        if kind in LISTS:
            found[name] = [each.strip() for each in text.split(",") if each.strip()]
        elif kind in ("number", "choice"):
            try:
                found[name] = msgspec.json.decode(text)
            except msgspec.DecodeError:
                found[name] = text  # "70 °F" is a number too
        else:
            found[name] = text
    return found
