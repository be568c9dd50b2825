"""Times said in a sentence: clocks, days, durations from now, what recurs; and what they are in a plan.

Knows calendars. Knows no words (those are each language's ``times.py``) and no clock: now is passed in.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

import msgspec

__all__ = ["DAY", "DAYS", "NOON", "Moment", "hour_of", "resolve"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOON = 12
DAY = dt.timedelta(days=1)
WEEK = 7

Role: TypeAlias = Literal["at", "after", "until", "for", "over"]
Half: TypeAlias = Literal["am", "pm", "night"]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One time at ``text[start:end]``, as it was said.

    ``role``: at that time, after so many ``seconds``, until then, for so long, or over that span of the past.
    ``half``: the part of the day, where it was said ("night": eleven is before midnight and one is after it).
    ``day``: days from today; ``week`` with ``weekday``: 0 the coming one or this week's, 1 next week's.
    ``every``: as in a plan. ``shift_s``: so long after (before: negative) the sun's event.
    """

    start: int
    end: int
    role: Role = "at"
    hour: int | None = None
    minute: int = 0
    half: Half | None = None
    day: int | None = None
    weekday: int | None = None
    week: int | None = None
    month: int | None = None
    date: int | None = None
    sun: Literal["sunrise", "sunset"] | None = None
    shift_s: float = 0
    seconds: float | None = None
    every: str | None = None
    over: str | None = None  # a period by its name in the design; "last" or "ago" with seconds; or "past"

    @property
    def exact(self) -> bool:
        """Whether it names a moment and not only a day."""
        return self.hour is not None or self.sun is not None or self.seconds is not None


def hour_of(moment: Moment) -> int:
    """The hour in 24, as far as the part of the day tells."""
    assert moment.hour is not None, "asked of clocks only"
    hour = moment.hour
    if moment.half == "pm" and hour < NOON:
        return hour + NOON
    if moment.half == "am" and hour == NOON:
        return 0
    if moment.half == "night":  # eleven at night, and one at night
        return hour + NOON if 5 <= hour < NOON else 0 if hour == NOON else hour
    return hour


def resolve(moment: Moment, now: dt.datetime) -> dt.datetime | None:
    """The local time (without zone) that is meant; None where only a day or the sun is named.

    A clock without a day is the next one to come, and without a part of the day the nearer of the two.
    """
    if moment.seconds is not None:
        return now + dt.timedelta(seconds=moment.seconds)
    if moment.hour is None:
        return None
    clock = dt.time(hour_of(moment) % 24, moment.minute)
    carried = DAY if hour_of(moment) == 24 or _past_midnight(moment) else dt.timedelta()
    base = _day(moment, now)
    if base is not None:
        found = dt.datetime.combine(base, clock) + carried
        if moment.half is None and found < now and moment.day == 0 and found.hour < NOON:
            found += DAY / 2  # "today at eight", said at ten in the morning
        return found
    found = dt.datetime.combine(now.date(), clock)
    if moment.hour == NOON and moment.half is None and found <= now:
        return dt.datetime.combine(now.date(), dt.time(0, moment.minute)) + DAY  # "at twelve", said in the evening
    while found <= now:
        # "at eight" said at five in the afternoon is this evening's
        found += DAY if moment.half is not None or moment.hour >= NOON or moment.hour == 0 else DAY / 2
    return found


def _past_midnight(moment: Moment) -> bool:
    """Twelve, one or two "tonight" belong to tomorrow's date."""
    return moment.half == "night" and moment.day is not None and hour_of(moment) < 5


def _day(moment: Moment, now: dt.datetime) -> dt.date | None:
    today = now.date()
    if moment.day is not None:
        return today + moment.day * DAY
    if moment.weekday is not None:
        if moment.week is None:
            ahead = (moment.weekday - today.weekday()) % WEEK
            if (
                ahead == 0
                and moment.hour is not None
                and (hour_of(moment) % 24, moment.minute) <= (now.hour, now.minute)
            ):
                ahead = WEEK
            return today + ahead * DAY
        return today + (moment.weekday - today.weekday() + WEEK * moment.week) * DAY
    if moment.date is not None:
        return _date(moment.month, moment.date, today)
    return None


def _date(month: int | None, day: int, today: dt.date) -> dt.date | None:
    """The next such date; None where there is none (30 February)."""
    for ahead in range(25):
        total = today.month - 1 + ahead if month is None else month - 1 + 12 * (ahead // 2)
        try:
            found = dt.date(today.year + total // 12, total % 12 + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None
