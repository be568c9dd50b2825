"""What every machine of the line has: start and stop, a guard, an emergency stop, faults that are cleared.

Knows the safety chain: nothing moves while the guard is open or the emergency stop is pressed. The chain is checked
before the motion of each step, and a start against it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.device import Accepts, Answer, Device, Label, Value, switch

__all__ = ["Machine"]

NO_FAULT = "none"
PLC_S = 0.15  # a controller answers within two of its communication cycles


class Machine(Device):
    """``start_stop`` is what was asked for, ``running`` whether it moves; ``fault`` is ``none`` or what is wrong."""

    writable: ClassVar[Mapping[str, Accepts]] = {"start_stop": switch}
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {"reset_fault": {}}
    fault_per_s: ClassVar[float] = 0.0
    """How often it stops by itself while running: faults a second."""
    faults: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """What can go wrong: the shortest and longest repair, seconds."""
    needs_hands: ClassVar[frozenset[str]] = frozenset()
    """Faults for which somebody has to reach in, through the guard where there is one."""

    def __init__(self, who: Label, **state: Value) -> None:
        super().__init__(who, start_stop=True, running=True, fault=NO_FAULT, **state)
        self._repair_s = 0.0

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        """It does not start against the safety chain or a fault."""
        return self.hindrance() if wanted.get("start_stop") else None

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Take the values; motion follows at once, so that nobody sees a stopped machine move."""
        self.state.update(wanted)
        self.state["running"] = self.flag("start_stop") and self.hindrance() is None
        return Answer(PLC_S)

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Clear a fault from afar, as far as nobody has to reach in for it."""
        fault = self.state["fault"]
        if fault in self.needs_hands:
            return Answer(PLC_S, error=f"{fault}: somebody has to go there")
        if fault != NO_FAULT:
            self._cleared()
        return Answer(PLC_S)

    def hindrance(self) -> str | None:
        """Why it must not move now."""
        if self.state.get("emergency_stop"):
            return "the emergency stop is pressed"
        if self.state.get("guard") == "open":
            return "the guard is open"
        if self.state["fault"] != NO_FAULT:
            return f"fault: {self.state['fault']}"
        return None

    def fail(self, fault: str, repair_s: float) -> None:
        """Stop with a fault that somebody clears after ``repair_s`` seconds."""
        self._repair_s = repair_s
        self.state.update(fault=fault, running=False)
        if fault in self.needs_hands and "guard" in self.state:
            self.state["guard"] = "open"
        self.say("fault", fault=fault)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Repair, break, and work while nothing stands in the way."""
        if self.state["fault"] != NO_FAULT:
            self._repair_s -= dt_s
            if self._repair_s <= 0.0:
                self._cleared()
        elif self.flag("running") and self.faults and rng.random() < self.fault_per_s * dt_s:
            fault = rng.choice(sorted(self.faults))
            self.fail(fault, rng.uniform(*self.faults[fault]))
        self.state["running"] = self.flag("start_stop") and self.hindrance() is None
        if self.flag("running"):
            self.work(dt_s, rng)
        self.rest(dt_s, rng)

    def work(self, dt_s: float, rng: Random) -> None:
        """``dt_s`` seconds of motion."""

    def rest(self, dt_s: float, rng: Random) -> None:
        """What happens whether it moves or not: cooling, counting, showing."""

    def _cleared(self) -> None:
        fault = self.state["fault"]
        self.state["fault"] = NO_FAULT
        self.say("cleared")
        if fault in self.needs_hands and "guard" in self.state:
            self.state["guard"] = "closed"
