"""Colours: there and back, within what a screen shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError, DeviceError
from unisono.thing.codec import Color, Whole, compile_codec, decode, encode
from unisono.thing.color import (
    NAMES,
    alike,
    from_hs,
    from_mired,
    from_number,
    from_rgb,
    from_xy,
    read_color,
    to_hs,
    to_mired,
    to_xy,
)


@pytest.mark.parametrize(
    ("step", "wire", "value"),
    [
        (Color(space="number"), 0xFF8000, "#ff8000"),
        (Color(space="rgb", members=("r", "g", "b")), {"r": 255, "g": 0, "b": 10}, "#ff000a"),
        (Color(space="hs", members=("hue", "saturation")), {"hue": 120, "saturation": 100}, "#00ff00"),
        (Color(space="hsv", members=("h", "s", "v")), {"h": 240, "s": 100, "v": 100}, "#0000ff"),
        (Color(space="hsl", members=("h", "s", "l")), {"h": 240, "s": 100, "l": 50}, "#0000ff"),
        (Color(space="hsl", members=("h", "s", "l")), {"h": 0, "s": 100, "l": 75}, "#ff8080"),
        (Color(space="hsl", members=("h", "s", "l")), {"h": 0, "s": 0, "l": 100}, "#ffffff"),
        (Color(space="xy", members=("x", "y")), {"x": 0.64, "y": 0.33}, "#ff0000"),
    ],
)
def test_each_space_both_ways(step: Color, wire: Any, value: str) -> None:
    assert decode([step], wire) == value
    assert encode([step], value) == wire


def test_names_are_colours_and_what_is_none_is_refused() -> None:
    assert all(read_color(name) is not None for name in NAMES)
    assert read_color("Warm-White") == read_color("warm_white")
    number = Color(space="number")
    assert encode([number], "red") == 0xFF0000
    for wrong in ("no colour", "#12345", 5, None):
        with pytest.raises(CallerError):
            encode([number], wrong)
    for odd in (-1, 1 << 24, "red", True):
        with pytest.raises(DeviceError):
            decode([number], odd)
    both = Color(space="hs", members=("h", "s"))
    for broken in (5, {"h": 1}, {"h": "x", "s": 1}):
        with pytest.raises(DeviceError):
            decode([both], broken)
    with pytest.raises(CallerError, match="2 members"):
        compile_codec([Color(space="xy", members=("x",))])


@given(red=st.integers(0, 255), green=st.integers(0, 255), blue=st.integers(0, 255))
def test_a_colour_at_its_brightest_survives(red: int, green: int, blue: int) -> None:
    if not max(red, green, blue):
        assert to_xy((0, 0, 0)) == (0.3127, 0.329)
        return
    parts = tuple(round(part * 255 / max(red, green, blue)) for part in (red, green, blue))
    for found in (read_color(from_hs(*to_hs(parts))), read_color(from_xy(*to_xy(parts)))):  # type: ignore[arg-type]
        assert found is not None
        assert max(abs(a - b) for a, b in zip(found, parts, strict=True)) <= 6
    assert read_color(from_number(red << 16 | green << 8 | blue)) == (red, green, blue)


def test_whole_numbers_for_the_wire() -> None:
    assert (encode([Whole()], 101.6), encode([Whole()], 2.5), decode([Whole()], 2.5)) == (102, 2, 2.5)
    with pytest.raises(CallerError):
        encode([Whole()], "x")


def test_what_is_beyond_is_cut_off_and_white_is_counted_in_mired() -> None:
    assert from_rgb(300, -5, 0.4) == "#ff0000"
    assert (to_mired(2700), from_mired(370)) == (370, 2703)
    assert to_hs((255, 128, 0), 2) == (30.12, 100.0) and to_hs((255, 0, 0)) == (0, 100)


@given(red=st.integers(0, 255), green=st.integers(0, 255), blue=st.integers(0, 255))
def test_what_a_lamp_says_of_a_colour_is_the_same_one(red: int, green: int, blue: int) -> None:
    asked = (red, green, blue)
    for said in (from_hs(*to_hs(asked)), from_xy(*to_xy(asked))):
        found = read_color(said)
        assert found is not None
        assert alike(asked, found)
    assert not alike((255, 0, 0), (0, 255, 0)) and not alike((255, 0, 0), (255, 64, 0)) and alike((0, 0, 0), (0, 0, 0))
