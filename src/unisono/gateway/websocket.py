"""MQTT over WebSocket (MQTT 5 section 6): an ASGI application that takes the socket, and frames around the bytes.

Knows ASGI's few words for WebSockets and asyncio's for transports. The web server does the handshake; after it the
socket is the gateway's: a message of ASGI for each frame cost 14 us, now all frames of one read are taken at once. Any
browser page may connect, whatever its origin: a page has to bring the thing's secret or a token itself, and the browser
adds nothing of its own to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.gateway.connection import Connection
from unisono.gateway.server import Gateway
from unisono.gateway.socket import LINGER_S
from unisono.wire.websocket import CLOSE, NORMAL, PROTOCOL_ERROR, UNSUPPORTED_DATA, Stream, encode_frame

__all__ = ["SUBPROTOCOLS", "WebSocketDoor"]

#: [MQTT-6.0.0-3]; ``mqttv3.1`` is what clients older than the standard offer.
SUBPROTOCOLS = ("mqtt", "mqttv3.1")
#: What is sent in one frame at most: a browser holds a frame whole before its script sees it.
FRAME_BYTES = 256 * 1024

#: ASGI extension of ours: a function that gives the socket away, as `unisono.api.door.server` has it.
TAKE_SOCKET = "unisono.take_socket"

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
        transport = FrameTransport(scope, self._gateway.loop)
        try:
            transport.begin(Connection(self._gateway), scope["extensions"][TAKE_SOCKET](transport))
            await receive()  # websocket.disconnect: the socket is gone, or the server stops
        finally:
            transport.lost()


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
    """As much of an asyncio transport as a `Connection` uses, around a socket; and what that socket tells.

    What is written goes out in binary frames, in order.
    """

    def __init__(self, scope: Scope, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        server, client = scope.get("server"), scope.get("client")
        self._extra: dict[str, Any] = {
            "peername": client and tuple(client),
            "sockname": server and tuple(server),
            "door": "wss" if scope.get("scheme") == "wss" else "ws",
        }
        self._loop = loop
        self._stream = Stream()
        self._closing = False
        self._socket: asyncio.Transport | None = None
        self._connection: asyncio.Protocol | None = None
        self._first: asyncio.Protocol | None = None

    def begin(self, connection: Connection, socket: asyncio.Transport) -> None:
        self._socket = socket
        self._connection = self._first = connection
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
        return self._socket.get_write_buffer_size() if self._socket is not None else 0

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data or self._socket is None:
            return
        if len(data) <= FRAME_BYTES:
            self._socket.write(encode_frame(bytes(data)))
            return
        pieces = [bytes(data[at : at + FRAME_BYTES]) for at in range(0, len(data), FRAME_BYTES)]
        self._socket.writelines([encode_frame(piece) for piece in pieces])

    def pause_reading(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.pause_reading()

    def resume_reading(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.resume_reading()

    def close(self) -> None:
        self.end(NORMAL)

    def end(self, code: int) -> None:
        """Send what was written, then close with ``code``; the client has a moment to close its side."""
        if self._closing:
            return
        self._closing = True
        if self._socket is not None:
            self._socket.write(encode_frame(code.to_bytes(2), CLOSE))
            self.resume_reading()
            self._loop.call_later(LINGER_S, self._socket.abort)
        self._loop.call_soon(self.lost)

    def abort(self) -> None:
        """Drop what was not sent and end."""
        self._closing = True
        if self._socket is not None:
            self._socket.abort()
        self._loop.call_soon(self.lost)

    # what the socket tells

    def data_received(self, data: bytes) -> None:
        stream = self._stream
        payload = stream.receive(data)
        if payload and not self._closing and self._connection is not None:
            self._connection.data_received(payload)
        if stream.replies and not self._closing and self._socket is not None:
            self._socket.write(stream.replies)
        stream.replies = b""
        if stream.closed is not None and self._socket is not None:
            code, why = stream.closed
            broken = code in (PROTOCOL_ERROR, UNSUPPORTED_DATA) and not self._closing
            if broken and isinstance(self._first, Connection) and self._connection is self._first:
                self._first.broken_off(why)
            self._closing = True
            self._socket.close()
            self._loop.call_soon(self.lost)

    def pause_writing(self) -> None:
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        if self._connection is not None:
            self._connection.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._socket = None
        self.lost()

    def lost(self) -> None:
        """There is nothing more to come of it, for whoever it was handed to."""
        self._closing = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.connection_lost(None)
