"""What may become of a sentence, as a stranger would write it beside it, and whether a plan is that.

    said // said then => outcome/outcome: things trait=value; ... | another way @ after=600 ? ask=state if a trait>5

``quiet``: nothing may be done. ``trait+``, ``trait-``: more, less; ``a..b``: between; a trait alone: any value. ``@``:
parts of the moment (``at=21:00``, ``at=03-15T07:30``), ``?``: of the question, ``if``: the condition (``-``: of any
thing). What is left out may be anything, but for what an act touches: of that only what is so already may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from unisono.assist import ACTING, Condition, Memory, Plan, Query, Speaker, Step, When, World, understand, world_of_home
from unisono.scene.trying.home import Home, load_home

__all__ = ["Case", "House", "cases", "fault"]

#: How far a value may be from the one that is written: a third is 33.3 %, and 33.
NEAR = 0.5
QUIET = frozenset({"ignore", "refuse", "ask", "answer"})
_TEST = re.compile(r"^(\w+)(=|>|<)(.+)$")


class Case(NamedTuple):
    """``said``: the sentences of one conversation; the rest is of the last."""

    said: tuple[str, ...]
    outcomes: frozenset[str]
    steps: tuple[str, ...] = ()
    when: str = ""
    query: str = ""
    condition: str = ""

    @property
    def text(self) -> str:
        return " // ".join(self.said)


class House:
    """A home file, compiled."""

    def __init__(self, path: Path) -> None:
        self.home: Home = load_home(path.read_bytes())
        self.world: World = world_of_home(self.home)
        self.speaker = Speaker(person=self.home.speaker.get("person"), place=self.home.speaker.get("place"))

    def plan(self, said: tuple[str, ...], lang: str) -> Plan:
        """The plan for the last sentence, the others said before it in one conversation."""
        memory, plan = Memory(), Plan(outcome="ignore")
        for text in said:
            plan = understand(text, self.world, memory, self.speaker, now=self.home.moment, lang=lang)
        return plan


def cases(path: Path) -> Iterator[Case]:
    """The cases of a file, one a line; a line that begins with # is a remark."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        said, _, expected = line.partition(" => ")
        expected, _, condition = expected.partition(" if ")
        expected, _, query = expected.partition(" ? ")
        expected, _, when = expected.partition(" @ ")
        outcomes, _, steps = expected.partition(": ")
        allowed = QUIET if outcomes == "quiet" else frozenset(outcomes.split("/"))
        if "quiet" in allowed:
            allowed = allowed - {"quiet"} | QUIET
        ways = tuple(steps.split(" | ")) if steps else ()
        yield Case(tuple(said.split(" // ")), allowed, ways, when, query, condition)


def fault(case: Case, plan: Plan, world: World) -> str:
    """What is wrong with a plan; "" when nothing is."""
    if plan.outcome not in case.outcomes:
        return f"{plan.outcome} {plan.why or plan.query or plan.steps}"
    if plan.outcome in ACTING:
        return _misdone(case, plan, world)
    if plan.outcome == "answer" and case.query and not _query(plan.query, case.query):
        return f"asks {plan.query}"
    return ""


def _misdone(case: Case, plan: Plan, world: World) -> str:
    if case.steps and not any(_meets(plan, wanted, world) for wanted in case.steps):
        return f"does {plan.steps}"
    if case.when and not _moment(plan.when or When(), case.when):
        return f"at {plan.when}"
    if case.condition and not any(_condition(each, case.condition) for each in plan.conditions):
        return f"if {plan.conditions}"
    guarded = plan.conditions and plan.outcome == "act" and not case.condition
    return f"acts, if {plan.conditions}" if guarded and "automate" not in case.outcomes else ""


def _meets(plan: Plan, wanted: str, world: World) -> bool:
    expected = {}
    for step in wanted.split("; "):
        things, _, what = step.partition(" ")
        trait = what.rstrip("+-").partition("=")[0]
        for thing in things.split(","):
            expected[thing, trait] = what[len(trait) :]
    done = {(thing, step.trait): step for step in plan.steps for thing in step.things}
    left_out = expected.keys() - done.keys()
    so = {
        (thing, trait)
        for thing, trait in left_out
        if plan.outcome == "act"
        and expected[thing, trait].startswith("=")
        and _same(world.state(thing).get(trait), expected[thing, trait][1:])
    }
    return done.keys() == expected.keys() - so and all(
        _holds(step, expected[thing, str(trait)], world.state(thing).get(str(trait)))
        for (thing, trait), step in done.items()
    )


def _holds(step: Step, what: str, now: Any) -> bool:
    op, value = step.op, step.value
    if not what:
        return True
    if what in ("+", "-"):
        if not isinstance(value, int | float):
            return False
        if op == "set":
            return isinstance(now, int | float) and value != now and (value > now) == (what == "+")
        return op == "add" and (value > 0) == (what == "+")
    return op == "set" and _same(value, what[1:])


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == text
    if isinstance(value, int | float):
        low, _, high = text.partition("..")
        try:
            if high:
                return float(low) <= value <= float(high)
            return abs(value - float(text)) < NEAR
        except ValueError:
            return False
    return str(value).replace(" ", "_") == text


def _moment(when: When, wanted: str) -> bool:
    for part in wanted.split():
        name, _, text = part.partition("=")
        said = {"at": when.at, "every": when.every, "until": when.until, "after": when.after_s}[name]
        if name in ("at", "until") and isinstance(said, str) and "T" in said:
            said = said[5:16] if "T" in text else said[11:16]
        if not (_same(said, text) if name == "after" else said == text):
            return False
    return True


def _condition(condition: Condition, wanted: str) -> bool:
    things, *tests = wanted.split()
    if things != "-" and set(things.split(",")) != set(condition.things):
        return False
    for test in tests:
        found = _TEST.match(test)
        if found is None:
            if test != condition.trait:
                return False
            continue
        name, sign, text = found.groups()
        if name == "for":
            if not _same(condition.for_s, text):
                return False
            continue
        if name != condition.trait:
            return False
        value = {"=": condition.equals, ">": condition.above, "<": condition.below}[sign]
        if value is None or not _same(value, text):
            return False
    return True


def _query(query: Query | None, wanted: str) -> bool:
    if query is None:
        return False
    for part in wanted.split():
        name, _, text = part.partition("=")
        if name == "things":
            if set(query.things) != set(text.split(",")):
                return False
        elif str({"ask": query.ask, "trait": query.trait, "over": query.over, "agg": query.agg}[name]).replace(
            " ", "_"
        ) not in text.split("|"):
            return False
    return True
