"""Routines: what somebody does at about the same time on the same days, found in what happened.

Knows times of day and days of the week, and counting. Knows no names and no clock. A routine is a suggestion with its
evidence: how often the scene would have been right in the past weeks, and how often not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

__all__ = ["DAYS_BACK", "Deed", "Routine", "find_routines"]

#: Four weeks: each day of the week four times, and what was a routine in spring is none in summer.
DAYS_BACK = 28
#: "About 18:40": a quarter of an hour around it.
WINDOW_MIN = 30
#: A habit that moved by less than this is the one that was refused, or became a scene.
SAME_MIN = 120
#: A scene that is wrong on more than every fifth day is no help.
LEAST_SHARE = 0.8
#: Fewer times are no habit; the days of a weekend come eight times in four weeks.
LEAST_TIMES = 6
#: What happens ever so often a day is no routine at a time (motion, a button that is played with).
MOST_A_DAY = 6.0
DAY_MIN = 1440

#: Groups of days, the widest first: each with its days of the week.
GROUPS: Mapping[str, frozenset[int]] = {
    "day": frozenset(range(7)),
    "weekday": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
}


class Deed(msgspec.Struct, frozen=True):
    """Something that was done by a person: ``at`` is local time at the place."""

    at: datetime
    thing: str
    trait: str
    value: Any


class Routine(msgspec.Struct, frozen=True):
    """``at``: HH:MM on the days of ``every``. ``hits``: past days on which it was done within the window; ``misses``:
    those on which a scene would have done it alone. ``when``: each time, as evidence."""

    thing: str
    trait: str
    value: Any
    every: str
    at: str
    hits: int
    misses: int
    when: tuple[datetime, ...]

    @property
    def id(self) -> str:
        """It stays the same while the time moves within three hours of the day."""
        return _hashed(self.thing, self.trait, self.value, self.every, int(self.at[:2]) // 3)

    @property
    def mark(self) -> str:
        """By which it is remembered that it was refused, or made a scene."""
        return f"{_hashed(self.thing, self.trait, self.value)}@{_clock(self.at)}"

    def is_marked(self, marks: Iterable[str]) -> bool:
        """Whether one of the marks is of this habit, at about this time, on whatever days."""
        own, at = self.mark.split("@")
        for mark in marks:
            habit, _, minute = mark.partition("@")
            if habit != own or not minute.isdecimal():
                continue
            apart = (int(at) - int(minute)) % DAY_MIN
            if min(apart, DAY_MIN - apart) <= SAME_MIN:
                return True
        return False


def _hashed(*said: Any) -> str:
    return hashlib.blake2b("\0".join(map(repr, said)).encode(), digest_size=6).hexdigest()


def _clock(at: str) -> int:
    return int(at[:2]) * 60 + int(at[3:])


def find_routines(deeds: Iterable[Deed], today: date, days: int = DAYS_BACK) -> list[Routine]:
    """The routines in what was done on the ``days`` before ``today``, the surest first."""
    first = today - timedelta(days=days)
    groups: dict[tuple[str, str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if first <= deed.at.date() < today:
            groups[deed.thing, deed.trait, repr(deed.value)].append(deed)
    past = [first + timedelta(days=number) for number in range(days)]
    found = []
    for some in groups.values():
        if len(some) / days <= MOST_A_DAY:
            found += _of(some, past)
    return sorted(found, key=lambda each: (-each.hits / (each.hits + each.misses), -each.hits, each.thing, each.at))


def _of(deeds: Sequence[Deed], past: Sequence[date]) -> list[Routine]:
    """The routines of one deed: the widest group of days that holds; a time of day each, as long as there are some."""
    left, found = list(deeds), list[Routine]()
    while True:
        best: Routine | None = None
        for every, weekdays in GROUPS.items():
            on_days = [deed for deed in left if deed.at.weekday() in weekdays]
            best = _at_one_time(on_days, every, [day for day in past if day.weekday() in weekdays])
            if best is not None:
                break
        if best is None:
            return found
        found.append(best)
        told = set(best.when)
        left = [deed for deed in left if deed.at not in told]


def _at_one_time(deeds: Sequence[Deed], every: str, days: Sequence[date]) -> Routine | None:
    """The stretch of the day in which it was done on most of the days."""
    best: dict[date, Deed] = {}
    for start in {_minute(deed) for deed in deeds}:
        within: dict[date, Deed] = {}
        for deed in deeds:
            if (_minute(deed) - start) % DAY_MIN <= WINDOW_MIN:
                within.setdefault(deed.at.date(), deed)
        if len(within) > len(best):
            best = within
    hits = len(best)
    if hits < LEAST_TIMES or hits / len(days) < LEAST_SHARE:
        return None
    chosen = sorted(best.values(), key=lambda deed: deed.at)
    deed = chosen[0]
    return Routine(
        deed.thing,
        deed.trait,
        deed.value,
        every,
        _middle(chosen),
        hits,
        len(days) - hits,
        tuple(each.at for each in chosen),
    )


def _minute(deed: Deed) -> int:
    return deed.at.hour * 60 + deed.at.minute


def _middle(deeds: Sequence[Deed]) -> str:
    """The middle one, to five minutes: nobody means 18:37."""
    start = min(deeds, key=lambda deed: sum((_minute(each) - _minute(deed)) % DAY_MIN for each in deeds))
    first = _minute(start)
    after = sorted((_minute(deed) - first) % DAY_MIN for deed in deeds)
    middle = (first + after[len(after) // 2]) % DAY_MIN
    middle = round(middle / 5) * 5 % DAY_MIN
    return f"{middle // 60:02d}:{middle % 60:02d}"
