"""What outlives a gateway of its sessions: the fold, and that a crash anywhere in the journal keeps every promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unisono.errors import HostError
from unisono.gateway.sessions import keeper as keeper_module
from unisono.gateway.sessions.keeper import Keeper, read_journal
from unisono.gateway.sessions.ledger import (
    Began,
    Completed,
    Ended,
    Freed,
    Heard,
    Kept,
    KeptMessage,
    KeptWill,
    Ledger,
    Left,
    Received,
    Sent,
    Subscription,
    Sundered,
    Unheard,
    decode_entries,
    encode_entries,
)
from unisono.gateway.sessions.session import Message
from unisono.wire.mqtt import Will


class Disk:
    """A journal in memory: `messages` are what a crash leaves; ``refuse`` makes every append fail."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}
        self.last = 0
        self.refuse = False

    async def append(self, payload: bytes, message_id: str) -> int:
        if self.refuse:
            raise HostError("the disk is full", code="disk_full")
        self.last += 1
        self.messages[self.last] = payload
        return self.last

    async def bounds(self) -> tuple[int, int, int]:
        return min(self.messages, default=self.last + 1), self.last, sum(map(len, self.messages.values()))

    async def purge(self, below_seq: int) -> None:
        self.messages = {seq: payload for seq, payload in self.messages.items() if seq >= below_seq}

    async def read(self, from_seq: int, handler: Callable[[int, bytes], None]) -> Disk:
        for seq, payload in sorted(self.messages.items()):
            if seq >= from_seq:
                handler(seq, payload)
        return self

    async def wait_until(self, seq: int) -> None:
        assert seq <= self.last

    async def stop(self) -> None:
        pass


def image(ledger: Ledger) -> dict[str, Any]:
    """What a ledger says of every session, without the numbers that are its own affair."""

    def text(numbers: Any) -> list[bytes]:
        return [ledger.messages[number].payload for number in numbers]

    return {
        record.key: (
            record.left_at,
            record.expires_at,
            record.will_due_at,
            record.will,
            sorted(record.subscriptions),
            text(record.waiting),
            {packet_id: ledger.messages[number].payload for packet_id, number in record.sent.items()},
            list(record.received),
            sorted(record.held),
        )
        for record in ledger.records.values()
    }


def began(no: int, key: str, *, fresh: bool = False, root: str = "home") -> Began:
    return Began(no, key, root, key.encode(), fresh, 7, 60.0, 1)


def kept(number: int, *to: int, payload: bytes = b"", qos: int = 1) -> Kept:
    return Kept([KeptMessage(number, "t", payload or b"%d" % number, qos, False, None, 0, "", list(to))])


def folded(*entries: Any) -> Ledger:
    ledger = Ledger()
    for entry in decode_entries(encode_entries("", 0, list(entries))):
        ledger.apply(entry)
    return ledger


def test_a_message_goes_its_way() -> None:
    ledger = folded(began(1, "a"), began(2, "b"), kept(1, 1, 2), kept(2, 1))
    assert list(ledger.records[1].waiting) == [1, 2] and list(ledger.records[2].waiting) == [1]
    ledger.apply(Sent(1, [(5, 1)]))
    assert ledger.records[1].sent == {5: 1}
    ledger.apply(Received(1, [5]))
    assert not ledger.records[1].sent and list(ledger.records[1].received) == [5]
    assert 1 in ledger.messages, "b still waits for it"
    ledger.apply(Completed(1, [5]))
    ledger.apply(Ended(2))
    assert list(ledger.messages) == [2] and not ledger.records[1].received
    ledger.apply(Sundered(1, [2]))
    assert not ledger.messages and ledger.bytes == 0


def test_a_packet_id_that_is_given_again_was_free() -> None:
    """Its end is written lazily: the next message that goes out under it says so."""
    ledger = folded(began(1, "a"), kept(1, 1), kept(2, 1), Sent(1, [(5, 1)]), Sent(1, [(5, 2)]))
    assert ledger.records[1].sent == {5: 2} and list(ledger.messages) == [2]


def test_a_fresh_beginning_forgets_and_another_goes_on() -> None:
    ledger = folded(began(1, "a"), Heard(1, [Subscription("x", 1)]), kept(1, 1), Left(1, 2, 3), began(1, "a"))
    assert list(ledger.by_key["a"].subscriptions) == ["x"] and ledger.by_key["a"].left_at == 0
    ledger.apply(Unheard(1, ["x", "y"]))
    assert not ledger.by_key["a"].subscriptions
    ledger.apply(began(2, "a", fresh=True))
    assert list(ledger.records) == [2] and not ledger.messages


def test_what_is_said_of_a_session_that_is_gone_changes_nothing() -> None:
    ledger = folded(
        Left(9, 1, 1),
        Ended(9),
        Heard(9, [Subscription("x", 1)]),
        Unheard(9, ["x"]),
        kept(1, 9),
        Sent(9, [(1, 1)]),
        Received(9, [1]),
        Completed(9, [1]),
        Sundered(9, [1]),
        Freed(9, b"\0\1"),
        Kept([], held_by=9, held=b"\0\1"),
    )
    assert not ledger.records and not ledger.messages and ledger.last_number == 1


