"""A stamping press: strokes, tool wear, heat, scrap, and a guard that it obeys.

Knows its own cycle. It needs compressed air for its clutch and room in the buffer behind it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import ClassVar

from unisono.sim.device import Accepts, Label, switch, text
from unisono.sim.line.flow import Air, Buffer, Orders
from unisono.sim.line.machine import Machine

__all__ = ["Press"]

CYCLE_S = 3.6
STROKE_AIR_M3 = 0.012
LEAST_PA = 500_000.0  # below five bar the clutch does not close
AMBIENT_C = 22.0
OIL_RISE_K = 33.0  # warmer than the hall after hours of work
OIL_TIME_S = 2400.0
WEAR_PER_STROKE = 1.0 / 9000  # a tool lasts about nine thousand strokes, then it is changed
VIBRATION_NEW = 2.2  # mm/s: ISO 10816 calls that good
VIBRATION_WORN = 6.5
SCRAP_NEW = 0.004
SCRAP_WORN = 0.06
HIT_PER_S = 1 / 10_800.0  # somebody hits the emergency stop every three hours
STOPPED_S = 90.0  # until it is released and the press is started again at its own panel
OEE_S = 900.0  # effectiveness is averaged over a quarter of an hour


class Press(Machine):
    """``scrap_count`` and ``good_count`` only ever grow; ``cycle_time`` is that of the last stroke."""

    model = "press"
    lasting = frozenset({"good_count", "scrap_count"})
    writable: ClassVar[Mapping[str, Accepts]] = {
        "start_stop": switch,
        "order": text(64),
        "recipe": text(64),
    }
    fault_per_s = 1 / 700.0
    faults: ClassVar[Mapping[str, tuple[float, float]]] = {
        "part jammed": (25.0, 90.0),
        "part not ejected": (6.0, 20.0),
        "lubrication low": (30.0, 120.0),
    }
    needs_hands = frozenset({"part jammed", "tool change"})

    def __init__(self, who: Label, air: Air, out: Buffer, orders: Orders) -> None:
        super().__init__(who, guard="closed", emergency_stop=False, good_count=18_220, scrap_count=143)
        self.state.update(cycle_time=CYCLE_S, temperature=48.0, vibration=VIBRATION_NEW, oee=85.0, recipe="bracket-12")
        self.state["order"] = orders.name
        self.air, self.out, self.orders = air, out, orders
        self.wear = 0.3
        self._oil = 48.0
        self._phase_s = 0.0
        self._effect = 0.85
        self._hit_s = 0.0
        self._good_seen = self.level("good_count")

    def resume(self, kept: Mapping[str, float]) -> None:
        """What it showed when the power went is not made now."""
        super().resume(kept)
        self._good_seen = self.level("good_count")

    @property
    def power_w(self) -> float:
        """What it draws now: the flywheel takes most while it strikes."""
        if not self.flag("running"):
            return 350.0
        return 5200.0 + 3800.0 * math.exp(-self._phase_s)

    def hindrance(self) -> str | None:
        """The safety chain, then the air."""
        reason = super().hindrance()
        return reason or ("the air pressure is too low" if self.air.pressure < LEAST_PA else None)

    def hit_emergency_stop(self) -> None:
        """Somebody hits the red button: it stands still, and releasing the button will not start it."""
        self.state.update(emergency_stop=True, start_stop=False, running=False)
        self._hit_s = STOPPED_S
        self.say("emergency_stop")

    def work(self, dt_s: float, rng: Random) -> None:
        """Strike as often as ``dt_s`` allows; a full buffer holds the slide up."""
        self._phase_s += dt_s
        cycle_s = self.level("cycle_time")
        while self._phase_s >= cycle_s and not self.out.full:
            self._phase_s -= cycle_s
            self._strike(rng)
            cycle_s = self.level("cycle_time")
        self._phase_s = min(self._phase_s, cycle_s)
        if self.wear >= 1.0:
            self.wear = 0.0
            self.fail("tool change", rng.uniform(180.0, 300.0))

    def advance(self, dt_s: float, rng: Random) -> None:
        """People at the red button come before everything else."""
        if self.state["emergency_stop"]:
            self._hit_s -= dt_s
            if self._hit_s <= 0.0:
                self.state.update(emergency_stop=False, start_stop=True)
        elif self.flag("running") and rng.random() < HIT_PER_S * dt_s:
            self.hit_emergency_stop()
        super().advance(dt_s, rng)

    def rest(self, dt_s: float, rng: Random) -> None:
        """Oil warms and cools; vibration follows motion and wear; effectiveness is averaged."""
        running = self.flag("running")
        target = AMBIENT_C + (OIL_RISE_K if running else 0.0)
        self._oil = target + (self._oil - target) * math.exp(-dt_s / OIL_TIME_S)
        shake = VIBRATION_NEW + (VIBRATION_WORN - VIBRATION_NEW) * self.wear**2 if running else 0.1
        good = self.level("good_count")
        ideal = dt_s / CYCLE_S
        share = min(1.0, dt_s / OEE_S)
        self._effect += ((good - self._good_seen) / ideal - self._effect) * share if ideal else 0.0
        self._good_seen = good
        self.state.update(
            temperature=round(self._oil, 1),
            vibration=round(max(0.0, rng.gauss(shake, 0.05 * shake)), 2),
            oee=round(min(100.0, max(0.0, 100.0 * self._effect)), 1),
        )

    def _strike(self, rng: Random) -> None:
        self.air.use(STROKE_AIR_M3)
        self.wear += WEAR_PER_STROKE
        self.state["cycle_time"] = round(max(CYCLE_S * 0.9, rng.gauss(CYCLE_S * (1.0 + 0.04 * self.wear), 0.05)), 2)
        if rng.random() < SCRAP_NEW + (SCRAP_WORN - SCRAP_NEW) * self.wear**3:
            self.state["scrap_count"] = int(self.level("scrap_count")) + 1
            return
        self.state["good_count"] = int(self.level("good_count")) + 1
        self.out.put()
        done = self.orders.name
        if self.orders.produced():
            self.state["order"] = self.orders.name
            self.say("order_done", order=done, next=self.orders.name)
