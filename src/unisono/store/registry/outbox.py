"""The outbox: entries that steer the fold, kept in the transaction of the change until the log has them.

Knows order and partitions. Knows nothing of what an entry says.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import OutboxItem, OutboxRow
from unisono.store.registry.tables import outbox

__all__ = ["Outbox", "add_to_outbox"]


async def add_to_outbox(connection: AsyncConnection, entries: Sequence[OutboxRow]) -> None:
    """Add ``entries``, in their order, to the transaction of ``connection``."""
    if entries:
        await connection.execute(
            sa.insert(outbox), [{"partition": row.partition, "entry": row.entry} for row in entries]
        )


class Outbox:
    """What a `Registry` still owes the log."""

    _database: Database

    async def outbox_add(self, entries: Sequence[OutboxRow]) -> None:
        """Add entries that belong to no change of rows."""
        async with self._database.write() as connection:
            await add_to_outbox(connection, entries)

    async def outbox_pending(self, limit: int = 1_000) -> list[OutboxItem]:
        """The oldest entries that the log does not have yet, in the order of the commits.

        Relay them in this order and call `outbox_done` after the log's acknowledgement. An entry may be relayed twice
        after a crash in between: ``OutboxItem.id`` identifies it to the log.
        """
        query = sa.select(*shape.columns(outbox, OutboxItem)).order_by(outbox.c.id).limit(min(limit, shape.PAGE_LIMIT))
        async with self._database.read() as connection:
            return shape.rows(OutboxItem, await connection.execute(query))

    async def outbox_done(self, ids: Sequence[int]) -> None:
        """The log has these entries: forget them."""
        async with self._database.write() as connection:
            for start in range(0, len(ids), shape.CHUNK):
                await connection.execute(sa.delete(outbox).where(outbox.c.id.in_(ids[start : start + shape.CHUNK])))
