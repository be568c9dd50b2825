"""When the fold is told the time: a timer ran out, a moment of a schedule came, something began to count.

Knows the machine's clocks and the fold's wishes. A tick is an entry of the log, so nothing is written while nothing is
due: whether the wall clock was set, or the machine slept, is looked for here, without the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from unisono.errors import HostError
from unisono.owner.owner import Owner
from unisono.twin.outcome import Outcome

__all__ = ["Ticker"]

logger = logging.getLogger(__name__)

#: A timer that is due is told to the log this much later, so that timers close together share a tick.
SLACK_S = 0.05
#: What begins to count is dated so much later at most: under load, things that begin together share a tick.
GATHER_S = 0.02
#: While moments wait, the wall clock is looked at so often: it may be set, and a machine that slept does not notice.
LOOK_S = 5.0
#: The wall clock was set when it gained or lost this much beside the clock that nobody sets.
SET_US = 1_000_000
RETRY_S = 1.0


class Ticker:
    """``append`` writes a tick into the log and returns its sequence."""

    def __init__(self, owner: Owner, append: Callable[[], Awaitable[int]]) -> None:
        self._owner = owner
        self._append = append
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._wound: tuple[int | None, int | None, bool] = (None, None, False)
        self._loop = asyncio.get_running_loop()
        owner.on_outcome.append(self._outcome)
        owner.on_ready.append(self._wind)

    def _outcome(self, _outcome: Outcome) -> None:
        if self._task is None and (self._timer is None or self._wishes != self._wound):
            self._wind()

    @property
    def _wishes(self) -> tuple[int | None, int | None, bool]:
        """Elapsed time of the next timer, wall time of the next moment, whether something is to be dated now."""
        scenes = self._owner.scenes
        return self._owner.partition.next_due, scenes.next_moment, scenes.wants_tick

    def _wind(self) -> None:
        """Set the alarm to the first of the fold's wishes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wound = due, moment, now = self._wishes
        delays = []
        if now:
            delays.append(GATHER_S)
        if due is not None:
            delays.append(max(0, due - self._owner.clock.elapsed) / 1_000_000 + SLACK_S)
        if moment is not None:
            delays.append(min(LOOK_S, max(0, moment - self._owner.clock.wall) / 1_000_000 + SLACK_S))
        if delays:
            self._timer = self._loop.call_later(min(delays), self._ring)

    def _ring(self) -> None:
        self._timer = None
        due, moment, now = self._wishes
        clock = self._owner.clock
        come = (due is not None and due <= clock.elapsed) or (moment is not None and moment <= clock.wall)
        if now or come or self._was_set():
            self._task = asyncio.create_task(self._tick(), name="tick")
        else:
            self._wind()

    def _was_set(self) -> bool:
        clock, partition = self._owner.clock, self._owner.partition
        gained = (clock.wall - partition.wall) - (clock.elapsed - partition.elapsed)
        return abs(gained) > SET_US

    async def _tick(self) -> None:
        try:
            await self._owner.reached(await self._append())
        except HostError as error:
            logger.warning("a tick could not be logged, timers wait: %s", error)
            await asyncio.sleep(RETRY_S)
        finally:
            self._task = None
        self._wind()

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
