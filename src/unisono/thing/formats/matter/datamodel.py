"""Matter's data model as its SDK has it: a file of XML for each cluster and device type.

Knows that XML, of Matter 1.0 to the present, and turns it into the elements that matter.js has, which `read` knows:
expressions of conformance, access and quality as the specification writes them. Knows nothing of our model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

from unisono.thing.formats.document import MAX_BYTES
from unisono.thing.formats.matter.words import (
    Made,
    Node,
    all_named,
    conformance,
    default_of,
    is_true,
    lower,
    name_of,
    number_of,
    of_every_cluster,
    put,
    title_of,
)
from unisono.thing.formats.matter.zap import read_zap
from unisono.thing.soundness import Diagnostic

__all__ = ["is_data_model", "read_data_model"]

_ROOT = re.compile(rb"<(cluster|deviceType|configurator)[\s>/]")
#: Before the root stands the licence: some three thousand characters.
LOOKED_AT = 16_384

PRIVILEGES = {"view": "V", "proxyview": "P", "operate": "O", "manage": "M", "administer": "A", "admin": "A"}
DIRECTIONS = {"commandToServer": "request", "commandToClient": "request", "responseFromServer": "response"}
_KINDS = {"enum": "enum", "bitmap": "map", "struct": "struct"}


def is_data_model(data: bytes) -> bool:
    """Whether a text looks like one; cheap."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _ROOT.search(data[:LOOKED_AT]) is not None


def read_data_model(data: bytes) -> tuple[Any, list[Diagnostic]]:
    """The elements in a file; None where it cannot be read, and why."""
    fault = ""
    if len(data) > MAX_BYTES:
        return None, [Diagnostic("error", "", "too_large", f"{len(data)} bytes; we read at most {MAX_BYTES}")]
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        fault = "it declares a document type, which nothing of Matter's does"
    else:
        try:
            root = ElementTree.fromstring(data)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            fault = f"it is not XML: {error}"
    if fault:
        return None, [Diagnostic("error", "", "bad_xml", fault)]
    told = [Diagnostic("info", "", "api_form", "it is in the form of the SDK; it is exported as matter.js has it")]
    return _READ.get(str(root.tag), _device_type)(root, told), told


# --- what may be done with it, and what it is like ------------------------------------------------------------------


def _access(node: Node) -> str:
    """``RW VO``, ``R[W] VO``, ``O``, ``F A T``."""
    given = node.find("access")
    if given is None:
        return ""
    write = {"true": "W", "optional": "[W]"}.get(given.get("write", ""), "")
    rights = ("R" if is_true(given, "read") else "") + write
    flags = [flag for flag, name in (("F", "fabricScoped"), ("S", "fabricSensitive")) if is_true(given, name)]
    names = ("readPrivilege", "writePrivilege", "invokePrivilege")
    privileges = "".join(PRIVILEGES.get(given.get(name, "").lower(), "") for name in names)
    timed = ["T"] if is_true(given, "timed") else []
    return " ".join(each for each in (rights, *flags, privileges, *timed) if each)


def _quality(node: Node) -> str:
    given = node.find("quality")
    if given is None:
        return ""
    kept = {"nonVolatile": "N", "fixed": "F"}.get(given.get("persistence", ""), "")
    flags = (("X", "nullable"), ("S", "scene"), ("C", "changeOmitted"), ("P", "reportable"), ("Q", "quieterReporting"))
    more = (("L", "largeMessage"), ("K", "diagnostics"), ("I", "singleton"), ("T", "atomicWrite"))
    found = [flag for flag, name in (*flags, *more) if is_true(given, name)]
    return " ".join([*found[:1], kept, *found[1:]] if found[:1] == ["X"] else [kept, *found]).strip()


# --- constraints ----------------------------------------------------------------------------------------------------


def _constraint(node: Node) -> str:
    """``1 to 254``, ``max 32``, ``minLevel to maxLevel``, ``desc``, ``all``."""
    given = node.find("constraint")
    if given is None:
        return "all"
    if given.get("type"):  # as files of 1.2 to 1.4 have it
        return _limit(given.get("type", ""), given) or "desc"
    said = [each for each in (_limit(str(inner.tag), inner) for inner in given) if each]
    return ", ".join(said) or "desc"


def _limit(kind: str, node: Node) -> str:
    if kind.lower().endswith("between"):  # also of lengths and counts
        low, high = _bound(node, "from"), _bound(node, "to")
        return f"{low} to {high}" if low and high else ""
    value = _value(node, "value")
    if not value:
        return ""
    if kind.startswith(("min", "max")):
        return f"{kind[:3]} {value}"
    return value if kind == "allowed" else ""


def _bound(node: Node, end: str) -> str:
    inner = node.find(end)
    return _value(inner, "value") if inner is not None else _value(node, end)


def _value(node: Node, name: str) -> str:
    """A number, or the attribute that it is the value of."""
    given = node.get(name)
    if given is None:
        attribute = node.find("attribute")
        given = attribute.get("name") if attribute is not None else None
    if not given:
        return ""
    number = number_of(given)
    return str(number) if number is not None else lower(given) if given[0].isalpha() else given


# --- members --------------------------------------------------------------------------------------------------------


def _common(node: Node, tag: str) -> Made:
    made: Made = {"tag": tag, "name": node.get("name", "")}
    number = number_of(node.get("id") or node.get("code"))
    return put(made, id=number, type=node.get("type"), access=_access(node), conformance=conformance(node),
                constraint=_constraint(node), quality=_quality(node),
                default=default_of(node.get("default")))  # fmt: skip


