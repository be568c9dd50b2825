"""The bytes that the load generator sends, encoded before the clock starts, and the few it has to read.

Knows the MQTT 3.1.1 and 5 packets a benchmark client needs (CONNECT, CONNACK, SUBSCRIBE, PUBLISH) and the payload every
server is measured with. Knows no sockets. `unisono.wire` is the product's codec; this one exists so that what measures
the product does not share its mistakes.
"""

from __future__ import annotations

from typing import NamedTuple

from unisono.errors import DeviceError

__all__ = [
    "COUNT_BASE",
    "Connack",
    "Ring",
    "decode_connack",
    "encode_connect",
    "encode_publish",
    "encode_ring",
    "encode_subscribe",
    "payload",
]

COUNT_BASE = 1_000_000  # seven digits from the first payload on: all frames of a ring have one length
LAST_PACKET_ID = 65_535  # MQTT 2.2.1
PROTOCOL_311 = 4
PROTOCOL_5 = 5

# CONNACK properties of MQTT 5 (table 2-4): identifier -> bytes that follow, or 0 for a length-prefixed string
_CONNACK_PROPERTIES = {
    0x11: 4, 0x12: 0, 0x13: 2, 0x15: 0, 0x16: 0, 0x1A: 0, 0x1C: 0, 0x1F: 0, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1,
    0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip
_RECEIVE_MAXIMUM = 0x21
_USER_PROPERTY = 0x26


class Ring(NamedTuple):
    """The pre-encoded PUBLISH frames of one client, back to back, all of one length.

    ``data`` holds ``frames`` frames of ``stride`` bytes; packet ids are 1..frames, so a client that has at most
    ``frames`` messages in flight never reuses an id that is not acknowledged.
    """

    data: bytes
    frames: int
    stride: int


class Connack(NamedTuple):
    """What a CONNACK said: ``code`` 0 is success; ``receive_maximum`` bounds the window (MQTT 5, 3.2.2.3.3)."""

    code: int
    receive_maximum: int
    size: int


def payload(number: int) -> bytes:
    """The 63-byte JSON of message ``number`` (0..8,999,999): four values, ``count`` is ``COUNT_BASE + number``."""
    return b'{"temperature":%d.%d,"humidity":%d,"power":%d,"count":%d}' % (
        10 + number % 30,
        number // 30 % 10,
        10 + number % 90,
        1000 + number * 7 % 9000,
        COUNT_BASE + number,
    )


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body


def encode_connect(
    client_id: str, user: str | None, password: str | None, *, version: int, keep_alive_s: int, clean: bool = True
) -> bytes:
    """A CONNECT (MQTT 3.1); ``version`` is the protocol level, 4 (3.1.1) or 5."""
    flags = (0x02 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = _text("MQTT") + bytes((version, flags)) + keep_alive_s.to_bytes(2, "big")
    if version == PROTOCOL_5:
        body += b"\x00"
    body += _text(client_id)
    for part in (user, password):
        if part is not None:
            body += _text(part)
    return _packet(0x10, body)


def encode_subscribe(packet_id: int, topic_filter: str, qos: int, *, version: int) -> bytes:
    """A SUBSCRIBE for one filter (MQTT 3.8)."""
    properties = b"\x00" if version == PROTOCOL_5 else b""
    return _packet(0x82, packet_id.to_bytes(2, "big") + properties + _text(topic_filter) + bytes((qos,)))


def encode_publish(topic: str, body: bytes, *, qos: int, packet_id: int, version: int, dup: bool = False) -> bytes:
    """A PUBLISH (MQTT 3.3); ``packet_id`` is left out at QoS 0, DUP is meant for a resend at QoS 1."""
    first = 0x30 | qos << 1 | (0x08 if dup else 0)
    head = _text(topic)
    if qos:
        head += packet_id.to_bytes(2, "big")
    if version == PROTOCOL_5:
        head += b"\x00"
    return _packet(first, head + body)


def encode_ring(topic: str, first: int, frames: int, *, qos: int, version: int) -> Ring:
    """Encode messages ``first`` .. ``first + frames - 1`` of one client; at most 65,535, one per packet id."""
    if not 0 < frames <= LAST_PACKET_ID:
        raise ValueError(f"a ring holds 1..{LAST_PACKET_ID} frames, not {frames}")
    sample = encode_publish(topic, payload(first), qos=qos, packet_id=1, version=version)
    head = sample[: sample.index(_text(topic)) + 2 + len(topic.encode())]
    after = b"\x00" if version == PROTOCOL_5 else b""
    if qos:
        data = b"".join(
            [head + (index + 1).to_bytes(2, "big") + after + payload(first + index) for index in range(frames)]
        )
    else:
        data = b"".join([head + after + payload(first + index) for index in range(frames)])
    if len(data) != frames * len(sample):
        raise ValueError(f"payloads from {first} on differ in length")
    return Ring(data, frames, len(sample))


def decode_connack(data: bytes, version: int) -> Connack | None:
    """Read the CONNACK at the start of ``data``, None while incomplete. Raises `DeviceError` for another packet."""
    if len(data) < 2:
        return None
    if data[0] != 0x20 or data[1] > 127:
        raise DeviceError(f"the server answered CONNECT with {data[:8].hex()}", expected="a CONNACK")
    size = 2 + data[1]
    if len(data) < size:
        return None
    maximum = _receive_maximum(data[5:size]) if version == PROTOCOL_5 and size > 5 else LAST_PACKET_ID
    return Connack(data[3], maximum, size)


def _receive_maximum(properties: bytes) -> int:
    """The Receive Maximum among the properties of a short CONNACK; 65,535 where it is not given."""
    position = 0
    while position < len(properties):
        name = properties[position]
        position += 1
        if name == _RECEIVE_MAXIMUM:
            return int.from_bytes(properties[position : position + 2], "big")
        for _ in range(2 if name == _USER_PROPERTY else 1):
            width = 0 if name == _USER_PROPERTY else _CONNACK_PROPERTIES.get(name)
            if width is None:
                raise DeviceError(f"CONNACK holds the unknown property {name:#x}")
            position += width or 2 + int.from_bytes(properties[position : position + 2], "big")
    return LAST_PACKET_ID
