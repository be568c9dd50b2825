"""Which language a sentence is read in, whatever the page before which it is said."""

from __future__ import annotations

import pytest

from tests.assist.languages.reading import read
from unisono.assist import language_of
from unisono.assist.language import language
from unisono.errors import CallerError


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("把客厅灯关了", "en", "zh"),
        ("把客厅灯关了", "de", "zh"),
        ("  打开 the living room light", "en", "zh"),
        ("TV关掉", "en", "zh"),
        ("turn on 客厅灯", "en", "en"),
        ("turn on the light", "en", "en"),
        ("turn on the light", "zh", "en"),
        ("turn on the light", "zh-CN", "en"),
        ("mach das licht in der küche aus", "zh", "de"),
        ("OK", "zh", "zh"),
        ("LED TV", "zh", "zh"),
        ("zxcv qwer tyui", "zh", "zh"),
        ("关灯", "zh", "zh"),
        ("关灯", None, "zh"),
        ("allume la lampe", "fr", "fr"),
        ("", "en", "en"),
        ("turn on the light", None, "en"),
    ],
)
def test_a_sentence_is_read_in_the_language_that_it_plainly_is_of(text: str, said: str | None, code: str) -> None:
    assert language_of(text, said, "en") == code


def test_an_order_in_chinese_is_understood_before_an_english_page() -> None:
    assert read("把马灯关了", "en") == read("把马灯关了", "zh") != "ignore"


def test_a_language_that_nobody_here_speaks_is_refused_with_those_that_are_spoken() -> None:
    with pytest.raises(CallerError) as caught:
        language("tlh")
    assert (caught.value.code, caught.value.field) == ("bad_value", "lang")
    assert {"en", "zh"} <= set((caught.value.expected or "").removeprefix("one of ").split(", "))
