"""Retained messages for new subscriptions, no faster than the client takes them.

Knows a place's retained messages and one connection. A home can retain 16 MB, which is more than may wait for a client:
so what is still to be shown is looked for only when there is room for it, and a few topics at a time, since who
subscribes to a thousand filters beside sixty thousand retained messages is not to hold up everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unisono.gateway.routing import Place, hand_over, target_of
from unisono.gateway.sessions.session import Message
from unisono.wire.mqtt import is_wild, matches

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["LOOKED_AT", "UNSENT_BYTES", "Showing"]

#: Retained messages that are looked at before others have their turn: 1 ms of the loop.
LOOKED_AT = 1_000
#: The same when the connection is gone: there is no later turn.
LOOKED_AFTERWARDS = 10 * LOOKED_AT
#: Past so much that the socket has not taken, nothing more is shown: half of where QoS 0 begins to be dropped.
UNSENT_BYTES = 512 * 1024


class Showing:
    """What one connection is still to be shown; `go_on` whenever it may have room."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self._filters: dict[str, int] = {}
        self._filter = ""
        self._upto = 0
        self._found: Iterator[Message] = iter(())
        self._next: Message | None = None
        self._scheduled = False

    def add(self, filter: str) -> None:
        """A filter was subscribed to, just now: what is retained from now on reaches it as it is published."""
        self._filters[filter] = self._place.retained_last

    @property
    def over(self) -> bool:
        return self._next is None and not self._filter and not self._filters

    def go_on(self, now: int) -> None:
        """Show what there is room for; ``now``: wall time, microseconds."""
        looked = 0
        while not self._scheduled:
            if self._next is None:
                looked += 1
                if looked > LOOKED_AT:
                    self._scheduled = True
                    self._connection.gateway.loop.call_soon(self._again)
                    return
                self._next = self._look(now)
                if self._next is None:
                    if self.over:
                        return
                    continue
            if not self._has_room(self._next):
                return
            message, self._next = self._next, None
            self._show(message)

    def _show(self, message: Message) -> None:
        session = self._connection.session
        subscribed = session.subscriptions.get(self._filter) if session is not None else None
        if subscribed is not None:  # it may have unsubscribed meanwhile
            hand_over(target_of((subscribed,)), message, retain=True)  # [MQTT-3.3.1-8]

    def _again(self) -> None:
        self._scheduled = False
        self._connection.send_waiting()

    def _look(self, now: int) -> Message | None:
        """One retained message further: it, when it is to be shown."""
        session = self._connection.session
        message = next(self._found, None)
        if message is None or session is None or self._filter not in session.subscriptions:
            self._begin_next()
            return None
        topic = message.topic
        if self._place.retained.get(topic) is not message:
            return None  # another is in its place since, and was delivered
        if (message.expires_at and message.expires_at <= now) or not session.sees(topic):
            return None
        return message if matches(self._filter, topic) else None

    def _begin_next(self) -> None:
        self._filter, self._found = "", iter(())
        if not self._filters:
            return
        self._filter = next(iter(self._filters))
        upto = self._filters.pop(self._filter)
        retained = self._place.retained
        if is_wild(self._filter):
            found = list(retained.values())
        else:
            one = retained.get(self._filter)
            found = [] if one is None else [one]
        self._found = (message for message in found if message.number <= upto)

    def _has_room(self, message: Message) -> bool:
        """Whether it would neither be dropped nor push out what waits already."""
        connection, session = self._connection, self._connection.session
        transport = connection.transport
        if transport is None or session is None or connection.held_back:
            return False
        if transport.get_write_buffer_size() > UNSENT_BYTES:
            return False
        messages, size = session.bounds
        waiting = len(session.queue or ())
        return not waiting or (waiting < messages // 2 and session.queue_bytes + len(message.payload) <= size // 2)

    def leave(self, now: int) -> None:
        """The connection is gone and its session goes on: what was to be shown waits like any other, as far as the
        queue reaches and can be found at once."""
        session = self._connection.session
        assert session is not None
        for _look in range(LOOKED_AFTERWARDS):
            if self.over or len(session.queue or ()) >= session.bounds[0]:
                return
            message, self._next = self._next or self._look(now), None
            if message is not None:
                self._show(message)
