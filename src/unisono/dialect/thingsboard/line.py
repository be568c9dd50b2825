"""One ThingsBoard device's connection, and those that it is the gateway of.

Source: "MQTT Device API Reference" and "MQTT Gateway API Reference" of ThingsBoard. Telemetry and client attributes are
reports; a wanted value is a shared attribute, or an RPC where the device listens to nothing else; an action is an RPC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unisono.dialect.learning import is_learned
from unisono.dialect.said import Asks, Happened, Hears, Odd, Replied, Reported, Said, Say, There
from unisono.dialect.seam import Caller, Part
from unisono.dialect.thingsboard import firmware
from unisono.dialect.thingsboard.topics import ME, heard_in, read_topic, write_topic
from unisono.dialect.thingsboard.words import Words, read_telemetry
from unisono.errors import CallerError
from unisono.thing import Model

__all__ = ["SessionLimits", "ThingsBoardLine"]

GATEWAY = "v1/gateway/"
#: The short topics, and those of firmware.
SECOND = ("v2/t", "v2/a", "v2/r/", "v2/fw/", "v2/sw/")
PROVISION = "/provision/request"
PROVISIONED = "/provision/response"
#: Commands whose reply is waited for; messages of a gateway's device that wait until the hub knows it.
OPEN, WAITING = 256, 100
LARGEST_ID = 2**31 - 1

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
encode = msgspec.json.encode


class SessionLimits(msgspec.Struct, rename="camel"):
    """What a client is told of the limits here: none of the rates that ThingsBoard has."""

    max_payload_size: int = 256 * 1024
    max_inflight_messages: int = 100
    rate_limits: dict[str, str] = {}
    gateway_rate_limits: dict[str, str] = {}


class Spoken:
    """One thing that the line speaks for. ``device``: its name at the gateway, "" for the device itself."""

    def __init__(self, part: Part, device: str) -> None:
        self.thing = part.thing
        self.device = device
        self.model: Model = part.model
        self.words = Words(part.model)
        self.learns = is_learned(part.model)


class ThingsBoardLine:
    """The `unisono.dialect.Line` of one connection."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._own: Spoken | None = None
        self._devices: dict[str, Spoken] = {}
        self._things: dict[str, Spoken] = {}
        self._waiting: dict[str, list[tuple[str, Any]]] = {}
        self._learning: dict[str, list[Any]] = {}  # thing > what waits until its model has what it says
        self._full: set[str] = set()
        self._connected: set[str] = set()
        self._adopted: set[str] = set()  # what the hub has taken in on our asking
        self._open: dict[str, tuple[str, str, str]] = {}  # id of an RPC > thing, command, action
        self._attributes = self._rpc = ""  # in which form it listens to them
        self._gateway_attributes = self._gateway_rpc = False
        self._next_id = 0
        self._tried = False
        self._updates = False  # it wants to know of firmware
        self._offered: dict[str, Any] = {}  # what it was told of it last

    # the seam

    def begin(self, now_ms: int) -> list[Said]:
        self._next_id = now_ms // 1000 % LARGEST_ID
        return []

    def know(self, parts: Sequence[Part]) -> list[Said]:
        self._own = Spoken(parts[0], "") if parts else None
        own = f"{parts[0].thing}/" if parts else ""
        self._devices = {part.name.removeprefix(own): Spoken(part, part.name.removeprefix(own)) for part in parts[1:]}
        spoken = [*([self._own] if self._own is not None else []), *self._devices.values()]
        self._things = {each.thing: each for each in spoken}
        said: list[Said] = [self._asks_firmware("offered")] if self._own is not None and self._updates else []
        for device in [each for each in self._waiting if each in self._devices and each in self._adopted]:
            said += self._heard_again(device)
        return said

    def mine(self, topic: str) -> bool:
        return topic.startswith((ME, GATEWAY, *SECOND)) or topic == PROVISION

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """What a device listens to is where it can be told."""
        self._attributes = self._attributes or heard_in(filters, "attributes")
        self._rpc = self._rpc or heard_in(filters, "rpc/request", "1")
        self._gateway_attributes |= any(each in (f"{GATEWAY}attributes", f"{GATEWAY}#") for each in filters)
        self._gateway_rpc |= any(each in (f"{GATEWAY}rpc", f"{GATEWAY}#") for each in filters)
        said: list[Said] = []
        if self._own is not None and (self._attributes or self._rpc):
            said.append(Hears(self._own.thing))
        return said + [Hears(self._devices[each].thing) for each in sorted(self._connected & self._devices.keys())]

    def due(self, now_ms: int) -> list[Said]:
        return []

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        if topic == PROVISION and self._caller.way != "device":
            tried, self._tried = self._tried, True
            return [_refused("one try a connection")] if tried else self._provision(payload)
        if not topic.startswith((ME, GATEWAY, *SECOND)):
            return None
        own = self._own
        if own is None:
            return [Odd("", "topic_not_allowed", "it has not signed in as a device")]
        if topic.startswith(firmware.CHUNKS):
            return firmware.read_request(own.thing, topic, payload)
        try:
            body = msgspec.json.decode(payload) if payload else {}
        except UNREADABLE as error:
            return [Odd(own.thing, "bad_json", f"not valid JSON: {error}")]
        return self._understood(own, topic, body, now_ms)

    def _understood(self, own: Spoken, topic: str, body: Any, now_ms: int) -> list[Said]:
        if topic.startswith(GATEWAY):
            return self._gateway(own, topic.removeprefix(GATEWAY), body, now_ms)
        found = read_topic(topic)
        if found is None:
            return [Odd(own.thing, "topic_not_allowed", f"ThingsBoard's {topic[:100]} is not supported")]
        return self._device(own, *found, body, now_ms)

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        spoken = self._things[thing]
        if topic == "set":
            return self._set(spoken, payload["id"], spoken.words.down(payload["state"]))
        action = topic.partition("/")[2]
        return self._call(spoken, payload["id"], action, action.rpartition(".")[2], payload.get("input") or {})

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        return _ANSWERED[token[0]](self, token, answer)

    # the device itself

    def _device(self, own: Spoken, form: str, topic: str, body: Any, now_ms: int) -> list[Said]:
        if topic in ("telemetry", "attributes"):
            return self._reported(own, body)
        kind, _, number = topic.rpartition("/")
        if kind == "attributes/request":
            return self._asked(own, body, ("attributes", own, form, number))
        if kind == "rpc/response":
            return self._replied(own, number, body)
        if kind == "rpc/request":
            return self._client_rpc(own, form, number, body, now_ms)
        if topic == "claim":
            return []  # who signs in here belongs to somebody already
        return [Odd(own.thing, "topic_not_allowed", f"ThingsBoard's {topic[:100]} is not supported")]

    def _reported(self, spoken: Spoken, body: Any) -> list[Said]:
        found = read_telemetry(body)
        if found is None:
            expected = "telemetry is an object of values, or a list of them with their times"
            return [Odd(spoken.thing, "bad_value", expected)]
        if spoken.thing in self._learning:
            held = self._learning[spoken.thing]
            held.append(body)
            del held[:-WAITING]
            return []
        if not spoken.learns:
            found = [(at, spoken.words.without_firmware(values)) for at, values in found]
        unknown = {
            key: value for _at, values in found for key, value in values.items() if spoken.words.find(key) is None
        }
        if unknown and spoken.learns and spoken.thing not in self._full:
            self._learning[spoken.thing] = [body]
            facts = {"thing": spoken.thing, "values": unknown}
            return [Asks("learn", facts, ("learned", spoken.thing, sorted(unknown)))]
        return [Reported(spoken.thing, spoken.words.up(values), at_ms) for at_ms, values in found if values]

    def _learned(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        """Its model has what it said now, or has no room for it."""
        _kind, thing, names = token
        held = self._learning.pop(thing, [])
        spoken = self._things.get(thing)
        if spoken is None:
            return []
        if any(spoken.words.find(name) is None for name in names):
            self._full.add(thing)
        return [said for body in held for said in self._reported(spoken, body)]

    def _asked(self, spoken: Spoken, body: Any, token: Any) -> list[Said]:
        if not isinstance(body, dict):
            return [Odd(spoken.thing, "bad_value", "a request for attributes is an object")]
        wanted = _keys(body.get("clientKeys")), _keys(body.get("sharedKeys"))
        return [Asks("twin", {"thing": spoken.thing}, (*token, wanted))]

    def _attributes_told(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        _kind, spoken, form, number, (client, shared) = token
        told = _attributes(spoken, answer, client, shared)
        if firmware.wants(shared, client):
            self._updates = True
            return [self._asks_firmware("fw_attributes", told, form, number, shared)]
        return [Say(write_topic(form, "attributes/response", number), encode(told))]

    # firmware

    def _asks_firmware(self, *token: Any) -> Asks:
        assert self._own is not None
        return Asks("firmware", {"thing": self._own.thing}, token)

    def _firmware_told(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        """It asked for attributes, of which some are of its firmware."""
        _kind, told, form, number, shared = token
        self._offered = firmware.attributes(answer)
        chosen = {name: value for name, value in self._offered.items() if not shared or name in shared}
        if chosen:
            told = {**told, "shared": {**told.get("shared", {}), **chosen}}
        return [Say(write_topic(form, "attributes/response", number), encode(told))]

    def _firmware_offered(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        """It is offered another than before, perhaps."""
        offered = firmware.attributes(answer)
        if not offered or offered == self._offered or not self._attributes:
            return []
        self._offered = offered
        return [Say(write_topic(self._attributes, "attributes"), encode(offered))]

    def _client_rpc(self, own: Spoken, form: str, number: str, body: Any, now_ms: int) -> list[Said]:
        """What a device asks of the hub. An event of the model is told; what nobody knows is said so."""
        method = body.get("method") if isinstance(body, dict) else None
        if not isinstance(method, str):
            return [Odd(own.thing, "bad_value", 'an RPC has a "method"')]
        said: list[Said] = []
        if method == "getSessionLimits":
            answer: Any = SessionLimits()
        elif method in ("getCurrentTime", "getTime"):
            answer = now_ms
        elif method in own.model.events:
            params = body.get("params")
            said.append(Happened(own.thing, method, params if isinstance(params, dict) else {}))
            answer = {}
        else:
            answer = {"error": f"there is no method {method[:80]!r} here"}
        return [*said, Say(write_topic(form, "rpc/response", number), encode(answer))]

    # commands

    def _set(self, spoken: Spoken, command: str, values: dict[str, Any]) -> list[Say]:
        if spoken.device:
            if self._gateway_attributes:
                return [Say(f"{GATEWAY}attributes", encode({"device": spoken.device, "data": values}))]
        elif self._attributes:
            return [Say(write_topic(self._attributes, "attributes"), encode(values))]
        return self._call(spoken, command, "", "setAttributes", values)

    def _call(self, spoken: Spoken, command: str, action: str, method: str, params: Mapping[str, Any]) -> list[Say]:
        if not (self._gateway_rpc if spoken.device else self._rpc):
            raise CallerError("the device listens to no calls", code="no_answer")
        self._next_id = self._next_id % LARGEST_ID + 1
        number = self._next_id
        self._open[str(number)] = (spoken.thing, command, action)
        while len(self._open) > OPEN:
            del self._open[next(iter(self._open))]
        if spoken.device:
            data = {"id": number, "method": method, "params": params}
            return [Say(f"{GATEWAY}rpc", encode({"device": spoken.device, "data": data}))]
        body = encode({"method": method, "params": params})
        return [Say(write_topic(self._rpc, "rpc/request", number), body)]

    def _replied(self, spoken: Spoken, number: str, body: Any) -> list[Said]:
        known = self._open.pop(number, None)
        if known is None or known[0] != spoken.thing:
            return [Odd(spoken.thing, "not_found", f"it replies to {number[:40]!r}, which nobody asked")]
        thing, command, action = known
        if isinstance(body, dict) and body.get("error"):
            return [Replied(thing, command, False, error=str(body["error"]))]
        return [Replied(thing, command, True, body if action else None)]

    # a gateway

    def _gateway(self, own: Spoken, topic: str, body: Any, now_ms: int) -> list[Said]:
        if not isinstance(body, dict):
            return [Odd(own.thing, "bad_value", "what a gateway says is an object")]
        if topic in ("telemetry", "attributes"):
            return [each for device, given in body.items() for each in self._of_device(own, device, given)]
        device = body.get("device")
        if not isinstance(device, str) or not device or len(device) > 200:
            return [] if topic == "claim" else [Odd(own.thing, "bad_value", f'{topic[:40]} names a "device"')]
        act = _ACTS.get(topic)
        if act is None:
            return [Odd(own.thing, "topic_not_allowed", f"ThingsBoard's gateway/{topic[:80]} is not supported")]
        return act(self, own, device, body)

    def _disconnect(self, own: Spoken, device: str, body: Mapping[str, Any]) -> list[Said]:
        self._connected.discard(device)
        spoken = self._devices.get(device)
        return [There(spoken.thing, False)] if spoken is not None and device not in self._waiting else []

    def _claim(self, own: Spoken, device: str, body: Mapping[str, Any]) -> list[Said]:
        return []

    def _connect(self, own: Spoken, device: str, body: Mapping[str, Any]) -> list[Said]:
        kind = body.get("type")
        self._connected.add(device)
        spoken = self._devices.get(device)
        if spoken is not None and device not in self._waiting:
            return [There(spoken.thing, True), Hears(spoken.thing)]
        if device in self._waiting:
            return []
        self._waiting[device] = []
        return [Asks("adopt", {"name": device, "model": kind if isinstance(kind, str) else ""}, ("adopted", device))]

    def _taken_in(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        if answer is None or not answer.get("thing"):
            self._waiting.pop(token[1], None)
            why = f"the device {token[1][:80]!r} could not be added"
            return [Odd(self._own.thing if self._own is not None else "", "bad_model", why)]
        # the gateway may have told its parts already, or does so soon: only now does the log know it too
        self._adopted.add(token[1])
        return self._heard_again(token[1]) if token[1] in self._devices and token[1] in self._waiting else []

    def _of_device(self, own: Spoken, device: str, given: Any) -> list[Said]:
        spoken = self._devices.get(device)
        waiting = self._waiting.get(device)
        if spoken is not None and waiting is None:
            comes = [] if device in self._connected else self._connect(own, device, {})
            return [*comes, *self._reported(spoken, given)]
        if waiting is None:
            return [*self._connect(own, device, {}), *self._of_device(own, device, given)]
        waiting.append((device, given))
        del waiting[:-WAITING]
        return []

    def _heard_again(self, device: str) -> list[Said]:
        """The hub knows it now: what it said meanwhile."""
        spoken = self._devices[device]
        said: list[Said] = [There(spoken.thing, True), Hears(spoken.thing)] if device in self._connected else []
        for _device, given in self._waiting.pop(device):
            said += self._reported(spoken, given)
        return said

    def _gateway_replied(self, own: Spoken, device: str, body: Mapping[str, Any]) -> list[Said]:
        spoken = self._devices.get(device)
        if spoken is None:
            return [Odd(own.thing, "topic_not_allowed", f"it speaks for {device[:80]!r}, which it has not connected")]
        data = body.get("data")
        found = self._replied(spoken, str(body.get("id")), data)
        refused = isinstance(data, dict) and data.get("success") is False
        if refused and isinstance(found[0], Replied):
            return [Replied(spoken.thing, found[0].command, False, error=str(data or "it refused")[:200])]
        return found

    def _gateway_asked(self, own: Spoken, device: str, body: Mapping[str, Any]) -> list[Said]:
        spoken = self._devices.get(device)
        if spoken is None:
            return [Odd(own.thing, "topic_not_allowed", f"it asks about {device[:80]!r}, which it has not connected")]
        one = body.get("key")
        keys = [one] if isinstance(one, str) else _keys(body.get("keys")) or []
        token = ("gateway_attributes", spoken, body.get("id"), bool(body.get("client")), keys, isinstance(one, str))
        return [Asks("twin", {"thing": spoken.thing}, token)]

    def _gateway_attributes_told(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        _kind, spoken, number, client, keys, alone = token
        told = _attributes(spoken, answer, keys if client else [], [] if client else keys)
        values = told.get("client" if client else "shared", {})
        body: dict[str, Any] = {"id": number, "device": spoken.device}
        body |= {"value": values.get(keys[0])} if alone else {"values": values}
        return [Say(f"{GATEWAY}attributes/response", encode(body))]

    # provisioning

    def _provision(self, payload: bytes) -> list[Said]:
        try:
            body = msgspec.json.decode(payload, type=dict[str, Any])
        except UNREADABLE:
            return [_refused("a request is a JSON object")]
        key, secret, name = (body.get(each) for each in ("provisionDeviceKey", "provisionDeviceSecret", "deviceName"))
        kind = body.get("credentialsType", "ACCESS_TOKEN")
        if not isinstance(key, str) or not isinstance(secret, str) or kind != "ACCESS_TOKEN":
            return [_refused("expected provisionDeviceKey, provisionDeviceSecret and access tokens")]
        device = name if isinstance(name, str) and name else "device"
        token = body.get("token")
        own = token if isinstance(token, str) else ""
        caller = Caller(self._caller.dialect, device, key, "register_open", {"device": device, "token": own})
        return [Asks("register", {"callers": [caller], "proofs": [secret]}, ("provisioned",))]

    def _provisioned(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        made = (answer or {}).get("registered") or []
        if not made or not made[0].get("ok"):
            return [_refused(str(made[0].get("why")) if made else "the hub cannot say now")]
        body = {
            "status": "SUCCESS",
            "provisionDeviceStatus": "SUCCESS",
            "credentialsType": "ACCESS_TOKEN",
            "credentialsValue": made[0]["secret"],
        }
        return [Say(PROVISIONED, encode(body))]


_ACTS: dict[str, Callable[[ThingsBoardLine, Spoken, str, Mapping[str, Any]], list[Said]]] = {
    "connect": ThingsBoardLine._connect,
    "disconnect": ThingsBoardLine._disconnect,
    "rpc": ThingsBoardLine._gateway_replied,
    "attributes/request": ThingsBoardLine._gateway_asked,
    "claim": ThingsBoardLine._claim,
}
_ANSWERED: dict[str, Callable[[ThingsBoardLine, Any, Mapping[str, Any] | None], list[Said]]] = {
    "attributes": ThingsBoardLine._attributes_told,
    "gateway_attributes": ThingsBoardLine._gateway_attributes_told,
    "adopted": ThingsBoardLine._taken_in,
    "provisioned": ThingsBoardLine._provisioned,
    "learned": ThingsBoardLine._learned,
    "fw_attributes": ThingsBoardLine._firmware_told,
    "offered": ThingsBoardLine._firmware_offered,
    "chunk": lambda _line, token, answer: firmware.part_told(token, answer),
}


def _refused(why: str) -> Say:
    return Say(PROVISIONED, encode({"status": "FAILURE", "provisionDeviceStatus": "FAILURE", "errorMsg": why}))


def _keys(given: Any) -> list[str] | None:
    """Keys parted by commas, or a list of them."""
    if isinstance(given, str):
        return [each.strip() for each in given.split(",") if each.strip()]
    return [str(each) for each in given] if isinstance(given, list) else None


def _attributes(
    spoken: Spoken, answer: Mapping[str, Any] | None, client: list[str] | None, shared: list[str] | None
) -> dict[str, Any]:
    """Client attributes are what was reported; shared ones what is wanted, or was reported of what can be set. Without
    keys all are told."""
    if answer is None:
        return {}
    reported = {address: value for address, (value, _at) in answer["state"].items()}
    wanted = {address: value for address, (value, _at) in answer["desired"].items()}
    settable = {address: value for address, value in reported.items() if spoken.words.writable(address)} | wanted
    everything = client is None and shared is None
    told: dict[str, Any] = {}
    for name, keys, values in (("client", client, reported), ("shared", shared, settable)):
        if everything:
            chosen = spoken.words.down(values)
        else:
            found = {key: spoken.words.find(key) for key in keys or ()}
            chosen = {key: values[address] for key, address in found.items() if address in values}
        if chosen:
            told[name] = chosen
    return told
