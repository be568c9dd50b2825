"""The fold of a partition with all that takes part in it, put together the same way for a start and for a mending.

Knows which observers there are; whoever adds one adds it here, before anything is restored.
"""

from __future__ import annotations

from typing import NamedTuple

from unisono.scene.engine import Engine
from unisono.scene.world import World
from unisono.twin.fold import Fold
from unisono.twin.partition import Partition

__all__ = ["Folding", "new_folding"]


class Folding(NamedTuple):
    """A fold and its observers by name."""

    fold: Fold
    scenes: Engine


def new_folding() -> Folding:
    """An empty partition, its fold, and who observes it."""
    partition = Partition()
    fold = Fold(partition)

    def remind(after_us: int, key: str) -> None:
        partition.remind(after_us / 1_000_000, Engine.name, key)

    scenes = Engine(World(partition.things, partition.places), fold.control, remind)
    partition.observe(scenes)
    return Folding(fold, scenes)
