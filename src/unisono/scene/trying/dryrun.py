"""What a scene would do if it ran now: the real steps and conditions over the present twins, and nothing is done.

Knows the engine as it stands and forks it: a twin is copied only when the scene asks something of it, everything else
is looked at in place. Every thing is taken to obey at once, and nothing else to happen; waits are skipped over. Other
scenes take part only where a step runs them.
"""

from __future__ import annotations

import copy
import heapq
from collections import ChainMap
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.scene.cause import Cause
from unisono.scene.document import Scene
from unisono.scene.running.compiled import Compiled, SceneSaved
from unisono.scene.running.engine import Engine
from unisono.scene.running.run import Run, RunState
from unisono.scene.running.runner import Commands
from unisono.scene.running.values import becomes
from unisono.scene.world import World
from unisono.twin.command import Command, State
from unisono.twin.places import Places
from unisono.twin.record import Asked
from unisono.twin.twin import Twin

__all__ = ["DryRun", "DryStep", "dry_run"]

SECOND = 1_000_000
#: Looks at the clock in all: a wait that looks every second for hours is cut off, the owner has other things to do.
MAX_TICKS = 2_000

_decoder = msgspec.msgpack.Decoder(SceneSaved)


class DryStep(msgspec.Struct, array_like=True):
    """One step: how long after the beginning, where in the document, what it would do, and what it saw or wants."""

    after_s: float
    scene: str
    path: str
    did: str
    seen: Any = None


class DryRun(msgspec.Struct, array_like=True):
    """``runs``: whether it would; else ``why``, ``path`` and ``seen`` say what stands against it. ``state``: how it
    would end (``running``: it was cut off), ``why`` of that too. ``commands`` as (seconds, thing, set, call, input),
    ``effects`` as (kind, body), ``modes`` as (place, mode)."""

    runs: bool
    state: str = ""
    why: str = ""
    path: str = ""
    seen: Any = None
    steps: list[DryStep] = []
    commands: list[tuple[float, str, dict[str, Any] | None, str | None, dict[str, Any] | None]] = []
    effects: list[tuple[str, dict[str, Any]]] = []
    modes: list[tuple[str, str]] = []


def dry_run(engine: Engine, scene: Scene, *, even_if: bool = False) -> DryRun:
    """What a scene would do now; the one that is saved under its id need not be the same. ``even_if``: whatever its
    conditions say.

    Raises CallerError for a scene that cannot be.
    """
    fork = Fork(engine)
    compiled = fork.adopt(scene)
    run = fork.go(compiled, even_if=even_if)
    if run is None:
        refusal = compiled.refusals[-1]
        return DryRun(False, "", refusal.why, refusal.path, refusal.seen)
    modes = [(place.id, place.mode) for place in fork.world.places if fork.before[place.id] != place.mode]
    effects = [(effect.kind, effect.body) for effect in fork.effects.values()]
    return DryRun(
        True, str(run.state), run.why, "", None, fork.steps(), fork.pretended.commands_at(fork.begun), effects, modes
    )


class Pretended:
    """Commands that are checked and confirmed, and go nowhere."""

    def __init__(self, real: Commands, things: ChainMap[str, Twin], tell: Callable[[], None]) -> None:
        self.commands: dict[str, Command] = {}
        self.check = real.check
        self.wanted = real.wanted  # only real twins have open commands
        self._things = things
        self._tell = tell

    def begin(self, asked: Asked) -> Command:
        self.check(asked)
        command = self.commands[asked.id] = Command(asked, State.CONFIRMED)
        twin = self._things.maps[0].get(asked.thing)
        if twin is None:
            twin = self._things.maps[0][asked.thing] = self._copied(self._things[asked.thing])
        self._take(twin, asked.set or {})
        self._tell()
        return command

    def _copied(self, real: Twin) -> Twin:
        """A twin that has done all that is wanted of it already."""
        twin = real.aside()
        self._take(twin, self.wanted(real)[0])
        return twin

    def _take(self, twin: Twin, values: dict[str, Any]) -> None:
        for key, value in values.items():
            index = twin.shape.index[key]
            twin.put(index, becomes(twin, key, value), twin.at(index) or 1)

    def find(self, id: str) -> Command | None:
        return self.commands.get(id)

    def commands_at(self, begun: int) -> list[Any]:
        return [
            ((each.asked.at - begun) / SECOND, each.asked.thing, each.asked.set, each.asked.call, each.asked.input)
            for each in self.commands.values()
        ]


