"""A partition with its scenes in memory: log and clock are moved by hand, devices do what they are told, or what they
are told to do instead.

Knows the real fold and the real engine; plays the parts of gateway, owner and devices. What happens to be seen from
outside - commands, notifications, calls, modes, runs - is written down in order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from unisono.scene.computed import Computer
from unisono.scene.running.engine import Engine
from unisono.scene.running.values import becomes
from unisono.scene.world import World
from unisono.twin.command import Command
from unisono.twin.fold import Fold
from unisono.twin.partition import Partition
from unisono.twin.record import Batch, EffectSending, EffectSent, Entry, Listening, Presence, Reports, Sent, Tick
from unisono.twin.twin import Twin

__all__ = ["Device", "Seen", "Stage"]

SECOND = 1_000_000
GATEWAY = "stage"
#: What one moment may set off before something is wrong with the scenes.
MAX_TURNS = 2_000


class Device(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a thing takes a command: it ``obeys``, ``refuses`` (with ``why``), ``lies`` (says yes and does nothing) or is
    ``silent``; ``after_s``: when it answers; ``times``: how often; ``output``: of a call."""

    does: Literal["obeys", "refuses", "lies", "silent"] = "obeys"
    after_s: float = 0.0
    times: int = 1
    why: str = "it will not"
    output: Any = None


class Seen(msgspec.Struct):
    """Something that happened. ``what``: command, notify, http, mode, run or trouble; ``at``: wall microseconds."""

    what: str
    name: str
    body: Any
    at: int


