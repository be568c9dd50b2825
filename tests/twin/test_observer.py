"""What the fold tells its observer, and that without one nothing is done."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.scene.stage import Stage
from unisono.errors import CallerError
from unisono.twin.command import Command
from unisono.twin.observer import STEERING, Idle
from unisono.twin.record import Asked, Reports, ScenePut, Tick

THEN = "then: [{stop: {}}]"


def test_nobody_does_nothing() -> None:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False)
    twin, idle = stage.fold.partition.things["lamp"], Idle()
    idle.reported(twin, (), 0)
    idle.told(twin, "ring", {}, 0)
    idle.linked(twin, 0)
    idle.ended(Command(Asked("c", "lamp", 0, {})))
    idle.things_changed("lamp")
    idle.steer(ScenePut("s", 1, b""))
    idle.tick(0, 0)
    idle.due("s|x|lamp")
    idle.not_saved()
    idle.restore_row("scene:s", memoryview(b""))
    idle.restored(0, 0)
    assert idle.saved() == ([], [])
    assert ScenePut in STEERING
    assert Tick not in STEERING


def test_a_late_word_is_no_news() -> None:
    """What a device dates before the newest value is history; scenes see what the twin took."""
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.scene("when: [{change: {things: [probe], property: temperature, above: 25}}]\n" + THEN)

    def dated(at_s: float, **state: Any) -> None:
        at_ms = int(stage.wall / 1000 + at_s * 1000)
        payload = msgspec.json.encode({"at": at_ms, "state": state})
        stage.put(Reports("probe", "probe", "state", stage.wall, [payload]))

    dated(-3600, temperature=30.0)
    assert stage.runs == 0
    dated(1, temperature=31.0)
    assert stage.runs == 1


def test_a_scene_that_cannot_be_is_a_letter() -> None:
    stage = Stage()
    stage.put(ScenePut("s", 1, b"id: s"))
    (letter,) = stage.fold.partition.dead_letters.saved().letters
    assert (letter.code, letter.topic) == ("bad_scene", "ScenePut/s")
    assert not stage.engine.scenes


def test_a_command_that_follows_from_the_log_is_checked() -> None:
    stage = Stage()
    stage.thing("vacuum", "vacuum")
    begin = stage.fold.control.begin
    with pytest.raises(CallerError) as caught:
        begin(Asked("a", "nobody", 0, {}, {"on_off": True}))
    assert caught.value.code == "not_found"
    assert begin(Asked("b", "vacuum", 0, {}, None, "dock")).asked.call == "dock"
    with pytest.raises(CallerError):
        begin(Asked("c", "vacuum", 0, {}, None, "fly"))
    for wanted, call in ((None, None), ({"on_off": True}, "dock"), ({}, None)):
        with pytest.raises(CallerError) as caught:
            begin(Asked("d", "vacuum", 0, {}, wanted, call))
        assert caught.value.code == "bad_request"
    assert stage.fold.control.find("c") is None
