"""Safety documents of root places: every version is kept, the newest is in force.

Knows versions. Knows nothing of what a document says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.rows import OutboxRow, PolicyRow
from unisono.store.registry.tables import place, policy

__all__ = ["Policies"]


class Policies:
    """The safety documents of a `Registry`."""

    _database: Database

    async def get_policy(self, root: str, version: int | None = None) -> PolicyRow | None:
        """A version, else the newest; its ``document`` is None where it was taken away."""
        query = sa.select(*shape.columns(policy, PolicyRow)).where(policy.c.root == root)
        if version is not None:
            query = query.where(policy.c.version == version)
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(policy.c.version.desc()).limit(1))).first()
        return PolicyRow(*found) if found else None

    async def policies_in_force(self, partition: str) -> list[PolicyRow]:
        """The newest version of every root place of ``partition`` that has a policy."""
        newest = sa.select(policy.c.root, sa.func.max(policy.c.version).label("version")).group_by(policy.c.root)
        top = newest.subquery()
        query = (
            sa.select(*shape.columns(policy, PolicyRow))
            .join(top, sa.and_(top.c.root == policy.c.root, top.c.version == policy.c.version))
            .join(place, place.c.id == policy.c.root)
            .where(place.c.partition == partition, policy.c.document.is_not(None))
            .order_by(policy.c.root)
        )
        async with self._database.read() as connection:
            return shape.rows(PolicyRow, await connection.execute(query))

    async def put_policy(
        self,
        root: str,
        document: str | None,
        *,
        at: int,
        by: str,
        entries: Callable[[int], Sequence[OutboxRow]],
        expected: int | None = None,
    ) -> PolicyRow:
        """Add a version, with the outbox rows that ``entries`` makes of its number, in one transaction.

        Raises CallerError ``exists`` when the newest is another than the ``expected`` one.
        """
        async with self._database.write() as connection:
            newest = await connection.scalar(sa.select(sa.func.max(policy.c.version)).where(policy.c.root == root)) or 0
            if expected is not None and newest != expected:
                raise CallerError(
                    f"somebody else has changed it: the newest version is {newest}",
                    code="exists",
                    field="version",
                    expected="the version that was read; read it again",
                )
            row = PolicyRow(root, newest + 1, document, at, by)
            await connection.execute(sa.insert(policy).values(**shape.values(row)))
            await add_to_outbox(connection, entries(row.version))
        return row
