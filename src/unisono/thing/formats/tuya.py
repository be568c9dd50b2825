"""Tuya's functions and status ranges: what a device can be told and tells, by code.

Knows both shapes - objects by code, as dumps of devices have them, and lists, as the API gives them with their values
as JSON text - and that a number has a decimal ``scale``. Source: "Standard Instruction Set", developer.tuya.com.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.thing.codec import Scale, Step
from unisono.thing.formats.document import Findings, JsonFormat, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of, wire_bounds, wire_value
from unisono.thing.formats.naming import Names, fold, make_id, make_key, pick_text, texts
from unisono.thing.formats.residue import keep, restore
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.formats.tuya_model import as_functions
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Access, Model, Property, Service, Source
from unisono.thing.schema import Choice, Schema, show
from unisono.thing.units import find_unit

__all__ = ["TUYA", "Tuya"]

FORMAT = EXT = "tuya"
REF = "tuya:"
# What tells and what is told, in the two shapes.
OBJECTS = ("status_range", "function")
LISTS = ("status", "functions")
MAX_SCALE = 12
MAX_BITS = 64


class Tuya(JsonFormat):
    """The format ``tuya``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """It has functions or a status range whose entries have Tuya's types."""
        some = document[:5] if isinstance(document, list) else [document]
        return any(_entries(_inner(each)) for each in some)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per device or product."""
        names = Names()
        models: list[Model] = []
        for index, each in enumerate(document if isinstance(document, list) else [document]):
            path = f"[{index}]" if isinstance(document, list) else ""
            inner = _inner(each)
            if not _entries(inner):
                findings.error(path, "bad_device", f"{show(each)} has no functions and no status range")
                continue
            if not _entries(_unwrapped(each)):
                findings.note(path, "api_form", "it is a thing data model; it is exported as functions and status")
            models.append(_read(inner, findings, path, names))
        return models

    def make(self, model: Model) -> Any:
        """The functions and status range of a model."""
        return _write(model)


def _inner(each: Any) -> Any:
    """The device itself: answers of the API have it under ``result``, diagnostics under ``data``; a thing data model is
    turned into functions and status."""
    each = _unwrapped(each)
    return each if _entries(each) else as_functions(each) or each


def _unwrapped(each: Any) -> Any:
    for name in ("result", "data"):
        if isinstance(each, dict) and isinstance(each.get(name), dict) and not _entries(each):
            each = each[name]
    return each


def _entries(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    objects = [entry for name in OBJECTS if isinstance(document.get(name), dict) for entry in document[name].values()]
    listed = [entry for name in LISTS if isinstance(document.get(name), list) for entry in document[name]]
    return any(_is_entry(each, "value", "values") for each in objects) or any(
        _is_entry(each, "code") for each in listed
    )


def _is_entry(each: Any, *members: str) -> bool:
    """Whether it has one of these members, and a type of Tuya's."""
    typed = isinstance(each, dict) and isinstance(each.get("type"), str) and each["type"] in _READERS
    return typed and any(member in each for member in members)


def _read(document: dict[str, Any], findings: Findings, path: str, names: Names) -> Model:
    category = findings.text(document, "category", path)
    product = findings.text(document, "product_id", path)
    entries: dict[str, dict[str, Any]] = {}
    access: dict[str, list[Access]] = {}
    for both, rights in zip(zip(OBJECTS, LISTS, strict=True), (("read", "notify"), ("write",)), strict=True):
        for code, entry in _coded(document, both, findings, path):
            entries.setdefault(code, entry)
            access.setdefault(code, []).extend(rights)  # type: ignore[arg-type]
    taken = Names()
    reader = _Reader(findings, category or "")
    properties = tuple(
        reader.property(code, entry, tuple(access[code]), f"{path}.{code}".lstrip("."), taken)
        for code, entry in entries.items()
    )
    model = Model(
        id=names.take(make_id(FORMAT, product or category or "", "" if product else digest(document)[:8])),
        kind=read_rules(FORMAT).kind(category or ""),
        product=product or None,
        titles=texts(findings.text(document, "product_name", path)),
        services=(Service(properties=properties),),
        source=Source(format=FORMAT, version="list" if _is_listed(document) else None, sha256=digest(document)),
    )
    return keep(model, EXT, _write(model), document)


def _is_listed(document: dict[str, Any]) -> bool:
    return not any(isinstance(document.get(name), dict) for name in OBJECTS)


