"""The worlds as wholes: what they register and report fits the built-in models, whatever time of day and chance."""

from __future__ import annotations

import re
from random import Random

import pytest

from unisono.sim.car import build_car
from unisono.sim.home import build_home
from unisono.sim.line import build_line
from unisono.sim.world import World
from unisono.thing import RISING, builtin_model, check_value, find_action, find_event, find_property, kinds_of_place

WORLDS = {"home": build_home, "car": build_car, "line": build_line}
HOURS = 6


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    return WORLDS[request.param]()


def test_everything_reported_fits_its_model(world: World) -> None:
    rng = Random(11)
    models = {device.who.thing: builtin_model(device.model) for device in world.devices}
    for second in range(0, HOURS * 3600, 2):
        world.step(2.0, float(6 * 3600 + second), rng)
        if second % 120:
            continue
        for device in world.devices:
            for key, value in device.state.items():
                schema = find_property(models[device.who.thing], key)[1].schema
                check_value(schema, value)
                # a word that the model does not name would stand raw on everybody's page, whatever their language
                assert schema.kind != "enum" or value in [choice.value for choice in schema.choices], (key, value)
            for event, fields in device.events:
                declared = {arg.key for arg in find_event(models[device.who.thing], event)[1].args}
                assert declared >= set(fields), event
            device.events.clear()


def test_totals_go_on_after_a_power_cut_where_they_were(world: World, request: pytest.FixtureRequest) -> None:
    """One that began anew would be counted whole by whoever adds up what was used and made."""
    rng = Random(5)
    for _ in range(3600):
        world.step(1.0, 12 * 3600.0, rng)
    again = WORLDS[request.node.callspec.params["world"]]()
    for device, other in zip(world.devices, again.devices, strict=True):
        assert device.lasting == device.state.keys() & RISING
        other.resume(device.totals)
        assert other.totals == device.totals
    again.step(1.0, 12 * 3600.0, rng)
    for device, other in zip(world.devices, again.devices, strict=True):
        for key, total in other.totals.items():
            assert 0 <= total - device.level(key) < 1, f"{device.who.thing}.{key}"


def test_what_can_be_set_and_called_is_in_the_model(world: World) -> None:
    for device in world.devices:
        model = builtin_model(device.model)
        for key in device.writable:
            assert find_property(model, key)[1].writable, (device.who.thing, key)
            assert key in device.state, (device.who.thing, key)
        for action in device.actions:
            assert find_action(model, action)


def test_places_come_before_what_is_in_them_and_are_of_a_known_kind(world: World) -> None:
    seen: set[str] = set()
    for place in world.places:
        assert place.parent is None or place.parent in seen
        assert place.kind in kinds_of_place()
        assert place.zh
        seen.add(place.id)
    assert {device.who.place for device in world.devices} <= seen


def test_ids_are_allowed_and_unique_over_all_worlds() -> None:
    labels = [device.who for build in WORLDS.values() for device in build().devices]
    ids = [label.thing for label in labels]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 30
    assert all(re.fullmatch("[a-z0-9][a-z0-9_-]{0,62}", thing) for thing in ids)
    assert all(label.name and label.zh for label in labels)


@pytest.mark.parametrize("build", WORLDS.values(), ids=WORLDS)
def test_a_world_can_be_put_below_another_place(build: object) -> None:
    assert callable(build)
    assert build("site").places[0].parent == "site"


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    kind = world.places[0].id
    twin = {"home": build_home, "plant": build_line}.get(kind, build_home)()
    if len(world.devices) == 1:
        twin = build_car()
    for one in (world, twin):
        rng = Random(5)
        for second in range(600):
            one.step(1.0, 36_000.0 + second, rng)
    assert [device.state for device in world.devices] == [device.state for device in twin.devices]
