"""A scene's steps as a flat list of instructions: what a run stands at is one number, which a checkpoint can keep.

Knows how steps are taken through the hands that the engine lends (`Hands`). An instruction is shared by all runs of its
scene and keeps no state of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.document import (
    Action,
    Call,
    Choose,
    Http,
    Notify,
    Repeat,
    Restore,
    RunScene,
    Selector,
    SetMode,
    Snapshot,
    Stop,
    Wait,
    kind_of,
)
from unisono.scene.document import Set as SetStep
from unisono.scene.running.filling import fill
from unisono.scene.running.run import Run, RunState, Waiting
from unisono.scene.running.values import Plain, compile_value
from unisono.scene.watching.condition import Builder, Check, compile_conditions, depends_on_time
from unisono.scene.world import World

__all__ = ["Await", "Hands", "Instruction", "compile_steps"]

SECOND = 1_000_000
NOTHING: dict[str, Any] = {}


class Hands(Protocol):
    """What a run may do in the world. Nothing of it waits."""

    @property
    def world(self) -> World: ...
    def ids(self, selector: Selector) -> list[str]: ...
    def wanted(self, thing: str, property: str) -> Any:
        """What the thing is on its way to, else what it reports, else `unisono.scene.world.NO_VALUE`."""
        ...

    def ask(self, run: Run, thing: str, state: dict[str, Any] | None, call: str | None, given: dict[str, Any]) -> str:
        """Begin a command, and give its id. Raises CallerError when it cannot be."""
        ...

    def effect(self, run: Run, kind: str, body: dict[str, Any]) -> None:
        """Something outside the place: ``notify`` or ``http``."""
        ...

    def run_scene(self, run: Run, scene: str) -> Run | None:
        """Begin a run of another scene; None when it does not run."""
        ...

    def set_mode(self, place: str, mode: str) -> None: ...
    def wait(self, run: Run) -> None:
        """The run now waits, by its ``waiting``."""
        ...

    def writable(self, thing: str) -> dict[str, Any]:
        """What a thing reports of the properties that can be set."""
        ...


class Instruction(Protocol):
    """``path`` is the step's in the document; ``timed``: a wait of it may end by the mere passing of time."""

    path: str
    timed: bool

    def do(self, run: Run, hands: Hands) -> int | None:
        """Take the step; the number of the next instruction, or None: it waits, or the run has ended."""
        ...

    def wake(self, run: Run, hands: Hands) -> int | None:
        """What it waited for came, or its time is up: as `do`."""
        ...


def compile_steps(actions: Sequence[Action], builder: Builder) -> list[Instruction]:
    """Raises CallerError ``bad_scene`` or ``bad_value`` with the field's path."""
    program: list[Instruction] = []
    _block(actions, "then", builder, program)
    program.append(End("then"))
    return program


def _block(actions: Sequence[Action], path: str, builder: Builder, program: list[Instruction]) -> None:
    for number, action in enumerate(actions):
        kind, body = kind_of(action)
        _COMPILERS[kind](body, f"{path}.{number}.{kind}", builder, program)


def _choose(body: Choose, path: str, builder: Builder, program: list[Instruction]) -> None:
    jumps: list[Jump] = []
    for number, branch in enumerate(body.branches):
        here = f"{path}.branches.{number}"
        test = Test(here, compile_conditions(branch.if_, f"{here}.if", builder))
        program.append(test)
        _block(branch.then, f"{here}.then", builder, program)
        jumps.append(Jump(path))
        program.append(jumps[-1])
        test.otherwise = len(program)
    _block(body.otherwise, f"{path}.otherwise", builder, program)
    for jump in jumps:
        jump.to = len(program)


def _repeat(body: Repeat, path: str, builder: Builder, program: list[Instruction]) -> None:
    if body.times is None and not body.while_ and not body.until:
        expected = '"times", "while" or "until"'
        raise CallerError("nothing says when it ends", code="bad_scene", field=path, expected=expected)
    begin = Begin(path, len(program))
    program.append(begin)
    head = Loop(
        path,
        len(program) - 1,
        body.times or body.at_most,
        compile_conditions(body.while_, f"{path}.while", builder) if body.while_ else None,
        bounded=body.times is None,
    )
    program.append(head)
    start = len(program) - 1
    _block(body.then, f"{path}.then", builder, program)
    if body.until:
        test = Test(path, compile_conditions(body.until, f"{path}.until", builder))
        test.otherwise = start
        program.append(test)
    else:
        program.append(Jump(path, start))
    head.after = len(program)


