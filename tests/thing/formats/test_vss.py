"""COVESA VSS: what signals mean, nested and flat trees, instances, and that they come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.testing.formats import FormatConformance, changed, without_raw
from unisono.thing import Model, builtin_model, compile_model
from unisono.thing.codec import decode, encode
from unisono.thing.formats.document import Findings
from unisono.thing.formats.residue import identical
from unisono.thing.formats.vss import VSS
from unisono.thing.formats.vss.tree import instances_of


def signal(type: str, datatype: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "datatype": datatype, "description": f"A {datatype}.", **more}


def branch(**children: Any) -> dict[str, Any]:
    return {"type": "branch", "description": "A branch.", "children": children}


CAR: dict[str, Any] = {
    "Vehicle": branch(
        Speed=signal("sensor", "float", unit="km/h", uuid="1", comment="c"),
        Range=signal("sensor", "uint32", unit="m"),
        Cabin=branch(
            Door=branch(
                Row1=branch(
                    Left=branch(
                        IsOpen=signal("actuator", "boolean"),
                        IsLocked=signal("actuator", "boolean"),
                        Window=branch(Position=signal("actuator", "uint8", unit="percent", min=0, max=100)),
                    )
                )
            ),
            Seat=branch(
                OccupancyStatus=signal("sensor", "string", allowed=["UNKNOWN", "OCCUPIED", "EMPTY"]),
                Levels=signal("attribute", "uint8[]", default=[2, 3], arraysize=2),
                Names=signal("attribute", "string[]", allowed=["A", "B"]),
            ),
        ),
        Powertrain=branch(
            Transmission=branch(
                SelectedGear=signal("actuator", "int8", deprecation="v6 - use Gear"),
                Mode=signal("actuator", "uint8", allowed=[0, 1], default=7),
            )
        ),
        VIN=signal("attribute", "string", pattern="^[A-Z0-9]{17}$", default=3),
    )
}

ODD: dict[str, Any] = {
    "Vehicle": branch(
        Odd="no node",
        Unknown=signal("stream", "mystery"),
        Range=signal("sensor", "int16", min=9, max=1, unit="furlong"),
        Allowed=signal("sensor", "string", allowed=["a", None, "a"]),
        NoList=signal("sensor", "string", allowed="a"),
        Enum=signal("sensor", "uint8", enum={"OFF": 0, "ON": 1, "BAD": None}),
        Array=signal("sensor", "float[]", arraysize=-1),
        Struct=signal("sensor", "Types.Point"),
        Title=signal("sensor", "boolean", title="Named"),
        Deep=branch(**{"A" * 70: branch(B=branch(C=branch(D=branch(E=branch(F=branch(G=branch(H=branch(I=branch(
            J=branch(K=signal("sensor", "boolean")))))))))))}),
    ),
    "Types": branch(Point={"type": "struct", "description": "p", "children": {
        "X": {"type": "property", "datatype": "float", "unit": "m", "description": "x"},
        "Y": {"type": "property", "datatype": "Types.Point", "description": "y"},
        "Z": 7,
    }}),
}  # fmt: skip

INSTANCES: dict[str, Any] = {
    "Vehicle": branch(
        Seat={
            "type": "branch",
            "description": "Seats.",
            "instances": ["Row[1,2]", ["Left", "Right"]],
            "children": {
                "IsOccupied": signal("sensor", "boolean"),
                "Height": signal("actuator", "uint16", unit="mm"),
                "Count": signal("attribute", "uint8", instantiate=False),
                "Airbag": branch(IsDeployed=signal("sensor", "boolean")),
            },
        },
        Odd={"type": "branch", "description": "o", "instances": "Row[2,1]", "children": {}},
        Many={"type": "branch", "description": "m", "instances": ["Row[1,100]", "Col[1,100]"], "children": {}},
    )
}

FLAT = {
    "Vehicle": {"type": "branch", "description": "v"},
    "Vehicle.Speed": signal("sensor", "float", unit="km/h"),
    "Vehicle.Cabin.IsOpen": signal("actuator", "boolean"),
}
LEAVES = {key: value for key, value in FLAT.items() if value["type"] != "branch"}


def read(document: Any) -> Model:
    models, findings = VSS.read(msgspec.json.encode(document))
    assert len(models) == 1, findings
    return models[0]


def written(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(VSS.write(model))
    return found


class TestVss(FormatConformance):
    format = VSS
    documents = (CAR, ODD, INSTANCES, FLAT, LEAVES)


def test_a_car() -> None:
    model = read(CAR)
    assert (model.id, model.kind, model.product) == ("vss.vehicle", "car", "Vehicle")
    found = model.properties
    assert {key: each.trait for key, each in found.items() if each.trait} == {
        "Speed": "speed",
        "Range": "range",
        "Cabin.Door.Row1.Left.IsOpen": "door",
        "Cabin.Door.Row1.Left.IsLocked": "locked",
        "Cabin.Door.Row1.Left.Window.Position": "window_position",
        "Cabin.Seat.OccupancyStatus": "occupancy",
        "Powertrain.Transmission.SelectedGear": "gear",
    }
    assert (found["Range"].unit, decode(found["Range"].codec, 12_345), encode(found["Range"].codec, 3)) == (
        "km",
        12.345,
        3000,
    )
    door = found["Cabin.Door.Row1.Left.IsOpen"]
    assert (decode(door.codec, True), encode(door.codec, "closed")) == ("open", False)
    assert found["Cabin.Door.Row1.Left.IsLocked"].risky
    gear = found["Powertrain.Transmission.SelectedGear"]
    assert [decode(gear.codec, each) for each in (126, -1, 0, 3)] == ["P", "R", "N", 3]
    gear.schema.check(3)
    assert gear.deprecated == "v6 - use Gear"
    seat = found["Cabin.Seat.OccupancyStatus"]
    assert (seat.schema.kind, decode(seat.codec, "UNKNOWN"), encode(seat.codec, False)) == ("bool", False, "UNKNOWN")
    levels = found["Cabin.Seat.Levels"]
    assert (levels.role, levels.access, levels.default, levels.schema.count_max) == ("attribute", ("read",), [2, 3], 2)
    assert found["Powertrain.Transmission.Mode"].schema.kind == "enum"
    assert found["Powertrain.Transmission.Mode"].default is msgspec.UNSET
    assert found["VIN"].schema.pattern is not None
    compile_model(model)


def test_what_trees_get_wrong() -> None:
    model = read(ODD)
    found = model.properties
    assert "Odd" not in found
    assert found["Unknown"].schema.kind == "any"
    assert [each.value for each in found["Allowed"].schema.choices] == ["a"]
    assert [(each.value, each.key) for each in found["Enum"].schema.choices] == [(0, "OFF"), (1, "ON")]
    point = found["Struct"].schema
    assert [(each.key, each.schema.kind) for each in point.fields] == [("X", "float"), ("Y", "object")]
    assert found["Title"].titles == {"en": "Named"}
    _, findings = VSS.read(msgspec.json.encode(ODD))
    assert {each.rule for each in findings} >= {"odd_node", "odd_signal", "odd_type", "empty_range", "odd_choice"}


def test_instances_are_made_and_written_as_one() -> None:
    model = read(INSTANCES)
    assert [each.path for each in model.modules] == [
        ("Row1", "Left"), ("Row1", "Right"), ("Row2", "Left"), ("Row2", "Right"),
    ]  # fmt: skip
    assert model.properties["Seat.Row2.Right.IsOccupied"].trait == "occupancy"
    assert "Seat.Row1.Left.Airbag.IsDeployed" in model.properties
    assert "Seat.Count" in model.properties
    assert "Seat.Row1.Left.Count" not in model.properties
    _, findings = VSS.read(msgspec.json.encode(INSTANCES))
    assert {each.rule for each in findings} == {"odd_instances", "too_many"}


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ("Row[1,2]", [("Row1",), ("Row2",)]),
        ("Left", [("Left",)]),
        ("", None),
        (["Left", "Right"], [("Left",), ("Right",)]),
        (["Row[1,1]"], [("Row1",)]),
        ([["A"], ["B", "C"]], [("A", "B"), ("A", "C")]),
        ([], None),
        ([["A"], []], None),
        ([1], None),
        (7, None),
        ("Row[1,9999]", None),
    ],
)
def test_the_ways_to_say_instances(instances: Any, expected: Any) -> None:
    findings = Findings()
    assert instances_of({"instances": instances}, "x", findings) == (expected or [])
    assert bool(findings.found) == (expected is None)


def test_a_tree_is_nested_at_most_so_deep() -> None:
    node: dict[str, Any] = signal("sensor", "boolean")
    for _ in range(60):
        node = branch(A=node)
    models, findings = VSS.read(msgspec.json.encode({"Vehicle": node}))
    assert "odd_node" in [each.rule for each in findings]
    assert identical(written(without_raw(models[0])), {"Vehicle": node})


@pytest.mark.parametrize(
    ("key", "fields", "member", "value"),
    [
        ("Speed", {"descriptions": {"en": "Fast"}}, "description", "Fast"),
        ("Speed", {"titles": {"en": "Fast"}}, "title", "Fast"),
        ("Speed", {"unit": "m/s"}, "unit", "m/s"),
        ("Speed", {"deprecated": "gone"}, "deprecation", "gone"),
        ("Range", {"access": ("read", "write")}, "type", "actuator"),
        ("VIN", {"role": "sensor"}, "type", "sensor"),
    ],
)
def test_a_change_of_the_model_is_in_the_export(key: str, fields: Any, member: str, value: Any) -> None:
    assert written(changed(read(CAR), key, **fields))["Vehicle"]["children"][key][member] == value


def test_a_changed_range_and_a_changed_template() -> None:
    model = read(CAR)
    key = "Cabin.Door.Row1.Left.Window.Position"
    schema = msgspec.structs.replace(model.properties[key].schema, max=50)
    window = written(changed(model, key, schema=schema))["Vehicle"]["children"]["Cabin"]["children"]["Door"]
    assert window["children"]["Row1"]["children"]["Left"]["children"]["Window"]["children"]["Position"]["max"] == 50


def test_several_trees_and_what_is_none() -> None:
    two = {"Vehicle": branch(A=signal("sensor", "boolean")), "Trailer": branch(B=signal("sensor", "boolean"))}
    models, _ = VSS.read(msgspec.json.encode(two))
    assert [each.id for each in models] == ["vss.vehicle", "vss.trailer"]
    assert identical(msgspec.json.decode(VSS.write_all(models)), two)
    assert VSS.read(b'{"A": 1}')[1][0].rule == "bad_tree"
    assert VSS.read(b"[]")[1][0].rule == "bad_tree"
    alone = {"Speed": signal("sensor", "float")}
    assert identical(written(without_raw(read(alone))), alone)
    only = {"Types": ODD["Types"]}
    assert VSS.read(msgspec.json.encode(only))[0][0].id == "vss.types"
    assert VSS.read(msgspec.json.encode({**FLAT, "Vehicle.X": 1}))[1][0].rule == "odd_node"


def test_a_model_made_elsewhere_is_a_tree() -> None:
    made = written(builtin_model("car"))["Car"]
    assert made["type"] == "branch"
    assert made["children"]["Speed"] == {
        "type": "sensor", "datatype": "float", "min": -100, "max": 1000, "unit": "km/h", "description": "speed",
    }  # fmt: skip
    assert made["children"]["Armed"]["allowed"] == ["False", "home", "away", "night"]


def test_every_control_unit_tells_its_power() -> None:
    model = read(msgspec.json.decode(read_real("car/vss_release_6.0.json")))
    told = {key: each.trait for key, each in model.properties.items() if key.endswith("Health.Resources.Power")}
    assert len(told) > 1 and set(told.values()) == {"power"}


def test_the_real_tree_comes_back_nested_and_flat() -> None:
    data = read_real("car/vss_release_6.0.json")
    document = msgspec.json.decode(data)
    model = read(document)
    assert len(model.properties) == 1263
    assert identical(written(without_raw(model)), document)
    flat: dict[str, Any] = {}

    def walk(node: dict[str, Any], path: str) -> None:
        flat[path] = {key: value for key, value in node.items() if key != "children"}
        for name, child in node.get("children", {}).items():
            walk(child, f"{path}.{name}")

    walk(document["Vehicle"], "Vehicle")
    assert identical(written(without_raw(read(flat))), flat)
    leaves = {path: node for path, node in flat.items() if node["type"] != "branch"}
    assert identical(written(without_raw(read(leaves))), leaves)
    assert list(read(leaves).properties) == list(model.properties)


def test_types_below_a_wrapper_are_declarations() -> None:
    """vss-tools write types of one's own beside the tree, below a member that is no node."""
    point = {"type": "struct", "description": "p", "children": {
        "X": {"type": "property", "datatype": "float", "unit": "m", "description": "x"},
    }}  # fmt: skip
    document = {
        "Vehicle": branch(Place=signal("sensor", "Types.Point"), Places=signal("sensor", "Types.Point[]")),
        "ComplexDataTypes": {"Types": branch(Point=point)},
    }
    models, findings = VSS.read(msgspec.json.encode(document))
    assert findings == [] and [model.id for model in models] == ["vss.vehicle"]
    [place] = [each for each in models[0].properties.values() if each.titles == {"en": "Place"}]
    assert [field.key for field in place.schema.fields] == ["X"]
    assert VSS.make(models[0]) == document
    # a member that holds anything else is no wrapper
    models, findings = VSS.read(msgspec.json.encode({**document, "ComplexDataTypes": {"Types": 7}}))
    assert [each.rule for each in findings if each.severity == "error"] == ["bad_tree"]
