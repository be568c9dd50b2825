"""Trips: a driver who leaves now and then, obeys limits and lights, and comes home.

Knows speed and position along a road, and when doors open; not the battery that pays for it.
"""

from __future__ import annotations

import math
from random import Random

from unisono.sim.car.road import Road

__all__ = ["Driver"]

FASTER_M_S2 = 1.8
SLOWER_M_S2 = 2.0  # comfortable braking
PARKED_S = 900.0  # mean time at home; short, so that a demonstration sees trips
DOOR_S = 6.0  # getting in or out
CREEP_M = 1.0  # this near to a stop it is reached


class Driver:
    """``at_m`` is where the car is on the road, ``speed_m_s`` how fast; ``door_s`` > 0 while a door stands open."""

    def __init__(self, road: Road, first_trip_s: float = 120.0) -> None:
        self.road = road
        self.at_m = 0.0
        self.speed_m_s = 0.0
        self.driving = False
        self.door_s = 0.0
        self.trips = 0
        self._left_s = first_trip_s
        self._wait_s = 0.0

    @property
    def moving(self) -> bool:
        """Whether the wheels turn."""
        return self.speed_m_s > 0.0

    def step(self, dt_s: float, may_leave: bool, rng: Random) -> float:
        """Move on; return the metres driven. ``may_leave`` is false while there is no charge for a trip."""
        self.door_s = max(0.0, self.door_s - dt_s)
        if self.driving:
            return self._drive(dt_s, rng)
        self._left_s -= dt_s
        if self._left_s <= 0.0 and may_leave:
            if self.door_s == 0.0 and self._left_s <= -DOOR_S:
                self.driving = True
            elif self._left_s > -DOOR_S:
                self.door_s = max(self.door_s, dt_s * 1.5)
        return 0.0

    def _drive(self, dt_s: float, rng: Random) -> float:
        if self._wait_s > 0.0:
            self._wait_s = max(0.0, self._wait_s - dt_s)
            return 0.0
        stop_m, wait_s = self.road.next_stop(self.at_m)
        to_stop_m = stop_m - self.at_m
        wanted = min(self.road.limit_km_h(self.at_m) / 3.6, math.sqrt(2 * SLOWER_M_S2 * to_stop_m))
        change = min(max(wanted - self.speed_m_s, -SLOWER_M_S2 * 1.5 * dt_s), FASTER_M_S2 * dt_s)
        self.speed_m_s = max(0.0, self.speed_m_s + change)
        way_m = min(self.speed_m_s * dt_s, to_stop_m)
        self.at_m += way_m
        if to_stop_m - way_m <= CREEP_M:
            self._stop(stop_m, wait_s, rng)
        return way_m

    def _stop(self, stop_m: float, wait_s: float, rng: Random) -> None:
        self.at_m = stop_m
        self.speed_m_s = 0.0
        if wait_s:
            self._wait_s = wait_s * rng.random()
            return
        self.at_m = 0.0
        self.driving = False
        self.trips += 1
        self.door_s = DOOR_S
        self._left_s = rng.expovariate(1.0 / PARKED_S) + 4 * DOOR_S
