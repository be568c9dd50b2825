"""The stretch of time that a question is about: ``last week``, ``yesterday``, ``{from, to}``.

Knows calendars in the time zone of the moment that is passed in. Knows no words of any language (a plan names periods
as the design does) and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from unisono.errors import CallerError

__all__ = ["Span", "read_span"]

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

#: "Last night" begins when people are at home and ends before they leave.
NIGHT_FROM_HOUR, NIGHT_TO_HOUR = 20, 6

_LAST = re.compile(r"^last (\d{1,5}) (minute|hour|day|week|month|year)s?$")
_LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": DAY, "week": WEEK}
#: Of a rolling month and year: what people mean by "in the last three months" is no calendar.
_MONTH, _YEAR = timedelta(days=30), timedelta(days=365)


class Span(NamedTuple):
    """From ``start`` up to but not including ``end``, microseconds since the Unix epoch (UTC)."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SECOND


def read_span(over: str | Mapping[str, str] | None, now: datetime) -> Span | None:
    """The stretch that ``over`` names as seen from ``now`` (with its zone); None for now itself.

    A day is a day of the calendar: 23 or 25 hours when the clocks change. Nothing lies in the future: what has not
    ended yet ends now. Raises CallerError ``bad_value``.
    """
    if over is None or over == "now":
        return None
    if isinstance(over, Mapping):
        return _given(over, now)
    found = _named(" ".join(over.replace("_", " ").split()).lower(), now)
    if found is None:
        raise _bad(over)
    return _span(*found, now)


def _given(over: Mapping[str, str], now: datetime) -> Span:
    start, end = over.get("from"), over.get("to")
    if not isinstance(start, str) or not isinstance(end, str | None):
        raise _bad(over)
    return _span(_moment(start, now), now if end is None else _moment(end, now), now)


def _moment(text: str, now: datetime) -> datetime:
    """An ISO time, local where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(text) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _named(name: str, now: datetime) -> tuple[datetime, datetime] | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    monday = today - today.weekday() * DAY  # the clock on the wall, so midnight stays midnight
    first = today.replace(day=1)
    before = (first - DAY).replace(day=1)
    year = first.replace(month=1)
    spans = {
        "today": (today, now),
        "yesterday": (today - DAY, today),
        "day before yesterday": (today - 2 * DAY, today - DAY),
        "last night": ((today - DAY).replace(hour=NIGHT_FROM_HOUR), today.replace(hour=NIGHT_TO_HOUR)),
        "this week": (monday, now),
        "last week": (monday - WEEK, monday),
        "this month": (first, now),
        "last month": (before, first),
        "this year": (year, now),
        "last year": (year.replace(year=year.year - 1), year),
    }
    if name in spans:
        return spans[name]
    match = _LAST.match(name)
    if match is None:
        return None
    count, unit = int(match[1]), match[2]
    length = {**_LENGTHS, "month": _MONTH, "year": _YEAR}[unit] * count
    # elapsed time, not the clock on the wall: the last hour has sixty minutes when the clocks change too
    return (now.astimezone(UTC) - length).astimezone(now.tzinfo), now


def _span(start: datetime, end: datetime, now: datetime) -> Span:
    latest = _us(now)
    span = Span(_us(start), min(_us(end), latest))
    if span.end < span.start:
        raise CallerError("it has not begun yet", code="bad_value", field="over", expected="a time that is past")
    return span


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _bad(over: object) -> CallerError:
    expected = "today, yesterday, last night, this week, last week, last 7 days, this month, last month, or {from, to}"
    return CallerError(f"{str(over)[:80]!r} is no period", code="bad_value", field="over", expected=expected)
