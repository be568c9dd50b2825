"""What leans on the sentence before: "and the bedroom too", "the other one", "a bit more", or answers what we asked.

Knows the order before, or the one that still lacks something, and gives it again with what is said now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from unisono.assist.frames import STEPPED, VALUELESS, Frame, hours_in, opposite
from unisono.assist.gazetteer import Group, things_of_kind
from unisono.assist.joining import take_value
from unisono.assist.ordering import ordered
from unisono.assist.plan import Plan
from unisono.assist.questions import asks
from unisono.assist.turn import Turn
from unisono.assist.world import World

__all__ = ["asked_again", "follow_up", "leaning", "not_so", "once_more"]

#: More clauses than this stand by themselves.
MAX_LEANING = 3
#: A shorter beginning of a word is no stem of it.
SHORTEST_STEM = 4


def leaning(frames: Sequence[Frame], turn: Turn) -> bool:
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


def follow_up(frames: Sequence[Frame], turn: Turn) -> Plan | None:
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
    if base.value is not None and any(frame.complaint and frame.stated for frame in said):
        return None  # "to 24" - "that's too cold": it is not set to 24 once more
    groups = tuple(group for frame in said for group in frame.groups if group.why is None and group.pronoun != "both")
    groups = groups or _so_called(said, turn)
    part = _part_of(said, groups, turn)
    if memory.pending is None:
        groups = tuple(group for group in (_likewise(group, base, turn) for group in groups) if group is not None)
    valued = [frame for frame in said if frame.value is not None or frame.level or frame.color or frame.mode]
    acted = [frame for frame in said if frame.act not in (None, "value", "set", "keep", "do")]
    # "too bright" is no "too"
    leans = any(f.same or (f.also and f.complaint is None) or f.meant or f.again for f in said)
    leans = leans or any(frame.clause.link in ("and", "correction", "then") for frame in said)
    leans = leans or bool(groups and said[0].senses & {"turns_to", "that_kind"})
    leans = leans or memory.pending is not None or any(group.pronoun in ("other", "rest") for group in groups)
    if not leans or any(asks(frame) and not frame.same for frame in said):
        return None
    new = msgspec.structs.replace(base, groups=groups or base.groups, clause=said[0].clause, times=said[0].times)
    new.unheeded = tuple(word for frame in said for word in frame.unheeded)
    if acted:
        new.act = acted[0].act
    if part:
        new.groups, new.traits = (Group(things=memory.things, named=True),), part
    for frame in valued:
        take_value(new, frame)
    if memory.pending is not None and memory.choices and not groups:
        chosen = _chosen(said, memory.choices, turn.world)
        if chosen is None and not (valued and memory.choices == memory.things):
            return None  # a value is of all of them only where it was the value that was asked for
        new.groups = (Group(things=chosen or memory.choices, named=True, whole=True),)
    elif memory.pending is not None and memory.choices and groups and all(g.places and not g.things for g in groups):
        there = {thing for g in groups for place in g.places for thing in turn.world.within(place)}
        kept = tuple(thing for thing in memory.choices if thing in there)
        chosen = _chosen(said, kept, turn.world) if all(g.role == "" for g in groups) else None
        kept = chosen or kept or _alike_in(there, memory.choices, turn.world)  # "parlor": the parlor lamp
        if not kept:
            return None
        new.groups = (Group(things=kept, named=True),)  # "the fan" - "which?" - "the bathroom"
    elif memory.pending is not None and memory.choices and any(group.things for group in groups):
        named = {thing for group in groups for thing in group.things}
        kept = tuple(thing for thing in memory.choices if thing in named)
        if kept:
            new.groups = (Group(things=kept, named=True, whole=True),)
    elif not (groups or valued or acted):
        return None
    elif not (part or valued or acted) and all(g.traits and not (g.things or g.kinds or g.pronoun) for g in groups):
        return None  # "turn on the TV" - "and the seats"
    if not new.predicates:
        return None
    return ordered([new], [], [], turn, leaning=True)


def _so_called(frames: Sequence[Frame], turn: Turn) -> tuple[Group, ...]:
    """ "Same for the corner one": of the like of what was spoken of the one that has the word in its name."""
    if not any("that_kind" in frame.senses for frame in frames):
        return ()
    alike = _alike_in(turn.world.things.keys(), turn.memory.things, turn.world)
    words = {token.key for frame in frames for piece in frame.clause.pieces for token in piece.tokens}
    found = [
        t
        for t in alike
        if t not in turn.memory.things and words & (turn.world.words_of(t) - _shared(alike, turn.world))
    ]
    return (Group(things=tuple(found), named=True),) if len(found) == 1 else ()


def _part_of(frames: Sequence[Frame], groups: Sequence[Group], turn: Turn) -> tuple[str, ...]:
    """ "Warm up the car" - "and the seats": traits of what was spoken of, and of nothing else in the home."""
    traits = tuple(trait for frame in frames for trait in frame.traits)
    if not traits or not groups or any(g.things or g.places or g.kinds or g.pronoun for g in groups):
        return ()
    things = turn.memory.things
    return traits if things and all(set(traits) & turn.world.things[thing].takes for thing in things) else ()


def _likewise(group: Group, base: Frame, turn: Turn) -> Group | None:
    """ "And in the study": of what was spoken of the like of it there."""
    if group.things or group.kinds or group.pronoun or group.traits or not group.places:
        return group
    if not any(old.named and old.things for old in base.groups):
        return group
    there = {thing for place in group.places for thing in turn.world.within(place)}
    found = _alike_in(there, turn.memory.things, turn.world)
    return Group(things=found, named=True, plural=True, said=group.said) if found else None


def _alike_in(there: Collection[str], things: Sequence[str], world: World) -> tuple[str, ...]:
    """The things there of the kinds of these."""
    kinds = {world.things[thing].kind for thing in things}
    return things_of_kind(kinds, [thing for thing in world.things if thing in there], world)


def asked_again(frames: Sequence[Frame], turn: Turn) -> Frame | None:
    """ "and in the hall?", "and its range", "what about yesterday": the last question, of something else."""
    base: Frame | None = turn.memory.asked
    said = [frame for frame in frames if frame.groups or frame.traits or frame.times]
    if base is None or len(said) != 1:
        return None
    (frame,) = said
    leaning = frame.clause.link == "and" or frame.also or frame.same or bool({"tell", "about_that"} & frame.senses)
    where = next((piece for piece in frame.clause.pieces if "and" not in piece.senses), None)
    placed = frame.act == "on" and where is not None and "in" in where.senses  # "and on the porch"
    if not leaning or not (frame.act is None or placed) or frame.complaint or frame.strange:
        return None
    if "how_far" in frame.senses:
        return None  # "and how far is that?": it says what it asks
    if any(group.why is not None for group in frame.groups):
        return None
    if frame.groups and not any(g.things or g.places or g.kinds or g.pronoun for g in frame.groups):
        other = _another(frame, base, turn)
        if other is not None:
            return other
    if frame.traits and not all(group.things for group in frame.groups):  # "and its range": of the same
        groups = tuple(group for group in frame.groups if group.things or group.pronoun) or base.groups
        clause = msgspec.structs.replace(frame.clause, mood="question")
        return msgspec.structs.replace(frame, groups=groups, clause=clause, times=frame.times or base.times)
    return msgspec.structs.replace(base, groups=frame.groups or base.groups, times=frame.times or base.times)


def _another(frame: Frame, base: Frame, turn: Turn) -> Frame | None:
    """ "And the back one": of the kinds that were asked about the one that has the word in its name."""
    words = {word for group in frame.groups for word in group.said.split()}
    kinds = {turn.world.things[thing].kind for group in base.groups for thing in group.things}
    found = [t for t, about in turn.world.things.items() if about.kind in kinds and words <= turn.world.words_of(t)]
    if len(found) != 1:
        return None
    group = Group(things=tuple(found), named=True)
    return msgspec.structs.replace(base, groups=(group,), times=frame.times or base.times)


def not_so(frame: Frame) -> None:
    """ "Not so bright", after an order, complains that it is too bright; "still not enough" wants more of it."""
    short = {"too"} & frame.senses if frame.complaint else {"enough"} & frame.senses
    bare = not frame.groups or all(not (group.things or group.places or group.kinds) for group in frame.groups)
    if frame.clause.bar != "negated" or not short or not bare or frame.act not in (None, "keep"):
        return
    frame.clause = msgspec.structs.replace(frame.clause, bar=None)
    frame.unheeded, frame.groups = (), ()
    frame.senses = frame.senses - {"not"} if frame.complaint else frame.senses - {"not", "enough"} | {"more"}


def once_more(frames: Sequence[Frame], turn: Turn) -> Plan | None:
    """ "a bit more", "for an hour", "in ten minutes": the last order again, by so much or at that time."""
    base: Frame | None = turn.memory.frame
    if base is None or not frames or any(frame.clause.mood == "question" for frame in frames):
        return None
    if any(_about(frame) for frame in frames):
        return None
    senses = frozenset[str]().union(*(frame.senses for frame in frames))
    times = tuple(time for frame in frames for time in frame.times)
    value = next((frame for frame in frames if frame.value is not None), None)
    if value is not None and base.value is None and base.act in VALUELESS:
        hours = hours_in(value.clause.pieces)  # "start it" - "at nine"
        times, value = (*times, *hours.values()), None if hours else value
    if value is not None and not (value.by and senses & {"more", "less"}):
        return None
    if any(frame.color or frame.strange or frame.complaint or frame.level for frame in frames):
        return None
    if times and all(frame.act in (None, "value") or frame.groups for frame in frames):
        if any(time.role == "after" for time in base.times):  # "in an hour" - "make it two hours"
            times = tuple(msgspec.structs.replace(t, role="after") if t.role == "for" else t for t in times)
        return ordered([msgspec.structs.replace(base, times=times)], [], [], turn, leaning=True)
    own = next((frame.act for frame in frames if frame.act not in (None, "up", "down", "set")), None)
    back = "overdone" in senses
    again = "again" in senses and all(frame.act is None for frame in frames)
    if own is not None or not (senses & {"more", "less"} or back or again) or base.act not in STEPPED:
        return None
    degree = next((frame.degree for frame in frames if frame.degree), None)
    act = base.act if ("more" in senses or again) and not back else opposite(base.act)
    degree = "bit" if back else degree
    new = msgspec.structs.replace(base, act=act, degree=degree, value=None, level=None, by=False, times=())
    if value is not None:
        new.value, new.unit, new.by, new.share = value.value, value.unit, True, value.share
    return ordered([new], [], [], turn, leaning=True)


def _about(frame: Frame) -> bool:
    """Does it name something? "Make it two hours" names but the time."""
    put = frame.act in (None, "set") and bool(frame.times) and not frame.predicates
    return bool(frame.groups) and not (put and all(group.pronoun == "it" for group in frame.groups))


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
