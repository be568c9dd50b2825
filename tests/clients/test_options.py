"""Options of clients that are used less often: each is set once, on a real library, against a running hub."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.clients.peer import Door, Message
from tests.clients.scenes import Cast
from tests.clients.test_clients import door
from tests.clients.with_js import Js, Node
from tests.hub.hub import Hub

WITHIN_S = 20.0
_numbers = itertools.count()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub with all its doors for the module; each test has a home of its own."""
    hub = Hub(tmp_path_factory.mktemp("options") / "data")
    asyncio.run(hub.start())
    yield hub
    asyncio.run(hub.close())


async def home(hub: Hub) -> tuple[Cast, Cast]:
    number = next(_numbers)
    ids = (f"option{number}", f"choice{number}")
    secrets = await hub.furnish(*ids, place=f"options{number}")
    first, second = (Cast(id, secrets[id]) for id in ids)
    return first, second


def told(kind: int, **values: Any) -> Properties:
    made = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Bare:
    """paho as it comes, version 5: what it is told goes into queues of the test's loop."""

    def __init__(self, at: Door, who: Cast | None, client_id: str, **settings: Any) -> None:
        self.door = at
        web: dict[str, Any] = {"transport": "websockets"} if at.web else {}
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, reconnect_on_failure=False, **web, **settings
        )
        if who is not None:
            self.client.username_pw_set(who.id, who.secret)
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Queue[tuple[Any, Any, Any]] = asyncio.Queue()
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.granted: asyncio.Queue[Any] = asyncio.Queue()
        self.done: asyncio.Queue[Any] = asyncio.Queue()
        self.ended: asyncio.Queue[Any] = asyncio.Queue()

        def later(queue: asyncio.Queue[Any], value: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the test is over
                loop.call_soon_threadsafe(queue.put_nowait, value)

        # they hold no reference to it: it closes its own sockets when it is let go
        connected, heard, granted, done, ended = self.connected, self.heard, self.granted, self.done, self.ended
        self.client.on_connect = lambda _c, _u, flags, reason, more: later(connected, (flags, reason, more))
        self.client.on_message = lambda _c, _u, message: later(heard, message)
        self.client.on_subscribe = lambda _c, _u, _mid, reasons, _more: later(granted, reasons)
        self.client.on_publish = lambda _c, _u, _mid, reason, _more: later(done, reason)
        self.client.on_disconnect = lambda _c, _u, _flags, reason, _more: later(ended, reason)

    async def open(self, *, fresh: bool = True, **properties: Any) -> tuple[Any, Any]:
        """CONNACK's session-present flag and its properties."""
        more = told(PacketTypes.CONNECT, **properties)
        await asyncio.to_thread(self.client.connect, "localhost", self.door.port, clean_start=fresh, properties=more)
        self.client.loop_start()
        flags, reason, answer = await self._next(self.connected)
        assert reason == "Success", reason
        return flags.session_present, answer

    @staticmethod
    async def _next(queue: asyncio.Queue[Any]) -> Any:
        async with asyncio.timeout(WITHIN_S):
            return await queue.get()

    async def next(self) -> Any:
        return await self._next(self.heard)

    async def subscribe(self, filter: str, options: SubscribeOptions, **properties: Any) -> None:
        self.client.subscribe(filter, options=options, properties=told(PacketTypes.SUBSCRIBE, **properties))
        for reason in await self._next(self.granted):
            assert not reason.is_failure, reason

    async def publish(self, topic: str, payload: bytes, qos: int = 1, **properties: Any) -> Any:
        retain = properties.pop("retain", False)
        self.client.publish(topic, payload, qos, retain, told(PacketTypes.PUBLISH, **properties))
        return await self._next(self.done)

    async def close(self, **properties: Any) -> None:
        self.client.disconnect(properties=told(PacketTypes.DISCONNECT, **properties))
        await self.end()

    async def lose(self) -> None:
        """The connection ends without a word."""
        found: Any = self.client.socket()
        getattr(found, "_socket", found).close()
        await self.end()

    async def end(self) -> None:
        await asyncio.to_thread(self.client.loop_stop)
        self.client._reset_sockets(sockpair_only=True)  # it makes others when it connects again, and leaves these open


OPTIONS = SubscribeOptions(qos=2)


async def test_what_is_not_acknowledged_by_hand_comes_again(running: Hub) -> None:
    """Manual acknowledgement, a session that lasts, and a connection that is lost in between."""
    first, second = await home(running)
    one, other = Bare(door(running, "tcp"), first, "one"), Bare(door(running, "tcp"), second, "o", manual_ack=True)
    await one.open()
    assert not (await other.open(fresh=False, SessionExpiryInterval=600, ReceiveMaximum=2))[0]
    await other.subscribe("room/#", OPTIONS)
    for number in range(3):
        await one.publish("room/a", b"%d" % number)
    held = [await other.next(), await other.next()]
    assert [each.payload for each in held] == [b"0", b"1"]
    assert other.heard.empty()  # it takes two that it has not acknowledged
    other.client.ack(held[0].mid, held[0].qos)
    assert (await other.next()).payload == b"2"
    await other.lose()
    assert (await other.open(fresh=False, SessionExpiryInterval=600, ReceiveMaximum=2))[0]
    again = [await other.next(), await other.next()]
    assert [(each.payload, each.dup) for each in again] == [(b"1", True), (b"2", True)]
    for each in again:
        other.client.ack(each.mid, each.qos)
    await other.close(SessionExpiryInterval=0)
    assert not (await other.open(fresh=False))[0]
    await other.close()
    await one.close()


@pytest.mark.parametrize("kind", ["tcp", "wss"])
async def test_a_will_with_all_that_it_may_bear(running: Hub, kind: str) -> None:
    first, second = await home(running)
    at = door(running, kind)
    one, other = Bare(at, first, "one"), Bare(at, second, "other")
    for each in (one, other):
        if at.tls is not None:
            each.client.tls_set_context(at.tls)
        if at.web:
            each.client.ws_set_options("/mqtt")
    more = told(
        PacketTypes.WILLMESSAGE, WillDelayInterval=1, MessageExpiryInterval=60, PayloadFormatIndicator=1,
        ContentType="text/plain", ResponseTopic="room/answer", CorrelationData=b"\x00c", UserProperty=[("a", "二")],
    )  # fmt: skip
    one.client.will_set("room/will", "fort", 2, True, more)
    await other.open()
    await other.subscribe("room/will", SubscribeOptions(qos=2, retainAsPublished=True))
    await one.open(SessionExpiryInterval=60)
    await one.lose()
    message = await other.next()
    assert (message.payload, message.qos, message.retain) == (b"fort", 2, True)
    had = message.properties
    assert (had.ContentType, had.ResponseTopic, had.CorrelationData) == ("text/plain", "room/answer", b"\x00c")
    assert had.UserProperty == [("a", "二")] and had.PayloadFormatIndicator == 1
    assert 0 < had.MessageExpiryInterval <= 60 and not hasattr(had, "WillDelayInterval")
    await other.publish("room/will", b"", retain=True)
    await other.close()


async def test_what_connack_tells(running: Hub) -> None:
    first, _ = await home(running)
    one = Bare(door(running, "tcp"), first, "")
    _, answer = await one.open(RequestResponseInformation=1, RequestProblemInformation=0, TopicAliasMaximum=5)
    assert answer.AssignedClientIdentifier and answer.ResponseInformation
    assert answer.MaximumPacketSize > 1_500_000 and answer.ReceiveMaximum and answer.TopicAliasMaximum
    await one.subscribe(f"{answer.ResponseInformation}/#", OPTIONS)
    await one.publish(f"{answer.ResponseInformation}/1", b"to myself")
    assert (await one.next()).payload == b"to myself"
    await one.close()


async def test_topic_aliases_both_ways(running: Hub) -> None:
    first, second = await home(running)
    one, other = Bare(door(running, "tcp"), first, "one"), Bare(door(running, "tcp"), second, "other")
    await one.open()
    await other.open(TopicAliasMaximum=5)
    await other.subscribe("room/#", OPTIONS, SubscriptionIdentifier=7)
    for number, topic in enumerate(("room/a", "", "room/b", "")):
        await one.publish(topic, b"%d" % number, 2 if number % 2 else 1, TopicAlias=1 + number // 2)
    heard = [await other.next() for _ in range(4)]
    assert all(each.properties.SubscriptionIdentifier == [7] for each in heard)
    # paho leaves the server's aliases to the program
    names = {each.properties.TopicAlias: each.topic for each in heard if each.topic}
    said = {each.payload: each.topic or names[each.properties.TopicAlias] for each in heard}
    assert said == {b"0": "room/a", b"1": "room/a", b"2": "room/b", b"3": "room/b"}
    await one.close()
    await other.close()


@pytest.mark.parametrize("size", [60_000, 65_535])
async def test_topics_as_long_as_can_be(running: Hub, size: int) -> None:
    first, second = await home(running)
    one, other = Bare(door(running, "tcp"), first, "one"), Bare(door(running, "tcp"), second, "other")
    topic = "long/" + "t" * (size - 5)
    await one.open()
    await other.open(fresh=False, SessionExpiryInterval=600)
    await other.subscribe(topic, OPTIONS)
    await one.publish(topic, b"here", 2)
    assert (await other.next()).topic == topic
    await other.lose()
    await one.publish(topic, b"away", 1, retain=True)
    await other.open(fresh=False, SessionExpiryInterval=600)
    message = await other.next()
    assert (message.topic, message.payload) == (topic, b"away")
    await other.close(SessionExpiryInterval=0)
    await one.close()


async def test_a_certificate_instead_of_a_password(running: Hub, tmp_path: Path) -> None:
    first, _ = await home(running)
    made = await running.ask("POST", f"/api/v1/things/{first.id}/certificate")
    (tmp_path / "c.pem").write_text(made["certificate"] + made["key"])
    at = door(running, "tls")
    context = ssl.create_default_context(cafile=str(at.ca))
    context.load_cert_chain(tmp_path / "c.pem")
    one = Bare(at, None, "one")
    one.client.tls_set_context(context)
    await one.open()
    await one.publish("things/me/state", b'{"temperature": 21.5}')

    async def reported() -> bool:
        return bool(await running.value(first.id) == 21.5)

    await running.eventually(reported, "the report")
    await one.close()


@pytest.mark.parametrize("kind", ["ws", "wss"])
async def test_the_subprotocol_of_older_clients(running: Hub, kind: str) -> None:
    first, _ = await home(running)
    at = door(running, kind)
    one = Bare(at, first, "one")
    one.client.ws_set_options("/mqtt", headers=lambda given: {**given, "Sec-Websocket-Protocol": "mqttv3.1"})
    if at.tls is not None:
        one.client.tls_set_context(at.tls)
    await one.open()
    await one.subscribe("room/a", OPTIONS)
    await one.publish("room/a", b"1")
    assert (await one.next()).payload == b"1"
    await one.close()


@pytest.mark.parametrize("kind", ["tcp", "ws"])
async def test_version_3_1_of_the_javascript_package(running: Hub, kind: str) -> None:
    """Over WebSocket it offers ``mqttv3.1``."""
    first, _ = await home(running)
    async with Node() as node:
        one = Js(door(running, kind), 3, node)
        await one.open(first.id, first.secret, client_id="one")
        assert await one.subscribe("room/a", 2) == 2
        await one.publish(Message("room/a", b"1", 2))
        assert await one.next() == Message("room/a", b"1", 2)
        await one.close()
