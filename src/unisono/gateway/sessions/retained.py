"""Retained messages outlive every gateway: a stream with the last message per root place and topic.

Knows the stream `RETAINED` through `unisono.store.table.Table`; the gateway keeps a copy in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Protocol

import msgspec

from unisono.gateway.sessions.session import Message
from unisono.store.reader import Reader
from unisono.wire.mqtt import Properties

__all__ = ["Retained", "Table"]

#: Bytes of a topic that are its key as they are; a subject of 4 KB would break the connection to NATS.
LONGEST = 1024


class _Kept(msgspec.Struct, array_like=True):
    """A retained message's value in the table; new fields are appended with a default."""

    payload: bytes
    qos: int
    properties: Properties | None = None
    expires_at: int = 0
    root: str = ""
    topic: str = ""


_decoder = msgspec.msgpack.Decoder(_Kept)


class Table(Protocol):
    """The part of `unisono.store.table.Table` that is needed: the last value per key, durable."""

    async def load(self) -> dict[str, bytes]: ...
    async def follow(self, handler: Callable[[bytes], None]) -> Reader: ...
    def put(self, key: str, value: bytes) -> asyncio.Future[None]: ...


class Retained:
    """Reads and writes retained messages. Keys are ``<root>/<topic>``; an empty value takes one away."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._reader: Reader | None = None

    async def load(self) -> list[tuple[str, str, Message]]:
        """(root place, topic, message) of every retained message."""
        found = []
        for key, value in (await self._table.load()).items():
            kept = _decoder.decode(value)
            root, topic = (kept.root, kept.topic) if kept.root else key.split("/", 1)
            message = _message(topic, kept)
            if message is not None:
                found.append((root, topic, message))
        return found

    async def follow(self, handler: Callable[[str, str, Message | None], None]) -> None:
        """Call ``handler(root place, topic, message)`` for what any gateway keeps from `load` on, ours too, in the
        order in which it is stored."""

        def take(value: bytes) -> None:
            kept = _decoder.decode(value)
            handler(kept.root, kept.topic, _message(kept.topic, kept))

        self._reader = await self._table.follow(take)

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.stop()

    def keep(self, root: str, topic: str, message: Message | None) -> asyncio.Future[None]:
        """The future is done when it is on disk."""
        if message is None:
            kept = _Kept(b"", 0, root=root, topic=topic)
        else:
            kept = _Kept(message.payload, message.qos, message.properties, message.expires_at, root, topic)
        return self._table.put(_key(root, topic), msgspec.msgpack.encode(kept))


def _message(topic: str, kept: _Kept) -> Message | None:
    """None: it was taken away."""
    if not kept.payload:
        return None
    return Message(topic, kept.payload, kept.qos, True, kept.properties, kept.expires_at)


def _key(root: str, topic: str) -> str:
    """A key stands in a NATS subject, which may not be as long as a topic."""
    if len(topic.encode()) <= LONGEST:
        return f"{root}/{topic}"
    return f"{root}/#{hashlib.blake2b(topic.encode(), digest_size=16).hexdigest()}"  # no topic has a # in it
