"""One run of a scene: where it stands, what it waits for, what it did.

Plain data, so that a checkpoint keeps an open run and goes on with it. Times are wall microseconds unless they are said
to be elapsed.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from unisono.scene.cause import Cause

__all__ = ["Run", "RunState", "Trace", "Waiting"]

#: Steps that a trace keeps: the first and the last half of them tell how it began and how it ended.
MAX_TRACE = 200


class RunState(enum.StrEnum):
    """How a run stands. ``done``: to its end; ``stopped``: by a step, a person, a restart or a new version; ``failed``:
    a step could not be done and nothing said to go on."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Trace(msgspec.Struct, array_like=True, gc=False):
    """One step as it was taken: its path in the document, what it did, and the values it saw or wanted."""

    path: str
    did: str
    seen: Any = None
    at: int = 0


class Waiting(msgspec.Struct, array_like=True):
    """``since``: elapsed time at which the waiting began, None until the next tick. ``for_us``: how long at most.
    ``commands``: those whose end is waited for. ``scene``: the run whose end is waited for. ``failed``: of the commands
    that ended, those that did not confirm; ``unanswered``: some could not, and are none of them. ``due``: elapsed time
    of the reminder that is set. ``at``: wall time at which it began, 0 where it began with a tick."""

    since: int | None = None
    for_us: int = 0
    commands: list[str] = []
    scene: str = ""
    failed: list[str] = []
    due: int = 0
    at: int = 0
    unanswered: bool = False


class Run(msgspec.Struct, array_like=True, gc=False):
    """``id`` is ``<scene>-<number>``; ``pc`` the number of the instruction that is next or that waits. ``depth``: how
    many scenes have run each other to come here. ``by``: who ran it, or the scene that ran this one, by hand: what it
    asks for is asked by them."""

    id: str
    scene: str
    cause: Cause
    started: int
    pc: int = 0
    state: RunState = RunState.RUNNING
    waiting: Waiting | None = None
    counters: dict[int, int] = {}
    snapshots: dict[str, dict[str, dict[str, Any]]] = {}
    steps: int = 0
    asked: int = 0
    trace: list[Trace] = []
    left_out: int = 0
    ended: int = 0
    why: str = ""
    depth: int = 0
    by: dict[str, str] = {}

    def note(self, path: str, did: str, seen: Any, at: int) -> None:
        """Write a step down; in a long run the middle is left out."""
        if len(self.trace) >= MAX_TRACE:
            del self.trace[MAX_TRACE // 2]
            self.left_out += 1
        self.trace.append(Trace(path, did, seen, at))
