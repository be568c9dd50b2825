"""Several orders in one breath: times that are of one of them, what is turned back, bounds, marks between - English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "terrace.yaml")


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def done(made: Plan) -> list[tuple[object, ...]]:
    return [(step.things, step.trait, step.value) for step in made.steps] if made.outcome in ACTING else []


@pytest.mark.parametrize(
    "said",
    [
        "turn the lights off at ten and on again at eleven",
        "turn the lights off at 10pm and back on at 7am",
        "turn off the tv and then on again",
        "switch the tv off and on again",
        "turn on the heater plug but turn it off again in half an hour",
        "turn on the hall light now and turn off the tv in ten minutes",
        "turn on the fan now and the radio at eight",
        "if the sofa lamp is on turn it off, otherwise turn it on",
        "turn off the radio in an hour, make that two",
        "open the curtains at eight, no, nine",
    ],
)
def test_one_plan_is_not_made_of_two_moments(said: str) -> None:
    assert plan(said).outcome == "ask"


def test_a_moment_before_two_orders_is_of_both() -> None:
    made = plan("at nine turn off the tv and close the blinds")
    assert made.outcome == "later"
    assert {things for things, *_ in done(made)} == {("tv",), ("blinds",)}


@pytest.mark.parametrize(
    "said",
    [
        "open the blinds, but don't open them too much",
        "open the blinds, but not all the way",
        "turn on the fan, not too fast",
        "turn on the bedside lamp and the radio but not too loud",
        "keep the tv volume under twenty",
    ],
)
def test_how_far_it_may_go_is_no_value(said: str) -> None:
    assert plan(said).outcome == "ask"


def test_not_that_leaves_it_out() -> None:
    assert done(plan("stop the press not the conveyor")) == [(("press",), "start_stop", False)]
    assert plan("turn the tv down not the radio off").outcome not in ACTING


def test_marks_part_a_noun_from_the_order_before() -> None:
    assert done(plan("lights in the kitchen: off. radio: on.")) == [
        (("kitchen_light", "counter_light"), "on_off", False),
        (("radio",), "on_off", True),
    ]


def test_a_choice_of_two_is_asked_wherever_its_act_stands() -> None:
    assert plan("tv or radio, I don't mind which, on").outcome not in ACTING


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("keep the kitchen light off", (("kitchen_light",), "on_off", False)),
        ("keep the radio on", (("radio",), "on_off", True)),
        ("keep the front door locked", (("front_door",), "locked", True)),
    ],
)
def test_what_is_to_be_kept_so_is_made_so(said: str, what: tuple[object, ...]) -> None:
    assert done(plan(said)) == [what]


@pytest.mark.parametrize(
    "said", ["leave the sofa lamp on", "keep the garage door open", "keep the lights in the hall off until ten"]
)
def test_what_is_left_or_could_let_somebody_in_is_not(said: str) -> None:
    assert plan(said).outcome not in ACTING


def test_a_part_of_two_orders_is_not_dropped() -> None:
    assert [step.trait for step in plan("stop the vacuum and send it home").steps] == ["start_stop", "dock"]
    assert plan("stop the vacuum and send it to the kitchen").outcome == "ask"


def test_an_emergency_stop_that_is_ordered_is_one() -> None:
    for said in ("emergency stop the press", "e-stop the press"):
        assert done(plan(said)) == [(("press",), "start_stop", False)]
    for said in ("is the emergency stop pressed", "has the emergency stop been pressed"):
        assert plan(said).query is not None


def test_how_it_was_then_is_no_question_of_now() -> None:
    query = plan("what was the temperature an hour and ten minutes ago").query
    assert query is not None
    assert (query.ask, query.agg) == ("history", "last")
    assert query.over == {"from": "2026-11-22T17:20:00", "to": "2026-11-22T17:20:00"}
    query = plan("was the front door locked half an hour ago").query
    assert query is not None
    assert (query.trait, query.equals) == ("locked", True)
    assert query.over == {"from": "2026-11-22T18:00:00", "to": "2026-11-22T18:00:00"}
    query = plan("was the front door locked two days ago").query
    assert query is not None
    assert query.over == {"from": "2026-11-20T00:00:00", "to": "2026-11-21T00:00:00"}


def test_who_is_done_says_so_by_its_state() -> None:
    for said in ("when the washing machine is done tell me", "let me know when the washing machine finishes"):
        (condition,) = plan(said).conditions
        assert (condition.trait, condition.equals) == ("state", "done")
    (condition,) = plan("tell me when the dishwasher is done").conditions  # which tells no state
    assert (condition.trait, condition.equals) == ("start_stop", False)


@pytest.mark.parametrize("said", ["turn on the heater-plug", "turn on heater_plug", "switch the Heater_Plug on"])
def test_a_mark_within_a_word_parts_no_name(said: str) -> None:
    assert done(plan(said)) == [(("heater_plug",), "on_off", True)]


def test_a_range_of_numbers_is_no_word() -> None:
    assert plan("set the sofa lamp to 20-30").outcome == "ask"


def test_what_stands_beside_says_which() -> None:
    assert done(plan("turn on the light over the counter")) == [(("counter_light",), "on_off", True)]
    assert plan("turn on the lamp above the tank level").outcome not in ACTING


def test_what_is_told_gives_no_order() -> None:
    assert done(plan("the press guard is open so stop the press")) == [(("press",), "start_stop", False)]
    assert plan("the garage door is open").outcome not in ACTING


def test_what_it_can_do_is_asked() -> None:
    assert plan("can the oven go to 300").outcome not in ACTING
    assert done(plan("can the heating be set to 21")) == [(("heating",), "target_temperature", 21)]


def test_the_water_is_as_hot_as_its_heater() -> None:
    query = plan("how hot's the water").query
    assert query is not None
    assert (query.things, query.trait) == (("boiler",), "temperature")


def test_what_only_a_plant_tells_is_asked_of_the_plant() -> None:
    query = plan("are we making more scrap than yesterday").query
    assert query is not None
    assert (query.things, query.trait, query.against) == (("press",), "scrap_count", "yesterday")


@pytest.mark.parametrize(
    "said",
    [
        "dim the bedside lamp over ten minutes then off",
        "bring the sofa lamp down to ten over the next half hour",
        "two lights on please",
        "set the heating between 19 and 21",
        "dial the press back by two strokes a minute",
        "put the kettle on for tea in ten",
        "let the dishwasher finish first, then start the washing machine",
        "raise the press guard",
        "could it be any darker in here",
        "play dead",
        "kitchen bright",
        "let it be dark in the lounge",
        "I swear if that tv isn't off in a minute",
        "turn the hall light on, wait thirty seconds, turn it off",
    ],
)
def test_what_cannot_be_meant_so_is_not_done_so(said: str) -> None:
    assert plan(said).outcome not in ACTING


def test_while_it_is_so_is_a_test_and_whenever_sets_off() -> None:
    made = plan("if it's unlocked, lock the front door and turn off the hall light")
    assert (made.outcome, [condition.trait for condition in made.conditions]) == ("act", ["locked"])
    assert plan("if the back door is unlocked, lock it").conditions == ()
    for said in ("whenever the back door is unlocked lock it", "when the back door is unlocked, lock it"):
        assert (plan(said).outcome, done(plan(said))) == ("automate", [(("back_door",), "locked", True)])


def test_how_far_closed_is_the_rest_of_how_far_open() -> None:
    for said in ("blinds 30 percent closed", "blinds 30 percent shut"):
        assert done(plan(said)) == [(("blinds",), "position", 70)]
    assert done(plan("set the blinds to 30 percent")) == [(("blinds",), "position", 30)]


def test_doors_in_the_plural_are_all_locked() -> None:
    locked = {thing for step in plan("lock the doors").steps for thing in step.things}
    assert locked >= {"front_door", "back_door"}
    assert plan("unlock the doors").outcome not in ACTING


def test_a_place_that_is_not_here_is_answered_by_no_other() -> None:
    for said in ("how warm is it in the conservatory", "are the lights on in the attic"):
        assert (plan(said).outcome, (plan(said).why or "").partition(":")[0]) == ("refuse", "no_such_place")
    assert plan("how warm is it in general").outcome == "answer"


def test_whether_it_is_above_a_number_is_asked_of_what_is_measured() -> None:
    query = plan("is the boiler under fifty").query
    assert query is not None
    assert (query.things, query.trait) == (("boiler",), "temperature")
    query = plan("is the sofa lamp above fifty percent").query
    assert query is not None
    assert query.trait == "brightness"
    query = plan("is the front door above fifty").query
    assert query is not None
    assert query.trait == "locked"  # which measures nothing
