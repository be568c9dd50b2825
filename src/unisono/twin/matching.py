"""Tests of a single value: is, is not, above, below. Scenes' conditions and interlocks are made of them.

Knows values. A test never raises: a value of another kind than it expects does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from msgspec import UNSET

from unisono.thing.value import same

__all__ = ["Bounds", "Matching", "Test", "compile_bounds", "compile_test", "equal"]

Test: TypeAlias = Callable[[Any], bool]


class Bounds(Protocol):
    """What has ``above`` and ``below``."""

    @property
    def above(self) -> float | None: ...
    @property
    def below(self) -> float | None: ...


class Matching(Bounds, Protocol):
    """What has ``is_`` and ``is_not`` too (a value or a list of them, UNSET where there is none)."""

    @property
    def is_(self) -> Any: ...
    @property
    def is_not(self) -> Any: ...


def equal(a: Any, b: Any) -> bool:
    """Whether two values are the same; 1 is 1.0, true is not 1."""
    return a is b or same(a, b)


def compile_test(matching: Matching) -> Test | None:
    """All its tests in one; None when it has none."""
    tests: list[Test] = []
    if matching.is_ is not UNSET:
        tests.append(_one_of(matching.is_ if isinstance(matching.is_, list) else [matching.is_]))
    if matching.is_not is not UNSET:
        fits = _one_of(matching.is_not if isinstance(matching.is_not, list) else [matching.is_not])
        tests.append(lambda value: not fits(value))
    bounds = compile_bounds(matching)
    if bounds is not None:
        tests.append(bounds)
    return _all(tests)


def compile_bounds(of: Bounds) -> Test | None:
    """``above`` and ``below``, both exclusive; None without either."""
    tests: list[Test] = []
    above, below = of.above, of.below
    if above is not None:
        tests.append(_number(lambda value: value > above))
    if below is not None:
        tests.append(_number(lambda value: value < below))
    return _all(tests)


def _all(tests: Sequence[Test]) -> Test | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda value: all(test(value) for test in tests)


def _number(test: Test) -> Test:
    def check(value: Any) -> bool:
        kind = type(value)
        return (kind is float or kind is int) and test(value)

    return check


def _one_of(values: list[Any]) -> Test:
    if len(values) == 1:
        (only,) = values
        if isinstance(only, bool | str):
            kind = type(only)
            return lambda value: type(value) is kind and value == only
        return lambda value: equal(value, only)
    return lambda value: any(equal(value, each) for each in values)
