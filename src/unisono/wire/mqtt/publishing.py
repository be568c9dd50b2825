"""The bytes of PUBLISH and of the packets that answer it: PUBACK, PUBREC, PUBREL, PUBCOMP.

Knows MQTT 3.1, 3.1.1 and 5.0. Knows no state. The hot path for runs of plain PUBLISH packets is `runs`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from unisono.wire.mqtt.connecting import check_response_topic
from unisono.wire.mqtt.fields import Reader, encode_text, encode_u16, frame
from unisono.wire.mqtt.packets import PacketType, Puback, Pubcomp, Publish, Pubrec, Pubrel, Version
from unisono.wire.mqtt.properties import decode_properties, encode_properties
from unisono.wire.mqtt.reason import ViolationError
from unisono.wire.mqtt.topics import check_topic

__all__ = ["RECEIVED_REASONS", "decode_acknowledgement", "decode_publish", "encode_acknowledgement", "encode_publish"]


KNOWN_TOPICS = 1_024
MAX_KNOWN_SIZE = 128
"""Topics whose field is remembered (a message for a thousand subscribers is encoded a thousand times), and the longest
such topic, in characters: 0.5 MB at the very worst."""

Acknowledgement = TypeVar("Acknowledgement", Puback, Pubrec, Pubrel, Pubcomp)

RECEIVED_REASONS = frozenset({0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99})
_RELEASED_REASONS = frozenset({0x00, 0x92})
_ACKNOWLEDGEMENTS: dict[type, tuple[int, PacketType, frozenset[int], str]] = {
    Puback: (0x40, PacketType.PUBACK, RECEIVED_REASONS, "MQTT-3.4.2-1"),
    Pubrec: (0x50, PacketType.PUBREC, RECEIVED_REASONS, "MQTT-3.5.2-1"),
    Pubrel: (0x62, PacketType.PUBREL, _RELEASED_REASONS, "MQTT-3.6.2-1"),
    Pubcomp: (0x70, PacketType.PUBCOMP, _RELEASED_REASONS, "MQTT-3.7.2-1"),
}


_topic_field = lru_cache(KNOWN_TOPICS)(encode_text)


def encode_publish(packet: Publish, version: Version) -> bytes:
    """PUBLISH. The topic is trusted: check what comes from outside with `topics.check_topic` first."""
    first = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    topic = packet.topic
    head = _topic_field(topic) if len(topic) <= MAX_KNOWN_SIZE else encode_text(topic)
    if packet.qos:
        head += packet.packet_id.to_bytes(2, "big")
    if version == Version.V5:
        head += encode_properties(packet.properties, PacketType.PUBLISH)
    return frame(first, head + packet.payload)


def decode_publish(first: int, reader: Reader, version: Version) -> Publish:
    """PUBLISH. Raises `ViolationError`. An empty topic passes when a topic alias stands for it."""
    qos = first >> 1 & 3
    if qos == 3:
        raise ViolationError("QoS is 3", "MQTT-3.3.1-4")
    dup = bool(first & 8)
    if dup and not qos:
        raise ViolationError("DUP at QoS 0", "MQTT-3.3.1-2")
    topic = reader.text()
    packet_id = reader.packet_id() if qos else 0
    properties = decode_properties(reader, PacketType.PUBLISH) if version == Version.V5 else None
    if topic or properties is None or properties.topic_alias is None:
        check_topic(topic)
    check_response_topic(properties)
    return Publish(topic, reader.rest(), qos, bool(first & 1), dup, packet_id, properties)


def encode_acknowledgement(packet: Puback | Pubrec | Pubrel | Pubcomp, version: Version) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form; before version 5 without reason and properties."""
    first, kind, _, _ = _ACKNOWLEDGEMENTS[type(packet)]
    body = encode_u16(packet.packet_id)
    if version == Version.V5:
        properties = encode_properties(packet.properties, kind)
        if properties != b"\0":
            body += bytes((packet.reason,)) + properties
        elif packet.reason:
            body += bytes((packet.reason,))
    return frame(first, body)


def decode_acknowledgement(kind: type[Acknowledgement], reader: Reader, version: Version) -> Acknowledgement:
    """The packet of that kind. Raises `ViolationError`."""
    _, packet_type, allowed, clause = _ACKNOWLEDGEMENTS[kind]
    packet_id = reader.packet_id()
    reason, properties = 0, None
    if version == Version.V5 and reader.more():
        reason = reader.byte()
        if reason not in allowed:
            raise ViolationError(f"reason code 0x{reason:02x} does not belong in this packet", clause)
        if reader.more():
            properties = decode_properties(reader, packet_type)
    reader.finish()
    return kind(packet_id, reason, properties)
