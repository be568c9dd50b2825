"""What gateways are told of a thing's firmware and configuration over the bus. Knows rows; knows no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unisono.access import make_ticket
from unisono.api.dialects.reach import web_address
from unisono.errors import CallerError
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext
    from unisono.store.registry import ConfigurationRow, FirmwareRow

__all__ = ["configuration_name", "firmware_name", "firmware_path", "tell_configuration", "tell_firmware", "tell_part"]

#: Bytes of one answer over the bus, which takes a megabyte.
PART = 512 * 1024


async def tell_firmware(context: ApiContext, asked: talk.DialectAsk) -> dict[str, Any]:
    """What a client's thing is offered; nothing: no firmware."""
    found = await context.registry.get_firmware(await _own(context, asked))
    if found is None:
        return {}
    told = {"title": found.title, "version": found.version, "size": found.size, "sha256": found.sha256}
    return {**told, "url": web_address(context.hub_info()) + firmware_path(found, context.pepper)}


async def tell_configuration(context: ApiContext, asked: talk.DialectAsk) -> dict[str, Any]:
    """Where a client's thing finds its configuration; nothing: it has none."""
    found = await context.registry.get_configuration(await _own(context, asked))
    if found is None:
        return {}
    ticket = make_ticket(configuration_name(found), context.pepper)
    url = f"{web_address(context.hub_info())}/api/v1/configuration/{found.thing}/{ticket}"
    return {"size": len(found.body), "sha256": found.sha256, "url": url}


def configuration_name(row: ConfigurationRow) -> str:
    """What the ticket in its path is for."""
    return f"configuration/{row.thing}/{row.sha256}"


def firmware_path(row: FirmwareRow, pepper: bytes) -> str:
    """Where a device fetches it that can do no more than HTTP: as long as it is offered just this."""
    return f"/api/v1/firmware/{row.thing}/{make_ticket(firmware_name(row), pepper)}"


def firmware_name(row: FirmwareRow) -> str:
    """What the ticket in its path is for."""
    return f"firmware/{row.thing}/{row.sha256}"


async def tell_part(context: ApiContext, asked: talk.DialectAsk) -> dict[str, Any]:
    """Some of its bytes."""
    offset, size = int(asked.facts["offset"]), min(int(asked.facts["size"]), PART)
    return {"data": await context.registry.read_firmware(await _own(context, asked), max(offset, 0), max(size, 0))}


async def _own(context: ApiContext, asked: talk.DialectAsk) -> str:
    row = await context.registry.get_thing(str(asked.facts["thing"]))
    if row is None or row.root != asked.root or asked.by not in (row.id, row.parent):
        raise CallerError("that is no thing of this client", code="not_allowed")
    return row.id
