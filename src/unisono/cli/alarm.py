"""``unisono alarm``: what stands, what to do about it, what is defined, what happened."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.client import ago
from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_ago
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError, UnisonoError

__all__ = ["app"]

app = typer.Typer(help="Alarms: what stands, acknowledge, shelve; definitions, history, figures.", no_args_is_help=True)

COLUMNS = {
    "severity": "SEVERITY",
    "id": "ALARM",
    "state": "STATE",
    "raised": "RAISED",
    "count": "TIMES",
    "text": "WHAT",
    "note": "",
}
LINES = {
    "at": "WHEN",
    "alarm": "ALARM",
    "severity": "SEVERITY",
    "act": "WHAT",
    "after": "THEN",
    "text": "TEXT",
    "by": "WHO",
    "comment": "COMMENT",
}
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="DEFINITION.THING, as the list shows it.")]
Comment = Annotated[str, typer.Option("--comment", "-m", help="What you have to say about it.")]
Place = Annotated[str | None, typer.Option(help="Only in this place and below.")]
Thing = Annotated[str | None, typer.Option(help="Only of this thing.")]


def path_of(alarm_id: str) -> str:
    """Where the API keeps an alarm."""
    return f"/api/v1/alarms/{quote(alarm_id, safe='')}"


def _line(alarm: dict[str, Any]) -> dict[str, Any]:
    notes = [
        "chattering" if alarm["chattering"] else "",
        f"until {alarm['shelved_until']}" if alarm["shelved_until"] else "",
        alarm["suppressed_by"] if alarm["state"] == "suppressed" else "",
    ]
    raised = ago(alarm["raised"]) if alarm["raised"] else ""
    return {**alarm, "raised": raised, "note": ", ".join(each for each in notes if each)}


@hub_command(app, "list")
def list_alarms(
    hub: Hub,
    screen: Screen,
    *,
    place: Place = None,
    thing: Thing = None,
    severity: Annotated[str | None, typer.Option(help="critical, high, medium, low, diagnostic; with commas.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only in these states, with commas; all: held back ones too.")
    ] = None,
) -> None:
    """List what stands, the worst first."""
    found = list(hub.items("/api/v1/alarms", place=place, thing=thing, severity=severity, state=state))
    rows = found if screen.as_json else [_line(each) for each in found]
    screen.rows(rows, COLUMNS, empty="Nothing stands. What is shelved or suppressed: unisono alarm list --state all")


@hub_command(app, "show")
def show_alarm(hub: Hub, screen: Screen, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one alarm: what it means, what to do, who did what."""
    screen.fields(hub.get(path_of(id)))


@hub_command(app, "ack")
def acknowledge(hub: Hub, screen: Screen, ids: Ids, comment: Comment = "") -> None:
    """Acknowledge alarms: seen, somebody sees to it."""
    _each(hub, screen, ids, "acknowledge", {"comment": comment})


@hub_command(app, "reset")
def reset(hub: Hub, screen: Screen, ids: Ids, comment: Comment = "") -> None:
    """Clear latched alarms that are over and acknowledged."""
    _each(hub, screen, ids, "reset", {"comment": comment})


@hub_command(app, "shelve")
def shelve(
    hub: Hub,
    screen: Screen,
    ids: Ids,
    span: Annotated[str, typer.Option("--for", help="How long, such as 30m, 2h or 1d.")] = "1h",
    comment: Comment = "",
) -> None:
    """Put alarms aside for a time."""
    _each(hub, screen, ids, "shelve", {"for_s": read_span(span), "comment": comment})


@hub_command(app, "unshelve")
def unshelve(hub: Hub, screen: Screen, ids: Ids, comment: Comment = "") -> None:
    """Take alarms off the shelf before their time."""
    _each(hub, screen, ids, "unshelve", {"comment": comment})


@hub_command(app, "out")
def take_out(hub: Hub, screen: Screen, ids: Ids, comment: Comment = "") -> None:
    """Take alarms out of service until they are returned."""
    _each(hub, screen, ids, "out-of-service", {"comment": comment})


@hub_command(app, "back")
def bring_back(hub: Hub, screen: Screen, ids: Ids, comment: Comment = "") -> None:
    """Bring alarms back into service."""
    _each(hub, screen, ids, "return-to-service", {"comment": comment})


def _each(hub: Hub, screen: Screen, ids: Iterable[str], act: str, body: dict[str, Any]) -> None:
    """One by one: what cannot be is said, the others are done."""
    rows: list[dict[str, Any]] = []
    failed = False
    for id in ids:
        try:
            done = hub.post(f"{path_of(id)}/{act}", body)
            rows.append({"id": id, "state": done["state"], "error": None})
        except UnisonoError as error:
            if error.code in ("hub_unreachable", "not_signed_in"):
                raise
            failed = True
            rows.append({"id": id, "state": None, "error": str(error)})
    screen.rows(rows, {"id": "ALARM", "state": "STATE", "error": "ERROR"}, empty="No alarms.")
    if failed:
        raise typer.Exit(1)


