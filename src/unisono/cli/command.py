"""``unisono command``: what was wanted, by whom, and what became of it; one wish to many things."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.asking import ENDED_BADLY, Confirm, Key, Ttl, Why, read_pairs, second_word
from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, show_value

__all__ = ["app"]

app = typer.Typer(help="Commands: ask many things, look back, take back.", no_args_is_help=True)

# longer than a command's usual timeout of 10 s
WAIT_S = 15.0

# lines of a list that nobody narrowed down
NEWEST = 50

Id = Annotated[str, typer.Argument(metavar="ID", help="The command's id.")]
Thing = Annotated[str | None, typer.Option(help="Only of this thing.")]
By = Annotated[str | None, typer.Option(help="Only asked by this person, program or scene, or kind of asker.")]
State = Annotated[str | None, typer.Option(help="Only in this state; several with commas; open, refused.")]
From = Annotated[str | None, typer.Option("--from", help="Only since: an ISO time, or -24h, -7d.")]
To = Annotated[str | None, typer.Option("--to", help="Only before.")]
COLUMNS = {"at": "AT", "thing": "THING", "wanted": "WANTED", "state": "STATE", "who": "BY", "why": "WHY", "id": "ID"}


def _line(command: dict[str, Any]) -> dict[str, Any]:
    wanted = command["call"] or " ".join(f"{key}={show_value(value)}" for key, value in (command["set"] or {}).items())
    by = command["by"]
    who = f"{by.get('kind', '')} {by.get('id', '')}".strip()
    if by.get("scene"):
        who += f", {by['scene']}"  # a scene that they ran by hand
    return {**command, "wanted": wanted, "who": who}


@hub_command(app, "list")
def list_commands(
    hub: Hub,
    screen: Screen,
    *,
    thing: Thing = None,
    by: By = None,
    state: State = None,
    since: From = None,
    until: To = None,
    number: Annotated[int, typer.Option("--number", "-n", help="At most so many.", min=1, max=1000)] = NEWEST,
) -> None:
    """List commands, newest first: who wanted what, and what became of it."""
    query = {"thing": thing, "by": by, "state": state, "from": since, "to": until, "limit": number}
    found = hub.get("/api/v1/commands", **query)["items"]
    screen.rows(found if screen.as_json else [_line(each) for each in found], COLUMNS, empty="No commands.")


@hub_command(app, "show")
def show_command(hub: Hub, screen: Screen, id: Id) -> None:
    """Show one command."""
    screen.fields(hub.get(f"/api/v1/commands/{id}"))


@hub_command(app, "cancel")
def cancel_command(hub: Hub, screen: Screen, id: Id) -> None:
    """Take back a command that has not left yet."""
    command = hub.send("DELETE", f"/api/v1/commands/{id}")
    screen.done(f"{id} is cancelled" if command["state"] == "failed" else f"{id} is {command['state']}", command)
    if command["state"] != "failed":
        raise typer.Exit(1)


@hub_command(app, "export")
def export_commands(
    hub: Hub,
    screen: Screen,
    *,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; else to the screen.")] = None,
    thing: Thing = None,
    by: By = None,
    state: State = None,
    since: From = None,
    until: To = None,
) -> None:
    """Write the audit as CSV."""
    query = {"thing": thing, "by": by, "state": state, "from": since, "to": until}
    with hub.open("GET", "/api/v1/commands.csv", query=query) as answer:
        if file is None:
            shutil.copyfileobj(answer, sys.stdout.buffer)
            return
        with file.open("wb") as target:
            shutil.copyfileobj(answer, target)
    screen.done(f"written to {file}", {"file": str(file)})


def _wants_a_second_word(item: dict[str, Any]) -> bool:
    return item["error"] is not None and "confirmation" in item["error"]


@hub_command(app, "set")
def set_many(
    hub: Hub,
    screen: Screen,
    *,
    values: Annotated[list[str], typer.Argument(metavar="PROPERTY=VALUE...")],
    thing: Annotated[list[str] | None, typer.Option(help="This thing; several times for several.")] = None,
    place: Annotated[str | None, typer.Option(help="All in this place that can.")] = None,
    kind: Annotated[str | None, typer.Option(help="All of this kind that can.")] = None,
    trait: Annotated[str | None, typer.Option(help="All with this trait that can.")] = None,
    why: Why = None,
    key: Key = None,
    ttl: Ttl = 0.0,
    confirm: Confirm = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the ends.", min=0, max=60)] = WAIT_S,
) -> None:
    """Ask many things at once, and say of each what became of it."""
    body: dict[str, Any] = {"set": read_pairs(values), "things": thing, "place": place, "kind": kind, "trait": trait}
    body |= {"why": why, "ttl_s": ttl, "confirmation": confirm, "key": key}
    with second_word():
        answer = hub.post(
            "/api/v1/commands", {key: value for key, value in body.items() if value is not None}, wait=wait or None
        )
    rows = [
        {"thing": item["thing"], "state": item["command"]["state"], "why": item["command"]["why"]}
        if item["command"] is not None
        else {"thing": item["thing"], "state": "refused", "why": item["error"]["detail"]}
        for item in answer["items"]
    ]
    if screen.as_json:
        screen.json(answer)
    else:
        screen.rows(rows, {"thing": "THING", "state": "STATE", "why": "WHY"}, empty="No thing there can do that.")
        code = next((item["error"]["confirmation"] for item in answer["items"] if _wants_a_second_word(item)), None)
        if code is not None:
            note(f"If you are sure, run it again with: --confirm {code}")
    if any(row["state"] in ENDED_BADLY for row in rows):
        raise typer.Exit(1)
