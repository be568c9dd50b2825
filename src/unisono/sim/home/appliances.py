"""Kitchen and laundry: kettle, fridge, washing machine.

Knows water, cold and programmes. The people of the house use them too, not only the hub.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, number, switch
from unisono.sim.home.air import Room
from unisono.sim.home.household import Household

__all__ = ["Fridge", "Kettle", "Washer"]

BOILING_C = 100.0
KETTLE_W = 2000.0
KETTLE_J_K = 4186.0 * 1.0  # a litre of water
KETTLE_COOLS_S = 2400.0
TEA_SHARE = 0.25  # how often somebody who enters the kitchen puts the kettle on
COMPRESSOR_W = 90.0
FRIDGE_PULL_K_S = 0.0035
FRIDGE_LEAK_S = 20_000.0
FRIDGE_BAND_K = 0.8
FRIDGE_OPEN_S = 12.0
PROGRAMME: tuple[tuple[str, float, float], ...] = (  # phase, seconds, watts: a short programme, to see it end
    ("washing", 900.0, 1900.0),
    ("rinsing", 420.0, 180.0),
    ("spinning", 300.0, 420.0),
)
PROGRAMME_S = sum(seconds for _, seconds, _ in PROGRAMME)


class Kettle(Device):
    """Heats a litre of water and switches itself off when it boils."""

    model = "kettle"
    writable: ClassVar[Mapping[str, Accepts]] = {"on_off": switch, "target_temperature": number(40, 100)}

    def __init__(self, who: Label, room: Room, people: Household, where: str) -> None:
        super().__init__(who, on_off=False, temperature=round(room.temperature), target_temperature=100)
        self.room, self.people, self.where = room, people, where
        self._water = room.temperature

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return KETTLE_W if self.flag("on_off") else 0.0

    def advance(self, dt_s: float, rng: Random) -> None:
        """Heat or cool the water."""
        if self.people.entered == self.where and rng.random() < TEA_SHARE:
            self._water = self.room.temperature
            self.state["on_off"] = True
        self._water = self.room.temperature + (self._water - self.room.temperature) * math.exp(-dt_s / KETTLE_COOLS_S)
        if self.flag("on_off"):
            self._water += KETTLE_W * dt_s / KETTLE_J_K
            if self._water >= self.level("target_temperature"):
                self._water = min(BOILING_C, self._water)
                self.state["on_off"] = False
                self.say("boiled")
        self.state["temperature"] = round(self._water)


class Fridge(Device):
    """Keeps its temperature within a band; the door lets the warmth in."""

    model = "fridge"
    writable: ClassVar[Mapping[str, Accepts]] = {"target_temperature": number(2, 8)}

    def __init__(self, who: Label, room: Room, people: Household, where: str) -> None:
        super().__init__(who, temperature=4.6, target_temperature=4, door="closed")
        self.room, self.people, self.where = room, people, where
        self._inside = 4.6
        self._cooling = False
        self._open_s = 0.0

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return COMPRESSOR_W if self._cooling else 1.5

    def advance(self, dt_s: float, rng: Random) -> None:
        """Leak, cool, and be opened by whoever comes into the kitchen."""
        self._open_s = max(0.0, self._open_s - dt_s)
        if self.people.entered == self.where and rng.random() < 0.5:
            self._open_s = FRIDGE_OPEN_S
        leak_s = FRIDGE_LEAK_S / (12.0 if self._open_s else 1.0)
        self._inside = self.room.temperature + (self._inside - self.room.temperature) * math.exp(-dt_s / leak_s)
        above_k = self._inside - self.level("target_temperature")
        self._cooling = above_k > (-FRIDGE_BAND_K if self._cooling else FRIDGE_BAND_K)
        if self._cooling:
            self._inside -= FRIDGE_PULL_K_S * dt_s
        self.state["temperature"] = round(self._inside, 1)
        self.state["door"] = "open" if self._open_s else "closed"


class Washer(Device):
    """Runs one programme; ``timer`` counts down the seconds left."""

    model = "washer"
    writable: ClassVar[Mapping[str, Accepts]] = {"start_stop": switch}

    def __init__(self, who: Label) -> None:
        super().__init__(who, start_stop=False, state="idle", timer=0)
        self._elapsed_s: float | None = None
        self._draws_w = 0.0

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return self._draws_w or 0.8

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Start from the beginning, or stop; starting what runs changes nothing."""
        if not wanted.get("start_stop", self.flag("start_stop")):
            self._end("idle")
        elif self._elapsed_s is None:
            self._elapsed_s = 0.0
            self.state.update(start_stop=True, state=PROGRAMME[0][0], timer=int(PROGRAMME_S))
        return Answer(0.3)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Go through the phases."""
        if self._elapsed_s is None:
            return
        self._elapsed_s += dt_s
        before_s = 0.0
        for phase, seconds, watts in PROGRAMME:
            before_s += seconds
            if self._elapsed_s < before_s:
                self.state.update(state=phase, timer=math.ceil(PROGRAMME_S - self._elapsed_s))
                self._draws_w = watts
                return
        self._end("done")
        self.say("done")

    def _end(self, state: str) -> None:
        self._elapsed_s = None
        self._draws_w = 0.0
        self.state.update(start_stop=False, state=state, timer=0)
