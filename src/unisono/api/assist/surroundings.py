"""What a sentence is about: the things and places that its speaker may see, as the assistant's world.

Knows the registry, rights and models. Knows no route and no sentence. The names are compiled once and kept for a while;
what things report is asked of their owners each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from unisono.access import Action, Risk
from unisono.api.assist.keeping import LATER
from unisono.api.auth import Identity
from unisono.assist import Place, Scene, Speaker, World, thing_of_model
from unisono.errors import CallerError, HostError
from unisono.store.registry import PlaceRow, ThingRow
from unisono.thing import Model
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Surroundings", "SurroundingsKeeper"]

#: Things that one sentence may be about: a large house or one area of a plant. Names beyond would be said of another
#: place, and reading what they all report would take longer than the answer may.
MAX_THINGS = 10_000
PAGE = 5_000
#: Worlds kept: one for each set of rights that speaks; a thousand things take some megabytes.
MAX_KEPT = 8
#: Another API process may have changed names without a word of it on the bus.
KEEP_S = 60.0


class Surroundings(msgspec.Struct, frozen=True):
    """``root``: of the place that is spoken in, else the first that is seen. ``paths``: of each place, root first."""

    world: World
    rows: dict[str, ThingRow]
    models: dict[str, Model]
    places: dict[str, PlaceRow]
    paths: dict[str, tuple[str, ...]]
    partitions: dict[str, str]
    root: str

    def name(self, thing: str, lang: str) -> str:
        """What a thing is called, in a language where it has a name in it."""
        row = self.rows[thing]
        return next(iter(row.names.get(lang) or ()), row.name or row.id)

    def zone(self, place: str | None = None) -> ZoneInfo:
        """The time zone of a place."""
        for id in reversed(self.paths.get(place or self.root, ())):
            row = self.places.get(id)
            if row is not None and row.zone:
                return ZoneInfo(row.zone)
        return ZoneInfo("UTC")

    def now(self, place: str | None = None) -> datetime:
        return datetime.now(UTC).astimezone(self.zone(place))

    def by_trait(self, twins: Mapping[str, talk.TwinView]) -> dict[str, dict[str, Any]]:
        """What things report, as the world reads it."""
        found: dict[str, dict[str, Any]] = {}
        for id, twin in twins.items():
            properties = self.models[id].properties
            state = found[id] = {}
            for key, (value, _at) in twin.state.items():
                about = properties.get(key)
                state.setdefault(about.trait or key if about is not None else key, value)
        return found


class Permitted:
    """An identity's rights as the assistant asks for them."""

    def __init__(self, context: ApiContext, identity: Identity, surroundings: Surroundings) -> None:
        self._context, self._identity, self._around = context, identity, surroundings

    def may_see(self, thing: str) -> bool:
        return thing in self._around.rows  # the world is made of nothing else

    def may_set(self, thing: str, trait: str, risk: Risk) -> bool:
        del trait
        path = self._around.paths[self._around.rows[thing].place]
        return self._context.auth.allows(self._identity, Action.CONTROL, path, risk)


