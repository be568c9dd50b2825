"""Heeded: the words of an order that nobody understood, though the language knows them.

The last look before anything is done. Each layer takes the words that it has a use for; a word of another matter among
them ("the birthday lamp", "when the film is over") would be dropped in silence and could have changed what is wanted.
Knows senses and where words stand; no things.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from unisono.assist.nouns import Noun, nominal
from unisono.assist.scope import ACTIONS
from unisono.assist.text import Piece

__all__ = ["doing", "off_it", "two_ways", "unheeded"]

#: Senses that carry nothing in an order: politeness, articles, what fills.
# fmt: off
EMPTY = frozenset((
    "please", "filler", "det", "function", "idle", "i", "you", "and", "then", "is", "can", "does",
    "mine", "indefinite", "marked", "single", "want", "yes", "correction",
))
#: Senses that another layer reads by themselves.
READ = frozenset((
    "bit", "much", "more", "less", "max", "min", "o_clock", "to", "by", "too", "enough", "all", "both", "other", "rest",
    "except", "only", "everywhere", "from", "everything", "any", "no", "here", "there", "indoor", "outdoor", "upstairs",
    "downstairs", "left", "right", "it", "them", "also", "same", "again", "meant", "in", "for", "beside", "lighting",
    "theirs", "its", "gives", "so_far", "impatient",
    "overdone", "heats", "home_word", "some_of", "time_word", "loose", "habit",
))
# fmt: on
#: Senses that may stand between an article and its noun: sets, and what another layer asks about.
WITHIN = READ | {"idle", "filler", "det", "function", "marked", "single", "indefinite", "mine", "please"}
FAMILIES = ("level:", "color:", "mode:", "complaint:")
#: What an act reads beside them: of "play the film" the film is a title, of "return to base" the verb is the act's own.
OF_ACT = {
    "brew": frozenset({"coffee"}),
    "arm": frozenset({"arm:home", "arm:away", "arm:night"}),
    **dict.fromkeys(("lock", "close", "off", "stop"), frozenset({"arm:night"})),
    "dock": frozenset({"at_home"}),
    **dict.fromkeys(("play", "pause", "resume", "next", "previous"), frozenset({"elsewhere", "tell"})),
}
#: What a condition reads.
# fmt: off
OF_CONDITION = frozenset((
    "on", "off", "open", "close", "lock", "unlock", "start", "stop", "done", "play", "pause", "charge", "plugged",
    "record", "mute", "arm", "at_home", "away", "detected", "broken", "defrost", "clean", "up", "down", "warmer",
    "cooler", "not", "above", "below", "rises", "falls", "he", "somebody", "was", "already", "set", "do", "change",
    "who", "gone", "p_on", "p_off", "p_up", "p_down", "or", "keep", "arm:home", "arm:away", "arm:night", "happened",
    "tell", "agg:max", "agg:min", "if", "when", "freezes", "vacant",
))
# fmt: on


def unheeded(
    act: str | None, pieces: Sequence[Piece], taken: Collection[int], found: Sequence[Noun], *, condition: bool
) -> tuple[str, ...]:
    """The words, by their texts. ``taken``: pieces that make the act and its values."""
    own = OF_CONDITION if condition else OF_ACT.get(act or "", frozenset())
    if any("want" in piece.senses for piece in pieces):
        own |= {"was"}  # "it would be nice if it was on"
    read = EMPTY | READ | own
    nouns = {id(piece) for noun in found for piece in noun.pieces}
    return tuple(
        piece.text
        for at, piece in enumerate(pieces)
        if not (
            piece.named
            or piece.kind != "word"
            or at in taken
            or id(piece) in nouns
            or ("because" in piece.senses and all({"filler", "please"} & set(p.senses) for p in pieces[:at]))
            or set(piece.senses) & read
            or any(sense.startswith(FAMILIES) for sense in piece.senses)
        )
        or _tells_apart(pieces, at, own)
    )


def _tells_apart(pieces: Sequence[Piece], at: int, own: frozenset[str]) -> bool:
    """Between an article and its noun a word says which one is meant: "the broken lamp", "the set light"."""
    piece = pieces[at]
    if not 0 < at < len(pieces) - 1 or piece.named or piece.kind != "word" or nominal(piece):
        return False
    within = "det" in pieces[at - 1].senses and not pieces[at - 1].named and nominal(pieces[at + 1])
    return within and not set(piece.senses) & (WITHIN | own) and not any(s.startswith("color:") for s in piece.senses)


def two_ways(act: str | None, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """ "On in the bedroom off in the kitchen": what is said beside the act of another place is not dropped."""
    other = {"on": "p_off", "off": "p_on"}.get(act or "")
    return tuple(
        piece.text
        for piece, after in pairwise(pieces)
        if other in piece.senses and not piece.named and not after.named and {"in", "here"} & set(after.senses)
    )


def doing(act: str | None, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """ "Turn everything cooling the lounge off": which of all that is, nobody here can tell."""
    if act == "stop":
        return ()  # "stop everything running"
    return tuple(
        piece.text
        for before, piece in pairwise(pieces)
        if "everything" in before.senses and "ing" in piece.forms and not (before.named or piece.named)
    )


def off_it(pieces: Sequence[Piece], at: int, head: int) -> bool:
    """ "Keep the kids off the tv", "charge it off the solar": whence, and no order to switch off what follows."""
    if not head < at - 1 or at + 1 >= len(pieces) or not {"p_off", "from"} <= set(pieces[at].senses):
        return False
    verb, before, after = pieces[head], pieces[at - 1], pieces[at + 1]
    ordered = "base" in verb.forms and bool(set(verb.senses) & ACTIONS)
    return ordered and (nominal(before) or "it" in before.senses) and ("det" in after.senses or bool(after.things))
