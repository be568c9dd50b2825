"""A language: a folder of data under ``languages/``, and nothing else. A third one is a third folder.

``words.yaml``    sense: [phrase, ...]; `unisono.assist.senses` says what the senses mean. ``(a|b|)`` in a
                  phrase: any of these. ``inflected`` lists those whose first word bends (en, de); ``irregular`` the
                  forms that do not follow the rule
``numbers.yaml``  words of numbers, fractions, units
``times.yaml``    words of times
``speech.yaml``   sentences that answers are made of
``model.npz``     the linear model, written by ``make train``
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from unisono.assist.letters import CJK, words_of
from unisono.errors import CallerError
from unisono.thing import kinds_of_place
from unisono.thing.files import stranger_loader

__all__ = [
    "GRAVE",
    "LANGUAGES",
    "Language",
    "Phrase",
    "Row",
    "Trie",
    "guess_language",
    "language",
    "language_of",
    "languages",
    "numbers_of",
]

LANGUAGES = Path(__file__).parent / "languages"

#: A text with one of these is Chinese.
_CHINESE = re.compile(f"[{CJK}]")


_LATIN = re.compile(r"[a-zA-Z]{2,}")
#: So many characters say which language it is.
GUESSED_FROM = 200

#: Fewer words are names: TV, LED.
_A_SENTENCE = 2
#: Senses that turn a sentence around: nobody is understood so by a slip of the finger.
GRAVE = frozenset({"not", "said", "suppose", "spell", "already", "elsewhere", "except", "undo", "cancel"})


class Phrase(msgspec.Struct, frozen=True):
    """What a phrase means, and the form that it is in."""

    senses: tuple[str, ...]
    forms: tuple[str, ...] = ()


class Row(NamedTuple):
    """A phrase as it is put into a `Trie`: its words, and one sense and form of it."""

    words: tuple[str, ...]
    sense: str
    form: str = ""


class Trie:
    """Phrases by their words: the longest one at a point is found in as many steps as it has words. What follows a word
    is sorted when that word is first said: a language has ten thousand phrases, and a sentence ten words."""

    __slots__ = ("_depth", "_next", "_rows", "found")

    def __init__(self, rows: Iterable[Row], depth: int = 0) -> None:
        self._depth = depth
        self._next: dict[str, Trie] = {}
        self._rows: dict[str, list[Row]] = {}
        senses: dict[str, None] = {}
        forms: dict[str, None] = {}
        for row in rows:
            if len(row.words) > depth:
                self._rows.setdefault(row.words[depth], []).append(row)
                continue
            senses[row.sense] = None
            if row.form:
                forms[row.form] = None
        self.found = Phrase(tuple(senses), tuple(forms)) if senses else None

    def step(self, word: str) -> Trie | None:
        """What follows a word; None where no phrase goes on with it."""
        node = self._next.get(word)
        if node is None and (rows := self._rows.get(word)) is not None:
            node = self._next[word] = Trie(rows, self._depth + 1)
        return node

    def phrase(self, word: str) -> Phrase | None:
        """The phrase of one word alone."""
        node = self.step(word)
        return node.found if node is not None else None


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """``phrases``: by their words; ``spaced``: words have blanks between them.
    ``repairable``: words that a misspelled one may be read as: none of `GRAVE`."""

    code: str
    spaced: bool
    phrases: Trie
    vocabulary: frozenset[str]
    repairable: frozenset[str] = frozenset()
    numbers: Mapping[str, Any]
    times: Mapping[str, Any]
    speech: Mapping[str, str]
    rules: Mapping[str, Any]


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that have a folder, English first."""
    found = sorted(path.name for path in LANGUAGES.iterdir() if (path / "words.yaml").exists())
    return tuple(sorted(found, key=lambda code: code != "en"))


@cache
def numbers_of(code: str) -> Mapping[str, Any]:
    """A language's numbers alone: names of any language may hold one."""
    return _read(code, "numbers")


