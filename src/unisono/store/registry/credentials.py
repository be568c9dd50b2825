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
from unisono.store.registry.rows import CredentialRow, SignInFacts, TopicRuleRow
from unisono.store.registry.tables import certificate, credential, place, thing, topic_rule

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
                "expires": statement.excluded.expires,
                "sealed": statement.excluded.sealed,
            },
        ),
        [{**shape.values(row), "version": 1} for row in rows],
    )


async def retire_credentials(connection: AsyncConnection, things: Sequence[str], at: int) -> None:
    """Take the hashes away and leave the versions: a thing that gets the same id later is not mistaken for this one."""
    await connection.execute(
        sa.update(credential)
        .where(credential.c.thing.in_(things))
        .values(hash=b"", sealed=None, expires=None, revoked=at, version=credential.c.version + 1)
    )
    await connection.execute(
        sa.update(certificate)
        .where(certificate.c.thing.in_(things), certificate.c.revoked.is_(None))
        .values(revoked=at)
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

    async def rotate_credential(self, row: CredentialRow, *, grace_until: int | None = None) -> int:
        """Replace a thing's credential (or give it back one after `revoke_credential`) and return its new version.

        ``grace_until``: so long the secret before it counts too. Raises CallerError not_found when there is no such
        thing.
        """
        key = (credential.c.thing == row.thing) & (credential.c.kind == row.kind)
        async with self._database.write() as connection:
            await _require_thing(connection, row.thing)
            if row.kind == "secret":
                await _keep_previous(connection, row.thing, grace_until)
            await put_credentials(connection, [row])
            version: int | None = await connection.scalar(sa.select(credential.c.version).where(key))
        assert version is not None  # written in this transaction
        return version

    async def revoke_everything(self, thing_id: str, *, at: int) -> None:
        """Close every door for a thing: its secrets, its certificates, and those that our CA made for it so far.

        `rotate_credential` gives it a new secret. Raises CallerError not_found when there is no such thing.
        """
        async with self._database.write() as connection:
            await _require_thing(connection, thing_id)
            # also where there was none: the row says since when certificates of our CA count
            await put_credentials(connection, [CredentialRow(thing_id, b"", "subject", created=at)])
            await retire_credentials(connection, [thing_id], at)

    async def revoke_credential(self, thing_id: str, *, at: int, kind: str = "secret") -> int:
        """Close the door for a thing and return the new version. Raises CallerError not_found."""
        key = (credential.c.thing == thing_id) & (credential.c.kind == kind)
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(credential)
                .where(key)
                .values(hash=b"", sealed=None, revoked=at, version=credential.c.version + 1)
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
                others = await _other_credentials(connection, part)
                certificates = await _certificates(connection, part)
                rules = await _rules(connection, part)
                for row in await connection.execute(_facts(part)):
                    id, root, partition, model, model_version, parent, created, hash, revoked, version, sealed = row
                    previous, closed = others.get(id, (None, None))
                    facts.append(
                        SignInFacts(
                            id,
                            root,
                            partition,
                            model,
                            model_version,
                            parent,
                            children.get(id, []),
                            hash if revoked is None else None,
                            version or 0,
                            created,
                            previous,
                            closed,
                            certificates.get(id, {}),
                            rules.get(id, []),
                            sealed,
                        )
                    )
        return facts

    async def ids_after(self, id: str, limit: int) -> list[str]:
        """Ids of things in their order, a page at a time."""
        asked = sa.select(thing.c.id).where(thing.c.id > id).order_by(thing.c.id).limit(limit)
        async with self._database.read() as connection:
            return list(await connection.scalars(asked))


async def _require_thing(connection: AsyncConnection, id: str) -> None:
    if await connection.scalar(sa.select(thing.c.id).where(thing.c.id == id)) is None:
        raise CallerError(f"there is no thing {id!r}", code="not_found")


async def _keep_previous(connection: AsyncConnection, thing_id: str, until: int | None) -> None:
    """The present secret becomes the previous one, with its version, until then; without a time there is none."""
    current = (
        await connection.execute(
            sa.select(*shape.columns(credential, CredentialRow)).where(
                credential.c.thing == thing_id, credential.c.kind == "secret", credential.c.revoked.is_(None)
            )
        )
    ).first()
    await connection.execute(
        sa.delete(credential).where(credential.c.thing == thing_id, credential.c.kind == "previous")
    )
    if until is not None and current is not None:
        old = CredentialRow(*current)
        kept = {**shape.values(old), "kind": "previous", "expires": until, "sealed": None}
        await connection.execute(sa.insert(credential), kept)


def _facts(ids: Sequence[str]) -> Any:
    return (
        sa.select(
            thing.c.id,
            thing.c.root,
            place.c.partition,
            thing.c.model,
            thing.c.model_version,
            thing.c.parent,
            thing.c.created,
            credential.c.hash,
            credential.c.revoked,
            credential.c.version,
            credential.c.sealed,
        )
        .join(place, place.c.id == thing.c.root)
        .outerjoin(credential, (credential.c.thing == thing.c.id) & (credential.c.kind == "secret"))
        .where(thing.c.id.in_(ids))
        .order_by(thing.c.id)
    )


async def _other_credentials(
    connection: AsyncConnection, ids: Sequence[str]
) -> dict[str, tuple[tuple[bytes, int, int] | None, int | None]]:
    """The secret in its time of grace, and since when certificates of our CA count, of each thing that has either."""
    found: dict[str, tuple[tuple[bytes, int, int] | None, int | None]] = {}
    query = sa.select(*shape.columns(credential, CredentialRow)).where(
        credential.c.thing.in_(ids), credential.c.kind.in_(["previous", "subject"])
    )
    for row in shape.rows(CredentialRow, await connection.execute(query)):
        previous, closed = found.get(row.thing, (None, None))
        if row.kind == "subject":
            closed = row.revoked
        elif row.revoked is None and row.expires is not None:
            previous = (row.hash, row.version, row.expires)
        found[row.thing] = (previous, closed)
    return found


async def _certificates(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    query = sa.select(certificate.c.thing, certificate.c.fingerprint, certificate.c.revoked)
    for thing_id, fingerprint, revoked in await connection.execute(query.where(certificate.c.thing.in_(ids))):
        found.setdefault(thing_id, {})[fingerprint] = revoked is None
    return found


async def _rules(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[TopicRuleRow]]:
    found: dict[str, list[TopicRuleRow]] = {}
    query = sa.select(topic_rule.c.thing, *shape.columns(topic_rule, TopicRuleRow))
    ordered = query.where(topic_rule.c.thing.in_(ids)).order_by(topic_rule.c.thing, topic_rule.c.number)
    for thing_id, allow, access, filter in await connection.execute(ordered):
        found.setdefault(thing_id, []).append(TopicRuleRow(allow, access, filter))
    return found


async def _children(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids that each of ``ids`` parents, directly."""
    children: dict[str, list[str]] = {}
    query = sa.select(thing.c.parent, thing.c.id).where(thing.c.parent.in_(ids)).order_by(thing.c.id)
    for parent, child in await connection.execute(query):
        children.setdefault(parent, []).append(child)
    return children
