"""Fragments: words that name an act in passing and order nothing - "plugged in", "no room", "time_to_full_charge".

An order is a verb in its plain form, or, without one, a thing with what is to become of it. A state, a past, a word of
a program or a number alone is neither, whatever its words could also stand for. Knows frames; no things.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.assist.frames import Frame
from unisono.assist.nouns import nominal
from unisono.assist.scope import ACTIONS
from unisono.assist.targets import HELPED
from unisono.assist.text import Piece

__all__ = ["fragment", "unspoken"]

#: Words that are written as one for programs, wherever they stand.
_IDENTIFIER = re.compile(r"[^\W_]*(?:_+[^\W_]+)+")
#: A whole text without a blank that marks hold together: websocket.close, limit=1, hot-*.new*
_CODE = re.compile(r"(?=\S*[\w)\]][./=?:$|*\\@#&]+\w|[$./:?*<>{}\[\]()\\|@#&]+\w|\w+-\w+-\w)\S+")
#: What is left of a word in an identifier: what it is a noun for.
NOUNS = ("kind:", "place:", "trait:")
#: Numbers so small count or number things: "press 1".
COUNTING = 10
PAIR = 2


def unspoken(pieces: Sequence[Piece], text: str) -> list[Piece]:
    """The pieces, with no verb and no wish in what is a program's word."""
    if _CODE.fullmatch(text.strip()):
        return [msgspec.structs.replace(piece, senses=(), forms=(), scenes=()) for piece in pieces]
    spans = [found.span() for found in _IDENTIFIER.finditer(text)]
    if not spans:
        return list(pieces)
    return [
        msgspec.structs.replace(
            piece, senses=tuple(sense for sense in piece.senses if sense.startswith(NOUNS)), forms=(), scenes=()
        )
        if any(start <= piece.tokens[0].start < end for start, end in spans) and piece.kind == "word"
        else piece
        for piece in pieces
    ]


def fragment(frame: Frame, *, led: bool) -> bool:
    """Does the clause name an act, and order none? ``led``: an order came before, of which it may be the rest."""
    if frame.want or frame.scenes:
        return False
    of_things = any(group.things or group.kinds or group.pronoun or group.whole for group in frame.groups)
    if frame.act is None and (frame.color or str(frame.level).endswith("white")):
        return len(frame.clause.pieces) == 1 and not led  # "orange"
    if frame.act == "value":
        return (not of_things and _loosely(frame)) or _counted(frame)
    if not of_things and any(piece.fuzzy and frame.act in piece.senses for piece in frame.clause.pieces):
        return True  # "relay" is no "replay"
    if frame.act in ("next", "previous") and any(group.role == "in" and group.strange for group in frame.groups):
        return True  # "next of the last page"
    if frame.act is None or "base" in frame.forms:
        return _told(frame) or (frame.act == "brew" and "does" in frame.senses and not (frame.coffee or of_things))
    if frame.passing:
        return True
    if {"third", "past"} & set(frame.forms) or frame.forms == ("plural",):
        if any("base" in piece.forms and set(piece.senses) & ACTIONS for piece in frame.clause.pieces):
            return False  # "turn on the heated rail"
        return not of_things or (frame.act == "set" and not frame.predicates)  # "alarms that changed"
    # "no room", but "no lights"
    return frame.act == "off" and not of_things and "no" in frame.senses


def _loosely(frame: Frame) -> bool:
    """ "At most 50": of what?"""
    return any("limits" in piece.senses for piece in frame.clause.pieces if not piece.named)


def _counted(frame: Frame) -> bool:
    """ "Press 1" numbers it, and "3 maps" counts them; neither is a value."""
    pieces = frame.clause.pieces
    if frame.unit is not None or frame.traits or len(frame.numbers) != 1 or len(pieces) > PAIR:
        return False
    token = frame.numbers[0].tokens[0]
    small = not token.relative and token.value is not None and 0 < token.value < COUNTING
    return small and any(nominal(piece) for piece in pieces if piece.kind == "word")


def _told(frame: Frame) -> bool:
    """ "Clean session is processed", "it has no pause": the verb is a noun of what is told."""
    if not frame.stated:
        return False
    lost = (
        frame.act in HELPED
        and any(group.strange for group in frame.groups)
        and not any(group.things for group in frame.groups)
    )
    none = any(
        "no" in before.senses and frame.act in piece.senses and not piece.named
        for before, piece in pairwise(frame.clause.pieces)
    )
    return lost or none
