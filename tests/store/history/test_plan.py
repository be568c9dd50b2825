from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.store.history.readings import DAY, HOUR, MINUTE, NOON
from unisono.store.history.plan import LEVELS, Piece, floor_to, month_start, plan_buckets

times = st.integers(-3 * DAY, 400 * DAY).map(lambda offset: NOON + offset)


def test_narrow_buckets_come_from_readings() -> None:
    plan = plan_buckets(NOON, NOON + HOUR, 60, {})
    assert plan == (NOON, MINUTE, [Piece("raw", NOON, NOON + HOUR)])


def test_wide_buckets_come_from_the_coarsest_rollup_and_ragged_ends_from_finer_ones() -> None:
    start, end = NOON + MINUTE, NOON + 10 * HOUR + 7 * MINUTE
    plan = plan_buckets(start, end, 5, {})
    assert plan.anchor == NOON
    assert plan.width == 3 * HOUR
    assert plan.pieces == [
        Piece("raw", start, NOON + 5 * MINUTE),
        Piece("5m", NOON + 5 * MINUTE, NOON + HOUR),
        Piece("1h", NOON + HOUR, NOON + 10 * HOUR),
        Piece("5m", NOON + 10 * HOUR, NOON + 10 * HOUR + 5 * MINUTE),
        Piece("raw", NOON + 10 * HOUR + 5 * MINUTE, end),
    ]


def test_below_its_horizon_a_level_is_replaced_by_the_next() -> None:
    lost = NOON + 7 * MINUTE
    plan = plan_buckets(NOON + MINUTE, NOON + HOUR, 59, {"raw": lost})
    assert plan.pieces == [Piece("5m", NOON, NOON + 10 * MINUTE), Piece("raw", NOON + 10 * MINUTE, NOON + HOUR)]


def test_the_last_level_has_no_substitute() -> None:
    lost = dict.fromkeys(LEVELS, NOON + DAY)
    plan = plan_buckets(NOON, NOON + HOUR, 60, lost)
    assert plan.pieces == [Piece("1h", NOON, NOON + HOUR)]


@given(times, st.integers(1, 40 * DAY), st.integers(1, 500))
def test_pieces_cover_the_stretch_exactly_once_in_at_most_the_buckets_wanted(
    start: int, span: int, points: int
) -> None:
    end = start + span
    plan = plan_buckets(start, end, points, {})
    assert plan.pieces[0].start == start
    assert plan.pieces[-1].end == end
    assert all(a.end == b.start for a, b in zip(plan.pieces, plan.pieces[1:], strict=False))
    assert plan.anchor <= start
    assert (end - 1 - plan.anchor) // plan.width < points
    for piece in plan.pieces:
        level = LEVELS[piece.level]
        assert piece.start % level == 0
        assert piece.end % level == 0
        assert (piece.start - plan.anchor) % level == 0
        assert plan.width % level == 0 or piece.level == "raw"


near = st.integers(-2 * HOUR, 2 * HOUR).map(lambda offset: NOON + offset)


@given(times | near, st.integers(1, 40 * DAY) | st.integers(1, HOUR), st.integers(1, 500), times | near, times | near)
def test_with_horizons_no_row_is_taken_twice_and_none_that_is_gone(
    start: int, span: int, points: int, one: int, other: int
) -> None:
    horizons = {"raw": max(one, other), "5m": min(one, other)}
    plan = plan_buckets(start, start + span, points, horizons)
    assert all(a.end <= b.start for a, b in zip(plan.pieces, plan.pieces[1:], strict=False))
    assert plan.pieces[0].start <= start
    assert plan.pieces[-1].end >= start + span
    for piece in plan.pieces:
        assert piece.start % LEVELS[piece.level] == 0
        assert piece.start >= horizons.get(piece.level, piece.start)


def test_month_start_knows_the_calendar_and_survives_its_end() -> None:
    day = floor_to(NOON, DAY)
    assert month_start(day) == day - 21 * DAY
    assert month_start(10**18) == 10**18
