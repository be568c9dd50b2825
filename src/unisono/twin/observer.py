"""Whoever acts on what the fold finds: the scenes' engine, computed things, alarms.

Knows the fold's side of the contract only. An observer is part of the fold: deterministic, no clocks, and its state is
kept in the same checkpoint. What steers it are entries of the log that are not the fold's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from unisono.twin.command import Audit, Command
from unisono.twin.record import Entry
from unisono.twin.twin import Twin

__all__ = ["Follower", "Hand", "Listener", "Observer", "Watcher"]


class Watcher(Protocol):
    """Told of the things at which it stands in ``Twin.watchers`` (`Twin.watch`); a twin has its new values already.
    ``name`` is its observer's."""

    name: str

    def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
        """How many of the first reports of a run it need not be told of: they change nothing for it, whatever becomes
        of other things meanwhile. 0 where it cannot tell."""
        ...

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None: ...
    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None: ...
    def linked(self, twin: Twin, at: int) -> None: ...


class Hand(Protocol):
    """Who carries out the commands of things that are no devices (``Twin.hand``)."""

    def asked(self, twin: Twin, command: Command) -> None:
        """A command was begun; `Control.answer` says what becomes of it, now or later."""
        ...


class Observer(Protocol):
    """Called while folding, of everything. What it wants to know of single things it is told as their `Watcher`, or has
    others told for it.

    ``name`` is the kind of its timers (``Partition.remind(s, name, key)`` comes back as ``due(key)``) and what stands
    before the colon in the keys of its checkpoint rows.
    """

    name: str

    @property
    def steered_by(self) -> tuple[type, ...]:
        """The types of log entries that it is to be told of."""
        ...

    @property
    def ended(self) -> Callable[[Command], None] | None:
        """To be called with each command that ended; None where that is of no matter."""
        ...

    def things_changed(self, id: str) -> None: ...
    def steer(self, entry: Entry) -> None:
        """Raises UnisonoError for what cannot be."""
        ...

    def tick(self, wall: int, elapsed: int) -> None: ...
    def due(self, key: str) -> None: ...
    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        """Checkpoint rows that changed, by key, and the keys that went; clears what marks change."""
        ...

    def not_saved(self) -> None:
        """What `saved` gave was not written: the next checkpoint has to take it up again."""
        ...

    def restore_row(self, key: str, row: memoryview) -> None:
        """Take in one row; raises ``msgspec.DecodeError``."""
        ...

    def restored(self, wall: int, elapsed: int) -> None:
        """All rows and all twins are there."""
        ...


class Follower(Protocol):
    """Whoever is told of results one by one, as they come about (``Partition.follower``): what computed things give,
    and each step in the life of a command."""

    def derived(self, twin: Twin, given: dict[str, Any], at: int) -> None: ...
    def derived_event(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None: ...
    def lived(self, command: Command) -> None: ...
    def denied(self, audit: Audit) -> None: ...


class Listener(Protocol):
    """Whoever is told of the events and the comings and goings of all things (``Partition.listeners``). These are rare;
    to watch a thing for them alone would make each of its reports dear."""

    def overheard(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None: ...
    def came_or_went(self, twin: Twin, at: int) -> None: ...
