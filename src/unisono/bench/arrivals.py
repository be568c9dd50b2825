"""The load generator for sign-ins: connect, CONNECT, CONNACK, DISCONNECT, close, and again, a bounded number at once.

Each connection is new (a TLS session is never resumed). Runs as `unisono.bench.load` does and shares its jobs, commands
and samples: ``acked`` are sign-ins. Knows sockets and MQTT bytes; knows no server in particular.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from unisono.bench.frames import decode_connack, encode_connect
from unisono.bench.line import DEADLINE_S, TlsLine, begin_line
from unisono.bench.load import CONNECTS_PENDING, EVENTS_LIMIT, KEEP_ALIVE_S, Job, Sample, serve
from unisono.errors import DeviceError, HostError

__all__ = ["Arrivals"]

DISCONNECT = b"\xe0\x00"


class _Arrival:
    """One connection on its way; ``shaking``: its TLS handshake is not done."""

    __slots__ = ("connect", "had", "line", "shaking", "since")

    def __init__(self, line: Any, connect: bytes) -> None:
        self.line = line
        self.connect = connect
        self.had = b""
        self.shaking = isinstance(line, TlsLine)
        self.since = time.monotonic()


class Arrivals:
    """Clients of one job that come and go. ``report`` is handed each `Sample`."""

    def __init__(self, job: Job, commands: BinaryIO, report: Callable[[Sample], None]) -> None:
        self.job = job
        self.commands = commands
        self.report = report
        self.epoll = select.epoll()
        self.pending: dict[int, _Arrival] = {}
        self.done = 0
        self.begun = 0
        self.running = False
        self._connects = [
            encode_connect(
                name, name if secret else None, secret or None, version=job.version, keep_alive_s=KEEP_ALIVE_S
            )
            for name, secret in job.credentials
        ]

    def run(self) -> None:
        """Say that it is ready, then obey commands until ``quit`` or the end of stdin."""
        commands = self.commands.fileno()
        self.epoll.register(commands, select.EPOLLIN)
        self.report(self.sample())
        while True:
            for fd, _event in self.epoll.poll(1.0, EVENTS_LIMIT):
                if fd != commands:
                    self._go_on(fd)
                elif not self._obey():
                    return
            while self.running and len(self.pending) < min(CONNECTS_PENDING, len(self._connects)):
                self._begin()
            for arrival in self.pending.values():
                if time.monotonic() - arrival.since > DEADLINE_S:
                    raise HostError(f"a client was not let in within {DEADLINE_S:.0f} s", code="hub_unreachable")
                break  # the oldest comes first

    def _begin(self) -> None:
        job = self.job
        try:
            line = begin_line(job.way, job.host, job.port)
        except OSError as error:
            raise HostError(f"cannot connect to {job.host}:{job.port}: {error}", code="hub_unreachable") from error
        arrival = _Arrival(line, self._connects[self.begun % len(self._connects)])
        self.begun += 1
        self.pending[line.fileno()] = arrival
        if arrival.shaking:
            line.handshake()
        else:
            line.sendall(arrival.connect)
        line.setblocking(False)
        self.epoll.register(line.fileno(), select.EPOLLIN)

    def _go_on(self, fd: int) -> None:
        arrival = self.pending[fd]
        line = arrival.line
        if arrival.shaking:
            if not line.handshake():
                return
            arrival.shaking = False
            line.sendall(arrival.connect)
        try:
            data = line.recv(4096)
        except BlockingIOError:
            return
        if not data:
            raise DeviceError("the server closed the connection instead of a CONNACK")
        arrival.had += data
        connack = decode_connack(arrival.had, self.job.version)
        if connack is None:
            return
        if connack.code:
            raise DeviceError(f"a client was refused with {connack.code:#x}", code="bad_credentials")
        line.sendall(DISCONNECT)
        self.epoll.unregister(fd)
        del self.pending[fd]
        line.close()
        self.done += 1

    def _obey(self) -> bool:
        command = self.commands.readline().strip()
        if command in (b"", b"quit"):
            return False
        self.running = command == b"start" or (self.running and command != b"stop")
        self.report(self.sample())
        return True

    def sample(self) -> Sample:
        """The counters now."""
        return Sample(at=time.monotonic(), cpu_s=time.process_time(), sent=self.begun, acked=self.done)

    def close(self) -> None:
        """Close every socket."""
        for arrival in self.pending.values():
            arrival.line.close()
        self.epoll.close()


def main() -> int:
    """The program of a generator process."""
    return serve(Arrivals)
