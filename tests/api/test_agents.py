"""Other people's agents at ``/mcp``: the real client over a real socket, with the rights of its token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from tests.api.conftest import Hub
from tests.api.test_assist import act, home, now, on  # noqa: F401  a fixture
from unisono.errors import CallerError
from unisono.twin import talk


@asynccontextmanager
async def agent(hub: Hub, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{hub.url}/mcp", http_client=http)) as client,
    ):
        yield client


async def use(client: Client, tool: str, **given: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, given)
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content
    return found


async def refused(client: Client, tool: str, **given: Any) -> str:
    result = await client.call_tool(tool, given)
    assert result.is_error
    (told,) = result.content
    assert isinstance(told, TextContent)
    return told.text


async def test_it_looks_asks_and_acts(home: Hub) -> None:  # noqa: F811
    async with agent(home, home.token) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"find_things", "read_state", "read_history", "why", "say", "set_state", "call_action"} <= tools.keys()
        hints = {name: tool.annotations for name, tool in tools.items() if tool.annotations is not None}
        assert hints["read_state"].read_only_hint
        assert hints["set_state"].destructive_hint
        assert [each["id"] for each in (await use(client, "list_places"))["places"]] == ["home"]
        found = await use(client, "find_things", text="沙发")
        assert [each["id"] for each in found["things"]] == ["lamp"]
        assert "brightness" in found["things"][0]["takes"]
        assert [each["id"] for each in (await use(client, "find_things", kind="lock"))["things"]] == ["door"]
        assert len((await use(client, "find_things", trait="on_off", place="home"))["things"]) >= 2
        (state,) = (await use(client, "read_state", things=["lamp"]))["things"]
        assert (state["state"]["brightness"]["value"], state["online"]) == (50, True)

        became = await use(client, "set_state", thing="lamp", state={"on_off": True})
        assert (became["state"], became["command"]["by"]["kind"]) == ("confirmed", "assistant")
        said = msgspec.json.encode(act(on("lamp2", value=False))).decode()
        assert (await use(client, "understand", text=said))["became"] == "would"
        assert len(home.owner.commands) == 1
        assert (await use(client, "say", text=said))["became"] == "done"

        home.owner.points = [(now() - 1_000_000, 0, True)]
        figure = await use(client, "read_history", things=["lamp"], trait="on_off", agg="count", equals=True)
        assert figure["items"][0]["value"] == 0
        assert "reported it by itself" in (await use(client, "why", thing="door", trait="locked"))["text"]
        scene = {"id": "film", "name": "Film", "place": "home", "then": [{"stop": {}}]}
        assert (await home.http.post("/api/v1/scenes", json=scene)).status_code == 201
        assert (await use(client, "list_scenes"))["scenes"] == [{"id": "film", "name": "Film"}]
        assert (await use(client, "run_scene", scene="film"))["refused"] is None


async def test_its_mistakes_are_explained(home: Hub) -> None:  # noqa: F811
    async with agent(home, home.token) as client:
        assert "not_found" in await refused(client, "read_state", things=["nobody"])
        assert "no period" in await refused(client, "read_history", things=["lamp"], trait="on_off", over="eons")
        assert "bad_value" in await refused(client, "read_history", things=["lamp"], trait="on_off", agg="sums")
        became = await use(client, "set_state", thing="lamp", state={"brightness": 400})
        assert (became["state"], became["error"]["code"]) == ("refused", "bad_value")
        became = await use(client, "call_action", thing="lamp", action="dock")
        assert became["error"]["code"] == "unknown_action"
    assert not home.owner.commands


async def test_a_place_s_second_word_is_asked_of_it_too(home: Hub) -> None:  # noqa: F811
    ordinary = home.owner._command

    async def strict(payload: bytes) -> bytes:
        if not msgspec.msgpack.decode(payload, type=talk.CommandAsk).asked.confirmed:
            raise CallerError("Say it again", code="confirmation_required")
        return await ordinary(payload)

    served = {"command": strict, "twins": home.owner._twins, "command-get": home.owner._command_get}
    for verb, handler in served.items():
        home.owner._ends.append(await home.context.bus.serve(talk.ask_owner("1", verb), handler))
    home.context._partition_of_root["home"] = "1"
    async with agent(home, home.token) as client:
        unlock: dict[str, Any] = {"thing": "door", "state": {"locked": False}}
        first = await use(client, "set_state", **unlock)
        assert first["state"] == "confirmation_required"
        assert not home.owner.commands
        code = first["confirmation"]
        other = await use(client, "set_state", thing="door", state={"locked": True}, confirmation=code)
        assert other["state"] in ("refused", "confirmation_required")
        assert (await use(client, "set_state", **unlock, confirmation=code))["state"] == "confirmed"


async def test_it_sees_and_does_what_its_token_may(home: Hub) -> None:  # noqa: F811
    await home.http.post("/api/v1/places", json={"id": "office", "name": "Office", "kind": "home"})
    await home.http.post("/api/v1/users", json={"id": "anna", "name": "Anna", "grants": {"office": "member"}})
    token = (await home.http.post("/api/v1/users/anna/tokens", json={"name": "t"})).json()["token"]
    async with agent(home, token) as client:
        assert (await use(client, "find_things"))["things"] == []
        assert "not_found" in await refused(client, "read_state", things=["lamp"])
        assert "not_found" in await refused(client, "read_history", things=["lamp"], trait="on_off")
        became = await use(client, "set_state", thing="lamp", state={"on_off": True})
        assert became["error"]["code"] == "not_found"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}])
async def test_without_a_token_nothing_is_told(home: Hub, headers: dict[str, str]) -> None:  # noqa: F811
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with home.client(None) as http:
        answer = await http.post("/mcp", json=ask, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert home.context.agents._application is None  # nor is anything loaded for them
