"""What scenes are about: their things with their models, the places around them, and whether somebody may have them do
that.

Knows the registry, models and rights. Knows no route. A scene may act and look within its root place only, and only on
what whoever saves it may see: everything else is to it as if it were not there.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.scenes.books import Book, Books
from unisono.api.scenes.parts import parts, parts_at, refuse_wide, told
from unisono.api.scenes.shapes import Finding, finding
from unisono.errors import CallerError, together
from unisono.scene.checking.catalogue import Catalogue, footprint
from unisono.scene.checking.conflict import MAX_VISITED
from unisono.scene.checking.finding import Finding as Checked
from unisono.scene.checking.finding import near
from unisono.scene.checking.host import host_of
from unisono.scene.checking.soundness import Facts, require_sound
from unisono.scene.document import (
    Call,
    Given,
    Http,
    Notify,
    RunScene,
    Scene,
    Selector,
    Set,
    SetMode,
    load_scene,
)
from unisono.scene.world import World
from unisono.store.registry import GroupRow, PlaceRow, ThingRow
from unisono.thing import find_action, find_property
from unisono.thing.shape import Shape, compile_model
from unisono.twin.places import Place, Places
from unisono.twin.safety import Enforced
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Ground", "SceneFacts", "Surroundings"]

#: Models made ready for scenes; each takes some 20 KB.
MAX_SHAPES = 256
#: Things that one scene may select. Beyond, a report would cost what no scene is worth.
MAX_THINGS = 20_000
PAGE = 5_000
#: Scenes that run scenes, looked through for what they do; the engine stops them at 16.
MAX_RUNS = 16


class SceneFacts:
    """Finds things and places for scenes."""

    def __init__(self, context: ApiContext) -> None:
        self.context = context
        self.books = Books(context.registry)
        self._shapes: OrderedDict[tuple[str, int], Shape] = OrderedDict()

    @asynccontextmanager
    async def writing(self, identity: Identity, root: str) -> AsyncIterator[Surroundings]:
        """The surroundings of scenes about to be saved in a root place; nobody else saves there inside the block."""
        async with self.books.writing(root) as book:
            yield Surroundings(self, identity, root, book)

    async def world(self, identity: Identity, scene: Scene, root: str) -> Ground:
        """The part of a root place that a scene is about, as far as ``identity`` may see it; without values.

        Raises CallerError ``bad_scene`` for a selection that would reach beyond the root, ``too_many``.
        """
        around = Surroundings(self, identity, root, Book())
        await around.look_at(scene)
        return around.world

    async def require(self, identity: Identity, scene: Scene, action: Action) -> None:
        """`Surroundings.require` for one scene."""
        await Surroundings(self, identity, "", Book()).require(scene, action)

    async def shape(self, row: ThingRow) -> Shape:
        """A thing's model, ready."""
        key = (row.model, row.model_version)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = compile_model(await self.context.catalog.get(*key))
            if len(self._shapes) > MAX_SHAPES:
                self._shapes.popitem(last=False)
        return shape


class Ground(World):
    """The world as far as it was looked up."""

    def __init__(self) -> None:
        self.found: dict[str, Twin] = {}
        super().__init__(self.found, Places())
        self.keep()

    def put(self, twin: Twin) -> None:
        self.found[twin.id] = twin
        self.forget()


