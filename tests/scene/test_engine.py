"""Scenes end to end in the fold: triggers, conditions, steps, modes, time, and going on after a crash."""

from __future__ import annotations

import pytest

from tests.scene.stage import NOON, SECOND, Stage
from unisono.scene.running.filling import fill
from unisono.scene.running.runner import Effect
from unisono.twin.record import Batch, Reports, Sent

THEN = "then: [{set: {things: [lamp], state: {on_off: true}}}]"
WARM = "when: [{change: {things: [probe], property: temperature, above: 25}}]\n"


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False, brightness=50)
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    return stage


class TestTriggers:
    def test_crossing_fires_once(self, stage: Stage) -> None:
        stage.scene(WARM + THEN)
        for value in (24.0, 25.0, 25.1, 26.0, 24.0, 27.0):
            stage.report("probe", temperature=value)
        assert stage.runs == 2
        assert stage.asked == [("lamp", {"on_off": True})] * 2

    def test_what_is_the_case_when_saved_does_not_fire(self, stage: Stage) -> None:
        stage.report("probe", temperature=30.0)
        stage.scene(WARM + THEN)
        stage.report("probe", temperature=31.0)
        assert stage.runs == 0

    def test_for_so_long(self, stage: Stage) -> None:
        stage.scene("when: [{change: {things: [probe], property: temperature, above: 25, for_s: 60}}]\n" + THEN)
        stage.report("probe", temperature=26.0)
        stage.tick(59)
        stage.report("probe", temperature=20.0)
        stage.tick(5)
        stage.report("probe", temperature=26.0)
        stage.tick(59.9)
        assert stage.runs == 0
        stage.tick(0.1)
        assert stage.runs == 1
        assert stage.past[0].started == NOON + 124 * SECOND

    def test_any_change_by_so_much(self, stage: Stage) -> None:
        stage.scene("when: [{change: {things: [probe], property: temperature, by: 2}}]\n" + THEN)
        for value in (21.0, 21.9, 22.0, 23.0, 20.5, 20.0):
            stage.report("probe", temperature=value)
        assert [run.cause.value for run in stage.past] == [22.0, 20.0]

    def test_event(self, stage: Stage) -> None:
        stage.thing("bell", "doorbell")
        stage.scene("when: [{event: {things: [bell], event: ring}}]\n" + THEN)
        stage.event("bell", "ring")
        assert stage.runs == 1

    def test_silence(self, stage: Stage) -> None:
        stage.scene("when: [{silence: {things: [probe], for_s: 600}}]\n" + THEN)
        stage.tick(500)
        stage.report("probe", temperature=20.0)
        stage.tick(599)
        assert stage.runs == 0
        stage.tick(1)
        assert stage.runs == 1
        stage.tick(3600)
        assert stage.runs == 1
        stage.report("probe", temperature=20.0)
        stage.tick(600)
        assert stage.runs == 2

    def test_connection(self, stage: Stage) -> None:
        stage.scene("when: [{connection: {things: [probe], is: offline, for_s: 30}}]\n" + THEN)
        stage.offline("probe")
        stage.tick(20)
        stage.online("probe")
        stage.tick(20)
        assert stage.runs == 0
        stage.offline("probe")
        stage.tick(30)
        assert stage.runs == 1

    def test_travel(self, stage: Stage) -> None:
        stage.thing("car", "car", location={"lat": 52.6, "lon": 13.4})
        stage.scene("when: [{travel: {things: [car], arrives: home, within_m: 2000}}]\n" + THEN)
        stage.report("car", location={"lat": 52.55, "lon": 13.4})
        assert stage.runs == 0
        stage.report("car", location={"lat": 52.51, "lon": 13.4})
        assert stage.runs == 1

    def test_window(self, stage: Stage) -> None:
        stage.scene(
            "when: [{window: {things: [probe], property: temperature, over_s: 600, agg: mean, above: 25}}]\n" + THEN
        )
        for value in (20.0, 26.0, 28.0, 29.0):
            stage.tick(60)
            stage.report("probe", temperature=value)
        assert stage.runs == 1
        assert stage.past[0].cause.value == pytest.approx(25.75)

    def test_time_and_daylight_saving(self) -> None:
        stage = Stage(wall=NOON + 120 * 86_400 * SECOND)  # 26 March 2027, two days before the change
        stage.thing("lamp", "light")
        stage.scene('when: [{time: {at: "07:00"}}]\n' + THEN)
        stage.tick(4 * 86_400)
        hours = [(run.started // SECOND) % 86_400 / 3600 for run in stage.past]
        assert hours == [6.0, 5.0, 5.0, 5.0]

    def test_mode(self, stage: Stage) -> None:
        stage.scene("when: [{mode: {place: home, is: away}}]\n" + THEN)
        stage.mode("home", "night")
        stage.mode("home", "away")
        stage.mode("home", "away")
        assert stage.runs == 1

    def test_another_scene(self, stage: Stage) -> None:
        stage.scene("id: first\n" + WARM + THEN)
        stage.scene("when: [{scene: {id: first}}]\nthen: [{stop: {}}]")
        stage.report("probe", temperature=26.0)
        assert stage.runs == 1


class TestConditions:
    def test_the_one_that_says_no_is_named(self, stage: Stage) -> None:
        stage.scene(WARM + "if: [{mode: {place: home, is: home}}, {mode: {place: home, is: away}}]\n" + THEN)
        stage.report("probe", temperature=26.0)
        assert stage.why == [("a condition said no", "if.1.mode")]
        assert stage.engine.scenes["s"].refusals[0].seen == "home"

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            ("{state: {things: [lamp], property: on_off, is: false}}", True),
            ("{state: {things: [lamp], property: on_off, is_not: [false]}}", False),
            ("{state: {things: [lamp], property: brightness, above: 50}}", False),
            ("{state: {things: [lamp], property: brightness, above: 49, below: 51}}", True),
            ("{state: {kind: light, property: on_off, is: true, of: none}}", True),
            ("{state: {things: [nobody], property: on_off, is: true}}", False),
            ('{time: {after: "11:00", before: "12:30"}}', True),
            ('{time: {after: "22:00", before: "06:00"}}', False),
            ('{time: {after: "22:00", before: "13:00", days: wed}}', True),
            ("{time: {days: weekend}}", False),
            ("{sun: {is: up}}", True),
            ("{sun: {is: down}}", False),
            ("{connection: {things: [lamp], is: online}}", True),
            (
                '{cel: {expression: "t > 19.5 && !o", given: {t: {thing: probe, property: temperature}, '
                "o: {thing: lamp, property: on_off}}}}",
                True,
            ),
            ('{cel: {expression: "t + 1 > 2", given: {t: {thing: probe, property: temperature}}}}', False),
            ("{not: {mode: {place: home, is: away}}}", True),
            ("{any: [{mode: {place: home, is: away}}, {sun: {is: up}}]}", True),
            ("{any: [{mode: {place: home, is: away}}, {sun: {is: down}}]}", False),
            ("{all: [{mode: {place: home, is: home}}, {sun: {is: down}}]}", False),
        ],
    )
    def test_condition(self, stage: Stage, condition: str, holds: bool) -> None:
        stage.scene(f"if: [{condition}]\n" + THEN)
        stage.run()
        assert stage.runs == holds
        assert bool(stage.why) is not holds

    def test_since_so_long(self, stage: Stage) -> None:
        stage.scene("if: [{state: {things: [lamp], property: on_off, is: true, for_s: 60}}]\n" + THEN)
        stage.report("lamp", on_off=True)
        stage.tick(30)
        stage.report("lamp", on_off=True)
        stage.tick(29)
        stage.run()
        assert stage.runs == 0
        stage.tick(1)
        stage.run()
        assert stage.runs == 1


