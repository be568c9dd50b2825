"""The server's side, driven by bytes. Every scene is played whole, byte by byte, and with the next packet trailing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.strategies import packets, publishes
from unisono.errors import CallerError
from unisono.wire.mqtt import Limits, ServerConnection, Session, State
from unisono.wire.mqtt.codec import decode, encode
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
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
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
    Will,
)
from unisono.wire.mqtt.reason import ReasonCode
from unisono.wire.mqtt.server import NEVER_EXPIRES

V31, V4, V5 = Version.V31, Version.V311, Version.V5
Feed = Callable[[ServerConnection, bytes], list[Event]]


def feed_whole(connection: ServerConnection, data: bytes) -> list[Event]:
    return connection.receive(data)


def feed_bytes(connection: ServerConnection, data: bytes) -> list[Event]:
    return [event for byte in data for event in connection.receive(bytes((byte,)))]


def feed_trailing(connection: ServerConnection, data: bytes) -> list[Event]:
    """What follows is kept: a PINGREQ's first byte does no harm and is there when its second comes."""
    events = connection.receive(data + b"\xc0")
    if connection.state is State.OPEN:
        assert connection.receive(b"\x00") == [Pinged()]
    return events


@pytest.fixture(params=[feed_whole, feed_bytes, feed_trailing], ids=["whole", "bytes", "trailing"])
def feed(request: pytest.FixtureRequest) -> Feed:
    return request.param  # type: ignore[no-any-return]


def opened(
    version: Version = V4, limits: Limits | None = None, session: Session | None = None, **more: Any
) -> ServerConnection:
    connection = ServerConnection(limits or Limits())
    connection.receive(encode(Connect("me", version, **more), version))
    connection.accept(session=session, session_present=session is not None)
    return connection


def only_error(events: list[Event]) -> ProtocolError:
    assert len(events) == 1, events
    assert isinstance(events[0], ProtocolError)
    return events[0]


def flat(events: list[Event]) -> list[tuple[Any, ...]]:
    """Messages one by one, however they were cut into runs."""
    messages: list[tuple[Any, ...]] = []
    for event in events:
        if isinstance(event, PublishRun):
            ids = event.packet_ids or [b"\0\0"] * len(event.payloads)
            for index, (payload, packet_id) in enumerate(zip(event.payloads, ids, strict=True)):
                dup = index in event.dups
                messages.append((event.topic, event.qos, event.retain, dup, packet_id, payload, event.properties))
        else:
            messages.append((event,))
    return messages


# coming in ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V31, V4, V5])
def test_connect_is_told_and_accepted(feed: Feed, version: Version) -> None:
    connect = Connect("me", version, keep_alive=30, username="u", password=b"p")
    connection = ServerConnection(Limits())
    trailing = feed is feed_trailing
    assert feed(connection, encode(connect, version)) == [Connected(connect)]
    answer = decode(connection.accept(session_present=True), version)
    assert isinstance(answer, Connack)
    assert answer.session_present == (version != V31)
    assert connection.state is State.OPEN
    assert connection.receive(b"\0" if trailing else b"\xc0\0") == [Pinged()]


def test_version_5_is_told_our_limits() -> None:
    connection = ServerConnection(Limits(maximum_qos=1, receive_maximum=10, max_packet_size=2_048))
    connection.receive(encode(Connect("", V5, keep_alive=60), V5))
    told = Properties(reason_string="hello")
    data = connection.accept(assigned_client_id="x1", server_keep_alive=20, properties=told)
    assert decode(data, V5) == Connack(
        False,
        0,
        Properties(
            reason_string="hello",
            maximum_packet_size=2_048,
            topic_alias_maximum=16,
            receive_maximum=10,
            maximum_qos=1,
            assigned_client_identifier="x1",
            server_keep_alive=20,
        ),
    )
    assert told == Properties(reason_string="hello")  # the driver's own stays as it was
    assert connection.keep_alive == 20


def test_packets_behind_connect_wait_for_the_decision(feed: Feed) -> None:
    """3.1.1 section 3.1.4: a client need not wait for CONNACK."""
    connection = ServerConnection(Limits())
    early = encode(Publish("a", b"x"), V4)
    assert len(feed(connection, encode(Connect("me"), V4) + early)) == 1
    connection.accept()
    assert [event.topic for event in connection.receive(b"") if isinstance(event, PublishRun)] == ["a"]


def test_packets_behind_connect_are_not_read_when_refused() -> None:
    """MQTT-3.1.4-5 (3.1.1)."""
    connection = ServerConnection(Limits())
    connection.receive(encode(Connect("me"), V4) + encode(Publish("a", b"x"), V4))
    assert connection.refuse(ReasonCode.NOT_AUTHORIZED) == b"\x20\x02\0\x05"
    assert connection.receive(b"\xc0\0") == []


def test_what_waits_for_the_decision_is_bounded() -> None:
    connection = ServerConnection(Limits(max_connect_size=1_024))
    connection.receive(encode(Connect("me"), V4))
    assert connection.receive(bytes(1_024)) == []
    assert only_error(connection.receive(b"\0")).reason_code == ReasonCode.QUOTA_EXCEEDED


@pytest.mark.parametrize(
    "first", [b"\xc0\0", b"\x30\x03\0\x01a", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"\0", b"\x11"]
)
def test_first_packet_must_be_connect(first: bytes) -> None:
    """MQTT-3.1.0-1; turned away at the first byte."""
    for data in (first, first[:1]):
        error = only_error(ServerConnection(Limits()).receive(data))
        assert "MQTT-3.1.0-1" in error.detail
        assert error.answer == b""


@pytest.mark.parametrize("version", [V4, V5])
def test_second_connect(feed: Feed, version: Version) -> None:
    """MQTT-3.1.0-2."""
    connection = opened(version)
    if feed is feed_trailing:
        feed = feed_whole
    error = only_error(feed(connection, encode(Connect("me", version), version)))
    assert "MQTT-3.1.0-2" in error.detail
    if version == V5:
        packet = decode(error.answer, V5)
        assert isinstance(packet, Disconnect)
        assert packet.reason == ReasonCode.PROTOCOL_ERROR
    else:
        assert error.answer == b""


