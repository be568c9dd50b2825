"""What is taken back within a sentence is not done, whatever it was; what only sounds so is."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "terrace.yaml")
ORDERS = (
    "turn off the sofa lamp",
    "turn the heating up to 23",
    "close the blinds",
    "lock the back door",
    "start the dishwasher",
    "set the tv volume to 10",
    "turn off everything in the kitchen",
    "play the radio",
    "turn on the fan in ten minutes",
    "open the garage door when anna comes home",
    "stop the press",
    "make me a coffee",
)
JOINTS = (", ", "... ", ". ", " - ", " ")
BACK = (
    "no don't",
    "no, don't",
    "no wait, don't",
    "actually don't",
    "oh wait don't do that",
    "don't do it yet",
    "please don't",
    "just not yet",
    "but not yet",
    "not now",
    "better not",
    "don't bother",
    "no need",
    "no",
    "actually no",
    "forget it",
    "never mind",
    "cancel that",
    "scratch that",
    "i take that back",
    "i've changed my mind",
    "just kidding",
    "leave it as it is",
    "actually, leave it",
    "as you were",
    "oh no you don't need to",
)


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def done(made: Plan) -> list[tuple[object, ...]]:
    return [(step.things, step.trait, step.value) for step in made.steps] if made.outcome in ACTING else []


@pytest.mark.parametrize("back", BACK)
def test_what_is_taken_back_is_not_done(back: str) -> None:
    said = [f"{order}{joint}{back}" for order, joint in product(ORDERS, JOINTS)]
    assert not [text for text in said if plan(text).outcome in ACTING]
    assert plan(f"{ORDERS[0]}, {back}").why == "negated"  # and it is said


def test_what_comes_after_it_counts_and_may_speak_of_what_was_meant() -> None:
    assert done(plan("set the heating to 20, scratch that, 22")) == [(("heating",), "target_temperature", 22)]
    assert done(plan("turn off the sofa lamp, scratch that, the tv")) == [(("tv",), "on_off", False)]
    assert plan("turn off the tv, scratch that, thirty").outcome == "ask"
    assert done(plan("set the heating to 20, cancel that, 22")) == [(("heating",), "target_temperature", 22)]
    assert done(plan("turn off the sofa lamp, forget it, the tv")) == [(("tv",), "on_off", False)]
    assert plan("turn off the tv, cancel that, thirty").outcome == "ask"
    for said in ("turn off the tv at 8pm, no, at 9pm", "turn off the tv at 8pm, scratch that, at 9pm"):
        made = plan(said)
        assert (made.outcome, made.when and made.when.at) == ("later", "2026-11-22T21:00:00")
    assert done(plan("turn off the sofa lamp, no wait, don't, turn off the tv instead")) == [(("tv",), "on_off", False)]
    assert done(plan("turn off the ceiling light, no don't, just dim it")) == [(("ceiling_light",), "brightness", -20)]


@pytest.mark.parametrize(
    ("said", "thing"),
    [
        ("lock the back door, don't forget", "back_door"),
        ("turn off the tv, I don't need it", "tv"),
        ("turn off the tv, nobody is watching it", "tv"),
        ("turn off the sofa lamp. Thanks, no need to rush", "sofa_lamp"),
        ("turn off the sofa lamp and don't turn off the ceiling light", "sofa_lamp"),
        ("I've changed my mind, turn off the tv", "tv"),
        ("turn off the tv, it's dreadful, isn't it", "tv"),
    ],
)
def test_what_only_sounds_so_takes_nothing_back(said: str, thing: str) -> None:
    assert [things for things, *_ in done(plan(said))] == [(thing,)]


@pytest.mark.parametrize("said", ["is the dishwasher done or not yet", "is the tv on, no"])
def test_a_question_is_not_taken_back(said: str) -> None:
    assert plan(said).outcome == "answer"


@pytest.mark.parametrize(
    "back",
    [
        "nein",
        "nein doch nicht",
        "aber noch nicht",
        "nicht jetzt",
        "ach vergiss es",
        "lass es",
        "ich hab's mir anders überlegt",
    ],
)
def test_in_german_too(back: str) -> None:
    orders = ("mach die Sofalampe aus", "stell die Heizung auf 23 Grad", "fahr die Rollläden runter")
    said = [f"{order}{joint}{back}" for order, joint in product(orders, JOINTS)]
    assert not [text for text in said if HOUSE.plan((text,), "de").outcome in ACTING]


def test_not_this_but_that() -> None:
    assert done(plan("turn off the radio, no not the radio, the tv")) == [(("tv",), "on_off", False)]
    assert done(plan("turn the tv off. No, the radio.")) == [(("radio",), "on_off", False)]
