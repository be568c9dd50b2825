"""Credentials of things: how a gateway knows who it speaks with.

Knows hashes and versions. Knows nothing of how a secret is made or checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import CredentialRow, SignInFacts
from unisono.store.registry.tables import credential, place, thing

__all__ = ["Credentials", "put_credentials", "retire_credentials"]


async def put_credentials(connection: AsyncConnection, rows: Sequence[CredentialRow]) -> None:
    """Set credentials within a transaction. A version is one more than the last that the id ever had, 1 at first."""
    if not rows:
        return
    statement = shape.insert(connection, credential)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[credential.c.thing, credential.c.kind],
            set_={
                "hash": statement.excluded.hash,
                "version": credential.c.version + 1,
                "created": statement.excluded.created,
                "revoked": statement.excluded.revoked,
            },
        ),
        [{**shape.values(row), "version": 1} for row in rows],
    )


async def retire_credentials(connection: AsyncConnection, things: Sequence[str], at: int) -> None:
    """Take the hashes away and leave the versions: a thing that gets the same id later is not mistaken for this one."""
    await connection.execute(
        sa.update(credential)
        .where(credential.c.thing.in_(things))
        .values(hash=b"", revoked=at, version=credential.c.version + 1)
    )


class Credentials:
    """The credentials of a `Registry`."""

    _database: Database

    async def get_credential(self, thing_id: str, kind: str = "secret") -> CredentialRow | None:
        """The credential, revoked or not, or None."""
        query = sa.select(*shape.columns(credential, CredentialRow)).where(
            credential.c.thing == thing_id, credential.c.kind == kind
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return CredentialRow(*found) if found else None

    async def rotate_credential(self, row: CredentialRow) -> int:
        """Replace a thing's credential (or give it back one after `revoke_credential`) and return its new version.

        Raises CallerError not_found when there is no such thing.
        """
        key = (credential.c.thing == row.thing) & (credential.c.kind == row.kind)
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(thing.c.id).where(thing.c.id == row.thing)) is None:
                raise CallerError(f"there is no thing {row.thing!r}", code="not_found")
            await put_credentials(connection, [row])
            version: int | None = await connection.scalar(sa.select(credential.c.version).where(key))
        assert version is not None  # written in this transaction
        return version

    async def revoke_credential(self, thing_id: str, *, at: int, kind: str = "secret") -> int:
        """Close the door for a thing and return the new version. Raises CallerError not_found."""
        key = (credential.c.thing == thing_id) & (credential.c.kind == kind)
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(credential).where(key).values(hash=b"", revoked=at, version=credential.c.version + 1)
            )
            if not changed.rowcount:
                raise CallerError(f"{thing_id!r} has no credential", code="not_found")
            version: int | None = await connection.scalar(sa.select(credential.c.version).where(key))
        assert version is not None  # written in this transaction
        return version

    async def sign_in_facts(self, ids: Sequence[str]) -> list[SignInFacts]:
        """What a gateway must know of each of ``ids`` that exists (unknown ones are left out)."""
        facts: list[SignInFacts] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(ids))):
                children = await _children(connection, part)
                for row in await connection.execute(_facts(part)):
                    id, root, partition, model, model_version, parent, hash, revoked, version = row
                    usable = hash if revoked is None else None
                    facts.append(
                        SignInFacts(
                            id,
                            root,
                            partition,
                            model,
                            model_version,
                            parent,
                            children.get(id, []),
                            usable,
                            version or 0,
                        )
                    )
        return facts


def _facts(ids: Sequence[str]) -> Any:
    return (
        sa.select(
            thing.c.id,
            thing.c.root,
            place.c.partition,
            thing.c.model,
            thing.c.model_version,
            thing.c.parent,
            credential.c.hash,
            credential.c.revoked,
            credential.c.version,
        )
        .join(place, place.c.id == thing.c.root)
        .outerjoin(credential, (credential.c.thing == thing.c.id) & (credential.c.kind == "secret"))
        .where(thing.c.id.in_(ids))
        .order_by(thing.c.id)
    )


async def _children(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids that each of ``ids`` parents, directly."""
    children: dict[str, list[str]] = {}
    query = sa.select(thing.c.parent, thing.c.id).where(thing.c.parent.in_(ids)).order_by(thing.c.id)
    for parent, child in await connection.execute(query):
        children.setdefault(parent, []).append(child)
    return children
