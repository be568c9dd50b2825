"""What devices say: in the log before it is acknowledged, in order, or refused with a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Journal, Rig
from tests.parts import freeze, kill, until
from unisono.errors import HostError
from unisono.gateway import commit
from unisono.gateway.connection import REFUSALS
from unisono.store.log import Log
from unisono.twin.record import Presence, Published, Refused, Reports
from unisono.wire.mqtt import Properties, Publish, ReasonCode, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Puback, Pubrec

VERSIONS = [Version.V311, Version.V5]
STATE = "things/me/state"


def said(journal: Journal, thing: str) -> list[bytes]:
    return [payload for run in journal.of(Reports, thing) for payload in run.payloads]


# --- acknowledged means in the log


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("qos", [1, 2])
async def test_what_is_acknowledged_is_in_the_log_already(rig: Rig, version: Version, qos: int) -> None:
    client = await rig.device("lamp", version=version)
    before = (await rig.log.bounds())[1]
    assert await client.say(STATE, b'{"on_off": true}', qos) == 0
    assert (await rig.log.bounds())[1] > before
    await rig.settled()
    run = rig.journal.of(Reports)[0]
    assert (run.thing, run.client, run.topic, run.payloads) == ("lamp", "lamp", "state", (b'{"on_off": true}',))
    assert len(run.packet_ids) == 2


async def test_without_the_log_nothing_is_acknowledged_and_nothing_is_lost(rig: Rig) -> None:
    """nats-server stops answering (SIGSTOP), is killed, and comes back: the PUBACKs come then, in order."""
    client = await rig.device("lamp")
    await client.say(STATE, b"before")
    await freeze(rig.server)
    numbers = [client.publish(STATE, b"%d" % n, 1) for n in range(50)]
    await asyncio.sleep(0.5)
    assert client.acknowledged == [1]
    kill(rig.server)
    await until(lambda: len(client.acknowledged) == 51, "all are acknowledged after the restart")
    assert client.acknowledged == [1, *numbers]
    await until(lambda: len(said(rig.journal, "lamp")) >= 51, "all are in the log")
    assert said(rig.journal, "lamp") == [b"before", *(b"%d" % n for n in range(50))]


async def test_many_kills_under_load_lose_nothing_and_double_nothing(rig: Rig) -> None:
    clients = [await rig.device(thing) for thing in ("lamp", "probe", "neighbour")]
    for round_ in range(5):
        sent = rig.server.pid
        for n in range(200):
            for client in clients:
                client.publish(STATE, b"%d-%d" % (round_, n), 1)
            if n == 100:
                kill(rig.server)
            if n % 50 == 0:
                await asyncio.sleep(0.01)
        await until(lambda: rig.server.pid not in (0, sent), "the server is back")  # noqa: B023
    await until(lambda: all(len(c.acknowledged) == 1000 for c in clients), "all are acknowledged")
    await rig.settled()
    for thing in ("lamp", "probe", "neighbour"):
        assert said(rig.journal, thing) == [b"%d-%d" % (r, n) for r in range(5) for n in range(200)]


async def test_one_clients_messages_keep_their_order_through_batches(rig: Rig) -> None:
    client = await rig.device("lamp")
    payload = b"x" * 5_000
    for n in range(400):  # 2 MB: many batches
        client.publish(STATE, b"%06d" % n + payload, 1)
    await until(lambda: len(client.acknowledged) == 400, "all acknowledged")
    await rig.settled()
    assert [int(each[:6]) for each in said(rig.journal, "lamp")] == list(range(400))
    assert client.acknowledged == sorted(client.acknowledged)
    assert len(rig.journal.batches) > 5


async def test_topics_of_one_client_keep_their_order_across_kinds(rig: Rig) -> None:
    client = await rig.device("lamp")
    client.publish(STATE, b"1")
    client.publish("things/me/event/pressed", b"2", 1)
    client.publish("free/topic", b"3", 1)
    await client.say(STATE, b"4")
    await rig.settled()
    found = [e.payloads[0] if isinstance(e, Reports) else e.payload for e in rig.journal.entries
             if isinstance(e, Reports | Published)]  # fmt: skip
    assert found == [b"1", b"2", b"3", b"4"]


async def test_a_resend_is_marked_as_such(rig: Rig) -> None:
    client = await rig.device("lamp")
    client.send(encode(Publish(STATE, b"{}", 1, dup=True, packet_id=9), Version.V311))
    await until(lambda: 9 in client.reasons, "PUBACK")
    await rig.settled()
    run = rig.journal.of(Reports)[0]
    assert run.dups == (0,) and run.packet_ids == b"\x00\x09"


async def test_at_qos_0_nothing_is_answered_but_all_is_logged(rig: Rig) -> None:
    client = await rig.device("lamp")
    for n in range(1000):
        client.publish(STATE, b"%d" % n)
    await client.say(STATE, b"end")
    await rig.settled()
    assert said(rig.journal, "lamp") == [*(b"%d" % n for n in range(1000)), b"end"]
    assert all(not run.packet_ids for run in rig.journal.of(Reports)[:-1])


async def test_a_gateway_device_speaks_for_its_children(rig: Rig) -> None:
    bridge = await rig.device("bridge")
    await bridge.say("things/bulb/state", b"1")
    await bridge.say("things/plug/event/pressed", b"2")
    await bridge.say("things/bridge/state", b"3")
    await rig.settled()
    assert [(r.thing, r.client, r.topic) for r in rig.journal.of(Reports)] == [
        ("bulb", "bridge", "state"),
        ("plug", "bridge", "event/pressed"),
        ("bridge", "bridge", "state"),
    ]


# --- refused


@pytest.mark.parametrize(
    "topic",
    ["things/neighbour/state", "things/ghost/state", "things/me/set", "things/me/nonsense", "things/me", "$SYS/x"],
)
@pytest.mark.parametrize("qos", [1, 2])
async def test_another_things_topic_is_refused_and_logged(rig: Rig, topic: str, qos: int) -> None:
    client = await rig.device("lamp", version=Version.V5)
    assert await client.say(topic, b"{}", qos) == ReasonCode.NOT_AUTHORIZED
    assert await client.say(STATE, b"{}") == 0  # the connection goes on
    await rig.settled()
    refused = rig.journal.of(Refused, "lamp")[0]
    assert (refused.code, refused.topic) == ("topic_not_allowed", topic)
    (said,) = (each for each in client.packets if isinstance(each, Puback | Pubrec) and each.reason)
    assert said.properties is not None and said.properties.reason_string == refused.detail, "it is told why"
    assert [run.thing for run in rig.journal.of(Reports)] == ["lamp"]


@pytest.mark.parametrize("qos", [1, 2])
async def test_before_version_5_a_refused_message_is_acknowledged_and_dropped(rig: Rig, qos: int) -> None:
    client = await rig.device("lamp")
    await client.say("things/neighbour/state", b"{}", qos)
    await rig.settled()
    assert rig.journal.of(Refused, "lamp") and not rig.journal.of(Reports)


async def test_a_device_that_errs_in_a_loop_does_not_fill_the_log(rig: Rig) -> None:
    client = await rig.device("lamp")
    for n in range(100):
        client.publish(f"things/neighbour/event/e{n}", b"{}")
    await client.say(STATE, b"{}")
    await rig.settled()
    assert len(rig.journal.of(Refused)) == REFUSALS
    assert rig.gateway.refusals >= 100


# --- a log that is full, slow or away


class Valve:
    """A log in front of the real one that can hold back or refuse."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.open = asyncio.Event()
        self.open.set()
        self.error: HostError | None = None
        self.bytes = 0

    async def append(self, payload: bytes, message_id: str) -> int:
        self.bytes += len(payload)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return await self._log.append(payload, message_id)