def test_unsupported_level_is_answered() -> None:
    """MQTT-3.1.2-2: in the form that who asks is likelier to understand."""
    for level, answer in ((1, b"\x20\x02\0\x01"), (6, b"\x20\x03\0\x84\0"), (0x85, b"\x20\x02\0\x01")):
        hello = b"\x10\x0c\0\x04MQTT" + bytes((level,)) + b"\x02\0\0\0\0"
        error = only_error(ServerConnection(Limits()).receive(hello))
        assert error.answer == answer and error.reason_code == ReasonCode.UNSUPPORTED_PROTOCOL_VERSION
    error = only_error(ServerConnection(Limits()).receive(b"\x10\x0c\0\x04MQTX\x04\x02\0\0\0\0"))
    assert error.answer == b""


def test_empty_client_id() -> None:
    """3.1.1 MQTT-3.1.3-7, -8; allowed with a clean session, and always in version 5."""
    error = only_error(ServerConnection(Limits()).receive(encode(Connect("", V4, clean_start=False), V4)))
    assert error.answer == b"\x20\x02\0\x02"
    for connect in (Connect("", V4, clean_start=True), Connect("", V5, clean_start=False)):
        assert ServerConnection(Limits()).receive(encode(connect, V4)) == [Connected(connect)]


def test_will_beyond_our_qos() -> None:
    """MQTT-3.2.2-12."""
    connect = Connect("a", V5, will=Will("t", b"", 2))
    error = only_error(ServerConnection(Limits(maximum_qos=1)).receive(encode(connect, V5)))
    answer = decode(error.answer, V5)
    assert isinstance(answer, Connack)
    assert answer.reason == error.reason_code == ReasonCode.QOS_NOT_SUPPORTED
    assert len(ServerConnection(Limits()).receive(encode(connect, V5))) == 1


@pytest.mark.parametrize("version", [V4, V5])
def test_refusal(version: Version) -> None:
    connection = ServerConnection(Limits())
    connection.receive(encode(Connect("a", version), version))
    answer = decode(connection.refuse(ReasonCode.BAD_USER_NAME_OR_PASSWORD, detail="no"), version)
    assert isinstance(answer, Connack)
    assert answer.reason == (0x86 if version == V5 else 4)
    assert (answer.properties is not None) == (version == V5)
    with pytest.raises(CallerError):
        connection.accept()
    with pytest.raises(CallerError):
        connection.refuse(ReasonCode.BANNED)


def test_session_expiry() -> None:
    assert opened(V4, clean_start=False).session_expiry == NEVER_EXPIRES
    assert opened(V4).session_expiry == 0
    assert opened(V5).session_expiry == 0
    assert opened(V5, properties=Properties(session_expiry_interval=7)).session_expiry == 7


def test_deadline() -> None:
    """MQTT-3.1.2-22."""
    assert ServerConnection(Limits(connect_timeout_s=3)).deadline(100.0) == 103.0
    assert opened(keep_alive=10).deadline(100.0) == 115.0
    assert opened(keep_alive=0).deadline(100.0) == math.inf


def test_limits_must_be_usable() -> None:
    with pytest.raises(CallerError):
        Limits(max_packet_size=100)
    with pytest.raises(CallerError):
        Limits(max_in_flight=70_000)


# authentication -------------------------------------------------------------------------------------------------------

METHOD = Properties(authentication_method="K")


def auth(reason: int, method: str | None = "K", data: bytes | None = b"d") -> bytes:
    given = Properties(authentication_method=method, authentication_data=data if method else None)
    return encode(Auth(reason, given if method else None), V5)


def test_enhanced_authentication(feed: Feed) -> None:
    connection = ServerConnection(Limits())
    if feed is feed_trailing:
        feed = feed_whole
    assert isinstance(feed(connection, encode(Connect("a", V5, properties=METHOD), V5))[0], Connected)
    assert connection.state is State.AUTHENTICATING
    assert connection.challenge(b"c") == encode(
        Auth(0x18, Properties(authentication_method="K", authentication_data=b"c")), V5
    )
    events = feed(connection, auth(0x18))
    assert isinstance(events[0], AuthReceived)
    answer = decode(connection.accept(), V5)
    assert isinstance(answer, Connack)
    assert answer.properties is not None
    assert answer.properties.authentication_method == "K"
    assert isinstance(feed(connection, auth(0x19))[0], AuthReceived)


@pytest.mark.parametrize(
    ("data", "clause"),
    [
        (encode(Publish("a"), V5), "MQTT5 4.13"),
        (auth(0x19), "MQTT-4.12.1-1"),
        (auth(0x18, "other"), "MQTT-4.12.0-5"),
        (auth(0x00, None), "MQTT-4.12.0-5"),
    ],
)
def test_while_authenticating(data: bytes, clause: str) -> None:
    """MQTT-3.1.2-30 and section 4.12."""
    connection = ServerConnection(Limits())
    connection.receive(encode(Connect("a", V5, properties=METHOD), V5))
    error = only_error(connection.receive(data))
    assert clause in error.detail
    answer = decode(error.answer, V5)
    assert isinstance(answer, Connack)
    assert answer.reason >= 0x80


def test_auth_without_method() -> None:
    assert "MQTT-4.12.0-5" in only_error(opened(V5).receive(auth(0x19))).detail


def test_disconnect_while_authenticating() -> None:
    connection = ServerConnection(Limits())
    connection.receive(encode(Connect("a", V5, properties=METHOD), V5))
    assert connection.receive(b"\xe0\0") == [Disconnected(False, Disconnect())]


# leaving --------------------------------------------------------------------------------------------------------------


def test_disconnect(feed: Feed) -> None:
    connection = opened()
    assert feed(connection, b"\xe0\0") == [Disconnected(False, Disconnect())]
    assert connection.receive(b"\xc0\0") == []


def test_disconnect_with_will(feed: Feed) -> None:
    connection = opened(V5, properties=Properties(session_expiry_interval=5))
    goodbye = Disconnect(0x04, Properties(session_expiry_interval=9))
    assert feed(connection, encode(goodbye, V5)) == [Disconnected(True, goodbye)]
    assert connection.session_expiry == 9


def test_session_expiry_cannot_begin_at_the_end() -> None:
    goodbye = encode(Disconnect(0, Properties(session_expiry_interval=9)), V5)
    assert "3.14.2.2.2" in only_error(opened(V5).receive(goodbye)).detail
    shorter = encode(Disconnect(0, Properties(session_expiry_interval=0)), V5)
    connection = opened(V5, properties=Properties(session_expiry_interval=5))
    assert isinstance(connection.receive(shorter)[0], Disconnected)
    assert connection.session_expiry == 0


