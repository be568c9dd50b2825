"""What one connection may ask of us.

Knows numbers and their reasons. Knows no state.
"""

from __future__ import annotations

import msgspec

from unisono.errors import CallerError

__all__ = ["MIN_PACKET_SIZE", "Limits"]

MIN_PACKET_SIZE = 1_024
"""The least that `Limits` may allow: a CONNECT with credentials and a will fits, and so does the hot path's premise."""


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Shared by all connections of a gateway. Sizes in bytes, times in seconds. Raises `CallerError` for unusable ones.

    ``max_connect_size`` bounds what a stranger can make us keep. ``receive_maximum``: its QoS 1 and 2 messages without
    our answer, version 5 only (before, the driver stops reading: see `ServerConnection.unanswered`). ``max_in_flight``:
    ours without its answer. ``maximum_qos``: 2 unless the driver cannot yet keep QoS 2's promise.
    """

    max_packet_size: int = 1024 * 1024
    max_connect_size: int = 64 * 1024
    receive_maximum: int = 65_535
    max_in_flight: int = 1_000
    topic_alias_maximum: int = 16
    maximum_qos: int = 2
    connect_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if min(self.max_packet_size, self.max_connect_size) < MIN_PACKET_SIZE:
            raise CallerError("packet size is limited too much", code="bad_value", expected=f">= {MIN_PACKET_SIZE}")
        if not 0 < self.max_in_flight < 65_535:
            raise CallerError("packet ids must suffice", code="bad_value", field="max_in_flight", expected="1..65534")
