"""The normaliser: a text becomes tokens - words, numbers with units, times, marks - without fillers.

Knows numbers and times through their own files, and a language's rules. What was said stays recognisable: every token
has its offsets in the original text.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from unisono.assist.language import Language, Row, Trie
from unisono.assist.letters import Raw, raw_words, words_of
from unisono.assist.numbers import TENS, read_number, respelt
from unisono.assist.text import Token
from unisono.assist.times import find_times

__all__ = ["key_of", "normalise"]

#: 1/2 and 3/4 are fractions, 24/7 and 9/11 are not.
MOST_PARTS = 10

#: Marks within a word, and between what they are such.
JOINING = frozenset("-_")
WORDY = frozenset({"word", "number"})

#: A clock has so many hours and minutes.
HOURS, MINUTES = 24, 60
#: Words shorter than this are their own key: "gas" is no plural.
SHORTEST_PLURAL = 4


def normalise(text: str, language: Language, names: Container[str] = ()) -> list[Token]:
    """The tokens of a text. Never raises; a text of marks only gives marks only. ``names``: words that are no slips."""
    raw = _respelt(_plain(_unhyphened(_decimals(raw_words(text), language)), language), language, names)
    tokens = _numbers(raw, language)
    tokens = _times(tokens, language)
    return _hundreds(_units(tokens, language))


def _hundreds(tokens: Sequence[Token]) -> list[Token]:
    """ "One ninety" of an oven is a hundred and ninety. In digits and of percents they are two."""
    found: list[Token] = []
    for token in tokens:
        before = found[-1] if found else None
        if before is not None and _spoken(before) and _spoken(token) and before.unit is None and token.unit != "%":
            hundreds, rest = before.value or 0, token.value or 0
            if hundreds in range(1, TENS.step) and TENS.step <= rest < TENS.stop and float(rest).is_integer():
                value = hundreds * TENS.stop + rest
                found[-1] = msgspec.structs.replace(
                    token, text=f"{value:g}", key=f"{value:g}", value=value, start=before.start
                )
                continue
        found.append(token)
    return found


def _spoken(token: Token) -> bool:
    """Is it a number in words?"""
    return token.kind == "number" and not token.relative and token.end - token.start > len(token.text)


def _unhyphened(raw: Sequence[Raw]) -> Sequence[Raw]:
    """ "Pre-heat", "sofa_lamp" and "10-minute" are two words, as phrases and names are compared; 5-10 is not."""
    return [
        one
        for at, one in enumerate(raw)
        if not (one.text in JOINING and 0 < at < len(raw) - 1 and _within(raw[at - 1], one, raw[at + 1]))
    ]


def _within(before: Raw, mark: Raw, after: Raw) -> bool:
    kinds = {before.kind, after.kind}
    return (
        before.end == mark.start
        and mark.end == after.start
        and (mark.text == "_" or ("word" in kinds and kinds <= WORDY))
    )


def _decimals(raw: Sequence[Raw], language: Language) -> Sequence[Raw]:
    """21,5 is one number where a comma stands before decimals."""
    if language.rules.get("decimal") != ",":
        return raw
    found: list[Raw] = []
    for one in raw:
        whole = found[-2] if len(found) > 1 else None
        if (
            one.kind == "number" and whole is not None and whole.kind == "number" and "." not in whole.text
            and found[-1].text == "," and whole.end + 1 == one.start
        ):  # fmt: skip
            found[-2:] = [Raw(f"{whole.text}.{one.text}", whole.start, one.end, "number")]
        else:
            found.append(one)
    return found


def key_of(word: str) -> str:
    """How a word is compared in names: without a plural's s."""
    if len(word) >= SHORTEST_PLURAL and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > SHORTEST_PLURAL + 1:
            return word[:-3] + "y"
        if word.endswith(("shes", "ches", "xes", "sses")):
            return word[:-2]
        return word[:-1]
    return word


def _plain(raw: Sequence[Raw], language: Language) -> list[Raw]:
    """Spelling variants of a language (traditional characters, "gonna") by its rules; doubled words once."""
    variants = language.rules.get("variants", {})
    found: list[Raw] = []
    for one in raw:
        word = variants.get(one.text, one.text)
        if word is not one.text:
            for part in words_of(word):
                found.append(Raw(part, one.start, one.end, one.kind))
            continue
        if language.spaced and found and found[-1].text == word and one.kind == "word":
            continue
        found.append(one)
    return found


