"""Recognises what a client sends again: the same packet id and payload with the DUP flag set (MQTT 5, 3.3.1.1).

Knows the last stretch of the log and, for clients that are away, what they had sent when they left. A message whose
first copy is in the log must not be folded twice; any other resend is a new message. Pure and bounded; a replay that
starts with the same stretch decides the same.
"""

from __future__ import annotations

from collections import deque
from zlib import crc32

import msgspec

from unisono.twin.record import Batch, Reports

__all__ = ["Resends", "ResendsSaved"]

#: Bytes of payload kept: what gateways may have logged without the client having read the PUBACK is at most their
#: outstanding batches (4 of 256 KB each) and the socket buffers; 16 MB leaves room for several gateways.
KEEP_BYTES = 16 * 1024 * 1024
#: Clients away whose last messages are remembered, and messages remembered of each.
KEEP_CLIENTS = 20_000
KEEP_MESSAGES = 4_096


class ResendsSaved(msgspec.Struct, array_like=True):
    """What a checkpoint keeps; the stretch of the log is read again from ``first``."""

    first: int
    tails: dict[str, dict[int, int]]


class Resends:
    """The memory of what was sent lately, per client."""

    __slots__ = ("_bytes", "_recent", "_tails", "first")

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int, dict[str, list[Reports]]]] = deque()
        self._bytes = 0
        self._tails: dict[str, dict[int, int]] = {}
        self.first = 0

    def keep(self, seq: int, size: int, batch: Batch) -> None:
        """Remember a log message of ``size`` bytes; call it before its entries are folded."""
        clients: dict[str, list[Reports]] = {}
        for entry in batch.entries:
            if type(entry) is Reports and entry.packet_ids:
                clients.setdefault(entry.client, []).append(entry)
        if not clients:
            return
        self._recent.append((seq, size, clients))
        self._bytes += size
        while self._bytes > KEEP_BYTES and len(self._recent) > 1:
            self._bytes -= self._recent.popleft()[1]
        self.first = self._recent[0][0]

    def left(self, client: str) -> None:
        """The client's connection ended: keep what it may send again."""
        tail = self._tails.pop(client, {})
        for _seq, _size, clients in self._recent:
            for run in clients.get(client, ()):
                _add(tail, run)
        if tail:
            _trim(tail)
            self._tails[client] = tail
            while len(self._tails) > KEEP_CLIENTS:
                del self._tails[next(iter(self._tails))]

    def all_left(self) -> None:
        """A gateway began anew: every client in the stretch may send again."""
        for client in {client for _seq, _size, clients in self._recent for client in clients}:
            self.left(client)

    def known(self, run: Reports, index: int) -> bool:
        """Whether payload ``index`` of ``run`` (its DUP flag set) is in the log already, before this place."""
        packet_id = run.packet_ids[2 * index : 2 * index + 2]
        payload = run.payloads[index]
        tail = self._tails.get(run.client)
        if tail is not None and tail.get(int.from_bytes(packet_id)) == crc32(payload):
            return True
        return any(
            _holds(earlier, packet_id, payload, index if earlier is run else len(earlier.payloads))
            for earlier in self._up_to(run)
        )

    def _up_to(self, run: Reports) -> list[Reports]:
        runs: list[Reports] = []
        for _seq, _size, clients in self._recent:
            for earlier in clients.get(run.client, ()):
                runs.append(earlier)
                if earlier is run:
                    return runs
        return runs

    def saved(self) -> ResendsSaved:
        return ResendsSaved(self.first, self._tails)

    def restore(self, saved: ResendsSaved) -> None:
        """Take over the tails; the caller hands the stretch from ``saved.first`` to `keep` again."""
        self._tails = saved.tails
        self.first = saved.first


def _add(tail: dict[int, int], run: Reports) -> None:
    ids = run.packet_ids
    for i, payload in enumerate(run.payloads):
        packet_id = int.from_bytes(ids[2 * i : 2 * i + 2])
        tail.pop(packet_id, None)  # the order of insertion is the order of age
        tail[packet_id] = crc32(payload)


def _trim(tail: dict[int, int]) -> None:
    while len(tail) > KEEP_MESSAGES:
        del tail[next(iter(tail))]


def _holds(run: Reports, packet_id: bytes, payload: bytes, stop: int) -> bool:
    ids = run.packet_ids
    at = ids.find(packet_id)
    while at != -1:
        if at % 2 == 0 and at // 2 < stop and run.payloads[at // 2] == payload:
            return True
        at = ids.find(packet_id, at + 1)
    return False
