"""Firmware for things: put there by whoever configures them, fetched by the device in its own language.

Knows rows, rights and bytes. Knows no dialect: what a device is told of it, and how it asks, its dialect says.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, put
from litestar.connection import Request
from litestar.params import FromPath, QueryParameter

from unisono.access import Action
from unisono.api.auth import now_us
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import FirmwareRow

__all__ = ["router"]

#: The firmware of a device with a radio has one or two megabytes, of a gateway up to sixteen.
MAX_FIRMWARE = 32 * 1024 * 1024

SHORT = QueryParameter(min_length=1, max_length=100)


class FirmwareShown(msgspec.Struct):
    """What a thing is offered. ``size`` in bytes, ``sha256`` in hexadecimal."""

    thing: str
    title: str
    version: str
    size: int
    sha256: str
    created: str


@put("/things/{thing_id:str}/firmware", request_max_body_size=MAX_FIRMWARE)
async def put_firmware(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    version: Annotated[str | None, SHORT] = None,
    title: Annotated[str, SHORT] = "firmware",
) -> FirmwareShown:
    """Offer a thing another firmware: the body as it is. A device that speaks a language with a word for it is told.

    Without a ``version`` it is named after its SHA-256.
    """
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    body = await request.body()
    if not body:
        raise CallerError("the firmware is empty", code="bad_request", expected="its bytes as the body")
    sha256 = hashlib.sha256(body).hexdigest()
    made = FirmwareRow(row.id, title, version or sha256[:12], sha256, len(body), now_us())
    await context.registry.put_firmware(made, body)
    # its line is told anew what it speaks for, and asks
    context.directory.announce([row.id])
    return _shown(made)


@get("/things/{thing_id:str}/firmware")
async def get_firmware(context: Context, identity: Asker, thing_id: FromPath[str]) -> FirmwareShown:
    """What a thing is offered."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    found = await context.registry.get_firmware(row.id)
    if found is None:
        raise _nothing(row.id)
    return _shown(found)


@delete("/things/{thing_id:str}/firmware", status_code=204)
async def remove_firmware(context: Context, identity: Asker, thing_id: FromPath[str]) -> None:
    """Offer it no more."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    if not await context.registry.remove_firmware(row.id):
        raise _nothing(row.id)


def _nothing(thing: str) -> CallerError:
    return CallerError(f"there is no firmware for {thing!r}", code="not_found", field="thing")


def _shown(row: FirmwareRow) -> FirmwareShown:
    return FirmwareShown(row.thing, row.title, row.version, row.size, row.sha256, iso(row.created))


router = Router("/", route_handlers=[put_firmware, get_firmware, remove_firmware], tags=["dialects"])
