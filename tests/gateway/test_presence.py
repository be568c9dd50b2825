"""Coming and going: presence with its reasons, wills, keep-alives, and sessions that are taken over."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.twin.record import GatewayStarted, Listening, Presence, Published, Refused, Reports
from unisono.wire.mqtt import Properties, ReasonCode, Version, Will

STATE = "things/me/state"
WILL = Will("things/me/state", b'{"on_off": false}')


def offline(rig: Rig, thing: str = "lamp") -> list[str]:
    return [entry.reason for entry in rig.journal.of(Presence, thing) if not entry.online]


async def gone(rig: Rig, thing: str = "lamp", count: int = 1) -> list[str]:
    await until(lambda: len(offline(rig, thing)) >= count, "it is seen to be gone")
    return offline(rig, thing)


async def test_a_gateway_says_first_that_it_begins_anew(rig: Rig) -> None:
    await rig.device("lamp")
    await rig.settled()
    assert isinstance(rig.journal.entries[0], GatewayStarted)
    assert rig.journal.entries[0].gateway == "g0"


async def test_who_says_goodbye_is_disconnected_and_its_will_is_not_published(rig: Rig) -> None:
    client = await rig.device("lamp", will=WILL)
    await client.leave()
    assert await gone(rig) == ["disconnected"]
    assert not rig.journal.of(Reports)


async def test_version_5_may_ask_for_its_will_at_goodbye(rig: Rig) -> None:
    client = await rig.device("lamp", will=WILL, version=Version.V5)
    await client.leave(ReasonCode.DISCONNECT_WITH_WILL_MESSAGE)
    assert await gone(rig) == ["disconnected"]
    assert [run.payloads for run in rig.journal.of(Reports)] == [(WILL.payload,)]


async def test_who_is_lost_has_its_will_published_before_it_goes_offline(rig: Rig) -> None:
    client = await rig.device("lamp", will=WILL)
    await client.drop()
    assert await gone(rig) == ["lost"]
    kinds = [type(entry).__name__ for entry in rig.journal.entries[1:]]
    assert kinds == ["Presence", "Reports", "Presence"]


async def test_silence_of_one_and_a_half_keep_alives_is_loss(rig: Rig) -> None:
    client = await rig.device("lamp", will=WILL, keep_alive=1, version=Version.V5)
    await until(client.closed.is_set, "the silent one is sent away")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.KEEP_ALIVE_TIMEOUT
    assert await gone(rig) == ["keep_alive"]
    assert rig.journal.of(Reports)


async def test_a_ping_is_no_silence(rig: Rig) -> None:
    client = await rig.device("lamp", keep_alive=1)
    other = await rig.device("probe", keep_alive=1)
    for _ in range(12):
        client.send(client.wire.ping())
        await until(lambda: client.last_bytes == b"\xd0\x00", "PINGRESP")
        client.last_bytes = b""
        if other.closed.is_set():
            break
        await until(lambda: client.transport is not None, "still there")
        await asyncio.sleep(0.3)
    assert other.closed.is_set() and not client.closed.is_set()


async def test_a_broken_protocol_is_a_reason_of_its_own(rig: Rig) -> None:
    client = await rig.device("lamp", will=WILL)
    client.send(b"\x00\x00")
    await until(client.closed.is_set, "closed")
    assert await gone(rig) == ["protocol_error"]
    assert rig.journal.of(Reports), "[MQTT-3.1.2-8]: the will is published"
    assert rig.journal.of(Refused, "lamp")


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_will_keeps_its_qos(rig: Rig, qos: int) -> None:
    """A subscriber that is away gets a will of QoS 1 when it is back."""
    watcher = await rig.device("neighbour", clean_start=False)
    await watcher.subscribe("status/lamp", qos=1)
    await watcher.leave()
    client = await rig.device("lamp", will=Will("status/lamp", b"gone", qos))
    await client.drop()
    await gone(rig)
    await watcher.open()
    await until(lambda: watcher.messages, "the will")
    assert watcher.messages == [("status/lamp", b"gone", 1, False)]
    assert rig.journal.of(Published)[0].qos == qos


async def test_a_retained_will_stays(rig: Rig) -> None:
    client = await rig.device("lamp", will=Will("status/lamp", b"gone", 1, retain=True))
    await client.drop()
    await gone(rig)
    watcher = await rig.device("neighbour")
    await watcher.subscribe("status/+")
    await until(lambda: watcher.messages, "the retained will")
    assert watcher.messages == [("status/lamp", b"gone", 1, True)]


async def test_a_will_for_another_thing_is_refused(rig: Rig) -> None:
    client = await rig.device("lamp", will=Will("things/neighbour/state", b"{}"))
    await client.drop()
    await gone(rig)
    assert not rig.journal.of(Reports)
    assert rig.journal.of(Refused, "lamp")[0].code == "topic_not_allowed"


async def test_the_same_client_again_takes_over(rig: Rig) -> None:
    """MQTT-3.1.4-3; the will of the first is published, since its connection ends without DISCONNECT."""
    first = await rig.device("lamp", version=Version.V5, will=WILL)
    second = await rig.device("lamp", version=Version.V5)
    await until(first.closed.is_set, "the first is sent away")
    assert first.goodbye is not None and first.goodbye.reason == ReasonCode.SESSION_TAKEN_OVER
    await second.say(STATE, b"{}")
    await rig.settled()
    entries = rig.journal.of(Presence, "lamp")
    assert [(e.online, e.reason) for e in entries] == [(True, "connected"), (False, "taken_over"), (True, "connected")]
    assert entries[0].epoch == entries[1].epoch < entries[2].epoch
    assert rig.journal.of(Reports)[0].payloads == (WILL.payload,)


async def test_epochs_grow_with_every_connection(rig: Rig) -> None:
    for _ in range(5):
        await (await rig.device("lamp")).drop()
        await rig.device("probe")
    await rig.settled()
    epochs = [e.epoch for e in rig.journal.of(Presence) if e.online]
    assert epochs == sorted(set(epochs))


async def test_two_clients_of_one_thing_live_side_by_side(rig: Rig) -> None:
    first = await rig.device("lamp", client_id="a")
    second = await rig.device("lamp", client_id="b")
    await first.say(STATE, b"1")
    await second.say(STATE, b"2")
    await rig.settled()
    assert [e.client for e in rig.journal.of(Presence)] == ["lamp/a", "lamp/b"]
    assert [run.client for run in rig.journal.of(Reports)] == ["lamp/a", "lamp/b"]


async def test_client_ids_of_different_things_never_meet(rig: Rig) -> None:
    first = await rig.device("lamp", client_id="same")
    second = await rig.device("neighbour", client_id="same")
    await second.say(STATE, b"{}")
    assert not first.closed.is_set()


async def test_a_session_is_taken_over_from_another_gateway_too(rig: Rig) -> None:
    other, _stop = await rig.start_gateway("g1")
    first = await rig.device("lamp", version=Version.V5)
    second = await rig.device("lamp", version=Version.V5, port=getattr(other, "port"))  # noqa: B009
    await until(first.closed.is_set, "the first gateway lets go")
    assert first.goodbye is not None and first.goodbye.reason == ReasonCode.SESSION_TAKEN_OVER
    await second.say(STATE, b"{}")
    await until(lambda: len(rig.journal.of(Presence, "lamp")) == 3, "all three entries")
    online = {e.epoch: e.gateway for e in rig.journal.of(Presence, "lamp") if e.online}
    closed = [e.epoch for e in rig.journal.of(Presence, "lamp") if not e.online]
    assert len(closed) == 1 and online.pop(closed[0]) == "g0"
    assert list(online.values()) == ["g1"] and next(iter(online)) > closed[0]


async def test_a_revoked_thing_is_sent_away_at_once(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5)
    neighbour = await rig.device("neighbour")
    rig.revoke("lamp")
    await until(client.closed.is_set, "the revoked one is sent away")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.NOT_AUTHORIZED
    assert await gone(rig) == ["revoked"]
    assert (await rig.client("lamp", version=Version.V5).open()).reason == ReasonCode.BAD_USER_NAME_OR_PASSWORD
    await neighbour.say(STATE, b"{}")


async def test_a_removed_thing_is_sent_away(rig: Rig) -> None:
    client = await rig.device("lamp")
    del rig.directory.things["lamp"]
    rig.changed("lamp")
    await until(client.closed.is_set, "the removed one is sent away")


async def test_what_was_kept_for_a_removed_thing_never_reaches_its_namesake(rig: Rig) -> None:
    client = await rig.device("lamp", clean_start=False)
    await client.subscribe("news", qos=1)
    await client.leave()
    neighbour = await rig.device("neighbour")
    await neighbour.say("news", b"for the old one")
    rig.changed("lamp", removed=["lamp"])
    await until(lambda: "lamp" not in rig.gateway.by_key, "its session is forgotten")
    namesake = rig.client("lamp", clean_start=False)
    assert (await namesake.open()).session_present is False
    await neighbour.say("news", b"for nobody")
    await namesake.subscribe("news", qos=1)
    await neighbour.say("news", b"for the new one")
    await until(lambda: namesake.messages, "a message")
    assert namesake.payloads == [b"for the new one"]


async def test_a_thing_that_moves_to_another_root_place_has_to_sign_in_anew(rig: Rig) -> None:
    client = await rig.device("lamp", clean_start=False)
    await client.subscribe("news")
    rig.directory.add("lamp", root="elsewhere")
    rig.changed("lamp")
    await until(client.closed.is_set, "the moved one is sent away")
    assert (await client.open()).session_present is False
    neighbour = await rig.device("neighbour")
    await neighbour.say("news", b"of home")
    stranger = await rig.device("stranger")
    await client.subscribe("news")
    await stranger.say("news", b"of elsewhere")
    await until(lambda: client.messages, "a message")
    assert client.payloads == [b"of elsewhere"]


async def test_a_new_child_is_heard_without_signing_in_anew(rig: Rig) -> None:
    bridge = await rig.device("bridge", version=Version.V5)
    await bridge.subscribe("#")
    assert await bridge.say("things/probe/state", b"{}") == ReasonCode.NOT_AUTHORIZED
    rig.directory.add("bridge", children=["bulb", "plug", "probe"])
    rig.changed("bridge")
    await until(lambda: rig.journal.of(Listening, "probe"), "it listens for the new child")
    assert await bridge.say("things/probe/state", b"{}") == 0


async def test_a_change_that_does_not_concern_it_leaves_a_client_alone(rig: Rig) -> None:
    client = await rig.device("lamp")
    rig.changed("lamp", "probe", "ghost")
    await until(lambda: rig.directory.questions >= 2, "it was asked about")
    await client.say(STATE, b"{}")


async def test_when_the_hub_stops_no_will_is_published(rig: Rig) -> None:
    gateway, stop = await rig.start_gateway("g1")
    client = await rig.device("lamp", port=getattr(gateway, "port"), will=WILL)  # noqa: B009
    await stop()
    await until(client.closed.is_set, "the client is sent away")
    await rig.settled()
    assert offline(rig) == ["disconnected"]
    assert not rig.journal.of(Reports)


async def test_a_server_that_was_asked_for_nothing_promises_nothing(rig: Rig) -> None:
    client = await rig.device("lamp", version=Version.V5, properties=Properties(session_expiry_interval=0))
    await client.subscribe("x")
    await client.drop()
    assert (await client.open()).session_present is False
