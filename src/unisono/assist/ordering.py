"""Orders one after the other: what to do to which things, when and on which condition - or why not.

Knows that a risky change needs a plain order, and that of two settings the later counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.access import Risk
from unisono.assist.change import because, changes_of, once_on
from unisono.assist.conditions import condition_of
from unisono.assist.coverage import unread
from unisono.assist.frames import Frame
from unisono.assist.gazetteer import things_of_kind
from unisono.assist.model import model
from unisono.assist.nouns import nominal, unknown
from unisono.assist.plan import Condition, Outcome, Plan, Speech, Step
from unisono.assist.resolver import Change, steps_of
from unisono.assist.retraction import left_alone, spared_by, undecided
from unisono.assist.scope import ACTIONS
from unisono.assist.skeleton import skeleton
from unisono.assist.targets import Aim, aim
from unisono.assist.text import Piece, Time
from unisono.assist.times import holds
from unisono.assist.timing import timed
from unisono.assist.turn import Turn

__all__ = ["conditions_of", "only_time", "ordered"]

#: Traits that let somebody in.
GUARDING = frozenset({"locked", "trunk", "armed", "door"})
#: What is ended by "stop" after it, and not the thing.
CHARGED = frozenset({"charging", "charge_limit"})
#: Families of senses that say how much, or how.
VALUED = frozenset({"level", "mode", "color", "complaint", "max", "min"})
#: Of a day.
HOURS = 24
#: Acts that take no number.
SWITCHES_ONLY = frozenset({"on", "off", "lock", "unlock", "start", "stop"})
#: After these a time that it will be is a moment, no test of what it is now.
MOMENTS = frozenset({"when", "whenever", "after"})
#: Acts that a time or a warmth may follow: "on at nineteen".
RUNNING = frozenset({"on", "start"})
#: Bare numbers that are an hour and a room's warmth alike.
WARMTH = (12, 30)
#: A name of so many letters is recognised though one of them is wrong.
LONG = 7
#: Kinds that keep rooms warm.
ROOMS_HEAT = frozenset({"climate", "floor_heating"})
LAST_HOUR = 24
#: Acts that are done to what is named only; of these a verb and a name leave no doubt.
DOUBTED = frozenset({"stop", "record", "pause"})
#: The model agrees that it is an order.
AGREED = 0.5


def ordered(
    orders: Sequence[Frame], conditions: Sequence[Frame], beside: Sequence[Frame], turn: Turn, *, leaning: bool = False
) -> Plan:
    changes: list[tuple[str, Change]] = []
    steps: list[Step] = []
    before: list[str] = []
    kept: set[str] = set()
    times: list[Time] = [time for frame in beside for time in _waits(frame, orders)]
    first = [thing for frame in conditions for group in frame.groups for thing in group.things]
    first = [thing for thing in first if turn.world.things[thing].kind != "person"]  # "when Bo comes, turn it off"
    first = first or _spoken_of(beside, orders[0], turn)
    around = (*beside, *conditions) if any("there" in frame.senses for frame in orders) else beside
    context = tuple(place for frame in around for group in frame.groups if group.why is None for place in group.places)
    habit = any("habit" in piece.senses and not piece.named for piece in turn.pieces)
    if habit and any(_moments(frame) for frame in (*orders, *conditions)):
        return Plan(outcome="ask", why="unsure:every")  # "always locked after seven"
    if any("sometime" in frame.senses and not frame.times for frame in orders):
        return Plan(outcome="ask", why="what_time")
    if (
        sum(
            any(time.clock is not None or time.seconds or time.sun for time in frame.times if time.role != "for")
            for frame in orders
        )
        > 1
    ):
        return Plan(outcome="ask", why="unsure:time")  # on at six and off at eight are two things to ask for
    if len(orders) > 1 and _ends(orders[-1], orders[-2]):
        orders = orders[:-1]  # "on for ten minutes, then off": the end is said twice
    if any("except" in frame.senses and _unsaid(frame) for frame in beside):
        return Plan(outcome="ask", why="unsure:which")  # "and the radio, but not too loud"
    if any(
        frame.clause.link == "then" and any(t.role == "for" for t in frame.times) for frame in (*orders[1:], *beside)
    ):
        return Plan(outcome="ask", why="unsure:duration")  # "to 1100, then hold for twenty minutes"
    if any(undecided(frame) for frame in beside if _start(frame) > _start(orders[0])):
        return Plan(outcome="ask", why="unsure:not")
    if any(_bounded(frame) for frame in beside):
        return Plan(outcome="ask", why="unsure:value")
    if any(_passed_over(frame, orders) for frame in beside):
        return Plan(outcome="ask", why="unsure:which")
    tested = orders[0].clause.link == "then" and any(frame.clause.mood == "question" for frame in beside)
    if tested or _between(orders, conditions) or any(frame.clause.link == "else" for frame in orders):
        return Plan(outcome="ask", why="unsure:condition")
    if _never_then(beside, turn):
        return Plan(outcome="ask", why="unsure:every")
    if any(_later_only(first, frame) for first, frame in pairwise(orders)):
        return Plan(outcome="ask", why="unsure:time")
    if any(_another(frame) for frame in orders[1:]):
        return Plan(outcome="ask", why="unsure:value")  # "at twenty, thirty, whatever"
    spared = spared_by(orders, beside, turn)
    for frame in orders:
        if frame.act == "keep" and len(orders) == 1 and not frame.times:
            # "keep it off": whatever it is, that is how it is to be; "leave it on", after it was ordered off
            frame.act = frame.stays or _taken_back(frame, turn) or frame.act
        times.extend(frame.times)
        scene = _scene(frame)
        if scene is not None:
            steps.append(scene)
            continue
        if frame.clause.link == "or" or any(
            piece.kind == "number" and piece.text in frame.strange for piece in frame.clause.pieces
        ):
            return Plan(outcome="ask", why="unsure:which")  # one or the other
        if _untimed(frame) or (frame.act != "keep" and _tonight(frame.times)) or _overnight(frame.times):
            return Plan(outcome="ask", why="what_time")
        if frame.scenes:
            return Plan(outcome="ask", why="unsure:scene")  # "at party time" is when, and nobody knows when that is
        if "undo" in frame.senses or frame.act == "undo":
            return _undone(turn)
        if frame.act in ("notify", "remind") and not frame.groups and conditions:
            said = " ".join(piece.text for condition in conditions for piece in condition.clause.pieces)
            steps.append(Step(op="notify", text=said, to=turn.speaker.person))
            continue
        people = [thing for group in frame.groups for thing in group.things]
        if frame.act == "notify" and conditions and len(people) == 1 and turn.world.things[people[0]].kind == "person":
            said = " ".join(piece.text for condition in conditions for piece in condition.clause.pieces)
            steps.append(Step(op="notify", text=said, to=people[0]))  # "stop it and tell Bo"
            continue
        if frame.act in ("notify", "remind") and not frame.groups:
            continue
        if (
            frame.coffee
            and frame.want
            and len(orders) > 1
            and not things_of_kind(("coffee_machine",), turn.world.things, turn.world)
        ):
            continue  # "I'd love a brew, put the kettle on"
        if (
            frame.act == "cooler"
            and "loose" in frame.senses
            and not (frame.value is not None or frame.degree)
            and all(group.pronoun == "it" and not turn.memory.things for group in frame.groups)
        ):
            return Plan(outcome="ask", why="unsure:cooler")  # "cool", "chill": of what, if anything
        if frame.fuzzy and frame.act in ("set", "value") and not _name_slipped(frame):
            return Plan(outcome="ask", why="unsure")
        home = any(turn.world.root in group.places for group in frame.groups)
        spoken: Sequence[str] = (before or first) if any(group.pronoun for group in frame.groups) else ()
        spoken = spoken or (turn.memory.things if any(group.pronoun for group in frame.groups) else ())
        roving = [t for g in frame.groups for t in (*g.things, *spoken) if "dock" in turn.world.things[t].takes]
        about = any("in" in piece.senses and "round" in piece.text.split() for piece in frame.clause.pieces)
        if frame.act in ("set", "do") and not frame.predicates and roving and about and not home:
            frame.act = "start"  # "send it round the hall"
        if frame.act in ("set", "do") and not frame.predicates and home and roving:
            frame.act = "dock"
            frame.groups = tuple(group for group in frame.groups if group.things or group.pronoun)
        if (
            frame.act == "set"
            and not frame.predicates
            and len(orders) > 1
            and not any(group.things or group.pronoun for group in frame.groups)
        ):
            continue
        if (
            frame.act == "set"
            and not frame.predicates
            and any(time.role in ("for", "at", "after") and time.end is None for time in frame.times)
        ):
            frame.act = "on"
        if "except" in frame.senses and (_unsaid(frame) or frame.senses & {"what", "which", "where"}):
            return Plan(outcome="ask", why="unsure:which")  # "all but what I read by", "all but the side"
        if frame.fuzzy and _guessed(frame):
            return Plan(outcome="ask", why="unsure")
        if frame.act == "stop" and not frame.groups and any(change.trait in CHARGED for _, change in changes):
            return Plan(outcome="ask", why="unsure:stop")  # "charge it to ninety, then stop": not the car
        if frame.senses & {"some_of", "who", "why"} or _told_of(frame):
            return Plan(outcome="ask", why="unsure:which")  # of "every other lamp" nobody knows which; a riddle
        if frame.act == "keep" and len(orders) == 1 and _leaves_only(frame):
            return _alone(frame, turn)
        if _elsewhere(frame, before, turn):
            return Plan(outcome="ask", why="unsure:which")  # "the radio off in the kitchen and on in the bedroom"
        held = _held(frame, turn) if frame.act == "keep" and before else set()
        if held:
            kept |= held  # "but leave the landing"
            continue
        aimed = aim(frame, turn.world, turn.where, turn.memory, before or first, context, spared | left_alone(orders))
        if frame.act == "keep":
            if aimed.why is not None and len(orders) > 1:
                return Plan(outcome="ask", why="unsure:which")  # "but leave a gap": what is to be left, and how
            kept.update(aimed.things)
            before.extend(aimed.things)
            continue
        if aimed.why is not None:
            return _missed(frame, aimed, turn)
        got = changes_of(frame, aimed, turn)
        if isinstance(got, Plan):
            return got
        got = once_on(got, turn)
        if frame.act in RUNNING and any(
            "target_temperature" in turn.world.things[thing].takes for thing in aimed.things
        ):
            degrees = [p for p in frame.clause.pieces if p.kind == "number" and p not in frame.numbers]
            if any(WARMTH[0] < (piece.tokens[0].value or 0) <= WARMTH[1] for piece in degrees):
                return Plan(outcome="ask", why="unsure:value")  # "on at nineteen": o'clock, or degrees?
        if any(_against(thing, change, changes) for thing, change in got):
            return Plan(outcome="ask", why="unsure:then")  # "all off, but keep the lamp at ten"
        if frame.unit is None and any(_too_cold(thing, change, turn) for thing, change in got):
            return Plan(outcome="ask", why="unsure:value")  # "move the heating to seven": o'clock, or degrees?
        lost = unread(frame, [change for _, change in got], named=aimed.named or any(g.kinds for g in frame.groups))
        if lost is not None:
            return Plan(outcome="ask", why=f"unsure:{lost}")
        if any(time.slowly for time in frame.times):
            return Plan(outcome="ask", why="unsure:duration")  # "over ten minutes": bit by bit
        if frame.by and frame.act in ("set", "value"):
            return Plan(outcome="ask", why="unsure:value")  # by two: up, or down?
        if frame.value is not None and frame.senses & {"above", "below"} and "upheld" in frame.senses:
            return Plan(outcome="ask", why="unsure:value")  # "keep it under twenty": a bound, and no value
        if frame.value is not None and frame.level in ("max", "min"):
            return Plan(outcome="ask", why="unsure:value")  # "to 22 at most": a bound, and no value
        if frame.act == "start" and frame.value is not None and _led_by_none(frame):
            return Plan(outcome="ask", why="unsure:value")  # "run five hundred": how many, not how fast
        if frame.unheeded:
            return Plan(outcome="ask", why=f"unsure:{frame.unheeded[0]}")  # what nobody understood may change it all
        idle = frame.value not in (None, 0, 100) and (_switched(got) or frame.act in ("off", "lock", "unlock"))
        ranged = len(frame.numbers) > 1 and all(piece.tokens[0].unit is None for piece in frame.numbers)
        if (frame.act in SWITCHES_ONLY and idle) or (ranged and not frame.coffee and not frame.meant):
            return Plan(outcome="ask", why="unsure:value")  # "off at quarter past": a number that goes nowhere
        if _turned_back(frame, got, changes):
            return Plan(outcome="ask", why="unsure:then")  # off and on again: two steps, and how long between them?
        changes.extend(got)
        if any(group.pronoun for group in frame.groups):
            kept -= set(aimed.things)  # "leave it on, but dim it"
        before.extend(thing for thing in aimed.things if thing not in before)
        turn.memory.frame, turn.memory.asked = frame, None
    doubted = next((frame for frame in orders if not _sure(frame, changes, beside, turn, leaning=leaning)), None)
    if {thing for thing, _ in changes} - spared:
        kept |= spared
    steps = [*steps, *steps_of(_last_word([(thing, change) for thing, change in changes if thing not in kept]))]
    if not steps:
        told = all(frame.act in ("notify", "remind") for frame in orders)
        return Plan(outcome="ignore") if told else Plan(outcome="refuse", why="not_possible")
    found = conditions_of(conditions, turn, tuple(before))
    if isinstance(found, Plan):
        return found
    for frame in conditions:
        times.extend(_moment(time, frame) for time in frame.times if time.role != "for")
    plan = timed(tuple(steps), tuple(times), found, conditions, turn)
    tests = [frame for frame in conditions if frame.clause.trigger not in MOMENTS]
    if plan.outcome != "act" and any(time.role == "now" for frame in tests for time in frame.times):
        return Plan(outcome="ask", why="unsure:condition")  # "at seven unless it's a weekend": of that day
    plan = _everywhere(plan, orders, turn)
    if doubted is not None:
        # both opinions must agree before anything is done that cannot be taken back
        turn.memory.offer = plan
        return Plan(outcome="ask", why=f"unsure:{doubted.act}")
    return plan


def _moment(time: Time, frame: Frame) -> Time:
    """ "When it is past ten" is at ten."""
    if time.role != "now" or frame.clause.trigger not in MOMENTS:
        return time
    return msgspec.structs.replace(time, role="at")


def _waits(frame: Frame, orders: Sequence[Frame]) -> tuple[Time, ...]:
    """The times of what stands beside the orders: of "give me five minutes, then turn it off" a delay."""
    first = orders[0].clause.link == "then" and not frame.groups
    if _tonight(frame.times):
        return ()  # "nobody sleeps there tonight" tells why
    return tuple(
        msgspec.structs.replace(time, role="after") if first and time.role == "for" else time for time in frame.times
    )


def _ends(frame: Frame, before: Frame) -> bool:
    """Does it only end what the order before began for a time?"""
    lasting = any(time.role in ("for", "until") for time in before.times) and before.act in ("on", "start", "play")
    return lasting and frame.act in ("off", "stop") and not frame.times and all(g.pronoun for g in frame.groups)


def _untimed(frame: Frame) -> bool:
    """ "At closing time", "at lock up": a time that no clock shows. "At the same time" is together."""
    pieces = frame.clause.pieces
    if any("o_clock" in at.senses and not at.named and _deed(of) for at, of in pairwise(pieces[1:])):
        return True
    return any(
        "o_clock" in at.senses and "time_word" in time.senses and not {"det", "same"} & set(of.senses)
        for at, of, time in zip(pieces, pieces[1:], pieces[2:], strict=False)
    )


def _against(thing: str, change: Change, before: Sequence[tuple[str, Change]]) -> bool:
    """Is what was to be off to have a level all the same?"""
    leveled = change.op == "set" and not isinstance(change.value, bool) and change.value not in (0, None)
    return leveled and any(named == thing and old.value is False for named, old in before)


def _too_cold(thing: str, change: Change, turn: Turn) -> bool:
    """Is a room that is kept warm to be as cold as a bare number says?"""
    if change.trait != "target_temperature" or change.op != "set" or turn.world.things[thing].kind not in ROOMS_HEAT:
        return False
    now = turn.world.state(thing).get(change.trait)
    return isinstance(now, int | float) and now > WARMTH[0] > change.value


def _elsewhere(frame: Frame, before: Sequence[str], turn: Turn) -> bool:
    """Is it only said where else: of what, if not of lights, is it to be on or off there?"""
    bare = frame.act in ("on", "off") and "base" not in frame.forms and frame.clause.link in ("and", "but", "then")
    placed = bool(frame.groups) and all(group.places and not group.things for group in frame.groups)
    return bare and placed and any(turn.world.things[thing].kind != "light" for thing in before)


def _led_by_none(frame: Frame) -> bool:
    """Does a number follow its verb, as what there is to be done?"""
    return any(
        piece in frame.numbers and "start" in before.senses and not before.named
        for before, piece in pairwise(frame.clause.pieces)
    )


def _guessed(frame: Frame) -> bool:
    """A verb that was only near, beside words that nobody knows: of "sleeping dogs" none is sweeping."""
    pieces = frame.clause.pieces
    near = any(piece.fuzzy and not piece.named and set(piece.senses) & ACTIONS for piece in pieces)
    return near and any(unknown(piece) for piece in pieces)


def _name_slipped(frame: Frame) -> bool:
    """Is the one misspelled word a part of a longer name, whose other words are right?"""
    slips = [piece for piece in frame.clause.pieces if piece.fuzzy]
    return all(piece.things and (len(piece.tokens) > 1 or len(piece.text) >= LONG) for piece in slips)


def _told_of(frame: Frame) -> bool:
    """ "The lamp that I just turned on": which one that is, only the past knows."""
    pieces = frame.clause.pieces
    for at, (before, piece) in enumerate(pairwise(pieces), start=1):
        if piece.named or not nominal(before) or not {"i", "he"} & set(piece.senses) or "det" in piece.senses:
            continue
        deed = next((p for p in pieces[at + 1 :] if not set(p.senses) & {"already", "only", "filler", "idle"}), None)
        if deed is not None and not deed.named and "past" in deed.forms:
            return True
    return False


def _tonight(times: Sequence[Time]) -> bool:
    """A part of this day and no more, "tonight": not now, and no moment."""
    return len(times) == 1 and times[0].days == 0 and times[0].part == "night" and times[0].clock is None


def _unsaid(frame: Frame) -> bool:
    """Is something to be left out that nobody understood?"""
    pieces = [piece for piece in frame.clause.pieces if not set(piece.senses) & {"please", "filler"} or piece.named]
    return not frame.left and any("except" in piece.senses and not piece.named for piece in pieces[:-1])


def _start(frame: Frame) -> int:
    return min((piece.tokens[0].start for piece in frame.clause.pieces), default=0)


def _between(orders: Sequence[Frame], conditions: Sequence[Frame]) -> bool:
    """Does a condition stand between two orders: "turn it on and if he comes open it"? Of which it is nobody knows."""
    starts = [_start(frame) for frame in orders if frame.act not in ("notify", "remind")]
    tests = [_start(frame) for frame in conditions if frame.groups or frame.predicates]
    return any(min(starts) < test < max(starts) for test in tests) if starts else False


def _never_then(beside: Sequence[Frame], turn: Turn) -> bool:
    """Is a time left out, "except on sundays", "but not at night", "only at night"?"""
    bare = [frame for frame in beside if not frame.groups and not frame.predicates]
    denied = any(frame.times and frame.clause.bar == "negated" for frame in bare)
    said = [piece for piece in turn.pieces if piece.kind != "mark"]
    return (
        denied
        or _only_then(said)
        or _at_no_other(said)
        or any(
            {"except", "but"} & set(piece.senses) and after.kind == "time" and not piece.named
            for piece, after in pairwise(said)
        )
    )


def _only_then(said: Sequence[Piece]) -> bool:
    """ "The press and five minutes later the bottler": a time of the second, which has no verb of its own."""
    for at, (joint, time) in enumerate(pairwise(said)):
        moment, rest = time.tokens[0].time, said[at + 2 :]
        if moment is None or moment.role not in ("at", "after") or not {"and", "then"} & set(joint.senses):
            continue
        noun = bool(rest) and (nominal(rest[0]) or "det" in rest[0].senses)
        if noun and not any("base" in piece.forms and set(piece.senses) & ACTIONS for piece in rest if not piece.named):
            return True
    return False


def _at_no_other(said: Sequence[Piece]) -> bool:
    """ "Only at night", "should only run at night": a part of each day, and no moment."""
    only = False
    for piece in said:
        time = piece.tokens[0].time
        if only and time is not None and time.part is not None and time.clock is None and time.days is None:
            return True
        verb = "base" in piece.forms and not nominal(piece)
        only = not piece.named and ("only" in piece.senses or (only and verb))
    return False


def _another(frame: Frame) -> bool:
    """Is it one more number, and nothing that says that it counts instead?"""
    return frame.act == "value" and not frame.groups and not frame.clause.link and not frame.meant


def _passed_over(frame: Frame, orders: Sequence[Frame]) -> bool:
    """Does a clause say what is to happen, and nobody carries it out?"""
    told = frame.stated or frame.complaint or frame.clause.bar is not None or frame.clause.mood != "command"
    if "rest" in frame.senses and frame.complaint and not frame.stated:
        return True  # "the candles on, the rest dark"
    wholly = frame.act is None and frame.level == "max" and "except" not in frame.senses  # "off, all the way"
    return frame.predicates and not wholly and not told and not any(frame is order for order in orders)


def _bounded(frame: Frame) -> bool:
    """ "But not too much", "not all the way": how far it is to go, nobody says."""
    so_far = {"overdone", "too", "much", "max", "bit"} & frame.senses or frame.level or frame.complaint
    stated = frame.stated or {"i", "he", "is", "because"} & frame.senses
    return (
        frame.clause.bar == "negated"
        and bool(so_far)
        and not stated
        and not any(g.things or g.places for g in frame.groups)
    )


def _turned_back(frame: Frame, got: Sequence[tuple[str, Change]], before: Sequence[tuple[str, Change]]) -> bool:
    """ "Off and then on again": is what was ordered just now to be otherwise right after?"""
    if not all(group.pronoun or not (group.things or group.places or group.kinds) for group in frame.groups):
        return False
    if frame.clause.link not in ("then", "and", "but"):
        got = [(thing, change) for thing, change in got if isinstance(change.value, bool)]  # "to 20, make it 30"
    wanted = {(thing, change.trait, change.op): change.way for thing, change in before}
    return any(wanted.get((thing, change.trait, change.op), change.way) != change.way for thing, change in got)


def _later_only(first: Frame, frame: Frame) -> bool:
    """ "This on now and that off at nine", "the fan on and the radio at eight": is a time said of the second only?"""
    bare = frame.act == "value" and frame.unit is None
    hour = bare and first.act in SWITCHES_ONLY and _at_number(frame) and frame.value <= HOURS
    again = bare and not frame.groups and first.value is None and bool(first.times)  # "in an hour, make that two"
    return hour or again or (bool(_moments(frame)) and not _moments(first) and _own(frame) and _own(first))


def _moments(frame: Frame) -> list[Time]:
    return [time for time in frame.times if time.role in ("at", "after", "every")]


def _own(frame: Frame) -> bool:
    """Has it a verb and an object of its own?"""
    return (
        frame.act not in (None, "value") and "base" in frame.forms and any(not group.pronoun for group in frame.groups)
    )


def _at_number(frame: Frame) -> bool:
    pieces = pairwise(frame.clause.pieces)
    return any(
        "o_clock" in before.senses and piece in frame.numbers and (piece.tokens[0].value or 0) <= LAST_HOUR
        for before, piece in pieces
    )


def _overnight(times: Sequence[Time]) -> bool:
    """ "Overnight", "this week" have no hours that all agree on."""
    return any(time.role == "over" for time in times)


def _deed(piece: Piece) -> bool:
    """Is it what somebody does, and no value?"""
    valued = any(sense.partition(":")[0] in VALUED for sense in piece.senses)
    return bool(piece.forms) and not piece.named and not valued and bool(set(piece.senses) & ACTIONS)


def _spoken_of(beside: Sequence[Frame], order: Frame, turn: Turn) -> list[str]:
    """ "The strip light's buzzing, turn it off": the one thing that the clauses before the order are about."""
    start = order.clause.pieces[0].tokens[0].start
    told = [frame for frame in beside if frame.groups and frame.clause.pieces[0].tokens[0].start < start]
    named = {thing for frame in told if frame.clause.bar is None for group in frame.groups for thing in group.things}
    return list(named) if len(named) == 1 and not any(turn.world.things[t].kind == "person" for t in named) else []


def _leaves_only(frame: Frame) -> bool:
    """ "Leave only the lamp on" """
    lit = frame.senses & {"p_on", "on"} and not frame.senses & {"p_off", "off"}
    return bool(lit) and "only" in frame.senses and not frame.times and not frame.unheeded


def _alone(frame: Frame, turn: Turn) -> Plan:
    """Of all lamps of the home only these stay lit: the others go out. Of anything else it is asked."""
    world = turn.world
    kept = {thing for group in frame.groups for thing in group.things}
    lamps = [t for t in world.at_home(world.things, turn.where.here) if world.things[t].kind == "light"]
    if not kept or not kept <= set(lamps) or any(g.why or g.strange or not g.named for g in frame.groups):
        return Plan(outcome="ask", why="unsure:which")
    other = [thing for thing in lamps if world.state(thing).get("on_off") is not (thing in kept)]
    if not all(turn.speaker.rights.may_set(thing, "on_off", Risk.NONE) for thing in other):
        return Plan(outcome="ask", why="unsure:which")
    steps = steps_of([(thing, Change("on_off", "set", thing in kept)) for thing in other])
    return Plan(outcome="act", steps=steps) if steps else Plan(outcome="refuse", why="not_possible")


def _held(frame: Frame, turn: Turn) -> set[str]:
    """Of a place that is to be left as it is, its things."""
    places = [place for group in frame.groups for place in group.places]
    if not places or any(group.things for group in frame.groups):
        return set()
    return {thing for place in places for thing in turn.world.within(place)}


def _everywhere(plan: Plan, orders: Sequence[Frame], turn: Turn) -> Plan:
    """A vacuum that is told a room and knows none cleans everywhere: it is said, and where only that room was wanted
    nothing is done."""
    world = turn.world
    rooms = [
        group.places[0]
        for frame in orders
        for group in frame.groups
        if group.places and world.places[group.places[0]].kind == "room" and group.role != "for"
    ]
    started = [thing for step in plan.steps if step.op == "set" and step.value is True for thing in step.things]
    cleaner = next((thing for thing in started if world.things[thing].kind == "vacuum"), None)
    spared = next((group for frame in orders for group in frame.left if group.places), None)
    if cleaner is not None and spared is not None:
        return because("refuse", "not_possible", spared.said, turn)
    if cleaner is None or not rooms:
        return plan
    if any(_only(frame) for frame in orders):
        return because("refuse", "not_possible", world.places[rooms[0]].names[0], turn)
    said = turn.spoken.speech.get("everywhere")
    speech = Speech(turn.spoken.code, said.format(name=world.things[cleaner].names[0])) if said else None
    return msgspec.structs.replace(plan, speech=speech) if plan.outcome == "act" else plan


def _only(frame: Frame) -> bool:
    """ "clean only the hall": after the verb. "Just clean the hall" says nothing of the kind."""
    pieces = frame.clause.pieces
    verb = next((at for at, piece in enumerate(pieces) if frame.act in piece.senses), len(pieces))
    return any("only" in piece.senses and not piece.named for piece in pieces[verb + 1 :])


def _switched(changes: Sequence[tuple[str, Change]]) -> bool:
    return all(isinstance(change.value, bool) or change.value is None for _, change in changes)


def _glued(frame: Frame, turn: Turn) -> bool:
    """Does the clause follow other words without any mark or joint: "the note read open the gate"?"""
    first = frame.clause.pieces[0] if frame.clause.pieces else None
    at = next((at for at, piece in enumerate(turn.pieces) if piece is first), 0)
    said = [piece for piece in turn.pieces[:at] if not set(piece.senses) & {"filler", "please"} or piece.named]
    if not said or frame.clause.link or said[-1] is not turn.pieces[at - 1]:
        return False
    return said[-1].kind == "word" and frame.clause.trigger is None


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
    if not plain or _glued(frame, turn) or any(other.clause.bar is not None for other in beside):
        return False
    if leaning:
        # what leans on an order is one; but no door opens by a half sentence
        return not any(change.trait in GUARDING for change in risky)
    if not beside and frame.act in DOUBTED and _ordered_by(frame):
        return True
    second = model(turn.spoken.code)
    return second is None or second.sort(skeleton(turn.pieces))["order"] >= AGREED


def _ordered_by(frame: Frame) -> bool:
    """Does it begin with its verb, and is all that it is done to called by its name?"""
    verb = frame.clause.pieces[0]
    begins = "base" in verb.forms and not verb.named and frame.act in verb.senses
    return begins and bool(frame.groups) and all(group.named for group in frame.groups)


def conditions_of(frames: Sequence[Frame], turn: Turn, about: tuple[str, ...]) -> tuple[Condition, ...] | Plan:
    found = []
    clocks = 0
    for frame in frames:
        clock = next((time for time in frame.times if time.role == "now"), None)
        if clock is not None and frame.clause.trigger not in MOMENTS:
            so = holds(clock, turn.now) if only_time(frame) else None
            if so is None:
                return Plan(outcome="ask", why="unsure:condition")
            if so is (frame.clause.trigger == "unless"):
                return Plan(outcome="refuse", why="not_now")
            clocks += 1
            continue
        if only_time(frame):
            if frame.stated and any(time.role == "for" for time in frame.times):
                return Plan(outcome="ask", why="unsure:condition")  # "when I'm ten minutes away"
            if frame.clause.trigger in ("if", "unless") and any(time.clock is not None for time in frame.times):
                return Plan(outcome="ask", why="unsure:condition")  # "if it is ten": to the minute?
            if frame.clause.trigger == "before" and any(time.role == "at" for time in frame.times):
                return Plan(outcome="ask", why="what_time")  # a time by which it is to be done is none to do it at
            continue
        if "already" in frame.senses and not frame.predicates and not any(group.things for group in frame.groups):
            continue  # "if it isn't already": what is so is set again in vain
        if frame.clause.trigger in ("while", "after", "before"):
            return Plan(outcome="ask", why="unsure:condition")
        condition = condition_of(frame, turn.world, turn.where, turn.memory, turn.speaker.person, about)
        if condition is None:
            return Plan(outcome="ask", why="unsure:condition")
        found.append(condition)
    if clocks and found:
        return Plan(outcome="ask", why="unsure:condition")  # a scene's conditions are of things
    return tuple(found)


def only_time(frame: Frame) -> bool:
    """Does a clause say when, and nothing else?"""
    return bool(frame.times) and not frame.groups and not frame.predicates and not frame.traits


def _scene(frame: Frame) -> Step | None:
    if frame.scenes and (frame.senses & {"run_scene", "start", "on", "set", "play", "do", "p_on"} or not frame.act):
        return Step(op="run", scene=frame.scenes[0])
    return None


def _taken_back(frame: Frame, turn: Turn) -> str | None:
    """The side on which something is to be left that was ordered to the other one right before."""
    before = turn.memory.frame
    side = next((side for side in ("on", "off") if f"p_{side}" in frame.senses), None)
    upon = all(group.pronoun == "it" for group in frame.groups)
    return side if before is not None and upon and side and {before.act, side} == {"on", "off"} else None


def _undone(turn: Turn) -> Plan:
    if not turn.memory.undo:
        return Plan(outcome="ask", why="what_to_do")
    return Plan(outcome="act", steps=(Step(op="undo", things=tuple(turn.memory.undo)),))


def _missed(frame: Frame, aimed: Aim, turn: Turn) -> Plan:
    """Why there is nothing to do it to."""
    why = aimed.why or "which_thing"
    if frame.elsewhere and why in ("no_such_thing", "which_thing", "no_such_place"):
        return Plan(outcome="ignore")
    outcome: Outcome = "refuse"
    if why in ("ambiguous", "which_thing", "what_to_do"):
        turn.memory.pending, turn.memory.choices = frame, aimed.choices
        outcome = "ask"
    return because(outcome, why, aimed.said, turn, aimed.choices)
