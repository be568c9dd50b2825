"""What the machine is, and what processes cost on it: CPU seconds and proportional memory, read from /proc.

Knows Linux's /proc and nothing of what the processes do. Elsewhere its functions raise `HostError`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import random
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from unisono.errors import HostError

__all__ = [
    "PORTS",
    "Memory",
    "command_line",
    "cpu_s",
    "family",
    "free_port",
    "listener",
    "machine",
    "memory",
    "raise_file_limit",
    "require_proc",
    "status",
    "wait_for_port",
]

#: Below those that the system itself gives to outgoing connections, from 32768 on.
PORTS = range(12_000, 32_000)
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Memory(NamedTuple):
    """Bytes of one or several processes: ``rss`` counts shared pages fully, ``pss`` in proportion."""

    rss: int
    pss: int


def require_proc() -> None:
    """Raise `HostError` where there is no Linux /proc to read."""
    if not (_PROC / "self" / "smaps_rollup").exists():
        raise HostError(
            "the benchmarks read CPU and memory from Linux's /proc, which is not here",
            code="engine_missing",
            mend="Run them on Linux.",
        )


def machine() -> dict[str, object]:
    """The facts that a figure means nothing without: CPU, cores, memory, kernel, Python, and who else was running."""
    model = platform.machine()
    for line in _lines(_PROC / "cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    total = 0
    for line in _lines(_PROC / "meminfo"):
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) * 1024
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(total / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """``pid`` and all its living descendants."""
    found = [pid]
    for parent in found:
        for task in (_PROC / str(parent) / "task").glob("*/children"):
            found.extend(int(child) for line in _lines(task) for child in line.split())
    return [one for one in found if (_PROC / str(one)).exists()]


def cpu_s(pid: int) -> float:
    """User and system seconds of a process so far; 0 when it is gone."""
    lines = _lines(_PROC / str(pid) / "stat")
    if not lines:
        return 0.0
    fields = lines[0].rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pids: Iterable[int]) -> Memory:
    """Sum over processes; those that are gone count as nothing. Socket buffers are the kernel's and not in it."""
    rss = pss = 0
    for pid in pids:
        for line in _lines(_PROC / str(pid) / "smaps_rollup"):
            if line.startswith("Rss:"):
                rss += int(line.split()[1]) * 1024
            elif line.startswith("Pss:"):
                pss += int(line.split()[1]) * 1024
    return Memory(rss, pss)


def status(pid: int) -> str | None:
    """The state letter of a process (``Z``: dead, not yet collected), None when it is gone."""
    lines = _lines(_PROC / str(pid) / "stat")
    return lines[0].rpartition(")")[2].split()[0] if lines else None


def command_line(pid: int) -> str:
    """The command of a process, for a table."""
    return " ".join(_lines(_PROC / str(pid) / "cmdline")).replace("\0", " ").strip()


def listener(pids: Iterable[int], port: int) -> int | None:
    """Which of these processes listens on TCP ``port`` (IPv4 or 6)."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        for line in _lines(_PROC / "net" / table)[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for pid in pids:
        try:
            links = {os.readlink(entry) for entry in (_PROC / str(pid) / "fd").iterdir()}  # noqa: PTH115  # not a path
        except OSError:
            continue
        if links & sockets:
            return pid
    return None


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago, and that the system gives to no client meanwhile."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def wait_for_port(port: int, deadline_s: float) -> bool:
    """Whether something accepts connections on 127.0.0.1:``port`` within ``deadline_s``."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def raise_file_limit(wanted: int) -> None:
    """Allow this process and its children ``wanted`` open files. Raises `HostError` where the hard limit forbids it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise HostError(
            f"{wanted} open files are needed and this shell allows {hard}",
            code="too_many",
            mend=f"ulimit -Hn {wanted} (as root) first, or ask for fewer clients.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
