"""Outlets and how far each has come.

Knows ids and positions. Knows nothing of what a document says or a sealed secret opens.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.rows import OutboxRow, OutletRow, OutletState
from unisono.store.registry.tables import outlet, outlet_state, place

__all__ = ["Outlets"]


class Outlets:
    """The outlets of a `Registry`."""

    _database: Database

    async def list_outlets(self) -> list[OutletRow]:
        """All of them, by id: there are a handful."""
        query = sa.select(*shape.columns(outlet, OutletRow)).order_by(outlet.c.id)
        async with self._database.read() as connection:
            return shape.rows(OutletRow, await connection.execute(query))

    async def put_outlet(
        self, row: OutletRow, *, new: bool, entries: Sequence[OutboxRow] = (), states: Sequence[OutletState] = ()
    ) -> None:
        """With the entries for the log and where it begins, in one transaction.

        Raises CallerError exists (``new`` and it is there), not_found (the place; not ``new`` and it is not).
        """
        async with self._database.write() as connection:
            there = await connection.scalar(sa.select(sa.func.count()).where(outlet.c.id == row.id)) or 0
            if new and there:
                raise CallerError(f"there is already an outlet {row.id!r}", code="exists", field="id")
            if not new and not there:
                raise CallerError(f"there is no outlet {row.id!r}", code="not_found", field="id")
            if not await connection.scalar(sa.select(sa.func.count()).where(place.c.id == row.place)):
                raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
            await shape.put(connection, outlet, [shape.values(row)], keep=("created",))
            if states:
                await shape.put(connection, outlet_state, [shape.values(state) for state in states])
            await add_to_outbox(connection, entries)

    async def remove_outlet(self, id: str, entries: Sequence[OutboxRow] = ()) -> None:
        """Raises CallerError not_found."""
        async with self._database.write() as connection:
            done = await connection.execute(sa.delete(outlet).where(outlet.c.id == id))
            if not done.rowcount:
                raise CallerError(f"there is no outlet {id!r}", code="not_found", field="id")
            await connection.execute(sa.delete(outlet_state).where(outlet_state.c.outlet == id))
            await add_to_outbox(connection, entries)

    async def outlet_states(self, id: str | None = None) -> list[OutletState]:
        """How far they have come, or one has; what has not begun is left out."""
        query = sa.select(*shape.columns(outlet_state, OutletState))
        if id is not None:
            query = query.where(outlet_state.c.outlet == id)
        query = query.order_by(outlet_state.c.outlet, outlet_state.c.partition, outlet_state.c.source)
        async with self._database.read() as connection:
            return shape.rows(OutletState, await connection.execute(query))

    async def put_outlet_state(self, state: OutletState) -> None:
        """Of an outlet that is no longer, nothing is kept."""
        async with self._database.write() as connection:
            there = await connection.scalar(sa.select(sa.func.count()).where(outlet.c.id == state.outlet))
            if there:
                await shape.put(connection, outlet_state, [shape.values(state)])