def test_a_will_stays_with_its_session_until_it_is_published() -> None:
    will = KeptWill(Will("gone", b"w", 1), 5)
    start = began(1, "a")
    start.will = will
    ledger = folded(start)
    assert ledger.records[1].will == will
    ledger.apply(Left(1, 10, 20, 15))
    assert ledger.records[1].will == will and ledger.records[1].will_due_at == 15
    ledger.apply(Left(1, 10, 20))
    assert ledger.records[1].will is None


# --- the keeper over a disk that may refuse

KEYS = ["a", "b", "c"]


class Play:
    """Drives a keeper as a gateway does, and remembers what was promised to whom."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.keeper = Keeper(disk, "g0")
        self.keeper.on_sundered = self._sundered
        self.promised: list[bytes] = []
        self.refused: list[bytes] = []
        self.count = 0
        self.sundered: list[tuple[str, list[int]]] = []

    def _sundered(self, key: str, numbers: list[int]) -> None:
        self.sundered.append((key, numbers))

    def no(self, key: str) -> int:
        record = self.keeper.ledger.by_key.get(key)
        return record.no if record is not None else 0

    def begin(self, key: str, fresh: bool = False) -> int:
        return self.keeper.begin(key, "home", key.encode(), fresh=fresh, epoch=1, expiry_s=60.0, at=1, will=None)

    def publish(self, keys: list[str], qos: int = 1, size: int = 0) -> bytes:
        self.count += 1
        payload = b"%d" % self.count + b"x" * size
        for key in keys:
            if self.no(key):
                self.keeper.offer(self.no(key), Message("t", payload, qos, False, None), lambda: None)

        def done(error: Any) -> None:
            (self.promised if error is None else self.refused).append(payload)

        self.keeper.flush(done=done)
        return payload


async def after_a_crash(disk: Disk) -> dict[str, Any]:
    return image((await read_journal(disk))[0])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("leave"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("end"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("hear"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("publish"), st.lists(st.sampled_from(KEYS), unique=True), st.booleans()),
        st.tuples(st.just("send"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("receive"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("complete"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("hold"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("anew"), st.just(""), st.booleans()),
    ),
    max_size=40,
)


async def act(play: Play, step: tuple[str, Any, bool]) -> None:
    kind, who, flag = step
    if kind == "begin":
        play.begin(who, flag)
    elif kind == "publish":
        play.publish(who, 2 if flag else 1)
    elif kind == "anew":
        await play.keeper._write_anew()
    elif play.no(who):
        act_on_session(play, kind, who, flag)


def act_on_session(play: Play, kind: str, who: str, flag: bool) -> None:
    keeper = play.keeper
    no = play.no(who)
    record = keeper.ledger.records[no]
    if kind == "leave":
        keeper.leave(no, 2, 3)
    elif kind == "end":
        keeper.end(no)
    elif kind == "hear":
        keeper.hear(no, [Subscription("x" if flag else "y", 1)])
    elif kind == "send" and record.waiting:
        free = next(n for n in range(1, 100) if n not in record.sent and n not in record.received)
        keeper.send(no, [(free, next(iter(record.waiting)))])
    elif kind == "receive" and record.sent:
        keeper.receive(no, [next(iter(record.sent))], lambda _error: None)
    elif kind == "complete" and (record.sent or record.received):
        keeper.complete(no, [next(iter(record.received or record.sent))])
    elif kind == "hold":
        if flag:
            keeper.flush(held_by=no, held=b"\0\7\0\11")
        else:
            keeper.free(no, b"\0\7", lambda _error: None)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(0, 40))
def test_whenever_it_crashes_the_journal_makes_what_was_known(steps: list[tuple[str, Any, bool]], crash: int) -> None:
    async def run() -> None:
        disk = Disk()
        play = Play(disk)
        for number, step in enumerate(steps):
            await act(play, step)
            if number == crash:
                await play.keeper._committer.drain()
                assert await after_a_crash(disk) == image(play.keeper.ledger)
                seen = play.keeper.ledger
                play.keeper = Keeper(disk, "g0")
                await play.keeper.load()
                assert image(play.keeper.ledger) == image(seen)
        await play.keeper._committer.drain()
        assert await after_a_crash(disk) == image(play.keeper.ledger)
        assert play.keeper.ledger.bytes == sum(
            keeper_module_weight(message) for message in play.keeper.ledger.messages.values()
        )

    asyncio.run(run())


def keeper_module_weight(message: KeptMessage) -> int:
    from unisono.gateway.sessions import ledger

    return len(message.payload) + len(message.topic) + ledger.MESSAGE_BYTES


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.sets(st.integers(0, 39), max_size=8))
def test_after_failed_writes_the_disk_is_made_to_say_what_is_known(
    steps: list[tuple[str, Any, bool]], failing: set[int]
) -> None:
    async def run() -> None:
        disk = Disk()
        play = Play(disk)
        for number, step in enumerate(steps):
            disk.refuse = number in failing
            if step[0] != "anew":
                await act(play, step)
            await play.keeper._committer.drain()
        disk.refuse = False
        if play.keeper._rewriting is not None:
            await play.keeper._rewriting
        found = await after_a_crash(disk)
        assert found == image(play.keeper.ledger)
        waiting = {payload for one in found.values() for payload in one[5]}
        assert not waiting & set(play.refused), "what was refused is not kept"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper_module, "RETRY_S", 0.01)
        asyncio.run(run())


async def test_every_prefix_of_the_journal_holds_what_was_promised_until_then() -> None:
    disk = Disk()
    play = Play(disk)
    for key in KEYS:
        play.begin(key)
    promised_at: list[int] = []
    for n in range(30):
        play.publish(KEYS[: 1 + n % 3])
        await play.keeper._committer.drain()
        promised_at.append(disk.last)
    for n, seq in enumerate(promised_at):
        cut = Disk()
        cut.messages = {each: payload for each, payload in disk.messages.items() if each <= seq}
        cut.last = seq
        found = await after_a_crash(cut)
        assert len(found["a"][5]) == n + 1
        assert found["a"][5][-1] == b"%d" % (n + 1)


async def test_a_journal_is_written_anew_when_it_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "ANEW_BYTES", 20_000)
    disk = Disk()
    play = Play(disk)
    play.begin("a")
    play.begin("b")
    for n in range(200):
        play.publish(["a", "b"], size=500)
        for key in ("a", "b"):
            number = next(iter(play.keeper.ledger.by_key[key].waiting))
            play.keeper.send(play.no(key), [(1 + n, number)])
            if n > 3:
                play.keeper.complete(play.no(key), [n - 3])
        await asyncio.sleep(0)
        if play.keeper._rewriting is not None:
            await play.keeper._rewriting
    await play.keeper.close()
    _first, _last, size = await disk.bounds()
    assert size < 60_000
    assert await after_a_crash(disk) == image(play.keeper.ledger)


async def test_a_message_for_many_is_kept_once() -> None:
    disk = Disk()
    play = Play(disk)
    for n in range(500):
        play.begin(f"k{n}")
    await play.keeper._committer.drain()
    before = (await disk.bounds())[2]
    play.publish([f"k{n}" for n in range(500)], size=5_000)
    await play.keeper._committer.drain()
    assert (await disk.bounds())[2] - before < 8_000


async def test_at_the_bound_of_a_place_the_fullest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "PLACE_BYTES", 100_000)
    disk = Disk()
    play = Play(disk)
    for key in KEYS:
        play.begin(key)
    small = [play.publish(["b"]) for _ in range(5)]
    big = [play.publish(["a"], size=1_000) for _ in range(400)]
    waiting = image(play.keeper.ledger)
    assert waiting["b"][5] == small, "who has little keeps it"
    assert 50 < len(waiting["a"][5]) < 100
    assert waiting["a"][5] == big[-len(waiting["a"][5]) :], "the oldest went"
    assert play.keeper.dropped == 400 - len(waiting["a"][5])
    assert sum(len(numbers) for key, numbers in play.sundered if key == "a") == play.keeper.dropped
    await play.keeper.close()
    assert await after_a_crash(disk) == waiting


async def test_at_the_bound_of_all_the_fullest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "QUEUED_BYTES", 100_000)
    disk = Disk()
    play = Play(disk)
    for key in KEYS:
        play.begin(key)
    for _ in range(300):
        play.publish(["a", "b"], size=1_000)
    play.publish(["c"])
    found = image(play.keeper.ledger)
    assert play.keeper.ledger.bytes <= 105_000 and len(found["c"][5]) == 1
    assert abs(len(found["a"][5]) - len(found["b"][5])) < 40


async def test_who_publishes_is_told_when_it_is_not_kept() -> None:
    disk = Disk()
    play = Play(disk)
    play.begin("a")
    await play.keeper._committer.drain()
    disk.refuse = True
    refused = play.publish(["a"])
    await play.keeper._committer.drain()
    assert play.refused == [refused] and not play.keeper.ledger.by_key["a"].waiting
    assert play.sundered == [("a", [1])] and play.keeper.trouble
    assert play.keeper.pending_bytes == 0 and not play.keeper.crowded
    await play.keeper.close()


async def test_nothing_offered_is_nothing_to_wait_for() -> None:
    play = Play(Disk())
    assert play.keeper.flush(done=lambda _error: pytest.fail("nobody is to be told")) is False
    play.begin("a")
    told: list[int] = []
    number = play.keeper.offer(play.no("a"), Message("t", b"1", 1, False, None), lambda: told.append(1))
    await asyncio.sleep(0)
    await play.keeper._committer.drain()
    assert told == [1] and play.keeper.settled == number, "what nobody flushes is flushed in its turn"
    await play.keeper.close()
