"""Shared subscriptions (MQTT 5 section 4.8.2): each message goes to one member of a group.

Knows sessions. Knows no sockets and nothing of how a message is handed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from unisono.gateway.sessions.session import SessionState, Subscribed

__all__ = ["Group"]


class Group:
    """The members of one ``$share/group/filter`` in a root place; they take turns."""

    __slots__ = ("_members", "_turn", "share")

    def __init__(self, share: str) -> None:
        self.share = share
        self._members: list[Subscribed] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._members)

    def put(self, subscribed: Subscribed) -> None:
        """Add a member, or replace its subscription."""
        for at, member in enumerate(self._members):
            if member.session is subscribed.session:
                self._members[at] = subscribed
                return
        self._members.append(subscribed)

    def remove(self, session: SessionState) -> None:
        self._members = [member for member in self._members if member.session is not session]

    def choose(self, topic: str, qos: int, leaving: SessionState | None = None) -> Subscribed | None:
        """Whose turn it is among those who may see the topic: who reads along, else who is connected, else - at QoS 1
        and 2 - who is away but has a session. Never ``leaving``."""
        connected: int | None = None
        away: int | None = None
        for at in self._in_turn():
            member = self._members[at]
            session = member.session
            if session is leaving or not session.sees(topic):
                continue
            if session.connection is None:
                if away is None and qos and member.qos:
                    away = at
            elif session.queue is None:
                return self._take(at)
            elif connected is None:
                connected = at
        found = connected if connected is not None else away
        return None if found is None else self._take(found)

    def someone_is_there(self, leaving: SessionState) -> bool:
        """Whether a connected member besides ``leaving`` could take over."""
        return any(m.session.connection is not None for m in self._members if m.session is not leaving)

    def _in_turn(self) -> Iterator[int]:
        count = len(self._members)
        return ((self._turn + step) % count for step in range(count))

    def _take(self, at: int) -> Subscribed:
        self._turn = at + 1
        return self._members[at]
