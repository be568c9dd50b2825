"""What a reader sees: a fixed set of files and segments, kept on disk for as long as somebody reads it.

Knows who holds what; must not know how it is read. Retired files and segments are taken away only when no reader that
began before their retirement is left, so reading never blocks sealing, nor sealing reading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from unisono.store.history.manifest import File
from unisono.store.history.segment import Segment

__all__ = ["View", "Views"]


@dataclass(slots=True, frozen=True, eq=False)
class View:
    """One consistent state: every row is in exactly one of ``files`` (level raw) and ``segments``."""

    files: tuple[File, ...] = ()
    segments: tuple[Segment, ...] = ()
    horizons: Mapping[str, int] = field(default_factory=dict)

    def overlapping(self, level: str, series: Sequence[int], start: int, end: int) -> list[File]:
        """The files of a level that may hold rows of ``series`` with ``start <= ts < end``."""
        return [
            file
            for file in self.files
            if file.level == level
            and any(file.min_series <= number <= file.max_series for number in series)
            and file.min_ts < end
            and file.max_ts >= start
        ]


class Views:
    """The current view and those still held."""

    def __init__(self) -> None:
        self.current = View()
        self._lock = threading.Lock()
        self._held: dict[View, int] = {}
        self._leaving: list[tuple[set[View], Callable[[], None]]] = []

    @contextmanager
    def hold(self) -> Iterator[View]:
        """Read through the current view; nothing it names goes away before the block ends."""
        with self._lock:
            view = self.current
            self._held[view] = self._held.get(view, 0) + 1
        try:
            yield view
        finally:
            with self._lock:
                self._held[view] -= 1
                if not self._held[view]:
                    del self._held[view]
                ready = self._ready()
            for action in ready:
                action()

    def publish(self, view: View, afterwards: Callable[[], None] | None = None) -> None:
        """Make ``view`` current; run ``afterwards`` (unlinking) once no earlier view is held, perhaps at once."""
        with self._lock:
            self.current = view
            if afterwards is not None:
                self._leaving.append((set(self._held), afterwards))
            ready = self._ready()
        for action in ready:
            action()

    def _ready(self) -> list[Callable[[], None]]:
        held = set(self._held)
        ready = [action for holders, action in self._leaving if not holders & held]
        self._leaving = [(holders, action) for holders, action in self._leaving if holders & held]
        return ready
