"""Invitations: made for a person to come, taken once, kept for the record.

Knows hashes of codes and rows. Knows nothing of how a code looks or what a role allows.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import InvitationRow, PersonRow, TokenRow
from unisono.store.registry.tables import grant, invitation, person, place, token

__all__ = ["MAX_OPEN", "Invitations"]

# open ones at a time: a company's first day, and far from what 80 random bits bear
MAX_OPEN = 1_000


class Invitations:
    """The invitations of a `Registry`."""

    _database: Database

    async def put_invitation(self, row: InvitationRow, *, now: int) -> None:
        """Add an invitation. Raises CallerError too_many when `MAX_OPEN` are open."""
        async with self._database.write() as connection:
            count = await connection.scalar(sa.select(sa.func.count()).select_from(invitation).where(*_open(now)))
            if (count or 0) >= MAX_OPEN:
                raise CallerError(
                    f"{count} invitations are open",
                    code="too_many",
                    expected=f"fewer than {MAX_OPEN}",
                    mend="Let some be taken or run out, or revoke them: unisono user invitations",
                )
            await connection.execute(sa.insert(invitation), shape.values(row))

    async def find_invitation(self, code_hash: bytes) -> InvitationRow | None:
        """The invitation with that code, open or not, or None."""
        return await self._one(invitation.c.code_hash == code_hash)

    async def get_invitation(self, id: str) -> InvitationRow | None:
        """The invitation, or None."""
        return await self._one(invitation.c.id == id)

    async def _one(self, condition: sa.ColumnElement[bool]) -> InvitationRow | None:
        query = sa.select(*shape.columns(invitation, InvitationRow)).where(condition)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
        return InvitationRow(*found) if found else None

    async def list_invitations(self, *, after: str | None = None, limit: int = 100) -> list[InvitationRow]:
        """Invitations in the order of their making."""
        query = sa.select(*shape.columns(invitation, InvitationRow))
        async with self._database.read() as connection:
            return shape.rows(InvitationRow, await connection.execute(shape.page(query, invitation.c.id, after, limit)))

    async def revoke_invitation(self, id: str, *, at: int) -> None:
        """An open invitation is worth nothing any more. Raises CallerError not_found, in_use (it was taken)."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(invitation)
                .where(invitation.c.id == id, invitation.c.used_at.is_(None))
                .values(revoked=sa.func.coalesce(invitation.c.revoked, at))
            )
            if not changed.rowcount:
                used_by = await connection.scalar(sa.select(invitation.c.used_by).where(invitation.c.id == id))
                if used_by is None:
                    raise CallerError(f"there is no invitation {id[:80]!r}", code="not_found")
                raise CallerError(f"{used_by!r} took it already", code="in_use")

    async def remove_old_invitations(self, before: int) -> int:
        """Forget invitations that ended before ``before``; how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(invitation).where(invitation.c.expires < before))).rowcount

    async def take_invitation(
        self, code_hash: bytes, by: PersonRow, tokens: Sequence[TokenRow] = (), *, new: bool, now: int
    ) -> InvitationRow:
        """Spend an invitation on its one use: in the same transaction ``by`` is added (``new``) or found, and gets
        what it gives. A role that somebody holds already is kept where the invitation has none for that place.

        Raises CallerError bad_credentials for one that is unknown, taken, revoked or run out; bad_id,
        exists, not_found.
        """
        shape.check_id(by.id, "user")
        async with self._database.write() as connection:
            used = await connection.execute(
                sa.update(invitation)
                .where(invitation.c.code_hash == code_hash, *_open(now))
                .values(used_at=now, used_by=by.id)
            )
            if not used.rowcount:
                raise CallerError(
                    "this invitation is unknown, was taken, was revoked or has run out",
                    code="bad_credentials",
                    mend="Ask who invited you for a new one",
                )
            columns = shape.columns(invitation, InvitationRow)
            found = (await connection.execute(sa.select(*columns).where(invitation.c.code_hash == code_hash))).one()
            row = InvitationRow(*found)
            await _admit(connection, by, row, new=new)
            if tokens:
                await connection.execute(sa.insert(token), [shape.values(each) for each in tokens])
        return row


async def _admit(connection: AsyncConnection, by: PersonRow, row: InvitationRow, *, new: bool) -> None:
    known = await connection.scalar(sa.select(person.c.id).where(person.c.id == by.id)) is not None
    if new and known:
        raise CallerError(f"there is a person {by.id!r} already", code="exists", field="user")
    if not new and not known:
        raise CallerError(f"there is no person {by.id!r}", code="not_found", field="user")
    if new:
        await connection.execute(sa.insert(person), shape.values(by))
    elif row.role:
        # nobody becomes less by coming in: who has a role on the hub keeps it
        update = sa.update(person).where(person.c.id == by.id, person.c.role == "")
        await connection.execute(update.values(role=row.role))
    there = set((await connection.execute(sa.select(place.c.id).where(place.c.id.in_(row.grants)))).scalars())
    grants = [
        {"person": by.id, "place": where, "role": role, "expires": expires}
        for where, (role, expires) in row.grants.items()
        if where in there
    ]
    await shape.put(connection, grant, grants)


def _open(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return invitation.c.used_at.is_(None), invitation.c.revoked.is_(None), invitation.c.expires >= now
