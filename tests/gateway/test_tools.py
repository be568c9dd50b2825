"""Other people's clients against the gateway: paho-mqtt in its threads, mosquitto's command line tools."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.gateway.conftest import Rig
from tests.parts import DEADLINE_S, until
from unisono.twin.record import Presence, Published, Reports

PROTOCOLS = [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]
COUNT = 500


class Paho:
    """One paho client with its network thread; everything that it is told is kept."""

    def __init__(self, port: int, thing: str, protocol: MQTTProtocolVersion, **fields: Any) -> None:
        self.messages: list[tuple[str, bytes, int, bool]] = []
        self.acknowledged = 0
        self.reasons: list[Any] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.left = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=thing, protocol=protocol, **fields)
        self.client.username_pw_set(thing, f"s-{thing}")
        self.client.max_inflight_messages_set(100)
        self.client.on_connect = self._connected
        self.client.on_message = self._message
        self.client.on_publish = self._published
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_disconnect = lambda *_: self.left.set()
        self.port = port

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.reasons.append(reason)
        self.connected.set()

    def _message(self, _client: Any, _data: Any, message: Any) -> None:
        self.messages.append((message.topic, message.payload, message.qos, message.retain))

    def _published(self, *_: Any) -> None:
        self.acknowledged += 1

    async def start(self, **options: Any) -> Paho:
        await asyncio.to_thread(self.client.connect, "127.0.0.1", self.port, **options)
        self.client.loop_start()
        await until(self.connected.is_set, "CONNACK")
        return self

    async def subscribe(self, filter: str, qos: int = 1) -> None:
        self.subscribed.clear()
        self.client.subscribe(filter, qos)
        await until(self.subscribed.is_set, "SUBACK")

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def pahos(rig: Rig) -> Iterator[list[Paho]]:
    made: list[Paho] = []
    yield made
    for each in made:
        each.stop()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_paho_publishes_and_hears(rig: Rig, pahos: list[Paho], protocol: MQTTProtocolVersion, qos: int) -> None:
    lamp = Paho(rig.port, "lamp", protocol)
    neighbour = Paho(rig.port, "neighbour", protocol)
    pahos += [lamp, neighbour]
    await lamp.start()
    await neighbour.start()
    await neighbour.subscribe("free/#", qos)
    for n in range(COUNT):
        lamp.client.publish("things/me/state", b"%d" % n, qos)
        lamp.client.publish("free/x", b"%d" % n, qos)
    await until(lambda: lamp.acknowledged == 2 * COUNT, "all are published")
    await until(lambda: len(neighbour.messages) == COUNT, "all are heard")
    assert [m[1] for m in neighbour.messages] == [b"%d" % n for n in range(COUNT)]
    assert {m[2] for m in neighbour.messages} == {qos}
    await rig.settled()
    said = [p for run in rig.journal.of(Reports, "lamp") for p in run.payloads]
    assert said == [b"%d" % n for n in range(COUNT)]
    assert len(rig.journal.of(Published)) == COUNT


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_paho_is_refused_with_a_wrong_password(
    rig: Rig, pahos: list[Paho], protocol: MQTTProtocolVersion
) -> None:
    lamp = Paho(rig.port, "lamp", protocol)
    pahos.append(lamp)
    lamp.client.username_pw_set("lamp", "wrong")
    await lamp.start()
    assert lamp.reasons[0].is_failure
    assert "user name" in str(lamp.reasons[0]).lower()


async def test_paho_keeps_its_session_with_version_5(rig: Rig, pahos: list[Paho]) -> None:
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting.SessionExpiryInterval = 60
    first = Paho(rig.port, "neighbour", MQTTProtocolVersion.MQTTv5)
    await first.start(clean_start=False, properties=lasting)
    await first.subscribe("free/#")
    first.stop()
    speaker = await rig.device("lamp")
    await speaker.say("free/a", b"while away")
    second = Paho(rig.port, "neighbour", MQTTProtocolVersion.MQTTv5)
    pahos.append(second)
    await second.start(clean_start=False, properties=lasting)
    await until(lambda: second.messages, "what waited")
    assert second.messages == [("free/a", b"while away", 1, False)]


async def test_paho_sees_a_will_and_a_retained_message(rig: Rig, pahos: list[Paho]) -> None:
    lamp = Paho(rig.port, "lamp", MQTTProtocolVersion.MQTTv311)
    lamp.client.will_set("status/lamp", b"gone", 1, retain=True)
    pahos.append(lamp)
    await lamp.start()
    lamp.client.publish("status/lamp", b"here", 1, retain=True)
    await until(lambda: lamp.acknowledged == 1, "PUBACK")
    watcher = await Paho(rig.port, "neighbour", MQTTProtocolVersion.MQTTv5).start()
    pahos.append(watcher)
    await watcher.subscribe("status/#")
    await until(lambda: watcher.messages, "the retained one")
    sock = lamp.client.socket()
    assert sock is not None
    lamp.client.loop_stop()
    sock.close()
    await until(lambda: len(watcher.messages) == 2, "the will")
    assert watcher.messages == [("status/lamp", b"here", 1, True), ("status/lamp", b"gone", 1, False)]


# --- mosquitto_pub and mosquitto_sub


async def run(*command: str) -> tuple[int, str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (Debian: apt-get install mosquitto-clients)")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def tool(name: str, rig: Rig, version: str, thing: str, secret: str | None = None) -> list[str]:
    password = secret or f"s-{thing}"
    return [name, "-h", "127.0.0.1", "-p", str(rig.port), "-V", version, "-u", thing, "-P", password]


@pytest.mark.parametrize("version", ["311", "5"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_mosquitto_pub_reports_a_state(rig: Rig, version: str, qos: str) -> None:
    command = tool("mosquitto_pub", rig, version, "lamp")
    assert await run(*command, "-t", "things/me/state", "-m", '{"on_off": true}', "-q", qos) == (0, "")
    await until(lambda: any(not e.online for e in rig.journal.of(Presence)), "it has come and gone")
    assert rig.journal.of(Reports)[0].payloads == (b'{"on_off": true}',)
    assert rig.journal.of(Presence)[-1].reason == "disconnected"


@pytest.mark.parametrize("version", ["311", "5"])
async def test_mosquitto_pub_and_sub_of_one_thing_do_not_disturb_each_other(rig: Rig, version: str) -> None:
    """Neither gives a client id of its own unless it is told to."""
    listening = asyncio.create_task(
        run(*tool("mosquitto_sub", rig, version, "lamp"), "-t", "#", "-v", "-C", "2", "-W", "15")
    )
    await until(lambda: any(s.subscriptions for s in rig.gateway.by_key.values()) or listening.done(), "listening")
    for payload in ("1", "2"):
        code, output = await run(*tool("mosquitto_pub", rig, version, "lamp"), "-t", "free", "-m", payload, "-q", "1")
        assert (code, output) == (0, "")
    assert await listening == (0, "free 1\nfree 2\n")


@pytest.mark.parametrize(
    ("version", "words"), [("311", "bad user name or password"), ("5", "bad user name or password")]
)
async def test_mosquitto_pub_says_why_it_may_not_come_in(rig: Rig, version: str, words: str) -> None:
    code, output = await run(*tool("mosquitto_pub", rig, version, "lamp", "wrong"), "-t", "x", "-m", "1")
    assert code != 0 and words in output.lower()


async def test_mosquitto_pub_says_that_a_topic_is_not_its_own(rig: Rig) -> None:
    command = tool("mosquitto_pub", rig, "5", "lamp")
    _code, output = await run(*command, "-t", "things/neighbour/state", "-m", "{}", "-q", "1")
    assert "not authorized" in output.lower()
