"""Group commit: what many connections say becomes one batch in the log; nobody is answered before it is on disk.

Knows batches, their bounds and the log's `append`. Knows no protocol: whoever adds entries says what to call
afterwards.
"""

from __future__ import annotations

import asyncio
import bisect
import logging
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from unisono.errors import UnisonoError
from unisono.gateway.clock import now_us
from unisono.twin.record import Batch, Entry, encode_batch

__all__ = ["Committer", "Done", "Latency", "LogWriter"]

logger = logging.getLogger(__name__)

#: A batch is closed at this size: one fsync of 200 KB costs 0.7 ms against 0.3 ms for 200 bytes, and an entry of up to
#: a socket read (256 KB) on top still fits NATS' default max_payload of 1 MB.
BATCH_BYTES = 256 * 1024
#: Batches on their way at a time: enough to keep the disk busy while the next is gathered.
OUTSTANDING = 4
#: Beyond this much waiting, sockets are no longer read; below half of it they are again. Twice what is on its way keeps
#: the disk busy; more would only be a longer queue before everybody (4 MB: 190 ms beside one flood at QoS 0, now 60).
HIGH_WATER_BYTES = 2 * 1024 * 1024
#: A batch that follows another and is smaller than this waits a moment for company: at 20,000 single messages a second
#: every batch costs each of three processes more than the messages in it do.
SMALL_BYTES = 16 * 1024
GATHER_S = 0.001
#: What an entry weighs beside its payloads.
ENTRY_BYTES = 64


class LogWriter(Protocol):
    """The part of `unisono.store.log.Log` that is needed."""

    async def append(self, payload: bytes, message_id: str) -> int: ...


Done = Callable[[UnisonoError | None], None]


def encode(source: str, at: int, entries: list[Entry]) -> bytes:
    """One message of a partition's log."""
    return encode_batch(Batch(source, at, entries))


class Latency:
    """How long appends took, as a histogram: ``counts`` by upper bound in seconds, the last without one."""

    __slots__ = ("counts", "total_s")

    BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(self.BOUNDS_S, seconds)] += 1
        self.total_s += seconds


class Committer:
    """Gathers entries for one partition's log, or of other kinds for another that is written with ``encode``.

    `add` never waits; ``done`` is called with None once the entry is on disk, or with the error that kept it from being
    so, in the order of adding. ``crowded`` turns true when too much waits: stop reading until ``on_room`` is called.
    """

    def __init__(
        self,
        log: LogWriter,
        source: str,
        *,
        on_room: Callable[[], None] | None = None,
        encode: Callable[[str, int, list[Any]], bytes] = encode,
    ) -> None:
        self._log = log
        self._source = source
        self._encode = encode
        self._on_room = on_room
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._entries: list[Entry] = []
        self._dones: list[Done] = []
        self._size = 0
        self._closed: deque[tuple[list[Entry], list[Done], int]] = deque()
        self._outstanding: set[asyncio.Task[None]] = set()
        self._waiting_bytes = 0
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self.batches = 0
        self.held = False
        self.strict = False
        self.latency = Latency()
        self.trouble: str | None = None

    @property
    def pending_bytes(self) -> int:
        return self._size + self._waiting_bytes

    @property
    def crowded(self) -> bool:
        return self.held or self._size + self._waiting_bytes > HIGH_WATER_BYTES

    @property
    def full(self) -> bool:
        """Crowded so much that nobody is read any more, not even who says little."""
        return self.strict or self._size + self._waiting_bytes > 2 * HIGH_WATER_BYTES

    def hold(self, held: bool, *, strict: bool = False) -> None:
        """The owner has fallen far behind, or caught up: what comes in must not fill the log. ``strict``: farther
        still, whoever says little waits too."""
        self.held = held
        self.strict = strict
        if not held and self._on_room is not None:
            self._on_room()

    def add(self, entry: Entry, size: int, done: Done | None = None) -> None:
        """Take an entry whose payloads have ``size`` bytes."""
        size += ENTRY_BYTES
        if self._size + size > BATCH_BYTES and self._entries:
            self._close()
        self._entries.append(entry)
        if done is not None:
            self._dones.append(done)
        self._size += size
        if not self._scheduled and not self._outstanding:
            self._scheduled = True
            self._loop.call_soon(self._soon)

    def _soon(self) -> None:
        self._scheduled = False
        if not self._outstanding:
            self._send()

    def _close(self) -> None:
        """End the batch that is gathered; it leaves when it is its turn."""
        self._closed.append((self._entries, self._dones, self._size))
        self._waiting_bytes += self._size
        self._entries, self._dones, self._size = [], [], 0
        if len(self._outstanding) < OUTSTANDING:
            self._send()

    def _send(self) -> None:
        """Send closed batches on their way, in order, as many as may be; the open one only when nothing else is."""
        if self._entries and not self._closed and not self._outstanding:
            self._close()
            return
        while self._closed and len(self._outstanding) < OUTSTANDING:
            # a task begins its append when it first runs, and tasks first run in the order in which they are made
            task = self._loop.create_task(self._append(*self._closed.popleft()))
            self._outstanding.add(task)
            task.add_done_callback(self._landed)

    async def _append(self, entries: list[Entry], dones: list[Done], size: int) -> None:
        error: UnisonoError | None = None
        self._number += 1
        began = self._loop.time()
        try:
            data = self._encode(self._source, now_us(), entries)
            await self._log.append(data, f"{self._source}-{self._boot}-{self._number}")
            self.batches += 1
            self.latency.add(self._loop.time() - began)
            self.trouble = None
        except UnisonoError as failed:
            if self.trouble is None:
                logger.error("the log refuses: %s", failed)
            self.trouble = str(failed)
            error = failed
        finally:
            self._waiting_bytes -= size
        for done in dones:
            done(error)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._outstanding.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a batch could not be settled", exc_info=task.exception())
        if self._size >= SMALL_BYTES or self._closed:
            self._send()
        elif self._entries and not self._outstanding and not self._scheduled:
            self._scheduled = True
            self._loop.call_later(GATHER_S, self._soon)
        if self._on_room is not None and not self.held and self._size + self._waiting_bytes < HIGH_WATER_BYTES // 2:
            self._on_room()

    async def drain(self) -> None:
        """Wait until everything added is settled."""
        while self._entries or self._closed or self._outstanding:
            self._send()
            await asyncio.wait(self._outstanding)