def _coded(
    document: dict[str, Any], names: tuple[str, str], findings: Findings, path: str
) -> list[tuple[str, dict[str, Any]]]:
    by_code, listed = names
    found: list[tuple[str, dict[str, Any]]] = []
    if isinstance(document.get(by_code), dict):
        for code, entry in document[by_code].items():
            if isinstance(entry, dict):
                found.append((code, entry))
            else:
                findings.warn(f"{path}.{by_code}.{code}".lstrip("."), "odd_member", f"{show(entry)} is no object")
    elif _is_listed(document):
        for _, where, entry in findings.objects(document, listed, path):
            code = findings.text(entry, "code", where)
            if code and "type" in entry:
                found.append((code, entry))
    return found


class _Reader:
    """The entries of one device."""

    def __init__(self, findings: Findings, category: str) -> None:
        self.findings = findings
        self._category = category
        self._rules = read_rules(FORMAT)

    def property(
        self, code: str, entry: dict[str, Any], access: tuple[Access, ...], path: str, taken: Names
    ) -> Property:
        findings = self.findings
        values = self._values(entry, path)
        kind = findings.text(entry, "type", path) or ""
        read = _READERS.get(kind)
        if read is None:
            findings.warn(f"{path}.type", "odd_type", f"{findings.unknown('type', kind, _READERS)}; any value is taken")
        value = read(self, values, path) if read is not None else Value(Schema(kind="any", format=kind or None))
        raw_unit = findings.text(values, "unit", path) if kind == "Integer" else None
        unit = find_unit(raw_unit) if raw_unit else None
        value = value._replace(unit=unit.code if unit is not None else None)
        writable = "write" in access
        subject = Subject(fold(code), "", value.schema.kind, writable, value.unit, fold(self._category))
        rule, value = find_trait(value, self._rules, subject, raw_unit or None)
        made = Property(
            key=taken.take(make_key(code)),
            ref=f"{REF}{code}",
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit or None,
            codec=value.codec,
            titles=texts(findings.text(entry, "name", path)),
            descriptions=texts(findings.text(entry, "desc", path)),
            access=access,
            role=role_of(rule, writable=writable),
            **bearing(rule, writable=writable),
        )
        return keep(made, EXT, _entry(made, listed="values" in entry), entry)

    def _values(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        given = entry.get("value", entry.get("values"))
        if isinstance(given, str):
            try:
                given = msgspec.json.decode(given)
            except (msgspec.MsgspecError, RecursionError):
                given = None
        if isinstance(given, dict):
            return given
        self.findings.note(path, "odd_values", "its values are no object; nothing is known of them")
        return {}

    def _boolean(self, values: dict[str, Any], path: str) -> Value:
        return Value(Schema(kind="bool"))

    def _integer(self, values: dict[str, Any], path: str) -> Value:
        findings = self.findings
        low, high, step = (findings.number(values, name, path) for name in ("min", "max", "step"))
        if low is not None and high is not None and low > high:
            findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
            low = high = None
        if step is not None and step <= 0:
            findings.warn(path, "odd_step", f"a step of {step} leads nowhere; it is left out")
            step = None
        scale = findings.whole(values, "scale", path) or 0
        if not 0 <= scale <= MAX_SCALE:
            findings.warn(path, "odd_scale", f"{scale} decimal places; it is left out")
            scale = 0
        if not scale:
            return Value(Schema(kind="int", min=low, max=high, step=step))
        by = float(f"1e-{scale}")
        ends = [None if end is None else float(f"{end * by:.15g}") for end in (low, high)]
        codec: tuple[Step, ...] = (Scale(by=by),)
        return Value(Schema(kind="float", min=ends[0], max=ends[1], precision=by), None, codec)

    def _enum(self, values: dict[str, Any], path: str) -> Value:
        listed = [each for each in self.findings.items(values, "range", path) if isinstance(each, str)]
        if not listed:
            self.findings.warn(path, "no_choices", "an enum without values; any text is taken")
            return Value(Schema(kind="string", format="enum"))
        return Value(Schema(kind="enum", choices=tuple(Choice(value=each) for each in dict.fromkeys(listed))))

    def _string(self, values: dict[str, Any], path: str) -> Value:
        high = self.findings.whole(values, "maxlen", path)
        return Value(Schema(kind="string", len_max=high if high is not None and high >= 0 else None))

    def _json(self, values: dict[str, Any], path: str) -> Value:
        return Value(Schema(kind="any", format="Json"))

    def _raw(self, values: dict[str, Any], path: str) -> Value:
        return Value(Schema(kind="string", format="Raw"))

    def _bitmap(self, values: dict[str, Any], path: str) -> Value:
        labels = [each for each in self.findings.items(values, "label", path) if isinstance(each, str)][:MAX_BITS]
        choices = tuple(Choice(value=at, key=each) for at, each in enumerate(labels))
        return Value(Schema(kind="bitmap", bits=max(len(labels), 1), choices=choices))


_READERS: dict[str, Any] = {
    "Boolean": _Reader._boolean,
    "Integer": _Reader._integer,
    "Enum": _Reader._enum,
    "String": _Reader._string,
    "Json": _Reader._json,
    "Raw": _Reader._raw,
    "Bitmap": _Reader._bitmap,
}


# --- the other way ----------------------------------------------------------------------------------------------------


def _write(model: Model) -> dict[str, Any]:
    listed = model.source is not None and model.source.format == FORMAT and model.source.version == "list"
    made: dict[str, Any] = {}
    if model.product is not None or not _is_ours(model):
        made["product_id"] = model.product or model.id
    title = pick_text(model.titles, "zh")
    if title is not None:
        made["product_name"] = title
    members = [each for service in model.services for each in service.properties if not each.parameter_only]
    told = [each for each in members if each.readable or each.notifies]
    names = LISTS if listed else OBJECTS
    for name, some in ((names[1], [each for each in members if each.writable]), (names[0], told)):
        found = [(_code(each), restore(_entry(each, listed=listed), each.ext.get(EXT))) for each in some]
        if found or not listed:
            made[name] = [entry for _, entry in found] if listed else dict(found)
    return restore(made, model.ext.get(EXT))


def _is_ours(model: Model) -> bool:
    return model.source is not None and model.source.format == FORMAT


def _code(property: Property) -> str:
    ours = property.ref is not None and property.ref.startswith(REF)
    return (property.ref or "").removeprefix(REF) if ours else property.key.replace("-", "_")


def _entry(property: Property, *, listed: bool) -> dict[str, Any]:
    kind, values = _typed(property)
    made: dict[str, Any] = {"type": kind, "value": values}
    if listed:
        made = {"code": _code(property), "type": kind, "values": msgspec.json.encode(values).decode()}
    elif property.ref is None:
        return made  # dumps have no titles, as a rule; one that was given to a device's own property is kept
    for name, found in (("name", property.titles), ("desc", property.descriptions)):
        text = pick_text(found, "zh")
        if text is not None:
            made[name] = text
    return made


def _typed(property: Property) -> tuple[str, dict[str, Any]]:
    schema = property.schema
    if schema.kind in ("int", "float", "duration", "decimal"):
        return "Integer", _numbers(property)
    if schema.kind in ("bool", "enum"):
        return _chosen(property)
    if schema.kind == "bitmap":
        return "Bitmap", {"label": [choice.key or str(choice.value) for choice in schema.choices]}
    if schema.kind == "string" and schema.format == "enum":
        return "Enum", {"range": []}
    named = {"object": "Json", "array": "Json", "any": "Json"}.get(schema.kind, "String")
    if schema.kind == "string" and schema.format == "Raw":
        named = "Raw"
    return named, {} if schema.len_max is None else {"maxlen": schema.len_max}


def _chosen(property: Property) -> tuple[str, dict[str, Any]]:
    """Words, or true and false, whatever they became for us."""
    values = [True, False] if property.schema.kind == "bool" else [each.value for each in property.schema.choices]
    wires = [wire_value(property.codec, value) for value in values]
    if all(isinstance(each, bool) for each in wires):
        return "Boolean", {}
    return "Enum", {"range": [each if isinstance(each, str) else str(each).lower() for each in wires]}


def _numbers(property: Property) -> dict[str, Any]:
    """Whole numbers and how many decimal places they stand for."""
    schema, codec = property.schema, property.codec
    low, high = wire_bounds(schema, codec)
    scale = _scale(codec)
    step: Any = None if codec else schema.step
    if not codec and schema.kind != "int":
        scale = 1
        low, high, step = (None if each is None else round(float(each) * 10) for each in (low, high, step))
    made: dict[str, Any] = {}
    unit = spell_unit(property.unit, property.raw_unit, tuple(s for s in codec if not _is_tenth(s)), _UNITS)
    if unit is not None:
        made["unit"] = unit
    for name, value in (("min", low), ("max", high), ("scale", scale), ("step", step or 1)):
        if value is not None:
            made[name] = value
    return made


_UNITS = {"Cel": "℃", "[degF]": "℉"}


def _is_tenth(step: Step) -> bool:
    return isinstance(step, Scale) and any(step.by == float(f"1e-{places}") for places in range(1, MAX_SCALE + 1))


def _scale(codec: tuple[Step, ...]) -> int:
    """How many decimal places the first step of a codec stands for."""
    for step in codec:
        if isinstance(step, Scale) and _is_tenth(step):
            return next(places for places in range(1, MAX_SCALE + 1) if step.by == float(f"1e-{places}"))
    return 0


TUYA = Tuya()
