"""The client's side of one MQTT session, for simulators, benchmarks and tests: bytes in, events and bytes out.

Knows the state machine of MQTT 3.1.1 and 5.0 and what a session resends after a reconnection. Knows no sockets.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.wire.mqtt.events import ClientEvent
from unisono.wire.mqtt.packets import Connect, Properties, Subscription

__all__ = ["ClientConnection"]


class ClientConnection:
    """One client: reuse it over many connections, its session (what is unacknowledged) lives in it."""

    connected: bool

    def __init__(
        self, connect: Connect, *, max_packet_size: int = 16 * 1024 * 1024, max_in_flight: int = 65_535
    ) -> None: ...

    def open(self) -> bytes:
        """CONNECT: first thing to write on a new connection; drops half-received bytes of the last one."""
        raise NotImplementedError

    def receive(self, data: bytes) -> list[ClientEvent]:
        """Tell what happened, in order. On `Connack` with a resumed session a `Reply` with everything to send again
        follows; incoming QoS 1 and 2 messages are acknowledged by a `Reply`."""
        raise NotImplementedError

    def publish(
        self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, properties: Properties | None = None
    ) -> tuple[int, bytes] | None:
        """(packet id, bytes); None when the window is full. The id comes back in `Acknowledged`; 0 at QoS 0."""
        raise NotImplementedError

    def subscribe(self, *subscriptions: Subscription, properties: Properties | None = None) -> tuple[int, bytes]:
        """(packet id, bytes); answered by a `Suback` with that id."""
        raise NotImplementedError

    def unsubscribe(self, filters: Sequence[str]) -> tuple[int, bytes]:
        """(packet id, bytes); answered by an `Unsuback` with that id."""
        raise NotImplementedError

    def ping(self) -> bytes:
        """PINGREQ."""
        raise NotImplementedError

    def disconnect(self, reason: int = 0) -> bytes:
        """DISCONNECT; the session stays."""
        raise NotImplementedError
