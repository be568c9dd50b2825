"""Lines of history wait until they are kept; the order of an operator's list; what goes over the bus."""

from __future__ import annotations

import msgspec

from tests.scene.alarm.panel import Panel, warm
from unisono.scene.alarm.alarms import order
from unisono.scene.alarm.talk import AlarmsAsk, RateView, live_alarms


def lines(panel: Panel) -> list[int]:
    return [line.number for line in panel.alarms.recent]


def test_lines_are_taken_until_they_are_kept() -> None:
    panel = warm()
    panel.keep = lambda: None  # type: ignore[method-assign]
    panel.report("probe", temperature=26.0)
    assert [line.number for line in panel.alarms.take()] == [1]
    panel.report("probe", temperature=20.0)
    assert lines(panel) == [1, 2]
    panel.alarms.not_kept()
    assert lines(panel) == [1, 2]
    assert [line.number for line in panel.alarms.take()] == [1, 2]
    panel.report("probe", temperature=26.0)
    panel.alarms.kept()
    assert lines(panel) == [3]


def test_the_worst_and_newest_comes_first() -> None:
    panel = warm("severity: low")
    panel.define("id: bad\nseverity: critical\nraise: {change: {property: temperature, above: 25}}")
    panel.thing("other", "sensor.temperature")
    panel.report("probe", temperature=26.0)
    panel.tick(1)
    panel.report("other", temperature=26.0)
    found = sorted(panel.alarms.alarms.values(), key=order)
    assert [alarm.id for alarm in found] == ["bad.other", "bad.probe", "a.other", "a.probe"]


def test_astir_is_what_is_not_simply_normal() -> None:
    panel = warm("acknowledge: false")
    assert panel.alarms.astir == set()
    for _ in range(3):
        panel.report("probe", temperature=26.0)
        panel.report("probe", temperature=20.0)
    assert panel.alarms.astir == {"a.probe"}  # it chatters
    panel.crash()
    assert panel.alarms.astir == {"a.probe"}
    panel.tick(601)
    assert panel.alarms.astir == set()
    panel.act("shelve", for_s=60)
    assert panel.alarms.astir == {"a.probe"}
    panel.undefine()
    assert panel.alarms.astir == set()


def test_what_goes_over_the_bus() -> None:
    asked = AlarmsAsk(places=["home"], after=(0, -5, "a.b"))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(asked), type=AlarmsAsk) == asked
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(["home", 3]), type=RateView) == RateView("home", 3)
    assert live_alarms("0") == "live.alarms.0"
