"""From msgspec's words about a document to an error that says where, why, and what would be right.

Knows msgspec's messages and the types that a document is read into. Knows nothing of what they mean. Whatever people
write and a type reads says by this what is wrong with it: scenes, computed things, policies, outlets.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import inspect

from unisono.errors import MOST_TOLD, CallerError, together

__all__ = ["PATTERNS", "explained", "in_words", "mistakes", "wanted_at"]

_AT = re.compile(r" - at `(?:key` in `)?\$([^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected (.+?)(?:, got `(.*)`)?", re.DOTALL)
_PATTERN = re.compile(r"`str` matching regex '(.*)'", re.DOTALL)

#: What the patterns of fields mean to a reader.
PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "an id: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
    r"^[a-z][a-z0-9_]{0,40}$": "a name: a-z, 0-9 and _, beginning with a letter",
    r"^[a-z][a-z0-9_]{0,30}$": "a word: a-z, 0-9 and _, beginning with a letter",
    r"^[A-Za-z][A-Za-z0-9_]{0,40}$": "a name: letters, digits and _, beginning with a letter",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time of day, HH:MM",
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": "a time of day, HH:MM, or 24:00",
    r"^https?://": "an address that begins with http:// or https://",
    r"^https?://[^\s/]+": "an address that begins with http:// or https://",
    r"^mqtts?://[^\s/]+$": "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]",
    r"^(nats|tls)://[^\s/]+$": "nats://HOST[:PORT] or tls://HOST[:PORT]",
    r"^kafkas?://[^\s/,]+(,[^\s/,]+)*$": "kafka://HOST[:PORT] or kafkas://HOST[:PORT], several with commas",
    r"^[^#+\x00]+$": "a topic without # and +",
    r"^[^\s>*]+$": "a subject without blanks, > and *",
    r"^[A-Za-z0-9._-]{1,249}$": "a topic: 1 to 249 letters, digits, ., _ and -",
    r"^$|-----BEGIN CERTIFICATE-----": "certificates in PEM",
    r"^[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9][a-z0-9_-]{0,62})?$": "an alarm's id, or ID.THING",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time of day, HH:MM",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "a language such as en, zh or zh-CN",
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$": "a language such as en, zh or zh-CN",
    r"^(publish|subscribe)$": "publish or subscribe",
    r"^[a-z]+$": "a word of a-z",
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


def explained(message: str, root: Any, code: str = "bad_scene", document: Any = None) -> CallerError:
    """``Expected `int`, got `str` - at `$.then[0].wait.for_s` `` as ``code`` with field ``then.0.wait.for_s``.

    ``root``: the type that was read; ``document``: what was to be read. It tells of several types by their tags, the
    keys that msgspec writes as ``[...]`` (``*`` without it), and what else in it does not fit (`together`).
    """
    found = [] if document is None else list(islice(mistakes(document, root), MOST_TOLD))
    return together([_explained(each, root, code, document) for each in found or [message]])


def mistakes(value: Any, kind: Any, path: str = "") -> Iterator[str]:
    """Msgspec's words about each part of a document that does not fit its type: it says only the first by itself."""
    plain = _one(kind, value)
    inside: Iterator[str] = iter(())
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct) and isinstance(value, Mapping):
        inside = _of_struct(value, plain, path)
    elif isinstance(value, Mapping) and get_origin(plain) is dict:
        inside = _of_dict(value, get_args(plain), path)
    elif isinstance(value, list) and get_origin(plain) in (list, tuple) and get_args(plain)[1:] in ((), (...,)):
        inside = chain.from_iterable(
            mistakes(each, get_args(plain)[0], f"{path}[{number}]") for number, each in enumerate(value)
        )
    first = next(inside, None)
    if first is None:  # its parts fit, or it has none
        yield from _misfit(value, kind, path)
    else:
        yield first
        yield from inside


