"""``unisono thing config``: give a device another configuration, to be fetched in its own language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen
from unisono.errors import CallerError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    hub_command(app, "config")(configure)


def configure(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The configuration; without it, what is there.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away; the device keeps what it has.")] = False,
) -> None:
    """Give a device another configuration: a file in the form that its firmware reads."""
    path = f"/api/v1/things/{quote(id, safe='')}/configuration"
    if remove:
        hub.delete(path)
        return
    if file is None:
        screen.fields(hub.get(path))
        return
    try:
        body = file.read_bytes()
    except OSError as error:
        raise CallerError(f"{file}: {error.strerror}", code="bad_usage", field="FILE") from None
    with hub.open("PUT", path, data=body, kind="application/octet-stream") as answer:
        screen.fields(msgspec.json.decode(answer.read()))
