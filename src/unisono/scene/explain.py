"""From msgspec's words about a document to an error that says where, why, and what would be right.

Knows msgspec's messages and the types that a document is read into. Knows nothing of what they mean.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

import msgspec
from msgspec import inspect

from unisono.errors import CallerError

__all__ = ["explained"]

_AT = re.compile(r" - at `(?:key` in `)?\$([^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected (.+?)(?:, got `(.*)`)?", re.DOTALL)
_PATTERN = re.compile(r"`str` matching regex '(.*)'", re.DOTALL)

#: What the patterns of a scene's fields mean to a reader.
PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "an id: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
    r"^[a-z][a-z0-9_]{0,40}$": "a name: a-z, 0-9 and _, beginning with a letter",
    r"^[a-z][a-z0-9_]{0,30}$": "a word: a-z, 0-9 and _, beginning with a letter",
    r"^https?://": "an address that begins with http:// or https://",
}
#: Msgspec's names of types in the words of YAML.
WORDS = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "array": "a list",
    "object": "fields",
    "null": "nothing",
}
#: More names than these are no help.
SHOWN = 20


def explained(message: str, root: type[msgspec.Struct]) -> CallerError:
    """``Expected `int`, got `str` - at `$.then[0].wait.for_s` `` as ``bad_scene`` with field ``then.0.wait.for_s``."""
    found = _AT.search(message)
    path = re.sub(r"\[(\d+)\]", r".\1", found[1].replace("[...]", ".*")).strip(".") if found else ""
    what = message[: found.start()] if found else message
    if missing := _MISSING.fullmatch(what):
        return _error(f"{path}.{missing[1]}", "the field is missing", _wanted(_at(root, f"{path}.{missing[1]}")))
    if unknown := _UNKNOWN.fullmatch(what):
        names = [field.encode_name for field in getattr(_at(root, path), "fields", ())]
        close = difflib.get_close_matches(unknown[1], names, n=3)
        expected = " or ".join(close) or f"one of {', '.join(names[:SHOWN])}"
        return _error(f"{path}.{unknown[1][:80]}", "there is no such field here", expected)
    if expecting := _EXPECTED.fullmatch(what):
        what = "a key" if "key` in" in message else "the value"
        got = f", not {_worded(f'`{expecting[2]}`')}" if expecting[2] else ""
        return _error(path, f"{what} does not fit{got}", _phrase(expecting[1]))
    detail = what[:300].replace("Invalid enum value", "there is no choice")
    return _error(path, detail, _wanted(_at(root, path)))


def _error(path: str, detail: str, expected: str) -> CallerError:
    return CallerError(detail, code="bad_scene", field=path.strip(".") or None, expected=expected)


def _worded(text: str) -> str:
    """``\\`str | null\\` `` as "text or nothing"."""
    return re.sub(
        r"`([a-z |]+)`", lambda types: " or ".join(WORDS.get(each, each) for each in types[1].split(" | ")), text
    )


def _phrase(expected: str) -> str:
    """What msgspec would have liked, for a reader."""
    pattern = _PATTERN.search(expected)
    if pattern:
        plain = pattern[1].replace("\\\\", "\\")
        return PATTERNS.get(plain, f"text like {plain}")
    text = _worded(expected)
    text = re.sub(r"of length >= (\d+)", r"of at least \1", text)
    text = re.sub(r"of length <= (\d+)", r"of at most \1", text)
    for sign, word in ((">= ", "of at least "), ("<= ", "of at most "), ("> ", "above "), ("< ", "below ")):
        text = text.replace(sign, word)
    return re.sub(r"\.0\b", "", text)


def _at(root: type[msgspec.Struct], path: str) -> Any:
    """The type at a path, as `msgspec.inspect` tells it; None where the path leads to any value."""
    kind: Any = inspect.type_info(root)
    for part in path.strip(".").split("."):
        kind = next(filter(None, (_step(each, part) for each in _choices(kind))), None) if part else kind
    return next(iter(_choices(kind)), None)


def _choices(kind: Any) -> list[Any]:
    """The types that a value may be of, save null."""
    if isinstance(kind, inspect.UnionType):
        return [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    return [kind] if kind is not None else []


def _step(kind: Any, part: str) -> Any:
    if isinstance(kind, inspect.StructType):
        return next((field.type for field in kind.fields if field.encode_name == part), None)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return kind.item_type
    return kind.value_type if isinstance(kind, inspect.DictType) else None


def _wanted(kind: Any) -> str:
    """What a value of a type looks like."""
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(str(value) for value in kind.values)
    if isinstance(kind, inspect.StructType):
        names = [field.encode_name for field in kind.fields]
        return f"fields: {', '.join(names[:SHOWN])}"
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return "a list"
    if isinstance(kind, inspect.StrType):
        return PATTERNS.get(kind.pattern or "", "text")
    if isinstance(kind, inspect.FloatType | inspect.IntType):
        return "a number"
    return "a value"
