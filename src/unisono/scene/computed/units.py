"""What becomes of a unit when a value is added up over time, or when its change is.

Knows which dimension is another's integral, and the factors between. Knows no things.
"""

from __future__ import annotations

from typing import NamedTuple

from unisono.thing.units import convert, find_unit

__all__ = ["INTEGRALS", "Linear", "integral_unit", "linear", "per_second"]

#: dimension: (dimension of its integral, that one's unit, how much of it one second of the dimension's first unit is).
INTEGRALS: dict[str, tuple[str, str, float]] = {
    "power": ("energy", "kWh", 1 / 3_600_000),
    "reactive_power": ("reactive_energy", "var.h", 1 / 3600),
    "current": ("charge", "A.h", 1 / 3600),
    "flow": ("volume", "m3", 1 / 3600),
    "speed": ("length", "m", 1 / 3.6),
    "frequency": ("ratio", "1", 1.0),
    "rain": ("length", "mm", 1 / 3600),
}
#: Seconds of the unit that values without one are added up in: a switch's hours.
PLAIN_S = 3600.0


class Linear(NamedTuple):
    """value in the new unit = value * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        return value * self.factor + self.offset

    def back(self, value: float) -> float:
        """The value in the old unit."""
        return (value - self.offset) / self.factor


SAME = Linear()


def linear(source: str | None, target: str | None) -> Linear:
    """From one unit to another; a value without a unit is taken as it is. Raises CallerError ``bad_value``."""
    if source is None or target is None or source == target:
        return SAME
    offset = convert(0, source, target)
    return Linear(convert(1, source, target) - offset, float(offset))


def integral_unit(source: str | None) -> str | None:
    """The usual unit of a value's integral: kWh of W. Hours where the value has none, None where nobody can say."""
    if source is None:
        return "h"
    unit = find_unit(source)
    found = INTEGRALS.get(unit.dimension) if unit is not None else None
    return found[1] if found is not None else None


def per_second(source: str | None, target: str | None) -> float:
    """How much of ``target`` one second of one ``source`` is. Raises CallerError ``bad_value`` for units that do not
    fit each other."""
    unit = find_unit(source) if source is not None else None
    found = INTEGRALS.get(unit.dimension) if unit is not None else None
    if unit is None or found is None:
        return 1 / PLAIN_S
    _dimension, usual, factor = found
    return float(unit.factor) * factor * linear(usual, target).factor
