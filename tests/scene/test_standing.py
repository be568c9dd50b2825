"""How the triggers of a scene stand: the answer to "why did it not run?" when nothing set it off."""

from __future__ import annotations

from tests.scene.stage import Stage
from unisono.scene.running.standing import MAX_NAMED, TriggerView, standing

THEN = "then: [{stop: {}}]"


def look(stage: Stage, when: str) -> list[TriggerView]:
    id = stage.scene(f"when: [{when}]\n" + THEN)
    return standing(stage.engine.scenes[id])


def test_a_value_is_told_with_whether_it_fits() -> None:
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.thing("silent", "sensor.temperature")
    change = "{change: {things: [probe, silent], property: temperature, above: 25}}"
    assert look(stage, change) == [
        TriggerView("when.0.change", "probe", False, 20.0),
        TriggerView("when.0.change", "silent", None, None),
    ]
    stage.report("probe", temperature=26.0)
    assert look(stage, change)[0] == TriggerView("when.0.change", "probe", True, 26.0)


def test_for_how_long_it_fits_is_told() -> None:
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    id = stage.scene("when: [{change: {things: [probe], property: temperature, above: 25, for_s: 60}}]\n" + THEN)
    stage.report("probe", temperature=26.0)
    stage.tick(1)
    stage.tick(20)
    (view,) = standing(stage.engine.scenes[id])
    assert (view.fits, view.seen, view.for_s, view.held_s) == (True, 26.0, 60.0, 21.0)
    stage.tick(60)
    assert stage.runs == 1


def test_moments_modes_links_windows_and_what_happens() -> None:
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.thing("bell", "doorbell")
    stage.thing("car", "car")
    stage.mode("home", "night")
    found = look(
        stage,
        "{time: {every_s: 900}}, {mode: {place: home, is: away}}, {connection: {things: [bell], is: offline}}, "
        "{window: {things: [probe], property: temperature, over_s: 60, agg: max, above: 30}}, "
        "{event: {things: [bell], event: ring}}, {travel: {things: [car], arrives: home}}, "
        "{silence: {things: [bell], for_s: 60}}, {scene: {id: other}}, "
        "{mode: {place: nowhere, is: away}}, {connection: {things: [ghost], is: online}}, "
        "{change: {place: home, kind: lock, property: locked, is: true}}",
    )
    by_path = {view.path: view for view in found}
    assert by_path["when.0.time"].next is not None
    assert by_path["when.1.mode"] == TriggerView("when.1.mode", "", False, "night")
    assert by_path["when.2.connection"].seen in ("online", "offline")
    assert (by_path["when.3.window"].thing, by_path["when.3.window"].seen) == ("probe", None)
    assert by_path["when.4.event"] == TriggerView("when.4.event")
    assert by_path["when.5.travel"].thing == "car"
    assert by_path["when.6.silence"].for_s == 60
    assert by_path["when.7.scene"] == TriggerView("when.7.scene")
    assert by_path["when.8.mode"].seen is None
    assert by_path["when.9.connection"].seen is None
    assert by_path["when.10.change"] == TriggerView("when.10.change")


def test_a_value_that_only_has_to_change_fits_neither_way() -> None:
    stage = Stage()
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    for more in ("", ", by: 2", ", by: 2, above: 10"):
        (view,) = look(stage, f"{{change: {{things: [probe], property: temperature{more}}}}}")
        assert (view.fits, view.seen) == (None, 20.0)


def test_of_very_many_things_some_are_told() -> None:
    stage = Stage()
    for number in range(MAX_NAMED + 5):
        stage.thing(f"probe{number}", "sensor.temperature", temperature=20.0)
    assert len(look(stage, "{silence: {place: home, kind: sensor, property: temperature, for_s: 60}}")) == MAX_NAMED
