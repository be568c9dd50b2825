"""The belt from the press to the packager: parts ride for a while and come out in the order they went on.

Knows its own parts. It stops when what is behind it is full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random
from typing import ClassVar

from unisono.sim.device import Label
from unisono.sim.line.flow import Buffer
from unisono.sim.line.machine import Machine

__all__ = ["Conveyor"]

RIDE_S = 14.0
RATE_S = 60.0  # the rate shown is that of the last minute


class Conveyor(Machine):
    """``rate`` is parts a minute, ``count`` all that ever came out."""

    model = "conveyor"
    lasting = frozenset({"count"})
    fault_per_s = 1 / 2400.0
    faults: ClassVar[Mapping[str, tuple[float, float]]] = {
        "belt slipped": (20.0, 60.0),
        "light barrier dirty": (5.0, 15.0),
    }

    def __init__(self, who: Label, source: Buffer, sink: Buffer) -> None:
        super().__init__(who, count=91_077, rate=0.0)
        self.source, self.sink = source, sink
        self._clock_s = 0.0
        self._riding: deque[float] = deque()
        self._rate = 0.0

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return 420.0 if self.flag("running") else 15.0

    @property
    def parts(self) -> int:
        """How many ride on it."""
        return len(self._riding)

    def work(self, dt_s: float, rng: Random) -> None:
        """Take what lies in front, give off what has ridden far enough, while there is room."""
        self._clock_s += dt_s
        while self.source.take(1):
            self._riding.append(self._clock_s + RIDE_S)
        out = 0
        while self._riding and self._riding[0] <= self._clock_s and self.sink.put():
            self._riding.popleft()
            out += 1
        self.state["count"] = int(self.level("count")) + out
        self._rate += out * 60.0 / RATE_S

    def rest(self, dt_s: float, rng: Random) -> None:
        """Forget the rate over a minute."""
        self._rate *= max(0.0, 1.0 - dt_s / RATE_S)
        self.state["rate"] = round(self._rate, 1)
