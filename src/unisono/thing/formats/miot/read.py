"""A MIoT-Spec instance as a model.

Knows formats, ranges and lists, that a property without access is an argument only, and that arguments are counted by
their place. A ``ref`` is ``miot:siid.iid``, with the module before it in version 3. Must not know how one is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.thing.codec import Scale
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of
from unisono.thing.formats.miot.overlay import Mended, Overlay, mend, urn_name
from unisono.thing.formats.miot.write import (
    ACCESS,
    EXT,
    FORMAT,
    FORMATS,
    write_action,
    write_event,
    write_instance,
    write_module_head,
    write_property,
    write_service_head,
)
from unisono.thing.formats.naming import Names, fold, make_id, make_key, texts
from unisono.thing.formats.residue import difference, keep
from unisono.thing.formats.rules import Rule, Subject, read_rules
from unisono.thing.model import Access, Action, Arg, Event, Model, Module, Property, Service, Source
from unisono.thing.schema import Choice, Schema, show
from unisono.thing.units import find_unit
from unisono.thing.value import repeated

__all__ = ["FORMAT", "read_instance"]

URN_VENDOR, URN_VERSION = 5, 6  # the places of the maker's product and of the version in a URN


def read_instance(
    original: dict[str, Any],
    findings: Findings,
    path: str = "",
    names: Names | None = None,
    mending: Sequence[Overlay] = (),
) -> Model:
    """The model of an instance."""
    mended = mend(original, mending)
    document = mended.document
    urn = findings.text(document, "type", path) or ""
    parts = urn.split(":")
    name = urn_name(urn)
    maker = parts[URN_VENDOR] if len(parts) > URN_VENDOR else ""
    product = findings.text(document, "model", path) or maker
    version = int(parts[URN_VERSION]) if len(parts) > URN_VERSION and parts[URN_VERSION].isdecimal() else 1
    if not name:
        findings.note(path, "no_urn", f"the type {show(document.get('type'))} is no URN; its content names the model")
    id = make_id(FORMAT, name or digest(original)[:12], maker or product)
    reader = _Reader(findings, mended, fold(name))
    services = reader.all(document, path)
    model = Model(
        id=names.take(id, f"{id}.{version}") if names is not None else id,
        version=max(version, 1),
        kind=read_rules(FORMAT).kind(name) if name else None,
        vendor=(maker or product).replace(".", "-").partition("-")[0] or None,
        product=product or None,
        titles=texts(findings.text(document, "name", path) or findings.text(document, "description", path)),
        types=(urn,) if urn else (),
        overlays=mended.names,
        modules=tuple(reader.modules.values()),
        services=services,
        source=Source(format=FORMAT, version="3" if reader.modules else "2", sha256=digest(original)),
    )
    return keep(model, EXT, write_instance(model), original)


class _Reader:
    """The services of one instance on their way to ours."""

    def __init__(self, findings: Findings, mended: Mended, device: str) -> None:
        self.findings = findings
        self.modules: dict[str, Module] = {}
        self._mended = mended
        self._device = device
        self._rules = read_rules(FORMAT)
        self._keys = Names()

    def all(self, document: dict[str, Any], path: str) -> tuple[Service, ...]:
        """The services of the document, or of its modules."""
        found = [
            self._service(each, where, self._module_of(each, where))
            for _, where, each in self.findings.objects(document, "services", path)
        ]
        for _, where, module in self.findings.objects(document, "modules", path):
            key = self._module(module, where)
            found += [
                self._service(each, inner, key) for _, inner, each in self.findings.objects(module, "services", where)
            ]
        return tuple(found)

    def _module_of(self, service: dict[str, Any], path: str) -> str | None:
        number = self.findings.whole(service, "miid", path)
        if number is None:
            return None
        key = f"m{number}" if number >= 0 else "m"
        self.modules.setdefault(key, Module(key=key, ref=str(number)))
        return key

    def _module(self, node: dict[str, Any], path: str) -> str:
        number = self.findings.whole(node, "miid", path)
        if number is None:
            number = self.findings.whole(node, "iid", path)
        key = f"m{abs(number)}" if number is not None else f"m{len(self.modules) + 1}"
        urn = self.findings.text(node, "type", path)
        made = Module(
            key=key,
            ref=str(number) if number is not None else None,
            types=(urn,) if urn else (),
            titles=texts(self.findings.text(node, "description", path)),
        )
        rest = {name: value for name, value in node.items() if name != "services"}
        kept = {**difference(write_module_head(made), rest), "nested": True}
        self.modules.setdefault(key, msgspec.structs.replace(made, ext={EXT: kept}))
        return key

    def _service(self, node: dict[str, Any], path: str, module: str | None) -> Service:
        findings = self.findings
        siid = _iid(node)
        if siid is None:
            findings.warn(path, "no_iid", f"the iid {show(node.get('iid'))} is no whole number; it cannot be addressed")
        urn = findings.text(node, "type", path)
        described = findings.text(node, "description", path)
        name = urn_name(urn) or fold(described or "") or "service"
        key = make_key(f"{module}_{name}" if module else name, "service")
        within = self.modules[module].ref if module is not None else None
        address = f"{within}.{siid}" if within is not None else str(siid)
        key = self._keys.take(key, f"{key}_{siid}" if siid is not None else None)
        properties = self._properties(node, path, key, address, fold(name))
        known = {each.ref: each for each in properties}
        taken = Names()
        actions = tuple(
            self._action(each, where, key, address, known, taken)
            for _, where, each in findings.objects(node, "actions", path)
        )
        taken = Names()
        events = tuple(
            self._event(each, where, key, address, known, taken)
            for _, where, each in findings.objects(node, "events", path)
        )
        made = Service(
            key=key,
            ref=f"miot:{address}",
            module=module,
            type=urn,
            titles=texts(described),
            properties=properties,
            actions=actions,
            events=events,
        )
        rest = {name: value for name, value in node.items() if name not in ("properties", "actions", "events")}
        return keep(made, EXT, write_service_head(made), rest)

    def _properties(
        self, node: dict[str, Any], path: str, service: str, address: str, within: str
    ) -> tuple[Property, ...]:
        taken = Names()
        found = [
            self._property(each, where, address, within, taken, _iid(node))
            for _, where, each in self.findings.objects(node, "properties", path)
        ]
        for now, wanted in self._rules.words.get("pairs", ()):
            told = next((at for at, each in enumerate(found) if each.key == now and each.trait), None)
            set_by = next((each for each in found if each.key == wanted and each.writable), None)
            if told is not None and set_by is not None and not found[told].writable:
                found[told] = self._written_by(found[told], set_by)
        return tuple(found)

    def _written_by(self, told: Property, set_by: Property) -> Property:
        """Where a curtain is says one property, where it shall be is told to another: for us they are one."""
        return msgspec.structs.replace(
            told,
            access=(*told.access, "write"),
            write_ref=set_by.ref,
            role="actuator",
            **bearing(Rule(name="", trait=told.trait), writable=True),
        )

    def _property(
        self, node: dict[str, Any], path: str, address: str, within: str, taken: Names, siid: Any
    ) -> Property:
        findings = self.findings
        piid = _iid(node)
        if piid is None:
            findings.warn(path, "no_iid", f"the iid {show(node.get('iid'))} is no whole number; it cannot be addressed")
        urn = findings.text(node, "type", path)
        described = findings.text(node, "description", path)
        name = urn_name(urn) or fold(described or "") or "property"
        access = self._access(node, path)
        value, raw_unit = self._value(node, path)
        place = (siid, piid)
        scale = self._mended.scales.get(place)
        if scale and value.schema.kind in ("int", "float"):
            value = _scaled(value, scale)
        writable = "write" in access
        subject = Subject(fold(name), within, value.schema.kind, writable, value.unit, self._device)
        rule, value = (None, value) if not access else find_trait(value, self._rules, subject, raw_unit)
        key = make_key(name, "property")
        made = Property(
            key=taken.take(key, f"{key}_{piid}" if piid is not None else None),
            ref=f"miot:{address}.{piid}" if piid is not None else None,
            type=urn,
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=texts(described),
            access=access,
            parameter_only=not access,
            hidden=place in self._mended.hidden,
            role=role_of(rule, writable=writable),
            **bearing(rule, writable=writable),
        )
        # what an overlay changed is not what the maker wrote
        return keep(made, EXT, write_property(made), self._mended.originals.get(place, node))

    def _access(self, node: dict[str, Any], path: str) -> tuple[Access, ...]:
        if "access" not in node:
            self.findings.warn(path, "no_access", "it does not say what may be done with it; reading is assumed")
            return ("read", "notify")
        found: list[Access] = []
        for each in self.findings.items(node, "access", path):
            if isinstance(each, str) and each in ACCESS:
                if each not in found:
                    found.append(each)  # type: ignore[arg-type]
            else:
                self.findings.warn(f"{path}.access", "odd_access", f"{show(each)} is none of read, write and notify")
        return tuple(found)

    def _value(self, node: dict[str, Any], path: str) -> tuple[Value, str | None]:
        findings = self.findings
        named = findings.text(node, "format", path) or ""
        known = FORMATS.get(named)
        if known is None:
            findings.warn(
                f"{path}.format", "odd_format", f"{findings.unknown('format', named, FORMATS)}; any value is taken"
            )
            return Value(Schema(kind="any", format=named or None)), findings.text(node, "unit", path)
        kind, bits, signed = known
        raw_unit = findings.text(node, "unit", path)
        choices = self._choices(node, path)
        if choices and kind != "bool":
            schema = Schema(kind="enum", choices=choices, bits=bits, signed=signed, format=named)
        elif kind in ("int", "float"):
            schema = self._ranged(node, path, Schema(kind=kind, bits=bits, signed=signed, format=named))
        else:
            schema = Schema(kind=kind, choices=choices, format=named if named == "hex" else None)
            length = findings.whole(node, "max-length", path)
            if kind == "string" and length is not None and length > 0:
                schema = msgspec.structs.replace(schema, len_max=length)
        unit = find_unit(raw_unit) if raw_unit is not None and schema.kind in ("int", "float") else None
        code = unit.code if unit is not None and unit.code != "1" else None
        return Value(schema, code), raw_unit

    def _ranged(self, node: dict[str, Any], path: str, schema: Schema) -> Schema:
        findings = self.findings
        given = findings.items(node, "value-range", path)
        if not given:
            return schema
        numbers = [each for each in given if type(each) in (int, float)]
        if len(numbers) != len(given) or len(numbers) not in (2, 3):
            findings.warn(f"{path}.value-range", "odd_range", f"{show(given)} is no [min, max, step]; it is left out")
            return schema
        low, high = numbers[:2]
        step = numbers[2] if len(numbers) > 2 else None
        if low > high:
            findings.warn(f"{path}.value-range", "empty_range", f"no value lies in {show(given)}; it is left out")
            low = high = None
        if step is not None and step <= 0:
            findings.note(f"{path}.value-range", "odd_step", f"a step of {step} leads nowhere; it is left out")
            step = None
        return msgspec.structs.replace(schema, min=low, max=high, step=step)

    def _choices(self, node: dict[str, Any], path: str) -> tuple[Choice, ...]:
        findings = self.findings
        found: list[Choice] = []
        for _, where, each in findings.objects(node, "value-list", path):
            value = each.get("value")
            if type(value) not in (int, float, str, bool):
                findings.warn(where, "odd_choice", f"{show(value)} is no value; it is left out")
                continue
            label = findings.text(each, "description", where)
            found.append(Choice(value=value, titles=texts(label)))
        twice = repeated([each.value for each in found])
        if twice:
            findings.note(f"{path}.value-list", "duplicate_choice", "a value is given twice; the first one counts")
        return tuple(each for at, each in enumerate(found) if at not in twice)

    # --- what takes arguments -------------------------------------------------------------------------------------

    def _args(
        self, node: dict[str, Any], name: str, path: str, service: str, address: str, known: dict[str | None, Property]
    ) -> tuple[Arg, ...]:
        """Arguments by their place; a property that is not there stays an address, and is told."""
        taken = Names()
        found: list[Arg] = []
        for index, piid in enumerate(self.findings.items(node, name, path)):
            if isinstance(piid, dict):
                piid = piid.get("piid", piid.get("iid"))  # noqa: PLW2901 - some documents wrap them
            if type(piid) is not int:
                self.findings.warn(
                    f"{path}.{name}[{index}]", "odd_argument", f"{show(piid)} is no number of a property"
                )
                continue
            property = known.get(f"miot:{address}.{piid}")
            key = property.key if property is not None else f"property_{piid}"
            found.append(
                Arg(key=taken.take(key), property=f"{service}.{key}", ref=f"miot:{address}.{piid}", optional=True)
            )
        return tuple(found)

    def _named(self, node: dict[str, Any], path: str, noun: str, taken: Names) -> tuple[str, int | None, str | None]:
        iid = _iid(node)
        if iid is None:
            self.findings.warn(path, "no_iid", f"the iid {show(node.get('iid'))} is no whole number")
        urn = self.findings.text(node, "type", path)
        described = self.findings.text(node, "description", path)
        name = make_key(urn_name(urn) or fold(described or "") or noun, noun)
        return taken.take(name, f"{name}_{iid}" if iid is not None else None), iid, urn

    def _action(
        self,
        node: dict[str, Any],
        path: str,
        service: str,
        address: str,
        known: dict[str | None, Property],
        taken: Names,
    ) -> Action:
        key, iid, urn = self._named(node, path, "action", taken)
        made = Action(
            key=key,
            ref=f"miot:{address}.{iid}" if iid is not None else None,
            trait=self._rules.action(Subject(fold(urn_name(urn)), fold(service), device=self._device)),
            type=urn,
            titles=texts(self.findings.text(node, "description", path)),
            inputs=self._args(node, "in", path, service, address, known),
            outputs=self._args(node, "out", path, service, address, known),
        )
        return keep(made, EXT, write_action(made), node)

    def _event(
        self,
        node: dict[str, Any],
        path: str,
        service: str,
        address: str,
        known: dict[str | None, Property],
        taken: Names,
    ) -> Event:
        key, iid, urn = self._named(node, path, "event", taken)
        made = Event(
            key=key,
            ref=f"miot:{address}.{iid}" if iid is not None else None,
            type=urn,
            titles=texts(self.findings.text(node, "description", path)),
            args=self._args(node, "arguments", path, service, address, known),
        )
        return keep(made, EXT, write_event(made), node)


def _iid(node: dict[str, Any]) -> int | None:
    for name in ("iid", "piid", "aiid", "eiid", "siid"):
        if type(node.get(name)) is int:
            return int(node[name])
    return None


def _scaled(value: Value, scale: int | float) -> Value:
    """An overlay's scale stands before everything else: what the device says is so many of the unit."""
    schema = value.schema
    ends = [None if end is None else float(f"{float(end) * scale:.12g}") for end in (schema.min, schema.max)]
    plain = msgspec.structs.replace(
        schema, kind="float", min=ends[0], max=ends[1], step=None, precision=abs(scale), bits=None, signed=None
    )
    return Value(plain, value.unit, (Scale(by=scale),))
