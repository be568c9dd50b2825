"""Reasons: what people say why, or for whom, they want something: "open the boot, I'm coming down with the bags".

Nothing in it is of this home, so nothing in it changes the order. What takes an order back is no reason. Knows pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from unisono.assist.nouns import unknown
from unisono.assist.remarks import tells
from unisono.assist.scope import ACTIONS
from unisono.assist.text import Clause, Piece
from unisono.assist.turn import Turn
from unisono.assist.verbs import PARTICLES
from unisono.assist.world import World

__all__ = ["without_reasons"]

#: Senses that make what is said after an order more than its reason.
HEEDED = frozenset(
    {
        "want", "please", "tell", "spell", "never_mind", "undo", "cancel", "correction", "yes", "meant", "except",
        "only", "rest", "other", "all", "both", "everything", "them", "here", "there", "also", "again", "until",
        "already",
    }
)  # fmt: skip
#: Families of senses that are about what a home has, or how it is to be.
FAMILIES = ("kind:", "place:", "level:", "color:", "mode:", "arm:", "scene:")


def without_reasons(clauses: Sequence[Clause], turn: Turn) -> tuple[list[Clause], Turn]:
    """The clauses and the turn less what only says why an order before it is given, and what for."""
    kept: list[Clause] = []
    ordered = False
    for clause in clauses:
        if ordered and not clause.link and clause.trigger in (None, "because") and _reason(clause, turn.world):
            continue
        kept.append(_without_purpose(clause, turn.world))
        ordered = ordered or (clause.bar is None and clause.mood == "command" and _orders(clause))
    said = {id(piece) for clause in kept for piece in clause.pieces}
    left = {id(piece) for clause in clauses for piece in clause.pieces} - said
    return kept, msgspec.structs.replace(turn, pieces=tuple(piece for piece in turn.pieces if id(piece) not in left))


def _orders(clause: Clause) -> bool:
    """Does it begin with a verb in its plain form, or is it a thing and what becomes of it?"""
    said = [piece for piece in clause.pieces if not set(piece.senses) & {"filler", "please"} or piece.named]
    if any("base" in piece.forms and set(piece.senses) & ACTIONS for piece in said[:1]):
        return True
    becomes = any(piece.kind == "number" or set(piece.senses) & (ACTIONS | PARTICLES.keys()) for piece in said[1:])
    return becomes and not tells(clause)


def _reason(clause: Clause, world: World) -> bool:
    """Is it told of somebody or the weather, and of nothing of this home?"""
    said = [piece for piece in clause.pieces if not set(piece.senses) & {"filler"} or piece.named]
    if len(said) < 2 or clause.mood == "question" or clause.bar == "quoted" or clause.times:
        return False
    first = said[0]
    subject = {"i", "he", "somebody", "soon"} & set(first.senses) or (
        "it" in first.senses and len(said) > 1 and "is" in said[1].senses
    )
    if not (subject or {"it 's", "there 's", "it is"} & {first.text} or _possessed(said)):
        return False
    return not any(_heeded(said, at, world) for at in range(1, len(said)))


def _possessed(said: Sequence[Piece]) -> bool:
    """ "My hands are full": of somebody's own."""
    return bool({"mine", "theirs"} & set(said[0].senses)) and unknown(said[1])


def _heeded(said: Sequence[Piece], at: int, world: World) -> bool:
    """May a word of it change the order?"""
    piece, after = said[at], said[at + 1] if at + 1 < len(said) else None
    if piece.things and all(world.things[thing].kind == "person" for thing in piece.things):
        return False
    if piece.named or piece.kind in ("number", "time"):
        return True
    senses = set(piece.senses)
    if "no" in senses and after is not None and unknown(after):
        return False  # "he has no keys"
    if senses & HEEDED or any(sense.startswith(FAMILIES) for sense in senses):
        return True
    if "it" in senses and "det" not in senses:
        return "cannot" not in {sense for p in said[:at] for sense in p.senses}  # "I can't find it"
    if ("not" in senses and "cannot" not in senses) or ("said" in senses and "lacks" not in senses):
        return True
    return "suppose" in senses and "soon" not in senses


def _without_purpose(clause: Clause, world: World) -> Clause:
    """ "The kettle for my green tea", "too bright in here to watch a film": what for is no matter of the home's."""
    if clause.mood == "question":
        return clause
    pieces = _without_whom(clause.pieces, world)
    felt = next((i for i, p in enumerate(pieces) if any(s.startswith("complaint:") for s in p.senses)), None)
    too = felt is not None and any("too" in piece.senses or "too" in piece.text for piece in pieces[: felt + 1])
    if not too or felt is None:
        return msgspec.structs.replace(clause, pieces=tuple(pieces))
    kept = list(pieces[: felt + 1])
    purpose = False
    for piece, after in zip_longest(pieces[felt + 1 :], pieces[felt + 2 :]):
        if "to" in piece.senses and after is not None and unknown(after):
            purpose = True
        elif piece.named or "in" in piece.senses:
            purpose = False
        if not purpose:
            kept.append(piece)
    return msgspec.structs.replace(clause, pieces=tuple(kept))


def _without_whom(pieces: Sequence[Piece], world: World) -> list[Piece]:
    """Less "for Bo's mother", "for the quiz": a noun that this home does not know, after such a word."""
    kept: list[Piece] = []
    at = 0
    while at < len(pieces):
        end = _purpose_ends(pieces, at, world) if any(_had(piece) for piece in pieces[:at]) else at
        if end > at:
            at = end
            continue
        kept.append(pieces[at])
        at += 1
    return kept


def _had(piece: Piece) -> bool:
    """May it be what something is done to, or how it is? Nobody looks for a taxi at home."""
    families = ("kind:", "trait:", "color:", "complaint:", "coffee")
    if not piece.named and "base" in piece.forms and set(piece.senses) & ACTIONS:
        return False  # "heat the room for the meeting": which room that is, nobody knows
    return piece.named or piece.kind == "number" or any(sense.startswith(families) for sense in piece.senses)


def _purpose_ends(pieces: Sequence[Piece], at: int, world: World) -> int:
    """Where a purpose that begins here ends; ``at`` where none begins."""
    if pieces[at].text != "for" or pieces[at].named:
        return at
    end, strange = at + 1, False
    while end < len(pieces):
        piece = pieces[end]
        person = bool(piece.things) and all(world.things[thing].kind == "person" for thing in piece.things)
        led = bool({"det", "indefinite"} & set(piece.senses)) or piece.text == "'s"
        colored = any(sense.startswith("color:") for sense in piece.senses) and end + 1 < len(pieces)
        odd = unknown(piece) or ("elsewhere" in piece.senses and not piece.named)
        if piece.kind != "word" or (piece.named and not person) or not (person or led or odd or colored):
            break
        strange = strange or odd
        end += 1
    return end if strange else at
