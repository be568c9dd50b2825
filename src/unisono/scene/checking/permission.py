"""Steps that the place's own policy refuses whenever the scene sets itself off.

Knows the policy in force, as it is passed in. Says nothing where the hour, the mode or a value may let a step pass, nor
of scenes that are only run by hand: who runs them is asked then. It is a warning: a policy may change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from unisono.access import Asking, Wish, always_denied
from unisono.errors import CallerError
from unisono.scene.checking.catalogue import computed
from unisono.scene.checking.extent import contains
from unisono.scene.checking.finding import Finding
from unisono.scene.checking.reach import leaves, sure
from unisono.scene.document import Action, Call, Matching, Scene, Set, kind_of
from unisono.scene.world import World, find_index
from unisono.thing import find_action
from unisono.twin.policy import Seen
from unisono.twin.record import Asked
from unisono.twin.safety import Enforced, wish_of
from unisono.twin.twin import Twin

__all__ = ["refused"]

#: Things that are named in one finding.
NAMED = 5
#: Steps that are over at once: what held when the run began still holds at the next one.
AT_ONCE = ("set", "call", "notify", "http", "snapshot", "mode")


class Step(NamedTuple):
    """A step that commands things; ``early``: what held when the run began holds still."""

    path: str
    body: Set | Call
    early: bool


class Held(NamedTuple):
    """What is known of a thing's property when a run begins."""

    thing: str
    body: Matching


def refused(scene: Scene, world: World, enforced: Enforced | None) -> Iterator[Finding]:
    """The steps that come to nothing, and the rule or interlock that says so."""
    if enforced is None or not scene.when:
        return
    held = list(_held(scene, world))
    written: set[str] = set()
    for step in _steps(scene.then, "then", True):
        found: dict[tuple[str, str], list[str]] = {}
        things = world.select(step.body)
        for id in things:
            twin = world.things.get(id)
            asked = _asked(scene, step.body, twin) if twin is not None else None
            if twin is None or asked is None:
                continue
            known = [each for each in held if each.thing not in written] if step.early else []
            why = _why(enforced, asked, twin, world, known)
            if why is not None:
                found.setdefault(why, []).append(id)
        written.update(things)
        for (reason, expected), ids in found.items():
            yield Finding("warning", step.path, "refused", f"{reason} refuses it for {_some(ids)}", expected)


def _why(enforced: Enforced, asked: Asked, twin: Twin, world: World, held: Sequence[Held]) -> tuple[str, str] | None:
    """What says no, and what would be right."""
    wish = _wish(asked, twin, world)
    scene = asked.by["id"]
    ruling = always_denied(enforced.policy.rules, Asking("scene", scene, "", "hub", True, scene), wish)
    if ruling is not None:
        said = f'when the scene sets itself off, the rule "{ruling.rule}" of {twin.root} always'
        if ruling.unnamed:
            return said, f'"{scene}" among the "scenes" of that rule, or another thing'
        return said, "a rule that lets it pass, or another thing"
    for guard in enforced.interlocks:
        if guard.forbids(wish, asked, twin) and any(_sure(seen, held, world) for seen, _fits in guard.conditions):
            said = f'the interlock "{guard.name}" of {twin.root}, which holds whenever it sets itself off, always'
            return said, "another moment, or another thing"
    return None


def _asked(scene: Scene, body: Set | Call, twin: Twin) -> Asked | None:
    """The command that a thing gets, None where it takes nothing of it. Values that a run computes are left open."""
    by = {"kind": "scene", "id": scene.id}
    try:
        if isinstance(body, Call):
            return Asked("", twin.id, 0, by, call=find_action(twin.shape.model, body.action)[0], input={})
        return Asked("", twin.id, 0, by, set={twin.shape.find(name)[0]: value for name, value in body.state.items()})
    except CallerError:
        return None  # soundness says so


def _wish(asked: Asked, twin: Twin, world: World) -> Wish:
    """Its names are those of all values; risky is what is plain to see: a computed value may be the harmless one."""
    wish = wish_of(asked, twin, world.places)
    if asked.set is None:
        return wish
    plain = {key: value for key, value in asked.set.items() if not computed(value)}
    risk = wish_of(msgspec.structs.replace(asked, set=plain), twin, world.places).risk
    return msgspec.structs.replace(wish, risk=risk)


# what is known when a run begins


def _held(scene: Scene, world: World) -> Iterator[Held]:
    """Of the conditions that must hold, and of the only trigger."""
    for leaf in leaves(scene.if_, "if"):
        if leaf.kind == "state" and leaf.body.of != "none" and sure(leaf.body, world):
            yield from (Held(id, leaf.body) for id in world.select(leaf.body))
    kind, trigger = kind_of(scene.when[0])
    if len(scene.when) == 1 and kind == "change" and scene.mode != "queued":
        things = world.select(trigger)
        if len(things) == 1:
            yield Held(things[0], trigger)


def _sure(seen: Seen, held: Sequence[Held], world: World) -> bool:
    """Whether a condition of an interlock holds for certain."""
    test = Matching(property=seen.property, is_=seen.is_, is_not=seen.is_not, above=seen.above, below=seen.below)
    return any(each.thing == seen.thing and _is_within(each.body, test, seen, world) for each in held)


def _is_within(body: Matching, test: Matching, seen: Seen, world: World) -> bool:
    twin = world.things.get(seen.thing)
    index = find_index(twin, seen.property) if twin is not None else None
    if twin is None or index is None or index != find_index(twin, body.property):
        return False
    return contains(test, body, twin.shape.find(seen.property)[1].schema)


# steps


def _steps(actions: Sequence[Action], path: str, early: bool) -> Iterator[Step]:
    """Steps that command things, in their order, also those of branches."""
    for number, action in enumerate(actions):
        kind, body = kind_of(action)
        here = f"{path}.{number}.{kind}"
        if isinstance(body, Set | Call):
            yield Step(here, body, early)
        elif kind == "choose":
            for place, branch in enumerate(body.branches):
                yield from _steps(branch.then, f"{here}.branches.{place}.then", early)
            yield from _steps(body.otherwise, f"{here}.otherwise", early)
        elif kind == "repeat":
            yield from _steps(body.then, f"{here}.then", False)
        early = early and kind in AT_ONCE and not getattr(body, "wait", False)


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more
