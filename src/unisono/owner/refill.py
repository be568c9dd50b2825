"""Recording anew what history has lost: its newest file was damaged and moved aside, so it stands behind the twins.

Knows the log, the fold and the sink. The twins stay as they are: a second fold, which only knows which things there
are, reads the log once more for its rows.
"""

from __future__ import annotations

import msgspec

from unisono.owner.sink import Sink
from unisono.store.history import History
from unisono.store.log import Log
from unisono.twin.fold import Fold
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import decode_batch
from unisono.twin.twin import Twin

__all__ = ["announce", "refill"]


async def refill(log: Log, sink: Sink, partition: Partition, first: int) -> None:
    """Hand the rows of the log from ``first`` up to the partition's position to the sink once more."""
    last = partition.position
    scratch = Partition()
    scratch.shapes = dict(partition.shapes)
    scratch.next_series = partition.next_series
    scratch.things = {id: Twin(id, twin.shape, twin.series) for id, twin in partition.things.items()}
    fold = Fold(scratch)

    def take(seq: int, payload: bytes) -> None:
        if seq > last:
            return
        try:
            fold.apply(seq, len(payload), decode_batch(payload))
        except msgspec.DecodeError:
            return  # the owner says so when it meets the like
        sink.take(fold.take_outcome(), seq)

    reader = await log.read(first, take, ready=sink.ready)
    try:
        await reader.wait_until(last)
    finally:
        await reader.stop()
    # a model that changed within this stretch has been given series of its own
    partition.next_series = max(partition.next_series, scratch.next_series)


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
