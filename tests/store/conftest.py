"""A real nats-server for the tests of the log and the bus; the data directory is the test's own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer

MAX_BYTES = 256 << 20
DEADLINE_S = 20.0


async def until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition that another task or process brings about."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        await asyncio.sleep(0.01)


def kill(server: NatsServer) -> int:
    """kill -9 the server's process; returns its pid."""
    pid = server.pid
    assert pid > 0
    os.kill(pid, signal.SIGKILL)
    return pid


def tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own; skips where we may not mount."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from tmpfs(tmp_path / "small", "size=24m")


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    yield from tmpfs(tmp_path / "other", "size=64m")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    running = NatsServer(tmp_path / "data")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    made = await connect(server.url, server.token, "test")
    yield made
    await made.close()


@pytest.fixture
async def log(connection: Connection) -> AsyncIterator[Log]:
    opened = await Log.open(connection, "0", max_bytes=MAX_BYTES)
    yield opened
    await opened.close()
