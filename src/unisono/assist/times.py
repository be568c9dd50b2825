"""Times: where a text speaks of one, and what several together mean at a given moment.

Knows how a language's ``times.yaml`` becomes patterns over the words of a text (numbers already in digits), and how
"tomorrow", "at seven" and "in the evening" become one moment. The present is passed in.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import count
from typing import Any, NamedTuple, TypeAlias

import msgspec

from unisono.assist.language import Language
from unisono.assist.plan import When
from unisono.assist.text import Time

__all__ = ["Found", "Period", "compared", "duration", "find_times", "holds", "period", "when"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
SATURDAY = 5
#: How many days the months have at most.
MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: "At night" is after midnight before this hour, else before it.
DEEP = 5
WEEK_S = 604_800

#: Minutes from and below which a clock without its half may be of either: nobody says zero for noon.
HALVED = (60, 720)

#: When a part of the day begins, where only its name is said ("tomorrow morning"), in minutes.
PARTS = {"morning": 480, "noon": 720, "afternoon": 900, "evening": 1200, "night": 1320, "midnight": 0}

Period: TypeAlias = str | dict[str, str]

#: Of a period that something is compared with, the one that is meant where none is said.
CURRENT = {"yesterday": "today", "last week": "this week", "last month": "this month"}
PREVIOUS = {
    "today": "yesterday",
    "this week": "last week",
    "this month": "last month",
}

#: Parts that make an hour between one and eleven one of the second half of the day.
LATE = frozenset({"afternoon", "evening", "night", "noon"})


class Found(NamedTuple):
    """A time in the words ``start`` to ``end``."""

    start: int
    end: int
    time: Time


class _Pattern:
    """A rule of times, compiled when a text first has all that it ``needs`` (slots) and its ``words``: few sentences
    speak of times, and compiling all rules takes longer than reading a language's words."""

    def __init__(self, rule: Mapping[str, Any], slots: Mapping[str, str]) -> None:
        self.rule = rule
        self._text, self._slots = rule["text"], slots
        bare = self._text
        while (inner := _GROUP.sub("~", bare)) != bare:  # what stands in a group may be left out, or be one of several
            bare = inner
        several = "|" in bare
        self.needs = frozenset(() if several else _NEEDED.findall(bare))
        self.words = () if several else tuple(_LITERAL.findall(_SLOT.sub("~", bare)))

    def find(self, text: str, here: Set[str]) -> Iterable[re.Match[str]]:
        """Where it fits in a text that has something for the slots ``here``."""
        if self.needs <= here and all(word in text for word in self.words):
            return self.pattern.finditer(text)
        return ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        text = _SLOT.sub(lambda match: self._slots[match[1]], self._text)
        return re.compile(rf"(?<![^ ])(?:{text})(?![^ ])")


#: Slots of numbers, in every language.
_DIGITS = {
    "n": r"(?P<n>\d+(?:\.\d+)?)",
    "few": r"(?P<n>5|10|20|25)",
    "share": r"(?P<n>0\.\d+)",
    "n2": r"(?P<n2>\d+(?:\.\d+)?)",
    "h": r"(?P<h>\d{1,2})(?!\.\d)",
    "hh": r"(?P<h>\d{1,2})(?!\.\d)(?! to \d)",  # "at five to six" is no five
    "h12": r"(?P<h>1[0-2]|0?[1-9])(?!\.\d)",
    "h2": r"(?P<h2>\d{1,2})(?!\.\d)",
    "mm": r"(?P<mm>[0-5]\d)",
    "m": r"(?P<m>[0-5]\d)",
    "m2": r"(?P<m>[0-5]?\d)",
    "dom": r"(?P<dom>\d{1,2})",
}
#: Slots of what stands between an hour and its minutes, or before it.
_BETWEEN = {"clocksep": r" ?[:.] ?", "gap": r"(?: ?[:.] ?| )", "by": r"(?P<by>by )"}
_SLOT = re.compile(r"<(\w+)>")
_NEEDED = re.compile(r"<(\w+)>(?![?*{])")
_GROUP = re.compile(r"\\.|\[[^]]*\]|\([^()]*\)[?*+]?")
#: Words that a text must have; "an?" is none.
_LITERAL = re.compile(r"\w{2,}(?![\w?*{])")

#: A night that is asked about is over.
OVERNIGHT = "last night"


