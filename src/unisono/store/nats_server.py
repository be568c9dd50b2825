"""The hub's own nats-server: a child process that lives and dies with the hub.

Knows how to start, watch, restart and stop it, and how to find one left behind. Knows nothing of streams or subjects.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from unisono.errors import HostError
from unisono.store.disk import DiskGuard, disk_error
from unisono.store.lock import DataLock
from unisono.store.server_binary import Binary, find_binary
from unisono.store.server_config import (
    LOG_FILE_BYTES,
    MAX_LOG_BYTES,
    MAX_PAYLOAD,
    ServerConfig,
    choose_port,
    environment,
    load_port,
    load_token,
    write_private,
)

__all__ = ["NatsServer"]

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
"""A start takes 30 ms; recovering a full log of some GB from a slow disk may take most of a minute."""

STOP_TIMEOUT_S = 10.0
"""After SIGTERM the server closes in milliseconds; past this it is killed (what it acknowledged is on disk)."""

POLL_S = 0.02
GREETING_S = 5.0
BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before the first, second... restart in a row; the last one repeats."""

STEADY_S = 30.0
"""A server that lived this long starts the row of pauses anew."""

HEALTH_S = 0.5
WOUNDED_PAUSE_S = 10.0
WOUNDS = (b"ritical write error", b"JetStream out of", b"will be DISABLED")
"""What nats-server 2.11 to 2.15 writes when the disk refused it; it sends no answer to the message concerned."""

LOG_TAIL_LINES = 12
PR_SET_PDEATHSIG = 1


