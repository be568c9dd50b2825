"""The stream of values that `bench_scenes` hands to the hub and to Home Assistant alike. Plain Python, no packages.

Sensors in a fixed order; in each pass every one of them has one value, high in one pass and low in the next, so that a
threshold between the two is crossed upwards by every second value. Before the first pass they are low.
"""

from __future__ import annotations

THRESHOLD = 25
LOW, HIGH = 20, 30


class Stream:
    """``sensors`` of which the first ``watched`` have an automation each; ``passes`` over all of them."""

    def __init__(self, sensors: int, watched: int, passes: int) -> None:
        self.sensors = sensors
        self.watched = watched
        self.passes = passes

    @property
    def values(self) -> int:
        return self.sensors * self.passes

    @property
    def turns(self) -> range:
        """The numbers of the passes; 0 is what was before."""
        return range(1, self.passes + 1)

    @property
    def triggers(self) -> int:
        """How often an automation must run."""
        return self.watched * ((self.passes + 1) // 2)

    def value(self, sensor: int, turn: int) -> float:
        """What a sensor says in a pass: with one digit after the point, seldom twice the same."""
        return (HIGH if turn % 2 else LOW) + (sensor * 7 + turn * 13) % 45 / 10
