"""A thing as a W3C Thing Description: what it says, filtered by who asks, and its addresses."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.api.conftest import Hub
from tests.api.test_catalogue import VALVE
from tests.api.test_things import add, add_home
from unisono.thing import check_model
from unisono.thing.formats.wot import WOT


async def described(hub: Hub, thing: str, token: str | None = None) -> dict[str, Any]:
    async with hub.client(token or hub.token) as http:
        answer = await http.get(f"/api/v1/things/{thing}/wot")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/td+json")
    found: dict[str, Any] = answer.json()
    return found


async def test_a_description_says_what_may_be_done_and_where(hub: Hub) -> None:
    await add_home(hub)
    await hub.http.post("/api/v1/models", json=VALVE)
    await add(hub, id="v", model="acme.valve")
    found = await described(hub, "v")
    assert (found["@context"], found["id"]) == ("https://www.w3.org/2022/wot/td/v1.1", "urn:unisono:thing:v")
    assert found["security"] == ["bearer"]
    opened, flow = found["properties"]["open"], found["properties"]["flow"]
    assert (opened["type"], opened["minimum"], opened["maximum"], opened["unit"]) == ("integer", 0, 100, "%")
    assert opened["forms"][0]["op"] == ["readproperty", "writeproperty"]
    assert (flow["readOnly"], flow["forms"][0]["op"]) == (True, ["readproperty"])
    assert found["actions"]["flush"]["input"]["properties"]["seconds"]["type"] == "integer"
    models, findings = WOT.read(msgspec.json.encode(found))
    assert [each for each in findings if each.severity == "error"] == []
    assert check_model(models[0]) == []
    assert models[0].properties["open"].trait == "position" or "open" in models[0].properties

    href = opened["forms"][0]["href"]
    assert href.endswith("/api/v1/things/v/properties/open")
    assert (await hub.http.get("/api/v1/things/v/properties/open")).json()["code"] == "not_found"
    assert (await hub.http.get("/api/v1/things/v/properties/nope")).json()["code"] == "unknown_property"
    assert (await hub.http.put("/api/v1/things/v/properties/open", content=b"{")).json()["code"] == "bad_json"
    assert (await hub.http.put("/api/v1/things/v/properties/open", json=101)).json()["code"] == "bad_value"
    assert (await hub.http.put("/api/v1/things/v/properties/flow", json=1)).json()["code"] == "not_writable"
    done = await hub.http.post("/api/v1/things/v/actions/flush", json={"seconds": 3})
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    assert (await hub.http.get("/api/v1/things/nothing/wot")).json()["code"] == "not_found"


async def test_a_description_is_filtered_by_the_rights_of_who_asks(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="door", model="lock")
    full = await described(hub, "door")
    assert "readOnly" not in full["properties"]["locked"]
    body = {"id": "reader", "grants": {"home": "guest"}}
    await hub.http.post("/api/v1/users", json=body)
    made = await hub.http.post("/api/v1/users/reader/tokens", json={"scopes": ["read"]})
    assert made.status_code in (200, 201), made.text
    less = await described(hub, "door", made.json()["token"])
    assert less["properties"]["locked"]["readOnly"] is True
    assert all(each["forms"][0]["op"] == ["readproperty"] for each in less["properties"].values())
    assert "actions" not in less
