"""A TSL document as a model.

Knows the data types, and that numbers are text, that true is 1 on the wire, and that the services ``set`` and ``get``
and the event ``post`` are the properties once more. A ``ref`` is ``tsl:`` and the identifier, behind that of its
function block where it is in one. Must not know how a document is written.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from unisono.thing.codec import Map, Step
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of
from unisono.thing.formats.naming import Names, fold, make_id, make_key, texts
from unisono.thing.formats.residue import keep
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.formats.tsl.write import (
    EXT,
    FORMAT,
    SYNTHETIC,
    write_action,
    write_arg,
    write_event,
    write_property,
    write_tsl,
)
from unisono.thing.model import Access, Action, Arg, Event, Model, Property, Service, Severity, Source
from unisono.thing.schema import Choice, Field, Schema, show
from unisono.thing.units import find_unit

__all__ = ["FORMAT", "read_tsl"]

MAX_DEPTH = 10  # structs in arrays in structs: the platform itself allows two levels
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")

_ACCESS: dict[str, tuple[Access, ...]] = {
    "r": ("read", "notify"),
    "w": ("write",),
    "rw": ("read", "write", "notify"),
}
_SEVERITY: dict[str, Severity] = {"info": "info", "alert": "warning", "error": "error"}


def read_tsl(document: dict[str, Any], findings: Findings, path: str = "", names: Names | None = None) -> Model:
    """The model of a TSL document."""
    reader = _Reader(findings)
    profile = findings.mapping(document, "profile", path)
    product = findings.text(profile, "productKey", f"{path}.profile".lstrip("."))
    block = findings.text(document, "functionBlockId", path)
    id = make_id(FORMAT, product or digest(document)[:12], block if block and block != "default" else "")
    services = [reader.service(document, path, make_key(block) if block and block != "default" else "")]
    taken = Names(each.key for each in services)
    for _, where, each in findings.objects(document, "functionBlocks", path):
        named = findings.text(each, "functionBlockId", where) or "block"
        key = taken.take(make_key(named))
        made = reader.service(each, where, key)
        services.append(
            msgspec.structs.replace(
                made, ref=f"tsl:{named}", titles=texts(findings.text(each, "functionBlockName", where))
            )
        )
    filled = [each for each in services if each.properties or each.actions or each.events or each.ref]
    model = Model(
        id=names.take(id) if names is not None else id,
        kind=reader.kind(filled),
        product=product or None,
        titles=texts(findings.text(document, "functionBlockName", path)),
        services=tuple(filled),
        source=Source(format=FORMAT, sha256=digest(document)),
    )
    return keep(model, EXT, write_tsl(model), document)


class _Reader:
    """What the members of one document have in common."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self._rules = read_rules(FORMAT)

    def kind(self, services: list[Service]) -> str | None:
        names = [each.key for service in services for each in service.properties]
        return self._rules.kind_of_members(names)

    def service(self, node: dict[str, Any], path: str, key: str) -> Service:
        """The members of a document, or of a function block."""
        findings = self.findings
        taken = Names()
        properties = [
            self._property(each, where, key, taken) for _, where, each in findings.objects(node, "properties", path)
        ]
        taken = Names()
        actions = [
            self._action(each, where, key, taken)
            for _, where, each in findings.objects(node, "services", path)
            if each.get("identifier") not in SYNTHETIC["services"]
        ]
        taken = Names()
        events = [
            self._event(each, where, key, taken)
            for _, where, each in findings.objects(node, "events", path)
            if each.get("identifier") not in SYNTHETIC["events"]
        ]
        return Service(key=key, properties=tuple(properties), actions=tuple(actions), events=tuple(events))

    def _identifier(self, node: dict[str, Any], path: str) -> str:
        found = self.findings.text(node, "identifier", path)
        if not found:
            self.findings.warn(path, "no_identifier", "it has no identifier; it is called member")
        return found or "member"

    def _property(self, node: dict[str, Any], path: str, block: str, taken: Names) -> Property:
        findings = self.findings
        identifier = self._identifier(node, path)
        mode = findings.text(node, "accessMode", path) or "rw"
        access = _ACCESS.get(mode)
        if access is None:
            findings.warn(f"{path}.accessMode", "odd_access", f"{show(mode)} is none of r, w and rw; rw is assumed")
            access = _ACCESS["rw"]
        value, raw_unit = self._value(node, path, 1)
        writable = "write" in access
        subject = Subject(fold(identifier), fold(block), value.schema.kind, writable, value.unit)
        rule, value = find_trait(value, self._rules, subject, raw_unit)
        made = Property(
            key=taken.take(make_key(identifier)),
            ref=f"tsl:{block}:{identifier}" if block else f"tsl:{identifier}",
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=texts(findings.text(node, "name", path)),
            descriptions=texts(findings.text(node, "desc", path)),
            access=access,
            role=role_of(rule, writable=writable),
            mandatory=node.get("required") is True,
            **bearing(rule, writable=writable),
        )
        return keep(made, EXT, write_property(made), node)

    def _action(self, node: dict[str, Any], path: str, block: str, taken: Names) -> Action:
        findings = self.findings
        identifier = self._identifier(node, path)
        made = Action(
            key=taken.take(make_key(identifier)),
            ref=f"tsl:{block}:{identifier}" if block else f"tsl:{identifier}",
            trait=self._rules.action(Subject(fold(identifier), fold(block))),
            titles=texts(findings.text(node, "name", path)),
            descriptions=texts(findings.text(node, "desc", path)),
            call="sync" if findings.text(node, "callType", path) == "sync" else "async",
            mandatory=node.get("required") is True,
            inputs=self._args(node, "inputData", path),
            outputs=self._args(node, "outputData", path),
        )
        return keep(made, EXT, write_action(made), node)

    def _event(self, node: dict[str, Any], path: str, block: str, taken: Names) -> Event:
        findings = self.findings
        identifier = self._identifier(node, path)
        made = Event(
            key=taken.take(make_key(identifier)),
            ref=f"tsl:{block}:{identifier}" if block else f"tsl:{identifier}",
            titles=texts(findings.text(node, "name", path)),
            descriptions=texts(findings.text(node, "desc", path)),
            severity=_SEVERITY.get(findings.text(node, "type", path) or "info", "info"),
            mandatory=node.get("required") is True,
            args=self._args(node, "outputData", path),
        )
        return keep(made, EXT, write_event(made), node)

    def _args(self, node: dict[str, Any], name: str, path: str) -> tuple[Arg, ...]:
        taken = Names()
        return tuple(self._arg(each, where, taken) for _, where, each in self.findings.objects(node, name, path))

    def _arg(self, node: dict[str, Any], path: str, taken: Names) -> Arg:
        identifier = self._identifier(node, path)
        value, raw_unit = self._value(node, path, 1)
        made = Arg(
            key=taken.take(identifier),
            ref=f"tsl:{identifier}",
            schema=value.schema,
            codec=value.codec,
            unit=value.unit,
            raw_unit=raw_unit,
            titles=texts(self.findings.text(node, "name", path)),
            optional=True,  # TSL does not say which ones must be there
        )
        return keep(made, EXT, write_arg(made), node)

    # --- values ---------------------------------------------------------------------------------------------------

    def _value(self, node: dict[str, Any], path: str, depth: int) -> tuple[Value, str | None]:
        declared = self.findings.mapping(node, "dataType", path)
        return self._declared(declared, f"{path}.dataType", depth)

    def _declared(self, declared: dict[str, Any], path: str, depth: int) -> tuple[Value, str | None]:
        kind = self.findings.text(declared, "type", path) or ""
        read = _TYPES.get(kind)
        if read is None or depth > MAX_DEPTH:
            why = self.findings.unknown("type", kind, _TYPES) if read is None else "it is nested too deep"
            self.findings.warn(path, "odd_type", f"{why}; any value is taken")
            return Value(Schema(kind="any", format=kind or None)), None
        value: Value = read(self, declared, path, depth)
        raw_unit = None
        if kind in ("int", "float", "double"):
            raw_unit = self.findings.text(self._specs(declared, path), "unit", f"{path}.specs")
        known = find_unit(raw_unit) if raw_unit else None
        return value._replace(unit=known.code if known is not None else None), raw_unit or None

    def _specs(self, declared: dict[str, Any], path: str) -> dict[str, Any]:
        return self.findings.mapping(declared, "specs", path)

    def _number(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        kind = declared["type"]
        specs = self._specs(declared, path)
        low, high, step = (self._figure(specs, key, f"{path}.specs") for key in ("min", "max", "step"))
        if low is not None and high is not None and low > high:
            self.findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
            low = high = None
        if step is not None and step <= 0:
            self.findings.warn(f"{path}.specs.step", "odd_step", f"a step of {step} leads nowhere; it is left out")
            step = None
        return Value(Schema(kind="int" if kind == "int" else "float", min=low, max=high, step=step, format=kind))

    def _figure(self, specs: dict[str, Any], key: str, path: str) -> int | float | None:
        """A number, which TSL writes as text."""
        value = specs.get(key)
        if type(value) is not str:
            return self.findings.number(specs, key, path)
        plain = value.strip()
        if _WHOLE.fullmatch(plain):
            return int(plain)
        if _NUMBER.fullmatch(plain) and abs(float(plain)) < float("inf"):
            return float(plain)
        if plain:
            self.findings.warn(f"{path}.{key}", "odd_number", f"{show(value)} is no number; it is left out")
        return None

    def _text(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        length = self._figure(self._specs(declared, path), "length", f"{path}.specs")
        sound = type(length) is int and length >= 0
        if length is not None and not sound:
            self.findings.warn(f"{path}.specs.length", "odd_length", f"{length} is no length; it is left out")
        return Value(Schema(kind="string", len_max=int(length) if sound and length is not None else None))

    def _date(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        return Value(Schema(kind="string", format="date", constraint="milliseconds since 1970, as text"))

    def _labels(self, declared: dict[str, Any], path: str) -> list[Choice]:
        choices: list[Choice] = []
        for key, label in self._specs(declared, path).items():
            if not _WHOLE.fullmatch(key):
                self.findings.warn(f"{path}.specs", "odd_choice", f"{show(key)} is no whole number; it is left out")
                continue
            choices.append(Choice(value=int(key), titles=texts(label if type(label) is str else None)))
        return choices

    def _bool(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        labels = [each for each in self._labels(declared, path) if each.value in (0, 1)]
        if depth > 1:  # inside a struct there is no codec, and so the wire's numbers
            made = labels or [Choice(value=0), Choice(value=1)]
            return Value(Schema(kind="enum", format="bool", choices=tuple(made)))
        choices = tuple(msgspec.structs.replace(each, value=bool(each.value)) for each in labels)
        codec: tuple[Step, ...] = (Map(pairs=((1, True), (0, False))),)
        return Value(Schema(kind="bool", choices=choices), None, codec)

    def _enum(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        choices = self._labels(declared, path)
        if not choices:
            self.findings.warn(path, "no_choices", "an enum without values; any whole number is taken")
            return Value(Schema(kind="int", format="enum"))
        return Value(Schema(kind="enum", choices=tuple(choices)))

    def _struct(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        taken = Names()
        fields: list[Field] = []
        for _, where, each in self.findings.objects(declared, "specs", path):
            value, raw_unit = self._value(each, where, depth + 1)
            fields.append(
                Field(
                    key=taken.take(self._identifier(each, where)),
                    schema=value.schema,
                    optional=True,
                    unit=value.unit,
                    raw_unit=raw_unit,
                    titles=texts(self.findings.text(each, "name", where)),
                )
            )
        return Value(Schema(kind="object", fields=tuple(fields), open=True))

    def _array(self, declared: dict[str, Any], path: str, depth: int) -> Value:
        specs = self._specs(declared, path)
        size = self._figure(specs, "size", f"{path}.specs")
        item = self.findings.mapping(specs, "item", f"{path}.specs")
        items = self._declared(item, f"{path}.specs.item", depth + 1)[0].schema if item else None
        if size is not None and (type(size) is not int or size < 0):
            self.findings.warn(f"{path}.specs.size", "odd_size", f"{size} is no number of items; it is left out")
            size = None
        return Value(Schema(kind="array", items=items, count_max=size))


_TYPES: dict[str, Any] = {
    "int": _Reader._number,
    "float": _Reader._number,
    "double": _Reader._number,
    "text": _Reader._text,
    "date": _Reader._date,
    "bool": _Reader._bool,
    "enum": _Reader._enum,
    "struct": _Reader._struct,
    "array": _Reader._array,
}
