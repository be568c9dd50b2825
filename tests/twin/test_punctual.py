"""What comes after a rest waits for the time, in its order, and any crash point gives the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unisono.twin.partition import Partition
from unisono.twin.punctual import AHEAD_US, BEHIND_US, MAX_HELD, MAX_HELD_BYTES, Message, Punctual
from unisono.twin.record import Batch, Entry, GatewayStarted, Tick

NOON = 1_800_000_000_000_000
HOUR_US = 3_600_000_000


class Folded:
    """A partition whose fold only looks at the time. ``seen``: (seq, wall time that it was folded at)."""

    def __init__(self, position: int = 0, wall: int = NOON) -> None:
        self.partition = Partition()
        self.partition.position, self.partition.wall = position, wall
        self.punctual = Punctual(self.partition)
        self.seen: list[tuple[int, int]] = []

    def take(self, seq: int, batch: Batch, size: int = 100) -> None:
        for message in self.punctual.take(seq, size, batch):
            self.fold(message)

    def fold(self, message: Message) -> None:
        assert message.seq >= self.partition.position, "the log is folded in its order"
        for entry in message.batch.entries:
            if isinstance(entry, Tick):
                self.partition.wall = entry.at
            else:
                self.seen.append((message.seq, self.partition.wall))
        self.partition.position = message.seq


def said(at: int, *before: Entry) -> Batch:
    return Batch("g0", at, [*before, GatewayStarted("g0", at)])


def test_what_comes_close_to_a_tick_does_not_wait() -> None:
    folded = Folded()
    for seq, at in enumerate((NOON, NOON + BEHIND_US, NOON - AHEAD_US, 0), start=1):
        folded.take(seq, said(at))
    assert folded.seen == [(1, NOON), (2, NOON), (3, NOON), (4, NOON)]
    assert not folded.punctual.waits


def test_what_comes_after_a_rest_waits_for_the_tick_and_keeps_its_order() -> None:
    folded = Folded()
    late = NOON + HOUR_US
    folded.take(1, said(late))
    folded.take(2, said(NOON))  # would be in time, but is behind
    assert (folded.seen, folded.partition.position, folded.punctual.waits) == ([], 0, True)
    folded.take(3, said(late + 1, Tick(late + 1, 1)))
    assert folded.seen == [(1, late + 1), (2, late + 1), (3, late + 1)]
    assert (folded.partition.position, folded.punctual.waits) == (3, False)


def test_after_the_clock_was_set_back_too() -> None:
    folded = Folded()
    folded.take(1, said(NOON - HOUR_US))
    assert folded.punctual.waits
    folded.take(2, Batch("owner-0", 0, [Tick(NOON - HOUR_US, 1)]))
    assert folded.seen == [(1, NOON - HOUR_US)]


def test_a_tick_that_nobody_waits_for_is_folded_as_it_is() -> None:
    folded = Folded()
    folded.take(1, said(NOON + HOUR_US, Tick(NOON + HOUR_US, 1)))
    assert folded.seen == [(1, NOON + HOUR_US)]


def test_an_empty_message_is_no_tick() -> None:
    folded = Folded()
    folded.take(1, Batch("g0", NOON + HOUR_US, []))
    assert folded.punctual.waits


def test_where_nobody_ticks_it_goes_on_all_the_same() -> None:
    folded = Folded()
    for seq in range(1, MAX_HELD + 1):
        folded.take(seq, said(NOON + HOUR_US))
    assert len(folded.seen) == MAX_HELD
    folded.take(MAX_HELD + 1, said(NOON + HOUR_US), MAX_HELD_BYTES)
    assert len(folded.seen) == MAX_HELD + 1
    assert folded.partition.position == MAX_HELD + 1


@given(
    st.lists(st.tuples(st.sampled_from([0, 100_000, 900_000, HOUR_US]), st.booleans()), max_size=30),
    st.integers(0, 30),
)
def test_any_crash_point_gives_the_same(steps: list[tuple[int, bool]], crash_at: int) -> None:
    at = NOON
    log: list[Batch] = []
    for passed, ticks in steps:
        at += passed
        log.append(Batch("owner-0", at, [Tick(at, at)]) if ticks else said(at))
    whole = Folded()
    for seq, batch in enumerate(log, start=1):
        whole.take(seq, batch)
    broken = Folded()
    for seq, batch in enumerate(log[:crash_at], start=1):
        broken.take(seq, batch)
    again = Folded(broken.partition.position, broken.partition.wall)
    for seq, batch in enumerate(log, start=1):
        if seq > again.partition.position:
            again.take(seq, batch)
    assert broken.seen + again.seen == whole.seen
