"""Units: what a maker's spelling means, and how a number in one becomes the number in another.

Knows the table ``data/units.yaml`` (UCUM codes, linear conversions, raw spellings). Conversions that are not linear
(mired to kelvin) are codecs, not units. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from unicodedata import normalize

from unisono.errors import CallerError
from unisono.thing.files import read_data

__all__ = ["Unit", "convert", "find_unit", "units"]


class Unit(NamedTuple):
    """One unit: value in the dimension's first unit = value * factor + offset."""

    code: str
    dimension: str
    factor: Fraction
    offset: Fraction


@lru_cache(maxsize=1)
def _tables() -> tuple[Mapping[str, Unit], dict[str, Unit], dict[str, Unit]]:
    codes: dict[str, Unit] = {}
    exact: dict[str, Unit] = {}
    folded: dict[str, Unit | None] = {}
    for dimension, lines in read_data("units.yaml").items():
        for code, (factor, offset, *spellings) in lines.items():
            unit = Unit(code, dimension, _fraction(factor), _fraction(offset))
            codes[code] = unit
            for spelling in (code, *map(str, spellings)):
                exact.setdefault(spelling, unit)
                key = _fold(spelling)
                # mW and MW fold to the same letters: such a spelling is found exactly or not at all.
                folded[key] = unit if folded.get(key, unit) == unit else None
    return MappingProxyType(codes), exact, {key: unit for key, unit in folded.items() if unit is not None}


def _fraction(text: str | int) -> Fraction:
    above, _, below = str(text).partition("/")
    return Fraction(above) / Fraction(below or "1")


def _fold(spelling: str) -> str:
    return "".join(spelling.split()).casefold()


def units() -> Mapping[str, Unit]:
    """All units by their code."""
    return _tables()[0]


def find_unit(spelling: str) -> Unit | None:
    """The unit of a code or of a raw spelling (``°C``, ``Watt``, ``lux``), or None where it is not known."""
    _, exact, folded = _tables()
    plain = normalize("NFKC", spelling)  # ㎡ is m2
    return exact.get(spelling) or exact.get(plain) or folded.get(_fold(plain))


def convert(value: float, source: str, target: str) -> float:
    """The same quantity in another unit; exact but for the last rounding. Units by code or spelling.

    Raises `CallerError` ``bad_value`` for an unknown unit or two that do not measure the same.
    """
    if source == target:
        return value
    old, new = _known(source), _known(target)
    if old.dimension != new.dimension:
        detail = f"{source} measures {old.dimension}, {target} measures {new.dimension}"
        raise CallerError(detail, code="bad_value", field="unit", expected=f"a unit of {new.dimension}")
    exact = (Fraction(Decimal(repr(value))) * old.factor + old.offset - new.offset) / new.factor
    return int(exact) if exact.denominator == 1 else float(exact)


def _known(spelling: str) -> Unit:
    unit = find_unit(spelling)
    if unit is None:
        raise CallerError(f"the unit {spelling!r} is not known", code="bad_value", field="unit")
    return unit
