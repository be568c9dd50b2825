"""Triggers that never get past the scene's own conditions: at the moment they fire, one of these cannot hold.

Knows what a trigger says of the moment at which it fires. Says nothing wherever it cannot be sure: a scene may still be
run by hand, or be triggered otherwise, so that it is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.extent import contains, passes
from unisono.scene.checking.finding import Finding
from unisono.scene.checking.reach import DAY_S, Leaf, leaves, schemas, seconds, sure, week, words
from unisono.scene.document import Change, Connection, ModeChange, Scene, State, Time, kind_of
from unisono.scene.schedule import read_weekdays
from unisono.scene.world import World, find_index
from unisono.twin.matching import compile_test

__all__ = ["futile"]

#: What catches up with missed moments runs at any time, and so does what waits for its turn.
EXPECTED = "a condition that can hold at that moment"


def futile(scene: Scene, world: World) -> Iterator[Finding]:
    """Those triggers after which a condition says no whatever happens."""
    if scene.mode == "queued":
        return
    asked = list(leaves(scene.if_, "if"))
    for number, trigger in enumerate(scene.when):
        kind, body = kind_of(trigger)
        spoils = _SPOILS.get(kind)
        for leaf in asked if spoils is not None else ():
            why = spoils(body, leaf, world) if spoils is not None else None
            if why is not None:
                reason = f"it sets off nothing: {leaf.path} {why}"
                yield Finding("warning", f"when.{number}.{kind}", "never", reason, EXPECTED)
                break


def _change(body: Change, leaf: Leaf, world: World) -> str | None:
    test = leaf.body
    if leaf.kind != "state" or body.by is not None or compile_test(body) is None:
        return None
    changing = schemas(body, world)
    if not changing or len(changing) != len(world.select(body)) or not _asks(test, world):
        return None
    meant = dict(schemas(test, world))
    for thing, _schema in changing:
        twin = world.things[thing]
        if thing not in meant or find_index(twin, body.property) != find_index(twin, test.property):
            return None
    tests = [(schema, passes([body, test], schema)) for _thing, schema in changing]
    if all(found == "none" and "none" not in (passes([body], s), passes([test], s)) for s, found in tests):
        return "does not hold for a value that sets it off"
    began = body.was is UNSET and test.for_s > body.for_s
    if began and all(contains(body, test, schema) for schema, _found in tests):
        return f"wants for {test.for_s:g} s what has only just begun then"
    return None


def _asks(test: State, world: World) -> bool:
    """Whether the condition says no as soon as it does not fit one of its things."""
    return test.of != "none" and sure(test, world)


def _mode(body: ModeChange, leaf: Leaf, world: World) -> str | None:
    apart = leaf.kind == "mode" and leaf.body.place == body.place and not words(leaf.body.is_) & words(body.is_)
    return f"does not hold in the mode {' or '.join(sorted(words(body.is_)))}" if apart else None


def _connection(body: Connection, leaf: Leaf, world: World) -> str | None:
    if leaf.kind != "connection" or leaf.body.is_ == body.is_ or leaf.body.of == "none":
        return None
    of = world.select(leaf.body)
    meant = set(of) if leaf.body.of == "all" or len(of) == 1 else set()
    things = world.select(body)
    return f"does not hold of what is {body.is_}" if things and meant.issuperset(things) else None


def _time(body: Time, leaf: Leaf, world: World) -> str | None:
    """A time of day that lies outside of the hours that are asked for."""
    hours = week(leaf.body) if leaf.kind == "time" else None
    if not hours or body.missed != "skip" or body.at is None or body.cron is not None or body.every_s is not None:
        return None
    try:
        days = read_weekdays(body.every or "day")
        moments = [day * DAY_S + seconds(body.at, 0) for day in days]
    except (CallerError, ValueError):
        return None  # a date, or a moment of the sun
    within = any(start <= moment < end for moment in moments for start, end in hours)
    return None if within else f"does not hold at {body.at}"


_SPOILS: dict[str, Callable[[Any, Leaf, World], str | None]] = {
    "change": _change,
    "mode": _mode,
    "connection": _connection,
    "time": _time,
}
