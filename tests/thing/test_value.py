"""Each kind takes what fits and says of anything else what was wrong, where, and what would have been right."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.thing import Arg, Choice, Field, Model, Property, Schema, Service, check_input, check_value, same
from unisono.thing.value import MAX_DEPTH, MAX_INT_BITS

FAN = Schema(kind="float", min=0, max=100, choices=(Choice(value="low"), Choice(value="auto")))
MODE = Schema(kind="enum", choices=(Choice(value="off"), Choice(value="cool")))
PLACE = Schema(
    kind="object",
    fields=(
        Field(key="lat", schema=Schema(kind="float", min=-90, max=90)),
        Field(key="name", schema=Schema(kind="string", len_max=5), optional=True),
    ),
)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


FITTING: list[tuple[Schema, Any]] = [
    (Schema(kind="bool"), True),
    (Schema(kind="bool", nullable=True), None),
    (Schema(kind="int", min=0, max=18446744073709551615), 18446744073709551615),
    (Schema(kind="int"), -(2**200)),
    (Schema(kind="float"), 21),
    (Schema(kind="float", min=0), 1e308),
    (FAN, 40),
    (FAN, "auto"),
    (Schema(kind="duration", min=0), 1.5),
    (Schema(kind="decimal"), "12.50"),
    (Schema(kind="decimal", max=Decimal("0.3")), "0.30"),
    (Schema(kind="decimal"), 7),
    (Schema(kind="decimal"), Decimal("1.5")),
    (Schema(kind="string", len_min=1, len_max=3), "灯光亮"),
    (Schema(kind="string", pattern="^[a-z]+$"), "abc"),
    (Schema(kind="string", pattern="(?<!x)y"), "not enforced: beyond the subset"),
    (Schema(kind="bytes", len_max=3), "AAEC"),
    (Schema(kind="bytes"), b"\x00"),
    (MODE, "cool"),
    (Schema(kind="enum", choices=(Choice(value=False), Choice(value="home"))), False),
    (Schema(kind="enum", open=True, choices=(Choice(value="none"),)), "E42"),
    (Schema(kind="bitmap", bits=3), 7),
    (Schema(kind="bitmap"), 2**40),
    (Schema(kind="datetime"), "2026-11-22T10:00:00Z"),
    (Schema(kind="datetime"), "2026-11-22T18:00:00.5+08:00"),
    (PLACE, {"lat": 1.5, "name": "home"}),
    (PLACE, {"lat": 1}),
    (Schema(kind="object", open=True), {"x": [1, {"y": None}]}),
    (Schema(kind="array", count_min=1, count_max=2, items=Schema(kind="int")), [1, 2]),
    (Schema(kind="array"), ["any", None, 1.5]),
    (Schema(kind="any"), {"a": [True, None, "x", 1.5, {"b": []}]}),
    (Schema(kind="any"), nested(MAX_DEPTH - 1)),
]


@pytest.mark.parametrize(("schema", "value"), FITTING, ids=lambda item: getattr(item, "kind", None))
def test_a_value_that_fits_comes_back_as_it_is(schema: Schema, value: Any) -> None:
    kept = schema.check(value)
    assert kept == value
    assert type(kept) is type(value)


BAD: list[tuple[Schema, Any, str, str, str]] = [
    (Schema(kind="bool"), 1, "1 is a number", "true or false", "x"),
    (Schema(kind="bool"), None, "null is null", "true or false", "x"),
    (Schema(kind="int"), True, "true is a boolean", "a whole number", "x"),
    (Schema(kind="int"), 1.5, "1.5 is not a whole number", "a whole number", "x"),
    (Schema(kind="int"), math.nan, "nan is not a whole number", "a whole number", "x"),
    (Schema(kind="int"), "5", '"5" is text', "a whole number", "x"),
    (Schema(kind="int", min=1), 0, "0 is too small", "a whole number of at least 1", "x"),
    (
        Schema(kind="int", max=2**64),
        2**64 + 1,
        "18446744073709551617 is too large",
        "at most 18446744073709551616",
        "x",
    ),
    (Schema(kind="int"), 2**MAX_INT_BITS, "of 257 bits is too large", "a whole number", "x"),
    (Schema(kind="float"), math.nan, "NaN is not a finite number", "a number", "x"),
    (Schema(kind="float"), -math.inf, "-Infinity is not a finite number", "a number", "x"),
    (Schema(kind="float"), 10**400, "is not a finite number", "a number", "x"),
    (Schema(kind="float"), False, "false is a boolean", "a number", "x"),
    (Schema(kind="float"), [1], "[1] is a list", "a number", "x"),
    (Schema(kind="float", min=0, max=100), 100.1, "100.1 is too large", "a number from 0 to 100", "x"),
    (Schema(kind="float", nullable=True), {}, "{} is an object", "a number, or null", "x"),
    (FAN, "turbo", '"turbo" is text', 'a number from 0 to 100, or one of "low", "auto"', "x"),
    (Schema(kind="duration", min=0), -1, "-1 is too small", "a number of seconds of at least 0", "x"),
    (Schema(kind="decimal"), "twelve", '"twelve" is not a decimal number', "a decimal number as text", "x"),
    (Schema(kind="decimal"), "NaN", '"NaN" is not a decimal number', "a decimal number", "x"),
    (Schema(kind="decimal"), "1e999999", '"1e999999" is not a decimal number', "a decimal number", "x"),
    (Schema(kind="decimal"), "1_000", '"1_000" is not a decimal number', "a decimal number", "x"),
    (Schema(kind="decimal"), "１２", '"１２" is not a decimal number', "a decimal number", "x"),
    (Schema(kind="decimal"), "1" * 81, "is not a decimal number", "a decimal number", "x"),
    (Schema(kind="decimal"), 2**300, "is not a decimal number", "a decimal number", "x"),
    (Schema(kind="decimal"), 0.1, "0.1 is a number", "a decimal number as text", "x"),
    (Schema(kind="decimal", max=1), "1.01", "1.01 is too large", "of at most 1", "x"),
    (Schema(kind="string"), 5, "5 is a number", "text", "x"),
    (Schema(kind="string", len_max=2), "abc", "3 characters are too many", "text of at most 2 characters", "x"),
    (Schema(kind="string", len_min=2, len_max=9), "", "0 characters are too few", "from 2 to 9 characters", "x"),
    (Schema(kind="string", pattern="^a+$"), "b", '"b" does not match', "text that matches ^a+$", "x"),
    (Schema(kind="string", pattern="a"), "a" * 2000, "2000 characters is too long to be matched", "at most 1024", "x"),
    (Schema(kind="bytes"), "%%", '"%%" is not base64', "base64 text", "x"),
    (Schema(kind="bytes"), "灯", "is not base64", "base64 text", "x"),
    (Schema(kind="bytes", len_max=2), "AAEC", "3 bytes are too many", "base64 text of at most 2 bytes", "x"),
    (Schema(kind="bytes"), 5, "5 is a number", "base64 text", "x"),
    (MODE, "warm", '"warm" is none of its values', 'one of "off", "cool"', "x"),
    (Schema(kind="enum", choices=(Choice(value=1),)), True, "true is none of its values", "one of 1", "x"),
    (
        Schema(kind="enum", open=True, choices=(Choice(value="a"),)),
        5,
        "5 is none",
        'one of "a" or a similar value',
        "x",
    ),
    (Schema(kind="enum", choices=tuple(Choice(value=n) for n in range(20))), 99, "99 is none", "11 or 8 others", "x"),
    (Schema(kind="bitmap", bits=3), 8, "8 has too many bits", "a whole number with at most 3 bits", "x"),
    (Schema(kind="bitmap"), -1, "-1 is negative", "a whole number, not negative", "x"),
    (Schema(kind="bitmap"), True, "true is a boolean", "a whole number", "x"),
    (Schema(kind="datetime"), "yesterday", '"yesterday" is not a time', "a time with its zone", "x"),
    (Schema(kind="datetime"), "2026-11-22T10:00:00", "has no zone", "2026-11-22T10:00:00Z", "x"),
    (Schema(kind="datetime"), 5, "5 is a number", "a time with its zone", "x"),
    (PLACE, [], "[] is a list", "an object with lat, name?", "x"),
    (PLACE, {}, "it is missing", "a number from -90 to 90", "x.lat"),
    (PLACE, {"lat": 91}, "91 is too large", "a number from -90 to 90", "x.lat"),
    (PLACE, {"lat": 1, "lot": 2}, 'there is no member "lot"', "an object with lat, name?", "x.lot"),
    (Schema(kind="object"), {"a": 1}, 'there is no member "a"', "an object", "x.a"),
    (Schema(kind="object", open=True), {5: 1}, "there is no member 5", "an object", "x.5"),
    (Schema(kind="object", open=True), {"a": math.inf}, "Infinity is not a finite number", "an object", "x.a"),
    (Schema(kind="array", items=Schema(kind="bool")), [True, 0], "0 is a number", "true or false", "x.1"),
    (Schema(kind="array", count_min=1), [], "0 items are too few", "a list of at least 1 items", "x"),
    (
        Schema(kind="array", count_max=1, items=Schema(kind="bool")),
        [True] * 2,
        "2 items are too many",
        "at most 1 items, each true or false",
        "x",
    ),
    (Schema(kind="array"), "ab", '"ab" is text', "a list", "x"),
    (Schema(kind="any"), math.nan, "NaN is not a finite number", "any JSON value", "x"),
    (Schema(kind="any"), nested(MAX_DEPTH), "nested too deep", f"at most {MAX_DEPTH} levels", "x"),
    (Schema(kind="any"), {1: 2}, "a member's name is not text", "any JSON value", "x"),
    (Schema(kind="any"), {1, 2}, "a Python set is no JSON value", "any JSON value", "x"),
    (Schema(kind="any"), Decimal(1), "a Python Decimal is a number", "any JSON value", "x"),
    (Schema(kind="string", len_max=1), "y" * 5000, "5000 characters are too many", "at most 1 characters", "x"),
    (MODE, "y" * 5000, "...", "one of", "x"),
]


@pytest.mark.parametrize(("schema", "value", "detail", "expected", "field"), BAD)
def test_a_value_that_does_not_fit_is_explained(
    schema: Schema, value: Any, detail: str, expected: str, field: str
) -> None:
    with pytest.raises(CallerError) as caught:
        check_value(schema, value, "x")
    error = caught.value
    assert error.code == "bad_value"
    assert error.field == field
    assert detail in error.detail
    assert expected in (error.expected or "")
    assert len(str(error)) < 400


def test_a_whole_float_is_an_int() -> None:
    kept = Schema(kind="int").check(21.0)
    assert kept == 21
    assert type(kept) is int


@pytest.mark.parametrize("kind", ["int", "float", "decimal", "bitmap", "any", "datetime", "string"])
@pytest.mark.parametrize("value", [10**5000, -(10**5000)], ids=["huge", "hugely negative"])
def test_a_number_too_long_to_print_is_refused_all_the_same(kind: Any, value: int) -> None:
    with pytest.raises(CallerError) as caught:
        Schema(kind=kind, min=0 if kind == "int" else None).check(value)
    assert caught.value.code == "bad_value"


def test_a_schema_nested_too_deep_stops() -> None:
    schema = Schema(kind="int")
    for _ in range(MAX_DEPTH):
        schema = Schema(kind="array", items=schema)
    with pytest.raises(CallerError, match="nested too deep"):
        schema.check(nested(MAX_DEPTH))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (Schema(kind="float", min=16, max=30, step=0.5), 21.5, 21.3),
        (Schema(kind="int", step=5), -10, 3),
        (Schema(kind="float", step=1e-05), 0.00123, 0.000005),
        (Schema(kind="float", min=0.1, step=0.1), 0.3, 0.35),
        (Schema(kind="decimal", step=Decimal("0.05")), "1.15", "1.16"),
        (Schema(kind="int", min=1, max=2**64, step=2), 2**63 + 1, 2**63),
    ],
)
def test_the_step_holds_for_writing_only(schema: Schema, good: Any, bad: Any) -> None:
    assert schema.check(good, writing=True) == good
    assert schema.check(bad) == bad
    with pytest.raises(CallerError, match=r"is between two steps; expected .* in steps of"):
        schema.check(bad, writing=True)


MODEL = Model(id="m", services=(Service(properties=(Property(key="level", schema=Schema(kind="int", max=9)),)),))
ARGS = (
    Arg(key="text", schema=Schema(kind="string", len_max=4)),
    Arg(key="level", property="level", optional=True),
    Arg(key="lost", property="no.such", optional=True),
    Arg(key="times", schema=Schema(kind="int"), default=1),
)


def test_input_is_ordered_and_defaults_are_filled_in() -> None:
    taken = check_input(MODEL, ARGS, {"lost": {"any": 1}, "level": 3, "text": "hi"})
    assert list(taken.items()) == [("text", "hi"), ("level", 3), ("lost", {"any": 1}), ("times", 1)]


@pytest.mark.parametrize(
    ("given_input", "field", "text"),
    [
        ({}, "input.text", "it is missing; expected text of at most 4"),
        ({"text": "hello"}, "input.text", "5 characters are too many"),
        ({"text": "hi", "level": 10}, "input.level", "10 is too large; expected a whole number of at most 9"),
        ({"text": "hi", "more": 1}, "input.more", 'no argument "more"; expected one of text, level, lost, times'),
    ],
)
def test_bad_input_is_explained(given_input: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(CallerError) as caught:
        check_input(MODEL, ARGS, given_input)
    assert caught.value.field == field
    assert text in str(caught.value)


def test_no_arguments_at_all() -> None:
    with pytest.raises(CallerError, match="expected no arguments"):
        check_input(MODEL, (), {"x": 1})


@pytest.mark.parametrize(
    ("left", "right", "precision", "expected"),
    [
        (1, 1.0, 0, True),
        (21.4, 21.5, 0.2, True),
        (21.4, 21.7, 0.2, False),
        (1, True, 5, False),
        (False, 0, 0, False),
        (True, True, 0, True),
        ("a", "a", 0, True),
        ("a", None, 0, False),
        ([1, [2]], [1.1, [2]], 0.2, True),
        ([1], [1, 2], 0, False),
        ({"a": True}, {"a": 1}, 0, False),
        ({"a": 1}, {"b": 1}, 0, False),
        ({"a": [1]}, {"a": [1]}, 0, True),
        (2**64, 2**64 + 1, 0, False),
    ],
)
def test_same(left: Any, right: Any, precision: float, expected: bool) -> None:
    assert same(left, right, precision) is expected
    assert same(right, left, precision) is expected


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
schemas = st.sampled_from([schema for schema, _ in FITTING])


@given(schema=schemas, value=json_values)
def test_any_json_value_is_kept_or_explained(schema: Schema, value: Any) -> None:
    try:
        kept = schema.check(value)
    except CallerError as error:
        assert error.code == "bad_value"
        assert error.expected
    else:
        assert same(kept, value)
        assert schema.check(kept) == kept


@given(value=json_values)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)