class NatsServer:
    """One nats-server on ``data``; at most one per data directory.

    ``on_restart(pid)`` is called after the server died and a new one is ready, on the same port with the same token.
    ``lock`` is for a caller that already holds the directory; else the server takes and releases it itself.
    """

    def __init__(
        self,
        data: Path,
        *,
        binary: Path | None = None,
        max_log_bytes: int = MAX_LOG_BYTES,
        max_payload: int = MAX_PAYLOAD,
        monitor_port: int | None = None,
        lock: DataLock | None = None,
        on_restart: Callable[[int], None] | None = None,
    ) -> None:
        # Resolved: an orphan is recognised by the path it was started with, however the hub spells it this time.
        self.folder = data.resolve() / "nats"
        self.token = ""
        self.restarts = 0
        self.on_restart = on_restart
        self._lock = lock or DataLock(data.resolve())
        self._owns_lock = lock is None
        self._given_binary = binary
        self._max_log_bytes = max_log_bytes
        self._max_payload = max_payload
        self._monitor_port = monitor_port
        self._binary: Binary | None = None
        self._config: ServerConfig | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._restart: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Without the token, which `connect` takes separately; with the folder, for the log's guard of free space."""
        return f"nats://127.0.0.1:{self._config.port}?disk={quote(str(self.folder))}" if self._config else ""

    @property
    def pid(self) -> int:
        """0 while it is down."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else 0

    async def start(self) -> None:
        """Returns when clients can connect and the log's files are recovered.

        Raises HostError: ``already_running``, ``engine_missing``, ``read_only``, ``disk_full`` or ``log_unavailable``
        (with the end of the server's log).
        """
        if self._tasks:
            return
        self._lock.take()
        try:
            await self._start()
        except BaseException:
            await self._end_process()
            if self._owns_lock:
                self._lock.release()
            raise
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._heal())]

    async def stop(self) -> None:
        """Ends the server, then gives the directory back. Safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._restart is not None:
            await asyncio.gather(self._restart, return_exceptions=True)
        await self._end_process()
        if self._owns_lock:
            self._lock.release()

    async def _start(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise disk_error(error, self.folder) from error
        self._binary = await asyncio.to_thread(find_binary, self._given_binary)
        await asyncio.to_thread(stop_orphan, self.folder)
        self.token = load_token(self.folder)
        try:
            await self._spawn(load_port(self.folder) or choose_port())
        except HostError:
            if self._config is not None and "address already in use" not in log_tail(self._config.log_file):
                raise
            # Somebody took the port between our look and the server's bind: once more on another.
            await self._end_process()
            await self._spawn(choose_port())

    async def _spawn(self, port: int) -> None:
        assert self._binary is not None
        self._config = config = ServerConfig(
            folder=self.folder,
            port=port,
            token=self.token,
            name=f"unisono-{secrets.token_hex(8)}",
            max_log_bytes=self._max_log_bytes,
            max_payload=self._max_payload,
            version=self._binary.version,
            monitor_port=self._monitor_port,
        )
        write_private(self.folder / "nats.conf", config.text())
        write_private(self.folder / "port", f"{port}\n")
        await self._run(self._binary, config)

    async def _run(self, binary: Binary, config: ServerConfig) -> None:
        try:
            with (self.folder / "stderr.log").open("wb") as stderr:
                self._process = await asyncio.create_subprocess_exec(
                    str(binary.path),
                    "-c",
                    str(self.folder / "nats.conf"),
                    stdin=subprocess.DEVNULL,
                    stdout=stderr,
                    stderr=stderr,
                    env={**environment(), **os.environ},
                    # Ctrl-C in the terminal reaches the whole group: the hub stops first and ends the server itself.
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
        except OSError as error:
            raise HostError(
                f"{binary.path} cannot be started: {error.strerror}", code="engine_missing", mend="Run: unisono doctor"
            ) from error
        write_private(config.pid_file, f"{self._process.pid}\n")
        await self._wait_ready(self._process, config)

    async def _wait_ready(self, process: asyncio.subprocess.Process, config: ServerConfig) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if process.returncode is not None:
                raise self._failed(f"nats-server ended with code {process.returncode} while starting", config)
            if await greets(config.port, config.name):
                return
            if time.monotonic() > deadline:
                raise self._failed(f"nats-server did not answer within {START_TIMEOUT_S:.0f} s", config)
            await asyncio.sleep(POLL_S)

    def _failed(self, what: str, config: ServerConfig) -> HostError:
        tail = log_tail(config.log_file) or log_tail(self.folder / "stderr.log")
        code = "log_unavailable"
        if "no space left" in tail:
            code = "disk_full"
        elif "read-only file system" in tail or "permission denied" in tail:
            code = "read_only"
        return HostError(f"{what}:\n{tail}", code=code, mend=f"See {config.log_file}")

    async def _watch(self) -> None:
        """Bring the server back whenever it dies, with growing pauses."""
        failures = 0
        began = time.monotonic()
        while True:
            assert self._process is not None
            assert self._config is not None
            assert self._binary is not None
            code = await self._process.wait()
            if time.monotonic() - began > STEADY_S:
                failures = 0
            pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            logger.error(
                "nats-server (pid %d) ended with code %s; starting it again in %.1f s", self._process.pid, code, pause
            )
            await asyncio.sleep(pause)
            failures += 1
            began = time.monotonic()
            # Not cut off by `stop`: a process must not come to be that nobody knows.
            self._restart = asyncio.create_task(self._run(self._binary, self._config))
            try:
                await asyncio.shield(self._restart)
            except HostError as error:
                logger.warning("nats-server could not be started again: %s", error)
                await self._end_process()
                continue
            self.restarts += 1
            logger.warning("nats-server is back (pid %d)", self.pid)
            if self.on_restart is not None:
                self.on_restart(self.pid)

    async def _heal(self) -> None:
        """A stream whose write failed stays closed until the server starts anew: do that, once there is room again.

        Without room it is done too, only seldom: a fresh server can at least be read and purged.
        """
        assert self._config is not None
        path = self._config.log_file
        guard = DiskGuard(self.folder)
        position = _size(path)
        wounded = 0.0
        while True:
            await asyncio.sleep(HEALTH_S)
            size = _size(path)
            if size != position:
                if is_wounded(path, position if size > position else 0):
                    wounded = wounded or time.monotonic()
                position = size
            if wounded and self.pid and (guard.has_room() or time.monotonic() - wounded > WOUNDED_PAUSE_S):
                logger.error("nats-server cannot write its log (see %s): starting it anew", path)
                wounded = 0.0
                os.kill(self.pid, signal.SIGKILL)

    async def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                logger.warning("nats-server (pid %d) did not stop in %.0f s: killed", process.pid, STOP_TIMEOUT_S)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._config is not None:
            self._config.pid_file.unlink(missing_ok=True)


async def greets(port: int, name: str) -> bool:
    """Whether the server called ``name`` greets on ``port`` (it listens only after JetStream has recovered)."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(GREETING_S):
            line = await reader.readline()
        return line.startswith(b"INFO ") and json.loads(line[5:]).get("server_name") == name
    except (OSError, TimeoutError, ValueError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def log_tail(path: Path) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])


def is_wounded(path: Path, position: int) -> bool:
    """Whether the server's log says, from ``position`` on, that it gave a stream or all of JetStream up."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            text = file.read(LOG_FILE_BYTES)
    except OSError:
        return False
    return any(sign in text for sign in WOUNDS)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def stop_orphan(folder: Path) -> None:
    """End a nats-server that an earlier hub left behind on ``folder``; the caller holds the directory's lock.

    The pid file alone is no proof (pids are reused): the process must have been started with this folder's config.
    """
    try:
        pid = int((folder / "nats.pid").read_text("ascii"))
    except (OSError, ValueError):
        return
    if not _runs_on(pid, folder):
        return
    logger.warning("a nats-server of an earlier hub (pid %d) still runs on %s: stopping it", pid, folder)
    for number, patience_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, STOP_TIMEOUT_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _runs_on(pid, folder):
                return
            time.sleep(POLL_S)
    raise HostError(f"the nats-server with pid {pid} cannot be stopped", code="already_running", mend=f"kill -9 {pid}")


def _runs_on(pid: int, folder: Path) -> bool:
    config = str(folder / "nats.conf")
    if Path("/proc/self/cmdline").exists():
        try:
            return config in Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            return False
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return config in shown.stdout


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Loaded before any fork: between fork and exec only what is already in memory may be used."""


def _die_with_parent() -> None:
    # Runs in the child between fork and exec. SIGKILL, not SIGTERM: the hub is dead, the next one may start at any
    # moment, and everything acknowledged is on disk. Elsewhere than on Linux the next start finds the orphan.
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
