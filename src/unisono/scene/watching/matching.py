"""Whether a thing is at a place, beside the tests of single values.

Knows values and positions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from msgspec import UNSET

from unisono.scene.document import Matching
from unisono.scene.schedule import Where
from unisono.scene.world import NO_VALUE, World, distance_m, find_index, value_of
from unisono.twin.matching import Test, compile_bounds, compile_test, equal
from unisono.twin.twin import Twin

__all__ = ["Span", "Test", "at_place", "compile_bounds", "compile_span", "compile_test", "equal", "position_keys"]


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
