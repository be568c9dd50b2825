"""People, what they were granted, their tokens, and the setup code that lets in the first of them.

Knows rows and hashes. Knows nothing of what a role allows or how a password is checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import GrantRow, PersonRow, TokenRow
from unisono.store.registry.tables import grant, person, place, setup, token

__all__ = ["People"]


class People:
    """The people of a `Registry`."""

    _database: Database

    async def get_person(self, id: str) -> PersonRow | None:
        """The person, or None."""
        async with self._database.read() as connection:
            query = sa.select(*shape.columns(person, PersonRow)).where(person.c.id == id)
            found = (await connection.execute(query)).first()
            return PersonRow(*found) if found else None

    async def list_people(self, *, after: str | None = None, limit: int = 100) -> list[PersonRow]:
        """People in the order of their ids."""
        query = sa.select(*shape.columns(person, PersonRow))
        async with self._database.read() as connection:
            return shape.rows(PersonRow, await connection.execute(shape.page(query, person.c.id, after, limit)))

    async def put_person(self, row: PersonRow, *, new: bool = False) -> None:
        """Add or change a person (a change keeps the time of creation). Raises CallerError bad_id, exists."""
        shape.check_id(row.id)
        async with self._database.write() as connection:
            if new and await _is_person(connection, row.id):
                raise CallerError(f"there is a person {row.id!r} already", code="exists", field="id")
            await shape.put(connection, person, [shape.values(row)], keep=("created",))

    async def remove_person(self, id: str) -> None:
        """Remove a person with tokens and grants. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(person).where(person.c.id == id))
            if not removed.rowcount:
                raise CallerError(f"there is no person {id!r}", code="not_found")

    async def grants(self, person_id: str, *, now: int | None = None) -> list[GrantRow]:
        """What a person was granted, in the order of the places' ids; with ``now`` only what has not ended by then."""
        query = sa.select(*shape.columns(grant, GrantRow)).where(grant.c.person == person_id).order_by(grant.c.place)
        if now is not None:
            query = query.where(grant.c.expires.is_(None) | (grant.c.expires > now))
        async with self._database.read() as connection:
            return shape.rows(GrantRow, await connection.execute(query))

    async def people_at(self, places: Sequence[str]) -> list[tuple[PersonRow, GrantRow]]:
        """Who holds a role at one of ``places`` (not below them), in the order of ids; at most a page of them."""
        query = (
            sa.select(*shape.columns(person, PersonRow), *shape.columns(grant, GrantRow))
            .join(grant, grant.c.person == person.c.id)
            .where(grant.c.place.in_(places))
            .order_by(person.c.id, grant.c.place)
            .limit(shape.PAGE_LIMIT)
        )
        fields = len(PersonRow.__struct_fields__)
        async with self._database.read() as connection:
            found = await connection.execute(query)
            return [(PersonRow(*row[:fields]), GrantRow(*row[fields:])) for row in found]

    async def people_with_role(self) -> list[PersonRow]:
        """Who holds a role on the whole hub, in the order of ids; at most a page of them."""
        query = sa.select(*shape.columns(person, PersonRow)).where(person.c.role != "")
        async with self._database.read() as connection:
            found = await connection.execute(shape.page(query, person.c.id, None, shape.PAGE_LIMIT))
            return shape.rows(PersonRow, found)

    async def put_grant(self, row: GrantRow) -> None:
        """Give a person a role at a place, instead of the one held there. Raises CallerError not_found."""
        async with self._database.write() as connection:
            await _require_person(connection, row.person)
            if await connection.scalar(sa.select(place.c.id).where(place.c.id == row.place)) is None:
                raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
            await shape.put(connection, grant, [shape.values(row)])

    async def remove_grant(self, person_id: str, place_id: str) -> None:
        """Take a role back. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(
                sa.delete(grant).where(grant.c.person == person_id, grant.c.place == place_id)
            )
            if not removed.rowcount:
                raise CallerError(f"{person_id!r} has no role at {place_id!r}", code="not_found")

    async def put_token(self, row: TokenRow) -> None:
        """Add a token. Raises CallerError not_found (no such person), exists."""
        async with self._database.write() as connection:
            await _require_person(connection, row.person)
            await connection.execute(sa.insert(token), shape.values(row))

    async def find_token(self, hash: bytes) -> tuple[TokenRow, PersonRow] | None:
        """The token with that hash and its person, or None. Whether it has expired is the caller's to see."""
        return await self._token(token.c.hash == hash)

    async def get_token(self, id: str) -> tuple[TokenRow, PersonRow] | None:
        """As `find_token`, by the token's id."""
        return await self._token(token.c.id == id)

    async def _token(self, condition: sa.ColumnElement[bool]) -> tuple[TokenRow, PersonRow] | None:
        query = (
            sa.select(*shape.columns(token, TokenRow), *shape.columns(person, PersonRow))
            .join(person, person.c.id == token.c.person)
            .where(condition)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            if found is None:
                return None
            fields = len(TokenRow.__struct_fields__)
            return TokenRow(*found[:fields]), PersonRow(*found[fields:])

    async def list_tokens(
        self,
        person_id: str | None = None,
        *,
        session: bool | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[TokenRow]:
        """Tokens in the order of their ids, of one person or of all."""
        query = sa.select(*shape.columns(token, TokenRow))
        if person_id is not None:
            query = query.where(token.c.person == person_id)
        if session is not None:
            query = query.where(token.c.session == session)
        async with self._database.read() as connection:
            return shape.rows(TokenRow, await connection.execute(shape.page(query, token.c.id, after, limit)))

    async def remove_token(self, id: str) -> None:
        """Revoke a token. Raises CallerError not_found."""
        async with self._database.write() as connection:
            removed = await connection.execute(sa.delete(token).where(token.c.id == id))
            if not removed.rowcount:
                raise CallerError(f"there is no token {id!r}", code="not_found")

    async def touch_token(self, id: str, at: int, address: str) -> None:
        """A token was used at that moment, from there."""
        async with self._database.write() as connection:
            await connection.execute(sa.update(token).where(token.c.id == id).values(seen=at, address=address))

    async def remove_sessions(self, person_id: str, *, but: str = "") -> list[str]:
        """Sign a person out everywhere, except for the session ``but``; the ids of the sessions that ended."""
        condition = sa.and_(token.c.person == person_id, token.c.session, token.c.id != but)
        async with self._database.write() as connection:
            return list((await connection.execute(sa.delete(token).where(condition).returning(token.c.id))).scalars())

    async def put_grants(self, person_id: str, rows: Sequence[GrantRow]) -> None:
        """Give a person these roles instead of all that they held. Raises CallerError not_found."""
        async with self._database.write() as connection:
            await _require_person(connection, person_id)
            await connection.execute(sa.delete(grant).where(grant.c.person == person_id))
            if rows:
                await connection.execute(sa.insert(grant), [shape.values(row) for row in rows])

    async def remove_expired_tokens(self, now: int) -> int:
        """Forget tokens that expired before ``now``; how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(token).where(token.c.expires < now))).rowcount

    async def put_setup_code(self, code_hash: bytes, *, created: int, expires: int | None = None) -> None:
        """Make a setup code valid, and every other one that was not used invalid."""
        async with self._database.write() as connection:
            await connection.execute(sa.delete(setup).where(setup.c.used_at.is_(None)))
            await connection.execute(
                sa.insert(setup), {"code_hash": code_hash, "created": created, "expires": expires, "used_at": None}
            )

    async def has_setup_code(self, *, now: int) -> bool:
        """Whether there is a setup code that may still be used."""
        async with self._database.read() as connection:
            usable = setup.c.used_at.is_(None) & (setup.c.expires.is_(None) | (setup.c.expires >= now))
            return await connection.scalar(sa.select(setup.c.created).where(usable).limit(1)) is not None

    async def use_setup_code(
        self, code_hash: bytes, administrator: PersonRow, tokens: Sequence[TokenRow] = (), *, now: int
    ) -> None:
        """Spend a setup code on its one use: in the same transaction the first administrator is added.

        Raises CallerError bad_credentials for a code that is unknown, used or expired; bad_id, exists.
        """
        shape.check_id(administrator.id)
        async with self._database.write() as connection:
            used = await connection.execute(
                sa.update(setup)
                .where(setup.c.code_hash == code_hash, setup.c.used_at.is_(None))
                .where(setup.c.expires.is_(None) | (setup.c.expires >= now))
                .values(used_at=now)
            )
            if not used.rowcount:
                raise CallerError(
                    "this setup link is unknown, was used or has expired",
                    code="bad_credentials",
                    mend="Restart the hub for a new link, or sign in",
                )
            if await _is_person(connection, administrator.id):
                raise CallerError(f"there is a person {administrator.id!r} already", code="exists", field="id")
            await connection.execute(sa.insert(person), shape.values(administrator))
            if tokens:
                await connection.execute(sa.insert(token), [shape.values(row) for row in tokens])


async def _is_person(connection: AsyncConnection, id: str) -> bool:
    return await connection.scalar(sa.select(person.c.id).where(person.c.id == id)) is not None


async def _require_person(connection: AsyncConnection, id: str) -> None:
    if not await _is_person(connection, id):
        raise CallerError(f"there is no person {id!r}", code="not_found", field="person")
