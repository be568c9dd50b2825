"""Small disks of their own for the tests of what is kept on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import MAX_BYTES, kill, tmpfs, until

__all__ = ["MAX_BYTES", "kill", "tmpfs", "until"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from tmpfs(tmp_path / "small", "size=24m")


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    yield from tmpfs(tmp_path / "other", "size=64m")
