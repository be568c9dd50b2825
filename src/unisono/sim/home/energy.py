"""Electricity: a switched plug with a meter, and the meter of the whole house.

Knows the mains and the integral of power. Energy never falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import ClassVar

from unisono.sim.device import Accepts, Device, Label, switch
from unisono.sim.home.household import Household

__all__ = ["Meter", "Plug", "television_w"]

MAINS_V = 230.0
J_PER_KWH = 3.6e6


class Meter(Device):
    """Measures what its loads draw."""

    model = "meter"
    lasting = frozenset({"energy"})

    def __init__(self, who: Label, loads: Sequence[Callable[[], float]], energy_kwh: float = 0.0) -> None:
        super().__init__(who, power=0.0, energy=energy_kwh, voltage=MAINS_V, current=0.0)
        self._loads = list(loads)
        self._energy_j = energy_kwh * J_PER_KWH

    def resume(self, kept: Mapping[str, float]) -> None:
        """The joules that it counts in follow what it showed."""
        super().resume(kept)
        self._energy_j = self.level("energy") * J_PER_KWH

    def load_w(self, rng: Random) -> float:
        """What all loads draw together now."""
        return sum(load() for load in self._loads)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Integrate, with a mains voltage that sags a little under load."""
        power_w = max(0.0, self.load_w(rng))
        voltage = MAINS_V - power_w / 2000.0 + rng.gauss(0.0, 0.2)
        self._energy_j += power_w * dt_s
        self.state.update(
            power=round(power_w, 1),
            energy=round(self._energy_j / J_PER_KWH, 4),
            voltage=round(voltage, 1),
            current=round(power_w / voltage, 3),
        )


class Plug(Meter):
    """A switched socket with a meter; what hangs on it draws only while it is on."""

    model = "plug"
    writable: ClassVar[Mapping[str, Accepts]] = {"on_off": switch}

    def __init__(self, who: Label, load: Callable[[], float], energy_kwh: float) -> None:
        super().__init__(who, [load], energy_kwh)
        self.state["on_off"] = True

    @property
    def power_w(self) -> float:
        """What it draws now."""
        return self.level("power")

    def load_w(self, rng: Random) -> float:
        """Nothing when off; else the load, which flickers by two percent."""
        if not self.flag("on_off"):
            return 0.0
        return super().load_w(rng) * rng.gauss(1.0, 0.02)


def television_w(people: Household, room: str) -> Callable[[], float]:
    """A television that is watched while somebody is in ``room``."""
    return lambda: 110.0 if people.where == room else 0.6
