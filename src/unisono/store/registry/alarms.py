"""Alarms' definitions in versions, and everything that happened to alarms.

Knows ids, places, versions and the columns of history. Knows nothing of what a document says or an act means. Lines of
history are written by the owner, with its checkpoint (`checkpoints`): here they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.places import below
from unisono.store.registry.rows import AlarmLineRow, AlarmRow, OutboxRow
from unisono.store.registry.tables import alarm_definition, alarm_history, place

__all__ = ["Alarms"]

Cursor = tuple[int, str, int]
"""Time, partition and number of a line: what comes behind it is older."""


class Alarms:
    """The alarms of a `Registry`."""

    _database: Database

    async def get_alarm(self, id: str, version: int | None = None) -> AlarmRow | None:
        """The definition in a version, or its newest, or None."""
        query = sa.select(*shape.columns(alarm_definition, AlarmRow)).where(alarm_definition.c.id == id)
        if version is not None:
            query = query.where(alarm_definition.c.version == version)
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(alarm_definition.c.version.desc()).limit(1))).first()
            return AlarmRow(*found) if found else None

    async def find_alarms(
        self,
        *,
        places: Sequence[str] | None = None,
        partition: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[AlarmRow]:
        """The newest versions of definitions, in the order of their ids; ``places`` include all below them."""
        table = alarm_definition.c
        newest = sa.select(table.id, sa.func.max(table.version).label("version")).group_by(table.id).subquery()
        query = sa.select(*shape.columns(alarm_definition, AlarmRow)).join(
            newest, (newest.c.id == table.id) & (newest.c.version == table.version)
        )
        if places is not None:
            query = query.where(table.place.in_(below(places)))
        if partition is not None:
            query = query.where(table.root.in_(sa.select(place.c.id).where(place.c.partition == partition)))
        async with self._database.read() as connection:
            return shape.rows(AlarmRow, await connection.execute(shape.page(query, table.id, after, limit)))

    async def put_alarm(self, row: AlarmRow, outbox: Sequence[OutboxRow] = ()) -> None:
        """Add the next version of a definition. Raises CallerError bad_id, not_found (no such place) and exists:
        the version is not the one behind the newest, since somebody else was quicker."""
        shape.check_id(row.id)
        async with self._database.write() as connection:
            root = await connection.scalar(sa.select(place.c.root).where(place.c.id == row.place))
            if root is None:
                raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
            query = sa.select(sa.func.max(alarm_definition.c.version)).where(alarm_definition.c.id == row.id)
            newest = await connection.scalar(query) or 0
            if row.version != newest + 1:
                raise CallerError(
                    f"somebody else has saved version {newest} of {row.id!r}",
                    code="exists",
                    field="version",
                    expected=f"a change of version {newest}",
                    mend="Look at it and save yours again",
                )
            record = shape.values(msgspec.structs.replace(row, root=root))
            await connection.execute(sa.insert(alarm_definition), record)
            await add_to_outbox(connection, outbox)

    async def remove_alarm(self, id: str, outbox: Sequence[OutboxRow] = ()) -> None:
        """Remove a definition with all its versions; what its alarms did stays. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(alarm_definition).where(alarm_definition.c.id == id))
            if not removed.rowcount:
                raise CallerError(f"there is no alarm definition {id!r}", code="not_found", field="id")
            await add_to_outbox(connection, outbox)

    async def find_alarm_history(
        self,
        *,
        start: int,
        end: int,
        places: Sequence[str] | None = None,
        things: Sequence[str] | None = None,
        definition: str | None = None,
        severity: str | None = None,
        acts: Sequence[str] | None = None,
        q: str | None = None,
        after: Cursor | None = None,
        limit: int = 1_000,
    ) -> list[AlarmLineRow]:
        """What happened from ``start`` up to but not including ``end``, newest first, from behind ``after``.

        ``places`` include all below them; ``q`` is a part of the text, the comment or who acted.
        """
        table = alarm_history.c
        query = sa.select(*shape.columns(alarm_history, AlarmLineRow)).where(table.at >= start, table.at < end)
        if after is not None:
            query = query.where(sa.tuple_(table.at, table.partition, table.number) < sa.tuple_(*map(sa.literal, after)))
        if places is not None:
            query = query.where(table.place.in_(below(places)))
        if things is not None:
            query = query.where(table.thing.in_(things))
        for column, wanted in ((table.definition, definition), (table.severity, severity)):
            if wanted is not None:
                query = query.where(column == wanted)
        if acts is not None:
            query = query.where(table.act.in_(acts))
        if q:
            words = sa.func.lower(table.text + " " + table.comment + " " + table.by)
            query = query.where(words.like(shape.like(q), escape="\\"))
        order = (table.at.desc(), table.partition.desc(), table.number.desc())
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(*order).limit(min(limit, shape.PAGE_LIMIT)))
            return shape.rows(AlarmLineRow, found)

    async def count_alarm_history(
        self, *, start: int, end: int, step_us: int, places: Sequence[str] | None = None
    ) -> AlarmCounts:
        """What figures are made of: how often alarms were raised, by stretch of ``step_us`` and place root, by
        definition and thing, and by severity."""
        table = alarm_history.c
        which = (table.at >= start) & (table.at < end) & table.act.in_(RAISING) & table.after.in_(CALLED)
        if places is not None:
            which &= table.place.in_(below(places))
        step = ((table.at - start) // step_us).label("step")
        by_step = sa.select(step, table.root, sa.func.count()).where(which).group_by(step, table.root)
        often = sa.func.count().label("often")
        by_alarm = (
            sa.select(table.definition, table.thing, often)
            .where(which)
            .group_by(table.definition, table.thing)
            .order_by(often.desc(), table.definition, table.thing)
            .limit(MOST_FREQUENT)
        )
        by_severity = sa.select(table.severity, sa.func.count()).where(which).group_by(table.severity)
        async with self._database.read() as connection:
            return AlarmCounts(
                [tuple(row) for row in await connection.execute(by_step)],
                [tuple(row) for row in await connection.execute(by_alarm)],
                dict((await connection.execute(by_severity)).all()),
            )


#: Acts by which people are called.
RAISING = ("raised", "unsuppressed", "unshelved", "shelf_ended", "returned_to_service")
#: Where that leads: off a shelf an alarm may be over.
CALLED = ("unacknowledged", "acknowledged")
#: EEMUA 191 looks at the ten most frequent; a list of so many shows what comes behind them.
MOST_FREQUENT = 50


class AlarmCounts(msgspec.Struct, frozen=True):
    """``by_step``: (stretch, root place, raised); ``by_alarm``: (definition, thing, raised), most often first."""

    by_step: list[Any]
    by_alarm: list[Any]
    by_severity: dict[str, int]
