"""The HTTP server around the API: uvicorn, in this process, on the running loop.

Knows sockets and uvicorn. Knows no route. Differs from uvicorn's own `Server` in three ways: a taken port is an error
that names the port and the mend, signals stay with the process that hosts it, and its loop wakes once a second instead
of ten times (a hub at rest uses no CPU).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from unisono.errors import CallerError, HostError
from unisono.store.tls_listener import TlsListener
from unisono.wire.websocket import TEXT, encode_frame

__all__ = ["SEND_MANY", "TAKE_SOCKET", "HttpServer", "bind", "serve"]

# ASGI extension of ours: many text frames in one write; a frame each would cost 40 us of send() calls per change
SEND_MANY = "unisono.send_many"

# ASGI extension of ours: a function that gives the socket of an accepted WebSocket away, for who frames it himself
TAKE_SOCKET = "unisono.take_socket"

# what a client may send on a WebSocket: a token and subscriptions, nothing larger
MAX_WEBSOCKET_MESSAGE = 64 * 1024

# open requests get this long when the hub stops; a stuck one must not hold up the checkpoint
SHUTDOWN_GRACE_S = 3
SHUTDOWN_LOOK_S = 0.01

# connections beyond this are answered 503 by uvicorn: bounds memory, far above what one hub's people and programs need
MAX_CONNECTIONS = 4096

BACKLOG = 1024

# a TLS handshake, and the goodbye after it: a phone on a bad line needs two seconds, a stranger gets no more
HANDSHAKE_S = 10.0


# bytes of a stranger's beginning that are told: what it speaks shows in the first two
FIRST_BYTES = 64

#: Told of what is no HTTP: from where, its first bytes, whether it came through TLS.
NoHttp = Callable[[str, bytes, bool], None]
#: Told of a TLS handshake that failed: from where, and why.
NoTls = Callable[[str, ssl.SSLError], None]


class Taker(Protocol):
    """What is told about a socket that was given away, as an `asyncio.Protocol` is."""

    def data_received(self, data: bytes) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, error: Exception | None) -> None: ...


class HttpProtocol(H11Protocol):
    """uvicorn's protocol, which tells of a connection that begins with anything but HTTP."""

    def __init__(self, *given: Any, no_http: NoHttp | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._no_http = no_http

    def send_400_response(self, msg: str) -> None:
        first = bytes(self.conn.trailing_data[0][:FIRST_BYTES])  # not taken, since it is no request
        if self._no_http is not None and self.cycle is None and first and self.client is not None:
            self._no_http(self.client[0], first, self.scheme == "https")
        super().send_400_response(msg)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol plus the extensions `SEND_MANY` and `TAKE_SOCKET`."""

    taker: Taker | None = None

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][SEND_MANY] = {}
            scope["extensions"][TAKE_SOCKET] = self._give_away
            self.transport.pause_reading()  # until accepted: whoever takes the socket gets all that is said on it

    def _give_away(self, taker: Taker) -> asyncio.Transport:
        """From now on ``taker`` is told. To be called at once after ``websocket.accept``; the application ends when
        it receives ``websocket.disconnect``."""
        self.stop_keepalive()
        self.taker = taker
        return self.transport

    def data_received(self, data: bytes) -> None:
        if self.taker is not None:
            self.taker.data_received(data)
        else:
            super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.taker is not None:
            self.taker.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.taker is not None:
            self.taker.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.taker is not None:
            self.taker.connection_lost(exc)

    async def send(self, message: Any) -> None:
        if message["type"] != SEND_MANY:
            await super().send(message)
            if message["type"] == "websocket.accept" and not self.transport.is_closing():
                self.transport.resume_reading()
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.transport.write(b"".join([encode_frame(text, TEXT) for text in message["texts"]]))


class _Server(uvicorn.Server):
    """uvicorn's server, told to stop by an event and ticking once a second for its Date header."""

    def __init__(self, config: uvicorn.Config, tls: ssl.SSLContext | None, no_tls: NoTls | None) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()
        self._tls = tls
        self._no_tls = no_tls
        self._secure: TlsListener | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's for given sockets, with a context that may change and a bound for handshakes."""
        loop = asyncio.get_running_loop()
        self.servers = []

        def connected(_peer: object = None) -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state={}
            )
            return made

        if self._tls is not None:
            self._secure = TlsListener(
                sockets or [], self._tls, within_s=HANDSHAKE_S, made=connected, failed=self._not_shaken
            )
        else:
            self.servers = [await loop.create_server(connected, sock=each, backlog=BACKLOG) for each in sockets or []]
        self.started = True

    def _not_shaken(self, _protocol: asyncio.Protocol, peer: tuple[str, int], error: OSError) -> None:
        # who opens a port and goes says nothing by it: that is what a look whether it is open does
        if self._no_tls is not None and isinstance(error, ssl.SSLError):
            self._no_tls(peer[0], error)

    async def main_loop(self) -> None:
        while not self.stopping.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, without its fixed pauses: a hub without open requests stops at once."""
        for server in self.servers:
            server.close()
        if self._secure is not None:
            self._secure.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SHUTDOWN_GRACE_S
        while (self.server_state.connections or self.server_state.tasks) and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(SHUTDOWN_LOOK_S)
        for task in self.server_state.tasks:
            task.cancel()


def bind(host: str, port: int, flag: str = "http-port") -> list[socket.socket]:
    """Listening sockets for every address of ``host``. Raises HostError ``port_taken``, CallerError for a bad host.

    ``flag``: the option of ``unisono up`` that names another port.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CallerError(f"{host!r} is no address of this machine", code="bad_usage", field="host") from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sockets.append(_listen(family, kind, protocol, address))
    except OSError as error:
        for each in sockets:
            each.close()
        if error.errno == errno.EADDRINUSE:
            raise HostError(
                f"Port {port} on {host} is in use",
                code="port_taken",
                field=flag,
                mend=f"Stop what listens there (ss -ltnp 'sport = :{port}') or choose another: --{flag} {port + 1}",
            ) from error
        if error.errno == errno.EACCES:
            raise HostError(
                f"Port {port} may not be opened by this user",
                code="port_taken",
                field=flag,
                mend=f"Choose a port above 1023: --{flag} {port + 8000}",
            ) from error
        raise CallerError(f"{host!r} is no address of this machine", code="bad_usage", field="host") from error
    return sockets


