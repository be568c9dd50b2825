"""COVESA's Vehicle Signal Specification as JSON or YAML: a tree of branches and signals, nested or flat.

Knows what such a document looks like; `read` and `write` know the two directions, `tree` the two shapes, `vspec` the
text that people write, `overlay` how one is laid over another.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.formats.document import Fetch, Findings, JsonFormat
from unisono.thing.formats.naming import Names
from unisono.thing.formats.vss.overlay import lay_over, without_deleted
from unisono.thing.formats.vss.read import FORMAT, read_tree
from unisono.thing.formats.vss.tree import is_node, nest, trees_of, without_units
from unisono.thing.formats.vss.vspec import assemble, is_vspec, read_vspec
from unisono.thing.formats.vss.write import write_tree
from unisono.thing.model import Model
from unisono.thing.schema import show
from unisono.thing.soundness import Diagnostic

__all__ = ["VSS", "Vss", "read_tree", "write_tree"]

LOOKED_AT = 20
KNOWN = ("branch", "sensor", "actuator", "attribute", "struct", "property", "stream")


class Vss(JsonFormat):
    """The format ``vss``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """The members of an object are nodes: each has a type of VSS, and children or a datatype."""
        if not isinstance(document, dict):
            return False
        some = list(document.values())[:LOOKED_AT]
        nodes = [each for each in some if is_node(each) and each["type"] in KNOWN]
        return bool(nodes) and any(
            "children" in each or "datatype" in each or each["type"] == "branch" for each in nodes
        )

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per root; signals of a flat document share the root that their paths begin with."""
        if not isinstance(document, dict):
            findings.error("", "bad_tree", f"{show(document)} is no tree of signals: it is no object")
            return []
        names = Names()
        document, units = without_units(document)
        roots, flat = nest(document, findings)
        roots = without_deleted(roots, findings)
        structs = {
            name: root for name, root in roots.items() if any(map(_has_structs, trees_of({name: root}).values()))
        }
        models: list[Model] = []
        for name, root in roots.items():
            if name in structs and len(structs) < len(roots):
                continue  # declarations, which travel with the tree that uses them
            if not is_node(root):
                findings.error(name, "bad_tree", f"{show(root)} is no node: it has no type")
                continue
            others = structs if not models else {}
            models.append(read_tree(name, root, findings, names, flat=flat, structs=others, units=units))
        return models

    def translate(self, data: bytes) -> tuple[Any, list[Diagnostic]] | None:
        """The nodes of a ``.vspec`` text."""
        return read_vspec(data) if is_vspec(data) else None

    def assemble(self, data: bytes, fetch: Fetch) -> bytes:
        """A ``.vspec`` text with those that it includes."""
        return assemble(data, fetch) if is_vspec(data) else data

    def lay_over(self, document: Any, overlay: Any, findings: Findings) -> Any:
        """A tree with another over it."""
        if not (isinstance(document, dict) and isinstance(overlay, dict)):
            return document
        nodes, over = without_units(document)[0], without_units(overlay)[0]
        units = {name: each for name, each in (document | overlay).items() if name not in nodes and name not in over}
        return lay_over(nodes, over, findings) | units

    def make(self, model: Model) -> Any:
        """The tree of a model."""
        return write_tree(model)

    def gather(self, models: list[Model]) -> Any:
        """The trees of several models in one object."""
        return {name: root for model in models for name, root in write_tree(model).items()}


def _has_structs(root: Any) -> bool:
    """Whether a tree declares structs instead of signals."""
    level = [root]
    for _ in range(64):
        inner: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                if node.get("type") == "struct":
                    return True
                children = node.get("children")
                inner += children.values() if isinstance(children, dict) else []
        if not inner:
            return False
        level = inner
    return False


VSS = Vss()
