"""W3C WoT: what descriptions and models mean, and that they come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, Property, Schema, Service, builtin_model, builtin_models, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.residue import identical
from unisono.thing.formats.wot import WOT

# as node-wot exposes it
LAMP: dict[str, Any] = {
    "@context": ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1", {"saref": "https://w3id.org/saref#"}],
    "@type": ["Thing", "saref:LightSwitch"],
    "id": "urn:dev:ops:32473-WoTLamp-1234",
    "title": "MyLampThing",
    "titles": {"en": "MyLampThing", "de": "Meine Lampe"},
    "securityDefinitions": {"basic_sc": {"scheme": "basic", "in": "header"}},
    "security": ["basic_sc"],
    "links": [{"rel": "manual", "href": "m.pdf"}],
    "properties": {
        "status": {"type": "boolean", "readOnly": False, "observable": True, "forms": [
            {"href": "https://mylamp.example.com/status", "op": ["readproperty", "writeproperty"]}]},
        "brightness": {"@type": "BrightnessProperty", "title": "Brightness", "type": "integer", "minimum": 0,
                       "maximum": 255, "default": 7},
        "temperature": {"type": ["number", "null"], "unit": "om2:degree Celsius", "readOnly": True},
        "level": {"type": "number", "unit": "percent", "readOnly": True, "multipleOf": 0.5},
        "mode": {"oneOf": [{"const": "a", "title": "A mode"}, {"const": "b"}], "type": "string"},
        "secret": {"type": "string", "writeOnly": True, "minLength": 1, "maxLength": 9, "pattern": "^x",
                   "format": "uri"},
        "place": {"type": "object", "required": ["lat"], "additionalProperties": False,
                  "properties": {"lat": {"type": "number", "unit": "deg", "title": "Lat"}, "odd": 7}},
        "list": {"type": "array", "items": {"type": "integer", "enum": [1, 2, 2]}, "minItems": 1, "maxItems": 3},
        "when": {"type": "string", "format": "date-time"},
        "blob": {"type": "string", "contentEncoding": "base64", "maxLength": 10},
        "nothing": {"type": "null"},
        "anything": {},
        "fixed": {"const": 5},
        "part.on": {"type": "boolean"},
        "odd type": {"type": "mystery"},
        "both": {"readOnly": True, "writeOnly": True, "type": "boolean"},
        "bad": {"type": "number", "minimum": 9, "maximum": 1, "multipleOf": 0, "default": "x"},
        "sizes": {"type": "string", "minLength": 5, "maxLength": 1},
        "odd": 5,
    },
    "actions": {
        "toggle": {"safe": False, "idempotent": False, "forms": [{"href": "https://mylamp.example.com/toggle"}]},
        "fade": {"@type": "FadeAction", "synchronous": True, "input": {
            "type": "object", "required": ["level"],
            "properties": {"level": {"type": "integer", "minimum": 0}, "duration": {"type": "integer", "unit": "ms"},
                           "odd": 1}},
                 "output": {"type": "string"}},
    },
    "events": {
        "overheating": {"@type": "OverheatedEvent", "data": {"type": "number", "unit": "celsius"}, "forms": []},
        "plain": {"description": "Nothing to say", "subscription": {"type": "string"}},
    },
}  # fmt: skip

MODEL: dict[str, Any] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "@type": "tm:ThingModel",
    "title": "Smart Pump",
    "description": "A pump",
    "descriptions": {"en": "A pump", "zh": "泵"},
    "version": {"model": "1.0.0"},
    "links": [{"rel": "tm:extends", "href": "https://example.com/pump.tm.json", "type": "application/tm+json"},
              {"rel": "tm:submodel", "href": "./x.tm.json", "instanceName": "x"}, 7],
    "properties": {
        "flow": {"type": "number", "unit": "L/min", "readOnly": True, "maximum": "{{MAX}}"},
        "again": {"tm:ref": "#/properties/flow", "title": "Again"},
        "other": {"tm:ref": "https://example.com/x.tm.json#/properties/x"},
        "lost": {"tm:ref": "#/properties/none/deeper"},
    },
    "actions": {"dock": {}},
    "tm:optional": ["/properties/flow", "/actions/dock", 9],
}  # fmt: skip


def read(document: Any) -> Model:
    models, findings = WOT.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


def written(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(WOT.write(model))
    return found


class TestWot(FormatConformance):
    format = WOT
    documents = (LAMP, MODEL)


def test_a_description() -> None:
    model = read(LAMP)
    assert (model.id, model.titles["de"], model.types) == (
        "wot.urn-dev-ops-32473-wotlamp-1234", "Meine Lampe", ("Thing", "saref:LightSwitch"),
    )  # fmt: skip
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "status": "on_off", "brightness": "brightness", "temperature": "temperature", "level": "level", "mode": "mode",
        "part.on": "on_off",
    }  # fmt: skip
    assert found["status"].access == ("read", "write", "notify")
    assert (decode(found["brightness"].codec, 255), encode(found["brightness"].codec, 50)) == (100, 128)
    assert found["temperature"].schema.nullable
    assert [each.titles for each in found["mode"].schema.choices] == [{"en": "A mode"}, {}]
    assert (found["secret"].access, found["secret"].schema.pattern) == (("write",), "^x")
    assert [(each.key, each.optional) for each in found["place"].schema.fields] == [("lat", False)]
    assert found["list"].schema.items is not None
    assert [each.value for each in found["list"].schema.items.choices] == [1, 2]
    kinds = {key: each.schema.kind for key, each in found.items()}
    assert (kinds["when"], kinds["blob"], kinds["nothing"], kinds["anything"], kinds["fixed"], kinds["odd_type"]) == (
        "datetime", "bytes", "any", "any", "enum", "any",
    )  # fmt: skip
    assert found["both"].access == ("read",)
    fade = model.actions["fade"]
    assert ([(each.key, each.optional) for each in fade.inputs], fade.call) == (
        [("level", False), ("duration", True)],
        "sync",
    )
    assert [each.key for each in fade.outputs] == ["value"]
    assert model.events["overheating"].args[0].unit == "Cel"
    compile_model(model)


def test_a_thing_model() -> None:
    model = read(MODEL)
    assert (model.id, model.extends, model.descriptions["zh"]) == (
        "wot.smart-pump", ("https://example.com/pump.tm.json",), "泵",
    )  # fmt: skip
    found = model.properties
    assert (found["flow"].trait, found["flow"].mandatory, found["again"].mandatory) == ("flow", False, True)
    assert (found["again"].schema.kind, found["again"].titles) == ("float", {"en": "Again"})
    assert found["other"].schema.kind == "any"
    assert model.actions["dock"].trait == "dock"
    _, findings = WOT.read(msgspec.json.encode(MODEL))
    assert {each.rule for each in findings} == {"not_fetched", "odd_member", "odd_value"}


def test_every_oddity_is_told() -> None:
    _, findings = WOT.read(msgspec.json.encode(LAMP))
    assert {each.rule for each in findings} >= {"odd_member", "odd_type", "empty_range", "odd_step", "odd_default"}
    deep: dict[str, Any] = {"type": "number"}
    for _ in range(20):
        deep = {"type": "array", "items": deep}
    odd = {**MODEL, "properties": {"deep": deep, "types": {"type": ["number", "string"]}}, "title": ["no text"]}
    _, findings = WOT.read(msgspec.json.encode(odd))
    assert {each.rule for each in findings} >= {"too_deep", "odd_value"}
    assert WOT.read(b'[5, {"properties": {}}]')[1][0].rule == "bad_thing"


@pytest.mark.parametrize(
    ("key", "fields", "member", "value"),
    [
        ("status", {"titles": {"en": "On"}}, "title", "On"),
        ("status", {"access": ("read",)}, "readOnly", True),
        ("level", {"unit": "Cel"}, "unit", "Cel"),
        ("temperature", {"unit": "K"}, "unit", "K"),
        ("brightness", {"default": 9}, "default", 9),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, member: str, value: Any) -> None:
    assert written(changed(read(LAMP), key, **fields))["properties"][key][member] == value


def test_a_changed_range_is_in_the_export_as_the_wire_counts() -> None:
    model = read(LAMP)
    schema = msgspec.structs.replace(model.properties["brightness"].schema, max=50)
    assert written(changed(model, "brightness", schema=schema))["properties"]["brightness"]["maximum"] == 128


def test_built_in_models_are_thing_models_by_the_rules_of_their_own() -> None:
    for model in builtin_models().values():
        made = written(model)
        assert made["@context"] == "https://www.w3.org/2022/wot/td/v1.1"
        assert made["@type"] == "tm:ThingModel"
        assert made["title"]
        for each in made.get("properties", {}).values():
            kinds = ("boolean", "integer", "number", "string", "object", "array")
            assert each.get("type") in kinds or "enum" in each or "oneOf" in each
    made = written(builtin_model("light"))
    assert made["properties"]["on_off"]["type"] == "boolean"
    assert made["titles"]["zh"] == "灯"
    again = read(made)
    assert {each.trait for each in again.properties.values()} >= {"on_off", "brightness", "color"}


def test_values_of_the_wire_that_are_no_booleans() -> None:
    from unisono.thing.formats.zigbee2mqtt import ZIGBEE2MQTT

    expose = {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}
    lamp = ZIGBEE2MQTT.read(msgspec.json.encode({"vendor": "A", "model": "B", "exposes": [expose]}))[0][0]
    assert written(without_raw(lamp))["properties"]["state"]["enum"] == ["ON", "OFF"]
    assert identical(written(read(LAMP)), LAMP)


@pytest.mark.parametrize(
    ("words", "trait"),
    [(["on", "off"], "on_off"), (["idle", "running", "off"], "state"), (["a", "b"], None)],
)
def test_a_status_is_what_its_words_are(words: list[str], trait: str | None) -> None:
    status = {"type": "string", "enum": words, "readOnly": True}
    document = {"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": "tm:ThingModel", "title": "L"}
    document["properties"] = {"status": status}  # type: ignore[assignment]
    models, _found = WOT.read(msgspec.json.encode(document))
    assert models[0].properties["status"].trait == trait
    assert msgspec.json.decode(WOT.write(without_raw(models[0]))) == document


@pytest.mark.parametrize(
    ("types", "title", "kind"),
    [
        (["OnOffSwitch", "Light", "ColorControl"], "Bulb", "light"),
        (["OnOffSwitch"], "Hall light", "switch"),
        (["Thermostat", "TemperatureSensor"], "Heating", "climate"),
        (["Thing"], "Desk lamp", "light"),
        ([], "Something", None),
    ],
)
def test_the_kind_is_what_the_types_tell_best(types: list[str], title: str, kind: str | None) -> None:
    document = {"@context": "https://www.w3.org/2022/wot/td/v1.1", "@type": types, "title": title, "properties": {}}
    assert WOT.read(msgspec.json.encode(document))[0][0].kind == kind


def test_a_lock_that_is_jammed_is_not_locked_and_one_that_nobody_knows_of_is_neither() -> None:
    words = ["locked", "unlocked", "unknown", "jammed"]
    locked = read(
        {
            **LAMP,
            "properties": {"locked": {"@type": "LockedProperty", "type": "string", "enum": words, "readOnly": True}},
        }
    ).properties["locked"]
    assert (locked.trait, locked.schema.kind, locked.schema.nullable) == ("locked", "bool", True)
    assert [decode(locked.codec, each) for each in words] == [True, False, None, False]
    plain = {"locked": {"@type": "LockedProperty", "type": "string", "enum": ["locked", "elsewhere"]}}
    assert read({**LAMP, "properties": plain}).properties["locked"].trait is None


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_a_value_or_null(word: str) -> None:
    """A description's type is one word (TD 1.1, 5.3.2.1): null is an alternative, as we write it and as we read it."""
    shown = {"type": "integer", "minimum": 0, "unit": "percent"}
    thing = {
        **{key: LAMP[key] for key in ("@context", "id", "title", "security", "securityDefinitions")},
        "properties": {
            "level": {"title": "Level", word: [shown, {"type": "null"}]},
            "any": {word: [shown, {"type": "string"}]},
            "odd": {word: [{"type": "null"}, 5]},
        },
    }
    (model,), _ = WOT.read(msgspec.json.encode(thing))
    level = model.properties["level"]
    assert (level.schema.kind, level.schema.min, level.schema.nullable) == ("int", 0, True)
    assert [model.properties[each].schema for each in ("any", "odd")] == [Schema(kind="any")] * 2
    assert msgspec.json.decode(WOT.write(model))["properties"] == thing["properties"]
    plain = Model(id="m", services=(Service(key="", properties=(Property(key="level", schema=level.schema),)),))
    written = msgspec.json.decode(WOT.write(plain))["properties"]["level"]
    assert written["oneOf"] == [{"type": "integer", "minimum": 0}, {"type": "null"}]
