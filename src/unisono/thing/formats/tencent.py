"""Tencent's data templates (IoT Explorer): properties, events and actions with a ``define`` each.

Knows the documented types: bool, int, float, enum, stringenum, string, timestamp, struct and array. On the wire a bool
is 0 or 1. Source: "Data template", cloud.tencent.com/document/product/1081.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.thing.codec import Color, Map, Step
from unisono.thing.formats.document import Findings, JsonFormat, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of, wire_bounds, wire_value
from unisono.thing.formats.naming import Names, fold, make_id, make_key, pick_text, texts
from unisono.thing.formats.residue import keep, restore
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Access, Action, Arg, Event, Model, Property, Service, Severity, Source
from unisono.thing.schema import Choice, Field, Schema, show
from unisono.thing.units import find_unit

__all__ = ["TENCENT", "Tencent"]

FORMAT = EXT = "tencent"
REF = "tencent:"
MAX_DEPTH = 6  # structs in arrays: the platform allows two levels
LISTS = ("properties", "events", "actions")
MAX_TEXT = 2048  # the longest string that the platform takes

_ACCESS: dict[str, tuple[Access, ...]] = {"r": ("read", "notify"), "w": ("write",), "rw": ("read", "write", "notify")}
_SEVERITY: dict[str, Severity] = {"info": "info", "alert": "warning", "fault": "error"}
_TYPES_OF_EVENTS = {"info": "info", "warning": "alert", "error": "fault", "critical": "fault"}


class Tencent(JsonFormat):
    """The format ``tencent``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """Its properties have a ``define``."""
        return _is_template(document)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per template."""
        names = Names()
        models: list[Model] = []
        for index, each in enumerate(document if isinstance(document, list) else [document]):
            path = f"[{index}]" if isinstance(document, list) else ""
            if not isinstance(each, dict) or not any(isinstance(each.get(name), list) for name in LISTS):
                findings.error(path, "bad_template", f"{show(each)} is no template: it has no properties")
                continue
            models.append(_Reader(findings).model(each, path, names))
        return models

    def make(self, model: Model) -> Any:
        """The template of a model."""
        return _write(model)


def _is_template(document: Any) -> bool:
    some = document[:5] if isinstance(document, list) else [document]
    return any(
        isinstance(member, dict) and isinstance(member.get("define"), dict)
        for each in some
        if isinstance(each, dict)
        for name, inner in (("properties", None), ("events", "params"), ("actions", "input"))
        for listed in _lists(each, name, inner)
        for member in listed
    ) or any(isinstance(each, dict) and _is_empty(each) for each in some)


def _is_empty(each: dict[str, Any]) -> bool:
    profile = each.get("profile")
    return isinstance(profile, dict) and "ProductId" in profile and isinstance(each.get("properties"), list)


def _lists(each: dict[str, Any], name: str, inner: str | None) -> list[list[Any]]:
    listed = each.get(name)
    found = listed if isinstance(listed, list) else []
    if inner is None:
        return [found]
    return [one[inner] for one in found if isinstance(one, dict) and isinstance(one.get(inner), list)]


class _Reader:
    """One template on its way to a model."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self._rules = read_rules("tsl")  # the two clouds use the same names

    def model(self, document: dict[str, Any], path: str, names: Names) -> Model:
        findings = self.findings
        profile = findings.mapping(document, "profile", path)
        product = findings.text(profile, "ProductId", f"{path}.profile".lstrip("."))
        taken = Names()
        properties = tuple(
            self._property(each, where, taken) for _, where, each in findings.objects(document, "properties", path)
        )
        taken = Names()
        actions = tuple(
            self._action(each, where, taken) for _, where, each in findings.objects(document, "actions", path)
        )
        taken = Names()
        events = tuple(self._event(each, where, taken) for _, where, each in findings.objects(document, "events", path))
        model = Model(
            id=names.take(make_id(FORMAT, product or digest(document)[:12])),
            kind=self._rules.kind_of_members(each.key for each in properties),
            product=product or None,
            services=(Service(properties=properties, actions=actions, events=events),),
            source=Source(format=FORMAT, sha256=digest(document)),
        )
        return keep(model, EXT, _write(model), document)

    def _id(self, node: dict[str, Any], path: str) -> str:
        found = self.findings.text(node, "id", path)
        if not found:
            self.findings.warn(path, "no_id", "it has no id; it is called member")
        return found or "member"

    def _property(self, node: dict[str, Any], path: str, taken: Names) -> Property:
        findings = self.findings
        id = self._id(node, path)
        mode = findings.text(node, "mode", path) or "rw"
        access = _ACCESS.get(mode)
        if access is None:
            findings.warn(f"{path}.mode", "odd_access", f"{show(mode)} is none of r, w and rw; rw is assumed")
            access = _ACCESS["rw"]
        value, raw_unit = self._value(node, path, 1)
        writable = "write" in access
        subject = Subject(fold(id), "", value.schema.kind, writable, value.unit)
        rule, value = find_trait(value, self._rules, subject, raw_unit)
        made = Property(
            key=taken.take(make_key(id)),
            ref=f"{REF}{id}",
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
        return keep(made, EXT, _property(made), node)

    def _action(self, node: dict[str, Any], path: str, taken: Names) -> Action:
        id = self._id(node, path)
        made = Action(
            key=taken.take(make_key(id)),
            ref=f"{REF}{id}",
            trait=self._rules.action(Subject(fold(id))),
            titles=texts(self.findings.text(node, "name", path)),
            descriptions=texts(self.findings.text(node, "desc", path)),
            inputs=self._args(node, "input", path),
            outputs=self._args(node, "output", path),
            mandatory=node.get("required") is True,
        )
        return keep(made, EXT, _action(made), node)

    def _event(self, node: dict[str, Any], path: str, taken: Names) -> Event:
        id = self._id(node, path)
        made = Event(
            key=taken.take(make_key(id)),
            ref=f"{REF}{id}",
            titles=texts(self.findings.text(node, "name", path)),
            descriptions=texts(self.findings.text(node, "desc", path)),
            severity=_SEVERITY.get(self.findings.text(node, "type", path) or "info", "info"),
            args=self._args(node, "params", path),
            mandatory=node.get("required") is True,
        )
        return keep(made, EXT, _event(made), node)

    def _args(self, node: dict[str, Any], name: str, path: str) -> tuple[Arg, ...]:
        taken = Names()
        found: list[Arg] = []
        for _, where, each in self.findings.objects(node, name, path):
            value, raw_unit = self._value(each, where, 1)
            id = self._id(each, where)
            made = Arg(
                key=taken.take(id),
                ref=f"{REF}{id}",
                schema=value.schema,
                codec=value.codec,
                unit=value.unit,
                raw_unit=raw_unit,
                optional=True,
                titles=texts(self.findings.text(each, "name", where)),
            )
            found.append(keep(made, EXT, _arg(made), each))
        return tuple(found)

    def _value(self, node: dict[str, Any], path: str, depth: int, name: str = "define") -> tuple[Value, str | None]:
        define = self.findings.mapping(node, name, path)
        where = f"{path}.{name}"
        kind = self.findings.text(define, "type", where) or ""
        read = _READERS.get(kind)
        if read is None or depth > MAX_DEPTH:
            why = self.findings.unknown("type", kind, _READERS) if read is None else "it is nested too deep"
            self.findings.warn(where, "odd_type", f"{why}; any value is taken")
            return Value(Schema(kind="any", format=kind or None)), None
        value: Value = read(self, define, where, depth)
        raw_unit = self.findings.text(define, "unit", where) if kind in ("int", "float") else None
        known = find_unit(raw_unit) if raw_unit else None
        return value._replace(unit=known.code if known is not None else None), raw_unit or None

    def _figure(self, define: dict[str, Any], name: str, path: str) -> int | float | None:
        """A number, which templates write as text."""
        value = define.get(name)
        if type(value) is not str:
            return self.findings.number(define, name, path)
        try:
            number = float(value)
            if abs(number) < float("inf"):
                return int(number) if number.is_integer() and "." not in value else number
        except ValueError:
            pass
        if value.strip():
            self.findings.warn(f"{path}.{name}", "odd_number", f"{show(value)} is no number; it is left out")
        return None

    def _number(self, define: dict[str, Any], path: str, depth: int) -> Value:
        low, high, step = (self._figure(define, name, path) for name in ("min", "max", "step"))
        if low is not None and high is not None and low > high:
            self.findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
            low = high = None
        if step is not None and step <= 0:
            self.findings.warn(path, "odd_step", f"a step of {step} leads nowhere; it is left out")
            step = None
        return Value(Schema(kind="int" if define["type"] == "int" else "float", min=low, max=high, step=step))

    def _choices(self, define: dict[str, Any], path: str, *, numbers: bool) -> list[Choice]:
        found: list[Choice] = []
        for key, label in self.findings.mapping(define, "mapping", path).items():
            if numbers and not key.removeprefix("-").isdecimal():
                self.findings.warn(f"{path}.mapping", "odd_choice", f"{show(key)} is no whole number; it is left out")
                continue
            words = texts(label if isinstance(label, str) else None)
            found.append(Choice(value=int(key) if numbers else key, titles=words))
        return found

    def _bool(self, define: dict[str, Any], path: str, depth: int) -> Value:
        labels = [each for each in self._choices(define, path, numbers=True) if each.value in (0, 1)]
        if depth > 1:
            return Value(
                Schema(kind="enum", format="bool", choices=tuple(labels) or (Choice(value=0), Choice(value=1)))
            )
        choices = tuple(msgspec.structs.replace(each, value=bool(each.value)) for each in labels)
        codec: tuple[Step, ...] = (Map(pairs=((1, True), (0, False))),)
        return Value(Schema(kind="bool", choices=choices), None, codec)

    def _enum(self, define: dict[str, Any], path: str, depth: int) -> Value:
        choices = self._choices(define, path, numbers=define["type"] == "enum")
        if not choices:
            self.findings.warn(path, "no_choices", "an enum without values; any value of its kind is taken")
            return Value(Schema(kind="int" if define["type"] == "enum" else "string", format=define["type"]))
        return Value(Schema(kind="enum", choices=tuple(choices), format=define["type"]))

    def _string(self, define: dict[str, Any], path: str, depth: int) -> Value:
        high = self._figure(define, "max", path)
        return Value(Schema(kind="string", len_max=high if type(high) is int and high >= 0 else None))

    def _timestamp(self, define: dict[str, Any], path: str, depth: int) -> Value:
        return Value(Schema(kind="int", format="timestamp"))

    def _struct(self, define: dict[str, Any], path: str, depth: int) -> Value:
        taken = Names()
        fields: list[Field] = []
        for _, where, each in self.findings.objects(define, "specs", path):
            value, raw_unit = self._value(each, where, depth + 1, "dataType" if "dataType" in each else "define")
            titles = texts(self.findings.text(each, "name", where))
            id = self._id(each, where)
            fields.append(
                Field(key=taken.take(id), schema=value.schema, optional=True, titles=titles, raw_unit=raw_unit)
            )
        return Value(Schema(kind="object", fields=tuple(fields), open=True))

    def _array(self, define: dict[str, Any], path: str, depth: int) -> Value:
        value, _ = self._value(define, path, depth + 1, "arrayInfo")
        return Value(Schema(kind="array", items=value.schema))


_READERS: dict[str, Any] = {
    "bool": _Reader._bool,
    "int": _Reader._number,
    "float": _Reader._number,
    "enum": _Reader._enum,
    "stringenum": _Reader._enum,
    "string": _Reader._string,
    "timestamp": _Reader._timestamp,
    "struct": _Reader._struct,
    "array": _Reader._array,
}


# --- the other way ----------------------------------------------------------------------------------------------------


def _write(model: Model) -> dict[str, Any]:
    members = [each for service in model.services for each in service.properties if not each.parameter_only]
    made = {
        "version": "1.0",
        "profile": {"ProductId": model.product or model.id, "CategoryId": "1"},
        "properties": [restore(_property(each), each.ext.get(EXT)) for each in members],
        "events": [restore(_event(each), each.ext.get(EXT)) for one in model.services for each in one.events],
        "actions": [restore(_action(each), each.ext.get(EXT)) for one in model.services for each in one.actions],
    }
    return restore(made, model.ext.get(EXT))


def _head(member: Property | Action | Event | Arg) -> dict[str, Any]:
    ours = member.ref is not None and member.ref.startswith(REF)
    id = (member.ref or "").removeprefix(REF) if ours else member.key.replace("-", "_")
    made = {"id": id, "name": pick_text(member.titles, "zh") or id}
    described = pick_text(member.descriptions, "zh")
    if not isinstance(member, Arg):
        made["desc"] = described or ""
    return made


def _property(property: Property) -> dict[str, Any]:
    read = property.readable or property.notifies
    mode = ("r" if read else "") + ("w" if property.writable else "")
    define = _define(property.schema, property.unit, property.raw_unit, property.codec)
    return {**_head(property), "mode": mode or "r", "required": property.mandatory, "define": define}


def _action(action: Action) -> dict[str, Any]:
    return {
        **_head(action),
        "required": action.mandatory,
        "input": [restore(_arg(each), each.ext.get(EXT)) for each in action.inputs],
        "output": [restore(_arg(each), each.ext.get(EXT)) for each in action.outputs],
    }


def _event(event: Event) -> dict[str, Any]:
    params = [restore(_arg(each), each.ext.get(EXT)) for each in event.args]
    kind = _TYPES_OF_EVENTS[event.severity]
    return {**_head(event), "type": kind, "required": event.mandatory, "params": params}


def _arg(arg: Arg) -> dict[str, Any]:
    return {**_head(arg), "define": _define(arg.schema or Schema(kind="any"), arg.unit, arg.raw_unit, arg.codec)}


def _define(schema: Schema, unit: str | None, raw_unit: str | None, codec: Any) -> dict[str, Any]:
    kind = schema.kind
    if any(isinstance(step, Color) and step.space == "number" for step in codec):
        return {"type": "int", "min": "0", "max": str(0xFFFFFF), "step": "1"}
    if schema.format == "timestamp":
        return {"type": "timestamp"}
    if kind in ("int", "float", "duration", "decimal", "bitmap"):
        low, high = wire_bounds(schema, codec)
        named = "int" if kind in ("int", "bitmap") else "float"
        made: dict[str, Any] = {"type": named}
        for name, value in (("min", low), ("max", high), ("step", None if codec else schema.step)):
            if value is not None:
                made[name] = str(value)
        spelled = spell_unit(unit, raw_unit, codec, read_rules("tsl").words.get("units"))
        return made if spelled is None else {**made, "unit": spelled}
    if kind in ("bool", "enum"):
        return _mapping(schema, codec)
    return _other(schema)


def _mapping(schema: Schema, codec: Any) -> dict[str, Any]:
    if schema.kind == "bool" and not schema.choices:
        return {"type": "bool", "mapping": {"0": "关", "1": "开"}}
    found: dict[str, str] = {}
    strings = schema.format == "stringenum"
    for at, choice in enumerate(schema.choices):
        wire = wire_value(codec, choice.value)
        number = int(wire) if isinstance(wire, bool | int) else at
        found[str(wire) if strings else str(number)] = pick_text(choice.titles, "zh") or choice.key or str(choice.value)
    named = "bool" if schema.kind == "bool" or schema.format == "bool" else "stringenum" if strings else "enum"
    return {"type": named, "mapping": found}


def _other(schema: Schema) -> dict[str, Any]:
    if schema.kind == "object" and schema.fields:
        specs = [
            {"id": each.key, "name": pick_text(each.titles, "zh") or each.key,
             "dataType": _define(each.schema, each.unit, each.raw_unit, ())}
            for each in schema.fields
        ]  # fmt: skip
        return {"type": "struct", "specs": specs}
    if schema.kind == "array":
        return {"type": "array", "arrayInfo": _define(schema.items or Schema(kind="string"), None, None, ())}
    high = schema.len_max if schema.len_max is not None else MAX_TEXT
    return {"type": "string", "min": "0", "max": str(high)}


TENCENT = Tencent()
