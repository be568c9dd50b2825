"""What a computed thing computes, as people write it: an object whose ``kind`` says which of these it is.

Knows shapes, bounds and where in a document something is wrong. Knows no things: whether they exist and fit is
`unisono.scene.computed.soundness`. ``property`` is what is read, ``into`` the own property that holds the result; where
it bears the name of a trait it has that trait's meaning and unit. Fields ending in ``_s`` are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Meta

from unisono.errors import CallerError
from unisono.scene.document import LONGEST_S, Expression, Given, Id, Number, Part, Seconds, Selector
from unisono.thing.explain import explained

__all__ = [
    "Counter",
    "Definition",
    "Derivative",
    "Group",
    "Input",
    "Integral",
    "Meter",
    "Rule",
    "Source",
    "Statistics",
    "Tariff",
    "Template",
    "Threshold",
    "Timer",
    "Tracker",
    "Use",
    "dump_computed",
    "load_computed",
    "uses",
]

MAX_BYTES = 64 * 1024
#: More members than this are a fleet, not a group.
MAX_MEMBERS = 10_000
#: A person has a handful of devices.
MAX_SOURCES = 16
MAX_TARIFFS = 8

Key: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,40}$")]
Address: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Unit: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32)]
Span: TypeAlias = Annotated[float, Meta(gt=0, le=LONGEST_S)]
#: A sixtieth of a window is a step of the clock: below half a second they would be all that a hub does.
Over: TypeAlias = Annotated[float, Meta(ge=30, le=LONGEST_S)]


class Group(Part, kw_only=True, tag_field="kind", tag="group"):
    """One value of many things. ``is``: what counts as true for ``any`` and ``all`` where values are no switches.

    Where its members can be set, it can be set and asks them all. Things picked by place or kind are devices; a
    computed thing is a member only when it is named.
    """

    of: Selector
    property: Address
    how: Literal["any", "all", "min", "max", "mean", "sum", "median"]
    is_: Any = msgspec.field(name="is", default=UNSET)
    into: Key | None = None
    unit: Unit | None = None
    writable: bool | None = None


class Template(Part, kw_only=True, tag_field="kind", tag="template"):
    """The result of an expression of the Common Expression Language; none while a given value is not known."""

    cel: Expression
    given: Annotated[dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")], Given], Meta(min_length=1)]
    type: Literal["number", "boolean", "text"] = "number"
    into: Key | None = None
    unit: Unit | None = None


class Counter(Part, kw_only=True, tag_field="kind", tag="counter"):
    """How often something happened: an event, a property's change, or its change to ``is``."""

    thing: Id
    property: Address | None = None
    event: Address | None = None
    is_: Any = msgspec.field(name="is", default=UNSET)
    into: Key | None = None
    step: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 1


class Timer(Part, kw_only=True, tag_field="kind", tag="timer"):
    """Runs down once it is started, may be paused and cancelled, and tells the event ``finished``."""

    duration_s: Annotated[float, Meta(ge=1, le=LONGEST_S)]


class Threshold(Part, kw_only=True, tag_field="kind", tag="threshold"):
    """Whether a value is beyond bounds: from then on until it is back within them by ``hysteresis``."""

    thing: Id
    property: Address
    above: Number | None = None
    below: Number | None = None
    hysteresis: Annotated[float, Meta(ge=0)] = 0.0
    for_s: Seconds = 0.0
    into: Key | None = None


class Integral(Part, kw_only=True, tag_field="kind", tag="integral"):
    """A value over time: power to energy, flow to volume. ``left`` holds a value until the next, ``trapezoid`` joins
    the two. Silence longer than ``max_gap_s`` does not count; how much there was is told."""

    thing: Id
    property: Address
    method: Literal["left", "trapezoid"] = "left"
    unit: Unit | None = None
    into: Key | None = None
    max_gap_s: Span = 3600.0
    every_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0


class Derivative(Part, kw_only=True, tag_field="kind", tag="derivative"):
    """How fast a value changes, between the oldest and the newest of the last ``over_s`` seconds."""

    thing: Id
    property: Address
    over_s: Over = 300.0
    per: Literal["s", "min", "h", "d"] = "h"
    into: Key | None = None


class Statistics(Part, kw_only=True, tag_field="kind", tag="statistics"):
    """A figure over the last ``over_s`` seconds of a value, kept in sixty steps."""

    thing: Id
    property: Address
    how: Literal["mean", "min", "max", "sum", "count"]
    over_s: Over
    into: Key | None = None


