"""Zigbee2MQTT: what its bridge says of its devices, with their `exposes`, and what they say through it.

Source: "MQTT Topics and Messages" and "Exposes" of Zigbee2MQTT's documentation. The definition of a device becomes a
model as an imported one does; of a device that is announced by Home Assistant discovery too, this has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from unisono.dialect.fitting import unfit, value_of
from unisono.dialect.pieces import Availability, Gatherer, Piece, Reader, Reading, Source_, json_of
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.thing import Model, Property, Service
from unisono.thing.formats.document import Findings
from unisono.thing.formats.zigbee2mqtt import read_definition

__all__ = ["ZIGBEE2MQTT", "Zigbee2mqtt"]

NAME = "zigbee2mqtt"
DEVICES = "/bridge/devices"
LOGGING = "/bridge/logging"
#: What the members of a device's state are called in the model of its definition.
REF = "z2m:"
#: It knows its devices better than its own discovery messages tell.
RANK = 10
#: What the last part of a topic below a device's is not, where attributes have topics of their own.
NOT_MEMBERS = frozenset({"set", "get", "availability"})

_FAILED = re.compile(r"Publish '(?:set|get)' '([^']*)' to '([^']*)' failed: '?(.*?)'?$", re.DOTALL)


class Bridge(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, set[str]] = {}  # base topic > keys of its devices
        self._named: dict[str, str] = {}  # topic of a device > its key
        self._open: dict[str, str] = {}  # key > the command that it was told last

    def announces(self, topic: str) -> bool:
        return topic.endswith((DEVICES, LOGGING))

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        found = json_of(payload)
        if topic.endswith(LOGGING):
            return self._logged(topic.removesuffix(LOGGING), found)
        if not isinstance(found, list):
            return [Odd("", "bad_json", f"{topic}: expected a list of devices")]
        base = topic.removesuffix(DEVICES)
        said: list[Said] = []
        seen: set[str] = set()
        for each in found:
            if isinstance(each, dict):
                said += self._device(base, each, seen, now_ms)
        for key in sorted((self._keys.get(base, set()) - seen) & self.devices.keys()):
            said += self.forget(key)
        self._keys[base] = seen
        return said

    def _device(self, base: str, device: dict[str, Any], seen: set[str], now_ms: int) -> list[Said]:
        address, name, definition = (device.get(each) for each in ("ieee_address", "friendly_name", "definition"))
        if not isinstance(address, str) or not isinstance(name, str) or not isinstance(definition, dict):
            return []  # the coordinator, or nothing that Zigbee2MQTT knows
        if device.get("disabled") is True:
            return []
        findings = Findings()
        model = read_definition(definition, findings)
        if model is None:
            return [Odd("", "bad_model", f"{name}: its definition cannot be read")]
        key = f"{NAME}:{address}"
        seen.add(key)
        topic = f"{base}/{name}"
        self._named[topic] = key
        source = Source_(
            name=name,
            model_id=model.id,
            format=NAME,
            vendor=model.vendor,
            product=model.product,
            kind=model.kind,
            same_as=(f"{NAME}_{address}",),
            rank=RANK,
            model=model,
        )
        piece = Piece((topic, definition), Service(key=""))
        members = _members(model)
        piece.readers.append((topic, _reader(model, members)))
        piece.readers += [
            (f"{topic}/{member}", _member_reader(model, addresses, member))
            for member, addresses in members.items()
            if member not in NOT_MEMBERS
        ]
        writable = [address for address, property in model.properties.items() if property.writable]
        piece.writers = dict.fromkeys(writable, _writer(topic, model))
        piece.availability = [
            Availability(f"{base}/bridge/state", read=_state_of),
            Availability(f"{topic}/availability", read=_state_of),
        ]
        piece.mode = "told"
        return self.put(key, source, "device", piece, now_ms)

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        self._open[thing] = payload["id"]
        return super().wanted(thing, topic, payload, now_ms)

    def _logged(self, base: str, found: Any) -> list[Said]:
        """What it could not do for us it only tells its log."""
        if not isinstance(found, dict) or found.get("level") != "error" or not isinstance(found.get("message"), str):
            return []
        failed = _FAILED.search(found["message"])
        key = self._named.get(f"{base}/{failed[2]}") if failed is not None else None
        if failed is None or key is None or key not in self._open:
            return []
        return [Replied(key, self._open.pop(key), False, error=failed[3])]


def _members(model: Model) -> dict[str, list[str]]:
    """Addresses by the member of the state that they are in."""
    found: dict[str, list[str]] = {}
    for address, property in model.properties.items():
        found.setdefault((property.ref or address).removeprefix(REF), []).append(address)
    return found


def _reader(model: Model, members: Mapping[str, list[str]]) -> Reader:
    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        values: dict[str, Any] = {}
        for member, wire in found.items():
            for address in members.get(member, ()):
                _take(values, model.properties[address], address, wire)
        return Reading(values, _actions(model, found.get("action")))

    return reader


def _member_reader(model: Model, addresses: list[str], member: str) -> Reader:
    """A member on a topic of its own: its text as it is, where that is no JSON."""

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        wire = found if isinstance(found, int | float | bool | dict | list) else payload.decode("utf-8", "replace")
        values: dict[str, Any] = {}
        for address in addresses:
            _take(values, model.properties[address], address, wire)
        return Reading(values, _actions(model, wire) if member == "action" else ())

    return reader


def _take(values: dict[str, Any], property: Property, address: str, wire: Any) -> None:
    if wire is not None and wire != "" and not property.parameter_only:
        values[address] = value_of(property, wire)


def _actions(model: Model, action: Any) -> list[tuple[str, dict[str, Any]]]:
    """A button's press is an event; "" is its end."""
    if not isinstance(action, str) or not action or "action" not in model.events:
        return []
    return [("action", {"action": action})]


