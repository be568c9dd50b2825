"""English words near to others, numbers that may be hours, heat that water does not have: no act on these."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan, understand

HOUSE = House(Path(__file__).parent / "strangers" / "loft.yaml")
COVERS = ("the curtain", "the bedroom curtain", "the airer")


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


@pytest.mark.parametrize("weather", ["raining", "rainning", "hailing", "drizzling", "sleeting", "foggy"])
def test_a_condition_is_not_read_out_of_a_word_that_is_only_near(weather: str) -> None:
    forms = ("close {} if it's {}", "close {} unless it is {}", "open {} when it's {}", "if it's {1} open {0}")
    made = {text: plan(text) for text in (form.format(what, weather) for form, what in product(forms, COVERS))}
    assert not {text: one.outcome for text, one in made.items() if one.outcome in ACTING}


def test_a_name_that_is_misspelled_in_a_condition_is_still_that_name() -> None:
    made = plan("turn the hall lamp on if the wahser is running")
    assert made.outcome in ACTING
    assert made.conditions
    assert made.conditions[0].things == ("wash",)


@pytest.mark.parametrize("hour", ["five", "seven", "8", "nine"])
@pytest.mark.parametrize("said", ["warm the car up for {}", "cool the ac for {} tomorrow", "turn the ac up for {}"])
def test_for_what_may_be_an_hour_no_degrees_are_added(said: str, hour: str) -> None:
    assert plan(said.format(hour)).outcome == "ask"


@pytest.mark.parametrize(
    ("said", "value"), [("turn the ac up by 3", 3), ("turn the ac up to 24", 24), ("turn the ac up 2 degrees", 2)]
)
def test_degrees_that_are_said_as_such_are_taken(said: str, value: int) -> None:
    made = plan(said)
    assert (made.outcome, [step.value for step in made.steps]) == ("act", [value])


@pytest.mark.parametrize(("degrees", "outcome"), [(40, "act"), (65, "act"), (120, "refuse"), (250, "refuse")])
def test_a_water_heater_of_a_home_file_has_the_bounds_of_water(degrees: int, outcome: str) -> None:
    assert plan(f"set the water heater to {degrees} degrees").outcome == outcome


@pytest.mark.parametrize("clock", ["00:10", "08:20", "11:59", "13:05", "23:40"])
@pytest.mark.parametrize("said", ["at midnight", "around midnight", "today at midnight", "tonight at midnight"])
def test_midnight_is_never_noon(said: str, clock: str) -> None:
    now = datetime.fromisoformat(f"2026-11-23T{clock}:00+00:00")
    made = understand(f"turn the sofa lamp off {said}", HOUSE.world, now=now, lang="en")
    assert made.outcome == "later"
    assert made.when is not None
    assert made.when.at == "2026-11-24T00:00:00"
