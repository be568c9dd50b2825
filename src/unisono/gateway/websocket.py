"""MQTT over WebSocket (MQTT 5 section 6) as an ASGI application: a `Connection` whose transport is binary frames.

Knows ASGI's few words for WebSockets and asyncio's for transports. Where frames begin and end means nothing: one may
hold many packets, and a packet may lie in many. Any browser page may connect, whatever its origin: a page has to bring
the thing's secret or a token itself, and the browser adds nothing of its own to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.gateway.connection import LINGER_S, Connection
from unisono.gateway.server import Gateway

__all__ = ["SUBPROTOCOLS", "WebSocketDoor"]

#: [MQTT-6.0.0-3]; ``mqttv3.1`` is what clients older than the standard offer.
SUBPROTOCOLS = ("mqtt", "mqttv3.1")
#: Past the first no more is taken for a client that does not read, below the second it goes on (as asyncio's own).
HIGH_WATER_BYTES = 64 * 1024
LOW_WATER_BYTES = 16 * 1024
#: What is sent in one frame at most: a browser holds a frame whole before its script sees it.
FRAME_BYTES = 256 * 1024
#: RFC 6455 section 7.4.1: gone normally, and a kind of data that is not taken here.
NORMAL = 1000
UNSUPPORTED_DATA = 1003

#: ASGI extension of ours: a function that ends the socket at once, as `unisono.api.server` gives it.
ABORT = "unisono.abort"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WebSocketDoor:
    """Mounted by `unisono.app` at ``/mqtt``; its clients are the clients of ``gateway``, which listens nowhere else."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope)
        if refusal is not None:
            await _answer(scope, send, refusal)
            return
        chosen = next(each for each in scope["subprotocols"] if each in SUBPROTOCOLS)  # [MQTT-6.0.0-4]
        await receive()  # websocket.connect
        await send({"type": "websocket.accept", "subprotocol": chosen})
        transport = FrameTransport(scope, send)
        connection = Connection(self._gateway)
        transport.begin(connection)
        try:
            await _read(connection, transport, receive)
        finally:
            transport.lost()
            await transport.ended()
            # a client that does not read its goodbye would keep the socket for as long as it likes
            self._gateway.loop.call_later(LINGER_S, transport.cut)


async def _read(connection: Connection, transport: FrameTransport, receive: Receive) -> None:
    """Hand on what comes until the end; while the gateway reads no more, neither do we, and TCP slows the client."""
    while True:
        await transport.readable.wait()
        message = await receive()
        if message["type"] == "websocket.disconnect" or transport.is_closing():
            return
        data = message.get("bytes")
        if data is None:  # [MQTT-6.0.0-1]: any other frame ends the connection
            if transport.get_protocol() is connection:
                connection.broken_off("MQTT comes in binary frames, this is a text frame")
            transport.end(UNSUPPORTED_DATA)
            return
        transport.get_protocol().data_received(data)


def _refusal(scope: Scope) -> CallerError | None:
    if scope["type"] != "websocket":
        return CallerError("MQTT over WebSocket is spoken here", code="bad_request", expected="Upgrade: websocket")
    if not any(each in SUBPROTOCOLS for each in scope["subprotocols"]):
        expected = "Sec-WebSocket-Protocol: mqtt"
        return CallerError("the subprotocol is missing", code="bad_request", expected=expected)
    return None


async def _answer(scope: Scope, send: Send, error: CallerError) -> None:
    body = msgspec.json.encode(error.problem())
    kind = "http.response" if scope["type"] == "http" else "websocket.http.response"
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if scope["type"] == "http":
        headers.append((b"upgrade", b"websocket"))
    await send({"type": f"{kind}.start", "status": 426 if scope["type"] == "http" else 400, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


class FrameTransport(asyncio.Transport):
    """As much of an asyncio transport as a `Connection` uses; what is written goes out in binary frames, in order."""

    def __init__(self, scope: Scope, send: Send) -> None:
        super().__init__()
        server, client = scope.get("server"), scope.get("client")
        door = "wss" if scope.get("scheme") == "wss" else "ws"
        self._extra: dict[str, Any] = {
            "peername": client and tuple(client),
            "sockname": server and tuple(server),
            "door": door,
            "abort": (scope.get("extensions") or {}).get(ABORT),
        }
        self._send = send
        self._pieces: list[bytes] = []
        self._size = 0
        self._sending = 0
        self._paused = False
        self._closing = False
        self._code: int | None = None
        self._dead = False
        self._more = asyncio.Event()
        self._connection: asyncio.Protocol | None = None
        self._writer: asyncio.Task[None] | None = None
        self.readable = asyncio.Event()
        self.readable.set()

    def begin(self, connection: Connection) -> None:
        self._connection = connection
        self._writer = asyncio.get_running_loop().create_task(self._write(), name="mqtt over websocket")
        connection.connection_made(self)

    # what a Connection asks of it

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._connection = protocol

    def get_protocol(self) -> asyncio.Protocol:
        return self._connection if self._connection is not None else asyncio.Protocol()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        found = self._extra.get(name)
        return default if found is None else found

    def get_write_buffer_size(self) -> int:
        return self._size + self._sending

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data:
            return
        self._pieces.append(bytes(data))
        self._size += len(data)
        self._more.set()
        if not self._paused and self.get_write_buffer_size() > HIGH_WATER_BYTES and self._connection is not None:
            self._paused = True
            self._connection.pause_writing()

    def pause_reading(self) -> None:
        self.readable.clear()

    def resume_reading(self) -> None:
        self.readable.set()

    def close(self) -> None:
        self.end(NORMAL)

    def end(self, code: int) -> None:
        """Send what was written, then close with ``code``."""
        if not self._closing:
            self._closing = True
            self._code = code
            self._more.set()
            self.readable.set()

    def abort(self) -> None:
        """Drop what was not sent and end."""
        self._pieces, self._size = [], 0
        self.end(NORMAL)
        self._dead = True
        self.cut()

    # its other side

    def cut(self) -> None:
        """End the socket beneath, where the server lets us (`unisono.api.server` does)."""
        abort = self._extra["abort"]
        if abort is not None:
            abort()

    def lost(self) -> None:
        """The WebSocket is gone, or is to go."""
        self.end(NORMAL)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.connection_lost(None)

    async def ended(self) -> None:
        """Everything is sent that could be."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._pieces and not self._dead:
                await self._send_some()
            if self._closing and not self._dead:
                await self._send({"type": "websocket.close", "code": self._code})
            if self._closing:
                return

    async def _send_some(self) -> None:
        """One frame of what has gathered since the last: fewer frames when there is much to say."""
        data = b"".join(self._pieces)
        frame, rest = data[:FRAME_BYTES], data[FRAME_BYTES:]
        self._pieces = [rest] if rest else []
        self._size, self._sending = len(rest), len(frame)
        try:
            await self._send({"type": "websocket.send", "bytes": frame})
        finally:
            self._sending = 0
        if self._paused and self._size < LOW_WATER_BYTES and self._connection is not None:
            self._paused = False
            self._connection.resume_writing()
