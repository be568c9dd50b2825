"""What the tests ask of every client library, in one shape, so that one table of scenes is played with all of them.

Knows MQTT's words and the hub's doors. Each library's own words are in a file of its own beside this one.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path

__all__ = ["HEARD_WITHIN_S", "Door", "Message", "Peer", "RefusedError"]

HEARD_WITHIN_S = 20.0
"""How long a message may take: a busy machine's worst, not what is usual."""


@dataclass(frozen=True)
class Door:
    """One way in: ``kind`` is tcp, tls, ws or wss; ``ca`` the file with the hub's CA."""

    kind: str
    port: int
    ca: Path | None = None
    host: str = "127.0.0.1"

    @property
    def web(self) -> bool:
        return self.kind in ("ws", "wss")

    @property
    def tls(self) -> ssl.SSLContext | None:
        """A context that trusts the hub's CA and checks the name."""
        if self.ca is None:
            return None
        return ssl.create_default_context(cafile=str(self.ca))


@dataclass(frozen=True)
class Message:
    """A message with what version 5 can say of it."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    user: tuple[tuple[str, str], ...] = field(default=())

    def plain(self) -> Message:
        """Without the retain flag, which says how a message came rather than what it is."""
        return replace(self, retain=False)


class RefusedError(Exception):
    """The hub did not let the client in; ``reason`` is CONNACK's."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"refused with {reason}")
        self.reason = reason


class Peer(ABC):
    """One client of some library; `open` may be called again after `close` or `drop`. ``version``: 4 or 5."""

    def __init__(self, door: Door, version: int) -> None:
        self.door = door
        self.version = version
        self.heard: asyncio.Queue[Message] = asyncio.Queue()

    @abstractmethod
    async def open(
        self, user: str, secret: str, *, client_id: str = "", lasting: bool = False, will: Message | None = None
    ) -> None:
        """Connect and sign in; ``lasting``: with a session that outlives the connection. Raises `RefusedError`."""

    @abstractmethod
    async def subscribe(self, filter: str, qos: int) -> int:
        """The reason code that the hub answers."""

    @abstractmethod
    async def publish(self, message: Message) -> None:
        """Send it, and where the library tells, wait until it is acknowledged."""

    @abstractmethod
    async def close(self) -> None:
        """DISCONNECT."""

    @abstractmethod
    async def drop(self) -> None:
        """Be lost: the connection ends without DISCONNECT."""

    async def next(self) -> Message:
        """The next message that came."""
        async with asyncio.timeout(HEARD_WITHIN_S):
            return await self.heard.get()

    @abstractmethod
    async def end(self) -> None:
        """Whatever the library keeps running, goes."""
