"""Habits found in a month of deeds: those that are there, with their hits and misses, and none in noise."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from unisono.assist.routine import DAYS_BACK, Deed, Routine, find_routines

TODAY = date(2026, 11, 23)  # a Monday
PAST = [TODAY - timedelta(days=number) for number in range(1, DAYS_BACK + 1)]


def habit(minute: int, on: Callable[[date], bool], spread: int = 7, seed: int = 1, thing: str = "lamp") -> list[Deed]:
    chance = random.Random(seed)
    found = []
    for day in PAST:
        if on(day):
            shift = timedelta(minutes=minute + chance.randint(-spread, spread))
            found.append(Deed(datetime.combine(day, time()) + shift, thing, "on_off", True))
    return found


def test_weekdays_at_twenty_to_seven() -> None:
    deeds = habit(18 * 60 + 40, lambda day: day.weekday() < 5)
    (routine,) = find_routines(deeds, TODAY)
    assert (routine.thing, routine.trait, routine.value, routine.every) == ("lamp", "on_off", True, "weekday")
    assert "18:30" <= routine.at <= "18:50"
    assert (routine.hits, routine.misses, len(routine.when)) == (20, 0, 20)


def test_every_day_weekends_and_over_midnight() -> None:
    assert find_routines(habit(7 * 60, lambda _day: True), TODAY)[0].every == "day"
    assert find_routines(habit(10 * 60, lambda day: day.weekday() > 4), TODAY)[0].every == "weekend"
    midnight = find_routines(habit(24 * 60 - 2, lambda _day: True, spread=1), TODAY)
    assert midnight[0].at in ("23:55", "00:00")


def test_a_habit_has_days_off_and_they_are_counted() -> None:
    often = habit(1120, lambda day: day.weekday() < 5 and day.day % 9 != 0)
    (routine,) = find_routines(often, TODAY)
    assert (routine.hits + routine.misses, routine.misses) == (20, 20 - len(often))
    rarely = habit(1120, lambda day: day.weekday() < 5 and day.day % 3 != 0)
    assert find_routines(rarely, TODAY) == []


def test_twice_a_day_is_two_routines() -> None:
    both = habit(420, lambda _day: True) + habit(1120, lambda _day: True, seed=2)
    assert [routine.at[:2] for routine in sorted(find_routines(both, TODAY), key=lambda each: each.at)] == ["07", "18"]


def test_what_is_older_or_of_today_does_not_count() -> None:
    deeds = habit(1120, lambda _day: True)
    assert find_routines([Deed(deed.at - timedelta(days=40), *fields(deed)) for deed in deeds], TODAY) == []
    today = Deed(datetime.combine(TODAY, time(18, 40)), "lamp", "on_off", True)
    assert find_routines([*deeds, today], TODAY)[0].hits == DAYS_BACK


def fields(deed: Deed) -> tuple[str, str, bool]:
    return deed.thing, deed.trait, deed.value


def test_what_happens_all_day_is_none() -> None:
    busy = [Deed(datetime.combine(day, time(hour, 0)), "lamp", "on_off", True) for day in PAST for hour in range(8, 22)]
    assert find_routines(busy, TODAY) == []


def test_it_keeps_its_name_when_it_moves_a_little() -> None:
    a, b = (Routine("lamp", "on_off", True, "day", at, 20, 8, ()) for at in ("18:35", "18:45"))
    assert a.id == b.id
    assert a.id != Routine("lamp", "on_off", True, "day", "07:00", 20, 8, ()).id
    assert a.id != Routine("lamp", "on_off", False, "day", "18:35", 20, 8, ()).id


def test_what_was_refused_is_known_again_when_it_moved() -> None:
    refused = [Routine("lamp", "on_off", True, "day", "23:30", 20, 8, ()).mark]
    later = Routine("lamp", "on_off", True, "weekday", "00:45", 20, 8, ())
    assert later.is_marked(["other@10", *refused])
    assert not Routine("lamp", "on_off", True, "day", "07:00", 20, 8, ()).is_marked(refused)
    assert not Routine("fan", "on_off", True, "day", "23:30", 20, 8, ()).is_marked(refused)
    assert not later.is_marked([])


@given(st.integers(0, 10_000))
def test_noise_is_no_habit(seed: int) -> None:
    chance = random.Random(seed)
    deeds = [
        Deed(datetime.combine(day, time(chance.randrange(24), chance.randrange(60))), "lamp", "on_off", True)
        for day in PAST
        for _ in range(2)
    ]
    assert find_routines(deeds, TODAY) == []


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(0, 1439)), max_size=80))
def test_hits_and_misses_are_the_days_there_were(when: list[tuple[int, int]]) -> None:
    deeds = [
        Deed(datetime.combine(TODAY - timedelta(days=back), time(minute // 60, minute % 60)), "lamp", "on_off", True)
        for back, minute in when
    ]
    for routine in find_routines(deeds, TODAY):
        assert routine.hits + routine.misses == {"day": 28, "weekday": 20, "weekend": 8}[routine.every]
        assert len({at.date() for at in routine.when}) == routine.hits
