"""Tests of a single value: is, is not, above, below - and whether a thing is at a place.

Knows values and positions. A test never raises: a value of another kind than it expects does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET

from unisono.scene.document import Matching, Window
from unisono.scene.schedule import Where
from unisono.scene.world import NO_VALUE, World, distance_m, find_index, value_of
from unisono.thing.value import same
from unisono.twin.twin import Twin

__all__ = ["Span", "Test", "at_place", "compile_bounds", "compile_span", "compile_test", "equal", "position_keys"]

Test: TypeAlias = Callable[[Any], bool]


def equal(a: Any, b: Any) -> bool:
    """Whether two values are the same; numbers within a billionth, true is not 1."""
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


def compile_bounds(of: Matching | Window) -> Test | None:
    """``above`` and ``below``, both exclusive; None without either."""
    tests: list[Test] = []
    above, below = of.above, of.below
    if above is not None:
        tests.append(_number(lambda value: value > above))
    if below is not None:
        tests.append(_number(lambda value: value < below))
    return _all(tests)


class Span(NamedTuple):
    """The numbers that fit, ``low`` to ``high``, and the last ones below and the first ones above that do not."""

    low: float
    high: float
    under: float
    over: float


#: Up to here every whole number is a float of its own, and so is the next number to every bound.
EXACT = 2**52


def compile_span(matching: Matching, kind: str) -> Span | None:
    """The test of a property of that schema kind as one stretch of numbers, where it is one: two comparisons then say
    what `compile_test` says. None where only the test can tell."""
    is_, above, below = matching.is_, matching.above, matching.below
    if matching.is_not is not UNSET:
        return None
    if kind == "bool":
        if type(is_) is not bool or above is not None or below is not None:
            return None
        return Span(is_, is_, is_ - 1, is_ + 1)
    if kind not in ("int", "float") or is_ is not UNSET or (above is None and below is None):
        return None
    if any(bound is not None and not abs(bound) <= EXACT for bound in (above, below)):
        return None
    low, under = (-math.inf, -math.inf) if above is None else (math.nextafter(above, math.inf), above)
    high, over = (math.inf, math.inf) if below is None else (math.nextafter(below, -math.inf), below)
    return Span(low, high, under, over) if low <= high else None


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


def position_keys(twin: Twin) -> tuple[int, ...]:
    """The numbers of the properties that tell where a thing is."""
    found = (find_index(twin, trait) for trait in ("location", "presence"))
    return tuple(index for index in found if index is not None)


def at_place(world: World, twin: Twin, place: str, within_m: float) -> bool | None:
    """Whether a person, phone or car is at a place; None while nobody can say.

    By its location where it tells one and the place has a position, else by its own presence, which means the root
    place that it belongs to.
    """
    centre = world.where(place)
    index = find_index(twin, "location")
    spot = value_of(twin, index) if index is not None else NO_VALUE
    if centre is not None and isinstance(spot, dict):
        latitude, longitude = spot.get("lat"), spot.get("lon")
        if isinstance(latitude, int | float) and isinstance(longitude, int | float):
            return distance_m(centre, Where(latitude, longitude)) <= within_m
    index = find_index(twin, "presence")
    present = value_of(twin, index) if index is not None else NO_VALUE
    if isinstance(present, bool) and twin.root == place:
        return present
    return None
