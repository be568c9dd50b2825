"""All outlets of a hub: each has a worker for what it reads, which begins, changes and ends with it.

Knows the registry, where outlets are kept, and the bus, on which the API says that they changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from unisono.access import Outside, open_sealed
from unisono.connector.outlet.reading import LogWorker, ResultWorker
from unisono.connector.outlet.receiver import Receiver, Secrets, receiver
from unisono.connector.outlet.worker import Worker
from unisono.errors import UnisonoError
from unisono.store.bus import Bus
from unisono.store.log import Log
from unisono.store.registry import OutletRow, Registry
from unisono.twin.outlet import LOGGED, RESULTS, load_outlet
from unisono.twin.talk import OUTLETS_CHANGED

__all__ = ["Outlets"]

logger = logging.getLogger(__name__)


class Outlets:
    """``log_of``: a partition's log."""

    def __init__(
        self, registry: Registry, bus: Bus, partitions: list[str], log_of: Callable[[str], Log], pepper: bytes,
        outside: Outside,
    ) -> None:  # fmt: skip
        self._registry = registry
        self._bus = bus
        self._partitions = partitions
        self._log_of = log_of
        self._pepper = pepper
        self._outside = outside
        self._running: dict[str, tuple[OutletRow, list[asyncio.Task[None]]]] = {}
        self._settling = asyncio.Lock()
        self._ends: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._ends.append(await self._bus.subscribe(OUTLETS_CHANGED, lambda payload: self._changed()))
        await self._settle()

    def _changed(self) -> None:
        task = asyncio.create_task(self._settle(), name="outlets")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """Let run what is to run now."""
        async with self._settling:
            wanted = {row.id: row for row in await self._registry.list_outlets()}
            for id, (row, tasks) in list(self._running.items()):
                if wanted.get(id) != row:
                    del self._running[id]
                    await _end(tasks)
            for id, row in wanted.items():
                if id not in self._running:
                    self._running[id] = (row, await self._begin(row))

    async def _begin(self, row: OutletRow) -> list[asyncio.Task[None]]:
        try:
            outlet = load_outlet(msgspec.json.decode(row.document))
        except UnisonoError as error:
            logger.error("outlet %s cannot run: %s", row.id, error)
            return []
        opened = open_sealed(row.sealed, f"outlet:{row.id}", self._pepper) if row.sealed else "{}"
        secrets = msgspec.json.decode(opened or "{}", type=Secrets)
        place = await self._registry.get_place(row.place)
        if place is None or place.partition not in self._partitions:
            return []
        partition, log = place.partition, self._log_of(place.partition)

        def way(source: str) -> Receiver:
            return receiver(outlet, secrets, self._outside, f"{partition}-{source}")

        workers: list[Worker] = []
        if LOGGED & set(outlet.what):
            workers.append(LogWorker(outlet, way(LogWorker.source), log, self._registry, partition))
        if RESULTS & set(outlet.what):
            results = ResultWorker(outlet, way(ResultWorker.source), log, self._registry, partition, row.created)
            workers.append(results)
        return [asyncio.create_task(each.run(), name=f"outlet {row.id}, {each.source}") for each in workers]

    async def stop(self) -> None:
        for end in self._ends:
            end()
        await _end(list(self._tasks))
        for _row, tasks in self._running.values():
            await _end(tasks)
        self._running = {}


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
