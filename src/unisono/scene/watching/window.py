"""A figure over the last seconds or days of a value, in constant memory.

Knows numbers and elapsed time that is passed in. The time is cut into sixty steps; a step keeps sum, count, least,
greatest, first and last, so that a window of a day costs what a window of a minute costs. What is older than the window
leaves step by step.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

__all__ = ["STEPS", "Agg", "RollingWindow", "Step"]

STEPS = 60
HOUR_US = 3_600_000_000

Agg: TypeAlias = Literal["mean", "min", "max", "sum", "count", "rate"]


class Step(msgspec.Struct, array_like=True):
    """What one step saw. ``number``: elapsed time over the step's length; ``first_at``/``last_at``: elapsed us."""

    number: int
    total: float
    count: int
    low: float
    high: float
    first: float
    first_at: int
    last: float
    last_at: int


class RollingWindow:
    """The steps of one thing's property."""

    __slots__ = ("_step", "steps")

    def __init__(self, over_s: float, steps: list[Step] | None = None) -> None:
        self._step = max(1, math.ceil(over_s * 1_000_000 / STEPS))
        self.steps: deque[Step] = deque(steps or ())

    def take(self, value: float, at: int) -> None:
        """A value at elapsed time ``at``, which never goes back."""
        number = at // self._step
        self._forget(number)
        last = self.steps[-1] if self.steps else None
        if last is None or last.number != number:
            self.steps.append(Step(number, value, 1, value, value, value, at, value, at))
            return
        last.total += value
        last.count += 1
        last.low = min(last.low, value)
        last.high = max(last.high, value)
        last.last, last.last_at = value, at

    def value(self, agg: Agg, at: int) -> float | None:
        """The figure at ``at``; None when the window holds nothing (a count is 0), or too little for a rate."""
        self._forget(at // self._step)
        steps = self.steps
        if agg == "count":
            return float(sum(step.count for step in steps))
        if not steps:
            return None
        return _FIGURES[agg](steps)

    def until_next_step(self, at: int) -> int:
        """Microseconds from ``at`` to the next step's beginning."""
        return self._step - at % self._step

    def _forget(self, number: int) -> None:
        while self.steps and self.steps[0].number <= number - STEPS:
            self.steps.popleft()


def _rate(steps: deque[Step]) -> float | None:
    first, last = steps[0], steps[-1]
    took = last.last_at - first.first_at
    return (last.last - first.first) * HOUR_US / took if took else None


_FIGURES: dict[str, Callable[[deque[Step]], float | None]] = {
    "mean": lambda steps: sum(step.total for step in steps) / sum(step.count for step in steps),
    "min": lambda steps: min(step.low for step in steps),
    "max": lambda steps: max(step.high for step in steps),
    "sum": lambda steps: math.fsum(step.total for step in steps),
    "rate": _rate,
}
