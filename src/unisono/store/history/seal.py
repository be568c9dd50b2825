"""Sealing: a frozen hot segment becomes immutable Parquet files with their rollups.

Knows the layout of sealed files; must not know when to seal. Each file is written under a temporary name, synced,
renamed and its folder synced; nothing counts before the caller commits the returned list to the manifest. ``step`` is
told each stage by name, so that tests can end the process there.

A sealed file can be read alone by anybody's tools: series, thing, property, ts (TIMESTAMP, UTC), seq, value, text,
sorted by (series, ts, seq). The names cost a quarter of the sealing time and half a per cent of its size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from unisono.store.history import rollup
from unisono.store.history.disk import require_room, sync_file, sync_folder
from unisono.store.history.engine import Cursor, Engine, quoted
from unisono.store.history.manifest import File
from unisono.store.history.plan import DAY_US, LEVELS
from unisono.store.history.segment import Segment

__all__ = ["Writer", "day_name", "describe"]

SLICE_ROWS = 1_000_000
"""Rows sorted at once, in some 60 MB: more would take all that history is given, spill, and leave readers nothing (with
four million, reading and sealing refused one another beside a backlog). Files of fewer series also mean less to read
for one."""
LISTED_SERIES = 4096
"""Up to so many series, names come out of a list, which saves a third of the sealing time; every 2,048 rows cost a pass
over the list, so that it takes ten times as long with 300,000."""
GROUPS = 200_000
"""Rollup rows made at once: some 250 bytes each while they are being added up; a million ran out of 128 MB."""
MAX_DAYS = 31
"""Days that get files of their own out of one segment; the thinner ones share one, so that a broken clock in a device
cannot make a file for every day since 1970."""
ROW_BYTES = 50
"""Room that sorting and writing one row may take, generously."""
_PARQUET = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE 122880"


class _Part(NamedTuple):
    """Rows that belong together: of a day, or of all days that have no files of their own."""

    period: int
    where: str


def day_name(ts: int) -> str:
    """The UTC date of a time, for file names; dates a calendar cannot hold get the nearest one it can."""
    days = min(max(ts // DAY_US, (date.min - date(1970, 1, 1)).days), (date.max - date(1970, 1, 1)).days)
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def describe(cursor: Cursor, folder: Path, name: str, *, level: str, period: int, number: int, segment: int) -> File:
    """What the manifest keeps of a file: its bounds are read from the file itself."""
    path = folder / name
    query = "SELECT count(*), min(epoch_us(ts)), max(epoch_us(ts)), min(series), max(series)"
    bounds: tuple[int, int, int, int, int]
    bounds = cursor.execute(f"{query} FROM read_parquet({quoted(path)})").fetchone()
    return File(name, level, period, number, segment, *bounds, path.stat().st_size)


def _ranges(cursor: Cursor, source: str, most: int, size: int) -> list[tuple[int, int]]:
    """Ranges of series that have about ``size`` rows of ``source``, each series counting ``most`` at most."""
    counts = f"SELECT series, least(count(*), {most}) AS n FROM {source} GROUP BY series"
    slices = f"SELECT series, (sum(n) OVER (ORDER BY series) - n) // {size} AS slice FROM ({counts})"
    query = f"SELECT min(series), max(series) FROM ({slices}) GROUP BY slice ORDER BY 1"
    return [(low, high) for low, high in cursor.execute(query).fetchall()]


def _named_by_list(rows: str, known: str, low: int, high: int) -> str:
    """Sort, then look the names up by place in a list: what is sorted stays small, and its order is kept."""
    names = (
        "(SELECT list(thing ORDER BY n) AS things, list(property ORDER BY n) AS properties"
        f" FROM (SELECT range AS n FROM range({low}, {high} + 1)) LEFT JOIN {known} ON series = n)"
    )
    return (
        f"SELECT series, things[series - {low} + 1] AS thing, properties[series - {low} + 1] AS property,"
        f" make_timestamp(ts) AS ts, seq, value, text FROM (FROM {rows} ORDER BY series, ts, seq), {names}"
    )


def _named_by_join(rows: str, known: str, low: int, high: int) -> str:
    """Join the names, then sort all of it: a join after sorting was seen to change the order of the rows."""
    return (
        "SELECT series, thing, property, make_timestamp(us) AS ts, seq, value, text"
        f" FROM (SELECT series, ts AS us, seq, value, text FROM {rows}) LEFT JOIN {known} USING (series)"
        " ORDER BY series, us, seq"
    )


class Writer:
    """Writes sealed files and numbers them; used by one thread at a time."""

    def __init__(
        self, engine: Engine, folder: Path, reserve: int, next_number: int, step: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._reserve = reserve
        self._number = next_number
        self._step = step

    def seal(self, cursor: Cursor, segment: Segment) -> list[File]:
        """Write all files of a frozen segment. Raises `HostError` disk_full before it starts when room is short."""
        files: list[File] = []
        with self._engine.faults(segment.path):
            for part in self._parts(cursor, segment):
                raw = [
                    self._seal_slice(cursor, segment, part, low, high)
                    for low, high in self._slices(cursor, segment, part)
                ]
                fine = self._roll_up(cursor, raw, "5m", part.period, segment=segment)
                files += [*raw, fine, self._roll_up(cursor, [fine], "1h", part.period, segment=segment)]
        return files

    def merge(self, cursor: Cursor, files: Sequence[File], period: int) -> File:
        """Write one rollup file in place of several of its level."""
        return self._roll_up(cursor, files, files[0].level, period, replaces=files)

    def _roll_up(
        self,
        cursor: Cursor,
        sources: Sequence[File],
        level: str,
        period: int,
        *,
        segment: Segment | None = None,
        replaces: Sequence[File] = (),
    ) -> File:
        """Roll up some series after the other, because what is grouped must fit into the engine's memory."""
        paths = [self._folder / file.name for file in sources]
        select = rollup.of_raw if sources[0].level == "raw" else rollup.of_rollup
        if sum(file.rows for file in sources) <= GROUPS:
            whole = select(paths, level, "true")
            return self.write(cursor, whole, level, period, segment=segment, replaces=replaces)
        span = max(file.max_ts for file in sources) - min(file.min_ts for file in sources)
        most = span // LEVELS[level] + 2
        cursor.execute("DROP TABLE IF EXISTS part")
        begin = "CREATE TEMP TABLE part AS"  # spills, and keeps the order of its rows
        for low, high in _ranges(cursor, f"read_parquet({rollup.file_list(paths)})", most, GROUPS):
            with self._engine.heavy():
                cursor.execute(f"{begin} {select(paths, level, f'series BETWEEN {low} AND {high}')}")
            begin = "INSERT INTO part"
        try:
            return self.write(cursor, "SELECT * FROM part", level, period, segment=segment, replaces=replaces)
        finally:
            cursor.execute("DROP TABLE part")

    def write(
        self,
        cursor: Cursor,
        select: str,
        level: str,
        period: int,
        *,
        segment: Segment | None = None,
        replaces: Sequence[File] = (),
        room: int = 0,
    ) -> File:
        """Write the rows of ``select`` as one durable file under its final name; the manifest does not know it yet."""
        require_room(self._folder, self._reserve, room)
        self._number += 1
        number = self._number
        stem = f"{day_name(period)}-{number}.parquet"
        name = f"sealed/{stem}" if level == "raw" else f"rollup/{level}-{stem}"
        facts = {"number": segment.number, "log_id": segment.log_id, "seq": segment.seq} if segment else {}
        about = {"level": level, "period": period, "segment": facts, "replaces": [file.name for file in replaces]}
        meta = json.dumps(about).replace("'", "''")
        new, final = self._folder / "tmp" / f"{number}.parquet", self._folder / name
        with self._engine.heavy():
            cursor.execute(f"COPY ({select}) TO {quoted(new)} ({_PARQUET}, KV_METADATA {{unisono: '{meta}'}})")
        self._step(f"{level}:copied")
        sync_file(new)
        self._step(f"{level}:synced")
        new.rename(final)
        sync_folder(final.parent)
        self._step(f"{level}:renamed")
        made_of = segment.number if segment else 0
        return describe(cursor, self._folder, name, level=level, period=period, number=number, segment=made_of)

    def _seal_slice(self, cursor: Cursor, segment: Segment, part: _Part, low: int, high: int) -> File:
        within = f"series BETWEEN {low} AND {high}"
        known = f"(SELECT * FROM series WHERE {within} UNION SELECT * FROM {segment.name}.series WHERE {within})"
        rows = f"{segment.frozen()} WHERE {within} AND {part.where}"
        select = (_named_by_list if high - low < LISTED_SERIES else _named_by_join)(rows, known, low, high)
        room = min(segment.rows, 2 * SLICE_ROWS) * ROW_BYTES
        return self.write(cursor, select, "raw", part.period, segment=segment, room=room)

    def _parts(self, cursor: Cursor, segment: Segment) -> Iterator[_Part]:
        day = rollup.floor_sql("ts", DAY_US)
        first, last = segment.min_ts // DAY_US * DAY_US, segment.max_ts // DAY_US * DAY_US
        if first == last:
            yield _Part(first, "true")
            return
        counts = cursor.execute(
            f"SELECT {day} AS day, count(*) FROM {segment.frozen()} GROUP BY day ORDER BY 2 DESC, 1 DESC"
        )
        days = [row[0] for row in counts.fetchall()]
        for start in sorted(days[:MAX_DAYS]):
            yield _Part(start, f"ts >= {start} AND ts < {start + DAY_US}")
        if rest := days[MAX_DAYS:]:
            yield _Part(max(rest), f"{day} NOT IN ({', '.join(map(str, days[:MAX_DAYS]))})")

    @staticmethod
    def _slices(cursor: Cursor, segment: Segment, part: _Part) -> list[tuple[int, int]]:
        """Ranges of series that hold about `SLICE_ROWS` rows each."""
        return _ranges(cursor, f"{segment.frozen()} WHERE {part.where}", segment.rows, SLICE_ROWS)
