"""A backtest: what a scene would have done over a stretch of the past, from what history holds of it.

Knows how values of the past are played on a `Stage`, which is the real fold and engine. Every thing is taken to obey at
once, until history says otherwise. What history does not hold - who was connected, modes of places, runs of other
scenes - cannot set a scene off here; where a scene asks for it, that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unisono.scene.document import (
    Connection,
    Given,
    Happening,
    Matching,
    Mode,
    ModeChange,
    Reachable,
    Scene,
    SceneEnd,
    Selector,
    Set,
    Silence,
    Snapshot,
    Travel,
    Whereabouts,
    Window,
)
from unisono.scene.running.compiled import Refusal
from unisono.scene.running.run import Run
from unisono.scene.talk import RunView
from unisono.scene.trying.stage import SECOND, Stage
from unisono.scene.world import World, find_index
from unisono.thing import dump_model
from unisono.twin.record import Entry, ModelPut, ModeSet, PlacePut, ThingPut
from unisono.twin.twin import Twin

__all__ = ["Backtest", "Past", "backtest", "unseen", "wanted"]

#: Runs that are told whole; all are counted.
MAX_RUNS = 100
#: Moments that are looked at in all: a scene that runs every second for a week is cut off, and the answer says where.
MAX_MOMENTS = 200_000
TESTER = {"kind": "person", "id": "backtest"}

#: What a `Travel` looks at.
POSITION = ("location", "presence")
#: Parts that ask for what history does not hold, and what that is.
_UNSEEN: dict[type, str] = {
    Connection: "connections are not in history: everything is taken to be there",
    Reachable: "connections are not in history: everything is taken to be there",
    ModeChange: "modes are not in history: they are taken to be as they are now",
    Mode: "modes are not in history: they are taken to be as they are now",
    SceneEnd: "runs of other scenes are not in history: this trigger never comes",
}


class Past(msgspec.Struct):
    """Something that a thing said. ``name``: the property's key, or ``event/<name>``; ``at``: wall microseconds."""

    at: int
    thing: str
    name: str
    value: Any


class Backtest(msgspec.Struct):
    """``count`` runs began between the beginning and ``until`` (earlier than asked for where it was cut off); the first
    of them are in ``runs``. ``refusals``: why it did not run, the last ones."""

    until: int
    count: int
    runs: list[RunView]
    refusals: list[Refusal]


def wanted(scenes: Iterable[Scene], world: World) -> dict[str, set[str]]:
    """By thing, what of its past the scenes look at: keys of properties, and ``event/<name>``."""
    found: dict[str, set[str]] = {}
    for scene in scenes:
        for part in _parts(scene):
            for twin in _meant(part, world):
                keys = _keys(part, twin)
                if keys:
                    found.setdefault(twin.id, set()).update(keys)
    return found


def unseen(scene: Scene) -> list[tuple[str, str]]:
    """Where a scene asks for what history does not hold, as (path, what about it)."""
    return [(path, _UNSEEN[type(part)]) for path, part in _parts_at(scene) if type(part) in _UNSEEN]


def backtest(
    scenes: Sequence[Scene],
    world: World,
    root: str,
    before: Mapping[str, Mapping[str, Any]],
    past: Iterable[Past],
    since: int,
    until: int,
) -> Backtest:
    """Play ``past`` (in the order of its time) for the first of ``scenes``; the others are those that it runs.
    ``before``: what things had said last when it began.

    Raises CallerError for a scene that cannot be.
    """
    stage = _Bounded(since)
    stage.put(*_entries(world, root))
    for id in sorted(world.things):
        stage.come(id)
        if before.get(id):
            stage.report(id, dict(before[id]))
    for number, scene in enumerate(scenes):
        asked = scene if number else msgspec.structs.replace(scene, enabled=True)
        stage.engine.put(1, msgspec.json.encode(asked))
    subject = scenes[0].id
    try:
        for each in past:
            stage.pass_time(max(0, each.at - stage.wall) / SECOND)
            _say(stage, each)
        stage.pass_time(max(0, until - stage.wall) / SECOND)
    except _EnoughError:
        pass
    runs = [seen.body for seen in stage.seen if seen.what == "run" and seen.name == subject]
    refusals = stage.engine.scenes[subject].refusals
    return Backtest(stage.wall, len(runs), [_view(run) for run in runs[:MAX_RUNS]], list(reversed(refusals)))


