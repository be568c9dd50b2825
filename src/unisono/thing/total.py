"""Rising totals: what a meter gained from one reading to the next, and when it began anew. The one place of that rule.

Knows numbers only; neither when they were read nor where they are kept.
"""

from __future__ import annotations

__all__ = ["RISING", "began_anew", "gained", "gained_within"]

#: Traits whose value only grows, and whose growth is what people ask for.
RISING = frozenset({"energy", "count", "good_count", "scrap_count", "odometer"})
#: Of what it was: a meter that falls below began anew. One that falls less was put right: it counted wrongly, took the
#: mean of noise, or lost what it had not saved yet. Home Assistant draws the line there too (`total_increasing`).
ANEW = 0.9


def began_anew(before: float, now: float) -> bool:
    """Whether a meter that showed ``before`` and shows ``now`` counts from nothing again."""
    return 0 <= now < ANEW * before


def gained(before: float, now: float) -> float:
    """What was counted between two readings, one after the other: less than nothing where the meter was put right."""
    return now if began_anew(before, now) else now - before


def gained_within(before: float | None, low: float, high: float, last: float) -> float:
    """What was counted in a stretch of which only the least, the greatest and the last reading are known.

    ``before``: the reading before it; where there was none, counting begins with the least. A meter that begins anew in
    the stretch is taken to do so once, and what it reached before that to be the greatest, where it is not the last.
    """
    start = low if before is None else before
    if not began_anew(start, low):
        return last - start if not began_anew(high, last) else high - start + last
    return last + (max(high - start, 0) if high > last else 0)
