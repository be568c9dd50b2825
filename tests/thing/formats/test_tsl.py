"""Alibaba's TSL: what its data types mean, that documents come back, and the form of the API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.residue import identical
from unisono.thing.formats.tsl import TSL

URL = "https://iotx-tsl.oss-ap-southeast-1.aliyuncs.com/schema.json"


def property_of(identifier: str, type: str, specs: Any, **more: Any) -> dict[str, Any]:
    declared = {"type": type} if specs is None else {"type": type, "specs": specs}
    return {
        "identifier": identifier,
        "name": identifier,
        "accessMode": "rw",
        "required": False,
        "dataType": declared,
        **more,
    }


def part_of(identifier: str, type: str, specs: Any) -> dict[str, Any]:
    return {"identifier": identifier, "name": identifier, "dataType": {"type": type, "specs": specs}}


def number(low: str, high: str, **more: str) -> dict[str, str]:
    return {"min": low, "max": high, "step": "1", **more}


LAMP: dict[str, Any] = {
    "schema": URL,
    "profile": {"productKey": "a1Lamp", "deviceName": "d"},
    "link": "/sys/a1Lamp/d/thing/",
    "properties": [
        property_of("LightSwitch", "bool", {"0": "关闭", "1": "开启"}, required=True, name="主灯开关"),
        property_of("Brightness", "int", number("0", "255", unitName="无"), desc="亮"),
        property_of("ColorTemperature", "int", number("2000", "7000", unit="K", unitName="开尔文")),
        property_of("WorkMode", "enum", {"0": "手动", "1": "阅读", "2": "影院"}, accessMode="r"),
        property_of("RGBColor", "struct", [
            {"identifier": each, "name": each, "dataType": {"type": "int", "specs": number("0", "255")}}
            for each in ("Red", "Green", "Blue")
        ]),
        property_of("CurrentTemperature", "double", {"min": "-40.50", "max": "8e1", "unit": "°C"}, accessMode="r"),
    ],
    "services": [
        {"identifier": "Blink", "name": "闪", "callType": "sync", "required": False, "desc": "blink it",
         "method": "thing.service.Blink",
         "inputData": [part_of("Times", "int", number("1", "9"))],
         "outputData": [part_of("On", "bool", {"0": "n", "1": "y"})]},
    ],
    "events": [
        {"identifier": "Error", "name": "故障", "type": "error", "required": True, "desc": "",
         "method": "thing.event.Error.post", "outputData": [part_of("ErrorCode", "enum", {"0": "恢复正常"})]},
    ],
}  # fmt: skip

ODD: dict[str, Any] = {
    "schema": URL,
    "profile": {"productKey": "a1Odd"},
    "properties": [
        property_of("Date", "date", {}),
        property_of("Text", "text", {"length": "64"}),
        property_of("BadText", "text", {"length": "-1"}),
        property_of("List", "array", {"size": "8", "item": {"type": "struct", "specs": [
            {"identifier": "Enable", "name": "启用", "dataType": {"type": "bool", "specs": {"0": "no"}}},
            {"identifier": "Old", "name": "Old", "dataType": {"type": "bool"}},
            {"identifier": "For", "name": "For", "dataType": {"type": "int", "specs": {"unit": "min"}}}]}}),
        property_of("BadList", "array", {"size": "many", "item": {"type": "text"}}),
        property_of("Worse", "array", {"size": -1}),
        property_of("Empty", "enum", {}),
        property_of("Keys", "enum", {"a": "A", "1": 2}),
        property_of("Range", "int", {"min": "9", "max": "1", "step": "0", "unit": "furlong"}),
        property_of("Numbers", "float", {"min": 1, "max": 2.5, "step": ""}),
        property_of("ContactState", "bool", {"0": "关", "1": "开"}, accessMode="r"),
        property_of("Write", "int", {}, accessMode="w"),
        property_of("Access", "int", {}, accessMode="x"),
        property_of("Type", "mystery", {}),
        {"name": "nameless", "dataType": {"type": "int", "specs": {}}},
        "no property",
    ],
    "services": [{"identifier": "set", "method": "thing.service.property.set", "inputData": []}],
    "events": [{"identifier": "post", "outputData": []}, {"identifier": "Alert", "type": "alert", "outputData": []}],
    "functionBlocks": [
        {"functionBlockId": "gps", "functionBlockName": "定位", "services": [], "events": [],
         "properties": [property_of("Speed", "float", {"unit": "km/h"})]},
        {"functionBlockName": "no id"},
    ],
}  # fmt: skip

MODULE: dict[str, Any] = {
    "schema": URL,
    "profile": {"productKey": "a1Car"},
    "functionBlockId": "battery",
    "functionBlockName": "电池",
    "properties": [property_of("BatteryPercentage", "int", number("0", "100", unit="%", unitName="百分比"))],
}


def read(document: Any) -> Model:
    models, findings = TSL.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


def written(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(TSL.write(model))
    return found


def property_in(model: Model, identifier: str) -> dict[str, Any]:
    return next(each for each in written(model)["properties"] if each.get("identifier") == identifier)


class TestTsl(FormatConformance):
    format = TSL
    documents = (LAMP, ODD, MODULE)


def test_a_lamp() -> None:
    model = read(LAMP)
    assert (model.id, model.kind, model.product) == ("tsl.a1lamp", "light", "a1Lamp")
    found = model.properties
    assert {key: each.trait for key, each in found.items()} == {
        "LightSwitch": "on_off",
        "Brightness": "brightness",
        "ColorTemperature": "color_temperature",
        "WorkMode": "mode",
        "RGBColor": "color",
        "CurrentTemperature": "temperature",
    }
    switch, bright, _, mode, color, warm = found.values()
    assert (encode(switch.codec, True), decode(switch.codec, 0), switch.mandatory) == (1, False, True)
    assert [choice.titles for choice in switch.schema.choices] == [{"zh": "关闭"}, {"zh": "开启"}]
    assert (bright.schema.max, encode(bright.codec, 50)) == (100, 128)
    assert (decode(mode.codec, 1), encode(mode.codec, "影院"), mode.writable) == ("阅读", 2, False)
    assert decode(color.codec, {"Red": 255, "Green": 0, "Blue": 300}) == "#ff00ff"
    assert (warm.schema.min, warm.schema.max, warm.unit) == (-40.5, 80, "Cel")
    blink = model.actions["Blink"]
    assert (blink.call, [each.key for each in blink.inputs], [each.key for each in blink.outputs]) == (
        "sync", ["Times"], ["On"],
    )  # fmt: skip
    assert encode(blink.outputs[0].codec, True) == 1
    assert (list(model.events), model.events["Error"].severity) == (["Error"], "error")
    compile_model(model)


def test_what_a_document_of_every_type_says() -> None:
    found = read(ODD).properties
    assert found["Date"].schema.format == "date"
    assert found["Text"].schema.len_max == 64
    items = found["List"].schema.items
    assert items is not None
    assert [field.schema.kind for field in items.fields] == ["enum", "enum", "int"]
    assert items.fields[2].unit == "min"
    assert found["Keys"].schema.choices[0].value == 1
    door = found["ContactState"]
    assert (door.trait, decode(door.codec, 1), encode(door.codec, "closed")) == ("contact", "open", 0)
    assert found["gps.Speed"].ref == "tsl:gps:Speed"
    assert found["gps.Speed"].trait == "speed"
    assert read(ODD).events["Alert"].severity == "warning"
    assert read(MODULE).id == "tsl.a1car.battery"
    assert list(read(MODULE).properties) == ["battery.BatteryPercentage"]


def test_every_oddity_is_told() -> None:
    _, findings = TSL.read(msgspec.json.encode(ODD))
    assert {each.rule for each in findings} >= {
        "odd_length", "odd_number", "odd_size", "no_choices", "odd_choice", "empty_range", "odd_step", "odd_access",
        "odd_type", "no_identifier", "odd_member",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "fields", "member", "value"),
    [
        ("LightSwitch", {"titles": {"zh": "灯"}}, ("name",), "灯"),
        ("LightSwitch", {"mandatory": False}, ("required",), False),
        ("Brightness", {"descriptions": {}}, ("desc",), None),
        ("ColorTemperature", {"unit": "Cel", "raw_unit": None}, ("dataType", "specs", "unit"), "℃"),
        ("ColorTemperature", {"unit": "Cel", "raw_unit": None}, ("dataType", "specs", "unitName"), "摄氏度"),
        ("CurrentTemperature", {"access": ("read", "write")}, ("accessMode",), "rw"),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, member: Any, value: Any) -> None:
    found = property_in(changed(read(LAMP), key, **fields), key)
    for part in member:
        found = found.get(part)  # type: ignore[assignment]
    assert found == value


def test_a_changed_range_is_in_the_export_and_in_its_services() -> None:
    model = read(LAMP)
    schema = msgspec.structs.replace(model.properties["Brightness"].schema, max=50)
    assert property_in(changed(model, "Brightness", schema=schema), "Brightness")["dataType"]["specs"] == {
        "min": "0", "max": "128", "step": "1", "unitName": "无",
    }  # fmt: skip


def test_the_services_of_all_properties_are_made_anew() -> None:
    made = written(builtin_model("light"))
    services = {each["identifier"]: each for each in made["services"]}
    assert list(services) == ["set", "get", "identify"]
    assert "on_off" in services["get"]["inputData"]
    assert "power" not in [each["identifier"] for each in services["set"]["inputData"]]
    assert made["events"][0]["identifier"] == "post"


def test_the_form_of_the_api() -> None:
    stored = {
        "_ppk": {"version": "1"},
        "productKey": "a1Api",
        "properties": [
            {"identifier": "LightSwitch", "name": "开关", "rwFlag": "READ_WRITE", "dataType": "BOOL",
             "dataSpecsList": [{"dataType": "BOOL", "name": "关", "value": 0}, {"name": "开", "value": 1}]},
            {"identifier": "Temp", "name": "T", "rwFlag": "READ_ONLY", "dataType": "DOUBLE",
             "dataSpecs": {"dataType": "DOUBLE", "min": "-5", "max": "5", "unit": "℃"}},
            {"identifier": "S", "name": "S", "rwFlag": "WRITE_ONLY", "dataType": "STRUCT",
             "dataSpecsList": [{"identifier": "x", "name": "x", "childDataType": "INT", "dataSpecs": {"min": "1"}}]},
            {"identifier": "A", "name": "A", "rwFlag": 1, "dataType": "ARRAY",
             "dataSpecs": {"size": 3, "childDataType": "TEXT", "dataSpecs": {"length": "9"}}},
            {"identifier": "N", "dataType": 7},
            4,
        ],
        "services": [{"identifier": "Go", "serviceName": "走", "callType": "SYNC",
                      "inputParams": [{"identifier": "far", "name": "far", "dataType": "INT",
                                       "direction": "PARAM_INPUT", "dataSpecs": {"min": "1"}}, 5]},
                     {"identifier": "Stop", "callType": None}],
        "events": [{"identifier": "Hit", "eventName": "撞", "eventType": "ALERT_EVENT_TYPE",
                    "outputdata": [{"identifier": "how", "name": "how", "dataType": "INT"}]},
                   {"identifier": "Odd", "eventType": None}],
    }  # fmt: skip
    models, findings = TSL.read(msgspec.json.encode({"data": stored}))
    assert [each.rule for each in findings if each.severity != "warning"] == ["api_form"]
    model = models[0]
    assert model.id == "tsl.a1api"
    kinds = {key: (each.schema.kind, each.access) for key, each in model.properties.items()}
    assert kinds == {
        "LightSwitch": ("bool", ("read", "write", "notify")),
        "Temp": ("float", ("read", "notify")),
        "S": ("object", ("write",)),
        "A": ("array", ("read", "write", "notify")),
        "N": ("string", ("read", "write", "notify")),
    }
    assert model.properties["Temp"].schema.min == -5
    assert model.actions["Go"].call == "sync"
    assert (model.events["Hit"].severity, model.events["Hit"].args[0].key) == ("warning", "how")
    assert TSL.sniff(msgspec.json.encode(stored))


def test_a_struct_without_end_is_bounded() -> None:
    declared: dict[str, Any] = {"type": "int"}
    inner: dict[str, Any] = {"dataType": "INT"}
    for _ in range(30):
        declared = {"type": "array", "specs": {"item": declared}}
        inner = {
            "dataType": "ARRAY",
            "childDataType": "ARRAY",
            "dataSpecs": {**inner, "childDataType": inner["dataType"]},
        }
    findings = TSL.read(msgspec.json.encode({"profile": {"productKey": "k"}, "properties": [
        {"identifier": "a", "dataType": declared}]}))[1]  # fmt: skip
    assert "odd_type" in [each.rule for each in findings]
    assert TSL.read(msgspec.json.encode({"properties": [{"identifier": "a", "rwFlag": "READ_ONLY", **inner}]}))[1]


def test_real_documents_come_back() -> None:
    data = read_real("models/tsl_iotkit_embedded.json")
    models, findings = TSL.read(data)
    documents = [each["tsl"] for each in msgspec.json.decode(data)]
    assert findings == []
    assert len(models) == len(documents) == 9
    for model, document in zip(models, documents, strict=True):
        assert identical(msgspec.json.decode(TSL.write(without_raw(model))), document)
        assert {"set", "get"}.isdisjoint(model.actions)
        assert "post" not in model.events


@pytest.mark.parametrize("high", ["1e-300", "5e-324", "1e308", "0.0000001", "1" + "0" * 30])
def test_a_range_that_nobody_meant_is_no_percentage(high: str) -> None:
    document = {"properties": [property_of("Brightness", "double", number("0", high))]}
    models, _found = TSL.read(msgspec.json.encode(document))
    assert models[0].properties["Brightness"].schema.max == float(high)
    assert models[0].properties["Brightness"].codec == ()
