"""The demonstration's alarms can be, and each of them can be raised by the things that it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

import unisono.sim
from tests.scene.alarm.panel import Panel
from unisono.scene.alarm.document import load_alarm
from unisono.scene.alarm.soundness import check_alarm
from unisono.sim.home import build_home
from unisono.sim.line import build_line
from unisono.twin.record import AlarmPut

FILES = sorted((Path(unisono.sim.__file__).parent / "alarms").glob("*.yaml"))


@pytest.fixture(scope="module")
def panel() -> Panel:
    """The home and the plant, as the demonstration has them."""
    panel = Panel()
    for world in (build_home(None), build_line(None)):
        for place in world.places:
            panel.place(place.id, place.parent)
        for device in world.devices:
            panel.thing(device.who.thing, device.model, place=device.who.place)
            panel.report(device.who.thing, **device.state)
    for file in FILES:
        text = file.read_bytes()
        panel.put(AlarmPut(load_alarm(text).id, 1, text))
    return panel


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_can_be(panel: Panel, file: Path) -> None:
    definition = load_alarm(file.read_bytes())
    assert definition.id == file.stem
    assert definition.names.keys() == {"zh"}
    assert check_alarm(definition, panel.engine.world, {}) == []


def test_nothing_stands_at_first(panel: Panel) -> None:
    assert [alarm.id for alarm in panel.alarms.alarms.values() if alarm.facts.active] == []


@pytest.mark.parametrize(
    ("thing", "state", "wait_s", "alarm"),
    [
        ("fridge", {"temperature": 9.0}, 300, "fridge_warm.fridge"),
        ("kitchen_leak", {"leak": True}, 0, "water_leak.kitchen_leak"),
        ("kitchen_smoke", {"smoke": True}, 0, "smoke.kitchen_smoke"),
        ("press_1", {"guard": "open", "running": True}, 0, "guard_open.press_1"),
        ("press_1", {"vibration": 5.0, "running": True}, 0, "vibration.press_1"),
        ("compressor_1", {"pressure": 500_000}, 20, "air_pressure.compressor_1"),
    ],
)
def test_it_is_raised(panel: Panel, thing: str, state: dict[str, object], wait_s: float, alarm: str) -> None:
    for _ in range(10):  # a window has values of before
        panel.report(thing, **state)
    panel.tick(wait_s)
    assert panel.state(alarm) == "unacknowledged"


def test_a_machine_that_is_gone(panel: Panel) -> None:
    panel.offline("conveyor_1")
    panel.tick(60)
    assert panel.state("machine_away.conveyor_1") == "acknowledged"
