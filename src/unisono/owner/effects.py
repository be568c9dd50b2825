"""What scenes do outside the place - HTTP calls, and what is told to people - carried out and told to the log.

Knows the engine's list of effects, the bus and the fetcher. Each is logged as sending before and as sent after: after a
crash those that may be repeated are, and the others end as "outcome unknown".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.owner.fetch import Called
from unisono.owner.owner import Owner
from unisono.scene.running.engine import repeatable
from unisono.scene.running.runner import Effect
from unisono.store.bus import Bus
from unisono.twin.notices import Notice, Telling, notify
from unisono.twin.outcome import Outcome
from unisono.twin.record import EffectSending, EffectSent, Entry

__all__ = ["Effects"]

logger = logging.getLogger(__name__)

#: HTTP calls on their way at a time.
CALLING = 32
#: A call that could not be made for so long is given up: what a scene wanted then, nobody may want now. Commands to
#: things that are away wait a minute; a server is back a little later.
TTL_US = 300 * 1_000_000
#: The next try after so long, then twice that, up to the last.
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
NOTIFY_TIMEOUT_S = 5.0
#: Notices that are handed over before the log is told of all of them at once.
AT_ONCE = 100
UNKNOWN = "the hub stopped while sending; outcome unknown"


class Caller(Protocol):
    """What makes HTTP calls."""

    async def call(self, body: dict[str, Any]) -> Called: ...


class Effects:
    """``append`` writes entries into the log behind a tick and waits until they are folded."""

    def __init__(
        self, owner: Owner, bus: Bus, fetcher: Caller, append: Callable[..., Coroutine[Any, Any, None]]
    ) -> None:
        self._owner = owner
        self._bus = bus
        self._fetcher = fetcher
        self._append = append
        self._calling = asyncio.Semaphore(CALLING)
        self._notices: dict[str, None] = {}
        self._teller: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.trouble: str | None = None
        owner.on_outcome.append(self._outcome)
        owner.on_ready.append(self._ready)

    def _outcome(self, _outcome: Outcome) -> None:
        if self._owner.scenes.new_effects:
            for id in self._owner.scenes.take_effects():
                self._begin(id)

    def _ready(self) -> None:
        """After a replay: what waits goes out, what may have left already and must not twice has ended."""
        self._owner.scenes.take_effects()
        again, unknown = self._owner.scenes.after_replay()
        for id in again:
            self._begin(id)
        if unknown:
            self._spawn(self._until_told(*(EffectSent(id, 0, False, UNKNOWN) for id in unknown)))

    def _begin(self, id: str) -> None:
        effect = self._effect(id)
        if effect is None:
            return
        if effect.kind != "notify":
            self._spawn(self._call(id))
            return
        self._notices[id] = None
        if self._teller is None:
            self._teller = self._spawn(self._tell())

    def _effect(self, id: str) -> Effect | None:
        return self._owner.scenes.effects.get(id)

    # HTTP

    async def _call(self, id: str) -> None:
        pause_s = FIRST_RETRY_S
        while (effect := self._effect(id)) is not None:
            called = await self._try(effect)
            again = called.passing and (not called.left or repeatable(effect))
            if not again:
                await self._until_told(EffectSent(id, 0, called.ok, called.why))
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_RETRY_S)

    async def _try(self, effect: Effect) -> Called:
        async with self._calling:
            if self._owner.clock.wall - effect.at > TTL_US:
                return Called(False, "it could not be done in time and was given up")
            if not effect.sending:
                await self._until_told(EffectSending(effect.id, 0))
            return await self._fetcher.call(effect.body)

    # notices

    async def _tell(self) -> None:
        """Hand over what is to be told, in order; nothing is given up while nobody takes it."""
        pause_s = FIRST_RETRY_S
        try:
            while self._notices:
                over: list[EffectSent] = []
                try:
                    for id in list(self._notices)[:AT_ONCE]:
                        over += await self._hand_over(id)
                        del self._notices[id]
                    self.trouble = None
                    pause_s = FIRST_RETRY_S
                except HostError as error:
                    self.trouble = f"{len(self._notices)} notifications wait: {error.detail}"
                if over:
                    await self._until_told(*over)
                if self.trouble is not None:
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LAST_RETRY_S)
        finally:
            self._teller = None

    async def _hand_over(self, id: str) -> list[EffectSent]:
        effect = self._effect(id)
        if effect is None:
            return []  # given up, past the bound of effects
        try:
            telling = msgspec.convert(effect.body, Telling)
        except msgspec.ValidationError as error:
            return [EffectSent(id, 0, False, f"nobody can be told that: {error}")]
        notice = Notice(id=id, run=effect.run, body=telling, at=effect.at)
        try:
            await self._bus.request(notify(self._owner.log.partition), msgspec.msgpack.encode(notice), NOTIFY_TIMEOUT_S)
        except HostError:
            raise
        except UnisonoError as error:
            return [EffectSent(id, 0, False, str(error))]
        return [EffectSent(id, 0)]

    # the log

    async def _until_told(self, *entries: Entry) -> None:
        """Log what became of effects; while the log takes nothing they are neither done again nor forgotten."""
        pause_s = FIRST_RETRY_S
        while True:
            at = self._owner.clock.wall
            try:
                await self._append(*(msgspec.structs.replace(entry, at=at) for entry in entries))
            except HostError as error:
                logger.warning("effects of scenes could not be logged, trying again: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_RETRY_S)
            else:
                return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an effect of a scene failed: %r", error)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
