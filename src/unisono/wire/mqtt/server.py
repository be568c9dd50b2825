"""The server's side of one MQTT connection: bytes in, events and bytes out.

Knows the state machine of MQTT 3.1, 3.1.1 and 5.0. Knows no sockets, no clock (time is passed in), and not who may do
what: the driver decides and calls `ServerConnection.accept` or ``refuse``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, TypeVar

import msgspec

from unisono.errors import CallerError
from unisono.wire.mqtt.codec import decode_body
from unisono.wire.mqtt.connecting import (
    CONNACK_REASONS,
    DISCONNECT_REASONS,
    encode_auth,
    encode_connack,
    encode_disconnect,
)
from unisono.wire.mqtt.delivery import Outgoing, Session
from unisono.wire.mqtt.events import (
    AuthReceived,
    Connected,
    Disconnected,
    Event,
    Pinged,
    ProtocolError,
    Released,
    Reply,
    Subscribed,
    Unsubscribed,
)
from unisono.wire.mqtt.fields import Reader
from unisono.wire.mqtt.framing import Inlet, find_packet
from unisono.wire.mqtt.incoming import Incoming, encode_pubacks, encode_pubrecs
from unisono.wire.mqtt.limits import Limits
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Properties,
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
from unisono.wire.mqtt.publishing import RECEIVED_REASONS, encode_acknowledgement, encode_publish
from unisono.wire.mqtt.reason import ReasonCode, ViolationError, return_code_of
from unisono.wire.mqtt.subscribing import SUBACK_REASONS, UNSUBACK_REASONS, encode_suback, encode_unsuback

__all__ = ["ServerConnection", "State"]

KEEP_ALIVE_GRACE = 1.5
"""MQTT-3.1.2-22: one and a half times the keep alive."""

NEVER_EXPIRES = 0xFFFF_FFFF
"""The session expiry interval that stands for ever; also what 3.1.1's clean session 0 means (section 3.1.2.11.2)."""

_PINGED = Pinged()

Reasoned = TypeVar("Reasoned", Connack, Disconnect, Puback, Pubrec, Suback)


class State(IntEnum):
    """Where a connection stands; `_ALLOWED` says which packets may come in each."""

    NEW = 0
    """Nothing but CONNECT may come."""
    ASKED = 1
    """CONNECT came and the driver has not decided; what comes meanwhile is kept, not read."""
    AUTHENTICATING = 2
    """The same, with an authentication method: AUTH goes back and forth (section 4.12)."""
    OPEN = 3
    CLOSED = 4


_ALLOWED: dict[State, frozenset[type]] = {
    State.NEW: frozenset({Connect}),
    State.AUTHENTICATING: frozenset({Auth, Disconnect}),  # MQTT-3.1.2-30
    State.OPEN: frozenset(
        {Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Unsubscribe, Pingreq, Disconnect, Auth}
    ),
}


