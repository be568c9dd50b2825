"""A model as a TSL document.

Knows the data types, that numbers are text, and the services and the event that every document has for its properties.
Must not know how a document is read.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.codec import Color
from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.naming import make_key, pick_text
from unisono.thing.formats.residue import restore
from unisono.thing.formats.rules import read_rules
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Action, Arg, Event, Model, Property, Service
from unisono.thing.schema import Schema

__all__ = ["EXT", "FORMAT", "SYNTHETIC", "write_action", "write_arg", "write_event", "write_property", "write_tsl"]

FORMAT = EXT = "tsl"
REF = "tsl:"
SCHEMA_URL = "https://iotx-tsl.oss-ap-southeast-1.aliyuncs.com/schema.json"

# What the platform adds to every document: the properties as services and an event.
SYNTHETIC = {"services": ("set", "get"), "events": ("post",)}

MAX_TEXT = 10240  # the longest that the platform takes
MAX_ARRAY = 512

_SEVERITIES = {"info": "info", "warning": "alert", "error": "error", "critical": "error"}


def write_tsl(model: Model) -> dict[str, Any]:
    """The TSL of a model."""
    root = next((each for each in model.services if not each.key), None)
    blocks = [each for each in model.services if each.key]
    made: dict[str, Any] = {"schema": SCHEMA_URL, "profile": {"productKey": model.product or make_key(model.id)}}
    made.update(_members(root or Service()))
    if blocks:
        made["functionBlocks"] = [
            {
                "functionBlockId": (each.ref or each.key).removeprefix(REF),
                "functionBlockName": pick_text(each.titles, "zh") or each.key,
                **_members(each),
            }
            for each in blocks
        ]
    return restore(made, model.ext.get(EXT))


def _members(service: Service) -> dict[str, Any]:
    properties = [each for each in service.properties if not each.parameter_only]
    written = [(each, _restored(write_property(each), each)) for each in properties]
    return {
        "properties": [each for _, each in written],
        "events": [_post(written), *(_restored(write_event(each), each) for each in service.events)],
        "services": [*_set_get(written), *(_restored(write_action(each), each) for each in service.actions)],
    }


def _restored(made: dict[str, Any], member: Property | Action | Event | Arg) -> dict[str, Any]:
    return restore(made, member.ext.get(EXT))


def _data(written: list[tuple[Property, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{key: each[key] for key in ("identifier", "dataType", "name") if key in each} for _, each in written]


def _post(written: list[tuple[Property, dict[str, Any]]]) -> dict[str, Any]:
    readable = [pair for pair in written if pair[0].readable or pair[0].notifies]
    return {
        "identifier": "post",
        "name": "post",
        "type": "info",
        "required": True,
        "desc": "属性上报",
        "method": "thing.event.property.post",
        "outputData": _data(readable),
    }


def _set_get(written: list[tuple[Property, dict[str, Any]]]) -> list[dict[str, Any]]:
    readable = [pair for pair in written if pair[0].readable or pair[0].notifies]
    return [
        {
            "identifier": "set",
            "name": "set",
            "required": True,
            "callType": "async",
            "desc": "属性设置",
            "method": "thing.service.property.set",
            "inputData": _data([pair for pair in written if pair[0].writable]),
            "outputData": [],
        },
        {
            "identifier": "get",
            "name": "get",
            "required": True,
            "callType": "async",
            "desc": "属性获取",
            "method": "thing.service.property.get",
            "inputData": [each["identifier"] for _, each in readable if "identifier" in each],
            "outputData": _data(readable),
        },
    ]


def _identifier(member: Property | Action | Event | Arg) -> str:
    if member.ref is not None and member.ref.startswith(REF):
        return member.ref.rpartition(":")[2]
    return member.key.replace("-", "_").replace(".", "_")


def write_property(property: Property) -> dict[str, Any]:
    """A property as a model says it."""
    identifier = _identifier(property)
    made: dict[str, Any] = {
        "identifier": identifier,
        "name": pick_text(property.titles, "zh") or identifier,
        "accessMode": _mode(property),
        "required": property.mandatory,
        "dataType": _declared(property.schema, property.unit, property.raw_unit, property.codec),
    }
    described = pick_text(property.descriptions, "zh")
    return made if described is None else {**made, "desc": described}


def _mode(property: Property) -> str:
    read = property.readable or property.notifies
    return ("r" if read else "") + ("w" if property.writable else "") or "r"


def write_action(action: Action) -> dict[str, Any]:
    """An action as a model says it."""
    identifier = _identifier(action)
    made: dict[str, Any] = {
        "identifier": identifier,
        "name": pick_text(action.titles, "zh") or identifier,
        "required": action.mandatory,
        "callType": action.call,
        "method": f"thing.service.{identifier}",
        "inputData": [_restored(write_arg(each), each) for each in action.inputs],
        "outputData": [_restored(write_arg(each), each) for each in action.outputs],
    }
    described = pick_text(action.descriptions, "zh")
    return made if described is None else {**made, "desc": described}


def write_event(event: Event) -> dict[str, Any]:
    """An event as a model says it."""
    identifier = _identifier(event)
    made: dict[str, Any] = {
        "identifier": identifier,
        "name": pick_text(event.titles, "zh") or identifier,
        "type": _SEVERITIES[event.severity],
        "required": event.mandatory,
        "method": f"thing.event.{identifier}.post",
        "outputData": [_restored(write_arg(each), each) for each in event.args],
    }
    described = pick_text(event.descriptions, "zh")
    return made if described is None else {**made, "desc": described}


def write_arg(arg: Arg) -> dict[str, Any]:
    """An argument as a model says it."""
    identifier = _identifier(arg)
    return {
        "identifier": identifier,
        "name": pick_text(arg.titles, "zh") or identifier,
        "dataType": _declared(arg.schema or Schema(kind="any"), arg.unit, arg.raw_unit, arg.codec),
    }


# --- values -----------------------------------------------------------------------------------------------------------


def _declared(schema: Schema, unit: str | None, raw_unit: str | None, codec: Any) -> dict[str, Any]:
    kind = schema.kind
    if kind in ("int", "float", "duration", "decimal", "bitmap"):
        return _number(schema, unit, raw_unit, codec)
    if kind == "bool":
        return {"type": "bool", "specs": _labels(schema, codec, ((False, 0), (True, 1)))}
    if kind == "enum":
        return _enum(schema, codec)
    step = next((each for each in codec if isinstance(each, Color)), None)
    return _other(schema) if step is None else _color(step)


def _color(step: Color) -> dict[str, Any]:
    """The struct, or the number, that a colour is on the wire."""
    if step.space == "number":
        return {"type": "int", "specs": {"min": "0", "max": str(0xFFFFFF), "step": "1"}}
    tops = {"rgb": (255, 255, 255), "xy": (1, 1)}.get(step.space, (360, 100, 100))
    return {
        "type": "struct",
        "specs": [
            {
                "identifier": member,
                "name": member,
                "dataType": {"type": "double" if step.space == "xy" else "int",
                             "specs": {"min": "0", "max": str(top), "step": "1"}},
            }
            for member, top in zip(step.members, tops, strict=False)
        ],
    }  # fmt: skip


def _number(schema: Schema, unit: str | None, raw_unit: str | None, codec: Any) -> dict[str, Any]:
    whole = schema.kind in ("int", "bitmap") and schema.format not in ("float", "double")
    named = schema.format if schema.format in ("int", "float", "double") else "int" if whole else "double"
    low, high = wire_bounds(schema, codec)
    specs: dict[str, Any] = {}
    for key, value in (("min", low), ("max", high), ("step", None if codec else schema.step)):
        if value is not None:
            specs[key] = str(value)
    spelled = spell_unit(unit, raw_unit, codec, _spellings())
    if spelled is not None:
        specs["unit"] = spelled
        name = read_rules(FORMAT).words.get("unit_names", {}).get(unit)
        if name is not None:
            specs["unitName"] = name
    return {"type": named, "specs": specs}


def _spellings() -> dict[str, str]:
    found: dict[str, str] = read_rules(FORMAT).words.get("units", {})
    return found


def _labels(schema: Schema, codec: Any, both: tuple[tuple[bool, int], ...]) -> dict[str, str]:
    """0 and 1 with their words; the wire's numbers are those of the codec, where there is one that has them."""
    titles = {choice.value: pick_text(choice.titles, "zh") for choice in schema.choices if type(choice.value) is bool}
    if schema.choices and not schema.ext:
        both = tuple(pair for pair in both if pair[0] in titles) or both
    found: dict[str, str] = {}
    for value, plain in both:
        wire = wire_value(codec, value)
        found[str(wire if type(wire) is int else plain)] = titles.get(value) or ("true" if value else "false")
    return found


