"""The device's HTTP door as an ASGI application: the same entries, and 202 only once they are in the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.errors import CallerError, HostError
from unisono.gateway import http as http_module
from unisono.gateway.door.doorman import Tally
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.http import MAX_BODY_BYTES, DeviceDoor
from unisono.twin.record import Refused, Reports
from unisono.twin.talk import TwinsAsk, ask_owner

LAMP = {"Authorization": "Bearer lamp:s-lamp"}


@pytest.fixture
async def door(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    application = DeviceDoor(rig.bus, lambda _partition: rig.log)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1/device", timeout=30) as client:
        yield client
    await application.stop()


async def test_a_state_is_answered_202_when_the_log_holds_it(rig: Rig, door: httpx.AsyncClient) -> None:
    before = (await rig.log.bounds())[1]
    answer = await door.post("/state", content=b'{"on_off": true}', headers=LAMP)
    assert answer.status_code == 202
    assert (await rig.log.bounds())[1] == before + 1
    await rig.settled()
    run = rig.journal.of(Reports)[0]
    assert (run.thing, run.client, run.topic, run.payloads, run.packet_ids) == (
        "lamp",
        "lamp/http",
        "state",
        (b'{"on_off": true}',),
        b"",
    )


async def test_an_event(rig: Rig, door: httpx.AsyncClient) -> None:
    answer = await door.post("/event/pressed", content=b'{"times": 2}', headers=LAMP)
    assert answer.status_code == 202
    await rig.settled()
    assert rig.journal.of(Reports)[0].topic == "event/pressed"


async def test_a_path_is_decoded_once(rig: Rig, door: httpx.AsyncClient) -> None:
    assert (await door.post("/event/100%2525", content=b"{}", headers=LAMP)).status_code == 202
    await rig.settled()
    assert rig.journal.of(Reports)[0].topic == "event/100%25"


async def test_bad_json_goes_through_to_the_things_dead_letters(rig: Rig, door: httpx.AsyncClient) -> None:
    """Judged where everything else is, so that it is visible on the thing's page."""
    assert (await door.post("/state", content=b"{nonsense", headers=LAMP)).status_code == 202
    await rig.settled()
    assert rig.journal.of(Reports)[0].payloads == (b"{nonsense",)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic bGFtcDpzLWxhbXA="},
        {"Authorization": "Bearer lamp"},
        {"Authorization": "Bearer lamp:wrong"},
        {"Authorization": "Bearer ghost:s-ghost"},
        {"Authorization": "Bearer :"},
        {"Authorization": "Bearer " + "x" * 5000 + ":y"},
    ],
)
async def test_who_is_not_known_is_not_let_in(rig: Rig, door: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for request in (door.post("/state", content=b"{}", headers=headers), door.get("/desired", headers=headers)):
        answer = await request
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] in {"not_signed_in", "bad_credentials"}
    await rig.device("probe")
    await rig.settled()
    assert not rig.journal.of(Reports)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/state"),
        ("POST", "/desired"),
        ("POST", "/event/a/b"),
        ("POST", "/set"),
        ("DELETE", "/state"),
        ("POST", ""),
    ],
)
async def test_what_a_device_cannot_do_is_not_found(rig: Rig, door: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await door.request(method, path, content=b"{}", headers=LAMP)
    assert answer.status_code == 404
    assert "POST state" in answer.json()["expected"]


async def test_a_body_has_a_bound(rig: Rig, door: httpx.AsyncClient) -> None:
    answer = await door.post("/state", content=b"x" * (MAX_BODY_BYTES + 1), headers=LAMP)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert (await door.post("/state", content=b"x" * MAX_BODY_BYTES, headers=LAMP)).status_code == 202


async def test_what_is_wanted(rig: Rig, door: httpx.AsyncClient) -> None:
    async def desired(payload: bytes) -> bytes:
        assert msgspec.msgpack.decode(payload, type=TwinsAsk).ids == ["lamp"]
        return b'{"state":{"on_off":true},"commands":{"on_off":"c1"}}'

    await rig.bus.serve(ask_owner("0", "desired"), desired)
    answer = await door.get("/desired", headers=LAMP)
    assert answer.status_code == 200
    assert answer.json() == {"state": {"on_off": True}, "commands": {"on_off": "c1"}}


async def test_the_owners_refusals_are_passed_on(rig: Rig, door: httpx.AsyncClient) -> None:
    assert (await door.get("/desired", headers=LAMP)).status_code == 503

    async def refuse(_payload: bytes) -> bytes:
        raise CallerError("there is no thing", code="not_found")

    await rig.bus.serve(ask_owner("0", "desired"), refuse)
    assert (await door.get("/desired", headers=LAMP)).status_code == 404


async def test_who_cannot_be_asked_about_is_told_to_come_back(rig: Rig, door: httpx.AsyncClient) -> None:
    """Not 401: a device would throw its secret away."""
    await rig.bus.close()
    answer = await door.post("/state", content=b"{}", headers=LAMP)
    assert (answer.status_code, answer.json()["code"]) == (503, "registry_unavailable")


async def test_a_full_log_is_said(rig: Rig) -> None:
    class Full:
        async def append(self, payload: bytes, message_id: str) -> int:
            raise HostError("the log is full", code="log_full", mend="make room")

    application = DeviceDoor(rig.bus, lambda _partition: Full())
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1/device") as client:
        answer = await client.post("/state", content=b"{}", headers=LAMP)
    assert answer.status_code == 507
    assert answer.json()["mend"] == "make room"
    await application.stop()


async def test_too_much_that_waits_is_told_to_come_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "MAX_PENDING", 3)
    gate = asyncio.Event()

    class Slow:
        async def append(self, payload: bytes, message_id: str) -> int:
            await gate.wait()
            return await rig.log.append(payload, message_id)

    application = DeviceDoor(rig.bus, lambda _partition: Slow())
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1/device", timeout=30) as client:
        posts = [asyncio.create_task(client.post("/state", content=b"{}", headers=LAMP)) for _ in range(10)]
        await until(lambda: sum(post.done() for post in posts) == 7, "the others are refused")
        assert not rig.journal.of(Reports), "202 waits for the log"
        gate.set()
        codes = sorted([(await post).status_code for post in posts])
    assert codes == [202] * 3 + [429] * 7
    await application.stop()


