"""What all alarms together want to know of one thing: the fold calls it with every report of that thing.

Most values change nothing: of each number that only thresholds follow, the stretch is known within which none of them
turns, so that a value costs one comparison however many alarms follow it (as `unisono.scene.watching.watch` has it for
scenes).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from unisono.scene.alarm.alarm import Alarm
from unisono.scene.alarm.following import Ear, Saying
from unisono.scene.watching.gate import Gate
from unisono.scene.watching.matching import Span, compile_span
from unisono.scene.watching.source import Fits, Heard
from unisono.thing.shape import NAN, Shape
from unisono.twin.twin import Twin

__all__ = ["Ears"]


class Column:
    """The thresholds at one number. None of them turns while values stay within ``low`` and ``high``."""

    __slots__ = ("_rows", "high", "index", "low")

    def __init__(self, index: int, rows: list[tuple[Span, Gate, Alarm]]) -> None:
        self.index = index
        self.low, self.high = math.inf, -math.inf  # nothing is known before the first value
        self._rows = [(*span, gate, alarm) for span, gate, alarm in rows]

    def see(self, value: Any, turned: list[Alarm]) -> None:
        """A value beyond the stretch: turn what turns, and find the stretch around it."""
        least, most = -math.inf, math.inf
        for low, high, under, over, gate, alarm in self._rows:
            if value < low:
                holds, low, high = False, -math.inf, under  # noqa: PLW2901 - the stretch that the value lies in
            elif value > high:
                holds, low, high = False, over, math.inf  # noqa: PLW2901
            else:
                holds = True
            if holds is not gate.holds:
                gate.holds = holds
                turned.append(alarm)
            least = max(least, low)
            most = min(most, high)
        self.low, self.high = least, most


class Ears:
    """``ears``: what each alarm follows of the thing, by id. ``changed``: alarms whose rows are to be written.

    What happens in one report is looked at in the order of the alarms' ids, whatever the order in which they came: a
    hub that was started anew does the same.
    """

    name = "alarm"

    __slots__ = ("_changed", "_columns", "_heard", "_says", "_shape", "_sources", "_still", "_weighs", "ears")

    def __init__(self, changed: Callable[[Alarm], None]) -> None:
        self.ears: dict[str, Ear] = {}
        self._changed = changed
        self._shape: Shape | None = None

    def put(self, alarm: str, ear: Ear) -> None:
        self.ears[alarm] = ear
        self._shape = None

    def drop(self, alarm: str) -> None:
        del self.ears[alarm]
        self._shape = None

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """How many of the first reports of a run turn no threshold, where there are only such."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        if not self._still or self._weighs:
            return 0
        first = len(run)
        for column in self._columns:
            index, low, high = column.index, column.low, column.high
            values = [report[index] for report in run[:first]]
            if low <= min(values, default=low) and max(values, default=high) <= high:
                continue
            for number, value in enumerate(values):
                if not low <= value <= high and value is not NAN:
                    first = number
                    break
        return first

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        """It reported; the twin has the values already. ``values``: as `Shape.read` gives them."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        turned: list[Alarm] = []
        for column in self._columns:
            value = values[column.index]
            if not column.low <= value <= column.high and value is not NAN:
                column.see(value, turned)
        if not self._still:
            self._look_further(twin, values, at, turned)
        if turned:
            for alarm in sorted(dict.fromkeys(turned), key=_id):
                alarm.look(at)
        for alarm in self._weighs:
            if alarm.facts.active:
                alarm.weigh(at)

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """It counts as being heard of; what the event raises is looked at where all events are."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        for index, heard, alarm in self._heard:
            if index is None:
                heard.hear(at)
                self._changed(alarm)
                alarm.look(at)

    def linked(self, twin: Twin, at: int) -> None:
        """Looked at where all comings and goings are."""

    def _look_further(self, twin: Twin, values: tuple[Any, ...], at: int, turned: list[Alarm]) -> None:
        """For whatever is more than a threshold at a number."""
        absent = twin.shape.absent
        for index, see, alarm in self._sources:
            value = values[index]
            if value is not absent[index] and value is not NAN and value is not UNSET and see(value, at):
                self._changed(alarm)
                turned.append(alarm)
        for silent, heard, alarm in self._heard:
            if silent is None or values[silent] is not absent[silent]:
                heard.hear(at)
                self._changed(alarm)
                turned.append(alarm)
        for saying, alarm in self._says:
            if saying.look():
                turned.append(alarm)

    def _line_up(self, shape: Shape) -> None:
        """Put what alarms follow into the order in which a report is looked through."""
        self._shape = shape
        kinds = [shape.model.properties[key].schema.kind for key in shape.keys]
        rows: dict[int, list[tuple[Span, Gate, Alarm]]] = {}
        self._sources: list[tuple[int, Callable[[Any, int], bool], Alarm]] = []
        self._heard: list[tuple[int | None, Heard, Alarm]] = []
        self._says: list[tuple[Saying, Alarm]] = []
        self._weighs: list[Alarm] = []
        for id in sorted(self.ears):
            ear = self.ears[id]
            for index, source in ear.values:
                number = shape.numeric[index] and type(source) is Fits
                span = compile_span(source.matching, kinds[index]) if number and isinstance(source, Fits) else None
                if span is not None:
                    rows.setdefault(index, []).append((span, source.gate, ear.alarm))
                else:
                    self._sources.append((index, source.see, ear.alarm))
            self._heard += [(index, heard, ear.alarm) for index, heard in ear.heard]
            self._says += [(saying, ear.alarm) for saying in ear.says]
            if ear.weighs:
                self._weighs.append(ear.alarm)
        self._columns = [Column(index, rows[index]) for index in sorted(rows)]
        self._still = not (self._sources or self._heard or self._says)


def _id(alarm: Alarm) -> str:
    return alarm.facts.id
