"""Alink: sign-in, the whole life of a command, and every message it has a word for, held against recordings."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from tests.dialect.recordings import play, recordings
from unisono.dialect import Announced, Asks, Caller, Hears, Odd, Part, Replied, Say
from unisono.dialect.alink import ALINK
from unisono.dialect.alink.signin import read_sub_caller
from unisono.dialect.alink.words import Words
from unisono.errors import CallerError
from unisono.testing.dialect import SECRET, THING, LineConformance, Message, body
from unisono.thing import Model, builtin_model

PK, DN = "a1B2c3D4e5F", "lamp1"
NAME = f"{PK}&{DN}"
SYS = f"/sys/{PK}/{DN}/thing/"


def signed(
    secret: str, method: str = "hmacsha1", dot: bool = False, timestamp: str = "1700000000000"
) -> tuple[str, str, str]:
    """User, client id and password as devices make them; ``dot``: as the C SDK spells the client id."""
    bare = f"{PK}.{DN}" if dot else f"{PK}&{DN}"
    client = f"{bare}|securemode=3,signmethod={method},timestamp={timestamp},ext=1,_ss=1,lan=Python,_v=1.2.13|"
    content = f"clientId{bare}deviceName{DN}productKey{PK}timestamp{timestamp}"
    digest = getattr(hashlib, method.lower().removeprefix("hmac"))
    return f"{DN}&{PK}", client, hmac.new(secret.encode(), content.encode(), digest).hexdigest()


def light() -> Model:
    return builtin_model("light")


class TestAlink(LineConformance):
    DIALECT = ALINK
    MODEL = light()
    GIVEN = MappingProxyType({"product_key": PK, "device_name": DN})

    def sign_in(self, secret: str) -> tuple[str, str, str]:
        return signed(secret)

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        params = {"PowerSwitch": int(values["on_off"])}
        text = {"id": "1", "version": "1.0", "params": params, "method": "thing.event.property.post"}
        return [Message(SYS + "event/property/post", json.dumps(text).encode())]

    def acknowledge(self, told: Sequence[Message]) -> Sequence[Message]:
        answer = {"id": body(told[0])["id"], "code": 200, "data": {}}
        return [Message(told[0].topic + "_reply", json.dumps(answer).encode())]

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        answer = {"id": body(told[0])["id"], "code": 5092, "message": "child lock", "data": {}}
        return [Message(told[0].topic + "_reply", json.dumps(answer).encode())]

    def malformed(self) -> Sequence[Message]:
        found = list(self.report({"on_off": True}))
        for recording in recordings("alink"):
            for step in recording["steps"]:
                if "up" in step:
                    found.append(Message(step["up"], json.dumps(step.get("say", {})).encode()))
        return found


@pytest.mark.parametrize("method", ["hmacsha1", "hmacsha256", "hmacmd5", "HmacSHA256"])
@pytest.mark.parametrize("dot", [True, False])
def test_every_method_and_both_spellings_sign_in(method: str, dot: bool) -> None:
    user, client, password = signed(SECRET, method, dot)
    caller = ALINK.caller(user, client, password)
    assert caller is not None and caller.name == NAME and caller.way == "device"
    assert ALINK.proves(caller, password, SECRET) and ALINK.proves(caller, password.upper(), SECRET)
    assert not ALINK.proves(caller, password, SECRET + "x") and not ALINK.proves(caller, "", SECRET)


def test_a_sign_in_without_a_time_and_with_a_strange_method() -> None:
    bare = f"{PK}.{DN}"
    password = hmac.new(SECRET.encode(), f"clientId{bare}deviceName{DN}productKey{PK}".encode(), "md5").hexdigest()
    caller = ALINK.caller(f"{DN}&{PK}", f"{bare}|securemode=3|", password)
    assert caller is not None and ALINK.proves(caller, password, SECRET)  # MD5 where no method is named
    caller = ALINK.caller(f"{DN}&{PK}", f"{bare}|signmethod=hmacsha512|", password)
    assert caller is not None and not ALINK.proves(caller, password, SECRET)


@pytest.mark.parametrize(
    ("user", "client"),
    [
        ("lamp", "lamp|a=1|"),
        ("a&b", "no parameters"),
        ("&pk", "x|a=1|"),
        ("dn&", "x|a=1|"),
        ("d/n&pk", "x|a=1|"),
        (f"{'d' * 65}&pk", "x|a=1|"),
        ("dn&päk", "x|a=1|"),
    ],
)
def test_what_is_no_alink_sign_in(user: str, client: str) -> None:
    assert ALINK.caller(user, client, "x") is None


def test_registering_by_the_products_secret() -> None:
    client = f"{DN}.{PK}|random=abc,authType=register,securemode=2,signmethod=hmacsha256|"
    password = hmac.new(b"product-secret", f"deviceName{DN}productKey{PK}randomabc".encode(), "sha256").hexdigest()
    caller = ALINK.caller(f"{DN}&{PK}", client, password)
    assert caller is not None and caller.way == "register" and caller.product == PK
    assert ALINK.proves(caller, password, "product-secret") and not ALINK.proves(caller, password, SECRET)
    line = ALINK.line(caller)
    assert line.know([]) == []
    [asks] = line.begin(0)
    assert isinstance(asks, Asks) and asks.kind == "register" and asks.facts == {"callers": [caller]}
    said = line.answered(asks.token, {"registered": [{"name": NAME, "ok": True, "secret": "s1"}]}, 0)
    assert said == [Say("/ext/register", b'{"productKey":"a1B2c3D4e5F","deviceName":"lamp1","deviceSecret":"s1"}')]
    assert line.answered(asks.token, None, 0) == []
    free = ALINK.caller(f"{DN}&{PK}", client.replace("=register", "=regnwl"), password)
    assert free is not None and free.way == "register_open"
    line = ALINK.line(free)
    [asks] = line.begin(0)
    assert isinstance(asks, Asks)
    [told] = line.answered(asks.token, {"registered": [{"name": NAME, "ok": True, "secret": "s1"}]}, 0)
    assert isinstance(told, Say) and told.topic == "/ext/regnwl"
    token = json.loads(told.payload)
    assert token == {"productKey": PK, "deviceName": DN, "clientId": f"{PK}.{DN}", "deviceToken": "s1"}
    back = ALINK.caller(f"{DN}&{PK}", token["clientId"] + "|authType=connwl,securemode=-2,ext=3|", "s1")
    assert back is not None and ALINK.proves(back, "s1", "s1") and not ALINK.proves(back, "s2", "s1")


def test_what_may_be_given() -> None:
    assert ALINK.called({}, "lamp", SECRET).name == "unisono&lamp"
    assert ALINK.given("pk&dn") == {"product_key": "pk", "device_name": "dn"}
    with pytest.raises(CallerError, match="product key"):
        ALINK.called({"product_key": "a/b"}, "lamp", SECRET)


def test_words_of_an_imported_model_and_of_a_built_in_one() -> None:
    words = Words(light())
    assert words.up({"PowerSwitch": 1, "LightSwitch": 0, "brightness": "40", "What": 1}) == {
        "on_off": False,
        "brightness": 40,
        "What": 1,
    }
    assert words.down({"on_off": True, "brightness": 40}) == {"PowerSwitch": 1, "Brightness": 40}
    assert words.down({"no_such": 1}) == {"no_such": 1}
    assert words.action("identify") == "identify" and not words.is_sync("identify") and not words.is_sync("none")
    assert words.input("none", {"a": True}) == {"a": 1} and words.output("none", [1]) == [1]
    assert words.event("none", {"a": 1}) == ("none", {"a": 1})


@pytest.mark.parametrize("recording", recordings("alink"), ids=lambda each: each["name"])
def test_recordings(recording: dict[str, Any]) -> None:
    caller = TestAlink().caller()
    if recording.get("ext") == 0:
        caller = caller._replace(proof={**caller.proof, "ext": "0"})
    line = ALINK.line(caller)
    parts = [Part(THING, NAME, msgspec.convert(recording["model"], Model) if "model" in recording else light())]
    assert line.know(parts) == [Hears(THING)]
    assert line.begin(1_700_000_000_000) == []
    assert line.subscribed(["/sys/#"]) == [] and line.due(0) == []
    play(line, recording, lambda names: line.know([*parts, *(Part(n, f"{PK}&{n}", light()) for n in names)]))


def test_what_is_nobodys() -> None:
    line = TestAlink().line()
    for topic in (
        "a1/lamp1/user/update",
        f"/{PK}/{DN}/user/update",
        "x",
        "/sys/a/b/other/c",
        "/ext/error/a/b",
        "/ota/x/y/z",
    ):
        assert line.heard(topic, b"{}", 0) is None
    assert not line.mine(f"/{PK}/{DN}/user/update") and line.mine(SYS)
    assert line.heard("/ext/rrpc/1/sys/other/dev/thing/service/x", b"{}", 0) is None
    assert line.heard(f"/ext/session/{PK}/{DN}/combine/other", b"{}", 0) is None


def test_only_so_many_replies_are_waited_for() -> None:
    bench, _name = TestAlink().ready()
    line = bench.translator
    first = json.loads(line.wanted(THING, "set", {"id": "c0", "state": {"on_off": True}}, 0)[0].payload)["id"]
    for number in range(300):
        line.wanted(THING, "set", {"id": f"c{number}", "state": {"on_off": True}}, 0)
    said = line.heard(SYS + "service/property/set_reply", json.dumps({"id": first, "code": 200}).encode(), 0)
    assert said is not None and isinstance(said[0], Odd)


def test_a_sub_device_that_says_nothing_of_itself() -> None:
    assert (
        read_sub_caller({"productKey": "a"}) is None
        and read_sub_caller({"productKey": "a/", "deviceName": "b"}) is None
    )
    assert Caller("alink", "x").way == "device" and Announced("k", "n", light()).rank == 0
    assert Replied("t", "c", True).output is None


def test_a_configuration_is_told_once() -> None:
    """When it is put there the line knows its things anew; a refused one is told."""
    line = TestAlink().line()
    part = Part(THING, NAME, light())
    assert not any(isinstance(each, Asks) for each in line.know([part]))
    [asks] = line.know([part])
    assert isinstance(asks, Asks) and (asks.kind, asks.facts) == ("configuration", {"thing": THING})
    assert line.answered(asks.token, None, 0) == [] and line.answered(asks.token, {}, 0) == []
    found = {"size": 2, "sha256": "ab" * 32, "url": "http://hub/c"}
    [say] = line.answered(asks.token, found, 0)
    assert isinstance(say, Say) and say.topic == f"{SYS}config/push"
    told = json.loads(say.payload)
    assert told["method"] == "thing.config.push" and told["params"] == {
        "configId": "ab" * 16,
        "configSize": 2,
        "sign": "ab" * 32,
        "signMethod": "Sha256",
        "url": "http://hub/c",
        "getType": "file",
    }
    assert line.answered(asks.token, found, 0) == []
    taken = msgspec.json.encode({"id": told["id"], "code": 200, "data": {}})
    assert line.heard(f"{SYS}config/push_reply", taken, 0) == []
    refused = msgspec.json.encode({"id": told["id"], "code": 5001, "message": "no room"})
    assert line.heard(f"{SYS}config/push_reply", refused, 0) == [
        Odd(THING, "rejected", "configuration: code 5001: no room")
    ]
    bare = msgspec.json.encode({"id": told["id"], "code": 5001})
    assert line.heard(f"{SYS}config/push_reply", bare, 0) == [Odd(THING, "rejected", "configuration: code 5001")]


def test_modules_without_end_are_not_kept() -> None:
    """A device that counts in its modules' names takes no more room; what was told of the first ones stands."""
    line = TestAlink().line()
    line.know([Part(THING, NAME, light())])
    assert line.heard(f"/ota/device/other/{PK}/{DN}", b"{}", 0) is None
    offered = {"version": "1", "size": 1, "sha256": "ab", "url": "http://hub"}
    for number in range(30):
        body = msgspec.json.encode({"params": {"version": "1", "module": f"m{number}"}})
        [asks] = line.heard(f"/ota/device/inform/{PK}/{DN}", body, 0) or []
    assert isinstance(asks, Asks)
    assert line.answered(asks.token, {**offered, "title": "m0"}, 0) == []
    assert len(line.answered(asks.token, {**offered, "title": "m29"}, 0)) == 1
