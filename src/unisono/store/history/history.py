"""The history of one partition: appended in batches, sealed into Parquet, rolled up, dropped by age.

Knows when to do what; how is in the neighbours. Must not know what a reading means.

One thread writes (`append`, `rebase`, `maintain`, `seal`, `close`); any thread may read at the same time. Sealing runs
in a thread of its own that `maintain` starts; it works on a frozen segment while appends go to the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from unisono.errors import CallerError, HostError
from unisono.store.history.csv import csv_pages
from unisono.store.history.disk import prepare_folder, require_room
from unisono.store.history.engine import CHECKPOINT_BYTES, Engine
from unisono.store.history.keep import Keeper
from unisono.store.history.manifest import Manifest, SegmentRow, lay_out
from unisono.store.history.open import attach_segments, sweep
from unisono.store.history.plan import DAY_US, floor_to
from unisono.store.history.query import Reader
from unisono.store.history.rows import Bucket, Numbers, Point, SeriesRow, TextRow
from unisono.store.history.segment import Segment, create_segment
from unisono.store.history.view import View, Views

__all__ = ["History"]

MEMORY_MB = 128
"""What the engine may hold in memory: 64 MB slowed sealing, more bought nothing."""
SEAL_BYTES = 256 << 20
RESERVE_BYTES = 2 * CHECKPOINT_BYTES
"""Free space that is never used: a checkpoint that meets a full disk corrupts the file. It writes about as much as
stands in the write-ahead log, which may be twice the checkpoint size when a large batch comes just before."""
ROW_BYTES = 48
"""Room that one appended row may take, uncompressed, in the write-ahead log."""
RETENTION_DAYS = 365
ROLLUP_RETENTION_DAYS = 5 * 365


class History:
    """Readings on disk: a hot part that takes batches, and sealed files that never change.

    ``reserve_bytes`` of free space are left untouched. Retention in days: raw readings, 5-minute rollups, 1-hour
    rollups (None keeps them for ever). Raises `HostError`: history_unavailable (damaged or foreign file),
    already_running (another process has it open), read_only, disk_full.
    """

    def __init__(
        self,
        folder: Path,
        *,
        memory_mb: int = MEMORY_MB,
        seal_bytes: int = SEAL_BYTES,
        retention_days: int = RETENTION_DAYS,
        rollup_retention_days: int = ROLLUP_RETENTION_DAYS,
        hour_retention_days: int | None = None,
        reserve_bytes: int = RESERVE_BYTES,
        on_step: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._folder = folder
        self._seal_bytes = seal_bytes
        self._reserve = reserve_bytes
        self._step = on_step
        self._retention = {"raw": retention_days, "5m": rollup_retention_days, "1h": hour_retention_days}
        self._sealing: threading.Thread | None = None
        self._failure: HostError | None = None
        self._idle_rounds = 0
        self._suspect = False
        prepare_folder(folder)
        lay_out(folder / "hot.duckdb")
        self._engine = Engine(folder / "hot.duckdb", folder / "tmp", memory_mb)
        try:
            self._open()
        except BaseException:
            self._engine.close()
            raise

    def _open(self) -> None:
        self._manifest, fresh = Manifest.open(self._engine)
        sweep(self._manifest, self._folder, fresh)
        self._views = Views()
        segments = attach_segments(self._engine, self._manifest, self._folder)
        self._position = (segments[-1].log_id, segments[-1].seq) if segments else self._manifest.mark
        self._views.publish(View(tuple(self._manifest.files), tuple(segments), dict(self._manifest.horizons)))
        self._reader = Reader(self._engine, self._folder, self._views)
        self._keeper = Keeper(
            self._engine,
            self._folder,
            manifest=self._manifest,
            views=self._views,
            reserve=self._reserve,
            step=self._step,
        )
        if not segments:
            require_room(self._folder, self._reserve, 0)
            self._rotate()

    # -- writing

    def position(self) -> tuple[str, int]:
        """(log id, sequence) up to which everything is committed; ("", 0) for a new history."""
        return self._position

    def rebase(self, log_id: str, seq: int) -> None:
        """Stand at another position from now on: the log is not the one it was."""
        self.append(log_id, seq, None, (), ())

    def append(
        self, log_id: str, seq: int, numbers: Numbers | None, texts: Sequence[TextRow], series: Sequence[SeriesRow]
    ) -> None:
        """Commit readings, new series and the position in one transaction; durable when it returns.

        Nothing is skipped here: never hand in what is not beyond `position`. Series numbers are dense, from 0 or 1.
        Costs least in batches of 20,000 rows and more. After an error hand in the same stretch of the log again (same
        ``seq``): should it have been committed after all, that is noticed. Raises `HostError` disk_full before anything
        is written.
        """
        rows = (len(numbers.ts) if numbers is not None else 0) + len(series)
        require_room(
            self._folder, self._reserve, rows * ROW_BYTES + sum(ROW_BYTES + 4 * len(row.text) for row in texts)
        )
        if self._suspect and self._recovered((log_id, seq)):
            return
        try:
            self._active.append(self._engine, (log_id, seq), numbers, texts, series)
        except HostError:
            self._suspect = True
            raise
        self._position = (log_id, seq)
        self._idle_rounds = 0
        self._reader.renew(series)

    def _recovered(self, wanted: tuple[str, int]) -> bool:
        """After an append failed: whether it had been committed after all, so that ``wanted`` is already there.

        Raises `HostError` while the file is still unusable, and when more is wanted than what failed.
        """
        self._active.recover(self._engine)
        self._suspect = False
        before, self._position = self._position, (self._active.log_id, self._active.seq)
        if self._position not in (before, wanted):
            raise HostError(
                "the batch that failed before was committed after all",
                code="history_unavailable",
                mend="Go on from position()",
            )
        return self._position != before

    @property
    def _active(self) -> Segment:
        return self._views.current.segments[-1]

    # -- upkeep

    def maintain(self, now_us: int) -> None:
        """Do what is due: freeze a finished day or a full segment, seal in the background, merge rollups, drop the old.

        Call it every few seconds, with wall time in microseconds. Raises what the background work ran into since the
        last call (`HostError`); that work is then tried again.
        """
        failure, self._failure = self._failure, None
        today = floor_to(now_us, DAY_US)
        self._keeper.drop_old(now_us, self._retention)
        active = self._active
        opened = self._manifest.segments[-1].day
        if opened is None or (opened != today and not active.rows):
            self._keeper.date_segment(active.number, today)
        elif active.rows and (opened < today or active.bytes() >= self._seal_bytes):
            require_room(self._folder, self._reserve, 0)
            self._rotate(today)
        if self._sealing is None or not self._sealing.is_alive():
            self._start_sealing(today)
        if failure is not None:
            raise failure

    def seal(self) -> None:
        """Freeze what is there and seal all of it, now; returns when it is done."""
        self._wait()
        if self._active.rows:
            require_room(self._folder, self._reserve, 0)
            self._rotate(self._manifest.segments[-1].day)
        self._keeper.seal_frozen()
        self._failure = None

    def _rotate(self, day: int | None = None) -> None:
        """Open a new segment for appends; the one before is frozen thereby. Not while it is unknown what a write that
        failed has left there."""
        if self._suspect:
            return
        number = self._keeper.next_segment()
        create_segment(self._engine, self._folder, number, *self._position)
        self._step("rotate:created")
        with self._manifest.change() as change:
            change.segments = [*self._manifest.segments, SegmentRow(number, day)]
            change.mark = self._position
        self._step("rotate:committed")
        segment = Segment.attach(self._engine, self._folder, number)
        with self._manifest.lock:
            view = self._views.current
            self._views.publish(View(view.files, (*view.segments, segment), view.horizons))

    def _start_sealing(self, today: int) -> None:
        if len(self._views.current.segments) > 1 or self._keeper.mergeable(today):
            self._idle_rounds = 0
            self._sealing = threading.Thread(target=self._seal_in_background, args=(today,), name="history-seal")
            self._sealing.start()
            return
        self._idle_rounds += 1
        if self._idle_rounds == 2:
            self._engine.trim()

    def _seal_in_background(self, today: int) -> None:
        try:
            self._keeper.lower_priority()
            self._keeper.seal_frozen()
            self._keeper.merge(today)
        except HostError as failure:
            self._failure = failure

    def _wait(self) -> None:
        if self._sealing is not None:
            self._sealing.join()
            self._sealing = None

    # -- reading

    def points(
        self,
        thing: str,
        property: str,
        from_us: int,
        to_us: int,
        *,
        limit: int = 1000,
        after: tuple[int, int] | None = None,
    ) -> list[Point]:
        """Readings with ``from_us <= ts < to_us`` in order of (ts, seq), beyond ``after``, at most ``limit``."""
        series = self._reader.series(thing, property)
        return [] if not series else list(self._reader.points(series, from_us, to_us, limit, after))

    def stream(self, thing: str, property: str, from_us: int, to_us: int) -> Iterator[Point]:
        """All readings of a stretch, in order, a page at a time. Close the iterator when leaving early."""
        series = self._reader.series(thing, property)
        if series:
            yield from self._reader.points(series, from_us, to_us, None, None)

    def csv(self, thing: str, property: str, from_us: int, to_us: int) -> Iterator[bytes]:
        """All readings of a stretch as CSV (RFC 4180): ``at`` in UTC, ``value``; a page of lines at a time."""
        return csv_pages(self.stream(thing, property, from_us, to_us))

    def buckets(self, thing: str, property: str, from_us: int, to_us: int, points: int) -> list[Bucket]:
        """The stretch in at most ``points`` buckets, from readings or rollups, whichever suffices; no empty ones."""
        if points < 1 or to_us <= from_us:
            raise CallerError(
                "nothing can be shown so", code="bad_value", field="points", expected="points >= 1, from < to"
            )
        series = self._reader.series(thing, property)
        return [] if not series else self._reader.buckets(series, from_us, to_us, points)

    def count(self, thing: str, property: str, from_us: int, to_us: int) -> int:
        """How many readings are kept of that stretch."""
        series = self._reader.series(thing, property)
        return 0 if not series else self._reader.count(series, from_us, to_us)

    def latest(self, thing: str, property: str, before_us: int) -> Point | None:
        """The last reading before a time, None when there is none."""
        series = self._reader.series(thing, property)
        return None if not series else self._reader.latest(series, before_us)

    def latest_of_all(self) -> list[tuple[int, Point]]:
        """The last reading of every series that has one, as (series, reading), in no order."""
        return self._reader.latest_of_all()

    def series(self) -> list[tuple[int, str, str]]:
        """Every (series, thing, property) ever given, in order of number: what an owner reads at start."""
        return self._reader.all_series()

    def close(self) -> None:
        """Stop background work (what it had not finished is done after the next start) and close the files."""
        self._keeper.stop()
        self._wait()
        self._engine.close()
