"""Frames however they are cut, masked as a client must; then TLS, WebSocket and sign-ins at real brokers."""

from __future__ import annotations

import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.bench.connections import ConnectionsOptions, run_connections
from unisono.bench.drive import Load
from unisono.bench.frames import encode_ring
from unisono.bench.line import MASK, unframe, web_frame, web_ring
from unisono.bench.load import Job
from unisono.bench.servers import Mosquitto
from unisono.bench.ways import WaysOptions, run_ways
from unisono.errors import DeviceError

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None,
    reason="mosquitto is not installed: apt-get install mosquitto",
)


def server_frame(payload: bytes, kind: int = 0x82) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65_536:
        return bytes((kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((kind, 127)) + size.to_bytes(8, "big") + payload


frames = st.lists(
    st.tuples(st.sampled_from([0x82, 0x82, 0x82, 0x89]), st.sampled_from([b"\x40\x02\0\1", b"", b"x" * 200, b"abc"])),
    max_size=40,
)


@given(frames, st.lists(st.integers(1, 50), min_size=1))
def test_payloads_come_whole_however_the_bytes_are_split(some: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = b"".join(server_frame(payload, kind) for kind, payload in some)
    got, had, position, turn = b"", b"", 0, 0
    while position < len(data):
        step = cuts[turn % len(cuts)]
        payload, had = unframe(had + data[position : position + step])
        got += payload
        position, turn = position + step, turn + 1
    assert had == b""
    assert got == b"".join(payload for kind, payload in some if kind == 0x82)


def test_long_frames_and_the_end() -> None:
    assert unframe(server_frame(b"y" * 70_000)) == (b"y" * 70_000, b"")
    for size in (1, 3, 8):
        assert unframe(server_frame(b"y" * 70_000)[:size])[0] == b""
    with pytest.raises(DeviceError):
        unframe(server_frame(b"\x03\xe8", 0x88))


def unmasked(frame: bytes) -> tuple[bytes, bytes]:
    """The payload of a client's frame (RFC 6455 section 5.3) and what follows."""
    assert frame[0] == 0x82
    assert frame[1] & 0x80
    size, start = frame[1] & 0x7F, 2
    if size == 126:
        size, start = int.from_bytes(frame[2:4], "big"), 4
    assert frame[start : start + 4] == MASK
    body = frame[start + 4 : start + 4 + size]
    return bytes(byte ^ MASK[index % 4] for index, byte in enumerate(body)), frame[start + 4 + size :]


@given(st.binary(max_size=300))
def test_a_frame_is_masked(data: bytes) -> None:
    assert unmasked(web_frame(data)) == (data, b"")


@pytest.mark.parametrize("topic", ["t", "t" * 90])
def test_a_ring_of_frames_is_a_packet_a_frame(topic: str) -> None:
    ring = encode_ring(topic, 0, 9, qos=1, version=4)
    framed = web_ring(ring)
    assert len(framed.data) == framed.frames * framed.stride
    rest, packets = framed.data, b""
    for _ in range(9):
        packet, rest = unmasked(rest)
        assert len(packet) == ring.stride
        packets += packet
    assert packets == ring.data


@needs_mosquitto
@pytest.mark.parametrize("way", ["tcp", "tls"])
def test_clients_come_and_go(way: str) -> None:
    with Mosquitto(ways=("tcp", "tls")) as peer:
        job = Job(
            host="127.0.0.1", port=peer.ports[way], version=4, qos=0, window=0, topic="t", payloads=1, way=way,
            credentials=[(f"c{number}", "") for number in range(20)],
        )  # fmt: skip
        with Load(job, program="arrivals") as load:
            load.start()
            until = time.monotonic() + 20.0
            while (sample := load.sample()).acked < 100:
                assert time.monotonic() < until
            assert load.stop().acked >= sample.acked


@needs_mosquitto
def test_the_report_of_ways() -> None:
    report = run_ways(WaysOptions.quick(hub=False, seconds=0.3, ramp_s=0.2))
    assert set(report.figures["mosquitto"]) == {"tcp_window_100", "tls_window_100"}
    assert set(report.figures["nats"]) == {"tcp_window_100", "websocket_window_100"}
    for found in report.figures.values():
        assert all(numbers["rate"] > 0 and numbers["lost"] == 0 for numbers in found.values())


@needs_mosquitto
def test_the_report_of_connections() -> None:
    report = run_connections(
        ConnectionsOptions.quick(hub=False, clients=20, tls_clients=5, rest_s=0.2, arrivals_s=0.2, peers=("mosquitto",))
    )
    found = report.figures["mosquitto"]
    without_tls = {"at_rest", "idle_clients", "idle_clients_with_passwords", "arrivals"}
    assert set(found) == {*without_tls, "idle_tls_clients", "tls_arrivals"}
    assert found["idle_clients_with_passwords"]["sign_ins_per_s"] > 0
    assert found["idle_tls_clients"]["clients"] == 5
    assert found["arrivals"]["rate"] > 0
    assert found["tls_arrivals"]["rate"] > 0
