"""Zigbee2MQTT: definitions with ``exposes``, alone, in lists, or as a bridge announces its devices.

Knows what a document of it looks like; `read` and `write` know the two directions.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.formats.document import Findings, JsonFormat
from unisono.thing.formats.naming import Names
from unisono.thing.formats.zigbee2mqtt.read import FORMAT, Known, read_definition, read_exposes
from unisono.thing.formats.zigbee2mqtt.write import write_definition
from unisono.thing.model import Model
from unisono.thing.schema import show

__all__ = ["ZIGBEE2MQTT", "Zigbee2mqtt", "read_definition", "read_exposes", "write_definition"]

LOOKED_AT = 50  # members of a list: a coordinator and some devices without a definition may stand first


class Zigbee2mqtt(JsonFormat):
    """The format ``zigbee2mqtt``."""

    name = FORMAT

    def recognises(self, document: Any) -> bool:
        """A definition has a list of ``exposes``; a device of ``bridge/devices`` has a definition."""
        some = document[:LOOKED_AT] if isinstance(document, list) else [document]
        return any(_definition(each) is not None or _is_expose(each) for each in some)

    def take(self, document: Any, findings: Findings) -> list[Model]:
        """One model per definition; devices that share one share the model."""
        names = Names()
        if isinstance(document, list) and document and all(map(_is_expose, document)):
            return [read_exposes(document, findings, names)]
        listed = document if isinstance(document, list) else [document]
        models: list[Model] = []
        known: Known = {}
        seen: list[dict[str, Any]] = []
        for index, each in enumerate(listed):
            path = f"[{index}]" if isinstance(document, list) else ""
            definition = _definition(each)
            if definition is None:
                self._refuse(each, path, findings)
                continue
            if "definition" in each:  # forty bulbs of one kind are announced forty times
                if definition in seen:
                    continue
                seen.append(definition)
                path = f"{path}.definition".lstrip(".")
            model = read_definition(definition, findings, path=path, names=names, known=known)
            if model is not None:
                models.append(model)
        return models

    def make(self, model: Model) -> Any:
        """The definition of a model."""
        return write_definition(model)

    def _refuse(self, each: Any, path: str, findings: Findings) -> None:
        if isinstance(each, dict) and ("ieee_address" in each or "friendly_name" in each):
            name = each.get("friendly_name", each.get("ieee_address"))
            why = "the coordinator" if each.get("type") == "Coordinator" else "Zigbee2MQTT does not know what it is"
            findings.note(path, "no_definition", f"{show(name)} has no definition: {why}")
        else:
            findings.error(path, "bad_definition", f"{show(each)} is no definition: it has no list of exposes")


def _definition(each: Any) -> dict[str, Any] | None:
    if not isinstance(each, dict):
        return None
    inner = each.get("definition")
    found = inner if isinstance(inner, dict) else each
    return found if isinstance(found.get("exposes"), list) else None


def _is_expose(each: Any) -> bool:
    return (
        isinstance(each, dict)
        and isinstance(each.get("type"), str)
        and isinstance(each.get("name", each.get("features")), str | list)
        and ("access" in each or "features" in each)
    )


ZIGBEE2MQTT = Zigbee2mqtt()
