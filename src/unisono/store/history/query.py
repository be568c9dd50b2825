"""Reading: points, buckets, counts and the latest value, out of sealed files and hot segments together.

Knows the SQL of reading; must not change anything. Each question runs on a cursor of its own, over a held view, and so
waits neither for appends nor for sealing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from unisono.store.history.engine import Cursor, Engine
from unisono.store.history.plan import Piece, plan_buckets
from unisono.store.history.rollup import file_list
from unisono.store.history.rows import Bucket, Point
from unisono.store.history.view import View, Views

__all__ = ["Reader"]

FILES_AT_ONCE = 16
"""Raw files that one step of an ordered read opens at most, as far as their times do not overlap: a page of a year of
readings must not open a year of files."""
PAGE_ROWS = 20_000
"""Rows that a stream fetches from the engine at a time."""
CACHED_SERIES = 50_000
"""Series numbers kept in memory (about 10 MB); beyond, all are forgotten and looked up anew."""

_LATEST = "SELECT max(ts), arg_max(seq, (ts, seq)), arg_max_null(value, (ts, seq)), arg_max_null(text, (ts, seq))"
_PART = "count(*) AS n, count(value) AS m, min(value) AS low, max(value) AS high, sum(value) AS total"


class Reader:
    """Answers questions about one series over the current view. Safe to use from several threads."""

    def __init__(self, engine: Engine, folder: Path, views: Views) -> None:
        self._engine = engine
        self._folder = folder
        self._views = views
        self._known: dict[tuple[str, str], int] = {}

    def series(self, thing: str, key: str) -> int | None:
        """The number of a series, None when nothing was ever recorded for it."""
        found = self._known.get((thing, key))
        if found is not None:
            return found
        with self._views.hold() as view, self._engine.faults():
            tables = ["series", *(f"{segment.name}.series" for segment in view.segments)]
            query = " UNION ALL ".join(
                f"SELECT series FROM {table} WHERE thing = $1 AND property = $2" for table in tables
            )
            row = self._fetch(query, [thing, key])
        if not row:
            return None
        if len(self._known) >= CACHED_SERIES:
            self._known.clear()
        self._known[thing, key] = row[0][0]
        return self._known[thing, key]

    def all_series(self) -> list[tuple[int, str, str]]:
        """Every (series, thing, property), in order of number."""
        with self._views.hold() as view, self._engine.faults():
            tables = ["series", *(f"{segment.name}.series" for segment in view.segments)]
            union = " UNION ".join(f"SELECT series, thing, property FROM {table}" for table in tables)
            return self._fetch(f"{union} ORDER BY series", [])

    def points(
        self, series: int, start: int, end: int, limit: int | None, after: tuple[int, int] | None
    ) -> Iterator[Point]:
        """The readings in order of (ts, seq), as they are asked for."""
        if after is not None:
            start = max(start, after[0])
        with self._views.hold() as view, self._engine.faults():
            for low, high in self._windows(view, series, start, end):
                for row in self._ordered(view, series, low, high, limit, after):
                    yield row
                    if limit is not None:
                        limit -= 1
                if limit is not None and limit <= 0:
                    return

    def _windows(self, view: View, series: int, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut the time into stretches that few files touch."""
        begins = sorted({max(file.min_ts, start) for file in view.overlapping("raw", series, start, end)})
        cuts = [start, *begins[FILES_AT_ONCE::FILES_AT_ONCE], end]
        for low, high in pairwise(cuts):
            if low < high:
                yield low, high

    def _ordered(
        self, view: View, series: int, start: int, end: int, limit: int | None, after: tuple[int, int] | None
    ) -> Iterator[Point]:
        source = self._rows(view, series, start, end)
        if source is None:
            return
        beyond = "" if after is None else f" WHERE (ts, seq) > ({int(after[0])}, {int(after[1])})"
        most = "" if limit is None else f" LIMIT {int(limit)}"
        cursor = self._engine.cursor()
        try:
            cursor.execute(f"SELECT ts, seq, value, text FROM ({source}){beyond} ORDER BY ts, seq{most}")
            while rows := cursor.fetchmany(PAGE_ROWS):
                for ts, seq, value, text in rows:
                    yield Point(ts, seq, value if text is None else text)
        finally:
            cursor.close()

    def _rows(self, view: View, series: int, start: int, end: int) -> str | None:
        """SQL of all raw readings of a stretch, unordered; None when nothing can be there."""
        parts = []
        if files := view.overlapping("raw", series, start, end):
            paths = file_list([self._folder / file.name for file in files])
            parts.append(
                f"SELECT epoch_us(ts) AS ts, seq, value, text FROM read_parquet({paths})"
                f" WHERE series = {series} AND ts >= make_timestamp({start}) AND ts < make_timestamp({end})"
            )
        parts += self._hot(view, series, start, end, "ts, seq, value, text", "")
        return " UNION ALL ".join(parts) if parts else None

    @staticmethod
    def _hot(view: View, series: int, start: int, end: int, columns: str, tail: str) -> list[str]:
        parts = []
        for segment in view.segments:
            if segment.min_ts < end and segment.max_ts >= start:
                within = f" AND ts >= {start}" if segment.min_ts < start else ""
                within += f" AND ts < {end}" if segment.max_ts >= end else ""
                parts.append(f"SELECT {columns} FROM {segment.name}.hot WHERE series = {series}{within}{tail}")
        return parts

    def latest(self, series: int, before: int) -> Point | None:
        """The last reading before a time; out of the rollups when the readings themselves are gone."""
        with self._views.hold() as view, self._engine.faults():
            best: Point | None = None
            for source in self._hot(view, series, -_FAR, before, "ts, seq, value, text", ""):
                best = _later(best, self._fetch(f"{_LATEST} FROM ({source})", []))
            for level, ts, seq, value, text in _LAST_COLUMNS:
                files = sorted(
                    view.overlapping(level, series, -_FAR, before), key=lambda file: file.max_ts, reverse=True
                )
                for file in files:
                    if best is not None and best.ts > file.max_ts + (0 if level == "raw" else 3_600_000_000):
                        break
                    paths = file_list([self._folder / file.name])
                    source = (
                        f"SELECT {ts} AS ts, {seq} AS seq, {value} AS value, {text} AS text FROM read_parquet({paths})"
                        f" WHERE series = {series} AND {ts} < {before}"
                    )
                    best = _later(best, self._fetch(f"{_LATEST} FROM ({source})", []))
                if best is not None:
                    break
            return best

    def count(self, series: int, start: int, end: int) -> int:
        """How many readings are kept of that stretch."""
        with self._views.hold() as view, self._engine.faults():
            source = self._rows(view, series, start, end)
            return int(self._fetch(f"SELECT count(*) FROM ({source})", [])[0][0]) if source else 0

    def buckets(self, series: int, start: int, end: int, points: int) -> list[Bucket]:
        """At most ``points`` buckets from ``start`` to ``end``; empty ones are left out."""
        with self._views.hold() as view, self._engine.faults():
            plan = plan_buckets(start, end, points, view.horizons)
            bucket = f"(greatest(us, {plan.anchor}) - {plan.anchor}) // {plan.width}"
            parts: list[str] = []
            for piece in plan.pieces:
                parts += self._sealed_part(view, series, piece, bucket)
            last = "arg_max_null(struct_pack(value, text, ts, seq), (ts, seq))"
            hot = f"{bucket.replace('us', 'ts')} AS k, {_PART}, {last} AS last"
            parts += self._hot(view, series, start, end, hot, " GROUP BY k")
            if not parts:
                return []
            rows = self._fetch(
                "SELECT k, min(low), sum(total) / sum(m), max(high), arg_max_null(last, (last.ts, last.seq)), sum(n)"
                f" FROM ({' UNION ALL '.join(parts)}) GROUP BY k ORDER BY k",
                [],
            )
        return [
            Bucket(
                plan.anchor + k * plan.width,
                low,
                mean,
                high,
                last["value"] if last["text"] is None else last["text"],
                int(count),
            )
            for k, low, mean, high, last, count in rows
        ]

    def _sealed_part(self, view: View, series: int, piece: Piece, bucket: str) -> list[str]:
        files = view.overlapping(piece.level, series, piece.start, piece.end)
        if not files:
            return []
        paths = file_list([self._folder / file.name for file in files])
        within = f"series = {series} AND ts >= make_timestamp({piece.start}) AND ts < make_timestamp({piece.end})"
        if piece.level == "raw":
            last = _packed("arg_max_null(value, place)", "arg_max_null(text, place)", "max(us)", "arg_max(seq, place)")
            source = (
                "SELECT *, epoch_us(ts) AS us, file_row_number AS place"
                f" FROM read_parquet({paths}, file_row_number = true, filename = true)"
            )
            return [
                f"SELECT {bucket} AS k, {_PART}, {last} AS last FROM ({source}) WHERE {within} GROUP BY k, filename"
            ]
        order = "(last_ts, last_seq)"
        last = _packed(
            f"arg_max_null(last, {order})",
            f"arg_max_null(last_text, {order})",
            "max(last_ts)",
            f"arg_max(last_seq, {order})",
        )
        sums = "sum(count) AS n, sum(numbers) AS m, min(min) AS low, max(max) AS high, sum(sum) AS total"
        source = f"SELECT *, epoch_us(ts) AS us FROM read_parquet({paths})"
        return [f"SELECT {bucket} AS k, {sums}, {last} AS last FROM ({source}) WHERE {within} GROUP BY k"]

    def _fetch(self, query: str, parameters: Sequence[object]) -> list[Any]:
        cursor: Cursor = self._engine.cursor()
        try:
            rows: list[Any] = cursor.execute(query, parameters).fetchall()
            return rows
        finally:
            cursor.close()


_FAR = 1 << 61
_LAST_COLUMNS = (
    ("raw", "epoch_us(ts)", "seq", "value", "text"),
    ("5m", "last_ts", "last_seq", "last", "last_text"),
    ("1h", "last_ts", "last_seq", "last", "last_text"),
)


def _packed(value: str, text: str, ts: str, seq: str) -> str:
    return f"struct_pack(value := {value}, text := {text}, ts := {ts}, seq := {seq})"


def _later(best: Point | None, rows: Sequence[tuple[object, ...]]) -> Point | None:
    ts, seq, value, text = rows[0]
    if ts is None:
        return best
    found = Point(ts, seq, value if text is None else text)  # type: ignore[arg-type]  # columns of the query above
    return found if best is None or found[:2] > best[:2] else best
