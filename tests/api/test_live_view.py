"""Coalescing and filtering, without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import DEADLINE_S
from unisono.api.live import live as live_room
from unisono.api.live.live import Change, Client, LiveView, Subscription, Whereabouts
from unisono.errors import CallerError
from unisono.twin import talk

THINGS = st.sampled_from("abc")
HOME = Whereabouts(frozenset({"home", "room"}), {"light.on": "on_off", "light.b": "brightness"})


def change(thing: str = "lamp", at: int = 1_000_000, online: bool | None = None, **values: Any) -> Change:
    return Change(thing, {key.replace("__", "."): (value, at) for key, value in values.items()}, at, online)


def test_a_slow_client_gets_the_newest_value_of_each_property_once() -> None:
    client = Client(None)
    for number in range(1000):
        client.offer(change(light__on=True, at=number * 1_000_000))
        client.offer(change(light__b=number, at=number * 1_000_000))
    texts = asyncio.run(client.next_texts())
    assert [json.loads(text) for text in texts] == [
        {
            "thing": "lamp",
            "changed": {
                "light.on": {"value": True, "at": "1970-01-01T00:16:39.000Z"},
                "light.b": {"value": 999, "at": "1970-01-01T00:16:39.000Z"},
            },
            "at": "1970-01-01T00:16:39.000Z",
        }
    ]


def test_coming_online_is_not_lost_behind_a_later_value() -> None:
    client = Client(None)
    client.offer(change(online=True))
    client.offer(change(light__b=1))
    assert json.loads(asyncio.run(client.next_texts())[0])["online"] is True


def test_a_client_that_falls_behind_its_bound_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_room, "MAX_PENDING_THINGS", 3)
    client = Client(None)
    for number in range(4):
        client.offer(change(f"t{number}", light__b=1))
    with pytest.raises(CallerError) as caught:
        asyncio.run(client.next_texts())
    assert caught.value.code == "too_many"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers()), max_size=30))
def test_whatever_is_joined_the_last_word_on_each_property_stands(said: list[tuple[str, str, int]]) -> None:
    client = Client(None)
    last: dict[tuple[str, str], int] = {}
    for thing, key, value in said:
        client.offer(Change(thing, {key: (value, 0)}, 0, None))
        last[thing, key] = value
    if said:
        frames = [json.loads(text) for text in asyncio.run(client.next_texts())]
        found = {(f["thing"], key): each["value"] for f in frames for key, each in f["changed"].items()}
        assert found == last


async def told(client: Client) -> list[tuple[str, dict[str, Any]]]:
    frames = [json.loads(text) for text in await client.next_texts()]
    return [(each["thing"], {key: value["value"] for key, value in each["changed"].items()}) for each in frames]


async def test_what_is_looked_at_does_not_wait_for_what_is_gathered() -> None:
    client = Client(None)
    client.gather_s = 60
    client.look({"lamp"})
    client.offer(change("heater", light__b=1))
    assert await told(client) == [("heater", {"light.b": 1})], "after silence all is sent at once"
    client.offer(change("heater", light__b=2))
    client.offer_other("command", b"{}")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await client.next_texts()
    client.offer(change("lamp", light__b=3))
    assert await told(client) == [("lamp", {"light.b": 3})]
    # what waits goes as soon as it is looked at, whether it speaks again or not
    client.look({"heater"})
    client.offer(change("lamp", light__b=4))
    assert await told(client) == [("heater", {"light.b": 2})]
    # nobody looks at it any more before it is sent: what it says then is not sent before that
    client.offer(change("heater", light__b=5))
    client.look({"lamp"})
    client.offer(change("heater", light__on=True))
    assert await told(client) == [("lamp", {"light.b": 4})]
    client.look({"heater"})
    assert await told(client) == [("heater", {"light.b": 5, "light.on": True})]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("say"), THINGS),
            st.tuples(st.just("look"), st.frozensets(THINGS)),
            st.tuples(st.sampled_from(["send", "gathered"]), st.none()),
        )
    )
)
def test_whatever_is_looked_at_no_older_word_comes_after_a_newer_one(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        client = Client(None)
        client.gather_s = 60
        seen: dict[str, int] = {}
        said: dict[str, int] = {}

        async def send() -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    for thing, state in await told(client):
                        assert state["light.b"] > seen.get(thing, 0)
                        seen[thing] = state["light.b"]

        for turn, (do, what) in enumerate(steps, 1):
            if do == "say":
                client.offer(change(what, light__b=turn))
                said[what] = turn
            elif do == "look":
                client.look(what)
            elif do == "send":
                await send()
                assert all(seen[thing] == at for thing, at in said.items() if thing in client.first)
            else:
                client._gathered()
        client._gathered()
        await send()
        assert seen == said

    asyncio.run(run())


async def test_what_was_gathered_comes_in_the_end() -> None:
    client = Client(None)
    client.gather_s = 0.01
    client.look({"lamp"})
    client.offer(change("lamp", light__b=1))
    assert await told(client) == [("lamp", {"light.b": 1})]
    client.look(())
    client.offer(change("lamp", light__b=2))
    async with asyncio.timeout(DEADLINE_S):
        assert await told(client) == [("lamp", {"light.b": 2})]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (Subscription(), {"light.on", "light.b"}),
        (Subscription(place="home"), {"light.on", "light.b"}),
        (Subscription(place="room", thing="lamp"), {"light.on", "light.b"}),
        (Subscription(trait="brightness"), {"light.b"}),
        (Subscription(trait="light.on"), {"light.on"}),
        (Subscription(place="home", trait="on_off"), {"light.on"}),
        (Subscription(place="office"), None),
        (Subscription(thing="other"), None),
        (Subscription(trait="temperature"), None),
        (Subscription(place="home", thing="other"), None),
    ],
)
def test_all_fields_of_a_subscription_must_hold(wanted: Subscription, keys: set[str] | None) -> None:
    client = Client(None)
    client.subscriptions.append(wanted)
    found = client.wants(change(light__on=True, light__b=5), HOME)
    assert (None if found is None else set(found.changed)) == keys


def test_two_trait_subscriptions_add_up_and_presence_comes_along() -> None:
    client = Client(None)
    client.subscriptions += [Subscription(trait="brightness"), Subscription(trait="on_off")]
    found = client.wants(change(light__on=True, light__b=5), HOME)
    assert found is not None and set(found.changed) == {"light.on", "light.b"}
    gone = client.wants(change(online=False), HOME)
    assert gone is not None and gone.online is False


def test_what_a_client_may_not_see_it_does_not_get() -> None:
    client = Client(frozenset({"office"}))
    client.subscriptions.append(Subscription())
    assert client.wants(change(light__on=True), HOME) is None
    assert Client(frozenset({"room"})).wants(change(light__on=True), HOME) is None  # subscribed to nothing


async def test_things_are_looked_up_once_and_what_they_said_meanwhile_is_not_lost() -> None:
    asked: list[list[str]] = []
    let_go = asyncio.Event()

    async def look_up(ids: Sequence[str]) -> dict[str, Whereabouts]:
        asked.append(list(ids))
        await let_go.wait()
        return {each: HOME for each in ids if each != "ghost"}

    async def watch(_seconds: float) -> None:
        return None

    view = LiveView(look_up, watch, lambda command: {"id": command.id, "state": command.state})
    view.start()
    client = Client(None)
    client.subscriptions.append(Subscription())
    await view.join(client)

    def say(thing: str, value: int) -> None:
        view.receive(msgspec.msgpack.encode(talk.Live([talk.LiveChange(thing, {"light.b": (value, 1)}, 1)])))

    say("lamp", 1)
    await asyncio.sleep(0)
    say("lamp", 2)
    say("ghost", 1)
    view.receive(b"nonsense")
    command = talk.CommandView("c1", "lamp", "sent", {}, 1)
    view.receive(msgspec.msgpack.encode(talk.Live([], [command])))
    let_go.set()
    async with asyncio.timeout(DEADLINE_S):
        frames: list[dict[str, Any]] = []
        while len(frames) < 2:
            frames += [json.loads(text) for text in await client.next_texts()]
    assert {"thing": "lamp", "command": {"id": "c1", "state": "sent"}} in frames
    assert [f["changed"]["light.b"]["value"] for f in frames if "changed" in f] == [2]
    say("lamp", 3)
    assert json.loads((await client.next_texts())[0])["changed"]["light.b"]["value"] == 3
    assert sum(ids.count("lamp") for ids in asked) == 1
    view.forget(["lamp"])
    view.leave(client)
    say("lamp", 4)  # nobody looks
    await view.stop()
    assert view.clients == 0