def _say(stage: Stage, each: Past) -> None:
    """What does not fit the thing's present model any more is left out, as its door would do today."""
    if each.name.startswith("event/"):
        fields = each.value if isinstance(each.value, dict) else {}
        stage.tell(each.thing, each.name.removeprefix("event/"), fields)
    elif each.value is not None:
        stage.report(each.thing, {each.name: each.value})


def _entries(world: World, root: str) -> Iterator[Entry]:
    for place in world.places:
        yield PlacePut(place.id, place.parent, place.zone, place.latitude, place.longitude)
        yield ModeSet(place.id, place.mode, TESTER)
    models = {(twin.shape.model.id, twin.shape.model.version): twin.shape.model for twin in world.things.values()}
    for model in models.values():
        yield ModelPut(model.id, model.version, dump_model(model))
    for twin in world.things.values():
        model = twin.shape.model
        yield ThingPut(twin.id, twin.name, model.id, model.version, twin.place, root, None, at=0)


def _parts(scene: Scene) -> Iterator[Any]:
    for _path, part in _parts_at(scene):
        yield part


def _parts_at(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part with where in the document it stands; ``given`` of values that are computed among them."""
    if isinstance(value, msgspec.Struct):
        yield path, value
        for name, said in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _parts_at(getattr(value, name), f"{path}.{said}" if path else said)
    elif isinstance(value, tuple | list):
        for number, each in enumerate(value):
            yield from _parts_at(each, f"{path}.{number}")
    elif isinstance(value, dict):
        if value.keys() == {"thing", "property"}:  # of an expression in a value, which is plain in the document
            yield path, Given(thing=value["thing"], property=value["property"])
        for key, each in value.items():
            yield from _parts_at(each, f"{path}.{key}")


def _meant(part: Any, world: World) -> Iterator[Twin]:
    if isinstance(part, Selector):
        yield from (world.things[id] for id in world.select(part) if id in world.things)
    elif isinstance(part, Given) and part.thing in world.things:
        yield world.things[part.thing]


def _keys(part: Any, twin: Twin) -> set[str]:
    """What of a thing's past a part looks at."""
    if isinstance(part, Matching | Window | Given) or (isinstance(part, Silence) and part.property is not None):
        names: Iterable[str] = [str(part.property)]
    elif isinstance(part, Silence | Snapshot):
        names = twin.shape.index
    elif isinstance(part, Travel | Whereabouts):
        names = POSITION
    elif isinstance(part, Happening):
        return {f"event/{part.event}"} if part.event in twin.shape.model.events else set()
    else:
        names = part.state if isinstance(part, Set) else ()
    return {key for name in names if (key := _key(twin, name)) is not None}


def _key(twin: Twin, name: str) -> str | None:
    index = find_index(twin, name)
    return None if index is None else twin.shape.find(name)[0]


def _view(run: Run) -> RunView:
    step = run.trace[-1].path if run.trace else ""
    return RunView(
        run.id, run.scene, str(run.state), run.cause, run.started, run.ended, run.why, step, "", run.trace, run.left_out
    )


class _EnoughError(Exception):
    """So much was looked at that it ends here."""


class _Bounded(Stage):
    """A stage that looks at no more than so many moments."""

    def __init__(self, wall: int) -> None:
        self._left = MAX_MOMENTS
        super().__init__(wall)

    def put(self, *entries: Entry) -> None:
        self._left -= 1
        if self._left < 0:
            raise _EnoughError
        super().put(*entries)