class Rule(Part, kw_only=True):
    """From this time of day on, on these days, a tariff counts."""

    at: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    tariff: Word
    every: str = "day"


class Tariff(Part, kw_only=True):
    """Which tariff counts: by a schedule, or by what a thing's property says. Neither: people choose."""

    names: Annotated[tuple[Key, ...], Meta(min_length=2, max_length=MAX_TARIFFS)]
    schedule: tuple[Rule, ...] = ()
    input: Given | None = None


class Meter(Part, kw_only=True, tag_field="kind", tag="meter"):
    """What a rising total gained in this hour, day, week, month or year, by tariff, and in the one before. A month
    or year begins on ``day`` (and in ``month``), as bills do. A total that falls was reset and counts from nothing.
    """

    thing: Id
    property: Address
    cycle: Literal["hour", "day", "week", "month", "year"]
    day: Annotated[int, Meta(ge=1, le=28)] = 1
    month: Annotated[int, Meta(ge=1, le=12)] = 1
    tariff: Tariff | None = None
    into: Key | None = None


class Source(Part, kw_only=True):
    """Something that knows where a person is. By ``location`` or a switch (``property``), or by being connected.

    It is believed for ``max_age_s`` after it last said anything. ``false``: what a switch that is off means.
    """

    thing: Id
    property: Address | None = None
    at: Id | None = None
    max_age_s: Span | None = None
    false_: Literal["away", "unknown"] = msgspec.field(name="false", default="away")


class Tracker(Part, kw_only=True, tag_field="kind", tag="tracker"):
    """A person from phone, car and router: the first source that is fresh is believed. ``home`` and ``places`` are
    where it can be; their positions count within ``within_m`` metres."""

    sources: Annotated[tuple[Source, ...], Meta(min_length=1, max_length=MAX_SOURCES)]
    home: Id
    places: tuple[Id, ...] = ()
    within_m: Annotated[float, Meta(gt=0, le=1_000_000)] = 150.0


class Input(Part, kw_only=True, tag_field="kind", tag="input"):
    """A value that people set, or a button that they press."""

    type: Literal["number", "boolean", "text", "choice", "datetime", "button"]
    into: Key | None = None
    initial: Any = UNSET
    min: Number | None = None
    max: Number | None = None
    step: Annotated[float, Meta(gt=0)] | None = None
    unit: Unit | None = None
    options: Annotated[tuple[Word, ...], Meta(max_length=200)] = ()
    max_length: Annotated[int, Meta(ge=1, le=4000)] | None = None


Definition: TypeAlias = (
    Group | Template | Counter | Timer | Threshold | Integral | Derivative | Statistics | Meter | Tracker | Input
)

KINDS = ("group", "template", "counter", "timer", "threshold", "integral", "derivative", "statistics", "meter",
         "tracker", "input")  # fmt: skip


class Use(NamedTuple):
    """A thing that a definition names. ``path``: where; ``property`` None: its event, or whether it is there."""

    path: str
    thing: str
    property: str | None = None
    event: str | None = None


_decoder = msgspec.json.Decoder()


