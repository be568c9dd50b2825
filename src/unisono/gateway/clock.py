"""The gateway's clock."""

from __future__ import annotations

import time

__all__ = ["now_us"]


def now_us() -> int:
    """Wall time in microseconds."""
    return time.time_ns() // 1000
