"""A full disk under a running hub: refused with a clear reason, nothing acknowledged is lost, and when
there is room again all goes on by itself."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.hub.hub import Hub
from tests.hub.load import Load
from tests.parts import tmpfs, until
from unisono.wire.mqtt import Version

STATE = "things/me/state"
DISK_MB = 320


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from tmpfs(tmp_path / "disk", f"size={DISK_MB}m")


@pytest.fixture
async def cramped(disk: Path) -> AsyncIterator[Hub]:
    """A hub on a disk of its own."""
    hub = Hub(disk / "data")
    hub.output_folder = disk.parent
    yield hub
    await hub.close()


def fill(disk: Path, left_mb: int = 4) -> Path:
    """Write until so little is left."""
    block = b"\0" * (1 << 20)
    path = disk / "something-large"
    with path.open("wb", buffering=0) as file:
        while free_mb(disk) > left_mb:
            file.write(block)
    return path


def free_mb(disk: Path) -> int:
    return shutil.disk_usage(disk).free >> 20


async def test_a_disk_that_fills_up_and_is_freed(cramped: Hub, disk: Path) -> None:
    await cramped.start()
    secrets = await cramped.furnish("counter", "five", "old")
    async with Load(cramped, "counter", secrets["counter"]) as load:
        await load.grow(2_000)
        large = fill(disk)
        five = await cramped.device("five", secrets["five"], version=Version.V5)

        async def refused() -> bool:
            return await five.say(STATE, b'{"temperature": 5}') == 0x97

        await cramped.eventually(refused, "version 5 is told")
        old = await cramped.device("old", secrets["old"])
        old.publish(STATE, b'{"temperature": 5}', 1)
        await until(old.closed.is_set, "older clients are closed, so that they send again")
        assert "no space left" in await cramped.troubles()
        headers = {"Authorization": f"Bearer five:{secrets['five']}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{cramped.http_port}") as device:

            async def full() -> httpx.Response | None:
                answer = await device.post("/api/v1/device/state", content=b"{}", headers=headers)
                return answer if answer.status_code == 507 else None  # one look at the disk counts for 0.2 s

            answer = await cramped.eventually(full, "HTTP is told")
            assert answer.json()["code"] == "disk_full"
            assert "Free space" in answer.json()["mend"]
        held = len(load.acknowledged)
        large.unlink()

        async def taken() -> bool:
            return await five.say(STATE, b'{"temperature": 6}') == 0

        await cramped.eventually(taken, "it is taken again", 60)
        await load.grow(2_000)
        assert len(load.acknowledged) > held
    await load.check()
    assert await cramped.value("five") == 6

    async def well() -> bool:
        return "disk is full" not in await cramped.troubles() and "no space" not in await cramped.troubles()

    await cramped.eventually(well, "the trouble is over")


async def test_a_hub_that_stops_on_a_full_disk_does_not_wait_for_room(cramped: Hub, disk: Path) -> None:
    await cramped.start()
    secrets = await cramped.furnish("counter")
    async with Load(cramped, "counter", secrets["counter"]) as load:
        owner = cramped.child("owner.process")
        owner.send_signal(signal.SIGSTOP)  # so that history has something to write when there is no room for it
        await load.grow(2_000)
        large = fill(disk)
        owner.send_signal(signal.SIGCONT)

        async def noticed() -> bool:
            return "history keeps" in await cramped.troubles()

        await cramped.eventually(noticed, "history says that it has no room")
    began = time.monotonic()
    assert await cramped.stop() == 0
    assert time.monotonic() - began < 10
    assert "killed" not in cramped.output, "each ended by itself, in the time that it is given"
    large.unlink()
    await cramped.start()
    await load.check()


async def test_a_hub_on_a_full_disk_starts_or_says_why(cramped: Hub, disk: Path) -> None:
    await cramped.start()
    secrets = await cramped.furnish("t0")
    client = await cramped.device("t0", secrets["t0"])
    await client.say(STATE, b'{"temperature": 1}')
    await cramped.stop()
    large = fill(disk, left_mb=0)
    await cramped.start(wait=False)
    await until(lambda: cramped.ended or "Unisono is up" in cramped.output, "it is up or has ended", 40)
    assert "Traceback" not in cramped.output, cramped.output
    if cramped.ended:
        said = cramped.output.lower()
        assert ("no space left" in said or "disk is full" in said) and "free space" in said, said
    else:
        assert await cramped.value("t0") == 1
        await cramped.stop()
    large.unlink()
    await cramped.start()
    assert await cramped.value("t0") == 1
    assert await cramped.history("t0") == [1]
    client = await cramped.device("t0", secrets["t0"])
    assert await client.say(STATE, b'{"temperature": 2}') == 0
    assert await cramped.value("t0") == 2


async def test_a_first_start_on_a_full_disk_says_why(cramped: Hub, disk: Path) -> None:
    large = fill(disk, left_mb=0)
    await cramped.start(wait=False)
    assert await cramped.ending() == 1
    assert "Traceback" not in cramped.output
    assert "no space left" in cramped.output.lower() and "free" in cramped.output.lower()
    large.unlink()
    await cramped.start()
    await cramped.furnish("t0")
