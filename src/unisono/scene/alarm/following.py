"""What an alarm follows: its condition as a source for its thing, as scenes use them.

Knows definitions, sources and the world. A source turns a gate that counts no time: delays are the alarm's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unisono.errors import CallerError
from unisono.scene.alarm.alarm import Alarm
from unisono.scene.alarm.document import THIS, Raising, Says, kind_of
from unisono.scene.watching.expression import Expression, compile_expression
from unisono.scene.watching.gate import Gate
from unisono.scene.watching.matching import Test, compile_test
from unisono.scene.watching.source import Fits, Heard, Link, Rolling
from unisono.scene.world import NO_VALUE, World, find_index, value_of
from unisono.twin.twin import Twin

__all__ = ["Ear", "Following", "can_tell", "follow"]


class Ear:
    """What one thing's reports mean to one alarm. ``weighs``: what suppresses it follows them."""

    __slots__ = ("alarm", "heard", "says", "values", "weighs")

    def __init__(self, alarm: Alarm) -> None:
        self.alarm = alarm
        self.values: list[tuple[int, Fits | Rolling]] = []
        self.heard: list[tuple[int | None, Heard]] = []
        self.says: list[Saying] = []
        self.weighs = False


class Saying:
    """An expression over values of several things."""

    def __init__(self, gate: Gate, says: Says, thing: str, world: World) -> None:
        self.gate = gate
        self._expression: Expression = compile_expression(says.expression, says.given)
        self._world = world
        self.given = {
            name: (thing if given.thing == THIS else given.thing, given.property) for name, given in says.given.items()
        }

    def values(self) -> dict[str, Any]:
        """What it is over, without what is not known."""
        found = {name: self._world.value(thing, property) for name, (thing, property) in self.given.items()}
        return {name: value for name, value in found.items() if value is not NO_VALUE}

    def look(self) -> bool:
        """Whether it turned. What is not known, or cannot be evaluated, is neither so nor otherwise."""
        values = self.values()
        try:
            holds = self._expression.value(values) is True if len(values) == len(self.given) else None
        except CallerError:
            holds = None
        turned = holds is not self.gate.holds
        self.gate.holds = holds
        return turned


class Following:
    """Everything that one alarm follows, for the observer's indices. ``seen`` gives what its condition looks at;
    ``weighed``: tests of what suppresses it, by thing and property, with their words."""

    def __init__(self) -> None:
        self.ears: dict[str, Ear] = {}
        self.links: list[Link] = []
        self.events: set[str] = set()
        self.reminders: dict[str, Callable[[], None]] = {}
        self.rollings: list[Rolling] = []
        self.seen: Callable[[], Any] = lambda: None
        self.weighed: list[tuple[str, str, Test, str]] = []

    def ear(self, thing: str, alarm: Alarm) -> Ear:
        found = self.ears.get(thing)
        if found is None:
            found = self.ears[thing] = Ear(alarm)
        return found


def can_tell(raising: Raising, twin: Twin) -> bool:
    """Whether a thing has what the condition looks at."""
    kind, body = kind_of(raising)
    if kind in ("change", "window"):
        return find_index(twin, body.property) is not None
    if kind == "silence":
        return body.property is None or find_index(twin, body.property) is not None
    if kind == "event":
        return body.event in twin.shape.model.events
    if kind == "cel":
        own = [given.property for given in body.given.values() if given.thing == THIS]
        return all(find_index(twin, property) is not None for property in own)
    return True


def follow(alarm: Alarm, twin: Twin, world: World, remind: Callable[[int, str], None]) -> Following:
    """Connect an alarm to what its definition looks at, beginning with what is the case now."""
    following = Following()
    definition = alarm.definition
    wire = Wiring(alarm, twin, world, following, remind)
    alarm.source = wire.source(definition.raise_, "r")
    if definition.clear is not None:
        alarm.clearing = wire.source(definition.clear, "c")
    if definition.suppress is not None:
        for each in definition.suppress.values:
            thing = twin.id if each.thing == THIS else each.thing
            test = compile_test(each.matching())
            assert test is not None  # load_alarm lets none through that asks nothing
            following.weighed.append((thing, each.property, test, f"{thing}.{each.property} fits"))
            following.ear(thing, alarm).weighs = True
    return following


class Wiring:
    """Makes the sources of one alarm."""

    def __init__(
        self, alarm: Alarm, twin: Twin, world: World, following: Following, remind: Callable[[int, str], None]
    ) -> None:
        self._alarm = alarm
        self._twin = twin
        self._world = world
        self._following = following
        self._remind = remind

    def source(self, raising: Raising, what: str) -> Gate | None:
        """The gate that tells whether it is so; None for an event."""
        kind, body = kind_of(raising)
        if kind == "event":
            self._following.events.add(body.event)
            return None
        # a gate that waits for nothing never asks its clock
        gate = Gate(f"{self._alarm.id}|{what}", 0, None)  # type: ignore[arg-type]
        seen = getattr(self, f"_{kind}")(body, gate)
        if what == "r":
            self._following.seen = seen
        return gate

    def _follow(self, property: str, source: Fits | Rolling) -> None:
        ear = self._following.ear(self._twin.id, self._alarm)
        index = find_index(self._twin, property)
        if index is not None:
            source.begin(value_of(self._twin, index))
            ear.values.append((index, source))

    def _change(self, body: Any, gate: Gate) -> Callable[[], Any]:
        matching = body.matching()
        test = compile_test(matching)
        assert test is not None  # load_alarm lets none through that asks nothing
        self._follow(body.property, Fits(gate, matching, test, 0, self._twin.id))
        return lambda: self._value(body.property)

    def _value(self, property: str) -> Any:
        value = self._world.value(self._twin.id, property)
        return None if value is NO_VALUE else value

    def _window(self, body: Any, gate: Gate) -> Callable[[], Any]:
        rolling = Rolling(gate, body.window(), 0, self._twin.id, self._world, self._remind)
        self._following.rollings.append(rolling)
        self._following.reminders[rolling.key] = rolling.due
        self._alarm.stateful = True
        self._follow(body.property, rolling)
        return lambda: rolling.figure

    def _silence(self, body: Any, gate: Gate) -> Callable[[], Any]:
        heard = Heard(gate, body.silence(), 0, self._twin.id, self._world, self._remind)
        self._following.reminders[heard.key] = heard.due
        self._alarm.stateful = True
        heard.begin()
        ear = self._following.ear(self._twin.id, self._alarm)
        ear.heard.append((find_index(self._twin, body.property) if body.property is not None else None, heard))
        return lambda: body.for_s

    def _connection(self, body: Any, gate: Gate) -> Callable[[], Any]:
        link = Link(gate, body.connection(), 0, self._twin.id)
        link.begin(self._twin)
        self._following.links.append(link)
        return lambda: body.is_

    def _cel(self, body: Any, gate: Gate) -> Callable[[], Any]:
        saying = Saying(gate, body, self._twin.id, self._world)
        for thing, _property in saying.given.values():
            ear = self._following.ear(thing, self._alarm)
            ear.says.append(saying)
        saying.look()
        return saying.values
