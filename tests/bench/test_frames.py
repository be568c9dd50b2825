"""The generator's bytes are MQTT: read back by the product's own decoder, and by hand where that is the point."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.bench.frames import (
    COUNT_BASE,
    Connack,
    decode_connack,
    encode_connect,
    encode_publish,
    encode_ring,
    encode_subscribe,
    payload,
)
from unisono.errors import DeviceError
from unisono.wire.mqtt import Connected, Limits, PublishRun, ServerConnection, Subscribed


@given(st.integers(0, 8_999_999))
def test_a_payload_is_json_of_63_bytes_with_its_own_number(number: int) -> None:
    body = payload(number)
    values = json.loads(body)
    assert len(body) == 63
    assert values["count"] == COUNT_BASE + number
    assert set(values) == {"temperature", "humidity", "power", "count"}
    assert 10 <= values["temperature"] < 40 and 10 <= values["humidity"] < 100 and 1000 <= values["power"] < 10000


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("qos", [0, 1])
def test_a_ring_is_its_frames_back_to_back(version: int, qos: int) -> None:
    ring = encode_ring("things/me/state", 500, 300, qos=qos, version=version)
    assert ring.frames == 300
    assert ring.stride * ring.frames == len(ring.data)
    for index in (0, 1, 254, 255, 256, 299):
        frame = ring.data[index * ring.stride : (index + 1) * ring.stride]
        wanted = encode_publish(
            "things/me/state", payload(500 + index), qos=qos, packet_id=index + 1, version=version
        )  # fmt: skip
        assert frame == wanted


def test_a_ring_has_an_end() -> None:
    with pytest.raises(ValueError, match="65535"):
        encode_ring("t", 0, 65_536, qos=1, version=4)
    with pytest.raises(ValueError, match="length"):
        encode_ring("t", 8_999_990, 20, qos=1, version=4)


def test_frames_as_the_specification_prints_them() -> None:
    assert encode_publish("a/b", b"x", qos=1, packet_id=258, version=4) == bytes.fromhex("320800 03612f62 0102 78")
    assert encode_publish("a/b", b"x", qos=1, packet_id=258, version=5, dup=True) == bytes.fromhex(
        "3a0900 03612f62 0102 00 78"
    )
    assert encode_publish("a/b", b"x", qos=0, packet_id=0, version=4) == bytes.fromhex("300600 03612f62 78")
    assert encode_subscribe(1, "a/#", 1, version=5) == bytes.fromhex("8209 0001 00 0003612f23 01")
    assert encode_connect("c", "u", "pw", version=4, keep_alive_s=60) == bytes.fromhex(
        "1014 0004 4d515454 04 c2 003c 000163 000175 00027077"
    )
    assert encode_connect("c", None, None, version=5, keep_alive_s=0, clean=False) == bytes.fromhex(
        "100e 0004 4d515454 05 00 0000 00 000163"
    )
    long = encode_publish("t", b"x" * 200, qos=0, packet_id=0, version=4)
    assert long[1:3] == bytes.fromhex("cb01") and len(long) == 206


@pytest.mark.parametrize(
    ("data", "version", "found"),
    [
        ("20020000", 4, Connack(0, 65_535, 4)),
        ("20020005", 4, Connack(5, 65_535, 4)),
        ("200200", 4, None),
        ("20", 4, None),
        ("2003000000", 5, Connack(0, 65_535, 5)),
        ("2006000003210014", 5, Connack(0, 20, 8)),
        ("200d00000a 130010 26000161000162", 5, Connack(0, 65_535, 15)),
        ("201000000d 130010 26000161000162 2101f4", 5, Connack(0, 500, 18)),
        ("200e00000b 1200056175746831 210007", 5, Connack(0, 7, 16)),
        ("200e00000b 1200056175746831 2100", 5, None),
    ],
)
def test_connack(data: str, version: int, found: Connack | None) -> None:
    assert decode_connack(bytes.fromhex(data), version) == found


def test_connack_refuses_other_packets_and_unknown_properties() -> None:
    with pytest.raises(DeviceError):
        decode_connack(b"\x30\x02\x00\x00", 4)
    with pytest.raises(DeviceError, match="unknown property"):
        decode_connack(bytes.fromhex("200500000201ff"), 5)


@pytest.mark.parametrize("version", [4, 5])
def test_the_product_reads_what_the_generator_writes(version: int) -> None:
    server = ServerConnection(Limits())
    (asked,) = server.receive(encode_connect("meter1", "meter1", "secret", version=version, keep_alive_s=600))
    assert isinstance(asked, Connected)
    assert (asked.connect.client_id, asked.connect.username, asked.connect.password) == ("meter1", "meter1", b"secret")
    answer = decode_connack(server.accept(), version)
    assert answer is not None and answer.code == 0
    (subscribed,) = server.receive(encode_subscribe(7, "things/#", 0, version=version))
    assert isinstance(subscribed, Subscribed)
    ring = encode_ring("things/me/state", 0, 50, qos=1, version=version)
    (run,) = server.receive(ring.data[: 20 * ring.stride])
    assert isinstance(run, PublishRun)
    assert (run.topic, run.qos, run.dups) == ("things/me/state", 1, [])
    assert run.payloads == [payload(number) for number in range(20)]
    again = encode_publish("things/me/state", payload(0), qos=1, packet_id=99, version=version, dup=True)
    (run,) = server.receive(again)
    assert isinstance(run, PublishRun)
    assert run.dups == [0] and list(run.packet_ids) == [b"\x00\x63"]
