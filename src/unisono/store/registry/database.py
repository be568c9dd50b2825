"""The registry's connection to its database: short transactions, one writer at a time, errors in the house's words.

Knows SQLAlchemy's asynchronous engine, SQLite's pragmas and PostgreSQL's settings. Knows no tables.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from unisono.store.registry.address import Address, prepare_file
from unisono.store.registry.faults import BUSY_TIMEOUT_S, busy, faults

__all__ = ["Database"]

# A hub's API needs few at once, and each SQLite connection costs a thread and a page cache of up to 2 MB.
POOL_SIZE = 4
# Waiting for a connection longer than for a lock would hide the lock's message.
POOL_TIMEOUT_S = 2 * BUSY_TIMEOUT_S
# After a large checkpoint the write-ahead file is cut back to this.
WAL_KEPT_BYTES = 16 * 1024 * 1024
# PostgreSQL: every change of definitions holds this advisory lock, so that both engines have one writer at a time and
# outbox ids grow in the order of commits. The number is arbitrary and only has to differ from other programs'.
WRITER_LOCK = 0x756E69736F6E6F

PRAGMAS = (
    f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}",
    "PRAGMA synchronous=FULL",  # answered means on disk; NORMAL loses the last transactions when power fails
    "PRAGMA foreign_keys=ON",
    f"PRAGMA journal_size_limit={WAL_KEPT_BYTES}",
)


class Database:
    """An engine, and the two ways to use it: `read` and `write`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.sqlite = address.path is not None
        # Of many who write at once SQLite lets each sleep and try again, up to a tenth of a second at a time: within a
        # process they stand in line instead.
        self._turn = asyncio.Lock()
        self._engine = _engine(address)

    async def prepare(self) -> None:
        """Bring an SQLite file into being, in WAL mode. Raises HostError read_only, disk_full, registry_unavailable."""
        if self.address.path is not None:
            with faults(self.address):
                await asyncio.to_thread(_prepare_sqlite, self.address.path)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection with one consistent view. Raises HostError registry_unavailable."""
        with faults(self.address):
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that no other writer interleaves with: committed whole at the end, rolled back on any error.

        Waits `BUSY_TIMEOUT_S` for the other writers. Raises HostError registry_unavailable, disk_full or read_only, and
        CallerError exists or in_use when a key would be broken.
        """
        with faults(self.address):
            async with self._in_turn(), self._engine.connect() as connection:
                await connection.execution_options(unisono_write=True)
                async with connection.begin():
                    if not self.sqlite:
                        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
                    yield connection

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if not self.sqlite:
            yield
            return
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_S):
                await self._turn.acquire()
        except TimeoutError:
            raise busy(self.address) from None
        try:
            yield
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Give back every connection."""
        await self._engine.dispose()


def _engine(address: Address) -> AsyncEngine:
    settings: dict[str, Any] = {
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_S,
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if address.path is not None:
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(address.path)), **settings)
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        event.listen(engine.sync_engine, "invalidate", _roll_back_sqlite)
        return engine
    timeout_ms = str(int(BUSY_TIMEOUT_S * 1000))
    return create_async_engine(
        make_url(address.dsn).set(drivername="postgresql+asyncpg"),
        # A server that was restarted must not cost the first request after it.
        pool_pre_ping=True,
        connect_args={
            "timeout": BUSY_TIMEOUT_S,
            "server_settings": {
                "application_name": "unisono",
                "lock_timeout": timeout_ms,
                "idle_in_transaction_session_timeout": timeout_ms,
            },
        },
        **settings,
    )


def _prepare_sqlite(path: Path) -> None:
    prepare_file(path)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    try:
        # WAL is a property of the file. While another connection makes the same change SQLite answers "locked" at once,
        # without waiting.
        while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    finally:
        connection.close()


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, deferred, at the first change: then two that both read first and
    # write later collide without waiting. `_begin_sqlite` says which kind each is.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    writing = connection.get_execution_options().get("unisono_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _roll_back_sqlite(connection: Any, _record: Any, _error: BaseException | None) -> None:
    # A task was cancelled in the middle of a statement, and its connection is about to be closed. Closing alone is not
    # the end of the transaction while a traceback still holds the statement: SQLite keeps such a connection, and its
    # lock, until the last statement is gone.
    with contextlib.suppress(sqlite3.Error, ValueError):  # it may be closed already
        connection.rollback()
