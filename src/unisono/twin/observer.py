"""Whoever acts on what the fold finds: the scenes' engine, or nobody.

Knows the fold's side of the contract only. An observer is part of the fold: deterministic, no clocks, and its state is
kept in the same checkpoint.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from unisono.twin.command import Command
from unisono.twin.record import (
    EffectSending,
    EffectSent,
    ModeSet,
    PlacePut,
    PlaceRemoved,
    SceneEnabled,
    ScenePut,
    SceneRemoved,
    SceneRun,
    SceneStop,
)
from unisono.twin.twin import Twin

__all__ = ["STEERING", "Idle", "Observer", "Steering"]

Steering: TypeAlias = (
    ScenePut
    | SceneRemoved
    | SceneEnabled
    | SceneRun
    | SceneStop
    | PlacePut
    | PlaceRemoved
    | ModeSet
    | EffectSending
    | EffectSent
)

#: The entries of the log that are the observer's.
STEERING: tuple[type, ...] = (
    ScenePut,
    SceneRemoved,
    SceneEnabled,
    SceneRun,
    SceneStop,
    PlacePut,
    PlaceRemoved,
    ModeSet,
    EffectSending,
    EffectSent,
)


class Observer(Protocol):
    """Called while folding; a twin has its new values already. It is told of things whose ``watched`` it has set."""

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None: ...
    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None: ...
    def linked(self, twin: Twin, at: int) -> None: ...
    def ended(self, command: Command) -> None: ...
    def things_changed(self, id: str) -> None: ...
    def steer(self, entry: Steering) -> None:
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


class Idle:
    """Nobody."""

    def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
        pass

    def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
        pass

    def linked(self, twin: Twin, at: int) -> None:
        pass

    def ended(self, command: Command) -> None:
        pass

    def things_changed(self, id: str) -> None:
        pass

    def steer(self, entry: Steering) -> None:
        pass

    def tick(self, wall: int, elapsed: int) -> None:
        pass

    def due(self, key: str) -> None:
        pass

    def saved(self) -> tuple[list[tuple[str, object]], list[str]]:
        return [], []

    def not_saved(self) -> None:
        pass

    def restore_row(self, key: str, row: memoryview) -> None:
        pass

    def restored(self, wall: int, elapsed: int) -> None:
        pass
