"""A server that services' messages arrive at: real sockets, scripted answers, everything kept that came."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

__all__ = ["Came", "Receiver", "die", "drip", "say", "stall"]

Answer = Callable[["_Handler"], None]


@dataclass
class Came:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """``script``: the next answers; afterwards ``always``."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.script: deque[Answer] = deque()
        self.always: Answer = say(200, b"{}")
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[Receiver]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        receiver = self.receiver
        receiver.came.append(Came(self.path, dict(self.headers.items()), body, time.monotonic()))
        answer = receiver.script.popleft() if receiver.script else receiver.always
        answer(self)

    def do_PUT(self) -> None:
        self.do_POST()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An ordinary answer; ``Retry_After`` is written Retry-After."""

    def answer(handler: _Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(ConnectionError):  # whoever asked was killed
            handler.end_headers()
            handler.wfile.write(body)

    return answer


def die(handler: _Handler) -> None:
    """The connection ends without an answer."""
    handler.close_connection = True
    handler.connection.close()


def stall(handler: _Handler) -> None:
    """Nothing is answered until the receiver closes."""
    handler.receiver.closing.wait()


def drip(handler: _Handler) -> None:
    """A byte at a time, for ever: no read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.receiver.closing.wait(0.2):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
