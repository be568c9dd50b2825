"""History as a sink of the fold: rows gather while one thread writes, and each write commits its position.

Knows `History` and folded outcomes. A write takes what has gathered meanwhile, so batches grow with the load.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from unisono.errors import HostError, UnisonoError
from unisono.owner.rows import columns
from unisono.store.history import History, Numbers, SeriesRow, TextRow
from unisono.twin.outcome import Block, Outcome

__all__ = ["Sink"]

logger = logging.getLogger(__name__)

#: Rows wait so long for company: each costs 0.17 us of processor with 50,000 a commit, 0.046 with 200,000, 0.036 with
#: 400,000.
GATHER_S = 0.25
GATHER_VALUES = 400_000
#: Values that may wait before the fold is held back (some 40 MB as Python objects).
CROWDED_VALUES = 1_000_000
MAINTAIN_S = 5.0
#: After a failed write (a full disk, say) it is tried again so much later.
RETRY_S = 1.0

T = TypeVar("T")


class Pending:
    """What has gathered since the last write."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.texts: list[tuple[int, int, int, str]] = []
        self.series: list[tuple[int, str, tuple[str, ...]]] = []
        self.values = 0
        self.seq = 0


class Rows(NamedTuple):
    """One write's worth."""

    numbers: Numbers | None
    texts: list[TextRow]
    series: list[SeriesRow]


class Sink:
    """One history, one writer thread. ``log_id`` is the log that positions belong to."""

    def __init__(self, history: History, log_id: str) -> None:
        self._history = history
        self._log_id = log_id
        self._pending = Pending()
        self._thread = ThreadPoolExecutor(1, "history")
        self._readers = ThreadPoolExecutor(2, "history-read")
        self._wanted = asyncio.Event()
        self._urgent = False
        self._committed: list[tuple[int, asyncio.Future[None]]] = []
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None
        self.position = history.position()[1]
        self.rows = 0
        self.trouble: str | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._write_on(), name="history-sink")

    def take(self, outcome: Outcome, seq: int) -> None:
        """Take the rows of everything folded up to ``seq``."""
        pending = self._pending
        pending.blocks += outcome.blocks.values()
        pending.texts += outcome.texts
        pending.series += outcome.new_series
        pending.values += outcome.values
        pending.seq = seq
        if pending.values > CROWDED_VALUES:
            self._room.clear()
        self._wanted.set()

    async def ready(self) -> None:
        """Returns when the fold may go on: the disk has kept up."""
        await self._room.wait()

    async def flush(self, seq: int) -> None:
        """Returns once everything up to ``seq`` is committed."""
        if self.position >= seq:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._committed.append((seq, future))
        self._urgent = True
        self._wanted.set()
        await future

    async def read(self, question: Callable[[History], T]) -> T:
        """Ask the history in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, question, self._history)

    async def _write_on(self) -> None:
        loop = asyncio.get_running_loop()
        maintained = 0.0
        gathering_since = 0.0
        while True:
            try:
                async with asyncio.timeout(MAINTAIN_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            pending = self._pending
            now = loop.time()
            if pending.seq > self.position:
                gathering_since = gathering_since or now
                wait = gathering_since + GATHER_S - now
                if wait > 0 and pending.values < GATHER_VALUES and not self._urgent:
                    await asyncio.sleep(min(wait, 0.02))
                    continue
                gathering_since = 0.0
                self._pending = Pending()
                self._urgent = False
                await self._write(pending)
            else:
                self._wanted.clear()
                self._settle()
            if now - maintained > MAINTAIN_S:
                maintained = now
                await self._maintain()

    async def _write(self, pending: Pending) -> None:
        """Write until it is written: accepted rows are not given up because a disk is full for a while."""
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(self._thread, _rows, pending)
        while True:
            try:
                self.rows += await loop.run_in_executor(self._thread, self._append, pending.seq, rows)
                break
            except UnisonoError as error:
                if error.code == "history_unavailable":
                    raise  # nothing but opening it anew helps
                if self.trouble is None:
                    logger.error("history cannot be written, trying again: %s", error)
                self.trouble = str(error)
                self._room.clear()
                await asyncio.sleep(RETRY_S)
        if self.trouble is not None:
            logger.info("history is written again")
            self.trouble = None
        self.position = pending.seq
        if self._pending.values < CROWDED_VALUES // 2:
            self._room.set()
        self._settle()

    def _append(self, seq: int, rows: Rows) -> int:
        self._history.append(self._log_id, seq, *rows)
        return (len(rows.numbers.ts) if rows.numbers is not None else 0) + len(rows.texts)

    async def failed(self) -> None:
        """Raises what ended the writing, when something does."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def _maintain(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._thread, self._history.maintain, time.time_ns() // 1000
            )
        except HostError as error:
            logger.error("history upkeep: %s", error)

    def _settle(self) -> None:
        waiting, self._committed = self._committed, []
        for seq, future in waiting:
            if seq > self.position:
                self._committed.append((seq, future))
            elif not future.done():
                future.set_result(None)

    async def stop(self) -> None:
        """Write what has gathered, as far as the disk lets us, and close."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        loop = asyncio.get_running_loop()
        if self._pending.seq > self.position:
            try:
                await loop.run_in_executor(self._thread, self._append, self._pending.seq, _rows(self._pending))
            except UnisonoError as error:
                logger.error("the last rows stay in the log until the next start: %s", error)
        await loop.run_in_executor(self._thread, self._history.close)
        self._thread.shutdown()
        self._readers.shutdown()


def _rows(pending: Pending) -> Rows:
    """What has gathered, as history takes it; made once, however often the write is tried."""
    numbers, texts = columns(_merged(pending.blocks))
    texts += [TextRow(*row) for row in pending.texts]
    series = [SeriesRow(first + i, thing, key) for first, thing, keys in pending.series for i, key in enumerate(keys)]
    return Rows(numbers, texts, series)


def _merged(blocks: list[Block]) -> list[Block]:
    """Blocks of one shape joined, so that NumPy is called once per shape and not once per stretch of the log."""
    merged: dict[int, Block] = {}
    for block in blocks:
        found = merged.get(id(block.shape))
        if found is None:
            merged[id(block.shape)] = block
            continue
        found.tuples += block.tuples
        found.series += block.series
        found.counts += block.counts
        found.ats += block.ats
        found.seqs += block.seqs
    return list(merged.values())
