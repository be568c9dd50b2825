"""A model as a Zigbee2MQTT definition.

Knows what the generic and specific types have. A model that was made elsewhere is written by its schemas, and the
service of a light, switch, cover, lock, fan or climate device as the specific type. Must not know how one is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unisono.thing.codec import Map
from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.naming import pick_text
from unisono.thing.formats.residue import restore
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Model, Module, Property, Service
from unisono.thing.schema import Field, Schema

__all__ = ["SPECIFIC", "write_definition", "write_definition_head", "write_property", "write_specific_head"]

EXT = "zigbee2mqtt"
REF = "z2m:"

# The specific types, most telling first: a lamp with a socket is a lamp.
SPECIFIC = ("lock", "climate", "cover", "light", "fan", "switch")

# Where a built-in trait has a name of its own in Zigbee2MQTT; the others are written under their own.
NAMES = {
    "on_off": "state",
    "locked": "state",
    "color_temperature": "color_temp",
    "target_temperature": "occupied_heating_setpoint",
    "hvac_mode": "system_mode",
    "leak": "water_leak",
    "signal": "linkquality",
    "timer": "countdown",
}
# Features that a specific type takes, by trait; in a climate device the temperature is that of the room.
FEATURES = {
    "light": ("on_off", "brightness", "color_temperature", "color"),
    "switch": ("on_off",),
    "lock": ("locked",),
    "cover": ("position", "tilt"),
    "climate": ("target_temperature", "temperature", "hvac_mode", "fan_speed"),
    "fan": ("on_off", "fan_speed", "mode"),
}
IN_CLIMATE = {"temperature": "local_temperature", "fan_speed": "fan_mode"}
KINDS = {"light": "light", "switch": "switch", "plug": "switch", "lock": "lock", "cover": "cover", "climate": "climate"}
ON_OFF = {"on_off": ("ON", "OFF"), "locked": ("LOCK", "UNLOCK")}  # what Zigbee2MQTT itself says for them

UNITS = {
    "Cel": "°C",
    "[degF]": "°F",
    "ug/m3": "µg/m³",
    "m3": "m³",
    "m3/h": "m³/h",
    "V.A": "VA",
    "var": "VAR",
    "deg": "°",
}


def write_definition(model: Model) -> dict[str, Any]:
    """The definition that a model is."""
    kept = model.ext.get(EXT, {}) if isinstance(model.ext, dict) else {}
    kept = kept if isinstance(kept, dict) else {}
    found = dict(_exposes(model))
    order = kept.get("order")
    keys = list(found)
    if isinstance(order, list):
        place = {key: index for index, key in enumerate(order) if isinstance(key, str)}
        keys.sort(key=lambda key: place.get(key, len(order)))
    exposes = _with_unread([found[key] for key in keys], kept)
    return {**restore(write_definition_head(model), kept), "exposes": exposes}


def write_definition_head(model: Model) -> dict[str, Any]:
    """A definition without its exposes."""
    title = pick_text(model.titles, "en")
    head = {"vendor": model.vendor or "Unisono", "model": model.product or model.id}
    if title is not None:
        head["description"] = title
    if model.source is not None and model.source.format == EXT:
        head = {key: value for key, value in head.items() if key == "description" or getattr(model, _OURS[key])}
    return head


_OURS = {"vendor": "vendor", "model": "product"}


def _exposes(model: Model) -> Any:
    """(key, expose) of everything that the model has, in its own order."""
    modules = {module.key: module for module in model.modules}
    for service in model.services:
        if service.key == "" or service.type not in SPECIFIC:
            yield from _loose(model, service)
        else:
            endpoint = _endpoint(service, modules)
            features = [_written(each, endpoint) for each in service.properties]
            kept = service.ext.get(EXT) if isinstance(service.ext.get(EXT), dict) else {}
            head = restore(write_specific_head(service, modules), kept)
            yield service.key, {**head, "features": _with_unread(features, kept or {})}


def _loose(model: Model, service: Service) -> Any:
    """Members that stand by themselves; of a model made elsewhere, those that a specific type has are in one."""
    specific = KINDS.get(model.kind or "") if not any(each.type in SPECIFIC for each in model.services) else None
    features: list[dict[str, Any]] = []
    for each in service.properties:
        if each.parameter_only:
            continue
        if specific is not None and each.ref is None and each.trait in FEATURES[specific]:
            features.append(write_property(each, None, within=specific))
        else:
            key = f"{service.key}.{each.key}" if service.key else each.key
            yield key, _written(each, None, service.key)
    if features:
        yield f"{service.key}:{specific}", {"type": specific, "features": features}
    for action in service.actions:
        if action.ref is None and not action.inputs:
            yield f"{service.key}.{action.key}()", _button(action.key, pick_text(action.titles, "en"))
    told = [each.key for each in service.events if not _is_told(service, each.key)]
    if told:
        yield f"{service.key}!", {"type": "enum", "name": "action", "label": "Action", "property": "action",
                                  "access": 1, "values": told}  # fmt: skip


def _is_told(service: Service, event: str) -> bool:
    return any(each.key == event and each.ref is not None for each in service.properties)


def _button(key: str, title: str | None) -> dict[str, Any]:
    return {"type": "enum", "name": key, "label": title or key, "property": key, "access": 2, "values": [key]}


def _with_unread(found: list[dict[str, Any]], kept: dict[str, Any]) -> list[Any]:
    whole: list[Any] = list(found)
    unread = kept.get("unread")
    for index, item in unread.items() if isinstance(unread, dict) else ():
        whole.insert(int(index) if str(index).isdecimal() else len(whole), item)
    return whole


def _endpoint(service: Service, modules: Mapping[str, Module]) -> str | None:
    module = modules.get(service.module or "")
    return module.ref or module.key if module is not None else None


def write_specific_head(service: Service, modules: Mapping[str, Module]) -> dict[str, Any]:
    """A specific expose without its features."""
    head: dict[str, Any] = {"type": service.type}
    endpoint = _endpoint(service, modules)
    for key, value in (
        ("label", pick_text(service.titles, "en")),
        ("description", pick_text(service.descriptions, "en")),
        ("endpoint", endpoint),
    ):
        if value is not None:
            head[key] = value
    return head


def _written(property: Property, endpoint: str | None, prefix: str = "") -> dict[str, Any]:
    return restore(write_property(property, endpoint, prefix=prefix), property.ext.get(EXT))


def write_property(property: Property, endpoint: str | None, *, within: str = "", prefix: str = "") -> dict[str, Any]:
    """The expose of a property, as a model says it."""
    own = property.ext.get("endpoint")
    at = endpoint if endpoint is not None else own if isinstance(own, str) else None
    member, name = _names(property, at, within, prefix)
    made = {"name": name, "property": member, "access": _bits(property), **_value(property)}
    if within == "" or property.ref is not None or made["type"] != "composite":
        made["label"] = pick_text(property.titles, "en") or name.replace("_", " ").capitalize()
    description = pick_text(property.descriptions, "en")
    if description is not None:
        made["description"] = description
    if property.role in ("config", "diagnostic"):
        made["category"] = property.role
    if at is not None:
        made["endpoint"] = at
    if property.presets:
        made["presets"] = [_preset(property, each) for each in property.presets]
    return made


def _preset(property: Property, preset: Any) -> dict[str, Any]:
    described = pick_text(preset.descriptions, "en")
    made = {"name": preset.key or str(preset.value), "value": wire_value(property.codec, preset.value)}
    return made if described is None else {**made, "description": described}


def _names(property: Property, endpoint: str | None, within: str, prefix: str) -> tuple[str, str]:
    """The member of the state's JSON, and the name of what it is."""
    if property.ref is not None and property.ref.startswith(REF):
        member = property.ref.removeprefix(REF)
        return member, member.removesuffix(f"_{endpoint}") if endpoint is not None else member
    if within:
        trait = property.trait or property.key
        name = IN_CLIMATE.get(trait, NAMES.get(trait, trait)) if within == "climate" else NAMES.get(trait, trait)
        if trait == "color":
            return "color", "color_hs"
        return name, name
    key = NAMES.get(property.key, property.key) if property.trait == property.key else property.key
    name = f"{prefix}_{key}".replace(".", "_") if prefix else key
    return name, name


