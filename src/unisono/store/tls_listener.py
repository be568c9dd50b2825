"""Sockets that listen for TLS, whose owner hears of every handshake that fails.

Knows sockets and OpenSSL's errors. Knows not what is spoken inside. The loop's own TLS servers tell nobody of a
handshake that failed, and a device that fails there has no other way of being noticed; so sockets are accepted here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable

__all__ = ["TlsListener"]

logger = logging.getLogger(__name__)

#: Sockets accepted in one turn of the loop, before others have theirs.
AT_ONCE = 64
#: Out of files: what waits is looked at again after this.
FULL_S = 1.0

Peer = tuple[str, int]


class TlsListener:
    """Accepts on ``sockets`` (which listen, and do not block) until `close`.

    ``made``: the protocol for who comes from an address, or None: it is closed at once. ``failed``: the handshake of
    that protocol's connection came to nothing; it was told of no transport. A handshake has ``within_s``.
    """

    def __init__(
        self,
        sockets: Iterable[socket.socket],
        context: ssl.SSLContext,
        *,
        within_s: float,
        made: Callable[[Peer], asyncio.Protocol | None],
        failed: Callable[[asyncio.Protocol, Peer, OSError], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = list(sockets)
        self._context = context
        self._within_s = within_s
        self._made = made
        self._failed = failed
        self._shaking: set[asyncio.Task[None]] = set()
        for listener in self._sockets:
            self._loop.add_reader(listener, self._accept, listener)

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    def close(self) -> None:
        """Accept no more; who is in the middle of a handshake is let go."""
        for listener in self._sockets:
            self._loop.remove_reader(listener)
            listener.close()
        self._sockets = []
        for task in self._shaking:
            task.cancel()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                logger.error("a TLS door cannot accept: %s", error)
                self._loop.remove_reader(listener)
                self._loop.call_later(FULL_S, self._again, listener)
                return
            peer = (str(address[0]), int(address[1]))
            protocol = self._made(peer)
            if protocol is None:
                accepted.close()
                continue
            accepted.setblocking(False)
            task = self._loop.create_task(self._shake(accepted, protocol, peer))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)

    def _again(self, listener: socket.socket) -> None:
        if listener in self._sockets:
            self._loop.add_reader(listener, self._accept, listener)

    async def _shake(self, accepted: socket.socket, protocol: asyncio.Protocol, peer: Peer) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._within_s,
                ssl_shutdown_timeout=self._within_s,
            )
        except OSError as error:
            self._failed(protocol, peer, error)
