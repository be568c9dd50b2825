"""Shelly Gen2 and later: JSON-RPC over MQTT.

Source: "MQTT", "RPC Protocol" and the components' pages of Shelly's API documentation. A device is known by its
notifications; it is asked what it has until it answers, and again when that may have changed; its components become
its properties. Components that somebody added (virtual ones, Bluetooth devices) are told in pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unisono.dialect.fitting import color_of
from unisono.dialect.pieces import DEVICES, Availability, Gatherer, Piece, Reading, Source_, json_of, trait_property
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.dialect.shelly.components import (
    BESIDE,
    COMPONENTS,
    INPUTS,
    PRESSES,
    Take,
    bthome_told,
    made_told,
)
from unisono.thing import Action, Event, Property, Schema, Service
from unisono.wire.mqtt.topics import matches

__all__ = ["NAME", "Gen2"]

NAME = "shelly"
#: Replies come to this topic and the device's own.
OURS = "unisono/shelly"
#: Requests whose replies are waited for.
OPEN = 256
#: Ids of the questions that a device is asked: the first two when it is heard, the last when it has answered these.
ASK_INFO, ASK_STATUS, ASK_COMPONENTS = 1, 2, 3
QUESTIONS = {ASK_INFO: "Shelly.GetDeviceInfo", ASK_STATUS: "Shelly.GetStatus"}
FIRST_ID = 100
#: Who has not answered is asked again after so long, then after twice that, and so on; so many times by itself, then
#: only when it is heard. It may have published before it had subscribed, or may not be let to answer.
AGAIN_MS, LONGEST_MS, TIMES = 5_000, 3_600_000, 5
#: Components of one device that are read: there are ten virtual ones and some dozens of Bluetooth at most.
MOST_COMPONENTS = 300
#: Events after which a device may have other components, or be called otherwise.
CHANGES = frozenset({"config_changed", "component_added", "component_removed"})

_TOPIC = re.compile(r"(.+)/(events/rpc|online)")

#: What a device with such a component is; the first that it has counts.
LAMPS = ("cct", "rgb", "rgbw", "rgbcct")
KINDS = {
    "thermostat": "climate",
    "cover": "cover",
    "light": "light",
    **dict.fromkeys(LAMPS, "light"),
    "switch": "switch",
}
#: What a cover is called to do, beside going to a position.
COVER = ("open", "close", "stop")
#: To look for another firmware asks Shelly's server.
CHECK_S = 60
UPDATE = Service(
    key="update",
    titles={"en": "Firmware"},
    properties=tuple(
        Property(key=key, schema=Schema(kind="string", len_max=64), role="diagnostic")
        for key in ("installed_version", "latest_version")
    ),
    actions=(
        Action(key="check", titles={"en": "Look for an update"}, idempotent=True, timeout_s=CHECK_S),
        Action(key="install", titles={"en": "Install"}, risky=True, timeout_s=CHECK_S),
    ),
)


#: Components that are one value, which their configuration tells what it is.
MADE = frozenset({"boolean", "number", "text", "enum"})
SINGLE = MADE | {"bthomesensor", "button"}
KNOWN = frozenset({*COMPONENTS, *SINGLE, "input"})
#: Components that somebody added may be more or fewer tomorrow: their services are numbered even if there is one.
ADDED = SINGLE | {"bthomedevice", "blutrv", "presencezone"}


#: ``switch:0``, ``wifi``.
_COMPONENT = re.compile(r"([a-z0-9_]+)(?::[0-9]{1,9})?")
_PRESSED = tuple(Event(key=each) for each in PRESSES)


class Asked:
    """What a device was asked, and has answered. ``open``: an answer is wanted, by asking at ``next_ms`` again."""

    def __init__(self) -> None:
        self.answers: dict[int, dict[str, Any]] = {}
        self.components: dict[str, dict[str, Any]] = {}
        self.pages: list[Any] = []
        self.open = True
        self.next_ms = 0
        self.times = 0

    def again(self) -> None:
        """What it answered may not be so any more."""
        self.answers, self.open, self.times = {}, True, 0


class Gen2(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, Asked] = {}  # by prefix
        self._open: dict[tuple[str, int], tuple[str, str]] = {}
        self._next = FIRST_ID

    def announces(self, topic: str) -> bool:
        return topic.endswith(("/events/rpc", "/online")) or (topic.startswith(OURS) and topic.endswith("/rpc"))

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        if topic.startswith(OURS):
            prefix = topic[len(OURS) + 1 :].removesuffix("/rpc")
            return self._answered(prefix, json_of(payload), now_ms)
        found = _TOPIC.fullmatch(topic)
        if found is None:
            return []
        prefix = found[1]
        if found[2] == "online":
            return self._online(prefix, now_ms) if payload == b"true" and _is_shelly(prefix) else []
        body = json_of(payload)
        if not isinstance(body, dict) or not _is_shelly(str(body.get("src", ""))):
            return []
        asked = self._asked.get(prefix)
        if asked is not None and not asked.open and _tells_change(body.get("params")):
            asked.again()
        return self._ask(prefix, now_ms)

    def _online(self, prefix: str, now_ms: int) -> list[Said]:
        """It has connected: perhaps with another profile than before."""
        asked = self._asked.get(prefix)
        if asked is not None and not asked.open and now_ms >= asked.next_ms:
            asked.again()
        return self._ask(prefix, now_ms)

    def _ask(self, prefix: str, now_ms: int) -> list[Said]:
        asked = self._asked.get(prefix)
        if asked is None:
            if len(self._asked) >= DEVICES:
                return []
            asked = self._asked[prefix] = Asked()
        if not asked.open or now_ms < asked.next_ms:
            return []
        asked.next_ms = now_ms + min(AGAIN_MS * 2**asked.times, LONGEST_MS)
        asked.times = min(asked.times + 1, LONGEST_MS.bit_length())
        return [_request(prefix, id, method, {}) for id, method in QUESTIONS.items() if id not in asked.answers]

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """Who hears what is asked only now is asked at once."""
        for prefix, asked in self._asked.items():
            if asked.open and any(matches(each, f"{prefix}/rpc") for each in filters):
                asked.next_ms = asked.times = 0
        return []

    def due(self, now_ms: int) -> list[Said]:
        said: list[Said] = []
        for prefix, asked in self._asked.items():
            if asked.open and asked.times < TIMES:
                said += self._ask(prefix, now_ms)
        return said + super().due(now_ms)

    def _answered(self, prefix: str, body: Any, now_ms: int) -> list[Said]:  # noqa: PLR0911  an order of checks
        asked = self._asked.get(prefix)
        if not isinstance(body, dict) or asked is None:
            return []
        id, result = body.get("id"), body.get("result")
        if not isinstance(id, int):
            return []
        if (prefix, id) in self._open:
            return [_replied(self._open.pop((prefix, id)), body)]
        if id == ASK_COMPONENTS and isinstance(result, dict):
            return self._paged(prefix, asked, result, now_ms)
        if id not in QUESTIONS or not isinstance(result, dict):
            return []
        asked.answers[id] = result
        if len(asked.answers) < len(QUESTIONS):
            return []
        asked.open, asked.pages = False, []
        return [*self._known(prefix, asked, asked.answers[ASK_STATUS], now_ms), _ask_components(prefix, 0)]

    def _paged(self, prefix: str, asked: Asked, result: Mapping[str, Any], now_ms: int) -> list[Said]:
        """A page of its components; with the last it is known what was added to it, and what all are called."""
        listed, total = result.get("components"), result.get("total")
        if not isinstance(listed, list) or not isinstance(total, int) or result.get("offset") != len(asked.pages):
            return []
        asked.pages += listed
        if listed and len(asked.pages) < min(total, MOST_COMPONENTS):
            return [_ask_components(prefix, len(asked.pages))]
        found = [each for each in asked.pages if isinstance(each, dict) and isinstance(each.get("key"), str)]
        asked.components, asked.pages = {each["key"]: each for each in found}, []
        return self._known(prefix, asked, _parts(asked.components, "status"), now_ms) if not asked.open else []

    def _known(self, prefix: str, asked: Asked, fresh: Mapping[str, Any], now_ms: int) -> list[Said]:
        """What it is, by all that it has answered; ``fresh`` is the state of what it has answered just now."""
        info = asked.answers[ASK_INFO]
        added = {name: each for name, each in _parts(asked.components, "status").items() if _kind(name) in ADDED}
        status = {**added, **asked.answers[ASK_STATUS]}
        configs = _parts(asked.components, "config")
        device = str(info.get("id") or prefix)
        key = f"{NAME}:{device}"
        components = sorted(name for name in status if _kind(name) in KNOWN)
        kinds = {_kind(name) for name in components}
        kind = next((KINDS[each] for each in KINDS if each in kinds), None)
        name = info.get("name")
        source = Source_(
            name=name if isinstance(name, str) and name else device,
            model_id=f"{NAME}:{device.lower()}",
            format=NAME,
            vendor="Shelly",
            product=str(info.get("model") or info.get("app") or "") or None,
            kind=kind,
            same_as=(device, str(info.get("mac", device))),
            rank=5,
        )
        said: list[Said] = []
        wanted: dict[str, Piece] = {"sys": self._system(prefix, info)} if isinstance(status.get("sys"), dict) else {}
        counts = Counter(_kind(name) for name in components)
        for name in components:
            told, config, alone = _object(status[name]), configs.get(name, {}), counts[_kind(name)] == 1
            piece = self._piece(prefix, name, told, config, alone=alone and _kind(name) not in ADDED)
            if piece is not None:
                titles = _called(name, config, configs)
                piece.service = msgspec.structs.replace(piece.service, titles=titles) if titles else piece.service
                piece.says = (*piece.says, piece.service)
                wanted[name] = piece
        if not wanted.keys() - {"sys"}:
            return [Odd("", "bad_model", f"{device}: none of its components is known here")]
        for component, piece in wanted.items():
            said += self.put(key, source, component, piece, now_ms)
        device_now = self.devices.get(key)  # None: one too many
        for component in sorted(device_now.pieces.keys() - wanted.keys() if device_now is not None else ()):
            said += self.drop(key, component, now_ms)
        for component in sorted(wanted.keys() & fresh.keys()):
            said += self._read(f"{prefix}/status/{component}", msgspec.json.encode(fresh[component]), now_ms)
        return said

    def _system(self, prefix: str, info: Mapping[str, Any]) -> Piece:
        """Its firmware: what it has, what there is, and to have that."""
        installed = str(info["ver"]) if info.get("ver") else None
        piece = Piece((NAME, prefix, "sys", installed), UPDATE)
        piece.availability.append(Availability(f"{prefix}/online", "true", "false"))
        piece.mode = "told"
        takes: dict[str, Take] = {
            "update.installed_version": lambda _status: installed,
            "update.latest_version": lambda status: _latest(status, installed),
        }
        piece.calls["update.check"] = lambda _input: [self._ask_for(prefix, "Shelly.CheckForUpdate", {})]
        piece.calls["update.install"] = lambda _input: [self._ask_for(prefix, "Shelly.Update", {"stage": "stable"})]
        return _reads(piece, prefix, "sys", takes)

    def _piece(
        self, prefix: str, name: str, told: Mapping[str, Any], config: Mapping[str, Any], *, alone: bool
    ) -> Piece | None:
        kind, _, number = name.partition(":")
        service = kind if alone else f"{kind}_{number}"
        piece = Piece((NAME, prefix, name), Service(key=service))
        piece.availability.append(Availability(f"{prefix}/online", "true", "false"))
        piece.mode = "told"
        if kind == "input":
            property, take = next((INPUTS[each] for each in INPUTS if each in told), INPUTS["state"])
            events = _PRESSED if property.key == "state" else ()
            piece.service = Service(key=service, properties=(property,), events=events)
            return _reads(piece, prefix, name, {f"{service}.{property.key}": take})
        if kind in SINGLE:
            return self._value(piece, prefix, name, service, config)
        members = {t: (w, take) for t, w, take in COMPONENTS[kind] if w or take.is_in(told)}
        if kind == "cover" and told.get("pos_control") is False:
            members = {each: given for each, given in members.items() if each != "position"}
        if told.get("slat_pos") is None:
            members.pop("tilt", None)
        if not members:
            return None
        properties = [trait_property(trait, writable=writable) for trait, (writable, _take) in members.items()]
        takes = {f"{service}.{trait}": take for trait, (_writable, take) in members.items()}
        for key, trait, take in BESIDE.get(kind, ()):
            if take.is_in(told):
                role = "diagnostic" if key == "device_temperature" else "sensor"
                properties.append(trait_property(trait, writable=False, key=key, role=role))
                takes[f"{service}.{key}"] = take
        actions = tuple(Action(key=each, titles={"en": each.capitalize()}) for each in COVER) if kind == "cover" else ()
        for each in actions:
            piece.calls[f"{service}.{each.key}"] = self._cover(prefix, each.key.capitalize(), int(number or 0))
        events = _PRESSED if kind == "bthomedevice" else ()
        piece.service = Service(key=service, properties=tuple(properties), actions=actions, events=events)
        writer = self._writer(prefix, kind, int(number or 0), service)
        piece.writers = {f"{service}.{t}": writer for t, (writable, _take) in members.items() if writable}
        return _reads(piece, prefix, name, takes)

    def _value(self, piece: Piece, prefix: str, name: str, service: str, config: Mapping[str, Any]) -> Piece:
        """A component that is one value, or is pressed."""
        kind, _, number = name.partition(":")
        if kind == "button":
            piece.service = Service(
                key=service, actions=(Action(key="press", titles={"en": "Press"}),), events=_PRESSED
            )
            params = {"id": int(number), "event": "single_push"}
            piece.calls[f"{service}.press"] = lambda _input: [self._ask_for(prefix, "Button.Trigger", params)]
            return _reads(piece, prefix, name, {})
        told = bthome_told(config) if kind == "bthomesensor" else made_told(kind, config)
        if told.property is None:
            piece.service = Service(key=service, events=_PRESSED)
            return _reads(piece, prefix, name, {})
        piece.service = Service(key=service, properties=(told.property,))
        address = f"{service}.{told.property.key}"
        if kind in MADE:
            piece.writers[address] = lambda values: [
                self._ask_for(prefix, f"{kind.capitalize()}.Set", {"id": int(number), "value": values[address]})
            ]
        return _reads(piece, prefix, name, {address: lambda status: told.turn(status.get("value"))})

    def _cover(self, prefix: str, method: str, number: int) -> Callable[[Mapping[str, Any]], list[Say]]:
        return lambda _input: [self._ask_for(prefix, f"Cover.{method}", {"id": number})]

    def _ask_for(self, prefix: str, method: str, params: Mapping[str, Any]) -> Say:
        """A request whose reply is waited for."""
        self._next = self._next + 1 if self._next < 2**31 - 1 else FIRST_ID
        return _request(prefix, self._next, method, params)

    def _writer(self, prefix: str, kind: str, number: int, service: str) -> Any:
        def writer(values: dict[str, Any]) -> list[Say]:
            wanted = {address.removeprefix(f"{service}."): value for address, value in values.items()}
            params: dict[str, Any]
            if kind == "cover":
                method, params = "Cover.GoToPosition", {"id": number}
                names = (("pos", "position"), ("slat_pos", "tilt"))
                params |= {name: round(wanted[each]) for name, each in names if each in wanted}
            elif kind == "thermostat":
                names = (("enable", "on_off"), ("target_C", "target_temperature"))
                method, config = "Thermostat.SetConfig", {name: wanted[each] for name, each in names if each in wanted}
                params = {"id": number, "config": {"id": number, **config}}
            elif kind == "blutrv":
                wanted_c = {"target_C": wanted["target_temperature"]}
                method = "BluTrv.Call"
                params = {"id": number, "method": "TRV.SetTarget", "params": {"id": 0, **wanted_c}}
            else:
                method = (kind.upper() if kind in LAMPS else kind.capitalize()) + ".Set"
                params = {"id": number, **_params(wanted)}
                if kind == "rgbcct" and ("rgb" in params or "ct" in params):
                    params["mode"] = "rgb" if "rgb" in params else "cct"
            return [self._ask_for(prefix, method, params)]

        return writer

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        said = super().wanted(thing, topic, payload, now_ms)
        for each in said:
            prefix = each.topic.removesuffix("/rpc")
            self._open[prefix, msgspec.json.decode(each.payload)["id"]] = (thing, payload["id"])
        while len(self._open) > OPEN:
            del self._open[next(iter(self._open))]
        return said


def _latest(status: Mapping[str, Any], installed: str | None) -> Any:
    """The newest stable firmware; what it has where there is no other. Where nothing is said of it, nothing."""
    found = status.get("available_updates")
    stable = found.get("stable") if isinstance(found, dict) else None
    if isinstance(stable, dict) and isinstance(stable.get("version"), str):
        return stable["version"]
    return installed if isinstance(found, dict) else None


def _params(wanted: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if "on_off" in wanted:
        params["on"] = wanted["on_off"]
    if "brightness" in wanted:
        params["brightness"] = round(wanted["brightness"])
    if "color_temperature" in wanted:
        params["ct"] = round(wanted["color_temperature"])
    if "color" in wanted:
        params["rgb"] = list(color_of(wanted["color"]))
    return params


def _is_shelly(text: str) -> bool:
    return text.rpartition("/")[2].startswith("shelly")


def _request(prefix: str, id: int, method: str, params: Mapping[str, Any]) -> Say:
    body = {"id": id, "src": f"{OURS}/{prefix}", "method": method, "params": params}
    return Say(f"{prefix}/rpc", msgspec.json.encode(body))


def _replied(known: tuple[str, str], body: Mapping[str, Any]) -> Replied:
    error = body.get("error")
    if isinstance(error, dict):
        return Replied(*known, False, error=f"{error.get('message', 'it refused')} (code {error.get('code')})")
    return Replied(*known, True)


def _kind(name: str) -> str:
    """``switch`` of ``switch:0``; "" of what is none."""
    found = _COMPONENT.fullmatch(name)
    return found[1] if found is not None else ""


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _parts(components: Mapping[str, Mapping[str, Any]], part: str) -> dict[str, dict[str, Any]]:
    """The statuses, or configurations, of components."""
    return {name: each[part] for name, each in components.items() if isinstance(each.get(part), dict)}


def _called(name: str, config: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What people call a component; of a Bluetooth device's sensor, at least what they call that."""
    own = config.get("name")
    if not own and name.startswith("bthomesensor:"):
        devices = (each for of, each in configs.items() if of.startswith("bthomedevice:"))
        own = next((each.get("name") for each in devices if each.get("addr") == config.get("addr")), None)
    return {"en": own.strip()[:64]} if isinstance(own, str) and own.strip() else {}


