"""Clauses together: a noun alone goes to its neighbour's act, a value to both, what corrects replaces - and which of
them are orders at all.

Knows frames; no things but by their groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.assist.fragments import fragment
from unisono.assist.frames import STEPPED, Frame
from unisono.assist.gazetteer import Group
from unisono.assist.questions import asks
from unisono.assist.remarks import tells
from unisono.assist.scope import ACTIONS
from unisono.assist.turn import Turn

__all__ = ["corrected", "is_order", "joined", "take_value", "told_on"]


def corrected(frames: list[Frame]) -> list[Frame]:
    """ "to twenty, no wait, thirty": what follows a correction replaces what it says anew."""
    found: list[Frame] = []
    for frame in frames:
        if frame.clause.link != "correction" or not found or frame.clause.bar == "negated":
            found.append(frame)
            continue
        before = found[-1]
        if frame.times and not frame.predicates:
            before.times = frame.times  # "at eight pm, no, nine pm"
        new = any(group.pronoun not in ("it", "them") for group in frame.groups)
        if new and frame.predicates:
            found[-1] = frame
        elif new:
            before.groups = frame.groups
        elif frame.value is not None and frame.unit is None and before.times and before.value is None:
            found.append(frame)  # "at eight, no, nine" is no value
        elif frame.predicates:
            take_value(before, frame)
    return found


def take_value(old: Frame, new: Frame) -> None:
    for name in ("value", "unit", "level", "color", "mode", "degree"):
        value = getattr(new, name)
        if value is not None:
            setattr(old, name, value)
    if new.act not in (None, "value", "set"):
        old.act = new.act


def _verbless(frame: Frame) -> bool:
    """Has it a value or a particle only, and its verb with the clause before?"""
    if frame.act in (None, "value"):
        return True
    first = next((p for p in frame.clause.pieces if not set(p.senses) & {"filler", "please"} or p.named), None)
    return frame.act in ("on", "off", "up", "down") and first is not None and ("det" in first.senses or first.named)


def _started(frame: Frame) -> bool:
    """ "start cleaning", "get the cleaning on", "keep it going": does another verb carry the one in -ing?"""
    pieces = [piece for piece in frame.clause.pieces if not piece.named]
    own = any("ing" in piece.forms and "do" in piece.senses for piece in pieces)  # "turning the lights off"
    return any(
        ("base" in piece.forms and set(piece.senses) & ACTIONS) or ({"p_on", "p_off"} & set(piece.senses) and not own)
        for piece in pieces
    )


def told_on(frames: Sequence[Frame]) -> None:
    """ "The radio is on and the kettle off": what goes on with what is told is told too."""
    for before, frame in pairwise(frames):
        first = next((p for p in frame.clause.pieces if "filler" not in p.senses or p.named), None)
        told = before.stated and not before.want and not before.complaint and before.act is not None
        noun = first is not None and (first.named or "det" in first.senses)
        if told and noun and frame.clause.link == "and" and before.clause.trigger is None:
            frame.stated, frame.forms = True, ()


def joined(frames: Sequence[Frame]) -> list[Frame]:
    """A noun alone goes to the act of its neighbour."""
    found: list[Frame] = []
    waiting: list[Frame] = []
    excepted: tuple[Group, ...] = ()
    for at, frame in enumerate(frames):
        if not (frame.predicates or frame.act or frame.groups or frame.left or frame.senses):
            continue
        if not frame.predicates and not frame.act and not frame.groups and not frame.left and not frame.want:
            continue
        if frame.left and not frame.groups and not frame.predicates and found:
            found[-1].left = (*found[-1].left, *frame.left)
            continue
        if frame.left and not frame.groups and not frame.predicates and frame.act is None:
            excepted = (*excepted, *frame.left)  # "except for the lamp, turn off the lights"
            continue
        if excepted and frame.predicates:
            frame.left, excepted = (*frame.left, *excepted), ()
        last = found[-1] if found else None
        empty = last is not None and last.act in ("set", "do") and not last.predicates and bool(last.groups)
        if empty and last is not None and frame.clause.link == "and" and frame.predicates and _verbless(frame):
            # "set the lamp and the strip to half": the value is of both
            frame.groups = (*last.groups, *(msgspec.structs.replace(g, joined=True) for g in frame.groups))
            frame.act = "set" if frame.act in (None, "value") else frame.act
            frame.unheeded = (*last.unheeded, *frame.unheeded)
            frame.times = (*last.times, *frame.times)
            found[-1] = frame
            continue
        if last is not None and _adds_value(frame) and _wants_value(last):
            take_value(last, frame)  # "make it warm, say 22", "warm the seat, full blast"
            last.unheeded = (*last.unheeded, *frame.unheeded)
            frame.act = frame.value = frame.level = None
            continue
        if last is not None and _adds_value(frame) and frame.level != "max" and last.act in ("on", "start"):
            frame.groups = last.groups  # "the lamp on, fifty percent"
        if frame.groups and "included" in frame.senses and last is not None and any(g.whole for g in last.groups):
            frame.groups = ()  # "every light out, the hall included"
            continue
        if last is not None and frame.act is None and _all_of_them(frame) and any(g.plural for g in last.groups):
            sets = frozenset({"both"} if "both" in frame.senses else {"all"})
            last.groups = tuple(msgspec.structs.replace(g, whole=True, sets=g.sets | sets) for g in last.groups)
            continue  # "fans to a hundred, both of them"
        alone = not frame.predicates and frame.act is None and bool(frame.groups) and not asks(frame) and not frame.want
        if alone and frame.clause.link == "or" and found and found[-1].predicates and not frame.stated:
            found[-1].clause = msgspec.structs.replace(found[-1].clause, link="or")
            continue
        led = not frame.clause.link and _switches_it(frames[at + 1] if at + 1 < len(frames) else None)
        if (
            alone
            and not led
            and frame.clause.link in ("and", "then", "")
            and found
            and found[-1].predicates
            and not frame.stated
        ):
            found[-1].groups = (*found[-1].groups, *(msgspec.structs.replace(g, joined=True) for g in frame.groups))
            found[-1].left = (*found[-1].left, *frame.left)
            found[-1].times = (*found[-1].times, *frame.times)
            found[-1].unheeded = (*found[-1].unheeded, *frame.unheeded)
            continue
        if alone and not frame.stated:
            waiting.append(frame)
            continue
        if waiting and frame.predicates and frame.groups:
            for one in waiting:
                frame.groups = (*one.groups, *(msgspec.structs.replace(g, joined=True) for g in frame.groups))
                frame.times = (*one.times, *frame.times)
                frame.unheeded = (*one.unheeded, *frame.unheeded)
        elif waiting and frame.predicates:
            for one in waiting:
                frame.groups = (*one.groups, *frame.groups)
                frame.traits = (*one.traits, *frame.traits)  # "humidity in the hall, fifty"
                frame.unheeded = (*one.unheeded, *frame.unheeded)
        if any(one.clause.link == "or" for one in waiting):
            frame.clause = msgspec.structs.replace(frame.clause, link="or")  # "tv or radio, on"
        waiting = []
        found.append(frame)
    return found + waiting


def _all_of_them(frame: Frame) -> bool:
    """ "Both of them", "all of them", and nothing else."""
    pieces = [piece for piece in frame.clause.pieces if not {"please", "filler"} & set(piece.senses)]
    return len(pieces) == 1 and bool({"both", "all"} & frame.senses) and "them" in frame.senses


def _adds_value(frame: Frame) -> bool:
    """Is it a value and nothing else, after a comma?"""
    bare = not frame.groups and not frame.clause.link and not frame.strange and not frame.times and not frame.stated
    return bare and (frame.act == "value" or (frame.act is None and bool(frame.level) and frame.value is None))


def _wants_value(frame: Frame) -> bool:
    """An order for more or less, or for a setting, that says no value."""
    valued = frame.value is not None or frame.level or frame.color or frame.mode or frame.degree
    return (frame.act in STEPPED or frame.act == "set") and not valued and bool(frame.groups) and not frame.times


def _switches_it(frame: Frame | None) -> bool:
    """ "Lights: off. Radio: on." - does a bare particle follow, whose noun stands before it?"""
    if frame is None or frame.groups or frame.clause.link or frame.clause.bar is not None:
        return False
    return frame.act in ("on", "off", "up", "down") and len(frame.clause.pieces) == 1


def _tells(frame: Frame) -> bool:
    """ "The porch light goes on when it is dark" tells what it does."""
    bent = {"third"} <= set(frame.forms) <= {"third", "plural"} and not frame.want
    return bent and any(group.things and group.role == "" for group in frame.groups)


def _moded(frame: Frame) -> bool:
    """Is a mode said of something else than its own word: "heating mode in the hall", not "heat of the moment"?"""
    others = [p for p in frame.clause.pieces if not any(sense.startswith("mode:") for sense in p.senses)]
    return frame.mode is not None and any(
        p.named or any(sense.startswith("kind:") for sense in p.senses) for p in others
    )


def _no_coffee(frame: Frame) -> bool:
    """ "The lathe" is no latte: who wants a coffee has none yet, and a near word after "the" is another thing."""
    return any(
        piece.fuzzy and "coffee" in piece.senses and "det" in before.senses and "indefinite" not in before.senses
        for before, piece in pairwise(frame.clause.pieces)
    )


def is_order(frame: Frame, turn: Turn) -> bool:
    """Is it something to be done?"""
    if frame.act in ("notify", "remind") and not frame.groups and not frame.traits:
        return True
    if frame.clause.mood == "question" and not (frame.want and (frame.level or frame.color or frame.coffee)):
        return False
    if fragment(frame, led=turn.memory.frame is not None):
        return False
    if frame.act is None and asks(frame) and any(sense.startswith("agg:") for sense in frame.senses):
        return False  # "the highest humidity this week"
    if frame.scenes and "off" not in frame.senses and "p_off" not in frame.senses:
        return True
    if frame.act is None and not (frame.color or frame.level or _moded(frame) or frame.coffee):
        return False
    if frame.act == "keep":
        return True
    if frame.coffee and frame.act == "brew" and _no_coffee(frame):
        return False
    if frame.coffee and frame.act == "brew":
        told = tells(frame.clause) and "base" not in frame.forms  # "coffee keeps me awake"
        return frame.clause.mood == "command" and "past" not in frame.forms and not told
    if "ing" in frame.forms and "base" not in frame.forms and not frame.want and not _started(frame):
        return False
    if frame.stated and not frame.want and "base" not in frame.forms and frame.act != "value":
        return False
    if _tells(frame) and not any(piece.kind == "time" for piece in turn.pieces):
        return False
    if frame.complaint and frame.act in (None, "set") and not (frame.value is not None or frame.color or frame.level):
        return frame.act == "set" and bool(frame.groups) and not (frame.want and frame.complaint == "dark")
    valued = frame.color is not None or frame.level not in (None, "max")  # "off, all the way" says nothing more
    return frame.act is not None or bool(frame.groups) or frame.coffee or valued
