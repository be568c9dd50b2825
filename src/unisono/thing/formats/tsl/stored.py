"""ThingModelJson: the form in which the API of Alibaba's platform takes and gives a TSL, brought into that of files.

Knows the differences: ``rwFlag`` for ``accessMode``, types in capitals with their specs beside them, parameters with a
direction. Source: "ThingModelJson data structure", help.aliyun.com. Knows nothing of our model.
"""

from __future__ import annotations

from typing import Any

__all__ = ["is_stored", "tsl_of"]

MAX_DEPTH = 16

_OF_PARAMS = ("dataType", "dataSpecs", "dataSpecsList", "direction", "paraOrder")
_ACCESS = {"READ_ONLY": "r", "WRITE_ONLY": "w", "READ_WRITE": "rw"}
_EVENTS = {"INFO_EVENT_TYPE": "info", "ALERT_EVENT_TYPE": "alert", "ERROR_EVENT_TYPE": "error"}


def is_stored(document: dict[str, Any]) -> bool:
    """Whether a document is of the API: its data types are words in capitals."""
    members = [
        member
        for name in ("properties", "services", "events")
        if isinstance(document.get(name), list)
        for member in document[name]
        if isinstance(member, dict)
    ]
    return any(
        "rwFlag" in member or "dataSpecs" in member or "dataSpecsList" in member or "eventType" in member
        for member in members
    ) or any("_ppk" in document and "inputParams" in member for member in members)


def tsl_of(document: dict[str, Any]) -> dict[str, Any]:
    """The same in the form of files. What is not known is carried along."""
    made = {key: value for key, value in document.items() if key not in ("productKey", "_ppk")}
    if isinstance(document.get("productKey"), str):
        made["profile"] = {"productKey": document["productKey"]}
    for name, turn in (("properties", _property), ("services", _service), ("events", _event)):
        if isinstance(document.get(name), list):
            made[name] = [turn(member) if isinstance(member, dict) else member for member in document[name]]
    return made


def _without(member: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in member.items() if key not in names}


def _property(member: dict[str, Any]) -> dict[str, Any]:
    made = _without(member, "rwFlag", "dataType", "dataSpecs", "dataSpecsList")
    flag = member.get("rwFlag")
    made["accessMode"] = _ACCESS.get(flag, "rw") if isinstance(flag, str) else "rw"
    made["dataType"] = _type(member, 0)
    return made


def _type(member: dict[str, Any], depth: int) -> dict[str, Any]:
    named = member.get("dataType")
    kind = named.lower() if isinstance(named, str) else "text"
    specs, listed = member.get("dataSpecs"), member.get("dataSpecsList")
    if depth > MAX_DEPTH:
        return {"type": kind, "specs": {}}
    if kind in ("bool", "enum"):
        entries = listed if isinstance(listed, list) else []
        return {
            "type": kind,
            "specs": {str(each.get("value")): each.get("name") for each in entries if isinstance(each, dict)},
        }
    if kind == "struct":
        entries = listed if isinstance(listed, list) else []
        fields = [
            {
                "identifier": each.get("identifier"),
                "name": each.get("name"),
                "dataType": _type({**each, "dataType": each.get("childDataType", each.get("dataType"))}, depth + 1),
            }
            for each in entries
            if isinstance(each, dict)
        ]
        return {"type": "struct", "specs": fields}
    plain = specs if isinstance(specs, dict) else {}
    if kind == "array":
        inner = {**plain, "dataType": plain.get("childDataType")}
        return {"type": "array", "specs": {"size": plain.get("size"), "item": _type(inner, depth + 1)}}
    return {"type": kind, "specs": _without(plain, "dataType", "custom", "childDataType")}


def _params(listed: Any) -> list[Any]:
    return [
        {
            **_without(each, "dataType", "dataSpecs", "dataSpecsList", "direction", "paraOrder"),
            "dataType": _type(each, 0),
        }
        if isinstance(each, dict)
        else each
        for each in (listed if isinstance(listed, list) else [])
    ]


def _service(member: dict[str, Any]) -> dict[str, Any]:
    made = _without(member, "inputParams", "outputParams", "serviceName")
    made.setdefault("name", member.get("serviceName"))
    call = member.get("callType")
    made["callType"] = call.lower() if isinstance(call, str) else "async"
    made["inputData"] = _params(member.get("inputParams"))
    made["outputData"] = _params(member.get("outputParams"))
    return made


def _event(member: dict[str, Any]) -> dict[str, Any]:
    made = _without(member, "eventType", "eventName", "outputdata")
    made.setdefault("name", member.get("eventName"))
    kind = member.get("eventType")
    made["type"] = _EVENTS.get(kind, "info") if isinstance(kind, str) else "info"
    made["outputData"] = _params(member.get("outputdata", member.get("outputData")))
    return made
