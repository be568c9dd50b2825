"""The audit of commands: what was wanted, by whom, and what became of it, long after the owner has forgotten it.

Knows columns to search by and how pages go back in time. Knows nothing of what a body says. Rows come with the
checkpoint (see `checkpoints`), in its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.places import below
from unisono.store.registry.rows import AuditRow
from unisono.store.registry.tables import command_audit, thing

__all__ = ["Audit"]


class Audit:
    """The ended commands of a `Registry`."""

    _database: Database

    async def get_audit(self, id: str) -> AuditRow | None:
        """What became of one command, or None."""
        query = sa.select(*shape.columns(command_audit, AuditRow)).where(command_audit.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
        return AuditRow(*found) if found else None

    async def find_audit(
        self,
        *,
        things: Sequence[str] | None = None,
        who: str | None = None,
        states: Sequence[str] = (),
        start: int | None = None,
        end: int | None = None,
        within: Sequence[str] | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[AuditRow]:
        """Newest first, by when it was asked: of ``things``, asked by ``who`` (an id, a kind, or the scene that
        somebody ran by hand), in ``states``, from ``start`` on and before ``end`` (wall microseconds), of what stands
        ``within`` these places; those older than ``before`` (at, id)."""
        column = command_audit.c
        query = sa.select(*shape.columns(command_audit, AuditRow))
        if things is not None:
            query = query.where(column.thing.in_(things))
        if who is not None:
            query = query.where(sa.or_(column.who == who, column.kind == who, column.scene == who))
        if states:
            query = query.where(column.state.in_(states))
        if start is not None:
            query = query.where(column.at >= start)
        if end is not None:
            query = query.where(column.at < end)
        if within is not None:
            seen = sa.select(thing.c.id).where(thing.c.place.in_(below(within)))
            query = query.where(sa.or_(column.root.in_(within), column.thing.in_(seen)))
        if before is not None:
            at, id = before
            query = query.where(sa.or_(column.at < at, sa.and_(column.at == at, column.id < id)))
        query = query.order_by(column.at.desc(), column.id.desc()).limit(min(limit, shape.PAGE_LIMIT))
        async with self._database.read() as connection:
            return shape.rows(AuditRow, await connection.execute(query))
