"""Raw messages of a thing: what it said and what it was sent, from where the last answer ended; nobody else's."""

from __future__ import annotations

import pytest

from tests.api.conftest import Hub
from tests.api.test_scenes import add_things, person
from unisono.twin.record import Asked, Batch, Refused, Reports, Sent, encode_batch

AT = 1_795_341_600_000_000
BY = {"kind": "person", "id": "wei"}


async def append(hub: Hub, *entries: object) -> None:
    await hub.log.append(encode_batch(Batch("g", AT, list(entries))))  # type: ignore[arg-type]


async def test_what_it_said_and_what_was_sent_to_it(hub: Hub) -> None:
    await add_things(hub)
    await append(hub, Reports("lamp", "lamp", "state", AT, [b'{"on_off":true}', b"\xff\x00"], b"\0\1\0\2"))
    await append(
        hub,
        Reports("door", "door", "state", AT, [b"{}"]),
        Refused("lamp", "things/lamp/state", AT, "bad_json", "no JSON", b"{"),
        Refused("door", "things/door/state", AT, "bad_json", "no JSON", b"{"),
        Asked("c1", "lamp", AT, BY, set={"on_off": False}),
        Asked("c2", "lamp", AT, BY, call="blink", input={"times": 2}),
        Asked("c3", "door", AT, BY, call="x"),
        Sent("c1", AT),
        Sent("c2", AT),
        Sent("c3", AT),
        Sent("c1", AT, ok=False, why="gone"),
    )
    found = (await hub.http.get("/api/v1/things/lamp/messages")).json()
    assert [(each["way"], each["topic"], each["payload"]) for each in found["items"]] == [
        ("in", "things/lamp/state", '{"on_off":true}'),
        ("in", "things/lamp/state", "ff00"),
        ("in", "things/lamp/state", "{"),
        ("out", "things/lamp/set", '{"on_off":false}'),
        ("out", "things/lamp/call/blink", '{"times":2}'),
    ]
    assert [(each["binary"], each["qos"], each["refused"]) for each in found["items"][:3]] == [
        (False, 1, None),
        (True, 1, None),
        (False, 0, "bad_json: no JSON"),
    ]
    after = f"/api/v1/things/lamp/messages?after={found['next']}"
    assert (await hub.http.get(after)).json() == {"items": [], "next": found["next"], "skipped": 0}
    await append(hub, Sent("c1", AT))
    assert (await hub.http.get(after)).json()["items"] == [], "whose it is is no longer in the log"
    await append(hub, Reports("lamp", "lamp", "event/x", AT, [b"{}"]))
    later = (await hub.http.get(after)).json()
    assert ([each["topic"] for each in later["items"]], later["next"]) == (["things/lamp/event/x"], found["next"] + 2)


async def test_much_is_cut_and_said_to_be(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_things(hub)
    begun = (await hub.http.get("/api/v1/things/lamp/messages")).json()["next"]
    monkeypatch.setattr("unisono.api.things.messages.MAX_BATCHES", 2)
    for number in range(5):
        await append(hub, Reports("lamp", "lamp", "state", AT, [b"%d" % number, "ä".encode() * 4000]))
    found = (await hub.http.get(f"/api/v1/things/lamp/messages?after={begun}&limit=3")).json()
    assert found["skipped"] == 3
    assert [each["payload"][:1] for each in found["items"]] == ["ä", "4", "ä"]
    assert len(found["items"][0]["payload"]) == 2048
    odd = "a" + "ä" * 4000
    await append(hub, Reports("lamp", "lamp", "state", AT, [odd.encode()]))
    cut = (await hub.http.get("/api/v1/things/lamp/messages?limit=1")).json()["items"][0]
    assert (cut["payload"], cut["binary"]) == (odd[:2048], False)


async def test_raw_messages_are_for_who_configures(hub: Hub) -> None:
    await add_things(hub)
    member = await person(hub, "wei", {"home": "member"})
    async with member:
        assert (await member.get("/api/v1/things/lamp/messages")).status_code == 403
        assert (await member.get("/api/v1/things/nothing/messages")).status_code == 404
