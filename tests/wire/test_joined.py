"""Client and server joined in memory: bytes split anywhere, connections lost at any byte, packets repeated.

QoS 1 arrives at least once, QoS 2 exactly once, QoS 0 at most once, both ways, in order, and nothing is left behind.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from unisono.wire.mqtt import (
    Acknowledged,
    ClientConnection,
    Connect,
    Connected,
    Limits,
    ProtocolError,
    PublishRun,
    ServerConnection,
    Session,
    State,
    Version,
)
from unisono.wire.mqtt.codec import encode


class Joined(RuleBasedStateMachine):
    """``up`` and ``down`` are the bytes under way; ``log`` is what the server's driver made safe, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.up = bytearray()
        self.down = bytearray()
        self.published: dict[bytes, int] = {}
        self.delivered: dict[bytes, int] = {}
        self.log: list[bytes] = []
        self.got: list[bytes] = []
        self.waiting: list[tuple[ServerConnection, PublishRun]] = []

    @initialize(version=st.sampled_from([Version.V311, Version.V5]), window=st.integers(1, 5))
    def begin(self, version: Version, window: int) -> None:
        self.session = Session()
        self.client = ClientConnection(Connect("me", version, clean_start=False), max_in_flight=window)
        self.lose(0, window)

    @rule(kept=st.integers(0, 40), window=st.integers(1, 5))
    def lose(self, kept: int, window: int) -> None:
        """The connection dies; the server may still have read a few of the bytes under way. Windows may differ."""
        if kept:
            self.to_server(kept)
        self.server = ServerConnection(Limits(max_in_flight=window))
        self.down.clear()
        self.up[:] = self.client.open()

    def to_server(self, count: int) -> None:
        data, self.up = bytes(self.up[:count]), self.up[count:]
        events = self.server.receive(data)
        while events:
            event = events.pop(0)
            assert not isinstance(event, ProtocolError), event
            if isinstance(event, Connected):
                self.down += self.server.accept(session=self.session, session_present=True)
                events += self.server.receive(b"")
            elif isinstance(event, PublishRun):
                self.waiting.append((self.server, event))
            elif not isinstance(event, Acknowledged):
                self.down += event.answer  # type: ignore[union-attr]

    def to_client(self, count: int) -> None:
        data, self.down = bytes(self.down[:count]), self.down[count:]
        for event in self.client.receive(data):
            assert not isinstance(event, ProtocolError), event
            if isinstance(event, PublishRun):
                self.got += event.payloads
            elif hasattr(event, "answer"):
                self.up += event.answer

    @rule(count=st.integers(1, 200))
    def move_up(self, count: int) -> None:
        self.to_server(count)

    @rule(count=st.integers(1, 200))
    def move_down(self, count: int) -> None:
        self.to_client(count)

    @precondition(lambda self: self.client.connected)
    @rule(qos=st.integers(0, 2), size=st.sampled_from([0, 5, 150]), topic=st.sampled_from(["a", "a", "b"]))
    def publish(self, qos: int, size: int, topic: str) -> None:
        self.count += 1
        payload = b"%d:" % self.count + bytes(size)
        result = self.client.publish(topic, payload, qos)
        if result is not None:
            self.published[payload] = qos
            self.up += result[1]

    @precondition(lambda self: self.client.connected and self.client.session.in_flight)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Some clients send an unacknowledged message again on the same connection."""
        message = data.draw(st.sampled_from(list(self.client.session.in_flight.values())))
        if message is not None:
            message.dup = True
            self.up += encode(message, self.client.version)

    @precondition(lambda self: self.server.state is State.OPEN)
    @rule(qos=st.integers(0, 2))
    def deliver(self, qos: int) -> None:
        self.count += 1
        payload = b"%d" % self.count
        data = self.server.deliver("c", payload, qos)
        if data is not None:
            self.delivered[payload] = qos
            self.down += data

    @rule(count=st.integers(1, 3))
    def make_safe(self, count: int) -> None:
        """The log has them: answer, on the connection that the session has by now."""
        for _ in range(min(count, len(self.waiting))):
            connection, run = self.waiting.pop(0)
            self.log += run.payloads
            if run.qos == 1 and connection is self.server:
                self.down += connection.pubacks(run.packet_ids)
            elif run.qos == 2 and self.server.state is State.OPEN:
                self.down += self.server.pubrecs(run.packet_ids)
            elif run.qos == 2:
                self.session.mark_safe(run.packet_ids)

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        for _ in range(200):
            if not (self.up or self.down or self.waiting):
                break
            self.to_server(len(self.up))
            self.make_safe(len(self.waiting))
            self.to_client(len(self.down))
        else:
            raise AssertionError("the two never come to rest")
        check(self.published, self.log)
        check(self.delivered, self.got)
        for session in (self.session, self.client.session):
            assert session.in_flight == {}
            assert session.held == {}
        assert self.server.unanswered == 0


def check(promised: dict[bytes, int], arrived: list[bytes]) -> None:
    assert set(arrived) <= set(promised)
    for payload, qos in promised.items():
        times = arrived.count(payload)
        assert times <= 1 if qos == 0 else times == 1 if qos == 2 else times >= 1, (payload, qos, times)
    for wanted in (1, 2):
        first = [payload for payload in dict.fromkeys(arrived) if promised[payload] == wanted]
        assert first == [payload for payload in promised if promised[payload] == wanted]


Joined.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestJoined = Joined.TestCase
