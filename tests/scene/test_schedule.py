"""Schedules: two years of daylight saving in five zones against a plain calendar, the sun at 70 degrees, bad ones."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.scene.schedule import Schedule, Timing, Where, compile_schedule, read_weekdays

SECOND = 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")
NORTH = Where(70.0, 25.0)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Shanghai")


def us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moments(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    found, at = [], us(start)
    while (due := schedule.after(at)) is not None and due <= us(end):
        assert due > at
        at = due
        found.append(datetime.fromtimestamp(due / SECOND, UTC))
    return found


def expected(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The wall time where it exists (the first, where twice), else the first minute behind the gap."""
    wanted = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    back = wanted.astimezone(UTC).astimezone(zone)
    if back.replace(fold=0) == wanted and back.hour == hour and back.minute == minute:
        return wanted.astimezone(UTC)
    probe = wanted.astimezone(UTC) - timedelta(hours=3)
    while probe.astimezone(zone).replace(tzinfo=None) < wanted.replace(tzinfo=None):
        probe += timedelta(minutes=1)
    return probe


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:00", "00:30", "02:00", "02:30", "03:00", "23:59"])
def test_every_day_once_through_two_years(zone: str, at: str) -> None:
    place = ZoneInfo(zone)
    schedule = compile_schedule(Timing(at=at), place, None)
    first = datetime(2027, 1, 1, tzinfo=place)
    hour, minute = map(int, at.split(":"))
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(731)]
    wanted = [expected(day, hour, minute, place) for day in days]
    found = moments(schedule, first - timedelta(seconds=1), wanted[-1])
    assert found == wanted


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("zone", ZONES)
def test_a_pattern_follows_real_time(zone: str) -> None:
    schedule = compile_schedule(Timing(cron="*/30 * * * *"), ZoneInfo(zone), None)
    start = datetime(2027, 1, 1, tzinfo=UTC)
    found = moments(schedule, start, start + timedelta(days=365))
    gaps = {after - before for before, after in itertools.pairwise(found)}
    assert gaps == {timedelta(minutes=30)}


def test_leap_day_and_the_end_of_calendars() -> None:
    schedule = compile_schedule(Timing(cron="0 0 29 2 *"), BERLIN, None)
    found = moments(schedule, datetime(2026, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC))
    assert [moment.astimezone(BERLIN).date() for moment in found] == [
        date(2028, 2, 29),
        date(2032, 2, 29),
        date(2036, 2, 29),
    ]
    assert schedule.after(us(datetime(8999, 12, 31, tzinfo=UTC))) is None
    assert schedule.after(2**62) is None


def test_inside_the_hour_that_comes_twice() -> None:
    """Half past two came already, an hour ago, on the same clock."""
    schedule = compile_schedule(Timing(at="02:30"), BERLIN, None)
    second_pass = us(datetime(2027, 10, 31, 1, 15, tzinfo=UTC))
    due = schedule.after(second_pass)
    assert due == us(datetime(2027, 11, 1, 1, 30, tzinfo=UTC))


def test_once() -> None:
    schedule = compile_schedule(Timing(at="2026-11-22T19:00"), BERLIN, None)
    due = us(datetime(2026, 11, 22, 18, tzinfo=UTC))
    assert schedule.after(due - 1) == due
    assert schedule.after(due) is None
    same = compile_schedule(Timing(at="2026-11-22T18:00:00Z"), BERLIN, None)
    assert same.after(0) == due


def test_interval() -> None:
    schedule = compile_schedule(Timing(every_s=90), BERLIN, None)
    assert [schedule.after(0), schedule.after(90 * SECOND), schedule.after(91 * SECOND)] == [
        90 * SECOND,
        180 * SECOND,
        180 * SECOND,
    ]


def test_days_of_the_week() -> None:
    schedule = compile_schedule(Timing(at="07:00", every="mon, thu"), BERLIN, None)
    found = moments(schedule, datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 7, tzinfo=UTC))
    assert {moment.weekday() for moment in found} == {0, 3}
    assert read_weekdays("weekend") == {5, 6}


