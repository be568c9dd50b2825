"""A crash loses nothing acknowledged and doubles nothing, wherever it comes."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from tests.store.history.crash_child import record
from tests.store.history.readings import DAY, FAR, NOON, batch, expected_buckets, expected_points, key_of, put
from unisono.store.history import History
from unisono.store.history.bulk import BULK_ROWS

STEPS = [
    "rotate:created",
    "rotate:committed",
    *(f"{level}:{done}" for level in ("raw", "5m", "1h") for done in ("copied", "renamed")),
    "seal:files",
    "seal:committed",
    "seal:unlinked",
    "merge:file",
    "merge:committed",
    "drop:committed",
]
KILLS = 25
DEADLINE_S = 60

processes = multiprocessing.get_context("forkserver")  # imports the engine once, not for each of the many children
processes.set_forkserver_preload(["duckdb", "numpy", "tests.store.history.crash_child"])


@contextmanager
def child(
    folder: Path, rows: int, step: str | None, bulk_rows: int = BULK_ROWS
) -> Iterator[tuple[ForkServerProcess, Connection]]:
    hear, say = processes.Pipe(duplex=False)
    process = processes.Process(target=record, args=(say, folder, rows, step, bulk_rows))
    process.start()
    say.close()
    try:
        yield process, hear
    finally:
        process.kill()
        process.join(DEADLINE_S)
        hear.close()


def heard(hear: Connection) -> int:
    """The last sequence number that a process acknowledged before it ended."""
    last = 0
    while hear.poll(DEADLINE_S):
        try:
            last = hear.recv()
        except (EOFError, OSError):  # killed between two messages, or in one
            return last
    raise TimeoutError("the process neither spoke nor ended")


def assert_whole(folder: Path, acknowledged: int, rows: int) -> int:
    """Everything up to the position is there once, in hot and sealed, in points and rollups; gives the position."""
    history = History(folder)
    try:
        log_id, position = history.position()
        assert position >= acknowledged
        if not position:
            return 0
        assert log_id == "log"
        readings = [row for seq in range(1, position + 1) for row in batch(seq, rows=rows)]
        for series in (0, 3):
            points = expected_points(readings, series, 0, FAR)
            assert history.points(*key_of(series), 0, FAR, limit=10**7) == points
            start = NOON - NOON % DAY
            shown = history.buckets(*key_of(series), start, start + 100 * DAY, 100)
            assert shown == expected_buckets(points, start, DAY)
        put(history, position + 1, batch(position + 1, rows=rows))
        history.seal()
        assert history.count(*key_of(0), 0, FAR) == (position + 1) * rows
        files = {f"{path.parent.name}/{path.name}" for path in folder.glob("*/*.parquet")}
        assert files == {file.name for file in history._manifest.files}
        [segment] = folder.glob("hot-*.duckdb")
        assert not list(folder.glob("hot-*.parquet")), f"{segment} is empty"
        assert not list((folder / "tmp").iterdir())
        return position
    finally:
        history.close()


@pytest.mark.parametrize("bulk_rows", [BULK_ROWS, 200], ids=["in tables", "in files"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_a_step_loses_and_doubles_nothing(tmp_path: Path, step: str, bulk_rows: int) -> None:
    with child(tmp_path, 60, step, bulk_rows) as (process, hear):
        assert hear.recv() == (0, 0)
        acknowledged = heard(hear)
        process.join(DEADLINE_S)
        assert process.exitcode == 9, "the step was never met"
    if step == "drop:committed":  # the readings were meant to go: what matters is that it opens and goes on
        history = History(tmp_path)
        assert history.count(*key_of(0), 0, FAR) == 0
        assert history.position() == ("log", acknowledged)
        history.close()
    else:
        assert assert_whole(tmp_path, acknowledged, 60) == acknowledged


@pytest.mark.parametrize("bulk_rows", [BULK_ROWS, 100], ids=["in tables", "in files"])
def test_random_kills_lose_and_double_nothing(tmp_path: Path, bulk_rows: int) -> None:
    chance = random.Random(5)
    acknowledged, rows = 0, 100
    for _ in range(KILLS):
        with child(tmp_path, rows, None, bulk_rows) as (process, hear):
            position, count = hear.recv()
            assert position >= acknowledged
            assert count == position * rows
            for _ in range(chance.randint(1, 12)):
                acknowledged = hear.recv()
            process.kill()
            acknowledged = heard(hear) or acknowledged
    assert_whole(tmp_path, acknowledged, rows)