class SurroundingsKeeper:
    """Makes surroundings, and keeps the last few."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._kept: OrderedDict[tuple[Any, str | None], tuple[float, int, Surroundings]] = OrderedDict()
        self._changes = 0

    def forget(self) -> None:
        """Things, places, names or rights are others now."""
        self._changes += 1
        self._kept.clear()

    async def of(self, identity: Identity, place: str | None) -> Surroundings:
        """Raises CallerError ``not_found`` (no such place), ``too_many``: then a place has to be named."""
        root: str | None = None
        if place is not None:
            path = await self._context.path_of(place)
            if not path or not self._context.auth.allows(identity, Action.READ, path):
                raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="place")
            root = path[0]
        visible = self._context.auth.visible_places(identity)
        key = (visible, root)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic() and kept[1] == self._changes:
            self._kept.move_to_end(key)
            return kept[2]
        changes = self._changes
        made = await self._make(identity, root, visible)
        self._kept[key] = (time.monotonic() + KEEP_S, changes, made)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return made

    async def speaker(self, identity: Identity, around: Surroundings, place: str | None, lang: str | None) -> Speaker:
        """Who speaks: as a person who is a thing too, where there is one of that id."""
        person = around.world.things.get(identity.id)
        is_person = person is not None and person.kind == "person"
        rights = Permitted(self._context, identity, around)
        return Speaker(person=identity.id if is_person else None, place=place, lang=lang, rights=rights)

    async def twins(self, around: Surroundings, ids: Sequence[str] | None = None) -> dict[str, talk.TwinView]:
        """What things report now. An owner that does not answer leaves its own out: they are not known."""
        wanted: dict[str, list[str]] = {}
        for id in around.rows if ids is None else ids:
            wanted.setdefault(around.partitions[around.rows[id].root], []).append(id)
        found: dict[str, talk.TwinView] = {}
        for partition, some in wanted.items():
            with contextlib.suppress(HostError):
                found.update(await self._context.owners.twins(partition, some))
        return found

    async def _make(self, identity: Identity, root: str | None, visible: frozenset[str] | None) -> Surroundings:
        context = self._context
        within = [root] if root is not None else None if visible is None else sorted(visible)
        places = {row.id: row for row in await self._places(within) if await self._sees(identity, row.id)}
        rows = {row.id: row for row in await self._things(within) if row.place in places}
        models = {}
        for row in list(rows.values()):
            try:
                models[row.id] = await context.catalog.get(row.model, row.model_version)
            except CallerError:
                del rows[row.id]  # its model is gone: nothing can be said of it
        paths = {place: await context.path_of(place) for place in places}
        partitions = {each: await context.partition_of(each) for each in {row.root for row in rows.values()}}
        scenes = [
            Scene(id=row.id, names=(row.name, row.id))
            for row in await context.registry.find_scenes(places=within, limit=PAGE)
            if row.place in places and not row.id.startswith(LATER)
        ]
        world = await asyncio.to_thread(_world, places, rows, models, scenes)
        first = root or next((paths[id][0] for id in places), "")
        return Surroundings(world, rows, models, places, paths, partitions, first)

    async def _sees(self, identity: Identity, place: str) -> bool:
        return self._context.auth.allows(identity, Action.READ, await self._context.path_of(place))

    async def _places(self, within: Sequence[str] | None) -> list[PlaceRow]:
        found: list[PlaceRow] = []
        after: str | None = None
        while rows := await self._context.registry.list_places(within=within, after=after, limit=PAGE):
            found += rows
            after = rows[-1].id
        # homes before plants: where several are seen, what is said of no place is said at home
        return sorted(found, key=lambda row: (row.parent is not None, row.kind != "home"))

    async def _things(self, within: Sequence[str] | None) -> list[ThingRow]:
        found: list[ThingRow] = []
        after: str | None = None
        while rows := await self._context.registry.find_things(places=within, after=after, limit=PAGE):
            found += rows
            if len(found) > MAX_THINGS:
                raise CallerError(
                    f"More than {MAX_THINGS} things could be meant",
                    code="too_many",
                    field="place",
                    expected="the place that is spoken of",
                )
            after = rows[-1].id
        return found


def _world(
    places: Mapping[str, PlaceRow],
    rows: Mapping[str, ThingRow],
    models: Mapping[str, Model],
    scenes: Sequence[Scene],
) -> World:
    rooms = [
        Place(
            id=row.id,
            names=_names(row.id, row.name, row.names),
            kind=row.kind,
            inside=row.parent if row.parent in places else None,
        )
        for row in places.values()
    ]
    things = []
    for row in rows.values():
        model = models[row.id]
        kind = model.kind or model.id
        names = _names(row.id, row.name, row.names)
        things.append(thing_of_model(row.id, names, kind, row.place, model, parent=row.parent))
    return World(rooms, things, {}, scenes)


def _names(id: str, name: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found = [name or id.replace("_", " ")]
    for several in names.values():
        found += several
    return tuple(dict.fromkeys(found))
