"""Retained messages outlive every gateway: a stream with the last message per root place and topic.

Knows the stream `RETAINED` through `unisono.store.table.Table`; the gateway keeps a copy in memory.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from unisono.gateway.session import Message
from unisono.wire.mqtt import Properties

__all__ = ["Retained", "Table"]


class _Kept(msgspec.Struct, array_like=True):
    """A retained message's value in the table; new fields are appended with a default."""

    payload: bytes
    qos: int
    properties: Properties | None = None
    expires_at: int = 0


_decoder = msgspec.msgpack.Decoder(_Kept)


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
                kept = _decoder.decode(value)
                message = Message(topic, kept.payload, kept.qos, True, kept.properties, kept.expires_at)
                found.append((root, topic, message))
        return found

    def keep(self, root: str, topic: str, message: Message | None) -> asyncio.Future[None]:
        """The future is done when it is on disk."""
        if message is None:
            return self._table.put(f"{root}/{topic}", b"")
        kept = _Kept(message.payload, message.qos, message.properties, message.expires_at)
        return self._table.put(f"{root}/{topic}", msgspec.msgpack.encode(kept))
