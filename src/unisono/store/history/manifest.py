"""The manifest: which files and hot segments make up the history, kept in ``hot.duckdb``.

Knows the tables of ``hot.duckdb``; must not know how files are written or read. A sealed file or a segment that the
manifest does not name does not exist. Every change is one transaction followed by a checkpoint, because a write-ahead
log with deletes or DDL in it was found unreadable after crashes (duckdb#19712, #22044, #25395).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unisono.errors import HostError
from unisono.store.history.disk import fault, sync_folder
from unisono.store.history.engine import Engine

__all__ = ["File", "Manifest", "SegmentRow", "lay_out"]

FORMAT = "unisono-history"
VERSION = 1

_TABLES = (
    "CREATE TABLE format(name VARCHAR, version INTEGER)",
    "CREATE TABLE segment(number INTEGER, day BIGINT)",
    "CREATE TABLE file(name VARCHAR, level VARCHAR, period BIGINT, number BIGINT, segment INTEGER, rows BIGINT,"
    " min_ts BIGINT, max_ts BIGINT, min_series INTEGER, max_series INTEGER, bytes BIGINT)",
    "CREATE TABLE series(series INTEGER, thing VARCHAR, property VARCHAR)",
    "CREATE TABLE horizon(level VARCHAR, ts BIGINT)",
    "CREATE TABLE mark(log_id VARCHAR, seq BIGINT)",
)


class File(NamedTuple):
    """One sealed file. ``level`` is ``raw``, ``5m`` or ``1h``; times in microseconds, both bounds included.

    ``period`` is the start of the day (or month, for rollups that were merged) it belongs to; ``segment`` the number of
    the hot segment it was made of, 0 when it was merged from other files.
    """

    name: str
    level: str
    period: int
    number: int
    segment: int
    rows: int
    min_ts: int
    max_ts: int
    min_series: int
    max_series: int
    bytes: int


class SegmentRow(NamedTuple):
    """A hot segment that holds rows no sealed file has. ``day`` is the day it was opened on, once a clock was seen."""

    number: int
    day: int | None


@dataclass(slots=True)
class Manifest:
    """The committed state, read once and then kept in step with the tables; change it only through its methods."""

    engine: Engine
    files: list[File]
    segments: list[SegmentRow]
    horizons: dict[str, int]
    mark: tuple[str, int]
    lock: threading.RLock

    @classmethod
    def open(cls, engine: Engine) -> tuple[Manifest, bool]:
        """Read the manifest; the second value is true when it is new and no change was committed to it yet.

        Raises `HostError` history_unavailable when the file is somebody else's or of a later version.
        """
        con = engine.main
        with engine.faults(opening=True):
            tables = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            formats = con.execute("FROM format").fetchall() if "format" in tables else None
            fresh = formats == []
            if not fresh and formats != [(FORMAT, VERSION)]:
                raise HostError(
                    "hot.duckdb was not written by this version of the hub",
                    code="history_unavailable",
                    mend="Move hot.duckdb aside, or start the version that wrote it",
                )
            files = [File(*row) for row in con.execute("FROM file ORDER BY number").fetchall()]
            segments = [SegmentRow(*row) for row in con.execute("FROM segment ORDER BY number").fetchall()]
            horizons = dict(con.execute("FROM horizon").fetchall())
            marks = con.execute("FROM mark").fetchall()
        return cls(engine, files, segments, horizons, marks[0] if marks else ("", 0), threading.RLock()), fresh

    @contextmanager
    def change(self) -> Iterator[Change]:
        """One transaction: what the body collects is committed together, checkpointed, and only then visible here."""
        with self.lock, self.engine.faults():
            change = Change()
            yield change
            con = self.engine.cursor()
            try:
                con.begin()
                change.apply(con)
                con.commit()
                con.execute("CHECKPOINT")
            finally:
                con.close()
            gone = set(change.removed_files)
            self.files = [file for file in self.files if file.name not in gone] + change.added_files
            if change.segments is not None:
                self.segments = change.segments
            self.horizons |= change.horizons
            self.mark = change.mark or self.mark


def lay_out(file: Path) -> None:
    """Make an empty manifest where there is none: under another name first, so that it is there whole or not at all.

    Its format row is written with the first change, which also takes in the files that are already there: ended in
    between, the next start does it again, and removes nothing that it does not know.
    """
    import duckdb

    if file.exists():
        return
    new = file.with_suffix(".fresh")
    new.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(new), config={"threads": 1}) as con:
            for statement in _TABLES:
                con.execute(statement)
            con.execute("CHECKPOINT")
        new.rename(file)
        sync_folder(file.parent)
    except OSError as error:
        raise fault(error, file.parent) from error


class Change:
    """What one transaction does to the manifest."""

    def __init__(self) -> None:
        self.added_files: list[File] = []
        self.removed_files: list[str] = []
        self.segments: list[SegmentRow] | None = None
        self.horizons: dict[str, int] = {}
        self.mark: tuple[str, int] | None = None
        self.series_from: Sequence[str] = ()  # queries that give series rows to keep
        self.first = False

    def apply(self, con: object) -> None:
        """Run it inside the open transaction of ``con``."""
        run = con.execute  # type: ignore[attr-defined]  # duckdb has no types
        if self.first:
            run("INSERT INTO format VALUES (?, ?)", [FORMAT, VERSION])
        for name in self.removed_files:
            run("DELETE FROM file WHERE name = ?", [name])
        for file in self.added_files:
            run("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", list(file))
        if self.segments is not None:
            run("DELETE FROM segment")
            for row in self.segments:
                run("INSERT INTO segment VALUES (?, ?)", list(row))
        for level, ts in self.horizons.items():
            run("DELETE FROM horizon WHERE level = ?", [level])
            run("INSERT INTO horizon VALUES (?, ?)", [level, ts])
        if self.mark:
            run("DELETE FROM mark")
            run("INSERT INTO mark VALUES (?, ?)", list(self.mark))
        for query in self.series_from:
            new = f"SELECT DISTINCT series, thing, property FROM ({query}) ANTI JOIN series USING (series)"
            run(f"INSERT INTO series {new}")
