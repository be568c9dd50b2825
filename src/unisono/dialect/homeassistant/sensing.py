"""Entities that only tell: sensors, binary sensors, events, device trackers, firmware.

Which trait a device class is, in tables. A class that has none becomes a property without a trait.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off
from unisono.dialect.homeassistant.templates import compile_value
from unisono.dialect.pieces import Reading, json_of, member_key, trait_property
from unisono.errors import UnisonoError
from unisono.thing import Choice, Event, Property, Schema, Service, convert, find_unit, traits

__all__ = ["binary_sensor", "device_tracker", "event", "sensor", "unit_turn", "update"]

#: Numbers, by device class.
SENSORS = {
    "temperature": "temperature",
    "humidity": "humidity",
    "moisture": "level",
    "pressure": "pressure",
    "atmospheric_pressure": "pressure",
    "illuminance": "illuminance",
    "carbon_dioxide": "co2",
    "pm25": "pm25",
    "volatile_organic_compounds": "voc",
    "volatile_organic_compounds_parts": "voc",
    "sound_pressure": "noise",
    "power": "power",
    "energy": "energy",
    "energy_storage": "energy",
    "voltage": "voltage",
    "current": "current",
    "battery": "battery",
    "signal_strength": "signal",
    "weight": "weight",
    "speed": "speed",
    "volume_flow_rate": "flow",
}

#: Yes and no, by device class: the trait, and its values for on and off.
BINARY: dict[str, tuple[str, Any, Any]] = {
    "motion": ("motion", True, False),
    "moving": ("motion", True, False),
    "occupancy": ("occupancy", True, False),
    "presence": ("presence", True, False),
    "door": ("contact", "open", "closed"),
    "garage_door": ("contact", "open", "closed"),
    "window": ("contact", "open", "closed"),
    "opening": ("contact", "open", "closed"),
    "moisture": ("leak", True, False),
    "smoke": ("smoke", True, False),
    "gas": ("gas", True, False),
    "carbon_monoxide": ("gas", True, False),
    "running": ("running", True, False),
    "lock": ("locked", False, True),
    "battery_charging": ("charging", True, False),
}

Turn = Callable[[Any], Any]


def sensor(entity: Entity) -> None:
    device_class, unit = entity.text("device_class"), entity.text("unit_of_measurement")
    if device_class == "enum":
        choices = tuple(Choice(value=each) for each in entity.texts("options"))
        schema = Schema(kind="enum", choices=choices, open=True) if choices else Schema(kind="string")
        address = entity.add(Property(key="value", schema=schema, titles=_titles(entity)))
        entity.read("state_topic", "value_template", address, str)
        return
    trait = SENSORS.get(device_class)
    turn = unit_turn(trait, unit) if trait is not None else None
    role = "diagnostic" if entity.text("entity_category") else "sensor"
    if trait is not None and turn is not None:
        address = entity.add(trait_property(trait, writable=False, titles=_titles(entity), role=role))
        entity.read("state_topic", "value_template", address, turn)
    elif unit or entity.has("state_class"):
        found = find_unit(unit) if unit else None
        schema = Schema(kind="float")
        property = Property(
            key="value",
            schema=schema,
            titles=_titles(entity),
            role=role,  # type: ignore[arg-type]  # one of two
            unit=found.code if found is not None else None,
            raw_unit=unit or None,
        )
        entity.read("state_topic", "value_template", entity.add(property), _finite)
    else:
        property = Property(key="value", schema=Schema(kind="any"), titles=_titles(entity), role=role)  # type: ignore[arg-type]
        entity.read("state_topic", "value_template", entity.add(property), _plain)


def unit_turn(trait: str, unit: str) -> Turn | None:
    """From a number in ``unit`` to one in the trait's; None where the units do not measure the same."""
    wanted = traits()[trait].unit
    given = find_unit(unit) if unit else None
    if wanted is None or not unit:
        return _finite
    if given is None:
        return None
    ucum = given.code
    try:
        convert(1.0, ucum, wanted)
    except UnisonoError:
        return None
    if ucum == wanted:
        return _finite

    def turn(value: Any) -> Any:
        plain = _finite(value)
        return ABSENT if plain is ABSENT else _rounded(convert(plain, ucum, wanted))

    return turn


def binary_sensor(entity: Entity) -> None:
    read = on_off(entity.text("payload_on", "ON"), entity.text("payload_off", "OFF"))
    known = BINARY.get(entity.text("device_class"))
    if known is None:
        address = entity.add(Property(key="value", schema=Schema(kind="bool"), titles=_titles(entity)))
        entity.read("state_topic", "value_template", address, read)
        return
    trait, on, off = known
    address = entity.add(trait_property(trait, writable=False, titles=_titles(entity)))

    def turn(value: Any) -> Any:
        found = read(value)
        return ABSENT if found is ABSENT else on if found else off

    entity.read("state_topic", "value_template", address, turn)


def event(entity: Entity) -> None:
    """An event's type is in the message; its other members are the event's fields."""
    types = entity.texts("event_types")
    events = tuple(Event(key=member_key(each), titles={"en": each}) for each in types)
    known = {each: member_key(each) for each in types}
    entity.piece.service = Service(key=entity.key, events=events)
    value = compile_value(entity.text("value_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        made = value(payload)
        found = json_of(made.encode()) if isinstance(made, str) else made
        if not isinstance(found, dict) or str(found.get("event_type")) not in known:
            return Reading()
        return Reading(events=[(f"{entity.key}.{known[str(found['event_type'])]}", {})])

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))


def device_tracker(entity: Entity) -> None:
    home, away = entity.text("payload_home", "home"), entity.text("payload_not_home", "not_home")
    address = entity.add(trait_property("presence", writable=False))
    entity.read("state_topic", "value_template", address, on_off(home, away))
    if not entity.has("json_attributes_topic"):
        return
    place = entity.add(trait_property("location", writable=False))

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict) or not all(
            isinstance(found.get(k), int | float) for k in ("latitude", "longitude")
        ):
            return Reading()
        return Reading({place: {"lat": found["latitude"], "lon": found["longitude"]}})

    entity.piece.readers.append((entity.text("json_attributes_topic"), reader))


def update(entity: Entity) -> None:
    """What firmware it has, and which there is."""
    text = Schema(kind="string")
    installed = entity.add(Property(key="installed_version", schema=text, role="diagnostic"))
    latest = entity.add(Property(key="latest_version", schema=text, role="diagnostic"))
    value = compile_value(entity.text("value_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        made = value(payload)
        found = json_of(made.encode()) if isinstance(made, str) else made
        if not isinstance(found, dict):
            return Reading() if made is ABSENT else Reading({installed: str(made)})
        names = {installed: "installed_version", latest: "latest_version"}
        return Reading({address: str(found[name]) for address, name in names.items() if found.get(name) is not None})

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))
    entity.read("latest_version_topic", "latest_version_template", latest, str)


def _titles(entity: Entity) -> dict[str, str]:
    return {"en": entity.text("name", entity.key)}


def _finite(value: Any) -> Any:
    found = number(value)
    return found if found is ABSENT or math.isfinite(found) else ABSENT


def _rounded(value: float) -> float:
    return float(f"{value:.10g}")


def _plain(value: Any) -> Any:
    """A sensor without a unit: a number if it is one, else a text."""
    if not isinstance(value, str):
        return value
    found = _finite(value)
    return value if found is ABSENT else found
