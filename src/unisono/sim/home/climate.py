"""An air conditioner that heats and cools its room, and an air purifier.

Knows a thermostat with hysteresis and the heat it moves; the room does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, choice, number, switch
from unisono.sim.home.air import Room

__all__ = ["AirPurifier", "Climate"]

HYSTERESIS_K = 0.4
HEAT_W = 2600.0
EFFICIENCY = 3.2  # heat moved per electrical watt
FAN_SHARE: Mapping[str, float] = {"low": 0.5, "medium": 0.75, "high": 1.0, "auto": 0.8}
FAN_SPEEDS = tuple(FAN_SHARE)


class Climate(Device):
    """A split air conditioner with a heat pump."""

    model = "climate"
    writable: ClassVar[Mapping[str, Accepts]] = {
        "on_off": switch,
        "target_temperature": number(16, 30),
        "hvac_mode": choice("off", "auto", "cool", "heat", "dry", "fan"),
        "fan_speed": choice(*FAN_SPEEDS),
    }

    def __init__(self, who: Label, room: Room) -> None:
        super().__init__(
            who,
            on_off=True,
            target_temperature=22.0,
            hvac_mode="auto",
            fan_speed="auto",
            temperature=round(room.temperature, 1),
        )
        self.room = room
        self.moving_w = 0.0
        """Heat it adds to the room now; negative when it cools."""

    @property
    def power_w(self) -> float:
        """What it draws now."""
        fan_w = 25.0 if self.flag("on_off") else 1.5
        return fan_w + abs(self.moving_w) / EFFICIENCY

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Mode and switch are one knob: off in either is off in both; another mode switches on."""
        self.state.update(wanted)
        if "hvac_mode" in wanted:
            self.state["on_off"] = wanted["hvac_mode"] != "off"
        elif wanted.get("on_off") is True and self.state["hvac_mode"] == "off":
            self.state["hvac_mode"] = "auto"
        return Answer(0.25)  # infrared and serial bridges inside are slow

    def advance(self, dt_s: float, rng: Random) -> None:
        """Compare, decide, and move heat."""
        error_k = self.level("target_temperature") - self.room.temperature
        full_w = HEAT_W * FAN_SHARE[str(self.state["fan_speed"])]
        if not self.flag("on_off"):
            self.moving_w = 0.0
        elif self._may("heat") and error_k > (0.0 if self.moving_w > 0 else HYSTERESIS_K):
            self.moving_w = full_w
        elif self._may("cool") and error_k < (0.0 if self.moving_w < 0 else -HYSTERESIS_K):
            self.moving_w = -full_w
        else:
            self.moving_w = 0.0
        self.room.heat_w += self.moving_w
        self.state["temperature"] = round(self.room.temperature, 1)

    def _may(self, mode: str) -> bool:
        return self.state["hvac_mode"] in (mode, "auto")


class AirPurifier(Device):
    """Cleans the room's air, faster at a higher fan speed."""

    model = "air_purifier"
    writable: ClassVar[Mapping[str, Accepts]] = {"on_off": switch, "fan_speed": choice(*FAN_SPEEDS)}

    def __init__(self, who: Label, room: Room) -> None:
        super().__init__(who, on_off=False, fan_speed="auto", pm25=round(room.pm25))
        self.room = room

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return 40.0 * FAN_SHARE[str(self.state["fan_speed"])] if self.flag("on_off") else 1.0

    def advance(self, dt_s: float, rng: Random) -> None:
        """Take dust out: at full speed the room's air passes the filter in ten minutes."""
        if self.flag("on_off"):
            share = min(1.0, FAN_SHARE[str(self.state["fan_speed"])] * dt_s / 600.0)
            self.room.pm25 = max(1.0, self.room.pm25 * (1.0 - share))
        self.state["pm25"] = round(self.room.pm25)
