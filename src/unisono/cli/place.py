"""``unisono place``: homes, rooms, plants, lines."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli import policy
from unisono.cli.hub import Hub, hub_command
from unisono.cli.names import Names, read_names
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Places: a tree of homes, rooms, plants, lines.", no_args_is_help=True)
app.add_typer(policy.app, name="policy")


def _in_tree_order(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The places with each one under its parent, names indented."""
    inside: dict[str | None, list[dict[str, Any]]] = {}
    known = {place["id"] for place in places}
    for place in places:
        inside.setdefault(place["parent"] if place["parent"] in known else None, []).append(place)
    found: list[dict[str, Any]] = []

    def add(parent: str | None, depth: int) -> None:
        for place in inside.get(parent, []):
            found.append({**place, "name": "  " * depth + place["name"]})
            add(place["id"], depth + 1)

    add(None, 0)
    return found


@hub_command(app, "list")
def list_places(hub: Hub, screen: Screen) -> None:
    """List places as a tree."""
    found = list(hub.items("/api/v1/places"))
    rows = found if screen.as_json else _in_tree_order(found)
    columns = {"name": "NAME", "id": "ID", "kind": "KIND", "mode": "MODE", "zone": "ZONE"}
    screen.rows(rows, columns, empty="No places. Add one: unisono place add Home --kind home")


@hub_command(app, "add")
def add_place(
    hub: Hub,
    screen: Screen,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    parent: Annotated[str | None, typer.Option(help="The place it lies in; none makes a root place.")] = None,
    kind: Annotated[str | None, typer.Option(help="home, floor, room, outdoor, car, plant, area...")] = None,
    id: Annotated[str | None, typer.Option(help="Its id; else one is made from the name.")] = None,
    names: Names = None,
) -> None:
    """Add a place. One of that name beside another gets an id of its own, and that is said."""
    body = {"name": name, "parent": parent, "kind": kind, "id": id, "names": read_names(names or [])}
    added = hub.post("/api/v1/places", {key: value for key, value in body.items() if value is not None})
    screen.fields(added)
    if id is None:
        _say_if_second(hub, name, added["id"])


def _say_if_second(hub: Hub, name: str, id: str) -> None:
    """An id was made from the name and numbered: its own was taken, and perhaps that place was meant."""
    plain, _, number = id.rpartition("_")
    if not plain or not number.isdecimal() or name.rstrip().endswith(number):
        return
    try:
        other = hub.get(f"/api/v1/places/{plain}")
    except CallerError:  # of somebody else, or gone
        return
    note(f"There is a place {plain} ({other['name']}) already, this is another; not meant? unisono place remove {id}")


@hub_command(app, "set")
def set_place(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str, typer.Argument(metavar="ID")],
    zone: Annotated[
        str | None, typer.Option(help="Its time zone, such as Asia/Shanghai; empty: as the place it lies in.")
    ] = None,
    position: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="Degrees, north and east positive; empty: none.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
) -> None:
    """Say where a place is and which time counts there: schedules and the sun of its scenes go by it."""
    change: dict[str, Any] = {}
    if zone is not None:
        change["zone"] = zone
    if position is not None:
        change["position"] = _read_position(position)
    if name is not None:
        change["name"] = name
    if not change:
        expected = "--zone, --position or --name"
        raise CallerError("Nothing to set", code="bad_usage", field="place set", expected=expected)
    screen.fields(hub.send("PATCH", f"/api/v1/places/{quote(id, safe='')}", body=change))


def _read_position(text: str) -> dict[str, float] | None:
    """``31.23,121.47`` as the API has it. Raises CallerError ``bad_usage``."""
    if not text.strip():
        return None
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        expected = "LAT,LON in degrees, such as 31.23,121.47"
        raise CallerError(f"{text!r} is no position", code="bad_usage", field="--position", expected=expected) from None
    return {"latitude": latitude, "longitude": longitude}


@hub_command(app, "mode")
def set_mode(
    hub: Hub,
    screen: Screen,
    id: Annotated[str, typer.Argument(metavar="ID")],
    mode: Annotated[
        str | None, typer.Argument(metavar="[MODE]", help="home, away, night, holiday, or a word of your own.")
    ] = None,
) -> None:
    """Show which mode a place is in, or put it into one; scenes that wait for it are triggered."""
    path = f"/api/v1/places/{quote(id, safe='')}"
    if mode is None:
        found = hub.get(path)
        screen.done(found["mode"] or "unknown: its owner does not answer", found)
    else:
        found = hub.send("PUT", f"{path}/mode", body={"mode": mode})
        screen.done(f"{id} is in the mode {found['mode']}", found)


@hub_command(app, "remove")
def remove_place(hub: Hub, screen: Screen, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Remove an empty place."""
    hub.delete(f"/api/v1/places/{id}")
    screen.done(f"{id} was removed", {"id": id})
