"""English orders and questions of nobody in particular: at home, and of those who have anything to tell."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan, understand
from unisono.assist.answer.voice import Voice
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


ASKED_OF_TWO = (
    "is the {} on and the {} off",
    "are the {} off and the {} on",
    "is the {} off or the {} on",
    "is the {} on and the {} shut",
)


@pytest.mark.parametrize("form", ASKED_OF_TWO)
def test_the_second_half_of_a_question_orders_nothing(form: str) -> None:
    lights = [thing.names[0] for thing in HOUSE.world.things.values() if thing.kind == "light"][:3]
    for one, two in product(lights, lights):
        assert plan(form.format(one.lower(), two.lower())).outcome not in ACTING


def light() -> str:
    return next(thing for thing in HOUSE.world.things.values() if "brightness" in thing.takes).names[0].lower()


def test_an_order_after_a_question_is_one() -> None:
    assert touched(plan(f"is the door locked and turn off the {light()}"))


@pytest.mark.parametrize("verb", ["turn on the {} tonight", "tonight turn on the {}", "switch the {} on later tonight"])
def test_tonight_is_not_now(verb: str) -> None:
    assert plan(verb.format(light())).why == "what_time"


@pytest.mark.parametrize(
    ("hour", "clock"), [("eleven", "23:00"), ("nine", "21:00"), ("two", "02:00"), ("twelve", "00:00")]
)
def test_an_hour_of_tonight_is_of_the_night(hour: str, clock: str) -> None:
    for said in (f"tonight at {hour} turn on the {light()}", f"at {hour} tonight turn on the {light()}"):
        made = plan(said)
        assert made.when is not None
        assert made.when.at is not None
        assert made.when.at[11:16] == clock
        assert made.when.at > HOUSE.home.moment.replace(tzinfo=None).isoformat()


@pytest.mark.parametrize("who", ["zorblatt", "the neighbours", "her"])
def test_who_is_not_here_is_not_told(who: str) -> None:
    assert plan(f"let {who} know when the {light()} is off").outcome in ("ask", "refuse")


def test_woken_with_a_thing_is_more_than_a_message() -> None:
    assert plan(f"wake me at seven with the {light()}").outcome == "ask"
    assert plan("wake me at seven").outcome == "later"
    assert plan("wake me up").why == "what_time"


@pytest.mark.parametrize("said", ["set the {} to fifty, no sixty", "set the {} to fifty, no, sixty", "{} to 50, no 60"])
def test_a_number_is_corrected_by_a_number(said: str) -> None:
    made = plan(said.format(light()))
    assert [step.value for step in made.steps if step.trait == "brightness"] == [60]


@pytest.mark.parametrize("said", ["leave the {} on but dim it to ten", "keep the {} on and dim it to ten"])
def test_what_is_left_on_may_be_dimmed(said: str) -> None:
    assert [step.value for step in plan(said.format(light())).steps] == [10]


def test_a_car_is_nobody() -> None:
    made = plan("who is at home")
    assert made.query is not None
    assert {HOUSE.world.things[thing].kind for thing in made.query.things} == {"person"}


@pytest.mark.parametrize(
    "form",
    [
        "would you mind awfully turning the {} off",
        "sorry to be a pain but turn off the {}",
        "sorry to bother you, could you turn off the {}",
    ],
)
def test_politeness_around_an_order_is_no_thing(form: str) -> None:
    assert touched(plan(form.format(light())))


LONG = ("an hour and a half", "a quarter of an hour", "two and a half hours", "a couple of hours", "half an hour")


@pytest.mark.parametrize("span", LONG)
@pytest.mark.parametrize(
    "form", ["{} from now turn on the {}", "turn on the {1} {0} from now", "{} later turn on the {}"]
)
def test_from_now_is_a_delay(span: str, form: str) -> None:
    made = plan(form.format(span, light()))
    assert made.when is not None
    assert (made.outcome, made.when.until) == ("later", None)
    assert made.when.after_s


@pytest.mark.parametrize("deed", ["lock up", "lights out", "kick off", "turning in", "close of play"])
def test_at_what_somebody_does_no_clock_stands(deed: str) -> None:
    assert plan(f"turn off the {light()} at {deed}").why == "what_time"


@pytest.mark.parametrize("which", ["{} that i just turned on", "{} she left on", "{} somebody dimmed"])
def test_what_was_done_to_it_does_not_say_which(which: str) -> None:
    assert plan(f"turn off the {which.format('lamp')}").outcome == "ask"


@pytest.mark.parametrize("said", ["dim everything except what i am reading by", "lights off but for what we need"])
def test_who_leaves_out_what_nobody_knows_is_asked(said: str) -> None:
    assert plan(said).outcome not in ACTING


@pytest.mark.parametrize("said", ["let sleeping dogs lie", "sleeping giants awake"])
def test_a_verb_that_is_only_near_cleans_nothing(said: str) -> None:
    assert plan(said).outcome not in ACTING


def test_to_stop_after_charging_to_a_limit_does_not_stop_the_car() -> None:
    cars = [thing for thing in HOUSE.world.things.values() if thing.kind == "car"]
    assert cars
    assert plan(f"charge the {cars[0].names[0].lower()} to ninety then stop").outcome == "ask"


def test_what_is_left_is_said_in_sentences() -> None:
    english, chinese = Voice("en", HOUSE.home.moment), Voice("zh-CN", HOUSE.home.moment)
    assert english.together(["A refused: the door is open", "", "B is on."]) == "A refused: the door is open. B is on."
    assert chinese.together(["甲拒绝了", "乙开了。"]) == "甲拒绝了。乙开了。"
    assert english.together(["one alone"]) == "one alone"


@pytest.mark.parametrize("form", ["the {} is on and the {} off", "the {} is off and the {} on"])
def test_what_goes_on_with_what_is_told_orders_nothing(form: str) -> None:
    lights = [thing.names[0].lower() for thing in HOUSE.world.things.values() if thing.kind == "light"][:3]
    assert not [pair for pair in product(lights, lights) if plan(form.format(*pair)).outcome in ACTING]


@pytest.mark.parametrize("when", ["tonight", "in the morning", "this evening"])
def test_a_number_after_to_is_no_hour(when: str) -> None:
    made = plan(f"set the {light()} to 18 {when}")
    assert made.when is None or made.when.at is None or made.when.at[11:16] != "18:00"
