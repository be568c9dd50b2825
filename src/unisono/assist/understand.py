"""The entry: a sentence, the world and what was said before become one checked plan.

Knows the order of the layers (`unisono.assist.text`), nothing of how the text arrived or what becomes of the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from unisono.assist.dialogue import Memory, remember
from unisono.assist.fragments import unspoken
from unisono.assist.gazetteer import Where, rooms_of
from unisono.assist.language import language, language_of
from unisono.assist.letters import MAX_CHARACTERS
from unisono.assist.normaliser import normalise
from unisono.assist.plan import Plan
from unisono.assist.planner import plan_of
from unisono.assist.scope import scope
from unisono.assist.tagger import tag
from unisono.assist.turn import Turn
from unisono.assist.world import Speaker, World

__all__ = ["understand"]

NOBODY = Speaker()


def understand(
    text: str,
    world: World,
    memory: Memory | None = None,
    speaker: Speaker = NOBODY,
    *,
    now: datetime,
    lang: str | None = None,
    timer: Callable[[], float] | None = None,
) -> Plan:
    """The plan for a sentence. Never raises, never acts; whoever calls carries the plan out and keeps ``memory``.

    ``memory``: of this conversation, None for none; it takes in what this sentence adds. ``now``: local time of the
    place. ``lang``: the speaker's, where it is known: see `language_of`. ``timer``: where given, the
    plan says how long it took (this room has no clock).
    """
    began = timer() if timer is not None else 0.0
    plan = _understand(text, world, memory if memory is not None else Memory(), speaker, now, lang)
    return plan if timer is None else msgspec.structs.replace(plan, ms=round((timer() - began) * 1000, 3))


def _understand(text: str, world: World, memory: Memory, speaker: Speaker, now: datetime, lang: str | None) -> Plan:
    if len(text) > MAX_CHARACTERS:
        return Plan(outcome="refuse", why="too_long")
    code = language_of(text, lang, speaker.lang or "en")
    if code.startswith("zh"):
        # Chinese has no blanks, no endings and another order: its folder reads a sentence itself.
        from unisono.assist.languages.zh.reader import read

        return read(text, world, memory, speaker, now)
    spoken = language(code)
    pieces = unspoken(tag(normalise(text, spoken, world.names.words), spoken, world), text)
    clauses = scope(pieces, spoken)
    own = rooms_of((speaker.person,), world) if speaker.person in world.things else ()
    where = Where(here=speaker.place if speaker.place in world.places else None, own=own, before=memory.things)
    turn = Turn(world=world, where=where, memory=memory, speaker=speaker, now=now, spoken=spoken, pieces=tuple(pieces))
    plan = plan_of(clauses, turn)
    remember(memory, plan, world)
    return plan
