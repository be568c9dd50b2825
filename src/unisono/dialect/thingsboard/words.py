"""A model's properties by the keys that a ThingsBoard device uses: their addresses, their last parts, their traits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from unisono.dialect.fitting import unfit, value_of
from unisono.dialect.thingsboard.firmware import REPORTED
from unisono.thing import Model

__all__ = ["Words", "read_telemetry"]

#: Values in one message: the hub takes 256 KB.
MOST = 10_000


class Words:
    """One model's properties. Case and underscores do not count: ``targetTemperature`` is ``target_temperature``."""

    def __init__(self, model: Model) -> None:
        self._model = model
        bearers = Counter(property.trait for property in model.properties.values())
        self._names: dict[str, str] = {}
        for address, property in model.properties.items():
            names = [address, address.rpartition(".")[2], (property.ref or "").partition(":")[2]]
            if property.trait is not None and bearers[property.trait] == 1:
                names.append(property.trait)
            for name in names:
                self._names.setdefault(_folded(name), address)

    def find(self, name: str) -> str | None:
        """The address of a key."""
        return self._names.get(_folded(name))

    def up(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by address; what the model does not know keeps its key, for the fold to say so."""
        taken: dict[str, Any] = {}
        for name, wire in values.items():
            address = self.find(name)
            taken[address or name] = wire if address is None else value_of(self._model.properties[address], wire)
        return taken

    def without_firmware(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values but for what ThingsBoard's clients say of their firmware, where the model has no word for it; its
        version is the model's ``firmware``."""
        kept = {name: each for name, each in values.items() if name not in REPORTED or self.find(name) is not None}
        version, known = values.get("current_fw_version"), self.find("firmware")
        return {**kept, "firmware": str(version)} if version is not None and known is not None else kept

    def down(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Wanted values by the keys that a device knows."""
        told: dict[str, Any] = {}
        for address, value in values.items():
            property = self._model.properties.get(address)
            ref = "" if property is None else property.ref or ""
            name = ref.removeprefix("key:") if ref.startswith("key:") else address
            told[name] = value if property is None else unfit(property, value)
        return told

    def writable(self, address: str) -> bool:
        property = self._model.properties.get(address)
        return property is not None and property.writable


def read_telemetry(body: Any) -> list[tuple[int | None, dict[str, Any]]] | None:
    """Values by time (milliseconds; None: now), oldest first; None for what is no telemetry.

    One object or a list of them, each either values or ``{"ts": ms, "values": {...}}``.
    """
    found: list[tuple[int | None, dict[str, Any]]] = []
    for each in body if isinstance(body, list) else [body]:
        if not isinstance(each, dict) or len(found) >= MOST:
            return None
        if isinstance(each.get("values"), dict) and each.keys() <= {"ts", "values", "metadata"}:
            ts = each.get("ts")
            plain = isinstance(ts, int) and not isinstance(ts, bool) and ts > 0
            found.append((ts if plain else None, each["values"]))
        else:
            found.append((None, each))
    return sorted(found, key=lambda each: (each[0] is None, each[0] or 0))


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
