"""Where the registry is: reads the ``--db`` URL and prepares the file of an SQLite one.

Knows URLs, file modes and who holds an SQLite lock. Knows nothing of tables; imports neither SQLAlchemy nor a driver,
so that the owner's process stays small.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path

import msgspec

from unisono.errors import CallerError, HostError

__all__ = ["Address", "default_url", "lock_holder", "prepare_file"]

# SQLite's unix locks in WAL mode: the one writer locks byte 120 of the -shm file (walformat.html, section 2.3.1).
WAL_WRITE_LOCK_BYTE = "120"

_ERRNO_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}


class Address(msgspec.Struct, frozen=True):
    """A registry's place: ``path`` for SQLite, else ``dsn`` for PostgreSQL (libpq form, with the password)."""

    path: Path | None = None
    dsn: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read ``sqlite:///FILE`` or ``postgresql://...``, with or without ``+driver``; else CallerError bad_usage."""
        match = re.fullmatch(r"(sqlite|postgres|postgresql)(\+\w+)?://(.*)", url, re.DOTALL)
        if match is None:
            raise CallerError(
                f"{_masked(url)!r} names no database",
                code="bad_usage",
                field="--db",
                expected="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE",
            )
        scheme, _, rest = match.groups()
        if scheme != "sqlite":
            return cls(dsn=f"postgresql://{rest}")
        if len(rest) < 2 or not rest.startswith("/"):
            raise CallerError("an SQLite registry is a file", code="bad_usage", field="--db", expected="sqlite:///FILE")
        return cls(path=Path(rest[1:]))

    def __str__(self) -> str:
        """The address for a reader: without the password."""
        return str(self.path) if self.path else _masked(self.dsn)


def _masked(url: str) -> str:
    return re.sub(r"(://[^:/@?]*):[^@]*@", r"\1:***@", url)


def default_url(data: Path) -> str:
    """The registry of a data directory."""
    return f"sqlite:///{data / 'registry.db'}"


def prepare_file(path: Path) -> None:
    """Make sure that ``path`` exists, can be written and is closed to other users: 0600, which -wal and -shm copy.

    Raises HostError disk_full, read_only or registry_unavailable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file that exists is never opened here: closing any descriptor of it would drop the POSIX locks that this
        # process's connections hold on it.
        if path.exists():
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            _require_writable(path)
        else:
            with contextlib.suppress(FileExistsError):  # another process was quicker
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        code = _ERRNO_CODES.get(error.errno or 0, "registry_unavailable")
        raise HostError(
            f"the registry {path} cannot be written: {error.strerror}",
            code=code,
            mend=MENDS[code].format(where=path.parent),
        ) from error


def _require_writable(path: Path) -> None:
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


MENDS = {
    "disk_full": "Free space on the disk that holds {where}; the hub carries on by itself",
    "read_only": "Make {where} writable for the user that runs the hub, or choose another directory with --data",
    "registry_unavailable": "Run `unisono doctor`, or choose another registry with --db",
}


def lock_holder(path: Path) -> str | None:
    """Name the process that holds the write lock of the SQLite file ``path``, or None where it cannot be told.

    Reads ``/proc/locks`` (Linux). Asking with fcntl would need a descriptor of the -shm file, and closing that would
    drop our own locks.
    """
    try:
        inodes = {
            str(Path(f"{path}{suffix}").stat().st_ino) for suffix in ("-shm", "") if Path(f"{path}{suffix}").exists()
        }
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()  # 1: POSIX ADVISORY WRITE 1234 08:01:5678 120 120
        if len(fields) != 8 or fields[3] != "WRITE" or fields[5].rsplit(":", 1)[-1] not in inodes:
            continue
        if fields[6] == WAL_WRITE_LOCK_BYTE or int(fields[6]) > 1 << 30:  # the rollback journal's locks lie at 1 GiB
            return _process(int(fields[4]))
    return None


def _process(pid: int) -> str | None:
    if pid == os.getpid():
        return f"this process (pid {pid})"
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return f"pid {pid}"
    return f"{name} (pid {pid})"
