"""A model as a Thing Model (or, where it was one, a Thing Description).

Knows affordances and data schemas. What is reached how is for whoever has the thing: a description that can be used is
made of this one by adding forms. Must not know how a description is read.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.naming import pick_text
from unisono.thing.formats.residue import restore
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Action, Arg, Event, Model, Property
from unisono.thing.schema import Schema, Texts

__all__ = [
    "CONTEXT",
    "EXT",
    "FORMAT",
    "write_action",
    "write_arg",
    "write_data",
    "write_event",
    "write_property",
    "write_thing",
]

FORMAT = EXT = "wot"
CONTEXT = "https://www.w3.org/2022/wot/td/v1.1"
MODEL = "tm:ThingModel"


def write_thing(model: Model) -> dict[str, Any]:
    """The description of a model."""
    is_description = model.source is not None and model.source.format == FORMAT and model.source.version == "td"
    types = [*([] if is_description else [MODEL]), *(each for each in model.types if model.source is not None)]
    made: dict[str, Any] = {"@context": CONTEXT}
    if types:
        made["@type"] = types if len(types) > 1 else types[0]
    if is_description and model.source is not None and model.source.uri is not None:
        made["id"] = model.source.uri
    made.update(_texts(model.titles, "title", model.id))
    made.update(_texts(model.descriptions, "description", None))
    optional: list[str] = []
    for kind, members in (("properties", model.properties), ("actions", model.actions), ("events", model.events)):
        found: dict[str, Any] = {}
        for address, member in members.items():
            if isinstance(member, Property) and member.parameter_only:
                continue
            name = _name(member, address)
            found[name] = restore(_affordance(member), member.ext.get(EXT))
            if not member.mandatory:
                optional.append(f"/{kind}/{name}")
        if found:
            made[kind] = found
    if optional and not is_description:
        made["tm:optional"] = optional
    return restore(made, model.ext.get(EXT))


def _name(member: Property | Action | Event, address: str) -> str:
    """The name in the document: the maker's, else the address."""
    if member.ref is not None and member.ref.startswith("wot:/"):
        return member.ref.split("/", 2)[2]
    return address


def _affordance(member: Property | Action | Event) -> dict[str, Any]:
    if isinstance(member, Property):
        return write_property(member)
    return write_action(member) if isinstance(member, Action) else write_event(member)


def _texts(texts: Texts, one: str, otherwise: str | None) -> dict[str, Any]:
    """A text, and all of them where there are several languages."""
    text = texts.get("und") or pick_text(texts, "en") or otherwise
    made: dict[str, Any] = {} if text is None else {one: text}
    several = {tag: each for tag, each in texts.items() if tag != "und"}
    if len(several) > 1:
        made[f"{one}s"] = several
    return made


def write_property(property: Property) -> dict[str, Any]:
    """A property as a model says it."""
    made: dict[str, Any] = {}
    if property.type is not None and property.ref is not None and property.ref.startswith("wot:"):
        made["@type"] = property.type
    made.update(_texts(property.titles, "title", None))
    made.update(_texts(property.descriptions, "description", None))
    made.update(write_data(property))
    if not property.writable:
        made["readOnly"] = True
    if property.writable and not property.readable:
        made["writeOnly"] = True
    if property.notifies:
        made["observable"] = True
    if property.default is not UNSET:
        made["default"] = property.default
    return made


def write_data(property: Property, *, canonical: bool = False) -> dict[str, Any]:
    """The data schema of a property, of what the wire says; ``canonical``: of the values that we keep."""
    codec = () if canonical else property.codec
    made = _schema(property.schema, codec)
    raw_unit = None if canonical else property.raw_unit
    unit = spell_unit(property.unit, raw_unit, codec)
    if raw_unit is not None and unit != raw_unit and raw_unit.rpartition(":")[2] == unit:
        unit = raw_unit  # om2:degreeCelsius and the like
    return made if unit is None else {**made, "unit": unit}


def write_action(action: Action) -> dict[str, Any]:
    """An action as a model says it."""
    made: dict[str, Any] = {}
    if action.type is not None and action.ref is not None and action.ref.startswith("wot:"):
        made["@type"] = action.type
    made.update(_texts(action.titles, "title", None))
    made.update(_texts(action.descriptions, "description", None))
    for name, args in (("input", action.inputs), ("output", action.outputs)):
        if args:
            made[name] = _data(args)
    made |= {"safe": action.safe, "idempotent": action.idempotent}
    if action.call == "sync":
        made["synchronous"] = True
    return made


def write_event(event: Event) -> dict[str, Any]:
    """An event as a model says it."""
    made: dict[str, Any] = {}
    if event.type is not None and event.ref is not None and event.ref.startswith("wot:"):
        made["@type"] = event.type
    made.update(_texts(event.titles, "title", None))
    made.update(_texts(event.descriptions, "description", None))
    if event.args:
        made["data"] = _data(event.args)
    return made


