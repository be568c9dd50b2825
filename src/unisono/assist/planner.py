"""Orders: the clauses of a sentence become one plan - what to do, when, on which condition - or why not.

Knows how clauses go together: a noun alone belongs to its neighbour's act, an order without a noun to the noun before,
a condition to the order it frames; and that what is barred, asked or told is not an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from unisono.access import Risk
from unisono.assist.conditions import condition_of
from unisono.assist.frames import STEPPED, Frame, opposite, read_frame
from unisono.assist.gazetteer import Group
from unisono.assist.joining import corrected, is_order, joined, take_value
from unisono.assist.model import model
from unisono.assist.plan import Condition, Outcome, Plan, Step, When
from unisono.assist.questions import asks, query_of
from unisono.assist.refusals import told_why
from unisono.assist.resolver import Change, Problem, change_of, steps_of
from unisono.assist.skeleton import skeleton
from unisono.assist.targets import Aim, aim
from unisono.assist.text import Clause, Time
from unisono.assist.timers import timer_plan
from unisono.assist.times import duration, when
from unisono.assist.turn import Turn
from unisono.assist.world import World

__all__ = ["plan_of"]

#: Senses of a question about a thing: if there is no such thing, that is the answer.
STATES = frozenset({"on", "off", "open", "close", "lock", "unlock", "p_on", "p_off", "charge", "start", "stop"})
#: Traits that let somebody in.
GUARDING = frozenset({"locked", "trunk", "armed", "door"})
#: The model agrees that it is an order.
AGREED = 0.5

#: More clauses than this stand by themselves.
MAX_LEANING = 3
#: A shorter beginning of a word is no stem of it.
SHORTEST_STEM = 4

CONDITIONS = frozenset({"if", "when", "whenever", "unless", "while", "after"})

#: What a complaint asks for.
REMEDIES = {
    "dark": "brighter",
    "bright": "dimmer",
    "cold": "warmer",
    "hot": "cooler",
    "loud": "quieter",
    "quiet": "louder",
    "stuffy": "air",
    "draughty": "still",
    "humid": "drier",
    "dry": "moister",
    "dirty": "clean",
    "windy": "shelter",
}
#: Acts that only a plain order may do: what comes of them cannot be taken back.
SWITCHING = frozenset({"on", "off", "open", "close", "lock", "unlock", "start", "stop"})


def plan_of(clauses: Sequence[Clause], turn: Turn) -> Plan:
    """The plan for the clauses of a sentence."""
    offered = turn.memory.offer
    if offered is not None and _agreed(clauses):
        return offered
    about_time = timer_plan(clauses, turn)
    if about_time is not None:
        return about_time
    frames = [read_frame(clause, turn.world, turn.where, turn.spoken) for clause in clauses]
    frames = corrected(frames)
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
    notice = _notice(open_, conditions, turn)
    if notice is not None:
        return notice
    questions = [frame for frame in open_ if asks(frame) and not is_order(frame, turn)]
    again = _once_more(open_, turn)
    if again is not None:
        return again
    if _leaning(open_, turn):
        followed = _follow_up(open_, turn)
        if followed is not None:
            return followed
    if orders and not (questions and questions[0] is open_[0] and not orders[0].act):
        beside = [frame for frame in others if not any(frame is order for order in orders)]
        return _ordered(orders, conditions, beside, turn)
    followed = _follow_up(open_, turn)
    if followed is not None:
        return followed
    if questions:
        return _asked(questions, turn)
    if barred:
        return _barred(barred[0], turn)
    felt = [frame for frame in open_ if frame.complaint and not frame.elsewhere]
    if felt:
        return _felt(felt, turn)
    bare = [frame for frame in open_ if frame.traits and any(group.things or group.places for group in frame.groups)]
    if bare:
        return _asked(bare, turn)
    return _nothing(open_, turn)


def _agreed(clauses: Sequence[Clause]) -> bool:
    """Is it a yes, and nothing else?"""
    pieces = [piece for clause in clauses for piece in clause.pieces]
    beside = {"please", "filler", "it", "function"}
    return any("yes" in piece.senses for piece in pieces) and all(
        set(piece.senses) & (beside | {"yes"}) and not piece.named for piece in pieces
    )


def _leaning(frames: Sequence[Frame], turn: Turn) -> bool:
    """Does the sentence only make sense with the one before?"""
    if turn.memory.pending is None and turn.memory.frame is None:
        return False
    if any(frame.same or (frame.meant and not frame.act) for frame in frames):
        return True
    acts = [frame for frame in frames if frame.act not in (None, "value", "set")]
    bare = not acts and any(frame.groups or frame.value is not None or frame.color or frame.level for frame in frames)
    if turn.memory.pending is not None and (bare or all(frame.act in ("on", "off", None) for frame in acts)):
        return bare or (
            bool(turn.memory.choices) and not any(group.named for frame in frames for group in frame.groups)
        )
    others = any(group.pronoun in ("other", "rest") for frame in frames for group in frame.groups)
    return not acts and (others or any(frame.also or frame.clause.link == "correction" for frame in frames))


# ---- orders ----


def _ordered(
    orders: Sequence[Frame], conditions: Sequence[Frame], beside: Sequence[Frame], turn: Turn, *, leaning: bool = False
) -> Plan:
    changes: list[tuple[str, Change]] = []
    steps: list[Step] = []
    before: list[str] = []
    kept: set[str] = set()
    times: list[Time] = [time for frame in beside for time in frame.times]
    first = [thing for frame in conditions for group in frame.groups for thing in group.things]
    context = tuple(place for frame in beside for group in frame.groups if group.why is None for place in group.places)
    for frame in orders:
        times.extend(frame.times)
        scene = _scene(frame)
        if scene is not None:
            steps.append(scene)
            continue
        special = _special(frame, turn)
        if isinstance(special, Plan):
            return special
        if special is not None:
            steps.append(special)
            continue
        if frame.act in ("notify", "remind") and not frame.groups and conditions:
            said = " ".join(piece.text for condition in conditions for piece in condition.clause.pieces)
            steps.append(Step(op="notify", text=said, to=turn.speaker.person))
            continue
        if frame.act in ("notify", "remind") and not frame.groups:
            continue
        _clock_number(frame, times, turn)
        if frame.fuzzy and frame.act in ("set", "value"):
            return Plan(outcome="ask", why="unsure")
        home = any(turn.world.root in group.places for group in frame.groups)
        roving = [t for g in frame.groups for t in g.things if "dock" in turn.world.things[t].takes]
        if frame.act in ("set", "do") and not frame.predicates and home and roving:
            frame.act = "dock"
            frame.groups = tuple(group for group in frame.groups if group.things)
        if (
            frame.act == "set"
            and not frame.predicates
            and len(orders) > 1
            and not any(group.things for group in frame.groups)
        ):
            continue
        if (
            frame.act == "set"
            and not frame.predicates
            and any(time.role in ("for", "at", "after") for time in frame.times)
        ):
            frame.act = "on"
        aimed = aim(frame, turn.world, turn.where, turn.memory, before or first, context)
        if frame.act == "keep":
            kept.update(aimed.things)
            before.extend(aimed.things)
            continue
        if aimed.why is not None:
            return _missed(frame, aimed, turn)
        got = _changes(frame, aimed, turn)
        if isinstance(got, Plan):
            return got
        changes.extend(got)
        before.extend(thing for thing in aimed.things if thing not in before)
        turn.memory.frame = frame
    doubted = next((frame for frame in orders if not _sure(frame, changes, beside, turn, leaning=leaning)), None)
    steps = [*steps, *steps_of(_last_word([(thing, change) for thing, change in changes if thing not in kept]))]
    if not steps:
        told = all(frame.act in ("notify", "remind") for frame in orders)
        return Plan(outcome="ignore") if told else Plan(outcome="refuse", why="not_possible")
    found = _conditions(conditions, turn, tuple(before))
    if isinstance(found, Plan):
        return found
    for frame in conditions:
        times.extend(time for time in frame.times if time.role != "for")
    plan = _timed(tuple(steps), tuple(times), found, conditions, turn)
    if doubted is not None:
        # both opinions must agree before anything is done that cannot be taken back
        turn.memory.offer = plan
        return Plan(outcome="ask", why=f"unsure:{doubted.act}")
    return plan


def _last_word(changes: Sequence[tuple[str, Change]]) -> list[tuple[str, Change]]:
    """Of two settings of one trait the later counts: "to twenty, make it thirty"."""
    last = {(thing, change.trait): at for at, (thing, change) in enumerate(changes) if change.op == "set"}
    return [
        (thing, change)
        for at, (thing, change) in enumerate(changes)
        if change.op != "set" or last[thing, change.trait] == at
    ]


def _sure(
    frame: Frame, changes: Sequence[tuple[str, Change]], beside: Sequence[Frame], turn: Turn, *, leaning: bool
) -> bool:
    """Is a risky change plainly ordered? The grammar must have read every word, and the model take it for an order."""
    risky = [c for thing, c in changes if turn.world.risk(thing, c.trait, c.value) is not Risk.NONE]
    if not risky:
        return True
    plain = (
        not frame.fuzzy
        and not frame.elsewhere
        and not frame.strange
        and ("past" not in frame.forms or "base" in frame.forms)
    )
    if not plain or any(other.clause.bar is not None for other in beside):
        return False
    if leaning:
        # what leans on an order is one; but no door opens by a half sentence
        return not any(change.trait in GUARDING for change in risky)
    second = model(turn.spoken.code)
    return second is None or second.sort(skeleton(turn.pieces))["order"] >= AGREED


def _timed(
    steps: tuple[Step, ...],
    times: tuple[Time, ...],
    found: tuple[Condition, ...],
    conditions: Sequence[Frame],
    turn: Turn,
) -> Plan:
    """Act, later or automate."""
    moment = when(times, turn.now)
    lasts = duration(times)
    if lasts is not None and (moment is None or moment.until is None) and not found:
        until = turn.now.replace(tzinfo=None, microsecond=0)
        end = (until + timedelta(seconds=lasts)).isoformat()
        moment = When(until=end) if moment is None else msgspec.structs.replace(moment, until=end)
    if found and lasts is not None:
        return Plan(outcome="ask", why="unsure:duration")
    if found and all(_undoes(condition, steps) for condition in found) and moment is None:
        return Plan(outcome="act", steps=steps)
    if found:
        return Plan(outcome="automate", steps=steps, conditions=found, when=moment)
    if moment is None:
        return Plan(outcome="act", steps=steps)
    if moment.every is not None or (moment.at in ("sunrise", "sunset") and conditions):
        every = moment.every or "day"
        return Plan(outcome="automate", steps=steps, when=msgspec.structs.replace(moment, every=every))
    if moment.at is not None or moment.after_s is not None:
        return Plan(outcome="later", steps=steps, when=moment)
    return Plan(outcome="act", steps=steps, when=moment)


def _undoes(condition: Condition, steps: tuple[Step, ...]) -> bool:
    """ "if it is off, turn it on": what is so already needs no condition."""
    if condition.equals is None or condition.for_s is not None or len(steps) != 1:
        return False
    step = steps[0]
    return (
        step.trait == condition.trait and set(step.things) == set(condition.things) and step.value != condition.equals
    )


def _clock_number(frame: Frame, times: list[Time], turn: Turn) -> None:
    """ "start at three": a bare number after "at" beside an act that takes none is an hour."""
    del turn
    if frame.value is None or frame.unit is not None or frame.act not in SWITCHING | {"brew", "clean", "set", "charge"}:
        return
    if frame.act in ("set", "charge") and not frame.coffee:
        return
    value = frame.value
    if 1 <= value <= 24 and float(value).is_integer():
        times.append(Time(role="at", clock=int(value) * 60))
        frame.value = None


def _changes(frame: Frame, aimed: Aim, turn: Turn) -> list[tuple[str, Change]] | Plan:
    changes: list[tuple[str, Change]] = []
    problem: Problem | None = None
    for named in aimed.things:
        thing, got = _made(frame, named, turn)
        if isinstance(got, Problem):
            problem = got
            continue
        for change in got:
            if not turn.speaker.rights.may_set(thing, change.trait, turn.world.risk(thing, change.trait, change.value)):
                return Plan(outcome="refuse", why=f"not_permitted:{thing}")
            changes.append((thing, change))
    if changes:
        return changes
    if problem is None:
        return Plan(outcome="refuse", why="not_possible")
    if problem.why in ("what_value", "what_to_do"):
        turn.memory.pending, turn.memory.choices = frame, aimed.things
        turn.memory.things = aimed.things
        return _because("ask", problem.why, problem.about, turn)
    return _because("refuse", problem.why, problem.about, turn)


def _made(frame: Frame, named: str, turn: Turn) -> tuple[str, list[Change] | Problem]:
    """What changes of the thing; "lock the front door", where that is a sensor's name, is of the front door lock."""
    world = turn.world
    got = change_of(frame, world.things[named], world)
    if isinstance(got, Problem) and got.why == "not_possible":
        tried = [(kin, change_of(frame, world.things[kin], world)) for kin in world.kin(named)]
        able = [(kin, made) for kin, made in tried if isinstance(made, list)]
        if len(able) == 1:
            return able[0]
    return named, got


