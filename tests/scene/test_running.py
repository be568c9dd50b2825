# ruff: noqa: E501, UP031 - a scene is one line
"""Runs, their modes and ends, and what steers scenes: the corners of runner, engine, sources and steps."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.scene.stage import SECOND, Stage
from unisono.errors import CallerError
from unisono.scene.cause import Cause
from unisono.scene.document import Action, Change, Scene, Selector, Stop, Trigger, kind_of, quick_document
from unisono.scene.running import runner
from unisono.scene.running.compiled import PAST, SceneSaved
from unisono.scene.running.engine import repeatable
from unisono.scene.running.filling import fill
from unisono.scene.running.program import End
from unisono.scene.running.run import MAX_TRACE, Run
from unisono.scene.running.runner import Effect
from unisono.scene.watching.matching import at_place
from unisono.scene.watching.watch import Watch
from unisono.thing import Model, Property, Schema, Service, builtin_model, compile_model, dump_model
from unisono.twin.record import (
    EffectSending,
    EffectSent,
    ModelPut,
    PlaceRemoved,
    Reports,
    SceneEnabled,
    ScenePut,
    SceneRemoved,
    SceneRun,
    SceneStop,
    ThingPut,
)
from unisono.twin.twin import Twin

WEI = {"kind": "person", "id": "wei"}
RING = "when: [{event: {things: [bell], event: ring}}]\n"
TELL = "then: [{notify: {text: x}}]\n"


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False, brightness=50)
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.thing("bell", "doorbell")
    return stage


def letters(stage: Stage) -> list[str]:
    return [letter.detail for letter in stage.fold.partition.dead_letters.newest(None, 100)]


class TestSteering:
    def test_a_scene_that_cannot_be_is_a_letter(self, stage: Stage) -> None:
        stage.put(ScenePut("bad", 1, b"id: bad\nname: B\nplace: home\nthen: [{wait: {}}]"))
        stage.put(SceneRun("bad", stage.wall, WEI))
        assert "bad" not in stage.engine.scenes
        assert any("there is no scene 'bad'" in each for each in letters(stage))

    def test_disabled(self, stage: Stage) -> None:
        stage.scene(RING + TELL)
        stage.put(SceneEnabled("s", False), SceneEnabled("gone", False))
        stage.event("bell", "ring")
        assert stage.why == [("it is disabled", "enabled")]
        stage.run()
        assert stage.runs == 1
        stage.crash()
        stage.put(SceneEnabled("s", True))
        stage.event("bell", "ring")
        assert stage.runs == 2

    def test_removed(self, stage: Stage) -> None:
        stage.scene(RING + "then: [{wait: {until: [{sun: {is: down}}]}}]\n")
        stage.scene("id: after\nwhen: [{scene: {id: s, ended: stopped}}]\n" + TELL)
        stage.event("bell", "ring")
        stage.put(SceneRemoved("s"), SceneRemoved("s"))
        assert "s" not in stage.engine.scenes
        assert len(stage.engine.scenes["after"].past) == 1
        stage.event("bell", "ring")
        stage.tick(10)
        _rows, gone = stage.engine.saved()
        assert gone == ["scene:s"]

    def test_stopped_with_what_is_queued(self, stage: Stage) -> None:
        stage.scene(RING + "mode: queued\nmax: 3\nthen: [{set: {things: [lamp], state: {on_off: true}, wait: true}}]\n")
        for _ in range(4):
            stage.event("bell", "ring")
        assert (len(stage.open), len(stage.engine.scenes["s"].queue)) == (1, 2)
        assert stage.why == [("its queue is full", "max")]
        stage.put(SceneStop("s", WEI), SceneStop("gone", WEI))
        assert (len(stage.open), len(stage.engine.scenes["s"].queue)) == (0, 0)
        assert [run.why for run in stage.past] == ["wei stopped it"]
        stage.obey()
        assert not stage.open

    def test_parallel_up_to_a_number(self, stage: Stage) -> None:
        stage.scene(RING + "mode: parallel\nmax: 2\nthen: [{wait: {for_s: 60}}]\n")
        for _ in range(3):
            stage.event("bell", "ring")
        assert len(stage.open) == 2
        assert stage.why == [("as many as may be are running", "max")]

    def test_equal_reasons_are_counted(self, stage: Stage) -> None:
        stage.scene(RING + "if: [{mode: {place: home, is: away}}]\n" + TELL)
        for _ in range(3):
            stage.event("bell", "ring")
        assert [refusal.count for refusal in stage.engine.scenes["s"].refusals] == [3]

    def test_reasons_are_forgotten_at_last(self, stage: Stage) -> None:
        stage.scene(
            RING
            + "if: [{mode: {place: home, is: away}}, {state: {things: [lamp], property: on_off, is: true}}]\n"
            + TELL
        )
        for number in range(PAST + 5):
            stage.mode("home", ("home", "away")[number % 2])
            stage.event("bell", "ring")
        assert len(stage.why) == PAST

    def test_two_that_name_a_thing(self, stage: Stage) -> None:
        stage.scene("id: a\nwhen: [{change: {things: [lamp], property: on_off, is: true}}]\n" + TELL)
        stage.scene("when: [{change: {things: [lamp], property: on_off, is: true}}]\n" + TELL)
        stage.put(SceneRemoved("a"))
        stage.remove("lamp")
        stage.thing("lamp", "light", on_off=False)
        stage.report("lamp", on_off=True)
        assert stage.runs == 1

    def test_what_json_cannot_say(self) -> None:
        change = Change(things=("lamp",), property="brightness", above=1, for_s=math.nan)
        scene = Scene(id="s", name="S", place="home", when=(Trigger(change=change),), then=(Action(stop=Stop()),))
        assert quick_document(scene, b"as it was") == b"as it was"

    def test_a_place_that_goes(self, stage: Stage) -> None:
        stage.scene("if: [{sun: {is: up}}]\n" + TELL)
        stage.scene("id: other\nwhen: [{scene: {id: s}}]\nthen: [{wait: {until: [{sun: {is: down}}]}}]\n")
        stage.put(PlaceRemoved("home"))
        assert any("cannot be kept up" in each for each in stage.engine.troubles)
        stage.place("home", zone="Europe/Berlin", latitude=52.5, longitude=13.4)
        stage.run()
        assert stage.runs == 1

    def test_awaited_things_come_and_go(self, stage: Stage) -> None:
        on = "{state: {things: [lamp], property: on_off, is: true}}"
        stage.scene(f"when: [{{scene: {{id: x}}}}]\nthen: [{{wait: {{until: [{on}]}}}}, {{stop: {{}}}}]\n")
        stage.run()
        stage.remove("lamp")
        stage.thing("lamp", "light")
        stage.report("lamp", on_off=True)
        assert len(stage.past) == 1

    def test_what_was_selected_goes(self, stage: Stage) -> None:
        stage.thing("other", "light", on_off=False)
        stage.scene("when: [{change: {kind: light, property: on_off, is: true, for_s: 5}}]\n" + TELL)
        stage.report("lamp", on_off=True)
        stage.remove("other")
        stage.tick(5)
        assert stage.runs == 1

    def test_a_moment_that_is_over(self, stage: Stage) -> None:
        stage.scene('when: [{time: {at: "2026-11-22T07:00"}}]\n' + TELL)
        assert stage.engine.next_moment is None
        stage.crash()
        assert stage.engine.next_moment is None

    def test_the_clock_was_years_ahead(self, stage: Stage) -> None:
        stage.scene('when: [{time: {at: "07:00"}}]\nmode: parallel\n' + TELL)
        stage.tick(1, clock=10 * 365 * 86_400)
        stage.tick(1, clock=-10 * 365 * 86_400)
        stage.tick(2 * 86_400)
        assert stage.runs == 2

    @pytest.mark.parametrize("document", [b"id: s\nname: S\nplace: home\nthen: [{wait: {}}]", b"nothing"])
    def test_a_kept_scene_that_cannot_be_any_more(self, stage: Stage, document: bytes) -> None:
        saved = SceneSaved("s", 1, document, True, {}, {}, [], [], [], [])
        stage.engine.restore_row("scene:s", memoryview(msgspec.msgpack.encode(saved)))
        stage.engine.restored(stage.wall, stage.elapsed)
        assert "s" not in stage.engine.scenes
        assert any("cannot be compiled" in each for each in stage.engine.troubles)

    def test_its_own_end_while_it_is_replaced(self, stage: Stage) -> None:
        text = "when: [{scene: {id: s, ended: stopped}}]\nthen: [{wait: {for_s: 60}}]\n"
        stage.scene(text)
        stage.run()
        stage.scene(text, version=2)
        assert (len(stage.open), len(stage.past)) == (0, 1)

    def test_what_it_runs_begins_it_anew(self, stage: Stage) -> None:
        stage.scene("mode: restart\nthen: [{choose: {branches: [{if: [{mode: {place: home, is: home}}], "
                    "then: [{mode: {place: home, to: away}}, {scene: {id: b}}]}]}}, {notify: {text: x}}]\n")  # fmt: skip
        stage.scene("id: b\nthen: [{scene: {id: s}}]\n")
        stage.run()
        assert [(run.state, run.why) for run in stage.past] == [("stopped", "it was triggered again"), ("done", "")]
        assert len(stage.engine.effects) == 1

    def test_a_ring_of_ends_is_held(self, stage: Stage) -> None:
        stage.scene("id: a\nwhen: [{scene: {id: s}}]\n" + TELL)
        stage.scene("when: [{scene: {id: a}}]\n" + TELL)
        stage.run()
        stage.run()
        assert [each for each in stage.engine.troubles if "without end" in each] == list(stage.engine.troubles)
        assert len(stage.engine.troubles) == 1


class TestEffects:
    def test_leaving(self, stage: Stage) -> None:
        stage.scene("then: [{notify: {text: a}}, {http: {url: 'https://a.example/', method: POST}}, "
                    "{http: {url: 'https://a.example/', method: PUT, body: {x: 1}}}]\n")  # fmt: skip
        stage.run()
        notice, post, put = stage.engine.effects
        assert stage.engine.take_effects() == [notice, post, put]
        assert [repeatable(effect) for effect in stage.engine.effects.values()] == [True, False, True]
        stage.put(EffectSending(notice, stage.wall), EffectSending(post, stage.wall), EffectSending("x", stage.wall))
        assert stage.engine.after_replay() == ([notice, put], [post])
        stage.put(EffectSent(notice, stage.wall), EffectSent(post, stage.wall, False, "refused"), EffectSent("x", 0))
        assert list(stage.engine.effects) == [put]
        assert [(step.did, step.seen) for step in stage.past[0].trace[-2:]] == [("left", None), ("failed", "refused")]
        stage.put(SceneRemoved("s"), EffectSent(put, stage.wall))
        assert not stage.engine.effects

    def test_of_another_run(self, stage: Stage) -> None:
        stage.scene(TELL)
        stage.run()
        stage.run()
        first, second = stage.engine.effects
        stage.put(EffectSent(second, stage.wall))
        assert [len(run.trace) for run in stage.past] == [1, 2]
        assert list(stage.engine.effects) == [first]

    def test_more_than_can_wait(self, stage: Stage) -> None:
        for number in range(runner.MAX_EFFECTS + 1):
            stage.engine.post(Effect(f"e{number}", "s-1", "notify", {}, 0))
        assert len(stage.engine.effects) == runner.MAX_EFFECTS
        assert "e0" not in stage.engine.effects
        assert any("given up" in each for each in stage.engine.troubles)


class TestSteps:
    def test_a_loop_ends_at_its_bound(self, stage: Stage) -> None:
        stage.scene("then: [{repeat: {while: [{sun: {is: up}}], at_most: 3, then: [{notify: {text: x}}]}}]\n")
        stage.run()
        assert len(stage.engine.effects) == 3
        assert stage.past[0].trace[-1].did == "ended at its bound of 3"

    def test_a_loop_is_left(self, stage: Stage) -> None:
        stage.scene("then: [{repeat: {while: [{sun: {is: down}}], then: [{notify: {text: x}}]}}, {stop: {}}]\n")
        stage.run()
        assert [trace.did for trace in stage.past[0].trace] == ["ended after 0", "stops"]
        until = "{state: {things: [lamp], property: brightness, above: 60}}"
        add = "{set: {things: [lamp], state: {brightness: {add: 10}}, wait: true}}"
        stage.scene(f"then: [{{repeat: {{until: [{until}], then: [{add}]}}}}]\n", version=2)
        stage.run()
        stage.obey()
        stage.obey()
        assert len(stage.asked) == 2

    def test_steps_without_end(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        stage.scene("then: [{repeat: {times: 10000, then: [{repeat: {times: 10000, then: [{notify: {text: x}}]}}]}}]\n")
        stage.run()
        assert (stage.past[0].state, stage.past[0].why) == ("failed", "it took too many steps")
        assert len(stage.past[0].trace) == MAX_TRACE
        assert stage.past[0].left_out

    def test_waiting_for_nothing(self, stage: Stage) -> None:
        stage.scene("then: [{wait: {for_s: 0}}, {stop: {}}]\n")
        stage.run()
        assert len(stage.past) == 1

    def test_waiting_in_vain_stops(self, stage: Stage) -> None:
        until = "{state: {things: [lamp], property: on_off, is: true}}"
        stage.scene(f"then: [{{wait: {{until: [{until}], timeout_s: 9, otherwise: stop}}}}, {{notify: {{text: x}}}}]\n")
        stage.run()
        stage.tick(9)
        assert (stage.past[0].state, stage.past[0].why) == ("stopped", "then.0.wait: it did not hold in time")

    def test_a_reminder_of_an_earlier_wait(self, stage: Stage) -> None:
        until = "{state: {things: [lamp], property: on_off, is: true}}"
        stage.scene(f"then: [{{wait: {{until: [{until}], timeout_s: 60}}}}, {{wait: {{for_s: 600}}}}]\n")
        stage.run()
        stage.tick(30)
        stage.report("lamp", on_off=True)
        stage.tick(599)
        assert stage.open
        stage.tick(1)
        assert not stage.open
        stage.tick(600)  # and one of a run that has ended

    def test_what_was_waited_for_comes_before_the_next_tick(self, stage: Stage) -> None:
        until = "{state: {things: [lamp], property: on_off, is: true}}"
        stage.scene(RING + f"then: [{{wait: {{until: [{until}], timeout_s: 60}}}}]\n")
        stage.put(
            Reports("bell", "bell", "event/ring", stage.wall, [b"{}"]),
            Reports("lamp", "lamp", "state", stage.wall, [b'{"on_off": true}']),
        )
        assert len(stage.past) == 1

    def test_putting_back(self, stage: Stage) -> None:
        stage.thing("blank", "light")
        stage.scene(
            "then: [{snapshot: {name: before, things: [lamp, blank, gone]}}, {wait: {for_s: 60}}, {restore: {name: before}}]"
        )
        stage.run()
        stage.remove("lamp")
        stage.tick(60)
        (told,) = [trace.seen for trace in stage.past[0].trace if trace.did == "puts back"]
        assert list(told) == ["lamp"] and "error" in told["lamp"]

    def test_refused_in_part(self, stage: Stage) -> None:
        stage.thing("other", "light", on_off=False)
        stage.scene("then: [{set: {things: [lamp, other, gone], state: {on_off: true}, wait: true}}]")
        stage.run()
        stage.refuse("lamp")
        assert stage.open
        stage.obey()
        assert stage.past[0].trace[-1].seen == ["gone", "lamp"]

    def test_a_command_that_cannot_even_be_sent_is_not_waited_for(self, stage: Stage) -> None:
        stage.scene("then: [{set: {things: [gone], state: {on_off: true}, or_stop: true}}]")
        stage.run()
        assert stage.past[0].state == "failed"

    def test_superseded_at_once(self, stage: Stage) -> None:
        """A second step wants the same before the first is done: the first is over, and not confirmed."""
        on, off = ("{set: {things: [lamp], state: {on_off: %s}, wait: true}}" % value for value in ("true", "false"))
        stage.scene(f"id: a\nthen: [{on}]")
        stage.scene(f"id: b\nthen: [{off}]")
        stage.run("a")
        stage.run("b")
        assert stage.engine.scenes["a"].past[0].trace[-1].did == "failed"

    def test_a_scene_that_is_waited_for(self, stage: Stage) -> None:
        stage.scene("id: quick\n" + TELL)
        stage.scene("id: slow\nthen: [{wait: {for_s: 60}}]")
        stage.scene("then: [{scene: {id: quick, wait: true}}, {scene: {id: slow, wait: true}}, {stop: {}}]")
        stage.run()
        stage.report("lamp", on_off=True)
        stage.crash()
        assert stage.open
        stage.put(SceneStop("slow", WEI))
        assert [trace.did for trace in stage.past[0].trace] == ["runs", "runs", "stops"]

    def test_looked_at_by_who_watches(self, stage: Stage) -> None:
        stage.engine.moved = {}
        stage.scene(TELL)
        stage.run()
        assert list(stage.engine.moved.values()) == ["s"]

    def test_an_expression_without_a_value(self, stage: Stage) -> None:
        stage.thing("dark", "light")
        given = "{b: {thing: dark, property: brightness}}"
        stage.scene(f"if: [{{cel: {{expression: 'b > 5.0', given: {given}}}}}]\n{TELL}")
        stage.run()
        assert stage.engine.scenes["s"].refusals[0].seen == {"b": None}

    def test_nothing_to_wake_for(self) -> None:
        run = Run("s-1", "s", Cause(-1, "hand"), 0)
        with pytest.raises(AssertionError):
            End("then").wake(run, None)  # type: ignore[arg-type]
        with pytest.raises(AssertionError):
            kind_of(Trigger())


class TestValues:
    @pytest.mark.parametrize(
        ("state", "wanted"),
        [
            ("{brightness: {add: -80}}", {"brightness": 0}),
            ("{brightness: {add: 5}, on_off: true}", {"brightness": 55, "on_off": True}),
            ("{brightness: {cel: {expression: 'b + 5.0', given: {b: {thing: lamp, property: brightness}}}}}", {"brightness": 55.0}),
            ("{timer: {add: 5}}", "nothing to add to is known"),
            ("{mode: {toggle: true}}", None),
            ("{brightness: {toggle: true}}", "has no other side"),
            ("{brightness: {cel: {expression: 'b', given: {b: {thing: probe, property: humidity}}}}}", "has no humidity yet"),
            ("{brightness: {brighter: 5}}", "is an object"),
        ],
    )  # fmt: skip
    def test_computed(self, stage: Stage, state: str, wanted: object) -> None:
        stage.scene(f"then: [{{set: {{things: [lamp], state: {state}}}}}]")
        stage.run()
        seen = stage.past[0].trace[0].seen["lamp"]
        if isinstance(wanted, dict):
            assert stage.asked == [("lamp", wanted)]
        else:
            assert str(wanted or "error") in str(seen)

    def test_whole_numbers_and_no_range(self, stage: Stage) -> None:
        stage.thing("car", "car", seat_heating=1)
        stage.thing("press", "press", setpoint=5.5)
        stage.scene("then: [{set: {things: [car], state: {seat_heating: {add: 1}}}}, "
                    "{set: {things: [press], state: {setpoint: {add: 1}}}}, {set: {things: [gone], state: {x: {add: 1}}}}]")  # fmt: skip
        stage.run()
        assert stage.asked == [("car", {"seat_heating": 2}), ("press", {"setpoint": 6.5})]
        assert type(stage.asked[0][1]["seat_heating"]) is int

    def test_another_property_is_on_its_way(self, stage: Stage) -> None:
        stage.scene(
            "then: [{set: {things: [lamp], state: {on_off: true}}}, {set: {things: [lamp], state: {brightness: {add: 5}}}}]"
        )
        stage.run()
        assert stage.asked[1] == ("lamp", {"brightness": 55})

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ("{add: a}", "then.0.set.state.brightness.add"),
            ("{toggle: false}", "then.0.set.state.brightness.toggle"),
            ("{cel: 5}", "then.0.set.state.brightness.cel"),
            ("{cel: {expression: 'x +'}}", "then.0.set.state.brightness.cel"),
        ],
    )
    def test_that_cannot_be(self, stage: Stage, value: str, field: str) -> None:
        from unisono.scene.document import load_scene

        document = f"id: s\nname: S\nplace: home\nthen: [{{set: {{things: [lamp], state: {{brightness: {value}}}}}}}]"
        with pytest.raises(CallerError) as caught:
            stage.engine.put(1, document.encode())
        assert load_scene(document)
        assert caught.value.field == field


class TestTriggers:
    def test_one_of_several_words(self, stage: Stage) -> None:
        stage.thing("heat", "climate", hvac_mode="off")
        stage.scene(
            "when: [{change: {things: [heat], property: hvac_mode, is: [heat, cool]}}]\nmode: parallel\n" + TELL
        )
        for mode in ("heat", "cool", "off", "cool"):
            stage.report("heat", hvac_mode=mode)
        assert stage.runs == 2

    def test_a_group_is_meant_by_its_kind_alone(self, stage: Stage) -> None:
        model = Model(id="all_lamps", kind="group", services=builtin_model("light").services)
        stage.put(ModelPut("all_lamps", 1, dump_model(model)), ThingPut("all", "all", "all_lamps", 1, "home", "home"))
        assert "all" not in stage.engine.world.select(Selector(place="home"))
        assert stage.engine.world.select(Selector(place="home", kind="group")) == ["all"]

    def test_from_one_value_to_another(self, stage: Stage) -> None:
        stage.thing("heat", "climate", hvac_mode="off")
        stage.scene(
            "when: [{change: {things: [heat], property: hvac_mode, is: heat, was: 'off'}}]\nmode: parallel\n" + TELL
        )
        for mode in ("cool", "heat", "heat", "off", "heat", "cool", "heat"):
            stage.report("heat", hvac_mode=mode)
        assert stage.runs == 1

    def test_before_the_first_value(self, stage: Stage) -> None:
        stage.thing("new", "climate")
        stage.scene("when: [{change: {things: [new], property: hvac_mode, is: heat, was: 'off'}}, "
                    "{change: {things: [new], property: target_temperature}}, "
                    "{change: {things: [new], property: on_off, was: true}}]\nmode: parallel\n" + TELL)  # fmt: skip
        stage.report("new", hvac_mode="heat", target_temperature=20.0, on_off=False)
        stage.report("new", on_off=True)
        assert stage.runs == 0
        stage.report("new", on_off=False)
        stage.report("new", target_temperature=21.0)
        assert stage.runs == 2

    def test_things_that_are_not_there_yet(self, stage: Stage) -> None:
        stage.scene("when: [{travel: {things: [car], arrives: home}}, {connection: {things: [car], is: online}}, "
                    "{silence: {things: [car], for_s: 60}}]\nmode: parallel\n" + TELL)  # fmt: skip
        stage.thing("car", "car")
        assert stage.runs == 1
        stage.report("car", location={"lat": 53.5, "lon": 13.4})
        stage.report("car", location={"lat": 52.5, "lon": 13.4})
        assert stage.runs == 2

    def test_an_event_with_fields(self, stage: Stage) -> None:
        stage.thing("door", "lock")
        stage.scene("when: [{event: {things: [door], event: unlocked_by, fields: {user: wei}}}]\n" + TELL)
        stage.event("door", "unlocked_by", user="ada")
        stage.event("door", "unlocked_by")
        stage.event("door", "unlocked_by", user="wei", method="code")
        assert stage.runs == 1

    def test_an_event_ends_silence(self, stage: Stage) -> None:
        stage.scene("when: [{silence: {things: [bell], for_s: 60}}, {silence: {things: [bell], property: battery, for_s: 90}}]\n"
                    "mode: parallel\n" + TELL)  # fmt: skip
        stage.tick(50)
        stage.event("bell", "ring")
        stage.tick(39)
        assert stage.runs == 0
        stage.tick(1)
        assert stage.runs == 1  # of the battery nothing was heard
        stage.report("bell", motion=True)
        stage.tick(59)
        assert stage.runs == 1
        stage.report("bell", battery=50)
        stage.tick(1)
        assert stage.runs == 1

    def test_of_numbers_only_numbers_count(self, stage: Stage) -> None:
        model = Model(
            id="odd", services=(Service(properties=(Property(key="x", schema=Schema(kind="any"), access=("read",)),)),)
        )
        stage.put(ModelPut("odd", 1, dump_model(model)), ThingPut("odd", "odd", "odd", 1, "home", "home"))
        stage.scene("when: [{window: {things: [odd], property: x, over_s: 60, agg: sum, above: 2}}, "
                    "{change: {things: [odd], property: x, by: 5}}]\nmode: parallel\n" + TELL)  # fmt: skip
        for value in ("a", [1], 1, "b", 2):
            stage.report("odd", x=value)
        assert [run.cause.what for run in stage.past] == ["window"]

    def test_reports_of_words_are_counted_too(self, stage: Stage) -> None:
        stage.thing("door", "sensor.contact", contact="closed")
        stage.scene("when: [{window: {things: [door], property: contact, over_s: 600, agg: count, above: 3}}]\n" + TELL)
        for count, contact in enumerate(("open", "closed", "open"), 1):
            stage.tick(1)
            stage.report("door", contact=contact)
            assert stage.runs == 0, count
        stage.report("door", contact="open")  # the same again is a report
        assert [run.cause.value for run in stage.past] == [4.0]

    def test_what_does_not_tell_where_it_is(self, stage: Stage) -> None:
        stage.thing("car", "car", location={"lat": 53.5, "lon": 13.4})
        stage.scene("when: [{travel: {things: [car], arrives: home}}]\n" + TELL)
        stage.report("car", battery=50)
        assert stage.runs == 0

    def test_a_location_of_another_kind(self, stage: Stage) -> None:
        properties = tuple(Property(key=key, trait=key, schema=Schema(kind="any")) for key in ("location", "presence"))
        twin = Twin("odd", compile_model(Model(id="odd", services=(Service(properties=properties),))), 0)
        twin.root = "home"
        twin.take(({"room": 5}, True), 1, dated=False)
        assert at_place(stage.engine.world, twin, "home", 100) is True
        assert at_place(stage.engine.world, twin, "elsewhere", 100) is None

    def test_a_mode_of_another_place(self, stage: Stage) -> None:
        stage.place("flat", "home")
        stage.scene("when: [{mode: {place: home, is: away}}]\n" + TELL)
        stage.mode("flat", "away")
        assert stage.runs == 0

    def test_an_end_of_another_kind(self, stage: Stage) -> None:
        stage.scene("id: a\nthen: [{stop: {}}]")
        stage.scene("when: [{scene: {id: a}}, {scene: {id: b}}]\n" + TELL)
        stage.run("a")
        assert stage.runs == 0

    def test_many_reports_in_one_run(self, stage: Stage) -> None:
        """Reports that come together are looked at one by one where more than thresholds watch."""
        stage.scene(
            "when: [{change: {things: [probe], property: temperature, by: 2}}]\nmode: parallel\nmax: 100\n" + TELL
        )
        payloads = [msgspec.json.encode({"temperature": 20.0 + number}) for number in range(40)]
        stage.put(Reports("probe", "probe", "state", stage.wall, payloads))
        assert len(stage.engine.effects) == 19

    def test_a_window_that_became_longer(self, stage: Stage) -> None:
        """The reminder of the version before is none of the new one's."""
        for version, over_s in ((1, 60), (2, 3600)):
            window = f"{{window: {{things: [probe], property: temperature, over_s: {over_s}, agg: count, below: 1}}}}"
            stage.scene(f"when: [{window}]\nmode: parallel\n" + TELL, version)
            stage.report("probe", temperature=20.0)
        stage.tick(3500)
        assert stage.runs == 0
        stage.tick(200)
        assert stage.runs == 1

    def test_words_in_a_text(self, stage: Stage) -> None:
        text = "{probe.temperature} {temperature} {limit} {nothing} {"
        assert fill(text, stage.engine.world, "probe", {"limit": 5}) == "20 20 5 {nothing} {"
        assert fill(text, stage.engine.world) == "20 {temperature} {limit} {nothing} {"

    def test_timers_of_nobody(self, stage: Stage) -> None:
        for key in ("gone|when.0", "s|#s-99", "s|when.9"):
            stage.scene(TELL)
            stage.engine.due(key)
        assert stage.runs == 0

    def test_a_watch_of_a_thing_without_interest(self, stage: Stage) -> None:
        watch = Watch(stage.engine)
        assert watch.idle
        assert stage.engine.wanted("gone", "on_off") is stage.engine.wanted("lamp", "gone")
        assert stage.engine.elapsed == stage.elapsed // SECOND * SECOND


class TestPast:
    """Ended runs are kept as bytes."""

    def test_one_is_found_whether_it_is_open_or_over(self, stage: Stage) -> None:
        stage.scene("mode: parallel\nwhen: []\nthen: [{wait: {for_s: 5}}]")
        for _ in range(3):
            stage.run()
        compiled = stage.engine.scenes["s"]
        assert compiled.last is None
        assert compiled.find("s-2") is compiled.runs["s-2"]
        stage.tick(6)
        assert (compiled.find("s-2"), compiled.find("s-9")) == (compiled.past[1], None)
        assert compiled.last == compiled.past[-1]
        assert compiled.past is compiled.past

    def test_what_becomes_known_later_of_one_that_was_pushed_out_is_not_kept(self, stage: Stage) -> None:
        stage.scene("when: []\nthen: [{stop: {why: one}}]")
        stage.run()
        compiled = stage.engine.scenes["s"]
        run = compiled.past[0]
        run.why = "another"
        compiled.amend(run)
        assert compiled.past[0].why == "another"
        for _ in range(PAST):
            stage.run()
        compiled.amend(run)
        assert [each.why for each in compiled.past] == ["one"] * PAST
