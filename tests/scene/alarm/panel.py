"""A fold with scenes and alarms, driven by hand."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.scene.stage import SECOND, Stage
from unisono.scene.alarm.alarms import Alarms
from unisono.scene.alarm.document import load_alarm
from unisono.scene.alarm.facts import Transition
from unisono.twin.partition import Partition
from unisono.twin.record import AlarmAct, AlarmPut, AlarmRemoved, Entry

WEI = {"kind": "person", "id": "wei"}


class Panel(Stage):
    """``history``: everything that happened to alarms, over crashes."""

    def _new(self, partition: Partition) -> None:
        super()._new(partition)

        def remind(after_us: int, key: str) -> None:
            partition.remind(after_us / SECOND, Alarms.name, key)

        self.alarms = Alarms(self.engine.world, remind, self.engine.post)
        partition.observe(self.alarms)
        partition.listeners.append(self.alarms)
        self.history: list[Transition] = getattr(self, "history", [])
        self.rows: dict[str, bytes] = getattr(self, "rows", {})

    def put(self, *entries: Entry) -> None:
        super().put(*entries)
        while self.alarms.wants_tick:
            self._tick()
        self.keep()

    def _tick(self) -> None:
        super()._tick()
        self.keep()

    def keep(self) -> None:
        """The registry takes in the new lines."""
        self.history += self.alarms.new
        self.alarms.new.clear()

    def crash(self) -> None:
        """As `Stage.crash`, any number of times: rows are kept as the registry keeps them."""
        partition = self.fold.partition
        state, rows, removed = partition.saved(partition.things.values(), partition.commands)
        self.rows.update(rows)
        for key in removed:
            self.rows.pop(key, None)
        self._new(Partition())
        self.fold.partition.restore_state(state)
        damaged = self.fold.partition.restore_rows(self.rows.items())
        assert not damaged, damaged

    # alarms

    def define(self, text: str, version: int = 1) -> str:
        """Save a definition; ``id``, ``name`` and ``place`` are added where they are missing."""
        text = textwrap.dedent(text).strip() + "\n"
        head = "" if "\nid:" in f"\n{text}" else "id: a\n"
        for name, value in (("name", "Too warm"), ("place", "home")):
            if f"\n{name}:" not in f"\n{text}":
                head += f"{name}: {value}\n"
        document = (head + text).encode()
        id = load_alarm(document).id
        self.put(AlarmPut(id, version, document, self.wall, WEI))
        return id

    def undefine(self, id: str = "a") -> None:
        self.put(AlarmRemoved(id, self.wall, WEI))

    def act(self, act: str, alarm: str = "a.probe", for_s: float = 0.0, comment: str = "") -> None:
        self.put(AlarmAct(alarm, act, self.wall, WEI, comment, for_s))

    def state(self, alarm: str = "a.probe") -> str:
        found = self.alarms.alarms.get(alarm)
        return found.state.value if found is not None else "gone"

    def acts(self, alarm: str = "a.probe") -> list[str]:
        """What happened to an alarm."""
        return [line.act for line in self.history if line.alarm == alarm]

    @property
    def told(self) -> list[dict[str, Any]]:
        """Notices to people."""
        return [effect.body for effect in self.engine.effects.values() if "recall" not in effect.body]

    @property
    def recalled(self) -> list[dict[str, Any]]:
        """What was said to be over to whoever has not heard of it yet."""
        return [effect.body for effect in self.engine.effects.values() if "recall" in effect.body]


def warm(text: str = "", **state: Any) -> Panel:
    """A probe at 20 degrees and an alarm above 25."""
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.define("raise: {change: {property: temperature, above: 25}}\n" + textwrap.dedent(text))
    return panel
