"""Timers, alarms and reminders: "ten minutes for the eggs", "pause the pizza timer", "remind me to call mum at six".

Knows how they stand in a plan - `remind` at a time, `cancel` of what was asked for, `timer` added to, paused, resumed.
Knows nothing of who keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from unisono.assist.frames import hours_in
from unisono.assist.plan import Plan, Query, Step, When
from unisono.assist.scope import ACTIONS, ASKING
from unisono.assist.text import Clause, Piece, Time
from unisono.assist.times import when
from unisono.assist.turn import Turn

__all__ = ["timer_plan"]

#: What is said of a timer beside its name.
BESIDE = frozenset(
    (
        *("timer", "please", "filler", "function", "det", "in", "for", "want", "indefinite", "all", "to", "by", "is"),
        *("it", "from", "question", "tell", "what", "how_much", "can", "i", "left", "idle", "remind", "and", "more"),
        *("also", "only", "spell"),
    )
)


def timer_plan(clauses: Sequence[Clause], turn: Turn) -> Plan | None:
    """The plan of a sentence about a timer or a reminder; None where it is about neither."""
    pieces = [piece for clause in clauses for piece in clause.pieces if not piece.named or "timer" in piece.senses]
    senses = {sense for piece in pieces for sense in piece.senses}
    if not senses & {"timer", "remind", "wake"}:
        return None
    bars = [clause.bar for clause in clauses if clause.bar not in (None, "quoted")]
    asked = any(clause.mood == "question" for clause in clauses) or bool(senses & ASKING)
    if bars and not (asked and "timer" in senses):
        return Plan(outcome="refuse", why=bars[0])
    if "timer" in senses and _on_a_timer(clauses):
        return Plan(outcome="ask", why="unsure:timer")
    if "timer" in senses:
        return _timer(clauses, pieces, senses, turn, asked=asked)
    if asked or any(clause.trigger in ("if", "when", "whenever") and clause.pieces for clause in clauses):
        return None
    return _reminder(clauses, senses, turn)


def _timer(clauses: Sequence[Clause], pieces: Sequence[Piece], senses: set[str], turn: Turn, *, asked: bool) -> Plan:
    times = [time for clause in clauses for time in clause.times]
    lengths = [time.seconds for time in times if time.seconds is not None and time.role in ("for", "after")]
    name = _name(pieces)
    if asked or "trait:state" in senses or "how_long" in senses or "trait:level" in senses:
        return Plan(outcome="answer", query=Query(ask="state", trait="timer"))
    if lengths and senses & {"down", "from"} and not senses & {"stop"}:
        return Plan(outcome="act", steps=(Step(op="add", trait="timer", value=-lengths[0], unit="s", text=name),))
    if lengths and senses & {"up", "more"}:
        return Plan(outcome="act", steps=(Step(op="add", trait="timer", value=lengths[0], unit="s", text=name),))
    if senses & {"pause"}:
        return Plan(outcome="act", steps=(Step(op="set", trait="timer", value="pause", text=name),))
    if senses & {"resume"}:
        return Plan(outcome="act", steps=(Step(op="set", trait="timer", value="resume", text=name),))
    if senses & {"stop", "cancel", "off"}:
        return Plan(outcome="act", steps=(Step(op="cancel", text=name or "timer"),))
    if lengths:
        step = Step(op="remind", text=name or "timer", to=turn.speaker.person)
        return Plan(outcome="later", steps=(step,), when=When(after_s=sum(lengths)))
    moment = when(times, turn.now)
    if moment is not None and moment.at is not None and moment.every is None:
        return Plan(
            outcome="later", steps=(Step(op="remind", text=name or "timer", to=turn.speaker.person),), when=moment
        )
    return Plan(outcome="ask", why="what_value")


def _on_a_timer(clauses: Sequence[Clause]) -> bool:
    """ "The heating on a timer from six to eight": a rhythm of the heating, and no reminder."""
    pieces = [piece for clause in clauses for piece in clause.pieces]
    at = next((at for at, piece in enumerate(pieces) if "timer" in piece.senses and not piece.named), 0)
    before = [piece for piece in pieces[:at] if "det" not in piece.senses]
    return bool(before) and "p_on" in before[-1].senses and any(piece.things for piece in before)


def _name(pieces: Sequence[Piece]) -> str | None:
    """What the timer is for: the words that say nothing else."""
    words = [
        piece.text
        for piece in pieces
        if piece.kind == "word"
        and (piece.named or not set(piece.senses) & (BESIDE | ACTIONS | {"p_off", "p_on", "cancel"}))
    ]
    return " ".join(words) or None


def _reminder(clauses: Sequence[Clause], senses: set[str], turn: Turn) -> Plan | None:
    times = [time for clause in clauses for time in clause.times]
    hours = [hour for clause in clauses for hour in hours_in(clause.pieces).values()]
    times.extend(hours)
    if "wake" in senses:
        times = [_early(time) for time in times]
    moment = when(times, turn.now)
    if moment is not None and moment.every == "other":
        return Plan(outcome="ask", why="unsure:every")
    words: list[str] = []
    begun = False
    for clause in clauses:
        for piece in clause.pieces:
            if begun:
                words.append(" ".join(token.text for token in piece.tokens))
            begun = begun or bool(set(piece.senses) & {"remind", "wake"})
    while hours and len(words) > 1 and words[-1].replace(".", "").isdigit():
        del words[-2:]
    to_do = words[:1] == ["to"]
    soon = moment is not None and moment.after_s is not None and to_do
    # "remind me to take the roast out at quarter to seven", of today or of each of some days
    led = next((piece for piece in clauses[0].pieces if not set(piece.senses) & {"filler", "please"}), None)
    led_by = led is not None and "remind" in led.senses and len(led.tokens) > 1 and not led.fuzzy
    to_do = to_do and led_by and any(time.clock is not None for time in times)
    to_do = to_do and not any(time.date or time.weekday or (time.days or 0) > 1 for time in times)
    if "elsewhere" in senses and not (soon or to_do):
        return Plan(outcome="ask", why="unsure")  # a meeting is a calendar's; to call somebody in ten minutes is ours
    while words and words[0] in ("to", "that", "about", "of", "for", "me", "at"):
        words.pop(0)
    text = " ".join(words)
    if "wake" in senses and "remind" not in senses:
        if _of_home(clauses):
            return Plan(outcome="ask", why=f"unsure:{text}")  # "with the bedroom light": more than a message was meant
        text = text or "alarm"
        if moment is None:
            return Plan(outcome="ask", why="what_time")
    if not text:
        return Plan(outcome="ask", why="what_to_do") if moment is None else None
    if moment is None:
        return Plan(outcome="ask", why="what_time")
    step = Step(op="remind", text=text, to=turn.speaker.person)
    plan = Plan(outcome="automate" if moment.every is not None else "later", steps=(step,), when=moment)
    if moment.after_s is None and not (hours or to_do) and not _of_home(clauses) and "wake" not in senses:
        # an appointment is a calendar's ("remind me of the dentist at four"); whoever means us says so with a yes
        turn.memory.offer = plan
        return Plan(outcome="ask", why=f"unsure:{text}")
    return plan


def _early(time: Time) -> Time:
    """Who wants to be woken at seven means the morning."""
    said = time.half or time.part or time.clock is None
    return time if said else msgspec.structs.replace(time, half="am")


def _of_home(clauses: Sequence[Clause]) -> bool:
    """Does the reminder speak of this home?"""
    pieces = [piece for clause in clauses for piece in clause.pieces]
    return any(
        not piece.fuzzy and (piece.named or any(sense.startswith("kind:") for sense in piece.senses))
        for piece in pieces
    )