def _conditions(frames: Sequence[Frame], turn: Turn, about: tuple[str, ...]) -> tuple[Condition, ...] | Plan:
    found = []
    for frame in frames:
        only_time = not frame.groups and not frame.predicates and not frame.traits and frame.times
        if only_time:
            continue
        if frame.clause.trigger in ("while", "after"):
            return Plan(outcome="ask", why="unsure:condition")
        condition = condition_of(frame, turn.world, turn.where, turn.memory, turn.speaker.person, about)
        if condition is None:
            return Plan(outcome="ask", why="unsure:condition")
        found.append(condition)
    return tuple(found)


def _scene(frame: Frame) -> Step | None:
    if frame.scenes and (frame.senses & {"run_scene", "start", "on", "set", "play", "do", "p_on"} or not frame.act):
        return Step(op="run", scene=frame.scenes[0])
    return None


def _notice(frames: Sequence[Frame], conditions: Sequence[Frame], turn: Turn) -> Plan | None:
    """ "tell me when the washing machine is done": a message on a condition."""
    told = next(
        (
            frame
            for frame in frames
            if frame.senses & {"notify", "remind", "know"} and frame.act in ("notify", "remind")
        ),
        None,
    )
    if told is None or not conditions:
        return None
    if any(frame is not told and frame.act not in (None, "keep") and is_order(frame, turn) for frame in frames):
        return None
    people = [thing for group in told.groups for thing in group.things]
    if any(turn.world.things[thing].kind != "person" for thing in people):
        return None
    found = _conditions(conditions, turn, ())
    if isinstance(found, Plan) or not found:
        return Plan(outcome="ask", why="unsure:condition")
    words = " ".join(piece.text for frame in conditions for piece in frame.clause.pieces)
    step = Step(op="notify", text=words, to=people[0] if people else turn.speaker.person)
    times = tuple(time for frame in conditions for time in frame.times if time.role != "for")
    return _timed((step,), times, found, conditions, turn)


