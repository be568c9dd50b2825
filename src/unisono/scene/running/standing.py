"""How the triggers of a scene stand: what each of them sees now, and whether it fits. It answers "why did it not run?"
when nothing set it off.

Knows a compiled scene and asks nothing of it that would change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from unisono.scene.document import Selector, kind_of
from unisono.scene.running.compiled import Compiled
from unisono.scene.watching.condition import known
from unisono.scene.watching.matching import compile_test

__all__ = ["MAX_NAMED", "TriggerView", "standing"]

SECOND = 1_000_000
#: Things of one trigger that are told: whoever selects hundreds looks for one of them elsewhere.
MAX_NAMED = 20


class TriggerView(msgspec.Struct, array_like=True):
    """A trigger, and for one that follows things each of them.

    ``fits``: whether what it waits for is so now, None where nothing is known, or where it waits for a moment, a
    change or something that happens. ``seen``: the value, figure, mode or link that it sees. ``held_s``: for how long
    it has fitted, where it has to for ``for_s``. ``next``: its next moment.
    """

    path: str
    thing: str = ""
    fits: bool | None = None
    seen: Any = None
    held_s: float | None = None
    for_s: float = 0.0
    next: int | None = None


def standing(compiled: Compiled) -> list[TriggerView]:
    """All triggers of a scene, in their order."""
    found: list[TriggerView] = []
    for number, trigger in enumerate(compiled.scene.when):
        kind, body = kind_of(trigger)
        path = f"when.{number}.{kind}"
        if kind == "time":
            due = next(moment.due for moment in compiled.moments if moment.trigger == number)
            found.append(TriggerView(path, next=due))
        elif kind == "mode":
            place = compiled.world.places.get(body.place)
            found.append(_gated(compiled, path, "", body, place.mode if place is not None else None))
        elif isinstance(body, Selector):
            found += _each(compiled, path, kind, body)
        else:
            found.append(TriggerView(path))
    return found


def _each(compiled: Compiled, path: str, kind: str, body: Any) -> Iterator[TriggerView]:
    world = compiled.world
    things = world.select(body)
    if not things or kind == "event":
        yield TriggerView(path)
        return
    figures = {rolling.gate.key: rolling.figure for rolling in compiled.rollings}
    for thing in things[:MAX_NAMED]:
        seen: Any = None
        if kind == "window":
            seen = figures.get(_key(compiled, path, thing))
        elif kind == "connection":
            twin = world.things.get(thing)
            seen = None if twin is None else "online" if twin.online else "offline"
        elif kind in ("change", "silence") and body.property is not None:
            seen = known(world.value(thing, body.property))
        view = _gated(compiled, path, thing, body, seen)
        if kind == "change" and (body.by is not None or compile_test(body) is None):
            view.fits = None  # no value fits by itself
        yield view


def _gated(compiled: Compiled, path: str, thing: str, body: Any, seen: Any) -> TriggerView:
    gate = compiled.gates.get(_key(compiled, path, thing))
    view = TriggerView(path, thing, gate.holds if gate is not None else None, seen, for_s=body.for_s)
    if gate is not None and gate.holds and body.for_s and gate.since is not None:
        view.held_s = (compiled.world.elapsed - gate.since) / SECOND
    return view


def _key(compiled: Compiled, path: str, thing: str) -> str:
    return f"{compiled.id}|{path}|{thing}"