@pytest.mark.parametrize("table", ["thing", "place", "address"])
@pytest.mark.parametrize("key", ["messages_per_s", "bytes_per_s"])
async def test_at_a_limit_it_is_told_when_to_come_back_counted_and_shown_once(rig: Rig, table: str, key: str) -> None:
    """A report of 60 bytes each; what is allowed in the burst is less than three."""
    allowed = msgspec.convert({table: {key: 1 if key == "messages_per_s" else 60}}, HubLimits)
    tally = Tally()
    application = DeviceDoor(rig.bus, lambda _partition: rig.log, allowed, tally)
    transport = httpx.ASGITransport(app=application)
    body = b'{"on_off": true, "padding": "%s"}' % (b"x" * 29)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1/device", timeout=30) as client:
        answers = [await client.post("/state", content=body, headers=LAMP) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and answers[0].status_code == 202
    assert f"{table}.{key} is reached" in refused[0].json()["detail"] and int(refused[0].headers["retry-after"]) >= 1
    assert tally.hits == {f"{table}.{key}": len(refused)} and tally.refused == {"too_many": len(refused)}
    await application.stop()
    await rig.settled()
    shown = [(each.topic, each.code, each.detail) for each in rig.journal.of(Refused, "lamp")]
    limit = 1 if key == "messages_per_s" else 60
    assert shown == [("things/me/state", "too_many", f"{table}.{key} is reached ({limit})")], "once, not each time"


async def test_a_wrong_secret_is_shown_on_the_things_page(rig: Rig, door: httpx.AsyncClient) -> None:
    for _ in range(2):
        wrong = {"Authorization": "Bearer lamp:wrong"}
        assert (await door.post("/state", content=b"{}", headers=wrong)).status_code == 401
    assert (await door.post("/state", content=b"{}", headers={"Authorization": "Bearer nobody:x"})).status_code == 401
    await until(lambda: rig.journal.of(Refused), "it is in the log")
    await rig.settled()
    [shown] = rig.journal.of(Refused)
    assert (shown.thing, shown.code) == ("lamp", "bad_credentials") and "over HTTP" in shown.detail
