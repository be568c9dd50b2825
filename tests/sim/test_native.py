"""The native dialect as a device speaks it, against the shapes of DESIGN.md."""

from __future__ import annotations

import json

import pytest

from unisono.errors import DeviceError
from unisono.sim import native
from unisono.sim.native import Order


def test_reports_events_and_replies() -> None:
    assert json.loads(native.encode_state({"temperature": 21.5, "on_off": True})) == {
        "temperature": 21.5,
        "on_off": True,
    }
    assert json.loads(native.encode_event({"fault": "jam"})) == {"fault": "jam"}
    assert json.loads(native.encode_reply(None)) == {"ok": True}
    assert json.loads(native.encode_reply(None, {"n": 1})) == {"ok": True, "output": {"n": 1}}
    assert json.loads(native.encode_reply("the guard is open")) == {"ok": False, "error": "the guard is open"}
    assert native.event_topic("trip") == "things/me/event/trip"
    assert native.reply_topic("01J") == "things/me/reply/01J"


def test_set() -> None:
    assert native.decode_down("things/me/set", b'{"id":"c1","state":{"on_off":true}}') == [
        Order("c1", {"on_off": True})
    ]


@pytest.mark.parametrize(
    ("payload", "given"),
    [(b'{"id":"c2","input":{"n":1}}', {"n": 1}), (b'{"id":"c2","input":null}', {}), (b'{"id":"c2"}', {})],
)
def test_call(payload: bytes, given: dict[str, int]) -> None:
    assert native.decode_down("things/me/call/dock", payload) == [Order("c2", action="dock", input=given)]


def test_desired_is_one_order_for_each_command() -> None:
    payload = b'{"state":{"on_off":true,"brightness":5,"color":"red"},"commands":{"on_off":"a","color":"a"}}'
    assert native.decode_down("things/me/desired", payload) == [
        Order("a", {"on_off": True, "color": "red"}),
        Order("", {"brightness": 5}),
    ]
    assert native.decode_down("things/me/desired", b'{"state":{}}') == []


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("things/me/set", b"{", "bad_json"),
        ("things/me/set", b'{"state":{}}', "bad_json"),
        ("things/me/set", b'{"id":1,"state":{}}', "bad_json"),
        ("things/me/call/dock", b"[]", "bad_json"),
        ("things/me/desired", b'{"state":[]}', "bad_json"),
        ("things/me/other", b"{}", "topic_not_allowed"),
    ],
)
def test_what_cannot_be_read_says_why(topic: str, payload: bytes, code: str) -> None:
    with pytest.raises(DeviceError) as caught:
        native.decode_down(topic, payload)
    assert caught.value.code == code
