"""The states of an alarm, and the one table of how it moves between them.

Knows ISA-18.2 (ANSI/ISA-18.2-2016, figure 4; the letters are its own) and IEC 62682:2014, clause 5. Knows no things.
"""

from __future__ import annotations

import enum

__all__ = ["HELD", "STANDING", "TRANSITIONS", "UNACKNOWLEDGED", "Severity", "Sign", "State", "step"]


class Severity(enum.IntEnum):
    """How bad it is, worst first. EEMUA 191 (annex on prioritisation) wants few at the top: see `figures`."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3
    DIAGNOSTIC = 4


class State(enum.StrEnum):
    """Where an alarm stands. In the last three it is held back: it is followed, but nobody is called."""

    NORMAL = "normal"  # A
    UNACKNOWLEDGED = "unacknowledged"  # B: active
    ACKNOWLEDGED = "acknowledged"  # C: active
    RETURNED = "returned"  # D: back to normal, and nobody has seen it yet
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"  # E: back to normal, kept until it is acknowledged and reset
    LATCHED = "latched"  # F: acknowledged, kept until it is reset
    SHELVED = "shelved"  # G: put aside by a person, for a time
    SUPPRESSED = "suppressed"  # H: held back by design
    OUT_OF_SERVICE = "out_of_service"  # I: taken out by a person, until it is brought back


class Sign(enum.Enum):
    """What happens to an alarm."""

    RAISED = "raised"
    RAISED_KNOWN = "raised_known"  # of an alarm that asks for no acknowledgement
    CLEARED = "cleared"
    CLEARED_LATCHING = "cleared_latching"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    TAKEN_OUT = "taken_out"
    LET_GO = "let_go"  # nothing holds it back any more: it begins anew as normal, and is raised if it is active


HELD = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})
UNACKNOWLEDGED = frozenset({State.UNACKNOWLEDGED, State.RETURNED, State.LATCHED_UNACKNOWLEDGED})
#: What an operator has on the list.
STANDING = UNACKNOWLEDGED | {State.ACKNOWLEDGED, State.LATCHED}
_FREE = STANDING | {State.NORMAL}

TRANSITIONS: dict[tuple[State, Sign], State] = {
    **{(state, Sign.RAISED): State.UNACKNOWLEDGED for state in _FREE - {State.ACKNOWLEDGED}},
    (State.NORMAL, Sign.RAISED_KNOWN): State.ACKNOWLEDGED,
    (State.LATCHED, Sign.RAISED_KNOWN): State.ACKNOWLEDGED,
    (State.UNACKNOWLEDGED, Sign.CLEARED): State.RETURNED,
    (State.ACKNOWLEDGED, Sign.CLEARED): State.NORMAL,
    (State.UNACKNOWLEDGED, Sign.CLEARED_LATCHING): State.LATCHED_UNACKNOWLEDGED,
    (State.ACKNOWLEDGED, Sign.CLEARED_LATCHING): State.LATCHED,
    (State.UNACKNOWLEDGED, Sign.ACKNOWLEDGED): State.ACKNOWLEDGED,
    (State.RETURNED, Sign.ACKNOWLEDGED): State.NORMAL,
    (State.LATCHED_UNACKNOWLEDGED, Sign.ACKNOWLEDGED): State.LATCHED,
    (State.LATCHED, Sign.RESET): State.NORMAL,
    **{(state, Sign.SHELVED): State.SHELVED for state in (_FREE | HELD) - {State.SHELVED}},
    **{(state, Sign.SUPPRESSED): State.SUPPRESSED for state in (_FREE | HELD) - {State.SUPPRESSED}},
    **{(state, Sign.TAKEN_OUT): State.OUT_OF_SERVICE for state in (_FREE | HELD) - {State.OUT_OF_SERVICE}},
    **{(state, Sign.LET_GO): State.NORMAL for state in HELD},
}


def step(state: State, sign: Sign) -> State | None:
    """Where the sign leads from there; None where it means nothing."""
    return TRANSITIONS.get((state, sign))
