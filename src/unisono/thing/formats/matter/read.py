"""Matter's clusters and device types as models.

A cluster is a model with one service; data types become schemas, and are members without a state of their own, so that
nothing is lost. A device type is a model with a service for each cluster that it must have. Must not know how an
element is written.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.errors import UnisonoError
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of
from unisono.thing.formats.matter.elements import FORMAT, Constraint, Elements, children, read_constraint
from unisono.thing.formats.matter.write import (
    BASIC,
    DERIVED,
    QUALITIES,
    write_cluster,
    write_device_head,
    write_member,
    write_requirement,
)
from unisono.thing.formats.naming import Names, fold, make_id, make_key, texts
from unisono.thing.formats.residue import difference, keep
from unisono.thing.formats.rules import Subject, read_rules
from unisono.thing.model import Access, Action, Arg, Event, Model, Property, Service, Severity, Source
from unisono.thing.schema import Choice, Field, Schema
from unisono.thing.units import find_unit
from unisono.thing.value import check_value, repeated

__all__ = ["read_cluster", "read_device"]

EXT = FORMAT
MAX_DEPTH = 8  # structs in lists in structs: real ones are four deep
MAX_BIT = 63

_SEVERITY: dict[str, Severity] = {"info": "info", "critical": "critical", "debug": "info"}


def read_cluster(element: dict[str, Any], known: Elements, findings: Findings, names: Names) -> Model:
    """The model of a cluster, with what it inherits."""
    name = element["name"]
    service = _Reader(findings, known, element).service()
    number = element.get("id")
    model = Model(
        id=names.take(make_id(FORMAT, fold(name))),
        product=name,
        titles=texts(_title(element)),
        types=(f"matter:cluster:{number:#06x}",) if type(number) is int and number >= 0 else (),
        extends=tuple(make_id(FORMAT, fold(base["name"])) for base in known.bases(element)[:1]),
        abstract=type(number) is not int,
        services=(service,),
        source=Source(format=FORMAT, sha256=digest(element)),
    )
    return keep(model, EXT, write_cluster(model), element)


def read_device(element: dict[str, Any], known: Elements, findings: Findings, names: Names) -> Model:
    """The model of a device type: a service for each cluster that it must have."""
    name = element["name"]
    number = element.get("id")
    services: list[Service] = []
    taken = Names()
    order: list[Any] = []  # what is no service of ours stands between them as it is
    listed = element.get("children")
    without: list[str] = []
    others = [each["name"] for each in known.devices]
    for requirement in listed if isinstance(listed, list) else []:
        # one that is made of others names these too
        if (
            _must_be(requirement)
            and requirement.get("name") not in others
            and known.cluster(requirement.get("name"), requirement.get("id")) is None
        ):
            without.append(str(requirement.get("name")))
        service = _required(requirement, known, taken)
        order.append(requirement if service is None else {"service": service.key})
        if service is not None:
            services.append(service)
    base = element.get("type")
    if without and not services:
        named = ", ".join(without[:10])
        detail = f"it must have {named}, of which nothing is in the file: give their files too, each with --overlay"
        findings.warn(name, "no_cluster", detail)
    model = Model(
        id=names.take(make_id(FORMAT, "device", fold(name))),
        kind=read_rules(FORMAT).kind(name),
        product=name,
        titles=texts(_title(element)),
        types=(f"matter:device:{number:#06x}",) if type(number) is int and number >= 0 else (),
        extends=(make_id(FORMAT, "device", fold(base)),) if isinstance(base, str) else (),
        abstract=not services,
        services=tuple(services),
        source=Source(format=FORMAT, sha256=digest(element)),
    )
    rest = {key: value for key, value in element.items() if key != "children" or not isinstance(value, list)}
    kept = {**difference(write_device_head(model), rest), "device": order if isinstance(listed, list) else None}
    return msgspec.structs.replace(model, ext={EXT: kept})


def _must_be(requirement: Any) -> bool:
    return isinstance(requirement, dict) and (requirement.get("tag"), requirement.get("conformance")) == (
        "requirement",
        "M",
    )


def _required(requirement: Any, known: Elements, taken: Names) -> Service | None:
    """The service that a requirement asks for, where it must be and its cluster is known."""
    if not _must_be(requirement):
        return None
    cluster = known.cluster(requirement.get("name"), requirement.get("id"))
    if cluster is None:
        return None
    service = _Reader(Findings(), known, cluster).service(taken)
    kept = difference(write_requirement(service), requirement)
    return msgspec.structs.replace(service, mandatory=True, ext={EXT: kept} if kept else {})


def _title(element: dict[str, Any]) -> str | None:
    found = element.get("title")
    return found if isinstance(found, str) else None


class _Reader:
    """One cluster on its way to a service."""

    def __init__(self, findings: Findings, known: Elements, cluster: dict[str, Any]) -> None:
        self.findings = findings
        self._known = known
        self._cluster = cluster
        self._rules = read_rules(FORMAT)
        number = cluster.get("id")
        self._ref = f"matter:{number:#06x}" if type(number) is int and number >= 0 else f"matter:{cluster['name']}"

    def service(self, taken: Names | None = None) -> Service:
        name = self._cluster["name"]
        key = make_key(name, "cluster")
        properties: list[Property] = []
        keys = Names()
        for element, whole, inherited in self._known.members(self._cluster, "attribute", "datatype"):
            make = self._attribute if element["tag"] == "attribute" else self._datatype
            properties.append(self._kept(make(element, whole, keys), element, inherited))
        actions: list[Action] = []
        keys = Names()
        for element, whole, inherited in self._known.members(self._cluster, "command"):
            actions.append(self._kept(self._command(element, whole, keys), element, inherited))
        events: list[Event] = []
        keys = Names()
        for element, whole, inherited in self._known.members(self._cluster, "event"):
            events.append(self._kept(self._event(element, whole, keys), element, inherited))
        revision = self._cluster.get("revision")
        return Service(
            key=taken.take(key) if taken is not None else key,
            ref=self._ref,
            type=name,
            titles=texts(_title(self._cluster)),
            revision=revision if type(revision) is int else None,
            properties=tuple(properties),
            actions=tuple(actions),
            events=tuple(events),
        )

    def _kept(self, made: Any, element: dict[str, Any], inherited: bool) -> Any:
        """With what an export needs: the rest of the element, or that it is that of a base."""
        if inherited:
            return msgspec.structs.replace(made, ext={EXT: {"inherited": True}})
        return keep(made, EXT, write_member(made), element)

    def _number(self, element: dict[str, Any]) -> str:
        number = element.get("id")
        return f"{self._ref}/{number:#06x}" if type(number) is int and number >= 0 else f"{self._ref}/{element['name']}"

    def _attribute(self, element: dict[str, Any], whole: dict[str, Any], keys: Names) -> Property:
        name = element["name"]
        access = _access(whole.get("access"))
        value = Value(self._schema(whole, 1))
        raw_unit = self._rules.words.get("type_units", {}).get(value.schema.format)
        unit = find_unit(raw_unit) if raw_unit is not None else None
        writable = "write" in access
        value = value._replace(unit=unit.code if unit is not None else None)
        subject = Subject(fold(name), fold(self._cluster["name"]), value.schema.kind, writable, value.unit)
        rule, value = find_trait(value, self._rules, subject)
        return Property(
            key=keys.take(make_key(name, "attribute")),
            ref=self._number(element),
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=texts(_title(whole)),
            access=access,
            role=role_of(rule, writable=writable),
            quality=_qualities(whole.get("quality")),
            mandatory=whole.get("conformance") == "M",
            conformance=_text(whole.get("conformance")),
            default=self._default(whole, value),
            **bearing(rule, writable=writable),
        )

    def _datatype(self, element: dict[str, Any], whole: dict[str, Any], keys: Names) -> Property:
        """A data type has no state: it is there for those that use it, and for the export."""
        return Property(
            key=keys.take(make_key(element["name"], "datatype")),
            ref=f"{self._ref}/type/{element['name']}",
            type="datatype",
            schema=self._schema(element, 1),
            titles=texts(_title(whole)),
            access=(),
            parameter_only=True,
            hidden=True,
            role="attribute",
        )

    def _default(self, whole: dict[str, Any], value: Value) -> Any:
        default = whole.get("default", msgspec.UNSET)
        if value.codec or type(default) not in (bool, int, float, str):
            return msgspec.UNSET  # what refers to other attributes is kept, but is no value
        try:
            check_value(value.schema, default)
        except UnisonoError:
            return msgspec.UNSET
        return default

    def _command(self, element: dict[str, Any], whole: dict[str, Any], keys: Names) -> Action:
        name = element["name"]
        answer = whole.get("response")
        response = next(
            (
                each
                for _, each, _ in self._known.members(self._cluster, "command")
                if each["name"] == answer and each.get("direction") == "response"
            ),
            None,
        )
        is_response = whole.get("direction") == "response"
        return Action(
            key=keys.take(make_key(name, "command")),
            ref=self._number(element),
            response_ref=answer if isinstance(answer, str) else None,
            trait=None if is_response else self._rules.action(Subject(fold(name), fold(self._cluster["name"]))),
            titles=texts(_title(whole)),
            inputs=self._args(whole),
            outputs=self._args(response) if response is not None else (),
            hidden=is_response,
            mandatory=whole.get("conformance") == "M",
            conformance=_text(whole.get("conformance")),
        )

    def _event(self, element: dict[str, Any], whole: dict[str, Any], keys: Names) -> Event:
        name = element["name"]
        priority = whole.get("priority")
        return Event(
            key=keys.take(make_key(name, "event")),
            ref=self._number(element),
            titles=texts(_title(whole)),
            severity=_SEVERITY.get(priority, "info") if isinstance(priority, str) else "info",
            args=self._args(whole),
            mandatory=whole.get("conformance") == "M",
            conformance=_text(whole.get("conformance")),
        )

    def _args(self, element: dict[str, Any]) -> tuple[Arg, ...]:
        taken = Names()
        found: list[Arg] = []
        for field in children(element, "field"):
            number = field.get("id")
            found.append(
                Arg(
                    key=taken.take(field["name"]),
                    ref=str(number) if type(number) is int else None,
                    schema=self._schema(field, 1),
                    optional=field.get("conformance") != "M",
                )
            )
        return tuple(found)

    # --- types ----------------------------------------------------------------------------------------------------

    def _schema(self, element: dict[str, Any], depth: int) -> Schema:
        """The schema of an element, through the data types that its type names."""
        named = _text(element.get("type"))
        chain = [element]
        kind = named
        while kind is not None and kind not in BASIC and len(chain) <= MAX_DEPTH:
            declared = self._known.declared(kind, self._cluster)
            if declared is None or any(declared is each for each in chain):
                kind = DERIVED.get(kind)
                break
            chain.append(declared)
            kind = _text(declared.get("type"))
        if kind is None or kind not in BASIC or depth > MAX_DEPTH:
            return Schema(kind="any", format=named, constraint=read_constraint(element.get("constraint")).text)
        members = next((each for each in chain if children(each, "field")), element)
        made = self._of_kind(kind, element, members, depth)
        nullable = "X" in (_text(element.get("quality")) or "").split()
        return msgspec.structs.replace(made, format=named, nullable=nullable)

    def _of_kind(self, kind: str, element: dict[str, Any], members: dict[str, Any], depth: int) -> Schema:
        what, bits, signed = BASIC[kind]
        low, high, text = read_constraint(element.get("constraint"))
        choices = _choices(members) if what == "enum" else ()
        if what == "int" or (what == "enum" and not choices):
            return Schema(kind="int", bits=bits, signed=signed, min=low, max=high, constraint=text)
        if what == "enum":
            return Schema(kind="enum", bits=bits, choices=choices, open=True, constraint=text)
        if what in ("string", "bytes"):
            return Schema(kind=what, len_min=_size(low), len_max=_size(high), constraint=text)
        if what == "array":
            entry = next(iter(children(members, "field")), None)
            items = self._schema(entry, depth + 1) if entry is not None else None
            return Schema(kind="array", items=items, count_min=_size(low), count_max=_size(high), constraint=text)
        return self._other(what, bits, members, read_constraint(element.get("constraint")), depth)

    def _other(
        self, what: Any, bits: int | None, members: dict[str, Any], constraint: Constraint, depth: int
    ) -> Schema:
        if what == "bitmap":
            named = _bits(members, bits or MAX_BIT + 1)
            return Schema(kind="bitmap", bits=bits, choices=named, constraint=constraint.text)
        if what == "object":
            return Schema(kind="object", fields=self._fields(members, depth), open=True, constraint=constraint.text)
        if what == "float":
            return Schema(kind="float", min=constraint.low, max=constraint.high)
        return Schema(kind=what)

    def _fields(self, members: dict[str, Any], depth: int) -> tuple[Field, ...]:
        taken = Names()
        found: list[Field] = []
        for field in children(members, "field"):
            number = field.get("id")
            found.append(
                Field(
                    key=taken.take(field["name"]),
                    ref=str(number) if type(number) is int else None,
                    schema=self._schema(field, depth + 1),
                    optional=field.get("conformance") != "M",
                )
            )
        return tuple(found)


def _size(number: int | None) -> int | None:
    return number if number is not None and number >= 0 else None


def _choices(members: dict[str, Any]) -> tuple[Choice, ...]:
    found = [
        Choice(value=each["id"], key=each["name"], titles=texts(_title(each)))
        for each in children(members, "field")
        if type(each.get("id")) is int
    ]
    twice = repeated([each.value for each in found])
    return tuple(each for at, each in enumerate(found) if at not in twice)


def _bits(members: dict[str, Any], bits: int) -> tuple[Choice, ...]:
    """Single bits by their place; ranges of bits stay in the maker's words."""
    found: list[Choice] = []
    for each in children(members, "field"):
        place = _text(each.get("constraint")) or ""
        if place.isdecimal() and int(place) < bits and all(int(place) != other.value for other in found):
            found.append(Choice(value=int(place), key=each["name"], titles=texts(_title(each))))
    return tuple(found)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _access(text: Any) -> tuple[Access, ...]:
    """``RW VO`` and the like: only the first word says what may be done."""
    first = text.split()[0] if isinstance(text, str) and text.split() else "R"
    found: list[Access] = ["read", "notify"] if "R" in first else []
    if "W" in first:
        found.append("write")
    return tuple(found) or ("read", "notify")


def _qualities(text: Any) -> tuple[str, ...]:
    return tuple(QUALITIES[each] for each in text.split() if each in QUALITIES) if isinstance(text, str) else ()
