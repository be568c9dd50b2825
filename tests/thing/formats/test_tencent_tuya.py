"""Tencent's data templates and Tuya's functions: what they mean, and that they come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.testing.formats import FormatConformance, changed
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.document import JsonFormat
from unisono.thing.formats.files import read_models
from unisono.thing.formats.tencent import TENCENT
from unisono.thing.formats.tuya import TUYA


def prop(id: str, define: Any, mode: str = "rw", **more: Any) -> dict[str, Any]:
    return {"id": id, "name": id, "desc": "", "mode": mode, "required": False, "define": define, **more}


TEMPLATE: dict[str, Any] = {
    "version": "1.0",
    "profile": {"ProductId": "LIGHT", "CategoryId": "3"},
    "properties": [
        prop("power_switch", {"type": "bool", "mapping": {"0": "关", "1": "开"}}, desc="控制电灯开灭", required=True),
        prop("brightness", {"type": "int", "min": "0", "max": "255", "step": "1", "start": "0"}),
        prop("color", {"type": "enum", "mapping": {"0": "Red", "1": "Green"}}),
        prop("temperature", {"type": "float", "min": "-40.5", "max": "80", "unit": "℃"}, "r"),
        prop("word", {"type": "stringenum", "mapping": {"low": "Low", "high": "High"}}),
        prop("name", {"type": "string", "min": "0", "max": "64"}),
        prop("when", {"type": "timestamp"}),
        prop("pos", {"type": "struct", "specs": [
            {"id": "x", "name": "X", "dataType": {"type": "int", "min": "0", "unit": "m"}},
            {"id": "on", "name": "On", "dataType": {"type": "bool"}}, 7]}),
        prop("list", {"type": "array", "arrayInfo": {"type": "int", "min": "1"}}),
        prop("rgb", {"type": "int", "min": "0", "max": "16777215"}),
        prop("odd", {"type": "mystery"}, "x"),
        prop("range", {"type": "int", "min": "9", "max": "1", "step": "0"}),
        prop("numbers", {"type": "float", "min": "many", "max": 1, "step": ""}),
        prop("keys", {"type": "enum", "mapping": {"a": "A", "1": 5}}),
        prop("empty", {"type": "enum", "mapping": {}}, "w"),
        prop("texts", {"type": "stringenum"}),
        {"define": {"type": "bool"}},
        "no property",
    ],
    "events": [{"id": "fault", "name": "故障", "desc": "", "type": "fault", "required": False,
                "params": [{"id": "code", "name": "Code", "define": {"type": "int"}}]}],
    "actions": [{"id": "recharge", "name": "回充", "desc": "d", "required": False,
                 "input": [{"id": "fast", "name": "Fast", "define": {"type": "bool", "mapping": {"0": "n", "1": "y"}}}],
                 "output": []}],
}  # fmt: skip

DEVICE: dict[str, Any] = {
    "name": "Sofa", "category": "wk", "product_id": "abc", "product_name": "Thermostat", "online": True,
    "function": {
        "switch": {"type": "Boolean", "value": {}},
        "temp_set": {"type": "Integer", "value": {"unit": "℃", "min": 50, "max": 350, "scale": 1, "step": 5}},
        "mode": {"type": "Enum", "value": {"range": ["cold", "hot", "wind", "holiday"]}},
        "odd": 5,
    },
    "status_range": {
        "switch": {"type": "Boolean", "value": {}},
        "temp_current": {"type": "Integer", "value": {"unit": "℃", "min": -100, "max": 500, "scale": 1, "step": 1}},
        "fault": {"type": "Bitmap", "value": {"label": ["e1", "e2"]}},
        "note": {"type": "String", "value": {"maxlen": 255}},
        "raw": {"type": "Raw", "value": {}},
        "json": {"type": "Json", "value": {}},
        "plain": {"type": "Integer", "value": {"min": 9, "max": 1, "scale": 99, "step": 0}},
        "empty": {"type": "Enum", "value": {"range": []}},
        "mystery": {"type": "Mystery", "value": "no"},
    },
    "status": {"switch": True},
}  # fmt: skip

API: dict[str, Any] = {
    "category": "dj",
    "functions": [
        {"code": "switch_led", "type": "Boolean", "values": "{}", "name": "开关", "desc": "{}"},
        {"code": "bright_value_v2", "type": "Integer", "values": '{"min":10,"max":1000,"scale":0,"step":1}'},
        {"code": "work_mode", "type": "Enum", "values": '{"range":["white","colour"]}'},
        {"type": "Boolean"},
        5,
    ],
    "status": [{"code": "switch_led", "type": "Boolean", "values": "{}"},
               {"code": "x", "type": "Json", "values": "[["}],
}  # fmt: skip


def read(format: JsonFormat, document: Any) -> Model:
    models, findings = format.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


class TestTencent(FormatConformance):
    format = TENCENT
    documents = (TEMPLATE, {"profile": {"ProductId": "E"}, "properties": []})


class TestTuya(FormatConformance):
    format = TUYA
    documents = (DEVICE, API)


def test_a_template() -> None:
    model = read(TENCENT, TEMPLATE)
    assert model.id == "tencent.light"
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "power_switch": "on_off", "brightness": "brightness", "temperature": "temperature", "rgb": "color",
    }  # fmt: skip
    assert (encode(found["power_switch"].codec, True), found["power_switch"].mandatory) == (1, True)
    assert (encode(found["brightness"].codec, 50), found["temperature"].schema.min) == (128, -40.5)
    assert [each.value for each in found["word"].schema.choices] == ["low", "high"]
    assert [each.schema.kind for each in found["pos"].schema.fields] == ["int", "enum"]
    assert model.actions["recharge"].trait == "dock"
    assert model.events["fault"].severity == "error"
    _, findings = TENCENT.read(msgspec.json.encode(TEMPLATE))
    assert {each.rule for each in findings} >= {
        "odd_type", "odd_access", "empty_range", "odd_step", "odd_number", "odd_choice", "no_choices", "no_id",
    }  # fmt: skip
    compile_model(model)
    deep: dict[str, Any] = {"type": "int"}
    for _ in range(12):
        deep = {"type": "array", "arrayInfo": deep}
    assert TENCENT.read(msgspec.json.encode([{"properties": [prop("a", deep)]}, 5]))[1][0].rule == "odd_type"


def test_a_thermostat() -> None:
    model = read(TUYA, DEVICE)
    assert (model.id, model.kind, model.titles) == ("tuya.abc", "climate", {"en": "Thermostat"})
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "switch": "on_off", "temp_set": "target_temperature", "mode": "hvac_mode", "temp_current": "temperature",
    }  # fmt: skip
    wanted = found["temp_set"]
    assert (decode(wanted.codec, 215), encode(wanted.codec, 21.5), wanted.schema.min, wanted.access) == (
        21.5, 215, 5, ("write",),
    )  # fmt: skip
    assert found["switch"].access == ("read", "notify", "write")
    assert [each.value for each in found["mode"].schema.choices] == ["cool", "heat", "fan", "holiday"]
    assert [each.key for each in found["fault"].schema.choices] == ["e1", "e2"]
    _, findings = TUYA.read(msgspec.json.encode(DEVICE))
    assert {each.rule for each in findings} >= {
        "odd_member", "empty_range", "odd_step", "odd_scale", "no_choices", "odd_type", "odd_values",
    }  # fmt: skip


def test_what_the_api_of_tuya_answers() -> None:
    model = read(TUYA, {"result": API, "success": True})
    assert {key: each.trait for key, each in model.properties.items() if each.trait} == {
        "switch_led": "on_off", "bright_value_v2": "brightness", "work_mode": "mode",
    }  # fmt: skip
    assert read(TUYA, {"home_assistant": {}, "data": DEVICE}).product == "abc"
    assert TUYA.read(b'[{"function": 5}]')[1][0].rule == "bad_device"


def spec(code: str, access: Any, **spec: Any) -> dict[str, Any]:
    return {"abilityId": 1, "code": code, "accessMode": access, "name": code.title(), "typeSpec": spec}


DATA_MODEL: dict[str, Any] = {
    "modelId": "000004p8xq",
    "services": [
        {
            "code": "",
            "actions": [],
            "events": [],
            "properties": [
                {**spec("switch_led", "rw", type="bool", typeDefaultValue=False), "description": "on or off"},
                spec("bright_value_v2", "rw", type="value", min=10, max=1000, scale=0, step=1, unit=""),
                spec("cur_power", "ro", type="value", min=0, max=50000, scale=1, step=1, unit="W"),
                spec("work_mode", "wr", type="enum", range=["white", "colour"]),
                spec("fault", "ro", type="bitmap", label=["a", "b"], maxlen=2),
                spec("note", "rw", type="string", maxlen=9),
                spec("ratio", "ro", type="float", min=0, max=1),
                spec("odd", ["rw"], type=5),
                {"code": "no_spec"},
                7,
            ],
        },
        {"properties": 5},
        7,
    ],
}


@pytest.mark.parametrize("wrapped", [DATA_MODEL, {"result": {"model": msgspec.json.encode(DATA_MODEL).decode()}}])
def test_a_thing_data_model_of_tuya(wrapped: Any) -> None:
    model = read(TUYA, wrapped)
    assert (model.id, model.product) == ("tuya.000004p8xq", "000004p8xq")
    assert [each.rule for each in TUYA.read(msgspec.json.encode(wrapped))[1] if each.severity == "info"] == ["api_form"]
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "switch_led": "on_off", "bright_value_v2": "brightness", "cur_power": "power", "work_mode": "mode",
    }  # fmt: skip
    assert found["cur_power"].access == ("read", "notify") and found["work_mode"].access == ("write",)
    assert (decode(found["cur_power"].codec, 123), found["cur_power"].unit) == (12.3, "W")
    assert [each.key for each in found["fault"].schema.choices] == ["a", "b"]
    assert found["note"].schema.len_max == 9 and found["ratio"].schema.kind == "any"
    assert [found["switch_led"].titles, found["switch_led"].descriptions] == [{"en": "Switch_Led"}, {"en": "on or off"}]
    written: Any = msgspec.json.decode(TUYA.write(model))
    assert [each["code"] for each in written["functions"]] == ["switch_led", "bright_value_v2", "work_mode", "note"]
    assert [each["code"] for each in written["status"]] == [
        "switch_led", "bright_value_v2", "cur_power", "fault", "note", "ratio",
    ]  # fmt: skip
    again = read(TUYA, written)
    assert {*again.properties} == {*found} - {"odd"}
    assert read(TUYA, {"services": DATA_MODEL["services"]}).product is None


@pytest.mark.parametrize(
    "document",
    [{"model": "{"}, {"model": "[]"}, {"services": []}, {"services": 5}, {"model": "[" * 100_000}, {"model": "5"}],
)
def test_what_is_no_thing_data_model(document: Any) -> None:
    assert not TUYA.sniff(msgspec.json.encode(document))


@pytest.mark.parametrize(
    ("key", "fields", "path", "value"),
    [
        ("temp_set", {"unit": "[degF]", "raw_unit": None}, ("function", "temp_set", "value", "unit"), "℉"),
        ("temp_current", {"access": ("read", "write")}, ("function", "temp_current", "type"), "Integer"),
        ("switch", {"titles": {"en": "Heating"}}, ("function", "switch", "name"), "Heating"),
    ],
)
def test_a_change_of_a_tuya_device_is_in_the_export(key: str, fields: Any, path: Any, value: Any) -> None:
    made: Any = msgspec.json.decode(TUYA.write(changed(read(TUYA, DEVICE), key, **fields)))
    for part in path:
        made = made[part]
    assert made == value


def test_changed_ranges_titles_and_units() -> None:
    model = read(TUYA, DEVICE)
    schema = msgspec.structs.replace(model.properties["temp_set"].schema, max=30)
    made = msgspec.json.decode(TUYA.write(changed(model, "temp_set", schema=schema)))
    assert made["function"]["temp_set"]["value"]["max"] == 300
    template = read(TENCENT, TEMPLATE)
    schema = msgspec.structs.replace(template.properties["temperature"].schema, max=70)
    altered = changed(template, "temperature", schema=schema, titles={"zh": "温度"}, unit="K", raw_unit="K")
    made = next(
        each for each in msgspec.json.decode(TENCENT.write(altered))["properties"] if each["id"] == "temperature"
    )
    assert (made["name"], made["define"]["max"], made["define"]["unit"]) == ("温度", "70", "K")


def test_models_made_elsewhere() -> None:
    made = msgspec.json.decode(TUYA.write(builtin_model("light")))
    assert made["function"]["on_off"] == {"type": "Boolean", "value": {}}
    assert made["function"]["brightness"]["value"] == {"unit": "%", "min": 0, "max": 1000, "scale": 1, "step": 1}
    made = msgspec.json.decode(TENCENT.write(builtin_model("light")))
    assert made["properties"][0]["define"]["type"] == "bool"


@pytest.mark.parametrize(
    ("category", "code", "type", "values", "kind", "trait"),
    [
        ("qccdz", "charge_cur_set", "Integer", {"min": 6, "max": 32, "unit": "A"}, "charger", "charge_current"),
        ("qccdz", "power_total", "Integer", {"min": 0, "max": 99999, "scale": 3, "unit": "kW"}, "charger", "power"),
        ("zndb", "reverse_energy_total", "Integer", {"min": 0, "max": 9, "unit": "kW·h"}, "meter", "energy"),
        ("ms", "closed_opened", "Enum", {"range": ["unknown", "open", "closed"]}, "lock", "contact"),
        ("xy", "work_state", "Enum", {"range": ["standby", "working", "done"]}, "washer", "state"),
        ("cl", "work_state", "Enum", {"range": ["opening", "closing"]}, "cover", None),
        ("clkg", "percent_control_2", "Integer", {"min": 0, "max": 100, "unit": "%"}, "cover", "position"),
        ("wxkg", "battery_percentage", "Integer", {"min": 0, "max": 100, "unit": "%"}, "remote", "battery"),
    ],
)  # fmt: skip
def test_categories_and_codes_of_tuya(
    category: str, code: str, type: str, values: Any, kind: str, trait: str | None
) -> None:
    listed = "functions" if code in ("charge_cur_set", "percent_control_2") else "status"
    entry = {"code": code, "type": type, "values": msgspec.json.encode(values).decode()}
    (model,), _ = TUYA.read(msgspec.json.encode({"category": category, listed: [entry]}))
    assert (model.kind, model.properties[code].trait) == (kind, trait)


def test_entries_by_code_whose_values_are_called_values() -> None:
    """As Tuya's own SDK for sharing devices dumps them."""
    entry = {"type": "Integer", "values": '{"unit":"W","min":0,"max":500,"scale":1,"step":1}'}
    document = {"product_id": "p", "function": {}, "status_range": {"cur_power": entry}}
    read = read_models(msgspec.json.encode(document))
    assert (read.format, read.findings) == ("tuya", [])
    [power] = read.models[0].properties.values()
    assert (power.trait, power.unit, power.schema.max) == ("power", "W", 50)
    assert TUYA.make(read.models[0]) == document


def test_a_lamp_is_a_lamp_whatever_it_lists_first() -> None:
    def bool_(id: str) -> dict[str, Any]:
        return {"id": id, "mode": "rw", "define": {"type": "bool", "mapping": {"0": "off", "1": "on"}}}

    level = {"id": "brightness", "mode": "rw", "define": {"type": "int", "min": "0", "max": "100", "unit": "%"}}
    profile = {"version": "1.0", "profile": {"ProductId": "x"}, "events": [], "actions": []}
    for listed, kind in (([bool_("power_switch"), level], "light"), ([bool_("power_switch")], "switch"), ([], None)):
        read = read_models(msgspec.json.encode({**profile, "properties": listed}), "tencent")
        assert [model.kind for model in read.models] == [kind]
