"""What the times and conditions of an order make of it: now, once later, or an automation.

Knows no words; times and conditions are read by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from unisono.assist.frames import Frame
from unisono.assist.plan import Condition, Plan, Step, When
from unisono.assist.text import Time
from unisono.assist.times import duration, when
from unisono.assist.turn import Turn

__all__ = ["clock_number", "timed"]

#: Acts that only a plain order may do: what comes of them cannot be taken back.
SWITCHING = frozenset({"on", "off", "open", "close", "lock", "unlock", "start", "stop"})


def timed(
    steps: tuple[Step, ...],
    times: tuple[Time, ...],
    found: tuple[Condition, ...],
    conditions: Sequence[Frame],
    turn: Turn,
) -> Plan:
    """Act, later or automate."""
    moment = when(times, turn.now)
    lasts = duration(times)
    if lasts is not None and (moment is None or moment.until is None) and not found:
        until = turn.now.replace(tzinfo=None, microsecond=0)
        end = (until + timedelta(seconds=lasts)).isoformat()
        moment = When(until=end) if moment is None else msgspec.structs.replace(moment, until=end)
    if found and lasts is not None:
        return Plan(outcome="ask", why="unsure:duration")
    if found and all(_undoes(condition, steps) for condition in found) and moment is None:
        return Plan(outcome="act", steps=steps)
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


def _undoes(condition: Condition, steps: tuple[Step, ...]) -> bool:
    """ "if it is off, turn it on": what is so already needs no condition."""
    if condition.equals is None or condition.for_s is not None or len(steps) != 1:
        return False
    step = steps[0]
    return (
        step.trait == condition.trait and set(step.things) == set(condition.things) and step.value != condition.equals
    )


def clock_number(frame: Frame, times: list[Time], turn: Turn) -> None:
    """ "start at three": a bare number after "at" beside an act that takes none is an hour."""
    del turn
    if frame.value is None or frame.unit is not None or frame.act not in SWITCHING | {"brew", "clean", "set", "charge"}:
        return
    if frame.act in ("set", "charge") and not frame.coffee:
        return
    value = frame.value
    if 1 <= value <= 24 and float(value).is_integer():
        times.append(Time(role="at", clock=int(value) * 60))
        frame.value = None
