"""What was said before in a conversation, as far as the next sentence may lean on it.

Knows the last plan, what it was about, and what was offered when we asked. One `Memory` belongs to one conversation;
whoever keeps conversations keeps it, and forgets it after a while. It holds ids and plans, no text.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.assist.plan import Plan

__all__ = ["Memory"]


class Memory(msgspec.Struct, kw_only=True):
    """``plan``: the last; ``things``, ``places``: what it was about; ``open``: the intent that still lacks something.
    ``wish``: what the last one asked for ("the bedroom too").

    ``undo``: the states before the last act, by thing and trait: what "undo that" goes back to.
    """

    plan: Plan | None = None
    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    trait: str | None = None
    open: Any = None
    wish: Any = None
    undo: dict[str, dict[str, Any]] = {}
