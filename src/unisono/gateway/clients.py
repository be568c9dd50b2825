"""Who is connected, with what, since when and at what rate; and what a gateway tells of itself for ``/metrics``.

Knows connections and sessions from outside: looks when asked, costs nothing otherwise but a few counters per chunk.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from unisono.gateway.clock import now_us
from unisono.gateway.commit import Latency
from unisono.gateway.door.attempts import PROTOCOLS
from unisono.twin.talk import ask_gateway
from unisono.twin.visitors import ClientsAnswer, ClientsAsk, ClientView, Kick, Series
from unisono.wire.mqtt import ReasonCode

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.server import Gateway

__all__ = ["CROWDED", "FLIGHT", "HELD", "ORDER", "RATE", "TURN", "Traffic", "roll", "series", "serve_visitors", "view"]

#: Rates are taken over at least so long: shorter, one message looks like a storm.
RATE_S = 5.0
#: Most clients in one answer: 500 of some 300 bytes fit a message of the bus many times.
PAGE = 500
#: Topics that are no thing's, of one client.
ORDINARY = 5
#: Filters of one client that are told.
FILTERS = 200

#: Why a connection is not read just now, as bits of `Connection.holds`: too much waits for the disk; it is above its
#: rate; it has too much unanswered; others have their turn; it subscribes, and its own messages come first.
CROWDED, RATE, FLIGHT, TURN, ORDER = 1, 2, 4, 8, 16
HELD = {CROWDED: "crowded", RATE: "rate", FLIGHT: "in flight", TURN: "turn", ORDER: "order"}


class Traffic:
    """What one connection said and was told, and the same at the last two looks."""

    __slots__ = ("_before", "_mark", "bytes_in", "bytes_out", "messages_in", "messages_out", "since")

    def __init__(self, now: float) -> None:
        self.since = now_us()
        self.messages_in = 0
        self.bytes_in = 0
        self.messages_out = 0
        self.bytes_out = 0
        self._before = self._mark = (now, 0, 0, 0, 0)

    def _now(self, now: float) -> tuple[float, int, int, int, int]:
        return (now, self.messages_in, self.bytes_in, self.messages_out, self.bytes_out)

    def roll(self, now: float) -> None:
        """Begin a new span for the rates, when the last one is long enough."""
        if now - self._mark[0] >= RATE_S:
            self._before, self._mark = self._mark, self._now(now)

    def rates(self, now: float) -> tuple[float, ...]:
        """Messages and bytes in, messages and bytes out, a second: over the last one to two spans."""
        passed = max(now - self._before[0], 1e-3)
        return tuple(
            round((new - old) / passed, 1) for new, old in zip(self._now(now)[1:], self._before[1:], strict=True)
        )


def roll(connections: set[Connection], now: float) -> None:
    """Let the rates of all move on."""
    for connection in connections:
        traffic = connection.traffic
        if traffic is not None:
            traffic.roll(now)


def view(connection: Connection, now: float, *, whole: bool) -> ClientView | None:
    """One connection as it is told; None until it has signed in. ``whole``: with filters and topics."""
    session, identity, traffic, wire = connection.session, connection.identity, connection.traffic, connection.wire
    if session is None or identity is None or traffic is None:
        return None
    rates = traffic.rates(now)
    return ClientView(
        id=session.key,
        client_id=session.key.partition("/")[2] or session.key,
        thing=identity.id,
        root=session.root,
        gateway=connection.gateway.id,
        address=connection.address,
        protocol=PROTOCOLS[wire.version],
        transport=connection.transport_name,
        since=traffic.since,
        keep_alive_s=wire.keep_alive,
        session_expiry_s=wire.session_expiry,
        subscriptions=len(session.subscriptions),
        queue=len(session.queue or ()),
        queue_bytes=session.queue_bytes,
        in_flight=len(wire.session.in_flight),
        unanswered=wire.unanswered,
        dropped=session.dropped,
        messages_in=traffic.messages_in,
        bytes_in=traffic.bytes_in,
        messages_out=traffic.messages_out,
        bytes_out=traffic.bytes_out,
        messages_in_per_s=rates[0],
        bytes_in_per_s=rates[1],
        messages_out_per_s=rates[2],
        bytes_out_per_s=rates[3],
        held=[name for bit, name in HELD.items() if connection.holds & bit],
        filters=sorted(session.subscriptions)[:FILTERS] if whole else [],
        ordinary=connection.ordinary_topics(ORDINARY),
    )


def _matches(connection: Connection, ask: ClientsAsk) -> bool:
    session, identity = connection.session, connection.identity
    if session is None or identity is None or session.key <= ask.after:
        return False
    if ask.roots is not None and session.root not in ask.roots:
        return False
    return not ask.q or ask.q in session.key or ask.q in connection.address or ask.q in identity.id


def series(gateway: Gateway) -> list[Series]:
    """What the gateway counts, for ``/metrics``; the names are explained in ``docs/metrics.md``."""
    tally = gateway.tally
    found: list[Series] = []

    def tell(name: str, value: float, **labels: str) -> None:
        found.append(Series(name, labels, value))

    clients: Counter[tuple[str, str]] = Counter()
    held: Counter[str] = Counter()
    strangers = 0
    for connection in gateway.connections:
        if connection.traffic is None:
            strangers += 1
        else:
            clients[PROTOCOLS[connection.wire.version], connection.transport_name] += 1
        for bit, name in HELD.items():
            if connection.holds & bit:
                held[name] += 1
    for (protocol, transport), count in clients.items():
        tell("clients", count, protocol=protocol, transport=transport)
    tell("strangers", strangers)
    for name in HELD.values():
        tell("held", held[name], why=name)
    tell("sign_ins", tally.sign_ins)
    tell("take_overs", tally.take_overs)
    for code, count in tally.refused.items():
        tell("refusals", count, reason=code)
    for limit, count in tally.hits.items():
        tell("limit_hits", count, limit=limit)
    for qos in range(3):
        tell("received", tally.received[qos], qos=str(qos))
        tell("received_bytes", tally.received_bytes[qos], qos=str(qos))
        tell("sent", tally.sent[qos], qos=str(qos))
        tell("sent_bytes", tally.sent_bytes[qos], qos=str(qos))
    sessions = list(gateway.sessions)
    tell("sessions", len(sessions))
    tell("queue_messages", sum(len(session.queue or ()) for session in sessions))
    tell("queue_bytes", sum(session.queue_bytes for session in sessions))
    tell("dropped", tally.dropped + sum(session.dropped for session in sessions))
    for committer in gateway.committers:
        below = 0
        for bound, count in zip((*Latency.BOUNDS_S, math.inf), committer.latency.counts, strict=True):
            below += count
            tell("commit_seconds", below, le="+Inf" if bound == math.inf else str(bound))
        tell("commit_seconds_sum", committer.latency.total_s)
    return found


class _Visitors:
    """Answers questions of the bus about one gateway's clients."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def clients(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=ClientsAsk)
        now = self._gateway.loop.time()
        if ask.id:
            found = self._find(ask.id)
            chosen = [found] if found is not None else []
        else:
            # a page of 15,000 clients costs one walk and a small heap, no sorting of all
            wanted = (connection for connection in self._gateway.connections if _matches(connection, ask))
            chosen = heapq.nsmallest(min(ask.limit, PAGE), wanted, key=_key)
        views = [view(each, now, whole=bool(ask.id)) for each in chosen]
        return msgspec.msgpack.encode(ClientsAnswer([each for each in views if each is not None]))

    async def kick(self, payload: bytes) -> bytes:
        found = self._find(msgspec.msgpack.decode(payload, type=Kick).id)
        if found is None:
            return msgspec.msgpack.encode(0)
        found.leave(ReasonCode.ADMINISTRATIVE_ACTION, "kicked")
        return msgspec.msgpack.encode(1)

    def _find(self, key: str) -> Connection | None:
        session = self._gateway.session(key)
        return session.connection if session is not None else None


def _key(connection: Connection) -> str:
    return connection.session.key if connection.session is not None else ""


async def serve_visitors(gateway: Gateway) -> None:
    """Answer on the bus who is connected, who was refused, and send away who is to go."""
    visitors = _Visitors(gateway)
    await gateway.bus.serve(ask_gateway(gateway.id, "clients"), visitors.clients)
    await gateway.bus.serve(ask_gateway(gateway.id, "kick"), visitors.kick)
    await gateway.bus.serve(ask_gateway(gateway.id, "attempts"), gateway.doorman.answer_attempts)
