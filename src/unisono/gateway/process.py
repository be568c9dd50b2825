"""The gateway as a process of its own: ``python -m unisono.gateway.process``, settings on standard input."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from unisono.gateway.door.limits import HubLimits
from unisono.gateway.fleet.homes import Homes
from unisono.gateway.fleet.moving import JOURNALS
from unisono.gateway.fleet.peers import PASSED_BYTES
from unisono.gateway.fleet.streams import Streams
from unisono.gateway.server import Gateway
from unisono.gateway.sessions.keeper import JOURNAL_BYTES, Keeper
from unisono.gateway.sessions.retained import Retained
from unisono.store.bus import Bus, connect
from unisono.store.child import run_child
from unisono.store.log import Log
from unisono.store.table import Table
from unisono.store.tls import ServerTls

__all__ = ["GATEWAY_BYTES", "RETAINED_BYTES", "Door", "GatewaySettings"]

#: Retained messages of the whole hub; the oldest go first. A home has hundreds, a Zigbee bridge a few thousand.
RETAINED_BYTES = 64 * 1024 * 1024


class Door(msgspec.Struct):
    """A TCP port; ``tls``: only behind TLS."""

    host: str
    port: int
    tls: bool = False


class GatewaySettings(msgspec.Struct):
    """``serving`` and ``clients``: files as `unisono.store.tls.ServerTls` wants them, needed for doors with TLS;
    ``authority``: the common name of the one among the clients' that is the hub's own.

    ``gateways``: all of the hub, this one too (none: it is alone). ``folder``: private, for local sockets between them.
    """

    id: str
    nats_url: str
    nats_token: str | None
    partitions: list[str]
    log_bytes: int
    doors: list[Door]
    allowed: HubLimits = HubLimits()
    serving: str | None = None
    clients: str | None = None
    authority: str = ""
    gateways: list[str] = []
    folder: str = ""


#: What the streams of one gateway may take.
GATEWAY_BYTES = JOURNAL_BYTES + PASSED_BYTES


async def run(settings: GatewaySettings, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve devices until cancelled."""
    connection = await connect(settings.nats_url, settings.nats_token, f"gateway {settings.id}")
    bus = Bus(connection)
    logs = {p: await Log.open(connection, p, max_bytes=settings.log_bytes) for p in settings.partitions}
    table = await Table.open(connection, "retained", max_bytes=RETAINED_BYTES)
    journal = await Log.open(connection, settings.id, max_bytes=JOURNAL_BYTES, kind=JOURNALS)
    reach = Streams(connection)
    gateways = settings.gateways or [settings.id]
    gateway = Gateway(
        settings.id,
        bus,
        logs.__getitem__,
        settings.partitions,
        Retained(table),
        allowed=settings.allowed.within(connection.max_payload),
        keeper=Keeper(journal, settings.id),
        homes=Homes(settings.id, gateways, Path(settings.folder)) if settings.folder else None,
    )
    gateway.authority = settings.authority
    if len(gateways) > 1:
        gateway.join([id for id in gateways if id != settings.id], reach)
        connection.on_up.append(gateway.bus_is_back)
    tls = _tls(settings)
    watching = asyncio.create_task(tls.watch()) if tls is not None else None
    try:
        await gateway.start()
        context = tls.context if tls is not None else None
        ports = [await gateway.listen(each.host, each.port, context if each.tls else None) for each in settings.doors]
        ready({"ports": ports})
        await asyncio.Event().wait()
    finally:
        if watching is not None:
            watching.cancel()
        await gateway.stop()
        await reach.close()
        await journal.close()
        await table.close()
        for log in logs.values():
            await log.close()
        await bus.close()
        await connection.close()


def _tls(settings: GatewaySettings) -> ServerTls | None:
    if settings.serving is None:
        return None
    return ServerTls(Path(settings.serving), Path(settings.clients) if settings.clients is not None else None)


if __name__ == "__main__":
    run_child(GatewaySettings, run)
