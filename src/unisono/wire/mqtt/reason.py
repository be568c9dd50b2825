"""Reason codes of MQTT 5 (section 2.4), their older equivalents, and the error that carries one.

Knows the numbers. Knows no packets.
"""

from __future__ import annotations

from enum import IntEnum

from unisono.errors import DeviceError

__all__ = ["ConnectReturnCode", "ReasonCode", "ViolationError", "return_code_of"]


class ReasonCode(IntEnum):
    """MQTT 5.0 section 2.4. Names that share a number (0x00) are told apart by the packet they stand in."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL_MESSAGE = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    CONTINUE_AUTHENTICATION = 0x18
    RE_AUTHENTICATE = 0x19
    UNSPECIFIED_ERROR = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83
    UNSUPPORTED_PROTOCOL_VERSION = 0x84
    CLIENT_IDENTIFIER_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_IDENTIFIER_IN_USE = 0x91
    PACKET_IDENTIFIER_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    USE_ANOTHER_SERVER = 0x9C
    SERVER_MOVED = 0x9D
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    MAXIMUM_CONNECT_TIME = 0xA0
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2


class ConnectReturnCode(IntEnum):
    """MQTT 3.1.1 table 3.1."""

    ACCEPTED = 0
    UNACCEPTABLE_PROTOCOL_VERSION = 1
    IDENTIFIER_REJECTED = 2
    SERVER_UNAVAILABLE = 3
    BAD_USER_NAME_OR_PASSWORD = 4
    NOT_AUTHORIZED = 5


_RETURN_CODES = {
    ReasonCode.SUCCESS: ConnectReturnCode.ACCEPTED,
    ReasonCode.UNSUPPORTED_PROTOCOL_VERSION: ConnectReturnCode.UNACCEPTABLE_PROTOCOL_VERSION,
    ReasonCode.CLIENT_IDENTIFIER_NOT_VALID: ConnectReturnCode.IDENTIFIER_REJECTED,
    ReasonCode.BAD_USER_NAME_OR_PASSWORD: ConnectReturnCode.BAD_USER_NAME_OR_PASSWORD,
    ReasonCode.BAD_AUTHENTICATION_METHOD: ConnectReturnCode.BAD_USER_NAME_OR_PASSWORD,
    ReasonCode.NOT_AUTHORIZED: ConnectReturnCode.NOT_AUTHORIZED,
    ReasonCode.BANNED: ConnectReturnCode.NOT_AUTHORIZED,
}


def return_code_of(reason: int) -> ConnectReturnCode:
    """The 3.1.1 CONNACK return code that tells the most of a version 5 reason; "server unavailable" for the rest."""
    return _RETURN_CODES.get(ReasonCode(reason), ConnectReturnCode.SERVER_UNAVAILABLE)


_ERROR_CODES = {
    ReasonCode.MALFORMED_PACKET: "bad_frame",
    ReasonCode.PACKET_TOO_LARGE: "too_large",
    ReasonCode.QUOTA_EXCEEDED: "too_many",
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED: "too_many",
}


class ViolationError(DeviceError):
    """A peer broke the protocol. ``reason`` is what version 5 would tell it; ``clause`` the rule, e.g. MQTT-3.1.0-2;
    ``answer`` what it can be told before its version is known."""

    def __init__(
        self, detail: str, clause: str, reason: ReasonCode = ReasonCode.MALFORMED_PACKET, answer: bytes = b""
    ) -> None:
        super().__init__(f"{detail} [{clause}]", code=_ERROR_CODES.get(reason, "protocol_error"))
        self.reason = reason
        self.clause = clause
        self.answer = answer