class End:
    """The end of the steps."""

    timed = False

    def __init__(self, path: str) -> None:
        self.path = path

    def do(self, run: Run, hands: Hands) -> int | None:
        run.state = RunState.DONE
        return None

    def wake(self, run: Run, hands: Hands) -> int | None:
        raise AssertionError("nothing to wait for")


class Step(End):
    """A step that says what it did."""

    def note(self, run: Run, hands: Hands, did: str, seen: Any = None) -> None:
        run.note(self.path, did, seen, hands.world.wall)


class Deed(Step, ABC):
    """A step that is over at once."""

    def do(self, run: Run, hands: Hands) -> int | None:
        self.act(run, hands)
        return run.pc + 1

    @abstractmethod
    def act(self, run: Run, hands: Hands) -> None: ...


class Jump(End):
    """On to another instruction."""

    def __init__(self, path: str, to: int = 0) -> None:
        super().__init__(path)
        self.to = to

    def do(self, run: Run, hands: Hands) -> int | None:
        return self.to


class Test(Step):
    """On when the conditions hold, else to ``otherwise``."""

    __test__ = False  # pytest looks for names that begin so

    def __init__(self, path: str, check: Check) -> None:
        super().__init__(path)
        self.otherwise = 0
        self._check = check

    def do(self, run: Run, hands: Hands) -> int | None:
        blame = self._check.blame()
        if blame is None:
            self.note(run, hands, "holds")
            return run.pc + 1
        self.note(run, hands, "does not hold", {"condition": blame.path, "seen": blame.seen})
        return self.otherwise


class Begin(End):
    """A loop starts to count."""

    def __init__(self, path: str, key: int) -> None:
        super().__init__(path)
        self._key = key

    def do(self, run: Run, hands: Hands) -> int | None:
        run.counters[self._key] = 0
        return run.pc + 1


class Loop(Step):
    """Once more, or on to ``after``."""

    def __init__(self, path: str, key: int, most: int, check: Check | None, *, bounded: bool) -> None:
        super().__init__(path)
        self.after = 0
        self._key = key
        self._most = most
        self._check = check
        self._bounded = bounded

    def do(self, run: Run, hands: Hands) -> int | None:
        count = run.counters.get(self._key, 0)
        if count >= self._most:
            if self._bounded:
                self.note(run, hands, f"ended at its bound of {self._most}")
            return self.after
        blame = self._check.blame() if self._check is not None else None
        if blame is not None:
            self.note(run, hands, f"ended after {count}", {"condition": blame.path, "seen": blame.seen})
            return self.after
        run.counters[self._key] = count + 1
        return run.pc + 1


class Command(Step):
    """Commands to several things, one each; one that cannot be begun does not keep the others back.

    ``action`` None: they set the values, else they call it with them.
    """

    def __init__(self, path: str, body: SetStep | Call, values: dict[str, Any], action: str | None) -> None:
        super().__init__(path)
        self._selector = body
        # named ones are always the same; others are looked for each time
        self._things = tuple(dict.fromkeys(body.things)) if body.place is None and body.kind is None else None
        where = f"{path}.state" if action is None else f"{path}.input"
        self._values = {name: compile_value(value, f"{where}.{name}") for name, value in values.items()}
        self._plain = values if all(type(value) is Plain for value in self._values.values()) else None
        self._action = action
        self._wait = body.wait or body.or_stop
        self._or_stop = body.or_stop

    def do(self, run: Run, hands: Hands) -> int | None:
        told: dict[str, Any] = {}
        begun: list[str] = []
        refused: list[str] = []
        action, ask = self._action, hands.ask
        for thing in hands.ids(self._selector) if self._things is None else self._things:
            try:
                given = self._plain
                if given is None:
                    given = {name: value.of(hands, thing, name) for name, value in self._values.items()}
                if action is None:
                    id = ask(run, thing, given, None, NOTHING)
                    told[thing] = {"wants": given, "command": id}
                else:
                    id = ask(run, thing, None, action, given)
                    told[thing] = {"wants": {action: given}, "command": id}
                begun.append(id)
            except CallerError as error:
                told[thing] = {"error": str(error)}
                refused.append(thing)
        run.note(self.path, "asked" if begun else "asked nobody", told, hands.world.wall)
        if begun and self._wait:
            run.waiting = Waiting(commands=begun, failed=refused)
            hands.wait(run)
            return self.wake(run, hands)
        return self._over(run, refused) if refused else run.pc + 1

    def wake(self, run: Run, hands: Hands) -> int | None:
        waiting = run.waiting
        assert waiting is not None
        if waiting.commands:
            return None
        run.waiting = None
        how = "failed" if waiting.failed else "acknowledged" if waiting.unanswered else "confirmed"
        self.note(run, hands, how, waiting.failed or None)
        return self._over(run, waiting.failed)

    def _over(self, run: Run, failed: list[str]) -> int | None:
        if failed and self._or_stop:
            run.state = RunState.FAILED
            run.why = f"{self.path}: {', '.join(failed[:5])}"
            return None
        return run.pc + 1


