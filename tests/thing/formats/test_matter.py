"""Matter: inheritance, constraints, data types, device types, and that elements come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.matter import MATTER
from unisono.thing.formats.matter.elements import Constraint, read_constraint, write_constraint
from unisono.thing.formats.residue import identical


def field(name: str, id: Any = None, **more: Any) -> dict[str, Any]:
    return {"tag": "field", "name": name, **({} if id is None else {"id": id}), "constraint": "all", **more}


def attribute(name: str, id: int, type: str | None = None, **more: Any) -> dict[str, Any]:
    return {"tag": "attribute", "name": name, "id": id, **({} if type is None else {"type": type}), **more}


BASE: dict[str, Any] = {
    "tag": "cluster", "name": "ModeBase", "revision": 2, "classification": "application", "children": [
        attribute("ClusterRevision", 65533, "ClusterRevision", constraint="all", default=2),
        attribute("FeatureMap", 65532, "FeatureMap", constraint="all", children=[
            {"tag": "field", "name": "DEP", "title": "OnOff", "conformance": "O", "constraint": "0"},
            {"tag": "field", "name": "WIDE", "constraint": "2 to 3"}]),
        attribute("CurrentMode", 1, "uint8", access="R V", conformance="M", constraint="0 to 254", quality="N"),
        attribute("SupportedModes", 0, "list", access="R V", conformance="M", constraint="2 to 255", children=[
            field("entry", type="ModeStruct")]),
        {"tag": "command", "name": "ChangeToMode", "id": 0, "access": "O", "conformance": "M", "constraint": "all",
         "direction": "request", "response": "ChangeToModeResponse",
         "children": [field("NewMode", 0, type="uint8", conformance="M")]},
        {"tag": "command", "name": "ChangeToModeResponse", "id": 1, "conformance": "M", "constraint": "all",
         "direction": "response", "children": [field("Status", 0, type="StatusEnum", conformance="M"),
                                               field("Text", 1, type="string", conformance="O")]},
        {"tag": "event", "name": "Changed", "id": 0, "access": "V", "conformance": "O", "constraint": "all",
         "priority": "critical", "children": [field("Mode", 0, type="uint8", conformance="M")]},
        {"tag": "datatype", "name": "ModeStruct", "type": "struct", "constraint": "all", "children": [
            field("Label", 0, type="string", conformance="M"), field("Mode", 1, type="uint8", conformance="O"),
            field("Self", 2, type="ModeStruct"),
            field("Names", 3, type="list", children=[field("entry", type="string")])]},
        {"tag": "datatype", "name": "StatusEnum", "type": "enum8", "constraint": "all", "children": [
            field("Success", 0, conformance="M"), field("Failed", 1, title="It failed", conformance="M"),
            field("Again", 1), field("NoId")]},
    ],
}  # fmt: skip

RVC: dict[str, Any] = {
    "tag": "cluster", "name": "RvcRunMode", "id": 84, "type": "ModeBase", "revision": 3, "children": [
        attribute("CurrentMode", 1, constraint="all", conformance="M"),
        attribute("StartUp", 2, "StatusEnum", access="RW VM", constraint="desc", quality="X N", default=7),
    ],
}  # fmt: skip

THERMOSTAT: dict[str, Any] = {
    "tag": "cluster", "name": "Thermostat", "id": 513, "revision": 9, "title": "Heating", "children": [
        attribute("LocalTemperature", 0, "temperature", access="R V", conformance="M", constraint="all", quality="X"),
        attribute("OccupiedHeatingSetpoint", 18, "temperature", access="RW VO", constraint="700 to 3000", default=2000),
        attribute("OutdoorTemperature", 1, "mystery", constraint="all"),
        attribute("Mask", 3, "map8", constraint="max 0x7F", children=[field("A", constraint="0")]),
        attribute("Kind", 4, "enum8", constraint="all"),
        attribute("Blob", 5, "octstr", constraint="max 16"),
        attribute("Ratio", 6, "single", constraint="min -3"),
        attribute("Flag", 7, "bool", access="W", constraint="all", default=True),
        attribute("Inline", 8, "enum8", access="", constraint="all",
                  children=[field("X", 0), field("Y", 1, title="Why")]),
    ],
}  # fmt: skip

LIGHT: dict[str, Any] = {
    "tag": "deviceType", "name": "DimmableLight", "id": 257, "type": "OnOffLight", "revision": 3,
    "classification": "simple", "children": [
        {"tag": "requirement", "name": "Descriptor", "id": 29, "constraint": "all"},
        {"tag": "requirement", "name": "OnOff", "id": 6, "conformance": "M", "constraint": "all",
         "children": [{"tag": "requirement", "name": "LIGHTING", "conformance": "M", "constraint": "all"}]},
        {"tag": "requirement", "name": "Other", "id": 7, "conformance": "M", "constraint": "all"},
        {"tag": "condition", "name": "Ip"},
    ],
}  # fmt: skip

ON_OFF: dict[str, Any] = {
    "tag": "cluster", "name": "OnOff", "id": 6, "revision": 6, "children": [
        attribute("OnOff", 0, "bool", access="R V", conformance="M", constraint="all", quality="N S"),
    ],
}  # fmt: skip

SHARED = {"tag": "datatype", "name": "StatusEnum", "type": "enum8", "constraint": "all", "children": [field("No", 0)]}


def read(document: Any, at: int = 0) -> Model:
    models, findings = MATTER.read(msgspec.json.encode(document))
    assert models, findings
    return models[at]


class TestMatter(FormatConformance):
    format = MATTER
    documents = (BASE, THERMOSTAT, LIGHT, ON_OFF, {**RVC, "type": "Unknown"})


def test_a_cluster() -> None:
    model = read(BASE)
    assert (model.id, model.abstract, model.types) == ("matter.mode_base", True, ())
    found = model.properties
    modes = found["ModeBase.SupportedModes"].schema
    assert (modes.count_min, modes.count_max, modes.items is not None and modes.items.format) == (2, 255, "ModeStruct")
    assert modes.items is not None
    assert [each.key for each in modes.items.fields] == ["Label", "Mode", "Self", "Names"]
    assert modes.items.fields[2].schema.kind == "object"
    assert found["ModeBase.FeatureMap"].schema.choices[0].key == "DEP"
    assert found["ModeBase.StatusEnum"].parameter_only
    assert [each.value for each in found["ModeBase.StatusEnum"].schema.choices] == [0, 1]
    assert found["ModeBase.CurrentMode"].quality == ("nonvolatile",)
    change = model.actions["ModeBase.ChangeToMode"]
    assert ([each.key for each in change.inputs], [each.key for each in change.outputs]) == (
        ["NewMode"],
        ["Status", "Text"],
    )
    assert model.actions["ModeBase.ChangeToModeResponse"].hidden
    assert model.events["ModeBase.Changed"].severity == "critical"
    compile_model(model)


def test_what_is_inherited_is_there_and_is_not_written_again() -> None:
    model = read([RVC, BASE])
    assert (model.id, model.extends, model.types, model.abstract) == (
        "matter.rvc_run_mode", ("matter.mode_base",), ("matter:cluster:0x0054",), False,
    )  # fmt: skip
    mode = model.properties["RvcRunMode.CurrentMode"]
    assert (mode.schema.format, mode.schema.max, mode.ref) == ("uint8", None, "matter:0x0054/0x0001")
    startup = model.properties["RvcRunMode.StartUp"]
    assert (startup.schema.kind, startup.schema.nullable, startup.writable) == ("enum", True, True)
    assert "RvcRunMode.ChangeToMode" in model.actions
    assert "RvcRunMode.Changed" in model.events
    assert identical(msgspec.json.decode(MATTER.write(without_raw(model))), RVC)
    ring = [{**RVC, "type": "B"}, {**RVC, "name": "B", "type": "RvcRunMode"}]
    assert read(ring).extends == ("matter.b",)


def test_types_without_their_declarations() -> None:
    model = read(THERMOSTAT)
    assert model.titles == {"en": "Heating"}
    found = {key.partition(".")[2]: each for key, each in model.properties.items()}
    warm, wanted = found["LocalTemperature"], found["OccupiedHeatingSetpoint"]
    assert (warm.trait, warm.unit, decode(warm.codec, 2150), warm.schema.nullable) == ("temperature", "Cel", 21.5, True)
    assert (wanted.trait, wanted.schema.min, wanted.schema.max, encode(wanted.codec, 21.5)) == (
        "target_temperature", 7, 30, 2150,
    )  # fmt: skip
    kinds = {key: each.schema.kind for key, each in found.items()}
    assert kinds["OutdoorTemperature"] == "any"
    assert (kinds["Mask"], kinds["Kind"], kinds["Blob"], kinds["Ratio"]) == ("bitmap", "int", "bytes", "float")
    assert (found["Flag"].access, found["Flag"].default, found["Inline"].access) == (
        ("write",), True, ("read", "notify"),
    )  # fmt: skip


def test_a_device_type_has_the_clusters_that_it_must_have() -> None:
    document = {"clusters": [ON_OFF, RVC], "deviceTypes": [LIGHT], "datatypes": [SHARED], "more": 1}
    models, _ = MATTER.read(msgspec.json.encode(document))
    light = models[2]
    assert (light.id, light.kind, light.types) == ("matter.device.dimmable_light", "light", ("matter:device:0x0101",))
    assert [each.key for each in light.services] == ["OnOff"]
    assert light.properties["OnOff.OnOff"].trait == "on_off"
    assert read(LIGHT).abstract
    whole = {"clusters": [ON_OFF, RVC], "deviceTypes": [LIGHT], "datatypes": [SHARED]}
    assert identical(msgspec.json.decode(MATTER.write_all([without_raw(each) for each in models])), whole)
    less = msgspec.structs.replace(light, services=())
    names = [each["name"] for each in msgspec.json.decode(MATTER.write(less))["children"]]
    assert names == ["Descriptor", "Other", "Ip"]


@pytest.mark.parametrize(
    ("key", "fields", "member", "value"),
    [
        ("Thermostat.Flag", {"titles": {"en": "A flag"}}, "title", "A flag"),
        ("Thermostat.Flag", {"access": ("read",)}, "access", "R V"),
        ("Thermostat.LocalTemperature", {"conformance": "O"}, "conformance", "O"),
        ("Thermostat.LocalTemperature", {"quality": ("fixed",)}, "quality", "F"),
        ("Thermostat.Flag", {"default": False}, "default", False),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, member: str, value: Any) -> None:
    made = msgspec.json.decode(MATTER.write(changed(read(THERMOSTAT), key, **fields)))
    assert next(each for each in made["children"] if each["name"] == key.partition(".")[2])[member] == value


def test_a_changed_range_is_in_the_export_as_the_wire_counts() -> None:
    model = read(THERMOSTAT)
    schema = msgspec.structs.replace(model.properties["Thermostat.OccupiedHeatingSetpoint"].schema, max=25.5)
    made = msgspec.json.decode(MATTER.write(changed(model, "Thermostat.OccupiedHeatingSetpoint", schema=schema)))
    assert made["children"][1]["constraint"] == "700 to 2550"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Constraint()),
        (None, Constraint()),
        ("1 to 254", Constraint(1, 254)),
        ("-27315 to 0x10", Constraint(-27315, 16)),
        ("9 to 1", Constraint(text="9 to 1")),
        ("min 1", Constraint(low=1)),
        ("max 32", Constraint(high=32)),
        ("minLevel to maxLevel", Constraint(text="minLevel to maxLevel")),
    ],
)
def test_constraints(text: Any, expected: Constraint) -> None:
    assert read_constraint(text) == expected
    if text and "0x" not in text:
        assert write_constraint(*expected) == text


def test_a_whole_model_and_what_is_none_of_it() -> None:
    whole = {"tag": "matter", "name": "Matter", "children": [ON_OFF, {"tag": "cluster"}, 7]}
    models, findings = MATTER.read(msgspec.json.encode(whole))
    assert ([each.id for each in models], [each.rule for each in findings]) == (["matter.on_off"], ["odd_element"] * 2)
    assert MATTER.read(b"{}")[1][0].rule == "no_model"


def test_a_model_made_elsewhere_is_a_cluster_of_ones_own() -> None:
    made = msgspec.json.decode(MATTER.write(builtin_model("car")))
    assert (made["tag"], made["name"], made["id"]) == ("cluster", "Car", 0xFFF1FC00)
    attributes = {each["name"]: each for each in made["children"] if each["tag"] == "attribute"}
    assert (attributes["ChargeLimit"]["type"], attributes["ChargeLimit"]["constraint"]) == ("single", "0 to 100")
    assert attributes["Armed"]["type"] == "enum8"
    assert [each["name"] for each in attributes["Location"]["children"]][:2] == ["lat", "lon"]
    several = msgspec.structs.replace(builtin_model("car"), services=(), types=("matter:device:nonsense",))
    assert msgspec.json.decode(MATTER.write(several))["tag"] == "deviceType"


@pytest.mark.usefixtures("untraced")
def test_the_real_data_model_comes_back() -> None:
    data = read_real("models/matter_model.json")
    document = msgspec.json.decode(data)
    models, findings = MATTER.read(data)
    assert findings == []
    assert len(models) == 141 + 92
    assert sum(each.abstract for each in models[:141]) == 6
    assert identical(msgspec.json.decode(MATTER.write_all([without_raw(each) for each in models])), document)
    for model, element in zip(models, document["clusters"] + document["deviceTypes"], strict=True):
        assert identical(msgspec.json.decode(MATTER.write(without_raw(model))), element)