def _enum(schema: Schema, codec: Any) -> dict[str, Any]:
    specs: dict[str, str] = {}
    for index, choice in enumerate(schema.choices):
        wire = wire_value(codec, choice.value)
        # TSL counts its enums; words of another make get their place in the list
        number = wire if type(wire) is int else index
        specs[str(number)] = pick_text(choice.titles, "zh") or choice.key or str(choice.value)
    # out of a bool by a codec (closed is 0, open is 1), or of one in a struct
    is_bool = schema.format == "bool"
    return {"type": "bool" if is_bool else "enum", "specs": specs}


def _other(schema: Schema) -> dict[str, Any]:
    kind = schema.kind
    if kind == "object" and schema.fields:
        return {
            "type": "struct",
            "specs": [
                {
                    "identifier": each.key,
                    "name": pick_text(each.titles, "zh") or each.key,
                    "dataType": _declared(each.schema, each.unit, each.raw_unit, ()),
                }
                for each in schema.fields
            ],
        }
    if kind == "array":
        size = str(schema.count_max if schema.count_max is not None else MAX_ARRAY)
        item = _declared(schema.items or Schema(kind="string"), None, None, ())
        return {"type": "array", "specs": {"size": size, "item": item}}
    if schema.format == "date" or kind == "datetime":
        return {"type": "date", "specs": {}}
    length = schema.len_max if schema.len_max is not None else MAX_TEXT
    return {"type": "text", "specs": {"length": str(length)}}
