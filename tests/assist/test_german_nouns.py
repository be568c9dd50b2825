"""German: a noun that nobody here bears is no near verb, and a lamp of a name of its own is not every lamp."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING

HOUSE = House(Path(__file__).parent / "strangers" / "orchard.yaml")
GERMAN = House(Path(__file__).parent / "strangers" / "terrace.yaml")


@pytest.mark.parametrize("said", [
    "Küche aus",
    "schalte die Küche aus",
    "mach das Licht in der Küche an",
    "im Flur das Licht aus",
    "mach in der Küche alles aus",
    "Schalte das Deckenlicht aus",
    "Stehlampe an",
])  # fmt: skip
def test_what_has_no_german_name_is_not_guessed(said: str) -> None:
    plan = HOUSE.plan((said,), "de")
    assert plan.outcome not in ACTING
    assert plan.why != "which_thing:koche"


def test_what_has_one_is_found() -> None:
    (step,) = GERMAN.plan(("Schalte das Deckenlicht aus",), "de").steps
    assert step.things == ("ceiling_light",)
    (step,) = GERMAN.plan(("im Flur das Licht an",), "de").steps
    assert step.things == ("hall_light",)
    assert GERMAN.plan(("mach die Kuche aus",), "de").steps  # an umlaut that the keyboard lacks


def test_bright_said_of_a_room_is_no_complaint() -> None:
    assert GERMAN.plan(("Küche hell",), "de").outcome not in ACTING
    assert GERMAN.plan(("die Küche ist zu hell",), "de").outcome in ACTING
