"""What devices hear: their own topics, their children's, and free ones of their root place - never another's."""

from __future__ import annotations

import msgspec
import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.errors import HostError
from unisono.twin.record import Listening, Refused
from unisono.twin.talk import Down, down
from unisono.wire.mqtt import Properties, ReasonCode, Subscription, Unsuback, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Puback, Pubcomp, Pubrec, Pubrel


async def told(rig: Rig, thing: str, topic: str, payload: bytes = b"{}") -> None:
    await rig.bus.request(down("g0"), msgspec.msgpack.encode(Down(thing, thing, topic, payload)), 5.0)


async def heard(client: Client, count: int = 1) -> list[tuple[str, bytes]]:
    await until(lambda: len(client.messages) >= count, f"{count} messages")
    return [(topic, payload) for topic, payload, _qos, _retain in client.messages]


async def quiet(*clients: Client) -> None:
    """Everything that was on its way to them has come: the gateway writes a PUBACK behind what it delivered before."""
    for client in clients:
        await client.say("marker", b"m")
    for client in clients:
        client.messages = [each for each in client.messages if each[0] != "marker"]


async def test_wildcards_work_within_the_root_place(rig: Rig) -> None:
    watcher = await rig.device("neighbour")
    await watcher.subscribe("zigbee/+/state", "hall/#", "exact")
    speaker = await rig.device("lamp")
    for topic in ("zigbee/a/state", "zigbee/a/b/state", "hall", "hall/x/y", "exact", "exact/not", "other"):
        await speaker.say(topic, topic.encode())
    await quiet(watcher)
    assert [t for t, _p in await heard(watcher, 4)] == ["zigbee/a/state", "hall", "hall/x/y", "exact"]


async def test_not_one_message_crosses_to_another_root_place(rig: Rig) -> None:
    stranger = await rig.device("stranger")
    await stranger.subscribe("#", "+/+/+", "news", "things/#")
    insider = await rig.device("neighbour")
    await insider.subscribe("#")
    speaker = await rig.device("lamp")
    await speaker.say("news", b"1", retain=True)
    await speaker.say("a/b/c", b"2")
    await speaker.say("things/me/state", b"3")
    late = await rig.device("stranger", client_id="late")
    await late.subscribe("#")
    await quiet(stranger, late, insider)
    assert stranger.messages == [] and late.messages == []
    assert [p for _t, p in await heard(insider, 2)] == [b"1", b"2"]


async def test_me_is_delivered_as_me_and_the_id_as_the_id(rig: Rig) -> None:
    as_me = await rig.device("lamp", client_id="a")
    await as_me.subscribe("things/me/set")
    as_id = await rig.device("lamp", client_id="b")
    await as_id.subscribe("things/lamp/+")
    await told(rig, "lamp", "set", b'{"id": "c1", "state": {"on_off": true}}')
    assert (await heard(as_me))[0][0] == "things/me/set"
    assert (await heard(as_id))[0][0] == "things/lamp/set"
    assert as_me.payloads == as_id.payloads == [b'{"id": "c1", "state": {"on_off": true}}']


