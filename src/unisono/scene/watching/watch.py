"""What all scenes together want to know of one thing: the fold calls it with every report of that thing.

Most values change nothing: of each number that only thresholds watch, the stretch is known within which none of them
turns, so that a value costs one comparison however many scenes watch it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from msgspec import UNSET

from unisono.scene.cause import Cause
from unisono.scene.running.compiled import Compiled, Watched
from unisono.scene.watching.matching import Span, compile_span
from unisono.scene.watching.source import Fits, Heard, Link, Told
from unisono.thing.shape import NAN, Shape
from unisono.twin.twin import Twin

__all__ = ["Watch"]

INF = math.inf
#: Where this share of its properties is watched, all columns of a run are made at once: it takes a third of the time.
DENSE = 0.4
#: Runs and parts of runs that are told report by report at most before they are looked through again.
MAX_PAUSE = 15


class Engine(Protocol):
    """The scenes' engine, as far as a watch needs it."""

    changed: set[str]
    pending: deque[tuple[Compiled, Cause]]

    def stir(self, scenes: Iterable[str], at: int) -> None:
        """Waiting steps of these scenes look again."""
        ...

    def drain(self, at: int) -> None:
        """Begin what was triggered."""
        ...


class Column:
    """The thresholds at one number. None of them turns while values stay within ``low`` and ``high``."""

    __slots__ = ("_engine", "_rows", "high", "index", "low", "pick")

    def __init__(self, index: int, rows: list[tuple[Span, Fits, Compiled]], engine: Engine) -> None:
        self.index = index
        self.pick: Callable[[tuple[Any, ...]], Any] = itemgetter(index)
        self.low, self.high = INF, -INF  # nothing is known before the first value
        self._rows = [(*span, fits.gate, fits, compiled) for span, fits, compiled in rows]
        self._engine = engine

    def see(self, value: Any, at: int) -> None:
        """A value beyond the stretch: turn what turns, and find the stretch around it."""
        least, most = -INF, INF
        changed, pending = self._engine.changed, self._engine.pending
        for low, high, under, over, gate, fits, compiled in self._rows:
            if value < low:
                holds, low, high = False, -INF, under  # noqa: PLW2901 - the stretch that the value lies in
            elif value > high:
                holds, low, high = False, over, INF  # noqa: PLW2901
            else:
                holds = True
            if holds is not gate.holds:
                changed.add(compiled.id)
                if not holds:
                    gate.holds = False
                elif gate.at_once:
                    gate.holds = True
                    pending.append((compiled, fits.cause(value, at)))
                else:
                    gate.turn(True, fits.cause(value, at))
            if low > least:  # noqa: PLR1730 - max() is a call
                least = low
            if high < most:  # noqa: PLR1730
                most = high
        self.low, self.high = least, most


