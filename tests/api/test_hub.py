"""Status, health, metrics, pages, the description, errors and the server itself."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

import httpx
import pytest

from tests.api.conftest import Hub
from tests.api.test_things import add, add_home
from tests.parts import DEADLINE_S
from unisono.api import serve
from unisono.errors import CallerError, HostError


async def test_status_tells_positions_and_counts(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    found = (await hub.http.get("/api/v1/status")).json()
    assert found["ready"] is True
    assert found["trouble"] == []
    assert found["things"] == 1
    assert found["partitions"][0]["twin_position"] == found["partitions"][0]["last_seq"] == 3
    assert found["disk"]["free_bytes"] > 0


async def test_health_says_why_the_hub_is_not_ready(hub: Hub) -> None:
    async with hub.client(None) as http:
        assert (await http.get("/healthz")).json() == {"ready": True, "reasons": []}
        await hub.owner.stop()
        answer = await http.get("/healthz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "reasons": ["the owner of partition 0 does not answer"]}
        await hub.owner.start()


async def test_metrics_are_prometheus_text_and_local_only_without_a_token(hub: Hub) -> None:
    await add_home(hub)
    await add(hub, id="lamp", model="light")
    async with hub.client(None) as http:
        text = (await http.get("/metrics")).text
        for name in ("unisono_log_last_sequence", "unisono_twin_position", "unisono_history_position"):
            assert re.search(rf'^{name}{{partition="0"}} 3\.0$', text, re.MULTILINE), name
        for name in ("unisono_messages_total", "unisono_values_total", "unisono_dead_letters_total", "unisono_things"):
            assert f'{name}{{partition="0"}}' in text
        assert "# TYPE unisono_messages_total counter" in text
        assert "# TYPE unisono_gateway_connections gauge" in text
        assert (await http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"})).status_code == 401
    answer = await hub.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"})
    assert answer.status_code == 200


async def test_pages_load_nothing_from_elsewhere(hub: Hub) -> None:
    async with hub.client(None) as http:
        for path in ("/", "/setup", "/api/docs"):
            answer = await http.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"""(src|href)=["'](https?:)?//""", answer.text)
            assert len(re.findall(r"<script[^>]*>(?!</script>)", answer.text)) == len(
                re.findall(r"script-src 'sha256-", policy)
            )


async def test_the_description_names_every_path_and_its_shapes(hub: Hub) -> None:
    async with hub.client(None) as http:
        found = (await http.get("/api/openapi.json")).json()
    assert found["openapi"].startswith("3.")
    paths = set(found["paths"])
    for path in (
        "/api/v1/things",
        "/api/v1/things/{thing_id}",
        "/api/v1/things/{thing_id}/history",
        "/api/v1/things/{thing_id}/commands",
        "/api/v1/commands/{command_id}",
        "/api/v1/models",
        "/api/v1/places",
        "/api/v1/users",
        "/api/v1/login",
        "/api/v1/status",
        "/healthz",
        "/metrics",
    ):
        assert path in paths, path
    post = found["paths"]["/api/v1/things"]["post"]
    assert "ThingNew" in str(post["requestBody"])
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nope", 404, "not_found"),
        ("GET", "/nope", 404, "not_found"),
        ("PUT", "/api/v1/things", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("GET", "/api/v1/live", 404, "not_found"),
    ],
)
async def test_every_error_is_a_problem_document(hub: Hub, method: str, path: str, status: int, code: str) -> None:
    answer = await hub.http.request(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:unisono:error:{code}"
    assert problem["title"] and problem["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_bad_bodies_are_refused_and_change_nothing(hub: Hub) -> None:
    await add_home(hub)
    for content, code in (
        (b"", "bad_value"),
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b'{"id": "x", "model": "light", "place": "home", "sleep_s": NaN}', "bad_json"),
        (b"[" * 50_000, "bad_json"),
        (b'{"id": "x", "model": "light", "place": "home", "name": "' + b"x" * 300 + b'"}', "bad_value"),
        (b'"' + b"x" * 9_000_000 + b'"', "too_large"),
    ):
        answer = await hub.http.post("/api/v1/things", content=content)
        assert answer.json()["code"] == code, (content[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await hub.http.get("/api/v1/things")).json()["items"] == []


async def _hello(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": scope["path"][:2].encode()})


async def test_a_taken_port_is_named_with_the_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HostError) as caught:
            await serve(_hello, "127.0.0.1", port)
    assert caught.value.code == "port_taken"
    assert str(port) in caught.value.detail
    assert f"--http-port {port + 1}" in str(caught.value.mend)


async def test_a_host_that_is_none_is_the_callers_fault() -> None:
    with pytest.raises(CallerError, match="no address"):
        await serve(_hello, "no.such.host.invalid", 0)


async def test_the_server_starts_answers_and_stops() -> None:
    server = await serve(_hello, "127.0.0.1", 0)
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"http://127.0.0.1:{server.port}/x")).text == "/x"
    await server.stop()
    await server.stop()
    await asyncio.wait_for(server.wait(), DEADLINE_S)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
