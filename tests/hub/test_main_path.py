"""From a real client's message to the twin, the history and the live view - and bad input to the thing's page."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from typing import Any

import httpx
import msgspec
import paho.mqtt.client as paho
import pytest
import websockets
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.hub.hub import Hub
from tests.parts import DEADLINE_S, until
from unisono.wire.mqtt import Publish, ReasonCode, Version
from unisono.wire.mqtt.codec import encode

STATE = "things/me/state"
_numbers = itertools.count()


async def furnish(hub: Hub, model: str = "sensor.temperature") -> tuple[str, str]:
    """A new thing in a new root place: its id and secret."""
    number = next(_numbers)
    [(thing, secret)] = (await hub.furnish(f"t{number}", model=model, place=f"home{number}")).items()
    return thing, secret


# --- the main path


async def test_mosquitto_pub_drives_twin_history_and_live_view(shared: Hub) -> None:
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is not installed (Debian: apt-get install mosquitto-clients)")
    thing, secret = await furnish(shared)
    async with websockets.connect(f"ws://127.0.0.1:{shared.http_port}/api/v1/live") as live:
        await live.send(json.dumps({"token": shared.token}))
        await live.send(json.dumps({"subscribe": {"place": None, "thing": thing, "trait": None}}))
        await live.send(json.dumps({"ping": 1}))
        async with asyncio.timeout(DEADLINE_S):
            while "pong" not in json.loads(await live.recv()):
                pass
        seen: list[float] = []
        for version, value in (("311", 21.5), ("5", 22.5)):
            command = ["mosquitto_pub", "-p", str(shared.mqtt_port), "-V", version, "-u", thing, "-P", secret]
            command += ["-t", STATE, "-q", "1", "-m", json.dumps({"temperature": value})]
            process = await asyncio.create_subprocess_exec(*command)
            assert await process.wait() == 0
            async with asyncio.timeout(DEADLINE_S):  # before the next: two that come together are shown as the newer
                while value not in seen:
                    frame = json.loads(await live.recv())
                    if "temperature" in frame.get("changed", {}):
                        assert frame["thing"] == thing
                        seen.append(frame["changed"]["temperature"]["value"])
    assert seen == [21.5, 22.5]
    assert await shared.value(thing) == 22.5
    assert await shared.history(thing) == [21.5, 22.5]


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
async def test_paho_drives_a_lamp_and_is_commanded(shared: Hub, protocol: MQTTProtocolVersion) -> None:
    thing, secret = await furnish(shared, "light")
    lamp = paho.Client(CallbackAPIVersion.VERSION2, client_id=thing, protocol=protocol)
    lamp.username_pw_set(thing, secret)
    told: list[dict[str, Any]] = []
    ready: list[bool] = []

    def heard(client: paho.Client, _data: Any, message: Any) -> None:
        body = json.loads(message.payload)
        told.append(body)
        if message.topic == "things/me/set":
            client.publish(STATE, json.dumps(body["state"]), 1)

    lamp.on_message = heard
    lamp.on_connect = lambda client, *_: client.subscribe("things/me/#", 1)
    lamp.on_subscribe = lambda *_: ready.append(True)
    await asyncio.to_thread(lamp.connect, "127.0.0.1", shared.mqtt_port)
    lamp.loop_start()
    try:
        await until(lambda: ready, "SUBACK")
        await shared.eventually(lambda: told_first(told), "what is wanted is told on subscribing")
        command = await shared.ask("POST", f"/api/v1/things/{thing}/commands?wait=10", {"set": {"brightness": 40}})
        assert command["state"] == "confirmed", command
        assert await shared.value(thing, "brightness") == 40
        assert (await shared.thing(thing))["online"] is True
    finally:
        lamp.disconnect()
        lamp.loop_stop()

    async def offline() -> bool:
        return not (await shared.thing(thing))["online"]

    await shared.eventually(offline, "it is seen to be gone")


async def told_first(told: list[dict[str, Any]]) -> bool:
    return bool(told) and told[0] == {"state": {}, "commands": {}}


async def test_the_http_door_takes_a_devices_word(shared: Hub) -> None:
    thing, secret = await furnish(shared)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{shared.http_port}/api/v1/device") as device:
        device.headers["Authorization"] = f"Bearer {thing}:{secret}"
        assert (await device.post("/state", json={"temperature": 7.5})).status_code == 202
        assert (await device.get("/desired")).json() == {"state": {}, "commands": {}}
        assert (await device.post("/state", content=b"{")).status_code == 202
        device.headers["Authorization"] = f"Bearer {thing}:wrong"
        refused = await device.post("/state", json={"temperature": 8})
        assert (refused.status_code, refused.json()["code"]) == (401, "bad_credentials")
    assert await shared.value(thing) == 7.5
    assert await shared.history(thing) == [7.5]
    await shared.eventually(lambda: shared.letters(thing), "the bad JSON on its page")


async def test_a_wrong_secret_is_shown_on_the_things_page(shared: Hub) -> None:
    thing, _secret = await furnish(shared)
    assert (await shared.client(thing, "wrong").open()).reason != 0
    letters = await shared.eventually(lambda: shared.letters(thing), "the refusal")
    assert letters[0]["code"] == "bad_credentials"


async def test_a_removed_thing_is_sent_away_and_its_secret_opens_nothing(shared: Hub) -> None:
    thing, secret = await furnish(shared)
    client = await shared.device(thing, secret)
    await shared.ask("DELETE", f"/api/v1/things/{thing}")
    await until(client.closed.is_set, "it is sent away")
    assert (await shared.client(thing, secret).open()).reason != 0


# --- bad input

DEEP = b'{"temperature": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"

#: payload > (code, what of it counts all the same)
BAD: dict[str, tuple[bytes, str, float | None]] = {
    "depth 10,000": (DEEP, "bad_json", None),
    "depth 10,000, an unknown property": (DEEP.replace(b"temperature", b"x"), "bad_json", None),
    "NaN": (b'{"temperature": NaN}', "bad_json", None),
    "infinity": (b'{"temperature": Infinity}', "bad_json", None),
    "beyond a float": (b'{"temperature": 1e999}', "", None),
    "a text": (b'{"temperature": "hot"}', "bad_value", None),
    "a boolean": (b'{"temperature": true}', "bad_value", None),
    "null": (b'{"temperature": null}', "bad_value", None),
    "out of range": (b'{"temperature": 99999}', "bad_value", None),
    "an unknown property": (b'{"colour": "red"}', "unknown_property", None),
    "an unknown property beside a good one": (b'{"colour": "red", "temperature": 5}', "unknown_property", 5.0),
    "no object": (b"[1, 2]", "", None),
    "nothing": (b"", "", None),
    "no JSON": (b"temperature=5", "bad_json", None),
    "no UTF-8": (b'{"temperature": "\xff\xfe"}', "bad_json", None),
    "half of it": (b'{"temperature": 5', "bad_json", None),
    "a bad date, so ours counts": (b'{"at": "yesterday", "state": {"temperature": 5}}', "bad_value", 5.0),
    "500 KB of digits": (b'{"temperature": ' + b"9" * 500_000 + b"}", "", None),
}


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
async def test_bad_input_gets_a_reason_on_the_things_page_and_changes_nothing(
    shared: Hub, case: tuple[bytes, str, float | None]
) -> None:
    payload, code, value = case
    thing, secret = await furnish(shared)
    client = await shared.device(thing, secret)
    await client.say(STATE, b'{"temperature": 1}')
    await client.say(STATE, payload)  # taken, judged, shown: an endless resend would help nobody
    await client.say(STATE, b'{"humidity": 50}')
    letters = await shared.letters(thing)
    assert letters and letters[0]["detail"], "the reason"
    assert letters[0]["topic"] == "state"
    if code:
        assert letters[0]["code"] == code
    assert await shared.value(thing) == (value or 1)
    assert await shared.value(thing, "humidity") == 50
    assert await shared.history(thing) == ([1, value] if value else [1])
    assert not client.closed.is_set()


async def test_an_unknown_event_and_an_unasked_reply_are_dead_letters(shared: Hub) -> None:
    thing, secret = await furnish(shared)
    client = await shared.device(thing, secret)
    await client.say("things/me/event/exploded", b"{}")
    await client.say("things/me/reply/c1", b'{"ok": true}')
    letters = await shared.letters(thing)
    assert {letter["code"] for letter in letters} == {"unknown_event", "not_found"}


async def test_a_thing_cannot_write_anothers_topic(shared: Hub) -> None:
    thing, secret = await furnish(shared)
    other, other_secret = await furnish(shared)
    neighbour = await shared.device(other, other_secret)
    await neighbour.say(STATE, b'{"temperature": 1}')
    client = await shared.device(thing, secret, version=Version.V5)
    assert await client.say(f"things/{other}/state", b'{"temperature": 2}') == ReasonCode.NOT_AUTHORIZED
    letters = await shared.eventually(lambda: shared.letters(thing), "the refusal on the writer's page")
    assert (letters[0]["code"], letters[0]["topic"]) == ("topic_not_allowed", f"things/{other}/state")
    assert await shared.value(other) == 1
    assert await shared.letters(other) == []
    await neighbour.say(STATE, b'{"temperature": 3}')


FRAMES = {
    "256 MB announced": b"\x30\xff\xff\xff\x7f" + b"x" * 1000,
    "a truncated frame": encode(Publish(STATE, b'{"temperature": 2}'), Version.V311)[:-3] + b"\xff\xff",
    "a topic that is no UTF-8": b"\x30\x05\x00\x03\xff\xfe\xfd",
    "a reserved type": b"\xf0\x00",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=list(FRAMES))
async def test_broken_frames_end_their_connection_only(shared: Hub, frame: bytes) -> None:
    thing, secret = await furnish(shared)
    other, other_secret = await furnish(shared)
    neighbour = await shared.device(other, other_secret)
    client = await shared.device(thing, secret)
    client.send(frame)
    if frame is FRAMES["a truncated frame"]:
        await client.drop()
    await until(client.closed.is_set, "the connection is closed")
    await neighbour.say(STATE, b'{"temperature": 1}')

    async def offline() -> bool:
        return not (await shared.thing(thing))["online"]

    await shared.eventually(offline, "it is seen to be gone")
    if frame is not FRAMES["a truncated frame"]:
        letters = await shared.eventually(lambda: shared.letters(thing), "the reason")
        assert letters[0]["detail"]
    assert await shared.value(thing) is None
    assert not neighbour.closed.is_set()


async def test_dead_letters_are_bounded(shared: Hub) -> None:
    thing, secret = await furnish(shared)
    client = await shared.device(thing, secret)
    for _ in range(3_000):
        client.publish(STATE, b"nonsense")
    await client.say(STATE, b'{"temperature": 1}')
    await shared.eventually(lambda: shared.value(thing), "it goes on")
    letters = await shared.get(f"/api/v1/things/{thing}/dead-letters?limit=1000")
    assert 10 <= len(letters["items"]) <= 1000
    assert msgspec.json.encode(letters).count(b"nonsense") <= 2_000
