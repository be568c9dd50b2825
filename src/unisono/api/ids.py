"""Ids: what they may look like, and how new ones are made.

Knows text, random bytes and the time that is passed in. Knows no storage.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable

from unisono.errors import CallerError

__all__ = ["ID_FORM", "RESERVED", "check_id", "free_id", "new_ulid", "slug"]

ID_FORM = "[a-z0-9][a-z0-9_-]{0,62}"
RESERVED = frozenset({"me"})

_ID = re.compile(ID_FORM)

# Crockford's base 32, as the ULID specification has it
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

MAX_SLUG = 40


def check_id(text: str, *, field: str = "id") -> str:
    """``text`` when it is an id. Raises CallerError ``bad_id``."""
    if not _ID.fullmatch(text) or text in RESERVED:
        words = "a-z, 0-9, _ and -, the first a letter or digit, at most 63 characters"
        expected = f"{words}, and not one of: {', '.join(sorted(RESERVED))}"
        raise CallerError(f"{text[:80]!r} is no id", code="bad_id", field=field, expected=expected)
    return text


def slug(name: str) -> str:
    """An id-like form of a name: ``Front door`` gives ``front_door``; "" when nothing of it can stay."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:MAX_SLUG].strip("_")


def free_id(name: str, fallback: str, taken: Iterable[str]) -> str:
    """An id made from ``name`` (or ``fallback``) that is not ``taken``."""
    start = slug(name) or slug(fallback) or "item"
    used = set(taken) | RESERVED
    if start not in used:
        return start
    return next(f"{start}_{number}" for number in range(2, len(used) + 3) if f"{start}_{number}" not in used)


def new_ulid(at_us: int) -> str:
    """A sortable id of 26 characters: 48 bits of milliseconds, 80 random bits (ULID specification)."""
    number = (at_us // 1000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
