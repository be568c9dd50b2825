"""What server and client agree on when they meet, and how they part: keep alive, sessions, wills, redirection."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway.door.policy import Policy
from unisono.twin.record import Published, Refused
from unisono.wire.mqtt import Properties, ReasonCode, Subscription, Version, Will

V5: dict[str, Any] = {"version": Version.V5}


def policy(rig: Rig, **changed: Any) -> None:
    rig.limit(mqtt=changed)


def promised(client: Client) -> Properties:
    assert client.connack is not None and client.connack.properties is not None
    return client.connack.properties


# terms ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "given"), [(0, 60), (120, 60), (60, None), (10, None)])
async def test_server_keep_alive(rig: Rig, asked: int, given: int | None) -> None:
    """[MQTT-3.1.2-21], [MQTT-3.2.2-22]."""
    policy(rig, longest_keep_alive_s=60)
    client = await rig.device("lamp", **V5, keep_alive=asked)
    assert promised(client).server_keep_alive == given
    (connection,) = rig.gateway.connections
    assert connection.wire.keep_alive == (given or asked)
    older = await rig.device("neighbour", keep_alive=120)
    assert older.connack is not None and older.connack.properties is None


async def test_without_a_policy_the_client_has_its_keep_alive(rig: Rig) -> None:
    assert promised(await rig.device("lamp", **V5, keep_alive=1200)).server_keep_alive is None


@pytest.mark.parametrize(("asked", "given"), [(10, None), (0xFFFFFFFF, 100), (101, 100)])
async def test_sessions_last_as_long_as_the_server_says(rig: Rig, asked: int, given: int | None) -> None:
    """Section 3.2.2.3.2: what differs from what was asked for is told."""
    policy(rig, longest_session_s=100)
    client = await rig.device("lamp", **V5, properties=Properties(session_expiry_interval=asked))
    assert promised(client).session_expiry_interval == given


async def test_the_session_expiry_may_change_at_the_end(rig: Rig) -> None:
    """Section 3.14.2.2.2, within what the server allows."""
    policy(rig, longest_session_s=100)
    fields = {**V5, "clean_start": False, "properties": Properties(session_expiry_interval=1)}
    client = await rig.device("lamp", **fields)
    await client.leave(properties=Properties(session_expiry_interval=1000))
    state = rig.gateway.session("lamp")
    assert state is not None and 90 < state.expires_at - time.monotonic() <= 100
    assert (await client.open()).session_present is True


async def test_a_client_without_an_id_is_given_one(rig: Rig) -> None:
    """[MQTT-3.1.3-6], [MQTT-3.1.3-7], [MQTT-3.2.2-16]."""
    found = set()
    for _ in range(3):
        client = await rig.device("lamp", **V5, client_id="", clean_start=False)
        name = promised(client).assigned_client_identifier
        assert name and rig.gateway.session(f"lamp/{name}") is not None
        found.add(name)
    assert len(found) == 3
    assert promised(await rig.device("lamp", **V5, client_id="mine")).assigned_client_identifier is None
    assert (await rig.client("lamp", client_id="").open()).reason == 0
    assert (await rig.client("lamp", client_id="", clean_start=False).open()).reason == 2


@pytest.mark.parametrize("qos", [1, 2])
async def test_the_receive_maximum_is_told_and_enforced(rig: Rig, qos: int) -> None:
    """[MQTT-3.3.4-7]; at QoS 2 also for who never releases what it sent."""
    rig.limit(connection={"receive_maximum": 5})
    client = await rig.device("lamp", **V5)
    assert promised(client).receive_maximum == 5
    client.wire._sending()._window = 100
    client.deaf = True
    for n in range(5):
        client.publish("x", b"%d" % n, qos)
    if qos == 2:
        await until(lambda: len(client.reasons) == 5, "PUBRECs, which it does not answer")
    for n in range(5, 12):
        client.publish("x", b"%d" % n, qos)
    client.deaf = False
    await until(client.closed.is_set, "the end")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED


async def test_a_bridge_hears_no_echo_and_what_is_retained_stays_so(rig: Rig) -> None:
    bridge = await rig.device("bridge", bridge=True)
    assert await bridge.subscribe("#", "$share/g/a") == [1, 1]
    await bridge.say("a", b"own", retain=True)
    other = await rig.device("lamp")
    await other.say("b", b"other", retain=True)
    await until(lambda: len(bridge.messages) == 2, "the other's, and the shared one")
    assert sorted(bridge.messages) == [("a", b"own", 1, True), ("b", b"other", 1, True)]


async def test_version_3_1_is_served(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V31)
    await client.subscribe("x")
    await client.say("x", b"1", 2)
    await until(lambda: client.messages, "the message")


# parting --------------------------------------------------------------------------------------------------------------


async def test_a_session_taken_over_is_told_so(rig: Rig) -> None:
    """[MQTT-3.1.4-3]"""
    first = await rig.device("lamp", **V5)
    await rig.device("lamp", **V5)
    await until(first.closed.is_set, "the end")
    assert first.goodbye is not None and first.goodbye.reason == ReasonCode.SESSION_TAKEN_OVER


async def test_a_server_that_stops_says_so(rig: Rig) -> None:
    gateway, stop = await rig.start_gateway("g1")
    client = await rig.device("lamp", **V5, port=getattr(gateway, "port"))  # noqa: B009
    await stop()
    await until(client.closed.is_set, "the end")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.SERVER_SHUTTING_DOWN


async def test_silence_ends_the_connection_and_is_told(rig: Rig) -> None:
    """[MQTT-3.1.2-22]"""
    client = await rig.device("lamp", **V5, keep_alive=1)
    await until(client.closed.is_set, "the end")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.KEEP_ALIVE_TIMEOUT


@pytest.mark.parametrize(("moved", "reason"), [(False, ReasonCode.USE_ANOTHER_SERVER), (True, ReasonCode.SERVER_MOVED)])
async def test_clients_are_sent_elsewhere(rig: Rig, moved: bool, reason: ReasonCode) -> None:
    """Section 4.11."""
    connected = await rig.device("lamp", **V5)
    rig.gateway.admission.redirect("there.example:1883", moved=moved)
    await until(connected.closed.is_set, "the end")
    assert connected.goodbye is not None and connected.goodbye.reason == reason
    assert connected.goodbye.properties == Properties(server_reference="there.example:1883")
    comes = rig.client("lamp", **V5)
    connack = await comes.open()
    assert connack.reason == reason and promised(comes).server_reference == "there.example:1883"
    older = rig.client("lamp")
    assert (await older.open()).reason == 3
    (told,) = rig.gateway.attempts.newest(9)
    assert (told.kind, told.user, told.count, told.detail) == (
        "sent_elsewhere",
        "lamp",
        2,
        "served by there.example:1883",
    )
    assert rig.gateway.policy == Policy(server_reference="there.example:1883", moved=moved)


# wills ----------------------------------------------------------------------------------------------------------------


def with_will(delay: int | None, expiry: int, topic: str = "gone", **more: Any) -> dict[str, Any]:
    properties = Properties(will_delay_interval=delay) if delay is not None else None
    return {
        **V5,
        "will": Will(topic, b"w", 1, False, properties),
        "clean_start": False,
        "properties": Properties(session_expiry_interval=expiry),
        **more,
    }


async def watcher(rig: Rig) -> Client:
    client = await rig.device("neighbour", **V5)
    await client.subscribe("gone")
    return client


@pytest.mark.parametrize(("delay", "expiry"), [(1, 100), (100, 1)])
async def test_a_will_waits_for_its_delay_or_the_end_of_the_session(rig: Rig, delay: int, expiry: int) -> None:
    """[MQTT-3.1.2-8]"""
    watches = await watcher(rig)
    client = await rig.device("lamp", **with_will(delay, expiry))
    await client.drop()
    begun = time.monotonic()
    await until(lambda: watches.messages, "the will")
    assert time.monotonic() - begun > 0.9
    await until(lambda: (s := rig.gateway.session("lamp")) is None or s.will is None, "it is sent once")
    assert watches.payloads == [b"w"]


@pytest.mark.parametrize(("delay", "expiry"), [(None, 100), (0, 100), (100, 0)])
async def test_a_will_comes_at_once_without_delay_or_session(rig: Rig, delay: int | None, expiry: int) -> None:
    watches = await watcher(rig)
    client = await rig.device("lamp", **with_will(delay, expiry))
    await client.drop()
    await until(lambda: watches.messages, "the will", 0.9 * 20)
    assert watches.payloads == [b"w"]


async def test_who_comes_back_in_time_is_not_mourned(rig: Rig) -> None:
    """[MQTT-3.1.3-9]"""
    watches = await watcher(rig)
    client = await rig.device("lamp", **with_will(100, 1000))
    await client.drop()
    session = rig.gateway.session("lamp")
    assert session is not None
    await until(lambda: session.will is not None, "its will waits")
    await client.open()
    assert session is rig.gateway.session("lamp") and session.will is None
    await client.leave()  # a goodbye: the new connection's will goes too
    assert session.will is None
    await watches.say("marker", b"m")
    assert watches.messages == []


async def test_a_clean_start_ends_the_session_and_brings_the_will(rig: Rig) -> None:
    watches = await watcher(rig)
    client = await rig.device("lamp", **with_will(1000, 1000))
    await client.drop()
    await rig.device("lamp", **V5)
    await until(lambda: watches.messages, "the will")


@pytest.mark.parametrize(("delay", "mourned"), [(0, True), (1000, False)])
async def test_a_will_at_a_take_over(rig: Rig, delay: int, mourned: bool) -> None:
    """Section 3.1.4: sent where it has no delay, since the connection ended without DISCONNECT."""
    watches = await watcher(rig)
    first = await rig.device("lamp", **with_will(delay, 1000))
    await rig.device("lamp", **with_will(delay, 1000))
    await until(first.closed.is_set, "taken over")
    await rig.settled()
    assert bool([entry for entry in rig.journal.of(Published) if entry.topic == "gone"]) is mourned
    if mourned:
        await until(lambda: watches.messages, "the will")


@pytest.mark.parametrize("reason", [0, 4])
async def test_a_goodbye_takes_the_will_away_unless_it_is_wanted(rig: Rig, reason: int) -> None:
    """[MQTT-3.14.4-3]"""
    watches = await watcher(rig)
    client = await rig.device("lamp", **with_will(None, 0))
    await client.leave(reason)
    await watches.say("marker", b"m")
    await until(lambda: bool(watches.messages) == bool(reason), "the will, if wanted")


async def test_a_retained_will_is_retained(rig: Rig) -> None:
    """[MQTT-3.1.2-15]"""
    client = await rig.device("lamp", **V5, will=Will("gone", b"w", 1, True))
    await client.drop()
    await until(lambda: rig.gateway.place("home").retained, "it is kept")
    late = await rig.device("neighbour", **V5)
    await late.subscribe(Subscription("gone", 1))
    await until(lambda: late.messages, "the will")
    assert late.messages == [("gone", b"w", 1, True)]


async def test_a_will_about_itself_is_a_report(rig: Rig) -> None:
    bridge = await rig.device("bridge", **V5)
    await bridge.subscribe("things/+/state")
    client = await rig.device("bulb", **with_will(None, 0, "things/me/state"))
    await client.drop()
    await until(lambda: bridge.messages, "the will")
    assert bridge.messages == [("things/bulb/state", b"w", 1, False)]


async def test_a_will_that_may_not_be_said_is_refused_visibly(rig: Rig) -> None:
    client = await rig.device("lamp", **with_will(None, 0, "things/neighbour/state"))
    await client.drop()
    await until(lambda: rig.gateway.refusals, "refused")
    await rig.settled()
    (refused,) = rig.journal.of(Refused, "lamp")
    assert refused.topic == "things/neighbour/state" and "its will" in refused.detail


# the broker's own topics ----------------------------------------------------------------------------------------------


async def test_the_broker_tells_of_itself(rig: Rig) -> None:
    watches = await rig.device("stranger", **V5)
    assert await watches.subscribe("$SYS/broker/+", "$SYS/#", "#") == [1, 1, 1]
    shown = {topic: (payload, retain) for topic, payload, _qos, retain in watches.messages}
    assert shown["$SYS/broker/version"][0].startswith(b"unisono ") and shown["$SYS/broker/version"][1]
    assert shown["$SYS/broker/clients/connected"] == (b"1", True)
    watches.messages.clear()
    rig.gateway.broker.publish()
    await watches.say("marker", b"m")
    watches.messages.clear()
    await rig.device("lamp")
    rig.gateway.broker.publish()
    await watches.say("marker", b"m")
    changed = {topic: (payload, retain) for topic, payload, _qos, retain in watches.messages}
    assert changed["$SYS/broker/clients/connected"] == (b"2", False)
    assert "$SYS/broker/version" not in changed
    await watches.unsubscribe("$SYS/broker/+", "$SYS/#")
    watches.messages.clear()
    rig.gateway.broker.publish()
    await watches.say("marker", b"m")
    assert watches.payloads == [b"m"]
    assert await watches.say("$SYS/broker/version", b"mine") == ReasonCode.NOT_AUTHORIZED
