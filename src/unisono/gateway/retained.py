"""Retained messages outlive every gateway: a stream with the last message per root place and topic.

Knows the stream `RETAINED` through `unisono.store.table.Table`; the gateway keeps a copy in memory.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from unisono.gateway.session import Message

__all__ = ["Retained", "Table"]


class Table(Protocol):
    """The part of `unisono.store.table.Table` that is needed: the last value per key, durable."""

    async def load(self) -> dict[str, bytes]: ...
    def put(self, key: str, value: bytes) -> asyncio.Future[None]: ...


class Retained:
    """Reads and writes retained messages. Keys are ``<root>/<topic>``; an empty value takes one away."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def load(self) -> list[tuple[str, str, Message]]:
        """(root place, topic, message) of every retained message."""
        found = []
        for key, value in (await self._table.load()).items():
            root, topic = key.split("/", 1)
            if value:
                payload, qos = msgspec.msgpack.decode(value, type=tuple[bytes, int])
                found.append((root, topic, Message(topic, payload, qos, True, None)))
        return found

    def keep(self, root: str, topic: str, message: Message | None) -> asyncio.Future[None]:
        """The future is done when it is on disk."""
        kept = b"" if message is None else msgspec.msgpack.encode((message.payload, message.qos))
        return self._table.put(f"{root}/{topic}", kept)
