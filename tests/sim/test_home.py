"""The home's physics: heat flows, motors take their time, energy never falls, batteries stay between empty and full."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.sim.device import Label
from unisono.sim.home.air import Room, Weather
from unisono.sim.home.appliances import PROGRAMME, PROGRAMME_S, Fridge, Kettle, Washer
from unisono.sim.home.climate import AirPurifier, Climate
from unisono.sim.home.doors import BOLT_S, COVER_PER_S, Cover, GarageDoor, Lock
from unisono.sim.home.energy import Meter, Plug, television_w
from unisono.sim.home.household import Household
from unisono.sim.home.lights import Light
from unisono.sim.home.sensors import Measuring, Scale, Watching, contact_of, motion_in, presence_in
from unisono.sim.home.vacuum import FREED_S, Vacuum
from unisono.sim.world import DAY_S

WHO = Label("probe", "home", "Probe", "探头")
STEPS = st.lists(st.floats(0.05, 5.0), min_size=1, max_size=60)


class NoLuck(Random):
    """Chance that never strikes: every draw is 1 - epsilon."""

    def random(self) -> float:
        return 0.999_999


class AllLuck(Random):
    """Chance that always strikes."""

    def random(self) -> float:
        return 0.0


@pytest.fixture
def room() -> Room:
    return Room(Weather(), temperature=20.0)


@pytest.fixture
def people(room: Room) -> Household:
    return Household({"hallway": room, "kitchen": Room(room.weather), "bedroom": Room(room.weather)}, bed="bedroom")


# -- air


def test_the_afternoon_is_warmer_and_brighter_than_the_night() -> None:
    rng, weather = Random(1), Weather()
    seen = {}
    for hour in (3, 15):
        for _ in range(10):
            weather.step(60.0, hour * 3600.0, rng)
        seen[hour] = (weather.temperature, weather.illuminance)
    assert seen[15][0] > seen[3][0] + 5
    assert seen[3][1] == 0 < seen[15][1]


@given(st.floats(-20, 45), st.floats(0, 5000), st.floats(0.1, 100_000))
def test_a_room_ends_between_where_it_was_and_where_heat_and_weather_hold_it(
    start: float, heat_w: float, dt_s: float
) -> None:
    weather = Weather()
    room = Room(weather, temperature=start)
    room.heat_w = heat_w
    room.step(dt_s, 0.0, Random(1))
    rest = weather.temperature + heat_w / 45.0
    assert min(start, rest) - 1e-6 <= room.temperature <= max(start, rest) + 1e-6
    assert room.heat_w == 0.0


def test_people_make_a_room_stale(room: Room) -> None:
    room.people = 1
    before = room.co2
    for _ in range(60):
        room.step(60.0, 0.0, Random(1))
    assert room.co2 > before + 50


# -- climate


@pytest.mark.parametrize(("mode", "target", "goes"), [("heat", 26.0, 1), ("cool", 16.0, -1), ("auto", 26.0, 1)])
def test_a_climate_moves_its_room_to_the_target_and_holds_it(room: Room, mode: str, target: float, goes: int) -> None:
    climate, rng = Climate(WHO, room), Random(1)
    climate.on_set({"hvac_mode": mode, "target_temperature": target}, rng)
    climate.step(1.0, rng)
    assert climate.moving_w * goes > 0
    assert climate.power_w > 300
    for _ in range(4000):
        climate.step(2.0, rng)
        room.step(2.0, 0.0, rng)
    assert abs(room.temperature - target) < 1.0


@pytest.mark.parametrize("wanted", [{"on_off": False}, {"hvac_mode": "off"}, {"hvac_mode": "fan"}])
def test_a_climate_that_is_off_or_blows_moves_no_heat(room: Room, wanted: dict[str, object]) -> None:
    climate = Climate(WHO, room)
    climate.on_set({"target_temperature": 30}, Random(1))
    climate.on_set(wanted, Random(1))
    climate.step(1.0, Random(1))
    assert climate.moving_w == 0.0
    assert climate.state["on_off"] is ("hvac_mode" in wanted and wanted["hvac_mode"] != "off")


def test_switching_a_climate_on_again_gives_it_a_mode(room: Room) -> None:
    climate = Climate(WHO, room)
    climate.on_set({"hvac_mode": "off"}, Random(1))
    climate.on_set({"on_off": True}, Random(1))
    assert climate.state["hvac_mode"] == "auto"


def test_a_purifier_cleans(room: Room) -> None:
    purifier = AirPurifier(WHO, room)
    room.pm25 = 80.0
    purifier.step(60.0, Random(1))
    assert room.pm25 == 80.0
    purifier.on_set({"on_off": True, "fan_speed": "high"}, Random(1))
    purifier.step(60.0, Random(1))
    assert purifier.power_w == 40.0
    assert purifier.state["pm25"] == 72


# -- lights


def test_a_dimmed_light_lights_the_room_and_draws_less(room: Room) -> None:
    light, rng = Light(WHO, room), Random(1)
    light.on_set({"brightness": 100}, rng)
    light.step(1.0, rng)
    assert (light.state["on_off"], room.lamp_lux) == (True, 320.0)
    full_w = light.power_w
    light.on_set({"brightness": 50}, rng)
    light.step(1.0, rng)
    assert (room.lamp_lux, light.power_w < full_w) == (160.0, True)
    light.on_set({"brightness": 0}, rng)
    light.step(1.0, rng)
    assert (light.state["on_off"], room.lamp_lux) == (False, 0.0)


def test_a_light_keeps_its_switch_when_both_are_set(room: Room) -> None:
    light = Light(WHO, room)
    light.on_set({"on_off": False, "brightness": 40}, Random(1))
    assert light.state["on_off"] is False


# -- doors


def test_the_bolt_takes_its_time(people: Household) -> None:
    lock, rng = Lock(WHO, people), NoLuck()
    answer = lock.on_set({"locked": False}, rng)
    assert answer.error is None
    lock.step(0.5, rng)
    assert lock.state["locked"] is True
    lock.step(BOLT_S, rng)
    assert lock.state["locked"] is False
    assert answer.delay_s >= BOLT_S


def test_locking_what_is_locked_changes_nothing(people: Household) -> None:
    lock = Lock(WHO, people)
    assert lock.on_set({"locked": True}, AllLuck()).error is None
    assert lock.step(5.0, NoLuck()).keys() <= {"battery"}


def test_a_jammed_bolt_stays_and_says_so(people: Household) -> None:
    lock = Lock(WHO, people)
    lock.on_set({"locked": False}, NoLuck())
    lock.step(5.0, NoLuck())
    assert lock.on_set({"locked": True}, AllLuck()).error == "the bolt is jammed"
    lock.step(5.0, NoLuck())
    assert lock.state["locked"] is False
    assert lock.events == [("jammed", {})]


def test_an_open_door_is_not_locked_and_is_locked_behind_those_who_left(people: Household) -> None:
    lock, rng = Lock(WHO, people), NoLuck()
    people.door_s = 3.0
    lock.step(1.0, rng)
    assert lock.state["locked"] is False
    assert lock.on_set({"locked": True}, rng).error == "the door is open"
    people.door_s = 0.0
    for _ in range(3):
        lock.step(1.0, rng)
    assert lock.state["locked"] is True


@given(st.lists(st.booleans(), max_size=50), STEPS)
def test_a_lock_is_never_worn_past_empty(orders: list[bool], steps: list[float]) -> None:
    lock = Lock(WHO, Household({"bedroom": Room(Weather())}, bed="bedroom"))
    for wanted in orders:
        lock.on_set({"locked": wanted}, Random(1))
    for dt_s in steps:
        lock.step(dt_s * 1e6, Random(1))
    assert 0 <= lock.level("battery") <= 100


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), STEPS)
def test_a_cover_stays_on_its_way_and_reaches_the_last_target(targets: list[int], steps: list[float]) -> None:
    cover, rng = Cover(WHO, Room(Weather())), Random(1)
    for target in targets:
        answer = cover.on_set({"position": target}, rng)
        for dt_s in steps:
            before = cover.exact
            cover.step(dt_s, rng)
            assert min(before, target) <= cover.exact <= max(before, target)
            assert abs(cover.exact - before) <= COVER_PER_S * dt_s + 1e-9
    cover.step(100.0 / COVER_PER_S, rng)
    assert cover.state["position"] == targets[-1]
    assert answer.delay_s <= 100.0 / COVER_PER_S + 0.2
    assert cover.room is not None
    assert cover.room.shade == pytest.approx(1 - targets[-1] / 100)


def test_a_cover_stops_where_it_is() -> None:
    cover, rng = Cover(WHO, Room(Weather())), Random(1)
    cover.on_set({"position": 0}, rng)
    cover.step(2.0, rng)
    assert cover.on_call("stop", {}, rng).output == {"position": 75}
    cover.step(10.0, rng)
    assert cover.state["position"] == 75


def test_a_garage_door_is_closed_only_at_the_end() -> None:
    door, rng = GarageDoor(WHO), Random(1)
    door.on_set({"position": 100}, rng)
    door.step(0.1, rng)
    assert door.state["contact"] == "open"
    door.on_set({"position": 0}, rng)
    door.step(20.0, rng)
    assert (door.state["position"], door.state["contact"]) == (0, "closed")


# -- energy


@given(st.lists(st.tuples(st.floats(0.0, 10_000.0), st.floats(0.1, 600.0)), min_size=1, max_size=40))
def test_energy_is_the_integral_of_power_and_never_falls(loads: list[tuple[float, float]]) -> None:
    now = [0.0]
    meter, joules = Meter(WHO, [lambda: now[0]], 10.0), 0.0
    for watts, dt_s in loads:
        before = meter.level("energy")
        now[0] = watts
        meter.step(dt_s, Random(1))
        joules += watts * dt_s
        assert meter.level("energy") >= before
    assert meter.level("energy") == pytest.approx(10.0 + joules / 3.6e6, abs=1e-4)


def test_a_plug_that_is_off_draws_nothing(people: Household) -> None:
    plug = Plug(WHO, television_w(people, "bedroom"), 5.0)
    plug.step(10.0, Random(1))
    assert plug.power_w > 50
    plug.on_set({"on_off": False}, Random(1))
    before = plug.state["energy"]
    plug.step(3600.0, Random(1))
    assert (plug.state["power"], plug.state["energy"]) == (0.0, before)
    assert television_w(people, "kitchen")() == 0.6


# -- appliances


def test_a_kettle_boils_says_so_and_cools(room: Room, people: Household) -> None:
    kettle, rng = Kettle(WHO, room, people, "kitchen"), NoLuck()
    kettle.on_set({"on_off": True}, rng)
    assert kettle.power_w == 2000.0
    for _ in range(300):
        kettle.step(1.0, rng)
    assert kettle.state["on_off"] is False
    assert 80 <= kettle.level("temperature") <= 100
    assert kettle.events == [("boiled", {})]


def test_somebody_makes_tea(room: Room, people: Household) -> None:
    kettle = Kettle(WHO, room, people, "kitchen")
    people.entered = "kitchen"
    kettle.step(1.0, AllLuck())
    assert kettle.state["on_off"] is True


def test_a_fridge_holds_its_band_and_its_door_warms_it(room: Room, people: Household) -> None:
    fridge = Fridge(WHO, room, people, "kitchen")
    for _ in range(7200):
        fridge.step(5.0, NoLuck())
        assert 2.5 < fridge.level("temperature") < 5.5
    people.entered = "kitchen"
    fridge.step(1.0, AllLuck())
    assert fridge.state["door"] == "open"
    people.entered = None
    fridge.step(60.0, AllLuck())
    assert fridge.state["door"] == "closed"
    assert fridge.power_w in (90.0, 1.5)


def test_a_washer_goes_through_its_programme_once() -> None:
    washer, rng = Washer(WHO), Random(1)
    phases: list[object] = []
    assert washer.on_set({"start_stop": True}, rng).error is None
    assert washer.power_w == 0.8
    for _ in range(int(PROGRAMME_S) + 2):
        washer.step(1.0, rng)
        if not phases or phases[-1] != washer.state["state"]:
            phases.append(washer.state["state"])
    assert phases == [phase for phase, _, _ in PROGRAMME] + ["done"]
    assert washer.state["timer"] == 0
    assert washer.events == [("done", {})]


def test_a_washer_is_not_started_twice_and_can_be_stopped() -> None:
    washer, rng = Washer(WHO), Random(1)
    washer.on_set({"start_stop": True}, rng)
    washer.step(100.0, rng)
    left = washer.state["timer"]
    washer.on_set({"start_stop": True}, rng)
    assert washer.state["timer"] == left
    washer.on_set({"start_stop": False}, rng)
    washer.step(10_000.0, rng)
    assert (washer.state["state"], washer.events) == ("idle", [])


# -- vacuum


@given(st.integers(), st.lists(st.sampled_from(["start", "stop", "dock", "pause", "wait"]), max_size=40))
def test_a_vacuum_is_always_in_a_sound_state(seed: int, orders: list[str]) -> None:
    vacuum, rng = Vacuum(WHO), Random(seed)
    for order in orders:
        if order in ("start", "stop"):
            vacuum.on_set({"start_stop": order == "start"}, rng)
        elif order != "wait":
            vacuum.on_call(order, {}, rng)
        for _ in range(60):
            vacuum.step(15.0, rng)
            assert 0 <= vacuum.level("battery") <= 100
            assert vacuum.state["start_stop"] == (vacuum.state["state"] == "cleaning")


def test_a_vacuum_goes_home_when_empty_and_charges() -> None:
    vacuum, rng = Vacuum(WHO), NoLuck()
    vacuum.charge = 16.0
    vacuum.on_set({"start_stop": True, "fan_speed": "high"}, rng)
    seen = set()
    for _ in range(400):
        vacuum.step(1.0, rng)
        seen.add(vacuum.state["state"])
    assert seen == {"cleaning", "returning", "docked"}
    assert vacuum.state["fan_speed"] == "high"
    charge = vacuum.charge
    assert vacuum.on_set({"start_stop": True}, rng).error == ("the battery is too low" if charge < 15 else None)


def test_a_vacuum_that_is_empty_refuses() -> None:
    vacuum = Vacuum(WHO)
    vacuum.charge = 5.0
    assert vacuum.on_set({"start_stop": True}, Random(1)).error == "the battery is too low"


def test_a_stuck_vacuum_refuses_until_it_is_freed() -> None:
    vacuum = Vacuum(WHO)
    vacuum.on_set({"start_stop": True}, NoLuck())
    vacuum.step(1.0, AllLuck())
    assert vacuum.state["state"] == "stuck"
    assert vacuum.on_set({"start_stop": True}, NoLuck()).error == "it is stuck"
    assert vacuum.on_call("dock", {}, NoLuck()).error == "it is stuck"
    vacuum.step(FREED_S, NoLuck())
    assert vacuum.state["state"] == "returning"


def test_a_paused_vacuum_stands_and_an_empty_one_goes_home() -> None:
    vacuum = Vacuum(WHO)
    vacuum.on_set({"start_stop": True}, NoLuck())
    vacuum.on_call("pause", {}, NoLuck())
    vacuum.step(60.0, NoLuck())
    assert vacuum.state["state"] == "paused"
    vacuum.charge = 14.0
    vacuum.step(1.0, NoLuck())
    assert vacuum.state["state"] == "returning"


# -- people and what sees them


def test_people_sleep_at_night_and_go_out_through_the_door() -> None:
    rooms = {name: Room(Weather()) for name in ("hallway", "kitchen", "bedroom")}
    people, rng = Household(rooms, bed="bedroom"), Random(3)
    day, night, doors = set(), set(), 0
    for second in range(0, int(2 * DAY_S), 10):
        people.step(10.0, second % DAY_S, rng)
        hour = second % DAY_S / 3600
        if 9 < hour < 20:
            day.add(people.where)
        elif 3 < hour < 6:
            night.add(people.where)
        doors += people.door_s > 0
        assert sum(room.people for room in rooms.values()) == (people.where is not None)
    assert day == {"hallway", "kitchen", "bedroom", None}
    assert night == {"bedroom"}
    assert doors


def test_sensors_see_people(people: Household) -> None:
    contact = Watching(WHO, "contact", contact_of(people))
    motion = Watching(WHO, "motion", motion_in(people, "kitchen", hold_s=30.0))
    presence = Watching(WHO, "occupancy", presence_in(people, "kitchen"))
    sensors, rng = (contact, motion, presence), Random(1)

    def see(dt_s: float) -> list[object]:
        for sensor in sensors:
            sensor.step(dt_s, rng)
        return [contact.state["contact"], motion.state["motion"], presence.state["occupancy"]]

    assert see(1.0) == ["closed", False, False]
    people.where, people.moved, people.door_s = "kitchen", True, 2.0
    assert see(1.0) == ["open", True, True]
    people.moved, people.door_s = False, 0.0
    assert see(29.0) == ["closed", True, True]
    assert see(2.0) == ["closed", False, True]


def test_only_a_temperature_is_below_zero() -> None:
    cold = Measuring(WHO, Scale("temperature", 0.0, 1), lambda: -12.34)
    dark = Measuring(WHO, Scale("illuminance", 5.0, 0), lambda: -12.34)
    cold.step(1.0, Random(1))
    dark.step(1.0, Random(1))
    assert cold.state == {"temperature": -12.3}
    assert dark.state == {"illuminance": 0}
    assert cold.model == "sensor.temperature"
