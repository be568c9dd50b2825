"""Wyoming services and satellites for tests: real sockets, told what to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from wyoming.event import Event, Eventable, async_read_event, async_write_event

from tests.parts import DEADLINE_S

__all__ = ["Service"]

Answer = Callable[["Service", Event], Awaitable[None]]


class Service:
    """A server that hands each event to ``answer`` and keeps it in ``seen``; `send` writes to the last who came."""

    def __init__(self, answer: Answer | None = None) -> None:
        self._answer = answer
        self.seen: list[Event] = []
        self.came = asyncio.Condition()
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Service:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def types(self) -> list[str]:
        return [event.type for event in self.seen]

    async def until(self, wanted: Callable[[Service], Any]) -> None:
        async with asyncio.timeout(DEADLINE_S), self.came:
            await self.came.wait_for(lambda: wanted(self))

    async def send(self, event: Event | Eventable) -> None:
        assert self._writer is not None
        await async_write_event(event if isinstance(event, Event) else event.event(), self._writer)

    async def raw(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)
        await self._writer.drain()

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while (event := await async_read_event(reader)) is not None:
                async with self.came:
                    self.seen.append(event)
                    self.came.notify_all()
                if self._answer is not None:
                    await self._answer(self, event)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
