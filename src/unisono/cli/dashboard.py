"""``unisono dashboard``: what people put on walls and phones, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.computed import read_definitions
from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Dashboards: yours, and those shared at places.", no_args_is_help=True)

PATH = "/api/v1/dashboards"
COLUMNS = {"id": "ID", "name": "NAME", "owner": "OWNER", "place": "SHARED AT", "cards": "CARDS", "version": "VERSION"}
#: What of a dashboard a file says; the rest is the hub's.
SAID = ("id", "name", "place", "cards")

DashboardId = Annotated[str, typer.Argument(metavar="ID", help="The dashboard's id.")]


def _path(id: str) -> str:
    return f"{PATH}/{quote(id, safe='')}"


@hub_command(app, "list")
def list_dashboards(hub: Hub, screen: Screen) -> None:
    """List your dashboards, and those that are shared with you."""
    found = list(hub.items(PATH))
    rows = found if screen.as_json else [{**each, "cards": len(each["cards"])} for each in found]
    screen.rows(rows, COLUMNS, empty="None. Add one: unisono dashboard add FILE, or compose it in the console")


@hub_command(app, "show")
def show_dashboard(hub: Hub, screen: Screen, id: DashboardId) -> None:
    """Print a dashboard as a file that can be added again."""
    found = hub.get(_path(id))
    if screen.as_json:
        screen.json(found)
        return
    print(msgspec.json.format(msgspec.json.encode({key: found[key] for key in SAID}), indent=2).decode())


@hub_command(app, "add")
def add_dashboard(
    hub: Hub,
    screen: Screen,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: a dashboard, or a list of them.")],
    replace: Annotated[bool, typer.Option("--replace", help="Change those that are there already.")] = False,
) -> None:
    """Add dashboards, as ``show`` prints them; with ``place`` they are shared there."""
    rows: list[dict[str, Any]] = []
    for each in read_definitions(file):
        try:
            rows.append(hub.post(PATH, each))
        except CallerError as error:
            if not (replace and error.code == "exists" and "id" in each):
                raise
            change = {key: each[key] for key in SAID[1:] if key in each}
            rows.append(hub.send("PATCH", _path(each["id"]), body=change))
    shown = rows if screen.as_json else [{**each, "cards": len(each["cards"])} for each in rows]
    screen.rows(shown, COLUMNS, empty="Nothing to add.")


@hub_command(app, "remove")
def remove_dashboard(hub: Hub, screen: Screen, id: DashboardId) -> None:
    """Remove a dashboard; what it showed stays."""
    hub.delete(_path(id))
    screen.done(f"{id} was removed", {"id": id})
