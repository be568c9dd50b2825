"""The receiving half of one server connection: PUBLISH packets become runs, in order.

Knows topics seen before, topic aliases, QoS 2 ids and the receive maximum. Leaves the walk over plain packets to `runs`
and the bytes of all others to `publishing`.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.wire.mqtt.delivery import Session
from unisono.wire.mqtt.events import Event, PublishRun, Reply
from unisono.wire.mqtt.fields import decode_text
from unisono.wire.mqtt.framing import find_packet
from unisono.wire.mqtt.limits import Limits
from unisono.wire.mqtt.packets import Properties, Publish, Version
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.runs import walk_bare, walk_numbered, walk_numbered_v5
from unisono.wire.mqtt.topics import check_topic

__all__ = ["Incoming"]

MAX_KNOWN_TOPICS = 32
"""Checked topics remembered beside the last one; a device has a handful. At the bound all are forgotten."""

MAX_KNOWN_SIZE = 256
"""Bytes of a topic worth remembering; longer ones take the careful path, so that 32 of them cannot hold megabytes."""

_ZERO_ID = b"\0\0"
_NO_PROPERTIES = Properties()


class Incoming:
    """Made when the first PUBLISH comes. ``unanswered``: QoS 1 and 2 messages told and not yet answered."""

    __slots__ = ("_aliases", "_field", "_known", "_limits", "_session", "_topic", "_version", "unanswered")

    def __init__(self, limits: Limits, version: Version, session: Session) -> None:
        self._limits = limits
        self._version = version
        self._session = session
        self.unanswered = 0
        # the topic field (length and text) of the last plain packet, what it says, others seen, aliases
        self._field = b""
        self._topic = ""
        self._known: dict[bytes, str] | None = None
        self._aliases: dict[int, str] | None = None

    def read_run(self, data: bytes, pos: int, events: list[Event]) -> int:
        """Take plain PUBLISH packets from ``pos`` on, of equal first byte and topic: where it stopped.

        That is ``pos`` itself when the first is not plain or not whole. Raises `ViolationError` after adding to
        ``events`` what came before the fault.
        """
        first = data[pos]
        qos = first >> 1 & 3
        if qos > self._limits.maximum_qos or not self._find_topic(data, pos):
            return pos
        run = _continue_run(events, self._topic, qos, bool(first & 1))
        payloads, packet_ids = run.payloads, run.packet_ids
        before = len(payloads)
        head = bytes((first,)) + self._field
        largest = self._limits.max_packet_size - 4
        if not qos:
            if self._version == Version.V5:
                head += b"\0"
            after = walk_bare(data, pos, head, largest, payloads)
        elif self._version == Version.V5:
            after = walk_numbered_v5(data, pos, head, largest, payloads, packet_ids)
        else:
            after = walk_numbered(data, pos, head, largest, payloads, packet_ids)
        if qos:
            self._check_ids(run, before, events)
        if not payloads and events[-1] is run:
            events.pop()
        return after

    def _find_topic(self, data: bytes, pos: int) -> bool:
        """Make ``_field`` and ``_topic`` those of the PUBLISH at ``pos``; False when that is not plain or not whole."""
        start, stop = find_packet(data, pos, self._limits.max_packet_size, minimal=self._version == Version.V5)
        if stop > len(data):
            return False
        if self._field and data.startswith(self._field, start):
            return True
        size = int.from_bytes(data[start : start + 2], "big")
        if not 0 < size <= MAX_KNOWN_SIZE or start + 2 + size > stop:
            return False
        field = data[start : start + 2 + size]
        known = self._known
        topic = known.get(field) if known is not None else None
        if topic is None:
            topic = check_topic(decode_text(field[2:]))
            if self._field:  # one topic needs no table, and most devices have just that
                if known is None or len(known) >= MAX_KNOWN_TOPICS:
                    known = self._known = {self._field: self._topic}
                known[field] = topic
        self._field = field
        self._topic = topic
        return True

    def _check_ids(self, run: PublishRun, before: int, events: list[Event]) -> None:
        """Check what was added to a run of QoS 1 or 2 from index ``before`` on; cut the run at the first fault."""
        ids = run.packet_ids
        fault: ViolationError | None = None
        if _ZERO_ID in ids:
            _cut(run, ids.index(_ZERO_ID))
            fault = ViolationError("packet id is 0", "MQTT-2.2.1-3")
        if run.qos == 2:
            self._hold(run, before, events)
        self.unanswered += len(ids) - before
        excess = self.unanswered - self._limits.receive_maximum
        if excess > 0 and self._version == Version.V5:
            _cut(run, len(ids) - excess)
            self.unanswered -= excess
            fault = ViolationError(
                f"more than {self._limits.receive_maximum} messages without our answer",
                "MQTT-3.3.4-7",
                ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
            )
        if fault is not None:
            if not run.payloads and events[-1] is run:
                events.pop()
            raise fault

    def _hold(self, run: PublishRun, before: int, events: list[Event]) -> None:
        """Take out of a QoS 2 run what came before (MQTT-4.3.3-10); what is safe already is answered again."""
        held = self._session.held
        again: list[bytes] = []
        fresh: list[int] = []
        for index in range(before, len(run.packet_ids)):
            packet_id = run.packet_ids[index]
            if packet_id not in held:
                held[packet_id] = False
                fresh.append(index)
            elif held[packet_id]:
                again.append(packet_id)
        if len(fresh) < len(run.packet_ids) - before:
            run.payloads[before:] = [run.payloads[index] for index in fresh]
            run.packet_ids[before:] = [run.packet_ids[index] for index in fresh]
        if again:
            if not run.payloads:
                events.pop()
            events.append(Reply(encode_pubrecs(again)))

    def take(self, packet: Publish, events: list[Event]) -> None:
        """The careful path: one message with whatever it bears. Raises `ViolationError`."""
        if packet.qos > self._limits.maximum_qos:
            raise ViolationError(f"QoS {packet.qos} is not served", "MQTT-3.2.2-11", ReasonCode.QOS_NOT_SUPPORTED)
        self._resolve(packet)
        if packet.properties is None:
            run = _continue_run(events, packet.topic, packet.qos, packet.retain)
        else:
            run = PublishRun(packet.topic, packet.qos, [], [], [], packet.retain, packet.properties)
            events.append(run)
        before = len(run.payloads)
        run.payloads.append(packet.payload)
        if packet.qos:
            run.packet_ids.append(packet.packet_id.to_bytes(2, "big"))
            self._check_ids(run, before, events)
            if len(run.payloads) == before:  # a QoS 2 message that came before
                if events[-1] is run and not before:
                    events.pop()
            elif packet.dup:
                run.dups.append(before)

    def _resolve(self, packet: Publish) -> None:
        """Put the topic in the place of its alias, and no properties in the place of empty ones."""
        properties = packet.properties
        if properties is None:
            return
        if properties.subscription_identifiers:
            raise ViolationError("subscription identifier from a client", "MQTT-3.3.4-6", ReasonCode.PROTOCOL_ERROR)
        alias = properties.topic_alias
        if alias is None:
            return
        if not 0 < alias <= self._limits.topic_alias_maximum:
            raise ViolationError(f"topic alias {alias} is out of range", "MQTT-3.3.2-9", ReasonCode.TOPIC_ALIAS_INVALID)
        if self._aliases is None:
            self._aliases = {}
        if packet.topic:
            self._aliases[alias] = packet.topic
        elif alias in self._aliases:
            packet.topic = self._aliases[alias]
        else:
            raise ViolationError(f"topic alias {alias} stands for nothing", "MQTT5 3.3.4", ReasonCode.PROTOCOL_ERROR)
        properties.topic_alias = None
        if properties == _NO_PROPERTIES:
            packet.properties = None

    def answer(self, count: int) -> None:
        """So many messages are answered now (some may have been told on an earlier connection of the session)."""
        self.unanswered = max(self.unanswered - count, 0)


def _continue_run(events: list[Event], topic: str, qos: int, retain: bool) -> PublishRun:
    """The last event, if it is a run that a plain message of this kind continues, else a new one at the end."""
    last = events[-1] if events else None
    if (
        type(last) is PublishRun
        and last.topic == topic
        and last.qos == qos
        and last.retain is retain
        and last.properties is None
    ):
        return last
    run = PublishRun(topic, qos, [], [], [], retain, None)
    events.append(run)
    return run


def _cut(run: PublishRun, length: int) -> None:
    del run.packet_ids[length:], run.payloads[length:]


def encode_pubacks(packet_ids: Sequence[bytes]) -> bytes:
    """PUBACKs (success, any version) for packet ids of two bytes each."""
    return b"\x40\x02" + b"\x40\x02".join(packet_ids) if packet_ids else b""


def encode_pubrecs(packet_ids: Sequence[bytes]) -> bytes:
    """PUBRECs (success, any version) for packet ids of two bytes each."""
    return b"\x50\x02" + b"\x50\x02".join(packet_ids) if packet_ids else b""
