"""The disk under the history: is there room, may we write, is it down on the platter.

Knows files and folders; must not know what is in them. The engine corrupts its file when a checkpoint meets a full disk
(duckdb#9667), so room is checked before every write rather than the error handled after it.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from unisono.errors import HostError

__all__ = ["fault", "free_bytes", "prepare_folder", "require_room", "sync_file", "sync_folder"]


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write under ``folder``."""
    return shutil.disk_usage(folder).free


def require_room(folder: Path, reserve: int, wanted: int) -> None:
    """Raise `HostError` disk_full unless ``wanted`` bytes fit and ``reserve`` bytes stay free afterwards."""
    free = free_bytes(folder)
    if free < reserve + wanted:
        raise HostError(
            f"{free >> 20} MiB are free under {folder}, history keeps {reserve >> 20} MiB in reserve",
            code="disk_full",
            expected=f"{(reserve + wanted) >> 20} MiB free",
            mend="Free disk space or shorten the retention; recording goes on by itself",
        )


def prepare_folder(folder: Path) -> None:
    """Make the folder and its parts; raise `HostError` read_only or disk_full when nothing can be written there."""
    probe = folder / "tmp" / f"probe-{os.getpid()}"
    try:
        for part in (folder, folder / "sealed", folder / "rollup", folder / "tmp"):
            part.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise fault(error, folder) from error


def fault(error: OSError, folder: Path) -> HostError:
    """Say in the house's words what the operating system refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HostError(f"{folder}: {error.strerror}", code="disk_full", mend="Free disk space")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return HostError(
            f"{folder}: {error.strerror}",
            code="read_only",
            mend=f"Make {folder} writable for the user that runs the hub",
        )
    return HostError(f"{folder}: {error.strerror}", code="history_unavailable", mend="Look at the disk's health")


def sync_file(path: Path) -> None:
    """Bring a finished file to the platter; the engine itself does not sync what it copies out."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable."""
    sync_file(folder)
