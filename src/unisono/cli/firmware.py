"""``unisono thing firmware``: offer a device another firmware."""

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

#: Seconds for a firmware of 32 MB over a slow line.
UPLOAD_S = 300.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    hub_command(app, "firmware")(firmware)


def firmware(
    hub: Hub,
    screen: Screen,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The firmware; without it, what is there.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Its version; else named after its SHA-256.")] = None,
    title: Annotated[str, typer.Option(help="Its name, which some devices compare.")] = "firmware",
    remove: Annotated[bool, typer.Option("--remove", help="Offer it no more.")] = False,
) -> None:
    """Offer a device another firmware, to be fetched in its own language."""
    path = f"/api/v1/things/{quote(id, safe='')}/firmware"
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
    query = {"version": version, "title": title}
    kind = "application/octet-stream"
    with hub.open("PUT", path, data=body, query=query, timeout_s=UPLOAD_S, kind=kind) as answer:
        screen.fields(msgspec.json.decode(answer.read()))
