# ruff: noqa: E501  a line is a file
"""A VSS tree of many files, as COVESA keeps it: what ``#include FILE PATH`` puts where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unisono.thing.formats.files import include_files, read_models
from unisono.thing.formats.vss import VSS, vspec

ROOT = b"""#
# licence
Vehicle:
  type: branch
  description: A vehicle.
#include Vehicle/Speed.vspec Vehicle
#include Cabin/Cabin.vspec Vehicle.Cabin
#include Nowhere.vspec Vehicle
"""
FILES = {
    "Vehicle/Speed.vspec": b"Speed:\n  datatype: float\n  type: sensor\n  unit: km/h\n  description: |\n    Speed: of it\n",
    "Cabin/Cabin.vspec": b"Door:\n  type: branch\n  instances: [Left, Right]\n  description: Doors.\n#include Door.vspec Door\n",
    "Door.vspec": b"IsOpen:\n  datatype: boolean\n  type: actuator\n  description: Open.\n",
    "Loop.vspec": b"A:\n  type: branch\n  description: Around.\n#include Loop.vspec A\n",
}
NODE = b"Vehicle:\n  type: branch\n  description: x\n"


def test_the_files_of_a_tree() -> None:
    asked: list[tuple[str, str]] = []

    def fetch(name: str, of: str) -> bytes | None:
        asked.append((name, of))
        return FILES.get(name)

    whole = include_files(ROOT, fetch)
    read = read_models(whole)
    assert read.format == "vss"
    [model] = read.models
    assert len(model.properties) == 3
    assert any(each.unit == "km/h" for each in model.properties.values())
    assert [each.rule for each in read.findings if each.severity == "warning"] == ["not_fetched"]
    assert ("Door.vspec", "Cabin/Cabin.vspec") in asked and ("Nowhere.vspec", "") in asked
    assert b"Vehicle.Cabin.Door.IsOpen:" in whole and b"    Speed: of it" in whole


def test_what_includes_itself_ends() -> None:
    whole = include_files(NODE + b"#include Loop.vspec\n", lambda name, _of: FILES.get(name))
    assert whole.count(b"description: Around.") == vspec.MAX_DEPTH


def test_too_much_is_left_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    many = NODE + b"#include Door.vspec\n" * 3
    monkeypatch.setattr(vspec, "MAX_FILES", 2)
    assert include_files(many, lambda name, _of: FILES.get(name)).count(b"#include") == 1
    monkeypatch.setattr(vspec, "MAX_BYTES", len(FILES["Door.vspec"]))
    assert include_files(many, lambda name, _of: FILES.get(name)).count(b"#include") == 2


@pytest.mark.parametrize("text", [b'{"a": "#include x"}', b"id: lamp\n#include x\n"])
def test_other_texts_include_nothing(text: bytes) -> None:
    assert include_files(text, lambda _name, _of: b"never") == text


LOAD: dict[str, Any] = {
    "Vehicle": {"type": "branch", "description": "A vehicle."},
    "Vehicle.Load": {"type": "sensor", "datatype": "float", "unit": "lads", "description": "What it carries."},
}
UNITS = b"lads:\n  definition: Load.\n  unit: kilogram\n  quantity: mass\nfathoms:\n  definition: Depth.\n  quantity: length\n"


def test_units_that_its_authors_made_lie_beside_a_tree() -> None:
    text = NODE + b"Vehicle.Load:\n  type: sensor\n  datatype: float\n  unit: lads\n  description: x\n"
    whole = include_files(text, lambda name, _of: UNITS if name == "units.yaml" else None)
    [model] = (read := read_models(whole)).models
    [load] = model.properties.values()
    assert (load.unit, load.raw_unit, read.findings) == ("kg", "lads", [])
    assert VSS.make(model)["Vehicle.Load"]["unit"] == "lads"
    over = b"Vehicle.Load:\n  type: sensor\n  datatype: double\n  unit: lads\n  description: y\n"
    [model] = (read := read_models(whole, overlays=[over])).models
    assert [each.unit for each in model.properties.values()] == ["kg"] and read.findings == []
    # one that nobody can make anything of stays a word
    [model] = read_models(include_files(text, lambda _name, _of: None)).models
    assert [each.unit for each in model.properties.values()] == [None]


def test_units_as_they_were_before_version_4() -> None:
    units = {"units": {"lads": {"label": "kilogram", "description": "Load.", "domain": "mass"}}}
    [model] = read_models(json.dumps(LOAD | units).encode(), "vss").models
    assert [each.unit for each in model.properties.values()] == ["kg"]
