"""What several folders of tests share: waiting for a condition, killing, a file system of one's own, free ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from unisono.store.nats_server import NatsServer

__all__ = ["DEADLINE_S", "MAX_BYTES", "free_port", "kill", "tmpfs", "until"]

MAX_BYTES = 256 << 20
DEADLINE_S = 20.0


async def until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition that another task or process brings about."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        await asyncio.sleep(0.01)


async def freeze(server: NatsServer) -> None:
    """Stop the server's process where it is; on a busy machine its threads run on for a moment after the signal."""
    os.kill(server.pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{server.pid}/task")
    await until(
        lambda: all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir()),
        "all its threads stand still",
    )


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


#: Below the ports that the system itself gives to outgoing connections, from 32768 on: none of them takes one between
#: the question and the use.
_PORTS = range(12_000, 32_000)
_given = count(os.getpid() * 7919)


def free_port() -> int:
    """A port on loopback that is free now and that this process gives to nobody else; processes that run beside one
    another begin far apart."""
    for step in islice(_given, len(_PORTS)):
        port = _PORTS[step % len(_PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
