"""What the machines of a line share: parts in buffers, compressed air, orders.

Knows counts and pressure only. A buffer never holds less than nothing or more than it has room for.
"""

from __future__ import annotations

__all__ = ["Air", "Buffer", "Orders"]

ATMOSPHERE_PA = 101_325.0
TANK_M3 = 0.5
LEAK_M3_S = 0.0006  # free air; a tenth of the use, as real nets leak


class Buffer:
    """Parts that wait between two machines."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.parts = 0

    @property
    def full(self) -> bool:
        """No more fit."""
        return self.parts >= self.room

    def put(self) -> bool:
        """Add one; False when full."""
        if self.full:
            return False
        self.parts += 1
        return True

    def take(self, count: int) -> bool:
        """Remove ``count``, or nothing and False when there are fewer."""
        if self.parts < count:
            return False
        self.parts -= count
        return True


class Air:
    """The compressed-air net: one tank. ``pressure`` is gauge pressure in Pa."""

    def __init__(self, pressure: float = 680_000.0) -> None:
        self.pressure = pressure
        self._balance_m3 = 0.0

    def use(self, free_m3: float) -> None:
        """Draw that much air, measured at atmospheric pressure."""
        self._balance_m3 -= free_m3

    def add(self, free_m3: float) -> None:
        """Deliver that much air, measured at atmospheric pressure."""
        self._balance_m3 += free_m3

    def settle(self, dt_s: float) -> None:
        """Boyle: what came and went since the last call changes the pressure; so does the leak."""
        leak_m3 = LEAK_M3_S * dt_s * self.pressure / 700_000.0
        self.pressure = max(0.0, self.pressure + (self._balance_m3 - leak_m3) * ATMOSPHERE_PA / TANK_M3)
        self._balance_m3 = 0.0


class Orders:
    """The order in work: a number, a quantity, and how much of it is done."""

    def __init__(self, first: int = 1041, quantity: int = 600) -> None:
        self.number = first
        self.quantity = quantity
        self.done = 0

    @property
    def name(self) -> str:
        """As it stands on the ticket."""
        return f"WO-{self.number}"

    def produced(self) -> bool:
        """Count a good part; True when that completed the order and the next one began."""
        self.done += 1
        if self.done < self.quantity:
            return False
        self.number += 1
        self.done = 0
        return True
