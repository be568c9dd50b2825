"""A model as a VSS tree.

Knows datatypes and kinds of signal, and that branches come from the paths of services. Must not know how one is read.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.naming import NUMBER_TYPES, pick_text, spaced
from unisono.thing.formats.residue import restore
from unisono.thing.formats.rules import read_rules
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Model, Property, Service
from unisono.thing.schema import Schema

__all__ = ["EXT", "FORMAT", "write_branch", "write_signal", "write_tree"]

FORMAT = EXT = "vss"
REF = "vss:"

_PART = re.compile(r"[^A-Za-z0-9]+")


def write_tree(model: Model) -> dict[str, Any]:
    """The tree of a model, in the shape that it came in."""
    kept = model.ext.get(EXT)
    kept = kept if isinstance(kept, dict) else {}
    name = model.product if model.product is not None and _is_ours(model) else _name(model.id)
    root: dict[str, Any] = {}
    for service in model.services:
        _place(root, service, name)
    if name not in root:
        root = {name: {"type": "branch", "description": pick_text(model.titles, "en") or name, "children": root}}
    whole = restore(root, kept)
    return _flat(whole, kept["flat"]) if isinstance(kept.get("flat"), dict) else whole


def _is_ours(model: Model) -> bool:
    return model.source is not None and model.source.format == FORMAT


def _name(text: str) -> str:
    """A name as VSS has them: words with capitals, nothing between."""
    made = "".join(part[:1].upper() + part[1:] for part in _PART.split(text) if part)
    return made if made[:1].isalpha() else f"X{made}"


def _place(root: dict[str, Any], service: Service, name: str) -> None:
    kept = service.ext.get(EXT)
    kept = kept if isinstance(kept, dict) else {}
    if kept.get("made") is True:
        return  # an instance that the tree only names
    if service.ref is None and len(service.properties) == 1 and service.properties[0].ref == f"{REF}{name}":
        root[name] = _signal(service.properties[0])
        return
    path = service.ref.removeprefix(REF).split(".") if service.ref is not None else [name, *_parts(service)]
    level = root
    for part in path[:-1]:
        branch = level.setdefault(part, {"type": "branch", "description": spaced(part), "children": {}})
        level = branch.setdefault("children", {})
    branch = {**restore(write_branch(service), kept), "children": {}}
    inside = level.setdefault(path[-1], branch)
    for property in service.properties:
        if not property.parameter_only:
            last = (
                property.ref.rpartition(".")[2].removeprefix(REF) if property.ref is not None else _name(property.key)
            )
            inside["children"][last] = _signal(property)


def _parts(service: Service) -> list[str]:
    return [_name(part) for part in service.key.split(".") if part]


def _signal(property: Property) -> dict[str, Any]:
    return restore(write_signal(property), property.ext.get(EXT))


def _flat(roots: dict[str, Any], how: dict[str, Any]) -> dict[str, Any]:
    """The tree by paths; ``how["without"]``: the branches that are not written, or all of them."""
    found: dict[str, Any] = {}
    without = how.get("without")
    left = without if isinstance(without, list) else []

    def walk(node: dict[str, Any], path: str) -> None:
        left_out = node.get("type") == "branch" if without == "branches" else path in left
        if not left_out:
            found[path] = {key: value for key, value in node.items() if key != "children"}
        children = node.get("children")
        for name, child in children.items() if isinstance(children, dict) else ():
            if isinstance(child, dict):
                walk(child, f"{path}.{name}")

    for name, node in roots.items():
        walk(node, name)
    return found


def write_branch(service: Service) -> dict[str, Any]:
    """A branch without its children."""
    described = pick_text(service.descriptions, "en") or pick_text(service.titles, "en") or service.key
    return {"type": "branch", "description": described}


def write_signal(property: Property) -> dict[str, Any]:
    """A signal as a model says it."""
    last = property.ref.rpartition(".")[2].removeprefix(REF) if property.ref is not None else property.key
    title = pick_text(property.titles, "en")
    described = pick_text(property.descriptions, "en")
    made: dict[str, Any] = {"type": _type(property), **_value(property), "description": described or title or last}
    if property.ref is not None and title is not None and title != spaced(last):
        made["title"] = title  # an extended attribute, as the tools call it
    unit = spell_unit(property.unit, property.raw_unit, property.codec, _spellings())
    if unit is not None:
        made["unit"] = unit
    if property.default is not UNSET:
        made["default"] = property.default
    if property.deprecated is not None:
        made["deprecation"] = property.deprecated
    return made


def _type(property: Property) -> str:
    if property.role == "attribute" and not property.writable:
        return "attribute"
    return "actuator" if property.writable else "sensor"


def _spellings() -> dict[str, str]:
    found: dict[str, str] = read_rules(FORMAT).words.get("units", {})
    return found


def _value(property: Property) -> dict[str, Any]:
    schema, codec = property.schema, property.codec
    made: dict[str, Any] = {"datatype": _datatype(schema)}
    numbers = schema.items if schema.kind == "array" and schema.items is not None else schema
    if schema.kind == "array" and schema.count_max is not None and schema.count_min == schema.count_max:
        made["arraysize"] = schema.count_max
    if numbers.choices and numbers.kind != "bool" and made["datatype"] != "boolean":
        values = [wire_value(codec, choice.value) for choice in numbers.choices]
        # texts of a switch that is a boolean elsewhere ("false" for disarmed)
        made["allowed"] = [str(each) if isinstance(each, bool) else each for each in values]
    elif made["datatype"].removesuffix("[]") in NUMBER_TYPES:
        low, high = wire_bounds(numbers, codec)
        made.update({key: value for key, value in (("min", low), ("max", high)) if value is not None})
    if numbers.pattern is not None and numbers.format != "color":
        made["pattern"] = numbers.pattern
    return made


def _datatype(schema: Schema) -> str:
    if schema.kind == "array":
        return schema.format or f"{_datatype(schema.items) if schema.items is not None else 'string'}[]"
    if schema.format in NUMBER_TYPES:
        return str(schema.format)
    if schema.kind == "enum":
        if schema.format == "boolean":
            return "boolean"
        return "int32" if schema.choices and all(type(each.value) is int for each in schema.choices) else "string"
    if schema.kind in ("int", "bitmap"):
        return _whole(schema)
    plain = {"bool": "boolean", "float": "float", "duration": "float", "decimal": "double"}
    return plain.get(schema.kind) or (schema.format if schema.kind in ("any", "object") and schema.format else "string")


def _whole(schema: Schema) -> str:
    low = int(schema.min) if schema.min is not None else -(2**31)
    high = int(schema.max) if schema.max is not None else 2**31 - 1
    for bits in (8, 16, 32):
        if low >= 0 and high < 2**bits:
            return f"uint{bits}"
        if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1):
            return f"int{bits}"
    return "int64"
