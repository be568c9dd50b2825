"""The limits at work: who may come in, how fast they are read, what is counted and what is remembered of refusals.

Knows a gateway's connections from outside. Everything here is per connection or per chunk read, never per message.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import CODES
from unisono.gateway.door.attempts import Attempts, describe_first, describe_no_http, describe_password, describe_tls
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.door.meter import Meter, Registrar, Seat, Wait
from unisono.gateway.door.patience import Patience
from unisono.twin.visitors import AttemptsAnswer, AttemptsAsk, Failed, failed
from unisono.wire.mqtt import Connect, ReasonCode

if TYPE_CHECKING:
    import ssl

    from unisono.gateway.connection import Connection
    from unisono.store.bus import Bus
    from unisono.twin.talk import SignIn

__all__ = ["GUESSES", "Doorman", "Tally", "address_of"]

logger = logging.getLogger(__name__)

#: A client whose session changes hands so often within the time is two devices with one identity.
FLAPS = 3
FLAPS_WITHIN_S = 60.0
#: Sessions whose take-overs are remembered.
FLAPPING = 1_000
#: A refusal is shown on the thing's page once in so long, of at most so many things: a device may try for ever.
REFUSAL_PAUSE_S = 10.0
REFUSED_THINGS = 10_000
#: After so many reports over HTTP those who owe nothing are forgotten.
SWEEP_EVERY = 10_000

#: What the directory says when somebody may be guessing: the next try waits.
GUESSES = frozenset({"bad_credentials", "unknown_thing"})
_KINDS = {
    "bad_credentials": "bad_password",
    "unknown_thing": "unknown_user",
    "not_allowed": "not_allowed",
    "too_large": "packet_size",
}


class Tally:
    """What a gateway counts for ``/metrics``; lists are indexed by QoS."""

    __slots__ = (
        "dropped",
        "hits",
        "received",
        "received_bytes",
        "refused",
        "sent",
        "sent_bytes",
        "sign_ins",
        "take_overs",
    )

    def __init__(self) -> None:
        self.received = [0, 0, 0]
        self.received_bytes = [0, 0, 0]
        self.sent = [0, 0, 0]
        self.sent_bytes = [0, 0, 0]
        self.sign_ins = 0
        self.dropped = 0
        self.take_overs = 0
        self.refused: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()


def address_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 address, which is one customer's."""
    if ":" not in host:
        return sys.intern(host)
    from ipaddress import IPv6Address

    plain = IPv6Address(host.partition("%")[0])
    if plain.ipv4_mapped is not None:
        return sys.intern(str(plain.ipv4_mapped))
    return sys.intern(str(IPv6Address(int(plain) >> 64 << 64)) + "/64")


