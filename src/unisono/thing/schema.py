"""What a value may be: `Schema` and its parts, and the words in which a reader is told.

Knows kinds, ranges, choices and how to describe them. Does not check values (`unisono.thing.value` does) and knows
nothing of properties, devices, wires or storage.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

__all__ = ["NUMERIC", "Choice", "Field", "Kind", "Number", "Schema", "Texts", "describe", "show"]

Kind: TypeAlias = Literal[
    "bool",
    "int",
    "float",
    "decimal",
    "string",
    "bytes",
    "enum",
    "bitmap",
    "datetime",
    "duration",
    "object",
    "array",
    "any",
]

# Ints stay ints, so a bound such as 18446744073709551615 is exact; a decimal travels as JSON text ("0.10").
Number: TypeAlias = int | float | Decimal

# Text by BCP 47 language tag: {"en": "Brightness", "zh": "亮度"}.
Texts: TypeAlias = dict[str, str]

NUMERIC: frozenset[str] = frozenset({"int", "float", "decimal", "duration"})

SHOWN_CHOICES = 12  # more than that is a wall of text in an error message
SHOWN_CHARACTERS = 60  # of an offending value: enough to recognise it, too little to flood a log


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One named value of an enum or of a number (``auto`` beside 0-100), or one bit of a bitmap (``value``: its index).

    ``key`` is the maker's own name for it. ``becomes`` is what is reported once it is done, where that is another value
    (``next`` becomes ``play``): whoever confirms a command must expect that one.
    """

    value: Any
    key: str | None = None
    titles: Texts = {}
    synonyms: dict[str, tuple[str, ...]] = {}
    becomes: Any | UnsetType = UNSET
    ext: dict[str, Any] = {}


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One member of an object. ``ref`` is the maker's own address of it (a Matter tag, a TSL identifier)."""

    key: str
    schema: Schema
    ref: str | None = None
    optional: bool = False
    titles: Texts = {}
    descriptions: Texts = {}
    unit: str | None = None
    raw_unit: str | None = None
    default: Any | UnsetType = UNSET
    ext: dict[str, Any] = {}


class Schema(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The declaration of a value. Which fields go with which kind is the table `unisono.thing.soundness.FITTING`.

    - ``min``, ``max``: either may be absent; int, float, decimal, duration (seconds).
    - ``step``: only values on it may be *written* (counted from ``min``, else from 0); reports off it are kept.
    - ``precision``: two values no farther apart than this are the same value.
    - ``len_min``, ``len_max``: characters of a string, bytes of bytes. ``pattern``: see `unisono.thing.pattern`.
    - ``choices``, ``open``: an open enum takes values beside its choices, of a type that occurs among them; an open
      object takes members beside its fields. On int, float, decimal and duration, choices are taken beside the range.
    - ``bits``, ``signed``: the width that the wire gives it; a bitmap's highest index plus one.
    - ``items``, ``count_min``, ``count_max``: array. ``fields``: object.
    - ``format``: a hint of meaning that no check depends on (``url``, ``uint8``; of ``color``, names and near ones are
      the same value).
    - ``constraint``: the maker's own wording of what cannot be said here, kept as it is.
    """

    kind: Kind
    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    precision: Number | None = None
    nullable: bool = False
    bits: int | None = None
    signed: bool | None = None
    len_min: int | None = None
    len_max: int | None = None
    pattern: str | None = None
    choices: tuple[Choice, ...] = ()
    open: bool = False
    items: Schema | None = None
    count_min: int | None = None
    count_max: int | None = None
    fields: tuple[Field, ...] = ()
    format: str | None = None
    constraint: str | None = None
    ext: dict[str, Any] = {}

    def check(self, value: Any, where: str = "value", *, writing: bool = False) -> Any:
        """`unisono.thing.value.check_value` of this schema."""
        from unisono.thing.value import check_value

        return check_value(self, value, where, writing=writing)


def show(value: Any) -> str:
    """A value as a reader sees it: JSON where it can be, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a Python {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def describe(schema: Schema) -> str:
    """What would be right, in words: ``a number from 0 to 100, or one of "auto"``."""
    text = _DESCRIPTIONS[schema.kind](schema)
    if schema.choices and schema.kind in NUMERIC:
        text += f", or one of {_choices(schema)}"
    return f"{text}, or null" if schema.nullable else text


def _choices(schema: Schema) -> str:
    shown = ", ".join(show(choice.value) for choice in schema.choices[:SHOWN_CHOICES])
    rest = len(schema.choices) - SHOWN_CHOICES
    return f"{shown} or {rest} others" if rest > 0 else shown


def _between(low: object, high: object, unit: str = "") -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}{unit}"
    if low is not None:
        return f" of at least {low}{unit}"
    return f" of at most {high}{unit}" if high is not None else ""


def _number(noun: str) -> Any:
    def text(schema: Schema) -> str:
        steps = f" in steps of {schema.step}" if schema.step is not None else ""
        return noun + _between(schema.min, schema.max) + steps

    return text


def _sized(noun: str, unit: str) -> Any:
    def text(schema: Schema) -> str:
        matching = f" that matches {schema.pattern}" if schema.pattern else ""
        return noun + _between(schema.len_min, schema.len_max, unit) + matching

    return text


def _enum(schema: Schema) -> str:
    return f"one of {_choices(schema)}" + (" or a similar value" if schema.open else "")


def _bitmap(schema: Schema) -> str:
    return f"a whole number with at most {schema.bits} bits" if schema.bits else "a whole number, not negative"


def _object(schema: Schema) -> str:
    named = ", ".join(field.key + ("?" if field.optional else "") for field in schema.fields)
    return f"an object with {named}" if named else "an object"


def _array(schema: Schema) -> str:
    of = f", each {describe(schema.items)}" if schema.items is not None else ""
    return "a list" + _between(schema.count_min, schema.count_max, " items") + of


_DESCRIPTIONS: dict[str, Any] = {
    "bool": lambda _: "true or false",
    "int": _number("a whole number"),
    "float": _number("a number"),
    "decimal": _number('a decimal number as text, such as "12.50",'),
    "duration": _number("a number of seconds"),
    "string": _sized("text", " characters"),
    "bytes": _sized("base64 text", " bytes"),
    "enum": _enum,
    "bitmap": _bitmap,
    "datetime": lambda _: 'a time with its zone, such as "2026-11-22T10:00:00Z"',
    "object": _object,
    "array": _array,
    "any": lambda _: "any JSON value",
}
