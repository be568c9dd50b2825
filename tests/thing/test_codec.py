"""Codecs: each step and its inverse, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError, DeviceError
from unisono.thing.codec import (
    Bit,
    Invert,
    Map,
    Offset,
    Path,
    Reciprocal,
    Scale,
    Step,
    compile_codec,
    decode,
    encode,
)

ON = Map(pairs=(("ON", True), ("OFF", False)))

BOTH_WAYS: list[tuple[list[Step], Any, Any]] = [
    ([], "x", "x"),
    ([Scale(by=0.1)], 215, 21.5),
    ([Scale(by=0.1)], 3, 0.3),
    ([Scale(by=100)], 18446744073709551615, 1844674407370955161500),
    ([Offset(by=-40)], 61, 21),
    ([Offset(by=0.1)], 0.2, 0.3),
    ([Scale(by=0.1), Offset(by=-40)], 615, 21.5),
    ([Invert()], True, False),
    ([Invert(of=100)], 30, 70),
    ([Reciprocal(of=1_000_000)], 250, 4000),
    ([ON], "ON", True),
    ([Map(pairs=((1, True), (0, False)))], 0, False),
    ([Map(pairs=((0, "off"),), others=True)], "else", "else"),
    ([Bit(index=3)], 8, True),
    ([Bit(index=4, width=4)], 0xA0, 10),
    ([Path(steps=("state", "on")), ON], {"state": {"on": "OFF"}}, False),
    ([Path(steps=("list", 2))], {"list": [None, None, 5]}, 5),
]


@pytest.mark.parametrize(("steps", "wire", "value"), BOTH_WAYS)
def test_both_ways(steps: list[Step], wire: Any, value: Any) -> None:
    decoded, encoded = decode(steps, wire), encode(steps, value)
    assert (decoded, type(decoded)) == (value, type(value))
    assert (encoded, type(encoded)) == (wire, type(wire))


def test_only_some_bits_are_read() -> None:
    assert decode([Bit(index=0)], 0xFE) is False
    assert decode([Bit(index=2, width=3)], 0b10111) == 0b101


@pytest.mark.parametrize(
    ("step", "wire", "reason"),
    [
        (Scale(by=2), "5", "is not a number"),
        (Scale(by=2), True, "is not a number"),
        (Scale(by=2), math.nan, "is too large"),
        (Scale(by=2), 10**301, "is too large"),
        (Scale(by=1e200), 1e200, "leads to a number that is too large"),
        (Invert(), 1, "is neither true nor false"),
        (Reciprocal(of=1), 0, "has no reciprocal"),
        (ON, "on", 'has no counterpart; known are "ON", "OFF"'),
        (Map(pairs=((1, "x"),)), True, "has no counterpart"),
        (Bit(index=0), 1.0, "is not a whole number"),
        (Bit(index=0), -1, "is not a whole number"),
        (Path(steps=("a",)), {"b": 1}, 'has no member "a"'),
        (Path(steps=("a",)), [1], 'has no member "a"'),
        (Path(steps=(1,)), [1], "has no member 1"),
        (Path(steps=("a", "b")), {"a": 5}, 'has no member "b"'),
    ],
)
def test_a_bad_wire_value_is_the_devices_fault(step: Step, wire: Any, reason: str) -> None:
    with pytest.raises(DeviceError) as caught:
        decode([step], wire)
    assert caught.value.code == "bad_value"
    assert reason in caught.value.detail


@pytest.mark.parametrize(
    ("step", "value", "reason"),
    [
        (ON, "ON", "has no counterpart; known are true, false"),
        (Bit(index=0), 1, "is neither true nor false"),
        (Bit(index=0, width=2), 4, "does not fit 2 bits"),
        (Bit(index=0, width=2), 1.0, "does not fit 2 bits"),
    ],
)
def test_a_bad_value_is_the_callers_fault(step: Step, value: Any, reason: str) -> None:
    with pytest.raises(CallerError) as caught:
        encode([step], value)
    assert caught.value.code == "bad_value"
    assert reason in caught.value.detail


@pytest.mark.parametrize(
    "step",
    [
        Scale(by=0),
        Reciprocal(of=0),
        Bit(index=64),
        Bit(index=-1),
        Bit(index=60, width=5),
        Bit(index=0, width=0),
        Path(steps=()),
        Path(steps=("a",) * 17),
        Path(steps=(-1,)),
        Path(steps=(5000,)),
    ],
)
def test_a_step_without_an_inverse_is_refused(step: Step) -> None:
    with pytest.raises(CallerError) as caught:
        compile_codec([step])
    assert caught.value.code == "bad_model"


scales = st.sampled_from([0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 10, 100, 1000, -1, -0.1, 1.8])
offsets = st.integers(-10_000, 10_000).map(lambda n: n / 10)
linear: st.SearchStrategy[Step] = st.one_of(
    scales.map(lambda by: Scale(by=by)),
    offsets.map(lambda by: Offset(by=by)),
    offsets.map(lambda of: Invert(of=of)),
)


@given(steps=st.lists(linear, max_size=3), wire=st.integers(-(10**6), 10**6))
def test_what_a_wire_says_survives_decoding_and_encoding(steps: list[Step], wire: int) -> None:
    codec = compile_codec(steps)
    back = codec.encode(codec.decode(wire))
    assert back == wire
    assert type(back) is int


@given(steps=st.lists(linear, max_size=3), value=st.integers(-(10**7), 10**7).map(lambda n: n / 100))
def test_a_value_survives_encoding_and_decoding(steps: list[Step], value: float) -> None:
    codec = compile_codec(steps)
    assert codec.decode(codec.encode(value)) == pytest.approx(value, rel=1e-9, abs=1e-6)


keys: st.SearchStrategy[str | int] = st.text(max_size=5) | st.integers(0, 20)


@given(path=st.lists(keys, min_size=1, max_size=5), value=st.integers() | st.text())
def test_a_path_is_built_and_found_again(path: list[str | int], value: int | str) -> None:
    codec = compile_codec([Path(steps=tuple(path))])
    assert codec.decode(codec.encode(value)) == value


@given(
    values=st.lists(st.none() | st.booleans() | st.integers() | st.text(), min_size=1, max_size=6, unique_by=repr),
    data=st.data(),
)
def test_a_map_is_its_own_way_back(values: list[Any], data: st.DataObject) -> None:
    codec = compile_codec([Map(pairs=tuple((f"w{index}", value) for index, value in enumerate(values)))])
    value = data.draw(st.sampled_from(values))
    back = codec.decode(codec.encode(value))
    assert (back, type(back)) == (value, type(value))


@given(index=st.integers(0, 63), data=st.data())
def test_bits_are_placed_and_picked(index: int, data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 64)) if index == 0 else data.draw(st.integers(1, 64 - index))
    step = Bit(index=index, width=width)
    value = data.draw(st.booleans() if width == 1 else st.integers(0, 2**width - 1))
    assert decode([step], encode([step], value)) == value


def test_steps_are_data() -> None:
    steps: tuple[Step, ...] = (
        Scale(by=0.1),
        ON,
        Path(steps=("a", 0)),
        Bit(index=1),
        Invert(),
        Offset(by=1),
        Reciprocal(of=2),
    )
    text = msgspec.json.encode(steps)
    assert b'{"op":"scale","by":0.1}' in text
    assert msgspec.json.decode(text, type=tuple[Step, ...]) == steps