def _writer(topic: str, model: Model) -> Any:
    def writer(values: dict[str, Any]) -> list[Say]:
        body: dict[str, Any] = {}
        for address, value in values.items():
            property = model.properties[address]
            member = (property.ref or address).removeprefix(REF)
            wire = unfit(property, value)
            before = body.get(member)
            body[member] = {**before, **wire} if isinstance(before, dict) and isinstance(wire, dict) else wire
        return [Say(f"{topic}/set", msgspec.json.encode(body))]

    return writer


def _state_of(payload: bytes) -> str:
    """``online``, or ``{"state": "online"}``."""
    found = json_of(payload)
    return str(found.get("state")) if isinstance(found, dict) else payload.decode("utf-8", "replace")


class Zigbee2mqtt:
    """The dialect ``zigbee2mqtt``."""

    name = NAME
    title = "Zigbee2MQTT"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "all devices of `bridge/devices` with their `exposes`, read as `unisono model import` reads them",
        "states as JSON and as topics of their own; `set`; button actions as events",
        "availability of the bridge and of each device; renamed, removed and disabled devices",
        "what could not be sent, from the bridge's log: the command is rejected with that reason",
    )
    cannot = ("groups, scenes and the bridge's own requests (pairing, renaming): use its page",)

    def announces(self, topic: str) -> bool:
        return topic.endswith(DEVICES)

    def bridge(self) -> Translator:
        return Bridge()

    def guide(self, hub: Hub) -> Guide:
        server = f"mqtt://{hub.host}:{hub.mqtt_port or 1883}"
        settings = (
            Setting("Settings > MQTT > MQTT server", server),
            Setting("Base topic", "zigbee2mqtt"),
            Setting("User", hub.thing),
            Setting("Password", hub.secret),
            Setting("Settings > Availability", "on"),
        )
        paste = (
            "# configuration.yaml\n"
            "mqtt:\n"
            f"  server: {server}\n"
            "  base_topic: zigbee2mqtt\n"
            f"  user: {hub.thing}\n"
            f"  password: {hub.secret}\n"
            "availability:\n"
            "  enabled: true"
        )
        return Guide(NAME, self.title, settings, paste, ("Home Assistant integration need not be on.",))


ZIGBEE2MQTT = Zigbee2mqtt()
