"""Things over HTTP, against a real registry, log and bus."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.parts import DEADLINE_S
from unisono.twin import record, talk


async def add_home(hub: Hub) -> None:
    answer = await hub.http.post("/api/v1/places", json={"id": "home", "name": "Home", "names": {"zh": "家"}})
    assert answer.status_code == 201, answer.text
    answer = await hub.http.post("/api/v1/places", json={"name": "Living room", "parent": "home"})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {
        "id": "living_room",
        "name": "Living room",
        "names": {},
        "kind": "room",
        "parent": "home",
        "root": "home",
        "zone": "",
        "position": None,
        "mode": "home",
    }


async def add(hub: Hub, **fields: Any) -> dict[str, Any]:
    answer = await hub.http.post("/api/v1/things", json={"place": "home", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def signed_in(hub: Hub, *shown: tuple[str, str]) -> list[talk.SignIn]:
    """What the directory says of these pairs of user name and password."""
    ask = talk.SignInAsk([talk.Credentials(*each) for each in shown])
    return (await hub.context.directory.sign_in(ask)).items


async def test_a_thing_is_in_the_log_and_may_sign_in_when_the_answer_comes(hub: Hub) -> None:
    await add_home(hub)
    added = await add(hub, id="probe1", model="sensor.temperature", name="Probe")
    assert added["id"] == "probe1"
    kinds = [type(entry) for entry in hub.owner.entries]
    assert kinds == [record.ModelPut, record.ThingPut]
    assert hub.owner.things["probe1"].root == "home"

    items = await signed_in(hub, ("probe1", added["secret"]), ("probe1", "wrong"), ("nobody", "x"))
    assert [(item.ok, item.code) for item in items] == [
        (True, ""),
        (False, "bad_credentials"),
        (False, "unknown_thing"),
    ]
    assert (items[0].root, items[0].partition) == ("home", "0")

    hub.owner.say("probe1", {"temperature": 24.9}, 1_795_341_600_100_000)
    thing = (await hub.http.get("/api/v1/things/probe1")).json()
    assert thing["state"] == {"temperature": {"value": 24.9, "at": "2026-11-22T10:00:00.100Z"}}
    assert thing["online"] is True


async def test_a_second_thing_of_a_model_does_not_repeat_the_model(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="a", model="light")
    await add(hub, id="b", model="light")
    assert [type(entry) for entry in hub.owner.entries] == [record.ModelPut, record.ThingPut, record.ThingPut]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"id": "me", "model": "light", "place": "home"}, 422, "bad_id", "id"),
        ({"id": "A b", "model": "light", "place": "home"}, 422, "bad_id", "id"),
        ({"id": "x", "model": "no_such", "place": "home"}, 404, "not_found", "model"),
        ({"id": "x", "model": "light", "place": "nowhere"}, 404, "not_found", "place"),
        ({"id": "x", "model": "light"}, 422, "bad_value", "place"),
        ({"id": "x", "model": 5, "place": "home"}, 422, "bad_value", "model"),
        ({"id": "x", "model": "light", "place": "home", "colour": 1}, 422, "bad_value", "colour"),
        ({"model": "light", "place": "home"}, 422, "bad_id", "id"),
    ],
)
async def test_a_wrong_thing_is_refused_with_the_field_at_fault(
    hub: Hub, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    await add_home(hub)
    answer = await hub.http.post("/api/v1/things", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("field")) == (status, code, field), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert hub.owner.entries == []


async def test_who_names_an_unknown_field_is_told_those_that_there_are(hub: Hub) -> None:
    answer = await hub.http.post("/api/v1/things/lamp1/commands", json={"state": {"on_off": True}})
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, "state")
    assert {"set", "call", "ttl_s"} <= set(problem["expected"].removeprefix("one of ").split(", "))
    row = {"id": "x", "model": "light", "place": "home", "colour": 1}
    deeper = (await hub.http.post("/api/v1/things", json=[row])).json()
    assert (deeper["field"], deeper["expected"]) == ("[0].colour", "only documented fields")


async def test_a_bulk_of_things_is_all_or_nothing_and_names_the_row_at_fault(hub: Hub) -> None:
    await add_home(hub)
    rows = [{"id": f"t{number}", "model": "light", "place": "home"} for number in range(50)]
    rows[17] = {"id": "t17", "model": "light", "place": "nowhere"}
    problem = (await hub.http.post("/api/v1/things", json=rows)).json()
    assert (problem["code"], problem["field"]) == ("not_found", "[17].place")
    rows[17] = {"id": "t3", "model": "light", "place": "home"}
    problem = (await hub.http.post("/api/v1/things", json=rows)).json()
    assert (problem["code"], problem["field"]) == ("exists", "[17].id")
    rows[17] = {"id": "t17", "model": 7, "place": "home"}  # type: ignore[dict-item]
    problem = (await hub.http.post("/api/v1/things", json=rows)).json()
    assert (problem["code"], problem["field"]) == ("bad_value", "[17].model")
    assert (await hub.http.get("/api/v1/things")).json()["items"] == []

    rows[17] = {"id": "t17", "model": "light", "place": "home"}
    answer = await hub.http.post("/api/v1/things", json=rows)
    items = answer.json()["items"]
    assert [item["id"] for item in items] == [row["id"] for row in rows]
    assert len({item["secret"] for item in items}) == 50
    assert len(hub.owner.things) == 50
    assert (await hub.http.post("/api/v1/things", json=[])).json()["code"] == "too_many"


async def test_ten_thousand_things_are_added_and_sign_in_within_seconds(hub: Hub) -> None:
    await add_home(hub)
    rows = [{"id": f"t{number}", "model": "light", "place": "home"} for number in range(10_000)]
    began = time.process_time()  # all is in this process, and its neighbours on the machine do not count
    items = (await hub.http.post("/api/v1/things", json=rows)).json()["items"]
    added = time.process_time()
    ask = talk.SignInAsk([talk.Credentials(item["id"], item["secret"]) for item in items])
    answers = []
    for start in range(0, len(ask.items), 500):
        part = msgspec.msgpack.encode(talk.SignInAsk(ask.items[start : start + 500]))
        answer = await hub.context.bus.request(talk.SIGN_IN, part, 10.0)
        answers += msgspec.msgpack.decode(answer, type=talk.SignInAnswer).items
    signed_in = time.process_time()
    assert all(answer.ok for answer in answers)
    assert [answer.id for answer in answers] == [item["id"] for item in items]
    assert added - began < 15
    assert signed_in - added < 5  # about 1 s alone on a core


async def test_lists_filter_and_page(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="a", model="light", name="Sofa lamp", place="living_room")
    await add(hub, id="b", model="sensor.temperature", name="Probe")
    await add(hub, id="c", model="light", name="Hall lamp")

    async def ids(query: str) -> list[str]:
        answer = await hub.http.get(f"/api/v1/things?{query}")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids("") == ["a", "b", "c"]
    assert await ids("place=living_room") == ["a"]
    assert await ids("model=light") == ["a", "c"]
    assert await ids("trait=brightness") == ["a", "c"]
    assert await ids("trait=no_such") == []
    assert await ids("q=LAMP") == ["a", "c"]
    first = (await hub.http.get("/api/v1/things?limit=2")).json()
    assert ([item["id"] for item in first["items"]], first["next"]) == (["a", "b"], "b")
    last = (await hub.http.get("/api/v1/things?limit=2&after=b")).json()
    assert ([item["id"] for item in last["items"]], last["next"]) == (["c"], None)
    assert (await hub.http.get("/api/v1/things?place=nowhere")).json()["code"] == "not_found"
    problem = (await hub.http.get("/api/v1/things?limit=0")).json()
    assert (problem["code"], problem["field"]) == ("bad_value", "limit")


async def test_a_thing_is_changed_moved_within_its_root_and_removed(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    await add(hub, id="lamp", model="light")
    answer = await hub.http.patch("/api/v1/things/lamp", json={"name": "Lamp", "place": "living_room", "sleep_s": 60})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["place"], answer.json()["sleep_s"]) == ("Lamp", "living_room", 60)
    last = hub.owner.things["lamp"]
    assert (last.name, last.place, last.sleep_s) == ("Lamp", "living_room", 60)
    problem = (await hub.http.patch("/api/v1/things/lamp", json={"place": "plant"})).json()
    assert (problem["code"], problem["field"]) == ("bad_value", "place")
    entries = len(hub.owner.entries)
    assert (await hub.http.patch("/api/v1/things/lamp", json={"name": "Lamp"})).status_code == 200
    assert len(hub.owner.entries) == entries, "nothing changed, so nothing is logged"

    assert (await hub.http.delete("/api/v1/things/lamp")).status_code == 204
    assert "lamp" not in hub.owner.things
    assert (await hub.http.get("/api/v1/things/lamp")).json()["code"] == "not_found"
    assert (await hub.http.delete("/api/v1/things/lamp")).status_code == 404
    signed = await hub.context.directory.sign_in(talk.SignInAsk([talk.Credentials("lamp", "x")]))
    assert signed.items[0].code == "unknown_thing"


async def test_names_in_several_languages_are_kept_found_and_told_the_owner(hub: Hub) -> None:
    await add_home(hub)
    await add(
        hub, id="lamp", model="light", name="Sofa lamp", names={"zh": [" 沙发灯 ", "落地灯", "沙发灯"], "en": "Couch"}
    )
    kept = {"zh": ["沙发灯", "落地灯"], "en": ["Couch"]}
    assert (await hub.http.get("/api/v1/things/lamp")).json()["names"] == kept
    assert hub.owner.things["lamp"].names == kept

    async def found(q: str) -> list[str]:
        answer = await hub.http.get("/api/v1/things", params={"q": q})
        return [item["id"] for item in answer.json()["items"]]

    assert [await found(q) for q in ("落地", "couch", "sofa", "灯 落")] == [["lamp"], ["lamp"], ["lamp"], []]
    answer = await hub.http.patch("/api/v1/things/lamp", json={"names": {"zh": "阅读灯"}})
    assert answer.json()["names"] == {"zh": ["阅读灯"]}
    assert hub.owner.things["lamp"].names == {"zh": ["阅读灯"]}
    assert [await found(q) for q in ("落地", "阅读")] == [[], ["lamp"]]
    assert (await hub.http.patch("/api/v1/things/lamp", json={"name": "Lamp"})).json()["names"] == {"zh": ["阅读灯"]}


@pytest.mark.parametrize(
    "names",
    [
        {"zh": ""},
        {"zh": ["灯", " "]},
        {"zh": []},
        {"zh": ["灯"] * 21},
        {"zh": "灯" * 201},
        {"zh": 7},
        {"not a language": "x"},
        {"": "x"},
        {"aaa-" + chr(97 + number): "x" for number in range(21)},
        {f"a{chr(97 + number)}": "x" for number in range(21)},
    ],
)
async def test_names_that_are_none_are_refused_where_they_stand(hub: Hub, names: dict[str, Any]) -> None:
    await add_home(hub)
    body = {"id": "lamp", "model": "light", "place": "home", "names": names}
    problem = (await hub.http.post("/api/v1/things", json=body)).json()
    assert (problem["status"], problem["code"]) == (422, "bad_value"), problem
    assert problem["field"].startswith("names"), problem
    assert (await hub.http.patch("/api/v1/places/home", json={"names": names})).status_code == 422


async def test_a_new_secret_shuts_out_the_old_one_and_tells_the_gateways(hub: Hub) -> None:
    await add_home(hub)
    old = (await add(hub, id="lamp", model="light"))["secret"]
    told: list[list[str]] = []
    heard = asyncio.Event()

    def hear(payload: bytes) -> None:
        told.append(msgspec.msgpack.decode(payload, type=talk.AccessChanged).things)
        heard.set()

    await hub.context.bus.subscribe(talk.ACCESS_CHANGED, hear)
    assert (await signed_in(hub, ("lamp", old)))[0].version == 1
    new = (await hub.http.post("/api/v1/things/lamp/secret")).json()["secret"]
    items = await signed_in(hub, ("lamp", old), ("lamp", new))
    assert [item.ok for item in items] == [False, True]
    assert items[1].version == 2
    async with asyncio.timeout(DEADLINE_S):
        await heard.wait()
    assert told == [["lamp"]]


async def test_children_come_with_their_gateways_sign_in(hub: Hub) -> None:
    await add_home(hub)
    secret = (await add(hub, id="bridge", model="gateway"))["secret"]
    assert (await hub.context.directory.sign_in(talk.SignInAsk([talk.Credentials("bridge", secret)]))).items[
        0
    ].children == []
    await add(hub, id="bulb", model="light", parent="bridge")
    assert (await hub.context.directory.sign_in(talk.SignInAsk([talk.Credentials("bridge", secret)]))).items[
        0
    ].children == ["bulb"]


async def test_an_owner_that_is_silent_is_said_of_each_thing_and_lists_still_work(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    await hub.owner.stop()
    thing = (await hub.http.get("/api/v1/things")).json()["items"][0]
    assert (thing["id"], thing["availability"], thing["online"]) == ("lamp", "unknown", False)
    problem = (await hub.http.get("/api/v1/things/lamp/history?property=brightness")).json()
    assert (problem["code"], problem["status"]) == ("owner_unavailable", 503)
    answer = await hub.http.post("/api/v1/things", json={"id": "b", "model": "light", "place": "home"})
    assert answer.json()["code"] == "owner_unavailable"
    assert "it will" in answer.json()["detail"]
    await hub.owner.start()


async def test_dead_letters_of_a_thing_are_shown(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    hub.owner.letters += [
        talk.DeadLetter(1_795_341_600_000_000, "lamp", "state", "bad_json", "not JSON", b"\xff{"),
        talk.DeadLetter(1, "other", "state", "bad_json", "not JSON"),
    ]
    assert (await hub.http.get("/api/v1/things/lamp/dead-letters")).json() == {
        "items": [
            {
                "at": "2026-11-22T10:00:00.000Z",
                "thing": "lamp",
                "topic": "state",
                "code": "bad_json",
                "detail": "not JSON",
                "excerpt": "\\xff{",
            }
        ],
        "next": None,
    }
    assert len((await hub.http.get("/api/v1/dead-letters")).json()["items"]) == 2


async def test_a_list_comes_with_the_models_of_its_things_where_they_are_asked_for(hub: Hub) -> None:
    """Each once, as `/models/{id}` gives it: what draws things needs no further turn for each kind."""
    await add_home(hub)
    for id, model in (("a", "light"), ("b", "light"), ("c", "lock")):
        await add(hub, id=id, model=model, name=id)
    assert (await hub.http.get("/api/v1/things")).json()["models"] == []
    answer = await hub.http.get("/api/v1/things?models=true")
    assert answer.headers["content-encoding"] == "gzip"
    assert [each["id"] for each in answer.json()["items"]] == ["a", "b", "c"]
    alone = [(await hub.http.get(f"/api/v1/models/{each}?version=1")).json() for each in ("light", "lock")]
    assert answer.json()["models"] == alone
    part = (await hub.http.get("/api/v1/things?models=true&limit=1&after=b")).json()
    assert [each["id"] for each in part["models"]] == ["lock"]


async def test_models_beside_things_are_no_more_than_an_answer_holds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_home(hub)
    await add(hub, id="a", model="car", name="a")
    await add(hub, id="b", model="sensor.temperature", name="b")
    whole = {
        each: len((await hub.http.get(f"/api/v1/models/{each}")).content) for each in ("car", "sensor.temperature")
    }
    monkeypatch.setattr("unisono.api.things.things.MAX_DOCUMENTS_BYTES", whole["car"] - 1)
    found = (await hub.http.get("/api/v1/things?models=true")).json()
    assert [each["id"] for each in found["models"]] == ["sensor.temperature"]
    assert len(found["items"]) == 2
