"""One alarm as a checkpoint keeps it, and one line of its history.

Plain data. Times are wall microseconds unless they are said to be elapsed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.scene.alarm.state import State
from unisono.scene.watching.gate import GateSaved

__all__ = ["Facts", "Transition"]


class Facts(msgspec.Struct, array_like=True):
    """Where an alarm stands. ``id`` is ``<definition>.<thing>``.

    ``active``: the condition is given, delays included; ``raised`` and ``cleared``: when that began and ended last;
    ``count``: how often it began. ``value``, ``text``: as they were then. ``by``, ``comment``: who acted last.
    ``until``: end of the shelf. ``out``: out of service. ``why``: what suppresses it.

    ``waiting``: its opposite holds and a delay is counting, since elapsed ``since`` (None until the next tick, which
    dates ``waiting_at``); ``armed``: the delay's reminder is set. ``calling``: an escalation is counting, since elapsed
    ``called``; ``calls``: those made. ``shelf``: elapsed time at which the shelf ends, None until the next tick.
    ``rung``: raised so often since the last tick; ``rings``: elapsed times of the last of them. ``source``,
    ``clearing``: what its sources remember. ``told``: people were told that it is active.
    """

    id: str
    definition: str
    thing: str
    severity: str
    state: State = State.NORMAL
    active: bool = False
    raised: int = 0
    cleared: int = 0
    count: int = 0
    value: Any = None
    text: str = ""
    acknowledged: int = 0
    by: dict[str, str] = {}
    comment: str = ""
    shelved: bool = False
    shelf_us: int = 0
    shelf: int | None = None
    until: int = 0
    out: bool = False
    why: str = ""
    waiting: bool = False
    since: int | None = None
    armed: bool = False
    calling: bool = False
    called: int | None = None
    calls: int = 0
    rung: int = 0
    rings: list[int] = []
    chattering: bool = False
    source: GateSaved | None = None
    clearing: GateSaved | None = None
    waiting_at: int = 0
    calling_at: int = 0
    told: bool = False


class Transition(msgspec.Struct, array_like=True):
    """What happened to an alarm. ``number`` counts them in a partition. ``act`` is one word: raised, cleared,
    acknowledged, reset, shelved, unshelved, shelf_ended, suppressed, unsuppressed, taken_out, returned_to_service,
    escalated, removed; flood_began and flood_ended are those of a root place. ``before`` and ``after`` are states.
    ``by`` empty: nobody, it came from the condition."""

    number: int
    at: int
    alarm: str
    definition: str
    thing: str
    place: str
    root: str
    severity: str
    act: str
    before: str
    after: str
    value: Any = None
    text: str = ""
    by: dict[str, str] = {}
    comment: str = ""
