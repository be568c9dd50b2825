"""Who is let in at a gateway: sign-in by every kind of proof, limits at the door, and the session that a client gets.

Knows the directory (through `Desk`), the doorman and where sessions live. What happens to a connection afterwards is
the gateway's business.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import socket
import time
from typing import TYPE_CHECKING

import msgspec

from unisono.access import is_token
from unisono.gateway.clock import now_us
from unisono.gateway.connection import Connection, special_rights, spoken_for
from unisono.gateway.door.authentication import Proving
from unisono.gateway.door.doorman import GUESSES
from unisono.gateway.door.signin import Desk
from unisono.gateway.fleet.homes import Arrival
from unisono.gateway.sessions.session import SessionState
from unisono.gateway.sessions.wills import delay_of, fault_of
from unisono.gateway.speaking import open_line
from unisono.gateway.subscribing import hears
from unisono.twin.record import Presence, Refused
from unisono.twin.talk import SignIn, Taken, taken
from unisono.wire.mqtt import Connect, Properties, ReasonCode, State
from unisono.wire.mqtt.framing import find_packet

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["Admission"]

logger = logging.getLogger(__name__)

#: Characters of a client id: it stands in every entry of the log. MQTT asks for 23, tools make some 40.
CLIENT_ID = 256

#: It has said CONNECT and waits for CONNACK.
ASKING = (State.ASKED, State.AUTHENTICATING)

#: What the directory says > the MQTT 5 reason (the wire translates it for older clients).
_REASONS = {
    "bad_credentials": ReasonCode.BAD_USER_NAME_OR_PASSWORD,
    "unknown_thing": ReasonCode.BAD_USER_NAME_OR_PASSWORD,
    "not_allowed": ReasonCode.NOT_AUTHORIZED,
    "too_many": ReasonCode.SERVER_BUSY,
}


class Admission:
    """The door of one gateway."""

    def __init__(self, gateway: Gateway, desk: Desk) -> None:
        self._gateway = gateway
        self._desk = desk
        self._epoch = 0
        self._taken: list[str] = []

    def sign_in(self, connection: Connection, connect: Connect) -> None:
        connect = _token_shown(connect)
        if self._gateway.policy.server_reference:
            detail = f"served by {self._gateway.policy.server_reference}"
            self._gateway.doorman.not_let_in(connection, connect, "hub_unreachable", detail, "sent_elsewhere")
            connection.refused(self._elsewhere(), detail, self._gateway.policy.server_reference)
        elif connect.will is not None and (fault := fault_of(connect.will)) is not None:
            self._gateway.doorman.not_let_in(connection, connect, "bad_value", fault[1], "bad_will")
            connection.refused(*fault)
        elif connection.vouched is not None and connection.vouched.identity:
            self._brought(connection, connect, connection.vouched)
        elif (method := _method(connect)) is not None:
            self._prove(connection, connect, method)
        else:
            self._gateway.spawn(self._sign_in(connection, connect))

    def _brought(self, connection: Connection, connect: Connect, arrival: Arrival) -> None:
        """It has signed in at another gateway."""
        identity = msgspec.msgpack.decode(arrival.identity, type=SignIn)
        told = None
        name = _method(connect)
        if name is not None and name in self._gateway.methods:
            told = Properties(authentication_data=arrival.proof)
            connection.proving = Proving(connection, connect, self._gateway.methods[name], done=True)
        if identity.speaks:
            self._gateway.spawn(self._admit(connection, connect, identity, told))
        else:
            self.admit(connection, connect, identity, told)

    async def _admit(
        self, connection: Connection, connect: Connect, identity: SignIn, told: Properties | None = None
    ) -> None:
        """As `admit`, with a translator for who speaks another language than ours."""
        if identity.speaks:
            connection.line = await open_line(connection, connect, identity)
            if connection.transport is None:
                return
        self.admit(connection, connect, identity, told)

    def _prove(self, connection: Connection, connect: Connect, name: str) -> None:
        if self._too_soon(connection, connect) or self._too_long(connection, connect):
            return
        method = self._gateway.methods.get(name)
        if method is None:
            known = (
                f"one of {sorted(self._gateway.methods)}, or none" if self._gateway.methods else "none: there are none"
            )
            detail = f"no authentication method {name[:80]!r}; expected {known}"
            self._gateway.doorman.not_let_in(connection, connect, "bad_credentials", detail, "method")
            connection.refused(ReasonCode.BAD_AUTHENTICATION_METHOD, detail)
            return
        connection.proving = Proving(connection, connect, method)
        connection.proving.begin()

    def turned_away(self, connection: Connection, connect: Connect, identity: SignIn | None, detail: str) -> None:
        """An authentication method did not let it in."""
        assert connection.seat is not None
        self._gateway.doorman.failed(connection.seat.address, _called(connect), self._gateway.loop.time())
        if identity is None:
            self._gateway.doorman.not_let_in(connection, connect, "bad_credentials", detail, "proof")
            return
        self._gateway.doorman.not_let_in(connection, connect, identity.code, detail, "proof", user=identity.id)
        self._show_refusal(identity, f"sign-in from {connection.address}: {detail}")

    def redirect(self, server_reference: str, *, moved: bool = False) -> None:
        """From now on clients are sent elsewhere: who is connected, by DISCONNECT; who comes, by CONNACK."""
        self._gateway.policy = msgspec.structs.replace(
            self._gateway.policy, server_reference=server_reference, moved=moved
        )
        for connection in list(self._gateway.connections):
            if connection.session is not None:
                connection.leave(self._elsewhere(), "disconnected", server_reference)

    def _elsewhere(self) -> ReasonCode:
        return ReasonCode.SERVER_MOVED if self._gateway.policy.moved else ReasonCode.USE_ANOTHER_SERVER

    def _too_soon(self, connection: Connection, connect: Connect) -> bool:
        """Whether it is turned away unread because sign-ins failed before."""
        assert connection.seat is not None
        wait_s = self._gateway.doorman.wait_s(connection.seat.address, _called(connect), self._gateway.loop.time())
        if wait_s:
            detail = self._gateway.doorman.too_soon(connection, connect, wait_s)
            connection.refused(ReasonCode.CONNECTION_RATE_EXCEEDED, detail)
        return bool(wait_s)

    def _too_long(self, connection: Connection, connect: Connect) -> bool:
        """Whether it is turned away for its client id."""
        if len(connect.client_id) <= CLIENT_ID:
            return False
        detail = f"a client id has at most {CLIENT_ID} characters"
        self._gateway.doorman.not_let_in(connection, connect, "bad_id", detail, "client_id")
        connection.refused(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, detail)
        return True

    async def _sign_in(self, connection: Connection, connect: Connect) -> None:
        certificate, seat, user = connection.certificate, connection.seat, connect.username or ""
        assert seat is not None
        if certificate is None and connect.username is None:
            detail = "user name: the thing's id; password: its secret"
            self._gateway.doorman.not_let_in(connection, connect, "bad_credentials", detail, "no_credentials")
            connection.refused(ReasonCode.BAD_USER_NAME_OR_PASSWORD, detail)
            return
        if self._too_soon(connection, connect) or self._too_long(connection, connect):
            return
        try:
            secret = (connect.password or b"").decode()
        except UnicodeDecodeError:
            secret = ""
        identity = await self._desk.ask(
            user, secret, address=connection.host, certificate=certificate, client=connect.client_id
        )
        if connection.transport is None:
            return
        if not identity.ok:
            if identity.code in GUESSES:
                self._gateway.doorman.failed(seat.address, _called(connect), self._gateway.loop.time())
            detail = identity.detail or identity.code
            logger.info("%s may not sign in as %r: %s", connection.address, user[:80], detail)
            self._gateway.doorman.not_let_in(connection, connect, identity.code, detail)
            self._show_refusal(identity, f"sign-in from {connection.address}: {detail}")
            connection.refused(_REASONS.get(identity.code, ReasonCode.SERVER_UNAVAILABLE), detail)
            return
        await self.let_in(connection, connect, identity)

    async def let_in(
        self, connection: Connection, connect: Connect, identity: SignIn, *, proof: bytes | None = None
    ) -> None:
        """Here, or where its session lives. ``proof``: what the method by which it signed in has to tell it."""
        home = self._home_of(connection, connect, identity)
        transport = connection.transport
        if home == self._gateway.id or self._gateway.homes is None or transport is None:
            told = Properties(authentication_data=proof) if _method(connect) is not None else None
            await self._admit(connection, connect, identity, told)
            return
        transport.pause_reading()
        facts = msgspec.msgpack.encode(identity)
        said = connection.early or b""
        if _method(connect) is not None:  # what it said after CONNECT were its proofs, which have been answered
            said = said[: find_packet(said, 0, len(said), minimal=True)[1]]
        arrival = Arrival(connection.address, facts, said, connection.transport_name, proof)
        if await self._gateway.homes.bring(home, transport, arrival):
            connection.transport = None
            self._gateway.closed(connection, "lost")
        else:
            connection.refused(ReasonCode.SERVER_UNAVAILABLE, "the gateway of its session is away; try again")

    @property
    def shares_clients(self) -> bool:
        """Whether some clients that come here are at home elsewhere."""
        return self._gateway.homes is not None and self._gateway.homes.gateways != [self._gateway.id]

    def _home_of(self, connection: Connection, connect: Connect, identity: SignIn) -> str:
        if self._gateway.homes is None or connection.early is None or connection.wire.state not in ASKING:
            return self._gateway.id
        if not connect.client_id and self._gateway.id in self._gateway.homes.gateways:
            return self._gateway.id  # a name of its own, so a session of its own
        return self._gateway.homes.home_of(_key(identity, connect.client_id or secrets.token_hex(8)))

    def arrived(self, arrival: Arrival, made: socket.socket) -> None:
        """A connection that another gateway took, of a client whose session lives here."""
        self._gateway.spawn(self._take_in(arrival, made))

    async def _take_in(self, arrival: Arrival, made: socket.socket) -> None:
        try:
            await self._gateway.loop.connect_accepted_socket(lambda: Connection(self._gateway, arrival), made)
        except OSError as error:
            logger.info("a connection ended on its way: %s", error)
            made.close()

    def _show_refusal(self, identity: SignIn, detail: str, code: str = "") -> None:
        """Put a failed sign-in on the thing's page, but not every one of a device that tries for ever."""
        if not identity.root or not self._gateway.doorman.may_show(identity.id, self._gateway.loop.time()):
            return
        entry = Refused(identity.id, "", now_us(), code or identity.code, detail)
        self._gateway.committer(identity.partition).add(entry, len(detail))

    def admit(self, connection: Connection, connect: Connect, identity: SignIn, told: Properties | None = None) -> None:
        """It is who it says: give it its session. ``told``: what CONNACK is to say besides."""
        key = _key(identity, connect.client_id or f"auto-{secrets.token_hex(8)}")  # [MQTT-3.1.3-6]: unique
        session = self._gateway.by_key.get(key)
        now = self._gateway.loop.time()
        instead = session is not None and session.connection is not None
        assert connection.seat is not None
        user = _called(connect)
        limit = self._gateway.doorman.let_in(connection.seat, identity.id, user, identity.root, now, instead=instead)
        if limit is not None:
            self._no_room(connection, connect, identity, limit)
            return
        connection.meter = self._gateway.doorman.meter(connection.seat, now)
        if session is not None and session.connection is not None:
            self.changes_hands(session, session.connection.address, connection.address)
            session.connection.leave(ReasonCode.SESSION_TAKEN_OVER, "taken_over")
            session = self._gateway.by_key.get(key)
        if session is not None and (
            connect.clean_start or session.root != identity.root or session.expires_at < time.monotonic()
        ):
            self._gateway.drop(session)
            session = None
        resumed = session is not None
        if identity.rights.kind == "claim":
            connection.claim_code = (connect.password or b"").decode("utf-8", "replace")
        ids, rights = spoken_for(identity), special_rights(identity)
        if session is None:
            session = self._gateway.by_key[key] = self._gateway.new_session(key, identity)
        session.ids, session.rights = ids, rights
        session.will = None  # [MQTT-3.1.3-9]: it is back before its will was due
        self._epoch = connection.epoch = max(self._epoch + 1, now_us())
        if self._gateway.lasting is not None:
            self._gateway.lasting.begin(
                session,
                identity,
                connection.epoch,
                fresh=not resumed,
                expiry_s=min(connection.wire.session_expiry, self._gateway.policy.longest_session_s),
                at=now_us(),
                will=connect.will,
                delay_s=delay_of(connect.will) if connect.will is not None else 0,
                done=connection.let_go,
            )
        self._say_taken(key)
        if ids:
            self._gateway.committer(identity.partition).add(
                Presence(identity.id, self._gateway.id, connection.epoch, True, "connected", now_us(), key), 0
            )
        connection.accepted(identity, connect, session, resumed, told)
        if resumed and session.connection is connection:
            hears(connection, session, list(session.subscriptions))

    def _say_taken(self, key: str) -> None:
        """Tell other gateways: all whom one answer of the directory lets in are one message."""
        if not self._taken:
            self._gateway.loop.call_soon(self._tell_taken)
        self._taken.append(key)

    def _tell_taken(self) -> None:
        keys, self._taken = self._taken, []
        self._gateway.bus.publish(taken(), msgspec.msgpack.encode(Taken(keys, self._gateway.id)))

    def _no_room(self, connection: Connection, connect: Connect, identity: SignIn, limit: str) -> None:
        """It may come in, but a limit on connections is reached."""
        detail = self._gateway.doorman.no_room(connection, connect, limit)
        self._show_refusal(identity, f"sign-in from {connection.address}: {detail}", "too_many")
        connection.refused(ReasonCode.QUOTA_EXCEEDED, detail)

    def changes_hands(self, session: SessionState, had: str, has: str) -> None:
        """A session is taken over. When that happens again and again, two devices share one identity: say so."""
        if not self._gateway.doorman.taken_over(session.key, self._gateway.loop.time()) or session.connection is None:
            return
        detail = f"the session {session.key!r} is taken over again and again, by {has} from {had}"
        self._gateway.attempts.note(has, "taken_over", "exists", detail, user=session.thing)
        session.connection.refuse("exists", "", detail)


def _called(connect: Connect) -> str:
    """The name whose failures count: who proves itself by a method may have told none but its client id."""
    return connect.username or connect.client_id


def _token_shown(connect: Connect) -> Connect:
    """A token in the user name is the password: many clients have one field for it, and user names are shown to people.
    What remains of it tells tokens apart whose sign-ins fail."""
    token, at, root = (connect.username or "").partition("@")
    if not is_token(token):
        return connect
    name = f"token-{hashlib.sha256(token.encode()).hexdigest()[:8]}{at}{root}"
    given = (connect.password or b"").decode("utf-8", "replace")
    password = connect.password if is_token(given) else token.encode()
    return msgspec.structs.replace(connect, username=name, password=password)


def _method(connect: Connect) -> str | None:
    """The method by which it wants to prove who it is."""
    return None if connect.properties is None else connect.properties.authentication_method


def _key(identity: SignIn, client: str) -> str:
    """The name of a client's session. In some dialects the client id is another one each time: the device is the
    session there."""
    if identity.speaks:
        return f"{identity.id}/{identity.speaks}"
    return identity.id if client == identity.id else f"{identity.id}/{client}"