class ServerConnection:
    """One client's connection. Feed it with `receive`, write every ``answer`` and every bytes result to the socket.

    Kept small: what only a talking client needs is made when it talks.
    """

    __slots__ = (
        "_aliases",
        "_incoming",
        "_inlet",
        "_largest",
        "_method",
        "_outgoing",
        "_session",
        "_terse",
        "_window",
        "keep_alive",
        "limits",
        "session_expiry",
        "state",
        "version",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.state = State.NEW
        self.version = Version.V311
        self.keep_alive = 0
        """Seconds; what is in force, so the server's own value where it set one."""
        self.session_expiry = 0
        """Seconds that the session is to outlive the connection; `NEVER_EXPIRES` for ever."""
        self._inlet = Inlet()
        self._session: Session | None = None
        self._incoming: Incoming | None = None
        self._outgoing: Outgoing | None = None
        self._method: str | None = None
        self._window = limits.max_in_flight
        self._largest = 0
        self._aliases = 0
        self._terse = False

    @property
    def session(self) -> Session:
        """What outlives this connection; made on first use unless `accept` was given one."""
        if self._session is None:
            self._session = Session()
        return self._session

    @property
    def unanswered(self) -> int:
        """QoS 1 and 2 messages that were told and not answered yet: where it grows too large, stop reading."""
        return 0 if self._incoming is None else self._incoming.unanswered

    @property
    def unfinished(self) -> int:
        """Bytes of a packet that is not whole yet: each has its bound, all connections together need one of theirs."""
        return self._inlet.kept

    def _receiving(self) -> Incoming:
        if self._incoming is None:
            self._incoming = Incoming(self.limits, self.version, self.session)
        return self._incoming

    def _sending(self) -> Outgoing:
        if self._outgoing is None:
            self._outgoing = Outgoing(self.session, self.version, self._window, self._largest, self._aliases)
        return self._outgoing

    # bytes in ---------------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[Event]:
        """Take what the socket gave; tell what happened, in order. Never raises for what a peer sends.

        After `accept` call it once with ``b""``: a client need not wait for CONNACK, and what it sent early is kept
        until then. After a `ProtocolError` or `Disconnected` nothing more comes.
        """
        events: list[Event] = []
        if self.state is State.CLOSED:
            return events
        whole = self._inlet.join(data)
        if whole is None:
            return events
        try:
            pos, needed = self._read(whole, events)
        except ViolationError as error:
            events.append(self._fail(error))
            return events
        self._inlet.keep(whole, pos, needed)
        return events

    def _read(self, data: bytes, events: list[Event]) -> tuple[int, int]:
        """Read whole packets into ``events``: where it stopped, and how much must be there before going on."""
        pos = 0
        end = len(data)
        while pos < end and self.state is not State.CLOSED:
            if self.state is State.OPEN:
                if data[pos] & 0xF8 == 0x30:  # PUBLISH without DUP
                    after = self._receiving().read_runs(data, pos, events)
                    if after > pos:
                        pos = after
                        continue
                elif data[pos] == 0x40 and self._outgoing is not None:  # PUBACK
                    after = self._outgoing.take_pubacks(data, pos, events)
                    if after > pos:
                        pos = after
                        continue
                limit = self.limits.max_packet_size
            else:
                limit = self.limits.max_connect_size
                if self.state is State.ASKED:
                    if end - pos > limit:
                        raise ViolationError("too much sent before CONNACK", "MQTT5 4.9", ReasonCode.QUOTA_EXCEEDED)
                    break
                if self.state is State.NEW and data[pos] != 0x10:  # a stranger is turned away at its first byte
                    raise ViolationError("first packet is not CONNECT", "MQTT-3.1.0-1", ReasonCode.PROTOCOL_ERROR)
            if data[pos] < 0x10:  # not worth waiting for the rest of it
                raise ViolationError("there are no packets of type 0", "MQTT5 2.1.2")
            start, stop = find_packet(data, pos, limit, minimal=self.version == Version.V5)
            if stop > end:
                return pos, stop - pos
            self._take(data[pos], Reader(data, start, stop), events)
            pos = stop
        return (end if self.state is State.CLOSED else pos), 0

    def _take(self, first: int, reader: Reader, events: list[Event]) -> None:
        packet = decode_body(first, reader, self.version)
        kind = type(packet)
        if kind not in _ALLOWED[self.state]:
            clause = "MQTT-3.1.0-2" if kind is Connect else "MQTT5 4.13"
            raise ViolationError(f"{kind.__name__.upper()} may not come here", clause, ReasonCode.PROTOCOL_ERROR)
        _TAKERS[kind](self, packet, events)

    def _fail(self, error: ViolationError) -> ProtocolError:
        new = self.state is State.NEW
        answer = error.answer if new else self.disconnect(error.reason, detail=error.detail)
        self._close()
        return ProtocolError(error.reason, error.detail, answer, error.code)

    def _close(self) -> None:
        self.state = State.CLOSED
        self._inlet.drop()

    # coming and going -------------------------------------------------------------------------------------------------

    def _take_connect(self, packet: Connect, events: list[Event]) -> None:
        self.version = packet.version
        self.keep_alive = packet.keep_alive
        self.state = State.ASKED
        if packet.version < Version.V5:
            self.session_expiry = 0 if packet.clean_start else NEVER_EXPIRES
            if not packet.client_id and not packet.clean_start:
                events.append(self._turn_away("empty client id without clean session [MQTT-3.1.3-8]"))
                return
        elif packet.will is not None and packet.will.qos > self.limits.maximum_qos:
            detail = f"will QoS {packet.will.qos} is not served [MQTT-3.2.2-12]"
            events.append(self._turn_away(detail, ReasonCode.QOS_NOT_SUPPORTED))
            return
        properties = packet.properties
        if properties is not None:
            self.session_expiry = properties.session_expiry_interval or 0
            self._window = min(self._window, properties.receive_maximum or self._window)
            self._largest = properties.maximum_packet_size or 0
            self._aliases = properties.topic_alias_maximum or 0
            self._terse = properties.request_problem_information == 0
            self._method = properties.authentication_method
            if self._method is not None:
                self.state = State.AUTHENTICATING
        events.append(Connected(packet))

    def _turn_away(self, detail: str, reason: ReasonCode = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID) -> ProtocolError:
        return ProtocolError(reason, detail, self.refuse(reason, detail=detail))

    def accept(
        self,
        *,
        session_present: bool = False,
        session: Session | None = None,
        assigned_client_id: str | None = None,
        server_keep_alive: int | None = None,
        properties: Properties | None = None,
        now: int = 0,
    ) -> bytes:
        """CONNACK (our limits are announced by themselves), then what a resumed session has to send again.

        ``session`` is what an earlier connection of the client left; ``server_keep_alive`` (seconds) counts with
        version 5 only; ``now`` in the unit of `Publish.expires_at`. A client whose maximum packet size is too small
        for CONNACK is turned away: look at ``state``. Raises `CallerError` when no CONNECT waits for an answer.
        """
        self._check_asked()
        self.state = State.OPEN
        self._session = session
        told = None
        if self.version == Version.V5:
            if server_keep_alive is not None:
                self.keep_alive = server_keep_alive
            told = Properties() if properties is None else msgspec.structs.replace(properties)
            told.assigned_client_identifier = assigned_client_id
            told.server_keep_alive = server_keep_alive
            told.authentication_method = self._method
            self._announce(told)
        elif self.version == Version.V31:
            session_present = False  # 3.1 has no such flag
        data = encode_connack(Connack(session_present, 0, told), self.version)
        if 0 < self._largest < len(data):
            self._close()
            data = encode_connack(Connack(False, ReasonCode.PACKET_TOO_LARGE), self.version)
            return b"" if self._largest < len(data) else data
        return data + self._sending().resume(now=now) if session is not None and session.in_flight else data

    def _announce(self, told: Properties) -> None:
        """Say what differs from what a client assumes (section 3.2.2.3)."""
        limits = self.limits
        told.maximum_packet_size = limits.max_packet_size
        told.topic_alias_maximum = limits.topic_alias_maximum or None
        if limits.receive_maximum < 0xFFFF:
            told.receive_maximum = limits.receive_maximum
        if limits.maximum_qos < 2:
            told.maximum_qos = limits.maximum_qos

    def _check_asked(self) -> None:
        if self.state not in (State.ASKED, State.AUTHENTICATING):
            raise CallerError("no CONNECT waits for an answer", code="bad_usage")

    def refuse(self, reason: ReasonCode, *, detail: str | None = None, server_reference: str | None = None) -> bytes:
        """CONNACK with the reason (before version 5 its nearest return code); nothing is processed from here on.

        ``server_reference``: where to go instead, with "use another server" and "server moved" (section 4.11). Raises
        `CallerError` when no CONNECT waits for an answer.
        """
        self._check_asked()
        self._close()
        if self.version < Version.V5:
            return encode_connack(Connack(False, return_code_of(reason)), self.version)
        packet = Connack(False, _among(CONNACK_REASONS, reason))
        return self._fitting(encode_connack, packet, detail, server_reference)

    def challenge(self, data: bytes | None, *, reason: ReasonCode = ReasonCode.CONTINUE_AUTHENTICATION) -> bytes:
        """AUTH for the method that CONNECT named (version 5): one more step, or SUCCESS after a re-authentication."""
        told = Properties(authentication_method=self._method, authentication_data=data)
        return encode_auth(Auth(reason, told), self.version)

    def disconnect(
        self, reason: ReasonCode, *, detail: str | None = None, server_reference: str | None = None
    ) -> bytes:
        """What to write before the server closes: DISCONNECT with version 5 (CONNACK if it had none), else nothing."""
        state = self.state
        if self.version < Version.V5 or state in (State.NEW, State.CLOSED):
            self._close()
            return b""
        if state is not State.OPEN:
            return self.refuse(reason, detail=detail, server_reference=server_reference)
        self._close()
        packet = Disconnect(_among(DISCONNECT_REASONS, reason))
        return self._fitting(encode_disconnect, packet, detail, server_reference)

    def _fitting(
        self,
        write: Callable[[Reasoned, Version], bytes],
        packet: Reasoned,
        detail: str | None,
        server_reference: str | None = None,
    ) -> bytes:
        """The packet, with the detail as its reason string where the client wants it and takes that size.

        MQTT-3.1.2-29 (only CONNACK and DISCONNECT may tell who did not ask), MQTT-3.4.2-2 and its like.
        """
        if self.version == Version.V5:
            told = detail if not self._terse or isinstance(packet, Connack | Disconnect) else None
            for reason_string in dict.fromkeys((told or None, None)):
                packet.properties = Properties(reason_string=reason_string, server_reference=server_reference)
                data = write(packet, self.version)
                if not self._largest or len(data) <= self._largest:
                    return data
            packet.properties = None
        return write(packet, self.version)

    def deadline(self, last_received_s: float) -> float:
        """When a client silent since ``last_received_s`` counts as lost: 1.5 keep-alives later, infinity without one.

        Until it was accepted: what `Limits` gives for that; pass when the socket was opened.
        """
        if self.state is not State.OPEN:
            return last_received_s + self.limits.connect_timeout_s
        return last_received_s + KEEP_ALIVE_GRACE * self.keep_alive if self.keep_alive else math.inf

    def _take_pingreq(self, packet: Pingreq, events: list[Event]) -> None:
        events.append(_PINGED)

    def _take_disconnect(self, packet: Disconnect, events: list[Event]) -> None:
        properties = packet.properties
        if properties is not None and properties.server_reference is not None:
            raise ViolationError("server reference from a client", "MQTT5 3.14.2.2.5", ReasonCode.PROTOCOL_ERROR)
        expiry = None if properties is None else properties.session_expiry_interval
        if expiry is not None:
            if expiry and not self.session_expiry:
                raise ViolationError(
                    "session expiry set only at the end", "MQTT5 3.14.2.2.2", ReasonCode.PROTOCOL_ERROR
                )
            self.session_expiry = expiry
        self._close()
        events.append(Disconnected(packet.reason != ReasonCode.SUCCESS, packet))

    def _take_auth(self, packet: Auth, events: list[Event]) -> None:
        method = None if packet.properties is None else packet.properties.authentication_method
        if self._method is None or method != self._method:
            raise ViolationError("AUTH for another method than CONNECT's", "MQTT-4.12.0-5", ReasonCode.PROTOCOL_ERROR)
        if packet.reason == ReasonCode.RE_AUTHENTICATE and self.state is not State.OPEN:
            raise ViolationError("re-authentication before CONNACK", "MQTT-4.12.1-1", ReasonCode.PROTOCOL_ERROR)
        events.append(AuthReceived(packet))

    # messages of the client -------------------------------------------------------------------------------------------

    def _take_publish(self, packet: Publish, events: list[Event]) -> None:
        self._receiving().take(packet, events)

    def pubacks(self, packet_ids: Sequence[bytes], reason: int = 0) -> bytes:
        """PUBACKs for QoS 1 packet ids as a `PublishRun` gives them; ``reason`` (below 0x80) reaches version 5 only."""
        self._receiving().answer(len(packet_ids))
        return encode_pubacks(packet_ids, reason if self.version == Version.V5 else 0)

    def puback(self, packet_id: bytes, reason: ReasonCode, *, detail: str | None = None) -> bytes:
        """One PUBACK with a reason (version 5); before version 5 a plain PUBACK, since there is no way to say no."""
        self._receiving().answer(1)
        told = Puback(int.from_bytes(packet_id, "big"), _among(RECEIVED_REASONS, reason))
        return self._fitting(encode_acknowledgement, told, detail)

    def pubrecs(self, packet_ids: Sequence[bytes], reason: int = 0) -> bytes:
        """PUBRECs for QoS 2 packet ids as a `PublishRun` gives them, once the messages are safe; ``reason`` as above.

        A message may become safe after the connection it came on is gone: call this on the one that was accepted for
        the session since, or `Session.mark_safe` while there is none.
        """
        self._receiving().record(len(packet_ids))
        self.session.mark_safe(packet_ids)
        return encode_pubrecs(packet_ids, reason if self.version == Version.V5 else 0)

    def pubrec(self, packet_id: bytes, reason: ReasonCode, *, detail: str | None = None) -> bytes:
        """One PUBREC with a reason (version 5); an error frees the id (MQTT-4.3.3-9).

        Before version 5 a refused message ends like an accepted one, since there is no way to say no.
        """
        if reason >= 0x80 and self.version == Version.V5:
            self._receiving().answer(1)
            self.session.held.pop(packet_id, None)
        else:
            self._receiving().record(1)
            self.session.held[packet_id] = True
        told = Pubrec(int.from_bytes(packet_id, "big"), _among(RECEIVED_REASONS, reason))
        return self._fitting(encode_acknowledgement, told, detail)

    def _take_pubrel(self, packet: Pubrel, events: list[Event]) -> None:
        packet_id = packet.packet_id.to_bytes(2, "big")
        known = self.session.held.pop(packet_id, None) is not None
        if self._incoming is not None:
            self._incoming.release()
        reason = ReasonCode.SUCCESS if known else ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
        answer = encode_acknowledgement(Pubcomp(packet.packet_id, reason), self.version)
        last = events[-1] if events else None
        if type(last) is Released:
            last.packet_ids.append(packet_id)
            last.answer += answer
        else:
            events.append(Released([packet_id], answer))

    # subscriptions ----------------------------------------------------------------------------------------------------

    def _take_subscribe(self, packet: Subscribe, events: list[Event]) -> None:
        count = len(packet.subscriptions)
        self._check_answer_fits(count)
        if self._is_used(packet.packet_id):
            events.append(Reply(self.suback(packet.packet_id, [ReasonCode.PACKET_IDENTIFIER_IN_USE] * count)))
        else:
            events.append(Subscribed(packet))

    def _is_used(self, packet_id: int) -> bool:
        """Whether a QoS 2 message of the client still bears this id (MQTT-2.2.1-3); only version 5 can be told so."""
        held = self._session is not None and packet_id.to_bytes(2, "big") in self._session.held
        return held and self.version == Version.V5

    def _check_answer_fits(self, count: int) -> None:
        """MQTT-3.1.2-24: SUBACK and UNSUBACK have a reason per filter and no shorter form."""
        size = len(encode_suback(Suback(1, [0] * count), self.version))
        if 0 < self._largest < size:
            raise ViolationError(
                f"the answer has {size} bytes, the client takes {self._largest}",
                "MQTT-3.1.2-24",
                ReasonCode.PACKET_TOO_LARGE,
            )

    def suback(self, packet_id: int, reasons: Sequence[int], *, detail: str | None = None) -> bytes:
        """SUBACK: a reason per filter. Before version 5 every refusal becomes 0x80."""
        if self.version == Version.V5:
            told = [_among(SUBACK_REASONS, reason) for reason in reasons]
        else:
            told = [min(reason, 0x80) for reason in reasons]
        return self._fitting(encode_suback, Suback(packet_id, told), detail)

    def _take_unsubscribe(self, packet: Unsubscribe, events: list[Event]) -> None:
        count = len(packet.filters)
        self._check_answer_fits(count)
        if self._is_used(packet.packet_id):
            events.append(Reply(self.unsuback(packet.packet_id, [ReasonCode.PACKET_IDENTIFIER_IN_USE] * count)))
        else:
            events.append(Unsubscribed(packet))

    def unsuback(self, packet_id: int, reasons: Sequence[int]) -> bytes:
        """UNSUBACK: a reason per filter; before version 5 none is told."""
        return encode_unsuback(
            Unsuback(packet_id, [_among(UNSUBACK_REASONS, reason) for reason in reasons]), self.version
        )

    # messages of ours -------------------------------------------------------------------------------------------------

    def deliver(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
        expires_at: int = 0,
        share: str = "",
        *,
        now: int = 0,
    ) -> bytes | None:
        """PUBLISH to the client; ``expires_at`` and ``share`` as in `Publish`, ``now`` by the same clock.

        None: its window is full, keep the message and try again after `Acknowledged`. ``b""``: it is larger than the
        client's maximum packet size and counts as delivered (MQTT-3.1.2-25).
        """
        packet = Publish(topic, payload, qos, retain, False, 0, properties, expires_at, share)
        if qos or expires_at or self._aliases:
            return self._sending().send(packet, now=now)
        data = encode_publish(packet, self.version)
        return b"" if 0 < self._largest < len(data) else data

    def _take_acknowledgement(self, packet: Puback | Pubrec | Pubcomp, events: list[Any]) -> None:
        self._sending().tell(packet, events)


def _among(allowed: frozenset[int], reason: int) -> int:
    """The reason, or "unspecified error" where the packet does not know it: the house has one list of codes."""
    return reason if reason in allowed else ReasonCode.UNSPECIFIED_ERROR


_TAKERS: dict[type, Callable[[ServerConnection, Any, list[Event]], None]] = {
    Connect: ServerConnection._take_connect,
    Publish: ServerConnection._take_publish,
    Puback: ServerConnection._take_acknowledgement,
    Pubrec: ServerConnection._take_acknowledgement,
    Pubrel: ServerConnection._take_pubrel,
    Pubcomp: ServerConnection._take_acknowledgement,
    Subscribe: ServerConnection._take_subscribe,
    Unsubscribe: ServerConnection._take_unsubscribe,
    Pingreq: ServerConnection._take_pingreq,
    Disconnect: ServerConnection._take_disconnect,
    Auth: ServerConnection._take_auth,
}
