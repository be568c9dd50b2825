"""Text that nobody said to a home moves nothing in it: this project's own strings and documents, and the like."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING

ROOT = Path(__file__).parents[2]
HOUSE = House(Path(__file__).parent / "strangers" / "maple.yaml")
#: Of longer texts, which are no fragments any more, every fifth is tried.
LONG, LONGEST, SOME = 4, 12, 6
#: What among all this is an order all the same: verbs that stand alone, and examples of orders.
ORDERS = frozenset(
    """
"remind me at five to ...",
Close every socket.
DIMMER
DISARM
Dimmer
Light and warm the room.
Mute
NEXT
Pause
When, and what: every day at 19:00: Kitchen light: on.
arm
honk, sound the horn
arm (an alarm)
arm:
audio-start
audio-stop
brew
brighten, brighter, lighten
brighter
charge, plug in
clean
clean, input:
coffee
coffee, latte, espresso: what a coffee machine makes
cool down, cooler, colder
cooler
defrost, demist
dim, darker, darken
dimmer
disarm
dock
honk
it: `sweep`.
lock up: without an object, all that locks
louder
make, brew, prepare - of what a machine makes
mute
mute, silence
next
next track, skip
pause
pause, hold
play
previous
previous track, go back
quieter
quieter, softer
resume
resume, continue, go on
return to base
silence
skip
sound back on
sweep
unmute
vacuum, sweep, hoover
warm up, warmer, heat
warmer
    """.strip().splitlines()
)


def _strings() -> Iterator[str]:
    for path in (ROOT / "src" / "unisono").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from node.value.splitlines()


def _sentences() -> Iterator[str]:
    for path in (*(ROOT / "docs").rglob("*.md"), ROOT / "CHANGELOG.md", ROOT / "README.md"):
        for paragraph in re.split(r"\n\s*\n|\n(?=[-#|*\d])", path.read_text(encoding="utf-8")):
            said = " ".join(paragraph.split()).replace("`", "").replace("**", "")
            yield from (re.sub(r"^[-#*>\s]+", "", one) for one in re.split(r"(?<=[.!?:;])\s+|\s*\|\s*", said))


def test_no_string_and_no_sentence_of_this_project_is_an_order() -> None:
    texts = {text.strip() for text in (*_strings(), *_sentences())} - ORDERS
    texts = {text for text in texts if re.search("[A-Za-z]", text)}
    short = sorted(text for text in texts if len(text.split()) <= LONG)
    longer = sorted(text for text in texts if LONG < len(text.split()) <= LONGEST)[::SOME]
    assert len(short) > 5_000
    acted = {text: plan.steps for text in (*short, *longer) if (plan := HOUSE.plan((text,), "en")).outcome in ACTING}
    assert not acted


@pytest.mark.parametrize(
    "text",
    [
        # states and pasts, of nothing
        "plugged in", "docked", "paused", "recorded", "killed here", "replays from the checkpoint", "preheats",
        "Singles are read and recorded together", "State recorded for an individual element", "Alarms that changed.",
        # adjectives and colours, of nothing
        "hot", "loud", "dark", "orange", "warm white", "dirty",
        # numbers of nothing, and numbers that number
        "at most 30", "A rate of 0 is no limit of its own.", "Hall light 1", "3 blinds",
        # nothing is there
        "no room", "the hi-fi has no pause", "clean session is processed", "next of the last page",
        "What a program may do with topics", "load the alarm", "relay", "presume", "End the tasks.",
        # names of programs
        "time_to_full_charge", "when.0.window", "A place takes on a mode (home, away).", "websocket.close", "limit=1",
        "person_with_dark_skin_tone", "$rewind",
        "set_test_pause", "/api/v1/places?limit=1", "hot-*.new*", "text-decoration-skip-self", "_door_open",
        "turn_off", "doors_open", "unisono thing add lamp1 --place PLACE",
    ],
)  # fmt: skip
def test_a_fragment_is_no_order(text: str) -> None:
    assert HOUSE.plan((text,), "en").outcome not in ACTING


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("turn off bathroom_light", [("bathroom_light", "on_off", False)]),
        ("counter strip 30", [("counter_strip", "brightness", 30)]),
        ("snug blind opened", [("snug_blind", "position", 100)]),
        ("no lights in the hall", [("hall_light", "on_off", False)]),
        ("set the alarm", [("alarm", "armed", "away")]),
        ("limit the car to 60", [("van", "charge_limit", 60)]),
        ("23:30 today: dryer starts", [("dryer", "start_stop", True)]),
        ("turn on the globe // blue", [("globe", "color", "blue")]),
    ],
)
def test_what_is_said_short_is_still_an_order(text: str, steps: list[tuple[str, str, object]]) -> None:
    plan = HOUSE.plan(tuple(text.split(" // ")), "en")
    assert [(step.things[0], step.trait, step.value) for step in plan.steps] == steps
