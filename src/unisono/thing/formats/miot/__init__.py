"""Xiaomi's MIoT-Spec: instances of version 2, and the modules of version 3.

Knows what a document looks like; `read` and `write` know the two directions, `overlay` what is mended first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unisono.thing.formats.document import Findings, JsonFormat
from unisono.thing.formats.miot.overlay import Overlay, overlays
from unisono.thing.formats.miot.read import FORMAT, read_instance
from unisono.thing.formats.miot.write import write_instance
from unisono.thing.formats.naming import Names
from unisono.thing.model import Model
from unisono.thing.schema import show

__all__ = ["MIOT", "Miot", "Overlay", "overlays", "read_instance", "write_instance"]

LOOKED_AT = 20
WRAPPERS = ("spec", "instance", "data", "props")


class Miot(JsonFormat):
    """The format ``miot``. ``mending``: the overlays that are laid over documents; ours, where none are named."""

    name = FORMAT

    def __init__(self, mending: Sequence[Overlay] | None = None) -> None:
        self._mending = mending

    def recognises(self, document: Any) -> bool:
        """It has a list of services (or modules) and a URN for its type."""
        some = document[:LOOKED_AT] if isinstance(document, list) else [document]
        return any(_is_instance(_inner(each)) or _is_index(each) for each in some)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per instance."""
        names = Names()
        mending = overlays() if self._mending is None else self._mending
        if _is_index(document):
            findings.error(
                "instances",
                "index",
                "this is the list of all instances, not one: fetch .../miot-spec-v2/instance?type=<a type of the list>",
            )
            return []
        models: list[Model] = []
        for index, each in enumerate(document if isinstance(document, list) else [document]):
            path = f"[{index}]" if isinstance(document, list) else ""
            inner = _inner(each)
            if not isinstance(inner, dict) or not any(
                isinstance(inner.get(key), list) for key in ("services", "modules")
            ):
                findings.error(path, "bad_instance", f"{show(each)} is no instance: it has no list of services")
                continue
            models.append(read_instance(inner, findings, path=path, names=names, mending=mending))
        return models

    def make(self, model: Model) -> Any:
        """The instance of a model."""
        return write_instance(model)


def _inner(each: Any) -> Any:
    if isinstance(each, dict) and "services" not in each and "modules" not in each:
        for name in WRAPPERS:
            if isinstance(each.get(name), dict):
                return _inner(each[name])
    return each


def _is_instance(each: Any) -> bool:
    if not isinstance(each, dict):
        return False
    urn = each.get("type")
    listed = each.get("services") if isinstance(each.get("services"), list) else each.get("modules")
    if not isinstance(listed, list):
        return False
    if isinstance(urn, str) and urn.startswith("urn:"):
        return True
    return any(isinstance(one, dict) and ("iid" in one or "siid" in one or "miid" in one) for one in listed[:LOOKED_AT])


def _is_index(each: Any) -> bool:
    if not isinstance(each, dict) or not isinstance(each.get("instances"), list):
        return False
    return any(isinstance(one, dict) and "type" in one and "services" not in one for one in each["instances"][:1])


MIOT = Miot()