@pytest.fixture
async def valve(rig: Rig) -> Valve:
    return Valve(rig.log)


async def behind(rig: Rig, valve: Valve, thing: str, **fields: Any) -> Client:
    gateway, _stop = await rig.start_gateway("g1", valve)
    rig.gateway = gateway
    return await rig.device(thing, port=getattr(gateway, "port"), **fields)  # noqa: B009


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_full_log_is_told_to_version_5(rig: Rig, valve: Valve, qos: int) -> None:
    client = await behind(rig, valve, "lamp", version=Version.V5)
    valve.error = HostError("the log is full", code="log_full")
    assert await client.say(STATE, b"{}", qos) == ReasonCode.QUOTA_EXCEEDED
    valve.error = None
    assert await client.say(STATE, b"{}", qos) == 0
    await rig.settled()
    assert len(rig.journal.of(Reports)) == 1


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_full_log_closes_older_clients_so_that_they_send_again(rig: Rig, valve: Valve, qos: int) -> None:
    client = await behind(rig, valve, "lamp", clean_start=False)
    valve.error = HostError("the log is full", code="log_full")
    number = client.publish(STATE, b"kept", qos)
    await until(client.closed.is_set, "the connection is closed")
    assert number not in client.reasons
    valve.error = None
    await client.open()  # the session sends it again
    await until(lambda: number in client.acknowledged, "acknowledged at last")
    await rig.settled()
    assert said(rig.journal, "lamp") == [b"kept"]


