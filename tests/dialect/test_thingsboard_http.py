"""ThingsBoard's HTTP device API: the pure half by its reference, and a device that polls a running hub."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.dialect.player import settings
from tests.dialect.test_thingsboard_sdk import furnish, is_in
from tests.hub.hub import Hub
from unisono.dialect import Say
from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpDialect, HttpRequest
from unisono.dialect.thingsboard import THINGSBOARD
from unisono.errors import CallerError

TOKEN = "A1_TEST_TOKEN"


def request(method: str, path: str, body: bytes = b"", **query: str) -> HttpRequest:
    return HttpRequest(method, f"/api/v1/{TOKEN}/{path}", query, body)


@pytest.mark.parametrize(
    ("asked", "means"),
    [
        (request("POST", "telemetry", b"{}"), {"topic": "v1/devices/me/telemetry", "payload": b"{}"}),
        (request("POST", "attributes", b"{}"), {"topic": "v1/devices/me/attributes", "payload": b"{}"}),
        (request("POST", "claim"), {"topic": "v1/devices/me/claim"}),
        (request("POST", "rpc/7", b"{}"), {"topic": "v1/devices/me/rpc/response/7", "payload": b"{}"}),
        (
            request("POST", "rpc", b"{}"),
            {"topic": "v1/devices/me/rpc/request/0", "payload": b"{}", "answer": "v1/devices/me/rpc/response/0"},
        ),
        (
            request("GET", "attributes", clientKeys="a,b", other="x"),
            {
                "topic": "v1/devices/me/attributes/request/0",
                "payload": b'{"clientKeys":"a,b"}',
                "answer": "v1/devices/me/attributes/response/0",
            },
        ),
        (
            request("GET", "rpc", timeout="5000"),
            {"answer": "v1/devices/me/rpc/request/+", "listens": True, "wait_s": 5.0},
        ),
        (
            request("GET", "attributes/updates"),
            {"answer": "v1/devices/me/attributes", "listens": True, "wait_s": 20.0},
        ),
        (
            request("GET", "rpc", timeout="999999999"),
            {"answer": "v1/devices/me/rpc/request/+", "listens": True, "wait_s": 300.0},
        ),
    ],
)
def test_what_a_request_means(asked: HttpRequest, means: dict[str, Any]) -> None:
    assert isinstance(THINGSBOARD, HttpDialect)
    assert THINGSBOARD.asked(asked) == HttpAsk(TOKEN, "", "", **means)


def test_requests_that_are_none() -> None:
    for path in ("/api/v1/things", "/api/v1/short/telemetry", "/api/v1/A1_TEST_TOKEN/else", "/x", "/api/v1/provision"):
        assert THINGSBOARD.asked(HttpRequest("GET", path, {}, b"")) is None
    for asked in (request("GET", "telemetry"), request("PUT", "attributes"), request("GET", "rpc", timeout="soon")):
        with pytest.raises(CallerError):
            THINGSBOARD.asked(asked)


def test_what_is_answered() -> None:
    assert THINGSBOARD.told(request("POST", "telemetry"), None) == HttpAnswer(200)
    assert THINGSBOARD.told(request("GET", "rpc"), None) == HttpAnswer(408)
    assert THINGSBOARD.told(request("POST", "rpc"), None) == HttpAnswer(408)
    call = Say("v1/devices/me/rpc/request/12", b'{"method":"identify","params":{}}')
    assert json.loads(THINGSBOARD.told(request("GET", "rpc"), call).body) == {
        "id": 12,
        "method": "identify",
        "params": {},
    }
    told = Say("v1/devices/me/attributes", b'{"on_off":true}')
    assert THINGSBOARD.told(request("GET", "attributes/updates"), told) == HttpAnswer(200, told.payload)
    provision = HttpRequest("POST", "/api/v1/provision", {}, b"{}")
    assert THINGSBOARD.asked(provision) == HttpAsk(
        "provision", "", "", "/provision/request", b"{}", "/provision/response", once=True
    )
    assert THINGSBOARD.told(provision, Say("x", b'{"status":"FAILURE"}')).refused
    assert not THINGSBOARD.told(provision, Say("x", b'{"status":"SUCCESS"}')).refused
    assert b"FAILURE" in THINGSBOARD.told(provision, None).body


@contextlib.asynccontextmanager
async def http(base: str) -> AsyncIterator[Device]:
    async with httpx.AsyncClient(base_url=base, timeout=30) as web:
        yield Device(web)


class Device:
    """A device that speaks HTTP."""

    def __init__(self, web: httpx.AsyncClient) -> None:
        self.web = web

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.web.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.web.get(path)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def places() -> list[str]:
    return []


async def test_a_device_that_polls(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    body = {"id": "httplamp", "model": "light", "place": "home", "how": "thingsboard"}
    given = settings(await shared.ask("POST", "/api/v1/things", body))
    async with http(given["Over HTTP"].removesuffix("telemetry")) as device:
        await device.post("telemetry", {"on_off": False, "brightness": 40})
        await device.post("attributes", [{"ts": 1_700_000_000_000, "values": {"colorTemperature": 3000}}])
        assert await shared.value("httplamp", "brightness") == 40
        assert not (await shared.thing("httplamp"))["online"], "it only tells"
        assert await device.get("attributes?clientKeys=brightness&sharedKeys=on_off") == {
            "client": {"brightness": 40},
            "shared": {"on_off": False},
        }
        assert await device.post("rpc", {"method": "getCurrentTime", "params": {}}) > 1_700_000_000_000
        await device.get("rpc?timeout=10", status=408)
        await shared.eventually(lambda: online(shared), "it waits, so it is there")
        command = await shared.ask("POST", "/api/v1/things/httplamp/commands", {"set": {"on_off": True}})
        call = await device.get("rpc?timeout=20000")
        assert (call["method"], call["params"]) == ("setAttributes", {"on_off": True})
        await device.post(f"rpc/{call['id']}", {"done": True})
        await shared.eventually(lambda: is_in(shared, command["id"], "acknowledged"), "it took it")
        await device.post("telemetry", {"on_off": True})
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "it is confirmed by its report")
        await device.get("attributes/updates?timeout=10", status=408)
        command = await shared.ask("POST", "/api/v1/things/httplamp/commands", {"set": {"brightness": 70}})
        assert await device.get("attributes/updates?timeout=20000") == {"brightness": 70}
        await device.post("attributes", {"brightness": 70})
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "it is confirmed")
        answer = await device.web.post("telemetry", content=b"[1")
        assert answer.status_code == 200
        await shared.eventually(lambda: is_laid_aside(shared), "what is no JSON is among the dead letters")


async def is_laid_aside(hub: Hub) -> bool:
    return [letter["code"] for letter in await hub.letters("httplamp")] == ["bad_json"]


async def online(hub: Hub) -> bool:
    return bool((await hub.thing("httplamp"))["online"])


async def test_who_is_not_known(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    async with http(f"http://127.0.0.1:{shared.http_port}/api/v1/not_a_token_of_anybody/") as stranger:
        answer = await stranger.web.post("telemetry", json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")
        answer = await stranger.web.get("telemetry")
        assert answer.status_code == 405


async def test_a_device_that_is_given_its_token(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    product = {"product": "httpkey", "place": "home", "model": "light", "secret": "httpsecret", "open": True}
    await shared.ask("POST", "/api/v1/dialects/thingsboard/products", product)
    async with http(f"http://127.0.0.1:{shared.http_port}/api/v1/") as device:
        body = {"deviceName": "Shed", "provisionDeviceKey": "httpkey", "provisionDeviceSecret": "httpsecret"}
        given = await device.post("provision", body)
        assert given["status"] == "SUCCESS"
        await device.post(f"{given['credentialsValue']}/telemetry", {"on_off": True})
        assert await shared.value("shed", "on_off") is True
        refused = await device.post("provision", {**body, "provisionDeviceSecret": "wrong"})
        assert refused["status"] == "FAILURE"
