"""A client's socket: what leaves it, in which order and when; and why nothing is read from it for a while.

Knows buffers and turns of the loop; must not know what the bytes mean.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["LINGER_S", "Socket"]

#: A connection that we end has so long to take what was written to it.
LINGER_S = 5.0
#: Messages for one client that leave together at most, and the size from which one leaves at once: copying it into a
#: joined write would cost more than the call that is saved.
GATHERED = 64
LARGE_BYTES = 16 * 1024


class Socket(asyncio.Protocol):
    """Driven by the event loop; belongs to one `Gateway`."""

    __slots__ = ("behind", "closes", "gateway", "gathered", "held_back", "holds", "last_received", "transport")

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.transport: asyncio.Transport | None = None
        self.last_received = 0.0
        self.holds = 0
        self.behind = False
        self.gathered: list[bytes] | None = None
        self.held_back = False
        self.closes = False

    def hold(self, why: int) -> None:
        """Stop reading, for one of the reasons in `unisono.gateway.clients.HELD`: TCP slows the sender down."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            if not self.holds:
                transport.pause_reading()
            self.holds |= why

    def read_on(self, why: int) -> None:
        """That reason is gone; read on when it was the last."""
        if not self.holds & why:
            return
        self.holds &= ~why
        transport = self.transport
        if not self.holds and transport is not None and not transport.is_closing():
            self.last_received = self.gateway.loop.time()
            transport.resume_reading()

    def pause_writing(self) -> None:
        self.behind = True

    def hold_back(self) -> None:
        """Nothing leaves until `let_go`: what is sent now must not leave yet, and nothing may overtake it."""
        self.flush()
        self.held_back = True

    def gather(self, data: bytes) -> None:
        """Send a message with the others of this turn."""
        gathered = self.gathered
        if gathered is None:
            self.gathered = [data]
            self.gateway.outlet.soon(self)
        else:
            gathered.append(data)
        if len(data) > LARGE_BYTES or (gathered is not None and len(gathered) >= GATHERED):
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        if self.held_back:
            return
        gathered, self.gathered = self.gathered, None
        if gathered and self.transport is not None:
            self.transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def write(self, data: bytes) -> None:
        """Write now, behind what has gathered."""
        if self.held_back:
            if data:
                self.gather(data)
            return
        self.flush()
        if data and self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        """Close once what is written was taken - but do not wait for ever for a client that does not read."""
        self.flush()
        transport = self.transport
        if transport is not None and self.held_back:
            self.closes = True  # when what is held back has left
            self.gateway.loop.call_later(LINGER_S, transport.abort)
        elif transport is not None:
            transport.close()
            if transport.get_write_buffer_size():
                self.gateway.loop.call_later(LINGER_S, transport.abort)
