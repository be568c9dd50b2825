"""Remote configuration that things may fetch: one for each, in the registry as it came.

Knows rows and bytes. Knows nothing of how a device asks for them.
"""

from __future__ import annotations

import sqlalchemy as sa

from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import ConfigurationRow
from unisono.store.registry.tables import configuration

__all__ = ["Configurations"]


class Configurations:
    """The configurations of a `Registry`'s things."""

    _database: Database

    async def put_configuration(self, row: ConfigurationRow) -> None:
        """In place of what was there before."""
        async with self._database.write() as connection:
            await shape.put(connection, configuration, [shape.values(row)])

    async def get_configuration(self, thing: str) -> ConfigurationRow | None:
        """What is there for a thing, or None."""
        query = sa.select(*shape.columns(configuration, ConfigurationRow)).where(configuration.c.thing == thing)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ConfigurationRow(*found) if found else None

    async def remove_configuration(self, thing: str) -> bool:
        """Whether there was any."""
        async with self._database.write() as connection:
            done = await connection.execute(sa.delete(configuration).where(configuration.c.thing == thing))
            return bool(done.rowcount)
