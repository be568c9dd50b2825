"""Readings for tests, and a history as plain Python would keep it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from unisono.store.history import Bucket, History, Numbers, Point, SeriesRow, TextRow

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_763_812_800_000_000  # 2025-11-22T12:00:00Z
FAR = 1 << 60


class Reading(NamedTuple):
    series: int
    ts: int
    seq: int
    value: float | str


def numbers_of(readings: Iterable[Reading]) -> Numbers | None:
    rows = [row for row in readings if not isinstance(row.value, str)]
    if not rows:
        return None
    series, ts, seq, value = zip(*rows, strict=True)
    return Numbers(
        np.array(series, dtype=np.int32),
        np.array(ts, dtype=np.int64),
        np.array(seq, dtype=np.int64),
        np.array(value, dtype=np.float64),
    )


def texts_of(readings: Iterable[Reading]) -> list[TextRow]:
    return [TextRow(row.series, row.ts, row.seq, row.value) for row in readings if isinstance(row.value, str)]


def series_rows(numbers: Iterable[int]) -> list[SeriesRow]:
    return [SeriesRow(number, f"thing{number // 4}", f"p{number % 4}") for number in numbers]


def key_of(series: int) -> tuple[str, str]:
    return f"thing{series // 4}", f"p{series % 4}"


def batch(seq: int, *, rows: int = 100, series: int = 4, start: int = NOON, step: int = MINUTE) -> list[Reading]:
    """The readings that batch ``seq`` always has: ``rows`` of each series, every fiftieth a text in the last series."""
    return [
        Reading(
            number,
            start + (seq * rows + row) * step,
            (seq << 24) + row * series + number,
            f"text {row}" if number == series - 1 and row % 50 == 0 else float(seq * rows + row),
        )
        for row in range(rows)
        for number in range(series)
    ]


def put(
    history: History, seq: int, readings: Sequence[Reading], known: Iterable[int] = (), log_id: str = "log"
) -> None:
    history.append(log_id, seq, numbers_of(readings), texts_of(readings), series_rows(known))


def expected_points(readings: Iterable[Reading], series: int, start: int, end: int) -> list[Point]:
    rows = (row for row in readings if row.series == series and start <= row.ts < end)
    return sorted(Point(row.ts, row.seq, row.value) for row in rows)


def expected_buckets(points: Sequence[Point], anchor: int, width: int) -> list[Bucket]:
    groups: dict[int, list[Point]] = {}
    for point in points:
        groups.setdefault((point.ts - anchor) // width, []).append(point)
    found = []
    for k, members in sorted(groups.items()):
        values = [point.value for point in members if not isinstance(point.value, str)]
        low, high = (min(values), max(values)) if values else (None, None)
        mean = sum(values) / len(values) if values else None
        found.append(Bucket(anchor + k * width, low, mean, high, members[-1].value, len(members)))
    return found
