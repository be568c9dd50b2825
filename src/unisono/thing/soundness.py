"""Whether a whole model is sound: `check_model` looks at everything and tells everything, worst first.

Knows which declarations contradict themselves. An ``error`` makes a model unusable and is refused at the door; a
``warning`` is kept and shown, because real specifications are full of them (dangling references, odd units). Knows
nothing of where a model came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError, together
from unisono.thing.codec import Step, compile_codec
from unisono.thing.model import Action, Arg, Event, Model, Property, Service
from unisono.thing.pattern import compile_pattern
from unisono.thing.schema import NUMERIC, Kind, Schema, describe, show
from unisono.thing.trait import traits
from unisono.thing.units import find_unit
from unisono.thing.value import MAX_DEPTH, check_value, repeated

__all__ = ["FITTING", "Diagnostic", "Sound", "check_model", "require_sound"]

SEVERITIES = ("error", "warning", "info")
MAX_MEMBERS = 5000  # properties, actions and events; VSS 6 has 1,263 leaves, the largest Matter bridge some 3,000
MAX_CHOICES = 2000  # an enum of more is a table; the longest in real models has some 300
MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._:-]{0,190}")  # short enough for any database index, wide enough for URNs
MEMBER_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")  # no dot (addresses), no / + # (topics), no blanks
SERVICE_KEY = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,63}){0,9})?")

# Which fields of a schema mean something for which kinds; elsewhere they are a mistake.
FITTING: dict[str, frozenset[str]] = {
    "min": NUMERIC,
    "max": NUMERIC,
    "step": NUMERIC,
    "precision": NUMERIC,
    "bits": frozenset({"int", "float", "bitmap", "enum"}),
    "signed": frozenset({"int", "enum"}),
    "len_min": frozenset({"string", "bytes"}),
    "len_max": frozenset({"string", "bytes"}),
    "pattern": frozenset({"string"}),
    "choices": NUMERIC | {"bool", "enum", "bitmap", "string"},
    "open": frozenset({"enum", "object"}),
    "items": frozenset({"array"}),
    "count_min": frozenset({"array"}),
    "count_max": frozenset({"array"}),
    "fields": frozenset({"object"}),
}


_BLANKS = {field.name: field.default for field in msgspec.structs.fields(Schema)}
# For each kind what means nothing for it, in one look: the names, how to get all of them, and what they are if unsaid.
_UNFIT: dict[str, tuple[tuple[str, ...], Callable[[Schema], Any], tuple[Any, ...]]] = {
    kind: (names, attrgetter(*names), tuple(map(_BLANKS.__getitem__, names)))
    for kind in get_args(Kind)
    for names in [tuple(name for name, kinds in FITTING.items() if kind not in kinds)]
}


class Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding: ``path`` (``services.light.properties.on``) is where, ``rule`` a stable name, ``line`` in a file."""

    severity: Literal["error", "warning", "info"]
    path: str
    rule: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line is not None else ""
        return f"{line}{self.path}: {self.message}" if self.path else f"{line}{self.message}"


Findings: TypeAlias = Iterator[Diagnostic]
#: Properties that many models share and of which nothing is to be told, by their identity; kept from model to model.
Sound: TypeAlias = dict[int, Property]


def check_model(model: Model, sound: Sound | None = None) -> list[Diagnostic]:
    """Everything that is wrong or odd about a model, errors first, else in the order of the document. ``sound`` is of
    who checks many: what is in it is not looked at again."""
    found = _model(model, {} if sound is None else sound)
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def require_sound(model: Model) -> Model:
    """The model itself. Raises `CallerError` ``bad_model`` with its errors."""
    errors = [finding for finding in check_model(model) if finding.severity == "error"]
    if errors:
        raise together([CallerError(each.message, code="bad_model", field=each.path or None) for each in errors])
    return model


def _error(path: str, rule: str, message: str) -> Diagnostic:
    return Diagnostic("error", path, rule, message)


def _warning(path: str, rule: str, message: str) -> Diagnostic:
    return Diagnostic("warning", path, rule, message)


def _model(model: Model, sound: Sound) -> Findings:
    if not MODEL_ID.fullmatch(model.id):
        yield _error("id", "bad_id", f"{show(model.id)} is no model id: lower-case letters, digits and . _ : - only")
    yield from _timeout(model.timeout_s, "timeout_s")
    members = sum(len(service.properties) + len(service.actions) + len(service.events) for service in model.services)
    if members > MAX_MEMBERS:
        yield _error("services", "too_many", f"{members} members; a model has at most {MAX_MEMBERS}")
        return
    if not members and not model.abstract:
        yield _warning("services", "empty_model", "it has no property, action or event")
    yield from _twice((module.key for module in model.modules), "modules", "module")
    yield from _twice((service.key for service in model.services), "services", "service")
    modules = {module.key for module in model.modules}
    for service in model.services:
        yield from _service(model, service, modules, sound)
    yield from _addresses(model)


