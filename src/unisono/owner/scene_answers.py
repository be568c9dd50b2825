"""What an owner answers about its scenes: how they stand, what runs did and saw, why one did not run; and run it, stop
it, put a place into a mode. Tells who watches of runs as they go.

Knows the shapes of `unisono.scene.talk`. Rights are the asker's business.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import islice

import msgspec

from unisono.errors import CallerError
from unisono.owner.actor import Actor
from unisono.owner.answers import LIVE_GATHER_S, Answers
from unisono.owner.owner import Owner
from unisono.scene.document import load_scene
from unisono.scene.running.compiled import Compiled, Refusal
from unisono.scene.running.program import Await
from unisono.scene.running.run import Run, RunState
from unisono.scene.running.standing import standing
from unisono.scene.talk import (
    DryRunAsk,
    EffectView,
    LiveRuns,
    ModeAsk,
    ModeView,
    RefusalsAsk,
    RunAnswer,
    RunAsk,
    RunsAsk,
    RunView,
    ScenesAsk,
    SceneView,
    StopAsk,
    TriggersAsk,
    live_runs,
)
from unisono.scene.trying.dryrun import dry_run
from unisono.store.bus import Bus
from unisono.twin.outcome import Outcome
from unisono.twin.record import ModeSet, SceneRun, SceneStop
from unisono.twin.talk import ask_owner

__all__ = ["SceneAnswers"]

#: Runs in one live message.
LIVE_RUNS = 1_000
MODE = re.compile(r"[a-z][a-z0-9_]{0,30}")

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.decode


class SceneAnswers:
    """Serves one owner, beside its `Answers`."""

    def __init__(self, owner: Owner, actor: Actor, answers: Answers, bus: Bus) -> None:
        self._owner = owner
        self._actor = actor
        self._answers = answers
        self._bus = bus
        self._asked_at = 0
        self._flush: asyncio.TimerHandle | None = None
        answers.on_watch.append(self._watch)
        owner.on_outcome.append(self._outcome)

    async def start(self) -> None:
        """Begin to answer."""
        verbs: dict[str, Callable[[bytes], Awaitable[bytes]]] = {
            "scenes": self._scenes,
            "scene-runs": self._runs,
            "scene-refusals": self._refusals,
            "scene-triggers": self._triggers,
            "scene-run": self._run,
            "scene-dry-run": self._dry_run,
            "scene-stop": self._stop,
            "effects": self._effects,
            "mode": self._mode,
            "modes": self._modes,
        }
        for verb, answer in verbs.items():
            await self._bus.serve(ask_owner(self._owner.log.partition, verb), answer)

    def _scene(self, id: str) -> Compiled:
        found = self._owner.scenes.scenes.get(id)
        if found is None:
            raise CallerError(f"there is no scene {id!r}", code="not_found", field="scene")
        return found

    # questions

    async def _scenes(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=ScenesAsk)
        await self._answers.ready()
        scenes = self._owner.scenes.scenes
        ids = sorted(scenes) if asked.ids is None else asked.ids
        return _encode([_view(scenes[id]) for id in ids if id in scenes])

    async def _runs(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=RunsAsk)
        await self._answers.ready()
        compiled = self._scene(asked.scene)
        runs = [run for run in _newest_first(compiled) if asked.run in (None, run.id)]
        if asked.run is not None and not runs:
            raise CallerError(f"of {asked.scene} no run {asked.run!r} is kept", code="not_found", field="run")
        return _encode([_view_run(compiled, run, steps=True) for run in runs[: asked.limit]])

    async def _refusals(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=RefusalsAsk)
        await self._answers.ready()
        return _encode(list(islice(reversed(self._scene(asked.scene).refusals), asked.limit)))

    async def _triggers(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=TriggersAsk)
        await self._answers.ready()
        return _encode(standing(self._scene(asked.scene)))

    async def _effects(self, payload: bytes) -> bytes:
        await self._answers.ready()
        found = self._owner.scenes.effects.values()
        return _encode([EffectView(each.id, each.run, each.kind, each.body, each.at, each.sending) for each in found])

    async def _modes(self, payload: bytes) -> bytes:
        await self._answers.ready()
        return _encode([ModeView(place.id, place.mode) for place in self._owner.partition.places])

    # what is asked for

    async def _run(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=RunAsk)
        await self._answers.ready()
        self._scene(asked.scene)
        # the time tells this asking from all others
        self._asked_at = at = max(self._owner.clock.wall, self._asked_at + 1)
        await self._log(SceneRun(asked.scene, at, asked.by, asked.even_if))
        compiled = self._scene(asked.scene)
        for run in _newest_first(compiled):
            if run.cause.what == "hand" and run.cause.at == at:
                return _encode(RunAnswer(_view_run(compiled, run, steps=True)))
        refused = [each for each in compiled.refusals if each.cause.what == "hand" and each.cause.at == at]
        return _encode(RunAnswer(refusal=refused[-1] if refused else None))

    async def _dry_run(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=DryRunAsk)
        await self._answers.ready()
        scene = load_scene(asked.document) if asked.document else self._scene(asked.scene).scene
        return _encode(dry_run(self._owner.scenes, scene, even_if=asked.even_if))

    async def _stop(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=StopAsk)
        await self._answers.ready()
        before = list(self._scene(asked.scene).runs.values())
        await self._log(SceneStop(asked.scene, asked.by))
        compiled = self._scene(asked.scene)
        return _encode([_view_run(compiled, run) for run in before if run.state is RunState.STOPPED])

    async def _mode(self, payload: bytes) -> bytes:
        asked = _decode(payload, type=ModeAsk)
        await self._answers.ready()
        if asked.mode is not None and MODE.fullmatch(asked.mode) is None:
            expected = "small letters, digits and _, such as home, away, night or holiday"
            raise CallerError(f"{asked.mode!r}", code="bad_value", field="mode", expected=expected)
        places = self._owner.partition.places
        if places.get(asked.place) is not None and asked.mode is not None:
            await self._log(ModeSet(asked.place, asked.mode, asked.by))
        place = places.get(asked.place)
        if place is None:
            raise CallerError(f"there is no place {asked.place!r}", code="not_found", field="place")
        return _encode(ModeView(place.id, place.mode))

    async def _log(self, entry: SceneRun | SceneStop | ModeSet) -> None:
        await self._owner.reached(await self._actor.append(entry))

    # live

    def _watch(self) -> None:
        if self._owner.scenes.moved is None:
            self._owner.scenes.moved = {}

    def _outcome(self, _outcome: Outcome) -> None:
        if not self._owner.scenes.moved:
            return
        if not self._answers.watched:
            self._owner.scenes.moved = None
        elif self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(LIVE_GATHER_S, self._publish)

    def _publish(self) -> None:
        self._flush = None
        moved, self._owner.scenes.moved = self._owner.scenes.moved or {}, {}
        views = []
        for id, scene in moved.items():
            compiled = self._owner.scenes.scenes.get(scene)
            run = compiled.find(id) if compiled is not None else None
            if compiled is not None and run is not None:
                views.append(_view_run(compiled, run))
        for part in range(0, len(views), LIVE_RUNS):
            self._bus.publish(live_runs(self._owner.log.partition), _encode(LiveRuns(views[part : part + LIVE_RUNS])))


def _newest_first(compiled: Compiled) -> list[Run]:
    """Open runs before those that ended."""
    return [*reversed(compiled.runs.values()), *reversed(compiled.past)]


def _view(compiled: Compiled) -> SceneView:
    moments = [moment.due for moment in compiled.moments if moment.due is not None]
    last = compiled.last
    refusal: Refusal | None = compiled.refusals[-1] if compiled.refusals else None
    return SceneView(
        compiled.id,
        compiled.version,
        compiled.enabled,
        [_view_run(compiled, run) for run in compiled.runs.values()],
        len(compiled.queue),
        min(moments, default=None) if compiled.enabled else None,
        _view_run(compiled, last) if last is not None else None,
        refusal,
        compiled.findings,
        {lang: [each] if isinstance(each, str) else each for lang, each in compiled.scene.names.items()},
    )


def _view_run(compiled: Compiled, run: Run, *, steps: bool = False) -> RunView:
    at = compiled.program[run.pc] if run.pc < len(compiled.program) else None  # an ended run may be of another version
    step = at.path if at is not None else ""
    view = RunView(run.id, run.scene, run.state.value, run.cause, run.started, run.ended, run.why, step)
    if run.waiting is not None:
        timed = "conditions" if isinstance(at, Await) else "time"
        view.waits = "commands" if run.waiting.commands else "scene" if run.waiting.scene else timed
    if steps:
        view.steps, view.left_out = list(run.trace), run.left_out
    return view
