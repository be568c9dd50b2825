"""The load generator of ``bench recovery``: each client keeps account of what was acknowledged to it, and resends.

Each client sends the messages 0, 1, 2... (`frames.payload`), the packet id is the number modulo 65,535 plus one. When
its connection ends it comes back, sends again with DUP what was sent and not acknowledged - the same id and payload, in
order (MQTT-4.4.0-1) - and goes on. PUBACKs are compared byte by byte with the ones that are due, so "acknowledged" is
always a prefix: a count per client says it all. Knows sockets and MQTT bytes; knows no server in particular.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import BinaryIO

from unisono.bench.frames import decode_connack, encode_connect, encode_publish, payload
from unisono.bench.load import EVENTS_LIMIT, KEEP_ALIVE_S, RECEIVE_LIMIT, Job, Sample, serve
from unisono.errors import DeviceError

__all__ = ["Account", "Resender"]

PACKET_IDS = 65_535
RETRY_S = 0.05  # between attempts of a client whose server is away
ATTEMPTS_AT_ONCE = 64  # connections opened in one turn
CONNACK_WITHIN_S = 10.0  # then the attempt counts as lost: the server may have died after accepting

# All PUBACKs there can be, by packet id, twice: what is due is always one slice of it.
_PUBACKS = b"".join(b"\x40\x02" + number.to_bytes(2, "big") for number in range(1, PACKET_IDS + 1)) * 2


class Account:
    """What one client sent and what was acknowledged; sans-IO.

    Messages ``acked`` .. ``made - 1`` are under way; ``handed`` bytes of the frames since `restart` were taken by the
    socket. Numbers below ``sent`` may have reached the server, so they carry DUP when sent again.
    """

    def __init__(self, topic: str, window: int, version: int) -> None:
        self.topic = topic
        self.window = window
        self.version = version
        self.acked = 0
        self.made = 0
        self.sent = 0
        self._frame = len(self._encode(0, dup=False))
        self._first = 0  # number of the first message in the present connection's byte stream
        self._handed = 0
        self._out = memoryview(b"")
        self._carry = b""

    def _encode(self, number: int, *, dup: bool) -> bytes:
        packet_id = number % PACKET_IDS + 1
        return encode_publish(
            self.topic, payload(number), qos=1, packet_id=packet_id, version=self.version, dup=dup
        )  # fmt: skip

    def restart(self) -> int:
        """A new connection: queue again what is not acknowledged; returns how many of them carry DUP."""
        self._first, self._handed, self._carry = self.acked, 0, b""
        self._out = memoryview(b"".join([self._encode(n, dup=n < self.sent) for n in range(self.acked, self.made)]))
        return self.sent - self.acked

    def fill(self) -> None:
        """Queue new messages up to the window."""
        last = self.acked + self.window
        if last > self.made:
            new = b"".join([self._encode(number, dup=False) for number in range(self.made, last)])
            self._out = memoryview(bytes(self._out) + new)
            self.made = last

    @property
    def waiting(self) -> memoryview:
        """Bytes for the socket."""
        return self._out

    def took(self, size: int) -> None:
        """The socket took ``size`` bytes of `waiting`; a frame begun counts as sent."""
        self._out = self._out[size:]
        self._handed += size
        self.sent = max(self.sent, self._first + -(-self._handed // self._frame))

    def receive(self, data: bytes) -> None:
        """PUBACKs as they came. Raises `DeviceError` for anything but the ones due, in order (MQTT-4.6.0-2)."""
        data = self._carry + data
        whole = len(data) // 4
        self._carry = data[whole * 4 :]
        start = self.acked % PACKET_IDS * 4
        if _PUBACKS[start : start + whole * 4] != data[: whole * 4] or self.acked + whole > self.sent:
            raise DeviceError(f"message {self.acked} was due to be acknowledged, not {data[:16].hex()}")
        self.acked += whole


class Resender:
    """All clients of one job, on one epoll, each coming back when its connection ends."""

    def __init__(self, job: Job, commands: BinaryIO, report: Callable[[Sample], None]) -> None:
        self.job = job
        self.commands = commands
        self.report = report
        self.accounts = [Account(job.topic, job.window, job.version) for _ in job.credentials]
        self.epoll = select.epoll()
        self.sockets: dict[int, tuple[int, socket.socket]] = {}
        self.joining: dict[int, tuple[int, socket.socket, bytes, float]] = {}
        self.away = list(range(len(job.credentials)))
        self.retry_at = 0.0
        self.running = False
        self.reconnects = 0
        self.resent = 0

    def run(self) -> None:
        """Say so when all are signed in, then obey commands until ``quit`` or the end of stdin."""
        deadline = time.monotonic() + 60.0
        while self.away or self.joining:
            if time.monotonic() > deadline:
                raise DeviceError("not all clients were let in within 60 s")
            self._turn(0.02)
        self.epoll.register(self.commands.fileno(), select.EPOLLIN)
        self.report(self.sample())
        while self._turn(0.02 if self.away or self.joining else 1.0):
            pass

    def _turn(self, timeout_s: float) -> bool:
        if self.away and time.monotonic() >= self.retry_at:
            self._come_back()
        for fd, event in self.epoll.poll(timeout_s, EVENTS_LIMIT):
            if fd in self.sockets:
                self._serve(fd, event)
            elif fd in self.joining:
                self._join(fd)
            elif fd == self.commands.fileno() and not self._obey():
                return False
        now = time.monotonic()
        for fd in [fd for fd, entry in self.joining.items() if entry[3] < now]:
            self._drop(fd)
        return True

    def _come_back(self) -> None:
        attempts, self.away = self.away[:ATTEMPTS_AT_ONCE], self.away[ATTEMPTS_AT_ONCE:]
        for index in attempts:
            name, secret = self.job.credentials[index]
            try:
                sock = socket.create_connection((self.job.host, self.job.port), timeout=1.0)
                level = self.job.version
                sock.sendall(encode_connect(name, name, secret, version=level, keep_alive_s=KEEP_ALIVE_S, clean=False))
            except OSError:
                self.away.append(index)
                self.retry_at = time.monotonic() + RETRY_S
                continue
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.joining[sock.fileno()] = (index, sock, b"", time.monotonic() + CONNACK_WITHIN_S)
            self.epoll.register(sock, select.EPOLLIN)

    def _join(self, fd: int) -> None:
        index, sock, had, until = self.joining[fd]
        try:
            data = sock.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._drop(fd)
            return
        connack = decode_connack(had + data, self.job.version)
        if connack is None:
            self.joining[fd] = (index, sock, had + data, until)
        elif connack.code:
            self._drop(fd)  # a server that has just started may not know anybody yet
        else:
            del self.joining[fd]
            self.sockets[fd] = (index, sock)
            self.resent += self.accounts[index].restart()
            self.reconnects += 1
            self._push(fd)

    def _drop(self, fd: int) -> None:
        entry = self.sockets.pop(fd, None) or self.joining.pop(fd)
        self.epoll.unregister(fd)
        entry[1].close()
        self.away.append(entry[0])
        self.retry_at = time.monotonic() + RETRY_S

    def _serve(self, fd: int, event: int) -> None:
        index, sock = self.sockets[fd]
        if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            try:
                data = sock.recv(RECEIVE_LIMIT)
            except BlockingIOError:
                data = None
            except OSError:
                data = b""
            if data == b"":
                self._drop(fd)
                return
            if data:
                self.accounts[index].receive(data)
        self._push(fd)

    def _push(self, fd: int) -> None:
        index, sock = self.sockets[fd]
        account = self.accounts[index]
        if self.running:
            account.fill()
        try:
            while account.waiting:
                account.took(sock.send(account.waiting))
        except BlockingIOError:
            self.epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        except OSError:
            self._drop(fd)
        else:
            self.epoll.modify(fd, select.EPOLLIN)

    def _obey(self) -> bool:
        command = self.commands.readline().strip()
        if command in (b"", b"quit"):
            return False
        if command == b"start":
            self.running = True
            for fd in list(self.sockets):
                self._push(fd)
        elif command == b"stop":
            self.running = False  # what is queued goes out, nothing new is made
        self.report(self.sample(numbers=command == b"numbers"))
        return True

    def sample(self, *, numbers: bool = False) -> Sample:
        """The counters now; ``sent`` are messages made: at the end all of them must be acknowledged."""
        return Sample(
            at=time.monotonic(),
            cpu_s=time.process_time(),
            sent=sum(account.made for account in self.accounts),
            acked=sum(account.acked for account in self.accounts),
            window=self.job.window,
            connected=len(self.sockets),
            reconnects=self.reconnects,
            resent=self.resent,
            numbers=[account.acked for account in self.accounts] if numbers else [],
        )

    def close(self) -> None:
        """Close every socket."""
        for _, sock in self.sockets.values():
            sock.close()
        for _, sock, _, _ in self.joining.values():
            sock.close()
        self.epoll.close()


def main() -> int:
    """The program of a generator process."""
    return serve(Resender)
