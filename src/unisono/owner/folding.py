"""The fold of a partition with all that takes part in it, put together the same way for a start and for a mending.

Knows which observers there are; whoever adds one adds it here, before anything is restored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from unisono.scene.alarm.alarms import Alarms
from unisono.scene.computed import Computer
from unisono.scene.onward import Onward
from unisono.scene.running.engine import Engine
from unisono.scene.world import World
from unisono.twin.fold import Fold
from unisono.twin.partition import Partition

__all__ = ["Folding", "new_folding"]


class Folding(NamedTuple):
    """A fold and its observers by name."""

    fold: Fold
    scenes: Engine
    alarms: Alarms
    computed: Computer
    onward: Onward


def new_folding() -> Folding:
    """An empty partition, its fold, and who observes it."""
    partition = Partition()
    fold = Fold(partition)

    def reminder(name: str) -> Callable[[int, str], None]:
        return lambda after_us, key: _ignore(partition.remind(after_us / 1_000_000, name, key))

    scenes = Engine(World(partition.things, partition.places), fold.control, reminder(Engine.name))
    partition.observe(scenes)
    alarms = Alarms(scenes.world, reminder(Alarms.name), scenes.post)
    partition.observe(alarms)
    partition.listeners.append(alarms)
    computed = Computer(fold, scenes.world)
    partition.observe(computed)
    onward = Onward(partition, scenes, alarms)
    partition.observe(onward)
    return Folding(fold, scenes, alarms, computed, onward)


def _ignore(_due: int) -> None:
    """When it is due is the partition's business."""
