"""Client and server joined in memory: bytes split anywhere, connections lost at any byte, packets repeated.

QoS 1 arrives at least once, QoS 2 exactly once, QoS 0 at most once, both ways, in order, and nothing is left behind.
With version 5 also: messages that are refused (PUBACK and PUBREC with an error) never count as taken, topic aliases of
both sides stand for the right topic, properties arrive unchanged, a message's expiry only falls, windows and the sizes
that the client takes change from connection to connection.
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
    Properties,
    ProtocolError,
    Publish,
    PublishRun,
    ReasonCode,
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
        self.now = 0
        self.up = bytearray()
        self.down = bytearray()
        self.published: dict[bytes, int] = {}
        self.delivered: dict[bytes, int] = {}
        self.topics: dict[bytes, tuple[str, bytes | None]] = {}
        self.expiry: dict[bytes, int] = {}
        self.refused: set[bytes] = set()
        self.withheld: set[bytes] = set()
        self.log: list[bytes] = []
        self.got: list[bytes] = []
        self.waiting: list[tuple[ServerConnection, PublishRun]] = []
        self.aliases: dict[str, int] = {}

    @initialize(version=st.sampled_from([Version.V311, Version.V5]), window=st.integers(1, 5))
    def begin(self, version: Version, window: int) -> None:
        self.session = Session()
        self.client = ClientConnection(Connect("me", version, clean_start=False), max_in_flight=window)
        self.v5 = version is Version.V5
        self.lose(0, window, window, 0, 0)

    @rule(
        kept=st.integers(0, 40),
        window=st.integers(1, 5),
        ours=st.integers(1, 5),
        aliases=st.integers(0, 2),
        largest=st.sampled_from([0, 0, 100]),
    )
    def lose(self, kept: int, window: int, ours: int, aliases: int, largest: int) -> None:
        """The connection dies; the server may still have read a few of the bytes under way. Terms may differ."""
        if kept:
            self.to_server(kept)
        self.server = ServerConnection(
            Limits(max_in_flight=window, receive_maximum=5, topic_alias_maximum=aliases, max_packet_size=4096)
        )
        if self.v5:
            self.client.connect.properties = Properties(
                receive_maximum=ours,
                topic_alias_maximum=aliases or None,
                maximum_packet_size=largest or None,
                session_expiry_interval=1000,
            )
            if largest:  # what is in flight and larger counts as delivered from here on
                flying = (packet for packet in self.session.in_flight.values() if packet is not None)
                self.withheld |= {packet.payload for packet in flying if len(packet.payload) > 40}
        self.window = min(window, ours) if self.v5 else window
        self.largest = largest if self.v5 else 0
        self.allowed = aliases
        self.aliases.clear()
        self.down.clear()
        self.up[:] = self.client.open()

    def to_server(self, count: int) -> None:
        data, self.up = bytes(self.up[:count]), self.up[count:]
        events = self.server.receive(data)
        while events:
            event = events.pop(0)
            assert not isinstance(event, ProtocolError), event
            if isinstance(event, Connected):
                self.down += self.server.accept(session=self.session, session_present=True, now=self.now)
                events += self.server.receive(b"")
            elif isinstance(event, PublishRun):
                for payload in event.payloads:
                    self.check_topic(payload, event)
                self.waiting.append((self.server, event))
            elif not isinstance(event, Acknowledged):
                self.down += event.answer  # type: ignore[union-attr]

    def to_client(self, count: int) -> None:
        data, self.down = bytes(self.down[:count]), self.down[count:]
        for event in self.client.receive(data):
            assert not isinstance(event, ProtocolError), event
            if isinstance(event, PublishRun):
                for payload in event.payloads:
                    self.check_topic(payload, event)
                    self.check_expiry(payload, event)
                self.got += event.payloads
            elif hasattr(event, "answer"):
                self.up += event.answer

    def check_topic(self, payload: bytes, run: PublishRun) -> None:
        correlation = None if run.properties is None else run.properties.correlation_data
        assert (run.topic, correlation) == self.topics[payload]

    def check_expiry(self, payload: bytes, run: PublishRun) -> None:
        left = None if run.properties is None else run.properties.message_expiry_interval
        assert (left is not None) == (self.v5 and payload in self.expiry)
        if left is not None:
            assert left <= self.expiry[payload]
            self.expiry[payload] = left

    @rule(count=st.integers(1, 200))
    def move_up(self, count: int) -> None:
        self.to_server(count)

    @rule(count=st.integers(1, 200))
    def move_down(self, count: int) -> None:
        self.to_client(count)

    @rule()
    def move_all(self) -> None:
        """Everything that is under way arrives; without it few runs get far."""
        self.to_server(len(self.up))
        self.to_client(len(self.down))

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000_000

    @precondition(lambda self: self.client.connected)
    @rule(
        qos=st.integers(0, 2),
        size=st.sampled_from([0, 5, 150]),
        topic=st.sampled_from(["a", "a", "b"]),
        correlation=st.sampled_from([None, None, b"", b"x"]),
        short=st.booleans(),
    )
    def publish(self, qos: int, size: int, topic: str, correlation: bytes | None, short: bool) -> None:
        """``short``: with an alias, where the server allows one; in the place of the topic, where it knows it."""
        self.count += 1
        payload = b"%d:" % self.count + bytes(size)
        properties = None
        if self.v5 and ((short and self.allowed) or correlation is not None):
            alias = self.aliases.get(topic, len(self.aliases) + 1) if short and self.allowed else None
            if alias is not None and alias > self.allowed:
                alias = None
            properties = Properties(correlation_data=correlation, topic_alias=alias)
        self.topics[payload] = topic, correlation if self.v5 else None
        if properties is not None and properties.topic_alias is not None and qos == 0:
            # what is sent again on another connection needs its topic: only QoS 0 goes without
            said = "" if topic in self.aliases else topic
            data = encode(Publish(said, payload, 0, properties=properties), Version.V5)
            self.aliases[topic] = properties.topic_alias
            self.published[payload] = 0
            self.up += data
            return
        if properties is not None:
            properties.topic_alias = None
        result = self.client.publish(topic, payload, qos, properties=properties)
        if result is not None:
            self.published[payload] = qos
            self.up += result[1]

    @precondition(lambda self: not self.v5 and self.client.connected and self.client.session.in_flight)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Some clients before version 5 send an unacknowledged message again on the same connection."""
        message = data.draw(st.sampled_from(list(self.client.session.in_flight.values())))
        if message is not None:
            message.dup = True
            self.up += encode(message, self.client.version)

    @precondition(lambda self: self.server.state is State.OPEN)
    @rule(
        qos=st.integers(0, 2),
        topic=st.sampled_from(["c", "d", "e"]),
        size=st.sampled_from([0, 0, 150]),
        expiry=st.sampled_from([None, None, 20]),
        correlation=st.sampled_from([None, b"y"]),
    )
    def deliver(self, qos: int, topic: str, size: int, expiry: int | None, correlation: bytes | None) -> None:
        self.count += 1
        payload = b"%d:" % self.count + bytes(size)
        properties = None
        if expiry is not None or correlation is not None:
            properties = Properties(message_expiry_interval=expiry, correlation_data=correlation)
        self.topics[payload] = topic, correlation if self.v5 else None
        expires_at = self.now + expiry * 1_000_000 if expiry is not None else 0
        if expiry is not None:
            self.expiry[payload] = expiry
        data = self.server.deliver(topic, payload, qos, False, properties, expires_at, now=self.now)
        if data is None:
            assert len(self.session.in_flight) >= self.window
            return
        if data == b"":
            assert self.largest and len(payload) > 40
            return
        assert not self.largest or len(data) <= self.largest
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

    @precondition(lambda self: self.v5 and self.waiting and self.waiting[0][0] is self.server)
    @rule()
    def refuse(self) -> None:
        """The log does not take them, and version 5 can say so: they are the client's again, who lets them go."""
        connection, run = self.waiting.pop(0)
        answer = connection.puback if run.qos == 1 else connection.pubrec
        for packet_id, payload in zip(run.packet_ids, run.payloads, strict=False):
            self.refused.add(payload)
            self.down += answer(packet_id, ReasonCode.QUOTA_EXCEEDED, detail="full")

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
        check(self.published, self.log, self.refused)
        check(self.delivered, self.got, self.withheld)
        for session in (self.session, self.client.session):
            assert session.in_flight == {}
            assert session.held == {}
        assert self.server.unanswered == 0


def check(promised: dict[bytes, int], arrived: list[bytes], excused: set[bytes]) -> None:
    """``excused``: they need not arrive, nor in order; at QoS 2 still not twice."""
    assert set(arrived) <= set(promised)
    for payload, qos in promised.items():
        times = arrived.count(payload)
        if payload in excused:
            assert times <= 1 or qos == 1
            continue
        assert times <= 1 if qos == 0 else times == 1 if qos == 2 else times >= 1, (payload, qos, times)
    for wanted in (1, 2):
        # what was refused, and the refusal lost, comes again behind what was taken meanwhile
        first = [each for each in dict.fromkeys(arrived) if promised[each] == wanted and each not in excused]
        assert first == [each for each in promised if promised[each] == wanted and each not in excused]


Joined.TestCase.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
TestJoined = Joined.TestCase
