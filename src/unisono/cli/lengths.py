"""Lengths of time as people type them: 90m, 24h, 30d."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from unisono.errors import CallerError

__all__ = ["read_ago", "read_seconds", "read_until"]

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def read_until(text: str) -> str:
    """``7d`` from now, or a time as it was given."""
    if text[-1:] not in SECONDS:
        return text
    return (datetime.now(UTC) + timedelta(seconds=read_seconds(text, "--until"))).isoformat()


def read_ago(text: str, field: str) -> str:
    """``24h`` as the API has it: so long before now. Raises CallerError ``bad_usage``."""
    return f"-{read_seconds(text, field):.0f}s"


def read_seconds(text: str, field: str) -> float:
    """``30d`` and the like as seconds. Raises CallerError ``bad_usage``."""
    try:
        found = float(text[:-1]) * SECONDS[text[-1:]]
    except (ValueError, KeyError):
        found = math.nan
    if not 0 <= found < math.inf:
        raise CallerError(f"{text!r} is no length of time", code="bad_usage", field=field, expected="90m, 24h, 30d")
    return found