def _data(args: tuple[Arg, ...]) -> dict[str, Any]:
    """The arguments as one data schema."""
    if len(args) == 1 and args[0].ref == "wot:value":
        return restore(write_arg(args[0]), args[0].ext.get(EXT))
    made: dict[str, Any] = {
        "type": "object",
        "properties": {each.key: restore(write_arg(each), each.ext.get(EXT)) for each in args},
    }
    required = [each.key for each in args if not each.optional]
    return {**made, "required": required} if required else made


def write_arg(arg: Arg) -> dict[str, Any]:
    """The data schema of one argument."""
    made = {**_texts(arg.titles, "title", None), **_texts(arg.descriptions, "description", None)}
    made.update(_schema(arg.schema or Schema(kind="any"), arg.codec))
    unit = spell_unit(arg.unit, arg.raw_unit, arg.codec)
    return made if unit is None else {**made, "unit": unit}


# --- data schemas -----------------------------------------------------------------------------------------------------


def _schema(schema: Schema, codec: Any = ()) -> dict[str, Any]:
    made = _WRITERS[schema.kind](schema, codec)
    # a description's type is one word (TD 1.1, 5.3.2.1)
    return {"oneOf": [made, {"type": "null"}]} if schema.nullable and made else made


def _bool(schema: Schema, codec: Any) -> dict[str, Any]:
    if codec:
        wires = [wire_value(codec, value) for value in (True, False)]
        if not all(isinstance(each, bool) for each in wires):
            return {"type": _type_of(wires), "enum": wires}
    return {"type": "boolean"}


def _type_of(values: list[Any]) -> str:
    if all(isinstance(each, str) for each in values):
        return "string"
    return "integer" if all(type(each) is int for each in values) else "number"


def _number(schema: Schema, codec: Any) -> dict[str, Any]:
    low, high = wire_bounds(schema, codec)
    step = None if codec else schema.step
    made: dict[str, Any] = {"type": "integer" if schema.kind in ("int", "bitmap") else "number"}
    for key, value in (("minimum", low), ("maximum", high), ("multipleOf", step)):
        if value is not None:
            made[key] = value
    return made


def _enum(schema: Schema, codec: Any) -> dict[str, Any]:
    values = [wire_value(codec, choice.value) for choice in schema.choices]
    types = {type(each) for each in values}
    made: dict[str, Any] = {}
    if schema.format in ("string", "integer", "number") and not codec:
        made["type"] = schema.format
    elif types == {bool}:
        return {"type": "boolean"}
    elif bool not in types:
        made["type"] = _type_of(values) if types == {str} or str not in types else None
        if made["type"] is None:
            del made["type"]
    titled = [choice for choice in schema.choices if choice.titles]
    if titled:
        made["oneOf"] = [
            {"const": value, **_texts(choice.titles, "title", None)}
            for value, choice in zip(values, schema.choices, strict=True)
        ]
    else:
        made["enum"] = values
    return made


def _string(schema: Schema, codec: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    found = (("minLength", schema.len_min), ("maxLength", schema.len_max), ("pattern", schema.pattern))
    made.update({key: value for key, value in found if value is not None})
    if schema.format is not None and schema.format != "color":
        made["format"] = schema.format
    return made


def _bytes(schema: Schema, codec: Any) -> dict[str, Any]:
    return {**_string(schema, codec), "contentEncoding": "base64"}


def _object(schema: Schema, codec: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object"}
    if schema.fields:
        made["properties"] = {}
        for each in schema.fields:
            inner = {**_texts(each.titles, "title", None), **_texts(each.descriptions, "description", None)}
            inner.update(_schema(each.schema))
            unit = each.raw_unit or each.unit
            made["properties"][each.key] = inner if unit is None else {**inner, "unit": unit}
        required = [each.key for each in schema.fields if not each.optional]
        if required:
            made["required"] = required
    return made


def _array(schema: Schema, codec: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "array"}
    if schema.items is not None:
        made["items"] = _schema(schema.items)
    found = (("minItems", schema.count_min), ("maxItems", schema.count_max))
    made.update({key: value for key, value in found if value is not None})
    return made


def _any(schema: Schema, codec: Any) -> dict[str, Any]:
    return {"type": "null"} if schema.format == "null" else {}


_WRITERS: dict[str, Any] = {
    "bool": _bool,
    "int": _number,
    "float": _number,
    "duration": _number,
    "bitmap": _number,
    "decimal": lambda schema, codec: {"type": "string", "format": "decimal"},
    "datetime": lambda schema, codec: {"type": "string", "format": "date-time"},
    "string": _string,
    "bytes": _bytes,
    "enum": _enum,
    "object": _object,
    "array": _array,
    "any": _any,
}
