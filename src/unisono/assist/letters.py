"""Raw words: where the words, numbers and marks of a text are. The same for texts, phrases and names.

Knows Unicode, no language: blanks and marks separate, each Chinese character is a word, an apostrophe splits what is
hung on in English ("oskar's": oskar 's) except for a negation ("don't").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["CJK", "MAX_CHARACTERS", "ONLY_HAN", "Raw", "raw_words", "words_of"]

#: Nobody says more in one breath; a longer text is refused before anybody looks at it.
MAX_CHARACTERS = 1000

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_APOSTROPHES = {"’": "'", "‘": "'", "ʼ": "'", "`": "'"}

_WORD = re.compile(
    r"(?P<hung>'(?:s|d|ll|re|ve|m)(?![a-z]))|"
    rf"(?P<clock>\d{{1,2}}:\d{{2}}(?!\d))|(?P<number>\d+(?:,\d{{3}})+(?!\d)|\d+(?:\.\d+)?)"
    rf"|(?P<cjk>[{CJK}])|(?P<word>(?:(?![{CJK}])[^\W\d_])+(?:'[a-z]+)?(?:\d+\.\d+|\d*)(?![a-z\d]))|(?P<rest>[^\W_]+)|(?P<mark>[^\s\w]|_)",
)
#: Names in Chinese, most of them.
ONLY_HAN = re.compile(r"[0-9\u3400-\u4dbf\u4e00-\u9fff]+")
_HAN_WORD = re.compile(r"[0-9]+|[^0-9]")
_HUNG = re.compile(r"(?P<stem>.+?)(?P<hung>'(?:s|d|ll|re|ve|m))$")


class Raw(NamedTuple):
    """One word as it is compared, and where it stood."""

    text: str
    start: int
    end: int
    kind: str  # clock number cjk word mark


def raw_words(text: str) -> list[Raw]:
    """The words of a text in order, in lower case and compatibility form (full-width letters become plain ones)."""
    flat, offsets = _folded(text)
    found: list[Raw] = []
    for match in _WORD.finditer(flat):
        kind = match.lastgroup or "word"
        word, start, end = match[0], offsets[match.start()], offsets[match.end() - 1] + 1
        hung = _HUNG.fullmatch(word) if kind == "word" and "'" in word else None
        if hung is None:
            found.append(Raw(word, start, end, "word" if kind in ("rest", "hung") else kind))
            continue
        cut = offsets[match.start() + len(hung["stem"])]
        found.append(Raw(hung["stem"], start, cut, "word"))
        found.append(Raw(hung["hung"], cut, end, "word"))
    return found


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """A text as its words are compared, and where each of its characters stood."""
    if text.isascii():  # is its own compatibility form: most texts are, and all phrases of English
        return text.replace("`", "'").lower(), range(len(text) + 1)
    characters: list[str] = []
    offsets: list[int] = []
    for at, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", _APOSTROPHES.get(character, character)).lower()
        if plain.isdecimal():  # digits of any script
            plain = "".join(str(unicodedata.decimal(digit)) for digit in plain)
        characters.append(plain)
        offsets.extend([at] * len(plain))
    offsets.append(len(text))
    return "".join(characters), offsets


def words_of(text: str) -> tuple[str, ...]:
    """The words only, for phrases and names."""
    if text.isascii() and text.islower() and text.replace(" ", "").isalpha():
        return tuple(text.split())
    if ONLY_HAN.fullmatch(text):
        return tuple(_HAN_WORD.findall(text))
    return tuple(raw.text for raw in raw_words(text) if raw.kind != "mark")
