"""Names: how a maker's becomes a key, an id or a title of ours.

Knows what `unisono.thing.soundness` takes for a key and an id. Knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

__all__ = ["NUMBER_TYPES", "Names", "fold", "language", "make_id", "make_key", "pick_text", "spaced", "texts"]

#: The names that makers share for kinds of number: the schema's kind, bits, signed.
NUMBER_TYPES: dict[str, tuple[Literal["int", "float"], int | None, bool | None]] = {
    "uint8": ("int", 8, False),
    "uint16": ("int", 16, False),
    "uint32": ("int", 32, False),
    "uint64": ("int", 64, False),
    "int8": ("int", 8, True),
    "int16": ("int", 16, True),
    "int32": ("int", 32, True),
    "int64": ("int", 64, True),
    "float": ("float", None, None),
    "double": ("float", None, None),
}

MAX_KEY = 64
MAX_ID = 191
ROOM_FOR_NUMBER = 4  # characters kept free for "_999" where a name occurs twice

_NOT_KEY = re.compile(r"[^A-Za-z0-9_-]+")
_NOT_ID = re.compile(r"[^a-z0-9._-]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-z0-9\u3400-\u9fff.%+]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=16384)
def fold(name: str) -> str:
    """A name as rules compare it: words in lower case, joined by "_" (``TargetTemp`` is ``target_temp``)."""
    return _NOT_WORD.sub("_", _HUMP.sub("_", name).casefold()).strip("_")


def spaced(name: str) -> str:
    """``IsLeftIndicatorOn`` as a title, where a format has none beside its names."""
    return _HUMP.sub(" ", name)


@lru_cache(maxsize=16384)
def make_key(name: str, otherwise: str = "member") -> str:
    """The maker's name with what no key may have replaced by "_"; ``otherwise`` where nothing is left of it."""
    key = _NOT_KEY.sub("_", name).lstrip("-")[: MAX_KEY - ROOM_FOR_NUMBER]
    return key if key.strip("_-") else otherwise


def make_id(*parts: str) -> str:
    """A model's id from its parts, the format's name first."""
    plain = [_NOT_ID.sub("-", part.casefold()).strip("-.") for part in parts]
    return ".".join(part for part in plain if part)[: MAX_ID - ROOM_FOR_NUMBER]


class Names:
    """Keys or ids that are taken; a name that comes again gets a number."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, name: str, again: str | None = None) -> str:
        """The name, or ``again`` (else the name with 2, 3, ... behind it) where it is taken."""
        if name in self._taken and again is not None:
            name = again
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found


def language(text: str) -> str:
    """``zh`` for a text with Chinese characters in it, else ``en``: formats do not say which they are written in."""
    return "zh" if not text.isascii() and _CHINESE.search(text) else "en"


def texts(text: str | None) -> dict[str, str]:
    """A text under its language; none for no text."""
    return {language(text): text} if text else {}


def pick_text(found: dict[str, str], *first: str) -> str | None:
    """The one text that a format has room for: in the first language that there is, else any."""
    for tag in (*first, "en", "zh"):
        if tag in found:
            return found[tag]
    return next(iter(found.values()), None)
