"""One outlet at work: reads from its own position, sends, and remembers how far everything has arrived.

Knows a stream, the registry and a receiver; what a message of the stream gives is a subclass's business
(`unisono.connector.outlet.reading`). A slow receiver holds this reader back and nobody else: what is in memory is
bounded, and what the stream has purged meanwhile is counted and told, to the receiver too. The position is written
after the receiver has said that it has what came before, so a crash repeats, and loses nothing; every item has an id by
which a receiver drops repetitions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import ClassVar

import msgspec

from unisono.connector.outlet.receiver import Receiver
from unisono.errors import HostError
from unisono.store.log import Log
from unisono.store.registry import OutletState, Registry
from unisono.twin.outlet import Item, Outlet, iso

__all__ = ["Worker"]

logger = logging.getLogger(__name__)

#: Items read ahead of the receiver, in batches: beyond, the log's server waits for us.
AHEAD_BATCHES = 4
#: Pauses between attempts, growing; one that has worked for so long begins with the first again.
FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 60.0
#: The position is written so often while nothing of the stream concerns the outlet.
IDLE_SAVE_S = 5.0

_encode = msgspec.json.Encoder().encode


class Worker(ABC):
    """``outlet`` in one stream of one partition. ``source`` names the stream in the outlet's state, ``unit`` what is
    counted when some of it was purged."""

    source: ClassVar[str]
    unit: ClassVar[str]

    def __init__(self, outlet: Outlet, receiver: Receiver, log: Log, registry: Registry, partition: str) -> None:
        self.outlet = outlet
        self.partition = partition
        self.registry = registry
        self._receiver = receiver
        self._log = log
        self._items: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._read_to = 0
        self._state = OutletState(outlet.id, partition, self.source)
        self._stream = log

    async def run(self) -> None:
        """Work until cancelled; trouble with the log or the registry begins anew after a pause."""
        loop = asyncio.get_running_loop()
        pause_s = FIRST_PAUSE_S
        while True:
            begun = loop.time()
            try:
                await self._run()
            except HostError as error:
                logger.warning("outlet %s begins anew: %s", self.outlet.id, error)
            except Exception as error:
                logger.exception("outlet %s begins anew", self.outlet.id)
                with contextlib.suppress(HostError):
                    await self._say(f"it stumbled: {type(error).__name__}: {error}"[:300])
            if loop.time() - begun > LAST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(LAST_PAUSE_S, pause_s * 2)

    async def _run(self) -> None:
        stream = self._stream = await self._open(self._log)
        try:
            first, last, _size = await stream.bounds()
            self._state = await self._stand(stream, first, last)
            self._items.clear()
            self._room.set()
            self._read_to = self._state.seq
            await self._furnish()
            if self._read_to + 1 < first:
                self._jumped(first)
            await self._work(stream, max(first, self._begin()))
        finally:
            await self._close(stream)

    async def _work(self, stream: Log, begin: int) -> None:
        reader = await stream.read(begin, self._message, ready=self._has_room)
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

    # what is read

    @abstractmethod
    async def _open(self, log: Log) -> Log: ...
    @abstractmethod
    async def _close(self, stream: Log) -> None: ...
    @abstractmethod
    def _start(self, first: int, last: int) -> int:
        """The position of an outlet that has none: what comes behind it is sent."""
        ...

    def _begin(self) -> int:
        """The first message to be read."""
        return self._state.seq + 1

    @abstractmethod
    async def _furnish(self) -> None:
        """Learn what has to be known before the first message."""
        ...

    @abstractmethod
    def _message(self, seq: int, payload: bytes) -> None: ...
    @abstractmethod
    def _jumped(self, seq: int) -> None:
        """The next message is ``seq``, and that is not the one behind the last."""
        ...

    async def _stand(self, stream: Log, first: int, last: int) -> OutletState:
        """Where it stands in this stream; when that is not where it stood, that is said."""
        found = [
            state
            for state in await self.registry.outlet_states(self.outlet.id)
            if (state.partition, state.source) == (self.partition, self.source)
        ]
        now = time.time_ns() // 1000
        if not found:
            begun = msgspec.structs.replace(self._state, log=stream.log_id, seq=self._start(first, last), at=now)
        elif found[0].log == stream.log_id and found[0].seq <= last:
            return found[0]
        else:
            why = "the log is another one" if found[0].log != stream.log_id else "the end of the log is lost"
            logger.warning("outlet %s: %s; what had not been sent of it is not known", self.outlet.id, why)
            # all that a new log holds came after what the outlet had
            seq = first - 1 if found[0].log != stream.log_id else last
            begun = msgspec.structs.replace(found[0], log=stream.log_id, seq=seq, again=0, error=why, at=now)
        await self.registry.put_outlet_state(begun)
        return begun

    def _skipped(self, missed: int, seq: int) -> None:
        """So much was purged before it could be sent: that is counted, and goes out in its place."""
        text = f"{missed} {self.unit} were purged before they could be sent"
        logger.warning("outlet %s: %s", self.outlet.id, text)
        now = time.time_ns() // 1000
        self._state = msgspec.structs.replace(self._state, skipped=self._state.skipped + missed, error=text, at=now)
        id = f"{self._name}-gap-{seq}"
        body = {"id": id, "outlet": self.outlet.id, "gap": {"missed": missed, "unit": self.unit}, "at": iso(now)}
        self._items.append(Item(seq, id, self.outlet.id, "gap", _encode(body)))
        self._wake.set()

    @property
    def _name(self) -> str:
        """What no other log's items have in their ids."""
        return f"{self.partition}-{self._log.log_id[:8]}"

    def _take(self, items: list[Item]) -> None:
        self._items.extend(items)
        if len(self._items) > AHEAD_BATCHES * self.outlet.batch:
            self._room.clear()
        self._wake.set()

    async def _has_room(self) -> None:
        await self._room.wait()

    # what is sent

    async def _send_on(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SAVE_S):
                    await self._wake.wait()
            self._wake.clear()
            while self._items:
                await self._send_batch()
            if self._read_to > self._state.seq:  # nothing up to there is waiting
                await self._save(self._read_to, 0, self._state.count)

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
                    with contextlib.suppress(HostError):
                        await self._say(str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(LAST_PAUSE_S, pause_s * 2)
        for _item in batch:
            self._items.popleft()
        if len(self._items) <= AHEAD_BATCHES * self.outlet.batch // 2:
            self._room.set()
        # a message of the log counts once its last item has arrived
        arrived = batch[-1].seq if not self._items or self._items[0].seq > batch[-1].seq else batch[-1].seq - 1
        await self._save(max(arrived, self._state.seq), len(batch), batch[-1].number or self._state.count)

    async def _say(self, error: str) -> None:
        self._state = msgspec.structs.replace(self._state, error=error, at=time.time_ns() // 1000)
        await self.registry.put_outlet_state(self._state)

    async def _save(self, seq: int, sent: int, count: int) -> None:
        state = self._state
        self._state = msgspec.structs.replace(
            state,
            seq=seq,
            again=self._again(),
            count=count,
            sent=state.sent + sent,
            error=None if sent else state.error,
            at=time.time_ns() // 1000,
        )
        await self.registry.put_outlet_state(self._state)

    def _again(self) -> int:
        """From where on a later life has to look back."""
        return 0
