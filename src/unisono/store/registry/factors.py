"""What people sign in with beside a password: an authenticator app, recovery codes, passkeys, another issuer's word.

Knows rows and hashes. Knows nothing of how a code or a signature is checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import PasskeyRow, PersonRow, SecondFactorRow
from unisono.store.registry.tables import foreign_person, passkey, person, recovery_code, second_factor

__all__ = ["MAX_PASSKEYS", "Factors"]

# a person has a few phones and keys
MAX_PASSKEYS = 50


class Factors:
    """The factors of a `Registry`'s people."""

    _database: Database

    async def get_second_factor(self, person: str) -> SecondFactorRow | None:
        """The authenticator app of a person, confirmed or not, or None."""
        query = sa.select(*shape.columns(second_factor, SecondFactorRow)).where(second_factor.c.person == person)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
        return SecondFactorRow(*found) if found else None

    async def begin_second_factor(self, row: SecondFactorRow) -> None:
        """Keep a secret that is not confirmed yet, in place of another such. Raises CallerError exists."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.delete(second_factor).where(
                    second_factor.c.person == row.person, second_factor.c.confirmed.is_(None)
                )
            )
            query = sa.select(second_factor.c.person).where(second_factor.c.person == row.person)
            if await connection.scalar(query) is not None:
                raise CallerError("there is an authenticator app already", code="exists", mend="Remove it first")
            await connection.execute(sa.insert(second_factor), shape.values(row))

    async def confirm_second_factor(self, person: str, step: int, at: int, recovery: Sequence[bytes]) -> None:
        """From now on the app counts, with these recovery codes (hashes). Raises CallerError not_found."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(second_factor)
                .where(second_factor.c.person == person, second_factor.c.confirmed.is_(None))
                .values(confirmed=at, last_step=step)
            )
            if not changed.rowcount:
                raise CallerError("there is no app that waits to be confirmed", code="not_found")
            await _recovery(connection, person, recovery)

    async def use_step(self, person: str, step: int) -> bool:
        """Whether the code of ``step`` is used here for the first time, and none after it was."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                sa.update(second_factor)
                .where(second_factor.c.person == person, second_factor.c.last_step < step)
                .values(last_step=step)
            )
            return bool(changed.rowcount)

    async def remove_second_factor(self, person: str) -> bool:
        """Forget the app and the recovery codes; whether there was one."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(second_factor).where(second_factor.c.person == person))
            await _recovery(connection, person, ())
            return bool(removed.rowcount)

    async def put_recovery_codes(self, person: str, hashes: Sequence[bytes]) -> None:
        """Other recovery codes in place of those that were left."""
        async with self._database.write() as connection:
            await _recovery(connection, person, hashes)

    async def use_recovery_code(self, person: str, hash: bytes) -> bool:
        """Spend a recovery code; whether there was one."""
        async with self._database.write() as connection:
            used = await connection.execute(
                sa.delete(recovery_code).where(recovery_code.c.person == person, recovery_code.c.hash == hash)
            )
            return bool(used.rowcount)

    async def count_recovery_codes(self, person: str) -> int:
        """How many recovery codes are left."""
        query = sa.select(sa.func.count()).select_from(recovery_code).where(recovery_code.c.person == person)
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def put_passkey(self, row: PasskeyRow) -> None:
        """Add a passkey. Raises CallerError exists, too_many."""
        async with self._database.write() as connection:
            count = sa.select(sa.func.count()).select_from(passkey).where(passkey.c.person == row.person)
            if (await connection.scalar(count) or 0) >= MAX_PASSKEYS:
                raise CallerError(f"{row.person} has {MAX_PASSKEYS} passkeys", code="too_many", mend="Remove some")
            if await connection.scalar(sa.select(passkey.c.id).where(passkey.c.id == row.id)) is not None:
                raise CallerError("this passkey is known already", code="exists")
            await connection.execute(sa.insert(passkey), shape.values(row))

    async def get_passkey(self, id: str) -> PasskeyRow | None:
        """The passkey, or None."""
        query = sa.select(*shape.columns(passkey, PasskeyRow)).where(passkey.c.id == id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
        return PasskeyRow(*found) if found else None

    async def list_passkeys(self, person: str) -> list[PasskeyRow]:
        """A person's passkeys, at most `MAX_PASSKEYS`, oldest first."""
        query = sa.select(*shape.columns(passkey, PasskeyRow)).where(passkey.c.person == person)
        async with self._database.read() as connection:
            return shape.rows(PasskeyRow, await connection.execute(query.order_by(passkey.c.created, passkey.c.id)))

    async def use_passkey(self, id: str, sign_count: int, at: int) -> None:
        """It was used, and has counted so far."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(passkey).where(passkey.c.id == id).values(sign_count=sign_count, used=at)
            )

    async def remove_passkey(self, person: str, id: str) -> None:
        """Forget a passkey. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(passkey).where(passkey.c.person == person, passkey.c.id == id))
            if not removed.rowcount:
                raise CallerError(f"{person} has no passkey {id[:80]!r}", code="not_found")

    async def find_foreign_person(self, issuer: str, subject: str) -> str | None:
        """Who ``subject`` of ``issuer`` is here, or None."""
        query = sa.select(foreign_person.c.person).where(
            foreign_person.c.issuer == issuer, foreign_person.c.subject == subject
        )
        async with self._database.read() as connection:
            found: str | None = await connection.scalar(query)
            return found

    async def put_foreign_person(
        self, issuer: str, subject: str, of: str, at: int, *, new: PersonRow | None = None
    ) -> None:
        """From now on ``subject`` of ``issuer`` is the person ``of``, with ``new`` added at the same time.

        Raises CallerError exists: they are somebody here already.
        """
        values = {"issuer": issuer, "subject": subject, "person": of, "created": at}
        query = sa.select(foreign_person.c.person).where(
            foreign_person.c.issuer == issuer, foreign_person.c.subject == subject
        )
        async with self._database.write() as connection:
            if await connection.scalar(query) is not None:
                raise CallerError("that account is linked to somebody already", code="exists")
            if new is not None:
                shape.check_id(new.id)
                await connection.execute(sa.insert(person), shape.values(new))
            await connection.execute(sa.insert(foreign_person), values)

    async def list_foreign_persons(self, of: str) -> list[tuple[str, str, int]]:
        """Issuer, subject and time of all that a person is elsewhere."""
        columns = (foreign_person.c.issuer, foreign_person.c.subject, foreign_person.c.created)
        query = sa.select(*columns).where(foreign_person.c.person == of).order_by(*columns[:2])
        async with self._database.read() as connection:
            return [(issuer, subject, at) for issuer, subject, at in await connection.execute(query)]

    async def remove_foreign_persons(self, of: str) -> None:
        """Forget who a person is elsewhere. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(foreign_person).where(foreign_person.c.person == of))
            if not removed.rowcount:
                raise CallerError(f"{of} has linked no account", code="not_found")


async def _recovery(connection: AsyncConnection, person: str, hashes: Sequence[bytes]) -> None:
    await connection.execute(sa.delete(recovery_code).where(recovery_code.c.person == person))
    if hashes:
        await connection.execute(sa.insert(recovery_code), [{"person": person, "hash": hash} for hash in hashes])
