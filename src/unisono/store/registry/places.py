"""Places: a tree whose roots are the unit of ownership and of partition.

Knows how a place finds its root and a root its partition, and what stands in the way of moving or removing one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.rows import OutboxRow, PlaceRow
from unisono.store.registry.tables import alarm_definition, meta, place, scene, thing

__all__ = ["PlaceWords", "Places", "below"]

# Country > company > plant > building > floor > area > line > cell is eight; the rest is room for taste. A bound, so
# that walking up always ends.
MAX_DEPTH = 32

# Whether the places that were there before the log heard of places have been told to it.
META_TOLD = "places.told"


class PlaceWords(Protocol):
    """How places are said to the log. The registry knows when and to which partition, not how."""

    def put(self, row: PlaceRow) -> bytes: ...
    def removed(self, id: str) -> bytes: ...


def below(ids: Sequence[str]) -> sa.Select[str]:
    """A query for the ids of the places ``ids`` and of all below them."""
    tree = sa.select(place.c.id).where(place.c.id.in_(ids)).cte("below", recursive=True)
    tree = tree.union(sa.select(place.c.id).where(place.c.parent == tree.c.id))
    return sa.select(tree.c.id)


class Places:
    """The places of a `Registry`."""

    _database: Database

    async def get_place(self, id: str) -> PlaceRow | None:
        """The place, or None."""
        async with self._database.read() as connection:
            return await _get(connection, id)

    async def list_places(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        parent: str | None = None,
        within: Sequence[str] | None = None,
    ) -> list[PlaceRow]:
        """Places in the order of their ids; only children of ``parent``, only ``within`` and below, where given."""
        query = sa.select(*shape.columns(place, PlaceRow))
        if parent is not None:
            query = query.where(place.c.parent == parent)
        if within is not None:
            query = query.where(place.c.id.in_(below(within)))
        async with self._database.read() as connection:
            return shape.rows(PlaceRow, await connection.execute(shape.page(query, place.c.id, after, limit)))

    async def root_places(self, limit: int) -> list[str]:
        """Ids of root places, in their order, at most ``limit``."""
        query = sa.select(place.c.id).where(place.c.parent.is_(None)).order_by(place.c.id).limit(limit)
        async with self._database.read() as connection:
            return list(await connection.scalars(query))

    async def place_path(self, id: str) -> list[str]:
        """The ids from the root down to ``id`` itself; empty when there is no such place."""
        async with self._database.read() as connection:
            return await _path(connection, id)

    async def put_place(
        self, row: PlaceRow, *, partitions: int = 1, new: bool = False, words: PlaceWords | None = None
    ) -> PlaceRow:
        """Add or change a place and return it with its root and partition.

        ``words``: the log is told of it, and of what is below when that comes to another partition.

        A new root gets the partition, out of ``partitions``, that serves the fewest things. Raises CallerError bad_id,
        not_found (no such parent), exists (``new`` and the id is taken), bad_value (a cycle, or too deep) and in_use
        (it would take things to another root).
        """
        shape.check_id(row.id)
        async with self._database.write() as connection:
            old = await _get(connection, row.id)
            if old is not None and new:
                raise CallerError(f"there is a place {row.id!r} already", code="exists", field="id")
            row = await _settle(connection, row, old, partitions)
            await shape.put(connection, place, [shape.values(row)])
            if old is not None and (old.root, old.partition) != (row.root, row.partition):
                await connection.execute(
                    sa.update(place)
                    .where(place.c.id.in_(below([row.id])))
                    .values(root=row.root, partition=row.partition)
                )
            if words is not None:
                await add_to_outbox(connection, await _said(connection, row, old, words))
        return row

    async def tell_places(self, words: PlaceWords) -> None:
        """Tell the log of every place, once in a registry's life: those that were there before it was told of any."""
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(meta.c.value).where(meta.c.key == META_TOLD)) is not None:
                return
            rows = shape.rows(PlaceRow, await connection.execute(sa.select(*shape.columns(place, PlaceRow))))
            await add_to_outbox(connection, [OutboxRow(row.partition, words.put(row)) for row in rows])
            await connection.execute(sa.insert(meta), {"key": META_TOLD, "value": "yes"})

    async def remove_place(self, id: str, words: PlaceWords | None = None) -> None:
        """Remove a place that nothing uses. Raises CallerError not_found, or in_use naming what uses it."""
        async with self._database.write() as connection:
            old = await _get(connection, id)
            if old is None:
                raise CallerError(f"there is no place {id!r}", code="not_found")
            for noun, column, key in (
                ("places", place.c.parent, place.c.id),
                ("things", thing.c.place, thing.c.id),
                ("scenes", scene.c.place, scene.c.id),
                ("alarm definitions", alarm_definition.c.place, alarm_definition.c.id),
            ):
                users = await _users(connection, sa.select(key).where(column == id).distinct().order_by(key))
                if users:
                    raise CallerError(
                        f"the place {id!r} still holds the {noun} {users}",
                        code="in_use",
                        mend="Move or remove them first",
                    )
            await connection.execute(sa.delete(place).where(place.c.id == id))
            if words is not None:
                await add_to_outbox(connection, [OutboxRow(old.partition, words.removed(id))])


