"""A screw compressor that loads and unloads between two pressures.

Knows its band and its heat; the net it feeds is `flow.Air`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import ClassVar

from unisono.sim.device import Accepts, Label, number, switch
from unisono.sim.line.flow import Air
from unisono.sim.line.machine import Machine

__all__ = ["Compressor"]

BAND_PA = 60_000.0  # above and below the setpoint
BAR_PA = 100_000.0
SETPOINT_BAR = 6.9
DELIVERS_M3_S = 0.018  # free air, about a cubic metre a minute
LOADED_W = 7500.0
UNLOADED_W = 2100.0
IDLE_STOP_S = 300.0  # unloaded that long it stops its motor
AMBIENT_C = 22.0
HEAT_TIME_S = 600.0


class Compressor(Machine):
    """``pressure`` is that of the net in Pa; ``setpoint`` the middle of its band, in bar as its panel has it; ``state``
    says loaded or not."""

    model = "compressor"
    writable: ClassVar[Mapping[str, Accepts]] = {"start_stop": switch, "setpoint": number(5.5, 8.0)}
    fault_per_s = 1 / 14_400.0
    faults: ClassVar[Mapping[str, tuple[float, float]]] = {"oil temperature high": (60.0, 180.0)}

    def __init__(self, who: Label, air: Air) -> None:
        super().__init__(who, pressure=round(air.pressure), setpoint=SETPOINT_BAR, state="unloaded")
        self.state.update(temperature=60.0, power=0.0)
        self.air = air
        self.loaded = False
        self._unloaded_s = 0.0
        self._heat = 60.0

    @property
    def power_w(self) -> float:
        """What it draws now."""
        if not self.flag("running") or self.state["state"] == "stopped":
            return 40.0
        return LOADED_W if self.loaded else UNLOADED_W

    def work(self, dt_s: float, rng: Random) -> None:
        """Load below the band, unload above it."""
        setpoint = self.level("setpoint") * BAR_PA
        if self.air.pressure < setpoint - BAND_PA:
            self.loaded = True
        elif self.air.pressure > setpoint + BAND_PA:
            self.loaded = False
        if self.loaded:
            self._unloaded_s = 0.0
            self.air.add(DELIVERS_M3_S * dt_s)
        else:
            self._unloaded_s += dt_s
        self.state["state"] = "loaded" if self.loaded else "stopped" if self._unloaded_s > IDLE_STOP_S else "unloaded"

    def rest(self, dt_s: float, rng: Random) -> None:
        """Settle the net and show it; oil warms with the power drawn."""
        if not self.flag("running"):
            self.loaded = False
            self.state["state"] = "stopped"
        self.air.settle(dt_s)
        power_w = self.power_w
        target = AMBIENT_C + 62.0 * power_w / LOADED_W
        self._heat = target + (self._heat - target) * math.exp(-dt_s / HEAT_TIME_S)
        self.state.update(pressure=round(self.air.pressure, -2), temperature=round(self._heat, 1), power=round(power_w))
