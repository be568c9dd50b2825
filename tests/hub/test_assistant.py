"""Plain words to a whole hub: said, done by a device over MQTT, remembered through kill -9, gone when they are done."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx2
from mcp import Client as Agent
from mcp.client.streamable_http import streamable_http_client
from wyoming.asr import Transcript
from wyoming.client import AsyncTcpClient
from wyoming.handle import Handled

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.parts import free_port, until


async def furnished(hub: Hub) -> str:
    """A running hub with a desk lamp; its secret."""
    await hub.start()
    await hub.furnish("probe")
    about = {"id": "lamp", "model": "light", "place": "home", "name": "Desk lamp", "names": {"zh": ["台灯"]}}
    return str((await hub.ask("POST", "/api/v1/things", about))["secret"])


async def lamp_of(hub: Hub, secret: str) -> tuple[Client, asyncio.Task[None]]:
    """The lamp, which does what it is told."""
    lamp = await hub.device("lamp", secret)
    await lamp.subscribe("things/me/set")

    async def obey() -> None:
        done = 0
        while True:
            await until(lambda: len(lamp.messages) > done, "the lamp is told", 120)  # noqa: B023  it is to see the latest
            message = lamp.messages[done]
            done += 1
            await lamp.say("things/me/state", json.dumps(json.loads(message[1])["state"]).encode())

    return lamp, asyncio.create_task(obey())


async def say(hub: Hub, text: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await hub.ask("POST", "/api/v1/assist", {"text": text, **more})
    return found


async def test_words_become_deeds_answers_and_causes(hub: Hub) -> None:
    secret = await furnished(hub)
    lamp, obeying = await lamp_of(hub, secret)
    await lamp.say("things/me/state", b'{"on_off": false, "brightness": 50}')
    began = time.time()
    reply = await say(hub, "turn on the desk lamp")
    assert (reply["outcome"], reply["became"], reply["speech"]["text"]) == ("act", "done", "Desk lamp is on.")
    assert (await say(hub, "台灯开着吗"))["speech"]["text"] == "是的，台灯开着。"
    assert (await say(hub, "why is the desk lamp on"))["speech"]["text"].startswith("You did that at ")
    assert (await say(hub, "undo that"))["speech"]["text"] == "It is as it was before."
    reply = await say(hub, "how long was the desk lamp on today")
    assert reply["became"] == "answered"
    assert 0 <= reply["answer"]["items"][0]["value"] <= time.time() - began + 1
    reply = await say(hub, "never turn on the desk lamp")
    assert (reply["outcome"], reply["became"]) == ("refuse", "nothing")
    assert reply["speech"]["text"]
    before = len(lamp.messages)
    assert (await say(hub, "turn on the desk lamp", dry_run=True))["became"] == "would"
    assert (await say(hub, "who won the match last night"))["became"] == "nothing"
    assert len(lamp.messages) == before
    commands = (await hub.get("/api/v1/commands?by=assistant"))["items"]
    assert [each["because"] for each in commands] == ["undo that", "turn on the desk lamp"]
    assert "match last night" not in hub.output
    obeying.cancel()


async def test_what_is_for_later_is_done_after_a_power_cut_and_leaves_nothing(hub: Hub) -> None:
    secret = await furnished(hub)
    lamp, obeying = await lamp_of(hub, secret)
    await lamp.say("things/me/state", b'{"on_off": true}')
    reply = await say(hub, "turn off the desk lamp in twenty seconds")
    assert reply["became"] == "later", reply
    obeying.cancel()
    await hub.kill_all()
    await hub.start()
    lamp, obeying = await lamp_of(hub, secret)
    await until(lambda: lamp.messages, "the lamp is told", 60)
    assert json.loads(lamp.messages[0][1])["state"] == {"on_off": False}

    async def gone() -> bool:
        return not (await hub.get("/api/v1/scenes"))["items"]

    await hub.eventually(gone, "the scene for one time is gone", 60)
    obeying.cancel()


async def test_agents_and_voices_come_in_by_their_own_doors(hub: Hub) -> None:
    secret = await furnished(hub)
    lamp, obeying = await lamp_of(hub, secret)
    await lamp.say("things/me/state", b'{"on_off": false}')
    headers = {"Authorization": f"Bearer {hub.token}"}
    url = f"http://127.0.0.1:{hub.http_port}/mcp"
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Agent(streamable_http_client(url, http_client=http)) as agent,
    ):
        result = await agent.call_tool("say", {"text": "turn on the desk lamp"})
        assert result.structured_content is not None
        assert result.structured_content["became"] == "done"
    door = {"person": "local", "port": free_port(), "place": "home"}
    await hub.ask("PUT", "/api/v1/assist/voice", {"doors": [door]})

    async def opened() -> bool:
        return f"door {door['port']}" in (await hub.get("/api/v1/assist/voice"))["parts"]

    await hub.eventually(opened, "the door is open")
    async with AsyncTcpClient("127.0.0.1", int(str(door["port"]))) as satellite:
        await satellite.write_event(Transcript(text="关掉台灯", language="zh").event())
        event = await satellite.read_event()
    assert event is not None
    assert Handled.from_event(event).text == "已关闭台灯。"
    obeying.cancel()
