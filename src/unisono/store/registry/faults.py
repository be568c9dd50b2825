"""What a database's errors mean, in the house's words.

Knows SQLite's result codes and PostgreSQL's SQLSTATEs, as two tables. Knows no queries and imports no driver: it
recognises errors by the codes they carry.
"""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unisono.errors import CallerError, HostError, UnisonoError
from unisono.store.registry.address import MENDS, Address, lock_holder

__all__ = ["BUSY_TIMEOUT_S", "busy", "faults", "translate"]

# Long enough for the largest transaction of ours (a checkpoint of 100,000 twins, about a second on a small machine),
# short enough that a person still waits for the answer.
BUSY_TIMEOUT_S = 5.0

# Below this SQLite's failed write counts as a full disk, whatever it calls it (a -shm file that cannot grow is an
# "I/O error" to it): it needs room for at least its -shm file and a page of the log.
NO_SPACE_BYTES = 128 * 1024

# First match wins. https://www.sqlite.org/rescode.html
_SQLITE = (
    ("SQLITE_BUSY", "busy"),
    ("SQLITE_LOCKED", "busy"),
    ("SQLITE_FULL", "disk_full"),
    ("SQLITE_READONLY", "read_only"),
    ("SQLITE_CONSTRAINT_FOREIGNKEY", "in_use"),
    ("SQLITE_CONSTRAINT", "exists"),
    ("SQLITE_CORRUPT", "damaged"),
    ("SQLITE_NOTADB", "damaged"),
    ("SQLITE_IOERR", "io"),
    ("SQLITE_CANTOPEN", "io"),
    ("SQLITE_ERROR", "schema"),
)

# First match wins. https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = (
    ("55P03", "busy"),
    ("40", "busy"),
    ("57014", "busy"),
    ("53100", "disk_full"),
    ("25006", "read_only"),
    ("23503", "in_use"),
    ("23505", "exists"),
    ("28", "refused"),
    ("3D000", "no_database"),
    ("42", "schema"),
    ("22", "bad_value"),
    ("", "unreachable"),
)

# Connection-level failures of asyncpg that carry no SQLSTATE, by class name.
_POSTGRESQL_LOST = {"ConnectionDoesNotExistError", "InterfaceError", "InternalClientError", "CannotConnectNowError"}


@contextmanager
def faults(address: Address) -> Iterator[None]:
    """Turn what a driver raises inside into UnisonoErrors; anything that is no database error passes unchanged."""
    try:
        yield
    except UnisonoError:
        raise
    except Exception as error:
        told = translate(error, address)
        if told is None:
            raise
        raise told from error


def translate(error: BaseException, address: Address) -> UnisonoError | None:
    """The UnisonoError that says what ``error`` means, or None when it does not come from the database."""
    for cause in _chain(error):
        name = getattr(cause, "sqlite_errorname", None)
        if isinstance(name, str):
            return _tell(_look_up(_SQLITE, name) or "io", cause, address)
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return _tell(_look_up(_POSTGRESQL, state) or "unreachable", cause, address)
    for cause in _chain(error):
        if isinstance(cause, OSError | asyncio.TimeoutError) or type(cause).__name__ in _POSTGRESQL_LOST:
            return _tell("io" if address.path else "unreachable", cause, address)
    return None


def busy(address: Address) -> UnisonoError:
    """What is raised when others have been writing for too long."""
    return _tell("busy", TimeoutError(), address)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and what it wraps (SQLAlchemy keeps the driver's error in ``orig``)."""
    seen = 0
    while error is not None and seen < 8:
        yield error
        error = getattr(error, "orig", None) or error.__cause__
        seen += 1


def _look_up(table: tuple[tuple[str, str], ...], key: str) -> str | None:
    return next((meaning for prefix, meaning in table if key.startswith(prefix)), None)


def _tell(meaning: str, cause: BaseException, address: Address) -> UnisonoError:
    if meaning == "io" and address.path:
        meaning = _look_closer(cause, address.path)
    if meaning == "exists":
        return CallerError("an id in this change is already taken", code="exists")
    if meaning == "bad_value":
        return CallerError(f"the database cannot keep a value: {cause}", code="bad_value")
    if meaning == "in_use":
        return CallerError("something in this change is still in use, or refers to what does not exist", code="in_use")
    where = address.path.parent if address.path else "the database server"
    if meaning in ("disk_full", "read_only"):
        wording = {"disk_full": "the disk is full", "read_only": "it can be read but not written"}[meaning]
        return HostError(
            f"the registry {address} could not be written: {wording}; nothing was changed",
            code=meaning,
            mend=MENDS[meaning].format(where=where),
        )
    detail, mend = _UNAVAILABLE[meaning]
    holder = lock_holder(address.path) if meaning == "busy" and address.path else None
    return HostError(
        detail.format(address=address, wait=f"{BUSY_TIMEOUT_S:g}", holder=holder or "another process", cause=cause),
        code="registry_unavailable",
        mend=mend.format(holder=holder or "the process that holds it", address=address),
    )


def _look_closer(cause: BaseException, path: Path) -> str:
    """What an unspecific input/output error of SQLite was: the file system knows."""
    number = getattr(cause, "errno", None)
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return "io"
    return "disk_full" if number == errno.ENOSPC or free < NO_SPACE_BYTES else "io"


# detail, mend
_UNAVAILABLE = {
    "schema": (
        "the registry {address} is not laid out as this program expects: {cause}",
        "Start the hub with `unisono up`, which brings it up to date",
    ),
    "busy": (
        "the registry {address} is locked by {holder} for more than {wait} s; nothing was changed",
        "End {holder} or wait until it is done; the hub carries on by itself",
    ),
    "damaged": ("the registry {address} is damaged: {cause}", "Run `unisono restore FILE` with the latest backup"),
    "io": ("the registry {address} cannot be read or written: {cause}", "Run `unisono doctor`; check the disk"),
    "refused": ("the database server refused to let the hub in: {cause}", "Correct user and password in --db"),
    "no_database": ("the database server has no such database: {cause}", "Create it with createdb, or correct --db"),
    "unreachable": (
        "the registry {address} does not answer: {cause}",
        "Start the database server or correct --db; the hub carries on by itself",
    ),
}
