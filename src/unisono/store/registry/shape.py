"""How rows and tables fit together: column lists, pages, ids that are allowed, text folded for searching.

Knows what every table's queries share. Knows no single table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from unisono.errors import CallerError

__all__ = [
    "PAGE_LIMIT",
    "SEPARATOR",
    "check_id",
    "chunks",
    "columns",
    "fold",
    "insert",
    "like",
    "naming",
    "page",
    "put",
    "rows",
    "values",
]

S = TypeVar("S", bound=msgspec.Struct)

# A page is held in memory whole; whoever wants more asks again with ``after``.
PAGE_LIMIT = 10_000
# Bound parameters of one statement: SQLite takes 32,766, and a statement's text is built anew for each length.
CHUNK = 1_000
# How many users of a place or model an error names before it only counts.
NAMED = 5

# Between texts that are searched together; no text searched for contains it (Unicode's unit separator).
SEPARATOR = "\x1f"

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# `me` stands for the signed-in thing in topics.
RESERVED_IDS = frozenset({"me"})


def check_id(value: str, field: str = "id") -> str:
    """``value`` if it is an allowed id of a thing, place or person; else CallerError bad_id."""
    if value in RESERVED_IDS:
        raise CallerError(f"{value!r} is reserved: it stands for the signed-in thing", code="bad_id", field=field)
    if ID_PATTERN.fullmatch(value) is None:
        raise CallerError(
            f"{value[:80]!r} is no allowed id",
            code="bad_id",
            field=field,
            expected="1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
        )
    return value


def columns(table: sa.Table, struct: type[msgspec.Struct]) -> list[sa.ColumnElement[Any]]:
    """The columns that fill ``struct``, in the order of its fields."""
    return [table.c[field] for field in struct.__struct_fields__]


def rows(struct: type[S], result: Iterable[Sequence[Any]]) -> list[S]:
    """Each row of a query over `columns` as ``struct``."""
    return [struct(*row) for row in result]


def values(row: msgspec.Struct) -> dict[str, Any]:
    """The fields of ``row`` as parameters."""
    return {field: getattr(row, field) for field in row.__struct_fields__}


def insert(connection: AsyncConnection, table: sa.Table) -> Any:
    """An INSERT that knows ``on_conflict_do_update`` in the dialect of ``connection``."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as dialect_insert
    else:
        from sqlalchemy.dialects.postgresql import insert as dialect_insert  # type: ignore[assignment]
    return dialect_insert(table)


async def put(
    connection: AsyncConnection, table: sa.Table, records: Sequence[dict[str, Any]], *, keep: Sequence[str] = ()
) -> None:
    """Insert ``records``; where the key exists, overwrite all but the key and the columns in ``keep``."""
    if not records:
        return
    statement = insert(connection, table)
    changed = {
        name: statement.excluded[name] for name in records[0] if not table.c[name].primary_key and name not in keep
    }
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed), records
    )


def page(query: Any, key: sa.ColumnElement[Any], after: str | None, limit: int) -> Any:
    """``query`` in the order of ``key``, from behind ``after``, at most ``limit`` (and `PAGE_LIMIT`) rows."""
    if after is not None:
        query = query.where(key > after)
    return query.order_by(key).limit(max(0, min(limit, PAGE_LIMIT)))


def chunks(items: Sequence[str], size: int = CHUNK) -> Iterator[list[str]]:
    """``items`` in lists of at most ``size``."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def fold(text: str) -> str:
    """``text`` as it is searched: case and width of letters (Ａ, a) do not count, in any script."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.replace(SEPARATOR, "")


def like(query: str) -> str:
    """A LIKE pattern (escape ``\\``) for texts that contain ``query`` as it is, after `fold`."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", fold(query)) + "%"


def naming(users: Sequence[str], total: int) -> str:
    """The first `NAMED` of ``users`` by name and the rest as a number, for errors."""
    shown = ", ".join(users[:NAMED])
    return shown if total <= NAMED else f"{shown} and {total - NAMED} more"
