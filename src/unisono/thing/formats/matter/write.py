"""Models as Matter's elements.

Knows the basic types, and how constraint, quality and access are worded. Must not know how an element is read.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.matter.elements import FORMAT, LISTS, write_constraint
from unisono.thing.formats.naming import pick_text
from unisono.thing.formats.residue import restore
from unisono.thing.model import Action, Event, Model, Property, Service
from unisono.thing.schema import Schema

__all__ = [
    "BASIC",
    "DERIVED",
    "QUALITIES",
    "write_cluster",
    "write_device_head",
    "write_element",
    "write_file",
    "write_member",
    "write_requirement",
]

EXT = FORMAT
DEVICE_TYPE = "matter:device:"
CLUSTER_TYPE = "matter:cluster:"
VENDOR_PREFIX = 0xFFF1FC00  # clusters of one's own: the test vendor's range

# Type: kind, bits, signed.
BASIC: dict[str, tuple[Any, int | None, bool | None]] = {
    "bool": ("bool", None, None),
    **{f"uint{bits}": ("int", bits, False) for bits in (8, 16, 24, 32, 40, 48, 56, 64)},
    **{f"int{bits}": ("int", bits, True) for bits in (8, 16, 24, 32, 40, 48, 56, 64)},
    "enum8": ("enum", 8, False),
    "enum16": ("enum", 16, False),
    **{f"map{bits}": ("bitmap", bits, None) for bits in (8, 16, 32, 64)},
    "single": ("float", None, None),
    "double": ("float", None, None),
    "string": ("string", None, None),
    "octstr": ("bytes", None, None),
    "list": ("array", None, None),
    "struct": ("object", None, None),
    "any": ("any", None, None),
    "ClusterRevision": ("int", 16, False),
    "FeatureMap": ("bitmap", 32, None),
}

# The derived types of the specification (7.19.2), for documents that come without them.
DERIVED = {
    **dict.fromkeys(("percent", "tag", "action-id", "fabric-idx", "priority", "status", "namespace"), "uint8"),
    **dict.fromkeys(("percent100ths", "group-id", "endpoint-no", "vendor-id", "entry-idx"), "uint16"),
    **dict.fromkeys(
        ("epoch-s", "elapsed-s", "devtype-id", "cluster-id", "attrib-id", "command-id", "event-id"), "uint32"
    ),
    **dict.fromkeys(("epoch-us", "posix-ms", "systime-us", "systime-ms", "fabric-id", "node-id", "event-no"), "uint64"),
    **dict.fromkeys(
        ("power-mW", "power-mVA", "power-mVAR", "amperage-mA", "voltage-mV", "energy-mWh", "money"), "int64"
    ),
    **dict.fromkeys(("ipadr", "ipv4adr", "ipv6adr", "ipv6pre", "hwadr"), "octstr"),
    "temperature": "int16",
    "subject-id": "uint64",
}

QUALITIES = {
    "X": "nullable",
    "N": "nonvolatile",
    "F": "fixed",
    "S": "scene",
    "P": "reportable",
    "C": "changes_omitted",
    "L": "large",
    "Q": "quieter",
    "T": "atomic",
    "K": "diagnostics",
    "I": "singleton",
}
_LETTERS = {word: letter for letter, word in QUALITIES.items()}


def write_element(model: Model) -> dict[str, Any]:
    """The element of a model: a device type, or a cluster."""
    kept = model.ext.get(EXT)
    kept = kept if isinstance(kept, dict) else {}
    if "device" not in kept and len(model.services) == 1:
        return restore(write_cluster(model), kept)
    made = restore(write_device_head(model), kept)
    listed = _requirements(model, kept.get("device", ()))
    return made if listed is None else {**made, "children": listed}


def write_file(models: list[Model]) -> dict[str, Any]:
    """Several models as the lists of a file, with the data types that came with them."""
    found: dict[str, Any] = {name: [] for name in LISTS.values()}
    for model in models:
        made = write_element(model)
        found[LISTS[made["tag"]]].append(made)
        kept = model.ext.get(EXT)
        if isinstance(kept, dict) and isinstance(kept.get("shared"), list):
            found["datatypes"] = kept["shared"]
    return found


def _head(tag: str, model: Model, prefix: str) -> dict[str, Any]:
    made: dict[str, Any] = {"tag": tag, "name": model.product or _name(model.id)}
    number = next((each.removeprefix(prefix) for each in model.types if each.startswith(prefix)), None)
    if number is not None:
        made["id"] = _int(number)
    elif not model.abstract:
        made["id"] = VENDOR_PREFIX
    title = pick_text(model.titles, "en")
    if title is not None:
        made["title"] = title
    return made


def _int(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return VENDOR_PREFIX


def _name(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in text.replace("-", "_").replace(".", "_").split("_"))


def write_cluster(model: Model) -> dict[str, Any]:
    """A cluster, without what it inherits."""
    service = model.services[0] if model.services else Service()
    made = _head("cluster", model, CLUSTER_TYPE)
    if service.revision is not None or model.source is None or model.source.format != FORMAT:
        made["revision"] = service.revision if service.revision is not None else 1
    members = _members(service)
    if members:
        made["children"] = members
    return made


def _members(service: Service) -> list[dict[str, Any]]:
    attributes = [each for each in service.properties if each.type != "datatype"]
    types = [each for each in service.properties if each.type == "datatype"]
    listed: list[Property | Action | Event] = [*attributes, *service.events, *service.actions, *types]
    return [
        restore(write_member(each, number), each.ext.get(EXT))
        for number, each in enumerate(listed)
        if not _inherited(each)
    ]


def _inherited(member: Property | Action | Event) -> bool:
    kept = member.ext.get(EXT)
    return isinstance(kept, dict) and kept.get("inherited") is True


def write_device_head(model: Model) -> dict[str, Any]:
    """A device type without its requirements."""
    return {**_head("deviceType", model, DEVICE_TYPE), "revision": 1}


def _requirements(model: Model, order: Any) -> list[Any] | None:
    """The clusters that it must have, among what else it says; new ones at the end."""
    services = {each.key: restore(write_requirement(each), each.ext.get(EXT)) for each in model.services}
    if order is None and not services:
        return None
    found: list[Any] = []
    for each in order if isinstance(order, list) else ():
        key = each.get("service") if isinstance(each, dict) and "tag" not in each else None
        if not isinstance(key, str):
            found.append(each)
        elif key in services:
            found.append(services.pop(key))
    return [*found, *services.values()]


def write_requirement(service: Service) -> dict[str, Any]:
    """The requirement of a cluster."""
    made: dict[str, Any] = {"tag": "requirement", "name": service.type or _name(service.key or "Main")}
    number = (service.ref or "").removeprefix("matter:")
    if number.startswith("0x"):
        made["id"] = _int(number)
    return {**made, "conformance": "M", "constraint": "all"}


def write_member(member: Property | Action | Event, at: int = 0) -> dict[str, Any]:
    """An attribute, data type, command or event as a model says it."""
    if isinstance(member, Property):
        return _datatype(member) if member.type == "datatype" else _attribute(member, at)
    return _command(member, at) if isinstance(member, Action) else _event(member, at)


def _named(tag: str, member: Property | Action | Event, at: int) -> dict[str, Any]:
    made: dict[str, Any] = {"tag": tag, "name": member.key if member.ref is not None else _name(member.key)}
    last = (member.ref or "").rpartition("/")[2]
    if last.startswith("0x"):
        made["id"] = _int(last)
    elif member.ref is None:
        made["id"] = at
    title = pick_text(member.titles, "en")
    if title is not None:
        made["title"] = title
    return made


def _attribute(property: Property, at: int) -> dict[str, Any]:
    made = {**_named("attribute", property, at), **_typed(property.schema, property)}
    made["access"] = "RW VO" if property.writable else "R V"
    conformance = property.conformance or ("M" if property.ref is None and property.mandatory else None)
    if conformance is not None:
        made["conformance"] = conformance
    letters = [_LETTERS[each] for each in property.quality if each in _LETTERS]
    if property.ref is None and property.schema.nullable:
        letters.append("X")
    if letters:
        made["quality"] = " ".join(letters)
    if property.default is not UNSET:
        made["default"] = property.default
    return made


def _datatype(property: Property) -> dict[str, Any]:
    made = {**_named("datatype", property, 0), **_typed(property.schema, None)}
    fields = _fields(property.schema)
    return {**made, "children": fields} if fields else made


def _command(action: Action, at: int) -> dict[str, Any]:
    made = _named("command", action, at)
    if action.conformance is not None:
        made["conformance"] = action.conformance
    made["constraint"] = "all"
    made["direction"] = "response" if action.hidden else "request"
    if not action.hidden:
        made["response"] = action.response_ref or "status"
    return _with_fields(made, action.inputs)


def _event(event: Event, at: int) -> dict[str, Any]:
    made = {**_named("event", event, at), "access": "V"}
    if event.conformance is not None:
        made["conformance"] = event.conformance
    made |= {"constraint": "all", "priority": "critical" if event.severity in ("critical", "error") else "info"}
    return _with_fields(made, event.args)


def _place(ref: str | None, at: int) -> int:
    """The number of a field: the maker's, else its place."""
    return int(ref) if ref is not None and ref.isdecimal() else at


