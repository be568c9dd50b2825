"""What goes into history and what comes out, as plain tuples.

Knows the shapes only. Must not import NumPy or DuckDB: the types here are named by processes that never open a history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Bucket", "Numbers", "Point", "SeriesRow", "TextRow"]


class Numbers(NamedTuple):
    """Numeric readings in columns of one length: what the owner folds fastest and DuckDB reads without a copy per row.

    ``ts`` is UTC in microseconds since 1970, ``seq`` the position in the log (log sequence << 24 | message index),
    which orders readings of one time; ``value`` is finite.
    """

    series: NDArray[np.int32]
    ts: NDArray[np.int64]
    seq: NDArray[np.int64]
    value: NDArray[np.float64]


class TextRow(NamedTuple):
    """One reading that is not a number, as text (a string as it is, anything else as JSON: the caller's choice)."""

    series: int
    ts: int
    seq: int
    text: str


class SeriesRow(NamedTuple):
    """A number that stands for one property of one thing; given once, never changed. A property may get several."""

    series: int
    thing: str
    property: str


class Point(NamedTuple):
    """One reading as it was reported."""

    ts: int
    seq: int
    value: float | str


class Bucket(NamedTuple):
    """The readings of a stretch of time that starts at ``ts``; min, mean and max are of its numbers, if any."""

    ts: int
    min: float | None
    mean: float | None
    max: float | None
    last: float | str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs of a bucket


After: TypeAlias = tuple[int, int]  # (ts, seq) of the last point that a page showed
