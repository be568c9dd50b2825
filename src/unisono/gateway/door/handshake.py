"""A TLS door: who stands in a handshake has a seat like everybody who has not signed in, and who fails is remembered.

Knows the gateway's seats and OpenSSL's errors; how sockets are accepted is `unisono.store.tls_listener`'s.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, cast

from unisono.gateway.connection import Connection
from unisono.store.tls_listener import TlsListener

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["open_tls_door"]


def open_tls_door(
    gateway: Gateway, host: str, port: int, context: ssl.SSLContext, *, within_s: float, backlog: int
) -> TlsListener:
    """Listen on every address of ``host``. Raises OSError where that cannot be had."""

    def made(peer: tuple[str, int]) -> Connection | None:
        connection = Connection(gateway)
        connection.called(peer, "tls")
        return connection if connection.seat is not None else None

    def failed(protocol: asyncio.Protocol, _peer: tuple[str, int], error: OSError) -> None:
        connection = cast(Connection, protocol)
        if connection not in gateway.connections and connection.seat is not None:
            gateway.doorman.registrar.leave(connection.seat, gateway.loop.time())
            connection.seat = None
        # who opens a port and goes says nothing by it: that is what a look whether it is open does
        if isinstance(error, ssl.SSLError):
            gateway.doorman.handshake_failed(connection.address, error)

    return TlsListener(_listen_on(host, port, backlog), context, within_s=within_s, made=made, failed=failed)


def _listen_on(host: str, port: int, backlog: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, *_rest, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            found = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_listen(family, (str(address[0]), found), backlog, shared=port != 0))
    except OSError:
        for each in sockets:
            each.close()
        raise
    return sockets


def _listen(family: int, address: tuple[str, int], backlog: int, *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(backlog)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
