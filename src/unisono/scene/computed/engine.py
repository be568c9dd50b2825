"""All computed things of one partition: who feeds whom, what has changed, and what must be kept.

Part of the fold: deterministic, no clocks. A report costs work in proportion to the computed things that it feeds.
What they find out goes the way of reports - twin, history, whoever watches - behind the log entry that caused it. One
that is computed from others comes after them, so each is told once per happening; rings are refused when saved.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from unisono.errors import UnisonoError
from unisono.scene.computed.commands import GroupCommands
from unisono.scene.computed.document import Definition, load_computed, uses
from unisono.scene.computed.group import GroupWorker
from unisono.scene.computed.kinds import PLACED, WORKERS
from unisono.scene.computed.model import MEMBER
from unisono.scene.computed.worker import SECOND, Feed, Worker, is_computed
from unisono.scene.world import World, find_index
from unisono.twin.command import Command, Sign
from unisono.twin.fold import Fold
from unisono.twin.record import Entry, PlacePut, PlaceRemoved
from unisono.twin.talk import DeadLetter
from unisono.twin.twin import Twin

__all__ = ["Computed", "ComputedSaved", "Computer"]

#: The clock set back by more than this was wrong before: calendars are planned anew.
SET_BACK_US = 25 * 3600 * SECOND
#: What one happening may set off in all, through scenes that set inputs which scenes watch.
MAX_CHAIN = 10_000
WITHOUT_END = "scenes and computed things set each other off without end, they were held"

_saved_decoder: msgspec.msgpack.Decoder[ComputedSaved]


class ComputedSaved(msgspec.Struct, array_like=True):
    """What a checkpoint keeps of a computed thing; its definition is in its model."""

    id: str
    state: Any = None


_saved_decoder = msgspec.msgpack.Decoder(ComputedSaved)


class Watch(NamedTuple):
    """Who is fed by a thing's property of the number ``at``."""

    at: int
    take: Callable[[Any, int], None]
    computed: Computed


class Watched:
    """All that is fed by one thing: by properties, by events, and by whether it is there. It watches the thing."""

    __slots__ = ("_computer", "events", "links", "values")

    name = "computed"

    def __init__(self, computer: Computer) -> None:
        self._computer = computer
        self.values: list[Watch] = []
        self.events: dict[str, list[Watch]] = defaultdict(list)
        self.links: list[Watch] = []

    def drop(self, computed: Computed) -> bool:
        """Feed it no longer; returns whether anybody is left."""
        self.values = [watch for watch in self.values if watch.computed is not computed]
        self.links = [watch for watch in self.links if watch.computed is not computed]
        for event, watches in list(self.events.items()):
            self.events[event] = [watch for watch in watches if watch.computed is not computed]
            if not self.events[event]:
                del self.events[event]
        return bool(self.values or self.links or self.events)

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """Each report is looked at."""
        return 0

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        absent = twin.shape.absent
        for index, take, computed in self.values:
            value = values[index]
            if value is not absent[index]:
                take(value, at)
                self._computer.stir(computed)
        self._computer.drain(at)

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        for _index, take, computed in self.events.get(event, ()):
            take(fields, at)
            self._computer.stir(computed)
        self._computer.drain(at)

    def linked(self, twin: Twin, at: int) -> None:
        for _index, take, computed in self.links:
            take(twin.online, at)
            self._computer.stir(computed)
        self._computer.drain(at)


