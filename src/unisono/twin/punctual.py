"""Nothing is folded with a clock that has stopped: a log message that comes after a rest waits for the next tick.

The fold's time is that of the last tick, and at rest nobody ticks. What is said then would be judged by the time at
which the rest began: a timer set by it would be over at once, "after ten in the evening" would still be no. So it is
held back until the owner has written a tick, a millisecond later, and folded behind it. Under load ticks come often.

Part of the fold: what is held back follows from the log alone, and a position never stands beyond it.
"""

from __future__ import annotations

from typing import NamedTuple

from unisono.twin.partition import Partition
from unisono.twin.record import Batch, Tick

__all__ = ["Message", "Punctual"]

#: The fold's clock may be so much behind a message's. The owner ticks more often than that while messages come.
BEHIND_US = 500_000
#: Or so much ahead: a gateway that could not write for a while says when it heard what it now writes.
AHEAD_US = 10_000_000
#: What is held back at most. While no owner runs nobody ticks: its replay must not gather an hour before it folds.
MAX_HELD = 1_000
MAX_HELD_BYTES = 4 * 1024 * 1024


class Message(NamedTuple):
    """One message of the log, as `Fold.apply` takes it."""

    seq: int
    size: int
    batch: Batch


class Punctual:
    """Stands before a fold of ``partition``."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._held: list[Message] = []
        self._bytes = 0

    @property
    def waits(self) -> bool:
        """Something is held back: the owner appends a tick at once."""
        return bool(self._held)

    def take(self, seq: int, size: int, batch: Batch) -> list[Message]:
        """What is to be folded now that this message of the log came, in this order."""
        message = Message(seq, size, batch)
        tick = _tick(batch)
        if not self._held and (tick is not None or self._in_time(batch.at)):
            return [message]
        self._held.append(message)
        self._bytes += size
        if tick is not None:
            # the time is told first, at the place in the log where the fold stands; the rest keeps its order
            return [Message(self._partition.position, 0, Batch(batch.source, batch.at, [tick])), *self._release()]
        if len(self._held) >= MAX_HELD or self._bytes >= MAX_HELD_BYTES:
            return self._release()
        return []

    def _in_time(self, at: int) -> bool:
        return not at or -AHEAD_US <= at - self._partition.wall <= BEHIND_US

    def _release(self) -> list[Message]:
        held, self._held, self._bytes = self._held, [], 0
        return held


def _tick(batch: Batch) -> Tick | None:
    first = batch.entries[0] if batch.entries else None
    return first if type(first) is Tick else None
