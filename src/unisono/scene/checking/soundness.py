"""Whether a scene can do what it says, asked before it is saved: everything that is wrong or odd about it.

Knows the things, places and other scenes as they are passed in, and looks at every part of a scene against them. What
can never happen inside the scene is found by `reach`, what it and other scenes do to each other by `conflict`. Changes
nothing and never raises for a scene that `load_scene` took.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError, together
from unisono.scene.checking.catalogue import Catalogue, computed
from unisono.scene.checking.conflict import conflicts
from unisono.scene.checking.finding import Finding, near
from unisono.scene.checking.futile import futile
from unisono.scene.checking.host import host_of
from unisono.scene.checking.permission import refused
from unisono.scene.checking.reach import unreachable
from unisono.scene.checking.trial import try_expression
from unisono.scene.checking.values import Values
from unisono.scene.document import (
    Action,
    Call,
    Cel,
    Condition,
    Notify,
    Scene,
    Selector,
    Snapshot,
    Trigger,
    kind_of,
)
from unisono.scene.document import Set as SetStep
from unisono.scene.running.compiled import Compiled
from unisono.scene.watching.gate import Gate
from unisono.scene.world import World
from unisono.thing.model import Property
from unisono.thing.schema import NUMERIC, Schema, describe
from unisono.twin.safety import Enforced
from unisono.twin.twin import Twin

__all__ = ["Facts", "Finding", "amiss", "check_scene", "require_sound"]

_PLACEHOLDER = re.compile(r"\{([a-z0-9][a-z0-9_-]*)\.([^{}]+)\}")


class Facts(NamedTuple):
    """What a scene is held against.

    ``world``: the things (twins; those without a value do), the places, and ``wall``, the time now. ``scenes``: the
    others. ``people``: who can be notified, None where nobody knows. ``policy``: the root place's, if it has one.
    """

    world: World
    scenes: Catalogue
    people: Collection[str] | None = None
    policy: Enforced | None = None


def check_scene(scene: Scene, facts: Facts) -> list[Finding]:
    """Everything that is wrong or odd about a scene, errors first, else in the order of the document."""
    looked = Examination(scene, facts.world, facts.scenes, facts.people)
    looked.look()
    found = [*looked.findings, *unreachable(scene, facts.world), *futile(scene, facts.world)]
    found += refused(scene, facts.world, facts.policy)
    uncompiled = _uncompiled(scene, facts.world)
    if uncompiled is None:
        found += conflicts(scene, facts.world, facts.scenes)
    elif not any(finding.severity == "error" for finding in found):
        found.append(uncompiled)
    return sorted(dict.fromkeys(found), key=lambda finding: ("error", "warning", "info").index(finding.severity))


def amiss(scene: Scene, world: World, scenes: Collection[str]) -> list[Finding]:
    """What of a scene that was sound is so no longer: a thing, its model, a place or a scene that it names is gone, or
    another."""
    looked = Examination(scene, world, scenes)
    looked.look()
    return [finding for finding in looked.findings if finding.severity == "error"]


def require_sound(scene: Scene, facts: Facts) -> list[Finding]:
    """Its findings, none of which is an error. Raises CallerError ``bad_scene`` with those that are."""
    found = check_scene(scene, facts)
    errors = [
        CallerError(each.reason, code="bad_scene", field=each.path, expected=each.expected, rule=each.rule)
        for each in found
        if each.severity == "error"
    ]
    if errors:
        raise together(errors)
    return found


class Still:
    """A clock that stands: what is compiled only to see whether it can be."""

    elapsed = 0

    began = staticmethod(int)

    def remind(self, after_us: int, key: str) -> None: ...
    def unsettled(self, gate: Gate) -> None: ...


def _uncompiled(scene: Scene, world: World) -> Finding | None:
    """What the engine itself would refuse first."""
    try:
        Compiled(scene, 0, b"", world, Still(), lambda _compiled, _cause: None)
    except CallerError as error:
        return Finding("error", error.field or "", error.code, error.detail, error.expected)
    return None


class Examination(Values):
    """One scene, looked at part by part."""

    def __init__(
        self, scene: Scene, world: World, scenes: Collection[str], people: Collection[str] | None = None
    ) -> None:
        super().__init__(scene, world, scenes)
        self._people = people
        self._snapshots: set[str] = set()

    def look(self) -> None:
        self._place(self.scene.place, "place")
        for number, trigger in enumerate(self.scene.when):
            self._trigger(trigger, f"when.{number}")
        if not self.scene.when:
            self._tell("info", "when", "no_trigger", "nothing triggers it: it runs by hand or by another scene only")
        self._conditions(self.scene.if_, "if")
        self._steps(self.scene.then, "then")
        if self.scene.max is not UNSET and self.scene.mode in ("single", "restart"):
            reason = f"in the mode {self.scene.mode} there is one run at a time: it changes nothing"
            self._warn("max", "no_effect", reason, "the mode queued or parallel")

    # parts

    def _trigger(self, trigger: Trigger, path: str) -> None:
        kind, body = kind_of(trigger)
        here = f"{path}.{kind}"
        things = self._things(body, here) if isinstance(body, Selector) else []
        if kind == "change":
            self._matching(body, things, here, begins=True)
        elif kind == "event":
            self._event(body, things, here)
        elif kind == "travel":
            self._travel(body.arrives or body.leaves, things, f"{here}.{'arrives' if body.arrives else 'leaves'}")
        elif kind == "silence" and body.property is not None:
            self._property(things, body.property, body, here)
        elif kind == "window":
            self._window(body, things, here)
        elif kind == "mode":
            self._place(body.place, f"{here}.place")
        elif kind == "scene":
            self._scene(body.id, f"{here}.id")

    def _conditions(self, conditions: Sequence[Condition], path: str) -> None:
        for number, condition in enumerate(conditions):
            self._condition(condition, f"{path}.{number}")

    def _condition(self, condition: Condition, path: str) -> None:
        kind, body = kind_of(condition)
        here = f"{path}.{kind}"
        things = self._things(body, here) if isinstance(body, Selector) else []
        if kind in ("all", "any"):
            self._conditions(body, here)
        elif kind == "not":
            self._condition(body, here)
        elif kind == "state":
            self._matching(body, things, here)
        elif kind == "window":
            self._window(body, things, here)
        elif kind == "whereabouts":
            self._travel(body.at, things, f"{here}.at")
        elif kind == "mode":
            self._place(body.place, f"{here}.place")
        elif kind == "cel":
            self._expression(body, here, None)

    def _steps(self, actions: Sequence[Action], path: str) -> None:
        for number, action in enumerate(actions):
            kind, body = kind_of(action)
            here = f"{path}.{number}.{kind}"
            if isinstance(body, SetStep):
                self._set(body, self._things(body, here), here)
            elif isinstance(body, Call):
                self._call(body, self._things(body, here), here)
            elif isinstance(body, Snapshot):
                self._things(body, here)
                self._snapshots.add(body.name)
            elif kind == "restore" and body.name not in self._snapshots:
                expected = near(body.name, self._snapshots, "the name of a snapshot taken before it")
                self._error(f"{here}.name", "unknown_snapshot", f"there is no snapshot {body.name!r} yet", expected)
            else:
                self._other_step(kind, body, here)

    def _other_step(self, kind: str, body: Any, path: str) -> None:
        if kind == "notify":
            self._notify(body, path)
        elif kind == "wait":
            self._conditions(body.until, f"{path}.until")
        elif kind == "choose":
            for number, branch in enumerate(body.branches):
                self._conditions(branch.if_, f"{path}.branches.{number}.if")
                self._steps(branch.then, f"{path}.branches.{number}.then")
            self._steps(body.otherwise, f"{path}.otherwise")
        elif kind == "repeat":
            self._conditions(body.while_, f"{path}.while")
            self._conditions(body.until, f"{path}.until")
            self._steps(body.then, f"{path}.then")
        elif kind == "scene":
            self._scene(body.id, f"{path}.id")
        elif kind == "mode":
            self._place(body.place, f"{path}.place")
        elif kind == "http" and host_of(body.url) is None:
            expected = "an address such as https://hooks.example.org/garage"
            self._error(f"{path}.url", "bad_value", "it names no host that could be called", expected)

    # steps

    def _set(self, body: SetStep, things: Sequence[Twin], path: str) -> None:
        for name, value in body.state.items():
            here = f"{path}.state.{name}"
            asked: set[int] = set()
            able = False
            for twin in things:
                if id(twin.shape) in asked:
                    continue
                asked.add(id(twin.shape))
                able |= self._set_one(twin, name, value, here, named=twin.id in body.things)
            if things and not able and not any(finding.path.startswith(here) for finding in self.findings):
                self._warn(here, "unknown_property", f"none of the things takes {name!r}")

    def _set_one(self, twin: Twin, name: str, value: Any, path: str, *, named: bool) -> bool:
        """Whether this thing takes the property at all; what was named must, what was selected may not."""
        try:
            _key, declared = twin.shape.find(name)
        except CallerError as error:
            if named:
                expected = error.expected or f"a property of {twin.id}"
                self._error(path, error.code, f"{twin.id}: {error.detail}", expected)
            return False
        if not declared.writable:
            if named:
                can = [key for key, each in twin.shape.model.properties.items() if each.writable]
                self._error(path, "not_writable", f"{twin.id}.{name} cannot be set", near(name, can, _some(can)))
            return False
        self._wanted(declared, value, path)
        return True

    def _wanted(self, declared: Property, value: Any, path: str) -> None:
        kind = computed(value)
        if kind == "add":
            if declared.schema.kind not in NUMERIC:
                self._error(f"{path}.add", "bad_value", "it is no number", describe(declared.schema))
        elif kind == "toggle":
            if declared.schema.kind != "bool":
                self._error(f"{path}.toggle", "bad_value", "it is no switch", describe(declared.schema))
        elif kind == "cel":
            try:
                cel = msgspec.convert(value["cel"], Cel)
            except msgspec.ValidationError:
                return  # compiling says what is wrong
            self._expression(cel, f"{path}.cel", declared.schema)
        else:
            self._value(declared, value, path, writing=True)

    def _call(self, body: Call, things: Sequence[Twin], path: str) -> None:
        seen: set[int] = set()
        for twin in things:
            if id(twin.shape) in seen:
                continue
            seen.add(id(twin.shape))
            plain = {name: value for name, value in body.input.items() if not computed(value)}
            try:
                twin.shape.call(body.action, plain)
            except CallerError as error:
                missing = (error.field or "").removeprefix("input.")
                if error.code == "unknown_action" and twin.id in body.things:
                    self._error(f"{path}.action", error.code, f"{twin.id}: {error.detail}", error.expected)
                elif error.code == "bad_value" and missing not in body.input.keys() - plain.keys():
                    self._error(f"{path}.{error.field}", error.code, error.detail, error.expected)

    def _notify(self, body: Notify, path: str) -> None:
        people = self._people
        for number, person in enumerate(body.to):
            if people is not None and person not in people:
                expected = near(person, people, "somebody who can be told")
                self._error(f"{path}.to.{number}", "unknown_person", f"there is nobody called {person!r}", expected)
        for field in ("title", "text"):
            for thing, property in _PLACEHOLDER.findall(getattr(body, field)):
                self._placeholder(thing, property, f"{path}.{field}")

    def _placeholder(self, thing: str, property: str, path: str) -> None:
        twin = self._world.things.get(thing)
        if twin is None:
            expected = near(thing, self._world.things, "the id of a thing")
            self._warn(path, "unknown_thing", f"{{{thing}.{property}}} stays as it is: there is no {thing!r}", expected)
            return
        try:
            twin.shape.find(property)
        except CallerError as error:
            self._warn(path, error.code, f"{{{thing}.{property}}} stays as it is: {error.detail}", error.expected)

    def _expression(self, cel: Cel, path: str, result: Schema | None) -> None:
        """Names, and then types: it is evaluated with values that could be. ``result``: what it must give; None: true
        or false."""
        before = len(self.findings)
        schemas: dict[str, Schema] = {}
        for name, given in cel.given.items():
            here = f"{path}.given.{name}"
            twin = self._world.things.get(given.thing)
            if twin is None:
                self._unknown_thing(given.thing, f"{here}.thing")
                continue
            for _twin, _key, declared in self._property([twin], given.property, None, here):
                schemas[name] = declared.schema
        if len(self.findings) == before:
            reason = try_expression(cel, schemas, result)
            if reason is not None:
                self._error(f"{path}.expression", "bad_expression", *reason)


def _some(keys: Sequence[str]) -> str:
    return f"one of {', '.join(keys[:8])}" if keys else "a thing that can be set"
