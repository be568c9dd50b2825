"""What MQTT 5 says with a message reaches every receiver, whichever way the message takes; expired ones do not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.wire.mqtt import Properties, ReasonCode, Subscription, Version, Will

V5: dict[str, Any] = {"version": Version.V5}
LASTING: dict[str, Any] = {**V5, "clean_start": False, "properties": Properties(session_expiry_interval=1000)}

SAID = Properties(
    payload_format_indicator=1,
    content_type="text/plain",
    response_topic="answers/1",
    correlation_data=b"\0\xff",
    user_properties=(("b", "1"), ("a", "2"), ("b", "3")),
)


async def passed(seconds: float) -> None:
    begun = time.monotonic()
    await until(lambda: time.monotonic() - begun > seconds, "the time has passed")


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_properties_reach_who_is_there(rig: Rig, qos: int) -> None:
    hears = await rig.device("neighbour", **V5)
    await hears.subscribe("x", qos=2)
    says = await rig.device("lamp", **V5)
    says.publish("x", "lämp".encode(), qos, properties=SAID)
    await until(lambda: hears.messages, "the message")
    assert hears.messages == [("x", "lämp".encode(), qos, False)]
    assert hears.told == [SAID]


async def test_properties_reach_who_is_away_and_who_comes_later(rig: Rig) -> None:
    away = await rig.device("neighbour", **LASTING)
    await away.subscribe("x/#")
    await away.leave()
    says = await rig.device("lamp", **V5)
    await says.say("x/1", b"1", properties=SAID)
    await says.say("x/2", b"2", retain=True, properties=SAID)
    await away.open()
    await until(lambda: len(away.messages) == 2, "what waited")
    assert away.told == [SAID, SAID]
    late = await rig.device("probe", **V5)
    await late.subscribe("x/2")
    await until(lambda: late.messages, "what is retained")
    assert late.told == [SAID]
    gateway, _stop = await rig.start_gateway("g1")
    later = await rig.device("probe", client_id="later", port=getattr(gateway, "port"), **V5)  # noqa: B009
    await later.subscribe("x/2")
    await until(lambda: later.messages, "what is retained over a restart")
    assert later.told == [SAID]


async def test_properties_of_a_report_reach_who_looks_on(rig: Rig) -> None:
    bridge = await rig.device("bridge", **V5)
    await bridge.subscribe("things/+/state")
    bulb = await rig.device("bulb", **V5)
    assert await bulb.say("things/me/state", b"{}", properties=SAID) == ReasonCode.SUCCESS
    await until(lambda: bridge.messages, "the report")
    assert bridge.told == [SAID]


async def test_a_will_bears_its_properties_but_not_its_delay(rig: Rig) -> None:
    hears = await rig.device("neighbour", **V5)
    await hears.subscribe("gone")
    told = Properties(**{name: getattr(SAID, name) for name in ("content_type", "user_properties")})
    lost = await rig.device("lamp", **V5, will=Will("gone", b"w", 1, False, told))
    await lost.drop()
    await until(lambda: hears.messages, "the will")
    assert hears.told == [told]


async def test_older_clients_get_the_message_without(rig: Rig) -> None:
    hears = await rig.device("neighbour")
    await hears.subscribe("x")
    says = await rig.device("lamp", **V5)
    await says.say("x", b"1", properties=SAID)
    await until(lambda: hears.messages, "the message")
    assert hears.published[0].properties is None


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_payload_that_is_no_text_as_it_says_is_refused(rig: Rig, qos: int) -> None:
    hears = await rig.device("neighbour", **V5)
    await hears.subscribe("#")
    says = await rig.device("lamp", **V5)
    text = Properties(payload_format_indicator=1)
    if qos:
        assert await says.say("x", b"\xff", qos, properties=text) == ReasonCode.PAYLOAD_FORMAT_INVALID
    else:
        says.publish("x", b"\xff", 0, properties=text)
    await says.say("x", b"\xff", 1, properties=Properties(payload_format_indicator=0))
    await until(lambda: hears.messages, "the other one")
    assert hears.payloads == [b"\xff"] and hears.told == [Properties(payload_format_indicator=0)]


async def test_a_will_that_is_no_text_as_it_says_is_refused(rig: Rig) -> None:
    client = rig.client("lamp", **V5, will=Will("x", b"\xff", properties=Properties(payload_format_indicator=1)))
    assert (await client.open()).reason == ReasonCode.PAYLOAD_FORMAT_INVALID
    client = rig.client("lamp", **V5, will=Will("x", b"ok", properties=Properties(payload_format_indicator=1)))
    assert (await client.open()).reason == 0


@pytest.mark.parametrize("topic", ["$SYS/broker/uptime", "$share/a/x", "$x"])
async def test_a_will_to_the_brokers_own_topics_is_refused_at_once(rig: Rig, topic: str) -> None:
    client = rig.client("lamp", **V5, will=Will(topic, b"gone"))
    assert (await client.open()).reason == ReasonCode.NOT_AUTHORIZED
    client = rig.client("lamp", **V5, will=Will("a/$x", b"gone"))
    assert (await client.open()).reason == 0


async def test_who_waits_too_long_is_not_shown_what_expired(rig: Rig) -> None:
    """[MQTT-3.3.2-5], [MQTT-3.3.2-6]: what is left of the interval is told."""
    away = await rig.device("neighbour", **LASTING)
    await away.subscribe("x", qos=2)
    await away.leave()
    says = await rig.device("lamp", **V5)
    for qos in (1, 2):
        await says.say("x", b"short", qos, properties=Properties(message_expiry_interval=1))
        await says.say("x", b"long", qos, retain=True, properties=Properties(message_expiry_interval=100))
        await says.say("short", b"retained", qos, retain=True, properties=Properties(message_expiry_interval=1))
    await says.say("x", b"for ever", 1)
    await passed(1.2)
    await away.open()
    await until(lambda: len(away.messages) == 3, "what has not expired")
    assert away.payloads == [b"long", b"long", b"for ever"]
    left = [each.message_expiry_interval for each in away.told]
    assert left[2] is None and all(each is not None and 90 <= each <= 99 for each in left[:2])
    late = await rig.device("probe", **V5)
    await late.subscribe("x", "short")
    await late.say("marker", b"m")
    assert late.payloads == [b"long"]
    assert 90 <= (late.told[0].message_expiry_interval or 0) <= 99


async def test_expired_retained_messages_give_their_room_back(rig: Rig) -> None:
    says = await rig.device("lamp", **V5)
    await says.say("x", b"1", retain=True, properties=Properties(message_expiry_interval=1))
    await says.say("y", b"2", retain=True)
    place = rig.gateway.place("home")
    await passed(1.1)
    rig.gateway.delivery.forget_expired()
    assert list(place.retained) == ["y"]


async def test_a_message_with_no_time_at_all_is_not_delivered(rig: Rig) -> None:
    hears = await rig.device("neighbour", **V5)
    await hears.subscribe("x")
    says = await rig.device("lamp", **V5)
    await says.say("x", b"1", properties=Properties(message_expiry_interval=0))
    await says.say("x", b"2", properties=Properties(message_expiry_interval=1000))
    await until(lambda: hears.messages, "the second")
    assert hears.payloads == [b"2"]


async def test_what_was_begun_is_sent_again_with_what_is_left(rig: Rig) -> None:
    hears = await rig.device("neighbour", **LASTING)
    await hears.subscribe("x")
    hears.deaf = True
    says = await rig.device("lamp", **V5)
    await says.say("x", b"1", properties=Properties(message_expiry_interval=50))
    await until(lambda: hears.published, "it was delivered once")
    assert hears.published[0].properties == Properties(message_expiry_interval=50)
    await hears.drop()
    await passed(1.1)
    hears.deaf = False
    await hears.open()
    await until(lambda: hears.messages, "and again")
    assert hears.published[0].dup and 40 <= (hears.told[0].message_expiry_interval or 0) < 50


async def test_response_information_is_given_who_asks(rig: Rig) -> None:
    """[MQTT-3.1.2-28]."""
    asks = await rig.device("lamp", client_id="c1", **V5, properties=Properties(request_response_information=1))
    assert asks.connack is not None and asks.connack.properties is not None
    base = asks.connack.properties.response_information
    assert base == "responses/lamp/c1"
    other = await rig.device("neighbour", **V5)
    assert other.connack is not None and other.connack.properties is not None
    assert other.connack.properties.response_information is None
    await asks.subscribe(f"{base}/#")
    await other.say(f"{base}/1", b"answer")
    await until(lambda: asks.messages, "the answer")


async def test_overlapping_subscriptions_bring_one_message(rig: Rig) -> None:
    """[MQTT-3.3.4-2] to [MQTT-3.3.4-4]: the highest QoS, every identifier."""
    hears = await rig.device("neighbour", **V5)
    for number, filter, qos in ((7, "a/+", 1), (8, "a/#", 2), (9, "a/b", 0)):
        await hears.subscribe(filter, qos=qos, properties=Properties(subscription_identifiers=(number,)))
    await hears.subscribe("#", qos=0)
    says = await rig.device("lamp")
    await says.say("a/b", b"1", 2)
    await says.say("a", b"2", 2)
    await says.say("c", b"3", 2)
    await until(lambda: len(hears.messages) == 3, "all three")
    assert [qos for _t, _p, qos, _r in hears.messages] == [2, 2, 0]
    assert [set(each.subscription_identifiers) for each in hears.told] == [{7, 8, 9}, {8}, set()]


async def test_both_forms_of_a_topic_are_delivered(rig: Rig) -> None:
    lamp = await rig.device("lamp", **V5)
    await lamp.subscribe("things/me/state", "#")
    await lamp.say("things/me/state", b"{}")
    await lamp.say("marker", b"m")
    assert sorted(topic for topic, *_rest in lamp.messages) == ["marker", "things/lamp/state", "things/me/state"]


async def test_no_local_counts_for_its_own_subscription_only(rig: Rig) -> None:
    """[MQTT-3.8.3-3]."""
    client = await rig.device("lamp", **V5)
    await client.subscribe(Subscription("a", 2, no_local=True), properties=Properties(subscription_identifiers=(1,)))
    await client.say("a", b"own")
    await client.subscribe(Subscription("+", 0), properties=Properties(subscription_identifiers=(2,)))
    await client.say("a", b"other")
    other = await rig.device("neighbour", client_id="x", **V5)
    await other.say("a", b"both", 2)
    await until(lambda: len(client.messages) == 2, "two")
    assert [(p, q) for _t, p, q, _r in client.messages] == [(b"other", 0), (b"both", 2)]
    assert [each.subscription_identifiers for each in client.told] == [(2,), (1, 2)]


async def test_who_publishes_learns_that_nobody_listens(rig: Rig) -> None:
    says = await rig.device("lamp", **V5)
    for qos, nobody in ((1, ReasonCode.NO_MATCHING_SUBSCRIBERS), (2, ReasonCode.SUCCESS)):  # at QoS 2 it is not told
        assert await says.say("x", b"1", qos) == nobody
        assert await says.say("r", b"1", qos, retain=True) == nobody
        assert await says.say("things/me/state", b"{}", qos) == ReasonCode.SUCCESS
    await says.subscribe(Subscription("own", 1, no_local=True))
    assert await says.say("own", b"1") == ReasonCode.SUCCESS  # a subscription matches, though it is not sent back
    hears = await rig.device("neighbour")
    await hears.subscribe("x")
    for qos in (1, 2):
        assert await says.say("x", b"1", qos) == ReasonCode.SUCCESS
    older = await rig.device("lamp", client_id="older")
    assert await older.say("nobody", b"1") == 0


async def test_topic_aliases_of_the_client_end_with_its_connection(rig: Rig) -> None:
    """[MQTT-3.3.2-7]."""
    hears = await rig.device("neighbour")
    await hears.subscribe("long/topic")
    says = await rig.device("lamp", **V5)
    assert says.connack is not None and says.connack.properties is not None
    assert says.connack.properties.topic_alias_maximum == 16
    alias = Properties(topic_alias=16)
    await says.say("long/topic", b"1", properties=alias)
    says.send(b"\x30\x08\0\0\x03\x23\0\x102!")
    await until(lambda: len(hears.messages) == 2, "both")
    assert hears.payloads == [b"1", b"2!"]
    await says.drop()
    await says.open()
    says.send(b"\x30\x08\0\0\x03\x23\0\x102!")
    await until(lambda: says.goodbye, "DISCONNECT")
    assert says.goodbye is not None and says.goodbye.reason == ReasonCode.PROTOCOL_ERROR


@pytest.mark.parametrize("number", [0, 17])
async def test_a_topic_alias_out_of_range_ends_the_connection(rig: Rig, number: int) -> None:
    """[MQTT-3.3.2-8], [MQTT-3.3.2-9]."""
    says = await rig.device("lamp", **V5)
    says.send(b"\x30\x08\0\1a\x03\x23\0" + bytes((number,)) + b"1")
    await until(lambda: says.goodbye, "DISCONNECT")
    assert says.goodbye is not None and says.goodbye.reason == ReasonCode.TOPIC_ALIAS_INVALID


async def test_topic_aliases_to_the_client(rig: Rig) -> None:
    """[MQTT-3.1.2-26], [MQTT-3.1.2-27]."""
    allows = await rig.device("neighbour", **V5, properties=Properties(topic_alias_maximum=1))
    await allows.subscribe("long/topic", qos=2)
    allows.deaf = True  # its own state machine resolves none
    plain = await rig.device("probe", **V5)
    await plain.subscribe("long/topic", qos=2)
    says = await rig.device("lamp", **V5)
    for qos in (0, 1, 2):
        says.publish("long/topic", b"x", qos)
    await until(lambda: len(allows.published) == len(plain.messages) == 3, "all three")
    assert [packet.topic for packet in allows.published] == ["long/topic", "", ""]
    assert all(packet.properties == Properties(topic_alias=1) for packet in allows.published)
    assert plain.told == [Properties()] * 3


async def test_what_is_larger_than_the_client_takes_is_not_sent(rig: Rig) -> None:
    """[MQTT-3.1.2-24], [MQTT-3.1.2-25]."""
    client: Client = await rig.device("neighbour", **V5, properties=Properties(maximum_packet_size=64))
    await client.subscribe("x", qos=2)
    says = await rig.device("lamp")
    for qos in (0, 1, 2):
        says.publish("x", bytes(64), qos)
        says.publish("x", bytes(32), qos)
    await until(lambda: len(client.messages) == 3, "the small ones")
    assert client.payloads == [bytes(32)] * 3
    client.send(client.wire.subscribe(*[Subscription(f"f{n}") for n in range(70)])[1])
    await until(lambda: client.goodbye, "DISCONNECT")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.PACKET_TOO_LARGE


async def test_a_client_that_takes_less_than_connack_is_turned_away(rig: Rig) -> None:
    client = rig.client("lamp", **V5, properties=Properties(maximum_packet_size=10))
    assert (await client.open()).reason == ReasonCode.PACKET_TOO_LARGE
    await until(client.closed.is_set, "the end")
    assert (await rig.device("lamp", **V5)).connack is not None
