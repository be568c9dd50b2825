"""Things that announced themselves through a bridge and wait to be let in, and the bridges whose things wait.

Knows rows. Knows nothing of what a dialect is.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import NewcomerRow
from unisono.store.registry.tables import bridge, newcomer

__all__ = ["MOST_WAITING", "Newcomers"]

#: Things of one root place that wait: more is a bridge that counts upwards.
MOST_WAITING = 2_000


class Newcomers:
    """Who waits at a `Registry`'s places."""

    _database: Database

    async def newcomers_wait(self, thing: str) -> bool:
        """Whether what announces itself through this bridge waits until somebody lets it in."""
        query = sa.select(bridge.c.waits).where(bridge.c.thing == thing)
        async with self._database.read() as connection:
            return bool(await connection.scalar(query))

    async def bridges_that_wait(self, things: Sequence[str]) -> set[str]:
        """Those of ``things`` whose newcomers wait."""
        found: set[str] = set()
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(things))):
                query = sa.select(bridge.c.thing).where(bridge.c.thing.in_(part), bridge.c.waits)
                found.update((await connection.scalars(query)).all())
        return found

    async def let_newcomers_wait(self, thing: str, waits: bool) -> None:
        """From now on they wait, or come in by themselves; those that wait already go on waiting."""
        async with self._database.write() as connection:
            await shape.put(connection, bridge, [{"thing": thing, "waits": waits}])

    async def put_newcomer(self, row: NewcomerRow) -> None:
        """Add it, or take in what it says of itself now; since when it waits and whether it is ignored stay.

        Raises CallerError too_many at `MOST_WAITING` of a root place.
        """
        async with self._database.write() as connection:
            known = sa.select(sa.func.count()).where(newcomer.c.dialect == row.dialect, newcomer.c.name == row.name)
            if not await connection.scalar(known):
                count = sa.select(sa.func.count()).where(newcomer.c.root == row.root)
                if (await connection.scalar(count) or 0) >= MOST_WAITING:
                    raise CallerError(f"more than {MOST_WAITING} things wait at {row.root}", code="too_many")
            await shape.put(connection, newcomer, [shape.values(row)], keep=("id", "at", "ignored"))

    async def find_newcomer(self, dialect: str, name: str) -> NewcomerRow | None:
        """Who is called so, or None."""
        query = sa.select(*shape.columns(newcomer, NewcomerRow)).where(
            newcomer.c.dialect == dialect, newcomer.c.name == name
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return NewcomerRow(*found) if found else None

    async def list_newcomers(self, *, roots: Sequence[str] | None = None, ignored: bool = False) -> list[NewcomerRow]:
        """Who waits, in the order of coming; ``roots``: at these root places only; ``ignored``: those too."""
        query = sa.select(*shape.columns(newcomer, NewcomerRow)).order_by(newcomer.c.at, newcomer.c.id)
        if roots is not None:
            query = query.where(newcomer.c.root.in_(list(roots)))
        if not ignored:
            query = query.where(newcomer.c.ignored.is_(False))
        async with self._database.read() as connection:
            return shape.rows(NewcomerRow, await connection.execute(query))

    async def get_newcomers(self, ids: Sequence[str]) -> list[NewcomerRow]:
        """Those of ``ids`` that wait."""
        found: list[NewcomerRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                query = sa.select(*shape.columns(newcomer, NewcomerRow)).where(newcomer.c.id.in_(part))
                found += shape.rows(NewcomerRow, await connection.execute(query))
        return found

    async def ignore_newcomers(self, ids: Sequence[str], ignored: bool) -> None:
        """Show them no more, or again."""
        async with self._database.write() as connection:
            for part in shape.chunks(sorted(set(ids))):
                await connection.execute(sa.update(newcomer).where(newcomer.c.id.in_(part)).values(ignored=ignored))

    async def remove_newcomer(self, dialect: str, name: str) -> None:
        """It waits no more."""
        key = (newcomer.c.dialect == dialect) & (newcomer.c.name == name)
        async with self._database.write() as connection:
            await connection.execute(sa.delete(newcomer).where(key))
