"""Readings over time: DuckDB for the hot part, sealed Parquet for the rest, rollups over both.

Importing this package loads neither DuckDB nor NumPy; opening a `History` does.
"""

from unisono.store.history.history import History
from unisono.store.history.rows import Bucket, Numbers, Point, SeriesRow, TextRow

__all__ = ["Bucket", "History", "Numbers", "Point", "SeriesRow", "TextRow"]
