"""The root of all errors: one registry of codes, one way to be read, one problem document."""

from __future__ import annotations

import pytest

from unisono.errors import CODES, CallerError, DeviceError, HostError, together, with_others


def test_a_code_that_is_not_registered_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="no_such_code"):
        CallerError("x", code="no_such_code")


def test_an_error_says_where_what_would_have_been_right_and_what_to_do() -> None:
    error = CallerError(
        "400 is too large", field="brightness", expected="0 to 100", mend="Run: unisono thing show lamp"
    )
    assert str(error) == "brightness: 400 is too large; expected 0 to 100. Run: unisono thing show lamp"
    assert str(HostError("the log is away")) == "the log is away"


def test_a_problem_document_has_what_is_known_and_nothing_empty() -> None:
    assert DeviceError("bad frame", code="bad_frame", field="length").problem() == {
        "type": "urn:unisono:error:bad_frame",
        "title": CODES["bad_frame"].title,
        "status": 400,
        "code": "bad_frame",
        "detail": "bad frame",
        "field": "length",
    }


def test_several_mistakes_are_told_together_and_read_back() -> None:
    wrong = [CallerError(f"no {n}", code="bad_scene", field=f"then.{n}", expected="yes", rule="r") for n in range(12)]
    error = together(wrong)
    assert (error is wrong[0], len(error.others), error.total) == (True, 9, 12)
    assert str(error) == "then.0: no 0 (and 11 more errors); expected yes"
    problem = error.problem()
    assert (problem["detail"], problem["total"]) == ("no 0 (and 11 more errors)", 12)
    told = problem["errors"]
    assert isinstance(told, list) and len(told) == 10
    assert told[1] == {"detail": "no 1", "field": "then.1", "expected": "yes", "rule": "r"}
    read = with_others(CallerError("as it came", code="bad_scene", field="then.0"), problem)
    assert (read.detail, read.total, [each.field for each in read.others]) == (
        "no 0",
        12,
        [f"then.{n}" for n in range(1, 10)],
    )
    two = together([CallerError("a"), CallerError("b")])
    assert str(two) == "a (and 1 more error)"
    assert two.problem()["errors"] == [{"detail": "a"}, {"detail": "b"}]


def test_one_mistake_is_told_as_ever() -> None:
    error = together([CallerError("a", field="b")])
    assert "errors" not in error.problem() and str(error) == "b: a"
    assert with_others(CallerError("a"), error.problem()).others == ()