def _service(model: Model, service: Service, modules: set[str], sound: Sound) -> Findings:
    path = f"services.{service.key}" if service.key else "services"
    if not SERVICE_KEY.fullmatch(service.key):
        yield _error(
            path, "bad_key", f"{show(service.key)} is no service key: letters, digits, _ - and . between parts"
        )
    if service.module is not None and service.module not in modules:
        yield _warning(path, "dangling_module", f"there is no module {show(service.module)}")
    groups: tuple[tuple[str, tuple[Any, ...], Callable[[Model, Any, str], Findings]], ...] = (
        ("properties", service.properties, _property),
        ("actions", service.actions, _action),
        ("events", service.events, _event),
    )
    for name, members, check in groups:
        yield from _twice((member.key for member in members), f"{path}.{name}", "key")
        for member in members:
            if id(member) in sound:
                continue
            told = [
                *_member(member, f"{path}.{name}.{member.key}"),
                *check(model, member, f"{path}.{name}.{member.key}"),
            ]
            yield from told
            if not told and isinstance(member, Property):
                sound[id(member)] = member


def _member(member: Property | Action | Event, path: str) -> Findings:
    if not MEMBER_KEY.fullmatch(member.key):
        yield _error(path, "bad_key", f"{show(member.key)} is no key: letters, digits, _ and - only")
    if member.trait is not None and member.trait not in traits():
        yield _warning(path, "unknown_trait", f"there is no trait {show(member.trait)}")


def _addresses(model: Model) -> Findings:
    """Dots in service keys could let two members share an address although no key occurs twice."""
    for name in ("properties", "actions", "events"):
        declared = sum(len({member.key for member in getattr(service, name)}) for service in model.services)
        if len(getattr(model, name)) < declared:
            yield _error("services", "shared_address", f"two {name} have the same address")


def _twice(keys: Iterable[str], path: str, noun: str) -> Findings:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield _error(path, "duplicate_key", f"the {noun} {show(key)} occurs twice")
        seen.add(key)


def _timeout(timeout_s: float | None, path: str) -> Findings:
    if timeout_s is not None and not 0 < timeout_s <= 86400:
        yield _error(path, "bad_timeout", f"{timeout_s} s; a command takes more than 0 s and at most a day")


def _property(model: Model, member: Property, path: str) -> Findings:
    yield from _schema(member.schema, f"{path}.schema", 1)
    yield from _units(member.unit, member.raw_unit, member.schema, path)
    if member.timeout_s is not None or member.settle_s is not None:
        yield from _timeout(member.timeout_s, f"{path}.timeout_s")
        yield from _timeout(member.settle_s, f"{path}.settle_s")
    if member.default is not UNSET:
        yield from _default(member.schema, member.default, f"{path}.default")
    if member.codec:
        yield from _codec(member.codec, f"{path}.codec")
    for preset in member.presets:
        yield from _default(member.schema, preset.value, f"{path}.presets")
    if member.parameter_only and member.access:
        yield _error(path, "parameter_access", "a parameter-only property has no access")
    if not member.parameter_only and not member.access:
        yield _warning(path, "no_access", "it can be neither read nor written nor does it notify")
    if len(set(member.access)) < len(member.access):
        yield _error(path, "duplicate_access", "an access occurs twice")


def _action(model: Model, member: Action, path: str) -> Findings:
    yield from _timeout(member.timeout_s, f"{path}.timeout_s")
    yield from _args(model, member.inputs, f"{path}.inputs")
    yield from _args(model, member.outputs, f"{path}.outputs")


def _event(model: Model, member: Event, path: str) -> Findings:
    yield from _args(model, member.args, f"{path}.args")


def _args(model: Model, args: tuple[Arg, ...], path: str) -> Findings:
    yield from _twice((arg.key for arg in args), path, "argument")
    for arg in args:
        inner = f"{path}.{arg.key}"
        if (arg.schema is None) == (arg.property is None):
            yield _error(inner, "bad_argument", "an argument has either a schema or a property")
        if arg.property is not None and arg.property not in model.properties:
            yield _warning(inner, "dangling_property", f"there is no property {show(arg.property)}")
        if arg.schema is not None:
            yield from _schema(arg.schema, f"{inner}.schema", 1)
            yield from _units(arg.unit, arg.raw_unit, arg.schema, inner)
            yield from _default(arg.schema, arg.default, f"{inner}.default")
        if arg.codec:
            yield from _codec(arg.codec, f"{inner}.codec")