async def test_both_forms_of_one_topic_are_one_subscription_of_a_session(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.subscribe("things/lamp/set")
    await client.subscribe("things/me/set")
    await told(rig, "lamp", "set")
    await quiet(client)
    assert [t for t, _p in await heard(client)] == ["things/me/set"]


async def test_a_parent_hears_what_is_sent_down_to_its_children(rig: Rig) -> None:
    bridge = await rig.device("bridge")
    assert await bridge.subscribe("things/bulb/set", "things/plug/call/+", "things/probe/set") == [1, 1, 0x80]
    await told(rig, "bulb", "set", b"1")
    await told(rig, "plug", "call/reset", b"2")
    assert await heard(bridge, 2) == [("things/bulb/set", b"1"), ("things/plug/call/reset", b"2")]


async def test_a_wide_filter_shows_ones_own_and_the_childrens_things_and_nobody_elses(rig: Rig) -> None:
    bridge = await rig.device("bridge")
    assert await bridge.subscribe("#") == [1]
    lamp = await rig.device("lamp")
    await lamp.subscribe("#", "things/+/state")
    bulb = await rig.device("bulb")
    await bulb.say("things/me/state", b"bulb")
    await lamp.say("things/me/state", b"lamp")
    await lamp.say("free", b"free")
    await bridge.say("things/plug/state", b"plug")
    await quiet(bridge, lamp)
    assert await heard(bridge, 3) == [("things/bulb/state", b"bulb"), ("free", b"free"), ("things/plug/state", b"plug")]
    assert {p for _t, p in await heard(lamp)} == {b"lamp", b"free"}


@pytest.mark.parametrize("version", [Version.V311, Version.V5])
@pytest.mark.parametrize("filter", ["things/neighbour/state", "things/neighbour/#", "$other/#", "things/me/nonsense"])
async def test_another_things_topics_cannot_be_subscribed(rig: Rig, version: Version, filter: str) -> None:
    client = await rig.device("lamp", version=version)
    refused = 0x80 if version is Version.V311 else ReasonCode.NOT_AUTHORIZED
    assert await client.subscribe(filter, "fine") == [refused, 1]
    await rig.settled()
    assert rig.journal.of(Refused, "lamp")[0].topic == filter


async def test_subscriptions_are_bounded(rig: Rig) -> None:
    rig.limit(connection={"subscriptions": 3})
    client = await rig.device("lamp", version=Version.V5)
    assert await client.subscribe("a", "b", "c", "d") == [1, 1, 1, ReasonCode.QUOTA_EXCEEDED]
    await rig.settled()
    assert rig.journal.of(Refused, "lamp")[0].code == "too_many"


async def test_the_granted_qos_is_the_smaller_one(rig: Rig) -> None:
    low = await rig.device("lamp", client_id="low")
    await low.subscribe("x", qos=0)
    high = await rig.device("lamp", client_id="high")
    assert await high.subscribe("x", qos=2) == [2]
    speaker = await rig.device("neighbour")
    await speaker.say("x", b"1", 1)
    await speaker.say("x", b"2", 2)
    await until(lambda: len(low.messages) == len(high.messages) == 2, "both")
    assert [qos for *_rest, qos, _retain in low.messages] == [0, 0]
    assert [qos for *_rest, qos, _retain in high.messages] == [1, 2]


async def test_what_is_unsubscribed_is_not_heard(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    await client.subscribe("x", "things/me/set")
    assert await client.unsubscribe("x", "things/lamp/set", "never") == [0, 0, ReasonCode.NO_SUBSCRIPTION_EXISTED]
    with pytest.raises(HostError, match="does not listen"):
        await told(rig, "lamp", "set")
    await client.say("x", b"1")
    await quiet(client)
    assert client.messages == []


async def test_options_of_version_5(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    await client.subscribe(Subscription("mine", 1, no_local=True), Subscription("kept", 1, retain_as_published=True))
    numbered = Properties(subscription_identifiers=(7,))
    await client.subscribe("numbered", properties=numbered)
    await client.say("mine", b"echo")
    await client.say("kept", b"1", retain=True)
    await client.say("numbered", b"2", properties=Properties(content_type="text/plain"))
    await quiet(client)
    assert [(t, retain) for t, _p, _q, retain in client.messages] == [("kept", True), ("numbered", False)]
    told_with = next(run.properties for run in client.runs if run.topic == "numbered")
    assert told_with is not None
    assert (told_with.subscription_identifiers, told_with.content_type) == ((7,), "text/plain")


async def test_the_owner_learns_what_a_client_listens_to(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.subscribe("things/me/set", "free/#")
    bridge = await rig.device("bridge")
    await bridge.subscribe("#")
    await rig.settled()
    assert [(e.gateway, e.topics) for e in rig.journal.of(Listening, "lamp")] == [("g0", ["set"])]
    everything = {e.thing: e.topics for e in rig.journal.of(Listening) if e.thing != "lamp"}
    assert everything == {thing: ["set", "call", "desired"] for thing in ("bridge", "bulb", "plug")}


async def test_what_nobody_hears_is_an_error_to_who_sent_it(rig: Rig) -> None:
    with pytest.raises(HostError, match="lamp does not listen to set") as caught:
        await told(rig, "lamp", "set")
    assert caught.value.code == "no_answer"
    client = await rig.device("lamp")
    await client.subscribe("things/me/desired")
    with pytest.raises(HostError):
        await told(rig, "lamp", "set")
    await told(rig, "lamp", "desired", b"d")
    assert await heard(client) == [("things/me/desired", b"d")]


async def test_a_publication_down_to_itself_is_refused(rig: Rig) -> None:
    """Only the hub sends down: a device cannot command itself or another by publishing to ``set``."""
    client = await rig.device("lamp", version=Version.V5)
    await client.subscribe("things/me/set")
    assert await client.say("things/me/set", b"{}") == ReasonCode.NOT_AUTHORIZED
    await quiet(client)
    assert client.messages == []


async def test_what_leaves_together_keeps_its_order_and_its_end(rig: Rig) -> None:
    """Messages of one turn are joined, a large one among them is not, and nothing is lost before a goodbye."""
    watcher = await rig.device("neighbour")
    await watcher.subscribe("many")
    speaker = await rig.device("lamp")
    sizes = [5] * 150 + [20_000] + [5] * 70 + [0]
    for n, size in enumerate(sizes):
        speaker.publish("many", bytes([n % 250]) * size)
    await speaker.say("many", b"last")
    expected = [("many", bytes([n % 250]) * size) for n, size in enumerate(sizes)] + [("many", b"last")]
    assert await heard(watcher, len(expected)) == expected
    speaker.publish("many", b"and then")
    speaker.publish("many", b"goodbye", 1)
    await until(lambda: len(watcher.messages) == len(expected) + 2, "the last two")
    await rig.gateway.stop()
    await until(watcher.closed.is_set, "the end of the connection")
    assert [payload for _topic, payload in await heard(watcher)][-2:] == [b"and then", b"goodbye"]


async def test_a_filter_wider_than_things_is_no_question_for_what_is_wanted(rig: Rig) -> None:
    lamp = await rig.device("lamp")
    await lamp.subscribe("#")
    await lamp.subscribe("things/me/#")
    await rig.settled()
    assert [entry.named for entry in rig.journal.of(Listening, "lamp")] == [False, True]
    await told(rig, "lamp", "desired")
    assert await heard(lamp, 1)  # it hears what is sent all the same


@pytest.mark.parametrize("qos", [1, 2])
async def test_what_was_begun_is_completed_after_unsubscribing(rig: Rig, qos: int) -> None:
    """[MQTT-3.10.4-3]"""
    client = await rig.device("lamp", version=Version.V5)
    await client.subscribe("x", qos=2)
    client.deaf = True
    speaker = await rig.device("probe")
    await speaker.say("x", b"begun", qos)
    await until(lambda: client.published, "it is begun")
    number, data = client.wire.unsubscribe(["x"])
    client.send(data)
    await until(lambda: any(isinstance(each, Unsuback) for each in client.packets), "UNSUBACK")
    await speaker.say("x", b"too late", qos)
    packet_id = client.published[0].packet_id
    assert number and len(client.published) == 1
    client.send(encode(Puback(packet_id) if qos == 1 else Pubrec(packet_id), Version.V5))
    if qos == 2:
        await until(lambda: any(isinstance(each, Pubrel) for each in client.packets), "PUBREL")
        client.send(encode(Pubcomp(packet_id), Version.V5))
    session = rig.gateway.session("lamp")
    assert session is not None and session.connection is not None
    wire = session.connection.wire
    await until(lambda: not wire.session.in_flight, "it is completed")
