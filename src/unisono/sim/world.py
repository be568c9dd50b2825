"""A set of devices that share surroundings: places to be created, things in them, and one step for all.

Knows no network and no clock: elapsed seconds, the second of the day and randomness are passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, Protocol

from unisono.sim.device import Device

__all__ = ["DAY_S", "Place", "Surroundings", "World"]

DAY_S = 86_400.0


class Place(NamedTuple):
    """A place as the hub is asked to create it; ``parent`` None marks a root. ``position``: latitude and longitude."""

    id: str
    name: str
    zh: str
    kind: str
    parent: str | None = None
    zone: str = ""
    position: tuple[float, float] | None = None


class Surroundings(Protocol):
    """What devices share: air, people, a road, material on a line."""

    def step(self, dt_s: float, day_s: float, rng: Random) -> None:
        """Let ``dt_s`` seconds pass at ``day_s`` seconds after local midnight."""


class World:
    """Places, devices and what surrounds them. Surroundings move first, then each device in the order given."""

    def __init__(
        self, places: Sequence[Place], devices: Sequence[Device], surroundings: Sequence[Surroundings]
    ) -> None:
        self.places = list(places)
        self.devices = list(devices)
        self.surroundings = list(surroundings)

    def step(self, dt_s: float, day_s: float, rng: Random) -> None:
        """Let ``dt_s`` seconds pass for everything; ``day_s`` is seconds after local midnight."""
        for part in self.surroundings:
            part.step(dt_s, day_s, rng)
        for device in self.devices:
            device.step(dt_s, rng)
