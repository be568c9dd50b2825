"""One outlet at work: reads the log from its own position, sends, and remembers how far everything has arrived.

Knows the log, the registry and a receiver. A slow receiver holds this reader back and nobody else: what is in memory is
bounded, and what the log has purged meanwhile is counted and told. The position is written after the receiver has said
that it has what came before, so a crash repeats, and loses nothing; every item has an id by which a receiver drops
repetitions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque

import msgspec

from unisono.connector.outlet.receiver import Receiver
from unisono.errors import HostError
from unisono.store.log import Log
from unisono.store.registry import OutletState, Registry
from unisono.twin.outlet import Extract, Item, Outlet
from unisono.twin.record import decode_batch

__all__ = ["Worker"]

logger = logging.getLogger(__name__)

#: Items read ahead of the receiver, in batches: beyond, the log's server waits for us.
AHEAD_BATCHES = 4
#: Pauses between attempts, growing.
FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 60.0
#: The position is written so often while nothing of the log concerns the outlet.
IDLE_SAVE_S = 5.0
PAGE = 1_000


class Worker:
    """``outlet`` in one partition."""

    def __init__(self, outlet: Outlet, receiver: Receiver, log: Log, registry: Registry, partition: str) -> None:
        self.outlet = outlet
        self._receiver = receiver
        self._log = log
        self._registry = registry
        self._partition = partition
        self._items: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._read_to = 0
        self._state = OutletState(outlet.id, partition, 0, 0, 0, None, 0)
        self._extract = Extract(outlet)

    async def run(self) -> None:
        """Work until cancelled; trouble with the log or the registry begins anew after a pause."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._run()
            except HostError as error:
                logger.warning("outlet %s begins anew: %s", self.outlet.id, error)
            await asyncio.sleep(pause_s)
            pause_s = min(LAST_PAUSE_S, pause_s * 2)

    async def _run(self) -> None:
        first, last, _size = await self._log.bounds()
        saved = await self._registry.outlet_state(self.outlet.id, self._partition)
        if saved is None or saved.seq > last:  # new; or the log is another one, from whose end it goes on
            before = saved or self._state
            saved = msgspec.structs.replace(before, seq=last)
            await self._registry.put_outlet_state(saved)
        self._state = saved
        self._items.clear()
        self._room.set()
        self._read_to = saved.seq
        await self._furnish()
        if saved.seq + 1 < first:
            self._skipped(first - saved.seq - 1)
            self._read_to = first - 1
        reader = await self._log.read(self._read_to + 1, self._message, ready=self._has_room)
        sending = asyncio.create_task(self._send_on(), name=f"outlet {self.outlet.id}")
        reading = asyncio.create_task(reader.wait_ended())
        try:
            done, _pending = await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)
            await reader.stop()
            await self._receiver.close()

    async def _has_room(self) -> None:
        await self._room.wait()

    async def _furnish(self) -> None:
        """Which places, things and models there are."""
        after: str | None = None
        while places := await self._registry.list_places(after=after, limit=PAGE):
            for place in places:
                self._extract.put_place(place.id, place.parent)
            after = places[-1].id
        after = None
        known: set[tuple[str, int]] = set()
        while things := await self._registry.find_things(partition=self._partition, after=after, limit=PAGE):
            for thing in things:
                key = (thing.model, thing.model_version)
                if key not in known:
                    known.add(key)
                    document = await _document(self._registry, *key)
                    if document is not None:
                        self._extract.put_model(*key, document)
                self._extract.put_thing(thing.id, thing.place, *key)
            after = things[-1].id

    def _skipped(self, messages: int) -> None:
        text = f"{messages} messages of the log were purged before they could be sent"
        logger.warning("outlet %s: %s", self.outlet.id, text)
        self._state = msgspec.structs.replace(self._state, skipped=self._state.skipped + messages, error=text)

    def _message(self, seq: int, payload: bytes) -> None:
        if seq > self._read_to + 1:
            self._skipped(seq - self._read_to - 1)
        self._read_to = seq
        try:
            batch = decode_batch(payload)
        except msgspec.DecodeError:
            return  # the owner says so when it meets the like
        self._items.extend(self._extract.take(self._partition, seq, batch))
        if len(self._items) > AHEAD_BATCHES * self.outlet.batch:
            self._room.clear()
        self._wake.set()

    async def _send_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_SAVE_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            while self._items:
                await self._send_batch()
            if self._read_to > self._state.seq:  # nothing up to there is waiting
                await self._save(self._read_to, 0)

    async def _send_batch(self) -> None:
        batch = [self._items[n] for n in range(min(self.outlet.batch, len(self._items)))]
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._receiver.send(batch)
                break
            except HostError as error:
                if str(error) != self._state.error:
                    logger.warning("outlet %s waits: %s", self.outlet.id, error)
                    self._state = msgspec.structs.replace(self._state, error=str(error), at=time.time_ns() // 1000)
                    with contextlib.suppress(HostError):
                        await self._registry.put_outlet_state(self._state)
            await asyncio.sleep(pause_s)
            pause_s = min(LAST_PAUSE_S, pause_s * 2)
        for _item in batch:
            self._items.popleft()
        if len(self._items) <= AHEAD_BATCHES * self.outlet.batch // 2:
            self._room.set()
        # a message of the log counts once its last item has arrived
        arrived = batch[-1].seq if not self._items or self._items[0].seq > batch[-1].seq else batch[-1].seq - 1
        await self._save(max(arrived, self._state.seq), len(batch))

    async def _save(self, seq: int, sent: int) -> None:
        state = self._state
        error = None if sent else state.error
        at = time.time_ns() // 1000
        self._state = msgspec.structs.replace(state, seq=seq, sent=state.sent + sent, error=error, at=at)
        await self._registry.put_outlet_state(self._state)


async def _document(registry: Registry, model: str, version: int) -> bytes | None:
    """The JSON of a model version; built-in ones are not in the registry."""
    from unisono.thing import builtin_models, dump_model

    found = await registry.get_model(model, version)
    if found is not None:
        return found.document.encode()
    builtin = builtin_models().get(model)
    return dump_model(builtin) if builtin is not None and builtin.version == version else None