def find_times(words: Sequence[str], language: Language) -> list[Found]:
    """The times in ``words`` (numbers in digits), the longest at each point, none overlapping."""
    text = " ".join(words)
    at, ends, start = {}, {}, 0
    for i, word in enumerate(words):
        at[start], ends[start + len(word)] = i, i + 1
        start += len(word) + 1
    best: dict[int, Found] = {}
    rules, tables = _rules(language.code)
    here = {slot for slot, table in tables.items() if any(word in text for word in table)}
    for rule in rules:
        for match in rule.find(text, here):
            start, end = at[match.start()], ends[match.end()]  # patterns begin and end where words do
            time = _time(rule.rule, match.groupdict(), language)
            if time is not None and (start not in best or best[start].end < end):
                best[start] = Found(start, end, time)
    found: list[Found] = []
    for start in sorted(best):
        if not found or found[-1].end <= start:
            found.append(best[start])
    return found


@lru_cache(maxsize=8)
def _rules(code: str) -> tuple[tuple[_Pattern, ...], Mapping[str, Iterable[str]]]:
    """The rules of a language; and for each slot what a text that fills it has in it, one of these."""
    from unisono.assist.language import language

    spoken = language(code)
    words = spoken.times["words"]
    slots = {**_DIGITS, **_BETWEEN, **{name: _choice(name, table) for name, table in words.items()}}
    slots["unit2"] = _choice("unit2", words["unit"])
    one = "(?:" + "|".join(sorted(map(re.escape, words["weekday"]), key=len, reverse=True)) + ")"
    joins = spoken.times.get("joins", r"(?:,? and |, ?| , | )")
    slots["weekdays"] = rf"(?P<weekdays>{one}(?:{joins}{one})*)"
    plural = [re.escape(day) for day in words["weekday"] if day.endswith("s")] or ["(?!)"]
    several = "(?:" + "|".join(plural) + ")"
    slots["pluraldays"] = rf"(?P<weekdays>{several}(?:{joins}{several})*)"
    rules = tuple(_Pattern(rule, slots) for rule in spoken.times.get("patterns", ()))
    days = {"weekdays": words["weekday"], "pluraldays": words["weekday"], "unit2": words["unit"]}
    return rules, {
        **dict.fromkeys(_DIGITS, "0123456789"),
        "clocksep": ":.",
        "gap": " :.",
        "by": ("by ",),
        **words,
        **days,
    }


def _choice(name: str, table: Mapping[str, Any]) -> str:
    return f"(?P<{name}>" + "|".join(sorted(map(re.escape, table), key=len, reverse=True)) + ")"


