"""Units: spellings, conversions and what cannot be converted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.thing import convert, find_unit, units

CODES = sorted(units())


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        *[
            (spelling, "Cel")
            for spelling in ("°C", "℃", "ºC", "  C", "celsius", "摄氏度", "degree celsius", "Degrees Celsius", "DEG_C")
        ],
        *[(spelling, "h") for spelling in ("Hours", "Hr", "H")],
        *[(spelling, "s") for spelling in ("seconds", "S", "sec.", "秒")],
        *[(spelling, "ug/m3") for spelling in ("µg/m³", "μg/m3", "μg/m³")],
        *[(spelling, "W") for spelling in ("w", "Watt", "watts", "瓦")],
        *[(spelling, "kWh") for spelling in ("kWh", "kwh", "kW.h", "千瓦时", "kilowatt hour", "KiloW-HR")],
        *[(code, code) for code in ("mW", "MW", "km/h", "bar", "1/min")],
        ("℉", "[degF]"),
        ("inHg", "[in_i'Hg]"),
        ("kilometers per hour", "km/h"),
        ("metres per second", "m/s"),
        ("kelvin", "K"),
        ("Lux", "lx"),
        ("m³/h", "m3/h"),
        ("arcdegress", "deg"),
        ("percentage", "%"),
        ("mired", "MK-1"),
        ("VAR", "var"),
        ("rpm", "1/min"),
        ("dBA", "dB"),
        ("none", "1"),
        ("gal/min", "[gal_us]/min"),
        ("cm²", "cm2"),
        ("㎡", "m2"),
        ("㎥", "m3"),
        ("㎏", "kg"),
        ("ft²", "[sft_i]"),
        ("CCF", "100.[cft_i]"),
        ("Mbit/s", "Mbit/s"),
        ("GiB", "GiBy"),
        ("W/m²", "W/m2"),
        ("BTU/h", "[Btu]/h"),
        ("mb", "hPa"),
        ("g", "g"),
        ("Ω", "Ohm"),
        ("in/h", "[in_i]/h"),
        ("p/m³", "1/m3"),
    ],
)
def test_spellings(spelling: str, code: str) -> None:
    found = find_unit(spelling)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("spelling", ["", "mw", "VOC Index points", "rgb", "小步"])
def test_unknown_or_ambiguous_spellings_find_nothing(spelling: str) -> None:
    assert find_unit(spelling) is None


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (25, "Cel", "[degF]", 77),
        (-40, "[degF]", "Cel", -40),
        (0, "Cel", "K", 273.15),
        (1, "kWh", "J", 3_600_000),
        (1500, "W", "kW", 1.5),
        (72, "km/h", "m/s", 20),
        (1, "[mi_i]/h", "km/h", 1.609344),
        (2.2, "bar", "kPa", 220),
        (29.92, "inHg", "hPa", 1013.2074811900272),
        (35, "psi", "Pa", 241316.50526089263),
        (1, "%", "ppm", 10_000),
        (90, "min", "h", 1.5),
        (21.5, "Cel", "Cel", 21.5),
    ],
)
def test_conversions(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("Cel", "W", "Cel measures temperature, W measures power"),
        ("Cel", "foo", "'foo' is not known"),
        ("?", "W", "'?'"),
    ],
)
def test_what_cannot_be_converted(source: str, target: str, text: str) -> None:
    with pytest.raises(CallerError, match=r".") as caught:
        convert(1, source, target)
    assert text in str(caught.value)


@given(
    value=st.floats(-1e9, 1e9),
    pair=st.sampled_from([(a, b) for a in CODES for b in CODES if units()[a].dimension == units()[b].dimension]),
)
def test_there_and_back(value: float, pair: tuple[str, str]) -> None:
    there = convert(value, *pair)
    # Far below a micro-unit the offset of a temperature swallows digits; elsewhere only the last one may differ.
    assert convert(there, pair[1], pair[0]) == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_no_spelling_means_two_units() -> None:
    for code, unit in units().items():
        assert find_unit(code) == unit
        assert unit.factor != 0
