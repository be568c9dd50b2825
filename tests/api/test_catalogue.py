"""Places, models, commands and history over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.api.place_words import PLACE_WORDS
from unisono.store.registry import PlaceRow
from unisono.twin import record

VALVE: dict[str, Any] = {
    "id": "acme.valve",
    "titles": {"en": "Valve"},
    "services": [
        {
            "properties": [
                {
                    "key": "open",
                    "schema": {"kind": "int", "min": 0, "max": 100},
                    "unit": "%",
                    "trait": "position",
                    "access": ["read", "write", "notify"],
                },
                {"key": "flow", "schema": {"kind": "float"}, "unit": "m3/h", "trait": "flow"},
            ],
            "actions": [{"key": "flush", "inputs": [{"key": "seconds", "schema": {"kind": "int", "min": 1}}]}],
            "events": [{"key": "stuck"}],
        }
    ],
}


async def test_places_are_a_tree(hub: Hub) -> None:
    await add_home(hub)
    listed = (await hub.http.get("/api/v1/places")).json()["items"]
    assert [(p["id"], p["parent"], p["root"]) for p in listed] == [
        ("home", None, "home"),
        ("living_room", "home", "home"),
    ]
    assert listed[0]["names"] == {"zh": ["家"]}
    again = (await hub.http.post("/api/v1/places", json={"name": "Living room", "parent": "home"})).json()
    assert again["id"] == "living_room_2"
    assert (await hub.http.post("/api/v1/places", json={"id": "home", "name": "H"})).json()["code"] == "exists"
    assert (await hub.http.post("/api/v1/places", json={"name": "H", "parent": "no"})).json()["field"] == "parent"
    changed = (await hub.http.patch("/api/v1/places/living_room", json={"name": "Salon", "kind": "room"})).json()
    assert (changed["name"], changed["parent"]) == ("Salon", "home")
    assert (await hub.http.post("/api/v1/places/attic", json={"name": "Attic", "parent": "home"})).status_code == 201
    assert (await hub.http.get("/api/v1/places/attic")).json()["name"] == "Attic"
    assert (await hub.http.get("/api/v1/places?parent=home&limit=2")).json()["next"] == "living_room"
    assert (await hub.http.delete("/api/v1/places/home")).json()["code"] == "in_use"
    assert (await hub.http.delete("/api/v1/places/attic")).status_code == 204
    assert (await hub.http.get("/api/v1/places/attic")).status_code == 404
    assert (await hub.http.patch("/api/v1/places/nowhere", json={"name": "x"})).json()["code"] == "not_found"


async def test_a_place_has_a_zone_and_a_position(hub: Hub) -> None:
    await add_home(hub)
    there = {"latitude": 31.25, "longitude": 121.5}
    body = {"id": "flat", "name": "Flat", "zone": "Asia/Shanghai", "position": there}
    flat = (await hub.http.post("/api/v1/places", json=body)).json()
    assert (flat["zone"], flat["position"]) == ("Asia/Shanghai", there)
    hub.owner.places.clear()
    changed = (await hub.http.patch("/api/v1/places/home", json={"zone": "Europe/Berlin", "position": there})).json()
    assert (changed["zone"], changed["position"]) == ("Europe/Berlin", there)
    assert hub.owner.places == [record.PlacePut("home", None, "Europe/Berlin", 31.25, 121.5)], "folded by the answer"
    named = (await hub.http.patch("/api/v1/places/home", json={"name": "Our home"})).json()
    assert (named["zone"], named["position"]) == ("Europe/Berlin", there)
    gone = (await hub.http.patch("/api/v1/places/home", json={"zone": "", "position": None})).json()
    assert (gone["zone"], gone["position"]) == ("", None)
    await hub.http.delete("/api/v1/places/flat")
    assert hub.owner.places[1:] == [record.PlacePut("home"), record.PlaceRemoved("flat")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"zone": 8}, "zone"),
        ({"position": {"latitude": 91, "longitude": 0}}, "position.latitude"),
        ({"position": {"latitude": 0, "longitude": -181}}, "position.longitude"),
        ({"position": {"latitude": 0}}, "position.longitude"),
        ({"position": [1, 2]}, "position"),
    ],
)
async def test_a_place_that_is_nowhere(hub: Hub, change: dict[str, Any], field: str) -> None:
    await add_home(hub)
    hub.owner.places.clear()
    for answer in (
        await hub.http.patch("/api/v1/places/home", json=change),
        await hub.http.post("/api/v1/places", json={"name": "New", **change}),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["field"]) == (422, "bad_value", field)
        assert problem["expected"]
    assert hub.owner.places == []


async def test_places_of_before_are_told_to_the_owner(hub: Hub) -> None:
    await hub.context.registry.put_place(PlaceRow("old", "Old", zone="Asia/Tokyo"))
    async with hub.context.registry._database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM meta WHERE key = 'places.told'")
    await hub.context.registry.tell_places(PLACE_WORDS)
    await hub.context.in_force(["0"])
    assert hub.owner.places == [record.PlacePut("old", None, "Asia/Tokyo")]


async def test_models_are_immutable_versions(hub: Hub) -> None:
    await add_home(hub)
    answer = await hub.http.post("/api/v1/models", json=VALVE)
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] == "acme.valve"
    assert (await hub.http.post("/api/v1/models", json=VALVE)).status_code == 201, "the same again changes nothing"
    other = {**VALVE, "titles": {"en": "Another"}}
    assert (await hub.http.post("/api/v1/models", json=other)).json()["code"] == "exists"

    changed = await hub.http.patch("/api/v1/models/acme.valve", json={"titles": {"en": "Better", "zh": "阀门"}})
    assert (changed.json()["version"], changed.json()["titles"]["zh"]) == (2, "阀门")
    assert (await hub.http.get("/api/v1/models/acme.valve")).json()["version"] == 2
    first = (await hub.http.get("/api/v1/models/acme.valve?version=1")).json()
    assert first["titles"] == {"en": "Valve"}

    await add(hub, id="v1", model="acme.valve", model_version=1)
    assert hub.owner.things["v1"].model_version == 1
    put = next(entry for entry in hub.owner.entries if isinstance(entry, record.ModelPut))
    assert (put.id, put.version, msgspec.json.decode(put.model)["titles"]) == ("acme.valve", 1, {"en": "Valve"})
    moved = (await hub.http.patch("/api/v1/things/v1", json={"model": "acme.valve"})).json()
    assert moved["model_version"] == 2, "the newest, as when adding"

    assert (await hub.http.delete("/api/v1/models/acme.valve")).json()["code"] == "in_use"
    assert (await hub.http.delete("/api/v1/models/acme.valve?version=1")).status_code == 204
    await hub.http.delete("/api/v1/things/v1")
    assert (await hub.http.delete("/api/v1/models/acme.valve")).status_code == 204
    assert (await hub.http.get("/api/v1/models/acme.valve")).status_code == 404


async def test_wrong_models_are_refused_with_the_path_at_fault(hub: Hub) -> None:
    assert (await hub.http.post("/api/v1/models", json={"id": "x", "services": 5})).json()["code"] == "bad_model"
    assert (await hub.http.post("/api/v1/models", json={**VALVE, "id": "light"})).json()["code"] == "exists"
    unsound: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(VALVE))
    unsound["services"][0]["properties"][0]["schema"] = {"kind": "int", "min": 9, "max": 1}
    assert (await hub.http.post("/api/v1/models", json=unsound)).json()["code"] == "bad_model"
    assert (await hub.http.patch("/api/v1/models/light", json={"titles": {}})).json()["code"] == "exists"
    assert (await hub.http.delete("/api/v1/models/light")).json()["code"] == "in_use"
    assert (await hub.http.post("/api/v1/models", content=b"{nonsense")).json()["code"] == "bad_json"
    assert (await hub.http.post("/api/v1/models", content=b"[" * 100_000)).json()["code"] == "bad_json"
    assert (await hub.http.post("/api/v1/models", content=b" " * 5_000_000)).json()["code"] == "too_large"


async def test_built_in_models_are_listed_and_paged(hub: Hub) -> None:
    await hub.http.post("/api/v1/models", json=VALVE)
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        params = {"limit": "20", **({"after": after} if after else {})}
        page = (await hub.http.get("/api/v1/models", params=params)).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            break
    ids = [each["id"] for each in found]
    assert ids == sorted(set(ids))
    assert {"light", "sensor.temperature", "car", "acme.valve"} <= set(ids)
    light = next(each for each in found if each["id"] == "light")
    assert light["built_in"] is True and "on_off" in light["traits"]
    assert [each["id"] for each in (await hub.http.get("/api/v1/models?q=ACME")).json()["items"]] == ["acme.valve"]


async def test_a_command_is_checked_against_the_model_and_then_asked_for(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/models", json=VALVE)
    await add(hub, id="v", model="acme.valve")

    async def refused(body: dict[str, Any]) -> tuple[str, str | None]:
        problem = (await hub.http.post("/api/v1/things/v/commands", json=body)).json()
        return problem["code"], problem.get("field")

    assert await refused({}) == ("bad_request", None)
    assert await refused({"set": {}}) == ("bad_request", "set")
    assert await refused({"set": {"open": 1}, "call": "flush"}) == ("bad_request", None)
    assert (await refused({"set": {"nope": 1}}))[0] == "unknown_property"
    assert await refused({"set": {"flow": 1}}) == ("not_writable", "set.flow")
    assert await refused({"set": {"open": 101}}) == ("bad_value", "set.open")
    assert (await refused({"call": "nope"}))[0] == "unknown_action"
    assert (await refused({"call": "flush", "input": {"seconds": 0}}))[0] == "bad_value"
    assert hub.owner.commands == {}

    hub.owner.ends["v"] = "sent"
    answer = await hub.http.post("/api/v1/things/v/commands", json={"set": {"position": 40}, "ttl_s": 60})
    assert answer.status_code == 202, answer.text
    command = answer.json()
    assert (command["set"], command["state"], command["ended"]) == ({"open": 40}, "sent", None)
    assert command["by"] == {"kind": "program", "id": "local"}
    assert len(command["id"]) == 26
    answer = await hub.http.post("/api/v1/things/v/commands?wait=5", json={"call": "flush", "input": {"seconds": 3}})
    assert (answer.status_code, answer.json()["state"], answer.json()["input"]) == (200, "confirmed", {"seconds": 3})
    assert (await hub.http.get(f"/api/v1/commands/{command['id']}?wait=0.1")).json()["state"] == "sent"
    assert (await hub.http.get("/api/v1/commands/nope")).json()["code"] == "not_found"
    listed = (await hub.http.get("/api/v1/things/v/commands")).json()["items"]
    assert {each["id"] for each in listed} == {command["id"], answer.json()["id"]}
    assert (await hub.http.post("/api/v1/things/v/commands?wait=61", json={"call": "x"})).json()["field"] == "wait"


async def test_a_member_may_not_do_what_is_dangerous(hub: Hub) -> None:
    await hub.http.post("/api/v1/places", json={"id": "plant", "name": "Plant", "kind": "plant"})
    await add(hub, id="press", model="press", place="plant")
    await add(hub, id="door", model="lock", place="plant")
    await hub.http.post("/api/v1/users", json={"id": "m", "grants": {"plant": "member"}})
    await hub.http.post("/api/v1/users", json={"id": "g", "grants": {"plant": "guest"}})

    async def tries(user: str, thing: str, wanted: dict[str, Any]) -> int:
        token = (await hub.http.post(f"/api/v1/users/{user}/tokens", json={})).json()["token"]
        async with hub.client(token) as http:
            return (await http.post(f"/api/v1/things/{thing}/commands", json={"set": wanted})).status_code

    assert await tries("m", "press", {"start_stop": True}) == 403
    assert await tries("m", "door", {"locked": False}) == 202
    assert await tries("g", "door", {"locked": False}) == 403
    assert await tries("g", "door", {"locked": True}) == 202, "locking is harmless"


async def test_a_meters_buckets_say_what_it_gained(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading by reading, or - of many, and of those that are kept in rollups only - bucket by bucket."""
    await add_home(hub)
    await add(hub, id="meter1", model="meter")
    readings = [100.0, 101.0, 103.0, 2.0, 2.5, "?", 2.25]
    first = 1_795_341_600_000_000
    hub.owner.points = [(first + number * 1_000_000, number, value) for number, value in enumerate(readings[:5])]
    path = "/api/v1/things/meter1/history"
    params = {"property": "energy", "from": "2026-11-22T10:00:01Z", "to": "2026-11-22T10:00:05Z"}

    async def gained(points: int, **more: str) -> list[float | None]:
        page = (await hub.http.get(path, params={**params, **more, "points": str(points), "gained": "true"})).json()
        return [bucket["gained"] for bucket in page["points"]]

    assert await gained(4) == [1.0, 2.0, 2.0, 0.5]
    assert await gained(2) == [3.0, 2.5]
    assert await gained(1, **{"from": "2026-11-22T10:00:00Z"}) == [5.5]
    monkeypatch.setattr("unisono.api.things.gains.EACH", 1)
    assert await gained(4) == [1.0, 2.0, 2.0, 0.5]
    assert await gained(2) == [3.0, 2.5]
    assert await gained(1) == [5.5]
    monkeypatch.undo()
    hub.owner.points = [(first + number * 1_000_000, number, value) for number, value in enumerate(readings)]
    hub.owner.points[5] = (first + 5_000_000, 5, True)
    assert await gained(1, to="2026-11-22T10:00:07Z") == [5.25]
    assert await gained(1, **{"from": "2026-11-22T10:01:00Z", "to": "2026-11-22T10:02:00Z"}) == []


