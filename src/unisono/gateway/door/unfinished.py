"""Packets that have begun and not ended: each is bounded by its size, here all of a gateway's together are.

Knows connections as keys. A packet may have 2 MB and a client has as long as it likes for it; a few hundred clients
that never end theirs would hold a gigabyte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["LARGE", "MOST", "Unfinished"]

#: Of one connection: less is not worth counting. A stranger may send so much sixteen times over before it is cut off.
LARGE = 4 * 1024
#: Of one gateway: thirty of the largest at the same time.
MOST = 64 * 1024 * 1024


class Unfinished:
    """Bytes by connection, in the order in which their packets began."""

    def __init__(self) -> None:
        self.sizes: dict[Connection, int] = {}
        self.total = 0

    def note(self, connection: Connection, size: int) -> Connection | None:
        """It has so much of a packet that is not whole. Returns whom to cut off when that is too much in all: whose
        packet began first, since who means to end it has had the longest time."""
        if size <= LARGE:
            self.forget(connection)
            return None
        self.total += size - self.sizes.get(connection, 0)
        self.sizes[connection] = size
        return next(iter(self.sizes)) if self.total > MOST else None

    def forget(self, connection: Connection) -> None:
        """Its packet is whole, or it is gone."""
        self.total -= self.sizes.pop(connection, 0)
