"""One owner of a partition at a time, across processes and machines.

Knows the NATS key-value bucket ``LEASE``. Knows nothing of what the owner does; the owner stamps its checkpoints and
effects with `Lease.epoch`.

No clocks are compared: a contender takes a lease over when it has seen no renewal for the holder's whole ``ttl_s`` *by
its own clock*, and every write names the revision it replaces, so only one of several contenders wins. A holder counts
its ttl from before it sent its last successful renewal, so it gives up first, whatever the network does. ``until`` in
the record is for people.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import msgspec
import nats.errors
import nats.js.errors
from nats.js.kv import KeyValue

from unisono.errors import HostError
from unisono.store.connection import Connection

__all__ = ["TTL_S", "Lease"]

logger = logging.getLogger(__name__)

BUCKET = "LEASE"
TTL_S = 10.0
"""Longer than a restart of nats-server under load (1 s), short enough that a dead machine's work goes on soon."""

RENEWALS = 4
"""Renewals in one ttl: three may fail."""

POLL_S = 0.1
ANSWER_S = 2.0
"""A read or write of the bucket takes a millisecond; past this the server is taken for away, and asked again."""


class Record(msgspec.Struct):
    """``until``: wall time (s), informative; empty ``holder``: released; ``ttl_s``: what the holder promised."""

    holder: str
    epoch: int
    until: float
    ttl_s: float


_read = msgspec.json.Decoder(Record).decode
_write = msgspec.json.Encoder().encode


class Lease:
    """Made by `acquire`. ``on_lost`` is called once, in the event loop, when it is lost other than by `release`."""

    def __init__(
        self, bucket: KeyValue, partition: str, holder: str, ttl_s: float, on_lost: Callable[[], None] | None
    ) -> None:
        self.partition = partition
        self.holder = holder
        self.ttl_s = ttl_s
        self.epoch = 0
        self._bucket = bucket
        self._on_lost = on_lost
        self._revision = 0
        self._valid_until = 0.0
        self._gone = False
        self._released = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def acquire(
        cls,
        connection: Connection,
        partition: str,
        holder: str,
        *,
        ttl_s: float = TTL_S,
        wait_s: float | None = None,
        steal: bool = False,
        replicas: int = 1,
        on_lost: Callable[[], None] | None = None,
    ) -> Lease:
        """Wait until the partition is ours; its epoch is greater than every earlier holder's.

        ``steal``: the caller knows that no earlier holder lives (an embedded hub holds its data directory's lock).
        Raises HostError after ``wait_s`` (None: wait for ever): ``owner_unavailable`` when another still holds it,
        ``log_unavailable`` when the leases could not be read, at once when the server will have none.
        """
        deadline = None if wait_s is None else time.monotonic() + wait_s
        lease: Lease | None = None
        seen_revision = -1
        seen_at = 0.0
        while True:
            try:
                if lease is None:
                    lease = cls(await _open_bucket(connection, replicas), partition, holder, ttl_s, on_lost)
                record, revision = await lease._look()
            except HostError as error:
                if _is_an_answer(error.__cause__) or (deadline is not None and time.monotonic() >= deadline):
                    raise
                logger.warning("waiting for a lease: %s", error)
                await asyncio.sleep(POLL_S)
                continue
            now = time.monotonic()
            if revision != seen_revision:
                seen_revision, seen_at = revision, now
            abandoned = record is not None and now - seen_at >= record.ttl_s
            free = record is None or not record.holder or steal
            if (free or abandoned) and await lease._take(record, revision):
                lease._task = asyncio.create_task(lease._keep())
                return lease
            if deadline is not None and now >= deadline:
                name = record.holder if record is not None else "another"
                raise HostError(f"partition {partition} is held by {name}", code="owner_unavailable")
            await asyncio.sleep(POLL_S)

    @property
    def held(self) -> bool:
        """True while no other can have it. Ask right before an effect; a process that slept finds False here."""
        return not self._gone and time.monotonic() < self._valid_until

    async def release(self) -> None:
        """Give it back at once, so that the next holder need not wait. Safe to call twice."""
        if self._task is not None:
            self._released = True
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self.held:
            self._gone = True
            with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
                await self._put(Record("", self.epoch, time.time(), self.ttl_s))
        self._gone = True

    async def _look(self) -> tuple[Record | None, int]:
        try:
            entry = await self._bucket.get(self.partition)
        except nats.js.errors.KeyNotFoundError as error:
            # A deleted key still has a revision, which the next write must name.
            return None, (error.entry.revision or 0) if error.entry is not None else 0
        except (nats.errors.Error, OSError) as error:
            raise HostError(f"the lease of partition {self.partition} cannot be read: {error}") from error
        return _read(entry.value or b"{}"), entry.revision or 0

    async def _take(self, before: Record | None, revision: int) -> bool:
        self.epoch = (before.epoch if before is not None else 0) + 1
        self._revision = revision
        try:
            await self._renew()
        except (nats.errors.Error, OSError) as error:
            # Somebody was faster, or the server went away: look again.
            logger.debug("the lease of partition %s was not taken: %r", self.partition, error)
            return False
        return True

    async def _renew(self) -> None:
        began = time.monotonic()
        await self._put(Record(self.holder, self.epoch, time.time() + self.ttl_s, self.ttl_s))
        self._valid_until = began + self.ttl_s

    async def _put(self, record: Record) -> None:
        self._revision = await self._bucket.update(self.partition, _write(record), last=self._revision)

    async def _keep(self) -> None:
        pause = step = self.ttl_s / RENEWALS
        # The flag, because nats-py waits with asyncio.wait_for, which in Python 3.11 loses a cancellation that comes
        # together with the answer.
        while not self._released:
            await asyncio.sleep(max(0.0, min(pause, self._valid_until - time.monotonic())))
            pause = POLL_S
            try:
                async with asyncio.timeout(step):
                    await self._renew()
                pause = step
            except nats.js.errors.KeyWrongLastSequenceError:
                if not await self._was_ours():
                    self._lose("another took it")
                    return
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.warning("the lease of partition %s could not be renewed: %r", self.partition, error)
            if time.monotonic() >= self._valid_until:
                self._lose("it could not be renewed in time")
                return

    async def _was_ours(self) -> bool:
        """A renewal whose answer was lost moved the revision: then the record still names us and our epoch."""
        try:
            record, revision = await self._look()
        except HostError:
            return True
        if record is None or record.holder != self.holder or record.epoch != self.epoch:
            return False
        self._revision = revision
        return True

    def _lose(self, why: str) -> None:
        logger.error("the lease of partition %s (epoch %d) is lost: %s", self.partition, self.epoch, why)
        self._gone = True
        if self._on_lost is not None:
            self._on_lost()


def _is_an_answer(error: BaseException | None) -> bool:
    """A server that refuses will refuse again; one that is away, or has just come, is waited for."""
    return isinstance(error, nats.js.errors.APIError) and not isinstance(error, nats.js.errors.ServiceUnavailableError)


async def _open_bucket(connection: Connection, replicas: int) -> KeyValue:
    jetstream = connection.jetstream(timeout=ANSWER_S)
    try:
        try:
            return await jetstream.key_value(BUCKET)
        except nats.js.errors.BucketNotFoundError:
            return await jetstream.create_key_value(bucket=BUCKET, history=1, replicas=replicas)
    except (nats.errors.Error, OSError) as error:
        raise HostError(f"the leases cannot be reached: {error}", mend="Run: unisono doctor") from error
