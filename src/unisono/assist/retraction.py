"""Retractions: "no, don't", "just not yet", "actually, forget it" take back what was said before in the sentence.

Also what an order is not to touch: "but not the lamp", "but leave the lamp". What is taken back is not done, whatever
it was; only what is said after it counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from unisono.assist.frames import Frame
from unisono.assist.text import Piece
from unisono.assist.turn import Turn

__all__ = ["held", "left_alone", "spared_by", "undecided"]

#: Senses that take an order back.
BACK = frozenset({"not", "never_mind"})
#: What only leads to it, or softens it: "oh wait, please ..."
ASIDE = frozenset(
    {"please", "filler", "correction", "no", "only", "but", "yes", "then", "or", "and", "i", "you", "function", "idle"}
)
#: What may stand beside it: "don't do that", "don't turn it off".
BESIDE = ASIDE | {"it", "them", "do", "set", "keep", "det", "meant", "already", "sometime"}
PRONOUNS = frozenset({"it", "them", "i", "you", "he", "there"})
#: Acts that say nothing of their own: "don't do that", "don't bother".
EMPTY = frozenset({None, "do", "set", "keep", "notify"})


def held(frames: Sequence[Frame]) -> tuple[list[Frame], bool]:
    """The frames that still hold, and whether any was taken back. What comes after may speak of what was taken back:
    "turn the lamp off, no don't, just dim it"."""
    found: list[Frame] = []
    void: list[Frame] = []
    for at, frame in enumerate(frames):
        if found and _asks_back(frame):
            continue
        if _takes_back(frame, found, last=not any(map(_said, frames[at + 1 :]))):
            void, found = [*void, *found], []
            continue
        order = next((old for old in reversed(void) if old.act or old.predicates), None)
        if order is not None and not found and _says_anew(frame):
            found.append(_anew(order, frame))
            continue
        spoken = next((old.groups for old in reversed(void) if any(g.things for g in old.groups)), ())
        if spoken and frame.predicates and not found and all(group.pronoun for group in frame.groups):
            frame.groups = spoken
        found.append(frame)
    return found, bool(void)


def _says_anew(frame: Frame) -> bool:
    """Has it a value, a time or a noun only: "to twenty, scratch that, thirty"?"""
    said = frame.groups or frame.times or frame.value is not None
    return bool(said) and frame.act in (None, "value") and frame.clause.trigger is None and frame.clause.bar is None


def _anew(order: Frame, frame: Frame) -> Frame:
    """What was taken back, with what is said instead."""
    new = msgspec.structs.replace(order, groups=frame.groups or order.groups, times=frame.times or order.times)
    if frame.value is not None and order.value is not None:
        new.value, new.unit, new.numbers = frame.value, frame.unit or order.unit, frame.numbers
    elif frame.value is not None:
        new.unheeded = (*new.unheeded, f"{frame.value:g}")  # of what was no number
    return new


def _takes_back(frame: Frame, before: Sequence[Frame], *, last: bool) -> bool:
    """Is it nothing but a no to what was said before? "Not the lamp" is of the lamp, "don't forget" of the speaker."""
    held_on = frame.clause.trigger is not None or frame.clause.link == "then"
    if held_on or not any(_orders(other) for other in before):
        return False
    pieces = frame.clause.pieces
    if not pieces:
        return last and frame.clause.link == "correction" and not frame.times
    said = _said(frame)
    if not said:
        return last and any(_is(piece, frozenset({"no"})) for piece in pieces)
    if all(_is(piece, BACK | {"it", "undo", "cancel"}) for piece in said):
        return True
    if _is(said[0], frozenset({"stop"})) and len(said) == 1:
        return frame.clause.link == "correction" or (not frame.clause.link and len(pieces) > len(said))
    acts = {other.act for other in before} | EMPTY
    return (
        _is(said[0], BACK)
        and frame.act in acts
        and all(_is(piece, BESIDE | BACK | {frame.act, f"p_{frame.act}"}) for piece in said)
    )


def undecided(frame: Frame) -> bool:
    """ "And then don't", "or don't": a no to an order that does not take it back either."""
    if frame.clause.bar != "negated":
        return False
    return frame.clause.link == "or" or all(_is(piece, BESIDE | BACK) for piece in frame.clause.pieces)


def _asks_back(frame: Frame) -> bool:
    """ "Isn't it", "didn't they" after a comma: it says nothing."""
    pieces = frame.clause.pieces
    if len(pieces) != 2 or frame.clause.link or frame.clause.trigger is not None or frame.times:
        return False
    return _is(pieces[0], frozenset({"is", "was", "does", "can"})) and _is(pieces[1], PRONOUNS)


def _orders(frame: Frame) -> bool:
    return frame.clause.mood == "command" and bool(frame.act or frame.predicates or frame.scenes)


def _said(frame: Frame) -> list[Piece]:
    return [piece for piece in frame.clause.pieces if not _is(piece, ASIDE) or _is(piece, BACK)]


def _is(piece: Piece, senses: frozenset[str | None]) -> bool:
    return not piece.named and piece.kind == "word" and bool(senses & set(piece.senses))


def spared_by(orders: Sequence[Frame], beside: Sequence[Frame], turn: Turn) -> set[str]:
    """The things that a clause with "not" beside the orders takes out of them: "all lights off, but not the lamp"."""
    found: set[str] = set()
    acts = {frame.act for frame in orders}
    for frame in beside:
        if frame.clause.bar == "negated" and (frame.act in acts or frame.act in (None, "set", "keep", "do")):
            found.update(thing for group in frame.groups for thing in group.things)
            found.update(
                thing
                for group in frame.groups
                if group.places and not group.things
                for place in group.places
                for thing in turn.world.within(place)
            )
    return found


def left_alone(orders: Sequence[Frame]) -> set[str]:
    """The things that are to be left as they are: "the lights off, but leave the lamp"."""
    return {
        thing
        for frame in orders
        if frame.act == "keep"
        for group in frame.groups
        if group.named
        for thing in group.things
    }
