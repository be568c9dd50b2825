"""Entities that only tell: sensors, binary sensors, events, triggers, tags, device trackers, firmware.

Which trait a device class is, in tables. A class that has none becomes a property without a trait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off, said_word
from unisono.dialect.homeassistant.templates import compile_value
from unisono.dialect.pieces import Reading, json_of, member_key, trait_property
from unisono.errors import UnisonoError
from unisono.thing import Action, Arg, Choice, Event, Property, Schema, Service, convert, find_unit, traits

__all__ = [
    "binary_sensor",
    "device_automation",
    "device_tracker",
    "event",
    "sensor",
    "tag",
    "unit_turn",
    "update",
]

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
#: Seconds after which something that begins is over, at most.
LONGEST_DELAY_S = 86_400.0
#: How long a device may take to have another firmware.
UPDATE_S = 900


def sensor(entity: Entity) -> None:
    device_class, unit = entity.text("device_class"), entity.text("unit_of_measurement")
    if device_class == "enum":
        choices = tuple(Choice(value=each) for each in entity.texts("options"))
        schema = Schema(kind="enum", choices=choices, open=True) if choices else Schema(kind="string")
        address = entity.add(Property(key="value", schema=schema, titles=_titles(entity)))
        entity.read("state_topic", "value_template", address, said_word(entity.texts("options")))
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
        entity.read("state_topic", "value_template", entity.add(property), number)
    else:
        property = Property(key="value", schema=Schema(kind="any"), titles=_titles(entity), role=role)  # type: ignore[arg-type]
        entity.read("state_topic", "value_template", entity.add(property), _plain)


def unit_turn(trait: str, unit: str) -> Turn | None:
    """From a number in ``unit`` to one in the trait's; None where the units do not measure the same."""
    wanted = traits()[trait].unit
    given = find_unit(unit) if unit else None
    if wanted is None or not unit:
        return number
    if given is None:
        return None
    ucum = given.code
    try:
        convert(1.0, ucum, wanted)
    except UnisonoError:
        return None
    if ucum == wanted:
        return number

    def turn(value: Any) -> Any:
        plain = number(value)
        return ABSENT if plain is ABSENT else _rounded(convert(plain, ucum, wanted))

    return turn


def binary_sensor(entity: Entity) -> None:
    read = on_off(entity.text("payload_on", "ON"), entity.text("payload_off", "OFF"))
    trait, on, off = BINARY.get(entity.text("device_class"), (None, True, False))
    if trait is None:
        address = entity.add(Property(key="value", schema=Schema(kind="bool"), titles=_titles(entity)))
    else:
        address = entity.add(trait_property(trait, writable=False, titles=_titles(entity)))

    def turn(value: Any) -> Any:
        found = read(value)
        return ABSENT if found is ABSENT else on if found else off

    entity.read("state_topic", "value_template", address, turn)
    delay_s = entity.number("off_delay", 0.0) or 0.0
    if 0 < delay_s <= LONGEST_DELAY_S and entity.piece.readers:
        topic, reader = entity.piece.readers.pop()

        def passing(payload: bytes, now_ms: int) -> Reading:
            """What only says that something begins is over after a while."""
            found = reader(payload, now_ms)
            if found.values.get(address) != on:
                return found
            return found._replace(later=(int(delay_s * 1000), {address: off}))

        entity.piece.readers.append((topic, passing))


def event(entity: Entity) -> None:
    """An event's type is in the message; its other members are its ``data``."""
    types = entity.texts("event_types")
    data = Arg(key="data", schema=Schema(kind="any"), optional=True)
    known = {each: member_key(each) for each in types}
    events = tuple(
        Event(key=key, titles={"en": next(name for name in types if known[name] == key)}, args=(data,))
        for key in dict.fromkeys(known.values())
    )
    entity.piece.service = Service(key=entity.key, events=events)
    value = compile_value(entity.text("value_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = _object(value(payload, now_ms))
        if found is None or str(found.get("event_type")) not in known:
            return Reading()
        rest = {name: each for name, each in found.items() if name != "event_type"}
        key = known[str(found["event_type"])]
        return Reading(events=[(f"{entity.key}.{key}", {"data": rest} if rest else {})])

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))


