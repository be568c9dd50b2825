"""The ways that a load generator's bytes go: plain, through TLS, or in WebSocket frames, with one face.

Knows sockets, TLS and the frames of RFC 6455 as far as a generator needs them. A line looks like a non-blocking socket:
``send`` and ``recv`` raise BlockingIOError. The server's certificate is not checked: what is measured is the server.
"""

from __future__ import annotations

import base64
import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

from unisono.bench.frames import Ring
from unisono.errors import DeviceError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DEADLINE_S", "WAYS", "TlsLine", "WebLine", "begin_line", "open_line", "unframe", "web_frame", "web_ring"]

WAYS = ("tcp", "tls", "websocket")
DEADLINE_S = 20.0
RECORD = 16 * 1024  # what one TLS record holds at most, so one read of OpenSSL gives
MASK = b"\x5a\xc3\x17\x9e"
"""A client masks what it sends (RFC 6455 section 5.3); one key for all, so that frames can be made beforehand."""
BINARY = 0x82
CLOSE, PING, PONG = 0x88, 0x89, 0x8A


@cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsLine:
    """A TLS connection as a non-blocking socket."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        self._sock = _context().wrap_socket(sock, do_handshake_on_connect=False)

    def handshake(self) -> bool:
        """Go on with it; whether it is done. Raises `DeviceError` when it fails."""
        try:
            self._sock.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except (ssl.SSLError, OSError) as error:
            raise DeviceError(f"the TLS handshake failed: {error}") from error
        return True

    def send(self, data: Any) -> int:
        try:
            return self._sock.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)

    def recv(self, size: int) -> bytes:
        """Everything that OpenSSL has, up to ``size``: what it keeps wakes no epoll."""
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._sock.recv(min(size, RECORD))
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not part:
                return b"".join(parts)
            parts.append(part)
            size -= len(part)
        if not parts:
            raise BlockingIOError
        return b"".join(parts)

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def settimeout(self, seconds: float) -> None:
        self._sock.settimeout(seconds)

    def close(self) -> None:
        self._sock.close()


class WebLine:
    """MQTT over WebSocket: ``sendall`` frames what it is given, ``send`` takes frames made before, ``recv`` unpacks."""

    __slots__ = ("_had", "_sock")

    def __init__(self, sock: socket.socket, host: str) -> None:
        key = base64.b64encode(b"unisono benchmark"[:16]).decode()
        sock.sendall(
            f"GET /mqtt HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n".encode()
        )
        data = b""
        while b"\r\n\r\n" not in data:
            part = sock.recv(4096)
            if not part:
                break
            data += part
        head, _, self._had = data.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise DeviceError(f"the server refused a WebSocket: {head[:80]!r}")
        self._sock = sock

    def send(self, data: Any) -> int:
        return self._sock.send(data)

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(web_frame(data))

    def recv(self, size: int) -> bytes:
        """The payloads of whole frames. Raises BlockingIOError where none is whole yet."""
        data = self._sock.recv(size)
        if not data:
            return b""
        payload, self._had = unframe(self._had + data if self._had else data)
        if not payload:
            raise BlockingIOError
        return payload

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def settimeout(self, seconds: float) -> None:
        self._sock.settimeout(seconds)

    def close(self) -> None:
        self._sock.close()


def begin_line(way: str, host: str, port: int) -> Any:
    """A connected line, blocking; through TLS its handshake is still to be made. Raises OSError and `DeviceError`."""
    sock = socket.create_connection((host, port), timeout=DEADLINE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way == "tcp":
        return sock
    if way == "websocket":
        return WebLine(sock, f"{host}:{port}")
    sock.setblocking(False)
    return TlsLine(sock)


def open_line(way: str, host: str, port: int) -> Any:
    """A connected line, blocking. Raises OSError, or `DeviceError` where the server does not want TLS or WebSocket."""
    line = begin_line(way, host, port)
    if isinstance(line, TlsLine):
        line.setblocking(True)
        line.handshake()
    return line


def _head(size: int) -> bytes:
    """The first bytes of a client's binary frame, mask included (RFC 6455 section 5.2)."""
    if size < 126:
        return bytes((BINARY, 0x80 | size)) + MASK
    return bytes((BINARY, 0x80 | 126)) + size.to_bytes(2, "big") + MASK


def web_frame(data: bytes) -> bytes:
    """One binary frame as a client sends it; up to 65,535 bytes."""
    mask = (MASK * (len(data) // 4 + 1))[: len(data)]
    masked = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
    return _head(len(data)) + masked.to_bytes(len(data), "big")


def web_ring(ring: Ring) -> Ring:
    """A ring whose every packet is a frame of its own, as WebSocket clients send them."""
    import numpy as np

    packets: np.ndarray[Any, Any] = np.frombuffer(ring.data, np.uint8).reshape(ring.frames, ring.stride)
    mask = np.frombuffer((MASK * (ring.stride // 4 + 1))[: ring.stride], np.uint8)
    head = np.frombuffer(_head(ring.stride), np.uint8)
    heads = np.broadcast_to(head, (ring.frames, len(head)))
    return Ring(np.hstack([heads, packets ^ mask]).tobytes(), ring.frames, ring.stride + len(head))


def unframe(data: bytes) -> tuple[bytes, bytes]:
    """The payloads of the whole frames at the start of ``data``, and the rest. Raises `DeviceError` at a close."""
    parts: list[bytes | bytearray] = []
    pos, end = 0, len(data)
    while end - pos >= 2:
        kind, size = data[pos], data[pos + 1]
        start = pos + 2
        if size == 126:
            if end - pos < 4:
                break
            size, start = int.from_bytes(data[pos + 2 : pos + 4], "big"), pos + 4
        elif size == 127:
            if end - pos < 10:
                break
            size, start = int.from_bytes(data[pos + 2 : pos + 10], "big"), pos + 10
        if start + size > end:
            break
        if kind == CLOSE:
            raise DeviceError(f"the server closed a WebSocket: {data[start : start + size]!r}")
        whole = _alike(data, pos, 2 + size) if start == pos + 2 and kind == BINARY else 1
        if whole > 1:  # a server that answers each packet by a frame of its own: take them all at once
            stop = pos + whole * (2 + size)
            run = bytearray(data[pos:stop])
            del run[0 :: 2 + size]
            del run[0 :: 1 + size]
            parts.append(run)
            pos = stop
            continue
        if kind not in (PING, PONG):
            parts.append(data[start : start + size])
        pos = start + size
    return b"".join(parts), data[pos:]


def _alike(data: bytes, pos: int, stride: int) -> int:
    """How many frames of one length follow each other at ``pos``; 1 where it is not all that follows."""
    whole = (len(data) - pos) // stride
    stop = pos + whole * stride
    alike = data[pos:stop:stride].count(data[pos]) == whole == data[pos + 1 : stop : stride].count(data[pos + 1])
    return whole if alike and stride > 2 else 1
