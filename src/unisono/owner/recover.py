"""Putting twins and scenes together again when a checkpoint is damaged.

Knows the registry (which things, models, places and scenes there are) and history (what things last said). What the log
still holds is folded on top by the owner as always.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from unisono.scene.alarm.alarms import Alarms
from unisono.scene.alarm.document import load_alarm
from unisono.scene.computed.worker import is_computed
from unisono.scene.document import load_scene
from unisono.scene.onward import Onward
from unisono.scene.running.engine import Engine
from unisono.store.history import History, Point
from unisono.thing import builtin_models, dump_model
from unisono.thing.shape import Shape, compile_model
from unisono.twin.partition import Partition
from unisono.twin.record import OutletPut, PlacePut, PolicyPut, SceneEnabled, ScenePut
from unisono.twin.twin import Twin

__all__ = ["Told", "last_words", "recover_things", "remember", "told_by"]

PAGE = 1_000


#: What computed things told last, by thing and key.
Told: TypeAlias = dict[str, dict[str, Any]]


async def recover_things(partition: Partition, registry_url: str, number: str, history: History) -> Told:
    """Add to ``partition`` every thing of the registry that it lacks, with its last values, every place and scene.
    Returns what computed things had told last in history, which may be ahead of the twins.

    Places are then in the mode ``home``; what a lost scene was doing, and its traces, are gone.

    Raises HostError ``registry_unavailable`` when the registry cannot be read either.
    """
    from unisono.store.registry import Registry

    registry = await Registry.open(registry_url)
    try:
        last = last_words(history)
        after: str | None = None
        while rows := await registry.find_things(partition=number, after=after, limit=PAGE):
            for row in rows:
                if row.id not in partition.things:
                    shape = partition.shapes.get((row.model, row.model_version))
                    if shape is None:
                        document = await _document(registry, row)
                        if document is None:
                            continue
                        shape = compile_model(document)
                        partition.put_model(row.model, row.model_version, document, shape)
                    twin = partition.things[row.id] = _twin(row, shape, partition, last.get(row.id, {}))
                    partition.put_under(twin, row.parent)
                    for observer in partition.observers:
                        observer.things_changed(row.id)
            after = rows[-1].id
        await _recover_places(partition, registry, number)
        await _recover_policies(partition, registry, number)
        await _recover_scenes(partition, registry, number)
        await _recover_alarms(partition, registry, number)  # behind scenes: they know the time if nobody does
        await _recover_outlets(partition, registry, number)
    finally:
        await registry.close()
    return told_by(partition, last)


async def _recover_places(partition: Partition, registry: Any, number: str) -> None:
    """Places that the partition lacks; the modes they were in are not known, and are home."""
    after: str | None = None
    while rows := await registry.list_places(after=after, limit=PAGE):
        for row in rows:
            if row.partition == number and partition.places.get(row.id) is None:
                partition.places.put(PlacePut(row.id, row.parent, row.zone, row.latitude, row.longitude))
        after = rows[-1].id


async def _recover_policies(partition: Partition, registry: Any, number: str) -> None:
    """Policies that the partition lacks: what must never be done is not forgotten with a flipped bit."""
    for row in await registry.policies_in_force(number):
        if row.root not in partition.safety.enforced:
            partition.safety.steer(PolicyPut(row.root, row.version, row.document.encode()))


async def _recover_alarms(partition: Partition, registry: Any, number: str) -> None:
    """Definitions of alarms that the partition lacks; where the alarms stood is found out anew."""
    alarms = partition.named.get(Alarms.name)
    after: str | None = None
    while rows := await registry.find_alarms(partition=number, after=after, limit=PAGE):
        for row in rows:
            if isinstance(alarms, Alarms) and row.id not in alarms.defined:
                alarms.put(row.version, msgspec.json.encode(load_alarm(row.document)))
        after = rows[-1].id


async def _recover_outlets(partition: Partition, registry: Any, number: str) -> None:
    """Outlets that the partition lacks; how many results each has had is not known any more."""
    onward = partition.named.get(Onward.name)
    for row in await registry.list_outlets():
        place = await registry.get_place(row.place)
        here = place is not None and place.partition == number
        if here and isinstance(onward, Onward) and row.id not in onward.outlets:
            onward.steer(OutletPut(row.id, row.created, row.document.encode()))


async def _recover_scenes(partition: Partition, registry: Any, number: str) -> None:
    """Scenes that the partition lacks; what they were doing, and what they did, is gone."""
    engine = partition.named.get(Engine.name)
    if not isinstance(engine, Engine):
        return
    if not engine.world.wall:
        # nothing tells when it was: moments that were due since 1970 must not be caught up with
        engine.world.wall = time.time_ns() // 1000
    # runs are numbered on from here: no number that was given already may come to name another run, its commands or its
    # notices, which are known by it. No hub begins a run in every microsecond of its life, however often this happens
    engine.count = max(engine.count, time.time_ns() // 1000)
    after: str | None = None
    while rows := await registry.find_scenes(partition=number, after=after, limit=PAGE):
        for row in rows:
            version = await registry.get_scene_version(row.id) if row.id not in engine.scenes else None
            if version is not None:
                scene = load_scene(version.document)
                engine.steer(ScenePut(row.id, row.version, msgspec.json.encode(scene)))
                engine.steer(SceneEnabled(row.id, row.enabled))
        after = rows[-1].id


class Last(NamedTuple):
    """The newest series of a property, and its last reading in any of them."""

    series: int
    point: Point | None


def last_words(history: History) -> dict[str, dict[str, Last]]:
    """By thing and property: asking for each alone would take days where a hundred thousand things were damaged."""
    points = dict(history.latest_of_all())
    found: dict[str, dict[str, Last]] = {}
    for series, thing, key in history.series():
        point, of_thing = points.get(series), found.setdefault(thing, {})
        before = of_thing[key].point if key in of_thing else None
        newer = before if point is None or (before is not None and before[:2] > point[:2]) else point
        of_thing[key] = Last(series, newer)
    return found


async def _document(registry: Any, row: Any) -> bytes | None:
    """The JSON of a thing's model version; built-in ones are not in the registry."""
    found = await registry.get_model(row.model, row.model_version)
    if found is not None:
        return bytes(found.document.encode())
    builtin = builtin_models().get(row.model)
    return dump_model(builtin) if builtin is not None and builtin.version == row.model_version else None


