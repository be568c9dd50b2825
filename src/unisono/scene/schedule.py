"""When a schedule is due: once, at a time of day, by cron, at sunrise or sunset, or every so many seconds.

Knows calendars, zones and the sun. Knows no clock: every time is passed in as microseconds since the Unix epoch (UTC).
A schedule is a function of wall time alone, so a replay finds the same moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from astral import Observer, SunDirection
from astral.sun import SUN_APPARENT_RADIUS, noon, time_of_transit
from cronsim import CronSim, CronSimError

from unisono.errors import CallerError

__all__ = ["DAYS", "SUN", "Schedule", "Timing", "Where", "compile_schedule", "read_weekdays"]

SECOND = 1_000_000

#: Names of days as cron writes them, and the groups people speak of.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = {"day": range(7), "weekday": range(5), "weekend": range(5, 7)}

#: Moments of the sun: its distance from the zenith, and whether it rises. Its upper edge counts for sunrise and sunset;
#: dawn and dusk are civil, six degrees below the horizon. Noon is when it stands highest.
SUN: dict[str, tuple[float, SunDirection] | None] = {
    "dawn": (96.0, SunDirection.RISING),
    "sunrise": (90.0 + SUN_APPARENT_RADIUS, SunDirection.RISING),
    "noon": None,
    "sunset": (90.0 + SUN_APPARENT_RADIUS, SunDirection.SETTING),
    "dusk": (96.0, SunDirection.SETTING),
}

#: North of the polar circle the sun stays away or up for months; a moment that a year and a day do not bring never
#: comes at this place.
SUN_LOOK_AHEAD_DAYS = 367
#: An offset to the sun beyond half a day belongs to another of its moments.
LONGEST_OFFSET_S = 12 * 3600
#: An interval shorter than this is a trigger on a change in disguise.
SHORTEST_INTERVAL_S = 1
LONGEST_INTERVAL_S = 366 * 86_400
#: Past this year neither calendars nor 64-bit microseconds of other programs are to be trusted.
LAST_YEAR = 9000

DAY = timedelta(days=1)
HALF_A_DAY = timedelta(hours=12)


class Where(msgspec.Struct, frozen=True):
    """A point on the earth, degrees; north and east are positive (ISO 6709)."""

    latitude: float
    longitude: float


class Timing(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A schedule as people write it; exactly one of ``at``, ``cron`` and ``every_s``, the others as they fit.

    ``at``: a local ISO date and time (once), ``HH:MM`` or a moment of the sun (on the days of ``every``).
    ``every``: ``day``, ``weekday``, ``weekend`` or days such as ``mon,thu``. ``cron``: five fields, local time.
    ``offset_s`` moves a moment of the sun. ``every_s`` counts from midnight 1 January 1970 UTC, so that it does not
    depend on when the hub was started.
    """

    at: str | None = None
    every: str | None = None
    cron: str | None = None
    every_s: int | None = None
    offset_s: int = 0


class Schedule(Protocol):
    """Something that is due again and again, or once."""

    def after(self, at: int) -> int | None:
        """The first moment later than ``at``, or None when none will come."""
        ...


def compile_schedule(timing: Timing, zone: ZoneInfo, where: Where | None) -> Schedule:
    """Raises CallerError ``bad_value`` naming the field that cannot be, and what would."""
    given = [name for name in ("at", "cron", "every_s") if getattr(timing, name) is not None]
    if len(given) != 1:
        raise _bad("at", f"{' and '.join(given) or 'none'} given", 'one of "at", "cron" and "every_s"')
    if timing.every is not None and timing.at is None:
        raise _bad("every", f'it does not go with "{given[0]}"', 'it names days for "at"')
    if timing.offset_s and timing.at not in SUN:
        raise _bad("offset_s", "only a moment of the sun can be moved", f"at: one of {', '.join(SUN)}")
    if timing.every_s is not None:
        if not SHORTEST_INTERVAL_S <= timing.every_s <= LONGEST_INTERVAL_S:
            raise _bad("every_s", str(timing.every_s), f"{SHORTEST_INTERVAL_S} to {LONGEST_INTERVAL_S} seconds")
        return Interval(timing.every_s)
    if timing.cron is not None:
        return Cron(timing.cron, zone, "cron")
    assert timing.at is not None
    if timing.at in SUN:
        return _compile_sun(timing, zone, where)
    return _compile_at(timing, zone)


def _compile_sun(timing: Timing, zone: ZoneInfo, where: Where | None) -> Schedule:
    assert timing.at is not None
    if where is None:
        raise _bad("at", f"{timing.at} needs to know where the place is", "latitude and longitude on the root place")
    if abs(timing.offset_s) > LONGEST_OFFSET_S:
        raise _bad("offset_s", str(timing.offset_s), f"at most {LONGEST_OFFSET_S} seconds before or after")
    return Sun(timing.at, read_weekdays(timing.every or "day"), timing.offset_s, zone, where)


