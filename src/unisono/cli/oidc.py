"""``unisono oidc``: let people sign in through another service (OpenID Connect)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note

__all__ = ["app"]

app = typer.Typer(help="Let people sign in through another service (OpenID Connect).", no_args_is_help=True)

UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.")]


@hub_command(app, "set")
def set_issuer(
    hub: Hub,
    screen: Screen,
    *,
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="Its address, such as https://id.example.org.")],
    client_id: Annotated[str, typer.Option(help="What the hub is called there.")],
    secret_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with the client's secret; - reads it from stdin. Absent: the one that is kept stays."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What the button says. Absent: the address.")] = "",
    admit: Annotated[
        bool, typer.Option("--admit", help="Who comes for the first time gets an account, without any rights.")
    ] = False,
) -> None:
    """Set the service. Its host must stand in outside.toml; it is asked what it is."""
    body: dict[str, Any] = {"issuer": issuer, "client_id": client_id, "name": name, "admit": admit}
    if secret_file is not None:
        text = sys.stdin.read() if str(secret_file) == "-" else secret_file.read_text("utf-8")
        body["client_secret"] = text.strip()
    kept = hub.send("PUT", "/api/v1/oidc", body=body)
    if not screen.as_json:
        note(f"Register there, as an address to return to, how people reach the console, such as {kept['redirect']}")
    screen.done(f"People may sign in through {kept['issuer']}", kept)


@hub_command(app, "show")
def show_issuer(hub: Hub, screen: Screen) -> None:
    """Show the service; its secret is never shown."""
    screen.fields(hub.get("/api/v1/oidc"))


@hub_command(app, "remove")
def remove_issuer(hub: Hub, screen: Screen) -> None:
    """Let nobody sign in so any more. Who is signed in stays so."""
    hub.delete("/api/v1/oidc")
    screen.done("Nobody signs in through another service any more", {"issuer": None})


@hub_command(app, "linked")
def list_linked(hub: Hub, screen: Screen, user: UserId) -> None:
    """List the accounts elsewhere that a person signs in with."""
    found = hub.get(f"/api/v1/users/{quote(user, safe='')}/oidc")["items"]
    columns = {"issuer": "ISSUER", "subject": "SUBJECT", "created": "SINCE"}
    screen.rows(found, columns, empty="None. One links one's own in the console, under My account.")


@hub_command(app, "unlink")
def unlink(hub: Hub, screen: Screen, user: UserId) -> None:
    """Forget the accounts elsewhere of a person, and end their sessions."""
    hub.delete(f"/api/v1/users/{quote(user, safe='')}/oidc")
    screen.done(f"{user} signs in here only", {"user": user})
