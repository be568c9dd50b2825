"""All state of one partition: its things, models, commands, timers and dead letters, and how it is saved.

Pure data and its invariants; the rules of change are in `fold` and `control`. A checkpoint keeps it as keyed rows, so
that only what changed is written: a thing's id, ``model:<id>@<version>``, ``command:<id>``, ``place:<id>``,
``dead``, and those of its observers, ``<name>:<key>``.
"""

from __future__ import annotations

import heapq
import zlib
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from unisono.errors import UnisonoError
from unisono.thing import load_model
from unisono.thing.shape import Shape, compile_model
from unisono.twin.command import Command
from unisono.twin.deadletter import DeadLetters, DeadLettersSaved
from unisono.twin.observer import Follower, Listener, Observer
from unisono.twin.places import Place, Places
from unisono.twin.record import ModelPut
from unisono.twin.resend import Resends, ResendsSaved
from unisono.twin.safety import Safety
from unisono.twin.twin import Saved, Twin, restore, save

__all__ = ["Partition", "PartitionSaved"]

#: The longest wait for anything, ten years: beyond, somebody's arithmetic went wrong, and sums must fit 64 bits.
MAX_WAIT_S = 10 * 366 * 86_400.0
#: Ended commands that can still be looked up; the audit of all of them is in the registry.
KEEP_ENDED = 10_000
#: Timers of ended commands that may lie about, beside as many as there are living ones.
IDLE_TIMERS = 40_000
#: So many one command leaves behind at most: of its ttl, its time-out, sending once more, and standing still.
TIMERS_A_COMMAND = 4


class PartitionSaved(msgspec.Struct, array_like=True):
    """What every checkpoint writes anew; small."""

    position: int
    next_series: int
    wall: int
    elapsed: int
    timers: list[tuple[int, str, str]]
    resends: ResendsSaved


