"""ESPHome nodes whose discovery is off: what they are is read from the topics on which they say their state.

Source: "MQTT Client Component" of ESPHome's documentation and the pages of its components: ``<prefix>/<component>/
<object id>/state`` and ``command``, and ``<prefix>/status``. What a topic shows becomes the discovery message that the
node would have sent, so all kinds are read in one place. A unit or a class is not to be seen there: they follow from
what an entity is called, in ESPHome's own units.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from unisono.dialect.pieces import json_of

__all__ = ["HOLD_MS", "Nodes", "config_of", "is_node_topic", "key_of", "prefix_of"]

#: A node that also announces itself has done so before this: then it is not guessed at.
HOLD_MS = 5_000
#: Prefixes that may be nodes, and entities of one.
NODES, ENTITIES = 500, 100

_STATE = re.compile(
    r"([^/]+(?:/[^/]+){0,3})/"
    r"(sensor|binary_sensor|text_sensor|switch|light|fan|cover|valve|lock|number|select|text|climate)/"
    r"([A-Za-z0-9_-]{1,64})/(?:(position|mode|target_temperature|current_temperature)/)?state"
)
_STATUS = re.compile(r"([^/]+(?:/[^/]+){0,3})/status")

#: Device class and unit, by the last words of a sensor's name: the units that ESPHome's sensors have.
SENSORS = {
    "temperature": ("temperature", "°C"),
    "humidity": ("humidity", "%"),
    "pressure": ("pressure", "hPa"),
    "illuminance": ("illuminance", "lx"),
    "co2": ("carbon_dioxide", "ppm"),
    "voltage": ("voltage", "V"),
    "current": ("current", "A"),
    "power": ("power", "W"),
    "energy": ("energy", "kWh"),
    "battery_level": ("battery", "%"),
    "wifi_signal": ("signal_strength", "dBm"),
    "rssi": ("signal_strength", "dBm"),
}
#: Device class by the last word of a binary sensor's name.
BINARY = {
    **{each: each for each in ("motion", "occupancy", "presence", "door", "window", "smoke", "gas")},
    "pir": "motion",
    "contact": "opening",
    "leak": "moisture",
    "water": "moisture",
}
#: What a number may be where nothing says it.
WIDE = 1_000_000


class Shown(NamedTuple):
    """One entity as its topics show it: which parts of it have a topic, and the last state."""

    component: str
    id: str
    parts: frozenset[str]
    state: bytes


class Node:
    """A prefix under which something says its state. ``known``: it says itself what it is, or somebody for it."""

    def __init__(self, now_ms: int) -> None:
        self.first_ms = now_ms
        self.status = b""
        self.known = False
        self.entities: dict[tuple[str, str], Shown] = {}
        self.taken: set[tuple[str, str]] = set()


class Nodes:
    """All that might be nodes."""

    def __init__(self) -> None:
        self.by_prefix: dict[str, Node] = {}

    def take(self, topic: str, payload: bytes, now_ms: int) -> str:
        """A state, or a node's status, was said; returns the prefix of a node that will be put for it, "" of none."""
        found = _STATUS.fullmatch(topic)
        if found is not None:
            if payload in (b"online", b"offline"):
                node = self._node(found[1], now_ms)
                if node is not None:
                    node.status = payload
                    return "" if node.known else found[1]
            return ""
        found = _STATE.fullmatch(topic)
        if found is None:
            return ""
        prefix, component, id, part = found.groups()
        node = self._node(prefix, now_ms)
        if node is None or ((component, id) not in node.entities and len(node.entities) >= ENTITIES):
            return ""
        before = node.entities.get((component, id))
        parts = (before.parts if before is not None else frozenset()) | {part or ""}
        if before is None or parts != before.parts:
            node.taken.discard((component, id))
        state = payload if part is None else before.state if before is not None else b""
        node.entities[component, id] = Shown(component, id, parts, state)
        return "" if node.known or (component, id) in node.taken else prefix

    def known(self, prefix: str) -> None:
        """Somebody announced what is said below the prefix."""
        node = self.by_prefix.get(prefix)
        if node is None:
            node = self._node(prefix, 0)
        if node is not None:
            node.known = True

    def due(self, now_ms: int) -> list[tuple[str, Shown]]:
        """What is to be put: entities of nodes that have a status and nobody has announced."""
        found = []
        for prefix, node in self.by_prefix.items():
            if node.known or not node.status or now_ms - node.first_ms < HOLD_MS:
                continue
            for key, shown in node.entities.items():
                if key not in node.taken:
                    node.taken.add(key)
                    found.append((prefix, shown))
        return found

    def _node(self, prefix: str, now_ms: int) -> Node | None:
        node = self.by_prefix.get(prefix)
        if node is None and len(self.by_prefix) < NODES:
            node = self.by_prefix[prefix] = Node(now_ms)
        return node


