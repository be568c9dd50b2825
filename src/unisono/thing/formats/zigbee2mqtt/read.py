"""A Zigbee2MQTT definition as a model: what `exposes` means.

Knows the generic types (binary, numeric, enum, text, composite, list) and the specific ones, whose features become a
service. A property's ``ref`` is the member of the state's JSON it is in. Must not know how a definition is written.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from unisono.errors import UnisonoError
from unisono.thing.builtin import kind_by_telling
from unisono.thing.codec import Map, Step, decode
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait
from unisono.thing.formats.naming import Names, fold, make_id, make_key, texts
from unisono.thing.formats.residue import difference
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.formats.zigbee2mqtt.write import SPECIFIC, write_definition_head, write_property, write_specific_head
from unisono.thing.model import Access, Arg, Event, Model, Module, Preset, Property, Role, Service, Source
from unisono.thing.schema import Choice, Field, Schema, show
from unisono.thing.units import find_unit
from unisono.thing.value import check_value, repeated, same

__all__ = ["EXT", "FORMAT", "Known", "read_definition", "read_exposes"]

FORMAT = "zigbee2mqtt"
EXT = FORMAT

PUBLISHED, SET, GET = 1, 2, 4  # the bits of "access"
MAX_DEPTH = 12  # lists of composites of lists...: real ones nest five deep
ACTION = "action"  # the enum in which buttons tell what was done to them

#: What was made of exposes in which nothing was odd, by their text, what they are in and the device: three of four
#: exposes in all of Zigbee2MQTT's definitions are word for word one that came before.
Known: TypeAlias = dict[tuple[bytes, str, str | None, str | None], Property]


def read_exposes(exposes: list[Any], findings: Findings, names: Names) -> Model:
    """A model of exposes that stand by themselves; they name no product, so their content does."""
    head = {"exposes": exposes}
    model = _read(head, make_id(FORMAT, digest(head)[:12]), findings, "")
    return msgspec.structs.replace(model, id=names.take(model.id))


def read_definition(
    definition: dict[str, Any],
    findings: Findings,
    path: str = "",
    names: Names | None = None,
    known: Known | None = None,
) -> Model | None:
    """The model of a definition (`{"vendor", "model", "exposes", ...}`), or None where it names no product. ``known``
    is kept from definition to definition of one file."""
    vendor = findings.text(definition, "vendor", path)
    product = findings.text(definition, "model", path)
    if not vendor and not product:
        findings.error(path, "no_name", 'a definition has a "vendor" and a "model"; this one has neither')
        return None
    id = make_id(FORMAT, vendor or "", product or "")
    return _read(definition, names.take(id) if names is not None else id, findings, path, known)


def _read(definition: dict[str, Any], id: str, findings: Findings, path: str, known: Known | None = None) -> Model:
    exposes = definition.get("exposes")
    device = _kind(exposes if isinstance(exposes, list) else [])
    reader = _Reader(findings, device, {} if known is None else known)
    order = reader.exposes(definition, path)
    services = reader.services()
    vendor, product = (definition.get(key) if type(definition.get(key)) is str else None for key in ("vendor", "model"))
    model = Model(
        id=id,
        vendor=vendor or None,
        product=product or None,
        kind=device or _kind_besides(services),
        titles=texts(findings.text(definition, "description", path)),
        modules=tuple(reader.modules.values()),
        services=services,
        source=Source(format=FORMAT, sha256=digest(definition)),
    )
    rest = {key: value for key, value in definition.items() if key != "exposes"}
    kept = difference(write_definition_head(model), rest)
    if order != reader.natural():
        kept["order"] = order
    if reader.unread:
        kept["unread"] = reader.unread
    return msgspec.structs.replace(model, ext={EXT: kept}) if kept else model


def _kind(exposes: Any) -> str | None:
    """The kind of a device by the specific types that it exposes."""
    found = [each["type"] for each in exposes if isinstance(each, dict) and each.get("type") in SPECIFIC]
    return read_rules(FORMAT).kind(*sorted(found, key=SPECIFIC.index))


def _kind_besides(services: tuple[Service, ...]) -> str | None:
    """Where it exposes none: by what it tells, then by the alarm that it can give, its buttons, its meters."""
    own = [each for service in services if not service.key for each in service.properties]
    written = [each.key for each in own if each.writable]
    pressed = [each.key for each in own if each.key == ACTION]
    measured = [each.trait for each in own if each.trait is not None and not each.writable]
    return kind_by_telling(services) or read_rules(FORMAT).kind(*written, *pressed, *measured)


class _Reader:
    """The exposes of one definition on their way to services."""

    def __init__(self, findings: Findings, device: str | None, known: Known) -> None:
        self.findings = findings
        self.device = device
        self._known = known
        self.modules: dict[str, Module] = {}
        self.unread: dict[str, Any] = {}
        self._rules = read_rules(FORMAT)
        self._root: list[Property] = []
        self._events: list[Event] = []
        self._specific: list[Service] = []
        self._keys = Names()
        self._service_keys = Names()
        self._colored: set[str] = set()

    def exposes(self, definition: dict[str, Any], path: str) -> list[str]:
        """Read all; the keys of what came of them, in the order of the document."""
        order: list[str] = []
        listed = self.findings.items(definition, "exposes", path)
        for index, item in enumerate(listed):
            where = f"{path}.exposes[{index}]".lstrip(".")
            if type(item) is not dict or type(item.get("type")) is not str:
                self.findings.warn(where, "odd_expose", f"{show(item)} has no type; it is kept, but means nothing")
                self.unread[str(index)] = item
            elif item["type"] in SPECIFIC and type(item.get("features")) is list:
                order.append(self._specific_of(item, where))
            else:
                order.append(self._add(item, where, "", None, self._root, self._keys).key)
        return order

    def services(self) -> tuple[Service, ...]:
        root = Service(properties=tuple(self._root), events=tuple(self._events))
        return (root, *self._specific) if self._root else tuple(self._specific)

    def natural(self) -> list[str]:
        return [*(each.key for each in self._root), *(each.key for each in self._specific)]

    def _specific_of(self, item: dict[str, Any], path: str) -> str:
        kind = item["type"]
        endpoint = self.findings.text(item, "endpoint", path)
        if endpoint:
            self.modules.setdefault(make_key(endpoint), Module(key=make_key(endpoint), ref=endpoint))
        key = self._service_keys.take(make_key(f"{kind}_{endpoint}" if endpoint else kind))
        members: list[Property] = []
        names = Names()
        unread: dict[str, Any] = {}
        for index, feature in enumerate(item["features"]):
            where = f"{path}.features[{index}]"
            if type(feature) is dict and type(feature.get("type")) is str:
                self._add(feature, where, kind, endpoint, members, names)
            else:
                self.findings.warn(where, "odd_expose", f"{show(feature)} has no type; it is kept, but means nothing")
                unread[str(index)] = feature
        service = Service(
            key=key,
            type=kind,
            module=make_key(endpoint) if endpoint else None,
            titles=texts(self.findings.text(item, "label", path)),
            descriptions=texts(self.findings.text(item, "description", path)),
            properties=tuple(members),
        )
        rest = {name: value for name, value in item.items() if name != "features"}
        kept = difference(write_specific_head(service, self.modules), rest)
        if unread:
            kept["unread"] = unread
        self._specific.append(msgspec.structs.replace(service, ext={EXT: kept}) if kept else service)
        return key

    def _add(
        self, item: dict[str, Any], path: str, within: str, endpoint: str | None, to: list[Property], names: Names
    ) -> Property:
        made = self._once(item, path, within, endpoint)
        key = names.take(made.key)
        if key != made.key:
            made = msgspec.structs.replace(made, key=key)
        to.append(made)
        if not within and made.key == ACTION and made.schema.kind == "enum" and not made.writable:
            self._events.append(Event(key=ACTION, titles=made.titles, args=(Arg(key=ACTION, property=ACTION),)))
        return made

    def _once(self, item: dict[str, Any], path: str, within: str, endpoint: str | None) -> Property:
        """The property of an expose, with what its export needs; made once where the same comes again."""
        mark = (msgspec.json.encode(item), within, endpoint, self.device)
        made = self._known.get(mark)
        if made is not None:
            return made
        told = self.findings.count
        made = self._property(item, path, within, endpoint)
        kept = difference(write_property(made, endpoint), item)
        if kept:
            made = msgspec.structs.replace(made, ext={**made.ext, EXT: kept})
        # whether a colour bears its trait depends on what stood before it in the same definition
        if self.findings.count == told and not self._colored:
            self._known[mark] = made
        return made

    def _property(self, item: dict[str, Any], path: str, within: str, endpoint: str | None) -> Property:
        findings = self.findings
        name = findings.text(item, "name", path) or findings.text(item, "property", path) or item["type"]
        member = findings.text(item, "property", path) or name
        own_endpoint = findings.text(item, "endpoint", path)
        value, raw_unit = self._value(item, path, 1)
        bits = findings.whole(item, "access", path)
        access, quality = _access(1 if bits is None else bits)
        writable = "write" in access
        subject = Subject(fold(name), within, value.schema.kind, writable, value.unit, self.device or "")
        rule, value = find_trait(value, self._rules, subject, raw_unit)
        if rule is not None and rule.trait == "color":
            if member in self._colored:  # lamps show one colour as xy and as hue and saturation, in one member
                rule = None
            self._colored.add(member)
        category = findings.text(item, "category", path)
        presets, schema = self._presets(item, path, value)
        if item["type"] == "binary" and schema.kind == "enum":
            schema = msgspec.structs.replace(schema, format="binary")
        return Property(
            key=make_key(name if within else member),
            ref=f"z2m:{member}",
            schema=schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=texts(findings.text(item, "label", path)),
            descriptions=texts(findings.text(item, "description", path)),
            access=access,
            quality=quality,
            role=_role(category, writable),
            presets=presets,
            ext={"endpoint": own_endpoint} if own_endpoint and not endpoint else {},
            **bearing(rule, writable=writable),
        )

    def _presets(self, item: dict[str, Any], path: str, value: Value) -> tuple[tuple[Preset, ...], Schema]:
        """The presets, and the schema that takes them all: 65535 for "as before" lies beside the range."""
        found: list[Preset] = []
        schema = value.schema
        for _, where, each in self.findings.objects(item, "presets", path):
            name = self.findings.text(each, "name", where)
            try:
                decoded = decode(value.codec, each.get("value"))
            except UnisonoError:
                decoded = None
            beside = type(decoded) in (int, float, str) and schema.kind == "float" and not value.codec
            if beside and not _takes(schema, decoded):
                schema = msgspec.structs.replace(schema, choices=(*schema.choices, Choice(value=decoded, key=name)))
            if not _takes(schema, decoded):
                self.findings.note(where, "odd_preset", "its value does not fit; it is kept, but cannot be picked")
                continue
            words = texts(self.findings.text(each, "description", where))
            found.append(Preset(value=decoded, key=name, descriptions=words))
        return tuple(found), schema

    def _value(self, item: dict[str, Any], path: str, depth: int) -> tuple[Value, str | None]:
        kind = item["type"]
        read = _TYPES.get(kind)
        if read is None or depth > MAX_DEPTH:
            why = self.findings.unknown("type", kind, _TYPES) if read is None else "it is nested too deep"
            self.findings.warn(path, "odd_type", f"{why}; any value is taken")
            return Value(Schema(kind="any")), None
        schema, codec = read(self, item, path, depth)
        raw_unit = self.findings.text(item, "unit", path) if kind == "numeric" else None
        known = find_unit(raw_unit) if raw_unit is not None else None
        return Value(schema, known.code if known is not None else None, codec), raw_unit

    def _binary(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        on, off = item.get("value_on", True), item.get("value_off", False)
        if on is True and off is False:
            return Schema(kind="bool"), ()
        if same(on, off):
            self.findings.warn(path, "odd_binary", f"on and off are both {show(on)}; any value is taken")
            return Schema(kind="any", format="binary"), ()
        return Schema(kind="bool"), (Map(pairs=((on, True), (off, False))),)

    def _numeric(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        low, high = self.findings.number(item, "value_min", path), self.findings.number(item, "value_max", path)
        if low is not None and high is not None and low > high:
            self.findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
            low = high = None
        step = self.findings.number(item, "value_step", path)
        if step is not None and step <= 0:
            self.findings.warn(path, "odd_step", f"a step of {step} leads nowhere; it is left out")
            step = None
        return Schema(kind="float", min=low, max=high, step=step), ()

    def _enum(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        values = self.findings.items(item, "values", path)
        chosen: list[Any] = []
        twice = repeated(values)
        for index, value in enumerate(values):
            if index in twice:
                self.findings.note(path, "duplicate_choice", f"the value {show(value)} is given twice; once is enough")
            elif isinstance(value, dict | list) or value is None:
                self.findings.warn(path, "odd_choice", f"{show(value)} is no value of an enum; it is left out")
            else:
                chosen.append(value)
        if not chosen:
            self.findings.warn(path, "no_choices", "an enum without values; any text is taken")
            return Schema(kind="string", format="enum"), ()
        return Schema(kind="enum", choices=tuple(Choice(value=value) for value in chosen)), ()

    def _text(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        return Schema(kind="string"), ()

    def _composite(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        names = Names()
        fields: list[Field] = []
        for _, where, feature in self.findings.objects(item, "features", path):
            if type(feature.get("type")) is not str:
                self.findings.warn(where, "odd_expose", "it has no type; it is left out")
                continue
            fields.append(self._field(feature, where, names, depth))
        # what a device says beside them is not known to be wrong
        return Schema(kind="object", fields=tuple(fields), open=True), ()

    def _field(self, item: dict[str, Any], path: str, names: Names, depth: int) -> Field:
        findings = self.findings
        name = findings.text(item, "name", path) or findings.text(item, "property", path) or item["type"]
        value, raw_unit = self._value(item, path, depth + 1)
        return Field(
            key=names.take(findings.text(item, "property", path) or name),
            schema=_uncoded(value),
            optional=True,
            unit=value.unit,
            raw_unit=raw_unit,
            titles=texts(findings.text(item, "label", path)),
            descriptions=texts(findings.text(item, "description", path)),
        )

    def _list(self, item: dict[str, Any], path: str, depth: int) -> tuple[Schema, tuple[Step, ...]]:
        inner = self.findings.mapping(item, "item_type", path)
        items = None
        if type(inner.get("type")) is str:
            items = _uncoded(self._value(inner, f"{path}.item_type", depth + 1)[0])
        low, high = self.findings.whole(item, "length_min", path), self.findings.whole(item, "length_max", path)
        if (low or 0) < 0 or (high is not None and high < (low or 0)):
            self.findings.warn(path, "empty_range", "no list is as long as it wants; its length is left out")
            low = high = None
        return Schema(kind="array", items=items, count_min=low, count_max=high), ()


_TYPES: dict[str, Any] = {
    "binary": _Reader._binary,
    "numeric": _Reader._numeric,
    "enum": _Reader._enum,
    "text": _Reader._text,
    "composite": _Reader._composite,
    "list": _Reader._list,
}


def _takes(schema: Schema, value: Any) -> bool:
    try:
        check_value(schema, value)
    except UnisonoError:
        return False
    return True


def _uncoded(value: Value) -> Schema:
    """A member of an object has no codec: what is on and off stays in the words of the wire."""
    if not value.codec:
        return value.schema
    assert isinstance(value.codec[0], Map), "only a binary has a codec before it has a trait"
    return Schema(kind="enum", format="binary", choices=tuple(Choice(value=wire) for wire, _ in value.codec[0].pairs))


def _access(bits: int) -> tuple[tuple[Access, ...], tuple[str, ...]]:
    """Rights, and the mark ``get``: it can be asked for, beside being told."""
    access: list[Access] = []
    if bits & (PUBLISHED | GET):
        access.append("read")
    if bits & SET:
        access.append("write")
    if bits & PUBLISHED:
        access.append("notify")
    return tuple(access), ("get",) if bits & GET and bits & PUBLISHED else ()


def _role(category: str | None, writable: bool) -> Role:
    if category == "config":
        return "config"
    if category == "diagnostic":
        return "diagnostic"
    return "actuator" if writable else "sensor"
