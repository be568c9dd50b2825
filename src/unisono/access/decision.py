"""What a question about rights is answered with.

Knows that an answer is yes or no with a reason. Knows no rules.
"""

from __future__ import annotations

import msgspec

__all__ = ["ALLOWED", "Decision"]


class Decision(msgspec.Struct, frozen=True):
    """``reason`` is stable and machine-readable ("" when allowed); ``detail`` says it to a reader."""

    allowed: bool
    reason: str = ""
    detail: str = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)