def _of_struct(value: Mapping[Any, Any], kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    config = kind.__struct_config__
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, each in value.items():
        if name in fields:
            yield from mistakes(each, fields[name].type, f"{path}.{name}")
        elif config.forbid_unknown_fields and name != config.tag_field:
            yield _at_path(f"Object contains unknown field `{name}`", path)
    for name, field in fields.items():
        if field.required and name not in value:
            yield _at_path(f"Object missing required field `{name}`", path)


def _of_dict(value: Mapping[Any, Any], kinds: tuple[Any, ...], path: str) -> Iterator[str]:
    for key, each in value.items():
        yield from (message.replace("- at `$", "- at `key` in `$") for message in _misfit(key, kinds[0], path or "."))
        yield from mistakes(each, kinds[1], f"{path}.{key}")


def _misfit(value: Any, kind: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        there = _AT.search(message)
        if there is None:
            yield _at_path(message, path)
        else:
            yield message[: there.start()] + there[0].replace("$", f"${path}", 1)


def _at_path(message: str, path: str) -> str:
    return f"{message} - at `${path}`" if path else message


def _one(kind: Any, value: Any) -> Any:
    """The one type of several that a list or fields can be of; None where none or more than one can."""
    if get_origin(kind) is Annotated:
        return _one(get_args(kind)[0], value)
    if get_origin(kind) not in (Union, UnionType):
        return kind
    if Any in get_args(kind):
        return Any
    found = [plain for each in get_args(kind) if _can_be(plain := _one(each, value), value)]
    return found[0] if len(found) == 1 else None


def _can_be(kind: Any, value: Any) -> bool:
    if isinstance(value, list):
        return get_origin(kind) in (list, tuple)
    if not isinstance(value, Mapping):
        return False
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        config = kind.__struct_config__
        return config.tag_field is None or value.get(config.tag_field) == config.tag
    return get_origin(kind) is dict


def _explained(message: str, root: Any, code: str, document: Any) -> CallerError:
    found = _AT.search(message)
    path = re.sub(r"\[(\d+)\]", r".\1", found[1].replace("[...]", ".*")).strip(".") if found else ""
    what = message[: found.start()] if found else message

    def error(path: str, detail: str, expected: str) -> CallerError:
        return CallerError(detail, code=code, field=path.strip(".") or None, expected=expected)

    if tags := _tags(root, path):
        return error(path, "it is missing or unknown", f"one of {tags}")
    if missing := _MISSING.fullmatch(what):
        name = f"{path}.{missing[1]}"
        tags = _tags(root, name)
        wanted = f"one of {tags}" if tags else _wanted(_at(root, name, document))
        return error(name, "the field is missing", wanted)
    if unknown := _UNKNOWN.fullmatch(what):
        names = [field.encode_name for field in getattr(_at(root, path, document), "fields", ())]
        close = difflib.get_close_matches(unknown[1], names, n=3)
        expected = " or ".join(close) or f"one of {', '.join(names[:SHOWN])}"
        return error(f"{path}.{unknown[1][:80]}", "there is no such field here", expected)
    if expecting := _EXPECTED.fullmatch(what):
        what = "a key" if "key` in" in message else "the value"
        got = f", not {_worded(f'`{expecting[2]}`')}" if expecting[2] else ""
        return error(path, f"{what} does not fit{got}", _phrase(expecting[1]))
    detail = what[:300].replace("Invalid enum value", "there is no choice")
    return error(path, detail, _wanted(_at(root, path, document)))


def _worded(text: str) -> str:
    """``\\`str | null\\` `` as "text or nothing"."""
    return re.sub(
        r"`([a-z |]+)`", lambda types: " or ".join(WORDS.get(each, each) for each in types[1].split(" | ")), text
    )


def in_words(expected: str) -> str:
    """What a pattern in msgspec's words means to a reader; nothing where there is no pattern in them."""
    pattern = _PATTERN.search(expected)
    if not pattern:
        return ""
    plain = pattern[1].replace("\\\\", "\\")
    return PATTERNS.get(plain, f"text like {plain}")


def _phrase(expected: str) -> str:
    """What msgspec would have liked, for a reader."""
    if words := in_words(expected):
        return words
    text = _worded(expected)
    text = re.sub(r"of length >= (\d+)", r"of at least \1", text)
    text = re.sub(r"of length <= (\d+)", r"of at most \1", text)
    for sign, word in ((">= ", "of at least "), ("<= ", "of at most "), ("> ", "above "), ("< ", "below ")):
        text = text.replace(sign, word)
    return re.sub(r"\.0\b", "", text)


def wanted_at(root: Any, path: str) -> str:
    """What would be right at a path (``hours.0.from``) of a document of type ``root``."""
    return _wanted(_at(root, path, None))


def _at(root: Any, path: str, value: Any) -> Any:
    """The type at a path, as `msgspec.inspect` tells it; None where the path leads to any value."""
    return next(iter(_types(root, path, value)), None)


def _tags(root: Any, path: str) -> str:
    """What may stand at a path that tells several types apart; nothing where it is no such path."""
    parent, _dot, name = path.rpartition(".")
    return ", ".join(str(each.tag) for each in _types(root, parent, None) if getattr(each, "tag_field", None) == name)


def _types(root: Any, path: str, value: Any) -> list[Any]:
    kind: Any = _tagged(inspect.type_info(root), value)
    for part in path.strip(".").split(".") if path.strip(".") else ():
        value = _inside(value, part)
        kind = _tagged(next(filter(None, (_step(each, part) for each in _choices(kind))), None), value)
    return _choices(kind)


def _inside(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, Sequence) and part.isdecimal() and int(part) < len(value):
        return value[int(part)]
    return None


def _tagged(kind: Any, value: Any) -> Any:
    """The one of several types whose tag a value bears; all of them where none is told."""
    for each in _choices(kind) if isinstance(value, Mapping) else ():
        if isinstance(each, inspect.StructType) and each.tag_field and value.get(each.tag_field) == each.tag:
            return each
    return kind


def _choices(kind: Any) -> list[Any]:
    """The types that a value may be of, save null."""
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
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
