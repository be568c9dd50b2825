"""Zigbee2MQTT: what exposes mean, that they come back, and the forms in which they come."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.residue import identical
from unisono.thing.formats.zigbee2mqtt import ZIGBEE2MQTT

NUMBER = {"type": "numeric", "access": 1}

LAMP: dict[str, Any] = {
    "vendor": "Acme",
    "model": "L/1",
    "description": "A lamp",
    "ota": True,
    "options": [{"name": "transition", "type": "numeric", "access": 2, "property": "transition"}],
    "exposes": [
        {"type": "numeric", "name": "linkquality", "label": "Linkquality", "access": 1, "property": "linkquality",
         "unit": "lqi", "value_min": 0, "value_max": 255, "category": "diagnostic"},
        {"type": "light", "features": [
            {"type": "binary", "name": "state", "label": "State", "access": 7, "property": "state",
             "value_on": "ON", "value_off": "OFF", "value_toggle": "TOGGLE"},
            {"type": "numeric", "name": "brightness", "label": "Brightness", "access": 7, "property": "brightness",
             "value_min": 0, "value_max": 254},
            {"type": "numeric", "name": "color_temp", "label": "Color temp", "access": 7, "property": "color_temp",
             "unit": "mired", "value_min": 150, "value_max": 500,
             "presets": [{"name": "warm", "value": 370, "description": "Warm white"}]},
            {"type": "composite", "name": "color_xy", "label": "Color (X/Y)", "access": 7, "property": "color",
             "features": [{"type": "numeric", "name": "x", "label": "X", "access": 7, "property": "x"},
                          {"type": "numeric", "name": "y", "label": "Y", "access": 7, "property": "y"}]},
            {"type": "composite", "name": "color_hs", "label": "Color (HS)", "access": 7, "property": "color",
             "features": [{"type": "numeric", "name": "hue", "label": "Hue", "access": 7, "property": "hue"},
                          {"type": "numeric", "name": "saturation", "label": "Saturation", "access": 7,
                           "property": "saturation"}]},
        ]},
        {"type": "enum", "name": "effect", "label": "Effect", "access": 2, "property": "effect",
         "values": ["blink", "okay"]},
        {"type": "numeric", "name": "color_temp_startup", "label": "Startup", "access": 7,
         "property": "color_temp_startup", "unit": "mired", "value_min": 150, "value_max": 500,
         "presets": [{"name": "previous", "value": 65535, "description": "As before"}, {"name": "none"}]},
    ],
}  # fmt: skip

SENSOR: dict[str, Any] = {
    "vendor": "Acme",
    "model": "S-1",
    "description": "门窗传感器",
    "exposes": [
        {"type": "binary", "name": "contact", "label": "Contact", "access": 1, "property": "contact",
         "value_on": False, "value_off": True, "homeassistant": {"name": None}},
        {"type": "binary", "name": "tamper", "label": "Tamper", "access": 1, "property": "tamper", "value_on": "x",
         "value_off": "x"},
        {"type": "binary", "name": "occupancy", "label": "Occupancy", "access": 5, "property": "occupancy"},
        {"type": "enum", "name": "action", "label": "Action", "access": 1, "property": "action",
         "values": ["single", "double", "double"]},
        {"type": "numeric", "name": "device_temperature", "label": "Device temperature", "access": 1,
         "property": "device_temperature", "unit": "°C"},
        {"type": "numeric", "name": "temperature", "label": "Temperature", "access": 4, "property": "temperature_l1",
         "unit": "°F", "value_min": -40, "value_max": 257, "value_step": 0.1, "endpoint": "l1"},
        {"type": "numeric", "name": "pressure", "label": "Pressure", "access": 0, "property": "pressure",
         "unit": "hPa"},
        {"type": "text", "name": "note", "label": "Note", "access": 3, "property": "note", "category": "config"},
        {"type": "light", "name": "no features", "access": 1},
        {"type": "mystery", "name": "m", "label": "M", "access": 1, "property": "m"},
        {"type": "enum", "name": "empty", "label": "Empty", "access": 1, "property": "empty", "values": [None]},
        {"type": "numeric", "name": "odd", "label": "Odd", "access": 1, "property": "odd", "value_min": 9,
         "value_max": 1, "value_step": -1, "unit": "furlong"},
        {"type": "composite", "name": "schedule", "label": "Schedule", "access": 3, "property": "schedule",
         "description": "A week", "features": [
             {"type": "list", "name": "days", "label": "Days", "access": 3, "property": "days", "length_min": 1,
              "length_max": 7, "item_type": {"type": "composite", "name": "day", "label": "Day", "access": 3,
                                             "features": [dict(NUMBER, name="hour", unit="h", label="Hour",
                                                               property="hour", description="At"),
                                                          {"type": "binary", "name": "on", "property": "on",
                                                           "label": "On", "access": 3, "value_on": "ON",
                                                           "value_off": "OFF"}]}},
             {"type": "list", "name": "bad", "label": "Bad", "access": 3, "property": "bad", "length_min": 5,
              "length_max": 2},
             "no feature", {"name": "no type"}]},
        "no expose",
        {"name": "no type"},
        {"type": "climate", "endpoint": "l1", "label": "Climate", "description": "Heating", "features": [
            {"type": "enum", "name": "system_mode", "label": "Mode", "access": 7, "property": "system_mode_l1",
             "endpoint": "l1", "values": ["off", "heat", "fan_only", "sleep"]},
            "no feature"]},
        {"type": "switch", "features": []},
        {"type": "switch", "features": []},
    ],
}  # fmt: skip


def read(document: Any) -> Model:
    models, findings = ZIGBEE2MQTT.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


def exposes_of(model: Model) -> dict[str, Any]:
    written = msgspec.json.decode(ZIGBEE2MQTT.write(model))
    return {str(each.get("name", each.get("type"))): each for each in written["exposes"] if isinstance(each, dict)}


class TestZigbee2mqtt(FormatConformance):
    format = ZIGBEE2MQTT
    documents = (LAMP, SENSOR)


def told(name: str, kind: str = "binary", access: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "property": name, "access": access, **more}


WARNING = told("warning", "composite", 2, features=[told("mode", "enum", 2, values=["stop", "burglar"])])
ACTION = told("action", "enum", values=["on"])
WARM = told("temperature", "numeric", unit="°C")
ENERGY = told("energy", "numeric", unit="kWh")


@pytest.mark.parametrize(
    ("exposes", "kind"),
    [
        ([told("contact", value_on=False, value_off=True), told("battery_low"), WARM], "sensor.contact"),
        ([told("carbon_monoxide_alarm_1"), WARNING], "sensor.gas"),
        ([WARM, told("humidity", "numeric", unit="%"), told("enable_display", access=3)], "sensor.temperature"),
        ([WARNING, told("alarm")], "siren"),
        ([told("alarm", access=3), told("volume", "enum", 3, values=["low", "high"])], "siren"),
        ([told("alarm"), told("tamper")], None),  # it gives alarm, and cannot be told to
        ([told("battery", "numeric", unit="%"), ACTION], "remote"),
        ([ENERGY, told("power", "numeric", unit="W"), WARM], "meter"),
        ([{"type": "switch", "features": [told("state", access=7, value_on="ON", value_off="OFF")]}, ENERGY], "switch"),
        ([told("state", access=7, value_on="ON", value_off="OFF"), WARM], None),  # it does something: no thermometer
    ],
)
def test_the_kind_of_a_device_that_exposes_no_lamp_or_lock(exposes: list[dict[str, Any]], kind: str | None) -> None:
    assert read({"vendor": "Acme", "model": "K/1", "exposes": exposes}).kind == kind


def test_a_lamp() -> None:
    model = read(LAMP)
    assert (model.id, model.kind, model.vendor, model.product) == ("zigbee2mqtt.acme.l-1", "light", "Acme", "L/1")
    found = model.properties
    assert list(found) == ["linkquality", "effect", "color_temp_startup", "light.state", "light.brightness",
                           "light.color_temp", "light.color_xy", "light.color_hs"]  # fmt: skip
    traits = {key: each.trait for key, each in found.items() if each.trait}
    assert traits == {
        "light.state": "on_off",
        "light.brightness": "brightness",
        "light.color_temp": "color_temperature",
        "light.color_xy": "color",
    }
    state, bright, warm, color = (found[key] for key in traits)
    assert state.schema.kind == "bool"
    assert (encode(state.codec, True), decode(state.codec, "OFF")) == ("ON", False)
    assert state.access == ("read", "write", "notify")
    assert (bright.schema.min, bright.schema.max, bright.unit) == (0, 100, "%")
    assert (encode(bright.codec, 40), decode(bright.codec, 254), encode(bright.codec, 100)) == (102, 100, 254)
    assert (warm.schema.min, round(float(warm.schema.max or 0)), warm.unit, warm.raw_unit) == (2000, 6667, "K", "mired")
    assert encode(warm.codec, 2700) == 370
    assert round(warm.presets[0].value) == 2703
    assert (decode(color.codec, {"x": 0.64, "y": 0.33}), encode(color.codec, "red")) == (
        "#ff0000",
        {"x": 0.64, "y": 0.33},
    )
    startup = found["color_temp_startup"]
    assert [choice.value for choice in startup.schema.choices] == [65535]
    compile_model(model)


def test_what_a_sensor_says() -> None:
    found = read(SENSOR).properties
    contact = found["contact"]
    assert contact.trait == "contact"
    assert (decode(contact.codec, True), decode(contact.codec, False)) == ("closed", "open")
    assert found["tamper"].schema.kind == "any"
    assert found["occupancy"].quality == ("get",)
    warm = found["temperature_l1"]
    assert (warm.trait, warm.unit, warm.raw_unit, warm.ref) == ("temperature", "Cel", "°F", "z2m:temperature_l1")
    assert (decode(warm.codec, 212), warm.schema.min, warm.schema.max) == (100, -40, 125)
    assert found["device_temperature"].trait is None
    assert decode(found["pressure"].codec, 1013) == 101300
    assert found["pressure"].access == ()
    modes = found["climate_l1.system_mode"]
    assert [choice.value for choice in modes.schema.choices] == ["off", "heat", "fan", "sleep"]
    assert encode(modes.codec, "fan") == "fan_only"
    assert read(SENSOR).modules[0].ref == "l1"
    assert list(read(SENSOR).events) == ["action"]
    day = found["schedule"].schema.fields[0].schema.items
    assert day is not None
    assert [field.key for field in day.fields] == ["hour", "on"]
    assert [choice.value for choice in day.fields[1].schema.choices] == ["ON", "OFF"]


def test_every_oddity_is_told() -> None:
    _, findings = ZIGBEE2MQTT.read(msgspec.json.encode(SENSOR))
    rules = {(each.rule, each.path.rpartition("exposes")[2]) for each in findings}
    assert {
        ("odd_binary", "[1]"),
        ("duplicate_choice", "[3]"),
        ("odd_type", "[8]"),
        ("odd_type", "[9]"),
        ("odd_choice", "[10]"),
        ("no_choices", "[10]"),
        ("empty_range", "[11]"),
        ("odd_step", "[11]"),
        ("empty_range", "[12].features[1]"),
        ("odd_member", "[12].features[2]"),
        ("odd_expose", "[12].features[3]"),
        ("odd_expose", "[13]"),
        ("odd_expose", "[14]"),
        ("odd_expose", "[15].features[1]"),
    } <= rules


@pytest.mark.parametrize(
    ("key", "fields", "name", "member", "value"),
    [
        ("contact", {"titles": {"en": "Door"}}, "contact", "label", "Door"),
        ("contact", {"descriptions": {"en": "Of the shed"}}, "contact", "description", "Of the shed"),
        # its codec makes degrees Celsius of Fahrenheit: what gives kelvins by it has no name
        ("temperature_l1", {"unit": "K"}, "temperature", "unit", None),
        ("device_temperature", {"unit": "[degF]"}, "device_temperature", "unit", "°F"),
        ("device_temperature", {"raw_unit": "K", "unit": "K"}, "device_temperature", "unit", "K"),
        ("device_temperature", {"unit": None}, "device_temperature", "unit", None),
        ("note", {"access": ("read",)}, "note", "access", 4),
        ("note", {"role": "actuator"}, "note", "category", None),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, name: str, member: str, value: Any) -> None:
    assert exposes_of(changed(read(SENSOR), key, **fields))[name].get(member) == value


def test_a_changed_range_is_in_the_export_as_the_wire_counts() -> None:
    model = read(LAMP)
    schema = msgspec.structs.replace(model.properties["light.brightness"].schema, min=10, max=50)
    features = exposes_of(changed(model, "light.brightness", schema=schema))["light"]["features"]
    assert (features[1]["value_min"], features[1]["value_max"]) == (25, 127)
    schema = msgspec.structs.replace(model.properties["light.color_temp"].schema, min=2500, max=4000)
    features = exposes_of(changed(model, "light.color_temp", schema=schema))["light"]["features"]
    assert (features[2]["value_min"], features[2]["value_max"]) == (250, 400)


def test_a_member_that_was_taken_out_is_not_in_the_export() -> None:
    model = read(SENSOR)
    root = model.services[0]
    less = msgspec.structs.replace(root, properties=root.properties[1:])
    assert "contact" not in exposes_of(msgspec.structs.replace(model, services=(less, *model.services[1:])))


def test_what_people_edit_in_ext_does_no_harm() -> None:
    for ext in ({"zigbee2mqtt": 1}, {"zigbee2mqtt": {"order": 1, "unread": {"x": 1}, "other": 1, "inside": {"a": 1}}}):
        assert exposes_of(msgspec.structs.replace(read(LAMP), ext=ext))["light"]


def test_devices_of_a_bridge() -> None:
    device = {"ieee_address": "0x1", "friendly_name": "sofa", "definition": LAMP}
    other = {**device, "definition": {**LAMP, "exposes": LAMP["exposes"][:1]}}
    coordinator = {"ieee_address": "0x0", "type": "Coordinator", "friendly_name": "Coordinator", "definition": None}
    unknown = {"ieee_address": "0x9", "definition": None}
    models, findings = ZIGBEE2MQTT.read(msgspec.json.encode([coordinator, device, device, other, unknown, 5]))
    assert [each.id for each in models] == ["zigbee2mqtt.acme.l-1", "zigbee2mqtt.acme.l-1_2"]
    assert [(each.path, each.severity) for each in findings if each.rule.endswith("definition")] == [
        ("[0]", "info"),
        ("[4]", "info"),
        ("[5]", "error"),
    ]
    assert ZIGBEE2MQTT.read(msgspec.json.encode(device))[0][0].id == "zigbee2mqtt.acme.l-1"


def test_exposes_alone_and_several_at_once() -> None:
    model = read(LAMP["exposes"])
    assert model.id.startswith("zigbee2mqtt.")
    assert identical(msgspec.json.decode(ZIGBEE2MQTT.write(model)), {"exposes": LAMP["exposes"]})
    several = ZIGBEE2MQTT.write_all([read(LAMP), read(SENSOR)])
    assert identical(msgspec.json.decode(several), [LAMP, SENSOR])
    assert identical(msgspec.json.decode(ZIGBEE2MQTT.write_all([read(LAMP)])), LAMP)


def test_built_in_models_have_the_specific_types() -> None:
    lamp = exposes_of(builtin_model("light"))
    assert [each["name"] for each in lamp["light"]["features"]] == ["state", "brightness", "color_hs", "color_temp"]
    assert lamp["light"]["features"][0]["value_on"] == "ON"
    assert lamp["identify"]["values"] == ["identify"]
    heating = exposes_of(builtin_model("climate"))["climate"]["features"]
    assert [each["name"] for each in heating] == ["system_mode", "occupied_heating_setpoint", "local_temperature",
                                                  "fan_mode"]  # fmt: skip
    assert exposes_of(builtin_model("doorbell"))["action"]["values"]
    nested = msgspec.structs.replace(builtin_model("light"), services=(
        msgspec.structs.replace(builtin_model("sensor.temperature").services[0], key="part.a"),))  # fmt: skip
    assert "part_a_temperature" in exposes_of(nested)


@pytest.mark.usefixtures("untraced")
def test_real_definitions_come_back() -> None:
    data = read_real("models/z2m_exposes.json.gz")
    models, findings = ZIGBEE2MQTT.read(data)
    documents = msgspec.json.decode(data)
    assert len(models) == len(documents) == 4516
    assert [each for each in findings if each.severity == "error"] == []
    assert len({each.id for each in models}) == len(models)
    different = [
        model.id
        for model, document in zip(models, documents, strict=True)
        if not identical(msgspec.json.decode(ZIGBEE2MQTT.write(without_raw(model))), document)
    ]
    assert different == []