def _tells_change(params: Any) -> bool:
    """Whether events say that a device has other components now, or that they are called otherwise."""
    events = params.get("events") if isinstance(params, dict) else None
    listed = events if isinstance(events, list) else []
    return any(isinstance(each, dict) and each.get("event") in CHANGES for each in listed)


def _ask_components(prefix: str, offset: int) -> Say:
    params = {"offset": offset, "include": ["status", "config"]}
    return _request(prefix, ASK_COMPONENTS, "Shelly.GetComponents", params)


def _reads(piece: Piece, prefix: str, name: str, takes: Mapping[str, Take]) -> Piece:
    """Where a component says its state, and that it was pressed."""
    pressed = f"{piece.service.key}." if piece.service.events else ""

    def notified(payload: bytes, now_ms: int) -> Reading:
        """NotifyStatus tells what changed, NotifyFullStatus everything; NotifyEvent what happened."""
        params = _object(_object(json_of(payload)).get("params"))
        events = params.get("events") if pressed else None
        told: list[tuple[str, dict[str, Any]]] = [
            (f"{pressed}{each['event']}", {})
            for each in (events if isinstance(events, list) else [])
            if isinstance(each, dict) and each.get("component") == name and each.get("event") in PRESSES
        ]
        return Reading(_values(takes, _object(params.get(name))), told)

    def status(payload: bytes, now_ms: int) -> Reading:
        return Reading(_values(takes, _object(json_of(payload))))

    piece.readers.append((f"{prefix}/events/rpc", notified))
    piece.readers.append((f"{prefix}/status/{name}", status))
    return piece


def _values(takes: Mapping[str, Take], status: Mapping[str, Any]) -> dict[str, Any]:
    return {address: value for address, take in takes.items() if (value := take(status)) is not None}
