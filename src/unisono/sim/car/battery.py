"""The traction battery: what driving, comfort and the charger do to it.

Knows energy only. The state of charge stays between 0 and 100 %.
"""

from __future__ import annotations

__all__ = ["PHASES_V", "Battery"]

CAPACITY_J = 75.0 * 3.6e6  # 75 kWh
PHASES_V = 3 * 230.0  # three-phase wallbox
CHARGER_SHARE = 0.92  # of the wall's energy arrives in the cells
FULL_RANGE_KM = 480.0
MASS_KG = 2000.0
ROLL_N = 0.010 * MASS_KG * 9.81
DRAG_N_S2_M2 = 0.5 * 1.2 * 0.24 * 2.3  # air density, drag coefficient, frontal area
DRIVE_SHARE = 0.9
STANDBY_W = 5.0
AWAKE_W = 350.0


class Battery:
    """``charge`` is the state of charge in %."""

    def __init__(self, charge: float = 62.0) -> None:
        self.charge = charge
        self.charging_w = 0.0
        """What goes into the cells now."""

    @property
    def range_km(self) -> float:
        """How far the charge reaches."""
        return FULL_RANGE_KM * self.charge / 100.0

    def drive(self, way_m: float, speed_m_s: float, gained_j: float) -> None:
        """Pay for ``way_m`` metres and ``gained_j`` of kinetic energy (negative when braking: two thirds come back)."""
        spent_j = way_m * (ROLL_N + DRAG_N_S2_M2 * speed_m_s**2) / DRIVE_SHARE
        spent_j += gained_j / DRIVE_SHARE if gained_j > 0 else gained_j * 0.66
        self._change(-spent_j)

    def idle(self, dt_s: float, awake: bool, comfort_w: float) -> None:
        """Pay for electronics, heating and cooling."""
        self._change(-dt_s * ((AWAKE_W if awake else STANDBY_W) + comfort_w))

    def fill(self, dt_s: float, current_a: float, limit: float) -> None:
        """Charge with ``current_a`` a phase, never past ``limit`` %; the current falls over the last percent."""
        taper = min(1.0, max(0.05, limit - self.charge))
        self.charging_w = current_a * PHASES_V * CHARGER_SHARE * taper
        gain = 100.0 * self.charging_w * dt_s / CAPACITY_J
        self.charge = min(max(limit, self.charge), self.charge + gain)

    def _change(self, energy_j: float) -> None:
        self.charge = min(100.0, max(0.0, self.charge + 100.0 * energy_j / CAPACITY_J))
