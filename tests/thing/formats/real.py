"""The makers' real documents that stand beside the repository; they are not part of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

# beside the repository, or beside the folder that a worktree of it is in
PLACES = [parent / "shared" / "data" for parent in Path(__file__).parents[4:6]]


def read_real(name: str) -> bytes:
    """A file under ``../shared/data``, unpacked; the test is skipped where the folder is not there."""
    path = next((place / name for place in PLACES if (place / name).exists()), None)
    if path is None:
        pytest.skip(f"the real data is not here: {PLACES[0] / name}")
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