def _bits(property: Property) -> int:
    bits = (1 if property.notifies else 0) | (2 if property.writable else 0)
    asked = "get" in property.quality or (property.readable and not property.notifies)
    return bits | (4 if asked else 0)


def _value(property: Property) -> dict[str, Any]:
    """Type and what goes with it."""
    schema, codec = property.schema, property.codec
    if schema.kind in ("bool", "enum") and _is_binary(property):
        on, off = _on_off(property)
        return {"type": "binary", "value_on": on, "value_off": off}
    if schema.kind == "enum":
        return {"type": "enum", "values": [wire_value(codec, choice.value) for choice in schema.choices]}
    if schema.format == "color" and schema.kind == "string":
        return _color(property)
    made = _schema(schema)
    if made["type"] == "numeric":
        low, high = wire_bounds(schema, codec)
        made = _numeric(low, high, None if codec else schema.step)
        unit = spell_unit(property.unit, property.raw_unit, codec, UNITS)
        if unit is not None:
            made["unit"] = unit
    return made


def _is_binary(property: Property) -> bool:
    """Open and closed may be the on and off of a binary; reading it has marked it so."""
    return property.schema.kind == "bool" or (property.schema.format == "binary" and len(property.schema.choices) == 2)


def _on_off(property: Property) -> tuple[Any, Any]:
    """What the wire says for on and off: a map has them in this order."""
    if property.codec and isinstance(property.codec[0], Map) and len(property.codec[0].pairs) == 2:
        (on, _), (off, _) = property.codec[0].pairs
        return on, off
    if property.schema.kind == "enum":
        return tuple(choice.value for choice in property.schema.choices[:2])
    return ON_OFF.get(property.trait or "", (True, False)) if property.ref is None else (True, False)


