"""Every refusal of a document names the field, the reason and what would be right."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import unisono
from tests.scene.test_document import GOOD
from unisono.errors import CallerError
from unisono.scene.computed.document import Definition, load_computed
from unisono.scene.document import Scene, load_scene
from unisono.thing.explain import PATTERNS, explained

ID = "an id: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit"


@pytest.mark.parametrize(
    ("change", "field", "detail", "expected"),
    [
        ({"id": "Big"}, "id", "the value does not fit", ID),
        ({"id": 3}, "id", "the value does not fit, not a whole number", "text"),
        ({"name": ""}, "name", "the value does not fit", "text of at least 1"),
        ({"description": "x" * 5000}, "description", "the value does not fit", "text of at most 4000"),
        (
            {"mode": "sometimes"},
            "mode",
            "there is no choice 'sometimes'",
            "one of parallel, queued, restart, single",
        ),
        ({"max": 1}, "max", "the value does not fit", "a whole number of at least 2"),
        ({"then": None}, "then", "the value does not fit, not nothing", "a list"),
        ({"thenn": []}, "thenn", "there is no such field here", "then or when"),
        ({"zzz": 1}, "zzz", "there is no such field here", "one of id, name, place"),
        ({"names": {"x" * 20: "a"}}, "names", "a key does not fit", "text of at most 16"),
        ({"then": [{"set": {}}]}, "then.0.set.state", "the field is missing", "a value"),
        ({"then": [{"notify": {}}]}, "then.0.notify.text", "the field is missing", "text"),
        ({"then": [{"repeat": {}}]}, "then.0.repeat.then", "the field is missing", "a list"),
        ({"when": [{"silence": {}}]}, "when.0.silence.for_s", "the field is missing", "a number"),
        ({"when": [{"connection": {}}]}, "when.0.connection.is", "the field is missing", "one of offline, online"),
        (
            {"if": [{"not": {"sun": {"is": 1}}}]},
            "if.0.not.sun.is",
            "the value does not fit, not a whole number",
            "text",
        ),
        (
            {"if": [{"cel": {"expression": "a", "given": {"a": {}}}}]},
            "if.0.cel.given.a.thing",
            "the field is missing",
            ID,
        ),
        (
            {"if": [{"cel": {"expression": "a", "given": {"A": {}}}}]},
            "if.0.cel.given",
            "a key does not fit",
            "a name: a-z, 0-9 and _, beginning with a letter",
        ),
        (
            {"when": [{"window": {"property": "x", "over_s": 0, "agg": "min"}}]},
            "when.0.window.over_s",
            "the value does not fit",
            "a number above 0",
        ),
        (
            {"when": [{"mode": {"place": "x", "is": 3}}]},
            "when.0.mode.is",
            "the value does not fit, not a whole number",
            "text or a list",
        ),
    ],
)
def test_words(change: dict[str, Any], field: str, detail: str, expected: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_scene(GOOD | change)
    error = caught.value
    assert (error.code, error.field, error.detail) == ("bad_scene", field, detail)
    assert (error.expected or "").startswith(expected)


@pytest.mark.parametrize(
    ("message", "field", "detail", "expected"),
    [
        ("Something new - at `$.when[0]`", "when.0", "Something new", "fields: change, event"),
        ("Something new", None, "Something new", "fields: id, name"),
        ("Something new - at `$.then[0].http.body.deep`", "then.0.http.body.deep", "Something new", "a value"),
        (
            "Object contains unknown field `x` - at `$.names[...].y`",
            "names.*.y.x",
            "there is no such field here",
            "one",
        ),
        ("Expected `str` matching regex '^x$' - at `$.id`", "id", "the value does not fit", "text like ^x$"),
    ],
)
def test_messages_that_no_scene_brings_about(message: str, field: str | None, detail: str, expected: str) -> None:
    error = explained(message, Scene)
    assert (error.field, error.detail) == (field, detail)
    assert (error.expected or "").startswith(expected)


@pytest.mark.parametrize(
    ("message", "document", "expected"),
    [
        ("Object contains unknown field `ur`", {"kind": "timer", "ur": 1}, "one of duration_s"),
        ("Object contains unknown field `x` - at `$.sources[1]`", {"kind": "tracker"}, "one of thing, property, at"),
        ("Object missing required field `duration_s`", {"kind": "timer"}, "a number"),
        (
            "Object missing required field `thing` - at `$.sources[1]`",
            {"kind": "tracker", "sources": [{}, {}]},
            "an id",
        ),
    ],
)
def test_of_several_types_the_one_is_meant_whose_tag_it_bears(message: str, document: Any, expected: str) -> None:
    error = explained(message, Definition, "bad_computed", document)
    assert error.code == "bad_computed"
    assert (error.expected or "").startswith(expected)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ok": {"thing": "a", "property": "b"}, "odd": {"thing": "a"}}, "given.odd.property"),
        ({"ok": {"thing": "a", "property": "b"}, "odd": 3}, "given.odd"),
        ({"odd": {"thing": "a", "property": "b", "x": 1}}, "given.odd.x"),
    ],
)
def test_keys_are_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_computed({"kind": "template", "cel": "ok", "given": given})
    assert caught.value.field == field


def test_a_key_that_is_not_found_stays_unnamed() -> None:
    assert (
        explained("Expected `str`, got `int` - at `$.names[...]`", Scene, document={"names": {"a": "b"}}).field
        == "names.*"
    )
    assert explained("Expected `str`, got `int` - at `$.names[...]`", Scene, document={"names": 3}).field == "names.*"


def test_every_pattern_of_a_field_is_said_in_words() -> None:
    """Who is refused reads no regular expression: not of what people write, and not of what the API takes."""
    root = Path(unisono.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Meta", "Field"):
                found |= {each.value.value for each in node.keywords if each.arg == "pattern"}  # type: ignore[attr-defined]
    assert len(found) > 20
    assert found <= set(PATTERNS)
