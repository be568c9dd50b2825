"""Noun phrases: which words of a clause belong together and say what it is about.

Knows senses only: names, kinds, places, traits and unknown words side by side are one noun phrase; a determiner begins
a new one; what stands before it says whether it is a set, the rest of one, or only where something is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from unisono.assist.text import Piece

__all__ = ["NOMINAL", "Noun", "kinds_in", "nouns", "traits_in", "unknown"]

#: Families of senses that make a word a noun.
NOMINAL = ("kind:", "place:", "trait:")

#: Senses of sets, and words for places that are no names.
SETS = ("all", "both", "other", "rest", "only", "everything", "any", "no")
WHERE = ("here", "there", "indoor", "outdoor", "upstairs", "downstairs")
PRONOUNS = ("it", "them")


class Noun(msgspec.Struct, frozen=True, kw_only=True):
    """``pieces``: its words; ``sets``: senses of `SETS` said of it; ``role``: ``in`` where it stands after a word such
    as in, ``for`` beside the matter, ``except`` left out (``inside``: after such a word too). ``at``, ``end``:
    where in the clause. ``beside``: it stands next to what is meant, not around it; ``theirs``: it is somebody else's;
    ``mine``: it is the speaker's own; ``its``: it is a part of what was named before; ``marked``: told apart by its
    size or age; ``owner``: the person of this home whose it is.
    """

    pieces: tuple[Piece, ...]
    sets: frozenset[str] = frozenset()
    role: Literal["", "in", "for", "except"] = ""
    at: int = 0
    end: int = 0
    joined: bool = False
    definite: bool = False
    indefinite: bool = False
    inside: bool = False
    beside: bool = False
    theirs: bool = False
    mine: bool = False
    its: bool = False
    marked: bool = False
    owner: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)

    @property
    def plural(self) -> bool:
        return any("plural" in piece.forms for piece in self.pieces) or any(
            piece.tokens[-1].text != piece.tokens[-1].key for piece in self.pieces if piece.kind == "word"
        )


def kinds_in(noun: Noun) -> tuple[str, ...]:
    """The kinds of thing that it speaks of."""
    return tuple(sense[5:] for piece in noun.pieces for sense in piece.senses if sense.startswith("kind:"))


def traits_in(noun: Noun) -> tuple[str, ...]:
    """The traits that it speaks of."""
    return tuple(sense[6:] for piece in noun.pieces for sense in piece.senses if sense.startswith("trait:"))


def unknown(piece: Piece) -> bool:
    """A word that neither the language nor the home knows."""
    return (
        piece.kind == "word" and (not piece.senses or bool({"left", "right"} & set(piece.senses))) and not piece.named
    )


def nominal(piece: Piece) -> bool:
    """May it be a part of a noun phrase?"""
    if piece.kind != "word":
        return piece.named
    return piece.named or not piece.senses or any(sense.startswith(NOMINAL) for sense in piece.senses)


def nouns(pieces: Sequence[Piece], taken: frozenset[int] = frozenset()) -> list[Noun]:
    """The noun phrases of a clause. ``taken``: pieces that are spoken for as verbs or values."""
    found: list[Noun] = []
    run: list[Piece] = []
    sets: set[str] = set()
    role: Literal["", "in", "for", "except"] = ""
    begin, excepting, joined, definite, vague = 0, False, False, False, False
    said: set[str] = set()
    owner: tuple[str, ...] = ()

    def close(end: int) -> None:
        nonlocal run, role, sets, joined, definite, vague, said, owner
        if run or sets & {"everything", "both", "rest", "other"}:
            kind = "except" if excepting else role
            found.append(
                Noun(
                    pieces=tuple(run),
                    sets=frozenset(sets),
                    role=kind,
                    at=begin,
                    end=end,
                    joined=joined,
                    definite=definite,
                    indefinite=vague,
                    inside=role == "in",
                    beside="beside" in said and role == "in",
                    theirs="theirs" in said,
                    mine="mine" in said,
                    its="its" in said,
                    marked="marked" in said,
                    owner=owner,
                )
            )
            role, sets, joined, definite, vague, said, owner = "", set(), False, False, False, set(), ()
        run = []

    for at, piece in enumerate(pieces):
        senses = piece.senses
        if at not in taken and "except" in senses:
            close(at)
            excepting = True
            continue
        noun = nominal(piece) and not (run and _apart(run[-1], piece))
        if at not in taken and (noun or _sided(pieces, at)):
            if not run:
                begin = at
            run.append(piece)
            continue
        if piece.text == "'s" and run:
            if _owns(pieces, at):
                owner, run = run[-1].things, []
            continue
        if at in taken:
            close(at)
            role, said = "", set()
            if found and all(noun.role == "except" for noun in found) and not sets:
                excepting = False  # "with the exception of the lamp turn off the lights"
            continue
        if (
            any(sense in PRONOUNS or sense in WHERE for sense in senses)
            and not piece.named
            and not _before_noun(pieces, at)
        ):
            close(at)
            begin = at
            run = [piece]
            close(at + 1)
            continue
        if nominal(piece):
            close(at)
            begin = at
            run = [piece]
            continue
        close(at)
        said.update(senses)
        if any(sense in SETS for sense in senses):
            sets.update(sense for sense in senses if sense in SETS)
            definite = definite or "all" not in senses
        elif "for" in senses and "in" not in senses:
            role = "for"
        elif "in" in senses:
            role = "in"
        elif "and" in senses or piece.text == ",":
            joined = True
        if "det" in senses:
            definite = True
        vague = vague or "indefinite" in senses
    close(len(pieces))
    return found


def _owns(pieces: Sequence[Piece], at: int) -> bool:
    """ "Bo's radio": a person, and what is theirs. "Bo's home" is where Bo is."""
    before, after = pieces[at - 1], pieces[at + 1] if at + 1 < len(pieces) else None
    if "somebody" not in before.senses or after is None:
        return False
    return after.named or any(sense.startswith(("kind:", "place:")) for sense in after.senses)


def _sided(pieces: Sequence[Piece], at: int) -> bool:
    """ "the left one": a side is a name only after a determiner or before a noun."""
    if not {"left", "right"} & set(pieces[at].senses) or pieces[at].named:
        return False
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    return (at > 0 and "det" in pieces[at - 1].senses) or (after is not None and nominal(after) and at > 0)


def _before_noun(pieces: Sequence[Piece], at: int) -> bool:
    """ "this light": a pronoun right before a noun is a determiner."""
    after = pieces[at + 1] if at + 1 < len(pieces) else None
    return "det" in pieces[at].senses and after is not None and nominal(after)


def _apart(before: Piece, piece: Piece) -> bool:
    """Do two nouns side by side stand for two? A name after another thing's name does."""
    if any(sense.startswith("kind:") for sense in piece.senses):
        return False
    return bool(before.things and piece.things and not set(before.things) & set(piece.things))