class Watch:
    """``scenes``: what each watches of the thing. ``awaited``: those whose waiting steps look at it.

    What happens in one report is told in the order of the model's properties and of the scenes' ids, whatever the order
    in which the scenes came: a hub that was started anew does the same.
    """

    name = "scene"

    __slots__ = (
        "_columns",
        "_dense",
        "_engine",
        "_events",
        "_heard",
        "_links",
        "_loud",
        "_moves",
        "_pause",
        "_row",
        "_shape",
        "_sources",
        "_still",
        "awaited",
        "scenes",
    )

    def __init__(self, engine: Engine) -> None:
        self.scenes: dict[str, tuple[Compiled, Watched]] = {}
        self.awaited: set[str] = set()
        self._engine = engine
        self._shape: Shape | None = None
        self._loud = self._pause = 0  # how often `quiet` is not even to look; it changes nothing but the time it takes

    def put(self, compiled: Compiled, watched: Watched) -> None:
        self.scenes[compiled.id] = (compiled, watched)
        self._shape = None

    def drop(self, scene: str) -> None:
        self.scenes.pop(scene, None)
        self._shape = None

    @property
    def idle(self) -> bool:
        """Nobody wants to know anything of the thing any more."""
        return not self.scenes and not self.awaited

    # what happens to the thing

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """How many of the first reports of a run turn no threshold, where there are only such."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        if not self._still or self.awaited:
            return 0
        if self._pause:
            self._pause -= 1
            return 0
        first = len(run)
        turned = tuple(zip(*run)) if self._dense else ()  # noqa: B905 - strict takes time, and all are of one shape
        for column in self._columns:
            low, high = column.low, column.high
            values = turned[column.index] if turned else tuple(map(column.pick, run))
            if values[0] is NAN and values.count(NAN) == len(run):
                continue
            # an absent value among them makes either say no, or is passed over
            if (low == -INF or low <= min(values)) and (high == INF or max(values) <= high):
                continue
            for number, value in enumerate(values[:first]):
                if value is not NAN and not low <= value <= high:
                    first = number
                    break
        # what turns with each report is seldom worth looking for what does not
        self._loud = 0 if first else min(2 * self._loud + 1, MAX_PAUSE)
        self._pause = self._loud
        return first

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        """It reported; the twin has the values already. ``values``: as `Shape.read` gives them."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        if self._dense:
            for value, column in zip(values, self._row):  # noqa: B905 - once a message
                if value is not NAN and column is not None and not column.low <= value <= column.high:
                    column.see(value, at)
        else:
            for column in self._columns:
                value = values[column.index]
                if value is not NAN and not column.low <= value <= column.high:
                    column.see(value, at)
        if not self._still:
            self._look_further(twin, values, at)
        if self.awaited:
            self._engine.stir(sorted(self.awaited), at)
        if self._engine.pending:
            self._engine.drain(at)

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """It told an event."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        changed = self._engine.changed
        for told in self._events.get(event, ()):
            told.hear(fields, at)
        for index, heard, scene in self._heard:
            if index is None:
                changed.add(scene)
                heard.hear(at)
        self._engine.drain(at)

    def linked(self, twin: Twin, at: int) -> None:
        """It came or went."""
        if twin.shape is not self._shape:
            self._line_up(twin.shape)
        changed = self._engine.changed
        for link, scene in self._links:
            changed.add(scene)
            link.look(twin, at)
        self._engine.stir(sorted(self.awaited), at)
        self._engine.drain(at)

    def _look_further(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        """For whatever is more than a threshold at a number."""
        absent = twin.shape.absent
        changed = self._engine.changed
        for index, see, scene in self._sources:
            value = values[index]
            if value is not absent[index] and value is not NAN and value is not UNSET and see(value, at):
                changed.add(scene)
        for silent, heard, scene in self._heard:
            if silent is None or values[silent] is not absent[silent]:
                changed.add(scene)
                heard.hear(at)
        for spots, look, scene in self._moves:
            if any(values[index] is not absent[index] for index in spots):
                changed.add(scene)
                look(twin, at)

    # order

    def _line_up(self, shape: Shape) -> None:
        """Put what scenes watch into the order in which a report is looked through."""
        self._shape = shape
        kinds = [
            shape.model.properties[key].schema.kind if number else ""
            for key, number in zip(shape.keys, shape.numeric, strict=True)
        ]
        rows: dict[int, list[tuple[Span, Fits, Compiled]]] = {}
        self._sources: list[tuple[int, Callable[[Any, int], bool], str]] = []
        self._heard: list[tuple[int | None, Heard, str]] = []
        self._links: list[tuple[Link, str]] = []
        self._moves: list[tuple[tuple[int, ...], Callable[[Twin, int], None], str]] = []
        self._events: dict[str, list[Told]] = {}
        for scene in sorted(self.scenes):
            compiled, watched = self.scenes[scene]
            for index, source in watched.values:
                span = compile_span(source.matching, kinds[index]) if type(source) is Fits else None
                if span is not None:
                    rows.setdefault(index, []).append((span, source, compiled))
                else:
                    self._sources.append((index, source.see, scene))
            self._heard += [(index, heard, scene) for index, heard in watched.heard]
            self._links += [(link, scene) for link in watched.links]
            self._moves += [(watched.spots, move.look, scene) for move in watched.moves]
            for event, told in watched.events.items():
                self._events.setdefault(event, []).extend(told)
        self._columns = [Column(index, rows[index], self._engine) for index in sorted(rows)]
        self._dense = len(rows) >= DENSE * shape.width
        by_index = {column.index: column for column in self._columns}
        self._row = [by_index.get(index) for index in range(shape.width)] if self._dense else []
        self._still = not (self._sources or self._heard or self._moves)
