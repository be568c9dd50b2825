"""MQTT over WebSocket: frames cut anywhere, other people's clients, and what is refused (MQTT 5 section 6)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
import websockets
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from tests.gateway.client import connect_packet
from tests.gateway.conftest import Rig
from tests.parts import DEADLINE_S, until
from unisono.api.door.server import HttpServer, serve
from unisono.gateway.websocket import WebSocketDoor
from unisono.twin.record import Presence, Published, Reports
from unisono.wire.mqtt import Connect, Publish, Subscription, Version, Will
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Disconnect, Pingreq, Subscribe
from unisono.wire.websocket import encode_frame

MQTT = [Subprotocol("mqtt")]
STATE = "things/me/state"


@pytest.fixture
async def door(rig: Rig) -> AsyncIterator[HttpServer]:
    """The rig's gateway, reached through HTTP too."""
    running = await serve(WebSocketDoor(rig.gateway), "127.0.0.1", 0)
    yield running
    await running.stop()


def url(door: HttpServer) -> str:
    return f"ws://127.0.0.1:{door.port}/mqtt"


def talk(value: float) -> bytes:
    """All that a device says in one short visit."""
    packets: list[Connect | Publish | Pingreq | Disconnect] = [
        connect_packet("probe", clean_start=True),
        Publish(STATE, b'{"temperature": %.1f}' % value, 1, packet_id=7),
        Pingreq(),
        Disconnect(),
    ]
    return b"".join(encode(each, Version.V311) for each in packets)


#: CONNACK, then PINGRESP at once, and PUBACK of 7 when it is on disk.
ANSWERS = b"\x20\x02\x00\x00" + b"\xd0\x00" + b"\x40\x02\x00\x07"
LATER = b"\x20\x02\x00\x00" + b"\x40\x02\x00\x07" + b"\xd0\x00"


async def answers(client: ClientConnection) -> bytes:
    """Everything that is said until the server closes; every frame has to be binary [MQTT-6.0.0-1]."""
    heard = b""
    with contextlib.suppress(websockets.ConnectionClosedError):
        async with asyncio.timeout(DEADLINE_S):
            async for frame in client:
                assert isinstance(frame, bytes)
                heard += frame
    return heard


async def visit(door: HttpServer, frames: list[Any]) -> bytes:
    async with websockets.connect(url(door), subprotocols=MQTT, compression=None) as client:
        for frame in frames:
            await client.send(frame)
        heard = b""
        async with asyncio.timeout(DEADLINE_S):
            while len(heard) < len(ANSWERS):
                heard += await client.recv(decode=False)
        return ANSWERS if heard == LATER else heard  # where the frames were cut after the message, the disk may win


async def test_packets_may_span_frames_cut_at_every_byte(rig: Rig, door: HttpServer) -> None:
    """[MQTT-6.0.0-2]"""
    said = talk(0.0)[:-2]  # without DISCONNECT: the answers are waited for
    for cut in range(1, len(said)):
        assert await visit(door, [said[:cut], said[cut:]]) == ANSWERS, cut
    await rig.settled()
    reports = [entry for entry in rig.journal.of(Reports) if entry.thing == "probe"]
    assert sum(len(entry.payloads) for entry in reports) == len(said) - 1


async def test_frames_of_one_byte_and_one_frame_of_everything(rig: Rig, door: HttpServer) -> None:
    said = talk(1.0)[:-2]
    assert await visit(door, [said[at : at + 1] for at in range(len(said))]) == ANSWERS
    assert await visit(door, [said]) == ANSWERS
    assert await visit(door, [[said[:5], said[5:9], said[9:]]]) == ANSWERS  # one message in three fragments
    assert await visit(door, [b"", said, b""]) == ANSWERS


