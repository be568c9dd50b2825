"""Scenes: which there are, where they belong, and every version of what they say.

Knows ids, places and versions. Knows nothing of what a document says: it is kept as it was written, comments and all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.places import below
from unisono.store.registry.rows import OutboxRow, SceneRow, SceneVersionRow
from unisono.store.registry.tables import place, scene, scene_version

__all__ = ["KEPT_VERSIONS", "Scenes"]

#: Versions kept of one scene, the newest ones: years of changes by hand, and no more than 50 MB should a program save
#: the longest document again and again.
KEPT_VERSIONS = 200


class Scenes:
    """The scenes of a `Registry`."""

    _database: Database

    async def get_scene(self, id: str) -> SceneRow | None:
        """The scene, or None."""
        query = sa.select(*shape.columns(scene, SceneRow)).where(scene.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return SceneRow(*found) if found else None

    async def find_scenes(
        self,
        *,
        places: Sequence[str] | None = None,
        partition: str | None = None,
        q: str | None = None,
        since: int | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[SceneRow]:
        """Scenes in the order of their ids that meet every condition given, as `Things.find_things` has them;
        ``since``: saved at that time or later."""
        query = sa.select(*shape.columns(scene, SceneRow))
        if places is not None:
            query = query.where(scene.c.place.in_(below(places)))
        if partition is not None:
            query = query.where(scene.c.root.in_(sa.select(place.c.id).where(place.c.partition == partition)))
        if since is not None:
            query = query.where(scene.c.at >= since)
        if q:
            query = query.where(scene.c.folded.like(shape.like(q), escape="\\"))
        async with self._database.read() as connection:
            return shape.rows(SceneRow, await connection.execute(shape.page(query, scene.c.id, after, limit)))

    async def count_scenes(self, root: str) -> tuple[int, int]:
        """How many scenes a root place has, and the sum of their versions: alike, as long as nothing was saved."""
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(scene.c.version), 0)).where(
            scene.c.root == root
        )
        async with self._database.read() as connection:
            count, versions = (await connection.execute(query)).one()
            return int(count), int(versions)

    async def get_scene_version(self, id: str, version: int | None = None) -> SceneVersionRow | None:
        """What a version of the scene says, or its newest, or None."""
        query = sa.select(*shape.columns(scene_version, SceneVersionRow)).where(scene_version.c.scene == id)
        if version is not None:
            query = query.where(scene_version.c.version == version)
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(scene_version.c.version.desc()).limit(1))).first()
            return SceneVersionRow(*found) if found else None

    async def list_scene_versions(self, id: str) -> list[SceneVersionRow]:
        """Who saved which version and when, newest first; their documents are left empty."""
        columns = [
            sa.literal("") if column.name == "document" else column
            for column in shape.columns(scene_version, SceneVersionRow)
        ]
        query = sa.select(*columns).where(scene_version.c.scene == id).order_by(scene_version.c.version.desc())
        async with self._database.read() as connection:
            return shape.rows(SceneVersionRow, await connection.execute(query))

    async def put_scene(
        self, row: SceneRow, document: str, names: Sequence[str] = (), outbox: Sequence[OutboxRow] = ()
    ) -> None:
        """Save the next version of a scene (the first: of a new one). ``names``: what else it is found by.

        Raises CallerError bad_id, not_found (no such place), bad_value (a root that is not the place's) and exists: the
        id is taken, or the version is not the one behind the newest, since somebody else was quicker.
        """
        shape.check_id(row.id)
        async with self._database.write() as connection:
            root = await connection.scalar(sa.select(place.c.root).where(place.c.id == row.place))
            if root is None:
                raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
            if row.root not in ("", root):
                raise CallerError(f"{row.place!r} lies in {root!r}", code="bad_value", field="root", expected=root)
            newest = await connection.scalar(sa.select(scene.c.version).where(scene.c.id == row.id)) or 0
            if row.version != newest + 1:
                raise _taken(row, newest)
            folded = shape.SEPARATOR.join((row.id, *map(shape.fold, (row.name, *names))))
            record = {**shape.values(msgspec.structs.replace(row, root=root)), "folded": folded}
            await shape.put(connection, scene, [record], keep=())
            version = SceneVersionRow(row.id, row.version, document, row.at, row.by)
            await connection.execute(sa.insert(scene_version), shape.values(version))
            old = (scene_version.c.scene == row.id) & (scene_version.c.version <= row.version - KEPT_VERSIONS)
            await connection.execute(sa.delete(scene_version).where(old))
            await add_to_outbox(connection, outbox)

    async def switch_scene(
        self, id: str, enabled: bool, outbox: Sequence[OutboxRow] = (), *, at: int = 0, by: Mapping[str, str] = {}
    ) -> bool:
        """Let a scene be triggered, or not; False when it is so already (then nothing is relayed either).

        Raises CallerError not_found.
        """
        async with self._database.write() as connection:
            now = await connection.scalar(sa.select(scene.c.enabled).where(scene.c.id == id))
            if now is None:
                raise _missing(id)
            if now is enabled:
                return False
            change = sa.update(scene).where(scene.c.id == id)
            await connection.execute(change.values(enabled=enabled, switched_at=at, switched_by=dict(by)))
            await add_to_outbox(connection, outbox)
        return True

    async def remove_scene(self, id: str, outbox: Sequence[OutboxRow] = ()) -> None:
        """Remove a scene with all its versions. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(scene).where(scene.c.id == id))
            if not removed.rowcount:
                raise _missing(id)
            await add_to_outbox(connection, outbox)


def _missing(id: str) -> CallerError:
    return CallerError(f"there is no scene {id!r}", code="not_found", field="id")


def _taken(row: SceneRow, newest: int) -> CallerError:
    if row.version == 1:
        return CallerError(f"there is a scene {row.id!r} already", code="exists", field="id")
    if not newest:
        return _missing(row.id)
    return CallerError(
        f"somebody else has saved version {newest} of {row.id!r}",
        code="exists",
        field="version",
        expected=f"a change of version {newest}",
        mend="Look at it and save yours again",
    )
