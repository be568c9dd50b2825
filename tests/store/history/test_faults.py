"""What the environment does to a history: it says so, changes nothing, and goes on when it can."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.parts import DEADLINE_S
from tests.store.history.readings import DAY, FAR, NOON, batch, key_of, put
from unisono.errors import HostError
from unisono.store.history import History, Numbers, SeriesRow, segment
from unisono.store.history.bulk import BULK_ROWS
from unisono.store.history.disk import fault, free_bytes
from unisono.store.history.segment import Segment


def filled(folder: Path) -> None:
    history = History(folder)
    put(history, 1, batch(1), known=range(4))
    history.seal()
    put(history, 2, batch(2))
    history.close()


def counted(folder: Path) -> tuple[int, tuple[str, int]]:
    history = History(folder)
    try:
        return history.count(*key_of(0), 0, FAR), history.position()
    finally:
        history.close()


def starve(history: History, kib: int) -> None:
    """Leave the engine so much memory; for a moment it may hold more than that, and then refuses."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            history._engine.main.execute(f"SET memory_limit = '{kib}KiB'")
        except duckdb.OutOfMemoryException:
            if time.monotonic() > end:
                raise
        else:
            return


def refusal(folder: Path) -> HostError:
    with pytest.raises(HostError) as refused:
        History(folder)
    return refused.value


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_refuses_keeps_and_recovers(small_disk: Path) -> None:
    history = History(small_disk / "0", reserve_bytes=16 << 20)
    put(history, 1, batch(1), known=range(4))
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(free_bytes(small_disk) - (12 << 20)))
    with pytest.raises(HostError) as refused:
        put(history, 2, batch(2))
    assert refused.value.code == "disk_full"
    with pytest.raises(HostError, match="in reserve"):
        history.seal()
    assert history.position() == ("log", 1)
    assert history.count(*key_of(0), 0, FAR) == 100
    ballast.unlink()
    put(history, 2, batch(2))
    history.seal()
    assert history.count(*key_of(0), 0, FAR) == 200
    history.close()
    assert counted(small_disk / "0") == (200, ("log", 2))


