"""Runs of scenes: how they begin, go on, wait, end and set each other off.

Part of the fold. Knows scenes made ready, and lends their steps the hands they work with. What triggers them is the
engine's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from unisono.errors import CallerError
from unisono.scene.cause import Cause
from unisono.scene.document import Selector
from unisono.scene.running.compiled import Compiled
from unisono.scene.running.run import Run, RunState, Waiting
from unisono.scene.world import NO_VALUE, World, find_index, value_of
from unisono.twin.command import Command, State
from unisono.twin.record import Asked, SceneRun
from unisono.twin.twin import Twin

__all__ = ["Commands", "Effect", "Runner"]

#: Runs that one happening may set off in all, through scenes that run or wake each other.
MAX_CHAIN = 1_000
#: Scenes running each other: deeper, it is a ring.
MAX_DEPTH = 16
#: Steps of one run without waiting, and in all.
MAX_BURST = 10_000
MAX_STEPS = 1_000_000
#: How often a waiting step looks again when its conditions depend on time.
LOOK_US = 1_000_000
#: Effects that wait to leave; beyond, the oldest are given up: somebody's messenger has been away for days.
MAX_EFFECTS = 10_000


class Commands(Protocol):
    """The acting half of the fold, as scenes use it."""

    def check(self, asked: Asked) -> None:
        """Whether a command can be and may be. Raises CallerError."""
        ...

    def begin(self, asked: Asked) -> Command:
        """Check and begin a command. Raises CallerError."""
        ...

    def find(self, id: str) -> Command | None: ...
    def wanted(self, twin: Twin) -> tuple[dict[str, Any], dict[str, str]]:
        """What open commands want of a thing, by property."""
        ...


class Effect(msgspec.Struct, array_like=True):
    """Something to be done outside the place. ``sending``: the log says that it was about to leave."""

    id: str
    run: str
    kind: str
    body: dict[str, Any]
    at: int
    sending: bool = False


class Runner(ABC):
    """``remind(after_us, key)`` sets one of the partition's timers. ``changed``: ids of scenes and
    ``effects`` whose checkpoint rows are to be written. ``moved``: runs that began, wait or ended, with their scenes;
    None while nobody looks. ``on_run`` is told of each that begins or has ended. ``muted``: all is watched, but nothing
    runs and nothing leaves: what was known of runs is lost, and the log is read again from before they did what they
    did."""

    def __init__(self, world: World, commands: Commands, remind: Callable[[int, str], None]) -> None:
        self.world = world
        self.scenes: dict[str, Compiled] = {}
        self.effects: dict[str, Effect] = {}
        self.new_effects: list[str] = []
        self.moved: dict[str, str] | None = None
        self.on_run: Callable[[Compiled, Run], None] | None = None
        self.muted = False
        self.changed: set[str] = set()
        self.troubles: deque[str] = deque(maxlen=20)
        self.count = 0
        self.commands = commands
        self._remind = remind
        self._followers: dict[str, set[str]] = defaultdict(set)  # scene > scenes that its end triggers
        self._resting: list[Run] = []
        self.pending: deque[tuple[Compiled, Cause]] = deque()
        self._waiting: dict[str, str] = {}  # command > run that waits for its end
        self._children: dict[str, str] = {}  # run that is waited for > run that waits
        self._draining = False
        self._at = 0  # wall time of the report that is looked at, 0: what happens, happens with the tick
        world.places.on_mode.append(self._mode_changed)

    def _trouble(self, text: str) -> None:
        if text not in self.troubles:
            self.troubles.append(text)

    # runs

    def start(self, asked: SceneRun) -> None:
        """Run a scene by hand. When it does not run, its refusals say why. Raises CallerError ``not_found``."""
        compiled = self.scenes.get(asked.id)
        if compiled is None:
            raise CallerError(f"there is no scene {asked.id!r}", code="not_found", field="scene")
        cause = Cause(-1, "hand", name=asked.by.get("id", ""), value=asked.by, at=asked.at)
        self._begin(compiled, cause, even_if=asked.even_if)
        self.drain()

    def stop(self, id: str, why: str) -> None:
        """End all runs of a scene."""
        compiled = self.scenes.get(id)
        if compiled is not None:
            self._stop_all(compiled, why)
            self.drain()

    def drain(self, at: int = 0) -> None:
        """Begin what was triggered, one after the other, until all is quiet. ``at``: when it was, 0: with the tick."""
        pending, scenes = self.pending, self.scenes
        if self._draining or not pending:
            return
        self._draining = True
        self._at = at
        try:
            left = MAX_CHAIN
            while pending and left:
                left -= 1
                compiled, cause = pending.popleft()
                if scenes.get(compiled.id) is compiled:
                    self._begin(compiled, cause)
            if pending:
                ids = sorted({compiled.id for compiled, _cause in pending})
                self._trouble(f"scenes set each other off without end, they were held: {', '.join(ids[:5])}")
                pending.clear()
        finally:
            self._draining = False
            self._at = 0

    def _begin(
        self,
        compiled: Compiled,
        cause: Cause,
        *,
        even_if: bool = False,
        depth: int = 0,
        by: dict[str, str] | None = None,
    ) -> Run | None:
        if self.muted:
            return None
        id = compiled.id
        self.changed.add(id)
        at = self.world.wall
        if not compiled.enabled and cause.trigger >= 0:
            compiled.refuse("it is disabled", "enabled", None, cause, at)
            return None
        if compiled.scene.if_ and not even_if:
            blame = compiled.check.blame()
            if blame is not None:
                compiled.refuse("a condition said no", blame.path, blame.seen, cause, at)
                return None
        if compiled.runs and not self._makes_room(compiled, cause, at):
            return None
        self.count += 1
        self.changed.add("scenes")
        name = f"{id}-{self.count}"
        by = by or (cause.value if cause.what == "hand" else None) or {}
        run = compiled.runs[name] = Run(name, id, cause, at, depth=depth, by=by)
        if self.on_run is not None:
            self.on_run(compiled, run)
        self._go_on(compiled, run)
        return run

    def _makes_room(self, compiled: Compiled, cause: Cause, at: int) -> bool:
        """Whether a scene that is running may run once more now; if not, it is queued or refused."""
        mode = compiled.scene.mode
        if mode == "restart":
            self._stop_all(compiled, "it was triggered again")
            return True
        if mode == "single":
            compiled.refuse("it is running already", "mode", None, cause, at)
            return False
        if mode == "queued":
            if len(compiled.queue) + len(compiled.runs) >= compiled.scene.most:
                compiled.refuse("its queue is full", "max", compiled.scene.most, cause, at)
            else:
                compiled.queue.append(cause)
            return False
        if len(compiled.runs) >= compiled.scene.most:
            compiled.refuse("as many as may be are running", "max", compiled.scene.most, cause, at)
            return False
        return True

    def _go_on(self, compiled: Compiled, run: Run, pc: int | None = 0) -> None:
        program = compiled.program
        steps = run.steps
        most = steps + MAX_BURST if steps < MAX_STEPS - MAX_BURST else MAX_STEPS
        while pc is not None:
            if steps == most:
                run.state, run.why = RunState.FAILED, "it took too many steps"
                break
            steps += 1
            run.pc = pc
            pc = program[pc].do(run, self)
            if run.ended:
                compiled.amend(run)
                return  # a step of its own ended it: it ran what began this scene anew
        run.steps = steps
        if self.moved is not None:
            self.moved[run.id] = run.scene
        if run.state is not RunState.RUNNING:
            self._over(compiled, run)

    def _wake(self, compiled: Compiled, run: Run) -> None:
        pc = compiled.program[run.pc].wake(run, self)
        if run.waiting is None:
            self.changed.add(compiled.id)
            self._go_on(compiled, run, pc)

    def _over(self, compiled: Compiled, run: Run) -> None:
        run.ended = self.world.wall
        # to set an attribute of a struct takes as long as to look at four
        if run.waiting is not None:
            run.waiting = None
        if run.snapshots:
            run.snapshots = {}
        if self.moved is not None:
            self.moved[run.id] = run.scene
        compiled.runs.pop(run.id, None)
        compiled.keep(run)
        if self.on_run is not None:
            self.on_run(compiled, run)
        if self._children:
            waiting = self._run(self._children.pop(run.id, ""))
            if waiting is not None and waiting.waiting is not None:
                waiting.waiting.scene = ""
                self._wake(self.scenes[waiting.scene], waiting)
        followers = self._followers.get(compiled.id)
        if followers:
            self._follow(compiled, run, followers)
        if compiled.queue and not compiled.runs:
            self.pending.append((compiled, compiled.queue.pop(0)))

    def _follow(self, compiled: Compiled, run: Run, followers: set[str]) -> None:
        """Trigger the scenes that an end of this one triggers."""
        how = "done" if run.state is RunState.DONE else "stopped"
        for other in sorted(followers):
            for followed, ended, trigger in self.scenes[other].ends:
                if followed == compiled.id and ended in (how, "any"):
                    cause = Cause(trigger, "scene", name=compiled.id, value=how, at=self.world.wall)
                    self.pending.append((self.scenes[other], cause))

    def _stop_all(self, compiled: Compiled, why: str) -> None:
        compiled.queue.clear()  # first: what waits for an end must not take this one for its turn
        for run in list(compiled.runs.values()):
            run.state, run.why = RunState.STOPPED, why
            for command in run.waiting.commands if run.waiting is not None else ():
                self._waiting.pop(command, None)
            self._over(compiled, run)

    def _run(self, id: str) -> Run | None:
        compiled = self.scenes.get(id.rpartition("-")[0])
        return compiled.runs.get(id) if compiled is not None else None

    # waiting

    def ended(self, command: Command) -> None:
        """A command has reached an end: who waits for it goes on."""
        if not self._waiting:
            return
        run = self._run(self._waiting.pop(command.asked.id, ""))
        if run is None or run.waiting is None or command.asked.id not in run.waiting.commands:
            return
        self.changed.add(run.scene)
        self._count_in(run.waiting, command.asked.id, command)
        self._at = at = command.ended or 0
        self._wake(self.scenes[run.scene], run)
        self._at = 0
        self.drain(at)

    def _settle(self, run: Run) -> None:
        waiting = run.waiting
        if waiting is not None and waiting.since is None:
            waiting.since = self.began(waiting.at)
            self.changed.add(run.scene)
            self._look_again(run)

    def _look_again(self, run: Run) -> None:
        waiting = run.waiting
        if waiting is None or waiting.since is None or not waiting.for_us:
            return
        left = max(0, waiting.since + waiting.for_us - self.world.elapsed)
        if self.scenes[run.scene].program[run.pc].timed:
            left = min(left, LOOK_US)
        waiting.due = self.world.elapsed + left
        self._remind(left, f"{run.scene}|#{run.id}")

    def _run_due(self, compiled: Compiled, run: Run) -> None:
        """A reminder of a waiting run; one of an earlier wait of the same run finds that its time is not yet."""
        if run.waiting is not None and run.waiting.since is not None and self.world.elapsed >= run.waiting.due:
            self._wake(compiled, run)
            self._look_again(run)

    def stir(self, scenes: Iterable[str], at: int = 0) -> None:
        """Something changed that waiting steps may have waited for. ``at``: as of `drain`."""
        self._at = at
        for compiled in [self.scenes[id] for id in scenes]:
            for run in list(compiled.runs.values()):
                if run.waiting is not None and run.waiting.for_us:
                    self._wake(compiled, run)
        self._at = 0

    @abstractmethod
    def began(self, at: int) -> int:
        """Elapsed time of what was said at a wall time."""

    # hands for the steps

    def set_mode(self, place: str, mode: str) -> None:
        """Put a place into a mode."""
        self.world.places.set_mode(place, mode)

    def _mode_changed(self, place: str, mode: str) -> None:
        # by id: after a new start the scenes come in another order
        scenes = [self.scenes[id] for id in sorted(self.scenes)]
        for compiled in scenes:
            for watched, modes, gate, trigger in compiled.modes:
                if watched == place:
                    self.changed.add(compiled.id)
                    gate.turn(mode in modes, Cause(trigger, "mode", name=place, value=mode, at=self.world.wall))
        self.stir(compiled.id for compiled in scenes if compiled.runs)
        self.drain()

    def ids(self, selector: Selector) -> list[str]:
        return self.world.select(selector)

    def wanted(self, thing: str, property: str) -> Any:
        twin = self.world.things.get(thing)
        index = find_index(twin, property) if twin is not None else None
        if twin is None or index is None:
            return NO_VALUE
        if twin.open:
            values, _commands = self.commands.wanted(twin)
            key = twin.shape.keys[index]
            if key in values:
                return values[key]
        return value_of(twin, index)

    def ask(self, run: Run, thing: str, state: dict[str, Any] | None, call: str | None, given: dict[str, Any]) -> str:
        run.asked = number = run.asked + 1
        name = run.id
        by = {"kind": "scene", "id": run.scene, "run": name}
        if run.by:
            # what somebody has a scene do they do themselves: their rules count, and the audit names them
            by = {**run.by, "scene": run.scene, "run": name}
        id = f"{name}.{number}"
        self.commands.begin(Asked(id, thing, self.world.wall, by, state, call, given if call is not None else None))
        return id

    def effect(self, run: Run, kind: str, body: dict[str, Any]) -> None:
        run.asked += 1
        self.post(Effect(f"{run.id}.{run.asked}", run.id, kind, body, self.world.wall))

    def post(self, effect: Effect) -> None:
        """Put an effect among those to be carried out. Alarms post theirs here too: they leave by the same way."""
        if self.muted:
            return
        if len(self.effects) >= MAX_EFFECTS:
            oldest = next(iter(self.effects))
            del self.effects[oldest]
            self._trouble(f"{oldest} waited to leave for too long and was given up")
        self.effects[effect.id] = effect
        self.new_effects.append(effect.id)
        self.changed.add("effects")

    def take_effects(self) -> list[str]:
        """The ids of effects that came since the last call."""
        taken, self.new_effects = self.new_effects, []
        return taken

    def effect_sending(self, id: str) -> None:
        effect = self.effects.get(id)
        if effect is not None:
            effect.sending = True
            self.changed.add("effects")

    def effect_sent(self, id: str, ok: bool, why: str | None) -> None:
        """The effect left, or never will: it is done with. What became of it stands in the run's trace."""
        effect = self.effects.pop(id, None)
        if effect is None:
            return
        self.changed.add("effects")
        scene = effect.run.rpartition("-")[0]
        compiled = self.scenes.get(scene)
        run = compiled.find(effect.run) if compiled is not None else None
        if compiled is not None and run is not None:
            run.note(effect.kind, "left" if ok else "failed", why, self.world.wall)
            compiled.amend(run)
            self.changed.add(scene)

    def run_scene(self, run: Run, scene: str) -> Run | None:
        compiled = self.scenes.get(scene)
        if compiled is None:
            return None
        if run.depth >= MAX_DEPTH:
            self._trouble(f"{scene} was run by scenes that run each other, more than {MAX_DEPTH} deep")
            return None
        cause = Cause(-1, "scene", name=run.scene, at=self.world.wall)
        return self._begin(compiled, cause, depth=run.depth + 1, by=run.by)

    def _attend(self, run: Run) -> None:
        """What a run waits for finds it; it may wait already, or have been kept while it did."""
        waiting = run.waiting
        assert waiting is not None  # between two entries of the log every open run waits
        for id in waiting.commands:
            self._waiting[id] = run.id
        if waiting.scene:
            self._children[waiting.scene] = run.id
        if waiting.for_us and waiting.since is None and run not in self._resting:
            self._resting.append(run)

    def wait(self, run: Run) -> None:
        waiting = run.waiting
        assert waiting is not None
        waiting.at = self._at
        for id in list(waiting.commands):
            command = self.commands.find(id)
            if command is None or not command.open:  # it could not even be sent
                self._count_in(waiting, id, command)
        self._attend(run)

    def _count_in(self, waiting: Waiting, id: str, command: Command | None) -> None:
        waiting.commands.remove(id)
        if command is not None and command.unanswered:
            waiting.unanswered = True
        elif command is None or command.state is not State.CONFIRMED:
            waiting.failed.append(command.asked.thing if command is not None else id)

    def writable(self, thing: str) -> dict[str, Any]:
        twin = self.world.things.get(thing)
        if twin is None:
            return {}
        properties = twin.shape.model.properties
        return {key: value for key, (value, _at) in twin.state().items() if properties[key].writable}
