"""Alibaba's TSL (Thing Specification Language), as the console exports it, and the form that its API speaks.

Knows what a document looks like; `read` and `write` know the two directions, `stored` the form of the API.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.formats.document import Findings, JsonFormat
from unisono.thing.formats.naming import Names
from unisono.thing.formats.tsl.read import FORMAT, read_tsl
from unisono.thing.formats.tsl.stored import is_stored, tsl_of
from unisono.thing.formats.tsl.write import write_tsl
from unisono.thing.model import Model
from unisono.thing.schema import show

__all__ = ["TSL", "Tsl", "read_tsl", "write_tsl"]

LISTS = ("properties", "services", "events")
LOOKED_AT = 20


class Tsl(JsonFormat):
    """The format ``tsl``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """It has a profile or a product key, and lists of members with identifiers and data types."""
        some = document[:LOOKED_AT] if isinstance(document, list) else [document]
        return any(_looks_right(_inner(each)) for each in some)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per document; those in a list may be wrapped as ``{"tsl": ...}``."""
        names = Names()
        models: list[Model] = []
        for index, each in enumerate(document if isinstance(document, list) else [document]):
            path = f"[{index}]" if isinstance(document, list) else ""
            inner = _inner(each)
            if not isinstance(inner, dict) or not any(isinstance(inner.get(name), list) for name in LISTS):
                findings.error(path, "bad_tsl", f"{show(each)} is no TSL: it has no properties, services or events")
                continue
            if inner is not each and isinstance(each, dict) and "tsl" in each:
                path = f"{path}.tsl".lstrip(".")
            if is_stored(inner):
                findings.note(path, "api_form", "it is in the form of the API; it is exported as TSL")
                inner = tsl_of(inner)
            models.append(read_tsl(inner, findings, path=path, names=names))
        return models

    def make(self, model: Model) -> Any:
        """The TSL of a model."""
        return write_tsl(model)


def _inner(each: Any) -> Any:
    """The document itself: lists of several have each in a wrapper, and answers of the API under ``data``."""
    if isinstance(each, dict):
        for name in ("tsl", "model", "data", "ThingModelJson"):
            if isinstance(each.get(name), dict) and not any(isinstance(each.get(key), list) for key in LISTS):
                return each[name]
    return each


def _looks_right(each: Any) -> bool:
    if not isinstance(each, dict):
        return False
    listed = [each[name] for name in LISTS if isinstance(each.get(name), list)]
    if not listed:
        return False
    if "functionBlocks" in each or (isinstance(each.get("profile"), dict) and "productKey" in each["profile"]):
        return True
    members = [member for members in listed for member in members[:LOOKED_AT] if isinstance(member, dict)]
    return any(
        "identifier" in member and ("dataType" in member or "inputData" in member or "outputData" in member)
        for member in members
    )


TSL = Tsl()
