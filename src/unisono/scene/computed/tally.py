"""Sums and orders that change by one value at a time.

Pure arithmetic. A sum is kept as exact parts (Shewchuk 1997, as `math.fsum` does): taking a value out again leaves
nothing behind, and the result does not depend on the order - what a replay, a restart or a fresh count would give.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort

__all__ = ["Ordered", "Tally"]


class Tally:
    """An exact sum; adding costs a handful of additions, however many values are in it."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[float] | None = None) -> None:
        self.parts = list(parts or ())

    def add(self, x: float) -> None:
        """``x`` is finite."""
        kept = 0
        parts = self.parts
        for y in parts:
            big, small = (x, y) if abs(x) >= abs(y) else (y, x)
            x = big + small
            rest = small - (x - big)
            if rest:
                parts[kept] = rest
                kept += 1
        parts[kept:] = [x] if x else []

    @property
    def value(self) -> float:
        """The sum, rounded once."""
        return math.fsum(self.parts)


class Ordered:
    """Numbers in order, in a list that moves its tail: microseconds at ten thousand, the most there are."""

    __slots__ = ("numbers",)

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def add(self, x: float) -> None:
        insort(self.numbers, x)

    def remove(self, x: float) -> None:
        """``x`` must be there."""
        del self.numbers[bisect_left(self.numbers, x)]

    @property
    def median(self) -> float:
        numbers = self.numbers
        half = len(numbers) // 2
        return numbers[half] if len(numbers) % 2 else (numbers[half - 1] + numbers[half]) / 2
