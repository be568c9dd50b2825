"""What a scene and the others do to each other: rings, in which one sets off the next, and scenes that at the same
moment want different things of one property, or the same.

Knows what scenes wait for and do (`Catalogue`) and what values pass a test. Physics it does not know: that a heater
makes a room warm closes no ring here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue, Doing, Footprint, Waiting, computed, footprint
from unisono.scene.checking.extent import passes
from unisono.scene.checking.finding import Finding
from unisono.scene.checking.reach import contradiction
from unisono.scene.document import Change, Matching, ModeChange, Scene, Selector, Time
from unisono.scene.schedule import read_weekdays
from unisono.scene.watching.matching import compile_test, equal
from unisono.scene.world import World, find_index
from unisono.thing import Schema

__all__ = ["MAX_VISITED", "conflicts"]

#: Scenes that are gone through in search of rings, and steps of others that are held against one of ours: milliseconds;
#: what is farther away is seldom one thing with it.
MAX_VISITED = 2_000
#: Rings and conflicts that are told; who has more should begin with these.
MAX_TOLD = 10


class Step(NamedTuple):
    """``doing`` of one scene sets off ``waiting`` of another, by a property of a thing, a mode, or at once."""

    doing: Doing | None  # None: the end of the scene
    waiting: Waiting | None  # None: the scene is run by the step itself
    thing: str = ""
    key: str = ""


def conflicts(scene: Scene, world: World, others: Catalogue) -> list[Finding]:
    """Rings through the scene, and what it and others want at the same moment."""
    look = Look(scene, world, others)
    return [*_few(look.rings()), *_few(look.clashes())]


def _few(findings: Iterator[Finding]) -> list[Finding]:
    return [finding for finding, _number in zip(findings, range(MAX_TOLD), strict=False)]


class Look:
    """One scene among the others; its own version in the catalogue, if there is one, does not count."""

    def __init__(self, scene: Scene, world: World, others: Catalogue) -> None:
        self._mine = footprint(scene)
        self._id = scene.id
        self._world = world
        self._others = others
        self._selected: dict[tuple[Any, ...], dict[str, None]] = {}

    def _select(self, selector: Selector) -> dict[str, None]:
        """What a selector means, in its order; asked for again and again."""
        key = (selector.things, selector.place, selector.kind)
        found = self._selected.get(key)
        if found is None:
            found = self._selected[key] = dict.fromkeys(self._world.select(selector))
        return found

    def _print(self, id: str) -> Footprint | None:
        return self._mine if id == self._id else self._others.get(id)

    # rings

    def rings(self) -> Iterator[Finding]:
        """The shortest ring through each scene that sets this one off."""
        came: dict[str, tuple[str, Step]] = {}
        queue = deque([self._id])
        while queue and len(came) < MAX_VISITED:
            id = queue.popleft()
            closed = False
            for target, step in self._next(id):
                if target == self._id and not closed:
                    closed = True
                    yield self._ring([*self._way(id, came), (id, step)])
                elif target != self._id and target not in came:
                    came[target] = (id, step)
                    queue.append(target)

    def _way(self, id: str, came: dict[str, tuple[str, Step]]) -> list[tuple[str, Step]]:
        way: list[tuple[str, Step]] = []
        while id != self._id:
            before, step = came[id]
            way.append((before, step))
            id = before
        return way[::-1]

    def _next(self, id: str) -> Iterator[tuple[str, Step]]:
        """The scenes that a scene may set off, and by what."""
        made = self._print(id)
        if made is None:
            return
        for doing in made.does:
            if doing.kind == "scene":
                yield doing.name, Step(doing, None)
            elif doing.kind == "mode":
                for waiting in self._waiting_for_mode(doing.name):
                    if doing.value in _words(waiting.body.is_):
                        yield waiting.scene, Step(doing, waiting, key=doing.name)
            else:
                yield from self._set_off(doing)
        for waiting in self._waiting_for_end(id):
            yield waiting.scene, Step(None, waiting)

    def _set_off(self, doing: Doing) -> Iterator[tuple[str, Step]]:
        for thing, key, schema in self._targets(doing):
            twin = self._world.things[thing]
            mine = [each for each in self._mine.waits if self._follows(each, thing, key)]
            theirs = (each for each in self._others.waiting_for(twin, key, self._world) if each.scene != self._id)
            for waiting in (*mine, *theirs):
                if waiting.kind in ("change", "window") and _may_fit(waiting, doing.value, schema):
                    yield waiting.scene, Step(doing, waiting, thing, key)

    def _targets(self, doing: Doing) -> Iterator[tuple[str, str, Schema]]:
        """What a step sets: thing, address, declaration."""
        assert doing.selector is not None
        for id in self._select(doing.selector):
            twin = self._world.things.get(id)
            if twin is not None and find_index(twin, doing.name) is not None:
                key, declared = twin.shape.find(doing.name)
                if declared.writable:
                    yield id, key, declared.schema

    def _follows(self, waiting: Waiting, thing: str, key: str) -> bool:
        selector = waiting.selector
        if selector is None or waiting.kind not in ("change", "window") or thing not in self._select(selector):
            return False
        twin = self._world.things[thing]
        return find_index(twin, waiting.body.property) == twin.shape.index[key]

    def _waiting_for_mode(self, place: str) -> list[Waiting]:
        mine = [each for each in self._mine.waits if each.kind == "mode" and each.body.place == place]
        return [*mine, *(each for each in self._others.waiting_for_mode(place) if each.scene != self._id)]

    def _waiting_for_end(self, id: str) -> list[Waiting]:
        mine = [each for each in self._mine.waits if each.kind == "scene" and each.body.id == id]
        return [*mine, *(each for each in self._others.waiting_for_scene(id) if each.scene != self._id)]

    def _ring(self, steps: list[tuple[str, Step]]) -> Finding:
        ids = list(dict.fromkeys(id for id, _step in steps))
        prints = [made for made in map(self._print, ids) if made is not None]
        targets = [*(id for id, _step in steps[1:]), self._id]
        text = "; ".join(_told(id, step, target) for (id, step), target in zip(steps, targets, strict=True))
        first, last = steps[0][1], steps[-1][1]
        path = last.waiting.path if last.waiting is not None else first.doing.path if first.doing is not None else ""
        others = tuple(id for id in ids if id != self._id)
        damped = next((why for _id, step in steps if (why := self._damps(step, prints)) is not None), None)
        if damped is None and self._runs_itself(steps):
            damped = f"{self._id} is running already when it comes back, and its mode is single"
        if damped is not None:
            return Finding("info", path, "ring", f"{text}; it comes to rest: {damped}", scenes=others)
        after_s = sum(step.doing.after_s for _id, step in steps if step.doing is not None)
        after_s += sum(getattr(step.waiting.body, "for_s", 0.0) for _id, step in steps if step.waiting is not None)
        expected = "a test that the ring itself does not undo, a condition, or a longer way round"
        if after_s:
            return Finding("warning", path, "ring", f"{text}, once in {after_s:g} s, without end", expected, others)
        if any(made.scene.if_ for made in prints) or any(step.doing and step.doing.given for _id, step in steps):
            return Finding("warning", path, "ring", f"{text}, until a condition says no", expected, others)
        return Finding("error", path, "ring", f"{text}, without end", expected, others)

    def _runs_itself(self, steps: Sequence[tuple[str, Step]]) -> bool:
        """Every step runs the next scene while the one before is still open."""
        direct = all(step.waiting is None and step.doing is not None and not step.doing.after_s for _id, step in steps)
        return direct and self._mine.scene.mode == "single"

    def _damps(self, step: Step, prints: Sequence[Footprint]) -> str | None:
        """Why a step of the ring does not come again: nothing in the ring undoes what it waits for."""
        waiting = step.waiting
        if waiting is None or waiting.kind == "scene":
            return None
        doings = [doing for made in prints for doing in made.does]
        if waiting.kind == "mode":
            words = _words(waiting.body.is_)
            undone = [doing for doing in doings if (doing.kind, doing.name) == ("mode", step.key)]
            return None if any(each.value not in words for each in undone) else f"{step.key} stays as it is then"
        if waiting.kind == "window":
            return None
        writes = [
            (doing.value, schema)
            for doing in doings
            if doing.kind == "set"
            for thing, key, schema in self._targets(doing)
            if (thing, key) == (step.thing, step.key)
        ]
        return _settles(waiting.body, writes, f"{step.thing}.{step.key}")

    # at the same moment

    def clashes(self) -> Iterator[Finding]:
        """Others that at the same moment set the same property, or the same mode, to another value; and those that
        do the same."""
        told: set[str] = set()
        together = self._others.triggered_with(self._mine, self._world)
        for doing in self._mine.does:
            if doing.after_s or computed(doing.value) or doing.kind == "scene":
                continue
            for other, what in islice(self._rivals(doing, together), MAX_VISITED):
                twin = self._others.get(other.scene)
                if twin is None or other.scene in told or other.after_s or computed(other.value):
                    continue
                trigger = self._common(twin)
                if trigger is None or self._apart(doing, other, twin):
                    continue
                if not equal(doing.value, other.value):
                    told.add(other.scene)
                    yield self._clash(doing, other, what, trigger)
                elif self._same(twin):
                    told.add(other.scene)
                    yield Finding(
                        "warning",
                        trigger.path,
                        "shadowed",
                        f"{other.scene} does the same when the same happens",
                        "one of the two",
                        (other.scene,),
                    )

    def _clash(self, doing: Doing, other: Doing, what: str, trigger: Waiting) -> Finding:
        reason = (
            f"{other.scene} is triggered by the same ({trigger.path}) and sets {what} to {other.value!r}, "
            f"this one to {doing.value!r}: which of them stays is chance"
        )
        return Finding("warning", doing.path, "clash", reason, "conditions that tell them apart", (other.scene,))

    def _rivals(self, doing: Doing, together: set[str]) -> Iterator[tuple[Doing, str]]:
        """What scenes ``together`` with this one do to the same property or mode."""
        if doing.kind == "mode":
            for other in self._others.doing_to_mode(doing.name):
                if other.scene != self._id and other.scene in together:
                    yield other, f"the mode of {doing.name}"
            return
        for thing, key, _schema in self._targets(doing):
            for other in self._others.doing_to(self._world.things[thing], key, self._world, together):
                if other.scene != self._id:
                    yield other, f"{thing}.{key}"

    def _common(self, other: Footprint) -> Waiting | None:
        """One of our triggers that may fire at the same moment as one of theirs."""
        for mine in self._mine.waits:
            if any(self._coincide(mine, theirs) for theirs in other.waits):
                return mine
        return None

    def _coincide(self, a: Waiting, b: Waiting) -> bool:
        if a.kind != b.kind:
            return False
        if a.selector is None or b.selector is None:
            return _COINCIDE[a.kind](a.body, b.body)
        few, many = sorted((self._select(a.selector), self._select(b.selector)), key=len)
        common = [thing for thing in few if thing in many]
        if a.kind != "change":
            return bool(common) and bool(_apart_from_things(a.body) == _apart_from_things(b.body))
        return a.body.for_s == b.body.for_s and any(self._both(a.body, b.body, thing) for thing in common)

    def _both(self, a: Change, b: Change, thing: str) -> bool:
        """Whether one report may make both changes fit."""
        twin = self._world.things.get(thing)
        if twin is None or find_index(twin, a.property) is None:
            return False
        if find_index(twin, a.property) != find_index(twin, b.property):
            return False
        schema = twin.shape.find(a.property)[1].schema
        alike = (a.above, a.below, a.is_, a.is_not, a.was, a.by) == (b.above, b.below, b.is_, b.is_not, b.was, b.by)
        return alike or (schema.kind in ("bool", "enum") and passes([a, b], schema) != "none")

    def _apart(self, doing: Doing, other: Doing, twin: Footprint) -> bool:
        """Whether their conditions never hold at the same time."""
        mine = (*self._mine.scene.if_, *doing.given)
        theirs = (*twin.scene.if_, *other.given)
        return contradiction((*mine, *theirs), "", self._world) is not None

    def _same(self, other: Footprint) -> bool:
        """Whether the other does all that this one does, whenever this one does it."""
        mine, theirs = self._mine.scene, other.scene
        conditions = all(condition in mine.if_ for condition in theirs.if_)
        return (
            theirs.enabled
            and conditions
            and mine.then == theirs.then
            and all(each in theirs.when for each in mine.when)
        )


def _told(id: str, step: Step, target: str) -> str:
    if step.doing is None:
        return f"the end of {id} sets off {target}"
    if step.waiting is None:
        return f"{id} runs {target}"
    if step.doing.kind == "mode":
        return f"{id} puts {step.key} into {step.doing.value}, which sets off {target}"
    return f"{id} sets {step.thing}.{step.key}, which sets off {target}"


def _may_fit(waiting: Waiting, value: Any, schema: Schema) -> bool:
    """Whether a value that is set can make a trigger fire."""
    if waiting.kind == "window" or computed(value):
        return True
    test = compile_test(waiting.body)
    return test is None or test(value)


def _settles(change: Change, writes: Sequence[tuple[Any, Schema]], what: str) -> str | None:
    """Why a change that these values are written to does not come again, or None."""
    kinds = {computed(value) for value, _schema in writes}
    if kinds & {"cel", "toggle"}:
        return None
    plain = [value for value, _schema in writes if not computed(value)]
    test = compile_test(change)
    if test is None or change.by is not None:
        if "add" in kinds:
            return None if plain else _ends(writes, what)
        alike = all(equal(value, plain[0]) for value in plain)
        return f"{what} is {plain[0]!r} then, and stays so" if alike else None
    if not all(test(value) for value in plain) or ("add" in kinds and not _one_way(change, writes)):
        return None
    return f"nothing in the ring makes {what} fail the test again"


def _ends(writes: Sequence[tuple[Any, Schema]], what: str) -> str | None:
    """What is only added to, or only taken from, ends at the property's limit."""
    more = [value["add"] for value, _schema in writes]
    if min(more) < 0 < max(more):
        return None
    bound = writes[0][1].max if max(more) > 0 else writes[0][1].min
    return None if bound is None else f"{what} ends at {bound}"


