"""Rough company: nonsense on the wire, and clients that do not read. Neighbours are unharmed, memory stays bounded."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway import connection as connection_module
from unisono.gateway import socket as socket_module
from unisono.gateway.connection import WRITE_BUFFER_BYTES, Connection
from unisono.gateway.door import unfinished
from unisono.gateway.publishing import LARGEST_REPORT
from unisono.twin.record import Presence, Refused, Reports
from unisono.wire.mqtt import Publish, ReasonCode, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Puback

STATE = "things/me/state"


NONSENSE = {
    "256 MB announced": b"\x30\xff\xff\xff\x7f",
    "a length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "a reserved packet type": b"\xf0\x00",
    "wrong flags": b"\x83\x05\x00\x01\x00\x00\x00",
    "QoS 3": b"\x36\x06\x00\x01a\x00\x01x",
    "a topic that is no UTF-8": b"\x30\x05\x00\x03\xff\xfe\xfd",
    "a topic with a wildcard": b"\x30\x05\x00\x03a/#",
    "a topic with NUL": b"\x30\x05\x00\x03a\x00b",
    "packet id 0": b"\x32\x05\x00\x01a\x00\x00",
    "a topic longer than the packet": b"\x30\x04\x00\x09ab",
    "a second CONNECT": b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp",
    "a server's packet": b"\x20\x02\x00\x00",
    "SUBSCRIBE without filters": b"\x82\x02\x00\x01",
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=list(NONSENSE))
@pytest.mark.parametrize("version", [Version.V311, Version.V5])
async def test_nonsense_ends_its_own_connection_only(rig: Rig, version: Version, nonsense: bytes) -> None:
    neighbour = await rig.device("neighbour")
    client = await rig.device("lamp", version=version)
    client.send(encode(Publish(STATE, b"before"), version) + nonsense)
    await until(client.closed.is_set, "the connection is closed")
    if version is Version.V5:
        assert client.goodbye is not None and client.goodbye.reason >= 0x80
    await neighbour.say(STATE, b"{}")
    await rig.settled()
    assert {run.thing: run.payloads for run in rig.journal.of(Reports)} == {"lamp": (b"before",), "neighbour": (b"{}",)}
    refused = rig.journal.of(Refused, "lamp")
    assert len(refused) == 1 and refused[0].detail
    assert [e.reason for e in rig.journal.of(Presence, "lamp")] == ["connected", "protocol_error"]


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x30\x02\x00\x00", b"\xff" * 100]
)
async def test_strangers_are_turned_away_at_their_first_byte(rig: Rig, first: bytes) -> None:
    client = rig.client("lamp")
    await client.dial()
    client.send(first)
    await until(client.closed.is_set, "turned away")
    await rig.device("neighbour")
    await rig.settled()
    assert not rig.journal.of(Refused)


async def test_frames_cut_at_every_byte_are_put_together(rig: Rig) -> None:
    client = rig.client("lamp")
    await client.dial()
    sock = client.transport.get_extra_info("socket")  # type: ignore[union-attr]
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = client.wire.open() + b"".join(
        encode(Publish(STATE, b"%d" % n, 1, packet_id=n + 1), Version.V311) for n in range(10)
    )
    for byte in data:
        client.send(bytes([byte]))
        await asyncio.sleep(0)
    await until(lambda: len(client.reasons) == 10, "all are acknowledged")
    await rig.settled()
    assert [p for run in rig.journal.of(Reports) for p in run.payloads] == [b"%d" % n for n in range(10)]


async def test_a_truncated_frame_is_nothing(rig: Rig) -> None:
    client = await rig.device("lamp")
    client.send(encode(Publish(STATE, b"x" * 1000), Version.V311)[:-1])
    await client.drop()
    await rig.device("neighbour")
    await until(lambda: len(rig.journal.of(Presence, "lamp")) == 2, "it is seen off")
    assert not rig.journal.of(Reports)


async def test_noise_never_harms_the_gateway(rig: Rig) -> None:
    noise = random.Random(7)
    neighbour = await rig.device("neighbour")
    for _ in range(60):
        client = await rig.device("lamp", version=noise.choice([Version.V311, Version.V5]))
        good = encode(Publish(STATE, b"y" * 20, 1, packet_id=1), client.wire.version) * 5
        data = bytearray(good)
        for _ in range(noise.randint(1, 10)):
            data[noise.randrange(len(data))] = noise.randrange(256)
        client.send(bytes(data))
        await neighbour.say(STATE, b"{}")
        await client.drop()
    assert not neighbour.closed.is_set()
    assert rig.gateway.committer("0").trouble is None


async def test_more_than_the_largest_packet_is_refused_with_the_reason(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    assert client.connack is not None and client.connack.properties is not None
    largest = client.connack.properties.maximum_packet_size
    assert largest == rig.gateway.limits.max_packet_size
    assert largest > 1 << 20
    assert await client.say("x", b"x" * (largest - 100)) == ReasonCode.NO_MATCHING_SUBSCRIBERS
    client.send(encode(Publish(STATE, b"x" * largest, 1, packet_id=9), Version.V5))
    await until(client.closed.is_set, "closed")
    await rig.settled()
    assert rig.journal.of(Refused, "lamp")[0].code == "too_large" or rig.journal.of(Refused, "lamp")[0].detail


async def test_a_report_is_smaller_than_other_messages(rig: Rig) -> None:
    """What is too large is refused alone, also between others in one read."""
    client = await rig.device("lamp", version=Version.V5)
    said = [b'{"a": 1}', b"x" * (LARGEST_REPORT + 1), b'{"a": 2}']
    numbers = [client.publish(STATE, payload, 1 + n % 2) for n, payload in enumerate(said * 2)]
    await until(lambda: len(client.acknowledged) == 6, "all are answered")
    refused = {n for n, number in enumerate(numbers) if client.reasons.get(number, 0) == ReasonCode.QUOTA_EXCEEDED}
    assert refused == {1, 4}
    client.publish(STATE, said[1])
    await client.say(STATE, said[1][:-1])
    await rig.settled()
    kept = [payload for entry in rig.journal.of(Reports, "lamp") for payload in entry.payloads]
    assert sorted(kept, key=len) == sorted([said[0], said[2]] * 2 + [said[1][:-1]], key=len)
    assert {each.code for each in rig.journal.of(Refused, "lamp")} == {"too_large"}


async def test_packets_that_never_end_are_bounded_together(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "MOST", 200_000)
    begun = encode(Publish("x", b"x" * 100_000, 1, packet_id=9), Version.V5)
    ending = [await rig.device("lamp", client_id=name, version=Version.V5) for name in "abcd"]
    for client in ending[:3]:  # the third is one too many: the first, which began first, has to go
        client.send(begun[:90_000])
        await until(lambda: rig.gateway.unfinished.total >= 90_000 or ending[0].closed.is_set(), "it was read")
    await until(ending[0].closed.is_set, "the oldest is cut off")
    assert ending[0].goodbye is not None and ending[0].goodbye.reason == ReasonCode.QUOTA_EXCEEDED
    for client in ending[1:3]:
        client.send(begun[90_000:])
    await until(
        lambda: all(any(isinstance(packet, Puback) for packet in each.packets) for each in ending[1:3]),
        "they ended their packets",
    )
    assert rig.gateway.unfinished.total == 0
    ending[3].send(begun[:90_000])
    await until(lambda: rig.gateway.unfinished.total > 0, "it was read")
    await ending[3].drop()
    await until(lambda: rig.gateway.unfinished.total == 0 and not rig.gateway.unfinished.sizes, "it is forgotten")


# --- clients that do not read


class Deaf:
    """A subscriber that stops reading its socket."""

    def __init__(self, client: Client) -> None:
        assert client.transport is not None
        self.client = client
        client.transport.pause_reading()

    def listen(self) -> None:
        assert self.client.transport is not None
        self.client.transport.resume_reading()


def gateways_end(rig: Rig, thing: str) -> Connection:
    """The gateway's end of a client's connection."""
    [found] = [c for c in rig.gateway._connections if c.identity is not None and c.identity.id == thing]
    return found


async def test_a_slow_reader_loses_qos_0_and_its_neighbours_nothing(rig: Rig) -> None:
    slow = await rig.device("lamp")
    neighbour = await rig.device("probe")
    for each in (slow, neighbour):
        await each.subscribe("x", qos=0)
    deaf = Deaf(slow)
    speaker = await rig.device("neighbour")
    payload = b"x" * 20_000
    for n in range(800):  # 16 MB: more than the kernel takes
        speaker.publish("x", b"%06d" % n + payload)
        if n % 20 == 0:
            await speaker.say("y", b"")
    await until(lambda: len(neighbour.messages) == 800, "the neighbour has all")
    connection = gateways_end(rig, "lamp")
    assert connection.transport is not None
    assert connection.transport.get_write_buffer_size() < 2 * WRITE_BUFFER_BYTES
    assert connection.session is not None and connection.session.dropped > 0
    deaf.listen()
    dropped = connection.session.dropped
    await until(lambda: len(slow.messages) == 800 - dropped, "what was not dropped")
    numbers = [int(each[:6]) for each in slow.payloads]
    assert numbers == sorted(numbers)
    await speaker.say("x", b"000800")
    await until(lambda: slow.payloads[-1] == b"000800", "it hears again")


async def test_qos_1_waits_for_a_slow_reader_and_goes_on_when_it_reads(rig: Rig) -> None:
    """Nothing but its reading may be needed: it has nothing to acknowledge while its buffers are full of QoS 0."""
    slow = await rig.device("lamp")
    await slow.subscribe("zero", qos=0)
    await slow.subscribe("one", qos=1)
    deaf = Deaf(slow)
    speaker = await rig.device("neighbour")
    connection = gateways_end(rig, "lamp")
    assert connection.transport is not None and connection.session is not None
    while not connection.session.dropped:
        for _ in range(20):
            speaker.publish("zero", b"x" * 20_000)
        await speaker.say("y", b"")
    for n in range(20):
        await speaker.say("one", b"%d" % n)
    assert connection.session.queue is not None and len(connection.session.queue) == 20
    deaf.listen()
    await until(lambda: sum(t == "one" for t, *_ in slow.messages) == 20, "all of QoS 1")
    assert [p for t, p, *_ in slow.messages if t == "one"] == [b"%d" % n for n in range(20)]


async def test_who_never_reads_its_answers_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "UNREAD_BYTES", 100_000)
    client = await rig.device("lamp")
    connection = gateways_end(rig, "lamp")
    # else the kernel keeps megabytes of the answers; the way of the questions stays as wide as it is
    assert client.transport is not None
    assert connection.transport is not None
    client.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    Deaf(client)
    client.send(client.wire.ping() * 300_000)
    await until(lambda: any(not e.online for e in rig.journal.of(Presence, "lamp")), "it is cut off")
    assert rig.journal.of(Refused, "lamp")[0].code == "too_many"
    assert connection.transport is None


async def test_a_connection_that_is_ended_does_not_linger(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are never taken by a client that does not read: the socket goes all the same."""
    monkeypatch.setattr(socket_module, "LINGER_S", 0.2)
    client = await rig.device("lamp")
    await client.subscribe("x", qos=0)
    Deaf(client)
    speaker = await rig.device("neighbour")
    connection = gateways_end(rig, "lamp")
    assert connection.session is not None
    while not connection.session.dropped:
        for _ in range(20):
            speaker.publish("x", b"x" * 20_000)
        await speaker.say("y", b"")
    rig.revoke("lamp")
    await until(lambda: connection.transport is None, "the socket is gone")