class TestSteps:
    def test_relative_values(self, stage: Stage) -> None:
        stage.scene("then: [{set: {things: [lamp], state: {brightness: {add: 30}, on_off: {toggle: true}}}}]")
        stage.run()
        stage.run()
        assert stage.asked == [
            ("lamp", {"brightness": 80, "on_off": True}),
            ("lamp", {"brightness": 100, "on_off": False}),
        ]

    def test_wait(self, stage: Stage) -> None:
        stage.scene("then: [{wait: {for_s: 300}}, {set: {things: [lamp], state: {on_off: true}}}]")
        stage.run()
        stage.tick(299)
        assert not stage.asked
        stage.tick(1)
        assert stage.asked == [("lamp", {"on_off": True})]

    def test_wait_until(self, stage: Stage) -> None:
        until = "{state: {things: [probe], property: temperature, below: 10}}"
        stage.scene(f"then: [{{wait: {{until: [{until}], timeout_s: 100}}}}, {{stop: {{}}}}]")
        stage.run()
        stage.report("probe", temperature=11.0)
        assert stage.open
        stage.report("probe", temperature=9.0)
        assert [trace.did for trace in stage.past[0].trace] == ["waits until it holds", "holds now", "stops"]
        stage.report("probe", temperature=11.0)
        stage.run()
        stage.tick(100)
        assert [trace.did for trace in stage.past[1].trace] == ["waits until it holds", "did not hold in time", "stops"]

    def test_choose_and_repeat(self, stage: Stage) -> None:
        stage.scene("""
        then:
          - choose:
              branches:
                - {if: [{sun: {is: down}}], then: [{stop: {why: dark}}]}
                - if: [{sun: {is: up}}]
                  then:
                    - repeat: {times: 3, then: [{set: {things: [lamp], state: {brightness: {add: 5}}}}]}
              otherwise: [{stop: {why: neither}}]
          - stop: {why: through}
        """)
        stage.run()
        assert stage.past[0].why == "through"
        assert [wanted["brightness"] for _thing, wanted in stage.asked] == [55, 60, 65]

    def test_waiting_for_confirmation(self, stage: Stage) -> None:
        stage.thing("other", "light", on_off=False)
        stage.scene("then: [{set: {things: [lamp, other], state: {on_off: true}, or_stop: true}}, {stop: {}}]")
        stage.run()
        assert stage.open
        stage.obey()
        assert stage.past[0].state == "stopped"
        stage.run()
        stage.refuse("other")
        stage.obey()
        run = stage.past[1]
        assert (run.state, run.why) == ("failed", "then.0.set: other")

    def test_waiting_for_what_nobody_can_answer(self, stage: Stage) -> None:
        """It was told: there is nothing to wait for, and nothing failed; it is not called confirmed either."""
        stage.scene("then: [{set: {things: [lamp], state: {on_off: true}, or_stop: true}}, {stop: {why: on}}]")
        stage.run()
        stage.put(Sent(stage.commands[-1].asked.id, stage.wall, silent=True))
        run = stage.past[0]
        assert (run.state, run.why) == ("stopped", "on")
        assert [step.did for step in run.trace if step.path == "then.0.set"] == ["asked", "acknowledged"]

    def test_snapshot_and_restore(self, stage: Stage) -> None:
        stage.scene("""
        then:
          - snapshot: {name: before, things: [lamp]}
          - set: {things: [lamp], state: {brightness: 100, on_off: true}}
          - wait: {for_s: 5}
          - restore: {name: before}
        """)
        stage.run()
        stage.obey()
        stage.tick(5)
        assert stage.asked[-1] == ("lamp", {"on_off": False, "brightness": 50})

    def test_scenes_that_run_each_other(self, stage: Stage) -> None:
        stage.scene("id: inner\nthen: [{wait: {for_s: 10}}]")
        stage.scene("then: [{scene: {id: inner, wait: true}}, {set: {things: [lamp], state: {on_off: true}}}]")
        stage.run()
        stage.tick(9)
        assert not stage.asked
        stage.tick(1)
        assert stage.asked

    def test_a_ring_of_scenes_ends(self, stage: Stage) -> None:
        stage.scene("id: ping\nmode: parallel\nmax: 100\nthen: [{scene: {id: s}}]")
        stage.scene("mode: parallel\nmax: 100\nthen: [{scene: {id: ping}}]")
        stage.run()
        assert any("each other" in trouble for trouble in stage.engine.troubles)

    def test_effects(self, stage: Stage) -> None:
        stage.scene("then: [{notify: {to: [wei], text: 'it is {probe.temperature} at {nowhere.x}'}}]")
        stage.run()
        (effect,) = stage.engine.effects.values()
        assert effect.body["text"] == "it is 20 at {nowhere.x}"
        assert stage.engine.new_effects == [effect.id]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("the lamp is {lamp.on_off}", "the lamp is off"),
            ("{lamp.on_off}: 灯", "关: 灯"),
            ("灯{lamp.on_off}了", "灯关了"),
            ("now {climate.hvac_mode}", "now fan only"),
            ("现在{climate.hvac_mode}", "现在送风"),
        ],
    )
    def test_a_value_in_a_text_is_a_word_of_its_language(self, stage: Stage, text: str, told: str) -> None:
        stage.thing("climate", "climate", hvac_mode="fan")
        stage.report("lamp", on_off=False)
        stage.scene(f"then: [{{notify: {{to: [wei], text: '{text}'}}}}]")
        stage.run()
        (effect,) = stage.engine.effects.values()
        assert effect.body["text"] == told

    def test_what_no_model_names_is_plain(self, stage: Stage) -> None:
        assert fill("{a}, {b}, {c}", stage.engine.world, words={"a": True, "b": 0.5, "c": "x"}) == "yes, 0.5, x"
        assert fill("{a}。", stage.engine.world, words={"a": False}) == "no。"
        assert fill("雨：{a}", stage.engine.world, words={"a": False}) == "雨：否"

    def test_a_thing_that_cannot_is_told(self, stage: Stage) -> None:
        stage.scene("then: [{set: {things: [probe, lamp], state: {on_off: true}}}]")
        stage.run()
        assert stage.asked == [("lamp", {"on_off": True})]
        assert "error" in stage.past[0].trace[0].seen["probe"]


