"""A Kafka cluster for tests: the mock brokers of librdkafka, which speak the protocol over real sockets without a disk,
and doors before them that add what they lack: TLS, sign-in by SASL PLAIN, connections that break at a bad moment.

It is no Kafka: what only a real cluster does (replicas, elections, dropping what an idempotent producer repeats) cannot
be shown with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from typing import Any

import confluent_kafka

__all__ = ["Cluster"]

PRODUCE, API_VERSIONS, SASL_HANDSHAKE, INIT_PRODUCER_ID, SASL_AUTHENTICATE = 0, 18, 17, 22, 36
SASL_FAILED = 58


class Cluster:
    """``ports``: of the doors, one a broker. ``asked``: how often each kind of request came. ``cut``: so many answers
    to Produce are lost, with their connection, after the broker has done what was asked. ``produced``: what identifies
    each batch to a broker (producer, epoch, first sequence), of requests for one partition."""

    def __init__(self, brokers: int = 1, tls: ssl.SSLContext | None = None, password: str = "") -> None:
        self.ports: list[int] = []
        self.asked: dict[int, int] = {}
        self.cut = 0
        self.produced: list[tuple[int, int, int]] = []
        self._tls = tls
        self._password = password
        self._brokers = brokers
        self._mock: confluent_kafka.Producer | None = None
        self._doors: list[asyncio.Server] = []
        self._moved: list[tuple[bytes, bytes]] = []
        self._visits: dict[asyncio.StreamWriter, asyncio.Task[Any] | None] = {}

    async def start(self) -> None:
        settings: dict[str, Any] = {
            "bootstrap.servers": "mock", "test.mock.num.brokers": self._brokers, "log_level": 0,
        }  # fmt: skip
        self._mock = confluent_kafka.Producer(settings)
        found = await asyncio.to_thread(self._mock.list_topics, timeout=20)
        for broker in found.brokers.values():
            await self._open_door(broker.port)

    @property
    def bootstrap(self) -> str:
        """The mock brokers themselves, for a consumer."""
        assert self._mock is not None
        brokers = self._mock.list_topics(timeout=20).brokers.values()
        return ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    async def _open_door(self, port: int) -> None:
        async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._visits[writer] = asyncio.current_task()
            try:
                await _Visit(self, reader, writer, port).run()
            except (OSError, EOFError):
                pass
            finally:
                await _close(writer)
                del self._visits[writer]

        door = await asyncio.start_server(come, "127.0.0.1", 0, ssl=self._tls)
        self._doors.append(door)
        own = int(door.sockets[0].getsockname()[1])
        self.ports.append(own)
        self._moved.append((b"127.0.0.1" + port.to_bytes(4), b"127.0.0.1" + own.to_bytes(4)))

    def advertise(self, answer: bytes) -> bytes:
        """An answer with the doors in place of the brokers behind them."""
        for inside, outside in self._moved:
            answer = answer.replace(inside, outside)
        return answer

    def right(self, token: bytes) -> bool:
        return token.split(b"\0")[-1] == self._password.encode()

    @property
    def signs_in(self) -> bool:
        return bool(self._password)

    async def consume(self, topic: str, count: int) -> list[tuple[str, bytes, str]]:
        """(key, value, header ``id``) of the first records, over all partitions, each in its order."""
        settings: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap, "group.id": "test", "auto.offset.reset": "earliest", "log_level": 0,
        }  # fmt: skip
        consumer = confluent_kafka.Consumer(settings)
        consumer.subscribe([topic])
        found: list[tuple[str, bytes, str]] = []

        def poll() -> None:
            quiet = 0
            while len(found) < count and quiet < 40:  # 20 s without a record
                message = consumer.poll(0.5)
                quiet += message is None
                if message is not None and message.error() is None:
                    headers: Any = message.headers()
                    key, value = message.key(), message.value()
                    assert key is not None and value is not None
                    found.append((bytes(key).decode(), bytes(value), dict(headers)["id"].decode()))
            consumer.close()

        await asyncio.to_thread(poll)
        return found

    async def stop(self) -> None:
        for door in self._doors:
            door.close()
        visits = [task for task in self._visits.values() if task is not None]
        for writer in list(self._visits):
            writer.close()
        await asyncio.gather(*visits, return_exceptions=True)
        for door in self._doors:
            await door.wait_closed()
        self._mock = None


class _Visit:
    """One connection through a door."""

    def __init__(self, cluster: Cluster, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._cluster = cluster
        self._reader, self._writer = reader, writer
        self._port = port
        self._signed_in = not cluster.signs_in
        self._kinds: dict[int, tuple[int, int]] = {}  # by correlation id: kind and version of a request

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._back(reader))
        forth = asyncio.create_task(self._forth(writer))
        try:
            await asyncio.wait({back, forth}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (back, forth):
                task.cancel()
            await asyncio.gather(back, forth, return_exceptions=True)
            await _close(writer)

    async def _forth(self, writer: asyncio.StreamWriter) -> None:
        while True:
            frame = await _frame(self._reader)
            kind, version, number = struct.unpack_from(">hhi", frame)
            self._cluster.asked[kind] = self._cluster.asked.get(kind, 0) + 1
            self._kinds[number] = (kind, version)
            if kind == PRODUCE and (batch := _batch(frame)) is not None:
                self._cluster.produced.append(batch)
            if kind == SASL_HANDSHAKE:
                await self._answer(number, struct.pack(">hi", 0, 1) + _text("PLAIN"))
            elif kind == SASL_AUTHENTICATE:
                await self._authenticate(number, version, frame)
            elif not self._signed_in and kind != API_VERSIONS:
                return  # as a broker does: it hangs up
            else:
                writer.write(len(frame).to_bytes(4) + frame)
                await writer.drain()

    async def _authenticate(self, number: int, version: int, frame: bytes) -> None:
        (client,) = struct.unpack_from(">h", frame, 8)
        start = 10 + max(client, 0)
        (length,) = struct.unpack_from(">i", frame, start)
        self._signed_in = self._cluster.right(frame[start + 4 : start + 4 + length])
        said = struct.pack(">hh", 0, -1) if self._signed_in else struct.pack(">h", SASL_FAILED) + _text("wrong")
        await self._answer(number, said + struct.pack(">i", 0) + (b"\0" * 8 if version else b""))

    async def _answer(self, number: int, body: bytes) -> None:
        frame = number.to_bytes(4) + body
        self._writer.write(len(frame).to_bytes(4) + frame)
        await self._writer.drain()

    async def _back(self, reader: asyncio.StreamReader) -> None:
        while True:
            frame = await _frame(reader)
            (number,) = struct.unpack_from(">i", frame)
            kind, version = self._kinds.pop(number, (-1, 0))
            if kind == PRODUCE and self._cluster.cut:
                self._cluster.cut -= 1
                return
            if kind == API_VERSIONS and self._cluster.signs_in:
                frame = _with_sasl(frame, version)
            frame = self._cluster.advertise(frame)
            self._writer.write(len(frame).to_bytes(4) + frame)
            await self._writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _batch(frame: bytes) -> tuple[int, int, int] | None:
    """(producer, epoch, first sequence) of the record batch at the end of a Produce request."""
    for start in range(len(frame) - 61):
        (length,) = struct.unpack_from(">i", frame, start + 8)
        if length == len(frame) - start - 12 and frame[start + 16] == 2:
            found: tuple[int, int, int] = struct.unpack_from(">qhi", frame, start + 43)
            return found
    return None


def _with_sasl(frame: bytes, version: int) -> bytes:
    """An answer to ApiVersions (0 to 2) that offers sign-in too."""
    assert version <= 2, f"ApiVersions {version} has another form"
    number, error, count = struct.unpack_from(">ihi", frame)
    end = 10 + 6 * count
    added = struct.pack(">hhhhhh", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 1)
    listed = [struct.unpack_from(">hhh", frame, 10 + 6 * n) for n in range(count)]
    kept = [each for each in listed if each[0] not in (SASL_HANDSHAKE, SASL_AUTHENTICATE)]
    rows = b"".join(struct.pack(">hhh", *each) for each in kept) + added
    return struct.pack(">ihi", number, error, len(kept) + 2) + rows + frame[end:]


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4))
    return await reader.readexactly(size)