def test_server_disconnects() -> None:
    assert opened(V4).disconnect(ReasonCode.SESSION_TAKEN_OVER) == b""
    connection = opened(V5)
    assert decode(connection.disconnect(ReasonCode.SESSION_TAKEN_OVER, detail="twin"), V5) == Disconnect(
        0x8E, Properties(reason_string="twin")
    )
    assert connection.state is State.CLOSED
    assert connection.disconnect(ReasonCode.SESSION_TAKEN_OVER) == b""
    assert ServerConnection(Limits()).disconnect(ReasonCode.SERVER_SHUTTING_DOWN) == b""


@pytest.mark.parametrize("version", [V4, V5])
def test_server_disconnects_before_it_accepted(version: Version) -> None:
    connection = ServerConnection(Limits())
    connection.receive(encode(Connect("a", version), version))
    data = connection.disconnect(ReasonCode.SERVER_SHUTTING_DOWN)
    if version == V5:  # a reason that CONNACK does not know
        assert decode(data, V5) == Connack(False, ReasonCode.UNSPECIFIED_ERROR)
    else:
        assert data == b""
    assert connection.state is State.CLOSED


def test_details_are_told_only_where_they_may_be() -> None:
    """MQTT-3.1.2-29, MQTT-3.4.2-2, MQTT-3.14.2-3."""
    asked = opened(V5)
    told = decode(asked.puback(b"\0\1", ReasonCode.NOT_AUTHORIZED, detail="no"), V5)
    assert told == Puback(1, 0x87, Properties(reason_string="no"))
    terse = opened(V5, properties=Properties(request_problem_information=0))
    assert decode(terse.puback(b"\0\1", ReasonCode.NOT_AUTHORIZED, detail="no"), V5) == Puback(1, 0x87)
    assert decode(terse.disconnect(ReasonCode.SERVER_BUSY, detail="no"), V5) == Disconnect(
        0x89, Properties(reason_string="no")
    )
    small = opened(V5, properties=Properties(maximum_packet_size=14))
    assert decode(small.disconnect(ReasonCode.BANNED, detail="much too long"), V5) == Disconnect(0x80)


# subscriptions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V4, V5])
def test_subscribing(feed: Feed, version: Version) -> None:
    connection = opened(version)
    wanted = Subscribe(7, [Subscription("a/#", 1), Subscription("b")])
    assert feed(connection, encode(wanted, version)) == [Subscribed(wanted)]
    answer = decode(connection.suback(7, [1, ReasonCode.NOT_AUTHORIZED]), version)
    assert answer == Suback(7, [1, 0x87 if version == V5 else 0x80])
    gone = Unsubscribe(8, ["a/#"])
    assert feed(connection, encode(gone, version)) == [Unsubscribed(gone)]
    assert decode(connection.unsuback(8, [0x11]), version) == Unsuback(8, [0x11] if version == V5 else [])


def test_packets_of_a_server_are_refused() -> None:
    some: list[Packet] = [Connack(), Suback(1, [0])]
    for packet in some:
        assert only_error(opened().receive(encode(packet, V4))).reason_code == ReasonCode.PROTOCOL_ERROR


# messages of the client -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V4, V5])
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("size", [0, 60, 200, 17_000])
def test_a_run(feed: Feed, version: Version, qos: int, size: int) -> None:
    connection = opened(version)
    messages = [Publish("a/b", bytes([65 + n]) * size, qos, packet_id=qos and n + 1) for n in range(3)]
    events = feed(connection, b"".join(encode(message, version) for message in messages))
    ids = [(n + 1).to_bytes(2, "big") for n in range(3)] if qos else []
    if feed is not feed_bytes:
        assert events == [PublishRun("a/b", qos, [m.payload for m in messages], ids, [], False, None)]
    assert [row[5] for row in flat(events)] == [message.payload for message in messages]
    assert connection.unanswered == len(ids)
    if qos == 1:
        assert connection.pubacks(ids) == b"".join(encode(Puback(n + 1), version) for n in range(3))
    elif qos == 2:
        assert connection.pubrecs(ids) == b"".join(encode(Pubrec(n + 1), version) for n in range(3))
    assert connection.unanswered == 0


def test_runs_keep_the_order() -> None:
    """Topic, QoS, RETAIN, properties and other packets part runs; DUP does not."""
    one = Publish("a", b"1", 1, packet_id=1)
    given: list[Packet] = [
        one,
        Publish("a", b"2", 1, packet_id=2, dup=True),
        Publish("a", b"3", 1, packet_id=3),
        Publish("a", b"4", 1, retain=True, packet_id=4),
        Publish("a", b"5"),
        Publish("b", b"6"),
        Publish("b", b"7", properties=Properties(content_type="x")),
        Publish("b", b"8"),
        Pingreq(),
        Publish("b", b"9"),
        Publish("a" * 300, b"10"),
        Publish("a" * 300, b"11"),
    ]
    events = opened(V5).receive(b"".join(encode(packet, V5) for packet in given))
    assert events[0] == PublishRun("a", 1, [b"1", b"2", b"3"], [b"\0\1", b"\0\2", b"\0\3"], [1], False, None)
    payloads = [event.payloads if isinstance(event, PublishRun) else None for event in events]
    assert payloads[1:] == [[b"4"], [b"5"], [b"6"], [b"7"], [b"8"], None, [b"9"], [b"10", b"11"]]


@pytest.mark.parametrize("version", [V4, V5])
@settings(max_examples=150)
@given(data=st.data())
def test_the_hot_path_reads_what_the_careful_one_reads(version: Version, data: st.DataObject) -> None:
    """Any messages, cut anywhere: the same as decoding packet by packet."""
    some = st.one_of(
        st.builds(Publish, st.sampled_from(["t", "uv"]), st.binary(max_size=5)),
        st.builds(
            lambda packet_id, dup, size: Publish("t", b"x" * size, 1, False, dup, packet_id),
            st.integers(1, 9),
            st.booleans(),
            st.sampled_from([0, 3, 121, 122, 123, 124, 200]),
        ),
        publishes(version).filter(lambda packet: packet.qos < 2),
    )
    given = data.draw(st.lists(some, max_size=12))
    for packet in given:
        if packet.properties is not None:
            packet.properties.topic_alias = None
            packet.properties.subscription_identifiers = ()
            if packet.properties == Properties():
                packet.properties = None
    stream = b"".join(encode(packet, version) for packet in given)
    connection = opened(version)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    events = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += connection.receive(stream[begin:end])
    assert flat(events) == [
        (p.topic, p.qos, p.retain, p.dup, p.packet_id.to_bytes(2, "big"), p.payload, p.properties) for p in given
    ]