def _special(frame: Frame, turn: Turn) -> Step | Plan | None:
    """remind, notify, timer, cancel, undo."""
    if frame.act == "undo" or "undo" in frame.senses:
        return _undone(turn)
    return None


def _undone(turn: Turn) -> Plan | None:
    if not turn.memory.undo:
        return Plan(outcome="ask", why="what_to_do")
    return Plan(outcome="act", steps=(Step(op="undo", things=tuple(turn.memory.undo)),))


# ---- what is no order ----


def _missed(frame: Frame, aimed: Aim, turn: Turn) -> Plan:
    """Why there is nothing to do it to."""
    why = aimed.why or "which_thing"
    if frame.elsewhere and why in ("no_such_thing", "which_thing", "no_such_place"):
        return Plan(outcome="ignore")
    outcome: Outcome = "refuse"
    if why in ("ambiguous", "which_thing", "what_to_do"):
        if why == "which_thing" and frame.strange and not frame.groups:
            return Plan(outcome="ignore")
        turn.memory.pending, turn.memory.choices = frame, aimed.choices
        outcome = "ask"
    return _because(outcome, why, aimed.said, turn, aimed.choices)


def _because(outcome: Outcome, why: str, said: str, turn: Turn, choices: Sequence[str] = ()) -> Plan:
    """A refusal or a question with its reason, for programs and for people."""
    speech = told_why(why, said, choices, turn)
    return Plan(outcome=outcome, why=f"{why}:{said}" if said else why, speech=speech)


