"""What happened on a connection, told to whoever drives it.

Knows packets. Knows nothing of what the driver does with them. Events that carry ``answer`` want these bytes written to
the peer, in the order of the events.
"""

from __future__ import annotations

import msgspec

from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Properties,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from unisono.wire.mqtt.reason import ReasonCode

__all__ = [
    "Acknowledged",
    "AuthReceived",
    "ClientEvent",
    "Connected",
    "Disconnected",
    "Event",
    "Pinged",
    "ProtocolError",
    "PublishRun",
    "Released",
    "Reply",
    "Subscribed",
    "Unsubscribed",
]

PINGRESP = b"\xd0\x00"


class PublishRun(msgspec.Struct, gc=False):
    """Consecutive PUBLISH packets of equal topic, QoS and RETAIN, in the order received.

    ``packet_ids`` holds two bytes big-endian per payload at QoS 1 and 2 and is empty at QoS 0; ``dups`` are the indices
    of payloads whose DUP flag was set. A message with ``properties`` is a run of one. Topic aliases are resolved.
    At QoS 2 only messages not seen before are in it. Whoever takes the run answers with `ServerConnection.pubacks`
    (QoS 1) or `ServerConnection.pubrecs` (QoS 2) once it is safe.
    """

    topic: str
    qos: int
    payloads: list[bytes]
    packet_ids: list[bytes]
    dups: list[int]
    retain: bool
    properties: Properties | None


class Connected(msgspec.Struct, gc=False):
    """A client asks to come in: answer with `ServerConnection.accept`, ``refuse`` or, with version 5, ``challenge``."""

    connect: Connect


class AuthReceived(msgspec.Struct, gc=False):
    """AUTH of the enhanced authentication that CONNECT named (version 5, section 4.12)."""

    packet: Auth


class Subscribed(msgspec.Struct, gc=False):
    """Answer with `ServerConnection.suback`. Filters are checked; a shared one still bears its ``$share/group/``."""

    packet: Subscribe


class Unsubscribed(msgspec.Struct, gc=False):
    """Answer with `ServerConnection.unsuback`."""

    packet: Unsubscribe


class Acknowledged(msgspec.Struct, gc=False):
    """Deliveries of ours that are complete (PUBACK, PUBCOMP, or PUBREC with an error); the window has room again."""

    packet_ids: list[int]


class Released(msgspec.Struct, gc=False):
    """PUBREL came for these QoS 2 packet ids (two bytes each): they are forgotten, ``answer`` holds the PUBCOMPs."""

    packet_ids: list[bytes]
    answer: bytes


class Reply(msgspec.Struct, gc=False):
    """``answer`` is to be written (PUBREL, a repeated PUBREC). ``recorded``: packet ids of ours for which PUBREC came:
    the peer has these messages. A driver whose sessions are to outlive it writes that down before PUBREL leaves."""

    answer: bytes
    recorded: list[int] = []


class Pinged(msgspec.Struct, gc=False):
    """PINGREQ came."""

    answer: bytes = PINGRESP


class Disconnected(msgspec.Struct, gc=False):
    """The client said DISCONNECT; close the socket. ``with_will``: it wants its will published all the same."""

    with_will: bool
    packet: Disconnect


class ProtocolError(msgspec.Struct, gc=False):
    """The peer broke the protocol: write ``answer`` (may be empty), close. No event follows. ``code`` is one of
    ``unisono.errors.CODES``, ``detail`` names the clause."""

    reason_code: ReasonCode
    detail: str
    answer: bytes = b""
    code: str = "protocol_error"


Event = (
    PublishRun
    | Connected
    | AuthReceived
    | Subscribed
    | Unsubscribed
    | Acknowledged
    | Released
    | Reply
    | Pinged
    | Disconnected
    | ProtocolError
)

ClientEvent = PublishRun | Connack | Suback | Unsuback | Acknowledged | Reply | Auth | Disconnect | ProtocolError
