"""What is wrong or odd about a scene: one finding, and the words for names that nobody knows.

Knows how a finding is told. What is looked for stands in `soundness`, `reach` and `conflict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

__all__ = ["RULES", "Finding", "Severity", "near"]

Severity: TypeAlias = Literal["error", "warning", "info"]

#: Among more names nobody looks for similar ones: it takes 10 us each, while somebody waits for the answer.
MAX_COMPARED = 2_000
#: Names that are offered.
NEAR = 3


#: Every rule that a scene or an alarm can offend, beside the codes of `unisono.errors.CODES`, and what it says.
RULES: dict[str, str] = {
    "no_thing": "No thing is named",
    "unknown_kind": "There is no such kind of thing",
    "unknown_place": "There is no such place",
    "unknown_scene": "There is no such scene",
    "unknown_snapshot": "Nothing was remembered under that name",
    "unknown_person": "There is nobody of that name",
    "unknown_field": "The event has no such field",
    "unknown_alarm": "There is no such alarm yet",
    "selects_nothing": "Nothing is selected now",
    "no_trigger": "Nothing triggers it",
    "no_effect": "It changes nothing",
    "bad_expression": "The expression cannot be evaluated",
    "never": "It can never hold",
    "always": "It always holds",
    "unreachable": "It is never reached",
    "refused": "The place's policy refuses it",
    "not_called": "The address is not one that may be called",
    "ring": "Scenes or alarms go round in a ring",
    "clash": "Another scene wants something else at the same time",
    "shadowed": "Another scene does the same at the same time",
    "elsewhere": "The thing lies elsewhere",
    "nothing": "Nothing is concerned yet",
    "no_band": "There is no dead band",
}


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ``error`` keeps a scene from being saved, a ``warning`` is shown, an ``info`` explains.

    ``path`` is where in the document (``then.0.set.things.1``), ``rule`` a stable name of what is wrong (a key of
    `RULES` or an error code), ``expected`` what would be right, ``scenes`` the other scenes that take part.
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
