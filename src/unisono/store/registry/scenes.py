"""Scenes: which there are, where they belong, and every version of what they say.

Knows ids, places and versions. Knows nothing of what a document says: it is kept as it was written, comments and all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.places import below
from unisono.store.registry.rows import OutboxRow, SceneRow, SceneText, SceneVersionRow
from unisono.store.registry.tables import meta, place, scene, scene_version

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

    async def get_scenes(self, ids: Sequence[str]) -> list[SceneRow]:
        """Those of ``ids`` that exist, in the order of their ids."""
        query = sa.select(*shape.columns(scene, SceneRow)).order_by(scene.c.id)
        found: list[SceneRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                found += shape.rows(SceneRow, await connection.execute(query.where(scene.c.id.in_(part))))
        return found

    async def find_scenes(
        self,
        *,
        places: Sequence[str] | None = None,
        partition: str | None = None,
        q: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[SceneRow]:
        """Scenes in the order of their ids that meet every condition given, as `Things.find_things` has them."""
        query = sa.select(*shape.columns(scene, SceneRow))
        if places is not None:
            query = query.where(scene.c.place.in_(below(places)))
        if partition is not None:
            query = query.where(scene.c.root.in_(sa.select(place.c.id).where(place.c.partition == partition)))
        if q:
            query = query.where(scene.c.folded.like(shape.like(q), escape="\\"))
        async with self._database.read() as connection:
            return shape.rows(SceneRow, await connection.execute(shape.page(query, scene.c.id, after, limit)))

    async def scene_changes(self, root: str) -> int:
        """A number that grows by one with every transaction that changes the scenes of a root place: who knows all of
        them needs to look again only when it has grown."""
        async with self._database.read() as connection:
            return await _changes(connection, root)

    async def get_scene_version(self, id: str, version: int | None = None) -> SceneVersionRow | None:
        """What a version of the scene says, or its newest, or None."""
        query = sa.select(*shape.columns(scene_version, SceneVersionRow)).where(scene_version.c.scene == id)
        if version is not None:
            query = query.where(scene_version.c.version == version)
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(scene_version.c.version.desc()).limit(1))).first()
            return SceneVersionRow(*found) if found else None

    async def newest_documents(self, ids: Sequence[str]) -> dict[str, str]:
        """What the newest version of each says."""
        newest = (scene_version.c.scene == scene.c.id) & (scene_version.c.version == scene.c.version)
        query = sa.select(scene.c.id, scene_version.c.document).join(scene_version, newest)
        found: dict[str, str] = {}
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                rows = await connection.execute(query.where(scene.c.id.in_(part)))
                found.update((id, document) for id, document in rows)
        return found

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
    ) -> dict[str, int]:
        """`put_scenes` of one."""
        return await self.put_scenes([SceneText(row, document, list(names))], outbox)

    async def put_scenes(self, texts: Sequence[SceneText], outbox: Sequence[OutboxRow] = ()) -> dict[str, int]:
        """Save the next version of each scene (the first: of a new one), all of them or none. Returns the number of
        `scene_changes` of every root place concerned.

        Raises CallerError bad_id, not_found (no such place), bad_value (a root that is not the place's, an id twice)
        and exists: the id is taken, or the version is not the one behind the newest, since somebody else was quicker.
        """
        ids = {shape.check_id(text.row.id) for text in texts}
        if len(ids) < len(texts):
            raise CallerError("an id occurs twice", code="bad_value", field="scenes")
        async with self._database.write() as connection:
            roots = await _roots(connection, {text.row.place for text in texts})
            before = await _newest(connection, ids)
            records = [{**shape.values(_settled(text.row, roots, before)), "folded": _folded(text)} for text in texts]
            await shape.put(connection, scene, records, keep=())
            versions = [
                SceneVersionRow(text.row.id, text.row.version, text.document, text.row.at, text.row.by)
                for text in texts
            ]
            await connection.execute(sa.insert(scene_version), [shape.values(version) for version in versions])
            for version in versions:
                if version.version > KEPT_VERSIONS:
                    old = scene_version.c.version <= version.version - KEPT_VERSIONS
                    await connection.execute(
                        sa.delete(scene_version).where((scene_version.c.scene == version.scene) & old)
                    )
            changes = await _count(
                connection, {record["root"] for record in records} | {root for _version, root in before.values()}
            )
            await add_to_outbox(connection, outbox)
        return changes

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

    async def remove_scene(self, id: str, outbox: Sequence[OutboxRow] = ()) -> dict[str, int]:
        """Remove a scene with all its versions; returns as `put_scenes` does. Raises CallerError not_found."""
        async with self._database.write() as connection:
            root = await connection.scalar(sa.select(scene.c.root).where(scene.c.id == id))
            if root is None:
                raise _missing(id)
            await connection.execute(sa.delete(scene).where(scene.c.id == id))
            changes = await _count(connection, {root})
            await add_to_outbox(connection, outbox)
        return changes


async def _roots(connection: AsyncConnection, places: Iterable[str]) -> dict[str, str]:
    """The root of each place that is there."""
    found: dict[str, str] = {}
    for part in shape.chunks(sorted(places)):
        found.update((await connection.execute(sa.select(place.c.id, place.c.root).where(place.c.id.in_(part)))).all())
    return found


async def _newest(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The newest version of each scene that is there, and its root."""
    query = sa.select(scene.c.id, scene.c.version, scene.c.root)
    found: dict[str, tuple[int, str]] = {}
    for part in shape.chunks(sorted(ids)):
        for id, version, root in await connection.execute(query.where(scene.c.id.in_(part))):
            found[id] = (version, root)
    return found


def _settled(row: SceneRow, roots: Mapping[str, str], before: Mapping[str, tuple[int, str]]) -> SceneRow:
    root = roots.get(row.place)
    if root is None:
        raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
    if row.root not in ("", root):
        raise CallerError(f"{row.place!r} lies in {root!r}", code="bad_value", field="root", expected=root)
    newest, _root = before.get(row.id, (0, ""))
    if row.version != newest + 1:
        raise _taken(row, newest)
    return msgspec.structs.replace(row, root=root)


def _folded(text: SceneText) -> str:
    return shape.SEPARATOR.join((text.row.id, *map(shape.fold, (text.row.name, *text.names))))


def _changes_key(root: str) -> str:
    return f"scenes.{root}"


async def _changes(connection: AsyncConnection, root: str) -> int:
    return int(await connection.scalar(sa.select(meta.c.value).where(meta.c.key == _changes_key(root))) or 0)


async def _count(connection: AsyncConnection, roots: Iterable[str]) -> dict[str, int]:
    """The scenes of these root places are others now."""
    changes = {root: await _changes(connection, root) + 1 for root in sorted(roots)}
    await shape.put(
        connection, meta, [{"key": _changes_key(root), "value": str(number)} for root, number in changes.items()]
    )
    return changes


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