def _time(rule: Mapping[str, Any], got: Mapping[str, str | None], language: Language) -> Time | None:
    words = language.times["words"]

    def said(name: str) -> Any:
        text = got.get(name)
        return None if text is None else words[name][text]

    seconds = None
    if got.get("unit"):
        seconds = (float(got.get("n") or rule.get("n", 1)) + rule.get("plus", 0)) * said("unit") * rule.get("shift", 1)
        if got.get("unit2"):
            seconds += float(got.get("n2") or 0) * words["unit"][got["unit2"]]
    clock = rule.get("clock")
    if got.get("h") is not None:
        hour, minute = int(got["h"] or 0), int(got.get("m") or 0)
        if "sign" in rule:
            minute = rule["sign"] * int(float(got.get("n") or 0))
        minute += rule.get("minutes", 0)
        if hour > 24 or (got.get("half") and hour > 12 and said("half") == "am"):
            return None
        clock = (hour % 24) * 60 + minute
    half = said("half") or rule.get("half")
    if half == "night":
        half = "am" if clock is not None and (clock // 60 == 12 or clock // 60 < DEEP) else "pm"
    end = None
    if got.get("h2") is not None:
        if int(got["h2"] or 0) > 24:
            return None
        end = (int(got["h2"] or 0) % 24) * 60 + int(got.get("mm") or 0) + rule.get("end_minutes", 0)
    month, dom = said("month"), got.get("dom")
    if dom is not None and not 1 <= int(dom) <= (MONTHS[month - 1] if month else 31):
        return None
    weekdays = got.get("weekdays")
    every = rule.get("every") or said("every") or said("daykind")
    if weekdays:
        days = [value for day, value in words["weekday"].items() if re.search(rf"(?<![^ ,]){day}(?![^ ,])", weekdays)]
        every = ",".join(day for day in DAYS if day in days)
    day = got.get("day")
    return Time(
        role=rule["role"],
        days=said("day") if day else rule.get("days"),
        weekday=said("weekday"),
        date=(month, int(dom)) if month and dom else None,
        clock=clock,
        end=end,
        half=half,
        part=said("part") or language.times.get("day_parts", {}).get(day) or rule.get("part"),
        sun=said("sun"),
        seconds=seconds,
        every=every,
        over=said("over") or rule.get("over"),
        than=rule.get("than", False),
        slowly=rule.get("slowly", False),
        due=rule.get("due", False) or bool(got.get("by")),
        side=rule.get("side"),
        denied=bool(got.get("denied")) and not rule.get("plain"),  # "it isn't ten yet" is before ten
    )


# ---- together ----


def when(times: Iterable[Time], now: datetime) -> When | None:
    """What the times of a clause mean: a moment, a delay, a rhythm, an end. None without any of these."""
    times = [time for time in times if time.role not in ("over", "now")]
    if not times:
        return None
    day, clock = _day(times, now), _clock(times)
    every = next((time.every for time in times if time.every), None)
    sun = next((time.sun for time in times if time.sun and time.role == "at"), None)
    after = next((time.seconds for time in times if time.role == "after" or (time.sun and time.seconds)), None)
    until = _until(times, now)
    at: str | None = None
    if every is not None:
        at = sun or (None if clock is None else f"{clock // 60:02}:{clock % 60:02}")
    elif sun is not None:
        at = sun
    elif clock is not None or (day is not None and day != now.date()):
        moment = _moment(day, clock, now, halved=any(time.half or time.part for time in times))
        at = moment.isoformat(timespec="seconds")
    if at is None and every is None and after is None and until is None:
        return None
    return When(at=at, every=every, after_s=after, until=until)


def duration(times: Iterable[Time]) -> float | None:
    """For how long, in seconds."""
    return next((time.seconds for time in times if time.role == "for"), None)


def holds(time: Time, now: datetime) -> bool | None:
    """Whether it is as late, or the day, that a condition says; None: that is not known here (where the sun is)."""
    local = now.replace(tzinfo=None)
    if time.weekday is not None:
        return (DAYS[local.weekday()] == time.weekday) is not time.denied
    if time.every is not None:
        return ((local.weekday() < SATURDAY) is (time.every == "weekday")) is not time.denied
    clock = _clock([msgspec.structs.replace(time, role="at")])
    if clock is None or time.side is None:
        return None
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    vague = time.clock is not None and time.half is None and time.part is None and 0 < clock // 60 <= 12
    clocks = (clock % 720, clock % 720 + 720) if vague else (clock,)
    moments = [midnight + days * DAY + timedelta(minutes=minutes) for days in (-1, 0, 1) for minutes in clocks]
    nearest = min(moments, key=lambda moment: abs(moment - local))
    return ((local >= nearest) is (time.side == "after")) is not time.denied


def period(times: Iterable[Time], now: datetime) -> Period | None:
    """Over which time of the past a question asks."""
    return next((found for time in times if (found := _period(time, now)) is not None), None)


def compared(times: Iterable[Time], now: datetime) -> tuple[Period, Period] | None:
    """The two periods that a question compares: "this week ... than last", "... than yesterday". None: it does not."""
    times = [time for time in times if time.role in ("over", "at")]
    own = [found for time in times if not time.than and (found := _period(time, now)) is not None]
    other = next((time for time in times if time.than), None)
    if other is None:
        return (own[0], own[1]) if len(own) == 2 else None
    if other.over != "before":
        against = _period(other, now)
        first = own[0] if own else CURRENT.get(against) if isinstance(against, str) else None
        return (first, against) if first is not None and against is not None and first != against else None
    before = _before(own[0], now) if len(own) == 1 else None
    return (own[0], before) if before is not None else None


def _before(period: Period, now: datetime) -> Period:
    """The period right before one of the same sort."""
    if isinstance(period, dict):
        start, end = datetime.fromisoformat(period["from"]), datetime.fromisoformat(period["to"])
        return _span(start - (end - start), start)
    if period in PREVIOUS:
        return PREVIOUS[period]
    today = now.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    if period == "yesterday":
        return _span(today - 2 * DAY, today - DAY)
    monday, first = today - now.weekday() * DAY, today.replace(day=1)
    if period == "last week":
        return _span(monday - 14 * DAY, monday - 7 * DAY)
    if period == "last month":
        end = (first - DAY).replace(day=1)
        return _span((end - DAY).replace(day=1), end)
    if period == "last night":  # from eight in the evening to six, as `unisono.assist.answer.span` has it
        return _span(today - 2 * DAY + timedelta(hours=20), today - DAY + timedelta(hours=6))
    return _span(today - 14 * DAY, today - 7 * DAY)  # the last seven days


def _period(time: Time, now: datetime) -> Period | None:
    local = now.replace(tzinfo=None, microsecond=0)
    today = local.replace(hour=0, minute=0, second=0)
    if time.over == "day before yesterday":
        return _span(today - 2 * DAY, today - DAY)
    if time.over == "ago" and time.seconds is not None:
        at = local - timedelta(seconds=time.seconds)
        day = at.replace(hour=0, minute=0, second=0)
        return _span(at, at) if time.seconds < DAY.total_seconds() else _span(day, day + DAY)
    if time.over is not None:
        return (
            None if time.over in ("ago", "before", "stretch") else OVERNIGHT if time.over == "overnight" else time.over
        )
    if time.role == "over" and time.seconds is not None:
        return "last 7 days" if time.seconds == WEEK_S else _span(local - timedelta(seconds=time.seconds), local)
    if time.role == "at" and time.weekday is not None:
        start = today - ((today.weekday() - DAYS.index(time.weekday)) % 7 or 7) * DAY
        return _span(start, start + DAY)
    named = time.days == 0 or (time.part is not None and time.clock is None)
    return "today" if time.role == "at" and named else None


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.isoformat(), "to": end.isoformat()}


