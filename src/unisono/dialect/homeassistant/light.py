"""Lights in their three schemas: default (a topic for each), json (one message for all), template.

Brightness is percent here and 0 to a scale there; colour temperature is kelvin here and mired there unless it says
kelvin; a colour is #rrggbb here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from unisono.dialect.colors import (
    from_hs,
    from_rgb,
    from_xy,
    hs_of,
    kelvin_of,
    mired_of,
    numbers,
    rgb_of,
    xy_of,
)
from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off
from unisono.dialect.homeassistant.templates import compile_template, compile_value
from unisono.dialect.pieces import Reading, json_of, trait_property
from unisono.dialect.said import Say
from unisono.errors import CallerError

__all__ = ["light"]

SCALE = 255.0
COLOR_MODES = frozenset({"rgb", "rgbw", "rgbww", "hs", "xy"})


def light(entity: Entity) -> None:
    schema = entity.text("schema", "default")
    if schema == "json":
        _json(entity)
    elif schema == "template":
        _template(entity)
    else:
        _default(entity)


def _percent(entity: Entity, scale: str = "brightness_scale") -> float:
    return entity.number(scale) or SCALE


def _kelvin(entity: Entity) -> bool:
    return entity.config.get("color_temp_kelvin") is True


def _default(entity: Entity) -> None:
    switch = entity.add(trait_property("on_off", writable=entity.has("command_topic")))
    on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    entity.read("state_topic", "state_value_template", switch, on_off(on, off))
    if not entity.has("state_value_template"):
        entity.piece.readers = []
        entity.read("state_topic", "value_template", switch, on_off(on, off))
    entity.write("command_topic", "command_template", switch, lambda wanted: on if wanted else off)
    if entity.has("brightness_command_topic") or entity.has("brightness_state_topic"):
        scale = _percent(entity)
        level = entity.add(trait_property("brightness", writable=entity.has("brightness_command_topic")))
        entity.read("brightness_state_topic", "brightness_value_template", level, _from_scale(scale))
        entity.write(
            "brightness_command_topic", "brightness_command_template", level, lambda wanted: round(wanted * scale / 100)
        )
    if entity.has("color_temp_command_topic") or entity.has("color_temp_state_topic"):
        warmth = entity.add(trait_property("color_temperature", writable=entity.has("color_temp_command_topic")))
        kelvin = _kelvin(entity)
        entity.read("color_temp_state_topic", "color_temp_value_template", warmth, _from_temp(kelvin))
        entity.write(
            "color_temp_command_topic", "color_temp_command_template", warmth,
            lambda wanted: round(wanted) if kelvin else mired_of(wanted),
        )  # fmt: skip
    _default_color(entity)
    _effects(entity)


def _default_color(entity: Entity) -> None:
    for kind, read, write in (
        ("rgb", _from_numbers(3, from_rgb), _rgb_command),
        ("hs", _from_numbers(2, from_hs), _hs_command),
        ("xy", _from_numbers(2, from_xy), _xy_command),
    ):
        if entity.has(f"{kind}_command_topic") or entity.has(f"{kind}_state_topic"):
            color = entity.add(trait_property("color", writable=entity.has(f"{kind}_command_topic")))
            entity.read(f"{kind}_state_topic", f"{kind}_value_template", color, read)
            template = f"{kind}_command_template"
            entity.write(f"{kind}_command_topic", template, color, write(entity.has(template)))
            return


def _effects(entity: Entity) -> None:
    if entity.has("effect_command_topic"):
        mode = entity.add(trait_property("mode", writable=True))
        entity.read("effect_state_topic", "effect_value_template", mode, str)
        entity.write("effect_command_topic", "effect_command_template", mode, str)


def _json(entity: Entity) -> None:
    modes = {str(each) for each in entity.config.get("supported_color_modes") or ()}
    writable = entity.has("command_topic")
    switch = entity.add(trait_property("on_off", writable=writable))
    level = warmth = color = mode = ""
    if entity.config.get("brightness") is True or modes - {"onoff"}:
        level = entity.add(trait_property("brightness", writable=writable))
    if "color_temp" in modes or entity.config.get("color_temp") is True:
        warmth = entity.add(trait_property("color_temperature", writable=writable))
    kinds = [each for each in ("rgb", "hs", "xy") if each in modes or entity.config.get(each) is True]
    if kinds or modes & COLOR_MODES:
        color = entity.add(trait_property("color", writable=writable))
    if entity.config.get("effect") is True:
        mode = entity.add(trait_property("mode", writable=writable))
    scale, kelvin = _percent(entity), _kelvin(entity)

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        values: dict[str, Any] = {}
        if found.get("state") in ("ON", "OFF"):
            values[switch] = found["state"] == "ON"
        readers = (
            (level, found.get("brightness"), _from_scale(scale)),
            (warmth, found.get("color_temp"), _from_temp(kelvin)),
            (color, found.get("color"), _from_object),
            (mode, found.get("effect"), str),
        )
        for address, given, turn in readers:
            made = turn(given) if address and given is not None else ABSENT
            if made is not ABSENT:
                values[address] = made
        return Reading(values)

    def writer(values: dict[str, Any]) -> list[Say]:
        body: dict[str, Any] = {"state": "ON" if values.get(switch, True) else "OFF"}
        if level in values:
            body["brightness"] = round(values[level] * scale / 100)
        if warmth in values:
            body["color_temp"] = round(values[warmth]) if kelvin else mired_of(values[warmth])
        if color in values:
            body["color"] = _object(_checked(values[color]), kinds[0] if kinds else "rgb")
        if mode in values:
            body["effect"] = values[mode]
        return [Say(entity.text("command_topic"), msgspec.json.encode(body))]

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))
    if writable:
        entity.piece.writers |= {address: writer for address in (switch, level, warmth, color, mode) if address}


def _template(entity: Entity) -> None:
    writable = entity.has("command_topic") and entity.has("command_on_template")
    switch = entity.add(trait_property("on_off", writable=writable))
    entity.read("state_topic", "state_template", switch, on_off("on", "off"))
    level = warmth = color = ""
    if entity.has("brightness_template"):
        level = entity.add(trait_property("brightness", writable=writable))
        entity.read("state_topic", "brightness_template", level, _from_scale(SCALE))
    if entity.has("color_temp_template"):
        warmth = entity.add(trait_property("color_temperature", writable=writable))
        entity.read("state_topic", "color_temp_template", warmth, _from_temp(_kelvin(entity)))
    if all(entity.has(f"{each}_template") for each in ("red", "green", "blue")):
        color = entity.add(trait_property("color", writable=writable))
        parts = [compile_value(entity.text(f"{each}_template")) for each in ("red", "green", "blue")]

        def reader(payload: bytes, now_ms: int) -> Reading:
            found = [number(part(payload)) for part in parts]
            return Reading() if ABSENT in found else Reading({color: from_rgb(*found)})

        entity.piece.readers.append((entity.text("state_topic"), reader))
    if not writable:
        return
    render_on = compile_template(entity.text("command_on_template"))
    render_off = compile_template(entity.text("command_off_template", "off"))

    def writer(values: dict[str, Any]) -> list[Say]:
        if not values.get(switch, True):
            return [Say(entity.text("command_topic"), render_off({}).encode())]
        given: dict[str, Any] = {"state": "on"}
        if level in values:
            given["brightness"] = round(values[level] * SCALE / 100)
        if warmth in values:
            given["color_temp"] = round(values[warmth]) if _kelvin(entity) else mired_of(values[warmth])
        if color in values:
            given |= dict(zip(("red", "green", "blue"), _checked(values[color]), strict=True))
        return [Say(entity.text("command_topic"), render_on(given).encode())]

    entity.piece.writers |= {address: writer for address in (switch, level, warmth, color) if address}


def _from_scale(scale: float) -> Any:
    def turn(value: Any) -> Any:
        found = number(value)
        return ABSENT if found is ABSENT else round(min(100.0, max(0.0, found * 100 / scale)), 1)

    return turn


def _from_temp(kelvin: bool) -> Any:
    def turn(value: Any) -> Any:
        found = number(value)
        if found is ABSENT or found <= 0:
            return ABSENT
        return found if kelvin else kelvin_of(found)

    return turn


def _from_numbers(count: int, make: Any) -> Any:
    def turn(value: Any) -> Any:
        found = value if isinstance(value, list) else numbers(value)
        if len(found) < count or not all(isinstance(each, int | float) for each in found):
            return ABSENT
        return make(*found[:count])

    return turn


def _from_object(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return ABSENT
    for names, make in ((("r", "g", "b"), from_rgb), (("h", "s"), from_hs), (("x", "y"), from_xy)):
        found: list[Any] = [value.get(name) for name in names]
        if all(isinstance(each, int | float) for each in found):
            return make(*found)
    return ABSENT


def _object(color: tuple[int, int, int], kind: str) -> dict[str, float]:
    text = from_rgb(*color)
    if kind == "hs":
        return dict(zip(("h", "s"), hs_of(text), strict=True))
    if kind == "xy":
        return dict(zip(("x", "y"), xy_of(text), strict=True))
    return dict(zip(("r", "g", "b"), color, strict=True))


def _checked(color: Any) -> tuple[int, int, int]:
    try:
        return rgb_of(str(color))
    except ValueError:
        raise CallerError(
            f"{str(color)[:40]!r} is no colour", code="bad_value", field="color", expected="#rrggbb"
        ) from None


def _rgb_command(templated: bool) -> Any:
    def turn(wanted: Any) -> Any:
        red, green, blue = _checked(wanted)
        return {"red": red, "green": green, "blue": blue} if templated else f"{red},{green},{blue}"

    return turn


def _hs_command(templated: bool) -> Any:
    def turn(wanted: Any) -> Any:
        hue, saturation = hs_of(from_rgb(*_checked(wanted)))
        return {"hue": hue, "sat": saturation} if templated else f"{hue:g},{saturation:g}"

    return turn


def _xy_command(templated: bool) -> Any:
    def turn(wanted: Any) -> Any:
        x, y = xy_of(from_rgb(*_checked(wanted)))
        return {"x": x, "y": y} if templated else f"{x},{y}"

    return turn
