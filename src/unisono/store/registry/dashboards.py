"""Dashboards: whose they are, where they are shared, and what is on them.

Knows ids and versions. Knows nothing of what a document says, nor who may see it.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import DashboardRow
from unisono.store.registry.tables import dashboard, place

__all__ = ["MAX_DASHBOARDS", "Dashboards"]

#: Of one person; a wall of a hundred screens has as many.
MAX_DASHBOARDS = 200


class Dashboards:
    """The dashboards of a `Registry`."""

    _database: Database

    async def find_dashboards(self, owner: str) -> list[DashboardRow]:
        """Those of a person, and all that are shared somewhere; by id."""
        query = sa.select(*shape.columns(dashboard, DashboardRow))
        query = query.where((dashboard.c.owner == owner) | dashboard.c.place.is_not(None)).order_by(dashboard.c.id)
        async with self._database.read() as connection:
            return shape.rows(DashboardRow, await connection.execute(query))

    async def get_dashboard(self, id: str) -> DashboardRow | None:
        query = sa.select(*shape.columns(dashboard, DashboardRow)).where(dashboard.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return DashboardRow(*found) if found else None

    async def add_dashboard(self, row: DashboardRow) -> DashboardRow:
        """Raises CallerError exists, too_many, bad_id, not_found (the place)."""
        shape.check_id(row.id)
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(sa.func.count()).where(dashboard.c.id == row.id)):
                raise CallerError(f"there is already a dashboard {row.id!r}", code="exists", field="id")
            mine = sa.select(sa.func.count()).where(dashboard.c.owner == row.owner)
            if (await connection.scalar(mine) or 0) >= MAX_DASHBOARDS:
                detail = f"{row.owner!r} has {MAX_DASHBOARDS} dashboards"
                raise CallerError(detail, code="too_many", expected=f"at most {MAX_DASHBOARDS}")
            await _require_place(connection, row)
            await connection.execute(sa.insert(dashboard).values(**shape.values(row)))
        return row

    async def change_dashboard(self, row: DashboardRow) -> DashboardRow:
        """Save the version behind ``row.version``, which it was made from.

        Raises CallerError not_found, exists (somebody else has changed it since).
        """
        saved = msgspec.structs.replace(row, version=row.version + 1)
        async with self._database.write() as connection:
            newest = await connection.scalar(sa.select(dashboard.c.version).where(dashboard.c.id == row.id))
            if newest is None:
                raise CallerError(f"there is no dashboard {row.id!r}", code="not_found", field="id")
            if newest != row.version:
                raise CallerError(
                    f"version {newest} was saved since",
                    code="exists",
                    field="version",
                    expected=f"a change of version {newest}",
                )
            await _require_place(connection, row)
            changed = {name: value for name, value in shape.values(saved).items() if name not in ("id", "owner")}
            await connection.execute(sa.update(dashboard).where(dashboard.c.id == row.id).values(**changed))
        return saved

    async def remove_dashboard(self, id: str) -> None:
        """Raises CallerError not_found."""
        async with self._database.write() as connection:
            if not (await connection.execute(sa.delete(dashboard).where(dashboard.c.id == id))).rowcount:
                raise CallerError(f"there is no dashboard {id!r}", code="not_found", field="id")


async def _require_place(connection: AsyncConnection, row: DashboardRow) -> None:
    if row.place is None:
        return
    if not await connection.scalar(sa.select(sa.func.count()).where(place.c.id == row.place)):
        raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
