"""Who goes first where cores are short: gateways before the fold, but only where much comes.

Knows the fold's outcomes and this process's place among the others. What devices said is on disk once it is
acknowledged, and the fold may catch up; a timer that is due is not on anybody's disk. So an owner stands back only when
messages have come in masses for a while, and then for the rest of its life: no process may go forward again by itself.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from unisono.owner.owner import Owner
from unisono.twin.outcome import Outcome

__all__ = ["Courtesy", "stand_back"]

#: With 0 a gateway at its limit got a tenth less of two cores; with 10 no more than with this. On a machine where
#: others work too, an owner that stood so far back from its first moment on waited 1.3 s for a core with 10 ms of work
#: to do: timers of a hub that had just started were late by that.
BEHIND_NICE = 5
#: So many messages a second are masses: twice of what a plant of 20,000 things says that speak once a second.
MASSES = 40_000
#: Seconds of it, one after the other: what was waiting while the hub was away is over sooner.
FOR_SECONDS = 2


def stand_back() -> None:
    """Let every thread of this process stand behind others: a nice value is a thread's own on Linux."""
    with contextlib.suppress(OSError):  # no /proc: the calling thread at least
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # it has ended
                os.setpriority(os.PRIO_PROCESS, int(task.name), BEHIND_NICE)
        return
    os.nice(BEHIND_NICE)


class Courtesy:
    """Watches what ``owner`` has to fold. ``clock``: monotonic seconds."""

    def __init__(
        self, owner: Owner, give_way: Callable[[], None] = stand_back, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._owner = owner
        self._give_way = give_way
        self._clock = clock
        self._since = clock()
        self._messages = 0
        self._busy_seconds = 0
        owner.on_outcome.append(self._outcome)

    def _outcome(self, outcome: Outcome) -> None:
        self._messages += outcome.messages
        past_s = self._clock() - self._since
        if past_s < 1.0:
            return
        self._busy_seconds = self._busy_seconds + 1 if self._messages >= MASSES * past_s else 0
        self._since += past_s
        self._messages = 0
        if self._busy_seconds >= FOR_SECONDS:
            self._owner.on_outcome.remove(self._outcome)
            self._give_way()
