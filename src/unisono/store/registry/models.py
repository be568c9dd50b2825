"""Models: immutable versions, kept as the documents they came as.

Knows ids and versions. Knows nothing of what a document says, and does not hold the models that come with the program.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.rows import ModelRow, OutboxRow
from unisono.store.registry.tables import model, thing

__all__ = ["Models"]

ASKED = 500  # ids in one query: SQLite takes 32,766 values, and the text of a query has to be read


class Models:
    """The models of a `Registry`."""

    _database: Database

    async def get_model(self, id: str, version: int | None = None) -> ModelRow | None:
        """The model's version, or its newest, or None."""
        query = sa.select(*shape.columns(model, ModelRow)).where(model.c.id == id)
        if version is not None:
            query = query.where(model.c.version == version)
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(model.c.version.desc()).limit(1))).first()
            return ModelRow(*found) if found else None

    async def list_models(
        self, *, after: str | None = None, limit: int = 100, q: str | None = None, kind: str | None = None
    ) -> list[ModelRow]:
        """The newest version of each model, in the order of their ids; ``q`` is a part of the id or vendor."""
        newest = sa.select(model.c.id, sa.func.max(model.c.version).label("version")).group_by(model.c.id).subquery()
        query = sa.select(*shape.columns(model, ModelRow)).join(
            newest, (newest.c.id == model.c.id) & (newest.c.version == model.c.version)
        )
        if q:
            # Ids of imported models and vendors are ASCII (URNs, domain names); titles are inside the document.
            query = query.where(sa.func.lower(model.c.id + " " + model.c.vendor).like(shape.like(q), escape="\\"))
        if kind is not None:
            query = query.where(model.c.kind == kind)
        async with self._database.read() as connection:
            return shape.rows(ModelRow, await connection.execute(shape.page(query, model.c.id, after, limit)))

    async def list_model_versions(self, id: str) -> list[int]:
        """The versions of a model, oldest first."""
        async with self._database.read() as connection:
            return list(
                await connection.scalars(sa.select(model.c.version).where(model.c.id == id).order_by(model.c.version))
            )

    async def put_model(self, row: ModelRow, outbox: Sequence[OutboxRow] = ()) -> bool:
        """Add a version; False when it is there already with the same document (then nothing is relayed either).

        Raises CallerError exists for another document under the same version, and for a version below the newest.
        """
        async with self._database.write() as connection:
            query = sa.select(model.c.version, model.c.document).where(model.c.id == row.id)
            known: dict[int, str] = dict((await connection.execute(query)).all())
            if known.get(row.version) == row.document:
                return False
            if known and row.version <= max(known):
                raise CallerError(
                    f"model {row.id!r} has version {max(known)} already, and versions never change",
                    code="exists",
                    field="version",
                    expected=f"{max(known) + 1}",
                )
            await connection.execute(sa.insert(model), shape.values(row))
            await add_to_outbox(connection, outbox)
        return True

    async def newest_models(self, ids: Sequence[str]) -> dict[str, ModelRow]:
        """The newest version of each of these models that there is."""
        found: dict[str, ModelRow] = {}
        async with self._database.read() as connection:
            for start in range(0, len(ids), ASKED):
                query = sa.select(*shape.columns(model, ModelRow)).where(model.c.id.in_(ids[start : start + ASKED]))
                for row in shape.rows(ModelRow, await connection.execute(query.order_by(model.c.version))):
                    found[row.id] = row
        return found

    async def add_models(self, rows: Sequence[ModelRow]) -> None:
        """Add versions that are not there, all or none. Raises CallerError exists where one is."""
        if not rows:
            return
        try:
            async with self._database.write() as connection:
                await connection.execute(sa.insert(model), [shape.values(row) for row in rows])
        except sa.exc.IntegrityError:
            raise CallerError("somebody else added one of these versions just now", code="exists") from None

    async def remove_model(self, id: str, version: int | None = None, outbox: Sequence[OutboxRow] = ()) -> None:
        """Remove a version, or all. Raises CallerError not_found, or in_use naming the things that use it."""
        which = model.c.id == id
        uses = thing.c.model == id
        if version is not None:
            which &= model.c.version == version
            uses &= thing.c.model_version == version
        async with self._database.write() as connection:
            await _refuse_if_used(connection, id, uses)
            removed = await connection.execute(sa.delete(model).where(which))
            if not removed.rowcount:
                raise CallerError(f"there is no such model {id!r}", code="not_found")
            await add_to_outbox(connection, outbox)


async def _refuse_if_used(connection: AsyncConnection, id: str, uses: sa.ColumnElement[bool]) -> None:
    total = await connection.scalar(sa.select(sa.func.count()).select_from(thing).where(uses)) or 0
    if total:
        query = sa.select(thing.c.id).where(uses).order_by(thing.c.id).limit(shape.NAMED)
        users = shape.naming(list(await connection.scalars(query)), total)
        raise CallerError(
            f"the model {id!r} is still used by the things {users}",
            code="in_use",
            mend="Give them another model or remove them first",
        )
