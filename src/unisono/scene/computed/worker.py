"""What one computed thing is made of while it works, and what it may use.

Knows time only as its bench tells it. A worker is fed values of other things, and is asked for its own when it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from unisono.scene.world import World
from unisono.twin.twin import Twin

__all__ = ["MODEL_PREFIX", "SECOND", "Bench", "Feed", "Worker", "finite", "is_computed", "iso", "number", "read_iso"]

SECOND = 1_000_000
#: What the models of computed things are called: this and the id of the thing.
MODEL_PREFIX = "computed:"
#: Beyond this a sum of many would leave what a float can hold; nothing anybody measures comes near.
GREATEST = 1e150
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Feed(NamedTuple):
    """What a worker wants to be told: values of a property, an event's fields, or (neither) whether it is there."""

    thing: str
    take: Callable[[Any, int], None]
    property: str | None = None
    event: str | None = None


class Bench(Protocol):
    """What the engine lends to one worker. Times are microseconds."""

    world: World

    @property
    def wall(self) -> int: ...
    @property
    def elapsed(self) -> int: ...
    def moment(self, at: int, most_us: int) -> int:
        """Elapsed time at which a report of wall time ``at`` came: the last tick's, and what the wall clock has gone on
        since, but no more than ``most_us``: a clock that was set forward makes no time pass."""
        ...

    def remind(self, after_us: int, what: str) -> int:
        """Call `Worker.due` with ``what`` once so much time has passed (0: at the next tick, which is wanted now);
        when that is, in elapsed time."""
        ...

    @property
    def twin(self) -> Twin: ...
    def zone(self) -> ZoneInfo:
        """The zone of the place where the computed thing is."""
        ...

    def tell(self, event: str, fields: dict[str, Any], at: int) -> None:
        """The computed thing tells an event."""
        ...

    def trouble(self, detail: str) -> None:
        """What went wrong is to be seen on the thing's page."""
        ...


class Worker:
    """The root of all kinds. ``feeds``: what it is told; `values`: what it has to say, by key, as far as known.

    ``stateful``: being fed changes what a checkpoint keeps; ``lasting``: what it has gathered outlives a change of its
    definition.
    """

    stateful = True
    lasting = False

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.feeds: list[Feed] = []

    def begin(self) -> None:
        """It is new: look at how things are now."""

    def recall(self, told: Mapping[str, Any]) -> None:
        """What was kept of it is lost: add up from what it told last, by key."""

    def values(self) -> dict[str, Any]:
        """What it tells, by key."""
        return {}

    def due(self, what: str) -> None:
        """A reminder came."""

    def clock_set_back(self) -> None:
        """The wall clock went back by more than daylight saving ever does."""

    @property
    def moment(self) -> int | None:
        """Wall time at which it wants to be reminded, whatever elapsed time says."""
        return None

    def set(self, wanted: dict[str, Any], at: int) -> None:
        """Take on values; one whose model takes none is never asked to."""

    def call(self, action: str, given: dict[str, Any], at: int) -> None:
        """Do an action; one whose model has none is never asked to."""

    def saved(self) -> Any:
        """What a checkpoint has to keep, as plain data; None when everything follows from the things."""
        return None

    def restore(self, saved: Any) -> None:
        """Go on from what `saved` gave; reminders are among the partition's own timers."""


def number(value: Any) -> float | None:
    """A value as a finite number; a switch counts as one or nothing."""
    kind = type(value)
    if (kind is float or kind is int or kind is bool) and -GREATEST < value < GREATEST:
        return float(value)
    return None


def iso(at: int) -> str:
    """A moment as models write it; one beyond the calendar is its end."""
    try:
        return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return "9999-12-31T23:59:59.999Z"


def read_iso(text: Any) -> int | None:
    """The moment that `iso` wrote, in wall microseconds; None for anything else."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * SECOND) if isinstance(text, str) else None
    except ValueError:
        return None


def finite(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def is_computed(twin: Twin) -> bool:
    """Whether it is no device; its model says so before its definition arrives."""
    return twin.model.startswith(MODEL_PREFIX)