def _respelt(raw: Sequence[Raw], language: Language, names: Container[str]) -> list[Raw]:
    """ "To ninteen", "fourty five", "sevnty percent": a word that nobody knows where a number stands is one, misspelt.
    Elsewhere it is another word: "the tree", "I'm thirsty"."""
    found: list[Raw] = []
    for at, one in enumerate(raw):
        known = (
            one.text in language.vocabulary or one.text in names or one.text in language.numbers.get("fractions", ())
        )
        new = one.kind == "word" and not known
        right = respelt(one.text, language.numbers) if new and _numeral(raw, at, language) else ()
        found.extend(Raw(word, one.start, one.end, one.kind) for word in right)
        if not right:
            found.append(one)
    return found


def _numeral(raw: Sequence[Raw], at: int, language: Language) -> bool:
    """Does a number stand here: after "to", "at" or another number, or before a unit?"""
    numbers = language.numbers
    counted = {*numbers.get("values", ()), *numbers.get("scales", ())}
    if at and (raw[at - 1].text in counted or raw[at - 1].text in numbers.get("before_pronoun", ())):
        return True
    after = raw[at + 1].text if at + 1 < len(raw) else ""
    return after in numbers.get("scales", ()) or _unit_words(language.code).step(after) is not None


def _numbers(raw: Sequence[Raw], language: Language) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(raw):
        one = raw[at]
        if one.kind == "clock" and not _is_clock(one.text):
            tokens.append(Token(text=one.text, key=one.text, start=one.start, end=one.end))
            at += 1
            continue
        if one.text in language.numbers.get("negative", ()) and (below := _negative(raw, at, language)) is not None:
            tokens.append(_number(f"{below[0]:g}", below[0], one.start, raw[below[1] - 1].end))
            at = below[1]
            continue
        if one.kind == "clock":
            for part in (one.text.split(":")[0], ":", one.text.split(":")[1]):
                if part == ":":
                    tokens.append(Token(text=":", key=":", start=one.start, end=one.end, kind="mark"))
                else:
                    tokens.append(_number(part, float(part), one.start, one.end))
            at += 1
            continue
        if _is_ratio(raw, at):
            value = float(one.text) / float(raw[at + 2].text)
            tokens.append(_number(f"{value:g}", value, one.start, raw[at + 2].end))
            at += 3
            continue
        couple = _couple(raw, at, language)
        if couple:
            tokens.append(_number("2", 2.0, one.start, raw[at + couple - 1].end))
            at += couple
            continue
        if _single(raw, at, language):
            more = _plus(raw, at + 2, language)
            value, end = (1 + more[0], more[1]) if more is not None else (1.0, at + 2)
            unit = raw[at + 1]
            tokens.append(_number(f"{value:g}", value, one.start, one.end))
            tokens.append(Token(text=unit.text, key=unit.text, start=unit.start, end=raw[end - 1].end))
            at = end
            continue
        number = read_number(raw, at, language.numbers) if one.kind != "mark" and language.numbers else None
        if number is not None and _pronoun(raw, at, number.words, language):
            digits = f"{number.value:g}"
            tokens.append(Token(text=one.text, key=digits, start=one.start, end=one.end))
            at += 1
            continue
        if number is None:
            kind: Any = "mark" if one.kind == "mark" else "word"
            tokens.append(Token(text=one.text, key=key_of(one.text), start=one.start, end=one.end, kind=kind))
            at += 1
            continue
        end = raw[at + number.words - 1].end
        digits = one.text if one.kind == "number" and number.words == 1 else f"{number.value:g}"
        token = _number(digits, number.value, one.start, end)
        if number.relative:
            token = Token(
                text=" ".join(part.text for part in raw[at : at + number.words]),
                key=token.key,
                start=one.start,
                end=end,
                kind="number",
                value=number.value,
                unit="%",
                relative=True,
            )
        at += number.words
        more = _plus(raw, at, language) if not number.relative else None
        if more is not None:
            value = number.value + more[0]
            token = _number(f"{value:g}", value, one.start, raw[more[1] - 1].end)
            at = more[1]
        tokens.append(token)
    return tokens


def _is_clock(text: str) -> bool:
    hour, minute = text.split(":")[:2]
    return int(hour) <= HOURS and int(minute) < MINUTES


