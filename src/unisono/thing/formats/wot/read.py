"""A Thing Description or Thing Model as a model.

Knows data schemas and affordances. Forms, security and links are how one thing is reached, not what its kind can do:
they are kept. A ``ref`` is a JSON pointer behind ``wot:``. Must not know how a description is written.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from unisono.errors import UnisonoError
from unisono.thing.formats.document import Findings, digest
from unisono.thing.formats.fit import Value, bearing, find_trait, role_of
from unisono.thing.formats.naming import Names, fold, make_id, make_key
from unisono.thing.formats.residue import keep
from unisono.thing.formats.rules import Rule, Subject, read_rules
from unisono.thing.formats.wot.write import (
    EXT,
    FORMAT,
    write_action,
    write_arg,
    write_event,
    write_property,
    write_thing,
)
from unisono.thing.model import Access, Action, Arg, Event, Model, Property, Service, Source
from unisono.thing.schema import Choice, Field, Schema, show
from unisono.thing.units import find_unit
from unisono.thing.value import check_value, repeated

__all__ = ["FORMAT", "read_thing"]

MAX_DEPTH = 12  # objects in lists in objects
MODEL = "tm:ThingModel"
REF = "tm:ref"
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


def read_thing(document: dict[str, Any], findings: Findings, path: str = "", names: Names | None = None) -> Model:
    """The model of a description."""
    reader = _Reader(findings, document)
    title = findings.text(document, "title", path)
    identity = findings.text(document, "id", path)
    is_model = MODEL in _types(document)
    named = title if is_model or not identity else identity
    id = make_id(FORMAT, named or digest(document)[:12])
    services = reader.services(path)
    model = Model(
        id=names.take(id) if names is not None else id,
        kind=_kind(_types(document), title),
        titles=reader.texts(document, "title", "titles", path),
        descriptions=reader.texts(document, "description", "descriptions", path),
        types=tuple(each for each in _types(document) if each != MODEL),
        extends=tuple(reader.extends(path)),
        services=services,
        source=Source(format=FORMAT, version="tm" if is_model else "td", uri=identity, sha256=digest(document)),
    )
    return keep(model, EXT, write_thing(model), document)


def _types(node: dict[str, Any]) -> list[str]:
    given = node.get("@type")
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, str)]


def _without_null(node: dict[str, Any]) -> dict[str, Any] | None:
    """Of a value or null, the schema of the value; None of what is said otherwise."""
    for word in ("oneOf", "anyOf"):
        alternatives = node.get(word)
        if "type" in node or not isinstance(alternatives, list) or len(alternatives) != 2:
            continue
        rest = [each for each in alternatives if isinstance(each, dict) and each.get("type") != "null"]
        if len(rest) == 1 and all(isinstance(each, dict) for each in alternatives):
            return {key: value for key, value in node.items() if key != word} | rest[0]
    return None


class _Reader:
    """The affordances of one description."""

    def __init__(self, findings: Findings, document: dict[str, Any]) -> None:
        self.findings = findings
        self._document = document
        self._rules = read_rules(FORMAT)
        self._optional = {each for each in self._list(document.get("tm:optional")) if isinstance(each, str)}
        self._is_model = MODEL in _types(document)

    def _list(self, value: Any) -> list[Any]:
        return value if isinstance(value, list) else []

    def texts(self, node: dict[str, Any], one: str, many: str, path: str) -> dict[str, str]:
        """A text and its translations. Of a text without a language, English is assumed."""
        found = {
            tag: text
            for tag, text in self.findings.mapping(node, many, path).items()
            if _LANGUAGE.fullmatch(tag) and isinstance(text, str)
        }
        single = self.findings.text(node, one, path)
        if single and single not in found.values():
            found = {"en" if "en" not in found else "und": single, **found}
        return found

    def extends(self, path: str) -> list[str]:
        """The models that links name as the ones it extends; they lie elsewhere, and are not fetched."""
        found: list[str] = []
        for _, where, link in self.findings.objects(self._document, "links", path):
            if link.get("rel") == "tm:extends" and isinstance(link.get("href"), str):
                found.append(link["href"])
                self.findings.note(where, "not_fetched", f"it extends {show(link['href'])}, which is not read along")
        return found

    def services(self, path: str) -> tuple[Service, ...]:
        """Names with dots are members of a service, as an export of ours writes them."""
        groups: dict[str, dict[str, list[Any]]] = {}
        makers = (("properties", self._property), ("actions", self._action), ("events", self._event))
        for kind, make in makers:
            taken: dict[str, Names] = {}
            for name, node in self.findings.mapping(self._document, kind, path).items():
                where = f"{path}.{kind}.{name}".lstrip(".")
                if not isinstance(node, dict):
                    self.findings.warn(where, "odd_member", f"{show(node)} is no object; it is left out")
                    continue
                service, key = _place(name)
                group = groups.setdefault(service, {each: [] for each, _ in makers})
                key = taken.setdefault(service, Names()).take(make_key(key, "member"))
                group[kind].append(make(name, key, self._resolved(node, where), node, where))
        return tuple(
            Service(
                key=key,
                properties=tuple(group["properties"]),
                actions=tuple(group["actions"]),
                events=tuple(group["events"]),
            )
            for key, group in groups.items()
        )

    def _resolved(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        """With what a local ``tm:ref`` points at; another document is not read along."""
        given = node.get(REF)
        if not isinstance(given, str):
            return node
        pointed: Any = self._document if given.startswith("#/") else None
        for part in given.removeprefix("#/").split("/"):
            pointed = pointed.get(part) if isinstance(pointed, dict) else None
        if not isinstance(pointed, dict):
            self.findings.warn(f"{path}.{REF}", "not_fetched", f"{show(given)} is not in this document; it is kept")
            return node
        return {**pointed, **node}

    def _property(self, name: str, key: str, whole: dict[str, Any], node: dict[str, Any], path: str) -> Property:
        pointer = f"/properties/{name}"
        access = _access(whole)
        value, raw_unit = self._value(whole, path)
        writable = "write" in access
        rule, value = self._trait(name, whole, value, raw_unit, writable)
        made = Property(
            key=key,
            ref=f"wot:{pointer}",
            type=next(iter(_types(whole)), None),
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit,
            codec=value.codec,
            titles=self.texts(whole, "title", "titles", path),
            descriptions=self.texts(whole, "description", "descriptions", path),
            access=access,
            role=role_of(rule, writable=writable),
            mandatory=self._is_model and pointer not in self._optional,
            default=self._default(whole, value, path),
            **bearing(rule, writable=writable),
        )
        return keep(made, EXT, write_property(made), node)

    def _trait(
        self, name: str, whole: dict[str, Any], value: Value, raw_unit: str | None, writable: bool
    ) -> tuple[Rule | None, Value]:
        """By its semantic type, else by its name."""
        names = [fold(each.rpartition(":")[2]) for each in _types(whole)]
        for each in [*names, fold(name.rpartition(".")[2])]:
            subject = Subject(each, "", value.schema.kind, writable, value.unit)
            rule, fitted = find_trait(value, self._rules, subject, raw_unit)
            if rule is not None:
                return rule, fitted
        return None, value

    def _default(self, whole: dict[str, Any], value: Value, path: str) -> Any:
        if "default" not in whole or value.codec:
            return msgspec.UNSET
        try:
            check_value(value.schema, whole["default"])
        except UnisonoError:
            self.findings.note(
                f"{path}.default", "odd_default", f"{show(whole['default'])} is no value of it; it is kept"
            )
            return msgspec.UNSET
        return whole["default"]

    def _action(self, name: str, key: str, whole: dict[str, Any], node: dict[str, Any], path: str) -> Action:
        pointer = f"/actions/{name}"
        made = Action(
            key=key,
            ref=f"wot:{pointer}",
            type=next(iter(_types(whole)), None),
            trait=self._rules.action(Subject(fold(name.rpartition(".")[2]))),
            titles=self.texts(whole, "title", "titles", path),
            descriptions=self.texts(whole, "description", "descriptions", path),
            inputs=self._args(whole, "input", path),
            outputs=self._args(whole, "output", path),
            call="sync" if whole.get("synchronous") is True else "async",
            safe=whole.get("safe") is True,
            idempotent=whole.get("idempotent") is True,
            mandatory=self._is_model and pointer not in self._optional,
        )
        return keep(made, EXT, write_action(made), node)

    def _event(self, name: str, key: str, whole: dict[str, Any], node: dict[str, Any], path: str) -> Event:
        pointer = f"/events/{name}"
        made = Event(
            key=key,
            ref=f"wot:{pointer}",
            type=next(iter(_types(whole)), None),
            titles=self.texts(whole, "title", "titles", path),
            descriptions=self.texts(whole, "description", "descriptions", path),
            args=self._args(whole, "data", path),
            mandatory=self._is_model and pointer not in self._optional,
        )
        return keep(made, EXT, write_event(made), node)

    def _args(self, node: dict[str, Any], name: str, path: str) -> tuple[Arg, ...]:
        """The members of an object are the arguments; anything else is one argument, ``value``."""
        if name not in node:
            return ()
        data = self.findings.mapping(node, name, path)
        where = f"{path}.{name}"
        members = data.get("properties")
        if data.get("type") == "object" and isinstance(members, dict):
            required = self._list(data.get("required"))
            return tuple(
                self._arg(key, each, f"{where}.{key}", optional=key not in required)
                for key, each in members.items()
                if isinstance(each, dict)
            )
        whole = self._arg("value", data, where, optional=False)
        return (msgspec.structs.replace(whole, ref="wot:value"),)

    def _arg(self, key: str, node: dict[str, Any], path: str, *, optional: bool) -> Arg:
        value, raw_unit = self._value(node, path)
        made = Arg(
            key=key,
            schema=value.schema,
            unit=value.unit,
            raw_unit=raw_unit,
            optional=optional,
            titles=self.texts(node, "title", "titles", path),
            descriptions=self.texts(node, "description", "descriptions", path),
        )
        return keep(made, EXT, write_arg(made), node)

    # --- data schemas ---------------------------------------------------------------------------------------------

    def _value(self, node: dict[str, Any], path: str) -> tuple[Value, str | None]:
        schema = self._schema(node, path, 1)
        raw_unit = self.findings.text(node, "unit", path)
        unit = find_unit(raw_unit.rpartition(":")[2]) if raw_unit is not None else None
        plain = raw_unit if schema.kind in ("int", "float", "array") else None
        return Value(schema, unit.code if unit is not None and plain is not None else None), plain

    def _schema(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        if depth > MAX_DEPTH:
            self.findings.warn(path, "too_deep", "it is nested too deep; any value is taken")
            return Schema(kind="any")
        filled = _without_null(node)
        if filled is not None:
            return msgspec.structs.replace(self._schema(filled, path, depth + 1), nullable=True)
        kind = node.get("type")
        choices = self._choices(node, path)
        nullable = isinstance(kind, list) and "null" in kind
        if isinstance(kind, list):  # JSON Schema knows lists of types; descriptions do not, but people write them
            plain = [each for each in kind if each != "null"]
            kind = plain[0] if len(plain) == 1 else None
        read = _TYPES.get(kind) if isinstance(kind, str) else None
        if choices and kind in ("string", "integer", "number", None):
            made = Schema(kind="enum", choices=choices, format=kind if isinstance(kind, str) else None)
        elif read is not None:
            made = read(self, node, path, depth)
        else:
            if kind is not None:
                self.findings.warn(f"{path}.type", "odd_type", self.findings.unknown("type", node.get("type"), _TYPES))
            made = Schema(kind="any")
        return msgspec.structs.replace(made, nullable=True) if nullable else made

    def _choices(self, node: dict[str, Any], path: str) -> tuple[Choice, ...]:
        found = [Choice(value=each) for each in self._list(node.get("enum")) if type(each) in (str, int, float, bool)]
        if not found:
            alternatives = self._list(node.get("oneOf"))
            if alternatives and all(isinstance(each, dict) and "const" in each for each in alternatives):
                found = [
                    Choice(value=each["const"], titles=self.texts(each, "title", "titles", path))
                    for each in alternatives
                    if type(each["const"]) in (str, int, float, bool)
                ]
        if not found and type(node.get("const")) in (str, int, float):
            found = [Choice(value=node["const"])]
        twice = repeated([each.value for each in found])
        return tuple(each for at, each in enumerate(found) if at not in twice)

    def _boolean(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        return Schema(kind="bool")

    def _number(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        findings = self.findings
        low, high = findings.number(node, "minimum", path), findings.number(node, "maximum", path)
        if low is not None and high is not None and low > high:
            findings.warn(path, "empty_range", f"no value lies between {low} and {high}; the range is left out")
            low = high = None
        step = findings.number(node, "multipleOf", path)
        if step is not None and step <= 0:
            findings.warn(path, "odd_step", f"a multiple of {step} leads nowhere; it is left out")
            step = None
        return Schema(kind="int" if node["type"] == "integer" else "float", min=low, max=high, step=step)

    def _string(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        low, high = self._sizes(node, "minLength", "maxLength", path)
        if node.get("contentEncoding") == "base64":
            return Schema(kind="bytes", len_min=low, len_max=high)
        if node.get("format") == "date-time":
            return Schema(kind="datetime")
        pattern = self.findings.text(node, "pattern", path)
        hint = self.findings.text(node, "format", path)
        return Schema(kind="string", len_min=low, len_max=high, pattern=pattern, format=hint)

    def _object(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        required = self._list(node.get("required"))
        fields: list[Field] = []
        for key, each in self.findings.mapping(node, "properties", path).items():
            if not isinstance(each, dict):
                self.findings.warn(f"{path}.{key}", "odd_member", f"{show(each)} is no schema; it is left out")
                continue
            where = f"{path}.{key}"
            raw_unit = self.findings.text(each, "unit", where)
            fields.append(
                Field(
                    key=key,
                    schema=self._schema(each, where, depth + 1),
                    optional=key not in required,
                    raw_unit=raw_unit,
                    titles=self.texts(each, "title", "titles", where),
                    descriptions=self.texts(each, "description", "descriptions", where),
                )
            )
        return Schema(kind="object", fields=tuple(fields), open=node.get("additionalProperties") is not False)

    def _array(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        low, high = self._sizes(node, "minItems", "maxItems", path)
        given = node.get("items")
        items = self._schema(given, f"{path}.items", depth + 1) if isinstance(given, dict) else None
        return Schema(kind="array", items=items, count_min=low, count_max=high)

    def _sizes(self, node: dict[str, Any], low: str, high: str, path: str) -> tuple[int | None, int | None]:
        least, most = self.findings.whole(node, low, path), self.findings.whole(node, high, path)
        if (least or 0) < 0 or (most is not None and most < (least or 0)):
            self.findings.warn(path, "empty_range", f"nothing is as long as {low} and {high} want; they are left out")
            return None, None
        return least, most

    def _null(self, node: dict[str, Any], path: str, depth: int) -> Schema:
        return Schema(kind="any", format="null")


_TYPES: dict[str, Any] = {
    "boolean": _Reader._boolean,
    "integer": _Reader._number,
    "number": _Reader._number,
    "string": _Reader._string,
    "object": _Reader._object,
    "array": _Reader._array,
    "null": _Reader._null,
}


def _place(name: str) -> tuple[str, str]:
    """Service and key of a name: ``light.on`` is ``on`` of the service ``light``, where these are keys."""
    service, dot, key = name.rpartition(".")
    parts = service.split(".")
    if dot and key and len(parts) <= 10 and all(part == make_key(part, "") for part in (*parts, key)):
        return service, key
    return "", name


def _access(node: dict[str, Any]) -> tuple[Access, ...]:
    found: list[Access] = []
    if node.get("writeOnly") is not True:
        found.append("read")
    if node.get("readOnly") is not True:
        found.append("write")
    if node.get("observable") is True:
        found.append("notify")
    return tuple(found) or ("read",)


def _kind(types: list[str], title: str | None) -> str | None:
    """What it is: a lamp that can be switched is a lamp. Its title counts where its types tell nothing."""
    rules = read_rules(FORMAT)
    found = [kind for each in types if (kind := rules.kind(each.rpartition(":")[2])) is not None]
    telling = [each for each in found if each != "switch"]
    return next(iter([*telling, *found]), None) or rules.kind(title or "")
