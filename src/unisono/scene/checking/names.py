"""The names in a scene: things, places, scenes and properties that have to be there.

Knows the world and the ids of the other scenes as they are passed in, and keeps what was found. What is done with that
which bears a name is `values` and `soundness`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from unisono.errors import CallerError
from unisono.scene.checking.finding import Finding, near
from unisono.scene.document import Scene, Selector
from unisono.scene.world import World
from unisono.thing import builtin_models
from unisono.thing.model import Property
from unisono.twin.twin import Twin

__all__ = ["Names"]


class Names:
    """What a scene names, looked up; ``findings`` is what is wrong or odd so far."""

    def __init__(self, scene: Scene, world: World, scenes: Collection[str]) -> None:
        self.scene = scene
        self.findings: list[Finding] = []
        self._world = world
        self._scenes = scenes

    def _tell(self, severity: Any, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self.findings.append(Finding(severity, path, rule, reason, expected))

    def _error(self, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self._tell("error", path, rule, reason, expected)

    def _warn(self, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self._tell("warning", path, rule, reason, expected)

    def _things(self, selector: Selector, path: str) -> list[Twin]:
        """The things that are there; what is wrong with the others is told."""
        known = self._world.things
        if not selector.things and selector.place is None and selector.kind is None:
            self._error(path, "no_thing", "no thing is named", '"things", or "place" and "kind"')
        for number, id in enumerate(selector.things):
            if id not in known:
                self._unknown_thing(id, f"{path}.things.{number}")
        wide = selector.place is not None or selector.kind is not None
        place = selector.place is None or self._place(selector.place, f"{path}.place")
        found = [known[id] for id in self._world.select(selector) if id in known]
        if wide and place and not found:
            self._nothing_selected(selector, path)
        return found

    def _nothing_selected(self, selector: Selector, path: str) -> None:
        kinds = {twin.shape.model.kind or twin.model for twin in self._world.things.values()}
        if selector.kind is not None and selector.kind not in kinds and selector.kind not in builtin_models():
            expected = near(selector.kind, sorted({*kinds, *builtin_models()}), "a kind of thing such as light")
            self._warn(f"{path}.kind", "unknown_kind", f"there is no kind {selector.kind!r}", expected)
        else:
            what = selector.kind or "thing"
            where = f" in {selector.place}" if selector.place is not None else ""
            self._warn(path, "selects_nothing", f"there is no {what}{where} now", "things that are there, or will be")

    def _unknown_thing(self, id: str, path: str) -> None:
        expected = near(id, self._world.things, "the id of a thing")
        self._error(path, "unknown_thing", f"there is no thing {id!r}", expected)

    def _place(self, place: str | None, path: str) -> bool:
        if place is None or self._world.places.get(place) is not None:
            return True
        expected = near(place, [each.id for each in self._world.places], "the id of a place")
        self._error(path, "unknown_place", f"there is no place {place!r}", expected)
        return False

    def _scene(self, id: str, path: str) -> None:
        if id not in self._scenes and id != self.scene.id:
            expected = near(id, self._scenes, "the id of a scene")
            self._error(path, "unknown_scene", f"there is no scene {id!r}", expected)

    def _property(
        self, things: Sequence[Twin], name: str, selector: Selector | None, path: str
    ) -> list[tuple[Twin, str, Property]]:
        """The property at each of the things that have it: one thing of each model, its address and declaration."""
        found: dict[int, tuple[Twin, str, Property]] = {}
        refused: CallerError | None = None
        for twin in things:
            if id(twin.shape) in found:
                continue
            try:
                found[id(twin.shape)] = (twin, *twin.shape.find(name))
            except CallerError as error:
                if selector is None or twin.id in selector.things:
                    self._error(f"{path}.property", error.code, error.detail, error.expected)
                    return []
                refused = error
        if refused is not None and not found:
            self._warn(f"{path}.property", refused.code, f"none of the things has {name!r}", refused.expected)
        return list(found.values())