class Stage:
    """``wall`` is when it begins, microseconds. Nothing here waits: `pass_time` turns the clock."""

    def __init__(self, wall: int) -> None:
        self.wall = wall
        self.elapsed = 0
        self.devices: dict[str, Device] = {}
        self.seen: list[Seen] = []
        self._seq = 0
        self._epoch = 0
        self._answers: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._runs: dict[str, Seen] = {}
        self._begin(Partition())
        self._tick()

    def _begin(self, partition: Partition) -> None:
        self.fold = Fold(partition)

        def remind(after_us: int, key: str) -> None:
            partition.remind(after_us / SECOND, "scene", key)

        self.engine = Engine(World(partition.things, partition.places), self.fold.control, remind)
        partition.observe(self.engine)
        self.computer = Computer(self.fold, self.engine.world)
        partition.observe(self.computer)
        partition.places.on_mode.append(lambda place, mode: self._see("mode", place, mode))

    @property
    def things(self) -> dict[str, Twin]:
        return self.fold.partition.things

    # the log

    def put(self, *entries: Entry) -> None:
        """Append to the log, and let follow what follows from it."""
        self._append(entries)
        for _ in range(MAX_TURNS):
            self._look_at_runs()
            if self.engine.wants_tick:
                self._tick()
            elif not self._carry_out():
                return
        self._answers = []
        self._see("trouble", "scenes", "set each other off without end; they were held here")

    def _append(self, entries: Iterable[Entry]) -> None:
        self._seq += 1
        self.fold.apply(self._seq, 100, Batch(GATEWAY, self.wall, list(entries)))

    def _tick(self) -> None:
        self._append([Tick(self.wall, self.elapsed)])

    def _carry_out(self) -> bool:
        """Send what wants to be sent; whether there was anything."""
        commands = [id for id in self.fold.take_outcome().effects if id in self.fold.partition.commands]
        effects = [self.engine.effects[id] for id in self.engine.take_effects() if id in self.engine.effects]
        for id in commands:
            self._send(self.fold.partition.commands[id])
        for effect in effects:
            self._see(effect.kind, effect.run, effect.body)
            self._append([EffectSending(effect.id, self.wall), EffectSent(effect.id, self.wall)])
        return bool(commands or effects or self._answer(self.elapsed))

    def _see(self, what: str, name: str, body: Any) -> None:
        self.seen.append(Seen(what, name, body, self.wall))

    def _look_at_runs(self) -> None:
        """Runs that began since the last look; after a restart they are others, which go on."""
        for scene, compiled in self.engine.scenes.items():
            for run in (*compiled.past, *compiled.runs.values()):
                if run.id in self._runs:
                    self._runs[run.id].body = run
                else:
                    self._see("run", scene, run)
                    self._runs[run.id] = self.seen[-1]

    # devices

    def _send(self, command: Command) -> None:
        self._see("command", command.asked.thing, command)
        self._append([Sent(command.asked.id, self.wall)])
        device = self.devices.get(command.asked.thing, Device())
        if device.does != "silent":
            for _ in range(device.times):
                self.after(device.after_s, lambda: self._take(command, device))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something once so much time has passed."""
        self._count += 1
        heapq.heappush(self._answers, (self.elapsed + int(seconds * SECOND), self._count, do))

    def _answer(self, until: int) -> bool:
        due = [each for each in self._answers if each[0] <= until]
        self._answers = [each for each in self._answers if each[0] > until]
        for _at, _count, do in sorted(due):
            do()
        return bool(due)

    def _take(self, command: Command, device: Device) -> None:
        asked = command.asked
        twin = self.things.get(asked.thing)
        if twin is None or not twin.connections:
            return  # it went away meanwhile
        if device.does == "refuses":
            self._reply(asked.thing, asked.id, {"ok": False, "error": device.why})
        elif device.does == "lies" or asked.set is None:
            self._reply(asked.thing, asked.id, {"ok": True, "output": device.output})
        else:
            self._report(asked.thing, {key: becomes(twin, key, value) for key, value in asked.set.items()})

    def _reply(self, thing: str, command: str, reply: dict[str, Any]) -> None:
        self._append([Reports(thing, thing, f"reply/{command}", self.wall, [msgspec.json.encode(reply)])])

    def _report(self, thing: str, state: dict[str, Any]) -> None:
        self._append([Reports(thing, thing, "state", self.wall, [msgspec.json.encode(state)])])

    def report(self, thing: str, state: dict[str, Any]) -> None:
        """A thing reports values."""
        self.put(Reports(thing, thing, "state", self.wall, [msgspec.json.encode(state)]))

    def tell(self, thing: str, event: str, fields: dict[str, Any]) -> None:
        """A thing tells an event."""
        self.put(Reports(thing, thing, f"event/{event}", self.wall, [msgspec.json.encode(fields)]))

    def come(self, thing: str) -> None:
        """A thing connects, and hears commands from then on."""
        self._epoch += 1
        self.put(
            Presence(thing, GATEWAY, self._epoch, True, "connected", self.wall, thing),
            Listening(thing, GATEWAY, self._epoch, ["set", "call"], self.wall),
        )

    def go(self, thing: str) -> None:
        """A thing is no longer there."""
        self.put(
            *(
                Presence(thing, GATEWAY, epoch, False, "lost", self.wall, thing)
                for epoch in self.things[thing].connections
            )
        )

    # time

    def pass_time(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass as an owner does, with a tick for whatever is due; ends early when ``until`` says so, which is
        also what it returns."""
        end = self.elapsed + int(seconds * SECOND)
        while True:
            if until is not None and until():
                return True
            if self.elapsed >= end:
                return False
            self._step(self._next(end))

    def _next(self, end: int) -> int:
        """Elapsed time of what is due next."""
        due = [end]
        timer = self.fold.partition.next_due
        if timer is not None:
            due.append(timer)
        moments = (self.engine.next_moment, self.computer.next_moment)
        due += [self.elapsed + moment - self.wall for moment in moments if moment is not None]
        due += [at for at, _count, _do in self._answers]
        return max(self.elapsed, min(due))

    def _step(self, elapsed: int) -> None:
        self.wall += elapsed - self.elapsed
        self.elapsed = elapsed
        self.put(Tick(self.wall, self.elapsed))

    def set_clock(self, by_s: float) -> None:
        """The wall clock jumps; no time passes."""
        self.wall += int(by_s * SECOND)
        self.put(Tick(self.wall, self.elapsed))

    def turn_off(self, seconds: float) -> None:
        """The hub is off for so long: what was saved is all that it has afterwards."""
        partition = self.fold.partition
        state, rows, _removed = partition.saved(partition.things.values(), partition.commands)
        begun = Partition()
        self._begin(begun)
        begun.restore_state(state)
        begun.restore_rows(rows)
        for seen in self.seen:
            if seen.what == "command":
                seen.body = begun.commands.get(seen.body.asked.id, seen.body)
        self._step(self.elapsed + int(seconds * SECOND))
