"""Reading the log: every message once, in order, without a gap, for as long as the reader lives.

Knows JetStream's push consumers: one that keeps no acknowledgements and lives in the server's memory, made anew
whenever anything is in doubt. Knows nothing of what is read.

The consumer numbers what it sends, so a gap shows at once; its idle heartbeats name the last number, so a loss at the
end shows too; missing heartbeats and reconnects mean a new consumer from the next sequence. The server stops after a
few MB (32 at most) until its flow control message is answered; it is answered only when the handler has taken all that
came before and ``ready`` says that it can take more: this is what keeps memory flat behind a slow reader.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable

from unisono.errors import HostError
from unisono.store.connection import Connection, split_header
from unisono.store.jetstream import call, is_status, parse_delivery

__all__ = ["Reader"]

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
"""How often an idle consumer says that it is there."""

SILENCE_S = 3 * HEARTBEAT_S
"""Without message or heartbeat for so long, the consumer is made anew."""

RETRY_PAUSE_S = 0.2
ABANDONED_S = 30
"""The server forgets a consumer whose reader is gone after this time."""


class Reader:
    """Made by `unisono.store.log.Log.read`. ``next_seq`` is the sequence that has not been handed over yet at least."""

    def __init__(
        self,
        connection: Connection,
        stream: str,
        subject: str,
        from_seq: int,
        handler: Callable[[int, bytes], None],
        *,
        check: Callable[[int], Awaitable[None]],
        ready: Callable[[], Awaitable[None]] | None = None,
        headers_only: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._subject = subject
        self._handler = handler
        self._check = check
        self._ready = ready
        self._headers_only = headers_only
        self._loop = asyncio.get_running_loop()
        self._sid = 0
        self._consumer = ""
        self._consumer_seq = 0
        self._heard = 0.0
        self._doubtful = False
        self._answering: asyncio.Task[None] | None = None
        self._making: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._ended = False
        self._end_event = asyncio.Event()
        self.failure: BaseException | None = None
        self.next_seq = max(from_seq, 1)
        self.pending = 0
        self.recreated = 0

    @property
    def last_seq(self) -> int:
        """The last sequence handed over (or the one before the first)."""
        return self.next_seq - 1

    async def start(self) -> None:
        """Raises HostError ``log_changed`` or ``log_unavailable``."""
        self._connection.on_up.append(self._renew)
        try:
            await self._make()
        except BaseException:
            await self.stop()
            raise
        self._watch()

    async def stop(self) -> None:
        """Nothing is handed over after this; who waits gets HostError ``log_unavailable``. Safe to call twice."""
        self._end(None)
        tasks = [task for task in (self._making, self._answering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._consumer and self._connection.is_connected:
            consumer, self._consumer = self._consumer, ""
            with contextlib.suppress(HostError):
                await call(self._connection, f"CONSUMER.DELETE.{self._stream}.{consumer}")

    async def wait_until(self, seq: int) -> None:
        """Returns when the handler has taken ``seq``; raises what ended the reader before that."""
        if self.last_seq >= seq:
            return
        if self._ended:
            raise self.failure or _stopped()
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append((seq, waiter))
        await waiter

    async def wait_ended(self) -> None:
        """Returns when the reader was stopped; raises what else ended it (``log_changed``, the handler's error)."""
        await self._end_event.wait()
        if self.failure is not None:
            raise self.failure

    # --- the consumer

    async def _make(self) -> None:
        """A new consumer from the next sequence on."""
        self._drop()
        await self._check(self.last_seq)
        name = f"r-{secrets.token_hex(8)}"
        inbox = f"_LOGREAD.{name}"
        self._consumer_seq = 0
        self._sid = self._connection.listen(inbox, self._received)
        self._heard = self._loop.time()
        config: dict[str, object] = {
            "name": name,
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.next_seq,
            "ack_policy": "none",
            "max_deliver": 1,
            "filter_subject": self._subject,
            "replay_policy": "instant",
            "flow_control": True,
            "idle_heartbeat": int(HEARTBEAT_S * 1e9),
            "inactive_threshold": ABANDONED_S * 1_000_000_000,
            "num_replicas": 1,
            "mem_storage": True,
        }
        if self._headers_only is not None:
            config["headers_only"] = True
        verb = f"CONSUMER.CREATE.{self._stream}.{name}.{self._subject}"
        answer = await call(self._connection, verb, {"stream_name": self._stream, "config": config})
        if b'"error"' in answer:
            raise HostError(f"the log cannot be read: {answer.decode('utf-8', 'replace')}", mend="Run: unisono doctor")
        self._consumer = name

    def _renew(self) -> None:
        if self._ended or (self._making is not None and not self._making.done()):
            return
        self.recreated += 1
        self._drop()
        self._making = self._loop.create_task(self._make_until_made())

    async def _make_until_made(self) -> None:
        while not self._ended:
            try:
                await self._make()
            except HostError as error:
                if error.code == "log_changed":
                    self._end(error)
                    return
                logger.warning("reading the log waits: %s", error)
                await asyncio.sleep(RETRY_PAUSE_S)
            else:
                return

    def _drop(self) -> None:
        if self._sid:
            self._connection.deafen(self._sid)
            self._sid = 0
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None

    def _watch(self) -> None:
        """Renew a consumer that has gone silent."""
        if self._ended:
            return
        # A reader that holds back its answer to flow control hears heartbeats all the same.
        silent = self._loop.time() - self._heard > SILENCE_S
        if not silent or not self._connection.is_connected:
            self._doubtful = False
            self._timer = self._loop.call_later(HEARTBEAT_S, self._watch)
        elif not self._doubtful:
            # Perhaps it is we who slept (a busy or suspended machine): what came meanwhile is read first.
            self._doubtful = True
            self._timer = self._loop.call_later(RETRY_PAUSE_S, self._watch)
        else:
            logger.warning("the log's reader hears nothing for %.0f s: made anew", SILENCE_S)
            self._doubtful = False
            self._renew()
            self._heard = self._loop.time()
            self._timer = self._loop.call_later(HEARTBEAT_S, self._watch)

    # --- messages

    def _received(self, _subject: bytes, reply: bytes, header: bytes, payload: bytes) -> None:
        self._heard = self._loop.time()
        if header and is_status(header):
            self._status(reply, header)
            return
        seq, consumer_seq, self.pending = parse_delivery(reply)
        if consumer_seq != self._consumer_seq + 1:
            logger.warning(
                "a gap in what the log delivers before sequence %d: reading again from %d", seq, self.next_seq
            )
            self._renew()
            return
        self._consumer_seq = consumer_seq
        if seq < self.next_seq:
            return
        try:
            if self._headers_only is None:
                self._handler(seq, payload)
            else:
                self._headers_only(seq, header)
        except Exception as error:
            logger.exception("the log's reader failed at sequence %d", seq)
            self._end(error)
            return
        self.next_seq = seq + 1
        if self._waiters:
            self._wake()

    def _status(self, reply: bytes, header: bytes) -> None:
        if reply:
            self._answer_when_ready(reply.decode())
            return
        fields = split_header(header)
        stalled = fields.get("Nats-Consumer-Stalled")
        if stalled and self._answering is None:
            # Our answer was lost; the server repeats its question in the heartbeat.
            self._answer_when_ready(stalled)
        last = fields.get("Nats-Last-Consumer", "")
        if last.isdigit() and int(last) > self._consumer_seq:
            logger.warning(
                "the log sent up to %s, we have %d: reading again from %d", last, self._consumer_seq, self.next_seq
            )
            self._renew()

    def _answer_when_ready(self, reply: str) -> None:
        if self._ready is None:
            self._connection.send(reply, b"")
        elif self._answering is None:
            self._answering = self._loop.create_task(self._answer(self._ready, reply))

    async def _answer(self, ready: Callable[[], Awaitable[None]], reply: str) -> None:
        try:
            await ready()
            self._connection.send(reply, b"")
        except HostError as error:
            logger.warning("flow control could not be answered: %s", error)
        except Exception as error:
            logger.exception("the log's reader cannot go on")
            self._end(error)
        finally:
            if asyncio.current_task() is self._answering:
                self._answering = None

    def _wake(self) -> None:
        rest = []
        for seq, waiter in self._waiters:
            if seq > self.last_seq:
                rest.append((seq, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        self._waiters = rest

    def _end(self, failure: BaseException | None) -> None:
        if self._ended:
            return
        self._ended = True
        self.failure = failure
        self._drop_keep_answer()
        if self._renew in self._connection.on_up:
            self._connection.on_up.remove(self._renew)
        if self._timer is not None:
            self._timer.cancel()
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(failure or _stopped())
        self._waiters.clear()
        self._end_event.set()

    def _drop_keep_answer(self) -> None:
        if self._sid:
            self._connection.deafen(self._sid)
            self._sid = 0


def _stopped() -> HostError:
    return HostError("the reader of the log was stopped")
