"""Whether a value fits its declaration; if not: what was wrong, where, and what would have been right.

Knows one check per schema kind. A value that fits comes back as it is kept: only ``21.0`` for an int becomes 21. Knows
nothing of codecs (what is checked is already decoded), of traits or of who sent it. Raises `CallerError` ``bad_value``
only; whoever speaks for a device translates that.
"""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from msgspec import UNSET

from unisono.errors import CallerError
from unisono.thing.model import Arg, Model
from unisono.thing.pattern import MAX_TEXT, compile_pattern
from unisono.thing.schema import NUMERIC, Schema, describe, show

__all__ = ["MAX_DEPTH", "check_input", "check_value", "repeated", "same"]

MAX_DEPTH = 16  # objects in lists in objects...: Z2M nests five deep, Matter four; deeper is an attack
MAX_INT_BITS = 256  # the largest bound in real models is 3.4e38 (128 bits); beyond, arithmetic becomes a lever
MAX_DECIMAL_CHARACTERS = 80  # decimal128 needs 43
# Three digits of exponent: "1e999999" is short to write and long to compute with.
DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def check_value(schema: Schema, value: Any, where: str = "value", *, writing: bool = False) -> Any:
    """The value as it is kept. ``where`` is the dotted path for the error; ``writing`` also insists on the step.

    Raises `CallerError` ``bad_value`` with ``field`` and ``expected``.
    """
    return _check(schema, value, where, writing, 1)


def check_input(model: Model, args: Sequence[Arg], given: Mapping[str, Any], where: str = "input") -> dict[str, Any]:
    """The arguments of an action or event in declared order, defaults filled in. Raises as `check_value`.

    An argument whose property dangles takes any JSON value: the maker's document does not say more.
    """
    known = {arg.key: arg for arg in args}
    for key in given:
        if key not in known:
            expected = "one of " + ", ".join(known) if known else "no arguments"
            detail = f"there is no argument {show(key)}"
            raise CallerError(detail, code="bad_value", field=f"{where}.{key}", expected=expected)
    taken: dict[str, Any] = {}
    for key, arg in known.items():
        schema = _schema_of(model, arg)
        if key in given:
            taken[key] = _check(schema, given[key], f"{where}.{key}", True, 1)
        elif arg.default is not UNSET:
            taken[key] = arg.default
        elif not arg.optional:
            raise CallerError("it is missing", code="bad_value", field=f"{where}.{key}", expected=describe(schema))
    return taken


_ANY = Schema(kind="any")


def _schema_of(model: Model, arg: Arg) -> Schema:
    if arg.schema is not None:
        return arg.schema
    declared = model.properties.get(arg.property or "")
    return declared.schema if declared is not None else _ANY


