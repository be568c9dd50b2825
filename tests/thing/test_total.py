"""What a rising total gained, and when it began anew."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.thing import began_anew, gained, gained_within


@pytest.mark.parametrize(
    ("before", "now", "gain"),
    [
        (100.0, 103.0, 3.0),
        (100.0, 100.0, 0.0),
        (4190.0, 4182.0, -8.0),  # put right: nobody counts a whole meter anew for it
        (100.0, 90.0, -10.0),
        (100.0, 89.9, 89.9),  # began anew
        (100.0, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (3.0, -4.0, -7.0),  # one that runs backwards does not begin anew
        (-10.0, -11.0, -1.0),
    ],
)
def test_a_total_that_falls_far_began_anew(before: float, now: float, gain: float) -> None:
    assert gained(before, now) == pytest.approx(gain)
    assert began_anew(before, now) is (now in (89.9, 0.0) and before > 0)


@pytest.mark.parametrize(
    ("before", "readings"),
    [
        (100.0, [101.0, 105.0]),
        (100.0, [101.0, 0.0, 2.0]),  # replaced, and not yet where it was
        (100.0, [0.0, 50.0, 120.0]),  # replaced at once, and farther than it was
        (100.0, [200.0, 95.0]),  # replaced by one that stands at nearly as much
        (4190.0, [4182.0, 4183.0]),
        (100.0, [99.0, 100.5]),
    ],
)
def test_a_stretch_gained_what_its_readings_did(before: float, readings: list[float]) -> None:
    wanted = sum(gained(one, other) for one, other in pairwise([before, *readings]))
    assert gained_within(before, min(readings), max(readings), readings[-1]) == pytest.approx(wanted)


@given(st.none() | st.just(500.0), st.lists(st.floats(500, 540), min_size=1), st.integers(1, 9))
def test_stretches_add_up_to_the_whole(before: float | None, readings: list[float], size: int) -> None:
    """However a time without a new meter is cut: the first reading, or the one before it, and the last one count."""
    total, held = 0.0, before
    for start in range(0, len(readings), size):
        part = readings[start : start + size]
        total += gained_within(held, min(part), max(part), part[-1])
        held = part[-1]
    first = before if before is not None else min(readings[:size])
    assert total == pytest.approx(readings[-1] - first, abs=1e-9)
