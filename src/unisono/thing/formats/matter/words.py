"""The words of Matter's XML, data model and ZAP templates alike: names, numbers, expressions of conformance.

Knows how the specification writes them, which is how matter.js does. Knows no file as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

__all__ = [
    "CLUSTER_REVISION",
    "FEATURE_MAP",
    "Made",
    "Node",
    "all_named",
    "conformance",
    "default_of",
    "is_true",
    "lower",
    "name_of",
    "number_of",
    "of_every_cluster",
    "put",
    "title_of",
]

Node = ElementTree.Element
Made = dict[str, Any]

MAX_DEPTH = 12  # expressions in expressions: real ones are five deep
#: Names of clusters end so in the files of Matter 1.0 to 1.4.
_CLUSTER = re.compile(r" clusters?$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"-?0[xX][0-9A-Fa-f]{1,16}")
#: Defaults that are no value: left to the maker, or told in prose.
NO_DEFAULT = frozenset({"", "MS", "ms", "desc", "null", "NULL", "N/A", "-"})
FEATURE_MAP, CLUSTER_REVISION = 0xFFFC, 0xFFFD


# --- names, numbers, words ------------------------------------------------------------------------------------------


def name_of(text: str) -> str:
    """``On/Off Light`` as ``OnOffLight``."""
    return "".join(word[:1].upper() + word[1:] for word in _WORD.findall(text))


def title_of(text: str) -> str:
    return _CLUSTER.sub("", text.strip())


def number_of(text: str | None) -> int | None:
    """``12`` and ``0x0C``; None for what is none."""
    if text is None:
        return None
    plain = text.strip()
    if _HEX.fullmatch(plain):
        return int(plain, 16)
    digits = plain.removeprefix("-")
    return int(plain) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None


def default_of(text: str | None) -> Any:
    """The value that a default is; None where it says none."""
    if text is None or text.strip() in NO_DEFAULT:
        return None
    if text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    number = number_of(text)
    return text if number is None else number


def lower(name: str) -> str:
    """An attribute in an expression begins small: ``minLevel``."""
    return name[:1].lower() + name[1:]


def all_named(node: Node, *path: str) -> Iterator[Node]:
    """The nodes at a path of tags, those without a name left out."""
    found = [node]
    for tag in path:
        found = [inner for each in found for inner in each if inner.tag == tag]
    return (each for each in found if each.get("name"))


def is_true(node: Node | None, name: str) -> bool:
    return node is not None and node.get(name) == "true"


def put(made: Made, **more: Any) -> Made:
    """With what says something."""
    made.update({name: value for name, value in more.items() if value not in (None, "", [])})
    return made


def of_every_cluster(revision: int | None, features: list[Made]) -> list[Made]:
    """The attributes that tell which revision a cluster is of, and which of its features are there."""
    revised = {"tag": "attribute", "name": "ClusterRevision", "id": CLUSTER_REVISION, "type": "ClusterRevision"}
    featured = {"tag": "attribute", "name": "FeatureMap", "id": FEATURE_MAP, "type": "FeatureMap"}
    return [put(revised, default=revision), put(featured, children=features)]


# --- conformance ----------------------------------------------------------------------------------------------------


def conformance(node: Node) -> str:
    """``M``, ``[LT]``, ``O.a+``, ``AUT, O``; "" where nothing is said."""
    return ", ".join(said for said in (_conform(each) for each in node) if said)


def _conform(node: Node, depth: int = 0) -> str:
    make = _CONFORMS.get(node.tag if isinstance(node.tag, str) else "")
    return make(node, depth) if make is not None and depth < MAX_DEPTH else ""


def _when(node: Node, depth: int) -> str:
    """The expression inside; "" where there is none."""
    said = [_term(each, depth + 1) for each in node]
    return " & ".join(each for each in said if each)


def _mandatory(node: Node, depth: int) -> str:
    return _when(node, depth) or "M"


def _optional(node: Node, depth: int) -> str:
    when = _when(node, depth)
    said = f"[{when}]" if when else "O"
    choice = node.get("choice", "")
    return f"{said}.{choice}{'+' if is_true(node, 'more') else ''}" if choice else said


def _one_of(node: Node, depth: int) -> str:
    return ", ".join(each for each in (_conform(inner, depth + 1) for inner in node) if each)


_CONFORMS: dict[str, Callable[[Node, int], str]] = {
    "mandatoryConform": _mandatory,
    "optionalConform": _optional,
    "otherwiseConform": _one_of,
    "disallowConform": lambda _node, _depth: "X",
    "deprecateConform": lambda _node, _depth: "D",
    "provisionalConform": lambda _node, _depth: "P",
    "describedConform": lambda _node, _depth: "desc",
    "genericConform": lambda _node, _depth: "desc",
}

_BETWEEN = {"andTerm": "&", "orTerm": "|", "xorTerm": "^", "equalTerm": "==", "notEqualTerm": "!=", "greaterTerm": ">",
            "greaterOrEqualTerm": ">=", "lessTerm": "<", "lessOrEqualTerm": "<="}  # fmt: skip


def _term(node: Node, depth: int) -> str:
    """A part of an expression."""
    tag = node.tag if isinstance(node.tag, str) else ""
    if depth >= MAX_DEPTH or tag.endswith("Conform"):
        return ""
    if tag == "notTerm":
        inner = _when(node, depth)
        return f"!({inner})" if " " in inner else f"!{inner}" if inner else ""
    if tag in _BETWEEN:
        parts = [_term(each, depth + 1) for each in node]
        return f" {_BETWEEN[tag]} ".join(f"({each})" if " " in each else each for each in parts if each)
    return node.get("name") or node.get("value") or ""
