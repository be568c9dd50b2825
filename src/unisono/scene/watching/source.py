"""What turns a gate: values, windows, silence, coming and going, travel, modes - and events, which fire at once.

Knows one node of a scene for one thing each. A source is told what happened to its thing and turns its gate; it keeps
nothing but what its gate's ``extra`` holds, so that a checkpoint has it all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from unisono.scene.cause import Cause
from unisono.scene.document import Change, Connection, Happening, Matching, Silence, Window
from unisono.scene.watching.gate import Gate
from unisono.scene.watching.matching import Test, at_place, compile_bounds, equal
from unisono.scene.watching.window import RollingWindow, Step
from unisono.scene.world import NO_VALUE, World
from unisono.twin.twin import Twin

__all__ = [
    "AnyChange",
    "Fits",
    "FitsAfter",
    "Heard",
    "Link",
    "Place",
    "Rolling",
    "Told",
]

SECOND = 1_000_000


class Fits:
    """A value fits a test. Whoever follows a value answers to `see` whether there is anything new to keep."""

    __slots__ = ("_name", "_test", "_thing", "_trigger", "gate", "matching")

    def __init__(self, gate: Gate, matching: Matching, test: Test, trigger: int, thing: str) -> None:
        self.gate = gate
        self.matching = matching
        self._test = test
        self._trigger = trigger
        self._thing = thing
        self._name = matching.property

    def begin(self, value: Any) -> None:
        self.gate.begin(None if value is NO_VALUE else self._test(value))

    def see(self, value: Any, at: int) -> bool:
        holds = self._test(value)
        if holds is self.gate.holds:
            return False
        self.turn(holds, value, at)
        return True

    def turn(self, holds: bool, value: Any, at: int) -> None:
        """It fits from now on, or no longer does."""
        if holds:
            self.gate.turn(True, self.cause(value, at))
        else:
            self.gate.holds = False

    def cause(self, value: Any, at: int) -> Cause:
        return Cause(self._trigger, "change", self._thing, self._name, value, at)


class FitsAfter(Fits):
    """A value fits a test, and the one before was a given one."""

    __slots__ = ("_was",)

    def __init__(self, gate: Gate, matching: Change, test: Test, trigger: int, thing: str) -> None:
        super().__init__(gate, matching, test, trigger, thing)
        self._was = matching.was

    def begin(self, value: Any) -> None:
        super().begin(value)
        self.gate.extra = None if value is NO_VALUE else value

    def see(self, value: Any, at: int) -> bool:
        before, self.gate.extra = self.gate.extra, value
        holds = self._test(value)
        if holds and not self.gate.holds and not equal(before, self._was):
            return True  # it fits, but came from elsewhere: only leaving and coming again counts
        if holds is not self.gate.holds:
            self.turn(holds, value, at)
        return True


class AnyChange:
    """A value is another than before, or has moved ``by`` so much since it last counted."""

    __slots__ = ("_change", "_name", "_thing", "_trigger", "gate")

    def __init__(self, gate: Gate, change: Change, trigger: int, thing: str) -> None:
        self.gate = gate
        self._change = change
        self._trigger = trigger
        self._thing = thing
        self._name = change.property

    def begin(self, value: Any) -> None:
        self.gate.begin(False)
        self.gate.extra = None if value is NO_VALUE else [value]

    def see(self, value: Any, at: int) -> bool:
        gate = self.gate
        if gate.extra is None:  # the first value ever is no change
            gate.extra = [value]
            return True
        (before,) = gate.extra
        if equal(before, value) or not self._enough(before, value):
            return False
        gate.extra = [value]
        gate.holds = False  # a change begins anew whatever was waited for
        if self._change.was is UNSET or equal(before, self._change.was):
            gate.turn(True, Cause(self._trigger, "change", self._thing, self._name, value, at))
        return True

    def _enough(self, before: Any, value: Any) -> bool:
        by = self._change.by
        if by is None:
            return True
        numbers = (int, float)
        return type(before) in numbers and type(value) in numbers and abs(value - before) >= by


class Rolling:
    """A figure over a window fits a test."""

    __slots__ = ("_counts", "_remind", "_test", "_thing", "_trigger", "_wound", "gate", "what", "window", "world")

    def __init__(
        self, gate: Gate, window: Window, trigger: int, thing: str, world: World, remind: Callable[[int, str], None]
    ) -> None:
        self.gate = gate
        self.what = window
        self.window = RollingWindow(window.over_s)
        self._wound = 0
        self.world = world
        self._remind = remind
        self._test = compile_bounds(window)
        self._trigger = trigger
        self._thing = thing
        self._counts = window.agg == "count"

    @property
    def key(self) -> str:
        """Of its own reminders, which are not its gate's."""
        return self.gate.key + "~"

    def begin(self, value: Any) -> None:
        self.gate.begin(None)

    def see(self, value: Any, at: int) -> bool:
        kind = type(value)
        if kind is not float and kind is not int and kind is not bool:
            if not self._counts:
                return False
            value = 0.0  # whatever it says, it is a report
        empty = not self.window.steps
        self.window.take(float(value), self.world.elapsed)
        if empty:
            self._wind()
        self._look(at)
        return True

    def due(self) -> None:
        """A step has passed: what was in the oldest one may have left."""
        if self.world.elapsed < self._wound:
            return  # a reminder from before the scene was compiled again
        self.refresh()
        if self.window.steps:
            self._wind()

    def refresh(self) -> None:
        """Look again before somebody asks: steps may have left since the last value."""
        self._look(self.world.wall)

    @property
    def figure(self) -> float | None:
        return self.window.value(self.what.agg, self.world.elapsed)

    def _wind(self) -> None:
        """While anything is in the window a tick comes with every step, so that none is dated by an old tick."""
        after_us = self.window.until_next_step(self.world.elapsed)
        self._wound = self.world.elapsed + after_us
        self._remind(after_us, self.key)

    def _look(self, at: int) -> None:
        figure = self.figure
        holds = figure is not None and self._test is not None and self._test(figure)
        if holds is not self.gate.holds:
            cause = Cause(self._trigger, "window", self._thing, self.what.property, figure, at)
            self.gate.turn(holds, cause)

    def save(self) -> None:
        """Put what the window holds where the gate's checkpoint takes it along."""
        self.gate.extra = [msgspec.to_builtins(step) for step in self.window.steps]

    def restored(self) -> None:
        steps = [msgspec.convert(step, Step) for step in self.gate.extra or ()]
        self.window = RollingWindow(self.what.over_s, steps)


