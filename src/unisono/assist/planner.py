"""Orders: the clauses of a sentence become one plan - what to do, when, on which condition - or why not.

Knows how clauses go together: a noun alone belongs to its neighbour's act, an order without a noun to the noun before,
a condition to the order it frames; and that what is barred, asked or told is not an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.assist.change import because
from unisono.assist.frames import Frame, hours_in, read_frame
from unisono.assist.gazetteer import Group
from unisono.assist.joining import corrected, is_order, joined, told_on
from unisono.assist.leaning import asked_again, follow_up, leaning, not_so, once_more
from unisono.assist.notices import notice_of
from unisono.assist.ordering import only_time, ordered
from unisono.assist.plan import Plan
from unisono.assist.questions import CONSUMED, asks, query_of, telling
from unisono.assist.reasons import without_reasons
from unisono.assist.relief import relief_for
from unisono.assist.remarks import remarked
from unisono.assist.retraction import held
from unisono.assist.text import Clause
from unisono.assist.timers import timer_plan
from unisono.assist.turn import Turn

__all__ = ["plan_of"]

#: Senses of a question about a thing: if there is no such thing, that is the answer.
STATES = frozenset({"on", "off", "open", "close", "lock", "unlock", "p_on", "p_off", "charge", "start", "stop"})
#: What is asked for by its name alone.
READINGS = frozenset({"temperature", "humidity", "co2", "pm25", "energy", "battery", "oee"})
CONDITIONS = frozenset({"if", "when", "whenever", "unless", "while", "after", "before"})


def plan_of(clauses: Sequence[Clause], turn: Turn) -> Plan:
    """The plan for the clauses of a sentence."""
    plan = _read(clauses, turn)
    if plan.outcome in ("ignore", "refuse", "answer") and remarked(clauses, turn):
        return Plan(outcome="ask", why="what_to_do")  # "the radiators are stone cold": what could be done about it
    return plan


def _read(clauses: Sequence[Clause], turn: Turn) -> Plan:
    offered = turn.memory.offer
    if offered is not None and _agreed(clauses):
        return offered
    about_time = timer_plan(clauses, turn)
    if about_time is not None:
        return about_time
    clauses, turn = without_reasons(clauses, turn)
    frames = [read_frame(clause, turn.world, turn.where, turn.spoken) for clause in clauses]
    frames, back = held(frames)
    if back and not frames:
        return Plan(outcome="refuse", why="negated")
    frames = corrected(frames)
    told_on(frames)
    if len(frames) == 1 and turn.memory.frame is not None:
        not_so(frames[0])
    conditions = [frame for frame in frames if frame.clause.trigger in CONDITIONS]
    others = [frame for frame in frames if frame.clause.trigger is None]
    barred = [frame for frame in others if frame.clause.bar is not None]
    barred_conditions = [frame for frame in conditions if frame.clause.bar not in (None, "negated", "past")]
    if barred_conditions:
        return _barred(barred_conditions[0], turn)
    open_ = [frame for frame in others if frame.clause.bar is None]
    orders = [frame for frame in joined(open_) if is_order(frame, turn)]
    if any(frame.clause.bar in ("reported", "hypothetical", "quoted") for frame in barred):
        return _barred(barred[0], turn)
    notice = notice_of(open_, conditions, turn)
    if notice is not None:
        return notice
    questions = [frame for frame in open_ if asks(frame) and not is_order(frame, turn)]
    again = once_more(open_, turn)
    if again is not None:
        return again
    if leaning(open_, turn):
        followed = follow_up(open_, turn)
        if followed is not None:
            return followed
    endless = [frame for frame in frames if frame.clause.trigger == "until" and not only_time(frame)]
    if orders and endless and not barred:
        return Plan(outcome="ask", why="unsure:until")  # an end is a time; nothing is begun whose end is not known
    if orders and any(frame.clause.trigger == "because" and _due(frame) for frame in frames):
        return Plan(outcome="ask", why="unsure:time")  # "so it's done by five": when to begin, nobody said
    asked = asked_again(open_, turn)
    if asked is not None:
        return _asked([asked], turn)
    if orders and not (questions and questions[0] is open_[0] and not orders[0].act):
        beside = [frame for frame in others if not any(frame is order for order in orders)]
        return ordered(orders, conditions, beside, turn)
    followed = follow_up(open_, turn)
    if followed is not None:
        return followed
    if questions:
        return _asked(questions, turn)
    felt = [f for f in open_ if _felt(f)]
    # "I can't sleep, it's too warm": what is not, and is nothing to be done, forbids no relief
    if barred and not (felt and all(f.act in (None, "keep") and not any(g.things for g in f.groups) for f in barred)):
        return _barred(barred[0], turn)
    if felt:
        return relief_for(felt, turn)
    bare = [
        frame
        for frame in open_
        if frame.traits and (_only_traits(frame) or any(g.things or g.places for g in frame.groups))
    ]
    if bare:
        return _asked(bare, turn)
    told = all(frame.clause.mood != "question" for frame in conditions)
    if conditions and told and not others and turn.memory.frame is not None:
        base = msgspec.structs.replace(turn.memory.frame, times=())
        return ordered([base], conditions, [], turn, leaning=True)  # "turn on the fan" - "when it is too hot"
    if any(group.things for frame in conditions for group in frame.groups) and not any(f.elsewhere for f in frames):
        return Plan(outcome="ask", why="unsure:condition")  # something of this home sets off what cannot be read
    return _nothing(open_, turn)


def _felt(frame: Frame) -> bool:
    """Is it a complaint of this home? "That's loud enough" is none; "the lamp is too bright for a film" is."""
    own = any(group.named and group.things and group.role == "" for group in frame.groups)
    heard = frame.complaint in ("quiet", "loud")  # of a film, a song
    return bool(frame.complaint) and "enough" not in frame.senses and (own or heard or not frame.elsewhere)


def _due(frame: Frame) -> bool:
    """Does a reason say by when: "so it's done by five"?"""
    hours = hours_in(frame.clause.pieces, by=True).values()
    return any(time.due for time in (*frame.times, *hours))


def _agreed(clauses: Sequence[Clause]) -> bool:
    """Is it a yes, and nothing else?"""
    pieces = [piece for clause in clauses for piece in clause.pieces]
    beside = {"please", "filler", "it", "function"}
    return any("yes" in piece.senses for piece in pieces) and all(
        set(piece.senses) & (beside | {"yes"}) and not piece.named for piece in pieces
    )


def _barred(frame: Frame, turn: Turn) -> Plan:
    """An order that must not be carried out: refused where it is about this home, else ignored."""
    del turn
    about = any(group.things or group.places for group in frame.groups)
    if not about or frame.clause.bar == "past":
        return Plan(outcome="ignore")
    return Plan(outcome="refuse", why=frame.clause.bar)


def _asked(questions: Sequence[Frame], turn: Turn) -> Plan:
    first = questions[0]
    if len(questions) > 1 and all(telling(frame) for frame in questions):
        return _each(questions, turn)
    for frame in questions[1:]:
        first.groups = (*first.groups, *frame.groups)
        first.traits = (*first.traits, *frame.traits)
        first.senses |= frame.senses
        first.times = (*first.times, *frame.times)
    nowhere = next((group for group in first.groups if group.role == "in" and _unknown_place(group)), None)
    if nowhere is not None and not first.elsewhere and not any(group.places for group in first.groups):
        return because("refuse", "no_such_place", nowhere.said, turn)  # what is asked of it, no other place answers
    for frame in questions:
        query = query_of(frame, turn.world, turn.where, turn.memory, turn.now)
        if query is not None:
            if query.trait == "on_off" and len(query.things) > 1 and _of_nothing(frame, turn):
                return Plan(outcome="ask", why="which_thing")  # "is it on", after nothing
            turn.memory.asked = frame
            return Plan(outcome="answer", query=query)
    for frame in questions:
        absent = next((group for group in frame.groups if group.why is not None and group.role != "for"), None)
        if absent is not None and not frame.elsewhere and frame.senses & STATES:
            return because("refuse", "no_such_thing", absent.said, turn)
        owned = next((group for group in frame.groups if group.things or group.kinds or group.traits), None)
        if owned is not None and not frame.elsewhere and any(group.places for group in frame.groups):
            return because("refuse", "no_such_thing", owned.said, turn)
        silent = next((group for group in frame.groups if group.things), None)
        if silent is not None and not frame.elsewhere and set(frame.traits) & set(CONSUMED):
            return because("refuse", "not_possible", silent.said, turn)  # it counts nothing
    return Plan(outcome="ignore")


def _of_nothing(frame: Frame, turn: Turn) -> bool:
    """Does an "it" stand for nothing that was spoken of?"""
    said = [group for group in frame.groups if group.role == ""]
    return bool(said) and all(group.pronoun == "it" for group in said) and not turn.memory.things


def _unknown_place(group: Group) -> bool:
    return bool(group.strange or group.why == "no_such_place") and not (group.things or group.places or group.kinds)


def _each(questions: Sequence[Frame], turn: Turn) -> Plan:
    """Several questions in one sentence, each with its own answer; who names nothing asks of the same."""
    found = []
    for before, frame in pairwise((questions[0], *questions)):
        if not any(group.things or group.places or group.why for group in frame.groups):
            frame.groups = before.groups
        query = query_of(frame, turn.world, turn.where, turn.memory, turn.now)
        if query is None:
            return Plan(outcome="ask", why="unsure:which")  # one half is no answer
        found.append(query)
    turn.memory.asked = questions[-1]
    return Plan(outcome="answer", query=found[0], beside=tuple(found[1:]))


def _only_traits(frame: Frame) -> bool:
    """ "Temperature", "the humidity please": a reading is asked for by its name."""
    said = [piece for piece in frame.clause.pieces if not set(piece.senses) & {"filler", "please", "det"}]
    named = all(any(sense.startswith("trait:") for sense in piece.senses) for piece in said)
    return frame.act is None and named and set(frame.traits) <= READINGS


def _nothing(frames: Sequence[Frame], turn: Turn) -> Plan:
    del turn
    if any(group.things for frame in frames for group in frame.groups) and not any(frame.elsewhere for frame in frames):
        return Plan(outcome="ask", why="what_to_do")
    return Plan(outcome="ignore")
