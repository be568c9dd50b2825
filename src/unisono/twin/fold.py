"""The fold: one partition's log, entry by entry, into twins, history rows, presence and the life of commands.

Deterministic: everything that steers it is in the log, the clock included (`Tick`). Knows no storage, sockets or
clocks. Bad input ends as a dead letter with its reason and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from unisono.errors import CallerError, UnisonoError
from unisono.thing import load_model
from unisono.thing.shape import Shape, compile_model
from unisono.twin.control import Control
from unisono.twin.deadletter import excerpt
from unisono.twin.hearing import Hearing
from unisono.twin.outcome import DERIVED, SEQ_BITS, Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import (
    Asked,
    Batch,
    Denied,
    Entry,
    GatewayStarted,
    Listening,
    ModelPut,
    ModeSet,
    PlacePut,
    PlaceRemoved,
    Presence,
    Published,
    Refused,
    Reports,
    Sending,
    Sent,
    Stopped,
    ThingPut,
    ThingRemoved,
    Tick,
)
from unisono.twin.talk import DeadLetter
from unisono.twin.twin import SLEEP_GRACE, Twin

__all__ = ["Fold"]


class Fold(Hearing):
    """Folds batches into ``partition``; what each stretch brought is collected in ``outcome``."""

    def __init__(self, partition: Partition | None = None) -> None:
        super().__init__(partition or Partition())
        self.control = Control(self)
        self._derived = 0
        self._handlers: dict[type, Callable[[Any], None]] = {
            Reports: self._reports,
            Published: lambda entry: None,
            Presence: self._presence,
            GatewayStarted: self._gateway_started,
            Refused: self._refused,
            Listening: self._listening,
            ModelPut: self._model_put,
            ThingPut: self._thing_put,
            ThingRemoved: self._thing_removed,
            PlacePut: self._place_put,
            PlaceRemoved: self._place_removed,
            ModeSet: self._mode_set,
            Asked: self.control.asked,
            Sending: self.control.sending,
            Sent: self.control.sent,
            Stopped: self.control.stopped,
            Denied: self.control.denied,
            Tick: self._tick,
        }

    def apply(self, seq: int, size: int, batch: Batch) -> None:
        """Fold the log message ``seq`` of ``size`` bytes; sequences must ascend."""
        self.partition.resends.keep(seq, size, batch)
        if seq << SEQ_BITS != self._derived & ~(DERIVED * 2 - 1):  # a tick may come early, under the number before
            self._derived = seq << SEQ_BITS | DERIVED
        self._seq = seq << SEQ_BITS
        handlers = self._handlers
        entries = batch.entries
        done = 0
        unread = 0  # up to here lie reports that cannot all be read together
        while done < len(entries):
            entry = entries[done]
            if done >= unread and type(entry) is Reports and len(entry.payloads) == 1:
                twins = self._singles(entries, done)
                taken = done + len(twins)
                if twins and self._take_singles(cast("list[Reports]", entries[done:taken]), twins):
                    done = taken
                    continue
                unread = taken
            done += 1
            try:
                handlers.get(type(entry), self._steers)(entry)
            except Exception as error:  # noqa: BLE001 - one poisoned record must not stop a home, on no replay
                self._poisoned(entry, error)
        self.outcome.messages += self._seq - (seq << SEQ_BITS)
        self.partition.position = seq

    def take_outcome(self) -> Outcome:
        """What came since the last call."""
        outcome, self.outcome = self.outcome, Outcome()
        return outcome

    def _refused(self, entry: Refused) -> None:
        self.letter(DeadLetter(entry.at, entry.thing, entry.topic, entry.code, entry.detail, excerpt(entry.excerpt)))

    # what observers find out

    def derive(self, twin: Twin, given: dict[str, Any], at: int, *, confirms: bool = True) -> None:
        """Values of a computed thing, by key: they go the way of a report. ``confirms``: its commands may be done."""
        shape = twin.shape
        values = tuple(given.get(key, none) for key, none in zip(shape.keys, shape.absent, strict=True))
        mask = twin.take(values, at, dated=False)
        twin.seen = max(twin.seen, at)
        outcome = self.outcome
        outcome.touched[twin] = outcome.touched.get(twin, 0) | mask
        outcome.values += len(given)
        block = outcome.block(shape)
        block.tuples.append(values)
        block.series.append(twin.series)
        block.counts.append(1)
        block.ats.append(at)
        block.seqs.append(self._number_derived())
        if self.partition.follower is not None:
            self.partition.follower.derived(twin, given, at)
        if twin.open and confirms:
            self.control.reported(twin, given, at)
        for observer in twin.watchers:
            observer.reported(twin, values, at)

    def derive_event(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        """An event of a computed thing."""
        offset = twin.shape.series_keys.index(f"event/{event}")
        text = msgspec.json.encode(fields).decode()
        self.outcome.texts.append((twin.series + offset, at, self._number_derived(), text))
        self.outcome.touched.setdefault(twin, 0)
        if self.partition.follower is not None:
            self.partition.follower.derived_event(twin, event, fields, at)
        for observer in twin.watchers:
            observer.told(twin, event, fields, at)
        for listener in self.partition.listeners:
            listener.overheard(twin, event, fields, at)

    def _number_derived(self) -> int:
        number = self._derived
        # the last number is kept for all beyond: eight million rows of one message are somebody's mistake
        self._derived += (number + 1) >> SEQ_BITS == number >> SEQ_BITS
        return number

    # who is there

    def _presence(self, entry: Presence) -> None:
        twin = self.partition.things.get(entry.thing)
        if twin is None:
            return
        if entry.carried:
            self._within(twin, entry)
            return
        was = bool(twin.connections)
        if entry.online:
            twin.connections[entry.epoch] = entry.gateway
        elif twin.connections.pop(entry.epoch, None) is None:
            return  # a late "offline" of a connection that was taken over
        else:
            self.partition.resends.left(entry)
            twin.listening.pop(entry.epoch, None)
        twin.seen = max(twin.seen, entry.at)
        self._came_or_went(twin)
        if was != bool(twin.connections):
            self._carried(twin)
        if twin.sleep_s:
            twin.heard = True
            self._awake(twin)

    def _within(self, twin: Twin, entry: Presence) -> None:
        """A part came or went by itself, while its parent's connection stays."""
        if twin.apart == entry.online:
            twin.apart = not entry.online
            twin.seen = max(twin.seen, entry.at)
            self._came_or_went(twin)

    def _gateway_started(self, entry: GatewayStarted) -> None:
        self.partition.resends.all_left(entry)
        for twin in self.partition.things.values():
            if not twin.connections:
                continue
            kept = {epoch: gateway for epoch, gateway in twin.connections.items() if gateway != entry.gateway}
            if len(kept) != len(twin.connections):
                twin.listening = {
                    epoch: topics
                    for epoch, topics in twin.listening.items()
                    if epoch not in twin.connections.keys() - kept
                }
                twin.connections = kept
                self._came_or_went(twin)
                if not kept:
                    self._carried(twin)

    def _listening(self, entry: Listening) -> None:
        twin = self.partition.things.get(entry.thing)
        if twin is None:
            return
        parent = self.partition.things.get(twin.parent or "")
        open_now = twin.connections if parent is None else twin.connections.keys() | parent.connections.keys()
        twin.listening = {epoch: topics for epoch, topics in twin.listening.items() if epoch in open_now}
        if entry.epoch not in open_now:
            return  # said by a connection that has ended
        twin.listening[entry.epoch] = sorted({*twin.listening.get(entry.epoch, ()), *entry.topics})
        self.outcome.touched.setdefault(twin, 0)
        self.control.listening(twin, entry.topics, named=entry.named)

    def _carried(self, parent: Twin) -> None:
        """A thing's connection carries its parts: with the first they are there, with the last they are gone."""
        things = self.partition.things
        for id in self.partition.parts.get(parent.id, ()):
            if not things[id].online and things[id].carried:
                self.outcome.presence[things[id]] = None

    def _came_or_went(self, twin: Twin) -> None:
        self.outcome.presence[twin] = None
        self.outcome.touched.setdefault(twin, 0)
        for observer in twin.watchers:
            observer.linked(twin, twin.seen)
        for listener in self.partition.listeners:
            listener.came_or_went(twin, twin.seen)

    def _awake(self, twin: Twin) -> None:
        """A sleeping thing spoke: it counts as there until it has missed its interval."""
        if not twin.sleeping:
            twin.sleeping = True
            twin.missed = 0
            self.partition.remind(twin.sleep_s, "sleep", twin.id)
            self._came_or_went(twin)

    # what steers the fold

    def _model_put(self, entry: ModelPut) -> None:
        try:
            shape = compile_model(load_model(entry.model))
            if (shape.model.id, shape.model.version) != (entry.id, entry.version):
                raise CallerError(f"it says it is {shape.model.id} {shape.model.version}", code="bad_model")
        except UnisonoError as error:
            topic = f"model/{entry.id}@{entry.version}"
            self.letter(DeadLetter(self.partition.wall, "", topic, error.code, str(error), excerpt(entry.model)))
            return
        self.partition.put_model(entry.id, entry.version, entry.model, shape)

    def _thing_put(self, entry: ThingPut) -> None:
        partition = self.partition
        shape = partition.shapes.get((entry.model, entry.model_version))
        if shape is None:
            self.letter(
                DeadLetter(
                    entry.at, entry.id, "thing", "bad_model", f"model {entry.model} {entry.model_version} is missing"
                )
            )
            return
        twin = partition.things.get(entry.id)
        if twin is None:
            twin = partition.things[entry.id] = Twin(entry.id, shape, self._new_series(entry.id, shape))
        elif twin.shape is not shape:
            twin.reshape(shape, self._new_series(entry.id, shape))
        twin.name, twin.place, twin.root = entry.name, entry.place, entry.root
        partition.put_under(twin, entry.parent)
        twin.sleep_s, twin.names = entry.sleep_s, entry.names
        self.outcome.touched.setdefault(twin, 0)
        for observer in self.partition.observers:
            observer.things_changed(entry.id)

    def _new_series(self, thing: str, shape: Shape) -> int:
        first = self.partition.next_series
        self.partition.next_series += len(shape.series_keys)
        self.outcome.new_series.append((first, thing, shape.series_keys))
        return first

    def _thing_removed(self, entry: ThingRemoved) -> None:
        twin = self.partition.things.pop(entry.id, None)
        if twin is None:
            return
        self.partition.put_under(twin, None)
        self.partition.removed.add(entry.id)
        self.outcome.touched.pop(twin, None)
        self.outcome.presence.pop(twin, None)
        self.control.removed(twin, entry.at)
        for observer in self.partition.observers:
            observer.things_changed(entry.id)

    def _place_put(self, entry: PlacePut) -> None:
        self.partition.places.put(entry)
        self._steers(entry)

    def _place_removed(self, entry: PlaceRemoved) -> None:
        self.partition.places.remove(entry.id)
        self._steers(entry)

    def _mode_set(self, entry: ModeSet) -> None:
        self.partition.places.set_mode(entry.place, entry.mode)
        self._steers(entry)

    def _steers(self, entry: Entry) -> None:
        """What an observer is steered by. What cannot be is a letter; its door should not have let it in."""
        for observer in self.partition.steered.get(type(entry), ()):
            try:
                observer.steer(entry)
            except UnisonoError as error:
                topic = f"{type(entry).__name__}/{getattr(entry, 'id', '')}"
                self.letter(DeadLetter(self.partition.wall, "", topic, error.code, str(error)))

    def _tick(self, entry: Tick) -> None:
        partition = self.partition
        partition.wall = entry.at
        partition.elapsed = max(partition.elapsed, entry.elapsed)
        for observer in partition.observers:
            observer.tick(partition.wall, partition.elapsed)
        for kind, key in partition.due():
            if kind == "sleep":
                self._asleep(key)
            elif kind == "command":
                self.control.due(key)
            elif (named := partition.named.get(kind)) is not None:
                named.due(key)

    def _asleep(self, thing: str) -> None:
        twin = self.partition.things.get(thing)
        if twin is None or not twin.sleeping:
            return
        twin.missed = 0 if twin.heard else twin.missed + 1
        if twin.missed < SLEEP_GRACE and twin.sleep_s:
            twin.heard = False
            self.partition.remind(twin.sleep_s, "sleep", thing)
            self.outcome.touched.setdefault(twin, 0)
            return
        twin.sleeping = False
        self._came_or_went(twin)