class Partition:
    """The state that a replay must reproduce. ``wall`` and ``elapsed`` are microseconds, from the last tick.

    ``held``: commands that wait until an interlock can be judged.
    """

    def __init__(self) -> None:
        self.position = 0
        self.next_series = 1
        self.wall = 0
        self.elapsed = 0
        self.things: dict[str, Twin] = {}
        self.shapes: dict[tuple[str, int], Shape] = {}
        self.parts: dict[str, dict[str, None]] = {}
        self.commands: dict[str, Command] = {}
        self.places = Places()
        self.dead_letters = DeadLetters()
        self.resends = Resends()
        self.observers: list[Observer] = []
        self.on_ended: list[Callable[[Command], None]] = []  # who is told of commands that ended
        self.named: dict[str, Observer] = {}
        self.steered: dict[type, tuple[Observer, ...]] = {}
        self.listeners: list[Listener] = []
        self.follower: Follower | None = None
        self.held: dict[str, None] = {}
        self.removed: set[str] = set()
        self._ended: deque[str] = deque()
        self._kept: set[str] = set()  # commands that have a row in the checkpoint
        self._idle = 0  # at most so many timers are of commands that have ended
        self._turn = 0
        self._sleepers: set[str] = set()
        self._timers: list[tuple[int, str, str]] = []
        self._models: dict[tuple[str, int], bytes] = {}
        self._new_models: set[tuple[str, int]] = set()
        self.safety = Safety(self)
        self.observe(self.safety)

    def observe(self, observer: Observer) -> None:
        """Let it see what is folded from now on, after those that are there; before `restore_rows`."""
        self.observers.append(observer)
        self.named[observer.name] = observer
        if observer.ended is not None:
            self.on_ended.append(observer.ended)
        for entry in observer.steered_by:
            self.steered[entry] = (*self.steered.get(entry, ()), observer)

    # timers

    def remind(self, after_s: float, kind: str, key: str) -> int:
        """Set a timer, and return when it is due (elapsed microseconds). A thing has one ``sleep`` timer at most."""
        if not 0 < after_s < MAX_WAIT_S:
            after_s = MAX_WAIT_S if after_s > 0 else 0.0
        due = self.elapsed + int(after_s * 1_000_000)
        if kind == "sleep":
            if key in self._sleepers:
                return due
            self._sleepers.add(key)
        heapq.heappush(self._timers, (due, kind, key))
        return due

    def due(self) -> Iterable[tuple[str, str]]:
        """Take the timers that have run out, oldest first."""
        while self._timers and self._timers[0][0] <= self.elapsed:
            _due, kind, key = heapq.heappop(self._timers)
            if kind == "sleep":
                self._sleepers.discard(key)
            yield kind, key

    @property
    def next_due(self) -> int | None:
        """Elapsed microseconds at which a tick is wanted, or None."""
        return self._timers[0][0] if self._timers else None

    # parents, models and commands

    def put_under(self, twin: Twin, parent: str | None) -> None:
        """Make the thing a part of ``parent``; ``parts`` holds the ids of every parent's parts."""
        if twin.parent is not None and twin.parent in self.parts:
            siblings = self.parts[twin.parent]
            siblings.pop(twin.id, None)
            if not siblings:
                del self.parts[twin.parent]
        # a line may tell of a part before its new parent is in the log; what an earlier parent said counts no more
        twin.apart = twin.apart and twin.parent in (None, parent)
        twin.parent = parent
        if parent is not None:
            self.parts.setdefault(parent, {})[twin.id] = None

    def put_model(self, id: str, version: int, document: bytes, shape: Shape) -> None:
        if (id, version) not in self.shapes:  # a version never changes; a second put is a repetition
            self.shapes[id, version] = shape
            self._models[id, version] = document
            self._new_models.add((id, version))

    def ended(self, command: Command) -> None:
        """The command reached an end: it stays to be looked up until the bound pushes it out."""
        self._turn += 1
        command.turn = self._turn
        ended = self._ended
        ended.append(command.asked.id)
        while len(ended) > KEEP_ENDED:
            gone = ended.popleft()
            self.commands.pop(gone, None)
            if gone in self._kept:
                self._kept.discard(gone)
                self.removed.add(f"command:{gone}")
        self._idle += TIMERS_A_COMMAND
        if self._idle > len(self._timers) // 2 and self._idle > IDLE_TIMERS:
            self._drop_idle()

    def _drop_idle(self) -> None:
        """Forget the timers of commands that have ended: a lamp that scenes switch a thousand times a second leaves as
        many behind, each for its minute."""
        self._timers = self._live_timers()  # the order of time is a heap
        self._idle = 0

    def _live_timers(self) -> list[tuple[int, str, str]]:
        """In order."""
        find = self.commands.get
        return sorted(
            [
                timer
                for timer in self._timers
                if timer[1] != "command" or ((command := find(timer[2])) is not None and command.ended is None)
            ]
        )

    # checkpoints

    def saved(self, twins: Iterable[Twin], commands: Iterable[str]) -> tuple[bytes, list[tuple[str, bytes]], list[str]]:
        """The checkpoint's state, its changed rows (key, bytes) and the removed keys. Clears what marks change."""
        encode = _sealed
        rows = [(twin.id, encode(save(twin))) for twin in twins if self.things.get(twin.id) is twin]
        rows += [
            (f"model:{id}@{version}", encode(ModelPut(id, version, self._models[id, version])))
            for id, version in sorted(self._new_models)
        ]
        there = [id for id in commands if id in self.commands]
        rows += [(f"command:{id}", encode(self.commands[id])) for id in there]
        self._kept.update(there)
        rows += [(f"place:{place.id}", encode(place)) for place in self.places if place.id in self.places.changed]
        if self.dead_letters.changed:
            rows.append(("dead", encode(self.dead_letters.saved())))
        gone = sorted({*self.removed, *(f"place:{id}" for id in self.places.removed)})
        for observer in self.observers:
            changed, unwatched = observer.saved()
            rows += [(key, encode(row)) for key, row in changed]
            gone += unwatched
        kept = {key for key, _row in rows}
        removed = [key for key in gone if key not in kept]
        state = PartitionSaved(
            self.position, self.next_series, self.wall, self.elapsed, self._live_timers(), self.resends.saved()
        )
        self.removed = set()
        self.places.changed, self.places.removed = set(), set()
        self._new_models = set()
        self.dead_letters.changed = False
        return encode(state), rows, removed

    def not_saved(self, removed: Iterable[str]) -> None:
        """What `saved` returned was not written: the next checkpoint has to take it up again."""
        self.removed.update(removed)
        for observer in self.observers:
            observer.not_saved()
        self.places.changed = {place.id for place in self.places}
        self._new_models.update(self._models)
        self.dead_letters.changed = True

    def restore_state(self, state: bytes) -> None:
        """Raises ``msgspec.DecodeError`` or ValueError for bytes that are no checkpoint."""
        saved = _state_decoder.decode(_unsealed(state))
        self.position, self.next_series = saved.position, saved.next_series
        self.wall, self.elapsed = saved.wall, saved.elapsed
        self._timers = list(saved.timers)
        self._sleepers = {key for _due, kind, key in saved.timers if kind == "sleep"}
        self.resends.restore(saved.resends)

    def restore_rows(self, rows: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
        """Take the rows in; returns (key, reason) of those that cannot be read, which are left out."""
        damaged: list[tuple[str, str]] = []
        twins: list[tuple[str, bytes]] = []
        for key, row in rows:
            if ":" not in key and key != "dead":
                twins.append((key, row))
                continue
            try:
                self._restore_other(key, row)
            except (msgspec.DecodeError, ValueError, UnisonoError) as error:
                damaged.append((key, str(error)))
        self._line_up()
        for key, row in twins:
            try:
                self._restore_twin(row)
            except (msgspec.DecodeError, ValueError) as error:
                damaged.append((key, str(error)))
        for observer in self.observers:
            observer.restored(self.wall, self.elapsed)
        # the next checkpoint writes them anew or takes them away: damage is told once
        self.removed.update(key for key, _reason in damaged)
        return damaged

    def _restore_twin(self, row: bytes) -> None:
        saved = _twin_decoder.decode(_unsealed(row))
        shape = self.shapes.get((saved.model, saved.version))
        if shape is None:
            raise ValueError(f"its model {saved.model} {saved.version} is missing")
        if saved.open:  # commands whose own row was damaged are gone
            there = self.commands
            saved.open = tuple(id for id in saved.open if (command := there.get(id)) is not None and command.open)
        twin = self.things[saved.id] = restore(saved, shape)
        if twin.parent is not None:
            self.parts.setdefault(twin.parent, {})[twin.id] = None

    def _line_up(self) -> None:
        """Ended commands in the order in which they ended, which decides who is forgotten first."""
        ended = sorted((command.turn, id) for id, command in self.commands.items() if not command.open)
        self._ended = deque(id for _turn, id in ended)
        self._turn = ended[-1][0] if ended else 0

    def _restore_other(self, key: str, row: bytes) -> None:
        if key.startswith("model:"):
            put = _model_decoder.decode(_unsealed(row))
            self.shapes[put.id, put.version] = compile_model(load_model(put.model))
            self._models[put.id, put.version] = put.model
        elif key.startswith("command:"):
            command = _command_decoder.decode(_unsealed(row))
            self.commands[command.asked.id] = command
            self._kept.add(command.asked.id)
            if command.held and command.open:
                self.held[command.asked.id] = None
        elif key.startswith("place:"):
            self.places.take(_place_decoder.decode(_unsealed(row)))
        elif (observer := self.named.get(key.partition(":")[0])) is not None:
            observer.restore_row(key, _unsealed(row))
        elif key == "dead":
            self.dead_letters = DeadLetters(_dead_decoder.decode(_unsealed(row)))


def _sealed(value: object) -> bytes:
    """The bytes of a row, after their CRC-32: a flipped bit must be seen, msgpack alone would read on."""
    data = _encoder.encode(value)
    return zlib.crc32(data).to_bytes(4) + data


def _unsealed(row: bytes) -> memoryview:
    data = memoryview(row)[4:]
    if zlib.crc32(data) != int.from_bytes(row[:4]):
        raise ValueError("the checksum does not fit")
    return data


_encoder = msgspec.msgpack.Encoder()
_state_decoder = msgspec.msgpack.Decoder(PartitionSaved)
_twin_decoder = msgspec.msgpack.Decoder(Saved)
_model_decoder = msgspec.msgpack.Decoder(ModelPut)
_command_decoder = msgspec.msgpack.Decoder(Command)
_place_decoder = msgspec.msgpack.Decoder(Place)
_dead_decoder = msgspec.msgpack.Decoder(DeadLettersSaved)
