"""The client's side of one MQTT session, for simulators, benchmarks and tests: bytes in, events and bytes out.

Knows the state machine of MQTT 3.1.1 and 5.0 and what a session sends again after a reconnection. Knows no sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unisono.errors import CallerError
from unisono.wire.mqtt.codec import decode_body, encode
from unisono.wire.mqtt.connecting import DISCONNECT_REASONS
from unisono.wire.mqtt.delivery import Outgoing, Session
from unisono.wire.mqtt.events import Acknowledged, ClientEvent, ProtocolError, PublishRun, Reply
from unisono.wire.mqtt.fields import Reader
from unisono.wire.mqtt.framing import Inlet, find_packet
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
)
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.topics import check_filter, check_topic

__all__ = ["ClientConnection"]

MAX_PACKET_SIZE = 16 * 1024 * 1024
"""What a client takes by default: more than any hub of ours sends, less than would hurt a simulator."""

MAX_ASKED = 1_000
"""SUBSCRIBE and UNSUBSCRIBE packets that may wait for their answer; keeps packet ids from running out."""

MAX_IN_FLIGHT = 65_535 - MAX_ASKED - 1


class ClientConnection:
    """One client: reuse it over many connections, its session (what is unacknowledged) lives in it.

    ``connect`` is sent at each `open`; set its ``clean_start`` to False to resume. ``connected`` from CONNACK on, and
    ``keep_alive`` is then what is in force: ping that often (seconds, 0 for never).
    """

    __slots__ = (
        "_aliases",
        "_asked",
        "_inlet",
        "_max_in_flight",
        "_max_packet_size",
        "_outgoing",
        "_told",
        "connect",
        "connected",
        "keep_alive",
        "session",
    )

    def __init__(
        self, connect: Connect, *, max_packet_size: int = MAX_PACKET_SIZE, max_in_flight: int = MAX_IN_FLIGHT
    ) -> None:
        self.connect = connect
        self.connected = False
        self.session = Session()
        self._max_packet_size = max_packet_size
        self._max_in_flight = min(max_in_flight, MAX_IN_FLIGHT)
        self._inlet = Inlet()
        self._asked: dict[int, int] = {}  # packet id -> how many reasons the answer must bear
        self._outgoing: Outgoing | None = None
        self._told = Properties()
        self._aliases: dict[int, str] = {}
        self.keep_alive = connect.keep_alive

    @property
    def version(self) -> Version:
        """What CONNECT asks for."""
        return self.connect.version

    def open(self) -> bytes:
        """CONNECT: first thing to write on a new connection; drops half-received bytes of the last one."""
        self.connected = False
        self._outgoing = None
        self._inlet.drop()
        self._asked.clear()
        self._aliases.clear()  # MQTT-3.3.2-7
        return encode(self.connect, self.version)

    # in ---------------------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[ClientEvent]:
        """Tell what happened, in order; never raises for what a peer sends.

        On `Connack` a `Reply` with everything unacknowledged follows (with DUP where the session is resumed); incoming
        QoS 1 and 2 messages are acknowledged by a `Reply`. After a `ProtocolError` open a new connection.
        """
        events: list[ClientEvent] = []
        whole = self._inlet.join(data)
        if whole is None:
            return events
        pos, end = 0, len(whole)
        minimal = self.version == Version.V5
        try:
            while pos < end:
                start, stop = find_packet(whole, pos, self._max_packet_size, minimal=minimal)
                if stop > end:
                    self._inlet.keep(whole, pos, stop - pos)
                    break
                self._take(decode_body(whole[pos], Reader(whole, start, stop), self.version), events)
                pos = stop
        except ViolationError as error:
            answer = b""
            if self.connected and self.version == Version.V5:
                # a packet that only clients send can break rules that DISCONNECT has no reason for (MQTT-3.14.2-1)
                reason = error.reason if error.reason in DISCONNECT_REASONS else ReasonCode.PROTOCOL_ERROR
                answer = encode(Disconnect(reason), self.version)
            self.connected = False
            events.append(ProtocolError(error.reason, error.detail, answer, error.code))
        return events

    def _take(self, packet: Packet, events: list[Any]) -> None:
        if isinstance(packet, Connack):
            self._take_connack(packet, events)
        elif isinstance(packet, Auth):
            events.append(packet)
        elif not self.connected:
            raise ViolationError("packet before CONNACK", "MQTT-3.2.0-1", ReasonCode.PROTOCOL_ERROR)
        elif isinstance(packet, Publish):
            self._take_publish(packet, events)
        elif isinstance(packet, Puback | Pubrec | Pubcomp):
            self._sending().tell(packet, events)
        elif isinstance(packet, Pubrel):
            self.session.held.pop(packet.packet_id.to_bytes(2, "big"), None)
            events.append(Reply(encode(Pubcomp(packet.packet_id), self.version)))
        elif isinstance(packet, Suback | Unsuback):
            self._take_answer(packet, events)
        elif isinstance(packet, Disconnect):
            if packet.properties is not None and packet.properties.session_expiry_interval is not None:
                raise ViolationError("session expiry from a server", "MQTT-3.14.2-2", ReasonCode.PROTOCOL_ERROR)
            self.connected = False
            events.append(packet)
        elif not isinstance(packet, Pingresp):
            raise ViolationError(f"{type(packet).__name__} from a server", "MQTT5 2.1.2", ReasonCode.PROTOCOL_ERROR)

    def _take_connack(self, packet: Connack, events: list[Any]) -> None:
        if self.connected:
            raise ViolationError("second CONNACK", "MQTT-3.2.0-2", ReasonCode.PROTOCOL_ERROR)
        if packet.session_present and self.connect.clean_start:
            detail = "a session where a clean start was asked for"
            raise ViolationError(detail, "MQTT-3.2.2-4", ReasonCode.PROTOCOL_ERROR)
        events.append(packet)
        if packet.reason:
            return
        self.connected = True
        told = self._told = packet.properties or Properties()
        self.keep_alive = self.connect.keep_alive if told.server_keep_alive is None else told.server_keep_alive
        window = min(self._max_in_flight, told.receive_maximum or self._max_in_flight)
        if not packet.session_present:
            done = self.session.begin_anew()
            if done:
                events.append(Acknowledged(done))
        self._outgoing = Outgoing(self.session, self.version, window, told.maximum_packet_size or 0)
        again = self._outgoing.resume(dup=packet.session_present)
        if again:
            events.append(Reply(again))

    def _take_publish(self, packet: Publish, events: list[Any]) -> None:
        self._resolve(packet)
        packet_id = packet.packet_id.to_bytes(2, "big")
        if packet.qos == 2 and packet_id in self.session.held:
            events.append(Reply(encode(Pubrec(packet.packet_id), self.version)))
            return
        dups = [0] if packet.dup else []
        packet_ids = [packet_id] if packet.qos else []
        events.append(
            PublishRun(packet.topic, packet.qos, [packet.payload], packet_ids, dups, packet.retain, packet.properties)
        )
        if packet.qos == 1:
            events.append(Reply(encode(Puback(packet.packet_id), self.version)))
        elif packet.qos == 2:
            self.session.held[packet_id] = True
            events.append(Reply(encode(Pubrec(packet.packet_id), self.version)))

    def _resolve(self, packet: Publish) -> None:
        """Put the topic in the place of its alias."""
        properties = packet.properties
        if properties is None or properties.topic_alias is None:
            return
        alias, asked = properties.topic_alias, self.connect.properties
        if not 0 < alias <= ((asked and asked.topic_alias_maximum) or 0):
            detail = "topic alias that we did not allow"
            raise ViolationError(detail, "MQTT-3.1.2-26", ReasonCode.TOPIC_ALIAS_INVALID)
        packet.topic = packet.topic or self._aliases.get(alias, "")
        if not packet.topic:
            raise ViolationError(f"topic alias {alias} stands for nothing", "MQTT5 3.3.4", ReasonCode.PROTOCOL_ERROR)
        self._aliases[alias] = packet.topic
        properties.topic_alias = None
        if properties == Properties():
            packet.properties = None

    def _take_answer(self, packet: Suback | Unsuback, events: list[Any]) -> None:
        expected = self._asked.pop(packet.packet_id, None)
        if expected is None:
            raise ViolationError("answer that nothing asked for", "MQTT-2.2.1-6", ReasonCode.PROTOCOL_ERROR)
        if packet.reasons and len(packet.reasons) != expected:
            raise ViolationError("answer of another length", "MQTT-3.8.4-6", ReasonCode.PROTOCOL_ERROR)
        events.append(packet)

    # out --------------------------------------------------------------------------------------------------------------

    def _sending(self) -> Outgoing:
        if self._outgoing is None:
            raise CallerError("not connected", code="bad_usage")
        return self._outgoing

    def publish(
        self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, properties: Properties | None = None
    ) -> tuple[int, bytes] | None:
        """(packet id, bytes); None when the window is full. The id comes back in `Acknowledged`; 0 at QoS 0.

        Raises `ViolationError` for a topic that cannot be published to, `CallerError` while not connected.
        """
        told = self._told
        if retain and told.retain_available == 0:
            raise CallerError("the server retains nothing [MQTT-3.2.2-14]", code="bad_value", field="retain")
        if told.maximum_qos is not None and qos > told.maximum_qos:
            raise CallerError(
                f"the server serves QoS {told.maximum_qos} [MQTT-3.2.2-11]", code="bad_value", field="qos"
            )
        packet = Publish(check_topic(topic), payload, qos, retain, False, 0, properties)
        data = self._sending().send(packet, self._asked)
        if data == b"":
            raise CallerError("larger than the server takes [MQTT-3.2.2-15]", code="too_large")
        return None if data is None else (packet.packet_id, data)

    def subscribe(self, *subscriptions: Subscription, properties: Properties | None = None) -> tuple[int, bytes]:
        """(packet id, bytes); answered by a `Suback` with that id. Raises `ViolationError` for a bad filter."""
        for one in subscriptions:
            check_filter(one.filter)
        packet_id = self._ask(len(subscriptions))
        return self._fitting(Subscribe(packet_id, list(subscriptions), properties))

    def unsubscribe(self, filters: Sequence[str]) -> tuple[int, bytes]:
        """(packet id, bytes); answered by an `Unsuback` with that id."""
        packet_id = self._ask(len(filters))
        return self._fitting(Unsubscribe(packet_id, list(filters)))

    def _fitting(self, packet: Subscribe | Unsubscribe) -> tuple[int, bytes]:
        data = encode(packet, self.version)
        if 0 < (self._told.maximum_packet_size or 0) < len(data):
            del self._asked[packet.packet_id]
            raise CallerError("larger than the server takes [MQTT-3.2.2-15]", code="too_large")
        return packet.packet_id, data

    def _ask(self, count: int) -> int:
        if len(self._asked) >= MAX_ASKED:
            raise CallerError(f"{MAX_ASKED} requests wait for their answer", code="too_many")
        packet_id = self.session.next_id(self._asked)
        self._asked[packet_id] = count
        return packet_id

    def ping(self) -> bytes:
        """PINGREQ."""
        return encode(Pingreq(), self.version)

    def disconnect(self, reason: int = 0) -> bytes:
        """DISCONNECT; the session stays."""
        self.connected = False
        return encode(Disconnect(reason), self.version)
