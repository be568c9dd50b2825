"""``unisono user``: people and programs, and their tokens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="People and programs, and their tokens.", no_args_is_help=True)

UserId = Annotated[str, typer.Argument(metavar="ID", help="The user's id.")]

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


@hub_command(app, "list")
def list_users(hub: Hub, screen: Screen) -> None:
    """List people and programs."""
    columns = {"id": "ID", "name": "NAME", "role": "ROLE", "grants": "AT PLACES", "disabled": "DISABLED"}
    screen.rows(list(hub.items("/api/v1/users")), columns, empty="Nobody.")


@hub_command(app, "add")
def add_user(
    hub: Hub,
    screen: Screen,
    *,
    id: UserId,
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    role: Annotated[str, typer.Option(help="On the whole hub: administrator, owner, operator, member, guest...")] = "",
    grant: Annotated[list[str] | None, typer.Option(help="A role at a place only: ROLE@PLACE.")] = None,
    program: Annotated[bool, typer.Option("--program", help="No password: it signs in with tokens only.")] = False,
    password: Annotated[
        str | None, typer.Option(envvar="UNISONO_PASSWORD", help="Asked for when absent.", show_envvar=True)
    ] = None,
) -> None:
    """Add a person, or with --program a program."""
    grants: dict[str, str] = {}
    for each in grant or []:
        role_at, _, place = each.partition("@")
        if not place:
            raise CallerError(f"{each!r} names no place", code="bad_usage", field="--grant", expected="ROLE@PLACE")
        grants[place] = role_at
    if not program and password is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    body: dict[str, Any] = {"id": id, "role": role, "grants": grants}
    if name is not None:
        body["name"] = name
    if not program:
        body["password"] = password
    screen.fields(hub.post("/api/v1/users", body))
    if not role and not grants:
        note(f"{id} has no role yet and may do nothing. To give it one: unisono user remove {id}, then add it again")
        note("with --role ROLE or --grant ROLE@PLACE.")


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


def read_seconds(text: str, field: str) -> float:
    """``30d`` and the like as seconds. Raises CallerError ``bad_usage``."""
    try:
        return float(text[:-1]) * SECONDS[text[-1:]]
    except (ValueError, KeyError):
        raise CallerError(
            f"{text!r} is no length of time", code="bad_usage", field=field, expected="90m, 24h, 30d"
        ) from None
