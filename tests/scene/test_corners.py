"""What scenes seldom meet: bounds, what comes for the first time, what is gone, and who is refused."""

from __future__ import annotations

import pytest

from tests.scene.stage import Stage
from unisono.scene.running.compiled import PAST
from unisono.scene.running.engine import repeatable
from unisono.scene.running.runner import MAX_CHAIN, MAX_EFFECTS, Effect
from unisono.twin.record import EffectSent, SceneEnabled, SceneRemoved, SceneStop

LAMP = "[{set: {things: [lamp], state: {on_off: true}}}]"
BY = {"kind": "person", "id": "wei"}


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False)
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    return stage


class TestTriggers:
    def test_only_after_a_given_value(self, stage: Stage) -> None:
        stage.thing("ac", "climate", hvac_mode="off")
        change = "{things: [ac], property: hvac_mode, is: cool, was: heat}"
        stage.scene(f"when: [{{change: {change}}}]\nthen: {LAMP}")
        for value in ("cool", "cool", "heat", "cool", "off", "cool"):
            stage.report("ac", hvac_mode=value)
        assert [run.cause.value for run in stage.past] == ["cool"]

    def test_any_change_from_a_given_value(self, stage: Stage) -> None:
        stage.thing("ac", "climate")
        stage.scene(f"when: [{{change: {{things: [ac], property: hvac_mode, was: heat}}}}]\nthen: {LAMP}")
        for value in ("heat", "heat", "cool", "off"):
            stage.report("ac", hvac_mode=value)
        assert [run.cause.value for run in stage.past] == ["cool"]

    def test_the_first_value_ever_is_no_change_and_a_change_too_small_is_none(self, stage: Stage) -> None:
        stage.thing("new", "sensor.temperature")
        stage.scene(f"when: [{{change: {{things: [new], property: temperature, by: 1}}}}]\nthen: {LAMP}")
        for value in (20.0, 20.5, 21.5):
            stage.report("new", temperature=value)
        assert [run.cause.value for run in stage.past] == [21.5]

    def test_a_text_that_fits(self, stage: Stage) -> None:
        stage.thing("ac", "climate", hvac_mode="off")
        stage.scene(f"when: [{{change: {{things: [ac], property: hvac_mode, is: [cool, heat]}}}}]\nthen: {LAMP}")
        for value in ("off", "heat", "cool", "off", "cool"):
            stage.report("ac", hvac_mode=value)
        assert stage.runs == 2

    def test_an_event_ends_a_silence_too(self, stage: Stage) -> None:
        stage.thing("bell", "doorbell")
        stage.scene(f"when: [{{silence: {{things: [bell], for_s: 100}}}}]\nthen: {LAMP}")
        stage.tick(60)
        stage.event("bell", "ring")
        stage.tick(60)
        assert stage.runs == 0
        stage.tick(40)
        assert stage.runs == 1

    def test_a_silence_of_one_property(self, stage: Stage) -> None:
        stage.scene(f"when: [{{silence: {{things: [lamp], property: brightness, for_s: 100}}}}]\nthen: {LAMP}")
        stage.tick(60)
        stage.report("lamp", on_off=True)
        stage.event("lamp", "nothing")
        stage.tick(40)
        assert stage.runs == 1

    def test_a_journey_is_looked_for_where_the_report_says_where_it_is(self, stage: Stage) -> None:
        stage.thing("car", "car", location={"lat": 52.6, "lon": 13.4})
        stage.scene(f"when: [{{travel: {{things: [car], arrives: home, within_m: 2000}}}}]\nthen: {LAMP}")
        stage.report("car", battery=50)
        assert stage.runs == 0

    def test_events_with_fields(self, stage: Stage) -> None:
        stage.thing("remote", "remote")
        twin = stage.fold.partition.things["remote"]
        event, found = next((name, each) for name, each in twin.shape.model.events.items() if each.args)
        field = found.args[0].key
        stage.scene(
            f"when: [{{event: {{things: [remote], event: {event}, fields: {{{field}: nowhere}}}}}}]\nthen: {LAMP}"
        )
        for watch in twin.watchers:
            watch.told(twin, event, {field: "elsewhere"}, 1)
            assert stage.runs == 0
            watch.told(twin, event, {field: "nowhere"}, 1)
        assert stage.runs == 1


