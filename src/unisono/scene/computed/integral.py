"""A value over time: power to energy, flow to volume, a switch to hours.

Time is elapsed time: what a clock jumps is no consumption. Silence beyond the gap's bound is left out, and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unisono.errors import CallerError
from unisono.scene.computed.document import Integral
from unisono.scene.computed.tally import Tally
from unisono.scene.computed.units import per_second
from unisono.scene.computed.worker import SECOND, Bench, Feed, Worker, number
from unisono.scene.world import NO_VALUE, find_index

__all__ = ["IntegralWorker"]


class IntegralWorker(Worker):
    """Elapsed microseconds: ``_heard`` at the last report, ``_until`` what is added up so far, ``_wound`` when the next
    reminder is due. ``_last``: the value that holds, None before the first."""

    lasting = True

    def __init__(self, bench: Bench, integral: Integral) -> None:
        super().__init__(bench)
        self._integral = integral
        self._total = Tally()
        self._gap = 0
        self._last: float | None = None
        self._heard = 0
        self._until = 0
        self._wound = 0
        self._gap_us = int(integral.max_gap_s * SECOND)
        self._every_us = int(integral.every_s * SECOND)
        self._factor = 0.0
        twin = bench.world.things.get(integral.thing)
        index = find_index(twin, integral.property) if twin is not None else None
        if twin is not None and index is not None:
            unit = twin.shape.model.properties[twin.shape.keys[index]].unit
            try:
                self._factor = per_second(unit, integral.unit)
            except CallerError:
                return  # it was changed to what cannot be added: it waits until it fits
            self.feeds = [Feed(integral.thing, self._take, integral.property)]

    def begin(self) -> None:
        value = self.bench.world.value(self._integral.thing, self._integral.property)
        self._last = number(value) if value is not NO_VALUE else None
        self._heard = self._until = self.bench.elapsed
        self._wind()

    def recall(self, told: Mapping[str, Any]) -> None:
        assert self._integral.into is not None
        total, gap_s = number(told.get(self._integral.into)), number(told.get("gap_s"))
        if total is not None:
            self._total = Tally([total])
        if gap_s is not None:
            self._gap = round(gap_s * SECOND)

    def _take(self, value: Any, at: int) -> None:
        read = number(value)
        if read is None:
            return
        now = max(self._until, self.bench.moment(at, 2 * self._every_us))
        if self._integral.method == "trapezoid" and self._last is not None:
            silent = now - self._heard
            if silent <= self._gap_us:
                self._add((self._last + read) / 2, silent)
            else:
                self._gap += silent
            self._until = now
        else:
            self._hold(now)
        self._last, self._heard = read, now

    def _hold(self, now: int) -> None:
        """What the last value brought until now, as far as it may be believed."""
        now = max(now, self._until)
        if self._last is not None:
            good = min(now, max(self._until, self._heard + self._gap_us))
            self._add(self._last, good - self._until)
            self._gap += now - good
        self._until = now

    def _add(self, value: float, took_us: int) -> None:
        self._total.add(value * self._factor * (took_us / SECOND))

    def _wind(self) -> None:
        after_us = self._every_us - self.bench.elapsed % self._every_us  # together with all others
        self._wound = self.bench.remind(after_us, "tick")

    def due(self, what: str) -> None:
        if self.bench.elapsed < self._wound:
            return  # of an earlier life of this definition
        if self._integral.method == "left":
            self._hold(self.bench.elapsed)
        self._wind()

    def values(self) -> dict[str, Any]:
        assert self._integral.into is not None
        return {self._integral.into: self._total.value, "gap_s": self._gap / SECOND}

    def call(self, action: str, given: dict[str, Any], at: int) -> None:
        self._total, self._gap = Tally(), 0

    def saved(self) -> Any:
        return [self._total.parts, self._gap, self._last, self._heard, self._until, self._wound]

    def restore(self, saved: Any) -> None:
        parts, self._gap, self._last, self._heard, self._until, self._wound = saved
        self._total = Tally(parts)
