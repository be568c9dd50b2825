"""A road that leads back home: where the car is, how fast it may go, and when it has to stop.

Knows geography only: a closed polyline of waypoints with a speed limit each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["LOOP", "Road", "Waypoint"]

EARTH_M = 6_371_000.0


class Waypoint(NamedTuple):
    """Degrees (WGS 84), the limit on the stretch that begins here (km/h), and seconds of waiting at it."""

    lat: float
    lon: float
    limit_km_h: float
    wait_s: float = 0.0


LOOP = (
    Waypoint(39.9800, 116.3000, 30.0),
    Waypoint(39.9830, 116.3005, 50.0, 12.0),
    Waypoint(39.9905, 116.3010, 60.0),
    Waypoint(39.9980, 116.3060, 80.0),
    Waypoint(40.0010, 116.3180, 80.0),
    Waypoint(39.9985, 116.3300, 60.0, 25.0),
    Waypoint(39.9900, 116.3335, 60.0),
    Waypoint(39.9815, 116.3300, 50.0, 18.0),
    Waypoint(39.9780, 116.3190, 50.0),
    Waypoint(39.9775, 116.3070, 30.0, 8.0),
)
"""About nine kilometres through streets and along a ring road."""


class Road:
    """A closed loop of waypoints; a position is metres from the first one."""

    def __init__(self, waypoints: tuple[Waypoint, ...] = LOOP) -> None:
        self._waypoints = waypoints
        self._starts_m = [0.0]
        for here, there in zip(waypoints, (*waypoints[1:], waypoints[0]), strict=True):
            self._starts_m.append(self._starts_m[-1] + _distance_m(here, there))

    @property
    def length_m(self) -> float:
        """Once around."""
        return self._starts_m[-1]

    def stretch(self, at_m: float) -> int:
        """The index of the waypoint last passed."""
        at_m = min(max(0.0, at_m), self.length_m)
        return max(index for index, start_m in enumerate(self._starts_m[:-1]) if start_m <= at_m)

    def limit_km_h(self, at_m: float) -> float:
        """How fast one may go."""
        return self._waypoints[self.stretch(at_m)].limit_km_h

    def next_stop(self, at_m: float) -> tuple[float, float]:
        """Where the next place to stop at is (metres from the start) and the seconds to wait; the end has no wait."""
        for index in range(self.stretch(at_m) + 1, len(self._waypoints)):
            if self._waypoints[index].wait_s:
                return self._starts_m[index], self._waypoints[index].wait_s
        return self.length_m, 0.0

    def location(self, at_m: float) -> tuple[float, float]:
        """Latitude and longitude in degrees."""
        index = self.stretch(at_m)
        here, there = self._waypoints[index], self._waypoints[(index + 1) % len(self._waypoints)]
        share = (min(at_m, self.length_m) - self._starts_m[index]) / (self._starts_m[index + 1] - self._starts_m[index])
        return here.lat + (there.lat - here.lat) * share, here.lon + (there.lon - here.lon) * share


def _distance_m(a: Waypoint, b: Waypoint) -> float:
    north = math.radians(b.lat - a.lat)
    east = math.radians(b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return EARTH_M * math.hypot(north, east)
