"""What QoS 1 and 2 must remember in each direction, apart from any connection (MQTT 5.0 sections 4.1, 4.3, 4.4).

Knows packet ids, windows and resending; a session is one `Session` that outlives its connections. Knows no sockets and
not where it is kept.
"""

from __future__ import annotations

from unisono.wire.mqtt.packets import Properties, Publish

__all__ = ["Session"]


class Session:
    """Both directions of one client's session: messages of ours in flight, and QoS 2 packet ids of the peer's."""

    def __init__(self) -> None:
        self.in_flight: dict[int, Publish | None] = {}
        """Packet id -> the message, in the order first sent; None once PUBREC came and PUBREL is what is resent."""
        self.received: set[bytes] = set()
        """QoS 2 packet ids of the peer's that we answered or will answer with PUBREC and that PUBREL has not freed."""
