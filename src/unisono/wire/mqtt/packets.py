"""Every MQTT control packet as the specification names it (MQTT 5.0 chapter 3; 3.1.1 is a subset).

Knows shapes only; `codec` knows their bytes. ``properties`` is None where a packet has none (and always before 5.0).
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

__all__ = [
    "Auth",
    "Connack",
    "Connect",
    "Disconnect",
    "Packet",
    "PacketType",
    "Pingreq",
    "Pingresp",
    "Properties",
    "Puback",
    "Pubcomp",
    "Publish",
    "Pubrec",
    "Pubrel",
    "Suback",
    "Subscribe",
    "Subscription",
    "Unsuback",
    "Unsubscribe",
    "Version",
    "Will",
]


class Version(IntEnum):
    """The protocol level byte of CONNECT."""

    V31 = 3
    V311 = 4
    V5 = 5


class PacketType(IntEnum):
    """MQTT 5.0 table 2-1."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Properties(msgspec.Struct, gc=False, kw_only=True, omit_defaults=True):
    """MQTT 5.0 section 2.2.2.2. None (or empty) means absent; intervals are seconds, sizes bytes."""

    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    subscription_identifiers: tuple[int, ...] = ()
    session_expiry_interval: int | None = None
    assigned_client_identifier: str | None = None
    server_keep_alive: int | None = None
    authentication_method: str | None = None
    authentication_data: bytes | None = None
    request_problem_information: int | None = None
    will_delay_interval: int | None = None
    request_response_information: int | None = None
    response_information: str | None = None
    server_reference: str | None = None
    reason_string: str | None = None
    receive_maximum: int | None = None
    topic_alias_maximum: int | None = None
    topic_alias: int | None = None
    maximum_qos: int | None = None
    retain_available: int | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    maximum_packet_size: int | None = None
    wildcard_subscription_available: int | None = None
    subscription_identifier_available: int | None = None
    shared_subscription_available: int | None = None


class Will(msgspec.Struct, gc=False):
    """The message a server publishes when this client is lost (section 3.1.2.5)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None


class Connect(msgspec.Struct, gc=False):
    """Section 3.1. ``clean_start`` is 3.1.1's clean session; ``keep_alive`` seconds, 0 switches it off.

    ``bridge``: the protocol level bore bit 0x80, by which Mosquitto's bridges tell what they are (before version 5).
    """

    client_id: str = ""
    version: Version = Version.V311
    clean_start: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties | None = None
    bridge: bool = False


class Connack(msgspec.Struct, gc=False):
    """Section 3.2. ``reason`` is a version 5 reason code or, before 5, a `ConnectReturnCode`."""

    session_present: bool = False
    reason: int = 0
    properties: Properties | None = None


class Publish(msgspec.Struct, gc=False):
    """Section 3.3. ``packet_id`` is 0 at QoS 0. ``topic`` may be empty where version 5's topic alias stands for it.

    Not on the wire, but kept while it is in flight: ``expires_at``, when the message expires (microseconds of the
    driver's clock, 0 for never), and ``share``, the shared subscription that it came through.
    """

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties | None = None
    expires_at: int = 0
    share: str = ""


class Puback(msgspec.Struct, gc=False):
    """Section 3.4."""

    packet_id: int
    reason: int = 0
    properties: Properties | None = None


class Pubrec(msgspec.Struct, gc=False):
    """Section 3.5."""

    packet_id: int
    reason: int = 0
    properties: Properties | None = None


class Pubrel(msgspec.Struct, gc=False):
    """Section 3.6."""

    packet_id: int
    reason: int = 0
    properties: Properties | None = None


class Pubcomp(msgspec.Struct, gc=False):
    """Section 3.7."""

    packet_id: int
    reason: int = 0
    properties: Properties | None = None


class Subscription(msgspec.Struct, gc=False):
    """One topic filter with its options (section 3.8.3.1); before version 5 only ``qos`` exists."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(msgspec.Struct, gc=False):
    """Section 3.8."""

    packet_id: int
    subscriptions: list[Subscription]
    properties: Properties | None = None


class Suback(msgspec.Struct, gc=False):
    """Section 3.9. One reason (granted QoS, or 0x80 and above for refused) a filter, in its order."""

    packet_id: int
    reasons: list[int]
    properties: Properties | None = None


class Unsubscribe(msgspec.Struct, gc=False):
    """Section 3.10."""

    packet_id: int
    filters: list[str]
    properties: Properties | None = None


class Unsuback(msgspec.Struct, gc=False):
    """Section 3.11. ``reasons`` is empty before version 5."""

    packet_id: int
    reasons: list[int]
    properties: Properties | None = None


class Pingreq(msgspec.Struct, gc=False):
    """Section 3.12."""


class Pingresp(msgspec.Struct, gc=False):
    """Section 3.13."""


class Disconnect(msgspec.Struct, gc=False):
    """Section 3.14."""

    reason: int = 0
    properties: Properties | None = None


class Auth(msgspec.Struct, gc=False):
    """Section 3.15 (version 5 only)."""

    reason: int = 0
    properties: Properties | None = None


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
