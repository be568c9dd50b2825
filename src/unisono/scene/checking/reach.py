"""What can never happen inside one scene: conditions that contradict each other, steps that no run comes to.

Knows conditions and steps, and the things only for what their values can be. "True" and "False" are said of what holds
or fails at every moment, None of everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from unisono.errors import CallerError
from unisono.scene.checking.extent import contains, passes
from unisono.scene.checking.finding import Finding
from unisono.scene.document import Action, Choose, Clock, Condition, Matching, Repeat, Scene, Wait, kind_of
from unisono.scene.schedule import read_weekdays
from unisono.scene.world import World, find_index
from unisono.thing import Schema

__all__ = [
    "DAY_S",
    "Leaf",
    "contradiction",
    "leaves",
    "schemas",
    "seconds",
    "sure",
    "unreachable",
    "week",
    "words",
]

DAY_S = 86_400
WEEK_S = 7 * DAY_S

#: Seconds of the local week from Monday on, each stretch with its beginning and end.
Stretches: TypeAlias = list[tuple[int, int]]


class Leaf(NamedTuple):
    """A condition without parts, where it stands."""

    path: str
    kind: str
    body: Any


def unreachable(scene: Scene, world: World) -> list[Finding]:
    """Contradictions within lists of conditions, and steps that are never reached."""
    looker = Looker(world)
    looker.conditions(scene.if_, "if")
    looker.block(scene.then, "then")
    return looker.findings


def contradiction(conditions: Sequence[Condition], path: str, world: World) -> tuple[Leaf, Leaf] | None:
    """Two of the conditions that cannot hold together."""
    for a, b in _pairs(list(leaves(conditions, path))):
        if _exclude(a, b, world):
            return a, b
    return None


class Looker:
    def __init__(self, world: World) -> None:
        self.findings: list[Finding] = []
        self._world = world

    def _tell(self, severity: Any, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self.findings.append(Finding(severity, path, rule, reason, expected))

    def conditions(self, conditions: Sequence[Condition], path: str) -> bool | None:
        """Whether all of them hold always, or never; the contradictions in them are told."""
        truths = [self._condition(condition, f"{path}.{number}") for number, condition in enumerate(conditions)]
        found = contradiction(conditions, path, self._world)
        if found is not None:
            a, b = found
            reason = f"it contradicts {a.path}: both never hold at the same time"
            self._tell("error", b.path, "never", reason, "conditions of which all can hold at once")
            return False
        return False if False in truths else True if all(truths) else None

    def _condition(self, condition: Condition, path: str) -> bool | None:
        kind, body = kind_of(condition)
        here = f"{path}.{kind}"
        if kind == "all":
            if not body:
                self._tell("warning", here, "always", "no condition is in it, so that it always holds", "conditions")
            return self.conditions(body, here)
        if kind == "any":
            return self._any(body, here)
        if kind == "not":
            truth = self._condition(body, here)
            return None if truth is None else not truth
        if kind == "time":
            return self._time(body, here)
        return self._state(body) if kind == "state" else None

    def _any(self, body: Sequence[Condition], path: str) -> bool | None:
        if not body:
            self._tell("error", path, "never", "no condition is in it, so that it never holds", "conditions")
            return False
        truths = [self._condition(each, f"{path}.{number}") for number, each in enumerate(body)]
        return True if True in truths else False if set(truths) == {False} else None

    def _time(self, body: Clock, path: str) -> bool | None:
        if week(body) != []:
            return None
        self._tell("error", path, "never", "it ends when it begins, so that it never holds", '"after" before "before"')
        return False

    def _state(self, body: Any) -> bool | None:
        """What `unisono.scene.checking.soundness` says of a test holds for all things selected alike, or not at all."""
        found = {passes([body], schema) for _thing, schema in schemas(body, self._world)}
        if found == {"none"}:
            return bool(body.of == "none")
        if found == {"every"} and not body.for_s:
            return bool(body.of != "none")
        return None

    def block(self, actions: Sequence[Action], path: str) -> bool:
        """Whether every run that comes here ends here."""
        ends = ""
        for number, action in enumerate(actions):
            kind, body = kind_of(action)
            here = f"{path}.{number}"
            if ends:
                expected = "the step that ends the run as the last one"
                self._tell("warning", here, "unreachable", f"it is never reached: {ends} ends the run", expected)
                return True
            if self._step(kind, body, f"{here}.{kind}"):
                ends = here
        return bool(ends)

    def _step(self, kind: str, body: Any, path: str) -> bool:
        """Whether a step ends every run."""
        if kind == "stop":
            return True
        if kind == "choose":
            return self._choose(body, path)
        if kind == "repeat":
            return self._repeat(body, path)
        return kind == "wait" and self._wait(body, path)

    def _wait(self, body: Wait, path: str) -> bool:
        return self.conditions(body.until, f"{path}.until") is False and body.otherwise == "stop"

    def _choose(self, body: Choose, path: str) -> bool:
        ends: list[bool] = []
        through = ""
        for number, branch in enumerate(body.branches):
            here = f"{path}.branches.{number}"
            truth = self.conditions(branch.if_, f"{here}.if")
            before = next((n for n in range(number) if self._covers(body.branches[n].if_, branch.if_)), None)
            if through:
                self._never(here, f"{through} is taken at all times")
            elif before is not None:
                self._never(here, f"whenever its conditions hold, {path}.branches.{before} is taken before it")
            ends.append(self.block(branch.then, f"{here}.then") or truth is False)
            if truth is True and not through:
                through = here
        if through and body.otherwise:
            self._never(f"{path}.otherwise", f"{through} is taken at all times")
        otherwise = self.block(body.otherwise, f"{path}.otherwise")
        return all(ends) and (otherwise or bool(through))

    def _never(self, path: str, why: str) -> None:
        self._tell("warning", path, "unreachable", f"it is never reached: {why}", "the narrower conditions first")

    def _covers(self, earlier: Sequence[Condition], later: Sequence[Condition]) -> bool:
        """Whether the earlier conditions hold whenever the later ones do."""
        known = list(leaves(later, ""))
        return all(any(self._implies(leaf, condition) for leaf in known) or condition in later for condition in earlier)

    def _implies(self, leaf: Leaf, condition: Condition) -> bool:
        kind, body = kind_of(condition)
        if kind != leaf.kind:
            return False
        if kind != "state":
            return bool(body == leaf.body)
        same = (body.things, body.place, body.kind, body.property, body.of, body.for_s)
        other = leaf.body
        if same != (other.things, other.place, other.kind, other.property, other.of, other.for_s) or body.of == "none":
            return bool(body == other)
        found = schemas(body, self._world)
        return bool(found) and all(contains(body, other, schema) for _thing, schema in found)

    def _repeat(self, body: Repeat, path: str) -> bool:
        entered = self.conditions(body.while_, f"{path}.while") if body.while_ else True
        self.conditions(body.until, f"{path}.until")
        if entered is False:
            self._tell("warning", f"{path}.then", "unreachable", "it is never reached: its condition never holds")
        return self.block(body.then, f"{path}.then") and entered is True


def leaves(conditions: Iterable[Condition], path: str) -> Iterator[Leaf]:
    """What must hold in any case: not what stands inside ``any`` or ``not``."""
    for number, condition in enumerate(conditions):
        kind, body = kind_of(condition)
        here = f"{path}.{number}.{kind}"
        if kind == "all":
            yield from leaves(body, here)
        elif kind == "not":
            yield Leaf(here, "not", body)
        elif kind != "any":
            yield Leaf(here, kind, body)


def _pairs(leaves: Sequence[Leaf]) -> Iterator[tuple[Leaf, Leaf]]:
    """Those of one kind, and each opposite with everything."""
    groups: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        others = leaves if leaf.kind == "not" else groups[leaf.kind]
        for other in others:
            if other is not leaf:
                yield other, leaf
        groups[leaf.kind].append(leaf)


def _exclude(a: Leaf, b: Leaf, world: World) -> bool:
    if b.kind == "not":
        kind, body = kind_of(b.body)
        return bool(a.kind == kind and a.body == body)
    excludes = _EXCLUDES.get(a.kind)
    return excludes is not None and excludes(a.body, b.body, world)


def _modes_exclude(a: Any, b: Any, world: World) -> bool:
    return a.place == b.place and not words(a.is_) & words(b.is_)


def _times_exclude(a: Any, b: Any, world: World) -> bool:
    first, second = week(a), week(b)
    return bool(first) and bool(second) and not any(_overlap(x, y) for x in first or () for y in second or ())


def _links_exclude(a: Any, b: Any, world: World) -> bool:
    return bool(set(a.things) & set(b.things)) and a.is_ != b.is_ and a.of == b.of == "all"


def _states_exclude(a: Any, b: Any, world: World) -> bool:
    """Two tests of one property of one thing that no value passes both."""
    if "none" in (a.of, b.of):
        return False
    certain = [{thing: schema for thing, schema in schemas(each, world) if sure(each, world)} for each in (a, b)]
    for thing in certain[0].keys() & certain[1].keys():
        twin = world.things[thing]
        if find_index(twin, a.property) == find_index(twin, b.property):
            alone = "none" in (passes([a], certain[0][thing]), passes([b], certain[0][thing]))
            if not alone and passes([a, b], certain[0][thing]) == "none":
                return True
    return False


def sure(body: Any, world: World) -> bool:
    """Whether it must hold for each of its things."""
    return body.of == "all" or len(world.select(body)) == 1


def schemas(body: Matching, world: World) -> list[tuple[str, Schema]]:
    """The things of a selection that have the property, and what it can be."""
    found = []
    for id in world.select(body):
        twin = world.things.get(id)
        if twin is not None and find_index(twin, body.property) is not None:
            found.append((id, twin.shape.find(body.property)[1].schema))
    return found


def words(given: str | tuple[str, ...]) -> set[str]:
    return {given} if isinstance(given, str) else set(given)


def week(body: Clock) -> Stretches | None:
    """When a clock's condition holds; None: it says no time (compiling tells why)."""
    try:
        days = sorted(read_weekdays(body.days))
        after, before = seconds(body.after, 0), seconds(body.before, DAY_S)
    except (CallerError, ValueError):
        return None
    if after == before:
        return []
    if after < before:
        return [(day * DAY_S + after, day * DAY_S + before) for day in days]
    over = [(day * DAY_S + after, (day + 1) * DAY_S + before) for day in days]  # over midnight
    return [part for start, end in over for part in ((start, min(end, WEEK_S)), (0, end - WEEK_S)) if part[0] < part[1]]


def seconds(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    hour, minute, *second = (int(part) for part in text.split(":"))
    return hour * 3600 + minute * 60 + (second[0] if second else 0)


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


_EXCLUDES: dict[str, Callable[[Any, Any, World], bool]] = {
    "state": _states_exclude,
    "mode": _modes_exclude,
    "time": _times_exclude,
    "sun": lambda a, b, world: bool(a.is_ != b.is_),
    "connection": _links_exclude,
}
