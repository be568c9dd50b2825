"""What must hold of a server's connection whatever a peer sends, however it is cut, and whenever it is let in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tests.fuzz.program import VERSIONS, Cursor, cuts, frames, stream
from tests.fuzz.written import packets_of
from unisono.wire.mqtt import Limits, Properties, Publish, ReasonCode, ServerConnection, Session, State, Version
from unisono.wire.mqtt.events import (
    Acknowledged,
    AuthReceived,
    Connected,
    Disconnected,
    Event,
    Pinged,
    ProtocolError,
    PublishRun,
    Released,
    Reply,
    Subscribed,
    Unsubscribed,
)

__all__ = ["CPU_LIMIT_S", "check_server"]

CPU_LIMIT_S = 1.0
"""CPU seconds that 32 KB in any order may cost: a hundred times what they do."""

TOO_EARLY = "too much sent before CONNACK"
Make = Callable[[Limits], ServerConnection]


class Driver:
    """Does what a gateway does with one connection, and takes down everything that it was told.

    ``messages`` is what was published, one entry a message, ``replies`` the bytes that need no driver, ``rest`` all
    else in order: none depends on how the stream was cut. ``active``: it answers at once and delivers; else it only
    lets in.
    """

    def __init__(self, connection: ServerConnection, session: Session, *, refuse: bool, active: bool) -> None:
        self.connection = connection
        self.session = session
        self.refuse = refuse
        self.active = active
        self.messages: list[object] = []
        self.rest: list[object] = []
        self.replies = bytearray()
        self.written = bytearray()
        self.asked = False
        self.over = False

    @property
    def spoken(self) -> Version:
        """The version of what was written; who asks for one that is none is told in version 5's form, or 3.1.1's."""
        if self.connection.version == Version.V311 and self.written[:1] == b"\x20" and self.written[1:2] != b"\x02":
            return Version.V5
        return self.connection.version

    def feed(self, chunk: bytes) -> None:
        """One chunk of the socket's."""
        for event in self.connection.receive(chunk):
            assert not self.over, f"{event} after the end"
            self.take(event)
        self.check_bounds(len(chunk))

    def decide(self) -> None:
        """Let it in, or not, where it has asked."""
        connection = self.connection
        if not self.asked or connection.state not in (State.ASKED, State.AUTHENTICATING):
            return
        self.asked = False
        if self.refuse:
            self.written += connection.refuse(ReasonCode.NOT_AUTHORIZED, detail="no")
            assert connection.receive(b"\xc0\x00") == []
            return
        self.written += connection.accept(session=self.session, session_present=True)
        self.feed(b"")

    def check_bounds(self, size: int) -> None:
        connection, limits = self.connection, self.connection.limits
        kept = len(connection._inlet._rest or b"")
        bound = limits.max_connect_size
        if connection.state is State.OPEN:  # what began to come before it was let in may be a little over
            bound = max(bound, limits.max_packet_size)
        assert kept <= bound, f"{kept} bytes kept in {connection.state.name}, {bound} allowed"
        if connection.version == Version.V5:
            assert connection.unanswered <= limits.receive_maximum
        assert len(self.session.held) <= 0xFFFF
        if connection.state is State.CLOSED:
            assert kept == 0
        assert size >= 0

    def take(self, event: Event) -> None:
        if isinstance(event, PublishRun):
            self.take_run(event)
            return
        if isinstance(event, Reply | Pinged | Released | ProtocolError):
            self.written += event.answer
        if isinstance(event, Connected):
            self.asked = True
            self.rest.append(event)
        elif isinstance(event, Disconnected | ProtocolError):
            self.over = True
            self.rest.append(event)
        elif isinstance(event, Reply):
            self.replies += event.answer
        elif isinstance(event, Released):
            self.replies += event.answer
            self.rest += event.packet_ids
        elif isinstance(event, Acknowledged):
            self.rest += event.packet_ids
            if self.active:
                self.deliver(event.packet_ids[0])
        else:
            self.rest.append(event)
            if self.active:
                self.answer(event)

    def take_run(self, run: PublishRun) -> None:
        assert run.payloads
        assert run.topic
        assert len(run.packet_ids) == (len(run.payloads) if run.qos else 0)
        assert run.properties is None or len(run.payloads) == 1
        assert all(0 <= index < len(run.payloads) for index in run.dups)
        assert b"\0\0" not in run.packet_ids
        dups = set(run.dups)
        for index, body in enumerate(run.payloads):
            packet_id = run.packet_ids[index] if run.qos else b""
            self.messages.append((run.topic, run.qos, body, packet_id, index in dups, run.retain, run.properties))
        if self.active and run.qos == 1:
            self.written += self.connection.pubacks(run.packet_ids[1:])
            self.written += self.connection.puback(run.packet_ids[0], ReasonCode.QUOTA_EXCEEDED, detail="full")
        elif self.active and run.qos == 2:
            self.written += self.connection.pubrecs(run.packet_ids[1:])
            self.written += self.connection.pubrec(run.packet_ids[0], ReasonCode.QUOTA_EXCEEDED, detail="full")

    def answer(self, event: Event) -> None:
        connection = self.connection
        if isinstance(event, Subscribed):
            packet = event.packet
            self.written += connection.suback(packet.packet_id, [one.qos for one in packet.subscriptions])
            self.deliver(packet.packet_id)
        elif isinstance(event, Unsubscribed):
            self.written += connection.unsuback(event.packet.packet_id, [0] * len(event.packet.filters))
        elif isinstance(event, AuthReceived):
            self.written += connection.challenge(b"more")

    def deliver(self, number: int) -> None:
        told = Properties(content_type="x") if self.connection.version == Version.V5 and number & 4 else None
        data = self.connection.deliver("c", b"d" * (number & 63), number % 3, number & 8 > 0, told)
        self.written += data or b""


