"""A word that no layer has a use for stops an English order, wherever it stands: what it means might change it all."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan

HOUSE = House(Path(__file__).parent / "strangers" / "dairy.yaml")

ORDERS = (
    "turn on the tiffany lamp",
    "dim the kitchen spots to 30",
    "close the loading shutter",
    "turn the heating up two degrees",
    "start the filler",
    "unlock the dairy door",
)
#: Known words of other matters, states and questions: no order of these has a use for them.
STRAY = (
    "pizza",
    "birthday",
    "holiday",
    "podcast",
    "happened",
    "completed",
    "malfunction",
    "how often",
    "what length of time",
    "everyone has left",
    "out of order",
)


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


@pytest.mark.parametrize("word", STRAY)
def test_a_known_word_that_is_of_no_use_is_asked_about(word: str) -> None:
    made = {}
    for order, at in product(ORDERS, range(8)):
        words = order.split()
        text = " ".join([*words[:at], word, *words[at:]])
        made[text] = plan(text)
    assert not {text: one.steps for text, one in made.items() if one.outcome in ACTING}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("turn on the broken tiffany", "broken"),
        ("turn on the birthday tiffany", "birthday"),
        ("lantern, turn on the holiday tiffany", "holiday"),
        ("set the kitchen spots to the usual podcast level", None),
        ("start stopping the belt", None),
    ],
)
def test_what_tells_one_of_several_apart_is_not_dropped(said: str, why: str | None) -> None:
    made = plan(said)
    assert made.outcome not in ACTING
    assert why is None or (made.why or "").endswith(why)


@pytest.mark.parametrize(
    "said",
    [
        "start the vacuum cleaning",
        "so the tiffany on please",
        "play the last song again on the kitchen speaker",
        "return Morag to base",
        "arm the alarm for the night",
        "it would be nice if the tiffany was on",
        "knock the tiffany off would ye",
    ],
)
def test_words_that_an_act_reads_itself_stop_nothing(said: str) -> None:
    assert plan(said).outcome == "act"