class TestSun:
    def test_sunset_moved_and_on_some_days(self) -> None:
        plain = compile_schedule(Timing(at="sunset"), BERLIN, Where(52.5, 13.4))
        moved = compile_schedule(Timing(at="sunset", offset_s=-1800, every="weekend"), BERLIN, Where(52.5, 13.4))
        start, end = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 7, tzinfo=UTC)
        weekend = [m - timedelta(minutes=30) for m in moments(plain, start, end) if m.astimezone(BERLIN).weekday() > 4]
        found = moments(moved, start, end)
        assert len(found) == 4
        assert all(abs(a - b) < timedelta(seconds=1) for a, b in zip(found, weekend, strict=True))

    @pytest.mark.parametrize("event", ["sunrise", "sunset", "dawn", "dusk"])
    def test_seventy_degrees_north(self, event: str) -> None:
        """Polar night and midnight sun: nothing comes twice, nothing out of order, and it comes back in time."""
        found = moments(
            compile_schedule(Timing(at=event), ZoneInfo("Europe/Oslo"), NORTH),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2028, 1, 1, tzinfo=UTC),
        )
        gaps = [after - before for before, after in itertools.pairwise(found)]
        assert all(timedelta(hours=20) < gap for gap in gaps)
        assert max(gaps) > timedelta(days=30)
        assert len(found) > 350

    def test_no_sun_at_all_on_a_day(self) -> None:
        schedule = compile_schedule(Timing(at="sunrise"), ZoneInfo("Europe/Oslo"), NORTH)
        due = schedule.after(us(datetime(2026, 12, 21, tzinfo=UTC)))
        assert due is not None
        assert datetime.fromtimestamp(due / SECOND, UTC).date() > date(2027, 1, 10)

    def test_noon(self) -> None:
        """Berlin lies west of its zone's meridian: the sun stands highest after twelve."""
        schedule = compile_schedule(Timing(at="noon"), BERLIN, Where(52.5, 13.4))
        found = moments(schedule, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        assert len(found) == 365
        assert all(10.8 < moment.hour + moment.minute / 60 < 11.6 for moment in found)

    def test_never(self) -> None:
        dawn = compile_schedule(Timing(at="sunrise", every="mon"), BERLIN, Where(52.5, 13.4))
        assert dawn.after(2**62) is None
        pole = compile_schedule(Timing(at="sunset"), BERLIN, Where(90.0, 0.0))
        found = moments(pole, datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
        assert len(found) <= 4


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (Timing(), "at"),
        (Timing(at="07:00", cron="* * * * *"), "at"),
        (Timing(cron="* * * * *", every="day"), "every"),
        (Timing(at="07:00", offset_s=60), "offset_s"),
        (Timing(at="sunset", offset_s=86_400), "offset_s"),
        (Timing(every_s=0), "every_s"),
        (Timing(cron="* * * *"), "cron"),
        (Timing(cron="61 * * * *"), "cron"),
        (Timing(cron="0 0 30 2 *"), "cron"),
        (Timing(cron="0 0 31 4,6 * "), "cron"),
        (Timing(at="24:00"), "at"),
        (Timing(at="07-00"), "at"),
        (Timing(at="sunset", every="someday"), "every"),
        (Timing(at="07:00", every="mon,day"), "every"),
        (Timing(at="2026-11-22T19:00", every="mon"), "at"),
        (Timing(at="tea time"), "at"),
        (Timing(at="1901-01-01T00:00"), "at"),
    ],
)
def test_bad(timing: Timing, field: str) -> None:
    with pytest.raises(CallerError) as caught:
        compile_schedule(timing, BERLIN, NORTH)
    assert (caught.value.code, caught.value.field) == ("bad_value", field)
    assert caught.value.expected


def test_the_sun_needs_a_place() -> None:
    with pytest.raises(CallerError, match="where the place is"):
        compile_schedule(Timing(at="sunset"), BERLIN, None)
    with pytest.raises(CallerError):
        compile_schedule(Timing(at="sunset"), BERLIN, Where(123.0, 0.0))


@given(st.text(max_size=30), st.text(max_size=30), st.integers(-(2**40), 2**40))
def test_any_text_is_a_schedule_or_a_reason(at: str, cron: str, every: int) -> None:
    for timing in (Timing(at=at), Timing(cron=cron), Timing(every_s=every), Timing(at="07:00", every=at)):
        try:
            compile_schedule(timing, BERLIN, NORTH).after(1_800_000_000 * SECOND)
        except CallerError as error:
            assert error.expected
