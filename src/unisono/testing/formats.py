"""What every model format must do, to be inherited by the tests of one.

Knows the protocol `unisono.thing.formats.Format` and how strangers' documents go wrong. A format's test class names the
format and some documents of it::

    class TestMiot(FormatConformance):
        format = MIOT
        documents = (LAMP, HEATER)
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unisono.thing import Model, Property, Schema, Service, builtin_models, check_model, dump_model, load_model
from unisono.thing.formats.document import JsonFormat
from unisono.thing.formats.residue import identical

__all__ = ["JSON", "FormatConformance", "changed", "without_raw"]

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["name", "type", "properties", "", "bool", "1", "-1", "0x10"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

_FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])


def without_raw(model: Model) -> Model:
    """The model as it is stored and read again, with nothing left of the document it came from."""
    stored = load_model(dump_model(model))
    if stored.source is None:
        return stored
    return msgspec.structs.replace(stored, source=msgspec.structs.replace(stored.source, raw=msgspec.UNSET))


def changed(model: Model, key: str, **fields: Any) -> Model:
    """The model with fields of one property, by address, replaced."""

    def one(service: Service, property: Property) -> Property:
        address = f"{service.key}.{property.key}" if service.key else property.key
        return msgspec.structs.replace(property, **fields) if address == key else property

    services = tuple(
        msgspec.structs.replace(service, properties=tuple(one(service, each) for each in service.properties))
        for service in model.services
    )
    return msgspec.structs.replace(model, services=services)


def _changes(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes that an export has to show: property by property another title, and half the range."""
    for service in model.services:
        for property in service.properties if not _borrowed(service) else ():
            address = f"{service.key}.{property.key}" if service.key else property.key
            if property.parameter_only or property.hidden or _borrowed(property):
                continue
            yield address, {"titles": {"en": "Something else"}}
            schema = property.schema
            low, high = schema.min, schema.max
            if isinstance(low, int | float) and isinstance(high, int | float) and schema.kind in ("int", "float"):
                half = low + (high - low) // 2
                if half != high:
                    yield address, {"schema": msgspec.structs.replace(schema, max=half)}


def _borrowed(member: Service | Property) -> bool:
    """Whether it stands in the document of another: of a template, or of what it derives from."""
    return any(isinstance(kept, dict) and (kept.get("made") or kept.get("inherited")) for kept in member.ext.values())


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in members:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += _places(value, (*path, key))[1:]
    return found


