"""The scope of words: a sentence becomes clauses, each with what holds of it - negated, asked, supposed, conditional.

Knows the senses that make a scope (`unisono.assist.senses`: how it is said) and where a clause ends. Decides before
anything is matched against things, so that a negation can never be lost behind a name. When in doubt it bars.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from unisono.assist.language import Language
from unisono.assist.text import Clause, Piece

__all__ = ["ACTIONS", "scope"]

#: Senses that say what is to be done.
# fmt: off
ACTIONS = frozenset((
    "on", "off", "open", "close", "lock", "unlock", "start", "stop", "pause", "resume", "play", "next", "previous",
    "mute", "unmute", "up", "down", "brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster",
    "slower", "set", "change", "toggle", "clean", "brew", "dock", "honk", "charge", "record", "arm", "disarm",
    "defrost", "swing", "do", "run_scene", "remind", "notify", "cancel", "undo",
))
# fmt: on
TRIGGERS = ("if", "when", "whenever", "while", "until", "unless", "before", "after")
BREAKS = frozenset(".!;:?。！；：？…\n")


def scope(pieces: Sequence[Piece], language: Language) -> list[Clause]:
    """The clauses of a sentence, in order."""
    del language
    clauses: list[Clause] = []
    for part in _parts(pieces):
        clauses.extend(_clauses(part))
    return [clause for clause in clauses if clause.pieces or clause.times]


def _parts(pieces: Sequence[Piece]) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        parts[-1].append(piece)
        if piece.kind == "mark" and piece.text in BREAKS:
            parts.append([])
    return [part for part in parts if part]


def _clauses(part: Sequence[Piece]) -> list[Clause]:
    times = tuple(piece.tokens[0].time for piece in part if piece.kind == "time" and piece.tokens[0].time)
    words = tuple(piece for piece in part if piece.kind != "time")
    asked = any(piece.text in "?？" for piece in words if piece.kind == "mark")
    words = tuple(piece for piece in words if piece.kind != "mark")
    clause = Clause(pieces=words, times=times, mood="question" if asked else "command")
    for sense, bar in (("not", "negated"), ("suppose", "hypothetical"), ("said", "reported")):
        if any(sense in piece.senses for piece in words):
            clause = msgspec.structs.replace(clause, bar=bar)
    return [clause]
