"""What a fuzzer's bytes mean: a program that builds a stream of packets, whole, damaged or raw, and how to cut it.

Reads any bytes whatsoever, never fails, and means the same every time, so that an input found by the fuzzer can be
replayed, and kept as a case, without it. Knows packets; knows neither end of a connection.
"""

from __future__ import annotations

from collections.abc import Iterator

from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)

__all__ = ["MAX_STREAM", "VERSIONS", "Cursor", "cuts", "frames", "stream"]

MAX_STREAM = 32 * 1024
"""Bytes that one program may build: more than the largest limit it is tried with, little enough to be quick."""

VERSIONS = (Version.V31, Version.V311, Version.V5)


class Cursor:
    """Reads numbers and bytes off the input; past its end everything is zero."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def more(self) -> bool:
        return self.pos < len(self.data)

    def byte(self) -> int:
        pos = self.pos
        self.pos = pos + 1
        return self.data[pos] if pos < len(self.data) else 0

    def u16(self) -> int:
        return self.byte() << 8 | self.byte()

    def flag(self) -> bool:
        return bool(self.byte() & 1)

    def among(self, count: int) -> int:
        """A number below ``count``."""
        return self.byte() % count

    def take(self, count: int) -> bytes:
        pos = self.pos
        self.pos = pos + count
        return self.data[pos : pos + count]


_MESSAGE = Properties(
    payload_format_indicator=1,
    message_expiry_interval=60,
    content_type="text/plain",
    response_topic="back/here",
    correlation_data=b"42",
    user_properties=(("a", "b"), ("a", "c")),
)
_TOLD = Properties(reason_string="because", user_properties=(("why", "so"),))


def _connects(version: Version) -> list[Packet]:
    will = Will("gone/me", b"bye", 1, True, Properties(will_delay_interval=5) if version == Version.V5 else None)
    found: list[Packet] = [
        Connect("me", version),
        Connect("", version),
        Connect("me", version, False, 30, "user", b"secret"),
        Connect("me", version, will=will),
    ]
    if version == Version.V5:
        found += [
            Connect("me", version, properties=Properties(receive_maximum=3, maximum_packet_size=64)),
            Connect("me", version, properties=Properties(session_expiry_interval=100, topic_alias_maximum=4)),
            Connect("me", version, properties=Properties(authentication_method="x", authentication_data=b"1")),
            Connect("me", version, properties=Properties(request_problem_information=0)),
        ]
    return found


def _publishes(version: Version) -> list[Packet]:
    found: list[Packet] = [
        Publish(topic, payload, qos, retain, dup and qos > 0, qos and packet_id)
        for topic, payload, retain, dup, packet_id in (
            ("a", b"", False, False, 1),
            ("things/me/state", b'{"power":12.5}', False, False, 2),
            ("things/me/state", b"x" * 110, False, True, 3),
            ("things/me/state", b"x" * 300, True, False, 1),
            ("long/" + "t" * 130, b"y", False, False, 0xFFFF),
        )
        for qos in (0, 1, 2)
    ]
    if version == Version.V5:
        for qos in (0, 1, 2):
            found += [
                Publish("a", b"p", qos, packet_id=qos and 7, properties=Properties(topic_alias=1)),
                Publish("", b"p", qos, packet_id=qos and 8, properties=Properties(topic_alias=1)),
                Publish("", b"p", qos, packet_id=qos and 8, properties=Properties(topic_alias=17)),
                Publish("b", b"p", qos, packet_id=qos and 9, properties=_MESSAGE),
                Publish("b", b"p", qos, packet_id=qos and 9, properties=Properties(subscription_identifiers=(1,))),
            ]
    return found


def _rest(version: Version) -> list[Packet]:
    told = _TOLD if version == Version.V5 else None
    found: list[Packet] = [
        kind(packet_id, properties=properties)
        for kind in (Puback, Pubrec, Pubrel, Pubcomp)
        for packet_id, properties in ((1, None), (2, told), (3, None), (0xFFFF, None))
    ]
    found += [
        Subscribe(1, [Subscription("a/#", 1), Subscription("+/b", 2), Subscription("$share/g/c", 0)]),
        Subscribe(2, [Subscription("a", 0)], told and Properties(subscription_identifiers=(5,))),
        Suback(1, [0, 1, 2], told),
        Suback(2, [0x80]),
        Unsubscribe(1, ["a/#", "b"]),
        Unsuback(1, [0, 0x11] if told else [], told),
        Pingreq(),
        Pingresp(),
        Disconnect(),
        Connack(True, 0),
        Connack(False, 0, told and Properties(receive_maximum=2, maximum_packet_size=40, topic_alias_maximum=2)),
        Connack(False, 0x87 if told else 5, told),
    ]
    if told:
        found += [
            Disconnect(4, told),
            Disconnect(0, Properties(session_expiry_interval=10)),
            Auth(0x18, Properties(authentication_method="x", authentication_data=b"2")),
            Auth(0x19, Properties(authentication_method="x")),
            Pubrec(1, 0x97),
            Puback(1, 0x10),
        ]
    return found


def frames(version: Version) -> tuple[bytes, ...]:
    """Valid packets of a version, every type, from both ends; the first four are CONNECTs."""
    return _FRAMES[version]


_FRAMES = {
    version: tuple(encode(packet, version) for packet in [*_connects(version), *_publishes(version), *_rest(version)])
    for version in VERSIONS
}


def stream(cursor: Cursor, version: Version, *, opening: bytes = b"") -> bytes:
    """The bytes that a program builds: ``opening``, then its pieces, to the end of the input or `MAX_STREAM`."""
    out = bytearray(opening)
    known = frames(version)
    while cursor.more() and len(out) < MAX_STREAM:
        out += _piece(cursor, known)
    del out[MAX_STREAM:]
    return bytes(out)


def _piece(cursor: Cursor, known: tuple[bytes, ...]) -> bytes:
    kind = cursor.among(8)
    if kind <= 4:
        valid = known[cursor.among(len(known))]
        if kind == 2:
            return valid * (1 + cursor.byte())
        if kind == 3:
            return _damaged(bytearray(valid), cursor)
        return valid[: cursor.byte()] if kind == 4 else valid
    if kind == 5:
        return cursor.take(cursor.byte())
    if kind == 6:  # the first byte and a remaining length that fits what follows
        first, body = cursor.byte(), cursor.take(cursor.byte())
        return bytes((first, *_length(len(body)))) + body
    return _run(cursor)


def _length(size: int) -> Iterator[int]:
    while size > 0x7F:
        yield size & 0x7F | 0x80
        size >>= 7
    yield size


def _damaged(packet: bytearray, cursor: Cursor) -> bytes:
    for _ in range(1 + cursor.among(4)):
        how, at, value = cursor.among(4), cursor.byte() % max(len(packet), 1), cursor.byte()
        if how == 0:
            packet[at : at + 1] = bytes((value,))
        elif how == 1:
            packet.insert(at, value)
        elif how == 2:
            del packet[at : at + 1]
        else:  # one byte more or less, and the length says so
            packet.insert(at, value)
            if len(packet) > 1:
                packet[1] = (packet[1] + 1) & 0x7F
    return bytes(packet)


def _run(cursor: Cursor) -> bytes:
    """PUBLISH packets as devices send them, one after another: where the parser is quickest and least careful."""
    qos, v5, count, size = cursor.among(4), cursor.flag(), 1 + cursor.among(40), cursor.u16() % 12_000
    topic, first = (b"a", b"things/x/state", b"t" * 127, b"\xc3\xa9/$")[cursor.among(4)], cursor.u16()
    out = bytearray()
    for number in range(count):
        body = len(topic).to_bytes(2, "big") + topic
        if qos:
            body += (first + number & 0xFFFF).to_bytes(2, "big")
        body += b"\0" * v5 + b"z" * size
        out += bytes((0x30 | qos << 1, *_length(len(body)))) + body
        if len(out) > MAX_STREAM:
            break
    return bytes(out)


def cuts(data: bytes, pattern: bytes) -> Iterator[bytes]:
    """``data`` in pieces whose sizes ``pattern`` gives, over and over: single bytes to kilobytes, long streams coarser
    (a thousand pieces of one stream tell no more than a hundred)."""
    pos = index = 0
    coarse = 1 + len(data) // 2_048
    while pos < len(data):
        given = pattern[index % len(pattern)] if pattern else 0
        size = coarse + given if given < 0xF0 else (given - 0xEF) * 256
        yield data[pos : pos + size]
        pos += size
        index += 1
