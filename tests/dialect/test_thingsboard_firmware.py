"""ThingsBoard's firmware over the air: attributes, chunks over MQTT and HTTP, and what is no request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from unisono.dialect import Asks, Caller, Odd, Part, Reported, Said, Say
from unisono.dialect.over_http import HttpRequest
from unisono.dialect.thingsboard import THINGSBOARD
from unisono.dialect.thingsboard.firmware import LARGEST, PART
from unisono.dialect.thingsboard.line import ThingsBoardLine
from unisono.errors import CallerError
from unisono.thing import Model, Property, Schema, Service, builtin_model

ME = "v1/devices/me/"


class Hub:
    """A hub that offers some bytes."""

    def __init__(self, body: bytes | None, version: str = "2") -> None:
        self.body = body
        self.version = version
        self.asked = 0

    def answer(self, asks: Asks) -> dict[str, Any] | None:
        self.asked += 1
        if asks.kind == "twin":
            return {"state": {"on_off": (True, 1)}, "desired": {}}
        if asks.kind == "firmware_part":
            start = asks.facts["offset"]
            return None if self.body is None else {"data": self.body[start : start + asks.facts["size"]]}
        assert asks.kind == "firmware"
        if self.body is None:
            return {}
        digest = hashlib.sha256(self.body).hexdigest()
        return {"title": "lamp", "version": self.version, "size": len(self.body), "sha256": digest}

    def settle(self, line: ThingsBoardLine, said: list[Said] | None) -> list[Said]:
        """What is said when every question has its answer."""
        settled: list[Said] = []
        for each in said or []:
            if isinstance(each, Asks):
                settled += self.settle(line, line.answered(each.token, self.answer(each), 0))
            else:
                settled.append(each)
        return settled


def connected(model: Model | None = None) -> ThingsBoardLine:
    line = ThingsBoardLine(Caller("thingsboard", "token", secret=True))
    line.know([Part("lamp", "token", model or builtin_model("light"))])
    return line


def attributes(said: list[Said]) -> Mapping[str, Any]:
    [told] = said
    assert isinstance(told, Say)
    return json.loads(told.payload)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("wanted", "shared"),
    [
        ({"sharedKeys": "fw_version,fw_size"}, {"fw_version": "2", "fw_size": 5}),
        ({"sharedKeys": "fw_title,on_off"}, {"fw_title": "lamp", "on_off": True}),
        ({"sharedKeys": "on_off"}, {"on_off": True}),
        ({"clientKeys": "on_off"}, None),
    ],
)
def test_a_device_asks_what_it_is_offered(wanted: dict[str, str], shared: dict[str, Any] | None) -> None:
    line, hub = connected(), Hub(b"12345")
    told = attributes(hub.settle(line, line.heard(f"{ME}attributes/request/1", json.dumps(wanted).encode(), 0)))
    assert told.get("shared") == shared


def test_everything_is_asked_for_and_there_may_be_none() -> None:
    line = connected()
    for hub, names in ((Hub(b"1"), {"fw_title", "fw_checksum"}), (Hub(None), set())):
        told = attributes(hub.settle(line, line.heard(f"{ME}attributes/request/1", b"{}", 0)))
        assert told["client"] == {"on_off": True} and names <= told["shared"].keys()
        assert "fw_title" in names or told["shared"] == {"on_off": True}


def test_a_device_is_told_when_it_is_offered_another() -> None:
    line, hub = connected(), Hub(b"1", "2")
    again = [Part("lamp", "token", builtin_model("light"))]
    assert line.know(again) == []  # it has not asked for any yet
    hub.settle(line, line.heard(f"{ME}attributes/request/1", b'{"sharedKeys":"fw_version"}', 0))
    assert hub.settle(line, line.know(again)) == []
    hub.version = "3"
    assert hub.settle(line, line.know(again)) == []  # it does not listen
    line.subscribed([f"{ME}attributes"])
    told = hub.settle(line, line.know(again))
    assert attributes(told)["fw_version"] == "3"
    assert hub.settle(line, line.know(again)) == []
    hub.body = None
    assert hub.settle(line, line.know(again)) == []
    assert line.know([]) == []


@pytest.mark.parametrize("length", [0, 1, 1_000, PART, PART + 1, 3 * PART])
@pytest.mark.parametrize("chunk", [0, 1_000, PART, PART + 7])
def test_all_of_it_arrives(length: int, chunk: int) -> None:
    body = bytes(number * 7 % 251 for number in range(length))
    line, hub = connected(), Hub(body)
    size = str(chunk).encode() if chunk else b""
    got, number = b"", 0
    while True:
        said = hub.settle(line, line.heard(f"v2/fw/request/9/chunk/{number}", size, 0))
        [told] = said
        assert isinstance(told, Say) and told.topic == f"v2/fw/response/9/chunk/{number}"
        got += told.payload
        number += 1
        if len(told.payload) < chunk or not chunk or not told.payload:
            break
    assert got == body


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("v2/fw/request/x/chunk/0", b"", "bad_value"),
        ("v2/fw/request/1/chunk", b"", "bad_value"),
        ("v2/fw/request/1/chunk/0", b"many", "bad_value"),
        ("v2/fw/request/1/chunk/0", str(LARGEST + 1).encode(), "too_large"),
    ],
)
def test_what_is_no_request(topic: str, payload: bytes, code: str) -> None:
    line = connected()
    assert line.mine(topic)
    [odd] = line.heard(topic, payload, 0) or []
    assert isinstance(odd, Odd) and odd.code == code


def test_there_is_none_and_there_is_too_much() -> None:
    line = connected()
    [odd] = Hub(None).settle(line, line.heard("v2/fw/request/1/chunk/0", b"", 0))
    assert isinstance(odd, Odd) and odd.code == "no_answer"
    [odd] = Hub(b"x" * (LARGEST + 1)).settle(line, line.heard("v2/fw/request/1/chunk/0", b"", 0))
    assert isinstance(odd, Odd) and "chunks" in odd.detail
    stranger = ThingsBoardLine(Caller("thingsboard", "x"))
    [odd] = stranger.heard("v2/fw/request/1/chunk/0", b"", 0) or []
    assert isinstance(odd, Odd) and odd.code == "topic_not_allowed"


def test_what_a_device_says_of_its_firmware() -> None:
    state = {"current_fw_title": "lamp", "current_fw_version": "2", "fw_state": "UPDATED", "on_off": True}
    body = json.dumps(state).encode()
    assert connected().heard(f"{ME}telemetry", body, 0) == [Reported("lamp", {"on_off": True})]
    words = tuple(Property(key=key, schema=Schema(kind="string")) for key in ("firmware", "fw_state"))
    line = connected(Model(id="m", services=(Service(key="", properties=words),)))
    assert line.heard(f"{ME}telemetry", b'{"current_fw_version":2,"fw_state":"UPDATED"}', 0) == [
        Reported("lamp", {"firmware": "2", "fw_state": "UPDATED"})
    ]


def test_over_http() -> None:
    path = "/api/v1/token-of-mine/firmware"
    ask = THINGSBOARD.asked(HttpRequest("GET", path, {"title": "lamp", "size": "100", "chunk": "3"}, b""))
    assert ask is not None
    assert (ask.user, ask.topic, ask.payload) == ("token-of-mine", "v2/fw/request/0/chunk/3", b"100")
    assert ask.answer == "v2/fw/response/0/chunk/3"
    request = HttpRequest("GET", path, {}, b"")
    assert (THINGSBOARD.asked(request) or ask).topic == "v2/fw/request/0/chunk/0"
    answer = THINGSBOARD.told(request, Say("v2/fw/response/0/chunk/0", b"abc"))
    assert (answer.status, answer.body, answer.kind) == (200, b"abc", "application/octet-stream")
    assert THINGSBOARD.told(request, None).status == 404
    assert THINGSBOARD.told(request, Say("v2/fw/response/0/chunk/9", b"")).status == 404
    with pytest.raises(CallerError):
        THINGSBOARD.asked(HttpRequest("GET", path, {"chunk": "last"}, b""))
