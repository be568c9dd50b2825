"""Something that holds or does not, since when, and what happens when it has held for long enough.

Knows elapsed time only as ticks tell it. What turns between two ticks is dated by the next one, which the owner appends
at once, and from there back to when it was said: a replay sees the same moment, and no change of the wall clock moves
it beyond the two ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from unisono.scene.cause import Cause

__all__ = ["Clockwork", "Gate", "GateSaved"]


class Clockwork(Protocol):
    """The part of the engine that keeps time."""

    @property
    def elapsed(self) -> int: ...
    def began(self, at: int) -> int:
        """Elapsed time of what was said at a wall time since the tick before the last; 0: at the last."""
        ...

    def remind(self, after_us: int, key: str) -> None:
        """Call the gate's `Gate.due` by its key once so much time has passed."""
        ...

    def unsettled(self, gate: Gate) -> None:
        """Call `Gate.settle` at the next tick, which is wanted now."""
        ...


class GateSaved(msgspec.Struct, array_like=True):
    """A gate as a checkpoint keeps it. ``extra``: whatever its source remembers, such as the value it compares with."""

    holds: bool | None
    since: int | None
    armed: bool
    cause: Cause | None = None
    extra: Any = None


class Gate:
    """``holds`` None: nothing is known yet. ``since``: elapsed microseconds, None until the next tick.

    ``fire`` is called with the cause once it has held for ``for_us``; None for a gate that is only asked. ``at_once``:
    it need not hold for any time.
    """

    __slots__ = ("_cause", "_clock", "_for_us", "armed", "at_once", "extra", "fire", "holds", "key", "since")

    def __init__(self, key: str, for_us: int, clock: Clockwork, fire: Callable[[Any], None] | None = None) -> None:
        self.key = key
        self.fire = fire
        self.at_once = fire is not None and not for_us
        self.holds: bool | None = None
        self.since: int | None = None
        self.armed = False
        self.extra: Any = None
        self._for_us = for_us
        self._clock = clock
        self._cause: Cause | None = None

    def begin(self, holds: bool | None) -> None:
        """What is the case when the scene is saved: it does not fire at once, but a time to hold begins to count."""
        self.holds = holds
        if holds and self._for_us:
            self._clock.unsettled(self)

    def turn(self, holds: bool, cause: Cause) -> None:
        """It holds now, or no longer does. Turning to what it is already changes nothing."""
        if holds is self.holds:
            return
        self.holds = holds
        if not holds:
            return
        if not self._for_us:
            if self.fire is not None:
                self.fire(cause)
            return
        self._cause = cause
        self.since = None
        self._clock.unsettled(self)

    def settle(self) -> None:
        """A tick came: time counts from here."""
        if self.holds and self.since is None:
            self.since = self._clock.began(self._cause.at if self._cause is not None else 0)
            if self.fire is not None and not self.armed:
                self.armed = True
                self._clock.remind(max(0, self.since + self._for_us - self._clock.elapsed), self.key)

    def due(self) -> None:
        """The reminder came: has it held all the while?"""
        self.armed = False
        if self.fire is None or not self.holds or self.since is None:
            return
        left = self.since + self._for_us - self._clock.elapsed
        if left > 0:
            self.armed = True
            self._clock.remind(left, self.key)
        else:
            self.fire(self._cause)

    @property
    def open(self) -> bool:
        """Whether it holds and has for long enough: what a condition asks."""
        if not self.holds:
            return False
        if not self._for_us:
            return True
        return self.since is not None and self._clock.elapsed - self.since >= self._for_us

    def saved(self) -> GateSaved:
        return GateSaved(self.holds, self.since, self.armed, self._cause, self.extra)

    def restore(self, saved: GateSaved) -> None:
        """Go on from a checkpoint; the reminder that was armed is among the partition's own timers."""
        self.holds, self.since, self.armed = saved.holds, saved.since, saved.armed
        self._cause, self.extra = saved.cause, saved.extra
        if self.holds and self.since is None and self._for_us:
            self._clock.unsettled(self)