async def test_the_gateway_says_in_its_status_that_the_log_refuses(rig: Rig, valve: Valve) -> None:
    client = await behind(rig, valve, "lamp", version=Version.V5)
    valve.error = HostError("the log is full", code="log_full", mend="make room")
    await client.say(STATE, b"{}")
    committer = rig.gateway.committer("0")
    assert committer.trouble is not None and "make room" in committer.trouble
    valve.error = None
    await client.say(STATE, b"{}")
    assert committer.trouble is None


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_log_that_does_not_answer_stops_reading_and_keeps_memory_bounded(
    rig: Rig, valve: Valve, monkeypatch: pytest.MonkeyPatch, qos: int
) -> None:
    monkeypatch.setattr(commit, "HIGH_WATER_BYTES", 512 * 1024)
    client = await behind(rig, valve, "lamp", keep_alive=1)
    valve.open.clear()
    payload = b"x" * 10_000
    for n in range(3_000):  # 30 MB
        client.publish(STATE, b"%06d" % n + payload, qos)
    committer = rig.gateway.committer("0")
    await until(lambda: committer.crowded, "the gateway is crowded")
    held: list[int] = []
    for _ in range(25):  # longer than one and a half keep-alives: who is not heard is not lost
        await asyncio.sleep(0.1)
        held.append(committer.pending_bytes)
    assert max(held) < 2 * 1024 * 1024
    assert held[0] == held[-1]
    assert client.transport is not None and client.transport.get_write_buffer_size() > 10_000_000
    assert not client.closed.is_set()
    valve.open.set()
    await client.say(STATE, b"last")
    await rig.settled()
    assert [each[:6] for each in said(rig.journal, "lamp")] == [*(b"%06d" % n for n in range(3_000)), b"last"]


async def test_neighbours_of_a_crowding_client_are_read_again_too(
    rig: Rig, valve: Valve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "HIGH_WATER_BYTES", 256 * 1024)
    client = await behind(rig, valve, "lamp")
    neighbour = await rig.device("neighbour", port=client.port)
    valve.open.clear()
    for _ in range(200):
        client.publish(STATE, b"x" * 10_000, 1)
    await until(lambda: rig.gateway.committer("0").crowded, "the gateway is crowded")
    number = neighbour.publish(STATE, b"{}", 1)
    valve.open.set()
    await until(lambda: number in neighbour.acknowledged, "the neighbour is served")


async def test_empty_payloads_weigh_something_too(rig: Rig, valve: Valve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's chunk holds ten thousand of them: uncounted they would fill memory, and a batch beyond its bound."""
    monkeypatch.setattr(commit, "HIGH_WATER_BYTES", 512 * 1024)
    client = await behind(rig, valve, "lamp")
    valve.open.clear()
    client.send(encode(Publish(STATE, b""), Version.V311) * 400_000)
    committer = rig.gateway.committer("0")
    await until(lambda: committer.crowded, "the gateway is crowded")
    valve.open.set()
    await client.say(STATE, b"end")
    await rig.settled()
    assert sum(len(run.payloads) for run in rig.journal.of(Reports)) == 400_001
    assert not committer.trouble


async def test_a_long_topic_weighs_what_it_is(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    alias = Properties(topic_alias=1)
    client.send(encode(Publish("f/" + "t" * 60_000, b"0", properties=alias), Version.V5))
    again = encode(Publish("", b"1", properties=alias), Version.V5)
    client.send(again * 300)
    assert await client.say(STATE, b"end") == 0
    await rig.settled()
    assert len(rig.journal.of(Published)) == 301


async def test_what_is_on_its_way_when_a_client_goes_is_in_the_log(rig: Rig) -> None:
    client = await rig.device("lamp")
    for n in range(100):
        client.publish(STATE, b"%d" % n)
    await client.leave()
    await until(lambda: any(not e.online for e in rig.journal.of(Presence)), "it is seen off")
    assert said(rig.journal, "lamp") == [b"%d" % n for n in range(100)]


async def test_stopping_settles_what_was_taken(rig: Rig) -> None:
    gateway, stop = await rig.start_gateway("g1")
    client = await rig.device("lamp", port=getattr(gateway, "port"), version=Version.V5)  # noqa: B009
    numbers = [client.publish(STATE, b"%d" % n, 1) for n in range(20)]
    await until(lambda: gateway.messages_in >= 20, "all were read")
    await stop()
    await until(client.closed.is_set, "the client was sent away")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.SERVER_SHUTTING_DOWN
    await rig.settled()
    assert said(rig.journal, "lamp") == [b"%d" % n for n in range(20)]
    assert set(client.acknowledged) <= set(numbers)
    assert rig.journal.of(Presence, "lamp")[-1].online is False
