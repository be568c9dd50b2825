"""A VSS tree as a model: branches are services, signals are properties.

Knows datatypes and kinds of signal; instances that are not written out are made. A ``ref`` is ``vss:`` and the path.
Must not know how a tree is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from unisono.errors import UnisonoError
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait
from unisono.thing.formats.naming import NUMBER_TYPES, Names, fold, make_id, make_key, spaced, texts
from unisono.thing.formats.residue import difference, keep
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.formats.vss.tree import instances_of, is_node, trees_of
from unisono.thing.formats.vss.write import EXT, FORMAT, write_branch, write_signal, write_tree
from unisono.thing.model import Access, Model, Module, Property, Role, Service, Source
from unisono.thing.schema import Choice, Field, Schema, show
from unisono.thing.units import find_unit
from unisono.thing.value import check_value, repeated

__all__ = ["FORMAT", "read_tree"]

MAX_DEPTH = 30  # branches in branches: real ones are eight deep
MAX_PARTS = 10  # of a service's key (unisono.thing.soundness)

_RIGHTS: dict[str, tuple[tuple[Access, ...], Role]] = {
    "sensor": (("read", "notify"), "sensor"),
    "actuator": (("read", "write", "notify"), "actuator"),
    "attribute": (("read",), "attribute"),
}


def read_tree(
    name: str,
    root: dict[str, Any],
    findings: Findings,
    names: Names,
    *,
    flat: frozenset[str] | None = None,
    structs: dict[str, Any] | None = None,
    units: Mapping[str, str] = MappingProxyType({}),
) -> Model:
    """The model of one root. ``flat``: branches that a flat document does not have; ``structs``: declarations;
    ``units``: what its authors call their own units in full."""
    reader = _Reader(findings, _declared(trees_of(structs or {})), units)
    reader.node(name, root, (name,), None)
    original = {name: root, **(structs or {})}
    model = Model(
        id=names.take(make_id(FORMAT, name)),
        kind=read_rules(FORMAT).kind(name),
        product=name,
        titles=texts(spaced(name)),
        descriptions=texts(findings.text(root, "description", name)),
        modules=tuple(reader.modules.values()),
        services=tuple(reader.services),
        source=Source(format=FORMAT, sha256=digest(original)),
    )
    kept = difference(write_tree(model), original)
    if flat is not None:
        branches = {(each.ref or "").removeprefix("vss:") for each in model.services}
        without = sorted(branches & flat)
        kept["flat"] = {"without": "branches"} if without and branches <= flat else {"without": without}
    return msgspec.structs.replace(model, ext={EXT: kept}) if kept else model


def _declared(roots: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Structs by their path."""
    found: dict[str, dict[str, Any]] = {}
    todo: list[tuple[tuple[str, ...], Any]] = [((name,), node) for name, node in roots.items()]
    while todo:
        path, node = todo.pop()
        if not isinstance(node, dict) or len(path) > MAX_DEPTH:
            continue
        if node.get("type") == "struct":
            found[".".join(path)] = node
        children = node.get("children")
        if isinstance(children, dict):
            todo += [((*path, name), child) for name, child in children.items()]
    return found


