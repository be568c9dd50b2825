"""The times of a Chinese clause, put together: a moment, a delay, a rhythm, an end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from unisono.assist.moment import Moment, hour_of, resolve
from unisono.assist.plan import When

__all__ = ["is_part_of_day", "when_of"]


def when_of(moments: Sequence[Moment], now: dt.datetime) -> When | str | None:
    """The plan's times; None for now; a reason to ask where a time is only half said."""
    moments = [_present(moment) for moment in moments]
    often = [moment for moment in moments if moment.every is not None]
    often = [moment for moment in often if moment.every != "day"] or often  # 周末每天早上九点
    if len({moment.every for moment in often}) > 1:
        return "what_time"
    every = next(iter(often), None)
    clock = next((moment for moment in moments if moment.hour is not None and moment.role == "at"), None)
    sun = next((moment for moment in moments if moment.sun is not None and moment.role == "at"), None)
    after = next((moment for moment in moments if moment.role == "after"), None)
    lasting = next((moment for moment in moments if moment.role == "for" and moment.seconds), None)
    end = next((moment for moment in moments if moment.role == "until"), None)
    day = next(
        (
            m
            for m in moments
            if m.hour is None and m.sun is None and m.seconds is None and m.every is None and m.role == "at"
        ),
        None,
    )
    clocks = [moment for moment in moments if moment.hour is not None and moment.role == "at"]
    suns = [moment for moment in moments if moment.sun is not None and moment.role == "at"]
    if len(clocks) + len(suns) > 1:
        return "what_time"  # two moments are two plans
    if (
        end is not None
        and end.half is None
        and clock is not None
        and clock.half is not None
        and (end.hour or 0) > (clock.hour or 0)
    ):
        end = msgspec.structs.replace(end, half=clock.half)  # 早上七点到八点
    if clock is not None and day is not None and clock.day is None and clock.weekday is None and clock.date is None:
        clock = _with_day(clock, day)
    at = _at(clock, every, now)
    until = _until(end, lasting, clock, after, now)
    shift = (sun.shift_s or None) if sun is not None else None
    if every is not None:
        if any(m is not None and (m.day or m.weekday is not None or m.date is not None) for m in (clock, sun, day)):
            return "what_time"  # 每天周六
        if every.every is not None and " " in every.every and not every.every.startswith("month "):
            return When(every=every.every, until=until)
        if at is None and sun is None:
            return "what_time"
        if every.every is not None and every.every.startswith("month "):
            if at is None or until is not None:
                return "what_time"
            hour, minute = map(int, at.split(":"))
            return When(every=f"{minute} {hour} {every.every.removeprefix('month ')} * *")
        if until is not None and "T" in until:
            until = until.partition("T")[2][:5]  # each of these days, not that one
        return When(every=every.every, at=sun.sun if sun is not None else at, after_s=shift, until=until)
    if sun is not None:
        return When(at=sun.sun, after_s=shift, until=until)
    if at is not None:
        return When(at=at, until=until)
    if after is not None:
        return When(after_s=after.seconds, until=until)
    if day is not None and (
        day.day or day.weekday is not None or day.date is not None or day.half is not None  # 半夜关灯, said at noon
    ):
        return "what_time"
    return When(until=until) if until is not None else None


def is_part_of_day(moment: Moment) -> bool:
    """半夜, 早上: and no hour of it."""
    return moment.half is not None and moment.hour is None and moment.every is None and moment.over is None


def _present(moment: Moment) -> Moment:
    """今天, in a wish, is a day and no span."""
    if moment.over == "today":
        return Moment(start=moment.start, end=moment.end, day=0, half=moment.half)
    return moment


def _with_day(clock: Moment, day: Moment) -> Moment:
    return Moment(
        start=clock.start, end=clock.end, role=clock.role, hour=clock.hour, minute=clock.minute, half=clock.half or day.half,
        day=day.day, weekday=day.weekday, week=day.week, month=day.month, date=day.date,
    )  # fmt: skip


def _at(clock: Moment | None, every: Moment | None, now: dt.datetime) -> str | None:
    if clock is None:
        return None
    if every is not None:
        if clock.half is None and every.half is not None:
            clock = Moment(start=clock.start, end=clock.end, hour=clock.hour, minute=clock.minute, half=every.half)
        return f"{hour_of(clock) % 24:02}:{clock.minute:02}"
    found = resolve(clock, now)
    return None if found is None else found.isoformat(timespec="seconds")


def _until(
    end: Moment | None, lasting: Moment | None, clock: Moment | None, after: Moment | None, now: dt.datetime
) -> str | None:
    if end is not None:
        if end.sun is not None:
            return end.sun
        found = resolve(end, now)
        return None if found is None else found.isoformat(timespec="seconds")
    if lasting is None or lasting.seconds is None:
        return None
    start = (
        resolve(clock, now)
        if clock is not None
        else now + dt.timedelta(seconds=after.seconds or 0)
        if after is not None
        else now
    )
    return ((start or now) + dt.timedelta(seconds=lasting.seconds)).isoformat(timespec="seconds")
