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
from unisono.thing.soundness import Diagnostic

__all__ = ["is_data_model", "read_data_model"]

Node = ElementTree.Element
Made = dict[str, Any]

_ROOT = re.compile(rb"<(cluster|deviceType)[\s>/]")
#: Before the root stands the licence: some three thousand characters.
LOOKED_AT = 16_384
MAX_DEPTH = 12  # expressions in expressions: real ones are five deep
#: Names of clusters end so in the files of Matter 1.0 to 1.4.
_CLUSTER = re.compile(r" clusters?$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"-?0[xX][0-9A-Fa-f]{1,16}")
#: Defaults that are no value: left to the maker, or told in prose.
NO_DEFAULT = frozenset({"", "MS", "ms", "desc", "null", "NULL", "N/A", "-"})
FEATURE_MAP, CLUSTER_REVISION = 0xFFFC, 0xFFFD

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
    make = _clusters if root.tag == "cluster" else _device_type
    return make(root, told), told


# --- names, numbers, words ------------------------------------------------------------------------------------------


def _name(text: str) -> str:
    """``On/Off Light`` as ``OnOffLight``."""
    return "".join(word[:1].upper() + word[1:] for word in _WORD.findall(text))


def _title(text: str) -> str:
    return _CLUSTER.sub("", text.strip())


def _number(text: str | None) -> int | None:
    """``12`` and ``0x0C``; None for what is none."""
    if text is None:
        return None
    plain = text.strip()
    if _HEX.fullmatch(plain):
        return int(plain, 16)
    digits = plain.removeprefix("-")
    return int(plain) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None


def _default(text: str | None) -> Any:
    """The value that a default is; None where it says none."""
    if text is None or text.strip() in NO_DEFAULT:
        return None
    if text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    number = _number(text)
    return text if number is None else number


def _lower(name: str) -> str:
    """An attribute in an expression begins small: ``minLevel``."""
    return name[:1].lower() + name[1:]


def _all(node: Node, *path: str) -> Iterator[Node]:
    """The nodes at a path of tags, those without a name left out."""
    found = [node]
    for tag in path:
        found = [inner for each in found for inner in each if inner.tag == tag]
    return (each for each in found if each.get("name"))


def _is(node: Node | None, name: str) -> bool:
    return node is not None and node.get(name) == "true"


# --- what may be done with it, and what it is like ------------------------------------------------------------------


def _access(node: Node) -> str:
    """``RW VO``, ``R[W] VO``, ``O``, ``F A T``."""
    given = node.find("access")
    if given is None:
        return ""
    write = {"true": "W", "optional": "[W]"}.get(given.get("write", ""), "")
    rights = ("R" if _is(given, "read") else "") + write
    flags = [flag for flag, name in (("F", "fabricScoped"), ("S", "fabricSensitive")) if _is(given, name)]
    names = ("readPrivilege", "writePrivilege", "invokePrivilege")
    privileges = "".join(PRIVILEGES.get(given.get(name, "").lower(), "") for name in names)
    timed = ["T"] if _is(given, "timed") else []
    return " ".join(each for each in (rights, *flags, privileges, *timed) if each)


def _quality(node: Node) -> str:
    given = node.find("quality")
    if given is None:
        return ""
    kept = {"nonVolatile": "N", "fixed": "F"}.get(given.get("persistence", ""), "")
    flags = (("X", "nullable"), ("S", "scene"), ("C", "changeOmitted"), ("P", "reportable"), ("Q", "quieterReporting"))
    more = (("L", "largeMessage"), ("K", "diagnostics"), ("I", "singleton"), ("T", "atomicWrite"))
    found = [flag for flag, name in (*flags, *more) if _is(given, name)]
    return " ".join([*found[:1], kept, *found[1:]] if found[:1] == ["X"] else [kept, *found]).strip()


# --- conformance ----------------------------------------------------------------------------------------------------


def _conformance(node: Node) -> str:
    """``M``, ``[LT]``, ``O.a+``, ``AUT, O``; "" where nothing is said."""
    return ", ".join(said for said in (_conform(each) for each in node) if said)


def _conform(node: Node, depth: int = 0) -> str:
    make = _CONFORMS.get(node.tag if isinstance(node.tag, str) else "")
    return make(node, depth) if make is not None and depth < MAX_DEPTH else ""


def _when(node: Node, depth: int) -> str:
    """The expression inside; "" where there is none."""
    said = [_term(each, depth + 1) for each in node]
    return " & ".join(each for each in said if each)


def _mandatory(node: Node, depth: int) -> str:
    return _when(node, depth) or "M"


def _optional(node: Node, depth: int) -> str:
    when = _when(node, depth)
    said = f"[{when}]" if when else "O"
    choice = node.get("choice", "")
    return f"{said}.{choice}{'+' if _is(node, 'more') else ''}" if choice else said


def _one_of(node: Node, depth: int) -> str:
    return ", ".join(each for each in (_conform(inner, depth + 1) for inner in node) if each)


_CONFORMS: dict[str, Callable[[Node, int], str]] = {
    "mandatoryConform": _mandatory,
    "optionalConform": _optional,
    "otherwiseConform": _one_of,
    "disallowConform": lambda _node, _depth: "X",
    "deprecateConform": lambda _node, _depth: "D",
    "provisionalConform": lambda _node, _depth: "P",
    "describedConform": lambda _node, _depth: "desc",
    "genericConform": lambda _node, _depth: "desc",
}

_BETWEEN = {"andTerm": "&", "orTerm": "|", "xorTerm": "^", "equalTerm": "==", "notEqualTerm": "!=", "greaterTerm": ">",
            "greaterOrEqualTerm": ">=", "lessTerm": "<", "lessOrEqualTerm": "<="}  # fmt: skip


def _term(node: Node, depth: int) -> str:
    """A part of an expression."""
    tag = node.tag if isinstance(node.tag, str) else ""
    if depth >= MAX_DEPTH or tag.endswith("Conform"):
        return ""
    if tag == "notTerm":
        inner = _when(node, depth)
        return f"!({inner})" if " " in inner else f"!{inner}" if inner else ""
    if tag in _BETWEEN:
        parts = [_term(each, depth + 1) for each in node]
        return f" {_BETWEEN[tag]} ".join(f"({each})" if " " in each else each for each in parts if each)
    return node.get("name") or node.get("value") or ""


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
    number = _number(given)
    return str(number) if number is not None else _lower(given) if given[0].isalpha() else given


# --- members --------------------------------------------------------------------------------------------------------


def _put(made: Made, **more: Any) -> Made:
    """With what says something."""
    made.update({name: value for name, value in more.items() if value not in (None, "", [])})
    return made


def _common(node: Node, tag: str) -> Made:
    made: Made = {"tag": tag, "name": node.get("name", "")}
    number = _number(node.get("id") or node.get("code"))
    return _put(made, id=number, type=node.get("type"), access=_access(node), conformance=_conformance(node),
                constraint=_constraint(node), quality=_quality(node),
                default=_default(node.get("default")))  # fmt: skip


def _member(node: Node, tag: str) -> Made:
    """An attribute, a field, a number: with the choices, bits or entry that stand in it."""
    made = _common(node, tag)
    inside = [each for kind in ("enum", "bitmap") for inner in node.findall(kind) for each in _choices(inner)]
    entry = node.find("entry")
    if entry is not None:
        inside.append(_common(entry, "field") | {"name": "entry"})
    return _put(made, children=inside)


def _choices(node: Node) -> list[Made]:
    """The items of an enumeration, the bits of a bitmap."""
    found: list[Made] = []
    for each in node:
        name = each.get("name")
        if not name or each.tag not in ("item", "bitfield"):
            continue
        made: Made = {"tag": "field", "name": _name(name) or name}
        _put(made, title=each.get("summary"), conformance=_conformance(each))
        if each.tag == "item":
            found.append(_put(made, id=_number(each.get("value"))))
        else:
            found.append(_put(made, constraint=_bits(each)))
    return found


def _bits(node: Node) -> str:
    low, high = _number(node.get("from")), _number(node.get("to"))
    return f"{low} to {high}" if low is not None and high is not None else str(_number(node.get("bit")) or 0)


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
                fields = [_member(each, "field") for each in _all(node, "field")]
                yield _put({"tag": "datatype", "name": name, "type": "struct"}, children=fields)
            else:
                inside = _choices(node)
                yield _put({"tag": "datatype", "name": name, "type": f"{kind}{_width(inside)}"}, children=inside)


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
    fields = [_member(each, "field") for each in _all(node, "field")]
    return _put(made, direction=direction, response=response, children=fields)


def _event(node: Node) -> Made:
    fields = [_member(each, "field") for each in _all(node, "field")]
    return _put(_common(node, "event"), priority=node.get("priority"), children=fields)


# --- whole files ----------------------------------------------------------------------------------------------------


def _clusters(root: Node, told: list[Diagnostic]) -> list[Made]:
    """The cluster of a file; several where it has several numbers."""
    revision = _number(root.get("revision"))
    features = [
        _put({"tag": "field", "name": each.get("code") or each.get("name")}, title=each.get("name"),
             conformance=_conformance(each), constraint=_bits(each))
        for each in _all(root, "features", "feature")
    ]  # fmt: skip
    children: list[Made] = [
        _put({"tag": "attribute", "name": "ClusterRevision", "id": CLUSTER_REVISION, "type": "ClusterRevision"},
             default=revision),
        _put({"tag": "attribute", "name": "FeatureMap", "id": FEATURE_MAP, "type": "FeatureMap"}, children=features),
    ]  # fmt: skip
    children += [_member(each, "attribute") for each in _all(root, "attributes", "attribute")]
    children += [_command(each) for each in _all(root, "commands", "command")]
    children += [_event(each) for each in _all(root, "events", "event")]
    children += list(_data_types(root))
    about = root.find("classification")
    base = about.get("baseCluster") if about is not None else None
    role = about.get("role") if about is not None else None
    numbers = [(each.get("name", ""), _number(each.get("id"))) for each in _all(root, "clusterIds", "clusterId")]
    if not any(number is not None for _name, number in numbers):
        numbers = [(numbers[0][0] if numbers else root.get("name", ""), _number(root.get("id")))]
    found: list[Made] = []
    for title, number in numbers:
        name = _name(_title(title))
        if not name:
            told.append(Diagnostic("warning", "", "no_name", "a cluster without a name is left out"))
            continue
        made = _put({"tag": "cluster", "name": name}, id=number, title=_title(title), revision=revision,
                    classification=role, type=_name(_title(base)) if base else None)  # fmt: skip
        found.append(_put(made, children=children))
    return found


def _device_type(root: Node, told: list[Diagnostic]) -> list[Made]:
    title = root.get("name", "")
    name = _name(title)
    if not name:
        told.append(Diagnostic("warning", "", "no_name", "a device type without a name is left out"))
        return []
    about = root.find("classification")
    base = about.get("superset") if about is not None else None
    made = _put({"tag": "deviceType", "name": name, "title": title}, id=_number(root.get("id")),
                revision=_number(root.get("revision")), type=_name(base) if base else None,
                classification=about.get("class") if about is not None else None)  # fmt: skip
    required = [_requirement(each) for each in _all(root, "clusters", "cluster") if each.get("side") != "client"]
    return [_put(made, children=required)]


def _requirement(node: Node) -> Made:
    made = _common(node, "requirement") | {"name": _name(_title(node.get("name", "")))}
    members = (("attributes", "attribute"), ("commands", "command"), ("events", "event"))
    inside = [_common(each, "requirement") for kind, tag in members for each in _all(node, kind, tag)]
    for each in node.findall("features/feature"):
        named = each.get("code") or each.get("name")
        if named:
            inside.append({"tag": "requirement", "name": named, "conformance": _conformance(each) or "M"})
    return _put(made, children=inside)
