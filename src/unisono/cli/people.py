"""``unisono user``, the rest: roles at places, invitations, sessions, tokens, second factors, the audit of access."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_seconds, read_until
from unisono.cli.screen import Screen, note
from unisono.cli.user import Grants, Until, UserId, app, read_ends, read_grants
from unisono.errors import CallerError

__all__ = ["app"]

Whose = Annotated[str | None, typer.Argument(metavar="[ID]", help="Whose; else one's own.")]


def whose(hub: Hub, id: str | None) -> str:
    """The user who is meant."""
    return id or str(hub.get("/api/v1/me")["id"])


@hub_command(app, "grant")
def grant_role(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    role: Annotated[str, typer.Argument(metavar="ROLE@PLACE", help="owner, member, guest, operator or viewer.")],
    until: Until = None,
) -> None:
    """Give a user a role at a place and below it."""
    ((place, name),) = read_grants([role]).items()
    body: dict[str, Any] = {"role": name}
    if until is not None:
        body["ends"] = read_until(until)
    screen.fields(hub.send("PUT", f"/api/v1/places/{place}/people/{id}", body=body))


@hub_command(app, "ungrant")
def take_role(
    hub: Hub, screen: Screen, id: UserId, place: Annotated[str, typer.Argument(metavar="PLACE", help="The place.")]
) -> None:
    """Take back the role that a user was given at a place."""
    hub.delete(f"/api/v1/places/{place}/people/{id}")
    screen.done(f"{id} has no role of its own at {place} any more", {"id": id, "place": place})


@hub_command(app, "at")
def list_members(
    hub: Hub, screen: Screen, place: Annotated[str, typer.Argument(metavar="PLACE", help="The place.")]
) -> None:
    """List who may do something at a place, and by which role."""
    columns = {"id": "ID", "name": "NAME", "role": "ROLE", "at": "GIVEN AT", "ends": "UNTIL", "counts": "COUNTS"}
    screen.rows(list(hub.items(f"/api/v1/places/{place}/people", limit=None)), columns, empty="Nobody.")


@hub_command(app, "invite")
def invite(
    hub: Hub,
    screen: Screen,
    *,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="For whom it is.")] = "",
    grant: Grants = None,
    until: Until = None,
    role: Annotated[str, typer.Option(help="On the whole hub.")] = "",
    valid: Annotated[str, typer.Option(help="How long it waits to be taken.")] = "7d",
) -> None:
    """Make a one-time link with which a person comes in. It is shown once."""
    grants = read_grants(grant)
    body = {
        "name": name,
        "role": role,
        "grants": grants,
        "ends": read_ends(grants, until),
        "valid_s": read_seconds(valid, "--valid"),
    }
    made = hub.post("/api/v1/invitations", body)
    if screen.as_json:
        screen.json(made)
        return
    screen.fields({key: value for key, value in made.items() if key != "qr"})
    _show_qr(made["url"])
    note("The link is shown only now, and good for one person.")


@hub_command(app, "invitations")
def invitations(
    hub: Hub,
    screen: Screen,
    *,
    revoke: Annotated[str | None, typer.Option(metavar="ID", help="Take this one back.")] = None,
) -> None:
    """List invitations and what became of them, or take one back."""
    if revoke is not None:
        hub.delete(f"/api/v1/invitations/{revoke}")
        screen.done(f"{revoke} was revoked", {"id": revoke})
        return
    columns = {
        "id": "ID",
        "state": "STATE",
        "name": "FOR",
        "role": "ROLE",
        "grants": "AT PLACES",
        "made_by": "BY",
        "expires": "UNTIL",
        "taken_by": "TAKEN BY",
    }
    screen.rows(list(hub.items("/api/v1/invitations")), columns, empty="No invitations.")


@hub_command(app, "join")
def join(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    code: Annotated[str | None, typer.Option(envvar="UNISONO_INVITATION", help="Asked for when absent.")] = None,
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="UNISONO_PASSWORD", help="Asked for when absent.", show_envvar=True)
    ] = None,
) -> None:
    """Take an invitation: make an account and be signed in. The session's token is shown once."""
    code = code or typer.prompt("The code of the invitation", err=True)
    password = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    body = {"code": code.rpartition("/")[2], "user": id, "password": password} | ({"name": name} if name else {})
    screen.fields(hub.send("POST", "/api/v1/join", body=body, signed=False))


