"""The owner of one partition: reads its log, folds it, and is the only one who writes its twins and history.

Knows the log, the sinks and the order in which positions are committed: history first, then the checkpoint, so that a
checkpoint never stands for rows that history does not have. After a crash it starts at the checkpoint and history
skips what it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unisono.errors import HostError
from unisono.owner.checkpoint import Checkpointer
from unisono.owner.clock import Clock
from unisono.owner.folding import new_folding
from unisono.owner.onward import OnwardSink
from unisono.owner.sink import Sink
from unisono.store.history import History
from unisono.store.log import Log
from unisono.store.reader import Reader
from unisono.twin.outcome import Outcome
from unisono.twin.outlet import RESULTS_BYTES, RESULTS_STREAM
from unisono.twin.partition import Partition
from unisono.twin.punctual import Punctual
from unisono.twin.record import weigh_batch
from unisono.twin.twin import Twin

__all__ = ["Owner"]

logger = logging.getLogger(__name__)

#: Troubles of this life that the status shows.
TROUBLES = 20
#: A trouble that has passed is shown for so long: whoever started the hub will have looked.
PASSING_S = 600.0


class Owner:
    """``log`` is for questions and appends, ``stream`` the same log to be read; ``checkpointer`` loads and saves twins;
    ``on_outcome`` is told what each stretch brought, once the replay is over.
    """

    def __init__(self, log: Log, stream: Log, history: History, checkpointer: Checkpointer) -> None:
        self.log = log
        self._stream = stream
        self.history = history
        self.checkpointer = checkpointer
        self.fold, self.scenes, self.alarms, self.computed, self.onward = new_folding()
        self.punctual = Punctual(self.partition)
        self.clock = Clock(0, 0)
        self.sink = Sink(history, log.log_id)
        self.results = OnwardSink(lambda: log.beside(RESULTS_STREAM, max_bytes=RESULTS_BYTES), log.log_id)
        self.on_outcome: list[Callable[[Outcome], None]] = []
        self.on_ready: list[Callable[[], None]] = []
        self.ready = asyncio.Event()
        self.messages = 0
        #: Bytes that were folded, as they came and as the log keeps them.
        self.folded_bytes = 0
        self.packed_bytes = 0
        self.dead = 0
        self.troubles: list[str] = []
        self._passing: dict[str, float] = {}
        self._reader: Reader | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._scheduled = False
        self._history_has = 0
        self._told: Mapping[str, Mapping[str, Any]] = {}
        self._folded_from = 0
        self._loop = asyncio.get_running_loop()

    @property
    def partition(self) -> Partition:
        return self.fold.partition

    @property
    def next_moment(self) -> int | None:
        """Wall time at which schedules and calendars want a tick."""
        moments = (self.scenes.next_moment, self.computed.next_moment)
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def position(self) -> int:
        """The last log sequence folded."""
        return self.partition.position

    async def start(self) -> None:
        """Load the checkpoint, replay what the log has beyond it, follow the log. Returns when the replay is done."""
        first, last, _bytes = await self.log.bounds()
        saved = await self.checkpointer.load(self.history, first)
        self.fold, self.scenes, self.alarms, self.computed, self.onward = saved.folding
        self.punctual = Punctual(self.partition)
        self.scenes.muted = saved.muted
        self.troubles += saved.troubles
        self._rebase(saved.log_id, first, last)
        lost_from = self._rebase_history(first, last)
        self._history_has = self.sink.position
        self._told = saved.told
        self._folded_from = self.partition.position
        self.clock = Clock(self.partition.wall, self.partition.elapsed)
        self.sink.start()
        if self.troubles:
            await self._mend_history(lost_from)
            await self.results.go_on_behind(self.onward)
        start = self.partition.position + 1
        again = self.partition.resends.first
        self._reader = await self._stream.read(
            max(first, min(start, again) if again else start), self._message, ready=self._room
        )
        await self._reader.wait_until(last)
        self.computed.recall(self._take_told())
        self.scenes.muted = False
        self.hand_on()
        self.clock = Clock(self.partition.wall, self.partition.elapsed)
        self.checkpointer.start(self)
        self.ready.set()
        for ready in self.on_ready:
            ready()
        logger.info("partition %s: %d things, folded up to %d", self.log.partition, len(self.partition.things), last)

    async def _room(self) -> None:
        """Returns when the fold may go on: what it brings has been written fast enough."""
        await self.sink.ready()
        await self.results.ready()

    def _rebase(self, log_id: str, first: int, last: int) -> None:
        """Stand where the log can go on from; say so when that is not where the checkpoint stood."""
        position = self.partition.position
        if log_id not in ("", self.log.log_id):
            self._passing_trouble(
                "the log is another one than the twins were folded from; they go on from its beginning"
            )
            self.partition.position = first - 1
            self.partition.resends.first = 0
            self.checkpointer.rebased()
        elif position > last:
            self._trouble(f"the log ends at {last}, but the twins had folded {position}: its end is lost")
            self.partition.position = last
            self.checkpointer.rebased()
        elif position < first - 1:
            if position or log_id:
                self._trouble(f"the log begins at {first}, the twins stood at {position}: what lay between is lost")
            self.partition.position = first - 1

    def _rebase_history(self, first: int, last: int) -> int:
        """Let history stand where the log can go on from; from which sequence on it lacks what the twins have, or 0."""
        log_id, seq = self.history.position()
        position = min(self.partition.position, last)
        if log_id in ("", self.log.log_id) and seq <= last:
            if seq >= position:
                return 0
            # a checkpoint never stands for rows that history does not have: it had them, and its file is gone
            again = max(first, seq + 1)
            between = f"; what came between {seq} and {again} is lost" if again > seq + 1 else ""
            self._trouble(f"history had lost what came after {seq}: recorded anew from the log{between}")
            return again
        if log_id == self.log.log_id:
            self._trouble(f"history had taken in {seq}, beyond the log's end at {last}: the end is lost")
        elif log_id:
            self._passing_trouble("history belongs to another log; it goes on from the beginning of this one")
        self.history.rebase(self.log.log_id, position)
        self.sink.position = position
        return 0

    async def _mend_history(self, lost_from: int) -> None:
        from unisono.owner.refill import announce, refill

        announce(self.history, self.sink, self.partition)
        if 0 < lost_from <= self.partition.position:
            await refill(self._stream, self.sink, self.partition, lost_from, self.history)

    def _trouble(self, text: str) -> None:
        logger.warning("partition %s: %s", self.log.partition, text)
        self.troubles.append(text)
        del self.troubles[:-TROUBLES]

    def _passing_trouble(self, text: str) -> None:
        """A trouble that is over once the twins are saved, as after restoring a backup."""
        self._trouble(text)
        self._passing[text] = self._loop.time()

    def told(self) -> list[str]:
        """The troubles to be shown: those that passed only for a while."""
        if self.checkpointer.position < 0:
            return self.troubles
        late = self._loop.time() - PASSING_S
        return [text for text in self.troubles if self._passing.get(text, late) >= late]

    # the fold's loop

    def _message(self, seq: int, payload: bytes) -> None:
        try:
            size, batch = weigh_batch(payload)
        except msgspec.DecodeError as error:
            # Nothing of ours writes such a message: skip it on every replay alike, and say so.
            self._trouble(f"log message {seq} cannot be read: {error}")
            self.partition.position = seq
            return
        if seq <= self._folded_from:
            self.partition.resends.keep(seq, size, batch)
            return
        self.packed_bytes += len(payload)
        self.folded_bytes += size
        if self._told and seq > self._history_has:
            self.computed.recall(self._take_told())
        for message in self.punctual.take(seq, size, batch):
            self.fold.apply(*message)
            # what was held back goes to history together with this message, an early tick's rows too
            if seq <= self._history_has:
                self.fold.outcome.drop_rows()
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.hand_on)

    def _take_told(self) -> Mapping[str, Mapping[str, Any]]:
        """What computed things had told up to where history stands: from there they go on, and not from what is folded
        of the log once more."""
        told, self._told = self._told, {}
        return told

    def hand_on(self) -> None:
        """Hand on what was folded since the last time: rows to history, changes to the checkpoint and who listens."""
        self._scheduled = False
        outcome = self.fold.take_outcome()
        position = self.position
        self.messages += outcome.messages
        self.dead += outcome.dead
        if position > self.sink.position:
            self.sink.take(outcome, position)
        if results := self.onward.take():
            self.results.take(results)
        self.checkpointer.changed(outcome)
        if self.ready.is_set():
            for listener in self.on_outcome:
                listener(outcome)
        if self._waiting:
            self._settle()

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        for seq, future in waiting:
            if seq > self.position:
                self._waiting.append((seq, future))
            elif not future.done():
                future.set_result(None)

    async def reached(self, seq: int) -> None:
        """Returns when the fold has passed ``seq``."""
        if self.position >= seq:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((seq, future))
        await future

    async def failed(self) -> None:
        """Raises what ended the reading of the log or the writing of history, when something does."""
        assert self._reader is not None
        ends = {asyncio.create_task(self._reader.wait_ended()), asyncio.create_task(self.sink.failed())}
        try:
            done, _pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        for end in done:
            end.result()

    def twin(self, id: str) -> Twin | None:
        return self.partition.things.get(id)

    async def stop(self) -> None:
        """Stop folding, save everything, close."""
        if self._reader is not None:
            await self._reader.stop()
        if self._scheduled:
            self.hand_on()
        try:
            await self.checkpointer.stop(self)
        except HostError as error:
            logger.error("the last checkpoint was not saved, the next start replays a little more: %s", error)
        await self.results.stop()
        await self.sink.stop()
