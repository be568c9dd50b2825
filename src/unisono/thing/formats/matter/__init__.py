"""Matter's data model as matter.js writes it: clusters, device types and data types, as JSON elements.

Knows what such a document looks like; `read` and `write` know the two directions, `elements` how one refers to others,
`datamodel` the XML of Matter's own SDK.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.formats.document import Findings, JsonFormat
from unisono.thing.formats.matter.datamodel import is_data_model, read_data_model
from unisono.thing.formats.matter.elements import FORMAT, LISTS, Elements, elements_of
from unisono.thing.formats.matter.read import read_cluster, read_device
from unisono.thing.formats.matter.write import write_element, write_file
from unisono.thing.formats.naming import Names
from unisono.thing.model import Model
from unisono.thing.soundness import Diagnostic

__all__ = ["MATTER", "Matter", "write_element"]


class Matter(JsonFormat):
    """The format ``matter``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """Its elements have tags, and some are clusters or device types."""
        return any(each["tag"] in ("cluster", "deviceType") for each in elements_of(document, None))

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per cluster and per device type; data types are part of the clusters that use them."""
        known = Elements(elements_of(document, findings))
        names = Names()
        models = [read_cluster(each, known, findings, names) for each in known.clusters]
        models += [read_device(each, known, findings, names) for each in known.devices]
        if not models:
            findings.error("", "no_model", "there is no cluster and no device type in it")
            return []
        whole = isinstance(document, dict) and any(isinstance(document.get(name), list) for name in LISTS.values())
        return models if not whole else [_carrying(models[0], known.shared), *models[1:]]

    def translate(self, data: bytes) -> tuple[Any, list[Diagnostic]] | None:
        """The elements of a file of Matter's SDK."""
        return read_data_model(data) if is_data_model(data) else None

    def lay_over(self, document: Any, overlay: Any, findings: Findings) -> Any:
        """The elements of both: a device type with the clusters that it needs, which have files of their own."""
        return [*elements_of(document, findings), *elements_of(overlay, findings)]

    def make(self, model: Model) -> Any:
        """The element of a model."""
        return write_element(model)

    def gather(self, models: list[Model]) -> Any:
        """The lists of elements that several models are."""
        return write_file(models)


def _carrying(model: Model, shared: list[dict[str, Any]]) -> Model:
    """The data types that belong to no cluster travel with the first model of a file."""
    import msgspec

    kept = model.ext.get(FORMAT)
    ext = {**model.ext, FORMAT: {**(kept if isinstance(kept, dict) else {}), "shared": shared}}
    return msgspec.structs.replace(model, ext=ext)


MATTER = Matter()
