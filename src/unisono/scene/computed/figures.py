"""Figures of one value: a template's, a counter's, a threshold's, a rate's, and those of a rolling window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.cause import Cause
from unisono.scene.computed.document import Counter, Derivative, Statistics, Template, Threshold
from unisono.scene.computed.worker import Bench, Feed, Worker, finite, number
from unisono.scene.watching.expression import compile_expression
from unisono.scene.watching.gate import Gate, GateSaved
from unisono.scene.watching.matching import equal
from unisono.scene.watching.window import RollingWindow, Step
from unisono.scene.world import NO_VALUE

__all__ = ["CounterWorker", "DerivativeWorker", "StatisticsWorker", "TemplateWorker", "ThresholdWorker"]

#: Where a counter stops: a float of history, and JavaScript, hold no greater whole number exactly.
MOST = 2**53

#: A longer text is no value but a document.
MAX_TEXT = 4000
#: Of an hour's change, by the unit of time it is told in.
OF_AN_HOUR = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0}


class TemplateWorker(Worker):
    """The result of an expression over values as they are now."""

    def __init__(self, bench: Bench, template: Template) -> None:
        super().__init__(bench)
        self._template = template
        self._expression = compile_expression(template.cel, template.given)
        self._wrong = False
        self.feeds = [Feed(given.thing, self._fed, given.property) for given in template.given.values()]

    def _fed(self, value: Any, at: int) -> None:
        """The values are read from the things when they are wanted."""

    def values(self) -> dict[str, Any]:
        given = {}
        for name, each in self._template.given.items():
            given[name] = self.bench.world.value(each.thing, each.property)
            if given[name] is NO_VALUE:
                return {}
        try:
            value = self._typed(self._expression.value(given))
        except CallerError as error:
            if not self._wrong:  # told once, until it is right again
                self._wrong = True
                self.bench.trouble(str(error))
            return {}
        self._wrong = False
        assert self._template.into is not None
        return {self._template.into: value}

    def _typed(self, value: Any) -> Any:
        wanted = self._template.type
        if wanted == "number" and type(value) in (int, float) and finite(value):
            return float(value)
        if (wanted == "boolean" and type(value) is bool) or (
            wanted == "text" and type(value) is str and len(value) <= MAX_TEXT
        ):
            return value
        raise CallerError(f"{value!r:.60} came out", code="bad_value", field="cel", expected=f"a {wanted}")

    def saved(self) -> Any:
        return self._wrong

    def restore(self, saved: Any) -> None:
        self._wrong = saved


class CounterWorker(Worker):
    """Counts events or changes. ``_last``: the value it compares with, in a list that is empty at first."""

    lasting = True

    def __init__(self, bench: Bench, counter: Counter) -> None:
        super().__init__(bench)
        self._counter = counter
        self._count = 0
        self._last: list[Any] = []
        take = self._happened if counter.event is not None else self._changed
        self.feeds = [Feed(counter.thing, take, counter.property, counter.event)]

    def begin(self) -> None:
        if self._counter.property is not None:
            value = self.bench.world.value(self._counter.thing, self._counter.property)
            self._last = [] if value is NO_VALUE else [value]

    def recall(self, told: Mapping[str, Any]) -> None:
        assert self._counter.into is not None
        count = number(told.get(self._counter.into))
        if count is not None:
            self._count = int(count)

    def _happened(self, value: Any, at: int) -> None:
        self._count = max(-MOST, min(MOST, self._count + self._counter.step))

    def _changed(self, value: Any, at: int) -> None:
        before, self._last = self._last, [value]
        if not before or equal(before[0], value):
            return
        if self._counter.is_ is UNSET or equal(value, self._counter.is_):
            self._happened(value, at)

    def values(self) -> dict[str, Any]:
        assert self._counter.into is not None
        return {self._counter.into: self._count}

    def call(self, action: str, given: dict[str, Any], at: int) -> None:
        self._count = max(-MOST, min(MOST, given["value"]))

    def saved(self) -> Any:
        return [self._count, self._last]

    def restore(self, saved: Any) -> None:
        self._count, self._last = saved


class ThresholdWorker(Worker):
    """Beyond bounds, until back within them by the hysteresis. ``_turned``: elapsed time of the tick before it went
    beyond."""

    def __init__(self, bench: Bench, threshold: Threshold) -> None:
        super().__init__(bench)
        self._threshold = threshold
        self._beyond: bool | None = None
        self._turned = 0
        self._restoring = False
        # it is asked after every feed and reminder, so being open needs no further deed
        self._gate = Gate("gate", int(threshold.for_s * 1_000_000), self, lambda cause: None)
        self.feeds = [Feed(threshold.thing, self._take, threshold.property)]

    # the gate's clockwork

    @property
    def elapsed(self) -> int:
        return self.bench.elapsed

    def remind(self, after_us: int, key: str) -> None:
        self.bench.remind(after_us, key)

    def began(self, at: int) -> int:
        return max(self._turned, self.elapsed - max(0, self.bench.wall - at)) if at else self.elapsed

    def unsettled(self, gate: Gate) -> None:
        if not self._restoring:  # then the reminder is among the partition's own timers
            self.bench.remind(0, "settle")

    def begin(self) -> None:
        value = self.bench.world.value(self._threshold.thing, self._threshold.property)
        if value is not NO_VALUE:
            self._take(value, self.bench.wall)

    def _take(self, value: Any, at: int) -> None:
        read = number(value)
        if read is None:
            return
        above, below, back = self._threshold.above, self._threshold.below, self._threshold.hysteresis
        if self._beyond:
            self._beyond = (above is None or read > above - back) and (below is None or read < below + back)
        else:
            self._beyond = (above is None or read > above) and (below is None or read < below)
        if self._gate.holds is not self._beyond:
            self._turned = self.elapsed
            self._gate.turn(self._beyond, Cause(-1, "threshold", at=at))

    def due(self, what: str) -> None:
        if what == "settle":
            self._gate.settle()
        else:
            self._gate.due()

    def values(self) -> dict[str, Any]:
        assert self._threshold.into is not None
        return {} if self._beyond is None else {self._threshold.into: self._gate.open}

    def saved(self) -> Any:
        return [self._beyond, self._turned, msgspec.to_builtins(self._gate.saved())]

    def restore(self, saved: Any) -> None:
        self._beyond, self._turned, gate = saved
        self._restoring = True
        self._gate.restore(msgspec.convert(gate, GateSaved))
        self._restoring = False


class WindowWorker(Worker):
    """A rolling window that a reminder clears step by step. ``_wound``: elapsed time of the next one, 0: none."""

    def __init__(self, bench: Bench, thing: str, property: str, over_s: float) -> None:
        super().__init__(bench)
        self._over_s = over_s
        self._window = RollingWindow(over_s)
        self._wound = 0
        self._said = False
        self.feeds = [Feed(thing, self._take, property)]

    def _take(self, value: Any, at: int) -> None:
        read = number(value)
        if read is None:
            return
        step_us = self._window.until_next_step(0)
        now = self.bench.moment(at, 2 * step_us)
        steps = self._window.steps
        if steps and steps[-1].last_at > now:
            now = steps[-1].last_at
        self._window.take(read, now)
        if not self._wound:
            self._wind()

    def _wind(self) -> None:
        self._wound = self.bench.remind(self._window.until_next_step(self.bench.elapsed), "step")

    def due(self, what: str) -> None:
        if self.bench.elapsed < self._wound:
            return  # of an earlier life of this definition
        self._wound = 0
        self._window.value("count", self.bench.elapsed)  # steps that have passed leave
        if self._window.steps:
            self._wind()

    def saved(self) -> Any:
        return [self._wound, self._said, [msgspec.to_builtins(step) for step in self._window.steps]]

    def restore(self, saved: Any) -> None:
        self._wound, self._said, steps = saved
        self._window = RollingWindow(self._over_s, [msgspec.convert(step, Step) for step in steps])


class DerivativeWorker(WindowWorker):
    """How fast a value changes. Silence says that nothing does: once the window has passed it is 0."""

    def __init__(self, bench: Bench, derivative: Derivative) -> None:
        super().__init__(bench, derivative.thing, derivative.property, derivative.over_s)
        self._own = derivative.into
        self._factor = OF_AN_HOUR[derivative.per]

    def values(self) -> dict[str, Any]:
        steps = self._window.steps
        rate = self._window.value("rate", max(self.bench.elapsed, steps[-1].last_at if steps else 0))
        self._said = self._said or rate is not None
        assert self._own is not None
        return {self._own: (rate or 0.0) * self._factor} if self._said else {}


class StatisticsWorker(WindowWorker):
    """A figure of a window. One that holds nothing says nothing, but that there were none."""

    def __init__(self, bench: Bench, statistics: Statistics) -> None:
        super().__init__(bench, statistics.thing, statistics.property, statistics.over_s)
        self._own = statistics.into
        self._how = statistics.how

    def values(self) -> dict[str, Any]:
        steps = self._window.steps
        figure = self._window.value(self._how, max(self.bench.elapsed, steps[-1].last_at if steps else 0))
        if figure is None and self._how == "sum":
            figure = 0.0
        assert self._own is not None
        return {} if figure is None else {self._own: figure}
