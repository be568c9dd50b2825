"""Politeness in the subjunctive, halves of questions, windows that go up, and nights: English, each a class."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "dairy.yaml")
WISHES = ("it would be great if", "it'd be lovely if", "that would be super if", "I would really appreciate it if")


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def done(made: Plan) -> list[tuple[object, ...]]:
    return [(step.things, step.trait, step.value) for step in made.steps]


@pytest.mark.parametrize("wish", WISHES)
def test_a_thing_that_it_would_be_nice_to_have_so_is_made_so(wish: str) -> None:
    assert done(plan(f"{wish} the hall lantern was on")) == [(("hall_lantern",), "on_off", True)]
    assert done(plan(f"{wish} the barn was shut")) == [(("barn",), "position", 0)]


@pytest.mark.parametrize(("wish", "who"), [*product(WISHES, ["Fergus", "he", "the neighbour", "she", "I"])])
def test_what_somebody_would_have_to_do_is_a_supposition(wish: str, who: str) -> None:
    assert plan(f"{wish} {who} opened the barn").outcome not in ACTING


@pytest.mark.parametrize(
    "please",
    [
        "I'd be ever so grateful if you",
        "I was wondering if you could",
        "is there any chance you could",
        "do you reckon you could",
        "would you be so kind as to",
        "it would be brilliant if you could",
    ],
)
def test_roundabout_politeness_is_politeness(please: str) -> None:
    assert done(plan(f"{please} shut the loading shutter")) == [(("dairy_shutter",), "position", 0)]
    assert plan(f"{please} not shut the loading shutter").outcome not in ACTING


@pytest.mark.parametrize("who", ["you", "we", "one", "they"])
def test_what_could_always_be_done_is_no_order(who: str) -> None:
    assert plan(f"{who} could always open the shutter").outcome not in ACTING
    assert plan(f"{who} might as well open the shutter").outcome not in ACTING


def test_a_gerund_after_would_you_mind_is_the_order() -> None:
    assert done(plan("would you mind opening the barn")) == [(("barn",), "position", 100)]
    assert plan("would you mind telling me whether the barn is open").outcome == "answer"


def test_two_halves_of_a_question_are_both_answered() -> None:
    made = plan("is the truck locked and charged")
    assert made.query is not None
    assert [(query.things, query.trait) for query in (made.query, *made.beside)] == [
        (("hilux",), "locked"),
        (("hilux",), "battery"),
    ]
    made = plan("is the kettle on and the barn shut")
    assert made.query is not None
    assert [(query.things, query.trait, query.equals) for query in (made.query, *made.beside)] == [
        (("kettle",), "on_off", True),
        (("barn",), "position", "closed"),
    ]


def test_half_a_question_that_nobody_can_answer_is_asked_about() -> None:
    assert plan("is the kettle on and the conservatory locked").outcome == "ask"


def test_a_question_of_two_things_stays_one() -> None:
    made = plan("are the oven and the kettle both off")
    assert made.query is not None
    assert (made.query.things, made.beside) == (("range", "kettle"), ())


@pytest.mark.parametrize(
    ("said", "trait", "value"),
    [
        ("truck windows up", "window_position", 0),
        ("put the truck windows down", "window_position", 100),
        ("roll up the truck windows", "window_position", 0),
        ("roll up the loading shutter", "position", 100),
    ],
)
def test_up_is_shut_for_a_car_window_only(said: str, trait: str, value: int) -> None:
    assert [(step.trait, step.value) for step in plan(said).steps] == [(trait, value)]


def test_a_car_window_goes_down_by_a_bit() -> None:
    (step,) = plan("truck windows up a bit").steps
    assert (step.op, step.value) == ("add", -10)


@pytest.mark.parametrize("when", ["overnight", "all night", "through the night"])
def test_a_night_has_no_hours(when: str) -> None:
    assert plan(f"turn the floodlight on {when}").why == "what_time"
    made = plan(f"how long was the heating on {when}")
    assert made.query is not None
    assert made.query.over == "last night"


def test_lock_up_is_all_that_locks_at_home() -> None:
    locks = [(("front", "back", "dairy_door"), "locked", True)]
    assert done(plan("lock up")) == done(plan("is the barn open", "lock up for the night")) == locks
    assert done(plan("lock up the scullery")) == [(("back",), "locked", True)]


def test_anything_is_asked_of_the_whole_home_and_never_an_order() -> None:
    made = plan("is anything on")
    assert made.query is not None
    assert {"parlour_main", "dairy_tubes", "kettle"} <= set(made.query.things)
    assert plan("open anything").outcome == "ask"
    assert plan("turn anything on").outcome == "ask"


def test_what_is_left_out_may_be_said_by_its_own_word() -> None:
    assert done(plan("lock every door apart from the back")) == [(("front", "dairy_door"), "locked", True)]
    assert plan("lock every door apart from the side").outcome not in ACTING


@pytest.mark.parametrize("said", ["my neighbour leaves the barn open", "the lodger starts the filler at nine"])
def test_what_somebody_unknown_does_is_told(said: str) -> None:
    assert plan(said).outcome not in ACTING


def test_minutes_without_a_unit_are_asked_about() -> None:
    assert plan("kettle on in twenty").outcome == "ask"
