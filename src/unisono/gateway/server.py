"""The gateway: listens for devices, signs them in, keeps their sessions, and is the one place where connections meet.

Knows sockets, sessions and the bus. Holds no truth: everything that matters is in the log before it is answered.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.gateway.authentication import Proving, find_methods
from unisono.gateway.broker import EVERY_S, BrokerTopics
from unisono.gateway.clients import CROWDED, RATE, roll, series, serve_visitors
from unisono.gateway.commit import Committer, LogWriter
from unisono.gateway.connection import Connection, now_us, special_rights, spoken_for
from unisono.gateway.doorman import GUESSES, Doorman
from unisono.gateway.handshake import TlsDoor
from unisono.gateway.homes import Arrival, Homes
from unisono.gateway.keeper import Keeper
from unisono.gateway.lasting import Lasting, Safe
from unisono.gateway.limits import HubLimits
from unisono.gateway.meter import Wait
from unisono.gateway.outlet import Outlet
from unisono.gateway.peers import Onward, Peers, Publication, Reach
from unisono.gateway.retained import Retained
from unisono.gateway.routing import RETAINED, Place
from unisono.gateway.session import Message, PendingWill, SessionState, expiry_of
from unisono.gateway.signin import Desk
from unisono.gateway.subscribing import hears
from unisono.gateway.wills import delay_of, publish_will, will_is_sound
from unisono.store.bus import Bus
from unisono.twin.record import GatewayStarted, Presence, Refused
from unisono.twin.talk import (
    ACCESS_CHANGED,
    AccessChanged,
    Down,
    GatewayStatus,
    Pressure,
    SignIn,
    Taken,
    ask_gateway,
    down,
    pressure,
    taken,
)
from unisono.wire.mqtt import Connect, Limits, Properties, PublishRun, ReasonCode, State, Will

if TYPE_CHECKING:
    import ssl

__all__ = ["Gateway"]

logger = logging.getLogger(__name__)

#: Sessions of absent clients that are kept.
SESSIONS = 100_000
#: Connections waiting to be accepted by us: a mass reconnect arrives within a second.
BACKLOG = 4096
#: A TLS handshake, and the goodbye after it: a phone on a bad line needs two seconds, a stranger gets no more.
HANDSHAKE_S = 10.0
#: How often silence is looked for, and how often credentials are asked about again.
SWEEP_S = 1.0
RECHECK_S = 60.0
#: An owner under pressure says so every half second.
PRESSURE_LASTS_S = 5.0
#: Characters of a client id: it stands in every entry of the log. MQTT asks for 23, tools make some 40.
CLIENT_ID = 256
#: A refused sign-in is shown on the thing's page once in so long, for at most so many things.
REFUSAL_PAUSE_S = 10.0
REFUSED_THINGS = 10_000

#: What the directory says > the MQTT 5 reason (the wire translates it for older clients).
_REASONS = {
    "bad_credentials": ReasonCode.BAD_USER_NAME_OR_PASSWORD,
    "unknown_thing": ReasonCode.BAD_USER_NAME_OR_PASSWORD,
    "not_allowed": ReasonCode.NOT_AUTHORIZED,
    "too_many": ReasonCode.SERVER_BUSY,
}
#: Clients asked about in one go when rights are checked again.
CHECKED_AT_ONCE = 500


class Gateway:
    """``logs`` gives the log of a partition. ``id`` names this gateway on the bus and in the log (``g0``).

    ``keeper``: keeps sessions on disk; without one they last as long as the process. ``homes``: where clients' sessions
    live, and the way there; `join` others before `start`.
    """

    def __init__(
        self,
        id: str,
        bus: Bus,
        logs: Callable[[str], LogWriter],
        partitions: list[str],
        retained: Retained,
        *,
        allowed: HubLimits | None = None,
        keeper: Keeper | None = None,
        homes: Homes | None = None,
    ) -> None:
        self.id = id
        self.authority = ""  # common name of the hub's certificate authority, for clients that show a certificate
        self.bus = bus
        self.loop = asyncio.get_running_loop()
        self.outlet = Outlet(self.loop)
        self.allowed = allowed or HubLimits()
        own = self.allowed.connection
        self.limits = Limits(max_packet_size=own.packet_bytes, receive_maximum=min(own.receive_maximum, own.in_flight))
        self.doorman = Doorman(id, self.allowed, bus)
        self.tally = self.doorman.tally
        self.attempts = self.doorman.attempts
        self.policy = self.allowed.mqtt
        self.methods = find_methods(bus)
        self.broker = BrokerTopics(self)
        self.messages_in = 0
        self._logs = logs
        self._partitions = partitions
        self._committers: dict[str, Committer] = {}
        self._places: dict[str, Place] = {}
        self._sessions: dict[str, SessionState] = {}
        self._connections: set[Connection] = set()
        self._pressed_at: dict[str, int] = {}
        self._held: set[Connection] = set()
        self.homes = homes
        self.peers: Peers | None = None
        self._lasting = Lasting(keeper, self._sessions.get) if keeper is not None else None
        self._desk = Desk(bus)
        self._retained = retained
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server | TlsDoor] = []
        self._epoch = 0
        self._releases: dict[str, asyncio.TimerHandle] = {}
        self._refused_at: dict[str, float] = {}

    async def start(self) -> None:
        """Say that we begin anew, load retained messages, answer on the bus. Doors are opened with `listen`, or
        whoever has clients of another kind (a WebSocket) makes a `Connection` for each."""
        for partition in self._partitions:
            self.committer(partition).add(GatewayStarted(self.id, now_us()), 0)
        for root, topic, message in await self._retained.load():
            self.place(root).retain(topic, message)
        if self._lasting is not None:
            await self._restore(self._lasting)
        if self.peers is not None:
            await self._retained.follow(self._retained_elsewhere)
            await self.peers.join()
        if self.homes is not None and self.id in self.homes.gateways:
            self.homes.open(self._arrived)
        await self.bus.serve(down(self.id), self._down)
        await self.bus.serve(ask_gateway(self.id, "status"), self._status)
        await serve_visitors(self)
        await self.doorman.start()
        await self.bus.subscribe(ACCESS_CHANGED, self._access_changed)
        await self.bus.subscribe(taken(), self._taken)
        for partition in self._partitions:
            await self.bus.subscribe(pressure(partition), partial(self._pressed, partition))
        self.spawn(self._sweep())
        self.spawn(self._recheck())
        self.spawn(self._tell_of_itself())

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Open a door; returns its port. Raises HostError ``port_taken``."""
        server: asyncio.Server | TlsDoor
        try:
            if tls is not None:
                server = TlsDoor(self, host, port, tls, within_s=HANDSHAKE_S, backlog=BACKLOG)
                found = server.port
            else:
                server = await self.loop.create_server(
                    lambda: Connection(self), host, port, backlog=BACKLOG, reuse_port=True if port else None
                )
                found = int(server.sockets[0].getsockname()[1])
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise HostError(
                f"port {port} on {host} is in use",
                code="port_taken",
                mend=f"Stop what uses it, or: --{'mqtts' if tls else 'mqtt'}-port {port + 1}",
            ) from error
        self._servers.append(server)
        return found

    async def stop(self) -> None:
        """Say goodbye to every client, settle what is on its way."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._connections):
            connection.take_will()  # the hub goes, not the device: nobody is to be told that the device was lost
            connection.leave(ReasonCode.SERVER_SHUTTING_DOWN, "disconnected")
        for committer in self._committers.values():
            await committer.drain()
        if self.peers is not None:
            await self.peers.leave()
        if self._lasting is not None:
            await self._lasting.keeper.close()
        if self.homes is not None:
            self.homes.close()
        await self._retained.close()

    def join(self, others: list[str], reach: Reach) -> None:
        """Work together with other gateways; ``reach`` finds their streams and journals."""
        assert self._lasting is not None
        boot = secrets.token_hex(4)
        self.peers = Peers(
            self.id,
            others,
            self.bus,
            self._lasting.keeper,
            boot=boot,
            place=self.place,
            reach=reach,
            deliver=self._from_another,
        )

    def bus_is_back(self) -> None:
        """The connection to the bus was made again: what other gateways said meanwhile has to be said again."""
        if self.peers is not None:
            self.peers.meet_again()

    async def _restore(self, lasting: Lasting) -> None:
        """Sessions as they were; their clients are away."""
        now = now_us()
        for record in await lasting.keeper.load():
            identity = msgspec.msgpack.decode(record.identity, type=SignIn)
            session = self._sessions[record.key] = self._new_session(record.key, identity)
            lasting.restore(session, record, identity, now)
            place = self.place(record.root)
            for filter, subscribed in lasting.subscriptions_of(record, session).items():
                place.subscribe(session, filter, subscribed)

    def committer(self, partition: str) -> Committer:
        found = self._committers.get(partition)
        if found is None:
            found = self._committers[partition] = Committer(self._logs(partition), self.id, on_room=self._room)
        return found

    def place(self, root: str) -> Place:
        found = self._places.get(root)
        if found is None:
            found = self._places[root] = Place(root, self.peers)
        return found

    @property
    def connections(self) -> set[Connection]:
        """Everybody who is connected, signed in or not."""
        return self._connections

    @property
    def refusals(self) -> int:
        """Connections and messages that were refused, whatever the reason."""
        return sum(self.tally.refused.values())

    @property
    def sessions(self) -> Iterable[SessionState]:
        return self._sessions.values()

    @property
    def places(self) -> Iterable[Place]:
        return self._places.values()

    @property
    def committers(self) -> Iterable[Committer]:
        return self._committers.values()

    def session(self, key: str) -> SessionState | None:
        return self._sessions.get(key)

    # coming and going

    def opened(self, connection: Connection) -> None:
        if connection.seat is None:
            assert connection.transport is not None
            connection.transport.abort()
            return
        self._connections.add(connection)

    def sign_in(self, connection: Connection, connect: Connect) -> None:
        if self.policy.server_reference:
            detail = f"served by {self.policy.server_reference}"
            connection.refused(self._elsewhere(), detail, self.policy.server_reference)
        elif connect.will is not None and not will_is_sound(connect.will):
            connection.refused(ReasonCode.PAYLOAD_FORMAT_INVALID, "the will is not UTF-8, as it says")
        elif connection.vouched is not None and connection.vouched.identity:
            self.admit(connection, connect, msgspec.msgpack.decode(connection.vouched.identity, type=SignIn))
        elif connect.properties is not None and connect.properties.authentication_method is not None:
            self._prove(connection, connect, connect.properties.authentication_method)
        else:
            self.spawn(self._sign_in(connection, connect))

    def _prove(self, connection: Connection, connect: Connect, name: str) -> None:
        if self._too_soon(connection, connect):
            return
        method = self.methods.get(name)
        if method is None:
            detail = f"no authentication method {name[:80]!r}; expected one of {sorted(self.methods)}, or none"
            self.doorman.not_let_in(connection, connect, "bad_credentials", detail, "method")
            connection.refused(ReasonCode.BAD_AUTHENTICATION_METHOD, detail)
            return
        connection.proving = Proving(connection, connect, method)
        connection.proving.begin()

    def turned_away(self, connection: Connection, connect: Connect, identity: SignIn | None, detail: str) -> None:
        """An authentication method did not let it in."""
        assert connection.seat is not None
        self.doorman.failed(connection.seat.address, connect.username or "", self.loop.time())
        code = "bad_credentials" if identity is None else identity.code
        self.doorman.not_let_in(connection, connect, code, detail)

    def redirect(self, server_reference: str, *, moved: bool = False) -> None:
        """From now on clients are sent elsewhere: who is connected, by DISCONNECT; who comes, by CONNACK."""
        self.policy = msgspec.structs.replace(self.policy, server_reference=server_reference, moved=moved)
        for connection in list(self._connections):
            if connection.session is not None:
                connection.leave(self._elsewhere(), "disconnected", server_reference)

    def _elsewhere(self) -> ReasonCode:
        return ReasonCode.SERVER_MOVED if self.policy.moved else ReasonCode.USE_ANOTHER_SERVER

    def _too_soon(self, connection: Connection, connect: Connect) -> bool:
        """Whether it is turned away unread because sign-ins failed before."""
        assert connection.seat is not None
        wait_s = self.doorman.wait_s(connection.seat.address, connect.username or "", self.loop.time())
        if wait_s:
            detail = self.doorman.too_soon(connection, connect, wait_s)
            connection.refused(ReasonCode.CONNECTION_RATE_EXCEEDED, detail)
        return bool(wait_s)

    async def _sign_in(self, connection: Connection, connect: Connect) -> None:
        certificate, seat, user = connection.certificate, connection.seat, connect.username or ""
        assert seat is not None
        if certificate is None and (connect.username is None or connect.password is None):
            detail = "user name: the thing's id; password: its secret"
            self.doorman.not_let_in(connection, connect, "bad_credentials", detail, "no_credentials")
            connection.refused(ReasonCode.BAD_USER_NAME_OR_PASSWORD, detail)
            return
        if self._too_soon(connection, connect):
            return
        if len(connect.client_id) > CLIENT_ID:
            detail = f"a client id has at most {CLIENT_ID} characters"
            self.doorman.not_let_in(connection, connect, "bad_id", detail, "client_id")
            connection.refused(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, detail)
            return
        try:
            secret = (connect.password or b"").decode()
        except UnicodeDecodeError:
            secret = ""
        identity = await self._desk.ask(user, secret, address=connection.host, certificate=certificate)
        if connection.transport is None:
            return
        if not identity.ok:
            if identity.code in GUESSES:
                self.doorman.failed(seat.address, user, self.loop.time())
            detail = identity.detail or identity.code
            logger.info("%s may not sign in as %r: %s", connection.address, user[:80], detail)
            self.doorman.not_let_in(connection, connect, identity.code, detail)
            self._show_refusal(identity, f"sign-in from {connection.address}: {detail}")
            connection.refused(_REASONS.get(identity.code, ReasonCode.SERVER_UNAVAILABLE), detail)
            return
        await self._let_in(connection, connect, identity)

    async def _let_in(self, connection: Connection, connect: Connect, identity: SignIn) -> None:
        """Here, or where its session lives."""
        home = self._home_of(connection, connect, identity)
        transport = connection.transport
        if home == self.id or self.homes is None or transport is None:
            self.admit(connection, connect, identity)
            return
        transport.pause_reading()
        facts = msgspec.msgpack.encode(identity)
        arrival = Arrival(connection.address, facts, connection.early or b"", connection.transport_name)
        if await self.homes.bring(home, transport, arrival):
            connection.transport = None
            self.closed(connection, "lost")
        else:
            connection.refused(ReasonCode.SERVER_UNAVAILABLE, "the gateway of its session is away; try again")

    @property
    def shares_clients(self) -> bool:
        """Whether some clients that come here are at home elsewhere."""
        return self.homes is not None and self.homes.gateways != [self.id]

    def _home_of(self, connection: Connection, connect: Connect, identity: SignIn) -> str:
        if self.homes is None or connection.early is None or connection.wire.state is not State.ASKED:
            return self.id
        if not connect.client_id and self.id in self.homes.gateways:
            return self.id  # a name of its own, so a session of its own
        return self.homes.home_of(_key(identity, connect.client_id or secrets.token_hex(8)))

    def _arrived(self, arrival: Arrival, made: socket.socket) -> None:
        """A connection that another gateway took, of a client whose session lives here."""
        self.spawn(self._take_in(arrival, made))

    async def _take_in(self, arrival: Arrival, made: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: Connection(self, arrival), made)
        except OSError as error:
            logger.info("a connection ended on its way: %s", error)
            made.close()

    def _show_refusal(self, identity: SignIn, detail: str, code: str = "") -> None:
        """Put a failed sign-in on the thing's page, but not every one of a device that tries for ever."""
        now = self.loop.time()
        if not identity.root or now - self._refused_at.get(identity.id, -REFUSAL_PAUSE_S) < REFUSAL_PAUSE_S:
            return
        if len(self._refused_at) > REFUSED_THINGS:
            self._refused_at.clear()
        self._refused_at[identity.id] = now
        entry = Refused(identity.id, "", now_us(), code or identity.code, detail)
        self.committer(identity.partition).add(entry, len(detail))

    def admit(self, connection: Connection, connect: Connect, identity: SignIn, told: Properties | None = None) -> None:
        """It is who it says: give it its session. ``told``: what CONNACK is to say besides."""
        key = _key(identity, connect.client_id or f"auto-{secrets.token_hex(8)}")  # [MQTT-3.1.3-6]: unique
        session = self._sessions.get(key)
        now = self.loop.time()
        instead = session is not None and session.connection is not None
        assert connection.seat is not None
        user = connect.username or ""
        limit = self.doorman.let_in(connection.seat, identity.id, user, identity.root, now, instead=instead)
        if limit is not None:
            self._no_room(connection, connect, identity, limit)
            return
        connection.meter = self.doorman.meter(connection.seat, now)
        if session is not None and session.connection is not None:
            self._changes_hands(session, session.connection.address, connection.address)
            session.connection.leave(ReasonCode.SESSION_TAKEN_OVER, "taken_over")
            session = self._sessions.get(key)
        if session is not None and (
            connect.clean_start or session.root != identity.root or session.expires_at < time.monotonic()
        ):
            self._drop(session)
            session = None
        resumed = session is not None
        if identity.rights.kind == "claim":
            connection.claim_code = (connect.password or b"").decode("utf-8", "replace")
        ids, rights = spoken_for(identity), special_rights(identity)
        if session is None:
            session = self._sessions[key] = self._new_session(key, identity)
        session.ids, session.rights = ids, rights
        session.will = None  # [MQTT-3.1.3-9]: it is back before its will was due
        self._epoch = connection.epoch = max(self._epoch + 1, now_us())
        if self._lasting is not None:
            self._lasting.begin(
                session,
                identity,
                connection.epoch,
                fresh=not resumed,
                expiry_s=min(connection.wire.session_expiry, self.policy.longest_session_s),
                at=now_us(),
                will=connect.will,
                delay_s=delay_of(connect.will) if connect.will is not None else 0,
                done=connection.let_go,
            )
        self.bus.publish(taken(), msgspec.msgpack.encode(Taken(key, self.id)))
        if ids:
            self.committer(identity.partition).add(
                Presence(identity.id, self.id, connection.epoch, True, "connected", now_us(), key), 0
            )
        connection.accepted(identity, connect, session, resumed, told)
        if resumed and session.connection is connection:
            hears(connection, session, list(session.subscriptions))

    def _no_room(self, connection: Connection, connect: Connect, identity: SignIn, limit: str) -> None:
        """It may come in, but a limit on connections is reached."""
        detail = f"{limit} is reached: {self.doorman.limit(limit)} connections are open"
        self.doorman.not_let_in(connection, connect, "too_many", detail, "limit")
        self._show_refusal(identity, f"sign-in from {connection.address}: {detail}", "too_many")
        connection.refused(ReasonCode.QUOTA_EXCEEDED, detail)

    def _changes_hands(self, session: SessionState, had: str, has: str) -> None:
        """A session is taken over. When that happens again and again, two devices share one identity: say so."""
        if not self.doorman.taken_over(session.key, self.loop.time()) or session.connection is None:
            return
        detail = f"the session {session.key!r} is taken over again and again, by {has} from {had}"
        self.attempts.note(has, "taken_over", "exists", detail, user=session.thing)
        session.connection.refuse("exists", "", detail)

    def _new_session(self, key: str, identity: SignIn) -> SessionState:
        own = self.allowed.connection
        bounds = own.queue_messages, own.queue_bytes
        ids, rights = spoken_for(identity), special_rights(identity)
        return SessionState(key, identity.id, identity.root, ids, rights, bounds=bounds)

    def closed(self, connection: Connection, why: str) -> None:
        """A connection ended, for the reason that is told first; later ones are echoes."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._held.discard(connection)
        if connection.seat is not None:
            self.doorman.registrar.leave(connection.seat, self.loop.time())
        identity, session = connection.identity, connection.session
        if identity is None or session is None:
            return
        will = connection.take_will()
        if session.connection is connection:
            session.connection = None
            session.wire = connection.wire.session
            lasts_s = min(connection.wire.session_expiry, self.policy.longest_session_s)
            if lasts_s:
                now = time.monotonic()
                session.expires_at = now + lasts_s
                delay_s = delay_of(will) if will is not None else 0
                if self._lasting is not None:
                    at = now_us()
                    self._lasting.leave(session, at, lasts_s, at + 1_000_000 * delay_s if will is not None else 0)
                if will is not None and delay_s:
                    session.will = PendingWill(will, now + delay_s, identity)
                    will = None
                self.place(session.root).left(session)
            elif will is None:
                self._drop(session)
            else:
                session.will, will = PendingWill(will, 0.0, identity), None
                self._drop(session)
        if will is not None:
            self._publish_will(session, identity, will)
        if session.ids:
            self.committer(identity.partition).add(
                Presence(identity.id, self.id, connection.epoch, False, why, now_us(), session.key), 0
            )

    def _drop(self, session: SessionState) -> None:
        """The end of a session; a will that was to come later comes now."""
        self.place(session.root).forget(session)
        self.tally.dropped += session.dropped
        session.dropped = 0
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]
        pending, session.will = session.will, None
        if pending is None:
            self._end(session)
        else:
            publish_will(self, session, pending.identity, pending.will, partial(self._end, session))

    def _end(self, session: SessionState) -> None:
        if self._lasting is not None:
            self._lasting.end(session)

    def _publish_pending(self, session: SessionState) -> None:
        pending, session.will = session.will, None
        if pending is not None:
            self._publish_will(session, pending.identity, pending.will)

    def _publish_will(self, session: SessionState, identity: SignIn, will: Will) -> None:
        publish_will(self, session, identity, will, partial(self._will_is_out, session))

    def _will_is_out(self, session: SessionState) -> None:
        if self._lasting is not None and session.connection is None:
            self._lasting.will_is_out(session)

    # messages

    def publish(
        self, session: SessionState | None, topic: str, run: PublishRun
    ) -> tuple[int, asyncio.Future[UnisonoError | None] | None]:
        """What the log now holds goes to who subscribed: to how many. The future tells when all of it is on disk that
        has to be before the publisher is answered: a retained message, messages for sessions that last, for other
        gateways, and the ids of QoS 2."""
        if session is None:
            return 0, None
        place = self.place(session.root)
        expires_at = expiry_of(run.properties, now_us())
        safe: Safe | None = None
        if run.retain:
            safe = Safe()
            safe.expect_future(self._retain(place, session, topic, run, expires_at))
        heard = 0
        onward = self.peers.onward(place, topic) if place.abroad is not None and self.peers is not None else None
        if len(place.tree):
            here = None if onward is None else lambda share: share not in onward.shares
            for payload in run.payloads:
                message = Message(topic, payload, run.qos, run.retain, run.properties, expires_at)
                heard = place.deliver(message, session.key, here=here).clients
        if onward is not None:
            heard += len(onward.gateways)
        if self._lasting is not None and (run.qos or onward is not None):
            safe = self._keep(session, topic, run, expires_at, onward, safe)
        return heard, safe.close() if safe is not None else None

    def _keep(
        self,
        session: SessionState,
        topic: str,
        run: PublishRun,
        expires_at: int,
        onward: Onward | None,
        safe: Safe | None,
    ) -> Safe | None:
        """What was just delivered to sessions that last, and goes to other gateways: as one, on disk."""
        assert self._lasting is not None
        keeper = self._lasting.keeper
        held = b"".join(run.packet_ids) if run.qos == 2 and session.lasting is not None else b""
        if onward is None and not held and not keeper.offered:
            return safe
        if onward is None or self.peers is None:
            safe = safe or Safe()
            keeper.flush(held_by=session.no, held=held, done=safe.expect())
            return safe
        number = keeper.next_number()
        publication = self.peers.encode(
            Publication(
                self.peers.origin,
                number,
                session.root,
                topic,
                run.payloads,
                run.qos,
                run.retain,
                run.properties,
                expires_at,
                session.key,
                onward.plain,
                onward.shares,
            )
        )
        if not run.qos:
            self.peers.say(onward.gateways, publication)
            return safe
        safe = safe or Safe()
        if not held:
            if keeper.offered:
                keeper.flush(done=safe.expect())
            self.peers.send(onward.gateways, publication, safe.expect())
            return safe
        # exactly once across gateways: what is to be passed on is on disk together with the id it came with
        peers, done = self.peers, safe.expect()

        def passed(error: UnisonoError | None) -> None:
            if error is None:
                keeper.is_on(number)
            done(error)

        def kept(error: UnisonoError | None) -> None:
            if error is None:
                peers.send(onward.gateways, publication, passed)
            else:
                done(error)

        keeper.flush(
            held_by=session.no,
            held=held,
            passed=number,
            onward=onward.gateways,
            publication=publication,
            done=kept,
        )
        return safe

    def _from_another(self, said: Publication) -> None:
        """A message that another gateway took; it goes to who listens here, and no further."""
        place = self.place(said.root)
        plain = self.id in said.plain
        for payload in said.payloads:
            message = Message(said.topic, payload, said.qos, said.retain, said.properties, said.expires_at)
            place.deliver(message, said.sender, plain=plain, here=lambda share: said.shares.get(share) == self.id)
        if said.qos and self._lasting is not None:
            self._lasting.keeper.take(said.origin, said.number)

    def _retained_elsewhere(self, root: str, topic: str, message: Message | None) -> None:
        """The stream of retained messages says what is in force, in its order."""
        self.place(root).retain(topic, message)

    def _retain(
        self, place: Place, session: SessionState, topic: str, run: PublishRun, expires_at: int
    ) -> asyncio.Future[None]:
        payload = run.payloads[-1]
        message = Message(topic, payload, run.qos, True, run.properties, expires_at) if payload else None
        if message is not None and not place.has_room(message):
            if session.connection is not None:
                session.connection.refuse("too_many", topic, f"{session.root} retains no more than {RETAINED} bytes")
            message = None  # what was retained before is out of date now
        place.retain(topic, message)
        return self._retained.keep(session.root, topic, message)

    def retained_for(self, place: Place, filter: str) -> list[Message]:
        """What a new subscription is shown."""
        return place.retained_for(filter, now_us()) + self.broker.shown(filter)

    def _forget_expired(self) -> None:
        """Retained messages that expired are never shown; here they also give their room back."""
        now = now_us()
        for root, place in self._places.items():
            for topic in place.expired(now):
                place.retain(topic, None)
                self._retained.keep(root, topic, None)

    async def _down(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=Down)
        topic = f"things/{asked.thing}/{asked.topic}"
        message = Message(topic, asked.payload, 1, False, None)
        count = sum(place.deliver(message).speakers for place in list(self._places.values()))
        if not count:
            raise HostError(f"{asked.thing} does not listen to {asked.topic}", code="no_answer")
        return b""

    # flow

    def hold(self, connection: Connection) -> None:
        """Stop reading a socket while too much waits for the disk: TCP slows its sender down."""
        connection.hold(CROWDED)
        if connection.holds & CROWDED:
            self._held.add(connection)

    def _room(self) -> None:
        held, self._held = self._held, set()
        for connection in held:
            connection.read_on(CROWDED)

    def slow_down(self, connection: Connection, wait: Wait) -> None:
        """It is above a rate: read it no more for so long."""
        if not connection.holds & RATE:
            self.doorman.hit(wait.limit)
            detail = f"{wait.limit} is reached ({self.doorman.limit(wait.limit):g}): it is read more slowly"
            connection.show_slow(detail)
            connection.hold(RATE)
            self.loop.call_later(wait.seconds, connection.read_on, RATE)

    def _pressed(self, partition: str, payload: bytes) -> None:
        """The owner says that it is far behind. Should it fall silent, devices are read again: the log is bounded."""
        told = msgspec.msgpack.decode(payload, type=Pressure)
        high = told.high
        # who says little is read on, until what they add has doubled what was too much
        first = self._pressed_at.setdefault(partition, told.behind_bytes) if high else 0
        if not high:
            self._pressed_at.pop(partition, None)
        release = self._releases.pop(partition, None)
        if release is not None:
            release.cancel()
        committer = self.committer(partition)
        if high:
            self._releases[partition] = self.loop.call_later(PRESSURE_LASTS_S, committer.hold, False)
        strict = high and told.behind_bytes > 2 * first
        if (committer.held, committer.strict) != (high, strict):
            logger.info("partition %s: %s", partition, "its owner is behind, devices wait" if high else "goes on")
            committer.hold(high, strict=strict)

    # watching

    def _access_changed(self, payload: bytes) -> None:
        changed = msgspec.msgpack.decode(payload, type=AccessChanged)
        things = set(changed.things)
        affected = [c for c in self._connections if c.identity is not None and _concerned(c.identity, changed, things)]
        if affected:
            self.spawn(self._check(affected))

    async def _check(self, connections: list[Connection]) -> None:
        """Ask the directory again: is what they signed in with still worth something, and what may they do today?"""
        for start in range(0, len(connections), CHECKED_AT_ONCE):
            part = [(c, c.identity) for c in connections[start : start + CHECKED_AT_ONCE] if c.identity is not None]
            answers = await asyncio.gather(*(self._desk.recheck(identity) for _connection, identity in part))
            for (connection, identity), now in zip(part, answers, strict=True):
                if now.code != "registry_unavailable" and connection.identity is identity:
                    self._recheck_one(connection, identity, now)

    def _recheck_one(self, connection: Connection, identity: SignIn, now: SignIn) -> None:
        if not now.ok or (now.root, now.partition) != (identity.root, identity.partition):
            connection.leave(ReasonCode.NOT_AUTHORIZED, "revoked")
        elif connection.session is not None and now != identity:
            connection.renew(now)
            if now.children != identity.children:
                hears(connection, connection.session, list(connection.session.subscriptions))

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            self._forget_expired()
            await self._check(list(self._connections))

    def _taken(self, payload: bytes) -> None:
        by = msgspec.msgpack.decode(payload, type=Taken)
        session = self._sessions.get(by.client)
        if by.gateway != self.id and session is not None:
            if session.connection is not None:
                self._changes_hands(session, session.connection.address, f"a client of gateway {by.gateway}")
                session.connection.leave(ReasonCode.SESSION_TAKEN_OVER, "taken_over")
            self._drop(session)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now = self.loop.time()
            # who is held speaks without being heard: its silence is ours
            self.doorman.registrar.sweep(now)
            roll(self._connections, now)
            for connection in [c for c in self._connections if c.overdue_at < now and not c.holds]:
                if connection.wire.state is State.ASKED:
                    continue  # it waits for our answer, not we for its words
                if connection.session is None:
                    self.doorman.silent(connection, connection.first)
                    connection.close()  # it connected and never said who it is
                else:
                    connection.leave(ReasonCode.KEEP_ALIVE_TIMEOUT, "keep_alive")
            monotonic = time.monotonic()
            gone = [s for s in self._sessions.values() if s.connection is None and s.expires_at < monotonic]
            for session in gone:
                self._drop(session)
            for session in [s for s in self._sessions.values() if s.will is not None and s.will.due_at < monotonic]:
                self._publish_pending(session)
            excess = len(self._sessions) - len(self._connections) - SESSIONS
            if excess > 0:
                for session in [s for s in self._sessions.values() if s.connection is None][:excess]:
                    self._drop(session)

    async def _tell_of_itself(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            self.broker.publish()

    async def _status(self, payload: bytes) -> bytes:
        troubles = [c.trouble for c in self._committers.values() if c.trouble]
        if self._lasting is not None and self._lasting.keeper.trouble:
            troubles.append(f"sessions: {self._lasting.keeper.trouble}")
        status = GatewayStatus(
            self.id,
            len(self._connections),
            self.messages_in,
            sum(self.tally.sent),
            self.refusals,
            sum(c.batches for c in self._committers.values()),
            sum(c.pending_bytes for c in self._committers.values()),
            troubles,
            series(self),
        )
        return msgspec.msgpack.encode(status)

    def spawn(self, work: object) -> None:
        """Run a coroutine beside; it is cancelled when the gateway stops."""
        task: asyncio.Task[None] = self.loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task of the gateway failed", exc_info=task.exception())


def _concerned(identity: SignIn, changed: AccessChanged, things: set[str]) -> bool:
    rights = identity.rights
    if rights.kind == "thing":
        return identity.id in things
    # what a program may reach follows the things of its places
    listed = rights.kind == "program" and bool(things) and (rights.reads is not None or rights.controls is not None)
    return listed or changed.tokens is None or identity.id.partition(":")[2] in changed.tokens


def _key(identity: SignIn, client: str) -> str:
    """The name of a client's session."""
    return identity.id if client == identity.id else f"{identity.id}/{client}"
