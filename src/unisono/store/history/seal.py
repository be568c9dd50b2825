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
from unisono.store.history.plan import DAY_US
from unisono.store.history.segment import Segment

__all__ = ["Writer", "day_name", "describe"]

SLICE_ROWS = 4_000_000
"""Rows sorted at once: about 200 MB where they spill. Files of fewer series each also mean less to read for one."""
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
                paths = [self._folder / file.name for file in raw]
                fine = self.write(cursor, rollup.of_raw(paths, "5m"), "5m", part.period, segment=segment)
                hour = rollup.of_rollup([self._folder / fine.name], "1h")
                files += [*raw, fine, self.write(cursor, hour, "1h", part.period, segment=segment)]
        return files

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
        # the names come by position out of a list, not by a join: a join may not keep the order of the rows
        names = (
            "(SELECT list(thing ORDER BY n) AS things, list(property ORDER BY n) AS properties"
            f" FROM (SELECT range AS n FROM range({low}, {high} + 1)) LEFT JOIN {known} ON series = n)"
        )
        rows = f"(SELECT * FROM {segment.name}.hot WHERE {within} AND {part.where} ORDER BY series, ts, seq)"
        select = (
            f"SELECT series, things[series - {low} + 1] AS thing, properties[series - {low} + 1] AS property,"
            f" make_timestamp(ts) AS ts, seq, value, text FROM {rows}, {names}"
        )
        room = min(segment.rows, 2 * SLICE_ROWS) * ROW_BYTES
        return self.write(cursor, select, "raw", part.period, segment=segment, room=room)

    def _parts(self, cursor: Cursor, segment: Segment) -> Iterator[_Part]:
        day = rollup.floor_sql("ts", DAY_US)
        first, last = segment.min_ts // DAY_US * DAY_US, segment.max_ts // DAY_US * DAY_US
        if first == last:
            yield _Part(first, "true")
            return
        counts = cursor.execute(
            f"SELECT {day} AS day, count(*) FROM {segment.name}.hot GROUP BY day ORDER BY 2 DESC, 1 DESC"
        )
        days = [row[0] for row in counts.fetchall()]
        for start in sorted(days[:MAX_DAYS]):
            yield _Part(start, f"ts >= {start} AND ts < {start + DAY_US}")
        if rest := days[MAX_DAYS:]:
            yield _Part(max(rest), f"{day} NOT IN ({', '.join(map(str, days[:MAX_DAYS]))})")

    def _slices(self, cursor: Cursor, segment: Segment, part: _Part) -> list[tuple[int, int]]:
        """Ranges of series that hold about `SLICE_ROWS` rows each."""
        counts = f"SELECT series, count(*) AS n FROM {segment.name}.hot WHERE {part.where} GROUP BY series"
        slices = f"SELECT series, (sum(n) OVER (ORDER BY series) - n) // {SLICE_ROWS} AS slice FROM ({counts})"
        query = f"SELECT min(series), max(series) FROM ({slices}) GROUP BY slice ORDER BY 1"
        return [(low, high) for low, high in cursor.execute(query).fetchall()]
