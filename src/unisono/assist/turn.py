"""What a sentence is understood with: the world, the speaker, the moment, and what was said before."""

from __future__ import annotations

from datetime import datetime

import msgspec

from unisono.assist.dialogue import Memory
from unisono.assist.gazetteer import Where
from unisono.assist.language import Language
from unisono.assist.text import Piece
from unisono.assist.world import Speaker, World

__all__ = ["Turn"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Passed through the layers, never changed; the memory in it takes in what the sentence adds."""

    world: World
    where: Where
    memory: Memory
    speaker: Speaker
    now: datetime
    spoken: Language
    pieces: tuple[Piece, ...] = ()
