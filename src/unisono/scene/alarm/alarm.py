"""One alarm: the condition of one definition at one thing, its delays, and what people do about it.

Knows its facts, the sources that it follows and the table of states. Time is elapsed time as ticks tell it: what begins
to count between two ticks is dated by the next one, which the owner appends at once, back to when it was said.
"""

from __future__ import annotations

from typing import Any, Protocol

from unisono.errors import CallerError
from unisono.scene.alarm.document import Definition
from unisono.scene.alarm.facts import Facts
from unisono.scene.alarm.state import HELD, UNACKNOWLEDGED, Sign, State, step
from unisono.scene.watching.gate import Gate

__all__ = ["Alarm", "Desk"]

SECOND = 1_000_000
HOUR_US = 3_600 * SECOND
#: Raised so often within a minute it chatters (ISA-18.2, clause 16.5.3: "three or more in one minute").
CHATTER_RINGS = 3
CHATTER_US = 60 * SECOND
#: Quiet for so long it no longer does.
CALM_US = 600 * SECOND
#: What counts: delay, escalation, shelf, calm.
DELAY, CALL, SHELF, CALM = "d", "e", "s", "c"

NOBODY: dict[str, str] = {}


class Desk(Protocol):
    """What an alarm needs of the observer that keeps it."""

    @property
    def elapsed(self) -> int: ...
    @property
    def wall(self) -> int: ...
    def began(self, at: int) -> int:
        """Elapsed time of what was said at a wall time since the tick before the last."""
        ...

    def remind(self, after_us: int, key: str) -> None: ...
    def unsettled(self, alarm: Alarm) -> None:
        """Call `Alarm.settle` at the next tick, which is wanted now."""
        ...

    def touch(self, alarm: Alarm) -> None:
        """Its facts have changed."""
        ...

    def seen(self, alarm: Alarm) -> Any:
        """The value that it looks at."""
        ...

    def describe(self, alarm: Alarm) -> str: ...
    def suppressor(self, alarm: Alarm) -> str:
        """What suppresses it now, in words; empty for nothing."""
        ...

    def tell(self, alarm: Alarm, act: str, before: State, at: int, by: dict[str, str], comment: str) -> None:
        """Write a line of history."""
        ...

    def turned(self, alarm: Alarm) -> None:
        """Its condition began or ended: others may be suppressed by it, or no longer."""
        ...

    def rang(self, alarm: Alarm, times: int) -> None:
        """People were called so often since the last tick; ``elapsed`` dates it."""
        ...

    def notify(self, alarm: Alarm) -> None: ...
    def escalate(self, alarm: Alarm) -> None: ...
    def recall(self, alarm: Alarm) -> None:
        """It is over: whoever has not heard of it yet must not hear that it goes on."""
        ...


