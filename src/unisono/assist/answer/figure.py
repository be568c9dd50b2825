"""Figures of a property's history: how long, how often, how much, at least, at most, on average, when last.

Knows reported values in order of time and what they mean for a trait. Knows no storage, no clock and no language. A
value holds until the next one is reported; what was before the first one ever is not known and counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from unisono.assist.answer.span import SECOND, Span
from unisono.assist.plan import Aggregate as Agg

__all__ = ["Agg", "Figure", "Sample", "figure_of", "fits", "last_began"]


#: Traits that are an amount an hour: held for an hour, they are that much of the unit given.
RATES = {"power": (1 / 1000, "kWh"), "flow": (1.0, "m3")}
HOUR_US = 3600 * SECOND

#: Values that say "not going on" where a question names none: how long was the washer running?
IDLE = frozenset(
    {"off", "closed", "idle", "stopped", "stop", "pause", "paused", "standby", "finished", "done", "none", ""}
)


class Sample(NamedTuple):
    """A reported value; ``at``: microseconds since the Unix epoch."""

    at: int
    value: Any


class Figure(msgspec.Struct, frozen=True):
    """``value``: seconds of a duration, a number of a count, else in ``unit``; None when nothing is known.

    ``at``: when it was so (of ``min``, ``max`` and ``last``). ``open``: what was last began and has not ended.
    """

    agg: Agg
    value: Any = None
    unit: str | None = None
    at: int | None = None
    open: bool = False


def fits(value: Any, equals: Any) -> bool:
    """Whether a reported value is what a question means by ``equals``; None: whether it is on, open or going on."""
    if isinstance(equals, list | tuple):
        return any(fits(value, each) for each in equals)
    if equals is None or (equals is True and not isinstance(value, bool)):
        return _active(value)
    if isinstance(equals, bool) and not isinstance(value, bool):
        return not _active(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return bool(value == equals)
    # a cover tells how far it is open
    if equals in ("open", "closed"):
        return (value > 0) is (equals == "open")
    return bool(value == equals)


def _active(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() not in IDLE
    if isinstance(value, bool) or value is None:
        return value is True
    return value > 0 if isinstance(value, int | float) else bool(value)


def figure_of(
    samples: Iterable[Sample],
    before: Sample | None,
    span: Span,
    agg: Agg,
    *,
    trait: str | None = None,
    unit: str | None = None,
    equals: Any = None,
) -> Figure:
    """The figure of what was reported within ``span``, in order; ``before``: what was last reported before it began.

    ``mean``, ``min`` and ``max`` are of what was reported; where nothing was, of what held. A span of no length is a
    moment: its figure is what held then, whatever was asked for. What a rising total gained is `unisono.thing.total`'s.
    """
    if span.start == span.end:
        return _last((), before, unit, None)
    if agg == "duration":
        return _duration(samples, before, span, equals)
    if agg == "count":
        return _count(samples, before, equals)
    if agg == "sum":
        return _sum(samples, before, span, trait, unit)
    if agg == "last":
        return _last(samples, before, unit, equals)
    return _reported(samples, before, agg, unit)


def _stretches(samples: Iterable[Sample], before: Sample | None, span: Span) -> Iterator[tuple[Any, int]]:
    """What held, and for how many microseconds."""
    held, since = before, span.start
    for sample in samples:
        if held is not None and sample.at > since:
            yield held.value, sample.at - since
        held, since = sample, sample.at
    if held is not None and span.end > since:
        yield held.value, span.end - since


def _duration(samples: Iterable[Sample], before: Sample | None, span: Span, equals: Any) -> Figure:
    total, known = 0, False
    for held, length in _stretches(samples, before, span):
        known = True
        total += length if fits(held, equals) else 0
    return Figure("duration", total / SECOND if known else None)


def _count(samples: Iterable[Sample], before: Sample | None, equals: Any) -> Figure:
    """How often it became so; without a value that is meant, of switches and states: how often it began."""
    was = None if before is None else fits(before.value, equals)
    count, known = 0, before is not None
    for sample in samples:
        known = True
        now = fits(sample.value, equals)
        count += now and was is False
        was = now
    return Figure("count", count if known else None)


def _sum(samples: Iterable[Sample], before: Sample | None, span: Span, trait: str | None, unit: str | None) -> Figure:
    if trait in RATES:
        factor, total_unit = RATES[trait]
        stretches = [each for each in _stretches(samples, before, span) if _is_number(each[0])]
        total = sum(value * length for value, length in stretches) * factor / HOUR_US
        return Figure("sum", total if stretches else None, total_unit)
    numbers = [sample.value for sample in samples if _is_number(sample.value)]
    return Figure("sum", sum(numbers) if numbers else None, unit)


def _last(samples: Iterable[Sample], before: Sample | None, unit: str | None, equals: Any) -> Figure:
    if equals is not None:
        began, open_ = last_began(samples, before, equals)
        return Figure("last", equals if began is not None else None, unit, began, open_)
    last = before
    for sample in samples:
        last = sample
    return Figure("last", None, unit) if last is None else Figure("last", last.value, unit, last.at)


def last_began(samples: Iterable[Sample], before: Sample | None, equals: Any) -> tuple[int | None, bool]:
    """When it last became so (None: not within these), and whether it is so still."""
    was = None if before is None else fits(before.value, equals)
    began: int | None = None
    for sample in samples:
        now = fits(sample.value, equals)
        if now and was is not True:
            began = sample.at
        was = now
    return began, was is True


def _reported(samples: Iterable[Sample], before: Sample | None, agg: Agg, unit: str | None) -> Figure:
    numbers: Sequence[Sample] = [sample for sample in samples if _is_number(sample.value)]
    if not numbers:
        return (
            Figure(agg, before.value, unit, before.at)
            if before is not None and _is_number(before.value)
            else Figure(agg, None, unit)
        )
    if agg == "mean":
        return Figure(agg, sum(sample.value for sample in numbers) / len(numbers), unit)
    best = (min if agg == "min" else max)(numbers, key=lambda sample: sample.value)
    return Figure(agg, best.value, unit, best.at)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
