"""A robot vacuum: cleans while its battery lasts, gets stuck now and then, finds home.

Knows its own little state machine and its battery.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, choice, switch

__all__ = ["Vacuum"]

DRAIN_PER_S: Mapping[str, float] = {  # % a second: about two hours of cleaning
    "cleaning": 100.0 / 7200,
    "returning": 100.0 / 9000,
    "paused": 100.0 / 90_000,
    "stuck": 100.0 / 90_000,
}
CHARGE_PER_S = 100.0 / 10_800
LOW = 15.0  # % at which it goes home by itself
WAY_HOME_S = 45.0
STUCK_PER_S = 1 / 5400.0  # every hour and a half there is a cable
FREED_S = 240.0  # until somebody lifts it


class Vacuum(Device):
    """``start_stop`` starts and pauses; ``dock`` is called."""

    model = "vacuum"
    writable: ClassVar[Mapping[str, Accepts]] = {
        "start_stop": switch,
        "fan_speed": choice("low", "medium", "high", "auto"),
    }
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {"dock": {}, "pause": {}, "locate": {}}

    def __init__(self, who: Label) -> None:
        super().__init__(who, start_stop=False, state="docked", battery=100, fan_speed="auto")
        self.charge = 100.0
        self._left_s = 0.0

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        """It will not start empty or stuck."""
        if not wanted.get("start_stop"):
            return None
        if self.state["state"] == "stuck":
            return "it is stuck"
        return "the battery is too low" if self.charge < LOW else None

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Start, or stop where it is."""
        if "fan_speed" in wanted:
            self.state["fan_speed"] = wanted["fan_speed"]
        if "start_stop" in wanted:
            if wanted["start_stop"]:
                self._enter("cleaning")
            elif self.state["state"] in ("cleaning", "returning"):
                self._enter("paused")
        return Answer(0.5)

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Go home, stop where it is, or beep; it cannot go anywhere while it is stuck."""
        if action == "pause" and self.state["state"] in ("cleaning", "returning"):
            self._enter("paused")
        elif action == "dock":
            if self.state["state"] == "stuck":
                return Answer(0.5, error="it is stuck")
            if self.state["state"] != "docked":
                self._go_home()
        return Answer(0.5)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Spend or gain charge and follow the states."""
        now = str(self.state["state"])
        if now == "docked":
            self.charge = min(100.0, self.charge + CHARGE_PER_S * dt_s)
        else:
            self.charge = max(0.0, self.charge - DRAIN_PER_S[now] * dt_s)
        self._left_s = max(0.0, self._left_s - dt_s)
        if now == "cleaning":
            self._while_cleaning(dt_s, rng)
        elif now == "returning" and self._left_s == 0:
            self._enter("docked")
            self.say("docked")
        elif (now == "stuck" and self._left_s == 0) or (now == "paused" and self.charge < LOW):
            self._go_home()
        self.state["battery"] = int(self.charge)

    def _while_cleaning(self, dt_s: float, rng: Random) -> None:
        if self.charge < LOW:
            self._go_home()
        elif rng.random() < STUCK_PER_S * dt_s:
            self._enter("stuck")
            self.say("stuck")
            self._left_s = FREED_S

    def _go_home(self) -> None:
        self._enter("returning")
        self._left_s = WAY_HOME_S

    def _enter(self, state: str) -> None:
        self.state.update(state=state, start_stop=state == "cleaning")
