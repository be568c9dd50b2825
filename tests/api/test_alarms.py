"""Alarms over HTTP, with a real owner behind: rights, lists, acts, definitions, history, figures, live."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.api.conftest import MAX_LOG, application
from tests.owner.one import OneOwner
from tests.parts import until
from unisono.api import ApiContext, ensure_first_token, ensure_hub_id, ensure_pepper, serve
from unisono.store.bus import Bus, connect
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer
from unisono.store.registry import Registry, default_url

WARM = """# 冰箱
id: warm
name: Too warm
names: {zh: 太热}
place: kitchen
kind: sensor.temperature
raise: {change: {property: temperature, above: 8}}
clear: {change: {property: temperature, below: 7}}
severity: high
text: "{name} is at {value}"
consequence: Food spoils
action: Close the door
"""
YAML = {"Content-Type": "application/yaml"}


class House:
    """A hub with a home: ``http`` is the administrator's, `client` anybody else's."""

    def __init__(self, http: httpx.AsyncClient, one: OneOwner, url: str) -> None:
        self.http = http
        self.one = one
        self.url = url

    async def client(self, user: str, role: str, place: str | None = None) -> httpx.AsyncClient:
        body: dict[str, Any] = {"id": user, "name": user, "password": "correct horse battery"}
        body |= {"grants": {place: role}} if place is not None else {"role": role}
        (await self.http.post("/api/v1/users", json=body)).raise_for_status()
        answer = await self.http.post("/api/v1/login", json={"user": user, "password": "correct horse battery"})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)

    async def define(self, text: str = WARM) -> dict[str, Any]:
        answer = await self.http.post("/api/v1/alarms/definitions", content=text.encode(), headers=YAML)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def standing(self, **wanted: str) -> list[tuple[str, str]]:
        answer = await self.http.get("/api/v1/alarms", params=wanted)
        assert answer.status_code == 200, answer.text
        return [(each["id"], each["state"]) for each in answer.json()["items"]]

    async def acts(self, **wanted: str) -> list[str]:
        answer = await self.http.get("/api/v1/alarms/history", params=wanted)
        assert answer.status_code == 200, answer.text
        return [each["act"] for each in answer.json()["items"]]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    nats = NatsServer(tmp_path)
    await nats.start()
    connection = await connect(nats.url, nats.token, "alarms-test")
    log = await Log.open(connection, "0", max_bytes=MAX_LOG)
    one = OneOwner(log, connection, tmp_path)
    await one.start()
    registry = await Registry.open(default_url(tmp_path))
    pepper = ensure_pepper(tmp_path)
    token = await ensure_first_token(registry, tmp_path, pepper)
    bus = Bus(connection)
    hub_id = await ensure_hub_id(registry)
    context = ApiContext(registry, bus, lambda _partition: log, ["0"], [], tmp_path, pepper, hub_id)
    await context.start()
    server = await serve(application(context), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20) as http:
        tree = {"home": None, "kitchen": "home"}
        for id, parent in tree.items():
            (await http.post("/api/v1/places", json={"id": id, "name": id, "parent": parent})).raise_for_status()
            await one.place(id, parent)
        (await http.post("/api/v1/places", json={"id": "other", "name": "Other"})).raise_for_status()
        for thing, place in (("probe", "kitchen"), ("far", "other")):
            row = {"id": thing, "name": thing, "model": "sensor.temperature", "place": place}
            (await http.post("/api/v1/things", json=row)).raise_for_status()
        yield House(http, one, url)
    await server.stop()
    await context.stop()
    await bus.close()
    await one.stop()
    await log.close()
    await registry.close()
    await connection.close()
    await nats.stop()


async def test_from_definition_to_history(house: House) -> None:
    saved = await house.define()
    assert (saved["version"], saved["document"], saved["warnings"]) == (1, WARM, [])
    await house.one.report("probe", temperature=9.5)
    (alarm,) = (await house.http.get("/api/v1/alarms")).json()["items"]
    assert {key: alarm[key] for key in ("id", "state", "severity", "text", "value", "place", "action", "names")} == {
        "id": "warm.probe",
        "state": "unacknowledged",
        "severity": "high",
        "text": "probe is at 9.5",
        "value": 9.5,
        "place": "kitchen",
        "action": "Close the door",
        "names": {"zh": "太热"},
    }
    answer = await house.http.post("/api/v1/alarms/warm.probe/acknowledge", json={"comment": "=1+1"})
    assert (answer.json()["state"], answer.json()["comment"]) == ("acknowledged", "=1+1")
    await house.one.save()
    shelved = await house.http.post("/api/v1/alarms/warm.probe/shelve", json={"for_s": 600})
    assert shelved.json()["shelved_until"] is not None
    assert await house.standing() == []
    assert await house.standing(state="all") == await house.standing(state="shelved") == [("warm.probe", "shelved")]
    assert (await house.http.get("/api/v1/alarms/warm.probe")).json()["acts"] == ["unshelve", "take_out"]
    assert await house.acts() == ["shelved", "acknowledged", "raised"]
    lines = list(csv.DictReader(io.StringIO((await house.http.get("/api/v1/alarms/history.csv")).text)))
    assert [(line["alarm"], line["act"], line["comment"]) for line in lines] == [
        ("warm.probe", "shelved", ""),
        ("warm.probe", "acknowledged", "'=1+1"),
        ("warm.probe", "raised", ""),
    ]
    for act, state in (
        ("unshelve", "unacknowledged"),
        ("out-of-service", "out_of_service"),
        ("return-to-service", "unacknowledged"),
    ):
        assert (await house.http.post(f"/api/v1/alarms/warm.probe/{act}", json={})).json()["state"] == state


async def test_what_makes_no_sense_is_refused(house: House) -> None:
    await house.define()
    for path, body, status, code in (
        ("warm.probe/acknowledge", {}, 409, "wrong_state"),
        ("warm.probe/reset", {}, 409, "wrong_state"),
        ("warm.probe/shelve", {"for_s": 1e9}, 422, "bad_value"),
        ("warm.probe/shelve", {}, 422, "bad_value"),
        ("warm.far/acknowledge", {}, 404, "not_found"),
        ("warm.nothing/acknowledge", {}, 404, "not_found"),
        ("warm/acknowledge", {}, 404, "not_found"),
    ):
        answer = await house.http.post(f"/api/v1/alarms/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    for query, field in (
        ({"severity": "dire"}, "severity"),
        ({"state": "odd"}, "state"),
        ({"after": "x"}, "after"),
        ({"place": "nowhere"}, "place"),
    ):
        answer = await house.http.get("/api/v1/alarms", params=query)
        assert answer.json()["field"] == field
    for query in ({"severity": "dire"}, {"after": "x"}, {"alarm": "warm.far", "thing": "probe"}, {"from": "x"}):
        assert (await house.http.get("/api/v1/alarms/history", params=query)).status_code == 422
    assert (await house.http.get("/api/v1/alarms/figures", params={"from": "now", "to": "-1h"})).status_code == 422


async def test_who_may_do_what(house: House) -> None:
    await house.define()
    await house.one.report("probe", temperature=9.5)
    path = "/api/v1/alarms/warm.probe"
    rights: dict[str, dict[str, int]] = {
        "viewer": {"list": 1, "acknowledge": 403, "shelve": 403, "define": 403},
        "guest": {"list": 1, "acknowledge": 403, "shelve": 403, "define": 403},
        "member": {"list": 1, "acknowledge": 200, "shelve": 403, "define": 200},
        "operator": {"list": 1, "acknowledge": 409, "shelve": 200, "define": 403},
    }
    for role, wanted in rights.items():
        async with await house.client(role, role, "home") as client:
            found = {
                "list": len((await client.get("/api/v1/alarms")).json()["items"]),
                "acknowledge": (await client.post(f"{path}/acknowledge", json={})).status_code,
                "shelve": (await client.post(f"{path}/shelve", json={"for_s": 60})).status_code,
                "define": (
                    await client.put("/api/v1/alarms/definitions/warm", content=f"{WARM}# {role}", headers=YAML)
                ).status_code,
            }
        assert found == wanted, role
    async with await house.client("stranger", "owner", "other") as client:
        assert (await client.get("/api/v1/alarms")).json()["items"] == []
        assert (await client.get("/api/v1/alarms/history")).json()["items"] == []
        assert (await client.get("/api/v1/alarms/definitions")).json()["items"] == []
        assert (await client.post(f"{path}/acknowledge", json={})).status_code == 404
        assert (await client.get("/api/v1/alarms/definitions/warm")).status_code == 404
        text = (
            WARM.replace("kitchen", "other")
            .replace("id: warm", "id: spy")
            .replace("kind: sensor.temperature", "things: [probe]")
        )
        answer = await client.post("/api/v1/alarms/definitions", content=text.encode(), headers=YAML)
        assert (answer.status_code, answer.json()["field"]) == (422, "things.0")
        assert [each["place"] for each in (await client.get("/api/v1/alarms/figures")).json()["items"]] == ["other"]


async def test_definitions_in_versions(house: House) -> None:
    await house.define()
    path = "/api/v1/alarms/definitions"
    assert (await house.http.post(path, content=WARM.encode(), headers=YAML)).json()["code"] == "exists"
    same = await house.http.put(f"{path}/warm", content=WARM.encode(), headers=YAML)
    assert same.json()["version"] == 1
    odd = await house.http.put(
        f"{path}/warm", json={**_plain(), "clear": {"change": {"property": "temperature", "below": 9}}}
    )
    assert (odd.json()["version"], odd.json()["warnings"][0]["path"]) == (2, "clear.change")
    told = {**_plain(), "id": "told", "notify": {"to": ["local", "wie"]}, "escalate": {"after_s": 60, "to": ["lan"]}}
    warnings = (await house.http.post(path, json=told)).json()["warnings"]
    assert [(each["path"], each["rule"]) for each in warnings] == [
        ("notify.to.1", "unknown_person"),
        ("escalate.to.0", "unknown_person"),
    ]
    assert (await house.http.delete(f"{path}/told")).status_code == 204
    assert (await house.http.get(f"{path}/warm", params={"version": 1})).json()["document"] == WARM
    assert [each["version"] for each in (await house.http.get(path)).json()["items"]] == [2]
    for body, field in (
        (
            {**_plain(), "raise": {"change": {"property": "temprature", "above": 8}}, "things": ["probe"]},
            "raise.change.property",
        ),
        ({**_plain(), "things": ["far"]}, "things.0"),
        ({**_plain(), "place": "nowhere"}, "place"),
        ({**_plain(), "place": "other"}, "place"),
        ({**_plain(), "id": "b"}, "id"),
        ({**_plain(), "severity": "dire"}, "severity"),
        (
            {**_plain(), "suppress": {"alarms": ["a.far"], "while": [{"thing": "far", "property": "t", "is": 1}]}},
            "suppress.while.0.thing",
        ),
        (
            {
                **_plain(),
                "raise": {"cel": {"expression": "a > 1.0", "given": {"a": {"thing": "far", "property": "t"}}}},
            },
            "raise.cel.given.a.thing",
        ),
    ):
        answer = await house.http.put(f"{path}/warm", json=body)
        assert (answer.status_code >= 400, answer.json().get("field")) == (True, field), answer.text
    for content, kind in ((b"\xff", "application/yaml"), (b"{}", "text/plain")):
        answer = await house.http.post(path, content=content, headers={"Content-Type": kind})
        assert answer.status_code == 400
    assert (await house.http.get("/api/v1/alarms/schema")).json()["$defs"]["Definition"]
    assert (await house.http.delete(f"{path}/warm")).status_code == 204
    assert (await house.http.delete(f"{path}/warm")).status_code == 404


def _plain() -> dict[str, Any]:
    return {"id": "warm", "name": "W", "place": "kitchen", "raise": {"change": {"property": "temperature", "above": 8}}}


async def test_lists_and_history_in_pages(house: House) -> None:
    await house.define()
    for id, severity in (("low", "low"), ("bad", "critical")):
        await house.define(json.dumps({**_plain(), "id": id, "severity": severity}))
    await house.one.report("probe", temperature=9.0)
    first = (await house.http.get("/api/v1/alarms", params={"limit": 2})).json()
    assert [each["id"] for each in first["items"]] == ["bad.probe", "warm.probe"]
    assert await house.standing(after=first["next"]) == [("low.probe", "unacknowledged")]
    assert await house.standing(severity="low,critical", thing="probe") == [
        ("bad.probe", "unacknowledged"),
        ("low.probe", "unacknowledged"),
    ]
    assert await house.standing(place="other") == []
    await house.one.save()
    await house.one.report("probe", temperature=5.0)
    page = (await house.http.get("/api/v1/alarms/history", params={"limit": 4})).json()
    rest = (await house.http.get("/api/v1/alarms/history", params={"limit": 4, "after": page["next"]})).json()
    acts = [(each["alarm"], each["act"]) for each in (*page["items"], *rest["items"])]
    assert sorted(acts) == sorted(
        (f"{id}.probe", act) for id in ("low", "bad", "warm") for act in ("raised", "cleared")
    )
    assert rest["next"] is None
    assert await house.acts(alarm="low") == await house.acts(alarm="low.probe") == ["cleared", "raised"]
    assert await house.acts(severity="critical", act="cleared,reset") == ["cleared"]
    assert await house.acts(q="IS AT 9") == ["cleared", "raised"]
    assert await house.acts(place="other") == await house.acts(thing="gone") == await house.acts(to="-1h") == []


async def test_figures(house: House) -> None:
    await house.define()
    for _ in range(3):
        await house.one.report("probe", temperature=9.0)
        await house.one.report("probe", temperature=5.0)
    await until(lambda: house.one.owner.alarms.alarms["warm.probe"].facts.chattering, "it chatters")
    await house.one.save()
    home, _other = (await house.http.get("/api/v1/alarms/figures", params={"from": "-24h"})).json()["items"]
    assert (home["place"], home["alarms"], home["in_ten_minutes"], home["flood_since"]) == ("home", 3, 3, None)
    assert home["most_frequent"] == [{"alarm": "warm.probe", "count": 3, "share": 100.0}]
    assert (home["chattering"], home["standing"], home["by_severity"]["high"]) == (["warm.probe"], {"high": 1}, 3)
    met = {each["name"]: each["met"] for each in home["figures"]}
    assert (met["mean_per_ten_minutes"], met["chattering"], met["share_high"]) == (True, False, False)
    (kitchen,) = (await house.http.get("/api/v1/alarms/figures", params={"place": "kitchen"})).json()["items"]
    assert kitchen["alarms"] == 3


async def test_live(house: House) -> None:
    await house.define()
    token = house.http.headers["Authorization"].removeprefix("Bearer ")
    async with websockets.connect(house.url.replace("http", "ws") + "/api/v1/live") as socket:
        await socket.send(json.dumps({"token": token, "subscribe": {"place": "home"}}))
        await socket.send(json.dumps({"ping": 1}))
        while "pong" not in json.loads(await socket.recv()):
            pass
        await house.one.report("probe", temperature=9.0)
        while "alarm" not in (frame := json.loads(await socket.recv())):
            pass
    assert (frame["thing"], frame["alarm"]["id"], frame["alarm"]["state"]) == ("probe", "warm.probe", "unacknowledged")
