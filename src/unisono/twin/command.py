"""The life of a command: one enum, one transition table.

Pure; time is passed in as elapsed microseconds. Acknowledged is not confirmed: only a report of the wanted value
confirms a ``set``, only its reply confirms a ``call``. What can never be answered (the press of a button whose language
has no word for that) ends as acknowledged when it was given to who listens: nothing stays open, nothing is claimed.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from unisono.twin.record import Asked

__all__ = ["DEFAULT_TTL_S", "REFUSED", "TRANSITIONS", "Audit", "Command", "Sign", "State", "step"]

#: How long a command waits for an absent thing when nobody said: a person who pressed a switch and walked away does not
#: want the lamp to jump an hour later.
DEFAULT_TTL_S = 60.0
#: In the audit, the state of a wish that was refused before it became a command.
REFUSED = "refused"


class State(enum.StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    MISMATCH = "mismatch"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class Sign(enum.IntEnum):  # an int's hash: the table is looked into twice a command
    """What can happen to a command."""

    SENT = enum.auto()  # it left for the thing
    ACKNOWLEDGED = enum.auto()  # the thing said it will
    MATCHED = enum.auto()  # the thing reported the wanted value, or answered the call
    REFUSED = enum.auto()  # the thing said it will not
    OVERDUE = enum.auto()  # nothing more came in time
    OVERDUE_DIFFERENT = enum.auto()  # time is up, and what it reported since is another value
    AWAY_TOO_LONG = enum.auto()  # its ttl passed before it could be sent
    REPLACED = enum.auto()  # a later command wants the same property
    NOT_SENT = enum.auto()  # it could not be sent, or nobody knows whether it was
    GIVEN = enum.auto()  # the thing, or who listens for it, was given it, and nobody has a way to say more: its end


_WAITING = {Sign.REPLACED: State.SUPERSEDED, Sign.NOT_SENT: State.FAILED}

#: state > sign > next state; a sign that a state does not list changes nothing (it came late).
TRANSITIONS: dict[State, dict[Sign, State]] = {
    State.QUEUED: {
        **_WAITING,
        Sign.SENT: State.SENT,
        Sign.AWAY_TOO_LONG: State.EXPIRED,
        # the device may answer before the gateway's word that it was sent is folded
        Sign.ACKNOWLEDGED: State.ACKNOWLEDGED,
        Sign.MATCHED: State.CONFIRMED,
        Sign.REFUSED: State.REJECTED,
        Sign.GIVEN: State.ACKNOWLEDGED,
    },
    State.SENT: {
        **_WAITING,
        Sign.GIVEN: State.ACKNOWLEDGED,
        Sign.ACKNOWLEDGED: State.ACKNOWLEDGED,
        Sign.MATCHED: State.CONFIRMED,
        Sign.REFUSED: State.REJECTED,
        Sign.OVERDUE: State.TIMEOUT,
        Sign.OVERDUE_DIFFERENT: State.TIMEOUT,
    },
    State.ACKNOWLEDGED: {
        **_WAITING,
        Sign.GIVEN: State.ACKNOWLEDGED,
        Sign.MATCHED: State.CONFIRMED,
        Sign.REFUSED: State.REJECTED,
        Sign.OVERDUE: State.TIMEOUT,
        Sign.OVERDUE_DIFFERENT: State.MISMATCH,
    },
    State.CONFIRMED: {},
    State.MISMATCH: {},
    State.TIMEOUT: {},
    State.REJECTED: {},
    State.EXPIRED: {},
    State.SUPERSEDED: {},
    State.FAILED: {},
}


class Command(msgspec.Struct, array_like=True, gc=False):
    """One intended change and where it is in its life. Moments are elapsed microseconds, 0: none.

    ``sending`` is set when the log says that what must not be repeated is about to leave; ``differs`` when the thing
    reported another value since it was sent. ``deadline`` is when time is up, ``latest`` when it is whatever still
    moves, ``again`` when it is sent once more, ``expires`` when its ttl is over, ``settles`` when a value that stands
    still is where it ended; ``passing`` is that value, ``restless`` that it moved. ``held``: an interlock cannot be
    judged yet. ``code`` says by a key of `unisono.errors.CODES` why it ended, where one fits. ``turn`` counts the
    commands that ended, in order.
    """

    asked: Asked
    state: State = State.QUEUED
    why: str | None = None
    ended: int | None = None
    output: Any = None
    deadline: int = 0
    sending: bool = False
    differs: bool = False
    turn: int = 0
    code: str | None = None
    expires: int = 0
    again: int = 0
    latest: int = 0
    settles: int = 0
    passing: dict[str, Any] | None = None
    restless: bool = False
    held: bool = False

    @property
    def open(self) -> bool:
        return self.ended is None and bool(TRANSITIONS[self.state])

    @property
    def unanswered(self) -> bool:
        """It ended without an answer, which nobody could give."""
        return self.state is State.ACKNOWLEDGED and self.ended is not None


class Audit(msgspec.Struct, array_like=True):
    """What became of a command, to be kept; or what was refused, in the state `REFUSED`. Times are wall microseconds.

    ``root``: the root place of its thing.
    """

    asked: Asked
    root: str
    state: str
    ended: int
    why: str | None = None
    code: str | None = None
    output: Any = None


def step(command: Command, sign: Sign, at: int, why: str | None = None) -> bool:
    """Let a sign happen to a command; returns whether its state changed. ``at``: wall microseconds, kept at the end."""
    following = TRANSITIONS[command.state].get(sign)
    if following is None or command.ended is not None:
        return False
    command.state = following
    if why is not None:
        command.why = why
    if sign is Sign.GIVEN or not TRANSITIONS[following]:
        command.ended = at
    return True
