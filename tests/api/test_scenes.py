"""Scenes over HTTP: versions, rights, and that what is refused leaves nothing behind."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.access import Outside
from unisono.scene.document import load_scene
from unisono.twin import record

YAML = {"Content-Type": "application/yaml"}
EVENING = """\
# Light when somebody comes home
id: evening
name: Evening
names: {zh: 晚上}
place: living_room
when:
  - change: {things: [door], property: contact, is: open}   # the front door
then:
  - set: {things: [lamp], state: {on_off: true}}
"""


async def add_things(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light", place="living_room")
    await add(hub, id="door", model="sensor.contact", place="home")


async def send(hub: Hub, text: str = EVENING, method: str = "POST", path: str = "") -> httpx.Response:
    return await hub.http.request(method, f"/api/v1/scenes{path}", content=text, headers=YAML)


async def person(hub: Hub, id: str, grants: dict[str, str]) -> httpx.AsyncClient:
    """A client that is signed in as somebody with these roles."""
    body = {"id": id, "password": "a long enough one", "grants": grants}
    assert (await hub.http.post("/api/v1/users", json=body)).status_code == 201
    answer = await hub.http.post("/api/v1/login", json={"user": id, "password": "a long enough one"})
    return hub.client(answer.json()["token"])


def entries(hub: Hub) -> list[Any]:
    """What came through the log about scenes."""
    return [each for each in hub.owner.entries if type(each).__name__.startswith("Scene")]


async def test_a_scene_is_in_the_log_when_the_answer_comes(hub: Hub) -> None:
    await add_things(hub)
    answer = await send(hub)
    assert answer.status_code == 201, answer.text
    saved = answer.json()
    assert (saved["id"], saved["version"], saved["enabled"], saved["text"]) == ("evening", 1, True, EVENING)
    assert saved["document"]["when"][0]["change"]["is"] == "open"
    assert saved["saved_by"]["kind"] == "program"
    assert saved["switched_at"] is None
    put = entries(hub)[-1]
    assert isinstance(put, record.ScenePut)
    assert (put.id, put.version, load_scene(put.document)) == ("evening", 1, load_scene(EVENING))
    shown = (await hub.http.get("/api/v1/scenes/evening")).json()
    assert {**shown, "warnings": saved["warnings"]} == saved


async def test_json_is_taken_too(hub: Hub) -> None:
    await add_things(hub)
    body = msgspec.json.decode(msgspec.json.encode(load_scene(EVENING)))
    answer = await hub.http.post("/api/v1/scenes/evening", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["document"] == body
    wrong = await hub.http.post("/api/v1/scenes/other", json=body)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "id")


async def test_each_change_is_a_version(hub: Hub) -> None:
    await add_things(hub)
    await send(hub)
    assert (await send(hub)).json()["code"] == "exists"
    again = (await send(hub, method="PUT", path="/evening")).json()
    assert again["version"] == 1, "the same text is no new version"
    second = EVENING.replace("true", "false")
    changed = (await send(hub, second, "PUT", "/evening?version=1")).json()
    assert (changed["version"], changed["text"]) == (2, second)
    late = await send(hub, EVENING, "PUT", "/evening?version=1")
    assert (late.status_code, late.json()["code"], late.json()["field"]) == (409, "exists", "version")
    patched = (await hub.http.patch("/api/v1/scenes/evening", json={"name": "Late", "names": None})).json()
    assert (patched["version"], patched["name"], "names" in patched["document"]) == (3, "Late", False)
    versions = (await hub.http.get("/api/v1/scenes/evening/versions")).json()["items"]
    assert [each["version"] for each in versions] == [3, 2, 1]
    first = (await hub.http.get("/api/v1/scenes/evening/versions/1")).json()
    assert (first["text"], first["saved_by"]) == (EVENING, versions[-1]["saved_by"])
    assert (await hub.http.get("/api/v1/scenes/evening/versions/9")).json()["field"] == "version"
    assert [each.version for each in entries(hub)] == [1, 2, 3]


async def test_the_switch_stays_over_a_change_that_does_not_speak_of_it(hub: Hub) -> None:
    await add_things(hub)
    await send(hub)
    off = (await hub.http.post("/api/v1/scenes/evening/disable")).json()
    assert (off["enabled"], off["version"], off["switched_by"]["kind"]) == (False, 1, "program")
    await hub.http.post("/api/v1/scenes/evening/disable")
    changed = (await send(hub, EVENING.replace("Evening", "Night"), "PUT", "/evening")).json()
    assert (changed["enabled"], changed["switched_at"]) == (False, off["switched_at"])
    said = (await send(hub, EVENING + "enabled: true\n", "PUT", "/evening")).json()
    assert said["enabled"] is True
    assert (await hub.http.post("/api/v1/scenes/evening/enable")).json()["enabled"] is True
    assert [(type(each), getattr(each, "enabled", None)) for each in entries(hub)] == [
        (record.ScenePut, None),
        (record.SceneEnabled, False),
        (record.ScenePut, None),
        (record.SceneEnabled, False),
        (record.ScenePut, None),
    ]


async def test_lists(hub: Hub) -> None:
    await add_things(hub)
    for id, place in (("a1", "home"), ("b1", "living_room"), ("c1", "living_room")):
        await send(hub, EVENING.replace("id: evening", f"id: {id}").replace("place: living_room", f"place: {place}"))

    async def ids(query: str) -> tuple[list[str], str | None]:
        page = (await hub.http.get(f"/api/v1/scenes{query}")).json()
        return [each["id"] for each in page["items"]], page["next"]

    assert await ids("") == (["a1", "b1", "c1"], None)
    assert await ids("?limit=2") == (["a1", "b1"], "b1")
    assert await ids("?after=b1") == (["c1"], None)
    assert await ids("?place=living_room") == (["b1", "c1"], None)
    assert await ids("?q=晚") == (["a1", "b1", "c1"], None)
    assert await ids("?q=a1") == (["a1"], None)
    assert (await hub.http.get("/api/v1/scenes?place=attic")).json()["field"] == "place"


async def test_removing(hub: Hub) -> None:
    await add_things(hub)
    await send(hub)
    assert (await hub.http.delete("/api/v1/places/living_room")).json()["code"] == "in_use"
    assert (await hub.http.delete("/api/v1/scenes/evening")).status_code == 204
    assert entries(hub)[-1] == record.SceneRemoved("evening")
    for path in ("/evening", "/evening/versions"):
        assert (await hub.http.get(f"/api/v1/scenes{path}")).json()["code"] == "not_found"
    assert (await hub.http.delete("/api/v1/scenes/evening")).status_code == 404
    assert (await send(hub, method="PUT", path="/evening")).status_code == 404


async def test_what_is_wrong_is_said_and_nothing_is_left(hub: Hub) -> None:
    await add_things(hub)
    for text, code, field in (
        ("id: [", "bad_json", None),
        ("just text", "bad_scene", None),
        ("[" * 250_000, "bad_json", None),
        ("x" * 300_000, "too_large", None),
        (EVENING.replace("id: evening", "id: me"), "bad_id", "id"),
        (EVENING.replace("id: evening", "id: Evening"), "bad_scene", "id"),
        (EVENING.replace("place: living_room", "place: attic"), "not_found", "place"),
        (EVENING + "when_: []\n", "bad_scene", "when_"),
        (EVENING + "id: twice\n", "bad_json", None),
        (EVENING.replace("set:", "call:"), "bad_scene", "then.0.call.state"),
        (EVENING.replace("change:", "time: {at: 25:00}\n  - change:"), "bad_scene", "when.0.time.at"),
        (EVENING + "  - wait: {until: [{cel: {expression: 'a +'}}]}\n", "bad_scene", "then.1.wait.until.0.cel"),
        (EVENING + "  - set: {kind: light, state: {on_off: true}}\n", "bad_scene", "then.1.set.kind"),
    ):
        answer = await send(hub, text)
        problem = answer.json()
        assert problem["code"] == code, (text[:80], problem)
        assert field is None or problem["field"].startswith(field), problem
    assert (await hub.http.post("/api/v1/scenes", content=b"\xff", headers=YAML)).json()["code"] == "bad_json"
    answer = await hub.http.post("/api/v1/scenes", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.json()["code"] == "bad_json"
    answer = await hub.http.post("/api/v1/scenes", content=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.json()["code"], answer.json()["field"]) == ("bad_request", "Content-Type")
    assert (await hub.http.get("/api/v1/scenes")).json()["items"] == []
    assert entries(hub) == []
    assert (await hub.http.patch("/api/v1/scenes/evening", json=[])).status_code == 404
    await send(hub)
    assert (await hub.http.patch("/api/v1/scenes/evening", json=[])).json()["code"] == "bad_scene"
    assert (await hub.http.patch("/api/v1/scenes/evening", json={"then": []})).json()["field"] == "then"


async def test_who_may_edit_and_who_may_not(hub: Hub) -> None:
    await add_things(hub)
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    await add(hub, id="press", model="press", place="plant")
    await add(hub, id="lock", model="lock", place="home")
    await send(hub)
    async with (
        await person(hub, "guest", {"home": "guest"}) as guest,
        await person(hub, "member", {"home": "member", "plant": "operator"}) as member,
        await person(hub, "stranger", {"plant": "viewer"}) as stranger,
    ):
        assert (await guest.get("/api/v1/scenes/evening")).status_code == 200
        assert (await stranger.get("/api/v1/scenes/evening")).status_code == 404
        assert (await stranger.get("/api/v1/scenes")).json()["items"] == []
        for method, path in (("PUT", "/evening"), ("DELETE", "/evening"), ("POST", "/evening/disable")):
            answer = await guest.request(method, f"/api/v1/scenes{path}", content=EVENING, headers=YAML)
            assert answer.json()["code"] == "not_allowed", (method, path)
        other = EVENING.replace("id: evening", "id: other")
        assert (await guest.post("/api/v1/scenes", content=other, headers=YAML)).json()["code"] == "not_allowed"
        assert (await stranger.post("/api/v1/scenes", content=other, headers=YAML)).json()["code"] == "not_found"
        saved = await member.post("/api/v1/scenes", content=other, headers=YAML)
        assert saved.status_code == 201
        assert saved.json()["saved_by"] == {"kind": "person", "id": "member"}
        at_plant = EVENING.replace("evening", "press_on").replace("place: living_room", "place: plant")
        answer = await member.post("/api/v1/scenes", content=at_plant, headers=YAML)
        assert answer.json()["code"] == "not_allowed", "an operator runs the plant and does not rebuild it"


async def test_nobody_has_a_scene_do_what_they_may_not(hub: Hub) -> None:
    """Nor may they change or remove one that does."""
    await add_things(hub)
    await add(hub, id="oven", model="oven", place="home")
    heat = EVENING.replace("id: evening", "id: heat").replace("things: [lamp]", "things: [oven]")
    through = EVENING.replace("id: evening", "id: through") + "  - scene: {id: heat}\n"
    async with await person(hub, "member", {"home": "member"}) as member:
        refused = await member.post("/api/v1/scenes", content=heat, headers=YAML)
        assert refused.json()["code"] == "not_allowed", refused.text
        assert (await send(hub, heat)).status_code == 201
        refused = await member.post("/api/v1/scenes", content=through, headers=YAML)
        assert refused.json()["code"] == "not_allowed", "not by way of another scene either"
        for method, path in (("PUT", "/heat"), ("DELETE", "/heat"), ("POST", "/heat/disable")):
            answer = await member.request(method, f"/api/v1/scenes{path}", content=heat, headers=YAML)
            assert answer.json()["code"] == "not_allowed", (method, path)
    assert [each.id for each in entries(hub)] == ["heat"]


async def test_a_scene_may_move_to_another_root(hub: Hub) -> None:
    await add_things(hub)
    await hub.http.post("/api/v1/places", json={"id": "car", "name": "Car", "kind": "car"})
    alone = "id: alone\nname: Alone\nplace: home\nthen: [{mode: {place: home, to: away}}]\n"
    await send(hub, alone)
    moved = await send(hub, alone.replace("home", "car"), "PUT", "/alone")
    assert (moved.status_code, moved.json()["place"]) == (200, "car")


async def test_the_schema_is_there(hub: Hub) -> None:
    schema = (await hub.http.get("/api/v1/scenes/schema")).json()
    assert schema["$schema"].endswith("2020-12/schema")
    described = (await hub.http.get("/api/openapi.json")).json()["paths"]["/api/v1/scenes"]["post"]
    assert set(described["requestBody"]["content"]) == {"application/json", "application/yaml"}


async def test_a_scene_is_held_against_what_there_is(hub: Hub) -> None:
    await add_things(hub)
    for change, field, reason in (
        (("[lamp]", "[lmap]"), "then.0.set.things.0", "lmap"),
        (("on_off: true", "on_off: bright"), "then.0.set.state.on_off", ""),
        (("contact, is", "contcat, is"), "when.0.change.property", "contcat"),
    ):
        problem = (await send(hub, EVENING.replace(*change))).json()
        assert (problem["code"], problem["field"]) == ("bad_scene", field), problem
        assert reason in problem["detail"]
        assert problem["expected"]
    assert entries(hub) == []
    saved = (await send(hub)).json()
    assert saved["warnings"] == []
    quarrel = EVENING.replace("id: evening", "id: quarrel").replace("true", "false")
    warned = (await send(hub, quarrel)).json()
    assert [(each["severity"], each["scenes"]) for each in warned["warnings"]] == [("warning", ["evening"])], warned
    await hub.http.delete("/api/v1/scenes/evening")
    alone = (await send(hub, quarrel + "# again\n", "PUT", "/quarrel")).json()
    assert alone["warnings"] == [], "the other is gone"


async def test_other_peoples_things_are_as_if_they_were_not_there(hub: Hub) -> None:
    await add_things(hub)
    await hub.http.post("/api/v1/places", json={"id": "flat", "name": "Their flat"})
    await add(hub, id="theirs", model="sensor.contact", place="flat")
    spy = EVENING.replace("[door]", "[theirs]")
    given = "given: {x: {thing: theirs, property: contact}}"
    counted = EVENING.replace("on_off: true", f"brightness: {{cel: {{expression: \"x == 'open' ? 1 : 2\", {given}}}}}")
    told = EVENING + "  - notify: {text: 'it is {theirs.contact}'}\n"
    async with await person(hub, "member", {"home": "member"}) as member:
        for text in (spy, told, counted):
            problem = (await member.post("/api/v1/scenes", content=text, headers=YAML)).json()
            assert problem["code"] == "bad_scene", problem
            assert "theirs" in problem["detail"]
    ours = await send(hub, counted.replace("theirs", "door"))
    assert ours.status_code == 201, ours.text
    assert (await send(hub, spy)).json()["code"] == "bad_scene", "a scene never leaves its root place"


async def test_a_scene_is_made_of_a_blueprint(hub: Hub) -> None:
    await add_things(hub)
    await add(hub, id="bolt", model="lock", place="home")
    listed = (await hub.http.get("/api/v1/blueprints?area=security")).json()["items"]
    assert "auto_lock" in {each["id"] for each in listed}
    assert {each["area"] for each in listed} == {"security"}
    shown = (await hub.http.get("/api/v1/blueprints/auto_lock")).json()
    assert (shown["inputs"]["lock"]["type"], shown["inputs"]["lock"]["kind"]) == ("thing", "lock")
    body = {"id": "lock_up", "place": "home", "inputs": {"lock": "bolt", "contact": "door"}}
    async with await person(hub, "guest", {"home": "guest"}) as guest:
        refused = await guest.post("/api/v1/blueprints/auto_lock/scenes", json=body)
        assert refused.json()["code"] == "not_allowed"
    made = (await hub.http.post("/api/v1/blueprints/auto_lock/scenes", json={**body, "name": "Lock up"})).json()
    assert (made["id"], made["name"], made["version"]) == ("lock_up", "Lock up", 1)
    assert made["document"]["then"] == [{"set": {"things": ["bolt"], "state": {"locked": True}}}]
    for change, code, field in (
        ({"inputs": {"lock": "lamp", "contact": "door"}}, "bad_value", "inputs.lock"),
        ({"inputs": {"lock": "bolt"}}, "bad_value", "inputs.contact"),
        ({"place": "attic"}, "not_found", "place"),
        ({"id": "Bad"}, "bad_scene", "id"),
        ({"id": "lock_up"}, "exists", "id"),
    ):
        problem = (await hub.http.post("/api/v1/blueprints/auto_lock/scenes", json={**body, **change})).json()
        assert (problem["code"], problem["field"]) == (code, field), problem
    assert (await hub.http.get("/api/v1/blueprints/nothing")).json()["code"] == "not_found"
    assert [each.id for each in entries(hub)] == ["lock_up"]


async def test_a_scene_tells_only_who_has_to_do_with_its_place(hub: Hub) -> None:
    await add_things(hub)
    await hub.http.post("/api/v1/places", json={"id": "flat", "name": "Their flat"})
    clients = [await person(hub, "wei", {"living_room": "viewer"}), await person(hub, "other", {"flat": "owner"})]
    for client in clients:
        await client.aclose()
    told = EVENING + "  - notify: {to: [wei], text: hello}\n"
    assert (await send(hub, told)).status_code == 201
    for name in ("other", "nobody"):
        problem = (await send(hub, told.replace("[wei]", f"[wei, {name}]"), "PUT", "/evening")).json()
        assert (problem["code"], problem["field"]) == ("bad_scene", "then.1.notify.to.1"), problem
        assert problem["expected"]


async def test_a_host_that_may_not_be_called_is_told_when_a_scene_is_saved(hub: Hub) -> None:
    await add_things(hub)
    call = EVENING.replace("  - set:", "  - http: {url: 'https://hooks.example.org/x'}\n  - set:")
    answer = (await send(hub, call)).json()
    (warning,) = answer["warnings"]
    assert (warning["severity"], warning["path"]) == ("warning", "then.0.http.url")
    assert "hooks.example.org:443" in warning["reason"] and "outside.toml" in warning["expected"]
    hub.context.outside = Outside(hosts=("*.example.org",))
    assert (await send(hub, call, "PUT", "/evening")).json()["warnings"] == []
