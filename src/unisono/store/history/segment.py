"""A hot segment: one DuckDB file of its own that takes appends until it is sealed, and is then unlinked whole.

Knows the tables of ``hot-NNNNNN.duckdb``, and which large batches lie beside it (`unisono.store.history.bulk`). A file
of its own per segment, because deleting tens of millions of rows from one table is slow and leaves the file big, and
because its tables are made once, under another name, and checkpointed before use: no DDL and no delete ever stands in
the write-ahead log of a segment (duckdb#19712, #22044, #25395).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unisono.errors import HostError
from unisono.store.history.bulk import BULK_ROWS, Bulk, rows_of, sweep_bulks, write_bulk
from unisono.store.history.disk import sync_folder
from unisono.store.history.engine import Cursor, Engine, quoted, roll_back
from unisono.store.history.rows import Numbers, SeriesRow, TextRow

__all__ = ["Segment", "create_segment", "segment_path"]

_TABLES = (
    # A column of absent texts would cost a quarter of every append; who reads sees one table of both kinds. The view
    # names its tables without the file's name, which is another one each time it is attached.
    "CREATE TABLE {0}.numbers(series INTEGER, ts BIGINT, seq BIGINT, value DOUBLE)",
    "CREATE TABLE {0}.texts(series INTEGER, ts BIGINT, seq BIGINT, text VARCHAR)",
    "CREATE VIEW {0}.hot AS SELECT series, ts, seq, value, NULL::VARCHAR AS text FROM numbers"
    " UNION ALL SELECT series, ts, seq, NULL::DOUBLE AS value, text FROM texts",
    "CREATE TABLE {0}.bulk(step BIGINT, rows BIGINT, min_ts BIGINT, max_ts BIGINT, bytes BIGINT)",
    "CREATE TABLE {0}.position(step BIGINT, log_id VARCHAR, seq BIGINT)",
    "CREATE TABLE {0}.series(series INTEGER, thing VARCHAR, property VARCHAR)",
)
FOREVER = 1 << 62
FILES_AT_ONCE = 16
"""Files of large batches in one part of a read: many in one query took more memory than history is given."""


def segment_path(folder: Path, number: int) -> Path:
    """Where segment ``number`` is kept."""
    return folder / f"hot-{number:06d}.duckdb"


@dataclass(slots=True)
class Segment:
    """An attached segment; ``min_ts`` and ``max_ts`` bound its rows (min above max: it has none)."""

    number: int
    path: Path
    name: str  # under which the engine knows it
    rows: int = 0
    min_ts: int = FOREVER
    max_ts: int = -FOREVER
    step: int = 0
    log_id: str = ""
    seq: int = 0
    bulks: tuple[Bulk, ...] = ()  # with one that is being committed, or could not be
    takes_bulks: bool = True

    @classmethod
    def attach(cls, engine: Engine, folder: Path, number: int) -> Segment:
        """Open an existing segment, replaying its write-ahead log. Raises `HostError` history_unavailable."""
        segment = cls(number, segment_path(folder, number), f"seg_{number}")
        with engine.faults(segment.path, opening=True):
            engine.main.execute(f"ATTACH {quoted(segment.path)} AS {segment.name}")
            segment._read(engine)
        sweep_bulks(segment.path, segment.bulks)  # only here, where nobody reads yet
        return segment

    def _read(self, engine: Engine) -> None:
        query = f"SELECT count(*), min(ts), max(ts) FROM {self.name}.hot"
        rows, low, high = engine.main.execute(query).fetchone()
        named = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'bulk'"
        [(self.takes_bulks,)] = engine.main.execute(named, [self.name]).fetchall()  # older ones have no such table
        bulks = []
        if self.takes_bulks:
            bulks = [Bulk(*row) for row in engine.main.execute(f"FROM {self.name}.bulk ORDER BY step").fetchall()]
        if bulks:  # raises where one is gone or no longer whole
            engine.main.execute(f"SELECT count(*) FROM ({rows_of(self.path, bulks)})").fetchone()
        bounds = [*([(low, high)] if rows else []), *((bulk.min_ts, bulk.max_ts) for bulk in bulks)]
        self.bulks = tuple(bulks)
        self.rows = rows + sum(bulk.rows for bulk in bulks)
        self.min_ts = min((first for first, _ in bounds), default=FOREVER)
        self.max_ts = max((last for _, last in bounds), default=-FOREVER)
        query = f"SELECT step, log_id, seq FROM {self.name}.position ORDER BY step DESC LIMIT 1"
        self.step, self.log_id, self.seq = engine.main.execute(query).fetchone()

    def recover(self, engine: Engine) -> None:
        """After a failed append: learn whether it was committed after all.

        An engine that could not finish a checkpoint no longer serves the file until it is attached anew; nothing that
        was committed is lost thereby, it stands in the write-ahead log.
        """
        try:
            with engine.faults(self.path):
                self._read(engine)
        except HostError:
            self.detach(engine)
            with engine.faults(self.path, opening=True):
                engine.main.execute(f"ATTACH {quoted(self.path)} AS {self.name}")
                self._read(engine)

    def bytes(self) -> int:
        """Size on disk, write-ahead log and large batches included."""
        wal = self.path.with_suffix(".duckdb.wal")
        beside = sum(bulk.bytes for bulk in self.bulks)
        return self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + beside

    def seen(self, cursor: Cursor) -> tuple[Bulk, ...]:
        """The large batches that the transaction of ``cursor`` sees, which begins to look with this.

        Its snapshot of the tables says which are committed; all of these are known here, because a batch is made known
        before it is committed. So a later batch is never seen without an earlier one, nor half of one.
        """
        if not self.takes_bulks:
            return ()
        [(newest,)] = cursor.execute(f"SELECT coalesce(max(step), 0) FROM {self.name}.bulk").fetchall()
        return tuple(bulk for bulk in self.bulks if bulk.step <= newest)

    def sources(self, bulks: Iterable[Bulk], start: int = -FOREVER, end: int = FOREVER) -> list[tuple[int, str]]:
        """What holds the rows with ``start <= ts < end``, and more: (last time, SQL). ``bulks`` as `seen`.

        Each gives series, ts, seq, value, text.
        """
        bulks = [bulk for bulk in bulks if bulk.min_ts < end and bulk.max_ts >= start]
        bulks.sort(key=lambda bulk: bulk.max_ts, reverse=True)
        parts = [bulks[first : first + FILES_AT_ONCE] for first in range(0, len(bulks), FILES_AT_ONCE)]
        return [
            (self.max_ts, f"{self.name}.hot"),
            *((part[0].max_ts, f"({rows_of(self.path, part)})") for part in parts),
        ]

    def source(self, bulks: Iterable[Bulk]) -> str:
        """All rows: all of `sources` in one."""
        return "(" + " UNION ALL ".join(f"SELECT * FROM {part}" for _, part in self.sources(bulks)) + ")"

    def frozen(self) -> str:
        """All rows of a segment that takes no more."""
        return self.source(bulk for bulk in self.bulks if bulk.step <= self.step)

    def append(
        self,
        engine: Engine,
        position: tuple[str, int],
        numbers: Numbers | None,
        texts: Sequence[TextRow],
        series: Sequence[SeriesRow],
    ) -> None:
        """Commit rows and position together; on failure nothing of it is there."""
        begun = 0

        def commit() -> None:
            nonlocal begun
            begun += 1
            if begun == 1 or not self._stands_at(engine.main, self.step + 1):
                self._commit(engine.main, position, numbers, texts, series)

        with engine.faults(self.path):
            engine.insist(commit)
        self.step, self.log_id, self.seq = self.step + 1, *position
        if numbers is not None and len(numbers.ts):
            self._widen(len(numbers.ts), int(numbers.ts.min()), int(numbers.ts.max()))
        if texts:
            self._widen(len(texts), min(row.ts for row in texts), max(row.ts for row in texts))

    def _stands_at(self, con: Cursor, step: int) -> bool:
        """Whether a commit that failed was made after all."""
        found: tuple[int] = con.execute(f"SELECT max(step) FROM {self.name}.position").fetchone()
        return found[0] >= step

    def _commit(
        self,
        con: Cursor,
        position: tuple[str, int],
        numbers: Numbers | None,
        texts: Sequence[TextRow],
        series: Sequence[SeriesRow],
    ) -> None:
        large = None
        if numbers is not None and len(numbers.ts) >= BULK_ROWS and self.takes_bulks:
            with con.cursor() as own:
                large = write_bulk(own, self.path, self.step + 1, numbers)
            numbers = None
            # before it is committed, and should that fail it stays: `seen` tells what counts
            self.bulks = (*(bulk for bulk in self.bulks if bulk.step <= self.step), large)
        con.begin()
        try:
            self._insert(con, numbers, texts, series)
            if large is not None:
                con.execute(f"INSERT INTO {self.name}.bulk VALUES (?, ?, ?, ?, ?)", list(large))
            con.execute(f"INSERT INTO {self.name}.position VALUES (?, ?, ?)", [self.step + 1, *position])
            con.commit()
        except BaseException:
            roll_back(con)
            raise

    def _insert(
        self, con: Cursor, numbers: Numbers | None, texts: Sequence[TextRow], series: Sequence[SeriesRow]
    ) -> None:
        import numpy as np

        if numbers is not None and len(numbers.ts):
            columns = numbers._asdict()
            con.register("incoming", columns)
            con.execute(f"INSERT INTO {self.name}.numbers SELECT series, ts, seq, value FROM incoming")
            con.unregister("incoming")
        if texts:
            # an object array is taken whole (50,000 rows in 15 ms); executemany needs 0.5 ms a row
            number, ts, seq, text = zip(*texts, strict=True)
            columns = {
                "series": np.array(number, dtype=np.int32),
                "ts": np.array(ts, dtype=np.int64),
                "seq": np.array(seq, dtype=np.int64),
                "text": np.array(text, dtype=object),
            }
            con.register("incoming", columns)
            con.execute(f"INSERT INTO {self.name}.texts SELECT series, ts, seq, text FROM incoming")
            con.unregister("incoming")
        if series:
            number, thing, key = zip(*series, strict=True)
            columns = {
                "series": np.array(number, dtype=np.int32),
                "thing": np.array(thing, dtype=object),
                "property": np.array(key, dtype=object),
            }
            con.register("incoming", columns)
            con.execute(f"INSERT INTO {self.name}.series SELECT series, thing, property FROM incoming")
            con.unregister("incoming")

    def _widen(self, rows: int, low: int, high: int) -> None:
        self.rows += rows
        self.min_ts = min(self.min_ts, low)
        self.max_ts = max(self.max_ts, high)

    def detach(self, engine: Engine) -> None:
        """Let go of the file."""
        with engine.faults(self.path):
            cursor = engine.cursor()  # not the writer's connection: the last reader to leave may be the one who calls
            try:
                cursor.execute(f"DETACH {self.name}")
            finally:
                cursor.close()

    def remove(self) -> None:
        """Unlink the file, its write-ahead log and its large batches."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        sweep_bulks(self.path, ())


def create_segment(engine: Engine, folder: Path, number: int, log_id: str, seq: int) -> None:
    """Make an empty segment that stands at a position; it counts once the manifest names it."""
    path = segment_path(folder, number)
    new = path.with_suffix(".new")
    for leftover in (new, Path(f"{new}.wal"), path, path.with_suffix(".duckdb.wal")):
        leftover.unlink(missing_ok=True)
    sweep_bulks(path, ())
    name = f"new_{number}"
    with engine.faults(new):
        engine.main.execute(f"ATTACH {quoted(new)} AS {name}")
        try:
            for statement in _TABLES:
                engine.main.execute(statement.format(name))
            engine.main.execute(f"INSERT INTO {name}.position VALUES (0, ?, ?)", [log_id, seq])
            engine.main.execute(f"CHECKPOINT {name}")
        finally:
            engine.main.execute(f"DETACH {name}")
    new.rename(path)
    sync_folder(folder)