class Alarm:
    """``source`` says whether the condition holds (None for an event, which lasts no time), ``clearing`` whether it is
    over, where that is a condition of its own."""

    __slots__ = ("clearing", "definition", "desk", "facts", "source", "stateful")

    def __init__(self, definition: Definition, thing: str, desk: Desk) -> None:
        self.definition = definition
        self.desk = desk
        self.facts = Facts(f"{definition.id}.{thing}", definition.id, thing, definition.severity)
        self.source: Gate | None = None
        self.clearing: Gate | None = None
        self.stateful = False

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def state(self) -> State:
        return self.facts.state

    @property
    def lasting(self) -> bool:
        """Whether it goes on until it is over. An event that nothing clears has no end that says anything."""
        return self.source is not None or self.definition.clear is not None

    def _key(self, what: str) -> str:
        return f"{self.facts.id}|{what}"

    # the condition

    def look(self, at: int) -> None:
        """Whatever its sources say, they may say something else now."""
        raising = self.source.holds if self.source is not None else None
        if not self.facts.active:
            self._wait(raising is True, at)
        elif self.clearing is not None:
            self._wait(self.clearing.holds is True and raising is not True, at)
        elif self.source is not None:
            self._wait(raising is False, at)

    def happened(self, at: int) -> None:
        """The event came that raises it."""
        self._wait(False, at)
        self._raise(at)
        if self.definition.clear is None:
            self._wait(True, at)

    def over(self, at: int) -> None:
        """The event came that clears it."""
        if self.facts.active:
            self._wait(True, at)

    @property
    def _delay_us(self) -> int:
        definition = self.definition
        return int((definition.off_delay_s if self.facts.active else definition.on_delay_s) * SECOND)

    def _wait(self, wanted: bool, at: int) -> None:
        """The opposite of what is the case holds: when it has for long enough, the alarm turns."""
        facts = self.facts
        if wanted is facts.waiting:
            return
        facts.waiting, facts.waiting_at = wanted, at
        facts.since = None
        self.desk.touch(self)
        if wanted:
            if self._delay_us:
                self.desk.unsettled(self)
            else:
                self._turn(at)

    def _turn(self, at: int) -> None:
        self.facts.waiting = False
        if self.facts.active:
            self._clear(at)
        else:
            self._raise(at)

    def _raise(self, at: int) -> None:
        facts, desk = self.facts, self.desk
        was = facts.active
        facts.active, facts.raised = True, at
        facts.count += 1
        facts.value = desk.seen(self)
        facts.text = desk.describe(self)
        desk.touch(self)
        facts.why = desk.suppressor(self)
        if facts.why:
            self._hold("suppressed", at)
        elif facts.state not in HELD:
            self._step(self._raised, "raised", at)
        if not was:
            desk.turned(self)

    @property
    def _raised(self) -> Sign:
        return Sign.RAISED if self.definition.acknowledge else Sign.RAISED_KNOWN

    def _clear(self, at: int) -> None:
        facts = self.facts
        facts.active, facts.cleared, facts.why = False, at, ""
        self.desk.touch(self)
        if facts.state is State.SUPPRESSED:
            self._step(self._held or Sign.LET_GO, "cleared", at)
        elif facts.state not in HELD:
            self._step(Sign.CLEARED_LATCHING if self.definition.latching else Sign.CLEARED, "cleared", at)
        if facts.told and self.lasting:
            facts.told = False
            self.desk.recall(self)
        self.desk.turned(self)

    def _step(self, sign: Sign, act: str, at: int, by: dict[str, str] = NOBODY, comment: str = "") -> bool:
        """Move by the table; what the table does not know changes nothing."""
        facts, before = self.facts, self.facts.state
        after = step(before, sign)
        if after is None:
            return False
        facts.state = after
        if sign is Sign.LET_GO and facts.active:
            facts.state = step(after, self._raised) or after
        called = sign in (Sign.RAISED, Sign.RAISED_KNOWN) or (sign is Sign.LET_GO and facts.active)
        if facts.state not in UNACKNOWLEDGED:
            facts.calling = False
        elif called and self.definition.escalate is not None:
            facts.calling, facts.calling_at, facts.called, facts.calls = True, at, None, 0
        self.desk.touch(self)
        self.desk.tell(self, act, before, at, by, comment)
        if called:
            facts.rung += 1
            self.desk.unsettled(self)
            self.desk.notify(self)
        return True

    # what holds it back

    @property
    def _held(self) -> Sign | None:
        """What holds it back, the strongest first."""
        if self.facts.out:
            return Sign.TAKEN_OUT
        if self.facts.active and self.facts.why:
            return Sign.SUPPRESSED
        return Sign.SHELVED if self.facts.shelved else None

    def _hold(self, act: str, at: int, by: dict[str, str] = NOBODY, comment: str = "") -> None:
        """What holds it back has changed."""
        self._step(self._held or Sign.LET_GO, act, at, by, comment)

    def weigh(self, at: int) -> None:
        """What suppresses it may have changed."""
        facts = self.facts
        why = self.desk.suppressor(self) if facts.active else ""
        if why == facts.why:
            return
        was, facts.why = facts.why, why
        self.desk.touch(self)
        if not (was and why):
            self._hold("suppressed" if why else "unsuppressed", at)

    # time

    def settle(self) -> None:
        """A tick came: it dates what has begun."""
        facts, desk = self.facts, self.desk
        if facts.waiting and facts.since is None:
            facts.since = desk.began(facts.waiting_at)
            if not facts.armed:
                facts.armed = True
                desk.remind(max(0, facts.since + self._delay_us - desk.elapsed), self._key(DELAY))
        if facts.calling and facts.called is None:
            self._call_later(desk.began(facts.calling_at))
        if facts.shelved and facts.shelf is None:
            facts.shelf = desk.began(facts.until - facts.shelf_us) + facts.shelf_us
            desk.remind(max(0, facts.shelf - desk.elapsed), self._key(SHELF))
        if facts.rung:
            rung, facts.rung = facts.rung, 0
            facts.rings = [*facts.rings, *[desk.elapsed] * rung][-CHATTER_RINGS:]
            often = len(facts.rings) == CHATTER_RINGS and facts.rings[-1] - facts.rings[0] <= CHATTER_US
            if often and not facts.chattering:
                facts.chattering = True
                desk.remind(CALM_US, self._key(CALM))
            desk.rang(self, rung)
        desk.touch(self)

    def due(self, what: str) -> None:
        """One of its reminders came. Those of what has ended since find nothing to do."""
        facts, desk = self.facts, self.desk
        if what == DELAY:
            self._delay_due()
        elif what == CALL:
            if facts.calling and facts.called is not None and self._escalation_us <= desk.elapsed - facts.called:
                self._escalate()
        elif what == SHELF:
            if facts.shelved and facts.shelf is not None and facts.shelf <= desk.elapsed:
                self._unshelve()
                self._hold("shelf_ended", desk.wall)
        elif facts.chattering:
            left = facts.rings[-1] + CALM_US - desk.elapsed
            facts.chattering = left > 0
            if left > 0:
                desk.remind(left, self._key(CALM))
        desk.touch(self)

    def _delay_due(self) -> None:
        facts, desk = self.facts, self.desk
        facts.armed = False
        if not facts.waiting or facts.since is None:
            return
        left = facts.since + self._delay_us - desk.elapsed
        if left > 0:
            facts.armed = True
            desk.remind(left, self._key(DELAY))
        else:
            self._turn(desk.wall)

    @property
    def _escalation_us(self) -> int:
        return int(self.definition.escalate.after_s * SECOND) if self.definition.escalate is not None else 0

    def _call_later(self, since: int) -> None:
        self.facts.called = since
        self.desk.remind(max(0, since + self._escalation_us - self.desk.elapsed), self._key(CALL))

    def _escalate(self) -> None:
        facts, escalation = self.facts, self.definition.escalate
        assert escalation is not None
        facts.calls += 1
        self.desk.tell(self, "escalated", facts.state, self.desk.wall, NOBODY, f"call {facts.calls}")
        self.desk.escalate(self)
        facts.calling = facts.calls < escalation.times
        if facts.calling:
            self._call_later(self.desk.elapsed)

    # what people do

    def check(self, act: str, for_s: float = 0.0) -> None:
        """Whether a person's act can be. Raises CallerError ``wrong_state``, ``bad_value`` or ``bad_request``."""
        if act not in ACTS:
            raise CallerError(f"{act!r} is nothing to do about an alarm", field="act", expected=", ".join(ACTS))
        facts, most_h = self.facts, self.definition.shelve_h
        if act == "shelve":
            if not most_h:
                raise CallerError(
                    f"{self.id} must not be put aside", code="wrong_state", expected="its cause is mended"
                )
            if not 0 < for_s * SECOND <= most_h * HOUR_US:
                detail, expected = f"it cannot be shelved for {for_s / 3600:.10g} h", f"up to {most_h:g} h"
                raise CallerError(detail, code="bad_value", field="for_s", expected=expected)
        if not self.may(act):
            expected = "one that is " + (" or ".join(state.replace("_", " ") for state in sorted(ACTS[act])))
            detail = f"{self.id} is {facts.state.replace('_', ' ')}"
            raise CallerError(detail, code="wrong_state", field="id", expected=expected)

    def may(self, act: str) -> bool:
        """Whether an act makes sense as the alarm stands."""
        facts = self.facts
        if act == "unshelve":
            return facts.shelved
        if act == "return_to_service":
            return facts.out
        return facts.state in ACTS[act] and (act != "shelve" or self.definition.shelve_h > 0)

    def do(self, act: str, at: int, by: dict[str, str], comment: str, for_s: float) -> None:
        """A person acts. Raises as `check`."""
        self.check(act, for_s)
        facts = self.facts
        self.desk.touch(self)
        facts.by, facts.comment = by, comment
        if act == "acknowledge":
            facts.acknowledged = at
            self._step(Sign.ACKNOWLEDGED, "acknowledged", at, by, comment)
        elif act == "reset":
            self._step(Sign.RESET, "reset", at, by, comment)
        elif act == "shelve":
            facts.shelved, facts.shelf, facts.shelf_us = True, None, int(for_s * SECOND)
            facts.until = at + facts.shelf_us
            self.desk.unsettled(self)
            self._hold("shelved", at, by, comment)
        elif act == "unshelve":
            self._unshelve()
            self._hold("unshelved", at, by, comment)
        elif act == "take_out":
            facts.out = True
            self._hold("taken_out", at, by, comment)
        else:
            facts.out = False
            self._hold("returned_to_service", at, by, comment)

    def _unshelve(self) -> None:
        self.facts.shelved, self.facts.shelf, self.facts.until = False, None, 0

    # keeping

    def saved(self) -> Facts:
        self.facts.source = self.source.saved() if self.source is not None else None
        self.facts.clearing = self.clearing.saved() if self.clearing is not None else None
        return self.facts

    def restore(self, facts: Facts) -> None:
        """Go on from a checkpoint; reminders that were set are among the partition's own."""
        self.facts = facts
        facts.severity = self.definition.severity
        for gate, saved in ((self.source, facts.source), (self.clearing, facts.clearing)):
            if gate is not None and saved is not None:
                gate.restore(saved)
        waits = facts.waiting and facts.since is None
        if waits or facts.rung or (facts.calling and facts.called is None) or (facts.shelved and facts.shelf is None):
            self.desk.unsettled(self)


#: What people may do about an alarm, and the states in which it makes sense.
ACTS: dict[str, frozenset[State]] = {
    "acknowledge": UNACKNOWLEDGED,
    "reset": frozenset({State.LATCHED}),
    "shelve": frozenset(State) - {State.OUT_OF_SERVICE, State.SHELVED},
    "unshelve": frozenset({State.SHELVED}),
    "take_out": frozenset(State) - {State.OUT_OF_SERVICE},
    "return_to_service": frozenset({State.OUT_OF_SERVICE}),
}