def _with_fields(made: dict[str, Any], args: Any) -> dict[str, Any]:
    if not args:
        return made
    fields = []
    for at, each in enumerate(args):
        field = {"tag": "field", "name": each.key, "id": _place(each.ref, at)}
        field |= {**_typed(each.schema or Schema(kind="any"), None), "conformance": "O" if each.optional else "M"}
        fields.append(field)
    return {**made, "children": fields}


# --- types ------------------------------------------------------------------------------------------------------------


def _typed(schema: Schema, property: Property | None) -> dict[str, Any]:
    """Type, constraint, and the fields of a type that stands nowhere else."""
    made: dict[str, Any] = {}
    named = schema.format if schema.format is not None and _has_type(schema, property) else _basic(schema)
    made["type"] = named
    low, high = wire_bounds(schema, property.codec if property is not None else ())
    if schema.kind in ("string", "bytes"):
        low, high = schema.len_min, schema.len_max
    elif schema.kind == "array":
        low, high = schema.count_min, schema.count_max
    made["constraint"] = write_constraint(_whole(low), _whole(high), schema.constraint)
    if named == "list" and schema.items is not None:
        made["children"] = [{"tag": "field", "name": "entry", **_typed(schema.items, None)}]
    elif property is not None and named in BASIC:
        fields = _fields(schema, property)
        if fields:
            made["children"] = fields
    return made


