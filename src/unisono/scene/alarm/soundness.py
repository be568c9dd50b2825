"""Whether a definition can tell what it says, asked before it is saved: everything that is wrong or odd about it.

Knows the things, places and other definitions as they are passed in. Conditions are looked at as the triggers of a
scene are, by the same code. Changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from unisono.errors import CallerError, together
from unisono.scene.alarm.calling import WORDS
from unisono.scene.alarm.document import THIS, Definition, Raising, kind_of
from unisono.scene.alarm.following import can_tell
from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.checking.finding import Finding, near
from unisono.scene.checking.soundness import Facts, check_scene
from unisono.scene.document import Action, Cel, Change, Condition, Given, Happening, Scene, Stop, Trigger, Window
from unisono.scene.world import World, find_index
from unisono.twin.twin import Twin

__all__ = ["check_alarm", "require_sound_alarm"]

#: Of a definition for a whole plant, so many things are looked at: their models are few.
MOST_THINGS = 200
_BRACES = re.compile(r"\{([^{}]+)\}")


def check_alarm(definition: Definition, world: World, others: Mapping[str, Definition]) -> list[Finding]:
    """Everything that is wrong or odd about a definition, errors first."""
    found = [*_things(definition, world), *_suppressors(definition, world, others), *_band(definition)]
    things = _concerned(definition, world)[:MOST_THINGS]
    found += _texts(definition, things, world)
    scene, paths = _as_scene(definition, things)
    seen = check_scene(scene, Facts(world, Catalogue())) if paths else ()
    at = {each: [(place, own) for place, own in paths if each.path.startswith(place)] for each in seen}
    for each, places in at.items():
        found += [msgspec.structs.replace(each, path=own + each.path.removeprefix(place)) for place, own in places]
    return sorted(dict.fromkeys(found), key=lambda each: ("error", "warning", "info").index(each.severity))


def require_sound_alarm(definition: Definition, world: World, others: Mapping[str, Definition]) -> list[Finding]:
    """What is odd about it. Raises CallerError ``bad_alarm`` for what is wrong."""
    found = check_alarm(definition, world, others)
    errors = [
        CallerError(each.reason, code="bad_alarm", field=each.path, expected=each.expected)
        for each in found
        if each.severity == "error"
    ]
    if errors:
        raise together(errors)
    return found


def _concerned(definition: Definition, world: World) -> list[str]:
    """The things that may have the alarm: those that are named whatever they are, of others those that can tell."""
    wide = definition.selector.place is not None
    return [
        id
        for id, twin in sorted(world.things.items())
        if id in definition.things
        or (wide and world.fits(definition.selector, twin) and can_tell(definition.raise_, twin))
    ]


def _things(definition: Definition, world: World) -> Iterator[Finding]:
    for number, id in enumerate(definition.things):
        path = f"things.{number}"
        twin = world.things.get(id)
        if twin is None:
            yield Finding(
                "error", path, "unknown_thing", f"there is no thing {id!r}", near(id, world.things, "a thing's id")
            )
        elif not world.inside(twin.place, definition.place):
            reason = f"{id} lies in {twin.place}, not in {definition.place}"
            yield Finding("error", path, "elsewhere", reason, f"things of {definition.place}")
        elif not can_tell(definition.raise_, twin):
            kind, body = kind_of(definition.raise_)
            yield _cannot(kind, body, twin, path)
    if not definition.things and not _concerned(definition, world):
        what = definition.kind or "thing that can tell that"
        reason = f"there is no {what} at {definition.place} yet: it will be an alarm of those that come"
        yield Finding("warning", "kind" if definition.kind else "place", "nothing", reason)


def _no_thing(id: str, path: str, world: World) -> Finding:
    expected = near(id, world.things, "a thing's id")
    return Finding("error", path, "unknown_thing", f"there is no thing {id!r}", expected)


def _cannot(kind: str, body: Any, twin: Twin, path: str) -> Finding:
    """A thing that is named does not have what the condition looks at."""
    names = twin.shape.model.events if kind == "event" else twin.shape.index
    if kind == "cel":
        own = [given.property for given in body.given.values() if given.thing == THIS]
        reason = f"{twin.id} does not have all of {', '.join(own)}"
        return Finding("error", path, "unknown_property", reason, f"some of {', '.join(names)}")
    name, noun = (body.event, "event") if kind == "event" else (body.property, "property")
    where = f"raise.{kind}.{noun}"
    expected = near(name, names, f"one of {', '.join(names)}" if names else f"a thing with such an {noun}")
    return Finding("error", where, f"unknown_{noun}", f"{twin.id} has no {noun} {name!r}", expected)


def _suppressors(definition: Definition, world: World, others: Mapping[str, Definition]) -> Iterator[Finding]:
    suppress = definition.suppress
    if suppress is None:
        return
    for number, each in enumerate(suppress.alarms):
        id, _dot, thing = each.partition(".")
        path = f"suppress.alarms.{number}"
        if id not in others:
            expected = near(id, others, "the id of another definition")
            yield Finding("warning", path, "unknown_alarm", f"there is no definition {id!r} yet", expected)
        elif thing and thing not in world.things:
            yield Finding(
                "error",
                path,
                "unknown_thing",
                f"there is no thing {thing!r}",
                near(thing, world.things, "a thing's id"),
            )
        if definition.id in _shaders(id, others):
            reason = f"{id} is itself suppressed by {definition.id}: together they would hide both"
            yield Finding("error", path, "ring", reason, "one that does not depend on this one")
    for number, value in enumerate(suppress.values):
        if value.thing != THIS and value.thing not in world.things:
            yield _no_thing(value.thing, f"suppress.while.{number}.thing", world)


def _shaders(id: str, others: Mapping[str, Definition]) -> set[str]:
    """Everything by which a definition is suppressed, through others too."""
    found: set[str] = set()
    waiting = [id]
    while waiting:
        definition = others.get(waiting.pop())
        suppress = definition.suppress if definition is not None else None
        for each in suppress.alarms if suppress is not None else ():
            other = each.partition(".")[0]
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _band(definition: Definition) -> Iterator[Finding]:
    """A dead band that is none: it clears where it was raised, and chatters."""
    raised, cleared = definition.raise_.change, definition.clear.change if definition.clear is not None else None
    if raised is None or cleared is None or raised.property != cleared.property:
        return
    upper = raised.above is not None and cleared.below is not None and cleared.below > raised.above
    lower = raised.below is not None and cleared.above is not None and cleared.above < raised.below
    if upper or lower:
        reason = "it is over as soon as it is no longer raised: there is no dead band between"
        expected = f"below {raised.above} or less" if upper else f"above {raised.below} or more"
        yield Finding("warning", "clear.change", "no_band", reason, expected)


def _texts(definition: Definition, things: list[str], world: World) -> Iterator[Finding]:
    """What stands in braces and is never filled in: people would read the braces."""
    for field in ("text", "consequence", "action"):
        for inside in _BRACES.findall(getattr(definition, field)):
            thing, _dot, property = inside.partition(".")
            if inside in WORDS or any(find_index(world.things[id], inside) is not None for id in things):
                continue
            other = world.things.get(thing) if property else None
            if other is not None and find_index(other, property) is None:
                reason = f"{{{inside}}} stays as it is: {thing} has no property {property!r}"
                expected = near(property, other.shape.index, f"a property of {thing}")
                yield Finding("warning", field, "unknown_property", reason, expected)
            elif other is None and things:  # where nothing has the alarm yet nobody knows what it will have
                names = [*WORDS, *world.things[things[0]].shape.index]
                reason = f"{{{inside}}} stays as it is: {things[0]} has no property {inside!r}"
                yield Finding(
                    "warning", field, "unknown_property", reason, near(inside, names, "one of its properties")
                )


def _as_scene(definition: Definition, things: list[str]) -> tuple[Scene, list[tuple[str, str]]]:
    """What it looks at as the triggers and conditions of a scene, and where each stands in the definition."""
    when: list[Trigger] = []
    conditions: list[Condition] = []
    paths: list[tuple[str, str]] = []
    for name, raising in (("raise", definition.raise_), ("clear", definition.clear)):
        if raising is None or not things:
            continue
        kind, body = kind_of(raising)
        if kind == "cel":
            given = {
                name: Given(thing=things[0] if each.thing == THIS else each.thing, property=each.property)
                for name, each in body.given.items()
            }
            paths.append((f"if.{len(conditions)}.cel", f"{name}.cel"))
            conditions.append(Condition(cel=Cel(expression=body.expression, given=given)))
        elif (trigger := _trigger(raising, tuple(things))) is not None:
            paths.append((f"when.{len(when)}.{kind}", f"{name}.{kind}"))
            when.append(trigger)
    suppress = definition.suppress
    for number, value in enumerate(suppress.values if suppress is not None else ()):
        if of := things if value.thing == THIS else [value.thing]:
            paths.append((f"when.{len(when)}.change", f"suppress.while.{number}"))
            when.append(Trigger(change=msgspec.convert(_members(value.matching(), tuple(of)), Change)))
    then = (Action(stop=Stop()),)
    scene = Scene(
        id=definition.id,
        name=definition.name,
        place=definition.place,
        when=tuple(when),
        if_=tuple(conditions),
        then=then,
    )
    return scene, paths


def _trigger(raising: Raising, things: tuple[str, ...]) -> Trigger | None:
    if raising.change is not None:
        return Trigger(change=msgspec.convert(_members(raising.change.matching(), things), Change))
    if raising.window is not None:
        return Trigger(window=msgspec.convert(_members(raising.window.window(), things), Window))
    if raising.event is not None:
        return Trigger(event=Happening(things=things, event=raising.event.event, fields=raising.event.fields))
    return None


def _members(part: Any, things: tuple[str, ...]) -> dict[str, Any]:
    return {**msgspec.to_builtins(part), "things": things}
