"""A scene against the past: what would have set it off, what would have come of it, and what cannot be told."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from unisono.scene.document import Scene, load_scene
from unisono.scene.trying import backtest as module
from unisono.scene.trying.backtest import Backtest, Past, backtest, unseen, wanted
from unisono.scene.world import World
from unisono.thing import builtin_model
from unisono.thing.shape import compile_model
from unisono.twin.places import Place, Places
from unisono.twin.twin import Twin

SECOND = 1_000_000
DAY = 86_400 * SECOND
#: A Monday, 00:00 UTC.
MONDAY = 1_795_996_800 * SECOND
KINDS = {"lamp": "light", "spare": "light", "probe": "sensor.temperature", "bell": "doorbell", "wei": "person"}


def world() -> World:
    places = Places()
    places.take(Place("home", None, "Asia/Shanghai", 31.2, 121.5, "away"))
    things = {}
    for id, kind in KINDS.items():
        things[id] = Twin(id, compile_model(builtin_model(kind)), 0)
        things[id].place = things[id].root = "home"
    return World(things, places)


def scene(text: str, id: str = "s") -> Scene:
    return load_scene(f"id: {id}\nname: S\nplace: home\n{textwrap.dedent(text)}")


WARM = scene("""
    when: [{change: {things: [probe], property: temperature, above: 30}}]
    then: [{set: {things: [lamp], state: {brightness: {add: 10}}}}]
""")


def play(past: list[Past], *scenes: Scene, before: dict[str, dict[str, Any]] | None = None, days: int = 7) -> Backtest:
    return backtest(scenes or (WARM,), world(), "home", before or {}, past, MONDAY, MONDAY + days * DAY)


def warm(*values: float) -> list[Past]:
    """A value each hour."""
    return [Past(MONDAY + hour * 3600 * SECOND, "probe", "temperature", each) for hour, each in enumerate(values)]


def test_it_runs_as_often_as_the_value_crossed_and_says_when_and_what_it_saw() -> None:
    found = play(warm(20, 31, 32, 29, 33), before={"lamp": {"brightness": 40}})
    assert (found.count, found.until) == (2, MONDAY + 7 * DAY)
    first, second = found.runs
    assert (first.started, second.started) == (MONDAY + 3600 * SECOND, MONDAY + 4 * 3600 * SECOND)
    assert (first.cause.thing, first.cause.value, first.state) == ("probe", 31, "done")
    assert first.steps[0].seen["lamp"]["wants"] == {"brightness": 50}
    assert second.steps[0].seen["lamp"]["wants"] == {"brightness": 60}
    assert first.step == "then.0.set"


def test_what_held_before_the_span_does_not_set_it_off_again() -> None:
    assert play(warm(31), before={"probe": {"temperature": 35}}).count == 0


def test_history_has_the_last_word_about_what_things_do() -> None:
    lamp = [Past(MONDAY + 1800 * SECOND, "lamp", "brightness", 5), *warm(20, 31)]
    found = play(sorted(lamp, key=lambda each: each.at), before={"lamp": {"brightness": 90}})
    assert found.runs[0].steps[0].seen["lamp"]["wants"] == {"brightness": 15}


def test_why_it_did_not_run() -> None:
    asleep = scene("""
        when: [{change: {things: [probe], property: temperature, above: 30}}]
        if: [{state: {things: [lamp], property: on_off, is: true}}]
        then: [{set: {things: [lamp], state: {on_off: false}}}]
    """)
    found = play(warm(20, 31, 20, 32), asleep, before={"lamp": {"on_off": False}})
    assert found.count == 0
    assert found.refusals[0].path == "if.0.state"
    assert found.refusals[0].count == 2


def test_times_of_day_are_those_of_the_place_and_a_disabled_scene_is_tried_too() -> None:
    daily = scene("enabled: false\nwhen: [{time: {at: '06:00'}}]\nthen: [{stop: {}}]")
    found = play([], daily)
    assert found.count == 7
    assert found.runs[0].started == MONDAY + 22 * 3600 * SECOND  # six in the morning in Shanghai


def test_events_and_the_scenes_that_it_runs() -> None:
    ring = scene("when: [{event: {things: [bell], event: ring}}]\nthen: [{scene: {id: other, wait: true}}]")
    other = scene("then: [{set: {things: [lamp], state: {on_off: true}}}]", "other")
    rung = [Past(MONDAY + n * SECOND, "bell", "event/ring", value) for n, value in ((5, {}), (9, None))]
    found = play(rung, ring, other)
    assert found.count == 2
    assert all(run.scene == "s" and run.state == "done" for run in found.runs)


def test_values_that_the_model_does_not_take_any_more_change_nothing() -> None:
    later = MONDAY + DAY
    past = [*warm(20), *(Past(later, "probe", "temperature", each) for each in ("hot", None))]
    assert play(past).count == 0


def test_too_many_moments_are_cut_off_and_the_answer_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MOMENTS", 1000)
    often = scene("when: [{time: {every_s: 60}}]\nthen: [{stop: {}}]")
    found = play([], often)
    assert MONDAY < found.until < MONDAY + DAY
    assert found.count > len(found.runs) == module.MAX_RUNS


def test_what_of_the_past_is_wanted() -> None:
    asked = scene("""
        when:
          - event: {things: [bell], event: ring}
          - event: {things: [lamp], event: ring}
          - travel: {things: [wei], arrives: home}
          - silence: {things: [probe], for_s: 60}
          - silence: {things: [probe], property: temperature, for_s: 60}
        if:
          - cel: {expression: a > 1.0, given: {a: {thing: probe, property: temperature}, b: {thing: gone, property: x}}}
          - window: {things: [probe, gone], property: temperature, over_s: 60, agg: mean, above: 3}
          - state: {things: [probe], property: brightness, above: 3}
        then:
          - set:
              things: [lamp]
              state: {brightness: {cel: {expression: a, given: {a: {thing: probe, property: temperature}}}}}
          - snapshot: {things: [spare], name: before}
          - call: {things: [bell], action: ring}
    """)
    found = wanted([asked], world())
    assert found["bell"] == {"event/ring"}
    assert found["lamp"] == {"brightness"}
    assert "presence" in found["wei"]
    assert {"on_off", "brightness"} <= found["spare"]
    assert {"temperature", "humidity", "battery"} <= found["probe"], "what says nothing at all looks at everything"
    assert wanted([WARM], world())["probe"] == {"temperature"}
    assert "gone" not in found


def test_what_history_does_not_hold_is_said_with_its_place_in_the_document() -> None:
    asked = scene("""
        when:
          - connection: {things: [lamp], is: offline}
          - mode: {place: home, is: away}
          - scene: {id: other}
        if: [{mode: {place: home, is: away}}, {connection: {things: [lamp], is: online}}]
        then: [{stop: {}}]
    """)
    assert [path for path, _reason in unseen(asked)] == [
        "when.0.connection",
        "when.1.mode",
        "when.2.scene",
        "if.0.mode",
        "if.1.connection",
    ]
    assert unseen(WARM) == []


def test_modes_are_as_they_are_now() -> None:
    away = scene("""
        when: [{change: {things: [probe], property: temperature, above: 30}}]
        if: [{mode: {place: home, is: away}}]
        then: [{stop: {}}]
    """)
    assert play(warm(20, 31), away).count == 1
