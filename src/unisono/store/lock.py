"""The lock on a data directory: one hub at a time.

Knows one file, ``DATA/lock``, and flock(2), which the kernel gives up with the process: a dead hub never blocks. Knows
nothing of what the directory holds. Child processes must be spawned, not forked without exec, or they would share it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from unisono.errors import HostError
from unisono.store.disk import disk_error

__all__ = ["DataLock"]


class DataLock:
    """Held from `take` until `release` or the end of the process."""

    def __init__(self, data: Path) -> None:
        self._path = data / "lock"
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        return self._fd is not None

    def take(self) -> None:
        """Raises HostError ``already_running`` naming the holder's pid; ``read_only`` or ``disk_full``."""
        if self._fd is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, self._path) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise HostError(
                f"the hub with pid {pid} already uses {self._path.parent}",
                code="already_running",
                mend=f"Stop it (kill {pid}), or choose another directory with --data",
            ) from error
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(fd)
            raise disk_error(error, self._path) from error
        self._fd = fd

    def release(self) -> None:
        """The file stays: removing it would let two later hubs lock two different files of one name."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
