"""``unisono notify``: tell people, see what became of it, and say how and when one wants to be told."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_seconds
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Tell people, and say how and when one wants to be told.", no_args_is_help=True)
channel = typer.Typer(help="Ways to a person: add, list, test, remove.", no_args_is_help=True)
group = typer.Typer(help="People who are told together.", no_args_is_help=True)
app.add_typer(channel, name="channel")
app.add_typer(group, name="group")

COLUMNS = {"at": "AT", "to": "TO", "service": "OVER", "priority": "PRIORITY", "title": "TITLE", "text": "TEXT"}
COLUMNS |= {"state": "STATE", "attempts": "TRIES", "answer": "ANSWER", "id": "ID"}
#: Of a text, in a table.
SHOWN = 60

HOURS = re.compile(r"(?:(?P<days>[a-z,]+) )?(?P<begins>\d{1,2}:\d{2})-(?P<ends>\d{1,2}:\d{2})")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Whose = Annotated[str | None, typer.Option("--user", help="Somebody else's; needs the right to administer.")]
ChannelId = Annotated[str, typer.Argument(metavar="ID", help="The channel, as the list shows it.")]
Priorities = Annotated[
    list[str] | None,
    typer.Option("--priority", help="What goes there: low, normal, high, critical. Any number of times; absent: all."),
]


def _of(user: str | None, rest: str) -> str:
    return f"/api/v1/users/{user}/{rest}" if user else f"/api/v1/me/{rest}"


@hub_command(app, "list")
def list_notifications(
    hub: Hub,
    screen: Screen,
    *,
    state: Annotated[
        str | None, typer.Option(help="Only: waiting, held, sending, sent, failed, given_up, replaced, withdrawn.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="Only those to this person.")] = None,
    last: Annotated[int, typer.Option(min=1, max=1000, help="So many of the newest.")] = 50,
) -> None:
    """List notifications, newest first, with what became of each on each channel."""
    found = hub.get("/api/v1/notifications", state=state, person=person, limit=last)["items"]
    if screen.as_json:
        screen.json(found)
        return
    rows = [row for each in found for row in _lines(each) if state is None or row["state"] == state]
    screen.rows(rows, COLUMNS, empty="Nobody was told anything. To tell somebody: unisono notify send TEXT --to PERSON")


def _lines(told: dict[str, Any]) -> list[dict[str, Any]]:
    text = told["text"].replace("\n", " ")
    shown = {**told, "text": text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"}
    lines = [{**shown, **each, "to": each["person"], "id": told["id"]} for each in told["deliveries"]]
    lines += [{**shown, "to": name, "state": "missed", "answer": why} for name, why in told["missed"].items()]
    return lines


@hub_command(app, "send")
def send(
    hub: Hub,
    screen: Screen,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    to: Annotated[list[str] | None, typer.Option(help="A person or group; any number. Absent: everybody.")] = None,
    title: Annotated[str, typer.Option(help="A few words above it.")] = "",
    priority: Annotated[str, typer.Option(help="low, normal, high or critical.")] = "normal",
    replaces: Annotated[str | None, typer.Option("--group", help="Replaces what waits with the same name.")] = None,
    place: Annotated[str | None, typer.Option(help="The place that it is about.")] = None,
    ttl: Annotated[str | None, typer.Option(help="How long it is worth telling, such as 2h.")] = None,
) -> None:
    """Tell people something. It is on its way when this returns; see: unisono notify list."""
    body: dict[str, Any] = {"text": text, "title": title, "priority": priority, "to": to or []}
    body |= {key: value for key, value in (("group", replaces), ("place", place)) if value is not None}
    if ttl is not None:
        body["ttl_s"] = read_seconds(ttl, "--ttl")
    told = hub.post("/api/v1/notifications", body)
    if screen.as_json:
        screen.json(told)
        return
    for name, why in told["missed"].items():
        note(f"{name}: {why}. To add a channel: unisono notify channel add URL")
    ways = len(told["deliveries"])
    if not ways:
        mend = "See: unisono notify channel list"
        raise CallerError("Nobody is told: there is no way to anybody", code="not_found", mend=mend)
    screen.done(f"{told['id']} goes out over {ways} {'channel' if ways == 1 else 'channels'}")


@hub_command(channel, "list")
def list_channels(hub: Hub, screen: Screen, *, user: Whose = None) -> None:
    """List how one is told."""
    columns = {"id": "ID", "service": "SERVICE", "name": "NAME", "address": "ADDRESS", "priorities": "PRIORITIES"}
    found = hub.get(_of(user, "channels"))["items"]
    screen.rows(found, columns, empty="No channel. To add one: unisono notify channel add URL")


@hub_command(channel, "add")
def add_channel(
    hub: Hub,
    screen: Screen,
    *,
    address: Annotated[
        str,
        typer.Argument(metavar="URL", help="Such as ntfys://ntfy.sh/TOPIC; - reads it from stdin."),
    ],
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    priority: Priorities = None,
    user: Whose = None,
) -> None:
    """Add a way to be told, by its address; all forms: https://appriseit.com/services/. It is not shown again."""
    url = sys.stdin.readline().strip() if address == "-" else address
    body: dict[str, Any] = {"url": url, "name": name}
    if priority:
        body["priorities"] = priority
    made = hub.post(_of(user, "channels"), body)
    screen.fields(made)
    if not screen.as_json:
        note(f"To try it: unisono notify channel test {made['id']}")


