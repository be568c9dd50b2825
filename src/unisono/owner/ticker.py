"""When the fold is told the time: a timer ran out, a moment of a schedule came, something began to count.

Knows the machine's clocks and the fold's wishes. A tick is an entry of the log, so nothing is written while nothing is
due: whether the wall clock was set, or the machine slept, is looked for here, without the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from unisono.errors import HostError
from unisono.owner.owner import Owner
from unisono.twin.outcome import Outcome
from unisono.twin.punctual import BEHIND_US

__all__ = ["Ticker"]

logger = logging.getLogger(__name__)

#: A timer that is due is told to the log this much later, so that timers close together share a tick.
SLACK_S = 0.05
#: What begins to count is dated so much later at most: under load, things that begin together share a tick.
GATHER_S = 0.02
#: While messages come the fold is told the time so often that none has to wait for it.
BEAT_US = BEHIND_US * 2 // 5
#: While moments wait, the wall clock is looked at so often: it may be set, and a machine that slept does not notice.
LOOK_S = 5.0
#: The wall clock was set when it gained or lost this much beside the clock that nobody sets.
SET_US = 1_000_000
#: A log that refuses is tried again after the first at the latest, so that timers are right to the second once it takes
#: again; after the second when messages come, for then it does, and they are held back until they have a time.
RETRY_S = 0.5
RETRY_SOON_S = 0.05
SECOND = 1_000_000


class Ticker:
    """``append`` writes a tick into the log and returns its sequence."""

    def __init__(self, owner: Owner, append: Callable[[], Awaitable[int]]) -> None:
        self._owner = owner
        self._append = append
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._rings_at = 0.0
        self._busy = False
        self._heard = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        owner.on_outcome.append(self._outcome)
        owner.on_ready.append(self._wind)

    def _outcome(self, outcome: Outcome) -> None:
        self._heard.set()
        # what came right behind a tick may have been all: it asks for no other
        if outcome.messages and self._since_us > BEAT_US // 2:
            self._busy = True
        self._wind()

    @property
    def _since_us(self) -> int:
        """How long ago the fold was last told the time."""
        return self._owner.clock.elapsed - self._owner.partition.elapsed

    def _wind(self) -> None:
        """Set the alarm to the first of the fold's wishes, if it does not ring earlier already."""
        after_s = self._after_s()
        if after_s is None or self._task is not None:
            return  # a tick that is on its way looks again when it is folded
        rings_at = self._loop.time() + after_s
        if self._timer is not None:
            if self._rings_at <= rings_at:
                return
            self._timer.cancel()
        self._rings_at = rings_at
        self._timer = self._loop.call_later(after_s, self._ring)

    def _after_s(self) -> float | None:
        """Until the next look at the clocks, None: nothing waits for them."""
        owner = self._owner
        if owner.punctual.waits:
            return 0.0
        waits: list[float] = []
        if owner.scenes.wants_tick or owner.alarms.wants_tick:
            waits.append(GATHER_S)
        if self._busy:
            waits.append(max(0, BEAT_US - self._since_us) / SECOND)
        if (due := owner.partition.next_due) is not None:
            waits.append(max(0, due - owner.clock.elapsed) / SECOND + SLACK_S)
        if (moment := owner.next_moment) is not None:
            waits.append(min(LOOK_S, max(0, moment - owner.clock.wall) / SECOND + SLACK_S))
        return min(waits, default=None)

    def _ring(self) -> None:
        self._timer = None
        if self._is_wanted():
            self._task = asyncio.create_task(self._tick(), name="tick")
        else:
            self._wind()

    def _is_wanted(self) -> bool:
        owner, clock = self._owner, self._owner.clock
        due, moment = owner.partition.next_due, owner.next_moment
        return (
            owner.punctual.waits
            or owner.scenes.wants_tick
            or owner.alarms.wants_tick
            or (self._busy and self._since_us >= BEAT_US)
            or (due is not None and due <= clock.elapsed)
            or (moment is not None and (moment <= clock.wall or self._was_set()))
        )

    def _was_set(self) -> bool:
        owner = self._owner
        return abs(owner.clock.wall - owner.partition.wall - self._since_us) > SET_US

    async def _tick(self) -> None:
        try:
            await self._owner.reached(await self._append())
            self._busy = False
        except HostError as error:
            logger.warning("a tick could not be logged, timers wait: %s", error)
            await asyncio.sleep(RETRY_SOON_S)
            self._heard.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await self._heard.wait()
        finally:
            self._task = None
        self._wind()

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
