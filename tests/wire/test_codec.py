"""Whole packets: what is written is read back, what is cut or bent is refused with its clause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.strategies import packets
from unisono.errors import CallerError, UnisonoError
from unisono.wire.mqtt.codec import decode, encode
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Properties,
    Puback,
    Publish,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    Will,
)
from unisono.wire.mqtt.reason import ConnectReturnCode, ReasonCode, ViolationError, return_code_of

V4, V5 = Version.V311, Version.V5
versions = pytest.mark.parametrize("version", [V4, V5])


@versions
@settings(max_examples=500)
@given(data=st.data())
def test_what_is_written_is_read_back(version: Version, data: st.DataObject) -> None:
    packet = data.draw(packets(version))
    assert decode(encode(packet, version), version) == packet


@versions
@settings(max_examples=100)
@given(data=st.data())
def test_every_truncation_and_trailing_byte_is_refused(version: Version, data: st.DataObject) -> None:
    """Cut anywhere, with the remaining length telling the truth or the old one."""
    packet = data.draw(packets(version))
    whole = encode(packet, version)
    for broken in (whole + b"\0", *(whole[:cut] for cut in range(1, len(whole)))):
        with pytest.raises(ViolationError):
            decode(broken, version)
    if len(whole) < 0x80:
        for cut in range(2, len(whole)):
            honest = bytes((whole[0], cut - 2)) + whole[2:cut]
            try:
                shorter = decode(honest, version)
            except ViolationError:
                continue
            # a packet whose last part is optional or open-ended: what was read is what these bytes say
            assert decode(encode(shorter, version), version) == shorter


@versions
@settings(max_examples=500)
@given(data=st.data())
def test_bent_packets_are_read_or_refused_never_worse(version: Version, data: st.DataObject) -> None:
    whole = bytearray(encode(data.draw(packets(version)), version))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        packet = decode(bytes(whole), version)
    except ViolationError:
        return
    told = packet.version if isinstance(packet, Connect) else version
    assert decode(encode(packet, told), told) == packet


@versions
@given(st.binary(max_size=60))
def test_noise_is_read_or_refused_never_worse(version: Version, noise: bytes) -> None:
    try:
        decode(noise, version)
    except UnisonoError as error:
        assert isinstance(error, ViolationError)


KNOWN: list[tuple[str, Version, bytes, Packet]] = [
    (
        "connect with everything",
        V4,
        b"\x10\x22\0\x04MQTT\x04\xf6\0\x3c\0\x02me\0\x03t/w\0\x02go\0\x04user\0\x03pas",
        Connect("me", V4, True, 60, "user", b"pas", Will("t/w", b"go", 2, True)),
    ),
    ("connect 3.1", V4, b"\x10\x0f\0\x06MQIsdp\x03\x02\0\x0a\0\x01a", Connect("a", Version.V31, True, 10)),
    (
        "connect 5, password alone",
        V4,
        b"\x10\x15\0\x04MQTT\x05\x42\0\0\x05\x11\0\0\0\x0a\0\0\0\x01p",
        Connect("", V5, True, 0, None, b"p", None, Properties(session_expiry_interval=10)),
    ),
    ("publish", V4, b"\x33\x06\0\x01a\0\x07x", Publish("a", b"x", 1, True, False, 7)),
    ("publish with alias", V5, b"\x30\x07\0\0\x03\x23\0\x05x", Publish("", b"x", properties=Properties(topic_alias=5))),
    ("puback, short", V5, b"\x40\x02\0\x01", Puback(1)),
    ("puback, reason alone", V5, b"\x40\x03\0\x01\x10", Puback(1, 0x10)),
    ("disconnect before 5", V4, b"\xe0\x00", Disconnect()),
    ("disconnect, short", V5, b"\xe0\x00", Disconnect()),
    ("disconnect, reason alone", V5, b"\xe0\x01\x04", Disconnect(4)),
    (
        "disconnect with reason string",
        V5,
        b"\xe0\x06\x80\x04\x1f\0\x01x",
        Disconnect(0x80, Properties(reason_string="x")),
    ),
    ("auth, short", V5, b"\xf0\x00", Auth()),
    (
        "subscribe with options",
        V5,
        b"\x82\x07\0\x01\0\0\x01#\x2e",
        Subscribe(1, [Subscription("#", 2, True, True, 2)]),
    ),
    ("suback", V4, b"\x90\x04\0\x01\x02\x80", Suback(1, [2, 0x80])),
    (
        "publish with expiry and user properties",
        V5,
        b"\x30\x17\0\x01a\x12\x02\0\0\0\x09\x26\0\x01k\0\x01v\x26\0\x01k\0\0x",
        Publish("a", b"x", properties=Properties(message_expiry_interval=9, user_properties=(("k", "v"), ("k", "")))),
    ),
]


@pytest.mark.parametrize(("version", "data", "packet"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_known_bytes(version: Version, data: bytes, packet: Packet) -> None:
    assert decode(data, version) == packet
    assert encode(packet, packet.version if isinstance(packet, Connect) else version) == data


def test_a_long_reading_of_short_forms() -> None:
    """Reason 0 and an empty property length may be spelt out."""
    assert decode(b"\x40\x04\0\x01\0\0", V5) == Puback(1)
    assert decode(b"\xe0\x02\0\0", V5) == Disconnect()


def connect(flags: int, rest: bytes = b"\0\0", level: int = 4, name: bytes = b"\0\x04MQTT") -> bytes:
    body = name + bytes((level, flags)) + b"\0\0" + rest
    return bytes((0x10, len(body))) + body


def publish5(properties: bytes, topic: bytes = b"\0\x01a") -> bytes:
    body = topic + bytes((len(properties),)) + properties
    return bytes((0x30, len(body))) + body


MALFORMED, PROTOCOL = ReasonCode.MALFORMED_PACKET, ReasonCode.PROTOCOL_ERROR
FAULTS: list[tuple[str, Version, bytes, str, ReasonCode]] = [
    # the frame
    ("reserved type 0", V4, b"\0\0", "MQTT5 2.1.2", MALFORMED),
    ("AUTH before version 5", V4, b"\xf0\0", "MQTT5 2.1.2", MALFORMED),
    ("remaining length of five bytes", V4, b"\xc0\x80\x80\x80\x80\x01", "MQTT5 1.5.5", MALFORMED),
    ("padded remaining length", V5, b"\xc0\x80\x00", "MQTT-1.5.5-1", MALFORMED),
    ("PINGREQ with a body", V4, b"\xc0\x01\0", "MQTT5 4.13.1", MALFORMED),
    ("PINGRESP with a body", V4, b"\xd0\x01\0", "MQTT5 4.13.1", MALFORMED),
    ("DISCONNECT with a body", V4, b"\xe0\x01\0", "MQTT5 4.13.1", MALFORMED),
    *(
        (f"flags of type {kind}", V5, bytes((kind << 4 | flags, 2, 0, 1)), "MQTT-2.1.3-1", MALFORMED)
        for kind in (1, 2, *range(4, 16))
        for flags in {0, 1, 2, 4, 8, 15} - {2 if kind in (6, 8, 10) else 0}
    ),
    *(
        (f"flags of type {kind} before 5", V4, bytes((kind << 4 | flags, 2, 0, 1)), "MQTT-2.1.3-1", MALFORMED)
        for kind in (1, 2, *range(4, 15))
        for flags in {0, 1, 2, 4, 8, 15} - {2 if kind in (6, 8, 10) else 0}
    ),
    # text
    ("ill-formed UTF-8", V4, connect(2, b"\0\x01\xff"), "MQTT-1.5.4-1", MALFORMED),
    ("surrogate in UTF-8", V4, connect(2, b"\0\x03\xed\xa0\x80"), "MQTT-1.5.4-1", MALFORMED),
    ("overlong UTF-8", V4, connect(2, b"\0\x02\xc0\xaf"), "MQTT-1.5.4-1", MALFORMED),
    ("U+0000", V4, connect(2, b"\0\x01\0"), "MQTT-1.5.4-2", MALFORMED),
    ("ill-formed user property key", V5, publish5(b"\x26\0\x01\xff\0\x01v"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed user property value", V5, publish5(b"\x26\0\x01k\0\x01\xff"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed will topic", V4, connect(6, b"\0\0\0\x01\xff\0\0"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed user name", V4, connect(0x82, b"\0\0\0\x01\xff"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed topic", V4, b"\x30\x03\0\x01\xff", "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed response topic", V5, publish5(b"\x08\0\x01\xff"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed content type", V5, publish5(b"\x03\0\x01\xff"), "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed filter", V4, b"\x82\x06\0\x01\0\x01\xff\0", "MQTT-1.5.4-1", MALFORMED),
    ("ill-formed filter of UNSUBSCRIBE", V4, b"\xa2\x05\0\x01\0\x01\xff", "MQTT-1.5.4-1", MALFORMED),
    # CONNECT
    ("protocol name", V4, connect(2, name=b"\0\x04MQTX"), "MQTT-3.1.2-1", ReasonCode.UNSUPPORTED_PROTOCOL_VERSION),
    ("protocol level 6", V4, connect(2, level=6), "MQTT-3.1.2-2", ReasonCode.UNSUPPORTED_PROTOCOL_VERSION),
    ("protocol level 3 as MQTT", V4, connect(2, level=3), "MQTT-3.1.2-2", ReasonCode.UNSUPPORTED_PROTOCOL_VERSION),
    (
        "bridge bit of another level",
        V4,
        connect(2, level=0x83),
        "MQTT-3.1.2-2",
        ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    ),
    ("bridge bit of 5", V5, connect(2, b"\0", level=0x85), "MQTT-3.1.2-2", ReasonCode.UNSUPPORTED_PROTOCOL_VERSION),
    ("reserved connect flag", V4, connect(3), "MQTT-3.1.2-3", MALFORMED),
    ("will QoS without will", V4, connect(0x0A), "MQTT-3.1.2-11", MALFORMED),
    ("will retain without will", V4, connect(0x22), "MQTT-3.1.2-11", MALFORMED),
    ("will QoS 3", V4, connect(0x1E), "MQTT-3.1.2-12", MALFORMED),
    ("password without user", V4, connect(0x42), "MQTT-3.1.2-22", MALFORMED),
    ("will missing", V4, connect(6), "MQTT5 4.13.1", MALFORMED),
    ("will payload missing", V4, connect(6, b"\0\0\0\x01w"), "MQTT5 4.13.1", MALFORMED),
    ("user name missing", V4, connect(0x82), "MQTT5 4.13.1", MALFORMED),
    ("user name without flag", V4, connect(2, b"\0\0\0\x01u"), "MQTT5 4.13.1", MALFORMED),
    ("password missing", V4, connect(0xC2, b"\0\0\0\x01u"), "MQTT5 4.13.1", MALFORMED),
    ("bytes after CONNECT", V4, connect(2, b"\0\0\0"), "MQTT5 4.13.1", MALFORMED),
    ("wildcard in will topic", V4, connect(6, b"\0\0\0\x01#\0\0"), "MQTT-3.3.2-2", ReasonCode.TOPIC_NAME_INVALID),
    (
        "authentication data without method",
        V5,
        connect(2, b"\x04\x16\0\x01x\0\0", level=5),
        "MQTT5 3.1.2.11.10",
        PROTOCOL,
    ),
    # CONNACK
    ("CONNACK flags", V4, b"\x20\x02\x02\0", "MQTT-3.2.2-1", MALFORMED),
    ("session present beside refusal", V4, b"\x20\x02\x01\x01", "MQTT-3.2.2-6", PROTOCOL),
    ("return code 6", V4, b"\x20\x02\0\x06", "MQTT5 3.2.2.2", MALFORMED),
    ("CONNACK reason", V5, b"\x20\x03\0\x01\0", "MQTT-3.2.2-8", MALFORMED),
    # PUBLISH and its answers
    ("QoS 3", V4, b"\x36\x05\0\x01a\0\x01", "MQTT-3.3.1-4", MALFORMED),
    ("DUP at QoS 0", V4, b"\x38\x03\0\x01a", "MQTT-3.3.1-2", MALFORMED),
    ("packet id 0", V4, b"\x32\x05\0\x01a\0\0", "MQTT-2.2.1-3", MALFORMED),
    ("wildcard + in topic", V4, b"\x30\x03\0\x01+", "MQTT-3.3.2-2", ReasonCode.TOPIC_NAME_INVALID),
    ("wildcard # in topic", V4, b"\x30\x03\0\x01#", "MQTT-3.3.2-2", ReasonCode.TOPIC_NAME_INVALID),
    ("empty topic", V4, b"\x30\x02\0\0", "MQTT-4.7.3-1", ReasonCode.TOPIC_NAME_INVALID),
    ("empty topic, no alias", V5, b"\x30\x03\0\0\0", "MQTT-4.7.3-1", ReasonCode.TOPIC_NAME_INVALID),
    ("topic longer than packet", V4, b"\x30\x03\0\x02a", "MQTT5 4.13.1", MALFORMED),
    ("wildcard in response topic", V5, publish5(b"\x08\0\x01#"), "MQTT-3.3.2-2", ReasonCode.TOPIC_NAME_INVALID),
    ("PUBACK of three bytes", V4, b"\x40\x03\0\x01\0", "MQTT5 4.13.1", MALFORMED),
    ("PUBACK id 0", V4, b"\x40\x02\0\0", "MQTT-2.2.1-3", MALFORMED),
    ("PUBACK reason", V5, b"\x40\x03\0\x01\x92", "MQTT-3.4.2-1", MALFORMED),
    ("PUBREC reason", V5, b"\x50\x03\0\x01\x92", "MQTT-3.5.2-1", MALFORMED),
    ("PUBREL reason", V5, b"\x62\x03\0\x01\x10", "MQTT-3.6.2-1", MALFORMED),
    ("PUBCOMP reason", V5, b"\x70\x03\0\x01\x10", "MQTT-3.7.2-1", MALFORMED),
    # SUBSCRIBE and the like
    ("SUBSCRIBE of nothing", V4, b"\x82\x02\0\x01", "MQTT-3.8.3-2", PROTOCOL),
    ("SUBSCRIBE id 0", V4, b"\x82\x06\0\0\0\x01a\0", "MQTT-2.2.1-3", MALFORMED),
    ("SUBSCRIBE QoS 3", V4, b"\x82\x06\0\x01\0\x01a\x03", "MQTT5 3.8.3.1", PROTOCOL),
    ("SUBSCRIBE reserved bits", V4, b"\x82\x06\0\x01\0\x01a\x04", "MQTT-3.8.3-5", MALFORMED),
    ("SUBSCRIBE reserved bits 5", V5, b"\x82\x07\0\x01\0\0\x01a\x40", "MQTT-3.8.3-5", MALFORMED),
    ("retain handling 3", V5, b"\x82\x07\0\x01\0\0\x01a\x30", "MQTT5 3.8.3.1", PROTOCOL),
    ("no local, shared", V5, b"\x82\x10\0\x01\0\0\x0a$share/g/a\x04", "MQTT-3.8.3-4", PROTOCOL),
    ("two identifiers", V5, b"\x82\x0b\0\x01\x04\x0b\x01\x0b\x02\0\x01a\0", "MQTT5 3.8.2.1.2", PROTOCOL),
    ("bad filter", V4, b"\x82\x07\0\x01\0\x02a#\0", "MQTT-4.7.1-1", ReasonCode.TOPIC_FILTER_INVALID),
    ("SUBACK of nothing", V4, b"\x90\x02\0\x01", "MQTT-3.9.3-2", MALFORMED),
    ("SUBACK code 3", V4, b"\x90\x03\0\x01\x03", "MQTT-3.9.3-2", MALFORMED),
    ("SUBACK reason", V5, b"\x90\x04\0\x01\0\x11", "MQTT-3.9.3-2", MALFORMED),
    ("UNSUBSCRIBE of nothing", V4, b"\xa2\x02\0\x01", "MQTT-3.10.3-2", PROTOCOL),
    ("UNSUBACK with reasons", V4, b"\xb0\x03\0\x01\0", "MQTT5 4.13.1", MALFORMED),
    ("UNSUBACK reason", V5, b"\xb0\x04\0\x01\0\x01", "MQTT-3.11.3-2", MALFORMED),
    # DISCONNECT, AUTH
    ("DISCONNECT reason", V5, b"\xe0\x01\x01", "MQTT-3.14.2-1", MALFORMED),
    ("AUTH reason", V5, b"\xf0\x01\x01", "MQTT-3.15.2-1", MALFORMED),
    ("AUTH without method", V5, b"\xf0\x02\x18\0", "MQTT5 3.15.2.2.2", PROTOCOL),
    # properties
    ("unknown property", V5, publish5(b"\x7f\0"), "MQTT5 2.2.2.2", MALFORMED),
    ("property of another packet", V5, publish5(b"\x21\0\x01"), "MQTT5 2.2.2.2", MALFORMED),
    ("property twice", V5, publish5(b"\x01\0\x01\0"), "MQTT5 2.2.2.2", PROTOCOL),
    ("property out of range", V5, publish5(b"\x01\x02"), "MQTT5 2.2.2.2", PROTOCOL),
    ("subscription identifier 0", V5, publish5(b"\x0b\0"), "MQTT5 2.2.2.2", PROTOCOL),
    ("property cut", V5, publish5(b"\x02\0\0"), "MQTT5 4.13.1", MALFORMED),
    ("properties beyond the packet", V5, b"\x30\x04\0\x01a\x05", "MQTT5 2.2.2.1", MALFORMED),
    ("padded property length", V5, b"\x30\x05\0\x01a\x80\0", "MQTT-1.5.5-1", MALFORMED),
    ("property length of five bytes", V5, b"\x30\x08\0\x01a\x80\x80\x80\x80\0", "MQTT5 1.5.5", MALFORMED),
    ("receive maximum 0", V5, connect(2, b"\x03\x21\0\0\0\0", level=5), "MQTT5 2.2.2.2", PROTOCOL),
    ("maximum packet size 0", V5, connect(2, b"\x05\x27\0\0\0\0\0\0", level=5), "MQTT5 2.2.2.2", PROTOCOL),
]


@pytest.mark.parametrize(
    ("version", "data", "clause", "reason"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_fault(version: Version, data: bytes, clause: str, reason: ReasonCode) -> None:
    with pytest.raises(ViolationError) as caught:
        decode(data, version)
    assert caught.value.clause == clause
    assert f"[{clause}]" in caught.value.detail
    assert caught.value.reason == reason
    assert caught.value.code == {MALFORMED: "bad_frame"}.get(reason, "protocol_error")


@pytest.mark.parametrize("packet", [Pubrel(7), Subscribe(7, [Subscription("a", 1)]), Unsubscribe(7, ["a"])])
def test_version_3_1_marks_what_is_sent_again(packet: Packet) -> None:
    """MQTT 3.1 section 2.1: DUP stands on PUBREL, SUBSCRIBE and UNSUBSCRIBE too; since 3.1.1 that bit is reserved."""
    plain = encode(packet, Version.V31)
    again = bytes([plain[0] | 0x08]) + plain[1:]
    assert decode(again, Version.V31) == packet
    for version in (V4, V5):
        data = encode(packet, version)
        with pytest.raises(ViolationError):
            decode(bytes([data[0] | 0x08]) + data[1:], version)
    with pytest.raises(ViolationError):
        decode(b"\x48\x02\x00\x07", Version.V31)


UNSAYABLE: list[tuple[str, Version, Packet]] = [
    ("password without user before 5", V4, Connect("a", V4, password=b"x")),
    ("AUTH before 5", V4, Auth()),
    ("NUL", V4, Publish("a\0b")),
    ("lone surrogate", V4, Publish("\ud800")),
    ("long topic", V4, Publish("a" * 65_536)),
    ("packet id", V4, Puback(65_536)),
    ("property elsewhere", V5, Puback(1, 0, Properties(topic_alias=1))),
    ("subscription identifier", V5, Publish("a", properties=Properties(subscription_identifiers=(1 << 28,)))),
]


@pytest.mark.parametrize(("version", "packet"), [row[1:] for row in UNSAYABLE], ids=[row[0] for row in UNSAYABLE])
def test_what_cannot_be_said_is_the_callers_fault(version: Version, packet: Packet) -> None:
    with pytest.raises(CallerError):
        encode(packet, version)


def test_padded_remaining_length_is_read_before_version_5() -> None:
    assert decode(b"\xc0\x80\x00", V4) == Pingreq()


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\xc0\x80", b"\xc0\x01", b"\xc0\0\0"])
def test_exactly_one_packet(data: bytes) -> None:
    with pytest.raises(ViolationError):
        decode(data, V4)


def test_byte_order_mark_is_kept() -> None:
    """MQTT-1.5.4-3."""
    assert decode(b"\x30\x05\0\x03\xef\xbb\xbf", V4) == Publish("\ufeff")


def test_empty_properties_are_none() -> None:
    assert encode(Puback(1, 0, Properties()), V5) == b"\x40\x02\0\x01"


def test_long_packets() -> None:
    for size in (127, 128, 16_383, 16_384, 2_097_152):
        packet = Publish("a", bytes(size))
        assert decode(encode(packet, V4), V4) == packet


def test_reasons_map_to_the_nearest_return_code() -> None:
    assert return_code_of(ReasonCode.SUCCESS) == ConnectReturnCode.ACCEPTED
    assert return_code_of(ReasonCode.NOT_AUTHORIZED) == ConnectReturnCode.NOT_AUTHORIZED
    assert return_code_of(ReasonCode.QUOTA_EXCEEDED) == ConnectReturnCode.SERVER_UNAVAILABLE
    assert encode(Connack(False, return_code_of(ReasonCode.BANNED)), V4) == b"\x20\x02\0\x05"
