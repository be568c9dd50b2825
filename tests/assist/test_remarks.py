"""What is told of a home and orders nothing, and why somebody wants something: English, each a class."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HERE = Path(__file__).parent / "strangers"
GARNET, CRUMB = House(HERE / "garnet.yaml"), House(HERE / "crumb.yaml")


def plan(*said: str, house: House = GARNET) -> Plan:
    return house.plan(said, "en")


def done(made: Plan) -> list[tuple[object, ...]]:
    return [(step.things, step.trait, step.value) for step in made.steps]


@pytest.mark.parametrize(
    "said",
    [
        "there's a spider in the bathroom",
        "the attic never warms up",
        "the washing machine is walking across the room",
        "my towel's damp",
        "the wireless crackles",
        "we've got wasps in the kitchen",
        "the heating's almost given up",
        "flies are coming in from the courtyard",
        "the doorbell frightens Biscuit",
        "I keep tripping in here",
        "Biscuit wants his dinner",
        "the dehumidifier won't stop dripping",
    ],
)
def test_what_is_amiss_at_home_is_asked_about(said: str) -> None:
    assert plan(said).why == "what_to_do"


@pytest.mark.parametrize(
    "said",
    [
        "my sister never calls",
        "it isn't cold in the attic",
        "nobody may start the washing machine",
        "the attic was damp last winter",
        "Cal said the wireless crackles",
        "I might paint the attic",
    ],
)
def test_what_is_nothing_of_the_home_or_not_amiss_is_not_asked_about(said: str) -> None:
    assert plan(said).outcome in ("ignore", "refuse")


REASONS = [
    "I'm coming down with the shopping",
    "I've got my hands full",
    "my hands are full",
    "it's about to rain",
    "it's starting to pour",
    "I forgot my key",
    "he has no key",
    "Cal's got no key",
    "I can't find it in this lot",
    "I'm going to take a bath",
    "I'm about to go out",
    "there's a bloke outside the pub",
]


@pytest.mark.parametrize("why", REASONS)
def test_a_reason_changes_no_order(why: str) -> None:
    assert done(plan(f"unlock the bike shed, {why}")) == [(("bike_shed",), "locked", False)]
    assert done(plan(f"dormer blind to 30, {why}")) == done(plan("dormer blind to 30"))


@pytest.mark.parametrize(
    "back",
    ["I'm kidding", "I never said that", "I don't think so", "he said", "I could have asked him", "I want it shut"],
)
def test_what_takes_an_order_back_is_no_reason(back: str) -> None:
    assert plan(f"unlock the bike shed, {back}").outcome not in ACTING


@pytest.mark.parametrize(
    ("mine", "then"),
    [*product(["I'm going to", "I'll", "I'm about to"], ["and open the street door", ", then open the street door"])],
)
def test_what_somebody_goes_on_to_do_is_not_done_for_them(mine: str, then: str) -> None:
    assert plan(f"{mine} lock the gate {then}").outcome not in ACTING


@pytest.mark.parametrize("whom", ["for Cal's mum", "for my green tea", "for the quiz", "for my sister's lasagne"])
def test_what_it_is_for_changes_no_order(whom: str) -> None:
    assert done(plan(f"set the mini oven to 180 {whom}")) == [(("small_oven",), "target_temperature", 180)]
    assert done(plan(f"desk fan on {whom}")) == [(("desk_fan",), "on_off", True)]


def test_for_a_place_or_a_time_is_no_purpose() -> None:
    assert plan("desk fan on for ten minutes").when is not None
    assert plan("look for a taxi to go home").outcome not in ACTING
    assert plan("turn the desk fan on for eight").outcome == "ask"


def test_coffee_that_is_told_of_is_not_made() -> None:
    for said in ("coffee keeps me awake", "the coffee at work is dire", "I drank too much coffee"):
        assert plan(said).outcome not in ACTING
    assert done(plan("coffee, please")) == done(plan("I need a coffee")) == [(("espresso",), "start_stop", True)]


def test_what_is_praised_is_left_as_it_is() -> None:
    for said in ("it's lovely and bright in the snug", "I like it dark in here"):
        assert plan(said).outcome not in ACTING
    assert plan("it's lovely but too bright in the snug").outcome == "act"


def test_what_is_too_cold_and_nothing_of_the_home_warms_no_room() -> None:
    for said in (
        "my coffee's too cold",
        "the soup is too cold",
        "the water's too chilly for the kids",
        "I've got a cold",
    ):
        assert plan(said).outcome not in ACTING


def test_a_film_is_no_recording() -> None:
    assert plan("in that film the streets are covered in frost").outcome not in ACTING
    assert plan("there's frost on the streets in that film").outcome not in ACTING


def test_a_setting_is_called_what_it_is_called() -> None:
    made = plan("put the bottler on the sky blue recipe", house=CRUMB)
    assert done(made) == [(("bottler",), "recipe", "sky blue")]
    assert plan("put the mini oven in steam mode").outcome not in ACTING


def test_more_and_then_less_of_one_thing_is_asked_about() -> None:
    assert plan("soundbar up and then back down").why == "unsure:then"
    assert plan("soundbar up a bit and then up again").outcome == "act"


def test_all_of_them_said_after_is_all_of_them() -> None:
    assert done(plan("fans on, both of them")) == [(("hood", "desk_fan"), "on_off", True)]
    assert len(done(plan("lights off, all of them"))[0][0]) == 9  # type: ignore[arg-type]


def test_a_word_at_the_end_of_a_name_is_what_is_called_so() -> None:
    assert plan("start the mixer", house=CRUMB).outcome == "act"


@pytest.mark.parametrize(
    "said",
    [
        "put the bottler on the recipe",
        "put the bottler in mode",
        "what is the bottler's mode",
    ],
)
def test_a_setting_without_a_name_is_none(said: str) -> None:
    assert plan(said, house=CRUMB).outcome not in ACTING


def test_what_is_off_is_turned_on_by_who_is_cold() -> None:
    assert done(plan("it's too cold in the attic")) == [(("panel",), "on_off", True)]
    assert done(plan("it's too hot in the attic")) != [(("panel",), "on_off", True)]
    assert done(plan("it's too cold in here")) == [(("heating",), "target_temperature", 2)]


def test_what_a_thing_is_to_stop_is_not_the_thing() -> None:
    assert done(plan("make the desk fan stop swinging")) == [(("desk_fan",), "swing", False)]


def test_a_lathe_is_no_latte() -> None:
    assert plan("start the lathe").outcome not in ACTING
    assert done(plan("make me a coffe")) == [(("espresso",), "start_stop", True)]


@pytest.mark.parametrize("back", ["I said fifty", "Cal needs 2 more", "I want it off", "he says yes"])
def test_what_speaks_of_the_home_is_no_reason(back: str) -> None:
    assert plan(f"unlock the bike shed, {back}").steps != plan("unlock the bike shed").steps


@pytest.mark.parametrize("said", ["turn on the towel rail lah", "aiyo, towel rail on", "plss turn the towel rail on"])
def test_words_that_say_nothing_are_passed_over(said: str) -> None:
    assert done(plan(said)) == [(("towel_rail",), "on_off", True)]


def test_a_lamp_that_is_off_dazzles_nobody() -> None:
    assert done(plan("it's way too bright in here to watch a film")) == [(("bay_lamp",), "brightness", -20)]
    assert plan("it's too bright in the study").outcome == "ask"


def test_the_sun_is_no_lamp() -> None:
    assert plan("the sun's right in my eyes").why == "what_to_do"


def test_what_there_is_none_of_is_not_turned_off() -> None:
    assert plan("no hot water in the bathroom").outcome not in ACTING
    assert done(plan("no lights in the kitchen")) == [(("counter",), "on_off", False)]


def test_a_room_for_something_is_asked_about() -> None:
    assert plan("heat the room for the meeting").outcome not in ACTING