def load_computed(document: bytes | Mapping[str, Any]) -> Definition:
    """The definition that a JSON document or a plain mapping says; types and bounds are checked.

    Raises CallerError ``too_large``, ``bad_json`` or ``bad_computed`` with ``field`` as the path in it.
    """
    if isinstance(document, bytes):
        if len(document) > MAX_BYTES:
            raise CallerError(f"{len(document)} bytes", code="too_large", expected=f"at most {MAX_BYTES}")
        try:
            document = _decoder.decode(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CallerError(str(error), code="bad_json", expected="a JSON object") from None
    if not isinstance(document, Mapping) or document.get("kind") not in KINDS:
        raise bad("kind", "it is missing or unknown", f"one of {', '.join(KINDS)}")
    try:
        definition: Definition = msgspec.convert(document, Definition)
    except msgspec.ValidationError as error:
        raise explained(str(error), Definition, "bad_computed", document) from None
    _check(definition)
    return definition


def dump_computed(definition: Definition) -> bytes:
    """The JSON that `load_computed` reads."""
    return msgspec.json.encode(definition)


def bad(field: str, detail: str, expected: str | None = None) -> CallerError:
    """What is wrong with a field, and what would be right."""
    return CallerError(detail, code="bad_computed", field=field or None, expected=expected)


def uses(definition: Definition) -> Iterator[Use]:
    """The things that a definition names, where, and what of them."""
    match definition:
        case Group():
            for number, thing in enumerate(definition.of.things):
                yield Use(f"of.things.{number}", thing, definition.property)
        case Template():
            for name, given in definition.given.items():
                yield Use(f"given.{name}", given.thing, given.property)
        case Counter():
            yield Use("thing", definition.thing, definition.property, definition.event)
        case Threshold() | Integral() | Derivative() | Statistics():
            yield Use("thing", definition.thing, definition.property)
        case Meter():
            yield Use("thing", definition.thing, definition.property)
            if definition.tariff is not None and definition.tariff.input is not None:
                given = definition.tariff.input
                yield Use("tariff.input", given.thing, given.property)
        case Tracker():
            for number, source in enumerate(definition.sources):
                yield Use(f"sources.{number}", source.thing, source.property)
        case _:
            return


def _check(definition: Definition) -> None:
    """What types cannot say."""
    check = _CHECKS.get(type(definition))
    if check is not None:
        check(definition)


def _check_template(template: Template) -> None:
    from unisono.scene.watching.expression import compile_expression

    try:
        compile_expression(template.cel, template.given)
    except CallerError as error:
        raise bad("cel", error.detail, error.expected) from None


def _check_counter(counter: Counter) -> None:
    if (counter.property is None) == (counter.event is None):
        raise bad("property", "what is counted?", 'either "property" or "event"')
    if counter.event is not None and counter.is_ is not UNSET:
        raise bad("is", "an event has no value", 'it goes with "property"')


def _check_threshold(threshold: Threshold) -> None:
    above, below = threshold.above, threshold.below
    if above is None and below is None:
        raise bad("above", "it has no bound", '"above", "below" or both')
    if above is not None and below is not None and above >= below:
        raise bad("below", "nothing lies between", f"more than {above}")


def _check_group(group: Group) -> None:
    of = group.of
    if not of.things and of.place is None and of.kind is None:
        raise bad("of", "it has no members", '"things", "place" or "kind"')
    if len(of.things) > MAX_MEMBERS:
        raise bad("of.things", f"{len(of.things)} members", f"at most {MAX_MEMBERS}")
    if len(set(of.things)) < len(of.things):
        raise bad("of.things", "a thing is named twice", "each once")
    if group.is_ is not UNSET and group.how not in ("any", "all"):
        raise bad("is", f"it does not go with {group.how}", 'how: "any" or "all"')


def _check_meter(meter: Meter) -> None:
    if meter.tariff is not None:
        _check_tariff(meter.tariff)


def _check_tariff(tariff: Tariff) -> None:
    from unisono.scene.schedule import read_weekdays

    if len(set(tariff.names)) < len(tariff.names):
        raise bad("tariff.names", "a tariff is named twice", "each once")
    if tariff.schedule and tariff.input is not None:
        raise bad("tariff.input", "a schedule decides already", 'either "schedule" or "input"')
    for number, rule in enumerate(tariff.schedule):
        if rule.tariff not in tariff.names:
            expected = f"one of {', '.join(tariff.names)}"
            raise bad(f"tariff.schedule.{number}.tariff", f"there is no tariff {rule.tariff!r}", expected)
        try:
            read_weekdays(rule.every)
        except CallerError as error:
            raise bad(f"tariff.schedule.{number}.every", error.detail, error.expected) from None


#: Which fields of an input go with which type.
_FITTING = {
    "min": ("number",),
    "max": ("number",),
    "step": ("number",),
    "unit": ("number",),
    "options": ("choice",),
    "max_length": ("text",),
}


def _check_input(given: Input) -> None:
    for name, types in _FITTING.items():
        if getattr(given, name) not in (None, ()) and given.type not in types:
            raise bad(name, f"a {given.type} has none", f"type: {types[0]}")
    if given.type == "choice" and len(set(given.options)) < 2:
        raise bad("options", "there is nothing to choose from", "two or more, each once")
    if given.min is not None and given.max is not None and given.min > given.max:
        raise bad("max", "it is less than min", f"at least {given.min}")
    if given.type == "button" and (given.initial is not UNSET or given.into is not None):
        raise bad("initial" if given.initial is not UNSET else "into", "a button has no value", "nothing")


_CHECKS: dict[type, Callable[[Any], None]] = {
    Group: _check_group,
    Template: _check_template,
    Counter: _check_counter,
    Threshold: _check_threshold,
    Meter: _check_meter,
    Input: _check_input,
}
