"""All scenes of one partition: who watches what, what is triggered, how runs go on, and what must be kept.

Part of the fold: deterministic, no clocks. A report costs work in proportion to what watches that thing's properties,
not to how many scenes there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.scene.cause import Cause
from unisono.scene.document import Scene, Selector, load_kept, load_scene, quick_document
from unisono.scene.running.compiled import Compiled, Key, Moment, SceneSaved
from unisono.scene.running.runner import Commands, Effect, Runner
from unisono.scene.running.upkeep import Upkeep
from unisono.scene.watching.gate import Gate
from unisono.scene.watching.watch import Watch
from unisono.scene.world import Seat, World
from unisono.twin.record import (
    EffectSending,
    EffectSent,
    Entry,
    PlacePut,
    PlaceRemoved,
    SceneEnabled,
    ScenePut,
    SceneRemoved,
    SceneRun,
    SceneStop,
)

__all__ = ["Engine", "repeatable"]

#: A moment that is dealt with so late was missed; a busy hub is late by milliseconds.
LATE_US = 60_000_000
#: The clock set back by more than a day was wrong before, and schedules are planned anew; by less, what has run does
#: not run again. (Daylight saving sets no clock back: wall time is UTC.)
SET_BACK_US = 25 * 3600 * 1_000_000
#: Missed moments that are caught up one by one.
MAX_MISSED = 100
#: What `State` holds, by its marks in ``changed``; no scene is called so, or its row is written once too often.
SHARED = {"effects", "scenes"}
SHARED_ROW = "scene:"

_scene_decoder = msgspec.msgpack.Decoder(SceneSaved)


class State(msgspec.Struct, array_like=True):
    """What all scenes share."""

    count: int
    effects: list[Effect]


_state_decoder = msgspec.msgpack.Decoder(State)


class Selecting:
    """A selection by place and kind: the scenes that have it, and the things that it means."""

    __slots__ = ("members", "scenes", "selector")

    def __init__(self, place: str | None, kind: str | None) -> None:
        self.selector = Selector(place=place, kind=kind)
        self.scenes: set[str] = set()
        self.members: set[str] = set()


class Engine(Runner):
    """``remind(after_us, key)`` sets one of the partition's timers, which comes back as `due`."""

    name = "scene"

    def __init__(self, world: World, commands: Commands, remind: Callable[[int, str], None]) -> None:
        super().__init__(world, commands, remind)
        self.removed: set[str] = set()
        self._watches: dict[str, Watch] = {}
        self._naming: dict[str, set[str]] = {}  # thing > scenes that name it or watch it
        self._selecting: dict[Key, Selecting] = {}
        self._unsettled: list[Gate] = []
        self._moments: list[tuple[int, str, int]] = []
        self._saved: list[SceneSaved] = []
        self._before = 0  # elapsed time of the tick before the last
        self.upkeep = Upkeep(world, self.scenes)
        world.keep()

    # time

    @property
    def elapsed(self) -> int:
        return self.world.elapsed

    def began(self, at: int) -> int:
        if not at:
            return self.world.elapsed
        return max(self._before, self.world.elapsed - max(0, self.world.wall - at))

    def remind(self, after_us: int, key: str) -> None:
        self._remind(after_us, key)

    def unsettled(self, gate: Gate) -> None:
        self._unsettled.append(gate)

    @property
    def wants_tick(self) -> bool:
        """Something has begun to count that the next tick dates: the owner appends one at once."""
        return bool(self._unsettled or self._resting)

    @property
    def next_moment(self) -> int | None:
        """Wall time at which a tick is wanted for schedules."""
        return self._moments[0][0] if self._moments else None

    def tick(self, wall: int, elapsed: int) -> None:
        """The clock's word. Call it before the timers that are due."""
        before, self.world.wall = self.world.wall, wall
        self._before, self.world.elapsed = self.world.elapsed, elapsed
        gates, self._unsettled = self._unsettled, []
        for gate in gates:
            gate.settle()
        runs, self._resting = self._resting, []
        for run in runs:
            self._settle(run)
        if wall < before - SET_BACK_US:
            self._plan_anew()
        self._deal(wall)
        self.drain()

    def due(self, key: str) -> None:
        """A timer of ours has run out."""
        scene, _bar, rest = key.partition("|")
        compiled = self.scenes.get(scene)
        if compiled is None:
            return
        if rest.startswith("#"):
            run = compiled.runs.get(rest[1:])
            if run is not None:
                self._run_due(compiled, run)
        elif key in compiled.reminders:
            self.changed.add(scene)
            compiled.reminders[key]()
        self.drain()

    # what steers scenes

    def steer(self, entry: Entry) -> None:
        """One entry of the log. Raises CallerError for a scene that cannot be."""
        _STEERS[type(entry)](self, entry)

    @property
    def steered_by(self) -> tuple[type, ...]:
        return tuple(_STEERS)

    def _fired(self, compiled: Compiled, cause: Cause) -> None:
        self.pending.append((compiled, cause))

    def places_changed(self) -> None:
        """A place came, went or changed: zones, positions and what lies in what may be others now."""
        self.world.forget()
        seats: dict[str, Seat] = {}
        again = []
        for id, compiled in self.scenes.items():
            place = compiled.place
            if place not in seats:
                seats[place] = self.world.seat(place)
            moved = any(
                each.selector.place is not None and each.found != set(self.world.select(each.selector))
                for each in compiled.selections
            )
            if moved or compiled.seat != seats[place]:
                again.append(id)
        self._compile_again(again)

    def put(self, version: int, document: bytes) -> None:
        """A version of a scene is in force; open runs of the one before are stopped. Raises CallerError."""
        scene = load_scene(document)
        compiled = self._compile(scene, version, quick_document(scene, document))
        before = self.scenes.get(compiled.id)
        if before is not None:
            self._stop_all(before, "the scene was changed")
            self._forget(before)
            compiled.follow(before)
        self.removed.discard(compiled.id)
        self.changed.add(compiled.id)
        self._take(compiled)
        if self.upkeep.lacks(compiled):
            self.upkeep.look(compiled)  # it went while the scene was saved
        self._note(self.upkeep.scene_changed(compiled.id))
        self.drain()

    def enable(self, id: str, enabled: bool) -> None:
        """Let a scene be triggered, or not; what is running goes on."""
        compiled = self.scenes.get(id)
        if compiled is not None:
            compiled.enabled = enabled
            self.changed.add(id)

    def remove(self, id: str) -> None:
        """The scene goes, with its runs and traces."""
        compiled = self.scenes.get(id)
        if compiled is not None:
            self._stop_all(compiled, "the scene was removed")
            self._forget(compiled)
            del self.scenes[id]
            self.changed.discard(id)
            self.removed.add(id)
            self._note(self.upkeep.scene_changed(id))
            self.drain()

    def things_changed(self, id: str) -> None:
        """A thing was added, changed or removed: scenes that name it or select by kind or place look again.

        One that is added or removed costs what it costs for it alone, however many the scene selects.
        """
        self.world.forget()
        concerned = {scene for scene in self._naming.get(id, ()) if self.scenes[scene].stale(id)}
        concerned |= self._select_otherwise(id)
        again = []
        for scene in sorted(concerned):
            if self.scenes[scene].grow(id):
                self._grown(self.scenes[scene], id)
            else:
                again.append(scene)
        self._note(self.upkeep.thing_changed(id))  # before they are compiled again, which takes them for known
        self._compile_again(again)
        self._mark(id)

    def _note(self, otherwise: Iterable[Compiled]) -> None:
        """Something else is to be said of these."""
        self.changed.update(compiled.id for compiled in otherwise)

    def _select_otherwise(self, id: str) -> set[str]:
        """The scenes with a selection that a thing has come into, or left."""
        twin = self.world.things.get(id)
        found: set[str] = set()
        for selecting in self._selecting.values():
            means = twin is not None and self.world.fits(selecting.selector, twin)
            if means is not (id in selecting.members):
                (selecting.members.add if means else selecting.members.discard)(id)
                found |= selecting.scenes
        return found

    def _grown(self, compiled: Compiled, id: str) -> None:
        """A scene follows a thing more, or one less: so do the indexes."""
        watched = compiled.things.get(id)
        if watched is not None:
            self._watch(id).put(compiled, watched)
        elif id in self._watches:
            self._watches[id].drop(compiled.id)
        if id in compiled.awaited:
            self._watch(id).awaited.add(compiled.id)
        elif id in self._watches:
            self._watches[id].awaited.discard(compiled.id)
        if watched is not None:
            self._naming.setdefault(id, set()).add(compiled.id)
        elif id in self._naming:
            self._naming[id].discard(compiled.id)
            if not self._naming[id]:
                del self._naming[id]
        self.changed.add(compiled.id)

    def _watch(self, thing: str) -> Watch:
        found = self._watches.get(thing)
        if found is None:
            found = self._watches[thing] = Watch(self)
        return found

    def _mark(self, thing: str) -> None:
        """Let the fold know who is to be told of a thing."""
        watch = self._watches.get(thing)
        if watch is None:
            return
        twin = self.world.things.get(thing)
        if twin is not None:
            twin.watch(watch, not watch.idle)
        if watch.idle:
            del self._watches[thing]

    def _compile(self, scene: Scene, version: int, document: bytes) -> Compiled:
        return Compiled(scene, version, document, self.world, self, self._fired)

    def _compile_again(self, ids: list[str]) -> None:
        for id in ids:
            before = self.scenes[id]
            try:
                compiled = self._compile(before.scene, before.version, before.document)
            except CallerError as error:
                self._trouble(f"scene {id} cannot be kept up: {error}")
                continue
            compiled.restore(before.saved())
            self._forget(before)
            self._take(compiled)
            self.changed.add(id)

    def _take(self, compiled: Compiled) -> None:
        """Put a scene into every index."""
        self.scenes[compiled.id] = compiled
        self.upkeep.take(compiled)
        for thing, watched in compiled.things.items():
            self._watch(thing).put(compiled, watched)
        for thing in compiled.awaited:
            self._watch(thing).awaited.add(compiled.id)
        for followed, _ended, _trigger in compiled.ends:
            self._followers[followed].add(compiled.id)
        for moment in compiled.moments:
            self._plan(compiled, moment)
        for run in compiled.runs.values():
            self._attend(run)
        for thing in (*compiled.things, *compiled.awaited):
            self._mark(thing)
        for thing in (*compiled.named, *compiled.things):
            self._naming.setdefault(thing, set()).add(compiled.id)
        for each in compiled.selections:
            selecting = self._selecting.setdefault(each.key, Selecting(*each.key))
            selecting.scenes.add(compiled.id)
            selecting.members = each.found.difference(each.selector.things)

    def _forget(self, compiled: Compiled) -> None:
        """Take it out of every index again."""
        self.upkeep.forget(compiled)
        for thing in compiled.things:
            self._watches[thing].drop(compiled.id)
        for thing in compiled.awaited:
            self._watches[thing].awaited.discard(compiled.id)
        for followed, _ended, _trigger in compiled.ends:
            self._followers[followed].discard(compiled.id)
        for thing in (*compiled.things, *compiled.awaited):
            self._mark(thing)
        for thing in {*compiled.named, *compiled.things}:
            self._naming[thing].discard(compiled.id)
            if not self._naming[thing]:
                del self._naming[thing]
        for each in compiled.selections:
            selecting = self._selecting.get(each.key)
            if selecting is not None:
                selecting.scenes.discard(compiled.id)
                if not selecting.scenes:
                    del self._selecting[each.key]

    # schedules

    def _plan(self, compiled: Compiled, moment: Moment) -> None:
        if moment.due is not None:
            heapq.heappush(self._moments, (moment.due, compiled.id, moment.trigger))

    def _plan_anew(self) -> None:
        self._moments = []
        for compiled in self.scenes.values():
            for moment in compiled.moments:
                moment.dealt(self.world.wall)
                self._plan(compiled, moment)

    def _deal(self, wall: int) -> None:
        while self._moments and self._moments[0][0] <= wall:
            due, id, trigger = heapq.heappop(self._moments)
            compiled = self.scenes.get(id)
            for moment in compiled.moments if compiled is not None else ():
                if compiled is not None and moment.trigger == trigger and moment.due == due:
                    self.changed.add(id)
                    self._come(compiled, moment, due, wall)
                    self._plan(compiled, moment)

    def _come(self, compiled: Compiled, moment: Moment, due: int, wall: int) -> None:
        """A moment came, or was slept through."""
        cause = Cause(moment.trigger, "time", value=due, at=wall)
        if wall - due <= LATE_US:
            self._fired(compiled, cause)
            moment.dealt(due)
        elif moment.missed == "all":
            self._catch_up(compiled, moment, wall)
        elif moment.missed == "once":
            self._fired(compiled, cause)
            moment.dealt(wall)
        else:
            missed = self.world.told(due, compiled.place)
            compiled.refuse("its moment was missed", f"when.{moment.trigger}.time", missed, cause, wall)
            moment.skip(wall - LATE_US, wall)

    def _catch_up(self, compiled: Compiled, moment: Moment, wall: int) -> None:
        for _ in range(MAX_MISSED):
            due = moment.due
            if due is None or wall - due <= LATE_US:
                return
            self._fired(compiled, Cause(moment.trigger, "time", value=due, at=wall))
            moment.dealt(due)
        self._trouble(f"{compiled.id} has missed more than {MAX_MISSED} moments, the rest is left out")
        moment.dealt(wall - LATE_US)

    # keeping

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        """Checkpoint rows that changed, by key, and the keys that went. Clears what marks change."""
        changed, self.changed = self.changed, set()
        removed, self.removed = self.removed, set()
        rows: list[tuple[str, object]] = [
            (f"scene:{id}", self.scenes[id].saved()) for id in sorted(changed) if id in self.scenes
        ]
        if changed & SHARED:
            state = State(self.count, list(self.effects.values()))
            rows.append((SHARED_ROW, state))
        return rows, [f"scene:{id}" for id in sorted(removed)]

    def not_saved(self) -> None:
        """What `saved` gave was not written: every row is to be written again."""
        self.changed |= {*self.scenes, *SHARED}

    def restore_row(self, key: str, row: memoryview) -> None:
        """Take in one row; `restored` ends it. Raises ``msgspec.DecodeError``."""
        if key == SHARED_ROW:
            state = _state_decoder.decode(row)
            self.count = state.count
            self.effects = {effect.id: effect for effect in state.effects}
        else:
            self._saved.append(_scene_decoder.decode(row))

    def restored(self, wall: int, elapsed: int) -> None:
        """All rows and all things are there: compile the scenes and go on."""
        self.world.wall, self.world.elapsed = wall, elapsed
        saved, self._saved = self._saved, []
        for each in saved:
            try:
                compiled = self._compile(load_kept(each.document), each.version, each.document)
            except CallerError as error:
                self._trouble(f"scene {each.id} cannot be compiled: {error}")
                continue
            compiled.restore(each)
            self._take(compiled)

    def after_replay(self) -> tuple[list[str], list[str]]:
        """After a restart: effects to be sent (again where that is harmless), and those that may have left already."""
        again: list[str] = []
        unknown: list[str] = []
        for id, effect in self.effects.items():
            (unknown if effect.sending and not repeatable(effect) else again).append(id)
        return again, unknown


def repeatable(effect: Effect) -> bool:
    """Whether doing it twice is as good as once (RFC 9110, section 9.2.2; a notice is known by its id)."""
    if effect.kind == "notify":
        return True
    return effect.kind == "http" and effect.body.get("method") in ("GET", "HEAD", "PUT", "DELETE")


_STEERS: dict[type, Callable[[Engine, Any], object]] = {
    ScenePut: lambda engine, entry: engine.put(entry.version, entry.document),
    SceneRemoved: lambda engine, entry: engine.remove(entry.id),
    SceneEnabled: lambda engine, entry: engine.enable(entry.id, entry.enabled),
    SceneRun: lambda engine, entry: engine.start(entry),
    SceneStop: lambda engine, entry: engine.stop(entry.id, f"{entry.by.get('id', 'somebody')} stopped it"),
    PlacePut: lambda engine, entry: engine.places_changed(),
    PlaceRemoved: lambda engine, entry: engine.places_changed(),
    EffectSending: lambda engine, entry: engine.effect_sending(entry.id),
    EffectSent: lambda engine, entry: engine.effect_sent(entry.id, entry.ok, entry.why),
}
