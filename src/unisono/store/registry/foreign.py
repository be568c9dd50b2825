"""Names of things in the languages that devices speak, and products whose devices share a secret.

Knows ids and names. Knows nothing of what a dialect is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError
from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import ForeignRow, ProductRow
from unisono.store.registry.tables import foreign_name, foreign_product, place

__all__ = ["Foreign", "put_foreign_names"]


async def put_foreign_names(connection: AsyncConnection, rows: Sequence[ForeignRow]) -> None:
    """Name things within a transaction; what they call themselves may have changed. Raises CallerError exists: another
    thing is called so."""
    for row in rows:
        key = (foreign_name.c.dialect == row.dialect) & (foreign_name.c.name == row.name)
        known: str | None = await connection.scalar(sa.select(foreign_name.c.thing).where(key))
        if known is None:
            await connection.execute(sa.insert(foreign_name), shape.values(row))
        elif known != row.thing:
            raise CallerError(f"that device is the thing {known!r} already", code="exists", field="given")
        else:
            await connection.execute(sa.update(foreign_name).where(key).values(called=row.called))


class Foreign:
    """The names in dialects of a `Registry`."""

    _database: Database

    async def foreign_things(self, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The things that are called so, by dialect and name."""
        by_dialect: dict[str, list[str]] = {}
        for dialect, name in names:
            by_dialect.setdefault(dialect, []).append(name)
        found: dict[tuple[str, str], str] = {}
        async with self._database.read() as connection:
            for dialect, some in by_dialect.items():
                for part in shape.chunks(sorted(set(some))):
                    query = sa.select(foreign_name.c.name, foreign_name.c.thing).where(
                        foreign_name.c.dialect == dialect, foreign_name.c.name.in_(part)
                    )
                    found.update({(dialect, name): thing for name, thing in await connection.execute(query)})
        return found

    async def get_foreign(self, dialect: str, name: str) -> ForeignRow | None:
        """The thing that is called so, and what it calls itself, or None."""
        query = sa.select(*shape.columns(foreign_name, ForeignRow)).where(
            foreign_name.c.dialect == dialect, foreign_name.c.name == name
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ForeignRow(*found) if found else None

    async def foreign_names(self, things: Sequence[str], dialect: str | None = None) -> list[ForeignRow]:
        """What things are called, in one dialect or in all."""
        found: list[ForeignRow] = []
        async with self._database.read() as connection:
            for part in shape.chunks(sorted(set(things))):
                query = sa.select(*shape.columns(foreign_name, ForeignRow)).where(foreign_name.c.thing.in_(part))
                if dialect is not None:
                    query = query.where(foreign_name.c.dialect == dialect)
                ordered = query.order_by(foreign_name.c.dialect, foreign_name.c.name)
                found += shape.rows(ForeignRow, await connection.execute(ordered))
        return found

    async def get_product(self, dialect: str, product: str) -> ProductRow | None:
        """The product, or None."""
        query = sa.select(*shape.columns(foreign_product, ProductRow)).where(
            foreign_product.c.dialect == dialect, foreign_product.c.product == product
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return ProductRow(*found) if found else None

    async def list_products(self) -> list[ProductRow]:
        """All products."""
        query = sa.select(*shape.columns(foreign_product, ProductRow))
        ordered = query.order_by(foreign_product.c.dialect, foreign_product.c.product)
        async with self._database.read() as connection:
            return shape.rows(ProductRow, await connection.execute(ordered))

    async def put_product(self, row: ProductRow) -> None:
        """Add or change it. Raises CallerError not_found (the place)."""
        async with self._database.write() as connection:
            if not await connection.scalar(sa.select(sa.func.count()).where(place.c.id == row.place)):
                raise CallerError(f"there is no place {row.place!r}", code="not_found", field="place")
            await shape.put(connection, foreign_product, [shape.values(row)], keep=("created",))

    async def remove_product(self, dialect: str, product: str) -> None:
        """Raises CallerError not_found. Its devices stay."""
        key = (foreign_product.c.dialect == dialect) & (foreign_product.c.product == product)
        async with self._database.write() as connection:
            done = await connection.execute(sa.delete(foreign_product).where(key))
            if not done.rowcount:
                raise CallerError(f"there is no product {product!r}", code="not_found", field="product")
