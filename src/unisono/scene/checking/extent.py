"""Which values pass a test, of those a property can have at all: none, every one, or some.

Knows tests as `Matching` writes them and schemas. Says "some" wherever it cannot be sure, so that what it does say
holds. Sets of values (a switch, a choice, whatever ``is`` lists) are tried one by one, numbers by their bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.document import Matching
from unisono.scene.watching.matching import compile_test
from unisono.thing import Schema, check_value
from unisono.thing.schema import NUMERIC

__all__ = ["Bounds", "Passes", "bounds_of", "contains", "passes"]

Passes: TypeAlias = Literal["none", "some", "every"]


class Bounds(msgspec.Struct, frozen=True):
    """Numbers between two ends; an end that is ``open`` does not belong to it."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def meet(self, other: Bounds) -> Bounds:
        """The numbers in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, shut = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Bounds(low, high, low_open, not shut)

    def __contains__(self, other: object) -> bool:
        return isinstance(other, Bounds) and (other.empty or self.meet(other) == other)


def bounds_of(schema: Schema | None) -> Bounds:
    """The range of a schema."""
    low = schema.min if schema is not None else None
    high = schema.max if schema is not None else None
    return Bounds(-math.inf if low is None else _float(low), math.inf if high is None else _float(high))


def passes(tests: Sequence[Matching], schema: Schema | None) -> Passes:
    """How many of the values that the schema allows (None: nobody knows) pass all tests at once."""
    checks = [check for check in map(compile_test, tests) if check is not None]
    values = _values(tests, schema)
    if values is not None:
        passed = [all(check(value) for check in checks) for value in values]
        if not any(passed):
            return "none"
        return "every" if all(passed) and values == _finite(schema) else "some"
    asked = _asked(tests, schema)
    if asked.empty:
        return "none"
    if schema is not None and schema.kind not in NUMERIC and schema.kind != "any" and _compares(tests):
        return "none"  # a text is never above a number
    certain = schema is not None and schema.kind in NUMERIC and not schema.choices and not schema.nullable
    if certain and bounds_of(schema) in asked and all(test.is_not is UNSET for test in tests):
        return "every"
    return "some"


def contains(outer: Matching, inner: Matching, schema: Schema | None) -> bool:
    """Whether whatever passes ``inner`` passes ``outer``; False also where that cannot be said."""
    check = compile_test(outer)
    if check is None:
        return True
    values = _values([inner], schema)
    inside = compile_test(inner)
    if values is not None and inside is not None:
        return all(check(value) for value in values if inside(value))
    if outer.is_ is not UNSET or (outer.is_not is not UNSET and outer.is_not != inner.is_not):
        return False
    return _compares([inner]) and _asked([inner], schema) in _bounds(outer)


def _float(number: Any) -> float:
    """A bound; one beyond every float lies as far out as there is."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _values(tests: Sequence[Matching], schema: Schema | None) -> list[Any] | None:
    """All values that can pass, where they can be counted: those of the schema, else those that a test lists."""
    finite = _finite(schema)
    if finite is not None:
        return finite
    for test in tests:
        if test.is_ is not UNSET:
            listed = test.is_ if isinstance(test.is_, list) else [test.is_]
            return [value for value in listed if schema is None or _sound(schema, value)]
    return None


def _finite(schema: Schema | None) -> list[Any] | None:
    if schema is None:
        return None
    if schema.kind == "bool":
        values: list[Any] = [False, True]
    elif schema.kind == "enum" and not schema.open:
        values = [choice.value for choice in schema.choices]
    else:
        return None
    return [*values, None] if schema.nullable else values


def _sound(schema: Schema, value: Any) -> bool:
    try:
        check_value(schema, value)
    except CallerError:
        return False
    return True


def _compares(tests: Sequence[Matching]) -> bool:
    return any(test.above is not None or test.below is not None for test in tests)


def _bounds(test: Matching) -> Bounds:
    low = -math.inf if test.above is None else _float(test.above)
    high = math.inf if test.below is None else _float(test.below)
    return Bounds(low, high, test.above is not None, test.below is not None)


def _asked(tests: Sequence[Matching], schema: Schema | None) -> Bounds:
    """The numbers that all tests and the schema let through; of whole numbers, from the first to the last of them."""
    met = bounds_of(schema) if schema is not None and not schema.choices else Bounds()
    for test in tests:
        met = met.meet(_bounds(test))
    if schema is not None and schema.kind == "int" and not met.empty:
        low, high = met.low, met.high
        if math.isfinite(low):
            low = math.floor(low) + 1 if met.low_open else math.ceil(low)
        if math.isfinite(high):
            high = math.ceil(high) - 1 if met.high_open else math.floor(high)
        return Bounds(low, high)
    return met
