"""What outlives a connection: a client's subscriptions and the messages that wait for it, bounded.

Knows the wire's `Session` and topic filters in their canonical form. Knows no sockets.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from unisono.access import Rights, may_hear
from unisono.wire.mqtt import Properties, Session

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["Message", "SessionState", "Subscribed"]

#: Messages that wait for one client, and their bytes: past either the oldest go (and are counted). The usual bounds.
QUEUE_MESSAGES = 1_000
QUEUE_BYTES = 1024 * 1024


class Message(NamedTuple):
    """One message on its way to a client, in the form it subscribed to."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None


class Subscribed(NamedTuple):
    """One subscription as it stands in a root place's tree. ``as_me``: deliver as ``things/me/...``."""

    session: SessionState
    qos: int
    as_me: bool
    no_local: bool
    retain_as_published: bool
    identifier: int | None


class SessionState:
    """One client's session. ``ids``: the things that it speaks for; ``rights``: None for a thing's plain ones.

    ``bounds``: messages that may wait, and their bytes.
    """

    __slots__ = (
        "_bytes",
        "bounds",
        "connection",
        "dropped",
        "expires_at",
        "ids",
        "key",
        "queue",
        "rights",
        "root",
        "subscriptions",
        "thing",
        "wire",
    )

    def __init__(
        self,
        key: str,
        thing: str,
        root: str,
        ids: frozenset[str],
        rights: Rights | None = None,
        *,
        bounds: tuple[int, int] = (QUEUE_MESSAGES, QUEUE_BYTES),
    ) -> None:
        self.bounds = bounds
        self.key = key
        self.thing = thing
        self.root = root
        self.ids = ids
        self.rights = rights
        self.wire: Session | None = None
        self.connection: Connection | None = None
        self.subscriptions: dict[str, Subscribed] = {}
        self.queue: deque[Message] | None = None
        self.expires_at = 0.0
        self.dropped = 0
        self._bytes = 0

    def sees(self, topic: str) -> bool:
        """Whether this client may be shown a topic: ordinary ones, and ``things/`` of itself and its children."""
        if self.rights is not None:
            return may_hear(self.thing, self.ids, self.rights, topic)
        return not topic.startswith("things/") or topic.split("/", 2)[1] in self.ids

    def keep(self, message: Message) -> None:
        """Let a message wait; at the bound the oldest give way."""
        if self.queue is None:
            self.queue = deque()
        self.queue.append(message)
        self._bytes += len(message.payload)
        messages, size = self.bounds
        while len(self.queue) > messages or (self._bytes > size and len(self.queue) > 1):
            self._bytes -= len(self.queue.popleft().payload)
            self.dropped += 1

    @property
    def queue_bytes(self) -> int:
        """What waits, in bytes."""
        return self._bytes

    def next_waiting(self) -> Message | None:
        return self.queue[0] if self.queue else None

    def sent(self) -> None:
        """The first that waited is on its way."""
        assert self.queue is not None
        self._bytes -= len(self.queue.popleft().payload)
        if not self.queue:
            self.queue = None
