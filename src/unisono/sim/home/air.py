"""Weather and the air of rooms: a day curve outside, a first-order thermal model inside.

Knows physics only. A room is one heat capacity behind one heat loss (the usual 1R1C model of a building zone).
"""

from __future__ import annotations

import math
from random import Random

from unisono.sim.world import DAY_S

__all__ = ["Room", "Weather"]

WARMEST_S = 15 * 3600.0  # mid-afternoon: the ground lags behind the sun by about three hours
NOON_LUX = 60_000.0  # overcast to bright
SLOW_S = 3600.0  # clouds and fronts change over an hour
CAPACITY_J_K = 1.2e6  # air and light furniture of a 25 m2 room
LOSS_W_K = 45.0  # a reasonably insulated outer wall and one window
BODY_W = 100.0  # a person at rest (ISO 7730)
FRESH_CO2_PPM = 420.0
BREATH_PPM_S = 0.09  # 18 l/h of CO2 into 60 m3
AIR_CHANGE_S = 5400.0  # leaks and vents: the air is new every hour and a half
ROOM_MIXES_S = 7200.0  # humidity follows the outside that slowly


class Weather:
    """Outdoor temperature (Cel), relative humidity (%) and daylight (lx)."""

    def __init__(self, mean: float = 14.0, swing: float = 6.0) -> None:
        self.mean = mean
        self.swing = swing
        self.drift = 0.0
        self.temperature = mean
        self.humidity = 60.0
        self.illuminance = 0.0

    def step(self, dt_s: float, day_s: float, rng: Random) -> None:
        """Move on; the drift is an Ornstein-Uhlenbeck process of about one kelvin."""
        share = min(1.0, dt_s / SLOW_S)
        self.drift += -self.drift * share + rng.gauss(0.0, 1.4) * math.sqrt(share)
        angle = 2 * math.pi * (day_s - WARMEST_S) / DAY_S
        self.temperature = self.mean + self.swing * math.cos(angle) + self.drift
        self.humidity = min(98.0, max(15.0, 60.0 - 3.0 * (self.temperature - self.mean)))
        self.illuminance = NOON_LUX * max(0.0, math.sin(2 * math.pi * (day_s - DAY_S / 4) / DAY_S))


class Room:
    """The air of one room. Devices add to ``heat_w`` while they step; its next step uses it up."""

    def __init__(self, weather: Weather, temperature: float = 21.0, humidity: float = 48.0) -> None:
        self.weather = weather
        self.temperature = temperature
        self.humidity = humidity
        self.co2 = 550.0
        self.pm25 = 12.0
        self.people = 0
        self.shade = 0.0
        """Share of the window that is covered, 0..1."""
        self.lamp_lux = 0.0
        self.heat_w = 0.0

    @property
    def illuminance(self) -> float:
        """Light on the table, lx: a hundredth of the daylight comes in, plus the lamps."""
        return self.weather.illuminance * 0.01 * (1.0 - 0.95 * self.shade) + self.lamp_lux

    def step(self, dt_s: float, day_s: float, rng: Random) -> None:
        """Move on by ``dt_s`` seconds; the exact solution for constant heat, so that any step is stable."""
        heat_w = self.heat_w + BODY_W * self.people
        rest = self.weather.temperature + heat_w / LOSS_W_K
        self.temperature = rest + (self.temperature - rest) * math.exp(-dt_s * LOSS_W_K / CAPACITY_J_K)
        self.heat_w = 0.0
        self.humidity = _toward(
            self.humidity, 0.4 * self.weather.humidity + 22.0 + 3.0 * self.people, dt_s, ROOM_MIXES_S
        )
        stale = FRESH_CO2_PPM + BREATH_PPM_S * AIR_CHANGE_S * self.people
        self.co2 = max(FRESH_CO2_PPM, _toward(self.co2, stale, dt_s, AIR_CHANGE_S) + rng.gauss(0.0, 0.5))
        self.pm25 = max(1.0, _toward(self.pm25, 15.0, dt_s, AIR_CHANGE_S) + rng.gauss(0.0, 0.02))


def _toward(value: float, target: float, dt_s: float, time_constant_s: float) -> float:
    return target + (value - target) * math.exp(-dt_s / time_constant_s)
