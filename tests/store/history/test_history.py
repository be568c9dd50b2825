from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.store.history.readings import (
    DAY,
    FAR,
    HOUR,
    MINUTE,
    NOON,
    Reading,
    batch,
    expected_buckets,
    expected_points,
    key_of,
    numbers_of,
    put,
)
from unisono.errors import CallerError
from unisono.store.history import History, Numbers, Point, SeriesRow, query


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "0")
    yield opened
    opened.close()


def everything(history: History, series: int = 0) -> list[Point]:
    return history.points(*key_of(series), -FAR, FAR, limit=10**6)


def test_importing_loads_no_engine() -> None:
    code = "import sys, unisono.store.history; print({'duckdb', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_new_history_stands_nowhere_and_knows_nothing(history: History) -> None:
    assert history.position() == ("", 0)
    assert history.series() == []
    assert history.points("lamp", "on_off", 0, FAR) == []
    assert history.buckets("lamp", "on_off", 0, FAR, 10) == []
    assert history.count("lamp", "on_off", 0, FAR) == 0
    assert history.latest("lamp", "on_off", FAR) is None
    assert list(history.stream("lamp", "on_off", 0, FAR)) == []
    history.seal()
    history.maintain(NOON)


def test_a_known_series_without_readings_has_no_buckets(history: History) -> None:
    put(history, 1, [], known=[0])
    assert history.buckets(*key_of(0), 0, FAR, 10) == []
    assert history.count(*key_of(0), 0, FAR) == 0
    assert everything(history) == []
    assert history.latest(*key_of(0), FAR) is None


def test_what_was_appended_is_read_the_same_hot_sealed_and_reopened(tmp_path: Path) -> None:
    history = History(tmp_path)
    readings = batch(1) + batch(2)
    put(history, 1, readings[:400], known=range(4))
    put(history, 2, readings[400:])

    def check() -> None:
        assert history.position() == ("log", 2)
        assert history.series() == [(number, *key_of(number)) for number in range(4)]
        for series in range(4):
            points = expected_points(readings, series, -FAR, FAR)
            assert everything(history, series) == points
            start, end = NOON + 103 * MINUTE + 7, NOON + 290 * MINUTE
            shown = history.buckets(*key_of(series), start, end, 4)
            assert shown == expected_buckets(
                expected_points(readings, series, start, end), NOON + 100 * MINUTE, 50 * MINUTE
            )
            assert history.count(*key_of(series), start, end) == sum(bucket.count for bucket in shown)
            assert history.latest(*key_of(series), NOON + 150 * MINUTE) == points[49]

    check()
    history.seal()
    check()
    history.close()
    history = History(tmp_path)
    check()
    history.close()


