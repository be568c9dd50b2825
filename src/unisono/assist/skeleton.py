"""The skeleton of a sentence: its words with what is particular to a home left out, for the linear model.

Knows pieces. A name becomes a mark, a number another: what a sentence wants must not depend on what a lamp is called.
"""

from __future__ import annotations

from collections.abc import Iterable

from unisono.assist.text import Piece

__all__ = ["skeleton"]


def skeleton(pieces: Iterable[Piece]) -> str:
    """ "please unlock the oak door" -> "please unlock the @t"."""
    return " ".join(map(_word, pieces))


def _word(piece: Piece) -> str:
    if piece.kind == "time":
        return "@w"
    if piece.kind == "number":
        return "#"
    if piece.things:
        return "@t"
    if piece.places:
        return "@p"
    if any(sense.startswith("kind:") for sense in piece.senses) and "base" not in piece.forms:
        return "@t"
    return piece.text
