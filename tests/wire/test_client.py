"""The client's side, driven by bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.wire.mqtt import client as client_file
from unisono.wire.mqtt.client import ClientConnection
from unisono.wire.mqtt.codec import decode, encode
from unisono.wire.mqtt.events import Acknowledged, ClientEvent, ProtocolError, PublishRun, Reply
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

V4, V5 = Version.V311, Version.V5
versions = pytest.mark.parametrize("version", [V4, V5])
Feed = Callable[[ClientConnection, bytes], list[ClientEvent]]


def opened(version: Version = V4, told: Properties | None = None, *, max_in_flight: int = 100) -> ClientConnection:
    client = ClientConnection(Connect("me", version, clean_start=False), max_in_flight=max_in_flight)
    assert decode(client.open(), version) == client.connect
    accept(client, told)
    return client


def accept(client: ClientConnection, told: Properties | None = None, *, present: bool = False) -> list[ClientEvent]:
    return client.receive(encode(Connack(present, 0, told), client.version))


def sent(result: tuple[int, bytes] | None) -> tuple[int, bytes]:
    assert result is not None
    return result


@versions
def test_connecting(version: Version) -> None:
    client = ClientConnection(Connect("me", version))
    data = client.open()
    assert decode(data, version) == Connect("me", version)
    assert not client.connected
    assert accept(client) == [Connack()]
    assert client.connected


def test_refused() -> None:
    client = ClientConnection(Connect("me"))
    client.open()
    assert client.receive(b"\x20\x02\0\x05") == [Connack(False, 5)]
    assert not client.connected


@versions
def test_publishing(version: Version) -> None:
    client = opened(version)
    assert sent(client.publish("a", b"x")) == (0, encode(Publish("a", b"x"), version))
    assert sent(client.publish("a", b"x", 1, True)) == (1, encode(Publish("a", b"x", 1, True, packet_id=1), version))
    assert sent(client.publish("a", b"x", 2))[0] == 2
    assert client.receive(encode(Puback(1), version)) == [Acknowledged([1])]
    assert client.receive(encode(Pubrec(2), version)) == [Reply(encode(Pubrel(2), version), [2])]
    assert client.receive(encode(Pubcomp(2), version)) == [Acknowledged([2])]


def test_publishing_is_checked() -> None:
    with pytest.raises(ViolationError):
        opened().publish("a/+", b"")
    with pytest.raises(CallerError):
        ClientConnection(Connect("me")).publish("a", b"")


def test_the_servers_limits_are_kept() -> None:
    """MQTT-3.3.4-7, MQTT-3.2.2-15."""
    client = opened(V5, Properties(receive_maximum=1, maximum_packet_size=20))
    for qos in (0, 1):
        with pytest.raises(CallerError):
            client.publish("a", bytes(30), qos)
    client.publish("a", b"", 1)
    assert client.publish("a", b"", 1) is None
    client = opened(V4, max_in_flight=1)
    client.publish("a", b"", 1)
    assert client.publish("a", b"", 1) is None


@versions
def test_subscribing(version: Version) -> None:
    client = opened(version)
    wanted = Subscription("a/#", 1)
    packet_id, data = client.subscribe(wanted, Subscription("b"))
    assert decode(data, version) == Subscribe(packet_id, [wanted, Subscription("b")])
    assert sent(client.publish("a", b"", 1))[0] != packet_id
    suback = Suback(packet_id, [1, 0])
    assert client.receive(encode(suback, version)) == [suback]
    packet_id, data = client.unsubscribe(["b"])
    assert decode(data, version) == Unsubscribe(packet_id, ["b"])
    unsuback = Unsuback(packet_id, [0] if version == V5 else [])
    assert client.receive(encode(unsuback, version)) == [unsuback]
    with pytest.raises(ViolationError):
        client.subscribe(Subscription("a#"))


def test_what_the_server_does_not_take_is_not_sent() -> None:
    """MQTT-3.2.2-11, -14, -15."""
    client = opened(V5, Properties(maximum_qos=1, retain_available=0, maximum_packet_size=20))
    for refused in (("a", b"", 2, False), ("a", b"", 0, True)):
        with pytest.raises(CallerError):
            client.publish(*refused)
    assert client.publish("a", b"", 1)
    with pytest.raises(CallerError):
        client.subscribe(Subscription("a" * 20))
    with pytest.raises(CallerError):
        client.unsubscribe(["a" * 20])
    assert client.subscribe(Subscription("a")) and client.unsubscribe(["a"])
    assert len(client._asked) == 2


def test_the_keep_alive_in_force() -> None:
    """MQTT-3.1.2-21, MQTT-3.2.2-21."""
    client = ClientConnection(Connect("me", V5, keep_alive=30))
    client.open()
    accept(client)
    assert client.keep_alive == 30
    client.open()
    accept(client, Properties(server_keep_alive=10))
    assert client.keep_alive == 10


def test_a_session_that_cannot_be_there_is_an_error() -> None:
    """MQTT-3.2.2-4."""
    client = ClientConnection(Connect("me", V4, clean_start=True))
    client.open()
    (event,) = accept(client, present=True)
    assert isinstance(event, ProtocolError)


def test_topic_aliases_of_the_server() -> None:
    """MQTT-3.3.2-7, MQTT-3.3.2-10."""
    client = ClientConnection(Connect("me", V5, clean_start=False, properties=Properties(topic_alias_maximum=2)))
    client.open()
    accept(client)

    def told(topic: str, **more: Any) -> list[ClientEvent]:
        return client.receive(encode(Publish(topic, properties=Properties(**more)), V5))

    assert told("a", topic_alias=2) == [PublishRun("a", 0, [b""], [], [], False, None)]
    given = Properties(content_type="x")
    assert told("", topic_alias=2, content_type="x") == [PublishRun("a", 0, [b""], [], [], False, given)]
    assert told("b", topic_alias=2) and told("", topic_alias=2) == [PublishRun("b", 0, [b""], [], [], False, None)]
    (event,) = told("c", topic_alias=3)
    assert isinstance(event, ProtocolError) and event.reason_code == ReasonCode.TOPIC_ALIAS_INVALID
    client.open()
    accept(client)
    (event,) = told("", topic_alias=2)
    assert isinstance(event, ProtocolError) and event.reason_code == ReasonCode.PROTOCOL_ERROR


def test_a_server_may_not_set_the_session_expiry_at_the_end() -> None:
    """MQTT-3.14.2-2."""
    client = opened(V5)
    goodbye = Disconnect(0, Properties(session_expiry_interval=1))
    (event,) = client.receive(encode(goodbye, V5))
    assert isinstance(event, ProtocolError)


def test_requests_are_bounded() -> None:
    client = opened()
    for _ in range(client_file.MAX_ASKED):
        client.subscribe(Subscription("a"))
    with pytest.raises(CallerError):
        client.subscribe(Subscription("a"))
    client.open()
    assert client.subscribe(Subscription("a"))


@versions
def test_receiving(version: Version) -> None:
    client = opened(version)
    for qos in (0, 1, 2):
        message = Publish("a", b"x", qos, False, qos == 1, qos)
        ids = [b"\0" + bytes((qos,))] if qos else []
        run = PublishRun("a", qos, [b"x"], ids, [0] if qos == 1 else [], False, None)
        answers: list[Packet] = [Puback(1)] if qos == 1 else [Pubrec(2)] if qos == 2 else []
        replies = [Reply(encode(answer, version)) for answer in answers]
        assert client.receive(encode(message, version)) == [run, *replies]
    again = encode(Publish("a", b"x", 2, False, True, 2), version)
    assert client.receive(again) == [Reply(encode(Pubrec(2), version))]
    assert client.receive(encode(Pubrel(2), version)) == [Reply(encode(Pubcomp(2), version))]
    assert len(client.receive(again)) == 2


def test_other_packets() -> None:
    client = opened(V5)
    assert decode(client.ping(), V5) == Pingreq()
    assert client.receive(encode(Pingresp(), V5)) == []
    step = Auth(0x18, Properties(authentication_method="K"))
    assert client.receive(encode(step, V5)) == [step]
    gone = Disconnect(0x8E)
    assert client.receive(encode(gone, V5)) == [gone]
    assert not client.connected
    client = opened(V5)
    assert decode(client.disconnect(4), V5) == Disconnect(4)
    assert not client.connected


@versions
def test_reconnecting(version: Version) -> None:
    """What is unacknowledged goes again with DUP, what is half received is forgotten."""
    client = opened(version)
    client.publish("a", b"1", 1)
    client.publish("a", b"2", 2)
    client.publish("a", b"3", 2)
    client.receive(encode(Pubrec(3), version) + b"\x30")
    client.open()
    again: list[Packet] = [Publish("a", b"1", 1, False, True, 1), Publish("a", b"2", 2, False, True, 2), Pubrel(3)]
    assert accept(client, present=True) == [Connack(True), Reply(b"".join(encode(packet, version) for packet in again))]


def test_reconnecting_to_a_server_that_forgot() -> None:
    """MQTT-3.2.2-5: unacknowledged messages are new ones, those it took over are done, its own QoS 2 ids are free."""
    client = opened()
    client.publish("a", b"1", 1)
    client.publish("a", b"2", 2)
    client.receive(encode(Pubrec(2), V4) + encode(Publish("a", b"x", 2, packet_id=9), V4))
    client.open()
    assert accept(client) == [Connack(), Acknowledged([2]), Reply(encode(Publish("a", b"1", 1, packet_id=1), V4))]
    assert len(client.receive(encode(Publish("a", b"x", 2, packet_id=9), V4))) == 2


FAULTS: list[tuple[str, Packet]] = [
    ("second CONNACK", Connack()),
    ("SUBACK unasked", Suback(9, [0])),
    ("SUBACK too long", Suback(1, [0, 0])),
    ("SUBSCRIBE", Subscribe(1, [Subscription("a")])),
    ("alias", Publish("a", properties=Properties(topic_alias=1))),
]


@pytest.mark.parametrize("packet", [row[1] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults_of_a_server(packet: Packet) -> None:
    client = opened(V5)
    client.subscribe(Subscription("a"))
    events = client.receive(encode(packet, V5))
    assert isinstance(events[-1], ProtocolError)
    assert isinstance(decode(events[-1].answer, V5), Disconnect)
    assert not client.connected


def test_a_fault_that_disconnect_has_no_reason_for() -> None:
    """MQTT-3.14.2-1: "unsupported protocol version" belongs in CONNACK only."""
    events = opened(V5).receive(b"\x10\x0c\0\4MQTT\x09\2\0\0\0\0")
    assert isinstance(events[-1], ProtocolError)
    assert events[-1].reason_code == ReasonCode.UNSUPPORTED_PROTOCOL_VERSION
    assert decode(events[-1].answer, V5) == Disconnect(ReasonCode.PROTOCOL_ERROR)


def test_packet_before_connack() -> None:
    client = ClientConnection(Connect("me"))
    client.open()
    events = client.receive(b"\xd0\0")
    assert isinstance(events[-1], ProtocolError)
    assert "MQTT-3.2.0-1" in events[-1].detail
    assert events[-1].answer == b""


def test_packet_too_large() -> None:
    client = ClientConnection(Connect("me"), max_packet_size=100)
    client.open()
    events = client.receive(b"\x30\xff\xff\x7f")
    assert isinstance(events[-1], ProtocolError)
    assert events[-1].reason_code == ReasonCode.PACKET_TOO_LARGE


def test_byte_by_byte() -> None:
    client = opened()
    data = encode(Publish("a", bytes(300)), V4)
    assert [len(client.receive(data[at : at + 1])) for at in range(len(data))] == [0] * (len(data) - 1) + [1]


@versions
@given(st.binary(max_size=60))
def test_noise_never_raises(version: Version, noise: bytes) -> None:
    events = opened(version).receive(noise)
    assert all(not isinstance(event, ProtocolError) for event in events[:-1])
