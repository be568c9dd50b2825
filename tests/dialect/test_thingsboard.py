"""ThingsBoard's device API: sign-in, the life of a command, gateways, provisioning, and models that are learned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from unisono.dialect import Asks, Caller, Hears, Odd, Part, Replied, Reported, Say, There
from unisono.dialect.learning import MOST, begin_model, grow_model, is_learned
from unisono.dialect.thingsboard import THINGSBOARD
from unisono.dialect.thingsboard.words import Words, read_telemetry
from unisono.errors import CallerError
from unisono.testing.dialect import SECRET, THING, Bench, LineConformance, Message
from unisono.thing import builtin_model

ME = "v1/devices/me/"
GW = "v1/gateway/"
LIGHT = builtin_model("light")


def message(topic: str, body: Any) -> Message:
    return Message(topic, body.encode() if isinstance(body, str) else json.dumps(body).encode())


class TestThingsBoard(LineConformance):
    DIALECT = THINGSBOARD
    MODEL = LIGHT

    def sign_in(self, secret: str) -> tuple[str, str, str]:
        return secret, "any", ""

    def ready(self) -> tuple[Bench, str]:
        bench, name = super().ready()
        bench.take(bench.translator.subscribed([f"{ME}attributes", f"{ME}rpc/request/+"]), Message("", b""))
        return bench, name

    def reconnect(self, bench: Bench) -> None:
        super().reconnect(bench)
        bench.take(bench.translator.subscribed([f"{ME}#"]), Message("", b""))

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message(ME + "telemetry", {"onOff": values["on_off"]})]

    def malformed(self) -> Sequence[Message]:
        some = {"device": "A", "type": "x", "id": 1, "data": {}, "keys": ["a"]}
        topics = ("connect", "disconnect", "telemetry", "attributes", "attributes/request", "rpc", "claim", "other")
        own = [(f"{ME}attributes", {"a": 1}), (f"{ME}attributes/request/1", {"clientKeys": "a"}), (f"{ME}claim", {})]
        own += [(f"{ME}rpc/request/1", {"method": "getTime"}), (f"{ME}rpc/response/1", {}), (f"{ME}other", {})]
        return [
            *self.report({"on_off": True}),
            *(message(*each) for each in own),
            *(message(GW + t, some) for t in topics),
        ]


class TestByUserName(LineConformance):
    """The same, by user name and password, where only calls are listened to."""

    DIALECT = THINGSBOARD
    MODEL = LIGHT

    @property
    def GIVEN(self) -> Mapping[str, str]:  # type: ignore[override]  # noqa: N802  an attribute of the class
        return {"username": "boiler"}

    def sign_in(self, secret: str) -> tuple[str, str, str]:
        return "boiler", "any", secret

    def ready(self) -> tuple[Bench, str]:
        bench, name = super().ready()
        bench.take(bench.translator.subscribed([f"{ME}rpc/request/+"]), Message("", b""))
        return bench, name

    def reconnect(self, bench: Bench) -> None:
        super().reconnect(bench)
        bench.take(bench.translator.subscribed([f"{ME}rpc/request/+"]), Message("", b""))

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message(ME + "telemetry", [{"ts": 0, "values": {"on_off": values["on_off"]}}])]

    def acknowledge(self, told: Sequence[Message]) -> Sequence[Message]:
        return [message(each.topic.replace("request", "response"), {}) for each in told]

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        return [message(each.topic.replace("request", "response"), {"error": "too hot"}) for each in told]


class TestByShortTopics(LineConformance):
    """The same by the topics of the second version, as devices on narrow lines write them."""

    DIALECT = THINGSBOARD
    MODEL = LIGHT

    def sign_in(self, secret: str) -> tuple[str, str, str]:
        return secret, "any", ""

    def ready(self) -> tuple[Bench, str]:
        bench, name = super().ready()
        bench.take(bench.translator.subscribed(["v2/r/req/+"]), Message("", b""))
        return bench, name

    def reconnect(self, bench: Bench) -> None:
        super().reconnect(bench)
        bench.take(bench.translator.subscribed(["v2/r/req/+"]), Message("", b""))

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [message("v2/t", {"on_off": values["on_off"]})]

    def acknowledge(self, told: Sequence[Message]) -> Sequence[Message]:
        return [message(each.topic.replace("req", "res"), {}) for each in told]

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        return [message(each.topic.replace("req", "res"), {"error": "too hot"}) for each in told]


@pytest.mark.parametrize("json_too", ["", "j/"])
def test_what_is_said_in_short_topics_is_answered_in_them(json_too: str) -> None:
    end = json_too.rstrip("/")
    made = line(f"v2/a/{end}".rstrip("/"), f"v2/r/req/{json_too}+")
    assert made.heard(f"v2/t/{end}".rstrip("/"), b'{"onOff":true}', 0) == [Reported(THING, {"on_off": True})]
    [(topic, body)] = told(made.wanted(THING, "set", {"id": "c1", "state": {"on_off": False}}, 0))
    assert (topic, body) == (f"v2/a/{end}".rstrip("/"), {"on_off": False})
    [(topic, _body)] = told(made.wanted(THING, "call/identify", {"id": "c2", "input": {}}, 0))
    assert topic.startswith(f"v2/r/req/{json_too}")
    assert made.heard(topic.replace("req", "res"), b"{}", 0) == [Replied(THING, "c2", True, {})]
    [asks] = made.heard(f"v2/a/req/{json_too}7", b'{"clientKeys":"on_off"}', 0)
    answer = {"state": {"on_off": [True, 1]}, "desired": {}}
    assert told(made.answered(asks.token, answer, 0)) == [(f"v2/a/res/{json_too}7", {"client": {"on_off": True}})]
    said = made.heard(f"v2/r/req/{json_too}9", b'{"method":"getTime"}', 77)
    assert told(said) == [(f"v2/r/res/{json_too}9", 77)]
    for topic in ("v2/t/p", "v2/sw/request/1/chunk/0", "v2/a/req", "v2/t/1", "v2/a/res/x", "v2/r/req/"):
        assert [each.code for each in made.heard(topic, b"{}", 0)] == ["topic_not_allowed"], topic


def line(*filters: str, parts: Sequence[Part] = (), model: Any = LIGHT) -> Any:
    made = THINGSBOARD.line(Caller("thingsboard", "token", secret=True))
    made.begin(1_700_000_000_000)
    made.know([Part(THING, "token", model), *parts])
    made.subscribed(filters)
    return made


def told(said: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(each.topic, json.loads(each.payload)) for each in said if isinstance(each, Say)]


def test_who_signs_in() -> None:
    assert THINGSBOARD.caller("", "c", "") is None and THINGSBOARD.caller("a&b", "c", "x") is None
    assert THINGSBOARD.caller("provision", "c", "") == Caller("thingsboard", "provision", way="register_open")
    assert THINGSBOARD.given("basic:u") == {"username": "u"} and THINGSBOARD.given("0a1b") == {}
    with pytest.raises(CallerError):
        THINGSBOARD.called({"username": "a b"}, "x", SECRET)


def test_telemetry_in_every_form() -> None:
    assert read_telemetry({"a": 1}) == [(None, {"a": 1})]
    assert read_telemetry([{"ts": 5, "values": {"a": 2}}, {"ts": 3, "values": {"a": 1}}, {"b": 1}]) == [
        (3, {"a": 1}), (5, {"a": 2}), (None, {"b": 1}),
    ]  # fmt: skip
    assert read_telemetry(7) is None and read_telemetry([7]) is None
    assert line().heard(ME + "telemetry", b"7", 0)[0].code == "bad_value"
    assert line().heard(ME + "telemetry", b"{", 0)[0].code == "bad_json"
    assert line().heard(ME + "attributes", b'{"colorTemperature":"3000"}', 0) == [
        Reported(THING, {"color_temperature": 3000})
    ]


def test_attributes_that_are_asked_for() -> None:
    made = line()
    answer = {"state": {"on_off": [True, 1], "power": [3, 1]}, "desired": {"brightness": [50, 1]}}
    for asked, response in (
        ({"clientKeys": "onOff,power,none", "sharedKeys": "brightness"},
         {"client": {"onOff": True, "power": 3}, "shared": {"brightness": 50}}),
        ({}, {"client": {"on_off": True, "power": 3}, "shared": {"on_off": True, "brightness": 50}}),
        ({"sharedKeys": ["power"]}, {}),
    ):  # fmt: skip
        [asks] = made.heard(f"{ME}attributes/request/7", json.dumps(asked).encode(), 0)
        assert isinstance(asks, Asks)
        said = made.answered(asks.token, answer, 0)
        if isinstance(said[0], Asks):  # everything: of its firmware too, of which there is none
            said = made.answered(said[0].token, {}, 0)
        assert told(said) == [(f"{ME}attributes/response/7", response)]
    assert told(made.answered(asks.token, None, 0)) == [(f"{ME}attributes/response/7", {})]
    assert made.heard(f"{ME}attributes/request/7", b"[]", 0)[0].code == "bad_value"


def test_calls_of_the_device() -> None:
    made = line()
    [limits] = told(made.heard(f"{ME}rpc/request/1", b'{"method":"getSessionLimits"}', 0))
    assert limits[1]["maxInflightMessages"] == 100 and limits[1]["rateLimits"] == {}
    assert told(made.heard(f"{ME}rpc/request/2", b'{"method":"getTime"}', 77)) == [(f"{ME}rpc/response/2", 77)]
    assert "error" in told(made.heard(f"{ME}rpc/request/3", b'{"method":"fly"}', 0))[0][1]
    assert made.heard(f"{ME}rpc/request/3", b"{}", 0)[0].code == "bad_value"
    assert made.heard(f"{ME}claim", b"{}", 0) == [] and made.heard(f"{ME}claim", b"", 0) == []
    assert made.heard(f"{ME}x", b"{}", 0)[0].code == "topic_not_allowed"
    assert made.heard("other", b"", 0) is None and made.due(0) == []
    bell = line(model=builtin_model("doorbell"))
    event = next(iter(builtin_model("doorbell").events))
    assert len(bell.heard(f"{ME}rpc/request/1", json.dumps({"method": event, "params": 7}).encode(), 0)) == 2
    nobody = THINGSBOARD.line(Caller("thingsboard", "x"))
    assert nobody.heard(ME + "telemetry", b"{}", 0) == [
        Odd("", "topic_not_allowed", "it has not signed in as a device")
    ]
    assert nobody.know([]) == [] and nobody.subscribed([f"{ME}attributes"]) == []


def test_commands_that_cannot_be_said_or_are_forgotten() -> None:
    made = line()
    with pytest.raises(CallerError):
        made.wanted(THING, "set", {"id": "c", "state": {"on_off": True}}, 0)
    made.subscribed([f"{ME}rpc/request/+"])
    [first] = made.wanted(THING, "call/identify", {"id": "c0"}, 0)
    for number in range(300):
        made.wanted(THING, "call/identify", {"id": f"c{number}", "input": {}}, 0)
    assert made.heard(first.topic.replace("request", "response"), b"{}", 0)[0].code == "not_found"


def test_a_gateway() -> None:
    made = line(f"{GW}attributes", f"{GW}rpc")
    [asks] = made.heard(GW + "connect", b'{"device":"A","type":"lamp"}', 0)
    assert isinstance(asks, Asks) and asks.facts == {"name": "A", "model": "lamp"}
    assert made.heard(GW + "telemetry", b'{"A":[{"ts":5,"values":{"on_off":true}}]}', 0) == []
    assert made.answered(asks.token, {"thing": "a"}, 0) == []
    assert made.know([Part(THING, "token", LIGHT), Part("a", f"{THING}/A", LIGHT)]) == [
        There("a", True), Hears("a"), Reported("a", {"on_off": True}, 5),
    ]  # fmt: skip
    assert made.heard(GW + "connect", b'{"device":"A"}', 0) == [There("a", True), Hears("a")]
    assert made.subscribed([]) == [Hears("a")]
    assert made.heard(GW + "attributes", b'{"A":{"brightness":3}}', 0) == [Reported("a", {"brightness": 3})]
    assert told(made.wanted("a", "set", {"id": "c1", "state": {"on_off": False}}, 0)) == [
        (GW + "attributes", {"device": "A", "data": {"on_off": False}})
    ]
    [(topic, body)] = told(made.wanted("a", "call/identify", {"id": "c2", "input": {}}, 0))
    assert topic == GW + "rpc" and body["device"] == "A" and body["data"]["method"] == "identify"
    reply = {"device": "A", "id": body["data"]["id"], "data": {"ok": 1}}
    assert made.heard(GW + "rpc", json.dumps(reply).encode(), 0) == [Replied("a", "c2", True, {"ok": 1})]
    [(_topic, body)] = told(made.wanted("a", "call/identify", {"id": "c3"}, 0))
    reply = {"device": "A", "id": body["data"]["id"], "data": {"success": False}}
    [replied] = made.heard(GW + "rpc", json.dumps(reply).encode(), 0)
    assert (replied.command, replied.ok) == ("c3", False)
    answer = {"state": {"on_off": [True, 1]}, "desired": {}}
    for asked, response in (
        ({"id": 3, "client": True, "key": "on_off"}, {"id": 3, "device": "A", "value": True}),
        ({"id": 4, "client": False, "keys": ["on_off", "x"]}, {"id": 4, "device": "A", "values": {"on_off": True}}),
    ):
        [asks] = made.heard(GW + "attributes/request", json.dumps({"device": "A", **asked}).encode(), 0)
        assert isinstance(asks, Asks)
        assert told(made.answered(asks.token, answer, 0)) == [(GW + "attributes/response", response)]
    assert made.heard(GW + "disconnect", b'{"device":"A"}', 0) == [There("a", False)] and made.subscribed([]) == []
    assert made.heard(GW + "disconnect", b'{"device":"B"}', 0) == []
    # who says something is there, connected in so many words or not
    said = [There("a", True), Hears("a"), Reported("a", {"brightness": 4})]
    assert made.heard(GW + "telemetry", b'{"A":{"brightness":4}}', 0) == said
    for topic, given in (
        ("rpc", {"device": "B"}), ("attributes/request", {"device": "B"}), ("x", {"device": "A"}),
        ("connect", {}), ("connect", []),
    ):  # fmt: skip
        assert isinstance(made.heard(GW + topic, json.dumps(given).encode(), 0)[0], Odd)
    assert made.heard(GW + "claim", b'{"A":{}}', 0) == [] and made.heard(GW + "claim", b'{"device":"A"}', 0) == []
    # one that is not connected first, and cannot be added
    [asks] = made.heard(GW + "telemetry", b'{"C":[{"x":1}]}', 0)
    assert isinstance(asks, Asks) and made.answered(asks.token, None, 0)[0].code == "bad_model"


def test_a_device_of_a_gateway_that_listens_to_calls_only_is_called() -> None:
    made = line(f"{GW}rpc", parts=[Part("a", f"{THING}/A", LIGHT)])
    [(topic, body)] = told(made.wanted("a", "set", {"id": "c", "state": {"on_off": True}}, 0))
    assert (topic, body["device"], body["data"]["method"]) == (f"{GW}rpc", "A", "setAttributes")


def test_provisioning() -> None:
    made = THINGSBOARD.line(Caller("thingsboard", "provision", way="register_open"))
    body = {"provisionDeviceKey": "k", "provisionDeviceSecret": "s", "deviceName": "d", "token": "t" * 30}
    [asks] = made.heard("/provision/request", json.dumps(body).encode(), 0) or []
    assert isinstance(asks, Asks) and asks.facts["proofs"] == ["s"]
    assert asks.facts["callers"][0].product == "k" and asks.facts["callers"][0].proof["token"] == "t" * 30
    good = {"registered": [{"ok": True, "secret": "abc", "thing": "d", "name": "d", "why": ""}]}
    assert told(made.answered(asks.token, good, 0))[0][1]["credentialsValue"] == "abc"
    for answer in (None, {"registered": [{"ok": False, "why": "no"}]}):
        assert told(made.answered(asks.token, answer, 0))[0][1]["status"] == "FAILURE"
    assert told(made.heard("/provision/request", b"{}", 0) or [])[0][1]["errorMsg"] == "one try a connection"
    for given in (b"7", b"{}"):
        made = THINGSBOARD.line(Caller("thingsboard", "provision", way="register_open"))
        assert told(made.heard("/provision/request", given, 0) or [])[0][1]["status"] == "FAILURE"


def test_a_model_that_is_learned() -> None:
    model = begin_model("thingsboard:x")
    assert is_learned(model) and not is_learned(LIGHT)
    grown = grow_model(
        model, {"temperature": 1.5, "Motor Speed": 3, "targetTemperature": 20, "on_off": "yes", "locked": True}
    )
    traits = {key: property.trait for key, property in grown.properties.items()}
    assert traits == {
        "temperature": "temperature", "Motor_Speed": None, "targetTemperature": "target_temperature", "on_off": None,
        "locked": "locked",
    }  # fmt: skip
    assert grow_model(grown, {"Motor Speed": 9}) == grown
    assert list(grow_model(grown, {"Motor-Speed": 1, "Motor_Speed": 2}).properties)[-2:] == [
        "Motor-Speed",
        "Motor_Speed_2",
    ]
    assert len(grow_model(grown, {f"k{n}": n for n in range(1000)}).properties) == MOST
    assert Words(grown).down({"Motor_Speed": 3, "other": 1}) == {"Motor Speed": 3, "other": 1}
    assert not Words(grown).writable("none")
    made = line(model=model)
    [asks] = made.heard(ME + "telemetry", b'{"speed":3}', 0)
    assert isinstance(asks, Asks) and asks.facts == {"thing": THING, "values": {"speed": 3}}
    assert made.heard(ME + "telemetry", b'{"speed":4}', 0) == []
    made.know([Part(THING, "token", grow_model(model, {"speed": 3}))])
    assert made.answered(asks.token, {}, 0) == [Reported(THING, {"speed": 3}), Reported(THING, {"speed": 4})]
    # no room: it is told as it is, for the fold to say so
    [asks] = made.heard(ME + "telemetry", b'{"more":1}', 0)
    assert made.answered(asks.token, None, 0) == [Reported(THING, {"more": 1})]
    [asks] = line(model=model).heard(ME + "telemetry", b'{"a":1}', 0)
    assert THINGSBOARD.line(Caller("thingsboard", "x")).answered(asks.token, {}, 0) == []
