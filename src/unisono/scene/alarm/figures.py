"""How good an alarm system is, in the figures by which industry tells.

Knows EEMUA 191 (third edition, tables 6.1 and 8.1) and ISA-18.2, clause 16.5; what they say is for one operator, who
stands here for a root place. Counts are passed in. A figure that is met says nothing of whether alarms help anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from unisono.scene.alarm.document import SEVERITIES
from unisono.scene.alarm.flood import FLOOD_BEGINS

__all__ = ["Counted", "Figure", "figures"]

#: Alarms in ten minutes: one is very likely acceptable, over ten nobody can follow.
MEAN_PER_TEN_MINUTES = 1.0
#: Part of the time in flood, %.
FLOOD_SHARE = 1.0
#: Part of all alarms that the ten most frequent make, %.
TOP_TEN_SHARE = 5.0
TOP = 10
#: Active for more than a day: fewer than five.
STALE = 5
#: Of all alarms, % by severity at most; diagnostic ones count as low. (80 % low, 15 % medium, 5 % high.)
SHARES = {"critical": 1.0, "high": 5.0, "medium": 15.0}


class Figure(msgspec.Struct):
    """One figure: ``target`` is the most that is good, ``met`` None where nothing can be said."""

    name: str
    value: float
    target: float
    unit: str
    met: bool | None


class Counted(msgspec.Struct):
    """What figures are made of. ``by_step``: alarms in each stretch of ten minutes that had any; ``steps``: how many
    stretches there were; ``by_alarm``: the most frequent ones, most often first."""

    steps: int
    by_step: Sequence[int]
    by_alarm: Sequence[int]
    by_severity: Mapping[str, int]
    chattering: int = 0
    stale: int = 0


def figures(counted: Counted) -> list[Figure]:
    """The figures of a span of time, and what they should be."""
    total = sum(counted.by_step)
    steps = max(counted.steps, 1)
    floods = sum(1 for each in counted.by_step if each > FLOOD_BEGINS)
    found = [
        _figure("mean_per_ten_minutes", total / steps, MEAN_PER_TEN_MINUTES, "alarms"),
        _figure("peak_per_ten_minutes", float(max(counted.by_step, default=0)), float(FLOOD_BEGINS), "alarms"),
        _figure("time_in_flood", 100.0 * floods / steps, FLOOD_SHARE, "%"),
        _figure("chattering", float(counted.chattering), 0.0, "alarms"),
        _figure("stale", float(counted.stale), float(STALE - 1), "alarms"),
    ]
    top = sum(counted.by_alarm[:TOP])
    shares = {"top_ten": (top, TOP_TEN_SHARE)}
    shares |= {severity: (counted.by_severity.get(severity, 0), SHARES[severity]) for severity in SEVERITIES[:3]}
    for name, (count, target) in shares.items():
        figure = _figure(f"share_{name}", 100.0 * count / total if total else 0.0, target, "%")
        found.append(figure if total else msgspec.structs.replace(figure, met=None))
    return found


def _figure(name: str, value: float, target: float, unit: str) -> Figure:
    return Figure(name, round(value, 2), target, unit, value <= target)