class _Reader:
    """The branches of one tree on their way to services."""

    def __init__(self, findings: Findings, structs: dict[str, dict[str, Any]], units: Mapping[str, str]) -> None:
        self.findings = findings
        self._units = units
        self.services: list[Service] = []
        self.modules: dict[str, Module] = {}
        self._structs = structs
        self._rules = read_rules(FORMAT)
        self._keys = Names()

    def node(self, name: str, node: dict[str, Any], path: tuple[str, ...], module: str | None) -> None:
        """A branch, with all that is below it; a lone signal at the root is the only member of its branch."""
        where = ".".join(path)
        if node["type"] != "branch" and "children" not in node:
            self.services.append(Service(properties=(self._signal(name, node, path, Names()),)))
            return
        place = len(self.services)
        self.services.append(Service())  # before what is inside it
        children = self.findings.mapping(node, "children", where)
        instances = instances_of(node, where, self.findings)
        own: list[tuple[str, dict[str, Any]]] = []
        branches: list[tuple[str, dict[str, Any]]] = []
        each_instance: list[tuple[str, dict[str, Any]]] = []
        for child, inner in children.items():
            if not is_node(inner) or len(path) >= MAX_DEPTH:
                self.findings.warn(f"{where}.{child}", "odd_node", f"{show(inner)} is no node; it is kept, that is all")
            elif instances and inner.get("instantiate") is not False:
                each_instance.append((child, inner))
            else:
                (own if _is_signal(inner) else branches).append((child, inner))
        taken = Names()
        properties = tuple(self._signal(child, inner, (*path, child), taken) for child, inner in own)
        self.services[place] = self._branch(name, node, path, properties, module)
        for child, inner in branches:
            self.node(child, inner, (*path, child), module)
        for instance in instances:
            self._instance(node, (*path, *instance), each_instance, instance)

    def _instance(
        self,
        node: dict[str, Any],
        path: tuple[str, ...],
        children: list[tuple[str, dict[str, Any]]],
        names: tuple[str, ...],
    ) -> None:
        """One instance of a branch: all of its children once more, under its own name."""
        key = make_key("_".join(path[1:]), "instance")
        self.modules.setdefault(key, Module(key=key, ref=f"vss:{'.'.join(path)}", path=names))
        made = {
            "type": "branch",
            "description": node.get("description"),
            "children": dict(children),
        }
        before = len(self.services)
        self.node(path[-1], made, path, key)
        for place in range(before, len(self.services)):
            # made here, so that an export leaves them out again: they are the template with another name
            made_here = msgspec.structs.replace(self.services[place], ext={EXT: {"made": True}})
            self.services[place] = made_here

    def _branch(
        self,
        name: str,
        node: dict[str, Any],
        path: tuple[str, ...],
        properties: tuple[Property, ...],
        module: str | None,
    ) -> Service:
        parts = [make_key(part, "branch") for part in path[1:]]
        if len(parts) > MAX_PARTS:
            parts = [*parts[: MAX_PARTS - 1], make_key("_".join(parts[MAX_PARTS - 1 :]))]
        where = ".".join(path)
        made = Service(
            key=self._keys.take(".".join(parts)),
            ref=f"vss:{where}",
            module=module,
            titles=texts(spaced(name)),
            descriptions=texts(self.findings.text(node, "description", where)),
            properties=properties,
        )
        return keep(made, EXT, write_branch(made), {key: value for key, value in node.items() if key != "children"})

    def _signal(self, name: str, node: dict[str, Any], path: tuple[str, ...], taken: Names) -> Property:
        findings = self.findings
        where = ".".join(path)
        rights = _RIGHTS.get(node["type"])
        if rights is None:
            why = findings.unknown("type", node["type"], _RIGHTS)
            findings.warn(f"{where}.type", "odd_signal", f"{why}; it is read only")
            rights = _RIGHTS["sensor"]
        access, role = rights
        value, raw_unit = self._value(node, where)
        writable = "write" in access
        within = ".".join(fold(part) for part in path[1:-1])
        kind = value.schema.kind
        subject = Subject(fold(name), within, kind, writable, value.unit)
        rule, value = find_trait(value, self._rules, subject, raw_unit) if role != "attribute" else (None, value)
        label = findings.text(node, "title", where)
        schema = value.schema
        if node.get("datatype") == "boolean" and schema.kind == "enum":
            schema = msgspec.structs.replace(schema, format="boolean")
        made = Property(
            key=taken.take(make_key(name, "signal")),
            ref=f"vss:{where}",
            schema=schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=texts(label or spaced(name)),
            descriptions=texts(findings.text(node, "description", where)),
            access=access,
            role=role,
            deprecated=findings.text(node, "deprecation", where),
            default=self._default(node, where, value),
            **bearing(rule, writable=writable),
        )
        return keep(made, EXT, write_signal(made), node)

    def _default(self, node: dict[str, Any], path: str, value: Value) -> Any:
        if "default" not in node or value.codec:
            return msgspec.UNSET
        try:
            check_value(value.schema, node["default"])
        except UnisonoError:
            self.findings.note(
                f"{path}.default", "odd_default", f"{show(node['default'])} is no value of it; it is kept"
            )
            return msgspec.UNSET
        return node["default"]

    def _value(self, node: dict[str, Any], path: str) -> tuple[Value, str | None]:
        findings = self.findings
        named = findings.text(node, "datatype", path) or ""
        raw_unit = findings.text(node, "unit", path)
        plain = named.removesuffix("[]")
        item = self._item(node, path, plain)
        schema = item
        if named.endswith("[]"):
            size = findings.whole(node, "arraysize", path)
            sound = size if size is not None and size >= 0 else None
            schema = Schema(kind="array", items=item, count_min=sound, count_max=sound, format=named)
        if raw_unit is None or item.kind not in ("int", "float"):
            return Value(schema, None), raw_unit
        unit = find_unit(raw_unit) or find_unit(self._units.get(raw_unit, ""))
        return Value(schema, unit.code if unit is not None else None), raw_unit

    def _item(self, node: dict[str, Any], path: str, named: str) -> Schema:
        findings = self.findings
        allowed = self._allowed(node, path)
        if named in NUMBER_TYPES:
            kind, bits, signed = NUMBER_TYPES[named]
            if allowed:
                return Schema(kind="enum", choices=allowed, bits=bits, signed=signed, format=named)
            low, high = findings.number(node, "min", path), findings.number(node, "max", path)
            if low is not None and high is not None and low > high:
                findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
                low = high = None
            return Schema(kind=kind, bits=bits, signed=signed, min=low, max=high, format=named)
        if named == "boolean":
            return Schema(kind="bool")
        if named == "string":
            pattern = findings.text(node, "pattern", path)
            return Schema(kind="enum", choices=allowed) if allowed else Schema(kind="string", pattern=pattern)
        return self._struct(path, named)

    def _struct(self, path: str, named: str, depth: int = 0) -> Schema:
        declared = self._structs.get(named)
        if declared is None or depth > 8:
            why = self.findings.unknown("type", named, [*NUMBER_TYPES, "boolean", "string"])
            self.findings.warn(f"{path}.datatype", "odd_type", f"{why}; any value is taken")
            return Schema(kind="any", format=named or None)
        fields: list[Field] = []
        for key, inner in self.findings.mapping(declared, "children", path).items():
            if not isinstance(inner, dict):
                continue
            named_inner = inner.get("datatype")
            plain = named_inner if isinstance(named_inner, str) else ""
            known = plain in NUMBER_TYPES or plain in ("boolean", "string")
            schema = self._item(inner, f"{path}.{key}", plain) if known else self._struct(path, plain, depth + 1)
            raw_unit = self.findings.text(inner, "unit", path)
            fields.append(Field(key=key, schema=schema, raw_unit=raw_unit))
        return Schema(kind="object", fields=tuple(fields), format=named)

    def _allowed(self, node: dict[str, Any], path: str) -> tuple[Choice, ...]:
        given: Any = node.get("allowed", node.get("enum"))
        if isinstance(given, dict):  # an enum of older tools: numbers by name
            return tuple(Choice(value=value, key=name) for name, value in given.items() if type(value) in (int, str))
        values = [each for each in (given if isinstance(given, list) else []) if type(each) in (int, float, str)]
        if given is not None and (not isinstance(given, list) or len(values) < len(given)):
            self.findings.warn(
                f"{path}.allowed", "odd_choice", f"{show(given)} is no list of values; what is none is left out"
            )
        twice = repeated(values)
        return tuple(Choice(value=each) for at, each in enumerate(values) if at not in twice)


def _is_signal(node: dict[str, Any]) -> bool:
    return node["type"] != "branch" and "children" not in node
