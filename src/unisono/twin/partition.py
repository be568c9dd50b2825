"""All state of one partition: its things, models, commands, timers and dead letters, and how it is saved.

Pure data and its invariants; the rules of change are in `fold` and `control`. A checkpoint keeps it as keyed rows, so
that only what changed is written: a thing's id, ``model:<id>@<version>``, ``command:<id>``, ``dead``.
"""

from __future__ import annotations

import heapq
import zlib
from collections import deque
from collections.abc import Iterable

import msgspec

from unisono.thing import load_model
from unisono.thing.shape import Shape, compile_model
from unisono.twin.command import Command
from unisono.twin.deadletter import DeadLetters
from unisono.twin.record import ModelPut
from unisono.twin.resend import Resends, ResendsSaved
from unisono.twin.talk import DeadLetter
from unisono.twin.twin import Saved, Twin, restore, save

__all__ = ["Partition", "PartitionSaved"]

#: Ended commands that can still be looked up; the audit of all of them is in history.
KEEP_ENDED = 10_000


class PartitionSaved(msgspec.Struct, array_like=True):
    """What every checkpoint writes anew; small."""

    position: int
    next_series: int
    wall: int
    elapsed: int
    timers: list[tuple[int, str, str]]
    resends: ResendsSaved


class Partition:
    """The state that a replay must reproduce. ``wall`` and ``elapsed`` are microseconds, from the last tick."""

    def __init__(self) -> None:
        self.position = 0
        self.next_series = 1
        self.wall = 0
        self.elapsed = 0
        self.things: dict[str, Twin] = {}
        self.shapes: dict[tuple[str, int], Shape] = {}
        self.commands: dict[str, Command] = {}
        self.dead_letters = DeadLetters()
        self.resends = Resends()
        self.removed: set[str] = set()
        self._ended: deque[str] = deque()
        self._timers: list[tuple[int, str, str]] = []
        self._models: dict[tuple[str, int], bytes] = {}
        self._new_models: set[tuple[str, int]] = set()

    # timers

    def remind(self, after_s: float, kind: str, key: str) -> None:
        heapq.heappush(self._timers, (self.elapsed + int(after_s * 1_000_000), kind, key))

    def due(self) -> Iterable[tuple[str, str]]:
        """Take the timers that have run out, oldest first."""
        while self._timers and self._timers[0][0] <= self.elapsed:
            _due, kind, key = heapq.heappop(self._timers)
            yield kind, key

    @property
    def next_due(self) -> int | None:
        """Elapsed microseconds at which a tick is wanted, or None."""
        return self._timers[0][0] if self._timers else None

    # models and commands

    def put_model(self, id: str, version: int, document: bytes, shape: Shape) -> None:
        if (id, version) not in self.shapes:  # a version never changes; a second put is a repetition
            self.shapes[id, version] = shape
            self._models[id, version] = document
            self._new_models.add((id, version))

    def ended(self, id: str) -> None:
        """The command reached an end: it stays to be looked up until the bound pushes it out."""
        self._ended.append(id)
        while len(self._ended) > KEEP_ENDED:
            gone = self._ended.popleft()
            self.commands.pop(gone, None)
            self.removed.add(f"command:{gone}")

    # checkpoints

    def saved(self, twins: Iterable[Twin], commands: Iterable[str]) -> tuple[bytes, list[tuple[str, bytes]], list[str]]:
        """The checkpoint's state, its changed rows (key, bytes) and the removed keys. Clears what marks change."""
        encode = _sealed
        rows = [(twin.id, encode(save(twin))) for twin in twins if self.things.get(twin.id) is twin]
        rows += [
            (f"model:{id}@{version}", encode(ModelPut(id, version, self._models[id, version])))
            for id, version in sorted(self._new_models)
        ]
        rows += [(f"command:{id}", encode(self.commands[id])) for id in commands if id in self.commands]
        if self.dead_letters.changed:
            rows.append(("dead", encode(self.dead_letters.saved())))
        kept = {key for key, _row in rows}
        removed = [key for key in sorted(self.removed) if key not in kept]
        state = PartitionSaved(
            self.position, self.next_series, self.wall, self.elapsed, sorted(self._timers), self.resends.saved()
        )
        self.removed = set()
        self._new_models = set()
        self.dead_letters.changed = False
        return encode(state), rows, removed

    def not_saved(self, removed: Iterable[str]) -> None:
        """What `saved` returned was not written: the next checkpoint has to take it up again."""
        self.removed.update(removed)
        self._new_models.update(self._models)
        self.dead_letters.changed = True

    def restore_state(self, state: bytes) -> None:
        """Raises ``msgspec.DecodeError`` or ValueError for bytes that are no checkpoint."""
        saved = _state_decoder.decode(_unsealed(state))
        self.position, self.next_series = saved.position, saved.next_series
        self.wall, self.elapsed = saved.wall, saved.elapsed
        self._timers = list(saved.timers)
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
            except (msgspec.DecodeError, ValueError) as error:
                damaged.append((key, str(error)))
        self._ended = deque(
            command.asked.id
            for command in sorted(self.commands.values(), key=lambda command: command.ended or 0)
            if not command.open
        )
        decode = _twin_decoder.decode
        shapes, things = self.shapes, self.things
        for key, row in twins:
            try:
                saved = decode(_unsealed(row))
                things[saved.id] = restore(saved, shapes[saved.model, saved.version])
            except (msgspec.DecodeError, KeyError, ValueError) as error:
                damaged.append((key, str(error)))
        return damaged

    def _restore_other(self, key: str, row: bytes) -> None:
        if key.startswith("model:"):
            put = _model_decoder.decode(_unsealed(row))
            self.shapes[put.id, put.version] = compile_model(load_model(put.model))
            self._models[put.id, put.version] = put.model
        elif key.startswith("command:"):
            command = _command_decoder.decode(_unsealed(row))
            self.commands[command.asked.id] = command
        else:
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
_dead_decoder = msgspec.msgpack.Decoder(list[DeadLetter])
