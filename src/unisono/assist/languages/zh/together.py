"""Steps, times and conditions of a Chinese sentence, put together into one plan.

Knows which steps are one, and which contradict each other. Knows no words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.assist.languages.zh.schedule import when_of
from unisono.assist.moment import Moment
from unisono.assist.plan import Condition, Plan, Step

__all__ = ["is_contradictory", "joined", "timed"]


def is_contradictory(steps: Sequence[Step]) -> bool:
    """Whether the same is set to two values, or moved and halted: 关灯还是开灯好, 窗帘可用开、关、停."""
    wanted: dict[tuple[str, str | None], str] = {}
    halted = {thing for step in steps if step.op == "call" and step.trait == "stop" for thing in step.things}
    moved = {thing for step in steps if step.op == "set" for thing in step.things}
    return bool(halted & moved) or any(
        wanted.setdefault((thing, step.trait), repr(step.value)) != repr(step.value)
        for step in steps
        if step.op == "set"
        for thing in step.things
    )


def joined(steps: Sequence[Step]) -> list[Step]:
    """Steps that differ only in their things become one."""
    found: dict[Any, Step] = {}
    for step in steps:
        key = (step.trait, step.op, repr(step.value), step.unit, step.scene, step.text)
        old = found.get(key)
        if old is None:
            found[key] = step
        else:
            found[key] = msgspec.structs.replace(old, things=tuple(dict.fromkeys((*old.things, *step.things))))
    return list(found.values())


def timed(
    steps: Sequence[Step],
    times: Sequence[Moment],
    now: dt.datetime,
    conditions: tuple[Condition, ...] = (),
    *,
    act_if: bool = False,
) -> Plan:
    """Steps with their times and conditions: now, once later, or an automation."""
    when = when_of(times, now)
    if isinstance(when, str):
        return Plan(outcome="ask", why=when)
    if conditions and act_if and when is not None and when.every is None and (when.at or when.after_s):
        return Plan(outcome="later", steps=tuple(steps), conditions=conditions, when=when)
    if conditions and not (act_if and when is None):
        return Plan(outcome="automate", steps=tuple(steps), conditions=conditions, when=when)
    if when is None or (when.until is not None and when.at is None and when.after_s is None and when.every is None):
        return Plan(outcome="act", steps=tuple(steps), when=when, conditions=conditions)
    return Plan(outcome="later" if when.every is None else "automate", steps=tuple(steps), when=when)
