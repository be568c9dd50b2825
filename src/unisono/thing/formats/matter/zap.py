"""Matter's clusters and device types as ZAP templates of its SDK have them: ``<configurator>`` with many in a file.

Knows that XML, which names types as Zigbee did and writes conformance only since 2024. Turns it into the elements that
matter.js has. Source: the templates' schema and the files of the SDK.
"""

from __future__ import annotations

from collections.abc import Iterator

from unisono.thing.formats.matter.words import (
    CLUSTER_REVISION,
    FEATURE_MAP,
    Made,
    Node,
    all_named,
    conformance,
    default_of,
    is_true,
    name_of,
    number_of,
    of_every_cluster,
    put,
    title_of,
)
from unisono.thing.soundness import Diagnostic

__all__ = ["read_zap"]

#: Types by Zigbee's names; any other is Matter's with "_" for "-" (``epoch_s``), or declared in the file.
TYPES = {
    "boolean": "bool",
    "char_string": "string",
    "long_char_string": "string",
    "octet_string": "octstr",
    "long_octet_string": "octstr",
    "array": "list",
    "power_mw": "power-mW",
    "energy_mwh": "energy-mWh",
    "voltage_mv": "voltage-mV",
    "amperage_ma": "amperage-mA",
    "utc": "epoch-s",
    **{f"int{bits}u": f"uint{bits}" for bits in (8, 16, 24, 32, 40, 48, 56, 64)},
    **{f"int{bits}s": f"int{bits}" for bits in (8, 16, 24, 32, 40, 48, 56, 64)},
    **{f"bitmap{bits}": f"map{bits}" for bits in (8, 16, 32, 64)},
}


def read_zap(root: Node, told: list[Diagnostic]) -> list[Made]:
    """The elements of a file: data types that belong to no cluster, clusters, device types."""
    declared: dict[int | None, list[Made]] = {}
    for node in root:
        made = _data_type(node)
        if made is not None:
            numbers = [number_of(each.get("code")) for each in node.findall("cluster")]
            for number in numbers or [None]:
                declared.setdefault(number, []).append(made)
    found = list(declared.get(None, ()))
    for node in root.findall("cluster"):
        name = name_of(title_of(_text(node, "name")))
        if name:
            found.append(_cluster(node, name, declared))
        else:
            told.append(Diagnostic("warning", "", "no_name", "a cluster without a name is left out"))
    return found + [made for node in root.findall("deviceType") for made in _device_type(node, told)]


def _text(node: Node, tag: str) -> str:
    """What stands in a child."""
    return (node.findtext(tag) or "").strip()


def _type(name: str | None) -> str | None:
    if not name:
        return None
    known = TYPES.get(name.lower())
    if known is not None:
        return known
    return name.replace("_", "-") if name.islower() else name


def _typed(node: Node) -> Made:
    """The type of a member; of a list, what is in it."""
    if node.get("type", "").lower() == "array" or is_true(node, "array"):
        entry = node.get("entryType") or (node.get("type") if is_true(node, "array") else None)
        inside = [put({"tag": "field", "name": "entry"}, type=_type(entry))]
        return {"type": "list", "children": inside}
    return put({}, type=_type(node.get("type")))


def _conforms(node: Node) -> str:
    """In old files only what is optional says so."""
    return conformance(node) or ("O" if is_true(node, "optional") else "M")


def _constraint(node: Node) -> str:
    low, high = (_limit(node, *names) for names in (("min", "minLength"), ("max", "length", "maxLength")))
    if low and high:
        return f"{low} to {high}"
    return f"min {low}" if low else f"max {high}" if high else "all"


def _limit(node: Node, *names: str) -> str:
    found = next((number for name in names if (number := number_of(node.get(name))) is not None), None)
    return "" if found is None else str(found)


def _member(node: Node, tag: str, *, name: str, number: str | None, access: str = "") -> Made:
    made = put({"tag": tag, "name": name}, id=number_of(number))
    quality = "X" if is_true(node, "isNullable") else ""
    default = default_of(node.get("default"))
    more = put({}, access=access, conformance=_conforms(node), constraint=_constraint(node))
    put(more, quality=quality, default=default)
    return {**made, **_typed(node), **more}


