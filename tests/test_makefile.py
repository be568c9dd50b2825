"""What `make up` hands to the hub, read without starting one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UP = "unisono up --demo --data ./data"


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
    said = subprocess.run(
        ["make", "--dry-run", "--old-file=setup", "up", *given], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    [line] = [line for line in said.splitlines() if UP in line]
    assert line.partition(UP)[2].split() == flags.split()
