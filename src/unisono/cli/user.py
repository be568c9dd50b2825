"""``unisono user``: people and programs, what they are, and their tokens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_seconds, read_until
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="People and programs, and their tokens.", no_args_is_help=True)

UserId = Annotated[str, typer.Argument(metavar="ID", help="The user's id.")]

Grants = Annotated[list[str] | None, typer.Option("--grant", help="A role at a place only: ROLE@PLACE.")]
Until = Annotated[
    str | None, typer.Option("--until", help="When the roles at places end: 7d from now, or 2026-12-31T12:00.")
]


@hub_command(app, "list")
def list_users(hub: Hub, screen: Screen) -> None:
    """List people and programs."""
    columns = {
        "id": "ID",
        "name": "NAME",
        "role": "ROLE",
        "grants": "AT PLACES",
        "ends": "UNTIL",
        "disabled": "DISABLED",
    }
    screen.rows(list(hub.items("/api/v1/users")), columns, empty="Nobody.")


@hub_command(app, "add")
def add_user(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    role: Annotated[str, typer.Option(help="On the whole hub: administrator, owner, operator, member, guest...")] = "",
    grant: Grants = None,
    until: Until = None,
    program: Annotated[bool, typer.Option("--program", help="No password: it signs in with tokens only.")] = False,
    password: Annotated[
        str | None, typer.Option(envvar="UNISONO_PASSWORD", help="Asked for when absent.", show_envvar=True)
    ] = None,
) -> None:
    """Add a person, or with --program a program."""
    grants = read_grants(grant)
    if not program and password is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    body: dict[str, Any] = {"id": id, "role": role, "grants": grants, "ends": read_ends(grants, until)}
    if name is not None:
        body["name"] = name
    if not program:
        body["password"] = password
    screen.fields(hub.post("/api/v1/users", body))
    if not role and not grants:
        note(f"{id} has no role yet and may do nothing. To give it one: unisono user grant {id} ROLE@PLACE")


@hub_command(app, "change")
def change_user(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    name: Annotated[str | None, typer.Option(help="Another full name.")] = None,
    role: Annotated[str | None, typer.Option(help='Another role on the whole hub; "" for none.')] = None,
    disable: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether they may come in.")] = None,
) -> None:
    """Change a user's name, role on the whole hub, or whether they may come in."""
    given = {"name": name, "role": role, "disabled": disable}
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise CallerError("Nothing to change", code="bad_usage", expected="--name, --role, --disable or --enable")
    screen.fields(hub.send("PATCH", f"/api/v1/users/{id}", body=body))


@hub_command(app, "password")
def change_password(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    password: Annotated[
        str | None, typer.Option(envvar="UNISONO_PASSWORD", help="Asked for when absent.", show_envvar=True)
    ] = None,
    old: Annotated[
        str | None,
        typer.Option("--old", envvar="UNISONO_OLD_PASSWORD", help="For one's own; asked for when absent."),
    ] = None,
) -> None:
    """Give a user another password. Their other sessions end."""
    if old is None and hub.get("/api/v1/me")["id"] == id:
        old = typer.prompt("The password so far", hide_input=True, err=True)
    if password is None:
        password = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    body = {"password": password} | ({"old_password": old} if old is not None else {})
    screen.fields(hub.send("PATCH", f"/api/v1/users/{id}", body=body))


@hub_command(app, "remove")
def remove_user(hub: Hub, screen: Screen, id: UserId) -> None:
    """Remove a user with all tokens."""
    hub.delete(f"/api/v1/users/{id}")
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "token")
def make_token(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Whose; else one's own.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires: Annotated[str | None, typer.Option(help="When it ends, such as 30d; absent: never.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Narrow it: read, control@PLACE, subscribe:FILTER...")] = None,
) -> None:
    """Make a token. It is shown once."""
    body: dict[str, Any] = {"name": name}
    if expires is not None:
        body["expires_s"] = read_seconds(expires, "--expires")
    if scope:
        body["scopes"] = scope
    made = hub.post(f"/api/v1/users/{id or hub.get('/api/v1/me')['id']}/tokens", body)
    screen.fields(made)
    if not screen.as_json:
        note("The token is shown only now.")


def read_grants(given: list[str] | None) -> dict[str, str]:
    """``ROLE@PLACE`` words as role by place. Raises CallerError ``bad_usage``."""
    grants: dict[str, str] = {}
    for each in given or []:
        role, _, place = each.partition("@")
        if not place:
            raise CallerError(f"{each!r} names no place", code="bad_usage", field="--grant", expected="ROLE@PLACE")
        grants[place] = role
    return grants


def read_ends(grants: dict[str, str], until: str | None) -> dict[str, str]:
    """The same end for every place; none without ``until``."""
    return {} if until is None else dict.fromkeys(grants, read_until(until))