def _listen(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class HttpServer:
    """A running HTTP server; ``port`` is the one it listens on (useful after asking for port 0)."""

    def __init__(self, server: _Server, task: asyncio.Task[None], port: int) -> None:
        self._server = server
        self._task = task
        self.port = port

    async def stop(self) -> None:
        """Stop accepting, let open requests end within `SHUTDOWN_GRACE_S`, close. Safe to call twice."""
        self._server.stopping.set()
        self._server.should_exit = True
        await self._task

    async def wait(self) -> None:
        """Until the server ends, by `stop` or by a fault (which is raised)."""
        await asyncio.shield(self._task)


async def serve(
    app: Any,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    proxies: Iterable[str] = (),
    no_http: NoHttp | None = None,
    no_tls: NoTls | None = None,
) -> HttpServer:
    """Serve the ASGI ``app`` until `HttpServer.stop`. Returns once connections are accepted.

    ``tls``: HTTPS with this context; a certificate loaded into it later is shown to whoever comes then. ``proxies``:
    addresses whose X-Forwarded-For is believed; none by default, so that nobody lies about who they are. ``no_http``:
    told of connections that begin with anything but HTTP; ``no_tls``: of TLS handshakes that failed.
    Raises HostError ``port_taken``.
    """
    sockets = bind(host, port, "http-port" if tls is None else "https-port")
    trusted = list(proxies)
    config = uvicorn.Config(
        app,
        http=partial(HttpProtocol, no_http=no_http),  # type: ignore[arg-type]
        ws=WebSocketProtocol,
        ws_max_size=MAX_WEBSOCKET_MESSAGE,
        ws_per_message_deflate=False,  # small frames; deflate costs latency and 300 KB a client
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted or None,
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    config.load()
    server = _Server(config, tls, no_tls)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=sockets)
    task = asyncio.create_task(_run(server, sockets), name="http-server")
    return HttpServer(server, task, int(sockets[0].getsockname()[1]))


async def _run(server: _Server, sockets: list[socket.socket]) -> None:
    try:
        await server.main_loop()
    finally:
        await server.shutdown(sockets=sockets)
