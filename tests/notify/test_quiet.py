"""Quiet hours: what passes, until when the rest waits, and what the clock's changes make of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unisono.notify.quiet import PRIORITIES, Quiet, Span, quiet_until

NIGHT = Span(22 * 60, 7 * 60)


def us(text: str) -> int:
    """An instant; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000


def shown(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("passes", "heard"),
    [("low", "low normal high critical"), ("high", "high critical"), ("critical", "critical")],
)
def test_what_passes(passes: str, heard: str) -> None:
    at = us("2026-11-22T23:00")
    quiet = Quiet("UTC", (NIGHT,), passes)
    assert [each for each in PRIORITIES if quiet_until(quiet, each, at) == at] == heard.split()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-22T21:59:59", "2026-11-22T21:59:59"),
        ("2026-11-22T22:00", "2026-11-23T07:00:00"),
        ("2026-11-23T06:59:59", "2026-11-23T07:00:00"),
        ("2026-11-23T07:00", "2026-11-23T07:00:00"),
        ("2026-11-23T12:00", "2026-11-23T12:00:00"),
    ],
)
def test_a_night(at: str, until: str) -> None:
    assert shown(quiet_until(Quiet("UTC", (NIGHT,)), "normal", us(at))) == until


@pytest.mark.parametrize(
    ("zone", "span", "at", "until"),
    [
        # Berlin leaps from 02:00 to 03:00 on 2027-03-28 at 01:00Z
        ("Europe/Berlin", Span(22 * 60, 7 * 60), "2027-03-27T23:00+01:00", "2027-03-28T05:00:00"),
        ("Europe/Berlin", Span(22 * 60, 2 * 60 + 30), "2027-03-27T23:00+01:00", "2027-03-28T01:00:00"),
        ("Europe/Berlin", Span(2 * 60 + 30, 4 * 60), "2027-03-28T01:30+00:00", "2027-03-28T02:00:00"),
        # and shows 02:00 to 03:00 twice on 2026-10-25, from 00:00Z and from 01:00Z
        ("Europe/Berlin", Span(22 * 60, 7 * 60), "2026-10-24T23:00+02:00", "2026-10-25T06:00:00"),
        ("Europe/Berlin", Span(22 * 60, 2 * 60 + 30), "2026-10-24T23:00+02:00", "2026-10-25T01:30:00"),
        ("Europe/Berlin", Span(22 * 60, 2 * 60 + 30), "2026-10-25T00:45+00:00", "2026-10-25T01:30:00"),
        ("Europe/Berlin", Span(2 * 60 + 30, 4 * 60), "2026-10-25T01:10+00:00", "2026-10-25T03:00:00"),
        ("America/New_York", Span(23 * 60, 2 * 60 + 15), "2027-03-13T23:30-05:00", "2027-03-14T07:00:00"),
        ("America/New_York", Span(23 * 60, 1 * 60 + 15), "2026-11-01T00:30-04:00", "2026-11-01T06:15:00"),
        # half an hour, at Lord Howe
        ("Australia/Lord_Howe", Span(21 * 60, 2 * 60 + 15), "2026-10-03T23:00+10:30", "2026-10-03T15:30:00"),
        ("Asia/Shanghai", Span(22 * 60, 7 * 60), "2026-11-22T23:00+08:00", "2026-11-22T23:00:00"),
    ],
)
def test_over_a_change_of_the_clock(zone: str, span: Span, at: str, until: str) -> None:
    assert shown(quiet_until(Quiet(zone, (span,)), "normal", us(at))) == until


def test_days_are_those_on_which_it_begins() -> None:
    weekend = Quiet("UTC", (Span(22 * 60, 9 * 60, ("fri", "sat")),))
    assert shown(quiet_until(weekend, "low", us("2026-11-22T08:00"))) == "2026-11-22T09:00:00"  # from saturday
    assert shown(quiet_until(weekend, "low", us("2026-11-22T23:00"))) == "2026-11-22T23:00:00"  # a sunday


def test_spans_that_touch_are_one() -> None:
    quiet = Quiet("UTC", (Span(13 * 60, 15 * 60), Span(15 * 60, 16 * 60), Span(14 * 60, 14 * 60 + 30)))
    assert shown(quiet_until(quiet, "normal", us("2026-11-22T13:30"))) == "2026-11-22T16:00:00"


def test_the_same_minute_twice_is_a_whole_day() -> None:
    quiet = Quiet("UTC", (Span(0, 0, ("sun",)),))
    assert shown(quiet_until(quiet, "normal", us("2026-11-22T12:00"))) == "2026-11-23T00:00:00"


def test_who_wants_to_hear_nothing_is_asked_again_within_days() -> None:
    at = us("2026-11-22T12:00")
    until = quiet_until(Quiet("UTC", (Span(0, 0),)), "normal", at)
    assert 7 * 86_400 < (until - at) / 1_000_000 <= 9 * 86_400


@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca"]),
    st.integers(us("2026-01-01T00:00") // 60_000_000, us("2028-01-01T00:00") // 60_000_000),
)
def test_what_is_held_is_free_at_its_end_and_not_before(begins: int, ends: int, zone: str, minute: int) -> None:
    assume(begins != ends)
    quiet = Quiet(zone, (Span(begins, ends),))
    at = minute * 60_000_000
    until = quiet_until(quiet, "normal", at)
    assert until >= at
    assert quiet_until(quiet, "normal", until) == until
    if until > at:
        assert quiet_until(quiet, "normal", until - 60_000_000) == until
