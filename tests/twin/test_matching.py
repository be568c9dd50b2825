"""Tests of single values: what fits, and that a value of another kind does not."""

from __future__ import annotations

from typing import Any

import pytest

from unisono.twin.matching import compile_bounds, compile_test, equal
from unisono.twin.policy import Match, read_match


@pytest.mark.parametrize(
    ("match", "fits", "fits_not"),
    [
        ({"is": True}, [True], [1, 1.0, "true", None, False]),
        ({"is": "open"}, ["open"], ["Open", True, 0]),
        ({"is": 3}, [3, 3.0], [4, "3", None]),
        ({"is": [1, "a"]}, [1, "a"], [2, "b"]),
        ({"is_not": [1, "a"]}, [2, "b", None], [1, "a"]),
        ({"is_not": "a"}, ["b", 1], ["a"]),
        ({"above": 3}, [3.1, 4], [3, 2, True, "4", None]),
        ({"above": 3, "below": 5}, [4], [3, 5, 6]),
        ({"above": 3, "is_not": 4}, [5], [4, 3]),
        ({"is": None}, [None], [0, False]),
    ],
)
def test_what_fits(match: dict[str, Any], fits: list[Any], fits_not: list[Any]) -> None:
    test = compile_test(read_match(match))
    assert test is not None
    assert [value for value in fits if not test(value)] == []
    assert [value for value in fits_not if test(value)] == []


def test_nothing_asked_is_no_test() -> None:
    assert compile_test(Match()) is None
    assert compile_bounds(Match()) is None


def test_true_is_not_one() -> None:
    assert not equal(True, 1)
    assert equal(1, 1.0)
