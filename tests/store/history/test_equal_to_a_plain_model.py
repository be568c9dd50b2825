"""However a stream of readings is cut into appends, seals, restarts and merges: the answers are those of a list."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.history.readings import (
    DAY,
    FAR,
    HOUR,
    MINUTE,
    NOON,
    Reading,
    expected_buckets,
    expected_points,
    key_of,
    put,
)
from unisono.store.history import History, bulk, query, segment
from unisono.store.history.plan import plan_buckets

SERIES = 3
times = st.integers(-300, 300).map(lambda n: NOON + n * 7 * MINUTE) | st.integers(-3 * DAY, 3 * DAY).map(
    lambda n: NOON + n
)
values = st.integers(-1000, 1000).map(float) | st.sampled_from(["on", "off", ""])
rows = st.lists(st.tuples(st.integers(0, SERIES - 1), times, values), max_size=12)
steps = st.lists(rows | st.sampled_from(["seal", "restart", "maintain", "tomorrow"]), min_size=1, max_size=10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps,
    times,
    st.integers(1, 6 * DAY),
    st.integers(1, 40),
    st.sampled_from([2, query.HOT_ROWS]),
    st.sampled_from([1, 4, bulk.BULK_ROWS]),
)
def test_any_split_gives_the_same_answers(
    script: list[str | list[tuple[int, int, float | str]]],
    start: int,
    span: int,
    points: int,
    hot_rows: int,
    bulk_rows: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(query, "HOT_ROWS", hot_rows)
        patch.setattr(segment, "BULK_ROWS", bulk_rows)
        history = History(Path(folder))
        readings: list[Reading] = []
        now, seq = NOON, 0
        for action in script:
            if isinstance(action, list):
                seq += 1
                batch = [Reading(s, ts, (seq << 24) + n, value) for n, (s, ts, value) in enumerate(action)]
                put(history, seq, batch, known=range(SERIES) if seq == 1 else ())
                readings += batch
            elif action == "seal":
                history.seal()
            elif action == "restart":
                history.close()
                history = History(Path(folder))
            else:
                now += DAY if action == "tomorrow" else HOUR
                history.maintain(now)
        try:
            assert history.position()[1] == seq
            for series in range(SERIES):
                key = key_of(series)
                assert history.points(*key, -FAR, FAR, limit=10_000) == expected_points(readings, series, -FAR, FAR)
                within = expected_points(readings, series, start, start + span)
                assert history.points(*key, start, start + span, limit=10_000) == within
                assert history.count(*key, start, start + span) == len(within)
                plan = plan_buckets(start, start + span, points, {})
                shown = history.buckets(*key, start, start + span, points)
                assert shown == expected_buckets(within, plan.anchor, plan.width)
                before = expected_points(readings, series, -FAR, start)
                assert history.latest(*key, start) == (before[-1] if before else None)
            of_all = {
                series: found[-1] for series in range(SERIES) if (found := expected_points(readings, series, -FAR, FAR))
            }
            assert dict(history.latest_of_all()) == of_all
        finally:
            history.close()