LIES = [
    ("length beyond the topic", V4, b"\x32\x04\0\x01a\0" + b"\x32\x06\0\x01a\0\1x", "4.13.1"),
    ("id cut", V4, b"\x32\x03\0\x01a" + b"\x32\x06\0\x01a\0\1x", "4.13.1"),
    ("property length cut", V5, b"\x32\x05\0\x01a\0\1" + b"\x32\x07\0\x01a\0\1\0x", "4.13.1"),
    ("property length cut, QoS 0", V5, b"\x30\x03\0\x01a" + b"\x30\x04\0\x01a\0", "4.13.1"),
    ("packet id 0", V4, b"\x32\x05\0\x01a\0\0", "MQTT-2.2.1-3"),
    ("packet id 0 in a run", V4, b"\x32\x05\0\x01a\0\0" * 2, "MQTT-2.2.1-3"),
    ("packet id 0 at QoS 2", V4, b"\x34\x05\0\x01a\0\0", "MQTT-2.2.1-3"),
    ("QoS 3", V4, b"\x36\x05\0\x01a\0\1", "MQTT-3.3.1-4"),
    ("wildcard", V4, b"\x32\x05\0\x01#\0\1", "MQTT-3.3.2-2"),
    ("no topic", V4, b"\x30\x02\0\0", "MQTT-4.7.3-1"),
    ("bad UTF-8", V4, b"\x30\x05\0\x03\xed\xa0\x80", "MQTT-1.5.4-1"),
    ("five bytes of length", V4, b"\x30\xff\xff\xff\xff\x7f", "MQTT5 1.5.5"),
    ("subscription identifier", V5, b"\x30\x06\0\x01a\x02\x0b\x01", "MQTT-3.3.4-6"),
]


@pytest.mark.parametrize(("version", "data", "clause"), [row[1:] for row in LIES], ids=[row[0] for row in LIES])
@pytest.mark.parametrize("good", [0, 1, 3])
def test_what_came_before_a_fault_is_told(version: Version, data: bytes, clause: str, good: int) -> None:
    connection = opened(version)
    before = b"".join(encode(Publish("a", b"ok", 1, packet_id=n + 1), version) for n in range(good))
    events = connection.receive(before + data + b"\xc0\0")
    assert [row[5] for row in flat(events[:-1])] == [b"ok"] * good
    error = events[-1]
    assert isinstance(error, ProtocolError)
    assert clause in error.detail
    assert connection.receive(b"\xc0\0") == []


def test_a_packet_too_large_is_refused_at_its_announcement() -> None:
    """256 MB announced: nothing is kept."""
    for version, limits in ((V4, Limits()), (V5, Limits(max_packet_size=2_000))):
        connection = opened(version, limits)
        error = only_error(connection.receive(b"\x30\xff\xff\xff\x7f"))
        assert (error.reason_code, error.code) == (ReasonCode.PACKET_TOO_LARGE, "too_large")
    connection = opened(V4, Limits(max_packet_size=2_000))
    largest = encode(Publish("a", bytes(2_000 - 6)), V4)
    assert len(largest) == 2_000
    assert len(flat(connection.receive(largest * 2))) == 2
    assert isinstance(connection.receive(encode(Publish("a", bytes(2_000 - 5)), V4))[0], ProtocolError)
    stranger = ServerConnection(Limits())
    assert only_error(stranger.receive(b"\x10\x81\x80\x04")).reason_code == ReasonCode.PACKET_TOO_LARGE


def test_a_large_packet_byte_by_byte_is_linear() -> None:
    connection = opened()
    whole = encode(Publish("a", bytes(200_000), 1, packet_id=1), V4)
    events: list[Event] = []
    for byte in whole:
        events += connection.receive(bytes((byte,)))
    assert flat(events) == [("a", 1, False, False, b"\0\1", bytes(200_000), None)]


def test_topic_aliases() -> None:
    """Section 3.3.2.3.4: set, used, set anew; the driver never sees them."""

    def aliased(topic: str, alias: int, **more: Any) -> bytes:
        return encode(Publish(topic, b"x", properties=Properties(topic_alias=alias, **more)), V5)

    connection = opened(V5)
    events = connection.receive(aliased("a", 1) + aliased("", 1) + aliased("b", 1) + aliased("", 1, content_type="c"))
    assert [(row[0], row[6]) for row in flat(events)] == [
        ("a", None),
        ("a", None),
        ("b", None),
        ("b", Properties(content_type="c")),
    ]
    assert only_error(opened(V5).receive(aliased("a", 0))).reason_code == ReasonCode.TOPIC_ALIAS_INVALID
    assert only_error(opened(V5).receive(aliased("a", 17))).reason_code == ReasonCode.TOPIC_ALIAS_INVALID
    assert only_error(opened(V5).receive(aliased("", 2))).reason_code == ReasonCode.PROTOCOL_ERROR


@pytest.mark.parametrize("version", [V4, V5])
def test_qos_beyond_the_limit(version: Version) -> None:
    error = only_error(
        opened(version, Limits(maximum_qos=1)).receive(encode(Publish("a", b"", 2, packet_id=1), version))
    )
    assert error.reason_code == ReasonCode.QOS_NOT_SUPPORTED


@pytest.mark.parametrize("topics", [["a"] * 12, ["a", "b"] * 6])
@pytest.mark.parametrize("qos", [1, 2])
def test_receive_maximum(topics: list[str], qos: int) -> None:
    """MQTT-3.3.4-7 (client), told as "receive maximum exceeded" with what fitted before it."""
    stream = [Publish(topic, b"x", qos, packet_id=n + 1) for n, topic in enumerate(topics)]
    connection = opened(V5, Limits(receive_maximum=10))
    events = connection.receive(b"".join(encode(packet, V5) for packet in stream))
    assert len(flat(events)) == 11
    assert isinstance(events[-1], ProtocolError)
    assert events[-1].reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED
    older = opened(V4, Limits(receive_maximum=10))
    assert len(flat(older.receive(b"".join(encode(packet, V4) for packet in stream)))) == 12
    assert older.unanswered == 12


