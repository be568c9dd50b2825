"""The car's physics and manners: it drives the loop and comes home, charges to its limit, refuses while it moves."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unisono.sim.car import Car
from unisono.sim.car.battery import Battery
from unisono.sim.car.drive import Driver
from unisono.sim.car.road import LOOP, Road
from unisono.sim.device import Label
from unisono.sim.home.air import Weather

WHO = Label("car", "home", "Car", "汽车")


@pytest.fixture
def car() -> Car:
    return Car(WHO, Weather())


def run(car: Car, seconds: int, rng: Random, until: Callable[[], bool] = lambda: False) -> bool:
    for _ in range(seconds):
        if until():
            return True
        car.step(1.0, rng)
    return until()


def on_the_road(car: Car, rng: Random) -> None:
    assert run(car, 3600, rng, lambda: car.driver.speed_m_s > 5)


def at_home(car: Car, rng: Random) -> None:
    assert run(car, 7200, rng, lambda: car.driver.trips > 0 and car.plugged)


# -- road


def test_the_loop_closes_and_is_about_nine_kilometres() -> None:
    road = Road()
    assert 8_000 < road.length_m < 10_000
    assert road.location(0.0) == (LOOP[0].lat, LOOP[0].lon)
    assert road.location(road.length_m) == pytest.approx((LOOP[0].lat, LOOP[0].lon))


@given(st.floats(0, 9_500))
def test_a_stop_is_always_ahead(at_m: float) -> None:
    road = Road()
    at_m = min(at_m, road.length_m)
    stop_m, wait_s = road.next_stop(at_m)
    assert stop_m >= at_m
    assert (wait_s == 0) == (stop_m == road.length_m)
    assert road.limit_km_h(at_m) in {point.limit_km_h for point in LOOP}


@settings(max_examples=15)
@given(st.integers(), st.sampled_from([0.2, 1.0, 5.0]))
def test_a_trip_ends_at_home_within_the_limits(seed: int, dt_s: float) -> None:
    driver, rng, way_m = Driver(Road(), first_trip_s=0.0), Random(seed), 0.0
    for _ in range(int(3600 / dt_s)):
        limit = driver.road.limit_km_h(driver.at_m)
        before = driver.speed_m_s
        way_m += driver.step(dt_s, True, rng)
        assert 0 <= driver.at_m <= driver.road.length_m
        assert driver.speed_m_s <= max(before, limit / 3.6) + 1e-9
        if driver.trips:
            break
    assert driver.trips == 1
    assert not driver.moving
    assert way_m == pytest.approx(driver.road.length_m, rel=0.01)


def test_without_charge_nobody_leaves() -> None:
    driver = Driver(Road(), first_trip_s=0.0)
    for _ in range(100):
        driver.step(1.0, False, Random(1))
    assert not driver.driving


# -- battery


@given(st.floats(0, 100), st.lists(st.tuples(st.sampled_from("difg"), st.floats(0, 5000)), max_size=40))
def test_charge_stays_between_empty_and_full(charge: float, doings: list[tuple[str, float]]) -> None:
    battery = Battery(charge)
    for what, amount in doings:
        if what == "d":
            battery.drive(amount, 20.0, amount)
        elif what == "g":
            battery.drive(amount, 20.0, -amount * 1000)
        elif what == "i":
            battery.idle(amount, True, 3000.0)
        else:
            battery.fill(amount, 16.0, 80.0)
        assert 0.0 <= battery.charge <= 100.0
        assert 0.0 <= battery.range_km <= 480.0


def test_filling_never_takes_charge_away_nor_passes_the_limit() -> None:
    full = Battery(90.0)
    full.fill(3600.0, 32.0, 80.0)
    assert full.charge == 90.0
    rising = Battery(79.0)
    for _ in range(1000):
        rising.fill(60.0, 32.0, 80.0)
    assert rising.charge == pytest.approx(80.0, abs=0.1)
    assert rising.charge <= 80.0


def test_a_kilometre_costs_about_what_electric_cars_use() -> None:
    battery = Battery(50.0)
    for _ in range(1000):
        battery.drive(100.0, 20.0, 0.0)
    assert 8.0 < (50.0 - battery.charge) * 0.75 < 22.0  # kWh for 100 km at 72 km/h


# -- the car


def test_a_trip_is_driven_and_told(car: Car) -> None:
    rng = Random(2)
    before = dict(car.state)
    on_the_road(car, rng)
    assert (car.state["gear"], car.state["locked"], car.state["door"]) == ("D", True, "closed")
    assert car.level("speed") > 10
    at_home(car, rng)
    assert (car.state["gear"], car.state["speed"]) == ("P", 0)
    assert car.level("odometer") == pytest.approx(float(str(before["odometer"])) + 8.9, abs=0.3)
    assert car.state["location"] == before["location"]
    (name, fields), *_ = car.events
    assert name == "trip"
    assert fields["distance"] == pytest.approx(8.9, abs=0.3)


def test_it_charges_at_home_up_to_its_limit(car: Car) -> None:
    rng = Random(2)
    at_home(car, rng)
    car.driver._left_s = 1e9
    assert run(car, 10, rng, lambda: car.flag("charging"))
    assert car.power_w == 16 * 690
    car.on_set({"charge_limit": 65, "charge_current": 32}, rng)
    assert run(car, 7200, rng, lambda: not car.flag("charging"))
    assert car.battery.charge == pytest.approx(65, abs=0.1)
    assert ("charged", {}) in car.events
    assert car.on_set({"charging": True}, rng).error == "it is charged up to its limit"
    assert car.on_set({"charging": True, "charge_limit": 90}, rng).error is None
    assert run(car, 2, rng, lambda: car.flag("charging"))


def test_charging_that_was_stopped_stays_stopped(car: Car) -> None:
    rng = Random(2)
    at_home(car, rng)
    car.driver._left_s = 1e9
    car.step(1.0, rng)
    car.on_set({"charging": False}, rng)
    car.step(60.0, rng)
    assert car.state["charging"] is False
    car.on_set({"charging": True}, rng)
    car.step(1.0, rng)
    assert car.state["charging"] is True


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"locked": False}, "the car is moving"),
        ({"trunk": "open"}, "the car is moving"),
        ({"charging": True}, "it is not plugged in"),
        ({"target_temperature": 24}, None),
    ],
)
def test_what_it_does_not_do_on_the_road(car: Car, wanted: dict[str, Any], error: str | None) -> None:
    on_the_road(car, Random(2))
    assert car.on_set(wanted, Random(2)).error == error


def test_the_horn_is_the_drivers_on_the_road(car: Car) -> None:
    assert car.on_call("horn", {}, Random(2)).error is None
    on_the_road(car, Random(2))
    assert car.on_call("horn", {}, Random(2)).error == "the car is moving"


def test_an_open_door_is_not_locked(car: Car) -> None:
    car.driver.door_s = 5.0
    assert car.on_set({"locked": True}, Random(2)).error == "a door is open"


@given(st.integers(0, 100), st.integers(0, 100))
def test_windows_arrive_when_the_answer_says_so(first: int, second: int) -> None:
    car, rng = Car(WHO, Weather()), Random(1)
    for target in (first, second):
        answer = car.on_set({"window_position": target, "sunroof_position": 100 - target}, rng)
        for _ in range(int(answer.delay_s) + 1):
            car.step(1.0, rng)
        assert (car.state["window_position"], car.state["sunroof_position"]) == (target, 100 - target)


def test_the_cabin_warms_up_and_it_costs_charge(car: Car) -> None:
    rng = Random(2)
    car.driver._left_s = 1e9
    before = car.battery.charge
    car.parked_s = -1e9
    car.on_set({"on_off": True, "target_temperature": 24, "seat_heating": 3, "defrost": True, "trunk": "closed"}, rng)
    run(car, 1200, rng)
    assert car.level("cabin_temperature") > 22
    assert car.battery.charge < before
