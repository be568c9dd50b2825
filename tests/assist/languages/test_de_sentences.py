"""German sentences and the plans they become: ``de_sentences.txt``. A third language is a folder of data."""

from pathlib import Path

import pytest

from tests.assist.languages.reading import read, table
from unisono.assist import guess_language

CASES = table(Path(__file__).parent / "de_sentences.txt")


@pytest.mark.parametrize("said", CASES)
def test_a_sentence(said: str) -> None:
    assert read(said, "de") == CASES[said]


def test_german_is_known_by_its_words() -> None:
    """One word, or names of days and things alone, may be of any language."""
    other = [said for said in CASES if guess_language(said) != "de"]
    assert len(other) <= 0.03 * len(CASES), other


@pytest.mark.parametrize(
    ("said", "otherwise", "code"),
    [
        ("turn on the light in the kitchen", "en", "en"),
        ("turn on the light in the kitchen", "de", "en"),
        ("Pause", "de", "de"),
        ("Klimaanlage", "en", "en"),
        ("spiele 打开 Licht", "de", "zh"),
        ("play Die Walküre", "en", "en"),
        ("xyzzy plugh frobozz", "de", "de"),
        ("mach das Licht aus", "zh", "de"),
        ("", "zh", "en"),
    ],
)
def test_who_speaks_which_language(said: str, otherwise: str, code: str) -> None:
    assert guess_language(said, otherwise) == code
