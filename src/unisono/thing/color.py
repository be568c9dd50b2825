"""Colours: sRGB as everybody writes it, and the coordinates in which lamps speak.

Knows hue and saturation, CIE 1931 xy (for the sRGB primaries and D65, IEC 61966-2-1) and the names that lamps are
told. A lamp's brightness is a value of its own, so a colour here is always at its brightest. Knows no devices.
"""

from __future__ import annotations

import colorsys
import re

__all__ = [
    "NAMES",
    "alike",
    "from_hs",
    "from_hsl",
    "from_mired",
    "from_number",
    "from_rgb",
    "from_xy",
    "read_color",
    "to_hs",
    "to_hsl",
    "to_mired",
    "to_xy",
]

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

#: How far apart, of 255, the parts of a colour may be that is the same one: xy in four digits, hue and saturation in
#: whole numbers lose up to 6 on the way there and back.
NEAR = 8

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


def from_rgb(red: float, green: float, blue: float) -> str:
    """``#rrggbb`` of parts from 0 to 255; what is beyond is cut off."""
    return "#" + "".join(f"{min(max(round(part), 0), 255):02x}" for part in (red, green, blue))


def alike(left: Rgb, right: Rgb) -> bool:
    """Whether two colours are the same to a lamp: each at its brightest, as hue and saturation or as xy, and near."""
    pairs = ((shown(left), shown(right)) for shown in (_brightest, _by_xy))
    return any(all(abs(a - b) <= NEAR for a, b in zip(*pair, strict=True)) for pair in pairs)


def _brightest(rgb: Rgb) -> tuple[float, ...]:
    top = max(rgb)
    return tuple(255 * part / top for part in rgb) if top else (0.0, 0.0, 0.0)


def _by_xy(rgb: Rgb) -> Rgb:
    return from_bytes(int(from_xy(*to_xy(rgb))[1:], 16))


def from_hs(hue: float, saturation: float) -> str:
    """``#rrggbb`` of a hue in degrees and a saturation in percent."""
    parts = colorsys.hsv_to_rgb(hue % 360 / 360, min(max(saturation, 0), 100) / 100, 1)
    return from_rgb(*(255 * part for part in parts))


def to_hs(rgb: Rgb, digits: int | None = None) -> tuple[float, float]:
    """Hue in degrees and saturation in percent: whole numbers, or with so many digits."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return round(hue * 360, digits) % 360, round(saturation * 100, digits)


def from_hsl(hue: float, saturation: float, lightness: float) -> str:
    """``#rrggbb`` of a hue in degrees, a saturation and a lightness in percent, at its brightest; black is white."""
    light, part = (min(max(each, 0), 100) / 100 for each in (lightness, saturation))
    bright = light + part * min(light, 1 - light)
    return from_hs(hue, 200 * (1 - light / bright) if bright else 0)


def to_hsl(rgb: Rgb) -> tuple[float, float, float]:
    """Hue in degrees, saturation and lightness in percent, of a colour at its brightest."""
    hue, saturation = to_hs(rgb)
    return hue, 100 if saturation else 0, round(100 - saturation / 2)


def from_xy(x: float, y: float) -> str:
    """``#rrggbb`` of CIE xy, as bright as it can be shown; what sRGB cannot show is cut off."""
    y = max(y, 1e-6)
    wide, deep = x / y, (1 - x - y) / y
    linear = (
        3.2404542 * wide - 1.5371385 - 0.4985314 * deep,
        -0.9692660 * wide + 1.8760108 + 0.0415560 * deep,
        0.0556434 * wide - 0.2040259 + 1.0572252 * deep,
    )
    top = max(*linear, 1e-9)
    return from_rgb(*(255 * _gamma(max(part / top, 0)) for part in linear))


def to_xy(rgb: Rgb) -> tuple[float, float]:
    """CIE xy with four digits; black has those of white."""
    red, green, blue = (_linear(part / 255) for part in rgb)
    wide = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
    bright = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    deep = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
    total = wide + bright + deep
    return (round(wide / total, 4), round(bright / total, 4)) if total else (0.3127, 0.329)


def to_mired(kelvin: float) -> int:
    """A colour temperature as most lamps count it: a million through kelvin."""
    return round(1_000_000 / kelvin)


def from_mired(mired: float) -> int:
    """Whole kelvin; ``mired`` is above 0."""
    return round(1_000_000 / mired)


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