def _barred(frame: Frame, turn: Turn) -> Plan:
    """An order that must not be carried out: refused where it is about this home, else ignored."""
    del turn
    about = any(group.things or group.places for group in frame.groups)
    if not about or frame.clause.bar == "past":
        return Plan(outcome="ignore")
    return Plan(outcome="refuse", why=frame.clause.bar)


def _asked(questions: Sequence[Frame], turn: Turn) -> Plan:
    first = questions[0]
    for frame in questions[1:]:
        first.groups = (*first.groups, *frame.groups)
        first.traits = (*first.traits, *frame.traits)
        first.senses |= frame.senses
        first.times = (*first.times, *frame.times)
    for frame in questions:
        query = query_of(frame, turn.world, turn.where, turn.memory, turn.now)
        if query is not None:
            return Plan(outcome="answer", query=query)
    for frame in questions:
        absent = next((group for group in frame.groups if group.why is not None and group.role != "for"), None)
        if absent is not None and not frame.elsewhere and frame.senses & STATES:
            return _because("refuse", "no_such_thing", absent.said, turn)
    return Plan(outcome="ignore")


def _felt(felt: Sequence[Frame], turn: Turn) -> Plan:
    """A complaint: what it asks for."""
    frame = felt[0]
    remedy = REMEDIES.get(frame.complaint or "")
    if remedy is None:
        return Plan(outcome="ask", why="what_to_do")
    frame.act = remedy
    warm = remedy in ("warmer", "cooler")
    if warm and any(group.named for group in frame.groups) and "too" not in frame.senses:
        return Plan(outcome="ask", why="what_to_do")
    if remedy in ("air", "still", "drier", "moister", "shelter"):
        return Plan(outcome="ask", why="what_to_do")
    aimed = aim(frame, turn.world, turn.where, turn.memory)
    if aimed.why is not None:
        return Plan(outcome="ask", why=aimed.why)
    changes = _changes(frame, aimed, turn)
    if isinstance(changes, Plan):
        return Plan(outcome="ask", why="what_to_do") if changes.outcome == "refuse" else changes
    if any(turn.world.risk(thing, c.trait, c.value) is not Risk.NONE for thing, c in changes):
        return Plan(outcome="ask", why="what_to_do")
    turn.memory.frame = frame
    return Plan(outcome="act", steps=steps_of(changes))


