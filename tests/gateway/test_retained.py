"""Retained messages: shown to who subscribes, kept over restarts, taken away by an empty payload, bounded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.gateway.test_limits import connection_of
from tests.parts import freeze, kill, until
from unisono.gateway import routing
from unisono.gateway.sessions.session import Message
from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.table import Table
from unisono.twin.record import Refused
from unisono.wire.mqtt import Properties, Subscription, Version


async def shown(rig: Rig, *filters: str | Subscription, thing: str = "neighbour", port: int = 0) -> list[bytes]:
    """What a new client is shown on subscribing."""
    client = await rig.device(thing, client_id="looks", version=Version.V5, port=port)
    await client.subscribe(*filters)
    await client.say("marker", b"m")
    found = [(payload, retain) for topic, payload, _qos, retain in client.messages if topic != "marker"]
    assert all(retain for _payload, retain in found)
    await client.leave()
    return [payload for payload, _retain in found]


async def test_the_last_retained_message_of_each_topic_is_shown(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.say("a/1", b"old", retain=True)
    await client.say("a/1", b"new", retain=True)
    await client.say("a/2", b"two", retain=True)
    await client.say("a/3", b"not kept")
    assert sorted(await shown(rig, "a/+")) == [b"new", b"two"]
    assert await shown(rig, "a/1") == [b"new"]
    assert await shown(rig, "b") == []


async def test_an_empty_payload_takes_it_away(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.say("a", b"1", retain=True)
    await client.say("a", b"", retain=True)
    assert await shown(rig, "a", "#") == []
    gateway, _stop = await rig.start_gateway("g1")
    assert await shown(rig, "#", port=getattr(gateway, "port")) == []  # noqa: B009


async def test_who_subscribed_before_gets_it_unretained(rig: Rig) -> None:
    watcher = await rig.device("neighbour")
    await watcher.subscribe("a")
    client = await rig.device("lamp")
    await client.say("a", b"1", retain=True)
    await until(lambda: watcher.messages, "the message")
    assert watcher.messages == [("a", b"1", 1, False)]


async def test_retain_handling(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    await client.say("a", b"1", retain=True)

    async def times(subscription: Subscription) -> int:
        client.messages.clear()
        await client.subscribe(subscription)
        await client.say("marker", b"m")
        return len(client.messages)

    assert await times(Subscription("a", 1, retain_handling=2)) == 0
    assert await times(Subscription("a", 1, retain_handling=1)) == 0  # not a new one
    assert await times(Subscription("a", 1, retain_handling=0)) == 1
    await client.unsubscribe("a")
    assert await times(Subscription("a", 1, retain_handling=1)) == 1


async def test_state_can_be_retained_for_who_may_see_it(rig: Rig) -> None:
    bulb = await rig.device("bulb")
    await bulb.say("things/me/state", b"{}", retain=True)
    assert await shown(rig, "#", thing="bridge") == [b"{}"]
    assert await shown(rig, "#", thing="lamp") == []


async def test_they_are_kept_over_a_restart_of_gateway_and_server(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.say("a/\u706f", b"kept", retain=True)
    await client.say("b", b"x" * 100_000, retain=True)
    kill(rig.server)
    await client.say("c", b"later", retain=True)
    gateway, _stop = await rig.start_gateway("g1")
    port = getattr(gateway, "port")  # noqa: B009
    assert sorted(await shown(rig, "#", port=port), key=len) == [b"kept", b"later", b"x" * 100_000]
    assert await shown(rig, "#", thing="stranger", port=port) == []


async def test_a_retained_message_is_acknowledged_only_when_it_is_kept(rig: Rig) -> None:
    client = await rig.device("lamp")
    await freeze(rig.server)
    number = client.publish("a", b"1", 1, retain=True)
    await until(lambda: rig.gateway.messages_in, "it was read")
    assert not client.acknowledged
    kill(rig.server)
    await until(lambda: number in client.acknowledged, "acknowledged")
    table_connection = await connect(rig.server.url, rig.server.token, "look")
    try:
        table = await Table.open(table_connection, "retained", max_bytes=1 << 20)
        assert list(await table.load()) == ["home/a"]
        await table.close()
    finally:
        await table_connection.close()


async def test_retained_bytes_are_bounded_and_what_does_not_fit_is_still_delivered(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "RETAINED", 5_000)
    watcher = await rig.device("neighbour")
    await watcher.subscribe("r/#")
    client: Client = await rig.device("lamp")
    for n in range(10):
        await client.say(f"r/{n}", b"x" * 700, retain=True)
    await until(lambda: len(watcher.messages) == 10, "all are delivered")
    assert 4 <= len(await shown(rig, "r/#")) < 10
    await rig.settled()
    assert rig.journal.of(Refused, "lamp")[0].code == "too_many"
    await client.say("r/0", b"", retain=True)
    await client.say("r/9", b"now there is room", retain=True)
    assert b"now there is room" in await shown(rig, "r/9")


FLOOD = 3_000


def flood(rig: Rig, size: int = 4_000, count: int = FLOOD) -> list[bytes]:
    """More than may wait for a client, and than its socket takes."""
    place = rig.gateway.place("home")
    payloads = [b"%06d" % n + bytes(size) for n in range(count)]
    for n, payload in enumerate(payloads):
        place.retain(f"r/{n}", Message(f"r/{n}", payload, 2, True, None))
    return payloads


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_slow_client_is_shown_all_of_them(rig: Rig, qos: int, lasting: bool) -> None:
    said = flood(rig)
    told = Properties(session_expiry_interval=600 if lasting else 0)
    client = await rig.device("neighbour", version=Version.V5, properties=told)
    assert client.transport is not None
    await client.subscribe("none")
    client.transport.pause_reading()
    client.send(client.wire.subscribe(Subscription("r/#", qos))[1])
    showing = connection_of(rig, "neighbour")
    await until(lambda: showing.showing is not None, "more than it takes")
    unsent = showing.transport.get_write_buffer_size() if showing.transport is not None else 0
    assert unsent < 2 << 20
    client.transport.resume_reading()
    await until(lambda: len(client.messages) >= FLOOD, "all of them")
    assert client.payloads == said
    assert {(got, retain) for _topic, _payload, got, retain in client.messages} == {(qos, True)}
    await until(lambda: showing.showing is None, "there is no more")
    session = rig.gateway.session("neighbour")
    assert session is not None and not session.dropped


async def test_what_changes_while_it_is_shown_comes_once_and_last(rig: Rig) -> None:
    flood(rig)
    client = await rig.device("neighbour", version=Version.V5)
    assert client.transport is not None
    await client.subscribe("none")
    client.transport.pause_reading()
    client.send(client.wire.subscribe(Subscription("r/#", 1))[1])
    await until(lambda: connection_of(rig, "neighbour").showing is not None, "more than it takes")
    speaks = await rig.device("lamp")
    await speaks.say(f"r/{FLOOD - 1}", b"new", retain=True)
    await speaks.say(f"r/{FLOOD - 2}", b"", retain=True)
    await speaks.say("r/later", b"later", retain=True)
    client.transport.resume_reading()
    await until(lambda: len(client.messages) >= FLOOD + 1, "all of them")
    await client.say("r/end", b"end")
    await until(lambda: client.payloads[-1] == b"end", "the end")
    of = {topic: [p for t, p, _q, _r in client.messages if t == topic] for topic, *_rest in client.messages}
    assert of[f"r/{FLOOD - 1}"] == [b"new"] and of[f"r/{FLOOD - 2}"] == [b""] and of["r/later"] == [b"later"]
    assert all(len(payloads) == 1 for payloads in of.values()) and len(of) == FLOOD + 2


async def test_who_unsubscribes_is_shown_no_more(rig: Rig) -> None:
    flood(rig)
    client = await rig.device("neighbour", version=Version.V5)
    assert client.transport is not None
    client.transport.pause_reading()
    client.send(client.wire.subscribe(Subscription("r/#", 0))[1])
    await until(lambda: connection_of(rig, "neighbour").showing is not None, "more than it takes")
    number, leaving = client.wire.unsubscribe(["r/#"])
    client.send(leaving)
    session = rig.gateway.session("neighbour")
    assert session is not None
    await until(lambda: not session.subscriptions, "it has unsubscribed")
    client.transport.resume_reading()
    await until(lambda: number in client.answers and connection_of(rig, "neighbour").showing is None, "the end of it")
    assert 0 < len(client.messages) < FLOOD


async def test_what_was_not_shown_when_the_connection_broke_waits(rig: Rig) -> None:
    said = flood(rig, size=10_000, count=500)
    fields: dict[str, Any] = {"version": Version.V5, "properties": Properties(session_expiry_interval=600)}
    client = await rig.device("neighbour", clean_start=False, **fields)
    assert client.transport is not None
    client.transport.pause_reading()
    client.send(client.wire.subscribe(Subscription("r/#", 1))[1])
    await until(lambda: connection_of(rig, "neighbour").showing is not None, "more than it takes")
    await client.drop()
    await client.open()
    await until(lambda: client.messages and client.payloads[-1] == said[-1], "the last")
    under_way = next(n for n, payload in enumerate(client.payloads) if payload != said[n])
    waited = len(client.messages) - under_way  # its queue holds so many: the oldest of them went
    assert client.payloads == said[:under_way] + said[-waited:] and waited > 50


async def test_looking_for_them_holds_nobody_up(rig: Rig) -> None:
    """A thousand filters beside thousands of retained messages: others have their turns in between."""
    flood(rig, size=1, count=4_000)
    greedy = await rig.device("neighbour", version=Version.V5)
    speaks = await rig.device("lamp")
    filters = [Subscription(f"+/none{n}", 0) for n in range(100)]
    greedy.send(greedy.wire.subscribe(*filters, Subscription("r/0", 0))[1])
    await until(lambda: connection_of(rig, "neighbour").showing is not None, "it is being looked for")
    await speaks.say("x", b"")
    assert not greedy.messages
    await until(lambda: greedy.messages, "what it is shown in the end")


async def test_a_table_writes_everything_before_it_closes(connection: Connection) -> None:
    table = await Table.open(connection, "retained", max_bytes=1 << 20)
    first = table.put("home/a", b"1")
    await first
    for n in range(100):
        table.put(f"home/{n}", b"%d" % n)
    await table.close()
    again = await Table.open(connection, "retained", max_bytes=1 << 20)
    found = await again.load()
    assert len(found) == 101
    await again.close()
