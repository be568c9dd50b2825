"""The people of the simulated home: where they are, and what they touch.

Knows the day's rhythm, not the devices: sensors and appliances look here for what happened.
"""

from __future__ import annotations

from random import Random

from unisono.sim.home.air import Room

__all__ = ["Household"]

STAY_S = 240.0  # mean time in one room while awake
OUT_S = 1800.0  # mean time away from home
WALK_OUT_SHARE = 0.08  # of the changes of room, how many lead out of the house
NIGHT = (23.0, 6.5)  # hours between which people sleep
DOOR_OPEN_S = 8.0


class Household:
    """One person who wanders through the rooms, sleeps at night and goes out now and then.

    ``where`` is a room's id or None (out of the house); ``door_s`` is for how much longer the front door stands open;
    ``moved`` is whether somebody moved in ``where`` during the last step.
    """

    def __init__(self, rooms: dict[str, Room], bed: str) -> None:
        self.rooms = rooms
        self.bed = bed
        self.where: str | None = bed
        self.door_s = 0.0
        self.moved = False
        self.entered: str | None = None
        """The room entered in the last step."""
        self._left_s = STAY_S

    def step(self, dt_s: float, day_s: float, rng: Random) -> None:
        """Move on by ``dt_s`` seconds at ``day_s`` seconds after midnight."""
        hour = day_s / 3600.0
        asleep = hour >= NIGHT[0] or hour < NIGHT[1]
        self.door_s = max(0.0, self.door_s - dt_s)
        self.entered = None
        self._left_s -= dt_s
        if self._left_s <= 0.0:
            self._go(asleep, rng)
        still = asleep and self.where == self.bed
        self.moved = self.entered is not None or (
            self.where is not None and rng.random() < (0.002 if still else 0.2) * dt_s
        )
        for name, room in self.rooms.items():
            room.people = int(name == self.where)

    def _go(self, asleep: bool, rng: Random) -> None:
        was = self.where
        if was is None:
            self._through_door()
            self.where = next(iter(self.rooms))
        elif asleep:
            self.where = self.bed
        elif rng.random() < WALK_OUT_SHARE:
            self._through_door()
            self.where = None
        else:
            self.where = rng.choice([name for name in self.rooms if name != was])
        self._left_s = rng.expovariate(1.0 / (OUT_S if self.where is None else STAY_S))
        if self.where != was:
            self.entered = self.where

    def _through_door(self) -> None:
        self.door_s = DOOR_OPEN_S
