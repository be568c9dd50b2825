"""Several turns: what leans on the sentence before - "it", "the bedroom too", "the other one", "a bit more", a yes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from unisono.assist import Memory, Plan, Speaker, World, understand, world_of_home
from unisono.scene.trying.home import load_home

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
LAMP = {"on_off": True, "brightness": 50}
HOME = {
    "now": NOW.isoformat(),
    "places": [
        {"id": "home", "kind": "home", "name": "Home"},
        {"id": "den", "in": "home", "kind": "room", "name": "Den"},
        {"id": "attic", "in": "home", "kind": "room", "name": "Attic"},
    ],
    "things": [
        {"id": "globe", "kind": "light", "in": "den", "name": "Globe lamp", "state": LAMP},
        {"id": "desk", "kind": "light", "in": "den", "name": "Desk lamp", "state": LAMP},
        {"id": "beam", "kind": "light", "in": "attic", "name": "Beam", "state": {"on_off": True, "color": "#ffffff"}},
        {"id": "radio", "kind": "speaker", "in": "den", "name": "Radio", "state": {"on_off": True, "volume": 30}},
        {"id": "gate", "kind": "lock", "in": "home", "name": "Garden gate", "state": {"locked": True}},
        {"id": "shed", "kind": "lock", "in": "home", "name": "Shed", "state": {"locked": True}},
    ],
}  # fmt: skip
SPEAKER = Speaker(place="den")


@pytest.fixture(scope="module")
def world() -> World:
    return world_of_home(load_home(HOME))


def talk(world: World, *turns: str) -> Plan:
    memory, plan = Memory(), Plan(outcome="ignore")
    for turn in turns:
        plan = understand(turn, world, memory, SPEAKER, now=NOW, lang="en")
    return plan


def step(plan: Plan) -> tuple[Any, ...]:
    first = plan.steps[0] if plan.steps else None
    return (plan.outcome, first.things, first.trait, first.value) if first is not None else (plan.outcome,)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (["switch on the globe lamp", "and the desk lamp too"], ("act", ("desk",), "on_off", True)),
        (["set the globe lamp to 30", "no, the desk lamp"], ("act", ("desk",), "brightness", 30)),
        (["set the globe lamp to 30", "make it 60"], ("act", ("globe",), "brightness", 60)),
        (["dim the globe lamp", "a bit more"], ("act", ("globe",), "brightness", -10)),
        (["turn the radio up", "a bit less"], ("act", ("radio",), "volume", -5)),
        (["is the shed locked", "unlock it"], ("act", ("shed",), "locked", False)),
        (["turn on a lamp", "the desk one"], ("act", ("desk",), "on_off", True)),
        (["turn on a lamp", "both"], ("act", ("globe", "desk"), "on_off", True)),
        (["set the globe lamp", "forty percent"], ("act", ("globe",), "brightness", 40)),
        (["change the colour of the beam", "red"], ("act", ("beam",), "color", "red")),
        (["turn off the radio", "in ten minutes"], ("later", ("radio",), "on_off", False)),
        (["set the globe lamp to 20", "the same for the desk lamp"], ("act", ("desk",), "brightness", 20)),
        (["switch off the globe lamp", "not that one, the desk lamp"], ("act", ("desk",), "on_off", False)),
    ],
    ids=lambda value: " / ".join(value) if isinstance(value, list) else "",
)
def test_it_leans_on_what_was_said(world: World, turns: list[str], expected: tuple[Any, ...]) -> None:
    assert step(talk(world, *turns)) == expected


def test_undo_names_what_was_done(world: World) -> None:
    plan = talk(world, "dim the globe lamp", "undo that")
    assert [(each.op, each.things) for each in plan.steps] == [("undo", ("globe",))]


def test_what_opens_does_not_lean(world: World) -> None:
    """A gate is not opened by half a sentence; a yes does it."""
    assert talk(world, "unlock the shed", "and the garden gate").outcome == "ask"
    assert step(talk(world, "unlock the shed", "and the garden gate", "yes")) == ("act", ("gate",), "locked", False)


@pytest.mark.parametrize("after", ["no", "thanks", "who won the match", "hello", "never mind"])
def test_what_is_no_yes_does_nothing(world: World, after: str) -> None:
    assert talk(world, "unlock the shed", "and the garden gate", after).outcome not in ("act", "later", "automate")


def test_nothing_leans_on_nothing(world: World) -> None:
    for text in (
        "and the desk lamp too",
        "the same",
        "a bit more",
        "undo that",
        "yes",
        "make it red",
        "in ten minutes",
    ):
        assert talk(world, text).outcome not in ("act", "later", "automate"), text
