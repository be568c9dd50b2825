"""Home Assistant's MQTT discovery: from config messages to pieces of devices.

Source: "MQTT Discovery" and the pages of the MQTT platforms in Home Assistant's documentation. A device is everything
that names the same device; an entity that names none is a thing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from unisono.dialect.homeassistant.abbreviations import expand
from unisono.dialect.homeassistant.acting import KINDS
from unisono.dialect.homeassistant.entity import Entity
from unisono.dialect.homeassistant.esphome import Nodes, config_of, is_node_topic, key_of, prefix_of
from unisono.dialect.homeassistant.light import light
from unisono.dialect.homeassistant.sensing import (
    binary_sensor,
    device_automation,
    device_tracker,
    event,
    sensor,
    tag,
    update,
)
from unisono.dialect.pieces import Gatherer, Piece, Source_, json_of
from unisono.dialect.said import Odd, Promised, Said, Say
from unisono.errors import UnisonoError

__all__ = ["BIRTH", "NAME", "PREFIX", "Discovery", "is_announcement"]

NAME = "homeassistant"
PREFIX = "homeassistant"
#: Where Home Assistant says that it is there, and what; bridges announce everything again then.
BIRTH = f"{PREFIX}/status"
ONLINE = b"online"

#: Entities that have a trait, or tell something.
ENTITIES = {
    **KINDS,
    "light": light,
    "sensor": sensor,
    "binary_sensor": binary_sensor,
    "event": event,
    "device_automation": device_automation,
    "tag": tag,
    "device_tracker": device_tracker,
    "update": update,
}
#: Those that Home Assistant knows besides, and that have nothing to tell here.
SILENT = frozenset({"camera", "date", "datetime", "image", "infrared", "remote", "time"})

#: What a thing is that has such an entity; the first decides.
KIND_OF = {
    "light": "light",
    "climate": "climate",
    "water_heater": "climate",
    "cover": "cover",
    "lock": "lock",
    "fan": "fan",
    "humidifier": "humidifier",
    "vacuum": "vacuum",
    "lawn_mower": "mower",
    "alarm_control_panel": "alarm",
    "valve": "valve",
    "siren": "siren",
    "switch": "switch",
}
#: The same, by what the entity says it is.
KIND_OF_CLASS = {
    ("cover", "garage"): "garage_door",
    ("cover", "door"): "door",
    ("cover", "gate"): "door",
    ("cover", "window"): "window",
    ("humidifier", "dehumidifier"): "dehumidifier",
    ("switch", "outlet"): "plug",
}
KINDS_IN_ORDER = list(
    dict.fromkeys(
        kind
        for component, first in KIND_OF.items()
        for kind in (first, *(each for (of, _class), each in KIND_OF_CLASS.items() if of == component))
    )
)
MOST_COMPONENTS = 300
#: Bytes of all announcements of one root place: ten thousand entities say about 10 MB.
MOST_BYTES = 64 << 20
#: Prefixes under which something was announced; a home has one or two.
MOST_PREFIXES = 20

#: Of a topic: the prefix, which is Home Assistant's unless somebody set another; component, node and object.
_TOPIC = re.compile(r"([^/]+)/([a-z_]+)/(?:([A-Za-z0-9_-]+)/)?([A-Za-z0-9_-]+)/config")
#: What a message under another prefix has at least, to be one of discovery.
ESSENTIAL = frozenset({"device", "unique_id", "components", "state_topic", "command_topic"})


class Discovery(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, dict[str, str]] = {}  # topic > id of a piece > key of its device
        self._facts: dict[str, dict[str, Any]] = {}  # key of a device > what its messages say of it, taken together
        self._nodes = Nodes()
        self._prefixes = {PREFIX}
        self._sizes: dict[str, int] = {}  # topic > bytes of what it announced
        self._bytes = 0

    def announces(self, topic: str) -> bool:
        return is_announcement(topic)

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        heard = {each for each in self._prefixes if {f"{each}/status", f"{each}/#", f"{each}/+"} & set(filters)}
        return [*(Say(f"{each}/status", ONLINE) for each in sorted(heard)), *super().subscribed(filters)]

    def due(self, now_ms: int) -> list[Said]:
        said: list[Said] = []
        for prefix, shown in self._nodes.due(now_ms):
            component, config = config_of(prefix, shown)
            topic = f"{prefix}/{shown.component}/{shown.id}"
            said += self._put(topic, {topic: (shown.id, component, config)}, config, now_ms)
            self._kept[f"{topic}/state"] = shown.state
            self._availability_said(f"{prefix}/status", self._nodes.by_prefix[prefix].status)
        return said + super().due(now_ms)

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        found = _TOPIC.fullmatch(topic)
        if found is None:
            prefix = self._nodes.take(topic, payload, now_ms)
            return [Promised(key_of(prefix))] if prefix else []
        if not payload.strip():
            said = self._withdrawn(topic, {}, now_ms)
            self._weigh(topic, 0)
            return said
        prefix, component, node, object = found.groups()
        config = json_of(payload)
        if not isinstance(config, dict):
            # under another prefix it is somebody else's
            return [Odd("", "bad_json", f"{topic}: a discovery message is a JSON object")] if prefix == PREFIX else []
        config = expand(config)
        # who moves to a message of the device says so in the old place, which it withdraws when the other is there
        if config.get("migrate_discovery") is True or (prefix != PREFIX and not config.keys() & ESSENTIAL):
            return []
        if len(self._prefixes) < MOST_PREFIXES:
            self._prefixes.add(prefix)
        if self._bytes - self._sizes.get(topic, 0) + len(payload) > MOST_BYTES:
            return [Odd("", "too_many", f"{topic}: more than {MOST_BYTES} bytes were announced")]
        id = "_".join(each for each in (node, object) if each)
        said = self._component(topic, component, id, config, now_ms)
        self._weigh(topic, len(payload))
        return said

    def _weigh(self, topic: str, size: int) -> None:
        """Count what a topic announced, as long as it does."""
        self._bytes -= self._sizes.pop(topic, 0)
        if topic in self._said:
            self._sizes[topic] = size
            self._bytes += size

    def _component(self, topic: str, component: str, id: str, config: dict[str, Any], now_ms: int) -> list[Said]:
        if component == "device":
            return self._device(topic, config, now_ms)
        if component not in ENTITIES:
            return [] if component in SILENT else [Odd("", "bad_value", f"{topic}: there is no {component!r}")]
        return self._put(topic, {topic: (id, component, config)}, config, now_ms)

    def _device(self, topic: str, config: dict[str, Any], now_ms: int) -> list[Said]:
        components = config.get("components")
        if not isinstance(components, dict) or len(components) > MOST_COMPONENTS:
            return [Odd("", "bad_value", f"{topic}: a device has components, {MOST_COMPONENTS} at most")]
        shared = {key: value for key, value in config.items() if key not in ("components", "device", "origin")}
        wanted = {}
        for id, each in components.items():
            platform = str(each.get("platform"))
            if platform in ENTITIES and each.keys() - {"platform"}:
                wanted[f"{topic}#{id}"] = (str(id), platform, {**shared, **each})
        return self._put(topic, wanted, config, now_ms)

    def _put(
        self, topic: str, wanted: Mapping[str, tuple[str, str, dict[str, Any]]], config: dict[str, Any], now_ms: int
    ) -> list[Said]:
        device = config.get("device")
        device = device if isinstance(device, dict) else {}
        said: list[Said] = []
        pieces: dict[str, tuple[str, Piece]] = {}
        for name, (id, component, one) in wanted.items():
            if topic.endswith("/config"):
                said += self._not_guessed(prefix_of(one))
            try:
                entity = Entity(id, component, one)
                ENTITIES[component](entity)
                pieces[name] = (component, entity.done())
            except UnisonoError as error:
                said.append(Odd("", error.code, f"{topic}: {error}"))
        key = _device_key(device) or next(
            (str(one.get("unique_id") or topic) for _id, _component, one in wanted.values()), topic
        )
        said += self._withdrawn(topic, dict.fromkeys(pieces, key), now_ms)
        for name, (component, piece) in pieces.items():
            said += self.put(key, self._source(key, component, device, wanted[name][2]), name, piece, now_ms)
        if key not in self.devices:
            self._facts.pop(key, None)  # one too many: what is said of it is not kept either
        held = self.devices[key].pieces if key in self.devices else {}
        self._said[topic] = {name: key for name in pieces if name in held}
        if not self._said[topic]:
            del self._said[topic]
        return said

    def _not_guessed(self, prefix: str) -> list[Said]:
        """A node announces itself: what was guessed of it goes."""
        if not prefix:
            return []
        self._nodes.known(prefix)
        key = key_of(prefix)
        return self.forget(key) if key in self.devices else []

    def _withdrawn(self, topic: str, staying: dict[str, str], now_ms: int) -> list[Said]:
        """What a topic announced before and does not now."""
        said: list[Said] = []
        for name, key in self._said.get(topic, {}).items():
            if staying.get(name) != key:
                said += self.drop(key, name, now_ms)
                if key not in self.devices:
                    self._facts.pop(key, None)
        if staying:
            self._said[topic] = staying
        else:
            self._said.pop(topic, None)
        return said

    def _source(self, key: str, component: str, given: dict[str, Any], one: dict[str, Any]) -> Source_:
        """What is said of the device: mostly the first of its messages says all, the others only who it is."""
        before = self.devices.get(key)
        known_of_it = self._facts.get(key, {}) if before is not None else {}
        device = self._facts[key] = known_of_it | {name: value for name, value in given.items() if value}
        own = None if component == "switch" and one.get("entity_category") else KIND_OF.get(component)
        own = KIND_OF_CLASS.get((component, str(one.get("device_class"))), own)
        known = [each for each in (before.source.kind if before is not None else None, own) if each is not None]
        kind = min(known, key=KINDS_IN_ORDER.index) if known else None
        name = _word(device.get("name")) or _word(one.get("name")) or key
        if before is not None and len(before.pieces) > 1 and not device.get("name"):
            name = before.source.name  # of one of its parts, and not of each in turn
        return Source_(
            name=name,
            model_id=f"{NAME}:{_slug(key)}",
            format=NAME,
            vendor=_word(device.get("manufacturer")) or None,
            product=_word(device.get("model")) or None,
            kind=kind,
            area=_word(device.get("suggested_area")),
            same_as=_identifiers(device),
        )


def is_announcement(topic: str) -> bool:
    """Whether a topic may be one of discovery, or of a node that has none."""
    if not topic.endswith("/config"):
        return is_node_topic(topic)
    found = _TOPIC.fullmatch(topic)
    return found is not None and (found[1] == PREFIX or found[2] in ENTITIES or found[2] == "device")


def _identifiers(device: Mapping[str, Any]) -> tuple[str, ...]:
    given = device.get("identifiers")
    listed = given if isinstance(given, list) else [given]
    return tuple(str(each) for each in listed if isinstance(each, str | int) and str(each))


def _device_key(device: Mapping[str, Any]) -> str:
    found = _identifiers(device)
    if found:
        return found[0]
    connections = device.get("connections")
    for each in connections if isinstance(connections, list) else []:
        if isinstance(each, list) and len(each) == 2:
            return f"{each[0]}:{each[1]}"
    return ""


def _word(value: Any) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "_", text.lower()).strip("_")[:150] or "thing"
