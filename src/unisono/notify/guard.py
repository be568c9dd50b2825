"""Holds code of others to what it is for: in every thread but the first, connections only where `Reach` allows, no
files but those that Python itself reads, no processes.

Knows Python's audit events (PEP 578), which every library passes through, whatever it uses to connect; the address is
looked at when the connection is made. For a process of its own: a hook stays for ever.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from unisono.notify.reach import Reach

__all__ = ["Guard"]

#: Python and its packages, certificates, and what name resolution and time zones need.
READABLE = (
    *{os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)},
    *{os.path.realpath(path) for path in sys.path if path},
    "/etc/ssl",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/dev/null",
    "/dev/urandom",
)

#: What no message needs.
FORBIDDEN = frozenset({
    "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.link", "os.mkdir", "os.posix_spawn", "os.remove",
    "os.rename", "os.rmdir", "os.spawn", "os.symlink", "os.system", "os.truncate", "socket.bind", "subprocess.Popen",
})  # fmt: skip


class Guard:
    """``refusal`` tells why the running thread was held back last."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self._here = threading.local()
        self._first = threading.get_ident()
        self._rules: dict[str, Callable[[tuple[Any, ...]], str | None]] = {
            "socket.getaddrinfo": self._resolving,
            "socket.gethostbyname": self._resolving,
            "socket.connect": self._connecting,
            "socket.sendto": self._connecting,
            "socket.sendmsg": self._sending,
            "open": self._opening,
        }

    def install(self) -> None:
        """From now on, and for as long as the process lives."""
        sys.addaudithook(self._hook)

    def begin(self) -> None:
        """The running thread starts something new."""
        self._here.refusal = ""
        self._here.host = ""

    @property
    def refusal(self) -> str:
        return getattr(self._here, "refusal", "")

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if threading.get_ident() == self._first:
            return
        why = f"{event} is nothing that a message needs" if event in FORBIDDEN else None
        rule = self._rules.get(event)
        if rule is not None:
            why = rule(arguments)
        if why is not None:
            if event != "open":  # libraries look for optional files and do without; that explains nothing
                self._here.refusal = why
            raise PermissionError(why)

    def _resolving(self, arguments: tuple[Any, ...]) -> None:
        host = arguments[0] or ""
        self._here.host = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)

    def _connecting(self, arguments: tuple[Any, ...]) -> str | None:
        address = arguments[1]
        if not isinstance(address, tuple):
            return "sockets of this machine are nothing that a message needs"
        return self.reach.why_not(getattr(self._here, "host", ""), str(address[0]))

    def _sending(self, arguments: tuple[Any, ...]) -> str | None:
        # without an address it is connected, and was asked about then
        return None if arguments[1] is None else self._connecting(arguments)

    def _opening(self, arguments: tuple[Any, ...]) -> str | None:
        path, mode, flags = arguments
        if isinstance(path, int):
            return None
        full = os.path.realpath(os.fsdecode(path))
        writing = (mode is not None and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
        if not writing and any(full == root or full.startswith(f"{root}/") for root in READABLE):
            return None
        return f"the file {full} is nothing that a message needs" if full != "/dev/null" else None
