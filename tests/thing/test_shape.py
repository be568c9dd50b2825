"""The quick way and the slow way of reading a report agree; what the quick one refuses, the slow one explains."""

from __future__ import annotations

import contextlib
import json
import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from tests.thing.models import FULL
from tests.thing.models import models as random_models
from unisono.errors import CallerError, UnisonoError
from unisono.thing import (
    Action,
    Arg,
    Choice,
    Event,
    Field,
    Model,
    Property,
    Schema,
    Service,
    builtin_models,
    check_model,
    dump_model,
)
from unisono.thing.shape import (
    EARLIEST_US,
    MAX_HINTED,
    MAX_LEVELS,
    MAX_PROBLEMS,
    NAN,
    TOO_DEEP,
    Shape,
    compile_model,
    portable,
)

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnisonoError)


def shape_of(*properties: Property, **more: Any) -> Shape:
    service = Service(properties=properties, actions=more.pop("actions", ()), events=more.pop("events", ()))
    return compile_model(Model(id="m", services=(service,), **more))


def one(kind: str, **more: Any) -> Shape:
    return shape_of(Property(key="v", schema=Schema(kind=kind, **more)))  # type: ignore[arg-type]


SHAPES = {id: compile_model(model) for id, model in builtin_models().items()}
ODD = shape_of(
    Property(key="huge", schema=Schema(kind="int", min=0, max=2**128)),
    Property(key="wide", schema=Schema(kind="float", min=-1e300, max=1e300)),
    Property(key="fraction", schema=Schema(kind="float", min=Decimal("0.1"), max=2)),
    Property(key="whole", schema=Schema(kind="int", min=0.5, max=9.5)),
    Property(key="any_int", schema=Schema(kind="int")),
    Property(key="maybe", schema=Schema(kind="float", min=0, nullable=True)),
    Property(key="maybe_word", schema=Schema(kind="enum", choices=(Choice(value="a"),), nullable=True)),
    Property(key="short", schema=Schema(kind="string", len_min=1, len_max=3)),
    Property(key="matching", schema=Schema(kind="string", pattern="^a+$")),
    Property(key="text", schema=Schema(kind="string")),
    Property(
        key="number_or", schema=Schema(kind="float", min=0, max=9, choices=(Choice(value="auto"), Choice(value=0.5)))
    ),
    Property(key="picked", schema=Schema(kind="enum", choices=(Choice(value=1), Choice(value=2)))),
    Property(
        key="mixed", schema=Schema(kind="enum", choices=(Choice(value=False), Choice(value=1), Choice(value="x")))
    ),
    Property(key="twice", schema=Schema(kind="enum", choices=(Choice(value="x"), Choice(value="x")))),
    Property(key="open", schema=Schema(kind="enum", open=True, choices=(Choice(value=1), Choice(value=0.5)))),
    Property(key="bits", schema=Schema(kind="bitmap", bits=8)),
    Property(key="list", schema=Schema(kind="array", items=Schema(kind="int"), count_max=2)),
    Property(key="spot", schema=Schema(kind="object", fields=(Field(key="x", schema=Schema(kind="int")),))),
    Property(key="free", schema=Schema(kind="any")),
    Property(key="exact", schema=Schema(kind="decimal", min=0)),
    Property(key="when", schema=Schema(kind="datetime")),
    Property(key="lasts", schema=Schema(kind="duration", min=0)),
    Property(key="raw", schema=Schema(kind="bytes", len_max=4)),
)
SHAPES["odd"] = ODD

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.sampled_from([0, 1, 2, 0.5, 1.0, 2.0, 2**53, 2**53 + 1, 2**64, 10**400, 1e300, -1e300]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        st.sampled_from(["auto", "x", "a", "aa", "2026-11-22T10:00:00Z", "AAEC", "12.50", "灯光亮", "👍🏽"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def near(draw: st.DrawFn, schema: Schema) -> Any:
    """A value inside, on or just outside what a schema takes; now and then anything."""
    candidates: list[st.SearchStrategy[Any]] = [anything]
    if schema.kind == "bool":
        candidates.append(st.booleans())
    if schema.choices:
        candidates += [st.sampled_from([choice.value for choice in schema.choices])] * 3
    for bound in (schema.min, schema.max):
        if bound is not None:
            exact: Any = float(bound) if isinstance(bound, Decimal) else bound
            candidates.append(st.sampled_from([exact, exact - 1, exact + 1, float(exact)]))
    if schema.min is not None and schema.max is not None:
        low, high = float(schema.min), float(schema.max)
        candidates += [st.floats(low, high), st.integers(math.ceil(low), math.floor(high))]
    for length in (schema.len_min, schema.len_max):
        if length is not None:
            candidates.append(st.integers(max(0, length - 1), length + 1).map(lambda n: "灯" * n))
    return draw(st.one_of(candidates))


@st.composite
def said(draw: st.DrawFn) -> tuple[Shape, bytes]:
    shape = SHAPES[draw(st.sampled_from(sorted(SHAPES)))]
    keys = draw(st.lists(st.sampled_from(shape.keys), max_size=4, unique=True))
    report = {key: draw(near(shape.model.properties[key].schema)) for key in keys}
    return shape, json.dumps(report, ensure_ascii=draw(st.booleans())).encode()


def same_values(left: Any, right: Any) -> bool:
    """Equal, and of the same types: 5 and 5.0 are shown differently."""
    return repr(left) == repr(right)


@settings(max_examples=300)
@given(said())
@example((ODD, b'{"whole": 0}'))
@example((ODD, b'{"any_int": 9007199254740993}'))
@example((ODD, b'{"wide": 5, "huge": 21.0, "picked": 1.0, "list": [1.0], "lasts": 3}'))
@example((ODD, b'{"open": 1' + b"0" * 400 + b"}"))
def test_both_ways_agree_or_the_slow_one_says_what_is_wrong(case: tuple[Shape, bytes]) -> None:
    shape, payload = case
    slow = shape.examine(payload)
    assert slow.at is None
    assert set(slow.given) <= set(shape.keys)
    assert same_values(slow.values, tuple(slow.given.get(k, a) for k, a in zip(shape.keys, shape.absent, strict=True)))
    try:
        (quick,) = shape.read([payload])
    except REFUSED:
        return  # the slow way decides: it names a problem, or knows better (whole floats, huge numbers)
    assert slow.problems == []
    assert same_values(quick, slow.values)
    assert all(
        value is not absent or key not in slow.given
        for key, value, absent in zip(shape.keys, quick, shape.absent, strict=True)
    )
    assert same_values(shape.given(quick), {key: slow.given[key] for key in shape.keys if key in slow.given})
    if shape.plain:
        assert all(isinstance(value, int | float) for value in quick)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_sound_values_of_every_built_in_model_are_read_the_quick_way(id: str, data: st.DataObject) -> None:
    shape = SHAPES[id]
    key = data.draw(st.sampled_from(shape.keys))
    schema = shape.model.properties[key].schema
    value = data.draw(near(schema))
    assume(key != "state" or not isinstance(value, dict))  # that is how values are wrapped
    try:
        schema.check(value)
    except CallerError:
        sound = False
    else:
        sound = True
    payload = json.dumps({key: value}).encode()
    refusal: list[UnisonoError] = []
    try:
        refusal = shape.examine(payload).problems
    except REFUSED as error:
        refusal = [CallerError(str(error))]
    assert bool(refusal) != sound
    if sound and id != "odd" and type(value) is not float:
        shape.read([payload])


@given(
    st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")), st.booleans()
)
def test_any_bytes_are_read_or_refused(payload: bytes, event: bool) -> None:
    shape = SHAPES["odd"]
    with contextlib.suppress(*REFUSED):
        shape.read([payload])
    with contextlib.suppress(*REFUSED):
        shape.examine(payload)
    with contextlib.suppress(*REFUSED):
        SHAPES["lock"].event("ring", payload)


@settings(max_examples=60)
@given(random_models)
def test_any_model_is_compiled_or_refused(model: Model) -> None:
    try:
        shape = compile_model(dump_model(model))
    except CallerError as error:
        assert error.code == "bad_model"
        assert not isinstance(error.__cause__, CallerError)
        return
    assert shape.keys == tuple(key for key, p in model.properties.items() if not p.parameter_only)
    with contextlib.suppress(*REFUSED):
        shape.examine(json.dumps(dict.fromkeys(shape.keys, 1)).encode())


# what a shape is


def test_a_shape_knows_its_properties_by_number() -> None:
    shape = compile_model(FULL)
    assert shape.keys == ("light.bri", "light.mode", "light.bits", "light.where", "light.list")  # without the parameter
    assert shape.series_keys == (*shape.keys, "event/light.hot")
    assert (shape.width, shape.full, shape.index["light.bits"], shape.plain) == (5, 0b11111, 2, False)
    assert all(absent is UNSET for absent in shape.absent)
    plain = shape_of(
        Property(key="a", schema=Schema(kind="bool")),
        Property(key="b", schema=Schema(kind="enum", choices=(Choice(value=0), Choice(value=1)))),
    )
    assert (plain.plain, plain.absent[0] is NAN, plain.read([b"{}"])) == (True, True, [plain.absent])


@pytest.mark.parametrize(
    "schema",
    [
        Schema(kind="string", len_min=-1),
        Schema(kind="string", len_max=2**70),
        Schema(kind="float", min=Decimal("NaN"), max=2**60),
        Schema(kind="int", min=Decimal("sNaN")),
    ],
)
def test_an_unsound_model_is_refused_or_bears_no_value(schema: Schema) -> None:
    try:
        shape = shape_of(Property(key="v", schema=schema))
    except CallerError as error:
        assert error.code == "bad_model"
        assert "m cannot be compiled" in error.detail
    else:
        assert shape.keys == ("v",)


def test_a_document_that_is_no_model_is_refused() -> None:
    with pytest.raises(CallerError, match="malformed"):
        compile_model(b"nonsense")
    assert compile_model(dump_model(FULL)).model == FULL


# reports


def test_a_property_is_found_by_its_address_or_by_a_trait_that_only_it_bears() -> None:
    shape = shape_of(
        Property(key="on", trait="on_off", schema=Schema(kind="bool")),
        Property(key="left", trait="level", schema=Schema(kind="float")),
        Property(key="right", trait="level", schema=Schema(kind="float")),
        Property(key="speed", trait="left", schema=Schema(kind="float")),
        Property(key="arg", trait="rate", access=(), parameter_only=True, schema=Schema(kind="float")),
    )
    slow = shape.examine(b'{"on_off": true, "left": 1}')
    assert (slow.given, slow.problems) == ({"on": True, "left": 1.0}, [])
    slow = shape.examine(b'{"level": 1, "rate": 2, "arg": 3, "nope": 4}')
    assert [problem.code for problem in slow.problems] == ["unknown_property"] * 4
    assert "several" in str(slow.problems[0])
    assert shape.find("on_off")[0] == "on"
    for name in ("rate", "arg"):
        with pytest.raises(CallerError, match="no state of its own"):
            shape.find(name)


def test_names_are_hinted_at_where_that_is_cheap() -> None:
    narrow = shape_of(Property(key="temperature", schema=Schema(kind="float")))
    (problem,) = narrow.examine(b'{"temprature": 1}').problems
    assert problem.expected == "one of temperature"
    second = narrow.examine(b'{"x": 1, "temprature": 1}').problems[1]
    assert (second.field, second.expected) == ("temprature", None)
    (problem,) = narrow.examine(json.dumps({"x" * 100_000: 1}).encode()).problems
    assert len(str(problem)) < 1_000
    wide = shape_of(*(Property(key=f"p{i}", schema=Schema(kind="float")) for i in range(MAX_HINTED + 1)))
    assert wide.examine(b'{"p": 1}').problems[0].expected is None


def test_of_many_problems_the_first_are_told_and_good_values_are_kept() -> None:
    shape = one("float", min=0)
    report = {**{f"u{i}": i for i in range(500)}, "v": 3}
    slow = shape.examine(json.dumps(report).encode())
    assert (slow.given, len(slow.problems)) == ({"v": 3.0}, MAX_PROBLEMS + 1)
    assert str(slow.problems[-1]) == f"and {500 - MAX_PROBLEMS} more unknown properties"
    slow = shape.examine(json.dumps({**{f"u{i}": i for i in range(MAX_PROBLEMS)}, "v": -3}).encode())
    assert (slow.given, len(slow.problems)) == ({}, MAX_PROBLEMS + 1)


@pytest.mark.parametrize(
    ("at", "us"),
    [
        (1_795_341_600_000, 1_795_341_600_000_000),
        (1_795_341_600_000.123, 1_795_341_600_000_123),
        ("2026-11-22T10:00:00Z", 1_795_341_600_000_000),
        ("2026-11-22T10:00:00.123457", 1_795_341_600_123_457),
        ("2026-11-22T18:00:00.000001+08:00", 1_795_341_600_000_001),
        (EARLIEST_US // 1000, EARLIEST_US),
    ],
)
def test_a_report_may_say_when(at: Any, us: int) -> None:
    slow = one("float").examine(json.dumps({"at": at, "state": {"v": 1}}).encode())
    assert (slow.at, slow.given, slow.problems) == (us, {"v": 1.0}, [])


@pytest.mark.parametrize(
    "at",
    [
        None,
        True,
        [],
        "yesterday",
        "",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1970-01-01T00:00:07Z",
        0,
        -1,
        17.5,
        EARLIEST_US // 1000 - 1,
        1_795_341_600_000_000,
        10**400,
        1e300,
    ],
)
def test_what_is_no_time_is_told_and_the_values_are_kept(at: Any) -> None:
    slow = one("float").examine(json.dumps({"at": at, "state": {"v": 1}}).encode())
    if at == "9999-12-31T23:59:59-23:59":
        assert slow.at == 253_402_387_139_000_000  # its own business: the fold knows what is too far ahead
        return
    assert (slow.at, slow.given) == (None, {"v": 1.0})
    assert (slow.problems[0].code, slow.problems[0].field) == ("bad_value", "at")


def test_a_state_that_is_no_wrapper() -> None:
    shape = one("float")
    assert shape.examine(b'{"state": {"v": 1}}').given == {"v": 1.0}
    assert shape.examine(b'{"at": 5, "v": 1}').given == {"v": 1.0}
    assert [problem.field for problem in shape.examine(b'{"state": {"v": 1}, "other": 2}').problems] == [
        "state",
        "other",
    ]
    word = shape_of(Property(key="state", schema=Schema(kind="string")), Property(key="v", schema=Schema(kind="float")))
    assert word.examine(b'{"state": "idle"}').given == {"state": "idle"}
    assert word.examine(b'{"state": {"v": 1, "state": "idle"}}').given == {"v": 1.0, "state": "idle"}


def test_a_state_of_its_own_is_read_the_same_either_way() -> None:
    own = shape_of(Property(key="state", schema=Schema(kind="any")), Property(key="at", schema=Schema(kind="int")))
    payload = b'{"at": 5, "state": {"x": 1}}'
    assert own.read([payload]) == [({"x": 1}, 5)]
    assert own.examine(payload).given == {"at": 5, "state": {"x": 1}}


@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_nesting_is_refused_long_before_the_stack_ends(bracket: str) -> None:
    opened = "[" if bracket == "[]" else '{"a":'
    for depth, refused in ((MAX_LEVELS - 1, False), (MAX_LEVELS, True)):
        inner = opened * (depth - 1) + "1" + bracket[1] * (depth - 1)
        payload = b'{"v": ' + inner.encode() + b"}"
        if refused:
            with pytest.raises(CallerError, match=TOO_DEEP):
                one("any").examine(payload)
        else:
            assert "too deep" in str(one("any").examine(payload).problems[0])


def test_a_report_is_an_object() -> None:
    for payload in (b"[]", b"1", b'"x"', b"null"):
        with pytest.raises(CallerError, match="a report is an object"):
            one("float").examine(payload)


def test_the_last_of_two_members_of_one_name_counts() -> None:
    assert one("float").read([b'{"v": 1, "v": 2}']) == [(2.0,)]
    assert one("float").examine(b'{"v": 1, "v": 2}').values == (2.0,)


def test_numbers_beyond_64_bits_become_floats() -> None:
    assert portable([2**64 - 1, 2**64, -(2**63), -(2**63) - 1, {"a": 2**70}, "x", None, True, 1.5]) == [
        2**64 - 1,
        2.0**64,
        -(2**63),
        -(2.0**63),
        {"a": 2.0**70},
        "x",
        None,
        True,
        1.5,
    ]
    assert [type(value) for value in portable([2**64 - 1, 2**64])] == [int, float]
    assert one("int", max=2**128).read([b'{"v": %d}' % 2**100])[0] == (2.0**100,)
    assert one("enum", open=True, choices=(Choice(value=1),)).examine(b'{"v": 1.5}').given == {"v": 1.5}


# events, commands, history

RICH = shape_of(
    Property(key="a", schema=Schema(kind="float", step=0.5), access=("read", "write"), timeout_s=3),
    Property(key="b", schema=Schema(kind="int", precision=2), access=("write",), timeout_s=7),
    Property(key="c", schema=Schema(kind="bool"), access=("read", "write")),
    Property(
        key="d",
        schema=Schema(
            kind="enum", choices=(Choice(value="toggle", becomes="on"), Choice(value="on"), Choice(value="off"))
        ),
        access=("read", "write"),
    ),
    Property(key="read_only", schema=Schema(kind="bitmap")),
    Property(key="arg", access=(), parameter_only=True, schema=Schema(kind="int")),
    actions=(Action(key="go", inputs=(Arg(key="n", property="arg"),), timeout_s=4), Action(key="stop", trait="dock")),
    events=(Event(key="hot", args=(Arg(key="by", schema=Schema(kind="float")),)), Event(key="cold")),
    timeout_s=9,
)


def test_an_event_is_kept_as_compact_json_in_its_own_series() -> None:
    assert RICH.event("hot", b'{ "by": 2.5 }') == (5, '{"by":2.5}')
    assert RICH.event("cold", b"") == (6, "{}")


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("nope", b"{}", "unknown_event"),
        ("hot", b"[]", "bad_value"),
        ("hot", b"{}", "bad_value"),
        ("hot", b'{"by": "x"}', "bad_value"),
        ("cold", b"[" * 500 + b"]" * 500, "bad_json"),
    ],
)
def test_an_event_that_is_refused(name: str, payload: bytes, code: str) -> None:
    with pytest.raises(CallerError) as caught:
        RICH.event(name, payload)
    assert caught.value.code == code


def test_a_model_without_events_says_so() -> None:
    with pytest.raises(CallerError, match="none"):
        one("float").event("x", b"{}")


def test_wanted_values_are_checked_for_writing() -> None:
    assert RICH.wanted({"a": 1.5, "b": 3}) == {"a": 1.5, "b": 3}
    for values, code in (
        ({"read_only": 1}, "not_writable"),
        ({"nope": 1}, "unknown_property"),
        ({"a": 1.3}, "bad_value"),
        ({"c": 1}, "bad_value"),
    ):
        with pytest.raises(CallerError) as caught:
            RICH.wanted(values)
        assert caught.value.code == code


def test_calls_are_checked() -> None:
    assert RICH.call("go", {"n": 3}) == ("go", {"n": 3})
    assert RICH.call("dock", {}) == ("stop", {})
    for name, given_, code in (
        ("nope", {}, "unknown_action"),
        ("go", {}, "bad_value"),
        ("go", {"n": "x"}, "bad_value"),
    ):
        with pytest.raises(CallerError) as caught:
            RICH.call(name, given_)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("key", "wanted", "reported", "matches"),
    [
        ("a", 1.0, 1.25, True),  # half a step
        ("a", 1.0, 1.26, False),
        ("b", 10, 12, True),  # its precision
        ("b", 10, 13, False),
        ("c", True, True, True),
        ("c", True, 1, False),
        ("d", "toggle", "on", True),
        ("d", "toggle", "toggle", False),
        ("d", "off", "off", True),
        ("read_only", 5, 5, True),
        ("read_only", 5, 6, False),
    ],
)
def test_a_reported_value_is_the_wanted_one_within_its_precision(
    key: str, wanted: Any, reported: Any, matches: bool
) -> None:
    assert RICH.matches(key, wanted, reported) is matches


def test_how_long_a_command_may_take() -> None:
    assert RICH.timeout_s("go") == 4
    assert (RICH.timeout_s("stop"), RICH.timeout_s("nope")) == (9, 9)
    assert RICH.timeout_s(None, ("a", "b", "c")) == 7
    assert (RICH.timeout_s(None, ("c",)), RICH.timeout_s(None, ("nope",)), RICH.timeout_s(None)) == (9, 9, 9)


@pytest.mark.parametrize(
    ("key", "number", "shown"),
    [("c", 1.0, True), ("b", 3.0, 3), ("b", 3.5, 3.5), ("a", 3.0, 3.0), ("read_only", 5.0, 5), ("gone", 5.0, 5.0)],
)
def test_numbers_of_history_are_shown_as_their_own_type(key: str, number: float, shown: Any) -> None:
    assert repr(RICH.shown(key, number)) == repr(shown)


def test_which_values_of_another_version_still_fit() -> None:
    assert RICH.fits(0, 1.3)  # off the step: it was reported, not written
    assert not RICH.fits(0, "x")


def test_the_models_of_these_tests_are_sound() -> None:
    for shape in (ODD, RICH):
        assert [finding for finding in check_model(shape.model) if finding.severity == "error"] == []
