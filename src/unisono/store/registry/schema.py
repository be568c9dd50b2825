"""Brings the registry's schema to the version that this program needs.

Knows which version that is; loads Alembic only when there is something to do (its import takes longer than opening).
"""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import HostError
from unisono.store.child import Child
from unisono.store.registry.database import Database

__all__ = ["HEAD", "migrate"]

# The newest file in migrations/versions; a test holds that they agree.
HEAD = "0030"
#: The registry of a large hub is changed table by table.
UPGRADE_S = 600.0


async def migrate(database: Database, apart: str | None = None) -> None:
    """Bring the schema to `HEAD`. Several processes may try at once: one does it, the others find it done.

    ``apart``: the registry's URL; what there is to do is done by a process of its own, with which Alembic's 14 MB go.
    Raises HostError registry_unavailable when a newer program has changed the schema, or what `Database.write` raises.
    """
    async with database.read() as connection:
        current = await _version(connection)
    if current == HEAD:
        return
    if apart is not None:
        await _upgrade_apart(apart)
        return
    async with database.write() as connection:
        current = await _version(connection)  # another process may have been quicker
        if current != HEAD:
            await connection.run_sync(_upgrade, current, str(database.address))


async def _upgrade_apart(url: str) -> None:
    child = Child("unisono.store.registry.upgrading", {"url": url}, "registry's upgrade", start_s=UPGRADE_S)
    await child.start()
    await child.stop()


async def _version(connection: AsyncConnection) -> str | None:
    if not await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version")):
        return None
    version: str | None = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: sa.Connection, current: str | None, address: str) -> None:
    # Mako colours its errors with Pygments where that is there: 3 MB for what nobody sees
    hidden = {"pygments": None} if "pygments" not in sys.modules else {}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None: an import of it fails
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory
    finally:
        for name in hidden:
            del sys.modules[name]

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise HostError(
            f"the registry {address} has schema {current}, made by a newer unisono than this one (which knows {HEAD})",
            code="registry_unavailable",
            mend="Update unisono, or restore a backup of this version with `unisono restore FILE`",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
