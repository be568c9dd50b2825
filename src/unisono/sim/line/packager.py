"""Packs parts into boxes and wraps them in film that runs out.

Knows boxes and film; parts come from a buffer.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import ClassVar

from unisono.sim.device import Label
from unisono.sim.line.flow import Air, Buffer
from unisono.sim.line.machine import Machine

__all__ = ["BOX", "Packager"]

BOX = 12  # parts a box
PACK_S = 30.0
FILM_PER_BOX = 0.4  # % of a roll
BOX_AIR_M3 = 0.03
FILM_LOW = 10.0
REFILL_S = (60.0, 150.0)
BAD_BOX_SHARE = 0.008


class Packager(Machine):
    """``good_count`` counts boxes, ``level`` is the film left in %."""

    model = "packager"
    lasting = frozenset({"good_count", "scrap_count"})
    fault_per_s = 1 / 1500.0
    faults: ClassVar[Mapping[str, tuple[float, float]]] = {"box crooked": (8.0, 30.0), "sealing too cold": (40.0, 90.0)}

    needs_hands = frozenset({"film empty"})

    def __init__(self, who: Label, source: Buffer, air: Air) -> None:
        super().__init__(who, good_count=6_931, scrap_count=52, level=73, cycle_time=PACK_S)
        self.source, self.air = source, air
        self.film = 73.0
        self._busy_s = 0.0

    @property
    def power_w(self) -> float:
        """What it draws now: the sealing bar stays warm."""
        return 1900.0 if self.flag("running") and self._busy_s > 0 else 320.0

    def work(self, dt_s: float, rng: Random) -> None:
        """Pack one box at a time."""
        if self._busy_s <= 0.0:
            if self.film < FILM_PER_BOX:
                self.fail("film empty", rng.uniform(*REFILL_S))
            elif self.source.take(BOX):
                self._busy_s = max(PACK_S * 0.8, rng.gauss(PACK_S, 1.0))
                self.state["cycle_time"] = round(self._busy_s, 1)
            return
        self._busy_s -= dt_s
        if self._busy_s <= 0.0:
            self._wrap(rng)

    def rest(self, dt_s: float, rng: Random) -> None:
        """Show the film."""
        self.state["level"] = int(self.film)

    def _wrap(self, rng: Random) -> None:
        before, self.film = self.film, max(0.0, self.film - FILM_PER_BOX)
        if self.film < FILM_LOW <= before:
            self.say("material_low")
        self.air.use(BOX_AIR_M3)
        key = "scrap_count" if rng.random() < BAD_BOX_SHARE else "good_count"
        self.state[key] = int(self.level(key)) + 1

    def _cleared(self) -> None:
        refill = self.state["fault"] == "film empty"
        super()._cleared()
        if refill:
            self.film = 100.0
