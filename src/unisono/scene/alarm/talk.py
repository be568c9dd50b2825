"""What the rooms around alarms say to each other on the bus: subjects and shapes.

Knows msgpack shapes only (arrays; new fields are appended with a default), as `unisono.twin.talk`. Times are
microseconds since the Unix epoch (UTC).
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.scene.alarm.facts import Transition

__all__ = [
    "ActAsk",
    "AlarmView",
    "AlarmsAnswer",
    "AlarmsAsk",
    "Figures",
    "LiveAlarms",
    "RateView",
    "Recent",
    "live_alarms",
]


# Verbs of `unisono.twin.talk.ask_owner` that are about alarms:
#
# ``alarms``         AlarmsAsk > AlarmsAnswer, the worst and newest first
# ``alarm-act``      ActAsk > AlarmView as it stands after that, once it is in the log and folded
# ``alarm-recent``   b"" > Recent: lines of history that the registry may not have yet
# ``alarm-figures``  b"" > Figures
# ``alarm-check``    the document's bytes > list[Finding]; raises ``bad_alarm`` for the first thing that is wrong


def live_alarms(partition: str) -> str:
    """Subject on which an owner publishes `LiveAlarms` while somebody watches (`unisono.twin.talk.Watch`)."""
    return f"live.alarms.{partition}"


class AlarmView(msgspec.Struct, array_like=True):
    """An alarm as it stands. ``state`` normal in a live view: it is over. ``until``: the end of its shelf, 0 for none;
    ``why``: what suppresses it; ``calls``: how often it was escalated; ``acts``: what may be done about it now."""

    id: str
    definition: str
    name: str
    names: dict[str, Any]
    thing: str
    place: str
    severity: str
    state: str
    active: bool
    raised: int
    cleared: int
    count: int
    value: Any
    text: str
    consequence: str
    action: str
    acknowledged: int
    by: dict[str, str]
    comment: str
    until: int
    why: str
    chattering: bool
    calls: int
    acts: list[str]
    shelve_h: float


class AlarmsAsk(msgspec.Struct, array_like=True):
    """Which alarms: every field that is given must hold; ``places`` include all below them. ``after``: severity, time
    and id of the last one of the part before."""

    places: list[str] | None = None
    states: list[str] | None = None
    severities: list[str] | None = None
    things: list[str] | None = None
    ids: list[str] | None = None
    after: tuple[int, int, str] | None = None
    limit: int = 1_000


class AlarmsAnswer(msgspec.Struct, array_like=True):
    """``keys``: the order of each of ``alarms``, for merging and for going on. ``more``: there are more behind them."""

    alarms: list[AlarmView]
    keys: list[tuple[int, int, str]]
    more: bool = False


class ActAsk(msgspec.Struct, array_like=True):
    alarm: str
    act: str
    by: dict[str, str]
    comment: str = ""
    for_s: float = 0.0


class Recent(msgspec.Struct, array_like=True):
    lines: list[Transition]


class RateView(msgspec.Struct, array_like=True):
    """Alarms of a root place in the last ten minutes. ``since``: the begin of the flood, 0 without one; ``held``: the
    notices that it held back."""

    root: str
    in_ten_minutes: int
    since: int = 0
    held: int = 0


class Figures(msgspec.Struct, array_like=True):
    """What the fold knows now. ``standing`` and ``stale`` (active for more than a day) by root place, then severity;
    ``chattering``: ids."""

    rates: list[RateView]
    standing: dict[str, dict[str, int]]
    stale: dict[str, dict[str, int]]
    chattering: list[str]
    held: dict[str, dict[str, int]]
    definitions: int
    alarms: int


class LiveAlarms(msgspec.Struct, array_like=True):
    """Alarms that changed."""

    alarms: list[AlarmView]
