"""What a reader is told about a request that does not fit."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from unisono.api import shapes
from unisono.api.problems import from_msgspec


class Form(msgspec.Struct):
    secret: Annotated[str, msgspec.Meta(min_length=8, max_length=9)] = "12345678"
    count: int = 0
    bound: Annotated[float, msgspec.Meta(le=90)] = 0.0
    more: Annotated[int, msgspec.Meta(ge=1)] = 1
    one: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    language: shapes.Language = "en"


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"secret": "abc"}, "secret", "text of at least 8 characters"),
        ({"secret": "0123456789"}, "secret", "text of at most 9 characters"),
        ({"count": "x"}, "count", "int"),
        ({"bound": 91.0}, "bound", "a number of at most 90"),
        ({"more": 0}, "more", "a whole number of at least 1"),
        ({"one": ""}, "one", "text of at least 1 character"),
        ({"language": "!"}, "language", "a language such as en, zh or zh-CN"),
    ],
)
def test_what_would_have_fitted(given: dict[str, object], field: str, expected: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(given, Form)
    error = from_msgspec(str(refused.value))
    assert (error.field, error.expected) == (field, expected)
