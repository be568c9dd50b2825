"""What a verb, a particle or a number means of the thing that it is said of - English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.expected import House
from tests.assist.test_phrasing import done, one
from unisono.assist import ACTING

HERE = Path(__file__).parent / "strangers"
PELICAN, OAKASH, MAPLE = (House(HERE / f"{name}.yaml") for name in ("pelican", "oakash", "maple"))


@pytest.mark.parametrize(
    ("house", "said", "wanted"),
    [
        # what is out is open, what is pulled over something is shut
        (PELICAN, "awning out", one("awning", "position", 100)),
        (PELICAN, "put the awning out halfway", one("awning", "position", 50)),
        (PELICAN, "let the awning out over the deck", one("awning", "position", 100)),
        (PELICAN, "wind the awning back in, please", one("awning", "position", 0)),
        (PELICAN, "pull the cover over the pool", one("pool_cover", "position", 0)),
        (PELICAN, "the light over the kitchen on", []),
        # two thirds are no two hundred and thirty; of the way is how far, not by how much
        (PELICAN, "shutters two thirds of the way down", one("shutters", "position", 33.34)),
        (PELICAN, "louvres a quarter of the way up", one("louvres", "position", 25)),
        (MAPLE, "bedroom blinds halfway down", one("bedroom_blinds", "position", 50)),
        (MAPLE, "bedroom blinds a quarter of the way down", one("bedroom_blinds", "position", 75)),
        # the back of a car is its boot; the back of a door is nothing of its own
        (MAPLE, "open the back of the van", one("van", "trunk", "open")),
        (PELICAN, "shut the back of the ute", one("ute", "trunk", "closed")),
        # the fan of what is no fan
        (PELICAN, "split system fan to ninety", one("split", "fan_speed", 90)),
        (PELICAN, "turn the aircon fan up", one("aircon", "fan_speed", 20, "add")),
        (PELICAN, "aircon fan on low", one("aircon", "fan_speed", "low")),
        # a name counts before the everyday word in it
        (OAKASH, "roller shutter down", one("loading", "position", 0)),
        (PELICAN, "outside lights on", [(("festoon", "pool_lights"), "on_off", "set", True)]),
        (OAKASH, "get the spray robot going", one("painter", "start_stop", True)),
        # a number after an hour's word that is no hour
        (PELICAN, "barbie on, TV at forty", [(("bbq",), "on_off", "set", True), (("telly",), "volume", "set", 40)]),
        # it, of which nobody knows what it is
        (PELICAN, "dim it", []),
        (PELICAN, "turn on the shell lamp // dim it", one("shell", "brightness", -20, "add")),
        (PELICAN, "alarm off", one("alarm", "armed", "false")),
        (MAPLE, "send the hoover back to charge", [(("hoover",), "dock", "call", None)]),
        (PELICAN, "shutters down, hurry", one("shutters", "position", 0)),
        (PELICAN, "bench strip a fair bit brighter", one("bench_strip", "brightness", 40, "add")),
        (PELICAN, "shell lamp on, actually", one("shell", "on_off", True)),
        (PELICAN, "shell lamp on. actually, don't", []),
        (MAPLE, "quit recording on the yard camera", one("yard_cam", "recording", False)),
        (PELICAN, "the telly is so loud I can't hear Dave", one("telly", "volume", -10, "add")),
        (PELICAN, "I can't hear Dave", []),
        (PELICAN, "turn everything cooling the lounge off", []),
        (PELICAN, "switch off everything heating the pool", []),
        (PELICAN, "set the tv volume to 10 no stop", []),
    ],
)  # fmt: skip
def test_what_is_meant_of_a_thing(house: House, said: str, wanted: list[tuple[object, ...]]) -> None:
    assert done(house.plan(tuple(said.split(" // ")), "en")) == wanted


@pytest.mark.parametrize(
    ("said", "at", "every"),
    [
        ("every friday at half four turn the kiln off", "16:30", "fri"),
        ("every day at ten past five, yard lights off", "17:10", "day"),
        ("every day at ten past six turn on the kiln", "06:10", "day"),
        ("at 5:30 every weekday stop the kiln", "05:30", "weekday"),
        ("every weekday at half five start the kiln", "05:30", "weekday"),
        ("every morning at four stop the kiln", "04:00", "day"),
        ("every evening at sunset turn on the yard lights", "sunset", "day"),
    ],
)
def test_which_half_of_the_day_an_hour_is_of(said: str, at: str, every: str) -> None:
    made = OAKASH.plan((said,), "en")
    assert made.outcome == "automate" and made.when is not None
    assert (made.when.at, made.when.every) == (at, every)


def test_nothing_is_done_at_a_moment_that_is_past() -> None:
    made = PELICAN.plan(("turn off the TV at three today",), "en")  # said at twenty past four
    assert (made.outcome, made.why) == ("ask", "what_time")
    assert OAKASH.plan(("turn off the saw at three today",), "en").outcome == "later"


@pytest.mark.parametrize("said", ["more than a minute", "at least a minute", "longer than one minute"])
def test_how_long_it_has_been_so_is_a_condition_of_time(said: str) -> None:
    made = PELICAN.plan((f"if the pool gate's unlocked for {said}, lock it",), "en")
    assert made.outcome == "automate"
    assert [condition.for_s for condition in made.conditions] == [60]


def test_its_reading_is_that_of_what_is_ordered() -> None:
    made = OAKASH.plan(("Bring Mule back to its dock whenever its battery falls below a quarter",), "en")
    assert made.outcome == "automate"
    assert [(test.things, test.trait, test.below) for test in made.conditions] == [(("mule",), "battery", 25)]
    assert OAKASH.plan(("turn the klaxon on when its battery falls below a quarter",), "en").outcome not in ACTING


def test_inside_of_something_is_no_room() -> None:
    made = PELICAN.plan(("how hot is it inside the car?",), "en")
    assert made.query is not None and made.query.things == ("ute",) and made.query.trait == "cabin_temperature"
    assert PELICAN.plan(("how hot is it inside?",), "en").query.things == ("aircon", "split")  # type: ignore[union-attr]
    assert PELICAN.plan(("is the alarm on?",), "en").query.trait == "armed"  # type: ignore[union-attr]


def test_an_order_that_begins_with_its_verb_and_names_its_thing_is_not_doubted() -> None:
    assert MAPLE.plan(("the neighbour may stop recording on the yard camera",), "en").outcome not in ACTING
