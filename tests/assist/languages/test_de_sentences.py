"""German sentences and the plans they become: ``de_sentences.txt``. A third language is a folder of data."""

from pathlib import Path

import pytest

from tests.assist.languages.reading import read, table

CASES = table(Path(__file__).parent / "de_sentences.txt")


@pytest.mark.parametrize("said", CASES)
def test_a_sentence(said: str) -> None:
    assert read(said, "de") == CASES[said]