def read_span(text: str) -> float:
    """Seconds of ``90``, ``30m``, ``2h`` or ``1.5d``. Raises CallerError ``bad_usage``."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if found is None:
        raise CallerError(f"{text!r} is no span of time", code="bad_usage", field="--for", expected="30m, 2h or 1d")
    return float(found[1]) * UNITS_S[found[2] or "s"]


@hub_command(app, "define")
def define(
    hub: Hub, screen: Screen, files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML or JSON.")]
) -> None:
    """Save definitions from files; one that is there gets a new version."""
    rows: list[dict[str, Any]] = []
    failed = False
    for file in files:
        try:
            rows.append(_define(hub, file))
        except UnisonoError as error:
            if error.code in ("hub_unreachable", "not_signed_in"):
                raise
            failed = True
            remarks = "; ".join(str(each) for each in (error, *error.others))
            rows.append({"file": str(file), "id": None, "version": None, "remarks": remarks})
    columns = {"file": "FILE", "id": "ID", "version": "VERSION", "remarks": "REMARKS"}
    screen.rows(rows, columns, empty="No files.")
    if failed:
        raise typer.Exit(1)


def _define(hub: Hub, file: Path) -> dict[str, Any]:
    from unisono.scene.alarm.document import load_alarm

    try:
        text = file.read_bytes()
    except OSError as error:
        raise CallerError(f"{file}: {error.strerror}", code="bad_usage", field="FILE") from None
    definition = load_alarm(text)
    path = f"/api/v1/alarms/definitions/{definition.id}"
    try:
        saved = _send(hub, "PUT", path, text)
    except UnisonoError as error:
        if error.code != "not_found" or error.field != "id":
            raise
        saved = _send(hub, "POST", "/api/v1/alarms/definitions", text)
    remarks = "; ".join(f"{each['path']}: {each['reason']}" for each in saved["warnings"])
    return {"file": str(file), "id": saved["id"], "version": saved["version"], "remarks": remarks}


def _send(hub: Hub, method: str, path: str, text: bytes) -> Any:
    with hub.open(method, path, data=text, kind="application/yaml") as answer:
        return msgspec.json.decode(answer.read())


@hub_command(app, "definitions")
def list_definitions(hub: Hub, screen: Screen, place: Place = None) -> None:
    """List what is defined."""
    found = list(hub.items("/api/v1/alarms/definitions", place=place))
    columns = {"id": "ID", "name": "NAME", "place": "PLACE", "version": "VERSION", "at": "SAVED"}
    screen.rows(found, columns, empty="Nothing is defined. Save a definition: unisono alarm define FILE")


@hub_command(app, "definition")
def show_definition(
    hub: Hub,
    screen: Screen,
    id: Annotated[str, typer.Argument(metavar="ID")],
    version: Annotated[int | None, typer.Option(help="Which version.")] = None,
) -> None:
    """Print a definition as it was written."""
    found = hub.get(f"/api/v1/alarms/definitions/{quote(id, safe='')}", version=version)
    if screen.as_json:
        screen.json(found)
    else:
        print(found["document"].rstrip("\n"))


@hub_command(app, "undefine")
def undefine(hub: Hub, screen: Screen, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Remove a definition and its alarms; what they did stays in the history."""
    hub.delete(f"/api/v1/alarms/definitions/{quote(id, safe='')}")
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "history")
def history(
    hub: Hub,
    screen: Screen,
    *,
    last: Annotated[str, typer.Option(help="How far back, such as 24h or 30d.")] = "24h",
    place: Place = None,
    thing: Thing = None,
    alarm: Annotated[str | None, typer.Option(help="Only of this definition, or of one of its alarms.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only of this severity.")] = None,
    act: Annotated[str | None, typer.Option(help="raised, cleared, acknowledged, shelved...; with commas.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Only with this in the text, the comment or who acted.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many lines.")] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, all of it.")] = False,
) -> None:
    """What happened to alarms, newest first."""
    wanted = {
        "from": read_ago(last, "--last"),
        "place": place,
        "thing": thing,
        "alarm": alarm,
        "severity": severity,
        "act": act,
        "q": q,
    }
    if as_csv:
        with hub.open("GET", "/api/v1/alarms/history.csv", query=wanted) as answer:
            for line in answer:
                sys.stdout.write(line.decode())
        return
    found = hub.get("/api/v1/alarms/history", limit=limit, **wanted)
    screen.rows(found["items"], LINES, empty=f"Nothing in the last {last}.")
    if found["next"] and not screen.as_json:
        note(f"There is more: --limit {limit * 10}, or all of it with --csv")


@hub_command(app, "figures")
def figures(
    hub: Hub,
    screen: Screen,
    *,
    place: Place = None,
    last: Annotated[str, typer.Option(help="Of how long, such as 24h or 30d.")] = "7d",
) -> None:
    """How good the alarms are, by EEMUA 191 and ISA-18.2."""
    found = hub.get("/api/v1/alarms/figures", place=place, **{"from": read_ago(last, "--last")})["items"]
    if screen.as_json:
        screen.json(found)
        return
    rows = [
        {**each, "place": one["place"], "met": {True: "yes", False: "NO", None: ""}[each["met"]]}
        for one in found
        for each in one["figures"]
    ]
    columns = {"place": "PLACE", "name": "FIGURE", "value": "VALUE", "unit": "", "target": "AT MOST", "met": "MET"}
    screen.rows(rows, columns, empty="No places.")
    for one in found:
        often = ", ".join(f"{each['alarm']} ({each['count']})" for each in one["most_frequent"][:5])
        if often:
            note(f"{one['place']}: {one['alarms']} alarms, most often {often}")
