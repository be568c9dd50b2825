"""Telling people of alarms, and the lines of their history: who is told what, when it is too much, what happened.

Part of the fold. Knows the world, the rates of root places and what has been told. Which alarms there are is `alarms`'
business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unisono.scene.alarm.alarm import Alarm
from unisono.scene.alarm.facts import Facts, Transition
from unisono.scene.alarm.flood import FLOOD_BEGINS, FLOOD_ENDS, MINUTE_US, Rate
from unisono.scene.alarm.state import State
from unisono.scene.running.filling import fill
from unisono.scene.running.runner import Effect
from unisono.scene.world import World

__all__ = ["WORDS", "Calling"]

#: Priority of a notice by severity, where the definition names none.
PRIORITIES = {"critical": "critical", "high": "high", "medium": "normal", "low": "low", "diagnostic": "low"}
#: From the least to the one that quiet hours never hold back.
STEPS = ("low", "normal", "high", "critical")
#: What stands in the texts of an alarm beside properties.
WORDS = ("name", "value")
#: In a flood only these are told one by one; the others are on the list.
TOLD_IN_A_FLOOD = ("critical", "high")


class Calling:
    """``remind(after_us, key)`` sets one of the partition's timers; ``post`` takes what is to be told to people.

    ``new``: lines of history that nobody keeps yet (`take`). ``raised``: how often people were called in this life.
    ``on_line`` is told of each line.
    """

    def __init__(self, world: World, remind: Callable[[int, str], None], post: Callable[[Effect], None]) -> None:
        self.world = world
        self.rates: dict[str, Rate] = {}
        self.new: list[Transition] = []
        self.on_line: Callable[[Transition], None] | None = None
        self.number = 0
        self.raised = 0
        self._taken: list[Transition] = []
        self._effects = 0
        self._remind_fold = remind
        self._post = post
        self._changed: set[str] = set()
        self._restoring = False
        self._last = self._before = 0  # elapsed times of the last tick and of the one before

    # time

    @property
    def elapsed(self) -> int:
        return self.world.elapsed

    @property
    def wall(self) -> int:
        return self.world.wall

    def began(self, at: int) -> int:
        return max(self._before, self.world.elapsed - max(0, self.world.wall - at))

    def remind(self, after_us: int, key: str) -> None:
        if not self._restoring:  # what was set before is among the partition's own
            self._remind_fold(after_us, key)

    # words

    def describe(self, alarm: Alarm) -> str:
        return self._fill(alarm, alarm.definition.text or "{name}: " + alarm.definition.name)

    def guidance(self, alarm: Alarm) -> tuple[str, str]:
        """Consequence and action, with values as they are now."""
        return self._fill(alarm, alarm.definition.consequence), self._fill(alarm, alarm.definition.action)

    def _fill(self, alarm: Alarm, text: str) -> str:
        twin = self.world.things.get(alarm.facts.thing)
        name = twin.name if twin is not None else alarm.facts.thing
        return fill(
            text, self.world, this=alarm.facts.thing, words=dict(zip(WORDS, (name, alarm.facts.value), strict=True))
        )

    # telling people

    def notify(self, alarm: Alarm) -> None:
        notice = alarm.definition.notify
        if notice is None:
            return
        rate = self.rates.get(self._root(alarm))
        if rate is not None and rate.flood and alarm.definition.severity not in TOLD_IN_A_FLOOD:
            rate.held += 1
            return
        self._tell_people(alarm, list(notice.to), self._priority(alarm), "")

    def escalate(self, alarm: Alarm) -> None:
        escalation = alarm.definition.escalate
        assert escalation is not None
        to = escalation.to or (alarm.definition.notify.to if alarm.definition.notify is not None else ())
        mark = f"({alarm.facts.calls}/{escalation.times}) "
        higher = STEPS.index(self._priority(alarm)) + alarm.facts.calls
        self._tell_people(alarm, list(to), escalation.priority or STEPS[min(higher, len(STEPS) - 1)], mark)

    def recall(self, alarm: Alarm) -> None:
        self._recall(alarm.id, alarm.id, alarm.facts.raised, alarm.facts.cleared)

    def _recall(self, about: str, group: str, since: int, over: int) -> None:
        self._effect(about, {"group": group, "since": since, "over": over, "recall": True})

    def _priority(self, alarm: Alarm) -> str:
        """At which people are told that it was raised."""
        notice = alarm.definition.notify
        given = notice.priority if notice is not None else None
        return given or PRIORITIES[alarm.definition.severity]

    def _tell_people(self, alarm: Alarm, to: list[str], priority: str, mark: str) -> None:
        facts = alarm.facts
        _consequence, action = self.guidance(alarm)
        text = facts.text + (f"\n{action}" if action else "")
        told: dict[str, Any] = {"to": to, "title": mark + alarm.definition.name, "text": text, "priority": priority}
        if alarm.lasting:
            facts.told = facts.active
            told |= {"since": facts.raised, "over": 0 if facts.active else facts.cleared}
        twin = self.world.things.get(facts.thing)
        self._effect(alarm.id, {**told, "group": alarm.id, "place": twin.place if twin is not None else None})

    def _effect(self, about: str, body: dict[str, Any]) -> None:
        self._effects += 1
        self._changed.add("")
        # a notice is known by its id: another partition counts too, and this one anew after its checkpoint was lost
        id = f"alarm-{about}-{self.wall}-{self._effects}"
        self._post(Effect(id, "", "notify", body, self.wall))

    def _root(self, alarm: Alarm) -> str:
        twin = self.world.things.get(alarm.facts.thing)
        return twin.root if twin is not None else ""

    def rang(self, alarm: Alarm, times: int) -> None:
        root = self._root(alarm)
        rate = self.rates.setdefault(root, Rate(root))
        rate.ring(self.elapsed, times)
        self.raised += times
        self._changed.add("")
        count = rate.in_ten_minutes(self.elapsed)
        if rate.flood or count <= FLOOD_BEGINS:
            return
        rate.flood, rate.since, rate.held = True, self.wall, 0
        self.remind(MINUTE_US, f"|{root}")
        self._line(Transition(0, self.wall, "", "", "", root, root, "", "flood_began", "", "", count))
        notice = alarm.definition.notify
        if notice is not None:
            text = f"{count} alarms in ten minutes at {root}. Until it is over only critical and high ones are told."
            told = {"to": [*notice.to], "title": "Alarm flood", "text": text, "priority": "high"}
            self._effect(root, {**told, "group": f"flood.{root}", "place": root})

    def _flood_due(self, root: str) -> None:
        rate = self.rates[root]
        self._changed.add("")
        if rate.in_ten_minutes(self.elapsed) >= FLOOD_ENDS:
            self.remind(MINUTE_US, f"|{root}")
            return
        rate.flood = False
        self._recall(root, f"flood.{root}", rate.since, self.wall)
        self._line(Transition(0, self.wall, "", "", "", root, root, "", "flood_ended", "", "", rate.held))

    # history

    def tell(self, alarm: Alarm, act: str, before: State, at: int, by: dict[str, str], comment: str) -> None:
        self._write(alarm.facts, act, before, alarm.state, at, by, comment)

    def _write(
        self, facts: Facts, act: str, before: State, after: State, at: int, by: dict[str, str], comment: str
    ) -> None:
        twin = self.world.things.get(facts.thing)
        place, root = (twin.place, twin.root) if twin is not None else ("", "")
        what, now = (facts.id, facts.definition, facts.thing, place, root), (facts.value, facts.text)
        self._line(Transition(0, at, *what, facts.severity, act, before.value, after.value, *now, by, comment))

    def _line(self, line: Transition) -> None:
        self.number += 1
        line.number = self.number
        self._changed.add("")
        self.new.append(line)
        if self.on_line is not None:
            self.on_line(line)

    def take(self) -> list[Transition]:
        """The new lines, to be kept together with the checkpoint of this moment; `kept` or `not_kept` follows."""
        self._taken += self.new
        self.new = []
        return list(self._taken)

    def kept(self) -> None:
        self._taken = []

    def not_kept(self) -> None:
        self.new, self._taken = self._taken + self.new, []

    @property
    def recent(self) -> list[Transition]:
        """Lines that may not be kept yet, oldest first."""
        return self._taken + self.new
