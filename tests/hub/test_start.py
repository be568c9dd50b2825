"""What keeps a hub from starting is said in one clear sentence, with the step that mends it - and starts nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.hub.hub import Hub
from tests.parts import tmpfs


async def refused(hub: Hub) -> str:
    await hub.start(wait=False)
    assert await hub.ending() == 1
    assert "Traceback" not in hub.output, hub.output
    return " ".join(hub.output.split())


async def test_a_second_hub_on_the_same_data_is_refused(running: Hub) -> None:
    second = Hub(running.data)
    output = await refused(second)
    assert running.process is not None
    assert f"the hub with pid {running.process.pid} already uses" in output
    assert "--data" in output
    assert running.process.poll() is None
    await running.furnish("a1", place="a")  # the first goes on


@pytest.mark.parametrize("door", ["http", "mqtt"])
async def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path, door: str) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as another hub's gateway listens
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        hub = Hub(tmp_path / "data", http_port=port if door == "http" else 0, mqtt_port=port if door == "mqtt" else 0)
        output = await refused(hub)
        await hub.close()
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert f"--{door}-port {port + 1}" in output
    assert not (tmp_path / "data" / "nats").exists()
    assert not (tmp_path / "data" / "registry.db").exists()


async def test_the_token_is_there_before_anybody_is_answered(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "data")

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return bool(hub.http.get("/healthz").status_code)
        return False

    await hub.start(wait=False)
    try:
        while not answers():
            assert not hub.ended, hub.output
            await asyncio.sleep(0.01)
        assert (tmp_path / "data" / "token").read_text().startswith("uni_")
    finally:
        await hub.close()


async def test_two_hubs_never_share_a_device_port(running: Hub, tmp_path: Path) -> None:
    second = Hub(tmp_path / "data", mqtt_port=running.mqtt_port)
    assert f"Port {running.mqtt_port}" in await refused(second)


async def test_one_port_for_both_doors_is_refused(tmp_path: Path) -> None:
    port = 18_080
    hub = Hub(tmp_path / "data", http_port=port, mqtt_port=port)
    await hub.start(wait=False)
    assert await hub.ending() in {1, 2}
    assert "a port each" in hub.output


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    for folder in tmpfs(tmp_path / "disk", "size=16m"):
        (folder / "data").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield folder / "data"


async def test_a_read_only_data_directory(read_only: Path) -> None:
    hub = Hub(read_only)
    hub.output_folder = read_only.parent.parent
    output = await refused(hub)
    assert "cannot be written" in output and "Read-only file system" in output
    assert "--data" in output


async def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    hub = Hub(tmp_path / "data")
    hub.output_folder = tmp_path / "out"
    hub.output_folder.mkdir()
    assert "cannot be written" in await refused(hub)
