"""What may become of a sentence, as a stranger would write it beside it, and whether a plan is that.

    said // said then => outcome/outcome: things trait=value; ... | another way @ after=600 ? ask=state if a trait>5

``quiet``: nothing may be done. ``trait+``, ``trait-``: more, less; ``a..b``: between. ``@``: parts of the moment,
``?``: of the question, ``if``: the condition. What is left out may be anything, but for what an act touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from unisono.assist import ACTING, Condition, Memory, Plan, Query, Speaker, Step, When, World, understand
from unisono.scene.trying.home import Home

__all__ = ["Case", "cases", "fault", "plan_of"]

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


def plan_of(case: Case, home: Home, world: World, lang: str) -> Plan:
    """The plan for the last sentence, the others said before it in one conversation."""
    speaker, memory = Speaker(person=home.speaker["person"], place=home.speaker["place"]), Memory()
    plan = Plan(outcome="ignore")
    for said in case.said:
        plan = understand(said, world, memory, speaker, now=home.moment, lang=lang)
    return plan


def fault(case: Case, plan: Plan) -> str:
    """What is wrong with a plan; "" when nothing is."""
    if plan.outcome not in case.outcomes:
        return f"{plan.outcome} {plan.why or plan.query or plan.steps}"
    if plan.outcome in ACTING:
        return _misdone(case, plan)
    if plan.outcome == "answer" and case.query and not _query(plan.query, case.query):
        return f"asks {plan.query}"
    return ""


def _misdone(case: Case, plan: Plan) -> str:
    if case.steps and not any(_meets(plan.steps, wanted) for wanted in case.steps):
        return f"does {plan.steps}"
    if case.when and not _moment(plan.when or When(), case.when):
        return f"at {plan.when}"
    if case.condition and not any(_condition(each, case.condition) for each in plan.conditions):
        return f"if {plan.conditions}"
    guarded = plan.conditions and plan.outcome == "act"
    return f"acts, if {plan.conditions}" if guarded and "automate" not in case.outcomes else ""


def _meets(steps: tuple[Step, ...], wanted: str) -> bool:
    expected = {}
    for step in wanted.split("; "):
        things, _, what = step.partition(" ")
        trait = what.rstrip("+-").partition("=")[0]
        for thing in things.split(","):
            expected[thing, trait] = what[len(trait) :]
    done = {(thing, step.trait): step for step in steps for thing in step.things}
    return done.keys() == expected.keys() and all(_holds(done[key], what) for key, what in expected.items())


def _holds(step: Step, what: str) -> bool:
    op, value = step.op, step.value
    if what in ("+", "-"):
        return op == "add" and isinstance(value, int | float) and (value > 0) == (what == "+")
    if not what:
        return True
    text = what[1:]
    if ".." in text:
        low, high = map(float, text.split(".."))
        return op == "set" and isinstance(value, int | float) and low <= value <= high
    return op == "set" and _same(value, text)


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == text
    if isinstance(value, int | float):
        try:
            return abs(value - float(text)) < 0.5
        except ValueError:
            return False
    return str(value).replace(" ", "_") == text


def _moment(when: When, wanted: str) -> bool:
    for part in wanted.split():
        name, _, text = part.partition("=")
        said = {"at": when.at, "every": when.every, "until": when.until, "after": when.after_s}[name]
        if name in ("at", "until") and isinstance(said, str) and "T" in said:
            said = said[11:16]
        if not (_same(said, text) if name == "after" else said == text):
            return False
    return True


def _condition(condition: Condition, wanted: str) -> bool:
    things, *tests = wanted.split()
    if set(things.split(",")) != set(condition.things):
        return False
    for test in tests:
        found = _TEST.match(test)
        assert found is not None, f"{wanted}: no test"
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
