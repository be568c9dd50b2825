"""How a unit is written in a maker's format: in the maker's own spelling, while it still is that unit.

Knows when a spelling and a codec together say what the model says. Knows no format.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from unisono.thing.codec import Color, Invert, Map, Offset, Path, Reciprocal, Scale, Step, Whole
from unisono.thing.formats.fit import steps_between
from unisono.thing.units import find_unit

__all__ = ["spell_unit"]

_NO_ARITHMETIC = (Color, Invert, Map, Path, Whole)


def spell_unit(
    unit: str | None, raw_unit: str | None, codec: tuple[Step, ...] = (), spellings: Mapping[str, str] | None = None
) -> str | None:
    """The spelling of a unit on the wire: the maker's where it still fits, else the format's, else the code."""
    if raw_unit is not None and _fits(unit, raw_unit, codec):
        return raw_unit
    if unit is None or any(isinstance(step, Scale | Offset | Reciprocal) for step in codec):
        return None  # what is written is so many of it, and no unit that has a name
    return (spellings or {}).get(unit, unit)


@lru_cache(maxsize=4096)
def _fits(unit: str | None, raw_unit: str, codec: tuple[Step, ...]) -> bool:
    known = find_unit(raw_unit)
    if known is None or unit is None:
        # "none" is a unit to some makers
        return unit is None and (known is None or known.code == "1")
    if known.code == unit:
        return True
    target = find_unit(unit)
    if target is None:
        return False
    arithmetic = tuple(step for step in codec if not isinstance(step, _NO_ARITHMETIC))
    return bool(arithmetic) and arithmetic == steps_between(known, target)
