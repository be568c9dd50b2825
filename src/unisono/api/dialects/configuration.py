"""Remote configuration of things: put there by whoever configures them, fetched by the device in its own language.

Knows rows, rights and bytes; what is in them the maker's firmware knows. Knows no dialect.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.connection import Request
from litestar.params import FromPath

from unisono.access import Action, is_ticket
from unisono.api.auth import now_us
from unisono.api.context import ApiContext
from unisono.api.dialects.offered import configuration_name
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import ConfigurationRow

__all__ = ["router"]

#: What Alibaba's platform takes; a device keeps it in memory while it reads it.
MAX_CONFIGURATION = 64 * 1024


class ConfigurationShown(msgspec.Struct):
    """What a thing may fetch. ``size`` in bytes, ``sha256`` in hexadecimal."""

    thing: str
    size: int
    sha256: str
    created: str


@put("/things/{thing_id:str}/configuration", request_max_body_size=MAX_CONFIGURATION)
async def put_configuration(
    request: Request[Any, Any, Any], context: Context, identity: Asker, thing_id: FromPath[str]
) -> ConfigurationShown:
    """Give a thing another configuration: the body as it is. A device that speaks a language with a word for it is
    told at once, if it is there; else it finds it when it asks."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    body = await request.body()
    if not body:
        raise CallerError("the configuration is empty", code="bad_request", expected="its bytes as the body")
    made = ConfigurationRow(row.id, hashlib.sha256(body).hexdigest(), now_us(), body)
    await context.registry.put_configuration(made)
    # its line, or that of its gateway, is told anew what it speaks for, and asks
    context.directory.announce([each for each in (row.id, row.parent) if each is not None], again=True)
    return _shown(made)


@get("/things/{thing_id:str}/configuration")
async def get_configuration(context: Context, identity: Asker, thing_id: FromPath[str]) -> ConfigurationShown:
    """What a thing may fetch."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    return _shown(await _found(context, row.id))


@delete("/things/{thing_id:str}/configuration", status_code=204)
async def remove_configuration(context: Context, identity: Asker, thing_id: FromPath[str]) -> None:
    """Take it away; the device keeps what it has."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    if not await context.registry.remove_configuration(row.id):
        raise _nothing(row.id)


@get(
    "/configuration/{thing_id:str}/{ticket:str}",
    media_type="application/octet-stream",
    response_description="Its bytes",
    open_door=True,
    security=[],
)
async def fetch_configuration(context: Context, thing_id: FromPath[str], ticket: FromPath[str]) -> Response[bytes]:
    """The bytes, for the device that was told this address in its own language.

    The address is good as long as the thing has just this configuration.
    """
    row = await context.registry.get_configuration(thing_id)
    if row is None or not is_ticket(ticket, configuration_name(row), context.pepper):
        raise CallerError("there is no configuration at this address", code="not_found")
    return Response(row.body, media_type="application/octet-stream")


async def _found(context: ApiContext, thing: str) -> ConfigurationRow:
    found = await context.registry.get_configuration(thing)
    if found is None:
        raise _nothing(thing)
    return found


def _nothing(thing: str) -> CallerError:
    return CallerError(f"there is no configuration for {thing!r}", code="not_found", field="thing")


def _shown(row: ConfigurationRow) -> ConfigurationShown:
    return ConfigurationShown(row.thing, len(row.body), row.sha256, iso(row.created))


router = Router(
    "/",
    route_handlers=[put_configuration, get_configuration, remove_configuration, fetch_configuration],
    tags=["dialects"],
)
