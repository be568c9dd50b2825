"""The text of a scene: what it may hold, and where a field is in it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.scene.text import MAX_LEVELS, find_field, read_document, split_documents

TEXT = b"""# evening
id: evening
then:
  - set: {things: [lamp], state: {on_off: true}}
  - wait:
      for_s: soon
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("# nothing\n---\n# still nothing\n", []),
        ("id: a\n", [(1, "id: a\n")]),
        ("# both\n%YAML 1.2\n---\nid: a\n---\nid: b", [(1, "# both\n%YAML 1.2\n---\nid: a\n"), (5, "---\nid: b")]),
        ("--- {a: a}\n--- # b\nb: b\n...\n#\nc: d\n", [(1, "--- {a: a}\n"), (2, "--- # b\nb: b\n"), (5, "#\nc: d\n")]),
        ("a: |\n ---\n---- no\nb: c\r\n---\r\nd: e\r", [(1, "a: |\n ---\n---- no\nb: c\r\n"), (5, "---\r\nd: e\r")]),
        ("a: \x85---\n", [(1, "a: \x85---\n")]),
    ],
)  # fmt: skip
def test_a_stream_is_cut_into_its_documents(text: str, found: list[tuple[int, str]]) -> None:
    assert split_documents(text) == found


def nested(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("document", "field", "detail"),
    [
        ({"a": [1, float("nan")]}, "a.1", "nan is no number"),
        (b"a: .inf", "a", "inf is no number"),
        ({"a": 2**64}, "a", "the number is too large"),
        (b"a: {1: b}", "a", "the key 1 is not text"),
        ({1: 2}, None, "the key 1 is not text"),
        (float("inf"), None, "inf is no number"),
        ({"a": b"x"}, "a", "a value of the kind bytes"),
        ({"a": nested(MAX_LEVELS)}, "a.0.0.0", "it is nested too deep"),
        ({"a": {"b": [0] * 200_000}}, "a", "too many values"),
        (
            "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
            "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]",
            "f",
            "too many values",
        ),
    ],
)
def test_what_no_json_can_carry(document: Any, field: str | None, detail: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_document(document)
    error = caught.value
    assert (error.code, error.field, error.detail) == ("bad_scene", field, detail)
    assert error.expected


def test_a_fault_says_line_and_column() -> None:
    with pytest.raises(CallerError, match=r"\(line 2, column 4\)"):
        read_document("a: 1\nb: }")
    with pytest.raises(CallerError, match=r"given twice.*\(line 2, column 1\)"):
        read_document("a: 1\na: 2")
    with pytest.raises(CallerError, match="it is not YAML"):
        read_document("\x00")


@pytest.mark.parametrize(
    ("path", "spot"),
    [
        ("id", (2, 1)),
        ("then", (3, 1)),
        ("then.0.set.state", (4, 27)),
        ("then.1.wait.for_s", (6, 7)),
        ("then.1.wait.until.0", (5, 5)),
        ("nothing", (2, 1)),
        ("", (2, 1)),
    ],
)
def test_where_a_field_is(path: str, spot: tuple[int, int]) -> None:
    assert find_field(TEXT, path) == spot


def test_nowhere() -> None:
    assert find_field(b"a: [", "a") is None


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), PLAIN))
def test_what_is_read_goes_through_json_unchanged(document: dict[str, Any]) -> None:
    assert read_document(document) is document
    assert read_document(msgspec.json.encode(document)) == document