@hub_command(channel, "test")
def test_channel(hub: Hub, screen: Screen, *, id: ChannelId, user: Whose = None) -> None:
    """Send a test over a channel and wait for what the service says."""
    said = hub.post(_of(user, f"channels/{id}/test"), {})
    screen.done(f"It was taken: {said['answer'] or 'without a word'}", said)


@hub_command(channel, "remove")
def remove_channel(hub: Hub, screen: Screen, *, id: ChannelId, user: Whose = None) -> None:
    """Remove a channel."""
    hub.delete(_of(user, f"channels/{id}"))
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "quiet")
def quiet(
    hub: Hub,
    screen: Screen,
    *,
    hours: Annotated[
        list[str] | None, typer.Argument(metavar="[HOURS]...", help="22:00-07:00, or 'sat,sun 00:00-09:30'.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone, such as Asia/Shanghai.")] = None,
    passes: Annotated[str | None, typer.Option(help="This and above pass: low, normal, high, critical.")] = None,
    language: Annotated[str | None, typer.Option(help="Of the hub's own words in messages: en, zh.")] = None,
    off: Annotated[bool, typer.Option("--off", help="No quiet hours.")] = False,
    user: Whose = None,
) -> None:
    """Show or say when one is not to be disturbed. What is critical always passes; the rest waits until the end."""
    path = _of(user, "quiet")
    wanted = hub.get(path)
    changes = {"zone": zone, "passes": passes, "language": language}
    given: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
    if hours or off:
        given["hours"] = [] if off else [_hours(each) for each in hours or ()]
    if given:
        wanted = hub.send("PUT", path, body={**wanted, **given})
    shown = [f"{','.join(each['days'])} {each['from']}-{each['to']}".strip() for each in wanted["hours"]]
    screen.fields(wanted if screen.as_json else {**wanted, "hours": shown or ["none"]})


def _hours(text: str) -> dict[str, Any]:
    """Raises CallerError ``bad_usage``."""
    found = HOURS.fullmatch(text.strip().lower())
    days = found["days"].split(",") if found and found["days"] else []
    if found is None or not set(days) <= set(DAYS):
        raise CallerError(
            f"{text!r} are no hours", code="bad_usage", field="HOURS", expected="22:00-07:00 or 'sat,sun 00:00-09:30'"
        )
    return {"from": found["begins"].zfill(5), "to": found["ends"].zfill(5), "days": days}


@hub_command(group, "list")
def list_groups(hub: Hub, screen: Screen) -> None:
    """List groups of people."""
    columns = {"id": "ID", "name": "NAME", "people": "PEOPLE"}
    screen.rows(hub.get("/api/v1/groups")["items"], columns, empty="No group. To make one: unisono notify group set ID")


@hub_command(group, "set")
def set_group(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="The group, such as family.")],
    people: Annotated[list[str], typer.Argument(metavar="PERSON...", help="Who is in it from now on.")],
    name: Annotated[str, typer.Option(help="The full name.")] = "",
) -> None:
    """Make a group, or say who is in it from now on."""
    screen.fields(hub.send("PUT", f"/api/v1/groups/{id}", body={"people": people, "name": name}))


@hub_command(group, "remove")
def remove_group(
    hub: Hub, screen: Screen, *, id: Annotated[str, typer.Argument(metavar="ID", help="The group.")]
) -> None:
    """Forget a group; its people stay."""
    hub.delete(f"/api/v1/groups/{id}")
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "allow")
def allow(
    hub: Hub,
    screen: Screen,
    *,
    hosts: Annotated[
        list[str] | None, typer.Argument(metavar="[HOST]...", help="A name, an address, or 192.168.1.0/24.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Allow them no longer.")] = False,
) -> None:
    """Show or widen where inside the house messages may go. Everything else that is internal is refused."""
    found = hub.get("/api/v1/notifications/allowed")["hosts"]
    if hosts:
        wanted = [each for each in found if each not in hosts] if remove else [*found, *hosts]
        found = hub.send("PUT", "/api/v1/notifications/allowed", body={"hosts": wanted})["hosts"]
    screen.fields({"hosts": found} if screen.as_json or found else {"hosts": "no internal address may be reached"})
