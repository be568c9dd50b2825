"""Quiet hours: until when a message waits.

Pure: the instant is passed in (microseconds since the epoch, UTC); time zones come from the tz database. Quiet hours
are spans of wall time: they begin when the clock first shows their beginning and end when it last shows their end, so
that an hour that the clock shows twice is quiet twice, and one that it leaves out ends with the leap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["DAYS", "PRIORITIES", "Quiet", "Span", "quiet_until"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: From the least to the one that nothing holds back.
PRIORITIES = ("low", "normal", "high", "critical")

SECOND = 1_000_000

#: Spans that follow each other without a gap are walked through so far; who wants to hear nothing has no channel.
FURTHEST_DAYS = 8


class Span(msgspec.Struct, frozen=True):
    """From a minute of the day to another, of the next day when it is not later; on the ``days`` it begins (none: all).

    The same minute twice is a whole day.
    """

    begins: int
    ends: int
    days: tuple[str, ...] = ()


class Quiet(msgspec.Struct, frozen=True):
    """One person's quiet hours. ``passes``: this priority and above pass; critical always does."""

    zone: str = "UTC"
    spans: tuple[Span, ...] = ()
    passes: str = "critical"


def quiet_until(quiet: Quiet, priority: str, at: int) -> int:
    """When a message of ``priority`` may be heard, at the earliest ``at``."""
    if not quiet.spans or priority == "critical" or PRIORITIES.index(priority) >= PRIORITIES.index(quiet.passes):
        return at
    zone = ZoneInfo(quiet.zone)
    today = datetime.fromtimestamp(at / SECOND, zone).date()
    periods = sorted(
        period
        for offset in range(-1, FURTHEST_DAYS)
        for period in _periods(quiet.spans, today + timedelta(days=offset), zone)
    )
    until = at
    for begins, ends in periods:
        if begins <= until < ends:
            until = ends
    return until


def _periods(spans: Sequence[Span], day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    found = []
    for span in spans:
        if span.days and DAYS[day.weekday()] not in span.days:
            continue
        last = day if span.ends > span.begins else day + timedelta(days=1)
        found.append((_instant(day, span.begins, zone, 0), _instant(last, span.ends, zone, 1)))
    return found


def _instant(day: date, minute: int, zone: ZoneInfo, fold: int) -> int:
    """When the clock shows that minute: the first (fold 0) or last (1) time; one left out: when the clock leaps."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone).replace(fold=fold)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        # Between the two readings of a time that does not exist lies the leap (PEP 495): what is there both ways.
        found = _leap(wall, zone)
    return int(found.timestamp()) * SECOND


def _leap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the leap over ``wall``, to the minute."""
    early, late = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    at = early
    while at < late and at.astimezone(zone).utcoffset() == before:
        at += timedelta(minutes=1)
    return at