def _day(times: Sequence[Time], now: datetime) -> Any:
    days = (_day_of(time, now) for time in times if time.role in ("at", "every"))
    return next((day for day in days if day is not None), None)


def _day_of(time: Time, now: datetime) -> Any:
    if time.days is not None:
        return (now + time.days * DAY).date()
    if time.weekday is not None:
        ahead = (DAYS.index(time.weekday) - now.weekday()) % 7 or 7
        return (now + ahead * DAY).date()
    return None if time.date is None else _date(time.date, now)


def _date(date: tuple[int, int], now: datetime) -> Any:
    years = (year for year in count(now.year) if date != (2, 29) or isleap(year))
    days = (now.replace(year=year, month=date[0], day=date[1]).date() for year in years)
    return next(day for day in days if day >= now.date())


def _clock(times: Sequence[Time]) -> int | None:
    """Minutes after midnight; half days and parts of others of the times count for a clock that has none."""
    part = next((time.part for time in times if time.part and time.role in ("at", "every")), None)
    for time in times:
        if time.role in ("at", "every") and time.clock is not None:
            return _half(time.clock, time.half, part or time.part)
    return None if part is None else PARTS[part]


def _half(clock: int, half: str | None, part: str | None) -> int:
    hour = clock // 60
    late = half == "pm" or (half is None and part in LATE)
    if late and 0 < hour < 12 and not (part == "night" and half is None and hour < 5):
        return clock + 720
    if (half == "am" or part in ("night", "midnight")) and hour == 12 and half != "pm":
        return clock - 720
    return clock


def _moment(day: Any, clock: int | None, now: datetime, *, halved: bool = False) -> datetime:
    """The next such moment; of an hour said without its half, the nearer one to come."""
    local = now.replace(tzinfo=None, second=0, microsecond=0)
    date = day or local.date()
    minutes = 480 if clock is None else clock
    found = datetime.combine(date, datetime.min.time()) + timedelta(minutes=minutes)
    if day is None and found <= local:
        half = found + timedelta(hours=12)
        if not halved and HALVED[0] <= minutes < HALVED[1] and half > local and half.date() == local.date():
            return half
        return found + DAY
    if day == local.date() and found <= local and minutes < (DEEP * 60 if halved else HALVED[0]):
        return found + DAY  # "tonight at midnight", "tonight at two"
    if day == local.date() and found <= local and minutes < HALVED[1] and not halved:
        return found + timedelta(hours=12)
    return found


def _until(times: Sequence[Time], now: datetime) -> str | None:
    local = now.replace(tzinfo=None, microsecond=0)
    for time in times:
        again = any(other.every for other in times)
        if time.end is not None:
            part = time.part or next((other.part for other in times if other.part), None)
            if again:
                return _clock_after(_half(time.clock or 0, time.half, part), _half(time.end, time.half, part))
            day = _day(times, now)
            start = _moment(day, _half(time.clock or 0, time.half, part), now, halved=bool(time.half or part))
            stop = datetime.combine(start.date(), datetime.min.time()) + timedelta(
                minutes=_half(time.end, time.half, part)
            )
            return (stop if stop > start else stop + timedelta(hours=12)).isoformat(timespec="seconds")
        if time.role != "until":
            continue
        if time.sun is not None:
            return time.sun
        day = _day_of(time, now) or _day([other for other in times if other.role == "at" and other.clock is None], now)
        part = time.part or next((other.part for other in times if other.part), None)
        clock = None if time.clock is None else _half(time.clock, time.half, part)
        if clock is None and part is not None:
            clock = PARTS[part]
            if day is None and part == "morning":
                day = (local + DAY).date() if local.hour >= 8 else local.date()
        if again:
            return _clock_after(_clock(times) or 0, clock or 0)
        return _moment(day, clock or 0, now).isoformat(timespec="seconds")
    return None


def _clock_after(begins: int, ends: int) -> str:
    """When it ends each time, of minutes after midnight: an hour of the same half of the day, or of the next."""
    ends = ends if ends > begins or ends >= HALVED[1] else (ends + 720) % 1440
    return f"{ends // 60:02}:{ends % 60:02}"
