"""Tests of a single value: is, is not, above, below - and whether a thing is at a place.

Knows values and positions. A test never raises: a value of another kind than it expects does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from msgspec import UNSET

from unisono.scene.document import Matching, Window
from unisono.scene.schedule import Where
from unisono.scene.world import NO_VALUE, World, distance_m, find_index, value_of
from unisono.thing.value import same
from unisono.twin.twin import Twin

__all__ = ["Test", "at_place", "compile_bounds", "compile_test", "equal", "position_keys"]

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
