"""How fast an address may be written to: one token bucket a limit, and how long a service wants nothing at all.

Pure; time is passed in (microseconds). A state is plain data and survives restarts; what a crash interrupts has taken
its tokens already, so that a restart is never a way around a limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from unisono.notify.service import Limit

__all__ = [
    "FIRST_RETRY_S",
    "LONGEST_BLOCK_S",
    "LONGEST_RETRY_S",
    "Pace",
    "backed_off",
    "blocked",
    "free_at",
    "room",
    "spent",
    "succeeded",
]

SECOND = 1_000_000

#: Doubled from failure to failure up to the longest: a service that is back is found within a quarter of an hour.
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 900.0
#: No service is left alone for longer, whatever it says: people would wait for ever for a slip of a digit. What lies
#: further ahead in a state comes from a clock that was wrong, and is not believed either.
LONGEST_BLOCK_S = 3600.0


class Pace(msgspec.Struct, frozen=True):
    """What became of an address so far. ``tokens``: left at ``at``, for each limit; none yet: all are full.

    ``blocked``: until then the service takes nothing. ``retry``: until then there is no use in trying again, after
    ``failures`` in a row. ``sent``: when the last message left.
    """

    tokens: tuple[float, ...] = ()
    at: int = 0
    blocked: int = 0
    retry: int = 0
    failures: int = 0
    sent: int = 0


def _burst(limit: Limit) -> float:
    """Half at once, half by and by: so no window of the limit ever holds more than it may."""
    return max(1.0, limit.count // 2)


def _refill(limit: Limit) -> float:
    """Tokens a microsecond; a limit of one has only what is at once, a window later."""
    rest = limit.count - _burst(limit)
    return (rest if rest > 0 else 1.0) / (limit.per_s * SECOND)


def _tokens(pace: Pace, limits: Sequence[Limit], now: int) -> list[float]:
    if len(pace.tokens) != len(limits):  # new, or another version of the data
        return [_burst(limit) for limit in limits]
    passed = max(0, now - pace.at)  # a clock that went back gives nothing
    return [min(_burst(limit), left + passed * _refill(limit)) for left, limit in zip(pace.tokens, limits, strict=True)]


def free_at(pace: Pace, limits: Sequence[Limit], now: int, *, count: int = 1, urgent: bool = False) -> int:
    """When ``count`` requests may leave together, at the earliest ``now``. ``urgent``: without waiting for a retry.

    More than a limit ever has at once may leave when it is full.
    """
    latest = now + int(LONGEST_BLOCK_S * SECOND)
    start = max(now, min(pace.blocked, latest), 0 if urgent else min(pace.retry, latest))
    free = start
    for left, limit in zip(_tokens(pace, limits, start), limits, strict=True):
        missing = min(float(count), _burst(limit)) - left
        if missing > 0:
            free = max(free, start + int(missing / _refill(limit)) + 1)
    return free


def room(pace: Pace, limits: Sequence[Limit], now: int) -> int:
    """How many requests may leave now, as far as limits go."""
    return int(min(_tokens(pace, limits, now), default=0.0))


def spent(pace: Pace, limits: Sequence[Limit], now: int, count: int = 1) -> Pace:
    """``count`` requests are about to leave."""
    left = tuple(tokens - count for tokens in _tokens(pace, limits, now))
    # more than there ever is at once leaves a debt, which is paid before the next
    return msgspec.structs.replace(pace, tokens=left, at=now, sent=now)


def succeeded(pace: Pace) -> Pace:
    """The service took it."""
    return msgspec.structs.replace(pace, failures=0, retry=0)


def backed_off(pace: Pace, now: int, after_s: float | None = None) -> Pace:
    """It failed and may be tried again: after ``after_s`` if the service said so, else ever later."""
    pause_s = min(FIRST_RETRY_S * 2.0 ** min(pace.failures, 30), LONGEST_RETRY_S)
    pause_s = min(max(pause_s, after_s or 0.0), LONGEST_BLOCK_S)
    return msgspec.structs.replace(pace, failures=pace.failures + 1, retry=now + int(pause_s * SECOND))


def blocked(pace: Pace, now: int, for_s: float) -> Pace:
    """The service said that they were too many: nothing for ``for_s``, urgent or not."""
    return msgspec.structs.replace(pace, blocked=max(pace.blocked, now + int(min(for_s, LONGEST_BLOCK_S) * SECOND)))
