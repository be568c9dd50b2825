"""Lights in their three schemas: default (a topic for each), json (one message for all), template.

Brightness is percent here and 0 to a scale there; colour temperature is kelvin here and mired there unless it says
kelvin; a colour is #rrggbb here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from unisono.dialect.fitting import color_of
from unisono.dialect.homeassistant.entity import ABSENT, Entity, choices, chosen, number, on_off, one_of, said_word
from unisono.dialect.homeassistant.templates import compile_template, compile_value
from unisono.dialect.pieces import Reader, Reading, json_of, trait_property
from unisono.dialect.said import Say
from unisono.thing.color import from_hs, from_mired, from_rgb, from_xy, to_hs, to_mired, to_xy

__all__ = ["light"]

SCALE = 255.0
#: Modes that show a colour, the best first: one in which whites are parts has none of them when a colour is wanted.
COLOR_MODES = ("rgb", "hs", "xy", "rgbw", "rgbww")
WHITES = {"rgbw": ("w",), "rgbww": ("c", "w")}


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
    return entity.flag("color_temp_kelvin")


def _default(entity: Entity) -> None:
    switch = entity.add(trait_property("on_off", writable=entity.has("command_topic")))
    on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    template = "state_value_template" if entity.has("state_value_template") else "value_template"
    entity.read("state_topic", template, switch, on_off(on, off))
    entity.write("command_topic", "command_template", switch, lambda wanted: on if wanted else off)
    level = ""
    if entity.has("brightness_command_topic") or entity.has("brightness_state_topic"):
        scale = _percent(entity)
        level = entity.add(trait_property("brightness", writable=entity.has("brightness_command_topic")))
        entity.read("brightness_state_topic", "brightness_value_template", level, _from_scale(scale))
        entity.write(
            "brightness_command_topic", "brightness_command_template", level, lambda wanted: _to_scale(wanted, scale)
        )
    if entity.has("color_temp_command_topic") or entity.has("color_temp_state_topic"):
        warmth = entity.add(trait_property("color_temperature", writable=entity.has("color_temp_command_topic")))
        kelvin = _kelvin(entity)
        entity.read("color_temp_state_topic", "color_temp_value_template", warmth, _from_temp(kelvin))
        entity.write(
            "color_temp_command_topic", "color_temp_command_template", warmth,
            lambda wanted: round(wanted) if kelvin else to_mired(wanted),
        )  # fmt: skip
    _default_color(entity)
    one_of(
        entity, "mode", entity.texts("effect_list"),
        ("effect_state_topic", "effect_value_template"), ("effect_command_topic", "effect_command_template"),
    )  # fmt: skip
    _turned_on(entity, switch, level)


def _turned_on(entity: Entity, switch: str, level: str) -> None:
    """Whatever is wanted of a lamp turns it on, as ``on_command_type`` says: its switch after everything else
    (``last``), before it (``first``), or a brightness and no switch at all (``brightness``)."""
    by = dict(entity.piece.writers)
    if switch not in by:
        return
    way = entity.text("on_command_type", "last")
    by_level = by.get(level) if way == "brightness" else None
    last = {level: 100.0}  # the brightness that it had when it was on
    if by_level is not None:
        where = entity.text("brightness_state_topic")
        entity.piece.readers = [
            (topic, _remembering(reader, level, last) if topic == where else reader)
            for topic, reader in entity.piece.readers
        ]

    def writer(values: dict[str, Any]) -> list[Say]:
        told = [each for address in by if address in values and address != switch for each in by[address](values)]
        if not values.get(switch, values.get(level) != 0):
            return told + (by[switch](values) if switch in values else [])
        if by_level is not None:
            return told if level in values else told + by_level(last)
        on = by[switch]({switch: True})
        return on + told if way == "first" else told + on

    entity.piece.writers = dict.fromkeys(by, writer)


def _remembering(reader: Reader, address: str, last: dict[str, float]) -> Reader:
    """A reader that keeps the last value of an address that was not zero."""

    def read(payload: bytes, now_ms: int) -> Reading:
        found = reader(payload, now_ms)
        if found.values.get(address):
            last[address] = found.values[address]
        return found

    return read


def _default_color(entity: Entity) -> None:
    """One colour, told by the first of its topics, and heard on each of them."""
    ways = [
        each
        for each in (
            ("rgb", 3, from_rgb, _rgb_command),
            ("hs", 2, from_hs, _hs_command),
            ("xy", 2, from_xy, _xy_command),
            ("rgbw", 4, _with_white, _rgbw_command),
            ("rgbww", 5, _with_white, _rgbw_command),
        )
        if entity.has(f"{each[0]}_command_topic") or entity.has(f"{each[0]}_state_topic")
    ]
    if not ways:
        return
    told = [each for each in ways if entity.has(f"{each[0]}_command_topic")]
    color = entity.add(trait_property("color", writable=bool(told)))
    for kind, count, read, _write in ways:
        entity.read(f"{kind}_state_topic", f"{kind}_value_template", color, _from_numbers(count, read))
    for kind, count, _read, write in told[:1]:
        template = f"{kind}_command_template"
        entity.write(f"{kind}_command_topic", template, color, write(entity.has(template), count - 3))


def _json(entity: Entity) -> None:
    modes = set(entity.texts("supported_color_modes"))
    writable = entity.has("command_topic")
    switch = entity.add(trait_property("on_off", writable=writable))
    level = warmth = color = mode = ""
    if entity.flag("brightness") or modes - {"onoff"}:
        level = entity.add(trait_property("brightness", writable=writable))
    if "color_temp" in modes or entity.flag("color_temp"):
        warmth = entity.add(trait_property("color_temperature", writable=writable))
    kind = next((each for each in COLOR_MODES if each in modes or entity.flag(each)), "")
    if kind:
        color = entity.add(trait_property("color", writable=writable))
    effects = entity.texts("effect_list")
    if entity.flag("effect") or effects:
        mode = entity.add(trait_property("mode", writable=writable, schema=choices(effects)))
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
            body["brightness"] = _to_scale(values[level], scale)
        if warmth in values:
            body["color_temp"] = round(values[warmth]) if kelvin else to_mired(values[warmth])
        if color in values:
            body["color"] = _object(color_of(values[color]), kind)
        if mode in values:
            body["effect"] = chosen(effects, "mode")(values[mode])
        return [Say(entity.text("command_topic"), msgspec.json.encode(body))]

    if entity.has("state_topic"):
        entity.piece.readers.append((entity.text("state_topic"), reader))
    if writable:
        entity.piece.writers |= {address: writer for address in (switch, level, warmth, color, mode) if address}


def _template(entity: Entity) -> None:
    writable = entity.has("command_topic") and entity.has("command_on_template")
    switch = entity.add(trait_property("on_off", writable=writable))
    entity.read("state_topic", "state_template", switch, on_off("on", "off"))
    level = warmth = color = mode = ""
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
            found = [number(part(payload, now_ms)) for part in parts]
            return Reading() if ABSENT in found else Reading({color: from_rgb(*found)})

        entity.piece.readers.append((entity.text("state_topic"), reader))
    effects = entity.texts("effect_list")
    if effects:
        mode = entity.add(trait_property("mode", writable=writable, schema=choices(effects)))
        if entity.has("effect_template"):
            entity.read("state_topic", "effect_template", mode, said_word(()))
    if not writable:
        return
    render_on = compile_template(entity.text("command_on_template"))
    render_off = compile_template(entity.text("command_off_template", "off"))

    def writer(values: dict[str, Any]) -> list[Say]:
        if not values.get(switch, True):
            return [Say(entity.text("command_topic"), render_off({"state": "off"}).encode())]
        given: dict[str, Any] = {"state": "on"}
        if level in values:
            given["brightness"] = _to_scale(values[level], SCALE)
        if warmth in values:
            given["color_temp"] = round(values[warmth]) if _kelvin(entity) else to_mired(values[warmth])
        if color in values:
            rgb = color_of(values[color])
            given |= dict(zip(("red", "green", "blue", "hue", "sat"), (*rgb, *to_hs(rgb, 2)), strict=True))
        if mode in values:
            given["effect"] = chosen(effects, "mode")(values[mode])
        return [Say(entity.text("command_topic"), render_on(given).encode())]

    entity.piece.writers |= {address: writer for address in (switch, level, warmth, color, mode) if address}


def _to_scale(percent: float, scale: float) -> int:
    """What is not off is at least one step."""
    return max(round(percent * scale / 100), 1 if percent > 0 else 0)


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
        return found if kelvin else from_mired(found)

    return turn


def _from_numbers(count: int, make: Any) -> Any:
    def turn(value: Any) -> Any:
        found = value if isinstance(value, list) else _numbers(value)
        if len(found) < count or not all(isinstance(each, int | float) for each in found):
            return ABSENT
        return make(*found[:count])

    return turn


def _numbers(text: object) -> list[float]:
    """Numbers parted by commas, in brackets or not."""
    try:
        return [float(each) for each in str(text).strip("()[] ").split(",")]
    except ValueError:
        return []


def _with_white(*parts: float) -> str:
    """Red, green and blue with whites beside them: white light makes a colour paler."""
    red, green, blue, *whites = parts
    mixed = [part + max(whites) for part in (red, green, blue)]
    top = max(*mixed, 1.0)
    return from_rgb(*(part * max(*parts) / top for part in mixed))


def _from_object(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return ABSENT
    for names, make in (
        (("r", "g", "b", "c", "w"), _with_white),
        (("r", "g", "b", "w"), _with_white),
        (("r", "g", "b"), from_rgb),
        (("h", "s"), from_hs),
        (("x", "y"), from_xy),
    ):
        found: list[Any] = [value.get(name) for name in names]
        if all(isinstance(each, int | float) for each in found):
            return make(*found)
    return ABSENT


def _object(color: tuple[int, int, int], kind: str) -> dict[str, float]:
    if kind == "hs":
        return dict(zip(("h", "s"), to_hs(color, 2), strict=True))
    if kind == "xy":
        return dict(zip(("x", "y"), to_xy(color), strict=True))
    whites = WHITES.get(kind, ())
    return dict(zip(("r", "g", "b", *whites), (*color, *[0] * len(whites)), strict=True))


def _rgb_command(templated: bool, whites: int) -> Any:
    def turn(wanted: Any) -> Any:
        red, green, blue = color_of(wanted)
        return {"red": red, "green": green, "blue": blue} if templated else f"{red},{green},{blue}"

    return turn


def _rgbw_command(templated: bool, whites: int) -> Any:
    """A colour that is wanted has no white in it."""
    names = ("white",) if whites == 1 else ("cold_white", "warm_white")

    def turn(wanted: Any) -> Any:
        parts = (*color_of(wanted), *[0] * whites)
        if templated:
            return dict(zip(("red", "green", "blue", *names), parts, strict=True))
        return ",".join(map(str, parts))

    return turn


def _hs_command(templated: bool, whites: int) -> Any:
    def turn(wanted: Any) -> Any:
        hue, saturation = to_hs(color_of(wanted), 2)
        return {"hue": hue, "sat": saturation} if templated else f"{hue:g},{saturation:g}"

    return turn


def _xy_command(templated: bool, whites: int) -> Any:
    def turn(wanted: Any) -> Any:
        x, y = to_xy(color_of(wanted))
        return {"x": x, "y": y} if templated else f"{x},{y}"

    return turn
