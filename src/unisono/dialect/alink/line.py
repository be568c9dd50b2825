"""One Alink device's connection: its own messages, and those of the sub-devices that it is the gateway of.

Source: "Alink protocol" of Alibaba's IoT Platform, and the topics that its Python SDK 1.2.13 uses. The server hears and
speaks on the device's behalf: what is said down needs no subscription.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from unisono.dialect.alink.configuration import NO_CONFIG, Configurations
from unisono.dialect.alink.gateway import SubDevices
from unisono.dialect.alink.history import read_batch, read_history, read_pack, read_values
from unisono.dialect.alink.shadow import Shadow
from unisono.dialect.alink.signin import join_name, split_name
from unisono.dialect.alink.updates import Updates
from unisono.dialect.alink.wire import OK, UNREADABLE, Request, encode, encode_reply, encode_request, read_request
from unisono.dialect.alink.words import Words
from unisono.dialect.said import Asks, Happened, Hears, Odd, Replied, Reported, Said, Say
from unisono.dialect.seam import Caller, Part

__all__ = ["AlinkLine", "Spoken"]

#: Commands whose reply is still waited for, per connection; the oldest are forgotten.
OPEN = 256
#: Ids of requests are whole numbers that old firmwares keep in 31 bits.
LARGEST_ID = 2**31 - 1
#: What Alibaba answers: a request that is no request.
BAD_REQUEST = 460

#: How topics begin that are Alink's; any other is ordinary publish and subscribe, as the maker likes it.
SPACES = ("/sys/", "/ext/", "/ota/", "/shadow/")


class Spoken:
    """One thing that the line speaks for: its part, its words, its topics."""

    def __init__(self, part: Part) -> None:
        self.thing = part.thing
        self.product, self.device = split_name(part.name)
        self.words = Words(part.model)
        self.model = part.model
        self.sys = f"/sys/{self.product}/{self.device}/"


class AlinkLine:
    """The `unisono.dialect.Line` of one connection."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._own_product, self._own_device = split_name(caller.name)
        # bit 0 of ``ext`` says that the device takes calls which wait for an answer on topics of their own
        self._rrpc = caller.proof.get("ext", "").isdigit() and int(caller.proof["ext"]) & 1 == 1
        self.spoken: dict[str, Spoken] = {}
        self._names: dict[str, str] = {}
        self._open: dict[str, tuple[str, str, str]] = {}  # id of a request > thing, command, action
        self._next_id = 0
        self.subs = SubDevices(self)
        self._shadow = Shadow(self)
        self._updates = Updates(self)
        self._configurations = Configurations(self)

    # the seam

    def begin(self, now_ms: int) -> list[Said]:
        self._next_id = now_ms // 1000 % LARGEST_ID
        if self._caller.way != "device":
            return [Asks("register", {"callers": [self._caller]}, ("registered", self._caller.way))]
        return []

    def know(self, parts: Sequence[Part]) -> list[Said]:
        said: list[Said] = []
        own = parts[0].thing if parts else ""
        before = self.spoken
        self.spoken = {part.name: Spoken(part) for part in parts}
        self._names = {part.thing: part.name for part in parts}
        if own and not before:
            said.append(Hears(own))
        said += self.subs.known()
        said += self._updates.known()
        # the same things once more: something about them is another, and not that one came or went
        return said + (self._configurations.known() if before.keys() == self.spoken.keys() else [])

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        return []

    def due(self, now_ms: int) -> list[Said]:
        return []

    def mine(self, topic: str) -> bool:
        return topic.startswith(SPACES)

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        levels = topic.split("/")
        if len(levels) < 4 or levels[0]:
            return None
        space = levels[1]
        if space == "sys" and len(levels) > 5 and levels[4] == "thing":
            return self._thing(join_name(levels[2], levels[3]), "/".join(levels[5:]), topic, payload, now_ms)
        if space == "ext":
            return self._ext(levels, topic, payload, now_ms)
        if space == "ota" and levels[2] == "device" and len(levels) == 6:
            return self._updates.heard(join_name(levels[4], levels[5]), levels[3], payload)
        if space == "shadow" and levels[2] == "update" and len(levels) == 5:
            return self._shadow.heard(join_name(levels[3], levels[4]), topic, payload, now_ms)
        return None

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        spoken = self.spoken[self._names[thing]]
        id = self.new_id()
        if topic == "set":
            self._remember(id, (thing, payload["id"], ""))
            params = spoken.words.down(payload["state"])
            return [Say(spoken.sys + "thing/service/property/set", self._request(id, "property.set", params))]
        action = topic.partition("/")[2]
        self._remember(id, (thing, payload["id"], action))
        service = spoken.words.action(action).replace(":", ".")
        params = spoken.words.input(action, payload.get("input") or {})
        way = f"/ext/rrpc/{id}" if self._rrpc and spoken.words.is_sync(action) else ""
        body = self._request(id, service, params)
        return [Say(f"{way}{spoken.sys}thing/service/{service}", body)]

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        kind = token[0]
        if kind == "registered":
            return self._registered(token[1], answer)
        if kind == "shadow":
            return self._shadow.answered(token, answer, now_ms)
        if kind == "desired":
            return self._desired(token, answer)
        if kind == "firmware":
            return self._updates.answered(token, answer)
        if kind == "configuration":
            return self._configurations.answered(token, answer)
        return self.subs.answered(token, answer)

    # what devices say

    def _thing(self, name: str, method: str, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        spoken = self.spoken.get(name)
        if spoken is None or not self.subs.speaks_for(name):
            return [Odd(self.thing, "topic_not_allowed", f"{name} has not signed in through this connection")]
        if method in ("model/up_raw", "model/down_raw_reply"):
            return [
                Odd(spoken.thing, "bad_value", "raw data needs a script of its maker: set the device to Alink JSON")
            ]
        try:
            request = read_request(payload)
        except UNREADABLE as error:
            return self._malformed(spoken, topic, error)
        handler = _HANDLERS.get(method)
        if handler is not None:
            return handler(self, spoken, request, topic, now_ms)
        return self._named(spoken, request, topic, method)

    def _named(self, spoken: Spoken, request: Request, topic: str, method: str) -> list[Said]:
        """What has the name of an event or a service in its topic."""
        if method.startswith("event/") and method.endswith("/post"):
            return self._event(spoken, request, topic, method[6:-5])
        if not method.endswith("_reply"):
            return [Odd(spoken.thing, "topic_not_allowed", f"Alink's {method} is not supported")]
        return self._replied(spoken, request) if method.startswith("service/") else []

    def _malformed(self, spoken: Spoken, topic: str, error: Exception) -> list[Said]:
        said: list[Said] = [Odd(spoken.thing, "bad_json", f"no Alink message: {error}")]
        if not topic.endswith("_reply"):
            text = "request parameter error"
            said.append(Say(topic + "_reply", encode_reply(Request(), "", code=BAD_REQUEST, message=text)))
        return said

    def reply(
        self, request: Request, topic: str, data: Any = None, code: int = OK, message: str = "success"
    ) -> list[Said]:
        if not request.wants_reply:
            return []
        own = topic.partition("/thing/")[2].replace("/", ".")
        method = request.method or (f"thing.{own}" if own else "")
        return [Say(topic + "_reply", encode_reply(request, method, data, code, message))]

    def bad(self, spoken: Spoken, request: Request, topic: str, detail: str) -> list[Said]:
        """It is an Alink message and says nothing that can be."""
        told: list[Said] = [Odd(spoken.thing, "bad_value", detail)]
        return told + self.reply(request, topic, code=BAD_REQUEST, message="request parameter error")

    def _post(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        if not isinstance(request.params, dict):
            return self.bad(spoken, request, topic, "params of a property post are an object")
        refused: dict[str, str] = {}
        return [*self.reports(spoken, read_values(request.params), refused), *self.reply(request, topic, refused)]

    def reports(
        self, spoken: Spoken, values: Iterable[tuple[int | None, dict[str, Any]]], refused: dict[str, str]
    ) -> list[Said]:
        """``refused``: takes in what the answer tells of values that are not."""
        said: list[Said] = []
        for at_ms, params in values:
            if params:
                found = spoken.words.up(params)
                refused |= spoken.words.refused(params, found)
                said.append(Reported(spoken.thing, found, at_ms))
        return said

    def happened(self, spoken: Spoken, identifier: str, params: Any) -> Said:
        """``params``: the fields in ``value``, or bare."""
        inner = params.get("value") if isinstance(params, dict) else None
        fields = inner if isinstance(inner, dict) else params if isinstance(params, dict) else {}
        event, fields = spoken.words.event(identifier, {k: v for k, v in fields.items() if k != "time" or inner})
        return Happened(spoken.thing, event, fields)

    def _event(self, spoken: Spoken, request: Request, topic: str, identifier: str) -> list[Said]:
        if not isinstance(request.params, dict):
            return self.bad(spoken, request, topic, "params of an event are an object")
        return [self.happened(spoken, identifier.replace("/", "."), request.params), *self.reply(request, topic)]

    def _batch(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._several(spoken, request, topic, [(spoken, read_batch(request.params))])

    def _history(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._several(spoken, request, topic, self.named(spoken, read_history(request.params)))

    def _pack(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._several(spoken, request, topic, self.named(spoken, read_pack(request.params)))

    def named(self, spoken: Spoken, items: Iterable[tuple[str, Any]]) -> list[tuple[Spoken | None, Any]]:
        """The device that each belongs to; "" is who sends it."""
        return [
            (spoken if not name else self.spoken.get(name) if self.subs.speaks_for(name) else None, found)
            for name, found in items
        ]

    def _several(
        self, spoken: Spoken, request: Request, topic: str, items: Sequence[tuple[Spoken | None, Any]]
    ) -> list[Said]:
        said: list[Said] = []
        refused: dict[str, str] = {}
        for whose, found in items:
            if whose is None:
                said.append(Odd(spoken.thing, "topic_not_allowed", "it speaks for a device that has not signed in"))
                continue
            said += self.reports(whose, found.values, refused)
            said += [self.happened(whose, identifier, params) for identifier, params in found.events]
        if not items or not any(found.values or found.events for _whose, found in items):
            return self.bad(spoken, request, topic, "there are no properties and no events in it")
        return said + self.reply(request, topic, refused)

    def _taken(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        """Kept in the log and nowhere else: tags, deletions of wanted values, the device's own log."""
        return self.reply(request, topic)

    def _ask_configuration(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._configurations.get(spoken, request, topic)

    def _configured(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._configurations.taken(spoken, request)

    def _no_config(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self.reply(request, topic, code=NO_CONFIG, message="no data")

    def _nothing(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        """There is no template that it does not know."""
        return self.reply(request, topic)

    def _ask_firmware(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        return self._updates.get(spoken, request, topic)

    def _ask_desired(self, spoken: Spoken, request: Request, topic: str, now_ms: int) -> list[Said]:
        wanted = request.params if isinstance(request.params, list) else []
        return [Asks("twin", {"thing": spoken.thing}, ("desired", spoken, request, topic, wanted))]

    def _desired(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        _kind, spoken, request, topic, names = token
        if answer is None:
            return self.reply(request, topic, code=500, message="system error")
        desired = {key: value for key, (value, _at) in answer["desired"].items()}
        params = spoken.words.down(desired)
        data = {name: {"value": value, "version": 1} for name, value in params.items() if not names or name in names}
        return self.reply(request, topic, data)

    def _replied(self, spoken: Spoken, request: Request) -> list[Said]:
        known = self._open.pop(str(request.id), None)
        if known is None or known[0] != spoken.thing:
            return [Odd(spoken.thing, "not_found", f"it replies to {str(request.id)[:80]!r}, which nobody asked")]
        thing, command, action = known
        code = request.code if request.code is not None else OK
        if code == OK:
            output = spoken.words.output(action, request.data) if action else None
            return [Replied(thing, command, True, output)]
        words = request.message or ""
        return [Replied(thing, command, False, error=f"code {code}{': ' + words if words else ''}")]

    # the other spaces

    def _ext(self, levels: list[str], topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        if levels[2] == "session" and len(levels) == 7:
            return self.subs.session(join_name(levels[3], levels[4]), levels[6], topic, payload)
        if levels[2] == "ntp" and len(levels) == 6 and levels[5] == "request":
            return self._ntp(topic, payload, now_ms)
        if levels[2] == "rrpc" and len(levels) > 7 and levels[4] == "sys":
            spoken = self.spoken.get(join_name(levels[5], levels[6]))
            if spoken is None:
                return None
            try:
                return self._replied(spoken, read_request(payload))
            except UNREADABLE as error:
                return [Odd(spoken.thing, "bad_json", f"no Alink message: {error}")]
        return None

    def _ntp(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        """The device works out its offset from when it sent and when it was answered."""
        try:
            sent = msgspec.json.decode(payload, type=dict[str, Any])
        except UNREADABLE as error:
            return [Odd(self.thing, "bad_json", f"no request for the time: {error}")]
        body = {
            "deviceSendTime": str(sent.get("deviceSendTime", "")),
            "serverRecvTime": str(now_ms),
            "serverSendTime": str(now_ms),
        }
        return [Say(topic.removesuffix("request") + "response", encode(body))]

    def _registered(self, way: str, answer: Mapping[str, Any] | None) -> list[Said]:
        made = (answer or {}).get("registered") or []
        if not made or not made[0].get("secret"):
            return []
        product, device = split_name(made[0]["name"])
        body = {"productKey": product, "deviceName": device}
        if way == "register":
            return [Say("/ext/register", encode({**body, "deviceSecret": made[0]["secret"]}))]
        token = {**body, "clientId": f"{product}.{device}", "deviceToken": made[0]["secret"]}
        return [Say("/ext/regnwl", encode(token))]

    # inside

    @property
    def own(self) -> str:
        """The name of the device whose connection this is."""
        return self._caller.name

    @property
    def thing(self) -> str:
        spoken = self.spoken.get(self.own)
        return spoken.thing if spoken is not None else ""

    def new_id(self) -> str:
        """For a request of ours."""
        self._next_id = self._next_id % LARGEST_ID + 1
        return str(self._next_id)

    def _remember(self, id: str, command: tuple[str, str, str]) -> None:
        self._open[id] = command
        while len(self._open) > OPEN:
            del self._open[next(iter(self._open))]

    def _request(self, id: str, method: str, params: Any) -> bytes:
        return encode_request(id, f"thing.service.{method}", params)


_HANDLERS: dict[str, Callable[[AlinkLine, Spoken, Request, str, int], list[Said]]] = {
    "event/property/post": AlinkLine._post,
    "event/property/batch/post": AlinkLine._batch,
    "event/property/history/post": AlinkLine._history,
    "event/property/pack/post": AlinkLine._pack,
    "property/desired/get": AlinkLine._ask_desired,
    "property/desired/delete": AlinkLine._taken,
    "deviceinfo/update": AlinkLine._taken,
    "deviceinfo/delete": AlinkLine._taken,
    "log/post": AlinkLine._taken,
    "config/get": AlinkLine._ask_configuration,
    "config/push_reply": AlinkLine._configured,
    "config/log/get": AlinkLine._no_config,
    "ota/firmware/get": AlinkLine._ask_firmware,
    "dsltemplate/get": AlinkLine._nothing,
    "topo/add": lambda line, spoken, request, topic, _now: line.subs.add(spoken, request, topic),
    "topo/delete": lambda line, spoken, request, topic, _now: line.subs.delete(spoken, request, topic),
    "topo/get": lambda line, spoken, request, topic, _now: line.subs.get(spoken, request, topic),
    "list/found": AlinkLine._taken,
    "sub/register": lambda line, spoken, request, topic, _now: line.subs.register(spoken, request, topic),
    "proxy/provisioning/product_register": (
        lambda line, spoken, request, topic, _now: line.subs.register_by_product(spoken, request, topic)
    ),
}
