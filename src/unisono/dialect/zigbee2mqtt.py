"""Zigbee2MQTT: what its bridge says of its devices, with their `exposes`, and what they say through it.

Source: "MQTT Topics and Messages" and "Exposes" of Zigbee2MQTT's documentation. The definition of a device becomes a
model as an imported one does; of a device that is announced by Home Assistant discovery too, this has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unisono.dialect.fitting import unfit, value_of
from unisono.dialect.pieces import Availability, Gatherer, Piece, Reader, Reading, Source_, json_of
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.thing import Action, Arg, Model, Property, Schema, Service, Source
from unisono.thing.codec import Path
from unisono.thing.formats.document import Findings
from unisono.thing.formats.zigbee2mqtt import read_definition

__all__ = ["ZIGBEE2MQTT", "Zigbee2mqtt"]

NAME = "zigbee2mqtt"
DEVICES = "/bridge/devices"
GROUPS = "/bridge/groups"
LOGGING = "/bridge/logging"
#: Where it is asked for updates of a device's firmware, and where it answers.
REQUEST, RESPONSE = "/bridge/request/device/ota_update/", "/bridge/response/device/ota_update/"
#: An update over Zigbee takes up to an hour; to look for one asks the maker's server, and a device that may sleep.
INSTALL_S, CHECK_S = 7_200, 120
#: Requests whose answers are waited for; the oldest are forgotten.
ASKED = 256
#: Of what no device tells (an effect) it says no word when it is done, only what it could not do, and mostly at once.
REFUSALS_MS = 3_000
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
        self._groups: dict[str, tuple[list[Any], set[str]]] = {}  # base topic > its groups as said, and their keys
        self._named: dict[str, str] = {}  # topic of a device > its key
        self._open: dict[str, str] = {}  # key > the command that it was told last
        self._asked: dict[str, str] = {}  # command > key of the device whose firmware it is about
        self._untold: dict[
            str, tuple[str, int]
        ] = {}  # command of what is never told > key, and when it counts as taken

    def announces(self, topic: str) -> bool:
        return topic.endswith((DEVICES, GROUPS, LOGGING)) or RESPONSE in topic

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        found = json_of(payload)
        if RESPONSE in topic:
            return self._updated(found)
        if topic.endswith(LOGGING):
            return self._logged(topic.removesuffix(LOGGING), found)
        if not isinstance(found, list):
            return [Odd("", "bad_json", f"{topic}: expected a list")]
        if topic.endswith(GROUPS):
            base = topic.removesuffix(GROUPS)
            self._groups[base] = (found, self._groups.get(base, ([], set()))[1])
            return self._grouped(base, now_ms)
        base = topic.removesuffix(DEVICES)
        said: list[Said] = []
        seen: set[str] = set()
        for each in found:
            if isinstance(each, dict):
                said += self._device(base, each, seen, now_ms)
        for key in sorted((self._keys.get(base, set()) - seen) & self.devices.keys()):
            said += self.forget(key)
        self._keys[base] = seen
        return said + self._grouped(base, now_ms)

    def _grouped(self, base: str, now_ms: int) -> list[Said]:
        """Groups are things too: what all of their members can be told, said once to the group."""
        found, before = self._groups.get(base, ([], set()))
        said: list[Said] = []
        seen: set[str] = set()
        for each in found:
            group = _group(each)
            if group is None:
                continue
            number, name, addresses = group
            members = [self.devices.get(f"{NAME}:{address}") for address in addresses]
            models = [
                member.source.model for member in members if member is not None and member.source.model is not None
            ]
            services = _common(models)
            if not services:
                continue  # nobody is in it yet, or nothing is common to those who are
            key = f"{NAME}:{base}:group:{number}"
            seen.add(key)
            model = Model(
                id=f"{NAME}:group:{_slug(f'{base}-{number}-{name}')}",
                kind=models[0].kind if len({model.kind for model in models}) == 1 else None,
                titles={"en": name},
                services=services,
                source=Source(format=NAME),
            )
            source = Source_(name=name, model_id=model.id, format=NAME, kind=model.kind, rank=RANK, model=model)
            said += self.put(key, source, "group", self._piece(base, name, key, model, each), now_ms)
        for key in sorted((before - seen) & self.devices.keys()):
            said += self.forget(key)
        self._groups[base] = (found, seen)
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
        if definition.get("supports_ota") is True and all(each.key != UPDATE.key for each in model.services):
            model = msgspec.structs.replace(model, services=(*model.services, UPDATE))
        key = f"{NAME}:{address}"
        seen.add(key)
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
        return self.put(key, source, "device", self._piece(base, name, key, model, definition), now_ms)

    def _piece(self, base: str, name: str, key: str, model: Model, says: Any) -> Piece:
        """What is read and told of a device or a group by its name."""
        topic = f"{base}/{name}"
        self._named[topic] = key
        piece = Piece((topic, says), Service(key=""))
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
        if any(each is UPDATE for each in model.services):
            for word, action in (("check", "check"), ("update", "install")):
                piece.calls[f"update.{action}"] = self._update(f"{base}{REQUEST}{word}", name, key)
        return piece

    def _update(self, topic: str, name: str, key: str) -> Callable[[Mapping[str, Any]], list[Say]]:
        """It answers when the device has another firmware, or to say why not."""

        def call(_input: Mapping[str, Any]) -> list[Say]:
            command = self._open.pop(key)
            self._asked[command] = key
            while len(self._asked) > ASKED:
                del self._asked[next(iter(self._asked))]
            return [Say(topic, msgspec.json.encode({"id": name, "transaction": command}))]

        return call

    def _updated(self, found: Any) -> list[Said]:
        command = str(found.get("transaction")) if isinstance(found, dict) else ""
        key = self._asked.pop(command, None)
        if key is None or key not in self.devices:
            return []  # somebody else asked
        if found.get("status") != "ok":
            return [Replied(key, command, False, error=str(found.get("error") or "it gave no reason")[:300])]
        data = found.get("data")
        available = data.get("update_available") if isinstance(data, dict) else None
        output = {"update_available": available} if isinstance(available, bool) else None
        return [Replied(key, command, True, output)]

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        self._open[thing] = command = payload["id"]
        said = super().wanted(thing, topic, payload, now_ms)
        model = self.devices[thing].source.model
        assert model is not None
        if topic == "set" and not any(model.properties[each].notifies for each in payload["state"]):
            self._untold[command] = thing, now_ms + REFUSALS_MS
        return said

    def due(self, now_ms: int) -> list[Said]:
        taken = [command for command, (_key, at_ms) in self._untold.items() if at_ms <= now_ms]
        said: list[Said] = [Replied(self._untold.pop(command)[0], command, True) for command in taken]
        return said + super().due(now_ms)

    def forget(self, key: str) -> list[Said]:
        self._untold = {command: each for command, each in self._untold.items() if each[0] != key}
        return super().forget(key)

    def _logged(self, base: str, found: Any) -> list[Said]:
        """What it could not do for us it only tells its log."""
        if not isinstance(found, dict) or found.get("level") != "error" or not isinstance(found.get("message"), str):
            return []
        failed = _FAILED.search(found["message"])
        key = self._named.get(f"{base}/{failed[2]}") if failed is not None else None
        if failed is None or key is None or key not in self._open:
            return []
        command = self._open.pop(key)
        self._untold.pop(command, None)
        return [Replied(key, command, False, error=failed[3])]


#: What is said of the firmware of devices that can have another.
UPDATE = Service(
    key="update",
    titles={"en": "Firmware"},
    properties=tuple(
        Property(key=key, ref=f"{REF}update", schema=schema, codec=(Path(steps=(key,)),), role="diagnostic")
        for key, schema in (
            ("state", Schema(kind="string", len_max=32)),
            ("installed_version", Schema(kind="int", nullable=True)),
            ("latest_version", Schema(kind="int", nullable=True)),
            ("progress", Schema(kind="float")),
        )
    ),
    actions=(
        Action(
            key="check",
            titles={"en": "Look for an update"},
            outputs=(Arg(key="update_available", schema=Schema(kind="bool"), optional=True),),
            idempotent=True,
            timeout_s=CHECK_S,
        ),
        Action(key="install", titles={"en": "Install"}, risky=True, timeout_s=INSTALL_S),
    ),
)


def _group(given: Any) -> tuple[int, str, list[str]] | None:
    """A group's number, its name, and the addresses of its members."""
    if not isinstance(given, dict) or not isinstance(given.get("id"), int):
        return None
    name, members = given.get("friendly_name"), given.get("members")
    if not isinstance(name, str) or not name or not isinstance(members, list):
        return None
    listed = [each.get("ieee_address") for each in members if isinstance(each, dict)]
    return given["id"], name, [each for each in dict.fromkeys(listed) if isinstance(each, str)]


