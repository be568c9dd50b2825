"""Recording anew what history has lost: its newest file was damaged and moved aside, so it stands behind the twins.

Knows the log, the fold and the sink. The twins stay as they are: a second fold, which only knows which things there
are, reads the log once more for its rows. Computed things take part in it from where history ends, with what they had
told by then; what scenes asked of them is not asked again.
"""

from __future__ import annotations

import msgspec

from unisono.owner.recover import last_words, remember, told_by
from unisono.owner.sink import Sink
from unisono.scene.computed import Computer
from unisono.scene.computed.worker import is_computed
from unisono.scene.world import World
from unisono.store.history import History
from unisono.store.log import Log
from unisono.twin.fold import Fold
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.places import Place
from unisono.twin.record import Batch, weigh_batch
from unisono.twin.twin import Twin

__all__ = ["announce", "refill"]

#: The log is read from so many messages before, for the ticks in them: what is computed over time begins with the time
#: that it was.
BEFORE = 10_000


async def refill(log: Log, sink: Sink, partition: Partition, first: int, history: History) -> None:
    """Hand the rows of the log from ``first`` up to the partition's position to the sink once more."""
    last = partition.position
    again = Again(partition, first, history)

    def take(seq: int, payload: bytes) -> None:
        if seq > last:
            return
        try:
            size, batch = weigh_batch(payload)
        except msgspec.DecodeError:
            return  # the owner says so when it meets the like
        outcome = again.take(seq, size, batch)
        if outcome is not None:
            sink.take(outcome, seq)

    begins, _end, _bytes = await log.bounds()
    start = max(begins, first - BEFORE) if again.computes else first
    reader = await log.read(start, take, ready=sink.ready)
    try:
        await reader.wait_until(last)
    finally:
        await reader.stop()
    # a model that changed within this stretch has been given series of its own
    partition.next_series = max(partition.next_series, again.scratch.next_series)


class Again:
    """The second fold. ``first``: from there on its rows count. ``computes``: there are computed things."""

    def __init__(self, partition: Partition, first: int, history: History) -> None:
        self.scratch = scratch = Partition()
        scratch.shapes = dict(partition.shapes)
        scratch.next_series = partition.next_series
        scratch.things = {id: _bare(twin) for id, twin in partition.things.items()}
        for place in partition.places:
            scratch.places.take(Place(place.id, place.parent, place.zone, place.latitude, place.longitude))
        self.computes = any(map(is_computed, scratch.things.values()))
        self._fold = Fold(scratch)
        self._first = first
        self._history = history
        self._begun = False

    def take(self, seq: int, size: int, batch: Batch) -> Outcome | None:
        """Fold a message; what it brought, from ``first`` on."""
        if seq >= self._first and not self._begun:
            self._begin(batch.at)
        self._fold.apply(seq, size, batch)
        outcome = self._fold.take_outcome()
        return outcome if seq >= self._first else None

    def _begin(self, at: int) -> None:
        """Let computed things begin where history ends."""
        self._begun = True
        if not self.computes:
            return
        scratch = self.scratch
        scratch.wall = scratch.wall or at
        words = last_words(self._history)
        for id, twin in scratch.things.items():
            remember(twin, words.get(id, {}))
        computer = Computer(self._fold, World(scratch.things, scratch.places))
        scratch.observe(computer)
        computer.restored(scratch.wall, scratch.elapsed)
        computer.recall(told_by(scratch, words))


def _bare(twin: Twin) -> Twin:
    bare = Twin(twin.id, twin.shape, twin.series)
    bare.place, bare.root, bare.name = twin.place, twin.root, twin.name
    return bare


def announce(history: History, sink: Sink, partition: Partition) -> None:
    """Tell history again what the series of every thing mean, where it does not know."""
    known = {number for number, _thing, _property in history.series()}
    outcome = Outcome()
    outcome.new_series = [
        (twin.series, twin.id, twin.shape.series_keys)
        for twin in partition.things.values()
        if twin.series not in known and twin.shape.series_keys
    ]
    if outcome.new_series:
        sink.take(outcome, sink.position)