class Doorman:
    """Of one door (a gateway, or the HTTP door); ``id`` names it on the bus."""

    def __init__(self, id: str, limits: HubLimits, bus: Bus, tally: Tally | None = None) -> None:
        self.id = id
        self.limits = limits
        self.registrar = Registrar(limits)
        self.patience = Patience(limits.sign_in)
        self.attempts = Attempts(id)
        self.tally = tally or Tally()
        self._bus = bus
        self._reports = 0
        self._taken_at: OrderedDict[str, deque[float]] = OrderedDict()
        self._shown_at: dict[str, float] = {}

    async def start(self) -> None:
        """Hear of failed sign-ins at other doors."""
        await self._bus.subscribe(failed(), self._failed_elsewhere)

    # coming in

    def enter(self, connection: Connection, host: str, now: float) -> Seat | None:
        """A socket was opened. None: a limit is reached, and it is to be closed without a word, since none is due
        before CONNECT."""
        seat = self.registrar.enter(address_of(host), now)
        if isinstance(seat, Seat):
            return seat
        self.hit(seat)
        self.refused("too_many")
        detail = f"{seat} is reached ({self.limit(seat):g})"
        self.attempts.note(
            connection.address, "limit", "too_many", detail, transport=connection.transport_name, about=seat
        )
        return None

    def wait_s(self, address: str, user: str, now: float) -> float:
        """Seconds that a sign-in has to wait because of earlier failures; 0.0: it may be tried."""
        return self.patience.wait_s(address, user, now)

    def too_soon(self, connection: Connection, connect: Connect, wait_s: float) -> str:
        """It tries again too soon; returns the words for it."""
        self.hit("sign_in.delay")
        self.refused("too_fast")
        detail = f"sign-ins failed too often; the next is looked at in {wait_s:.0f} s"
        self.attempts.note(
            connection.address, "too_soon", "too_fast", detail, connect=connect, transport=connection.transport_name
        )
        return detail

    def report(self, address: str, thing: str, place: str, size: int, now: float) -> Wait | None:
        """A report that came over HTTP: None when it may be taken, else how long to wait before the next try."""
        wait = self.registrar.request(address, thing, place, size, now)
        if wait is not None:
            self.hit(wait.limit)
            self.refused("too_many")
        self._reports += 1
        if self._reports % SWEEP_EVERY == 0:
            self.registrar.sweep(now)
        return wait

    def failed(self, address: str, user: str, now: float) -> None:
        """A sign-in failed for want of the right secret: here, and so everywhere."""
        self.patience.failed(address, user, now)
        self._bus.publish(failed(), msgspec.msgpack.encode(Failed(self.id, address, user[:256])))

    def _failed_elsewhere(self, payload: bytes) -> None:
        at = msgspec.msgpack.decode(payload, type=Failed)
        if at.door != self.id:
            self.patience.failed(at.address, at.user, time.monotonic())

    def no_room(self, connection: Connection, connect: Connect, limit: str) -> str:
        """It has signed in, but a limit on connections is reached; returns the words for it."""
        detail = f"{limit} is reached ({self.limit(limit):g})"
        self.not_let_in(connection, connect, "too_many", detail, "limit", about=limit)
        return detail

    def not_let_in(
        self,
        connection: Connection,
        connect: Connect,
        code: str,
        detail: str,
        kind: str = "",
        *,
        user: str = "",
        about: str = "",
    ) -> None:
        """Remember a sign-in that was refused. ``kind``: what it looks like, where the code alone does not say that;
        ``user``: whom it meant, where CONNECT does not; ``about``: the limit that was reached."""
        self.refused(code)
        if not kind:
            without = code == "bad_credentials" and connect.password is None
            kind = "no_credentials" if without else _KINDS.get(code, code)
        self.attempts.note(
            connection.address,
            kind,
            code,
            detail,
            connect=connect,
            user=user,
            transport=connection.transport_name,
            about=about,
        )

    def may_show(self, thing: str, now: float) -> bool:
        """Whether a refusal goes to the thing's page too: the first, and then one in `REFUSAL_PAUSE_S`."""
        if now - self._shown_at.get(thing, -REFUSAL_PAUSE_S) < REFUSAL_PAUSE_S:
            return False
        if len(self._shown_at) > REFUSED_THINGS:
            self._shown_at.clear()
        self._shown_at[thing] = now
        return True

    def let_in(self, seat: Seat, thing: str, user: str, place: str, now: float, *, instead: bool) -> str | None:
        """Signed in: the limit that forbids it all the same, or None."""
        limit = self.registrar.sign_in(seat, thing, place, now, instead=instead)
        if limit is not None:
            self.hit(limit)
            return limit
        self.tally.sign_ins += 1
        self.patience.succeeded(seat.address, user)
        return None

    def meter(self, seat: Seat, now: float) -> Meter | None:
        return self.registrar.meter(seat, now)

    def taken_over(self, key: str, now: float) -> bool:
        """A session changed hands; whether it does so again and again (told once in a while)."""
        self.tally.take_overs += 1
        times = self._taken_at.get(key)
        if times is None:
            times = self._taken_at[key] = deque(maxlen=FLAPS)
            if len(self._taken_at) > FLAPPING:
                self._taken_at.popitem(last=False)
        times.append(now)
        if len(times) < FLAPS or now - times[0] > FLAPS_WITHIN_S:
            return False
        times.clear()
        return True

    # the same over HTTP

    def too_soon_over_http(self, address: str, user: str, wait_s: float) -> str:
        """As `too_soon`."""
        self.hit("sign_in.delay")
        self.refused("too_fast")
        detail = f"sign-ins failed too often; the next is looked at in {wait_s:.0f} s"
        self.attempts.note(address, "too_soon", "too_fast", detail, user=user, transport="http")
        return detail

    def failed_over_http(self, address: str, user: str, secret: str, identity: SignIn, now: float) -> None:
        """As `failed` and `not_let_in`."""
        self.refused(identity.code)
        if identity.code in GUESSES:
            self.failed(address, user, now)
        kind = _KINDS.get(identity.code, identity.code)
        password = describe_password(secret.encode())
        detail = identity.detail or identity.code
        self.attempts.note(address, kind, identity.code, detail, user=user, transport="http", password=password)

    def no_http(self, address: str, first: bytes, *, tls: bool) -> None:
        """What came to a port of HTTP and is none."""
        kind, words = describe_no_http(first, tls=tls)
        self.refused("protocol_error")
        self.attempts.note(address, kind, "protocol_error", words, transport="https" if tls else "http")

    async def answer_attempts(self, payload: bytes) -> bytes:
        """The bus asks who was refused."""
        ask = msgspec.msgpack.decode(payload, type=AttemptsAsk)
        return msgspec.msgpack.encode(AttemptsAnswer(self.attempts.newest(ask.limit, ask.user, ask.address)))

    # what strangers say

    def broken(self, connection: Connection, reason: ReasonCode, code: str, detail: str, first: bytes) -> None:
        """A connection that had not signed in broke the protocol: what does it look like?"""
        if reason is ReasonCode.CLIENT_IDENTIFIER_NOT_VALID:
            kind, words = "client_id", detail
        elif reason is ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
            kind, words = "protocol_version", detail
        elif reason is ReasonCode.PACKET_TOO_LARGE:
            kind, words = "packet_size", detail
        else:
            kind, words = describe_first(first)
            if kind == "protocol_error":
                words = detail
        self.attempts.note(connection.address, kind, code, words, transport=connection.transport_name)

    def silent(self, connection: Connection, first: bytes) -> None:
        """It connected and never said who it is."""
        self.refused("protocol_error")
        if first:
            kind, words = "unfinished", f"CONNECT did not come whole within the time: {len(first)} bytes and more came"
        else:
            kind, words = "silent", "it connected and said nothing"
        self.attempts.note(connection.address, kind, "protocol_error", words, transport=connection.transport_name)

    def handshake_failed(self, address: str, error: ssl.SSLError | OSError | None, *, https: bool = False) -> None:
        """A TLS handshake failed, at the door of MQTT or of HTTPS: there never was a connection."""
        kind, words = describe_tls(error, https=https)
        self.refused("protocol_error")
        self.attempts.note(address, kind, "protocol_error", words, transport="https" if https else "tls")

    # counting

    def hit(self, limit: str) -> None:
        """A limit was reached; ``limit`` as it is called in the settings."""
        self.tally.hits[limit] += 1

    def refused(self, code: str, count: int = 1) -> None:
        """Something was refused, for one of ``unisono.errors.CODES``."""
        self.tally.refused[code if code in CODES else "protocol_error"] += count

    def limit(self, name: str) -> float:
        """The number behind a limit's name, such as ``thing.connections``."""
        table, _, key = name.partition(".")
        return float(getattr(getattr(self.limits, table), key))
