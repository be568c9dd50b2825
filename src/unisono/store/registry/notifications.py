"""Notifications and their deliveries: a queue that survives, and afterwards what became of each.

Knows rows and their order. Knows nothing of states beyond the words that it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import AddressRow, DeliveryRow, NotificationRow
from unisono.store.registry.tables import address, delivery, notification

__all__ = ["Notifications"]


class Notifications:
    """The notifications of a `Registry`."""

    _database: Database

    async def add_notification(self, row: NotificationRow, deliveries: Sequence[DeliveryRow]) -> bool:
        """Take in a notification with its deliveries (new ones, and others' that change with it).

        False when one with that id is there already: then nothing is changed.
        """
        async with self._database.write() as connection:
            statement = shape.insert(connection, notification).values(**shape.values(row))
            added = await connection.execute(statement.on_conflict_do_nothing(index_elements=[notification.c.id]))
            if not added.rowcount:
                return False
            await shape.put(connection, delivery, [shape.values(each) for each in deliveries])
        return True

    async def end_matter(self, ids: Sequence[str], since: int, over: int, deliveries: Sequence[DeliveryRow]) -> None:
        """What the notifications ``ids`` tell of began and was over then; what became of ``deliveries`` with it."""
        async with self._database.write() as connection:
            for part in shape.chunks(sorted(set(ids))):
                ended = sa.update(notification).where(notification.c.id.in_(part))
                await connection.execute(ended.values(since=since, over=over))
            await shape.put(connection, delivery, [shape.values(each) for each in deliveries])

    async def put_deliveries(self, rows: Sequence[DeliveryRow], pace: AddressRow | None = None) -> None:
        """Say what became of deliveries, and of their address, in one transaction."""
        async with self._database.write() as connection:
            await shape.put(connection, delivery, [shape.values(row) for row in rows])
            if pace is not None:
                await shape.put(connection, address, [shape.values(pace)])

    async def open_deliveries(self, states: Collection[str]) -> list[DeliveryRow]:
        """All deliveries in one of ``states``, oldest first. Whoever adds them bounds them."""
        query = sa.select(*shape.columns(delivery, DeliveryRow)).where(delivery.c.state.in_(states))
        async with self._database.read() as connection:
            ordered = query.order_by(delivery.c.at, delivery.c.notification)
            return shape.rows(DeliveryRow, await connection.execute(ordered))

    async def list_addresses(self) -> list[AddressRow]:
        """What became of all addresses so far."""
        async with self._database.read() as connection:
            return shape.rows(AddressRow, await connection.execute(sa.select(*shape.columns(address, AddressRow))))

    async def get_notifications(self, ids: Sequence[str]) -> list[NotificationRow]:
        """Those of ``ids`` that are there, in no order."""
        found: list[NotificationRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                query = sa.select(*shape.columns(notification, NotificationRow)).where(notification.c.id.in_(part))
                found += shape.rows(NotificationRow, await connection.execute(query))
        return found

    async def deliveries_of(self, ids: Sequence[str]) -> list[DeliveryRow]:
        """The deliveries of notifications, by person and channel."""
        found: list[DeliveryRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                query = sa.select(*shape.columns(delivery, DeliveryRow)).where(delivery.c.notification.in_(part))
                ordered = query.order_by(delivery.c.person, delivery.c.channel)
                found += shape.rows(DeliveryRow, await connection.execute(ordered))
        return found

    async def list_notifications(
        self, *, person: str | None = None, states: Collection[str] = (), after: str | None = None, limit: int = 100
    ) -> list[NotificationRow]:
        """Newest first, from behind the one with id ``after``.

        Only those with a delivery to ``person`` and in one of ``states``, where given. Raises CallerError not_found.
        """
        query = sa.select(*shape.columns(notification, NotificationRow))
        if person is not None or states:
            told = sa.select(delivery.c.notification).where(delivery.c.notification == notification.c.id)
            if person is not None:
                told = told.where(delivery.c.person == person)
            if states:
                told = told.where(delivery.c.state.in_(states))
            query = query.where(told.exists())
        async with self._database.read() as connection:
            if after is not None:
                accepted = await _accepted(connection, after)
                query = query.where(
                    sa.or_(
                        notification.c.accepted < accepted,
                        sa.and_(notification.c.accepted == accepted, notification.c.id < after),
                    )
                )
            query = query.order_by(notification.c.accepted.desc(), notification.c.id.desc())
            return shape.rows(NotificationRow, await connection.execute(query.limit(min(limit, shape.PAGE_LIMIT))))

    async def forget_notifications(self, *, before: int, keep: int, open_states: Collection[str]) -> int:
        """Forget what was accepted before then, and beyond the newest ``keep``; never what is still open."""
        waiting = sa.select(delivery.c.notification).where(delivery.c.state.in_(open_states))
        oldest_kept = sa.select(notification.c.accepted).order_by(notification.c.accepted.desc()).offset(keep).limit(1)
        async with self._database.write() as connection:
            bound = await connection.scalar(oldest_kept)
            limit = before if bound is None else max(before, bound + 1)
            removed = await connection.execute(
                sa.delete(notification).where(notification.c.accepted < limit, notification.c.id.not_in(waiting))
            )
            return removed.rowcount


async def _accepted(connection: AsyncConnection, id: str) -> int:
    found: int | None = await connection.scalar(sa.select(notification.c.accepted).where(notification.c.id == id))
    if found is None:
        raise CallerError(f"there is no notification {id[:80]!r}", code="not_found", field="after")
    return found
