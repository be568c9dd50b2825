"""What `make` would run, read without running it."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from unisono.bench.__main__ import BENCHMARKS

ROOT = Path(__file__).parents[1]
UP = "unisono up --demo --data ./data"


def run_dry(*words: str) -> str:
    command = ["make", "--dry-run", "--old-file=setup", "--old-file=console", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ([], ""),
        (["PORT=9000"], "--http-port 9000"),
        (["FLAGS=--mqtt-port 1884 --host 0.0.0.0"], "--mqtt-port 1884 --host 0.0.0.0"),
        (["PORT=9000", "FLAGS=--mqtt-port 1884"], "--http-port 9000 --mqtt-port 1884"),
    ],
)
def test_the_ports_of_make_up(given: list[str], flags: str) -> None:
    said = run_dry("up", *given)
    [line] = [line for line in said.splitlines() if UP in line]
    assert line.partition(UP)[2].split() == flags.split()


def test_every_benchmark_is_run_for_a_moment() -> None:
    assert Counter(re.findall(r"unisono bench (\S+) --quick", run_dry("bench-smoke"))) == Counter(BENCHMARKS.keys())