def test_receive_maximum_at_the_next_message() -> None:
    connection = opened(V5, Limits(receive_maximum=1))
    first, second = (encode(Publish("a", b"x", 1, packet_id=n), V5) for n in (1, 2))
    assert len(connection.receive(first)) == 1
    assert isinstance(only_error(connection.receive(second)), ProtocolError)
    connection = opened(V5, Limits(receive_maximum=1))
    connection.receive(first)
    connection.pubacks([b"\0\1"])
    assert len(flat(connection.receive(second))) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_receive_maximum_counts_what_is_not_released(number: int) -> None:
    """MQTT-3.3.4-7: PUBREC frees no room, PUBCOMP does - also for a message of an earlier connection."""
    session = Session()
    session.held[b"\0\x09"] = True
    connection = opened(V5, Limits(receive_maximum=1), session=session, clean_start=False)
    connection.receive(encode(Publish("a", b"x", 2, packet_id=1), V5))
    connection.pubrecs([b"\0\1"])
    if number == 1:
        error = only_error(connection.receive(encode(Publish("a", b"x", 1, packet_id=2), V5)))
        assert error.reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED
        return
    connection.receive(encode(Pubrel(1), V5))
    assert len(flat(connection.receive(encode(Publish("a", b"x", 1, packet_id=2), V5)))) == 1
    fresh = opened(V5)
    assert fresh.receive(encode(Pubrel(1), V5)) == [Released([b"\0\1"], encode(Pubcomp(1, 0x92), V5))]


@pytest.mark.parametrize("topics", [["a", "a", "a"], ["a", "b", "c"]])
def test_an_id_that_a_qos_2_message_bears_is_in_use(topics: list[str]) -> None:
    """MQTT-2.2.1-3; before version 5 there is no way to say so."""
    for version in (V4, V5):
        session = Session()
        session.held[b"\0\2"] = True
        connection = opened(version, session=session, clean_start=False)
        stream = [Publish(topic, b"x", 1, packet_id=n + 1) for n, topic in enumerate(topics)]
        rows = flat(connection.receive(b"".join(encode(packet, version) for packet in stream)))
        taken = [row[4] for row in rows if len(row) > 1]
        assert len(taken) == (3 if version == V4 else 2)
        replies = [row[0] for row in rows if len(row) == 1]
        assert replies == ([Reply(encode(Puback(2, 0x91), V5))] if version == V5 else [])
        assert connection.unanswered == len(taken)
        only = connection.receive(encode(Publish("a", b"x", 1, packet_id=2), V5 if version == V5 else V4))
        assert [type(event) for event in only] == ([Reply] if version == V5 else [PublishRun])


def test_subscribing_with_an_id_that_is_in_use() -> None:
    session = Session()
    session.held[b"\0\7"] = True
    for version in (V4, V5):
        connection = opened(version, session=session, clean_start=False)
        some: list[tuple[Packet, Packet, type]] = [
            (Subscribe(7, [Subscription("a"), Subscription("b")]), Suback(7, [0x91, 0x91]), Subscribed),
            (Unsubscribe(7, ["a"]), Unsuback(7, [0x91]), Unsubscribed),
        ]
        for asked, answer, kind in some:
            (event,) = connection.receive(encode(asked, version))
            assert event == Reply(encode(answer, V5)) if version == V5 else type(event) is kind


# QoS 2 from the client ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V4, V5])
def test_qos_2_is_told_once(version: Version) -> None:
    """MQTT-4.3.3-10: until PUBREL the same id is the same message."""
    connection = opened(version)
    message = Publish("a", b"x", 2, packet_id=5)
    again = Publish("a", b"x", 2, packet_id=5, dup=True)
    assert len(connection.receive(encode(message, version))) == 1
    assert connection.receive(encode(again, version)) == []  # not safe yet: PUBREC will come
    assert connection.pubrecs([b"\0\5"]) == encode(Pubrec(5), version)
    assert connection.receive(encode(again, version)) == [Reply(encode(Pubrec(5), version))]
    other = Publish("a", b"y", 2, packet_id=6)
    events = connection.receive(encode(message, version) + encode(other, version))
    assert [type(event) for event in events] == [PublishRun, Reply] or [type(event) for event in events] == [
        Reply,
        PublishRun,
    ]
    assert [row[5] for row in flat(events) if len(row) > 1] == [b"y"]
    release = encode(Pubrel(5), version)
    events = connection.receive(release * 2)
    code = ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
    assert events == [Released([b"\0\5", b"\0\5"], encode(Pubcomp(5), version) + encode(Pubcomp(5, code), version))]
    assert len(flat(connection.receive(encode(message, version)))) == 1


def test_qos_2_duplicates_inside_a_run() -> None:
    connection = opened(V4)
    one, two = (encode(Publish("a", b"xyz", 2, packet_id=n), V4) for n in (1, 2))
    dup = encode(Publish("a", b"xyz", 2, packet_id=1, dup=True), V4)
    events = connection.receive(one + two + one + dup)
    assert events == [PublishRun("a", 2, [b"xyz", b"xyz"], [b"\0\1", b"\0\2"], [], False, None)]
    assert connection.unanswered == 2
    connection.pubrecs([b"\0\1"])
    assert connection.receive(one + two) == [Reply(b"\x50\2\0\1")]
    assert connection.receive(dup) == [Reply(b"\x50\2\0\1")]


def test_qos_2_is_told_once_over_connections() -> None:
    session = Session()
    first = opened(V4, session=session, clean_start=False)
    message = encode(Publish("a", b"x", 2, packet_id=5), V4)
    assert len(first.receive(message)) == 1
    second = opened(V4, session=session, clean_start=False)
    assert second.receive(message) == []
    assert second.pubrecs([b"\0\5"]) == b"\x50\2\0\5"
    assert second.unanswered == 0
    third = opened(V4, session=session, clean_start=False)
    assert third.receive(message) == [Reply(b"\x50\2\0\5")]


@pytest.mark.parametrize("version", [V4, V5])
def test_qos_2_refused(version: Version) -> None:
    """MQTT-4.3.3-9: PUBREC with an error ends it; version 3.1.1 cannot say so."""
    connection = opened(version)
    message = encode(Publish("a", b"x", 2, packet_id=5), version)
    connection.receive(message)
    answer = decode(connection.pubrec(b"\0\5", ReasonCode.NOT_AUTHORIZED), version)
    assert answer == Pubrec(5, 0x87 if version == V5 else 0)
    assert bool(flat(connection.receive(message))[0][1:]) == (version == V5)
    connection.receive(encode(Publish("a", b"x", 2, packet_id=6), version))
    assert decode(connection.pubrec(b"\0\6", ReasonCode.NO_MATCHING_SUBSCRIBERS), version)
    assert connection.session.held[b"\0\6"]


