"""A notifier in a process of its own, to be killed: ``python -m tests.notify.worker``, settings on standard input."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.notify import built_in_services
from unisono.notify.notifier import Notifier
from unisono.store.bus import Bus, connect
from unisono.store.child import run_child
from unisono.store.registry import Registry


class WorkerSettings(msgspec.Struct):
    """``pepper``: hex."""

    nats_url: str
    nats_token: str | None
    registry_url: str
    pepper: str


async def run(settings: WorkerSettings, ready: Callable[[dict[str, Any]], None]) -> None:
    """Notify until cancelled."""
    connection = await connect(settings.nats_url, settings.nats_token, "notifier")
    bus = Bus(connection)
    registry = await Registry.open(settings.registry_url)
    notifier = Notifier(registry, bus, ["0"], bytes.fromhex(settings.pepper), built_in_services())
    await notifier.start()
    try:
        ready({})
        await asyncio.Event().wait()
    finally:
        await notifier.stop()
        await bus.close()
        await registry.close()
        await connection.close()


if __name__ == "__main__":
    run_child(WorkerSettings, run)
