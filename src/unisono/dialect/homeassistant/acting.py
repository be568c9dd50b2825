"""Entities that act: switches, covers, climate, fans, locks, alarms, vacuums and the simpler ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off
from unisono.dialect.homeassistant.sensing import SENSORS, unit_turn
from unisono.dialect.pieces import trait_property
from unisono.dialect.said import Say
from unisono.errors import CallerError
from unisono.thing import Action, Choice, Property, Schema, find_unit

__all__ = ["KINDS"]

WRITABLE: tuple[Literal["read", "write", "notify"], ...] = ("read", "write", "notify")
READABLE: tuple[Literal["read", "write", "notify"], ...] = ("read", "notify")


def switch(entity: Entity) -> None:
    on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    address = entity.add(trait_property("on_off", writable=entity.has("command_topic")))
    state_on, state_off = entity.text("state_on", on), entity.text("state_off", off)
    template = "value_template" if entity.has("value_template") else "state_value_template"
    entity.read("state_topic", template, address, on_off(state_on, state_off))
    entity.write("command_topic", "command_template", address, lambda wanted: on if wanted else off)


def button(entity: Entity) -> None:
    payload = entity.text("payload_press", entity.text("payload_on", "PRESS"))
    told = entity.command("command_topic", "command_template")
    if told is not None:
        entity.call(Action(key="press", titles={"en": entity.text("name", "Press")}), lambda _input: told(payload))


def cover(entity: Entity) -> None:
    """Position in percent open; a cover that only knows open and closed is at 100 or 0."""
    settable = entity.has("set_position_topic") or entity.has("command_topic")
    address = entity.add(trait_property("position", writable=settable))
    opened, closed = entity.number("position_open", 100.0), entity.number("position_closed", 0.0)
    assert opened is not None and closed is not None
    span = (opened - closed) or 100.0

    def percent(value: Any) -> Any:
        found = number(value)
        return ABSENT if found is ABSENT else round(min(100.0, max(0.0, (found - closed) * 100 / span)), 1)

    states = {entity.text("state_open", "open"): 100.0, entity.text("state_closed", "closed"): 0.0}
    if entity.has("position_topic"):
        entity.read("position_topic", "position_template", address, percent)
    else:
        entity.read("state_topic", "value_template", address, lambda value: states.get(str(value), ABSENT))
    position = entity.command("set_position_topic", "set_position_template")
    command = entity.command("command_topic", "command_template")
    payloads = entity.text("payload_open", "OPEN"), entity.text("payload_close", "CLOSE")

    def writer(values: dict[str, Any]) -> list[Say]:
        wanted = values[address]
        if position is not None:
            return position(round(closed + wanted * span / 100))
        assert command is not None
        if wanted not in (0, 100):
            raise CallerError("it only opens and closes", code="bad_value", field="position", expected="0 or 100")
        return command(payloads[0] if wanted else payloads[1])

    if settable:
        entity.piece.writers[address] = writer
    stop = entity.config.get("payload_stop", "STOP")
    if command is not None and stop is not None:
        entity.call(Action(key="stop", idempotent=True, titles={"en": "Stop"}), lambda _input: command(str(stop)))
    if entity.has("tilt_command_topic"):
        tilt = entity.add(trait_property("tilt", writable=True))
        entity.read("tilt_status_topic", "tilt_status_template", tilt, number)
        entity.write("tilt_command_topic", "tilt_command_template", tilt, round)


def valve(entity: Entity) -> None:
    if entity.config.get("reports_position") is True:
        address = entity.add(trait_property("position", writable=entity.has("command_topic")))
        entity.read("state_topic", "value_template", address, number)
        entity.write("command_topic", "command_template", address, round)
        return
    address = entity.add(trait_property("on_off", writable=entity.has("command_topic")))
    entity.read(
        "state_topic", "value_template", address,
        on_off(entity.text("state_open", "open"), entity.text("state_closed", "closed")),
    )  # fmt: skip
    payloads = entity.text("payload_open", "OPEN"), entity.text("payload_close", "CLOSE")
    entity.write("command_topic", "command_template", address, lambda wanted: payloads[0] if wanted else payloads[1])


def lock(entity: Entity) -> None:
    address = entity.add(trait_property("locked", writable=entity.has("command_topic")))
    locked, unlocked = entity.text("state_locked", "LOCKED"), entity.text("state_unlocked", "UNLOCKED")
    entity.read("state_topic", "value_template", address, on_off(locked, unlocked))
    payloads = entity.text("payload_lock", "LOCK"), entity.text("payload_unlock", "UNLOCK")
    entity.write("command_topic", "command_template", address, lambda wanted: payloads[0] if wanted else payloads[1])


#: What Home Assistant calls a mode, and what the hub does.
HVAC = {
    "off": "off",
    "auto": "auto",
    "heat_cool": "auto",
    "cool": "cool",
    "heat": "heat",
    "dry": "dry",
    "fan_only": "fan",
}
FAN = {"low": "low", "medium": "medium", "high": "high", "auto": "auto"}


def climate(entity: Entity) -> None:
    fahrenheit = entity.text("temperature_unit", "C").upper() == "F"

    def celsius(value: Any) -> Any:
        found = number(value)
        return ABSENT if found is ABSENT else round((found - 32) / 1.8, 2) if fahrenheit else found

    def told(wanted: float) -> Any:
        return round(wanted * 1.8 + 32, 1) if fahrenheit else wanted

    if entity.has("mode_command_topic") or entity.has("mode_state_topic"):
        modes = entity.texts("modes") or ["auto", "off", "cool", "heat", "dry", "fan_only"]
        back = {HVAC[each]: each for each in reversed(modes) if each in HVAC}
        address = entity.add(trait_property("hvac_mode", writable=entity.has("mode_command_topic")))
        entity.read("mode_state_topic", "mode_state_template", address, lambda value: HVAC.get(str(value), ABSENT))
        entity.write("mode_command_topic", "mode_command_template", address, _from(back, "hvac_mode"))
    if entity.has("temperature_command_topic") or entity.has("temperature_state_topic"):
        address = entity.add(trait_property("target_temperature", writable=entity.has("temperature_command_topic")))
        entity.read("temperature_state_topic", "temperature_state_template", address, celsius)
        entity.write("temperature_command_topic", "temperature_command_template", address, told)
    if entity.has("current_temperature_topic"):
        address = entity.add(trait_property("temperature", writable=False))
        entity.read("current_temperature_topic", "current_temperature_template", address, celsius)
    if entity.has("current_humidity_topic"):
        address = entity.add(trait_property("humidity", writable=False))
        entity.read("current_humidity_topic", "current_humidity_template", address, number)
    if entity.has("fan_mode_command_topic"):
        address = entity.add(trait_property("fan_speed", writable=True))
        entity.read("fan_mode_state_topic", "fan_mode_state_template", address, lambda v: FAN.get(str(v), ABSENT))
        entity.write("fan_mode_command_topic", "fan_mode_command_template", address, _from(FAN, "fan_speed"))
    if entity.has("swing_mode_command_topic"):
        address = entity.add(trait_property("swing", writable=True))
        entity.read("swing_mode_state_topic", "swing_mode_state_template", address, lambda v: str(v) not in ("off", ""))
        entity.write("swing_mode_command_topic", "swing_mode_command_template", address, lambda w: "on" if w else "off")
    _preset(entity)
    if entity.has("power_command_topic"):
        on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
        told_power = entity.command("power_command_topic", "power_command_template")
        assert told_power is not None
        entity.call(Action(key="turn_on", idempotent=True), lambda _input: told_power(on))
        entity.call(Action(key="turn_off", idempotent=True), lambda _input: told_power(off))


def _preset(entity: Entity) -> None:
    if entity.has("preset_mode_command_topic"):
        address = entity.add(trait_property("mode", writable=True))
        template = "preset_mode_value_template"
        entity.read("preset_mode_state_topic", template, address, str)
        entity.write("preset_mode_command_topic", "preset_mode_command_template", address, str)


def _from(words: dict[str, str], field: str) -> Callable[[Any], str]:
    def turn(wanted: Any) -> str:
        found = words.get(str(wanted))
        if found is None:
            raise CallerError("it has no such mode", code="bad_value", field=field, expected=", ".join(words))
        return found

    return turn


def fan(entity: Entity) -> None:
    switch(entity)
    if entity.has("percentage_command_topic"):
        low, high = entity.number("speed_range_min", 1.0), entity.number("speed_range_max", 100.0)
        assert low is not None and high is not None
        steps = max(1.0, high - low + 1)
        address = entity.add(trait_property("fan_speed", writable=True))

        def percent(value: Any) -> Any:
            found = number(value)
            return ABSENT if found is ABSENT else round(min(100.0, max(0.0, (found - low + 1) * 100 / steps)), 1)

        def told(wanted: Any) -> Any:
            if not isinstance(wanted, int | float):
                raise CallerError("its speed is a number", code="bad_value", field="fan_speed", expected="0 to 100")
            return round(wanted * steps / 100 + low - 1) if wanted else 0

        entity.read("percentage_state_topic", "percentage_value_template", address, percent)
        entity.write("percentage_command_topic", "percentage_command_template", address, told)
    if entity.has("oscillation_command_topic"):
        on = entity.text("payload_oscillation_on", "oscillate_on")
        off = entity.text("payload_oscillation_off", "oscillate_off")
        address = entity.add(trait_property("swing", writable=True))
        entity.read("oscillation_state_topic", "oscillation_value_template", address, on_off(on, off))
        entity.write("oscillation_command_topic", "oscillation_command_template", address, lambda w: on if w else off)
    _preset(entity)


def humidifier(entity: Entity) -> None:
    switch(entity)
    if entity.has("target_humidity_command_topic"):
        address = entity.add(trait_property("target_humidity", writable=True))
        entity.read("target_humidity_state_topic", "target_humidity_state_template", address, number)
        entity.write(
            "target_humidity_command_topic", "target_humidity_command_template", address, lambda wanted: wanted
        )
    if entity.has("current_humidity_topic"):
        address = entity.add(trait_property("humidity", writable=False))
        entity.read("current_humidity_topic", "current_humidity_template", address, number)
    if entity.has("mode_command_topic"):
        address = entity.add(trait_property("mode", writable=True))
        entity.read("mode_state_topic", "mode_state_template", address, str)
        entity.write("mode_command_topic", "mode_command_template", address, str)


ARMED = {
    "disarmed": False,
    "armed_home": "home",
    "armed_away": "away",
    "armed_night": "night",
    "armed_vacation": "away",
}


def alarm_control_panel(entity: Entity) -> None:
    address = entity.add(trait_property("armed", writable=entity.has("command_topic")))
    entity.read("state_topic", "value_template", address, lambda value: ARMED.get(str(value), ABSENT))
    payloads = {
        False: entity.text("payload_disarm", "DISARM"),
        "home": entity.text("payload_arm_home", "ARM_HOME"),
        "away": entity.text("payload_arm_away", "ARM_AWAY"),
        "night": entity.text("payload_arm_night", "ARM_NIGHT"),
    }
    told = entity.command("command_topic", "")
    if told is not None:
        entity.piece.writers[address] = lambda values: told(payloads[values[address]])


def number_entity(entity: Entity) -> None:
    unit, low, high = entity.text("unit_of_measurement"), entity.number("min", 1.0), entity.number("max", 100.0)
    trait = SENSORS.get(entity.text("device_class"))
    found = find_unit(unit) if unit else None
    schema = Schema(kind="float", min=low, max=high, step=entity.number("step"))
    property = Property(
        key="value",
        schema=schema,
        titles={"en": entity.text("name", entity.key)},
        access=WRITABLE if entity.has("command_topic") else READABLE,
        role="config" if entity.text("entity_category") == "config" else "actuator",
        unit=found.code if found is not None else None,
        raw_unit=unit or None,
        trait="setpoint" if trait is None or unit_turn(trait, unit) is None else None,
    )
    address = entity.add(property)
    entity.read("state_topic", "value_template", address, number)
    entity.write("command_topic", "command_template", address, lambda wanted: wanted)


def select(entity: Entity) -> None:
    choices = tuple(Choice(value=each) for each in dict.fromkeys(entity.texts("options")))
    schema = Schema(kind="enum", choices=choices) if choices else Schema(kind="string")
    _text_like(entity, schema, "mode")


def text(entity: Entity) -> None:
    longest = entity.number("max", 255.0)
    _text_like(entity, Schema(kind="string", len_max=int(longest or 255)), None)


def _text_like(entity: Entity, schema: Schema, trait: str | None) -> None:
    access = WRITABLE if entity.has("command_topic") else READABLE
    titles = {"en": entity.text("name", entity.key)}
    address = entity.add(
        Property(key="value", schema=schema, trait=trait, access=access, titles=titles, role="actuator")
    )
    entity.read("state_topic", "value_template", address, str)
    entity.write("command_topic", "command_template", address, str)


def scene(entity: Entity) -> None:
    told = entity.command("command_topic", "")
    if told is not None:
        entity.call(Action(key="activate", idempotent=True), lambda _input: told(entity.text("payload_on", "ON")))


#: States of vacuums and mowers in which they work.
WORKING = {"cleaning": True, "mowing": True, "docked": False, "idle": False, "paused": False, "returning": False}


def vacuum(entity: Entity) -> None:
    address = entity.add(trait_property("start_stop", writable=entity.has("command_topic")))
    entity.read("state_topic", "", address, _working)
    told = entity.command("command_topic", "")
    if told is not None:
        start, stop = entity.text("payload_start", "start"), entity.text("payload_stop", "stop")
        entity.piece.writers[address] = lambda values: told(start if values[address] else stop)
        dock = entity.text("payload_return_to_base", "return_to_base")
        entity.call(Action(key="dock", trait="dock", idempotent=True), lambda _input: told(dock))
    if entity.has("set_fan_speed_topic"):
        speed = entity.add(trait_property("mode", writable=True))
        entity.read("state_topic", "", speed, lambda value: _member(value, "fan_speed"))
        entity.write("set_fan_speed_topic", "", speed, str)


def lawn_mower(entity: Entity) -> None:
    address = entity.add(trait_property("start_stop", writable=entity.has("start_mowing_command_topic")))
    entity.read("activity_state_topic", "activity_value_template", address, lambda v: WORKING.get(str(v), ABSENT))
    start = entity.command("start_mowing_command_topic", "start_mowing_command_template")
    pause = entity.command("pause_command_topic", "pause_command_template")
    dock = entity.command("dock_command_topic", "dock_command_template")
    stop = pause or dock
    if start is not None and stop is not None:
        word = "pause" if pause is not None else "dock"
        entity.piece.writers[address] = lambda v: start("start_mowing") if v[address] else stop(word)
    if dock is not None:
        entity.call(Action(key="dock", trait="dock", idempotent=True), lambda _input: dock("dock"))


def _working(value: Any) -> Any:
    return WORKING.get(str(_member(value, "state")), ABSENT)


def _member(value: Any, name: str) -> Any:
    from unisono.dialect.pieces import json_of

    found = json_of(value.encode()) if isinstance(value, str) else value
    return found.get(name, ABSENT) if isinstance(found, dict) else value if name == "state" else ABSENT


def water_heater(entity: Entity) -> None:
    climate_like = dict(entity.config)
    climate_like.pop("mode_command_topic", None)
    if entity.has("mode_command_topic"):
        address = entity.add(trait_property("mode", writable=True))
        entity.read("mode_state_topic", "mode_state_template", address, str)
        entity.write("mode_command_topic", "mode_command_template", address, str)
    entity.config = {key: value for key, value in climate_like.items() if key != "mode_state_topic"}
    climate(entity)


KINDS: dict[str, Callable[[Entity], None]] = {
    "switch": switch,
    "siren": switch,
    "button": button,
    "cover": cover,
    "valve": valve,
    "lock": lock,
    "climate": climate,
    "fan": fan,
    "humidifier": humidifier,
    "alarm_control_panel": alarm_control_panel,
    "number": number_entity,
    "select": select,
    "text": text,
    "scene": scene,
    "vacuum": vacuum,
    "lawn_mower": lawn_mower,
    "water_heater": water_heater,
}
