"""``unisono thing``: what is connected, what it says, and what is asked of it."""

from __future__ import annotations

import csv
import sys
import urllib.parse
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from unisono.cli import bulk, configuration, firmware, identity, messages
from unisono.cli import command as command_app
from unisono.cli.asking import ENDED_BADLY, Confirm, Key, Ttl, Why, read_pairs, second_word
from unisono.cli.computed import read_definitions
from unisono.cli.dialect import show_guide
from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_ago
from unisono.cli.names import Names, read_names
from unisono.cli.screen import Screen, age, note, show_value
from unisono.errors import CallerError, HostError

__all__ = ["app", "print_frame"]

app = typer.Typer(help="Things: list, look at, add, watch, command.", no_args_is_help=True)

identity.register(app)
bulk.register(app)
messages.register(app)
firmware.register(app)
configuration.register(app)

COLUMNS = {
    "id": "ID",
    "name": "NAME",
    "model": "MODEL",
    "place": "PLACE",
    "availability": "IS",
    "seen": "SEEN",
    "values": "VALUES",
}

# waiting longer than a command's usual timeout of 10 s gives a definite answer
WAIT_S = 15.0

# values shown in one line of the list
SHOWN_VALUES = 4

ThingId = Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for the end of the command.", min=0, max=60)]


