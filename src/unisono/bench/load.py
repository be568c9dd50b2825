"""The load generator: many MQTT clients in one process, one epoll, no cost per message.

Each client sends slices of its pre-encoded ring (`frames.Ring`) and counts PUBACKs, and what a subscriber receives, by
bytes: a server that answers with packets of one size costs the generator a few system calls per *chunk*, so it is never
the bottleneck (`docs/performance.md` has its share of the CPU). Runs in a process of its own under
`unisono.bench.drive`: a JSON `Job` on stdin, then commands; one JSON `Sample` a line on stdout.
Knows sockets and MQTT bytes; knows no server in particular.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Protocol

import msgspec

from unisono.bench.frames import Ring, decode_connack, encode_connect, encode_ring, encode_subscribe
from unisono.bench.line import open_line, web_ring
from unisono.errors import DeviceError, HostError, UnisonoError

__all__ = ["Acks", "Client", "Generator", "Job", "Sample", "serve"]

CONNECTS_PENDING = 64  # sign-ins under way at once: below the smallest listen backlog among the servers (100)
CONNECT_DEADLINE_S = 180.0  # 15,000 sign-ins at the slowest server that is asked to take them
SEND_LIMIT = 64 * 1024  # bytes a flooding client sends before the next one has its turn
RECEIVE_LIMIT = 256 * 1024
EVENTS_LIMIT = 1024
TICK_S = 0.002  # paced load: at 20,000 messages/s 40 messages a tick, finer than what is measured (milliseconds)
PACED_TURNS = 2_000  # messages that one tick may catch up with; a slow server is not flooded afterwards
# A server that answers each message with a packet of its own (Mosquitto) wakes the generator for each. When a turn
# brought fewer than NAP_BELOW messages a connection the generator sleeps, so that more come at once: measured,
# Mosquitto does half as much again (0.13 -> 0.20 M/s at QoS 1) and the generator costs 0.2 instead of 0.9 of a core.
NAP_BELOW = 16
NAP_S = 0.0005
KEEP_ALIVE_S = 3_600  # longer than any run: keep-alives are no part of what is measured
UNLIMITED = 1 << 62


class Job(msgspec.Struct, kw_only=True):
    """What one generator process does.

    ``credentials`` are (client id, secret) pairs, or ids with an empty secret for a server that asks for none.
    ``window``: unacknowledged messages per client at QoS 1. ``rate``: messages a second over all clients, 0 for as fast
    as windows and sockets allow. ``first`` and ``payloads``: the slice of the distinct payloads that these clients
    share out. ``subscribe``: a filter that one more client subscribes to, to count what arrives.
    ``way``: how its clients come in, one of `unisono.bench.line.WAYS`.
    ``listeners``: the subscribers of `unisono.bench.exchange`; ``%`` in ``topic`` is the publisher's number.
    """

    host: str
    port: int
    version: int
    qos: int
    window: int
    topic: str
    credentials: list[tuple[str, str]]
    payloads: int
    first: int = 0
    rate: float = 0.0
    subscribe: str = ""
    idle: bool = False
    listeners: list[tuple[str, str]] = []
    way: str = "tcp"


class Sample(msgspec.Struct, kw_only=True):
    """Counters at one moment: ``at`` is CLOCK_MONOTONIC seconds, ``cpu_s`` this process's user and system time.

    ``signing_s``: how long it took from the first connection to the last CONNACK. ``connected``, ``reconnects``,
    ``resent`` and ``numbers`` are told by `unisono.bench.resend` only.
    """

    at: float
    cpu_s: float
    sent: int = 0
    acked: int = 0
    received: int = 0
    blocked: int = 0
    window: int = 0
    frame_bytes: int = 0
    disordered: int = 0
    signing_s: float = 0.0
    connected: int = 0
    reconnects: int = 0
    resent: int = 0
    numbers: list[int] = []
    error: str | None = None


class Worker(Protocol):
    """What `serve` runs."""

    def run(self) -> None: ...

    def close(self) -> None: ...


class Acks:
    """Counts PUBACKs by bytes. Raises `DeviceError` when something else arrives or a message is refused.

    MQTT 3.1.1 has one form of four bytes; MQTT 5 allows five or six (reason, properties), and whichever the server uses
    first is expected throughout. In order is MQTT-4.6.0-2: the last id of each chunk is checked, ``disordered`` counts
    the chunks where it was another.
    """

    __slots__ = ("carry", "count", "disordered", "frames", "size")

    def __init__(self, frames: int) -> None:
        self.count = 0
        self.carry = b""
        self.size = 0
        self.disordered = 0
        self.frames = frames

    def feed(self, data: bytes) -> int:
        """Take a chunk as it came from the socket; returns how many messages it acknowledges."""
        if self.carry:
            data = self.carry + data
        if not self.size:
            if len(data) < 2:
                self.carry = data
                return 0
            self.size = 2 + data[1]
        size = self.size
        whole = len(data) // size
        end = whole * size
        self.carry = data[end:]
        if not whole:
            return 0
        if data[0:end:size].count(0x40) != whole or data[1:end:size].count(size - 2) != whole:
            raise DeviceError("the server sent something else than PUBACKs of one size", code="bad_frame")
        if size > 4 and max(data[4:end:size]) >= 0x80:
            raise DeviceError(f"the server refused a message: {data[:end][:12].hex()}")
        self.count += whole
        packet_id = data[end - size + 2] << 8 | data[end - size + 3]
        if packet_id != (self.count - 1) % self.frames + 1:
            self.disordered += 1
        return whole


class Client:
    """One connection and where it stands in its ring; ``limit`` and ``sent`` are bytes since the start."""

    __slots__ = ("acks", "blocked", "limit", "ring", "ring_of", "sent", "sock", "stride", "view", "window")

    def __init__(self, sock: socket.socket, ring: Ring, window: int) -> None:
        self.sock = sock
        self.ring_of = ring
        self.ring = len(ring.data)
        self.view = memoryview(ring.data)
        self.stride = ring.stride
        self.window = min(window, ring.frames)
        self.acks = Acks(ring.frames)
        self.sent = 0
        self.limit = 0
        self.blocked = False

    def push(self) -> bool:
        """Send up to ``limit``, at most `SEND_LIMIT` bytes a turn. Returns whether the socket could take no more."""
        budget = SEND_LIMIT
        while self.sent < self.limit and budget > 0:
            start = self.sent % self.ring
            end = min(self.ring, start + min(self.limit - self.sent, budget))
            try:
                done = self.sock.send(self.view[start:end])
            except BlockingIOError:
                return True
            self.sent += done
            budget -= done
            if done < end - start:
                return True
        return self.sent < self.limit

    def finish(self) -> None:
        """Send nothing more than the rest of a frame that has begun."""
        self.limit = -(-self.sent // self.stride) * self.stride


class Generator:
    """All clients of one job on one epoll. ``report`` is handed each `Sample`."""

    def __init__(self, job: Job, commands: BinaryIO, report: Callable[[Sample], None]) -> None:
        self.job = job
        self.report = report
        self.commands = commands
        self.epoll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.idle: list[socket.socket] = []
        self.received_bytes = 0
        self.received_frame = 0
        self.window = job.window
        self.signing_s = 0.0
        self.running = False
        self._worthwhile = min(NAP_BELOW, job.window // 4) if job.qos else NAP_BELOW
        self._turn: deque[Client] = deque()
        self._due = 0.0
        self._paced_at = 0.0

    # -- signing in

    def connect(self) -> None:
        """Connect and sign in every client, a bounded number at a time. Raises `HostError` or `DeviceError`."""
        deadline = time.monotonic() + CONNECT_DEADLINE_S
        waiting = list(enumerate(self.job.credentials))[::-1]
        pending: dict[int, tuple[int, socket.socket, bytes]] = {}
        epoll = select.epoll()
        try:
            while waiting or pending:
                while waiting and len(pending) < CONNECTS_PENDING:
                    index, (name, secret) = waiting.pop()
                    sock = self._open(name, secret)
                    epoll.register(sock, select.EPOLLIN)
                    pending[sock.fileno()] = (index, sock, b"")
                for fd, _event in epoll.poll(1.0):
                    index, sock, had = pending[fd]
                    try:
                        data = had + self._answer(sock)
                    except BlockingIOError:  # a TLS record or a frame that is no whole packet yet
                        continue
                    connack = decode_connack(data, self.job.version)
                    if connack is None:
                        pending[fd] = (index, sock, data)
                        continue
                    if connack.code:
                        raise DeviceError(
                            f"client {self.job.credentials[index][0]} was refused with {connack.code:#x}",
                            code="bad_credentials",
                        )
                    self.window = min(self.window, connack.receive_maximum)
                    epoll.unregister(sock)
                    del pending[fd]
                    self._signed_in(index, sock)
                if time.monotonic() > deadline:
                    raise HostError(
                        f"{len(waiting) + len(pending)} of {len(self.job.credentials)} clients were not let in "
                        f"within {CONNECT_DEADLINE_S:.0f} s",
                        code="hub_unreachable",
                    )
        finally:
            epoll.close()

    def _open(self, name: str, secret: str) -> socket.socket:
        job = self.job
        try:
            sock: socket.socket = open_line(job.way, job.host, job.port)
        except OSError as error:
            raise HostError(f"cannot connect to {job.host}:{job.port}: {error}", code="hub_unreachable") from error
        user, password = (name, secret) if secret else (None, None)
        sock.sendall(encode_connect(name, user, password, version=job.version, keep_alive_s=KEEP_ALIVE_S))
        sock.setblocking(False)
        return sock

    @staticmethod
    def _answer(sock: socket.socket) -> bytes:
        data = sock.recv(4096)
        if not data:
            raise DeviceError("the server closed the connection instead of a CONNACK")
        return data

    def _signed_in(self, index: int, sock: socket.socket) -> None:
        job = self.job
        if job.idle:
            self.idle.append(sock)
            return
        first, share = self._slice(index)
        ring = encode_ring(self._topic(index), first, share, qos=job.qos, version=job.version)
        if job.way == "websocket":
            ring = web_ring(ring)
        self.clients[sock.fileno()] = Client(sock, ring, self.window)
        self.epoll.register(sock, select.EPOLLIN)

    def _topic(self, index: int) -> str:
        return self.job.topic

    def _slice(self, index: int) -> tuple[int, int]:
        """The first of the distinct payloads that client ``index`` sends, and how many."""
        job = self.job
        share = job.payloads // len(job.credentials)
        if job.qos:
            share = max(job.window, share)
        share = max(1, min(share, 65_535))
        return job.first + index * share, share

    def subscribe(self) -> None:
        """Sign in the one client that receives what the others publish at QoS 0."""
        job = self.job
        sock = self._open("bench_subscriber", "")
        sock.settimeout(20.0)
        self._answer(sock)
        sock.sendall(encode_subscribe(1, job.subscribe, 0, version=job.version))
        answer = self._answer(sock)
        if answer[0] != 0x90 or answer[1] > 127 or answer[1 + answer[1]] >= 0x80:
            raise DeviceError(f"the server answered SUBSCRIBE with {answer[:8].hex()}")
        sock.setblocking(False)
        self._buffer = bytearray(RECEIVE_LIMIT)
        self._subscriber = sock
        self.epoll.register(sock, select.EPOLLIN)

    # -- the run

    def run(self) -> None:
        """Sign in, say so with a first sample, then obey commands until ``quit`` or the end of stdin."""
        if self.job.subscribe:
            self.subscribe()
        began = time.monotonic()
        self.connect()
        self.signing_s = time.monotonic() - began
        self.epoll.register(self.commands.fileno(), select.EPOLLIN)
        self.report(self.sample())
        paced = self.job.rate > 0
        subscriber = self._subscriber.fileno() if self.job.subscribe else -1
        commands = self.commands.fileno()
        clients, poll = self.clients, self.epoll.poll
        while True:
            events = poll(TICK_S if paced and self.running else 1.0, EVENTS_LIMIT)
            took = 0
            for fd, event in events:
                if fd == subscriber:
                    took += self._receive()
                elif fd == commands:
                    if not self._obey():
                        return
                else:
                    took += self._serve(clients[fd], event)
            if paced and self.running:
                self._pace()
            if took < self._worthwhile * len(events):
                time.sleep(NAP_S)

    def _serve(self, client: Client, event: int) -> int:
        """One client's turn; returns how many messages were acknowledged."""
        acked = 0
        if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            try:
                data = client.sock.recv(RECEIVE_LIMIT)
            except BlockingIOError:
                data = None
            if data == b"":
                raise DeviceError("the server closed a connection in the middle of the run")
            if data:
                acked = client.acks.feed(data)
                if self.running and not self.job.rate:
                    client.limit = (client.acks.count + client.window) * client.stride
                elif not event & select.EPOLLOUT:
                    return acked
        self._push(client)
        return acked

    def _push(self, client: Client) -> None:
        blocked = client.push()
        if blocked != client.blocked:
            client.blocked = blocked
            self.epoll.modify(client.sock, select.EPOLLIN | (select.EPOLLOUT if blocked else 0))

    def _pace(self) -> None:
        now = time.monotonic()
        self._due = min(self._due + (now - self._paced_at) * self.job.rate, PACED_TURNS)
        self._paced_at = now
        while self._due >= 1.0:
            self._due -= 1.0
            client = self._turn[0]
            self._turn.rotate(-1)
            client.limit += client.stride
            if not client.blocked:
                self._push(client)

    def _receive(self) -> int:
        """The subscriber's turn; returns how many messages came."""
        size = self._subscriber.recv_into(self._buffer)
        if not size:
            raise DeviceError("the server closed the subscriber's connection")
        if not self.received_frame and size >= 2:
            self.received_frame = 2 + self._buffer[1]
        self.received_bytes += size
        return size // self.received_frame if self.received_frame else 0

    def _first_limit(self, client: Client) -> int:
        return client.window * client.stride if self.job.qos else UNLIMITED

    def _obey(self) -> bool:
        command = self.commands.readline().strip()
        if command in (b"", b"quit"):
            return False
        if command == b"start":
            self.running = True
            self._paced_at = time.monotonic()
            self._turn = deque(self.clients.values())
            for client in self.clients.values():
                if not self.job.rate:
                    client.limit = self._first_limit(client)
                self._push(client)
        elif command == b"stop":
            self.running = False
            for client in self.clients.values():
                client.finish()
                self._push(client)
        self.report(self.sample())
        return True

    def sample(self) -> Sample:
        """The counters now. Walks all clients: milliseconds at 10,000."""
        clients = self.clients.values()
        any_client = next(iter(clients), None)
        return Sample(
            at=time.monotonic(),
            cpu_s=time.process_time(),
            sent=sum(client.sent // client.stride for client in clients),
            acked=sum(client.acks.count for client in clients),
            received=self.received_bytes // self.received_frame if self.received_frame else 0,
            blocked=sum(client.blocked for client in clients),
            window=self.window,
            frame_bytes=any_client.stride if any_client else 0,
            disordered=sum(client.acks.disordered for client in clients),
            signing_s=self.signing_s,
        )

    def close(self) -> None:
        """Close every socket; the server sees the connections end."""
        for client in self.clients.values():
            client.sock.close()
        for sock in self.idle:
            sock.close()
        if self.job.subscribe and hasattr(self, "_subscriber"):
            self._subscriber.close()
        self.epoll.close()


def serve(make: Callable[[Job, BinaryIO, Callable[[Sample], None]], Worker]) -> int:
    """Run one job from stdin with what ``make`` builds; an error goes out as the last sample. Returns an exit code."""
    commands: BinaryIO = os.fdopen(0, "rb", buffering=0, closefd=False)  # epoll must see what is left to read
    out = sys.stdout.buffer

    def report(sample: Sample) -> None:
        out.write(msgspec.json.encode(sample) + b"\n")
        out.flush()

    worker: Worker | None = None
    try:
        worker = make(msgspec.json.decode(_first_line(commands), type=Job), commands, report)
        worker.run()
    except (UnisonoError, OSError) as error:
        report(Sample(at=time.monotonic(), cpu_s=time.process_time(), error=str(error) or repr(error)))
        return 1
    finally:
        if worker is not None:
            worker.close()
    return 0


def _first_line(commands: BinaryIO) -> bytes:
    """The job: a 4-byte big-endian length and that many bytes (a megabyte of credentials is read at once)."""
    size = int.from_bytes(commands.read(4), "big")
    parts: list[bytes] = []
    while size > 0:
        part = commands.read(size)
        if not part:
            raise HostError("the job on stdin ended early")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> int:
    """The program of a generator process."""
    return serve(Generator)
