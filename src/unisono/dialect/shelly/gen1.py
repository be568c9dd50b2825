"""Shelly Gen1: ``shellies/<id>/...``, a topic for each value.

Source: Shelly's API reference for Gen1 devices, "MQTT". A device announces itself (``shellies/announce``); what it has
is learned from the topics on which it speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unisono.dialect.fitting import color_of
from unisono.dialect.pieces import Availability, Gatherer, Piece, Reading, Source_, json_of, trait_property
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.thing import Action, Event, Property, Schema, Service
from unisono.thing.color import from_rgb

__all__ = ["Gen1"]

NAME = "shelly"
ROOT = "shellies/"
ANNOUNCE = "shellies/announce"
_ID = re.compile(r"shelly[A-Za-z0-9_]*-[0-9A-Fa-f]{6,12}|[A-Za-z0-9_-]{1,64}")

Turn = Callable[[str], Any]


def _number(by: float = 1.0) -> Turn:
    def turn(text: str) -> Any:
        try:
            return round(float(text) * by, 6)
        except ValueError:
            return None

    return turn


def _one_of(words: Mapping[str, Any]) -> Turn:
    return lambda text: words.get(text.strip().lower())


ON = _one_of({"on": True, "off": False, "overpower": False, "1": True, "0": False, "true": True, "false": False})


def _open(text: str) -> Any:
    """A roller that is not calibrated says -1."""
    told = _number()(text)
    return told if told is not None and told >= 0 else None


#: What a roller is called to do, beside going to a position.
ROLLER = ("open", "close", "stop")
#: What a topic below a device's says: a pattern, the service, the trait and the value.
TOLD: tuple[tuple[re.Pattern[str], str, str, Turn], ...] = tuple(
    (re.compile(pattern), service, trait, turn)
    for pattern, service, trait, turn in (
        (r"relay/(\d)", "relay", "on_off", ON),
        (r"relay/(\d)/power", "relay", "power", _number()),
        (r"relay/(\d)/energy", "relay", "energy", _number(1 / 60_000)),  # watt-minutes
        (r"(?:light|white|color)/(\d)", "light", "on_off", ON),
        (r"(?:light|white|color)/(\d)/power", "light", "power", _number()),
        (r"roller/(\d)/pos", "roller", "position", _open),
        (r"roller/(\d)/power", "roller", "power", _number()),
        (r"roller/(\d)/energy", "roller", "energy", _number(1 / 60_000)),
        (r"emeter/(\d)/power", "meter", "power", _number()),
        (r"emeter/(\d)/voltage", "meter", "voltage", _number()),
        (r"emeter/(\d)/current", "meter", "current", _number()),
        (r"emeter/(\d)/total", "meter", "energy", _number(0.001)),
        (r"sensor/temperature", "sensor", "temperature", _number()),
        (r"sensor/humidity", "sensor", "humidity", _number()),
        (r"sensor/battery", "sensor", "battery", _number()),
        (r"sensor/lux", "sensor", "illuminance", _number()),
        (r"sensor/flood", "sensor", "leak", ON),
        (r"sensor/smoke", "sensor", "smoke", ON),
        (r"sensor/motion", "sensor", "motion", ON),
        (r"sensor/vibration", "sensor", "occupancy", ON),
        (r"sensor/state", "sensor", "contact", _one_of({"open": "open", "close": "closed", "closed": "closed"})),
    )
)
_COLOR = re.compile(r"(light|white|color)/(\d)/status")
_INPUT = re.compile(r"input_event/(\d)")


class Gen1(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._sources: dict[str, Source_] = {}
        self._firmware: dict[str, str] = {}  # id > the firmware that it told
        self._updating: dict[str, tuple[str, str]] = {}  # id > the command, and the firmware that it had

    def announces(self, topic: str) -> bool:
        return topic.startswith(ROOT)

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        if topic == ANNOUNCE:
            return self._announce(payload, now_ms)
        id, _, rest = topic[len(ROOT) :].partition("/")
        if not rest or not _ID.fullmatch(id) or topic in self._readers:
            return []
        if id not in self._sources:
            if not id.startswith("shelly"):
                return []
            self._sources[id] = _source(id, "", id)
        return self._learn(id, rest, topic, payload, now_ms)

    def _announce(self, payload: bytes, now_ms: int) -> list[Said]:
        found = json_of(payload)
        if not isinstance(found, dict) or not isinstance(found.get("id"), str) or not _ID.fullmatch(found["id"]):
            return [Odd("", "bad_value", f"{ANNOUNCE}: expected a device's id")]
        id = found["id"]
        self._sources[id] = _source(id, str(found.get("model") or ""), str(found.get("mac") or ""))
        return self._told_firmware(id, payload, found, now_ms)

    def _told_firmware(self, id: str, payload: bytes, found: Mapping[str, Any], now_ms: int) -> list[Said]:
        """Which firmware it has, whether there is another, and to have that: it says so when it has started anew."""
        version, key, topic = found.get("fw_ver"), f"{NAME}:{id}", f"{ROOT}{id}/announce"
        if not isinstance(version, str) or not id.startswith("shelly"):
            return []
        self._firmware[id] = version
        said: list[Said] = []
        if id in self._updating and self._updating[id][1] != version:
            said.append(Replied(key, self._updating.pop(id)[0], True))
        if key in self.devices and UPDATE.key in self.devices[key].pieces:
            return [*said, *self._read(topic, payload, now_ms)]
        piece = Piece((UPDATE.key,), UPDATE)
        piece.readers.append((topic, _firmware_reader))
        piece.availability = [Availability(f"{ROOT}{id}/online", "true", "false")]
        piece.mode = "told"
        piece.calls["update.install"] = lambda _input: [Say(f"{ROOT}{id}/command", b"update_fw")]
        said += self.put(key, self._sources[id], UPDATE.key, piece, now_ms)
        self._kept[topic] = payload
        return said

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        said = super().wanted(thing, topic, payload, now_ms)
        if topic == "call/update.install":
            id = thing.removeprefix(f"{NAME}:")
            self._updating[id] = payload["id"], self._firmware[id]
        return said

    def _learn(self, id: str, rest: str, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        """A topic that was not heard of this device before."""
        key = f"{NAME}:{id}"
        color = _COLOR.fullmatch(rest)
        if color is not None:
            return self._lamp(id, key, color[1], color[2], topic, payload, now_ms)
        press = _INPUT.fullmatch(rest)
        if press is not None:
            return self._put(key, f"input_{press[1]}", topic, (), payload, now_ms, id)
        for pattern, kind, trait, turn in TOLD:
            found = pattern.fullmatch(rest)
            if found is not None:
                service = f"{kind}_{found[1]}" if pattern.groups else kind
                return self._put(key, service, topic, ((trait, turn),), payload, now_ms, id)
        return []

    def _put(self, key: str, service: str, topic: str, told: Any, payload: bytes, now_ms: int, id: str) -> list[Said]:
        """Add what a topic says to a service of the device."""
        device = self.devices.get(key)
        before = device.pieces.get(service) if device is not None else None
        piece = Piece((service, *(before.says[1:] if before is not None else ()), topic), Service(key=service))
        if before is not None:
            piece.service, piece.readers, piece.writers = before.service, list(before.readers), dict(before.writers)
            piece.calls = before.calls
        elif service.startswith("roller"):
            for each in ROLLER:
                said = Say(f"{ROOT}{id}/{service.replace('_', '/')}/command", each.encode(), silent=True)
                piece.calls[f"{service}.{each}"] = lambda _input, said=said: [said]  # type: ignore[misc]
        properties = {each.key: each for each in piece.service.properties}
        for trait, turn in told:
            writable = trait in ("on_off", "position") and service.split("_", maxsplit=1)[0] in (
                "relay",
                "roller",
                "light",
            )
            properties[trait] = trait_property(trait, writable=writable)
            piece.readers.append((topic, _text_reader(f"{service}.{trait}", turn)))
            if writable:
                piece.writers[f"{service}.{trait}"] = _writer(id, service, trait, topic)
        events = piece.service.events
        if not told:
            events = tuple(Event(key=each) for each in ("short", "double", "triple", "long"))
            piece.readers.append((topic, _press_reader(service)))
            properties.setdefault("presses", Property(key="presses", schema=Schema(kind="int", min=0)))
        actions = tuple(Action(key=each, titles={"en": each.capitalize()}) for each in ROLLER if piece.calls)
        piece.service = Service(key=service, properties=tuple(properties.values()), actions=actions, events=events)
        piece.availability = [Availability(f"{ROOT}{id}/online", "true", "false")]
        piece.mode = "told"
        return self.put(key, self._source_for(id, service), service, piece, now_ms)

    def _source_for(self, id: str, service: str) -> Source_:
        source = self._sources[id]
        kind = {"relay": "switch", "light": "light", "roller": "cover"}.get(service.split("_", maxsplit=1)[0])
        if kind is not None and source.kind is None:
            source = self._sources[id] = source._replace(kind=kind)
        return source

    def _lamp(self, id: str, key: str, kind: str, number: str, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        service = f"light_{number}"
        found = json_of(payload)
        if not isinstance(found, dict):
            return []
        members: list[Property] = [trait_property("on_off", writable=True)]
        if "brightness" in found or "gain" in found:
            members.append(trait_property("brightness", writable=True))
        if "temp" in found and found.get("mode") != "color":
            members.append(trait_property("color_temperature", writable=True))
        if all(each in found for each in ("red", "green", "blue")):
            members.append(trait_property("color", writable=True))
        keys = {each.key for each in members}
        level = "gain" if "gain" in found and "brightness" not in found else "brightness"
        piece = Piece((service, topic, sorted(keys)), Service(key=service, properties=tuple(members)))
        piece.readers.append((topic, _lamp_reader(service, keys, level)))
        where = f"{ROOT}{id}/{kind}/{number}/set"
        writer = _lamp_writer(where, service, level)
        piece.writers = {f"{service}.{each}": writer for each in keys}
        piece.availability = [Availability(f"{ROOT}{id}/online", "true", "false")]
        piece.mode = "told"
        return self.put(key, self._source_for(id, service), service, piece, now_ms)


#: It fetches the firmware and starts anew.
INSTALL_S = 300
UPDATE = Service(
    key="update",
    titles={"en": "Firmware"},
    properties=(
        Property(key="installed_version", schema=Schema(kind="string", len_max=64), role="diagnostic"),
        Property(key="available", schema=Schema(kind="bool"), role="diagnostic"),
    ),
    actions=(Action(key="install", titles={"en": "Install"}, risky=True, timeout_s=INSTALL_S),),
)


def _firmware_reader(payload: bytes, now_ms: int) -> Reading:
    found = json_of(payload)
    if not isinstance(found, dict):
        return Reading()
    values: dict[str, Any] = {}
    if isinstance(found.get("fw_ver"), str):
        values["update.installed_version"] = found["fw_ver"]
    if isinstance(found.get("new_fw"), bool):
        values["update.available"] = found["new_fw"]
    return Reading(values)


def _source(id: str, product: str, mac: str) -> Source_:
    return Source_(
        name=id,
        model_id=f"{NAME}:{id.lower()}",
        format=NAME,
        vendor="Shelly",
        product=product or None,
        same_as=(id, mac) if mac else (id,),
        rank=5,
    )


def _text_reader(address: str, turn: Turn) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        made = turn(payload.decode("utf-8", "replace"))
        return Reading() if made is None else Reading({address: made})

    return reader


PRESSES = {"S": "short", "SS": "double", "SSS": "triple", "L": "long"}


def _press_reader(service: str) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        count = found.get("event_cnt")
        values = {f"{service}.presses": count} if isinstance(count, int) and count >= 0 else {}
        press = PRESSES.get(str(found.get("event")))
        return Reading(values, [(f"{service}.{press}", {})] if press is not None else ())

    return reader


def _lamp_reader(service: str, keys: set[str], level: str) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        given: dict[str, Any] = {"on_off": found.get("ison"), "brightness": found.get(level)}
        given["color_temperature"] = found.get("temp")
        parts = [found.get(each) for each in ("red", "green", "blue")]
        if all(isinstance(each, int) for each in parts):
            given["color"] = from_rgb(*parts)  # type: ignore[arg-type]  # looked at above
        return Reading(
            {f"{service}.{each}": value for each, value in given.items() if each in keys and value is not None}
        )

    return reader


def _lamp_writer(topic: str, service: str, level: str) -> Any:
    def writer(values: dict[str, Any]) -> list[Say]:
        wanted = {address.removeprefix(f"{service}."): value for address, value in values.items()}
        body: dict[str, Any] = {"turn": "on" if wanted.get("on_off", True) else "off"}
        if "brightness" in wanted:
            body[level] = round(wanted["brightness"])
        if "color_temperature" in wanted:
            body["temp"] = round(wanted["color_temperature"])
        if "color" in wanted:
            body |= dict(zip(("red", "green", "blue"), color_of(wanted["color"]), strict=True))
        return [Say(topic, msgspec.json.encode(body))]

    return writer


def _writer(id: str, service: str, trait: str, topic: str) -> Any:
    address = f"{service}.{trait}"
    if trait == "position":
        where = topic.removesuffix("/pos") + "/command/pos"
        return lambda values: [Say(where, str(round(values[address])).encode())]
    return lambda values: [Say(f"{topic}/command", b"on" if values[address] else b"off")]
