"""One way in and one way out for whole packets of any type.

Knows which type byte means which packet and which flags it must bear (MQTT 5.0 section 2.1). The bytes of each packet
are in `connecting`, `publishing` and `subscribing`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from unisono.wire.mqtt.connecting import (
    decode_auth,
    decode_connack,
    decode_connect,
    decode_disconnect,
    encode_auth,
    encode_connack,
    encode_connect,
    encode_disconnect,
)
from unisono.wire.mqtt.fields import Reader, read_frame_length
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Version,
)
from unisono.wire.mqtt.publishing import decode_acknowledgement, decode_publish, encode_acknowledgement, encode_publish
from unisono.wire.mqtt.reason import ViolationError
from unisono.wire.mqtt.subscribing import (
    decode_suback,
    decode_subscribe,
    decode_unsuback,
    decode_unsubscribe,
    encode_suback,
    encode_subscribe,
    encode_unsuback,
    encode_unsubscribe,
)

__all__ = ["decode", "decode_body", "encode"]


def _decode_connect(reader: Reader, version: Version) -> Connect:
    return decode_connect(reader)


def _decode_pingreq(reader: Reader, version: Version) -> Pingreq:
    reader.finish()
    return Pingreq()


def _decode_pingresp(reader: Reader, version: Version) -> Pingresp:
    reader.finish()
    return Pingresp()


_DECODERS: dict[int, Callable[[Reader, Version], Packet]] = {
    PacketType.CONNECT: _decode_connect,
    PacketType.CONNACK: decode_connack,
    PacketType.PUBACK: partial(decode_acknowledgement, Puback),
    PacketType.PUBREC: partial(decode_acknowledgement, Pubrec),
    PacketType.PUBREL: partial(decode_acknowledgement, Pubrel),
    PacketType.PUBCOMP: partial(decode_acknowledgement, Pubcomp),
    PacketType.SUBSCRIBE: decode_subscribe,
    PacketType.SUBACK: decode_suback,
    PacketType.UNSUBSCRIBE: decode_unsubscribe,
    PacketType.UNSUBACK: decode_unsuback,
    PacketType.PINGREQ: _decode_pingreq,
    PacketType.PINGRESP: _decode_pingresp,
    PacketType.DISCONNECT: decode_disconnect,
    PacketType.AUTH: decode_auth,
}

_FLAGS = {PacketType.PUBREL: 2, PacketType.SUBSCRIBE: 2, PacketType.UNSUBSCRIBE: 2}

#: Sent again, these bear DUP in MQTT 3.1 (its section 2.1); since 3.1.1 the flag is reserved.
_REPEATED = frozenset(_FLAGS)
DUP = 0x08

_ENCODERS: dict[type, Callable[[Any, Version], bytes]] = {
    Connect: lambda packet, version: encode_connect(packet),
    Connack: encode_connack,
    Publish: encode_publish,
    Puback: encode_acknowledgement,
    Pubrec: encode_acknowledgement,
    Pubrel: encode_acknowledgement,
    Pubcomp: encode_acknowledgement,
    Subscribe: encode_subscribe,
    Suback: encode_suback,
    Unsubscribe: encode_unsubscribe,
    Unsuback: encode_unsuback,
    Pingreq: lambda packet, version: b"\xc0\x00",
    Pingresp: lambda packet, version: b"\xd0\x00",
    Disconnect: encode_disconnect,
    Auth: encode_auth,
}


def encode(packet: Packet, version: Version) -> bytes:
    """The bytes of a packet. Raises `CallerError` for values that MQTT (or that version of it) cannot carry."""
    return _ENCODERS[type(packet)](packet, version)


def decode(data: bytes, version: Version) -> Packet:
    """The packet that ``data`` is, neither more nor less. Raises `ViolationError`."""
    where = read_frame_length(data, 0, minimal=version == Version.V5)
    if where is None or where[1] != len(data):
        raise ViolationError("data is not exactly one packet", "MQTT5 2.1.4")
    return decode_body(data[0], Reader(data, *where), version)


def decode_body(first: int, reader: Reader, version: Version) -> Packet:
    """The packet with that first byte and body. Raises `ViolationError`."""
    kind = first >> 4
    if kind == PacketType.PUBLISH:
        return decode_publish(first, reader, version)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ViolationError(f"packet type {kind} is reserved", "MQTT5 2.1.2")
    flags = first & 0x0F
    if version == Version.V31 and kind in _REPEATED:
        flags &= ~DUP
    if flags != _FLAGS.get(PacketType(kind), 0):
        raise ViolationError(f"flags of packet type {kind} are wrong", "MQTT-2.1.3-1")
    return decoder(reader, version)
