"""Times as the API writes and reads them: ISO-8601 in UTC outside, microseconds since the Unix epoch inside.

Knows text and numbers only; now is passed in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from unisono.errors import CallerError

__all__ = ["iso", "iso_or_none", "read_time"]

SECOND = 1_000_000

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_RELATIVE = re.compile(r"^-(\d{1,9})([smhdw])$")

# year 1 to 9999: what datetime can say
_LATEST = 253_402_300_799 * SECOND
_EARLIEST = -62_135_596_800 * SECOND

_cached_second = 0
_cached_text = "1970-01-01T00:00:00"


def iso(at_us: int) -> str:
    """``at_us`` as UTC with milliseconds, such as ``2026-11-22T10:00:00.123Z``.

    The text of the last second is kept: live changes come 20,000 a second and share it.
    """
    global _cached_second, _cached_text
    second, rest = divmod(at_us, SECOND)
    if second != _cached_second:
        inside = min(max(at_us, _EARLIEST), _LATEST) // SECOND
        text = datetime.fromtimestamp(inside, UTC).replace(tzinfo=None).isoformat()
        _cached_second, _cached_text = second, text
    return f"{_cached_text}.{rest // 1000:03d}Z"


def iso_or_none(at_us: int | None) -> str | None:
    """As `iso`; None and 0 (never) give None."""
    return iso(at_us) if at_us else None


def read_time(text: str | None, now_us: int, *, field: str, default_us: int) -> int:
    """Microseconds of an ISO-8601 time (UTC when it names no zone), of ``-24h``-like time before now, or of ``now``.

    Raises CallerError ``bad_value``.
    """
    if text is None or text == "":
        return default_us
    if text == "now":
        return now_us
    if match := _RELATIVE.match(text):
        return max(now_us - int(match[1]) * _UNITS_S[match[2]] * SECOND, 0)
    try:
        # a "+" of a zone arrives as a space when the caller did not escape it
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if text.count(":") > 2 else text.strip())
    except ValueError:
        raise CallerError(
            f"{text[:64]!r} is no time", code="bad_value", field=field, expected="ISO-8601, now, or -24h, -90m, -7d"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * SECOND)
