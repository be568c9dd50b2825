"""Whom a sentence calls, what a condition between two orders is of, times that are left out: English, by class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "dairy.yaml")


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def values(made: Plan) -> dict[tuple[str, str | None], object]:
    return {(thing, step.trait): step.value for step in made.steps for thing in step.things}


@pytest.mark.parametrize("who", ["Jean", "Isla"])
@pytest.mark.parametrize("said", ["{}, can you turn the oven off", "{}, lock the back door!", "turn the oven off, {}."])
def test_what_somebody_else_is_told_is_not_for_the_house(said: str, who: str) -> None:
    assert plan(said.format(who)).outcome not in ACTING


def test_a_thing_may_be_called_by_its_name() -> None:
    assert values(plan("Morag, stop")) == {("hoover", "start_stop"): False}


@pytest.mark.parametrize("joint", ["and if", "and when", "and whenever"])
def test_a_condition_between_two_orders_is_asked_about(joint: str) -> None:
    assert plan(f"turn on the floodlight {joint} the barn is open close it").why == "unsure:condition"


def test_a_condition_before_or_after_two_orders_is_of_both() -> None:
    made = plan("if the barn is open turn on the floodlight and the lantern")
    assert values(made) == {("yard_flood", "on_off"): True, ("hall_lantern", "on_off"): True}


@pytest.mark.parametrize("out", ["except on Sundays", "but not on Sundays", ", not on Sundays", "except tomorrow"])
def test_a_time_that_is_left_out_is_none_to_do_it_at(out: str) -> None:
    assert plan(f"open the blackout blind every day at seven {out}").outcome not in ACTING


def test_who_tells_of_a_night_leaves_no_time_out() -> None:
    made = plan("nobody sleeps upstairs tonight, turn off the lights there")
    assert made.outcome == "act"


@pytest.mark.parametrize("said", ["the stars at twenty, thirty", "stars to 20, 30, whatever"])
def test_one_number_after_the_other_is_asked_about(said: str) -> None:
    assert plan(said).outcome not in ACTING


@pytest.mark.parametrize("said", ["stars to twenty, no thirty", "stars to twenty, make it thirty"])
def test_a_number_that_corrects_counts(said: str) -> None:
    assert values(plan(said)) == {("isla_stars", "brightness"): 30}


def test_not_only_but_also_is_both() -> None:
    made = plan("not only the spots but also the hob light off")
    assert values(made) == {("kitchen_spots", "on_off"): False, ("hob_light", "on_off"): False}


@pytest.mark.parametrize("said", ["that's loud enough", "it's warm enough in here", "it's bright enough"])
def test_what_is_enough_is_no_complaint(said: str) -> None:
    assert plan(said).outcome not in ACTING


def test_the_blind_is_the_one_that_is_called_so() -> None:
    assert values(plan("close the blind")) == {("bed_blind", "position"): 0}
    assert values(plan("close the curtains")) == {("parlour_curtains", "position"): 0}