def _compile_at(timing: Timing, zone: ZoneInfo) -> Schedule:
    assert timing.at is not None
    if len(timing.at) == len("HH:MM"):
        hour, colon, minute = timing.at.partition(":")
        if not (colon and (hour + minute).isascii() and (hour + minute).isdigit()) or hour > "23" or minute > "59":
            raise _bad("at", timing.at, f'"HH:MM" from 00:00 to 23:59, or one of {", ".join(SUN)}')
        days = read_weekdays(timing.every or "day")
        fields = ",".join(DAYS[day] for day in sorted(days)) if len(days) < len(DAYS) else "*"
        return Cron(f"{int(minute)} {int(hour)} * * {fields}", zone, "at")
    if timing.every is not None:
        raise _bad("at", f"{timing.at!r} with every", f'"HH:MM" or one of {", ".join(SUN)}')
    try:
        moment = datetime.fromisoformat(timing.at)
    except ValueError as error:
        expected = f'"HH:MM", a local date and time such as "2026-11-22T19:00", or one of {", ".join(SUN)}'
        raise _bad("at", timing.at, expected) from error
    if not 1970 < moment.year < LAST_YEAR:
        raise _bad("at", timing.at, f"a year from 1971 to {LAST_YEAR - 1}")
    return Once(_us(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)))


def read_weekdays(every: str, field: str = "every") -> frozenset[int]:
    """``day``, ``weekday``, ``weekend`` or ``mon,thu`` as numbers of `datetime.date.weekday`; raises CallerError."""
    group = GROUPS.get(every)
    if group is not None:
        return frozenset(group)
    days = [day.strip() for day in every.split(",")]
    if any(day not in DAYS for day in days):
        raise _bad(field, every, f"day, weekday, weekend, or some of {','.join(DAYS)}")
    return frozenset(map(DAYS.index, days))


def _bad(field: str, detail: str, expected: str) -> CallerError:
    return CallerError(f"{detail} is no time that can be kept", code="bad_value", field=field, expected=expected)


def _us(moment: datetime) -> int:
    """Exact: a float of today's microseconds since the epoch would lose the last digit."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _datetime(at: int, zone: ZoneInfo) -> datetime | None:
    """None: the clock stands where no calendar reaches."""
    try:
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone)
    except OverflowError:
        return None
    return moment if moment.year < LAST_YEAR else None


class Once:
    """One moment. A local time that the clocks skip counts as before the change; one that comes twice is the first."""

    def __init__(self, moment: int) -> None:
        self._moment = moment

    def after(self, at: int) -> int | None:
        return self._moment if at < self._moment else None


class Interval:
    """Every so many seconds, counted from the epoch."""

    def __init__(self, every_s: int) -> None:
        self._every = every_s * SECOND

    def after(self, at: int) -> int | None:
        return (at // self._every + 1) * self._every


class Cron:
    """Local times by five cron fields, with Debian cron's way through daylight saving: a fixed time that clocks skip
    is due at the moment of the change, one that comes twice is due the first time only; a pattern with ``*`` in hour or
    minute follows real time.
    """

    def __init__(self, fields: str, zone: ZoneInfo, field: str) -> None:
        self._fields = fields
        self._zone = zone
        expected = "minute hour day-of-month month day-of-week, such as 30 7 * * mon-fri"
        if len(fields.split()) != 5:
            raise _bad(field, fields, expected)
        try:
            next(CronSim(fields, datetime(2026, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration, IndexError) as error:
            raise _bad(field, fields, f"{expected} ({error or 'it never comes'})") from error

    def after(self, at: int) -> int | None:
        start = _datetime(at, self._zone)
        if start is None:
            return None
        moments = CronSim(self._fields, start)
        moment = next(moments)
        while _us(moment) <= at:  # started inside the hour that comes twice, it may look back once
            moment = next(moments)
        return _us(moment) if moment.year < LAST_YEAR else None


class Sun:
    """A moment of the sun, moved by an offset, on some days of the week (the local day on which it then falls)."""

    def __init__(self, event: str, days: frozenset[int], offset_s: int, zone: ZoneInfo, where: Where) -> None:
        self._event = SUN[event]
        self._days = days
        self._offset = timedelta(seconds=offset_s)
        self._zone = zone
        if not (-90 <= where.latitude <= 90 and -180 <= where.longitude <= 180):
            raise _bad("at", f"a place at {where.latitude}, {where.longitude}", "degrees up to 90 and 180")
        self._observer = Observer(where.latitude, where.longitude)

    def after(self, at: int) -> int | None:
        start = _datetime(at, self._zone)
        if start is None:
            return None
        for moment in self._moments((start - self._offset).astimezone(UTC).date()):
            due = _us(moment)
            if due > at and moment.astimezone(self._zone).weekday() in self._days:
                return due
        return None

    def _moments(self, first: date) -> Iterator[datetime]:
        """In ascending order, at most one a solar day."""
        for number in range(-2, SUN_LOOK_AHEAD_DAYS):
            try:
                yield self._moment(first + timedelta(days=number)) + self._offset
            except ValueError:
                continue  # the sun does not come so far on this day

    def _moment(self, day: date) -> datetime:
        """Of the solar day around a date's noon. astral tells the time of day; near the polar circle that crosses
        midnight, and taken for the date's own it would come twice on one day and not at all on another."""
        if self._event is None:
            return noon(self._observer, day, tzinfo=UTC)
        zenith, direction = self._event
        found = time_of_transit(self._observer, day, zenith, direction)
        middle = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(hours=self._observer.longitude / 15)
        earliest = middle - HALF_A_DAY if direction is SunDirection.RISING else middle
        return found - (found - earliest) // DAY * DAY
