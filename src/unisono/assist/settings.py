"""Settings that have a name: "on the sky blue recipe", "in steam mode". What it is called is not read as anything else.

Knows pieces only; whether a thing has such a setting is the resolver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from unisono.assist.text import Piece

__all__ = ["Setting", "setting_in"]

#: What a setting is called by, and its trait.
CALLED = {"trait:recipe": "recipe", "trait:mode": "mode"}
#: Families of words that are settings by themselves.
OWN = ("mode:", "arm:", "level:", "trait:", "kind:", "scene", "place:")
#: Longer names nobody speaks.
LONGEST = 3


class Setting(NamedTuple):
    """``at``: where its words are."""

    trait: str
    name: str
    at: frozenset[int]


def setting_in(pieces: Sequence[Piece]) -> Setting | None:
    """The setting that is named in a clause, between a word such as on or in and what it is: a recipe, a mode."""
    for end, piece in enumerate(pieces):
        trait = next((CALLED[sense] for sense in piece.senses if sense in CALLED), None)
        trait = trait or ("mode" if piece.text == "mode" else None)
        if trait is None or piece.named:
            continue
        begin = end
        while begin and end - begin < LONGEST and _name(pieces[begin - 1]):
            begin -= 1
        led = begin - 1 if begin and "det" in pieces[begin - 1].senses else begin
        if begin < end and led and {"in", "to"} & set(pieces[led - 1].senses):
            name = " ".join(one.text for one in pieces[begin:end])
            return Setting(trait, name, frozenset(range(led - 1, end + 1)))
    return None


def _name(piece: Piece) -> bool:
    """May it be a word of a setting's name?"""
    plain = piece.kind == "word" and not piece.named and not any(s.startswith(OWN) for s in piece.senses)
    families = {sense.partition(":")[0] for sense in piece.senses}
    return plain and families <= {"color", "complaint", "idle", "elsewhere"}
