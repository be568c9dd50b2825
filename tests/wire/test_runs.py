"""The walks of the hot path: they stop before what they do not know and never read past it."""

from __future__ import annotations

import pytest

from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Properties, Publish, Version
from unisono.wire.mqtt.runs import walk_bare, walk_numbered, walk_numbered_v5

V4, V5 = Version.V311, Version.V5
FIELD = b"\0\x02t/"
LARGEST = 20_000
KINDS = [(V4, 0), (V5, 0), (V4, 1), (V5, 1), (V4, 2), (V5, 2)]


def walk(data: bytes, version: Version, qos: int, pos: int = 0) -> tuple[int, list[bytes], list[bytes]]:
    head = bytes((0x30 | qos << 1,)) + FIELD
    payloads: list[bytes] = []
    ids: list[bytes] = []
    if not qos:
        pos = walk_bare(data, pos, head + b"\0" if version == V5 else head, payloads, largest=LARGEST)
    else:
        step = walk_numbered_v5 if version == V5 else walk_numbered
        pos = step(data, pos, head, payloads, ids, largest=LARGEST)
    return pos, payloads, ids


def message(version: Version, qos: int, size: int, number: int = 1) -> bytes:
    return encode(Publish("t/", bytes([number]) * size, qos, packet_id=qos and number), version)


@pytest.mark.parametrize(("version", "qos"), KINDS)
@pytest.mark.parametrize("size", [0, 1, 117, 118, 119, 120, 121, 122, 123, 124, 300, 16_370])
def test_cut_at_every_byte(version: Version, qos: int, size: int) -> None:
    """The whole packets before the cut are taken, the cut one never."""
    one = message(version, qos, size, 1)
    data = one + message(version, qos, size, 2)
    middle = len(one)
    some = [*range(8), middle - 1, middle, middle + 1, middle + 2, middle + 3, len(data) - 1, len(data)]
    for cut in range(len(data) + 1) if size < 400 else some:
        pos, payloads, ids = walk(data[:cut], version, qos)
        whole = cut // len(one)
        assert pos == whole * len(one)
        assert payloads == [bytes([n + 1]) * size for n in range(whole)]
        assert ids == [(n + 1).to_bytes(2, "big") for n in range(whole)] * (qos > 0)


@pytest.mark.parametrize(("version", "qos"), KINDS)
def test_stops_before_the_unknown(version: Version, qos: int) -> None:
    good = message(version, qos, 5)
    first = 0x30 | qos << 1
    strangers = {
        "RETAIN": encode(Publish("t/", b"xxxx", qos, True, packet_id=qos), version),
        "topic": encode(Publish("tt", b"xxxx", qos, packet_id=qos), version),
        "other packet": b"\xc0\0" + bytes(20),
        "length of three bytes": message(version, qos, 17_000),
        "length over the limit": message(version, qos, LARGEST),
        "padded length": bytes((first, 0x8A, 0)) + good[2:] + bytes(9),
        "length before the topic's end": bytes((first, 3)) + good[2:],
        "length before the payload": bytes((first, len(good) - 2 - 6)) + good[2:] if qos or version == V5 else b"\0\0",
    }
    if version == V5:
        strangers["properties"] = encode(
            Publish("t/", b"", qos, packet_id=qos, properties=Properties(content_type="x")), version
        )
    for name, stranger in strangers.items():
        pos, payloads, _ = walk(good + stranger, version, qos)
        assert (pos, payloads) == (len(good), [b"\x01" * 5]), name
        assert walk(stranger, version, qos)[0] == 0, name
