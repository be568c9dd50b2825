"""Scenes that select by kind and place: a thing that comes or goes is followed alone, as if all were compiled again."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.stage import Stage
from unisono.scene.document import Selector
from unisono.scene.world import World
from unisono.twin.record import SceneRemoved

SCENES = (
    "id: lit\nwhen: [{change: {kind: light, property: on_off, is: true}}]\nthen: [{stop: {}}]",
    """
    id: long
    mode: restart
    when: [{change: {place: hall, property: on_off, is: true, for_s: 20}}]
    then: [{set: {place: home, kind: light, state: {on_off: false}}}]
    """,
    "id: after\nwhen: [{change: {kind: light, property: on_off, is: false, was: true}}]\nthen: [{stop: {}}]",
    "id: moved\nwhen: [{change: {kind: light, property: brightness, by: 30}}]\nthen: [{stop: {}}]",
    """
    id: mean
    when: [{window: {place: hall, property: brightness, over_s: 60, agg: mean, above: 50}}]
    then: [{stop: {}}]
    """,
    "id: quiet\nmode: queued\nwhen: [{silence: {kind: light, for_s: 30}}]\nthen: [{wait: {for_s: 1}}]",
    "id: away\nwhen: [{connection: {place: hall, is: offline, for_s: 5}}]\nthen: [{stop: {}}]",
    "id: there\nwhen: [{travel: {kind: light, arrives: hall}}]\nthen: [{stop: {}}]",
    "id: told\nwhen: [{event: {kind: doorbell, event: pressed}}]\nthen: [{stop: {}}]",
    """
    id: asks
    mode: parallel
    when: [{time: {every_s: 25}}]
    if:
      - any:
        - state: {kind: light, place: home, property: on_off, is: true, of: any}
        - state: {place: hall, property: on_off, is: true, of: all, for_s: 10}
        - not: {window: {kind: light, property: brightness, over_s: 60, agg: max, above: 80}}
        - connection: {things: [l0], kind: light, is: online, of: none}
        - whereabouts: {kind: light, at: hall, of: any}
    then:
      - wait: {until: [{state: {place: hall, property: on_off, is: true, of: any}}], timeout_s: 40}
    """,
)
PLACES = ("home", "hall", "attic")


def stage() -> Stage:
    made = Stage()
    made.place("hall", "home")
    made.place("attic", "home")
    made.thing("bell", "doorbell", place="attic")
    made.thing("l0", "light", place="hall", on_off=False, brightness=10)
    for scene in SCENES:
        made.scene(scene)
    return made


def day(seed: int) -> list[tuple[Any, ...]]:
    chance = random.Random(seed)
    steps: list[tuple[Any, ...]] = []
    for _ in range(30):
        light = f"l{chance.randrange(4)}"
        steps.append(
            chance.choice(
                [
                    ("add", light, chance.choice(PLACES)),
                    ("add", light, chance.choice(PLACES)),
                    ("remove", light),
                    ("report", light, chance.random() < 0.5, chance.choice([10, 60, 90])),
                    ("report", light, chance.random() < 0.5, chance.choice([10, 60, 90])),
                    ("tick", chance.choice([1, 7, 31])),
                    ("link", light, chance.random() < 0.5),
                    ("place", chance.choice(["hall", "attic"]), chance.choice(["home", "attic", "hall"])),
                    ("ring",),
                ]
            )
        )
    return steps


def perform(made: Stage, step: tuple[Any, ...]) -> None:
    kind, *given = step
    things = made.fold.partition.things
    if kind == "add":
        made.thing(given[0], "light", place=given[1])
    elif kind == "tick":
        made.tick(given[0])
    elif kind == "ring":
        made.event("bell", "pressed")
    elif kind == "place" and given[0] != given[1]:
        made.place(given[0], "home")
        made.place(given[0], given[1])
    elif given and given[0] in things:
        if kind == "remove":
            made.remove(given[0])
        elif kind == "report":
            made.report(given[0], on_off=given[1], brightness=given[2])
        elif kind == "link":
            (made.online if given[1] else made.offline)(given[0])


def standing(made: Stage) -> Any:
    """Everything that the engine keeps and by which it acts, whatever the order it came in."""
    engine = made.engine
    return {
        id: (
            sorted(compiled.saved().gates.items()),
            sorted(compiled.awaited),
            sorted(run.id for run in compiled.runs.values()),
            [(run.id, run.cause, run.started, run.ended) for run in compiled.past],
            [(refusal.why, refusal.path, refusal.seen, refusal.at, refusal.count) for refusal in compiled.refusals],
            sorted(compiled.reminders),
            {thing: watch_of(watched) for thing, watched in sorted(compiled.things.items()) if watch_of(watched)},
        )
        for id, compiled in engine.scenes.items()
    }


def watch_of(watched: Any) -> Any:
    parts = ("values", "heard", "links", "moves", "events")
    found = {part: len(getattr(watched, part)) for part in parts}
    return {part: count for part, count in found.items() if count}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_following_one_by_one_is_compiling_all_again(seed: int) -> None:
    """Beside a stage that is crashed, and so compiled anew, after every step."""
    one, other = stage(), stage()
    for step in day(seed):
        perform(one, step)
        perform(other, step)
        other.crash()
        assert standing(one) == standing(other), step


def test_a_thing_more_costs_what_it_costs_for_it_alone() -> None:
    made = stage()
    before = dict(made.engine.scenes)
    made.thing("l1", "light", place="hall", on_off=False)
    assert made.engine.scenes == before, "nothing was compiled again"
    made.report("l1", on_off=True)
    assert [run.cause.thing for run in made.engine.scenes["lit"].past] == ["l1"]
    made.remove("l1")
    assert made.engine.scenes == before
    assert not any("|l1" in key for scene in before.values() for key in (*scene.gates, *scene.reminders))
    made.put(*made.log[-1].entries)  # once more: it is gone already
    assert made.engine.scenes == before


def test_what_is_only_asked_for_is_not_watched() -> None:
    made = Stage()
    lit = "{state: {kind: light, property: on_off, is: true, of: any}}"
    made.scene(f"if: [{lit}, {{not: {{not: {lit}}}}}]\nthen: [{{stop: {{}}}}]")
    made.run()
    made.thing("l1", "light", on_off=True)
    made.run()
    made.remove("l1")
    made.run()
    assert (made.runs, [each.count for each in made.engine.scenes["s"].refusals]) == (1, [2])
    made.put(SceneRemoved("s"))
    made.thing("l1", "light")
    assert not made.engine.scenes


def test_a_name_that_changes_concerns_nobody() -> None:
    made = stage()
    made.scene("id: named\nwhen: [{change: {things: [l0], property: on_off, is: true}}]\nthen: [{stop: {}}]")
    before = dict(made.engine.scenes)
    made.thing("l0", "light", place="hall")
    assert made.engine.scenes == before
    made.remove("l0")
    assert made.engine.scenes["named"] is not before["named"], "what is named is missed"


def test_a_thing_that_moves_is_looked_for_anew() -> None:
    made = stage()
    made.thing("l0", "light", place="attic")
    made.report("l0", on_off=True)
    made.tick(60)
    assert not made.engine.scenes["long"].past, "it no longer stands in the hall"
    assert made.engine.scenes["lit"].past


@pytest.mark.parametrize("keeping", [False, True])
def test_what_a_selection_means(keeping: bool) -> None:
    made = stage()
    world = World(made.fold.partition.things, made.fold.partition.places)
    if keeping:
        world.keep()
    for _ in range(2):
        assert world.select(Selector(kind="light")) == ["l0"]
        assert world.select(Selector(place="home")) == ["bell", "l0"]
        assert world.select(Selector(things=("x", "l0"), place="hall")) == ["x", "l0"]
        assert world.select(Selector(things=("x", "x"))) == ["x"]
    made.thing("a1", "light", place="hall")
    world.forget()
    assert world.select(Selector(kind="light", place="home")) == ["a1", "l0"]
    made.place("hall", "attic")
    assert world.select(Selector(place="attic")) == ["a1", "bell", "l0"]
