"""What is rare: values that no trait's form takes, and models that no maker would write."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.testing.formats import changed
from unisono.thing import Action, Arg, Choice, Model, Property, Schema, Service, Source
from unisono.thing.codec import Color, Map, Offset, Scale
from unisono.thing.formats import document, formats
from unisono.thing.formats import files as module
from unisono.thing.formats.document import Findings, JsonFormat, read_json
from unisono.thing.formats.files import read_models
from unisono.thing.formats.fit import Value, fit, wire_bounds, wire_value
from unisono.thing.formats.matter import MATTER
from unisono.thing.formats.matter.elements import Elements
from unisono.thing.formats.miot import MIOT
from unisono.thing.formats.native import NATIVE
from unisono.thing.formats.residue import difference, identical, restore
from unisono.thing.formats.rules import Rule
from unisono.thing.formats.tencent import TENCENT
from unisono.thing.formats.tsl import TSL
from unisono.thing.formats.units import spell_unit
from unisono.thing.formats.vss import VSS
from unisono.thing.formats.wot import WOT
from unisono.thing.formats.zigbee2mqtt import ZIGBEE2MQTT
from unisono.thing.value import repeated


def enum(*values: Any, **titles: str) -> Schema:
    return Schema(kind="enum", choices=tuple(Choice(value=each, key=titles.get(str(each))) for each in values))


def rule(trait: str, **more: Any) -> Rule:
    return Rule(name="", trait=trait, **more)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Value(Schema(kind="float")), rule("nonsense")),
        (Value(Schema(kind="float")), rule("horn")),
        (Value(Schema(kind="float"), "furlong"), rule("power")),
        (Value(Schema(kind="float"), "kg"), rule("power")),
        (Value(enum("a", "b")), rule("power")),
        (Value(enum(7, 8)), rule("seat_heating")),
        (Value(Schema(kind="bool")), rule("contact")),
        (Value(Schema(kind="int")), rule("state")),
        (Value(Schema(kind="float")), rule("on_off")),
        (Value(enum("auto", "x")), rule("hvac_mode")),
        (Value(Schema(kind="float")), rule("mode")),
        (Value(Schema(kind="float")), rule("color")),
        (Value(Schema(kind="object")), rule("color")),
        (Value(Schema(kind="object")), rule("location")),
    ],
)  # fmt: skip
def test_what_a_trait_cannot_take_has_none(value: Value, wanted: Rule) -> None:
    assert fit(value, wanted) is None


def test_levels_of_a_seat_and_a_switch_that_is_a_number() -> None:
    named = tuple(Choice(value=10 + at, key=key) for at, key in enumerate(("Off", "Low", "High")))
    schema = Schema(kind="enum", choices=named)
    seat = fit(Value(schema), rule("seat_heating"))
    assert seat is not None
    assert (seat.schema.kind, seat.schema.max, wire_value(seat.codec, 3)) == ("int", 3, 12)
    twice = Schema(kind="enum", choices=(Choice(value=1, key="x"), Choice(value=2, key="y")))
    assert fit(Value(twice), rule("seat_heating", values={"x": 1, "y": 1})) is None
    switch = fit(Value(Schema(kind="int", min=0, max=1)), rule("on_off"))
    assert switch is not None
    assert (wire_value(switch.codec, True), wire_value(switch.codec, "x")) == (1, None)
    # a map behind a map that does not know all of it stays one of its own
    coded = Value(enum("a", "b"), None, (Map(pairs=((1, "a"),)),))
    mapped = fit(coded, rule("mode", values={"a": "one", "b": "two"}))
    assert mapped is not None
    assert len(mapped.codec) == 2


def test_a_bound_that_has_no_counterpart_is_left_out() -> None:
    warm = fit(Value(Schema(kind="int", min=0, max=500), "MK-1"), rule("color_temperature"))
    assert warm is not None
    assert (warm.schema.min, warm.schema.max) == (2000, None)
    assert wire_bounds(Schema(kind="float"), warm.codec) == (None, None)


def test_units_that_nobody_knows() -> None:
    assert spell_unit("furlong", "°C") == "furlong"
    assert spell_unit("K", "°C", (Offset(by=273.15),)) == "°C"
    assert spell_unit("K", "°C", (Scale(by=2),)) is None
    assert spell_unit("K", "°C") == "K"
    assert spell_unit(None, None, (Scale(by=2),)) is None


def test_differences_of_what_is_nested() -> None:
    assert identical({"a": [1, {"b": 1}]}, {"a": [1, {"b": 1}]})
    assert not identical(1, 1.0)
    assert not identical([1], [1, 2])
    found = difference({"a": [1, 2]}, {"a": [1]})
    assert restore({"a": [1, 2]}, found) == {"a": [1]}
    assert restore({"a": [3]}, found) == {"a": [3]}
    assert repeated([[1], [1], {"a": 1}, True, 1, 1]) == [1, 5]


class Odd(JsonFormat):
    """A format that gives unsound models, and one that is no JSON format."""

    name = "odd"
    made: ClassVar[list[Model]] = [Model(id="NO ID")]

    def recognises(self, document: Any) -> bool:
        return bool(document == ["odd"])

    def take(self, document: Any, findings: Findings) -> list[Model]:
        return self.made

    def make(self, model: Model) -> Any:
        return {}


def test_unsound_models_of_a_format_are_not_given_on() -> None:
    models, findings = Odd().read_document(["odd"])
    assert (models, findings[0].rule) == ([], "bad_id")
    with pytest.raises(CallerError, match="no model"):
        Odd().write_all([])


class Marked:
    """A third party's format whose files happen to be JSON."""

    name = "marked"

    def sniff(self, data: bytes) -> bool:
        return b"marked" in data

    def read(self, data: bytes) -> Any:
        return NATIVE.read(b"unisono_model: 1\nid: marked.x\n")


