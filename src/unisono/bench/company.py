"""The company that ``bench soak`` keeps: talkers and their steady listeners, who come and go, who do not read, and who
send nonsense.

Knows `unisono.wire` as a client and keeps account of what the listeners were promised: every acknowledged message of a
talker, at least once, in order. Runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import msgspec

from unisono.errors import HostError
from unisono.wire.mqtt import (
    Acknowledged,
    ClientConnection,
    Connack,
    Connect,
    ProtocolError,
    Publish,
    PublishRun,
    Suback,
    Subscription,
    Version,
)
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.events import Reply

__all__ = ["Company", "Findings", "Ledger"]

LARGEST = 1 << 20
PAYLOAD_BYTES = 1_000  # so that who does not read has filled every buffer within a minute
COME_S = 0.05  # a client comes, says something and goes
ERR_S = 0.2  # a client sends nonsense
WRONG_S = 5.0  # a client has a wrong password
READY_S = 30.0
SETTLE_S = 60.0
TOPIC = "soak/talk"


class Findings(msgspec.Struct, kw_only=True):
    """``lost``, ``disordered``, ``parted`` (a steady client lost its connection) and ``faults`` (the hub broke the
    protocol) must be zero."""

    sent: int = 0
    acked: int = 0
    delivered: int = 0
    again: int = 0
    lost: int = 0
    disordered: int = 0
    parted: int = 0
    came_and_went: int = 0
    refused: int = 0
    nonsense: int = 0
    unanswered_nonsense: int = 0
    faults: int = 0


class Ledger:
    """What one listener got of one talker: numbers from 0 on, each at least once, the first times in order. Sans-IO."""

    __slots__ = ("again", "disordered", "next")

    def __init__(self) -> None:
        self.next = 0
        self.again = 0
        self.disordered = 0

    def took(self, number: int) -> bool:
        """Count a message; whether it was the one that was due."""
        if number < self.next:
            self.again += 1
            return False
        self.disordered += number > self.next
        self.next = number + 1
        return True


class _Client(asyncio.Protocol):
    """One client on a socket; ``heard`` is called with each message."""

    def __init__(self, connect: Connect, heard: Callable[[str, bytes], None] | None = None) -> None:
        self.wire = ClientConnection(connect, max_packet_size=LARGEST)
        self.heard = heard
        self.transport: asyncio.Transport | None = None
        self.acked = 0
        self.code: int | None = None
        self.fault = ""
        self.leaving = False
        self.granted = asyncio.Event()
        self.open = asyncio.Event()
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.wire.open())

    def data_received(self, data: bytes) -> None:
        if self.leaving:
            return  # what was on its way when it said goodbye
        for event in self.wire.receive(data):
            if isinstance(event, PublishRun) and self.heard is not None:
                for payload in event.payloads:
                    self.heard(event.topic, payload)
            elif isinstance(event, Reply):
                self.write(event.answer)
            elif isinstance(event, Acknowledged):
                self.acked += len(event.packet_ids)
            elif isinstance(event, Connack):
                self.code = event.reason
                self.open.set()
            elif isinstance(event, Suback):
                self.granted.set()
            elif isinstance(event, ProtocolError):
                self.fault = event.detail

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.closed.set()
        self.open.set()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def publish(self, topic: str, payload: bytes, qos: int) -> bool:
        """False while the window is full."""
        made = self.wire.publish(topic, payload, qos, False)
        if made is None:
            return False
        self.write(made[1])
        return True

    async def subscribe(self, filter: str, qos: int) -> None:
        _number, data = self.wire.subscribe(Subscription(filter, qos))
        self.write(data)
        await asyncio.wait_for(self.granted.wait(), READY_S)


class Company:
    """A context manager. ``things``: (id, secret) of as many things as `needed` says; ``rate``: messages a second that
    the talkers say together."""

    TALKERS, LISTENERS, DEAF, VISITORS, ERRING = 4, 4, 4, 100, 20

    def __init__(self, port: int, things: list[tuple[str, str]], rate: float, seed: int = 1) -> None:
        self._port = port
        self._things = things
        self._rate = rate
        self._random = random.Random(seed)
        self._thread = threading.Thread(target=self._run, name="company")
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: BaseException | None = None
        self._ledgers: dict[tuple[int, str], Ledger] = {}
        self._talking = True
        self.latencies: list[float] = []
        self.findings = Findings()

    @classmethod
    def needed(cls) -> int:
        """How many things it takes."""
        return cls.TALKERS + cls.LISTENERS + cls.DEAF + cls.VISITORS + cls.ERRING

    def __enter__(self) -> Company:
        self._thread.start()
        if not self._ready.wait(READY_S) or self._error is not None:
            self.__exit__()
            raise self._error or HostError("the company did not get ready")
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._loop is not None and self._ending is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def stop(self) -> Findings:
        """Let the talkers end, wait until the listeners have everything, and tell what was found."""
        self.__exit__()
        if self._error is not None:
            raise self._error
        return self.findings

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001  handed to whoever waits
            self._error = error
            self._ready.set()

    # its life

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        things = iter(self._things)
        talkers = [await self._steady(next(things)) for _ in range(self.TALKERS)]
        listeners = []
        for number in range(self.LISTENERS):
            listener = await self._steady(next(things), self._listener(number))
            await listener.subscribe(f"{TOPIC}/#", 1)
            listeners.append(listener)
        for _ in range(self.DEAF):
            deaf = await self._steady(next(things))
            await deaf.subscribe(f"{TOPIC}/#", 1)
            assert deaf.transport is not None
            deaf.transport.pause_reading()
        visitors = [next(things) for _ in range(self.VISITORS)]
        erring = [next(things) for _ in range(self.ERRING)]
        talking = [asyncio.create_task(self._talk(number, talker)) for number, talker in enumerate(talkers)]
        crowd = [
            asyncio.create_task(self._come_and_go(visitors)),
            asyncio.create_task(self._err(erring)),
            asyncio.create_task(self._forget(erring[0])),
        ]
        self._ready.set()
        ended = asyncio.create_task(self._ending.wait())
        await asyncio.wait([ended, *talking, *crowd], return_when=asyncio.FIRST_COMPLETED)
        self._talking = False
        for task in crowd:
            if task.done():
                task.result()  # it never ends by itself: this raises what ended it
            task.cancel()
        await asyncio.gather(*talking)
        await asyncio.gather(*crowd, return_exceptions=True)
        await self._settle(talkers)
        self.findings.parted = sum(each.closed.is_set() for each in (*talkers, *listeners))
        for client in (*talkers, *listeners):
            self.findings.faults += bool(client.fault)
            if client.transport is not None:
                client.transport.abort()

    async def _open(self, client: _Client) -> _Client:
        assert self._loop is not None
        await self._loop.create_connection(lambda: client, "127.0.0.1", self._port)
        return client

    async def _steady(self, thing: tuple[str, str], heard: Callable[[str, bytes], None] | None = None) -> _Client:
        client = await self._open(_Client(_connect(thing, Version.V5), heard))
        await asyncio.wait_for(client.open.wait(), READY_S)
        if client.code:
            raise HostError(f"{thing[0]} was refused with {client.code:#x}")
        return client

    def _listener(self, number: int) -> Callable[[str, bytes], None]:
        def heard(topic: str, payload: bytes) -> None:
            now = time.monotonic()
            count, at, _rest = payload.split(b" ", 2)
            ledger = self._ledgers.setdefault((number, topic), Ledger())
            if ledger.took(int(count)):
                self.latencies.append(now - float(at))

        return heard

    async def _talk(self, number: int, client: _Client) -> None:
        """Say numbers at QoS 1, evenly."""
        topic = f"{TOPIC}/{number}"
        pause_s = self.TALKERS / self._rate
        due = time.monotonic()
        said = 0
        while self._talking and not client.closed.is_set():
            due = max(due + pause_s, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            payload = b"%d %f " % (said, time.monotonic())
            if client.publish(topic, payload.ljust(PAYLOAD_BYTES, b"."), 1):
                said += 1
        self.findings.sent += said

    async def _settle(self, talkers: list[_Client]) -> None:
        """Wait until all is acknowledged and heard, then count what is missing."""
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end and not self._all_heard(talkers):  # noqa: ASYNC110  the clients are looked at
            await asyncio.sleep(0.05)
        found = self.findings
        found.acked = sum(each.acked for each in talkers)
        for listener in range(self.LISTENERS):
            for number, talker in enumerate(talkers):
                ledger = self._ledgers.get((listener, f"{TOPIC}/{number}"), Ledger())
                found.delivered += ledger.next
                found.again += ledger.again
                found.disordered += ledger.disordered
                found.lost += max(0, talker.acked - ledger.next)

    def _all_heard(self, talkers: list[_Client]) -> bool:
        acked = sum(each.acked for each in talkers)
        heard = all(
            self._ledgers.get((listener, f"{TOPIC}/{number}"), Ledger()).next >= talker.acked
            for listener in range(self.LISTENERS)
            for number, talker in enumerate(talkers)
        )
        return heard and acked == self.findings.sent

    # the crowd

    async def _come_and_go(self, things: list[tuple[str, str]]) -> None:
        while True:
            await asyncio.sleep(COME_S)
            chance = self._random
            version = chance.choice([Version.V311, Version.V5])
            client = await self._open(_Client(_connect(chance.choice(things), version, clean=chance.random() < 0.5)))
            await asyncio.wait_for(client.open.wait(), READY_S)
            if client.code != 0:
                self.findings.refused += 1
                continue
            if chance.random() < 0.3:
                filter = f"{TOPIC}/{chance.randrange(self.TALKERS)}"
                with contextlib.suppress(asyncio.TimeoutError):
                    await client.subscribe(filter, chance.randrange(2))
            for _ in range(chance.randrange(4)):
                client.publish("things/me/state", b'{"temperature":20.5}', chance.randrange(3))
            if chance.random() < 0.5:
                client.leaving = True
                client.write(client.wire.disconnect())
            elif client.transport is not None:
                client.transport.abort()
            self.findings.came_and_went += 1
            self.findings.faults += bool(client.fault)

    async def _err(self, things: list[tuple[str, str]]) -> None:
        """Nonsense before signing in and after it; every such connection must be ended, and within the time."""
        while True:
            await asyncio.sleep(ERR_S)
            chance = self._random
            client = _Client(_connect(chance.choice(things), chance.choice([Version.V311, Version.V5])))
            if chance.random() < 0.5:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(bytes([chance.choice([0x16, 0x30, 0x47, 0xF0, 0x00])]) + chance.randbytes(64))
                done: Any = reader.read()
            else:
                await self._open(client)
                await asyncio.wait_for(client.open.wait(), READY_S)
                frame = bytearray(encode(Publish("things/me/state", b"{}", 1, packet_id=1), client.wire.version))
                frame[0] = chance.choice([0xF0, 0x36, 0x20, 0x10])
                client.write(bytes(frame) + b"\xff\xff\xff\xff\xff")
                writer = None
                done = client.closed.wait()
            self.findings.nonsense += 1
            try:
                await asyncio.wait_for(done, READY_S)
            except (TimeoutError, ConnectionError) as error:
                self.findings.unanswered_nonsense += isinstance(error, asyncio.TimeoutError)
            if writer is not None:
                writer.close()
            elif client.transport is not None:
                client.transport.abort()

    async def _forget(self, thing: tuple[str, str]) -> None:
        while True:
            await asyncio.sleep(WRONG_S)
            client = await self._open(_Client(_connect((thing[0], "forgotten"), Version.V5)))
            await asyncio.wait_for(client.open.wait(), READY_S)
            if client.transport is not None:
                client.transport.abort()


def _connect(thing: tuple[str, str], version: Version, *, clean: bool = True) -> Connect:
    return Connect(
        client_id=thing[0],
        version=version,
        clean_start=clean,
        keep_alive=60,
        username=thing[0],
        password=thing[1].encode(),
    )
