"""The properties of MQTT 5.0 (section 2.2.2): one table says each one's id, type, range and where it may stand.

Knows properties' bytes. Knows no packets but their types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from unisono.errors import CallerError
from unisono.wire.mqtt.fields import Reader, encode_binary, encode_text, encode_u16, encode_varint
from unisono.wire.mqtt.packets import PacketType, Properties
from unisono.wire.mqtt.reason import ReasonCode, ViolationError

__all__ = ["WILL", "decode_properties", "encode_properties"]

WILL = 0
"""Stands for "the will properties inside CONNECT" where a `PacketType` is asked for."""


class _Kind(NamedTuple):
    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]


def _encode_byte(number: int) -> bytes:
    return bytes((number,))


def _encode_u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _read_pair(reader: Reader) -> tuple[str, str]:
    return reader.text(), reader.text()


def _encode_pair(pair: tuple[str, str]) -> bytes:
    return encode_text(pair[0]) + encode_text(pair[1])


_BYTE = _Kind(Reader.byte, _encode_byte)
_U16 = _Kind(Reader.u16, encode_u16)
_U32 = _Kind(Reader.u32, _encode_u32)
_VARINT = _Kind(Reader.varint, encode_varint)
_BINARY = _Kind(Reader.binary, encode_binary)
_TEXT = _Kind(Reader.text, encode_text)
_PAIR = _Kind(_read_pair, _encode_pair)


class _Property(NamedTuple):
    id: int
    name: str
    kind: _Kind
    packets: frozenset[int]
    low: int | None = None
    high: int | None = None
    many: bool = False


_P = PacketType
_ACKS = (_P.PUBACK, _P.PUBREC, _P.PUBREL, _P.PUBCOMP)
_REASONED = (_P.CONNACK, *_ACKS, _P.SUBACK, _P.UNSUBACK, _P.DISCONNECT, _P.AUTH)
_USERS = (_P.CONNECT, WILL, _P.PUBLISH, _P.SUBSCRIBE, _P.UNSUBSCRIBE, *_REASONED)


def _row(id: int, name: str, kind: _Kind, *packets: int, low: int | None = None, high: int | None = None) -> _Property:
    return _Property(id, name, kind, frozenset(packets), low, high)


_TABLE = (
    _row(0x01, "payload_format_indicator", _BYTE, _P.PUBLISH, WILL, high=1),
    _row(0x02, "message_expiry_interval", _U32, _P.PUBLISH, WILL),
    _row(0x03, "content_type", _TEXT, _P.PUBLISH, WILL),
    _row(0x08, "response_topic", _TEXT, _P.PUBLISH, WILL),
    _row(0x09, "correlation_data", _BINARY, _P.PUBLISH, WILL),
    _Property(0x0B, "subscription_identifiers", _VARINT, frozenset((_P.PUBLISH, _P.SUBSCRIBE)), low=1, many=True),
    _row(0x11, "session_expiry_interval", _U32, _P.CONNECT, _P.CONNACK, _P.DISCONNECT),
    _row(0x12, "assigned_client_identifier", _TEXT, _P.CONNACK),
    _row(0x13, "server_keep_alive", _U16, _P.CONNACK),
    _row(0x15, "authentication_method", _TEXT, _P.CONNECT, _P.CONNACK, _P.AUTH),
    _row(0x16, "authentication_data", _BINARY, _P.CONNECT, _P.CONNACK, _P.AUTH),
    _row(0x17, "request_problem_information", _BYTE, _P.CONNECT, high=1),
    _row(0x18, "will_delay_interval", _U32, WILL),
    _row(0x19, "request_response_information", _BYTE, _P.CONNECT, high=1),
    _row(0x1A, "response_information", _TEXT, _P.CONNACK),
    _row(0x1C, "server_reference", _TEXT, _P.CONNACK, _P.DISCONNECT),
    _row(0x1F, "reason_string", _TEXT, *_REASONED),
    _row(0x21, "receive_maximum", _U16, _P.CONNECT, _P.CONNACK, low=1),
    _row(0x22, "topic_alias_maximum", _U16, _P.CONNECT, _P.CONNACK),
    _row(0x23, "topic_alias", _U16, _P.PUBLISH),  # 0 has a reason code of its own, given where aliases are resolved
    _row(0x24, "maximum_qos", _BYTE, _P.CONNACK, high=1),
    _row(0x25, "retain_available", _BYTE, _P.CONNACK, high=1),
    _Property(0x26, "user_properties", _PAIR, frozenset(_USERS), many=True),
    _row(0x27, "maximum_packet_size", _U32, _P.CONNECT, _P.CONNACK, low=1),
    _row(0x28, "wildcard_subscription_available", _BYTE, _P.CONNACK, high=1),
    _row(0x29, "subscription_identifier_available", _BYTE, _P.CONNACK, high=1),
    _row(0x2A, "shared_subscription_available", _BYTE, _P.CONNACK, high=1),
)
_BY_ID = {row.id: row for row in _TABLE}


def encode_properties(properties: Properties | None, packet: int) -> bytes:
    """Property Length and properties. Raises `CallerError` for one that may not stand in this packet (or `WILL`)."""
    if properties is None:
        return b"\0"
    out = bytearray()
    for row in _TABLE:
        value = getattr(properties, row.name)
        if value is None or value == ():
            continue
        if packet not in row.packets:
            raise CallerError(f"property {row.name} may not stand in this packet", code="bad_value")
        for one in value if row.many else (value,):
            out.append(row.id)
            out += row.kind.write(one)
    return encode_varint(len(out)) + bytes(out)


def decode_properties(reader: Reader, packet: int) -> Properties | None:
    """Read Property Length and properties; None when there are none. Raises `ViolationError`."""
    length = reader.varint()
    if not length:
        return None
    stop = reader.pos + length
    if stop > reader.end:
        raise ViolationError("properties reach beyond the packet", "MQTT5 2.2.2.1")
    part = Reader(reader.data, reader.pos, stop)
    reader.pos = stop
    found: dict[str, Any] = {}
    while part.more():
        row = _BY_ID.get(part.varint())
        if row is None or packet not in row.packets:
            name = "unknown property" if row is None else f"property {row.name}"
            raise ViolationError(f"{name} may not stand in this packet", "MQTT5 2.2.2.2")
        value = row.kind.read(part)
        _check_range(row, value)
        if not row.many:
            if row.name in found:
                raise ViolationError(f"property {row.name} stands twice", "MQTT5 2.2.2.2", ReasonCode.PROTOCOL_ERROR)
            found[row.name] = value
        else:
            found.setdefault(row.name, []).append(value)
    properties = Properties()
    for name, value in found.items():
        setattr(properties, name, tuple(value) if isinstance(value, list) else value)
    return properties


def _check_range(row: _Property, value: Any) -> None:
    if (row.low is not None and value < row.low) or (row.high is not None and value > row.high):
        raise ViolationError(f"property {row.name} has the value {value}", "MQTT5 2.2.2.2", ReasonCode.PROTOCOL_ERROR)
