"""What an order changes of the things that it is about, as far as they can and the speaker may.

Also says why not: a value that is missing, a thing that cannot, a right that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.assist.frames import Frame
from unisono.assist.plan import Outcome, Plan
from unisono.assist.refusals import told_why
from unisono.assist.resolver import Change, Problem, change_of
from unisono.assist.targets import Aim
from unisono.assist.turn import Turn

__all__ = ["because", "changes_of", "once_on"]


def changes_of(frame: Frame, aimed: Aim, turn: Turn) -> list[tuple[str, Change]] | Plan:
    changes: list[tuple[str, Change]] = []
    problem: Problem | None = None
    for named in aimed.things:
        thing, got = _made(frame, named, turn)
        if isinstance(got, Problem):
            problem = got
            continue
        for change in got:
            if not turn.speaker.rights.may_set(thing, change.trait, turn.world.risk(thing, change.trait, change.value)):
                return Plan(outcome="refuse", why=f"not_permitted:{thing}")
            changes.append((thing, change))
    if changes:
        return changes
    if problem is None:
        return Plan(outcome="refuse", why="not_possible")
    if problem.why in ("what_value", "what_to_do"):
        turn.memory.pending, turn.memory.choices = frame, aimed.things
        turn.memory.things = aimed.things
        return because("ask", problem.why, problem.about, turn)
    return because("refuse", problem.why, problem.about, turn)


def _made(frame: Frame, named: str, turn: Turn) -> tuple[str, list[Change] | Problem]:
    """What changes of the thing; "lock the front door", where that is a sensor's name, is of the front door lock."""
    world = turn.world
    got = change_of(frame, world.things[named], world)
    if isinstance(got, Problem) and got.why == "not_possible":
        tried = [(kin, change_of(frame, world.things[kin], world)) for kin in world.kin(named)]
        able = [(kin, made) for kin, made in tried if isinstance(made, list)]
        if len(able) == 1:
            return able[0]
    return named, got


def once_on(got: list[tuple[str, Change]], turn: Turn) -> list[tuple[str, Change]]:
    """What was switched on in the sentence before is not switched on once more, to be brighter."""
    before = turn.memory.frame
    if before is None or before.act not in ("on", "start"):
        return got
    raised = {thing for thing, change in got if change.op == "add"} & set(turn.memory.things)
    return [(thing, change) for thing, change in got if thing not in raised or change.op == "add"]


def because(outcome: Outcome, why: str, said: str, turn: Turn, choices: Sequence[str] = ()) -> Plan:
    """A refusal or a question with its reason, for programs and for people."""
    speech = told_why(why, said, choices, turn)
    return Plan(outcome=outcome, why=f"{why}:{said}" if said else why, speech=speech)
