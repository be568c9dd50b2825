"""Many scenes in one request: what becomes of each, and that they are held against each other."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.api.conftest import Hub
from tests.api.test_scenes import EVENING, YAML, add_things, entries, person, send
from tests.api.test_things import add
from unisono.api.scenes import bulk as scene_bulk


def called(id: str, text: str = EVENING) -> str:
    return text.replace("id: evening", f"id: {id}")


async def bulk(hub: Hub, texts: list[Any], query: str = "", client: httpx.AsyncClient | None = None) -> dict[str, Any]:
    answer = await (client or hub.http).post(f"/api/v1/scenes/bulk{query}", json=texts)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def results(found: dict[str, Any]) -> list[tuple[Any, str]]:
    return [(row["id"], row["result"]) for row in found["rows"]]


async def test_each_stands_for_itself(hub: Hub) -> None:
    await add_things(hub)
    await send(hub)
    await send(hub, called("other"))
    document = (await hub.http.get("/api/v1/scenes/other")).json()["document"]
    texts = [
        EVENING,
        called("other", EVENING.replace("Evening", "Night")),
        called("a1"),
        called("a1", EVENING.replace("Evening", "Twice")),
        called("a2", EVENING.replace("[lamp]", "[lmap]")),
        {**document, "id": "a3"},
        "id: [",
        called("a4", EVENING.replace("living_room", "attic")),
        called("a5", EVENING.replace("true", "false")),
    ]
    found = await bulk(hub, texts)
    assert results(found) == [
        ("evening", "unchanged"),
        ("other", "error"),
        ("a1", "created"),
        ("a1", "error"),
        ("a2", "error"),
        ("a3", "created"),
        (None, "error"),
        ("a4", "error"),
        ("a5", "created"),
    ]
    assert (found["created"], found["replaced"], found["unchanged"], found["errors"]) == (3, 0, 1, 5)
    errors = {row["row"]: (row["error"]["code"], row["error"]["field"]) for row in found["rows"] if "error" in row}
    assert errors == {
        1: ("exists", "id"),
        3: ("exists", "id"),
        4: ("bad_scene", "then.0.set.things.0"),
        6: ("bad_json", None),
        7: ("not_found", "place"),
    }
    assert found["rows"][4]["error"]["expected"] == "lamp"
    assert [each.id for each in entries(hub)] == ["evening", "other", "a1", "a3", "a5"]
    clash = found["rows"][8]["warnings"][0]
    assert (clash["severity"], clash["path"]) == ("warning", "then.0.set.state.on_off"), "those before it count"

    again = await bulk(hub, texts, "?replace=true")
    assert [result for _id, result in results(again)][:3] == ["unchanged", "replaced", "unchanged"]
    assert again["rows"][1]["version"] == 2
    assert (await hub.http.get("/api/v1/scenes/other")).json()["name"] == "Night"


async def test_a_stream_of_documents(hub: Hub) -> None:
    await add_things(hub)
    stream = f"# Two scenes\n---\n{called('a')}---\n{called('b')}"
    answer = await hub.http.post("/api/v1/scenes/bulk", content=stream, headers=YAML)
    assert results(answer.json()) == [("a", "created"), ("b", "created")]
    assert (await hub.http.get("/api/v1/scenes/b")).json()["text"] == f"---\n{called('b')}"
    for body, headers, code in (
        (b"[1, ", {"Content-Type": "application/json"}, "bad_json"),
        (b"{}", {"Content-Type": "application/json"}, "bad_json"),
        (b"[]", {"Content-Type": "application/json"}, "too_many"),
        (b"# nothing", YAML, "too_many"),
        (b"\xff", YAML, "bad_json"),
        (b"x", {"Content-Type": "text/plain"}, "bad_request"),
    ):
        problem = (await hub.http.post("/api/v1/scenes/bulk", content=body, headers=headers)).json()
        assert problem["code"] == code, (body, problem)
    assert results(await bulk(hub, [1, None])) == [(None, "error"), (None, "error")]


async def test_a_dry_run_leaves_nothing(hub: Hub) -> None:
    await add_things(hub)
    found = await bulk(hub, [called("a"), called("b", EVENING.replace("true", "false"))], "?dry_run=true")
    assert found["dry_run"]
    assert results(found) == [("a", "created"), ("b", "created")]
    assert found["rows"][1]["warnings"][0]["scenes"] == ["a"]
    assert entries(hub) == []
    alone = (await send(hub, called("b", EVENING.replace("true", "false")))).json()
    assert alone["warnings"] == [], "the other was never there"


async def test_a_scene_that_runs_another_comes_behind_it(hub: Hub, monkeypatch: Any) -> None:
    monkeypatch.setattr(scene_bulk, "AT_ONCE", 2)
    await add_things(hub)

    def runs(id: str, *others: str) -> str:
        return called(id) + "".join(f"  - scene: {{id: {other}}}\n" for other in others)

    found = await bulk(
        hub, [runs("a", "b", "c"), runs("b", "c", "d"), runs("c", "d"), called("d"), runs("e", "nobody")]
    )
    assert results(found) == [(id, "created") for id in "abcd"] + [("e", "error")]
    assert [each.id for each in entries(hub)] == ["d", "c", "b", "a"]
    ring = await bulk(hub, [runs("x", "y"), runs("y", "x")])
    assert [row["error"]["field"] for row in ring["rows"]] == ["then.1.scene.id"] * 2, "neither can be the first"


async def test_a_ring_through_things_that_are_none_of_its_own(hub: Hub) -> None:
    await add_things(hub)
    for id in ("l1", "l2", "l3"):
        await add(hub, id=id, model="light", place="home")

    def link(id: str, watched: str, value: str, switched: str, to: str) -> str:
        return (
            f"id: {id}\nname: {id}\nplace: home\n"
            f"when: [{{change: {{things: [{watched}], property: on_off, is: {value}}}}}]\n"
            f"then: [{{set: {{things: [{switched}], state: {{on_off: {to}}}}}}}]\n"
        )

    three = [link("r1", "l1", "true", "l2", "true"), link("r2", "l2", "true", "l3", "true")]
    back = link("r3", "l3", "true", "l1", "{toggle: true}")
    assert results(await bulk(hub, three)) == [("r1", "created"), ("r2", "created")]
    found = (await send(hub, back)).json()
    rings = [each for each in found["warnings"] if "sets off" in each["reason"]] if "warnings" in found else [found]
    assert rings, "r3 knows l1 and l3 only, and the ring leads through l2"
    assert "l2.on_off" in str(rings)


async def test_rights_are_asked_for_each(hub: Hub) -> None:
    await add_things(hub)
    await add(hub, id="oven", model="oven", place="home")
    async with await person(hub, "member", {"home": "member"}) as member:
        texts = [called("a"), called("b", EVENING.replace("[lamp]", "[oven]"))]
        found = await bulk(hub, texts, client=member)
        assert [(row["result"], row.get("error", {}).get("code")) for row in found["rows"]] == [
            ("created", None),
            ("error", "not_allowed"),
        ]
    async with await person(hub, "guest", {"home": "guest"}) as guest:
        found = await bulk(hub, [called("c")], client=guest)
        assert found["rows"][0]["error"]["code"] == "not_allowed"


async def test_when_somebody_else_is_quicker_the_others_are_saved(hub: Hub, monkeypatch: Any) -> None:
    await add_things(hub)
    put = hub.context.registry.put_scenes
    quicker = asyncio.Event()

    async def late(texts: Any, outbox: Any = ()) -> Any:
        if not quicker.is_set():
            quicker.set()
            row, document = texts[1].row, texts[1].document
            await put([type(texts[1])(row, document + "# theirs\n")])
        return await put(texts, outbox)

    monkeypatch.setattr(hub.context.registry, "put_scenes", late)
    found = await bulk(hub, [called("a"), called("b"), called("c")])
    assert results(found) == [("a", "created"), ("b", "error"), ("c", "created")]
    assert found["rows"][1]["error"]["code"] == "exists"


async def test_what_others_saved_is_seen(hub: Hub) -> None:
    """By another process, past this one's memory: it is told by the registry's count."""
    await add_things(hub)
    await send(hub)
    registry = hub.context.registry
    await registry.remove_scene("evening")
    again = (await send(hub, called("late", EVENING.replace("true", "false")))).json()
    assert again["warnings"] == []
