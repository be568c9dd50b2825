"""A gateway over real parts: a nats-server, the log, the bus, and a small directory that knows the things of a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.gateway.client import Client, connect_packet
from tests.parts import until
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.door.patience import Patience
from unisono.gateway.fleet.homes import Homes
from unisono.gateway.fleet.moving import JOURNALS
from unisono.gateway.fleet.streams import Streams
from unisono.gateway.server import Gateway
from unisono.gateway.sessions.keeper import JOURNAL_BYTES, Keeper
from unisono.gateway.sessions.retained import Retained
from unisono.store.bus import Bus, connect
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer
from unisono.store.table import Table
from unisono.twin.record import Batch, decode_batch
from unisono.twin.talk import ACCESS_CHANGED, SIGN_IN, AccessChanged, Credentials, SignIn, SignInAnswer, SignInAsk
from unisono.wire.mqtt import Limits

E = TypeVar("E")

TABLE_BYTES = 8 << 20


class Directory:
    """Things by id: root place, children, version of the secret (which is ``s-<id>`` at first)."""

    def __init__(self) -> None:
        self.things: dict[str, SignIn] = {}
        self.secrets: dict[str, str] = {}
        self.questions = 0

    def add(self, id: str, root: str = "home", children: list[str] | None = None) -> None:
        self.things[id] = SignIn(True, id, root=root, partition="0", children=children or [], version=1)
        self.secrets[id] = f"s-{id}"

    async def answer(self, payload: bytes) -> bytes:
        self.questions += 1
        asked = msgspec.msgpack.decode(payload, type=SignInAsk)
        return msgspec.msgpack.encode(SignInAnswer([self._check(shown) for shown in asked.items]))

    def _check(self, shown: Credentials) -> SignIn:
        id, secret = shown.user, shown.password
        known = self.things.get(id)
        if known is None:
            return SignIn(False, id, "unknown_thing", "Nothing is registered under that id")
        known = msgspec.structs.replace(known, stamp=f"secret:{known.version}")
        if shown.stamp:
            return (
                known
                if shown.stamp == known.stamp
                else msgspec.structs.replace(known, ok=False, code="bad_credentials")
            )
        if secret != self.secrets[id]:
            return msgspec.structs.replace(known, ok=False, code="bad_credentials", detail="The secret is wrong")
        return known


class Journal:
    """Everything that the log holds, in order."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def take(self, _seq: int, payload: bytes) -> None:
        self.batches.append(decode_batch(payload))

    @property
    def entries(self) -> list[Any]:
        return [entry for batch in self.batches for entry in batch.entries]

    def of(self, kind: type[E], thing: str | None = None) -> list[E]:
        return [e for e in self.entries if isinstance(e, kind) and thing in (None, getattr(e, "thing", None))]


