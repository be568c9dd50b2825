"""Figures of history, held against what a slow reader of the same history finds second by second."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.assist.answer.figure import Figure, Sample, figure_of, fits, last_began
from unisono.assist.answer.span import Span

S = 1_000_000
SPAN = Span(100 * S, 200 * S)

seconds = st.integers(100, 199)
switches = st.lists(st.tuples(seconds, st.booleans()), max_size=20).map(
    lambda pairs: [Sample(at * S, value) for at, value in sorted(dict(pairs).items())]
)
numbers = st.lists(st.tuples(seconds, st.integers(-50, 50)), max_size=20).map(
    lambda pairs: [Sample(at * S, value) for at, value in sorted(dict(pairs).items())]
)
earlier = st.none() | st.booleans().map(lambda value: Sample(50 * S, value))


def each_second(samples: list[Sample], before: Sample | None) -> list[Any]:
    """What held in each second of the span; None: not known."""
    held = before.value if before is not None else None
    found = []
    for second in range(SPAN.start // S, SPAN.end // S):
        for sample in samples:
            if sample.at == second * S:
                held = sample.value
        found.append(held)
    return found


@given(switches, earlier)
def test_durations_and_counts_are_those_of_every_second(samples: list[Sample], before: Sample | None) -> None:
    held = each_second(samples, before)
    known = [value for value in held if value is not None]
    duration = figure_of(samples, before, SPAN, "duration", equals=True)
    assert duration == Figure("duration", float(sum(known)) if known else None)
    off = figure_of(samples, before, SPAN, "duration", equals=False)
    assert (off.value or 0) + (duration.value or 0) == len(known)
    all_of_it = [before.value if before else None, *held]
    rises = sum(1 for was, now in pairwise(all_of_it) if was is False and now is True)
    assert figure_of(samples, before, SPAN, "count", equals=True).value == (rises if known else None)


@given(numbers, st.none() | st.integers(0, 9).map(lambda value: Sample(1, value)))
def test_least_greatest_and_mean_are_of_what_was_reported(samples: list[Sample], before: Sample | None) -> None:
    values = [sample.value for sample in samples]
    low, high, mean = (figure_of(samples, before, SPAN, agg, unit="Cel") for agg in ("min", "max", "mean"))
    if not values:
        held = before.value if before is not None else None
        assert [low.value, high.value, mean.value] == [held] * 3
        return
    assert (low.value, high.value) == (min(values), max(values))
    assert low.at in [sample.at for sample in samples if sample.value == min(values)]
    assert mean == Figure("mean", sum(values) / len(values), "Cel")


def test_a_span_of_no_length_is_a_moment() -> None:
    held, moment = Sample(50 * S, 21.5), Span(100 * S, 100 * S)
    for agg, equals in (("mean", None), ("last", None), ("last", True), ("count", 3)):
        assert figure_of([], held, moment, agg, unit="Cel", equals=equals) == Figure("last", 21.5, "Cel", 50 * S)  # type: ignore[arg-type]
    assert figure_of([], None, moment, "mean", unit="Cel") == Figure("last", None, "Cel")


def test_power_becomes_energy() -> None:
    samples = [Sample(150 * S, 3600.0)]
    used = figure_of(samples, Sample(S, 7200.0), SPAN, "sum", trait="power", unit="W")
    assert used.unit == "kWh"
    assert used.value == pytest.approx((7.2 * 50 + 3.6 * 50) / 3600)
    assert figure_of([], None, SPAN, "sum", trait="power").value is None


def test_other_numbers_are_added() -> None:
    assert figure_of([Sample(1, 2), Sample(2, 3), Sample(3, True)], None, SPAN, "sum", trait="weight").value == 5
    assert figure_of([], None, SPAN, "sum", trait="weight").value is None


@given(switches, earlier)
def test_when_last(samples: list[Sample], before: Sample | None) -> None:
    began, still = last_began(samples, before, True)
    was = before.value if before is not None else None
    rises = []
    for sample in samples:
        if sample.value is True and was is not True:
            rises.append(sample.at)
        was = sample.value
    assert began == (rises[-1] if rises else None)
    assert still is (was is True)
    figure = figure_of(samples, before, SPAN, "last", equals=True)
    assert figure == Figure("last", True if rises else None, None, began, still)


def test_the_last_value_may_be_from_before() -> None:
    assert figure_of([], None, SPAN, "last") == Figure("last")
    assert figure_of([], Sample(7, "idle"), SPAN, "last") == Figure("last", "idle", None, 7)
    assert figure_of([Sample(8, 2), Sample(9, 3)], Sample(7, 1), SPAN, "last", unit="V") == Figure("last", 3, "V", 9)


@pytest.mark.parametrize(
    ("value", "equals", "fit"),
    [
        (True, None, True),
        (False, None, False),
        ("running", None, True),
        ("idle", None, False),
        ("Off", None, False),
        (40, None, True),
        (0.0, None, False),
        (None, None, False),
        ({"lat": 1}, None, True),
        ("heat", True, True),
        ("off", True, False),
        ("off", False, True),
        (0, False, True),
        (1, True, True),
        (True, 1, True),
        (False, False, True),
        ("open", "open", True),
        (30, "open", True),
        (0, "open", False),
        (0, "closed", True),
        (21.5, 21.5, True),
        ("cool", ["heat", "cool"], True),
        ("dry", ("heat", "cool"), False),
    ],
)
def test_what_a_question_means_by_a_value(value: Any, equals: Any, fit: bool) -> None:
    assert fits(value, equals) is fit
