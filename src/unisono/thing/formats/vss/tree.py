"""The two shapes of a VSS tree, nested and flat, and the instances of a branch.

Knows paths and how ``instances`` are spelled (``Row[1,2]``, lists, and lists of both). Knows nothing of our model.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from unisono.thing.formats.document import Findings
from unisono.thing.schema import show

__all__ = ["MAX_INSTANCES", "instances_of", "is_node", "nest", "trees_of", "without_units"]

MAX_INSTANCES = 200  # four rows of six seats are 24; a range to a million is no car
_RANGE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[([0-9]{1,6}),\s*([0-9]{1,6})\]")


def is_node(value: Any) -> bool:
    """Whether a value is a node: an object with a type."""
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def trees_of(roots: dict[str, Any]) -> dict[str, Any]:
    """The roots with those that a wrapper holds: vss-tools write types of one's own below ``ComplexDataTypes``."""
    found: dict[str, Any] = {}
    for name, root in roots.items():
        wraps = isinstance(root, dict) and not is_node(root) and bool(root) and all(map(is_node, root.values()))
        found |= root if wraps else {name: root}
    return found


def without_units(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The nodes, and what units are called in full (``km``: ``kilometer``) of a units file that lies beside them; what
    its quantities are is not needed. Before version 4 of VSS a units file has them below ``units``."""
    entries = dict(document)
    older = entries.get("units")
    if isinstance(older, dict) and older and all(map(_is_entry, older.values())):
        del entries["units"]
        entries |= older
    found = {name: each for name, each in entries.items() if _is_entry(each)}
    full = {name: each.get("unit", each.get("label")) for name, each in found.items()}
    nodes = {name: each for name, each in entries.items() if name not in found}
    return (nodes if found else document), {name: each for name, each in full.items() if isinstance(each, str)}


def _is_entry(value: Any) -> bool:
    """Whether a value is an entry of a file of units or of quantities: it is defined, and is no node."""
    return isinstance(value, dict) and "type" not in value and bool(value.keys() & {"definition", "label", "quantity"})


def nest(document: dict[str, Any], findings: Findings) -> tuple[dict[str, Any], frozenset[str] | None]:
    """The roots by name, nested; of a flat document (keys are paths), the branches that it does not write down."""
    if not any("." in name and is_node(node) for name, node in document.items()):
        return document, None
    roots: dict[str, Any] = {}
    implied: set[str] = set()
    for path, node in document.items():
        if not is_node(node):
            findings.warn(path, "odd_node", f"{show(node)} is no node; it is left out")
            continue
        parts = path.split(".")
        implied.update(".".join(parts[:depth]) for depth in range(1, len(parts)))
        _put(roots, parts, node)
    return roots, frozenset(implied - document.keys())


def _put(roots: dict[str, Any], parts: list[str], node: dict[str, Any]) -> None:
    level = roots
    for part in parts[:-1]:
        inner = level.setdefault(part, {"type": "branch"})
        children = inner.get("children")
        if not isinstance(children, dict):
            children = inner["children"] = {}
        level = children
    known = level.get(parts[-1], {})
    kept = {"children": known["children"]} if "children" in known else {}
    level[parts[-1]] = {**node, **kept}


def instances_of(node: dict[str, Any], path: str, findings: Findings) -> list[tuple[str, ...]]:
    """The instances of a branch, each as the names that lead to it; none where it has none."""
    given = node.get("instances")
    if given is None:
        return []
    levels = _levels(given)
    if levels is None:
        findings.warn(f"{path}.instances", "odd_instances", f"{show(given)} is understood by nobody; it is kept")
        return []
    count = 1
    for level in levels:
        count *= len(level)
    if count > MAX_INSTANCES:
        findings.warn(f"{path}.instances", "too_many", f"{count} instances; at most {MAX_INSTANCES} are made; none are")
        return []
    return list(itertools.product(*levels))


def _levels(given: Any) -> list[list[str]] | None:
    """The names of each level."""
    if isinstance(given, str):
        named = _names(given)
        return None if named is None else [named]
    if not isinstance(given, list) or not given:
        return None
    if all(isinstance(each, str) and not _RANGE.fullmatch(each) for each in given):
        return [list(given)]  # one level of names
    levels: list[list[str]] = []
    for each in given:
        named = _names(each) if isinstance(each, str) else each
        if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
            return None
        levels.append(named)
    return levels


def _names(text: str) -> list[str] | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        return [text] if text else None
    first, last = int(found[2]), int(found[3])
    if last < first or last - first >= MAX_INSTANCES:
        return None
    return [f"{found[1]}{number}" for number in range(first, last + 1)]
