"""The line: nothing moves against the safety chain, counters only grow, parts are neither made nor lost in between."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.test_home import AllLuck, NoLuck
from unisono.sim.device import Label
from unisono.sim.line import build_line
from unisono.sim.line.compressor import BAND_PA, BAR_PA, Compressor
from unisono.sim.line.conveyor import RIDE_S, Conveyor
from unisono.sim.line.flow import Air, Buffer, Orders
from unisono.sim.line.line import Andon
from unisono.sim.line.machine import Machine
from unisono.sim.line.packager import BOX, Packager
from unisono.sim.line.press import CYCLE_S, STOPPED_S, Press
from unisono.sim.world import World

WHO = Label("machine", "line", "Machine", "机器")


@pytest.fixture
def press() -> Press:
    return Press(WHO, Air(), Buffer(room=40), Orders(quantity=5))


def parts(world: World) -> tuple[Press, Conveyor, Packager, Compressor]:
    press, conveyor, packager, compressor, *_ = world.devices
    assert isinstance(press, Press)
    assert isinstance(conveyor, Conveyor)
    assert isinstance(packager, Packager)
    assert isinstance(compressor, Compressor)
    return press, conveyor, packager, compressor


# -- the whole line

ORDERS = st.sampled_from(["start", "stop", "guard", "shut", "hit", "reset", "jam", "no air"])


@settings(max_examples=60)
@given(st.integers(), st.lists(st.tuples(ORDERS, st.floats(0.1, 30.0)), max_size=60))
def test_the_press_never_moves_with_the_guard_open(seed: int, story: list[tuple[str, float]]) -> None:
    world, rng = build_line(), Random(seed)
    press, *_ = parts(world)
    for what, dt_s in story:
        strokes = press.level("good_count") + press.level("scrap_count")
        if what in ("start", "stop"):
            answer = press.on_set({"start_stop": what == "start"}, rng)
            if what == "start" and press.state["guard"] == "open":
                assert answer.error
        elif what == "guard":
            press.state["guard"] = "open"
        elif what == "shut":
            press.state["guard"] = "closed"
        elif what == "hit":
            press.hit_emergency_stop()
        elif what == "reset":
            press.on_call("reset_fault", {}, rng)
        elif what == "jam":
            press.fail("part jammed", 20.0)
        else:
            press.air.pressure = 100_000.0
        if press.state["guard"] == "open" or press.state["emergency_stop"]:
            assert not press.flag("running") or what == "guard"
        blocked = press.state["guard"] == "open" and press.state["fault"] == "none"
        world.step(dt_s, 36_000.0, rng)
        if press.state["guard"] == "open" or press.state["emergency_stop"] or press.state["fault"] != "none":
            assert press.state["running"] is False
        if blocked:
            assert press.level("good_count") + press.level("scrap_count") == strokes


@settings(max_examples=10)
@given(st.integers())
def test_parts_are_neither_made_nor_lost_between_machines(seed: int) -> None:
    world, rng = build_line(), Random(seed)
    press, conveyor, packager, _ = parts(world)
    before = press.level("good_count")
    boxes_before = packager.level("good_count") + packager.level("scrap_count")
    last: dict[str, float] = {}
    for second in range(2400):
        world.step(1.0, float(second), rng)
        counts = {
            "good": press.level("good_count"),
            "scrap": press.level("scrap_count"),
            "belt": conveyor.level("count"),
            "energy": world.devices[4].level("energy"),
        }
        assert all(value >= last.get(key, 0.0) for key, value in counts.items())
        last = counts
    boxes = packager.level("good_count") + packager.level("scrap_count") - boxes_before
    in_work = BOX if packager._busy_s > 0 else 0
    between = press.out.parts + conveyor.parts + conveyor.sink.parts + in_work
    assert press.level("good_count") - before == between + boxes * BOX
    assert boxes > 20


def test_the_net_keeps_its_band_while_the_line_works() -> None:
    world, rng = build_line(), NoLuck()
    *_, compressor = parts(world)
    seen = set()
    for second in range(3600):
        world.step(1.0, float(second), rng)
        seen.add(compressor.state["state"])
        assert abs(compressor.air.pressure - compressor.level("setpoint") * BAR_PA) < BAND_PA + 20_000
    assert {"loaded", "unloaded"} <= seen


# -- press


def test_it_strikes_in_its_cycle_and_fulfils_orders(press: Press) -> None:
    rng = NoLuck()
    before = press.level("good_count")
    for _ in range(100):
        press.step(CYCLE_S / 10, rng)
    assert press.level("good_count") - before in (8, 9, 10)
    assert press.events == [("order_done", {"order": "WO-1041", "next": "WO-1042"})]
    assert press.state["order"] == "WO-1042"
    assert press.power_w > 5000


def test_scrap_is_no_good_part(press: Press) -> None:
    press.step(0.0, NoLuck())
    before = press.level("good_count"), press.out.parts
    press._strike(AllLuck())
    assert (press.level("good_count"), press.out.parts) == before
    assert press.state["scrap_count"] == 144


def test_a_full_buffer_holds_the_slide_up(press: Press) -> None:
    for _ in range(400):
        press.step(1.0, NoLuck())
    assert press.out.parts == press.out.room
    assert press.flag("running")
    held = press.level("good_count")
    press.step(60.0, NoLuck())
    assert press.level("good_count") == held


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"guard": "open"}, "the guard is open"),
        ({"emergency_stop": True}, "the emergency stop is pressed"),
        ({"fault": "lubrication low"}, "fault: lubrication low"),
    ],
)
def test_a_start_against_the_chain_is_refused(press: Press, change: dict[str, Any], reason: str) -> None:
    press.on_set({"start_stop": False}, NoLuck())
    press.state.update(change)
    assert press.on_set({"start_stop": True}, NoLuck()).error == reason
    assert press.state["running"] is False
    assert press.on_set({"start_stop": False}, NoLuck()).error is None


def test_without_air_it_stands(press: Press) -> None:
    press.air.pressure = 400_000.0
    press.step(1.0, NoLuck())
    assert press.state["running"] is False
    assert press.on_set({"start_stop": True}, NoLuck()).error == "the air pressure is too low"
    assert press.power_w == 350.0


def test_the_red_button_stops_it_and_is_released_in_time(press: Press) -> None:
    press.step(1.0, AllLuck())
    assert (press.state["emergency_stop"], press.state["running"]) == (True, False)
    assert press.on_set({"start_stop": True}, NoLuck()).error == "the emergency stop is pressed"
    press.step(STOPPED_S, NoLuck())
    press.step(1.0, NoLuck())
    assert (press.state["emergency_stop"], press.state["running"]) == (False, True)


def test_a_jam_opens_the_guard_and_clearing_it_closes_it(press: Press) -> None:
    press.fail("part jammed", 30.0)
    assert (press.state["guard"], press.state["running"]) == ("open", False)
    assert press.on_call("reset_fault", {}, NoLuck()).error == "part jammed: somebody has to go there"
    press.step(31.0, NoLuck())
    press.step(1.0, NoLuck())
    assert (press.state["guard"], press.state["fault"], press.state["running"]) == ("closed", "none", True)
    assert press.events[:2] == [("fault", {"fault": "part jammed"}), ("cleared", {})]


def test_a_small_fault_is_reset_from_afar(press: Press) -> None:
    press.fail("lubrication low", 300.0)
    assert press.on_call("reset_fault", {}, NoLuck()).error is None
    assert press.state["fault"] == "none"
    assert press.on_call("reset_fault", {}, NoLuck()).error is None


def test_a_worn_tool_shakes_and_is_changed(press: Press) -> None:
    press.wear = 0.9999
    press.step(1.0, NoLuck())
    assert press.level("vibration") > 5
    for _ in range(30):
        press.out.parts = 0
        press.step(1.0, NoLuck())
    assert press.state["fault"] == "tool change"
    assert press.wear < 0.01


# -- conveyor, packager, compressor, andon


def test_parts_ride_and_stop_with_the_belt() -> None:
    source, sink = Buffer(10), Buffer(2)
    belt = Conveyor(WHO, source, sink)
    source.parts = 5
    belt.step(1.0, NoLuck())
    assert (source.parts, belt.parts) == (0, 5)
    belt.on_set({"start_stop": False}, NoLuck())
    belt.step(100.0, NoLuck())
    assert (belt.parts, belt.power_w) == (5, 15.0)
    belt.on_set({"start_stop": True}, NoLuck())
    belt.step(RIDE_S, NoLuck())
    assert (belt.parts, sink.parts, sink.full) == (3, 2, True)
    assert belt.level("rate") > 0


def test_a_machine_breaks_by_itself() -> None:
    belt = Conveyor(WHO, Buffer(1), Buffer(1))
    belt.step(1.0, AllLuck())
    assert belt.state["fault"] in Conveyor.faults
    assert belt.state["running"] is False


def test_film_runs_out_and_somebody_brings_another_roll() -> None:
    source = Buffer(1000)
    packager, rng = Packager(WHO, source, Air()), NoLuck()
    packager.film = 10.2
    packager.on_set({"start_stop": True}, rng)
    for _ in range(1500):
        source.parts = 500
        packager.step(1.0, rng)
        if packager.state["fault"] != "none":
            break
    assert packager.state["fault"] == "film empty"
    assert packager.events == [("material_low", {}), ("fault", {"fault": "film empty"})]
    assert packager.on_call("reset_fault", {}, rng).error
    for _ in range(200):
        packager.step(1.0, rng)
    assert packager.level("level") > 90
    assert packager.level("good_count") > 6_931


def test_a_compressor_stops_after_idling_and_follows_its_setpoint() -> None:
    air, rng = Air(pressure=760_000.0), NoLuck()
    compressor = Compressor(WHO, air)
    for _ in range(320):
        compressor.step(1.0, rng)
        air.pressure = 760_000.0
    assert (compressor.state["state"], compressor.power_w) == ("stopped", 40.0)
    compressor.on_set({"start_stop": False}, rng)
    air.pressure = 300_000.0
    compressor.step(1.0, rng)
    assert compressor.state["state"] == "stopped"
    compressor.on_set({"start_stop": True, "setpoint": 7.5}, rng)
    for _ in range(600):
        compressor.step(1.0, rng)
    assert abs(air.pressure - 750_000) < BAND_PA + 5000


def test_the_lamp_shows_the_line_and_what_a_person_set() -> None:
    machine = Machine(WHO)
    andon, rng = Andon(WHO, [machine]), NoLuck()
    andon.step(1.0, rng)
    assert andon.state["andon"] == "green"
    andon.on_set({"andon": "yellow"}, rng)
    andon.step(1.0, rng)
    assert andon.state["andon"] == "yellow"
    machine.fail("smoke", 10.0)
    andon.step(1.0, rng)
    assert andon.state["andon"] == "red"
    machine.on_call("reset_fault", {}, rng)
    machine.on_set({"start_stop": False}, rng)
    andon.step(1.0, rng)
    assert andon.state["andon"] == "yellow"


@given(st.lists(st.booleans(), max_size=60))
def test_a_buffer_holds_what_was_put_in(moves: list[bool]) -> None:
    buffer, parts_ = Buffer(5), 0
    for put in moves:
        if put:
            parts_ += buffer.put()
        else:
            parts_ -= buffer.take(1)
        assert 0 <= buffer.parts == parts_ <= 5


@given(st.lists(st.floats(-1.0, 1.0), max_size=40))
def test_pressure_is_never_below_nothing(moves: list[float]) -> None:
    air = Air()
    for volume in moves:
        air.add(volume) if volume > 0 else air.use(-volume)
        air.settle(1.0)
        assert air.pressure >= 0.0
