"""The simulated car: doors, windows, cabin climate, charging, trips along a loop.

Shaped after the branches of the COVESA Vehicle Signal Specification (Cabin, Body, Powertrain, Vehicle), reported under
our trait names. Knows what it must refuse while it moves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from unisono.sim.car.battery import MASS_KG, PHASES_V, Battery
from unisono.sim.car.drive import Driver
from unisono.sim.car.road import Road
from unisono.sim.device import Accepts, Answer, Device, Label, choice, number, switch
from unisono.sim.home.air import Weather
from unisono.sim.world import Place, World

__all__ = ["Car", "build_car"]

WINDOW_PER_S = 20.0  # % of the way in a second
COMFORT_W = 3500.0
CABIN_J_K = 1.0e5
CABIN_LOSS_W_K = 45.0
COMFORT_BAND_K = 2.0  # full power beyond this distance from the target
HEAT_PUMP = 2.2
TRUNK_S = 3.0
FAR_READ_S = 0.6  # a car answers over a mobile network
RESERVE = 12.0  # % below which no trip begins
PLUG_IN_S = 20.0  # from parking to plugging in
FULL_BAND = 0.05  # %: its own electronics eat the last hundredths as fast as they come
AGAIN_BAND = 1.0  # % below the limit at which it begins again by itself
TYRE_KPA = 250.0  # cold, at 20 Cel
START_KM = 18_342.0


class Car(Device):
    """One electric car. ``weather`` is what it stands in."""

    model = "car"
    lasting = frozenset({"odometer"})
    writable: ClassVar[Mapping[str, Accepts]] = {
        "locked": switch,
        "window_position": number(0, 100),
        "sunroof_position": number(0, 100),
        "trunk": choice("open", "closed"),
        "on_off": switch,
        "target_temperature": number(16, 30),
        "seat_heating": number(0, 3),
        "seat_ventilation": number(0, 3),
        "defrost": switch,
        "charging": switch,
        "charge_limit": number(50, 100),
        "charge_current": number(6, 32),
    }
    actions: ClassVar[Mapping[str, Mapping[str, Accepts]]] = {"horn": {}, "flash_lights": {}}

    def __init__(self, who: Label, weather: Weather, driver: Driver | None = None) -> None:
        super().__init__(who, locked=True, door="closed", trunk="closed", window_position=0, sunroof_position=0)
        self.state.update(on_off=False, target_temperature=21.0, seat_heating=0, seat_ventilation=0, defrost=False)
        self.state.update(charging=False, charge_limit=80, charge_current=16)
        self.weather = weather
        self.driver = driver or Driver(Road())
        self.battery = Battery()
        self.cabin = weather.temperature
        self.way_m = START_KM * 1000.0
        self.parked_s = 0.0
        self._glass = {"window_position": 0.0, "sunroof_position": 0.0}
        self._glass_target = dict(self._glass)
        self._unplug = False
        self._publish()

    @property
    def plugged(self) -> bool:
        """Whether the cable is in: people plug in when they come home."""
        return not self.driver.driving and self.parked_s >= PLUG_IN_S

    @property
    def power_w(self) -> float:
        """What it draws from the house."""
        return self.level("charge_current") * PHASES_V if self.flag("charging") else 0.0

    def resume(self, kept: Mapping[str, float]) -> None:
        """The metres that it counts in follow what it showed."""
        super().resume(kept)
        self.way_m = self.level("odometer") * 1000.0

    def refusal(self, wanted: Mapping[str, Any]) -> str | None:
        """What must not be done on the road, or cannot be done now."""
        moving = self.driver.moving
        if moving and (wanted.get("locked") is False or wanted.get("trunk") == "open"):
            return "the car is moving"
        if wanted.get("locked") and self.driver.door_s > 0:
            return "a door is open"
        if wanted.get("charging"):
            if not self.plugged:
                return "it is not plugged in"
            if self.battery.charge >= wanted.get("charge_limit", self.level("charge_limit")) - FULL_BAND:
                return "it is charged up to its limit"
        return None

    def apply(self, wanted: Mapping[str, Any], rng: Random) -> Answer:
        """Take the values; glass takes its time, and the answer with it."""
        delay_s = FAR_READ_S
        for key, value in wanted.items():
            if key in self._glass:
                self._glass_target[key] = float(value)
                delay_s = max(delay_s, FAR_READ_S + abs(value - self._glass[key]) / WINDOW_PER_S)
            else:
                self.state[key] = value
        if "trunk" in wanted:
            delay_s = max(delay_s, TRUNK_S)
        if "charging" in wanted:
            self._unplug = not wanted["charging"]
        return Answer(delay_s)

    def act(self, action: str, given: Mapping[str, Any], rng: Random) -> Answer:
        """Horn and lights say where it stands; on the road they are the driver's."""
        return Answer(FAR_READ_S, error="the car is moving") if self.driver.moving else Answer(FAR_READ_S + 0.5)

    def advance(self, dt_s: float, rng: Random) -> None:
        """Drive, charge, warm the cabin, move the glass."""
        before_m_s = self.driver.speed_m_s
        was_driving = self.driver.driving
        way_m = self.driver.step(dt_s, self.battery.charge > RESERVE, rng)
        self.way_m += way_m
        gained_j = 0.5 * MASS_KG * (self.driver.speed_m_s**2 - before_m_s**2)
        self.battery.drive(way_m, self.driver.speed_m_s, gained_j)
        self._on_the_way(was_driving, dt_s)
        self.battery.idle(dt_s, self.driver.driving, self._comfort(dt_s))
        self._charge(dt_s)
        self._move_glass(dt_s)
        self._publish()

    def _on_the_way(self, was_driving: bool, dt_s: float) -> None:
        self.parked_s = 0.0 if self.driver.driving else self.parked_s + dt_s
        if self.driver.driving and not was_driving:
            self.state.update(locked=True, trunk="closed", on_off=True, charging=False)
            self._unplug = False
        elif was_driving and not self.driver.driving:
            self.state["on_off"] = False
            self._trip_ended()
        if self.driver.door_s > 0:
            self.state["locked"] = False
        elif not self.driver.driving and self.parked_s - dt_s < PLUG_IN_S <= self.parked_s:
            self.state["locked"] = True  # walk-away locking

    def _trip_ended(self) -> None:
        km = self.driver.road.length_m / 1000.0
        self.say("trip", distance=round(km, 2), battery=round(self.battery.charge), number=self.driver.trips)

    def _comfort(self, dt_s: float) -> float:
        """Warm or cool the cabin; return the electrical watts it took."""
        heat_w = 0.0
        if self.flag("on_off"):
            error_k = self.level("target_temperature") - self.cabin
            heat_w = COMFORT_W * min(1.0, max(-1.0, error_k / COMFORT_BAND_K))
        airy = 1.0 + 8.0 * max(self._glass.values()) / 100.0
        rest = self.weather.temperature + heat_w / (CABIN_LOSS_W_K * airy)
        self.cabin = rest + (self.cabin - rest) * math.exp(-dt_s * CABIN_LOSS_W_K * airy / CABIN_J_K)
        seats_w = 60.0 * self.level("seat_heating") + 10.0 * self.level("seat_ventilation")
        return abs(heat_w) / HEAT_PUMP + seats_w + (400.0 if self.flag("defrost") else 0.0)

    def _charge(self, dt_s: float) -> None:
        limit = self.level("charge_limit")
        full = self.battery.charge >= limit - FULL_BAND
        if self.flag("charging") and full:
            self.say("charged")
        if not self.plugged or full:
            self.state["charging"] = False
        elif not self._unplug and self.battery.charge < limit - AGAIN_BAND:
            self.state["charging"] = True  # begins by itself, unless it was told to stop
        if self.flag("charging"):
            self.battery.fill(dt_s, self.level("charge_current"), limit)
        else:
            self.battery.charging_w = 0.0

    def _move_glass(self, dt_s: float) -> None:
        for key, target in self._glass_target.items():
            way = WINDOW_PER_S * dt_s
            now = self._glass[key]
            self._glass[key] = min(target, now + way) if target > now else max(target, now - way)
            self.state[key] = round(self._glass[key])

    def _publish(self) -> None:
        lat, lon = self.driver.road.location(self.driver.at_m)
        warm = self.weather.temperature + (8.0 if self.driver.driving else 0.0)
        self.state.update(
            door="open" if self.driver.door_s > 0 else "closed",
            battery=round(self.battery.charge),
            range=round(self.battery.range_km),
            odometer=round(self.way_m / 1000.0, 1),
            speed=round(self.driver.speed_m_s * 3.6),
            gear="D" if self.driver.driving else "P",
            location={"lat": round(lat, 5), "lon": round(lon, 5)},
            cabin_temperature=round(self.cabin, 1),
            tyre_pressure=round(TYRE_KPA * (273.15 + warm) / 293.15, 1),
        )


def build_car(parent: str | None = None) -> World:
    """A car that belongs to the home ``home`` (made if it is not there)."""
    weather = Weather()
    home = Place("home", "Home", "家", "home", parent)
    drive = Place("driveway", "Driveway", "车位", "car", "home")
    return World([home, drive], [Car(Label("car", drive.id, "Car", "汽车"), weather)], [weather])