def _twin(row: Any, shape: Shape, partition: Partition, last: Mapping[str, Last]) -> Twin:
    series = [last[key].series if key in last else 0 for key in shape.series_keys]
    if series and series[0] and series == list(range(series[0], series[0] + len(series))):
        first = series[0]
    else:
        first = partition.next_series
        partition.next_series += len(shape.series_keys)
    twin = Twin(row.id, shape, first)
    twin.name, twin.place, twin.root = row.name, row.place, row.root
    twin.sleep_s, twin.names = row.sleep_s, row.names
    remember(twin, last)
    return twin


def remember(twin: Twin, last: Mapping[str, Last]) -> None:
    """Give a twin its last readings."""
    for i, key in enumerate(twin.shape.keys):
        point = last[key].point if key in last else None
        if point is not None:
            twin.put(i, _shown(twin.shape, key, point.value), point.ts)
            twin.seen = max(twin.seen, point.ts)


def told_by(partition: Partition, last: Mapping[str, Mapping[str, Last]]) -> Told:
    """The last readings of computed things."""
    return {
        id: {
            key: _shown(twin.shape, key, last[id][key].point.value)  # type: ignore[union-attr]
            for key in twin.shape.keys
            if key in last[id] and last[id][key].point is not None
        }
        for id, twin in partition.things.items()
        if is_computed(twin) and id in last
    }


def _shown(shape: Shape, key: str, value: Any) -> Any:
    return shape.shown(key, value) if isinstance(value, float) else value
