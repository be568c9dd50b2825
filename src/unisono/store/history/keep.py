"""The work behind appending: sealing frozen segments, merging rollups, dropping what is too old.

Knows the order of steps that makes a crash at any of them harmless: files first, then one manifest transaction, then
unlinking. Used by one thread at a time, save `drop_old`, `date_segment` and `mergeable`, which only touch the manifest.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from unisono.errors import HostError
from unisono.store.history.disk import require_room
from unisono.store.history.engine import Cursor, Engine
from unisono.store.history.manifest import File, Manifest, SegmentRow
from unisono.store.history.plan import DAY_US, month_start
from unisono.store.history.seal import Writer
from unisono.store.history.segment import Segment
from unisono.store.history.view import View, Views

__all__ = ["Keeper"]

MERGE_FILES = 8
"""Rollup files of one day or month that are merged into one: few enough to read fast, many enough to rewrite seldom."""
BACKGROUND_NICE = 10
SETTLED_US = 2 * DAY_US
"""A month's daily rollups become one file when it has been over for so long: most late readings are in."""


class Keeper:
    """Seals, merges and drops; every change shows in the manifest and the view together."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        *,
        manifest: Manifest,
        views: Views,
        reserve: int,
        step: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._manifest = manifest
        self._views = views
        self._reserve = reserve
        self._on_step = step
        self._stopping = False
        self._cursor: Cursor | None = None
        self._guard = threading.Lock()
        numbers = [file.number for file in manifest.files]
        segments = [*(row.number for row in manifest.segments), *(file.segment for file in manifest.files)]
        self._last_segment = max(segments, default=0)
        self._writer = Writer(engine, folder, reserve, max(numbers, default=0), self._step)

    def _step(self, name: str) -> None:
        """Say how far the work is; leave it here when the history is closing."""
        self._on_step(name)
        if self._stopping and name.endswith(("copied", "synced", "renamed")):
            raise HostError("history is closing", code="history_unavailable")

    def next_segment(self) -> int:
        """A number no segment ever had."""
        self._last_segment += 1
        return self._last_segment

    def lower_priority(self) -> None:
        """Let the calling thread yield to the fold and to readers, where threads have priorities (Linux)."""
        if sys.platform == "linux":
            with suppress(OSError):  # a sandbox may forbid it: then sealing runs beside the fold as an equal
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICE)

    def stop(self) -> None:
        """Interrupt what runs in another thread; it ends without a trace in the manifest."""
        with self._guard:
            self._stopping = True
            if self._cursor is not None:
                self._cursor.interrupt()

    def date_segment(self, number: int, day: int) -> None:
        """Note the day on which a segment was opened, for want of a clock not known earlier."""
        with self._manifest.change() as change:
            change.segments = [
                SegmentRow(row.number, day) if row.number == number else row for row in self._manifest.segments
            ]

    def seal_frozen(self) -> None:
        """Seal every segment but the one in use, oldest first."""
        while len(self._views.current.segments) > 1 and not self._stopping:
            self._seal(self._views.current.segments[0])

    def _seal(self, segment: Segment) -> None:
        with self._engine.faults(segment.path):
            cursor = self._borrow()
            try:
                files = self._writer.seal(cursor, segment) if segment.rows else []
            finally:
                self._give_back()
        self._step("seal:files")
        with self._manifest.change() as change:
            change.added_files = files
            change.segments = [row for row in self._manifest.segments if row.number != segment.number]
            change.series_from = [f"SELECT * FROM {segment.name}.series"]
        self._step("seal:committed")

        def leave() -> None:
            segment.detach(self._engine)
            segment.remove()
            self._step("seal:unlinked")

        with self._manifest.lock:
            view = self._views.current
            rest = tuple(other for other in view.segments if other is not segment)
            self._views.publish(View(tuple(self._manifest.files), rest, view.horizons), leave)

    def mergeable(self, today: int) -> list[list[File]]:
        """Sets of rollup files that ought to be one file each."""
        sets: list[list[File]] = []
        rollups = [file for file in self._manifest.files if file.level != "raw"]

        def month(file: File) -> tuple[str, int]:
            return file.level, month_start(file.period)

        def day(file: File) -> tuple[str, int]:
            return file.level, file.period

        for (_, start), files in groupby(sorted(rollups, key=month), key=month):
            in_month = list(files)
            days = [file for file in in_month if file.segment or file.period != start]
            if month_start(today - SETTLED_US) > start and len(days) >= MERGE_FILES:
                sets.append(in_month)
                continue
            for _, same_day in groupby(sorted(in_month, key=day), key=day):
                together = list(same_day)
                if len(together) >= MERGE_FILES:
                    sets.append(together)
        return sets

    def merge(self, today: int) -> None:
        """Merge rollup files where there are many."""
        for files in self.mergeable(today):
            if self._stopping:
                return
            self._merge(
                files, files[0].period if len({file.period for file in files}) == 1 else month_start(files[0].period)
            )

    def _merge(self, files: list[File], period: int) -> None:
        require_room(self._folder, self._reserve, 2 * sum(file.bytes for file in files))
        with self._engine.faults(), self._views.hold():
            cursor = self._borrow()
            try:
                result = self._writer.merge(cursor, files, period)
            finally:
                self._give_back()
        self._step("merge:file")
        with self._manifest.lock:
            if set(files) <= set(self._manifest.files):
                self._replace(files, [result])
            else:  # retention dropped one of them meanwhile: with it would come back what is gone
                (self._folder / result.name).unlink()
        self._step("merge:committed")

    def drop_old(self, now_us: int, retention_days: Mapping[str, int | None]) -> None:
        """Drop whole files whose last row is older than its level is kept; a rollup only after what it was made of."""
        finer = now_us
        for level, days in retention_days.items():
            if days is None:
                continue
            horizon = min(finer, now_us - days * DAY_US)
            old = [file for file in self._manifest.files if file.level == level and file.max_ts < horizon]
            if old:
                self._replace(old, [], {level: max(file.max_ts for file in old) + 1})
                self._step("drop:committed")
            finer = self._manifest.horizons.get(level, -now_us)

    def _replace(self, old: list[File], new: list[File], horizons: Mapping[str, int] | None = None) -> None:
        with self._manifest.change() as change:
            change.removed_files = [file.name for file in old]
            change.added_files = new
            kept = self._manifest.horizons
            change.horizons = {level: max(ts, kept.get(level, ts)) for level, ts in (horizons or {}).items()}

        def leave() -> None:
            for file in old:
                (self._folder / file.name).unlink(missing_ok=True)

        with self._manifest.lock:
            view = View(tuple(self._manifest.files), self._views.current.segments, dict(self._manifest.horizons))
            self._views.publish(view, leave)

    def _borrow(self) -> Cursor:
        with self._guard:
            if self._stopping:
                raise HostError("history is closing", code="history_unavailable")
            self._cursor = self._engine.cursor()
            return self._cursor

    def _give_back(self) -> None:
        with self._guard:
            cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()
