"""A crash loses nothing acknowledged and doubles nothing, wherever it comes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.history.readings import DAY, FAR, NOON, batch, expected_buckets, expected_points, key_of, put
from unisono.store.history import History

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
CHILD = [sys.executable, "-m", "tests.store.history.crash_child"]
DEADLINE_S = 60


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
        assert len(list(folder.glob("hot-*.duckdb"))) == 1
        assert not list((folder / "tmp").iterdir())
        return position
    finally:
        history.close()


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_a_step_loses_and_doubles_nothing(tmp_path: Path, step: str) -> None:
    result = subprocess.run(
        [*CHILD, str(tmp_path), "60", step], stdout=subprocess.PIPE, timeout=DEADLINE_S, check=False, env=_environment()
    )
    assert result.returncode == 9, "the step was never met"
    acknowledged = int(result.stdout.split()[-1])
    if step == "drop:committed":  # the readings were meant to go: what matters is that it opens and goes on
        history = History(tmp_path)
        assert history.count(*key_of(0), 0, FAR) == 0
        assert history.position() == ("log", acknowledged)
        history.close()
    else:
        assert assert_whole(tmp_path, acknowledged, 60) == acknowledged


def test_random_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(5)
    acknowledged, rows = 0, 100
    for _ in range(KILLS):
        child = subprocess.Popen([*CHILD, str(tmp_path), str(rows)], stdout=subprocess.PIPE, env=_environment())
        assert child.stdout is not None
        position, count = map(int, child.stdout.readline().split())
        assert position >= acknowledged
        assert count == position * rows
        lines = [child.stdout.readline() for _ in range(chance.randint(1, 12))]
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=DEADLINE_S)
        acknowledged = int((b"".join(lines) + rest).split()[-1])
    assert_whole(tmp_path, acknowledged, rows)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
