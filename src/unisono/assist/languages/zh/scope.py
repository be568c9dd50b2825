"""What holds of a Chinese sentence before anything in it is matched: negated, supposed, told, quoted, past, asked.

Knows ``scope.yaml``, the small words that decide it. Names, times and amounts are masked first, so that a lamp called 别墅灯 negates
nothing. When in doubt it bars: a sentence that is not acted on can be said again.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unisono.thing.files import yaml_loader

if TYPE_CHECKING:
    from unisono.assist.languages.zh.cut import Piece

__all__ = [
    "bar_of",
    "decides",
    "is_occasion",
    "is_question",
    "is_quoted",
    "is_vague_time",
    "mask",
    "unquoted",
]

_SCOPE = Path(__file__).parent / "scope.yaml"
NAME, TIME, PAST, AMOUNT = "Ｎ", "Ｔ", "Ｐ", "Ｑ"
WHOLE = "Ｗ"
#: Words that may hold a 不 or 别 which denies nothing: 不到, 睁不开眼, 别的.
_WHOLE = frozenset({"below", "rest", "other"})
#: Periods of the past that a command may also speak of: "today".
_PRESENT = ("today", "this week", "this month", "last 7 days", None)

_BEFORE_OR_AFTER = frozenset({"前", "后", "之前", "之后", "以前", "以后", "时", "时候", "的时候"})
#: A name so long that was heard by its sound is one.
_SURE_LENGTH = 3

_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ('"', '"'), ("‘", "’"), ("《", "》"), ("【", "】"), ("'", "'"))
_QUOTED = re.compile("|".join(f"{re.escape(a)}[^{re.escape(b)}]*{re.escape(b)}" for a, b in _PAIRS))


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    """``scope.yaml``, compiled. ``{who}`` and ``{say}`` in a row stand for its first lists."""
    import yaml

    rows = msgspec.convert(yaml.load(_SCOPE.read_bytes(), Loader=yaml_loader()), dict[str, list[str]])
    who = f"(?:{'|'.join(rows['who'])})"
    say = f"(?:{'|'.join(rows['before_saying'])})*(?:{'|'.join(rows['saying'])})"
    return {name: re.compile("|".join(row).replace("{who}", who).replace("{say}", say)) for name, row in rows.items()}


def _says(name: str, masked: str) -> bool:
    return _patterns()[name].search(masked) is not None


def mask(text: str, pieces: Sequence[Piece]) -> str:
    """The text with names, times and amounts written over, each character by one sign."""
    out = list(text)
    for piece in pieces:
        alike = piece.things and any(a == b for a, b in zip(piece.text, text[piece.start : piece.end], strict=False))
        if piece.heard and not (piece.things and len(piece.text) >= _SURE_LENGTH) and not alike:
            continue  # 提议楼下: what was said decides, before what it sounds like
        past = piece.moment is not None and piece.moment.over not in _PRESENT
        sign = (
            PAST
            if past
            else TIME
            if piece.moment
            else AMOUNT
            if piece.quantity
            else NAME
            if piece.named and not piece.senses
            else None
        )
        if sign is None and any(sense in _WHOLE or sense.startswith("complaint:") for sense in piece.senses):
            sign = WHOLE
        if sign is not None:
            out[piece.start : piece.end] = [sign] * (piece.end - piece.start)
    return "".join(out)


def unquoted(text: str, known: Container[str]) -> str:
    """Quotation marks around what is only a name taken off."""
    for left, right in _PAIRS:
        text = re.sub(
            f"{re.escape(left)}([^{re.escape(right)}]{{1,16}}){re.escape(right)}",
            lambda found: found[1] if found[1] in known or re.fullmatch(r".{1,6}模式", found[1]) else found[0],
            text,
        )
    return text


def is_quoted(text: str) -> bool:
    """Whether it is about words: something stands in quotation marks, or how it is said is asked."""
    return bool(_QUOTED.search(text) or _patterns()["about_words"].search(text))


def is_vague_time(masked: str) -> bool:
    """一会儿, 晚点, 有空的时候: later, but nobody says when."""
    return _says("some_time", masked)


def is_occasion(pieces: Sequence[Piece]) -> bool:
    """下班后, 睡觉前, 吃饭的时候: at a time that no clock here knows."""
    told = _patterns()["occasion"]
    text = ""
    for piece in pieces:
        text += piece.text
        if piece.text in _BEFORE_OR_AFTER and told.search(text) is not None:
            return True  # 下班后|门禁开一下
    return told.search(text) is not None


def bar_of(masked: str) -> str | None:
    """Why the sentence must not be acted on: reported, hypothetical, past, negated - or None."""
    if _says("taken_back", masked):
        return "negated"
    if _says("about", masked):
        return "hypothetical"
    if _says("reported", masked):
        return "reported"
    if _says("supposed", masked) or _says("rhetorical", masked):
        return "hypothetical"
    if _says("if", masked) and _says("outcome_asked", masked):
        return "hypothetical"
    if _says("past", masked):
        return "past"
    return None


#: What turns a sentence around.
_DECIDING = ("negation", "if", "reported", "supposed", "taken_back", "some_time")


def decides(text: str) -> bool:
    """Whether a text is nothing but words that turn a sentence around: 不要, 如果, 他说."""
    return any(_patterns()[name].fullmatch(text) for name in _DECIDING)


def is_negated(masked: str) -> bool:
    """Whether a clause says not to do something. 别忘了 and 能不能 do not."""
    masked = _patterns()["whether"].sub("□", _patterns()["dont_forget"].sub("□", masked))
    masked = _patterns()["stop_it"].sub("□", masked)
    return _says("negation", masked)


def is_stop(masked: str) -> bool:
    """别吹了, 别响了: what it does shall end."""
    return _says("stop_it", masked)


#: 灯开亮些, 孩子写字呢: why, and nothing is asked.
_WHY = re.compile(
    r"[，,](?:孩子|宝宝|娃|老人|老婆|老公|我们?|他们?|她们?|人家|客人)[^，。什么谁哪几多怎咋吗Ｎ]{1,6}呢$"
)


def is_question(masked: str) -> bool:
    """Whether something is asked (politely asking to do something is also a question here)."""
    return _says("asking", _WHY.sub("", masked))
