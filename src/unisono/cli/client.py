"""``unisono client``: who is connected, with what, at what rate; who was refused; and sending one away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, age, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Connected clients: list, look at, send away; and who was refused.", no_args_is_help=True)

COLUMNS = {
    "id": "ID",
    "thing": "THING",
    "speaks": "SPEAKS",
    "address": "FROM",
    "gateway": "DOOR",
    "since": "SINCE",
    "keep_alive_s": "ALIVE",
    "rate_in": "IN/S",
    "rate_out": "OUT/S",
    "subscriptions": "SUBS",
    "queue": "QUEUE",
    "in_flight": "FLIGHT",
    "dropped": "DROPPED",
    "held": "HELD",
}

ATTEMPTS = {
    "at": "LAST",
    "count": "TIMES",
    "address": "FROM",
    "user": "USER NAME",
    "transport": "OVER",
    "kind": "LOOKS LIKE",
    "detail": "WHY",
    "password": "PASSWORD GIVEN",
}

ClientId = Annotated[
    str, typer.Argument(metavar="ID", help="A client's id as the list shows it, or its thing's or program's.")
]


def ago(text: str) -> str:
    """How long ago a time of the API was."""
    return age((datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()) + " ago"


def _line(client: dict[str, Any]) -> dict[str, Any]:
    return {
        **client,
        "thing": f"program {client['person']}" if client["person"] else client["thing"],
        "speaks": f"MQTT {client['protocol']} {client['transport']}",
        "since": ago(client["since"]),
        "rate_in": f"{client['messages_in_per_s']:g}",
        "rate_out": f"{client['messages_out_per_s']:g}",
    }


@hub_command(app, "list")
def list_clients(
    hub: Hub,
    screen: Screen,
    *,
    place: Annotated[str | None, typer.Option(help="Only of things in this place and below.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Only with this in id, thing or address.")] = None,
) -> None:
    """List who is connected."""
    found = list(hub.items("/api/v1/clients", place=place, q=q))
    rows = found if screen.as_json else [_line(each) for each in found]
    screen.rows(rows, COLUMNS, empty="Nobody is connected. Who was refused: unisono client attempts")


@hub_command(app, "show")
def show_client(hub: Hub, screen: Screen, id: ClientId) -> None:
    """Show one client with its filters, and its last refused attempt; of a thing with several connections, each."""
    found = _meant(hub, id)
    if len(found) > 1:
        screen.rows(found if screen.as_json else [_line(each) for each in found], COLUMNS, empty="")
        return
    client = hub.get(path_of(found[0]["id"]))
    if screen.as_json:
        screen.json(client)
        return
    refused = client.pop("last_refused")
    screen.fields({**client, "since": f"{client['since']} ({ago(client['since'])})"})
    if refused is not None:
        note(f"Last refused {ago(refused['at'])} ({refused['count']} times): {refused['detail']}")
        note(f"What to change: unisono doctor {client['thing']}")


@hub_command(app, "kick")
def kick_client(hub: Hub, screen: Screen, id: ClientId) -> None:
    """Send a client away, or all of a thing's; it may come back at once."""
    found = _meant(hub, id)
    sent = [each["id"] for each in found]
    for each in sent:
        hub.delete(path_of(each))
    screen.done(f"{' and '.join(sent)} {'was' if len(sent) == 1 else 'were'} sent away", {"id": id, "sent": sent})
    if not screen.as_json:
        person, thing = found[0]["person"], found[0]["thing"]
        shut = f"user tokens {person} --revoke {thing.partition(':')[2]}" if person else f"thing revoke {thing}"
        note(f"It may come back. To keep it out: unisono {shut}")


@hub_command(app, "attempts")
def list_attempts(
    hub: Hub,
    screen: Screen,
    *,
    user: Annotated[str | None, typer.Option(help="Only with this user name.")] = None,
    address: Annotated[str | None, typer.Option(help="Only from this address.")] = None,
) -> None:
    """List connections and sign-ins that were refused, newest first; what to do about them: unisono doctor."""
    found = hub.get("/api/v1/attempts", user=user, address=address, limit=500)["items"]
    rows = found if screen.as_json else [{**each, "at": ago(each["at"])} for each in found]
    screen.rows(rows, ATTEMPTS, empty="Nobody was refused.")


def _meant(hub: Hub, id: str) -> list[dict[str, Any]]:
    """The client of that id, else all of the thing or program of that id. Raises CallerError ``not_found``."""
    near = list(hub.items("/api/v1/clients", q=id))
    found = [each for each in near if each["id"] == id] or [each for each in near if each["thing"] == id]
    found = found or [each for each in hub.items("/api/v1/clients", q="token:") if each["person"] == id]
    if not found:
        raise CallerError(
            f"No client, thing or program {id[:80]!r} is connected",
            code="not_found",
            mend=f"See who is: unisono client list; why it does not come: unisono doctor {id[:80]}",
        )
    return found


def path_of(client_id: str) -> str:
    """Where the API keeps a client; its id may hold a slash."""
    return f"/api/v1/clients/{quote(client_id, safe='/')}"