# messages of ours -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V4, V5])
def test_delivery(version: Version) -> None:
    connection = opened(version)
    given = Properties(content_type="x")
    for qos in (0, 1, 2):
        data = connection.deliver("a", b"x", qos, True, given)
        assert data is not None
        assert decode(data, version) == Publish("a", b"x", qos, True, False, qos, given if version == V5 else None)
    assert connection.receive(encode(Puback(1), version)) == [Acknowledged([1])]
    assert connection.receive(encode(Pubrec(2), version)) == [Reply(encode(Pubrel(2), version), [2])]
    assert connection.receive(encode(Pubcomp(2), version)) == [Acknowledged([2])]
    assert connection.session.in_flight == {}


def test_delivery_window() -> None:
    """MQTT-3.3.4-9: no more than the client's receive maximum without its answer."""
    connection = opened(V5, properties=Properties(receive_maximum=2))
    assert connection.deliver("a", b"", 1)
    assert connection.deliver("a", b"", 2)
    assert connection.deliver("a", b"", 1) is None
    assert connection.deliver("a", b"", 0)
    assert connection.receive(encode(Puback(1), V5)) == [Acknowledged([1])]
    assert connection.deliver("a", b"", 1)
    assert list(connection.session.in_flight) == [2, 3]


def test_delivery_beyond_the_clients_packet_size() -> None:
    """MQTT-3.1.2-25."""
    connection = opened(V5, properties=Properties(maximum_packet_size=20))
    assert connection.deliver("a", bytes(30), 0) == b""
    assert connection.deliver("a", bytes(30), 1) == b""
    assert connection.session.in_flight == {}
    assert connection.deliver("a", b"", 1)


def test_nothing_is_larger_than_the_client_takes() -> None:
    """MQTT-3.1.2-24: CONNACK, SUBACK, UNSUBACK, and what a resumed session is sent again."""
    refused = ServerConnection(Limits())
    refused.receive(encode(Connect("me", V5, properties=Properties(maximum_packet_size=10)), V5))
    assert decode(refused.accept(), V5) == Connack(False, ReasonCode.PACKET_TOO_LARGE)
    assert refused.state is State.CLOSED
    silent = ServerConnection(Limits())
    silent.receive(encode(Connect("me", V5, properties=Properties(maximum_packet_size=4)), V5))
    assert silent.accept() == b""
    for packet in (Subscribe(1, [Subscription("a")] * 20), Unsubscribe(1, ["a"] * 20)):
        connection = opened(V5, properties=Properties(maximum_packet_size=20))
        assert only_error(connection.receive(encode(packet, V5))).reason_code == ReasonCode.PACKET_TOO_LARGE
    session = Session()
    first = opened(V5, session=session, clean_start=False)
    for size in (30, 1, 30, 2):
        first.deliver("a", bytes(size), 1)
    second = ServerConnection(Limits())
    small = Properties(maximum_packet_size=20, receive_maximum=1)
    second.receive(encode(Connect("me", V5, clean_start=False, properties=small), V5))
    data = second.accept(session=session, session_present=True)
    assert data.endswith(encode(Publish("a", bytes(1), 1, False, True, 2), V5))
    assert second.receive(encode(Puback(2), V5)) == [
        Acknowledged([2]),
        Reply(encode(Publish("a", bytes(2), 1, False, True, 4), V5)),
    ]
    assert list(session.in_flight) == [4]


def test_what_became_too_large_at_qos_2_is_released() -> None:
    """MQTT-3.1.2-25: the client may have its id since the last connection, and would take the next one for the same."""
    session = Session()
    opened(V5, session=session, clean_start=False).deliver("a", bytes(30), 2)
    second = ServerConnection(Limits())
    small = Properties(maximum_packet_size=20)
    second.receive(encode(Connect("me", V5, clean_start=False, properties=small), V5))
    assert second.accept(session=session, session_present=True).endswith(encode(Pubrel(1), V5))
    assert second.receive(encode(Pubcomp(1, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND), V5)) == [Acknowledged([1])]
    assert session.in_flight == {}


def test_topic_aliases_to_the_client() -> None:
    """MQTT-3.1.2-26, -27, MQTT-3.3.2-11: only within its maximum; the one least recently used gives way."""
    connection = opened(V5, properties=Properties(topic_alias_maximum=2, maximum_packet_size=40))

    def sent(topic: str, qos: int = 0, payload: bytes = b"x") -> tuple[str, int | None]:
        data = connection.deliver(topic, payload, qos)
        assert data
        packet = decode(data, V5)
        assert isinstance(packet, Publish)
        return packet.topic, None if packet.properties is None else packet.properties.topic_alias

    assert [sent("first"), sent("second", 1), sent("first", 2)] == [("first", 1), ("second", 2), ("", 1)]
    assert [sent("third"), sent("first"), sent("second")] == [("third", 2), ("", 1), ("second", 2)]
    assert connection.deliver("fourth", bytes(50)) == b""
    assert sent("fourth", payload=bytes(29)) == ("fourth", None), "it fits without an alias only"
    assert sent("fourth") == ("fourth", 1)
    plain = opened(V5)
    data = plain.deliver("first", b"x")
    assert data is not None and decode(data, V5) == Publish("first", b"x")
    wide = opened(V5, properties=Properties(topic_alias_maximum=2))
    long = "l" * 300
    data = wide.deliver(long, b"x")
    assert data is not None and decode(data, V5) == Publish(long, b"x")
    again = opened(V5, properties=Properties(topic_alias_maximum=9), session=connection.session, clean_start=False)
    assert list(again.session.in_flight.values()) == list(connection.session.in_flight.values())


def test_a_resumed_session_uses_no_alias_of_the_last_connection() -> None:
    """MQTT-3.3.2-7."""
    session = Session()
    aliases = Properties(topic_alias_maximum=5)
    first = opened(V5, session=session, clean_start=False, properties=aliases)
    first.deliver("a", b"1", 1)
    first.deliver("a", b"2", 1)
    second = ServerConnection(Limits())
    second.receive(encode(Connect("me", V5, clean_start=False, properties=aliases), V5))
    data = second.accept(session=session, session_present=True)
    expected = [
        Publish("a", b"1", 1, False, True, 1, Properties(topic_alias=1)),
        Publish("", b"2", 1, False, True, 2, Properties(topic_alias=1)),
    ]
    assert data.endswith(b"".join(encode(packet, V5) for packet in expected))


