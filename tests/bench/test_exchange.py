"""Counting deliveries and following QoS 2 without a server; then a short real run against Mosquitto."""

from __future__ import annotations

import shutil
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.bench.delivery import DeliveryOptions, run_delivery
from unisono.bench.drive import Load
from unisono.bench.exchange import Handshakes, Listener, Sender
from unisono.bench.frames import encode_publish, encode_ring, payload
from unisono.bench.load import Client, Job
from unisono.bench.servers import Mosquitto
from unisono.errors import DeviceError


def frame(number: int, qos: int) -> bytes:
    return encode_publish("bench/room0", payload(7 + number % 30), qos=qos, packet_id=number % 65_535 + 1, version=4)


def listener(qos: int) -> tuple[Listener, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return Listener(ours, 0, qos, first=7, frames=30), theirs


@given(st.integers(1, 200), st.integers(0, 1), st.lists(st.integers(1, 300), min_size=1))
def test_a_listener_counts_and_answers_however_the_bytes_are_split(count: int, qos: int, cuts: list[int]) -> None:
    one, theirs = listener(qos)
    data, position, turn = b"".join(frame(number, qos) for number in range(count)), 0, 0
    with theirs, one.sock:
        while position < len(data):
            step = cuts[turn % len(cuts)]
            one.feed(data[position : position + step])
            position, turn = position + step, turn + 1
        assert (one.count, one.disordered) == (count, 0)
        expected = b"".join(b"\x40\x02" + (number + 1).to_bytes(2, "big") for number in range(count)) if qos else b""
        assert bytes(one.pending) == expected
        if qos:
            assert not one.push()
            assert theirs.recv(65_536) == expected


def test_a_listener_notices_another_order_and_other_bytes() -> None:
    one, theirs = listener(0)
    with theirs, one.sock:
        one.feed(frame(1, 0))
        assert one.disordered == 1
        with pytest.raises(DeviceError):
            one.feed(b"\x40\x02\x00\x01" * 40)


def answers(kind: int, *ids: int) -> bytes:
    return b"".join(bytes((kind, 2)) + number.to_bytes(2, "big") for number in ids)


def test_qos_2_is_followed_to_its_end() -> None:
    one = Handshakes(frames=3)
    assert one.feed(answers(0x50, 1, 2) + b"\x50") == 0
    assert bytes(one.pending) == answers(0x62, 1, 2)
    one.pending.clear()
    assert one.feed(b"\x02\x00\x03" + answers(0x70, 1, 2)) == 2
    assert bytes(one.pending) == answers(0x62, 3)
    assert one.feed(answers(0x70, 3, 1)) == 2
    assert (one.count, one.disordered) == (4, 0)
    one.feed(answers(0x70, 9))
    assert one.disordered == 1
    with pytest.raises(DeviceError):
        one.feed(answers(0x40, 1))


class _Narrow:
    """A socket that takes so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.got = b""

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.got += taken
        return len(taken)


def test_pubrel_comes_between_whole_messages() -> None:
    ring = encode_ring("t", 0, 8, qos=2, version=4)
    sock = _Narrow(ring.stride + 5)
    sender = Sender(Client(sock, ring, window=3))  # type: ignore[arg-type]
    sender.limit = 3 * sender.stride
    assert sender.push()
    sender.acks.feed(answers(0x50, 1))
    sock.room = ring.stride - 5 + 2
    assert sender.push()
    sock.room = 1_000
    assert not sender.push()
    assert sock.got == ring.data[: 2 * ring.stride] + answers(0x62, 1) + ring.data[2 * ring.stride : 3 * ring.stride]


needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None,
    reason="mosquitto is not installed: apt-get install mosquitto",
)


@needs_mosquitto
@pytest.mark.parametrize("qos", [0, 1])
def test_all_that_is_published_arrives(qos: int) -> None:
    with Mosquitto() as peer:
        job = Job(
            host="127.0.0.1", port=peer.port, version=4, qos=qos, window=20, topic="bench/room%", payloads=1_000,
            credentials=[("p0", ""), ("p1", "")], listeners=[(f"s{number}", "") for number in range(6)],
        )  # fmt: skip
        with Load(job, program="exchange") as load:
            load.start()
            until = time.monotonic() + 20.0
            while load.sample().received < 6_000:
                assert time.monotonic() < until
            stopped = load.stop()
            while (sample := load.sample()).received < 3 * sample.sent:
                assert time.monotonic() < until
        assert sample.received == 3 * sample.sent
        assert sample.disordered == 0
        assert stopped.sent > 1_000


@needs_mosquitto
def test_the_report() -> None:
    report = run_delivery(DeliveryOptions.quick(hub=False, seconds=0.3, ramp_s=0.1, fanout=10))
    found = report.figures["mosquitto"]
    assert set(found) == {"fanout", "fanout_qos1", "pairs_qos0", "pairs_qos1", "qos2"}
    assert all(numbers["rate"] > 0 and numbers["lost"] == 0 for numbers in found.values())
    assert report.ratios == {}
