"""One device's socket: from its bytes to entries of the log, and from messages to its bytes.

Knows the wire's state machine, the committer and sessions. Nothing said at QoS 1 or 2 is answered before it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from unisono.access import Rights
from unisono.errors import CODES, UnisonoError
from unisono.gateway.asking import Asking
from unisono.gateway.clients import FLIGHT, TURN, Traffic
from unisono.gateway.clock import now_us
from unisono.gateway.door.attempts import FIRST_BYTES
from unisono.gateway.door.unfinished import LARGE
from unisono.gateway.events import HANDLERS
from unisono.gateway.fleet.peer import peer_certificate
from unisono.gateway.routing import Route
from unisono.gateway.sessions.session import Message, SessionState
from unisono.gateway.socket import Socket
from unisono.twin.record import Refused
from unisono.wire.mqtt import (
    Connect,
    Properties,
    PublishRun,
    ReasonCode,
    ServerConnection,
    State,
    Subscribed,
    Unsubscribed,
    Version,
    Will,
)

if TYPE_CHECKING:
    from unisono.gateway.commit import Committer
    from unisono.gateway.door.authentication import Proving
    from unisono.gateway.door.meter import Meter, Seat
    from unisono.gateway.fleet.homes import Arrival
    from unisono.gateway.server import Gateway
    from unisono.gateway.showing import Showing
    from unisono.gateway.speaking import LineHost
    from unisono.twin.talk import Certificate, SignIn

__all__ = ["Connection", "special_rights", "spoken_for"]

logger = logging.getLogger(__name__)

#: A client that does not read: past this much unsent, QoS 0 is dropped and the rest waits in its session.
WRITE_BUFFER_BYTES = 1024 * 1024
#: Past this much, only answers of ours can have gathered that the client never reads: it is cut off.
UNREAD_BYTES = 4 * WRITE_BUFFER_BYTES
#: A read of so much shows that more waits: others have their turn before it (a read has 256,000 bytes at most, and the
#: loop would read thirty-two times in a row). Less than `LIGHT_BYTES` is not what crowds the log.
TURN_BYTES = 64 * 1024
LIGHT_BYTES = 4 * 1024
#: The first refusals of a connection are logged; a device that errs in a loop must not fill the log.
REFUSALS = 20


def spoken_for(identity: SignIn) -> frozenset[str]:
    """The things that a client speaks for: none, when it is no thing."""
    return frozenset([identity.id, *identity.children]) if identity.rights.kind == "thing" else frozenset()


def special_rights(identity: SignIn) -> Rights | None:
    """None for what nearly every thing has: there is nothing to ask about each message then."""
    return None if identity.rights.kind == "thing" and not identity.rights.rules else identity.rights


class Connection(Socket):
    """One client, from its first byte to its last."""

    __slots__ = (
        "_first",
        "_refusals",
        "_slow",
        "address",
        "asking",
        "bridge",
        "certificate",
        "claim_code",
        "committer",
        "early",
        "epoch",
        "identity",
        "later",
        "line",
        "meter",
        "proving",
        "routes",
        "said",
        "seat",
        "session",
        "settled",
        "showing",
        "traffic",
        "transport_name",
        "vouched",
        "will",
        "wire",
    )

    def __init__(self, gateway: Gateway, arrival: Arrival | None = None) -> None:
        super().__init__(gateway)
        # what it says before it is let in: another gateway, where its session lives, has to hear it from the start
        self.early: bytes | None = b"" if gateway.admission.shares_clients and arrival is None else None
        self.vouched = arrival
        self.wire = ServerConnection(gateway.limits)
        self.identity: SignIn | None = None
        self.session: SessionState | None = None
        # retained messages that it is still to be shown
        self.showing: Showing | None = None
        self.committer: Committer | None = None
        self.epoch = 0
        self.address = ""
        # set by a TLS door that asked for one and checked it
        self.certificate: Certificate | None = None
        self.asking: Asking | None = None
        self.claim_code = ""
        self.will: Will | None = None
        self.routes: dict[str, Route] | None = None
        self._refusals = 0
        self._first = b""
        self._slow = False
        # runs handed to the log that go to somebody when they are on disk, and those that are: in their order
        self.said = self.settled = 0
        self.later: deque[tuple[int, Subscribed | Unsubscribed]] | None = None
        self.seat: Seat | None = None
        self.meter: Meter | None = None
        self.traffic: Traffic | None = None
        self.transport_name = "tcp"
        self.bridge = False
        self.line: LineHost | None = None
        self.proving: Proving | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of asyncio's
        if self.vouched is not None:
            host, _, port = self.vouched.address.rpartition(":")
            self.called((host, int(port or 0)), self.vouched.transport)
        elif self.seat is None:
            self.called(transport.get_extra_info("peername"), transport.get_extra_info("door", "tcp"))
        if transport.get_extra_info("ssl_object") is not None:
            self.certificate = peer_certificate(transport, self.gateway.authority)
        self.last_received = self.gateway.loop.time()
        self.gateway.opened(self)
        if self.vouched is not None:
            self.data_received(self.vouched.data)

    def called(self, peer: tuple[str, int] | None, over: str) -> None:
        """A socket was opened, and may stand at the beginning of a handshake: where from, and is there a seat?"""
        self.address = f"{peer[0]}:{peer[1]}" if peer else ""
        self.transport_name = over
        host = str(peer[0]) if peer else ""
        self.seat = self.gateway.doorman.enter(self, host, self.gateway.loop.time())

    def data_received(self, data: bytes) -> None:
        self.last_received = self.gateway.loop.time()
        if self.behind and self.transport is not None and self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._cut_off()
            return
        if self.traffic is None and len(self._first) < FIRST_BYTES:
            self._first += data[:FIRST_BYTES]
        if self.early is not None:
            self.early += data
        before = self.gateway.messages_in
        self._happened(self.wire.receive(data))
        self._count(len(data), self.gateway.messages_in - before)
        unfinished = self.wire.unfinished
        if unfinished > LARGE or self.gateway.unfinished.sizes:
            longest = self.gateway.unfinished.note(self, unfinished)
            if longest is not None:
                longest.take_no_more()

    def _count(self, size: int, messages: int) -> None:
        """What one read brought: count it, and see whether to read on at once."""
        traffic, committer = self.traffic, self.committer
        if traffic is None or committer is None:
            return
        traffic.bytes_in += size
        traffic.messages_in += messages
        if self.meter is not None:
            wait = self.meter.spend(messages, size, self.gateway.loop.time())
            if wait is not None:
                self.gateway.slow_down(self, wait)
        if committer.crowded and (size > LIGHT_BYTES or committer.full):
            self.gateway.hold(self)
        if size >= TURN_BYTES:
            self.hold(TURN)
            self.gateway.loop.call_soon(self.read_on, TURN)
        if self.wire.unanswered > self.gateway.allowed.connection.in_flight:
            self.gateway.doorman.hit("connection.in_flight")
            self.hold(FLIGHT)

    def resume_writing(self) -> None:
        """It reads again: what waited for it goes on."""
        self.behind = False
        self.send_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.gateway.closed(self, "lost")

    # events of the wire

    def _happened(self, events: list[Any]) -> None:
        for event in events:
            if self.transport is None:
                return
            HANDLERS[type(event)](self, event)

    def accepted(
        self,
        identity: SignIn,
        connect: Connect,
        session: SessionState,
        resumed: bool,
        told: Properties | None = None,
    ) -> None:
        """The gateway let it in: answer (``told`` besides), then take what it said meanwhile."""
        self.identity = identity
        self.session = session
        session.connection = self
        self.early = None
        if session.lasting is not None:
            self.hold_back()  # until its beginning is on disk
        self.committer = self.gateway.committer(identity.partition)
        self.traffic = Traffic(self.gateway.loop.time())
        self._first = b""
        assigned = session.key.partition("/")[2] if not connect.client_id and connect.version is Version.V5 else None
        told = told or Properties()
        keep_alive = self.gateway.policy.terms(self.wire, connect, session.key, told)
        answer = self.wire.accept(
            session_present=resumed,
            session=session.wire,
            assigned_client_id=assigned or None,
            server_keep_alive=keep_alive,
            properties=told,
            now=now_us(),
        )
        self.write(answer)
        if self.wire.state is State.CLOSED:
            self._cannot_be_told()
            return
        self.send_waiting()
        if self.line is not None:
            self.line.begin()
        before = self.gateway.messages_in
        self._happened(self.wire.receive(b""))
        self._count(0, self.gateway.messages_in - before)

    def _cannot_be_told(self) -> None:
        self.refuse("too_large", "", "its maximum packet size is smaller than CONNACK [MQTT-3.1.2-24]")
        self.gateway.closed(self, "protocol_error")
        self.close()

    def refused(self, reason: ReasonCode, detail: str, server_reference: str | None = None) -> None:
        """The gateway did not let it in."""
        self.write(self.wire.refuse(reason, detail=detail, server_reference=server_reference))
        self.close()

    def acknowledge(self, run: PublishRun, reason: ReasonCode = ReasonCode.SUCCESS) -> None:
        if run.qos == 1:
            self.write(self.wire.pubacks(run.packet_ids, reason))
        elif run.qos == 2:
            self.write(self.wire.pubrecs(run.packet_ids, reason))
        if self.holds & FLIGHT and self.wire.unanswered <= self.gateway.allowed.connection.in_flight // 2:
            self.read_on(FLIGHT)

    def not_taken(self, run: PublishRun, error: UnisonoError) -> None:
        """The log did not take it. MQTT 5 can say so; before, only an open end makes a client send again."""
        reason = ReasonCode(CODES[error.code].mqtt)
        if self.wire.version is Version.V5 and run.qos:
            self.answer_each(run, reason, str(error))
        elif run.qos:
            for packet_id in run.packet_ids:
                self.wire.session.held.pop(packet_id, None)  # at QoS 2: what comes again is to be taken
            self.close()

    def answer_each(self, run: PublishRun, reason: ReasonCode, detail: str) -> None:
        answer = self.wire.puback if run.qos == 1 else self.wire.pubrec
        for packet_id in run.packet_ids:
            self.write(answer(packet_id, reason, detail=detail))

    @property
    def bridges(self) -> bool:
        """Whether things may announce themselves through it."""
        return self.identity is not None and (self.identity.bridges or self.identity.rights.kind == "program")

    def renew(self, identity: SignIn) -> None:
        """What it may do changed: routes that were found are found anew."""
        assert self.session is not None
        self.identity = identity
        self.routes = None
        self.session.ids, self.session.rights = spoken_for(identity), special_rights(identity)
        if self.line is not None:
            self.line.refresh(identity)

    def broken_off(self, detail: str) -> None:
        """What carries the bytes is used wrongly, and MQTT has no word for it; the carrier has to say it."""
        if self.identity is None:
            self.gateway.doorman.broken(self, ReasonCode.MALFORMED_PACKET, "bad_frame", detail, self._first)
        self.refuse("bad_frame", "", detail)
        self.gateway.closed(self, "protocol_error")

    # out

    def deliver(self, message: Message) -> None:
        """Send a message now, or let it wait in the session while the client's window is full or it does not read.

        The window is of QoS 1 and 2 (section 4.9): QoS 0 goes on beside what waits for it.
        """
        assert self.session is not None
        transport = self.transport
        # where the session lasts, what waits may only wait for the disk
        behind = message.qos and self.session.queue and self.session.lasting is None
        if transport is None or behind or transport.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            before = self.session.dropped
            if message.qos:
                self.session.keep(message)
            else:
                self.session.dropped += 1
            if self.session.dropped != before and not self._slow:
                self._slow = True
                self.gateway.loop.call_soon(self._too_slow)  # not in the middle of a delivery to many
            return
        now = now_us() if message.expires_at else 0
        if now and now >= message.expires_at:
            return
        data = self.wire.deliver(*message[:-1], now=now)
        if data is None:
            self.session.keep(message)
            return
        self._sent(message.qos, len(data))
        self.gather(data)

    def _too_slow(self) -> None:
        """The first message was lost for it: say so once, and end it where that is the policy."""
        if self.transport is None or self.session is None:
            return
        own = self.gateway.allowed.connection
        self.gateway.doorman.hit("connection.queue")
        detail = f"it reads too slowly: {len(self.session.queue or ())} messages wait, others were dropped"
        self.refuse("too_many", "", detail)
        if own.slow == "disconnect":
            self.leave(ReasonCode.QUOTA_EXCEEDED, "slow")

    def send_waiting(self) -> None:
        """What waits goes on, as far as the client takes it; then what it is still to be shown."""
        session = self.session
        if session is None or session.connection is not self:
            return
        if session.queue is not None:
            self._send_queue(session, now_us())
        if self.showing is not None:
            self.showing.go_on(now_us())
            if self.showing.over:
                self.showing = None

    def _send_queue(self, session: SessionState, now: int) -> None:
        lasting = session.lasting
        pairs: list[tuple[int, int]] = []
        exactly = False
        ready: list[bytes] = []
        while self.transport is not None:
            message = session.next_waiting(now)
            if message is None or self.transport.get_write_buffer_size() > WRITE_BUFFER_BYTES:
                break
            if lasting is not None and (self.held_back or not lasting.is_safe(message)):
                break
            data = self.wire.deliver(*message[:-1], now=now)
            if data is None:
                break
            session.sent()
            self._sent(message.qos, len(data))
            if lasting is None:
                self.gather(data)
            elif data:
                pairs.append((self.wire.session.last_id, message.number))
                exactly = exactly or message.qos == 2
                ready.append(data)
            else:
                lasting.sunder(session, [message.number])
        if pairs and lasting is not None:
            lasting.sent(self, pairs, exactly)
            self.gather(b"".join(ready))

    def let_go(self, error: UnisonoError | None = None) -> None:
        """What was held back is safe now; with an error it is not, and the client has to come again."""
        self.held_back = False
        if error is not None:
            logger.warning("%s: its session cannot be kept: %s", self.address, error)
            self.gathered = None
            self.leave(ReasonCode.UNSPECIFIED_ERROR, "lost")
            return
        self.flush()
        if self.closes:
            self.close()
        self.send_waiting()

    def _sent(self, qos: int, size: int) -> None:
        tally, traffic = self.gateway.tally, self.traffic
        tally.sent[qos] += 1
        tally.sent_bytes[qos] += size
        if traffic is not None:
            traffic.messages_out += 1
            traffic.bytes_out += size

    def _cut_off(self) -> None:
        assert self.transport is not None
        self.refuse("too_many", "", f"the client leaves more than {UNREAD_BYTES} bytes of answers unread")
        self.gateway.closed(self, "protocol_error")
        self.transport.abort()

    def take_no_more(self) -> None:
        """All clients together have too many packets under way, and its is the oldest."""
        self.refuse("too_many", "", "a packet did not come whole, and too much waits for the rest of such packets")
        self.leave(ReasonCode.QUOTA_EXCEEDED, "protocol_error")

    def leave(self, reason: ReasonCode, why: str, server_reference: str | None = None) -> None:
        """Send it away; ``why`` as in `unisono.twin.record.Presence`."""
        self.write(self.wire.disconnect(reason, server_reference=server_reference))
        self.gateway.closed(self, why)
        self.close()

    def take_will(self) -> Will | None:
        will, self.will = self.will, None
        return will

    def refuse(self, code: str, topic: str, detail: str) -> None:
        """Make a refusal visible on the thing's page."""
        self.gateway.doorman.refused(code)
        self._refusals += 1
        if self.identity is None or self.committer is None or self._refusals > REFUSALS:
            return
        if self.identity.rights.kind != "thing":
            logger.info("%s at %s: %r refused: %s", self.identity.id, self.address, topic[:200], detail)
        else:
            self.committer.add(Refused(self.identity.id, topic, now_us(), code, detail), len(detail))

    def show_slow(self, detail: str) -> None:
        """Once a connection: that it is read more slowly than it sends, on the thing's page."""
        if self.meter is not None and not self.meter.shown:
            self.meter.shown = True
            self.refuse("too_many", "", detail)

    @property
    def first(self) -> bytes:
        """How it began, while it has not signed in."""
        return self._first

    def ordinary_topics(self, most: int) -> list[str]:
        """A few topics that it published to, and that mean nothing but a publication here: no thing's, no dialect's."""
        found = (topic for topic, known in (self.routes or {}).items() if known.thing is None and not self._read(known))
        return list(islice(found, most))

    def _read(self, known: Route) -> bool:
        """Whether values may be taken from it, of its own line or of what announces itself through it."""
        if known.asks == "bridge":
            assert self.session is not None
            return self.gateway.bridges.reads(self.session.root, known.topic)
        return bool(known.asks)

    @property
    def host(self) -> str:
        """Where it calls from, without the port."""
        return self.address.rpartition(":")[0]

    @property
    def here(self) -> str:
        """The address of ours that it has reached."""
        name = self.transport.get_extra_info("sockname") if self.transport is not None else None
        return str(name[0]) if name else ""

    @property
    def overdue_at(self) -> float:
        """Loop time at which silence counts as loss."""
        return self.wire.deadline(self.last_received)
