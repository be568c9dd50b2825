"""A language's words have known senses only: a misspelled sense would be words that nobody hears."""

from __future__ import annotations

import pytest
import yaml

from unisono.assist.language import LANGUAGES, language, languages
from unisono.assist.senses import FAMILIES, SENSES
from unisono.thing.files import stranger_loader


@pytest.mark.parametrize("code", languages())
def test_every_sense_is_known(code: str) -> None:
    words = yaml.load((LANGUAGES / code / "words.yaml").read_bytes(), Loader=stranger_loader())
    senses = set(words) - {"rules"}
    unknown = {sense for sense in senses if sense not in SENSES and sense.split(":")[0] not in FAMILIES}
    assert not unknown


@pytest.mark.parametrize("code", languages())
def test_a_region_finds_its_language(code: str) -> None:
    assert language(f"{code}-XX").code == code
