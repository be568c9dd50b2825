"""The server's side of one MQTT connection: bytes in, events and bytes out.

Knows the state machine of MQTT 3.1, 3.1.1 and 5.0. Knows no sockets, no clock (time is passed in), and not who may do
what: the driver decides and calls `ServerConnection.accept` or ``refuse``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from unisono.wire.mqtt.delivery import Session
from unisono.wire.mqtt.events import Event
from unisono.wire.mqtt.packets import Properties, Version
from unisono.wire.mqtt.reason import ReasonCode

__all__ = ["Limits", "ServerConnection"]


class Limits(msgspec.Struct, frozen=True, gc=False):
    """What one connection may ask of us; shared by all connections of a gateway. Sizes in bytes, times in seconds."""

    max_packet_size: int = 1024 * 1024
    max_connect_size: int = 64 * 1024
    receive_maximum: int = 65_535
    max_in_flight: int = 1_000
    topic_alias_maximum: int = 16
    maximum_qos: int = 2
    connect_timeout_s: float = 10.0


class ServerConnection:
    """One client's connection. Feed it with `receive`, write every ``answer`` and every bytes result to the socket."""

    version: Version
    keep_alive: int

    def __init__(self, limits: Limits) -> None: ...

    def receive(self, data: bytes) -> list[Event]:
        """Take what the socket gave; tell what happened, in order. Never raises for what a peer sends.

        After `accept` call it once with ``b""``: a client need not wait for CONNACK, and what it sent early is kept
        until then. After a `ProtocolError` or `Disconnected` nothing more comes.
        """
        raise NotImplementedError

    def accept(
        self,
        *,
        session_present: bool = False,
        session: Session | None = None,
        assigned_client_id: str | None = None,
        server_keep_alive: int | None = None,
        properties: Properties | None = None,
    ) -> bytes:
        """CONNACK (our limits are announced by themselves), then what a resumed session has to send again."""
        raise NotImplementedError

    def refuse(self, reason: ReasonCode, *, detail: str | None = None) -> bytes:
        """CONNACK with the reason (before version 5 its nearest return code); nothing is processed from here on."""
        raise NotImplementedError

    def challenge(self, data: bytes | None) -> bytes:
        """AUTH "continue authentication" for the method that CONNECT named (version 5)."""
        raise NotImplementedError

    def disconnect(self, reason: ReasonCode, *, detail: str | None = None) -> bytes:
        """What to write before the server closes: DISCONNECT with version 5, nothing before."""
        raise NotImplementedError

    def pubacks(self, packet_ids: Sequence[bytes]) -> bytes:
        """PUBACKs (success) for QoS 1 packet ids as a `PublishRun` gives them."""
        raise NotImplementedError

    def puback(self, packet_id: bytes, reason: ReasonCode, *, detail: str | None = None) -> bytes:
        """One PUBACK with a reason (version 5); before version 5 a plain PUBACK, since there is no way to say no."""
        raise NotImplementedError

    def pubrecs(self, packet_ids: Sequence[bytes]) -> bytes:
        """PUBRECs (success) for QoS 2 packet ids as a `PublishRun` gives them."""
        raise NotImplementedError

    def suback(self, packet_id: int, reasons: Sequence[int], *, detail: str | None = None) -> bytes:
        """SUBACK: a reason per filter. Before version 5 every refusal becomes 0x80."""
        raise NotImplementedError

    def unsuback(self, packet_id: int, reasons: Sequence[int]) -> bytes:
        """UNSUBACK; before version 5 without reasons."""
        raise NotImplementedError

    def deliver(
        self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, properties: Properties | None = None
    ) -> bytes | None:
        """PUBLISH to the client.

        None: its window is full, keep the message and try again after `Acknowledged`. ``b""``: it is larger than the
        client's maximum packet size and counts as delivered (MQTT-3.1.2-25).
        """
        raise NotImplementedError

    def deadline(self, last_received_s: float) -> float:
        """When a client silent since ``last_received_s`` counts as lost: 1.5 keep-alives later; infinity without one."""
        raise NotImplementedError
