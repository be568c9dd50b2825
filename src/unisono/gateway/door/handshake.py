"""A TLS door: who stands in a handshake has a seat like everybody who has not signed in, and who fails is remembered.

Knows sockets and OpenSSL's errors. The loop's own TLS servers tell nobody of a handshake that failed, and a device that
fails there has no other way of being noticed; so the sockets are accepted here.
"""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING

from unisono.gateway.connection import Connection

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["TlsDoor"]

logger = logging.getLogger(__name__)

#: Sockets accepted in one turn of the loop, before others have theirs.
AT_ONCE = 64
#: Out of files: what waits is looked at again after this.
FULL_S = 1.0


class TlsDoor:
    """The listening sockets of one port. Raises OSError where they cannot be had."""

    def __init__(
        self, gateway: Gateway, host: str, port: int, context: ssl.SSLContext, *, within_s: float, backlog: int
    ) -> None:
        self._gateway = gateway
        self._context = context
        self._within_s = within_s
        self._sockets: list[socket.socket] = []
        try:
            for family, *_rest, address in socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            ):
                at = (str(address[0]), self.port if self._sockets else port)
                self._sockets.append(_listen(family, at, backlog, shared=port != 0))
        except OSError:
            self.close()
            raise
        for listener in self._sockets:
            gateway.loop.add_reader(listener, self._accept, listener)

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    def close(self) -> None:
        """Accept no more."""
        for listener in self._sockets:
            self._gateway.loop.remove_reader(listener)
            listener.close()
        self._sockets = []

    def _accept(self, listener: socket.socket) -> None:
        gateway = self._gateway
        for _ in range(AT_ONCE):
            try:
                accepted, peer = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                logger.error("a TLS door cannot accept: %s", error)
                gateway.loop.remove_reader(listener)
                gateway.loop.call_later(FULL_S, self._again, listener)
                return
            connection = Connection(gateway)
            connection.called((str(peer[0]), int(peer[1])), "tls")
            if connection.seat is None:
                accepted.close()
            else:
                accepted.setblocking(False)
                gateway.spawn(self._shake(accepted, connection))

    def _again(self, listener: socket.socket) -> None:
        if listener in self._sockets:
            self._gateway.loop.add_reader(listener, self._accept, listener)

    async def _shake(self, accepted: socket.socket, connection: Connection) -> None:
        gateway = self._gateway
        try:
            await gateway.loop.connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._within_s,
                ssl_shutdown_timeout=self._within_s,
            )
        except OSError as error:
            if connection not in gateway.connections and connection.seat is not None:
                gateway.doorman.registrar.leave(connection.seat, gateway.loop.time())
                connection.seat = None
            # who opens a port and goes says nothing by it: that is what a look whether it is open does
            if isinstance(error, ssl.SSLError):
                gateway.doorman.handshake_failed(connection.address, error)


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