def _follow_up(frames: Sequence[Frame], turn: Turn) -> Plan | None:
    """What leans on the sentence before: "and the bedroom too", "the other one", an answer to what we asked."""
    memory = turn.memory
    base: Frame | None = memory.pending or memory.frame
    said = [
        frame
        for frame in frames
        if frame.groups or frame.predicates or frame.same or frame.again or frame.meant or frame.strange
    ]
    if base is None or not said or len(said) > MAX_LEANING:
        return None
    groups = tuple(group for frame in said for group in frame.groups if group.why is None and group.pronoun != "both")
    valued = [frame for frame in said if frame.value is not None or frame.level or frame.color or frame.mode]
    acted = [frame for frame in said if frame.act not in (None, "value", "set", "keep", "do")]
    leans = any(frame.same or frame.also or frame.meant or frame.again for frame in said)
    leans = leans or any(frame.clause.link in ("and", "correction", "then") for frame in said)
    leans = leans or memory.pending is not None or any(group.pronoun in ("other", "rest") for group in groups)
    if not leans or any(asks(frame) and not frame.same for frame in said):
        return None
    new = msgspec.structs.replace(base, groups=groups or base.groups, clause=said[0].clause, times=said[0].times)
    if acted:
        new.act = acted[0].act
    for frame in valued:
        take_value(new, frame)
    if memory.pending is not None and memory.choices and not groups:
        chosen = _chosen(said, memory.choices, turn.world)
        if chosen is None and not valued:
            return None
        if chosen is not None:
            new.groups = (Group(things=chosen, named=True, whole=True),)
        elif valued:
            new.groups = (Group(things=memory.choices, named=True, whole=True),)
    elif memory.pending is not None and memory.choices and any(group.things for group in groups):
        named = {thing for group in groups for thing in group.things}
        kept = tuple(thing for thing in memory.choices if thing in named)
        if kept:
            new.groups = (Group(things=kept, named=True, whole=True),)
    elif not groups and not valued and not acted:
        return None
    if not new.predicates:
        return None
    return _ordered([new], [], [], turn, leaning=True)