def test_pages_follow_each_other_without_gap_or_double(history: History) -> None:
    readings = [Reading(0, NOON + (n // 3) * MINUTE, n, float(n)) for n in range(100)]
    put(history, 1, readings[:50], known=[0])
    history.seal()
    put(history, 2, readings[50:])
    found: list[Point] = []
    while page := history.points(*key_of(0), 0, FAR, limit=7, after=found[-1][:2] if found else None):
        assert len(page) <= 7
        found += page
    assert found == expected_points(readings, 0, 0, FAR)


@pytest.mark.parametrize(("rows", "first", "sealed"), [("HOT_ROWS", 100, False), ("SEALED_ROWS", 25, True)])
def test_a_page_looks_first_where_it_begins(
    history: History, monkeypatch: pytest.MonkeyPatch, rows: str, first: int, sealed: bool
) -> None:
    """Out of millions of rows a page must not read all. Hot: stretches of 100, 200, 400... of the 4,000 of four series;
    sealed, where one series is found without the others: of 25, 50, 100... of its 1,000."""
    monkeypatch.setattr(query, rows, first)
    readings = [row for seq in range(1, 11) for row in batch(seq)]
    for seq in range(1, 11):
        put(history, seq, batch(seq), known=range(4) if seq == 1 else ())
        if sealed:
            history.seal()
    asked: list[object] = []
    read = query.Reader._ordered

    def counted(self: query.Reader, view: Any, span: Any, *rest: Any) -> Iterator[Point]:
        asked.append(span)
        return read(self, view, span, *rest)

    monkeypatch.setattr(query.Reader, "_ordered", counted)
    page = history.points(*key_of(0), -FAR, FAR, limit=20)
    assert page == expected_points(readings, 0, -FAR, FAR)[:20]
    assert len(asked) == 1
    asked.clear()
    assert history.points(*key_of(0), -FAR, FAR, limit=10_000) == expected_points(readings, 0, -FAR, FAR)
    assert 5 <= len(asked) <= 7


def test_many_sealed_files_are_read_in_order_a_few_at_a_time(history: History) -> None:
    readings = [Reading(0, NOON + n * DAY, n, float(n)) for n in range(60)]
    put(history, 1, readings, known=[0])
    history.seal()
    assert everything(history) == expected_points(readings, 0, 0, FAR)
    assert history.points(*key_of(0), NOON + 20 * DAY, FAR, limit=25)[-1].ts == NOON + 44 * DAY
    assert [point.seq for point in history.stream(*key_of(0), 0, FAR)] == list(range(60))


def test_days_that_get_no_file_of_their_own_share_one(history: History, tmp_path: Path) -> None:
    readings = [Reading(0, (n - 20) * DAY, n, float(n)) for n in range(60)]
    put(history, 1, readings, known=[0])
    history.seal()
    assert len(list((tmp_path / "0" / "sealed").iterdir())) == 32
    assert everything(history) == expected_points(readings, 0, -FAR, FAR)
    points = expected_points(readings, 0, -FAR, FAR)
    start, end = -20 * DAY, 40 * DAY
    assert history.buckets(*key_of(0), start, end, 6) == expected_buckets(points, start, 10 * DAY)


def test_csv_streams_all_lines(history: History) -> None:
    readings = [Reading(0, NOON + n, n, float(n)) for n in range(12_000)]
    readings.append(Reading(0, NOON + 12_000, 12_000, 'say "hi", twice'))
    readings.append(Reading(0, FAR // 2, 12_001, "beyond the calendar"))
    put(history, 1, readings, known=[0])
    pages = list(history.csv(*key_of(0), 0, FAR))
    lines = b"".join(pages).decode().splitlines()
    assert len(pages) == 3
    assert lines[:2] == ["at,value", "2025-11-22T12:00:00.000000Z,0.0"]
    assert lines[-2] == '2025-11-22T12:00:00.012000Z,"say ""hi"", twice"'
    assert lines[-1] == f"{FAR // 2},beyond the calendar"
    assert len(lines) == 12_003


def test_a_sealed_file_can_be_read_alone_by_other_tools(history: History, tmp_path: Path) -> None:
    put(history, 1, batch(0, rows=10), known=range(4))
    history.seal()
    (file,) = (tmp_path / "0" / "sealed").iterdir()
    assert file.name == "2025-11-22-1.parquet"
    with duckdb.connect() as other:
        rows = other.execute(f"SELECT thing, property, ts::VARCHAR, value, text FROM '{file}'").fetchall()
        kept = other.execute(f"SELECT series, ts, seq FROM '{file}'").fetchall()
    assert rows[1] == ("thing0", "p0", "2025-11-22 12:01:00", 1.0, None)
    assert rows[30] == ("thing0", "p3", "2025-11-22 12:00:00", None, "text 0")
    assert kept == sorted(kept)


def test_rows_of_very_many_series_are_sealed_in_order_with_their_names(history: History, tmp_path: Path) -> None:
    count = 250_000
    series = np.arange(count, dtype=np.int32)[::-1].copy()
    readings = Numbers(series, NOON + series.astype(np.int64) % 7, series.astype(np.int64), series / 1)
    history.append("log", 1, readings, (), [SeriesRow(n, f"thing{n}", "p") for n in range(count)])
    history.seal()
    with duckdb.connect() as other:
        (file,) = (tmp_path / "0" / "sealed").iterdir()
        rows = other.execute(f"SELECT series, thing FROM '{file}'").fetchall()
        rolled = [path for path in (tmp_path / "0" / "rollup").iterdir() if path.name.startswith("1h")]
        hours = other.execute(f"SELECT series, thing, last, last_seq FROM '{rolled[0]}'").fetchall()
    assert rows == [(n, f"thing{n}") for n in range(count)]
    assert hours == [(n, f"thing{n}", float(n), n) for n in range(count)]


def test_sealing_in_slices_of_series_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unisono.store.history.seal.SLICE_ROWS", 150)
    monkeypatch.setattr("unisono.store.history.seal.GROUPS", 30)
    history = History(tmp_path)
    readings = batch(0, rows=100, series=8)
    put(history, 1, readings, known=range(8))
    history.seal()
    assert len(list((tmp_path / "sealed").iterdir())) > 3
    for series in range(8):
        assert everything(history, series) == expected_points(readings, series, 0, FAR)
        shown = history.buckets(*key_of(series), NOON, NOON + 2 * HOUR, 2)
        assert shown == expected_buckets(expected_points(readings, series, 0, FAR), NOON, HOUR)
    history.close()


def test_a_finished_day_and_a_full_segment_are_sealed_in_the_background(tmp_path: Path) -> None:
    history = History(tmp_path, seal_bytes=4 << 20)
    put(history, 1, batch(0), known=range(4))
    history.maintain(NOON)
    history._wait()
    assert not list((tmp_path / "sealed").iterdir())
    history.maintain(NOON + DAY)
    history._wait()
    assert len(list((tmp_path / "sealed").iterdir())) == 1
    random = np.random.default_rng(1)
    rows = 400_000
    numbers = Numbers(
        np.zeros(rows, np.int32),
        NOON + random.integers(0, HOUR, rows),
        np.arange(rows, dtype=np.int64),
        random.random(rows),
    )
    history.append("log", 2, numbers, (), ())
    history.maintain(NOON + DAY)
    history._wait()
    assert len(list((tmp_path / "sealed").iterdir())) == 2
    assert history.count(*key_of(0), 0, FAR) == rows + 100
    history.close()
    assert not list(tmp_path.glob("hot-000001*"))


def test_appends_go_on_while_a_segment_is_sealed(tmp_path: Path) -> None:
    seen: list[int] = []
    opened: list[History] = []

    def step(name: str) -> None:
        if name == "raw:copied":
            put(opened[0], 2, batch(2))  # on the writer's connection, while the sealer is in the middle of its work
            seen.append(opened[0].count(*key_of(0), 0, FAR))

    opened.append(History(tmp_path, on_step=step))
    put(opened[0], 1, batch(1), known=range(4))
    opened[0].seal()
    assert seen == [200]
    assert opened[0].count(*key_of(0), 0, FAR) == 200
    opened[0].close()


def test_a_reader_in_the_middle_keeps_what_it_reads(tmp_path: Path) -> None:
    history = History(tmp_path)
    readings = [Reading(0, NOON + n, n, float(n)) for n in range(50_000)]
    put(history, 1, readings, known=[0])
    stream = history.stream(*key_of(0), 0, FAR)
    first = next(stream)
    history.seal()
    assert (tmp_path / "hot-000001.duckdb").exists()
    assert [first, *stream] == expected_points(readings, 0, 0, FAR)
    assert not (tmp_path / "hot-000001.duckdb").exists()
    assert everything(history)[-1].seq == 49_999
    history.close()


def test_rollups_outlive_readings_and_files_are_dropped_whole(tmp_path: Path) -> None:
    history = History(tmp_path, retention_days=10, rollup_retention_days=100, hour_retention_days=1000)
    readings = [Reading(0, NOON + n * MINUTE, n, float(n)) for n in range(600)]
    put(history, 1, readings, known=[0])
    history.seal()
    late = Reading(0, NOON + 30 * DAY, 600, 7.0)
    put(history, 2, [late])
    history.maintain(NOON + 30 * DAY)
    history._wait()
    assert everything(history) == [(late.ts, late.seq, 7.0)]
    points = expected_points(readings, 0, 0, FAR)
    start, end = NOON, NOON + 600 * MINUTE
    assert history.buckets(*key_of(0), start, end, 600) == expected_buckets(points, start, 5 * MINUTE)
    assert history.buckets(*key_of(0), start, end, 2) == expected_buckets(points, start, 300 * MINUTE)
    assert history.latest(*key_of(0), NOON + DAY) == (points[-1].ts, points[-1].seq, points[-1].value)
    history.maintain(NOON + 200 * DAY)
    history._wait()
    assert history.buckets(*key_of(0), start, end, 600) == expected_buckets(points, start, HOUR)
    assert history.latest(*key_of(0), NOON + DAY) == (points[-1].ts, points[-1].seq, points[-1].value)
    history.close()
    history = History(tmp_path, retention_days=10, rollup_retention_days=100, hour_retention_days=1000)
    assert history.buckets(*key_of(0), start, end, 600) == expected_buckets(points, start, HOUR)
    history.maintain(NOON + 2000 * DAY)
    assert history.buckets(*key_of(0), start, end, 600) == []
    history.close()
    assert not list((tmp_path / "rollup").glob("*-2025-11-22-*"))


def test_many_rollups_of_a_day_then_of_a_month_become_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    readings: list[Reading] = []
    for seq in range(20):
        rows = [Reading(n, NOON + (seq // 8) * DAY + n + seq, seq, float(seq + n)) for n in range(2)]
        put(history, seq + 1, rows, known=range(2) if not seq else ())
        readings += rows
        history.seal()
    assert len(list((tmp_path / "rollup").iterdir())) == 40

    def check() -> None:
        for series in range(2):
            start, end = NOON - 12 * HOUR, NOON + 4 * DAY - 12 * HOUR
            points = expected_points(readings, series, start, end)
            assert history.buckets(*key_of(series), start, end, 4) == expected_buckets(points, start, DAY)

    history.maintain(NOON + 2 * DAY)
    history._wait()
    assert len(list((tmp_path / "rollup").iterdir())) == 2 * (1 + 1 + 4)
    check()
    put(history, 30, [Reading(0, NOON + n * DAY, n, float(n)) for n in range(3, 7)])
    readings += [Reading(0, NOON + n * DAY, n, float(n)) for n in range(3, 7)]
    history.seal()
    history.maintain(NOON + 40 * DAY)
    history._wait()
    assert len(list((tmp_path / "rollup").iterdir())) == 2
    check()
    history.maintain(NOON + 40 * DAY)
    history._wait()
    history.close()
    history = History(tmp_path)
    check()
    history.close()


def test_rebase_moves_the_position_and_nothing_else(tmp_path: Path) -> None:
    history = History(tmp_path)
    put(history, 9, batch(0), known=range(4))
    history.rebase("another", 3)
    assert history.position() == ("another", 3)
    history.close()
    history = History(tmp_path)
    assert history.position() == ("another", 3)
    assert history.count(*key_of(0), 0, FAR) == 100
    history.close()


@pytest.mark.parametrize(("start", "end", "points"), [(0, 10, 0), (10, 10, 5), (10, 9, 5)])
def test_buckets_that_cannot_be_are_refused(history: History, start: int, end: int, points: int) -> None:
    with pytest.raises(CallerError) as refusal:
        history.buckets("lamp", "power", start, end, points)
    assert refusal.value.code == "bad_value"


def test_a_series_given_twice_is_one(history: History) -> None:
    history.append("log", 1, None, (), [SeriesRow(0, "lamp", "power")])
    history.seal()
    put(history, 2, [Reading(0, NOON, 1, 1.0)])
    history.append("log", 3, None, (), [SeriesRow(0, "lamp", "power")])
    history.seal()
    assert history.series() == [(0, "lamp", "power")]
    assert history.points("lamp", "power", 0, FAR) == [(NOON, 1, 1.0)]


def test_at_rest_memory_is_given_back(history: History) -> None:
    for seq in range(3):
        history.maintain(NOON)
        put(history, seq + 1, batch(seq), known=range(4) if not seq else ())
    for _ in range(4):
        history.maintain(NOON)
    assert history.count(*key_of(0), 0, FAR) == 300


def test_several_series_of_one_property_are_read_as_one(history: History) -> None:
    """A thing that changes its model, or is added again, gets new numbers; its history goes on under its name."""
    first = [Reading(1, NOON, 1, 1.0), Reading(1, NOON + 20, 3, 3.0)]
    second = [Reading(2, NOON + 10, 2, 2.0), Reading(2, NOON + 20, 4, 4.0)]
    history.append("log", 1, numbers_of(first), (), [SeriesRow(1, "lamp", "power")])
    assert history.count("lamp", "power", 0, FAR) == 2
    history.append("log", 2, numbers_of(second), (), [SeriesRow(2, "lamp", "power")])
    for _ in ("hot", "sealed"):
        assert [point.value for point in history.points("lamp", "power", 0, FAR)] == [1.0, 2.0, 3.0, 4.0]
        assert history.count("lamp", "power", 0, FAR) == 4
        latest = history.latest("lamp", "power", FAR)
        assert latest is not None
        assert latest.value == 4.0
        (bucket,) = history.buckets("lamp", "power", NOON, NOON + MINUTE, 1)
        assert bucket[1:] == (1.0, 2.5, 4.0, 4.0, 4)
        history.seal()