class TestRuns:
    def test_one_that_is_switched_off_says_so(self, stage: Stage) -> None:
        stage.scene(f"when: [{{change: {{things: [lamp], property: on_off, is: true}}}}]\nthen: {LAMP}")
        stage.put(SceneEnabled("s", False), SceneEnabled("nobody", False))
        stage.report("lamp", on_off=True)
        assert stage.why == [("it is disabled", "enabled")]
        stage.put(SceneEnabled("s", True))
        stage.report("lamp", on_off=False)
        stage.report("lamp", on_off=True)
        assert stage.runs == 1

    @pytest.mark.parametrize(
        ("mode", "why"),
        [
            ("queued", "its queue is full"),
            ("parallel", "as many as may be are running"),
            ("single", "it is running already"),
        ],
    )
    def test_as_many_as_may_be(self, stage: Stage, mode: str, why: str) -> None:
        stage.scene(f"mode: {mode}\nmax: 2\nthen: [{{wait: {{for_s: 10}}}}]")
        for _ in range(3):
            stage.run()
        assert {reason for reason, _path in stage.why} == {why}

    def test_traces_and_refusals_are_bounded(self, stage: Stage) -> None:
        stage.scene("then: [{stop: {}}]")
        for _ in range(PAST + 5):
            stage.run()
        assert [run.id for run in stage.past] == [f"s-{number}" for number in range(6, PAST + 6)]
        stage.scene("mode: single\nthen: [{wait: {for_s: 9}}]\nif: [{mode: {place: home, is: home}}]", version=2)
        stage.run()
        for _ in range(PAST + 5):
            stage.run()
            stage.mode("home", "away")
            stage.run()
            stage.mode("home", "home")
        assert len(stage.why) == PAST

    def test_stopped_by_hand(self, stage: Stage) -> None:
        stage.scene("then: [{set: {things: [lamp], state: {on_off: true}, wait: true}}, {stop: {}}]")
        stage.run()
        stage.put(SceneStop("s", BY), SceneStop("nobody", BY))
        assert stage.past[0].state == "stopped"
        stage.obey()
        assert len(stage.past) == 1

    def test_removed(self, stage: Stage) -> None:
        stage.scene("then: [{wait: {for_s: 5}}]")
        stage.run()
        stage.put(SceneRemoved("s"), SceneRemoved("nobody"))
        stage.tick(10)
        assert not stage.engine.scenes
        _state, _rows, removed = stage.fold.partition.saved([], [])
        assert removed == ["scene:s"]

    def test_nobody_runs_what_is_not_there(self, stage: Stage) -> None:
        stage.run("nobody")
        assert stage.fold.partition.dead_letters.saved().letters[-1].code == "not_found"

    def test_steps_without_end_are_ended(self, stage: Stage) -> None:
        inner = "[{repeat: {times: 10000, then: [{stop: {why: x}}]}}]".replace(
            "{stop: {why: x}}", "{snapshot: {name: a, things: [lamp]}}"
        )
        stage.scene(f"then: {inner}")
        stage.run()
        assert (stage.past[0].state, stage.past[0].why) == ("failed", "it took too many steps")

    def test_scenes_that_trigger_each_other_are_held(self, stage: Stage) -> None:
        stage.scene("id: a\nwhen: [{scene: {id: b}}]\nthen: [{stop: {}}]\n")
        stage.scene("id: b\nwhen: [{scene: {id: a, ended: any}}, {scene: {id: b, ended: any}}]\nthen: [{stop: {}}]\n")
        stage.run("b")
        assert any("without end" in trouble for trouble in stage.engine.troubles)
        assert stage.engine.count <= MAX_CHAIN + 1


class TestEffects:
    def test_too_many_that_wait_push_out_the_oldest(self, stage: Stage) -> None:
        stage.scene("then: [{notify: {text: x}}]")
        stage.engine.effects = {f"e{n}": Effect(f"e{n}", "s-0", "notify", {}, 0) for n in range(MAX_EFFECTS)}
        stage.run()
        assert "e0" not in stage.engine.effects
        assert len(stage.engine.effects) == MAX_EFFECTS

    def test_one_that_is_not_there_is_no_matter(self, stage: Stage) -> None:
        stage.put(EffectSent("e1", 0, True))
        assert not stage.engine.effects

    @pytest.mark.parametrize(
        ("kind", "method", "may"),
        [("notify", None, True), ("http", "PUT", True), ("http", "POST", False), ("mail", None, False)],
    )
    def test_what_may_be_done_twice(self, kind: str, method: str | None, may: bool) -> None:
        assert repeatable(Effect("e", "s-1", kind, {"method": method}, 0)) is may


def test_a_clock_that_was_a_day_ahead_plans_anew(stage: Stage) -> None:
    stage.scene(f'when: [{{time: {{at: "13:00"}}}}]\nthen: {LAMP}')
    stage.tick(1, clock=3 * 86_400)
    stage.tick(1, clock=-3 * 86_400)
    stage.tick(3600)
    assert stage.runs == 1
