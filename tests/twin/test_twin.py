"""One thing's state: what a report changes, what a new model version keeps, what a checkpoint brings back."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.world import GAUGE, GAUGE_2, SENSOR, T0
from unisono.thing.shape import NAN, Shape, compile_model
from unisono.twin.twin import Saved, Twin, restore, save

PLAIN = compile_model(
    msgspec.convert(
        {
            "id": "plain",
            "services": [{"properties": [{"key": key, "schema": {"kind": "float"}} for key in ("a", "b", "c")]}],
        },
        type=type(SENSOR),
    )
)
MIXED = compile_model(GAUGE)

shapes = st.sampled_from([PLAIN, MIXED])
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Shape, list[tuple[Any, ...]]]:
    shape = draw(shapes)
    one = st.tuples(*(st.just(absent) | numbers for absent in shape.absent))
    full = st.tuples(*(numbers for _ in shape.absent))
    return shape, draw(st.lists(one | full, min_size=1, max_size=6))


@given(st.lists(runs(), min_size=1, max_size=4))
def test_a_run_is_the_same_as_its_reports_one_by_one(parts: list[tuple[Shape, list[tuple[Any, ...]]]]) -> None:
    shape = parts[0][0]
    at_once, one_by_one = Twin("t", shape, 1), Twin("t", shape, 1)
    for at, run in enumerate((run for own, run in parts if own is shape), 1):
        mask = 0
        for values in run:
            mask |= one_by_one.take(values, at, dated=False)
        assert at_once.take_run(run, at) == mask
        assert at_once.state(mask) == one_by_one.state(mask)
        assert at_once.ats == one_by_one.ats
        assert all(a is b for a, b in zip(at_once.values, one_by_one.values, strict=True))


def test_a_dated_report_leaves_newer_values_alone_and_an_undated_one_counts_as_now() -> None:
    twin = Twin("t", PLAIN, 1)
    assert twin.take((1.0, 2.0, NAN), 100, dated=True) == 0b011
    assert twin.take((3.0, NAN, 4.0), 50, dated=True) == 0b100
    assert twin.state() == {"a": (1.0, 100), "b": (2.0, 100), "c": (4.0, 50)}
    assert twin.take((5.0, NAN, NAN), 100, dated=True) == 0b001  # of the same moment: the later word counts
    assert twin.take((6.0, NAN, NAN), 10, dated=False) == 0b001  # the hub's clock was set back
    assert twin.state(0b001) == {"a": (6.0, 10)}
    assert twin.take_run([(7.0, NAN, NAN)], 5) == 0b001
    assert twin.state(0b011) == {"a": (7.0, 5), "b": (2.0, 100)}


def test_a_run_does_not_share_its_values_with_the_rows_of_history() -> None:
    twin = Twin("t", PLAIN, 1)
    last = (1.0, 2.0, 3.0)
    twin.take_run([last], T0)
    twin.take((9.0, NAN, NAN), T0, dated=False)
    assert last == (1.0, 2.0, 3.0)


def test_a_copy_goes_its_own_way() -> None:
    twin = Twin("t", PLAIN, 1)
    twin.take((1.0, 2.0, 3.0), T0)
    twin.open = ("c1",)
    other = twin.aside()
    other.put(1, 9.0, T0 + 1)
    assert other.state() == {"a": (1.0, T0), "b": (9.0, T0 + 1), "c": (3.0, T0)}
    assert [other.at(index) for index in range(3)] == other.ats == [T0, T0 + 1, T0]
    assert twin.state() == {"a": (1.0, T0), "b": (2.0, T0), "c": (3.0, T0)}
    assert (twin.at(1), twin.open, other.open) == (T0, ("c1",), ())


def test_availability() -> None:
    twin = Twin("t", PLAIN, 1)
    assert (twin.online, twin.availability) == (False, "offline")
    twin.sleeping = True
    assert (twin.online, twin.availability) == (True, "sleeping")
    twin.connections[1] = "g1"
    assert (twin.online, twin.availability) == (True, "online")


def test_another_model_version_keeps_what_still_fits() -> None:
    twin = Twin("t", MIXED, 1)
    said = {"level": 20.0, "note": "full", "mode": "low", "step": 2, "free": [1]}
    twin.take(tuple(said.get(key, none) for key, none in zip(MIXED.keys, MIXED.absent, strict=True)), T0, dated=False)
    twin.reshape(compile_model(GAUGE_2), 40)
    assert twin.state() == {"level": (20.0, T0), "step": (2, T0), "free": ([1], T0)}
    assert (twin.model, twin.version, twin.series, len(twin.ats)) == ("gauge", 2, 40, 5)
    twin.reshape(MIXED, 60)
    assert set(twin.state()) == {"level", "step", "free"}


def test_a_value_beyond_the_new_bounds_is_not_kept() -> None:
    twin = Twin("t", MIXED, 1)
    twin.take((7.0, *MIXED.absent[1:]), T0, dated=False)
    twin.reshape(compile_model(GAUGE_2), 40)
    assert twin.state() == {}


def test_what_the_first_builds_saved_of_listening_is_not_a_connections() -> None:
    saved = save(Twin("t", compile_model(GAUGE), 7))
    saved.listening = ["set"]
    assert (
        restore(msgspec.msgpack.decode(msgspec.msgpack.encode(saved), type=Saved), compile_model(GAUGE)).listening == {}
    )


@given(st.data())
def test_a_saved_twin_comes_back_equal(data: st.DataObject) -> None:
    shape = data.draw(shapes)
    twin = Twin("t", shape, 7)
    given: dict[str, Any] = {"level": 3.5, "note": None, "mode": "low", "step": 1, "huge": 2**63, "free": {"a": [None]}}
    for at in (5, 9):
        keys = data.draw(st.sets(st.sampled_from(shape.keys)))
        values = tuple(
            given.get(key, 1.5) if key in keys else none for key, none in zip(shape.keys, shape.absent, strict=True)
        )
        twin.take(values, at, dated=False)
    twin.name, twin.place, twin.root, twin.parent, twin.sleep_s = "T", "hall", "home", "gate", 2.5
    twin.names = {"zh": ["温度计"]}
    twin.seen, twin.sleeping, twin.heard, twin.missed = 9, True, True, 1
    twin.connections, twin.listening, twin.open = {3: "g1", 4: "g2"}, {3: ["call", "set"]}, ("c1",)
    written = msgspec.msgpack.encode(save(twin))
    back = restore(msgspec.msgpack.decode(written, type=Saved), shape)
    assert msgspec.msgpack.encode(save(back)) == written
    assert (back.state(), back.ats) == (twin.state(), twin.ats)
    for absent, at, value in zip(shape.absent, back.ats, back.values, strict=True):
        assert at or value is absent  # absent values are told by identity
    for name in Twin.__slots__:
        if name not in ("values", "stamps"):
            assert getattr(back, name) == getattr(twin, name)
