"""Conditions, compiled once and asked often: do they hold now, and if not, which one says no and what it saw.

Knows the world and the gates that remember since when something holds. Asking changes nothing. What is not known does
not hold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import time
from functools import partial
from typing import Any, NamedTuple, Protocol

from astral import Observer
from astral.sun import elevation

from unisono.errors import CallerError
from unisono.scene.document import (
    Cel,
    Clock,
    Condition,
    Daylight,
    Matching,
    Mode,
    Reachable,
    Selector,
    State,
    Whereabouts,
    Window,
    kind_of,
)
from unisono.scene.schedule import read_weekdays
from unisono.scene.watching.expression import compile_expression
from unisono.scene.watching.gate import Gate
from unisono.scene.watching.matching import Test, at_place, compile_bounds, compile_test
from unisono.scene.watching.source import Rolling
from unisono.scene.world import NO_VALUE, World

__all__ = ["Blame", "Builder", "Check", "Grow", "compile_conditions", "depends_on_time", "known"]

#: The sun's centre stands so low when its upper edge touches the horizon (refraction and its radius).
HORIZON_DEG = -0.833


class Blame(NamedTuple):
    """Which condition said no, by its path in the document, and what it saw."""

    path: str
    seen: Any


class Grow(Protocol):
    """Lets what was compiled for many things follow them."""

    def came(self, thing: str, /) -> object: ...
    def went(self, thing: str, /) -> object: ...


class Check(Protocol):
    """One condition or several."""

    def holds(self) -> bool: ...
    def blame(self) -> Blame | None:
        """None when it holds."""
        ...


class Builder(Protocol):
    """What compiling needs of the engine."""

    @property
    def world(self) -> World: ...
    @property
    def place(self) -> str: ...
    def ids(self, selector: Selector, grow: Grow | None = None) -> list[str]:
        """The things that a selector means now. ``grow``: what is to be done for one that comes to be among them, or
        no longer exists; wanted where it may mean more than it names."""
        ...

    def mention(self, *names: str) -> None:
        """Things that are named, and scenes with a ``#`` before their ids: it is to be noticed when they go."""
        ...

    def gate(self, path: str, thing: str, matching: Matching, test: Test) -> Gate:
        """A gate that follows a value, so that somebody can ask since when it fits."""
        ...

    def rolling(self, path: str, thing: str, window: Window) -> Rolling:
        """A window that follows a value."""
        ...

    def awaiting(self) -> AbstractContextManager[None]:
        """What is compiled meanwhile is waited for: it is to be told when the things it looks at change."""
        ...


def compile_conditions(conditions: Sequence[Condition], path: str, builder: Builder) -> Check:
    """All of them together. Raises CallerError ``bad_scene`` or ``bad_value`` with the field's path."""
    return All([_compile(condition, f"{path}.{number}", builder) for number, condition in enumerate(conditions)])


def depends_on_time(condition: Condition) -> bool:
    """Whether a condition can begin to hold although nothing is reported."""
    kind, body = kind_of(condition)
    if kind in ("all", "any"):
        return any(map(depends_on_time, body))
    if kind == "not":
        return depends_on_time(body)
    return kind in ("time", "sun", "window") or (kind == "state" and body.for_s > 0)


def known(value: Any) -> Any:
    """A value as a trace shows it."""
    return None if value is NO_VALUE else value


def _compile(condition: Condition, path: str, builder: Builder) -> Check:
    kind, body = kind_of(condition)
    here = f"{path}.{kind}"
    if kind == "all":
        return compile_conditions(body, here, builder)
    if kind == "any":
        return Any_([_compile(each, f"{here}.{number}", builder) for number, each in enumerate(body)], here)
    if kind == "not":
        return Not(_compile(body, here, builder), here)
    check: Check = _COMPILERS[kind](body, here, builder)
    return check