def _negative(raw: Sequence[Raw], at: int, language: Language) -> tuple[float, int] | None:
    """The number below zero after "minus", and where it ends; not after a number: five minus three."""
    if at + 1 >= len(raw) or raw[at + 1].kind == "mark" or (at and raw[at - 1].kind == "number"):
        return None
    number = read_number(raw, at + 1, language.numbers)
    if number is None or number.relative:
        return None
    return -number.value, at + 1 + number.words


def _pronoun(raw: Sequence[Raw], at: int, words: int, language: Language) -> bool:
    """Does a word such as "one" stand for a thing here?"""
    numbers = language.numbers
    if words != 1 or raw[at].text not in numbers.get("pronouns", ()):
        return False
    if at + 1 < len(raw):
        after = raw[at + 1].text
        if numbers["values"].get(after, 0) in TENS:
            return False  # "make it one ninety"
        if (
            after in language.times.get("words", {}).get("unit", {})
            or after in ("o", "%", ":")
            or _unit_words(language.code).step(after) is not None
        ):
            return False
    return at == 0 or raw[at - 1].text not in numbers["before_pronoun"]


def _couple(raw: Sequence[Raw], at: int, language: Language) -> int:
    """ "A couple of degrees" are two: how many words stand for the number; 0 where no unit follows them."""
    for phrase in language.numbers.get("couples", ()):
        words = phrase.split()
        after = raw[at + len(words)].text if at + len(words) < len(raw) else ""
        if [one.text for one in raw[at : at + len(words)]] == words and after in language.numbers.get("coupled", ()):
            return len(words)
    return 0


def _single(raw: Sequence[Raw], at: int, language: Language) -> bool:
    """ "a degree", "an amp": one of them."""
    numbers = language.numbers
    return (
        raw[at].text in numbers.get("ones", ()) and at + 1 < len(raw) and raw[at + 1].text in numbers.get("single", ())
    )


def _plus(raw: Sequence[Raw], at: int, language: Language) -> tuple[float, int] | None:
    """What "and a half" after a number adds, and where it ends; before a unit of time it is left to the times."""
    for phrase, value in language.numbers.get("plus", {}).items():
        words = phrase.split()
        after = raw[at + len(words)].text if at + len(words) < len(raw) else ""
        if [one.text for one in raw[at : at + len(words)]] == words and after not in language.times["words"]["unit"]:
            return value, at + len(words)
    return None


def _is_ratio(raw: Sequence[Raw], at: int) -> bool:
    """1/2, written in three."""
    if at + 2 >= len(raw) or raw[at].kind != "number" or raw[at + 1].text != "/" or raw[at + 2].kind != "number":
        return False
    return 0 < float(raw[at].text.replace(",", "")) < float(raw[at + 2].text.replace(",", "")) <= MOST_PARTS


def _number(text: str, value: float, start: int, end: int) -> Token:
    return Token(text=text, key=f"{value:g}", start=start, end=end, kind="number", value=value)


def _times(tokens: Sequence[Token], language: Language) -> list[Token]:
    words = [token.text for token in tokens]
    found = find_times(words, language)
    merged: list[Token] = []
    at = 0
    for start, end, time in found:
        merged.extend(tokens[at:start])
        text = " ".join(words[start:end])
        merged.append(
            Token(text=text, key=text, start=tokens[start].start, end=tokens[end - 1].end, kind="time", time=time)
        )
        at = end
    merged.extend(tokens[at:])
    return merged


@lru_cache(maxsize=8)
def _unit_words(code: str) -> Trie:
    from unisono.assist.language import language

    units = language(code).numbers.get("units", {})
    return Trie(Row(tuple(raw.text for raw in raw_words(str(name))), unit) for unit in units for name in units[unit])


def _units(tokens: Sequence[Token], language: Language) -> list[Token]:
    """A number and its unit become one token."""
    units = _unit_words(language.code)
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind != "number" or token.relative:
            found.append(token)
            continue
        node, unit, end, ahead = units, None, at, at
        while ahead < len(tokens) and tokens[ahead].kind in ("word", "mark"):
            step = node.step(tokens[ahead].text)
            if step is None:
                break
            node, ahead = step, ahead + 1
            if node.found is not None:
                unit, end = node.found.senses[-1], ahead
        found.append(
            Token(
                text=token.text,
                key=token.key,
                start=token.start,
                end=tokens[end - 1].end,
                kind="number",
                value=token.value,
                unit=unit,
                relative=token.relative,
            )
        )
        at = end
    return found
