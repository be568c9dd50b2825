"""Entities that act: switches and sirens, alarms, vacuums and mowers, and the simpler ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from unisono.dialect.homeassistant.air import climate, fan, humidifier, water_heater
from unisono.dialect.homeassistant.entity import (
    ABSENT,
    Command,
    Entity,
    choices,
    chosen,
    number,
    on_off,
    said_word,
    switch,
)
from unisono.dialect.homeassistant.opening import cover, lock, valve
from unisono.dialect.homeassistant.sensing import SENSORS, unit_turn
from unisono.dialect.pieces import json_of, trait_property
from unisono.dialect.said import Say
from unisono.thing import Action, Arg, Property, Schema, find_unit

__all__ = ["KINDS"]

WRITABLE: tuple[Literal["read", "write", "notify"], ...] = ("read", "write", "notify")
READABLE: tuple[Literal["read", "write", "notify"], ...] = ("read", "notify")


def button(entity: Entity) -> None:
    payload = entity.text("payload_press", entity.text("payload_on", "PRESS"))
    told = entity.command("command_topic", "command_template")
    if told is not None:
        entity.call(Action(key="press", titles={"en": entity.text("name", "Press")}), lambda _input: told(payload))


def siren(entity: Entity) -> None:
    """On and off, said as JSON where no template says how."""
    on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    address = entity.add(trait_property("on_off", writable=entity.has("command_topic")))
    read = on_off(entity.text("state_on", on), entity.text("state_off", off))
    entity.read("state_topic", "state_value_template", address, lambda value: read(_member(value, "state")))
    told_on = entity.command("command_topic", "command_template")
    off_template = "command_off_template" if entity.has("command_off_template") else "command_template"
    told_off = entity.command("command_topic", off_template)
    if told_on is None or told_off is None:
        return

    def writer(values: dict[str, Any]) -> list[Say]:
        word, told, template = (on, told_on, "command_template") if values[address] else (off, told_off, off_template)
        return told(word if entity.has(template) else msgspec.json.encode({"state": word}).decode(), {"state": word})

    entity.piece.writers[address] = writer


ARMED = {
    "disarmed": False,
    "armed_home": "home",
    "armed_away": "away",
    "armed_night": "night",
    "armed_vacation": "away",
    "armed_custom_bypass": "away",
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
    alarm = entity.add(Property(key="triggered", schema=Schema(kind="bool"), titles={"en": "Triggered"}))
    entity.read("state_topic", "value_template", alarm, lambda value: str(value) == "triggered")
    told = entity.command("command_topic", "command_template")
    if told is None:
        return
    command, trigger = told, entity.text("payload_trigger", "TRIGGER")

    def say(payload: str) -> list[Say]:
        """A template asks for the action; for a code nobody is asked here."""
        return command(payload, {"action": payload, "code": ""})

    entity.piece.writers[address] = lambda values: say(payloads[values[address]])
    entity.call(Action(key="trigger", titles={"en": "Trigger"}, risky=True), lambda _input: say(trigger))


def number_entity(entity: Entity) -> None:
    unit, low, high = entity.text("unit_of_measurement"), entity.number("min", 1.0), entity.number("max", 100.0)
    trait = SENSORS.get(entity.text("device_class"))
    found = find_unit(unit) if unit else None
    schema = Schema(kind="float", min=low, max=high, step=entity.number("step"))
    config = entity.text("entity_category") == "config"
    property = Property(
        key="value",
        schema=schema,
        titles={"en": entity.text("name", entity.key)},
        access=WRITABLE if entity.has("command_topic") else READABLE,
        role="config" if config else "actuator",
        unit=found.code if found is not None else None,
        raw_unit=unit or None,
        trait="setpoint" if not config and (trait is None or unit_turn(trait, unit) is None) else None,
    )
    address = entity.add(property)
    entity.read("state_topic", "value_template", address, number)
    entity.write("command_topic", "command_template", address, lambda wanted: wanted)


def select(entity: Entity) -> None:
    words = entity.texts("options")
    # of what only sets something up there may be many, and none is what the thing does
    trait = None if entity.has("entity_category") else "mode"
    _text_like(entity, choices(words), trait, chosen(words, "value"), said_word(words))


def text(entity: Entity) -> None:
    shortest, longest = entity.number("min") or 0, entity.number("max") or 255
    _text_like(entity, Schema(kind="string", len_min=int(shortest) or None, len_max=int(longest)), None, str, str)


def _text_like(
    entity: Entity, schema: Schema, trait: str | None, turn: Callable[[Any], Any], said: Callable[[Any], Any]
) -> None:
    access = WRITABLE if entity.has("command_topic") else READABLE
    titles = {"en": entity.text("name", entity.key)}
    role: Literal["config", "actuator"] = "config" if entity.has("entity_category") else "actuator"
    address = entity.add(Property(key="value", schema=schema, trait=trait, access=access, titles=titles, role=role))
    entity.read("state_topic", "value_template", address, said)
    entity.write("command_topic", "command_template", address, turn)


def notify(entity: Entity) -> None:
    told = entity.command("command_topic", "command_template")
    if told is not None:
        message = Arg(key="message", schema=Schema(kind="string", len_max=4_096))
        action = Action(key="send", titles={"en": entity.text("name", "Send")}, inputs=(message,))
        entity.call(action, lambda given: told(given["message"]))


def scene(entity: Entity) -> None:
    told = entity.command("command_topic", "")
    if told is not None:
        entity.call(Action(key="activate", idempotent=True), lambda _input: told(entity.text("payload_on", "ON")))


#: States of vacuums and mowers: whether they work, and the hub's word for it.
WORKING = {"cleaning": True, "mowing": True, "docked": False, "idle": False, "paused": False, "returning": False}
STATES = {
    "cleaning": "running",
    "mowing": "running",
    "returning": "running",
    "docked": "idle",
    "idle": "idle",
    "paused": "paused",
    "error": "fault",
}
#: What a vacuum can that does not say what.
FEATURES = ["start", "stop", "return_home", "clean_spot"]


def vacuum(entity: Entity) -> None:
    features = entity.texts("supported_features") or FEATURES
    address = entity.add(trait_property("start_stop", writable=entity.has("command_topic")))
    entity.read("state_topic", "", address, lambda value: WORKING.get(str(_member(value, "state")), ABSENT))
    state = entity.add(trait_property("state", writable=False))
    entity.read("state_topic", "", state, lambda value: STATES.get(str(_member(value, "state")), ABSENT))
    if "battery" in features:
        battery = entity.add(trait_property("battery", writable=False))
        entity.read("state_topic", "", battery, lambda value: number(_member(value, "battery_level")))
    told = entity.command("command_topic", "")
    if told is not None:
        words = {
            name: entity.text(f"payload_{name}", name) for name in ("start", "stop", "pause", "locate", "clean_spot")
        }
        stop = words["pause" if "stop" not in features and "pause" in features else "stop"]
        entity.piece.writers[address] = lambda values: told(words["start"] if values[address] else stop)
        dock = entity.text("payload_return_to_base", "return_to_base")
        entity.call(Action(key="dock", trait="dock", idempotent=True), lambda _input: told(dock))
        for name in ("pause", "locate", "clean_spot"):
            if name in features:
                entity.call(
                    Action(key=name, titles={"en": name.replace("_", " ").capitalize()}), _saying(told, words[name])
                )
    if entity.has("set_fan_speed_topic"):
        words_of_fan = entity.texts("fan_speed_list")
        speed = entity.add(trait_property("mode", writable=True, schema=choices(words_of_fan)))
        entity.read("state_topic", "", speed, lambda value: _member(value, "fan_speed"))
        entity.write("set_fan_speed_topic", "", speed, chosen(words_of_fan, "mode"))


def _saying(told: Command, word: str) -> Callable[[Any], list[Say]]:
    return lambda _input: told(word)


def lawn_mower(entity: Entity) -> None:
    address = entity.add(trait_property("start_stop", writable=entity.has("start_mowing_command_topic")))
    template = "activity_value_template"
    entity.read("activity_state_topic", template, address, lambda v: WORKING.get(str(v), ABSENT))
    state = entity.add(trait_property("state", writable=False))
    entity.read("activity_state_topic", template, state, lambda v: STATES.get(str(v), ABSENT))
    start = entity.command("start_mowing_command_topic", "start_mowing_command_template")
    pause = entity.command("pause_command_topic", "pause_command_template")
    dock = entity.command("dock_command_topic", "dock_command_template")
    stop = pause or dock
    if start is not None and stop is not None:
        word = "pause" if pause is not None else "dock"
        entity.piece.writers[address] = lambda v: start("start_mowing") if v[address] else stop(word)
    if dock is not None:
        entity.call(Action(key="dock", trait="dock", idempotent=True), lambda _input: dock("dock"))


def _member(value: Any, name: str) -> Any:
    found = json_of(value.encode()) if isinstance(value, str) else value
    return found.get(name, ABSENT) if isinstance(found, dict) else value if name == "state" else ABSENT


KINDS: dict[str, Callable[[Entity], None]] = {
    "switch": switch,
    "siren": siren,
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
    "notify": notify,
    "scene": scene,
    "vacuum": vacuum,
    "lawn_mower": lawn_mower,
    "water_heater": water_heater,
}