@pytest.mark.parametrize(("now", "left"), [(0, 10), (1, 10), (1_000_000, 9), (9_999_999, 1), (12_000_000, 0)])
@pytest.mark.parametrize("qos", [0, 1])
def test_message_expiry_is_counted_down(now: int, left: int, qos: int) -> None:
    """MQTT-3.3.2-6; what was begun is gone on with when it has expired (MQTT-4.3.3-7), so it is sent again with 0."""
    session = Session()
    connection = opened(V5, session=session, clean_start=False)
    given = Properties(message_expiry_interval=10, content_type="x")
    data = connection.deliver("a", b"", qos, False, given, 10_000_000, now=now)
    assert data is not None
    told = Properties(message_expiry_interval=left, content_type="x")
    assert decode(data, V5) == Publish("a", b"", qos, False, False, qos, told)
    if qos:
        second = ServerConnection(Limits())
        second.receive(encode(Connect("me", V5, clean_start=False), V5))
        data = second.accept(session=session, session_present=True, now=11_000_000)
        told.message_expiry_interval = 0
        assert data.endswith(encode(Publish("a", b"", 1, False, True, 1, told), V5))
    older = opened(V4)
    data = older.deliver("a", b"", qos, False, given, 10_000_000, now=now)
    assert data is not None and decode(data, V4) == Publish("a", b"", qos, packet_id=qos)


def test_a_reason_below_an_error_goes_to_version_5_only() -> None:
    told = ReasonCode.NO_MATCHING_SUBSCRIBERS
    for version in (V4, V5):
        connection = opened(version)
        reason = told if version == V5 else 0
        answers = [Puback(n, reason) for n in (1, 2)]
        assert connection.pubacks([b"\0\1", b"\0\2"], told) == b"".join(encode(each, version) for each in answers)
        assert connection.pubrecs([b"\0\3"], told) == encode(Pubrec(3, reason), version)
        assert connection.pubacks([], told) == b""


def test_what_only_servers_say_is_not_taken_from_a_client() -> None:
    goodbye = Disconnect(0, Properties(server_reference="there"))
    assert only_error(opened(V5).receive(encode(goodbye, V5))).reason_code == ReasonCode.PROTOCOL_ERROR


def test_the_client_is_sent_elsewhere() -> None:
    """Section 4.11: in CONNACK and in DISCONNECT; where it does not fit, without the place."""
    asked = ServerConnection(Limits())
    asked.receive(encode(Connect("me", V5), V5))
    told = decode(asked.refuse(ReasonCode.SERVER_MOVED, detail="gone", server_reference="there:1883"), V5)
    assert told == Connack(False, 0x9D, Properties(reason_string="gone", server_reference="there:1883"))
    data = opened(V5).disconnect(ReasonCode.USE_ANOTHER_SERVER, server_reference="there")
    assert decode(data, V5) == Disconnect(0x9C, Properties(server_reference="there"))
    small = opened(V5, properties=Properties(maximum_packet_size=16))
    data = small.disconnect(ReasonCode.USE_ANOTHER_SERVER, detail="x", server_reference="there.example")
    assert decode(data, V5) == Disconnect(0x9C)
    assert opened(V4).disconnect(ReasonCode.USE_ANOTHER_SERVER, server_reference="there") == b""


def test_a_bridge_tells_what_it_is() -> None:
    """Mosquitto's bit 0x80 of the protocol level."""
    for version in (V31, V4):
        connection = ServerConnection(Limits())
        (event,) = connection.receive(encode(Connect("b", version, bridge=True), version))
        assert isinstance(event, Connected) and event.connect == Connect("b", version, bridge=True)


def test_acknowledgements_run_together() -> None:
    connection = opened()
    for _ in range(3):
        connection.deliver("a", b"", 1)
    data = b"".join(encode(Puback(n), V4) for n in (1, 2, 2, 3, 9))
    assert connection.receive(data) == [Acknowledged([1, 2, 3])]


@pytest.mark.parametrize("version", [V4, V5])
def test_acknowledgements_cut_anywhere(version: Version) -> None:
    """Plain PUBACKs are taken in one go, whatever stands between them and wherever the socket's chunks end."""
    sent: list[Packet] = [
        Puback(1),
        Puback(2),
        Pubrec(3),
        Puback(4),
        Pubcomp(3),
        Puback(5, 0x10 * (version == V5)),
        Puback(6),
    ]
    data = b"".join(encode(packet, version) for packet in sent)
    for cut in range(len(data) + 1):
        connection = opened(version)
        for qos in (1, 1, 2, 1, 1, 1):
            connection.deliver("a", b"", qos)
        told = [each for part in (data[:cut], data[cut:]) for each in connection.receive(part)]
        assert [n for each in told if isinstance(each, Acknowledged) for n in each.packet_ids] == [1, 2, 4, 3, 5, 6]
        assert connection.session.in_flight == {}


def test_answers_that_nothing_waits_for() -> None:
    connection = opened(V5)
    connection.deliver("a", b"", 1)
    connection.deliver("a", b"", 2)
    idle: list[Packet] = [Puback(9), Pubcomp(9), Pubrec(9, 0x80)]
    for packet in idle:
        assert connection.receive(encode(packet, V5)) == []
    assert connection.receive(encode(Pubrec(9), V5)) == [
        Reply(encode(Pubrel(9, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND), V5))
    ]
    assert list(connection.session.in_flight) == [1, 2]
    assert connection.receive(encode(Pubrec(2, 0x87), V5)) == [Acknowledged([2])]


@pytest.mark.parametrize(
    ("qos", "before", "wrong"),
    [
        (1, [], Pubrec(1)),
        (1, [], Pubcomp(1)),
        (2, [], Puback(1)),
        (2, [], Pubcomp(1)),
        (2, [Pubrec(1)], Puback(1)),
    ],
)
@pytest.mark.parametrize("version", [V4, V5])
def test_answers_of_another_kind_than_the_message_wants(
    version: Version, qos: int, before: list[Packet], wrong: Packet
) -> None:
    """MQTT-3.3.4-1: the answer is the one that the QoS wants; left alone, the message would wait for it for ever."""
    connection = opened(version)
    connection.deliver("a", b"", qos)
    for packet in before:
        connection.receive(encode(packet, version))
    [fault] = connection.receive(encode(wrong, version))
    assert isinstance(fault, ProtocolError) and fault.reason_code is ReasonCode.PROTOCOL_ERROR
    assert connection.state is State.CLOSED


