"""MIoT-Spec: what an instance means, its traps, overlays, and that it comes back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.miot import MIOT, Miot, Overlay
from unisono.thing.formats.miot.overlay import Repair, overlays
from unisono.thing.formats.residue import identical

V2 = "urn:miot-spec-v2"


def urn(noun: str, name: str, maker: str = "acme-l1") -> str:
    return f"{V2}:{noun}:{name}:0000000A:{maker}:1"


def prop(iid: int, name: str, format: str, access: str = "rwn", **more: Any) -> dict[str, Any]:
    words = {"r": "read", "w": "write", "n": "notify"}
    rights = [words[each] for each in access]
    extra = {key.replace("_", "-"): value for key, value in more.items()}
    return {"iid": iid, "type": urn("property", name), "description": name, "format": format, "access": rights, **extra}


def listed(*labels: str) -> list[dict[str, Any]]:
    return [{"value": value, "description": label} for value, label in enumerate(labels)]


LAMP: dict[str, Any] = {
    "type": urn("device", "light"),
    "description": "Light",
    "services": [
        {"iid": 1, "type": urn("service", "device-information"), "description": "Device Information",
         "properties": [prop(1, "manufacturer", "string", "r", gatt_access=[], source=0, max_length=32)]},
        {"iid": 2, "type": urn("service", "light"), "description": "Light", "properties": [
            prop(1, "on", "bool"),
            prop(2, "brightness", "uint8", unit="percentage", value_range=[1, 100, 1]),
            prop(3, "color-temperature", "uint32", unit="kelvin", value_range=[2700, 6500, 1]),
            prop(4, "color", "uint32", unit="rgb", value_range=[0, 16777215, 1]),
            prop(5, "mode", "uint8", unit="none", value_list=listed("Day", "Night", "Day")),
            prop(6, "brightness-delta", "int8", "", value_range=[-100, 100, 1]),
            prop(7, "off-delay-time", "uint32", unit="minutes", value_range=[0, 120, 1]),
        ], "actions": [{"iid": 1, "type": urn("action", "toggle"), "description": "Toggle", "in": [], "out": []},
                       {"iid": 2, "type": urn("action", "brighten"), "description": "B", "in": [6, 1], "out": [9]}],
         "events": [{"iid": 1, "type": urn("event", "done"), "description": "", "arguments": [2]}]},
        {"iid": 3, "type": urn("service", "indicator-light"), "description": "", "properties": [prop(1, "on", "bool")],
         "actions": [], "events": []},
    ],
}  # fmt: skip

ODD: dict[str, Any] = {
    "type": urn("device", "vacuum", "acme-v9") + "7",
    "model": "acme.vacuum.v9",
    "name": "Sweeper",
    "services": [
        {"iid": 2, "type": urn("service", "vacuum"), "description": "V", "properties": [
            prop(1, "status", "int8", "nr", value_list=[
                {"value": -1, "description": "Sweeping"}, {"value": 1, "description": ""}, {"value": 1},
                {"value": None},
            ]),
            prop(2, "fault", "uint8", "rn", value_range=[0, 255, 1]),
            prop(3, "fault", "uint8", "rn", value_range=[9, 1]),
            prop(4, "big", "int64", "rn", value_range=[0, 18446744073709551615, 0]),
            prop(5, "wide", "float", "n", value_range=[0, 3.4e38, 1e-05], unit="furlong"),
            prop(6, "none", "mystery", "r", unit="hours"),
            prop(7, "hex", "hex", "w"),
            prop(8, "range", "uint8", "r", value_range=["a"]),
            prop(9, "charging-state", "uint8", "rn", value_list=[
                {"value": 1, "description": "Charging"}, {"value": 2, "description": "Not charging"},
                {"value": 5, "description": "Go Charging"}]),
            prop(10, "fan-level", "uint8", value_list=[{"value": n, "description": f"Level{n}"} for n in (1, 2, 3)]),
            {"iid": "x", "description": "no type", "format": "bool", "access": ["read", "read", "dance"]},
            {"format": "bool"},
            "no property",
        ], "actions": [{"iid": 1, "type": urn("action", "start-charge"), "in": None, "out": None},
                       {"iid": None, "in": ["1", {"piid": 1}]}],
         "events": [{"iid": 1, "arguments": None}]},
        {"iid": 3, "type": urn("service", "vacuum"), "properties": None, "actions": [7]},
        {"type": None},
        {"iid": 4, "type": urn("service", "curtain"), "properties": []},
    ],
}  # fmt: skip

CURTAIN: dict[str, Any] = {
    "type": urn("device", "curtain", "acme-c1"),
    "description": "Curtain",
    "services": [{"iid": 2, "type": urn("service", "curtain"), "description": "Curtain", "properties": [
        prop(1, "current-position", "uint8", "rn", unit="percentage", value_range=[0, 100, 1]),
        prop(2, "target-position", "uint8", "rwn", unit="percentage", value_range=[0, 100, 1]),
    ], "actions": [], "events": []}],
}  # fmt: skip

CAR: dict[str, Any] = {
    "type": "urn:miot-spec-v3:device:car:0000A0FF:micar-car-ms11:1",
    "description": "Car",
    "modules": [
        {"miid": 0, "type": "urn:miot-spec-v3:module:main:1", "description": "Main", "services": [
            {"iid": 2, "type": urn("service", "battery"), "description": "Battery", "actions": [], "events": [],
             "properties": [prop(1, "battery-level", "uint8", "rn", unit="percentage", value_range=[0, 100, 1])]}]},
        {"miid": 1, "services": [
            {"iid": 2, "type": urn("service", "battery"), "description": "Battery", "properties": [], "actions": [],
             "events": []}]},
    ],
}  # fmt: skip

FLAT: dict[str, Any] = {
    "type": "urn:miot-spec-v3:device:car:0000A0FF:micar-car-ms12:1",
    "description": "Car",
    "services": [{"miid": 3, "iid": 2, "type": urn("service", "battery"), "description": "B", "properties": [],
                  "actions": [], "events": []}],
}  # fmt: skip


def read(document: Any, format: Miot = MIOT) -> Model:
    models, findings = format.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


def written(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(MIOT.write(model))
    return found


class TestMiot(FormatConformance):
    format = MIOT
    documents = (LAMP, ODD, CURTAIN, CAR, FLAT)


def test_a_lamp() -> None:
    model = read(LAMP)
    assert (model.id, model.version, model.kind, model.vendor) == ("miot.light.acme-l1", 1, "light", "acme")
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "light.on": "on_off",
        "light.brightness": "brightness",
        "light.color-temperature": "color_temperature",
        "light.color": "color",
        "light.mode": "mode",
        "light.off-delay-time": "timer",
        "indicator-light.on": "on_off",
    }
    assert found["indicator-light.on"].role == "config"
    assert found["light.brightness"].ref == "miot:2.2"
    assert (encode(found["light.color"].codec, "red"), decode(found["light.color"].codec, 255)) == (0xFF0000, "#0000ff")
    mode = found["light.mode"]
    assert [choice.value for choice in mode.schema.choices] == ["day", "night", "day_2"]
    assert encode(mode.codec, "day_2") == 2
    assert decode(found["light.off-delay-time"].codec, 2) == 120
    delta = found["light.brightness-delta"]
    assert (delta.parameter_only, delta.access, delta.trait) == (True, (), None)
    brighten = model.actions["light.brighten"]
    assert [each.property for each in brighten.inputs] == ["light.brightness-delta", "light.on"]
    assert [each.property for each in brighten.outputs] == ["light.property_9"]
    assert [each.key for each in model.events["light.done"].args] == ["brightness"]
    assert found["device-information.manufacturer"].schema.len_max == 32
    compile_model(model)


def test_what_makers_get_wrong() -> None:
    model = read(ODD)
    assert (model.id, model.version, model.product) == ("miot.vacuum.acme-v9", 17, "acme.vacuum.v9")
    found = model.properties
    assert [key.removeprefix("vacuum.") for key in found] == [
        "status", "fault", "fault_3", "big", "wide", "none", "hex", "range", "charging-state", "fan-level", "no_type",
        "property",
    ]  # fmt: skip
    assert [service.key for service in model.services] == ["vacuum", "vacuum_3", "service", "curtain"]
    status, fault = found["vacuum.status"], found["vacuum.fault"]
    assert (status.trait, [each.value for each in status.schema.choices]) == ("state", ["running", "1"])
    assert (decode(fault.codec, 0), decode(fault.codec, 7), encode(fault.codec, "none")) == ("none", 7, 0)
    fault.schema.check(7)
    assert found["vacuum.big"].schema.max == 18446744073709551615
    charging = found["vacuum.charging-state"]
    assert [decode(charging.codec, each) for each in (1, 2, 5)] == [True, False, False]
    level = found["vacuum.fan-level"]
    assert (level.schema.min, encode(level.codec, 60)) == (33.33, 2)
    assert model.actions["vacuum.start-charge"].trait == "dock"
    _, findings = MIOT.read(msgspec.json.encode(ODD))
    assert {each.rule for each in findings} >= {
        "odd_choice", "duplicate_choice", "empty_range", "odd_step", "odd_format", "odd_range", "no_iid", "odd_access",
        "no_access", "odd_member", "odd_argument", "unknown_raw_unit",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        (
            "target-humidity",
            {30: "Continue", 40: "Humidity 40", 60: "60%"},
            ("target_humidity", "float", 30, 60, 10, "%"),
        ),
        ("target-temperature", {18: "18", 22: "22 ℃", 26: "26度"}, ("target_temperature", "float", 18, 26, 4, "Cel")),
        (
            "target-humidity",
            {0: "40%", 1: "50%", 2: "60%"},
            (None, "enum", None, None, None, None),
        ),  # numbered, not called
        ("target-humidity", {40: "40%", 1: "Dry", 2: "Wet"}, (None, "enum", None, None, None, None)),
        ("target-humidity", {40: "40%"}, (None, "enum", None, None, None, None)),
    ],
)
def test_a_list_of_what_is_called_by_its_number(name: str, labels: dict[int, str], expected: tuple[Any, ...]) -> None:
    choices = [{"value": value, "description": label} for value, label in labels.items()]
    service = {"iid": 2, "type": urn("service", "dehumidifier"), "description": "D",
               "properties": [prop(1, name, "uint8", value_list=choices)]}  # fmt: skip
    document = {"type": urn("device", "dehumidifier"), "description": "D", "services": [service]}
    model = read(document)
    found = model.properties[f"dehumidifier.{name}"]
    schema = found.schema
    assert (found.trait, schema.kind, schema.min, schema.max, schema.step, found.unit) == expected
    assert written(model) == document


def test_where_a_curtain_is_and_where_it_shall_be_are_one_property() -> None:
    found = read(CURTAIN).properties
    now, wanted = found["curtain.current-position"], found["curtain.target-position"]
    assert (now.trait, now.access, now.ref, now.write_ref, now.settle_s) == (
        "position", ("read", "notify", "write"), "miot:2.1", "miot:2.2", 20,
    )  # fmt: skip
    assert wanted.trait is None


def test_modules_of_version_3() -> None:
    model = read(CAR)
    assert [(each.key, each.ref) for each in model.modules] == [("m0", "0"), ("m1", "1")]
    assert list(model.properties) == ["m0_battery.battery-level"]
    assert model.properties["m0_battery.battery-level"].ref == "miot:0.2.1"
    assert model.source is not None
    assert model.source.version == "3"
    assert read(FLAT).services[0].ref == "miot:3.2"


@pytest.mark.parametrize(
    ("key", "fields", "member", "value"),
    [
        ("light.on", {"titles": {"en": "Power"}}, "description", "Power"),
        ("light.brightness", {"unit": "Cel"}, "unit", "celsius"),
        ("light.brightness", {"unit": None, "raw_unit": None}, "unit", None),
        ("light.on", {"access": ("read",)}, "access", ["read"]),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, member: str, value: Any) -> None:
    properties = written(changed(read(LAMP), key, **fields))["services"][1]["properties"]
    name = key.partition(".")[2]
    assert next(each for each in properties if name in each["type"]).get(member) == value


def test_a_changed_range_is_in_the_export() -> None:
    model = read(LAMP)
    schema = msgspec.structs.replace(model.properties["light.brightness"].schema, min=10, max=50, step=5)
    made = written(changed(model, "light.brightness", schema=schema))["services"][1]["properties"][1]
    assert made["value-range"] == [10, 50, 5]


def test_an_overlay_mends_and_the_export_is_the_makers() -> None:
    overlay = Overlay(name="test", match=f"{V2}:device:light:.*", why="a test", repairs=(
        Repair(of="2.7", unit="seconds", value_range=(0, 500, 5), scale=0.1),
        Repair(of="light.mode", hide=True, value_list=({"value": 0, "description": "Dawn"},)),
        Repair(of="*.manufacturer", description="Who made it", access=("read", "notify"), format="hex"),
    ))  # fmt: skip
    mending = Miot([overlay])
    model = read(LAMP, mending)
    assert model.overlays == ("test",)
    delay, mode = model.properties["light.off-delay-time"], model.properties["light.mode"]
    assert (decode(delay.codec, 215), delay.schema.max, delay.unit) == (21.5, 50, "s")
    assert (mode.hidden, [choice.value for choice in mode.schema.choices]) == (True, ["dawn"])
    maker = model.properties["device-information.manufacturer"]
    assert (maker.titles, maker.access) == ({"en": "Who made it"}, ("read", "notify"))
    assert identical(written(without_raw(model)), LAMP)
    schema = msgspec.structs.replace(delay.schema, max=40)
    made = written(changed(model, "light.off-delay-time", schema=schema))["services"][1]["properties"][6]
    assert made["value-range"] == [0, 400, 1]
    assert read(ODD, mending).overlays == ()
    odd = {**LAMP, "services": [5, {"properties": 5}, {"iid": [], "properties": [5, {"iid": []}]}]}
    assert read(odd, mending).overlays == ("test",)
    assert read({**LAMP, "services": 5, "modules": []}, mending).overlays == ("test",)


@pytest.mark.usefixtures("untraced")
def test_our_overlays_are_for_real_instances() -> None:
    data = read_real("models/miot_homebridge.json")
    used = {name for model in MIOT.read(data)[0] for name in model.overlays}
    assert used == {each.name for each in overlays()}


def test_wrapped_documents_and_the_list_of_all() -> None:
    assert read({"props": {"spec": LAMP}}).id == "miot.light.acme-l1"
    index = {"instances": [{"status": "released", "model": "a.b.c", "version": 1, "type": urn("device", "light")}]}
    assert MIOT.sniff(msgspec.json.encode(index))
    models, findings = MIOT.read(msgspec.json.encode(index))
    assert (models, findings[0].rule) == ([], "index")
    assert MIOT.read(b'[{"services": [{"iid": 1}]}]')[0][0].id.startswith("miot.")
    two, _ = MIOT.read(msgspec.json.encode([LAMP, {**LAMP, "type": urn("device", "light")[:-1] + "2"}]))
    assert [(each.id, each.version) for each in two] == [("miot.light.acme-l1", 1), ("miot.light.acme-l1.2", 2)]


def test_a_model_made_elsewhere_is_numbered() -> None:
    made = written(builtin_model("light"))
    service = made["services"][0]
    assert made["type"].startswith("urn:unisono-spec:device:light:00000000:unisono-light:1")
    assert [each["iid"] for each in service["properties"]] == list(range(1, len(service["properties"]) + 1))
    formats = {each["type"].split(":")[3]: each["format"] for each in service["properties"]}
    assert (formats["on"], formats["brightness"], formats["color"]) == ("bool", "float", "string")
    doorbell = written(builtin_model("doorbell"))["services"][0]
    assert doorbell["events"][0]["arguments"] == []
    alarm = written(builtin_model("alarm"))["services"][0]
    assert all(type(each["value"]) is int for each in alarm["properties"][0]["value-list"])


@pytest.mark.usefixtures("untraced")
def test_real_instances_come_back() -> None:
    data = read_real("models/miot_homebridge.json")
    models, findings = MIOT.read(data)
    documents = msgspec.json.decode(data)
    assert len(models) == len(documents) == 227
    assert sum(len(each.properties) for each in models) == 4516
    assert sum(len(each.actions) for each in models) == 1011
    assert sum(len(each.events) for each in models) == 685
    assert sum(each.parameter_only for model in models for each in model.properties.values()) == 333
    assert {each.rule for each in findings} == {"unknown_raw_unit", "dangling_property"}
    assert sum(each.rule == "dangling_property" for each in findings) == 2
    for model, document in zip(models, documents, strict=True):
        assert identical(msgspec.json.decode(MIOT.write(without_raw(model))), document)
