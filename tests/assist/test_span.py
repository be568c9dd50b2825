"""Stretches of time, by the calendar of the place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.assist.answer.span import Span, read_span
from unisono.errors import CallerError

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

# a Sunday
NOW = datetime(2026, 11, 22, 18, 30, tzinfo=SHANGHAI)

NAMED = [
    ("today", "2026-11-22T00:00", "2026-11-22T18:30"),
    ("yesterday", "2026-11-21T00:00", "2026-11-22T00:00"),
    ("day before yesterday", "2026-11-20T00:00", "2026-11-21T00:00"),
    ("last night", "2026-11-21T20:00", "2026-11-22T06:00"),
    ("this week", "2026-11-16T00:00", "2026-11-22T18:30"),
    ("last week", "2026-11-09T00:00", "2026-11-16T00:00"),
    ("this month", "2026-11-01T00:00", "2026-11-22T18:30"),
    ("last month", "2026-10-01T00:00", "2026-11-01T00:00"),
    ("last 7 days", "2026-11-15T18:30", "2026-11-22T18:30"),
    ("last 3 hours", "2026-11-22T15:30", "2026-11-22T18:30"),
    ("last_1_month", "2026-10-23T18:30", "2026-11-22T18:30"),
    ("last 1 year", "2025-11-22T18:30", "2026-11-22T18:30"),
    ("this year", "2026-01-01T00:00", "2026-11-22T18:30"),
    ("Last  Year", "2025-01-01T00:00", "2026-01-01T00:00"),
]


def us(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000_000)


@pytest.mark.parametrize(("over", "start", "end"), NAMED)
def test_names_of_the_design_are_days_of_the_place(over: str, start: str, end: str) -> None:
    assert read_span(over, NOW) == Span(us(start), us(end))


def test_now_is_no_stretch() -> None:
    assert read_span(None, NOW) is None
    assert read_span("now", NOW) is None


def test_from_and_to_are_local_where_they_name_no_zone() -> None:
    given_span = read_span({"from": "2026-11-20T08:00", "to": "2026-11-20T02:00:00+00:00"}, NOW)
    assert given_span == Span(us("2026-11-20T08:00"), us("2026-11-20T10:00"))
    assert given_span.seconds == 7200
    assert read_span({"from": "2026-11-22"}, NOW) == read_span("today", NOW)


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    back = datetime(2026, 10, 26, 9, 0, tzinfo=BERLIN)
    assert read_span("yesterday", back) == Span(us("2026-10-25T00:00", BERLIN), us("2026-10-26T00:00", BERLIN))
    spans = [read_span("yesterday", at) for at in (back, datetime(2026, 3, 30, 9, tzinfo=BERLIN))]
    assert [span.seconds / 3600 for span in spans if span] == [25, 23]
    hour = read_span("last 4 hours", datetime(2026, 10, 25, 4, 0, tzinfo=BERLIN))
    assert hour is not None
    assert hour.seconds == 4 * 3600


def test_in_the_small_hours_last_night_is_not_over() -> None:
    assert read_span("last night", NOW.replace(hour=2)) == Span(us("2026-11-21T20:00"), us("2026-11-22T02:30"))


@pytest.mark.parametrize(
    "over",
    ["soon", "", "last 7 moons", {"to": "2026-11-20"}, {"from": 5}, {"from": "2026-11-20", "to": 5}, {"from": "x"}],
)
def test_what_is_no_period_is_refused(over: str | dict[str, str]) -> None:
    with pytest.raises(CallerError, match="no period") as caught:
        read_span(over, NOW)
    assert caught.value.field == "over"


@pytest.mark.parametrize("over", [{"from": "2026-11-23"}, {"from": "2026-11-20", "to": "2026-11-19"}])
def test_the_future_has_no_history(over: dict[str, str]) -> None:
    with pytest.raises(CallerError, match="not begun"):
        read_span(over, NOW)


@given(st.datetimes(datetime(2001, 1, 2), datetime(2090, 1, 1), timezones=st.sampled_from([UTC, SHANGHAI, BERLIN])))
def test_a_stretch_is_past_and_days_join(now: datetime) -> None:
    latest = round(now.timestamp() * 1_000_000)
    for over, _start, _end in NAMED:
        span = read_span(over, now)
        assert span is not None
        assert span.start <= span.end <= latest + 1
    yesterday, before = read_span("yesterday", now), read_span("day before yesterday", now)
    assert yesterday is not None
    assert before is not None
    assert before.end == yesterday.start
    assert timedelta(hours=22) <= timedelta(seconds=yesterday.seconds) <= timedelta(hours=26)