class Place:
    """A thing is at a place, or no longer."""

    __slots__ = ("_arrives", "_name", "_thing", "_trigger", "_within_m", "_world", "gate")

    def __init__(
        self, gate: Gate, world: World, place: str, within_m: float, trigger: int, thing: str, *, arrives: bool
    ) -> None:
        self.gate = gate
        self._world = world
        self._name = place
        self._within_m = within_m
        self._arrives = arrives
        self._trigger = trigger
        self._thing = thing

    def _holds(self, twin: Twin) -> bool | None:
        there = at_place(self._world, twin, self._name, self._within_m)
        return None if there is None else there is self._arrives

    def begin(self, twin: Twin) -> None:
        self.gate.begin(self._holds(twin))

    def look(self, twin: Twin, at: int) -> None:
        holds = self._holds(twin)
        if holds is not None and holds is not self.gate.holds:
            what = "arrives" if self._arrives else "leaves"
            first = self.gate.holds is None
            if first:
                self.gate.begin(holds)  # where it is when it is first heard of is no journey
                return
            self.gate.turn(holds, Cause(self._trigger, what, self._thing, self._name, None, at))


class Link:
    """A thing is online, or offline."""

    __slots__ = ("_online", "_thing", "_trigger", "gate")

    def __init__(self, gate: Gate, connection: Connection, trigger: int, thing: str) -> None:
        self.gate = gate
        self._online = connection.is_ == "online"
        self._trigger = trigger
        self._thing = thing

    def begin(self, twin: Twin) -> None:
        self.gate.begin(twin.online is self._online)

    def look(self, twin: Twin, at: int) -> None:
        holds = twin.online is self._online
        if holds is not self.gate.holds:
            self.gate.turn(holds, Cause(self._trigger, "online" if self._online else "offline", self._thing, at=at))


class Heard:
    """A thing has been silent for so long. Reports only leave their time; the reminder looks at it."""

    __slots__ = ("_for_us", "_remind", "_thing", "_trigger", "_world", "gate", "name")

    def __init__(
        self, gate: Gate, silence: Silence, trigger: int, thing: str, world: World, remind: Callable[[int, str], None]
    ) -> None:
        self.gate = gate
        self.name = silence.property
        self._for_us = int(silence.for_s * SECOND)
        self._remind = remind
        self._trigger = trigger
        self._thing = thing
        self._world = world

    @property
    def key(self) -> str:
        return self.gate.key + "~"

    def begin(self) -> None:
        """Silence counts from now on. ``extra``: wall time of the last report; elapsed time of
        the last look and of the reminder."""
        self.gate.begin(False)
        self.gate.extra = [self._world.wall, self._world.elapsed, 0]
        self._wind(self._for_us)

    def hear(self, at: int) -> None:
        self.gate.extra[0] = at
        if self.gate.holds:
            self.gate.holds = False
            self.gate.extra[1] = self._world.elapsed
            self._wind(self._for_us)

    def _wind(self, after_us: int) -> None:
        self.gate.extra[2] = self._world.elapsed + after_us
        self._remind(after_us, self.key)

    def due(self) -> None:
        """How long has it been silent? By the wall clock, but no longer than since the last look: a clock that was set
        forward makes nobody silent."""
        world, (heard, looked, due) = self._world, self.gate.extra
        if self.gate.holds or world.elapsed < due:
            return  # a reminder from before the scene was compiled again
        silent = min(max(0, world.wall - heard), world.elapsed - looked)
        if silent >= self._for_us:
            self.gate.turn(
                True, Cause(self._trigger, "silence", self._thing, self.name or "", silent // SECOND, world.wall)
            )
        else:
            self.gate.extra[1] = world.elapsed - silent
            self._wind(self._for_us - silent)


class Told:
    """A thing tells an event."""

    __slots__ = ("_fields", "_fire", "_name", "_thing", "_trigger")

    def __init__(self, happening: Happening, trigger: int, thing: str, fire: Callable[[Cause], None]) -> None:
        self._name = happening.event
        self._fields = happening.fields
        self._fire = fire
        self._trigger = trigger
        self._thing = thing

    def hear(self, fields: dict[str, Any], at: int) -> None:
        if all(name in fields and equal(fields[name], value) for name, value in self._fields.items()):
            self._fire(Cause(self._trigger, "event", self._thing, self._name, fields, at))