async def test_disconnect_closes_the_websocket_and_presence_tells(rig: Rig, door: HttpServer) -> None:
    async with websockets.connect(url(door), subprotocols=MQTT) as client:
        await client.send(talk(2.0))
        assert (await answers(client)).startswith(ANSWERS[:4])
        assert client.close_code == 1000
    await rig.settled()
    assert [(each.online, each.reason) for each in rig.journal.of(Presence, "probe")] == [
        (True, "connected"),
        (False, "disconnected"),
    ]


async def test_a_socket_that_is_lost_leaves_its_will(rig: Rig, door: HttpServer) -> None:
    client = await websockets.connect(url(door), subprotocols=MQTT)
    will = Will("left", b"gone", 1, False)
    await client.send(encode(connect_packet("probe", will=will), Version.V311))
    assert await client.recv() == ANSWERS[:4]
    client.transport.abort()
    await until(lambda: rig.gateway.connections == set(), "the loss is seen")
    await rig.settled()
    assert [entry.payload for entry in rig.journal.of(Published)] == [b"gone"]
    assert rig.journal.of(Presence, "probe")[-1].reason == "lost"


async def test_a_text_frame_ends_it(rig: Rig, door: HttpServer) -> None:
    """[MQTT-6.0.0-1]"""
    async with websockets.connect(url(door), subprotocols=MQTT) as client:
        await client.send(talk(3.0).decode("latin-1"))
        assert await answers(client) == b""
        assert client.close_code == 1003
    await rig.settled()
    assert rig.journal.of(Reports) == []


async def test_a_fault_is_answered_and_ends_it(rig: Rig, door: HttpServer) -> None:
    async with websockets.connect(url(door), subprotocols=MQTT) as client:
        await client.send(encode(connect_packet("probe", version=Version.V5), Version.V5) + b"\xf0\x00" + b"\x00")
        heard = await answers(client)
        assert heard[0] == 0x20 and b"\xe0" in heard


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["mqtt"], "mqtt"), (["mqttv3.1"], "mqttv3.1"), (["chat", "mqtt"], "mqtt"), (["mqttv3.1", "mqtt"], "mqttv3.1")],
)
async def test_a_subprotocol_is_chosen_of_those_offered(door: HttpServer, offered: list[str], chosen: str) -> None:
    """[MQTT-6.0.0-3], [MQTT-6.0.0-4]"""
    async with websockets.connect(url(door), subprotocols=[Subprotocol(each) for each in offered]) as client:
        assert client.subprotocol == chosen


@pytest.mark.parametrize("offered", [None, [Subprotocol("chat")]])
async def test_without_the_subprotocol_nobody_comes_in(door: HttpServer, offered: list[Subprotocol] | None) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        await websockets.connect(url(door), subprotocols=offered)
    assert caught.value.response.status_code == 400
    assert b"Sec-WebSocket-Protocol: mqtt" in (caught.value.response.body or b"")


async def test_plain_http_is_told_to_upgrade(door: HttpServer) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{door.port}/mqtt")
    assert answer.status_code == 426
    assert answer.headers["upgrade"] == "websocket"
    assert answer.json()["code"] == "bad_request"


async def test_pages_of_any_origin_may_connect_since_they_must_bring_a_secret(door: HttpServer) -> None:
    for secret, code in (("s-probe", 0), ("guess", 4)):
        async with websockets.connect(url(door), subprotocols=MQTT, origin="https://elsewhere.example") as client:  # type: ignore[arg-type]
            await client.send(encode(connect_packet("probe", secret), Version.V311))
            assert await client.recv() == bytes((0x20, 2, 0, code))


async def test_a_packet_beyond_the_bound_is_refused_at_its_first_bytes(rig: Rig, door: HttpServer) -> None:
    """However large the frame that it announces, nothing of it is kept."""
    async with websockets.connect(url(door), subprotocols=MQTT, compression=None) as client:
        await client.send(encode(connect_packet("probe", version=Version.V5), Version.V5))
        await client.recv()
        client.transport.write(b"\x82\xff" + (200 << 20).to_bytes(8) + b"\0\0\0\0" + b"\x30\xff\xff\xff\x5f")
        assert (await answers(client))[:1] == b"\xe0"
        assert client.close_code == 1000
    await until(lambda: rig.gateway.connections == set(), "it is gone")


