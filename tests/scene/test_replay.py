"""Any crash point, same effects: a day of scenes told once whole, and once with a checkpoint in between."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.stage import Stage

SCENES = (
    """
    id: hot
    mode: restart
    when: [{change: {things: [probe], property: temperature, above: 25, for_s: 20}}]
    then:
      - set: {things: [lamp], state: {on_off: true}}
      - wait: {for_s: 30}
      - notify: {text: "{probe.temperature} degrees"}
    """,
    """
    id: mean
    mode: queued
    when: [{window: {things: [probe], property: temperature, over_s: 120, agg: mean, above: 22}}]
    then:
      - set: {things: [lamp], state: {brightness: {add: 10}}, wait: true}
      - wait: {until: [{state: {things: [lamp], property: on_off, is: true}}], timeout_s: 40}
    """,
    """
    id: still
    when: [{silence: {things: [probe], for_s: 50}}, {connection: {things: [lamp], is: offline, for_s: 10}}]
    then: [{repeat: {times: 2, then: [{wait: {for_s: 5}}, {call: {things: [vacuum], action: dock}}]}}]
    """,
    """
    id: clock
    mode: parallel
    when: [{time: {every_s: 60}}, {scene: {id: hot, ended: any}}]
    if: [{not: {mode: {place: home, is: away}}}]
    then: [{scene: {id: inner, wait: true}}, {mode: {place: home, to: away}}, {http: {url: "http://x/"}}]
    """,
    "id: inner\nthen: [{wait: {for_s: 7}}]",
)

CHOICES: dict[str, list[Any]] = {
    "report": [20, 24, 27, 30],
    "tick": [1, 5, 19, 45],
    "obey": [None],
    "refuse": [None],
    "link": [True, False],
    "mode": ["home", "away"],
}


def day(seed: int) -> list[tuple[str, Any]]:
    """Thirty steps by chance; drawn one by one from lists, hypothesis makes them too much alike to find anything."""
    chance = random.Random(seed)
    kinds = [*CHOICES, "report", "tick"]
    return [(kind, chance.choice(CHOICES[kind])) for kind in chance.choices(kinds, k=30)]


def perform(stage: Stage, step: tuple[str, Any]) -> None:
    kind, value = step
    if kind == "report":
        stage.report("probe", temperature=float(value))
    elif kind == "tick":
        stage.tick(value)
    elif kind == "obey":
        stage.obey()
    elif kind == "refuse":
        stage.refuse("lamp")
    elif kind == "link":
        (stage.online if value else stage.offline)("lamp")
    else:
        stage.mode("home", value)


def told(steps: list[tuple[str, Any]], crash_at: int | None) -> tuple[Any, ...]:
    stage = Stage()
    stage.thing("lamp", "light", on_off=False, brightness=10)
    stage.thing("probe", "sensor.temperature", temperature=20.0)
    stage.thing("vacuum", "vacuum")
    for scene in SCENES:
        stage.scene(scene)
    for number, step in enumerate(steps):
        if number == crash_at:
            stage.crash()
        perform(stage, step)
    scenes = stage.engine.scenes
    return (
        [(c.asked.id, c.asked.thing, c.asked.set, c.asked.call, c.asked.at, c.state) for c in stage.commands],
        [(effect.id, effect.body, effect.at) for effect in stage.engine.effects.values()],
        {
            id: [(run.id, run.state, run.started, run.ended, run.cause) for run in each.past]
            for id, each in scenes.items()
        },
        {id: [(run.id, run.pc) for run in each.runs.values()] for id, each in scenes.items()},
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 29))
def test_a_crash_changes_nothing(seed: int, crash_at: int) -> None:
    steps = day(seed)
    assert told(steps, crash_at) == told(steps, None)
