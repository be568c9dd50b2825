"""What outlives a connection: a client's subscriptions, the messages that wait for it (bounded), and a will to come.

Knows the wire's `Session` and topic filters in their canonical form. Knows no sockets.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from unisono.access import Rights, may_hear
from unisono.wire.mqtt import Properties, Publish, Session, Will

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.sessions.lasting import Lasting
    from unisono.twin.talk import SignIn

__all__ = ["Message", "PendingWill", "SessionState", "Subscribed", "expiry_of", "is_text"]

#: Messages that wait for one client, and their bytes: past either the oldest go (and are counted). The usual bounds.
QUEUE_MESSAGES = 1_000
QUEUE_BYTES = 1024 * 1024


class Message(NamedTuple):
    """One message: as published (canonical topic), or on its way to one client in the form it subscribed to.

    ``expires_at``: wall time in microseconds from which it is not to be delivered any more, 0 for never; wall time
    because it outlives processes. ``properties`` keeps the interval as published: what is left of it is worked out
    when the message leaves. ``share``: the shared subscription (``$share/group/filter``) that it came through.
    ``number``: under which it is kept on disk for a session that lasts, else 0.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None
    expires_at: int = 0
    share: str = ""
    number: int = 0


def expiry_of(properties: Properties | None, at: int) -> int:
    """`Message.expires_at` of a message that came with these properties at ``at`` (wall time, microseconds)."""
    if properties is None or properties.message_expiry_interval is None:
        return 0
    return at + properties.message_expiry_interval * 1_000_000


def is_text(payload: bytes) -> bool:
    """Whether it is UTF-8, as the payload format indicator 1 says."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


class PendingWill(NamedTuple):
    """The will of a lost client whose will delay (MQTT 5 section 3.1.3.2.2) is not over. ``due_at``: monotonic time."""

    will: Will
    due_at: float
    identity: SignIn


class Subscribed(NamedTuple):
    """One subscription as it stands in a root place's tree. ``as_me``: deliver as ``things/me/...``."""

    session: SessionState
    qos: int
    as_me: bool
    no_local: bool
    retain_as_published: bool
    identifier: int | None
    share: str = ""


class SessionState:
    """One client's session. ``ids``: the things that it speaks for; ``rights``: None for a thing's plain ones.

    ``bounds``: messages that may wait, and their bytes. ``lasting``: what keeps it on disk, None when it ends with its
    connection; ``no``: its number there, 0 for none.
    """

    __slots__ = (
        "_bytes",
        "bounds",
        "connection",
        "dropped",
        "expires_at",
        "ids",
        "key",
        "lasting",
        "no",
        "queue",
        "rights",
        "root",
        "subscriptions",
        "thing",
        "will",
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
        self.no = 0
        self.lasting: Lasting | None = None
        self.wire: Session | None = None
        self.connection: Connection | None = None
        self.subscriptions: dict[str, Subscribed] = {}
        self.queue: deque[Message] | None = None
        self.expires_at = 0.0
        self.will: PendingWill | None = None
        self.dropped = 0
        self._bytes = 0

    def sees(self, topic: str) -> bool:
        """Whether this client may be shown a topic: ordinary ones, and ``things/`` of itself and its children."""
        if self.rights is not None:
            if topic.startswith("$SYS/"):
                return self.rights.kind != "claim"
            return may_hear(self.thing, self.ids, self.rights, topic)
        return not topic.startswith("things/") or topic.split("/", 2)[1] in self.ids

    def wait(self, message: Message) -> None:
        """Let a message wait: on disk, if the session lasts."""
        self.keep(message if self.lasting is None else self.lasting.offer(self, message))

    def go_on(self) -> None:
        """What waited for the disk is there."""
        if self.connection is not None:
            self.connection.send_waiting()

    def keep(self, message: Message) -> None:
        """Let a message wait; at the bound the oldest give way."""
        if self.queue is None:
            self.queue = deque()
        self.queue.append(message)
        self._bytes += len(message.payload)
        messages, size = self.bounds
        gone: list[int] = []
        while len(self.queue) > messages or (self._bytes > size and len(self.queue) > 1):
            oldest = self.queue.popleft()
            self._bytes -= len(oldest.payload)
            self.dropped += 1
            gone.append(oldest.number)
        if gone and self.lasting is not None:
            self.lasting.sunder(self, gone)

    def lose(self, numbers: set[int]) -> None:
        """Messages gave way at a bound that sessions share, or could not be kept."""
        if self.queue is not None:
            staying = deque(message for message in self.queue if message.number not in numbers)
            self.dropped += len(self.queue) - len(staying)
            self.queue = staying or None
            self._bytes = sum(len(message.payload) for message in staying)

    @property
    def queue_bytes(self) -> int:
        """What waits, in bytes."""
        return self._bytes

    def next_waiting(self, now: int) -> Message | None:
        """The first that waits and has not expired by ``now`` (wall time, microseconds); what has is dropped."""
        while self.queue:
            message = self.queue[0]
            if not message.expires_at or message.expires_at > now:
                return message
            self.sent()  # [MQTT-3.3.2-5]
            if self.lasting is not None:
                self.lasting.sunder(self, [message.number])
        return None

    def sent(self) -> None:
        """The first that waited is on its way."""
        assert self.queue is not None
        self._bytes -= len(self.queue.popleft().payload)
        if not self.queue:
            self.queue = None

    def give_back(self, over: bool) -> list[Message]:
        """Take out what came through shared subscriptions and another member of the group may have instead.

        That is what waits, and what was sent at QoS 1 and not acknowledged. Not what was sent at QoS 2: it is this
        client's alone, and goes when the session is over [MQTT-4.8.2-4, -5]. ``over``: the session has ended.
        """
        given: list[Message] = []
        if self.wire is not None:
            for packet_id, sent in list(self.wire.in_flight.items()):
                if sent is not None and sent.share and sent.qos == 1:
                    del self.wire.in_flight[packet_id]
                    number = 0 if self.lasting is None else self.lasting.number_of(self, packet_id)
                    given.append(_message_of(sent, number))
        if self.queue is not None:
            given += [message for message in self.queue if message.share]
            staying = deque(message for message in self.queue if not message.share and not over)
            self.queue = staying or None
            self._bytes = sum(len(message.payload) for message in staying)
        return given


def _message_of(sent: Publish, number: int) -> Message:
    return Message(
        sent.topic, sent.payload, sent.qos, sent.retain, sent.properties, sent.expires_at, sent.share, number
    )