def _common(models: Sequence[Model]) -> tuple[Service, ...]:
    """What can be told to all of them: the services of the first, with what every other has under the same name."""
    if not models:
        return ()
    found = []
    for service in models[0].services:
        properties = tuple(
            each
            for each in service.properties
            if each.writable and all(_has(model, f"{service.key}.{each.key}".lstrip("."), each) for model in models[1:])
        )
        if properties:
            found.append(Service(key=service.key, titles=service.titles, properties=properties))
    return tuple(found)


def _has(model: Model, address: str, wanted: Property) -> bool:
    found = model.properties.get(address)
    return found is not None and found.writable and (found.trait, found.ref) == (wanted.trait, wanted.ref)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "_", text.lower()).strip("_")[:150]


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
    first = property.codec[0] if property.codec else None
    if isinstance(first, Path) and isinstance(wire, dict) and first.steps[0] not in wire:
        return  # it tells some of its members only
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
        "groups as things: what all members can be told, in one message",
        "firmware updates: their state; `unisono thing call ID update.check` and `update.install`",
        "availability of the bridge and of each device; renamed, removed and disabled devices",
        "what could not be sent, from the bridge's log: the command is rejected with that reason",
    )
    cannot = (
        "scenes of groups and the bridge's own requests (pairing, renaming): use its page",
        "firmware of your own: it installs what its index has",
    )

    def announces(self, topic: str) -> bool:
        return topic.endswith((DEVICES, GROUPS))

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
