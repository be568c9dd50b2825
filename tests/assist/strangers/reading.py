"""Tables of what strangers said: a line is a sentence and what may become of it.

    sentence | next turn => outcome/outcome: steps | other steps # what else must hold; ...

Steps: ``thing,thing trait=value; ...`` with ``+`` and ``-`` for more and less, nothing for any value. What else:
``at 07:30``, ``after 600``, ``until 22:00``, ``every weekday``, ``if thing trait >28``, ``ask thing trait agg over``
(``-`` for any thing or trait; what is left out is not looked at).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from unisono.assist import Condition, Memory, Plan, Speaker, Step, Thing, World, understand, world_of_home
from unisono.scene.trying.home import Home, load_home

__all__ = ["ACTS", "Case", "House", "cases", "judge"]

ACTS = frozenset({"act", "later", "automate"})
#: How far a value may be from the one that is written.
NEAR = 0.3


class Case(msgspec.Struct, frozen=True):
    """``steps``: alternatives; ``rest``: what else must hold where it acts or answers."""

    said: str
    outcomes: frozenset[str]
    steps: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()


class House:
    """A home file, compiled."""

    def __init__(self, path: Path) -> None:
        self.home: Home = load_home(path.read_bytes())
        self.world: World = world_of_home(self.home)
        self.speaker = Speaker(person=self.home.speaker.get("person"), place=self.home.speaker.get("place"))

    def plan(self, said: str, lang: str) -> Plan:
        """That of the last of several turns."""
        memory, plan = Memory(), Plan(outcome="ignore")
        for turn in said.split("|"):
            plan = understand(turn, self.world, memory, self.speaker, now=self.home.moment, lang=lang)
        return plan


def cases(path: Path) -> Iterator[Case]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            said, _, expected = line.partition(" => ")
            expected, _, rest = expected.partition(" # ")
            outcomes, _, steps = expected.partition(": ")
            yield Case(
                said,
                frozenset(outcomes.strip().split("/")),
                tuple(one.strip() for one in steps.split(" | ") if one.strip()),
                tuple(one.strip() for one in rest.split(";") if one.strip()),
            )


def judge(case: Case, plan: Plan, house: House) -> str:
    """``good``, ``wrong`` (it acts, and not so) or ``missed``."""
    acts = plan.outcome in ACTS
    good = plan.outcome in case.outcomes
    if good and acts:
        good = not case.steps or any(_meets(plan, wanted, house) for wanted in case.steps)
        good = good and all(_holds_too(plan, one) for one in case.rest if not one.startswith("ask "))
    if good and plan.outcome == "answer":
        good = all(_asks(plan, one.split()[1:], house) for one in case.rest if one.startswith("ask "))
    return "good" if good else "wrong" if acts else "missed"


def _meets(plan: Plan, wanted: str, house: House) -> bool:
    expected = {}
    for step in wanted.split("; "):
        things, _, what = step.partition(" ")
        trait = what.rstrip("+-").partition("=")[0]
        for thing in things.split(","):
            expected[thing, trait] = what[len(trait) :]
    done = {(thing, step.trait): step for step in plan.steps for thing in step.things}
    if plan.outcome == "act":  # what is so already may be left out, or said
        for (thing, trait), what in list(expected.items()):
            so = what.startswith("=") and _is(house.world.state(thing).get(trait), what[1:])
            if so and (thing, trait) not in done:
                del expected[thing, trait]
    return done.keys() == expected.keys() and all(
        _holds(done[key], what, house.world.things[key[0]], house.world.state(key[0]).get(str(key[1])))
        for key, what in expected.items()
    )


def _holds(step: Step, what: str, about: Thing, now: Any) -> bool:
    del about
    value = step.value
    if what in ("+", "-"):
        if step.op == "set" and isinstance(value, int | float) and isinstance(now, int | float):
            return (value > now) == (what == "+")
        return step.op == "add" and isinstance(value, int | float) and (value > 0) == (what == "+")
    return not what or (step.op == "set" and _is(value, what[1:]))


def _is(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == text
    if isinstance(value, int | float):
        low, _, high = text.partition("..")
        try:
            return float(low) - NEAR <= value <= float(high or low) + NEAR
        except ValueError:
            return False
    return str(value) == text


def _holds_too(plan: Plan, said: str) -> bool:
    word, _, rest = said.partition(" ")
    when = plan.when
    if word == "if":
        thing, trait, *value = rest.split()[0:1] + (rest.split()[1:] or ["-"])
        return any(_waits(one, thing, trait, value[0] if value else "") for one in plan.conditions)
    if when is None:
        return False
    if word == "at":
        first, _, every = rest.partition(" every ")
        return first in (when.at or "") and (not every or when.every == every)
    if word == "after":
        return when.after_s == float(rest)
    return rest in str(getattr(when, word) or "")


def _waits(one: Condition, thing: str, trait: str, value: str) -> bool:
    if (thing != "-" and thing not in one.things) or trait not in ("-", one.trait):
        return False
    if not value:
        return True
    amount = {">": one.above, "<": one.below, "=": one.equals}[value[0]]
    return amount is not None and _is(amount, value[1:])


def _asks(plan: Plan, said: list[str], house: House) -> bool:
    query = plan.query
    if query is None:
        return False
    thing, trait, agg, *over = [*said, "-", "-", "-"][: max(3, len(said))]
    del house
    return (
        (thing == "-" or thing in query.things)
        and trait in ("-", query.trait)
        and agg in ("-", query.agg)
        and (not over or over == ["-"] or " ".join(over) == query.over)
    )
