"""What the rooms around scenes say to each other on the bus: subjects and shapes.

Knows msgpack shapes only (arrays; new fields are appended with a default), as `unisono.twin.talk`. What people are told
is `unisono.twin.notices`'.
Times are microseconds since the Unix epoch (UTC).
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.scene.cause import Cause
from unisono.scene.checking.finding import Finding
from unisono.scene.running.compiled import Refusal
from unisono.scene.running.run import Trace

__all__ = [
    "DryRunAsk",
    "EffectView",
    "LiveRuns",
    "ModeAsk",
    "ModeView",
    "RefusalsAsk",
    "RunAnswer",
    "RunAsk",
    "RunView",
    "RunsAsk",
    "SceneView",
    "ScenesAsk",
    "StopAsk",
    "TriggersAsk",
    "live_runs",
]


# Verbs of `unisono.twin.talk.ask_owner` that are about scenes; unknown scenes and places are answered ``not_found``:
#
# ``scenes``          ScenesAsk > list[SceneView], by id
# ``scene-runs``      RunsAsk > list[RunView] with their steps, newest first; the newest twenty are kept
# ``scene-refusals``  RefusalsAsk > list[Refusal], newest first: why it did not run
# ``scene-triggers``  TriggersAsk > list[TriggerView]: how its triggers stand
# ``scene-run``       RunAsk > RunAnswer, once it is in the log and folded
# ``scene-dry-run``   DryRunAsk > `unisono.scene.trying.dryrun.DryRun`: what it would do now; nothing is done
# ``scene-stop``      StopAsk > list[RunView], those that were stopped by that
# ``effects``         b"" > list[EffectView]: what is still to leave the place, oldest first
# ``mode``            ModeAsk > ModeView
# ``modes``           b"" > list[ModeView], by place


def live_runs(partition: str) -> str:
    """Subject on which an owner publishes `LiveRuns` while somebody watches (`unisono.twin.talk.Watch`)."""
    return f"live.runs.{partition}"


class RunView(msgspec.Struct, array_like=True):
    """One run: ``state`` is running, done, stopped or failed, ``why`` says why it did not come to its end.

    ``step`` is the path in the document of the step at which it is or was last, ``waits`` what an open run waits for:
    time, conditions, commands or scene. ``steps``: what it did and saw, one by one; ``left_out`` of them in the middle.
    Where only the run as such was asked for, ``steps`` is empty. ``ended`` 0: it is open.
    """

    id: str
    scene: str
    state: str
    cause: Cause
    started: int
    ended: int = 0
    why: str = ""
    step: str = ""
    waits: str = ""
    steps: list[Trace] = []
    left_out: int = 0


class SceneView(msgspec.Struct, array_like=True):
    """A scene as the owner runs it. ``runs``: those that are open; ``queued``: triggers that wait for their turn;
    ``next``: its next moment, None without one; ``last``: the run that ended last; ``refusal``: why it last did not
    run; ``findings``: what of it is so no longer, since what it names is gone or another; ``names``: what else it is
    called, per language."""

    id: str
    version: int
    enabled: bool
    runs: list[RunView] = []
    queued: int = 0
    next: int | None = None
    last: RunView | None = None
    refusal: Refusal | None = None
    findings: list[Finding] = []
    names: dict[str, list[str]] = {}


class ScenesAsk(msgspec.Struct, array_like=True):
    """``ids`` None: all. Those that the owner does not run are left out."""

    ids: list[str] | None = None


class RunsAsk(msgspec.Struct, array_like=True):
    """``run``: only this one."""

    scene: str
    run: str | None = None
    limit: int = 20


class RefusalsAsk(msgspec.Struct, array_like=True):
    scene: str
    limit: int = 20


class TriggersAsk(msgspec.Struct, array_like=True):
    scene: str


class RunAsk(msgspec.Struct, array_like=True):
    """Run a scene now; ``even_if``: whatever its conditions say. ``by``: as in a command."""

    scene: str
    by: dict[str, str]
    even_if: bool = False


class RunAnswer(msgspec.Struct, array_like=True):
    """The run that began, or the refusal; neither: it is queued behind an open run."""

    run: RunView | None = None
    refusal: Refusal | None = None


class DryRunAsk(msgspec.Struct, array_like=True):
    """What would a scene do now? Of ``document`` (JSON or YAML), else of the scene that is saved; answered by
    `unisono.scene.trying.dryrun.DryRun`."""

    scene: str
    document: bytes = b""
    even_if: bool = False


class StopAsk(msgspec.Struct, array_like=True):
    """End all runs of a scene, and what is queued."""

    scene: str
    by: dict[str, str]


class EffectView(msgspec.Struct, array_like=True):
    """Something that is still to leave the place. ``kind``: notify or http; ``sending``: it may have left already."""

    id: str
    run: str
    kind: str
    body: dict[str, Any]
    at: int
    sending: bool = False


class ModeAsk(msgspec.Struct, array_like=True):
    """Put a place into a mode; ``mode`` None: only say which it is in."""

    place: str
    by: dict[str, str]
    mode: str | None = None


class ModeView(msgspec.Struct, array_like=True):
    place: str
    mode: str


class LiveRuns(msgspec.Struct, array_like=True):
    """Runs that began, came to a step at which they wait, or ended, without their steps."""

    runs: list[RunView]