async def test_a_bare_frame_is_a_fault(rig: Rig, door: HttpServer) -> None:
    async with websockets.connect(url(door), subprotocols=MQTT, compression=None) as client:
        client.transport.write(encode_frame(talk(4.0)))
        assert await answers(client) == b""
        assert client.close_code == 1002
    await rig.settled()
    assert rig.journal.of(Reports) == []


async def test_a_ping_is_answered(rig: Rig, door: HttpServer) -> None:
    async with websockets.connect(url(door), subprotocols=MQTT) as client:
        async with asyncio.timeout(DEADLINE_S):
            await (await client.ping(b"there?"))
        await client.send(talk(5.0))
        assert (await answers(client)).startswith(ANSWERS[:4])


async def test_more_than_a_frame_is_sent_in_several(rig: Rig, door: HttpServer) -> None:
    async with websockets.connect(url(door), subprotocols=MQTT, max_size=None) as client:
        await client.send(encode(connect_packet("probe"), Version.V311))
        await client.send(encode(Subscribe(1, [Subscription("large", 0)]), Version.V311))
        heard = b""
        async with asyncio.timeout(DEADLINE_S):
            while len(heard) < 9:
                heard += await client.recv(decode=False)
            payload = bytes(range(256)) * 1700
            await client.send(encode(Publish("large", payload), Version.V311))
            while len(heard) < len(payload):
                frame = await client.recv(decode=False)
                assert len(frame) <= 256 * 1024
                heard += frame
        assert heard.endswith(payload)


async def test_who_does_not_read_is_kept_within_bounds(rig: Rig, door: HttpServer) -> None:
    """It has subscribed and reads no more: what is kept for it is bounded, and its neighbours go on."""
    client = await websockets.connect(url(door), subprotocols=MQTT, max_queue=1, compression=None)
    await client.send(encode(connect_packet("lamp"), Version.V311))
    await client.send(encode(Subscribe(1, [Subscription("flood", 0)]), Version.V311))
    assert (await client.recv(decode=False)).startswith(ANSWERS[:4])
    client.transport.pause_reading()
    sender = await rig.device("neighbour")
    await until(lambda: any(each.session and each.session.subscriptions for each in rig.gateway.connections), "SUBACK")
    [slow] = [each for each in rig.gateway.connections if each.session is not None and each.session.thing == "lamp"]
    most = 0
    for _ in range(60):
        await sender.say("flood", bytes(200_000))
        if slow.transport is not None:
            most = max(most, slow.transport.get_write_buffer_size())
    assert 0 < most < 2 * 1024 * 1024
    client.transport.abort()
    await until(lambda: len(rig.gateway.connections) == 1, "the slow one is gone")


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
async def test_paho_over_websocket(rig: Rig, door: HttpServer, protocol: MQTTProtocolVersion) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="lamp", protocol=protocol, transport="websockets")
    client.ws_set_options("/mqtt")
    client.username_pw_set("lamp", "s-lamp")
    heard: list[bytes | bytearray] = []
    subscribed = threading.Event()

    def connected(*_: Any) -> None:
        client.subscribe("room/#", 2)

    client.on_connect = connected
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: heard.append(message.payload)
    await asyncio.to_thread(client.connect, "127.0.0.1", door.port)
    client.loop_start()
    try:
        await until(subscribed.is_set, "SUBACK")
        sent = [b"%d" % number for number in range(200)] + [bytes(300_000)]
        for payload in sent:
            client.publish("room/x", payload, 2)
        await until(lambda: len(heard) == len(sent), "everything is back")
        assert heard == sent
    finally:
        client.disconnect()
        client.loop_stop()