class Computed:
    """One computed thing, and the bench of its worker. ``forced``: keys to be told even if they are what they were;
    ``events``: what it tells once its values are told."""

    __slots__ = ("_computer", "definition", "events", "forced", "id", "rank", "version", "worker", "world")

    def __init__(self, computer: Computer, twin: Twin) -> None:
        self._computer = computer
        self.world = computer.world
        self.id = twin.id
        self.version = twin.version
        self.definition: Definition = load_computed(twin.shape.model.ext.get(MEMBER, {}))
        self.rank = 0
        self.forced: set[str] = set()
        self.events: list[tuple[str, dict[str, Any], int]] = []
        self.worker: Worker = WORKERS[type(self.definition)](self, self.definition)

    @property
    def wall(self) -> int:
        return self._computer.fold.partition.wall

    @property
    def elapsed(self) -> int:
        return self._computer.fold.partition.elapsed

    @property
    def twin(self) -> Twin:
        return self._computer.fold.partition.things[self.id]

    def moment(self, at: int, most_us: int) -> int:
        partition = self._computer.fold.partition
        return partition.elapsed + min(max(0, at - partition.wall), most_us)

    def remind(self, after_us: int, what: str) -> int:
        return self._computer.fold.partition.remind(after_us / SECOND, Computer.name, f"{self.id}|{what}")

    def zone(self) -> ZoneInfo:
        return self.world.zone(self.twin.place)

    def tell(self, event: str, fields: dict[str, Any], at: int) -> None:
        self.events.append((event, fields, at))

    def trouble(self, detail: str) -> None:
        self._computer.fold.letter(DeadLetter(self.wall, self.id, "computed", "bad_value", detail))

    def saved(self) -> ComputedSaved:
        return ComputedSaved(self.id, self.worker.saved())