def device_automation(entity: Entity) -> None:
    """A trigger: a button's press, told by a payload on a topic."""
    if entity.text("automation_type", "trigger") != "trigger" or not entity.has("topic"):
        return
    name = " ".join(each for each in (entity.text("type"), entity.text("subtype")) if each) or "trigger"
    key = member_key(name)
    entity.piece.service = Service(key=entity.key, events=(Event(key=key, titles={"en": name.replace("_", " ")}),))
    value, wanted = compile_value(entity.text("value_template") or None), entity.text("payload")

    def reader(payload: bytes, now_ms: int) -> Reading:
        if wanted and str(value(payload, now_ms)) != wanted:
            return Reading()
        return Reading(events=[(f"{entity.key}.{key}", {})])

    entity.piece.readers.append((entity.text("topic"), reader))


def tag(entity: Entity) -> None:
    """A reader of tags: each that it reads is an event."""
    if not entity.has("topic"):
        return
    scanned = Event(key="scanned", titles={"en": "Tag"}, args=(Arg(key="tag", schema=Schema(kind="string")),))
    entity.piece.service = Service(key=entity.key, events=(scanned,))
    value = compile_value(entity.text("value_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = value(payload, now_ms)
        if found is ABSENT or not found:
            return Reading()
        return Reading(events=[(f"{entity.key}.scanned", {"tag": str(found)})])

    entity.piece.readers.append((entity.text("topic"), reader))


def device_tracker(entity: Entity) -> None:
    """Home or not: the name of any other zone is not home."""
    home, unknown = entity.text("payload_home", "home"), entity.text("payload_reset", "None")
    address = entity.add(trait_property("presence", writable=False))
    entity.read(
        "state_topic", "value_template", address, lambda v: ABSENT if str(v) in (unknown, "") else str(v) == home
    )
    if not entity.has("json_attributes_topic"):
        return
    place = entity.add(trait_property("location", writable=False))
    value = compile_value(entity.text("json_attributes_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = _object(value(payload, now_ms)) or {}
        where = [number(found.get(name)) for name in ("latitude", "longitude")]
        return Reading() if ABSENT in where else Reading({place: {"lat": where[0], "lon": where[1]}})

    entity.piece.readers.append((entity.text("json_attributes_topic"), reader))


def update(entity: Entity) -> None:
    """What firmware it has, and which there is; the other one may be asked for."""
    text = Schema(kind="string")
    installed = entity.add(Property(key="installed_version", schema=text, role="diagnostic"))
    latest = entity.add(Property(key="latest_version", schema=text, role="diagnostic"))
    share = Property(key="update_percentage", schema=Schema(kind="float", min=0, max=100), unit="%", role="diagnostic")
    progress = entity.add(share)
    value = compile_value(entity.text("value_template") or None)

    def reader(payload: bytes, now_ms: int) -> Reading:
        made = value(payload, now_ms)
        found = _object(made)
        if found is None:
            return Reading() if made is ABSENT else Reading({installed: str(made)})
        names = {installed: "installed_version", latest: "latest_version"}
        values: dict[str, Any] = {
            address: str(found[name]) for address, name in names.items() if found.get(name) is not None
        }
        done = number(found.get("update_percentage"))
        return Reading(values if done is ABSENT else {**values, progress: done})

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))
    entity.read("latest_version_topic", "latest_version_template", latest, str)
    told = entity.command("command_topic", "")
    if told is not None:
        install = entity.text("payload_install", "INSTALL")
        action = Action(key="install", titles={"en": "Install"}, risky=True, timeout_s=UPDATE_S)
        entity.call(action, lambda _input: told(install))


def _object(value: Any) -> dict[str, Any] | None:
    """A JSON object, or the text of one."""
    found = json_of(value.encode()) if isinstance(value, str) else value
    return found if isinstance(found, dict) else None


def _titles(entity: Entity) -> dict[str, str]:
    return {"en": entity.text("name", entity.key)}


def _rounded(value: float) -> float:
    return float(f"{value:.10g}")


def _plain(value: Any) -> Any:
    """A sensor without a unit: a number if it is one, else a text."""
    if not isinstance(value, str):
        return value
    if value == "None":
        return ABSENT
    found = number(value)
    return value if found is ABSENT else found