def _attribute(node: Node) -> Made | None:
    name = node.get("name") or (node.text or "").strip() or _text(node, "description")
    number = number_of(node.get("code"))
    if not name or number is None or number in (CLUSTER_REVISION, FEATURE_MAP) or node.get("side") == "client":
        return None
    roles = {each.get("op"): each.get("privilege") or each.get("role") for each in node.findall("access")}
    letters = {"manage": "M", "administer": "A", "operate": "O", "view": "V"}
    read, write = (letters.get(roles.get(op) or "", otherwise) for op, otherwise in (("read", "V"), ("write", "O")))
    access = f"RW {read}{write}" if is_true(node, "writable") else f"R {read}"
    return _member(node, "attribute", name=name, number=node.get("code"), access=access)


def _fields(node: Node, tag: str) -> list[Made]:
    """Arguments, fields and items in their order: old files number none of them."""
    found = []
    for place, each in enumerate(all_named(node, tag)):
        number = each.get("id") or each.get("fieldId") or each.get("fieldIdentifier") or str(place)
        found.append(_member(each, "field", name=each.get("name", ""), number=number))
    return found


def _data_type(node: Node) -> Made | None:
    name = node.get("name")
    if not name or node.tag not in ("enum", "bitmap", "struct"):
        return None
    made: Made = {"tag": "datatype", "name": name}
    if node.tag == "struct":
        return put({**made, "type": "struct"}, children=_fields(node, "item"))
    made["type"] = _type(node.get("type")) or ("enum8" if node.tag == "enum" else "map8")
    inside: list[Made] = []
    for each in all_named(node, "item" if node.tag == "enum" else "field"):
        choice: Made = {"tag": "field", "name": name_of(each.get("name", "")) or each.get("name", "")}
        if node.tag == "enum":
            inside.append(put(choice, id=number_of(each.get("value"))))
        else:
            inside.append(put(choice, constraint=_bits(number_of(each.get("mask")))))
    return put(made, children=inside)


def _bits(mask: int | None) -> str:
    """``0x06`` is bits 1 to 2."""
    if not mask or mask < 0:
        return ""
    low, high = (mask & -mask).bit_length() - 1, mask.bit_length() - 1
    return str(low) if low == high else f"{low} to {high}"


def _cluster(node: Node, name: str, declared: dict[int | None, list[Made]]) -> Made:
    number = number_of(_text(node, "code"))
    revision = next(
        (number_of(each.get("value")) for each in node.findall("globalAttribute") if _is_revision(each)), None
    )
    features = [
        put({"tag": "field", "name": each.get("code") or each.get("name")}, title=each.get("name"),
            conformance=conformance(each), constraint=each.get("bit"))
        for each in node.findall("features/feature")
        if each.get("code") or each.get("name")
    ]  # fmt: skip
    children = of_every_cluster(revision, features)
    children += [made for each in node.findall("attribute") if (made := _attribute(each)) is not None]
    children += _commands(node)
    for each in all_named(node, "event"):
        event = put({"tag": "event", "name": each.get("name")}, id=number_of(each.get("code")))
        put(event, priority=each.get("priority"), conformance=_conforms(each), children=_fields(each, "field"))
        children.append(event)
    children += declared.get(number, ()) if number is not None else ()
    made = put({"tag": "cluster", "name": name}, id=number, title=title_of(_text(node, "name")), revision=revision)
    return put(made, children=children)


def _is_revision(node: Node) -> bool:
    return number_of(node.get("code")) == CLUSTER_REVISION


def _commands(node: Node) -> Iterator[Made]:
    answers = {each.get("name") for each in all_named(node, "command") if each.get("source") == "server"}
    for each in all_named(node, "command"):
        asked = each.get("source") != "server"
        given = each.get("response")
        answer = (given if given in answers else "status") if asked else None
        made = put({"tag": "command", "name": each.get("name")}, id=number_of(each.get("code")))
        put(made, conformance=_conforms(each))
        yield put(made, direction="request" if asked else "response", response=answer, children=_fields(each, "arg"))


def _device_type(node: Node, told: list[Diagnostic]) -> Iterator[Made]:
    title = _text(node, "typeName").removeprefix("Matter ")
    name = name_of(title)
    if not name:
        told.append(Diagnostic("warning", "", "no_name", "a device type without a name is left out"))
        return
    required = [
        {"tag": "requirement", "name": name_of(title_of(each.get("cluster", ""))), "conformance": "M"}
        for each in node.findall("clusters/include")
        if each.get("cluster") and (is_true(each, "server") and each.get("serverLocked") != "false")
    ]
    made = put({"tag": "deviceType", "name": name, "title": title}, id=number_of(_text(node, "deviceId")))
    yield put(made, children=required)
