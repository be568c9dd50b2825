"""Clients, attempts and metrics over HTTP, with two gateways that are played by the test on the real bus."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from unisono.api.hub.metrics import render
from unisono.api.hub.status import examine
from unisono.twin import talk, visitors
from unisono.twin.visitors import Series

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def client(id: str, gateway: str, root: str = "home", **more: Any) -> visitors.ClientView:
    given: dict[str, Any] = {
        "id": id,
        "client_id": id.rpartition("/")[2],
        "thing": id.partition("/")[0],
        "root": root,
        "gateway": gateway,
        "address": "10.0.0.7:4711",
        "protocol": "5.0",
        "transport": "tcp",
        "since": 1_700_000_000_000_000,
        "keep_alive_s": 60,
        "session_expiry_s": 0xFFFF_FFFF,
    }
    numbers = [name for name in visitors.ClientView.__struct_fields__ if name not in given][:17]
    given.update({name: 0 for name in numbers if name not in ("held", "filters", "ordinary")})
    return visitors.ClientView(**{**given, **more})


class FakeGateway:
    """Tells of the clients that it was given."""

    def __init__(self, id: str, clients: list[visitors.ClientView], attempts: list[visitors.Attempt]) -> None:
        self.id = id
        self.clients = clients
        self.attempts = attempts
        self.kicked: list[str] = []
        self.series: list[Series] = []

    async def start(self, hub: Hub) -> None:
        for verb in ("clients", "kick", "attempts", "status"):
            await hub.context.bus.serve(talk.ask_gateway(self.id, verb), getattr(self, f"_{verb}"))

    async def _clients(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=visitors.ClientsAsk)
        found = [
            each
            for each in sorted(self.clients, key=lambda each: each.id)
            if each.id > ask.after
            and ask.id in ("", each.id)
            and ask.q in each.id
            and (ask.roots is None or each.root in ask.roots)
        ]
        return msgspec.msgpack.encode(visitors.ClientsAnswer(found[: ask.limit]))

    async def _kick(self, payload: bytes) -> bytes:
        self.kicked.append(msgspec.msgpack.decode(payload, type=visitors.Kick).id)
        return msgspec.msgpack.encode(1)

    async def _attempts(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=visitors.AttemptsAsk)
        found = [each for each in self.attempts if ask.user in ("", each.user)]
        return msgspec.msgpack.encode(visitors.AttemptsAnswer(found[: ask.limit]))

    async def _status(self, _payload: bytes) -> bytes:
        return msgspec.msgpack.encode(talk.GatewayStatus(self.id, 2, 3, 4, 5, 6, 7, [], self.series))


def attempt(at: int, gateway: str, user: str) -> visitors.Attempt:
    return visitors.Attempt(at, gateway, "10.0.0.7", "bad_password", "bad_credentials", "The secret is wrong", user)


@pytest.fixture
async def gateways(hub: Hub) -> AsyncIterator[list[FakeGateway]]:
    hub.context.gateways = ["g0", "g1"]
    await add_home(hub)
    for thing in ("lamp", "probe", "switch"):
        await add(hub, id=thing, model="light")
    found = [
        FakeGateway("g0", [client("probe", "g0"), client("program", "g0", "")], [attempt(2, "g0", "lamp")]),
        FakeGateway("g1", [client("lamp/x y", "g1"), client("switch", "g1")], [attempt(5, "g1", "nobody")]),
    ]
    for each in found:
        await each.start(hub)
    yield found


async def ids(hub: Hub, **query: Any) -> tuple[list[str], str | None]:
    found = (await hub.http.get("/api/v1/clients", params=query)).json()
    return [each["id"] for each in found["items"]], found["next"]


@pytest.mark.usefixtures("gateways")
async def test_clients_of_all_gateways_in_one_order(hub: Hub) -> None:
    assert await ids(hub) == (["lamp/x y", "probe", "program", "switch"], None)
    assert await ids(hub, limit=2) == (["lamp/x y", "probe"], "probe")
    assert await ids(hub, limit=2, after="probe") == (["program", "switch"], None)
    assert await ids(hub, q="pro") == (["probe", "program"], None)
    assert (await hub.http.get("/api/v1/clients", params={"limit": 0})).status_code in (400, 422)


@pytest.mark.usefixtures("gateways")
async def test_clients_of_a_place(hub: Hub) -> None:
    assert await ids(hub, place="home") == (["lamp/x y", "probe", "switch"], None)
    assert (await hub.http.get("/api/v1/clients", params={"place": "nowhere"})).status_code == 404


@pytest.mark.usefixtures("gateways")
async def test_one_client_and_its_last_refusal(hub: Hub) -> None:
    found = (await hub.http.get("/api/v1/clients/lamp/x%20y")).json()
    assert (found["thing"], found["client_id"], found["gateway"]) == ("lamp", "x y", "g1")
    assert found["session_expiry_s"] is None
    assert found["last_refused"]["detail"] == "The secret is wrong"
    answer = await hub.http.get("/api/v1/clients/ghost")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_client_is_sent_away_at_its_gateway(hub: Hub, gateways: list[FakeGateway]) -> None:
    assert (await hub.http.delete("/api/v1/clients/lamp/x%20y")).status_code == 204
    assert [each.kicked for each in gateways] == [[], ["lamp/x y"]]
    assert (await hub.http.delete("/api/v1/clients/ghost")).status_code == 404


@pytest.mark.usefixtures("gateways")
async def test_attempts_newest_first(hub: Hub) -> None:
    found = (await hub.http.get("/api/v1/attempts")).json()["items"]
    assert [(each["user"], each["gateway"]) for each in found] == [("nobody", "g1"), ("lamp", "g0")]
    one = (await hub.http.get("/api/v1/attempts", params={"user": "lamp"})).json()["items"]
    assert [each["user"] for each in one] == ["lamp"]


@pytest.mark.usefixtures("gateways")
async def test_who_sees_one_place_sees_its_clients_only(hub: Hub) -> None:
    assert (await hub.http.post("/api/v1/places", json={"id": "other", "name": "Other"})).status_code == 201
    person = {"id": "guest", "password": "correct horse", "grants": {"other": "viewer"}}
    answer = await hub.http.post("/api/v1/users", json=person)
    assert answer.status_code == 201, answer.text
    async with hub.client(None) as http:
        token = (await http.post("/api/v1/login", json={"user": "guest", "password": "correct horse"})).json()["token"]
    async with hub.client(token) as http:
        assert (await http.get("/api/v1/clients")).json()["items"] == []
        assert (await http.get("/api/v1/attempts")).json()["items"] == []
        assert (await http.get("/api/v1/clients/lamp/x%20y")).status_code == 404
        assert (await http.delete("/api/v1/clients/probe")).status_code == 404


async def test_a_silent_gateway_is_no_reason_to_hide_the_others(hub: Hub, gateways: list[FakeGateway]) -> None:
    del gateways
    hub.context.gateways = ["g0", "g7"]
    assert (await ids(hub))[0] == ["probe", "program"]
    hub.context.gateways = ["g7"]
    assert (await hub.http.get("/api/v1/clients")).status_code == 503


async def test_every_metric_stands_in_the_list_and_every_one_of_the_list_is_told(
    hub: Hub, gateways: list[FakeGateway]
) -> None:
    gateways[0].series = [
        Series("clients", {"protocol": "5.0", "transport": "tcp"}, 2),
        Series("commit_seconds", {"le": "0.001"}, 3),
        Series("commit_seconds", {"le": "+Inf"}, 4),
        Series("commit_seconds_sum", {}, 0.5),
        Series("of a later version", {}, 1),
    ]
    text = render(await examine(hub.context), 0.0, 0).decode()
    told = {name for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE) if not name.endswith("_created")}
    listed = set(re.findall(r"^\| `(unisono_[a-z_]+)` \|", DOCS.read_text(), re.MULTILINE))
    assert told == listed
    assert 'unisono_gateway_clients{gateway="g0",protocol="5.0",transport="tcp"} 2.0' in text
    assert 'unisono_gateway_commit_seconds_bucket{gateway="g0",le="0.001"} 3.0' in text
    assert 'unisono_gateway_commit_seconds_count{gateway="g0"} 4.0' in text
    status = (await hub.http.get("/api/v1/status")).json()
    assert "series" not in status["gateways"][0]
