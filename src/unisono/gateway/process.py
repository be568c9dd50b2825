"""The gateway as a process of its own: ``python -m unisono.gateway.process``, settings on standard input."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.gateway.limits import HubLimits
from unisono.gateway.retained import Retained
from unisono.gateway.server import Gateway
from unisono.store.bus import Bus, connect
from unisono.store.child import run_child
from unisono.store.log import Log
from unisono.store.table import Table

__all__ = ["RETAINED_BYTES", "GatewaySettings"]

#: Retained messages of the whole hub; the oldest go first. A home has hundreds, a Zigbee bridge a few thousand.
RETAINED_BYTES = 64 * 1024 * 1024


class GatewaySettings(msgspec.Struct):
    id: str
    nats_url: str
    nats_token: str | None
    partitions: list[str]
    log_bytes: int
    host: str
    port: int
    allowed: HubLimits = HubLimits()


async def run(settings: GatewaySettings, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve devices until cancelled."""
    connection = await connect(settings.nats_url, settings.nats_token, f"gateway {settings.id}")
    bus = Bus(connection)
    logs = {p: await Log.open(connection, p, max_bytes=settings.log_bytes) for p in settings.partitions}
    table = await Table.open(connection, "retained", max_bytes=RETAINED_BYTES)
    gateway = Gateway(
        settings.id, bus, logs.__getitem__, settings.partitions, Retained(table), allowed=settings.allowed
    )
    try:
        port = await gateway.start(settings.host, settings.port)
        ready({"port": port})
        await asyncio.Event().wait()
    finally:
        await gateway.stop()
        await table.close()
        for log in logs.values():
            await log.close()
        await bus.close()
        await connection.close()


if __name__ == "__main__":
    run_child(GatewaySettings, run)
