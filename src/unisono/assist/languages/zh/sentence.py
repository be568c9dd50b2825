"""One Chinese sentence at hand: its text, its words, who speaks where and when, and what was said before.

Knows what several of the readers ask of it. Decides nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from unisono.assist.languages.zh.cut import Piece, cut
from unisono.assist.languages.zh.scope import mask
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.plan import Plan

if TYPE_CHECKING:
    from unisono.assist.dialogue import Memory
    from unisono.assist.world import Speaker, World

__all__ = ["Sentence", "about_us", "has", "is_kind", "is_verb", "senses", "sentence_of", "unknown"]


class Sentence(NamedTuple):
    """``masked``: the text with names, times and amounts written over (`scope.mask`)."""

    text: str
    pieces: list[Piece]
    masked: str
    world: World
    memory: Memory
    speaker: Speaker
    now: dt.datetime

    def barred(self, why: str) -> Plan:
        """Refused where it speaks of this place, else ignored."""
        return Plan(outcome="refuse" if about_us(self.pieces) else "ignore", why=why)


def sentence_of(text: str, world: World, memory: Memory, speaker: Speaker, now: dt.datetime) -> Sentence:
    """A plain text, cut."""
    pieces = _parts_of_cars(cut(text, world), text, world)
    return Sentence(text, pieces, mask(text, pieces), world, memory, speaker, now)


#: Parts of a car that are a house's things as well.
_BACK = ("后门", "尾门", "后盖", "后车门")
_TRUNK, _AIR = frozenset({"trait:trunk"}), frozenset({"kind:climate"})
_BLOWN = ("暖风", "热风", "冷风")


def _parts_of_cars(pieces: list[Piece], text: str, world: World) -> list[Piece]:
    """全顺后门, 问界的暖风: the trunk, and the air conditioning, of the car that is named before it."""
    found: list[Piece] = []
    named = [thing for piece in pieces for thing in piece.things]
    all_cars = bool(named) and all(world.things[thing].kind == "car" for thing in named)
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        before = [other for other in found[-2:] if other.text != "的"][-1:]
        of_car = any(
            "kind:car" in other.senses or (other.things and all(world.things[t].kind == "car" for t in other.things))
            for other in before
        )
        back = next((word for word in _BACK if text.startswith(word, piece.start)), None) if of_car else None
        end = next((i for i in range(at, len(pieces)) if back and pieces[i].end == piece.start + len(back)), None)
        if back is not None and end is not None:
            found.append(Piece(piece.start, pieces[end].end, back, _TRUNK))
            at = end + 1
            continue
        blown = piece.text in _BLOWN and (of_car or all_cars)
        found.append(msgspec.structs.replace(piece, senses=_AIR) if blown else piece)
        at += 1
    return found


def senses(pieces: Iterable[Piece]) -> set[str]:
    """All senses of some words."""
    return {sense for piece in pieces for sense in piece.senses}


def has(piece: Piece, family: str) -> bool:
    """Whether a word has a sense of a family (``kind:``, ``complaint:``)."""
    return any(sense.startswith(family) for sense in piece.senses)


def is_kind(piece: Piece) -> bool:
    """Whether a word says a kind of thing, or a particular sort of it."""
    return has(piece, "kind:") or has(piece, "sort:")


def is_verb(piece: Piece) -> bool:
    return bool(piece.senses & VERBS_SET) and not piece.things


def about_us(pieces: Iterable[Piece]) -> bool:
    """Whether anything of a house is named."""
    return any(piece.named or is_kind(piece) for piece in pieces)


def unknown(pieces: Sequence[Piece]) -> int:
    """How many characters nobody knows."""
    return sum(piece.end - piece.start for piece in pieces if not piece.known)
