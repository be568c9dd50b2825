"""Amounts said in a sentence: numbers, percentages, temperatures, durations.

Knows the shape and how a text is swept for them; the words are each language's (`languages/<lang>/numbers.py`).
Units are the codes of ``thing/data/units.yaml``, and two of its own: ``degree`` (Celsius, unless the place or the
thing says otherwise) and ``step`` (a level counted from one: "level three", 三档).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["DEGREE", "STEP", "Quantity"]

DEGREE = "degree"
STEP = "step"

Form: TypeAlias = Literal["number", "ordinal", "fraction", "quantity"]


class Quantity(msgspec.Struct, frozen=True):
    """An amount at ``text[start:end]``; a fraction ("half", 三分之一) is told in percent."""

    start: int
    end: int
    value: float
    unit: str | None = None
    form: Form = "number"
