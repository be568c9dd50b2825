"""Which readings answer a question about buckets: raw ones or rollups, and where one takes over from the other. Pure.

Knows the levels and their widths; must not know files or SQL. All times are microseconds since 1970, ranges half-open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

__all__ = ["DAY_US", "LEVELS", "Piece", "Plan", "floor_to", "month_start", "plan_buckets"]

MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US

LEVELS: dict[str, int] = {"raw": 1, "5m": 5 * MINUTE_US, "1h": 60 * MINUTE_US}
"""Width of each level's rows, finest first; each is a multiple of the one before."""

_NAMES = tuple(LEVELS)


class Piece(NamedTuple):
    """Take the rows of ``level`` whose time is in ``start <= ts < end``."""

    level: str
    start: int
    end: int


class Plan(NamedTuple):
    """Bucket ``k`` begins at ``anchor + k * width``."""

    anchor: int
    width: int
    pieces: list[Piece]


def floor_to(ts: int, width: int) -> int:
    """The last multiple of ``width`` that is not after ``ts``."""
    return ts - ts % width


def ceil_to(ts: int, width: int) -> int:
    """The first multiple of ``width`` that is not before ``ts``."""
    return ts + -ts % width


def month_start(day: int) -> int:
    """The start of the UTC month that holds ``day``; months before year 1 or after 9999 are not told apart."""
    from datetime import UTC, datetime, timedelta

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        moment = epoch + timedelta(microseconds=day)
    except OverflowError:
        return day
    return day - (moment.day - 1) * DAY_US


def plan_buckets(start: int, end: int, points: int, horizons: Mapping[str, int]) -> Plan:
    """Cut ``start..end`` into at most ``points`` buckets and say which rows fill them.

    The coarsest level that is as fine as a bucket is used; what does not fill a whole row of that level, at both ends,
    comes from the finer ones. ``horizons`` says up to when a level has lost rows to retention, finer levels never
    less than coarser ones: below it the next coarser level steps in, which may then reach a little over the ends.
    """
    fair = -(-(end - start) // points)
    level = max((name for name in _NAMES if LEVELS[name] <= max(fair, 1)), key=_NAMES.index)
    anchor = floor_to(start, LEVELS[level])
    width = ceil_to(max(1, -(-(end - anchor) // points)), LEVELS[level])
    pieces: list[Piece] = []
    done: int | None = None
    for piece in _cut(_NAMES.index(level), start, end, horizons):
        begin = piece.start if done is None else max(piece.start, done)
        if begin < piece.end:
            pieces.append(Piece(piece.level, begin, piece.end))
            done = piece.end
    return Plan(anchor, width, pieces)


def _cut(index: int, start: int, end: int, horizons: Mapping[str, int]) -> Iterator[Piece]:
    if start >= end:
        return
    width = LEVELS[_NAMES[index]]
    low, high = ceil_to(start, width), floor_to(end, width)
    if low >= high:
        yield from _cut(index - 1, start, end, horizons)
        return
    if index:
        yield from _cut(index - 1, start, low, horizons)
    yield from _with_substitute(index, low, high, horizons)
    if index:
        yield from _cut(index - 1, high, end, horizons)


def _with_substitute(index: int, start: int, end: int, horizons: Mapping[str, int]) -> Iterator[Piece]:
    name = _NAMES[index]
    lost = horizons.get(name)
    if lost is None or start >= lost or index + 1 == len(_NAMES):
        yield Piece(name, start, end)
        return
    coarse = LEVELS[_NAMES[index + 1]]
    cut = ceil_to(min(lost, end), coarse)
    yield from _with_substitute(index + 1, floor_to(start, coarse), cut, horizons)
    if cut < end:
        yield Piece(name, cut, end)
