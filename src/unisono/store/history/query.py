"""Reading: points, buckets, counts and the latest value, out of sealed files and hot segments together.

Knows the SQL of reading; must not change anything. Each question runs on a cursor of its own, over a held view, and so
waits neither for appends nor for sealing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

from unisono.store.history.bulk import Bulk
from unisono.store.history.engine import Cursor, Engine, quoted, roll_back
from unisono.store.history.manifest import File
from unisono.store.history.plan import LEVELS, plan_buckets
from unisono.store.history.rollup import file_list
from unisono.store.history.rows import Bucket, Point, SeriesRow
from unisono.store.history.view import View, Views

__all__ = ["Reader"]

T = TypeVar("T")
#: By segment, what one transaction sees of its large batches.
_Seen: TypeAlias = Mapping[int, tuple[Bulk, ...]]

FILES_AT_ONCE = 16
"""Raw files that one step of an ordered read opens at most, as far as their times do not overlap: a page of a year of
readings must not open a year of files."""
HOT_ROWS = 1_000_000
"""Hot rows, of all series, that the first step of an ordered read looks through: some 10 ms."""
SEALED_ROWS = 50_000
"""Sealed rows, of the series asked for, that the first step of an ordered read sorts: a page is 10,000 at most."""
MOST_ROWS = 1_000_000
"""Sealed rows that any step sorts: some 60 MB, which there are beside the sealer."""
PAGE_ROWS = 20_000
"""Rows that a stream fetches from the engine at a time."""
CACHED_SERIES = 50_000
"""Series numbers kept in memory (about 10 MB); beyond, all are forgotten and looked up anew."""

_FAR = 1 << 61
"""Microseconds: 73,000 years, beyond any time that is asked for or kept, within what the engine's timestamps hold."""
_PART = "count(*) AS n, count(value) AS m, min(value) AS low, max(value) AS high, sum(value) AS total"
_LATEST = "SELECT {0} AS ts, {1} FROM {2} ORDER BY ts DESC, seq DESC LIMIT 1"
_LAST_COLUMNS = {
    "raw": ("epoch_us(ts)", "seq, value, text", 0),
    "5m": ("last_ts", "last_seq AS seq, last, last_text", LEVELS["5m"]),
    "1h": ("last_ts", "last_seq AS seq, last, last_text", LEVELS["1h"]),
}
"""Per level: the time of its last reading, that reading, and how far it may lie beyond the file's newest row."""


class _Merged:
    """What several parts of the data say of one bucket."""

    __slots__ = ("count", "high", "last", "low", "numbers", "total")

    def __init__(self) -> None:
        self.count = self.numbers = 0
        self.total = 0.0
        self.low: float | None = None
        self.high: float | None = None
        self.last: dict[str, Any] | None = None

    def add(self, n: int, m: int, low: float | None, high: float | None, total: float | None, last: Any) -> None:
        self.count += int(n)
        self.numbers += int(m)
        self.total += total or 0.0
        self.low = low if self.low is None or (low is not None and low < self.low) else self.low
        self.high = high if self.high is None or (high is not None and high > self.high) else self.high
        if self.last is None or (last["ts"], last["seq"]) > (self.last["ts"], self.last["seq"]):
            self.last = last

    def bucket(self, at: int) -> Bucket:
        assert self.last is not None
        value = self.last["value"] if self.last["text"] is None else self.last["text"]
        mean = self.total / self.numbers if self.numbers else None
        return Bucket(at, self.low, mean, self.high, value, self.count)


class _Span(NamedTuple):
    """Rows of some series with ``start <= ts < end``."""

    series: tuple[int, ...]
    start: int
    end: int

    @classmethod
    def within_reach(cls, series: tuple[int, ...], start: int, end: int) -> _Span:
        return cls(series, max(start, -_FAR), min(end, _FAR))

    @property
    def of(self) -> str:
        """The condition on the series; a list of one is planned worse than an equality."""
        numbers = ", ".join(map(str, self.series))
        return f"series = {numbers}" if len(self.series) == 1 else f"series IN ({numbers})"

    def hot(self) -> str:
        """The condition where times are integers."""
        return f"{self.of} AND ts >= {self.start} AND ts < {self.end}"

    def sealed(self) -> str:
        """The condition where times are timestamps, so that the engine skips row groups by their bounds."""
        return f"{self.of} AND ts >= make_timestamp({self.start}) AND ts < make_timestamp({self.end})"


