"""The elements of a Matter data model, and how one refers to another: types by name, clusters that derive from others.

Knows tags, inheritance and constraints; knows nothing of our model.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from unisono.thing.formats.document import Findings
from unisono.thing.schema import show

__all__ = [
    "FORMAT",
    "LISTS",
    "Constraint",
    "Elements",
    "children",
    "elements_of",
    "read_constraint",
    "write_constraint",
]

FORMAT = "matter"
LISTS = {"cluster": "clusters", "deviceType": "deviceTypes", "datatype": "datatypes"}
MAX_BASES = 8  # clusters derived from clusters: real ones derive once

_NUMBER = r"-?(?:0x[0-9A-Fa-f]{1,16}|[0-9]{1,20})"
_BETWEEN = re.compile(rf"({_NUMBER}) to ({_NUMBER})")
_ONE_SIDE = re.compile(rf"(min|max) ({_NUMBER})")


class Constraint(NamedTuple):
    """Both ends where they are numbers; ``text`` is what cannot be said so."""

    low: int | None = None
    high: int | None = None
    text: str | None = None


def elements_of(document: Any, findings: Findings | None) -> list[dict[str, Any]]:
    """The elements at the top of a document: one, a list, lists by kind, or those inside a whole ``matter`` element."""
    if isinstance(document, dict) and not isinstance(document.get("tag"), str):
        listed = [each for name in LISTS.values() for each in _listed(document.get(name))]
    elif isinstance(document, dict):
        listed = _listed(document.get("children")) if document["tag"] == "matter" else [document]
    else:
        listed = _listed(document)
    found: list[dict[str, Any]] = []
    for each in listed:
        if isinstance(each, dict) and isinstance(each.get("tag"), str) and isinstance(each.get("name"), str):
            found.append(each)
        elif findings is not None:
            findings.warn("", "odd_element", f"{show(each)} has no tag and name; it is left out")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def children(element: dict[str, Any], *tags: str) -> list[dict[str, Any]]:
    """The children with one of these tags, and with a name."""
    return [
        each
        for each in _listed(element.get("children"))
        if isinstance(each, dict) and each.get("tag") in tags and isinstance(each.get("name"), str)
    ]


class Elements:
    """The elements of one document by name."""

    def __init__(self, found: list[dict[str, Any]]) -> None:
        self.clusters = [each for each in found if each["tag"] == "cluster"]
        self.devices = [each for each in found if each["tag"] == "deviceType"]
        self.shared = [each for each in found if each["tag"] == "datatype"]
        self._by_name = {each["name"]: each for each in self.clusters}
        self._by_id = {each["id"]: each for each in self.clusters if type(each.get("id")) is int}
        self._types = {each["name"]: each for each in self.shared}

    def cluster(self, name: Any, id: Any = None) -> dict[str, Any] | None:
        """The cluster of that number or name."""
        found = self._by_id.get(id) if type(id) is int else None
        return found or (self._by_name.get(name) if isinstance(name, str) else None)

    def bases(self, cluster: dict[str, Any]) -> list[dict[str, Any]]:
        """The clusters that one derives from, the nearest first."""
        found: list[dict[str, Any]] = []
        while len(found) < MAX_BASES:
            base = self.cluster(cluster.get("type"))
            if base is None or base is cluster or any(base is each for each in found):
                break
            found.append(base)
            cluster = base
        return found

    def members(self, cluster: dict[str, Any], *tags: str) -> list[tuple[dict[str, Any], dict[str, Any], bool]]:
        """(element, as it counts, whether it is inherited) of a cluster and its bases.

        An element of the same name in a base fills in what is not said.
        """
        lineage = [cluster, *self.bases(cluster)]
        found: list[tuple[dict[str, Any], dict[str, Any], bool]] = []
        seen: set[tuple[Any, ...]] = set()
        for depth, each in enumerate(lineage):
            for element in children(each, *tags):
                mark = (element["tag"], element["name"], str(element.get("direction")))
                if mark in seen:
                    continue
                seen.add(mark)
                whole = element
                for base in lineage[depth + 1 :]:
                    for other in children(base, element["tag"]):
                        if other["name"] == element["name"]:
                            whole = {**other, **whole}
                found.append((element, whole, depth > 0))
        return found

    def declared(self, name: Any, cluster: dict[str, Any] | None) -> dict[str, Any] | None:
        """The data type of that name, in the cluster, its bases, or for all."""
        if not isinstance(name, str):
            return None
        for each in [cluster, *self.bases(cluster)] if cluster is not None else []:
            for declared in children(each, "datatype"):
                if declared["name"] == name:
                    return declared
        return self._types.get(name)


def read_constraint(text: Any) -> Constraint:
    """``1 to 254``, ``max 32``, ``min 1`` as numbers; ``all`` is none; the rest is kept as it is said."""
    if not isinstance(text, str) or text == "all":
        return Constraint()
    between = _BETWEEN.fullmatch(text)
    if between:
        low, high = int(between[1], 0), int(between[2], 0)
        return Constraint(low, high) if low <= high else Constraint(text=text)
    one = _ONE_SIDE.fullmatch(text)
    if one:
        number = int(one[2], 0)
        return Constraint(low=number) if one[1] == "min" else Constraint(high=number)
    return Constraint(text=text)


def write_constraint(low: Any, high: Any, text: str | None = None) -> str:
    """The wording of a range; the maker's, where there are no numbers."""
    if low is not None and high is not None:
        return f"{low} to {high}"
    if high is not None:
        return f"max {high}"
    if low is not None:
        return f"min {low}"
    return text or "all"
