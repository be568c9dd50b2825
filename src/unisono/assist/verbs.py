"""How verbs stand among their words: particles that come apart from them, objects, who is made to do it.

Knows the pieces of one clause. Decides nothing of the frame that is read from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from unisono.assist.heeded import off_it
from unisono.assist.nouns import nominal
from unisono.assist.scope import ACTIONS, GOING_ON, LIGHT
from unisono.assist.text import Piece

__all__ = [
    "ENDED",
    "PARTICLES",
    "RUNNING",
    "agree",
    "chosen_of",
    "ended_by",
    "fills",
    "given",
    "goes_to",
    "has_object",
    "head_of",
    "is_a_noun",
    "is_caused",
    "is_filled",
    "is_mode_at",
    "is_on_dim",
    "is_refilled",
    "is_subject",
    "leaves_it",
    "lets_in",
    "particle_of",
]

PARTICLES = {"p_on": "on", "p_off": "off", "p_up": "up", "p_down": "down"}

#: Verbs that an "up" or "down" at the end of their clause adds nothing to.
FILLED = frozenset({"open", "close", "lock", "unlock", "start", "stop", "charge", "clean"})

#: What goes on, and may go on until a time.
RUNNING = frozenset({"on", "start", "play"})

#: What only says that something begins.
BEGINNING = RUNNING | {"resume"}

#: What is played: "play the last song".
TRACKS = frozenset({"play", "next", "previous"})

#: What things are for, and end with being stopped.
WORKING = ("play", "clean", "mow", "water", "brew")

#: What a place can be given: "a quick mop".
GIVEN = frozenset({"clean", "mow", "water", "charge"})

#: What ends with an act that lasts.
ENDED = {"swing": "swing", "charge": "charging", "record": "recording", "defrost": "defrost"}


def goes_to(pieces: Sequence[Piece]) -> bool:
    """ "To ten percent": a number that is a goal, at the end."""
    pieces = [piece for piece in pieces if not {"please", "filler"} & set(piece.senses) or piece.named]
    return len(pieces) > 2 and pieces[-1].kind == "number" and "to" in pieces[-2].senses


def is_filled(pieces: Sequence[Piece], verb: tuple[int, str], at: int) -> bool:
    """ "Open it up", "start the pump up": a particle that only fills its verb. Of "run the blind up" it is the act."""
    head = pieces[verb[0]]
    bare = bool(set(pieces[at].senses) & PARTICLES.keys()) and at > verb[0] + 1
    return bare and verb[1] in FILLED and "base" in head.forms and "moves" not in head.senses


def is_refilled(pieces: Sequence[Piece], head: int) -> bool:
    """ "Top the car up", "plug it in": a verb that comes apart around its object."""
    if not pieces or pieces[head].named or "refills" not in pieces[head].senses:
        return False
    for at, piece in enumerate(pieces[head + 1 :], start=head + 1):
        side = piece.text in ("up", "in") and not piece.named and at > head + 1
        if side and has_object(pieces, head):
            after = pieces[at + 1] if at + 1 < len(pieces) else None
            return after is None or bool({"to", "please", "filler", "by", "o_clock"} & set(after.senses))
    return False


def is_a_noun(pieces: Sequence[Piece], at: int) -> bool:
    """Is a verb's word a noun after its article: "at the end", "in that film"?"""
    before, piece = pieces[at - 1], pieces[at]
    within = at > 1 and "in" in pieces[at - 2].senses and not pieces[at - 2].named
    article = "det" in before.senses and not {"them", "all", "both", "no"} & set(before.senses)
    article = article and (within or "it" not in before.senses)
    return article and not before.named and len(piece.tokens) == 1 and not nominal(piece) and "base" in piece.forms


def is_on_dim(pieces: Sequence[Piece], at: int) -> bool:
    """ "The lamp on dim": how bright, and no order to dim."""
    return at == len(pieces) - 1 and at > 0 and "p_on" in pieces[at - 1].senses and not pieces[at - 1].named


def agree(act: str | None, other: str, piece: Piece) -> bool:
    """Do two verbs of a clause say one thing: "start cleaning", "switch it on to clean", "crack it open"?"""
    both = {act, other}
    begun = bool(both & BEGINNING) and both <= BEGINNING | GOING_ON
    return other == act or act in piece.senses or begun or ("play" in both and both <= TRACKS)


def ended_by(pieces: Sequence[Piece]) -> dict[int, str | None]:
    """ "Stop the fan swinging", "stop it from charging": what is ended is not the thing, but what it does; by where.
    None for what the thing is for: "stop the radio playing"."""
    return {
        at: ENDED.get(act)
        for at, (before, piece) in enumerate(pairwise(pieces), start=1)
        if "ing" in piece.forms and not piece.named and ({"from", "stop"} & set(before.senses) or nominal(before))
        for act in (*ENDED, *WORKING)
        if act in piece.senses
    }


def is_mode_at(pieces: Sequence[Piece], at: int) -> bool:
    """ "put it on cool", "switch it to heat": after a light verb and such a word it is a mode, not an act."""
    if not at or not any(sense.startswith("mode:") for sense in pieces[at].senses):
        return False
    led = {"p_on", "to", "in"} & set(pieces[at - 1].senses) and not pieces[at - 1].named
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    if at == 2 and "p_on" in pieces[1].senses and pieces[0].things and (after is None or not has_object(pieces, at)):
        return True  # "chiller on cool"
    return bool(led) and any(LIGHT & set(piece.senses) and not piece.named for piece in pieces[: at - 1])