def _damage(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    damaged = copy.deepcopy(document)
    node = damaged
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return damaged


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


#: Other values of the same type: texts of any script, numbers at their ends, lists the other way round, members more.
WILD: dict[type, Callable[[Any], list[Any]]] = {
    bool: lambda value: [not value],
    int: lambda value: [0, 1, -1, 255, -(10**9), 2**53, value + 1],
    float: lambda value: [0.0, -0.5, 1e-9, 1e300, value * 2],
    str: lambda _value: ["", "x", "电视 1", "a.b/c d", "é" * 40, "\U0001f600", "0", "-1", "true", "A" * 300],
    list: lambda value: [[], value + value, value[::-1], value[:1]],
    dict: lambda value: [{**value, "x-extra": more} for more in (1, "t", None, [1], {"a": 1.0})],
}


class FormatConformance:
    """Inherited by the tests of each format. ``documents``: of one model each, as a maker writes them."""

    format: ClassVar[JsonFormat]
    documents: ClassVar[tuple[Any, ...]]

    def test_its_documents_are_recognised(self) -> None:
        for document in self.documents:
            assert self.format.sniff(msgspec.json.encode(document))
        assert not self.format.sniff(b"unisono_model: 1")
        assert not self.format.sniff(b'{"a": []}')
        assert not self.format.sniff(b"[]")

    def test_documents_come_back_without_their_source(self) -> None:
        for document in self.documents:
            models, findings = self.format.read(msgspec.json.encode(document))
            assert len(models) == 1, findings
            assert [each for each in findings if each.severity == "error"] == []
            written = msgspec.json.decode(self.format.write(without_raw(models[0])))
            assert identical(written, document)

    def test_what_is_changed_in_a_model_is_in_its_export(self) -> None:
        """A title or a range; what is only there because another document or part says so is not its own to change."""
        for document in self.documents:
            model = without_raw(self.format.read(msgspec.json.encode(document))[0][0])
            before = self.format.write(model)
            for address, fields in _changes(model):
                after = self.format.write(changed(model, address, **fields))
                assert after != before, (model.id, address, fields)

    def test_reading_twice_gives_the_same_model(self) -> None:
        for document in self.documents:
            data = msgspec.json.encode(document)
            assert [dump_model(each) for each in self.format.read(data)[0]] == [
                dump_model(each) for each in self.format.read(data)[0]
            ]

    @given(data=st.binary(max_size=64))
    @_FEW
    def test_any_bytes_are_answered(self, data: bytes) -> None:
        models, findings = self.format.read(data)
        assert models or any(each.severity == "error" for each in findings)

    @given(document=JSON)
    @_FEW
    def test_any_json_is_answered(self, document: Any) -> None:
        models, findings = self.format.read(msgspec.json.encode(document))
        assert models or findings
        self._sound(models)

    @given(document=JSON)
    @_FEW
    def test_any_json_inside_its_lists_is_answered(self, document: Any) -> None:
        models, findings = self.format.read(msgspec.json.encode([document, *self.documents]))
        assert models or findings
        self._sound(models)

    @given(seed=st.integers(0, 2**32), value=JSON)
    @settings(_FEW, max_examples=80)
    def test_a_damaged_document_is_answered_and_what_is_read_comes_back(self, seed: int, value: Any) -> None:
        chance = random.Random(seed)
        document = chance.choice(self.documents)
        damaged = _damage(document, chance.choice(_places(document)), value)
        models, findings = self.format.read(msgspec.json.encode(damaged))
        assert models or findings
        self._sound(models)

    @given(seed=st.integers(0, 2**32))
    @settings(_FEW, max_examples=80)
    def test_a_wild_and_legal_document_comes_back_whole(self, seed: int) -> None:
        """Texts of any script, numbers at their ends, lists the other way round, members that nobody knows."""
        chance = random.Random(seed)
        document = chance.choice(self.documents)
        for _ in range(2):
            path = chance.choice(_places(document)[1:])
            before = _at(document, path)
            others = WILD[type(before)](before) if before is not None else [0, "x"]
            document = _damage(document, path, chance.choice(others))
        data = msgspec.json.encode(document)
        models, _ = self.format.read(data)
        if len(models) == 1:
            assert identical(msgspec.json.decode(self.format.write(without_raw(models[0]))), msgspec.json.decode(data))

    def test_missing_members_are_answered(self) -> None:
        for document in self.documents:
            for path in _places(document)[1:]:
                node = damaged = copy.deepcopy(document)
                for key in path[:-1]:
                    node = node[key]
                del node[path[-1]]
                models, findings = self.format.read(msgspec.json.encode(damaged))
                assert models or findings, path
                self._sound(models)

    def _sound(self, models: list[Model]) -> None:
        for model in models:
            assert [each for each in check_model(model) if each.severity == "error"] == []
            again = without_raw(model)
            assert dump_model(again) == dump_model(model)
            self.format.write(again)

    def test_built_in_models_are_written_and_read(self) -> None:
        for id, model in builtin_models().items():
            written = self.format.write(model)
            assert self.format.sniff(written), id
            models, findings = self.format.read(written)
            assert len(models) == 1, (id, findings)
            assert [each for each in findings if each.severity == "error"] == [], id
            again = msgspec.json.decode(self.format.write(models[0]))
            assert identical(again, msgspec.json.decode(written)), id

    def test_every_kind_of_schema_is_written_and_read(self) -> None:
        fields: dict[str, Any] = {"enum": {"choices": [{"value": "a"}, {"value": "b"}]}, "bitmap": {"bits": 4},
                  "object": {"fields": [{"key": "x", "schema": {"kind": "float"}}]},
                  "array": {"items": {"kind": "int"}}}  # fmt: skip
        kinds = ["bool", "int", "float", "decimal", "string", "bytes", "enum", "bitmap", "datetime", "duration",
                 "object", "array", "any"]  # fmt: skip
        properties = tuple(
            Property(key=f"a_{kind}", schema=msgspec.convert({"kind": kind, **fields.get(kind, {})}, Schema))
            for kind in kinds
        )
        model = Model(id="acme.all", services=(Service(properties=properties),))
        models, findings = self.format.read(self.format.write(model))
        assert len(models) == 1, findings
        assert [each for each in findings if each.severity == "error"] == []
