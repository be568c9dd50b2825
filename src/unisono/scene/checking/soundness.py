"""Whether a scene can do what it says, asked before it is saved: everything that is wrong or odd about it.

Knows the things, places and other scenes as they are passed in, and looks at every part of a scene against them. What
can never happen inside the scene is found by `reach`, what it and other scenes do to each other by `conflict`. Changes
nothing and never raises for a scene that `load_scene` took.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.catalogue import Catalogue, computed
from unisono.scene.checking.conflict import conflicts
from unisono.scene.checking.extent import passes
from unisono.scene.checking.finding import Finding, near
from unisono.scene.checking.futile import futile
from unisono.scene.checking.permission import refused
from unisono.scene.checking.reach import unreachable
from unisono.scene.checking.trial import try_expression
from unisono.scene.document import (
    DEFAULT_MAX,
    Action,
    Call,
    Cel,
    Condition,
    Matching,
    Notify,
    Scene,
    Selector,
    Snapshot,
    Trigger,
    Window,
    kind_of,
)
from unisono.scene.document import Set as SetStep
from unisono.scene.running.compiled import Compiled
from unisono.scene.watching.gate import Gate
from unisono.scene.world import World, find_index
from unisono.thing import builtin_models, check_value, convert, find_event, find_unit
from unisono.thing.model import Arg, Property
from unisono.thing.schema import NUMERIC, Schema, describe
from unisono.twin.safety import Enforced
from unisono.twin.twin import Twin

__all__ = ["Facts", "Finding", "amiss", "check_scene", "require_sound"]

#: What stands before a unit in a text such as "21 °C".
_QUANTITY = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*(\S.*?)\s*")
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
    """Its findings, none of which is an error. Raises CallerError ``bad_scene`` with the first that is, and says how
    many more there are."""
    found = check_scene(scene, facts)
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        first = errors[0]
        more = f" (and {len(errors) - 1} more errors)" if len(errors) > 1 else ""
        raise CallerError(first.reason + more, code="bad_scene", field=first.path, expected=first.expected)
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


class Examination:
    """One scene, looked at part by part."""

    def __init__(
        self, scene: Scene, world: World, scenes: Collection[str], people: Collection[str] | None = None
    ) -> None:
        self.scene = scene
        self.findings: list[Finding] = []
        self._world = world
        self._scenes = scenes
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
        if self.scene.max != DEFAULT_MAX and self.scene.mode in ("single", "restart"):
            reason = f"in the mode {self.scene.mode} there is one run at a time: it changes nothing"
            self._warn("max", "no_effect", reason, "the mode queued or parallel")

    def _tell(self, severity: Any, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self.findings.append(Finding(severity, path, rule, reason, expected))

    def _error(self, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self._tell("error", path, rule, reason, expected)

    def _warn(self, path: str, rule: str, reason: str, expected: str | None = None) -> None:
        self._tell("warning", path, rule, reason, expected)

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

    # names

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

    # values

    def _matching(self, body: Matching, things: Sequence[Twin], path: str, *, begins: bool = False) -> None:
        """``begins``: a trigger, which fires when it begins to hold."""
        for _twin, _key, declared in self._property(things, body.property, body, path):
            if not self._tests(body, declared, path):
                continue
            passed = passes([body], declared.schema)
            what = f"{body.property} is {describe(declared.schema)}"
            if passed == "none":
                self._error(path, "never", f"it can never hold: {what}", "a test that some value passes")
            elif passed == "every" and begins and _asks(body):
                reason = f"it holds whatever the value, so that it never begins to: {what}"
                self._error(path, "always", reason, "a test that some value fails")
            elif passed == "every" and not begins and not body.for_s:
                self._warn(path, "always", f"it always holds: {what}", "a test that some value fails")

    def _tests(self, body: Matching, declared: Property, path: str) -> bool:
        """Whether each value that is compared with can be one of the property; what is wrong is told."""
        before = len(self.findings)
        for name, given in (("is", body.is_), ("is_not", body.is_not)):
            if isinstance(given, list):
                for number, value in enumerate(given):
                    self._value(declared, value, f"{path}.{name}.{number}")
            elif given is not UNSET:
                self._value(declared, given, f"{path}.{name}")
        was = getattr(body, "was", UNSET)
        if was is not UNSET:
            self._value(declared, was, f"{path}.was")
        for name in ("above", "below", "by"):
            if getattr(body, name, None) is not None and declared.schema.kind not in (*NUMERIC, "any"):
                reason = f"{body.property} is no number"
                self._error(f"{path}.{name}", "bad_value", reason, f'"is": {describe(declared.schema)}')
        return len(self.findings) == before

    def _value(self, declared: Property, value: Any, path: str, *, writing: bool = False) -> None:
        try:
            check_value(declared.schema, value, path, writing=writing)
        except CallerError as error:
            meant = _meant(declared, value)
            expected = f"{meant} ({declared.unit})" if meant is not None else error.expected
            if meant is None and declared.unit:
                expected = f"{expected} ({declared.unit})"
            self._error(error.field or path, "bad_value", error.detail, expected)

    def _window(self, body: Window, things: Sequence[Twin], path: str) -> None:
        for _twin, _key, declared in self._property(things, body.property, body, path):
            if declared.schema.kind not in (*NUMERIC, "bool", "any"):
                reason = f"{body.property} is no number, so that it has no {body.agg}"
                self._error(f"{path}.property", "bad_value", reason, "a property whose values are numbers")
                continue
            passed = passes(
                [Matching(property=body.property, above=body.above, below=body.below)], _figure(body, declared)
            )
            if passed == "none":
                reason = f"the {body.agg} of {body.property}, {describe(declared.schema)}, is never there"
                self._error(path, "never", reason, "bounds that it can come between")

    def _event(self, body: Any, things: Sequence[Twin], path: str) -> None:
        seen: set[int] = set()
        for twin in things:
            if id(twin.shape) in seen:
                continue
            seen.add(id(twin.shape))
            try:
                _key, event = find_event(twin.shape.model, body.event)
            except CallerError as error:
                if twin.id in body.things:
                    self._error(f"{path}.event", error.code, error.detail, error.expected)
                continue
            self._fields(twin, event.args, body.fields, f"{path}.fields")

    def _fields(self, twin: Twin, args: Sequence[Arg], given: Mapping[str, Any], path: str) -> None:
        known = {arg.key: arg for arg in args}
        for name, value in given.items():
            arg = known.get(name)
            if arg is None:
                expected = near(name, known, f"one of {', '.join(known)}" if known else "none: it has no fields")
                self._error(f"{path}.{name}", "unknown_field", f"there is no field {name!r}", expected)
            else:
                self._value(_declared(twin, arg), value, f"{path}.{name}")

    def _travel(self, place: str | None, things: Sequence[Twin], path: str) -> None:
        if place is None or not self._place(place, path):
            return
        where = self._world.where(place)
        for twin in things:
            located, present = (find_index(twin, trait) is not None for trait in ("location", "presence"))
            if not (located and where is not None) and not (present and twin.root == place):
                reason = f"nobody can tell whether {twin.id} is at {place}"
                need = f"{place} with latitude and longitude" if located else f"a location or presence of {twin.id}"
                self._warn(path, "never", reason, need)

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


def _asks(body: Matching) -> bool:
    return body.is_ is not UNSET or body.is_not is not UNSET or body.above is not None or body.below is not None


def _some(keys: Sequence[str]) -> str:
    return f"one of {', '.join(keys[:8])}" if keys else "a thing that can be set"


def _declared(twin: Twin, arg: Arg) -> Property:
    """An argument as a property would declare it."""
    schema = arg.schema
    if schema is None:
        of = twin.shape.model.properties.get(arg.property or "")
        schema = of.schema if of is not None else Schema(kind="any")
    return Property(key=arg.key, schema=schema, unit=arg.unit)


def _figure(body: Window, declared: Property) -> Schema | None:
    """What a figure over a window can be; None: any number."""
    if body.agg == "count":
        return Schema(kind="float", min=0)
    if body.agg in ("mean", "min", "max"):
        if declared.schema.kind == "bool":
            return Schema(kind="float", min=0, max=1)
        return msgspec.structs.replace(declared.schema, kind="float", nullable=False)
    return None


def _meant(declared: Property, value: Any) -> int | float | None:
    """The number somebody meant who wrote it with a unit: 21 for "21 °C", or for "69.8 °F"."""
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) and declared.unit else None
    if found is None or declared.schema.kind not in NUMERIC or find_unit(found[2]) is None:
        return None
    number = float(found[1])
    try:
        return round(convert(number, found[2], declared.unit or ""), 2)
    except CallerError:
        return None