def _set(body: SetStep, path: str, builder: Builder, program: list[Instruction]) -> None:
    builder.mention(*body.things)
    program.append(Command(path, body, body.state, None))


def _call(body: Call, path: str, builder: Builder, program: list[Instruction]) -> None:
    builder.mention(*body.things)
    program.append(Command(path, body, body.input, body.action))


class Pause(Step):
    """Wait for a time."""

    def __init__(self, path: str, for_s: float) -> None:
        super().__init__(path)
        self._for_us = int(for_s * SECOND)

    def do(self, run: Run, hands: Hands) -> int | None:
        self.note(run, hands, f"waits {self._for_us / SECOND:g} s")
        if not self._for_us:
            return run.pc + 1
        run.waiting = Waiting(for_us=self._for_us)
        hands.wait(run)
        return None

    def wake(self, run: Run, hands: Hands) -> int | None:
        waiting = run.waiting
        assert waiting is not None
        if waiting.since is None or hands.world.elapsed - waiting.since < waiting.for_us:
            return None
        run.waiting = None
        return run.pc + 1


class Await(Step):
    """Wait until conditions hold, but not for ever."""

    def __init__(self, body: Wait, path: str, builder: Builder) -> None:
        super().__init__(path)
        with builder.awaiting():
            self._check = compile_conditions(body.until, f"{path}.until", builder)
        self.timed = any(map(depends_on_time, body.until))
        self._for_us = int(body.timeout_s * SECOND)
        self._stops = body.otherwise == "stop"

    def do(self, run: Run, hands: Hands) -> int | None:
        blame = self._check.blame()
        if blame is None:
            self.note(run, hands, "holds already")
            return run.pc + 1
        self.note(run, hands, "waits until it holds", {"condition": blame.path, "seen": blame.seen})
        run.waiting = Waiting(for_us=self._for_us)
        hands.wait(run)
        return None

    def wake(self, run: Run, hands: Hands) -> int | None:
        waiting = run.waiting
        assert waiting is not None
        if self._check.holds():
            run.waiting = None
            self.note(run, hands, "holds now")
            return run.pc + 1
        if waiting.since is None or hands.world.elapsed - waiting.since < waiting.for_us:
            return None
        run.waiting = None
        blame = self._check.blame()
        seen = {"condition": blame.path, "seen": blame.seen} if blame is not None else None
        self.note(run, hands, "did not hold in time", seen)
        if not self._stops:
            return run.pc + 1
        run.state = RunState.STOPPED
        run.why = f"{self.path}: it did not hold in time"
        return None


class Tell(Deed):
    """``place``: the scene's own. Where nobody is named, those who have to do with it are told."""

    def __init__(self, body: Notify, path: str, place: str) -> None:
        super().__init__(path)
        self._body = body
        self._place = place

    def act(self, run: Run, hands: Hands) -> None:
        body = self._body
        told = {
            "to": list(body.to),
            "title": fill(body.title, hands.world),
            "text": fill(body.text, hands.world),
            "priority": body.priority,
            "group": body.group,
        }
        hands.effect(run, "notify", {**told, "place": self._place})
        self.note(run, hands, "told", told)