class Reader:
    """Answers questions about one property of a thing over the current view. Safe to use from several threads.

    A property may have several series: a thing that changes its model, or is added again after it was removed, gets
    new ones.
    """

    def __init__(self, engine: Engine, folder: Path, views: Views) -> None:
        self._engine = engine
        self._folder = folder
        self._views = views
        self._known: dict[tuple[str, str], tuple[int, ...]] = {}

    def renew(self, rows: Iterable[SeriesRow]) -> None:
        """These series are new: what was remembered of their properties is not all any more."""
        for row in rows:
            self._known.pop((row.thing, row.property), None)

    def series(self, thing: str, key: str) -> tuple[int, ...]:
        """The numbers of a property's series; none when nothing was ever recorded for it."""
        found = self._known.get((thing, key))
        if found is not None:
            return found
        with self._views.hold() as view, self._engine.faults():
            tables = ["series", *(f"{segment.name}.series" for segment in view.segments)]
            select = "SELECT series FROM {} WHERE thing = $1 AND property = $2"
            rows = self._fetch(" UNION ".join(select.format(table) for table in tables), [thing, key])
        numbers = tuple(sorted(row[0] for row in rows))
        if numbers:
            if len(self._known) >= CACHED_SERIES:
                self._known.clear()
            self._known[thing, key] = numbers
        return numbers

    def all_series(self) -> list[tuple[int, str, str]]:
        """Every (series, thing, property), in order of number."""
        with self._views.hold() as view, self._engine.faults():
            tables = ["series", *(f"{segment.name}.series" for segment in view.segments)]
            union = " UNION ".join(f"SELECT series, thing, property FROM {table}" for table in tables)
            return self._fetch(f"{union} ORDER BY series")

    def points(
        self, series: tuple[int, ...], start: int, end: int, limit: int | None, after: tuple[int, int] | None
    ) -> Iterator[Point]:
        """The readings in order of (ts, seq), as they are asked for; the view is held until the iterator is closed."""
        span = _Span.within_reach(series, start if after is None else max(start, after[0]), end)
        left = limit
        with self._views.hold() as view, self._engine.faults():
            for window in self._windows(view, span):
                for row in self._ordered(view, window, left, after):
                    yield row
                    left = None if left is None else left - 1
                if left is not None and left <= 0:
                    return

    @staticmethod
    def _windows(view: View, span: _Span) -> Iterator[_Span]:
        """Cut the time into stretches that few files touch, at first with few rows: a page is in the first or two."""
        files = view.overlapping("raw", *span)
        begins = sorted({max(file.min_ts, span.start) for file in files})
        sealed = [(file.min_ts, file.max_ts, _share(file, span.series)) for file in files]
        hot = [(segment.min_ts, segment.max_ts, float(segment.rows)) for segment in view.segments]
        cuts = {span.start, *begins[FILES_AT_ONCE::FILES_AT_ONCE], span.end}
        cuts.update(_cuts(sealed, span, SEALED_ROWS, MOST_ROWS))
        cuts.update(_cuts(hot, span, HOT_ROWS))
        for low, high in pairwise(sorted(cuts)):
            yield _Span(span.series, low, high)

    def _ordered(self, view: View, span: _Span, limit: int | None, after: tuple[int, int] | None) -> Iterator[Point]:
        beyond = "" if after is None else f" WHERE (ts, seq) > ({int(after[0])}, {int(after[1])})"
        most = "" if limit is None else f" LIMIT {int(limit)}"
        cursor = self._engine.cursor()
        try:

            def first(seen: _Seen) -> list[Any]:
                source = self._rows(view, span, seen)
                if source is None:
                    return []
                query = f"SELECT ts, seq, value, text FROM ({source}){beyond} ORDER BY ts, seq{most}"
                found: list[Any] = cursor.execute(query).fetchmany(PAGE_ROWS)
                return found

            rows = self._look(cursor, view, first)
            while rows:
                for ts, seq, value, text in rows:
                    yield Point(ts, seq, value if text is None else text)
                rows = cursor.fetchmany(PAGE_ROWS)
        finally:
            cursor.close()

    def _look(self, cursor: Cursor, view: View, question: Callable[[_Seen], T]) -> T:
        """What ``question`` finds in one snapshot of the hot segments; in a later one where memory was short first."""

        def ask() -> T:
            roll_back(cursor)  # what a try that failed has left
            cursor.begin()
            return question({segment.number: segment.seen(cursor) for segment in view.segments})

        return self._engine.insist(ask)

    def _rows(self, view: View, span: _Span, seen: _Seen) -> str | None:
        """SQL of all raw readings of a stretch, unordered; None when nothing can be there."""
        parts = []
        if files := view.overlapping("raw", *span):
            source = f"read_parquet({file_list([self._folder / file.name for file in files])})"
            parts.append(f"SELECT epoch_us(ts) AS ts, seq, value, text FROM {source} WHERE {span.sealed()}")
        parts += self._hot(view, span, seen, "ts, seq, value, text")
        return " UNION ALL ".join(parts) if parts else None

    @staticmethod
    def _hot(view: View, span: _Span, seen: _Seen, columns: str, tail: str = "") -> list[str]:
        return [
            f"SELECT {columns} FROM {source} WHERE {span.hot()}{tail}"
            for segment in view.segments
            if segment.min_ts < span.end and segment.max_ts >= span.start
            for _, source in segment.sources(seen[segment.number], span.start, span.end)
        ]

    def latest(self, series: tuple[int, ...], before: int) -> Point | None:
        """The last reading before a time; out of the rollups when the readings themselves are gone."""
        span = _Span.within_reach(series, -_FAR, before)
        with self._views.hold() as view, self._engine.faults():
            best = self._ask(view, lambda cursor, seen: self._latest_hot(cursor, view, span, seen))
            for level, (time, columns, reach) in _LAST_COLUMNS.items():
                for file in sorted(view.overlapping(level, *span), key=lambda file: file.max_ts, reverse=True):
                    if best is not None and best.ts > file.max_ts + reach:
                        break
                    within = span.sealed() if level == "raw" else f"{span.of} AND last_ts < {span.end}"
                    source = f"read_parquet({quoted(self._folder / file.name)}) WHERE {within}"
                    if level == "raw":  # finding the time first and only its rows then: five times faster than a top 1
                        source += f" AND ts = (SELECT max(ts) FROM {source})"
                    best = _later(best, self._fetch(_LATEST.format(time, columns, source)))
                if best is not None:
                    break
            return best

    @staticmethod
    def _latest_hot(cursor: Cursor, view: View, span: _Span, seen: _Seen) -> Point | None:
        """The last of the hot readings of a stretch: the parts with the latest times first."""
        best: Point | None = None
        parts = [part for segment in view.segments for part in segment.sources(seen[segment.number], -_FAR, span.end)]
        for last, source in sorted(parts, reverse=True):
            if best is not None and best.ts > last:
                break
            query = _LATEST.format("ts", "seq, value, text", f"{source} WHERE {span.hot()}")
            best = _later(best, cursor.execute(query).fetchall())
        return best

    def latest_of_all(self) -> list[tuple[int, Point]]:
        """The last reading of every series, in one pass: out of what is hot, and the rollups of all that is sealed."""
        with self._views.hold() as view, self._engine.faults():
            sealed = []
            if paths := [self._folder / file.name for file in view.files if file.level == "1h"]:
                columns = "series, last_ts AS ts, last_seq AS seq, last AS value, last_text AS text"
                sealed.append(f"SELECT {columns} FROM read_parquet({file_list(paths)})")

            def query(seen: _Seen) -> str:
                hot = [f"SELECT * FROM {segment.source(seen[segment.number])}" for segment in view.segments]
                return (
                    "SELECT series, last.ts, last.seq, last.value, last.text FROM (SELECT series,"
                    " arg_max_null(struct_pack(value, text, ts, seq), (ts, seq)) AS last"
                    f" FROM ({' UNION ALL '.join([*hot, *sealed])}) GROUP BY series)"
                )

            rows = self._ask(view, lambda cursor, seen: list(cursor.execute(query(seen)).fetchall()))
        return [(series, Point(ts, seq, value if text is None else text)) for series, ts, seq, value, text in rows]

    def count(self, series: tuple[int, ...], start: int, end: int) -> int:
        """How many readings are kept of that stretch."""
        with self._views.hold() as view, self._engine.faults():
            span = _Span.within_reach(series, start, end)

            def rows(cursor: Cursor, seen: _Seen) -> int:
                source = self._rows(view, span, seen)
                return int(cursor.execute(f"SELECT count(*) FROM ({source})").fetchall()[0][0]) if source else 0

            return self._ask(view, rows)

    def buckets(self, series: tuple[int, ...], start: int, end: int, points: int) -> list[Bucket]:
        """At most ``points`` buckets from ``start`` to ``end``; empty ones are left out."""
        span = _Span.within_reach(series, start, end)
        with self._views.hold() as view, self._engine.faults():
            plan = plan_buckets(span.start, span.end, points, view.horizons)
            bucket = f"(greatest({{}}, {plan.anchor}) - {plan.anchor}) // {plan.width} AS k"
            parts: list[str] = []
            for piece in plan.pieces:
                parts += self._sealed(view, piece.level, _Span(series, piece.start, piece.end), bucket.format("us"))
            last = "arg_max_null(struct_pack(value, text, ts, seq), (ts, seq)) AS last"
            shown = "SELECT k, n, m, low, high, total, last FROM ({})"

            def hot(cursor: Cursor, seen: _Seen) -> list[Any]:
                parts = self._hot(view, span, seen, f"{bucket.format('ts')}, {_PART}, {last}", " GROUP BY k")
                return [row for part in parts for row in cursor.execute(shown.format(part)).fetchall()]

            rows = self._ask(view, hot)
            # one part after the other: many files in one query took more memory than history is given
            for part in parts:
                rows += self._fetch(shown.format(part))
            found: dict[int, _Merged] = {}
            for k, *piece in rows:
                found.setdefault(k, _Merged()).add(*piece)
        return [found[k].bucket(plan.anchor + k * plan.width) for k in sorted(found)]

    def _sealed(self, view: View, level: str, span: _Span, bucket: str) -> list[str]:
        paths = [self._folder / file.name for file in view.overlapping(level, *span)]
        if not paths:
            return []
        where = f"WHERE {span.sealed()} GROUP BY k"
        if level == "raw":
            # one part a file, in which the row number finds the last of a bucket: half the time of comparing (ts, seq);
            # several series stand one after the other, so that only the comparison tells
            place = "place" if len(span.series) == 1 else "(us, seq)"
            last = f"arg_max_null(struct_pack(value, text, ts := us, seq), {place}) AS last"
            columns = "*, epoch_us(ts) AS us, file_row_number AS place"
            sources = [
                f"(SELECT {columns} FROM read_parquet({quoted(path)}, file_row_number = true))" for path in paths
            ]
            return [f"SELECT {bucket}, {_PART}, {last} FROM {source} {where}" for source in sources]
        packed = "struct_pack(value := last, text := last_text, ts := last_ts, seq := last_seq)"
        sums = "sum(count) AS n, sum(numbers) AS m, min(min) AS low, max(max) AS high, sum(sum) AS total"
        source = f"(SELECT *, epoch_us(ts) AS us FROM read_parquet({file_list(paths)}))"
        last = f"arg_max_null({packed}, (last_ts, last_seq)) AS last"
        return [f"SELECT {bucket}, {sums}, {last} FROM {source} {where}"]

    def _ask(self, view: View, question: Callable[[Cursor, _Seen], T]) -> T:
        """`_look` with a cursor of its own."""
        cursor: Cursor = self._engine.cursor()
        try:
            return self._look(cursor, view, partial(question, cursor))
        finally:
            cursor.close()

    def _fetch(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        cursor: Cursor = self._engine.cursor()
        try:
            return self._engine.read(cursor, query, parameters)
        finally:
            cursor.close()


def _share(file: File, series: Sequence[int]) -> float:
    """About how many rows of ``series`` a file holds: as if all series in it had the same number."""
    asked = sum(file.min_series <= number <= file.max_series for number in series)
    return file.rows * asked / (file.max_series + 1 - file.min_series)


def _cuts(parts: Iterable[tuple[int, int, float]], span: _Span, rows: int, most: int | None = None) -> Iterator[int]:
    """Times between which ``parts`` (first and last time, rows) hold about ``rows``, twice as many, four times as
    many... but never more than ``most``.

    Rows lie in the order of their times, in a segment mostly so, and the engine passes over what lies outside. A page
    is found in the first stretch or two; a series with few rows is not asked for many times.
    """
    found = 0.0
    for first, last, of_part in sorted(parts):
        low, high = max(first, span.start), min(last + 1, span.end)
        if low >= high:
            continue
        left = of_part * (high - low) / (last + 1 - first)
        at = float(low)
        while found + left > rows:
            step = rows - found
            at += (high - at) * step / left
            if span.start < at < span.end:
                yield int(at)
            left -= step
            found = 0.0
            rows = rows * 2 if most is None else min(rows * 2, most)
        found += left


def _later(best: Point | None, rows: Sequence[tuple[int, int, float, str | None]]) -> Point | None:
    if not rows:
        return best
    ts, seq, value, text = rows[0]
    found = Point(ts, seq, value if text is None else text)
    return found if best is None or found[:2] > best[:2] else best
