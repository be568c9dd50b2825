"""A fold with scenes, driven by hand: things, reports and the clock are what a test says."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from typing import Any

import msgspec

from unisono.scene.running.engine import Engine
from unisono.scene.running.run import Run
from unisono.scene.world import World
from unisono.thing import builtin_model, dump_model
from unisono.twin.command import Command
from unisono.twin.fold import Fold
from unisono.twin.partition import Partition
from unisono.twin.record import (
    Batch,
    Entry,
    Listening,
    ModelPut,
    ModeSet,
    PlacePut,
    Presence,
    Reports,
    ScenePut,
    SceneRun,
    Sent,
    ThingPut,
    ThingRemoved,
    Tick,
)

SECOND = 1_000_000
#: Thursday noon in Berlin, winter time.
NOON = int(datetime(2026, 11, 26, 11, tzinfo=UTC).timestamp()) * SECOND


def attach(partition: Partition) -> Engine:
    """Give a partition its scenes."""
    fold = Fold(partition)

    def remind(after_us: int, key: str) -> None:
        partition.remind(after_us / SECOND, "scene", key)

    engine = Engine(World(partition.things, partition.places), fold.control, remind)
    partition.observe(engine)
    engine.fold = fold  # type: ignore[attr-defined]
    return engine


class Stage:
    """``ask`` and ``answer`` stand for the devices."""

    def __init__(self, wall: int = NOON) -> None:
        self.seq = 0
        self.wall = wall
        self.elapsed = 0
        self.epoch = 0
        self.models: set[str] = set()
        self.log: list[Batch] = []
        self._new(Partition())
        self.place("home", zone="Europe/Berlin", latitude=52.5, longitude=13.4)
        self.tick(0)

    def _new(self, partition: Partition) -> None:
        self.engine = attach(partition)
        self.fold: Fold = self.engine.fold  # type: ignore[attr-defined]

    # the log

    def put(self, *entries: Entry) -> None:
        self.seq += 1
        batch = Batch("test", self.wall, list(entries))
        self.log.append(batch)
        self.fold.apply(self.seq, 100, batch)
        while self.engine.wants_tick:
            self._tick()

    def _tick(self) -> None:
        self.seq += 1
        batch = Batch("test", self.wall, [Tick(self.wall, self.elapsed)])
        self.log.append(batch)
        self.fold.apply(self.seq, 100, batch)

    def tick(self, seconds: float = 0, *, clock: float | None = None) -> None:
        """Let time pass as the owner does: a tick for each timer and moment on the way. ``clock``: what the wall clock
        gains meanwhile, where that differs."""
        end = self.elapsed + int(seconds * SECOND)
        while True:
            due = self.fold.partition.next_due
            moment = self.engine.next_moment
            in_us = end - self.elapsed
            if due is not None:
                in_us = min(in_us, max(0, due - self.elapsed))
            if moment is not None and clock is None:
                in_us = min(in_us, max(0, moment - self.wall))
            self.elapsed += in_us
            self.wall += in_us
            over = self.elapsed >= end
            if over and clock is not None:
                self.wall += int((clock - seconds) * SECOND)
            self._tick()
            while self.engine.wants_tick:
                self._tick()
            if over:
                return

    # the place

    def place(self, id: str, parent: str | None = None, **facts: Any) -> None:
        self.put(PlacePut(id, parent, **facts))

    def thing(self, id: str, kind: str, place: str = "home", **state: Any) -> None:
        model = builtin_model(kind)
        if model.id not in self.models:
            self.models.add(model.id)
            self.put(ModelPut(model.id, model.version, dump_model(model)))
        self.put(ThingPut(id, id, model.id, model.version, place, "home", at=self.wall))
        self.online(id)
        if state:
            self.report(id, **state)

    def remove(self, id: str) -> None:
        self.put(ThingRemoved(id, self.wall))

    def online(self, id: str) -> None:
        self.epoch += 1
        self.put(
            Presence(id, "g0", self.epoch, True, "connected", self.wall, id),
            Listening(id, "g0", self.epoch, ["set", "call"], self.wall),
        )

    def offline(self, id: str) -> None:
        for epoch in list(self.fold.partition.things[id].connections):
            self.put(Presence(id, "g0", epoch, False, "lost", self.wall, id))

    def report(self, id: str, **state: Any) -> None:
        self.put(Reports(id, id, "state", self.wall, [msgspec.json.encode(state)]))

    def event(self, id: str, name: str, **fields: Any) -> None:
        self.put(Reports(id, id, f"event/{name}", self.wall, [msgspec.json.encode(fields)]))

    def mode(self, place: str, mode: str) -> None:
        self.put(ModeSet(place, mode, {"kind": "person", "id": "wei"}))

    # scenes

    def scene(self, text: str, version: int = 1) -> str:
        """Save a scene; its ``id``, ``name`` and ``place`` are added where they are missing."""
        from unisono.scene.document import load_scene

        text = textwrap.dedent(text).strip() + "\n"
        head = "" if "\nid:" in f"\n{text}" else "id: s\n"
        for name in ("name", "place"):
            if f"\n{name}:" not in f"\n{text}":
                head += f"{name}: home\n"
        document = (head + text).encode()
        id = load_scene(document).id
        self.put(ScenePut(id, version, document))
        return id

    def run(self, id: str = "s", *, even_if: bool = False) -> None:
        self.put(SceneRun(id, self.wall, {"kind": "person", "id": "wei"}, even_if))

    @property
    def commands(self) -> list[Command]:
        """All commands, in the order in which they were begun."""
        return list(self.fold.partition.commands.values())

    @property
    def asked(self) -> list[tuple[str, Any]]:
        """(thing, what is wanted) of all commands."""
        return [(c.asked.thing, c.asked.set if c.asked.call is None else c.asked.call) for c in self.commands]

    def sent(self) -> None:
        """The gateway has sent everything that waits."""
        for command in self.commands:
            if command.open and command.state.value == "queued":
                self.put(Sent(command.asked.id, self.wall))

    def obey(self) -> None:
        """Every thing does what is wanted of it, and says so."""
        self.sent()
        for command in self.commands:
            if command.open and command.asked.set is not None:
                self.report(command.asked.thing, **command.asked.set)

    def refuse(self, thing: str) -> None:
        self.sent()
        for command in self.commands:
            if command.open and command.asked.thing == thing:
                reply = msgspec.json.encode({"ok": False, "error": "jammed"})
                self.put(Reports(thing, thing, f"reply/{command.asked.id}", self.wall, [reply]))

    @property
    def past(self) -> list[Run]:
        return list(self.engine.scenes["s"].past)

    @property
    def open(self) -> list[Run]:
        return list(self.engine.scenes["s"].runs.values())

    @property
    def runs(self) -> int:
        """How often the scene ``s`` has run, or begun to."""
        return len(self.past) + len(self.open)

    @property
    def why(self) -> list[tuple[str, str]]:
        """Why ``s`` did not run: (reason, path)."""
        return [(refusal.why, refusal.path) for refusal in self.engine.scenes["s"].refusals]

    def crash(self) -> None:
        """Save a checkpoint of everything, and go on from it in another life."""
        self.fold.partition.not_saved(())
        state, rows, _removed = self.fold.partition.saved(
            self.fold.partition.things.values(), self.fold.partition.commands
        )
        partition = Partition()
        self._new(partition)
        partition.restore_state(state)
        damaged = partition.restore_rows(rows)
        assert not damaged, damaged
