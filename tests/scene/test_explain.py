"""Every refusal of a document names the field, the reason and what would be right."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

import unisono
from tests.scene.test_document import GOOD
from unisono.errors import CallerError
from unisono.scene.computed.document import Definition, load_computed
from unisono.scene.document import Scene, load_scene
from unisono.thing.explain import PATTERNS, explained, wanted_at

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
        ("Object contains unknown field `ur`", {"kind": "timer", "duration_s": 5, "ur": 1}, "one of duration_s"),
        (
            "Object contains unknown field `x` - at `$.sources[0]`",
            {"kind": "tracker", "home": "home", "sources": [{"thing": "a", "property": "b", "x": 1}]},
            "one of thing, property, at",
        ),
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


def test_a_key_of_an_unknown_document_stays_unnamed() -> None:
    assert explained("Expected `str`, got `int` - at `$.names[...]`", Scene).field == "names.*"


def test_every_pattern_of_a_field_is_said_in_words() -> None:
    """Who is refused reads no regular expression: not of what people write, and not of what the API takes."""
    root = Path(unisono.__file__).parent
    found = set()
    for text in (path.read_text("utf-8") for path in root.rglob("*.py")):
        for node in ast.walk(ast.parse(text)) if "pattern=" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Meta", "Field"):
                found |= {each.value.value for each in node.keywords if each.arg == "pattern"}  # type: ignore[attr-defined]
    assert len(found) > 20
    assert found <= set(PATTERNS)


def fields(error: CallerError) -> list[str | None]:
    return [each.field for each in (error, *error.others)]


def test_all_that_does_not_fit_a_scene_is_said_at_once() -> None:
    document = {
        "id": "Bad Id",
        "plce": "home",
        "name": "x",
        "names": {"zh": [1], "Z" * 99: "x"},
        "when": [{"change": {"property": "a", "abov": 3}}, 5],
        "then": [{"wait": {"for_s": -1}}, {"set": {"things": ["A"], "state": {"x": 1}}}, {"notify": {"text": "x"}}],
    }
    with pytest.raises(CallerError) as caught:
        load_scene(document)
    assert fields(caught.value) == [
        "id",
        "plce",
        "names.zh.0",
        "names",
        "when.0.change.abov",
        "when.1",
        "then.0.wait.for_s",
        "then.1.set.things.0",
        "place",
    ]
    assert caught.value.others[0].expected == "place"


def test_ten_of_them_are_enough() -> None:
    with pytest.raises(CallerError) as caught:
        load_scene({"id": "a", "name": "x", "place": "home", "when": [5] * 99, "then": []})
    assert fields(caught.value) == [f"when.{number}" for number in range(10)]


def test_all_parts_with_no_member_or_two_are_said_at_once() -> None:
    two = {"wait": {"for_s": 1}, "notify": {"text": "x"}}
    with pytest.raises(CallerError) as caught:
        load_scene({"id": "a", "name": "x", "place": "home", "when": [{}], "then": [{}, {"wait": {"for_s": 1}}, two]})
    assert sorted(map(str, fields(caught.value))) == ["then.0", "then.2", "when.0"]


class Cat(msgspec.Struct, tag_field="is", tag="cat", forbid_unknown_fields=True):
    lives: int


class Dog(msgspec.Struct, tag_field="is", tag="dog", forbid_unknown_fields=True):
    legs: Annotated[int, msgspec.Meta(le=4)]


class Zoo(msgspec.Struct):
    pets: list[Cat | Dog] = []
    one: Cat | int | None = None
    rooms: dict[Annotated[str, msgspec.Meta(pattern="^[a-z]+$")], Annotated[list[int], msgspec.Meta(max_length=2)]] = {}
    place: tuple[float, float] = (0.0, 0.0)
    any: Any = None
    either: dict[str, int] | list[int] | None = None
    free: Any | list[int] = None  # takes whatever there is


DOG = ["pets.1.legs", "pets.1.t"]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"pets": [{"is": "cat", "lives": "x"}, {"is": "dog", "legs": 5, "t": 1}]}, ["pets.0.lives", *DOG]),
        ({"pets": [{"is": "cow"}, {"is": "dog"}], "one": {"is": "cat"}}, ["pets.0.is", "pets.1.legs", "one.lives"]),
        ({"one": "x", "place": [1, "y"]}, ["one", "place.1"]),
        ({"rooms": {"A": [1], "b": [1, 2, 3], "c": ["x"]}, "any": object}, ["rooms", "rooms.b", "rooms.c.0"]),
        ({"either": {"a": "x", "b": "y"}, "free": ["x"]}, ["either.a", "either.b"]),
        ({"either": [1, "x"]}, ["either.1"]),
        ({"either": 5}, ["either"]),
        (5, [None]),
    ],
)  # fmt: skip
def test_each_kind_of_part_is_looked_into(document: Any, found: list[str | None]) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(document, Zoo)
    assert fields(explained(str(refused.value), Zoo, document=document)) == found


def test_what_would_be_right_at_a_path() -> None:
    assert wanted_at(Zoo, "pets.0.legs") == "a number"
    assert wanted_at(Literal["a", "b"] | None, "") == "one of a, b"
