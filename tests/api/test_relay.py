"""The outbox relay between a registry and a log that may fail at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.parts import DEADLINE_S
from unisono.api import relay as relay_room
from unisono.api.relay import Relay, encode_entry
from unisono.errors import HostError
from unisono.twin import record


@dataclass(frozen=True)
class Row:
    id: int
    partition: str
    entry: bytes


class Outbox:
    """An outbox in memory; `fail_done` lets the tick-off fail as a crash would."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.meta: dict[str, str] = {}
        self.fail_done = False
        self._last = 0

    def add(self, *things: str, partition: str = "0") -> None:
        for thing in things:
            self._last += 1
            self.rows.append(Row(self._last, partition, encode_entry(record.ThingRemoved(thing, 1))))

    async def outbox_pending(self, limit: int) -> Sequence[Row]:
        return self.rows[:limit]

    async def outbox_done(self, ids: Sequence[int]) -> None:
        if self.fail_done:
            raise HostError("killed here", code="registry_unavailable")
        self.rows = [row for row in self.rows if row.id not in ids]

    async def get_meta(self, key: str) -> str | None:
        return self.meta.get(key)

    async def put_meta(self, key: str, value: str) -> None:
        self.meta[key] = value


class Log:
    """A log that recognises message ids, as JetStream does."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.ids: dict[str, int] = {}
        self.down: HostError | None = None
        self.hang = False

    async def append(self, payload: bytes, message_id: str) -> int:
        if self.hang:
            await asyncio.Event().wait()
        if self.down is not None:
            raise self.down
        if message_id not in self.ids:
            self.messages.append(payload)
            self.ids[message_id] = len(self.messages)
        else:
            assert self.messages[self.ids[message_id] - 1] == payload, "a repetition has the same bytes"
        return self.ids[message_id]

    def things(self) -> list[str]:
        return [entry.id for each in self.messages for entry in record.decode_batch(each).entries]  # type: ignore[union-attr]


def make(outbox: Outbox, **logs: Log) -> Relay:
    times = iter(range(1, 10_000))
    by_partition = {name.removeprefix("p"): log for name, log in logs.items()}
    return Relay(outbox, by_partition.__getitem__, "hub", lambda: next(times))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  the relay has no event for it
            await asyncio.sleep(0.005)


async def test_rows_enter_the_log_of_their_partition_in_the_order_of_the_commits() -> None:
    outbox, zero, one = Outbox(), Log(), Log()
    outbox.add("a", "b")
    outbox.add("x", partition="1")
    outbox.add("c")
    relay = make(outbox, p0=zero, p1=one)
    await relay.drain()
    assert zero.things() == ["a", "b", "c"]
    assert one.things() == ["x"]
    assert (outbox.rows, relay.last) == ([], {"0": 1, "1": 1})


async def test_who_waits_at_the_same_time_shares_a_batch() -> None:
    outbox, log = Outbox(), Log()
    relay = make(outbox, p0=log)

    async def save(thing: str) -> None:
        outbox.add(thing)
        await relay.drain()
        assert thing in log.things()

    things = [f"t{number}" for number in range(50)]
    await asyncio.gather(*map(save, things))
    assert log.things() == things
    assert len(log.messages) <= 2


async def test_a_batch_that_could_not_be_ticked_off_is_recognised_in_the_same_life() -> None:
    outbox, log = Outbox(), Log()
    relay = make(outbox, p0=log)
    outbox.add("a")
    await relay.drain()
    outbox.add("b")
    outbox.fail_done = True
    with pytest.raises(HostError):
        await relay.drain()
    outbox.fail_done = False
    outbox.add("c")
    await relay.drain()
    assert log.things() == ["a", "b", "c"]


async def test_a_crash_between_append_and_tick_off_repeats_nothing_even_if_more_was_committed_meanwhile() -> None:
    outbox, log = Outbox(), Log()
    outbox.add("a", "b")
    outbox.fail_done = True
    with pytest.raises(HostError):
        await make(outbox, p0=log).drain()
    outbox.add("c")
    outbox.fail_done = False
    await make(outbox, p0=log).drain()  # the next life
    assert log.things() == ["a", "b", "c"]
    assert outbox.rows == []


async def test_a_log_that_is_full_keeps_the_change_and_says_so() -> None:
    outbox, log = Outbox(), Log()
    log.down = HostError("no room", code="log_full", mend="unisono doctor")
    outbox.add("a")
    relay = make(outbox, p0=log)
    with pytest.raises(HostError, match="kept and will take effect") as caught:
        await relay.drain()
    assert caught.value.code == "log_full"
    assert relay.trouble is not None
    log.down = None
    await relay.drain()
    assert log.things() == ["a"]
    assert make(outbox, p0=log).trouble is None


async def test_a_log_that_hangs_holds_nobody_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_room, "DRAIN_S", 0.05)
    outbox, log = Outbox(), Log()
    log.hang = True
    outbox.add("a")
    relay = make(outbox, p0=log)
    with pytest.raises(HostError) as caught:
        await relay.drain()
    assert caught.value.code == "log_unavailable"
    await relay.stop()


async def test_leftovers_are_relayed_at_the_start_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_room, "RETRY_FIRST_S", 0.01)
    outbox, log = Outbox(), Log()
    log.down = HostError("gone", code="log_unavailable")
    outbox.add("a")
    relay = make(outbox, p0=log)
    relay.start()
    await until(lambda: relay.trouble is not None)
    log.down = None
    await until(lambda: not outbox.rows)
    await relay.stop()
    assert log.things() == ["a"]


async def test_a_large_outbox_is_cut_into_batches_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_room, "MAX_BATCH_ENTRIES", 10)
    outbox, log = Outbox(), Log()
    outbox.add(*[f"t{number}" for number in range(95)])
    await make(outbox, p0=log).drain()
    assert len(log.messages) == 10
    assert log.things() == [f"t{number}" for number in range(95)]


async def test_nothing_is_relayed_while_the_relay_is_held() -> None:
    outbox, log = Outbox(), Log()
    relay = make(outbox, p0=log)
    outbox.add("a")
    async with relay.held():
        waiting = asyncio.create_task(relay.drain())
        await asyncio.sleep(0)
        assert log.messages == []
    await waiting
    assert log.things() == ["a"]
