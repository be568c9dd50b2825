"""What a complaint asks for: "it is too dark in here".

Only what is harmless is done at once; else it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from unisono.access import Risk
from unisono.assist.change import changes_of
from unisono.assist.frames import Frame
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
#: What is said of the air, which may be a word of a name: of an air purifier.
AIR = frozenset({"dry", "humid", "stuffy"})


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


def relief_for(felt: Sequence[Frame], turn: Turn) -> Plan:
    """A complaint: what it asks for."""
    frame = felt[0]
    spoken = {thing for piece in frame.clause.pieces for thing in piece.things}
    kinds = any(sense.startswith("kind:") for sense in frame.senses)
    partly = any(g.named and g.role == "" and not spoken & set(g.things) for g in frame.groups) and not kinds
    if partly and frame.complaint not in AIR:
        return Plan(outcome="ignore")  # "the moon is bright" is not about the moon lamp
    if any(turn.world.things[t].kind == "person" for g in frame.groups if g.role == "" for t in g.things):
        return Plan(outcome="ask", why="what_to_do")  # "I can't see Bo coming"
    if "should" in frame.senses:
        return Plan(outcome="ask", why="what_to_do")  # "the hens must be cold": it is guessed, of somebody else
    if "gone" in frame.senses or any(time.role == "over" for time in frame.times):
        return Plan(outcome="ignore")  # it was cold: it is told, not complained of
    if any(group.kinds and group.why is not None and group.role == "" for group in frame.groups):
        return Plan(outcome="ask", why="what_to_do")  # "the stove is too cold" of a home without one
    if frame.complaint in ("hot", "cold") and any(group.strange and group.role == "" for group in frame.groups):
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
