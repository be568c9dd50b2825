"""The owner's clock: wall time, and elapsed time that no change of the wall clock can move.

Knows the machine's clocks; the fold sees them only as `Tick` entries.
"""

from __future__ import annotations

import time

from unisono.twin.record import Tick

__all__ = ["Clock"]

#: While the hub was off, elapsed time goes on by the wall clock - up to this: a clock that was wrong at one of the two
#: ends must not make a hundred years pass.
MAX_OFF_US = 7 * 24 * 3600 * 1_000_000


class Clock:
    """Goes on from where the log's last tick left off."""

    def __init__(self, wall: int, elapsed: int) -> None:
        now = time.time_ns() // 1000
        off = min(max(0, now - wall), MAX_OFF_US) if wall else 0
        self._base = elapsed + off - time.monotonic_ns() // 1000

    @property
    def elapsed(self) -> int:
        """Microseconds since the log began."""
        return self._base + time.monotonic_ns() // 1000

    @property
    def wall(self) -> int:
        """Microseconds since the Unix epoch; may be set at any time."""
        return time.time_ns() // 1000

    def tick(self) -> Tick:
        return Tick(self.wall, self.elapsed)
