"""What of a scene is so no longer: a thing, its model or a scene that it names is gone, or another.

Knows which scenes name what, and looks at those that do when that has changed; it costs nothing otherwise. What it
finds is kept with the scene until it is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from unisono.scene.running.compiled import Compiled
from unisono.scene.world import World
from unisono.thing.shape import Shape

__all__ = ["Upkeep"]

#: Findings that are kept of one scene: who has mended these sees the next.
KEPT = 5
#: What stands before the id of a scene among the names of things.
SCENE = "#"


class Upkeep:
    """``scenes`` are the engine's. ``amiss``: those of which something is wrong."""

    def __init__(self, world: World, scenes: Mapping[str, Compiled]) -> None:
        self.amiss: set[str] = set()
        self._world = world
        self._scenes = scenes
        self._naming: dict[str, set[str]] = {}
        self._shapes: dict[str, Shape | None] = {}

    def take(self, compiled: Compiled) -> None:
        """A scene is there. What it names that is not there is found at once."""
        for name in compiled.mentions:
            self._naming.setdefault(name, set()).add(compiled.id)
            if not name.startswith(SCENE):
                self._shapes.setdefault(name, self._shape(name))
        if compiled.findings:
            self.amiss.add(compiled.id)

    def forget(self, compiled: Compiled) -> None:
        self.amiss.discard(compiled.id)
        for name in compiled.mentions:
            scenes = self._naming.get(name, set())
            scenes.discard(compiled.id)
            if not scenes:
                self._naming.pop(name, None)
                self._shapes.pop(name, None)

    def lacks(self, compiled: Compiled) -> bool:
        """Whether anything that a scene names is not there."""
        return any(
            name[1:] not in self._scenes if name.startswith(SCENE) else name not in self._world.things
            for name in compiled.mentions
        )

    def thing_changed(self, id: str) -> Iterator[Compiled]:
        """Look at the scenes that name a thing, if it is another now; those of which something else is to be said."""
        if id in self._shapes and self._shapes[id] is not (shape := self._shape(id)):
            self._shapes[id] = shape
            yield from self._examine(self._naming[id])

    def scene_changed(self, id: str) -> Iterator[Compiled]:
        """As `thing_changed`: a scene came or went."""
        yield from self._examine(self._naming.get(SCENE + id, ()))

    def look(self, compiled: Compiled) -> bool:
        """Look at a scene; whether something else is to be said of it than before."""
        from unisono.scene.checking.soundness import amiss  # seldom wanted

        before, compiled.findings = compiled.findings, amiss(compiled.scene, self._world, self._scenes)[:KEPT]
        (self.amiss.add if compiled.findings else self.amiss.discard)(compiled.id)
        return compiled.findings != before

    def _examine(self, ids: Iterable[str]) -> Iterator[Compiled]:
        for id in sorted(ids):
            if self.look(self._scenes[id]):
                yield self._scenes[id]

    def _shape(self, thing: str) -> Shape | None:
        twin = self._world.things.get(thing)
        return twin.shape if twin is not None else None

    def complaint(self) -> str | None:
        """What a status has to tell."""
        if not self.amiss:
            return None
        id = min(self.amiss)
        first = self._scenes[id].findings[0]
        more = f" (and {len(self.amiss) - 1} more scenes)" if len(self.amiss) > 1 else ""
        return f"the scene {id} cannot do all that it says: {first.path}: {first.reason}{more}"
