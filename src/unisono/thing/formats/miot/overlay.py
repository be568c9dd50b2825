"""Overlays: repairs of what a maker got wrong in an instance, as data.

Knows which instances an overlay is for and what it may change: members of a property, its unit, its scale, or that it
is there at all. What is changed is changed before the instance is read; an export gives the maker's document back.
Nothing in an overlay is code. Knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from unisono.thing.codec import Plain
from unisono.thing.files import read_data

__all__ = ["Mended", "Overlay", "Repair", "mend", "overlays"]

URN_VERSION = re.compile(r":[0-9]+$")


class Repair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What is wrong with one property (``of``: ``2.5``, ``service.property`` or ``*.property`` by names of URNs).

    ``hide``: it means nothing to people. ``scale``: value = what the device says * scale. The rest replaces members.
    """

    of: str
    hide: bool = False
    scale: Plain | None = None
    format: str | None = None
    access: tuple[str, ...] | None = None
    unit: str | None = None
    value_range: tuple[Plain, ...] | None = None
    value_list: tuple[dict[str, Any], ...] | None = None
    description: str | None = None


class Overlay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Repairs for the instances whose URN, without its version, or model matches ``match`` (a regular expression)."""

    name: str
    match: str
    why: str
    repairs: tuple[Repair, ...]


class Mended(msgspec.Struct, frozen=True):
    """An instance behind its overlays, their names, and by ``(siid, piid)``: scales, what is hidden, what was there."""

    document: dict[str, Any]
    names: tuple[str, ...] = ()
    scales: dict[tuple[Any, Any], Plain] = {}
    hidden: frozenset[tuple[Any, Any]] = frozenset()
    originals: dict[tuple[Any, Any], dict[str, Any]] = {}


@lru_cache(maxsize=1)
def overlays() -> tuple[Overlay, ...]:
    """The overlays that ship with us."""
    return msgspec.convert(read_data("formats/miot_overlays.yaml"), tuple[Overlay, ...])


def mend(document: dict[str, Any], mending: Sequence[Overlay]) -> Mended:
    """The document with every fitting overlay laid over it."""
    known = [each for each in (document.get("type"), document.get("model")) if isinstance(each, str)]
    fitting = [each for each in mending if any(re.fullmatch(each.match, URN_VERSION.sub("", name)) for name in known)]
    if not fitting:
        return Mended(document)
    repairs = [repair for each in fitting for repair in each.repairs]
    scales: dict[tuple[Any, Any], Plain] = {}
    hidden: set[tuple[Any, Any]] = set()
    originals: dict[tuple[Any, Any], dict[str, Any]] = {}
    services: list[Any] = []
    for service in document["services"] if isinstance(document.get("services"), list) else []:
        made = service
        for where, index, property in _properties(service):
            for repair in repairs:
                if repair.of not in where:
                    continue
                made = _with(made, index, {**made["properties"][index], **_members(repair)})
                address = (_plain(service.get("iid")), _plain(property.get("iid")))
                originals[address] = property
                if repair.scale is not None:
                    scales[address] = repair.scale
                if repair.hide:
                    hidden.add(address)
        services.append(made)
    return Mended(
        {**document, "services": services}, tuple(each.name for each in fitting), scales, frozenset(hidden), originals
    )


def _plain(iid: Any) -> int | None:
    return iid if type(iid) is int else None


def _properties(service: Any) -> Iterator[tuple[set[str], int, dict[str, Any]]]:
    """The ways to say which property it is, its place, and it."""
    if not isinstance(service, dict) or not isinstance(service.get("properties"), list):
        return
    for index, property in enumerate(service["properties"]):
        if isinstance(property, dict):
            name = urn_name(property.get("type"))
            ways = {
                f"{service.get('iid')}.{property.get('iid')}",
                f"{urn_name(service.get('type'))}.{name}",
                f"*.{name}",
            }
            yield ways, index, property


def _with(service: dict[str, Any], index: int, property: dict[str, Any]) -> dict[str, Any]:
    properties = [property if at == index else each for at, each in enumerate(service["properties"])]
    return {**service, "properties": properties}


def _members(repair: Repair) -> dict[str, Any]:
    """What replaces members: what was said, less what is for us alone."""
    said: dict[str, Any] = msgspec.to_builtins(repair)
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in said.items()
        if value is not None and key not in ("of", "hide", "scale")
    }


def urn_name(urn: Any) -> str:
    """``brightness`` of ``urn:miot-spec-v2:property:brightness:0000000D:maker-x:1``; empty where it is no URN."""
    parts = urn.split(":") if isinstance(urn, str) else []
    return parts[3] if len(parts) > 3 else ""
