"""Keeps sessions on disk: what happens to them goes into a journal, in groups, before anybody is told that it is safe.

Knows the journal (a stream of its own, `unisono.store.log.Log`), its bounds, and `Ledger`, the fold of what it holds.
Knows no protocol and no sockets: who hands something over says what to call once it is on disk. Sessions that end with
their connection never come here.

When the journal has grown to several times what it stands for, every session is written anew behind it, a few at a
time, and what is before is purged: there are no positions to keep, and a crash in between leaves both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from unisono.errors import HostError, UnisonoError
from unisono.gateway.commit import Committer
from unisono.gateway.sessions.ledger import (
    Began,
    Completed,
    Ended,
    Entry,
    Freed,
    Heard,
    Kept,
    KeptMessage,
    KeptWill,
    Ledger,
    Left,
    Passed,
    Received,
    Record,
    Sent,
    Subscription,
    Sundered,
    Unheard,
    decode_entries,
    encode_entries,
)
from unisono.gateway.sessions.session import Message

__all__ = ["JOURNAL_BYTES", "Done", "Journal", "Keeper", "read_journal"]

logger = logging.getLogger(__name__)

#: Bytes of messages that wait for all clients of one gateway together, and for those of one root place: past either the
#: oldest of whoever has most give way.
QUEUED_BYTES = 64 * 1024 * 1024
PLACE_BYTES = 16 * 1024 * 1024
#: At a bound so much is made free at a time, or every message would look for the fullest again.
ROOM_SHARE = 0.05
#: The journal is written anew when it has grown by so much and twice what it stands for.
ANEW_BYTES = 16 * 1024 * 1024
ANEW_TIMES = 2
#: What a session without messages weighs in that comparison.
RECORD_BYTES = 512
#: Bytes of a rewriting that are handed over before others have their turn.
SLICE_BYTES = 1024 * 1024
#: The journal's own bound: the most that can wait, its rewriting, and what comes in meanwhile.
JOURNAL_BYTES = 256 * 1024 * 1024
#: After a failed write everything is written anew; so long between attempts.
RETRY_S = 1.0
#: What an entry weighs that bears no payload.
SMALL = 64

Done = Callable[[UnisonoError | None], None]


class Journal(Protocol):
    """The part of `unisono.store.log.Log` that is needed."""

    async def append(self, payload: bytes, message_id: str) -> int: ...
    async def bounds(self) -> tuple[int, int, int]: ...
    async def purge(self, below_seq: int) -> None: ...
    async def read(self, from_seq: int, handler: Callable[[int, bytes], None]) -> Any: ...


async def read_journal(journal: Journal) -> tuple[Ledger, int]:
    """The sessions in a journal, and its size in bytes. Raises HostError when it cannot be read."""
    ledger = Ledger()
    first, last, size = await journal.bounds()

    def take(_seq: int, payload: bytes) -> None:
        for entry in decode_entries(payload):
            ledger.apply(entry)

    if first <= last:
        reader = await journal.read(first, take)
        try:
            await reader.wait_until(last)
        finally:
            await reader.stop()
    ledger.tidy()
    return ledger, size


class Keeper:
    """One gateway's sessions on disk; `load` before anything else.

    ``on_sundered(key, numbers)``: these messages gave way at a bound that sessions share.
    """

    def __init__(self, journal: Journal, source: str) -> None:
        self.ledger = Ledger()
        self.settled = 0
        self.dropped = 0
        self._journal = journal
        self._committer = Committer(journal, source, encode=encode_entries)
        self.on_sundered: Callable[[str, list[int]], None] = lambda _key, _numbers: None
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._bytes = 0
        self._by_root: dict[str, int] = {}
        self._offered: list[KeptMessage] = []
        self._alike: dict[tuple[Any, ...], KeptMessage] = {}
        self._receivers: list[Callable[[], None]] = []
        self._scheduled = False
        self._rewriting: asyncio.Task[None] | None = None
        self._failed = False

    @property
    def trouble(self) -> str | None:
        return self._committer.trouble

    @property
    def offered(self) -> bool:
        """Whether messages were offered that are not handed over yet."""
        return bool(self._offered)

    @property
    def crowded(self) -> bool:
        return self._committer.crowded

    @property
    def pending_bytes(self) -> int:
        return self._committer.pending_bytes

    async def load(self) -> list[Record]:
        """Read the journal; returns the sessions in it. Raises HostError when it cannot be read."""
        self.ledger, self._bytes = await read_journal(self._journal)
        self.settled = self._number = self.ledger.last_number
        return list(self.ledger.records.values())

    async def close(self) -> None:
        """Settle what is on its way."""
        self.flush()
        if self._rewriting is not None:
            self._rewriting.cancel()
            await asyncio.gather(self._rewriting, return_exceptions=True)
        await self._committer.drain()

    # sessions

    def begin(
        self,
        key: str,
        root: str,
        identity: bytes,
        *,
        fresh: bool,
        epoch: int,
        expiry_s: float,
        at: int,
        will: KeptWill | None,
        done: Done | None = None,
    ) -> int:
        """A connection of a session that is kept began; returns its ``no``."""
        known = None if fresh else self.ledger.by_key.get(key)
        no = known.no if known is not None else self.ledger.last_no + 1
        size = SMALL + len(key) + len(identity) + (len(will.will.payload) if will is not None else 0)
        self._add(Began(no, key, root, identity, fresh, epoch, expiry_s, at, will), size, done)
        return no

    def leave(self, no: int, at: int, expires_at: int, will_due_at: int = 0) -> None:
        self._add(Left(no, at, expires_at, will_due_at))

    def end(self, no: int) -> None:
        self._add(Ended(no))

    def hear(self, no: int, subscriptions: list[Subscription], done: Done | None = None) -> None:
        size = SMALL + sum(len(each.filter) for each in subscriptions)
        self._add(Heard(no, subscriptions), size, done)

    def unhear(self, no: int, filters: list[str], done: Done | None = None) -> None:
        self._add(Unheard(no, filters), SMALL + sum(map(len, filters)), done)

    # messages for clients

    def offer(self, no: int, message: Message, ready: Callable[[], None]) -> int:
        """Keep a message for a session: returns its number. ``ready`` is called when it may leave (once for all)."""
        alike = (message.topic, message.qos, message.retain, id(message.properties), message.expires_at, message.share)
        kept = self._alike.get(alike)
        # the payload is one object for everybody who gets the message; another object is another message
        if kept is None or kept.payload is not message.payload or no in kept.to[-1:]:
            kept = KeptMessage(
                self.next_number(),
                message.topic,
                message.payload,
                message.qos,
                message.retain,
                message.properties,
                message.expires_at,
                message.share,
                [],
            )
            self._offered.append(kept)
            self._alike[alike] = kept
        kept.to.append(no)
        self._receivers.append(ready)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush_soon)
        return kept.number

    def _flush_soon(self) -> None:
        if self._scheduled:
            self.flush()

    def flush(
        self,
        *,
        held_by: int = 0,
        held: bytes = b"",
        origin: str = "",
        passed: int = 0,
        onward: list[str] | None = None,
        publication: bytes = b"",
        done: Done | None = None,
    ) -> bool:
        """Hand over what was offered since the last time, as one; False when there is nothing (``done`` is not called).

        The rest as in `unisono.gateway.sessions.ledger.Kept`.
        """
        self._scheduled = False
        offered, self._offered = self._offered, []
        receivers, self._receivers = self._receivers, []
        self._alike.clear()
        if not offered and not held and not origin and not onward:
            return False
        last = offered[-1].number if offered else 0

        def settle(error: UnisonoError | None) -> None:
            self.settled = max(self.settled, last)
            if error is not None:
                self._take_back(offered)
            if done is not None:
                done(error)
            if error is None:
                for ready in dict.fromkeys(receivers):
                    ready()

        size = sum(len(each.payload) + len(each.topic) + 4 * len(each.to) for each in offered)
        entry = Kept(offered, held_by, held, origin, passed, onward or [], publication)
        self._add(entry, SMALL + size + len(held) + len(publication), settle)
        self._make_room(offered)
        return True

    def next_number(self) -> int:
        """Never given before, in this journal."""
        self._number += 1
        return self._number

    def send(self, no: int, pairs: list[tuple[int, int]], done: Done | None = None) -> None:
        """Messages leave (packet id, number); at QoS 2 they may when ``done`` is called."""
        self._add(Sent(no, pairs), SMALL + 8 * len(pairs), done)

    def receive(self, no: int, packet_ids: list[int], done: Done) -> None:
        """PUBREC came; PUBREL may leave when ``done`` is called."""
        self._add(Received(no, packet_ids), SMALL + 4 * len(packet_ids), done)

    def complete(self, no: int, packet_ids: list[int]) -> None:
        self._add(Completed(no, packet_ids), SMALL + 4 * len(packet_ids))

    def sunder(self, no: int, numbers: list[int]) -> None:
        """These messages do not wait for the session any more."""
        self._add(Sundered(no, numbers), SMALL + 8 * len(numbers))

    def free(self, no: int, held: bytes, done: Done) -> None:
        """PUBREL came for messages of the client; PUBCOMP may leave when ``done`` is called."""
        self._add(Freed(no, held), SMALL + len(held), done)

    def passed(self, seq: int, done: Done) -> None:
        """What other gateways pass on was taken up to this sequence."""
        self._add(Passed(seq), SMALL, done)

    def is_on(self, number: int) -> None:
        """A publication that was kept as ``onward`` is with the other gateways."""
        self._add(Passed(self.ledger.last_seq, number))

    def take(self, origin: str, number: int) -> None:
        """What another gateway passed on was delivered: with what of it is kept, a repeat is known."""
        if self._offered:
            self.flush(origin=origin, passed=number)
        else:
            self.ledger.origins[origin] = number

    async def drain(self) -> None:
        """Wait until everything handed over is settled."""
        self.flush()
        await self._committer.drain()

    # bounds

    def _make_room(self, offered: list[KeptMessage]) -> None:
        if self.ledger.bytes > QUEUED_BYTES:
            self._shed(list(self.ledger.records.values()), int(QUEUED_BYTES * (1 - ROOM_SHARE)))
        for root in {self.ledger.records[no].root for each in offered for no in each.to if no in self.ledger.records}:
            self._by_root[root] = self._by_root.get(root, 0) + sum(len(each.payload) + SMALL for each in offered)
            if self._by_root[root] > PLACE_BYTES:
                # the count only ever grows: now it is made exact, and what is too much goes
                records = [record for record in self.ledger.records.values() if record.root == root]
                self._by_root[root] = self._shed(records, int(PLACE_BYTES * (1 - ROOM_SHARE)))

    def _shed(self, records: list[Record], most: int) -> int:
        """Let the oldest messages of the fullest of these sessions go until they have ``most`` bytes together.

        Returns what is left. A message that many wait for is counted once for each: it goes when it left them all.
        """
        weights = {record.no: self.ledger.weight(record) for record in records}
        total = sum(weights.values())
        while total > most and weights:
            no = max(weights, key=weights.__getitem__)
            record = self.ledger.records[no]
            others = max((weight for other, weight in weights.items() if other != no), default=0)
            # down to the next fullest, or by the twentieth part when they are all alike
            goal = max(total - most, weights[no] // 20)
            goal = min(goal, max(weights[no] - others, weights[no] // 20, 1))
            gone: list[int] = []
            freed = 0
            for number in record.waiting:
                if freed >= goal:
                    break
                message = self.ledger.messages[number]
                freed += len(message.payload) + len(message.topic) + 2 * SMALL
                gone.append(number)
            if not gone:
                del weights[no]  # all of it is on its way: it stays
                continue
            weights[no] -= freed
            total -= freed
            self.dropped += len(gone)
            self._add(Sundered(no, gone), SMALL + 8 * len(gone))
            self.on_sundered(record.key, gone)
        return total

    # the journal

    def _add(self, entry: Entry, size: int = SMALL, done: Done | None = None) -> None:
        self.ledger.apply(entry)
        self._bytes += size

        def settle(error: UnisonoError | None) -> None:
            if error is not None:
                self._fail()
            if done is not None:
                done(error)

        self._committer.add(entry, size, settle)  # type: ignore[arg-type]  # encoded by encode_entries
        live = self.ledger.bytes + RECORD_BYTES * len(self.ledger.records)
        if self._bytes > ANEW_BYTES + ANEW_TIMES * live and self._rewriting is None:
            self._rewriting = self._loop.create_task(self._rewrite())

    def _take_back(self, offered: list[KeptMessage]) -> None:
        """They are not on disk, and their publishers are told so: nobody is to have them."""
        by_session: dict[int, list[int]] = {}
        for message in offered:
            for no in message.to:
                by_session.setdefault(no, []).append(message.number)
        for no, numbers in by_session.items():
            record = self.ledger.records.get(no)
            if record is not None:
                self.ledger.apply(Sundered(no, numbers))
                self.on_sundered(record.key, numbers)

    def _fail(self) -> None:
        """What is on disk is not what we know any more: once it can be written again, all of it is."""
        self._failed = True
        if self._rewriting is None:
            self._rewriting = self._loop.create_task(self._rewrite())

    async def _rewrite(self) -> None:
        try:
            while True:
                if self._failed:
                    await asyncio.sleep(RETRY_S)
                self._failed = False
                try:
                    await self._write_anew()
                except HostError as error:
                    logger.warning("sessions cannot be written anew yet: %s", error)
                    self._failed = True
                else:
                    return
        finally:
            self._rewriting = None

    async def _write_anew(self) -> None:
        _first, last, _size = await self._journal.bounds()
        told: set[int] = set()
        written = 0
        since = 0
        for entry in self.ledger.rest():
            self._committer.add(entry, SMALL)  # type: ignore[arg-type]
        for no in list(self.ledger.records):
            record = self.ledger.records.get(no)
            if record is None:
                continue
            for entry in self.ledger.entries(record, told):
                size = _size_of(entry)
                written += size
                since += size
                self._committer.add(entry, size)  # type: ignore[arg-type]
            if since > SLICE_BYTES:
                since = 0
                await self._committer.drain()
        settled: asyncio.Future[UnisonoError | None] = self._loop.create_future()

        def settle(error: UnisonoError | None) -> None:
            if not settled.done():
                settled.set_result(error)

        self._committer.add(Passed(self.ledger.last_seq), SMALL, settle)  # type: ignore[arg-type]
        error = await settled
        if error is not None or self._failed or self._committer.trouble:
            raise HostError(str(error or self._committer.trouble or "a write failed meanwhile"))
        await self._journal.purge(last + 1)
        self._bytes = written
        logger.debug("%d sessions were written anew, %d bytes", len(self.ledger.records), written)


def _size_of(entry: Entry) -> int:
    if isinstance(entry, Kept):
        return SMALL + sum(len(each.payload) + len(each.topic) for each in entry.messages) + len(entry.publication)
    return RECORD_BYTES
