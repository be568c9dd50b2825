"""Readings as CSV, a page at a time. Pure.

Knows RFC 4180 and how times and values are written; must not know where readings come from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from unisono.store.history.rows import Point

__all__ = ["csv_pages"]

PAGE_LINES = 5_000
"""Lines in one chunk: some 200 KB, large enough to be cheap to send and small enough to hold."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def csv_pages(points: Iterable[Point]) -> Iterator[bytes]:
    """A header, then one line a point: time in UTC to the microsecond, value."""
    rest = iter(points)
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(("at", "value"))
    while True:
        for point in islice(rest, PAGE_LINES):
            writer.writerow((_time(point.ts), point.value))
        if not page.tell():
            return
        yield page.getvalue().encode()
        page.seek(0)
        page.truncate()


def _time(ts: int) -> str:
    """ISO 8601; a time that no calendar holds is given as microseconds since 1970, rather than lost."""
    try:
        return (_EPOCH + timedelta(microseconds=ts)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return str(ts)
