"""The root of all errors: one registry of codes, one way to be read, one problem document."""

from __future__ import annotations

import pytest

from unisono.errors import CODES, CallerError, DeviceError, HostError


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
