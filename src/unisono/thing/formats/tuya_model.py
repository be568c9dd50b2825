"""Tuya's thing data model in the words of its functions and status.

Knows the shape that "Query Things Data Model" answers: services with properties, each with an ``accessMode`` and a
``typeSpec``; the whole of it as JSON text in ``model``. Knows nothing of our model.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["as_functions"]

#: Types of a ``typeSpec`` in the words of functions; what has no word there can be anything.
TYPES = {"bool": "Boolean", "value": "Integer", "enum": "Enum", "string": "String", "date": "String",
         "raw": "Raw", "bitmap": "Bitmap"}  # fmt: skip
ANYTHING = "Json"
#: What of a ``typeSpec`` says which values there are.
VALUES = ("unit", "min", "max", "scale", "step", "range", "label", "maxlen")
TOLD, READ = ("rw", "wr"), ("rw", "ro")


def as_functions(document: Any) -> dict[str, Any] | None:
    """The functions and status of a data model; None for what is none."""
    if not isinstance(document, dict):
        return None
    given = document.get("model")
    if isinstance(given, str):
        try:
            document = msgspec.json.decode(given)
        except (msgspec.MsgspecError, RecursionError):
            return None
    properties = list(_properties(document))
    if not properties:
        return None
    made: dict[str, Any] = {"functions": [], "status": []}
    if isinstance(document.get("modelId"), str):
        made["product_id"] = document["modelId"]
    for each in properties:
        entry = _entry(each)
        access = each.get("accessMode", "rw")
        made["functions"] += [entry] if access in TOLD else []
        made["status"] += [entry] if access in READ else []
    return made


def _properties(document: Any) -> list[dict[str, Any]]:
    services = document.get("services") if isinstance(document, dict) else None
    return [
        each
        for service in (services if isinstance(services, list) else [])
        if isinstance(service, dict) and isinstance(service.get("properties"), list)
        for each in service["properties"]
        if isinstance(each, dict) and isinstance(each.get("code"), str) and isinstance(each.get("typeSpec"), dict)
    ]


def _entry(each: dict[str, Any]) -> dict[str, Any]:
    spec = each["typeSpec"]
    values = {name: spec[name] for name in VALUES if name in spec}
    kind = spec.get("type")
    made = {
        "code": each["code"],
        "type": TYPES.get(kind, ANYTHING) if isinstance(kind, str) else ANYTHING,
        "values": msgspec.json.encode(values).decode(),
    }
    for ours, theirs in (("name", "name"), ("desc", "description")):
        if each.get(theirs):
            made[ours] = each[theirs]
    return made
