"""The receiving half of one server connection: PUBLISH packets become runs, in order.

Knows topics seen before, topic aliases, QoS 2 ids and the receive maximum. Leaves the walk over plain packets to `runs`
and the bytes of all others to `publishing`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache

from unisono.wire.mqtt.delivery import Session
from unisono.wire.mqtt.events import Event, PublishRun, Reply
from unisono.wire.mqtt.fields import decode_text
from unisono.wire.mqtt.limits import Limits
from unisono.wire.mqtt.packets import Properties, Publish, Version
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.runs import take_alike, walk_bare, walk_numbered, walk_numbered_v5
from unisono.wire.mqtt.topics import check_topic

__all__ = ["Incoming"]

KNOWN_TOPICS = 32_768
"""Checked topics that all connections of a process share: a gateway device speaks for hundreds of children, and ten
thousand devices for themselves. About 200 bytes each, 27 MB at the very worst."""

MAX_KNOWN_SIZE = 128
"""Bytes of a topic worth remembering; longer ones take the careful path, which bounds the memory above."""

_ZERO_ID = b"\0\0"
_NO_PROPERTIES = Properties()


@lru_cache(KNOWN_TOPICS)
def _topic_of(field: bytes) -> str:
    """The topic that a topic field (two bytes of length, text) bears. Raises `ViolationError`."""
    return check_topic(decode_text(field[2:]))


class Incoming:
    """Made when the first PUBLISH comes. ``unanswered``: QoS 1 and 2 messages told and not yet answered;
    ``unreleased``: QoS 2 messages answered by PUBREC whose PUBREL has not come. Version 5's receive maximum counts both
    (MQTT-3.3.4-7)."""

    __slots__ = ("_aliases", "_limits", "_session", "_v5", "unanswered", "unreleased")

    def __init__(self, limits: Limits, version: Version, session: Session) -> None:
        self._limits = limits
        self._v5 = version == Version.V5
        self._session = session
        self._aliases: dict[int, str] | None = None
        self.unanswered = 0
        self.unreleased = 0

    def read_runs(self, data: bytes, pos: int, events: list[Event]) -> int:
        """Take plain PUBLISH packets (no DUP, no properties, a short topic) from ``pos`` on: where it stopped.

        That is where a packet is not plain or not whole; it is left to `take`. Raises `ViolationError` after adding
        to ``events`` what came before the fault.
        """
        end = len(data)
        largest = self._limits.max_packet_size - 4
        maximum_qos = self._limits.maximum_qos
        v5 = self._v5
        room = sys.maxsize
        if v5:  # where QoS 2 messages wait for PUBREL, packet ids have to be looked at
            room = 0 if self._session.held else self._limits.receive_maximum
        while end - pos >= 5:  # the least that holds a topic; so every index below is in range
            first = data[pos]
            n = data[pos + 1]
            start = pos + 2
            if n >= 0x80:
                high = data[start]
                n += (high - 1) << 7
                start += 1
                if not 0 < high < 0x80 or n > largest:
                    return pos
            qos = first >> 1 & 3
            size = data[start] << 8 | data[start + 1]
            body = start + 2 + size
            payload = body + (2 if qos else 0) + v5
            stop = start + n
            if first & 0xF8 != 0x30 or qos > maximum_qos or not 0 < size <= MAX_KNOWN_SIZE:
                return pos
            if not payload <= stop <= end or (v5 and data[payload - 1]):
                return pos
            field = data[start:body]
            topic = _topic_of(field)
            retain = first & 1 == 1
            packet_ids = [data[body : body + 2]] if qos else []
            alike = data.startswith(field, stop + 2) or data.startswith(field, stop + 3)
            if not alike and (not qos or (qos == 1 and packet_ids[0] != _ZERO_ID and self.unanswered < room)):
                # one packet between others (a gateway speaking for its children): nothing below would add to it
                events.append(PublishRun(topic, qos, [data[payload:stop]], packet_ids, [], retain, None))
                self.unanswered += qos
                pos = stop
                continue
            run = _continue_run(events, topic, qos, retain)
            before = len(run.payloads)
            pos = take_alike(data, pos, payload, stop, run.payloads, run.packet_ids if qos else None, v5=v5)
            pos = self._walk(data, pos, first, field, run)
            if qos:
                self._check_ids(run, before, events)
                if v5 and qos == 2:
                    room = 0  # it is held from here on
        return pos

    def _walk(self, data: bytes, pos: int, first: int, field: bytes, run: PublishRun) -> int:
        head = bytes((first,)) + field
        largest = self._limits.max_packet_size - 4
        if not run.qos:
            return walk_bare(data, pos, head + b"\0" if self._v5 else head, run.payloads, largest=largest)
        walk = walk_numbered_v5 if self._v5 else walk_numbered
        return walk(data, pos, head, run.payloads, run.packet_ids, largest=largest)

    def _check_ids(self, run: PublishRun, before: int, events: list[Event]) -> None:
        """Check what was added to a run of QoS 1 or 2 from index ``before`` on; cut the run at the first fault."""
        ids = run.packet_ids
        fault: ViolationError | None = None
        if _ZERO_ID in ids:
            _cut(run, ids.index(_ZERO_ID))
            fault = ViolationError("packet id is 0", "MQTT-2.2.1-3")
        if run.qos == 2:
            self._hold(run, before, events)
        elif self._v5 and self._session.held:
            self._refuse_used(run, before, events)
        self.unanswered += len(ids) - before
        excess = self.unanswered + self.unreleased - self._limits.receive_maximum
        if excess > 0 and self._v5:
            _cut(run, len(ids) - excess)
            self.unanswered -= excess
            fault = ViolationError(
                f"more than {self._limits.receive_maximum} messages without our answer",
                "MQTT-3.3.4-7",
                ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
            )
        if not run.payloads and events and events[-1] is run:
            events.pop()
        if fault is not None:
            raise fault

    def _refuse_used(self, run: PublishRun, before: int, events: list[Event]) -> None:
        """Take out of a QoS 1 run what bears the packet id of a QoS 2 message that is not released (MQTT-2.2.1-4)."""
        held = self._session.held
        used = [packet_id for packet_id in run.packet_ids[before:] if packet_id in held]
        if not used:
            return
        free = [index for index in range(before, len(run.packet_ids)) if run.packet_ids[index] not in held]
        run.payloads[before:] = [run.payloads[index] for index in free]
        run.packet_ids[before:] = [run.packet_ids[index] for index in free]
        if not run.payloads:
            events.pop()
        events.append(Reply(encode_pubacks(used, ReasonCode.PACKET_IDENTIFIER_IN_USE)))

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
            if packet.dup and len(run.payloads) > before:
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

    def record(self, count: int) -> None:
        """As `answer`, by PUBREC: they count until they are released."""
        self.unreleased += min(count, self.unanswered)
        self.answer(count)

    def release(self) -> None:
        """PUBREL came for one (it may have been told on an earlier connection)."""
        self.unreleased = max(self.unreleased - 1, 0)


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


def encode_pubacks(packet_ids: Sequence[bytes], reason: int = 0) -> bytes:
    """PUBACKs for packet ids of two bytes each; a ``reason`` but success only for version 5."""
    return _answers(b"\x40", packet_ids, reason)


def encode_pubrecs(packet_ids: Sequence[bytes], reason: int = 0) -> bytes:
    """PUBRECs for packet ids of two bytes each; a ``reason`` but success only for version 5."""
    return _answers(b"\x50", packet_ids, reason)


def _answers(first: bytes, packet_ids: Sequence[bytes], reason: int) -> bytes:
    if not packet_ids:
        return b""
    if not reason:
        return first + b"\x02" + (first + b"\x02").join(packet_ids)
    end = bytes((reason,))
    return first + b"\x03" + (end + first + b"\x03").join(packet_ids) + end
