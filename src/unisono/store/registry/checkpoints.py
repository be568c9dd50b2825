"""Checkpoints: the twins of a partition and the position they stand for, written together.

Knows positions and epochs. Knows nothing of what a twin's bytes mean. Uses the drivers directly: the owner's process
needs nothing else of the registry, and SQLAlchemy would cost it 25 MB and 0.3 s. The schema is `schema`'s to make.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec

from unisono.errors import HostError
from unisono.store.registry.address import Address
from unisono.store.registry.faults import BUSY_TIMEOUT_S, faults
from unisono.store.registry.rows import AlarmLineRow, AuditRow, Checkpoint

__all__ = ["Checkpoints"]

# After a large checkpoint the write-ahead file is cut back to this.
WAL_KEPT_BYTES = 16 * 1024 * 1024

# Ended commands that can be searched: a household's for years, some 400 MB.
AUDIT_KEPT = 1_000_000

PRAGMAS = (
    f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}",
    "PRAGMA synchronous=FULL",
    f"PRAGMA journal_size_limit={WAL_KEPT_BYTES}",
)

# Parameters are written $1, $2 ...: PostgreSQL's way, and SQLite takes ?1, ?2.
SELECT_EPOCH = "SELECT epoch, log_id FROM checkpoint WHERE partition = $1"
SELECT_CHECKPOINT = "SELECT partition, log_id, seq, epoch, state FROM checkpoint WHERE partition = $1"
SELECT_TWINS = "SELECT thing, twin FROM checkpoint_twin WHERE partition = $1"
PUT_CHECKPOINT = """
    INSERT INTO checkpoint (partition, log_id, seq, epoch, state) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (partition) DO UPDATE SET log_id = excluded.log_id, seq = excluded.seq, epoch = excluded.epoch,
    state = excluded.state"""
PUT_TWIN = """
    INSERT INTO checkpoint_twin (partition, thing, twin) VALUES ($1, $2, $3)
    ON CONFLICT (partition, thing) DO UPDATE SET twin = excluded.twin"""
# A key that is there already is that of the same line: what follows from the log is the same on each replay.
PUT_ALARM_LINE = """
    INSERT INTO alarm_history ("at", "partition", "number", "definition", "thing", "place", "root", "severity", "act",
    "before", "after", "value", "text", "by", "comment")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT DO NOTHING"""
PUT_AUDIT = """
    INSERT INTO command_audit (id, partition, thing, root, at, ended, state, kind, who, body, scene)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, state = excluded.state, body = excluded.body"""
#: What happened to alarms is looked at from its oldest end so many lines at a time.
TRIM_LINES = 1_000
OLDEST_ALARM_LINES = (
    f"""SELECT at, number FROM alarm_history WHERE partition = $1 ORDER BY at, number LIMIT {TRIM_LINES}"""
)
DELETE_ALARM_LINE = "DELETE FROM alarm_history WHERE partition = $1 AND at = $2 AND number = $3"
TRIM_AUDIT = "DELETE FROM command_audit WHERE number <= (SELECT MAX(number) FROM command_audit) - $1"
DELETE_TWIN = "DELETE FROM checkpoint_twin WHERE partition = $1 AND thing = $2"
DELETE_TWINS = "DELETE FROM checkpoint_twin WHERE partition = $1"
DELETE_CHECKPOINT = "DELETE FROM checkpoint WHERE partition = $1"


class Checkpoints:
    """Loads and saves checkpoints; one per process is enough."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._driver: _Driver = _Sqlite(address) if address.path else _Postgresql(address)

    @classmethod
    async def open(cls, url: str) -> Checkpoints:
        """Use the registry at ``url``, which `Registry.open` must have set up. Connects on first use."""
        return cls(Address.parse(url))

    async def close(self) -> None:
        """Give back the connection."""
        await self._driver.close()

    async def save_checkpoint(
        self,
        partition: str,
        log_id: str,
        seq: int,
        epoch: int,
        state: bytes,
        twins: Sequence[tuple[str, bytes]],
        removed: Sequence[str] = (),
        alarm_lines: Sequence[AlarmLineRow] = (),
        audit: Sequence[AuditRow] = (),
    ) -> None:
        """Write the changed twins, take away the removed ones, add what happened to alarms and the commands that ended,
        and move the position, in one transaction.

        Raises HostError owner_unavailable when an owner with a later epoch has saved before: this one must stop; and
        registry_unavailable, disk_full, read_only: then nothing was changed, and saving later with what has
        changed since is fine.
        """
        with faults(self._address):
            async with self._driver.write() as do:
                stored = await do.fetch(SELECT_EPOCH, partition)
                # leases are kept beside the log: another log counts epochs anew
                if stored and stored[0][0] > epoch and stored[0][1] == log_id:
                    raise HostError(
                        f"partition {partition} has another owner: epoch {stored[0][0]} has saved, this one is {epoch}",
                        code="owner_unavailable",
                    )
                if removed:
                    await do.many(DELETE_TWIN, [(partition, thing) for thing in removed])
                if twins:
                    await do.many(PUT_TWIN, [(partition, thing, twin) for thing, twin in twins])
                if alarm_lines:
                    await do.many(PUT_ALARM_LINE, [msgspec.structs.astuple(line) for line in alarm_lines])
                if audit:
                    await do.many(PUT_AUDIT, [msgspec.structs.astuple(row) for row in audit])
                    await do.many(TRIM_AUDIT, [(AUDIT_KEPT,)])
                await do.many(PUT_CHECKPOINT, [(partition, log_id, seq, epoch, state)])

    async def load_checkpoint(self, partition: str) -> Checkpoint | None:
        """The position and state that were saved last, or None."""
        with faults(self._address):
            async with self._driver.read() as do:
                found = await do.fetch(SELECT_CHECKPOINT, partition)
        return Checkpoint(*found[0]) if found else None

    async def load_checkpoint_twins(self, partition: str) -> list[tuple[str, bytes]]:
        """Every twin of the checkpoint as (thing, bytes), in no order."""
        with faults(self._address):
            async with self._driver.read() as do:
                twins: list[tuple[str, bytes]] = await do.fetch(SELECT_TWINS, partition)
        return twins

    async def trim_alarm_history(self, partition: str, *, newest: int, before: int, most: int, least: int) -> int:
        """Drop the lines of a partition from ``before`` (wall microseconds), and the oldest of more than ``most``; how
        many that were. The last is ``newest``; ``least`` of them stay however old they are, as a clock that was set
        wrong must not empty the history. Each part in a transaction of its own."""
        dropped = 0
        while True:
            with faults(self._address):
                async with self._driver.write() as do:
                    oldest = await do.fetch(OLDEST_ALARM_LINES, partition)
                    gone = [
                        (partition, at, number)
                        for at, number in oldest
                        if number <= newest - (least if at < before else most)
                    ]
                    if gone:
                        await do.many(DELETE_ALARM_LINE, gone)
            dropped += len(gone)
            if len(gone) < TRIM_LINES:
                return dropped

    async def clear_checkpoint(self, partition: str) -> None:
        """Forget a partition's checkpoint, so that its owner folds the log from the beginning."""
        with faults(self._address):
            async with self._driver.write() as do:
                await do.many(DELETE_TWINS, [(partition,)])
                await do.many(DELETE_CHECKPOINT, [(partition,)])


