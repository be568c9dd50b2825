"""Battery sensors: one measured or watched quantity each.

Knows how a cheap sensor reads a room: noise, resolution, and the time a motion sensor holds.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from unisono.sim.device import Device, Label, Value
from unisono.sim.home.household import Household

__all__ = ["Measuring", "Scale", "Watching", "contact_of", "motion_in", "presence_in"]


class Scale(NamedTuple):
    """What a sensor measures and how well: trait, standard deviation of one reading, decimals reported."""

    trait: str
    noise: float
    digits: int


class Measuring(Device):
    """A sensor of one analogue quantity, whose model is ``sensor.<trait>``; ``read`` gives the true value."""

    def __init__(self, who: Label, scale: Scale, read: Callable[[], float]) -> None:
        super().__init__(who)
        self.model = f"sensor.{scale.trait}"
        self._scale, self._read = scale, read
        self.state[scale.trait] = round(read(), scale.digits or None)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Take a reading; only a temperature can be below zero."""
        trait, noise, digits = self._scale
        reading = self._read() + rng.gauss(0.0, noise)
        self.state[trait] = round(reading if trait == "temperature" else max(0.0, reading), digits or None)


class Watching(Device):
    """A sensor of a condition: contact, motion, occupancy, leak, smoke."""

    def __init__(self, who: Label, trait: str, watch: Callable[[float], Value]) -> None:
        super().__init__(who)
        self.model = f"sensor.{trait}"
        self._trait, self._watch = trait, watch
        self.state[trait] = watch(0.0)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Look."""
        self.state[self._trait] = self._watch(dt_s)


def contact_of(people: Household) -> Callable[[float], Value]:
    """Whether the front door is open."""
    return lambda dt_s: "open" if people.door_s > 0 else "closed"


def motion_in(people: Household, room: str, hold_s: float = 30.0) -> Callable[[float], Value]:
    """Passive infrared: true from a movement until ``hold_s`` seconds after the last one."""
    left_s = 0.0

    def watch(dt_s: float) -> Value:
        nonlocal left_s
        left_s = hold_s if people.moved and people.where == room else max(0.0, left_s - dt_s)
        return left_s > 0.0

    return watch


def presence_in(people: Household, room: str) -> Callable[[float], Value]:
    """Radar: true while somebody is there, even still."""
    return lambda dt_s: people.where == room
