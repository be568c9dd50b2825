"""The audit of access: who came in, who tried, and what anybody was allowed since, by whom.

Knows lines and how pages go back in time. Knows nothing of what an act means.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import AccessRow
from unisono.store.registry.tables import access_audit

__all__ = ["KEPT", "AccessAudit"]

# Lines that are kept, some 20 MB: years of a household. Whoever only fails at the door cannot push a year out in a
# night: tries that have to wait are not written.
KEPT = 100_000


class AccessAudit:
    """The audit of access of a `Registry`."""

    _database: Database

    async def put_access(self, row: AccessRow) -> None:
        """Write one line (its ``number`` is given here), and forget the one that is `KEPT` older."""
        fields = shape.values(row)
        del fields["number"]
        async with self._database.write() as connection:
            written = await connection.execute(sa.insert(access_audit).returning(access_audit.c.number), fields)
            number = written.scalar_one()
            await connection.execute(sa.delete(access_audit).where(access_audit.c.number <= number - KEPT))

    async def find_access(
        self,
        *,
        of: str | None = None,
        acts: Sequence[str] = (),
        start: int | None = None,
        end: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AccessRow]:
        """Newest first: lines ``of`` a person (who did it, or about whom it is), from ``start`` on and before ``end``
        (wall microseconds), older than the line ``before``."""
        column = access_audit.c
        query = sa.select(*shape.columns(access_audit, AccessRow))
        if of is not None:
            query = query.where(sa.or_(column.by == of, column.about == of))
        if acts:
            query = query.where(column.act.in_(acts))
        if start is not None:
            query = query.where(column.at >= start)
        if end is not None:
            query = query.where(column.at < end)
        if before is not None:
            query = query.where(column.number < before)
        query = query.order_by(column.number.desc()).limit(min(limit, shape.PAGE_LIMIT))
        async with self._database.read() as connection:
            return shape.rows(AccessRow, await connection.execute(query))
