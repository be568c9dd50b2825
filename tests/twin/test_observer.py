"""What the fold tells its observers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.scene.stage import Stage
from unisono.errors import CallerError
from unisono.twin.command import Command
from unisono.twin.fold import Fold
from unisono.twin.partition import Partition
from unisono.twin.record import Asked, Batch, Entry, ModeSet, Reports, ScenePut
from unisono.twin.twin import Twin

THEN = "then: [{stop: {}}]"


class Witness:
    """Writes down what it is told."""

    def __init__(self, name: str, said: list[tuple[str, str]], steered_by: tuple[type, ...] = ()) -> None:
        self.name = name
        self.steered_by = steered_by
        self._said = said
        self.rows: list[tuple[str, object]] = []
        self.restored_rows: dict[str, object] = {}

    def _say(self, what: str) -> None:
        self._said.append((self.name, what))

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """Each report is looked at."""
        return 0

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        self._say(f"reported {twin.id}")

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        self._say(f"told {twin.id} {event}")

    def linked(self, twin: Twin, at: int) -> None:
        self._say(f"linked {twin.id} {twin.online}")

    def ended(self, command: Command) -> None:
        self._say(f"ended {command.asked.id}")

    def things_changed(self, id: str) -> None:
        self._say(f"changed {id}")

    def steer(self, entry: Entry) -> None:
        self._say(f"steer {type(entry).__name__}")

    def tick(self, wall: int, elapsed: int) -> None:
        self._say("tick")

    def due(self, key: str) -> None:
        self._say(f"due {key}")

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        return self.rows, [f"{self.name}:gone"]

    def not_saved(self) -> None:
        self._say("not saved")

    def restore_row(self, key: str, row: memoryview) -> None:
        self.restored_rows[key] = msgspec.msgpack.decode(row)

    def restored(self, wall: int, elapsed: int) -> None:
        self._say(f"restored {elapsed}")


def test_several_are_told_in_the_order_of_their_names() -> None:
    stage = Stage()
    said: list[tuple[str, str]] = []
    partition = stage.fold.partition
    first, second = Witness("alarm", said, (ModeSet,)), Witness("zeal", said)
    partition.observe(second)
    partition.observe(first)
    stage.thing("lamp", "light", on_off=False)
    twin = partition.things["lamp"]
    said.clear()
    stage.report("lamp", on_off=True)
    assert said == []
    twin.watch(second, True)
    twin.watch(first, True)
    twin.watch(first, True)
    stage.report("lamp", on_off=True)
    assert said == [("alarm", "reported lamp"), ("zeal", "reported lamp")]
    said.clear()
    twin.watch(second, False)
    stage.put(ModeSet("home", "away", {}))
    partition.remind(0.5, "zeal", "k")
    partition.remind(0.5, "nobody", "k")
    stage.tick(1)
    assert said == [
        ("alarm", "steer ModeSet"),
        ("zeal", "tick"),
        ("alarm", "tick"),
        ("zeal", "due k"),
        ("zeal", "tick"),
        ("alarm", "tick"),
    ]


def test_their_rows_are_kept_and_come_back() -> None:
    stage = Stage()
    said: list[tuple[str, str]] = []
    witness = Witness("alarm", said)
    stage.fold.partition.observe(witness)
    witness.rows = [("alarm:a", 7)]
    state, rows, removed = stage.fold.partition.saved([], [])
    assert "alarm:gone" in removed
    stage.fold.partition.not_saved(removed)
    assert ("alarm", "not saved") in said
    again = Partition()
    back = Witness("alarm", said)
    again.observe(back)
    again.restore_state(state)
    damaged = again.restore_rows([*rows, ("stranger:b", rows[0][1])])
    assert back.restored_rows == {"alarm:a": 7}
    assert [key for key, _why in damaged if key.startswith("alarm")] == []
    assert said[-1][1].startswith("restored")


def test_an_entry_that_nobody_is_steered_by_is_passed_over() -> None:
    fold = Fold(Partition())
    fold.apply(1, 10, Batch("test", 0, [ScenePut("s", 1, b"")]))
    assert not fold.partition.dead_letters.saved().letters


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
