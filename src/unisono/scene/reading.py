"""Documents that people write - scenes, homes, scripts, blueprints - read from YAML, JSON or plain values.

Knows how a text or a type is refused: with the path in the document. Knows nothing of what the documents mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from unisono.errors import CallerError
from unisono.scene.finding import near

__all__ = ["read_document"]

Read = TypeVar("Read")

_AT = re.compile(r" - at `(?:key` in `)?\$(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_GOT = re.compile(r"Expected `.*`, got `(.*)`")


def read_document(document: bytes | str | Mapping[str, Any], kind: type[Read], code: str, most: int) -> Read:
    """The document as what it says it is. Raises CallerError ``too_large`` (more than ``most`` bytes), ``bad_json`` (no
    YAML) or ``code`` with ``field`` as the path in it."""
    value: Any = document
    if isinstance(document, bytes | str):
        if len(document) > most:
            raise CallerError(f"a document of {len(document)} bytes", code="too_large", expected=f"at most {most}")
        value = _parse(document, code)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), kind, code) from None
    except RecursionError:
        raise _deep(code) from None


def _parse(document: bytes | str, code: str) -> Any:
    import yaml  # only who edits scenes pays for it

    from unisono.thing.files import stranger_loader

    try:
        return yaml.load(document, Loader=stranger_loader())  # a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        detail = getattr(error, "problem", None) or str(error)
        raise CallerError(f"{detail}{where}", code="bad_json", expected="YAML or JSON") from None
    except RecursionError:
        raise _deep(code) from None


def _explained(text: str, kind: type, code: str) -> CallerError:
    """msgspec's words as a reason and what would be right, and its path ``$.then[0].set`` as ``then.0.set``."""
    found = _AT.search(text)
    path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", found[1]).strip(".") if found else ""
    detail = (text[: found.start()] if found else text)[:300]
    node = _node(inspect.type_info(kind), path)
    unknown, missing, got = (each.fullmatch(detail) for each in (_UNKNOWN, _MISSING, _GOT))
    if unknown is not None or missing is not None:
        name = (unknown or missing)[1]  # type: ignore[index]
        field = f"{path}.{name}".strip(".")
        members = {each.encode_name: each.type for each in getattr(node, "fields", ())}
        if missing is not None:
            return CallerError("it is missing", code=code, field=field, expected=_words(members.get(name)))
        expected = near(name, members, f"one of {', '.join(members)}")
        return CallerError(f"there is no field {name!r}", code=code, field=field, expected=expected)
    reason = f"it is {_GOT_WORDS.get(got[1], got[1])}" if got is not None else detail
    if got is None and reason.startswith("Expected"):
        reason = "it does not fit"
    return CallerError(reason, code=code, field=path or None, expected=_words(node))


def _node(node: Any, path: str) -> Any:
    """The declaration at a path; None where it leads nowhere."""
    for part in path.split(".") if path else ():
        node = _plain(node)
        fields = {each.encode_name: each.type for each in getattr(node, "fields", ())}
        inside = getattr(node, "item_type", None) or getattr(node, "value_type", None)
        node = fields.get(part) if fields else inside
    return _plain(node)


def _plain(node: Any) -> Any:
    """Of a field that may be absent, what it is when it is there."""
    if isinstance(node, inspect.UnionType):
        kinds = [each for each in node.types if not isinstance(each, inspect.NoneType)]
        return kinds[0] if len(kinds) == 1 else node
    return node


def _words(node: Any) -> str:
    """A declaration in words."""
    node = _plain(node)
    if isinstance(node, inspect.LiteralType):
        return f"one of {', '.join(map(str, node.values))}"
    if isinstance(node, inspect.StructType):
        return f"an object with {', '.join(each.encode_name for each in node.fields)}"
    if isinstance(node, inspect.UnionType):
        return " or ".join(map(_words, node.types))
    if isinstance(node, inspect.StrType) and node.pattern is not None:
        return f"text that matches {node.pattern}"
    limits = [f"{word} {limit}" for name, word in _LIMITS if (limit := getattr(node, name, None)) is not None]
    return f"{_NOUNS.get(type(node).__name__, 'another value')} {' and '.join(limits)}".strip()


_LIMITS = (
    ("ge", "of at least"),
    ("gt", "above"),
    ("le", "of at most"),
    ("lt", "below"),
    ("min_length", "with at least"),
    ("max_length", "with at most"),
)
_NOUNS = {
    "BoolType": "true or false",
    "IntType": "a whole number",
    "FloatType": "a number",
    "StrType": "text",
    "DictType": "an object",
    "ListType": "a list",
    "VarTupleType": "a list",
    "NoneType": "nothing",
}
_GOT_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}


def _deep(code: str) -> CallerError:
    return CallerError("it is nested too deep", code=code, expected="fewer levels")
