"""What outlives a connection: subscriptions and messages that wait - for as long as was asked, bounded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway.sessions.session import Message, SessionState
from unisono.twin.record import Listening, Presence
from unisono.wire.mqtt import Properties, Version

FOREVER = Properties(session_expiry_interval=0xFFFFFFFF)


def lasting(version: Version) -> dict[str, Any]:
    if version is Version.V311:
        return {"clean_start": False}
    return {"version": Version.V5, "clean_start": False, "properties": FOREVER}


@pytest.mark.parametrize("version", [Version.V311, Version.V5])
async def test_messages_wait_for_who_is_away(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", **lasting(version))
    assert client.connack is not None and client.connack.session_present is False
    await client.subscribe("x/#", qos=1)
    await client.subscribe("y", qos=0)
    await client.leave()
    speaker = await rig.device("neighbour")
    await speaker.say("x/1", b"1")
    speaker.publish("x/0", b"0", 0)
    await speaker.say("y", b"y")
    await speaker.say("x/2", b"2", 2)
    assert (await client.open()).session_present is True
    await until(lambda: len(client.messages) == 2, "what waited")
    await client.say("x/3", b"3")
    await until(lambda: len(client.messages) == 3, "the subscription lives on")
    assert client.messages == [("x/1", b"1", 1, False), ("x/2", b"2", 1, False), ("x/3", b"3", 1, False)]


async def test_what_was_not_acknowledged_comes_again(rig: Rig) -> None:
    client = await rig.device("lamp", **lasting(Version.V311))
    await client.subscribe("x")
    client.deaf = True  # it reads, but never answers
    speaker = await rig.device("neighbour")
    await speaker.say("x", b"1")
    await until(lambda: client.last_bytes.endswith(b"1"), "it was delivered once")
    await client.drop()
    client.deaf = False
    await client.open()
    await until(lambda: client.payloads == [b"1"], "and again")


async def test_a_clean_start_forgets(rig: Rig) -> None:
    client = await rig.device("lamp", **lasting(Version.V311))
    await client.subscribe("x")
    await client.leave()
    clean = await rig.device("lamp")
    assert clean.connack is not None and clean.connack.session_present is False
    await clean.say("x", b"1")
    assert clean.messages == []
    await clean.leave()
    assert (await client.open()).session_present is False


async def test_a_session_expires_when_it_was_asked_to(rig: Rig) -> None:
    fields: dict[str, Any] = {
        "version": Version.V5,
        "clean_start": False,
        "properties": Properties(session_expiry_interval=1000),
    }
    client = await rig.device("lamp", **fields)
    await client.subscribe("x")
    await client.leave()
    assert (await client.open()).session_present is True
    left = time.monotonic()
    await client.leave(properties=Properties(session_expiry_interval=1))
    await until(lambda: rig.gateway.session("lamp") is None, "it is over")
    assert time.monotonic() - left >= 1
    assert (await client.open()).session_present is False


async def test_goodbye_may_end_a_session_that_was_to_last(rig: Rig) -> None:
    client = await rig.device("lamp", **lasting(Version.V5))
    goodbye = b"\xe0\x07\x00\x05\x11\x00\x00\x00\x00"  # DISCONNECT, session expiry interval 0
    client.send(goodbye)
    await until(client.closed.is_set, "the end")
    assert (await client.open()).session_present is False


async def test_a_resumed_session_says_again_what_it_listens_to(rig: Rig) -> None:
    client = await rig.device("lamp", **lasting(Version.V311))
    await client.subscribe("things/me/set")
    await client.drop()
    await client.open()
    await until(lambda: len(rig.journal.of(Listening)) == 2, "said again")
    first, second = rig.journal.of(Listening)
    assert second.topics == ["set"] and second.epoch > first.epoch
    assert second.epoch == [e.epoch for e in rig.journal.of(Presence) if e.online][-1]


async def test_who_leaves_in_the_segment_in_which_it_came_listens_to_nothing(rig: Rig) -> None:
    client = await rig.device("lamp", **lasting(Version.V311))
    await client.subscribe("things/me/set")
    await client.leave()
    await client.open(b"\xe0\x00")
    await until(client.closed.is_set, "it is gone again")
    await rig.settled()
    kinds = [type(entry).__name__ for entry in rig.journal.entries[1:]]
    assert kinds == ["Presence", "Listening", "Presence", "Presence", "Presence"]


async def test_a_resumed_session_knows_children_that_came_meanwhile(rig: Rig) -> None:
    bridge = await rig.device("bridge", **lasting(Version.V311))
    await bridge.subscribe("#")
    await bridge.leave()
    rig.directory.add("bridge", children=["probe"])
    await bridge.open()
    probe = await rig.device("probe")
    await probe.say("things/me/state", b"{}")
    bulb = await rig.device("bulb")
    await bulb.say("things/me/state", b"no child any more")
    await bridge.say("marker", b"m")
    assert [payload for payload in bridge.payloads if payload != b"m"] == [b"{}"]


async def test_a_full_queue_drops_the_oldest_and_counts_them(rig: Rig) -> None:
    rig.limit(connection={"queue_messages": 10})
    client = await rig.device("lamp", **lasting(Version.V311))
    await client.subscribe("x")
    await client.leave()
    speaker = await rig.device("neighbour")
    for n in range(25):
        await speaker.say("x", b"%d" % n)
    await client.open()
    await until(lambda: len(client.messages) == 10, "the newest ten")
    assert client.payloads == [b"%d" % n for n in range(15, 25)]
    assert rig.gateway.by_key["lamp"].dropped == 15


def test_a_queue_is_bounded_in_bytes_too() -> None:
    state = SessionState("lamp", "lamp", "home", frozenset({"lamp"}), bounds=(1_000, 1_000))
    for n in range(5):
        state.keep(Message("x", bytes([n]) * 400, 1, False, None))
    assert state.queue is not None and [message.payload[0] for message in state.queue] == [3, 4]
    assert state.dropped == 3
    state.keep(Message("x", b"\xff" * 5_000, 1, False, None))
    assert [message.payload[0] for message in state.queue] == [0xFF], "one message always fits"
    state.sent()
    assert state.queue is None and state.next_waiting(0) is None
    state.keep(Message("x", b"y" * 900, 1, False, None))
    assert state.dropped == 5


async def test_sessions_of_the_absent_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from unisono.gateway import server

    monkeypatch.setattr(server, "SESSIONS", 3)
    for n in range(8):
        client = await rig.device("lamp", client_id=f"c{n}", clean_start=False)
        await client.leave()
    await until(lambda: len(rig.gateway.by_key) == 3, "only three are kept")