def _member(node: Node, tag: str) -> Made:
    """An attribute, a field, a number: with the choices, bits or entry that stand in it."""
    made = _common(node, tag)
    inside = [each for kind in ("enum", "bitmap") for inner in node.findall(kind) for each in _choices(inner)]
    entry = node.find("entry")
    if entry is not None:
        inside.append(_common(entry, "field") | {"name": "entry"})
    return put(made, children=inside)


def _choices(node: Node) -> list[Made]:
    """The items of an enumeration, the bits of a bitmap."""
    found: list[Made] = []
    for each in node:
        name = each.get("name")
        if not name or each.tag not in ("item", "bitfield"):
            continue
        made: Made = {"tag": "field", "name": name_of(name) or name}
        put(made, title=each.get("summary"), conformance=conformance(each))
        if each.tag == "item":
            found.append(put(made, id=number_of(each.get("value"))))
        else:
            found.append(put(made, constraint=_bits(each)))
    return found


def _bits(node: Node) -> str:
    low, high = number_of(node.get("from")), number_of(node.get("to"))
    return f"{low} to {high}" if low is not None and high is not None else str(number_of(node.get("bit")) or 0)


def _data_types(root: Node) -> Iterator[Made]:
    for section in root.findall("dataTypes"):
        for node in section:
            name = node.get("name")
            if not name:
                continue
            kind = _KINDS.get(str(node.tag))
            if kind is None:
                yield _member(node, "datatype")
            elif kind == "struct":
                fields = [_member(each, "field") for each in all_named(node, "field")]
                yield put({"tag": "datatype", "name": name, "type": "struct"}, children=fields)
            else:
                inside = _choices(node)
                yield put({"tag": "datatype", "name": name, "type": f"{kind}{_width(inside)}"}, children=inside)


def _width(inside: list[Made]) -> int:
    """The bits that all choices need: 8, 16, 32 or 64."""
    places = [int(each["constraint"].rpartition(" ")[2]) + 1 for each in inside if "constraint" in each]
    values = [int(each["id"]).bit_length() for each in inside if "id" in each]
    needed = max([*places, *values], default=0)
    return next((width for width in (8, 16, 32) if needed <= width), 64)


def _command(node: Node) -> Made:
    made = _common(node, "command")
    direction = DIRECTIONS.get(node.get("direction", ""), "request")
    answer = node.get("response", "")
    response = {"Y": "status", "N": None, "": None}.get(answer, answer) if direction == "request" else None
    fields = [_member(each, "field") for each in all_named(node, "field")]
    return put(made, direction=direction, response=response, children=fields)


def _event(node: Node) -> Made:
    fields = [_member(each, "field") for each in all_named(node, "field")]
    return put(_common(node, "event"), priority=node.get("priority"), children=fields)


# --- whole files ----------------------------------------------------------------------------------------------------


def _clusters(root: Node, told: list[Diagnostic]) -> list[Made]:
    """The cluster of a file; several where it has several numbers."""
    revision = number_of(root.get("revision"))
    features = [
        put({"tag": "field", "name": each.get("code") or each.get("name")}, title=each.get("name"),
             conformance=conformance(each), constraint=_bits(each))
        for each in all_named(root, "features", "feature")
    ]  # fmt: skip
    children = of_every_cluster(revision, features)
    children += [_member(each, "attribute") for each in all_named(root, "attributes", "attribute")]
    children += [_command(each) for each in all_named(root, "commands", "command")]
    children += [_event(each) for each in all_named(root, "events", "event")]
    children += list(_data_types(root))
    about = root.find("classification")
    base = about.get("baseCluster") if about is not None else None
    role = about.get("role") if about is not None else None
    numbers = [(each.get("name", ""), number_of(each.get("id"))) for each in all_named(root, "clusterIds", "clusterId")]
    if not any(number is not None for _name, number in numbers):
        numbers = [(numbers[0][0] if numbers else root.get("name", ""), number_of(root.get("id")))]
    found: list[Made] = []
    for title, number in numbers:
        name = name_of(title_of(title))
        if not name:
            told.append(Diagnostic("warning", "", "no_name", "a cluster without a name is left out"))
            continue
        made = put({"tag": "cluster", "name": name}, id=number, title=title_of(title), revision=revision,
                    classification=role, type=name_of(title_of(base)) if base else None)  # fmt: skip
        found.append(put(made, children=children))
    return found


def _device_type(root: Node, told: list[Diagnostic]) -> list[Made]:
    title = root.get("name", "")
    name = name_of(title)
    if not name:
        told.append(Diagnostic("warning", "", "no_name", "a device type without a name is left out"))
        return []
    about = root.find("classification")
    base = about.get("superset") if about is not None else None
    made = put({"tag": "deviceType", "name": name, "title": title}, id=number_of(root.get("id")),
                revision=number_of(root.get("revision")), type=name_of(base) if base else None,
                classification=about.get("class") if about is not None else None)  # fmt: skip
    required = [_requirement(each) for each in all_named(root, "clusters", "cluster") if each.get("side") != "client"]
    return [put(made, children=required)]


def _requirement(node: Node) -> Made:
    made = _common(node, "requirement") | {"name": name_of(title_of(node.get("name", "")))}
    members = (("attributes", "attribute"), ("commands", "command"), ("events", "event"))
    inside = [_common(each, "requirement") for kind, tag in members for each in all_named(node, kind, tag)]
    for each in node.findall("features/feature"):
        named = each.get("code") or each.get("name")
        if named:
            inside.append({"tag": "requirement", "name": named, "conformance": conformance(each) or "M"})
    return put(made, children=inside)


_READ: dict[str, Callable[[Node, list[Diagnostic]], list[Made]]] = {"cluster": _clusters, "configurator": read_zap}
