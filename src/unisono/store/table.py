"""The last value per key, durable: one JetStream stream with one message a subject.

Knows the stream and its subjects. Knows nothing of what keys and values mean. An empty value takes a key away; its
subject stays until the stream is compacted by the server's own bound.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable

import msgspec

from unisono.errors import HostError
from unisono.store.connection import Connection, NoRespondersError
from unisono.store.jetstream import call, stream_info
from unisono.store.reader import Reader

__all__ = ["Table"]

logger = logging.getLogger(__name__)

ANSWER_S = 5.0
RETRY_S = 0.5
#: Values on their way at a time: the server syncs each, and works on the next meanwhile.
WINDOW = 64


class _Next(msgspec.Struct):
    """What ``STREAM.MSG.GET`` answers with."""

    message: _Message | None = None
    error: dict[str, object] | None = None


class _Message(msgspec.Struct):
    subject: str
    seq: int
    data: str = ""


class Table:
    """One named table; `open` makes its stream when it is not there."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._stream = name.upper()
        self._prefix = name.lower()
        self._loaded_seq = 0
        self._followed_seq = 0
        self._behind: list[tuple[int, asyncio.Future[None]]] = []
        self._waiting: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._settled: list[asyncio.Future[None]] = []
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def open(cls, connection: Connection, name: str, *, max_bytes: int, replicas: int = 1) -> Table:
        """Raises HostError ``log_unavailable``."""
        table = cls(connection, name)
        if await stream_info(connection, f"STREAM.INFO.{table._stream}") is None:
            config = {
                "name": table._stream,
                "subjects": [f"{table._prefix}.*"],
                "storage": "file",
                "retention": "limits",
                "discard": "old",
                "max_msgs_per_subject": 1,
                "max_bytes": max_bytes,
                "num_replicas": replicas,
                "allow_direct": True,
            }
            await stream_info(connection, f"STREAM.CREATE.{table._stream}", config)
        table._task = asyncio.create_task(table._write_on(), name=f"table-{name}")
        return table

    async def load(self) -> dict[str, bytes]:
        """Every key that has a value."""
        found: dict[str, bytes] = {}
        seq = 1
        info = await stream_info(self._connection, f"STREAM.INFO.{self._stream}")
        self._loaded_seq = info.state.last_seq if info is not None else 0
        while True:
            body = {"seq": seq, "next_by_subj": f"{self._prefix}.*"}
            answer = _read_next(await call(self._connection, f"STREAM.MSG.GET.{self._stream}", body))
            if answer.message is None:
                return found
            key = _key(answer.message.subject.partition(".")[2])
            value = base64.b64decode(answer.message.data)
            if value:
                found[key] = value
            seq = answer.message.seq + 1

    async def follow(self, handler: Callable[[bytes], None]) -> Reader:
        """Call ``handler(value)`` for what any process has put since `load`, in the order in which it was stored, ours
        too; none is missed but those that were replaced meanwhile. Stop the reader that is returned."""

        def take(seq: int, payload: bytes) -> None:
            handler(payload)
            self._followed_seq = seq
            for wanted, future in [each for each in self._behind if each[0] <= seq]:
                self._behind.remove((wanted, future))
                if not future.done():
                    future.set_result(None)

        reader = Reader(
            self._connection,
            self._stream,
            f"{self._prefix}.*",
            self._loaded_seq + 1,
            take,
            check=self._check,
        )
        await reader.start()
        return reader

    async def catch_up(self) -> None:
        """Return when the handler of `follow` has been told of all that is stored by now. Raises HostError where that
        is not to be had within `ANSWER_S`."""
        info = await stream_info(self._connection, f"STREAM.INFO.{self._stream}")
        wanted = info.state.last_seq if info is not None else 0
        if wanted <= max(self._followed_seq, self._loaded_seq):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._behind.append((wanted, future))
        try:
            await asyncio.wait_for(future, ANSWER_S)
        except TimeoutError as error:
            self._behind.remove((wanted, future))
            raise HostError(f"{self._stream} is read too slowly", code="log_unavailable") from error

    async def settled(self) -> None:
        """Return when all that was put so far is on disk."""
        if not self._idle.is_set():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.append(future)
            self._wake.set()
            await future

    async def _check(self, last_seq: int) -> None:
        info = await stream_info(self._connection, f"STREAM.INFO.{self._stream}")
        if info is None or info.state.last_seq < last_seq:
            raise HostError(f"{self._stream} is not what it was", code="log_changed", mend="Restart the hub")

    def put(self, key: str, value: bytes) -> asyncio.Future[None]:
        """Replace a key's value; the future is done when it is on disk. Puts of one key in a row are written once."""
        self._waiting.pop(key, None)
        self._waiting[key] = value
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled.append(future)
        self._idle.clear()
        self._wake.set()
        return future

    async def _write_on(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # what is put from now on is the next round's: a flood of it keeps nobody of this one waiting
            settled, self._settled = self._settled, []
            round, self._waiting = self._waiting, {}
            while round:
                some = list(round.items())[:WINDOW]
                written = await asyncio.gather(*(self._write(key, value) for key, value in some))
                for (key, _value), done in zip(some, written, strict=True):
                    if done or key in self._waiting:
                        del round[key]
                if not all(written):
                    await asyncio.sleep(RETRY_S)
            for future in settled:
                if not future.done():
                    future.set_result(None)
            if not self._settled:
                self._idle.set()

    async def _write(self, key: str, value: bytes) -> bool:
        try:
            _, answer = await self._connection.ask(f"{self._prefix}.{_token(key)}", value, ANSWER_S)
        except (NoRespondersError, TimeoutError, ConnectionError, HostError) as error:
            logger.warning("%s: %r is not written yet: %s", self._stream, key, error)
            return False
        if b'"error"' in answer:
            logger.error("%s: %r was refused: %s", self._stream, key, answer.decode(errors="replace"))
        return True

    async def close(self) -> None:
        """Write what waits (for a moment), then end."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("%s: %d values were not written", self._stream, len(self._waiting))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _token(key: str) -> str:
    """A key as one subject token: topics may hold anything."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _key(token: str) -> str:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


_read_next = msgspec.json.Decoder(_Next).decode
