"""Moments: the hour that is meant, the next such day, and what is none."""

import datetime as dt

import pytest

from unisono.assist.moment import Moment, hour_of, resolve

NOW = dt.datetime(2026, 12, 4, 19, 20)


@pytest.mark.parametrize(
    ("hour", "half", "meant"),
    [
        (8, "pm", 20),
        (12, "pm", 12),
        (12, "am", 0),
        (8, "am", 8),
        (11, "night", 23),
        (12, "night", 0),
        (2, "night", 2),
        (15, None, 15),
    ],
)
def test_the_hour(hour: int, half: str | None, meant: int) -> None:
    assert hour_of(Moment(start=0, end=1, hour=hour, half=half)) == meant  # type: ignore[arg-type]


def test_a_day_alone_is_no_moment() -> None:
    assert not Moment(start=0, end=1, day=1).exact
    assert resolve(Moment(start=0, end=1, day=1), NOW) is None
    assert Moment(start=0, end=1, seconds=5).exact


def test_a_date_that_never_comes() -> None:
    assert resolve(Moment(start=0, end=1, month=2, date=30, hour=8), NOW) is not None  # then the clock alone counts


def test_twelve_in_the_evening_is_midnight() -> None:
    assert resolve(Moment(start=0, end=1, hour=12), NOW) == dt.datetime(2026, 12, 5)
