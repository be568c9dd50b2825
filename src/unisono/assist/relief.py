"""What a complaint asks for: "it is too dark in here".

Only what is harmless is done at once; else it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from unisono.access import Risk
from unisono.assist.change import changes_of
from unisono.assist.frames import Frame
from unisono.assist.nouns import nominal, unknown
from unisono.assist.plan import Plan
from unisono.assist.resolver import steps_of
from unisono.assist.targets import aim
from unisono.assist.turn import Turn

__all__ = ["relief_for"]

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

#: Complaints that are about a room or what is in it, and never about how somebody feels.
OF_THINGS = frozenset({"dirty", "stuffy", "humid", "draughty", "windy", "overgrown", "parched"})


def _wished(frame: Frame) -> bool:
    """ "Kitchen bright": how it is, or how it is to be?"""
    said = frame.stated or frame.senses & {"too", "want", "gone"}
    felt = [piece for piece in frame.clause.pieces if any(sense.startswith("complaint:") for sense in piece.senses)]
    if "never_mind" in frame.senses or any(piece.fuzzy for piece in felt):
        return True  # "let it be dark"; "I swear" is not sweating
    return not said and any(
        before.named and any(sense.startswith("complaint:") for sense in piece.senses)
        for before, piece in pairwise(frame.clause.pieces)
    )


def _of_others(frame: Frame, around: frozenset[str]) -> bool:
    """Is it said of what is nothing of a home's: muddy shoes, a hot topic, somebody who is a mess? ``around``: what is
    felt, or feels, in any home."""
    pieces = [piece for piece in frame.clause.pieces if "idle" not in piece.senses or piece.named]
    at = next(i for i, piece in enumerate(pieces) if any(sense.startswith("complaint:") for sense in piece.senses))
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    if after is None and "trait:temperature" in pieces[at].senses and at and "indefinite" in pieces[at - 1].senses:
        return True  # "I've got a cold"
    led = (at > 0 and "indefinite" in pieces[at - 1].senses) or " a " in pieces[at].text  # "needs a clean shirt"
    if led and after is not None and not after.places and not any(s.startswith("place:") for s in after.senses):
        return nominal(after) and after.text not in around
    if any(around & set(piece.text.split()) or "in" in piece.senses for piece in pieces[at:]):
        return False  # whatever it is, it is all over the carpet here
    begins = [piece for i, piece in enumerate(pieces[:at]) if i == 0 or "det" in pieces[i - 1].senses]
    strange = any(unknown(piece) and not around & set(piece.text.split()) for piece in begins)
    being = any(
        {"he", "i", "you"} & set(who.senses)
        and "somebody" not in who.senses
        and (len(who.tokens) > 1 or "is" in verb.senses)
        for who, verb in pairwise(pieces[: at + 1])
    )
    return frame.complaint in OF_THINGS and (strange or being)


def _of_else(frame: Frame, known: frozenset[str]) -> bool:
    """Is a noun with its article too hot or cold that is no room and nothing of the home: the water, the tea?"""
    for before, piece in pairwise(frame.clause.pieces):
        if any(sense.startswith("complaint:") for sense in piece.senses):
            return False
        home = piece.named or any(sense.startswith(("place:", "kind:", "trait:temp")) for sense in piece.senses)
        word = piece.kind == "word" and not {"here", "it", "too", "idle", "function"} & set(piece.senses)
        if "det" in before.senses and word and not home and not known & set(piece.text.split()):
            return True
    return False


def _outside(frame: Frame) -> bool:
    """ "It's freezing out": of the weather, where nothing is named that could be turned up."""
    felt = frame.complaint in ("cold", "hot", "bright", "windy", "humid", "dry")
    return felt and bool(frame.senses & {"outdoor", "p_out"}) and not any(group.things for group in frame.groups)


def _attributive(frame: Frame) -> bool:
    """ "A bright idea": what is so is nothing of the home."""
    return any(
        any(sense.startswith("complaint:") for sense in before.senses) and unknown(piece)
        for before, piece in pairwise(frame.clause.pieces)
    )


def relief_for(felt: Sequence[Frame], turn: Turn) -> Plan:
    """A complaint: what it asks for."""
    frame = felt[0]
    spoken = {thing for piece in frame.clause.pieces for thing in piece.things}
    kinds = any(sense.startswith("kind:") for sense in frame.senses)
    rules = turn.spoken.rules
    around, feeling = frozenset(rules.get("felt", ())), frozenset(rules.get("feeling", ()))
    apart = (g for g in frame.groups if g.named and g.role == "" and g.things and not spoken & set(g.things))
    if any(not (around | feeling) & set(group.said.split()) for group in apart) and not kinds:
        return Plan(outcome="ignore")  # "the moon is bright" is not about the moon lamp
    if _of_others(frame, around):
        return Plan(outcome="ignore")
    people = [g for g in frame.groups if any(turn.world.things[t].kind == "person" for t in g.things)]
    frame.groups = tuple(g for g in frame.groups if not any(g is one for one in people))
    if any(g.role == "" for g in people) and not any(g.things for g in frame.groups):
        return Plan(outcome="ask", why="what_to_do")  # "I can't see Bo coming", but "it's so loud I can't hear Bo"
    if "he" in frame.senses or _outside(frame) or _attributive(frame):
        return Plan(outcome="ask", why="what_to_do")  # "he's cold", "it's freezing out", "a bright idea"
    spoken_of = frozenset(sense for piece in turn.pieces for sense in piece.senses)
    if "praised" in spoken_of and not spoken_of & {"too", "but"}:
        return Plan(outcome="ask", why="what_to_do")  # "it's lovely and bright", "I like it dark"
    if frame.elsewhere and not any(group.things for group in frame.groups):
        return Plan(outcome="ask", why="what_to_do")  # "you can't hear a word of the film"
    if "should" in frame.senses:
        return Plan(outcome="ask", why="what_to_do")  # "the hens must be cold": it is guessed, of somebody else
    if "gone" in frame.senses or any(time.role == "over" for time in frame.times):
        return Plan(outcome="ignore")  # it was cold: it is told, not complained of
    if any(group.kinds and group.why is not None and group.role == "" for group in frame.groups):
        return Plan(outcome="ask", why="what_to_do")  # "the stove is too cold" of a home without one
    strange = any(group.strange and group.role == "" for group in frame.groups) or _of_else(frame, around | feeling)
    if frame.complaint in ("hot", "cold") and strange:
        return Plan(outcome="ask", why="what_to_do")  # who is cold may be anywhere
    if len([piece for piece in frame.clause.pieces if not set(piece.senses) & {"filler", "please"}]) == 1:
        return Plan(outcome="ask", why="what_to_do")  # "loud": whatever it is said of
    remedy = REMEDIES.get(frame.complaint or "")
    if remedy is None or _wished(frame):
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
    changes = changes_of(frame, aimed, turn)
    if isinstance(changes, Plan):
        return Plan(outcome="ask", why="what_to_do") if changes.outcome == "refuse" else changes
    if any(turn.world.risk(thing, c.trait, c.value) is not Risk.NONE for thing, c in changes):
        return Plan(outcome="ask", why="what_to_do")
    turn.memory.frame = frame
    return Plan(outcome="act", steps=steps_of(changes))
