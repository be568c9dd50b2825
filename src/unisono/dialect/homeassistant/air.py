"""Entities that change the air or the water: climate, fans, humidifiers, water heaters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off, one_of, said_word, switch
from unisono.dialect.pieces import trait_property
from unisono.errors import CallerError
from unisono.thing import Action, Choice, Property, Schema, traits

__all__ = ["climate", "fan", "humidifier", "water_heater"]

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
#: What climates call the speeds of their fans; any other word is one of its own.
FAN = {"low": "low", "medium": "medium", "med": "medium", "mid": "medium", "high": "high", "auto": "auto"}
FAN_MODES = ["auto", "low", "medium", "high"]
#: How a swing mode says that nothing swings.
STILL = frozenset({"off", "stop", "stopped", "fixed", "false", "0", "none"})
#: What it is doing, by Home Assistant's words.
ACTIONS = ("off", "idle", "heating", "cooling", "drying", "fan", "preheating", "defrosting", "humidifying")
#: Words of `fan_speed` in percent, for fans that count.
PERCENT = {"low": 33, "medium": 66, "high": 100}


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
    for part in ("", "_high", "_low"):
        name = f"temperature{part}"
        if entity.has(f"{name}_command_topic") or entity.has(f"{name}_state_topic"):
            change = {"key": f"target_{name}", "trait": None} if part else {}
            writable = entity.has(f"{name}_command_topic")
            address = entity.add(trait_property("target_temperature", writable=writable, **change))
            entity.read(f"{name}_state_topic", f"{name}_state_template", address, celsius)
            entity.write(f"{name}_command_topic", f"{name}_command_template", address, told)
    if entity.has("current_temperature_topic"):
        address = entity.add(trait_property("temperature", writable=False))
        entity.read("current_temperature_topic", "current_temperature_template", address, celsius)
    _humidities(entity)
    _doing(entity)
    _fan_modes(entity)
    for part in ("", "_horizontal"):
        _swing(entity, f"swing{part}")
    _preset(entity)
    if entity.has("power_command_topic"):
        on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
        told_power = entity.command("power_command_topic", "power_command_template")
        assert told_power is not None
        entity.call(Action(key="turn_on", idempotent=True), lambda _input: told_power(on))
        entity.call(Action(key="turn_off", idempotent=True), lambda _input: told_power(off))


def _humidities(entity: Entity) -> None:
    wanted = "target_humidity"
    if entity.has(f"{wanted}_command_topic") or entity.has(f"{wanted}_state_topic"):
        address = entity.add(trait_property(wanted, writable=entity.has(f"{wanted}_command_topic")))
        entity.read(f"{wanted}_state_topic", f"{wanted}_state_template", address, number)
        entity.write(f"{wanted}_command_topic", f"{wanted}_command_template", address, lambda value: value)
    if entity.has("current_humidity_topic"):
        address = entity.add(trait_property("humidity", writable=False))
        entity.read("current_humidity_topic", "current_humidity_template", address, number)


def _doing(entity: Entity) -> None:
    """What it does at the moment, as apart from what it is set to."""
    if entity.has("action_topic"):
        schema = Schema(kind="enum", choices=tuple(Choice(value=each) for each in ACTIONS), open=True)
        address = entity.add(Property(key="action", schema=schema, titles={"en": "Action"}))
        entity.read("action_topic", "action_template", address, said_word(()))


def _fan_modes(entity: Entity) -> None:
    """The hub's word where there is one; other modes stay what they are called."""
    if not entity.has("fan_mode_command_topic") and not entity.has("fan_mode_state_topic"):
        return
    modes = entity.texts("fan_modes") or FAN_MODES
    words = {mode: FAN.get(mode.lower(), mode) for mode in modes}
    back = {word: mode for mode, word in reversed(words.items())}
    schema = traits()["fan_speed"].schema
    assert schema is not None
    known = [each for each in schema.choices if each.value in back]
    others = [Choice(value=word) for word in back if word not in FAN.values()]
    writable = entity.has("fan_mode_command_topic")
    schema = msgspec.structs.replace(schema, choices=(*known, *others))
    address = entity.add(trait_property("fan_speed", writable=writable, schema=schema))
    entity.read("fan_mode_state_topic", "fan_mode_state_template", address, lambda v: words.get(str(v), ABSENT))
    entity.write("fan_mode_command_topic", "fan_mode_command_template", address, _from(back, "fan_speed"))


