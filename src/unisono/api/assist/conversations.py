"""Conversations: what was said before, what was done, and what waits for a yes - for a few minutes.

Knows memories, orders and drafts as what they are, and the time that is passed in. Nothing of it is on disk; a hub that
starts anew has forgotten what was talked about, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import msgspec

from unisono.assist import Memory, Plan
from unisono.assist.orders import Order

__all__ = ["Conversation", "Conversations", "Pending"]

#: "It" means nothing any more after so long.
FORGET_S = 300.0
#: One that is talking to many people at once; the one that was silent longest gives way.
MAX_CONVERSATIONS = 1_000


class Pending(msgspec.Struct):
    """What waits for a yes until ``until`` (monotonic seconds): orders with the codes of their second word by their
    place in the list, or a scene as a document."""

    plan: Plan
    said: str
    until: float
    orders: list[Order] = []
    codes: dict[int, str] = {}
    scene: dict[str, Any] | None = None


class Conversation(msgspec.Struct):
    """``undo``: the orders that put back what was done last; ``kept``: the scene that was made last. ``turn``: who
    speaks waits until the sentence before is answered."""

    memory: Memory
    used: float
    pending: Pending | None = None
    undo: list[Order] = []
    kept: str | None = None
    lang: str | None = None
    turn: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)

    def waiting(self, now: float) -> Pending | None:
        """What waits for a yes, if it still does."""
        if self.pending is not None and self.pending.until < now:
            self.pending = None
        return self.pending


class Conversations:
    """By who speaks and the name they give the conversation."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Conversation] = OrderedDict()

    def get(self, person: str, token: str, name: str, now: float) -> Conversation:
        """The conversation; a new one where there is none, or it is too long ago. ``now``: monotonic seconds."""
        key = (person, token, name)
        found = self._kept.pop(key, None)
        if found is None or now - found.used > FORGET_S:
            found = Conversation(Memory(), now)
        found.used = now
        self._kept[key] = found
        while len(self._kept) > MAX_CONVERSATIONS:
            self._kept.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._kept)
