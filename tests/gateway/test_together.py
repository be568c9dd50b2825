"""Several gateways as one: who listens at one hears what is said at another, and every client has one home."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import kill, until
from unisono.gateway.fleet.homes import home_of
from unisono.gateway.fleet.moving import move_home
from unisono.gateway.server import Gateway
from unisono.store.bus import connect
from unisono.twin.record import Presence
from unisono.wire.mqtt import Properties, ReasonCode, Subscription, Version, Will

IDS = ["a0", "a1", "a2"]
LASTING: dict[str, Any] = {"clean_start": False}
FOREVER = Properties(session_expiry_interval=0xFFFFFFFF)


class House:
    """Three gateways; `at` gives a client whose connection begins at one of them."""

    def __init__(self, rig: Rig, folder: Path | None) -> None:
        self.rig = rig
        self.folder = folder
        self.gateways: dict[str, Gateway] = {}

    async def start(self, id: str) -> Gateway:
        made, _stop = await self.rig.start_gateway(id, gateways=IDS, folder=self.folder)
        self.gateways[id] = made
        for client in self.rig.clients:
            if getattr(client, "door", "") == id:
                client.port = self.port(id)
        return made

    def port(self, id: str) -> int:
        return int(getattr(self.gateways[id], "port"))  # noqa: B009

    async def at(self, id: str, thing: str, **fields: Any) -> Client:
        client = await self.rig.device(thing, port=self.port(id), **fields)
        setattr(client, "door", id)  # noqa: B010
        return client

    async def crash(self, id: str) -> None:
        await getattr(self.gateways[id], "crash")()  # noqa: B009


@pytest.fixture
async def apart(rig: Rig) -> House:
    """Clients stay where they came: what crosses is messages."""
    house = House(rig, None)
    for id in IDS:
        await house.start(id)
    return house


@pytest.fixture
async def house(rig: Rig, tmp_path: Path) -> AsyncIterator[House]:
    """As a hub has it: clients are brought to their home."""
    made = House(rig, tmp_path / "run")
    for id in IDS:
        await made.start(id)
    yield made


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_who_listens_at_one_hears_what_is_said_at_another(apart: House, qos: int) -> None:
    client = await apart.at("a0", "lamp", version=Version.V5)
    await client.subscribe("x/+", qos=2)
    speaker = await apart.at("a1", "neighbour", version=Version.V5)
    for n in range(50):
        speaker.publish(f"x/{n % 3}", b"%d" % n, qos, properties=Properties(content_type="n"))
    await until(lambda: len(client.messages) == 50, "all of them")
    assert [p for t, p, _q, _r in client.messages if t == "x/1"] == [b"%d" % n for n in range(1, 50, 3)]
    assert {q for _t, _p, q, _r in client.messages} == {qos}
    assert client.runs[0].properties == Properties(content_type="n")
    stranger = await apart.at("a1", "stranger")
    await stranger.say("x/1", b"of elsewhere")
    await client.unsubscribe("x/+")
    await speaker.say("x/1", b"unheard")
    await client.subscribe("marker")
    await speaker.say("marker", b"m")
    await until(lambda: client.payloads[-1] == b"m", "the marker")
    assert len(client.messages) == 51


async def test_reports_of_qos_0_are_heard_too(apart: House) -> None:
    bridge = await apart.at("a0", "bridge")
    await bridge.subscribe("#")
    bulb = await apart.at("a2", "bulb")
    bulb.publish("things/me/state", b'{"on_off": true}', 0)
    await until(lambda: bridge.messages, "the report of its child")
    probe = await apart.at("a2", "probe")
    await probe.say("things/me/state", b"{}")
    await bulb.say("things/me/state", b"{}")
    await until(lambda: len(bridge.messages) == 2, "the next")
    assert {topic for topic, *_rest in bridge.messages} == {"things/bulb/state"}


async def test_a_retained_message_is_shown_everywhere(apart: House) -> None:
    client = await apart.at("a0", "lamp", version=Version.V5)
    await client.say("r/1", b"old", 1, retain=True)
    await client.say("r/1", b"new", 1, retain=True)
    await client.say("r/" + "long" * 1000, b"long", 1, retain=True)
    await until(lambda: len(apart.gateways["a1"].place("home").retained) == 2, "a1 has them")
    other = await apart.at("a1", "neighbour")
    await other.subscribe("r/#")
    await until(lambda: len(other.messages) == 2, "the retained messages")
    assert sorted(other.payloads) == [b"long", b"new"] and all(retain for *_rest, retain in other.messages)
    await other.say("r/1", b"", 1, retain=True)
    await until(lambda: len(apart.gateways["a0"].place("home").retained) == 1, "a0 has let it go")


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_who_was_told_of_a_retained_message_is_shown_it_too(apart: House, qos: int) -> None:
    """As at one gateway: what somebody has heard, or was acknowledged, a subscription made afterwards is shown."""
    speaker = await apart.at("a1", "neighbour", version=Version.V5)
    client = await apart.at("a0", "lamp", version=Version.V5)
    witness = await apart.at("a0", "probe", version=Version.V5)
    await witness.subscribe("r")
    for n in range(30):
        if qos:
            await speaker.say("r", b"%d" % n, qos, retain=True)
        else:
            speaker.publish("r", b"%d" % n, 0, retain=True)
            await until(lambda at=n: len(witness.messages) > at, "heard at the other gateway")  # type: ignore[misc]
        before = len(client.messages)
        await client.subscribe("r")
        await until(lambda: len(client.messages) > before, "what is retained")  # noqa: B023
        assert client.messages[before] == ("r", b"%d" % n, min(qos, 1), True)
        await client.unsubscribe("r")


async def test_all_gateways_agree_on_what_is_retained(apart: House) -> None:
    clients = [await apart.at(id, "lamp", client_id=id) for id in IDS]
    for n in range(40):
        for id, client in zip(IDS, clients, strict=True):
            client.publish("r", b"%d of %s" % (n, id.encode()), 1, retain=True)
    await until(lambda: all(len(client.acknowledged) == 40 for client in clients), "all are kept")
    kept = [gateway.place("home").retained["r"].payload for gateway in apart.gateways.values()]
    await until(
        lambda: len({gateway.place("home").retained["r"].payload for gateway in apart.gateways.values()}) == 1,
        f"one of them is the last: {kept}",
    )


async def test_a_will_crosses(apart: House) -> None:
    watcher = await apart.at("a2", "neighbour")
    await watcher.subscribe("gone/+")
    client = await apart.at("a0", "lamp", will=Will("gone/lamp", b"w", 1))
    await client.drop()
    await until(lambda: watcher.payloads == [b"w"], "the will")


async def test_a_shared_subscription_is_one_across_gateways(apart: House) -> None:
    members = [await apart.at(id, "lamp", client_id=f"m{id}", version=Version.V5) for id in IDS]
    for member in members:
        await member.subscribe("$share/g/s/#")
    plain = await apart.at("a1", "probe")
    await plain.subscribe("s/#")
    speakers = [await apart.at(id, "neighbour", client_id=f"s{id}") for id in IDS]
    for n in range(30):
        for id, speaker in zip(IDS, speakers, strict=True):
            await speaker.say(f"s/{n}", b"%s %d" % (id.encode(), n))
    await until(lambda: len(plain.messages) == 90, "everybody's, to who is in no group")
    await until(lambda: sum(len(member.messages) for member in members) == 90, "each to one member")
    assert len({payload for member in members for payload in member.payloads}) == 90
    assert min(len(member.messages) for member in members) > 10


async def test_no_local_holds_across_gateways(apart: House) -> None:
    """The publisher's own session may be subscribed where it is; another's is elsewhere."""
    client = await apart.at("a0", "lamp", version=Version.V5)
    await client.subscribe(Subscription("x", 1, no_local=True))
    other = await apart.at("a1", "neighbour", version=Version.V5)
    await other.subscribe(Subscription("x", 1, no_local=True))
    await client.say("x", b"1")
    await until(lambda: other.payloads == [b"1"], "the other hears it")
    assert client.messages == []


async def test_what_is_said_while_a_gateway_is_away_waits_for_it(apart: House) -> None:
    client = await apart.at("a0", "lamp", **LASTING)
    await client.subscribe("x", qos=2)
    await client.say("x", b"0", 2)
    await until(lambda: client.payloads == [b"0"], "it is there")
    speaker = await apart.at("a1", "neighbour")
    await apart.crash("a0")
    for n in range(1, 6):
        await speaker.say("x", b"%d" % n, 1 + n % 2)
    await apart.start("a0")
    for n in range(6, 9):
        await speaker.say("x", b"%d" % n, 1 + n % 2)
    assert (await client.open()).session_present is True
    await until(lambda: len(client.messages) >= 8, "what was said meanwhile, and later")
    assert client.payloads == [b"%d" % n for n in range(1, 9)]


async def test_one_that_starts_alone_knows_what_the_absent_listen_to(apart: House) -> None:
    client = await apart.at("a0", "lamp", **LASTING)
    await client.subscribe("x")
    await client.leave()
    for id in IDS:
        await apart.crash(id)
    await apart.start("a1")
    speaker = await apart.at("a1", "neighbour")
    await speaker.say("x", b"1")
    await apart.start("a0")
    await client.open()
    await until(lambda: client.payloads == [b"1"], "it waited in the stream")


async def test_qos_2_crosses_once_when_the_publishers_gateway_crashes(apart: House) -> None:
    """At every point: the same PUBLISH again is the same message."""
    watcher = await apart.at("a0", "lamp", **LASTING)
    await watcher.subscribe("x", qos=2)
    client = await apart.at("a1", "neighbour", **LASTING)
    for n in range(1, 4):
        client.deaf = True
        message = b"\x34\x06\x00\x01x\x00" + bytes([n]) + b"%d" % n
        client.send(message)
        if n > 1:
            await until(lambda want=n: client.last_bytes == b"\x50\x02\x00" + bytes([want]), "PUBREC")  # type: ignore[misc]
        await apart.crash("a1")
        await apart.start("a1")
        await client.dial()
        client.deaf = True
        client.send(client.wire.open())
        await until(lambda: client.last_bytes[:1] == b"\x20", "CONNACK")
        client.send(b"\x3c" + message[1:])
        await until(lambda want=n: client.last_bytes == b"\x50\x02\x00" + bytes([want]), "PUBREC")  # type: ignore[misc]
        client.send(b"\x62\x02\x00" + bytes([n]))
        await until(lambda want=n: client.last_bytes == b"\x70\x02\x00" + bytes([want]), "PUBCOMP")  # type: ignore[misc]
    await until(lambda: len(watcher.messages) >= 3, "all three")
    last = await apart.at("a2", "probe")
    await last.say("x", b"last", 2)
    await until(lambda: watcher.payloads[-1] == b"last", "the last")
    assert watcher.payloads == [b"1", b"2", b"3", b"last"]


async def test_streams_between_gateways_are_emptied(apart: House) -> None:
    client = await apart.at("a0", "lamp")
    await client.subscribe("x")
    speaker = await apart.at("a1", "neighbour")
    for n in range(10):
        await speaker.say("x", b"%d" % n)
    await until(lambda: len(client.messages) == 10, "they came")
    peers = apart.gateways["a0"].peers
    assert peers is not None
    await until(lambda: peers._settled_seq == peers._seq, "it is written down")
    first, last, _size = await peers._stream.bounds()
    assert first == last + 1


async def test_everybody_is_brought_home(house: House) -> None:
    things = ["lamp", "probe", "neighbour", "bulb", "plug", "bridge"]
    for thing in things:
        for door in IDS:
            client = await house.at(door, thing, **LASTING)
            assert client.connack is not None
            home = home_of(thing, IDS)
            assert house.gateways[home].by_key[thing].connection is not None
            assert all(thing not in g.by_key for id, g in house.gateways.items() if id != home)
            await client.say("things/me/state", b"{}")
            await client.leave()
    await house.rig.settled()
    assert {e.gateway for e in house.rig.journal.of(Presence, "lamp")} == {home_of("lamp", IDS)}


async def test_a_session_is_found_from_every_door(house: House) -> None:
    client = await house.at("a0", "lamp", **LASTING)
    await client.subscribe("x", qos=2)
    await client.leave()
    speaker = await house.at("a1", "neighbour")
    for n in range(9):
        await speaker.say("x", b"%d" % n, 1 + n % 2)
    got: list[bytes] = []
    for door in IDS:
        client.port = house.port(door)
        assert (await client.open()).session_present is True
        if not got:
            await until(lambda: len(client.messages) == 9, "what waited")
        got += client.payloads
        await client.leave()
    assert got == [b"%d" % n for n in range(9)]


async def test_a_client_is_taken_over_from_every_door(house: House) -> None:
    first = await house.at("a0", "lamp", version=Version.V5)
    for door in ("a1", "a2", "a0", "a1"):
        second = await house.at(door, "lamp", version=Version.V5)
        await until(first.closed.is_set, "the first is sent away")
        assert first.goodbye is not None and first.goodbye.reason == ReasonCode.SESSION_TAKEN_OVER
        await second.say("things/me/state", b"{}")
        first = second
    await until(lambda: len(house.rig.journal.of(Presence, "lamp")) == 9, "all entries")
    epochs = [(e.epoch, e.online) for e in house.rig.journal.of(Presence, "lamp")]
    assert epochs == sorted(epochs, key=lambda each: each[0])


async def test_what_is_said_before_connack_comes_along(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_of("lamp", IDS)
    door = house.gateways[next(id for id in IDS if id != home)]
    heard = asyncio.Event()
    ask = door._desk.ask

    async def slowly(*given: Any, **more: Any) -> Any:
        await heard.wait()
        return await ask(*given, **more)

    monkeypatch.setattr(door._desk, "ask", slowly)
    client = house.rig.client("lamp", port=int(getattr(door, "port")))  # noqa: B009
    await client.dial()
    client.send(client.wire.open())
    [connection] = door._connections
    for n in range(1, 6):
        client.send(b"\x32\xd4\x07\x00\x01x\x00" + bytes([n]) + b"." * 975)
        await until(lambda want=n: len(connection.early or b"") > want * 979, "it was read")  # type: ignore[misc]
    heard.set()
    client.wire.session.in_flight.clear()
    await until(lambda: client.connack, "CONNACK")
    await until(lambda: client.last_bytes.count(b"\x40\x02") or client.closed.is_set(), "PUBACKs")
    assert not client.closed.is_set()


async def test_a_restart_of_the_log_server_loses_no_interest(apart: House) -> None:
    client = await apart.at("a0", "lamp")
    speaker = await apart.at("a1", "neighbour")
    kill(apart.rig.server)
    await client.subscribe("x")
    await until(lambda: ("home", "x") in apart.gateways["a1"].peers._theirs["a0"], "a1 knows")  # type: ignore[union-attr]
    await speaker.say("x", b"1")
    await until(lambda: client.payloads == [b"1"], "it is heard")


async def test_a_connection_waits_for_a_home_that_is_started_again(house: House) -> None:
    home = home_of("lamp", IDS)
    door = next(id for id in IDS if id != home)
    await house.crash(home)
    client = house.rig.client("lamp", port=house.port(door), clean_start=False)
    coming = asyncio.create_task(client.open())
    await until(lambda: house.gateways[door]._connections, "it waits at the door")
    await house.start(home)
    assert (await coming).reason == 0
    await client.say("things/me/state", b"{}")


async def test_a_connection_whose_home_stays_away_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from unisono.gateway.fleet import homes

    monkeypatch.setattr(homes, "WAIT_S", 0.3)
    home = home_of("lamp", IDS)
    door = next(id for id in IDS if id != home)
    await house.crash(home)
    client = house.rig.client("lamp", port=house.port(door), version=Version.V5)
    assert (await client.open()).reason == ReasonCode.SERVER_UNAVAILABLE


async def test_sessions_move_when_there_are_fewer_gateways_or_more(rig: Rig, tmp_path: Path) -> None:
    house = House(rig, tmp_path / "run")
    for id in IDS:
        await house.start(id)
    things = ["lamp", "probe", "neighbour", "bulb", "plug"]
    clients = {thing: await house.at("a0", thing, **LASTING) for thing in things}
    for client in clients.values():
        await client.subscribe("x", qos=2)
        await client.leave()
    speaker = await house.at("a1", "bridge")
    for n in range(5):
        await speaker.say("x", b"%d" % n, 2)
    for id in IDS:
        lasting = house.gateways[id].lasting
        peers = house.gateways[id].peers
        assert lasting is not None and peers is not None
        await until(lambda p=peers: p._settled_seq == p._seq, "all was taken", 10)  # type: ignore[misc]
        await lasting.keeper.drain()
        await house.crash(id)
    connection = await connect(rig.server.url, rig.server.token, "moving")
    try:
        moved = await move_home(connection, ["a1"])
        assert moved == sum(home_of(thing, IDS) != "a1" for thing in things)
        assert await move_home(connection, ["a1"]) == 0
        assert await move_home(connection, ["a0", "a1"]) == sum(
            home_of(thing, ["a0", "a1"]) == "a0" for thing in things
        )
        await move_home(connection, ["a2"])
    finally:
        await connection.close()
    gateway, _stop = await rig.start_gateway("a2")
    for thing, client in clients.items():
        client.port = int(getattr(gateway, "port"))  # noqa: B009
        assert (await client.open()).session_present is True, thing
        await until(lambda c=client: len(c.messages) == 5, f"what waited for {thing}")  # type: ignore[misc]
        assert client.payloads == [b"%d" % n for n in range(5)]


async def test_what_was_passed_on_to_a_gateway_that_is_no_more_is_not_lost(rig: Rig) -> None:
    house = House(rig, None)
    for id in IDS:
        await house.start(id)
    client = await house.at("a0", "lamp", **LASTING)
    await client.subscribe("x/#", "x/1", "things/me/set", qos=2)
    silent = await house.at("a0", "probe", **LASTING)
    await silent.subscribe("y")
    member = await house.at("a0", "bulb", version=Version.V5, clean_start=False, properties=FOREVER)
    await member.subscribe("$share/g/x/1")
    await client.leave()
    await member.leave()
    speaker = await house.at("a1", "neighbour")
    await house.crash("a0")
    for n in range(3):
        await speaker.say("x/1", b"%d" % n, 1 + n % 2)
    for id in ("a1", "a2"):
        await house.crash(id)
    connection = await connect(rig.server.url, rig.server.token, "moving")
    try:
        assert await move_home(connection, ["a1"]) >= 3
    finally:
        await connection.close()
    gateway, _stop = await rig.start_gateway("a1")
    for each in (client, silent, member):
        each.port = int(getattr(gateway, "port"))  # noqa: B009
        assert (await each.open()).session_present is True
    await until(lambda: len(client.messages) == 3 and len(member.messages) == 3, "what was passed on")
    assert client.messages == [("x/1", b"0", 1, False), ("x/1", b"1", 2, False), ("x/1", b"2", 1, False)]
    assert silent.messages == []


async def test_a_storm_of_take_overs_leaves_one_and_loses_nothing(house: House) -> None:
    """Two dozen devices with one identity, at all doors at once, while somebody speaks to it."""
    first = await house.at("a0", "lamp", **LASTING)
    await first.subscribe("x", qos=1)
    await first.leave()
    speaker = await house.at("a1", "neighbour")
    rivals = [house.rig.client("lamp", port=house.port(IDS[n % 3]), **LASTING) for n in range(24)]

    async def contend(client: Client) -> None:
        await client.dial()
        client.send(client.wire.open())

    said = [b"%d" % n for n in range(60)]
    storm = asyncio.gather(*map(contend, rivals))
    for payload in said:
        await speaker.say("x", payload)
    await storm
    home = house.gateways[home_of("lamp", IDS)]
    await until(lambda: sum(not client.closed.is_set() for client in rivals) == 1, "one is left")
    [left] = [client for client in rivals if not client.closed.is_set()]
    await until(lambda: left.connack is not None, "it was let in")
    await speaker.say("x", b"last")
    await until(lambda: left.payloads[-1:] == [b"last"], "it hears")
    heard = {payload for client in (first, *rivals) for payload in client.payloads}
    assert heard == {*said, b"last"}
    assert home.by_key["lamp"].connection is not None
    await house.rig.settled()
    assert house.rig.journal.of(Presence, "lamp")[-1].online  # a late "offline" does not win


async def test_the_largest_message_crosses_at_qos_2(apart: House) -> None:
    """What waits for a client and goes to another gateway too is one entry of the journal, with both copies."""
    largest = apart.gateways["a0"].limits.max_packet_size - 100
    here = await apart.at("a0", "lamp", **LASTING)
    there = await apart.at("a1", "probe", **LASTING)
    for client in (here, there):
        await client.subscribe("x", qos=2)
    await here.leave()
    speaker = await apart.at("a0", "neighbour", **LASTING)
    payload = bytes(range(256)) * (largest // 256)
    await speaker.say("x", payload, 2)
    await here.open()
    for client in (here, there):
        await until(lambda client=client: client.payloads == [payload], "it came whole")  # type: ignore[misc]