class Computer:
    """The observer. ``world`` may be the scenes' own; it is asked for things and places only."""

    name = "computed"

    def __init__(self, fold: Fold, world: World) -> None:
        self.fold = fold
        self.world = world
        self.computed: dict[str, Computed] = {}
        self.changed: set[str] = set()
        self.removed: set[str] = set()
        self.commands = GroupCommands(self)
        self._watched: dict[str, Watched] = {}
        self._named: dict[str, set[str]] = defaultdict(set)  # thing > computed things that name it
        self._pickers: dict[str, GroupWorker] = {}  # groups that pick by place or kind
        self._timed: dict[str, Worker] = {}
        self._dirty: list[tuple[int, str]] = []
        self._stirred: set[str] = set()
        self._ranked = True
        self._draining = False
        self._wall = 0
        self._saved: list[ComputedSaved] = []

    # what happens to things

    @property
    def ended(self) -> Callable[[Command], None]:
        return self.commands.ended

    def asked(self, twin: Twin, command: Command) -> None:
        """A command for a computed thing, which nobody else carries out."""
        computed = self.computed.get(twin.id)
        if computed is None:
            self.fold.control.answer(command, Sign.NOT_SENT, "nothing says what it is computed from")
            return
        asked, worker = command.asked, computed.worker
        if isinstance(worker, GroupWorker):
            self.commands.begin(computed.id, worker, command)
            return
        self.changed.add(computed.id)
        if asked.call is not None:
            worker.call(asked.call, asked.input or {}, asked.at)
        else:
            worker.set(asked.set or {}, asked.at)
            computed.forced |= (asked.set or {}).keys()
        self.stir(computed)
        self.drain(asked.at)
        if asked.call is not None:
            self.fold.control.answer(command, Sign.MATCHED)

    # time

    @property
    def next_moment(self) -> int | None:
        """Wall time at which a tick is wanted for calendars."""
        moments = (worker.moment for worker in self._timed.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, wall: int, elapsed: int) -> None:
        before, self._wall = self._wall, wall
        back = wall < before - SET_BACK_US
        for id, worker in self._timed.items():
            moment = worker.moment
            if back:
                worker.clock_set_back()
            elif moment is not None and moment <= wall:
                worker.due("cycle")
            else:
                continue
            self.stir(self.computed[id])
        self.drain(wall)

    def due(self, key: str) -> None:
        id, _bar, what = key.partition("|")
        computed = self.computed.get(id)
        if computed is not None:
            computed.worker.due(what)
            self.stir(computed)
            self.drain(self.fold.partition.wall)

    # what is told

    def stir(self, computed: Computed) -> None:
        """Something was fed to it: ask for its values, after those that it is computed from."""
        if computed.worker.stateful:
            self.changed.add(computed.id)
        if computed.id not in self._stirred:
            self._stirred.add(computed.id)
            if not self._ranked:
                self._rank()
            heapq.heappush(self._dirty, (computed.rank, computed.id))

    def drain(self, at: int) -> None:
        if self._draining or not self._dirty:
            return
        self._draining = True
        try:
            for _ in range(MAX_CHAIN):
                if not self._dirty:
                    return
                _rank, id = heapq.heappop(self._dirty)
                self._stirred.discard(id)
                self._tell(self.computed[id], at)
            self.fold.letter(DeadLetter(at, self._dirty[0][1], "computed", "too_many", WITHOUT_END))
            self._dirty, self._stirred = [], set()
        finally:
            self._draining = False

    def _tell(self, computed: Computed, at: int) -> None:
        twin = self.fold.partition.things[computed.id]
        index, now = twin.shape.index, twin.values
        forced, computed.forced = computed.forced, set()
        news = {
            key: value
            for key, value in computed.worker.values().items()
            if key in index and (key in forced or _differ(now[index[key]], value))
        }
        if news:
            self.fold.derive(twin, news, at, confirms=not isinstance(computed.worker, GroupWorker))
        events, computed.events = computed.events, []
        for event, fields, told_at in events:
            self.fold.derive_event(twin, event, fields, told_at)

    def _rank(self) -> None:
        """The order in which computed things are asked: each after those it is computed from."""
        self._ranked = True
        ranks: dict[str, int] = {}

        def rank(id: str) -> int:
            if id not in ranks:
                ranks[id] = 0  # in a ring, which no door lets in, this ends it
                used = [use.thing for use in uses(self.computed[id].definition) if use.thing in self.computed]
                ranks[id] = 1 + max((rank(each) for each in used), default=-1)
            return ranks[id]

        for id, computed in self.computed.items():
            computed.rank = rank(id)
        self._dirty = sorted((self.computed[id].rank, id) for _rank, id in self._dirty if id in self.computed)

    # what steers them

    @property
    def steered_by(self) -> tuple[type, ...]:
        return (PlacePut, PlaceRemoved)

    def steer(self, entry: Entry) -> None:
        for id, computed in list(self.computed.items()):
            # what lies in what, where it is and which zone it has may be others now
            if id in self._pickers or isinstance(computed.definition, PLACED):
                self._again(computed)
        self.drain(self.fold.partition.wall)

    def _put(self, twin: Twin) -> None:
        """A computed thing is new, or its definition is."""
        before = self.computed.get(twin.id)
        twin.hand = self
        try:
            computed = Computed(self, twin)
        except UnisonoError as error:
            self.fold.letter(DeadLetter(self.fold.partition.wall, twin.id, "computed", error.code, str(error)))
            return
        same = before is not None and type(before.definition) is type(computed.definition)
        if before is not None:
            self._forget(before)
        if before is not None and same and computed.worker.lasting:
            computed.worker.restore(before.worker.saved())
        else:
            computed.worker.begin()
        self._take(computed)
        self.changed.add(computed.id)
        self.removed.discard(computed.id)
        self.stir(computed)

    def things_changed(self, id: str) -> None:
        twin = self.fold.partition.things.get(id)
        before = self.computed.get(id)
        if twin is None or not is_computed(twin):
            if before is not None:
                self._remove(id)
        elif before is None or before.version != twin.version:
            self._put(twin)
        for user in sorted(self._named.get(id, ())):
            if not isinstance(self.computed[user].worker, GroupWorker):
                self._again(self.computed[user])
        for group in sorted({*self._pickers, *self._named.get(id, ())}):
            worker = self.computed[group].worker
            if isinstance(worker, GroupWorker) and group != id:
                self._member(self.computed[group], worker, id)
        self._mark(id)
        self.drain(self.fold.partition.wall)

    def recall(self, told: Mapping[str, Mapping[str, Any]]) -> None:
        """Computed things go on from what they told last, by thing and key: what was kept of them is lost."""
        for id, values in told.items():
            computed = self.computed.get(id)
            if computed is not None:
                computed.worker.recall(values)
                self.changed.add(id)
                self.stir(computed)
        self.drain(self.fold.partition.wall)

    def _member(self, computed: Computed, worker: GroupWorker, id: str) -> None:
        concerned, feed = worker.changed(id)
        if not concerned:
            return
        self._unhook(computed, id)
        if feed is not None:
            self._hook(computed, feed)
        self.stir(computed)

    def _remove(self, id: str) -> None:
        self._forget(self.computed.pop(id))
        self.commands.forget(id)
        twin = self.fold.partition.things.get(id)
        if twin is not None:
            twin.hand = None
        self.changed.discard(id)
        self.removed.add(id)

    def _again(self, before: Computed) -> None:
        """The same definition, with the things as they are now."""
        computed = Computed(self, before.twin)
        computed.worker.restore(before.worker.saved())
        self._forget(before)
        self._take(computed)
        self.changed.add(computed.id)
        self.stir(computed)

    def _take(self, computed: Computed) -> None:
        """Put it into every index."""
        id, worker = computed.id, computed.worker
        self.computed[id] = computed
        self._ranked = False
        for use in uses(computed.definition):
            self._named[use.thing].add(id)
        for feed in worker.feeds:
            self._hook(computed, feed)
        if isinstance(worker, GroupWorker) and worker.picks:
            self._pickers[id] = worker
        if type(worker).moment is not Worker.moment:
            self._timed[id] = worker
        self.fold.partition.things[id].hand = self

    def _hook(self, computed: Computed, feed: Feed) -> None:
        twin = self.fold.partition.things.get(feed.thing)
        if twin is None:
            return
        watched = self._watched.setdefault(feed.thing, Watched(self))
        if feed.event is not None:
            watched.events[feed.event].append(Watch(0, feed.take, computed))
        elif feed.property is None:
            watched.links.append(Watch(0, feed.take, computed))
        else:
            index = find_index(twin, feed.property)
            if index is not None:
                watched.values.append(Watch(index, feed.take, computed))
        self._mark(feed.thing)

    def _unhook(self, computed: Computed, thing: str) -> None:
        watched = self._watched.get(thing)
        if watched is not None and not watched.drop(computed):
            del self._watched[thing]
            twin = self.fold.partition.things.get(thing)
            if twin is not None:
                twin.watch(watched, False)

    def _forget(self, computed: Computed) -> None:
        """Take it out of every index again."""
        for feed in computed.worker.feeds:
            self._unhook(computed, feed.thing)
        for use in uses(computed.definition):
            self._named[use.thing].discard(computed.id)
            if not self._named[use.thing]:
                del self._named[use.thing]
        self._pickers.pop(computed.id, None)
        self._timed.pop(computed.id, None)
        self._ranked = False

    def _mark(self, thing: str) -> None:
        """Let a thing tell what is fed by it."""
        twin, watched = self.fold.partition.things.get(thing), self._watched.get(thing)
        if twin is not None and watched is not None:
            twin.watch(watched, True)

    # keeping

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        changed, self.changed = self.changed, set()
        removed, self.removed = self.removed, set()
        rows: list[tuple[str, object]] = [
            (f"{self.name}:{id}", self.computed[id].saved()) for id in sorted(changed) if id in self.computed
        ]
        rows += self.commands.saved()
        return rows, [f"{self.name}:{id}" for id in sorted(removed)]

    def not_saved(self) -> None:
        self.changed |= self.computed.keys()
        self.commands.changed = True

    def restore_row(self, key: str, row: memoryview) -> None:
        if key == self.commands.row:
            self.commands.restore(row)
        else:
            self._saved.append(_saved_decoder.decode(row))

    def restored(self, wall: int, elapsed: int) -> None:
        self._wall = wall
        saved, self._saved = {each.id: each.state for each in self._saved}, []
        for twin in sorted(filter(is_computed, self.fold.partition.things.values()), key=lambda twin: twin.id):
            twin.hand = self
            try:
                computed = Computed(self, twin)
                if twin.id in saved:
                    computed.worker.restore(saved[twin.id])
                else:  # what was kept of it was damaged
                    computed.worker.begin()
            except UnisonoError as error:
                self.fold.letter(DeadLetter(wall, twin.id, "computed", error.code, str(error)))
                continue
            self._take(computed)


def _differ(now: Any, value: Any) -> bool:
    """A number that became a text of the same looks, or 1 and true, are others."""
    return type(now) is not type(value) or bool(now != value)
