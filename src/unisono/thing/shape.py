"""A model compiled for the fold: device payloads are decoded and checked in one call, values are known by number.

Knows how a model's schemas become one msgspec type, so that the common report (an object of sound values) costs one
decode; whatever that type refuses is looked at again slowly, property by property, to say what was wrong. Knows nothing
of twins or storage.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta
from msgspec.structs import astuple

from unisono.errors import CallerError, UnisonoError
from unisono.thing.color import alike, read_color
from unisono.thing.document import load_model
from unisono.thing.model import Model, Property, find_action, find_property
from unisono.thing.schema import Schema, show
from unisono.thing.value import check_input, check_value, same

__all__ = ["NAN", "TOO_DEEP", "Examined", "Shape", "compile_model", "portable"]

#: The absent number: JSON cannot carry it, numpy can, and ``NAN in values`` finds it by identity.
NAN = math.nan

#: Numbers that a float64 holds exactly; beyond them msgspec's bounds do not reach either, so a check does it.
EXACT = 2**53

#: Milliseconds since 1970 beyond this are microseconds sent by mistake (the year 5138).
MAX_AT_MS = 100_000_000_000_000

#: The year 2000: a device that says it is earlier has a clock that was never set (or sent seconds for milliseconds).
EARLIEST_US = 946_684_800_000_000

TOO_DEEP = "the JSON is nested too deeply"
#: Levels of nesting looked at. A value has at most 16; far below what exhausts the stack, because how much of that is
#: left differs from one replay to the next.
MAX_LEVELS = 64

#: Of one report so many faults are told; a report of ten thousand unknown members is not worth ten thousand letters.
MAX_PROBLEMS = 10

#: Similar names are looked for among so many properties: it takes 40 us each, on the fold's time.
MAX_HINTED = 64
MAX_NAME = 256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
        "_names",
        "_own_state",
        "_properties",
        "_switches",
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
        self._switches = {key for key, p in self._properties.items() if p.writable and p.schema.kind == "bool"}
        self._names = _names(model, self._properties)
        # such a model's {"state": {...}} is a value of its own, and its reports cannot be dated
        self._own_state = "state" in self.index and self._properties["state"].schema.kind in ("object", "any")
        struct = _struct(self)
        self._decode = msgspec.json.Decoder(struct).decode

    def read(self, payloads: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """A tuple of values in the order of ``keys`` per payload, the ``absent`` one where a payload has none.

        Raises ``msgspec.DecodeError``, UnicodeDecodeError, RecursionError or UnisonoError as soon as one is unusual:
        then `examine` each.
        """
        decode = self._decode
        # most runs of many clients are of one message: without the iterators that takes two thirds
        one = len(payloads) == 1
        tuples = [astuple(decode(payloads[0]))] if one else list(map(astuple, map(decode, payloads)))
        for i in self._checked:
            key = self.keys[i]
            schema = self._properties[key].schema
            for n, values in enumerate(tuples):
                value = values[i]
                if value is not UNSET:
                    kept = _kept(schema, check_value(schema, value, key))
                    if kept is not value:
                        tuples[n] = (*values[:i], kept, *values[i + 1 :])
        return tuples

    def examine(self, payload: bytes) -> Examined:
        """Look at a report slowly: dated ones, traits as keys, and good values beside bad ones.

        Raises ``msgspec.DecodeError`` for what is not JSON, CallerError for what is not an object.
        """
        document = _decoded(payload)
        if not isinstance(document, dict):
            raise CallerError("a report is an object", code="bad_value", expected='{"<property>": <value>, ...}')
        at: int | None = None
        problems: list[UnisonoError] = []
        state = document
        if isinstance(document.get("state"), dict) and document.keys() <= {"at", "state"} and not self._own_state:
            state = document["state"]
            if "at" in document:
                at = self._at(document["at"], problems)
        given: dict[str, Any] = {}
        untold = 0
        for name, value in state.items():
            key = self._names.get(name)
            if key is None:
                if len(problems) < MAX_PROBLEMS:
                    problems.append(self._unknown(name, hint=not problems))
                else:
                    untold += 1
                continue
            schema = self._properties[key].schema
            try:
                given[key] = _kept(schema, check_value(schema, value, name))
            except UnisonoError as problem:
                problems.append(problem)
        if untold:
            problems.append(CallerError(f"and {untold} more unknown properties", code="unknown_property"))
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

    def _unknown(self, name: str, *, hint: bool) -> UnisonoError:
        """What is wrong with a name, with similar names where looking for them is cheap."""
        if hint and self.width <= MAX_HINTED and len(name) <= MAX_NAME:
            try:
                self.find(name)
            except UnisonoError as problem:
                return problem
        detail = f"{self.model.id} has no property {show(name)}"
        return CallerError(detail, code="unknown_property", field=name[:MAX_NAME])

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
        fields = _decoded(payload or b"{}")
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
        """Values to be set, by address and checked; the same dict where there is nothing to change. Raises CallerError
        (unknown_property, not_writable, bad_value)."""
        switches = self._switches
        for name, value in values.items():
            if type(value) is not bool or name not in switches:
                break
        else:
            return values  # the commonest: to be turned on or off
        checked: dict[str, Any] = {}
        for name, value in values.items():
            property = self._properties.get(name)
            key = name
            if property is None:
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
        if schema.format == "color" and type(wanted) is type(reported) is str:
            # "red" is #ff0000, and a lamp that speaks in hue and saturation says it as near as it can
            asked, said = read_color(wanted), read_color(reported)
            return wanted == reported or (asked is not None and said is not None and alike(asked, said))
        return same(wanted, reported, _tolerance(schema))

    def timeout_s(self, action: str | None, keys: tuple[str, ...] = ()) -> float:
        """How long a command may take: of the action, or the longest of the properties, else of the model."""
        if action is not None:
            own = self.model.actions[action].timeout_s if action in self.model.actions else None
            return self.model.timeout_s if own is None else own
        known = [self._properties[key] for key in keys if key in self._properties]
        own_s = [property.timeout_s for property in known if property.timeout_s is not None]
        return max(own_s) if own_s else self.model.timeout_s

    def settle_s(self, keys: tuple[str, ...]) -> float:
        """How long a value other than the wanted one must stand to be final; 0: only the time-out tells."""
        return max((self._properties[key].settle_s or 0.0 for key in keys if key in self._properties), default=0.0)

    def tells(self, keys: tuple[str, ...]) -> bool:
        """Whether the thing can say what any of them is; of what is only written nothing ever comes back."""
        found = [self._properties[key] for key in keys if key in self._properties]
        return any(each.readable or each.notifies for each in found)

    def repeatable(self, wanted: Mapping[str, Any], action: str | None) -> bool:
        """Whether asking twice is as good as once. "The next track" is not, though it is a value that is set."""
        if action is not None:
            found = self.model.actions.get(action)
            return found is not None and (found.idempotent or found.safe)
        return not any(
            choice.becomes is not UNSET and same(choice.value, value)
            for key, value in wanted.items()
            if key in self._properties
            for choice in self._properties[key].schema.choices
        )

    def shown(self, key: str, number: float) -> Any:
        """A number out of history as the property's own type."""
        kind = self._properties[key].schema.kind if key in self._properties else "float"
        if kind == "bool":
            return bool(number)
        if kind in ("int", "bitmap", "enum") and number.is_integer():
            return int(number)
        return number


