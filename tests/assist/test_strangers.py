"""What a family said whom nobody had asked to be clear: their own home, their own words, in both languages.

A line is a sentence and what may become of it; where something may be done, it must be that and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from unisono.assist import Plan, Speaker, Step, understand, world_of_home
from unisono.scene.trying.home import load_home

HERE = Path(__file__).parent / "strangers"
WHAT_ACTS = {"act", "later", "automate"}


def sentences(lang: str) -> Iterator[tuple[str, set[str], list[str]]]:
    for line in (HERE / f"{lang}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        said, _, expected = line.partition(" => ")
        outcomes, _, steps = expected.partition(": ")
        yield said, set(outcomes.split("/")), [wanted.strip() for wanted in steps.split(" | ")] if steps else []


def steps_of(wanted: str) -> dict[tuple[str, str], str]:
    """``things trait=value; ...`` as {(thing, trait): "=value", "+", "-" or ""}."""
    found = {}
    for step in wanted.split("; "):
        things, _, what = step.partition(" ")
        trait = what.rstrip("+-").partition("=")[0]
        for thing in things.split(","):
            found[thing, trait] = what[len(trait) :]
    return found


def meets(plan: Plan, wanted: str) -> bool:
    expected = steps_of(wanted)
    done = {(thing, step.trait): step for step in plan.steps for thing in step.things}
    return done.keys() == expected.keys() and all(holds(done[key], what) for key, what in expected.items())


def holds(step: Step, what: str) -> bool:
    op, value = step.op, step.value
    if what in ("+", "-"):
        return op == "add" and isinstance(value, int | float) and (value > 0) == (what == "+")
    if not what:
        return True
    text = what[1:]
    if ".." in text:
        low, high = map(float, text.split(".."))
        return op == "set" and isinstance(value, int | float) and low <= value <= high
    if isinstance(value, bool):
        return str(value).lower() == text
    if isinstance(value, int | float):
        return op == "set" and abs(value - float(text)) < 0.3
    return str(value) == text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_family_nobody_knew_is_understood_and_nothing_else_is_done(lang: str) -> None:
    home = load_home((HERE / "home.yaml").read_bytes())
    world, speaker = world_of_home(home), Speaker(person=home.speaker["person"], place=home.speaker["place"])
    missed: list[str] = []
    wrong: list[str] = []
    count = 0
    for said, outcomes, steps in sentences(lang):
        count += 1
        plan = understand(said, world, None, speaker, now=home.moment, lang=lang)
        acts = plan.outcome in WHAT_ACTS
        good = plan.outcome in outcomes and (not acts or not steps or any(meets(plan, wanted) for wanted in steps))
        if not good:
            (wrong if acts else missed).append(f"{said} -> {plan.outcome} {plan.why or plan.steps}")
    assert not wrong, "acted wrongly:\n" + "\n".join([*wrong, "missed:", *missed])
    assert len(missed) <= count * 0.05, "missed:\n" + "\n".join(missed)