class Rig:
    """The gateway under test and its surroundings; `more_gateways` and `client` are closed with it."""

    def __init__(self, server: NatsServer, log: Log, directory: Directory, journal: Journal, bus: Bus) -> None:
        self.server = server
        self.log = log
        self.directory = directory
        self.journal = journal
        self.bus = bus
        self.clients: list[Client] = []
        self.gateway: Gateway
        self.port = 0
        self._stack = contextlib.AsyncExitStack()

    async def start_gateway(
        self, id: str = "g0", log: Any = None, gateways: list[str] | None = None, folder: Path | None = None
    ) -> tuple[Gateway, Callable[[], Any]]:
        """One more gateway with a connection of its own; returns it with what stops it. `port_of` says its port.

        ``gateways``: it works together with these; ``folder``: and clients are brought to the home of their session.
        """
        connection = await connect(self.server.url, self.server.token, f"gateway {id}")
        bus = Bus(connection)
        own = await Log.open(connection, "0", max_bytes=256 << 20)
        table = await Table.open(connection, "retained", max_bytes=TABLE_BYTES)
        journal = await Log.open(connection, id, max_bytes=JOURNAL_BYTES, kind=JOURNALS)
        reach = Streams(connection)
        homes = Homes(id, gateways or [id], folder) if folder is not None else None
        gateway = Gateway(
            id,
            bus,
            lambda _partition: log or own,
            ["0"],
            Retained(table),
            keeper=Keeper(journal, id),
            homes=homes,
        )
        if gateways is not None:
            gateway.join([other for other in gateways if other != id], reach)
            connection.on_up.append(gateway.bus_is_back)
        await gateway.start()
        port = await gateway.listen("127.0.0.1", 0)
        setattr(gateway, "port", port)  # noqa: B010  for tests only
        stopped = False

        async def crash() -> None:
            """As by kill -9: nothing that it does from now on reaches anybody."""
            nonlocal stopped
            stopped = True
            await connection.close()
            for door in gateway._servers:
                door.close()
            for task in list(gateway._tasks):
                task.cancel()
            if gateway.lasting is not None and gateway.lasting.keeper._rewriting is not None:
                gateway.lasting.keeper._rewriting.cancel()
            if gateway.peers is not None:
                for task in list(gateway.peers._tasks):
                    task.cancel()
            if homes is not None:
                homes.close()
            for client in list(gateway._connections):
                if client.transport is not None:
                    client.transport.abort()
            await until(lambda: not gateway._connections, "its connections are gone")
            await bus.close()
            await own.close()
            await journal.close()
            await reach.close()
            await gateway._retained.close()
            await table.close()

        setattr(gateway, "crash", crash)  # noqa: B010  for tests only

        async def stop() -> None:
            nonlocal stopped
            if not stopped:
                stopped = True
                await gateway.stop()
                await reach.close()
                await journal.close()
                await table.close()
                await bus.close()
                await own.close()
                await connection.close()

        self._stack.push_async_callback(stop)
        return gateway, stop

    def limit(self, **tables: dict[str, Any]) -> None:
        """Other limits than the usual for the gateway under test, as in ``limits.toml``."""
        allowed = msgspec.convert(tables, HubLimits)
        doorman = self.gateway.doorman
        self.gateway.allowed = doorman.limits = doorman.registrar.limits = allowed
        doorman.patience = Patience(allowed.sign_in)
        self.gateway.policy = allowed.mqtt
        own = allowed.connection
        self.gateway.limits = Limits(
            max_packet_size=own.packet_bytes, receive_maximum=min(own.receive_maximum, own.in_flight)
        )

    def client(self, thing: str, secret: str | None = None, *, port: int = 0, **fields: Any) -> Client:
        made = Client(port or self.port, connect_packet(thing, secret, **fields))
        self.clients.append(made)
        return made

    async def device(self, thing: str, secret: str | None = None, *, port: int = 0, **fields: Any) -> Client:
        """A client that is connected already."""
        client = self.client(thing, secret, port=port, **fields)
        connack = await client.open()
        assert connack.reason == 0, connack
        return client

    def revoke(self, thing: str) -> None:
        """A new secret: the old one is worth nothing from now on."""
        known = self.directory.things[thing]
        self.directory.things[thing] = msgspec.structs.replace(known, version=known.version + 1)
        self.directory.secrets[thing] = "another"
        self.changed(thing)

    def changed(self, *things: str, removed: list[str] | None = None) -> None:
        self.bus.publish(ACCESS_CHANGED, msgspec.msgpack.encode(AccessChanged(list(things), removed=removed or [])))

    async def settled(self) -> None:
        """Everything that gateways have handed to the log so far is in the journal."""
        await until(lambda: not self.gateway.committer("0").pending_bytes, "the committer is empty")
        _first, last, _bytes = await self.log.bounds()
        await until(lambda: len(self.journal.batches) >= last, "the journal has read all")

    async def stop(self) -> None:
        for client in self.clients:
            if client.transport is not None:
                client.transport.abort()
        await asyncio.gather(*(client.closed.wait() for client in self.clients if client.transport is not None))
        await until(lambda: not self.gateway._connections, "the gateway has seen everybody off")
        await self._stack.aclose()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """With room for the streams of several gateways."""
    running = NatsServer(tmp_path / "data", max_log_bytes=4 << 30)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def rig(server: NatsServer, connection: Connection, log: Log) -> AsyncIterator[Rig]:
    bus = Bus(connection)
    directory = Directory()
    for thing in ("lamp", "probe", "neighbour"):
        directory.add(thing)
    directory.add("stranger", root="elsewhere")
    directory.add("bridge", children=["bulb", "plug"])
    directory.add("bulb")
    directory.add("plug")
    await bus.serve(SIGN_IN, directory.answer)
    journal = Journal()
    reader = await log.read(1, journal.take)
    made = Rig(server, log, directory, journal, bus)
    made.gateway, _stop = await made.start_gateway()
    made.port = getattr(made.gateway, "port")  # noqa: B009
    yield made
    await made.stop()
    await reader.stop()
    await bus.close()
