"""Remarks: what is said of this home and how it is in it, and orders nothing, asks nothing, tells no story.

"There's a spider in the bath", "the divider won't keep up", "my towel's damp": nobody says it to a home for nothing,
and no list of words has all that may be amiss in one. So it is asked what to do. Knows pieces and the home's words; no
acts.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.assist.nouns import nominal, unknown
from unisono.assist.scope import ACTIONS, ASKING
from unisono.assist.text import Clause, Piece
from unisono.assist.turn import Turn

__all__ = ["remarked", "tells"]

#: Senses of verbs that tell how something is, was made or cannot be.
FINITE = frozenset({"is", "was", "does", "can", "perfect", "not", "future", "lacks"})
#: Of these the speaker wants something or asks, or another says it.
WISHES = frozenset({"want", "please", "tell", "spell", "gone", "habit", "never_mind", "undo"})
#: Endings of verbs that nobody lists: scares, rattled, leaking.
BENT = ("s", "ed", "ing")


def _spoken(clause: Clause) -> list[Piece]:
    return [piece for piece in clause.pieces if piece.named or not set(piece.senses) & {"filler", "and", "but", "also"}]


def tells(clause: Clause) -> bool:
    """Has the clause a subject and a verb, and is it neither an order, a wish, a question nor somebody's words?"""
    said = _spoken(clause)
    if len(said) < 2 or clause.mood == "question" or clause.trigger is not None:
        return False
    if clause.bar in ("quoted", "past") or any(_wishes(piece) for piece in said):
        return False
    if any(time.role == "over" for time in clause.times):
        return False
    if any("suppose" in piece.senses and not piece.named and "hardly" not in piece.senses for piece in said):
        return False
    first = said[0]
    if not first.named and "base" in first.forms and set(first.senses) & ACTIONS and not nominal(first):
        return False
    forbids = "not" in first.senses and any("base" in p.forms and set(p.senses) & ACTIONS for p in said[1:])
    if forbids:
        return False  # "nobody may start it"
    being = bool({"is", "was"} & set(first.senses)) and len(first.tokens) > 1
    being = being or (bool({"i", "he"} & set(first.senses)) and not said[1].named and "det" not in said[1].senses)
    return being or any(_verb(piece) for piece in said[1:])


def _wishes(piece: Piece) -> bool:
    """Is it asked, wanted, or said by another? That the dog wants out is told."""
    senses = set(piece.senses)
    return not piece.named and (bool(senses & (WISHES | ASKING)) or ("said" in senses and "lacks" not in senses))


def _verb(piece: Piece) -> bool:
    """May it be the verb of a sentence that tells?"""
    if piece.named:
        return False
    felt = any(sense.startswith("complaint:") for sense in piece.senses)
    if felt or set(piece.senses) & FINITE or "third" in piece.forms:
        return True
    return unknown(piece) and piece.text.endswith(BENT)


def remarked(clauses: Sequence[Clause], turn: Turn) -> bool:
    """Is any of the clauses a remark about this home?"""
    felt = frozenset(turn.spoken.rules.get("felt", ()))
    return any(tells(clause) and not _denied(clause) and _about(clause, felt, turn) for clause in clauses)


def _denied(clause: Clause) -> bool:
    """ "It isn't cold": nothing is amiss."""
    denies = [at for at, piece in enumerate(clause.pieces) if "not" in piece.senses and "cannot" not in piece.senses]
    after = clause.pieces[denies[0] :] if denies else ()
    felt = any(sense.startswith("complaint:") for piece in after for sense in piece.senses)
    return felt and not any("stop" in piece.senses for piece in after)  # "my teeth won't stop chattering"


def _about(clause: Clause, felt: frozenset[str], turn: Turn) -> bool:
    """Does it speak of a thing or place of this home, or of what any home has?"""
    world = turn.world
    if any(world.things[thing].kind != "person" for piece in clause.pieces for thing in piece.things):
        return True
    if any("elsewhere" in piece.senses and not piece.named for piece in clause.pieces):
        return False
    for piece in clause.pieces:
        if piece.places:
            return True
        if "here" in piece.senses or any(s.startswith(("kind:", "complaint:", "coffee")) for s in piece.senses):
            return True
        if felt & set(piece.text.split()) or (unknown(piece) and piece.tokens[-1].key in world.names.words):
            return True
    return False
