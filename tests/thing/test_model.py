"""The canonical model: addresses, finding by trait, and near misses."""

from __future__ import annotations

import pytest

from unisono.errors import CallerError
from unisono.thing import (
    Action,
    Event,
    Model,
    Property,
    Schema,
    Service,
    builtin_model,
    find_action,
    find_event,
    find_property,
)

BOOL = Schema(kind="bool")
STRIP = Model(
    id="acme.strip",
    services=(
        Service(properties=(Property(key="name", schema=BOOL),)),
        Service(
            key="left",
            properties=(
                Property(key="on", schema=BOOL, trait="on_off", access=("read", "write")),
                Property(key="watts", schema=BOOL, trait="power"),
            ),
            actions=(Action(key="reset"),),
        ),
        Service(
            key="right.outer",
            properties=(Property(key="on", schema=BOOL, trait="on_off", access=()),),
            events=(Event(key="tripped", trait="fault"),),
        ),
    ),
)


def test_members_are_addressed_in_the_order_of_the_document() -> None:
    assert list(STRIP.properties) == ["name", "left.on", "left.watts", "right.outer.on"]
    assert list(STRIP.actions) == ["left.reset"]
    assert list(STRIP.events) == ["right.outer.tripped"]
    assert STRIP.properties is STRIP.properties


def test_access() -> None:
    both, none = STRIP.properties["left.on"], STRIP.properties["right.outer.on"]
    assert (both.readable, both.writable, both.notifies) == (True, True, False)
    assert (none.readable, none.writable, none.notifies) == (False, False, False)


def test_a_trait_finds_the_only_property_that_bears_it() -> None:
    assert find_property(STRIP, "power") == ("left.watts", STRIP.properties["left.watts"])
    assert find_property(STRIP, "left.on")[0] == "left.on"
    assert find_event(STRIP, "fault")[0] == "right.outer.tripped"
    assert find_action(STRIP, "left.reset")[0] == "left.reset"


def test_an_ambiguous_trait_names_its_bearers() -> None:
    with pytest.raises(CallerError) as caught:
        find_property(STRIP, "on_off")
    assert caught.value.code == "unknown_property"
    assert caught.value.field == "on_off"
    assert "several property addresses" in caught.value.detail
    assert caught.value.expected == "one of left.on, right.outer.on"


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        ("light", "brigthness", "one of brightness"),
        ("climate", "temperatur", "one of temperature, target_temperature"),
        ("light", "zzz", "one of on_off, brightness, color, color_temperature, mode, timer, power"),
        ("car", "zzz", ", ..."),
    ],
)
def test_a_mistyped_name_gets_its_near_misses(model: str, name: str, expected: str) -> None:
    with pytest.raises(CallerError) as caught:
        find_property(builtin_model(model), name)
    assert caught.value.detail == f"{model} has no property {name!r}"
    assert expected in (caught.value.expected or "")


def test_a_model_without_any_says_so() -> None:
    with pytest.raises(CallerError) as caught:
        find_action(builtin_model("plug"), "explode")
    assert caught.value.code == "unknown_action"
    assert caught.value.expected == "no action: it has none"
    with pytest.raises(CallerError) as caught:
        find_event(builtin_model("plug"), "explode")
    assert caught.value.code == "unknown_event"
