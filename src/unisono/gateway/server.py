"""The gateway: listens for devices, signs them in, keeps their sessions, and is the one place where connections meet.

Knows sockets, sessions and the bus. Holds no truth: everything that matters is in the log before it is answered.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import HostError
from unisono.gateway.broker import EVERY_S, BrokerTopics
from unisono.gateway.clients import CROWDED, RATE, roll, series, serve_visitors
from unisono.gateway.clock import now_us
from unisono.gateway.commit import Committer, LogWriter
from unisono.gateway.connection import Connection, special_rights, spoken_for
from unisono.gateway.delivering import Delivery
from unisono.gateway.door.admission import Admission
from unisono.gateway.door.authentication import find_methods
from unisono.gateway.door.doorman import Doorman
from unisono.gateway.door.handshake import open_tls_door
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.door.meter import Wait
from unisono.gateway.door.signin import Desk
from unisono.gateway.door.unfinished import Unfinished
from unisono.gateway.fleet.homes import Homes
from unisono.gateway.fleet.peers import Peers, Reach
from unisono.gateway.outlet import Outlet
from unisono.gateway.routing import Place
from unisono.gateway.sessions.keeper import Keeper
from unisono.gateway.sessions.lasting import Lasting
from unisono.gateway.sessions.retained import Retained
from unisono.gateway.sessions.session import PendingWill, SessionState
from unisono.gateway.sessions.wills import delay_of, publish_will
from unisono.gateway.speaking import Bridges
from unisono.gateway.subscribing import catch_up, hears
from unisono.store.bus import Bus
from unisono.store.tls_listener import TlsListener
from unisono.twin.record import GatewayStarted, Presence
from unisono.twin.talk import (
    ACCESS_CHANGED,
    LET_IN,
    AccessChanged,
    GatewayStatus,
    Pressure,
    SignIn,
    Taken,
    ask_gateway,
    down,
    pressure,
    taken,
)
from unisono.wire.mqtt import Limits, ReasonCode, State, Will

if TYPE_CHECKING:
    import ssl

    from unisono.gateway.speaking.bridge import Bridge
    from unisono.gateway.speaking.line import LineHost

    Speaker = Bridge | LineHost

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
        self.by_key: dict[str, SessionState] = {}
        self._connections: set[Connection] = set()
        self._pressed_at: dict[str, int] = {}
        self._held: set[Connection] = set()
        self.unfinished = Unfinished()
        self.homes = homes
        self.peers: Peers | None = None
        self.lasting = Lasting(keeper, self.by_key.get) if keeper is not None else None
        self._desk = Desk(bus)
        self._retained = retained
        self.admission = Admission(self, self._desk)
        self.delivery = Delivery(self, retained)
        self.bridges = Bridges(self)
        # whoever speaks for a thing in another language than ours
        self.speakers: dict[str, Speaker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server | TlsListener] = []
        self._releases: dict[str, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Say that we begin anew, load retained messages, answer on the bus. Doors are opened with `listen`, or
        whoever has clients of another kind (a WebSocket) makes a `Connection` for each."""
        for partition in self._partitions:
            self.committer(partition).add(GatewayStarted(self.id, now_us()), 0)
        for root, topic, message in await self._retained.load():
            self.place(root).retain(topic, message)
        for root, place in self._places.items():
            self.bridges.recall(root, place.retained)
        if self.lasting is not None:
            await self._restore(self.lasting)
        if self.peers is not None:
            await self._retained.follow(self.delivery.retained_elsewhere)
            await self.peers.join()
        if self.homes is not None and self.id in self.homes.gateways:
            self.homes.open(self.admission.arrived)
        await self.bus.serve(down(self.id), self.delivery.down)
        await self.bus.serve(ask_gateway(self.id, "status"), self._status)
        await serve_visitors(self)
        await self.doorman.start()
        await self.bus.subscribe(ACCESS_CHANGED, self._access_changed)
        await self.bus.subscribe(LET_IN, self.bridges.let_in)
        await self.bus.subscribe(taken(), self._taken)
        for partition in self._partitions:
            await self.bus.subscribe(pressure(partition), partial(self._pressed, partition))
        self.spawn(self._sweep())
        self.spawn(self._recheck())
        self.spawn(self._tell_of_itself())

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Open a door; returns its port. Raises HostError ``port_taken``."""
        server: asyncio.Server | TlsListener
        try:
            if tls is not None:
                server = open_tls_door(self, host, port, tls, within_s=HANDSHAKE_S, backlog=BACKLOG)
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
        if self.lasting is not None:
            await self.lasting.keeper.close()
        if self.homes is not None:
            self.homes.close()
        await self._retained.close()

    def join(self, others: list[str], reach: Reach) -> None:
        """Work together with other gateways; ``reach`` finds their streams and journals."""
        assert self.lasting is not None
        boot = secrets.token_hex(4)
        self.peers = Peers(
            self.id,
            others,
            self.bus,
            self.lasting.keeper,
            boot=boot,
            place=self.place,
            reach=reach,
            deliver=self.delivery.from_another,
            settled=self._retained.settled,
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
            session = self.by_key[record.key] = self.new_session(record.key, identity)
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
        return self.by_key.values()

    @property
    def places(self) -> Iterable[Place]:
        return self._places.values()

    @property
    def committers(self) -> Iterable[Committer]:
        return self._committers.values()

    def session(self, key: str) -> SessionState | None:
        return self.by_key.get(key)

    # coming and going

    def opened(self, connection: Connection) -> None:
        if connection.seat is None:
            assert connection.transport is not None
            connection.transport.abort()
            return
        self._connections.add(connection)

    def new_session(self, key: str, identity: SignIn) -> SessionState:
        own = self.allowed.connection
        bounds = own.queue_messages, own.queue_bytes
        ids, rights = spoken_for(identity), special_rights(identity)
        return SessionState(key, identity.id, identity.root, ids, rights, bounds=bounds)

    def closed(self, connection: Connection, why: str) -> None:
        """A connection ended, for the reason that is told first; later ones are echoes."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self.unfinished.forget(connection)
        self._held.discard(connection)
        if connection.seat is not None:
            self.doorman.registrar.leave(connection.seat, self.loop.time())
        identity, session = connection.identity, connection.session
        if identity is None or session is None:
            return
        if connection.line is not None:
            connection.line.end()
        will = connection.take_will()
        if session.connection is connection:
            catch_up(connection, at_once=True)
            session.connection = None
            session.wire = connection.wire.session
            lasts_s = min(connection.wire.session_expiry, self.policy.longest_session_s)
            if lasts_s:
                will = self._left(connection, session, will, lasts_s)
            elif will is None:
                self.drop(session)
            else:
                session.will, will = PendingWill(will, 0.0, identity), None
                self.drop(session)
        if will is not None:
            self._publish_will(session, identity, will)
        self.bridges.left(connection)
        if session.ids:
            self.committer(identity.partition).add(
                Presence(identity.id, self.id, connection.epoch, False, why, now_us(), session.key), 0
            )

    def _left(self, connection: Connection, session: SessionState, will: Will | None, lasts_s: float) -> Will | None:
        """A client is away and its session goes on; returns the will that is to be published now."""
        assert connection.identity is not None
        now = time.monotonic()
        session.expires_at = now + lasts_s
        delay_s = delay_of(will) if will is not None else 0
        if self.lasting is not None:
            at = now_us()
            self.lasting.leave(session, at, lasts_s, at + 1_000_000 * delay_s if will is not None else 0)
        if connection.showing is not None:
            connection.showing.leave(now_us())
        if will is not None and delay_s:
            session.will = PendingWill(will, now + delay_s, connection.identity)
            will = None
        self.place(session.root).left(session)
        return will

    def drop(self, session: SessionState) -> None:
        """The end of a session; a will that was to come later comes now."""
        self.place(session.root).forget(session)
        self.tally.dropped += session.dropped
        session.dropped = 0
        if self.by_key.get(session.key) is session:
            del self.by_key[session.key]
        pending, session.will = session.will, None
        if pending is None:
            self._end(session)
        else:
            publish_will(self, session, pending.identity, pending.will, partial(self._end, session))

    def _end(self, session: SessionState) -> None:
        if self.lasting is not None:
            self.lasting.end(session)

    def _publish_pending(self, session: SessionState) -> None:
        pending, session.will = session.will, None
        if pending is not None:
            self._publish_will(session, pending.identity, pending.will)

    def _publish_will(self, session: SessionState, identity: SignIn, will: Will) -> None:
        publish_will(self, session, identity, will, partial(self._will_is_out, session))

    def _will_is_out(self, session: SessionState) -> None:
        if self.lasting is not None and session.connection is None:
            self.lasting.will_is_out(session)

    # messages

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
        for connection in affected if changed.again else ():
            if connection.line is not None and connection.identity is not None:
                connection.line.refresh(connection.identity)
        removed = set(changed.removed)
        for session in [s for s in self.by_key.values() if s.thing in removed] if removed else ():
            if session.connection is not None:
                session.connection.leave(ReasonCode.NOT_AUTHORIZED, "revoked")
            session.will = None  # nobody is left to whom it belongs
            if self.by_key.get(session.key) is session:
                self.drop(session)

    async def _check(self, connections: list[Connection]) -> None:
        """Ask the directory again: is what they signed in with still worth something, and what may they do today?"""
        for start in range(0, len(connections), CHECKED_AT_ONCE):
            part = [(c, c.identity) for c in connections[start : start + CHECKED_AT_ONCE] if c.identity is not None]
            answers = await asyncio.gather(*(self._desk.recheck(identity) for _connection, identity in part))
            changed: list[Connection] = []
            for (connection, identity), now in zip(part, answers, strict=True):
                if now.code != "registry_unavailable" and connection.identity is identity:
                    self._recheck_one(connection, identity, now)
                elif connection.identity is not identity:
                    changed.append(connection)
            if changed:  # of two changes in a row the second must not be lost because the first was told meanwhile
                await self._check(changed)

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
            self.delivery.forget_expired()
            await self._check(list(self._connections))

    def _taken(self, payload: bytes) -> None:
        by = msgspec.msgpack.decode(payload, type=Taken)
        for client in by.clients if by.gateway != self.id else ():
            session = self.by_key.get(client)
            if session is None:
                continue
            if session.connection is not None:
                self.admission.changes_hands(session, session.connection.address, f"a client of gateway {by.gateway}")
                session.connection.leave(ReasonCode.SESSION_TAKEN_OVER, "taken_over")
            self.drop(session)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            # after a long turn of this loop the alarm may ring before the sockets are read (uvloop): what clients said
            # meanwhile is heard first, then it is asked who was silent
            await asyncio.sleep(0)
            now = self.loop.time()
            # who is held speaks without being heard: its silence is ours
            self.doorman.registrar.sweep(now)
            self.bridges.due()
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
            gone = [s for s in self.by_key.values() if s.connection is None and s.expires_at < monotonic]
            for session in gone:
                self.drop(session)
            for session in [s for s in self.by_key.values() if s.will is not None and s.will.due_at < monotonic]:
                self._publish_pending(session)
            excess = len(self.by_key) - len(self._connections) - SESSIONS
            if excess > 0:
                for session in [s for s in self.by_key.values() if s.connection is None][:excess]:
                    self.drop(session)

    async def _tell_of_itself(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            self.broker.publish()

    async def _status(self, payload: bytes) -> bytes:
        troubles = [c.trouble for c in self._committers.values() if c.trouble]
        if self.lasting is not None and self.lasting.keeper.trouble:
            troubles.append(f"sessions: {self.lasting.keeper.trouble}")
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

    def spawn(self, work: object) -> asyncio.Task[None]:
        """Run a coroutine beside; it is cancelled when the gateway stops."""
        task: asyncio.Task[None] = self.loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

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
