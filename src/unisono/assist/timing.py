"""What the times and conditions of an order make of it: now, once later, or an automation.

Knows no words; times and conditions are read by others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from unisono.assist.frames import Frame
from unisono.assist.plan import Condition, Outcome, Plan, Step, When
from unisono.assist.text import Time
from unisono.assist.times import duration, when
from unisono.assist.turn import Turn

__all__ = ["timed"]

DAY = timedelta(days=1)
TWELVE = 12
#: Before these hours of the morning nothing is ended, and nothing wanted each day, by most.
EARLY, DAWN = 6, 5
#: A clock that is written in digits says which half of the day it is.
_DIGITAL = re.compile(r"\d ?: ?\d")
SUN = frozenset({"sunrise", "sunset"})
#: Traits whose change only begins what is wanted.
SLOW = frozenset({"charge_limit", "charging", "target_temperature", "target_humidity", "start_stop", "on_off"})


def timed(
    steps: tuple[Step, ...],
    times: tuple[Time, ...],
    found: tuple[Condition, ...],
    conditions: Sequence[Frame],
    turn: Turn,
) -> Plan:
    """Act, later or automate."""
    moment = _afternoon(when(times, turn.now), times, steps, turn)
    if moment is not None and _gone(moment, turn):
        return Plan(outcome="ask", why="what_time")  # "at three today", said at six
    lasts = duration(times)
    if lasts is not None and (moment is None or moment.until is None) and not found:
        end = _end(moment, timedelta(seconds=lasts), turn)
        if end is None:
            return Plan(outcome="ask", why="unsure:duration")  # so long from sunset, or from no hour of the day
        moment = When(until=end) if moment is None else msgspec.structs.replace(moment, until=end)
    if any(time.due for time in times) and any(_takes_time(step, turn) for step in steps):
        return Plan(outcome="ask", why="unsure:time")  # by then it is to be done: when to begin, nobody said
    if moment is not None and moment.every == "other":
        return Plan(outcome="ask", why="unsure:every")  # every other day, hourly: no rhythm that a scene has
    if lasts is not None and lasts <= 0:
        return Plan(outcome="ask", why="unsure:duration")
    if found and lasts is not None:
        return Plan(outcome="ask", why="unsure:duration")
    now = bool(found) and moment is None and all(frame.clause.trigger in ("if", "unless") for frame in conditions)
    if now and all(_undoes(condition, steps) for condition in found):
        return Plan(outcome="act", steps=steps)
    alone = now and len(found) == 1 and conditions[0].clause.trigger == "if"
    if alone and any(_undoes(found[0], (step,)) for step in steps):
        return Plan(outcome="act", steps=steps, conditions=found)  # "if it's unlocked, lock it and ..."
    if found and all(frame.clause.trigger == "unless" for frame in conditions):
        # "unless" guards an order, it sets nothing off
        outcome: Outcome = "act" if moment is None or (moment.at is None and moment.after_s is None) else "later"
        if moment is None or moment.every is None:
            return Plan(outcome=outcome, steps=steps, conditions=found, when=moment)
    if found:
        return Plan(outcome="automate", steps=steps, conditions=found, when=moment)
    if moment is None:
        return Plan(outcome="act", steps=steps)
    if moment.every is not None or (moment.at in ("sunrise", "sunset") and conditions):
        every = moment.every or "day"
        return Plan(outcome="automate", steps=steps, when=msgspec.structs.replace(moment, every=every))
    if moment.at is not None or moment.after_s is not None:
        return Plan(outcome="later", steps=steps, when=moment)
    return Plan(outcome="act", steps=steps, when=moment)


def _gone(moment: When, turn: Turn) -> bool:
    """Is it over already?"""
    clock = moment.at if moment.every is None else None
    if clock is None or clock in SUN:
        return False
    return datetime.fromisoformat(clock) <= turn.now.replace(tzinfo=None)


def _afternoon(moment: When | None, times: tuple[Time, ...], steps: tuple[Step, ...], turn: Turn) -> When | None:
    """ "Every Friday at half four" is in the afternoon, where clocks have twelve hours and nobody said which half."""
    if moment is None or moment.every is None or moment.at is None or moment.at in SUN:
        return moment
    halved = turn.spoken.rules.get("clock") != TWELVE or any(time.half or time.part for time in times)
    written = any(piece.kind == "time" and _DIGITAL.search(piece.text) for piece in turn.pieces)
    hour = int(moment.at[:2])
    ends = all(step.value is False or step.value in ("stop", "pause") for step in steps)
    if halved or written or not 1 <= hour < (EARLY if ends else DAWN):
        return moment
    return msgspec.structs.replace(moment, at=f"{hour + TWELVE}{moment.at[2:]}")


def _end(moment: When | None, lasts: timedelta, turn: Turn) -> str | None:
    """When it ends that begins then and lasts so long; of what comes again an hour. None: that is not known here."""
    begins = turn.now.replace(tzinfo=None, microsecond=0)
    if moment is None or (moment.at is None and moment.every is None):
        after = timedelta(seconds=moment.after_s or 0) if moment is not None else timedelta()
        return (begins + after + lasts).isoformat()
    if moment.at is None or moment.at in SUN:
        return None
    if moment.every is None:
        return (datetime.fromisoformat(moment.at) + lasts).isoformat()
    hour, minute = map(int, moment.at.split(":"))
    ends = begins.replace(hour=hour, minute=minute) + lasts
    return f"{ends:%H:%M}" if lasts < DAY else None


def _takes_time(step: Step, turn: Turn) -> bool:
    """Is it something that is begun before it is so: charged, warm, washed?"""
    kinds = {turn.world.things[thing].kind for thing in step.things}
    return step.trait in SLOW and step.value is not False and kinds != {"light"}


def _undoes(condition: Condition, steps: tuple[Step, ...]) -> bool:
    """ "if it is off, turn it on": what is so already needs no condition."""
    if condition.equals is None or condition.for_s is not None or len(steps) != 1:
        return False
    step = steps[0]
    return (
        step.trait == condition.trait and set(step.things) == set(condition.things) and step.value != condition.equals
    )