def _color(property: Property) -> dict[str, Any]:
    from unisono.thing.codec import Color

    step = next((each for each in property.codec if isinstance(each, Color)), None)
    if step is None and property.ref is not None:
        return {"type": "text"}
    members = step.members if step is not None else ("hue", "saturation")
    features = [
        {"type": "numeric", "name": each, "property": each, "label": each.capitalize(), "access": 7} for each in members
    ]
    return {"type": "composite", "features": features}


def _schema(schema: Schema) -> dict[str, Any]:
    kind = schema.kind
    if kind in ("int", "float", "decimal", "duration", "bitmap"):
        return _numeric(schema.min, schema.max, schema.step)
    if kind in ("bool", "enum"):
        values = [choice.value for choice in schema.choices] if kind == "enum" else [True, False]
        if kind == "bool" or (schema.format == "binary" and len(values) == 2):
            return {"type": "binary", "value_on": values[0], "value_off": values[1]}
        return {"type": "enum", "values": values}
    if kind == "object":
        return {"type": "composite", "features": [_field(each) for each in schema.fields]}
    if kind == "array":
        return _list(schema)
    # an enum whose values nobody knows is read as text
    return {"type": "enum", "values": []} if schema.format == "enum" else {"type": "text"}


def _list(schema: Schema) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "list"}
    if schema.items is not None:
        made["item_type"] = {"name": "item", "label": "Item", "access": 3, **_schema(schema.items)}
    for key, value in (("length_min", schema.count_min), ("length_max", schema.count_max)):
        if value is not None:
            made[key] = value
    return made


def _numeric(low: Any, high: Any, step: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "numeric"}
    for key, value in (("value_min", low), ("value_max", high), ("value_step", step)):
        if value is not None:
            made[key] = value
    return made


def _field(field: Field) -> dict[str, Any]:
    made = {"name": field.key, "property": field.key, "access": 3, **_schema(field.schema)}
    made["label"] = pick_text(field.titles, "en") or field.key
    description = pick_text(field.descriptions, "en")
    if description is not None:
        made["description"] = description
    if made["type"] == "numeric":
        unit = spell_unit(field.unit, field.raw_unit, (), UNITS)
        if unit is not None:
            made["unit"] = unit
    return made