class Surroundings:
    """What scenes of one root place are held against, for one identity. Everything is looked up once, however many
    scenes a request brings. ``book``: the other scenes."""

    def __init__(self, facts: SceneFacts, identity: Identity, root: str, book: Book) -> None:
        self.identity = identity
        self.book = book
        self.world = Ground()
        self._facts = facts
        self._context = facts.context
        self._root = root
        self._placed = False
        self._policed = False
        self._policy: Enforced | None = None
        self._rows: dict[str, ThingRow | None] = {}
        self._below: dict[str, list[ThingRow]] = {}
        self._groups: list[GroupRow] | None = None
        self._belonging: dict[str, bool] = {}
        self._documents: dict[str, Scene | None] = {}

    # what is there

    async def look_at(self, *scenes: Scene) -> None:
        """Bring what scenes are about into the world, with few questions. Raises CallerError ``too_many``."""
        await self._look_around()
        named: dict[str, None] = {}
        for scene in scenes:
            for part in parts(scene):
                if isinstance(part, Selector):
                    named.update(dict.fromkeys(part.things))
                    if part.place is not None:
                        await self._bring(Selector(place=part.place))
                elif isinstance(part, Given):
                    named[part.thing] = None
                elif isinstance(part, Notify):
                    named.update((thing, None) for _field, thing in told(part))
        await self._bring(Selector(things=tuple(named)))

    async def check(self, scene: Scene) -> list[Finding]:
        """What is odd about a scene. Raises CallerError ``bad_scene`` for what cannot be."""
        refuse_wide(scene)
        await self.look_at(scene)
        unknown: list[CallerError] = []
        for path, part in parts_at(scene):
            for field, thing in told(part) if isinstance(part, Notify) else ():
                if thing not in self.world.things:
                    # elsewhere it may be there, or one day: then the text would tell what is not theirs to know
                    detail, near_by = (
                        f"there is no thing {thing!r} here",
                        near(thing, self.world.things, "a thing's id"),
                    )
                    unknown.append(CallerError(detail, code="bad_scene", field=f"{path}.{field}", expected=near_by))
        await self._look_ahead(scene, self.book.scenes)
        people, policy = await self._people(scene), await self._in_force()
        try:
            found = require_sound(scene, Facts(self.world, self.book.scenes, people, policy))
        except CallerError as error:
            all_of_it, total = together([error, *error.others, *unknown]), error.total + len(unknown)
            all_of_it.total = total
            raise all_of_it from None
        if unknown:
            raise together(unknown)
        found += self._not_called(scene)
        return [finding(each) for each in found]

    def _not_called(self, scene: Scene) -> Iterator[Checked]:
        """The steps that call a host which may not be called: the hub refuses each time."""
        for path, part in parts_at(scene):
            host = host_of(part.url) if isinstance(part, Http) else None
            if host is not None and not self._context.outside.names(*host):
                name = f"{host[0]}:{host[1]}"
                reason = f"{name} is not on the list of hosts that may be called, so that nothing will be"
                yield Checked(
                    "warning", f"{path}.url", "not_called", reason, f'{host[0]} among the "hosts" of outside.toml'
                )

    async def _in_force(self) -> Enforced | None:
        """The root place's policy, as its owner enforces it."""
        if not self._policed:
            self._policed = True
            row = await self._context.registry.get_policy(self._root)
            if row is not None and row.document is not None:
                self._policy = Enforced(row.version, row.document.encode())
        return self._policy

    async def _look_ahead(self, scene: Scene, others: Catalogue) -> None:
        """Bring in what it may set off, and those again: the things by which a ring leads back may be none of its."""
        seen = {scene.id}
        waiting = deque([footprint(scene)])
        while waiting and len(seen) < MAX_VISITED:
            made = waiting.popleft()
            for doing in made.does:
                if doing.selector is not None:
                    await self._bring(doing.selector)
            for id in sorted(others.set_off_by(made, self.world) - seen):
                seen.add(id)
                following = others.get(id)
                if following is not None:
                    waiting.append(following)

    async def _look_around(self) -> None:
        """The places of the root that the identity may see."""
        if self._placed:
            return
        self._placed = True
        context = self._context
        for row in await self._places():
            if context.auth.allows(self.identity, Action.READ, await context.path_of(row.id)):
                self.world.places.take(Place(row.id, row.parent, row.zone, row.latitude, row.longitude))
        self.world.wall = now_us()

    async def _places(self) -> list[PlaceRow]:
        found: list[PlaceRow] = []
        while True:
            after = found[-1].id if found else None
            rows = await self._context.registry.list_places(within=[self._root], after=after, limit=PAGE)
            found += rows
            if len(rows) < PAGE:
                return found

    async def _bring(self, selector: Selector) -> None:
        """Let the things that a selection means be in the world, those that the identity may see."""
        context = self._context
        for row in await self._selection(selector):
            if row.id in self.world.found or row.root != self._root:
                continue
            if context.auth.allows(self.identity, Action.READ, await context.path_of(row.place)):
                twin = Twin(row.id, await self._facts.shape(row), 0)
                twin.place, twin.root, twin.parent, twin.name = row.place, row.root, row.parent, row.name
                self.world.put(twin)

    async def _selection(self, selector: Selector) -> list[ThingRow]:
        """The things that are named, and all below the place."""
        lacking = [id for id in selector.things if id not in self._rows]
        if lacking:
            self._rows.update(dict.fromkeys(lacking))
            self._rows.update((row.id, row) for row in await self._context.registry.get_things(lacking))
        named = [row for id in selector.things if (row := self._rows[id]) is not None]
        return named if selector.place is None else [*named, *await self._all_below(selector.place)]

    async def _all_below(self, place: str) -> list[ThingRow]:
        found = self._below.get(place)
        if found is not None:
            return found
        found = self._below[place] = await self._find_below(place)
        return found

    async def _find_below(self, place: str) -> list[ThingRow]:
        found: list[ThingRow] = []
        while True:
            after = found[-1].id if found else None
            rows = await self._context.registry.find_things(places=[place], after=after, limit=PAGE)
            found += rows
            if len(found) > MAX_THINGS:
                raise CallerError(
                    f"{place!r} holds too many things for one scene", code="too_many", expected=f"at most {MAX_THINGS}"
                )
            if len(rows) < PAGE:
                return found

    # who may

    async def require(self, scene: Scene, action: Action, *, depth: int = 0) -> None:
        """Raise CallerError ``not_allowed`` unless the identity may do ``action`` with everything the scene does.

        To run a scene is to command what it commands; to make or change one is that for all time.
        """
        context = self._context
        context.auth.require(self.identity, action, await context.path_of(scene.place))
        for step in parts(scene):
            if isinstance(step, Set | Call):
                for thing in await self._meant(step):
                    await self._require_step(thing, step, action)
            elif isinstance(step, SetMode):
                context.auth.require(self.identity, action, await context.path_of(step.place))
            elif isinstance(step, RunScene) and depth < MAX_RUNS:
                other = await self._document(step.id)
                if other is not None:
                    await self.require(other, action, depth=depth + 1)

    async def _require_step(self, thing: ThingRow, step: Set | Call, action: Action) -> None:
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
        self._context.auth.require_command(self.identity, model, wanted, call, path, action=action)

    async def _meant(self, selector: Selector) -> Iterable[ThingRow]:
        """The things that a selection means, also those that the identity may not see."""
        found: dict[str, ThingRow] = {}
        for row in await self._selection(selector):
            if row.id not in selector.things:
                kind = (await self._facts.shape(row)).model.kind or row.model
                if selector.kind not in (None, kind) and not kind.startswith(f"{selector.kind}."):
                    continue
            found[row.id] = row
        return found.values()

    async def _document(self, scene_id: str) -> Scene | None:
        """What another scene says."""
        made = self.book.scenes.get(scene_id)
        if made is not None:
            return made.scene
        if scene_id not in self._documents:
            row = await self._context.registry.get_scene_version(scene_id)
            self._documents[scene_id] = load_scene(row.document) if row is not None else None
        return self._documents[scene_id]

    # whom it tells

    async def _people(self, scene: Scene) -> set[str]:
        """Of the people and groups that the scene would tell, those who have to do with its root place."""
        named = {name for part in parts(scene) if isinstance(part, Notify) for name in part.to}
        if not named:
            return set()
        if self._groups is None:
            self._groups = await self._context.registry.list_groups()
        groups = {group.id: group.people for group in self._groups}
        return {name for name in named if all([await self._belongs(person) for person in groups.get(name, [name])])}

    async def _belongs(self, person: str) -> bool:
        if person not in self._belonging:
            self._belonging[person] = await self._has_to_do(person)
        return self._belonging[person]

    async def _has_to_do(self, person: str) -> bool:
        row = await self._context.registry.get_person(person)
        if row is None or row.role:
            return row is not None
        for grant in await self._context.registry.grants(person):
            if self._root in await self._context.path_of(grant.place):
                return True
        return False
