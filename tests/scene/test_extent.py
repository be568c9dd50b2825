"""Which values pass a test: against trying them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.scene.checking.extent import Bounds, contains, passes
from unisono.scene.document import Matching
from unisono.scene.watching.matching import compile_test
from unisono.thing import Choice, Schema

PERCENT = Schema(kind="float", min=0, max=100)
WHOLE = Schema(kind="int", min=0, max=10)
SWITCH = Schema(kind="bool")
MODES = Schema(kind="enum", choices=(Choice(value="off"), Choice(value="heat")))


def m(**tests: Any) -> Matching:
    return Matching(property="x", **tests)


@pytest.mark.parametrize(
    ("tests", "schema", "expected"),
    [
        ([m(above=30, below=20)], None, "none"),
        ([m(above=30), m(below=20)], PERCENT, "none"),
        ([m(above=30, below=30.5)], PERCENT, "some"),
        ([m(above=3, below=4)], WHOLE, "none"),
        ([m(above=2.5, below=3.5)], WHOLE, "some"),
        ([m(above=-0.5, below=10.5)], WHOLE, "every"),
        ([m(above=-1)], Schema(kind="int"), "some"),
        ([m(below=5)], Schema(kind="int"), "some"),
        ([m(above=-1)], PERCENT, "every"),
        ([m(above=-1, is_not=3)], PERCENT, "some"),
        ([m(above=-1)], Schema(kind="float", min=0, nullable=True), "some"),
        ([m(above=200)], Schema(kind="float", min=0, max=100, choices=(Choice(value=255),)), "some"),
        ([m(above=10**400)], PERCENT, "none"),
        ([m(below=-(10**400))], PERCENT, "none"),
        ([m(above=1)], Schema(kind="string"), "none"),
        ([m(above=1)], Schema(kind="any"), "some"),
        ([m(above=1)], Schema(kind="decimal", min=Decimal(2)), "every"),
        ([m(is_="x")], Schema(kind="string"), "some"),
        ([m(is_="x", is_not="x")], Schema(kind="string"), "none"),
        ([m(is_=["x", 5])], Schema(kind="string"), "some"),
        ([m(is_=5)], Schema(kind="string"), "none"),
        ([m(is_=5, above=6)], None, "none"),
        ([m(is_=True)], SWITCH, "some"),
        ([m(is_=[True, False])], SWITCH, "every"),
        ([m(is_=[True, False])], Schema(kind="bool", nullable=True), "some"),
        ([m(is_not="dry")], MODES, "every"),
        ([m(is_="heat"), m(is_="off")], MODES, "none"),
        ([m(is_="heat")], Schema(kind="enum", open=True, choices=MODES.choices), "some"),
        ([m()], PERCENT, "every"),
    ],
)
def test_passes(tests: list[Matching], schema: Schema | None, expected: str) -> None:
    assert passes(tests, schema) == expected


@pytest.mark.parametrize(
    ("outer", "inner", "schema", "expected"),
    [
        (m(), m(is_=5), None, True),
        (m(above=20), m(above=25), None, True),
        (m(above=20), m(above=20), None, True),
        (m(above=20, below=30), m(above=25), None, False),
        (m(above=25), m(above=20), None, False),
        (m(above=25), m(above=20), WHOLE, True),  # 20 is out of its range: nothing passes
        (m(is_not="off"), m(is_="heat"), MODES, True),
        (m(is_="heat"), m(is_not="off"), MODES, True),
        (m(is_="off"), m(is_not="off"), MODES, False),
        (m(above=3), m(is_=[4, 5]), None, True),
        (m(is_=5), m(above=4), None, False),
        (m(above=3, is_not=5), m(above=4), None, False),
        (m(above=3, is_not=5), m(above=4, is_not=5), None, True),
        (m(above=3), m(), WHOLE, False),
    ],
)
def test_contains(outer: Matching, inner: Matching, schema: Schema | None, expected: bool) -> None:
    assert contains(outer, inner, schema) is expected


def test_bounds() -> None:
    assert Bounds(1, 1, high_open=True).empty
    assert not Bounds(1, 1).empty
    assert Bounds(5, 4) in Bounds(1, 2)
    assert "x" not in Bounds()


NUMBERS = st.integers(-2, 12) | st.sampled_from([0.5, 3.5, 9.5])
TESTS = st.builds(
    lambda above, below, is_: m(above=above, below=below, **is_),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.just({}) | st.builds(lambda x: {"is_": x}, NUMBERS) | st.builds(lambda x: {"is_not": x}, NUMBERS),
)


@given(st.lists(TESTS, max_size=3), TESTS)
def test_against_all_values(tests: list[Matching], other: Matching) -> None:
    """Of a property of eleven values: whatever it says of all or none is so."""
    checks = [check for check in map(compile_test, tests) if check is not None]
    passed = [all(check(value) for check in checks) for value in range(11)]
    said = passes(tests, WHOLE)
    if said == "none":
        assert not any(passed)
    if said == "every":
        assert all(passed)
    for test in tests:
        if contains(test, other, WHOLE):
            outer, inner = compile_test(test), compile_test(other)
            assert all(outer is None or outer(v) for v in range(11) if inner is None or inner(v))
