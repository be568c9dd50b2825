"""ThingsBoard's published Python SDK, unmodified, against a running hub."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dialect.player import Player, settings
from tests.hub.hub import Hub

SCRIPT = Path(__file__).parent / "with_thingsboard.py"
WAIT_S = 30.0


class Sdk:
    """The SDK's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, port: int, token: str, kind: str = "device", *more: str) -> Sdk:
        pipe = asyncio.subprocess.PIPE
        made = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), str(port), token, kind, *more, stdin=pipe, stdout=pipe
        )
        return cls(made)

    async def told(self, what: str) -> Any:
        """The next of a kind; others are passed over."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while line := await self._process.stdout.readline():
                if not line.startswith(b"["):
                    continue  # the SDK's own words
                kind, body = json.loads(line)
                if kind == what:
                    return body
        pytest.fail(f"the SDK ended before it told {what}")

    def do(self, *what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@pytest.fixture(scope="module")
def places() -> list[str]:
    return []


async def furnish(hub: Hub, places: list[str]) -> None:
    if not places:
        places.append("home")
        await hub.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"})


async def is_in(hub: Hub, command: str, state: str) -> bool:
    return bool((await hub.get(f"/api/v1/commands/{command}"))["state"] == state)


async def test_a_device(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    body = {"id": "tblamp", "model": "light", "place": "home", "how": "thingsboard"}
    added = await shared.ask("POST", "/api/v1/things", body)
    token = settings(added)["Access token (the MQTT user name; no password)"]
    sdk = await Sdk.start(shared.mqtt_port, token)
    try:
        await sdk.told("ready")
        sdk.do("send_telemetry", {"on_off": False, "brightness": 40})
        await shared.eventually(lambda: shared.value("tblamp", "brightness"), "the brightness")
        sdk.do("send_telemetry", {"ts": 1_700_000_000_000, "values": {"brightness": 11}})
        sdk.do("send_attributes", {"colorTemperature": 3000})
        await shared.eventually(lambda: shared.value("tblamp", "color_temperature"), "a client attribute")
        assert await shared.value("tblamp", "brightness") == 40
        command = await shared.ask("POST", "/api/v1/things/tblamp/commands", {"set": {"on_off": True}})
        assert await sdk.told("attributes") == {"on_off": True}
        await shared.eventually(lambda: is_in(shared, command["id"], "sent"), "it is sent, and no more")
        sdk.do("request", ["brightness"], ["on_off"])
        assert await sdk.told("response") == {"client": {"brightness": 40}, "shared": {"on_off": True}}
        sdk.do("send_telemetry", {"on_off": True})
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        command = await shared.ask("POST", "/api/v1/things/tblamp/commands", {"call": "identify"})
        assert await sdk.told("rpc") == {"method": "identify", "params": {}}
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        assert (await shared.get(f"/api/v1/commands/{command['id']}"))["output"] == {"done": True}
        sdk.do("call", "getCurrentTime", {})
        assert await sdk.told("called") > 1_700_000_000_000
    finally:
        await sdk.close()


async def test_a_device_that_writes_short_topics(shared: Hub, places: list[str]) -> None:
    """The SDK knows none of them: a paho client, as the documentation shows it."""
    await furnish(shared, places)
    body = {"id": "tbshort", "model": "light", "place": "home", "how": "thingsboard"}
    token = (await shared.ask("POST", "/api/v1/things", body))["secret"]
    player = await Player(token, None, shared.mqtt_port).open("v2/a", "v2/r/req/+", "v2/a/res/+")
    try:
        player.say("v2/t", {"on_off": False, "brightness": 40})
        await shared.eventually(lambda: shared.value("tbshort", "brightness"), "the brightness")
        player.answers["v2/a"] = [("v2/t", {"on_off": True})]
        command = await shared.ask("POST", "/api/v1/things/tbshort/commands?wait=10", {"set": {"on_off": True}})
        assert command["state"] == "confirmed" and await player.told("v2/a") == {"on_off": True}
        player.say("v2/a/req/7", {"clientKeys": "brightness"})
        assert await player.told("v2/a/res/7") == {"client": {"brightness": 40}}
    finally:
        player.close()


async def test_firmware(shared: Hub, places: list[str], tmp_path: Path) -> None:
    """Put there by the command line, fetched and verified by the SDK, and over HTTP in chunks."""
    await furnish(shared, places)
    body = {"id": "tbfw", "model": "light", "place": "home", "how": "thingsboard"}
    token = (await shared.ask("POST", "/api/v1/things", body))["secret"]
    firmware = bytes(range(256)) * 3_000
    (tmp_path / "lamp.bin").write_bytes(firmware)
    command = [sys.executable, "-m", "unisono.cli", "thing", "firmware", "tbfw", str(tmp_path / "lamp.bin")]
    command += ["--version", "2.0", "--json", "--url", str(shared.http.base_url), "--token", shared.token]
    run = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    made = json.loads((await run.communicate())[0])
    assert made["size"] == len(firmware) and made["sha256"] == hashlib.sha256(firmware).hexdigest()
    sdk = await Sdk.start(shared.mqtt_port, token)
    try:
        await sdk.told("ready")
        sdk.do("update")
        assert await sdk.told("firmware") == [len(firmware), "2.0"]
        bearer = {"Authorization": f"Bearer {shared.token}"}
        again = shared.http.put("/api/v1/things/tbfw/firmware?version=3.0", content=firmware, headers=bearer)
        assert again.status_code == 200
        assert await sdk.told("firmware") == [len(firmware), "3.0"]
    finally:
        await sdk.close()
    assert not await shared.letters("tbfw")
    fetched = b""
    async with httpx.AsyncClient() as client:
        url = f"{shared.http.base_url}/api/v1/{token}/firmware"
        while (answer := await client.get(url, params={"size": 300_000, "chunk": len(fetched) // 300_000})).content:
            assert answer.status_code == 200
            fetched += answer.content
            if len(answer.content) < 300_000:
                break
    assert fetched == firmware


async def test_a_device_that_nobody_knows_anything_of(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    body = {"id": "any", "place": "home", "how": "thingsboard", "secret": "A1_TEST_TOKEN_of_twenty"}
    added = await shared.ask("POST", "/api/v1/things", body)
    assert added["model"] == "thingsboard:any"
    sdk = await Sdk.start(shared.mqtt_port, "A1_TEST_TOKEN_of_twenty")
    try:
        await sdk.told("ready")
        sdk.do("send_telemetry", {"temperature": 21.5, "Motor Speed": 1200, "mode": "fast"})
        await shared.eventually(lambda: shared.value("any", "temperature"), "the temperature")
        thing = await shared.thing("any")
        assert {key: each["value"] for key, each in thing["state"].items()} == {
            "temperature": 21.5,
            "Motor_Speed": 1200,
            "mode": "fast",
        }
        sdk.do("send_telemetry", {"Motor Speed": 1300, "new": True})

        async def grown() -> bool:
            state = (await shared.thing("any"))["state"]
            return bool("new" in state and state["Motor_Speed"]["value"] == 1300 and "temperature" in state)

        await shared.eventually(grown, "the model has grown")
        assert not await shared.letters("any")
        await shared.ask("POST", "/api/v1/things/any/commands", {"set": {"Motor_Speed": 900}})
        assert await sdk.told("attributes") == {"Motor Speed": 900}
    finally:
        await sdk.close()


async def test_a_gateway(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    body = {"id": "tbgw", "place": "home", "how": "thingsboard"}
    token = (await shared.ask("POST", "/api/v1/things", body))["secret"]
    sdk = await Sdk.start(shared.mqtt_port, token, "gateway")
    try:
        await sdk.told("ready")
        sdk.do("gw_connect_device", "Press A", "sensor.temperature")
        sdk.do("gw_connect_device", "Press B")
        sdk.do("gw_send_telemetry", "Press A", {"ts": 1_700_000_000_000, "values": {"temperature": 20.5}})
        sdk.do("gw_send_attributes", "Press B", {"speed": 12})
        await shared.eventually(lambda: shared.value("press_a", "temperature"), "the temperature of A")
        await shared.eventually(lambda: shared.value("press_b", "speed"), "the speed of B")
        assert (await shared.thing("press_a"))["parent"] == "tbgw"
        await shared.ask("POST", "/api/v1/models/", {"id": "acme.press", "services": [{"actions": [{"key": "go"}]}]})
        sdk.do("gw_connect_device", "Press C", "acme.press")

        async def online() -> bool:
            return bool((await shared.ask("GET", "/api/v1/things/press_c", ok=False)).get("online"))

        await shared.eventually(online, "C is there")
        command = await shared.ask("POST", "/api/v1/things/press_c/commands", {"call": "go"})
        told = await sdk.told("gw_rpc")
        assert (told["device"], told["data"]["method"]) == ("Press C", "go")
        await shared.eventually(lambda: is_in(shared, command["id"], "confirmed"), "confirmed")
        sdk.do("gw_disconnect_device", "Press C")

        async def gone() -> bool:
            return not await online()

        await shared.eventually(gone, "its gateway has disconnected it")
        assert (await shared.thing("tbgw"))["online"]
        sdk.do("gw_connect_device", "Press C", "acme.press")
        await shared.eventually(online, "it is connected again")
    finally:
        await sdk.close()


async def test_provisioning(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    product = {"product": "fleetkey", "place": "home", "model": "light", "secret": "fleetsecret", "open": True}
    await shared.ask("POST", "/api/v1/dialects/thingsboard/products", product)
    sdk = await Sdk.start(shared.mqtt_port, "-", "provision", "fleetkey", "fleetsecret")
    made = await sdk.told("provisioned")
    assert made["status"] == "SUCCESS" and made["credentialsType"] == "ACCESS_TOKEN"
    await sdk.close()
    device = await Sdk.start(shared.mqtt_port, made["credentialsValue"])
    try:
        await device.told("ready")
        device.do("send_telemetry", {"on_off": True})
        await shared.eventually(lambda: shared.value("newcomer", "on_off"), "it is on")
    finally:
        await device.close()
    sdk = await Sdk.start(shared.mqtt_port, "-", "provision", "fleetkey", "wrongsecret")
    assert await sdk.told("provisioned") is None
    await sdk.close()
