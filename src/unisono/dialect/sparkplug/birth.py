"""What a node or device is by its birth: a property for each metric, an action for each control, and how they are told.

Knows metrics, models and the rules by which a metric's name has a trait. Knows no topic and no sequence. An instance of
a template is taken apart: each of its members is a property, since a change is told member by member.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from unisono.dialect.fitting import unfit
from unisono.dialect.sparkplug.payload import INT, LONG, TEMPLATE, Metric, Raw, Template
from unisono.dialect.sparkplug.values import BOOL, TEMPLATE_TYPE, raw_of, schema_of, value_of
from unisono.errors import CallerError, UnisonoError
from unisono.thing import OWN, PRESENCE, Action, Model, Property, Service, Source, find_unit
from unisono.thing.codec import Codec, compile_codec
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of
from unisono.thing.formats.naming import Names, fold, make_key
from unisono.thing.formats.rules import Subject, read_rules

__all__ = ["NAME", "REBIRTH", "Born", "Control", "Told", "model_id"]

NAME = "sparkplug"
REBIRTH = "Node Control/Rebirth"
#: Metrics that say what somebody is to do, and those that say what it is.
CONTROLS = ("Node Control/", "Device Control/")
ABOUT = ("Properties/", "Node Info/", "Device Info/")
#: The number of a node's session, which is no value of it.
SESSION = "bdSeq"
#: Properties of one model.
MOST = 2_000
#: By what names a metric's properties tell its unit, and that it cannot be written.
UNITS = ("engUnit", "engineeringUnits", "engUnits", "Engineering Units", "units", "unit")
READ_ONLY = ("readOnly", "read_only", "ReadOnly")
#: What the property "Quality" says of a value that is none: bad, and stale.
QUALITY, BAD, STALE = "Quality", 0, 500

_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9._:-]{0,150}")
_NOT_ID = re.compile(r"[^a-z0-9._-]+")


class Slot(NamedTuple):
    """Where a value is told: the metric's own name, alias and type; the members of its templates, outermost first;
    and the data type of the value itself."""

    name: str
    alias: int | None
    path: tuple[tuple[str, int], ...]
    refs: tuple[str, ...]
    datatype: int


class Node:
    """A metric of the birth: a value with its address, or a template with its members."""

    __slots__ = ("address", "codec", "datatype", "members")

    def __init__(self, datatype: int, address: str, members: dict[str, Node] | None = None) -> None:
        self.datatype = datatype
        self.address = address
        self.members = members
        self.codec: Codec | None = None


class Told(NamedTuple):
    """What a message says: values by address under the time that it gives for them, and what was odd about others."""

    reports: list[tuple[int | None, dict[str, Any]]]
    odd: list[str]
    unknown: bool


class Control(NamedTuple):
    """A control that is called: the metric to be set true."""

    metric: Metric


class Born:
    """One node or device since its birth. ``id``: of its model; ``name``: for people."""

    def __init__(self, id: str, name: str, kind: str | None, metrics: Sequence[Metric]) -> None:
        self._by_name: dict[str, Node] = {}
        self._by_alias: dict[int, Node] = {}
        self.slots: dict[str, Slot] = {}
        self.controls: dict[str, Control] = {}
        self._keys = Names()
        self._properties: list[Property] = []
        self._actions: list[Action] = []
        self.odd: list[str] = []
        for metric in metrics:
            self._metric(metric)
        self.model = Model(
            id=id,
            kind=kind,
            titles={"en": name},
            services=(Service(key="", properties=tuple(self._properties), actions=tuple(self._actions)),),
            source=Source(format=NAME),
            ext={PRESENCE: OWN},  # a device has a birth and a death of its own, whatever its node does
        )

    # birth

    def _metric(self, metric: Metric) -> None:
        if not metric.name or metric.name == SESSION or _is_definition(metric):
            return
        if metric.name in self._by_name:
            self.odd.append(f"the metric {metric.name[:80]!r} comes twice; the first counts")
            return
        if metric.datatype == BOOL and metric.name.startswith(CONTROLS):
            self._control(metric)
            return
        datatype = metric.datatype or (TEMPLATE_TYPE if metric.value and metric.value.kind == TEMPLATE else 0)
        node = self._node(metric, datatype, Slot(metric.name, metric.alias, (), (), datatype), (metric.name,))
        if node is not None:
            self._by_name[metric.name] = node
            if metric.alias is not None:
                self._by_alias[metric.alias] = node

    def _node(self, metric: Metric, datatype: int, slot: Slot, names: tuple[str, ...]) -> Node | None:
        if datatype == TEMPLATE_TYPE:
            template = metric.value.value if metric.value is not None and metric.value.kind == TEMPLATE else Template()
            return self._template(template, slot, names)
        schema = schema_of(datatype)
        if schema is None:
            self.odd.append(f"the metric {'/'.join(names)[:80]!r} is of the unknown data type {datatype}")
            return None
        if len(self._properties) >= MOST:
            self.odd.append(f"more than {MOST} metrics; {'/'.join(names)[:80]!r} is left out")
            return None
        address = self._property(metric, Value(schema), names)
        self.slots[address] = slot._replace(datatype=datatype)
        node = Node(datatype, address)
        codec = self._properties[-1].codec
        node.codec = compile_codec(codec) if codec else None
        return node

    def _template(self, template: Template, slot: Slot, names: tuple[str, ...]) -> Node:
        members: dict[str, Node] = {}
        inner = slot._replace(refs=(*slot.refs, template.ref))
        for each in template.metrics:
            if each.name and each.name not in members:
                path = (*slot.path, (each.name, each.datatype))
                node = self._node(each, each.datatype, inner._replace(path=path), (*names, each.name))
                if node is not None:
                    members[each.name] = node
        return Node(TEMPLATE_TYPE, "", members)

    def _property(self, metric: Metric, value: Value, names: tuple[str, ...]) -> str:
        path = "/".join(names)
        folders = [fold(each) for each in path.split("/")]
        raw_unit = _text_of(metric.properties, UNITS)
        unit = find_unit(raw_unit) if raw_unit else None
        value = value._replace(unit=unit.code if unit is not None else None)
        writable = not path.startswith(ABOUT) and not _is_read_only(metric.properties)
        rules = read_rules(NAME)
        within = ".".join(folders[:-1])
        rule, fitted = find_trait(
            value, rules, Subject(folders[-1], within, value.schema.kind, writable, value.unit), raw_unit
        )
        address = self._keys.take(make_key(path))
        self._properties.append(
            Property(
                key=address,
                ref=f"metric:{path}",
                schema=fitted.schema,
                unit=fitted.unit,
                raw_unit=raw_unit,
                codec=fitted.codec,
                titles={"en": path[:120]},
                access=("read", "write", "notify") if writable else ("read", "notify"),
                role=role_of(rule, writable=writable) if not path.startswith(ABOUT) else "attribute",
                **bearing(rule, writable=writable),
            )
        )
        return address

    def _control(self, metric: Metric) -> None:
        """Set true, it is done; nobody says what became of it but the birth that follows."""
        word = metric.name.partition("/")[2]
        key = self._keys.take(make_key(fold(word) or word, "control"))
        alias = None if metric.name == REBIRTH else metric.alias
        name = metric.name if alias is None else ""
        self.controls[key] = Control(Metric(name, alias, datatype=BOOL, value=raw_of(BOOL, True)))
        self._by_name[metric.name] = Node(BOOL, "")
        if metric.alias is not None:
            self._by_alias[metric.alias] = self._by_name[metric.name]
        self._actions.append(
            Action(
                key=key,
                ref=f"metric:{metric.name}",
                titles={"en": word[:120] or metric.name},
                risky=metric.name != REBIRTH,
            )
        )

    # data

    def told(self, metrics: Sequence[Metric]) -> Told:
        """The values of a birth or of data."""
        reports: dict[int | None, dict[str, Any]] = {}
        odd: list[str] = []
        unknown = False
        for metric in metrics:
            node = self._find(metric)
            if node is None:
                unknown |= bool(metric.name != SESSION and not _is_definition(metric))
                continue
            for inner, each in _values(node, metric) if node.members is not None else ((node, metric),):
                if each.is_null or each.value is None or not inner.address or _is_bad(each.properties):
                    continue
                try:
                    value = value_of(inner.datatype, each.value)
                    if value is not None and inner.codec is not None:
                        value = inner.codec.decode(value)
                except UnisonoError as error:
                    odd.append(f"{inner.address}: {error.detail}")
                    continue
                if value is not None:
                    reports.setdefault(each.timestamp or metric.timestamp, {})[inner.address] = value
        return Told(sorted(reports.items(), key=lambda each: each[0] or 0), odd, unknown)

    def _find(self, metric: Metric) -> Node | None:
        if metric.name:
            return self._by_name.get(metric.name)
        return self._by_alias.get(metric.alias) if metric.alias is not None else None

    # commands

    def written(self, wanted: Mapping[str, Any], now_ms: int) -> tuple[Metric, ...]:
        """The metrics that say wanted values: by alias where the birth gave one, members of one template together.
        Raises CallerError where one cannot be said."""
        plain: list[Metric] = []
        templates: dict[str, list[tuple[Slot, Raw]]] = {}
        for address, value in wanted.items():
            slot, property = self.slots.get(address), self.model.properties.get(address)
            if slot is None or property is None:
                raise CallerError("it has no such metric any more", code="unknown_property", field=address)
            raw = raw_of(slot.datatype, unfit(property, value))
            if slot.path:
                templates.setdefault(slot.name, []).append((slot, raw))
            else:
                plain.append(_named(slot, now_ms, slot.datatype, raw))
        for given in templates.values():
            slot = given[0][0]
            template = _instance(given, 0, now_ms)
            plain.append(_named(slot, now_ms, TEMPLATE_TYPE, Raw(TEMPLATE, template)))
        return tuple(plain)


def _named(slot: Slot, now_ms: int, datatype: int, raw: Raw) -> Metric:
    """By its alias only, where it has one (payloads-alias-data-cmd-requirement)."""
    name = slot.name if slot.alias is None else ""
    return Metric(name, slot.alias, now_ms, datatype, value=raw)


def _instance(given: Sequence[tuple[Slot, Raw]], depth: int, now_ms: int) -> Template:
    """An instance with nothing in it but the members that are wanted."""
    inner: dict[str, list[tuple[Slot, Raw]]] = {}
    for slot, raw in given:
        inner.setdefault(slot.path[depth][0], []).append((slot, raw))
    metrics = []
    for name, those in inner.items():
        slot, raw = those[0]
        if len(slot.path) == depth + 1:
            metrics.append(Metric(name, None, now_ms, slot.datatype, value=raw))
        else:
            template = _instance(those, depth + 1, now_ms)
            metrics.append(Metric(name, None, now_ms, TEMPLATE_TYPE, value=Raw(TEMPLATE, template)))
    return Template(tuple(metrics), ref=given[0][0].refs[depth])


def _values(node: Node, metric: Metric) -> Iterator[tuple[Node, Metric]]:
    """The values of a metric, members of templates one by one."""
    if node.members is None:
        yield node, metric
    elif metric.value is not None and metric.value.kind == TEMPLATE:
        for each in metric.value.value.metrics:
            member = node.members.get(each.name)
            if member is not None:
                yield from _values(member, each)


def _is_definition(metric: Metric) -> bool:
    return metric.value is not None and metric.value.kind == TEMPLATE and metric.value.value.is_definition


def _text_of(properties: Mapping[str, Raw], names: Sequence[str]) -> str | None:
    found = next((properties[name].value for name in names if name in properties), None)
    return found.strip()[:40] or None if isinstance(found, str) else None


def _is_read_only(properties: Mapping[str, Raw]) -> bool:
    writable = properties.get("writable")
    if writable is not None and writable.value is False:
        return True
    return any(properties[name].value is True for name in READ_ONLY if name in properties)


def _is_bad(properties: Mapping[str, Raw]) -> bool:
    quality = properties.get(QUALITY)
    return quality is not None and quality.kind in (INT, LONG) and quality.value in (BAD, STALE)


def model_id(*parts: str) -> str:
    """An id for the model of one node or device. Names that ids have no letters for are told apart by a number."""
    text = ":".join((NAME, *parts))
    if _PLAIN_ID.fullmatch(text):
        return text
    spelled = ":".join(_NOT_ID.sub("_", each.lower()) for each in (NAME, *parts))
    return f"{spelled[:150]}-{zlib.crc32(text.encode()):08x}"
