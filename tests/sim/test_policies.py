"""The demonstration's policies can be, and do what they say: an interlock at the press, a second word for the lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import unisono.sim
from tests.scene.stage import Stage
from unisono.errors import CallerError
from unisono.sim.home import build_home
from unisono.sim.line import build_line
from unisono.twin.policy import load_policy
from unisono.twin.record import Asked, PolicyPut

FILES = sorted((Path(unisono.sim.__file__).parent / "policies").glob("*.yaml"))


@pytest.fixture
def stage() -> Stage:
    """The home and the plant under their policies."""
    stage = Stage()
    for world in (build_home(None), build_line(None)):
        root = world.places[0].id
        for place in world.places:
            stage.place(place.id, place.parent)
        for device in world.devices:
            stage.thing(device.who.thing, device.model, place=device.who.place)
            stage.fold.partition.things[device.who.thing].root = root
            stage.report(device.who.thing, **device.state)
    for file in FILES:
        policy = msgspec.json.encode(load_policy(yaml.safe_load(file.read_text("utf-8"))))
        stage.put(PolicyPut(file.stem, 1, policy))
    return stage


def refused(stage: Stage, thing: str, kind: str = "person", *, confirmed: bool = False, **state: Any) -> str | None:
    asked = Asked("c", thing, stage.wall, {"kind": kind, "id": "wei"}, state, confirmed=confirmed)
    try:
        stage.fold.control.check(asked)
    except CallerError as error:
        return error.code
    return None


def test_both_are_there() -> None:
    assert [file.stem for file in FILES] == ["home", "plant"]


@pytest.mark.parametrize("kind", ["person", "program", "assistant"])
def test_unlocking_needs_a_second_word_and_locking_none(stage: Stage, kind: str) -> None:
    assert refused(stage, "front_door_lock", kind, locked=False) == "confirmation_required"
    assert refused(stage, "front_door_lock", kind, confirmed=True, locked=False) is None
    assert refused(stage, "front_door_lock", kind, locked=True) is None
    assert refused(stage, "front_door_lock", "scene", locked=False) is None
    assert refused(stage, "living_light", kind, on_off=True) is None


def test_the_press_is_not_started_while_its_guard_is_open(stage: Stage) -> None:
    assert refused(stage, "press_1", start_stop=True) is None
    stage.report("press_1", guard="open")
    for kind in ("person", "program", "scene", "assistant"):
        assert refused(stage, "press_1", kind, confirmed=True, start_stop=True) == "interlocked"
    assert refused(stage, "press_1", start_stop=False) is None
    stage.report("press_1", guard="closed", emergency_stop=True)
    assert refused(stage, "press_1", start_stop=True) == "interlocked"
    stage.report("press_1", emergency_stop=False)
    assert refused(stage, "press_1", start_stop=True) is None
    # while nobody can say it is not started either
    stage.offline("press_1")
    stage.online("press_1")
    assert refused(stage, "press_1", start_stop=True) == "interlocked"
