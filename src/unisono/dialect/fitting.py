"""A device's way of writing a value and the model's: 1 for true, "21.5" for a number, a choice by its name.

Knows schemas. What cannot be made to fit passes as it is: the fold says what is wrong with it, where everybody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unisono.errors import CallerError, UnisonoError
from unisono.thing import Property, Schema, same
from unisono.thing.codec import compile_codec
from unisono.thing.color import read_color

__all__ = ["color_of", "fit", "unfit", "value_of"]

TRUE = frozenset({"1", "true", "on", "yes", "open", "online"})
FALSE = frozenset({"0", "false", "off", "no", "closed", "offline"})
#: Digits of a number in a text; what is longer is no measurement.
LONGEST_NUMBER = 40


def value_of(property: Property, wire: Any) -> Any:
    """The property's value for what a device wrote, through its codec if it has one."""
    if property.codec:
        try:
            wire = compile_codec(property.codec).decode(wire)
        except UnisonoError:
            return wire
    return fit(property.schema, wire)


def unfit(property: Property, value: Any) -> Any:
    """What to write for a value. Raises CallerError bad_value where its codec has no word for it."""
    return compile_codec(property.codec).encode(value) if property.codec else value


def color_of(value: Any) -> tuple[int, int, int]:
    """Red, green and blue of a colour that is wanted. Raises CallerError bad_value."""
    found = read_color(str(value))
    if found is None:
        detail = f"{str(value)[:40]!r} is no colour"
        raise CallerError(detail, code="bad_value", field="color", expected="#rrggbb, or a name as red")
    return found


def fit(schema: Schema, wire: Any) -> Any:
    """``wire`` as a value of ``schema``, or as it is."""
    if wire is None:
        return wire
    turn = _TURNS.get(schema.kind)
    return wire if turn is None else turn(schema, wire)


def _bool(schema: Schema, wire: Any) -> Any:
    if isinstance(wire, int | float) and wire in (0, 1):
        return bool(wire)
    if isinstance(wire, str):
        word = wire.strip().lower()
        return True if word in TRUE else False if word in FALSE else wire
    return wire


def _number(wire: Any) -> Any:
    if isinstance(wire, str) and len(wire) <= LONGEST_NUMBER:
        try:
            number = float(wire)
        except ValueError:
            return wire
        return number if math.isfinite(number) else wire
    return wire


def _int(schema: Schema, wire: Any) -> Any:
    number = int(wire) if isinstance(wire, bool) else _number(wire)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _float(schema: Schema, wire: Any) -> Any:
    return float(wire) if isinstance(wire, bool) else _number(wire)


def _string(schema: Schema, wire: Any) -> Any:
    if isinstance(wire, bool):
        return "true" if wire else "false"
    return str(wire) if isinstance(wire, int | float) else wire


def _enum(schema: Schema, wire: Any) -> Any:
    for choice in schema.choices:
        if same(choice.value, wire):
            return choice.value
    text = str(wire).lower()
    for choice in schema.choices:
        if text in (str(choice.value).lower(), (choice.key or "").lower()):
            return choice.value
    return wire


def _array(schema: Schema, wire: Any) -> Any:
    items = schema.items
    return [fit(items, each) for each in wire] if isinstance(wire, list) and items is not None else wire


def _object(schema: Schema, wire: Any) -> Any:
    if not isinstance(wire, dict):
        return wire
    fields = {field.key: field.schema for field in schema.fields}
    return {key: fit(fields[key], value) if key in fields else value for key, value in wire.items()}


_TURNS: dict[str, Callable[[Schema, Any], Any]] = {
    "bool": _bool,
    "int": _int,
    "bitmap": _int,
    "float": _float,
    "duration": _float,
    "string": _string,
    "enum": _enum,
    "array": _array,
    "object": _object,
}
