"""Shared subscriptions: each message once a group, to members that are there, by turns; nothing is lost when one goes.

MQTT 5 section 4.8.2.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.gateway.test_subscribing import told
from tests.parts import until
from unisono.twin.record import Listening
from unisono.wire.mqtt import Properties, ReasonCode, Subscription, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Puback

V5: dict[str, Any] = {"version": Version.V5}
LASTING: dict[str, Any] = {**V5, "clean_start": False, "properties": Properties(session_expiry_interval=1000)}


async def member(rig: Rig, name: str, filter: str = "$share/g/x/#", qos: int = 2, **fields: Any) -> Client:
    client = await rig.device("neighbour", client_id=name, **(fields or V5))
    assert await client.subscribe(filter, qos=qos) == [qos]
    return client


async def say(rig: Rig, count: int, qos: int = 1, topic: str = "x/1", **more: Any) -> list[bytes]:
    says = await rig.device("lamp", client_id=f"says{rig.directory.questions}", **V5)
    payloads = [b"%d" % n for n in range(count)]
    for payload in payloads:
        if qos:
            await says.say(topic, payload, qos, **more)
        else:
            says.publish(topic, payload, 0, **more)
    await says.say("done", b"")
    return payloads


def heard(*clients: Client) -> list[bytes]:
    return sorted((payload for client in clients for payload in client.payloads), key=int)


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_members_take_turns(rig: Rig, qos: int) -> None:
    members = [await member(rig, name) for name in "abc"]
    said = await say(rig, 30, qos)
    await until(lambda: len(heard(*members)) == 30, "all of them")
    assert heard(*members) == said
    assert [len(each.messages) for each in members] == [10, 10, 10]


async def test_every_group_and_every_plain_subscription_has_its_copy(rig: Rig) -> None:
    both = await member(rig, "both")
    await both.subscribe(Subscription("x/1", 1), properties=Properties(subscription_identifiers=(4,)))
    other = await member(rig, "other", "$share/h/x/1")
    older = await member(rig, "older", "$share/i/+/1", qos=1, version=Version.V311)
    await say(rig, 1)
    await until(lambda: len(both.messages) == 2 and other.messages and older.messages, "four copies")
    assert sorted(each.subscription_identifiers for each in both.told) == [(), (4,)]


async def test_the_granted_qos_of_the_chosen_counts(rig: Rig) -> None:
    """[MQTT-4.8.2-3]"""
    low, high = await member(rig, "low", qos=0), await member(rig, "high", qos=2)
    await say(rig, 2, 2)
    await until(lambda: low.messages and high.messages, "one each")
    assert (low.messages[0][2], high.messages[0][2]) == (0, 2)


async def test_nothing_retained_is_shown(rig: Rig) -> None:
    await say(rig, 1, retain=True)
    client = await member(rig, "a")
    await client.subscribe(Subscription("$share/g/x/1", 1, retain_handling=0))
    await client.say("marker", b"m")
    assert client.messages == []


async def test_who_is_there_goes_before_who_is_away(rig: Rig) -> None:
    away = await member(rig, "away", **LASTING)
    there = await member(rig, "there")
    await away.leave()
    said = await say(rig, 6)
    await until(lambda: len(there.messages) == 6, "all of them")
    await away.open()
    await away.say("marker", b"m")
    assert heard(there) == said and away.messages == []


async def test_when_all_are_away_a_message_waits_for_one_of_them(rig: Rig) -> None:
    first, second = await member(rig, "first", **LASTING), await member(rig, "second", **LASTING)
    never = await member(rig, "never", qos=0, **LASTING)
    for client in (first, second, never):
        await client.leave()
    said = await say(rig, 4)
    await say(rig, 2, 0)
    for client in (first, second, never):
        await client.open()
    await until(lambda: len(heard(first, second)) == 4, "what waited")
    assert heard(first, second) == said and never.messages == []
    assert len(first.messages) == len(second.messages) == 2


async def test_who_reads_along_goes_before_who_is_behind(rig: Rig) -> None:
    slow = await member(rig, "slow", **V5, properties=Properties(receive_maximum=1))
    slow.deaf = True
    quick = await member(rig, "quick")
    await say(rig, 10)
    await until(lambda: len(quick.messages) == 8, "what the slow one left: it has one, and one waits for it")
    assert len(slow.published) == 1


@pytest.mark.parametrize("lasts", [True, False])
async def test_what_one_leaves_unacknowledged_goes_to_another(rig: Rig, lasts: bool) -> None:
    leaves = await member(rig, "leaves", **(LASTING if lasts else V5))
    leaves.deaf = True
    await say(rig, 3)
    await until(lambda: len(leaves.published) == 3, "it has them all")
    stays = await member(rig, "stays")
    await leaves.drop()
    await until(lambda: len(stays.messages) == 3, "handed over")
    assert stays.payloads == [b"0", b"1", b"2"]
    leaves.deaf = False
    await leaves.open()
    await leaves.say("marker", b"m")
    assert leaves.messages == [], "it has gone to another"


async def test_what_waits_for_one_goes_to_another(rig: Rig) -> None:
    slow = await member(
        rig, "slow", **LASTING | {"properties": Properties(session_expiry_interval=9, receive_maximum=1)}
    )
    slow.deaf = True
    await say(rig, 4)
    await until(lambda: slow.published, "it has one, three wait")
    stays = await member(rig, "stays")
    await slow.drop()
    await until(lambda: len(stays.messages) == 4, "handed over")


async def test_what_was_begun_at_qos_2_stays_with_whom_it_was_begun(rig: Rig) -> None:
    """[MQTT-4.8.2-4]"""
    begun = await member(rig, "begun", **LASTING)
    begun.deaf = True
    await say(rig, 1, 2)
    await until(lambda: begun.published, "it was begun")
    stays = await member(rig, "stays")
    await begun.drop()
    begun.deaf = False
    await begun.open()
    await until(lambda: begun.messages, "it is completed")
    await stays.say("marker", b"m")
    assert stays.messages == []


async def test_what_was_begun_at_qos_2_ends_with_the_session(rig: Rig) -> None:
    """[MQTT-4.8.2-5]"""
    begun = await member(rig, "begun")
    begun.deaf = True
    await say(rig, 1, 2)
    await until(lambda: begun.published, "it was begun")
    stays = await member(rig, "stays")
    await begun.drop()
    await until(lambda: rig.gateway.session("neighbour/begun") is None, "the session is over")
    await stays.say("marker", b"m")
    assert stays.messages == []


async def test_what_one_refuses_no_other_gets(rig: Rig) -> None:
    """[MQTT-4.8.2-6]"""
    refuses = await member(rig, "refuses", **LASTING)
    refuses.deaf = True
    await say(rig, 1)
    await until(lambda: refuses.published, "it has it")
    other = await member(rig, "other")
    refuses.send(encode(Puback(refuses.published[0].packet_id, ReasonCode.NOT_AUTHORIZED), Version.V5))
    refuses.deaf = False
    await refuses.say("marker", b"m")
    await refuses.drop()
    await other.say("marker", b"m")
    assert other.messages == []


async def test_unsubscribing_and_forgetting_leave_the_group(rig: Rig) -> None:
    leaves, stays = await member(rig, "leaves"), await member(rig, "stays")
    assert await leaves.unsubscribe("$share/g/x/#", "$share/h/x/#") == [0, ReasonCode.NO_SUBSCRIPTION_EXISTED]
    await say(rig, 3)
    await until(lambda: len(stays.messages) == 3, "all of them")
    await stays.leave()
    place = rig.gateway.place("home")
    await until(lambda: not len(place.tree), "nobody is left")
    assert not place._groups


async def test_subscribing_again_replaces(rig: Rig) -> None:
    client = await member(rig, "a", qos=2)
    other = await member(rig, "b")
    await client.subscribe("$share/g/x/#", qos=0)
    await say(rig, 4, 2)
    await until(lambda: len(client.messages) == len(other.messages) == 2, "by turns")
    assert {qos for _t, _p, qos, _r in client.messages} == {0}


async def test_members_see_only_what_they_may(rig: Rig) -> None:
    lamp = await rig.device("lamp", **V5)
    await lamp.subscribe("$share/g/things/+/state")
    bridge = await rig.device("bridge", **V5)
    await bridge.subscribe("$share/g/things/+/state")
    bulb = await rig.device("bulb", **V5)
    for n in range(4):
        await bulb.say("things/me/state", b"%d" % n)
    await until(lambda: len(bridge.messages) == 4, "its child's")
    await lamp.say("marker", b"m")
    assert lamp.messages == []


async def test_commands_can_be_shared(rig: Rig) -> None:
    """Each member hears in the form that it subscribed to. What one who is gone has not acknowledged is not handed
    over: the owner knows whether it is still wanted."""
    first = await rig.device("lamp", client_id="first", **LASTING)
    await first.subscribe("$share/g/things/me/set")
    first.deaf = True
    await told(rig, "lamp", "set", b"1")
    await until(lambda: first.published, "it has it")
    second = await rig.device("lamp", client_id="second", **V5)
    await second.subscribe("$share/g/things/lamp/set", properties=Properties(subscription_identifiers=(3,)))
    await first.drop()
    await told(rig, "lamp", "set", b"2")
    await until(lambda: second.messages, "told the next")
    assert second.messages == [("things/lamp/set", b"2", 0, False)]
    assert second.told[0].subscription_identifiers == (3,)
    assert first.published[0].topic == "things/me/set"
    await rig.settled()
    assert [entry.topics for entry in rig.journal.of(Listening, "lamp")] == [["set"], ["set"]]
