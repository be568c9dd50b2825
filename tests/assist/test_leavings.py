"""What is left out, what is only near by its name, what a place of work is, and how much of what: English, by class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "orchard.yaml")
LIGHTS = {
    "den_lamp", "den_ceiling", "counter", "pendant", "wanda_lamp", "ruth_lamp", "bath_light", "porch_light", "string",
    "mill_lights",
}  # fmt: skip


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def values(made: Plan) -> dict[tuple[str, str | None], object]:
    return {(thing, step.trait): step.value for step in made.steps for thing in step.things}


@pytest.mark.parametrize(("who", "theirs"), [("Ruth's", "ruth_lamp"), ("Wanda's", "wanda_lamp")])
@pytest.mark.parametrize("but", ["but", "except", "apart from"])
def test_whose_is_left_out_is_left_out(but: str, who: str, theirs: str) -> None:
    made = plan(f"turn off all the lights {but} {who}")
    assert {thing for thing, _ in values(made)} == LIGHTS - {theirs}


def test_of_somebody_who_has_none_nothing_is_left_out_in_silence() -> None:
    assert plan("lock every door but Ruth's").outcome not in ACTING


@pytest.mark.parametrize("said", ["shut down the mill", "turn the mill off", "switch the cider mill on"])
def test_a_place_of_work_is_more_than_its_lights(said: str) -> None:
    assert plan(said).why == "what_to_do"


def test_the_lights_of_a_place_of_work_are_its_lights() -> None:
    assert values(plan("turn off the lights in the mill")) == {("mill_lights", "on_off"): False}


def test_a_name_elsewhere_is_not_what_is_meant_here() -> None:
    assert plan("close the window in the washroom").outcome not in ACTING


@pytest.mark.parametrize("verb", ["unplug", "disconnect"])
def test_what_charges_is_unplugged(verb: str) -> None:
    assert ("bolt", "on_off") not in values(plan(f"{verb} the car"))


@pytest.mark.parametrize("said", ["half as bright", "to half what it is", "to half of what it was"])
def test_half_of_what_there_is(said: str) -> None:
    assert values(plan(f"set the arc lamp {said}")) == {("den_lamp", "brightness"): 27.5}
    assert values(plan(f"set the string lights {said}")) == {("string", "brightness"): 25.0}


def test_what_follows_a_colour_is_of_the_same() -> None:
    made = plan("make the string lights purple and half as bright")
    assert values(made) == {("string", "color"): "purple", ("string", "brightness"): 25.0}


@pytest.mark.parametrize("first", ["at dusk", "at sunset", "at nine", "in ten minutes"])
def test_two_moments_are_two_things_to_ask_for(first: str) -> None:
    assert plan(f"turn the porch light on {first} and off at eleven").outcome == "ask"


@pytest.mark.parametrize("who", ["the song goes", "she was like", "the sign says", "and he goes"])
def test_what_is_quoted_without_marks_is_quoted(who: str) -> None:
    assert plan(f"{who} turn down the lights").outcome not in ACTING


def test_its_is_of_what_was_asked_about() -> None:
    made = plan("how's the juice tank", "what's its temperature")
    assert made.query is not None
    assert (made.query.things, made.query.trait) == (("tank",), "temperature")


def test_what_is_counted_is_told_by_who_counts() -> None:
    made = plan("how many bottles were rejected today")
    assert made.query is not None
    assert (made.query.things, made.query.trait) == (("bottler",), "scrap_count")


def test_a_room_without_a_heater_is_warmed_by_that_of_the_home() -> None:
    assert values(plan("twenty two degrees in here please")) == {("furnace", "target_temperature"): 22}
    assert plan("make it 22 degrees on the porch").outcome not in ACTING


@pytest.mark.parametrize("order", ["turn the fan off", "turn on the porch light", "close the drapes"])
@pytest.mark.parametrize(
    "condition",
    [
        "when it gets cooler",
        "when it gets brighter",
        "if the birthday is over",
        "when the film ends",
        "once it goes quiet",
    ],
)
def test_of_a_condition_every_word_counts(order: str, condition: str) -> None:
    assert plan(f"{order} {condition}").outcome not in ACTING
    assert plan(f"{condition}, {order}").outcome not in ACTING


@pytest.mark.parametrize("tail", ["or don't", "or don't, I don't care", "or not"])
def test_an_order_that_leaves_the_choice_is_asked_about(tail: str) -> None:
    assert plan(f"turn on the porch light {tail}").outcome not in ACTING


@pytest.mark.parametrize("verb", ["stays", "remains"])
@pytest.mark.parametrize("state", ["locked", "unlocked"])
def test_what_stays_as_it_is_is_not_set(verb: str, state: str) -> None:
    assert plan(f"the mill door {verb} {state}").outcome not in ACTING


def test_in_a_bit_is_no_degree() -> None:
    assert plan("arc lamp off in a bit").why == "what_time"
    assert plan("turn the arc lamp on a bit").outcome not in ACTING
    assert plan("turn off the stereo a bit").why == "unsure:bit"


@pytest.mark.parametrize(
    "said", ["at half past ten on Fridays", "on Fridays at half past ten", "Fridays at half past ten"]
)
def test_a_day_in_the_plural_comes_again(said: str) -> None:
    made = plan(f"close the den blinds {said}")
    assert made.outcome == "automate"
    assert made.when is not None
    assert (made.when.every, made.when.at) == ("fri", "10:30")


def test_a_clause_that_says_how_and_is_carried_out_by_nobody_is_asked_about() -> None:
    made = plan("arc lamp in purple, half as bright as full")
    assert values(made) == {("den_lamp", "color"): "purple", ("den_lamp", "brightness"): 50}
    assert values(plan("turn the arc lamp off, all the way")) == {("den_lamp", "on_off"): False}


def test_a_question_after_a_wish_that_was_asked_about_is_a_question() -> None:
    made = plan("make it cosy", "how warm is the deck")
    assert made.outcome == "answer"


@pytest.mark.parametrize("no", ["no not those, the pendant", "not those, the pendant", "not them, the pendant"])
def test_not_those_corrects(no: str) -> None:
    assert values(plan("turn on the string lights", no)) == {("pendant", "on_off"): True}


def test_a_share_is_of_any_level() -> None:
    (step,) = plan("slow the bottle conveyor by a quarter").steps
    assert (step.trait, step.op, step.value) == ("speed", "add", -1.0)
