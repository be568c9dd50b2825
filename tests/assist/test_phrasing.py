"""How careful people put an order: particles, values after a pause, sets and what is beside them - English."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.assist.expected import House
from unisono.access import Risk
from unisono.assist import ACTING, Plan

HERE = Path(__file__).parent / "strangers"
SMITHY, ADOBE, SOAP, BROLLY = (House(HERE / f"{name}.yaml") for name in ("smithy", "adobe", "soap", "brolly"))
HARBOR, PRINT, DAIRY = (House(HERE / f"{name}.yaml") for name in ("harbor", "print", "dairy"))
CROFT = House(HERE / "croft.yaml")


def done(made: Plan) -> list[tuple[object, ...]]:
    return [(step.things, step.trait, step.op, step.value) for step in made.steps] if made.outcome in ACTING else []


def one(thing: str, trait: str, value: object, op: str = "set") -> list[tuple[object, ...]]:
    return [((thing,), trait, op, value)]


@pytest.mark.parametrize(
    ("house", "said", "wanted"),
    [
        # a particle that fills its verb, one that is the act, one that says which way
        (SMITHY, "open the curtain up", one("tapestry", "position", 100)),
        (SMITHY, "run the garage door up", one("cart_door", "position", 100)),
        (SMITHY, "draw the curtain back", one("tapestry", "position", 100)),
        (SMITHY, "draw the curtain", one("tapestry", "position", 0)),
        (SMITHY, "set the siren off", one("hooter", "on_off", True)),
        (SMITHY, "set the siren to off", one("hooter", "on_off", False)),
        (SOAP, "send Mule out", one("mule", "start_stop", True)),
        (ADOBE, "top Mustard up to ninety-five", one("truck", "charge_limit", 95)),
        # who does it, and then the verb
        (SMITHY, "let the owl eye record", one("owl", "recording", True)),
        (HARBOR, "have Barnacle vacuum", one("barnacle", "start_stop", True)),
        (HARBOR, "send Barnacle round the saloon", one("barnacle", "start_stop", True)),
        # a verb that nobody knows, with a goal
        (SMITHY, "ease the swirl back to twenty percent", one("swirl", "fan_speed", 20)),
        # how much
        (SMITHY, "put a couple of degrees on the heating", one("forge", "target_temperature", 2, "add")),
        (SMITHY, "put 25 degrees on the floor heating", one("floor", "target_temperature", 25)),
        (SMITHY, "cut the volume on everything", one("nailbox", "volume", -10, "add")),
        (SMITHY, "warm my seat in the car, full blast", one("wagon", "seat_heating", 3)),
        (SMITHY, "get Bumble toasty, say 22", one("wagon", "target_temperature", 22)),
        (
            BROLLY,
            "hall humidifier on, fifty-five percent",
            [*one("fog", "on_off", True), *one("fog", "target_humidity", 55)],
        ),
        (ADOBE, "make it 24 degrees in the den", one("swamp", "target_temperature", 24)),
        # words of the language that are names here
        (SMITHY, "spots to twenty", one("beam_spots", "brightness", 20)),
        (SMITHY, "light over the sink on full", one("sink_light", "brightness", 100)),
        (PRINT, "give the store five more points of humidity", one("damp", "target_humidity", 5, "add")),
        (ADOBE, "the two den lights on", [(("cactus", "cove"), "on_off", "set", True)]),
        (BROLLY, "turn the lights off in sewing", one("hall_tubes", "on_off", False)),
        (ADOBE, "pendents off", one("pendants", "on_off", False)),
        (HARBOR, "ceeling fan at sixty", one("ceiling_fan", "fan_speed", 60)),
        (HARBOR, "leave only the bunk glow lit", [(("brass_lamp", "galley_tubes"), "on_off", "set", False)]),
    ],
)
def test_an_order_is_read_however_it_is_put(house: House, said: str, wanted: list[tuple[object, ...]]) -> None:
    assert done(house.plan((said,), "en")) == wanted


@pytest.mark.parametrize(
    ("house", "said"),
    [
        (SMITHY, "sort the lights out"),
        (SMITHY, "blorb the lights out"),
        (SMITHY, "blorb the moth to twenty percent out"),
        (SMITHY, "leave only the radio on"),
        (SMITHY, "leave only the lights on"),
        (SMITHY, "the three gallery lamps on"),
        (SMITHY, "heating at twenty-one five"),
        (SMITHY, "everything with a bulb in the scullery, off"),
        (SMITHY, "no use running the well pump now"),
    ],
)
def test_what_may_mean_anything_is_asked(house: House, said: str) -> None:
    assert done(house.plan((said,), "en")) == []


def test_what_is_made_or_put_out_is_no_name_and_no_count() -> None:
    made = SMITHY.plan(("make a coffee for me",), "en")
    assert done(made) == one("moka", "start_stop", True)
    made = HARBOR.plan(("keep the brass lamp burning and put out the rest of the lights",), "en")
    assert made.steps[0].value is False
    assert "brass_lamp" not in {thing for step in made.steps for thing in step.things}


def test_every_light_is_every_light_whatever_is_included() -> None:
    lights = {"beam_spots", "moth", "sink_light", "picture_lights", "wall_lanterns"}
    made = SMITHY.plan(("every light out, gallery included",), "en")
    assert {thing for step in made.steps for thing in step.things} == lights
    made = HARBOR.plan(("every lamp inside off, leave the terrace alone",), "en")
    assert {thing for step in made.steps for thing in step.things} == {
        "brass_lamp",
        "chart_light",
        "galley_tubes",
        "bunk_glow",
    }


def test_what_stays_lit_alone_may_be_all_that_is_lit() -> None:
    made = HARBOR.plan(("leave only the mast lights lit",), "en")
    assert done(made) == [
        (("brass_lamp", "galley_tubes", "bunk_glow"), "on_off", "set", False),
        (("mast_lights",), "on_off", "set", True),
    ]


class _Reader:
    """Sees everything, may set nothing."""

    def may_see(self, thing: str) -> bool:
        del thing
        return True

    def may_set(self, thing: str, trait: str, risk: Risk) -> bool:
        del thing, trait, risk
        return False


def test_who_may_not_put_the_others_out_is_asked_which() -> None:
    house = House(HERE / "harbor.yaml")
    house.speaker = msgspec.structs.replace(house.speaker, rights=_Reader())
    assert house.plan(("leave only the mast lights lit",), "en").outcome == "ask"


def test_who_stops_everything_leaves_the_light_on() -> None:
    made = SOAP.plan(("halt everything in the cutting room except the wrapper",), "en")
    assert "cut_lights" not in {thing for step in made.steps for thing in step.things}


def test_what_follows_a_complaint_asks_nothing() -> None:
    assert SMITHY.plan(("I can hardly see what I'm knitting",), "en").outcome != "answer"


@pytest.mark.parametrize(
    ("house", "said", "trait"),
    [
        (HARBOR, "how many kilometres has Pip left?", "range"),
        (HARBOR, "how many kilometres has Pip done?", "odometer"),
        (SMITHY, "what did the garden probe bottom out at last night?", "temperature"),
        (SOAP, "how many bars has the stamper turned out?", "good_count"),
        (PRINT, "how many sheets did the offset spoil?", "scrap_count"),
    ],
)
def test_a_question_is_about_what_its_verb_says(house: House, said: str, trait: str) -> None:
    query = house.plan((said,), "en").query
    assert query is not None
    assert query.trait == trait


def test_a_place_beside_what_is_locked_is_its_locks() -> None:
    for said in ("lock the dairy and the pickup", "lock the pickup and the dairy"):
        made = CROFT.plan((said,), "en")
        assert {thing for step in made.steps for thing in step.things} == {"pickup", "dairy_door"}
    assert CROFT.plan(("lock the pickup and the parlour",), "en").outcome == "refuse"
    assert CROFT.plan(("unlock the pickup and the dairy",), "en").outcome not in ACTING


def test_who_is_gone_tells_why_something_is_off_and_nothing_else() -> None:
    made = CROFT.plan(("heating off everyone's gone",), "en")
    assert done(made) == one("boiler", "on_off", False)
    assert CROFT.plan(("radio on everyone's gone",), "en").outcome not in ACTING
    assert CROFT.plan(("heating to 20 everyone's gone",), "en").outcome not in ACTING


def test_the_limit_of_a_tank_is_how_full_it_is() -> None:
    made = DAIRY.plan(("when the whey tank gets under 20, turn on the yard light",), "en")
    assert [(condition.trait, condition.below) for condition in made.conditions] == [("level", 20)]
    made = BROLLY.plan(("when the lacquer gets under 20, pole to red",), "en")
    assert made.outcome == "ask", "or how warm it is: of this one both are known"
    made = SMITHY.plan(("when the breath meter climbs past 1200, start the air purifier",), "en")
    assert [(condition.trait, condition.above) for condition in made.conditions] == [("co2", 1200)]


def test_three_quarters_of_an_hour_are_a_time() -> None:
    made = HARBOR.plan(("turn the air con on for three quarters of an hour",), "en")
    assert made.steps[0].things == ("sea_breeze",)
    made = SMITHY.plan(("weekday mornings at six, floor heating to 26",), "en")
    assert made.when is not None
    assert (made.when.every, made.when.at) == ("weekday", "06:00")
