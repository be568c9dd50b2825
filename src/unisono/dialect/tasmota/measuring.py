"""What a Tasmota's sensors measure, out of its announcement and its telemetry.

Source: the SENSOR messages in Tasmota's documentation. What a member means is known by its name; units are not told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from unisono.dialect.pieces import Piece, Reading, json_of, member_key, trait_property
from unisono.thing import Property, Schema, Service, convert, find_unit, traits
from unisono.thing.model import Role

__all__ = ["measuring", "number_of"]

#: A meter has no more of them.
PHASES = 8
#: What sensors measure, by the member: the trait.
MEASURED: dict[str, str] = {
    "Temperature": "temperature",
    "Humidity": "humidity",
    "Pressure": "pressure",
    "Illuminance": "illuminance",
    "CarbonDioxide": "co2",
    "eCO2": "co2",
    "TVOC": "voc",
    "PM2.5": "pm25",
    "Power": "power",
    "Total": "energy",
    "Voltage": "voltage",
    "Current": "current",
    "Weight": "weight",
    "Noise": "noise",
    "C": "count",  # of COUNTER: C1 and so on
}
#: What a value there is here.
Turn = Callable[[float], float]
#: What else they measure that has a unit, which the message does not name; whatever other number there is, has none.
OTHERS: dict[str, str] = {
    "Today": "kWh",
    "Yesterday": "kWh",
    "ApparentPower": "VA",
    "ReactivePower": "var",
    "Frequency": "Hz",
    "PM1": "ug/m3",
    "PM10": "ug/m3",
    "Moisture": "%",
    "DewPoint": "Cel",
    "SeaPressure": "Pa",
    **dict.fromkeys(("ImportActive", "ExportActive"), "kWh"),
}
#: How warm the chip itself is says nothing of the room.
CHIPS = ("ESP32",)
#: The unit of a pressure whose message names none that is known.
PRESSURE = "hPa"
#: Members of one sensor that are looked at.
MEMBERS = 50


def measuring(says: Any, stat: str, tele: str, body: Mapping[str, Any]) -> Piece:
    """What its sensors measure: a service for each."""
    piece = Piece(says, Service(key="sensors"))
    listed = body.get("sn")
    listed = listed if isinstance(listed, dict) else {}
    sensors = {n: each for n, each in listed.items() if isinstance(each, dict) and not n.startswith("Shutter")}
    turns: dict[str | None, Turn] = {"Pa": _in_pascals(listed.get("PressureUnit"))}
    if listed.get("TempUnit") == "F":
        turns["Cel"] = _from_fahrenheit
    properties: dict[str, Property] = {}
    wanted: dict[tuple[str, str, int], tuple[str, Turn]] = {}
    for name, members in sensors.items():
        role: Role = "diagnostic" if name in CHIPS else "sensor"
        for member, shown in list(members.items())[:MEMBERS]:
            word, numbered = _parted(member)
            trait = "" if member in ("Power", "Total") and name != "ENERGY" else MEASURED.get(word, "")
            unit = traits()[trait].unit if trait else OTHERS.get(word)
            stem = trait or member
            key = member_key((stem if len(sensors) == 1 else f"{name}_{stem}").lower())
            if trait and numbered:
                key = f"{key}_{numbered}"
            if key in properties:
                trait = ""  # carbon dioxide, and what a sensor for other gases makes of it
                key = member_key((member if len(sensors) == 1 else f"{name}_{member}").lower())
            phases = len(shown) if isinstance(shown, list) else 0
            if not trait and number_of(shown[0] if phases else shown) is None:
                continue  # a serial number, or since when
            for phase in range(max(1, min(phases, PHASES))):
                own = f"{key}_{phase + 1}" if phases > 1 else key
                titles = {"en": f"{name} {member} {phase + 1}" if phases > 1 else f"{name} {member}"}
                properties[own] = (
                    trait_property(trait, writable=False, key=own, titles=titles, role=role)
                    if trait
                    else Property(key=own, schema=Schema(kind="float"), unit=unit, titles=titles, role=role)
                )
                wanted[name, member, phase] = (f"sensors.{own}", turns.get(unit, _as_it_is))
    piece.service = Service(key="sensors", properties=tuple(properties.values()))

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        status = found.get("StatusSNS")
        found = status if isinstance(status, dict) else found
        values: dict[str, Any] = {}
        for (name, member, phase), (address, turn) in wanted.items():
            inner = found.get(name)
            number = number_of(inner.get(member), phase) if isinstance(inner, dict) else None
            if number is not None:
                values[address] = round(turn(number), 6)
        return Reading(values)

    piece.readers += [
        (f"{tele}/SENSOR", reader),
        (f"{stat}/STATUS10", reader),
        (f"{stat}/STATUS8", reader),
    ]
    return piece


def _parted(member: str) -> tuple[str, str]:
    """``Temperature2`` of an analog input is a temperature; ``PM2.5`` and ``A1`` have no number."""
    word = member.rstrip("0123456789")
    known = word in MEASURED or word in OTHERS
    return (word, member[len(word) :]) if known and member not in MEASURED and member not in OTHERS else (member, "")


def _as_it_is(value: float) -> float:
    return value


def _in_pascals(unit: Any) -> Turn:
    """From the unit that it is set to, by the name that the message has for it."""
    known = find_unit(unit) if isinstance(unit, str) else None
    by = convert(1.0, known.code if known is not None and known.dimension == "pressure" else PRESSURE, "Pa")
    return lambda value: value * by


def _from_fahrenheit(value: float) -> float:
    return (value - 32) / 1.8


def number_of(wire: Any, phase: int = 0) -> Any:
    found = wire
    if isinstance(wire, list):
        found = wire[phase] if phase < len(wire) else None
    elif phase:
        found = None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
