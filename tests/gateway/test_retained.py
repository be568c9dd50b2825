"""Retained messages: shown to who subscribes, kept over restarts, taken away by an empty payload, bounded."""

from __future__ import annotations

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import freeze, kill, until
from unisono.gateway import routing
from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.table import Table
from unisono.twin.record import Refused
from unisono.wire.mqtt import Subscription, Version


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
