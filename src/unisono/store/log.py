"""The log of one partition: what is appended is on disk when `Log.append` returns, in order, once.

Knows the JetStream stream ``LOG_<partition>`` and its subject. One message is opaque bytes. Knows nothing of batches.

A position is (`Log.log_id`, sequence). The id is made with the stream and kept in its metadata: a log that was deleted,
restored from a backup or made anew is noticed (``log_changed``), never waited for.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from unisono.errors import CallerError, HostError
from unisono.store.append import DUPLICATE_WINDOW_S, WINDOW, Appender
from unisono.store.connection import Connection, split_header
from unisono.store.disk import DiskGuard
from unisono.store.jetstream import RefusedError, StreamInfo, stream_info
from unisono.store.reader import Reader

__all__ = ["APPEND_TIMEOUT_S", "Log"]

APPEND_TIMEOUT_S = 30.0
"""A server that was killed is back within a second; past this somebody has to be told."""

OPEN_TIMEOUT_S = 60.0
"""A large log on a slow disk recovers after its server already listens (in a cluster: elects its leader)."""

OPEN_PAUSE_S = 0.1


class Log:
    """Made by `open`; one per process and partition. `close` it before its connection."""

    def __init__(
        self, connection: Connection, partition: str, info: StreamInfo, *, replicas: int, kind: str = "log"
    ) -> None:
        self.partition = partition
        self.stream, self.subject = _names(kind, partition)
        self.log_id = info.config.metadata["log_id"]
        self._connection = connection
        # Why a cluster gets a window of one: see unisono.store.append.
        clustered = replicas > 1 or bool(connection._server_info.get("cluster"))
        self._appender = Appender(
            connection,
            self.subject,
            window=1 if clustered else WINDOW,
            last_seq=info.state.last_seq,
            guard=DiskGuard(connection.disk) if connection.disk is not None else None,
            check=self._check_for_append,
            look_up=self._look_up,
        )
        self._writer = secrets.token_hex(6)
        self._count = 0

    @classmethod
    async def open(
        cls, client: Connection, partition: str, *, max_bytes: int, replicas: int = 1, kind: str = "log"
    ) -> Log:
        """Open the partition's log, or make it. ``max_bytes`` is its bound from now on (see ``log_full``).

        ``kind``: another family of streams that are kept in the same way, ``<KIND>_<partition>``.
        Raises HostError ``log_unavailable`` when the server refuses, or does not answer within a minute.
        """
        deadline = time.monotonic() + OPEN_TIMEOUT_S
        while True:
            try:
                info = await _open_stream(client, kind, partition, max_bytes, replicas)
            except RefusedError:
                raise
            except HostError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(OPEN_PAUSE_S)
            else:
                return cls(client, partition, info, replicas=replicas, kind=kind)

    async def beside(self, kind: str, *, max_bytes: int) -> Log:
        """Open the stream of another ``kind`` of the same partition, over the same connection; as `open`."""
        return await Log.open(self._connection, self.partition, max_bytes=max_bytes, kind=kind)

    async def close(self) -> None:
        """Appends that have no answer yet end with ``log_unavailable``. Readers are stopped by who made them."""
        await self._appender.close()

    @property
    def waiting(self) -> int:
        """Appends without an answer."""
        return self._appender.waiting

    def next_message_id(self) -> str:
        """An id that no other append of any process has: this process' random name and a count."""
        self._count += 1
        return f"{self._writer}:{self._count}"

    async def append(
        self, payload: bytes, message_id: str | None = None, *, timeout_s: float = APPEND_TIMEOUT_S
    ) -> int:
        """Store one message; returns its sequence once it is on disk (in a cluster: at a majority).

        Calls of one process are stored in the order in which they began; many may be on their way at once. The same
        ``message_id`` again within two minutes is stored once and answered with the first one's sequence; left out, one
        is made. Lost acknowledgements and restarts of the server are waited out.

        Raises HostError ``log_full`` or ``disk_full`` (not stored), ``log_changed`` (for good: open the log anew), or
        ``log_unavailable`` when there is no answer in ``timeout_s``, when too much waits already, or when the log is
        closed; CallerError ``too_large``. Cancelling, like ``log_unavailable``, leaves open whether it was stored.
        """
        if message_id is None:
            message_id = self.next_message_id()
        elif not message_id.isprintable() or not message_id:
            raise CallerError(f"{message_id!r} cannot be a message id", code="bad_id")
        return await self._appender.append(payload, message_id, timeout_s)

    async def bounds(self) -> tuple[int, int, int]:
        """(first sequence, last sequence, bytes). An empty log has first = last + 1. Raises ``log_changed`` too."""
        state = (await self._info()).state
        first = state.last_seq + 1 if state.messages == 0 else state.first_seq
        return first, state.last_seq, state.bytes

    async def read(
        self,
        from_seq: int,
        handler: Callable[[int, bytes], None],
        *,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> Reader:
        """Call ``handler(sequence, payload)`` for every message from ``from_seq`` (at least 1) on, as they come.

        The handler runs in the event loop, between reads of the socket: it must be quick, and what it raises ends the
        reader (`Reader.wait_ended`). ``ready`` is awaited whenever the server asks whether we can take more (after
        every few MB): return from it when what the handler queued has drained. Purged messages are skipped: compare
        with `bounds` where that matters. Raises HostError ``log_changed`` when the log ends before ``from_seq - 1``.
        """
        reader = Reader(
            self._connection, self.stream, self.subject, from_seq, handler, check=self._check_for_read, ready=ready
        )
        await reader.start()
        return reader

    async def purge(self, below_seq: int) -> None:
        """Forget every message before ``below_seq``; a crash right after may bring some of them back.

        Cutting within a block needs up to 8 MB of disk for the moment. Raises ``log_changed`` or ``log_unavailable``.
        """
        if below_seq > 1:
            done = await stream_info(self._connection, f"STREAM.PURGE.{self.stream}", {"seq": below_seq})
            if done is None:
                await self._info()  # says that the log is gone

    async def _info(self) -> StreamInfo:
        info = await stream_info(self._connection, f"STREAM.INFO.{self.stream}")
        found = info.config.metadata.get("log_id", "") if info is not None else ""
        if info is None or found != self.log_id:
            what = f"is now {found}" if found else "is gone"
            raise HostError(
                f"the log {self.log_id} of partition {self.partition} {what}",
                code="log_changed",
                mend="Restart the hub; if it was restored from a backup: unisono doctor",
            )
        return info

    async def _check_for_append(self) -> None:
        self._check_end(await self._info(), self._appender.last_seq)

    async def _check_for_read(self, last_seq: int) -> None:
        self._check_end(await self._info(), last_seq)

    def _check_end(self, info: StreamInfo, known_seq: int) -> None:
        if info.state.last_seq < known_seq:
            raise HostError(
                f"the log of partition {self.partition} ends at {info.state.last_seq}, but {known_seq} was in it",
                code="log_changed",
                mend="It lost its end or is an older copy: unisono doctor",
            )

    async def _look_up(self, ids: set[str]) -> dict[str, int]:
        """The sequences of messages with these ids, among those stored after our last acknowledged one."""
        info = await self._info()
        found: dict[str, int] = {}

        def look(seq: int, header: bytes) -> None:
            message_id = split_header(header).get("Nats-Msg-Id", "")
            if message_id in ids:
                found.setdefault(message_id, seq)

        first = max(self._appender.last_seq + 1, info.state.first_seq)
        if first > info.state.last_seq:
            return found
        reader = Reader(
            self._connection,
            self.stream,
            self.subject,
            first,
            lambda _seq, _payload: None,
            check=self._check_for_read,
            headers_only=look,
        )
        await reader.start()
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await reader.wait_until(info.state.last_seq)
        except TimeoutError as error:
            raise HostError("the log could not be searched in time") from error
        finally:
            await reader.stop()
        return found


def _names(kind: str, partition: str) -> tuple[str, str]:
    """(stream, subject)."""
    return f"{kind.upper()}_{partition}", f"{kind}.{partition}"


async def _open_stream(client: Connection, kind: str, partition: str, max_bytes: int, replicas: int) -> StreamInfo:
    stream, subject = _names(kind, partition)
    info = await stream_info(client, f"STREAM.INFO.{stream}")
    if info is None:
        config = _config(stream, subject, max_bytes, replicas, {})
        try:
            info = await stream_info(client, f"STREAM.CREATE.{stream}", config)
        except RefusedError:
            # somebody made it at the same moment, with another id
            info = await stream_info(client, f"STREAM.INFO.{stream}")
            if info is None:
                raise
    if info is None or "log_id" not in info.config.metadata:
        raise RefusedError(
            f"the stream {stream} was not made by this program", mend=f"Remove it: nats stream rm {stream}"
        )
    if info.config.max_bytes != max_bytes or info.config.num_replicas != replicas:
        config = _config(stream, subject, max_bytes, replicas, info.config.metadata)
        info = await stream_info(client, f"STREAM.UPDATE.{stream}", config) or info
    return info


def _config(stream: str, subject: str, max_bytes: int, replicas: int, metadata: dict[str, str]) -> dict[str, Any]:
    own = {name: value for name, value in metadata.items() if not name.startswith("_nats.")}
    return {
        "name": stream,
        "subjects": [subject],
        "storage": "file",
        "retention": "limits",
        # At the bound new messages are refused, visibly; nothing is dropped that somebody still needs.
        "discard": "new",
        "max_bytes": max_bytes,
        "max_age": 0,
        "duplicate_window": DUPLICATE_WINDOW_S * 1_000_000_000,
        "num_replicas": replicas,
        "metadata": own or {"log_id": secrets.token_hex(16)},
    }
