"""What a Tasmota's sensors measure, out of its announcement and its telemetry.

Source: the SENSOR messages in Tasmota's documentation. What a member means is known by its name; units are not told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from unisono.dialect.pieces import Piece, Reading, json_of, member_key, trait_property
from unisono.thing import Property, Schema, Service

__all__ = ["measuring", "number_of"]

#: A meter has no more of them.
PHASES = 8
#: What sensors measure, by the member: the trait, and what a value there is here.
Turn = Callable[[float], float]
MEASURED: dict[str, tuple[str, Turn]] = {
    "Temperature": ("temperature", lambda value: value),
    "Humidity": ("humidity", lambda value: value),
    "Pressure": ("pressure", lambda value: value * 100),
    "Illuminance": ("illuminance", lambda value: value),
    "CarbonDioxide": ("co2", lambda value: value),
    "eCO2": ("co2", lambda value: value),
    "TVOC": ("voc", lambda value: value),
    "PM2.5": ("pm25", lambda value: value),
    "Power": ("power", lambda value: value),
    "Total": ("energy", lambda value: value),
    "Voltage": ("voltage", lambda value: value),
    "Current": ("current", lambda value: value),
    "Weight": ("weight", lambda value: value),
    "Noise": ("noise", lambda value: value),
    **{f"C{number}": ("count", lambda value: value) for number in range(1, 9)},  # of COUNTER
}
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
}
#: Pascals of the units that it may be set to.
PRESSURES = {"hPa": 100.0, "mbar": 100.0, "mmHg": 133.322387, "inHg": 3386.389}
#: Members of one sensor that are looked at.
MEMBERS = 50


def measuring(says: Any, stat: str, tele: str, body: Mapping[str, Any]) -> Piece:
    """What its sensors measure: a service for each."""
    piece = Piece(says, Service(key="sensors"))
    listed = body.get("sn")
    sensors = (
        {n: each for n, each in listed.items() if isinstance(each, dict) and not n.startswith("Shutter")}
        if isinstance(listed, dict)
        else {}
    )
    listed = listed if isinstance(listed, dict) else {}
    fahrenheit = listed.get("TempUnit") == "F"
    properties: list[Property] = []
    wanted: dict[tuple[str, str, int], tuple[str, Turn]] = {}
    for name, members in sensors.items():
        for member, shown in list(members.items())[:MEMBERS]:
            known = None if member in ("Power", "Total") and name != "ENERGY" else MEASURED.get(member)
            trait, turn = known if known is not None else ("", _as_it_is)
            if trait == "temperature" and fahrenheit:
                turn = _from_fahrenheit
            if trait == "pressure":
                turn = _in_pascals(listed.get("PressureUnit"))
            stem = trait or member
            key = member_key((stem if len(sensors) == 1 else f"{name}_{stem}").lower())
            if trait == "count":
                key = f"{key}_{member[1:]}"
            if any(address == f"sensors.{key}" for address, _turn in wanted.values()):
                trait, turn = "", _as_it_is  # carbon dioxide, and what a sensor for other gases makes of it
                key = member_key((member if len(sensors) == 1 else f"{name}_{member}").lower())
            phases = len(shown) if isinstance(shown, list) else 0
            if not trait and number_of(shown[0] if phases else shown) is None:
                continue  # a serial number, or since when
            for phase in range(max(1, min(phases, PHASES))):
                own = f"{key}_{phase + 1}" if phases > 1 else key
                titles = {"en": f"{name} {member} {phase + 1}" if phases > 1 else f"{name} {member}"}
                properties.append(
                    trait_property(trait, writable=False, key=own, titles=titles)
                    if trait
                    else Property(key=own, schema=Schema(kind="float"), unit=OTHERS.get(member), titles=titles)
                )
                wanted[name, member, phase] = (f"sensors.{own}", turn)
    piece.service = Service(key="sensors", properties=tuple({each.key: each for each in properties}.values()))

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


def _as_it_is(value: float) -> float:
    return value


def _in_pascals(unit: Any) -> Turn:
    by = PRESSURES.get(unit, 100.0) if isinstance(unit, str) else 100.0
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
