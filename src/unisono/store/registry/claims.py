"""Claim codes: made for a place, spent once, kept for the record.

Knows hashes of codes and rows. Knows nothing of how a code looks.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.places import below
from unisono.store.registry.rows import ClaimRow
from unisono.store.registry.tables import claim

__all__ = ["MAX_OPEN", "Claims", "spend_claim"]

# Open codes at a time: a guess at 40 random bits then hits one in 10**9; each is open for an hour unless told.
MAX_OPEN = 1_000


class Claims:
    """The claims of a `Registry`."""

    _database: Database

    async def put_claim(self, row: ClaimRow, *, now: int) -> None:
        """Add a claim. Raises CallerError too_many when `MAX_OPEN` are open; in_use when there is no such place."""
        async with self._database.write() as connection:
            count = await connection.scalar(sa.select(sa.func.count()).select_from(claim).where(*_open(now)))
            if (count or 0) >= MAX_OPEN:
                raise CallerError(
                    f"{count} claim codes are open",
                    code="too_many",
                    expected=f"fewer than {MAX_OPEN}",
                    mend="Let some be used or run out, or revoke them: unisono thing claims",
                )
            await connection.execute(sa.insert(claim), shape.values(row))

    async def find_claim(self, code_hash: bytes) -> ClaimRow | None:
        """The claim with that code, open or not, or None."""
        query = sa.select(*shape.columns(claim, ClaimRow)).where(claim.c.code_hash == code_hash)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ClaimRow(*found) if found else None

    async def get_claim(self, id: str) -> ClaimRow | None:
        """The claim, or None."""
        query = sa.select(*shape.columns(claim, ClaimRow)).where(claim.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ClaimRow(*found) if found else None

    async def list_claims(
        self, *, places: Sequence[str] | None = None, after: str | None = None, limit: int = 100
    ) -> list[ClaimRow]:
        """Claims in the order of their making; those of ``places`` and below where given."""
        query = sa.select(*shape.columns(claim, ClaimRow))
        if places is not None:
            query = query.where(claim.c.place.in_(below(places)))
        async with self._database.read() as connection:
            return shape.rows(ClaimRow, await connection.execute(shape.page(query, claim.c.id, after, limit)))

    async def revoke_claim(self, id: str, *, at: int) -> None:
        """An open code is worth nothing any more. Raises CallerError not_found, in_use (it was used)."""
        async with self._database.write() as connection:
            found = (await connection.execute(sa.select(claim.c.used_by).where(claim.c.id == id))).first()
            if found is None:
                raise CallerError(f"there is no claim {id[:80]!r}", code="not_found")
            changed = await connection.execute(
                sa.update(claim)
                .where(claim.c.id == id, claim.c.used_at.is_(None))
                .values(revoked=sa.func.coalesce(claim.c.revoked, at))
            )
            if not changed.rowcount:
                raise CallerError(
                    f"the code was used by {found.used_by!r}",
                    code="in_use",
                    mend=f"To put the device out: unisono thing revoke {found.used_by}",
                )

    async def remove_old_claims(self, before: int) -> int:
        """Forget claims that ended before ``before``; how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(claim).where(claim.c.expires < before))).rowcount


async def spend_claim(connection: AsyncConnection, code_hash: bytes, thing: str, address: str, at: int) -> None:
    """Spend a code on its one use, within the transaction that adds ``thing``. Raises CallerError bad_credentials."""
    used = await connection.execute(
        sa.update(claim)
        .where(claim.c.code_hash == code_hash, *_open(at))
        .values(used_at=at, used_by=thing, used_from=address)
    )
    if not used.rowcount:
        raise CallerError(
            "this claim code is unknown, was used or has run out",
            code="bad_credentials",
            mend="Make a new one: unisono thing claim --place PLACE",
        )


def _open(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return claim.c.used_at.is_(None), claim.c.revoked.is_(None), claim.c.expires >= now