@pytest.mark.parametrize(
    ("room", "bulk_rows"),
    [(3 << 20, BULK_ROWS), (20 << 20, BULK_ROWS), (3 << 20, 10_000)],
    ids=["while appending", "while checkpointing", "while writing a file"],
)
def test_a_disk_filled_to_the_last_byte_by_others_loses_nothing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, room: int, bulk_rows: int
) -> None:
    monkeypatch.setattr(segment, "BULK_ROWS", bulk_rows)
    history = History(small_disk / "0", reserve_bytes=-(1 << 40))  # no guard: the disk fills between check and write
    done = 0
    (small_disk / "ballast").write_bytes(bytes(free_bytes(small_disk) - room))
    with pytest.raises(HostError) as refused:
        while True:
            put(history, done + 1, batch(done + 1, rows=4000), known=range(4) if not done else ())
            done += 1
    assert refused.value.code == "disk_full"
    (small_disk / "ballast").unlink()
    for _ in range(2):
        done += 1
        put(history, done, batch(done, rows=4000))
    assert history.count(*key_of(0), 0, FAR) == done * 4000
    history.close()
    assert counted(small_disk / "0") == (done * 4000, ("log", done))


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a hundred readings are large already."""
    monkeypatch.setattr(segment, "BULK_ROWS", 100)


@pytest.mark.usefixtures("in_files")
def test_a_large_batch_is_a_file_until_it_is_sealed(tmp_path: Path) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1, rows=20), known=range(4))
    assert not list(tmp_path.glob("hot-*.parquet"))
    put(history, 2, batch(2))
    put(history, 3, batch(3))
    assert len(list(tmp_path.glob("hot-000001-*.parquet"))) == 2
    assert history.count(*key_of(0), 0, FAR) == 220
    history.close()
    assert counted(tmp_path) == (220, ("log", 3))
    history = History(tmp_path)
    history.seal()
    assert not list(tmp_path.glob("hot-*.parquet"))
    assert history.count(*key_of(0), 0, FAR) == 220
    history.close()


@pytest.mark.usefixtures("in_files")
@pytest.mark.parametrize("ask", ["points", "count", "buckets", "latest", "latest_of_all"])
def test_what_is_committed_under_a_reader_is_seen_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    """A large batch and a small one behind it, between the list of files that a reader made and its reading."""
    history = History(tmp_path)
    put(history, 1, batch(1, rows=10), known=range(4))
    sources = Segment.sources

    def late(self: Segment, *what: Any) -> list[tuple[int, str]]:
        found = sources(self, *what)
        if history.position()[1] == 1:
            put(history, 2, batch(2, rows=100, start=NOON + DAY))
            put(history, 3, batch(3, rows=10, start=NOON + 2 * DAY))
        return found

    monkeypatch.setattr(Segment, "sources", late)
    key = key_of(0)
    questions: dict[str, Any] = {
        "points": lambda: len(history.points(*key, 0, FAR)),
        "count": lambda: history.count(*key, 0, FAR),
        "buckets": lambda: sum(bucket.count for bucket in history.buckets(*key, NOON - DAY, NOON + 9 * DAY, 10)),
        "latest": lambda: history.latest(*key, FAR).seq >> 24,  # type: ignore[union-attr]
        "latest_of_all": lambda: max(point.seq >> 24 for _, point in history.latest_of_all()),
    }
    first, second = (1, 3) if ask.startswith("latest") else (10, 120)
    assert questions[ask]() == first
    assert history.position() == ("log", 3)
    assert questions[ask]() == second
    history.close()


@pytest.mark.usefixtures("in_files")
def test_a_segment_from_before_there_were_such_files_takes_its_batches_into_tables(tmp_path: Path) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1, rows=10), known=range(4))
    history.close()
    with duckdb.connect(str(tmp_path / "hot-000001.duckdb")) as old:
        old.execute("DROP TABLE bulk")
    history = History(tmp_path)
    put(history, 2, batch(2))
    assert history.count(*key_of(0), 0, FAR) == 110
    assert not list(tmp_path.glob("hot-*.parquet"))
    history.seal()
    assert history.count(*key_of(0), 0, FAR) == 110
    history.close()


@pytest.mark.usefixtures("in_files")
def test_a_large_batch_that_was_never_committed_is_removed(tmp_path: Path) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    history.close()
    [committed] = tmp_path.glob("hot-*.parquet")
    never, foreign = tmp_path / "hot-000001-2.parquet", tmp_path / "hot-000009-1.parquet"
    shutil.copy(committed, never)
    shutil.copy(committed, foreign)
    assert counted(tmp_path) == (100, ("log", 1))
    assert list(tmp_path.glob("hot-*.parquet")) == [committed]


@pytest.mark.usefixtures("in_files")
def test_a_large_batch_that_failed_is_handed_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))

    def fail(*what: Any) -> None:
        raise duckdb.IOException("IO Error: the disk went away")

    monkeypatch.setattr(Segment, "_insert", fail)
    with pytest.raises(HostError):
        put(history, 2, batch(2))
    monkeypatch.undo()
    monkeypatch.setattr(segment, "BULK_ROWS", 100)
    assert history.count(*key_of(0), 0, FAR) == 100
    put(history, 2, batch(2))
    assert history.count(*key_of(0), 0, FAR) == 200
    history.close()
    assert counted(tmp_path) == (200, ("log", 2))


@pytest.mark.usefixtures("in_files")
@pytest.mark.parametrize("damage", [None, b"", b"PAR1 and then nothing"], ids=["gone", "empty", "cut"])
def test_a_large_batch_that_is_gone_is_named_with_its_segment(tmp_path: Path, damage: bytes | None) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    history.seal()
    put(history, 2, batch(2))
    history.close()
    hot = tmp_path / "hot-000002.duckdb"
    [lost] = tmp_path.glob("hot-*.parquet")
    lost.unlink()
    if damage is not None:
        lost.write_bytes(damage)
    error = refusal(tmp_path)
    assert error.code == "history_unavailable"
    assert lost.name in str(error)
    assert error.mend is not None and f"mv {hot}" in error.mend
    hot.rename(tmp_path / "aside")
    assert counted(tmp_path) == (100, ("log", 1))


def test_a_batch_that_was_committed_although_it_failed_is_not_doubled(tmp_path: Path) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    put(history, 2, batch(2))
    history._position, history._suspect = ("log", 1), True  # as if the engine had failed after the commit
    put(history, 2, batch(2))
    assert history.position() == ("log", 2)
    put(history, 3, batch(3))
    history._position, history._suspect = ("log", 2), True
    with pytest.raises(HostError, match="Go on from position"):
        put(history, 4, batch(3) + batch(4))
    assert history.position() == ("log", 3)
    assert history.count(*key_of(0), 0, FAR) == 300
    history.close()


def test_a_read_only_folder_is_named(small_disk: Path) -> None:
    filled(small_disk / "0")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    error = refusal(small_disk / "0")
    assert error.code == "read_only"
    assert str(small_disk) in str(error)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert counted(small_disk / "0") == (200, ("log", 2))


def test_background_work_that_failed_is_told_once_and_tried_again(tmp_path: Path) -> None:
    fail = [True]

    def step(name: str) -> None:
        if name == "raw:copied" and fail[0]:
            raise HostError("the disk went away", code="disk_full")

    history = History(tmp_path, on_step=step)
    put(history, 1, batch(1), known=range(4))
    history.maintain(NOON)
    history.maintain(NOON + DAY)
    history._wait()
    fail[0] = False
    with pytest.raises(HostError, match="the disk went away"):
        history.maintain(NOON + DAY)
    history._wait()
    history.maintain(NOON + DAY)
    assert len(list((tmp_path / "sealed").iterdir())) == 1
    assert history.count(*key_of(0), 0, FAR) == 100
    history.close()


def test_a_reader_gets_memory_of_its_own_when_there_is_none_left(tmp_path: Path) -> None:
    """As while a sort of the sealer has nearly all of it; and the limit is what it was afterwards."""
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    history.seal()
    put(history, 2, batch(2))
    whole = history.count(*key_of(0), 0, FAR)
    main: Any = history._engine.main

    starve(history, 100)
    with pytest.raises(duckdb.OutOfMemoryException):
        main.cursor().execute("SELECT list(n) FROM range(100000) AS numbers(n)").fetchall()
    starve(history, 100)
    assert len(list(history.points(*key_of(0), 0, FAR))) == whole
    starve(history, 100)
    assert sum(bucket.count for bucket in history.buckets(*key_of(0), 0, FAR, 10)) == whole
    starve(history, 100)
    assert history.count(*key_of(0), 0, FAR) == whole
    assert main.execute("SELECT current_setting('memory_limit')").fetchone()[0] == "128.0 MiB"
    history.close()


@pytest.mark.parametrize(
    ("kib", "bulk_rows"),
    [(100, BULK_ROWS), (1000, BULK_ROWS), (100, 1000)],
    ids=["to take the rows", "to commit them", "to write a file"],
)
def test_the_writer_gets_memory_of_its_own_when_there_is_none_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kib: int, bulk_rows: int
) -> None:
    """Refused, it would have to be opened anew, and all that was asked meanwhile would go without an answer."""
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    engine, helped = history._engine, []
    spare = engine._spare

    def counted() -> contextlib.AbstractContextManager[None]:
        helped.append(kib)
        return spare()

    monkeypatch.setattr(engine, "_spare", counted)
    monkeypatch.setattr(segment, "BULK_ROWS", bulk_rows)
    starve(history, kib)
    put(history, 2, batch(2, rows=1000))
    assert helped
    assert history.position() == ("log", 2)
    assert history.count(*key_of(0), 0, FAR) == 100 + 1000
    history.close()


def test_a_commit_that_was_made_although_there_was_no_memory_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    commit = Segment._commit

    def and_then_fail(self: Segment, *what: Any) -> None:
        commit(self, *what)
        raise duckdb.OutOfMemoryException("Out of Memory Error: after the commit")

    monkeypatch.setattr(Segment, "_commit", and_then_fail)
    put(history, 2, batch(2))
    monkeypatch.undo()
    put(history, 3, batch(3))
    assert history.count(*key_of(0), 0, FAR) == 300
    history.close()


def test_a_reader_that_finds_no_memory_at_all_waits_for_the_sealer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path)
    put(history, 1, batch(1), known=range(4))
    history.seal()
    put(history, 2, batch(2))
    whole = history.count(*key_of(0), 0, FAR)
    engine = history._engine
    asked = threading.Event()

    @contextlib.contextmanager
    def none_to_spare() -> Iterator[None]:
        asked.set()
        yield

    monkeypatch.setattr(engine, "_spare", none_to_spare)
    found: list[int] = []
    with engine.heavy():
        starve(history, 100)
        reader = threading.Thread(target=lambda: found.append(len(list(history.points(*key_of(0), 0, FAR)))))
        reader.start()
        assert asked.wait(20)
        engine.main.execute("SET memory_limit = '128MiB'")
    reader.join(20)
    assert found == [whole]
    with engine.heavy():  # nobody waits any more
        pass
    history.close()


def test_sealing_a_full_segment_leaves_memory_to_readers(tmp_path: Path) -> None:
    """What is sorted at once fits beside others: nothing spills, and half of the memory stays free."""
    history = History(tmp_path)
    rows, series = 3_000_000, 30
    ts = NOON + np.random.default_rng(1).permutation(rows).astype(np.int64)
    numbers = Numbers((ts % series).astype(np.int32), ts, np.arange(rows, dtype=np.int64), ts / 1)
    history.append("log", 1, numbers, (), [SeriesRow(n, *key_of(n)) for n in range(series)])
    most = spilled = 0
    sealer = threading.Thread(target=history.seal)
    sealer.start()
    while sealer.is_alive():
        with history._engine.cursor() as cursor:
            seen = cursor.execute(
                "SELECT sum(memory_usage_bytes), sum(temporary_storage_bytes)"
                " FROM duckdb_memory() WHERE tag = 'ORDER_BY'"
            ).fetchone()
        most, spilled = max(most, seen[0]), max(spilled, seen[1])
    sealer.join()
    assert 1 << 20 < most < history._engine.memory_mb * (1 << 20) * 0.6
    assert not spilled
    assert len(list((tmp_path / "sealed").iterdir())) == 3
    assert history.count(*key_of(0), 0, FAR) == rows // series
    history.close()


def test_closing_ends_background_work_which_is_done_later(tmp_path: Path) -> None:
    opened: list[History] = []

    def step(name: str) -> None:
        if name == "raw:copied":
            opened[0]._keeper.stop()

    opened.append(History(tmp_path, on_step=step))
    put(opened[0], 1, batch(1), known=range(4))
    opened[0].maintain(NOON)
    opened[0].maintain(NOON + DAY)
    opened[0].close()
    assert not list((tmp_path / "sealed").iterdir())
    history = History(tmp_path)
    history.seal()
    assert history.count(*key_of(0), 0, FAR) == 100
    assert len(list((tmp_path / "sealed").iterdir())) == 1
    history.close()


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    history = History(tmp_path)
    code = f"from pathlib import Path; from unisono.store.history import History; History(Path({str(tmp_path)!r}))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert "Stop the other hub" in result.stderr
    history.close()


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100])
def test_a_damaged_manifest_is_named_and_without_it_the_files_are_taken_in(tmp_path: Path, damage: bytes) -> None:
    filled(tmp_path)
    hot = tmp_path / "hot.duckdb"
    hot.write_bytes(damage or hot.read_bytes()[:5000])
    error = refusal(tmp_path)
    assert error.code == "history_unavailable"
    assert error.mend is not None
    assert f"mv {hot}" in error.mend
    hot.rename(tmp_path / "hot.duckdb.damaged")
    assert counted(tmp_path) == (200, ("log", 2))
    assert counted(tmp_path) == (200, ("log", 2))


def test_without_manifest_and_hot_segment_the_sealed_files_say_where_to_go_on(tmp_path: Path) -> None:
    filled(tmp_path)
    for path in tmp_path.glob("hot*"):
        path.unlink()
    assert counted(tmp_path) == (100, ("log", 1))
    history = History(tmp_path)
    put(history, 2, batch(2))
    history.seal()
    assert history.series() == [(number, *key_of(number)) for number in range(4)]
    assert history.count(*key_of(0), 0, FAR) == 200
    history.close()


def test_taking_in_counts_what_is_both_hot_and_sealed_or_merged_once(tmp_path: Path) -> None:
    history = History(tmp_path)
    for seq in range(1, 9):
        put(history, seq, batch(seq, rows=10), known=range(4) if seq == 1 else ())
        history.seal()
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "rollup", kept)
    history.maintain(NOON + DAY)
    history._wait()
    history.close()
    merged = list((tmp_path / "rollup").iterdir())
    assert len(merged) == 2
    shutil.copytree(kept, tmp_path / "rollup", dirs_exist_ok=True)
    (tmp_path / "sealed" / "notes.parquet").write_bytes(b"not ours")
    (tmp_path / "hot.duckdb").unlink()
    history = History(tmp_path)
    assert history.count(*key_of(0), 0, FAR) == 80
    start = NOON - NOON % DAY
    assert sum(bucket.count for bucket in history.buckets(*key_of(0), start, start + 2 * DAY, 2)) == 80
    assert sorted((tmp_path / "rollup").iterdir()) == sorted(merged)
    assert (tmp_path / "sealed" / "notes.damaged").exists()
    history.close()


def test_a_damaged_segment_is_named_and_given_up_when_moved_aside(tmp_path: Path) -> None:
    filled(tmp_path)
    segment = tmp_path / "hot-000002.duckdb"
    segment.write_bytes(b"x" * 20_000)
    error = refusal(tmp_path)
    assert error.code == "history_unavailable"
    assert str(segment) in str(error)
    segment.rename(tmp_path / "aside")
    assert counted(tmp_path) == (100, ("log", 1))


def test_a_sealed_file_that_is_gone_does_not_take_the_rest_along(tmp_path: Path) -> None:
    filled(tmp_path)
    next((tmp_path / "sealed").iterdir()).unlink()
    assert counted(tmp_path) == (100, ("log", 2))


def test_a_foreign_database_is_not_touched(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "hot.duckdb")) as other:
        other.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    error = refusal(tmp_path)
    assert error.code == "history_unavailable"
    with duckdb.connect(str(tmp_path / "hot.duckdb")) as other:
        assert other.execute("FROM mine").fetchall() == [(42,)]


@pytest.mark.parametrize(
    ("number", "code"), [(28, "disk_full"), (30, "read_only"), (13, "read_only"), (5, "history_unavailable")]
)
def test_what_the_system_refuses_has_a_code(number: int, code: str) -> None:
    assert fault(OSError(number, "words"), Path("there")).code == code
