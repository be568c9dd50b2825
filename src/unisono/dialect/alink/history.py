"""Alink's ways of sending many values at once: with times of their own, in batches, and for several devices.

Each comes out as reports in the order of their times, and events. What is not shaped as Alink shapes it is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from unisono.dialect.alink.signin import join_name

__all__ = ["Found", "read_batch", "read_history", "read_pack", "read_values"]

#: Values in one message: the hub takes 256 KB, the smallest value with a time is some 30 bytes.
MOST = 10_000

Values = list[tuple[int | None, dict[str, Any]]]


class Found(NamedTuple):
    """``values``: by time in milliseconds (None: now); ``events``: identifier and parameters."""

    values: Values
    events: list[tuple[str, Any]]


def read_values(params: dict[str, Any]) -> Values:
    """Properties of a post: plain, or each with its time (``{"value": ..., "time": ms}``)."""
    by_time: dict[int | None, dict[str, Any]] = {}
    for name, given in params.items():
        if _is_dated(given):
            by_time.setdefault(_time(given), {})[name] = given["value"]
        else:
            by_time.setdefault(None, {})[name] = given
    return _in_order(by_time)


def read_batch(params: Any) -> Found:
    """``{"properties": {id: [{value, time}]}, "events": {id: [{value, time}]}}``; a single one may stand bare."""
    if not isinstance(params, dict):
        return Found([], [])
    by_time: dict[int | None, dict[str, Any]] = {}
    count = 0
    for name, given in _items(params.get("properties")):
        for each in given if isinstance(given, list) and given and all(map(_is_dated, given)) else [given]:
            count += 1
            if count > MOST:
                break
            if _is_dated(each):
                by_time.setdefault(_time(each), {})[name] = each["value"]
            else:
                by_time.setdefault(None, {})[name] = each
    events = [
        (name, each)
        for name, given in _items(params.get("events"))
        for each in (given if isinstance(given, list) else [given])[:MOST]
        if isinstance(each, dict)
    ]
    return Found(_in_order(by_time), events)


def read_history(params: Any) -> list[tuple[str, Found]]:
    """A list of ``{"identity": {...}, "properties": [{id: {value, time}}], "events": [...]}``, by device name."""
    found: list[tuple[str, Found]] = []
    for item in params if isinstance(params, list) else []:
        if not isinstance(item, dict):
            continue
        values: Values = []
        for each in _dicts(item.get("properties")):
            values += read_values(each)
        events = [(name, given) for each in _dicts(item.get("events")) for name, given in each.items()]
        found.append((_name(item.get("identity")), Found(values, events)))
    return found


def read_pack(params: Any) -> list[tuple[str, Found]]:
    """A gateway's own properties and events, and those of its ``subDevices``, by device name ("": its own)."""
    if not isinstance(params, dict):
        return []
    found = [("", read_batch(params))]
    for item in _dicts(params.get("subDevices")):
        found.append((_name(item.get("identity")), read_batch(item)))
    return [(name, each) for name, each in found if each.values or each.events]


def _is_dated(given: Any) -> bool:
    return isinstance(given, dict) and "value" in given and given.keys() <= {"value", "time"}


def _time(given: dict[str, Any]) -> int | None:
    time = given.get("time")
    if isinstance(time, str) and time.isdecimal():
        time = int(time)
    return time if isinstance(time, int) and not isinstance(time, bool) and time > 0 else None


def _in_order(by_time: dict[int | None, dict[str, Any]]) -> Values:
    """Oldest first, what is of now last."""
    return sorted(by_time.items(), key=lambda each: (each[0] is None, each[0] or 0))


def _items(given: Any) -> list[tuple[str, Any]]:
    return list(given.items()) if isinstance(given, dict) else []


def _dicts(given: Any) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _name(identity: Any) -> str:
    if not isinstance(identity, dict):
        return ""
    return join_name(str(identity.get("productKey", "")), str(identity.get("deviceName", "")))
