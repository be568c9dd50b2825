"""What a scene is about: its things with their models, the places around it, and whether somebody may have it do that.

Knows the registry, models and rights. Knows no route. A scene may act and look within its root place only, and only on
what whoever saves it may see: everything else is to it as if it were not there.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.scenes.shapes import Finding
from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.checking.finding import near
from unisono.scene.checking.soundness import Facts, require_sound
from unisono.scene.document import Call, Cel, Given, Notify, RunScene, Scene, Selector, Set, SetMode, load_scene
from unisono.scene.world import World
from unisono.store.registry import PlaceRow, ThingRow
from unisono.thing import find_action, find_property
from unisono.thing.shape import Shape, compile_model
from unisono.twin.places import Place, Places
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["SceneFacts"]

#: Models made ready for scenes; each takes some 20 KB.
MAX_SHAPES = 256
#: Things that one scene may select. Beyond, a report would cost what no scene is worth.
MAX_THINGS = 20_000
PAGE = 5_000
#: Root places whose scenes are kept at hand.
MAX_BOOKS = 64
#: Scenes that run scenes, looked through for what they do; the engine stops them at 16.
MAX_RUNS = 16

_PLACEHOLDER = re.compile(r"\{([a-z0-9][a-z0-9_-]*)\.[^{}]+\}")


class Book:
    """The scenes of one root place, and which version of each is in the catalogue (its number and when it was saved: a
    scene that was removed may come again)."""

    def __init__(self) -> None:
        self.scenes = Catalogue()
        self.versions: dict[str, tuple[int, int]] = {}
        self.newest = 0  # when the last of them was saved

    def marks(self, changed: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
        """How many scenes it would have with these, and the sum of their versions."""
        together = {**self.versions, **changed}
        return len(together), sum(version for version, _at in together.values())


class SceneFacts:
    """Finds things and places for scenes."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._shapes: OrderedDict[tuple[str, int], Shape] = OrderedDict()
        self._books: OrderedDict[str, Book] = OrderedDict()

    async def world(self, identity: Identity, scene: Scene, root: str) -> World:
        """The part of a root place that a scene is about, as far as ``identity`` may see it; without values.

        Raises CallerError ``bad_scene`` for a selection that would reach beyond the root, ``too_many``.
        """
        context = self._context
        places = Places()
        for row in await self._places(root):
            if context.auth.allows(identity, Action.READ, await context.path_of(row.id)):
                places.take(Place(row.id, row.parent, row.zone, row.latitude, row.longitude))
        things: dict[str, Twin] = {}
        for thing in await self._things(scene):
            path = await context.path_of(thing.place)
            if thing.root == root and context.auth.allows(identity, Action.READ, path):
                twin = things[thing.id] = Twin(thing.id, await self._shape(thing), 0)
                twin.place, twin.root, twin.parent, twin.name = thing.place, thing.root, thing.parent, thing.name
        world = World(things, places)
        world.wall = now_us()
        return world

    async def check(self, identity: Identity, scene: Scene, root: str) -> list[Finding]:
        """What is odd about a scene. Raises CallerError ``bad_scene`` for what cannot be."""
        refuse_wide(scene)
        world = await self.world(identity, scene, root)
        for path, part in _parts_at(scene, ""):
            for field, thing in _told(part) if isinstance(part, Notify) else ():
                if thing not in world.things:
                    # elsewhere it may be there, or one day: then the text would tell what is not theirs to know
                    detail, near_by = f"there is no thing {thing!r} here", near(thing, world.things, "a thing's id")
                    raise CallerError(detail, code="bad_scene", field=f"{path}.{field}", expected=near_by)
        found = require_sound(scene, Facts(world, await self._others(root), await self._people(scene, root)))
        return [Finding(each.severity, each.path, each.reason, each.expected, list(each.scenes)) for each in found]

    async def require(self, identity: Identity, scene: Scene, action: Action, *, depth: int = 0) -> None:
        """Raise CallerError ``not_allowed`` unless ``identity`` may do ``action`` with everything the scene does.

        To run a scene is to command what it commands; to make or change one is that for all time.
        """
        context = self._context
        context.auth.require(identity, action, await context.path_of(scene.place))
        for step in _parts(scene):
            if isinstance(step, Set | Call):
                for thing in await self._selected(step):
                    await self._require_step(identity, thing, step, action)
            elif isinstance(step, SetMode):
                context.auth.require(identity, action, await context.path_of(step.place))
            elif isinstance(step, RunScene) and depth < MAX_RUNS:
                row = await context.registry.get_scene_version(step.id)
                if row is not None:
                    await self.require(identity, load_scene(row.document), action, depth=depth + 1)

    async def _require_step(self, identity: Identity, thing: ThingRow, step: Set | Call, action: Action) -> None:
        model = await self._context.catalog.get(thing.model, thing.model_version)
        wanted: dict[str, Any] | None = None
        call: str | None = None
        try:
            if isinstance(step, Call):
                call = find_action(model, step.action)[0]
            else:
                wanted = {find_property(model, name)[0]: value for name, value in step.state.items()}
        except CallerError:
            return  # it has no such property: nothing will come of it, and saving says so
        path = await self._context.path_of(thing.place)
        self._context.auth.require_command(identity, model, wanted, call, path, action=action)

    async def _people(self, scene: Scene, root: str) -> set[str]:
        """Of the people and groups that the scene would tell, those who have to do with its root place."""
        named = {name for part in _parts(scene) if isinstance(part, Notify) for name in part.to}
        if not named:
            return set()
        groups = {group.id: group.people for group in await self._context.registry.list_groups()}
        found = set()
        for name in named:
            belong = [await self._belongs(person, root) for person in groups.get(name, [name])]
            if all(belong):
                found.add(name)
        return found

    async def _belongs(self, person: str, root: str) -> bool:
        row = await self._context.registry.get_person(person)
        if row is None or row.role:
            return row is not None
        for grant in await self._context.registry.grants(person):
            if root in await self._context.path_of(grant.place):
                return True
        return False

    async def _others(self, root: str) -> Catalogue:
        """The scenes of a root place. Kept, so that a version is read once: ten thousand take seconds."""
        book = self._books.setdefault(root, Book())
        self._books.move_to_end(root)
        if len(self._books) > MAX_BOOKS:
            self._books.popitem(last=False)
        # mostly nothing was saved but a few: all of ten thousand rows are looked through only where that cannot be
        wanted = await self._context.registry.count_scenes(root)
        now = await self._saved(root, book.newest)
        if book.marks(now) != wanted:
            now = await self._saved(root, None)
            for id in book.versions.keys() - now.keys():
                book.scenes.remove(id)
                del book.versions[id]
        for id, version in now.items():
            if book.versions.get(id) != version:
                row = await self._context.registry.get_scene_version(id)
                if row is not None:
                    book.scenes.put(load_scene(row.document))
                    book.versions[id] = version
                    book.newest = max(book.newest, version[1])
        return book.scenes

    async def _saved(self, root: str, since: int | None) -> dict[str, tuple[int, int]]:
        """The version of each scene of a root place that was saved since then."""
        found: dict[str, tuple[int, int]] = {}
        after: str | None = None
        while rows := await self._context.registry.find_scenes(places=[root], since=since, after=after, limit=PAGE):
            found.update((row.id, (row.version, row.at)) for row in rows)
            after = rows[-1].id
        return found

    async def _places(self, root: str) -> list[PlaceRow]:
        found: list[PlaceRow] = []
        after: str | None = None
        while rows := await self._context.registry.list_places(within=[root], after=after, limit=PAGE):
            found += rows
            after = rows[-1].id
        return found

    async def _things(self, scene: Scene) -> list[ThingRow]:
        """All things that the scene names or selects."""
        named: set[str] = set()
        found: dict[str, ThingRow] = {}
        for part in _parts(scene):
            if isinstance(part, Selector):
                named.update(part.things)
                if part.place is not None:
                    found.update((row.id, row) for row in await self._below(part.place))
            elif isinstance(part, Given):
                named.add(part.thing)
            elif isinstance(part, Notify):
                named.update(thing for _field, thing in _told(part))
        found.update((row.id, row) for row in await self._context.registry.get_things(sorted(named)))
        return list(found.values())

    async def _selected(self, selector: Selector) -> list[ThingRow]:
        found = {row.id: row for row in await self._context.registry.get_things(selector.things)}
        if selector.place is not None:
            for row in await self._below(selector.place):
                kind = (await self._shape(row)).model.kind or row.model
                if selector.kind in (None, kind) or kind.startswith(f"{selector.kind}."):
                    found[row.id] = row
        return list(found.values())

    async def _below(self, place: str) -> list[ThingRow]:
        found: list[ThingRow] = []
        after: str | None = None
        while rows := await self._context.registry.find_things(places=[place], after=after, limit=PAGE):
            found += rows
            if len(found) > MAX_THINGS:
                raise CallerError(
                    f"{place!r} holds too many things for one scene", code="too_many", expected=f"at most {MAX_THINGS}"
                )
            after = rows[-1].id
        return found

    async def _shape(self, row: ThingRow) -> Shape:
        key = (row.model, row.model_version)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = compile_model(await self._context.catalog.get(*key))
            if len(self._shapes) > MAX_SHAPES:
                self._shapes.popitem(last=False)
        return shape