@hub_command(app, "login")
def login(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    code: Annotated[str | None, typer.Option(help="Of the authenticator app; asked for when it is wanted.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="UNISONO_PASSWORD", help="Asked for when absent.", show_envvar=True)
    ] = None,
) -> None:
    """Sign in with a password. The session's token is shown once; sign out with `sessions --end`."""
    password = password or typer.prompt("Password", hide_input=True, err=True)
    body = {"user": id, "password": password} | ({"code": code} if code else {})
    try:
        made = hub.send("POST", "/api/v1/login", body=body, signed=False)
    except CallerError as error:
        if error.code != "second_factor" or code:
            raise
        body["code"] = typer.prompt("Code", err=True)
        made = hub.send("POST", "/api/v1/login", body=body, signed=False)
    screen.fields(made)


@hub_command(app, "tokens")
def tokens(
    hub: Hub,
    screen: Screen,
    *,
    id: Whose = None,
    revoke: Annotated[str | None, typer.Option(metavar="TOKEN_ID", help="Revoke this one.")] = None,
) -> None:
    """List a user's tokens, or revoke one."""
    user = whose(hub, id)
    if revoke is not None:
        hub.delete(f"/api/v1/users/{user}/tokens/{revoke}")
        screen.done(f"{revoke} was revoked", {"id": revoke})
        return
    columns = {
        "id": "ID",
        "name": "NAME",
        "scopes": "FOR",
        "created": "MADE",
        "expires": "UNTIL",
        "seen": "LAST USED",
        "address": "FROM",
    }
    screen.rows(list(hub.items(f"/api/v1/users/{user}/tokens")), columns, empty="No tokens.")


@hub_command(app, "sessions")
def sessions(
    hub: Hub,
    screen: Screen,
    *,
    id: Whose = None,
    end: Annotated[str | None, typer.Option(metavar="SESSION_ID", help='End this one, or "all" of them.')] = None,
) -> None:
    """List where a user is signed in, or sign them out."""
    user = whose(hub, id)
    if end is not None:
        hub.delete(f"/api/v1/users/{user}/sessions" + ("" if end == "all" else f"/{end}"))
        screen.done(f"{user} was signed out", {"id": end})
        return
    columns = {"id": "ID", "agent": "WITH", "address": "FROM", "created": "SINCE", "seen": "LAST USED"}
    screen.rows(list(hub.items(f"/api/v1/users/{user}/sessions")), columns, empty="Not signed in anywhere.")


@hub_command(app, "factors")
def factors(hub: Hub, screen: Screen, id: Whose = None) -> None:
    """Show what a user signs in with."""
    screen.fields(hub.get(f"/api/v1/users/{whose(hub, id)}/factors"))


@hub_command(app, "totp")
def totp(
    hub: Hub,
    screen: Screen,
    *,
    id: Whose = None,
    off: Annotated[bool, typer.Option("--off", help="Ask for no code any more.")] = False,
    recovery: Annotated[bool, typer.Option("--recovery", help="Make other recovery codes.")] = False,
    code: Annotated[str | None, typer.Option(help="A code that the app shows; asked for when absent.")] = None,
) -> None:
    """Ask for the code of an authenticator app when one signs in with the password."""
    user = whose(hub, id)
    own = user == hub.get("/api/v1/me")["id"]
    if off:
        shown = {"code": code or typer.prompt("Code", err=True)} if own else {}
        screen.fields(hub.post(f"/api/v1/users/{user}/totp/off", shown))
        return
    if recovery:
        shown = {"code": code or typer.prompt("Code", err=True)}
        _show_codes(screen, hub.post(f"/api/v1/users/{user}/recovery", shown))
        return
    made = hub.post(f"/api/v1/users/{user}/totp", None)
    _show_qr(made["uri"])
    note(f"Scan this with the app, or type its secret: {made['secret']}")
    typed = typer.prompt("The code that the app shows", err=True)
    _show_codes(screen, hub.post(f"/api/v1/users/{user}/totp/confirm", {"code": typed}))


def _show_codes(screen: Screen, made: dict[str, Any]) -> None:
    if screen.as_json:
        screen.json(made)
        return
    for each in made["codes"]:
        print(each)
    note("Each of these replaces the app's code once. They are shown only now.")


@hub_command(app, "passkeys")
def passkeys(
    hub: Hub,
    screen: Screen,
    *,
    id: Whose = None,
    remove: Annotated[str | None, typer.Option(metavar="PASSKEY_ID", help="Forget this one.")] = None,
) -> None:
    """List a user's passkeys, or forget one. A browser makes them: the console, My account."""
    user = whose(hub, id)
    if remove is not None:
        hub.delete(f"/api/v1/users/{user}/passkeys/{remove}")
        screen.done(f"{remove} was forgotten", {"id": remove})
        return
    columns = {"id": "ID", "name": "NAME", "host": "FOR", "created": "MADE", "used": "LAST USED"}
    screen.rows(hub.get(f"/api/v1/users/{user}/passkeys")["items"], columns, empty="No passkeys.")


@hub_command(app, "audit")
def audit(
    hub: Hub,
    screen: Screen,
    *,
    user: Annotated[str | None, typer.Option(help="Who did it, or about whom it is.")] = None,
    act: Annotated[str | None, typer.Option(help="signed_in, role_given...; several with commas.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when: a time, or -24h.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Until when.")] = None,
    limit: Annotated[int, typer.Option(help="How many lines.", min=1, max=1000)] = 50,
) -> None:
    """Show who came in, who failed to, and who let whom do what; newest first."""
    query = {"user": user, "act": act, "from": start, "to": end, "limit": limit}
    columns = {"at": "AT", "act": "WHAT", "by": "BY", "about": "ABOUT", "address": "FROM", "detail": "DETAIL"}
    screen.rows(hub.get("/api/v1/audit", **query)["items"], columns, empty="Nothing.")


def _show_qr(text: str) -> None:
    import segno

    segno.make_qr(text, error="m").terminal(compact=True)
