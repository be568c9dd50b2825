"""What opens and closes: a lock that can jam, blinds and a garage door that take their time.

Knows motors and bolts. A door that stands open cannot be locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, number, switch
from unisono.sim.home.air import Room
from unisono.sim.home.household import Household

__all__ = ["Cover", "GarageDoor", "Lock"]

BOLT_S = 1.2
JAM_SHARE = 0.01  # one locking in a hundred: the door hangs or was not pulled shut
LOCK_BATTERY_PER_S = 100.0 / (270 * 86_400)  # a set of cells lasts nine months
LOCK_BATTERY_PER_TURN = 0.01
COVER_PER_S = 12.5  # % of the way in a second: 8 s from end to end
GARAGE_PER_S = 12.0


class Lock(Device):
    """A motor lock on the front door."""

    model = "lock"
    writable: ClassVar[Mapping[str, Accepts]] = {"locked": switch}

    def __init__(self, who: Label, people: Household) -> None:
        super().__init__(who, locked=True, battery=86)
        self.people = people
        self._charge = 86.0
        self._turning_s = 0.0
        self._wanted = True
        self._relock = False

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        """It will not throw the bolt into the air."""
        return "the door is open" if wanted.get("locked") and self.people.door_s > 0 else None

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Start the motor; the answer comes when the bolt has arrived, or has not."""
        self._relock = False
        if wanted.get("locked", self.state["locked"]) == self.state["locked"]:
            self._turning_s = 0.0
            return Answer()
        self._charge = max(0.0, self._charge - LOCK_BATTERY_PER_TURN)
        if wanted["locked"] and rng.random() < JAM_SHARE:
            self.say("jammed")
            return Answer(BOLT_S, error="the bolt is jammed")
        self._turn(wanted["locked"])
        return Answer(BOLT_S + 0.1)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Turn the bolt; people who pass by unlock by hand and lock behind them if it was locked."""
        self._charge = max(0.0, self._charge - LOCK_BATTERY_PER_S * dt_s)
        self.state["battery"] = int(self._charge)
        if self.people.door_s > 0:
            self._relock = self._relock or self.flag("locked")
            self.state["locked"] = False
            self._turning_s = 0.0
            return
        if self._relock:
            self._relock = False
            self._turn(True)
        if self._turning_s > 0:
            self._turning_s -= dt_s
            if self._turning_s <= 0:
                self.state["locked"] = self._wanted

    def _turn(self, locked: bool) -> None:
        self._wanted = locked
        self._turning_s = BOLT_S


class Cover(Device):
    """Blinds: 0 % is closed, 100 % open. The answer to a command comes when they have arrived."""

    model = "cover"
    writable: ClassVar[Mapping[str, Accepts]] = {"position": number(0, 100)}
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {"stop": {}}
    per_s: ClassVar[float] = COVER_PER_S

    def __init__(self, who: Label, room: Room | None = None) -> None:
        super().__init__(who, position=0 if room is None else 100)
        self.room = room
        self.exact = self.level("position")
        self.target = self.exact

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Move; a new target replaces the old one on the way."""
        self.target = float(wanted.get("position", self.target))
        return Answer(0.2 + abs(self.target - self.exact) / self.per_s)

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Stop where it is."""
        self.target = self.exact = round(self.exact)
        return Answer(output={"position": self.exact})

    def advance(self, dt_s: float, rng: Random) -> None:
        """Run the motor towards the target."""
        way = self.per_s * dt_s
        self.exact = (
            min(self.target, self.exact + way) if self.target > self.exact else max(self.target, self.exact - way)
        )
        self.state["position"] = round(self.exact)
        if self.room is not None:
            self.room.shade = 1.0 - self.exact / 100.0


class GarageDoor(Cover):
    """A sectional door: slower, and it reports whether it is shut."""

    model = "garage_door"
    per_s = GARAGE_PER_S

    def __init__(self, who: Label) -> None:
        super().__init__(who)
        self.state["contact"] = "closed"

    def advance(self, dt_s: float, rng: Random) -> None:
        """Move, and watch the end switch."""
        super().advance(dt_s, rng)
        self.state["contact"] = "closed" if self.exact == 0 else "open"
