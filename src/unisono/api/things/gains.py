"""What a rising total gained in each stretch of its history: for charts, for the energy page and for answers alike.

Knows the owner's answers; when a total began anew is `unisono.thing.total`'s.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import msgspec

from unisono.api.owners import Owners
from unisono.thing import gained, gained_within
from unisono.twin import talk

__all__ = ["Buckets", "gains"]

Buckets = list[tuple[int, Any, Any, Any, Any, int]]
#: So many readings are looked at one by one; of more, what is known of each bucket: one message of the bus.
EACH = 10_000


async def gains(owners: Owners, partition: str, ask: talk.HistoryAsk) -> tuple[Buckets, list[float], bool]:
    """The buckets that ``ask`` (with ``points``) wants, what was gained in each, and whether anything is known at all.

    What came between the last reading before a bucket and its own last one is the bucket's: so the gains of stretches
    that follow one another add up to that of the whole.
    """
    start = msgspec.structs.replace(ask, end=ask.start, latest=True)
    before = [value for _at, _seq, value in (await owners.history(partition, start)).raw if _is_number(value)]
    buckets = (await owners.history(partition, ask)).buckets
    grown = [0.0] * len(buckets)
    held = before[0] if before else None
    count = sum(bucket[-1] for bucket in buckets)
    each = msgspec.structs.replace(ask, points=0, limit=EACH)
    raw = (await owners.history(partition, each)).raw if 0 < count <= EACH else []
    # readings that are kept no longer are in the buckets only
    if len(raw) == count:
        begins = [bucket[0] for bucket in buckets]
        for at, _seq, value in raw:
            if not _is_number(value):
                continue
            if held is not None:
                grown[max(0, bisect_right(begins, at) - 1)] += gained(held, value)
            held = value
    else:
        for place, (_at, low, _mean, high, last, _count) in enumerate(buckets):
            if low is None or not _is_number(last):
                continue
            grown[place] = gained_within(held, low, high, last)
            held = last
    return buckets, grown, held is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
