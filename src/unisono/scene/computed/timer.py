"""Timers: started, paused and cancelled by anybody, to the second over every restart."""

from __future__ import annotations

from typing import Any

from unisono.scene.computed.document import Timer
from unisono.scene.computed.worker import SECOND, Bench, Worker, iso

__all__ = ["TimerWorker"]


class TimerWorker(Worker):
    """``_left``: microseconds that it has to run, from ``_since`` (elapsed) on while it is active; -1: from the next
    tick on, since between two ticks nobody knows how late it is. ``_due``: elapsed time of its end."""

    lasting = True

    def __init__(self, bench: Bench, timer: Timer) -> None:
        super().__init__(bench)
        self._usual_us = int(timer.duration_s * SECOND)
        self._state = "idle"
        self._length = self._usual_us
        self._left = 0
        self._since = 0
        self._due = 0
        self._finishes: int | None = None

    def call(self, action: str, given: dict[str, Any], at: int) -> None:
        match action:
            case "start":
                length = given.get("duration_s")
                if length is not None or self._state != "paused":
                    self._length = self._usual_us if length is None else int(length * SECOND)
                    self._left = self._length
                self._state, self._since = "active", -1
                self.bench.remind(0, "settle")
            case "pause" if self._state == "active":
                if self._since >= 0:
                    self._left = max(0, self._since + self._left - self.bench.elapsed)
                self._state, self._finishes = "paused", None
            case "cancel" if self._state != "idle":
                self._idle()
                self.bench.tell("cancelled", {}, at)
            case _:
                return

    def due(self, what: str) -> None:
        if self._state != "active":
            return
        now = self.bench.elapsed
        if self._since < 0:
            self._since = now
            self._finishes = self.bench.wall + self._left
            self._due = self.bench.remind(self._left, "end")
        elif now >= self._due:
            self._idle()
            self.bench.tell("finished", {}, self.bench.wall)

    def _idle(self) -> None:
        self._state, self._left, self._finishes = "idle", 0, None

    def values(self) -> dict[str, Any]:
        return {
            "state": self._state,
            "duration_s": self._length / SECOND,
            "remaining_s": self._left / SECOND if self._state == "paused" else 0.0,
            "finishes": iso(self._finishes) if self._finishes is not None else None,
        }

    def saved(self) -> Any:
        return [self._state, self._length, self._left, self._since, self._due, self._finishes]

    def restore(self, saved: Any) -> None:
        self._state, self._length, self._left, self._since, self._due, self._finishes = saved
