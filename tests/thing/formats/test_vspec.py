"""VSS as its authors write it (YAML by paths), and overlays laid over a tree."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest

from tests.thing.formats.real import read_real
from unisono.errors import CallerError
from unisono.thing.formats.document import Findings
from unisono.thing.formats.files import read_models
from unisono.thing.formats.residue import identical
from unisono.thing.formats.vss import VSS
from unisono.thing.formats.vss.overlay import lay_over

VSPEC = b"""
# A car of two doors.
Vehicle:
  type: branch
  description: The car.

Vehicle.Speed:
  type: sensor
  datatype: float
  unit: km/h
  min: 0
  description: How fast.

Vehicle.Mode:
  type: actuator
  datatype: string
  allowed: ['ON', off, 2024-01-01]
  description: What it does.

Vehicle.Door:
  type: branch
  instances: ["Left", "Right"]
  description: The doors.
Vehicle.Door.Count: {type: attribute, datatype: uint8, instantiate: false, default: 2, description: How many.}
Vehicle.Door.IsOpen:
  type: actuator
  datatype: boolean
  description: Whether it is open.
Vehicle.Old:
  type: sensor
  datatype: string
  delete: true
"""


def tree(**children: Any) -> dict[str, Any]:
    return {"Vehicle": {"type": "branch", "description": "car", "children": children}}


def sensor(**more: Any) -> dict[str, Any]:
    return {"type": "sensor", "datatype": "float", "description": "s", **more}


def rules(findings: Any) -> list[str]:
    return [each.rule for each in findings]


def over(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    children: dict[str, Any] = lay_over(base, overlay, Findings())["Vehicle"]["children"]
    return children


def test_the_text_that_people_write() -> None:
    read = read_models(VSPEC)
    assert read.format == "vss" and rules(read.findings) == ["deleted"]
    [model] = read.models
    assert list(model.properties) == ["Speed", "Mode", "Door.Count", "Door.Left.IsOpen", "Door.Right.IsOpen"]
    assert model.properties["Speed"].trait == "speed"
    assert [each.value for each in model.properties["Mode"].schema.choices] == ["ON", "off", "2024-01-01"]
    assert read_models(gzip.compress(VSPEC)).models == read_models(VSPEC, "vss").models == [model]


def test_it_is_written_as_the_same_tree() -> None:
    model = read_models(VSPEC).models[0]
    written = msgspec.json.decode(VSS.write(model))
    assert written["Vehicle.Speed"] == {
        "type": "sensor",
        "datatype": "float",
        "unit": "km/h",
        "min": 0,
        "description": "How fast.",
    }
    assert "Vehicle.Old" not in written
    assert identical(msgspec.json.decode(VSS.write(read_models(VSS.write(model)).models[0])), written)


@pytest.mark.parametrize(
    ("text", "found", "models"),
    [
        (VSPEC + b"#include Cabin.vspec Vehicle.Cabin\n", {"not_fetched", "deleted"}, 1),
        (VSPEC + b"Vehicle.Speed:\n  type: sensor\n  datatype: float\n", {"bad_text", "deleted"}, 1),
        (b"A:\n  type: sensor\n  datatype: [\n", {"bad_text"}, 0),
        (b"- A\n- B:\n    type: sensor\n", {"no_model"}, 0),
        (b"A:\n  type: sensor\n" + b"#" * (17 << 20), {"too_large"}, 0),
    ],
)
def test_what_texts_get_wrong(text: bytes, found: set[str], models: int) -> None:
    read = VSS.read(text)
    assert set(rules(read[1])) == found and len(read[0]) == models


def test_times_and_numbers_are_as_json_has_them() -> None:
    text = b"1:\n  type: attribute\n  datatype: string\n  default: !!timestamp 2024-01-01\n  more: {2: x}\n"
    read = read_models(text)
    assert [each.default for each in read.models[0].properties.values()] == ["2024-01-01"]


def test_an_overlay_adds_changes_and_removes() -> None:
    base = tree(Speed=sensor(unit="km/h"), Old=sensor(), Sub={"type": "branch", "children": {"A": sensor()}})
    overlay = {
        "Vehicle.Speed": {"type": "sensor", "datatype": "float", "unit": "m/s", "max": 90},
        "Vehicle.Old": {"type": "sensor", "delete": True},
        "Vehicle.Sub.B": sensor(),
        "Vehicle.New.C": sensor(),
        "Car.D": sensor(),
        "odd": 5,
    }
    whole = lay_over(base, overlay, Findings())
    children = whole["Vehicle"]["children"]
    assert children["Speed"] == {**sensor(unit="m/s"), "max": 90}
    assert "Old" not in children and list(children["Sub"]["children"]) == ["A", "B"]
    assert children["New"] == {"type": "branch", "children": {"C": sensor()}}
    assert whole["Vehicle"]["description"] == "car" and whole["Car"]["children"]["D"] == sensor()
    assert base["Vehicle"]["children"]["Speed"] == sensor(unit="km/h")


def test_a_branch_and_a_signal_take_each_others_place() -> None:
    base = tree(A={"type": "branch", "children": {"X": sensor()}}, B=sensor())
    children = over(base, {"Vehicle.A": sensor(), "Vehicle.B": {"type": "branch"}, "Vehicle.B.Y": sensor()})
    assert children["A"] == sensor()
    assert children["B"]["type"] == "branch" and children["B"]["children"] == {"Y": sensor()}


def test_a_node_of_one_instance_has_the_instances_written_out() -> None:
    door = {
        "type": "branch",
        "instances": ["Row[1,2]", ["Left", "Right"]],
        "children": {"IsOpen": sensor(), "Count": sensor(instantiate=False), "odd": 5},
    }
    found = over(tree(Door=door), {"Vehicle.Door.Row2.Left.Smart": sensor()})["Door"]
    assert "instances" not in found and list(found["children"]) == ["Count", "odd", "Row1", "Row2"]
    assert list(found["children"]["Row2"]["children"]["Left"]["children"]) == ["IsOpen", "Smart"]
    assert list(found["children"]["Row2"]["children"]["Right"]["children"]) == ["IsOpen"]
    alike = over(tree(Door=door), {"Vehicle.Door.Smart": sensor()})["Door"]
    assert alike["instances"] == door["instances"] and "Smart" in alike["children"]
    empty = over(tree(Door={"type": "branch", "instances": "Row[1,2]"}), {"Vehicle.Door.Row1.X": sensor()})["Door"]
    assert empty["children"]["Row1"]["children"] == {"X": sensor()}


def test_odd_overlays() -> None:
    findings = Findings()
    assert lay_over(tree(A=sensor()), {"Vehicle": {"children": {}}, "B": {"type": 5}}, findings) == tree(A=sensor())
    assert rules(findings.found) == ["odd_node", "odd_node"]
    assert over(tree(A=sensor(), B=5), {"Vehicle": {"type": "branch", "children": {"A": 7, "B": 8}}}) == {
        "A": 7,
        "B": 8,
    }
    assert VSS.lay_over([], {}, Findings()) == []


def test_files_with_overlays() -> None:
    overlay = b"Vehicle.Speed:\n  type: sensor\n  datatype: float\n  unit: m/s\n"
    read = read_models(
        VSPEC, overlays=[overlay, gzip.compress(b'{"Vehicle.Extra": {"type": "sensor", "datatype": "float"}}')]
    )
    [model] = read.models
    assert model.properties["Speed"].raw_unit == "m/s" and "Extra" in model.properties
    assert model.id == read_models(VSPEC).models[0].id
    assert read_models(VSPEC, "vss", [overlay]).models[0].properties["Speed"].raw_unit == "m/s"


@pytest.mark.parametrize(
    ("base", "overlay", "rule", "path"),
    [
        (VSPEC, b"{", "bad_json", "overlay 1"),
        (VSPEC, b"\x1f\x8bxx", "bad_json", "overlay 1"),
        (b"nothing", VSPEC, "unknown_format", ""),
    ],
)
def test_files_with_bad_overlays(base: bytes, overlay: bytes, rule: str, path: str) -> None:
    read = read_models(base, overlays=[overlay])
    assert (read.models, read.findings[0].rule, read.findings[0].path) == ([], rule, path)


@pytest.mark.parametrize("base", [b'{"unisono_model": 1}', b'{"profile": {"productKey": "a"}, "properties": []}'])
def test_other_formats_have_no_overlays(base: bytes) -> None:
    with pytest.raises(CallerError, match="no overlays"):
        read_models(base, overlays=[b"{}"])


def test_an_overlay_over_the_real_tree() -> None:
    data = read_real("car/vss_release_6.0.json")
    before = read_models(data).models[0]
    overlay = b"Vehicle.Cabin.Ionizer:\n  type: actuator\n  datatype: boolean\n"
    after = read_models(data, overlays=[overlay]).models[0]
    assert set(after.properties) - set(before.properties) == {"Cabin.Ionizer"}
    assert len(after.properties) == len(before.properties) + 1
