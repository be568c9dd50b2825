"""The outbox relay: what a registry transaction decided enters the log, in the order of the commits, once.

Knows outbox rows and batches. Knows no route. A change is answered after its entry is in the log and the owner has
folded it; what a crash leaves between commit and log is relayed at the next start. A batch that was appended but not
ticked off is recognised by its message id: the bounds of a batch are written down before it is appended, so that a
repetition has the same bytes and the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.twin import record

__all__ = ["AppendLog", "Outbox", "OutboxItem", "Relay", "encode_entry"]

log = logging.getLogger(__name__)

# one log message; well below JetStream's payload bound, and 512 KB is already a few thousand entries
MAX_BATCH_BYTES = 512 * 1024
MAX_BATCH_ENTRIES = 5000

# rows taken from the outbox at once
PAGE = 10_000

# pause before the next try when the log cannot be written; grows to the second
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 10.0

# how long a caller waits for the log; its change follows without it
DRAIN_S = 5.0

SOURCE = "api"


class OutboxItem(Protocol):
    """A waiting row; ``id`` grows in the order of the commits."""

    @property
    def id(self) -> int: ...
    @property
    def partition(self) -> str: ...
    @property
    def entry(self) -> bytes: ...


class Outbox(Protocol):
    """The registry, as far as the relay needs it."""

    async def outbox_pending(self, limit: int) -> Sequence[OutboxItem]: ...
    async def outbox_done(self, ids: Sequence[int]) -> None: ...
    async def get_meta(self, key: str) -> str | None: ...
    async def put_meta(self, key: str, value: str) -> None: ...


class AppendLog(Protocol):
    """A partition's log, as far as the relay needs it."""

    async def append(self, payload: bytes, message_id: str) -> int: ...


class Mark(msgspec.Struct):
    """The batch about to be appended: outbox ids and the time in it."""

    first: int
    last: int
    at: int


_entry_encoder = msgspec.msgpack.Encoder()
_entry_decoder = msgspec.msgpack.Decoder(record.Entry)


def encode_entry(entry: record.Entry) -> bytes:
    """An entry as the outbox keeps it."""
    return _entry_encoder.encode(entry)


class Relay:
    """Moves outbox rows into the logs. One per registry: the API process holds it."""

    def __init__(
        self, outbox: Outbox, log_of: Callable[[str], AppendLog], hub_id: str, now_us: Callable[[], int]
    ) -> None:
        self._outbox = outbox
        self._log_of = log_of
        self._hub_id = hub_id
        self._now_us = now_us
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._leftover = asyncio.Event()
        self.trouble: str | None = None
        self.last: dict[str, int] = {}
        self._draining: set[asyncio.Task[None]] = set()
        self._ticked_off: set[str] = set()  # partitions whose last batch is known to be done with
        self._next: asyncio.Task[None] | None = None  # has not begun yet: whoever comes meanwhile shares it

    def start(self) -> None:
        """Relay leftovers of an earlier life now, and whatever a failing log leaves behind later."""
        self._leftover.set()
        self._task = asyncio.create_task(self._keep_relaying(), name="outbox-relay")

    async def stop(self) -> None:
        """End the background task; what waits stays in the outbox."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for task in list(self._draining):
            task.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)

    async def drain(self) -> None:
        """Append everything that waits; `last` then holds the log sequence of each partition's last batch.

        Every row committed before the call is in its log when this returns. Raises HostError when that takes longer
        than `DRAIN_S` or a log cannot be written: the rows then stay and follow when it can. Cancelling the caller does
        not cancel what is under way.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._drain(), name="outbox-drain")
            self._draining.add(self._next)
            self._next.add_done_callback(self._drained)
        try:
            async with asyncio.timeout(DRAIN_S):  # wait_for of Python 3.11 may swallow a cancellation
                await asyncio.shield(self._next)
        except TimeoutError:
            raise _kept("the log does not answer", "log_unavailable", None) from None
        except HostError as error:
            raise _kept(error.detail, error.code, error.mend) from error

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Nothing is relayed inside the block; what is committed meanwhile waits in the outbox."""
        async with self._lock:
            yield

    def _drained(self, task: asyncio.Task[None]) -> None:
        self._draining.discard(task)
        if self._next is task:
            self._next = None  # it was cancelled before it began
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.trouble = f"changes wait to enter the log: {error}"
            self._leftover.set()

    async def _drain(self) -> None:
        async with self._lock:
            self._next = None  # whoever comes from now on may have committed behind what is read here
            full = True
            while full and (pending := await self._outbox.outbox_pending(PAGE)):
                full = len(pending) == PAGE
                by_partition: dict[str, list[OutboxItem]] = {}
                for row in pending:
                    by_partition.setdefault(row.partition, []).append(row)
                for partition, rows in by_partition.items():
                    self.last[partition] = await self._append_rows(partition, rows)
            self.trouble = None

    async def _append_rows(self, partition: str, rows: list[OutboxItem]) -> int:
        key = f"relay.{partition}"
        seq = 0
        start = 0
        mark = None if partition in self._ticked_off else await self._read_mark(key)
        while start < len(rows):
            if mark is not None and mark.first == rows[start].id:
                # an earlier life wrote this mark and may have appended the batch: repeat exactly that batch
                end = start + 1
                while end < len(rows) and rows[end].id <= mark.last:
                    end += 1
            else:
                end = _batch_end(rows, start)
                mark = Mark(rows[start].id, rows[end - 1].id, self._now_us())
                self._ticked_off.discard(partition)
                await self._outbox.put_meta(key, msgspec.json.encode(mark).decode())
            entries = [_entry_decoder.decode(row.entry) for row in rows[start:end]]
            payload = record.encode_batch(record.Batch(SOURCE, mark.at, entries))
            message_id = f"outbox-{self._hub_id}-{partition}-{mark.first}-{mark.last}"
            seq = await self._log_of(partition).append(payload, message_id)
            await self._outbox.outbox_done([row.id for row in rows[start:end]])
            self._ticked_off.add(partition)
            mark = None
            start = end
        return seq

    async def _read_mark(self, key: str) -> Mark | None:
        text = await self._outbox.get_meta(key)
        return msgspec.json.decode(text, type=Mark) if text else None

    async def _keep_relaying(self) -> None:
        pause_s = RETRY_FIRST_S
        while True:
            await self._leftover.wait()
            self._leftover.clear()
            try:
                await self.drain()
                pause_s = RETRY_FIRST_S
            except UnisonoError as error:
                log.warning("%s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_LAST_S)


def _kept(why: str, code: str, mend: str | None) -> HostError:
    return HostError(
        f"The change is kept and will take effect when the log can be written again ({why})",
        code=code,
        mend=mend or "Run: unisono doctor",
    )


def _batch_end(rows: Sequence[OutboxItem], start: int) -> int:
    size = 0
    end = start
    while end < len(rows) and end - start < MAX_BATCH_ENTRIES:
        size += len(rows[end].entry)
        if end > start and size > MAX_BATCH_BYTES:
            break
        end += 1
    return end
