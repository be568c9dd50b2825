"""A stage with scenes and computed things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.scene.stage import SECOND, Stage
from unisono.scene.computed import Computer, Definition, load_computed, model_id, model_of, settle
from unisono.thing import dump_model
from unisono.thing.model import Model
from unisono.twin.command import Command
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import Asked, ModelPut, Reports, Sent, ThingPut

__all__ = ["SECOND", "Workshop"]


class Workshop(Stage):
    """``rows``: all history rows of (thing, key) as (at, seq, value)."""

    def __init__(self, **facts: Any) -> None:
        self.series: dict[int, tuple[str, str]] = {}
        self.versions: dict[str, int] = {}
        self.asks = 0
        self.rows: dict[tuple[str, str], list[tuple[int, int, Any]]] = {}
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(**facts)

    def _new(self, partition: Partition) -> None:
        super()._new(partition)
        self.computer = Computer(self.fold, self.engine.world)
        partition.observe(self.computer)

    def put(self, *entries: Any) -> None:
        super().put(*entries)
        self._collect(self.fold.take_outcome())

    def _tick(self) -> None:
        super()._tick()
        self._collect(self.fold.take_outcome())

    def _collect(self, outcome: Outcome) -> None:
        series = self.series
        for first, thing, keys in outcome.new_series:
            series.update({first + i: (thing, key) for i, key in enumerate(keys)})
        for block in outcome.blocks.values():
            n = 0
            for first, count, at, seq in zip(block.series, block.counts, block.ats, block.seqs, strict=True):
                for i in range(count):
                    for offset, value in enumerate(block.tuples[n + i]):
                        if value is not block.shape.absent[offset]:
                            self.rows.setdefault(series[first + offset], []).append((at, seq + i, value))
                n += count
        for number, _at, _seq, text in outcome.texts:
            thing, key = series[number]
            self.events.append((thing, key.removeprefix("event/"), msgspec.json.decode(text)))

    def look(self, thing: str) -> Model | None:
        twin = self.fold.partition.things.get(thing)
        return twin.shape.model if twin is not None else None

    @property
    def definitions(self) -> dict[str, Definition]:
        return {id: each.definition for id, each in self.computer.computed.items()}

    def compute(self, id: str, document: Mapping[str, Any], place: str = "home") -> None:
        """Save a computed thing as the door does."""
        others = {other: each for other, each in self.definitions.items() if other != id}
        definition = settle(id, load_computed(document), self.look, others)
        version = self.versions[id] = self.versions.get(id, 0) + 1
        model = model_of(id, version, definition)
        self.put(
            ModelPut(model.id, version, dump_model(model)),
            ThingPut(id, id, model_id(id), version, place, "home", at=self.wall),
        )

    def reports(self, id: str, *states: Mapping[str, Any]) -> None:
        """A run of reports in one entry."""
        self.put(Reports(id, id, "state", self.wall, [msgspec.json.encode(state) for state in states]))

    def value(self, id: str, key: str) -> Any:
        """What a thing's property is, or None."""
        state = self.fold.partition.things[id].state()
        return state[key][0] if key in state else None

    def state(self, id: str) -> dict[str, Any]:
        return {key: value for key, (value, _at) in self.fold.partition.things[id].state().items()}

    def ask(self, thing: str, set: dict[str, Any] | None = None, call: str | None = None, **given: Any) -> Command:
        """A person's command, as the owner takes it."""
        from unisono.twin.record import Tick

        self.asks += 1
        asked = Asked(f"c{self.asks}", thing, self.wall, {"kind": "person", "id": "wei"}, set, call, given or None)
        self.fold.control.check(asked)
        self.put(Tick(self.wall, self.elapsed), asked)
        return self.fold.partition.commands[asked.id]

    def obey(self) -> None:
        self.sent()
        for command in self.commands:
            twin = self.fold.partition.things.get(command.asked.thing)
            if command.open and command.asked.set is not None and twin is not None and twin.hand is None:
                self.report(twin.id, **command.asked.set)

    def sent(self) -> None:
        for command in self.commands:
            twin = self.fold.partition.things.get(command.asked.thing)
            if command.state.value == "queued" and twin is not None and twin.hand is None:
                self.put(Sent(command.asked.id, self.wall))

    def told(self, thing: str) -> list[str]:
        return [event for told, event, _fields in self.events if told == thing]