def is_node_topic(topic: str) -> bool:
    """Whether a topic may be a node's; cheap."""
    if topic.endswith("/state"):
        return _STATE.fullmatch(topic) is not None
    return topic.endswith("/status") and _STATUS.fullmatch(topic) is not None


def key_of(prefix: str) -> str:
    """The key of a node that nobody has announced."""
    return f"esphome:{prefix}"


def prefix_of(config: dict[str, Any]) -> str:
    """The prefix of a node that announces an entity; "" where it looks like none."""
    found = _STATUS.fullmatch(str(config.get("availability_topic", "")))
    return found[1] if found is not None else ""


def config_of(prefix: str, shown: Shown) -> tuple[str, dict[str, Any]]:
    """The component and the discovery message of an entity."""
    base = f"{prefix}/{shown.component}/{shown.id}"
    config: dict[str, Any] = {
        "object_id": shown.id,
        "name": shown.id.replace("_", " ").capitalize(),
        "state_topic": f"{base}/state",
        "availability_topic": f"{prefix}/status",
        "device": {"identifiers": [key_of(prefix)], "name": prefix, "manufacturer": "ESPHome"},
    }
    if shown.component in ("text_sensor", "sensor", "binary_sensor"):
        return _telling(config, shown)
    config["command_topic"] = f"{base}/command"
    if shown.component == "light":
        config |= _light(shown.state)
    elif shown.component == "number":
        config |= {"min": -WIDE, "max": WIDE, "step": 0.0001}
    elif shown.component == "climate":
        config |= _climate(base, shown.parts)
    elif "position" in shown.parts:
        config |= {"position_topic": f"{base}/position/state", "set_position_topic": f"{base}/position/command"}
    # the choices of a select are not to be seen: any text
    return "text" if shown.component == "select" else shown.component, config


def _telling(config: dict[str, Any], shown: Shown) -> tuple[str, dict[str, Any]]:
    words = shown.id.lower()
    if shown.component == "binary_sensor":
        found = BINARY.get(words.rpartition("_")[2])
        return "binary_sensor", config | ({"device_class": found} if found is not None else {})
    if shown.component == "sensor" and _is_number(shown.state):
        known = next((given for name, given in SENSORS.items() if words == name or words.endswith(f"_{name}")), None)
        config |= {"state_class": "measurement"}
        if known is not None:
            config |= {"device_class": known[0], "unit_of_measurement": known[1]}
    return "sensor", config


def _is_number(payload: bytes) -> bool:
    """ "nan" is what a sensor says that has not measured yet."""
    try:
        float(payload)
    except ValueError:
        return False
    return True


def _light(state: bytes) -> dict[str, Any]:
    found = json_of(state)
    told = found if isinstance(found, dict) else {}
    modes = ["rgb"] if isinstance(told.get("color"), dict) and "r" in told["color"] else []
    modes += ["color_temp"] if "color_temp" in told else []
    config: dict[str, Any] = {"schema": "json", "brightness": "brightness" in told}
    return config | ({"supported_color_modes": modes} if modes else {})


def _climate(base: str, parts: frozenset[str]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if "mode" in parts:
        config |= {"mode_state_topic": f"{base}/mode/state", "mode_command_topic": f"{base}/mode/command"}
    if "target_temperature" in parts:
        where = f"{base}/target_temperature"
        config |= {"temperature_state_topic": f"{where}/state", "temperature_command_topic": f"{where}/command"}
    if "current_temperature" in parts:
        config["current_temperature_topic"] = f"{base}/current_temperature/state"
    return config