async def _get(connection: AsyncConnection, id: str) -> PlaceRow | None:
    query = sa.select(*shape.columns(place, PlaceRow)).where(place.c.id == id)
    found = (await connection.execute(query)).first()
    return PlaceRow(*found) if found else None


async def _said(connection: AsyncConnection, row: PlaceRow, old: PlaceRow | None, words: PlaceWords) -> list[OutboxRow]:
    """What the log must hear of a change that is in the transaction already. A mere name is nothing to it."""
    if old is not None and old.partition != row.partition:
        query = sa.select(*shape.columns(place, PlaceRow)).where(place.c.id.in_(below([row.id])))
        moved = shape.rows(PlaceRow, await connection.execute(query))
        gone = [OutboxRow(old.partition, words.removed(each.id)) for each in moved]
        return [*gone, *(OutboxRow(row.partition, words.put(each)) for each in moved)]
    if old is None or words.put(old) != words.put(row):
        return [OutboxRow(row.partition, words.put(row))]
    return []


async def _path(connection: AsyncConnection, id: str) -> list[str]:
    path: list[str] = []
    at: str | None = id
    while at is not None and len(path) <= MAX_DEPTH:
        found = (await connection.execute(sa.select(place.c.parent).where(place.c.id == at))).first()
        if found is None:
            return []
        path.append(at)
        at = found[0]
    return path[::-1]


async def _users(connection: AsyncConnection, query: sa.Select[str]) -> str:
    """Who a query finds, for an error; "" for nobody."""
    total = await connection.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0
    return shape.naming(list(await connection.scalars(query.limit(shape.NAMED))), total)


async def _settle(connection: AsyncConnection, row: PlaceRow, old: PlaceRow | None, partitions: int) -> PlaceRow:
    """``row`` with its root and partition, once it is sure that it may stand there."""
    if row.parent is None:
        keeps = old is not None and old.parent is None
        partition = old.partition if old and keeps else await _least_loaded(connection, row.id, partitions)
        row = msgspec.structs.replace(row, root=row.id, partition=partition)
    else:
        path = await _path(connection, row.parent)
        if not path:
            raise CallerError(f"there is no place {row.parent!r}", code="not_found", field="parent")
        if row.id in path:
            raise CallerError(
                f"{row.id!r} would lie within itself: {' > '.join([*path[path.index(row.id) :], row.id])}",
                code="bad_value",
                field="parent",
                expected="a place that is not below this one",
            )
        height = await _height(connection, row.id) if old else 1
        if len(path) + height > MAX_DEPTH:
            raise CallerError(
                "the tree of places would be too deep",
                code="bad_value",
                field="parent",
                expected=f"at most {MAX_DEPTH} levels",
            )
        top = await _get(connection, path[0])
        assert top is not None  # its id was read in this transaction
        row = msgspec.structs.replace(row, root=top.id, partition=top.partition)
    if old is not None and old.root != row.root:
        await _refuse_to_carry(connection, row.id, old.root, row.root)
    return row


async def _height(connection: AsyncConnection, id: str) -> int:
    """How many levels ``id`` and what is below it take."""
    level, height = [id], 0
    while level:
        height += 1
        level = list(await connection.scalars(sa.select(place.c.id).where(place.c.parent.in_(level))))
    return height


async def _refuse_to_carry(connection: AsyncConnection, id: str, old_root: str, root: str) -> None:
    # Things' twins and history, and scenes' runs, live with the partition of their root; moving those is an operation
    # of its own.
    for noun, table in (("things", thing), ("scenes", scene)):
        query = sa.select(table.c.id).where(table.c.place.in_(below([id]))).order_by(table.c.id)
        users = await _users(connection, query)
        if users:
            raise CallerError(
                f"{id!r} cannot leave {old_root!r} for {root!r} while it holds the {noun} {users}",
                code="in_use",
                field="parent",
                mend=f"Move the {noun} to another place of their root first",
            )


async def _least_loaded(connection: AsyncConnection, id: str, partitions: int) -> str:
    """The partition with the fewest things, then the fewest roots; among equals a stable hash of ``id`` decides."""
    by_partition = sa.select(place.c.partition, sa.func.count()).group_by(place.c.partition)
    things = await _counts(connection, by_partition.join(thing, thing.c.root == place.c.id))
    roots = await _counts(connection, by_partition.where(place.c.parent.is_(None)))
    first = int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest()) % partitions
    turn = [str((first + step) % partitions) for step in range(partitions)]
    return min(turn, key=lambda partition: (things.get(partition, 0), roots.get(partition, 0)))


async def _counts(connection: AsyncConnection, query: sa.Select[str, int]) -> dict[str, int]:
    return dict((await connection.execute(query)).all())