class _Doing(Protocol):
    """Statements within a transaction."""

    async def fetch(self, statement: str, partition: str) -> list[Any]: ...
    async def many(self, statement: str, parameters: Sequence[tuple[Any, ...]]) -> None: ...


class _Driver(Protocol):
    def read(self) -> Any: ...
    def write(self) -> Any: ...
    async def close(self) -> None: ...


class _Sqlite:
    """aiosqlite with a connection and thread of its own."""

    def __init__(self, address: Address) -> None:
        assert address.path is not None
        self._path = address.path
        self._connection: Any = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[_Doing]:
        yield _SqliteDoing(await self._connect())

    @asynccontextmanager
    async def write(self) -> AsyncIterator[_Doing]:
        connection = await self._connect()
        try:
            # Inside: a task that is cancelled here leaves the driver's thread to begin all the same.
            await connection.execute("BEGIN IMMEDIATE")
            yield _SqliteDoing(connection)
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise

    async def _connect(self) -> Any:
        if self._connection is None:
            import aiosqlite

            if not self._path.exists():
                raise HostError(
                    f"there is no registry at {self._path}",
                    code="registry_unavailable",
                    mend="Start the hub with `unisono up`, which makes it",
                )
            connection = await aiosqlite.connect(self._path, isolation_level=None)
            try:
                for pragma in PRAGMAS:
                    await connection.execute(pragma)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class _SqliteDoing:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: str, partition: str) -> list[Any]:
        # One hop to the driver's thread for all rows; `fetchall` on a cursor would be three.
        found: list[Any] = await self._connection.execute_fetchall(statement.replace("$", "?"), (partition,))
        return found

    async def many(self, statement: str, parameters: Sequence[tuple[Any, ...]]) -> None:
        cursor = await self._connection.executemany(statement.replace("$", "?"), parameters)
        await cursor.close()


class _Postgresql:
    """asyncpg with a pool of one, which replaces a connection that was lost."""

    def __init__(self, address: Address) -> None:
        self._dsn = address.dsn
        self._pool: Any = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[_Doing]:
        async with (await self._connect()).acquire(timeout=BUSY_TIMEOUT_S) as connection:
            yield _PostgresqlDoing(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[_Doing]:
        async with (await self._connect()).acquire(timeout=BUSY_TIMEOUT_S) as connection, connection.transaction():
            yield _PostgresqlDoing(connection)

    async def _connect(self) -> Any:
        if self._pool is None:
            import asyncpg

            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=1,
                timeout=BUSY_TIMEOUT_S,
                server_settings={
                    "application_name": "unisono-owner",
                    "lock_timeout": str(int(BUSY_TIMEOUT_S * 1000)),
                },
            )
        return self._pool

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()


class _PostgresqlDoing:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: str, partition: str) -> list[Any]:
        return [tuple(row) for row in await self._connection.fetch(statement, partition)]

    async def many(self, statement: str, parameters: Sequence[tuple[Any, ...]]) -> None:
        await self._connection.executemany(statement, parameters)
