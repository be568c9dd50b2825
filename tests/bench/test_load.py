"""Counting and windows without a server; then a short real run against Mosquitto."""

from __future__ import annotations

import shutil
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import DEADLINE_S
from unisono.bench.drive import Load, between
from unisono.bench.frames import encode_ring
from unisono.bench.load import Acks, Client, Job, Sample
from unisono.bench.measure import measure
from unisono.bench.servers import Mosquitto
from unisono.errors import DeviceError, HostError

PUBACK_FORMS = {4: b"\x40\x02%b", 5: b"\x40\x03%b\x10", 6: b"\x40\x04%b\x10\x00"}


def pubacks(count: int, frames: int, size: int = 4) -> bytes:
    return b"".join(PUBACK_FORMS[size] % (number % frames + 1).to_bytes(2, "big") for number in range(count))


@given(st.integers(1, 400), st.sampled_from([4, 5, 6]), st.lists(st.integers(1, 97), min_size=1))
def test_acks_count_the_same_however_the_bytes_are_split(count: int, size: int, cuts: list[int]) -> None:
    acks, data, position, turn = Acks(frames=300), pubacks(count, 300, size), 0, 0
    counted = 0
    while position < len(data):
        step = cuts[turn % len(cuts)]
        counted += acks.feed(data[position : position + step])
        position, turn = position + step, turn + 1
    assert counted == acks.count == count
    assert acks.disordered == 0


def test_acks_notice_another_order() -> None:
    acks = Acks(frames=10)
    acks.feed(bytes.fromhex("40020002"))
    assert (acks.count, acks.disordered) == (1, 1)


@pytest.mark.parametrize("data", ["d000d000", "4002000130020000", "400200014003000210"])
def test_acks_refuse_what_is_no_puback_of_that_size(data: str) -> None:
    with pytest.raises(DeviceError):
        Acks(frames=10).feed(bytes.fromhex(data) * 4)


def test_acks_refuse_a_refusal() -> None:
    with pytest.raises(DeviceError, match="refused"):
        Acks(frames=10).feed(bytes.fromhex("4003000187"))


def test_a_client_sends_its_window_and_never_more() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        ring = encode_ring("t", 0, 8, qos=1, version=4)
        client = Client(ours, ring, window=3)
        client.limit = client.window * client.stride
        assert not client.push()
        assert theirs.recv(65_536) == ring.data[: 3 * ring.stride]
        client.acks.feed(pubacks(2, 8))
        client.limit = (client.acks.count + client.window) * client.stride
        client.push()
        assert theirs.recv(65_536) == ring.data[3 * ring.stride : 5 * ring.stride]
        client.acks.feed(pubacks(7, 8)[8:])
        client.limit = (client.acks.count + client.window) * client.stride
        client.push()
        assert theirs.recv(65_536) == ring.data[5 * ring.stride :] + ring.data[: 2 * ring.stride], "round the ring"


class _Narrow:
    """A socket that takes so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def send(self, data: memoryview) -> int:
        if not self.room:
            raise BlockingIOError
        taken = min(self.room, len(data))
        self.room -= taken
        return taken


def test_a_client_that_stops_ends_its_frame() -> None:
    client = Client(_Narrow(100), encode_ring("t", 0, 50, qos=0, version=4), window=0)  # type: ignore[arg-type]
    client.limit = 1 << 62
    assert client.push(), "the socket takes no more"
    assert client.sent == 100 and client.sent % client.stride
    client.finish()
    client.sock = _Narrow(1000)  # type: ignore[assignment]
    assert not client.push()
    assert client.sent == -(-100 // client.stride) * client.stride


def test_a_window_is_the_difference_of_two_samples() -> None:
    window = between(
        Sample(at=10.0, cpu_s=1.0, sent=100, acked=90, received=5), Sample(at=12.0, cpu_s=1.5, sent=500, acked=490)
    )
    assert (window.sent, window.acked, window.acked_per_s, window.generator_cpu) == (400, 400, 200.0, 0.25)


def job(port: int, **fields: object) -> Job:
    return Job(
        **{  # type: ignore[arg-type]  # the tests' own defaults
            "host": "127.0.0.1", "port": port, "version": 4, "qos": 1, "window": 10, "topic": "things/me/state",
            "credentials": [(f"c{number}", "") for number in range(4)], "payloads": 400, **fields,
        }
    )  # fmt: skip


def test_a_load_says_why_it_cannot_begin() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(DeviceError, match="cannot connect"), Load(job(nobody.getsockname()[1])):
            pass


needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None,
    reason="mosquitto is not installed: apt-get install mosquitto",
)


@needs_mosquitto
def test_real_runs_against_mosquitto() -> None:
    with Mosquitto() as server:
        for version in (4, 5):
            run = measure(server, job(server.port, version=version), ramp_s=0.1, seconds=0.3, drain_s=10.0)
            assert run.rate > 500 and run.lost == 0 and run.disordered == 0 and run.window == 10
        run = measure(
            server,
            job(server.port, qos=0, rate=2000.0, subscribe="things/#"),
            ramp_s=0.1,
            seconds=0.5,
            drain_s=10.0,
        )
        assert run.rate > 0 and run.lost == 0
        with Load(job(server.port, qos=0, rate=2000.0)) as load:
            began = time.monotonic()
            load.start()
            while load.sample().sent < 500:
                assert time.monotonic() < began + DEADLINE_S
            assert load.stop().sent <= 2000 * (time.monotonic() - began) + 1, "no more than its rate"
        with Load(job(server.port), processes=2) as load:
            assert len(load.pids) == 2
            load.start()
            time.sleep(0.1)
            stopped = load.stop()
            drained = load.drain(10.0)
        assert drained.acked == drained.sent == stopped.sent > 0


@needs_mosquitto
def test_idle_clients_are_let_in_and_stay() -> None:
    with Mosquitto() as server, Load(job(server.port, idle=True)) as load:
        sample = load.sample()
        assert sample.sent == 0 and sample.error is None


@needs_mosquitto
def test_a_server_that_goes_away_is_told() -> None:
    with Mosquitto() as server, Load(job(server.port)) as load:
        load.start()
        server.stop()
        with pytest.raises((DeviceError, HostError)):
            load.drain(10.0)
