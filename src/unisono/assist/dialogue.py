"""What was said before in a conversation, as far as the next sentence may lean on it.

Knows the last plan, what it was about, and what was offered when we asked. One `Memory` belongs to one conversation;
whoever keeps conversations keeps it, and forgets it after a while. It holds ids and plans, no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from unisono.assist.plan import ACTING, Plan, things_of

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["Memory", "remember"]


class Memory(msgspec.Struct, kw_only=True):
    """``plan``: the last; ``things``, ``places``, ``trait``: what it was about; ``recent``: the last two
    things one after the other, for "both".

    ``frame``: that of the last order, for "and the bedroom too"; ``pending``: that of one that still lacks something,
    ``choices``: the things it may have meant; ``asked``: that of the last question. ``wish``, ``open``: the same of a
    language that reads by itself. ``offer``: what a yes would do. ``undo``: the states before the last act, by thing
    and trait: what "undo that" goes back to.
    """

    plan: Plan | None = None
    things: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    trait: str | None = None
    frame: Any = None
    asked: Any = None
    pending: Any = None
    choices: tuple[str, ...] = ()
    open: Any = None
    wish: Any = None
    offer: Plan | None = None
    undo: dict[str, dict[str, Any]] = {}


def remember(memory: Memory, plan: Plan, world: World) -> None:
    """Take in what a sentence came to."""
    if plan.outcome == "ignore":
        return
    if plan.outcome != "ask":
        memory.offer = None
    if plan.outcome in ACTING:
        things = things_of(plan.steps)
        if things:
            memory.things = things
            memory.recent = (
                things if len(things) > 1 else (*(t for t in memory.recent[-1:] if t not in things), *things)
            )
        memory.undo = {
            thing: {step.trait: world.state(thing).get(step.trait)}
            for step in plan.steps
            if step.trait is not None
            for thing in step.things
        }
        memory.pending, memory.choices = None, ()
    elif plan.query is not None and plan.query.things:
        memory.things = plan.query.things
        memory.pending, memory.choices = None, ()
    memory.plan = plan