async def test_history_is_raw_with_a_cursor_or_buckets(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="probe1", model="sensor.temperature")
    hub.owner.points = [(1_795_341_600_000_000 + number * 1_000_000, number, 20 + number) for number in range(5)]
    path = "/api/v1/things/probe1/history"
    params = {"property": "temperature", "from": "2026-11-22T10:00:00Z", "to": "2026-11-22T10:00:04Z", "limit": "3"}
    page = (await hub.http.get(path, params=params)).json()
    assert page["property"] == "temperature"
    assert page["unit"] == "Cel"
    assert page["points"][0] == {"at": "2026-11-22T10:00:00.000Z", "value": 20}
    assert len(page["points"]) == 3
    rest = (await hub.http.get(path, params={**params, "after": page["next"]})).json()
    assert ([point["value"] for point in rest["points"]], rest["next"]) == ([23], None)

    few = {**params, "points": "2"}
    buckets = (await hub.http.get(path, params=few)).json()["points"]
    at = ["2026-11-22T10:00:00.000Z", "2026-11-22T10:00:02.000Z"]
    assert buckets == [
        {"at": at[0], "min": 20, "mean": 20.5, "max": 21, "last": 21, "count": 2, "gained": None},
        {"at": at[1], "min": 22, "mean": 22.5, "max": 23, "last": 23, "count": 2, "gained": None},
    ]
    await hub.http.get(path, params={"property": "temperature", "from": "-24h", "points": "10"})
    asked = hub.owner.asked_history[-1]
    assert 86_390 * 1_000_000 < asked.end - asked.start < 86_490 * 1_000_000

    async def refused(**params: str) -> tuple[str, str | None]:
        problem = (await hub.http.get(path, params=params)).json()
        return problem["code"], problem.get("field")

    assert await refused() == ("bad_value", "property")
    assert await refused(property="nope") == ("unknown_property", "property")
    assert await refused(property="event/none") == ("unknown_event", "property")
    assert await refused(property="temperature", **{"from": "sometime"}) == ("bad_value", "from")
    assert await refused(property="temperature", **{"from": "now", "to": "-1h"}) == ("bad_value", "to")
    assert await refused(property="temperature", after="x") == ("bad_value", "after")
    assert await refused(property="temperature", limit="0") == ("bad_value", "limit")


