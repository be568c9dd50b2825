"""Chinese sentences and the plans they become: ``zh_sentences.txt``."""

from pathlib import Path

import pytest

from tests.assist.languages.reading import read, table

CASES = table(Path(__file__).parent / "zh_sentences.txt")


@pytest.mark.parametrize("said", CASES)
def test_a_sentence(said: str) -> None:
    assert read(said, "zh") == CASES[said]
