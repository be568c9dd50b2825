"""English orders and questions of nobody in particular: at home, and of those who have anything to tell."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan, understand
from unisono.assist.world import Place, World, thing_of_model
from unisono.thing import builtin_model

HOUSE = House(Path(__file__).parent / "strangers" / "loft.yaml")
WORKS = {thing for thing in HOUSE.world.things if "fab" in HOUSE.world.path(HOUSE.world.things[thing].place)}


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "en")


def touched(made: Plan) -> set[str]:
    return {thing for step in made.steps for thing in step.things} if made.outcome in ACTING else set()


def test_what_is_said_of_everything_is_said_at_home_and_stops_no_plant() -> None:
    verbs = ("turn off {}", "switch {} off", "shut {} down", "power off {}", "kill {}")
    what = ("everything", "all devices", "every appliance", "all the lights", "the lot")
    said = [form.format(every) for form, every in product(verbs, what)]
    done = {text: touched(plan(text)) for text in said}
    assert not {text: things & WORKS for text, things in done.items() if things & WORKS}
    assert sum(bool(things) for things in done.values()) > len(said) / 2


@pytest.mark.parametrize("said", ["turn off everything in the works", "shut down everything in the works"])
def test_a_whole_plant_is_not_stopped_in_passing(said: str) -> None:
    assert plan(said).outcome == "ask"


def hub_world() -> World:
    """As a hub knows its things: all that their models have, though each says only some of it."""
    kinds = {"damp": "sensor.humidity", "warm": "sensor.temperature", "washer": "washer"}
    titles = {"damp": "Bedroom humidity", "warm": "Bedroom temperature", "washer": "Washing machine"}
    things = [thing_of_model(id, (titles[id],), kind, "bedroom", builtin_model(kind)) for id, kind in kinds.items()]
    places = [Place(id="home", names=("Home",), kind="home", inside=None)]
    places += [Place(id="bedroom", names=("Bedroom", "卧室"), kind="room", inside="home")]
    states: dict[str, dict[str, object]] = {
        "damp": {"humidity": 48},
        "warm": {"temperature": 21.2},
        "washer": {"start_stop": False, "state": "idle"},
    }
    return World(places, things, states)


@pytest.mark.parametrize("said", ["how warm is it in the bedroom", "what's the temperature", "卧室多少度"])
def test_who_tells_others_and_never_this_one_is_not_asked(said: str) -> None:
    world = hub_world()
    assert "temperature" in world.things["damp"].tells
    made = understand(said, world, now=HOUSE.home.moment)
    assert made.query is not None
    assert (made.query.things, made.query.trait) == (("warm",), "temperature")


def test_where_nobody_has_told_anything_all_who_might_are_asked() -> None:
    world = hub_world()
    world.states = {}
    made = understand("how warm is it in the bedroom", world, now=HOUSE.home.moment)
    assert made.query is not None
    assert set(made.query.things) == {"damp", "warm"}


def test_a_machine_is_asked_by_what_it_tells_of_itself() -> None:
    world = hub_world()
    assert "on_off" in world.things["washer"].tells
    made = understand("is the washing machine running", world, now=HOUSE.home.moment)
    assert made.query is not None
    assert (made.query.trait, made.query.equals) == ("start_stop", True)
