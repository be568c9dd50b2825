"""Where the sentences that are not part of the project lie: in a folder ``shared`` beside it or beside one above it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["beside"]


def beside(name: str) -> Path:
    """A file under ``shared``; where there is none, the path where it would be looked for first."""
    folders = [parent.parent / "shared" for parent in Path(__file__).parents]
    return next((folder / name for folder in folders if (folder / name).exists()), folders[2] / name)
