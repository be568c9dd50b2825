"""The walks of the hot path: they stop before what they do not know and never read past it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.wire.mqtt import Connect, Limits, PublishRun, ServerConnection
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Properties, Publish, Version
from unisono.wire.mqtt.runs import BLOCK, take_alike, walk_bare, walk_numbered, walk_numbered_v5

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


def alike(data: bytes, version: Version, qos: int, first: bytes, pos: int = 0) -> tuple[int, list[bytes], list[bytes]]:
    """`take_alike` from ``pos`` on, where ``first`` stands."""
    payload = len(first) - len(encode(Publish("t/", b"", qos, packet_id=qos), version)) - (len(first) > 129)
    payloads: list[bytes] = []
    ids: list[bytes] = []
    stop = pos + len(first)
    pos = take_alike(data, pos, stop - payload, stop, payloads, ids if qos else None, v5=version == V5)
    return pos, payloads, ids


@pytest.mark.parametrize(("version", "qos"), KINDS)
@pytest.mark.parametrize("size", [0, 1, 60, 200])
def test_blocks_of_packets_alike(version: Version, qos: int, size: int) -> None:
    """Whole blocks are taken, as the walk would take them; what is left over or cut is not."""
    packets = [message(version, qos, size, number) for number in range(1, 2 * BLOCK + 4)]
    data = b"tail" + b"".join(packets)
    for cut in (0, 1, len(packets[0]) * 3, len(packets[0]) * 3 + 1):
        end = 2 * BLOCK if cut <= len(packets[0]) * 3 else BLOCK
        stop, payloads, ids = alike(data[: len(data) - cut], version, qos, packets[0], 4)
        assert stop == 4 + end * len(packets[0])
        assert (stop, payloads, ids) == walk(data[:stop], version, qos, 4)


@pytest.mark.parametrize(("version", "qos"), KINDS)
@pytest.mark.parametrize("place", range(1, BLOCK))
def test_a_block_with_a_stranger_is_left_whole(version: Version, qos: int, place: int) -> None:
    """Wherever it stands among its like, and however much it looks like them."""
    good = message(version, qos, 9)
    topic = encode(Publish("t+", b"\x01" * 9, qos, packet_id=qos), version)
    strangers = [topic, encode(Publish("t/", b"\x01" * 9, qos, True, packet_id=qos), version)]
    strangers.append(message(version, qos, 8) + b"\xc0")
    if version == V5:
        tight = Properties(content_type="xxxxx")
        strangers.append(encode(Publish("t/", b"\x01", qos, packet_id=qos, properties=tight), version))
    for stranger in strangers:
        assert len(stranger) == len(good)
        data = good * place + stranger + good * BLOCK * 2
        assert alike(data, version, qos, good) == (0, [], [])
        after = good * BLOCK + data
        assert alike(after, version, qos, good)[0] == BLOCK * len(good)


@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from([0, 5, 5, 117, 130]), st.integers(1, 3 * BLOCK)), min_size=1, max_size=6),
)
def test_runs_of_any_lengths(kind: tuple[Version, int], stretches: list[tuple[int, int]]) -> None:
    """What a connection makes of stretches of one length is what was sent, however they follow each other."""
    version, qos = kind
    connection = ServerConnection(Limits(receive_maximum=65_535))
    connection.receive(encode(Connect(client_id="c", version=version), version))
    connection.accept()
    sizes = [size for size, count in stretches for _ in range(count)]
    packets = [Publish("t/", bytes(size), qos, packet_id=qos and n + 1) for n, size in enumerate(sizes)]
    runs = connection.receive(b"".join(encode(packet, version) for packet in packets))
    assert len(runs) == 1
    assert isinstance(runs[0], PublishRun)
    assert runs[0].payloads == [packet.payload for packet in packets]
    assert runs[0].packet_ids == [packet.packet_id.to_bytes(2, "big") for packet in packets] * (qos > 0)
