"""Overlays: a tree laid over another, as VSS's own tools do it: members replace members, ``delete: true`` removes.

Source: "Overlays" of COVESA's rule set. Knows trees only; a node of a single instance (``Door.Row1.Left.IsOpen``) has
the branch's instances written out first. Knows nothing of our model.
"""

from __future__ import annotations

import copy
from typing import Any

from unisono.thing.formats.document import Findings
from unisono.thing.formats.vss.tree import instances_of, is_node, nest

__all__ = ["lay_over", "without_deleted"]

Node = dict[str, Any]


def lay_over(document: Node, overlay: Node, findings: Findings) -> Node:
    """The document with the overlay's nodes in it; neither is changed."""
    roots = copy.deepcopy(nest(document, findings)[0])
    over, implied = nest(overlay, findings)
    for name, node in over.items():
        if not is_node(node):
            findings.warn(f"overlay.{name}", "odd_node", "it is no node: it has no type; it is left out")
        elif is_node(roots.get(name)):
            _lay(roots[name], node, name, implied or frozenset(), findings)
        else:
            roots[name] = copy.deepcopy(node)
    return without_deleted(roots, findings)


def _lay(node: Node, over: Node, path: str, implied: frozenset[str], findings: Findings) -> None:
    """One node over another. ``implied``: branches that the overlay only has in the paths of others."""
    if path not in implied:
        node.update({name: copy.deepcopy(value) for name, value in over.items() if name != "children"})
        if node["type"] != "branch":
            node.pop("children", None)
    inside = over.get("children")
    if not isinstance(inside, dict) or not inside:
        return
    if any(each[0] in inside for each in instances_of(node, path, Findings())):
        _write_out(node, path)
    children = node.setdefault("children", {})
    for name, inner in inside.items():
        if is_node(children.get(name)) and is_node(inner):
            _lay(children[name], inner, f"{path}.{name}", implied, findings)
        else:
            children[name] = copy.deepcopy(inner)


def _write_out(branch: Node, path: str) -> None:
    """The instances of a branch as branches of their own."""
    instances = instances_of(branch, path, Findings())
    given = branch.get("children")
    children: Node = given if isinstance(given, dict) else {}
    shared = {name: each for name, each in children.items() if not (is_node(each) and _of_each(each))}
    each_has = {name: each for name, each in children.items() if name not in shared}
    branch["children"] = shared
    del branch["instances"]
    for names in instances:
        level = branch
        for name in names:
            inner: Node = {"type": "branch", "description": branch.get("description", name), "children": {}}
            level = level["children"].setdefault(name, inner)
        level["children"].update(copy.deepcopy(each_has))


def _of_each(node: Node) -> bool:
    return node.get("instantiate") is not False


def without_deleted(roots: Node, findings: Findings, path: str = "") -> Node:
    """The tree without what says ``delete: true``; the same where nothing does."""
    kept: Node = {}
    changed = False
    for name, node in roots.items():
        where = f"{path}.{name}" if path else name
        if not isinstance(node, dict):
            kept[name] = node
            continue
        if node.get("delete") is True:
            findings.note(where, "deleted", "it is deleted, with all that is below it")
            changed = True
            continue
        inner = node.get("children")
        left = without_deleted(inner, findings, where) if isinstance(inner, dict) else inner
        changed |= left is not inner
        kept[name] = node if left is inner else {**node, "children": left}
    return kept if changed else roots
