# ruff: noqa: E501 - a scene is one line
"""Dry runs: what a scene would do now, and that nothing of it is done."""

from __future__ import annotations

import textwrap

import msgspec
import pytest

from tests.scene.stage import Stage
from unisono.errors import CallerError
from unisono.scene.document import Scene, load_scene
from unisono.scene.trying.dryrun import MAX_TICKS, DryRun, dry_run


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False, brightness=50)
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.thing("tv", "tv", playback="pause")
    return stage


def scene(text: str, id: str = "s") -> Scene:
    return load_scene(f"id: {id}\nname: S\nplace: home\n{textwrap.dedent(text)}")


def picture(stage: Stage) -> bytes:
    """All that a checkpoint would keep, and what is on its way out."""
    partition = stage.fold.partition
    partition.not_saved(())
    saved = partition.saved(partition.things.values(), list(partition.commands))
    outcome = stage.fold.outcome
    return msgspec.msgpack.encode([saved, outcome.effects, list(outcome.moved), stage.engine.new_effects])


def look(stage: Stage, text: str | Scene, *, even_if: bool = False) -> DryRun:
    before = picture(stage)
    found = dry_run(stage.engine, scene(text) if isinstance(text, str) else text, even_if=even_if)
    assert picture(stage) == before
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=DryRun).runs is found.runs
    return found


def test_steps_commands_effects_and_modes(stage: Stage) -> None:
    found = look(
        stage,
        """
        then:
          - set: {things: [lamp], state: {on_off: {toggle: true}, brightness: {add: 10}}, or_stop: true}
          - wait: {for_s: 60}
          - set: {things: [lamp], state: {brightness: {add: 10}}}
          - call: {things: [lamp], action: identify}
          - notify: {to: [wei], text: "{lamp.brightness}"}
          - mode: {place: home, to: night}
          - set: {things: [tv], state: {playback: next}}
          - choose: {branches: [{if: [{mode: {place: home, is: night}}, {state: {things: [tv], property: playback, is: play}}],
                                 then: [{stop: {why: at night}}]}]}
        """,
    )
    assert (found.runs, found.state, found.why) == (True, "stopped", "at night")
    assert found.commands == [
        (0.0, "lamp", {"on_off": True, "brightness": 60}, None, None),
        (60.0, "lamp", {"brightness": 70}, None, None),
        (60.0, "lamp", None, "identify", {}),
        (60.0, "tv", {"playback": "next"}, None, None),
    ]
    ((kind, body),) = found.effects
    assert (kind, body["text"]) == ("notify", "70")
    assert found.modes == [("home", "night")]
    assert [(step.after_s, step.path, step.did) for step in found.steps][:3] == [
        (0.0, "then.0.set", "asked"),
        (0.0, "then.0.set", "confirmed"),
        (0.0, "then.1.wait", "waits 60 s"),
    ]


def test_what_stands_against_it(stage: Stage) -> None:
    text = "if: [{state: {things: [probe], property: temperature, above: 25}}]\nthen: [{notify: {text: x}}]"
    found = look(stage, text)
    assert (found.runs, found.why, found.path) == (False, "a condition said no", "if.0.state")
    assert found.seen == {"probe": 20.0}
    assert look(stage, text, even_if=True).runs


def test_a_thing_that_cannot_is_told(stage: Stage) -> None:
    found = look(stage, "then: [{set: {things: [probe, lamp, gone], state: {on_off: true}}}]")
    assert [command[1] for command in found.commands] == ["lamp"]
    assert "error" in found.steps[0].seen["probe"] and "error" in found.steps[0].seen["gone"]


def test_waits_end_by_what_it_does_itself_or_in_time(stage: Stage) -> None:
    on = "{state: {things: [lamp], property: on_off, is: true}}"
    found = look(
        stage,
        f"then: [{{wait: {{until: [{on}], timeout_s: 90}}}}, {{set: {{things: [lamp], state: {{on_off: true}}}}}}]",
    )
    assert [step.did for step in found.steps] == ["waits until it holds", "did not hold in time", "asked"]
    assert found.commands[0][0] == 90
    helper = scene("then: [{wait: {for_s: 30}}, {set: {things: [lamp], state: {on_off: true}}}]", "helper")
    stage.scene("id: helper\nthen: [{wait: {for_s: 30}}, {set: {things: [lamp], state: {on_off: true}}}]")
    assert helper.id in stage.engine.scenes
    found = look(
        stage, f"then: [{{scene: {{id: helper}}}}, {{wait: {{until: [{on}], timeout_s: 90}}}}, {{stop: {{}}}}]"
    )
    assert found.steps[-1].after_s == 30
    assert {step.scene for step in found.steps} == {"s", "helper"}
    assert look(stage, "then: [{scene: {id: gone}}]").steps[0].did == "does not run"


def test_what_the_real_one_remembers(stage: Stage) -> None:
    text = "if: [{state: {things: [lamp], property: on_off, is: true, for_s: 60}}]\nthen: [{notify: {text: x}}]"
    stage.report("lamp", on_off=True)
    stage.scene(text)
    stage.tick(61)
    saved = stage.engine.scenes["s"].scene
    assert look(stage, saved).runs
    assert not look(stage, text + "\nmode: parallel").runs  # another scene: it begins to count now


def test_it_is_running_already(stage: Stage) -> None:
    stage.scene("then: [{wait: {for_s: 60}}]")
    stage.run()
    saved = stage.engine.scenes["s"].scene
    assert look(stage, saved).why == "it is running already"
    stage.tick(60)
    assert look(stage, saved).state == "done"


def test_what_is_wanted_already_counts(stage: Stage) -> None:
    stage.scene("then: [{set: {things: [lamp], state: {brightness: 80}}}]")
    stage.run()
    found = look(
        stage,
        "then: [{set: {things: [lamp], state: {brightness: {add: 5}}}}, {set: {things: [lamp], state: {brightness: {add: 5}}}}]",
    )
    assert [command[2] for command in found.commands] == [{"brightness": 85}, {"brightness": 90}]


def test_a_run_without_end_is_cut_off(stage: Stage) -> None:
    found = look(stage, "then: [{repeat: {times: 10000, then: [{wait: {for_s: 1}}]}}]")
    assert found.state == "running"
    assert found.steps[-1].after_s <= MAX_TICKS


def test_its_own_trigger_and_schedule_are_left_alone(stage: Stage) -> None:
    found = look(
        stage,
        """
        when: [{change: {things: [lamp], property: on_off, is: true}}, {time: {every_s: 10}}, {mode: {place: home, is: night}}]
        then: [{set: {things: [lamp], state: {on_off: true}}}, {mode: {place: home, to: night}}, {wait: {for_s: 60}}]
        """,
    )
    assert len(found.commands) == 1


def test_a_scene_that_cannot_be(stage: Stage) -> None:
    with pytest.raises(CallerError) as caught:
        look(stage, "then: [{wait: {}}]")
    assert caught.value.field == "then.0.wait"
