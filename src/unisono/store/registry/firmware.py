"""Firmware that things may fetch: one for each, in the registry as it came.

Knows rows and bytes. Knows nothing of how a device asks for them.
"""

from __future__ import annotations

import sqlalchemy as sa

from unisono.store.registry import shape
from unisono.store.registry.database import Database
from unisono.store.registry.rows import FirmwareRow
from unisono.store.registry.tables import firmware

__all__ = ["Firmwares"]


class Firmwares:
    """The firmware of a `Registry`'s things."""

    _database: Database

    async def put_firmware(self, row: FirmwareRow, body: bytes) -> None:
        """In place of what was there before."""
        async with self._database.write() as connection:
            await shape.put(connection, firmware, [{**shape.values(row), "body": body}])

    async def get_firmware(self, thing: str) -> FirmwareRow | None:
        """What is there for a thing, or None."""
        query = sa.select(*shape.columns(firmware, FirmwareRow)).where(firmware.c.thing == thing)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return FirmwareRow(*found) if found else None

    async def read_firmware(self, thing: str, offset: int, size: int) -> bytes:
        """A part of its bytes; none behind its end."""
        part = sa.func.substr(firmware.c.body, offset + 1, size, type_=sa.LargeBinary)
        async with self._database.read() as connection:
            found = await connection.scalar(sa.select(part).where(firmware.c.thing == thing))
            return bytes(found or b"")

    async def remove_firmware(self, thing: str) -> bool:
        """Whether there was any."""
        async with self._database.write() as connection:
            done = await connection.execute(sa.delete(firmware).where(firmware.c.thing == thing))
            return bool(done.rowcount)
