"""Steps of a plan as orders to things: units, what is relative, conditions, and the way back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.assist.orders import Order, holds, missing, orders, taken_back
from unisono.assist.plan import Condition, Step
from unisono.errors import CallerError
from unisono.thing import Model, Property, Schema, Service, builtin_model


def odd(*properties: Property) -> Model:
    return Model(id="odd", services=(Service(properties=properties),))


MODELS = {
    "lamp": builtin_model("light"),
    "heater": builtin_model("climate"),
    "vacuum": builtin_model("vacuum"),
    "blind": builtin_model("cover"),
    "fahrenheit": odd(
        Property(
            key="t", trait="target_temperature", schema=Schema(kind="float"), unit="[degF]", access=("read", "write")
        ),
        Property(key="now", trait="temperature", schema=Schema(kind="float"), unit="[degF]"),
        Property(key="steps", schema=Schema(kind="int", min=1, max=9, step=2), access=("read", "write")),
        Property(key="whole", trait="volume", schema=Schema(kind="int"), unit="%", access=("read", "write")),
    ),
}
STATES: dict[str, dict[str, Any]] = {
    "lamp": {"on_off": True, "brightness": 95.5},
    "heater": {"temperature": 19.0},
    "blind": {"position": 30},
    "fahrenheit": {"t": 68.0, "now": 77.0, "steps": 5},
}


def step(thing: str, trait: str, op: str, value: Any = None, unit: str | None = None) -> Step:
    said = {"things": [thing], "trait": trait, "op": op, "value": value, "unit": unit}
    return msgspec.convert(said, Step)


@pytest.mark.parametrize(
    ("wanted", "key", "value"),
    [
        (step("lamp", "on_off", "set", False), "on_off", False),
        (step("lamp", "on_off", "toggle"), "on_off", False),
        (step("lamp", "brightness", "add", 20, "%"), "brightness", 100),
        (step("lamp", "brightness", "add", -100, "%"), "brightness", 0),
        (step("lamp", "brightness", "add", -10.2), "brightness", 85.3),
        (step("lamp", "color", "set", "red"), "color", "red"),
        (step("heater", "target_temperature", "set", 77, "°F"), "target_temperature", 25),
        (step("fahrenheit", "target_temperature", "set", 25), "t", 77),
        (step("fahrenheit", "target_temperature", "add", 2, "Cel"), "t", 71.6),
        (step("fahrenheit", "steps", "add", 1), "steps", 5),
        (step("fahrenheit", "steps", "add", 1.5), "steps", 7),
        (step("fahrenheit", "volume", "set", 30.0), "whole", 30),
        (step("fahrenheit", "volume", "set", 30.5), "whole", 30.5),
    ],
)
def test_what_is_asked(wanted: Step, key: str, value: Any) -> None:
    (order,) = orders([wanted], MODELS, STATES)
    assert order.set == {key: value}
    assert type(order.set[key]) is type(value) or isinstance(value, int | float)
    known = STATES[order.thing]
    assert order.before == ({key: known[key]} if key in known else {})


def test_steps_of_one_thing_are_one_command_as_long_as_they_can_be() -> None:
    given = orders(
        [
            step("lamp", "on_off", "set", True),
            Step(op="remind", text="x"),
            step("lamp", "brightness", "set", 40),
            step("vacuum", "dock", "call"),
            step("lamp", "brightness", "set", 50),
        ],
        MODELS,
        STATES,
    )
    assert given == [
        Order("lamp", {"on_off": True, "brightness": 40}, before={"on_off": True, "brightness": 95.5}),
        Order("vacuum", call="dock"),
        Order("lamp", {"brightness": 50}, before={"brightness": 95.5}),
    ]
    assert taken_back(given) == [
        Order("lamp", {"brightness": 95.5}),
        Order("lamp", {"on_off": True, "brightness": 95.5}),
    ]
    assert taken_back(orders([step("heater", "hvac_mode", "set", "cool")], MODELS, STATES)) == []


def test_a_call_has_its_input_by_name() -> None:
    assert orders([step("vacuum", "dock", "call", {"fast": True})], MODELS, STATES)[0].input == {"fast": True}
    with pytest.raises(CallerError, match="by name"):
        orders([step("vacuum", "dock", "call", 3)], MODELS, STATES)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (step("heater", "target_temperature", "add", 2), "not known"),
        (step("heater", "hvac_mode", "toggle"), "not known"),
        (step("lamp", "on_off", "add", 2), "not known"),
        (step("lamp", "brightness", "add", "more"), "not known"),
        (step("lamp", "ring", "set", 2), "no property"),
        (step("lamp", "dock", "call"), "no action"),
        (step("heater", "target_temperature", "set", 2, "lx"), "measures"),
    ],
)
def test_what_cannot_be_asked_says_why(wanted: Step, why: str) -> None:
    with pytest.raises(CallerError, match=why):
        orders([wanted], MODELS, STATES)


def test_a_thing_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CallerError, match="no thing 'nobody'"):
        orders([step("nobody", "on_off", "set", True)], MODELS, STATES)


def test_of_one() -> None:
    def so(thing: str, trait: str, **test: Any) -> bool:
        condition = msgspec.convert({"things": [thing], "trait": trait, **test}, Condition)
        return holds(condition, MODELS, STATES)

    assert so("lamp", "on_off", **{"is": True})
    assert not so("lamp", "on_off", **{"is": 1})
    assert so("lamp", "on_off", **{"is": [False, True]})
    assert so("lamp", "brightness", above=90, below=96)
    assert not so("lamp", "brightness", above=95.5)
    assert not so("lamp", "brightness", below=95.5)
    assert not so("lamp", "on_off", above=0)
    assert so("lamp", "on_off")
    assert so("blind", "position", **{"is": "open"})
    assert not so("blind", "position", **{"is": "closed"})
    assert not so("heater", "hvac_mode", **{"is": "heat"})
    # in the trait's own unit
    assert so("fahrenheit", "temperature", above=24.9, below=25.1)


def test_of_several() -> None:
    models = {"a": MODELS["lamp"], "b": MODELS["lamp"]}
    states = {"a": {"on_off": True}, "b": {"on_off": False}}
    on = Condition(things=("a", "b"), trait="on_off", equals=True)
    off = Condition(things=("a", "b"), trait="on_off", equals=False)
    assert holds(on, models, states)
    assert not holds(off, models, states)
    assert holds(off, models, {"a": {"on_off": False}, "b": {"on_off": False}})
    assert missing(on, models, {})
    assert not missing(on, models, states)
