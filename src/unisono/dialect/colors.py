"""Colours as lamps say them - red, green and blue, hue and saturation, CIE x and y - and as the hub does: #rrggbb."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

__all__ = ["from_hs", "from_rgb", "from_xy", "hs_of", "kelvin_of", "mired_of", "rgb_of", "xy_of"]

#: The names that people use most; a lamp needs numbers.
_NAMES = {
    "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff", "white": "#ffffff", "yellow": "#ffff00",
    "orange": "#ffa500", "purple": "#800080", "pink": "#ffc0cb", "cyan": "#00ffff", "magenta": "#ff00ff",
}  # fmt: skip


def from_rgb(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{min(255, max(0, round(each))):02x}" for each in (red, green, blue))


def rgb_of(color: str) -> tuple[int, int, int]:
    """Raises ValueError for what is no colour."""
    text = _NAMES.get(color.lower(), color)
    if len(text) != 7 or text[0] != "#":
        raise ValueError(color)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def from_hs(hue: float, saturation: float) -> str:
    """Hue in degrees, saturation in percent."""
    return from_rgb(*(255 * each for each in colorsys.hsv_to_rgb(hue / 360 % 1, saturation / 100, 1)))


def hs_of(color: str) -> tuple[float, float]:
    hue, saturation, _value = colorsys.rgb_to_hsv(*(each / 255 for each in rgb_of(color)))
    return round(hue * 360, 2), round(saturation * 100, 2)


def from_xy(x: float, y: float) -> str:
    """By sRGB's primaries (IEC 61966-2-1) at full brightness."""
    y = max(y, 1e-6)
    big_x, big_z = x / y, (1 - x - y) / y
    linear = (
        3.2404542 * big_x - 1.5371385 - 0.4985314 * big_z,
        -0.9692660 * big_x + 1.8760108 + 0.0415560 * big_z,
        0.0556434 * big_x - 0.2040259 + 1.0572252 * big_z,
    )
    top = max(*linear, 1e-6)
    return from_rgb(*(255 * _gamma(max(0.0, each / top)) for each in linear))


def xy_of(color: str) -> tuple[float, float]:
    red, green, blue = (_linear(each / 255) for each in rgb_of(color))
    x = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
    total = x + y + z
    return (round(x / total, 4), round(y / total, 4)) if total else (0.3127, 0.329)


def mired_of(kelvin: float) -> int:
    return round(1_000_000 / kelvin)


def kelvin_of(mired: float) -> float:
    return round(1_000_000 / mired) if mired > 0 else math.nan


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def numbers(text: object) -> Sequence[float]:
    """Numbers parted by commas."""
    try:
        return [float(each) for each in str(text).split(",")]
    except ValueError:
        return ()
