"""What all scenes of a place wait for and what they do, found by thing, place and scene.

Knows documents, not values. Ten thousand scenes are held so that a new one is compared only with those that touch what
it touches. Selections by kind or place are kept beside the index: they are few, and what they mean changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from unisono.scene.document import Action, Condition, Scene, Selector, Trigger, kind_of
from unisono.scene.world import World, find_index
from unisono.twin.twin import Twin

__all__ = ["Catalogue", "Doing", "Footprint", "Waiting", "computed", "footprint"]


class Waiting(msgspec.Struct, frozen=True, eq=False):
    """A trigger; ``body`` is what stands under its ``kind``."""

    scene: str
    path: str
    kind: str
    body: Any

    @property
    def selector(self) -> Selector | None:
        return self.body if isinstance(self.body, Selector) else None


class Doing(msgspec.Struct, frozen=True, eq=False):
    """One thing that a step does to the place. ``kind``: ``set`` (``name`` is the property), ``mode`` or ``scene``.

    ``value``: as in the document. ``after_s``: how long the run has waited before it at least; ``sure``: every run
    comes to it; ``given``: the conditions on the way.
    """

    scene: str
    path: str
    kind: str
    selector: Selector | None
    name: str
    value: Any
    after_s: float
    sure: bool
    given: tuple[Condition, ...] = ()


class Footprint(NamedTuple):
    """One scene, as others see it."""

    scene: Scene
    waits: tuple[Waiting, ...]
    does: tuple[Doing, ...]


def footprint(scene: Scene) -> Footprint:
    """What a scene waits for and does."""
    waits = tuple(_waiting(scene, number, trigger) for number, trigger in enumerate(scene.when))
    return Footprint(scene, waits, tuple(_Steps(scene).found))


class Catalogue:
    """Scenes by id; ``in``, iteration and ``len`` go by id."""

    def __init__(self, scenes: Iterable[Scene] = ()) -> None:
        self._prints: dict[str, Footprint] = {}
        self._waits: dict[tuple[str, str], dict[Waiting, None]] = defaultdict(dict)
        self._does: dict[tuple[str, str], dict[Doing, None]] = defaultdict(dict)
        for scene in scenes:
            self.put(scene)

    def __contains__(self, id: object) -> bool:
        return id in self._prints

    def __iter__(self) -> Iterator[str]:
        return iter(self._prints)

    def __len__(self) -> int:
        return len(self._prints)

    def get(self, id: str) -> Footprint | None:
        return self._prints.get(id)

    def put(self, scene: Scene) -> None:
        """A scene is there, or has another version."""
        self.remove(scene.id)
        made = self._prints[scene.id] = footprint(scene)
        for waiting in made.waits:
            for key in _keys(waiting.kind, waiting.selector, waiting.body):
                self._waits[key][waiting] = None
        for doing in made.does:
            for key in _keys(doing.kind, doing.selector, doing):
                self._does[key][doing] = None

    def remove(self, id: str) -> None:
        before = self._prints.pop(id, None)
        if before is None:
            return
        for waiting in before.waits:
            for key in _keys(waiting.kind, waiting.selector, waiting.body):
                self._waits[key].pop(waiting)
        for doing in before.does:
            for key in _keys(doing.kind, doing.selector, doing):
                self._does[key].pop(doing)

    def waiting_for(self, twin: Twin, key: str, world: World) -> Iterator[Waiting]:
        """The triggers that follow the values of a property (by its address) of a thing."""
        index = twin.shape.index[key]
        for waiting in (*self._waits.get(("thing", twin.id), ()), *self._waits.get(("wide", ""), ())):
            follows = waiting.kind in ("change", "window") and _means(waiting.body, twin, world)
            if follows and find_index(twin, waiting.body.property) == index:
                yield waiting

    def waiting_for_mode(self, place: str) -> list[Waiting]:
        return list(self._waits.get(("mode", place), ()))

    def waiting_for_scene(self, id: str) -> list[Waiting]:
        return list(self._waits.get(("scene", id), ()))

    def set_off_by(self, made: Footprint, world: World) -> set[str]:
        """The scenes that a scene may set off by what it does or by its end, whatever the values: all of them, and some
        more. Only things that are in ``world`` are looked at."""
        found = {waiting.scene for waiting in self.waiting_for_scene(made.scene.id)}
        for doing in made.does:
            if doing.kind == "scene":
                found.add(doing.name)
            elif doing.kind == "mode":
                found.update(waiting.scene for waiting in self.waiting_for_mode(doing.name))
            else:
                assert doing.selector is not None  # "set" is the only other kind
                found |= self._at(doing.selector, world)
        return found

    def triggered_with(self, made: Footprint, world: World) -> set[str]:
        """The scenes with a trigger at a thing, place or scene of one of its triggers, and those with a time where it
        has one: all that may be triggered at the same moment, and some more."""
        found: set[str] = set()
        for waiting in made.waits:
            if waiting.selector is not None:
                found |= self._at(waiting.selector, world)
            else:
                for key in _keys(waiting.kind, None, waiting.body):
                    found.update(each.scene for each in self._waits.get(key, ()))
        return found

    def _at(self, selector: Selector, world: World) -> set[str]:
        """The scenes with a trigger at one of the things; selections by place and kind may mean it."""
        found = {waiting.scene for waiting in self._waits.get(("wide", ""), ())}
        for id in world.select(selector):
            found.update(waiting.scene for waiting in self._waits.get(("thing", id), ()))
        return found

    def doing_to(self, twin: Twin, key: str, world: World, among: Container[str]) -> Iterator[Doing]:
        """The steps of the scenes ``among`` that set a property of a thing."""
        index = twin.shape.index[key]
        for doing in (*self._does.get(("thing", twin.id), ()), *self._does.get(("wide", ""), ())):
            if doing.scene not in among:
                continue
            sets = doing.selector is not None and _means(doing.selector, twin, world)
            if sets and find_index(twin, doing.name) == index:
                yield doing

    def doing_to_mode(self, place: str) -> list[Doing]:
        return list(self._does.get(("mode", place), ()))


def computed(value: Any) -> str:
    """``add``, ``toggle`` or ``cel`` for a value that only the run will know, else nothing."""
    kind = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    return kind if kind in ("add", "toggle", "cel") else ""


def _means(selector: Selector, twin: Twin, world: World) -> bool:
    """Whether a selection that was found by a thing, or is a wide one, has this thing in it."""
    return twin.id in selector.things or world.fits(selector, twin)


def _keys(kind: str, selector: Selector | None, body: Any) -> Iterator[tuple[str, str]]:
    """Where in the index something stands."""
    if selector is not None:
        yield from (("thing", id) for id in dict.fromkeys(selector.things))
        if selector.place is not None or selector.kind is not None:
            yield "wide", ""
    elif kind == "mode":
        yield "mode", body.name if isinstance(body, Doing) else body.place
    elif kind == "scene":
        yield "scene", body.name if isinstance(body, Doing) else body.id
    else:
        yield "time", ""


def _waiting(scene: Scene, number: int, trigger: Trigger) -> Waiting:
    kind, body = kind_of(trigger)
    return Waiting(scene.id, f"when.{number}.{kind}", kind, body)


class _Steps:
    """Goes through the steps of a scene, adding up waits and conditions on the way."""

    def __init__(self, scene: Scene) -> None:
        self.found: list[Doing] = []
        self._scene = scene.id
        self._block(scene.then, "then", 0.0, (), sure=True)

    def _block(
        self, actions: tuple[Action, ...], path: str, after_s: float, given: tuple[Condition, ...], *, sure: bool
    ) -> float:
        """The least that a run has waited behind the block."""
        for number, action in enumerate(actions):
            kind, body = kind_of(action)
            here = f"{path}.{number}.{kind}"
            if kind == "set":
                for name, value in body.state.items():
                    where = f"{here}.state.{name}"
                    self.found.append(Doing(self._scene, where, "set", body, name, value, after_s, sure, given))
            elif kind == "mode":
                self.found.append(Doing(self._scene, here, "mode", None, body.place, body.to, after_s, sure, given))
            elif kind == "scene":
                self.found.append(Doing(self._scene, here, "scene", None, body.id, None, after_s, sure, given))
            elif kind == "wait":
                after_s += body.for_s or 0.0
                given = (*given, *body.until) if body.otherwise == "stop" else given
                sure = sure and not (body.until and body.otherwise == "stop")
            elif kind == "choose":
                ends = [
                    self._block(branch.then, f"{here}.branches.{n}.then", after_s, (*given, *branch.if_), sure=False)
                    for n, branch in enumerate(body.branches)
                ]
                ends.append(self._block(body.otherwise, f"{here}.otherwise", after_s, given, sure=False))
                after_s = min(ends)
            elif kind == "repeat":
                after_s = self._block(
                    body.then, f"{here}.then", after_s, (*given, *body.while_), sure=sure and not body.while_
                )
        return after_s
