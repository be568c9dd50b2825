"""The disk under a data directory: is there room, and what its errors mean to a reader.

Knows statvfs and errno. Knows nothing of what is kept there.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from unisono.errors import HostError

__all__ = ["DiskGuard", "disk_error", "disk_full"]

RESERVE_BYTES = 64 << 20
"""Never filled by us: nats-server gives a stream up when a write finds no room, and others need some too."""

RESERVE_SHARE = 4
"""On a small disk the reserve is this fraction of it instead. A purge rewrites the block that it cuts (8 MB at most):
with less room the log could be neither written nor shortened."""

FRESH_S = 0.2
"""How long one look counts; at 200 MB/s that is 40 MB, less than the reserve."""


class DiskGuard:
    """Says whether ``size`` more bytes may be written below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looked = -1.0
        self._room = 0

    def has_room(self, size: int = 0) -> bool:
        """Counts ``size`` as written. A disk that cannot be asked (gone, unmounted) is not ours to judge: True."""
        now = time.monotonic()
        if now - self._looked > FRESH_S:
            self._looked = now
            try:
                facts = os.statvfs(self.folder)
            except OSError:
                self._room = 1 << 62
            else:
                reserve = min(RESERVE_BYTES, facts.f_blocks * facts.f_frsize // RESERVE_SHARE)
                self._room = facts.f_bavail * facts.f_frsize - reserve
        self._room -= size
        return self._room >= 0


def disk_full(path: Path | str) -> HostError:
    """The error of a disk without room."""
    return HostError(f"no space left for {path}", code="disk_full", mend=f"Free space on the disk that holds {path}")


def disk_error(error: OSError, path: Path) -> HostError:
    """Translate what the file system said about ``path`` into an error with its mending step."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(path)
    return HostError(
        f"{path} cannot be written: {error.strerror or error}",
        code="read_only",
        mend=f"Make {path} writable for this user, or choose another directory with --data",
    )
