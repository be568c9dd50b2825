"""The bytes of the packets that open and close a connection: CONNECT, CONNACK, DISCONNECT, AUTH.

Knows MQTT 3.1, 3.1.1 and 5.0. Knows no state: whether a packet may come now is `server`'s and `client`'s to say.
"""

from __future__ import annotations

from unisono.errors import CallerError
from unisono.wire.mqtt.fields import Reader, encode_binary, encode_text, encode_u16, frame
from unisono.wire.mqtt.packets import Auth, Connack, Connect, Disconnect, PacketType, Properties, Version, Will
from unisono.wire.mqtt.properties import WILL, decode_properties, encode_properties
from unisono.wire.mqtt.reason import ConnectReturnCode, ReasonCode, ViolationError
from unisono.wire.mqtt.topics import check_topic

__all__ = [
    "AUTH_REASONS",
    "CONNACK_REASONS",
    "DISCONNECT_REASONS",
    "decode_auth",
    "decode_connack",
    "decode_connect",
    "decode_disconnect",
    "encode_auth",
    "encode_connack",
    "encode_connect",
    "encode_disconnect",
]

_NAMES = {Version.V31: "MQIsdp", Version.V311: "MQTT", Version.V5: "MQTT"}

BRIDGE = 0x80
"""Mosquitto's ``try_private``, in the protocol level of 3.1 and 3.1.1; version 5 has subscription options instead."""

CONNACK_REASONS = frozenset({0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F})
DISCONNECT_REASONS = frozenset(
    {0x00, 0x04, *range(0x80, 0x84), 0x87, 0x89, 0x8B, *range(0x8D, 0x91), *range(0x93, 0xA3)}
)
AUTH_REASONS = frozenset({0x00, 0x18, 0x19})


def encode_connect(packet: Connect) -> bytes:
    """CONNECT. Raises `CallerError` for what its version cannot say."""
    version = packet.version
    if version < Version.V5 and packet.password is not None and packet.username is None:
        raise CallerError("a password needs a user name before MQTT 5", code="bad_value", field="password")
    will = packet.will
    flags = packet.clean_start << 1
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
    flags |= (packet.password is not None) << 6 | (packet.username is not None) << 7
    level = version | BRIDGE if packet.bridge else version
    parts = [encode_text(_NAMES[version]), bytes((level, flags)), encode_u16(packet.keep_alive)]
    if version == Version.V5:
        parts.append(encode_properties(packet.properties, PacketType.CONNECT))
    parts.append(encode_text(packet.client_id))
    if will is not None:
        if version == Version.V5:
            parts.append(encode_properties(will.properties, WILL))
        parts += (encode_text(will.topic), encode_binary(will.payload))
    if packet.username is not None:
        parts.append(encode_text(packet.username))
    if packet.password is not None:
        parts.append(encode_binary(packet.password))
    return frame(0x10, b"".join(parts))


def decode_connect(reader: Reader) -> Connect:
    """CONNECT of any version. Raises `ViolationError`; its reason is "unsupported protocol version" for another one."""
    version, bridge = _read_version(reader)
    flags = reader.byte()
    if flags & 0x01:
        raise ViolationError("reserved connect flag is set", "MQTT-3.1.2-3")
    has_username, has_password, has_will = flags & 0x80, flags & 0x40, flags & 0x04
    if has_password and not has_username and version < Version.V5:
        raise ViolationError("password without user name", "MQTT-3.1.2-22")
    if not has_will and flags & 0x38:
        raise ViolationError("will QoS or retain without a will", "MQTT-3.1.2-11")
    if flags & 0x18 == 0x18:
        raise ViolationError("will QoS is 3", "MQTT-3.1.2-12")
    keep_alive = reader.u16()
    properties = None
    if version == Version.V5:
        properties = decode_properties(reader, PacketType.CONNECT)
        _check_authentication(properties)
    client_id = reader.text()
    will = _read_will(reader, version, flags) if has_will else None
    username = reader.text() if has_username else None
    password = reader.binary() if has_password else None
    reader.finish()
    return Connect(client_id, version, bool(flags & 0x02), keep_alive, username, password, will, properties, bridge)


def _read_version(reader: Reader) -> tuple[Version, bool]:
    """The version, and whether a bridge asks."""
    name = reader.text()
    level = reader.byte()
    if name not in ("MQTT", "MQIsdp"):
        raise ViolationError(f"protocol name is {name[:20]!r}", "MQTT-3.1.2-1", ReasonCode.UNSUPPORTED_PROTOCOL_VERSION)
    version = level & ~BRIDGE
    if _NAMES.get(version) != name or level == Version.V5 | BRIDGE:  # type: ignore[call-overload]
        raise ViolationError(
            f"protocol level {level} of {name} is not served",
            "MQTT-3.1.2-2",
            ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
            # who is older understands 3.1.1's CONNACK, who is newer rather that of 5
            b"\x20\x03\x00\x84\x00" if Version.V5 < level < BRIDGE else b"\x20\x02\x00\x01",
        )
    return Version(version), level != version


