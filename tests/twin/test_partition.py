"""Checkpoints: what changed and nothing else is written, damage is seen row by row, timers and models come back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.world import GAUGE, LIGHT, SENSOR, T0, Home, model_put, offline, online, picture, reports, thing_put
from unisono.thing import dump_model
from unisono.thing.shape import compile_model
from unisono.twin.partition import MAX_WAIT_S, Partition, PartitionSaved, _sealed
from unisono.twin.record import Asked, ModelPut, ThingRemoved

WEI = {"kind": "person", "id": "wei"}


def busy() -> Home:
    home = Home(
        model_put(GAUGE),
        model_put(SENSOR),
        thing_put("gauge"),
        thing_put("probe", SENSOR),
        thing_put("nap", SENSOR, sleep_s=30.0),
        online("gauge"),
        reports("gauge", {"level": 20, "note": None, "free": {"a": [1]}}, ids=[1]),
        reports("probe", {"temperature": 20}),
        reports("nap", {"temperature": 20}, b"nonsense"),
        offline("gauge"),
        Asked("c1", "gauge", T0, WEI, {"level": 30}, ttl_s=50),
        Asked("c2", "ghost", T0, WEI, {"level": 30}),
    )
    home.tick(1)
    return home


def rows_of(home: Home) -> tuple[bytes, list[tuple[str, bytes]]]:
    partition = home.fold.partition
    state, rows, _removed = partition.saved(partition.things.values(), partition.commands)
    return state, rows


KEYS = ["gauge", "probe", "nap", "model:gauge@1", "model:sensor.temperature@1", "command:c1", "command:c2", "dead"]


def test_a_checkpoint_brings_everything_back_whatever_the_order_of_its_rows() -> None:
    home = busy()
    state, rows = rows_of(home)
    assert [key for key, _row in rows] == KEYS
    for order in (rows, rows[::-1]):
        back = Partition()
        back.restore_state(state)
        assert back.restore_rows(order) == []
        assert picture(back) == picture(home.fold.partition)
        assert (back.position, back.next_due) == (home.fold.partition.position, home.fold.partition.next_due)


def test_only_what_changed_is_written() -> None:
    home = busy()
    rows_of(home)
    partition = home.fold.partition
    assert partition.saved([], [])[1:] == ([], [])
    home.say(ThingRemoved("probe", T0), thing_put("nap", SENSOR), reports("gauge", b""))
    _state, rows, removed = partition.saved([partition.things["nap"]], ["c9"])
    assert ([key for key, _row in rows], removed) == (["nap", "dead"], ["probe"])
    assert partition.saved([], [])[1:] == ([], [])


def test_a_thing_that_came_again_is_written_and_not_removed() -> None:
    home = busy()
    old = home.twin("probe")
    home.say(ThingRemoved("probe", T0), thing_put("probe", SENSOR))
    partition = home.fold.partition
    _state, rows, removed = partition.saved([old, partition.things["probe"]], [])
    assert ([key for key, _row in rows if ":" not in key], removed) == (["probe", "dead"], [])


def test_what_was_not_written_is_written_next_time() -> None:
    home = busy()
    home.say(ThingRemoved("probe", T0))
    partition = home.fold.partition
    _state, rows, removed = partition.saved([], [])
    partition.not_saved(removed)
    assert partition.saved([], [])[1:] == (rows, removed)


def test_a_checkpoint_does_not_follow_what_happens_next() -> None:
    home = busy()
    before = picture(home.fold.partition)
    state, rows = rows_of(home)
    home.say(
        reports("gauge", {"level": 99}), reports("probe", {"temperature": 1}), online("probe"), reports("nap", b"[")
    )
    back = Partition()
    back.restore_state(state)
    back.restore_rows(rows)
    assert picture(back) == before


@settings(max_examples=300)
@given(st.data())
def test_a_flipped_byte_anywhere_is_seen_and_the_other_rows_are_read(data: st.DataObject) -> None:
    state, rows = rows_of(busy())
    victim = data.draw(st.integers(0, len(rows) - 1))
    key, row = rows[victim]
    place = data.draw(st.integers(0, len(row) - 1))
    flipped = bytearray(row)
    flipped[place] ^= data.draw(st.integers(1, 255))
    rows[victim] = (key, bytes(flipped))
    back = Partition()
    back.restore_state(state)
    damaged = [name for name, _reason in back.restore_rows(rows)]
    lost = {"model:gauge@1": ["gauge"], "model:sensor.temperature@1": ["probe", "nap"]}.get(key, [])
    assert damaged == [key, *lost]
    assert sorted(back.things) == sorted({"gauge", "probe", "nap"} - {key, *lost})
    assert set(back.commands) == {"c1", "c2"} - {key.removeprefix("command:")}
    for twin in back.things.values():
        assert all(back.commands[id].open for id in twin.open)
    _state, written, removed = back.saved([], [])
    assert {*removed, *(name for name, _row in written)} == set(damaged)  # damage is told once
    hold_on(back)


def hold_on(partition: Partition) -> None:
    """The fold goes on with what is left."""
    home = Home()
    home.fold.partition = partition
    home.seq = partition.position
    home.say(reports("gauge", {"level": 30}), reports("nap", {"temperature": 3}), online("gauge", 2))
    home.tick(1_000)
    assert [letter for letter in home.letters() if letter[0] == "internal"] == []
    assert not any(command.open for command in partition.commands.values())


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_state_is_refused(data: st.DataObject) -> None:
    state, _rows = rows_of(busy())
    flipped = bytearray(state)
    flipped[data.draw(st.integers(0, len(state) - 1))] ^= data.draw(st.integers(1, 255))
    cut = state[: data.draw(st.integers(0, len(state) - 1))]
    for bad in (bytes(flipped), cut):
        with pytest.raises((msgspec.DecodeError, ValueError)):
            Partition().restore_state(bad)


def test_rows_of_another_shape_are_damaged() -> None:
    home = busy()
    state, rows = rows_of(home)
    by_key = dict(rows)
    by_key["gauge"] = by_key["model:gauge@1"]
    by_key["command:c1"] = by_key["dead"]
    by_key["model:gauge@2"] = _sealed(ModelPut("gauge", 2, b"nonsense"))
    back = Partition()
    back.restore_state(state)
    damaged = dict(back.restore_rows(by_key.items()))
    assert set(damaged) == {"gauge", "command:c1", "model:gauge@2"}
    assert "malformed" in damaged["model:gauge@2"]
    short = msgspec.msgpack.decode(by_key["probe"][4:])
    short[9] = short[9][1:]  # a value fewer than its model has
    assert "it has 6 values, its model 7" in with_sensor().restore_rows([("probe", _sealed(short))])[0][1]
    assert Partition().restore_rows([("probe", by_key["probe"])]) == [
        ("probe", "its model sensor.temperature 1 is missing")
    ]


def with_sensor() -> Partition:
    made = Partition()
    made.put_model(SENSOR.id, SENSOR.version, dump_model(SENSOR), compile_model(SENSOR))
    return made


def test_a_version_of_a_model_never_changes() -> None:
    partition = Partition()
    first, second = compile_model(LIGHT), compile_model(LIGHT)
    partition.put_model("light", 1, b"{}", first)
    partition.put_model("light", 1, b"{}", second)
    assert partition.shapes["light", 1] is first


def test_timers_come_oldest_first_and_equal_ones_in_one_order() -> None:
    partition = Partition()
    for after_s, key in ((3, "c"), (1, "b"), (1, "a"), (-1, "now"), (float("nan"), "nan")):
        partition.remind(after_s, "command", key)
    assert partition.remind(float("inf"), "command", "never") == int(MAX_WAIT_S * 1_000_000)
    assert partition.next_due == 0
    partition.elapsed = 3_000_000
    assert [key for _kind, key in partition.due()] == ["nan", "now", "a", "b", "c"]
    assert partition.next_due == int(MAX_WAIT_S * 1_000_000)
    assert Partition().next_due is None


def test_a_thing_sleeps_on_one_timer() -> None:
    partition = Partition()
    assert partition.remind(1, "sleep", "nap") == 1_000_000
    assert partition.remind(5, "sleep", "nap") == 5_000_000
    back = Partition()
    back.restore_state(partition.saved([], [])[0])
    for each in (partition, back):
        each.remind(7, "sleep", "nap")
        each.elapsed = 10_000_000
        assert list(each.due()) == [("sleep", "nap")]
        each.remind(1, "sleep", "nap")
        assert each.next_due == 11_000_000


def test_the_state_is_small() -> None:
    home = busy()
    assert len(rows_of(home)[0]) < 500
    assert PartitionSaved.__struct_fields__[0] == "position"