def compile_model(model: Model | bytes) -> Shape:
    """The shape of a model, or of its JSON. Raises CallerError (bad_model, bad_json, too_large)."""
    read = model if isinstance(model, Model) else load_model(model)
    try:
        return Shape(read)
    except (TypeError, ValueError, ArithmeticError) as error:
        # an unsound model that no door has checked: bounds that are no numbers, negative lengths
        raise CallerError(f"{read.id} cannot be compiled: {error}", code="bad_model") from error


def _names(model: Model, properties: Mapping[str, Property]) -> dict[str, str]:
    """Property by every name that a report may use: its address, or a trait that no other property bears."""
    bearers = Counter(property.trait for property in model.properties.values())
    names = {p.trait: key for key, p in properties.items() if p.trait is not None and bearers[p.trait] == 1}
    names = {name: key for name, key in names.items() if name not in model.properties}
    return names | {key: key for key in properties}


def _decoded(payload: bytes) -> Any:
    """JSON, refused by its depth long before the stack would refuse it."""
    document = msgspec.json.decode(payload)
    level = [document]
    for _ in range(MAX_LEVELS):
        level = [
            each
            for item in level
            if isinstance(item, dict | list)
            for each in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return document
    raise CallerError(TOO_DEEP, code="bad_json")


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
        if any(bound is not None and (isinstance(bound, Decimal) or abs(bound) > EXACT) for bound in (low, high)):
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
    return Annotated[str, Meta(**limits)] if limits else str


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
    """A checked value as every path gives it and as bus and checkpoint can carry it.

    A float property holds floats; an enum its own values (a device's 1.0 is the choice 1); whole numbers beyond 64 bits
    become floats, which is what history has of them anyway.
    """
    if type(value) is int and schema.kind in ("float", "duration") and not schema.choices:
        return float(value)
    if type(value) is float and schema.kind == "enum":
        return next((choice.value for choice in schema.choices if same(choice.value, value)), value)
    return portable(value)


def portable(value: Any) -> Any:
    """A JSON value as msgpack can carry it: whole numbers of more than 64 bits as floats."""
    if type(value) is int:
        return value if -(2**63) <= value < 2**64 else float(value)
    if type(value) is list:
        return [portable(item) for item in value]
    if type(value) is dict:
        return {key: portable(item) for key, item in value.items()}
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
        at = ((read if read.tzinfo else read.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    elif value <= MAX_AT_MS:
        at = round(value * 1000)
    else:
        raise ValueError("beyond the range of milliseconds")
    if at < EARLIEST_US:
        raise ValueError("a clock that was never set")
    return at
