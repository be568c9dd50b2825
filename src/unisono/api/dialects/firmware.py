"""Firmware for things: put there by whoever configures them, fetched by the device in its own language.

Knows rows, rights and bytes. Knows no dialect: what a device is told of it, and how it asks, its dialect says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, put
from litestar.connection import Request
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from unisono.access import Action, is_ticket
from unisono.api.auth import now_us
from unisono.api.context import ApiContext
from unisono.api.dialects.offered import firmware_name
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import FirmwareRow

__all__ = ["router"]

#: The firmware of a device with a radio has one or two megabytes, of a gateway up to sixteen.
MAX_FIRMWARE = 32 * 1024 * 1024

#: Bytes read from the registry at a time.
PART = 512 * 1024
#: A part of it, as a device asks that lost its line meanwhile (RFC 9110 section 14); several parts at once: all of it.
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")

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
    # its line, or that of its gateway, is told anew what it speaks for, and asks
    context.directory.announce([each for each in (row.id, row.parent) if each is not None], again=True)
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


@get(
    "/firmware/{thing_id:str}/{ticket:str}",
    media_type="application/octet-stream",
    response_description="Its bytes",
    open_door=True,
    security=[],
)
async def fetch_firmware(
    request: Request[Any, Any, Any], context: Context, thing_id: FromPath[str], ticket: FromPath[str]
) -> Stream:
    """The bytes, for the device that was told this address in its own language; all, or a part by ``Range``.

    The address is good as long as the thing is offered just this firmware.
    """
    row = await context.registry.get_firmware(thing_id)
    if row is None or not is_ticket(ticket, firmware_name(row), context.pepper):
        raise CallerError("there is no firmware at this address", code="not_found")
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    first = int(asked[1]) if asked is not None else 0
    last = min(int(asked[2]) if asked is not None and asked[2] else row.size, row.size - 1)
    headers = {"content-length": str(last - first + 1), "accept-ranges": "bytes"}
    if asked is not None:
        if last < first:
            raise CallerError(
                f"it has {row.size} bytes", code="bad_request", field="range", expected=f"bytes=0-{row.size - 1}"
            )
        headers["content-range"] = f"bytes {first}-{last}/{row.size}"
    status = 206 if asked is not None else 200
    return Stream(_parts(context, row, first, last), status_code=status, headers=headers)


async def _parts(context: ApiContext, row: FirmwareRow, first: int, last: int) -> AsyncIterator[bytes]:
    while first <= last:
        part = await context.registry.read_firmware(row.thing, first, min(PART, last - first + 1))
        if not part:
            return  # it was taken away meanwhile
        first += len(part)
        yield part


def _nothing(thing: str) -> CallerError:
    return CallerError(f"there is no firmware for {thing!r}", code="not_found", field="thing")


def _shown(row: FirmwareRow) -> FirmwareShown:
    return FirmwareShown(row.thing, row.title, row.version, row.size, row.sha256, iso(row.created))


router = Router("/", route_handlers=[put_firmware, get_firmware, remove_firmware, fetch_firmware], tags=["dialects"])
