"""Lamps and switched sockets' kin: on, off, dimmed, warm or cold.

Knows what a lamp draws and how much light and heat it gives the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, number, switch
from unisono.sim.home.air import Room

__all__ = ["Light"]

FULL_W = 9.0
FULL_LUX = 320.0


class Light(Device):
    """A dimmable white lamp. Setting a brightness above 0 turns it on, as lamps do; 0 turns it off."""

    model = "light"
    writable: ClassVar[Mapping[str, Accepts]] = {
        "on_off": switch,
        "brightness": number(0, 100),
        "color_temperature": number(2000, 6500),
    }

    def __init__(self, who: Label, room: Room) -> None:
        super().__init__(who, on_off=False, brightness=80, color_temperature=3000)
        self.room = room
        self._given_lux = 0.0

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return 0.3 + FULL_W * self.level("brightness") / 100.0 if self.flag("on_off") else 0.3

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Take the values; brightness carries the switch along unless that is set too."""
        self.state.update(wanted)
        if "brightness" in wanted and "on_off" not in wanted:
            self.state["on_off"] = wanted["brightness"] > 0
        return Answer(0.06)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Light and warm the room."""
        lux = FULL_LUX * self.level("brightness") / 100.0 if self.flag("on_off") else 0.0
        self.room.lamp_lux += lux - self._given_lux
        self._given_lux = lux
        self.room.heat_w += self.power_w
