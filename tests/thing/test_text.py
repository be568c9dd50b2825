"""Strangers' YAML: harmful texts are refused with their line, and lines are found by path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.thing.text import MAX_TEXT_BYTES, Lines, read_documents

LAUGHS = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter + 1, letter + 1, b", ".join([b"*%c" % letter] * 10)) for letter in range(97, 120)
)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (b"[" * 100, "nested deeper than 64 levels", 1),
        (b"- " * 100_000, "nested deeper than 64 levels", 1),
        (b"\n" + b"{a: " * 100, "nested deeper than 64 levels", 2),
        (LAUGHS, "once its aliases are written out", 7),
        (b"x: 1\na: &a [1, *a]", "*a stands before or inside what it repeats", 2),
        (b"a: *b", "*b stands before", 1),
        (b"--- &a x\n--- *a", "*a stands before", 2),
        (b"a: 1\nb: {", "it is not YAML", 3),
        (b"a: 1\n\tb: 2", "it is not YAML", 2),
        (b"a: !!python/object/apply:os.system [x]", "it is not YAML: could not determine a constructor", 1),
        (b"a: !!timestamp 2026-99-99", "it is not YAML: month must be in 1..12", None),
        (b"\xff\xff\xff", "it is not YAML", None),
        (b"[1, 2]: 3", "it is not YAML: found unhashable key", 1),
    ],
)
def test_a_harmful_text_is_refused_with_its_line(text: bytes, message: str, line: int | None) -> None:
    documents, faults = read_documents(text)
    assert documents == []
    assert len(faults) == 1
    assert message in faults[0].message
    assert faults[0].line == line


def test_a_key_given_twice_is_a_fault() -> None:
    documents, faults = read_documents(b"a: 1\nb: {c: 1}\na: 2")
    assert documents == [{"a": 2, "b": {"c": 1}}]
    assert [(fault.line, "the key 'a' is given twice" in fault.message) for fault in faults] == [(3, True)]


def test_aliases_within_bounds_are_fine() -> None:
    documents, faults = read_documents(b"a: &a {k: 1}\nb: [*a, *a]\nc: &s word\nd: *s")
    assert faults == []
    assert documents == [{"a": {"k": 1}, "b": [{"k": 1}, {"k": 1}], "c": "word", "d": "word"}]


def test_several_documents() -> None:
    assert read_documents(b"--- {a: 1}\n--- 5\n") == ([{"a": 1}, 5], [])
    assert read_documents(b"") == ([], [])


def test_size_is_bounded() -> None:
    with pytest.raises(CallerError) as caught:
        read_documents(b" " * (MAX_TEXT_BYTES + 1))
    assert caught.value.code == "too_large"


TEXT = b"""id: x
services:
- key: a.b
  properties:
  - {key: p, schema: {kind: int}}
  - key: q
    schema:
      kind: int
- properties: [one]
---
id: y
"""


@pytest.mark.parametrize(
    ("document", "path", "line"),
    [
        (0, (), 1),
        (0, ("services",), 2),
        (0, ("services", 0), 3),
        (0, ("services", 9), 2),
        (0, ("services", "a.b", "properties", "q", "schema", "kind"), 8),
        (0, ("services", "a.b", "properties", "gone", "schema"), 4),
        (0, ("services", 1, "properties", "one"), 9),
        (0, ("id", "deeper"), 1),
        (0, ("gone",), 1),
        (1, ("id",), 11),
        (2, (), None),
    ],
)
def test_lines_are_found_by_path(document: int, path: tuple[str | int, ...], line: int | None) -> None:
    lines = Lines(TEXT)
    assert lines.find(document, path) == line
    assert lines.find(document, path) == line


def test_what_is_not_yaml_has_no_lines() -> None:
    assert Lines(b"{").find(0, ("a",)) is None
    assert Lines(b"").find(0, ()) is None


@given(st.text(alphabet="ab:-[]{}&*!? \n'\"#|>,", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    documents, faults = read_documents(text.encode())
    assert (
        documents or faults or not any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())
    )
