"""How people are told: their channels, their quiet hours, and the groups that they are told in.

Knows rows. Knows nothing of services, and nothing of what a priority or a quiet hour means.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import ChannelRow, GroupRow, ListenerRow
from unisono.store.registry.tables import audience, audience_member, channel, listener, person

__all__ = ["MAX_CHANNELS", "Channels"]

# Every browser of a person is one, and each is asked at every notification.
MAX_CHANNELS = 20


class Channels:
    """The channels, listeners and groups of a `Registry`."""

    _database: Database

    async def list_channels(self, person_id: str | None = None) -> list[ChannelRow]:
        """Channels of one person or of everybody, in the order in which they were added."""
        query = sa.select(*shape.columns(channel, ChannelRow)).order_by(channel.c.created, channel.c.id)
        if person_id is not None:
            query = query.where(channel.c.person == person_id)
        async with self._database.read() as connection:
            return shape.rows(ChannelRow, await connection.execute(query))

    async def get_channel(self, id: str) -> ChannelRow | None:
        """The channel, or None."""
        query = sa.select(*shape.columns(channel, ChannelRow)).where(channel.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ChannelRow(*found) if found else None

    async def put_channel(self, row: ChannelRow) -> ChannelRow:
        """Add a channel, or change the one that ends at the same place; what is kept now.

        Raises CallerError not_found (no such person), too_many.
        """
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(person.c.id).where(person.c.id == row.person)) is None:
                raise CallerError(f"there is no person {row.person!r}", code="not_found", field="person")
            own = channel.c.person == row.person
            known = (
                await connection.execute(
                    sa.select(channel.c.id, channel.c.created).where(own, channel.c.address == row.address)
                )
            ).first()
            # what is sealed opens for the id it was sealed for, so a channel that is added again gets the new id
            if known is not None:
                await connection.execute(sa.delete(channel).where(channel.c.id == known.id))
            count = await connection.scalar(sa.select(sa.func.count()).select_from(channel).where(own)) or 0
            if count >= MAX_CHANNELS:
                raise CallerError(
                    f"{row.person!r} has {count} channels", code="too_many", mend="Remove those that are not used"
                )
            await connection.execute(sa.insert(channel), shape.values(row))
        return row

    async def change_channel(self, id: str, *, name: str, priorities: Sequence[str]) -> None:
        """Name a channel anew, and say what goes there. Raises CallerError not_found."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(channel).where(channel.c.id == id).values(name=name, priorities=list(priorities))
            )
            if not changed.rowcount:
                raise CallerError(f"there is no channel {id!r}", code="not_found")

    async def remove_channel(self, id: str) -> None:
        """Forget a channel. Raises CallerError not_found."""
        async with self._database.write() as connection:
            if not (await connection.execute(sa.delete(channel).where(channel.c.id == id))).rowcount:
                raise CallerError(f"there is no channel {id!r}", code="not_found")

    async def listeners(self) -> list[ListenerRow]:
        """How people want to be told; who never said is not among them."""
        async with self._database.read() as connection:
            return shape.rows(ListenerRow, await connection.execute(sa.select(*shape.columns(listener, ListenerRow))))

    async def get_listener(self, person_id: str) -> ListenerRow:
        """How a person wants to be told."""
        query = sa.select(*shape.columns(listener, ListenerRow)).where(listener.c.person == person_id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ListenerRow(*found) if found else ListenerRow(person_id)

    async def put_listener(self, row: ListenerRow) -> None:
        """Say how a person wants to be told. Raises CallerError in_use when there is no such person."""
        async with self._database.write() as connection:
            await shape.put(connection, listener, [shape.values(row)])

    async def list_groups(self) -> list[GroupRow]:
        """All groups in the order of their ids, with their people."""
        async with self._database.read() as connection:
            groups = (await connection.execute(sa.select(audience.c.id, audience.c.name).order_by(audience.c.id))).all()
            members = await connection.execute(
                sa.select(audience_member.c.audience, audience_member.c.person).order_by(audience_member.c.person)
            )
            people: dict[str, list[str]] = {}
            for group_id, person_id in members:
                people.setdefault(group_id, []).append(person_id)
        return [GroupRow(id, name, people.get(id, [])) for id, name in groups]

    async def put_group(self, row: GroupRow) -> None:
        """Add a group, or replace its name and people.

        Raises CallerError bad_id, exists (a person has that id), not_found (no such person).
        """
        shape.check_id(row.id)
        async with self._database.write() as connection:
            if await _unknown(connection, [row.id]) == []:
                raise CallerError(f"a person is called {row.id!r}", code="exists", field="id", expected="another id")
            unknown = await _unknown(connection, row.people)
            if unknown:
                raise CallerError(f"there is no person {unknown[0]!r}", code="not_found", field="people")
            await shape.put(connection, audience, [{"id": row.id, "name": row.name}])
            await connection.execute(sa.delete(audience_member).where(audience_member.c.audience == row.id))
            members = [{"audience": row.id, "person": each} for each in dict.fromkeys(row.people)]
            if members:
                await connection.execute(sa.insert(audience_member), members)

    async def remove_group(self, id: str) -> None:
        """Forget a group; its people stay. Raises CallerError not_found."""
        async with self._database.write() as connection:
            if not (await connection.execute(sa.delete(audience).where(audience.c.id == id))).rowcount:
                raise CallerError(f"there is no group {id!r}", code="not_found")


async def _unknown(connection: AsyncConnection, ids: Sequence[str]) -> list[str]:
    """Those of ``ids`` that are nobody's."""
    known: set[str] = set()
    for part in shape.chunks(list(ids)):
        known.update(await connection.scalars(sa.select(person.c.id).where(person.c.id.in_(part))))
    return [id for id in ids if id not in known]
