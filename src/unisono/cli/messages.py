"""``unisono thing messages``: what a thing says and what is sent to it, as it goes over the line."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen

__all__ = ["register"]

#: Pause between two looks with --follow.
EVERY_S = 1.0
COLUMNS = {"at": "AT", "way": "WAY", "topic": "TOPIC", "payload": "PAYLOAD", "refused": "REFUSED"}


def register(app: typer.Typer) -> None:
    """Add the command to ``unisono thing``."""
    hub_command(app, "messages")(messages)


def messages(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")],
    limit: Annotated[int, typer.Option(help="At most so many, the newest.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
) -> None:
    """What a thing said and was sent, raw; the hub looks back some minutes."""
    path = f"/api/v1/things/{quote(id, safe='')}/messages"
    found = hub.get(path, limit=limit)
    if not follow:
        screen.rows(found["items"], COLUMNS, empty="It said nothing of late.")
        return
    while True:
        for each in found["items"]:
            _show(screen, each)
        time.sleep(EVERY_S)
        found = hub.get(path, limit=limit, after=found["next"])


def _show(screen: Screen, message: dict[str, Any]) -> None:
    if screen.as_json:
        screen.json(message)
        return
    refused = f"  refused: {message['refused']}" if message["refused"] else ""
    print(f"{message['at']}  {message['way']:<3}  {message['topic']}  {message['payload']}{refused}", flush=True)
