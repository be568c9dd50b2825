"""Declarative codecs: how the value on a wire and the value of a property become each other.

Knows nine steps, each with its inverse; a codec is a list of them, applied in order to decode and backwards to encode.
There is no expression and no code among them, on purpose: a model is data that strangers send us. Knows no schema.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from unisono.errors import CallerError, DeviceError, UnisonoError
from unisono.thing.color import from_hs, from_hsl, from_number, from_rgb, from_xy, read_color, to_hs, to_hsl, to_xy
from unisono.thing.schema import show

__all__ = [
    "Bit",
    "Codec",
    "Color",
    "Invert",
    "Map",
    "Offset",
    "Path",
    "Reciprocal",
    "Scale",
    "Step",
    "Whole",
    "compile_codec",
    "decode",
    "encode",
]

Plain: TypeAlias = int | float

# 34 digits (IEEE 754 decimal128) hold every product of two 17-digit numbers exactly.
_EXACT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
# A quotient such as 0.3 / 0.1 must come back as 3: digits beyond those of a double are noise of the division.
_SHOWN = Context(prec=15, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
_LARGEST = Decimal("1e300")  # beyond is no measurement, and a double would soon overflow

MAX_PATH = 16  # members deep: as deep as a value may be (unisono.thing.value.MAX_DEPTH)
MAX_INDEX = 4096  # elements: encoding [4096] builds that long a list


class Scale(msgspec.Struct, frozen=True, tag="scale", tag_field="op", forbid_unknown_fields=True):
    """value = wire * by."""

    by: Plain


class Offset(msgspec.Struct, frozen=True, tag="offset", tag_field="op", forbid_unknown_fields=True):
    """value = wire + by."""

    by: Plain


class Invert(msgspec.Struct, frozen=True, tag="invert", tag_field="op", forbid_unknown_fields=True, omit_defaults=True):
    """value = not wire; with ``of``: value = of - wire (a shade that counts % closed has ``of: 100``)."""

    of: Plain | None = None


class Reciprocal(msgspec.Struct, frozen=True, tag="reciprocal", tag_field="op", forbid_unknown_fields=True):
    """value = of / wire (mired to kelvin: ``of: 1000000``)."""

    of: Plain


class Map(msgspec.Struct, frozen=True, tag="map", tag_field="op", forbid_unknown_fields=True, omit_defaults=True):
    """Pairs of (wire, value), any JSON values; the first that fits wins in either direction; a bool is never a number.

    ``others``: values without a pair pass as they are (an open enum); without it they are refused.
    """

    pairs: tuple[tuple[Any, Any], ...]
    others: bool = False


class Bit(msgspec.Struct, frozen=True, tag="bit", tag_field="op", forbid_unknown_fields=True, omit_defaults=True):
    """Bits of a whole number: one bit is true or false, ``width`` > 1 a number. Encoding leaves all other bits 0."""

    index: int
    width: int = 1


class Path(msgspec.Struct, frozen=True, tag="path", tag_field="op", forbid_unknown_fields=True):
    """A member inside an object or list, by keys and indices; encoding builds what holds it, lists filled with null."""

    steps: tuple[str | int, ...]


class Whole(msgspec.Struct, frozen=True, tag="whole", tag_field="op", forbid_unknown_fields=True):
    """The wire takes whole numbers only: encoding rounds to the nearest (half to even). Decoding changes nothing."""


class Color(msgspec.Struct, frozen=True, tag="color", tag_field="op", forbid_unknown_fields=True, omit_defaults=True):
    """value = ``#rrggbb``; wire = 0xRRGGBB (``number``) or an object whose ``members`` say it, in the name's order.

    ``rgb``: 0-255; ``hs``: degrees and percent; ``hsv``: with a brightness in percent; encoded as 100; ``hsl``: with a
    lightness in percent, that of the colour at its brightest; ``xy``: CIE 1931. A name such as ``red`` is encoded as
    what `unisono.thing.color.NAMES` says.
    """

    space: Literal["number", "rgb", "hs", "hsv", "hsl", "xy"]
    members: tuple[str, ...] = ()


Step: TypeAlias = Scale | Offset | Invert | Reciprocal | Map | Bit | Path | Whole | Color
Turn: TypeAlias = Callable[[Any], Any]


class Codec(msgspec.Struct, frozen=True):
    """A compiled codec: ``decode`` wire to value, ``encode`` value to wire. Both raise `UnisonoError` ``bad_value``."""

    decode: Turn
    encode: Turn


class _UnfitError(ValueError):
    """A value that a step cannot take; the text is the reason."""


def compile_codec(steps: Sequence[Step]) -> Codec:
    """Closures for a codec; none is identity. Decoding faults are the device's, encoding faults the caller's."""
    turns = [_TURNS[type(step)](step) for step in steps]
    return Codec(
        decode=_chain([turn[0] for turn in turns], DeviceError),
        encode=_chain([turn[1] for turn in reversed(turns)], CallerError),
    )


def decode(steps: Sequence[Step], wire: Any) -> Any:
    """The value for what a wire said. Raises `DeviceError` ``bad_value``."""
    return compile_codec(steps).decode(wire)


def encode(steps: Sequence[Step], value: Any) -> Any:
    """What a wire must say for a value. Raises `CallerError` ``bad_value``."""
    return compile_codec(steps).encode(value)


def _chain(turns: list[Turn], fault: type[UnisonoError]) -> Turn:
    def run(value: Any) -> Any:
        for turn in turns:
            try:
                value = turn(value)
            except _UnfitError as error:
                raise fault(f"{show(value)} {error}", code="bad_value") from None
        return value

    return run


def _exact(value: Any) -> Decimal:
    if type(value) not in (int, float):
        raise _UnfitError("is not a number")
    number = Decimal(repr(value)) if type(value) is float else Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST:
        raise _UnfitError("is too large")
    return number


def _plain(number: Decimal) -> Plain:
    """An int where the number is whole, else the nearest double of its first 15 digits."""
    if abs(number) > _LARGEST:
        raise _UnfitError("leads to a number that is too large")
    if number == number.to_integral_value():
        return int(number)
    shown = _SHOWN.plus(number)
    return int(shown) if shown == shown.to_integral_value() else float(shown)


def _scale(step: Scale) -> tuple[Turn, Turn]:
    by = _exact(step.by)
    if not by:
        raise CallerError("a scale of 0 cannot be undone", code="bad_model", expected="a number other than 0")
    return (
        lambda wire: _plain(_EXACT.multiply(_exact(wire), by)),
        lambda value: _plain(_EXACT.divide(_exact(value), by)),
    )


def _offset(step: Offset) -> tuple[Turn, Turn]:
    by = _exact(step.by)
    return (
        lambda wire: _plain(_EXACT.add(_exact(wire), by)),
        lambda value: _plain(_EXACT.subtract(_exact(value), by)),
    )


def _negate(value: Any) -> bool:
    if type(value) is not bool:
        raise _UnfitError("is neither true nor false")
    return not value


def _invert(step: Invert) -> tuple[Turn, Turn]:
    if step.of is None:
        return _negate, _negate
    of = _exact(step.of)

    def turn(value: Any) -> Plain:
        return _plain(_EXACT.subtract(of, _exact(value)))

    return turn, turn


def _reciprocal(step: Reciprocal) -> tuple[Turn, Turn]:
    of = _exact(step.of)
    if not of:
        raise CallerError("a reciprocal of 0 cannot be undone", code="bad_model", expected="a number other than 0")

    def turn(value: Any) -> Plain:
        number = _exact(value)
        if not number:
            raise _UnfitError("has no reciprocal")
        return _plain(_EXACT.divide(of, number))

    return turn, turn


def _same(left: Any, right: Any) -> bool:
    """JSON equality: 1 and 1.0 are one number, true is not."""
    return (type(left) is bool) == (type(right) is bool) and bool(left == right)


def _map(step: Map) -> tuple[Turn, Turn]:
    def turn(pairs: list[tuple[Any, Any]]) -> Turn:
        def look(value: Any) -> Any:
            for left, right in pairs:
                if _same(left, value):
                    return right
            if step.others:
                return value
            raise _UnfitError("has no counterpart; known are " + ", ".join(show(left) for left, _ in pairs))

        return look

    return turn(list(step.pairs)), turn([(value, wire) for wire, value in step.pairs])


def _bit(step: Bit) -> tuple[Turn, Turn]:
    if not (0 <= step.index < 64 and 1 <= step.width <= 64 - step.index):
        raise CallerError("bits are outside a 64-bit word", code="bad_model", expected="index and width within 64 bits")
    mask = (1 << step.width) - 1

    def pick(wire: Any) -> bool | int:
        if type(wire) is not int or wire < 0:
            raise _UnfitError("is not a whole number, so it has no bits")
        bits = (wire >> step.index) & mask
        return bool(bits) if step.width == 1 else bits

    def place(value: Any) -> int:
        if step.width == 1:
            return int(not _negate(value)) << step.index
        if type(value) is not int or not 0 <= value <= mask:
            raise _UnfitError(f"does not fit {step.width} bits")
        return value << step.index

    return pick, place


def _path(step: Path) -> tuple[Turn, Turn]:
    if not 1 <= len(step.steps) <= MAX_PATH:
        raise CallerError("a path is empty or too long", code="bad_model", expected=f"1 to {MAX_PATH} steps")
    if any(type(part) is int and not 0 <= part <= MAX_INDEX for part in step.steps):
        raise CallerError("an index in a path is out of bounds", code="bad_model", expected=f"0 to {MAX_INDEX}")

    def pick(wire: Any) -> Any:
        for part in step.steps:
            in_list = type(part) is int and type(wire) is list and part < len(wire)
            if in_list or (type(part) is str and type(wire) is dict and part in wire):
                wire = wire[part]
            else:
                raise _UnfitError(f"has no member {show(part)}")
        return wire

    def build(value: Any) -> Any:
        for part in reversed(step.steps):
            value = {part: value} if type(part) is str else [*[None] * int(part), value]
        return value

    return pick, build


def _whole(step: Whole) -> tuple[Turn, Turn]:
    def turn(value: Any) -> Any:
        return int(_exact(value).to_integral_value(ROUND_HALF_EVEN))

    return (lambda wire: wire), turn


def _color(step: Color) -> tuple[Turn, Turn]:
    if step.space != "number" and len(step.members) != len(step.space):
        detail = f"a colour in {step.space} has {len(step.space)} members"
        raise CallerError(detail, code="bad_model", expected=f"the names of its {len(step.space)} members")

    def show_color(wire: Any) -> str:
        if step.space == "number":
            if type(wire) is not int or not 0 <= wire <= 0xFFFFFF:
                raise _UnfitError("is no colour from 0 to 0xFFFFFF")
            return from_number(wire)
        if type(wire) is not dict:
            raise _UnfitError("is no object with the parts of a colour")
        parts = [float(_exact(wire.get(member))) for member in step.members]
        if step.space == "rgb":
            return from_rgb(*parts)
        if step.space == "hsl":
            return from_hsl(*parts)
        return from_xy(*parts) if step.space == "xy" else from_hs(*parts[:2])

    def take_color(value: Any) -> Any:
        rgb = read_color(value) if type(value) is str else None
        if rgb is None:
            raise _UnfitError("is no colour that we know; write it as #rrggbb")
        if step.space == "number":
            return rgb[0] << 16 | rgb[1] << 8 | rgb[2]
        parts: tuple[Plain, ...] = rgb if step.space == "rgb" else to_xy(rgb) if step.space == "xy" else to_hs(rgb)
        if step.space == "hsv":
            parts = (*parts, 100)
        if step.space == "hsl":
            parts = to_hsl(rgb)
        return dict(zip(step.members, parts, strict=True))

    return show_color, take_color


_TURNS: dict[type, Callable[[Any], tuple[Turn, Turn]]] = {
    Scale: _scale,
    Offset: _offset,
    Invert: _invert,
    Reciprocal: _reciprocal,
    Map: _map,
    Bit: _bit,
    Path: _path,
    Whole: _whole,
    Color: _color,
}