def is_subject(piece: Piece) -> bool:
    return bool({"i", "you", "he"} & set(piece.senses)) and not piece.named and "det" not in piece.senses


def is_caused(pieces: Sequence[Piece], at: int, light: Sequence[int]) -> bool:
    """ "Let Bo's robot vacuum", "have the camera record": a verb at the end, after a light one and its subject."""
    ends = all({"please", "filler", "again", "idle"} & set(piece.senses) for piece in pieces[at + 1 :])
    led = bool(light) and light[0] == head_of(pieces) and light[0] < at - 1
    plain = pieces[at - 1].named and set(pieces[at].forms) == {"base"}
    return ends and led and plain and "lets" in pieces[light[0]].senses


def fills(pieces: Sequence[Piece], body: int, chosen: tuple[int, str]) -> bool:
    """ "lock everything up": the particle only fills the verb at the head."""
    at, act = chosen
    filled = act in ("up", "down") and body < at and "base" in pieces[body].forms
    return filled and bool(set(pieces[at].senses) & PARTICLES.keys()) and has_object(pieces, body)


def has_object(pieces: Sequence[Piece], at: int) -> bool:
    """Does an object follow, as after a verb?"""
    after = next(
        (p for p in pieces[at + 1 :] if not set(p.senses) & {"please", "filler", "indefinite"} or p.named), None
    )
    if after is None or any(sense.startswith(("color:", "trait:color")) for sense in after.senses):
        return False
    return bool(
        set(after.senses) & {"det", "it", "them", "all", "both", "indefinite", "up", "here", "everything", "to", "only"}
    ) or nominal(after)


def lets_in(pieces: Sequence[Piece], head: int) -> int | None:
    """ "Let Bo in", "let her in at the gate": where the "in" stands that opens a door."""
    if not pieces or "lets" not in pieces[head].senses or pieces[head].named:
        return None
    for at in range(head + 2, len(pieces)):
        after = next((p for p in pieces[at + 1 :] if not {"please", "filler"} & set(p.senses) or p.named), None)
        who = {"somebody", "he", "theirs", "them"} & set(pieces[at - 1].senses)
        if pieces[at].text == "in" and who and (after is None or {"in", "o_clock"} & set(after.senses)):
            return at
    return None


def given(pieces: Sequence[Piece], head: int) -> tuple[int, str] | None:
    """ "Give the hall a quick hoover": a deed that is said as a noun."""
    ends = [at for at, piece in enumerate(pieces) if not {"please", "filler"} & set(piece.senses) or piece.named]
    if len(ends) < 2 or "gives" not in pieces[head].senses or ends[-1] - head < 2:
        return None
    act = next((sense for sense in pieces[ends[-1]].senses if sense in GIVEN), None)
    article = any("indefinite" in piece.senses for piece in pieces[ends[-2] : ends[-1]])
    return (ends[-1], act) if act is not None and article else None


def leaves_it(pieces: Sequence[Piece]) -> bool:
    """ "Did Bo leave the lamp on": a thing is left, and nobody leaves."""
    return any(
        {"keep", "away"} <= set(piece.senses) and not piece.named and has_object(pieces, at)
        for at, piece in enumerate(pieces)
    )


def chosen_of(acts: Sequence[str], piece: Piece) -> str:
    del piece
    return acts[0]


def head_of(pieces: Sequence[Piece]) -> int:
    """Where the order begins, after politeness."""
    skip = {"please", "filler", "want", "i", "you", "function", "can", "also", "then", "again", "only", "idle"}
    for at, piece in enumerate(pieces):
        senses = set(piece.senses)
        if piece.named or not senses & skip or senses & ACTIONS or senses & PARTICLES.keys():
            return at
    return 0


def particle_of(pieces: Sequence[Piece], strong: bool, light: bool, head: int) -> tuple[int, str] | None:
    """A particle away from its verb: "turn the lights off", "lights on", "on the plug"."""
    for at in range(len(pieces) - 1, -1, -1):
        piece = pieces[at]
        particle = next((PARTICLES[sense] for sense in piece.senses if sense in PARTICLES), None)
        if particle is None or piece.named:
            continue
        if off_it(pieces, at, head):
            continue
        if "p_out" in piece.senses and not light and not any("kind:light" in p.senses or p.things for p in pieces):
            continue  # "dry the pantry out"
        if particle in ("off", "up", "down"):
            return at, particle
        beside = {"please", "filler", "idle", "meant", "also", "again"}
        after = next((p for p in pieces[at + 1 :] if not set(p.senses) & beside or p.named), None)
        if (
            after is None
            or "except" in after.senses
            or (light and after.text == "for")
            or (light and at > 0 and set(pieces[at - 1].senses) & {"do", "set"})
        ):
            return at, particle
        if not strong and at and ("in" in after.senses or "here" in after.senses) and after.text != piece.text:
            return at, particle
        if not strong and at == head and (nominal(after) or {"det", "o_clock", "in"} & set(after.senses)):
            return at, particle  # "on again at eleven"
        if (
            not strong
            and light
            and set(after.senses) & {"brighter", "dimmer", "when", "to", "there"}
            and after.kind != "number"
        ):
            return at, particle
    return None