@pytest.mark.parametrize("version", [V4, V5])
def test_a_packet_of_no_kind_is_not_waited_for(version: Version) -> None:
    [fault] = opened(version).receive(b"\x0a\xc0")
    assert isinstance(fault, ProtocolError) and fault.reason_code is ReasonCode.MALFORMED_PACKET


def test_what_is_not_whole_is_counted() -> None:
    connection = opened(V5)
    assert connection.unfinished == 0
    connection.receive(b"\x30\xff\x01abc")
    assert connection.unfinished == 6


def test_a_resumed_session_is_sent_again() -> None:
    """MQTT-4.4.0-1: in order, PUBLISH with DUP, PUBREL where PUBREC came; 3.1.1 MQTT-4.6.0-4 for their order."""
    session = Session()
    first = opened(V4, session=session, clean_start=False)
    for qos in (1, 2, 2, 1):
        first.deliver("a", b"x", qos)
    first.receive(encode(Pubrec(3), V4))
    first.receive(encode(Pubrec(3), V4))
    first.receive(encode(Pubrec(2), V4))
    second = ServerConnection(Limits())
    second.receive(encode(Connect("me", V5, clean_start=False, properties=Properties(receive_maximum=3)), V5))
    data = second.accept(session=session, session_present=True)
    expected: list[Packet] = [Publish("a", b"x", 1, False, True, 1), Publish("a", b"x", 1, False, True, 4), Pubrel(3)]
    assert data.endswith(b"".join(encode(packet, V5) for packet in expected))
    assert second.receive(encode(Puback(1), V5)) == [Acknowledged([1]), Reply(encode(Pubrel(2), V5))]
    assert second.receive(encode(Pubcomp(3), V5)) == [Acknowledged([3])]


@pytest.mark.parametrize("apart", [False, True])
def test_a_packet_id_that_qos_2_holds_is_in_use_within_one_read_too(apart: bool) -> None:
    """MQTT-2.2.1-4: whether the two messages come in one read or in two."""
    connection = opened(V5)
    held, used = (encode(Publish("a", b"x", qos, packet_id=1), V5) for qos in (2, 1))
    events = connection.receive(held) + connection.receive(used) if apart else connection.receive(held + used)
    refused = Reply(encode(Puback(1, ReasonCode.PACKET_IDENTIFIER_IN_USE), V5))
    assert events == [PublishRun("a", 2, [b"x"], [b"\0\1"], [], False, None), refused]


def test_an_answer_to_what_was_not_sent_again_yet() -> None:
    """A message behind the window may be answered too, late or made up: it frees no room and is not sent any more."""
    session = Session()
    first = opened(V4, session=session, clean_start=False)
    for _ in range(4):
        first.deliver("a", b"x", 1)
    second = ServerConnection(Limits(max_in_flight=1))
    second.receive(encode(Connect("me", V4, clean_start=False), V4))
    second.accept(session=session, session_present=True)
    assert second.receive(encode(Puback(2), V4)) == [Acknowledged([2])]
    again = Reply(encode(Publish("a", b"x", 1, dup=True, packet_id=3), V4))
    assert second.receive(encode(Puback(1), V4)) == [Acknowledged([1]), again]


def test_packet_ids_are_not_shared_while_in_flight() -> None:
    session = Session()
    session.in_flight = {1: None, 3: None}
    assert [session.next_id(), session.next_id({4}), session.next_id()] == [2, 5, 6]
    session._last_id = 65_535
    assert session.next_id() == 2


# anything -------------------------------------------------------------------------------------------------------------


@settings(max_examples=500)
@given(st.binary(max_size=80), st.sampled_from([None, V4, V5]))
def test_noise_never_raises(noise: bytes, version: Version | None) -> None:
    connection = ServerConnection(Limits()) if version is None else opened(version)
    events = connection.receive(noise)
    assert all(not isinstance(event, ProtocolError) for event in events[:-1])


@settings(max_examples=150)
@given(st.data(), st.sampled_from([V4, V5]))
def test_bent_streams_never_raise_and_cutting_changes_nothing(data: st.DataObject, version: Version) -> None:
    some: list[Packet] = data.draw(st.lists(packets(version), max_size=5))
    stream = bytearray(b"".join(encode(packet, version) for packet in some))
    if stream:
        for at in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=2)):
            stream[at] = data.draw(st.integers(0, 255))
    whole = opened(version).receive(bytes(stream))
    connection = opened(version)
    cut = data.draw(st.integers(0, len(stream)))
    parts = connection.receive(bytes(stream[:cut])) + connection.receive(bytes(stream[cut:]))
    assert told(parts) == told(whole)


def told(events: list[Event]) -> list[tuple[Any, ...]]:
    """What a chunk's end can part, put together again."""
    rows: list[tuple[Any, ...]] = []
    for row in flat(events):
        last = rows[-1][0] if rows else None
        if isinstance(row[0], Acknowledged) and isinstance(last, Acknowledged):
            rows[-1] = (Acknowledged(last.packet_ids + row[0].packet_ids),)
        elif isinstance(row[0], Released) and isinstance(last, Released):
            rows[-1] = (Released(last.packet_ids + row[0].packet_ids, last.answer + row[0].answer),)
        elif isinstance(row[0], Reply) and isinstance(last, Reply):
            rows[-1] = (Reply(last.answer + row[0].answer),)
        else:
            rows.append(row)
    return rows


def test_packet_ids_begin_again_and_leave_out_what_is_under_way() -> None:
    """MQTT-2.2.1-3: after 65,535 comes 1, unless that message is not answered yet."""
    connection = opened(V5)
    session = connection.session
    assert connection.deliver("a", b"first", 1) is not None and session.last_id == 1
    for _ in range(0xFFFF - 1):
        connection.deliver("a", b"", 1)
        connection.receive(b"\x40\x02" + session.last_id.to_bytes(2))
    assert session.last_id == 0xFFFF and list(session.in_flight) == [1]
    connection.deliver("a", b"", 1)
    assert session.last_id == 2