def _has_type(schema: Schema, property: Property | None) -> bool:
    """``color`` and ``binary`` are hints of others; a type of Matter stands in what was read from Matter."""
    return property is None or property.ref is not None


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _basic(schema: Schema) -> str:
    if schema.kind in ("int", "bitmap"):
        for bits in (8, 16, 32):
            if schema.kind == "bitmap" and (schema.bits or 32) <= bits:
                return f"map{bits}"
            if schema.kind == "int" and schema.min is not None and schema.min >= 0 and (schema.max or 2**31) < 2**bits:
                return f"uint{bits}"
        return "map64" if schema.kind == "bitmap" else "int64"
    plain = {"bool": "bool", "float": "single", "duration": "single", "decimal": "double", "bytes": "octstr"}
    whole = {"enum": "enum8", "object": "struct", "array": "list", "any": "any"}
    return plain.get(schema.kind) or whole.get(schema.kind, "string")


def _fields(schema: Schema, property: Property | None = None) -> list[dict[str, Any]]:
    if schema.kind == "object":
        return [
            {
                "tag": "field",
                "name": each.key,
                "id": _place(each.ref, at),
                **_typed(each.schema, None),
                "conformance": "O" if each.optional else "M",
            }
            for at, each in enumerate(schema.fields)
        ]
    found: list[dict[str, Any]] = []
    for at, choice in enumerate(schema.choices):
        title = pick_text(choice.titles, "en")
        words: dict[str, Any] = {"tag": "field", "name": choice.key or _name(str(choice.value))}
        if schema.kind == "bitmap":
            words["constraint"] = str(choice.value)
        elif schema.kind == "enum":
            wire = wire_value(property.codec, choice.value) if property is not None else choice.value
            words |= {"id": wire if type(wire) is int else at, "conformance": "M", "constraint": "all"}
        else:
            continue
        found.append(words if title is None else {**words, "title": title})
    return found
