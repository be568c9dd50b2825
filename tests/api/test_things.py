"""Things over HTTP, against a real registry, log and bus."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Hub
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
    }


async def add(hub: Hub, **fields: Any) -> dict[str, Any]:
    answer = await hub.http.post("/api/v1/things", json={"place": "home", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_thing_is_in_the_log_and_may_sign_in_when_the_answer_comes(hub: Hub) -> None:
    await add_home(hub)
    added = await add(hub, id="probe1", model="sensor.temperature", name="Probe")
    assert added["id"] == "probe1"
    kinds = [type(entry) for entry in hub.owner.entries]
    assert kinds == [record.ModelPut, record.ThingPut]
    assert hub.owner.things["probe1"].root == "home"

    ask = talk.SignInAsk([("probe1", added["secret"]), ("probe1", "wrong"), ("nobody", "x")])
    answer = await hub.context.directory.sign_in(ask)
    assert [(item.ok, item.code) for item in answer.items] == [
        (True, ""),
        (False, "bad_credentials"),
        (False, "unknown_thing"),
    ]
    assert (answer.items[0].root, answer.items[0].partition) == ("home", "0")

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
