"""A model compiled for the fold: device payloads are decoded and checked in one call, values are known by number.

Knows how a model's schemas become one msgspec type, so that the common report (an object of sound values) costs one
decode; whatever that type refuses is looked at again slowly, property by property, to say what was wrong. Knows nothing
of twins or storage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta

from unisono.errors import CallerError, UnisonoError
from unisono.thing.document import load_model
from unisono.thing.model import Model, Property, find_action, find_property
from unisono.thing.schema import Schema
from unisono.thing.value import check_input, check_value, same

__all__ = ["NAN", "Examined", "Shape", "compile_model"]

#: The absent number: JSON cannot carry it, numpy can, and ``NAN in values`` finds it by identity.
NAN = math.nan

#: Numbers that a float64 holds exactly; beyond them msgspec's bounds do not reach either, so a check does it.
EXACT = 2**53

#: Milliseconds since 1970 beyond this are microseconds sent by mistake (the year 5138).
MAX_AT_MS = 100_000_000_000_000


class Examined(NamedTuple):
    """A payload looked at property by property.

    ``values``: as `Shape.read` gives them; ``given``: the sound ones by key; ``at``: the device's time in microseconds;
    ``problems``: what was wrong with the others.
    """

    values: tuple[Any, ...]
    given: dict[str, Any]
    at: int | None
    problems: list[UnisonoError]


class Shape:
    """One model version, ready to read reports.

    ``keys``: property addresses in order; ``absent``: what stands for each that a report has not; ``plain``: every
    value is a number or absent; ``full``: the bits of all properties; ``series_keys``: the names of the history series
    of a thing (properties, then ``event/<name>``).
    """

    __slots__ = (
        "_checked",
        "_decode",
        "_properties",
        "absent",
        "full",
        "index",
        "keys",
        "model",
        "numeric",
        "plain",
        "series_keys",
        "width",
    )

    def __init__(self, model: Model) -> None:
        self.model = model
        self._properties = {key: p for key, p in model.properties.items() if not p.parameter_only}
        self.keys = tuple(self._properties)
        self.index = {key: i for i, key in enumerate(self.keys)}
        self.width = len(self.keys)
        self.full = (1 << self.width) - 1
        self.series_keys = (*self.keys, *(f"event/{name}" for name in model.events))
        self.numeric = tuple(_numeric(p.schema) for p in self._properties.values())
        self.plain = all(self.numeric)
        self.absent = tuple(NAN if numeric else UNSET for numeric in self.numeric)
        self._checked = tuple(i for i, p in enumerate(self._properties.values()) if _type(p.schema) is Any)
        struct = _struct(self)
        self._decode = msgspec.json.Decoder(struct).decode

    def read(self, payloads: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """A tuple of values in the order of ``keys`` per payload, the ``absent`` one where a payload has none.

        Raises ``msgspec.DecodeError``, UnicodeDecodeError, RecursionError or UnisonoError as soon as one is unusual:
        then `examine` each.
        """
        tuples = list(map(msgspec.structs.astuple, map(self._decode, payloads)))
        for i in self._checked:
            key = self.keys[i]
            schema = self._properties[key].schema
            for values in tuples:
                if values[i] is not UNSET:
                    check_value(schema, values[i], key)
        return tuples

    def examine(self, payload: bytes) -> Examined:
        """Look at a report slowly: dated ones, traits as keys, and good values beside bad ones.

        Raises ``msgspec.DecodeError`` for what is not JSON, CallerError for what is not an object.
        """
        document = msgspec.json.decode(payload)
        if not isinstance(document, dict):
            raise CallerError("a report is an object", code="bad_value", expected='{"<property>": <value>, ...}')
        at: int | None = None
        problems: list[UnisonoError] = []
        state = document
        if isinstance(document.get("state"), dict) and document.keys() <= {"at", "state"}:
            state = document["state"]
            if "at" in document:
                at = self._at(document["at"], problems)
        given: dict[str, Any] = {}
        for name, value in state.items():
            try:
                key, property = self.find(name)
                given[key] = _kept(property.schema, check_value(property.schema, value, name))
            except UnisonoError as problem:
                problems.append(problem)
        values = list(self.absent)
        for key, value in given.items():
            values[self.index[key]] = value
        return Examined(tuple(values), given, at, problems)

    def find(self, name: str) -> tuple[str, Property]:
        """The property of that address, or the only one with that trait; raises CallerError ``unknown_property``."""
        key, property = find_property(self.model, name)
        if property.parameter_only:
            raise CallerError("it has no state of its own", code="unknown_property", field=name)
        return key, property

    def _at(self, value: Any, problems: list[UnisonoError]) -> int | None:
        try:
            return _read_at(value)
        except (ValueError, OverflowError):
            expected = 'milliseconds since 1970, or text such as "2026-11-22T10:00:00Z"'
            problems.append(
                CallerError("not a time; our own was used", code="bad_value", field="at", expected=expected)
            )
            return None

    def event(self, name: str, payload: bytes) -> tuple[int, str]:
        """(offset of its series, its fields as compact JSON). Raises CallerError, ``msgspec.DecodeError``."""
        event = self.model.events.get(name)
        if event is None:
            names = ", ".join(self.model.events) or "none"
            raise CallerError(
                "the model has no such event", code="unknown_event", field=name, expected=f"one of: {names}"
            )
        fields = msgspec.json.decode(payload or b"{}")
        if not isinstance(fields, dict):
            raise CallerError("an event's fields are an object", code="bad_value", field=name, expected="{...}")
        taken = check_input(self.model, event.args, fields, name)
        return self.series_keys.index(f"event/{name}"), msgspec.json.encode(taken).decode()

    def given(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The values that are there, by key."""
        return {key: v for key, v, none in zip(self.keys, values, self.absent, strict=True) if v is not none}

    def fits(self, i: int, value: Any) -> bool:
        """Whether a value (of another model version) is sound for property ``i``."""
        try:
            check_value(self._properties[self.keys[i]].schema, value)
        except CallerError:
            return False
        return True

    def wanted(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values to be set, by address and checked. Raises CallerError (unknown_property, not_writable, bad_value)."""
        checked: dict[str, Any] = {}
        for name, value in values.items():
            key, property = self.find(name)
            if not property.writable:
                raise CallerError("it cannot be written", code="not_writable", field=name)
            checked[key] = check_value(property.schema, value, name, writing=True)
        return checked

    def call(self, name: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """An action's address and its checked input. Raises CallerError (unknown_action, bad_value)."""
        key, action = find_action(self.model, name)
        return key, check_input(self.model, action.inputs, given)

    def matches(self, key: str, wanted: Any, reported: Any) -> bool:
        """Whether a reported value is the wanted one, within the property's precision."""
        schema = self._properties[key].schema
        for choice in schema.choices:
            if choice.becomes is not UNSET and same(choice.value, wanted):
                wanted = choice.becomes
        return same(wanted, reported, _tolerance(schema))

    def timeout_s(self, action: str | None, keys: tuple[str, ...] = ()) -> float:
        """How long a command may take: of the action, or the longest of the properties, else of the model."""
        if action is not None:
            own = self.model.actions[action].timeout_s if action in self.model.actions else None
            return self.model.timeout_s if own is None else own
        own_s = [p.timeout_s for key in keys if (p := self._properties[key]).timeout_s is not None]
        return max(own_s) if own_s else self.model.timeout_s

    def shown(self, key: str, number: float) -> Any:
        """A number out of history as the property's own type."""
        kind = self._properties[key].schema.kind if key in self._properties else "float"
        if kind == "bool":
            return bool(number)
        if kind in ("int", "bitmap", "enum") and number.is_integer():
            return int(number)
        return number


def compile_model(model: Model | bytes) -> Shape:
    """The shape of a model, or of its JSON."""
    return Shape(model if isinstance(model, Model) else load_model(model))


def _struct(shape: Shape) -> type[msgspec.Struct]:
    fields = []
    rename = {}
    for i, (key, property) in enumerate(shape._properties.items()):
        fields.append((f"p{i}", _type(property.schema), shape.absent[i]))
        rename[f"p{i}"] = key
    made: type[msgspec.Struct] = msgspec.defstruct(
        "Report", fields, rename=rename, forbid_unknown_fields=True, gc=False
    )
    return made


def _numeric(schema: Schema) -> bool:
    return (
        not schema.nullable
        and _type(schema) is not Any
        and schema.kind in ("bool", "int", "float", "enum", "bitmap", "duration")
        and (schema.kind != "enum" or all(isinstance(choice.value, int) for choice in schema.choices))
    )


def _type(schema: Schema) -> Any:
    """The msgspec type that takes exactly the sound values, or Any when only a check can tell."""
    make = _TYPES.get(schema.kind)
    found = make(schema) if make is not None else Any
    if found is Any or not schema.nullable:
        return found
    return found | None


def _bounded(base: type) -> Callable[[Schema], Any]:
    def make(schema: Schema) -> Any:
        if schema.choices:
            return Any
        low: Any = schema.min
        high: Any = schema.max
        if any(bound is not None and abs(bound) > EXACT for bound in (low, high)):
            return Any
        if base is int:
            # without bounds of its own a JSON number may have any length: keep it a number that history can hold
            low, high = -EXACT if low is None else math.ceil(low), EXACT if high is None else math.floor(high)
        limits: dict[str, Any] = {name: bound for name, bound in (("ge", low), ("le", high)) if bound is not None}
        return Annotated[base, Meta(**limits)] if limits else base

    return make


def _text(schema: Schema) -> Any:
    if schema.pattern is not None:
        return Any  # patterns are matched by our own bounded matcher
    limits: dict[str, Any] = {
        name: n for name, n in (("min_length", schema.len_min), ("max_length", schema.len_max)) if n is not None
    }
    return Annotated[str, Meta(**limits)] if limits else Any


def _closed(schema: Schema) -> Any:
    values = tuple(choice.value for choice in schema.choices)
    if schema.open or not values or len(set(map(repr, values))) != len(values):
        return Any
    if all(type(value) is str for value in values) or all(
        type(value) is int and abs(value) < EXACT for value in values
    ):
        return Literal[values]
    return Any


_TYPES: dict[str, Callable[[Schema], Any]] = {
    "bool": lambda schema: bool,
    "int": _bounded(int),
    "float": _bounded(float),
    "string": _text,
    "enum": _closed,
}


def _kept(schema: Schema, value: Any) -> Any:
    """A checked value as the quick path would give it: a float property holds floats."""
    if schema.kind == "float" and type(value) is int and not schema.choices and abs(value) <= EXACT:
        return float(value)
    return value


def _tolerance(schema: Schema) -> float:
    if schema.precision is not None:
        return float(schema.precision)
    if schema.step is not None and schema.kind == "float":
        return float(schema.step) / 2
    return 1e-9


def _read_at(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("neither a number nor text")
    if isinstance(value, str):
        read = datetime.fromisoformat(value)
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    if not 0 <= value <= MAX_AT_MS:
        raise ValueError("beyond the range of milliseconds")
    return int(value * 1000)