@cache
def language(code: str) -> Language:
    """Read once. Raises CallerError ``bad_value`` for one that has no folder; ``en-GB`` finds ``en``."""
    code = code.lower().replace("_", "-").split("-")[0]
    if code not in languages():
        expected = "one of " + ", ".join(languages())
        raise CallerError(f"nobody here speaks {code!r}", code="bad_value", field="lang", expected=expected)
    words = _read(code, "words")
    rules = words.pop("rules", {})
    spaced = rules.get("spaced", True)
    rows: list[Row] = []
    bending = frozenset(rules.get("inflected", ()))
    irregular = rules.get("irregular", {})
    for sense, texts in words.items():
        for text in chain.from_iterable(_spelt_out(str(text)) for text in texts or ()):
            if sense in bending:
                rows += (Row(bent, sense, form) for form, bent in _forms(words_of(text), irregular))
            else:
                rows.append(Row(words_of(text), sense))
    for kind, place in kinds_of_place().items():
        rows += (Row(words_of(text), f"place:{kind}") for text in place.names.get(code, ()))
    vocabulary = frozenset(chain.from_iterable(row.words for row in rows))
    repairable = frozenset(chain.from_iterable(row.words for row in rows if row.sense not in GRAVE))
    return Language(
        code=code,
        spaced=spaced,
        phrases=Trie(rows),
        vocabulary=vocabulary,
        repairable=repairable,
        numbers=numbers_of(code),
        times=_read(code, "times"),
        speech=_read(code, "speech"),
        rules=rules,
    )


def language_of(text: str, said: str | None, otherwise: str) -> str:
    """The language that a sentence is read in: the one that was said to be its, but for a sentence that is plainly
    another's. A page is in one language, and who sits before it may speak any. ``otherwise``: where nothing was said.

    Plainly Chinese is what begins so or has but one word of letters (打开 the lamp, TV 关掉; not "turn on 客厅灯");
    plainly not is what has no Chinese character and two words at least, as another language knows them.
    """
    if said is None:
        return guess_language(text, otherwise)
    chinese = _CHINESE.search(text) is not None
    if said.lower().startswith("zh"):
        return said if chinese or len(_LATIN.findall(text)) < _A_SENTENCE else _guessed(text, said)
    plainly = chinese and (_CHINESE.match(text.lstrip()) or len(_LATIN.findall(text)) < _A_SENTENCE)
    return "zh" if plainly else said


def _guessed(text: str, said: str) -> str:
    code = guess_language(text)
    words = words_of(text[:GUESSED_FROM])
    return code if 2 * len([word for word in words if word in language(code).vocabulary]) > len(words) else said


def guess_language(text: str, otherwise: str = "en") -> str:
    """By the script: Chinese where there are Chinese characters; else by its words. ``otherwise`` stands unless another
    language knows at least half of them, and more than it does: few sentences are looked up twice."""
    if _CHINESE.search(text):
        return "zh"
    spelt = [code for code in languages() if code != "zh"]
    first = otherwise if otherwise in spelt else "en"
    words = words_of(text[:GUESSED_FROM])
    known = len([word for word in words if word in language(first).vocabulary])
    if 2 * known > len(words):
        return first
    best, most = first, known
    for code in spelt:
        count = len([word for word in words if word in language(code).vocabulary])
        if count > most and 2 * count >= len(words) > 1:
            best, most = code, count
    return best


def _read(code: str, name: str) -> dict[str, Any]:
    import yaml

    path = LANGUAGES / code / f"{name}.yaml"
    if not path.exists():
        return {}
    found: dict[str, Any] = yaml.load(path.read_bytes(), Loader=stranger_loader()) or {}
    return found


def _spelt_out(text: str) -> Iterator[str]:
    """ "it (would|'d) be nice( of you|)" is four phrases."""
    if "(" not in text:
        return iter((text,))
    parts = [part.split("|") for part in re.split(r"[()]", text)]
    return map("".join, product(*parts))


def _forms(words: tuple[str, ...], irregular: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The phrase with its first word bent: (form, words). ``base`` marks the plain form."""
    head, rest = words[0], words[1:]
    past, ing, third = irregular.get(head) or _regular(head)
    for form, bent in (("base", head), ("past", past), ("ing", ing), ("third", third)):
        yield form, (bent, *rest)


def _regular(word: str) -> tuple[str, str, str]:
    """past, -ing and -s of a regular English verb. What doubles or changes its vowel is listed as irregular."""
    stem = word[:-1] if word.endswith("e") else word
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ied", word + "ing", word[:-1] + "ies"
    third = word + ("es" if word.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    return stem + "ed", stem + "ing", third
