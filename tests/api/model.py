"""An endpoint that speaks OpenAI's chat completions over a real socket, and answers what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

__all__ = ["FakeModel", "called"]

Answer = bytes | dict[str, Any] | Callable[[dict[str, Any]], Awaitable[bytes]]


def called(name: str, arguments: Any, id: str = "c1") -> dict[str, Any]:
    """An answer that calls a tool."""
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    call = {"id": id, "type": "function", "function": {"name": name, "arguments": text}}
    return {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}


class FakeModel:
    """``answers`` are given in turn, the last again and again; ``asked`` is what came, with its headers."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.answers = list(answers)
        self.status = status
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeModel:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in head[1:]) if key}
            body = await reader.readexactly(int(headers["content-length"]))
            request = msgspec.json.decode(body)
            self.asked.append((headers, request))
            answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
            if callable(answer):
                answer = await answer(request)
            content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            writer.write(
                f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
