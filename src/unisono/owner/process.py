"""The owner as a process of its own: ``python -m unisono.owner.process``, settings on standard input."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from unisono.access import Outside
from unisono.errors import HostError
from unisono.owner.actor import Actor
from unisono.owner.alarm_answers import AlarmAnswers
from unisono.owner.answers import Answers
from unisono.owner.checkpoint import Checkpointer
from unisono.owner.courtesy import Courtesy
from unisono.owner.effects import Effects
from unisono.owner.fetch import Fetcher
from unisono.owner.owner import Owner
from unisono.owner.pressure import PressureGauge
from unisono.owner.scene_answers import SceneAnswers
from unisono.owner.ticker import Ticker
from unisono.store.bus import Bus, connect
from unisono.store.child import run_child
from unisono.store.history import History
from unisono.store.lease import Lease
from unisono.store.log import Log
from unisono.store.registry.checkpoints import Checkpoints

__all__ = ["OwnerSettings"]

logger = logging.getLogger(__name__)

#: The owner of an earlier life of the hub may need this long to notice its parent's end and close its files.
LET_GO_S = 10.0


class OwnerSettings(msgspec.Struct):
    """``embedded``: the hub holds its data directory's lock, so no other owner can live. ``outside``: what scenes may
    call."""

    partition: str
    nats_url: str
    nats_token: str | None
    registry_url: str
    folder: str
    log_bytes: int
    embedded: bool = True
    outside: Outside = Outside()


async def run(settings: OwnerSettings, ready: Callable[[dict[str, Any]], None]) -> None:
    """Own the partition until cancelled, or until its lease or its log is lost."""
    connection = await connect(settings.nats_url, settings.nats_token, f"owner {settings.partition}")
    # The log comes over a connection of its own: questions and their answers must not queue behind a backlog.
    reading = await connect(settings.nats_url, settings.nats_token, f"owner {settings.partition}, reading")
    bus = Bus(connection)
    lost = asyncio.Event()
    log = await Log.open(connection, settings.partition, max_bytes=settings.log_bytes)
    stream = await Log.open(reading, settings.partition, max_bytes=settings.log_bytes)
    lease = await Lease.acquire(
        connection, settings.partition, f"owner-{settings.partition}", steal=settings.embedded, on_lost=lost.set
    )
    checkpoints = await Checkpoints.open(settings.registry_url)
    checkpointer = Checkpointer(
        checkpoints, settings.registry_url, settings.partition, lease.epoch, log_bytes=settings.log_bytes
    )
    # Nothing of what is loaded now is garbage; collections would walk through all of it again and again, a third of the
    # time that a hundred thousand twins take.
    gc.disable()
    checkpointer.begin()
    history = await _open_history(Path(settings.folder))
    owner = Owner(log, stream, history, checkpointer)
    actor = Actor(owner, bus)
    fetcher = Fetcher(settings.outside)
    effects = Effects(owner, bus, fetcher, actor.told)
    ticker = Ticker(owner, actor.append)
    answers = Answers(owner, actor, effects, bus)
    gauge = PressureGauge(owner, bus, settings.log_bytes)
    Courtesy(owner)
    scene_answers = SceneAnswers(owner, actor, answers, bus)
    await answers.start()
    await scene_answers.start()
    await AlarmAnswers(owner, actor, answers, bus).start()
    try:
        ready({})
        gauge.start()
        await owner.start()
        gc.freeze()
        gc.enable()
        await _until_lost(owner, lost)
    finally:
        await gauge.stop()
        await ticker.stop()
        await effects.stop()
        await fetcher.close()
        await actor.stop()
        await owner.stop()
        await lease.release()
        await stream.close()
        await log.close()
        await bus.close()
        await reading.close()
        await connection.close()


async def _until_lost(owner: Owner, lost: asyncio.Event) -> None:
    losing = asyncio.create_task(lost.wait())
    failing = asyncio.create_task(owner.failed())
    try:
        done, _pending = await asyncio.wait({losing, failing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        losing.cancel()
        failing.cancel()
    if failing in done:
        failing.result()
    raise HostError("the lease of the partition was lost to another owner", code="owner_unavailable")


async def _open_history(folder: Path) -> History:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LET_GO_S
    while True:
        try:
            return await asyncio.to_thread(History, folder)
        except HostError as error:
            if error.code != "already_running" or loop.time() > deadline:
                raise
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    run_child(OwnerSettings, run)