def _ago(text: str | None) -> str:
    if text is None:
        return "never"
    return age((datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()) + " ago"


def _line(thing: dict[str, Any]) -> dict[str, Any]:
    state = thing["state"]
    values = [f"{key}={show_value(state[key]['value'])}" for key in list(state)[:SHOWN_VALUES]]
    if len(state) > SHOWN_VALUES:
        values.append(f"and {len(state) - SHOWN_VALUES} more")
    availability = thing["availability"] + (", sim" if thing.get("simulated") else "")
    return {**thing, "availability": availability, "seen": _ago(thing["seen"]), "values": " ".join(values)}


@hub_command(app, "list")
def list_things(
    hub: Hub,
    screen: Screen,
    *,
    place: Annotated[str | None, typer.Option(help="Only in this place and below.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    trait: Annotated[str | None, typer.Option(help="Only with this trait.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Only with this in the id or a name.")] = None,
) -> None:
    """List things with their values."""
    found = list(hub.items("/api/v1/things", place=place, model=model, trait=trait, q=q))
    rows = found if screen.as_json else [_line(each) for each in found]
    screen.rows(
        rows, COLUMNS, empty="No things. Add one: unisono thing add ID --model sensor.temperature --place PLACE"
    )


@hub_command(app, "show")
def show_thing(hub: Hub, screen: Screen, id: ThingId) -> None:
    """Show one thing with all its values."""
    thing = hub.get(f"/api/v1/things/{id}")
    if screen.as_json:
        screen.json(thing)
        return
    state = thing.pop("state")
    desired = thing.pop("desired")
    screen.fields({**thing, "seen": _ago(thing["seen"])})
    rows = [
        {
            "property": key,
            "value": state.get(key, {}).get("value"),
            "reported": _ago(state.get(key, {}).get("at")),
            "desired": desired.get(key, {}).get("value"),
        }
        for key in sorted({*state, *desired})
    ]
    print()
    columns = {"property": "PROPERTY", "value": "VALUE", "reported": "REPORTED", "desired": "WANTED"}
    screen.rows(rows, columns, empty="It has reported nothing yet.")
    if thing.get("dead_letters"):
        note(f"{thing['dead_letters']} messages could not be taken in: unisono thing letters {id}")


@hub_command(app, "add")
def add_thing(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    model: Annotated[str | None, typer.Option(help="The model, such as light or sensor.temperature.")] = None,
    place: Annotated[str, typer.Option(help="The place it stands in.")],
    computed: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What it is computed from (YAML), in place of a model.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name; else its id.")] = None,
    names: Names = None,
    parent: Annotated[str | None, typer.Option(help="The thing it is part of, or that speaks for it.")] = None,
    sleep_s: Annotated[float, typer.Option(help="Silence of so many seconds is normal for it.", min=0)] = 0.0,
    how: Annotated[
        str | None, typer.Option(help="The language it speaks: alink, zigbee2mqtt... (unisono dialect list).")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option("--with", metavar="FIELD=TEXT", help="What its language has to know of it.")
    ] = None,
    secret: Annotated[str | None, typer.Option(help="The secret it has already; else a new one.")] = None,
    waits: Annotated[
        bool, typer.Option("--waits", help="What announces itself through it waits: unisono thing waiting.")
    ] = False,
) -> None:
    """Add a thing. Its secret is shown once, and with --how what to set on the device."""
    if (model is None) == (computed is None) and how is None:
        raise CallerError("What kind of thing?", code="bad_usage", expected="--model, --how or --computed")
    body: dict[str, Any] = {"id": id, "model": model, "place": place, "name": name, "parent": parent}
    body |= {"how": how, "given": {key: str(value) for key, value in _texts(given or [])} or None, "secret": secret}
    if computed is not None:
        (body["computed"],) = read_definitions(computed)
    body |= {"names": read_names(names or []), "sleep_s": sleep_s or None, "waits": waits or None}
    added = hub.post("/api/v1/things", {key: value for key, value in body.items() if value is not None})
    guide = added.pop("guide", None)
    screen.fields(added if not screen.as_json else {**added, "guide": guide})
    if guide is not None and not screen.as_json:
        show_guide(screen, guide)
    elif not screen.as_json and computed is None:
        note("The secret is shown only now: it is the MQTT password, the id is the user name.")


def _texts(pairs: list[str]) -> list[tuple[str, str]]:
    """FIELD=TEXT, as it is."""
    read = [pair.partition("=") for pair in pairs]
    for field, equals, _text in read:
        if not equals or not field:
            raise CallerError(f"{field!r} is no FIELD=TEXT", code="bad_usage", field="--with", expected="FIELD=TEXT")
    return [(field, text) for field, _equals, text in read]


@hub_command(app, "discovered")
def discovered(
    hub: Hub,
    screen: Screen,
    *,
    all: Annotated[bool, typer.Option("--all", help="Also what is ignored.")] = False,
    ignore: Annotated[str | None, typer.Option(metavar="ID", help="Show it no more.")] = None,
    unignore: Annotated[str | None, typer.Option(metavar="ID", help="Show it again.")] = None,
) -> None:
    """List what announces itself on the LAN, and how it could be connected."""
    for id, ignored in ((ignore, True), (unignore, False)):
        if id is not None:
            hub.send("PATCH", f"/api/v1/discovered/{urllib.parse.quote(id, safe='')}", body={"ignored": ignored})
            screen.done(f"{id} is {'ignored' if ignored else 'shown again'}", {"id": id, "ignored": ignored})
            return
    found = hub.get("/api/v1/discovered", ignored="true" if all else None)["items"]
    rows = [
        {
            **each,
            "address": ", ".join(each["addresses"][:1]) + f":{each['port']}",
            "seen": _ago(each["last_seen"]) + ("" if each["here"] else ", gone"),
            "how": each["hint"] or each["how"],
        }
        for each in found
    ]
    columns = {"id": "ID", "what": "IS", "address": "AT", "seen": "SEEN", "how": "CONNECT IT BY"}
    screen.rows(found if screen.as_json else rows, columns, empty="Nothing has announced itself on the LAN yet.")


@hub_command(app, "waiting")
def waiting(
    hub: Hub,
    screen: Screen,
    *,
    all: Annotated[bool, typer.Option("--all", help="Also what is ignored.")] = False,
    ignore: Annotated[str | None, typer.Option(metavar="ID", help="Show it no more.")] = None,
    unignore: Annotated[str | None, typer.Option(metavar="ID", help="Show it again.")] = None,
) -> None:
    """List what announced itself through a bridge and waits to be let in."""
    for id, ignored in ((ignore, True), (unignore, False)):
        if id is not None:
            hub.post("/api/v1/newcomers/ignore", {"ids": [id], "ignored": ignored})
            screen.done(f"{id} is {'ignored' if ignored else 'shown again'}", {"id": id, "ignored": ignored})
            return
    found = hub.get("/api/v1/newcomers", ignored="true" if all else None)["items"]
    columns = {"id": "ID", "name": "NAME", "how": "SPEAKS", "model": "IS", "place": "PLACE", "seen": "SEEN"}
    screen.rows(found, columns, empty="Nothing waits.")


@hub_command(app, "accept")
def accept(
    hub: Hub,
    screen: Screen,
    *,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="As unisono thing waiting tells.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    place: Annotated[str | None, typer.Option(help="Where they stand; else where they say, or their bridge.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name; only for one.")] = None,
) -> None:
    """Let in what waits: one or many at once."""
    wanted = list(ids or [])
    if all:
        wanted = [each["id"] for each in hub.get("/api/v1/newcomers")["items"]]
        if not wanted:
            screen.rows([], {"id": "ID"}, empty="Nothing waits.")
            return
    if not wanted or (name is not None and len(wanted) > 1):
        raise CallerError("Which one?", code="bad_usage", expected="one ID with --name, any number without, or --all")
    given = {"place": place, "name": name}
    items = [{"id": id, **{key: value for key, value in given.items() if value is not None}} for id in wanted]
    made = hub.post("/api/v1/newcomers/accept", {"items": items})["items"]
    screen.rows(made, {"id": "ID", "name": "NAME", "model": "MODEL", "place": "PLACE"}, empty="None.")


@hub_command(app, "remove")
def remove_thing(hub: Hub, screen: Screen, id: ThingId) -> None:
    """Remove a thing; its history stays until retention."""
    hub.delete(f"/api/v1/things/{id}")
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "letters")
def letters(hub: Hub, screen: Screen, id: ThingId) -> None:
    """Show what a thing said that could not be taken in, with the reason."""
    found = hub.get(f"/api/v1/things/{id}/dead-letters")["items"]
    columns = {"at": "AT", "topic": "TOPIC", "code": "CODE", "detail": "WHY", "excerpt": "SAID"}
    screen.rows(found, columns, empty="Everything it said could be taken in.")


def _command(hub: Hub, screen: Screen, id: str, body: dict[str, Any], wait: float) -> None:
    given = {key: value for key, value in body.items() if value is not None}
    with second_word():
        command = hub.post(f"/api/v1/things/{id}/commands", given, wait=wait or None)
    if screen.as_json:
        screen.json(command)
    else:
        why = f": {command['why']}" if command.get("why") else ""
        print(f"{command['state']}{why}")
        if command.get("output") is not None:
            print(show_value(command["output"]))
        if command["state"] == "acknowledged" and command["ended"] is None:
            note("The thing took it, but has not reported the value yet: that is not confirmed.")
    if command["state"] in ENDED_BADLY:
        raise typer.Exit(1)


@hub_command(app, "set")
def set_values(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    values: Annotated[list[str], typer.Argument(metavar="PROPERTY=VALUE...")],
    why: Why = None,
    key: Key = None,
    ttl: Ttl = 0.0,
    confirm: Confirm = None,
    wait: Wait = WAIT_S,
) -> None:
    """Ask a thing to take on values, and say what became of it."""
    body = {"set": read_pairs(values), "why": why, "ttl_s": ttl, "confirmation": confirm, "key": key}
    _command(hub, screen, id, body, wait)


@hub_command(app, "call")
def call_action(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    action: Annotated[str, typer.Argument(help="The action.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARG=VALUE...]")] = None,
    why: Why = None,
    key: Key = None,
    ttl: Ttl = 0.0,
    confirm: Confirm = None,
    wait: Wait = WAIT_S,
) -> None:
    """Call an action of a thing, and say what became of it."""
    asked = {"call": action, "input": read_pairs(arguments or [])}
    body = {**asked, "why": why, "ttl_s": ttl, "confirmation": confirm, "key": key}
    _command(hub, screen, id, body, wait)


@hub_command(app, "cancel")
def cancel(
    hub: Hub, screen: Screen, command: Annotated[str, typer.Argument(metavar="COMMAND", help="The command's id.")]
) -> None:
    """Take back a command that has not left yet."""
    command_app.cancel_command(hub, screen, command)


@hub_command(app, "history")
def history(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    property: Annotated[str, typer.Argument(metavar="PROPERTY")],
    last: Annotated[str, typer.Option(help="How far back, such as 90m, 24h or 7d.")] = "24h",
    points: Annotated[int, typer.Option(help="At most so many buckets instead of raw values.", min=0)] = 0,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Show what a property was."""
    query = {"property": property, "from": read_ago(last, "--last"), "points": points or None}
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = hub.get(f"/api/v1/things/{id}/history", **query, limit=10_000, after=after)
        found += page["points"]
        after = page.get("next")
        if after is None:
            break
    columns = ["at", "min", "mean", "max", "last", "count"] if points else ["at", "value"]
    if as_csv:
        writer = csv.DictWriter(sys.stdout, columns)
        writer.writeheader()
        writer.writerows(found)
        return
    screen.rows(found, {key: key.upper() for key in columns}, empty=f"Nothing in the last {last}.")


@hub_command(app, "watch")
def watch(
    hub: Hub,
    screen: Screen,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this thing.")] = None,
    place: Annotated[str | None, typer.Option(help="Only in this place and below.")] = None,
    trait: Annotated[str | None, typer.Option(help="Only this trait.")] = None,
) -> None:
    """Print changes as they happen, until Ctrl-C; with --json a JSON object per line."""
    from websockets.exceptions import ConnectionClosed, InvalidHandshake
    from websockets.sync.client import connect

    address = "ws" + hub.url.removeprefix("http") + "/api/v1/live"
    try:
        with connect(address) as socket:
            socket.send(msgspec.json.encode({"token": hub.token}).decode())
            wanted = {"thing": id, "place": place, "trait": trait}
            socket.send(msgspec.json.encode({"subscribe": wanted}).decode())
            for text in socket:
                print_frame(screen, msgspec.json.decode(text), text)
    except ConnectionClosed as error:
        raise HostError("The hub closed the connection", code="hub_unreachable", mend="Run: unisono status") from error
    except (OSError, InvalidHandshake) as error:
        raise hub.unreachable(error) from error


def print_frame(screen: Screen, frame: dict[str, Any], text: str | bytes) -> None:
    """Show one frame of the live view; ``text`` is the same as it came."""
    if "error" in frame:
        error = frame["error"]
        raise CallerError(error["detail"], code=error["code"], field=error.get("field"), mend=error.get("mend"))
    if screen.as_json:
        print(text if isinstance(text, str) else text.decode(), flush=True)
        return
    if "command" in frame:
        command = frame["command"]
        print(f"{command['at']}  {frame['thing']}  command {command['id']} {command['state']}", flush=True)
        return
    if "alarm" in frame:
        alarm = frame["alarm"]
        at = alarm["cleared"] or alarm["raised"] or "-"
        print(f"{at}  {frame['thing']}  alarm {alarm['name']} ({alarm['severity']}) {alarm['state']}", flush=True)
        return
    if "changed" not in frame:
        return  # of a kind that this program does not know yet; --json shows it
    values = [f"{key}={show_value(each['value'])}" for key, each in frame["changed"].items()]
    if "online" in frame:
        values.append("came online" if frame["online"] else "went offline")
    print(f"{frame['at']}  {frame['thing']}  {' '.join(values)}", flush=True)