def same(left: Any, right: Any, precision: float = 0.0) -> bool:
    """Whether two values are the same one: numbers within ``precision``, a bool never a number, lists deep."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        try:
            return left == right or abs(left - right) <= precision
        except OverflowError:  # a whole number beyond every float is near none of them
            return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b, precision) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(item, right[key], precision) for key, item in left.items())
    return bool(left == right)


def repeated(values: Sequence[Any]) -> list[int]:
    """The indices of the values that are the `same` as an earlier one; quick where they are plain."""
    plain: set[tuple[bool, Any]] = set()
    found: list[int] = []
    for index, value in enumerate(values):
        if isinstance(value, list | dict):
            if any(same(value, other) for other in values[:index]):
                found.append(index)
            continue
        # a bool is no number, and every NaN is another
        mark = (isinstance(value, bool), value)
        if mark in plain:
            found.append(index)
        plain.add(mark)
    return found


Check: TypeAlias = Callable[[Schema, Any, str, bool, int], Any]


def _check(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> Any:
    if value is None and schema.nullable:
        return None
    if depth > MAX_DEPTH:
        raise _too_deep(where)
    if schema.choices and schema.kind in NUMERIC and _chosen(schema, value):
        return value
    return _CHECKS[schema.kind](schema, value, where, writing, depth)


def _too_deep(where: str) -> CallerError:
    return CallerError("it is nested too deep", code="bad_value", field=where, expected=f"at most {MAX_DEPTH} levels")


def _bad(schema: Schema, where: str, detail: str) -> CallerError:
    return CallerError(detail, code="bad_value", field=where, expected=describe(schema))


def _wrong(schema: Schema, value: Any, where: str) -> CallerError:
    return _bad(schema, where, f"{show(value)} is {_noun(value)}")


def _noun(value: Any) -> str:
    for kind, noun in _NOUNS:
        if isinstance(value, kind):
            return noun
    return "no JSON value"


_NOUNS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "a boolean"),
    ((int, float, Decimal), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


def _chosen(schema: Schema, value: Any) -> bool:
    return any(same(choice.value, value) for choice in schema.choices)


def _bool(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> bool:
    if type(value) is bool:
        return value
    raise _wrong(schema, value, where)


def _int(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)  # JavaScript knows one kind of number: 21.0 is how some firmware writes 21
    if type(value) is not int:
        if type(value) is float:
            raise _bad(schema, where, f"{value} is not a whole number")
        raise _wrong(schema, value, where)
    _within(schema, value, where, writing)
    return value


def _float(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> int | float:
    if type(value) is not int and type(value) is not float:
        raise _wrong(schema, value, where)
    if not _finite(value):
        raise _bad(schema, where, f"{show(value)} is not a finite number")
    _within(schema, value, where, writing)
    return value


def _decimal(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> Any:
    if type(value) is int:
        number = Fraction(value) if value.bit_length() <= MAX_INT_BITS else None
    elif isinstance(value, str | Decimal):
        number = _fraction(str(value))
    else:
        raise _wrong(schema, value, where)
    if number is None:
        raise _bad(schema, where, f"{show(value)} is not a decimal number")
    _within(schema, number, where, writing, shown=str(value))
    return value


def _fraction(text: str) -> Fraction | None:
    # Decimal() also takes "1_000", " 1" and full-width digits, which no other reader of the value would.
    return Fraction(text) if len(text) <= MAX_DECIMAL_CHARACTERS and DECIMAL.fullmatch(text) else None


def _finite(value: int | float) -> bool:
    return value.bit_length() <= MAX_INT_BITS if isinstance(value, int) else math.isfinite(value)


def _within(schema: Schema, value: int | float | Fraction, where: str, writing: bool, shown: str = "") -> None:
    if isinstance(value, int) and not _finite(value):
        raise _bad(schema, where, f"a whole number of {value.bit_length()} bits is too large")
    if schema.min is not None and value < schema.min:
        raise _bad(schema, where, f"{shown or value} is too small")
    if schema.max is not None and value > schema.max:
        raise _bad(schema, where, f"{shown or value} is too large")
    if writing and schema.step:
        start = schema.min if schema.min is not None else 0
        if (_rational(value) - _rational(start)) % _rational(schema.step):
            raise _bad(schema, where, f"{shown or value} is between two steps")


def _rational(number: int | float | Decimal | Fraction) -> Fraction:
    # Through repr: 0.1 is meant as one tenth, not as the double nearest to it.
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _string(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> str:
    if type(value) is not str:
        raise _wrong(schema, value, where)
    _length(schema, len(value), "characters", where)
    if schema.pattern is not None and not _matches(schema.pattern, value, where):
        raise _bad(schema, where, f"{show(value)} does not match")
    return value


def _matches(pattern: str, value: str, where: str) -> bool:
    if len(value) > MAX_TEXT:
        detail = f"text of {len(value)} characters is too long to be matched"
        raise CallerError(detail, code="bad_value", field=where, expected=f"at most {MAX_TEXT} characters")
    try:
        compiled = compile_pattern(pattern)
    except CallerError:
        return True  # check_model says that it is not enforced; the maker's devices must not be locked out by it
    return compiled.search(value)


def _length(schema: Schema, length: int, unit: str, where: str) -> None:
    if schema.len_min is not None and length < schema.len_min:
        raise _bad(schema, where, f"{length} {unit} are too few")
    if schema.len_max is not None and length > schema.len_max:
        raise _bad(schema, where, f"{length} {unit} are too many")


def _bytes(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> Any:
    if isinstance(value, bytes):
        length = len(value)
    elif type(value) is str:
        try:
            length = len(binascii.a2b_base64(value, strict_mode=True))
        except (binascii.Error, ValueError):
            raise _bad(schema, where, f"{show(value)} is not base64") from None
    else:
        raise _wrong(schema, value, where)
    _length(schema, length, "bytes", where)
    return value


def _enum(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> Any:
    if _chosen(schema, value):
        return value
    if schema.open and any(_noun(choice.value) == _noun(value) for choice in schema.choices):
        return _any(schema, value, where, writing, depth)
    raise _bad(schema, where, f"{show(value)} is none of its values")


def _bitmap(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> int:
    if type(value) is not int:
        raise _wrong(schema, value, where)
    if value < 0:
        raise _bad(schema, where, f"{show(value)} is negative")
    if value.bit_length() > (schema.bits or MAX_INT_BITS):
        raise _bad(schema, where, f"{show(value)} has too many bits")
    return value


def _datetime(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> str:
    if type(value) is not str:
        raise _wrong(schema, value, where)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _bad(schema, where, f"{show(value)} is not a time") from None
    if moment.tzinfo is None:
        raise _bad(schema, where, f"{show(value)} has no zone")
    return value


def _object(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> dict[str, Any]:
    if type(value) is not dict:
        raise _wrong(schema, value, where)
    known = {field.key: field for field in schema.fields}
    taken: dict[str, Any] = {}
    for key, item in value.items():
        field = known.get(key) if type(key) is str else None
        if field is not None:
            taken[key] = _check(field.schema, item, f"{where}.{key}", writing, depth + 1)
        elif schema.open and type(key) is str:
            taken[key] = _any(schema, item, f"{where}.{key}", writing, depth + 1)
        else:
            raise _bad(schema, f"{where}.{key}", f"there is no member {show(key)}")
    for key, field in known.items():
        if key not in taken and not field.optional:
            raise _bad(field.schema, f"{where}.{key}", "it is missing")
    return taken


def _array(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> list[Any]:
    if type(value) is not list:
        raise _wrong(schema, value, where)
    if schema.count_min is not None and len(value) < schema.count_min:
        raise _bad(schema, where, f"{len(value)} items are too few")
    if schema.count_max is not None and len(value) > schema.count_max:
        raise _bad(schema, where, f"{len(value)} items are too many")
    items = schema.items or _ANY
    return [_check(items, item, f"{where}.{index}", writing, depth + 1) for index, item in enumerate(value)]


def _any(schema: Schema, value: Any, where: str, writing: bool, depth: int) -> Any:
    """Any JSON value, refused where JSON has no way to say it. Without recursion: depth is what is being bounded."""
    todo = [(value, depth)]
    while todo:
        item, level = todo.pop()
        if level > MAX_DEPTH:
            raise _too_deep(where)
        if type(item) is dict:
            if not all(type(key) is str for key in item):
                raise _bad(schema, where, "a member's name is not text")
            todo += [(member, level + 1) for member in item.values()]
        elif type(item) is list:
            todo += [(member, level + 1) for member in item]
        elif type(item) in (int, float):
            if not _finite(item):
                raise _bad(schema, where, f"{show(item)} is not a finite number")
        elif item is not None and type(item) not in (str, bool):
            raise _wrong(schema, item, where)
    return value


_CHECKS: dict[str, Check] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "string": _string,
    "bytes": _bytes,
    "enum": _enum,
    "bitmap": _bitmap,
    "datetime": _datetime,
    "duration": _float,
    "object": _object,
    "array": _array,
    "any": _any,
}
