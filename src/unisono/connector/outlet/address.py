"""Where a receiver is, whether it may be called, and which certificates it is known by.

Knows names, addresses and the administrator's list of hosts. Knows no protocol.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from urllib.parse import urlsplit

from unisono.access import Outside
from unisono.errors import HostError

__all__ = ["ANSWER_S", "Address", "said", "tls", "unreachable"]

#: A receiver that has not answered after this is asked again.
ANSWER_S = 30.0
PORTS = {
    "http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "nats": 4222, "tls": 4222, "kafka": 9092, "kafkas": 9093,
}  # fmt: skip


class Address:
    """The host and port of a URL."""

    def __init__(self, url: str, outside: Outside) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or PORTS[parts.scheme]
        self._outside = outside

    async def check(self) -> str:
        """An address that the host has now and that may be called; raises HostError ``receiver_unreachable``."""
        if not self._outside.names(self.host, self.port):
            raise unreachable(f"{self.host}:{self.port} is not among the hosts of outside.toml")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise unreachable(f"{self.host} has no address: {error.strerror}") from None
        for *_rest, address in found:
            if self._outside.admits(self.host, str(address[0])):
                return str(address[0])
        raise unreachable(f"{self.host} has internal addresses only, which outside.toml does not name")


def unreachable(why: str) -> HostError:
    """What went wrong on the way to a receiver."""
    return HostError(why[:300], code="receiver_unreachable")


def said(error: Exception) -> str:
    """What an error says, or what it is: a time-out says nothing."""
    return str(error) or type(error).__name__


def tls(ca: str) -> ssl.SSLContext:
    """``ca``: PEM of whom to trust; empty: those that the system trusts. Raises HostError ``receiver_unreachable``."""
    try:
        return ssl.create_default_context(cadata=ca or None)
    except (ssl.SSLError, ValueError) as error:
        raise unreachable(f"its ca cannot be read: {error}") from None
