"""What QoS 1 and 2 must remember in each direction (MQTT 5.0 sections 4.1, 4.3, 4.4): the session and, on it, the
sending half of one connection.

Knows packet ids, windows and what is sent again. Serves server and client alike. Knows no sockets and not where a
session is kept. The two directions number their packets apart from each other (section 2.2.1).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from msgspec import structs

from unisono.wire.mqtt.events import Acknowledged, Event, Reply
from unisono.wire.mqtt.packets import Properties, Puback, Pubcomp, Publish, Pubrec, Pubrel, Version
from unisono.wire.mqtt.publishing import encode_acknowledgement, encode_publish
from unisono.wire.mqtt.reason import ReasonCode, ViolationError

__all__ = ["Outgoing", "Session", "counted_down"]

MAX_ALIASES = 32
"""Topic aliases that we use towards one peer: a device or a panel hears a handful of topics all the time."""

MAX_ALIASED_SIZE = 256
"""Characters of a topic that gets an alias; bounds what is remembered, and longer ones are rare."""

SECOND = 1_000_000
"""`Publish.expires_at` counts microseconds."""


def counted_down(properties: Properties | None, expires_at: int, now: int) -> Properties:
    """The properties with what is left of the message expiry interval, in whole seconds begun (MQTT-3.3.2-6)."""
    left = max(-((now - expires_at) // SECOND), 0)
    return structs.replace(properties or Properties(), message_expiry_interval=left)


class Session:
    """One peer's session; outlives its connections.

    ``in_flight``: packet id -> message, in the order in which they are to be sent again; None once PUBREC came, from
    when PUBREL is what is sent again. ``held``: QoS 2 packet ids (two bytes) of received messages that PUBREL has not
    freed -> whether they are safe, so that PUBREC may be sent.
    """

    __slots__ = ("_last_id", "held", "in_flight")

    def __init__(self) -> None:
        self.in_flight: dict[int, Publish | None] = {}
        self.held: dict[bytes, bool] = {}
        self._last_id = 0

    @property
    def last_id(self) -> int:
        """The packet id that was given last."""
        return self._last_id

    def next_id(self, taken: Container[int] = ()) -> int:
        """A packet id (1..65535) neither in flight nor ``taken``. The caller keeps both together below 65,535."""
        number = self._last_id
        while True:
            number = number % 0xFFFF + 1
            if number not in self.in_flight and number not in taken:
                self._last_id = number
                return number

    def mark_safe(self, packet_ids: Iterable[bytes]) -> None:
        """These QoS 2 messages of the peer are safe: a repeated PUBLISH is answered with PUBREC from here on."""
        for packet_id in packet_ids:
            self.held[packet_id] = True

    def begin_anew(self) -> list[int]:
        """The peer has forgotten the session: forget its QoS 2 ids, and our messages that it took over by PUBREC, whose
        packet ids are the result; what it never acknowledged stays, to be sent as new."""
        self.held.clear()
        taken = [packet_id for packet_id, packet in self.in_flight.items() if packet is None]
        for packet_id in taken:
            del self.in_flight[packet_id]
        return taken


class Outgoing:
    """The sending half of one connection: messages of ours, those of QoS 1 and 2 up to a window of unacknowledged ones.

    ``largest``: the peer's maximum packet size in bytes, 0 for none; ``aliases``: topic aliases that it allows.
    """

    __slots__ = ("_alias_of", "_aliases", "_backlog", "_largest", "_now", "_session", "_version", "_window")

    def __init__(self, session: Session, version: Version, window: int, largest: int, aliases: int = 0) -> None:
        self._session = session
        self._version = version
        self._window = window
        self._largest = largest
        self._aliases = min(aliases, MAX_ALIASES)
        self._alias_of: dict[str, int] = {}  # least recently used first
        self._backlog: dict[int, None] | None = None  # packet ids, the next one to send last
        self._now = 0

    def send(self, packet: Publish, taken: Container[int] = (), *, now: int = 0) -> bytes | None:
        """Number a message of QoS 1 or 2 and give its bytes; ``now`` in the unit of `Publish.expires_at`.

        None: the window is full. ``b""``: larger than the peer takes; it counts as delivered (MQTT-3.1.2-25).
        """
        session = self._session
        if packet.qos:
            if len(session.in_flight) >= self._window:
                return None
            packet.packet_id = session.next_id(taken)
        data = self._encode(packet, now)
        if data and packet.qos:
            session.in_flight[packet.packet_id] = packet
        return data

    def _encode(self, packet: Publish, now: int) -> bytes:
        """The message's bytes, ``b""`` if the peer does not take as many."""
        if packet.expires_at:
            packet = structs.replace(packet, properties=counted_down(packet.properties, packet.expires_at, now))
        if self._aliases and len(packet.topic) <= MAX_ALIASED_SIZE:
            data = self._encode_with_alias(packet)
            if data:
                return data
        data = encode_publish(packet, self._version)
        return b"" if 0 < self._largest < len(data) else data

    def _encode_with_alias(self, packet: Publish) -> bytes:
        """Every topic gets an alias with its first message; the one least recently used gives its number away."""
        alias_of = self._alias_of
        topic = packet.topic
        number = alias_of.get(topic)
        known = number is not None
        oldest = None
        if number is None:
            oldest = next(iter(alias_of)) if len(alias_of) >= self._aliases else None
            number = len(alias_of) + 1 if oldest is None else alias_of[oldest]
        properties = structs.replace(packet.properties or Properties(), topic_alias=number)
        short = structs.replace(packet, topic="" if known else topic, properties=properties)
        data = encode_publish(short, self._version)
        if 0 < self._largest < len(data):
            return b""
        alias_of.pop(topic if oldest is None else oldest, None)
        alias_of[topic] = number
        return data

    def resume(self, *, dup: bool = True, now: int = 0) -> bytes:
        """What an earlier connection left unacknowledged, as far as the window goes; the rest follows as that is
        acknowledged (MQTT-4.4.0-1, MQTT-3.3.4-9), its expiry counted down to ``now``. Without ``dup``: the peer never
        had it, as far as it knows."""
        for packet in self._session.in_flight.values():
            if packet is not None:
                packet.dup = dup
        self._now = now
        self._backlog = dict.fromkeys(reversed(self._session.in_flight))
        return b"".join(self._next_again() for _ in range(self._window))

    def _next_again(self) -> bytes:
        """The next of what is to be sent again, if any; what the peer does not take (any more) counts as delivered."""
        backlog = self._backlog
        while backlog:
            packet_id = backlog.popitem()[0]
            packet = self._session.in_flight[packet_id]
            if packet is None:
                return encode_acknowledgement(Pubrel(packet_id), self._version)
            data = self._encode(packet, self._now)
            if data:
                return data
            if packet.qos == 2:  # the peer may hold its id since an earlier connection: released, it is free again
                self._session.in_flight[packet_id] = None
                return encode_acknowledgement(Pubrel(packet_id), self._version)
            del self._session.in_flight[packet_id]
        self._backlog = None
        return b""

    def settle(self, packet: Puback | Pubrec | Pubcomp) -> tuple[bool, bytes]:
        """The peer's answer came: (whether the message is complete, what to send now).

        An answer that no message waits for changes nothing; a PUBREC to it gets PUBREL "packet identifier not found".
        Raises `ViolationError` for one that the message's QoS, or where it stands, does not allow.
        """
        in_flight = self._session.in_flight
        packet_id = packet.packet_id
        waiting = packet_id in in_flight
        message = in_flight.get(packet_id)
        if isinstance(packet, Pubrec):
            return self._record(packet, waiting, message)
        if not waiting:
            return False, b""
        wanted = Pubcomp if message is None else Puback if message.qos == 1 else Pubrec
        if not isinstance(packet, wanted):
            raise _out_of_turn(type(packet).__name__.upper(), packet_id)
        return True, self._remove(packet_id)

    def take_pubacks(self, data: bytes, pos: int, events: list[Event]) -> int:
        """Take plain PUBACKs (no reason) of messages in flight from ``pos`` on, and tell of them: where it stopped.

        As `tell` of each, in an eighth of the time: a subscriber at QoS 1 sends one a message. What is not as usual (an
        id that nothing waits for, a resumed session that sends again) is left to it.
        """
        in_flight = self._session.in_flight
        taken: list[int] = []
        while not self._backlog and data.startswith(b"\x40\x02", pos) and pos + 4 <= len(data):
            packet_id = data[pos + 2] << 8 | data[pos + 3]
            message = in_flight.get(packet_id)
            if message is None or message.qos != 1:
                break
            del in_flight[packet_id]
            taken.append(packet_id)
            pos += 4
        if taken:
            last = events[-1] if events else None
            if type(last) is Acknowledged:
                last.packet_ids += taken
            else:
                events.append(Acknowledged(taken))
        return pos

    def _record(self, packet: Pubrec, waiting: bool, message: Publish | None) -> tuple[bool, bytes]:
        packet_id = packet.packet_id
        refused = packet.reason >= 0x80
        if not waiting:
            unknown = Pubrel(packet_id, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)
            return False, b"" if refused else encode_acknowledgement(unknown, self._version)
        if message is not None and message.qos == 1:
            raise _out_of_turn("PUBREC", packet_id)
        if refused:
            return True, self._remove(packet_id)
        if message is not None:  # to the end: PUBRELs go in the order of PUBRECs (3.1.1: MQTT-4.6.0-4)
            del self._session.in_flight[packet_id]
            self._session.in_flight[packet_id] = None
        return False, encode_acknowledgement(Pubrel(packet_id), self._version)

    def _remove(self, packet_id: int) -> bytes:
        del self._session.in_flight[packet_id]
        if self._backlog and packet_id in self._backlog:
            # answered before it was sent again: it took no room in the window, so it frees none
            del self._backlog[packet_id]
            return b""
        return self._next_again()

    def tell(self, packet: Puback | Pubrec | Pubcomp, events: list[Acknowledged | Reply]) -> None:
        """`settle`, told as events; consecutive completions share one `Acknowledged`."""
        done, answer = self.settle(packet)
        if done:
            last = events[-1] if events else None
            if type(last) is Acknowledged:
                last.packet_ids.append(packet.packet_id)
            else:
                events.append(Acknowledged([packet.packet_id]))
        if answer:
            recorded = isinstance(packet, Pubrec) and packet.packet_id in self._session.in_flight
            events.append(Reply(answer, [packet.packet_id] if recorded else []))


def _out_of_turn(name: str, packet_id: int) -> ViolationError:
    detail = f"{name} is not what message {packet_id} waits for"
    return ViolationError(detail, "MQTT-3.3.4-1", ReasonCode.PROTOCOL_ERROR)