def _swing(entity: Entity, name: str) -> None:
    """Whether it swings; where it can in several ways, which one besides."""
    state, command = f"{name}_mode_state_topic", f"{name}_mode_command_topic"
    if not entity.has(state) and not entity.has(command):
        return
    modes = entity.texts(f"{name}_modes") or ["on", "off"]
    still = next((mode for mode in modes if mode.lower() in STILL), None)
    moving = [mode for mode in modes if mode.lower() not in STILL]
    templates = f"{name}_mode_state_template", f"{name}_mode_command_template"
    writable = entity.has(command)
    if still is not None and moving:
        change = {} if name == "swing" else {"key": name, "trait": None}
        address = entity.add(trait_property("swing", writable=writable, **change))
        entity.read(state, templates[0], address, lambda v: str(v) != still if str(v) in modes else ABSENT)
        entity.write(command, templates[1], address, lambda wanted: moving[0] if wanted else still)
    if len(moving) > 1 or still is None:
        one_of(entity, f"{name}_mode", modes, (state, templates[0]), (command, templates[1]), trait=None)


def _preset(entity: Entity) -> None:
    one_of(
        entity, "mode", entity.texts("preset_modes"),
        ("preset_mode_state_topic", "preset_mode_value_template"),
        ("preset_mode_command_topic", "preset_mode_command_template"),
    )  # fmt: skip


def _from(words: dict[str, str], field: str) -> Callable[[Any], str]:
    def turn(wanted: Any) -> str:
        found = words.get(str(wanted))
        if found is None:
            raise CallerError("it has no such mode", code="bad_value", field=field, expected=", ".join(words))
        return found

    return turn


def fan(entity: Entity) -> None:
    switch(entity)
    if entity.has("percentage_command_topic") or entity.has("percentage_state_topic"):
        _percentage(entity)
    if entity.has("oscillation_command_topic") or entity.has("oscillation_state_topic"):
        on = entity.text("payload_oscillation_on", "oscillate_on")
        off = entity.text("payload_oscillation_off", "oscillate_off")
        address = entity.add(trait_property("swing", writable=entity.has("oscillation_command_topic")))
        entity.read("oscillation_state_topic", "oscillation_value_template", address, on_off(on, off))
        entity.write("oscillation_command_topic", "oscillation_command_template", address, lambda w: on if w else off)
    one_of(
        entity, "direction", ["forward", "reverse"],
        ("direction_state_topic", "direction_value_template"),
        ("direction_command_topic", "direction_command_template"), trait=None,
    )  # fmt: skip
    _preset(entity)


def _percentage(entity: Entity) -> None:
    """Percent here, steps from ``speed_range_min`` to ``speed_range_max`` there; 0 is off."""
    low, high = entity.number("speed_range_min", 1.0), entity.number("speed_range_max", 100.0)
    assert low is not None and high is not None
    steps = max(1.0, high - low + 1)
    schema = traits()["fan_speed"].schema
    assert schema is not None
    # a fan of three speeds that is told 50 % says 66.7 %: that is the one that was wanted
    schema = msgspec.structs.replace(schema, precision=max(schema.precision or 0.0, round(100 / steps, 1)))
    writable = entity.has("percentage_command_topic")
    address = entity.add(trait_property("fan_speed", writable=writable, schema=schema))

    def percent(value: Any) -> Any:
        found = number(value)
        return ABSENT if found is ABSENT else round(min(100.0, max(0.0, (found - low + 1) * 100 / steps)), 1)

    def told(wanted: Any) -> Any:
        share = PERCENT.get(wanted) if isinstance(wanted, str) else wanted
        if share is None:
            expected = f"0 to 100, or {', '.join(PERCENT)}"
            raise CallerError("it has no such speed", code="bad_value", field="fan_speed", expected=expected)
        return math.ceil(round(share * steps / 100, 6)) + low - 1 if share else 0

    entity.read("percentage_state_topic", "percentage_value_template", address, percent)
    entity.write("percentage_command_topic", "percentage_command_template", address, told)


def humidifier(entity: Entity) -> None:
    switch(entity)
    _humidities(entity)
    _doing(entity)
    _modes(entity)


def water_heater(entity: Entity) -> None:
    """Like a climate, but for its modes, which are its own."""
    _modes(entity)
    own = ("mode_command_topic", "mode_state_topic")
    entity.config = {key: value for key, value in entity.config.items() if key not in own}
    climate(entity)


def _modes(entity: Entity) -> None:
    one_of(
        entity, "mode", entity.texts("modes"),
        ("mode_state_topic", "mode_state_template"), ("mode_command_topic", "mode_command_template"),
    )  # fmt: skip
