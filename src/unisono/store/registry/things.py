"""Things: who they are, where they stand, and how to find them.

Knows places, parents and credentials as ids. Knows nothing of what a model means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.claims import spend_claim
from unisono.store.registry.credentials import put_credentials, retire_credentials
from unisono.store.registry.database import Database
from unisono.store.registry.foreign import put_foreign_names
from unisono.store.registry.outbox import add_to_outbox
from unisono.store.registry.places import below
from unisono.store.registry.rows import ClaimRow, CredentialRow, ForeignRow, OutboxRow, ThingRow
from unisono.store.registry.tables import place, thing

__all__ = ["Things"]

# Gateway > bridge > device > channel is four; a bound, so that walking up always ends.
MAX_PARENTS = 8


class Things:
    """The things of a `Registry`."""

    _database: Database

    async def get_thing(self, id: str) -> ThingRow | None:
        """The thing, or None."""
        found = await self.get_things([id])
        return found[0] if found else None

    async def get_things(self, ids: Sequence[str]) -> list[ThingRow]:
        """Those of ``ids`` that exist, in the order of their ids."""
        found: list[ThingRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                query = sa.select(*shape.columns(thing, ThingRow)).where(thing.c.id.in_(part)).order_by(thing.c.id)
                found += shape.rows(ThingRow, await connection.execute(query))
        return found

    async def find_things(
        self,
        *,
        places: Sequence[str] | None = None,
        model: str | None = None,
        models: Sequence[str] | None = None,
        parent: str | None = None,
        partition: str | None = None,
        q: str | None = None,
        prefix: tuple[str, bool] | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[ThingRow]:
        """Things in the order of their ids that meet every condition given.

        ``places``: in one of these or below. ``models``: of any of these (how a trait is asked for). ``q``: a part of
        the id or of a name in any language, whatever its case. ``prefix``: whether the model's id begins like this.
        """
        query = sa.select(*shape.columns(thing, ThingRow))
        if prefix is not None:
            begins = thing.c.model.startswith(prefix[0], autoescape=True)
            query = query.where(begins if prefix[1] else ~begins)
        for condition in _conditions(
            places=places, model=model, models=models, parent=parent, partition=partition, q=q
        ):
            query = query.where(condition)
        async with self._database.read() as connection:
            return shape.rows(ThingRow, await connection.execute(shape.page(query, thing.c.id, after, limit)))

    async def thing_ids(self, places: Sequence[str], limit: int) -> list[str]:
        """Ids of the things that stand in exactly these places, at most ``limit``, in no order."""
        found: list[str] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(places))):
                query = sa.select(thing.c.id).where(thing.c.place.in_(part)).limit(limit - len(found))
                found += await connection.scalars(query)
        return found

    async def count_things(
        self, *, places: Sequence[str] | None = None, model: str | None = None, models: Sequence[str] | None = None
    ) -> int:
        """How many things meet every condition given (see `find_things`)."""
        query = sa.select(sa.func.count()).select_from(thing)
        for condition in _conditions(places=places, model=model, models=models):
            query = query.where(condition)
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def put_things(
        self,
        things: Sequence[ThingRow],
        credentials: Sequence[CredentialRow] = (),
        outbox: Sequence[OutboxRow] = (),
        *,
        new: bool = False,
        claim: ClaimRow | None = None,
        names: Sequence[ForeignRow] = (),
    ) -> None:
        """Add or change things, their credentials and what the log must learn of it, in one transaction.

        A change keeps the time of creation. ``claim``: as it will be, used: its code is spent on the things, or nothing
        happens. ``names``: what they are called in the languages that devices speak. Raises CallerError bad_credentials
        (the code is not open); bad_id; not_found (place, parent); exists (``new`` and an id is taken, or a name is);
        bad_value (twice in the list, a root that is not the place's, a parent of another root or a cycle).
        """
        ids = {shape.check_id(row.id) for row in things}
        if len(ids) < len(things):
            raise CallerError("an id occurs twice", code="bad_value", field="things")
        async with self._database.write() as connection:
            if claim is not None:
                assert claim.used_at is not None and claim.used_by is not None
                await spend_claim(connection, claim.code_hash, claim.used_by, claim.used_from or "", claim.used_at)
            if new:
                await _refuse_taken(connection, ids)
            settled = await _with_roots(connection, things)
            await _check_family(connection, {row.id: row for row in settled}, new)
            records = [{**shape.values(row), "folded": _folded(row)} for row in settled]
            await shape.put(connection, thing, records, keep=("created",))
            await put_credentials(connection, credentials)
            await put_foreign_names(connection, names)
            await add_to_outbox(connection, outbox)

    async def remove_things(self, ids: Sequence[str], outbox: Sequence[OutboxRow] = (), *, at: int = 0) -> None:
        """Remove things and their credentials. Raises CallerError not_found, in_use (other things are part of one)."""
        async with self._database.write() as connection:
            going = set(ids)
            missing = going - await _existing(connection, going)
            if missing:
                raise CallerError(f"there is no thing {min(missing)!r}", code="not_found")
            for part in shape.chunks(sorted(going)):
                query = sa.select(thing.c.id, thing.c.parent).where(thing.c.parent.in_(part)).order_by(thing.c.id)
                staying = [(child, parent) for child, parent in await connection.execute(query) if child not in going]
                if staying:
                    users = shape.naming([child for child, _ in staying], len(staying))
                    raise CallerError(
                        f"the things {users} are part of {staying[0][1]!r}",
                        code="in_use",
                        mend="Remove them too, or give them another parent",
                    )
            for part in shape.chunks(sorted(going)):
                await connection.execute(sa.delete(thing).where(thing.c.id.in_(part)))
                await retire_credentials(connection, part, at)
            await add_to_outbox(connection, outbox)


def _folded(row: ThingRow) -> str:
    """The id and every name, as they are searched."""
    names = (row.name, *(name for names in row.names.values() for name in names))
    return shape.SEPARATOR.join((row.id, *map(shape.fold, names)))


def _conditions(
    *,
    places: Sequence[str] | None,
    model: str | None,
    models: Sequence[str] | None,
    parent: str | None = None,
    partition: str | None = None,
    q: str | None = None,
) -> Iterable[sa.ColumnElement[bool]]:
    if places is not None:
        yield thing.c.place.in_(below(places))
    if model is not None:
        yield thing.c.model == model
    if models is not None:
        yield thing.c.model.in_(models)
    if parent is not None:
        yield thing.c.parent == parent
    if partition is not None:
        yield thing.c.root.in_(sa.select(place.c.id).where(place.c.partition == partition, place.c.parent.is_(None)))
    if q:
        yield thing.c.folded.like(shape.like(q), escape="\\")


async def _existing(connection: AsyncConnection, ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for part in shape.chunks(sorted(ids)):
        found.update(await connection.scalars(sa.select(thing.c.id).where(thing.c.id.in_(part))))
    return found


async def _refuse_taken(connection: AsyncConnection, ids: Iterable[str]) -> None:
    taken = sorted(await _existing(connection, ids))
    if taken:
        raise CallerError(f"there is already {shape.naming(taken, len(taken))}", code="exists", field="id")


async def _with_roots(connection: AsyncConnection, things: Sequence[ThingRow]) -> list[ThingRow]:
    """``things`` with the root of their place."""
    roots: dict[str, str] = {}
    for part in shape.chunks(sorted({row.place for row in things})):
        roots.update((await connection.execute(sa.select(place.c.id, place.c.root).where(place.c.id.in_(part)))).all())
    settled = []
    for row in things:
        root = roots.get(row.place)
        if root is None:
            raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
        if row.root == root:
            settled.append(row)
        elif row.root:
            raise CallerError(f"{row.place!r} lies in {root!r}", code="bad_value", field="root", expected=root)
        else:
            settled.append(msgspec.structs.replace(row, root=root))
    return settled


async def _check_family(connection: AsyncConnection, changed: dict[str, ThingRow], new: bool) -> None:
    """Hold that parents exist, stand in the same root, and that nothing becomes a part of itself."""
    family: dict[str, tuple[str | None, str]] = {row.id: (row.parent, row.root) for row in changed.values()}
    if not new:
        for part in shape.chunks(sorted(changed)):  # children that stay while their parent may leave the root
            query = sa.select(thing.c.id, thing.c.parent, thing.c.root).where(thing.c.parent.in_(part))
            for child, parent, root in await connection.execute(query):
                family.setdefault(child, (parent, root))
    checked = list(family)
    missing = {parent for parent, _ in family.values() if parent} - family.keys()
    while missing:
        before = len(family)
        for part in shape.chunks(sorted(missing)):
            query = sa.select(thing.c.id, thing.c.parent, thing.c.root).where(thing.c.id.in_(part))
            family.update({id: (parent, root) for id, parent, root in await connection.execute(query)})
        if len(family) == before:
            break
        missing = {parent for parent, _ in family.values() if parent} - family.keys()
    for id in checked:
        _check_ancestors(id, family)


def _check_ancestors(id: str, family: dict[str, tuple[str | None, str]]) -> None:
    parent, root = family[id]
    for _ in range(MAX_PARENTS):
        if parent is None:
            return
        if parent not in family:
            raise CallerError(f"{id!r}: there is no thing {parent!r}", code="not_found", field="parent")
        if family[parent][1] != root:
            raise CallerError(
                f"{id!r} stands in {root!r}, its parent {parent!r} in {family[parent][1]!r}",
                code="bad_value",
                field="parent",
                expected="a thing of the same root place",
            )
        parent = family[parent][0]
    raise CallerError(
        f"{id!r} would be a part of itself, or of a chain of more than {MAX_PARENTS}",
        code="bad_value",
        field="parent",
        expected="a thing that is not a part of this one",
    )
