"""Who the notifier is: of several hubs on one registry one at a time, by a lease as owners have it.

Knows the lease and how a notifier begins and ends. A hub that runs its own nats-server holds its data directory's lock:
nobody else can want the seat, and it needs no lease, which would be renewed on its disk every few seconds. Of others
one sits and the rest wait; when it stops they go on at once, when it dies or is cut off, once its lease is over. What
it had on its way then is sent once more, as after any crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from unisono.errors import UnisonoError
from unisono.notify.notifier import Notifier
from unisono.store.connection import Connection
from unisono.store.lease import TTL_S, Lease

__all__ = ["Seat"]

logger = logging.getLogger(__name__)

LEASE = "notifier"
#: Before the seat is tried for again after something went wrong.
RETRY_S = 2.0


class Seat:
    """``make`` makes a notifier of a function that says whether it may send. ``alone``: nobody else can want the
    seat."""

    def __init__(
        self,
        connection: Connection,
        make: Callable[[Callable[[], bool]], Notifier],
        holder: str,
        *,
        alone: bool,
        ttl_s: float = TTL_S,
    ) -> None:
        self._connection = connection
        self._make = make
        self._holder = holder
        self._alone = alone
        self._ttl_s = ttl_s
        self._lease: Lease | None = None
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.notifier: Notifier | None = None

    async def start(self) -> None:
        """Take the seat, or wait for it behind whoever has it."""
        if self._alone:
            self.notifier = self._make(lambda: True)
            await self.notifier.start()
            return
        self._task = asyncio.create_task(self._keep(), name="notifier")

    async def _keep(self) -> None:
        while True:
            try:
                await self._sit()
                await self._lost.wait()
                logger.error("another hub tells people now, or nobody knows: this one waits for its turn")
            except UnisonoError as error:
                logger.error("the notifier cannot begin: %s", error)
                await asyncio.sleep(RETRY_S)
            finally:
                await self._rise()

    async def _sit(self) -> None:
        self._lost.clear()
        lease = self._lease = await Lease.acquire(
            self._connection, LEASE, self._holder, ttl_s=self._ttl_s, on_lost=self._lost.set
        )
        notifier = self._make(lambda: lease.held)
        await notifier.start()
        self.notifier = notifier

    async def _rise(self) -> None:
        notifier, self.notifier = self.notifier, None
        if notifier is not None:
            await notifier.stop()
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.release()

    async def stop(self) -> None:
        """Give the seat back."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._rise()