async def test_who_comes_through_a_proxy_is_not_at_the_hub(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    body = {"set": {"on_off": True}}
    for headers, origin in (({}, "hub"), ({"X-Forwarded-For": "192.168.1.7"}, None), ({"Via": "1.1 x"}, None)):
        command = (await hub.http.post("/api/v1/things/lamp/commands", json=body, headers=headers)).json()
        assert command["origin"] == origin


LAMP = {
    "vendor": "Acme",
    "model": "L1",
    "description": "A lamp",
    "exposes": [
        {"type": "light", "features": [
            {"type": "binary", "name": "state", "property": "state", "label": "State", "access": 7, "value_on": "ON",
             "value_off": "OFF"}]},
        {"type": "mystery", "name": "m", "property": "m", "label": "M", "access": 1},
    ],
}  # fmt: skip


async def test_a_makers_file_becomes_models_and_goes_back(hub: Hub) -> None:
    path = "/api/v1/models/import"
    answer = await hub.http.post(f"{path}?dry_run=true", json=LAMP)
    assert answer.json()["items"] == [{"id": "zigbee2mqtt.acme.l1", "version": 1, "state": "read", "error": None}]
    assert (await hub.http.get("/api/v1/models/zigbee2mqtt.acme.l1")).status_code == 404
    answer = await hub.http.post(path, json=[LAMP])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["format"], found["items"][0]["state"]) == ("zigbee2mqtt", "added")
    assert [each["rule"] for each in found["findings"]] == ["odd_type"]
    assert (await hub.http.post(path, json=LAMP)).json()["items"][0]["state"] == "unchanged"
    other = {**LAMP, "description": "Another lamp"}
    assert (await hub.http.post(path, json=other)).json()["items"][0] == {
        "id": "zigbee2mqtt.acme.l1", "version": 2, "state": "added", "error": None,
    }  # fmt: skip
    back = await hub.http.get("/api/v1/models/zigbee2mqtt.acme.l1?format=zigbee2mqtt")
    assert back.json() == other
    assert (await hub.http.get("/api/v1/models/zigbee2mqtt.acme.l1?version=1&format=zigbee2mqtt")).json() == LAMP
    assert (
        (await hub.http.get("/api/v1/models/light?format=unisono"))
        .headers["content-type"]
        .startswith("application/yaml")
    )
    assert (await hub.http.get("/api/v1/models/light?format=nonsense")).json()["code"] == "bad_request"
    assert (await hub.http.post(f"{path}?format=nonsense", json=LAMP)).json()["code"] == "bad_request"
    nothing = (await hub.http.post(path, content=b"\x1f\x8bnonsense")).json()
    assert (nothing["format"], nothing["findings"][0]["severity"]) == (None, "error")


async def test_many_models_at_once(hub: Hub) -> None:
    unsound = {**VALVE, "id": "acme.odd", "services": [{"key": "a b"}]}
    answer = await hub.http.post(
        "/api/v1/models/bulk", json={"models": [VALVE, unsound, {"id": 5}, {**VALVE, "id": "light"}]}
    )
    assert answer.status_code == 200, answer.text
    assert [(each["id"], each["state"]) for each in answer.json()["items"]] == [
        (VALVE["id"], "added"), ("acme.odd", "refused"), (None, "refused"), ("light", "refused"),
    ]  # fmt: skip
    again = await hub.http.post("/api/v1/models/bulk", json={"models": [VALVE]})
    assert again.json()["items"][0]["state"] == "unchanged"
    assert (await hub.http.post("/api/v1/models/bulk", json={"models": []})).json() == {"items": []}
