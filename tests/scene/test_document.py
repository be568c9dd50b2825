"""Scenes as documents: what is refused, where, and that nothing else happens for any input."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.scene.document import MAX_DEPTH, MAX_STEPS, Scene, kind_of, load_scene, scene_schema
from unisono.scene.text import MAX_SCENE_BYTES

GOOD: dict[str, Any] = {
    "id": "s",
    "name": "S",
    "place": "home",
    "when": [{"change": {"things": ["a"], "property": "on_off", "is": True}}, {"time": {"at": "07:00"}}],
    "if": [{"any": [{"mode": {"place": "home", "is": "away"}}, {"not": {"sun": {"is": "up"}}}]}],
    "then": [
        {"set": {"things": ["b"], "state": {"on_off": True}}, "title": "On"},
        {"wait": {"until": [{"state": {"things": ["b"], "property": "on_off", "is": True}}]}},
        {"repeat": {"times": 2, "then": [{"notify": {"text": "hello"}}]}},
        {
            "choose": {
                "branches": [{"if": [{"sun": {"is": "up"}}], "then": [{"stop": {}}]}],
                "otherwise": [{"stop": {"why": "dark"}}],
            }
        },
    ],
}


def test_good() -> None:
    scene = load_scene(GOOD)
    assert load_scene(json.dumps(GOOD)) == scene
    assert load_scene(msgspec.yaml.encode(GOOD)) == scene
    assert msgspec.convert(msgspec.to_builtins(scene), Scene) == scene
    assert load_scene(msgspec.json.encode(scene)) == scene
    assert [kind_of(action)[0] for action in scene.then] == ["set", "wait", "repeat", "choose"]


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"sun": {"is": "up"}}
    for _ in range(depth):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "Big"}, "id"),
        ({"name": ""}, "name"),
        ({"mode": "sometimes"}, "mode"),
        ({"max": 1}, "max"),
        ({"whenn": []}, None),
        ({"then": []}, "then"),
        ({"then": [{}]}, "then.0"),
        ({"then": [{"title": "x"}]}, "then.0"),
        ({"then": [{"stop": {}, "notify": {"text": "x"}}]}, "then.0"),
        ({"then": [{"set": {"state": {}}}]}, "then.0.set.state"),
        ({"then": [{"wait": {"for_s": -1}}]}, "then.0.wait.for_s"),
        ({"then": [{"http": {"url": "file:///etc/passwd"}}]}, "then.0.http.url"),
        ({"then": [{"choose": {"branches": [{"if": [{}], "then": [{"stop": {}}]}]}}]}, "then.0.choose.branches.0.if.0"),
        ({"when": [{"change": {"property": "x", "for_s": "soon"}}]}, "when.0.change.for_s"),
        ({"when": [{"change": {"property": "x", "by": 0}}]}, "when.0.change.by"),
        ({"if": [nested(MAX_DEPTH)]}, None),
        ({"then": [{"stop": {}}] * (MAX_STEPS + 1)}, "then"),
    ],
)
def test_bad(change: dict[str, Any], field: str | None) -> None:
    with pytest.raises(CallerError) as caught:
        load_scene(GOOD | change)
    assert caught.value.code == "bad_scene"
    assert field is None or caught.value.field == field


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"a: [", "bad_json"),
        (b"\xff\xfe\x00", "bad_json"),
        ("[" * 5000, "bad_json"),
        ("a: " + "[" * 2000 + "]" * 2000, "bad_json"),
        ("[" * 250_000, "bad_json"),
        ("a: &a [1]\nb: *a", "bad_scene"),
        ("a: 1\na: 2", "bad_json"),
        ("{a: 1", "bad_json"),
        ("{", "bad_json"),
        ("a\n---\nb", "bad_json"),
        ("\ud800", "bad_json"),
        ("x" * (MAX_SCENE_BYTES + 1), "too_large"),
        ("just text", "bad_scene"),
    ],
)
def test_no_document(document: bytes | str, code: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_scene(document)
    assert caught.value.code == code


def test_a_mapping_without_end() -> None:
    ring: dict[str, Any] = {}
    ring["not"] = ring
    with pytest.raises(CallerError) as caught:
        load_scene(GOOD | {"if": [ring]})
    assert caught.value.code == "bad_scene"


def test_schema_names_every_kind() -> None:
    schema = scene_schema()
    assert {"change", "time"} <= set(schema["$defs"]["Trigger"]["properties"])
    assert {"required": ["set"]} in schema["$defs"]["Action"]["oneOf"]
    json.dumps(schema)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["a", "07:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["is", "things", "x"]), inner),
    max_leaves=5,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += paths(each, (*path, key))
    return found


@given(st.data())
def test_every_field_with_any_value(data: st.DataObject) -> None:
    """A scene with one field replaced by anything is still a scene, or names a field."""
    document = json.loads(json.dumps(GOOD))
    path = data.draw(st.sampled_from(paths(document)))
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = data.draw(VALUES)
    try:
        scene = load_scene(document)
    except CallerError as error:
        assert error.code == "bad_scene"
        assert error.field
        assert error.expected
    else:
        assert load_scene(msgspec.json.encode(scene)) == scene, "what the log will say of it"
