"""``bench reconnect``: everybody loses the connection and comes back at the same moment; nobody may be refused.

Knows sockets and MQTT bytes, and one thread that drives them all. Measures until the last one is signed in again.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.frames import decode_connack, encode_connect
from unisono.bench.hub import Hub
from unisono.bench.load import EVENTS_LIMIT, KEEP_ALIVE_S
from unisono.bench.report import Report
from unisono.bench.soak import percentiles
from unisono.errors import HostError

__all__ = ["ReconnectOptions", "run_reconnect"]

SPARE_FILES = 500
DEADLINE_S = 120.0


@dataclass(frozen=True, kw_only=True)
class ReconnectOptions:
    """``clients`` that all come at once, and come back at once ``rounds`` times, ``calm_s`` after they were let in."""

    clients: int = 10_000
    rounds: int = 3
    calm_s: float = 2.0

    @classmethod
    def quick(cls, **changes: Any) -> ReconnectOptions:
        """A smoke run."""
        return cls(**{"clients": 1_000, "rounds": 2, "calm_s": 0.2, **changes})


class Wave:
    """All clients connecting at once, without waiting for one another."""

    def __init__(self, port: int, names: list[tuple[str, str]]) -> None:
        self._port = port
        self._names = names
        self.sockets: list[socket.socket] = []
        self.waits_s: list[float] = []
        self.refused = 0
        self.closed = 0
        self.again = 0

    def run(self) -> float:
        """Connect and sign in everybody; returns how long that took. A connection that is refused or closed without a
        CONNACK is counted and tried again. Raises `HostError` when not all are in after `DEADLINE_S`."""
        epoll = select.epoll()
        begin = time.monotonic()
        pending: dict[int, tuple[int, socket.socket, bytes]] = {}
        waiting = list(range(len(self._names)))
        try:
            while waiting or pending:
                for index in waiting:
                    self._dial(index, epoll, pending)
                waiting = []
                for fd, event in epoll.poll(1.0, EVENTS_LIMIT):
                    index = pending[fd][0]
                    if not self._serve(fd, event, epoll, pending):
                        self.again += 1
                        waiting.append(index)
                    elif fd not in pending:
                        self.waits_s.append(time.monotonic() - begin)
                if time.monotonic() - begin > DEADLINE_S:
                    raise HostError(f"{len(waiting) + len(pending)} clients are not in after {DEADLINE_S:.0f} s")
        finally:
            epoll.close()
        return time.monotonic() - begin

    def _dial(self, index: int, epoll: select.epoll, pending: dict[int, tuple[int, socket.socket, bytes]]) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        code = sock.connect_ex(("127.0.0.1", self._port))
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            raise HostError(f"cannot connect: {errno.errorcode.get(code, str(code))}")
        pending[sock.fileno()] = (index, sock, b"")
        epoll.register(sock, select.EPOLLOUT)

    def _serve(
        self, fd: int, event: int, epoll: select.epoll, pending: dict[int, tuple[int, socket.socket, bytes]]
    ) -> bool:
        """False when this attempt has failed."""
        index, sock, had = pending[fd]
        name, secret = self._names[index]
        try:
            if event & select.EPOLLOUT:
                sock.sendall(encode_connect(name, name, secret, version=5, keep_alive_s=KEEP_ALIVE_S))
                epoll.modify(fd, select.EPOLLIN)
                return True
            data = had + sock.recv(4096)
        except OSError:
            data = b""
        connack = decode_connack(data, 5) if data else None
        if data and connack is None:
            pending[fd] = (index, sock, data)
            return True
        del pending[fd]
        epoll.unregister(fd)
        if connack is not None and connack.code == 0:
            self.sockets.append(sock)
            return True
        sock.close()
        self.refused += connack is not None
        self.closed += connack is None
        return False

    def close(self) -> None:
        """All connections end at the same moment."""
        for sock in self.sockets:
            sock.close()
        self.sockets = []


def run_reconnect(options: ReconnectOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Measure. Raises `HostError` when anybody is refused while the hub is up."""
    machine.require_proc()
    machine.raise_file_limit(options.clients + SPARE_FILES)
    about = machine.machine()
    figures: dict[str, dict[str, Any]] = {}
    with Hub() as hub:
        names = hub.add_things(options.clients, "meter")
        wave = Wave(hub.port, names)
        for number in range(options.rounds + 1):
            say(f"{options.clients:,} clients at once, {'first' if not number else 'again'}")
            before = wave
            wave = Wave(hub.port, names)
            before.close()  # and at once:
            took_s = wave.run()
            figures[f"wave_{number}"] = _figures(wave, took_s, len(names))
            time.sleep(options.calm_s)
        wave.close()
    refused = sum(each["refused"] + each["closed"] for each in figures.values())
    report = Report(
        benchmark="reconnect",
        figures={"unisono": figures},
        notes=[
            "all sockets are opened in one go; wave 0 finds a hub where nobody is connected, in the others everybody's "
            "last connection ended a moment before",
            "waits are from the first dial of the wave to CONNACK; those above a second met a full listen queue "
            "(net.core.somaxconn), and the kernel tried again",
        ],
        machine=about,
        options=asdict(options),
    )
    if refused:
        raise HostError(f"{refused} were refused\n{report.to_json().decode()}", code="too_many")
    return report


def _figures(wave: Wave, took_s: float, clients: int) -> dict[str, Any]:
    waits = percentiles(sorted(wave.waits_s))
    return {
        "settled_s": round(took_s, 2),
        "sign_ins_per_s": round(clients / took_s),
        "refused": wave.refused,
        "closed": wave.closed,
        **{name: value for name, value in waits.items() if name != "count"},
    }