class All:
    """Every one; none at all holds too."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    def holds(self) -> bool:
        return all(check.holds() for check in self._checks)

    def blame(self) -> Blame | None:
        for check in self._checks:
            found = check.blame()
            if found is not None:
                return found
        return None


class Any_:  # noqa: N801 - Any is taken
    """At least one."""

    def __init__(self, checks: Sequence[Check], path: str) -> None:
        self._checks = checks
        self._path = path

    def holds(self) -> bool:
        return any(check.holds() for check in self._checks)

    def blame(self) -> Blame | None:
        blames = [check.blame() for check in self._checks]
        if None in blames:
            return None
        return Blame(self._path, [[blame.path, blame.seen] for blame in blames if blame is not None])


class Not:
    """The opposite."""

    def __init__(self, check: Check, path: str) -> None:
        self._check = check
        self._path = path

    def holds(self) -> bool:
        return not self._check.holds()

    def blame(self) -> Blame | None:
        return Blame(self._path, "it holds") if self._check.holds() else None


class Leaf(ABC):
    """What most conditions share: one look at the world tells both."""

    def __init__(self, path: str) -> None:
        self._path = path

    @abstractmethod
    def look(self) -> tuple[bool, Any]:
        """Whether it holds, and what was seen."""

    def holds(self) -> bool:
        return self.look()[0]

    def blame(self) -> Blame | None:
        holds, seen = self.look()
        return None if holds else Blame(self._path, seen)


class Each(Leaf):
    """A test of several things: all, any or none of them must pass."""

    def __init__(self, path: str, body: Selector, of: str, builder: Builder) -> None:
        super().__init__(path)
        self._named = len(dict.fromkeys(body.things))
        self._ids = builder.ids(body, self)
        self._of = of

    def came(self, thing: str) -> None:
        insort(self._ids, thing, self._named)

    def went(self, thing: str) -> None:
        self._ids.remove(thing)

    @abstractmethod
    def test(self, thing: str) -> tuple[bool, Any]:
        """Whether one thing passes, and what was seen of it."""

    def look(self) -> tuple[bool, Any]:
        results = {id: self.test(id) for id in self._ids}
        passed = [passes for passes, _seen in results.values()]
        holds = {"all": bool(passed) and all(passed), "any": any(passed), "none": not any(passed)}[self._of]
        return holds, {id: seen for id, (_passes, seen) in results.items()}


class StateCheck(Each):
    def __init__(self, body: State, path: str, builder: Builder) -> None:
        super().__init__(path, body, body.of, builder)
        test = compile_test(body)
        if test is None:
            expected = '"is", "is_not", "above" or "below"'
            raise CallerError("nothing is asked of the value", code="bad_scene", field=path, expected=expected)
        self._test = test
        self._property = body.property
        self._world = builder.world
        self._gate = partial(builder.gate, path, matching=body, test=test) if body.for_s else None
        self._gates = {id: self._gate(id) for id in self._ids} if self._gate is not None else {}

    def came(self, thing: str) -> None:
        super().came(thing)
        if self._gate is not None:
            self._gates[thing] = self._gate(thing)

    def went(self, thing: str) -> None:
        super().went(thing)
        self._gates.pop(thing, None)

    def test(self, thing: str) -> tuple[bool, Any]:
        value = self._world.value(thing, self._property)
        fits = value is not NO_VALUE and self._test(value)
        if fits and self._gate is not None:
            fits = self._gates[thing].open
        return fits, known(value)


class WindowCheck(Each):
    def __init__(self, body: Window, path: str, builder: Builder) -> None:
        super().__init__(path, body, "all", builder)
        if compile_bounds(body) is None:
            expected = '"above" or "below"'
            raise CallerError("nothing is asked of the figure", code="bad_scene", field=path, expected=expected)
        self._roll = partial(builder.rolling, path, window=body)
        self._rolling = {id: self._roll(id) for id in self._ids}

    def came(self, thing: str) -> None:
        super().came(thing)
        self._rolling[thing] = self._roll(thing)

    def went(self, thing: str) -> None:
        super().went(thing)
        del self._rolling[thing]

    def test(self, thing: str) -> tuple[bool, Any]:
        rolling = self._rolling[thing]
        rolling.refresh()
        return rolling.gate.open, rolling.figure


class WhereaboutsCheck(Each):
    def __init__(self, body: Whereabouts, path: str, builder: Builder) -> None:
        super().__init__(path, body, body.of, builder)
        self._world = builder.world
        self._place = body.at
        self._within_m = body.within_m

    def test(self, thing: str) -> tuple[bool, Any]:
        twin = self._world.things.get(thing)
        there = at_place(self._world, twin, self._place, self._within_m) if twin is not None else None
        return there is True, there


class ReachableCheck(Each):
    def __init__(self, body: Reachable, path: str, builder: Builder) -> None:
        super().__init__(path, body, body.of, builder)
        self._world = builder.world
        self._online = body.is_ == "online"

    def test(self, thing: str) -> tuple[bool, Any]:
        twin = self._world.things.get(thing)
        online = twin is not None and twin.online
        return online is self._online, "online" if online else "offline"


class ModeCheck(Leaf):
    def __init__(self, body: Mode, path: str, builder: Builder) -> None:
        super().__init__(path)
        self._world = builder.world
        self._place = body.place
        self._modes = (body.is_,) if isinstance(body.is_, str) else body.is_

    def look(self) -> tuple[bool, Any]:
        place = self._world.places.get(self._place)
        mode = place.mode if place is not None else None
        return mode in self._modes, mode


class ClockCheck(Leaf):
    def __init__(self, body: Clock, path: str, builder: Builder) -> None:
        super().__init__(path)
        self._world = builder.world
        self._place = builder.place
        self._after = _read_time(body.after, f"{path}.after")
        self._before = _read_time(body.before, f"{path}.before")
        self._days = read_weekdays(body.days, f"{path}.days")

    def look(self) -> tuple[bool, Any]:
        now = self._world.local(self._world.zone(self._place))
        at, after, before = now.time(), self._after, self._before
        day = now.weekday()
        if after is None or before is None:
            inside = (after is None or at >= after) and (before is None or at < before)
        elif after <= before:
            inside = after <= at < before
        else:  # over midnight: the hours after it belong to the day on which it began
            inside = at >= after or at < before
            day = (day - 1) % 7 if at < before else day
        return inside and day in self._days, now.strftime("%a %H:%M:%S")


class DaylightCheck(Leaf):
    def __init__(self, body: Daylight, path: str, builder: Builder) -> None:
        super().__init__(path)
        self._world = builder.world
        self._up = body.is_ == "up"
        where = builder.world.where(builder.place)
        if where is None:
            expected = "latitude and longitude on the root place"
            raise CallerError("nobody knows where the place is", code="bad_scene", field=path, expected=expected)
        self._observer = Observer(where.latitude, where.longitude)

    def look(self) -> tuple[bool, Any]:
        degrees = elevation(self._observer, self._world.utc())
        return (degrees > HORIZON_DEG) is self._up, f"the sun stands at {degrees:.1f} degrees"


class CelCheck(Leaf):
    def __init__(self, body: Cel, path: str, builder: Builder) -> None:
        super().__init__(path)
        self._world = builder.world
        self._given = body.given
        builder.ids(Selector(things=tuple(given.thing for given in body.given.values())))
        try:
            self._expression = compile_expression(body.expression, body.given)
        except CallerError as error:
            field = f"{path}.expression"
            raise CallerError(error.detail, code=error.code, field=field, expected=error.expected) from None

    def look(self) -> tuple[bool, Any]:
        values = {name: self._world.value(given.thing, given.property) for name, given in self._given.items()}
        seen = {name: known(value) for name, value in values.items()}
        if any(value is NO_VALUE for value in values.values()):
            return False, seen
        try:
            result = self._expression.value(values)
        except CallerError as error:
            return False, {**seen, "error": error.detail}
        return result is True, seen


def _read_time(text: str | None, path: str) -> time | None:
    if text is None:
        return None
    try:
        read = time.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise CallerError(f"{text!r} is no time of day", code="bad_scene", field=path, expected='"HH:MM" or "HH:MM:SS"')
    return read


_COMPILERS: dict[str, Any] = {
    "state": StateCheck,
    "time": ClockCheck,
    "sun": DaylightCheck,
    "whereabouts": WhereaboutsCheck,
    "connection": ReachableCheck,
    "mode": ModeCheck,
    "window": WindowCheck,
    "cel": CelCheck,
}