class TestModes:
    SLOW = "when: [{event: {things: [bell], event: ring}}]\nthen: [{wait: {for_s: 10}}]\n"

    @pytest.mark.parametrize(
        ("mode", "begun", "done_at_10", "done_at_40"),
        [("single", 1, 1, 1), ("restart", 3, 3, 3), ("queued", 1, 1, 3), ("parallel", 3, 3, 3)],
    )
    def test_three_triggers(self, stage: Stage, mode: str, begun: int, done_at_10: int, done_at_40: int) -> None:
        stage.thing("bell", "doorbell")
        stage.scene(self.SLOW + f"mode: {mode}\n")
        for _ in range(3):
            stage.event("bell", "ring")
        assert stage.runs == begun
        stage.tick(10)
        assert len(stage.past) == done_at_10
        stage.tick(30)
        assert len(stage.past) == done_at_40
        assert not stage.open


class TestKeeping:
    def test_a_wait_goes_on_after_a_crash(self, stage: Stage) -> None:
        stage.scene("then: [{wait: {for_s: 300}}, {set: {things: [lamp], state: {on_off: true}}}]")
        stage.run()
        stage.tick(100)
        stage.crash()
        stage.tick(199)
        assert not stage.asked
        stage.tick(1)
        assert stage.asked

    def test_for_so_long_goes_on_after_a_crash(self, stage: Stage) -> None:
        stage.scene("when: [{change: {things: [probe], property: temperature, above: 25, for_s: 60}}]\n" + THEN)
        stage.report("probe", temperature=26.0)
        stage.tick(30)
        stage.crash()
        stage.tick(30)
        assert stage.runs == 1

    def test_things_come_later(self, stage: Stage) -> None:
        stage.scene("when: [{change: {kind: sensor, place: home, property: humidity, above: 80}}]\n" + THEN)
        stage.thing("damp", "sensor.humidity", humidity=50.0)
        stage.report("damp", humidity=85.0)
        assert stage.runs == 1


