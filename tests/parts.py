"""What several folders of tests share: waiting for a condition, killing, a file system of one's own, free ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
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
#: A file for each port that is given, with the process that gave it: a hub opens its ports seconds later, and other
#: tests that run on this machine ask for some meanwhile.
_TAKEN = Path(tempfile.gettempdir()) / f"unisono-test-ports-{os.getuid()}"


def free_port() -> int:
    """A port on loopback that is free now and that no living process of tests gives to anybody else."""
    _TAKEN.mkdir(exist_ok=True)
    for step in islice(_given, len(_PORTS)):
        port = _PORTS[step % len(_PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if _take(_TAKEN / str(port)):
                return port
    raise AssertionError("no port is free")


def _take(file: Path) -> bool:
    """Put this process's name on a port; False where that of another stands which still lives."""
    try:
        with file.open("x") as mine:
            mine.write(str(os.getpid()))
    except FileExistsError:
        return _take_over(file)
    return True


def _take_over(file: Path) -> bool:
    try:
        os.kill(int(file.read_text() or 0), 0)
    except (ProcessLookupError, FileNotFoundError):
        file.unlink(missing_ok=True)  # it has ended; whoever is first now has it
        return _take(file)
    except PermissionError:
        pass  # somebody else's process has that number
    return False
