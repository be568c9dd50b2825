"""The live WebSocket over a real server and bus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from tests.parts import DEADLINE_S
from unisono.api.live import socket as live_socket

AT = 1_795_341_600_100_000


@asynccontextmanager
async def watching(
    hub: Hub, *subscriptions: dict[str, Any], token: str | None = None
) -> AsyncIterator[ClientConnection]:
    async with connect(hub.live) as socket:
        await socket.send(json.dumps({"token": token or hub.token}))
        for each in subscriptions:
            await socket.send(json.dumps({"subscribe": each}))
        await socket.send(json.dumps({"ping": 1}))
        assert await frame(socket) == {"pong": 1}
        yield socket


async def frame(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def test_a_change_reaches_those_who_subscribed_to_it_and_nobody_else(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    await add(hub, id="lamp1", model="light", place="living_room")
    async with (
        watching(hub, {"place": "home", "thing": None, "trait": None}) as all_of_home,
        watching(hub, {"place": "living_room"}) as room,
        watching(hub, {"thing": "probe1"}) as probe,
        watching(hub, {"trait": "brightness"}) as brightness,
    ):
        hub.owner.say("probe1", {"temperature": 24.9}, AT)
        hub.owner.say("lamp1", {"on_off": True, "brightness": 40}, AT, online=True)
        value = {"value": 24.9, "at": "2026-11-22T10:00:00.100Z"}
        expected = {"thing": "probe1", "changed": {"temperature": value}, "at": "2026-11-22T10:00:00.100Z"}
        assert await frame(all_of_home) == expected
        assert await frame(probe) == expected
        assert (await frame(all_of_home))["thing"] == "lamp1"
        lamp = await frame(room)
        assert (lamp["thing"], lamp["online"], set(lamp["changed"])) == ("lamp1", True, {"on_off", "brightness"})
        assert set((await frame(brightness))["changed"]) == {"brightness"}


async def test_a_thing_that_comes_or_goes_without_a_word_is_told_of(hub: Hub) -> None:
    """Added, named anew, moved, removed: to those that follow where it is, and no others."""
    await add_home(hub)
    await hub.http.post("/api/v1/users", json={"id": "guest", "grants": {"living_room": "viewer"}})
    token = (await hub.http.post("/api/v1/users/guest/tokens", json={})).json()["token"]
    async with (
        watching(hub, {}) as all_there_is,
        watching(hub, {"place": "living_room"}) as other,
        watching(hub, {}, token=token) as guest,
    ):
        await add(hub, id="probe1", model="sensor.temperature")
        assert await frame(all_there_is) == {"thing": "probe1", "there": True}
        await add(hub, id="lamp1", model="light", place="living_room")
        for each in (all_there_is, other, guest):
            assert await frame(each) == {"thing": "lamp1", "there": True}
        await hub.http.patch("/api/v1/things/lamp1", json={"name": "Reading lamp"})
        for each in (all_there_is, other, guest):
            assert await frame(each) == {"thing": "lamp1", "there": True}
        await hub.http.delete("/api/v1/things/lamp1")
        for each in (all_there_is, other, guest):
            assert await frame(each) == {"thing": "lamp1", "there": False}
        hub.context.live.forget()  # as when a place was changed meanwhile
        await hub.http.delete("/api/v1/things/probe1")
        assert await frame(all_there_is) == {"thing": "probe1", "there": False}
        for each in (other, guest):
            await each.send('{"ping": 2}')
            assert await frame(each) == {"pong": 2}


async def test_a_wrong_token_is_told_why_and_cut_off(hub: Hub) -> None:
    async with connect(hub.live) as socket:
        await socket.send('{"token": "uni_nonsense"}')
        assert (await frame(socket))["error"]["code"] == "not_signed_in"
        await socket.wait_closed()
        assert socket.close_code == 1008


async def test_a_bad_frame_or_subscription_is_an_error_and_the_view_goes_on(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    async with watching(hub, {"thing": "probe1"}) as socket:
        await socket.send("{nonsense")
        assert (await frame(socket))["error"]["code"] == "bad_json"
        await socket.send('{"subscribe": {"thing": 5}}')
        error = (await frame(socket))["error"]
        assert (error["code"], error["field"]) == ("bad_value", "subscribe.thing")
        await socket.send('{"subscribe": {"place": "nowhere"}}')
        assert (await frame(socket))["error"]["code"] == "not_found"
        hub.owner.say("probe1", {"temperature": 1.0}, AT)
        assert (await frame(socket))["thing"] == "probe1"
        await socket.send('{"unsubscribe": {"thing": "probe1"}}')
        await socket.send('{"ping": "x"}')
        assert await frame(socket) == {"pong": "x"}
        hub.owner.say("probe1", {"temperature": 2.0}, AT)
        await socket.send('{"ping": "y"}')
        assert await frame(socket) == {"pong": "y"}
    assert hub.owner.watched.is_set()


async def test_a_client_that_sends_no_token_is_cut_off(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "TOKEN_WITHIN_S", 0.05)
    async with connect(hub.live) as socket:
        error = (await frame(socket))["error"]
        assert (error["code"], error["expected"]) == ("not_signed_in", '{"token": "..."}')
    async with connect(hub.live) as socket:
        await socket.send('{"subscribe": {}}')
        assert (await frame(socket))["error"]["code"] == "not_signed_in"


async def test_a_revoked_token_ends_the_view(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "RECHECK_EVERY_S", 0.05)
    made = (await hub.http.post("/api/v1/users/local/tokens", json={})).json()
    async with connect(hub.live) as socket:
        await socket.send(json.dumps({"token": made["token"], "ping": 1}))
        await hub.http.delete(f"/api/v1/users/local/tokens/{made['id']}")
        async with asyncio.timeout(DEADLINE_S):
            while "error" not in (found := await frame(socket)):
                pass
        assert found["error"]["code"] == "not_signed_in"
        await socket.wait_closed()
    assert hub.context.live.clients == 0


async def test_many_changes_at_once_arrive_whole(hub: Hub) -> None:
    await add_home(hub)
    rows = [{"id": f"t{number}", "model": "light", "place": "home"} for number in range(2000)]
    await hub.http.post("/api/v1/things", json=rows)
    async with watching(hub, {"place": "home"}) as socket:
        for number in range(2000):
            hub.owner.say(f"t{number}", {"brightness": number % 100}, AT)
        seen: dict[str, int] = {}
        async with asyncio.timeout(DEADLINE_S):
            while len(seen) < 2000:
                each = await frame(socket)
                seen[each["thing"]] = each["changed"]["brightness"]["value"]
        assert seen == {f"t{number}": number % 100 for number in range(2000)}


async def test_a_guest_sees_only_the_places_granted(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    await add(hub, id="lamp1", model="light", place="living_room")
    await hub.http.post("/api/v1/users", json={"id": "guest", "grants": {"living_room": "viewer"}})
    token = (await hub.http.post("/api/v1/users/guest/tokens", json={})).json()["token"]
    async with connect(hub.live) as socket:
        await socket.send(json.dumps({"token": token, "subscribe": {}, "ping": 1}))
        assert await frame(socket) == {"pong": 1}
        hub.owner.say("probe1", {"temperature": 1.0}, AT)
        hub.owner.say("lamp1", {"brightness": 7}, AT)
        assert (await frame(socket))["thing"] == "lamp1"
        await socket.send('{"subscribe": {"thing": "probe1"}}')
        assert (await frame(socket))["error"]["code"] == "not_found"


async def test_a_page_that_gathers_gets_many_changes_as_one_message(hub: Hub) -> None:
    """An array, no more often than asked for; of a property that changed twice meanwhile the newest value."""
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    await add(hub, id="lamp1", model="light", place="living_room")
    async with watching(hub, {"place": "home"}) as socket:
        await socket.send(json.dumps({"gather_ms": 300}))
        await socket.send(json.dumps({"ping": 2}))
        assert await frame(socket) == {"pong": 2}
        hub.owner.say("probe1", {"temperature": 20.0}, AT)
        first: Any = await frame(socket)
        assert [each["thing"] for each in first] == ["probe1"]
        for number in range(10):
            hub.owner.say("probe1", {"temperature": 21.0 + number}, AT)
            hub.owner.say("lamp1", {"brightness": 40 + number}, AT)
        second: Any = await frame(socket)
        assert [each["thing"] for each in second] == ["probe1", "lamp1"]
        assert second[0]["changed"]["temperature"]["value"] == 30.0
        assert second[1]["changed"]["brightness"]["value"] == 49
        for wrong in ({"gather_ms": 5000}, {"first": ["lamp1"] * 501}):
            await socket.send(json.dumps(wrong))
            assert "error" in await frame(socket)


async def test_the_things_that_a_page_shows_come_before_the_others(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    await add(hub, id="lamp1", model="light", place="living_room")
    async with watching(hub, {"place": "home"}) as socket:
        for said in ({"gather_ms": 1000}, {"first": ["lamp1"]}, {"ping": 2}):
            await socket.send(json.dumps(said))
        assert await frame(socket) == {"pong": 2}
        hub.owner.say("probe1", {"temperature": 20.0}, AT)
        assert [each["thing"] for each in cast("Any", await frame(socket))] == ["probe1"]
        hub.owner.say("probe1", {"temperature": 21.0}, AT)
        for level in (1, 2, 3):
            hub.owner.say("lamp1", {"brightness": level}, AT)
            [lamp] = cast("Any", await frame(socket))
            assert (lamp["thing"], lamp["changed"]["brightness"]["value"]) == ("lamp1", level)
        assert [each["thing"] for each in cast("Any", await frame(socket))] == ["probe1"]