def _units(unit: str | None, raw_unit: str | None, schema: Schema, path: str) -> Findings:
    if unit is None:
        if raw_unit is not None and find_unit(raw_unit) is None:
            yield Diagnostic("info", path, "unknown_raw_unit", f"the unit {show(raw_unit)} is kept but not understood")
        return
    known = find_unit(unit)
    if known is None:
        yield _warning(path, "unknown_unit", f"the unit {show(unit)} is not in the table, so it is never converted")
    elif known.code != unit:
        yield _warning(path, "unit_spelling", f"{show(unit)} is written {show(known.code)} in UCUM")
    numbers = schema.items if schema.kind == "array" and schema.items is not None else schema
    if numbers.kind not in NUMERIC:
        yield _warning(path, "needless_unit", f"a {numbers.kind} has no unit")


def _default(schema: Schema, default: Any, path: str) -> Findings:
    if default is UNSET:
        return
    try:
        check_value(schema, default, path)
    except CallerError as error:
        yield _error(path, "bad_default", f"{error.detail}; expected {describe(schema)}")


def _codec(codec: tuple[Step, ...], path: str) -> Findings:
    try:
        compile_codec(codec)
    except CallerError as error:
        yield _error(path, "bad_codec", error.detail)


def _schema(schema: Schema, path: str, depth: int) -> Findings:
    if depth > MAX_DEPTH:
        yield _error(path, "too_deep", f"a schema is nested at most {MAX_DEPTH} levels deep")
        return
    names, get, blank = _UNFIT[schema.kind]
    if get(schema) != blank:
        for name in names:
            if getattr(schema, name) not in (None, (), False):
                yield _error(path, "misplaced", f"{name} means nothing for the kind {schema.kind}")
    if _SIZES(schema) != _NO_SIZES:
        yield from _ranges(schema, path)
    if schema.choices or schema.kind == "enum":
        yield from _choices(schema, path)
    if schema.pattern is not None:
        try:
            compile_pattern(schema.pattern)
        except CallerError as error:
            yield _warning(path, "pattern_not_enforced", error.detail)
    if schema.kind == "array" and schema.items is not None:
        yield from _schema(schema.items, f"{path}.items", depth + 1)
    if schema.fields:
        yield from _twice((field.key for field in schema.fields), path, "field")
    for field in schema.fields:
        yield from _schema(field.schema, f"{path}.{field.key}", depth + 1)
        yield from _units(field.unit, field.raw_unit, field.schema, f"{path}.{field.key}")
        yield from _default(field.schema, field.default, f"{path}.{field.key}.default")


_SIZES = attrgetter("min", "max", "len_min", "len_max", "count_min", "count_max", "step", "precision", "bits")
_NO_SIZES = (None,) * 9


def _ranges(schema: Schema, path: str) -> Findings:
    pairs = (("min", "max"), ("len_min", "len_max"), ("count_min", "count_max"))
    for low_name, high_name in pairs:
        low, high = getattr(schema, low_name), getattr(schema, high_name)
        if low is not None and high is not None and low > high:
            yield _error(path, "empty_range", f"no value lies between {low_name} {low} and {high_name} {high}")
        for name, bound in ((low_name, low), (high_name, high)):
            if bound is not None and name not in ("min", "max") and bound < 0:
                yield _error(path, "negative_size", f"{name} is negative")
    if schema.step is not None and schema.step <= 0:
        yield _error(path, "bad_step", f"a step of {schema.step} leads nowhere")
    if schema.precision is not None and schema.precision < 0:
        yield _error(path, "bad_precision", "a precision is not negative")
    if schema.bits is not None and not 1 <= schema.bits <= 256:
        yield _error(path, "bad_bits", f"{schema.bits} bits; a value has 1 to 256")


def _choices(schema: Schema, path: str) -> Findings:
    if schema.kind == "enum" and not schema.choices:
        yield _error(path, "no_choices", "an enum needs at least one choice")
    if len(schema.choices) > MAX_CHOICES:
        yield _error(path, "too_many", f"{len(schema.choices)} choices; at most {MAX_CHOICES}")
        return
    twice = repeated([choice.value for choice in schema.choices])
    for index, choice in enumerate(schema.choices):
        if index in twice:
            yield _warning(path, "duplicate_choice", f"the choice {show(choice.value)} occurs twice; the first counts")
        if schema.kind == "bitmap" and (type(choice.value) is not int or not 0 <= choice.value < (schema.bits or 256)):
            yield _error(path, "bad_bit", f"{show(choice.value)} is not the index of a bit")
