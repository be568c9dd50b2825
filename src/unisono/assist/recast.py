"""Words that their neighbours make other words: "if the lamp was on", a wish; "tell Bo when", a message; a sensor that
"reads over ten" and quotes nobody.

Knows pieces and their order; no clauses, and no things but people.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.assist.text import Piece

__all__ = ["recast"]


def recast(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, those changed that mean something else beside their neighbours."""
    return _notified(_wished(pieces))


def _wished(pieces: Sequence[Piece]) -> list[Piece]:
    """ "It would be great if the lamp was on" is a wish; "if he came" one that nobody here can fulfil."""
    found: list[Piece] = []
    for at, piece in enumerate(pieces):
        if "wished_so" in piece.senses and not piece.named:
            whose = next((p for p in pieces[at + 1 :] if not set(p.senses) & {"filler", "det"} or p.named), None)
            done = whose is not None and set(whose.senses) & {"he", "i", "somebody"}
            found.append(msgspec.structs.replace(piece, senses=("suppose",) if done else ("want",)))
        else:
            found.append(piece)
    return found


def _notified(pieces: Sequence[Piece]) -> list[Piece]:
    """ "Tell Bo when it is done", "if it is wet, message Bo": a message, where nothing is said that Bo is to do."""
    found = list(pieces)
    for at, (verb, who) in enumerate(pairwise(pieces)):
        after = pieces[at + 2] if at + 2 < len(pieces) else None
        ends = after is None or after.kind == "mark" or bool({"when", "whenever", "if", "once"} & set(after.senses))
        if "tells_who" in verb.senses and "somebody" in who.senses and who.things and ends:
            found[at] = msgspec.structs.replace(verb, senses=("notify",), forms=("base",))
        if "reads" in verb.senses and (set(who.senses) & {"above", "below"} or who.kind == "number"):
            found[at] = msgspec.structs.replace(verb, senses=("is",))  # a sensor "reads over ten", and quotes nobody
    return found
