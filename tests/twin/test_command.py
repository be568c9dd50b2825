"""The transition table, state by state and sign by sign; it is the design's drawing."""

from __future__ import annotations

import pytest

from unisono.twin.command import TRANSITIONS, Command, Sign, State, step
from unisono.twin.record import Asked

OPEN = (State.QUEUED, State.SENT, State.ACKNOWLEDGED)
ENDS = tuple(state for state in State if state not in OPEN)

#: Rows: signs; columns: queued, sent, acknowledged. "" changes nothing.
TABLE: dict[Sign, tuple[str, str, str]] = {
    Sign.SENT: ("sent", "", ""),
    Sign.ACKNOWLEDGED: ("acknowledged", "acknowledged", ""),
    Sign.MATCHED: ("confirmed", "confirmed", "confirmed"),
    Sign.REFUSED: ("rejected", "rejected", "rejected"),
    Sign.OVERDUE: ("", "timeout", "timeout"),
    Sign.OVERDUE_DIFFERENT: ("", "timeout", "mismatch"),
    Sign.AWAY_TOO_LONG: ("expired", "", ""),
    Sign.REPLACED: ("superseded", "superseded", "superseded"),
    Sign.NOT_SENT: ("failed", "failed", "failed"),
    Sign.GIVEN: ("acknowledged", "acknowledged", "acknowledged"),
}


def command(state: State) -> Command:
    return Command(Asked("c1", "lamp", 1, {}, {"on_off": True}), state, why="earlier")


@pytest.mark.parametrize("sign", Sign)
@pytest.mark.parametrize("state", OPEN)
def test_an_open_command_moves_as_the_table_says(state: State, sign: Sign) -> None:
    before = command(state)
    following = TABLE[sign][OPEN.index(state)]
    assert step(before, sign, 77, "because") is bool(following)
    assert before.state == (following or state)
    assert before.why == ("because" if following else "earlier")
    over = bool(following) and (following in ENDS or sign is Sign.GIVEN)
    assert before.ended == (77 if over else None)
    assert before.open is not over
    assert before.unanswered is (sign is Sign.GIVEN and over)


@pytest.mark.parametrize("sign", Sign)
@pytest.mark.parametrize("state", ENDS)
def test_a_late_sign_changes_nothing(state: State, sign: Sign) -> None:
    ended = command(state)
    assert not step(ended, sign, 77, "because")
    assert (ended.state, ended.why, ended.ended, ended.open) == (state, "earlier", None, False)


@pytest.mark.parametrize("sign", Sign)
def test_what_nobody_can_answer_has_ended_as_acknowledged(sign: Sign) -> None:
    given = command(State.SENT)
    assert step(given, Sign.GIVEN, 77, "told")
    assert not step(given, sign, 78, "late")
    assert (given.state, given.why, given.ended, given.open) == (State.ACKNOWLEDGED, "told", 77, False)


def test_a_step_without_a_reason_keeps_the_earlier_one() -> None:
    sent = command(State.QUEUED)
    assert step(sent, Sign.SENT, 77)
    assert (sent.state, sent.why, sent.ended) == (State.SENT, "earlier", None)


def test_every_state_has_its_row_and_every_end_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {following for row in TRANSITIONS.values() for following in row.values()} == set(State) - {State.QUEUED}
    assert all(TRANSITIONS[state] == {} for state in ENDS)
