"""Results for outlets, kept in a stream of their own until they have left: what the fold found, in order, once.

Knows the stream ``ONWARD_<partition>`` and the fold's results. A checkpoint is saved after what it stands for is in the
stream; after a crash the replay finds the same results under the same numbers, and those that are there are not added
again. The stream is no log: when it is full the oldest go, and an outlet that was away for so long sees by the numbers
how many it has missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from unisono.errors import HostError
from unisono.scene.onward import Onward, Result, Results
from unisono.store.log import Log

__all__ = ["OnwardSink", "last_number"]

logger = logging.getLogger(__name__)

#: So much of the stream goes when it is full.
PURGED_SHARE = 0.25
#: Results in one message.
MESSAGE_BYTES = 128 * 1024
#: Results that may wait to be written before the fold is held back.
CROWDED = 50_000
RETRY_S = 1.0
#: How long the last results may take on the way out.
LAST_S = 5.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Results).decode


class OnwardSink:
    """``open_stream`` opens the stream, which is done when there is something for it. ``log_id`` is the log whose
    folding brings the results."""

    def __init__(self, open_stream: Callable[[], Awaitable[Log]], log_id: str) -> None:
        self._open = open_stream
        self._log_id = log_id
        self._stream: Log | None = None
        self._pending: list[Result] = []
        self._there: int | None = None  # what the stream has of this log's numbers; None: it has to be looked up
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    def take(self, results: list[Result]) -> None:
        """Results in the order in which they came about."""
        self._pending += results
        self._empty.clear()
        if len(self._pending) > CROWDED:
            self._room.clear()
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._write_on(), name="onward")

    async def ready(self) -> None:
        """Returns when the fold may go on."""
        await self._room.wait()

    async def flush(self) -> None:
        """Returns once all that was taken is in the stream."""
        await self._empty.wait()

    async def go_on_behind(self, onward: Onward) -> None:
        """What was known is not what the log was folded to (a checkpoint was damaged, the log is another one): numbers
        go on behind those that are there, and what is found again is told again under a number of its own."""
        if onward.wants:
            self._stream = await self._open()
            onward.number = max(onward.number, await last_number(self._stream, None))

    async def _write_on(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                try:
                    await self._write()
                    self.trouble = None
                except HostError as error:
                    if self.trouble is None:
                        logger.error("results for outlets cannot be kept, trying again: %s", error)
                    self.trouble = f"results for outlets wait: {error.detail}"
                    await asyncio.sleep(RETRY_S)
            self._empty.set()

    async def _write(self) -> None:
        if self._stream is None:
            self._stream = await self._open()
        if self._there is None:
            self._there = await last_number(self._stream, self._log_id)
        part: list[Result] = []
        size = seen = 0
        for result in self._pending:
            seen += 1
            if result.number <= self._there:
                continue  # a replay finds again what was kept before the crash
            part.append(result)
            size += len(result.body)
            if size > MESSAGE_BYTES:
                break
        if part and not await self._append(part):
            return
        del self._pending[:seen]
        if len(self._pending) < CROWDED // 2:
            self._room.set()

    async def _append(self, part: list[Result]) -> bool:
        """Whether it is kept; if not, there is room now."""
        assert self._stream is not None
        try:
            await self._stream.append(_encode(Results(self._log_id, part)))
        except HostError as error:
            if error.code == "log_full":
                await self._make_room()
                return False
            self._there = None  # perhaps it was stored all the same
            if error.code == "log_changed":
                self._stream = None
            raise
        self._there = part[-1].number
        return True

    async def _make_room(self) -> None:
        """The oldest go: an outlet that is away must hold nobody up."""
        assert self._stream is not None
        first, last, _size = await self._stream.bounds()
        await self._stream.purge(first + max(1, int((last - first + 1) * PURGED_SHARE)))

    async def stop(self) -> None:
        """Write what has gathered, as far as that goes, and close."""
        try:
            async with asyncio.timeout(LAST_S):
                await self.flush()
        except TimeoutError:
            logger.error("%d results for outlets are found anew at the next start", len(self._pending))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._stream is not None:
            await self._stream.close()


async def last_number(stream: Log, log_id: str | None) -> int:
    """The number of the last result in the stream; 0 where it is of another log (None: of whichever)."""
    first, last, _size = await stream.bounds()
    if last < first:
        return 0
    found: list[Results] = []
    reader = await stream.read(last, lambda _seq, payload: found.append(_decode(payload)))
    try:
        await reader.wait_until(last)
    finally:
        await reader.stop()
    results = found[-1]
    return results.results[-1].number if log_id in (None, results.log) else 0
