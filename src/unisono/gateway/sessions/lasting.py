"""Sessions that outlive their connection, between the gateway and what is kept on disk of them.

Knows sessions, connections and the keeper. What is said here to be safe is on disk; sessions that end with their
connection do not come here, except to have a will kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import UnisonoError
from unisono.gateway.sessions.keeper import Done, Keeper
from unisono.gateway.sessions.ledger import KeptWill, Record, Subscription
from unisono.gateway.sessions.session import Message, PendingWill, SessionState, Subscribed
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import Publish, Session, Will

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["Lasting", "Safe"]

SECOND = 1_000_000


class Safe:
    """Several things that must be on disk before somebody is answered; `future` tells the error that kept one from it.

    Made open: `close` it when everything was named.
    """

    def __init__(self) -> None:
        self.future: asyncio.Future[UnisonoError | None] = asyncio.get_running_loop().create_future()
        self._left = 1
        self._error: UnisonoError | None = None

    def expect(self) -> Callable[[UnisonoError | None], None]:
        """One more; returns what is to be called when it is on disk."""
        self._left += 1
        return self._one

    def expect_future(self, future: asyncio.Future[None]) -> None:
        self._left += 1
        future.add_done_callback(lambda _done: self._one(None))

    def close(self) -> asyncio.Future[UnisonoError | None]:
        self._one(None)
        return self.future

    def _one(self, error: UnisonoError | None) -> None:
        self._left -= 1
        self._error = self._error or error
        if not self._left and not self.future.done():
            self.future.set_result(self._error)


class Lasting:
    """One gateway's sessions that last. ``session_of(key)`` finds the live one."""

    def __init__(self, keeper: Keeper, session_of: Callable[[str], SessionState | None]) -> None:
        self.keeper = keeper
        self._session_of = session_of
        self._loop = asyncio.get_running_loop()
        keeper.on_sundered = self._sundered

    # coming and going

    def begin(
        self,
        session: SessionState,
        identity: SignIn,
        epoch: int,
        *,
        fresh: bool,
        expiry_s: float,
        at: int,
        will: Will | None,
        delay_s: int,
        done: Done,
    ) -> None:
        """A connection began; ``done`` when that is on disk, for a session that lasts. Messages are kept for such a
        one; of others only the will is."""
        if fresh:
            session.no = 0
        session.lasting = self if expiry_s or session.no else None
        if session.lasting is None and will is None:
            return
        kept = KeptWill(will, delay_s) if will is not None else None
        facts = msgspec.msgpack.encode(identity)
        session.no = self.keeper.begin(
            session.key,
            session.root,
            facts,
            fresh=fresh,
            epoch=epoch,
            expiry_s=expiry_s,
            at=at,
            will=kept,
            done=done if session.lasting is not None else None,
        )

    def leave(self, session: SessionState, at: int, lasts_s: float, will_due_at: int) -> None:
        """Its connection ended and it goes on. ``will_due_at`` 0: no will is to come."""
        if session.no:
            self.keeper.leave(session.no, at, at + int(lasts_s * SECOND), will_due_at)

    def will_is_out(self, session: SessionState) -> None:
        """Its will is in the log."""
        record = self.keeper.ledger.records.get(session.no)
        if record is not None:
            self.keeper.leave(session.no, record.left_at, record.expires_at)

    def end(self, session: SessionState) -> None:
        """The session is over; what was given to others of its groups is kept for them before."""
        if session.no:
            no, session.no = session.no, 0
            self.keeper.flush()
            self.keeper.end(no)

    def hear(self, session: SessionState, subscribed: dict[str, Subscribed], safe: Safe) -> None:
        kept = [
            Subscription(filter, s.qos, s.as_me, s.no_local, s.retain_as_published, s.identifier, s.share)
            for filter, s in subscribed.items()
        ]
        self.keeper.hear(session.no, kept, safe.expect())

    def unhear(self, session: SessionState, filters: list[str], safe: Safe) -> None:
        self.keeper.unhear(session.no, filters, safe.expect())

    # messages

    def offer(self, session: SessionState, message: Message) -> Message:
        """Keep a message for it; it leaves when it is on disk."""
        return message._replace(number=self.keeper.offer(session.no, message, session.go_on))

    def is_safe(self, message: Message) -> bool:
        return message.number <= self.keeper.settled

    def sunder(self, session: SessionState, numbers: list[int]) -> None:
        """These messages do not wait for it any more; what others have in their place is kept first."""
        if session.no and numbers:
            self._loop.call_soon(self._sunder, session.no, numbers)

    def _sunder(self, no: int, numbers: list[int]) -> None:
        self.keeper.flush()
        self.keeper.sunder(no, numbers)

    def number_of(self, session: SessionState, packet_id: int) -> int:
        """Of a message that was sent; 0 when it is not known."""
        record = self.keeper.ledger.records.get(session.no)
        return 0 if record is None else record.sent.get(packet_id, 0)

    def sent(self, connection: Connection, pairs: list[tuple[int, int]], exactly: bool) -> None:
        """Messages (packet id, number) are written to a connection; at QoS 2 (``exactly``) they leave once their packet
        ids are on disk: after a crash they have to be sent again under the same."""
        assert connection.session is not None
        if not exactly:
            self.keeper.send(connection.session.no, pairs)
            return
        connection.hold_back()
        self.keeper.send(connection.session.no, pairs, connection.let_go)

    def when_received(self, session: SessionState, packet_ids: list[int], then: Callable[[], None]) -> None:
        """PUBREC came: PUBREL leaves (``then``) when that is on disk."""
        self.keeper.receive(session.no, packet_ids, partial(_unless, then))

    def when_freed(self, session: SessionState, packet_ids: list[bytes], then: Callable[[], None]) -> None:
        """PUBREL came: PUBCOMP leaves when that is on disk, since the client may give the id again then."""
        self.keeper.free(session.no, b"".join(packet_ids), partial(_unless, then))

    def complete(self, session: SessionState, packet_ids: list[int]) -> None:
        self.keeper.complete(session.no, packet_ids)

    def _sundered(self, key: str, numbers: list[int]) -> None:
        session = self._session_of(key)
        if session is not None:
            session.lose(set(numbers))

    # after a restart

    def restore(self, session: SessionState, record: Record, identity: SignIn, now: int) -> None:
        """Make a session what its record says, away; who was connected when the gateway died left now."""
        session.no = record.no
        session.lasting = self if record.expiry_s else None
        if not record.left_at:
            due = now + record.will.delay_s * SECOND if record.will is not None else 0
            self.keeper.leave(record.no, now, now + int(record.expiry_s * SECOND), due)
        monotonic = time.monotonic()
        session.expires_at = monotonic + (record.expires_at - now) / SECOND
        if record.will is not None and record.will_due_at:
            session.will = PendingWill(record.will.will, monotonic + (record.will_due_at - now) / SECOND, identity)
        session.wire = self._wire_of(record)
        for number in record.waiting:
            kept = self.keeper.ledger.messages[number]
            session.keep(
                Message(
                    kept.topic,
                    kept.payload,
                    kept.qos,
                    kept.retain,
                    kept.properties,
                    kept.expires_at,
                    kept.share,
                    number,
                )
            )

    def subscriptions_of(self, record: Record, session: SessionState) -> dict[str, Subscribed]:
        return {
            filter: Subscribed(session, s.qos, s.as_me, s.no_local, s.retain_as_published, s.identifier, s.share)
            for filter, s in record.subscriptions.items()
        }

    def _wire_of(self, record: Record) -> Session:
        wire = Session()
        for packet_id, number in record.sent.items():
            kept = self.keeper.ledger.messages[number]
            wire.in_flight[packet_id] = Publish(
                kept.topic,
                kept.payload,
                kept.qos,
                kept.retain,
                True,
                packet_id,
                kept.properties,
                kept.expires_at,
                kept.share,
            )
        wire.in_flight.update(dict.fromkeys(record.received))
        wire.held.update(dict.fromkeys(record.held, True))
        return wire


def _unless(then: Callable[[], None], error: UnisonoError | None) -> None:
    """Not answered: the client asks again, and is answered when it can be kept."""
    if error is None:
        then()
