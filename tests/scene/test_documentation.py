"""The user's guide speaks the language as it is: its examples can be read, and no field is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from unisono.scene.document import Scene, load_scene
from unisono.thing.files import stranger_loader

GUIDE = (Path(__file__).parents[2] / "docs" / "scenes.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
REST: dict[str, Any] = {"id": "example", "name": "Example", "place": "home", "then": [{"stop": {}}]}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text[:30])
def test_an_example_is_a_scene_or_a_part_of_one(example: str) -> None:
    said = yaml.load(example, Loader=stranger_loader())
    assert load_scene({**REST, **said})


def test_every_field_is_in_an_example_or_a_table() -> None:
    names: set[str] = set()
    seen: set[type] = set()

    def collect(kind: Any) -> None:
        if isinstance(kind, msgspec.inspect.StructType):
            if kind.cls in seen:
                return
            seen.add(kind.cls)
            for field in kind.fields:
                names.add(field.encode_name)
                collect(field.type)
        for inner in ("item_type", "value_type"):
            if hasattr(kind, inner):
                collect(getattr(kind, inner))
        for each in getattr(kind, "types", ()):
            collect(each)

    collect(msgspec.inspect.type_info(Scene))
    assert len(seen) > 30
    spoken = set(re.findall(r"\b([a-z_]+):", "\n".join(EXAMPLES))) | set(re.findall(r"`([a-z_]+)`", GUIDE))
    assert names <= spoken, names - spoken
