"""What public interoperability suites look at in a broker and no other test here does, as a device would see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.wire.mqtt import Properties, Subscription, Version
from unisono.wire.mqtt.packets import Pingresp

TOPICS = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
versions = pytest.mark.parametrize("version", [Version.V31, Version.V311, Version.V5])


def lasting(version: Version) -> dict[str, Any]:
    properties = Properties(session_expiry_interval=1000) if version is Version.V5 else None
    return {"version": version, "clean_start": False, "properties": properties}


async def heard(client: Client, count: int) -> list[tuple[str, bytes, int, bool]]:
    await until(lambda: len(client.messages) >= count, f"{count} messages")
    return client.messages


@versions
async def test_each_qos_comes_back_to_who_publishes(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await client.subscribe(TOPICS[0], qos=2)
    for qos in (0, 1, 2):
        client.publish(TOPICS[0], b"qos %d" % qos, qos)
    assert [qos for _t, _p, qos, _r in await heard(client, 3)] == [0, 1, 2]


@versions
async def test_retained_messages_of_each_qos_are_shown_and_taken_away(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    for qos in (1, 2):
        await client.say(TOPICS[qos], b"qos %d" % qos, qos, retain=True)
    client.publish(TOPICS[3], b"qos 0", 0, retain=True)
    await client.say("marker", b"")
    await client.subscribe("+/+", qos=2)
    shown = {topic: (payload, qos, retain) for topic, payload, qos, retain in await heard(client, 3)}
    assert shown == {
        TOPICS[1]: (b"qos 1", 1, True),
        TOPICS[2]: (b"qos 2", 2, True),
        TOPICS[3]: (b"qos 0", 0, True),
    }
    for topic in shown:
        await client.say(topic, b"", 1, retain=True)
    again = await rig.device("neighbour", version=version)
    await again.subscribe("+/+", qos=2)
    await again.say("marker", b"")
    assert again.messages == []


@versions
async def test_messages_wait_in_their_order(rig: Rig, version: Version) -> None:
    away = await rig.device("neighbour", **lasting(version))
    await away.subscribe("+/+", qos=2)
    await away.leave()
    speaks = await rig.device("lamp", version=version)
    for n, topic in enumerate(TOPICS[1:4]):
        await speaks.say(topic, b"%d" % n, n % 2 + 1)
    await away.open()
    assert [(p, q) for _t, p, q, _r in await heard(away, 3)] == [(b"0", 1), (b"1", 2), (b"2", 1)]


@versions
async def test_what_was_not_answered_is_sent_again(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", **lasting(version))
    await client.subscribe("TopicA/#", qos=2)
    client.deaf = True
    speaks = await rig.device("neighbour", version=version)
    await speaks.say(TOPICS[1], b"", 1)
    await speaks.say(TOPICS[3], b"", 2)
    await until(lambda: len(client.published) == 2, "both were sent once")
    await client.drop()
    client.deaf = False
    await client.open()
    assert [(t, p, q) for t, p, q, _r in await heard(client, 2)] == [(TOPICS[1], b"", 1), (TOPICS[3], b"", 2)]
    assert all(packet.dup for packet in client.published)


@versions
async def test_wildcards_do_not_reach_dollar_topics(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await client.subscribe("+/+", "#", qos=2)
    await client.say("$" + TOPICS[1], b"", 1)
    await client.say("marker", b"m")
    assert client.payloads == [b"m"]


@versions
async def test_a_leading_slash_is_a_level(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await client.subscribe("/+")
    await client.say("/TopicA", b"yes")
    await client.say("TopicA", b"no")
    await client.say("/", b"empty")
    assert client.payloads == [b"yes", b"empty"]


@versions
async def test_unsubscribing_one_of_several(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await client.subscribe(*TOPICS[:3])
    await client.unsubscribe(TOPICS[0])
    for topic in TOPICS[:3]:
        await client.say(topic, topic.encode())
    assert [topic for topic, *_rest in client.messages] == [*TOPICS[1:3]]


@versions
@pytest.mark.parametrize("size", [1, 60_000])
async def test_topics_may_be_long(rig: Rig, version: Version, size: int) -> None:
    client = await rig.device("lamp", version=version)
    topic = "a/" + "灯" * (size // 3) + "x" * (size % 3)
    await client.subscribe(topic)
    await client.say(topic, b"1")
    assert client.messages == [(topic, b"1", 1, False)]


@versions
async def test_many_in_flight_both_ways(rig: Rig, version: Version) -> None:
    hears = await rig.device("neighbour", version=version)
    await hears.subscribe("many", qos=2)
    speaks = await rig.device("lamp", version=version)
    said = [b"%d" % n for n in range(500)]
    numbers = [speaks.publish("many", payload, 1 + n % 2) for n, payload in enumerate(said)]
    await until(lambda: len(speaks.acknowledged) == 500, "all are acknowledged")
    assert sorted(speaks.acknowledged) == sorted(numbers)
    got = await heard(hears, 500)
    for qos in (1, 2):
        assert [p for _t, p, q, _r in got if q == qos] == said[qos - 1 :: 2]


async def test_no_more_is_under_way_than_the_client_takes(rig: Rig) -> None:
    client = await rig.device("neighbour", version=Version.V5, properties=Properties(receive_maximum=2))
    await client.subscribe("x", qos=2)
    client.deaf = True
    speaks = await rig.device("lamp")
    for n in range(4):
        await speaks.say("x", b"%d" % n, 1)
    speaks.publish("x", b"qos 0 needs no room", 0)
    await until(lambda: len(client.published) >= 3, "what it takes, and what needs no room")
    client.send(client.wire.ping())
    await until(lambda: any(isinstance(packet, Pingresp) for packet in client.packets), "PINGRESP behind it")
    assert [packet.payload for packet in client.published] == [b"0", b"1", b"qos 0 needs no room"]
    client.deaf = False
    client.data_received(b"")
    first = client.published[0].packet_id
    client.send(b"\x40\x02" + first.to_bytes(2, "big"))
    await until(lambda: len(client.published) >= 4, "room for one more")
    assert client.published[3].payload == b"2"


async def test_identifiers_come_with_what_is_retained_and_what_waited(rig: Rig) -> None:
    speaks = await rig.device("lamp", version=Version.V5)
    await speaks.say("x", b"retained", retain=True)
    client = await rig.device("neighbour", **lasting(Version.V5))
    await client.subscribe(Subscription("x", 1), properties=Properties(subscription_identifiers=(268_435_455,)))
    await heard(client, 1)
    await client.leave()
    await speaks.say("x", b"waited")
    await client.open()
    await heard(client, 1)
    assert client.told[0].subscription_identifiers == (268_435_455,)


async def test_a_request_finds_its_answer(rig: Rig) -> None:
    asks = await rig.device("lamp", client_id="asks", version=Version.V5)
    answers = await rig.device("neighbour", version=Version.V5)
    for client in (asks, answers):
        await client.subscribe(Subscription("both", 2, no_local=True))
    request = Properties(response_topic="both", correlation_data=b"334")
    await asks.say("both", b"request", properties=request)
    await heard(answers, 1)
    assert answers.told == [request]
    await answers.say(answers.told[0].response_topic or "", b"response", properties=Properties(correlation_data=b"334"))
    await heard(asks, 1)
    assert asks.payloads == [b"response"] and asks.told == [Properties(correlation_data=b"334")]


@versions
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_what_one_retains_before_subscribing_is_shown_as_retained(rig: Rig, version: Version, qos: int) -> None:
    """Without waiting for an answer in between, as a client does that says "online" and then listens."""
    client = await rig.device("lamp", version=version)
    client.publish("x/status", b"online", qos, retain=True)
    client.send(client.wire.subscribe(Subscription("x/#", qos))[1])
    assert await heard(client, 1) == [("x/status", b"online", qos, True)]
    await client.say("x/end", b"")
    assert len(client.messages) == 2


@versions
async def test_what_one_says_before_leaving_a_topic_is_heard(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await client.subscribe("x", "y")
    client.publish("x", b"last", 0)
    number, leaving = client.wire.unsubscribe(["x"])
    client.send(leaving)
    client.publish("x", b"later", 0)
    await client.say("y", b"end")
    assert number in client.answers
    assert client.payloads == [b"last", b"end"]


async def test_subscribing_behind_messages_holds_for_who_leaves_at_once(rig: Rig) -> None:
    """PUBLISH, SUBSCRIBE and DISCONNECT in one go: the session that stays has the subscription."""
    client = await rig.device("lamp", **lasting(Version.V5))
    client.publish("x", b"before", 1)
    client.send(client.wire.subscribe(Subscription("x", 1))[1])
    await client.leave()
    speaks = await rig.device("neighbour")
    await speaks.say("x", b"after")
    await client.open()
    await until(lambda: b"after" in client.payloads, "what was said after it had subscribed")


async def test_many_subscriptions_behind_many_messages(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    numbers: list[int] = []
    for n in range(200):
        client.publish(f"m/{n}", b"%d" % n, 1, retain=True)
        number, asked = client.wire.subscribe(Subscription(f"m/{n}", 0))
        numbers.append(number)
        client.send(asked)
    await until(lambda: all(number in client.answers for number in numbers), "all are answered")
    # a retained message follows the answer to the subscription that asked for it
    await until(lambda: len(client.messages) >= 200, "all are shown")
    assert {(payload, retain) for _t, payload, _q, retain in client.messages} == {(b"%d" % n, True) for n in range(200)}
