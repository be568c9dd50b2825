"""Recognises what a client sends again: the same packet id and message with the DUP flag set (MQTT 5, 3.3.1.1).

Knows the last stretch of the log and, for clients whose connection ended, what they had sent until then. A message
whose first copy is in the log must not be folded twice; any other resend is a new message. Pure and bounded; a replay
that starts with the same stretch decides the same.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from zlib import crc32

import msgspec

from unisono.twin.record import Batch, GatewayStarted, Presence, Reports

__all__ = ["Resends", "ResendsSaved", "Tail"]

#: Bytes of memory for the stretch: what gateways may have logged without the client having read the PUBACK is at most
#: their outstanding batches (4 of 256 KB each) and the socket buffers; 16 MB leaves room for several gateways.
KEEP_BYTES = 16 * 1024 * 1024
#: What a run and each of its messages cost in memory beyond their bytes in the log (measured with tracemalloc).
RUN_BYTES = 650
MESSAGE_BYTES = 41
#: Clients whose last messages are remembered, messages remembered of each (more than any window of unacknowledged
#: messages that we have met), and of all together (as many as the stretch holds at 64 bytes each; 40 MB).
KEEP_CLIENTS = 20_000
KEEP_MESSAGES = 4_096
KEEP_TOTAL = 262_144


class Tail(msgspec.Struct, array_like=True):
    """What a client may send again: the digest of the last message under each packet id, oldest first.

    ``done`` of its runs in the stretch, counted from the oldest, are taken in already.
    """

    messages: dict[int, int]
    done: int = 0


class ResendsSaved(msgspec.Struct, array_like=True):
    """What a checkpoint keeps; the stretch of the log is read again from ``first``."""

    first: int
    tails: dict[str, Tail]


class Resends:
    """The memory of what was sent lately. By client it is put in order only when somebody left or sent again: most of
    it is forgotten without that."""

    __slots__ = ("_batch", "_bytes", "_fresh", "_places", "_recent", "_runs", "_tails", "_total", "first")

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int, list[Reports]]] = deque()  # sequence, bytes, runs
        self._bytes = 0
        self._fresh: deque[list[Reports]] = deque()  # the latest of these, not yet in ``_runs``
        self._runs: dict[str, deque[Reports]] = {}  # by client
        self._tails: dict[str, Tail] = {}  # the order of insertion is the order of the last change
        self._total = 0
        self._batch: Batch | None = None
        self._places: dict[int, int] = {}
        self.first = 0

    def keep(self, seq: int, size: int, batch: Batch) -> None:
        """Remember a log message of ``size`` bytes; call it before its entries are folded."""
        self._batch = batch
        self._places = {}
        runs = [entry for entry in batch.entries if type(entry) is Reports]
        ids = [run.packet_ids for run in runs]
        if b"" in ids:
            runs = [run for run in runs if run.packet_ids]
        if not runs:
            return
        if not self._recent and seq != self.first:
            # not the stretch that the tails were saved with (the log was changed or cut): count its runs anew
            for tail in self._tails.values():
                tail.done = 0
        weight = size + RUN_BYTES * len(runs) + MESSAGE_BYTES * (sum(map(len, ids)) // 2)
        self._recent.append((seq, weight, runs))
        self._fresh.append(runs)
        self._bytes += weight
        while self._bytes > KEEP_BYTES and len(self._recent) > 1:
            self._forget_oldest()
        self.first = self._recent[0][0]

    def left(self, entry: Presence) -> None:
        """The client's connection ended: keep what it had sent before this entry, it may send that again."""
        self._put(entry.client, self._taken_in(entry.client, self._count_before(entry.client, entry)))

    def all_left(self, entry: GatewayStarted) -> None:
        """A gateway began anew: every client in the stretch may send again."""
        self._line_up()
        for client in sorted(self._runs):
            self._put(client, self._taken_in(client, self._count_before(client, entry)))

    def known(self, run: Reports) -> set[int]:
        """Indices of those payloads of ``run`` with the DUP flag that are in the log already, before their place."""
        if len(run.packet_ids) != 2 * len(run.payloads):
            return set()
        tail = self._taken_in(run.client, self._count_before(run.client, run))
        dups = frozenset(run.dups)
        found: set[int] = set()
        for i, (packet_id, digest) in enumerate(_digests(run)):
            if i in dups and tail.messages.get(packet_id) == digest:
                found.add(i)
            _add(tail, packet_id, digest)
        tail.done += 1
        self._put(run.client, tail)
        return found

    def saved(self) -> ResendsSaved:
        return ResendsSaved(self.first, self._tails)

    def restore(self, saved: ResendsSaved) -> None:
        """Take over the tails; the caller hands the stretch from ``saved.first`` to `keep` again."""
        self._tails = saved.tails
        self._total = sum(len(tail.messages) for tail in saved.tails.values())
        self.first = saved.first

    # inside

    def _line_up(self) -> None:
        """Put by client what came since the last time."""
        known = self._runs
        for runs in self._fresh:
            for run in runs:
                found = known.get(run.client)
                if found is None:
                    found = known[run.client] = deque()
                found.append(run)
        self._fresh.clear()

    def _count_before(self, client: str, entry: Reports | Presence | GatewayStarted) -> int:
        """How many of the client's runs lie before an entry of the latest batch."""
        self._line_up()
        runs = self._runs.get(client)
        if runs is None:
            return 0
        places = self._places
        if not places and self._batch is not None:
            places = self._places = {id(each): place for place, each in enumerate(self._batch.entries)}
        here = places[id(entry)]
        count = len(runs)
        for run in reversed(runs):
            if places.get(id(run), -1) < here:
                break
            count -= 1
        return count

    def _taken_in(self, client: str, count: int) -> Tail:
        """Take out the client's tail, with its first ``count`` runs in the stretch in it; each is taken in once."""
        tail = self._tails.pop(client, None)
        if tail is None:
            tail = Tail({})
        self._total -= len(tail.messages)
        runs = self._runs.get(client, ())
        fresh: list[Reports] = []
        room = KEEP_MESSAGES
        for run in islice(reversed(runs), len(runs) - count, max(len(runs) - tail.done, 0)):
            fresh.append(run)
            room -= len(run.payloads)
            if room <= 0:
                break
        for run in reversed(fresh):
            for packet_id, digest in _digests(run):
                _add(tail, packet_id, digest)
        tail.done = count
        return tail

    def _put(self, client: str, tail: Tail) -> None:
        """Keep a tail as the one that changed last; the longest unchanged ones go at the bounds."""
        while len(tail.messages) > KEEP_MESSAGES:
            del tail.messages[next(iter(tail.messages))]
        if not tail.messages:
            return
        self._tails[client] = tail
        self._total += len(tail.messages)
        while self._total > KEEP_TOTAL or len(self._tails) > KEEP_CLIENTS:
            self._drop_tail(next(iter(self._tails)))

    def _drop_tail(self, client: str) -> None:
        self._total -= len(self._tails.pop(client).messages)

    def _forget_oldest(self) -> None:
        _seq, weight, runs = self._recent.popleft()
        self._bytes -= weight
        tails = self._tails
        lined_up = len(self._fresh) <= len(self._recent)
        if not lined_up:
            self._fresh.popleft()
        for run in runs if lined_up or tails else ():
            client = run.client
            if lined_up:
                of_client = self._runs[client]
                of_client.popleft()
                if not of_client:
                    del self._runs[client]
            if client not in tails:
                continue
            tail = tails[client]
            if tail.done:
                tail.done -= 1
            elif not run.dups:
                # it has gone on with new messages since, so nothing older is open (MQTT 5, 4.6: resends come first)
                self._drop_tail(client)


def _add(tail: Tail, packet_id: int, digest: int) -> None:
    tail.messages.pop(packet_id, None)  # the order of insertion is the order of age
    tail.messages[packet_id] = digest


def _digests(run: Reports) -> list[tuple[int, int]]:
    """(packet id, digest of where it went and what it said) of each message of a run."""
    where = crc32(f"{run.thing}/{run.topic}".encode())
    ids = run.packet_ids
    return [
        (int.from_bytes(ids[2 * i : 2 * i + 2]), crc32(payload, where))
        for i, payload in enumerate(run.payloads)
        if len(ids) >= 2 * i + 2
    ]