def test_a_third_partys_format_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "formats", lambda: {"marked": Marked(), **formats()})
    assert read_models(b'["marked"]').format == "marked"
    assert read_models(b"marked: yes").format == "marked"


def test_a_text_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_BYTES", 3)
    assert read_json(b"[1, 2]")[1][0].rule == "too_large"


def one(*properties: Property, **more: Any) -> Model:
    return Model(id="acme.x", services=(Service(key="s", properties=properties, **more),))


def test_models_that_no_maker_would_write() -> None:
    wide = Property(key="wide", schema=Schema(kind="int", min=-(2**40), max=2**40))
    signed = Property(key="signed", schema=Schema(kind="int", min=-5, max=5))
    parameter = Property(key="parameter", schema=Schema(kind="bool"), access=(), parameter_only=True)
    nullable = Property(key="nullable", schema=Schema(kind="float", nullable=True))
    number = Property(key="number", schema=Schema(kind="string", format="color"), codec=(Color(space="number"),))
    text = Property(key="text", schema=Schema(kind="string", format="color"), ref="z2m:text")
    mixed = Property(key="mixed", schema=enum("a", 1))
    plain = Property(key="plain", schema=enum(True, False))
    turned = Property(key="turned", schema=Schema(kind="bool"), codec=(Map(pairs=((False, True), (True, False))),))
    numbers = Property(key="numbers", schema=Schema(kind="bool"), codec=(Map(pairs=((1, True), (0, False))),))
    halves = Property(key="halves", schema=Schema(kind="bool"), codec=(Map(pairs=((0.5, True), (0, False))),))
    raw = Property(key="raw", schema=Schema(kind="float"), unit="Cel", raw_unit="om2:Cel")
    action = Action(key="go", inputs=(Arg(key="a", property="s.wide"), Arg(key="b", schema=Schema(kind="int"))))
    properties = (wide, signed, parameter, nullable, number, text, mixed, plain, turned, numbers, halves, raw)
    model = one(*properties, actions=(action,))
    for format in formats().values():
        assert read_models(format.write(model)).models, format.name
    instance = msgspec.json.decode(MIOT.write(model))["services"][0]
    assert [each["format"] for each in instance["properties"][:2]] == ["int64", "int8"]
    assert instance["actions"][0]["in"] == [1]
    described = msgspec.json.decode(WOT.write(model))["properties"]
    assert "s.parameter" not in described
    assert described["s.numbers"]["enum"] == [1, 0]
    assert described["s.raw"]["unit"] == "om2:Cel"
    exposes = {
        each["name"]: each for each in msgspec.json.decode(ZIGBEE2MQTT.write(model))["exposes"] if "name" in each
    }
    assert exposes["text"]["type"] == "text"
    block = msgspec.json.decode(TSL.write(model))["functionBlocks"][0]
    rgb = next(each for each in block["properties"] if each["identifier"] == "number")
    assert rgb["dataType"]["specs"]["max"] == "16777215"
    cluster = msgspec.json.decode(MATTER.write(model))["children"]
    assert next(each for each in cluster if each["name"] == "Nullable")["quality"] == "X"


def test_ends_of_matter() -> None:
    names = [f"C{number}" for number in range(12)]
    after = [*names[1:], "none"]
    chain = [{"tag": "cluster", "name": name, "type": base} for name, base in zip(names, after, strict=True)]
    known = Elements(chain)
    assert len(known.bases(chain[0])) == 8
    assert known.declared(5, chain[0]) is None
    wrong = {"tag": "cluster", "name": "W", "id": 1, "children": [
        {"tag": "attribute", "name": "A", "id": 0, "type": "uint8", "constraint": "max 5", "default": 9}]}  # fmt: skip
    model = MATTER.read(msgspec.json.encode(wrong))[0][0]
    assert model.properties["W.A"].default is msgspec.UNSET
    assert msgspec.json.decode(MATTER.write(model)) == wrong
    two = Model(id="acme.two", services=(Service(key="a"), Service(key="b", ref="elsewhere")))
    assert [each["name"] for each in msgspec.json.decode(MATTER.write(two))["children"]] == ["A", "B"]


def test_ends_of_the_others() -> None:
    assert ZIGBEE2MQTT.read(b'[{"exposes": []}]')[1][0].rule == "no_name"
    number = {"id": "x", "mode": "r", "define": {"type": "float", "min": "1e999", "max": "1"}}
    found = TENCENT.read(msgspec.json.encode({"properties": [number]}))[1]
    assert "odd_number" in [each.rule for each in found]
    deep: dict[str, Any] = {"type": "branch"}
    for _ in range(80):
        deep = {"type": "branch", "children": {"A": deep}}
    assert VSS.read(msgspec.json.encode({"Vehicle": deep}))[0]
    flat = {
        "Vehicle.A": {"type": "sensor", "datatype": "boolean", "description": "a"},
        "Vehicle.A.B": {"type": "sensor", "datatype": "int8", "description": "b"},
    }
    model = VSS.read(msgspec.json.encode(flat))[0][0]
    assert set(msgspec.json.decode(VSS.write(model))) <= set(flat) | {"Vehicle"}
    edited = {"vss": {"flat": {"without": 5}, "extra": {"Odd": {"type": "branch", "children": {"x": 1}}}}}
    assert "Odd" in msgspec.json.decode(VSS.write(msgspec.structs.replace(model, ext=edited)))
    source = Source(format="vss")
    assert "Vehicle" in msgspec.json.decode(VSS.write(Model(id="x", product="Vehicle", source=source)))
    assert changed(model, "none") == model
