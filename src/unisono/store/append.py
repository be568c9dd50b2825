"""Appending to the log: many messages on their way at once, stored in the order of the calls, each once.

Knows one stream's subject and JetStream's acknowledgements. Knows nothing of what is appended.

Why the order holds on one server. All messages of a process leave on one TCP connection, and the server handles what a
connection carries in order: it stores, syncs and acknowledges message n before it looks at n + 1. So a message can be
lost only together with the connection and everything behind it. After a reconnect every message without an
acknowledgement is sent again, in the original order, before anything new; those that were stored are recognised by
their message id. Should the server still be working through bytes of the *old* connection while the new one resends,
each connection still presents the messages in order, and whichever comes first stores: when any message is stored, all
those before it have been presented on that same connection, so they are stored already. (What the client had buffered
but not sent is dropped when the connection breaks, see `unisono.store.connection`; else it would overtake.)

A message that the server *refuses* for the moment (JetStream not ready) holds back the following ones until all that
are on their way have their answer. Had one behind it been stored meanwhile, repeating the refused one would change the
order: then it fails with ``log_unavailable`` and the caller decides.

In a cluster a message may be lost between two servers while those behind it arrive, so there only one is on its way at
a time (``window=1``): the caller's batches grow while it waits.

The server remembers message ids for `DUPLICATE_WINDOW_S` only. After a longer outage the log itself is read, headers
only, for the ids that were on their way.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from unisono.errors import CallerError, HostError
from unisono.store.connection import Connection
from unisono.store.disk import DiskGuard, disk_full
from unisono.store.jetstream import Ack, ApiError, is_status, read_ack

__all__ = ["DUPLICATE_WINDOW_S", "Appender"]

logger = logging.getLogger(__name__)

DUPLICATE_WINDOW_S = 120
"""How long the server remembers message ids; it keeps some 100 bytes for each."""

TRUST_WINDOW_S = 60.0
"""Half of it: after a longer outage ids are looked up in the log."""

WINDOW = 256
WINDOW_BYTES = 16 << 20
"""Most messages and bytes on their way at once. A sync takes 0.3-5 ms, so a few dozen fill the pipe on any disk."""

QUEUE_BYTES = 64 << 20
"""Most bytes that wait here, on their way or not; past it `Appender.append` refuses at once instead of growing."""

ACK_TIMEOUT_S = 10.0
"""Silence on a message that was sent, with the connection up, after which the connection is made anew."""

DISK_FULL_S = 1.0
"""Silence on a message that was sent, with the disk full, after which the disk is the reason."""

RETRY_PAUSE_S = 0.1
SWEEP_S = 0.25
"""How often waiting messages are looked at for their deadlines."""


class _Message:
    __slots__ = ("answer", "deadline", "first_sent", "id", "number", "payload", "refused", "sent")

    def __init__(
        self, number: int, message_id: str, payload: bytes, deadline: float, answer: asyncio.Future[int]
    ) -> None:
        self.number = number
        self.id = message_id
        self.payload = payload
        self.deadline = deadline
        self.answer = answer
        self.sent = 0.0  # loop time of the last sending; 0: not on its way
        self.first_sent = 0.0
        self.refused = ""


class Appender:
    """The one writer of a process to one stream.

    ``check`` is awaited before messages are repeated after an outage (it raises when the log is not the same any more);
    ``look_up(ids)`` finds the sequences of stored messages by id, for outages longer than the server remembers.
    """

    def __init__(
        self,
        connection: Connection,
        subject: str,
        *,
        window: int,
        last_seq: int,
        guard: DiskGuard | None,
        check: Callable[[], Awaitable[None]],
        look_up: Callable[[set[str]], Awaitable[dict[str, int]]],
    ) -> None:
        self._connection = connection
        self._subject = subject
        self._window = window
        self._guard = guard
        self._check = check
        self._look_up = look_up
        self._loop = asyncio.get_running_loop()
        self._inbox = f"_LOGACK.{secrets.token_hex(8)}"
        self._sid = connection.listen(self._inbox + ".*", self._acknowledged)
        self._number = 0
        self._unanswered: dict[int, _Message] = {}  # in the order of the calls
        self._queue: deque[_Message] = deque()  # those of them that are not on their way (settled ones are skipped)
        self._bytes = 0
        self._bytes_out = 0
        self._out = 0
        self._stored_number = 0
        self.last_seq = last_seq
        self._paused = False
        self._disk_full = False
        self._failure: HostError | None = None
        self._task: asyncio.Task[None] | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        connection.on_down.append(self._went_down)
        connection.on_up.append(self._came_up)

    @property
    def waiting(self) -> int:
        """Messages without an answer yet."""
        return len(self._unanswered)

    async def append(self, payload: bytes, message_id: str, timeout_s: float) -> int:
        """See `unisono.store.log.Log.append`."""
        if self._failure is not None:
            raise self._failure
        if len(payload) + 1024 > self._connection.max_payload:
            limit = self._connection.max_payload - 1024
            raise CallerError(f"{len(payload)} bytes in one message", code="too_large", expected=f"at most {limit}")
        if self._guard is not None and not self._guard.has_room(len(payload)):
            raise disk_full(self._guard.folder)
        if self._bytes + len(payload) > QUEUE_BYTES:
            raise HostError(
                f"{self._bytes} bytes wait for the log already", mend="Send less, or give the log a faster disk"
            )
        self._number += 1
        answer: asyncio.Future[int] = self._loop.create_future()
        message = _Message(self._number, message_id, payload, self._loop.time() + timeout_s, answer)
        self._unanswered[message.number] = message
        self._bytes += len(payload)
        self._queue.append(message)
        self._send_more()
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        try:
            return await answer
        finally:
            if message.number in self._unanswered:
                self._forget(message)

    async def close(self) -> None:
        """Give up what has no answer yet: HostError ``log_unavailable`` for its callers. Safe to call twice."""
        if self._went_down in self._connection.on_down:
            self._connection.on_down.remove(self._went_down)
            self._connection.on_up.remove(self._came_up)
        self._connection.deafen(self._sid)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.fail(HostError("the log was closed before it answered"))

    def fail(self, error: HostError) -> None:
        """End for good: every waiting and every later append raises ``error``."""
        self._failure = self._failure or error
        for message in tuple(self._unanswered.values()):
            self._settle(message, error)

    # --- sending

    def _send_more(self) -> None:
        """Send what the window allows, in order."""
        queue = self._queue
        while queue and not self._paused and self._connection.is_connected:
            message = queue[0]
            if message.answer.done():
                queue.popleft()
                continue
            if self._out and (self._out >= self._window or self._bytes_out + len(message.payload) > WINDOW_BYTES):
                return
            header = f"NATS/1.0\r\nNats-Msg-Id: {message.id}\r\n\r\n".encode()
            try:
                self._connection.send(
                    self._subject, message.payload, reply=f"{self._inbox}.{message.number}", header=header
                )
            except HostError:
                # The socket is behind (others fill it too): the sweep comes back to it.
                return
            queue.popleft()
            message.sent = self._loop.time()
            message.first_sent = message.first_sent or message.sent
            self._out += 1
            self._bytes_out += len(message.payload)

    def _acknowledged(self, subject: bytes, _reply: bytes, header: bytes, payload: bytes) -> None:
        message = self._unanswered.get(int(subject[len(self._inbox) + 1 :]))
        if message is None or not message.sent or message.refused:
            return
        if not payload and is_status(header):
            ack = Ack(error=ApiError(503, 0, "nobody takes what is written to it"))
        else:
            try:
                ack = read_ack(payload)
            except msgspec.DecodeError as error:
                ack = Ack(error=ApiError(500, 0, f"its answer was not understood ({error})"))
        if ack.error is not None:
            self._refused(message, ack.error)
            return
        self._disk_full = False
        if not ack.duplicate:
            if ack.seq <= self.last_seq:
                changed = f"the log gave sequence {ack.seq} after {self.last_seq}: it was emptied or made anew"
                self.fail(HostError(changed, code="log_changed", mend="Restart the hub"))
                return
            self.last_seq = ack.seq
        self._stored_number = max(self._stored_number, message.number)
        self._settle(message, ack.seq)
        self._continue()

    def _continue(self) -> None:
        if self._paused and self._out == 0 and self._task is None:
            # Everything that was on its way when one was refused has its answer.
            self._task = self._loop.create_task(self._repeat_refused())
        else:
            self._send_more()

    def _refused(self, message: _Message, error: ApiError) -> None:
        text = error.description
        final: HostError | None = None
        if "maximum bytes exceeded" in text or "maximum messages exceeded" in text:
            final = HostError(
                "the log is full", code="log_full", mend="Let the owners catch up (unisono status), or enlarge the log"
            )
        elif "no space left" in text or (self._disk_full and error.err_code in {0, 10023, 10076, 10077}):
            self._disk_full = True
            final = HostError(
                "the log's disk is full", code="disk_full", mend="Free space on the disk that holds the data directory"
            )
        elif error.code == 400:
            final = HostError(f"the log does not take this message: {text}")
        if final is not None:
            self._settle(message, final)
            self._continue()
            return
        logger.warning("the log refuses for the moment: %s", text or error)
        self._paused = True
        message.refused = text
        self._out -= 1
        self._bytes_out -= len(message.payload)
        self._continue()

    async def _repeat_refused(self) -> None:
        await asyncio.sleep(RETRY_PAUSE_S)
        self._task = None
        for message in tuple(self._unanswered.values()):
            if message.refused and message.number < self._stored_number:
                self._settle(message, HostError(f"the log could not be written: {message.refused}"))
        self._start_over()

    def _start_over(self) -> None:
        """Everything without an answer counts as unsent, and goes out in its order."""
        for message in self._unanswered.values():
            message.sent = 0.0
            message.refused = ""
        self._queue = deque(self._unanswered.values())
        self._out = 0
        self._bytes_out = 0
        self._paused = False
        self._send_more()

    # --- outages

    def _went_down(self) -> None:
        self._paused = True
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _came_up(self) -> None:
        self._disk_full = False
        if self._failure is None:
            if self._task is not None:
                self._task.cancel()
            self._task = self._loop.create_task(self._recover())

    async def _recover(self) -> None:
        """After a reconnect: is it the same log, which messages does it hold already, then the others again."""
        while True:
            try:
                await self._check()
                await self._settle_forgotten()
                break
            except HostError as error:
                if error.code == "log_changed":
                    self.fail(error)
                    return
                logger.warning("the log is not ready yet: %s", error)
                await asyncio.sleep(RETRY_PAUSE_S)
        self._task = None
        self._start_over()

    async def _settle_forgotten(self) -> None:
        now = self._loop.time()
        old = {m.id: m for m in self._unanswered.values() if m.first_sent and now - m.first_sent > TRUST_WINDOW_S}
        if old:
            # Newer ones are looked up too: one of them stored proves that all before it are, or failed.
            ids = {m.id for m in self._unanswered.values() if m.first_sent}
            found = await self._look_up(ids)
            for message in tuple(self._unanswered.values()):
                if message.id in found:
                    self._stored_number = max(self._stored_number, message.number)
                    self._settle(message, found[message.id])

    def _sweep(self) -> None:
        """Deadlines, and silence on a connection that seems up."""
        self._sweeper = None
        now = self._loop.time()
        silent = False
        full = self._guard is not None and not self._guard.has_room()
        for message in tuple(self._unanswered.values()):
            if now > message.deadline:
                outcome = "it may or may not hold the message" if message.first_sent else "the message was not sent"
                self._settle(
                    message, HostError(f"the log did not answer in time; {outcome}", mend="Run: unisono doctor")
                )
            elif full and self._guard is not None and message.first_sent and now - message.first_sent > DISK_FULL_S:
                # The disk filled up between our look and the server's write: it gives no answer then.
                self._settle(message, disk_full(self._guard.folder))
            elif message.sent and not message.refused and now - message.sent > ACK_TIMEOUT_S:
                silent = True
        if silent and not self._paused:
            logger.warning("no acknowledgement for %.0f s: connecting anew", ACK_TIMEOUT_S)
            self._connection.break_off()
        else:
            self._send_more()
        if self._unanswered:
            self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)

    # --- answers

    def _settle(self, message: _Message, result: int | HostError) -> None:
        self._forget(message)
        if not message.answer.done():
            if isinstance(result, int):
                message.answer.set_result(result)
            else:
                message.answer.set_exception(result)

    def _forget(self, message: _Message) -> None:
        del self._unanswered[message.number]
        self._bytes -= len(message.payload)
        if message.sent and not message.refused:
            self._out -= 1
            self._bytes_out -= len(message.payload)
