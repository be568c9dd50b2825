"""W3C Web of Things: Thing Descriptions and Thing Models, versions 1.0 and 1.1.

Knows what such a document looks like; `read` and `write` know the two directions.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.formats.document import Findings, JsonFormat
from unisono.thing.formats.naming import Names
from unisono.thing.formats.wot.read import FORMAT, read_thing
from unisono.thing.formats.wot.write import write_data, write_thing
from unisono.thing.model import Model
from unisono.thing.schema import show

__all__ = ["WOT", "Wot", "read_thing", "write_data", "write_thing"]

LOOKED_AT = 20
CONTEXTS = ("w3.org/2019/wot/td", "w3.org/2022/wot/td", "w3.org/ns/td", "w3c.github.io/wot", "webthings.io/schemas")
AFFORDANCES = ("properties", "actions", "events")


class Wot(JsonFormat):
    """The format ``wot``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """Its context is that of the Web of Things."""
        some = document[:LOOKED_AT] if isinstance(document, list) else [document]
        return any(_is_thing(each) for each in some)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per description."""
        names = Names()
        models: list[Model] = []
        for index, each in enumerate(document if isinstance(document, list) else [document]):
            path = f"[{index}]" if isinstance(document, list) else ""
            if not isinstance(each, dict) or not (
                _is_thing(each) or any(isinstance(each.get(a), dict) for a in AFFORDANCES)
            ):
                findings.error(
                    path, "bad_thing", f"{show(each)} is no description: it has no properties, actions, events"
                )
                continue
            models.append(read_thing(each, findings, path=path, names=names))
        return models

    def make(self, model: Model) -> Any:
        """The Thing Model, or Description, of a model."""
        return write_thing(model)


def _is_thing(each: Any) -> bool:
    if not isinstance(each, dict):
        return False
    given = each.get("@context")
    texts = [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)]
    return any(known in text for text in texts for known in CONTEXTS)


WOT = Wot()
