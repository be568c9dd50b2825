"""Values that people set, and buttons that they press. What is set is in the twin; nothing else is kept."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from unisono.scene.computed.document import Input
from unisono.scene.computed.worker import Bench, Worker, iso
from unisono.scene.world import NO_VALUE

__all__ = ["InputWorker"]


class InputWorker(Worker):
    """``_wanted``: what was just set or pressed, until it is told."""

    stateful = False

    def __init__(self, bench: Bench, given: Input) -> None:
        super().__init__(bench)
        self._input = given
        self._wanted: dict[str, Any] = {}

    def begin(self) -> None:
        own, initial = self._input.into, self._input.initial
        if own is not None and initial is not UNSET:
            twin = self.bench.twin
            if self.bench.world.value(twin.id, own) is NO_VALUE:
                self._wanted = {own: float(initial) if self._input.type == "number" else initial}

    def set(self, wanted: dict[str, Any], at: int) -> None:
        self._wanted = {key: float(value) if self._input.type == "number" else value for key, value in wanted.items()}

    def call(self, action: str, given: dict[str, Any], at: int) -> None:
        self._wanted = {"pressed": iso(at)}
        self.bench.tell("pressed", {}, at)

    def values(self) -> dict[str, Any]:
        wanted, self._wanted = self._wanted, {}
        return wanted
