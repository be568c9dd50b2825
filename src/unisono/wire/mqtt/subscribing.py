"""The bytes of SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.

Knows MQTT 3.1, 3.1.1 and 5.0. Knows no state.
"""

from __future__ import annotations

from unisono.wire.mqtt.fields import Reader, encode_text, encode_u16, frame
from unisono.wire.mqtt.packets import (
    PacketType,
    Properties,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
)
from unisono.wire.mqtt.properties import decode_properties, encode_properties
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.topics import check_filter

__all__ = [
    "SUBACK_REASONS",
    "UNSUBACK_REASONS",
    "decode_suback",
    "decode_subscribe",
    "decode_unsuback",
    "decode_unsubscribe",
    "encode_suback",
    "encode_subscribe",
    "encode_unsuback",
    "encode_unsubscribe",
]

SUBACK_REASONS = frozenset({0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2})
_SUBACK_REASONS_3 = frozenset({0x00, 0x01, 0x02, 0x80})
UNSUBACK_REASONS = frozenset({0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91})


def _head(packet_id: int, properties: Properties | None, kind: PacketType, version: Version) -> bytes:
    head = encode_u16(packet_id)
    return head + encode_properties(properties, kind) if version == Version.V5 else head


def _read_head(reader: Reader, kind: PacketType, version: Version) -> tuple[int, Properties | None]:
    packet_id = reader.packet_id()
    return packet_id, decode_properties(reader, kind) if version == Version.V5 else None


def encode_subscribe(packet: Subscribe, version: Version) -> bytes:
    """SUBSCRIBE; before version 5 only the QoS of each subscription is told."""
    parts = [_head(packet.packet_id, packet.properties, PacketType.SUBSCRIBE, version)]
    for one in packet.subscriptions:
        options = one.qos
        if version == Version.V5:
            options |= one.no_local << 2 | one.retain_as_published << 3 | one.retain_handling << 4
        parts += (encode_text(one.filter), bytes((options,)))
    return frame(0x82, b"".join(parts))


def decode_subscribe(reader: Reader, version: Version) -> Subscribe:
    """SUBSCRIBE with checked filters. Raises `ViolationError`."""
    packet_id, properties = _read_head(reader, PacketType.SUBSCRIBE, version)
    if properties is not None and len(properties.subscription_identifiers) > 1:
        raise ViolationError("two subscription identifiers", "MQTT5 3.8.2.1.2", ReasonCode.PROTOCOL_ERROR)
    subscriptions = []
    while reader.more():
        filter = check_filter(reader.text())
        subscriptions.append(_read_options(filter, reader.byte(), version))
    if not subscriptions:
        raise ViolationError("SUBSCRIBE without a filter", "MQTT-3.8.3-2", ReasonCode.PROTOCOL_ERROR)
    return Subscribe(packet_id, subscriptions, properties)


def _read_options(filter: str, options: int, version: Version) -> Subscription:
    if options & (0xC0 if version == Version.V5 else 0xFC):
        raise ViolationError("reserved subscription options are set", "MQTT-3.8.3-5")
    qos, no_local, retain_handling = options & 3, bool(options & 4), options >> 4 & 3
    if qos == 3:
        raise ViolationError("requested QoS is 3", "MQTT5 3.8.3.1", ReasonCode.PROTOCOL_ERROR)
    if retain_handling == 3:
        raise ViolationError("retain handling is 3", "MQTT5 3.8.3.1", ReasonCode.PROTOCOL_ERROR)
    if no_local and filter.startswith("$share/"):
        raise ViolationError("no local on a shared subscription", "MQTT-3.8.3-4", ReasonCode.PROTOCOL_ERROR)
    return Subscription(filter, qos, no_local, bool(options & 8), retain_handling)


def encode_suback(packet: Suback, version: Version) -> bytes:
    """SUBACK; ``packet.reasons`` must already be the version's."""
    return frame(0x90, _head(packet.packet_id, packet.properties, PacketType.SUBACK, version) + bytes(packet.reasons))


def decode_suback(reader: Reader, version: Version) -> Suback:
    """SUBACK. Raises `ViolationError`."""
    packet_id, properties = _read_head(reader, PacketType.SUBACK, version)
    allowed = SUBACK_REASONS if version == Version.V5 else _SUBACK_REASONS_3
    return Suback(packet_id, _read_reasons(reader, allowed, "MQTT-3.9.3-2"), properties)


def encode_unsubscribe(packet: Unsubscribe, version: Version) -> bytes:
    """UNSUBSCRIBE."""
    head = _head(packet.packet_id, packet.properties, PacketType.UNSUBSCRIBE, version)
    return frame(0xA2, head + b"".join(map(encode_text, packet.filters)))


def decode_unsubscribe(reader: Reader, version: Version) -> Unsubscribe:
    """UNSUBSCRIBE with checked filters. Raises `ViolationError`."""
    packet_id, properties = _read_head(reader, PacketType.UNSUBSCRIBE, version)
    filters = []
    while reader.more():
        filters.append(check_filter(reader.text()))
    if not filters:
        raise ViolationError("UNSUBSCRIBE without a filter", "MQTT-3.10.3-2", ReasonCode.PROTOCOL_ERROR)
    return Unsubscribe(packet_id, filters, properties)


def encode_unsuback(packet: Unsuback, version: Version) -> bytes:
    """UNSUBACK; before version 5 without reasons."""
    head = _head(packet.packet_id, packet.properties, PacketType.UNSUBACK, version)
    return frame(0xB0, head + bytes(packet.reasons) if version == Version.V5 else head)


def decode_unsuback(reader: Reader, version: Version) -> Unsuback:
    """UNSUBACK. Raises `ViolationError`."""
    packet_id, properties = _read_head(reader, PacketType.UNSUBACK, version)
    if version < Version.V5:
        reader.finish()
        return Unsuback(packet_id, [])
    return Unsuback(packet_id, _read_reasons(reader, UNSUBACK_REASONS, "MQTT-3.11.3-2"), properties)


def _read_reasons(reader: Reader, allowed: frozenset[int], clause: str) -> list[int]:
    reasons = list(reader.rest())
    if not reasons or not allowed.issuperset(reasons):
        raise ViolationError("reason codes are missing or do not belong in this packet", clause)
    return reasons
