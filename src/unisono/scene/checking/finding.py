"""What is wrong or odd about a scene: one finding, and the words for names that nobody knows.

Knows how a finding is told. What is looked for stands in `soundness`, `reach` and `conflict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Finding", "Severity", "near"]

Severity: TypeAlias = Literal["error", "warning", "info"]

#: Among more names nobody looks for similar ones: it takes 10 us each, while somebody waits for the answer.
MAX_COMPARED = 2_000
#: Names that are offered.
NEAR = 3


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ``error`` keeps a scene from being saved, a ``warning`` is shown, an ``info`` explains.

    ``path`` is where in the document (``then.0.set.things.1``), ``rule`` a stable name of what is wrong, ``expected``
    what would be right, ``scenes`` the other scenes that take part.
    """

    severity: Severity
    path: str
    rule: str
    reason: str
    expected: str | None = None
    scenes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.path}: {self.reason}"
        return f"{text}; expected {self.expected}" if self.expected else text


def near(name: str, names: Iterable[str], otherwise: str) -> str:
    """What would be right instead of a name that is not known: similar ones, else whatever ``otherwise`` says."""
    import difflib  # for faults only: an owner that has none need not hold it

    known = list(names)
    found = difflib.get_close_matches(name, known, n=NEAR, cutoff=0.6) if len(known) <= MAX_COMPARED else []
    return f"one of {', '.join(found)}" if len(found) > 1 else found[0] if found else otherwise