class Fork(Engine):
    """An engine beside the real one, over the same twins."""

    def __init__(self, real: Engine) -> None:
        places = Places()
        for place in real.world.places:
            places.take(copy.copy(place))
        things: ChainMap[str, Twin] = ChainMap({}, real.world.things)  # type: ignore[arg-type]
        self.pretended = Pretended(real.commands, things, self._touched)
        self._timers: list[tuple[int, int, str]] = []
        self._set = 0
        super().__init__(World(things, places), self.pretended, self._set_timer)
        self.before = {place.id: place.mode for place in places}
        self.world.wall, self.world.elapsed = real.world.wall, real.world.elapsed
        self.begun = self.world.wall
        self._real = real

    def adopt(self, scene: Scene) -> Compiled:
        """Take a scene in, with what the real one remembers where it is the same."""
        compiled = Compiled(scene, 0, b"", self.world, self, self._fired)
        known = self._real.scenes.get(scene.id)
        if known is not None and known.scene == scene:
            saved = known.saved()
            saved.runs, saved.queue, saved.past, saved.refusals = [], [], [], []
            compiled.restore(_decoder.decode(msgspec.msgpack.encode(saved)))
        self._take(compiled)
        self._moments = []  # what is due later is no part of this run
        return compiled

    def go(self, compiled: Compiled, *, even_if: bool) -> Run | None:
        """Run it to its end, or as far as is looked."""
        known = self._real.scenes.get(compiled.id)
        if known is not None and known.runs and compiled.scene.mode == "single":
            cause = Cause(-1, "hand", at=self.world.wall)
            compiled.refuse("it is running already", "mode", None, cause, self.world.wall)
            return None
        run = self._begin(compiled, Cause(-1, "hand", at=self.world.wall), even_if=even_if)
        for _ in range(MAX_TICKS):
            self.drain()
            if run is None or run.state is not RunState.RUNNING:
                break
            still = self.wants_tick or not self._timers
            self._pass(0 if still else max(0, self._timers[0][0] - self.world.elapsed))
        return run

    def steps(self) -> list[DryStep]:
        """Of all runs, in the order in which they were taken."""
        runs = [run for compiled in self.scenes.values() for run in (*compiled.past, *compiled.runs.values())]
        return sorted(
            (
                DryStep((trace.at - self.begun) / SECOND, run.scene, trace.path, trace.did, trace.seen)
                for run in runs
                for trace in run.trace
            ),
            key=lambda step: step.after_s,
        )

    def run_scene(self, run: Run, scene: str) -> Run | None:
        known = self._real.scenes.get(scene)
        if scene not in self.scenes and known is not None:
            self.adopt(known.scene)
        return super().run_scene(run, scene)

    def _pass(self, us: int) -> None:
        self.tick(self.world.wall + us, self.world.elapsed + us)
        while self._timers and self._timers[0][0] <= self.world.elapsed:
            self.due(heapq.heappop(self._timers)[2])

    def _set_timer(self, after_us: int, key: str) -> None:
        self._set += 1
        heapq.heappush(self._timers, (self.world.elapsed + after_us, self._set, key))

    def _touched(self) -> None:
        """A thing is taken to have done what it was asked: waiting steps look again."""
        self.stir(sorted(self.scenes))

    def _mark(self, thing: str) -> None:
        """The real twins are told nothing."""