class TestMissed:
    @pytest.mark.parametrize(("missed", "runs"), [("skip", 1), ("once", 2), ("all", 4)])
    def test_the_hub_was_off(self, missed: str, runs: int) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.scene(f'when: [{{time: {{at: "07:00", missed: {missed}}}}}]\nmode: parallel\n' + THEN)
        stage.tick(10, clock=3 * 86_400)
        stage.tick(86_400)
        assert stage.runs == runs

    @pytest.mark.parametrize(("missed", "runs"), [("skip", 1), ("once", 1), ("all", 100 + 60)])
    def test_the_seconds_of_the_last_minute_do_not_come_all_at_once(self, missed: str, runs: int) -> None:
        stage = Stage()
        stage.scene(f"when: [{{time: {{every_s: 1, missed: {missed}}}}}]\nmode: parallel\nthen: [{{stop: {{}}}}]")
        stage.tick(0.5)
        begun = stage.engine.count
        stage.tick(0, clock=600)
        assert stage.engine.count - begun == runs

    def test_set_back_an_hour_runs_nothing_twice(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.scene('when: [{time: {at: "12:30"}}]\n' + THEN)
        stage.tick(1900)
        assert stage.runs == 1
        stage.tick(1, clock=-3600)
        stage.tick(7200)
        assert stage.runs == 1


class TestDating:
    """What began between two ticks is dated by when it was said: a crash before the next tick is no longer wait."""

    HOLD = "when: [{change: {things: [probe], property: temperature, above: 25, for_s: 5}}]\n"

    @pytest.mark.parametrize(
        ("scene", "due_s"),
        [(HOLD + THEN, 5), (WARM + "then: [{wait: {for_s: 5}}, {set: {things: [lamp], state: {on_off: true}}}]", 5)],
    )
    def test_the_next_tick_comes_late(self, stage: Stage, scene: str, due_s: float) -> None:
        stage.scene(scene)
        stage.tick(10)
        stage.fold.apply(10_000, 100, Batch("g0", stage.wall, [_warm(stage.wall)]))
        stage.crash()
        stage.tick(3)  # the hub was off
        assert not stage.asked
        stage.tick(due_s - 3 - 0.01)
        assert not stage.asked
        stage.tick(0.01)
        assert stage.asked == [("lamp", {"on_off": True})]

    @pytest.mark.parametrize("jump_s", [-3600, 3600])
    def test_no_change_of_the_clock_moves_it_beyond_the_two_ticks(self, stage: Stage, jump_s: float) -> None:
        stage.scene(self.HOLD + THEN)
        stage.tick(10)
        stage.fold.apply(10_000, 100, Batch("g0", stage.wall, [_warm(stage.wall)]))
        stage.tick(1, clock=1 + jump_s)
        stage.tick(2.9)
        assert not stage.asked
        stage.tick(2.1)
        assert stage.asked == [("lamp", {"on_off": True})]


def _warm(at: int) -> Reports:
    return Reports("probe", "probe", "state", at, [b'{"temperature": 26.0}'])


def test_while_muted_nothing_runs_and_nothing_leaves_but_all_is_watched(stage: Stage) -> None:
    stage.scene(WARM + "then: [{notify: {text: hot}}]")
    stage.engine.muted = True
    stage.report("probe", temperature=26.0)
    stage.run(even_if=True)
    stage.engine.post(Effect("alarm-1", "", "notify", {}, stage.wall))
    stage.engine.muted = False
    assert (stage.runs, stage.engine.effects, stage.engine.take_effects()) == (0, {}, [])
    stage.report("probe", temperature=27.0)
    assert stage.runs == 0, "it was warm already"
    stage.report("probe", temperature=20.0)
    stage.report("probe", temperature=26.0)
    assert (stage.runs, len(stage.engine.take_effects())) == (1, 1)
