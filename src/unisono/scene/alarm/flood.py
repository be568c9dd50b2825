"""How often people are called at a place, and when that is more than anybody can deal with.

Knows EEMUA 191 (third edition, chapter 6) and ISA-18.2, clause 16.5.2: a flood begins with more than ten alarms in ten
minutes for one operator, and is over when there are fewer than five. A root place stands for an operator.
"""

from __future__ import annotations

import msgspec

__all__ = ["FLOOD_BEGINS", "FLOOD_ENDS", "WINDOW_MINUTES", "Rate"]

FLOOD_BEGINS = 10
FLOOD_ENDS = 5
WINDOW_MINUTES = 10
MINUTE_US = 60_000_000


class Rate(msgspec.Struct, array_like=True):
    """Alarms of a root place by minute (elapsed time over a minute, count). ``held``: notices that a flood held back;
    ``since``: wall time at which it began."""

    root: str
    minutes: list[tuple[int, int]] = []
    flood: bool = False
    since: int = 0
    held: int = 0

    def ring(self, elapsed: int, times: int) -> None:
        minute = elapsed // MINUTE_US
        if self.minutes and self.minutes[-1][0] == minute:
            self.minutes[-1] = (minute, self.minutes[-1][1] + times)
        else:
            self.minutes = [*self._recent(elapsed), (minute, times)]

    def in_ten_minutes(self, elapsed: int) -> int:
        """Alarms in the last ten minutes, the begun one among them."""
        return sum(count for _minute, count in self._recent(elapsed))

    def _recent(self, elapsed: int) -> list[tuple[int, int]]:
        after = elapsed // MINUTE_US - WINDOW_MINUTES
        return [each for each in self.minutes if each[0] > after]
