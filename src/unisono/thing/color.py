"""Colours: sRGB as everybody writes it, and the coordinates in which lamps speak.

Knows hue and saturation, CIE 1931 xy (for the sRGB primaries and D65, IEC 61966-2-1) and the names that lamps are
told. A lamp's brightness is a value of its own, so a colour here is always at its brightest. Knows no devices.
"""

from __future__ import annotations

import colorsys
import re

__all__ = ["NAMES", "from_hs", "from_number", "from_xy", "read_color", "to_hs", "to_xy"]

Rgb = tuple[int, int, int]

NAMES: dict[str, str] = {
    "white": "#ffffff",
    "warm white": "#ffb46b",
    "cold white": "#d6e1ff",
    "red": "#ff0000",
    "green": "#00ff00",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "orange": "#ff8000",
    "purple": "#8000ff",
    "violet": "#8000ff",
    "pink": "#ff69b4",
    "magenta": "#ff00ff",
    "cyan": "#00ffff",
    "turquoise": "#40e0d0",
    "lime": "#80ff00",
    "gold": "#ffd700",
    "brown": "#a05000",
    "amber": "#ffbf00",
    "indigo": "#4b0082",
    "teal": "#008080",
}

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def read_color(text: str) -> Rgb | None:
    """Red, green and blue (0-255) of ``#rrggbb`` or a name; None where it is neither."""
    spelled = NAMES.get(text.strip().casefold().replace("_", " ").replace("-", " "), text)
    if not _HEX.fullmatch(spelled):
        return None
    return from_bytes(int(spelled[1:], 16))


def from_bytes(number: int) -> Rgb:
    """Red, green and blue of 0xRRGGBB."""
    return number >> 16 & 255, number >> 8 & 255, number & 255


def from_number(number: int) -> str:
    """``#rrggbb`` of 0xRRGGBB."""
    return f"#{number:06x}"


def from_hs(hue: float, saturation: float) -> str:
    """``#rrggbb`` of a hue in degrees and a saturation in percent."""
    parts = colorsys.hsv_to_rgb(hue % 360 / 360, min(max(saturation, 0), 100) / 100, 1)
    return _hex(parts)


def to_hs(rgb: Rgb) -> tuple[int, int]:
    """Hue in whole degrees and saturation in whole percent."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return round(hue * 360) % 360, round(saturation * 100)


def from_xy(x: float, y: float) -> str:
    """``#rrggbb`` of CIE xy, as bright as it can be shown; what sRGB cannot show is cut off."""
    y = max(y, 1e-6)
    wide, deep = x / y, (1 - x - y) / y
    linear = (
        3.2406 * wide - 1.5372 - 0.4986 * deep,
        -0.9689 * wide + 1.8758 + 0.0415 * deep,
        0.0557 * wide - 0.2040 + 1.0570 * deep,
    )
    top = max(*linear, 1e-9)
    return _hex(tuple(_gamma(max(part / top, 0)) for part in linear))


def to_xy(rgb: Rgb) -> tuple[float, float]:
    """CIE xy with four digits; black has those of white."""
    red, green, blue = (_linear(part / 255) for part in rgb)
    wide = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    deep = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    total = wide + bright + deep
    return (round(wide / total, 4), round(bright / total, 4)) if total else (0.3127, 0.329)


def _hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