def _once_more(frames: Sequence[Frame], turn: Turn) -> Plan | None:
    """ "a bit more", "for an hour", "in ten minutes": the last order again, by so much or at that time."""
    base: Frame | None = turn.memory.frame
    if base is None or not frames or any(frame.groups or frame.clause.mood == "question" for frame in frames):
        return None
    senses = frozenset[str]().union(*(frame.senses for frame in frames))
    times = tuple(time for frame in frames for time in frame.times)
    if any(frame.value is not None or frame.color or frame.strange or frame.complaint for frame in frames):
        return None
    if times and not any(frame.act for frame in frames):
        return _ordered([msgspec.structs.replace(base, times=times)], [], [], turn, leaning=True)
    own = next((frame.act for frame in frames if frame.act not in (None, "up", "down", "set")), None)
    if own is not None or not senses & {"more", "less"} or base.act not in STEPPED:
        return None
    degree = next((frame.degree for frame in frames if frame.degree), None)
    act = base.act if "more" in senses else opposite(base.act)
    new = msgspec.structs.replace(base, act=act, degree=degree, value=None, level=None, by=False, times=())
    return _ordered([new], [], [], turn, leaning=True)


def _chosen(frames: Sequence[Frame], choices: Sequence[str], world: World) -> tuple[str, ...] | None:
    """Which of those that we offered: by a word of its name, or all of them."""
    if any(frame.senses & {"all", "both", "them", "everything"} for frame in frames):
        return tuple(choices)
    words = {token.key for frame in frames for piece in frame.clause.pieces for token in piece.tokens}
    found = [
        thing
        for thing in choices
        if any(
            _alike(word, own) for word in words for own in world.words_of(thing) if own not in _shared(choices, world)
        )
    ]
    return tuple(found) if len(found) == 1 else None


def _shared(things: Sequence[str], world: World) -> frozenset[str]:
    """Words that all of their names have: they tell none apart."""
    sets = [world.words_of(thing) for thing in things]
    return frozenset.intersection(*sets) if sets else frozenset()


def _alike(word: str, own: str) -> bool:
    """ "read" and "reading" """
    return word == own or (len(word) >= SHORTEST_STEM and own.startswith(word))


def _nothing(frames: Sequence[Frame], turn: Turn) -> Plan:
    del turn
    if any(group.things for frame in frames for group in frame.groups) and not any(frame.elsewhere for frame in frames):
        return Plan(outcome="ask", why="what_to_do")
    return Plan(outcome="ignore")


def _any(values: Sequence[Any]) -> bool:
    return any(values)
