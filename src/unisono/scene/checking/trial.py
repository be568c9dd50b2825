"""An expression tried before it is saved: with values that could be, does it give what is wanted of it?

Knows expressions and schemas. CEL has no types that could be looked at beforehand, but a type that does not fit
(``t + 1`` for a ``t`` of 20.5: 1 is a whole number, 1.0 is not) fails for every value, so that a few tell.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from unisono.errors import CallerError
from unisono.scene.document import Cel
from unisono.scene.watching.expression import compile_expression
from unisono.thing import Schema, check_value
from unisono.thing.schema import describe, show

__all__ = ["try_expression"]

#: Combinations that are tried; each takes 11 us.
TRIALS = 24
NO_RANGE = (0.0, 1.5, 100.5)


def try_expression(cel: Cel, given: Mapping[str, Schema], result: Schema | None) -> tuple[str, str] | None:
    """What is wrong and what would be right; None when nothing is.

    ``given``: what its names stand for. ``result``: what it must give; None: true or false.
    """
    try:
        expression = compile_expression(cel.expression, cel.given)
    except CallerError as error:
        return error.detail, error.expected or "an expression of CEL"
    names = list(cel.given)
    fault: tuple[str, str] | None = None
    for values in itertools.islice(itertools.product(*(_samples(given[name]) for name in names)), TRIALS):
        seen = dict(zip(names, values, strict=True))
        try:
            found = expression.value(seen)
        except CallerError as error:
            fault = fault or (f"with {show(seen)}: {error.detail}", "values of types that go together: 1.0, not 1")
            continue
        wrong = _wrong(found, result)
        if wrong is None:
            return None
        fault = fault or (f"with {show(seen)} it gives {show(found)}", wrong)
    return fault


def _wrong(found: Any, result: Schema | None) -> str | None:
    """What it should have given."""
    if result is None:
        return None if isinstance(found, bool) else "true or false"
    try:
        check_value(result, found)
    except CallerError:
        return describe(result)
    return None


def _samples(schema: Schema) -> list[Any]:
    """A few values that the schema allows, none of them special."""
    if schema.kind == "bool":
        return [True, False]
    if schema.kind == "enum":
        return [choice.value for choice in schema.choices[:4]]
    if schema.kind in ("float", "duration", "int"):
        low, high = schema.min, schema.max
        if low is None or high is None:
            bound = low if low is not None else high
            numbers = [float(bound or 0) + (number if high is None else -number) for number in NO_RANGE]
        else:
            numbers = [float(low), float(low) + (float(high) - float(low)) * 0.37, float(high)]
        return [int(number) for number in numbers] if schema.kind == "int" else numbers
    return [_OTHERS.get(schema.kind, "text")]


_OTHERS: dict[str, Any] = {"bitmap": 1, "object": {}, "array": [], "datetime": "2026-11-22T10:00:00Z"}
