"""Retained messages outlive every gateway: a stream with the last message per root place and topic.

Knows the stream `RETAINED` through `unisono.store.table.Table`; the gateway keeps a copy in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from unisono.errors import HostError
from unisono.gateway.sessions.session import Message
from unisono.store.reader import Reader
from unisono.wire.mqtt import Properties

__all__ = ["Retained", "Table"]

logger = logging.getLogger(__name__)

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
    async def settled(self) -> None: ...
    async def catch_up(self) -> None: ...


class Retained:
    """Reads and writes retained messages. Keys are ``<root>/<topic>``; an empty value takes one away."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._reader: Reader | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asking_next: asyncio.Task[None] | None = None

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

    async def settled(self) -> None:
        """Return when all that was kept so far is on disk, where others read it."""
        await self._table.settled()

    def abreast(self) -> asyncio.Task[None]:
        """Done when all that is on disk by now, whoever kept it, has been handled here. Whoever asks while a question
        is on its way shares the next one: ten thousand who subscribe at once are a few questions."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._catch_up(None))
            return self._asking
        if self._asking_next is None or self._asking_next.done():
            self._asking_next = asyncio.create_task(self._catch_up(self._asking))
        return self._asking_next

    async def _catch_up(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
            self._asking, self._asking_next = self._asking_next, None
        try:
            await self._table.catch_up()
        except HostError as error:
            logger.warning("retained messages of other gateways may come late: %s", error)

    async def close(self) -> None:
        for task in (self._asking, self._asking_next):
            if task is not None:
                task.cancel()
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