def refuse_wide(scene: Scene) -> None:
    """Raise CallerError ``bad_scene`` for a selection by kind alone: it would reach other people's homes."""
    for path, part in _parts_at(scene, ""):
        if isinstance(part, Selector) and part.kind is not None and part.place is None:
            raise CallerError(
                f"every {part.kind} of which place?",
                code="bad_scene",
                field=f"{path}.kind",
                expected=f'"place" beside it, such as "place: {scene.place}"',
            )


def _parts(scene: Scene) -> Iterator[msgspec.Struct]:
    """Everything a scene is made of."""
    for _path, part in _parts_at(scene, ""):
        yield part


def _parts_at(value: Any, path: str) -> Iterator[tuple[str, msgspec.Struct]]:
    if isinstance(value, msgspec.Struct):
        yield path, value
        for field in msgspec.structs.fields(type(value)):
            yield from _parts_at(getattr(value, field.name), f"{path}.{field.encode_name}".lstrip("."))
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _parts_at(each, f"{path}.{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _parts_at(each, f"{path}.{key}")
        if "cel" in value:  # a value that a run computes: plain in the document, as any other value
            with suppress(msgspec.ValidationError):
                yield from _parts_at(msgspec.convert(value["cel"], Cel), f"{path}.cel")


def _told(part: Notify) -> Iterator[tuple[str, str]]:
    """The fields of a notification that speak of a thing, and which."""
    for field in ("title", "text"):
        for thing in _PLACEHOLDER.findall(getattr(part, field)):
            yield field, thing
