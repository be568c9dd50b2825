"""The registry: everything that must be known to start again, save what the log and history hold.

Puts the tables' rooms together behind one name; knows how the database is opened and what is said once about a hub.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.access_audit import AccessAudit
from unisono.store.registry.address import Address, prepare_file
from unisono.store.registry.alarms import Alarms
from unisono.store.registry.audit import Audit
from unisono.store.registry.certificates import Certificates
from unisono.store.registry.channels import Channels
from unisono.store.registry.checkpoints import Checkpoints
from unisono.store.registry.claims import Claims
from unisono.store.registry.configuration import Configurations
from unisono.store.registry.credentials import Credentials
from unisono.store.registry.dashboards import Dashboards
from unisono.store.registry.database import Database
from unisono.store.registry.factors import Factors
from unisono.store.registry.faults import faults
from unisono.store.registry.firmware import Firmwares
from unisono.store.registry.foreign import Foreign
from unisono.store.registry.invitations import Invitations
from unisono.store.registry.models import Models
from unisono.store.registry.newcomers import Newcomers
from unisono.store.registry.notifications import Notifications
from unisono.store.registry.outbox import Outbox
from unisono.store.registry.outlets import Outlets
from unisono.store.registry.people import People
from unisono.store.registry.places import Places
from unisono.store.registry.policies import Policies
from unisono.store.registry.scenes import Scenes
from unisono.store.registry.schema import migrate
from unisono.store.registry.tables import meta
from unisono.store.registry.things import Things

__all__ = ["Registry"]


class Registry(
    Places,
    Models,
    Things,
    Scenes,
    Credentials,
    Certificates,
    Foreign,
    Firmwares,
    Configurations,
    Newcomers,
    Claims,
    People,
    Factors,
    Invitations,
    AccessAudit,
    Alarms,
    Channels,
    Notifications,
    Policies,
    Audit,
    Outbox,
    Outlets,
    Dashboards,
    Checkpoints,
):
    """Rows in and out of one database; may be used by several processes at once.

    Every change is one transaction: when it returns, it is on disk; when it raises, nothing was changed. All methods
    raise HostError registry_unavailable, disk_full or read_only when the database fails.
    """

    def __init__(self, address: Address) -> None:
        Checkpoints.__init__(self, address)
        self._database = Database(address)

    @classmethod
    async def open(cls, url: str, *, lasting: bool = False) -> Registry:
        """Open the registry at ``url`` (``sqlite:///FILE`` or ``postgresql://...``), bringing its schema up to date.

        ``lasting``: by a process of its own, since this one goes on for long and would keep what that takes.
        Raises CallerError bad_usage for another URL, HostError registry_unavailable, disk_full or read_only.
        """
        registry = cls(Address.parse(url))
        try:
            await registry._database.prepare()
            await migrate(registry._database, url if lasting else None)
        except BaseException:
            await registry.close()
            raise
        return registry

    async def close(self) -> None:
        """Give back every connection."""
        await Checkpoints.close(self)
        await self._database.close()

    async def back_up(self, path: Path) -> None:
        """Copy the registry, as it is at one moment, to a new SQLite file with mode 0600; others may go on writing.

        Raises CallerError exists (there is a file already), bad_usage (on PostgreSQL), HostError disk_full, read_only.
        """
        source = self._database.address.path
        if source is None:
            raise CallerError(
                "a registry on a PostgreSQL server is backed up there",
                code="bad_usage",
                mend="Use pg_dump, and `unisono backup` for the rest",
            )
        with faults(Address(path)):
            await asyncio.to_thread(_copy, source, path)

    async def get_meta(self, key: str) -> str | None:
        """What is kept under ``key``, or None."""
        async with self._database.read() as connection:
            return await connection.scalar(sa.select(meta.c.value).where(meta.c.key == key))

    async def put_meta(self, key: str, value: str) -> None:
        """Keep ``value`` under ``key``."""
        async with self._database.write() as connection:
            await shape.put(connection, meta, [{"key": key, "value": value}])

    async def set_meta_once(self, key: str, value: str) -> str:
        """Keep ``value`` under ``key`` unless there is one already; what is kept now (for the hub's id)."""
        async with self._database.write() as connection:
            statement = shape.insert(connection, meta).values(key=key, value=value)
            await connection.execute(statement.on_conflict_do_nothing(index_elements=[meta.c.key]))
            kept: str | None = await connection.scalar(sa.select(meta.c.value).where(meta.c.key == key))
        assert kept is not None  # written in this transaction
        return kept


def _copy(source: Path, path: Path) -> None:
    if path.exists():
        raise CallerError(f"there is a file {path} already", code="exists", field="FILE")
    prepare_file(path)
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(path)) as copy:
            # Whole, in one step: page by page it would begin anew with every change in between.
            original.backup(copy)
    except BaseException:
        path.unlink()
        raise