class Fetch(Deed):
    def __init__(self, body: Http, path: str) -> None:
        super().__init__(path)
        self._body = body

    def act(self, run: Run, hands: Hands) -> None:
        body = self._body
        asked: dict[str, Any] = {
            "url": body.url,
            "method": body.method,
            "headers": body.headers,
            "timeout_s": body.timeout_s,
        }
        if body.body is not UNSET:
            asked["body"] = body.body
        hands.effect(run, "http", asked)
        self.note(run, hands, f"calls {body.method} {body.url}")


class Remember(Deed):
    def __init__(self, body: Snapshot, path: str) -> None:
        super().__init__(path)
        self._body = body

    def act(self, run: Run, hands: Hands) -> None:
        kept = {thing: hands.writable(thing) for thing in hands.ids(self._body)}
        run.snapshots[self._body.name] = kept
        self.note(run, hands, "remembers", kept)


class PutBack(Deed):
    def __init__(self, body: Restore, path: str) -> None:
        super().__init__(path)
        self._name = body.name

    def act(self, run: Run, hands: Hands) -> None:
        told: dict[str, Any] = {}
        for thing, state in run.snapshots.get(self._name, {}).items():
            if not state:
                continue
            try:
                told[thing] = {"wants": state, "command": hands.ask(run, thing, state, None, {})}
            except CallerError as error:
                told[thing] = {"error": str(error)}
        self.note(run, hands, "puts back", told)


class StartScene(Step):
    def __init__(self, body: RunScene, path: str) -> None:
        super().__init__(path)
        self._body = body

    def do(self, run: Run, hands: Hands) -> int | None:
        started = hands.run_scene(run, self._body.id)
        self.note(run, hands, "runs" if started else "does not run", started.id if started else self._body.id)
        if started is not None and self._body.wait and started.state is RunState.RUNNING:
            run.waiting = Waiting(scene=started.id)
            hands.wait(run)
            return None
        return run.pc + 1

    def wake(self, run: Run, hands: Hands) -> int | None:
        run.waiting = None
        return run.pc + 1


class ChangeMode(Deed):
    def __init__(self, body: SetMode, path: str) -> None:
        super().__init__(path)
        self._body = body

    def act(self, run: Run, hands: Hands) -> None:
        hands.set_mode(self._body.place, self._body.to)
        self.note(run, hands, f"{self._body.place} is {self._body.to}")


class Halt(Step):
    def __init__(self, body: Stop, path: str) -> None:
        super().__init__(path)
        self._why = body.why

    def do(self, run: Run, hands: Hands) -> int | None:
        self.note(run, hands, "stops", self._why or None)
        run.state = RunState.STOPPED
        run.why = self._why
        return None


def _wait(body: Wait, path: str, builder: Builder, program: list[Instruction]) -> None:
    if (body.for_s is None) == (not body.until):
        raise CallerError(
            "it waits for nothing or for two", code="bad_scene", field=path, expected='"for_s" or "until"'
        )
    if body.for_s is not None:
        program.append(Pause(path, body.for_s))
    else:
        program.append(Await(body, path, builder))


def _snapshot(body: Snapshot, path: str, builder: Builder, program: list[Instruction]) -> None:
    builder.mention(*body.things)
    program.append(Remember(body, path))


def _start(body: RunScene, path: str, builder: Builder, program: list[Instruction]) -> None:
    builder.mention(f"#{body.id}")
    program.append(StartScene(body, path))


def _plain(make: Any) -> Any:
    return lambda body, path, builder, program: program.append(make(body, path))


_COMPILERS: dict[str, Any] = {
    "set": _set,
    "call": _call,
    "notify": lambda body, path, builder, program: program.append(Tell(body, path, builder.place)),
    "wait": _wait,
    "choose": _choose,
    "repeat": _repeat,
    "snapshot": _snapshot,
    "restore": _plain(PutBack),
    "scene": _start,
    "mode": _plain(ChangeMode),
    "http": _plain(Fetch),
    "stop": _plain(Halt),
}