def _one_way(change: Matching, writes: Sequence[tuple[Any, Schema]]) -> bool:
    """Whether what is added leads only deeper into a bound that is passed already."""
    more = [value["add"] for value, _schema in writes if computed(value) == "add"]
    if change.is_ is not UNSET or change.is_not is not UNSET or (change.above is None) == (change.below is None):
        return False
    return all(each > 0 for each in more) if change.above is not None else all(each < 0 for each in more)


def _words(given: str | tuple[str, ...]) -> set[str]:
    return {given} if isinstance(given, str) else set(given)


def _apart_from_things(body: Any) -> Any:
    """What a trigger asks, whatever things it asks it of."""
    return msgspec.structs.replace(body, things=(), place=None, kind=None)


def _same_time(a: Time, b: Time) -> bool:
    """Whether two schedules have a moment in common, as far as their words tell."""
    if (a.at, a.cron, a.every_s, a.offset_s) != (b.at, b.cron, b.every_s, b.offset_s):
        return False
    try:
        return bool(read_weekdays(a.every or "day") & read_weekdays(b.every or "day"))
    except CallerError:
        return False


def _same_mode(a: ModeChange, b: ModeChange) -> bool:
    return a.place == b.place and a.for_s == b.for_s and bool(_words(a.is_) & _words(b.is_))


#: Triggers at no thing that may fire at the same moment.
_COINCIDE: dict[str, Callable[[Any, Any], bool]] = {
    "mode": _same_mode,
    "time": _same_time,
    "scene": lambda a, b: bool(a == b),
}
