"""Windows against a plain list of values, and expressions within their bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.scene.watching.expression import compile_expression
from unisono.scene.watching.window import STEPS, Agg, RollingWindow

MINUTE = 60_000_000


@given(
    st.lists(st.tuples(st.integers(0, 30 * MINUTE), st.floats(-1e6, 1e6)), max_size=80),
    st.integers(0, 40 * MINUTE),
    st.sampled_from(["mean", "min", "max", "sum", "count", "rate"]),
)
def test_equal_to_a_list(values: list[tuple[int, float]], later: int, agg: Agg) -> None:
    values.sort(key=lambda pair: pair[0])
    window = RollingWindow(600)
    for at, value in values:
        window.take(value, at)
    now = max([at for at, _value in values] + [0]) + later
    step = 600 * 1_000_000 // STEPS
    kept = [(at, value) for at, value in values if at // step > now // step - STEPS]
    figure = window.value(agg, now)
    numbers = [value for _at, value in kept]
    if agg == "count":
        assert figure == len(numbers)
    elif not numbers:
        assert figure is None
    elif agg == "rate":
        took = kept[-1][0] - kept[0][0]
        if took:
            assert figure == pytest.approx((numbers[-1] - numbers[0]) * 3_600_000_000 / took)
        else:
            assert figure is None
    else:
        wanted = {"mean": math.fsum(numbers) / len(numbers), "sum": math.fsum(numbers)} | {
            "min": min(numbers),
            "max": max(numbers),
        }
        assert figure == pytest.approx(wanted[agg], rel=1e-6, abs=1e-3)
    assert len(window.steps) <= STEPS


def test_steps_go_on() -> None:
    window = RollingWindow(60)
    assert window.until_next_step(250_000) == 750_000


class TestExpressions:
    def test_value(self) -> None:
        assert compile_expression("a > 1 && [1, 2].exists(x, x == b)", ["a", "b"]).value({"a": 2, "b": 2}) is True

    @pytest.mark.parametrize(
        "source",
        [
            "a >",
            "c > 1",
            "(" * 40 + "a" + ")" * 40,
            "a" * 3000,
            "[1].all(x, [1].all(y, [1].all(z, true)))",
        ],
    )
    def test_bad(self, source: str) -> None:
        with pytest.raises(CallerError) as caught:
            compile_expression(source, ["a", "b"])
        assert (caught.value.code, caught.value.field) == ("bad_scene", "cel")
        assert caught.value.expected

    def test_texts_are_no_brackets(self) -> None:
        assert compile_expression("a == '" + "(" * 100 + "'", ["a"]).value({"a": "x"}) is False

    @pytest.mark.parametrize(
        ("source", "a"), [("a + 1", 1.5), ("a.b", {}), ("1 / a", 0), ("a > 1", "x"), ("a[3]", [1])]
    )
    def test_what_does_not_go(self, source: str, a: object) -> None:
        with pytest.raises(CallerError) as caught:
            compile_expression(source, ["a"]).value({"a": a})
        assert caught.value.code == "bad_value"

    @given(st.text(max_size=60))
    def test_any_text(self, source: str) -> None:
        try:
            compile_expression(source, ["a"]).value({"a": 1})
        except CallerError as error:
            assert error.detail