def _check_authentication(properties: Properties | None) -> None:
    if properties is None or properties.authentication_data is None or properties.authentication_method is not None:
        return
    raise ViolationError("authentication data without a method", "MQTT5 3.1.2.11.10", ReasonCode.PROTOCOL_ERROR)


def _read_will(reader: Reader, version: Version, flags: int) -> Will:
    properties = decode_properties(reader, WILL) if version == Version.V5 else None
    check_response_topic(properties)
    topic = check_topic(reader.text())
    return Will(topic, reader.binary(), flags >> 3 & 3, bool(flags & 0x20), properties)


def check_response_topic(properties: Properties | None) -> None:
    """Raises `ViolationError` when the response topic is no topic name (MQTT-3.3.2-14)."""
    if properties is not None and properties.response_topic is not None:
        check_topic(properties.response_topic)


def encode_connack(packet: Connack, version: Version) -> bytes:
    """CONNACK; ``packet.reason`` must already be one of the version's."""
    body = bytes((packet.session_present, packet.reason))
    if version == Version.V5:
        body += encode_properties(packet.properties, PacketType.CONNACK)
    return frame(0x20, body)


def decode_connack(reader: Reader, version: Version) -> Connack:
    """CONNACK. Raises `ViolationError`."""
    flags, reason = reader.take(2)
    if flags & 0xFE:
        raise ViolationError("reserved connect acknowledge flags are set", "MQTT-3.2.2-1")
    if flags and reason:
        raise ViolationError("session present beside a refusal", "MQTT-3.2.2-6", ReasonCode.PROTOCOL_ERROR)
    properties = None
    if version == Version.V5:
        _check_reason(reason, CONNACK_REASONS, "MQTT-3.2.2-8")
        properties = decode_properties(reader, PacketType.CONNACK)
    elif reason > ConnectReturnCode.NOT_AUTHORIZED:
        raise ViolationError(f"connect return code {reason} is reserved", "MQTT5 3.2.2.2")
    reader.finish()
    return Connack(bool(flags), reason, properties)


def encode_disconnect(packet: Disconnect, version: Version) -> bytes:
    """DISCONNECT."""
    return _encode_reasoned(0xE0, PacketType.DISCONNECT, packet, version)


def decode_disconnect(reader: Reader, version: Version) -> Disconnect:
    """DISCONNECT. Raises `ViolationError`."""
    if version < Version.V5:
        reader.finish()
        return Disconnect()
    reason, properties = _decode_reasoned(reader, PacketType.DISCONNECT, DISCONNECT_REASONS, "MQTT-3.14.2-1")
    return Disconnect(reason, properties)


def encode_auth(packet: Auth, version: Version) -> bytes:
    """AUTH. Raises `CallerError` before version 5."""
    if version < Version.V5:
        raise CallerError("AUTH came with MQTT 5", code="bad_value")
    return _encode_reasoned(0xF0, PacketType.AUTH, packet, version)


def decode_auth(reader: Reader, version: Version) -> Auth:
    """AUTH. Raises `ViolationError`, before version 5 always."""
    if version < Version.V5:
        raise ViolationError("packet type 15 is reserved", "MQTT5 2.1.2")
    reason, properties = _decode_reasoned(reader, PacketType.AUTH, AUTH_REASONS, "MQTT-3.15.2-1")
    if reason and (properties is None or properties.authentication_method is None):
        raise ViolationError("AUTH without authentication method", "MQTT5 3.15.2.2.2", ReasonCode.PROTOCOL_ERROR)
    return Auth(reason, properties)


def _encode_reasoned(first: int, kind: PacketType, packet: Disconnect | Auth, version: Version) -> bytes:
    if version < Version.V5:
        return bytes((first, 0))
    properties = encode_properties(packet.properties, kind)
    if properties != b"\0":
        return frame(first, bytes((packet.reason,)) + properties)
    return bytes((first, 1, packet.reason)) if packet.reason else bytes((first, 0))


def _decode_reasoned(
    reader: Reader, kind: PacketType, allowed: frozenset[int], clause: str
) -> tuple[int, Properties | None]:
    reason, properties = 0, None
    if reader.more():
        reason = reader.byte()
        _check_reason(reason, allowed, clause)
        if reader.more():
            properties = decode_properties(reader, kind)
    reader.finish()
    return reason, properties


def _check_reason(reason: int, allowed: frozenset[int], clause: str) -> None:
    if reason not in allowed:
        raise ViolationError(f"reason code 0x{reason:02x} does not belong in this packet", clause)