def check_server(data: bytes, make: Make = ServerConnection) -> None:
    """Run one input; raises AssertionError, or whatever a connection should not have raised."""
    began = time.process_time()
    cursor = Cursor(data)
    version = VERSIONS[cursor.among(3)]
    settings = cursor.byte()
    limits = Limits(
        max_packet_size=(1024, 5000, 20_000, 1 << 20)[settings & 3],
        max_connect_size=(1024, 16 * 1024)[settings >> 2 & 1],
        receive_maximum=(1, 3, 20, 65_535)[settings >> 3 & 3],
        max_in_flight=(1, 2, 100, 65_534)[settings >> 5 & 3],
        topic_alias_maximum=16 if settings & 0x80 else 0,
        maximum_qos=2,
    )
    how = cursor.byte()
    if how & 0x80:
        limits = Limits(limits.max_packet_size, limits.max_connect_size, maximum_qos=how >> 3 & 1)
    pattern = cursor.take(4)
    late = cursor.among(8)
    opening = frames(version)[cursor.among(8)] if how & 1 else b""
    received = stream(cursor, version, opening=opening)
    refuse, resumed = how & 6 == 6, how & 8 > 0

    def driver(active: bool = False) -> Driver:
        return Driver(make(limits), _session(version, resumed), refuse=refuse, active=active)

    pieces = list(cuts(received, pattern))
    whole = driver()
    _play(whole, [received], 0)
    cut = driver()
    _play(cut, pieces, late)
    if not any(isinstance(event, ProtocolError) and TOO_EARLY in event.detail for event in whole.rest + cut.rest):
        assert cut.messages == whole.messages, "messages depend on how the stream was cut"
        assert cut.rest == whole.rest, f"events depend on how the stream was cut: {cut.rest} {whole.rest}"
        assert cut.replies == whole.replies, "replies depend on how the stream was cut"
        assert cut.connection.state is whole.connection.state
    active = driver(active=True)
    _play(active, pieces, late)
    for one in (whole, cut, active):
        packets_of(bytes(one.written), one.spoken)
        assert len(one.written) <= 64 * len(received) + 4096, "the answer outgrows the question"
    spent = time.process_time() - began
    assert spent < CPU_LIMIT_S, f"{spent:.2f} s of CPU for {len(received)} bytes"


def _play(driver: Driver, chunks: Iterable[bytes], late: int) -> None:
    """Feed everything; let the client in ``late`` chunks after it asked, at the end if it authenticates itself (who is
    let in before its AUTH was read is let in at another point of the conversation, which is no fault)."""
    wait = late
    for chunk in chunks:
        driver.feed(chunk)
        if driver.asked and (driver.connection.state is State.ASKED or driver.active):
            if not wait:
                driver.decide()
            wait -= 1
    driver.decide()


def _session(version: Version, resumed: bool) -> Session:
    session = Session()
    if resumed:
        session.in_flight = {
            1: Publish("r", b"1", 1, packet_id=1),
            2: Publish("r", b"2", 2, packet_id=2),
            3: None,
            4: Publish("r", b"4" * 50, 2, packet_id=4),
        }
        session.held = {b"\0\2": True, b"\0\3": False}
    return session
