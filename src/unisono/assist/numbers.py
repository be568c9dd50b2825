"""Numbers in words and digits, with their units.

Knows the arithmetic of number words - units add, tens add, scales multiply - and takes the words from a language's
``numbers.yaml``: ``values``, ``scales``, ``fractions``, ``point``, ``joins``, ``units``, ``of_ten`` (Chinese tenths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from unisono.assist.letters import Raw

__all__ = ["Number", "read_number", "respelt"]

#: A shorter word of a number is one letter away from too many others.
SHORTEST_RESPELT = 5
#: Tens, which a unit may be written to.
TENS = range(20, 100, 10)


class Number(NamedTuple):
    """A value, how many words it took, and whether it was a fraction of a whole ("half")."""

    value: float
    words: int
    relative: bool = False
    exact: bool = True


def read_number(raw: Sequence[Raw], at: int, words: Mapping[str, Any]) -> Number | None:
    """The number that begins at ``at``, in words or digits, as long as it goes."""
    first = raw[at]
    if first.kind == "number":
        return _digits(raw, at, words)
    fraction = _fraction(raw, at, words)
    if fraction is not None:
        return fraction
    return _words(raw, at, words)


def _digits(raw: Sequence[Raw], at: int, words: Mapping[str, Any]) -> Number:
    value = float(raw[at].text.replace(",", ""))
    scale = words["scales"].get(raw[at + 1].text) if at + 1 < len(raw) else None
    if scale is not None:
        return Number(value * scale, 2)
    return Number(value, 1)


def _words(raw: Sequence[Raw], at: int, words: Mapping[str, Any]) -> Number | None:
    values, scales, joins, point = words["values"], words["scales"], words.get("joins", ()), words.get("point", ())
    total, current, used, last = 0.0, 0.0, 0, None
    place = at
    while place < len(raw):
        word = raw[place].text
        if word in values:
            value = values[word]
            if last is not None and not _adds(last, value):
                break
            current, last = current + value, value
        elif not used and word in words.get("ones", ()) and place + 1 < len(raw) and raw[place + 1].text in scales:
            current, last = 1.0, None  # "a hundred"
        elif word in scales and (used or words.get("bare_scale")):
            scale = scales[word]
            current, last = (current or 1) * scale, scale
            if scale >= 1000:
                total, current = total + current, 0.0
        elif used and word in joins and place + 1 < len(raw) and raw[place + 1].text in values and last and last >= 100:
            pass
        elif used and word in point and place + 1 < len(raw) and raw[place + 1].text in values:
            digits = ""
            place += 1
            while place < len(raw) and values.get(raw[place].text, 10) < 10:
                digits += str(int(values[raw[place].text]))
                place += 1
            return Number(float(f"{int(total + current)}.{digits or 0}"), place - at)
        else:
            break
        place += 1
        used = place - at
    return Number(total + current, used) if used else None


def _adds(last: float, value: float) -> bool:
    """Does a number word go on with this one: twenty five, hundred and five, but not five six."""
    if last >= 100:
        return value < last
    return last >= 20 and last % 10 == 0 and 0 < value < 10


def _fraction(raw: Sequence[Raw], at: int, words: Mapping[str, Any]) -> Number | None:
    """half, a third, two thirds, three quarters."""
    fractions = words.get("fractions", {})
    word = raw[at].text
    after = tuple(each.text for each in raw[at + 1 : at + 3])
    if (
        word in fractions
        and len(after) > 1
        and after[0] in words.get("ones", ())
        and after[1] in words.get("single", ())
    ):
        return Number(fractions[word], 2)  # "half a degree"
    if word in fractions:
        return Number(100 * fractions[word], 1, relative=True)
    if (
        at + 1 < len(raw)
        and raw[at + 1].text in fractions
        and (word in words["values"] or word in words.get("ones", ()))
    ):
        times = words["values"].get(word, 1)
        return Number(round(100 * times * fractions[raw[at + 1].text], 2), 2, relative=True)
    return None


def respelt(word: str, words: Mapping[str, Any]) -> tuple[str, ...]:
    """The number words that a word is, misspelt or written together: ninteen, twentyone. Empty where it is none, or
    might be two; the first letter is right."""
    values: Mapping[str, float] = words.get("values", {})
    for ten, value in values.items():
        rest = word.removeprefix(ten)
        if value in TENS and rest != word and 0 < values.get(rest, 0) < TENS.step:
            return ten, rest
    if len(word) < SHORTEST_RESPELT:
        return ()
    near = [
        other
        for other in values
        if len(other) >= SHORTEST_RESPELT and other[0] == word[0] and OSA.distance(word, other, score_cutoff=1) <= 1
    ]
    return tuple(near[:1]) if len({values[other] for other in near}) == 1 else ()
